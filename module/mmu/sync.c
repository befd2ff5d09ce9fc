// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeping shadow pages equal to the guest tables that they stand for. Called
 * with mmu->lock held by the vCPU's thread, in the host world.
 *
 * A guest table that is shadowed is write-protected, and each write to it
 * changes just the shadow entries that were made of what was there. A page of
 * leaves that the guest fills would trap at each entry: at the first write it
 * goes out of sync instead, becomes writable, and is compared when the guest
 * flushes, as it has to after changing an entry that it has used. Compared many
 * times and found right, it is watched again.
 *
 * Both ways only entries that exist are looked at, since those that the guest
 * adds are made when they are used.
 *
 * Only leaf tables go out of sync. A directory that is written again
 * and again without being used is no directory any more: it is given up.
 */
#include <linux/mem_encrypt.h>
#include <linux/mm.h>

#include "mmu/internal.h"
#include "mmu/shadow_entry.h"

/* Writes to a directory between two uses that are too many. */
#define FLOOD_WRITES 4
/* Writes to a leaf table, each by the emulator, before it goes out of sync. */
#define UNSYNC_WRITES 2
/* Flushes that find nothing wrong before a leaf table is watched again. */
#define QUIET_FLUSHES 16

/**
 * shadow_guest_table() - the guest table that a shadow page stands for
 * @vcpu: whose
 * @shadow: not a direct one
 */
const void *shadow_guest_table(struct mmu_vcpu *vcpu, const struct shadow_page *shadow)
{
	/* A shadow of a table does not outlive the table's page. */
	return page_address(mmu_find_page(vcpu->mmu, shadow->place.gfn)->page);
}

/* The entry in it that a shadow entry is made of; of a direct one anything. */
u64 shadow_guest_entry(const struct shadow_page *shadow, const void *table, unsigned int index)
{
	const void *entry;

	if (shadow_is_direct(shadow))
		return 0;
	entry = table + shadow_entry_offset(shadow->place.role, index);
	return shadow_entry_bytes(shadow->place.role) == 8 ? READ_ONCE(*(const u64 *)entry) :
							     READ_ONCE(*(const u32 *)entry);
}

static bool sync_child(struct mmu_vcpu *vcpu, struct shadow_page *directory, unsigned int index,
		       u64 entry)
{
	struct shadow_page *child = shadow_child(vcpu, directory, index);
	struct shadow_place place;

	if (shadow_child_place(&directory->place, entry, index, &place) &&
	    shadow_same_place(&child->place, &place))
		return false;
	shadow_clear_entry(vcpu, directory, index);
	/* Its address space is being taken apart, most likely. */
	if (!child->parents)
		shadow_zap(vcpu, child);
	return true;
}

/*
 * What is writable stays so if the guest still says it; what is not becomes it
 * by a fault, which looks whether the page is watched.
 */
static bool sync_leaf(struct mmu_vcpu *vcpu, struct shadow_page *table, unsigned int index,
		      u64 entry)
{
	const u64 old = table->entries[index];
	struct guest_walk walk;
	u64 leaf;

	if (!shadow_leaf_walk(&table->place, entry, index, &walk) ||
	    walk.gpa >> PAGE_SHIFT != table->targets[index]) {
		shadow_clear_entry(vcpu, table, index);
		return true;
	}
	leaf = __sme_set(shadow_leaf(&walk, (__sme_clr(old) & SHADOW_ADDRESS) >> PAGE_SHIFT,
				     shadow_leaf_flags(table->place.role)));
	if (!(old & PTE_W))
		leaf &= ~(PTE_W | PTE_D);
	if (leaf == old)
		return false;
	WRITE_ONCE(table->entries[index], leaf);
	return true;
}

static bool sync_entry(struct mmu_vcpu *vcpu, struct shadow_page *shadow, const void *table,
		       unsigned int index)
{
	const u64 entry = shadow_guest_entry(shadow, table, index);

	return shadow_is_directory(shadow) ? sync_child(vcpu, shadow, index, entry) :
					     sync_leaf(vcpu, shadow, index, entry);
}

/**
 * shadow_sync_entry() - make a shadow entry allow no more than the guest's does
 * @vcpu: whose
 * @shadow: the shadow page
 * @index: of the entry
 *
 * Return: whether it was changed.
 */
bool shadow_sync_entry(struct mmu_vcpu *vcpu, struct shadow_page *shadow, unsigned int index)
{
	lockdep_assert_held(&vcpu->mmu->lock);
	if (shadow_is_direct(shadow) || !test_bit(index, shadow->present))
		return false;
	return sync_entry(vcpu, shadow, shadow_guest_table(vcpu, shadow), index);
}

static void watch_again(struct mmu_vcpu *vcpu, struct shadow_page *shadow)
{
	struct mmu_page *page = mmu_find_page(vcpu->mmu, shadow->place.gfn);

	list_del_init(&shadow->unsync_list);
	page->watched++;
	shadow_protect_page(vcpu, page);
}

/**
 * shadow_sync_page() - have a leaf table that is out of sync right again
 * @vcpu: whose
 * @shadow: the shadow page; nothing is done for one that is in sync
 */
