// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of the client behind the memory slots: pinned one by one when the guest
 * first touches them, charged to the client's memlock limit, and let go when
 * the client's mappings change. Called by the fault path in process context,
 * and by the MMU notifiers of the client's address space, where nothing that
 * leads back to its mmap_lock may be taken.
 *
 * The agreement between the two: a page is published in slot->pages, and a
 * shadow entry made from it, only under mmu->lock and only while no invalidation
 * is under way. An invalidation announces itself under that lock, clears the
 * shadow entries that lead to its pages, has the vCPU leave the guest world, and
 * only then unpins. When the vCPU comes back it loads CR3, and so sees what was
 * cleared.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mmu/internal.h"

#define UNPIN_BATCH 32

/* Unpinned pages that are still charged serve first. */
static int charge_page(struct mmu *mmu)
{
	if (atomic64_dec_if_positive(&mmu->to_unaccount) >= 0)
		return 0;
	return account_locked_vm(mmu->mm, 1, true);
}

/*
 * Uncharging takes mmap_lock, so that notifiers only note what is due. The mm
 * outlives its last user for that: mmu_init() holds it.
 */
void mmu_settle_account(struct mmu *mmu)
{
	s64 pages = atomic64_xchg(&mmu->to_unaccount, 0);

	if (pages)
		account_locked_vm(mmu->mm, pages, false);
}

/**
 * mmu_kick() - have the vCPU see what was cleared in its shadow
 * @mmu: memory of the VM
 *
 * When this returns, the vCPU has been out of the guest world since the call,
 * and nobody uses an address from mmu_interpret_page() that was stale before
 * it. Context: any that may take mmu->lock; slots_lock and mmap_lock may be
 * held.
 */
void mmu_kick(struct mmu *mmu)
{
	struct mmu_vcpu *vcpu;

	spin_lock(&mmu->lock);
	vcpu = mmu->vcpu;
	if (vcpu)
		mmu->kicks++;
	spin_unlock(&mmu->lock);
	if (!vcpu)
		return;

	/* Pairs with the barrier between the mark and the entry. */
	smp_mb();
	mmu->callbacks->kick(mmu);

	spin_lock(&mmu->lock);
	mmu->kicks--;
	spin_unlock(&mmu->lock);
}

/**
 * mmu_forget_vcpu() - no kick is under way or will be when this returns
 * @mmu: memory of the VM
 *
 * Context: process context, may sleep.
 */
void mmu_forget_vcpu(struct mmu *mmu)
{
	unsigned int kicks;

	for (;;) {
		spin_lock(&mmu->lock);
		mmu->vcpu = NULL;
		kicks = mmu->kicks;
		spin_unlock(&mmu->lock);
		if (!kicks)
			return;
		schedule_timeout_uninterruptible(1);
	}
}

/* While the client's mappings change, no page is published and no leaf made. */
bool mmu_invalidating(struct mmu *mmu)
{
	lockdep_assert_held(&mmu->lock);
	return mmu->notifier_count || mmu->dead;
}

static enum mmu_pin pin_error(long pinned)
{
	switch (pinned) {
	case -ENOMEM:
		return MMU_PIN_NO_MEMORY;
	case -EAGAIN:
	case -EINTR:
	case -ERESTARTSYS:
		return MMU_PIN_AGAIN;
	default:
		return MMU_PIN_BAD;
	}
}

/* Publish a pinned page unless the client's mappings changed meanwhile. */
static bool publish_page(struct mmu *mmu, struct mmu_slot *slot, u64 index,
			 struct mmu_page *page, unsigned long sequence)
{
	bool published = false;

	spin_lock(&mmu->lock);
	if (!mmu_invalidating(mmu) && mmu->notifier_sequence == sequence &&
	    !xa_load(&slot->pages, index)) {
		page->read_only = !slot->writable;
		page->clean = slot->dirty;
		page->tracked = mmu_page_tracked(mmu, slot->base_gfn + index);
		/* The caller reserved the place: nothing is allocated. */
		published = !xa_err(xa_store(&slot->pages, index, page, GFP_NOWAIT));
		if (published)
			atomic64_inc(&mmu->pinned_pages);
	}
	spin_unlock(&mmu->lock);
	return published;
}

/**
 * mmu_pin_page() - have one page of a slot pinned and published
 * @mmu: memory of the VM
 * @slot: found under slots_lock, which the caller still holds
 * @index: number of the page in the slot
 *
 * Context: a thread of the client; sleeps. The page may be gone again when
 * this returns: look it up under mmu->lock.
 */
enum mmu_pin mmu_pin_page(struct mmu *mmu, struct mmu_slot *slot, u64 index)
{
	const unsigned long address = slot->user_address + (index << PAGE_SHIFT);
	const unsigned int flags = FOLL_LONGTERM | (slot->writable ? FOLL_WRITE : 0);
	enum mmu_pin result = MMU_PIN_NO_MEMORY;
	unsigned long sequence;
	struct mmu_page *page;
	long pinned;

	if (xa_load(&slot->pages, index))
		return MMU_PIN_OK;
	if (current->mm != mmu->mm)
		return MMU_PIN_BAD;
	if (charge_page(mmu))
		return MMU_PIN_NO_MEMORY;
	page = kzalloc(sizeof(*page), GFP_KERNEL_ACCOUNT);
	if (!page)
		goto uncharge;
	if (xa_reserve(&slot->pages, index, GFP_KERNEL_ACCOUNT))
		goto free_page;

