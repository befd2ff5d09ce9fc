/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory and its shadow: memory slots over the client's address space,
 * pages pinned as they are touched, shadow page tables of the guest's linear
 * 4 GiB, and what a #PF in the guest means. Called by the run loop and the
 * API, in the host world.
 *
 * A shadow entry is made from a guest walk when it is first used. The guest's
 * page tables that are shadowed are write-protected or compared when the guest
 * flushes, so that shadows live on when the guest changes its address space.
 */
#ifndef RINGLET_MMU_MMU_H
#define RINGLET_MMU_MMU_H

#include <linux/kvm.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "cpu/cpu.h"
#include "mmu/walk.h"

#define MMU_SLOTS 64
#define MMU_ADDRESS_SPACES 1
#define MMU_NO_DEVICE (~0ULL)

struct mmu_slot; /* slot.c */
struct mmu;

/**
 * struct mmu_callbacks - what the memory layer asks of the layers above
 * @kick: return only after the vCPU has left the guest world (if it was in
 *	it). Called with IRQs on, must not sleep. The caller may hold slots_lock
 *	and the client's mmap_lock, so the thread must count as out of the guest
 *	world before it takes any lock
 * @tracked_write: the page at @gpa, which somebody tracks, was written by the
 *	guest through the emulator
 */
struct mmu_callbacks {
	void (*kick)(struct mmu *mmu);
	void (*tracked_write)(struct mmu *mmu, u64 gpa, unsigned int bytes);
};

/**
 * struct mmu - memory of one VM
 * @lock: guards the slots' pinned pages, @notifier_count, @notifier_sequence,
 *	@dead, @vcpu, @kicks, and all of the shadow; with @slots_lock, also the
 *	pointers in @slots and where the slots are
 * @slots_lock: guards the set of slots: read by the vCPU thread while it
 *	looks at guest memory, written by mmu_set_slot(). Comes before mmap_lock,
 *	which comes before @lock
 * @mm: the client; only its threads may run vCPUs
 * @device_gfn: a page of the processor's own, where no slot counts; ~0: none.
 *	Guarded as the slots are
 * @recent_slot: where to look first; any value is right
 * @tracked: how often each guest page is tracked, by gfn; the vCPU's thread
 * @kicks: callbacks->kick() under way
 * @reclaim: in the shrinker's list; its lock
 */
struct mmu {
	const struct mmu_callbacks *callbacks;
	struct mm_struct *mm;
	struct mmu_notifier notifier;
	spinlock_t lock;
	struct rw_semaphore slots_lock;
	struct mmu_slot *slots[MMU_SLOTS];
	u64 device_gfn;
	unsigned int recent_slot;
	unsigned int owner_slot; /* last answer of mmu_owns_pfn(), one caller */
	unsigned long owner_index;
	struct xarray tracked;
	unsigned long notifier_count;
	unsigned long notifier_sequence;
	bool dead; /* the client's address space is gone */
	atomic64_t pinned_pages;
	atomic64_t to_unaccount; /* unpinned where mmap_lock may not be taken */
	struct mmu_vcpu *vcpu;	 /* one vCPU per VM so far */
	unsigned int kicks;
	struct list_head reclaim;
};

/**
 * struct mmu_statistics - counts since the vCPU was made, but for two
 * @filled: leaves made because of a fault
 * @prefetched: leaves made beside them
 * @spurious: faults on leaves that were right
 * @flushes: whole shadows dropped
 * @roots_cached: CR3 loads and mode changes that found the address space's
 *	shadow
 * @roots_missed: those that did not
 * @built: shadow pages made
 * @zapped: entries cleared
 * @unsynced: leaf tables that the guest may write unheard
 * @resynced: of those, comparisons
 * @floods: directories given up because they were written too often
 * @evicted: shadow pages taken at the limit
 * @reclaimed: shadow pages given back because the host needed memory
 * @shadow_pages: in use now
 * @shadow_pages_peak: at most
 */
struct mmu_statistics {
	u64 filled;
	u64 prefetched;
	u64 spurious;
	u64 guest_faults;
	u64 mmio_faults;
	u64 tracked_faults;
	u64 flushes;
	u64 roots_cached;
	u64 roots_missed;
	u64 built;
	u64 zapped;
	u64 unsynced;
	u64 resynced;
	u64 floods;
	u64 evicted;
	u64 reclaimed;
	u64 shadow_pages;
	u64 shadow_pages_peak;
};

#define MMU_QUARTERS 4
#define MMU_PLACES_BITS 8

struct shadow_page; /* internal.h */

/**
 * struct mmu_vcpu - shadow of one vCPU's linear address spaces
 * @root: the page-directory-pointer page that goes under entry 0 of the guest
 *	world's PML4: 4 entries, one per GiB; never changes its address
 * @root_shadows: what they lead to
 * @places: the shadow pages in use, by what they stand for
 * @shadows: all shadow pages by their number, from 1 to @page_limit
 * @pages: those in use, the last used first
 * @spare: the others; their entries are zero
 * @unsync: leaf tables that the guest may write unheard
 * @page_limit: how many there may be
 * @fault_gpa: what mmu_handle_fault() last found behind the address; ~0: nothing
 * @host_pages_stale: set by anyone: addresses from mmu_interpret_page() may be
 *	wrong by now. Cleared by mmu_take_stale_host_pages()
 *
 * All but @root's address, @fault_gpa and @host_pages_stale under mmu->lock;
 * only the vCPU's thread makes anything, others only take it away.
 */
