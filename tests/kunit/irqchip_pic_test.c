// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_irqchip_pic: the pair of 8259A, command word by command word.
 */
#include <kunit/test.h>

#include "irqchip/pic.h"

static struct pic pic;

/* As a PC's firmware and Linux do: bases 0x20 and 0x28, cascade, 8086 mode. */
static void program_with(u8 icw4)
{
	pic_init(&pic);
	pic_write(&pic, 0x20, 0x11);
	pic_write(&pic, 0x21, 0x20);
	pic_write(&pic, 0x21, 0x04);
	pic_write(&pic, 0x21, icw4);
	pic_write(&pic, 0xa0, 0x11);
	pic_write(&pic, 0xa1, 0x28);
	pic_write(&pic, 0xa1, 0x02);
	pic_write(&pic, 0xa1, icw4);
}

static void program(void)
{
	program_with(0x01);
}

static void pulse(unsigned int irq)
{
	pic_set_irq(&pic, irq, true);
	pic_set_irq(&pic, irq, false);
}

static u8 isr_of(u16 port)
{
	pic_write(&pic, port, 0x0b);
	return pic_read(&pic, port);
}

static u8 irr_of(u16 port)
{
	pic_write(&pic, port, 0x0a);
	return pic_read(&pic, port);
}

static void quiet(struct kunit *test, const char *when)
{
	KUNIT_EXPECT_FALSE_MSG(test, pic_wants_interrupt(&pic), "%s: INT is up", when);
}

/* INT is up, and the acknowledge gives this vector. */
static void takes(struct kunit *test, const char *when, u8 vector)
{
	KUNIT_EXPECT_TRUE_MSG(test, pic_wants_interrupt(&pic), "%s: INT is down", when);
	KUNIT_EXPECT_EQ_MSG(test, pic_acknowledge(&pic), vector, "%s", when);
}

static void each_line_has_its_vector(struct kunit *test)
{
	unsigned int irq;

	program();
	for (irq = 0; irq < PIC_PINS; irq++) {
		if (irq == PIC_CASCADE)
			continue;
		quiet(test, "before");
		KUNIT_EXPECT_EQ_MSG(test, pic_set_irq(&pic, irq, true), 1, "irq %u is new", irq);
		KUNIT_EXPECT_EQ_MSG(test, pic_set_irq(&pic, irq, true), 0, "irq %u again", irq);
		takes(test, "raised", 0x20 + irq);
		quiet(test, "in service");
		KUNIT_EXPECT_EQ(test, isr_of(irq < 8 ? 0x20 : 0xa0), BIT(irq & 7));
		KUNIT_EXPECT_EQ(test, isr_of(0x20) & BIT(2), irq < 8 ? 0 : BIT(2));
		if (irq >= 8)
			pic_write(&pic, 0xa0, 0x20);
		pic_write(&pic, 0x20, 0x20);
		KUNIT_EXPECT_EQ(test, isr_of(0x20) | isr_of(0xa0), 0);
		quiet(test, "an edge requests once");
		KUNIT_EXPECT_EQ_MSG(test, pic_set_irq(&pic, irq, false), 0, "irq %u down", irq);
	}
}

static void no_such_line(struct kunit *test)
{
	struct pic before;

	program();
	before = pic;
	KUNIT_EXPECT_EQ(test, pic_set_irq(&pic, 16, true), -1);
	KUNIT_EXPECT_EQ(test, pic_set_irq(&pic, ~0U, true), -1);
	pic_write(&pic, 0x22, 0xff);
	pic_write(&pic, 0x4d2, 0xff);
	KUNIT_EXPECT_EQ(test, pic_read(&pic, 0x1f), 0xff);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &pic, sizeof(pic)), 0);
	KUNIT_EXPECT_TRUE(test, pic_has_port(0x20) && pic_has_port(0xa1) && pic_has_port(0x4d1));
	KUNIT_EXPECT_FALSE(test, pic_has_port(0x22) || pic_has_port(0xa2) || pic_has_port(0x4d2));
}

static void an_edge_is_remembered(struct kunit *test)
{
	program();
	pulse(3);
	KUNIT_EXPECT_EQ(test, irr_of(0x20), BIT(3));
	pulse(3);
	takes(test, "two pulses are one request", 0x23);
	pulse(3);
	quiet(test, "the same line waits for its EOI");
	pic_write(&pic, 0x20, 0x20);
	takes(test, "after the EOI", 0x23);
}

