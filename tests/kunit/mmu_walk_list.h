/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks whose outcome is written down by hand: one rule of paging each. The
 * KUnit suite and the userspace test put them to the guest walk, the selftest
 * paging has a guest do them.
 */
#ifndef RINGLET_TESTS_MMU_WALK_LIST_H
#define RINGLET_TESTS_MMU_WALK_LIST_H

#include "mmu/walk.h"

/*
 * Directory in page 0, table in page 1, data in page 5 from here on. The address
 * uses entry 1 (PAE: 2) of the directory and entry 3 of the table.
 */
#ifndef CASE_BASE
#define CASE_BASE 0ULL
#endif
#define CASE_LINEAR	0x00403025ULL
#define CASE_GPA	(CASE_BASE + 0x5025)
#define CASE_PDE(flags) ((CASE_BASE + 0x1000) | (flags))
#define CASE_PTE(flags) ((CASE_BASE + 0x5000) | (flags))

#define P		PTE_P
#define W		PTE_W
#define U		PTE_U
#define A		PTE_A
#define D		PTE_D
#define S		PTE_PS
#define G		PTE_G
#define NX		PTE_NX
#define ALL		(PTE_P | PTE_W | PTE_U)

enum walk_case_mode {
	CASE_TWO_LEVEL,
	CASE_PAE,
	CASE_PAE_NX,
};

/**
 * struct walk_case - one walk
 * @cr0, @cr4: beside PE, PG and PAE
 * @pde_after, @pte_after: the entries afterwards; 0: as before
 * @gpa: on WALK_OK; @page_bytes 0 stands for 4096
 */
struct walk_case {
	const char *name;
	enum walk_case_mode mode;
	u64 cr0, cr4;
	unsigned int cpl;
	bool alignment_check; /* EFLAGS.AC */
	unsigned int access;
	u64 pde, pte;
	enum walk_result result;
	u32 error_code;
	u64 pde_after, pte_after;
	u64 gpa, page_bytes;
};

