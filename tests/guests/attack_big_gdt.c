// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: a GDT of 8192 descriptors that covers the places of ringlet's
 * hidden ones works as long as twelve consecutive ones are unused: the
 * hidden ones move, and every descriptor of the guest loads.
 */
#include "guest.h"

#define ENTRIES 8192
/* Unused descriptors, enough for ringlet's own. */
#define HOLE	     4000
#define HOLE_ENTRIES 16

static u64 big[ENTRIES] __attribute__((aligned(4096)));

static u32 load_all(void)
{
	u32 index, wrong = 0;

	for (index = 1; index < ENTRIES; index++) {
		bool present = big[index] != 0;

		if (index == TSS_SELECTOR / 8)
			continue;
		TRY("mov %w0, %%gs", "r"(index * 8));
		if (present != (fault.vector == NO_FAULT)) {
			if (!wrong)
				comment("first wrong selector", index * 8);
			wrong++;
		}
	}
	asm volatile("mov %0, %%gs" ::"r"(KERNEL_DS));
	return wrong;
}

void guest_main(void)
{
	struct table_register table = { sizeof(big) - 1, (u32)big };
	u32 index;

	for (index = 1; index < ENTRIES; index++)
		big[index] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	memcpy(big, gdt, 8 * sizeof(gdt[0]));
	for (index = HOLE; index < HOLE + HOLE_ENTRIES; index++)
		big[index] = 0;
	asm volatile("lgdt %0" ::"m"(table) : "memory");
	reload_segments();
	check_equal(load_all(), 0, "all 8192 descriptors work; the hidden ones are in the hole");
	/* Move the hole: the guest writes its own table, no LGDT. */
	for (index = 200; index < 200 + HOLE_ENTRIES; index++)
		big[index] = 0;
	for (index = HOLE; index < HOLE + HOLE_ENTRIES; index++)
		big[index] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	check_equal(load_all(), 0, "and again after the hole has moved");
}
