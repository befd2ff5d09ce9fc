/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coalesced writes (KVM_REGISTER_COALESCED_MMIO): those to zones that the client
 * has named wait in a ring that it reads when it comes by, instead of ending
 * KVM_RUN each. Zones are set by ioctls of any thread; the vCPU's thread fills
 * the ring; host world.
 */
#ifndef RINGLET_RUN_COALESCE_H
#define RINGLET_RUN_COALESCE_H

#include <linux/compiler.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/spinlock.h>

/* As many as KVM has room for on a bus. */
#define COALESCING_ZONES 1000

/**
 * struct coalescing - one VM's zones
 * @lock: guards all of it
 * @zones: of struct write_zone: [0] in memory, [1] at ports
 * @counts: how many are in each; may be read without the lock
 */
struct coalescing {
	spinlock_t lock;
	struct list_head zones[2];
	unsigned int counts[2];
};

void coalescing_init(struct coalescing *coalescing);
void coalescing_destroy(struct coalescing *coalescing);

/* KVM_REGISTER_COALESCED_MMIO; 0, -EINVAL, -ENOMEM or -ENOSPC. */
int coalescing_add(struct coalescing *coalescing, const struct kvm_coalesced_mmio_zone *zone);
/*
 * KVM_UNREGISTER_COALESCED_MMIO: each zone that this one lies in ends. That there
 * is none is no error, as in KVM; 0 or -EINVAL.
 */
int coalescing_remove(struct coalescing *coalescing, const struct kvm_coalesced_mmio_zone *zone);

/* Whether a write there lies in a zone. */
bool coalescing_covers(struct coalescing *coalescing, bool port, u64 address, unsigned int bytes);

/**
 * coalescing_take() - put a write of up to eight bytes into the ring
 * @ring: shared with the client, who may write anything to it
 *
 * Return: false: no zone has it, or there is no room.
 * Context: the vCPU's thread.
 */
bool coalescing_take(struct coalescing *coalescing, struct kvm_coalesced_mmio_ring *ring, bool port,
		     u64 address, const void *data, unsigned int bytes);

/* Kernel memory that the zones are. */
size_t coalescing_bytes(const struct coalescing *coalescing);

#endif /* RINGLET_RUN_COALESCE_H */
