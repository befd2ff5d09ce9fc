// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page fault of the guest world means: the guest's own mistake, a shadow
 * entry still to be made, or an access that no page can answer. Called by the
 * run loop, in the vCPU's thread, in the host world.
 */
#include <linux/mem_encrypt.h>
#include <linux/mm.h>

#include "mmu/internal.h"
#include "mmu/shadow_entry.h"

/* The access that the hardware describes; it always runs with NX on. */
static unsigned int fault_access(const struct virtual_cpu *cpu, u32 error_code)
{
	unsigned int access = ACCESS_READ;

	if (error_code & PFERR_WRITE)
		access = ACCESS_WRITE;
	else if (error_code & PFERR_FETCH)
		access = ACCESS_FETCH;
	if (!(error_code & PFERR_USER) && cpu_cpl(cpu) == 3)
		access |= ACCESS_SYSTEM;
	return access;
}

static unsigned int leaf_flags(const struct virtual_cpu *cpu, u32 error_code)
{
	unsigned int flags = 0;

	if (cpu->cr0 & X86_CR0_WP)
		flags |= SHADOW_CR0_WP;
	if ((error_code & (PFERR_WRITE | PFERR_USER)) == PFERR_WRITE)
		flags |= SHADOW_SUPERVISOR_WRITE;
	if (boot_cpu_has(X86_FEATURE_NX))
		flags |= SHADOW_HOST_NX;
	return flags;
}

/* A leaf of the guest page that @linear is in, for the page at @index. */
static u64 make_leaf(struct mmu *mmu, const struct mmu_slot *slot, u64 index,
		     const struct page *page, const struct guest_walk *walk, unsigned int flags)
{
	if (!slot->writable || mmu_page_tracked(mmu, slot->base_gfn + index))
		flags |= SHADOW_WRITE_PROTECT;
	return __sme_set(shadow_leaf(walk, page_to_pfn(page), flags));
}

/*
 * Without paging and in large guest pages the neighbours have the same rights:
 * map those of them that are pinned already, since after a flush all would
 * fault one after the other. An aligned group of 16 is within one large page.
 * Memory that is touched for the first time has no such neighbours to offer.
 */
#define NEIGHBOURS 16

static void fill_neighbours(struct mmu *mmu, struct mmu_slot *slot, u64 index, u64 *table,
			    unsigned int place, const struct guest_walk *walk, unsigned int flags)
{
	const unsigned int before = place % NEIGHBOURS;
	const u64 first = index - min_t(u64, index, before);
	const u64 last = min(index - before + NEIGHBOURS - 1, slot->page_count - 1);
	XA_STATE(xas, &slot->pages, first);
	struct page *page;

	lockdep_assert_held(&mmu->lock);
	rcu_read_lock();
	xas_for_each(&xas, page, last) {
		const unsigned int other = place + (xas.xa_index - index);

		if (xas_retry(&xas, page) || READ_ONCE(table[other]))
			continue;
		mmu_set_leaf(table, other,
			     make_leaf(mmu, slot, xas.xa_index, page, walk, flags));
	}
	rcu_read_unlock();
}

/* Make the leaf, unless the page went away while the tables were got ready. */
static enum mmu_fault fill_leaf(struct mmu_vcpu *vcpu, struct mmu_slot *slot, u64 index,
				u64 linear, const struct guest_walk *walk, unsigned int flags,
				bool neighbours)
{
	const unsigned int place = mmu_table_index(linear);
	struct mmu *mmu = vcpu->mmu;
	struct page *page;
	u64 leaf;
	u64 *table = mmu_shadow_table(vcpu, linear);

	if (!table)
		return MMU_FAULT_NO_MEMORY;

	spin_lock(&mmu->lock);
	page = mmu_invalidating(mmu) ? NULL : xa_load(&slot->pages, index);
	if (page) {
		leaf = make_leaf(mmu, slot, index, page, walk, flags);
		if (READ_ONCE(table[place]) == leaf)
			vcpu->statistics.spurious++;
		else
			vcpu->statistics.filled++;
		mmu_set_leaf(table, place, leaf);
		if (neighbours && walk->page_bytes != PAGE_SIZE)
			fill_neighbours(mmu, slot, index, table, place, walk, flags);
	}
	spin_unlock(&mmu->lock);
	return MMU_FAULT_RESUME;
}

/* The guest's tables allow the access: is there a page for it? */
static enum mmu_fault map_page(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu, u64 linear,
			       u32 error_code, const struct guest_walk *walk)
{
	struct mmu *mmu = vcpu->mmu;
	const u64 gfn = walk->gpa >> PAGE_SHIFT;
	struct mmu_slot *slot = mmu_find_slot(mmu, gfn);
	enum mmu_pin pin;

	if (!slot) {
		vcpu->statistics.mmio_faults++;
		return MMU_FAULT_EMULATE;
	}
	if ((error_code & PFERR_WRITE) && (!slot->writable || mmu_page_tracked(mmu, gfn))) {
		vcpu->statistics.tracked_faults++;
		return MMU_FAULT_EMULATE;
	}
	pin = mmu_pin_page(mmu, slot, gfn - slot->base_gfn);
	switch (pin) {
	case MMU_PIN_OK:
	case MMU_PIN_NEW:
		return fill_leaf(vcpu, slot, gfn - slot->base_gfn, linear, walk,
				 leaf_flags(cpu, error_code), pin == MMU_PIN_OK);
	case MMU_PIN_AGAIN:
		return MMU_FAULT_RESUME;
	case MMU_PIN_NO_MEMORY:
		return MMU_FAULT_NO_MEMORY;
	default:
		return MMU_FAULT_BAD;
	}
}

enum mmu_fault mmu_handle_fault(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu, u64 linear,
				u32 error_code)
{
	struct guest_walk walk;
	enum walk_result walked;
	enum mmu_fault result;

	vcpu->fault_gpa = ~0ULL;
	if (error_code & PFERR_RESERVED) {
		cpu_stop(cpu, "The processor met a reserved bit in a shadow page table.");
		return MMU_FAULT_STOP;
	}

	walked = mmu_walk(vcpu->mmu, cpu, linear, fault_access(cpu, error_code), &walk);
	switch (walked) {
	case WALK_OK:
		break;
	case WALK_FAULT:
		vcpu->statistics.guest_faults++;
		cpu_page_fault(cpu, linear, walk.error_code);
		return MMU_FAULT_INJECT;
	case WALK_BUSY:
		return MMU_FAULT_RESUME;
	default:
		mmu_stop_walk(cpu, walked);
		return MMU_FAULT_STOP;
	}

	vcpu->fault_gpa = walk.gpa;
	down_read(&vcpu->mmu->slots_lock);
	result = map_page(vcpu, cpu, linear, error_code, &walk);
	up_read(&vcpu->mmu->slots_lock);
	return result;
}
