// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four entries that the guest world's root has below 4 GiB: which shadow
 * they lead to, and what the guest's flushes mean. Called by the run loop in the
 * vCPU's thread, host world.
 *
 * CR3 loads are frequent and address spaces come back: the shadow of one that
 * was used before is found, what is out of sync in it is compared, and no entry
 * is made anew. Directories that there is no shadow of are made by the first
 * fault below them.
 *
 * Of 4-level tables the upper two levels are not shadowed. What they say is
 * read at each flush and each fault, as a processor may that caches them.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mmu/internal.h"

#define TABLE_ADDRESS GENMASK_ULL(GUEST_PHYSICAL_BITS - 1, 12)

/* Directories and tables of the whole 4 GiB. */
#define SHADOW_PAGES_MAX (MMU_QUARTERS + MMU_QUARTERS * 512)
/* One 128th of the host's memory, within these. */
#define SHADOW_PAGES_MIN 64
#define SHADOW_MEMORY_SHARE 128
#define SHADOW_BYTES (PAGE_SIZE + sizeof(struct shadow_page))

/* ---- where the guest's directories are ----------------------------------- */

/* The rights of an upper level's entry folded into @upper; false: it is none. */
static bool read_upper(struct mmu *mmu, const struct virtual_cpu *cpu, u64 gpa, u64 *entry,
		       u8 *upper)
{
	const bool no_execute = cpu->efer & EFER_NX;

	if (mmu_read_guest(mmu, gpa, entry, sizeof(*entry)) != MMU_RAM)
		return false;
	if (!(*entry & PTE_P) || !(*entry & PTE_A) ||
	    (*entry & (walk_reserved_bits(true, no_execute, false) | PTE_PS)))
		return false;
	if (!(*entry & PTE_W))
		*upper &= ~WALK_WRITABLE;
	if (!(*entry & PTE_U))
		*upper &= ~WALK_USER;
	if (no_execute && (*entry & PTE_NX))
		*upper &= ~WALK_EXECUTABLE;
	return true;
}

/* False: the quarter has no directory, or it was not used yet. */
static bool find_root(struct mmu *mmu, const struct virtual_cpu *cpu, unsigned int quarter,
		      struct shadow_place *place)
{
	u8 upper = WALK_WRITABLE | WALK_USER | WALK_EXECUTABLE;
	u64 table = cpu->cr3 & GENMASK_ULL(31, 12);
	u64 entry;

	if ((cpu->cr0 & X86_CR0_PG) && cpu_long_mode(cpu)) {
		if (!read_upper(mmu, cpu, cpu->cr3 & TABLE_ADDRESS, &entry, &upper) ||
		    !read_upper(mmu, cpu, (entry & TABLE_ADDRESS) + quarter * sizeof(entry),
				&entry, &upper))
			return false;
		table = entry & TABLE_ADDRESS;
	} else if ((cpu->cr0 & X86_CR0_PG) && (cpu->cr4 & X86_CR4_PAE)) {
		if (!(cpu->pdptrs[quarter] & PTE_P))
			return false;
		table = cpu->pdptrs[quarter] & TABLE_ADDRESS;
	}
	shadow_root_place(cpu, quarter, table >> PAGE_SHIFT, upper, place);
	return true;
}

/* ---- flushes --------------------------------------------------------------- */

void mmu_load_root(struct mmu_vcpu *vcpu, const struct virtual_cpu *cpu)
{
	struct shadow_place places[MMU_QUARTERS];
	bool present[MMU_QUARTERS], cached = false;
	struct shadow_page *directory;
	unsigned int i;

	for (i = 0; i < MMU_QUARTERS; i++)
		present[i] = find_root(vcpu->mmu, cpu, i, &places[i]);

	spin_lock(&vcpu->mmu->lock);
	for (i = 0; i < MMU_QUARTERS; i++) {
		directory = present[i] ? shadow_find(vcpu, &places[i]) : NULL;
		cached |= directory != NULL;
		shadow_set_root(vcpu, i, directory);
	}
	if (cached)
		vcpu->statistics.roots_cached++;
	else
		vcpu->statistics.roots_missed++;
	shadow_sync_reachable(vcpu);
	spin_unlock(&vcpu->mmu->lock);
}

