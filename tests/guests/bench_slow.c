// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits to the host world, nothing else: with the module's count of the ticks
 * that it spent handling them, this gives the cost of the world switch alone.
 */
#include "guest.h"

#define ROUNDS 40000u

void guest_main(void)
{
	u64 start = rdtsc();
	u32 rounds = ROUNDS;
	u64 ticks;

	asm volatile("1: clts; dec %0; jnz 1b" : "+r"(rounds)::"memory");
	ticks = rdtsc() - start;
	comment("ticks", (u32)ticks);
	comment("rounds", ROUNDS);
	check(true, "measured");
}
