// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shadow page tables of one vCPU: the guest's linear 4 GiB in the host's
 * format, under entry 0 of the guest world's root. Called by the vCPU's thread
 * in the host world, which is the only one that writes them; the processor only
 * reads them (A and D are preset), and only in the guest world.
 *
 *   root (PDPT, 4 entries) -> directory (512) -> table (512 leaves of 4 KiB)
 *
 * A page of tables is never given back before the vCPU goes: a flush cuts the
 * root and keeps the pages for the next entries. Everybody else who finds an
 * entry wrong asks for a flush, because finding entries by page costs more than
 * making them anew.
 */
#include <linux/gfp.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "mmu/internal.h"
#include "mmu/shadow_entry.h"

#define ROOT_ENTRIES 4

/* Directories and tables of the whole 4 GiB: no more can be of use. */
#define SHADOW_PAGES_MAX (ROOT_ENTRIES + ROOT_ENTRIES * 512)
/* One 128th of the host's memory (4 KiB of tables each), within these. */
#define SHADOW_PAGES_MIN 64
#define SHADOW_MEMORY_SHARE 128

/*
 * page->private of a directory or table: a range outside which all its entries
 * are zero, and whether it holds parts of large guest pages. A table that is
 * used again is cleared in that range only; few processes use many pages of
 * one 2 MB between two loads of CR3.
 */
#define USE_HAS_LARGE BIT(0)
#define USE_FIRST_SHIFT 16
#define USE_END_SHIFT 32
#define USE_INDEX 0xffffUL
#define USE_NOTHING (512UL << USE_FIRST_SHIFT)

static u64 *entry_table(u64 entry)
{
	return __va(__sme_clr(entry) & SHADOW_ADDRESS);
}

static unsigned int directory_index(u64 linear)
{
	return (linear >> 21) & 0x1ff;
}

static unsigned int first_used(unsigned long use)
{
	return (use >> USE_FIRST_SHIFT) & USE_INDEX;
}

static unsigned int end_of_used(unsigned long use)
{
	return (use >> USE_END_SHIFT) & USE_INDEX;
}

/* Every entry is set here, so that the range is right. */
static void set_entry(u64 *table, unsigned int index, u64 entry)
{
	struct page *page = virt_to_page(table);
	const unsigned long use = page_private(page);
	const unsigned long first = min(first_used(use), index);
	const unsigned long end = max(end_of_used(use), index + 1);

	set_page_private(page, (use & USE_HAS_LARGE) | (entry & SHADOW_LARGE ? USE_HAS_LARGE : 0) |
				       first << USE_FIRST_SHIFT | end << USE_END_SHIFT);
	WRITE_ONCE(table[index], entry);
}

/* The table that maps @linear, NULL when there is none. */
static u64 *find_table(struct mmu_vcpu *vcpu, u64 linear)
{
	const u64 root_entry = vcpu->root[(linear >> 30) & 3];
	u64 entry;

	if (!root_entry)
		return NULL;
	entry = entry_table(root_entry)[directory_index(linear)];
	return entry ? entry_table(entry) : NULL;
}

/* A zeroed page for tables; the caller has looked at the limit. */
static u64 *get_table(struct mmu_vcpu *vcpu)
{
	struct page *page = list_first_entry_or_null(&vcpu->spare, struct page, lru);

	if (page) {
		const unsigned long use = page_private(page);
		u64 *table = page_address(page);

		list_del(&page->lru);
		if (first_used(use) < end_of_used(use))
			memset64(table + first_used(use), 0, end_of_used(use) - first_used(use));
	} else {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!page)
			return NULL;
	}
	set_page_private(page, USE_NOTHING);
	list_add(&page->lru, &vcpu->pages);
	vcpu->statistics.shadow_pages++;
	vcpu->statistics.shadow_pages_peak =
		max(vcpu->statistics.shadow_pages_peak, vcpu->statistics.shadow_pages);
	return page_address(page);
}

static u64 *get_lower_table(struct mmu_vcpu *vcpu, u64 *upper, unsigned int index)
{
	u64 *table;

	if (upper[index])
		return entry_table(upper[index]);
	table = get_table(vcpu);
	if (table)
		set_entry(upper, index, __sme_set(__pa(table)) | SHADOW_TABLE);
	return table;
}

/**
 * mmu_shadow_table() - the table for the leaves around a linear address
 * @vcpu: whose shadow
 * @linear: below 4 GiB
 *
 * At the limit everything is dropped first. NULL: no memory. Context: the
 * vCPU's thread, sleeps.
 */
u64 *mmu_shadow_table(struct mmu_vcpu *vcpu, u64 linear)
{
	u64 *table = find_table(vcpu, linear);
	u64 *directory;

	if (table)
		return table;
	if (vcpu->statistics.shadow_pages + 2 > vcpu->page_limit)
		mmu_flush(vcpu);
	directory = get_lower_table(vcpu, vcpu->root, (linear >> 30) & 3);
	return directory ? get_lower_table(vcpu, directory, directory_index(linear)) : NULL;
}

