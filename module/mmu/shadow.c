// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow pages: the guest's page tables in the host's format, under entry 0 of
 * the guest world's root. Called with mmu->lock held, by the vCPU's thread and
 * by whoever takes pages away from it, in the host world. The processor only
 * reads the entries (A and D are preset), and only in the guest world.
 *
 *   root (PDPT, 4 entries) -> directory (512) -> table (512 leaves of 4 KiB)
 *
 * A shadow page is found by what it stands for, so that an address space that
 * the guest comes back to is still there. From a page of the guest the leaves
 * that map it are found by a list through the entries themselves.
 *
 * Whoever clears an entry while the vCPU may be in the guest world kicks it out
 * before what the entry led to goes away: the next entry loads CR3.
 */
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mmu/internal.h"
#include "mmu/shadow_entry.h"

/* ---- lists of entries ---------------------------------------------------- */

static void add_link(struct mmu_vcpu *vcpu, u32 *head, u32 link)
{
	*shadow_link_at(vcpu, link) = (struct shadow_link){ .next = *head };
	if (*head)
		shadow_link_at(vcpu, *head)->previous = link;
	*head = link;
}

/* The first link of the list that an entry is in. */
static u32 *list_head(struct mmu_vcpu *vcpu, const struct shadow_page *shadow, unsigned int index)
{
	struct mmu_page *page;

	if (shadow_is_directory(shadow))
		return &vcpu->shadows[shadow->targets[index]]->parents;
	/* A leaf does not outlive the page. */
	page = mmu_find_page(vcpu->mmu, shadow->targets[index]);
	return &page->leaves;
}

static void remove_link(struct mmu_vcpu *vcpu, struct shadow_page *shadow, unsigned int index)
{
	const struct shadow_link link = shadow->links[index];

	if (link.previous)
		shadow_link_at(vcpu, link.previous)->next = link.next;
	else
		*list_head(vcpu, shadow, index) = link.next;
	if (link.next)
		shadow_link_at(vcpu, link.next)->previous = link.previous;
}

/* ---- entries --------------------------------------------------------------- */

void shadow_clear_entry(struct mmu_vcpu *vcpu, struct shadow_page *shadow, unsigned int index)
{
	lockdep_assert_held(&vcpu->mmu->lock);
	if (!test_bit(index, shadow->present))
		return;
	__clear_bit(index, shadow->present);
	WRITE_ONCE(shadow->entries[index], 0);
	remove_link(vcpu, shadow, index);
	vcpu->statistics.zapped++;
}

static void set_entry(struct shadow_page *shadow, unsigned int index, u32 target, u64 entry)
{
	shadow->targets[index] = target;
	__set_bit(index, shadow->present);
	WRITE_ONCE(shadow->entries[index], entry);
}

/* The table that an entry of a directory leads to, or NULL. */
struct shadow_page *shadow_child(struct mmu_vcpu *vcpu, const struct shadow_page *directory,
				 unsigned int index)
{
	return test_bit(index, directory->present) ? vcpu->shadows[directory->targets[index]] : NULL;
}

void shadow_set_child(struct mmu_vcpu *vcpu, struct shadow_page *directory, unsigned int index,
		      struct shadow_page *child)
{
	shadow_clear_entry(vcpu, directory, index);
	set_entry(directory, index, child->number, __sme_set(__pa(child->entries)) | SHADOW_TABLE);
	add_link(vcpu, &child->parents, shadow_link_of(directory, index));
}

/**
 * shadow_set_leaf() - let the guest use a page
 * @vcpu: whose shadow
 * @table: the shadow table
 * @index: of the leaf in it
 * @page: published, and nothing is being invalidated
 * @gfn: its number
 * @leaf: from shadow_make_leaf()
 */
void shadow_set_leaf(struct mmu_vcpu *vcpu, struct shadow_page *table, unsigned int index,
		     struct mmu_page *page, u64 gfn, u64 leaf)
{
	lockdep_assert_held(&vcpu->mmu->lock);
	if (test_bit(index, table->present) && table->targets[index] == gfn) {
		WRITE_ONCE(table->entries[index], leaf);
		return;
	}
	shadow_clear_entry(vcpu, table, index);
	set_entry(table, index, gfn, leaf);
	add_link(vcpu, &page->leaves, shadow_link_of(table, index));
}

void shadow_set_root(struct mmu_vcpu *vcpu, unsigned int quarter, struct shadow_page *directory)
{
	vcpu->root_shadows[quarter] = directory;
	WRITE_ONCE(vcpu->root[quarter],
		   directory ? __sme_set(__pa(directory->entries)) | SHADOW_TABLE : 0);
}

/**
 * shadow_protect_page() - nobody writes a page from here on without being heard
 * @vcpu: whose shadow
 * @page: which
 *
 * The caller sees to it that no writable leaf is made anew.
 */