struct mmu_vcpu {
	struct mmu *mmu;
	u64 *root;
	struct shadow_page *root_shadows[MMU_QUARTERS];
	struct hlist_head places[1 << MMU_PLACES_BITS];
	struct shadow_page **shadows;
	struct list_head pages;
	struct list_head spare;
	struct list_head unsync;
	unsigned int page_limit;
	unsigned int allocated;
	unsigned int spare_count;
	unsigned int last_number;
	u64 fault_gpa;
	bool host_pages_stale;
	struct mmu_statistics statistics;
};

/* ---- VM ---------------------------------------------------------------- */

/* Registers the MMU notifier on current->mm. 0, -ENOMEM, -EINTR. */
int mmu_init(struct mmu *mmu, const struct mmu_callbacks *callbacks);
/* After the last vCPU is gone; unpins and unaccounts everything. */
void mmu_destroy(struct mmu *mmu);

/**
 * mmu_set_slot() - KVM_SET_USER_MEMORY_REGION
 * Semantics and errnos as in Documentation/virt/kvm/api.rst: create, move,
 * change flags (KVM_MEM_READONLY, KVM_MEM_LOG_DIRTY_PAGES), delete with size 0;
 * EEXIST on overlap, EINVAL on misalignment or wrap.
 * Context: process context, the client's mm; sleeps.
 */
int mmu_set_slot(struct mmu *mmu,
		 const struct kvm_userspace_memory_region *region);

/**
 * mmu_set_device_page() - a page is a device's, whatever slot covers it
 * @mmu: memory of the VM
 * @gfn: its number, in place of the last one; MMU_NO_DEVICE: none is
 *
 * Context: the vCPU's thread, or with the vCPU not running; sleeps.
 */
void mmu_set_device_page(struct mmu *mmu, u64 gfn);

/**
 * mmu_get_dirty_log() - KVM_GET_DIRTY_LOG: which pages were written since the last
 * @mmu: memory of the VM
 * @id: the slot, as in KVM_SET_USER_MEMORY_REGION
 * @user: a bit for each page, in whole longs
 *
 * Return: 0; -EINVAL for a slot that cannot be; -ENOENT for one that is not
 * there or has no log; -EFAULT, and then what was taken so far is lost, as in KVM.
 * Context: process context, the client's mm; sleeps.
 */
int mmu_get_dirty_log(struct mmu *mmu, u32 id, unsigned long __user *user);

enum mmu_access {
	MMU_RAM,       /* done */
	MMU_READ_ONLY, /* a write to a read-only slot: an MMIO exit */
	MMU_MMIO,      /* no slot */
	MMU_BAD,       /* the client unmapped the memory behind it */
};

/* Within one page. Through the client's mapping (current->mm == mmu->mm). */
enum mmu_access mmu_read_guest(struct mmu *mmu, u64 gpa, void *data,
			       unsigned int bytes);
enum mmu_access mmu_write_guest(struct mmu *mmu, u64 gpa, const void *data,
				unsigned int bytes);
/* What a write (or read) would answer, without doing it. */
enum mmu_access mmu_probe_guest(struct mmu *mmu, u64 gpa, bool write);
enum mmu_access mmu_compare_exchange_guest(struct mmu *mmu, u64 gpa,
					   u64 *expected, u64 desired,
					   unsigned int bytes, bool *done);

/* Write-protect a guest page and call tracked_write() when it is written.
 * Counted: a page may be tracked several times. Only the vCPU's thread. */
int mmu_track_page(struct mmu *mmu, u64 gfn);
void mmu_untrack_page(struct mmu *mmu, u64 gfn);

/* Whether a host page frame is a pinned page of this VM (for root checks). */
bool mmu_owns_pfn(struct mmu *mmu, u64 pfn);

void mmu_hold_shadow(void);
void mmu_let_shadow_go(void);

u64 mmu_bytes(struct mmu *mmu); /* kernel memory held, shadow included */

/* ---- vCPU -------------------------------------------------------------- */

int mmu_vcpu_init(struct mmu_vcpu *vcpu, struct mmu *mmu);
void mmu_vcpu_destroy(struct mmu_vcpu *vcpu);

/* Linear to guest-physical with all checks; CPU_FAULT with #PF in cpu->fault,
 * CPU_STOP if a table lies outside memory. */
enum cpu_result mmu_translate(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu,
			      u64 linear, unsigned int access, u64 *gpa);

