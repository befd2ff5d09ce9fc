// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_irqchip_lapic: the local APIC, register by register.
 */
#include <kunit/test.h>

#include "irqchip/lapic.h"

static struct lapic lapic;

static u32 get(unsigned int offset)
{
	return lapic_read(&lapic, offset, 0);
}

static void set(unsigned int offset, u32 value)
{
	lapic_write(&lapic, offset, value, 0);
}

/* Enabled, spurious vector 0xff. */
static void begin(void)
{
	lapic_init(&lapic, 0);
	set(0xf0, 0x1ff);
}

static int send(u8 vector, bool level)
{
	const struct apic_message message = { .vector = vector, .level = level };

	return lapic_accept(&lapic, &message);
}

static u32 errors(void)
{
	set(0x280, 0);
	return get(0x280);
}

static void at_power_on(struct kunit *test)
{
	unsigned int offset;

	lapic_init(&lapic, 0);
	KUNIT_EXPECT_EQ(test, lapic.base, 0xfee00900ULL);
	KUNIT_EXPECT_EQ(test, get(0x20), 0);
	KUNIT_EXPECT_EQ(test, get(0x30), 0x50014);
	KUNIT_EXPECT_EQ(test, get(0xe0), 0xffffffff);
	KUNIT_EXPECT_EQ(test, get(0xf0), 0xff);
	for (offset = 0x320; offset <= 0x370; offset += 0x10)
		KUNIT_EXPECT_EQ_MSG(test, get(offset), offset == 0x350 ? 0x700 : 0x10000,
				    "entry %x", offset);
	KUNIT_EXPECT_TRUE_MSG(test, lapic_passes_pic(&lapic), "the PIC works as without it");
	KUNIT_EXPECT_EQ_MSG(test, send(0x40, false), -1, "disabled by software");
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), LAPIC_NO_VECTOR);
	KUNIT_EXPECT_EQ(test, lapic_write(&lapic, 0xb0, 0, 0), LAPIC_NO_VECTOR);
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), LAPIC_NEVER);

	lapic_init(&lapic, 3);
	KUNIT_EXPECT_EQ(test, get(0x20), 0x03000000);
	KUNIT_EXPECT_EQ_MSG(test, lapic.base, 0xfee00800ULL, "not the boot processor");
	KUNIT_EXPECT_FALSE(test, lapic_passes_pic(&lapic));
}

static void what_can_be_written(struct kunit *test)
{
	static const struct {
		u16 offset;
		u32 holds;
	} cases[] = {
		{ 0x20, 0xff000000 },  { 0x30, 0x50014 },     { 0x80, 0xff },
		{ 0xd0, 0xff000000 },  { 0xe0, 0xffffffff },  { 0xf0, 0x3ff },
		{ 0x100, 0 },	       { 0x180, 0 },	      { 0x200, 0 },
		{ 0x310, 0xff000000 }, { 0x320, 0x300ff },    { 0x330, 0x107ff },
		{ 0x340, 0x107ff },    { 0x350, 0x1a7ff },    { 0x360, 0x1a7ff },
		{ 0x370, 0x100ff },    { 0x380, 0xffffffff }, { 0x3e0, 0xb },
	};
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set(cases[i].offset, 0xffffffff);
		KUNIT_EXPECT_EQ_MSG(test, get(cases[i].offset), cases[i].holds, "%x",
				    cases[i].offset);
	}
	KUNIT_EXPECT_EQ_MSG(test, errors(), 0, "all of them are registers");
	lapic.has_deadline = true;
	set(0x320, 0xffffffff);
	KUNIT_EXPECT_EQ(test, get(0x320), 0x700ff);
}