/**
 * mmu_set_leaf() - let the guest use a page
 * @table: from mmu_shadow_table(), no flush since
 * @index: of the leaf in it
 * @leaf: from shadow_leaf()
 *
 * Context: the vCPU's thread with mmu->lock held, having seen that the page is
 * pinned and nothing is being invalidated.
 */
void mmu_set_leaf(u64 *table, unsigned int index, u64 leaf)
{
	set_entry(table, index, leaf);
}

void mmu_flush(struct mmu_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < ROOT_ENTRIES; i++)
		WRITE_ONCE(vcpu->root[i], 0);
	list_splice_init(&vcpu->pages, &vcpu->spare);
	vcpu->statistics.shadow_pages = 0;
	vcpu->statistics.flushes++;
}

static void drop_large_parts(struct mmu_vcpu *vcpu, u64 linear)
{
	u64 *table = find_table(vcpu, linear);
	struct page *page;
	unsigned long use;
	unsigned int i;

	if (!table)
		return;
	page = virt_to_page(table);
	use = page_private(page);
	if (!(use & USE_HAS_LARGE))
		return;
	for (i = first_used(use); i < end_of_used(use); i++) {
		if (table[i] & SHADOW_LARGE)
			WRITE_ONCE(table[i], 0);
	}
	set_page_private(page, use & ~USE_HAS_LARGE);
}

/*
 * By the time of an INVLPG the guest's tables say something new, so what the
 * page was is read from the shadow. A 4 MB page fills two tables; of the 2 MB
 * neighbour of a 2 MB page too much is dropped, which is harmless.
 */
void mmu_flush_page(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu, u64 linear)
{
	u64 *table;

	linear = (u32)linear;
	table = find_table(vcpu, linear);
	if (table)
		WRITE_ONCE(table[mmu_table_index(linear)], 0);
	drop_large_parts(vcpu, linear);
	drop_large_parts(vcpu, linear ^ BIT_ULL(21));
}

void mmu_before_entry(struct mmu_vcpu *vcpu)
{
	/* Clear first: a request that comes during the flush is a new one. */
	if (READ_ONCE(vcpu->flush_requested) && xchg(&vcpu->flush_requested, false))
		mmu_flush(vcpu);
	if (atomic64_read(&vcpu->mmu->to_unaccount))
		mmu_settle_account(vcpu->mmu);
}

int mmu_vcpu_init(struct mmu_vcpu *vcpu, struct mmu *mmu)
{
	*vcpu = (struct mmu_vcpu){
		.mmu = mmu,
		.page_limit = clamp_t(unsigned long, totalram_pages() / SHADOW_MEMORY_SHARE,
				      SHADOW_PAGES_MIN, SHADOW_PAGES_MAX),
	};
	INIT_LIST_HEAD(&vcpu->pages);
	INIT_LIST_HEAD(&vcpu->spare);
	vcpu->root = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->root)
		return -ENOMEM;
	set_page_private(virt_to_page(vcpu->root), USE_NOTHING);
	spin_lock(&mmu->lock);
	mmu->vcpu = vcpu;
	spin_unlock(&mmu->lock);
	return 0;
}

void mmu_vcpu_destroy(struct mmu_vcpu *vcpu)
{
	struct page *page, *next;

	if (!vcpu->root)
		return;
	mmu_forget_vcpu(vcpu->mmu);
	mmu_flush(vcpu);
	list_for_each_entry_safe(page, next, &vcpu->spare, lru) {
		list_del(&page->lru);
		set_page_private(page, 0);
		__free_page(page);
	}
	set_page_private(virt_to_page(vcpu->root), 0);
	free_page((unsigned long)vcpu->root);
	vcpu->root = NULL;
}

u64 mmu_bytes(struct mmu *mmu)
{
	/* A node of the page index serves up to 64 pages. */
	const u64 nodes = DIV_ROUND_UP_ULL(atomic64_read(&mmu->pinned_pages), XA_CHUNK_SIZE);
	u64 bytes = sizeof(*mmu) + nodes * sizeof(struct xa_node);
	unsigned int i;

	down_read(&mmu->slots_lock);
	for (i = 0; i < MMU_SLOTS; i++)
		bytes += mmu->slots[i] ? sizeof(struct mmu_slot) : 0;
	up_read(&mmu->slots_lock);
	/* Shadow pages stay allocated: the peak is what is held, with the root. */
	spin_lock(&mmu->lock);
	if (mmu->vcpu)
		bytes += (mmu->vcpu->statistics.shadow_pages_peak + 1) * PAGE_SIZE;
	spin_unlock(&mmu->lock);
	return bytes;
}