void shadow_protect_page(struct mmu_vcpu *vcpu, struct mmu_page *page)
{
	u32 link;

	lockdep_assert_held(&vcpu->mmu->lock);
	for (link = page->leaves; link; link = shadow_link_at(vcpu, link)->next) {
		u64 *entry = &shadow_of_link(vcpu, link)->entries[shadow_link_index(link)];

		if (*entry & PTE_W)
			WRITE_ONCE(*entry, *entry & ~(PTE_W | PTE_D));
	}
	if (page->host_writable) {
		page->host_writable = false;
		WRITE_ONCE(vcpu->host_pages_stale, true);
	}
}

/* ---- shadow pages ---------------------------------------------------------- */

static struct hlist_head *bucket(struct mmu_vcpu *vcpu, u64 gfn)
{
	return &vcpu->places[hash_64(gfn, MMU_PLACES_BITS)];
}

struct shadow_page *shadow_find(struct mmu_vcpu *vcpu, const struct shadow_place *place)
{
	struct shadow_page *shadow;

	hlist_for_each_entry(shadow, bucket(vcpu, place->gfn), by_place) {
		if (shadow_same_place(&shadow->place, place)) {
			list_move(&shadow->list, &vcpu->pages);
			return shadow;
		}
	}
	return NULL;
}

/* The next shadow page of the guest table at @gfn, after @from or the first. */
struct shadow_page *shadow_next_of_table(struct mmu_vcpu *vcpu, u64 gfn, struct shadow_page *from)
{
	struct hlist_node *node = from ? from->by_place.next : bucket(vcpu, gfn)->first;

	for (; node; node = node->next) {
		struct shadow_page *shadow = hlist_entry(node, struct shadow_page, by_place);

		if (shadow->place.gfn == gfn && !shadow_is_direct(shadow))
			return shadow;
	}
	return NULL;
}

/* From now on writes to the guest's table are heard of. */
static void watch_table(struct mmu_vcpu *vcpu, struct mmu_page *page, struct shadow_page *shadow)
{
	page->tables++;
	page->watched++;
	if (shadow_is_directory(shadow))
		page->directories++;
	shadow_protect_page(vcpu, page);
}

static void unwatch_table(struct mmu_vcpu *vcpu, struct shadow_page *shadow)
{
	/* A shadow of a table does not outlive the table's page. */
	struct mmu_page *page = mmu_find_page(vcpu->mmu, shadow->place.gfn);

	page->tables--;
	if (list_empty(&shadow->unsync_list))
		page->watched--;
	if (shadow_is_directory(shadow))
		page->directories--;
	list_del_init(&shadow->unsync_list);
}

/**
 * shadow_get() - the shadow page that stands for something
 * @vcpu: whose
 * @place: what
 *
 * Made if there is none; then it is empty. NULL: shadow_prepare() has to be
 * called again, or the guest's table lies where no page is pinned.
 */
struct shadow_page *shadow_get(struct mmu_vcpu *vcpu, const struct shadow_place *place)
{
	struct shadow_page *shadow = shadow_find(vcpu, place);
	struct mmu_page *page = NULL;

	lockdep_assert_held(&vcpu->mmu->lock);
	if (shadow)
		return shadow;
	shadow = list_first_entry_or_null(&vcpu->spare, struct shadow_page, list);
	if (!shadow)
		return NULL;
	if (!(place->role & ROLE_DIRECT)) {
		page = mmu_find_page(vcpu->mmu, place->gfn);
		if (!page)
			return NULL;
	}
	shadow->place = *place;
	shadow->writes = 0;
	shadow->quiet = 0;
	list_move(&shadow->list, &vcpu->pages);
	vcpu->spare_count--;
	hlist_add_head(&shadow->by_place, bucket(vcpu, place->gfn));
	if (page)
		watch_table(vcpu, page, shadow);
	vcpu->statistics.built++;
	vcpu->statistics.shadow_pages++;
	vcpu->statistics.shadow_pages_peak =
		max(vcpu->statistics.shadow_pages_peak, vcpu->statistics.shadow_pages);
	return shadow;
}

/* Forget what a shadow page stands for; all its entries are zero afterwards. */
void shadow_zap(struct mmu_vcpu *vcpu, struct shadow_page *shadow)
{
	unsigned int i;

	lockdep_assert_held(&vcpu->mmu->lock);
	for (i = 0; i < MMU_QUARTERS; i++)
		if (vcpu->root_shadows[i] == shadow)
			shadow_set_root(vcpu, i, NULL);
	while (shadow->parents)
		shadow_clear_entry(vcpu, shadow_of_link(vcpu, shadow->parents),
				   shadow_link_index(shadow->parents));
	for_each_set_bit(i, shadow->present, SHADOW_ENTRIES)
		shadow_clear_entry(vcpu, shadow, i);
	if (!shadow_is_direct(shadow))
		unwatch_table(vcpu, shadow);
	hlist_del(&shadow->by_place);
	list_move(&shadow->list, &vcpu->spare);
	vcpu->spare_count++;
	vcpu->statistics.shadow_pages--;
}