static void no_registers(struct kunit *test)
{
	static const u16 none[] = { 0x0,   0x10,  0x40,	 0x70,	0xc0,  0x290, 0x2f0, 0x3a0,
				    0x3d0, 0x3f0, 0x400, 0x7f0, 0xff0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		begin();
		KUNIT_EXPECT_EQ_MSG(test, get(none[i]), 0, "%x", none[i]);
		KUNIT_EXPECT_EQ_MSG(test, errors(), 0x80, "read %x", none[i]);
		set(none[i], 0xffffffff);
		KUNIT_EXPECT_EQ_MSG(test, errors(), 0x80, "write %x", none[i]);
		KUNIT_EXPECT_EQ_MSG(test, errors(), 0, "told once");
	}
	begin();
	for (i = 0; i < 0x400; i++)
		if (i & 0xf)
			set(i, 0xffffffff);
	KUNIT_EXPECT_EQ_MSG(test, get(0x81) | get(0x80), 0, "between them is nothing");
	set(0x1080, 0x55);
	set(~0xfU, 0x55);
	KUNIT_EXPECT_EQ_MSG(test, get(0x1080) | get(~0xfU) | get(0x80), 0, "behind the page");
}

static void priorities(struct kunit *test)
{
	begin();
	KUNIT_EXPECT_EQ(test, send(0x41, false), 1);
	KUNIT_EXPECT_EQ_MSG(test, send(0x41, false), 0, "coalesced");
	KUNIT_EXPECT_EQ(test, get(0x220), 0x2);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x41);
	KUNIT_EXPECT_EQ(test, get(0x220), 0);
	KUNIT_EXPECT_EQ(test, get(0x120), 0x2);
	KUNIT_EXPECT_EQ(test, get(0xa0), 0x40);
	send(0x4f, false);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR, "the same class");
	send(0x50, false);
	send(0xfe, false);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0xfe);
	KUNIT_EXPECT_EQ(test, lapic_write(&lapic, 0xb0, 0, 0), LAPIC_NO_VECTOR);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x50);
	set(0xb0, 0);
	set(0xb0, 0);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), 0x4f, "both have ended");

	/* The task's priority. */
	set(0x80, 0x4f);
	KUNIT_EXPECT_EQ(test, get(0xa0), 0x4f);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR);
	KUNIT_EXPECT_EQ(test, lapic_cr8(&lapic), 4);
	lapic_set_cr8(&lapic, 3);
	KUNIT_EXPECT_EQ(test, get(0x80), 0x30);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x4f);
	lapic_set_cr8(&lapic, 0xff);
	KUNIT_EXPECT_EQ(test, get(0x80), 0xf0);
	send(0xff, false);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR);
	set(0x80, 0);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), 0xff);
	/* Disabled by software it keeps what it has. */
	set(0xf0, 0xff);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR);
	set(0xf0, 0x1ff);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), 0xff);
}

static void each_vector(struct kunit *test)
{
	unsigned int vector;

	for (vector = 0; vector < 256; vector++) {
		begin();
		if (vector < 16) {
			KUNIT_EXPECT_EQ(test, send(vector, false), -1);
			KUNIT_EXPECT_EQ_MSG(test, errors(), 0x40, "received %x", vector);
			continue;
		}
		KUNIT_EXPECT_EQ(test, send(vector, true), 1);
		KUNIT_EXPECT_EQ(test, get(0x180 + vector / 32 * 16), 1U << vector % 32);
		KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), vector);
		KUNIT_EXPECT_EQ_MSG(test, lapic_write(&lapic, 0xb0, 0, 0), vector, "broadcast");
		send(vector, false);
		lapic_acknowledge(&lapic);
		KUNIT_EXPECT_EQ_MSG(test, lapic_write(&lapic, 0xb0, 0, 0), LAPIC_NO_VECTOR,
				    "an edge now");
	}
}

static bool matches(u8 destination, bool logical)
{
	const struct apic_message message = { .destination = destination, .logical = logical };

	return lapic_matches(&lapic, &message);
}

