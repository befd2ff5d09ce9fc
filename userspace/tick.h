/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A timer interrupt for guests that need no more than one, and a watch over
 * whether they take it: a guest that lost its IF by POPF never does.
 */
#ifndef RINGLET_TOOL_TICK_H
#define RINGLET_TOOL_TICK_H

#include "guest_memory.h"
#include "vm.h"

/* The vector at which kernels have the timer once they have set up a PC's PIC. */
#define TICK_VECTOR 0x20u

/**
 * struct tick - guarded by the machine's lock
 * @rate: interrupts a second; 0: there is no timer
 * @due: one waits for the guest
 * @waiting: timer periods since the guest last took one, while its IF was 0
 * @lowest, @highest: where the guest was seen meanwhile
 * @explained: the pattern was seen, and said
 */
struct tick {
	unsigned int rate;
	bool due;
	unsigned int waiting;
	uint64_t lowest, highest;
	bool explained;
};

/**
 * tick_before_run() - give the guest the interrupt that is due, or ask for the
 * moment when it takes one
 */
void tick_before_run(struct tick *tick, const struct vm *vm);

/**
 * tick_watch() - look at a guest that was interrupted in KVM_RUN
 *
 * Return: true once, with @sentence, when the guest has interrupts off, stays at
 * one place, and its timer waits.
 */
bool tick_watch(struct tick *tick, const struct vm *vm, const struct guest_memory *memory,
		struct message *sentence);

#endif /* RINGLET_TOOL_TICK_H */
