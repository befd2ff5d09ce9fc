// SPDX-License-Identifier: GPL-2.0-only
/*
 * From guest entries to what their shadows stand for, and back. Called by the
 * shadow code, in the host world. Pure.
 */
#include "mmu/shadow_role.h"

#define TABLE_ADDRESS GENMASK_ULL(GUEST_PHYSICAL_BITS - 1, 12)
#define FOUR_BYTE_ADDRESS GENMASK_ULL(31, 12)

static unsigned int quadrant(u32 role)
{
	return (role & ROLE_QUADRANT) >> ROLE_QUADRANT_SHIFT;
}

static u64 entry_gfn(u32 role, u64 entry)
{
	return (entry & (role & ROLE_PAE ? TABLE_ADDRESS : FOUR_BYTE_ADDRESS)) >> 12;
}

/* The rights that @role leaves of those of an entry. */
static u32 entry_rights(u32 role, u64 entry)
{
	u32 rights = role & ROLE_RIGHTS;

	if (!(entry & PTE_W))
		rights &= ~ROLE_WRITABLE;
	if (!(entry & PTE_U))
		rights &= ~ROLE_USER;
	if ((role & ROLE_NX) && (entry & PTE_NX))
		rights &= ~ROLE_EXECUTABLE;
	return rights;
}

/* Present, used, and without a bit that must not be. */
static bool entry_counts(u32 role, u64 entry, bool large)
{
	return (entry & PTE_P) && (entry & PTE_A) &&
	       !(entry & walk_reserved_bits(role & ROLE_PAE, role & ROLE_NX, large));
}

/**
 * shadow_root_place() - what a quarter of linear space is shadowed by
 * @cpu: its modes
 * @quarter: which GiB
 * @directory_gfn: where the guest's page directory of it is; not without paging
 * @upper: WALK_* rights by the levels above the directory
 * @place: filled in
 */
void shadow_root_place(const struct virtual_cpu *cpu, unsigned int quarter, u64 directory_gfn,
		       u8 upper, struct shadow_place *place)
{
	u32 role = ROLE_DIRECTORY;

	if (!(cpu->cr0 & X86_CR0_PG)) {
		place->gfn = (u64)quarter << 18;
		place->role = role | ROLE_DIRECT | ROLE_WP | ROLE_RIGHTS | ROLE_DIRTY;
		return;
	}
	role |= (u32)upper << ROLE_RIGHTS_SHIFT;
	if (cpu->cr0 & X86_CR0_WP)
		role |= ROLE_WP;
	if (cpu->cr4 & X86_CR4_PAE) {
		role |= ROLE_PAE | ROLE_LARGE_PAGES;
		if (cpu->efer & EFER_NX)
			role |= ROLE_NX;
	} else {
		role |= quarter << ROLE_QUADRANT_SHIFT;
		if (cpu->cr4 & X86_CR4_PSE)
			role |= ROLE_LARGE_PAGES;
	}
	place->gfn = directory_gfn;
	place->role = role;
}

/* Which 2 MiB of the large page behind @entry. */
static void large_child(u32 role, u64 entry, unsigned int index, struct shadow_place *child)
{
	if (role & ROLE_PAE)
		child->gfn = entry_gfn(role, entry) & ~0x1ffULL;
	else
		child->gfn = (entry_gfn(role, entry) & ~0x3ffULL) + (index & 1) * SHADOW_ENTRIES;
	child->role = ROLE_DIRECT | (role & ROLE_WP) | entry_rights(role, entry) |
		      (entry & PTE_D ? ROLE_DIRTY : 0);
}

/**
 * shadow_child_place() - what an entry of a shadow directory leads to
 * @directory: what the directory stands for
 * @entry: the guest's entry; any for a direct one
 * @index: of the shadow's entry
 * @child: filled in
 *
 * Return: false if the guest's entry leads nowhere, or was not used yet.
 */
bool shadow_child_place(const struct shadow_place *directory, u64 entry, unsigned int index,
			struct shadow_place *child)
{
	const u32 role = directory->role;
	const bool large = (role & ROLE_LARGE_PAGES) && (entry & PTE_PS);

	if (role & ROLE_DIRECT) {
		child->gfn = directory->gfn + (u64)index * SHADOW_ENTRIES;
		child->role = role & ~ROLE_DIRECTORY;
		return true;
	}
	if (!entry_counts(role, entry, large))
		return false;
	if (large) {
		large_child(role, entry, index, child);
		return true;
	}
	child->gfn = entry_gfn(role, entry);
	child->role = (role & (ROLE_PAE | ROLE_NX | ROLE_WP)) | entry_rights(role, entry);
	if (!(role & ROLE_PAE))
		child->role |= (index & 1) << ROLE_QUADRANT_SHIFT;
	return true;
}

/**
 * shadow_leaf_walk() - what an entry of a shadow table maps
 * @table: what the table stands for
 * @entry: the guest's entry; any for a direct one
 * @index: of the shadow's entry
 * @walk: rights, dirty and gpa of the page are filled in
 *
 * Return: false if the guest's entry maps nothing, or was not used yet.
 */
bool shadow_leaf_walk(const struct shadow_place *table, u64 entry, unsigned int index,
		      struct guest_walk *walk)
{
	const u32 role = table->role;
	u32 rights = role & ROLE_RIGHTS;

	*walk = (struct guest_walk){ .page_bytes = 4096 };
	if (role & ROLE_DIRECT) {
		walk->gpa = (table->gfn + index) << 12;
		walk->dirty = role & ROLE_DIRTY;
	} else {
		if (!entry_counts(role, entry, false))
			return false;
		rights = entry_rights(role, entry);
		walk->gpa = entry_gfn(role, entry) << 12;
		walk->dirty = entry & PTE_D;
	}
	walk->writable = rights & ROLE_WRITABLE;
	walk->user = rights & ROLE_USER;
	walk->executable = rights & ROLE_EXECUTABLE;
	return true;
}

/* Size of the guest's entries. */
unsigned int shadow_entry_bytes(u32 role)
{
	return role & ROLE_PAE ? 8 : 4;
}

/* Where in the guest's table the entry behind a shadow entry is. */
unsigned int shadow_entry_offset(u32 role, unsigned int index)
{
	if (role & ROLE_PAE)
		return index * 8;
	/* A directory's entries cover 4 MiB, two entries of its shadow. */
	if (role & ROLE_DIRECTORY)
		return (quadrant(role) * (SHADOW_ENTRIES / 2) + index / 2) * 4;
	return (quadrant(role) * SHADOW_ENTRIES + index) * 4;
}

/**
 * shadow_entries_at() - the shadow entries of one guest entry
 * @role: of the shadow page
 * @offset: of the entry in the guest's table
 * @first: the first of them
 *
 * Return: how many: 0 if another quadrant has them.
 */
unsigned int shadow_entries_at(u32 role, unsigned int offset, unsigned int *first)
{
	unsigned int entry = offset / shadow_entry_bytes(role);

	if (role & ROLE_PAE) {
		*first = entry;
		return 1;
	}
	if (role & ROLE_DIRECTORY) {
		*first = entry % (SHADOW_ENTRIES / 2) * 2;
		return entry / (SHADOW_ENTRIES / 2) == quadrant(role) ? 2 : 0;
	}
	*first = entry % SHADOW_ENTRIES;
	return entry / SHADOW_ENTRIES == quadrant(role) ? 1 : 0;
}
