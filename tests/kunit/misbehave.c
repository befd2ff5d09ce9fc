// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrongs on purpose, each of which one detector of the debug kernel must
 * report: a test of the test-bed. The runner calls this when the module is
 * loaded with misbehave=KIND, in the host world, in process context.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "runner.h"

static DEFINE_SPINLOCK(one_lock);
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

/* KASAN: the byte after an allocation. */
static void read_too_far(void)
{
	u8 *bytes = kmalloc(17, GFP_KERNEL);

	if (!bytes)
		return;
	OPTIMIZER_HIDE_VAR(bytes);
	READ_ONCE(bytes[17]);
	kfree(bytes);
}

/* UBSAN: a shift by more than there are bits. */
static void shift_too_far(void)
{
	int bits = 40, value = 1;

	OPTIMIZER_HIDE_VAR(bits);
	value <<= bits;
	OPTIMIZER_HIDE_VAR(value);
}

/* DEBUG_ATOMIC_SLEEP: sleep with a spinlock held. */
static void sleep_in_atomic(void)
{
	spin_lock(&one_lock);
	msleep(20);
	spin_unlock(&one_lock);
}

/* Lockdep: two locks in both orders; nothing deadlocks here. */
static void lock_in_both_orders(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

/* kmemleak: memory that nobody refers to. */
static void forget_memory(void)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		void *lost = kmalloc(2048, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

static const struct {
	const char *kind;
	void (*act)(void);
} wrongs[] = {
	{ "kasan", read_too_far },
	{ "ubsan", shift_too_far },
	{ "sleep", sleep_in_atomic },
	{ "lock", lock_in_both_orders },
	{ "leak", forget_memory },
};

void ringlet_misbehave(const char *kind)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrongs); i++)
		if (!strcmp(kind, wrongs[i].kind))
			wrongs[i].act();
}
