// SPDX-License-Identifier: GPL-2.0-only
/*
 * From GSIs to pins: the table that KVM_SET_GSI_ROUTING gives. Called by ioctls
 * in process context, host world.
 */
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "irqchip/internal.h"

#define PINS_PER_CHIP (PIC_PINS / 2)

static struct irqchip_routing *allocate(u32 count)
{
	struct irqchip_routing *routing;
	u32 i;

	routing = kvzalloc(struct_size(routing, gsis, count), GFP_KERNEL_ACCOUNT);
	if (!routing)
		return NULL;
	routing->count = count;
	for (i = 0; i < count; i++)
		memset(routing->gsis[i].pic, -1, sizeof(routing->gsis[i].pic));
	return routing;
}

struct irqchip_routing *irqchip_default_routing(void)
{
	struct irqchip_routing *routing = allocate(PIC_PINS);
	unsigned int i;

	for (i = 0; routing && i < PIC_PINS; i++)
		routing->gsis[i].pic[i / PINS_PER_CHIP] = i;
	return routing;
}

/* A GSI leads to one pin of a chip at most. */
static bool add_route(struct irqchip_routing *routing, const struct kvm_irq_routing_entry *entry)
{
	u32 chip = entry->u.irqchip.irqchip, pin = entry->u.irqchip.pin;

	BUILD_BUG_ON(KVM_IRQCHIP_PIC_MASTER != 0 || KVM_IRQCHIP_PIC_SLAVE != 1);
	if (entry->flags || entry->type != KVM_IRQ_ROUTING_IRQCHIP)
		return false;
	if (chip > KVM_IRQCHIP_PIC_SLAVE || pin >= PINS_PER_CHIP)
		return false;
	if (routing->gsis[entry->gsi].pic[chip] >= 0)
		return false;
	routing->gsis[entry->gsi].pic[chip] = chip * PINS_PER_CHIP + pin;
	return true;
}

int irqchip_set_routing(struct irqchip *irqchip, const struct kvm_irq_routing_entry *entries,
			u32 count)
{
	struct irqchip_routing *routing;
	unsigned long flags;
	u32 i, highest = 0;

	for (i = 0; i < count; i++)
		highest = max(highest, entries[i].gsi);
	if (highest >= IRQCHIP_ROUTES)
		return -EINVAL;
	routing = allocate(highest + 1);
	if (!routing)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		if (!add_route(routing, &entries[i])) {
			kvfree(routing);
			return -EINVAL;
		}
	}
	flags = irqchip_lock(irqchip);
	swap(irqchip->routing, routing);
	irqchip_unlock(irqchip, flags);
	kvfree(routing);
	return 0;
}
