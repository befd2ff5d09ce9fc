/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the memory layer share among themselves.
 */
#ifndef RINGLET_MMU_INTERNAL_H
#define RINGLET_MMU_INTERNAL_H

#include <linux/xarray.h>

#include "mmu/mmu.h"

/**
 * struct mmu_slot - a range of guest-physical memory
 * @base_gfn: first guest frame; changed under slots_lock
 * @page_count: never changes, like the fields after it
 * @user_address: where the client has it
 * @writable: not KVM_MEM_READONLY
 * @pages: struct page of each page that is pinned, by its number in the slot.
 *	Sparse: memory that the guest never touches costs nothing. Entries are
 *	stored and erased under mmu->lock
 */
struct mmu_slot {
	u64 base_gfn;
	u64 page_count;
	unsigned long user_address;
	bool writable;
	struct xarray pages;
};

enum mmu_pin {
	MMU_PIN_OK,	   /* it is */
	MMU_PIN_NEW,	   /* it was not, but is now */
	MMU_PIN_AGAIN,	   /* the client changes its mappings, or a signal: go around */
	MMU_PIN_NO_MEMORY, /* host memory or the memlock limit */
	MMU_PIN_BAD,	   /* nothing that can be pinned is mapped there */
};

/* slot.c; slots_lock held for reading */
struct mmu_slot *mmu_find_slot(struct mmu *mmu, u64 gfn);

/* pin.c */
enum mmu_pin mmu_pin_page(struct mmu *mmu, struct mmu_slot *slot, u64 index);
void mmu_unpin_slot(struct mmu *mmu, struct mmu_slot *slot);
void mmu_settle_account(struct mmu *mmu);
void mmu_request_flush(struct mmu *mmu);
void mmu_forget_vcpu(struct mmu *mmu);
bool mmu_invalidating(struct mmu *mmu); /* mmu->lock held */
extern const struct mmu_notifier_ops mmu_notifier_operations;

/* access.c; the vCPU's thread */
bool mmu_page_tracked(struct mmu *mmu, u64 gfn);
enum walk_result mmu_walk(struct mmu *mmu, const struct virtual_cpu *cpu, u64 linear,
			  unsigned int access, struct guest_walk *walk);
enum cpu_result mmu_stop_walk(struct virtual_cpu *cpu, enum walk_result result);

/* shadow.c; the vCPU's thread */
u64 *mmu_shadow_table(struct mmu_vcpu *vcpu, u64 linear);
void mmu_set_leaf(u64 *table, unsigned int index, u64 leaf);

/* The place of a linear address's leaf in its shadow table. */
static inline unsigned int mmu_table_index(u64 linear)
{
	return (linear >> 12) & 0x1ff;
}

#endif /* RINGLET_MMU_INTERNAL_H */
