// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of the local APIC by an hrtimer. Called with the irqchip's lock
 * held, and as the hrtimer's callback; host world.
 *
 * The callback never relies on what it was armed for, only on the model: it may
 * find that the guest has changed it since.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <asm/tsc.h>

#include "irqchip/internal.h"

/* As far as nanoseconds of the future go; nobody waits that long. */
#define FARTHEST (KTIME_MAX / 2)

static u64 guest_tsc(const struct irqchip *irqchip)
{
	return rdtsc() + irqchip->lapic_clock.tsc_offset;
}

/* Rounded up: an hrtimer that is early would have to be started again. */
static u64 deadline_in_ns(const struct irqchip *irqchip, u64 now)
{
	u64 deadline = irqchip->lapic.deadline, tsc = guest_tsc(irqchip);

	if (!deadline || !tsc_khz)
		return LAPIC_NEVER;
	if (deadline <= tsc)
		return now;
	if ((deadline - tsc) / tsc_khz >= FARTHEST / USEC_PER_SEC)
		return FARTHEST;
	return now + mul_u64_u32_div(deadline - tsc, USEC_PER_SEC, tsc_khz) + 1;
}

static u64 next_expiry(const struct irqchip *irqchip, u64 now)
{
	const struct lapic *lapic = &irqchip->lapic;
	u64 next;

	if (!irqchip->has_lapic)
		return LAPIC_NEVER;
	if (!lapic_timer_counts(lapic))
		return deadline_in_ns(irqchip, now);
	next = lapic_timer_next(lapic);
	if (lapic_timer_is_periodic(lapic))
		next = max(next, irqchip->lapic_clock.not_before);
	return next;
}

void lapic_clock_catch_up(struct irqchip *irqchip, u64 now)
{
	struct lapic *lapic = &irqchip->lapic;

	if (next_expiry(irqchip, now) > now)
		return;
	if (!lapic_timer_counts(lapic)) {
		lapic_deadline_catch_up(lapic, guest_tsc(irqchip));
	} else if (lapic_timer_catch_up(lapic, now)) {
		/* hrtimers are not throttled: a guest must not keep the host busy. */
		irqchip->lapic_clock.not_before = now + timer_shortest_period();
	}
}

void lapic_clock_arm(struct irqchip *irqchip, u64 now)
{
	struct hrtimer *hrtimer = &irqchip->lapic_clock.hrtimer;
	u64 next = next_expiry(irqchip, now);

	if (next == LAPIC_NEVER) {
		/* If the callback is running it will find the same. */
		hrtimer_try_to_cancel(hrtimer);
		return;
	}
	hrtimer_start(hrtimer, ns_to_ktime(min_t(u64, next, FARTHEST)), HRTIMER_MODE_ABS);
}

static enum hrtimer_restart clock_expired(struct hrtimer *hrtimer)
{
	struct irqchip *irqchip = container_of(hrtimer, struct irqchip, lapic_clock.hrtimer);
	unsigned long flags = irqchip_lock(irqchip);
	u64 now = ktime_get_ns();

	lapic_clock_catch_up(irqchip, now);
	/* Somebody may have started it anew by now: start it, never restart. */
	lapic_clock_arm(irqchip, now);
	irqchip_unlock(irqchip, flags);
	return HRTIMER_NORESTART;
}

void lapic_clock_init(struct irqchip *irqchip)
{
	hrtimer_init(&irqchip->lapic_clock.hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	irqchip->lapic_clock.hrtimer.function = clock_expired;
}

/* Nobody else has the irqchip any more, but the callback may be running. */
void lapic_clock_stop(struct irqchip *irqchip)
{
	hrtimer_cancel(&irqchip->lapic_clock.hrtimer);
}
