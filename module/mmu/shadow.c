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

#include "mmu/internal.h"
#include "mmu/shadow_entry.h"

#define ROOT_ENTRIES 4

/* Directories and tables of the whole 4 GiB: no more can be of use. */
#define SHADOW_PAGES_MAX (ROOT_ENTRIES + ROOT_ENTRIES * 512)
/* One 128th of the host's memory (4 KiB of tables each), within these. */
#define SHADOW_PAGES_MIN 64
#define SHADOW_MEMORY_SHARE 128

/* page->private of a table: it holds, or held, parts of large guest pages. */
#define TABLE_HAS_LARGE 1

static u64 *entry_table(u64 entry)
{
	return __va(__sme_clr(entry) & SHADOW_ADDRESS);
}

static unsigned int directory_index(u64 linear)
{
	return (linear >> 21) & 0x1ff;
}

static unsigned int table_index(u64 linear)
{
	return (linear >> 12) & 0x1ff;
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
		list_del(&page->lru);
		clear_page(page_address(page));
	} else {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!page)
			return NULL;
	}
	set_page_private(page, 0);
	list_add(&page->lru, &vcpu->pages);
	vcpu->statistics.shadow_pages++;
	vcpu->statistics.shadow_pages_peak =
		max(vcpu->statistics.shadow_pages_peak, vcpu->statistics.shadow_pages);
	return page_address(page);
}

static u64 *get_lower_table(struct mmu_vcpu *vcpu, u64 *entry)
{
	u64 *table;

	if (*entry)
		return entry_table(*entry);
	table = get_table(vcpu);
	if (table)
		WRITE_ONCE(*entry, __sme_set(__pa(table)) | SHADOW_TABLE);
	return table;
}

/**
 * mmu_shadow_leaf() - where the leaf of a linear address goes
 * @vcpu: whose shadow
 * @linear: below 4 GiB
 * @large: the leaf will be a part of a large page of the guest
 *
 * At the limit everything is dropped first. NULL: no memory. Context: the
 * vCPU's thread, sleeps.
 */
u64 *mmu_shadow_leaf(struct mmu_vcpu *vcpu, u64 linear, bool large)
{
	u64 *directory, *table;

	if (vcpu->statistics.shadow_pages + 2 > vcpu->page_limit && !find_table(vcpu, linear))
		mmu_flush(vcpu);
	directory = get_lower_table(vcpu, &vcpu->root[(linear >> 30) & 3]);
	if (!directory)
		return NULL;
	table = get_lower_table(vcpu, &directory[directory_index(linear)]);
	if (!table)
		return NULL;
	if (large)
		set_page_private(virt_to_page(table), TABLE_HAS_LARGE);
	return &table[table_index(linear)];
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
	unsigned int i;

	if (!table || page_private(virt_to_page(table)) != TABLE_HAS_LARGE)
		return;
	for (i = 0; i < 512; i++) {
		if (table[i] & SHADOW_LARGE)
			WRITE_ONCE(table[i], 0);
	}
	set_page_private(virt_to_page(table), 0);
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
		WRITE_ONCE(table[table_index(linear)], 0);
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