static void destinations(struct kunit *test)
{
	lapic_init(&lapic, 5);
	KUNIT_EXPECT_TRUE(test, matches(5, false) && matches(0xff, false) && matches(0xff, true));
	KUNIT_EXPECT_FALSE(test, matches(4, false) || matches(5, true));
	set(0xd0, 0x06000000);
	KUNIT_EXPECT_TRUE_MSG(test, matches(2, true) && matches(0x84, true), "flat: a set");
	KUNIT_EXPECT_FALSE(test, matches(0xf9, true) || matches(0, true));
	set(0xe0, 0);
	set(0xd0, 0x36000000);
	KUNIT_EXPECT_EQ(test, get(0xe0), 0x0fffffff);
	KUNIT_EXPECT_TRUE_MSG(test, matches(0x32, true) && matches(0x3c, true), "cluster 3");
	KUNIT_EXPECT_FALSE(test, matches(0x31, true) || matches(0x22, true) || matches(0x30, true));
	set(0xe0, 0x50000000);
	KUNIT_EXPECT_FALSE_MSG(test, matches(0x36, true), "no such model");
	lapic_set_base(&lapic, LAPIC_BASE);
	KUNIT_EXPECT_FALSE_MSG(test, matches(5, false) || matches(0xff, false), "disabled");
}

static void deliveries(struct kunit *test)
{
	static const struct {
		u8 delivery;
		u8 event;
	} cases[] = {
		{ APIC_SMI, LAPIC_EVENT_SMI },	       { APIC_NMI, LAPIC_EVENT_NMI },
		{ APIC_INIT, LAPIC_EVENT_INIT },       { APIC_STARTUP, LAPIC_EVENT_STARTUP },
		{ APIC_EXTINT, LAPIC_EVENT_EXTINT },
	};
	struct apic_message message = { .vector = 0x9a };
	unsigned int i;

	/* Not by vector: also while disabled by software. */
	lapic_init(&lapic, 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		message.delivery = cases[i].delivery;
		KUNIT_EXPECT_EQ(test, lapic_accept(&lapic, &message), 1);
		KUNIT_EXPECT_EQ(test, lapic.events, cases[i].event);
		KUNIT_EXPECT_EQ(test, lapic_accept(&lapic, &message), 0);
		lapic.events = 0;
	}
	KUNIT_EXPECT_EQ(test, lapic.startup_page, 0x9a);
	message.delivery = APIC_RESERVED;
	KUNIT_EXPECT_EQ(test, lapic_accept(&lapic, &message), -1);
	message.delivery = 0xff;
	KUNIT_EXPECT_EQ(test, lapic_accept(&lapic, &message), -1);
	KUNIT_EXPECT_EQ(test, lapic.events, 0);
}

static void interprocessor(struct kunit *test)
{
	begin();
	set(0x300, 0x41);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), 0x41, "to ID 0");
	KUNIT_EXPECT_EQ(test, get(0x300), 0x41);
	set(0x310, 0x01000000);
	set(0x300, 0x51);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), 0x41, "there is no ID 1");
	set(0x300, 0x40061);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), 0x61, "to itself");
	set(0x300, 0x80071);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), 0x71, "to all");
	set(0x300, 0xc0081);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), 0x71, "to the others");
	set(0xd0, 0x01000000);
	set(0x300, 0x991);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), 0x91, "logical, lowest priority");
	KUNIT_EXPECT_EQ(test, errors(), 0);
	set(0x300, 0x4000f);
	KUNIT_EXPECT_EQ_MSG(test, errors(), 0x20, "sent an illegal vector");
	set(0x300, 0x40400);
	KUNIT_EXPECT_EQ(test, lapic.events, LAPIC_EVENT_NMI);
	lapic.events = 0;
	set(0x300, 0x88500);
	KUNIT_EXPECT_EQ_MSG(test, lapic.events, 0, "INIT de-assert");
	set(0x300, 0x80700);
	KUNIT_EXPECT_EQ_MSG(test, lapic.events, 0, "no IPI is ExtINT");
	set(0x300, 0x84500);
	KUNIT_EXPECT_EQ(test, lapic.events, LAPIC_EVENT_INIT);
	lapic_reset(&lapic);
	KUNIT_EXPECT_EQ(test, lapic.events, 0);
	KUNIT_EXPECT_EQ_MSG(test, get(0xf0), 0xff, "INIT disables");
}

