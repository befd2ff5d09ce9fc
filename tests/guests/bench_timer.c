// SPDX-License-Identifier: GPL-2.0-only
/*
 * What interrupt controllers and timer in the kernel cost: how long after a
 * tick the guest's handler reads the counter that has started over, asleep in
 * HLT and in a loop, and what an access to one of their ports takes. Prints
 * "figure NAME VALUE" lines; tests/bench reads them.
 */
#include "guest.h"

#define BASE  0x30
#define COUNT 11932u /* 100 Hz */
#define TICKS 100u
#define PORTS 1000u

/* Of the PIT's clock: 1.193182 MHz. */
static volatile u32 ticks, clocks, longest;

static u32 nanoseconds(u32 of_clock)
{
	return of_clock * 838;
}

static void on_tick(struct frame *frame)
{
	u32 late;

	(void)frame;
	outb(0x43, 0);
	late = inb(0x40);
	late = COUNT - (late | (u32)inb(0x40) << 8);
	outb(0x20, 0x20);
	ticks++;
	clocks += late;
	if (late > longest)
		longest = late;
}

static void program(void)
{
	outb(0x20, 0x11);
	outb(0x21, BASE);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0x21, 0xfe);
	ticks = 0;
	clocks = 0;
	longest = 0;
	outb(0x43, 0x34);
	outb(0x40, COUNT & 0xff);
	outb(0x40, COUNT >> 8);
}

static void stop(void)
{
	asm volatile("cli" ::: "memory");
	outb(0x43, 0x30);
}

void guest_main(void)
{
	u64 start;
	u32 i;

	handlers[BASE] = on_tick;
	program();
	while (ticks < TICKS)
		asm volatile("sti; hlt; cli" ::: "memory");
	stop();
	figure("halted", nanoseconds(clocks / ticks));
	figure("halted_longest", nanoseconds(longest));

	program();
	asm volatile("sti" ::: "memory");
	while (ticks < TICKS)
		;
	stop();
	figure("running", nanoseconds(clocks / ticks));
	figure("running_longest", nanoseconds(longest));

	start = rdtsc();
	for (i = 0; i < PORTS; i++)
		inb(0x21);
	figure("port", (u32)(rdtsc() - start) / PORTS);
	check(true, "measured");
}
