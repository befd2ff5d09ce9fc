// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_irqchip_pit: the 8254 and port 61h. Time is what a test says.
 */
#include <kunit/test.h>

#include "irqchip/pit.h"

#define SECOND 1000000000ULL

static struct pit pit;

/* The first nanosecond, from @start on, at which so many ticks are over. */
static u64 after(u64 start, u64 ticks)
{
	return start + (ticks * SECOND + PIT_FREQUENCY - 1) / PIT_FREQUENCY;
}

/* Control word for low and high byte; then the count. */
static void program(unsigned int channel, unsigned int mode, u16 count, u64 now)
{
	pit_write(&pit, 0x43, channel << 6 | 0x30 | mode << 1, now);
	pit_write(&pit, 0x40 + channel, count & 0xff, now);
	pit_write(&pit, 0x40 + channel, count >> 8, now);
}

static u16 read_both(unsigned int channel, u64 now)
{
	u8 low = pit_read(&pit, 0x40 + channel, now);

	return low | pit_read(&pit, 0x40 + channel, now) << 8;
}

static u8 status_of(unsigned int channel, u64 now)
{
	pit_write(&pit, 0x43, 0xe0 | 2 << channel, now);
	return pit_read(&pit, 0x40 + channel, now);
}

static void at_power_on(struct kunit *test)
{
	pit_init(&pit);
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, 5 * SECOND), PIT_NEVER);
	KUNIT_EXPECT_EQ(test, pit_ticks(&pit, 0, 5 * SECOND), 0);
	KUNIT_EXPECT_EQ(test, pit_period(&pit), 0);
	/* A count without a mode starts nothing. */
	pit_write(&pit, 0x40, 9, 0);
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, 0), PIT_NEVER);
	KUNIT_EXPECT_EQ_MSG(test, pit_read(&pit, 0x43, 0), 0, "the command cannot be read");
	KUNIT_EXPECT_EQ_MSG(test, pit_read(&pit, 0x44, 0), 0xff, "no such port");
	KUNIT_EXPECT_TRUE(test, pit_has_port(0x40) && pit_has_port(0x43));
	KUNIT_EXPECT_FALSE(test, pit_has_port(0x3f) || pit_has_port(0x44) || pit_has_port(0x61));
}

static void check_periodic(struct kunit *test, unsigned int mode)
{
	const u64 start = 7 * SECOND + 123;
	u64 now = start, ticks = 0, next;
	unsigned int i;

	pit_init(&pit);
	program(0, mode, 11932, start);
	for (i = 1; i <= 1000; i++) {
		next = pit_next_tick(&pit, now);
		KUNIT_EXPECT_EQ_MSG(test, next, after(start, 11932ULL * i), "tick %u", i);
		KUNIT_EXPECT_EQ_MSG(test, pit_ticks(&pit, now, next - 1), 0, "before %u", i);
		KUNIT_EXPECT_EQ_MSG(test, pit_ticks(&pit, now, next), 1, "at %u", i);
		now = next;
		ticks++;
	}
	KUNIT_EXPECT_EQ_MSG(test, pit_ticks(&pit, start, now), ticks, "none lost on the way");
	/* An hour of 3600 * 1193182 / 11932 ticks: rounding does not add up. */
	KUNIT_EXPECT_EQ(test, pit_ticks(&pit, start, start + 3600 * SECOND), 359994);
	KUNIT_EXPECT_EQ(test, pit_period(&pit), after(0, 11932));
	pit_write(&pit, 0x43, 0x30 | mode << 1, now);
	KUNIT_EXPECT_EQ_MSG(test, pit_period(&pit), 0, "a mode without its count");
}