static void local_vectors(struct kunit *test)
{
	begin();
	KUNIT_EXPECT_EQ_MSG(test, lapic_signal_local(&lapic, LAPIC_LOCAL_LINT1), -1, "masked");
	set(0x360, 0x400);
	KUNIT_EXPECT_EQ(test, lapic_signal_local(&lapic, LAPIC_LOCAL_LINT1), 1);
	KUNIT_EXPECT_EQ(test, lapic.events, LAPIC_EVENT_NMI);
	set(0x340, 0x45);
	KUNIT_EXPECT_EQ(test, lapic_signal_local(&lapic, LAPIC_LOCAL_PERFORMANCE), 1);
	set(0x330, 0x156);
	KUNIT_EXPECT_EQ_MSG(test, lapic_signal_local(&lapic, LAPIC_LOCAL_THERMAL), -1,
			    "lowest priority is not for these");
	set(0x330, 0x56);
	KUNIT_EXPECT_EQ(test, lapic_signal_local(&lapic, LAPIC_LOCAL_THERMAL), 1);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x56);
	set(0xb0, 0);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x45);

	KUNIT_EXPECT_TRUE(test, lapic_passes_pic(&lapic));
	set(0x350, 0x10700);
	KUNIT_EXPECT_FALSE_MSG(test, lapic_passes_pic(&lapic), "LINT0 is masked");
	set(0x350, 0x8061);
	KUNIT_EXPECT_FALSE_MSG(test, lapic_passes_pic(&lapic), "LINT0 has a vector");
	KUNIT_EXPECT_EQ(test, lapic_signal_local(&lapic, LAPIC_LOCAL_LINT0), 1);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x61);
	KUNIT_EXPECT_EQ(test, lapic_write(&lapic, 0xb0, 0, 0), 0x61);

	/* Errors have an interrupt, which cannot make another. */
	set(0x370, 0x77);
	get(0x0);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), 0x77);
	KUNIT_EXPECT_EQ(test, errors(), 0x80);
	set(0x370, 0x07);
	get(0x0);
	KUNIT_EXPECT_EQ(test, errors(), 0xc0);

	/* Disabled by software all are masked, and stay so. */
	set(0xf0, 0xff);
	KUNIT_EXPECT_EQ(test, get(0x360), 0x10400);
	set(0x360, 0x400);
	KUNIT_EXPECT_EQ(test, get(0x360), 0x10400);
	set(0xf0, 0x1ff);
	KUNIT_EXPECT_EQ(test, get(0x360), 0x10400);
	lapic_set_base(&lapic, LAPIC_BASE);
	KUNIT_EXPECT_TRUE_MSG(test, lapic_passes_pic(&lapic), "nothing is between");
	KUNIT_EXPECT_EQ(test, lapic_signal_local(&lapic, LAPIC_LOCAL_LINT1), -1);
}

