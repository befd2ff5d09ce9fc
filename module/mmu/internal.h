/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the memory layer share among themselves.
 */
#ifndef RINGLET_MMU_INTERNAL_H
#define RINGLET_MMU_INTERNAL_H

#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/xarray.h>
#include <asm/cpufeature.h>

#include "mmu/mmu.h"
#include "mmu/shadow_entry.h"
#include "mmu/shadow_role.h"

/**
 * struct mmu_page - a guest page that is pinned; all under mmu->lock
 * @page: the host's
 * @leaves: first link of the shadow leaves that map it
 * @tables: shadow pages that stand for it, as a page table of the guest
 * @watched: of these, those that hear of each write to it: as long as there is
 *	one, no leaf of the page is writable
 * @directories: of these, directories, which are always watched
 * @tracked: mmu->tracked has it
 * @read_only: the slot is
 * @clean: the slot has a log, and the guest has not written since it was read
 * @host_writable: mmu_interpret_page() gave its address for writing
 */
struct mmu_page {
	struct page *page;
	u32 leaves;
	u16 tables;
	u16 watched;
	u16 directories;
	bool tracked;
	bool read_only;
	bool clean;
	bool host_writable;
};

/* Whether the guest may write it with nobody hearing of that. */
static inline bool mmu_page_writable(const struct mmu_page *page)
{
	return !page->watched && !page->tracked && !page->read_only && !page->clean;
}

/**
 * struct mmu_slot - a range of guest-physical memory
 * @base_gfn: first guest frame; changed under slots_lock
 * @page_count: never changes, like the two fields after it
 * @user_address: where the client has it
 * @writable: not KVM_MEM_READONLY
 * @dirty: a bit for each page that was written, or NULL: there is no log.
 *	Made and freed under slots_lock
 * @pages: struct mmu_page of each page that is pinned, by its number in the
 *	slot. Sparse: memory that the guest never touches costs nothing. Entries
 *	are stored and erased under mmu->lock
 */
struct mmu_slot {
	u64 base_gfn;
	u64 page_count;
	unsigned long user_address;
	bool writable;
	unsigned long *dirty;
	struct xarray pages;
};

/*
 * A shadow entry's place in a list of entries that lead to the same page: the
 * leaves of a guest page, the directory entries of a shadow table. A link is
 * the number of a shadow page and an index in it; 0 is none.
 */
struct shadow_link {
	u32 next;
	u32 previous;
};

/**
 * struct shadow_page - one page of shadow entries; all under mmu->lock
 * @place: what it stands for
 * @entries: what the processor reads
 * @number: where vcpu->shadows has it; from 1 on
 * @parents: first link of the directory entries that lead here
 * @by_place: in vcpu->places, while in use
 * @list: in vcpu->pages (the last used first) or vcpu->spare
 * @unsync_list: in vcpu->unsync, or empty: the guest may write the table that
 *	this stands for without anybody hearing of it; entries may be wrong until
 *	the guest flushes. Leaf tables only
 * @writes: how often the guest's table was written since it was last used
 * @quiet: how often in a row a flush found all entries right
 * @present: which entries are not zero
 * @targets: of those: of a leaf, the guest frame; in a directory, the number
 *	of the table
 * @links: of those
 */
struct shadow_page {
	struct shadow_place place;
	u64 *entries;
	u32 number;
	u32 parents;
	struct hlist_node by_place;
	struct list_head list;
	struct list_head unsync_list;
	u16 writes;
	u16 quiet;
	DECLARE_BITMAP(present, SHADOW_ENTRIES);
	u32 targets[SHADOW_ENTRIES];
	struct shadow_link links[SHADOW_ENTRIES];
};

static inline bool shadow_is_directory(const struct shadow_page *shadow)
{
	return shadow->place.role & ROLE_DIRECTORY;
}

static inline bool shadow_is_direct(const struct shadow_page *shadow)
{
	return shadow->place.role & ROLE_DIRECT;
}

/* ---- links ------------------------------------------------------------- */

#define SHADOW_INDEX_BITS 9
static_assert(SHADOW_ENTRIES == 1 << SHADOW_INDEX_BITS);

static inline u32 shadow_link_of(const struct shadow_page *shadow, unsigned int index)
{
	return shadow->number << SHADOW_INDEX_BITS | index;
}

static inline struct shadow_page *shadow_of_link(struct mmu_vcpu *vcpu, u32 link)
{
	return vcpu->shadows[link >> SHADOW_INDEX_BITS];
}

static inline unsigned int shadow_link_index(u32 link)
{
	return link & (SHADOW_ENTRIES - 1);
}

static inline struct shadow_link *shadow_link_at(struct mmu_vcpu *vcpu, u32 link)
{
	return &shadow_of_link(vcpu, link)->links[shadow_link_index(link)];
}

/* ---- functions --------------------------------------------------------- */

enum mmu_pin {
	MMU_PIN_OK,	   /* it is */
	MMU_PIN_NEW,	   /* it was not, but is now */
	MMU_PIN_AGAIN,	   /* the client changes its mappings, or a signal: go around */
	MMU_PIN_NO_MEMORY, /* host memory or the memlock limit */
	MMU_PIN_BAD,	   /* nothing that can be pinned is mapped there */
};