static void priorities(struct kunit *test)
{
	program();
	pulse(5);
	pulse(1);
	pulse(12);
	takes(test, "the lowest number first", 0x21);
	quiet(test, "it blocks what is below it");
	pulse(0);
	takes(test, "what is above it nests", 0x20);
	pic_write(&pic, 0x20, 0x20);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(1), "an EOI ends the highest in service");
	pic_write(&pic, 0x20, 0x20);
	takes(test, "the slave stands at 2", 0x2c);
	pic_write(&pic, 0xa0, 0x20);
	pic_write(&pic, 0x20, 0x20);
	takes(test, "and 5 last", 0x25);
}

static void a_mask_holds_back(struct kunit *test)
{
	program();
	pic_write(&pic, 0x21, 0x08);
	KUNIT_EXPECT_EQ(test, pic_read(&pic, 0x21), 0x08);
	KUNIT_EXPECT_EQ_MSG(test, pic_set_irq(&pic, 3, true), -1, "masked");
	quiet(test, "masked");
	pulse(4);
	takes(test, "another line", 0x24);
	pic_write(&pic, 0x20, 0x20);
	pic_write(&pic, 0x21, 0x00);
	takes(test, "unmasked", 0x23);

	/* The cascade's own mask bit shuts up the whole slave. */
	pic_write(&pic, 0x20, 0x20);
	pic_write(&pic, 0x21, BIT(2));
	pulse(9);
	quiet(test, "cascade masked");
	pic_write(&pic, 0x21, 0x00);
	takes(test, "cascade open", 0x29);
}

static void levels(struct kunit *test)
{
	program();
	pic_write(&pic, 0x4d0, 0xff);
	pic_write(&pic, 0x4d1, 0xff);
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x4d0), 0xf8, "0, 1, 2 stay edges");
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x4d1), 0xde, "8, 13 stay edges");

	pic_set_irq(&pic, 5, true);
	takes(test, "level up", 0x25);
	pic_write(&pic, 0x20, 0x20);
	takes(test, "still up after the EOI", 0x25);
	pic_set_irq(&pic, 5, false);
	pic_write(&pic, 0x20, 0x20);
	quiet(test, "down");

	pic_set_irq(&pic, 11, true);
	takes(test, "a level on the slave", 0x2b);
	pic_write(&pic, 0xa0, 0x20);
	pic_write(&pic, 0x20, 0x20);
	takes(test, "and again", 0x2b);

	/* A pin that is up when it becomes a level requests. */
	program();
	pic_set_irq(&pic, 6, true);
	takes(test, "an edge", 0x26);
	pic_write(&pic, 0x20, 0x20);
	quiet(test, "served");
	pic_write(&pic, 0x4d0, 0x40);
	takes(test, "now a level", 0x26);
}

static void spurious(struct kunit *test)
{
	program();
	pic_write(&pic, 0x4d0, 0x20);
	pic_write(&pic, 0x4d1, 0x04);
	pic_set_irq(&pic, 5, true);
	pic_set_irq(&pic, 5, false);
	quiet(test, "the request is withdrawn");
	KUNIT_EXPECT_EQ_MSG(test, pic_acknowledge(&pic), 0x27, "too late: IRQ 7");
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), 0, "which is not in service");
	pulse(7);
	takes(test, "a true IRQ 7", 0x27);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(7), "is in service");
	pic_write(&pic, 0x20, 0x20);

	pic_set_irq(&pic, 10, true);
	pic_set_irq(&pic, 10, false);
	takes(test, "withdrawn at the slave: IRQ 15", 0x2f);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0xa0), 0, "not in service there");
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(2), "but at the master");
	pic_write(&pic, 0x20, 0x20);
	quiet(test, "ended");
}

static void specific_eoi(struct kunit *test)
{
	program();
	pulse(6);
	takes(test, "6", 0x26);
	pulse(1);
	takes(test, "1 above it", 0x21);
	pic_write(&pic, 0x20, 0x66);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(1), "6 ended by name");
	pic_write(&pic, 0x20, 0x40);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(1), "no operation");
	pic_write(&pic, 0x20, 0x20);
	pic_write(&pic, 0x20, 0x20);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), 0, "nothing left to end");
}

static void busy(struct kunit *test)
{
	unsigned int irq;

	program();
	for (irq = 0; irq < PIC_PINS; irq += 5) {
		KUNIT_EXPECT_FALSE_MSG(test, pic_is_busy(&pic, irq), "irq %u at rest", irq);
		pulse(irq);
		KUNIT_EXPECT_TRUE_MSG(test, pic_is_busy(&pic, irq), "irq %u requested", irq);
		takes(test, "raised", 0x20 + irq);
		KUNIT_EXPECT_TRUE_MSG(test, pic_is_busy(&pic, irq), "irq %u in service", irq);
		if (irq >= 8)
			pic_write(&pic, 0xa0, 0x20);
		pic_write(&pic, 0x20, 0x20);
		KUNIT_EXPECT_FALSE_MSG(test, pic_is_busy(&pic, irq), "irq %u ended", irq);
	}
}

