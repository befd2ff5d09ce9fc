// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory as the emulator and the guest walk see it: read and written
 * through the client's own mapping, by the vCPU's thread, which runs in the
 * client's address space. Nothing is pinned for that, and the client's
 * permissions hold. Called in the host world, sleeps.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "mmu/internal.h"

/* An access as far as a slot says something about it. */
struct guest_access {
	struct mmu_slot *slot;
	void __user *user;
};

static enum mmu_access find_access(struct mmu *mmu, u64 gpa, unsigned int bytes, bool write,
				   struct guest_access *access)
{
	const unsigned int offset = offset_in_page(gpa);

	lockdep_assert_held(&mmu->slots_lock);
	if (bytes > PAGE_SIZE - offset || current->mm != mmu->mm)
		return MMU_BAD;
	access->slot = mmu_find_slot(mmu, gpa >> PAGE_SHIFT);
	if (!access->slot)
		return MMU_MMIO;
	if (write && !access->slot->writable)
		return MMU_READ_ONLY;
	access->user = (void __user *)(access->slot->user_address +
				       (((gpa >> PAGE_SHIFT) - access->slot->base_gfn)
					<< PAGE_SHIFT) + offset);
	return MMU_RAM;
}

bool mmu_page_tracked(struct mmu *mmu, u64 gfn)
{
	return xa_load(&mmu->tracked, gfn);
}

static void tell_tracker(struct mmu *mmu, u64 gpa, unsigned int bytes, bool by_walk)
{
	mmu_table_written(mmu, gpa, bytes, by_walk);
	if (mmu_page_tracked(mmu, gpa >> PAGE_SHIFT))
		mmu->callbacks->tracked_write(mmu, gpa, bytes);
}

static enum mmu_access read_guest(struct mmu *mmu, u64 gpa, void *data, unsigned int bytes)
{
	struct guest_access access;
	enum mmu_access result = find_access(mmu, gpa, bytes, false, &access);

	if (result == MMU_RAM && copy_from_user(data, access.user, bytes))
		result = MMU_BAD;
	return result;
}

enum mmu_access mmu_read_guest(struct mmu *mmu, u64 gpa, void *data, unsigned int bytes)
{
	enum mmu_access result;

	down_read(&mmu->slots_lock);
	result = read_guest(mmu, gpa, data, bytes);
	up_read(&mmu->slots_lock);
	return result;
}

enum mmu_access mmu_write_guest(struct mmu *mmu, u64 gpa, const void *data, unsigned int bytes)
{
	struct guest_access access;
	enum mmu_access result;

	down_read(&mmu->slots_lock);
	result = find_access(mmu, gpa, bytes, true, &access);
	if (result == MMU_RAM && copy_to_user(access.user, data, bytes))
		result = MMU_BAD;
	if (result == MMU_RAM)
		mmu_mark_dirty(access.slot, gpa >> PAGE_SHIFT);
	up_read(&mmu->slots_lock);
	if (result == MMU_RAM)
		tell_tracker(mmu, gpa, bytes, false);
	return result;
}

enum mmu_access mmu_probe_guest(struct mmu *mmu, u64 gpa, bool write)
{
	struct guest_access access;
	enum mmu_access result;

	down_read(&mmu->slots_lock);
	result = find_access(mmu, gpa, 1, write, &access);
	up_read(&mmu->slots_lock);
	return result;
}

