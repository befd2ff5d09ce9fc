// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's interrupt controllers: the lock around the models, lines, ports, and
 * the way to the vCPU. Called by ioctls, by the vCPU's thread and, from
 * timer.c, in an hrtimer's callback; host world.
 */
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "irqchip/internal.h"

unsigned long irqchip_lock(struct irqchip *irqchip)
	__acquires(&irqchip->lock)
{
	unsigned long flags;

	spin_lock_irqsave(&irqchip->lock, flags);
	return flags;
}

static bool passes_pic(const struct irqchip *irqchip)
{
	return !irqchip->has_lapic || lapic_passes_pic(&irqchip->lapic);
}

/* The PIC's INT is LINT0, which may be programmed to be anything. */
static void watch_lint0(struct irqchip *irqchip)
{
	bool output = pic_wants_interrupt(&irqchip->pic);

	if (output && !irqchip->pic_output && !passes_pic(irqchip))
		lapic_signal_local(&irqchip->lapic, LAPIC_LOCAL_LINT0);
	irqchip->pic_output = output;
}

static u8 find_signals(const struct irqchip *irqchip)
{
	u8 signals = 0;

	if (passes_pic(irqchip))
		signals |= IRQCHIP_PASSES_PIC;
	if (signals && pic_wants_interrupt(&irqchip->pic))
		signals |= IRQCHIP_INTERRUPT;
	if (!irqchip->has_lapic)
		return signals;
	if (lapic_wanted_vector(&irqchip->lapic) >= 0)
		signals |= IRQCHIP_INTERRUPT;
	if (irqchip->lapic.events & IRQCHIP_EVENTS)
		signals |= IRQCHIP_EVENT;
	return signals;
}

void irqchip_unlock(struct irqchip *irqchip, unsigned long flags)
	__releases(&irqchip->lock)
{
	u8 raised, signals;
	bool ended;

	ended = irqchip->irqfds.ended;
	irqchip->irqfds.ended = false;
	timer_pic_changed(irqchip);
	watch_lint0(irqchip);
	signals = find_signals(irqchip);
	raised = signals & ~irqchip->signals & (IRQCHIP_INTERRUPT | IRQCHIP_EVENT);
	WRITE_ONCE(irqchip->signals, signals);
	spin_unlock_irqrestore(&irqchip->lock, flags);
	if (raised)
		irqchip->raised(irqchip->owner);
	if (ended)
		irqfd_tell_ended(irqchip);
}

static void pic_ended(void *irqchip, u16 pins)
{
	irqfd_pins_ended(irqchip, pins * IRQCHIP_PIN_PIC(0));
}

static void ioapic_ended(void *irqchip, unsigned int pin)
{
	irqfd_pins_ended(irqchip, IRQCHIP_PIN_IOAPIC(pin));
}

static int send_from_ioapic(void *irqchip, const struct apic_message *message)
{
	return irqchip_deliver(irqchip, message);
}

struct irqchip *irqchip_create(bool split, void (*raised)(void *owner), void *owner)
{
	struct irqchip *irqchip;

	irqchip = kzalloc(sizeof(*irqchip), GFP_KERNEL_ACCOUNT);
	if (!irqchip)
		return NULL;
	irqchip->routing = irqchip_default_routing(split);
	if (!irqchip->routing) {
		kfree(irqchip);
		return NULL;
	}
	spin_lock_init(&irqchip->lock);
	irqchip->raised = raised;
	irqchip->owner = owner;
	irqchip->split = split;
	irqchip->signals = IRQCHIP_PASSES_PIC;
	irqchip->ioapic_base = IOAPIC_BASE;
	pic_init(&irqchip->pic);
	irqchip->pic.ended = pic_ended;
	irqchip->pic.to = irqchip;
	ioapic_init(&irqchip->ioapic, send_from_ioapic, irqchip);
	irqchip->ioapic.ended = ioapic_ended;
	lapic_init(&irqchip->lapic, 0);
	lapic_clock_init(irqchip);
	irqfd_init(irqchip);
	return irqchip;
}

void irqchip_destroy(struct irqchip *irqchip)
{
	if (!irqchip)
		return;
	timer_stop(irqchip);
	lapic_clock_stop(irqchip);
	kvfree(irqchip->routing);
	kfree(irqchip);
}

/* As in KVM the PIC comes first. One without a local APIC always has a vector. */
static int acknowledge(struct irqchip *irqchip)
{
	if (!irqchip->has_lapic ||
	    (lapic_passes_pic(&irqchip->lapic) && pic_wants_interrupt(&irqchip->pic)))
		return pic_acknowledge(&irqchip->pic);
	return lapic_acknowledge(&irqchip->lapic);
}

int irqchip_acknowledge(struct irqchip *irqchip)
{
	unsigned long flags = irqchip_lock(irqchip);
	int vector = acknowledge(irqchip);

	irqchip->statistics.interrupts += vector >= 0;
	irqchip_unlock(irqchip, flags);
	return vector;
}

u8 irqchip_take_events(struct irqchip *irqchip)
{
	unsigned long flags = irqchip_lock(irqchip);
	u8 events = irqchip->lapic.events & IRQCHIP_EVENTS;

	irqchip->lapic.events = 0;
	irqchip_unlock(irqchip, flags);
	return events;
}

int irqchip_deliver(struct irqchip *irqchip, const struct apic_message *message)
{
	return irqchip->has_lapic ? lapic_accept(&irqchip->lapic, message) : -1;
}

