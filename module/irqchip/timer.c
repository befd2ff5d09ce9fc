// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channel 0 of the PIT by an hrtimer, and what becomes of ticks that the guest
 * is too slow for. Called with the irqchip's lock held, and as the hrtimer's
 * callback; host world.
 *
 * As in KVM a tick is an edge on GSI 0. With reinjection the next edge waits
 * until the guest has ended the interrupt of the last one, so that none is
 * swallowed by the chip that it uses.
 *
 * Then it follows, but not at once: a guest whose handler takes longer than a
 * tick (and all of it is slow while it is interpreted) would do nothing else.
 * It gets as much time for the rest as it has spent in the handler.
 */
#include <linux/moduleparam.h>
#include <linux/ktime.h>

#include "irqchip/internal.h"

#define TIMER_GSI 0
/* Of the PIC, whatever GSI 0 leads to. */
#define TIMER_PIN 0

/* A handler may stop in the middle, for a person who debugs it. */
#define LONGEST_REST (100 * NSEC_PER_MSEC)

/* hrtimers are not throttled: a guest must not keep the host busy with them. */
static unsigned int min_timer_period_us = 200;
module_param(min_timer_period_us, uint, 0644);
MODULE_PARM_DESC(min_timer_period_us, "Shortest period of a guest's timer in microseconds");

u64 timer_shortest_period(void)
{
	return READ_ONCE(min_timer_period_us) * (u64)NSEC_PER_USEC;
}

/* A period that is too short is stretched: one tick in the shortest there is. */
static bool is_stretched(const struct irqchip_timer *timer)
{
	u64 period = pit_period(&timer->model);

	return period && period < timer_shortest_period();
}

static bool is_running(const struct irqchip_timer *timer)
{
	return timer->exists && !(timer->flags & KVM_PIT_FLAGS_HPET_LEGACY);
}

static void give_tick(struct irqchip *irqchip)
{
	irqchip_drive(irqchip, TIMER_GSI, IRQCHIP_SOURCE_PIT, true);
	irqchip_drive(irqchip, TIMER_GSI, IRQCHIP_SOURCE_PIT, false);
	irqchip->statistics.ticks_given++;
}

/* The vector with which the I/O APIC sends a tick, or -1 if it does not. */
static int ioapic_vector(const struct irqchip *irqchip)
{
	const struct irqchip_routing *routing = irqchip->routing;
	u64 entry;

	if (!irqchip->has_lapic || TIMER_GSI >= routing->count ||
	    routing->gsis[TIMER_GSI].ioapic < 0)
		return -1;
	entry = irqchip->ioapic.entries[routing->gsis[TIMER_GSI].ioapic];
	if (entry & IOAPIC_ENTRY_MASKED ||
	    (entry & IOAPIC_ENTRY_DELIVERY) >> 8 > APIC_LOWEST_PRIORITY)
		return -1;
	return entry & IOAPIC_ENTRY_VECTOR;
}

/* Requested or in service. A PIC that is not listened to does not matter. */
static bool is_busy(const struct irqchip *irqchip)
{
	int vector = ioapic_vector(irqchip);

	if (vector >= 0) {
		if (lapic_is_requested(&irqchip->lapic, vector) ||
		    lapic_is_serving(&irqchip->lapic, vector))
			return true;
		if (irqchip->pic.chips[0].imr & BIT(TIMER_PIN) ||
		    !lapic_passes_pic(&irqchip->lapic))
			return false;
	}
	return pic_is_busy(&irqchip->pic, TIMER_PIN);
}

/* A tick waits, and only for the guest's rest. */
static bool can_give(const struct irqchip *irqchip)
{
	return irqchip->timer.missed && !is_busy(irqchip);
}

static void give_missed(struct irqchip *irqchip, u64 now)
{
	struct irqchip_timer *timer = &irqchip->timer;

	if (!can_give(irqchip) || now < timer->rest_until)
		return;
	timer->missed--;
	give_tick(irqchip);
}

/*
 * A guest that takes IRQ 0 out of use does not want its ticks of meanwhile when
 * it uses it again. One whose handler masks the line until it is done, as Linux
 * does, is only late.
 */
