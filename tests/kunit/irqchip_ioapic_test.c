// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_irqchip_ioapic: the I/O APIC, against a recorder of messages.
 */
#include <kunit/test.h>

#include "irqchip/ioapic.h"

static struct ioapic ioapic;
static struct apic_message last;
static unsigned int sent;
static int answer;

static int record(void *to, const struct apic_message *message)
{
	if (to != &last)
		return -1;
	last = *message;
	sent++;
	return answer;
}

static void begin(void)
{
	memset(&last, 0, sizeof(last));
	sent = 0;
	answer = 1;
	ioapic_init(&ioapic, record, &last);
}

static u32 read_register(u8 index)
{
	ioapic_write(&ioapic, 0, index);
	return ioapic_read(&ioapic, 0x10);
}

static void write_register(u8 index, u32 value)
{
	ioapic_write(&ioapic, 0, index);
	ioapic_write(&ioapic, 0x10, value);
}

static void program(unsigned int pin, u32 low, u8 destination)
{
	write_register(0x11 + 2 * pin, (u32)destination << 24);
	write_register(0x10 + 2 * pin, low);
}

static void at_power_on(struct kunit *test)
{
	unsigned int pin;

	begin();
	KUNIT_EXPECT_EQ(test, read_register(1), 0x170011);
	KUNIT_EXPECT_EQ(test, read_register(0), 0);
	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		KUNIT_EXPECT_EQ(test, read_register(0x10 + 2 * pin), 0x10000);
		KUNIT_EXPECT_EQ(test, read_register(0x11 + 2 * pin), 0);
		KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, pin, true), -1);
	}
	KUNIT_EXPECT_EQ_MSG(test, sent, 0, "all are masked");
}

static void registers(struct kunit *test)
{
	begin();
	write_register(0, 0xffffffff);
	KUNIT_EXPECT_EQ_MSG(test, read_register(0), 0x0f000000, "four bits of ID");
	KUNIT_EXPECT_EQ_MSG(test, read_register(2), 0x0f000000, "arbitration follows");
	write_register(1, 0);
	KUNIT_EXPECT_EQ_MSG(test, read_register(1), 0x170011, "version is fixed");
	write_register(0x12, 0xffffffff);
	KUNIT_EXPECT_EQ_MSG(test, read_register(0x12), 0x1afff, "status bits are read-only");
	write_register(0x13, 0xffffffff);
	KUNIT_EXPECT_EQ_MSG(test, read_register(0x13), 0xff000000, "the destination is on top");
	KUNIT_EXPECT_EQ(test, ioapic_read(&ioapic, 0), 0x13);
}

static void nothing_elsewhere(struct kunit *test)
{
	struct ioapic before;
	unsigned int i;

	begin();
	ioapic_write(&ioapic, 0, 0);
	before = ioapic;
	for (i = 0; i < IOAPIC_BYTES; i++) {
		if (i == 0 || i == 0x10)
			continue;
		ioapic_write(&ioapic, i, 0xffffffff);
		KUNIT_EXPECT_EQ_MSG(test, ioapic_read(&ioapic, i), 0, "offset %x", i);
	}
	KUNIT_EXPECT_EQ(test, memcmp(&before, &ioapic, sizeof(before)), 0);
	for (i = 3; i < 0x100; i++) {
		if (i >= 0x10 && i < 0x10 + 2 * IOAPIC_PINS)
			continue;
		write_register(i, 0xfffffeff);
		KUNIT_EXPECT_EQ_MSG(test, read_register(i), 0, "register %x", i);
	}
	before.select = ioapic.select;
	KUNIT_EXPECT_EQ(test, memcmp(&before, &ioapic, sizeof(before)), 0);
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, IOAPIC_PINS, true), -1);
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, ~0U, true), -1);
	KUNIT_EXPECT_EQ(test, ioapic.irr, 0);
	ioapic_end_of_interrupt(&ioapic, 0);
	KUNIT_EXPECT_EQ(test, sent, 0);
}

