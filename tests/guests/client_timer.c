// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: with the interrupt controllers and the timer in the kernel, each
 * tick that the guest programs arrives once, masked or blocked ones as the
 * hardware would have it, HLT ends by an interrupt, and no port of theirs
 * reaches the client.
 *
 * Its client is tests/selftests/timer.c: OUT to port 0x500 asks it to move a
 * line, bits 0 to 4 which, bit 7 up. It takes no other port.
 */
#include "guest.h"

#define PORT_LINE     0x500
#define LINE_UP	      0x80

#define MASTER	      0x20
#define MASTER_MASK   0x21
#define SLAVE	      0xa0
#define SLAVE_MASK    0xa1
#define ELCR_MASTER   0x4d0
#define ELCR_SLAVE    0x4d1
#define EOI	      0x20
#define BASE	      0x30

#define PIT_0	      0x40
#define PIT_2	      0x42
#define PIT_COMMAND   0x43
#define PORT_61	      0x61

#define COUNT_1000_HZ 1193
#define COUNT_100_HZ  11932

static volatile u32 counts[16];
static volatile bool handler_ends;  /* sends the EOI */
static volatile bool handler_masks; /* as Linux does around its handlers */

static void end_interrupt(u32 irq)
{
	if (irq >= 8)
		outb(SLAVE, EOI);
	outb(MASTER, EOI);
}

static void on_interrupt(struct frame *frame)
{
	u32 irq = frame->vector - BASE;
	u8 mask = 0;

	counts[irq]++;
	if (handler_masks) {
		mask = inb(MASTER_MASK);
		outb(MASTER_MASK, mask | 1);
	}
	if (handler_ends)
		end_interrupt(irq);
	if (handler_masks)
		outb(MASTER_MASK, mask);
}

static void program_pic(u8 icw4)
{
	outb(MASTER, 0x11);
	outb(MASTER_MASK, BASE);
	outb(MASTER_MASK, 4);
	outb(MASTER_MASK, icw4);
	outb(SLAVE, 0x11);
	outb(SLAVE_MASK, BASE + 8);
	outb(SLAVE_MASK, 2);
	outb(SLAVE_MASK, icw4);
	memset((void *)counts, 0, sizeof(counts));
	handler_ends = true;
	handler_masks = false;
}

static void masks(u8 master, u8 slave)
{
	outb(MASTER_MASK, master);
	outb(SLAVE_MASK, slave);
}

static void program_pit(u8 channel, u8 mode, u16 count)
{
	outb(PIT_COMMAND, (u8)(channel << 6 | 0x30 | mode << 1));
	outb((u16)(PIT_0 + channel), (u8)count);
	outb((u16)(PIT_0 + channel), (u8)(count >> 8));
}

static void stop_pit(void)
{
	outb(PIT_COMMAND, 0x30);
}

static u16 read_pit(u8 channel)
{
	u8 low;

	outb(PIT_COMMAND, (u8)(channel << 6));
	low = inb((u16)(PIT_0 + channel));
	return (u16)(low | inb((u16)(PIT_0 + channel)) << 8);
}

static u8 in_service(u16 port)
{
	outb(port, 0x0b);
	return inb(port);
}

static u8 requested(u16 port)
{
	outb(port, 0x0a);
	return inb(port);
}

static void line(u8 irq, bool up)
{
	outb(PORT_LINE, (u8)(irq | (up ? LINE_UP : 0)));
}

static void pulse(u8 irq)
{
	line(irq, true);
	line(irq, false);
}

/* Let what is pending come. */
static void window(void)
{
	asm volatile("sti; nop; nop; cli" ::: "memory");
}

static void halt(void)
{
	asm volatile("sti; hlt; cli" ::: "memory");
}

/*
 * Watch a counter in mode 2 until it has started over so often. Whoever is too
 * slow to see each time has waited longer: it is at least so many periods.
 */
static void wait_periods(u8 channel, unsigned int periods)
{
	u16 last = read_pit(channel), now;

	while (periods) {
		now = read_pit(channel);
		if (now > last)
			periods--;
		last = now;
	}
}

