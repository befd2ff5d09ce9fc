// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages of a slot the guest has written since the client last asked. Called
 * by the API (KVM_MEM_LOG_DIRTY_PAGES, KVM_GET_DIRTY_LOG) and wherever guest
 * memory is written, in the host world, in process context.
 *
 * A page that is pinned and not written since is "clean": no leaf and no host
 * address lets it be written, so that the first write comes to mark_dirty(). All
 * other writes go through the client's mapping and are marked there. Whoever
 * writes or lets write holds slots_lock for reading; whoever asks, for writing.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "mmu/internal.h"

/* Words of the log that are handled between two looks at the scheduler. */
#define CHUNK_WORDS 64
/* Pages, likewise. */
#define CHUNK_PAGES 256

static unsigned long log_words(const struct mmu_slot *slot)
{
	return BITS_TO_LONGS(slot->page_count);
}

/**
 * mmu_mark_dirty() - the guest has written a page, or may write it from now on
 * @slot: slots_lock is held
 * @gfn: of the page, in the slot
 */
void mmu_mark_dirty(struct mmu_slot *slot, u64 gfn)
{
	if (slot->dirty)
		set_bit(gfn - slot->base_gfn, slot->dirty);
}

/**
 * mmu_let_write() - the guest is about to get write access to a pinned page
 * @slot: the page's; slots_lock and mmu->lock are held
 * @page: the page
 * @gfn: its number
 */
void mmu_let_write(struct mmu_slot *slot, struct mmu_page *page, u64 gfn)
{
	if (!page->clean)
		return;
	mmu_mark_dirty(slot, gfn);
	page->clean = false;
}

static void make_clean(struct mmu *mmu, struct mmu_page *page)
{
	lockdep_assert_held(&mmu->lock);
	page->clean = true;
	if (mmu->vcpu)
		shadow_protect_page(mmu->vcpu, page);
}

/* From page @first on; returns where to go on, or ULONG_MAX at the end. */
static unsigned long set_clean(struct mmu *mmu, struct mmu_slot *slot, unsigned long first,
			       bool clean)
{
	struct mmu_page *page;
	unsigned int count = 0;
	unsigned long index;

	xa_for_each_start(&slot->pages, index, page, first) {
		if (count++ == CHUNK_PAGES)
			return index;
		if (clean)
			make_clean(mmu, page);
		else
			page->clean = false;
	}
	return ULONG_MAX;
}

static void set_all_clean(struct mmu *mmu, struct mmu_slot *slot, bool clean)
{
	unsigned long next = 0;

	do {
		spin_lock(&mmu->lock);
		next = set_clean(mmu, slot, next, clean);
		spin_unlock(&mmu->lock);
		cond_resched();
	} while (next != ULONG_MAX);
}

/**
 * mmu_set_log() - begin or end the log of a slot
 * @mmu: memory of the VM; slots_lock is held for writing
 * @slot: which
 * @on: whether there is one from now on; one that there is goes on
 *
 * Return: 0 or -ENOMEM.
 */
int mmu_set_log(struct mmu *mmu, struct mmu_slot *slot, bool on)
{
	if (on == !!slot->dirty)
		return 0;
	if (!on) {
		kvfree(slot->dirty);
		slot->dirty = NULL;
		set_all_clean(mmu, slot, false);
		return 0;
	}
	slot->dirty = kvcalloc(log_words(slot), sizeof(long), GFP_KERNEL_ACCOUNT);
	if (!slot->dirty)
		return -ENOMEM;
	set_all_clean(mmu, slot, true);
	mmu_kick(mmu);
	return 0;
}

/* What was written of the pages of one word; all of them are clean again. */
static unsigned long take_word(struct mmu *mmu, struct mmu_slot *slot, unsigned long word)
{
	unsigned long bits = xchg(&slot->dirty[word], 0);
	unsigned int bit;

	for_each_set_bit(bit, &bits, BITS_PER_LONG) {
		struct mmu_page *page = xa_load(&slot->pages, word * BITS_PER_LONG + bit);

		if (page)
			make_clean(mmu, page);
	}
	return bits;
}

static int take_log(struct mmu *mmu, struct mmu_slot *slot, unsigned long __user *user)
{
	const unsigned long words = log_words(slot);
	unsigned long buffer[CHUNK_WORDS];
	unsigned long first, count, i;

	for (first = 0; first < words; first += count) {
		count = min(words - first, (unsigned long)CHUNK_WORDS);
		spin_lock(&mmu->lock);
		for (i = 0; i < count; i++)
			buffer[i] = take_word(mmu, slot, first + i);
		spin_unlock(&mmu->lock);
		if (copy_to_user(user + first, buffer, count * sizeof(long)))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

int mmu_get_dirty_log(struct mmu *mmu, u32 id, unsigned long __user *user)
{
	const unsigned int number = id & 0xffff;
	struct mmu_slot *slot;
	int error = -ENOENT;

	if (id >> 16 >= MMU_ADDRESS_SPACES || number >= MMU_SLOTS)
		return -EINVAL;
	down_write(&mmu->slots_lock);
	slot = mmu->slots[number];
	if (slot && slot->dirty) {
		error = take_log(mmu, slot, user);
		/* What is written until then is what the client reads after it. */
		mmu_kick(mmu);
	}
	up_write(&mmu->slots_lock);
	return error;
}
