// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one exit costs, by kind: loops of one instruction, counted with the time
 * stamp counter (instructions under -icount). Prints "figure NAME VALUE" lines;
 * tests/bench reads them.
 */
#include "guest.h"

#define ROUNDS 20000u

/* Ticks a round of @code, without the loop's own three instructions. */
#define MEASURE(name, code)                                           \
	do {                                                          \
		u64 start = rdtsc();                                  \
		u32 rounds = ROUNDS;                                  \
                                                                      \
		asm volatile("1: " code "\n\tdec %0\n\tjnz 1b"        \
			     : "+r"(rounds)::"eax", "edx", "memory"); \
		figure(name, (u32)(rdtsc() - start) / ROUNDS - 2);    \
	} while (0)

void guest_main(void)
{
	MEASURE("nothing", "nop");
	MEASURE("cli", "cli");
	MEASURE("sti", "sti");
	MEASURE("cli_sti", "cli; sti");
	asm volatile("cli");
	MEASURE("mov_from_cr0", "mov %%cr0, %%eax");
	MEASURE("clts", "clts");
	check(true, "measured");
}
