// SPDX-License-Identifier: GPL-2.0-only
/*
 * Being asked for memory by the host's memory management. Called while the
 * module loads and unloads, in the host world. Kernels from 6.7 on allocate the
 * shrinker themselves.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/shrinker.h>

#include "host/host.h"

static unsigned long (*count_pages)(void);
static unsigned long (*free_pages_of_ours)(unsigned long count);

static unsigned long count_objects(struct shrinker *shrinker, struct shrink_control *control)
{
	return count_pages() ?: SHRINK_EMPTY;
}

static unsigned long scan_objects(struct shrinker *shrinker, struct shrink_control *control)
{
	return free_pages_of_ours(control->nr_to_scan) ?: SHRINK_STOP;
}

#ifdef SHRINKER_ALLOCATED

static struct shrinker *shrinker;

static int register_ours(void)
{
	shrinker = shrinker_alloc(0, "ringlet-shadow");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count_objects;
	shrinker->scan_objects = scan_objects;
	shrinker_register(shrinker);
	return 0;
}

void host_unregister_shrinker(void)
{
	shrinker_free(shrinker);
}

#else

static struct shrinker shrinker = {
	.count_objects = count_objects,
	.scan_objects = scan_objects,
	.seeks = DEFAULT_SEEKS,
};

static int register_ours(void)
{
	return register_shrinker(&shrinker, "ringlet-shadow");
}

void host_unregister_shrinker(void)
{
	unregister_shrinker(&shrinker);
}

#endif

int host_register_shrinker(unsigned long (*count)(void), unsigned long (*free)(unsigned long count))
{
	count_pages = count;
	free_pages_of_ours = free;
	return register_ours();
}
