/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest wrote to its client until it halted, to be compared with a list. */
#ifndef EXITS_H
#define EXITS_H

#include "selftest.h"

#define EXITS_MOST 64

/* A write that ended KVM_RUN: of @count elements of @bytes, the first is @value. */
struct exit_seen {
	bool port;
	uint64_t address;
	unsigned int bytes;
	unsigned int count;
	uint64_t value;
};

struct exits {
	unsigned int count;
	struct exit_seen seen[EXITS_MOST];
};

/* Lets @machine run to its next HLT; reads are answered with 0. False: it stopped. */
bool exits_run(struct machine *machine, struct exits *exits);

/* One result: these exits, in this order. */
void exits_check(const struct exits *exits, const struct exit_seen *wanted, unsigned int count,
		 const char *name);
#define EXITS_CHECK(exits, name, ...)                                   \
	do {                                                            \
		const struct exit_seen wanted_[] = { __VA_ARGS__ };     \
                                                                        \
		exits_check(exits, wanted_, ARRAY_SIZE(wanted_), name); \
	} while (0)

#endif /* EXITS_H */