#define compare_exchange_user(type, user, expected, desired)				\
({											\
	type __found = *(expected);							\
	int __outcome = __try_cmpxchg_user((type __user *)(user), &__found,		\
					   (type)(desired), fault_##type);		\
	*(expected) = __found;								\
	__outcome;									\
})

/* 0: written; 1: it was something else, now in *@expected; -EFAULT. */
static int compare_exchange(void __user *user, u64 *expected, u64 desired, unsigned int bytes)
{
	switch (bytes) {
	case 1:
		return compare_exchange_user(u8, user, expected, desired);
	case 2:
		return compare_exchange_user(u16, user, expected, desired);
	case 4:
		return compare_exchange_user(u32, user, expected, desired);
	case 8:
		return compare_exchange_user(u64, user, expected, desired);
	default:
		return -EFAULT;
	}
}

/*
 * A locked access across cache lines stops the machine's bus, and hosts that
 * look out for split locks would send the vCPU's thread #AC. The guest gets its
 * result without the atomicity.
 */
static int compare_exchange_split(void __user *user, u64 *expected, u64 desired,
				  unsigned int bytes)
{
	u64 found = 0;

	if (copy_from_user(&found, user, bytes))
		return -EFAULT;
	if (found != *expected) {
		*expected = found;
		return 1;
	}
	return copy_to_user(user, &desired, bytes) ? -EFAULT : 0;
}

static enum mmu_access compare_exchange_guest(struct mmu *mmu, u64 gpa, u64 *expected, u64 desired,
					      unsigned int bytes, bool *done)
{
	struct guest_access access;
	enum mmu_access result = find_access(mmu, gpa, bytes, true, &access);
	int outcome;

	*done = false;
	if (result != MMU_RAM)
		return result;
	if (bytes < 8)
		*expected &= BIT_ULL(8 * bytes) - 1;
	if ((gpa & (SMP_CACHE_BYTES - 1)) + bytes > SMP_CACHE_BYTES)
		outcome = compare_exchange_split(access.user, expected, desired, bytes);
	else
		outcome = compare_exchange(access.user, expected, desired, bytes);
	*done = !outcome;
	if (*done)
		mmu_mark_dirty(access.slot, gpa >> PAGE_SHIFT);
	return outcome < 0 ? MMU_BAD : MMU_RAM;
}

enum mmu_access mmu_compare_exchange_guest(struct mmu *mmu, u64 gpa, u64 *expected, u64 desired,
					   unsigned int bytes, bool *done)
{
	enum mmu_access result;

	down_read(&mmu->slots_lock);
	result = compare_exchange_guest(mmu, gpa, expected, desired, bytes, done);
	up_read(&mmu->slots_lock);
	if (*done)
		tell_tracker(mmu, gpa, bytes, false);
	return result;
}

/* ---- tracking ---------------------------------------------------------- */

/* Leaves made before allow the write; later ones are made by what is noted. */
static void note_tracked(struct mmu *mmu, u64 gfn, bool tracked)
{
	struct mmu_page *page;

	spin_lock(&mmu->lock);
	page = mmu_find_page(mmu, gfn);
	if (page) {
		page->tracked = tracked;
		if (tracked && mmu->vcpu)
			shadow_protect_page(mmu->vcpu, page);
	}
	spin_unlock(&mmu->lock);
}

int mmu_track_page(struct mmu *mmu, u64 gfn)
{
	void *entry = xa_load(&mmu->tracked, gfn);
	const unsigned long count = entry ? xa_to_value(entry) : 0;
	const int error = xa_err(xa_store(&mmu->tracked, gfn, xa_mk_value(count + 1),
					  GFP_KERNEL_ACCOUNT));

	if (!error && !count)
		note_tracked(mmu, gfn, true);
	return error;
}

void mmu_untrack_page(struct mmu *mmu, u64 gfn)
{
	void *entry = xa_load(&mmu->tracked, gfn);

	if (!entry)
		return;
	/* Neither of the two allocates. Leaves become writable by a fault. */
	if (xa_to_value(entry) > 1) {
		xa_store(&mmu->tracked, gfn, xa_mk_value(xa_to_value(entry) - 1), GFP_NOWAIT);
	} else {
		xa_erase(&mmu->tracked, gfn);
		note_tracked(mmu, gfn, false);
	}
}

/* ---- the guest walk's memory ------------------------------------------- */

/*
 * The walk runs with slots_lock held; trackers are told of the A and D bits that
 * it set after that. That is two entries, and more only when somebody else
 * writes the tables during the walk.
 */
struct walk_source {
	struct mmu *mmu;
	u64 written[4];
	unsigned int count;
	unsigned int entry_bytes;
};

static bool walk_read(void *opaque, u64 gpa, u64 *entry, unsigned int bytes)
{
	struct walk_source *source = opaque;

	return read_guest(source->mmu, gpa, entry, bytes) == MMU_RAM;
}

static bool walk_set_bits(void *opaque, u64 gpa, u64 expected, u64 bits, unsigned int bytes,
			  bool *absent)
{
	struct walk_source *source = opaque;
	bool done;

	if (source->count == ARRAY_SIZE(source->written))
		return false;
	switch (compare_exchange_guest(source->mmu, gpa, &expected, expected | bits, bytes, &done)) {
	case MMU_RAM:
		if (done)
			source->written[source->count++] = gpa;
		source->entry_bytes = bytes;
		return done;
	case MMU_READ_ONLY:
		return true;
	default:
		*absent = true;
		return false;
	}
}

/**
 * mmu_walk() - guest_walk() over the memory slots
 * @mmu: memory of the VM
 * @cpu: as guest_walk()
 * @linear: as guest_walk()
 * @access: as guest_walk()
 * @walk: as guest_walk()
 *
 * Context: the vCPU's thread, slots_lock not held.
 */
enum walk_result mmu_walk(struct mmu *mmu, const struct virtual_cpu *cpu, u64 linear,
			  unsigned int access, struct guest_walk *walk)
{
	struct walk_source source = { .mmu = mmu };
	const struct walk_memory memory = {
		.read = walk_read,
		.set_bits = walk_set_bits,
		.opaque = &source,
	};
	enum walk_result result;
	unsigned int i;

	down_read(&mmu->slots_lock);
	result = guest_walk(cpu, &memory, linear, access, walk);
	up_read(&mmu->slots_lock);
	for (i = 0; i < source.count; i++)
		tell_tracker(mmu, source.written[i], source.entry_bytes, true);
	return result;
}

enum cpu_result mmu_stop_walk(struct virtual_cpu *cpu, enum walk_result result)
{
	if (result == WALK_BUSY)
		return cpu_stop(cpu, "The guest's page tables change faster than they can be walked.");
	return cpu_stop(cpu, "A page table of the guest lies outside its memory.");
}

enum cpu_result mmu_translate(struct mmu_vcpu *vcpu, struct virtual_cpu *cpu, u64 linear,
			      unsigned int access, u64 *gpa)
{
	struct guest_walk walk;
	const enum walk_result result = mmu_walk(vcpu->mmu, cpu, linear, access, &walk);

	switch (result) {
	case WALK_OK:
		*gpa = walk.gpa;
		return CPU_OK;
	case WALK_FAULT:
		return cpu_page_fault(cpu, linear, walk.error_code);
	default:
		return mmu_stop_walk(cpu, result);
	}
}
