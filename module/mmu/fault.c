// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page fault of the guest world means: the guest's own mistake, a shadow
 * entry still to be made, or an access that no page can answer. Called by the
 * run loop, in the vCPU's thread, in the host world.
 */
#include <linux/mm.h>

#include "mmu/internal.h"

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

static bool is_supervisor_write(u32 error_code)
{
	return (error_code & (PFERR_WRITE | PFERR_USER)) == PFERR_WRITE;
}

/* ---- the path to a leaf ---------------------------------------------------- */

static struct shadow_page *get_directory(struct mmu_vcpu *vcpu, unsigned int quarter,
					 const struct shadow_place *place)
{
	struct shadow_page *directory = vcpu->root_shadows[quarter];

	if (directory && shadow_same_place(&directory->place, place)) {
		list_move(&directory->list, &vcpu->pages);
		return directory;
	}
	directory = shadow_get(vcpu, place);
	if (!directory)
		return NULL;
	/* What was out of reach at the last flush comes into it. */
	shadow_set_root(vcpu, quarter, directory);
	shadow_sync_reachable(vcpu);
	return directory;
}

static struct shadow_page *get_table(struct mmu_vcpu *vcpu, struct shadow_page *directory,
				     unsigned int index, const struct shadow_place *place)
{
	struct shadow_page *table = shadow_child(vcpu, directory, index);

	if (table && shadow_same_place(&table->place, place)) {
		list_move(&table->list, &vcpu->pages);
		return table;
	}
	table = shadow_get(vcpu, place);
	if (!table)
		return NULL;
	shadow_set_child(vcpu, directory, index, table);
	shadow_sync_page(vcpu, table);
	return table;
}

/* The shadow table for the leaf of @linear; NULL: go around. */
static struct shadow_page *get_path(struct mmu_vcpu *vcpu, const struct virtual_cpu *cpu,
				    u64 linear, const struct guest_walk *walk)
{
	const unsigned int quarter = shadow_quarter(linear);
	const unsigned int index = shadow_directory_index(linear);
	struct shadow_page *directory, *table;
	struct shadow_place place;

	shadow_root_place(cpu, quarter, walk->directory_gpa >> PAGE_SHIFT, walk->upper, &place);
	directory = get_directory(vcpu, quarter, &place);
	if (!directory || !shadow_child_place(&directory->place, walk->directory, index, &place))
		return NULL;
	directory->writes = 0;
	table = get_table(vcpu, directory, index, &place);
	if (table)
		table->writes = 0;
	return table;
}

/* ---- faults ---------------------------------------------------------------- */

/*
 * How many leaves are made at once: an aligned group. 16 direct ones are within
 * one large page. Memory that is touched for the first time has no neighbours to
 * offer.
 */
#define NEIGHBOURS_DIRECT 16
#define NEIGHBOURS 8

/* What a fault is about, beside the guest walk. */
struct fault {
	u64 linear;
	u32 error_code;
	u64 gfn;
	struct mmu_slot *slot;
	bool neighbours;
};

/* Under mmu->lock: make the leaf, unless the page went away meanwhile. */
static enum mmu_fault fill_leaf(struct mmu_vcpu *vcpu, const struct virtual_cpu *cpu,
				const struct fault *fault, const struct guest_walk *walk)
{
	const unsigned int place = shadow_table_index(fault->linear);
	struct mmu *mmu = vcpu->mmu;
	struct shadow_page *table;
	struct mmu_page *page;
	unsigned int flags;
	u64 leaf;

	page = mmu_invalidating(mmu) ? NULL : mmu_find_page(mmu, fault->gfn);
	table = page ? get_path(vcpu, cpu, fault->linear, walk) : NULL;
	if (!table)
		return MMU_FAULT_RESUME;
	/* Only now is it known whether the page is a table on its own path. */
	if ((fault->error_code & PFERR_WRITE) && !shadow_unsync(vcpu, fault->gfn, page)) {
		vcpu->statistics.tracked_faults++;
		return MMU_FAULT_EMULATE;
	}
	if (fault->error_code & PFERR_WRITE)
		mmu_let_write(fault->slot, page, fault->gfn);

	flags = shadow_leaf_flags(table->place.role);
	if (is_supervisor_write(fault->error_code))
		flags |= SHADOW_SUPERVISOR_WRITE;
	leaf = shadow_make_leaf(page, walk, flags);
	if (table->entries[place] == leaf)
		vcpu->statistics.spurious++;
	else
		vcpu->statistics.filled++;
	shadow_set_leaf(vcpu, table, place, page, fault->gfn, leaf);
	if (shadow_is_direct(table) && fault->neighbours)
		shadow_fill_ahead(vcpu, table, round_down(place, NEIGHBOURS_DIRECT),
				  NEIGHBOURS_DIRECT);
	else if (!shadow_is_direct(table))
		shadow_fill_ahead(vcpu, table, round_down(place, NEIGHBOURS), NEIGHBOURS);
	return MMU_FAULT_RESUME;
}

