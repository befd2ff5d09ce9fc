// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel with a timer interrupt that runs on hardware and hangs in ring 1: it
 * protects a few instructions by PUSHF, CLI, POPF, as kernels do. POPF does not
 * trap and does not change IF, so interrupts stay off for good.
 */
#include "guest.h"

#define TIMER_VECTOR 0x20
#define TICKS	     3

static volatile u32 ticks;

static void tick(struct frame *frame)
{
	(void)frame;
	ticks++;
	outb(0x20, 0x20);
}

/* The PIC's interrupts from 20h on, the timer alone, 100 times a second. */
static void start_timer(void)
{
	handlers[TIMER_VECTOR] = tick;
	outb(0x20, 0x11);
	outb(0x21, TIMER_VECTOR);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0x21, 0xfe);
	outb(0x43, 0x34);
	outb(0x40, 0x9c);
	outb(0x40, 0x2e);
}

static void wait_for_ticks(void)
{
	u32 start = ticks;

	while (ticks - start < TICKS)
		;
}

void guest_main(void)
{
	start_timer();
	asm volatile("sti");
	wait_for_ticks();
	check(true, "the timer ticks after STI");

	asm volatile("pushf; cli; incl %0; popf" : "+m"(ticks)::"memory", "cc");
	print("# flags restored by POPF; waiting for the timer\n");
	wait_for_ticks();
	check(true, "the timer ticks after POPF");
	asm volatile("cli");
}
