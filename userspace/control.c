// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a run; called from both threads.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "control.h"

bool control_init(struct control *control, struct message *error)
{
	memset(control, 0, sizeof(*control));
	pthread_mutex_init(&control->lock, NULL);
	pthread_cond_init(&control->changed, NULL);
	control->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (control->event < 0)
		return refuse(error, "cannot make an eventfd: %s", strerror(errno));
	return true;
}

void control_end(struct control *control, enum end_reason reason, int status, const char *format,
		 ...)
{
	const uint64_t one = 1;
	va_list arguments;

	if (control->end.reason != END_NONE)
		return;
	control->end.reason = reason;
	control->end.status = status;
	va_start(arguments, format);
	vsnprintf(control->end.sentence.text, sizeof(control->end.sentence.text), format,
		  arguments);
	va_end(arguments);
	pthread_cond_broadcast(&control->changed);
	/* The counter cannot overflow: this happens once. */
	if (control->event >= 0 && write(control->event, &one, sizeof(one)) < 0)
		perror("ringlet: eventfd");
}

bool control_ended(struct control *control)
{
	bool ended;

	pthread_mutex_lock(&control->lock);
	ended = control->end.reason != END_NONE;
	pthread_mutex_unlock(&control->lock);
	return ended;
}
