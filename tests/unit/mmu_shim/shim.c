// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel that the memory layer is linked with in userspace.
 */
#include "mmu_stress.h"

unsigned int shim_spinlocks;
static struct mm_struct client;
struct task shim_task = { .mm = &client };
static long locked_pages;

/* ---- locks ----------------------------------------------------------------- */

static void must(bool condition, const char *what)
{
	if (!condition) {
		printf("# %s\n", what);
		abort();
	}
}

void shim_may_sleep(void)
{
	must(!shim_spinlocks, "it sleeps with a spinlock held");
}

void shim_spin_held(void *lock)
{
	must(((spinlock_t *)lock)->held, "a spinlock that should be held is not");
}

void shim_rw_held(void *lock)
{
	must(((struct rw_semaphore *)lock)->readers, "a semaphore that should be held is not");
}

void spin_lock(spinlock_t *lock)
{
	must(!lock->held, "a spinlock is taken twice");
	lock->held = true;
	shim_spinlocks++;
}

void spin_unlock(spinlock_t *lock)
{
	must(lock->held, "a spinlock that is not held is given back");
	lock->held = false;
	shim_spinlocks--;
}

void down_read(struct rw_semaphore *lock)
{
	shim_may_sleep();
	must(lock->readers >= 0, "reading waits for its own thread");
	lock->readers++;
}

void up_read(struct rw_semaphore *lock)
{
	lock->readers--;
}

void down_write(struct rw_semaphore *lock)
{
	shim_may_sleep();
	must(!lock->readers, "writing waits for its own thread");
	lock->readers = -1;
}

void up_write(struct rw_semaphore *lock)
{
	lock->readers = 0;
}

void mutex_lock(struct mutex *lock)
{
	shim_may_sleep();
	must(mutex_trylock(lock), "a mutex is taken twice");
}

bool mutex_trylock(struct mutex *lock)
{
	if (lock->held)
		return false;
	lock->held = true;
	return true;
}

void mutex_unlock(struct mutex *lock)
{
	lock->held = false;
}

s64 atomic64_xchg(atomic64_t *a, s64 value)
{
	const s64 old = a->counter;

	a->counter = value;
	return old;
}

s64 atomic64_dec_if_positive(atomic64_t *a)
{
	if (a->counter > 0)
		a->counter--;
	else
		return -1;
	return a->counter;
}

/* ---- xarray ---------------------------------------------------------------- */

void xa_init_flags(struct xarray *xa, unsigned int flags)
{
	(void)flags;
	memset(xa, 0, sizeof(*xa));
}

void xa_destroy(struct xarray *xa)
{
	free(xa->items);
	memset(xa, 0, sizeof(*xa));
}