static void rate_generator(struct kunit *test)
{
	const u64 start = 3 * SECOND;

	check_periodic(test, 2);
	program(0, 2, 100, start);
	KUNIT_EXPECT_EQ(test, read_both(0, start), 100);
	KUNIT_EXPECT_EQ(test, read_both(0, after(start, 1)), 99);
	KUNIT_EXPECT_EQ(test, read_both(0, after(start, 99)), 1);
	KUNIT_EXPECT_EQ(test, read_both(0, after(start, 100)), 100);
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 0, after(start, 98)));
	KUNIT_EXPECT_FALSE_MSG(test, pit_output(&pit, 0, after(start, 99)), "low for one clock");
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 0, after(start, 100)));
}

static void square_wave(struct kunit *test)
{
	const u64 start = 3 * SECOND;

	check_periodic(test, 3);
	program(0, 3, 101, start);
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 0, after(start, 50)));
	KUNIT_EXPECT_FALSE_MSG(test, pit_output(&pit, 0, after(start, 51)), "odd: high is longer");
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 0, after(start, 101)));
	program(0, 3, 100, start);
	KUNIT_EXPECT_EQ(test, read_both(0, start), 100);
	KUNIT_EXPECT_EQ_MSG(test, read_both(0, after(start, 1)), 98, "counts by two");
	KUNIT_EXPECT_EQ_MSG(test, read_both(0, after(start, 50)), 100, "twice a period");
}

static void terminal_count(struct kunit *test)
{
	const u64 start = SECOND;
	u64 tick;

	pit_init(&pit);
	program(0, 0, 1000, start);
	tick = pit_next_tick(&pit, start);
	KUNIT_EXPECT_EQ(test, tick, after(start, 1000));
	KUNIT_EXPECT_EQ_MSG(test, pit_next_tick(&pit, tick), PIT_NEVER, "once");
	KUNIT_EXPECT_EQ(test, pit_ticks(&pit, start, start + 90 * SECOND), 1);
	KUNIT_EXPECT_EQ(test, pit_period(&pit), 0);
	KUNIT_EXPECT_FALSE(test, pit_output(&pit, 0, tick - 1));
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 0, tick + SECOND));
	KUNIT_EXPECT_EQ_MSG(test, read_both(0, after(start, 1001)), 0xffff, "counts on");

	/* A new count starts over; its first byte alone stops. */
	pit_write(&pit, 0x40, 0x10, tick + 1);
	KUNIT_EXPECT_FALSE(test, pit_output(&pit, 0, tick + 2));
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, tick + 2), PIT_NEVER);
	pit_write(&pit, 0x40, 0x00, tick + 9);
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, tick + 9), after(tick + 9, 16));
}

static void strobe(struct kunit *test)
{
	const u64 start = SECOND;

	pit_init(&pit);
	program(0, 4, 500, start);
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 0, after(start, 499)));
	KUNIT_EXPECT_FALSE(test, pit_output(&pit, 0, after(start, 500)));
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 0, after(start, 501)));
	KUNIT_EXPECT_EQ_MSG(test, pit_next_tick(&pit, start), after(start, 501), "OUT goes up");
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, after(start, 501)), PIT_NEVER);
}

static void triggered_modes_wait(struct kunit *test)
{
	pit_init(&pit);
	program(0, 1, 500, SECOND);
	KUNIT_EXPECT_EQ_MSG(test, pit_next_tick(&pit, SECOND), PIT_NEVER, "channel 0 has no gate");
	program(0, 5, 500, SECOND);
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, SECOND), PIT_NEVER);

	/* Channel 2 has: port 61h. */
	program(2, 1, 500, SECOND);
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 2, SECOND));
	pit_write(&pit, 0x61, 1, 2 * SECOND);
	KUNIT_EXPECT_FALSE(test, pit_output(&pit, 2, 2 * SECOND));
	KUNIT_EXPECT_FALSE(test, pit_output(&pit, 2, after(2 * SECOND, 499)));
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 2, after(2 * SECOND, 500)));
	pit_write(&pit, 0x61, 0, 3 * SECOND);
	pit_write(&pit, 0x61, 1, 4 * SECOND);
	KUNIT_EXPECT_FALSE_MSG(test, pit_output(&pit, 2, 4 * SECOND), "once more");
	program(2, 5, 500, SECOND);
	pit_write(&pit, 0x61, 0, 5 * SECOND);
	pit_write(&pit, 0x61, 1, 6 * SECOND);
	KUNIT_EXPECT_FALSE(test, pit_output(&pit, 2, after(6 * SECOND, 500)));
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 2, after(6 * SECOND, 501)));
}