static void an_edge(struct kunit *test)
{
	begin();
	program(4, 0x0000 | 0x31, 0);
	KUNIT_EXPECT_EQ_MSG(test, sent, 0, "the pin is down");
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 4, true), 1);
	KUNIT_EXPECT_EQ(test, sent, 1);
	KUNIT_EXPECT_EQ(test, last.vector, 0x31);
	KUNIT_EXPECT_EQ(test, last.delivery, APIC_FIXED);
	KUNIT_EXPECT_EQ(test, last.destination, 0);
	KUNIT_EXPECT_FALSE(test, last.level || last.logical);
	KUNIT_EXPECT_EQ_MSG(test, ioapic_set_pin(&ioapic, 4, true), 0, "still up: coalesced");
	KUNIT_EXPECT_EQ(test, sent, 1);
	KUNIT_EXPECT_EQ(test, read_register(0x18) & 0x4000, 0);
	ioapic_end_of_interrupt(&ioapic, 0x31);
	KUNIT_EXPECT_EQ_MSG(test, sent, 1, "an edge requests once");
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 4, false), 1);
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 4, true), 1);
	KUNIT_EXPECT_EQ(test, sent, 2);
	ioapic_set_pin(&ioapic, 4, false);
	answer = 0;
	KUNIT_EXPECT_EQ_MSG(test, ioapic_set_pin(&ioapic, 4, true), 0, "the local APIC had it");

	/* One at a masked pin is lost. */
	ioapic_set_pin(&ioapic, 4, false);
	program(4, 0x10031, 0);
	sent = 0;
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 4, true), -1);
	program(4, 0x31, 0);
	KUNIT_EXPECT_EQ(test, sent, 0);
}

static void a_level(struct kunit *test)
{
	begin();
	program(11, 0xa9ab, 0x82);
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 11, true), 1);
	KUNIT_EXPECT_EQ(test, last.vector, 0xab);
	KUNIT_EXPECT_EQ(test, last.delivery, APIC_LOWEST_PRIORITY);
	KUNIT_EXPECT_EQ(test, last.destination, 0x82);
	KUNIT_EXPECT_TRUE(test, last.level && last.logical);
	KUNIT_EXPECT_EQ_MSG(test, read_register(0x26), 0xe9ab, "remote IRR");
	KUNIT_EXPECT_EQ_MSG(test, ioapic_set_pin(&ioapic, 11, true), -1, "in service");
	write_register(0x26, 0xa9ab);
	KUNIT_EXPECT_EQ_MSG(test, read_register(0x26), 0xe9ab, "a write leaves it");
	ioapic_end_of_interrupt(&ioapic, 0xaa);
	KUNIT_EXPECT_EQ_MSG(test, sent, 1, "another vector's end");
	ioapic_end_of_interrupt(&ioapic, 0xab);
	KUNIT_EXPECT_EQ_MSG(test, sent, 2, "still up: again");
	ioapic_set_pin(&ioapic, 11, false);
	ioapic_end_of_interrupt(&ioapic, 0xab);
	KUNIT_EXPECT_EQ(test, sent, 2);
	KUNIT_EXPECT_EQ(test, read_register(0x26), 0xa9ab);

	/* A level at a masked pin is there when the mask goes. */
	write_register(0x26, 0x1a9ab);
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 11, true), -1);
	KUNIT_EXPECT_EQ(test, sent, 2);
	write_register(0x26, 0xa9ab);
	KUNIT_EXPECT_EQ(test, sent, 3);
	/* Masked in service: the end comes, no new request. */
	write_register(0x26, 0x1a9ab);
	ioapic_end_of_interrupt(&ioapic, 0xab);
	KUNIT_EXPECT_EQ(test, read_register(0x26), 0x1a9ab);
	KUNIT_EXPECT_EQ(test, sent, 3);
	/* Edge and back ends one by force. */
	write_register(0x26, 0xa9ab);
	KUNIT_EXPECT_EQ(test, read_register(0x26), 0xe9ab);
	write_register(0x26, 0x129ab);
	KUNIT_EXPECT_EQ(test, read_register(0x26), 0x129ab);
}

static void nobody_takes_it(struct kunit *test)
{
	begin();
	answer = -1;
	program(5, 0x8040, 7);
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 5, true), -1);
	KUNIT_EXPECT_EQ(test, sent, 1);
	KUNIT_EXPECT_EQ_MSG(test, read_register(0x1a), 0x8040, "no remote IRR");
	answer = 1;
	KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, 5, true), 1);
	KUNIT_EXPECT_EQ(test, read_register(0x1a), 0xc040);
}

static void shared_vectors(struct kunit *test)
{
	begin();
	program(16, 0x8060, 0);
	program(17, 0x8060, 0);
	ioapic_set_pin(&ioapic, 16, true);
	ioapic_set_pin(&ioapic, 17, true);
	KUNIT_EXPECT_EQ(test, sent, 2);
	ioapic_set_pin(&ioapic, 16, false);
	ioapic_end_of_interrupt(&ioapic, 0x60);
	KUNIT_EXPECT_EQ(test, sent, 3);
	KUNIT_EXPECT_EQ(test, read_register(0x30), 0x8060);
	KUNIT_EXPECT_EQ(test, read_register(0x32), 0xc060);
}

