/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bits of a shadow page-table entry and how a leaf is made of a guest walk.
 * Pure; used by the shadow code and by its tests.
 */
#ifndef RINGLET_MMU_SHADOW_ENTRY_H
#define RINGLET_MMU_SHADOW_ENTRY_H

#include <ringlet/types.h>
#include <ringlet/x86.h>

#include "mmu/walk.h"

/* Where an entry of the host's format holds a page frame. */
#define SHADOW_ADDRESS GENMASK_ULL(51, 12)

/*
 * Upper levels forbid nothing: rights belong to the leaf. A and D are preset
 * so that the processor never has to write a table.
 */
#define SHADOW_TABLE (PTE_P | PTE_W | PTE_U | PTE_A)

/*
 * The hardware's bits that a leaf may have. PWT, PCD and PAT stay clear: guest
 * memory is ordinary memory, write-back, whatever the guest thinks of it. G
 * stays clear: the guest world runs without global pages.
 */
#define SHADOW_LEAF_HARDWARE \
	(PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | PTE_NX | SHADOW_ADDRESS)

static_assert((SHADOW_TABLE & SHADOW_ADDRESS) == 0,
	      "table entries carry no address of their own");

/* What shadow_leaf() has to know beside the walk. */
#define SHADOW_WRITE_PROTECT BIT(0)	/* read-only slot, or somebody tracks the page */
#define SHADOW_CR0_WP BIT(1)		/* the guest's CR0.WP */
#define SHADOW_SUPERVISOR_WRITE BIT(2)	/* the access in hand */
#define SHADOW_HOST_NX BIT(3)		/* the host runs with EFER.NX */

u64 shadow_leaf(const struct guest_walk *walk, u64 pfn, unsigned int flags);

#endif /* RINGLET_MMU_SHADOW_ENTRY_H */
