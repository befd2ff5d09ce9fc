// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving shadow pages back when the host needs memory. Called by the host's
 * memory management in any thread, in the host world; a vCPU may be running
 * meanwhile, and makes anew what it misses.
 */
#include <linux/list.h>
#include <linux/mutex.h>

#include "host/host.h"
#include "mmu/internal.h"

/*
 * All VMs. The lock comes before slots_lock and mmu->lock; the shrinker, which
 * may be called by whoever allocates, only tries to take it.
 */
static LIST_HEAD(machines);
static DEFINE_MUTEX(machines_lock);

void mmu_add_to_reclaim(struct mmu *mmu)
{
	mutex_lock(&machines_lock);
	list_add(&mmu->reclaim, &machines);
	mutex_unlock(&machines_lock);
}

void mmu_remove_from_reclaim(struct mmu *mmu)
{
	mutex_lock(&machines_lock);
	list_del_init(&mmu->reclaim);
	mutex_unlock(&machines_lock);
}

/**
 * mmu_hold_shadow() - keep shadow pages allocated, for someone who reads them
 *
 * Their entries may change all the same. Ended by mmu_let_shadow_go().
 */
void mmu_hold_shadow(void)
{
	mutex_lock(&machines_lock);
}

void mmu_let_shadow_go(void)
{
	mutex_unlock(&machines_lock);
}

static unsigned long reclaimable(void)
{
	unsigned long count = 0;
	struct mmu *mmu;

	if (!mutex_trylock(&machines_lock))
		return 0;
	list_for_each_entry(mmu, &machines, reclaim) {
		spin_lock(&mmu->lock);
		count += mmu->vcpu ? mmu->vcpu->allocated : 0;
		spin_unlock(&mmu->lock);
	}
	mutex_unlock(&machines_lock);
	return count;
}

static unsigned long reclaim_from(struct mmu *mmu, unsigned long count)
{
	unsigned long done = 0;
	LIST_HEAD(released);

	spin_lock(&mmu->lock);
	if (mmu->vcpu) {
		done = shadow_release(mmu->vcpu, count, &released);
		mmu->vcpu->statistics.reclaimed += done;
	}
	spin_unlock(&mmu->lock);
	if (done)
		mmu_kick(mmu);
	shadow_free_released(&released);
	return done;
}

static unsigned long reclaim(unsigned long count)
{
	unsigned long done = 0;
	struct mmu *mmu;

	if (!mutex_trylock(&machines_lock))
		return 0;
	list_for_each_entry(mmu, &machines, reclaim) {
		if (done >= count)
			break;
		done += reclaim_from(mmu, count - done);
	}
	/* Whoever gave this time comes last the next time. */
	if (!list_empty(&machines))
		list_rotate_left(&machines);
	mutex_unlock(&machines_lock);
	return done;
}

int mmu_init_module(void)
{
	return host_register_shrinker(reclaimable, reclaim);
}

void mmu_exit_module(void)
{
	host_unregister_shrinker();
}