static void watch_mask(struct irqchip *irqchip)
{
	struct irqchip_timer *timer = &irqchip->timer;
	const struct pic_chip *master = &irqchip->pic.chips[0];
	bool masked = master->imr & BIT(TIMER_PIN);
	bool uses_ioapic = ioapic_vector(irqchip) >= 0;

	if (uses_ioapic && !timer->uses_ioapic)
		timer->missed = 0;
	timer->uses_ioapic = uses_ioapic;
	if (masked == timer->line_masked)
		return;
	timer->line_masked = masked;
	if (masked)
		timer->masked_in_service = master->isr & BIT(TIMER_PIN);
	else if (!timer->masked_in_service)
		timer->missed = 0;
}

/* From the INTA to the EOI, or until the handler unmasks its line. */
static bool is_served(const struct irqchip *irqchip)
{
	const struct irqchip_timer *timer = &irqchip->timer;
	int vector = ioapic_vector(irqchip);

	if (vector >= 0 && lapic_is_serving(&irqchip->lapic, vector))
		return true;

	return irqchip->pic.chips[0].isr & BIT(TIMER_PIN) ||
	       (timer->line_masked && timer->masked_in_service);
}

static void watch_service(struct irqchip *irqchip)
{
	struct irqchip_timer *timer = &irqchip->timer;
	bool served = is_served(irqchip);
	u64 now;

	if (served == !!timer->served_since)
		return;
	now = ktime_get_ns();
	if (served) {
		timer->served_since = now;
	} else {
		timer->rest_until = now + min_t(u64, now - timer->served_since, LONGEST_REST);
		timer->served_since = 0;
	}
}

void timer_pic_changed(struct irqchip *irqchip)
{
	u64 now;

	if (!irqchip->timer.exists)
		return;
	watch_mask(irqchip);
	watch_service(irqchip);
	if (!can_give(irqchip))
		return;
	now = ktime_get_ns();
	give_missed(irqchip, now);
	timer_arm(irqchip, now);
}

void timer_restart(struct irqchip *irqchip, u64 now)
{
	irqchip->timer.missed = 0;
	irqchip->timer.counted_until = now;
}

void timer_catch_up(struct irqchip *irqchip, u64 now)
{
	struct irqchip_timer *timer = &irqchip->timer;
	u64 ticks = pit_ticks(&timer->model, timer->counted_until, now);

	if (is_stretched(timer)) {
		if (now < timer->counted_until + timer_shortest_period())
			return;
		ticks = 1;
	}
	timer->counted_until = now;
	if (!ticks || !is_running(timer))
		return;
	irqchip->statistics.ticks += ticks;
	if (timer->reinject) {
		timer->missed += ticks;
		give_missed(irqchip, now);
	} else {
		give_tick(irqchip);
	}
}

void timer_arm(struct irqchip *irqchip, u64 now)
{
	struct irqchip_timer *timer = &irqchip->timer;
	u64 next = is_running(timer) ? pit_next_tick(&timer->model, now) : PIT_NEVER;

	if (is_stretched(timer))
		next = max(next, timer->counted_until + timer_shortest_period());
	if (can_give(irqchip))
		next = min(next, timer->rest_until);
	if (next == PIT_NEVER) {
		/* If the callback is running it will find the same. */
		hrtimer_try_to_cancel(&timer->hrtimer);
		return;
	}
	if (hrtimer_is_queued(&timer->hrtimer) &&
	    hrtimer_get_expires_ns(&timer->hrtimer) == next)
		return;
	hrtimer_start(&timer->hrtimer, ns_to_ktime(next), HRTIMER_MODE_ABS);
}

static enum hrtimer_restart timer_expired(struct hrtimer *hrtimer)
{
	struct irqchip *irqchip = container_of(hrtimer, struct irqchip, timer.hrtimer);
	unsigned long flags = irqchip_lock(irqchip);
	u64 now = ktime_get_ns();

	timer_catch_up(irqchip, now);
	give_missed(irqchip, now);
	/* Somebody may have started it anew by now: start it, never restart. */
	timer_arm(irqchip, now);
	irqchip_unlock(irqchip, flags);
	return HRTIMER_NORESTART;
}

void timer_start(struct irqchip *irqchip)
{
	struct irqchip_timer *timer = &irqchip->timer;

	pit_init(&timer->model);
	hrtimer_init(&timer->hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->hrtimer.function = timer_expired;
	timer->reinject = true;
	timer->counted_until = ktime_get_ns();
	timer->exists = true;
}

/* Nobody else has the irqchip any more, but the callback may be running. */
void timer_stop(struct irqchip *irqchip)
{
	if (irqchip->timer.exists)
		hrtimer_cancel(&irqchip->timer.hrtimer);
}
