/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test once more, by the interpreter's fast core: what other machines are
 * compared with then is what both of our engines say.
 */
#ifndef REPLAY_FAST_H
#define REPLAY_FAST_H

#include "machine.h"

/**
 * struct fast_counts - who executed the instructions of tests
 * @fast: the core
 * @slow: the emulator, for the core
 */
struct fast_counts {
	u64 fast, slow;
};

/**
 * fast_run() - execute a test
 * @machine: at the test's first instruction; without writes it is as
 *	machine_step() left it
 * @ended: whether what was delivered leads out of the test
 * @opaque: for @ended
 *
 * Return: false if that does not come soon.
 */
bool fast_run(struct machine *machine, bool (*ended)(const void *opaque), const void *opaque);

const struct fast_counts *fast_counts(void);

/* In words, how two states of the CPU differ; NULL: not at all. */
const char *fast_difference(const struct virtual_cpu *a, const struct virtual_cpu *b);

#endif /* REPLAY_FAST_H */
