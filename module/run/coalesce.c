// SPDX-License-Identifier: GPL-2.0-only
/* Coalesced writes: see coalesce.h. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "run/coalesce.h"

struct write_zone {
	struct list_head link;
	u64 address;
	u32 bytes;
};

static bool lies_in(const struct write_zone *zone, u64 address, u32 bytes)
{
	/* Neither sum can be had: the zone may end with the address space. */
	return address >= zone->address && bytes <= zone->bytes &&
	       address - zone->address <= zone->bytes - bytes;
}

int coalescing_add(struct coalescing *coalescing, const struct kvm_coalesced_mmio_zone *zone)
{
	struct write_zone *new;
	int result = 0;

	if (zone->pio > 1)
		return -EINVAL;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->address = zone->addr;
	new->bytes = zone->size;
	spin_lock(&coalescing->lock);
	if (coalescing->counts[zone->pio] == COALESCING_ZONES) {
		result = -ENOSPC;
	} else {
		list_add_tail(&new->link, &coalescing->zones[zone->pio]);
		WRITE_ONCE(coalescing->counts[zone->pio], coalescing->counts[zone->pio] + 1);
	}
	spin_unlock(&coalescing->lock);
	if (result)
		kfree(new);
	return result;
}

static void free_zones(struct list_head *zones)
{
	struct write_zone *zone, *next;

	list_for_each_entry_safe(zone, next, zones, link)
		kfree(zone);
}

int coalescing_remove(struct coalescing *coalescing, const struct kvm_coalesced_mmio_zone *zone)
{
	struct write_zone *present, *next;
	LIST_HEAD(removed);

	if (zone->pio > 1)
		return -EINVAL;
	spin_lock(&coalescing->lock);
	list_for_each_entry_safe(present, next, &coalescing->zones[zone->pio], link) {
		if (!lies_in(present, zone->addr, zone->size))
			continue;
		list_move(&present->link, &removed);
		WRITE_ONCE(coalescing->counts[zone->pio], coalescing->counts[zone->pio] - 1);
	}
	spin_unlock(&coalescing->lock);
	free_zones(&removed);
	return 0;
}

/* The lock is held. */
static bool covers(const struct coalescing *coalescing, bool port, u64 address, u32 bytes)
{
	const struct write_zone *zone;

	list_for_each_entry(zone, &coalescing->zones[port], link)
		if (lies_in(zone, address, bytes))
			return true;
	return false;
}

bool coalescing_covers(struct coalescing *coalescing, bool port, u64 address, unsigned int bytes)
{
	bool covered;

	if (!READ_ONCE(coalescing->counts[port]))
		return false;
	spin_lock(&coalescing->lock);
	covered = covers(coalescing, port, address, bytes);
	spin_unlock(&coalescing->lock);
	return covered;
}

/* Only we write @last; a client that does spoils its own ring. */
static bool append(struct kvm_coalesced_mmio_ring *ring, bool port, u64 address, const void *data,
		   unsigned int bytes)
{
	u32 last = READ_ONCE(ring->last), next;
	struct kvm_coalesced_mmio *entry;

	BUILD_BUG_ON(sizeof(*ring) + KVM_COALESCED_MMIO_MAX * sizeof(*entry) > PAGE_SIZE);
	if (last >= KVM_COALESCED_MMIO_MAX)
		return false;
	/* One entry stays empty: a ring that is full differs from an empty one. */
	next = (last + 1) % KVM_COALESCED_MMIO_MAX;
	if (next == READ_ONCE(ring->first))
		return false;
	entry = &ring->coalesced_mmio[last];
	entry->phys_addr = address;
	entry->len = bytes;
	entry->pio = port;
	memcpy(entry->data, data, bytes);
	/* The client reads the entry after it has read this. */
	smp_store_release(&ring->last, next);
	return true;
}

bool coalescing_take(struct coalescing *coalescing, struct kvm_coalesced_mmio_ring *ring, bool port,
		     u64 address, const void *data, unsigned int bytes)
{
	bool taken;

	if (!READ_ONCE(coalescing->counts[port]) || bytes > sizeof(ring->coalesced_mmio[0].data))
		return false;
	/* Until the end: nothing comes into the ring once its zone has ended. */
	spin_lock(&coalescing->lock);
	taken = covers(coalescing, port, address, bytes) &&
		append(ring, port, address, data, bytes);
	spin_unlock(&coalescing->lock);
	return taken;
}

size_t coalescing_bytes(const struct coalescing *coalescing)
{
	return (READ_ONCE(coalescing->counts[0]) + READ_ONCE(coalescing->counts[1])) *
	       sizeof(struct write_zone);
}

void coalescing_init(struct coalescing *coalescing)
{
	unsigned int i;

	spin_lock_init(&coalescing->lock);
	for (i = 0; i < ARRAY_SIZE(coalescing->zones); i++) {
		INIT_LIST_HEAD(&coalescing->zones[i]);
		coalescing->counts[i] = 0;
	}
}

void coalescing_destroy(struct coalescing *coalescing)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(coalescing->zones); i++)
		free_zones(&coalescing->zones[i]);
}