/* slot.c; slots_lock or mmu->lock held */
struct mmu_slot *mmu_find_slot(struct mmu *mmu, u64 gfn);
/* slot.c; mmu->lock held */
struct mmu_page *mmu_find_page(struct mmu *mmu, u64 gfn);

/* pin.c */
enum mmu_pin mmu_pin_page(struct mmu *mmu, struct mmu_slot *slot, u64 index);
void mmu_unpin_slot(struct mmu *mmu, struct mmu_slot *slot);
void mmu_settle_account(struct mmu *mmu);
void mmu_kick(struct mmu *mmu);
void mmu_forget_vcpu(struct mmu *mmu);
bool mmu_invalidating(struct mmu *mmu); /* mmu->lock held */
extern const struct mmu_notifier_ops mmu_notifier_operations;

/* dirty.c */
void mmu_mark_dirty(struct mmu_slot *slot, u64 gfn);
void mmu_let_write(struct mmu_slot *slot, struct mmu_page *page, u64 gfn);
int mmu_set_log(struct mmu *mmu, struct mmu_slot *slot, bool on);

/* access.c; the vCPU's thread */
bool mmu_page_tracked(struct mmu *mmu, u64 gfn);
enum walk_result mmu_walk(struct mmu *mmu, const struct virtual_cpu *cpu, u64 linear,
			  unsigned int access, struct guest_walk *walk);
enum cpu_result mmu_stop_walk(struct virtual_cpu *cpu, enum walk_result result);

/* shadow.c; mmu->lock held where nothing else is said */
int shadow_prepare(struct mmu_vcpu *vcpu); /* not held; sleeps */
struct shadow_page *shadow_find(struct mmu_vcpu *vcpu, const struct shadow_place *place);
struct shadow_page *shadow_get(struct mmu_vcpu *vcpu, const struct shadow_place *place);
struct shadow_page *shadow_next_of_table(struct mmu_vcpu *vcpu, u64 gfn, struct shadow_page *from);
struct shadow_page *shadow_child(struct mmu_vcpu *vcpu, const struct shadow_page *directory,
				 unsigned int index);
void shadow_set_child(struct mmu_vcpu *vcpu, struct shadow_page *directory, unsigned int index,
		      struct shadow_page *child);
void shadow_set_leaf(struct mmu_vcpu *vcpu, struct shadow_page *table, unsigned int index,
		     struct mmu_page *page, u64 gfn, u64 leaf);
void shadow_clear_entry(struct mmu_vcpu *vcpu, struct shadow_page *shadow, unsigned int index);
void shadow_set_root(struct mmu_vcpu *vcpu, unsigned int quarter, struct shadow_page *directory);
void shadow_zap(struct mmu_vcpu *vcpu, struct shadow_page *shadow);
void shadow_zap_table(struct mmu_vcpu *vcpu, u64 gfn);
void shadow_zap_all(struct mmu_vcpu *vcpu);
void shadow_forget_page(struct mmu_vcpu *vcpu, struct mmu_page *page, u64 gfn);
void shadow_protect_page(struct mmu_vcpu *vcpu, struct mmu_page *page);
unsigned int shadow_release(struct mmu_vcpu *vcpu, unsigned int count, struct list_head *released);
void shadow_free_released(struct list_head *released); /* not held; sleeps */

/* fill.c; mmu->lock held */
u64 shadow_make_leaf(const struct mmu_page *page, const struct guest_walk *walk,
		     unsigned int flags);
void shadow_fill_ahead(struct mmu_vcpu *vcpu, struct shadow_page *table, unsigned int first,
		       unsigned int count);

/* sync.c; mmu->lock held where nothing else is said */
const void *shadow_guest_table(struct mmu_vcpu *vcpu, const struct shadow_page *shadow);
u64 shadow_guest_entry(const struct shadow_page *shadow, const void *table, unsigned int index);
bool shadow_sync_entry(struct mmu_vcpu *vcpu, struct shadow_page *shadow, unsigned int index);
void shadow_sync_page(struct mmu_vcpu *vcpu, struct shadow_page *shadow);
void shadow_sync_reachable(struct mmu_vcpu *vcpu);
bool shadow_unsync(struct mmu_vcpu *vcpu, u64 gfn, struct mmu_page *page);
void mmu_table_written(struct mmu *mmu, u64 gpa, unsigned int bytes, bool by_walk); /* not held */

/* reclaim.c; the VM is known to the shrinker between the two. Sleeps */
void mmu_add_to_reclaim(struct mmu *mmu);
void mmu_remove_from_reclaim(struct mmu *mmu);

/* What shadow_leaf() has to know of the guest's mode and of the host. */
static inline unsigned int shadow_leaf_flags(u32 role)
{
	return (role & ROLE_WP ? SHADOW_CR0_WP : 0) |
	       (boot_cpu_has(X86_FEATURE_NX) ? SHADOW_HOST_NX : 0);
}

/* The place of a linear address in the shadow. */
static inline unsigned int shadow_quarter(u64 linear)
{
	return (linear >> 30) & 3;
}

static inline unsigned int shadow_directory_index(u64 linear)
{
	return (linear >> 21) & 0x1ff;
}

static inline unsigned int shadow_table_index(u64 linear)
{
	return (linear >> 12) & 0x1ff;
}

#endif /* RINGLET_MMU_INTERNAL_H */
