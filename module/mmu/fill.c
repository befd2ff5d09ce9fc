// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making shadow leaves, of what a fault or the guest's tables say. Called with
 * mmu->lock held by the vCPU's thread, in the host world.
 */
#include <linux/mem_encrypt.h>
#include <linux/mm.h>

#include "mmu/internal.h"

/**
 * shadow_make_leaf() - the leaf that lets the guest use a page
 * @page: which page
 * @walk: what the guest's tables say of it
 * @flags: as shadow_leaf(); here it is found out whether the page is watched
 */
u64 shadow_make_leaf(const struct mmu_page *page, const struct guest_walk *walk,
		     unsigned int flags)
{
	if (!mmu_page_writable(page))
		flags |= SHADOW_WRITE_PROTECT;
	return __sme_set(shadow_leaf(walk, page_to_pfn(page->page), flags));
}

static void fill_one(struct mmu_vcpu *vcpu, struct shadow_page *table, const void *guest_table,
		     unsigned int index)
{
	const u64 entry = shadow_guest_entry(table, guest_table, index);
	struct guest_walk walk;
	struct mmu_page *page;
	u64 gfn;

	if (!shadow_leaf_walk(&table->place, entry, index, &walk))
		return;
	gfn = walk.gpa >> PAGE_SHIFT;
	page = mmu_find_page(vcpu->mmu, gfn);
	if (!page)
		return;
	shadow_set_leaf(vcpu, table, index, page, gfn,
			shadow_make_leaf(page, &walk, shadow_leaf_flags(table->place.role)));
	vcpu->statistics.prefetched++;
}

/**
 * shadow_fill_ahead() - make leaves that are likely to be needed
 * @vcpu: whose shadow
 * @table: the shadow table
 * @first: index of the first leaf
 * @count: how many
 *
 * Of pages that are pinned, that the guest has used before, and that have no
 * leaf yet: the parts of a large page or of memory without paging would fault
 * one after the other, and so would what a process used before it forked or what
 * it used of the same file. Nothing is made while the client changes its
 * mappings.
 */
void shadow_fill_ahead(struct mmu_vcpu *vcpu, struct shadow_page *table, unsigned int first,
		       unsigned int count)
{
	const void *guest_table = NULL;
	unsigned int i;

	lockdep_assert_held(&vcpu->mmu->lock);
	if (mmu_invalidating(vcpu->mmu))
		return;
	if (!shadow_is_direct(table))
		guest_table = shadow_guest_table(vcpu, table);
	for (i = first; i < first + count; i++)
		if (!test_bit(i, table->present))
			fill_one(vcpu, table, guest_table, i);
}
