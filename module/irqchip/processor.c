// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the virtual CPU and its local APIC have in common: CPUID's bits, MSRs,
 * CR8, INIT. Called by the vCPU's thread, host world.
 */
#include <linux/ktime.h>

#include "irqchip/internal.h"

void irqchip_set_features(struct irqchip *irqchip, bool has_lapic, bool has_deadline)
{
	unsigned long flags = irqchip_lock(irqchip);

	irqchip->has_lapic = has_lapic;
	irqchip->lapic.has_deadline = has_deadline;
	lapic_clock_arm(irqchip, ktime_get_ns());
	irqchip_unlock(irqchip, flags);
}

void irqchip_set_apic_base(struct irqchip *irqchip, u64 base)
{
	unsigned long flags = irqchip_lock(irqchip);

	lapic_set_base(&irqchip->lapic, base);
	lapic_clock_arm(irqchip, ktime_get_ns());
	irqchip_unlock(irqchip, flags);
}

void irqchip_init_processor(struct irqchip *irqchip)
{
	unsigned long flags = irqchip_lock(irqchip);

	lapic_reset(&irqchip->lapic);
	lapic_clock_arm(irqchip, ktime_get_ns());
	irqchip_unlock(irqchip, flags);
}

u64 irqchip_deadline(struct irqchip *irqchip)
{
	unsigned long flags = irqchip_lock(irqchip);
	u64 deadline;

	lapic_clock_catch_up(irqchip, ktime_get_ns());
	deadline = irqchip->has_lapic ? irqchip->lapic.deadline : 0;
	irqchip_unlock(irqchip, flags);
	return deadline;
}

void irqchip_set_deadline(struct irqchip *irqchip, u64 tsc)
{
	unsigned long flags = irqchip_lock(irqchip);
	u64 now = ktime_get_ns();

	if (irqchip->has_lapic && lapic_is_enabled(&irqchip->lapic)) {
		lapic_clock_catch_up(irqchip, now);
		lapic_set_deadline(&irqchip->lapic, tsc);
		/* It may have passed. */
		lapic_clock_catch_up(irqchip, now);
		lapic_clock_arm(irqchip, now);
	}
	irqchip_unlock(irqchip, flags);
}

void irqchip_set_tsc_offset(struct irqchip *irqchip, u64 offset)
{
	unsigned long flags = irqchip_lock(irqchip);
	u64 now = ktime_get_ns();

	irqchip->lapic_clock.tsc_offset = offset;
	lapic_clock_catch_up(irqchip, now);
	lapic_clock_arm(irqchip, now);
	irqchip_unlock(irqchip, flags);
}

u8 irqchip_task_priority(struct irqchip *irqchip)
{
	unsigned long flags = irqchip_lock(irqchip);
	u8 cr8 = lapic_cr8(&irqchip->lapic);

	irqchip_unlock(irqchip, flags);
	return cr8;
}

void irqchip_set_task_priority(struct irqchip *irqchip, u8 cr8)
{
	unsigned long flags = irqchip_lock(irqchip);

	lapic_set_cr8(&irqchip->lapic, cr8);
	irqchip_unlock(irqchip, flags);
}
