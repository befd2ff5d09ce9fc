// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: a 16-bit stack segment stops the VM with a sentence. IRETQ to one
 * loads SP only and would show the guest 16 bits of a host address above it.
 */
#include "guest.h"

static u8 stack16[4096] __attribute__((aligned(4096)));

void guest_main(void)
{
	u32 esp = 0;

	gdt[FREE(1) / 8] = descriptor((u32)stack16, 0xfff, ACCESS_DATA0, 0);
	check(true, "the guest runs until then");
	/* By RPL 1, which does not trap; then on the fast path and beside it. */
	asm volatile("mov %%esp, %%ebx; mov %1, %%ss; mov $0xabcd0800, %%esp\n\t"
		     "cli; cli; mov $0x80, %%dx; out %%al, %%dx; mov %%esp, %0\n\t"
		     "mov %2, %%ss; mov %%ebx, %%esp"
		     : "=&r"(esp)
		     : "r"(FREE(1) | 1), "r"(KERNEL_DS | 1)
		     : "ebx", "edx", "memory");
	check_equal(esp, 0xabcd0800, "the guest runs on, ESP as it was");
	finish();
}
