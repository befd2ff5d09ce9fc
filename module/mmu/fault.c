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

static unsigned int leaf_flags(const struct virtual_cpu *cpu, u32 error_code, bool write_protect)
{
	unsigned int flags = 0;

	if (write_protect)
		flags |= SHADOW_WRITE_PROTECT;
	if (cpu->cr0 & X86_CR0_WP)
		flags |= SHADOW_CR0_WP;
	if ((error_code & (PFERR_WRITE | PFERR_USER)) == PFERR_WRITE)
		flags |= SHADOW_SUPERVISOR_WRITE;
	if (boot_cpu_has(X86_FEATURE_NX))
		flags |= SHADOW_HOST_NX;
	return flags;
}

/* Make the leaf, unless the page went away while the tables were got ready. */
static enum mmu_fault fill_leaf(struct mmu_vcpu *vcpu, struct mmu_slot *slot, u64 index,
				u64 linear, const struct guest_walk *walk, unsigned int flags)
{
	struct mmu *mmu = vcpu->mmu;
	struct page *page;
	u64 leaf;
	u64 *place = mmu_shadow_leaf(vcpu, linear,
				     walk->page_bytes != PAGE_SIZE &&
					     walk->page_bytes != BIT_ULL(32));

	if (!place)
		return MMU_FAULT_NO_MEMORY;

	spin_lock(&mmu->lock);
	page = mmu_invalidating(mmu) ? NULL : xa_load(&slot->pages, index);
	if (page) {
		leaf = __sme_set(shadow_leaf(walk, page_to_pfn(page), flags));
		if (READ_ONCE(*place) == leaf)
			vcpu->statistics.spurious++;
		else
			vcpu->statistics.filled++;
		WRITE_ONCE(*place, leaf);
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
	bool write_protect;

	if (!slot) {
		vcpu->statistics.mmio_faults++;
		return MMU_FAULT_EMULATE;
	}
	write_protect = !slot->writable || mmu_page_tracked(mmu, gfn);
	if (write_protect && (error_code & PFERR_WRITE)) {
		vcpu->statistics.tracked_faults++;
		return MMU_FAULT_EMULATE;
	}
	switch (mmu_pin_page(mmu, slot, gfn - slot->base_gfn)) {
	case MMU_PIN_OK:
		return fill_leaf(vcpu, slot, gfn - slot->base_gfn, linear, walk,
				 leaf_flags(cpu, error_code, write_protect));
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