void shadow_zap_all(struct mmu_vcpu *vcpu)
{
	struct shadow_page *shadow, *next;

	list_for_each_entry_safe(shadow, next, &vcpu->pages, list)
		shadow_zap(vcpu, shadow);
}

/* All shadows of the guest table at @gfn. */
void shadow_zap_table(struct mmu_vcpu *vcpu, u64 gfn)
{
	struct shadow_page *shadow;

	while ((shadow = shadow_next_of_table(vcpu, gfn, NULL)))
		shadow_zap(vcpu, shadow);
}

/**
 * shadow_forget_page() - a page of the guest is about to go
 * @vcpu: whose shadow
 * @page: the page, still published
 * @gfn: its number
 *
 * No entry leads to it afterwards, and nothing stands for it.
 */
void shadow_forget_page(struct mmu_vcpu *vcpu, struct mmu_page *page, u64 gfn)
{
	lockdep_assert_held(&vcpu->mmu->lock);
	while (page->leaves)
		shadow_clear_entry(vcpu, shadow_of_link(vcpu, page->leaves), shadow_link_index(page->leaves));
	if (page->tables)
		shadow_zap_table(vcpu, gfn);
}

/* ---- memory ---------------------------------------------------------------- */

static void free_shadow(struct shadow_page *shadow)
{
	free_page((unsigned long)shadow->entries);
	kfree(shadow);
}

static struct shadow_page *allocate_shadow(void)
{
	struct shadow_page *shadow = kzalloc(sizeof(*shadow), GFP_KERNEL_ACCOUNT);

	if (!shadow)
		return NULL;
	shadow->entries = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!shadow->entries) {
		kfree(shadow);
		return NULL;
	}
	INIT_LIST_HEAD(&shadow->unsync_list);
	return shadow;
}

/* Only the vCPU's thread adds, so that a free number stays free. */
static void add_spare(struct mmu_vcpu *vcpu, struct shadow_page *shadow)
{
	unsigned int number = vcpu->last_number;

	do {
		number = number == vcpu->page_limit ? 1 : number + 1;
	} while (vcpu->shadows[number]);
	vcpu->last_number = number;
	shadow->number = number;
	vcpu->shadows[number] = shadow;
	vcpu->allocated++;
	vcpu->spare_count++;
	list_add(&shadow->list, &vcpu->spare);
}

/* A path to a leaf is a directory and a table. */
#define PATH_PAGES 2

static void evict(struct mmu_vcpu *vcpu)
{
	while (vcpu->spare_count < PATH_PAGES && !list_empty(&vcpu->pages)) {
		shadow_zap(vcpu, list_last_entry(&vcpu->pages, struct shadow_page, list));
		vcpu->statistics.evicted++;
	}
}

/**
 * shadow_prepare() - have spare shadow pages for one more path
 * @vcpu: whose
 *
 * At the limit those that were not looked for longest are taken. They may be
 * gone again when the caller takes the lock.
 *
 * Return: 0 or -ENOMEM. Context: the vCPU's thread, sleeps.
 */
int shadow_prepare(struct mmu_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;

	for (;;) {
		struct shadow_page *shadow;
		bool enough;

		spin_lock(&mmu->lock);
		if (vcpu->allocated >= vcpu->page_limit)
			evict(vcpu);
		enough = vcpu->spare_count >= PATH_PAGES;
		spin_unlock(&mmu->lock);
		if (enough)
			return 0;
		shadow = allocate_shadow();
		if (!shadow)
			return -ENOMEM;
		spin_lock(&mmu->lock);
		add_spare(vcpu, shadow);
		spin_unlock(&mmu->lock);
	}
}

static void release_spare(struct mmu_vcpu *vcpu, struct list_head *released)
{
	struct shadow_page *shadow = list_first_entry(&vcpu->spare, struct shadow_page, list);

	vcpu->shadows[shadow->number] = NULL;
	vcpu->allocated--;
	vcpu->spare_count--;
	list_move(&shadow->list, released);
}

/**
 * shadow_release() - give shadow pages back to the host
 * @vcpu: whose
 * @count: how many at most; spare ones first, then those used longest ago
 * @released: where they go. The caller frees them without the lock, and after a
 *	kick, because the processor may still read them
 *
 * Return: how many.
 */
unsigned int shadow_release(struct mmu_vcpu *vcpu, unsigned int count, struct list_head *released)
{
	unsigned int done;

	lockdep_assert_held(&vcpu->mmu->lock);
	for (done = 0; done < count; done++) {
		if (list_empty(&vcpu->spare)) {
			if (list_empty(&vcpu->pages))
				break;
			shadow_zap(vcpu, list_last_entry(&vcpu->pages, struct shadow_page, list));
		}
		release_spare(vcpu, released);
	}
	return done;
}

void shadow_free_released(struct list_head *released)
{
	struct shadow_page *shadow, *next;

	list_for_each_entry_safe(shadow, next, released, list) {
		list_del(&shadow->list);
		free_shadow(shadow);
	}
}
