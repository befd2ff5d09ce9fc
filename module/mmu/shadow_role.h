/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a shadow page stands for: which guest table, seen how. Two uses of a
 * guest table that would make other entries are two roles, and have two shadow
 * pages. Pure; used by the shadow code and by its tests.
 */
#ifndef RINGLET_MMU_SHADOW_ROLE_H
#define RINGLET_MMU_SHADOW_ROLE_H

#include "cpu/cpu.h"
#include "mmu/walk.h"

/* A shadow page covers 1 GiB (a directory) or 2 MiB (a table) of linear space. */
#define ROLE_DIRECTORY BIT(0)
/* No guest table: a part of a large page, or of memory without paging. */
#define ROLE_DIRECT BIT(1)
/* Mode bits, as far as they decide what the guest's entries mean. */
#define ROLE_PAE BIT(2)
#define ROLE_NX BIT(3)
#define ROLE_WP BIT(4)
#define ROLE_LARGE_PAGES BIT(5)
/*
 * Two-level tables have twice the entries and cover twice the space: a guest
 * table has two shadows, a directory four.
 */
#define ROLE_QUADRANT_SHIFT 6
#define ROLE_QUADRANT GENMASK(7, 6)
/* What the levels above allow; of a large page all of its rights, and D. */
#define ROLE_RIGHTS_SHIFT 8
#define ROLE_WRITABLE (WALK_WRITABLE << ROLE_RIGHTS_SHIFT)
#define ROLE_USER (WALK_USER << ROLE_RIGHTS_SHIFT)
#define ROLE_EXECUTABLE (WALK_EXECUTABLE << ROLE_RIGHTS_SHIFT)
#define ROLE_RIGHTS (ROLE_WRITABLE | ROLE_USER | ROLE_EXECUTABLE)
#define ROLE_DIRTY BIT(11)

/* Entries of a shadow page. */
#define SHADOW_ENTRIES 512

/**
 * struct shadow_place - what one shadow page stands for
 * @gfn: the page of the guest table; of a direct one the first page it maps
 * @role: ROLE_*
 */
struct shadow_place {
	u64 gfn;
	u32 role;
};

static inline bool shadow_same_place(const struct shadow_place *a, const struct shadow_place *b)
{
	return a->gfn == b->gfn && a->role == b->role;
}

void shadow_root_place(const struct virtual_cpu *cpu, unsigned int quarter, u64 directory_gfn,
		       u8 upper, struct shadow_place *place);
bool shadow_child_place(const struct shadow_place *directory, u64 entry, unsigned int index,
			struct shadow_place *child);
bool shadow_leaf_walk(const struct shadow_place *table, u64 entry, unsigned int index,
		      struct guest_walk *walk);
unsigned int shadow_entry_bytes(u32 role);
unsigned int shadow_entry_offset(u32 role, unsigned int index);
unsigned int shadow_entries_at(u32 role, unsigned int offset, unsigned int *first);

#endif /* RINGLET_MMU_SHADOW_ROLE_H */
