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

void irqchip_unlock(struct irqchip *irqchip, unsigned long flags)
	__releases(&irqchip->lock)
{
	bool raised, wanted;

	timer_pic_changed(irqchip);
	wanted = pic_wants_interrupt(&irqchip->pic);
	raised = wanted && !irqchip->wanted;
	WRITE_ONCE(irqchip->wanted, wanted);
	spin_unlock_irqrestore(&irqchip->lock, flags);
	if (raised)
		irqchip->raised(irqchip->owner);
}

struct irqchip *irqchip_create(void (*raised)(void *owner), void *owner)
{
	struct irqchip *irqchip;

	irqchip = kzalloc(sizeof(*irqchip), GFP_KERNEL_ACCOUNT);
	if (!irqchip)
		return NULL;
	irqchip->routing = irqchip_default_routing();
	if (!irqchip->routing) {
		kfree(irqchip);
		return NULL;
	}
	spin_lock_init(&irqchip->lock);
	irqchip->raised = raised;
	irqchip->owner = owner;
	pic_init(&irqchip->pic);
	return irqchip;
}

void irqchip_destroy(struct irqchip *irqchip)
{
	if (!irqchip)
		return;
	timer_stop(irqchip);
	kvfree(irqchip->routing);
	kfree(irqchip);
}

u8 irqchip_acknowledge(struct irqchip *irqchip)
{
	unsigned long flags = irqchip_lock(irqchip);
	u8 vector = pic_acknowledge(&irqchip->pic);

	irqchip->statistics.interrupts++;
	irqchip_unlock(irqchip, flags);
	return vector;
}

int irqchip_set_pin(struct irqchip *irqchip, unsigned int pin, enum irqchip_source source,
		    bool level)
{
	if (level)
		irqchip->sources[pin] |= BIT(source);
	else
		irqchip->sources[pin] &= ~BIT(source);
	return pic_set_irq(&irqchip->pic, pin, irqchip->sources[pin]);
}

int irqchip_set_gsi(struct irqchip *irqchip, u32 gsi, enum irqchip_source source, bool level)
{
	unsigned long flags = irqchip_lock(irqchip);
	const struct irqchip_routing *routing = irqchip->routing;
	int result = -1, one;
	unsigned int i;

	for (i = 0; gsi < routing->count && i < ARRAY_SIZE(routing->gsis[gsi].pic); i++) {
		if (routing->gsis[gsi].pic[i] < 0)
			continue;
		one = irqchip_set_pin(irqchip, routing->gsis[gsi].pic[i], source, level);
		if (one >= 0)
			result = max(result, 0) + one;
	}
	irqchip_unlock(irqchip, flags);
	return result;
}

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
static bool may_have_port(u16 port)
{
	return pic_has_port(port) || pit_has_port(port) || port == PIT_PORT_SPEAKER;
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

	if (!may_have_port(port))
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

	if (!may_have_port(port))
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
	statistics->bytes = sizeof(*irqchip) +
			    struct_size(irqchip->routing, gsis, irqchip->routing->count);
	irqchip_unlock(irqchip, flags);
}
