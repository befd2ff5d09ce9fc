/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What shadow pages stand for, against the guest walk: the way from a root over
 * a directory entry to a leaf says what the walk says, of random tables in all
 * modes. And the way back from an entry of the guest to those of its shadows.
 * Included by the KUnit suite and by the userspace test.
 */
#ifndef RINGLET_TESTS_MMU_ROLE_MODEL_H
#define RINGLET_TESTS_MMU_ROLE_MODEL_H

#include "mmu/shadow_role.h"
#include "mmu_walk_model.h"

static const char *role_compare(struct model_machine *machine)
{
	const u32 linear = machine->linear;
	const unsigned int index = linear >> 21 & 511;
	struct shadow_place root, table;
	struct guest_walk walk, leaf;

	if (model_do_walk(machine, &walk) != WALK_OK)
		return NULL;
	shadow_root_place(&machine->cpu, linear >> 30, walk.directory_gpa >> 12, walk.upper, &root);
	if (!shadow_child_place(&root, walk.directory, index, &table))
		return "a directory entry that the walk used leads nowhere";
	if (!(root.role & ROLE_DIRECT) &&
	    shadow_entry_offset(root.role, index) != (walk.directory_gpa & 4095))
		return "other directory entry";
	if (!(table.role & ROLE_DIRECT) &&
	    (table.gfn != walk.table_gpa >> 12 ||
	     shadow_entry_offset(table.role, linear >> 12 & 511) != (walk.table_gpa & 4095)))
		return "other table entry";
	if (!shadow_leaf_walk(&table, walk.table, linear >> 12 & 511, &leaf))
		return "a table entry that the walk used maps nothing";
	if (leaf.gpa >> 12 != walk.gpa >> 12)
		return "other page";
	if (leaf.writable != walk.writable || leaf.user != walk.user ||
	    leaf.executable != walk.executable || leaf.dirty != walk.dirty)
		return "other rights or D";
	return NULL;
}

/* Each entry of a shadow is found again by the entry that it is made of. */
static const char *role_check_places(void)
{
	unsigned int quadrant, index, first, count, kind;

	for (kind = 0; kind < 3; kind++) {
		for (quadrant = 0; quadrant < (kind == 0 ? 1 : kind == 1 ? 2 : 4); quadrant++) {
			u32 role = quadrant << ROLE_QUADRANT_SHIFT;

			role |= kind == 0 ? ROLE_PAE : kind == 2 ? ROLE_DIRECTORY : 0;
			for (index = 0; index < SHADOW_ENTRIES; index++) {
				const unsigned int at = shadow_entry_offset(role, index);

				count = shadow_entries_at(role, at, &first);
				if (index < first || index >= first + count)
					return "an entry does not find its shadow";
				count = shadow_entries_at(role ^ (kind ? ROLE_QUADRANT : 0), at,
							  &first);
				if (kind && count)
					return "an entry finds a shadow of another quadrant";
			}
		}
	}
	return NULL;
}

static const char *role_random_cases(struct model_machine *machine, unsigned long count)
{
	const char *wrong = NULL;
	unsigned long i;

	for (i = 0; i < count && !wrong; i++) {
		if (i % 64 == 0)
			model_random_machine(machine);
		model_random_access(machine);
		wrong = role_compare(machine);
	}
	return wrong;
}

#endif /* RINGLET_TESTS_MMU_ROLE_MODEL_H */