void shadow_sync_page(struct mmu_vcpu *vcpu, struct shadow_page *shadow)
{
	const void *table;
	bool wrong = false;
	unsigned int i;

	lockdep_assert_held(&vcpu->mmu->lock);
	if (list_empty(&shadow->unsync_list))
		return;
	table = shadow_guest_table(vcpu, shadow);
	for_each_set_bit(i, shadow->present, SHADOW_ENTRIES)
		wrong |= sync_entry(vcpu, shadow, table, i);
	vcpu->statistics.resynced++;
	shadow->quiet = wrong ? 0 : shadow->quiet + 1;
	if (shadow->quiet >= QUIET_FLUSHES)
		watch_again(vcpu, shadow);
}

static bool is_reachable(struct mmu_vcpu *vcpu, const struct shadow_page *shadow)
{
	unsigned int i;
	u32 link;

	for (link = shadow->parents; link; link = shadow_link_at(vcpu, link)->next) {
		for (i = 0; i < MMU_QUARTERS; i++)
			if (vcpu->root_shadows[i] == shadow_of_link(vcpu, link))
				return true;
	}
	return false;
}

/* The guest flushes: what the processor can reach has to be right. */
void shadow_sync_reachable(struct mmu_vcpu *vcpu)
{
	struct shadow_page *shadow, *next;

	lockdep_assert_held(&vcpu->mmu->lock);
	list_for_each_entry_safe(shadow, next, &vcpu->unsync, unsync_list) {
		if (is_reachable(vcpu, shadow))
			shadow_sync_page(vcpu, shadow);
	}
}

/**
 * shadow_unsync() - let the guest write a page table without being heard
 * @vcpu: whose
 * @gfn: of the table
 * @page: its page
 *
 * Return: whether the page may be writable now.
 */
bool shadow_unsync(struct mmu_vcpu *vcpu, u64 gfn, struct mmu_page *page)
{
	struct shadow_page *shadow;

	lockdep_assert_held(&vcpu->mmu->lock);
	if (!page->watched)
		return true;
	if (page->directories)
		return false;
	for (shadow = shadow_next_of_table(vcpu, gfn, NULL); shadow;
	     shadow = shadow_next_of_table(vcpu, gfn, shadow)) {
		if (!list_empty(&shadow->unsync_list))
			continue;
		shadow->quiet = 0;
		shadow->writes = 0;
		list_add(&shadow->unsync_list, &vcpu->unsync);
		page->watched--;
		vcpu->statistics.unsynced++;
	}
	return true;
}

/* ---- writes that were heard of --------------------------------------------- */

/* Entries are written whole, or as halves of 4 bytes. Text and stacks are not. */
static bool looks_like_an_entry(u32 role, unsigned int offset, unsigned int bytes)
{
	return bytes >= 4 && !(offset & (min(bytes, shadow_entry_bytes(role)) - 1));
}

/* Whether any entry of @shadow is made of what was written. */
static bool sync_written(struct mmu_vcpu *vcpu, struct shadow_page *shadow, unsigned int offset,
			 unsigned int bytes)
{
	const unsigned int entry_bytes = shadow_entry_bytes(shadow->place.role);
	unsigned int at = round_down(offset, entry_bytes);
	bool concerned = false;

	for (; at < offset + bytes; at += entry_bytes) {
		unsigned int first;
		unsigned int count = shadow_entries_at(shadow->place.role, at, &first);

		for (; count; count--, first++) {
			concerned = true;
			shadow_sync_entry(vcpu, shadow, first);
		}
	}
	return concerned;
}

static void table_written(struct mmu_vcpu *vcpu, struct mmu_page *page, u64 gpa,
			  unsigned int bytes, bool by_walk)
{
	const u64 gfn = gpa >> PAGE_SHIFT;
	const unsigned int offset = offset_in_page(gpa);
	struct shadow_page *shadow;
	bool flood = false, often = false;

	for (shadow = shadow_next_of_table(vcpu, gfn, NULL); shadow;
	     shadow = shadow_next_of_table(vcpu, gfn, shadow)) {
		if (!sync_written(vcpu, shadow, offset, bytes) || by_walk)
			continue;
		shadow->writes++;
		often |= shadow->writes >= UNSYNC_WRITES;
		flood |= shadow->writes >= FLOOD_WRITES ||
			 !looks_like_an_entry(shadow->place.role, offset, bytes);
	}
	if (page->directories ? !flood : !often)
		return;
	if (!page->directories) {
		shadow_unsync(vcpu, gfn, page);
		return;
	}
	shadow_zap_table(vcpu, gfn);
	vcpu->statistics.floods++;
}

/**
 * mmu_table_written() - a page of the guest was written by the emulator or walk
 * @mmu: memory of the VM
 * @gpa: where; the new value is there
 * @bytes: how many, within one page
 * @by_walk: A or D bits, which say nothing about what the guest does
 *
 * Context: the vCPU's thread, mmu->lock not held.
 */
void mmu_table_written(struct mmu *mmu, u64 gpa, unsigned int bytes, bool by_walk)
{
	struct mmu_page *page;

	spin_lock(&mmu->lock);
	if (mmu->vcpu && mmu->vcpu->statistics.shadow_pages) {
		page = mmu_find_page(mmu, gpa >> PAGE_SHIFT);
		if (page && page->tables)
			table_written(mmu->vcpu, page, gpa, bytes, by_walk);
	}
	spin_unlock(&mmu->lock);
}
