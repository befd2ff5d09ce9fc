// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer and port 61h, as a guest sees them.
 */
#include "device_pit.h"
#include "tool_devices.h"

static void program_pit(unsigned int channel, uint8_t mode, uint16_t count)
{
	out(0x43, (uint8_t)(channel << 6 | 0x30 | mode << 1));
	out((uint16_t)(0x40 + channel), (uint8_t)count);
	out((uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

static uint16_t latched(unsigned int channel)
{
	uint8_t low;

	out(0x43, (uint8_t)(channel << 6));
	low = in((uint16_t)(0x40 + channel));
	return (uint16_t)(low | in((uint16_t)(0x40 + channel)) << 8);
}

/* The first moment of a tick. */
static void advance_ticks(uint64_t ticks)
{
	uint64_t tick = (uint64_t)((unsigned __int128)now * PIT_FREQUENCY / 1000000000) + ticks;

	now = (uint64_t)(((unsigned __int128)tick * 1000000000 + PIT_FREQUENCY - 1) /
			 PIT_FREQUENCY);
}

static void test_pit_one_shot(void)
{
	struct pit pit;

	start();
	now = 123456789;
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x61, (uint8_t)((in(0x61) & ~2) | 1));
	program_pit(2, 0, 59659);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	now += 49999000;
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	now += 3000;
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	now += 1000000000;
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	end_test("PIT: 50 ms on channel 2, as kernels calibrate their clock");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x61, 1);
	program_pit(2, 0, 1000);
	advance_ticks(100);
	CHECK_EQUAL(latched(2), 900);
	out(0x61, 0);
	advance_ticks(5000);
	CHECK_EQUAL(latched(2), 900);
	CHECK_EQUAL(in(0x61) & 0x21, 0);
	out(0x61, 1);
	advance_ticks(899);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	advance_ticks(1);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	advance_ticks(1);
	CHECK_EQUAL(latched(2), 0xffff);
	end_test("PIT: the gate stops a count and lets it go on");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x61, 0);
	program_pit(2, 1, 100);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	advance_ticks(1000);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	out(0x61, 1);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	advance_ticks(99);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	advance_ticks(1);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	end_test("PIT: mode 1 starts when the gate rises");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	program_pit(0, 4, 10);
	CHECK(pit_output(&pit, 0));
	advance_ticks(10);
	CHECK(!pit_output(&pit, 0));
	advance_ticks(1);
	CHECK(pit_output(&pit, 0));
	end_test("PIT: mode 4 strobes for one tick");
}

static void test_pit_periodic(void)
{
	struct pit pit;

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	program_pit(0, 2, 11932);
	CHECK(pit_output(&pit, 0));
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 11931);
	advance_ticks(11930);
	CHECK_EQUAL(latched(0), 1);
	CHECK(!pit_output(&pit, 0));
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 11932);
	CHECK(pit_output(&pit, 0));
	end_test("PIT: mode 2 counts down to 1 and reloads");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	program_pit(0, 3, 100);
	CHECK(pit_output(&pit, 0));
	advance_ticks(10);
	CHECK_EQUAL(latched(0), 80);
	advance_ticks(40);
	CHECK(!pit_output(&pit, 0));
	CHECK_EQUAL(latched(0), 100);
	advance_ticks(50);
	CHECK(pit_output(&pit, 0));
	end_test("PIT: mode 3 counts by two and makes a square wave");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x43, 0xe2); /* status of channel 0 */
	CHECK_EQUAL(in(0x40) & 0x3f, 0x36);
	program_pit(0, 2, 0);
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 0xffff);
	out(0x43, 0xc2); /* status and count */
	CHECK_EQUAL(in(0x40), 0xb4);
	CHECK_EQUAL(in(0x40), 0xff);
	CHECK_EQUAL(in(0x40), 0xff);
	end_test("PIT: read-back of status and count; a count of 0 is 65536");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x43, 0x35); /* channel 0, mode 2, BCD */
	out(0x40, 0x00);
	out(0x40, 0x10);
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 0x0999);
	out(0x43, 0x14); /* low byte only */
	out(0x40, 50);
	advance_ticks(20);
	CHECK_EQUAL(in(0x40), 30);
	CHECK_EQUAL(in(0x40), 30);
	out(0x43, 0x00);
	advance_ticks(10);
	CHECK_EQUAL(in(0x40), 30);
	CHECK_EQUAL(in(0x40), 20);
	end_test("PIT: BCD, one-byte access, a latch that holds until it is read");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	now = 0;
	CHECK_EQUAL(in(0x61) & 0x10, 0);
	now = 15086;
	CHECK_EQUAL(in(0x61) & 0x10, 0x10);
	out(0x61, 0xff);
	CHECK_EQUAL(in(0x61) & 0x0f, 0x0f);
	end_test("port 61h: the refresh bit toggles, four bits can be written");
}

int main(void)
{
	test_pit_one_shot();
	test_pit_periodic();
	return end_tests();
}