static void test_registers(void)
{
	program_pic(1);
	masks(0xa5, 0x5a);
	check_equal(inb(MASTER_MASK), 0xa5, "the master's mask reads back");
	check_equal(inb(SLAVE_MASK), 0x5a, "the slave's too");
	outb(ELCR_MASTER, 0xff);
	outb(ELCR_SLAVE, 0xff);
	check_equal(inb(ELCR_MASTER), 0xf8, "lines 0 to 2 stay edge-triggered");
	check_equal(inb(ELCR_SLAVE), 0xde, "8 and 13 too");
	outb(ELCR_MASTER, 0);
	outb(ELCR_SLAVE, 0);
	program_pit(2, 2, 1000);
	outb(PORT_61, 1);
	check(read_pit(2) <= 1000, "channel 2 counts from what was written");
	check_equal(inb(PORT_61) & 3, 1, "port 61h shows its gate");
	outb(PORT_61, 2);
	check_equal(inb(PORT_61) & 3, 2, "and the speaker's bit");
	asm volatile("outw %0, %1" ::"a"((u16)0xff0a), "Nd"((u16)MASTER_MASK - 1));
	check_equal(inb(MASTER_MASK), 0xff, "a word goes to two ports");
}

static void test_ticks(u8 mode, const char *name)
{
	program_pic(1);
	masks(0xfe, 0xff);
	program_pit(0, mode, COUNT_1000_HZ);
	/* Several may come for one HLT, if the host was busy. */
	while (counts[0] < 150)
		halt();
	stop_pit();
	check(counts[0] >= 150, name);
}

static void test_one_shot(u8 mode, const char *name)
{
	program_pic(1);
	masks(0xfe, 0xff);
	outb(PORT_61, 1);
	program_pit(2, 2, COUNT_1000_HZ);
	program_pit(0, mode, COUNT_1000_HZ);
	halt();
	check_equal(counts[0], 1, name);
	asm volatile("sti" ::: "memory");
	wait_periods(2, 20);
	asm volatile("cli" ::: "memory");
	check_equal(counts[0], 1, "once");
}

static void test_mask(void)
{
	program_pic(1);
	masks(0xff, 0xff);
	program_pit(0, 2, COUNT_1000_HZ);
	asm volatile("sti" ::: "memory");
	wait_periods(0, 10);
	check_equal(counts[0], 0, "masked: no tick");
	asm volatile("cli" ::: "memory");
	check_equal(requested(MASTER) & 1, 1, "but it is requested");
	masks(0xfe, 0xff);
	window();
	check(counts[0] >= 1, "unmasked: it comes");
	stop_pit();
}

static void test_eoi(void)
{
	program_pic(1);
	masks(0xfe, 0xff);
	program_pit(0, 2, COUNT_1000_HZ);
	handler_ends = false;
	halt();
	check_equal(counts[0], 1, "a tick");
	check_equal(in_service(MASTER), 1, "is in service");
	asm volatile("sti" ::: "memory");
	wait_periods(0, 10);
	asm volatile("cli" ::: "memory");
	check_equal(counts[0], 1, "without EOI no other follows");
	handler_ends = true;
	end_interrupt(0);
	halt();
	check(counts[0] >= 2, "after it they do");
	stop_pit();
}

static void test_cascade(void)
{
	u8 irq;

	program_pic(1);
	masks(0, 0);
	for (irq = 0; irq < 16; irq++) {
		if (irq == 2)
			continue;
		pulse(irq);
		check_equal(counts[irq], 0, "with IF clear it waits");
		window();
		check_equal(counts[irq], 1, "each line has its vector");
	}
	check_equal(in_service(MASTER) | in_service(SLAVE), 0, "nothing stays in service");
	pulse(12);
	pulse(5);
	pulse(9);
	handler_ends = false;
	window();
	check_equal(counts[9], 2, "9 comes before 12 and 5");
	check_equal(counts[12] + counts[5], 2, "which wait");
	check_equal(in_service(MASTER), 4, "the cascade is in service");
	check_equal(in_service(SLAVE), 2, "and pin 1 of the slave");
	handler_ends = true;
	end_interrupt(9);
	window();
	check_equal(counts[12], 2, "then 12");
	check_equal(counts[5], 2, "then 5");
}