static void rotation(struct kunit *test)
{
	program();
	pulse(3);
	takes(test, "3", 0x23);
	pic_write(&pic, 0x20, 0xa0);
	pulse(3);
	pulse(4);
	takes(test, "3 went last", 0x24);
	pic_write(&pic, 0x20, 0x20);
	takes(test, "3 comes after", 0x23);
	pic_write(&pic, 0x20, 0xe3);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), 0, "rotate on specific EOI ends it");

	program();
	pic_write(&pic, 0x20, 0xc4);
	pulse(0);
	pulse(5);
	takes(test, "4 is lowest, 5 highest", 0x25);
	quiet(test, "0 is below it");
}

static void automatic_eoi(struct kunit *test)
{
	program_with(0x03);
	pulse(3);
	takes(test, "3", 0x23);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), 0, "ended at once");
	KUNIT_EXPECT_FALSE(test, pic_is_busy(&pic, 3));
	pulse(3);
	takes(test, "3 again", 0x23);
	pulse(9);
	takes(test, "9", 0x29);
	KUNIT_EXPECT_EQ(test, isr_of(0xa0), 0);

	pic_write(&pic, 0x20, 0x80);
	pulse(3);
	takes(test, "rotates", 0x23);
	pulse(3);
	pulse(4);
	takes(test, "3 went last", 0x24);
	takes(test, "3", 0x23);
	pic_write(&pic, 0x20, 0x00);
	pulse(5);
	takes(test, "no more", 0x25);
	pulse(4);
	pulse(5);
	takes(test, "4 is highest since 3 was served", 0x24);
}

/* An interrupt taken between ICW1 and ICW4, before the automatic EOI is on. */
static void automatic_eoi_comes_late(struct kunit *test)
{
	program();
	pic_write(&pic, 0x20, 0x11);
	pic_write(&pic, 0x21, 0x20);
	pic_write(&pic, 0x21, 0x04);
	pulse(9);
	takes(test, "9", 0x29);
	pic_write(&pic, 0x21, 0x13);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(2), "ICW4 ends nothing");
	pic_write(&pic, 0xa0, 0x20);
	pulse(9);
	takes(test, "the special fully nested master lets the slave in", 0x29);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), 0, "and the cascade is ended");
}

static void special_mask(struct kunit *test)
{
	program();
	pulse(3);
	takes(test, "3", 0x23);
	pulse(6);
	quiet(test, "3 blocks 6");
	pic_write(&pic, 0x21, BIT(3));
	quiet(test, "masked or not");
	pic_write(&pic, 0x20, 0x68);
	takes(test, "but not in special mask mode", 0x26);
	pic_write(&pic, 0x20, 0x20);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(3), "an EOI spares what is masked");
	pic_write(&pic, 0x20, 0x20);
	KUNIT_EXPECT_EQ(test, isr_of(0x20), BIT(3));
	pic_write(&pic, 0x20, 0x48);
	pulse(6);
	quiet(test, "off again");
	pic_write(&pic, 0x20, 0x63);
	takes(test, "3 ended by name", 0x26);
}

static void special_fully_nested(struct kunit *test)
{
	program();
	pulse(12);
	takes(test, "12", 0x2c);
	pulse(9);
	quiet(test, "the slave's higher one waits for the master");

	program_with(0x11);
	pulse(12);
	takes(test, "12", 0x2c);
	pulse(9);
	takes(test, "9 nests", 0x29);
	pulse(14);
	quiet(test, "14 is below both");
}

static void polling(struct kunit *test)
{
	program();
	pic_write(&pic, 0x20, 0x0c);
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x20) & 0x80, 0, "nothing");
	pulse(4);
	pic_write(&pic, 0x20, 0x0c);
	KUNIT_EXPECT_EQ(test, pic_read(&pic, 0x20), 0x84);
	quiet(test, "the read was the acknowledge");
	KUNIT_EXPECT_EQ(test, isr_of(0x20), BIT(4));
	pic_write(&pic, 0x20, 0x20);

	pulse(8);
	pic_write(&pic, 0xa0, 0x0c);
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0xa0), 0x80, "the slave's pin 0");
	quiet(test, "the master has nothing left to say");
	pic_write(&pic, 0xa0, 0x20);
	KUNIT_EXPECT_EQ(test, pic_read(&pic, 0xa1), 0);
}

