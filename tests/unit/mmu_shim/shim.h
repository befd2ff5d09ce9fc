/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel as the memory layer uses, for userspace: one thread, a
 * client whose pages are allocated one by one so that the sanitizer sees each
 * use of a page that is gone, and locks that only know whether they are held.
 */
#ifndef MMU_SHIM_H
#define MMU_SHIM_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>

#include <ringlet/types.h>

#undef static_assert
#define static_assert(condition, ...) _Static_assert(condition, "" __VA_ARGS__)

#define PAGE_SHIFT		      12
#define PAGE_SIZE		      4096UL
#define PAGE_MASK		      (~(PAGE_SIZE - 1))
#define PAGE_ALIGNED(n)		      (!((n) & (PAGE_SIZE - 1)))
#define SMP_CACHE_BYTES		      64
#define offset_in_page(n)	      ((unsigned long)(n) & (PAGE_SIZE - 1))

#define __user
#define __init
#define READ_ONCE(x)			    (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)		    (*(volatile __typeof__(x) *)&(x) = (v))
#define smp_mb()			    ((void)0) /* there is one thread */
#define smp_rmb()			    ((void)0) /* likewise */
#define xchg(at, value)			    __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST)
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define min(a, b)			    shim_pick(a, b, <)
#define max(a, b)			    shim_pick(a, b, >)
#define shim_pick(a, b, than)                   \
	({                                      \
		__typeof__((a) + (b)) a_ = (a); \
		__typeof__(a_) b_ = (b);        \
		a_ than b_ ? a_ : b_;           \
	})
#define clamp_t(type, v, low, high)  min_t(type, max_t(type, v, low), high)
#define round_down(n, to)	     ((n) & ~((__typeof__(n))(to)-1))
#define DIV_ROUND_UP_ULL(n, by)	     (((n) + (by)-1) / (by))
#define check_add_overflow(a, b, at) __builtin_add_overflow(a, b, at)
#define access_ok(address, bytes)    ((void)(address), (void)(bytes), true)

/* ---- locks and sleeping -------------------------------------------------- */

struct shim_spinlock {
	bool held;
};
#define spinlock_t struct shim_spinlock

struct rw_semaphore {
	int readers;
};
struct mutex {
	bool held;
};

extern unsigned int shim_spinlocks; /* held; whoever sleeps looks */
void shim_may_sleep(void);

#define lockdep_assert_held(lock) shim_assert_held(lock)
#define shim_assert_held(lock)                           \
	_Generic((lock), spinlock_t *                    \
		 : shim_spin_held, struct rw_semaphore * \
		 : shim_rw_held)((void *)(lock))
void shim_spin_held(void *lock);
void shim_rw_held(void *lock);
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
void down_read(struct rw_semaphore *lock);
void up_read(struct rw_semaphore *lock);
void down_write(struct rw_semaphore *lock);
void up_write(struct rw_semaphore *lock);
#define spin_lock_init(lock) ((lock)->held = false)
#define init_rwsem(lock)     ((lock)->readers = 0)
#define DEFINE_MUTEX(name)   struct mutex name
void mutex_lock(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
#define cond_resched()			    shim_may_sleep()
#define schedule_timeout_uninterruptible(n) shim_may_sleep()

struct shim_atomic {
	s64 counter;
};
#define atomic64_t	   struct shim_atomic

#define atomic64_read(a)   ((a)->counter)
#define atomic64_inc(a)	   ((a)->counter++)
#define atomic64_add(n, a) ((a)->counter += (n))
#define atomic64_sub(n, a) ((a)->counter -= (n))
s64 atomic64_xchg(atomic64_t *a, s64 value);
s64 atomic64_dec_if_positive(atomic64_t *a);

/* ---- lists and bitmaps --------------------------------------------------- */

struct list_head {
	struct list_head *next, *prev;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};

#define LIST_HEAD(name)			     struct list_head name = { &name, &name }
#define list_entry(node, type, member)	     container_of(node, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)  list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_for_each_entry(at, head, member)                                               \
	for (at = list_entry((head)->next, __typeof__(*at), member); &at->member != (head); \
	     at = list_entry(at->member.next, __typeof__(*at), member))
#define list_for_each_entry_safe(at, n, head, member)                 \
	for (at = list_entry((head)->next, __typeof__(*at), member),  \
	    n = list_entry(at->member.next, __typeof__(*at), member); \
	     &at->member != (head);                                   \
	     at = n, n = list_entry(n->member.next, __typeof__(*n), member))
#define hlist_entry(node, type, member) container_of(node, type, member)
#define hlist_for_each_entry(at, head, member)                                  \
	for (struct hlist_node *node_ = (head)->first;                          \
	     node_ && (at = hlist_entry(node_, __typeof__(*at), member), true); \
	     node_ = node_->next)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
	node->next = head->next;
	node->prev = head;
	head->next->prev = node;
	head->next = node;
}

static inline void list_del_init(struct list_head *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	INIT_LIST_HEAD(node);
}

#define list_del list_del_init

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add(node, head);
}

static inline void list_rotate_left(struct list_head *head)
{
	struct list_head *first = head->next;

	list_del(first);
	list_add(first, head->prev);
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	if (node->next)
		node->next->pprev = &node->next;
	head->first = node;
	node->pprev = &head->first;
}

static inline void hlist_del(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
}

#define BITS_PER_LONG		   64
#define BITS_TO_LONGS(bits)	   (((bits) + 63) / 64)
#define DECLARE_BITMAP(name, bits) unsigned long name[(bits) / 64]