enum mmu_fault {
	MMU_FAULT_RESUME,    /* shadow filled; go on */
	MMU_FAULT_INJECT,    /* the guest's own #PF, in cpu->fault */
	MMU_FAULT_EMULATE,   /* MMIO, read-only slot or tracked page */
	MMU_FAULT_NO_MEMORY, /* -ENOMEM: host memory or memlock limit */
	MMU_FAULT_BAD,	     /* -EFAULT: the client unmapped it */
	MMU_FAULT_STOP,	     /* cpu->stop_reason */
};

/**
 * mmu_handle_fault() - a #PF that the guest world raised below 4 GiB
 * @vcpu: whose
 * @cpu: its state, synchronised (CPL, modes)
 * @linear: CR2, below 4 GiB
 * @error_code: the hardware's
 *
 * Context: the vCPU's thread, sleeps (pins pages).
 */
enum mmu_fault mmu_handle_fault(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu,
				u64 linear, u32 error_code);

/* ---- host addresses for the interpreter -------------------------------- */

enum mmu_interpret {
	MMU_INTERPRET_OK,	 /* the page is there */
	MMU_INTERPRET_FAULT,	 /* the guest's own #PF, in cpu->fault */
	MMU_INTERPRET_SLOW,	 /* MMIO, or a write that somebody must hear of: use the bus */
	MMU_INTERPRET_AGAIN,	 /* the client changes its mappings, or a signal: go around */
	MMU_INTERPRET_NO_MEMORY, /* -ENOMEM: host memory or memlock limit */
	MMU_INTERPRET_BAD,	 /* -EFAULT: the client unmapped it */
	MMU_INTERPRET_STOP,	 /* cpu->stop_reason */
};

/**
 * struct mmu_host_page - a pinned page of the guest, where the kernel has it
 * @address: of the page's first byte, in the kernel's direct map
 * @gfn: the guest's number of it
 * @writable: nobody has to hear of a write: the slot is writable, the page is
 *	not tracked, and the guest's D bit is set. Whether the guest may write is
 *	in @walk
 * @walk: what the guest's tables say: rights, size, global. gpa is of the byte
 *	that was asked for
 */
struct mmu_host_page {
	void *address;
	u64 gfn;
	bool writable;
	struct guest_walk walk;
};

/**
 * mmu_interpret_page() - where the bytes of a guest page are
 * @vcpu: whose
 * @cpu: its state: modes and privilege
 * @linear: below 4 GiB
 * @access: ACCESS_*, as in guest_walk(): its checks are made, A and D are set
 * @page: filled in on MMU_INTERPRET_OK
 *
 * The address may be kept and used, by the vCPU's thread only, as long as
 * mmu_host_pages_stale() is false. To rely on that, use addresses only with
 * interrupts off (or marked as in the guest world, the way kick() looks at it),
 * having looked at mmu_host_pages_stale() after the mark and smp_mb(): who makes
 * it true has the vCPU kicked before the page goes. When it is true, call
 * mmu_take_stale_host_pages() and forget all addresses before asking for new
 * ones.
 *
 * It becomes true when a page is unpinned, when slots change, and when a page
 * whose address was given as writable becomes tracked or a page table that has
 * to be watched. The guest's own INVLPG, CR3 loads and mode changes do not make
 * it true; whoever keeps translations flushes them by the guest's rules.
 *
 * What is written is written back: a pinned page of a writable slot is dirty.
 *
 * Context: the vCPU's thread, in the client's address space; sleeps.
 */
enum mmu_interpret mmu_interpret_page(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu, u64 linear,
				      unsigned int access, struct mmu_host_page *page);

static inline bool mmu_host_pages_stale(const struct mmu_vcpu *vcpu)
{
	return READ_ONCE(vcpu->host_pages_stale);
}

/* Whether they were stale; the caller now forgets all host addresses. */
static inline bool mmu_take_stale_host_pages(struct mmu_vcpu *vcpu)
{
	/* Clear first: what becomes stale while the caller forgets is new. */
	return READ_ONCE(vcpu->host_pages_stale) && xchg(&vcpu->host_pages_stale, false);
}

/* ---- flushes ----------------------------------------------------------- */

/**
 * mmu_load_root() - the guest loaded CR3 or changed a bit that paging goes by
 * @vcpu: whose
 * @cpu: its state after that
 *
 * What the guest's tables say now counts from here on, for all of the linear
 * space, global pages included.
 *
 * Context: the vCPU's thread, in the client's address space; sleeps.
 */
void mmu_load_root(struct mmu_vcpu *vcpu, const struct virtual_cpu *cpu);

/* INVLPG: what the guest's tables say of one linear page counts from here on. */
void mmu_flush_page(struct mmu_vcpu *vcpu, const struct virtual_cpu *cpu, u64 linear);

/* Drop the whole shadow: the client may have written the guest's tables. */
void mmu_flush(struct mmu_vcpu *vcpu);

/* Before each entry, IRQs on: late unaccounting. */
void mmu_before_entry(struct mmu_vcpu *vcpu);

/* Once at load: the shrinker. 0 or -errno. */
int mmu_init_module(void);
void mmu_exit_module(void);

#endif /* RINGLET_MMU_MMU_H */