static void other_deliveries(struct kunit *test)
{
	static const u8 modes[] = { APIC_SMI, APIC_NMI, APIC_INIT, APIC_EXTINT };
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		program(i, modes[i] << 8, APIC_BROADCAST);
		KUNIT_EXPECT_EQ(test, ioapic_set_pin(&ioapic, i, true), 1);
		KUNIT_EXPECT_EQ(test, last.delivery, modes[i]);
		KUNIT_EXPECT_EQ(test, last.destination, APIC_BROADCAST);
	}
	/* They have no end of interrupt to wait for. */
	program(8, 0x8400, 0);
	ioapic_set_pin(&ioapic, 8, true);
	KUNIT_EXPECT_EQ(test, last.delivery, APIC_NMI);
	KUNIT_EXPECT_EQ(test, read_register(0x20), 0x8400);
}

static void state_from_outside(struct kunit *test)
{
	begin();
	ioapic.id = 0xff;
	ioapic.select = 0xff;
	ioapic.irr = ~0U;
	memset(ioapic.entries, 0xff, sizeof(ioapic.entries));
	ioapic.entries[3] = 0x33;
	ioapic.entries[4] = 0x8044;
	ioapic.entries[5] = 0xc055;
	ioapic.entries[6] = 0x14066;
	ioapic_replaced(&ioapic);
	KUNIT_EXPECT_EQ_MSG(test, sent, 2, "not the one in service");
	KUNIT_EXPECT_EQ(test, ioapic.irr, 0xffffff);
	KUNIT_EXPECT_EQ(test, read_register(0), 0x0f000000);
	KUNIT_EXPECT_EQ(test, read_register(0x10), 0x1ffff);
	KUNIT_EXPECT_EQ(test, read_register(0x11), 0xff000000);
	KUNIT_EXPECT_EQ(test, read_register(0x18), 0xc044);
	KUNIT_EXPECT_EQ_MSG(test, read_register(0x1c), 0x10066, "no edge is in service");
	ioapic_end_of_interrupt(&ioapic, 0x55);
	KUNIT_EXPECT_EQ(test, sent, 3);
}

static unsigned int pins_ended;

/* Like a device whose line goes down with the end of its interrupt. */
static void let_down(void *to, unsigned int pin)
{
	pins_ended |= to == &last ? BIT(pin) : 0;
	ioapic_set_pin(&ioapic, pin, false);
}

static void the_end_is_told(struct kunit *test)
{
	begin();
	pins_ended = 0;
	ioapic.ended = let_down;
	program(11, 0x80ab, 0);
	program(12, 0x80ab, 0);
	program(13, 0x00ab, 0);
	ioapic_set_pin(&ioapic, 11, true);
	ioapic_set_pin(&ioapic, 12, true);
	ioapic_set_pin(&ioapic, 13, true);
	KUNIT_EXPECT_EQ(test, sent, 3);
	ioapic_end_of_interrupt(&ioapic, 0xaa);
	KUNIT_EXPECT_EQ_MSG(test, pins_ended, 0, "another vector's end");
	ioapic_end_of_interrupt(&ioapic, 0xab);
	KUNIT_EXPECT_EQ_MSG(test, pins_ended, BIT(11) | BIT(12), "levels end");
	KUNIT_EXPECT_EQ_MSG(test, sent, 3, "in time: none requests again");
	ioapic_end_of_interrupt(&ioapic, 0xab);
	KUNIT_EXPECT_EQ_MSG(test, pins_ended, BIT(11) | BIT(12), "none was in service");
}

static struct kunit_case ioapic_cases[] = {
	KUNIT_CASE(at_power_on),
	KUNIT_CASE(registers),
	KUNIT_CASE(nothing_elsewhere),
	KUNIT_CASE(an_edge),
	KUNIT_CASE(a_level),
	KUNIT_CASE(nobody_takes_it),
	KUNIT_CASE(shared_vectors),
	KUNIT_CASE(other_deliveries),
	KUNIT_CASE(state_from_outside),
	KUNIT_CASE(the_end_is_told),
	{},
};

static struct kunit_suite ioapic_suite = {
	.name = "ringlet_irqchip_ioapic",
	.test_cases = ioapic_cases,
};
kunit_test_suite(ioapic_suite);
