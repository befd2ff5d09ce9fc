/* SPDX-License-Identifier: GPL-2.0-only */
/* The page tables of the guest world above 4 GiB. */
#ifndef RINGLET_WORLD_ROOT_H
#define RINGLET_WORLD_ROOT_H

#include <linux/types.h>
#include <uapi/linux/ringlet.h>

/* What a shared page may be used for in the guest world. */
enum world_page_use {
	WORLD_PAGE_TEXT,
	WORLD_PAGE_READ_ONLY,
	WORLD_PAGE_WRITABLE,
};

#define WORLD_ROOT_TABLES 24

/**
 * struct world_root - page tables of one vCPU's guest world
 * @top: PML4, or PML5 when the host runs with LA57
 * @tables: every page-table page, @top first
 */
struct world_root {
	u64 *top;
	unsigned int table_count;
	u64 *tables[WORLD_ROOT_TABLES];
};

/**
 * world_root_init() - make a root that maps the linear 4 GiB and nothing else
 * @root: zeroed
 * @low: the page-directory-pointer table for linear 0 to 4 GiB, or NULL: there
 *	is nothing but what world_root_map_low() puts there
 * Return: 0 or -ENOMEM.
 */
int world_root_init(struct world_root *root, u64 *low);
void world_root_destroy(struct world_root *root);

/**
 * world_root_map() - map one page of the host at its own address
 * Return: 0, -ENOMEM, or -ENOSPC when the fixed number of tables is used up.
 */
int world_root_map(struct world_root *root, const void *address,
		   enum world_page_use use);

/**
 * world_root_map_low() - map a page of the host for ring 3, below 4 GiB
 * @linear: where
 * @use: WORLD_PAGE_TEXT or WORLD_PAGE_WRITABLE
 *
 * Only for a root without a guest in it.
 * Return: as world_root_map().
 */
int world_root_map_low(struct world_root *root, u32 linear, const void *address,
		       enum world_page_use use);

/* What @from maps above 4 GiB, as it is now. */
void world_root_share(struct world_root *root, const struct world_root *from);

/* The value for CR3. */
u64 world_root_cr3(const struct world_root *root);

/**
 * world_root_read() - walk the tables as the processor does
 * @owns_pfn: whether a frame below 4 GiB may be mapped there
 *
 * Fills in the counts of @report, and @pages up to its capacity.
 */
void world_root_read(const struct world_root *root,
		     struct ringlet_guest_root *report,
		     struct ringlet_guest_root_page *pages,
		     bool (*owns_pfn)(void *opaque, u64 pfn), void *opaque);

#endif /* RINGLET_WORLD_ROOT_H */
