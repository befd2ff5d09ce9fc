// SPDX-License-Identifier: GPL-2.0-only
/*
 * What always holds of the shadow, looked at from all sides.
 */
#include "mmu_stress.h"

struct counts {
	unsigned int leaves, tables, watched, directories;
};

static bool in_list(struct mmu_vcpu *vcpu, u32 head, u32 link)
{
	u32 before = 0;

	for (; head; before = head, head = shadow_link_at(vcpu, head)->next) {
		if (shadow_link_at(vcpu, head)->previous != before)
			return false;
		if (head == link)
			return true;
	}
	return false;
}

static const char *check_entry(struct mmu *mmu, struct shadow_page *shadow, unsigned int i)
{
	struct mmu_vcpu *vcpu = mmu->vcpu;
	const u32 link = shadow_link_of(shadow, i);
	const u64 entry = shadow->entries[i];
	struct mmu_page *page;

	if (!test_bit(i, shadow->present))
		return entry ? "an entry that counts as absent is there" : NULL;
	if (shadow_is_directory(shadow)) {
		const struct shadow_page *child = vcpu->shadows[shadow->targets[i]];

		if (!child || (entry & SHADOW_ADDRESS) != __pa(child->entries))
			return "a directory entry leads elsewhere";
		return in_list(vcpu, child->parents, link) ? NULL : "a table forgot a parent";
	}
	page = mmu_find_page(mmu, shadow->targets[i]);
	if (!page || (entry & SHADOW_ADDRESS) >> 12 != page_to_pfn(page->page))
		return "a leaf maps no page of the guest";
	if ((entry & PTE_W) && !mmu_page_writable(page))
		return "a page that must not be is writable";
	return in_list(vcpu, page->leaves, link) ? NULL : "a page forgot a leaf";
}

static const char *check_shadow(struct mmu *mmu, struct shadow_page *shadow)
{
	const char *wrong = NULL;
	unsigned int i;

	if (mmu->vcpu->shadows[shadow->number] != shadow)
		return "a shadow page is not found by its number";
	if (shadow_is_directory(shadow) && !list_empty(&shadow->unsync_list))
		return "a directory is out of sync";
	for (i = 0; i < SHADOW_ENTRIES && !wrong; i++)
		wrong = check_entry(mmu, shadow, i);
	return wrong;
}

static void count_table(const struct shadow_page *shadow, u64 gfn, struct counts *counts)
{
	unsigned int i;

	for (i = 0; i < SHADOW_ENTRIES && !shadow_is_directory(shadow); i++)
		counts->leaves += test_bit(i, shadow->present) && shadow->targets[i] == gfn;
	if (shadow_is_direct(shadow) || shadow->place.gfn != gfn)
		return;
	counts->tables++;
	counts->watched += list_empty(&shadow->unsync_list);
	counts->directories += shadow_is_directory(shadow);
}

static const char *check_page(struct mmu *mmu, struct mmu_page *page, u64 gfn)
{
	struct mmu_vcpu *vcpu = mmu->vcpu;
	struct counts counts = {};
	struct shadow_page *shadow;
	unsigned int leaves = 0;
	u32 link;

	if (page->tracked != mmu_page_tracked(mmu, gfn))
		return "a page does not know that it is tracked";
	list_for_each_entry(shadow, &vcpu->pages, list)
		count_table(shadow, gfn, &counts);
	for (link = page->leaves; link; link = shadow_link_at(vcpu, link)->next)
		leaves++;
	if (counts.leaves != leaves)
		return "a page knows other leaves than there are";
	if (counts.tables != page->tables || counts.watched != page->watched ||
	    counts.directories != page->directories)
		return "a page counts its tables wrong";
	return NULL;
}

static const char *check_roots(struct mmu_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < MMU_QUARTERS; i++) {
		const struct shadow_page *directory = vcpu->root_shadows[i];

		if (directory ? (vcpu->root[i] & SHADOW_ADDRESS) != __pa(directory->entries)
			      : vcpu->root[i] != 0)
			return "the root leads elsewhere";
	}
	return NULL;
}

static const char *check_spare(struct mmu_vcpu *vcpu)
{
	struct shadow_page *shadow;
	unsigned int i;

	list_for_each_entry(shadow, &vcpu->spare, list)
		for (i = 0; i < SHADOW_ENTRIES; i++)
			if (shadow->entries[i])
				return "a spare shadow page has entries";
	return NULL;
}

const char *shadow_check(struct mmu *mmu)
{
	struct mmu_vcpu *vcpu = mmu->vcpu;
	struct shadow_page *shadow;
	const char *wrong;
	unsigned int i;

	spin_lock(&mmu->lock);
	wrong = check_roots(vcpu) ?: check_spare(vcpu);
	list_for_each_entry(shadow, &vcpu->pages, list)
		wrong = wrong ?: check_shadow(mmu, shadow);
	for (i = 0; i < MMU_SLOTS && !wrong; i++) {
		struct mmu_page *page;
		unsigned long index;

		if (!mmu->slots[i])
			continue;
		xa_for_each_range(&mmu->slots[i]->pages, index, page, 0, ULONG_MAX)
			wrong = wrong ?: check_page(mmu, page, mmu->slots[i]->base_gfn + index);
	}
	if (!wrong && vcpu->allocated > vcpu->page_limit)
		wrong = "more shadow pages than allowed";
	spin_unlock(&mmu->lock);
	return wrong;
}
