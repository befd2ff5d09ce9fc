// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of the paravirtual clock. Called by the run loop, in the host
 * world. Pure.
 */
#include "cpu/clock.h"

#define NS_PER_SECOND 1000000000ULL

/*
 * Ticks are shifted until there are so many of them in a second that the
 * multiplier has 31 bits: all of the precision, and one bit for steering.
 */
#define SCALED_HZ_MOST	(4 * NS_PER_SECOND)
#define SCALED_HZ_LEAST (2 * NS_PER_SECOND)

/*
 * An error is made good within about two seconds, at most 1 in 64 faster or
 * slower. What is too much for that was not drift: the host slept.
 */
#define STEER_SHIFT 31
#define STEER_MOST  (BIT_ULL(STEER_SHIFT) / 64)
#define STEP_NS	    (NS_PER_SECOND / 2)

void clock_set_rate(struct clock_line *line, u32 khz)
{
	u64 hz = khz * 1000ULL;

	line->shift = 0;
	while (hz > SCALED_HZ_MOST) {
		hz >>= 1;
		line->shift--;
	}
	while (hz <= SCALED_HZ_LEAST) {
		hz <<= 1;
		line->shift++;
	}
	line->multiplier = (NS_PER_SECOND << 32) / hz;
}

u64 clock_read(const struct clock_line *line, u64 ticks)
{
	u64 delta = ticks - line->ticks;

	if ((s64)delta < 0)
		return line->ns;
	if (line->shift < 0)
		delta >>= -line->shift;
	else
		delta <<= line->shift;
	/* 96 bits of product, without a type that 32-bit builds have not. */
	return line->ns + (delta >> 32) * line->multiplier +
	       ((delta & 0xffffffff) * line->multiplier >> 32);
}

void clock_steer(struct clock_line *line, u64 ticks, u64 ns, u32 khz)
{
	const u64 now = clock_read(line, ticks);
	bool behind = (s64)(ns - now) > 0;
	u64 error = behind ? ns - now : now - ns;
	u64 correction;

	line->ticks = ticks;
	line->ns = now;
	clock_set_rate(line, khz);
	if (behind && error > STEP_NS) {
		line->ns = ns;
		return;
	}
	correction = (line->multiplier * min_t(u64, error, STEER_MOST)) >> STEER_SHIFT;
	line->multiplier += behind ? correction : -correction;
}

void clock_fill_page(struct clock_page *page, const struct clock_line *line, u64 offset,
		     u32 version, u8 flags)
{
	*page = (struct clock_page){
		.version = version,
		.ticks = line->ticks + offset,
		.ns = line->ns,
		.multiplier = line->multiplier,
		.shift = line->shift,
		.flags = flags,
	};
}

void clock_fill_wall(struct clock_wall *wall, u64 boot, u32 version)
{
	*wall = (struct clock_wall){
		.version = version,
		.seconds = boot / NS_PER_SECOND,
		.nanoseconds = boot % NS_PER_SECOND,
	};
}