static void speaker_gate(struct kunit *test)
{
	pit_init(&pit);
	/* As Linux calibrates its clock: mode 0, gate up, wait for OUT. */
	pit_write(&pit, 0x61, 0x01, 0);
	program(2, 0, 59659, SECOND);
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x61, after(SECOND, 59658)) & 0x21, 0x01);
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x61, after(SECOND, 59659)) & 0x21, 0x21);

	/* The gate holds the count, and lets it go on. */
	program(2, 0, 1000, SECOND);
	pit_write(&pit, 0x61, 0x02, after(SECOND, 400));
	KUNIT_EXPECT_EQ(test, pit_counter(&pit, 2, 2 * SECOND), 600);
	KUNIT_EXPECT_EQ_MSG(test, pit_read(&pit, 0x61, 2 * SECOND) & 0x23, 0x02, "speaker data");
	pit_write(&pit, 0x61, 0x01, 3 * SECOND);
	KUNIT_EXPECT_EQ(test, pit_counter(&pit, 2, 3 * SECOND), 600);
	KUNIT_EXPECT_EQ(test, pit_counter(&pit, 2, after(3 * SECOND, 601)), 0xffff);

	/* Modes 2 and 3 start over instead, OUT stays high meanwhile. */
	program(2, 2, 1000, SECOND);
	pit_write(&pit, 0x61, 0x00, after(SECOND, 999));
	KUNIT_EXPECT_TRUE(test, pit_output(&pit, 2, after(SECOND, 999)));
	pit_write(&pit, 0x61, 0x01, 4 * SECOND);
	KUNIT_EXPECT_EQ(test, pit_counter(&pit, 2, 4 * SECOND), 1000);

	/* The refresh bit toggles by itself. */
	KUNIT_EXPECT_NE(test, pit_read(&pit, 0x61, 0) & 0x10, pit_read(&pit, 0x61, 1 << 14) & 0x10);
}

static void access_modes(struct kunit *test)
{
	pit_init(&pit);
	pit_write(&pit, 0x43, 0x14, 0);
	pit_write(&pit, 0x40, 0x80, 0);
	KUNIT_EXPECT_EQ_MSG(test, pit_counter(&pit, 0, 0), 0x80, "low byte alone");
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x40, 0), 0x80);
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x40, 0), 0x80);
	pit_write(&pit, 0x43, 0x24, 0);
	pit_write(&pit, 0x40, 0x80, 0);
	KUNIT_EXPECT_EQ_MSG(test, pit_counter(&pit, 0, 0), 0x8000, "high byte alone");
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x40, 0), 0x80);
	program(0, 2, 0x1234, 0);
	KUNIT_EXPECT_EQ(test, read_both(0, 0), 0x1234);
	program(0, 2, 0, 0);
	KUNIT_EXPECT_EQ_MSG(test, pit_next_tick(&pit, 0), after(0, 65536), "0 is the largest");
	/* Modes 6 and 7 are 2 and 3. */
	program(0, 6, 100, 0);
	KUNIT_EXPECT_EQ(test, status_of(0, 0) & 0x3f, 0x34);
	program(0, 7, 100, 0);
	KUNIT_EXPECT_EQ(test, status_of(0, 0) & 0x3f, 0x36);
}

