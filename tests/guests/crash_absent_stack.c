// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: a fault of ring 0 on an absent stack, with a double fault's gate
 * that needs that stack too, is a triple fault, and that ends the run as a
 * shutdown.
 */
#include "paging.h"

static u32 directory[1024] __attribute__((aligned(4096)));

void guest_main(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PW;
	write_cr4(CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG);
	check(true, "the guest runs until then");
	asm volatile("mov %0, %%esp; push %%eax" ::"r"(WINDOW + 0x100));
	check(false, "the guest runs on");
}
