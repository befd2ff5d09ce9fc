/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The paravirtual clock that KVM's guests know: nanoseconds as a straight line
 * over the time stamp counter, and the two structures in guest memory that tell
 * the guest about it. Called by the run loop, in the host world. Pure.
 */
#ifndef RINGLET_CPU_CLOCK_H
#define RINGLET_CPU_CLOCK_H

#include <ringlet/types.h>

/**
 * struct clock_line - time as a function of a counter
 * @ticks: where the line begins
 * @ns: what the clock shows there
 * @multiplier: nanoseconds per tick, times 2^(32 - @shift)
 * @shift: by which ticks are shifted left (right if negative) first
 */
struct clock_line {
	u64 ticks;
	u64 ns;
	u32 multiplier;
	s8 shift;
};

/* struct pvclock_vcpu_time_info: what MSR_KVM_SYSTEM_TIME points to. */
struct clock_page {
	u32 version; /* 0: odd while the rest is being written */
	u32 pad;
	u64 ticks;	/* 8 */
	u64 ns;		/* 16 */
	u32 multiplier; /* 24 */
	s8 shift;	/* 28 */
	u8 flags;	/* 29 */
	u8 pad2[2];
} __packed;

static_assert(sizeof(struct clock_page) == 32, "as KVM has it");

#define CLOCK_PAGE_STABLE  BIT(0) /* never goes backwards, on no vCPU */
#define CLOCK_PAGE_STOPPED BIT(1) /* the client stopped the guest meanwhile */

/* struct pvclock_wall_clock: what MSR_KVM_WALL_CLOCK points to. */
struct clock_wall {
	u32 version;
	u32 seconds;
	u32 nanoseconds;
} __packed;

static_assert(sizeof(struct clock_wall) == 12, "as KVM has it");

/* The line's slope for a counter of @khz, not 0. */
void clock_set_rate(struct clock_line *line, u32 khz);

/* What the clock shows at @ticks; before its beginning it stands still. */
u64 clock_read(const struct clock_line *line, u64 ticks);

/**
 * clock_steer() - begin the line anew at @ticks, without a step
 * @line: the line so far
 * @ticks: the counter now
 * @ns: what the clock ought to show now
 * @khz: the counter's rate, not 0
 *
 * The new line starts where the old one is, and comes closer to @ns by running
 * a little faster or slower. Only a clock that is far behind jumps: forwards.
 */
void clock_steer(struct clock_line *line, u64 ticks, u64 ns, u32 khz);

/* The page for a guest whose counter is @offset ahead of the line's. */
void clock_fill_page(struct clock_page *page, const struct clock_line *line, u64 offset,
		     u32 version, u8 flags);

/* The structure for a clock that showed 0 at @boot nanoseconds of the epoch. */
void clock_fill_wall(struct clock_wall *wall, u64 boot, u32 version);

#endif /* RINGLET_CPU_CLOCK_H */