	sequence = READ_ONCE(mmu->notifier_sequence);
	/* Read the sequence before the page tables that it vouches for. */
	smp_rmb();
	pinned = pin_user_pages_fast(address, 1, flags, &page->page);
	if (pinned != 1) {
		result = pin_error(pinned);
		goto release;
	}
	/*
	 * The guest writes without the client's page table noticing. Every
	 * cleaning of the page invalidates, so that once a pin is enough.
	 */
	if (slot->writable)
		set_page_dirty_lock(page->page);
	if (publish_page(mmu, slot, index, page, sequence))
		return MMU_PIN_NEW;

	unpin_user_page(page->page);
	result = MMU_PIN_AGAIN;
release:
	xa_release(&slot->pages, index);
free_page:
	kfree(page);
uncharge:
	atomic64_inc(&mmu->to_unaccount);
	return result;
}

/* Take up to UNPIN_BATCH pages with numbers from @first to @last off a slot. */
static unsigned int take_pages(struct mmu *mmu, struct mmu_slot *slot, unsigned long first,
			       unsigned long last, struct mmu_page **pages)
{
	struct mmu_page *page;
	unsigned long index;
	unsigned int count = 0;

	lockdep_assert_held(&mmu->lock);
	xa_for_each_range(&slot->pages, index, page, first, last) {
		/* Entries are found by the page while it is published. */
		if (mmu->vcpu)
			shadow_forget_page(mmu->vcpu, page, slot->base_gfn + index);
		xa_erase(&slot->pages, index);
		pages[count++] = page;
		if (count == UNPIN_BATCH)
			break;
	}
	if (count && mmu->vcpu)
		WRITE_ONCE(mmu->vcpu->host_pages_stale, true);
	return count;
}

static void unpin_batch(struct mmu *mmu, struct mmu_page **taken, unsigned int count)
{
	struct page *pages[UNPIN_BATCH];
	unsigned int i;

	if (!count)
		return;
	mmu_kick(mmu);
	for (i = 0; i < count; i++) {
		pages[i] = taken[i]->page;
		kfree(taken[i]);
	}
	unpin_user_pages(pages, count);
	atomic64_sub(count, &mmu->pinned_pages);
	atomic64_add(count, &mmu->to_unaccount);
}

/**
 * mmu_unpin_slot() - let go of everything that a slot holds
 * @mmu: memory of the VM
 * @slot: found under slots_lock, which the caller holds for writing, or the last
 *	one to know of it
 *
 * Context: process context, may sleep.
 */
void mmu_unpin_slot(struct mmu *mmu, struct mmu_slot *slot)
{
	struct mmu_page *pages[UNPIN_BATCH];
	unsigned int count;

	do {
		spin_lock(&mmu->lock);
		count = take_pages(mmu, slot, 0, ULONG_MAX, pages);
		spin_unlock(&mmu->lock);
		unpin_batch(mmu, pages, count);
		cond_resched();
	} while (count);
}

/* Which pages of @slot the client's addresses from @start to @end - 1 are. */
static bool slot_range(const struct mmu_slot *slot, unsigned long start, unsigned long end,
		       unsigned long *first, unsigned long *last)
{
	const unsigned long slot_end = slot->user_address + (slot->page_count << PAGE_SHIFT);

	start = max(start, slot->user_address);
	end = min(end, slot_end);
	if (start >= end)
		return false;
	*first = (start - slot->user_address) >> PAGE_SHIFT;
	*last = (end - 1 - slot->user_address) >> PAGE_SHIFT;
	return true;
}

static unsigned int take_range(struct mmu *mmu, unsigned long start, unsigned long end,
			       struct mmu_page **pages)
{
	unsigned long first, last;
	unsigned int i, count;

	for (i = 0; i < MMU_SLOTS; i++) {
		if (!mmu->slots[i] || !slot_range(mmu->slots[i], start, end, &first, &last))
			continue;
		count = take_pages(mmu, mmu->slots[i], first, last, pages);
		if (count)
			return count;
	}
	return 0;
}

/*
 * With an invalidation announced: nothing is pinned anew, no leaf is made. Look
 * for slots anew each time, because slots come and go beside us.
 */
static void unpin_range(struct mmu *mmu, unsigned long start, unsigned long end, bool may_sleep)
{
	struct mmu_page *pages[UNPIN_BATCH];
	unsigned int count;

	do {
		spin_lock(&mmu->lock);
		count = take_range(mmu, start, end, pages);
		spin_unlock(&mmu->lock);
		unpin_batch(mmu, pages, count);
		if (may_sleep)
			cond_resched();
	} while (count);
}

static int invalidate_range_start(struct mmu_notifier *notifier,
				  const struct mmu_notifier_range *range)
{
	struct mmu *mmu = container_of(notifier, struct mmu, notifier);

	spin_lock(&mmu->lock);
	mmu->notifier_count++;
	spin_unlock(&mmu->lock);
	unpin_range(mmu, range->start, range->end, mmu_notifier_range_blockable(range));
	return 0;
}

static void invalidate_range_end(struct mmu_notifier *notifier,
				 const struct mmu_notifier_range *range)
{
	struct mmu *mmu = container_of(notifier, struct mmu, notifier);

	spin_lock(&mmu->lock);
	/* Who pinned while the range was changing sees that it was. */
	mmu->notifier_sequence++;
	mmu->notifier_count--;
	spin_unlock(&mmu->lock);
}

/* The address space goes away: the last exit, an exec, a kill. */
static void release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct mmu *mmu = container_of(notifier, struct mmu, notifier);

	spin_lock(&mmu->lock);
	mmu->dead = true;
	spin_unlock(&mmu->lock);
	unpin_range(mmu, 0, ULONG_MAX, true);
}

const struct mmu_notifier_ops mmu_notifier_operations = {
	.invalidate_range_start = invalidate_range_start,
	.invalidate_range_end = invalidate_range_end,
	.release = release,
};
