// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an access to a device costs, from the guest's instruction to the device and
 * back: devices of a PC that both `ringlet run` and QEMU have, or have no reason to
 * do anything for. Counted with the time-stamp counter (instructions under
 * -icount). Prints "figure NAME VALUE" lines; tests/bench reads them.
 */
#include "guest.h"

#define ROUNDS 2000u
#define HPET   0xfed00000u

/* Ticks a round of @code, without the loop's own two instructions. */
#define MEASURE(name, code, ...)                                   \
	do {                                                       \
		u64 start = rdtsc();                               \
		u32 rounds = ROUNDS;                               \
                                                                   \
		asm volatile("1: " code "\n\tdec %0\n\tjnz 1b"     \
			     : "+r"(rounds)                        \
			     : __VA_ARGS__                         \
			     : "eax", "memory");                   \
		figure(name, (u32)(rdtsc() - start) / ROUNDS - 2); \
	} while (0)

void guest_main(void)
{
	outb(0x70, 0x8f);
	MEASURE("port_read", "inb $0x71, %%al", "r"(0));
	MEASURE("port_write", "outb %%al, $0x80", "r"(0));
	MEASURE("memory_read", "mov (%1), %%eax", "r"(HPET));
	/* Its interrupt status, read-only but for bits that are clear. */
	MEASURE("memory_write", "mov %2, (%1)", "r"(HPET + 0x20), "r"(0));
	MEASURE("chip", "inb $0x21, %%al", "r"(0));
	check(true, "measured");
}