static void flush_page(struct mmu_vcpu *vcpu, u64 linear)
{
	struct shadow_page *directory = vcpu->root_shadows[shadow_quarter(linear)];
	const unsigned int index = shadow_table_index(linear);
	struct shadow_page *table;

	if (!directory)
		return;
	shadow_sync_entry(vcpu, directory, shadow_directory_index(linear));
	table = shadow_child(vcpu, directory, shadow_directory_index(linear));
	/* What was used will be used again, most likely. */
	if (table && shadow_sync_entry(vcpu, table, index))
		shadow_fill_ahead(vcpu, table, index, 1);
}

void mmu_flush_page(struct mmu_vcpu *vcpu, const struct virtual_cpu *cpu, u64 linear)
{
	/* INVLPG of any address flushes what is cached of upper levels. */
	if (cpu_long_mode(cpu)) {
		mmu_load_root(vcpu, cpu);
		return;
	}
	spin_lock(&vcpu->mmu->lock);
	flush_page(vcpu, (u32)linear);
	spin_unlock(&vcpu->mmu->lock);
}

void mmu_flush(struct mmu_vcpu *vcpu)
{
	spin_lock(&vcpu->mmu->lock);
	shadow_zap_all(vcpu);
	vcpu->statistics.flushes++;
	spin_unlock(&vcpu->mmu->lock);
}

void mmu_before_entry(struct mmu_vcpu *vcpu)
{
	if (atomic64_read(&vcpu->mmu->to_unaccount))
		mmu_settle_account(vcpu->mmu);
}

/* ---- a vCPU comes and goes ------------------------------------------------- */

int mmu_vcpu_init(struct mmu_vcpu *vcpu, struct mmu *mmu)
{
	const unsigned long share = totalram_pages() / SHADOW_MEMORY_SHARE * PAGE_SIZE;

	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->mmu = mmu;
	vcpu->page_limit = clamp_t(unsigned long, share / SHADOW_BYTES, SHADOW_PAGES_MIN,
				   SHADOW_PAGES_MAX);
	INIT_LIST_HEAD(&vcpu->pages);
	INIT_LIST_HEAD(&vcpu->spare);
	INIT_LIST_HEAD(&vcpu->unsync);
	vcpu->root = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->root)
		return -ENOMEM;
	vcpu->shadows = kvcalloc(vcpu->page_limit + 1, sizeof(*vcpu->shadows), GFP_KERNEL_ACCOUNT);
	if (!vcpu->shadows) {
		free_page((unsigned long)vcpu->root);
		vcpu->root = NULL;
		return -ENOMEM;
	}
	spin_lock(&mmu->lock);
	mmu->vcpu = vcpu;
	spin_unlock(&mmu->lock);
	return 0;
}

void mmu_vcpu_destroy(struct mmu_vcpu *vcpu)
{
	LIST_HEAD(released);

	if (!vcpu->root)
		return;
	spin_lock(&vcpu->mmu->lock);
	shadow_release(vcpu, UINT_MAX, &released);
	spin_unlock(&vcpu->mmu->lock);
	mmu_forget_vcpu(vcpu->mmu);
	shadow_free_released(&released);
	kvfree(vcpu->shadows);
	free_page((unsigned long)vcpu->root);
	vcpu->root = NULL;
}

u64 mmu_bytes(struct mmu *mmu)
{
	const u64 pages = atomic64_read(&mmu->pinned_pages);
	/* A node of the page index serves up to 64 pages. */
	u64 bytes = sizeof(*mmu) + pages * sizeof(struct mmu_page) +
		    DIV_ROUND_UP_ULL(pages, XA_CHUNK_SIZE) * sizeof(struct xa_node);
	unsigned int i;

	down_read(&mmu->slots_lock);
	for (i = 0; i < MMU_SLOTS; i++)
		bytes += mmu->slots[i] ? sizeof(struct mmu_slot) : 0;
	up_read(&mmu->slots_lock);
	spin_lock(&mmu->lock);
	if (mmu->vcpu)
		bytes += PAGE_SIZE + (mmu->vcpu->page_limit + 1) * sizeof(*mmu->vcpu->shadows) +
			 mmu->vcpu->allocated * SHADOW_BYTES;
	spin_unlock(&mmu->lock);
	return bytes;
}
