// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of the local APIC: computed from the time that it is told. Called
 * with the irqchip's lock held when it belongs to a VM. Pure.
 */
#include "irqchip/lapic_internal.h"

/* Bit 2 is not part of the divisor. */
#define DIVIDE_MASK 0xb

static u32 timer_mode(const struct lapic *lapic)
{
	return lapic_get(lapic, LAPIC_LOCAL_TIMER) & LVT_TIMER_MODE;
}

bool lapic_timer_counts(const struct lapic *lapic)
{
	return timer_mode(lapic) != LVT_TIMER_DEADLINE;
}

bool lapic_timer_is_periodic(const struct lapic *lapic)
{
	return timer_mode(lapic) == LVT_TIMER_PERIODIC;
}

/* 2, 4 and so on to 128, and then 1. */
static unsigned int divide_shift(const struct lapic *lapic)
{
	u32 divide = lapic_get(lapic, REG_DIVIDE);

	return ((divide & 3) + (divide >> 1 & 4) + 1) & 7;
}

static u64 timer_period(const struct lapic *lapic)
{
	return (u64)lapic_get(lapic, REG_INITIAL_COUNT) << divide_shift(lapic);
}

/*
 * Somebody else's clock may have gone back. A timer that came from another host may
 * have begun before this one did: its start is then less than 0, and wraps.
 */
static u64 elapsed(const struct lapic *lapic, u64 now)
{
	u64 passed = now - lapic->timer_start;

	return (s64)passed > 0 ? passed : 0;
}

/* By subtraction of doublings: 64-bit division is not everybody's. */
static u64 divide(u64 *value, u64 by)
{
	u64 quotient = 0;
	unsigned int shift = 0;

	while (shift < 63 && by << shift >> shift == by && by << shift <= *value)
		shift++;
	while (shift--) {
		if (by << shift > *value)
			continue;
		*value -= by << shift;
		quotient |= 1ULL << shift;
	}
	return quotient;
}

u32 lapic_timer_count(const struct lapic *lapic, u64 now)
{
	u64 period = timer_period(lapic), passed = elapsed(lapic, now);

	if (!lapic->timer_armed)
		return 0;
	if (passed >= period) {
		if (timer_mode(lapic) != LVT_TIMER_PERIODIC)
			return 0;
		/* The expiry is just to be told. */
		divide(&passed, period);
	}
	return (u32)((period - passed + BIT(divide_shift(lapic)) - 1) >> divide_shift(lapic));
}

static void start(struct lapic *lapic, u64 now)
{
	lapic->timer_start = now;
	lapic->timer_armed = timer_mode(lapic) <= LVT_TIMER_PERIODIC &&
			     lapic_get(lapic, REG_INITIAL_COUNT);
}

void lapic_timer_write_count(struct lapic *lapic, u32 value, u64 now)
{
	if (timer_mode(lapic) == LVT_TIMER_DEADLINE)
		return;
	*lapic_register(lapic, REG_INITIAL_COUNT) = value;
	start(lapic, now);
}

/* Begin in the past, so that as much of the count is left as there is to be. */
static void resume_with(struct lapic *lapic, u32 count, u64 now)
{
	u32 initial = lapic_get(lapic, REG_INITIAL_COUNT);
	u64 passed = (u64)(initial - min_t(u32, count, initial)) << divide_shift(lapic);

	lapic->timer_start = now - passed;
}

void lapic_timer_write_divide(struct lapic *lapic, u32 value, u64 now)
{
	u32 count = lapic_timer_count(lapic, now);

	*lapic_register(lapic, REG_DIVIDE) = value & DIVIDE_MASK;
	if (lapic->timer_armed)
		resume_with(lapic, count, now);
}

/* To and from TSC-deadline the timer stops; between the others it goes on. */
void lapic_timer_write_mode(struct lapic *lapic, u32 entry, u64 now)
{
	u32 old = timer_mode(lapic), mode = entry & LVT_TIMER_MODE;
	u32 count = lapic_timer_count(lapic, now);

	*lapic_register(lapic, LAPIC_LOCAL_TIMER) = entry;
	if (old == mode)
		return;
	if ((old | mode) & LVT_TIMER_DEADLINE) {
		*lapic_register(lapic, REG_INITIAL_COUNT) = 0;
		lapic->timer_armed = false;
		lapic->deadline = 0;
	} else if (lapic->timer_armed) {
		resume_with(lapic, count, now);
	}
}

void lapic_timer_resume(struct lapic *lapic, u64 now)
{
	u32 count = lapic_get(lapic, REG_CURRENT_COUNT);

	*lapic_register(lapic, REG_DIVIDE) &= DIVIDE_MASK;
	if (lapic_timer_counts(lapic))
		lapic->deadline = 0;
	start(lapic, now);
	if (!lapic->timer_armed)
		return;
	/*
	 * QEMU keeps no current count. As in KVM a one-shot timer without one
	 * expires at once: one too many does no harm, a lost one stops a guest.
	 */
	if (count || timer_mode(lapic) == LVT_TIMER_ONE_SHOT)
		resume_with(lapic, count, now);
}

u64 lapic_timer_next(const struct lapic *lapic)
{
	return lapic->timer_armed ? lapic->timer_start + timer_period(lapic) : LAPIC_NEVER;
}

u64 lapic_timer_catch_up(struct lapic *lapic, u64 now)
{
	u64 passed = elapsed(lapic, now), expired = 1;

	if (!lapic->timer_armed || now < lapic_timer_next(lapic))
		return 0;
	if (timer_mode(lapic) == LVT_TIMER_PERIODIC) {
		expired = divide(&passed, timer_period(lapic));
		lapic->timer_start = now - passed;
	} else {
		lapic->timer_armed = false;
	}
	lapic_signal_local(lapic, LAPIC_LOCAL_TIMER);
	return expired;
}

void lapic_set_deadline(struct lapic *lapic, u64 tsc)
{
	if (timer_mode(lapic) == LVT_TIMER_DEADLINE)
		lapic->deadline = tsc;
}

bool lapic_deadline_catch_up(struct lapic *lapic, u64 tsc)
{
	if (!lapic->deadline || tsc < lapic->deadline)
		return false;
	lapic->deadline = 0;
	lapic_signal_local(lapic, LAPIC_LOCAL_TIMER);
	return true;
}
