// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory slots: which guest-physical ranges are memory, and where the client
 * has them. Called by the API (KVM_SET_USER_MEMORY_REGION) and by the rest of
 * the memory layer, in the host world, in process context.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mmu/internal.h"

/* As KVM: what fits an int, so that page counts never overflow one. */
#define SLOT_PAGES_MAX ((1ULL << 31) - 1)

int mmu_init(struct mmu *mmu, const struct mmu_callbacks *callbacks)
{
	int error;

	*mmu = (struct mmu){
		.callbacks = callbacks,
		.mm = current->mm,
		.notifier.ops = &mmu_notifier_operations,
		.device_gfn = MMU_NO_DEVICE,
	};
	INIT_LIST_HEAD(&mmu->reclaim);
	spin_lock_init(&mmu->lock);
	init_rwsem(&mmu->slots_lock);
	xa_init_flags(&mmu->tracked, XA_FLAGS_ACCOUNT);

	/* Accounts are settled after the client is gone, too: keep its mm. */
	mmgrab(mmu->mm);
	error = mmu_notifier_register(&mmu->notifier, mmu->mm);
	if (error)
		mmdrop(mmu->mm);
	else
		mmu_add_to_reclaim(mmu);
	return error;
}

static void free_slot(struct mmu_slot *slot)
{
	xa_destroy(&slot->pages);
	kvfree(slot->dirty);
	kfree(slot);
}

void mmu_destroy(struct mmu *mmu)
{
	unsigned int i;

	mmu_remove_from_reclaim(mmu);
	/* From here on no notifier runs; release() has run. */
	mmu_notifier_unregister(&mmu->notifier, mmu->mm);
	for (i = 0; i < MMU_SLOTS; i++) {
		if (!mmu->slots[i])
			continue;
		mmu_unpin_slot(mmu, mmu->slots[i]);
		free_slot(mmu->slots[i]);
		mmu->slots[i] = NULL;
	}
	mmu_settle_account(mmu);
	xa_destroy(&mmu->tracked);
	mmdrop(mmu->mm);
}

struct mmu_slot *mmu_find_slot(struct mmu *mmu, u64 gfn)
{
	struct mmu_slot *slot;
	unsigned int i = READ_ONCE(mmu->recent_slot);

	if (unlikely(gfn == mmu->device_gfn))
		return NULL;
	slot = mmu->slots[i];
	if (slot && gfn - slot->base_gfn < slot->page_count)
		return slot;
	for (i = 0; i < MMU_SLOTS; i++) {
		slot = mmu->slots[i];
		if (slot && gfn - slot->base_gfn < slot->page_count) {
			WRITE_ONCE(mmu->recent_slot, i);
			return slot;
		}
	}
	return NULL;
}

/* The pinned page that the guest has at @gfn, or NULL. */
struct mmu_page *mmu_find_page(struct mmu *mmu, u64 gfn)
{
	struct mmu_slot *slot = mmu_find_slot(mmu, gfn);

	lockdep_assert_held(&mmu->lock);
	return slot ? xa_load(&slot->pages, gfn - slot->base_gfn) : NULL;
}

static int check_region(const struct kvm_userspace_memory_region *region)
{
	u64 end;

	if (region->flags & ~(KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES))
		return -EINVAL;
	/* The upper half of the number is the address space. */
	if ((region->slot >> 16) >= MMU_ADDRESS_SPACES || (region->slot & 0xffff) >= MMU_SLOTS)
		return -EINVAL;
	if (!PAGE_ALIGNED(region->memory_size) || !PAGE_ALIGNED(region->guest_phys_addr) ||
	    !PAGE_ALIGNED(region->userspace_addr))
		return -EINVAL;
	if (!access_ok((void __user *)(unsigned long)region->userspace_addr, region->memory_size))
		return -EINVAL;
	if (check_add_overflow(region->guest_phys_addr, region->memory_size, &end))
		return -EINVAL;
	if (region->memory_size >> PAGE_SHIFT > SLOT_PAGES_MAX)
		return -EINVAL;
	return 0;
}

static bool overlaps_other_slot(struct mmu *mmu, unsigned int id, u64 base_gfn, u64 page_count)
{
	unsigned int i;

	for (i = 0; i < MMU_SLOTS; i++) {
		const struct mmu_slot *slot = mmu->slots[i];

		if (slot && i != id && base_gfn < slot->base_gfn + slot->page_count &&
		    slot->base_gfn < base_gfn + page_count)
			return true;
	}
	return false;
}

static int create_slot(struct mmu *mmu, unsigned int id,
		       const struct kvm_userspace_memory_region *region)
{
	struct mmu_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);

	if (!slot)
		return -ENOMEM;
	slot->base_gfn = region->guest_phys_addr >> PAGE_SHIFT;
	slot->page_count = region->memory_size >> PAGE_SHIFT;
	slot->user_address = region->userspace_addr;
	slot->writable = !(region->flags & KVM_MEM_READONLY);
	xa_init_flags(&slot->pages, XA_FLAGS_ACCOUNT);
	if (mmu_set_log(mmu, slot, region->flags & KVM_MEM_LOG_DIRTY_PAGES)) {
		free_slot(slot);
		return -ENOMEM;
	}

	/* The shadow says nothing of memory that was not there: no flush. */
	spin_lock(&mmu->lock);
	mmu->slots[id] = slot;
	spin_unlock(&mmu->lock);
	return 0;
}