static void one_shot(struct kunit *test)
{
	begin();
	set(0x320, 0x44);
	lapic_write(&lapic, 0x380, 1000, 500);
	KUNIT_EXPECT_EQ_MSG(test, lapic_timer_next(&lapic), 2500, "divided by two at reset");
	KUNIT_EXPECT_EQ(test, lapic_read(&lapic, 0x390, 500), 1000);
	KUNIT_EXPECT_EQ(test, lapic_read(&lapic, 0x390, 1500), 500);
	KUNIT_EXPECT_EQ_MSG(test, lapic_read(&lapic, 0x390, 0), 1000, "time that went back");
	KUNIT_EXPECT_EQ(test, lapic_timer_catch_up(&lapic, 2499), 0);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR);
	KUNIT_EXPECT_EQ(test, lapic_read(&lapic, 0x390, 9999), 0);
	KUNIT_EXPECT_EQ(test, lapic_timer_catch_up(&lapic, 9999), 1);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x44);
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), LAPIC_NEVER);
	KUNIT_EXPECT_EQ(test, lapic_timer_catch_up(&lapic, 99999), 0);
	KUNIT_EXPECT_EQ(test, get(0x380), 1000);
	lapic_write(&lapic, 0x380, 1000, 0);
	lapic_write(&lapic, 0x380, 0, 10);
	KUNIT_EXPECT_EQ_MSG(test, lapic_timer_next(&lapic), LAPIC_NEVER, "0 stops it");
	/* Masked it counts all the same. */
	set(0xb0, 0);
	set(0x320, 0x10044);
	lapic_write(&lapic, 0x380, 10, 0);
	KUNIT_EXPECT_EQ(test, lapic_timer_catch_up(&lapic, 20), 1);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR);
}

static void divisors(struct kunit *test)
{
	static const u8 divide[] = { 0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa };
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(divide); i++) {
		set(0x3e0, divide[i]);
		lapic_write(&lapic, 0x380, ~0U, 0);
		KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), 0xffffffffULL << i);
		KUNIT_EXPECT_EQ(test, lapic_read(&lapic, 0x390, 1ULL << i), 0xfffffffe);
	}
	/* A change leaves the count. */
	set(0x3e0, 0xb);
	lapic_write(&lapic, 0x380, 1000, 5000);
	lapic_write(&lapic, 0x3e0, 0x2, 5400);
	KUNIT_EXPECT_EQ(test, lapic_read(&lapic, 0x390, 5400), 600);
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), 5400 + 600 * 8);
}

static void periodic(struct kunit *test)
{
	begin();
	set(0x3e0, 0xb);
	set(0x320, 0x20045);
	lapic_write(&lapic, 0x380, 100, 0);
	KUNIT_EXPECT_EQ(test, lapic_timer_catch_up(&lapic, 100), 1);
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), 200);
	KUNIT_EXPECT_EQ(test, lapic_read(&lapic, 0x390, 250), 50);
	KUNIT_EXPECT_EQ_MSG(test, lapic_timer_catch_up(&lapic, 1250), 11, "late");
	KUNIT_EXPECT_EQ_MSG(test, lapic_timer_next(&lapic), 1300, "and nothing adds up");
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x45);
	KUNIT_EXPECT_EQ_MSG(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR, "one request");
	KUNIT_EXPECT_EQ(test, lapic_timer_catch_up(&lapic, 1200 + 1000000000000000ULL),
			10000000000000ULL);
	/* To one-shot in the middle. */
	lapic_write(&lapic, 0x380, 100, 0);
	lapic_write(&lapic, 0x320, 0x45, 330);
	KUNIT_EXPECT_EQ(test, lapic_read(&lapic, 0x390, 330), 70);
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), 400);
}