/* The first item at or after @index. */
static unsigned int position(const struct xarray *xa, unsigned long index)
{
	unsigned int low = 0, high = xa->count;

	while (low < high) {
		const unsigned int middle = (low + high) / 2;

		if (xa->items[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	const unsigned int at = position(xa, index);

	return at < xa->count && xa->items[at].index == index ? xa->items[at].entry : NULL;
}

void *xa_store(struct xarray *xa, unsigned long index, void *entry, unsigned int flags)
{
	const unsigned int at = position(xa, index);

	shim_gfp(flags);
	if (at == xa->count || xa->items[at].index != index) {
		if (xa->count == xa->capacity) {
			xa->capacity = xa->capacity * 2 + 16;
			xa->items = realloc(xa->items, xa->capacity * sizeof(*xa->items));
		}
		memmove(xa->items + at + 1, xa->items + at, (xa->count - at) * sizeof(*xa->items));
		xa->items[at].index = index;
		xa->count++;
	}
	xa->items[at].entry = entry;
	return NULL;
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	const unsigned int at = position(xa, index);
	void *entry = xa_load(xa, index);

	if (entry) {
		xa->count--;
		memmove(xa->items + at, xa->items + at + 1, (xa->count - at) * sizeof(*xa->items));
	}
	return entry;
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long last, unsigned int filter)
{
	const unsigned int at = position(xa, *index);

	(void)filter;
	if (at == xa->count || xa->items[at].index > last)
		return NULL;
	*index = xa->items[at].index;
	return xa->items[at].entry;
}

/* ---- memory ---------------------------------------------------------------- */

void shim_gfp(unsigned int flags)
{
	if (flags == GFP_KERNEL_ACCOUNT)
		shim_may_sleep();
}

void *kzalloc(size_t bytes, unsigned int flags)
{
	shim_gfp(flags);
	return calloc(1, bytes);
}

void kfree(void *memory)
{
	free(memory);
}

unsigned long get_zeroed_page(unsigned int flags)
{
	void *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

	shim_gfp(flags);
	memset(page, 0, PAGE_SIZE);
	return (unsigned long)page;
}

void free_page(unsigned long page)
{
	free((void *)page);
}

/* What makes the limit on shadow pages its least. */
unsigned long totalram_pages(void)
{
	return 1;
}

/* ---- the client ------------------------------------------------------------ */

static struct page *client_pages[CLIENT_PAGES];

struct page *shim_client_page(unsigned long address)
{
	const unsigned long number = (address - CLIENT_BASE) / PAGE_SIZE;

	return number < CLIENT_PAGES ? client_pages[number] : NULL;
}

/* As a migration would: other memory with the same content. */
void shim_replace_page(unsigned int number)
{
	struct page *old = client_pages[number];
	struct page *page = calloc(1, sizeof(*page));

	page->memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	if (old) {
		must(!old->pins, "a page that the client gives up is pinned");
		memcpy(page->memory, old->memory, PAGE_SIZE);
		free(old->memory);
		free(old);
	} else {
		memset(page->memory, 0, PAGE_SIZE);
	}
	client_pages[number] = page;
}

void shim_free_client(void)
{
	unsigned int i;

	for (i = 0; i < CLIENT_PAGES; i++) {
		must(!client_pages[i]->pins, "a page stays pinned");
		free(client_pages[i]->memory);
		free(client_pages[i]);
	}
	must(!locked_pages, "pages stay charged");
}

void *shim_client(const void *address)
{
	struct page *page = shim_client_page((unsigned long)address);

	shim_may_sleep();
	return page ? page->memory + offset_in_page(address) : NULL;
}

unsigned long copy_from_user(void *to, const void *from, unsigned long bytes)
{
	void *client_memory = shim_client(from);

	if (!client_memory)
		return bytes;
	memcpy(to, client_memory, bytes);
	return 0;
}

unsigned long copy_to_user(void *to, const void *from, unsigned long bytes)
{
	void *client_memory = shim_client(to);

	if (!client_memory)
		return bytes;
	memcpy(client_memory, from, bytes);
	return 0;
}

int pin_user_pages_fast(unsigned long address, int count, unsigned int flags, struct page **page)
{
	(void)flags;
	shim_may_sleep();
	*page = shim_client_page(address);
	if (!*page)
		return -EFAULT;
	(*page)->pins++;
	return count;
}

void unpin_user_pages(struct page **pages, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		pages[i]->pins--;
}

int account_locked_vm(struct mm_struct *mm, unsigned long pages, bool more)
{
	(void)mm;
	shim_may_sleep();
	locked_pages += more ? (long)pages : -(long)pages;
	return 0;
}

/* ---- what the memory layer calls beside the kernel ------------------------- */

enum cpu_result cpu_page_fault(struct virtual_cpu *cpu, u64 address, u32 error_code)
{
	cpu->fault = (struct cpu_exception){
		.vector = X86_TRAP_PF,
		.has_error_code = true,
		.error_code = error_code,
		.cr2 = address,
	};
	return CPU_FAULT;
}

enum cpu_result cpu_stop(struct virtual_cpu *cpu, const char *sentence)
{
	cpu->stop_reason = sentence;
	return CPU_STOP;
}

static unsigned long (*shrink)(unsigned long count);

int host_register_shrinker(unsigned long (*count)(void), unsigned long (*free)(unsigned long count))
{
	(void)count;
	shrink = free;
	return 0;
}

void host_unregister_shrinker(void)
{
	shrink = NULL;
}

unsigned long shim_shrink(unsigned long count)
{
	return shrink(count);
}