static const struct walk_case walk_cases[] = {
	{ "a read sets A in both levels", .pde = CASE_PDE(ALL), .pte = CASE_PTE(ALL),
	  .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(ALL | A), .gpa = CASE_GPA },
	{ "a write sets D in the leaf only", .access = ACCESS_WRITE, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(ALL), .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(ALL | A | D),
	  .gpa = CASE_GPA },
	{ "the read of a read-modify-write is a write", .access = ACCESS_MODIFY, .cpl = 3,
	  .pde = CASE_PDE(ALL), .pte = CASE_PTE(P | U), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_WRITE | PFERR_USER },
	{ "no directory entry", .cpl = 3, .pde = CASE_PDE(W | U), .pte = CASE_PTE(ALL),
	  .result = WALK_FAULT, .error_code = PFERR_USER },
	{ "no table entry: A stays clear above", .access = ACCESS_WRITE, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(W | U), .result = WALK_FAULT, .error_code = PFERR_WRITE },
	{ "user at a supervisor directory", .cpl = 3, .pde = CASE_PDE(P | W), .pte = CASE_PTE(ALL),
	  .result = WALK_FAULT, .error_code = PFERR_PRESENT | PFERR_USER },
	{ "user at a supervisor table entry", .cpl = 3, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(P | W), .result = WALK_FAULT, .error_code = PFERR_PRESENT | PFERR_USER },
	{ "rings 1 and 2 are supervisor", .cpl = 2, .pde = CASE_PDE(ALL), .pte = CASE_PTE(P | W),
	  .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(P | W | A), .gpa = CASE_GPA },
	{ "a system access of ring 3 is supervisor", .cpl = 3, .access = ACCESS_SYSTEM,
	  .pde = CASE_PDE(P | W), .pte = CASE_PTE(P | W), .pde_after = CASE_PDE(P | W | A),
	  .pte_after = CASE_PTE(P | W | A), .gpa = CASE_GPA },
	{ "user write at a read-only directory", .cpl = 3, .access = ACCESS_WRITE,
	  .pde = CASE_PDE(P | U), .pte = CASE_PTE(ALL), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_WRITE | PFERR_USER },
	{ "WP=0: the supervisor writes a read-only page", .access = ACCESS_WRITE,
	  .pde = CASE_PDE(P), .pte = CASE_PTE(P), .pde_after = CASE_PDE(P | A),
	  .pte_after = CASE_PTE(P | A | D), .gpa = CASE_GPA },
	{ "WP=1: it does not", .cr0 = X86_CR0_WP, .access = ACCESS_WRITE, .pde = CASE_PDE(P),
	  .pte = CASE_PTE(P | W), .result = WALK_FAULT, .error_code = PFERR_PRESENT | PFERR_WRITE },
	{ "WP=0 is nothing to ring 3", .cpl = 3, .access = ACCESS_WRITE, .pde = CASE_PDE(P | U),
	  .pte = CASE_PTE(P | U), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_WRITE | PFERR_USER },
	{ "two levels: a fetch reads", .cpl = 3, .access = ACCESS_FETCH, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(U), .result = WALK_FAULT, .error_code = PFERR_USER },

	{ "PS without PSE is an ordinary table", .pde = CASE_PDE(ALL | S), .pte = CASE_PTE(ALL | A),
	  .pde_after = CASE_PDE(ALL | S | A), .gpa = CASE_GPA },
	{ "a 4 MB page", .cr4 = X86_CR4_PSE, .access = ACCESS_WRITE, .pde = 0x00c00000 | ALL | S,
	  .pde_after = 0x00c00000 | ALL | S | A | D, .gpa = 0x00c03025, .page_bytes = 1 << 22 },
	{ "a 4 MB page with PAT", .cr4 = X86_CR4_PSE, .pde = 0x00c01000 | ALL | S | A,
	  .gpa = 0x00c03025, .page_bytes = 1 << 22 },
	{ "a 4 MB page above 4 GiB (PSE-36)", .cr4 = X86_CR4_PSE, .pde = 0x00c02000 | ALL | S,
	  .result = WALK_FAULT, .error_code = PFERR_PRESENT | PFERR_RESERVED },
	{ "reserved comes before rights", .cr4 = X86_CR4_PSE, .cpl = 3, .access = ACCESS_WRITE,
	  .pde = 0x00e00000 | P | S, .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_RESERVED | PFERR_WRITE | PFERR_USER },
	{ "bit 7 of a table entry is PAT", .cr4 = X86_CR4_PSE, .pde = CASE_PDE(ALL | A),
	  .pte = CASE_PTE(ALL | A | S), .gpa = CASE_GPA },

	{ "PAE", .mode = CASE_PAE, .access = ACCESS_WRITE, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(ALL), .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(ALL | A | D),
	  .gpa = CASE_GPA },
	{ "PAE: a page above 4 GiB", .mode = CASE_PAE, .pde = CASE_PDE(ALL | A),
	  .pte = 0xfffff5000ULL | ALL | A, .gpa = 0xfffff5025ULL },
	{ "PAE: an address of 37 bits", .mode = CASE_PAE, .pde = CASE_PDE(ALL),
	  .pte = 0x1000005000ULL | ALL, .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_RESERVED },
	{ "PAE: bit 62", .mode = CASE_PAE, .pde = CASE_PDE(ALL) | BIT_ULL(62), .pte = CASE_PTE(ALL),
	  .result = WALK_FAULT, .error_code = PFERR_PRESENT | PFERR_RESERVED },
	{ "PAE: reserved bits of an absent entry do not count", .mode = CASE_PAE,
	  .pde = CASE_PDE(W | U) | BIT_ULL(62), .pte = CASE_PTE(ALL), .result = WALK_FAULT },
	{ "PAE: NX is reserved while NXE is off", .mode = CASE_PAE, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(ALL) | NX, .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_RESERVED },
	{ "PAE: a 2 MB page", .mode = CASE_PAE, .pde = 0x00a00000 | ALL | S | A, .gpa = 0x00a03025,
	  .page_bytes = 1 << 21 },
	{ "PAE: bit 13 of a 2 MB page", .mode = CASE_PAE, .pde = 0x00a02000 | ALL | S,
	  .result = WALK_FAULT, .error_code = PFERR_PRESENT | PFERR_RESERVED },
	{ "NX: reads do", .mode = CASE_PAE_NX, .pde = CASE_PDE(ALL | A) | NX,
	  .pte = CASE_PTE(ALL | A), .gpa = CASE_GPA },
	{ "NX in the directory", .mode = CASE_PAE_NX, .cpl = 3, .access = ACCESS_FETCH,
	  .pde = CASE_PDE(ALL) | NX, .pte = CASE_PTE(ALL), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_USER | PFERR_FETCH },
	{ "NX binds the supervisor too", .mode = CASE_PAE_NX, .access = ACCESS_FETCH,
	  .pde = CASE_PDE(ALL), .pte = CASE_PTE(ALL) | NX, .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_FETCH },
	{ "with NXE an absent page says that it was fetched", .mode = CASE_PAE_NX,
	  .access = ACCESS_FETCH, .pde = CASE_PDE(ALL), .pte = 0, .result = WALK_FAULT,
	  .error_code = PFERR_FETCH },
	{ "without NXE it does not", .mode = CASE_PAE, .access = ACCESS_FETCH, .pde = CASE_PDE(ALL),
	  .pte = 0, .result = WALK_FAULT },

	{ "SMEP: no fetch from a user page", .cr4 = X86_CR4_SMEP, .access = ACCESS_FETCH,
	  .pde = CASE_PDE(ALL), .pte = CASE_PTE(ALL), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_FETCH },
	{ "SMAP: no read of a user page", .cr4 = X86_CR4_SMAP, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(ALL), .result = WALK_FAULT, .error_code = PFERR_PRESENT },
	{ "SMAP: AC allows it", .cr4 = X86_CR4_SMAP, .alignment_check = true,
	  .pde = CASE_PDE(ALL | A), .pte = CASE_PTE(ALL | A), .gpa = CASE_GPA },
	{ "SMAP: AC is nothing to a system access", .cr4 = X86_CR4_SMAP, .alignment_check = true,
	  .access = ACCESS_SYSTEM, .pde = CASE_PDE(ALL), .pte = CASE_PTE(ALL), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT },

	{ "a table where no memory is", .pde = 0x80000000ULL | ALL, .result = WALK_NO_MEMORY },
	{ "PAE: a table where no memory is", .mode = CASE_PAE, .pde = 0x780000000ULL | ALL,
	  .result = WALK_NO_MEMORY },
};

#undef P
#undef W
#undef U
#undef A
#undef D
#undef S
#undef G
#undef NX
#undef ALL

#endif /* RINGLET_TESTS_MMU_WALK_LIST_H */