static void latches(struct kunit *test)
{
	pit_init(&pit);
	program(0, 2, 1000, 0);
	pit_write(&pit, 0x43, 0x00, after(0, 10));
	pit_write(&pit, 0x43, 0x00, after(0, 500));
	KUNIT_EXPECT_EQ_MSG(test, read_both(0, after(0, 700)), 990, "the first latch holds");
	KUNIT_EXPECT_EQ_MSG(test, read_both(0, after(0, 700)), 300, "then it counts");

	/* Status first, then the count, of all channels in one command. */
	program(1, 3, 500, 0);
	program(2, 0, 400, 0);
	pit_write(&pit, 0x43, 0xce, after(0, 100));
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x40, 0), 0xb4);
	KUNIT_EXPECT_EQ(test, read_both(0, after(0, 300)), 900);
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x41, 0), 0xb6);
	KUNIT_EXPECT_EQ(test, read_both(1, after(0, 300)), 300);
	KUNIT_EXPECT_EQ_MSG(test, pit_read(&pit, 0x42, 0), 0x30, "OUT low, gate down");
	KUNIT_EXPECT_EQ(test, read_both(2, after(0, 300)), 400);

	pit_write(&pit, 0x43, 0x34, 0);
	KUNIT_EXPECT_EQ_MSG(test, status_of(0, 0), 0xf4, "null count until one is written");

	/* A latch in the middle of two bytes does not disturb their order. */
	program(0, 2, 0x1234, 0);
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x40, 0), 0x34);
	pit_write(&pit, 0x43, 0x00, 0);
	KUNIT_EXPECT_EQ(test, read_both(0, 0), 0x1234);
	KUNIT_EXPECT_EQ(test, pit_read(&pit, 0x40, 0), 0x12);
	/* Reprogramming drops it. */
	pit_write(&pit, 0x43, 0x00, 0);
	program(0, 2, 0x4321, 0);
	KUNIT_EXPECT_EQ(test, read_both(0, 0), 0x4321);
}

static void decimal(struct kunit *test)
{
	pit_init(&pit);
	pit_write(&pit, 0x43, 0x35, 0);
	pit_write(&pit, 0x40, 0x00, 0);
	pit_write(&pit, 0x40, 0x10, 0);
	KUNIT_EXPECT_EQ_MSG(test, pit_next_tick(&pit, 0), after(0, 1000), "1000 in digits");
	KUNIT_EXPECT_EQ(test, read_both(0, after(0, 1)), 0x0999);
	pit_write(&pit, 0x40, 0x00, 0);
	pit_write(&pit, 0x40, 0x00, 0);
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, 0), after(0, 10000));
	pit_write(&pit, 0x43, 0x31, 0);
	pit_write(&pit, 0x40, 0x05, 0);
	pit_write(&pit, 0x40, 0x00, 0);
	KUNIT_EXPECT_EQ_MSG(test, read_both(0, after(0, 6)), 0x9999, "counts on from the top");
	/* Digits above nine are odd, but a count. */
	pit_write(&pit, 0x43, 0x35, 0);
	pit_write(&pit, 0x40, 0xff, 0);
	pit_write(&pit, 0x40, 0xff, 0);
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, 0), after(0, 16665));
}

static void time_that_goes_back(struct kunit *test)
{
	pit_init(&pit);
	program(0, 2, 100, 5 * SECOND);
	KUNIT_EXPECT_EQ(test, pit_next_tick(&pit, SECOND), after(5 * SECOND, 100));
	KUNIT_EXPECT_EQ(test, pit_ticks(&pit, 6 * SECOND, 5 * SECOND), 0);
	KUNIT_EXPECT_EQ(test, pit_counter(&pit, 0, 0), 100);
}

static struct kunit_case pit_cases[] = {
	KUNIT_CASE(at_power_on),
	KUNIT_CASE(rate_generator),
	KUNIT_CASE(square_wave),
	KUNIT_CASE(terminal_count),
	KUNIT_CASE(strobe),
	KUNIT_CASE(triggered_modes_wait),
	KUNIT_CASE(speaker_gate),
	KUNIT_CASE(access_modes),
	KUNIT_CASE(latches),
	KUNIT_CASE(decimal),
	KUNIT_CASE(time_that_goes_back),
	{},
};

static struct kunit_suite pit_suite = {
	.name = "ringlet_irqchip_pit",
	.test_cases = pit_cases,
};
kunit_test_suite(pit_suite);