static enum mmu_fault pin_result(enum mmu_pin pin)
{
	switch (pin) {
	case MMU_PIN_NO_MEMORY:
		return MMU_FAULT_NO_MEMORY;
	case MMU_PIN_BAD:
		return MMU_FAULT_BAD;
	default:
		return MMU_FAULT_RESUME;
	}
}

/* Have a page table of the guest pinned, because it is read under a spinlock. */
static enum mmu_pin pin_table(struct mmu *mmu, u64 gpa)
{
	struct mmu_slot *slot = mmu_find_slot(mmu, gpa >> PAGE_SHIFT);

	/* It was there when it was walked. */
	if (!slot)
		return MMU_PIN_AGAIN;
	return mmu_pin_page(mmu, slot, (gpa >> PAGE_SHIFT) - slot->base_gfn);
}

static bool is_pinned(enum mmu_pin pin)
{
	return pin == MMU_PIN_OK || pin == MMU_PIN_NEW;
}

/* The page and the tables that lead to it. @is_new: the page was not pinned. */
static enum mmu_pin pin_path(struct mmu *mmu, const struct virtual_cpu *cpu,
			     const struct fault *fault, const struct guest_walk *walk, bool *is_new)
{
	enum mmu_pin pin = mmu_pin_page(mmu, fault->slot, fault->gfn - fault->slot->base_gfn);

	*is_new = pin == MMU_PIN_NEW;
	if (is_pinned(pin) && (cpu->cr0 & X86_CR0_PG))
		pin = pin_table(mmu, walk->directory_gpa);
	if (is_pinned(pin) && walk->page_bytes == PAGE_SIZE)
		pin = pin_table(mmu, walk->table_gpa);
	return pin;
}

/* The guest's tables allow the access: is there a page for it? */
static enum mmu_fault map_page(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu,
			       struct fault *fault, const struct guest_walk *walk)
{
	struct mmu *mmu = vcpu->mmu;
	enum mmu_fault result;
	enum mmu_pin pin;
	bool is_new;

	fault->gfn = walk->gpa >> PAGE_SHIFT;
	fault->slot = mmu_find_slot(mmu, fault->gfn);
	if (!fault->slot) {
		vcpu->statistics.mmio_faults++;
		return MMU_FAULT_EMULATE;
	}
	if ((fault->error_code & PFERR_WRITE) &&
	    (!fault->slot->writable || mmu_page_tracked(mmu, fault->gfn))) {
		vcpu->statistics.tracked_faults++;
		return MMU_FAULT_EMULATE;
	}
	pin = pin_path(mmu, cpu, fault, walk, &is_new);
	if (!is_pinned(pin))
		return pin_result(pin);
	if (shadow_prepare(vcpu))
		return MMU_FAULT_NO_MEMORY;
	fault->neighbours = !is_new;

	spin_lock(&mmu->lock);
	result = fill_leaf(vcpu, cpu, fault, walk);
	spin_unlock(&mmu->lock);
	return result;
}

enum mmu_fault mmu_handle_fault(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu, u64 linear,
				u32 error_code)
{
	struct fault fault = { .linear = linear, .error_code = error_code };
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
	result = map_page(vcpu, cpu, &fault, &walk);
	up_read(&vcpu->mmu->slots_lock);
	return result;
}
