// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages at which a guest finds its local APIC and its I/O APIC. Called by
 * the bus in the vCPU's thread, host world.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "irqchip/internal.h"

/* The registers that have to do with the time, from the timer's entry on. */
static bool is_of_timer(unsigned int offset)
{
	return offset == LAPIC_LOCAL_TIMER || offset >= LAPIC_TIMER_REGISTERS;
}

static bool is_lapic(const struct irqchip *irqchip, u64 gpa)
{
	return irqchip->has_lapic && (gpa ^ irqchip->lapic.base) >> PAGE_SHIFT == 0;
}

/* With a local APIC comes an I/O APIC; in a PC of the client's it is the client's. */
static bool is_ioapic(const struct irqchip *irqchip, u64 gpa)
{
	return irqchip->has_lapic && !irqchip->split &&
	       gpa - irqchip->ioapic_base < IOAPIC_BYTES;
}

u64 irqchip_lapic_address(const struct irqchip *irqchip)
{
	return irqchip->has_lapic ? irqchip->lapic.base & PAGE_MASK : IRQCHIP_NO_LAPIC;
}

/* ---- local APIC ----------------------------------------------------------- */

/*
 * A register is read in whole or in part. As in KVM there is a hole where an
 * APIC is switched off.
 */
static void read_lapic(struct irqchip *irqchip, unsigned int offset, void *data,
		       unsigned int bytes)
{
	unsigned int within = offset % 16;
	u64 now = 0;
	u32 value;

	if (!lapic_is_enabled(&irqchip->lapic)) {
		memset(data, 0xff, bytes);
		return;
	}
	memset(data, 0, bytes);
	if (within + bytes > sizeof(value))
		return;
	if (is_of_timer(offset)) {
		now = ktime_get_ns();
		lapic_clock_catch_up(irqchip, now);
	}
	value = lapic_read(&irqchip->lapic, offset - within, now);
	memcpy(data, (u8 *)&value + within, bytes);
}

/* Return: the vector that ended, or LAPIC_NO_VECTOR. */
static int write_lapic(struct irqchip *irqchip, unsigned int offset, const void *data,
		       unsigned int bytes)
{
	int ended;
	u32 value;
	u64 now;

	if (!lapic_is_enabled(&irqchip->lapic) || bytes != sizeof(value))
		return LAPIC_NO_VECTOR;
	memcpy(&value, data, sizeof(value));
	if (!is_of_timer(offset))
		return lapic_write(&irqchip->lapic, offset, value, 0);
	now = ktime_get_ns();
	lapic_clock_catch_up(irqchip, now);
	ended = lapic_write(&irqchip->lapic, offset, value, now);
	lapic_clock_arm(irqchip, now);
	return ended;
}

/* ---- I/O APIC -------------------------------------------------------------- */

static void read_ioapic(struct irqchip *irqchip, unsigned int offset, void *data,
			unsigned int bytes)
{
	u32 value = ioapic_read(&irqchip->ioapic, offset);

	memset(data, 0, bytes);
	memcpy(data, &value, min_t(unsigned int, bytes, sizeof(value)));
}

static void write_ioapic(struct irqchip *irqchip, unsigned int offset, const void *data,
			 unsigned int bytes)
{
	u32 value = 0;

	memcpy(&value, data, min_t(unsigned int, bytes, sizeof(value)));
	ioapic_write(&irqchip->ioapic, offset, value);
}

/* ---- both ------------------------------------------------------------------ */

bool irqchip_read_page(struct irqchip *irqchip, u64 gpa, void *data, unsigned int bytes)
{
	unsigned long flags = irqchip_lock(irqchip);
	bool ours = true;

	if (is_lapic(irqchip, gpa))
		read_lapic(irqchip, offset_in_page(gpa), data, bytes);
	else if (is_ioapic(irqchip, gpa))
		read_ioapic(irqchip, gpa - irqchip->ioapic_base, data, bytes);
	else
		ours = false;
	irqchip->statistics.page_accesses += ours;
	irqchip_unlock(irqchip, flags);
	return ours;
}

bool irqchip_is_end_register(const struct irqchip *irqchip, u64 gpa)
{
	return is_lapic(irqchip, gpa) && offset_in_page(gpa) == LAPIC_EOI;
}

bool irqchip_write_page(struct irqchip *irqchip, u64 gpa, const void *data, unsigned int bytes,
			int *ended)
{
	unsigned long flags = irqchip_lock(irqchip);
	int vector = LAPIC_NO_VECTOR;
	bool ours = true;

	if (is_lapic(irqchip, gpa))
		vector = write_lapic(irqchip, offset_in_page(gpa), data, bytes);
	else if (is_ioapic(irqchip, gpa))
		write_ioapic(irqchip, gpa - irqchip->ioapic_base, data, bytes);
	else
		ours = false;
	if (vector >= 0 && irqchip->split)
		*ended = vector;
	else if (vector >= 0)
		ioapic_end_of_interrupt(&irqchip->ioapic, vector);
	irqchip->statistics.page_accesses += ours;
	irqchip_unlock(irqchip, flags);
	return ours;
}
