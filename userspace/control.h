/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a run ends: whoever has a reason first, device, vCPU, timer or person.
 */
#ifndef RINGLET_TOOL_CONTROL_H
#define RINGLET_TOOL_CONTROL_H

#include <pthread.h>
#include <stdbool.h>

#include "message.h"

enum end_reason {
	END_NONE,
	END_RESET,	/* the guest reset the machine */
	END_OFF,	/* the guest switched the machine off */
	END_PANIC,	/* the guest's kernel panicked */
	END_HALTED,	/* HLT with interrupts off */
	END_DEBUG_EXIT, /* port F4h */
	END_UNTIL,	/* --until matched */
	END_FAIL_ON,	/* --fail-on matched */
	END_TIMEOUT,
	END_QUIT, /* the escape key */
	END_SIGNAL,
	END_TRIPLE_FAULT, /* KVM_EXIT_SHUTDOWN */
	END_STOPPED,	  /* the device cannot go on: a sentence says why */
};

/* Exit statuses of `ringlet run` that do not come from the guest. */
#define STATUS_OK      0
#define STATUS_FAILED  1
#define STATUS_USAGE   2
#define STATUS_STOPPED 3
#define STATUS_PANIC   4
#define STATUS_TIMEOUT 124
#define STATUS_QUIT    130

/**
 * struct run_end - the reason, the exit status, the sentence
 */
struct run_end {
	enum end_reason reason;
	int status;
	struct message sentence;
};

/**
 * struct control - shared by the vCPU's thread and the service loop
 * @lock: the machine's lock: guards @end, and every device
 * @changed: signalled when @end is set; a halted vCPU waits on it
 * @event: eventfd that wakes the service loop; -1 in unit tests
 */
struct control {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct run_end end;
	int event;
};

bool control_init(struct control *control, struct message *error);

/**
 * control_end() - end the run, unless it has ended already; lock held
 */
void control_end(struct control *control, enum end_reason reason, int status, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));

/**
 * control_ended() - whether it has; takes the lock
 */
bool control_ended(struct control *control);

#endif /* RINGLET_TOOL_CONTROL_H */