int irqchip_send_message(struct irqchip *irqchip, u64 address, u32 data)
{
	const struct apic_message message = irqchip_message(address, data);
	unsigned long flags = irqchip_lock(irqchip);
	int result = irqchip_deliver(irqchip, &message);

	/* It reaches a processor that does not take it. */
	if (result < 0 && irqchip->has_lapic && lapic_matches(&irqchip->lapic, &message))
		result = 0;
	irqchip_unlock(irqchip, flags);
	return result;
}

/* ---- lines --------------------------------------------------------------- */

static bool set_source(u8 *sources, enum irqchip_source source, bool level)
{
	if (level)
		*sources |= BIT(source);
	else
		*sources &= ~BIT(source);
	return *sources;
}

/* Results of several pins: how many saw something new, if any takes it at all. */
static void add_result(int *sum, int result)
{
	if (result >= 0)
		*sum = max(*sum, 0) + result;
}

int irqchip_drive(struct irqchip *irqchip, u32 gsi, enum irqchip_source source, bool level)
{
	const struct irqchip_route *route;
	int result = -1;
	unsigned int i;
	bool up;

	if (gsi >= irqchip->routing->count)
		return -1;
	route = &irqchip->routing->gsis[gsi];
	if (route->is_message)
		return level ? irqchip_deliver(irqchip, &route->message) : -1;
	for (i = 0; i < ARRAY_SIZE(route->pic); i++) {
		if (route->pic[i] < 0)
			continue;
		up = set_source(&irqchip->pic_sources[route->pic[i]], source, level);
		add_result(&result, pic_set_irq(&irqchip->pic, route->pic[i], up));
	}
	if (route->ioapic >= 0) {
		up = set_source(&irqchip->ioapic_sources[route->ioapic], source, level);
		add_result(&result, ioapic_set_pin(&irqchip->ioapic, route->ioapic, up));
	}
	return result;
}

int irqchip_set_gsi(struct irqchip *irqchip, u32 gsi, enum irqchip_source source, bool level)
{
	unsigned long flags = irqchip_lock(irqchip);
	int result = irqchip_drive(irqchip, gsi, source, level);

	irqchip_unlock(irqchip, flags);
	return result;
}

/* ---- ports --------------------------------------------------------------- */

static bool timer_has_port(const struct irqchip *irqchip, u16 port)
{
	if (!irqchip->timer.exists)
		return false;
	return pit_has_port(port) ||
	       (port == PIT_PORT_SPEAKER && irqchip->timer.has_speaker_port);
}

/* The last byte of an access at 0xffff does not wrap: no port is there. */
static bool has_ports(const struct irqchip *irqchip, u32 port, unsigned int bytes)
{
	for (; bytes; bytes--, port++)
		if (port > U16_MAX || !(pic_has_port(port) || timer_has_port(irqchip, port)))
			return false;
	return true;
}

/* Most accesses are to other devices' ports, and need not take the lock. */
static bool may_have_port(const struct irqchip *irqchip, u16 port)
{
	return !irqchip->split &&
	       (pic_has_port(port) || pit_has_port(port) || port == PIT_PORT_SPEAKER);
}

static u8 read_port(struct irqchip *irqchip, u16 port)
{
	if (pic_has_port(port))
		return pic_read(&irqchip->pic, port);
	return pit_read(&irqchip->timer.model, port, ktime_get_ns());
}

static void write_port(struct irqchip *irqchip, u16 port, u8 value)
{
	u64 now;

	if (pic_has_port(port)) {
		pic_write(&irqchip->pic, port, value);
		/* An EOI and what follows it in a string are two events. */
		timer_pic_changed(irqchip);
		return;
	}
	now = ktime_get_ns();
	timer_catch_up(irqchip, now);
	pit_write(&irqchip->timer.model, port, value, now);
	if (port == PIT_PORT_CHANNEL_0 || !irqchip->timer.model.channels[0].armed)
		timer_restart(irqchip, now);
	timer_arm(irqchip, now);
}

bool irqchip_port_in(struct irqchip *irqchip, u16 port, unsigned int bytes, unsigned int count,
		     void *data)
{
	u8 *byte = data;
	unsigned long flags;
	unsigned int i;
	bool ours;

	if (!may_have_port(irqchip, port))
		return false;
	flags = irqchip_lock(irqchip);
	ours = has_ports(irqchip, port, bytes);
	for (i = 0; ours && i < bytes * count; i++)
		*byte++ = read_port(irqchip, port + i % bytes);
	irqchip->statistics.port_accesses += ours;
	irqchip_unlock(irqchip, flags);
	return ours;
}

bool irqchip_port_out(struct irqchip *irqchip, u16 port, unsigned int bytes, unsigned int count,
		      const void *data)
{
	const u8 *byte = data;
	unsigned long flags;
	unsigned int i;
	bool ours;

	if (!may_have_port(irqchip, port))
		return false;
	flags = irqchip_lock(irqchip);
	ours = has_ports(irqchip, port, bytes);
	for (i = 0; ours && i < bytes * count; i++)
		write_port(irqchip, port + i % bytes, *byte++);
	irqchip->statistics.port_accesses += ours;
	irqchip_unlock(irqchip, flags);
	return ours;
}

void irqchip_read_statistics(struct irqchip *irqchip, struct irqchip_statistics *statistics)
{
	unsigned long flags = irqchip_lock(irqchip);

	/* Ticks of which the hrtimer was to tell any moment. */
	if (irqchip->timer.exists)
		timer_catch_up(irqchip, ktime_get_ns());
	*statistics = irqchip->statistics;
	statistics->bytes = sizeof(*irqchip) + irqfd_bytes(irqchip) +
			    struct_size(irqchip->routing, gsis, irqchip->routing->count);
	irqchip_unlock(irqchip, flags);
}
