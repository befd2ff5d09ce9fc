// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host addresses of guest pages for whoever interprets guest code. Called by
 * the run loop in the vCPU's thread, in the host world, between bursts.
 */
#include <linux/mm.h>

#include "mmu/internal.h"

static enum mmu_interpret pin_result(enum mmu_pin pin)
{
	switch (pin) {
	case MMU_PIN_AGAIN:
		return MMU_INTERPRET_AGAIN;
	case MMU_PIN_NO_MEMORY:
		return MMU_INTERPRET_NO_MEMORY;
	case MMU_PIN_BAD:
		return MMU_INTERPRET_BAD;
	default:
		return MMU_INTERPRET_OK;
	}
}

/* Under mmu->lock. Who takes the page away after this says so. */
static enum mmu_interpret give_host_page(struct mmu_vcpu *vcpu, struct mmu_slot *slot, bool write,
					 struct mmu_host_page *out)
{
	struct mmu *mmu = vcpu->mmu;
	struct mmu_page *page = mmu_invalidating(mmu) ? NULL : mmu_find_page(mmu, out->gfn);

	if (!page)
		return MMU_INTERPRET_AGAIN;
	if (write) {
		shadow_unsync(vcpu, out->gfn, page);
		mmu_let_write(slot, page, out->gfn);
	}
	out->writable = mmu_page_writable(page) && out->walk.dirty;
	if (write && !out->writable)
		return MMU_INTERPRET_SLOW;
	if (out->writable)
		page->host_writable = true;
	out->address = page_address(page->page);
	return MMU_INTERPRET_OK;
}

/* The guest's tables allow the access: pin the page, say where it is. */
static enum mmu_interpret find_host_page(struct mmu_vcpu *vcpu, bool write,
					 struct mmu_host_page *out)
{
	struct mmu *mmu = vcpu->mmu;
	struct mmu_slot *slot;
	enum mmu_interpret result;

	out->gfn = out->walk.gpa >> PAGE_SHIFT;
	slot = mmu_find_slot(mmu, out->gfn);
	if (!slot || (write && !slot->writable))
		return MMU_INTERPRET_SLOW;
	result = pin_result(mmu_pin_page(mmu, slot, out->gfn - slot->base_gfn));
	if (result != MMU_INTERPRET_OK)
		return result;
	spin_lock(&mmu->lock);
	result = give_host_page(vcpu, slot, write, out);
	spin_unlock(&mmu->lock);
	return result;
}

enum mmu_interpret mmu_interpret_page(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu, u64 linear,
				      unsigned int access, struct mmu_host_page *page)
{
	const bool write = access & (ACCESS_WRITE | ACCESS_MODIFY);
	enum mmu_interpret result;
	enum walk_result walked;

	linear = (u32)linear;
	walked = mmu_walk(vcpu->mmu, cpu, linear, access, &page->walk);
	switch (walked) {
	case WALK_OK:
		break;
	case WALK_FAULT:
		cpu_page_fault(cpu, linear, page->walk.error_code);
		return MMU_INTERPRET_FAULT;
	case WALK_BUSY:
		return MMU_INTERPRET_AGAIN;
	default:
		mmu_stop_walk(cpu, walked);
		return MMU_INTERPRET_STOP;
	}

	down_read(&vcpu->mmu->slots_lock);
	result = find_host_page(vcpu, write, page);
	up_read(&vcpu->mmu->slots_lock);
	return result;
}