static void initialization(struct kunit *test)
{
	program();
	pulse(3);
	takes(test, "3", 0x23);
	pulse(4);
	pic_write(&pic, 0x21, 0xf0);
	pic_write(&pic, 0x20, 0x68);
	pic_write(&pic, 0x20, 0x11);
	quiet(test, "the edge is forgotten");
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x20), 0, "reads the IRR");
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x21), 0, "no mask");
	KUNIT_EXPECT_FALSE(test, pic_is_busy(&pic, 3) || pic_is_busy(&pic, 4));
	pic_write(&pic, 0x21, 0x47);
	pic_write(&pic, 0x21, 0x04);
	pic_write(&pic, 0x21, 0x01);
	pic_write(&pic, 0x21, 0x02);
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x21), 0x02, "then it is the mask");
	pulse(3);
	takes(test, "ICW2 has five bits", 0x43);

	/* Without ICW4, and alone. */
	program_with(0x03);
	pic_write(&pic, 0x20, 0x10);
	pic_write(&pic, 0x21, 0x50);
	pic_write(&pic, 0x21, 0x04);
	pic_write(&pic, 0x21, 0x40);
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x21), 0x40, "no ICW4");
	pulse(0);
	takes(test, "0", 0x50);
	KUNIT_EXPECT_EQ_MSG(test, isr_of(0x20), BIT(0), "no automatic EOI");
	pic_write(&pic, 0x20, 0x13);
	pic_write(&pic, 0x21, 0x60);
	pic_write(&pic, 0x21, 0x01);
	pic_write(&pic, 0x21, 0x20);
	KUNIT_EXPECT_EQ_MSG(test, pic_read(&pic, 0x21), 0x20, "alone: no ICW3");
}

static u16 all_ended;

/* Like a device whose line goes down with the end of its interrupt. */
static void let_down(void *to, u16 pins)
{
	struct pic *of = to;
	unsigned int irq;

	all_ended |= pins;
	for (irq = 0; irq < PIC_PINS; irq++)
		if (pins & BIT(irq))
			pic_set_irq(of, irq, false);
}

static void ended_are(struct kunit *test, const char *when, u16 pins)
{
	KUNIT_EXPECT_EQ_MSG(test, all_ended, pins, "%s: ended", when);
	all_ended = 0;
}

static void the_end_is_told(struct kunit *test)
{
	program();
	pic.ended = let_down;
	pic.to = &pic;
	all_ended = 0;
	pic_write(&pic, 0x4d0, 0x20);
	pic_write(&pic, 0x4d1, 0x08);

	pic_set_irq(&pic, 5, true);
	takes(test, "a level", 0x25);
	ended_are(test, "in service", 0);
	pic_write(&pic, 0x20, 0x20);
	ended_are(test, "its EOI", BIT(5));
	quiet(test, "its device let it down");
	pic_write(&pic, 0x20, 0x20);
	pic_write(&pic, 0x20, 0x65);
	ended_are(test, "EOIs of nothing", 0);

	pic_set_irq(&pic, 11, true);
	takes(test, "a level of the slave", 0x2b);
	pic_write(&pic, 0xa0, 0x63);
	ended_are(test, "its specific EOI", BIT(11));
	pic_write(&pic, 0x20, 0x62);
	ended_are(test, "that of the cascade", BIT(PIC_CASCADE));
	quiet(test, "the slave asks for nothing any more");

	pulse(3);
	takes(test, "an edge", 0x23);
	pulse(4);
	pic_write(&pic, 0x20, 0x11);
	ended_are(test, "what ICW1 forgets", BIT(3) | BIT(4));

	program_with(0x03);
	pic.ended = let_down;
	pic.to = &pic;
	pic_set_irq(&pic, 6, true);
	takes(test, "automatic EOI", 0x26);
	ended_are(test, "at once", BIT(6));
}

static struct kunit_case pic_cases[] = {
	KUNIT_CASE(each_line_has_its_vector),
	KUNIT_CASE(no_such_line),
	KUNIT_CASE(an_edge_is_remembered),
	KUNIT_CASE(priorities),
	KUNIT_CASE(a_mask_holds_back),
	KUNIT_CASE(levels),
	KUNIT_CASE(spurious),
	KUNIT_CASE(specific_eoi),
	KUNIT_CASE(busy),
	KUNIT_CASE(rotation),
	KUNIT_CASE(automatic_eoi),
	KUNIT_CASE(automatic_eoi_comes_late),
	KUNIT_CASE(special_mask),
	KUNIT_CASE(special_fully_nested),
	KUNIT_CASE(polling),
	KUNIT_CASE(initialization),
	KUNIT_CASE(the_end_is_told),
	{},
};

static struct kunit_suite pic_suite = {
	.name = "ringlet_irqchip_pic",
	.test_cases = pic_cases,
};
kunit_test_suite(pic_suite);