static inline bool test_bit(unsigned int bit, const unsigned long *map)
{
	return map[bit / 64] >> bit % 64 & 1;
}

static inline void __set_bit(unsigned int bit, unsigned long *map)
{
	map[bit / 64] |= 1UL << bit % 64;
}

#define set_bit(bit, map) __set_bit(bit, map)

static inline void __clear_bit(unsigned int bit, unsigned long *map)
{
	map[bit / 64] &= ~(1UL << bit % 64);
}

static inline unsigned int shim_next_bit(const unsigned long *map, unsigned int bits,
					 unsigned int at)
{
	while (at < bits && !test_bit(at, map))
		at++;
	return at;
}

#define for_each_set_bit(bit, map, bits)                      \
	for (bit = shim_next_bit(map, bits, 0); bit < (bits); \
	     bit = shim_next_bit(map, bits, bit + 1))

static inline u32 hash_64(u64 value, unsigned int bits)
{
	return value * 0x61c8864680b583ebULL >> (64 - bits);
}

/* ---- xarray: a sorted array ------------------------------------------------ */

struct xarray {
	unsigned int count, capacity;
	struct shim_item {
		unsigned long index;
		void *entry;
	} * items;
};
struct xa_node {
	char bytes[576];
};

#define XA_CHUNK_SIZE		     64
#define XA_FLAGS_ACCOUNT	     0
#define XA_PRESENT		     0
#define xa_mk_value(n)		     ((void *)((unsigned long)(n) << 1 | 1))
#define xa_to_value(entry)	     ((unsigned long)(entry) >> 1)
#define xa_err(entry)		     ((void)(entry), 0)
#define xa_reserve(xa, index, flags) ((void)(index), shim_gfp(flags), 0)
#define xa_release(xa, index)	     ((void)(index))
void xa_init_flags(struct xarray *xa, unsigned int flags);
void xa_destroy(struct xarray *xa);
void *xa_load(struct xarray *xa, unsigned long index);
void *xa_store(struct xarray *xa, unsigned long index, void *entry, unsigned int flags);
void *xa_erase(struct xarray *xa, unsigned long index);
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long last, unsigned int filter);
#define xa_for_each_range(xa, index, entry, first, last)                   \
	for (index = (first), entry = xa_find(xa, &index, last, 0); entry; \
	     index++, entry = xa_find(xa, &index, last, 0))
#define xa_for_each_start(xa, index, entry, start) xa_for_each_range(xa, index, entry, start, ~0UL)

/* ---- memory ---------------------------------------------------------------- */

#define GFP_KERNEL_ACCOUNT 1
#define GFP_NOWAIT	   0
#define __GFP_ZERO	   0
void shim_gfp(unsigned int flags);
void *kzalloc(size_t bytes, unsigned int flags);
void kfree(void *memory);
#define kvcalloc(n, bytes, flags) kzalloc((n) * (bytes), flags)
#define kvfree			  kfree
unsigned long get_zeroed_page(unsigned int flags);
void free_page(unsigned long page);
unsigned long totalram_pages(void);

/* A page of the client. */
struct page {
	void *memory;
	int pins;
};

#define page_address(page)	  ((page)->memory)
#define page_to_pfn(page)	  ((u64)(uintptr_t)(page)->memory >> PAGE_SHIFT)
#define __pa(pointer)		  ((u64)(uintptr_t)(pointer))
#define __va(address)		  ((void *)(uintptr_t)(address))
#define __sme_set(entry)	  (entry)
#define __sme_clr(entry)	  (entry)
#define boot_cpu_has(x)		  1
#define set_page_dirty_lock(page) shim_may_sleep()

#define ERESTARTSYS		  512
#define FOLL_LONGTERM		  1
#define FOLL_WRITE		  2
int pin_user_pages_fast(unsigned long address, int count, unsigned int flags, struct page **page);
void unpin_user_pages(struct page **pages, unsigned long count);
static inline void unpin_user_page(struct page *page)
{
	unpin_user_pages(&page, 1);
}

struct mm_struct {
	int unused;
};
struct task {
	struct mm_struct *mm;
};
extern struct task shim_task;
#define current	   (&shim_task)
#define mmgrab(mm) ((void)(mm))
#define mmdrop(mm) ((void)(mm))
int account_locked_vm(struct mm_struct *mm, unsigned long pages, bool more);

unsigned long copy_from_user(void *to, const void *from, unsigned long bytes);
unsigned long copy_to_user(void *to, const void *from, unsigned long bytes);
void *shim_client(const void *address); /* where the client has its page; NULL: nowhere */
#define __try_cmpxchg_user(user, expected, desired, label)                               \
	({                                                                               \
		__typeof__(user) at_ = shim_client(user);                                \
		!at_ ? -EFAULT                                                           \
		     : !__atomic_compare_exchange_n(at_, expected, desired, false,       \
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	})

struct mmu_notifier;
struct mmu_notifier_range {
	unsigned long start, end;
};
struct mmu_notifier_ops {
	int (*invalidate_range_start)(struct mmu_notifier *notifier,
				      const struct mmu_notifier_range *range);
	void (*invalidate_range_end)(struct mmu_notifier *notifier,
				     const struct mmu_notifier_range *range);
	void (*release)(struct mmu_notifier *notifier, struct mm_struct *mm);
};
struct mmu_notifier {
	const struct mmu_notifier_ops *ops;
};
#define mmu_notifier_range_blockable(range)   true
#define mmu_notifier_register(notifier, mm)   0
#define mmu_notifier_unregister(notifier, mm) ((notifier)->ops->release(notifier, mm))

#endif /* MMU_SHIM_H */
