// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: a GDT without room for ringlet's own descriptors stops the VM
 * with a sentence (the tool's exit status is 3), and harms nothing else.
 */
#include "guest.h"

#define ENTRIES 8192
static u64 big[ENTRIES] __attribute__((aligned(4096)));

void guest_main(void)
{
	struct table_register table = { sizeof(big) - 1, (u32)big };
	u32 index;

	for (index = 1; index < ENTRIES; index++)
		big[index] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	memcpy(big, gdt, 8 * sizeof(gdt[0]));
	asm volatile("lgdt %0" ::"m"(table) : "memory");
	reload_segments();
	check(false, "this guest must have been stopped");
}