static void deadline(struct kunit *test)
{
	begin();
	lapic_set_deadline(&lapic, 77);
	KUNIT_EXPECT_EQ_MSG(test, lapic.deadline, 0, "in another mode");
	set(0x320, 0x40046);
	KUNIT_EXPECT_EQ_MSG(test, get(0x320), 0x46, "not offered");
	lapic.has_deadline = true;
	lapic_write(&lapic, 0x380, 100, 0);
	set(0x320, 0x40046);
	KUNIT_EXPECT_EQ_MSG(test, lapic_timer_next(&lapic), LAPIC_NEVER, "the count is over");
	lapic_write(&lapic, 0x380, 100, 0);
	KUNIT_EXPECT_EQ(test, get(0x380) | get(0x390), 0);
	lapic_set_deadline(&lapic, 5000);
	KUNIT_EXPECT_FALSE(test, lapic_deadline_catch_up(&lapic, 4999));
	KUNIT_EXPECT_TRUE(test, lapic_deadline_catch_up(&lapic, 5000));
	KUNIT_EXPECT_EQ(test, lapic.deadline, 0);
	KUNIT_EXPECT_EQ(test, lapic_acknowledge(&lapic), 0x46);
	KUNIT_EXPECT_FALSE(test, lapic_deadline_catch_up(&lapic, ~0ULL));
	lapic_set_deadline(&lapic, 5000);
	set(0x320, 0x46);
	KUNIT_EXPECT_EQ_MSG(test, lapic.deadline, 0, "the mode disarms it");
	set(0x320, 0x60046);
	lapic_set_deadline(&lapic, 5000);
	lapic_write(&lapic, 0x380, 100, 0);
	KUNIT_EXPECT_EQ_MSG(test, lapic.deadline, 0, "a reserved mode");
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), LAPIC_NEVER);
}

static void state_from_outside(struct kunit *test)
{
	struct lapic copy;

	begin();
	set(0x3e0, 0xb);
	set(0x320, 0x20045);
	lapic_write(&lapic, 0x380, 1000, 0);
	lapic_settle(&lapic, 300);
	copy = lapic;
	copy.timer_armed = false;
	copy.timer_start = 0;
	lapic = copy;
	lapic_replaced(&lapic, 5000);
	KUNIT_EXPECT_EQ_MSG(test, lapic_timer_next(&lapic), 5700, "the rest of the period");

	memset(lapic.registers, 0xff, sizeof(lapic.registers));
	lapic_replaced(&lapic, 0);
	KUNIT_EXPECT_EQ(test, get(0x30), 0x50014);
	KUNIT_EXPECT_EQ(test, get(0x20), 0xff000000);
	KUNIT_EXPECT_EQ(test, get(0x320), 0x300ff);
	KUNIT_EXPECT_EQ(test, get(0x100), 0xffff0000);
	KUNIT_EXPECT_EQ(test, lapic_wanted_vector(&lapic), LAPIC_NO_VECTOR);
	memset(lapic.registers, 0, sizeof(lapic.registers));
	lapic_replaced(&lapic, 0);
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), LAPIC_NEVER);
	/* A one-shot that had expired does so again: there may be no count to go by. */
	begin();
	lapic_write(&lapic, 0x380, 10, 0);
	lapic_timer_catch_up(&lapic, 100);
	lapic_settle(&lapic, 100);
	lapic_replaced(&lapic, 100);
	KUNIT_EXPECT_EQ(test, lapic_timer_next(&lapic), 100);
	/* A deadline belongs to its mode. */
	begin();
	lapic.has_deadline = true;
	set(0x320, 0x40045);
	lapic_set_deadline(&lapic, 1000);
	lapic_replaced(&lapic, 0);
	KUNIT_EXPECT_EQ(test, lapic.deadline, 1000);
	lapic.registers[0x32] = 0x45;
	lapic_replaced(&lapic, 0);
	KUNIT_EXPECT_EQ(test, lapic.deadline, 0);
}

static struct kunit_case lapic_cases[] = {
	KUNIT_CASE(at_power_on),
	KUNIT_CASE(what_can_be_written),
	KUNIT_CASE(no_registers),
	KUNIT_CASE(priorities),
	KUNIT_CASE(each_vector),
	KUNIT_CASE(destinations),
	KUNIT_CASE(deliveries),
	KUNIT_CASE(interprocessor),
	KUNIT_CASE(local_vectors),
	KUNIT_CASE(one_shot),
	KUNIT_CASE(divisors),
	KUNIT_CASE(periodic),
	KUNIT_CASE(deadline),
	KUNIT_CASE(state_from_outside),
	{},
};

static struct kunit_suite lapic_suite = {
	.name = "ringlet_irqchip_lapic",
	.test_cases = lapic_cases,
};
kunit_test_suite(lapic_suite);
