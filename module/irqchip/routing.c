// SPDX-License-Identifier: GPL-2.0-only
/*
 * From GSIs to pins and messages: the table that KVM_SET_GSI_ROUTING gives.
 * Called by ioctls in process context, host world.
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
	for (i = 0; i < count; i++) {
		memset(routing->gsis[i].pic, -1, sizeof(routing->gsis[i].pic));
		routing->gsis[i].ioapic = -1;
	}
	return routing;
}

/* As in KVM: pin 0 of the I/O APIC too. A PC has the timer's IRQ 0 at pin 2, and
 * its client says so.
 */
struct irqchip_routing *irqchip_default_routing(bool split)
{
	struct irqchip_routing *routing = allocate(split ? 0 : IOAPIC_PINS);
	unsigned int i;

	for (i = 0; routing && i < routing->count; i++) {
		routing->gsis[i].ioapic = i;
		if (i < PIC_PINS)
			routing->gsis[i].pic[i / PINS_PER_CHIP] = i;
	}
	return routing;
}

u64 irqchip_pins_of_gsi(const struct irqchip *irqchip, u32 gsi)
{
	const struct irqchip_route *route;
	u64 pins = 0;
	unsigned int i;

	if (gsi >= irqchip->routing->count)
		return 0;
	route = &irqchip->routing->gsis[gsi];
	for (i = 0; i < ARRAY_SIZE(route->pic); i++)
		if (route->pic[i] >= 0)
			pins |= IRQCHIP_PIN_PIC(route->pic[i]);
	if (route->ioapic >= 0)
		pins |= IRQCHIP_PIN_IOAPIC(route->ioapic);
	return pins;
}

/* Manual: "Message Signalled Interrupts". */
#define ADDRESS_LOGICAL BIT(2)
#define ADDRESS_DESTINATION_SHIFT 12
#define DATA_DELIVERY_SHIFT 8
#define DATA_LEVEL BIT(15)

struct apic_message irqchip_message(u64 address, u32 data)
{
	return (struct apic_message){
		.vector = data & 0xff,
		.delivery = data >> DATA_DELIVERY_SHIFT & 7,
		.destination = address >> ADDRESS_DESTINATION_SHIFT & 0xff,
		.logical = address & ADDRESS_LOGICAL,
		.level = data & DATA_LEVEL,
	};
}

static bool leads_somewhere(const struct irqchip_route *route)
{
	return route->is_message || route->ioapic >= 0 || route->pic[0] >= 0 || route->pic[1] >= 0;
}

static bool add_pin(struct irqchip_route *route, u32 chip, u32 pin)
{
	BUILD_BUG_ON(KVM_IRQCHIP_PIC_MASTER != 0 || KVM_IRQCHIP_PIC_SLAVE != 1);
	if (route->is_message)
		return false;
	if (chip == KVM_IRQCHIP_IOAPIC) {
		if (pin >= IOAPIC_PINS || route->ioapic >= 0)
			return false;
		route->ioapic = pin;
		return true;
	}
	if (chip > KVM_IRQCHIP_PIC_SLAVE || pin >= PINS_PER_CHIP || route->pic[chip] >= 0)
		return false;
	route->pic[chip] = chip * PINS_PER_CHIP + pin;
	return true;
}

/* A GSI leads to one pin of a chip at most, or to one message. */
static bool add_route(struct irqchip_routing *routing, const struct kvm_irq_routing_entry *entry,
		      bool split)
{
	struct irqchip_route *route = &routing->gsis[entry->gsi];
	const struct kvm_irq_routing_msi *msi = &entry->u.msi;

	switch (entry->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		if (entry->flags || split)
			return false;
		return add_pin(route, entry->u.irqchip.irqchip, entry->u.irqchip.pin);
	case KVM_IRQ_ROUTING_MSI:
		if (entry->flags & ~KVM_MSI_VALID_DEVID || leads_somewhere(route))
			return false;
		route->is_message = true;
		route->message = irqchip_message((u64)msi->address_hi << 32 | msi->address_lo,
						 msi->data);
		return true;
	default:
		return false;
	}
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
		if (!add_route(routing, &entries[i], irqchip->split)) {
			kvfree(routing);
			return -EINVAL;
		}
	}
	flags = irqchip_lock(irqchip);
	irqfd_routing_changes(irqchip);
	swap(irqchip->routing, routing);
	irqchip_unlock(irqchip, flags);
	kvfree(routing);
	return 0;
}