/*
 * The slot stays where notifiers find it until the vCPU can no longer reach its
 * pages: a notifier that found no slot would return at once, and the guest
 * would go on writing memory that the client believes it has taken back.
 */
static void delete_slot(struct mmu *mmu, unsigned int id)
{
	struct mmu_slot *slot = mmu->slots[id];

	mmu_unpin_slot(mmu, slot);
	spin_lock(&mmu->lock);
	mmu->slots[id] = NULL;
	spin_unlock(&mmu->lock);
	free_slot(slot);
}

static int change_slot(struct mmu *mmu, unsigned int id,
		       const struct kvm_userspace_memory_region *region)
{
	struct mmu_slot *slot = mmu->slots[id];
	int error;

	if (region->userspace_addr != slot->user_address ||
	    region->memory_size >> PAGE_SHIFT != slot->page_count ||
	    !(region->flags & KVM_MEM_READONLY) != slot->writable)
		return -EINVAL;
	error = mmu_set_log(mmu, slot, region->flags & KVM_MEM_LOG_DIRTY_PAGES);
	if (error || region->guest_phys_addr >> PAGE_SHIFT == slot->base_gfn)
		return error;
	/* What the shadow says of its pages goes with them. */
	mmu_unpin_slot(mmu, slot);
	spin_lock(&mmu->lock);
	slot->base_gfn = region->guest_phys_addr >> PAGE_SHIFT;
	spin_unlock(&mmu->lock);
	return 0;
}

int mmu_set_slot(struct mmu *mmu, const struct kvm_userspace_memory_region *region)
{
	const unsigned int id = region->slot & 0xffff;
	int error = check_region(region);

	if (error)
		return error;

	down_write(&mmu->slots_lock);
	if (!region->memory_size) {
		error = -EINVAL;
		if (mmu->slots[id]) {
			delete_slot(mmu, id);
			error = 0;
		}
	} else if (overlaps_other_slot(mmu, id, region->guest_phys_addr >> PAGE_SHIFT,
				       region->memory_size >> PAGE_SHIFT)) {
		error = -EEXIST;
	} else if (mmu->slots[id]) {
		error = change_slot(mmu, id, region);
	} else {
		error = create_slot(mmu, id, region);
	}
	up_write(&mmu->slots_lock);
	mmu_settle_account(mmu);
	return error;
}

void mmu_set_device_page(struct mmu *mmu, u64 gfn)
{
	struct mmu_slot *slot;

	/* Nobody else writes it. */
	if (gfn == mmu->device_gfn)
		return;
	down_write(&mmu->slots_lock);
	slot = mmu_find_slot(mmu, gfn);
	/* What the shadow says of it goes with it; this happens once in a guest's life. */
	if (slot)
		mmu_unpin_slot(mmu, slot);
	spin_lock(&mmu->lock);
	mmu->device_gfn = gfn;
	spin_unlock(&mmu->lock);
	up_write(&mmu->slots_lock);
	mmu_settle_account(mmu);
}

/* The first page at or after @index has @pfn; @index becomes its number. */
static bool page_has_pfn(struct mmu *mmu, struct mmu_slot *slot, u64 pfn, unsigned long *index,
			 bool *end)
{
	struct mmu_page *page;
	bool found;

	spin_lock(&mmu->lock);
	page = xa_find(&slot->pages, index, ULONG_MAX, XA_PRESENT);
	found = page && page_to_pfn(page->page) == pfn;
	spin_unlock(&mmu->lock);
	*end = !page;
	return found;
}

static bool slot_has_pfn(struct mmu *mmu, struct mmu_slot *slot, u64 pfn, unsigned long *index)
{
	bool end;

	for (*index = 0;; (*index)++) {
		if (page_has_pfn(mmu, slot, pfn, index, &end))
			return true;
		if (end)
			return false;
		cond_resched();
	}
}

/*
 * Who walks a shadow asks for one frame after the other: look behind the last
 * answer first.
 */
bool mmu_owns_pfn(struct mmu *mmu, u64 pfn)
{
	unsigned long index = mmu->owner_index + 1;
	struct mmu_slot *slot;
	unsigned int i;
	bool found, end;

	down_read(&mmu->slots_lock);
	slot = mmu->slots[mmu->owner_slot];
	found = slot && page_has_pfn(mmu, slot, pfn, &index, &end);
	if (found)
		mmu->owner_index = index;
	for (i = 0; i < MMU_SLOTS && !found; i++) {
		found = mmu->slots[i] && slot_has_pfn(mmu, mmu->slots[i], pfn, &index);
		if (found) {
			mmu->owner_slot = i;
			mmu->owner_index = index;
		}
	}
	up_read(&mmu->slots_lock);
	return found;
}