static void test_level(void)
{
	program_pic(1);
	outb(ELCR_MASTER, 0x20);
	outb(ELCR_SLAVE, 0x04);
	masks(0xdb, 0xfb);
	line(5, true);
	handler_ends = false;
	window();
	check_equal(counts[5], 1, "a level");
	end_interrupt(5);
	window();
	check_equal(counts[5], 2, "comes again while it is up");
	line(5, false);
	end_interrupt(5);
	window();
	check_equal(counts[5], 2, "and not when it is down");

	/* Too late for the slave: the master has it already. */
	masks(0xdb, 0x7b);
	line(10, true);
	line(10, false);
	window();
	check_equal(counts[15], 1, "a level that is withdrawn is a spurious IRQ 15");
	check_equal(counts[10], 0, "and no IRQ 10");
	check_equal(in_service(SLAVE), 0, "the slave has nothing in service");
	check_equal(in_service(MASTER), 4, "the master has the cascade");
	outb(MASTER, EOI);
	outb(ELCR_MASTER, 0);
	outb(ELCR_SLAVE, 0);
}

static void test_automatic_eoi(void)
{
	program_pic(3);
	masks(0xf6, 0xff);
	handler_ends = false;
	pulse(3);
	window();
	pulse(3);
	window();
	check_equal(counts[3], 2, "automatic EOI: twice without one");
	/* Nothing tells the timer that a handler is still busy: not too fast. */
	program_pit(0, 2, COUNT_100_HZ);
	while (counts[0] < 20)
		halt();
	stop_pit();
	check(counts[0] >= 20, "and ticks");
}

/*
 * Block interrupts for 20 periods, then take them until ten more have come than
 * periods have passed meanwhile, however long the host takes for that: with one
 * tick for the time that was blocked it is never more than a few.
 */
static void test_catch_up(bool mask_in_handler, const char *name)
{
	unsigned int periods;

	program_pic(1);
	handler_masks = mask_in_handler;
	masks(0xfe, 0xff);
	program_pit(0, 2, COUNT_100_HZ);
	wait_periods(0, 20);
	asm volatile("sti" ::: "memory");
	for (periods = 0; periods < 300 && counts[0] < periods + 10; periods++)
		wait_periods(0, 1);
	asm volatile("cli" ::: "memory");
	stop_pit();
	check(counts[0] >= periods + 10, name);
	comment("ticks", counts[0]);
	comment("periods", periods);
}

static void on_slow_tick(struct frame *frame)
{
	(void)frame;
	counts[0]++;
	wait_periods(2, 3);
	end_interrupt(0);
}

/* A handler that takes longer than it is until the next tick. */
static void test_slow_handler(void)
{
	volatile unsigned int work;

	program_pic(1);
	masks(0xfe, 0xff);
	handlers[BASE] = on_slow_tick;
	outb(PORT_61, 1);
	program_pit(2, 2, COUNT_1000_HZ);
	program_pit(0, 2, COUNT_1000_HZ);
	asm volatile("sti" ::: "memory");
	for (work = 0; work < 10000 || counts[0] < 20; work++)
		asm volatile("pause");
	asm volatile("cli" ::: "memory");
	stop_pit();
	handlers[BASE] = on_interrupt;
	check(counts[0] >= 20, "a handler that is too slow leaves time for other work");
	comment("ticks", counts[0]);
}

static void test_wait_for_output(void)
{
	unsigned int rounds;

	for (rounds = 0; rounds < 10; rounds++) {
		outb(PORT_61, 1);
		program_pit(2, 0, COUNT_100_HZ);
		while (!(inb(PORT_61) & 0x20))
			;
	}
	check(rounds == 10, "OUT of channel 2 goes up, as who calibrates a clock waits for");
}

void guest_main(void)
{
	unsigned int irq;

	for (irq = 0; irq < 16; irq++)
		handlers[BASE + irq] = on_interrupt;
	test_registers();
	test_ticks(2, "150 ticks of the rate generator");
	test_ticks(3, "150 ticks of the square wave");
	test_one_shot(0, "terminal count: a tick");
	test_one_shot(4, "strobe: a tick");
	test_mask();
	test_eoi();
	test_cascade();
	test_level();
	test_automatic_eoi();
	test_catch_up(false, "ticks that were blocked for 20 periods come afterwards");
	test_catch_up(true, "also to a handler that masks its line meanwhile");
	test_slow_handler();
	test_wait_for_output();
}
