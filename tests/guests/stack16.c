// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: a guest kernel can run on a 16-bit stack segment. IRETQ to one
 * loads SP only and would show the guest 16 bits of a host address above it, so
 * no ring of the guest world can hold that state: it is interpreted.
 */
#include "guest.h"

static u8 stack16[4096] __attribute__((aligned(4096)));
static u8 stack64k[0x10000] __attribute__((aligned(4096)));

void guest_main(void)
{
	u32 esp = 0;

	gdt[FREE(2) / 8] = descriptor((u32)stack64k, 0xffff, ACCESS_DATA0, 0);
	gdt[FREE(1) / 8] = descriptor((u32)stack16, 0xfff, ACCESS_DATA0, 0);
	check(true, "the guest runs until then");
	asm volatile("mov %%esp, %%ebx; mov %1, %%ss; mov $0xabcd0800, %%esp\n\t"
		     "cli; cli; mov $0x80, %%dx; out %%al, %%dx; mov %%esp, %0\n\t"
		     "mov %2, %%ss; mov %%ebx, %%esp"
		     : "=&r"(esp)
		     : "r"(FREE(1)), "r"(KERNEL_DS)
		     : "ebx", "edx", "memory");
	check_equal(esp, 0xabcd0800, "the guest runs on, ESP as it was");
	asm volatile("mov %%esp, %%ebx; mov %1, %%ss; mov $0xabcd0002, %%esp\n\t"
		     "pushw $0x1234; pushw $0x5678; mov %%esp, %0; popw %%cx\n\t"
		     "mov %2, %%ss; mov %%ebx, %%esp"
		     : "=&r"(esp)
		     : "r"(FREE(2)), "r"(KERNEL_DS)
		     : "ebx", "ecx", "memory");
	check_equal(esp, 0xabcdfffe, "SP wraps within it");
	check_equal(*(u16 *)(stack64k + 0xfffe), 0x5678, "and so does what is pushed");
	finish();
}
