// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ring 3 gets of the processor: an integer loop and memory copies, counted
 * with the time stamp counter. The same image runs on bare QEMU, to compare.
 */
#include "guest.h"

#define INTEGER_ROUNDS 40000000u
#define COPY_BYTES     (512u << 10)
#define COPY_ROUNDS    60u

static u8 from[COPY_BYTES], to[COPY_BYTES];
static u64 integer_ticks, copy_ticks;

static void user_loops(void)
{
	u64 start = rdtsc();
	u32 rounds = INTEGER_ROUNDS;
	u32 sum = 1;
	unsigned int i;

	asm volatile("1: imul $1103515245, %0\n\tadd $12345, %0\n\tdec %1\n\tjnz 1b"
		     : "+r"(sum), "+r"(rounds));
	integer_ticks = rdtsc() - start;

	/* Bandwidth, not first touch: the first round is not counted. */
	for (i = 0; i <= COPY_ROUNDS; i++) {
		const u8 *source = from;
		u8 *target = to;
		u32 words = COPY_BYTES / 16;

		if (i == 1)
			start = rdtsc();
		asm volatile("1: mov (%0), %%eax\n\tmov %%eax, (%1)\n\t"
			     "mov 4(%0), %%eax\n\tmov %%eax, 4(%1)\n\t"
			     "mov 8(%0), %%eax\n\tmov %%eax, 8(%1)\n\t"
			     "mov 12(%0), %%eax\n\tmov %%eax, 12(%1)\n\t"
			     "add $16, %0\n\tadd $16, %1\n\tdec %2\n\tjnz 1b"
			     : "+r"(source), "+r"(target), "+r"(words)::"eax", "memory");
	}
	copy_ticks = rdtsc() - start;
}

void guest_main(void)
{
	run_user(user_loops);
	check_no_fault("ring 3 came back by itself");
	comment("integer", (u32)integer_ticks);
	comment("copy", (u32)copy_ticks);
}
