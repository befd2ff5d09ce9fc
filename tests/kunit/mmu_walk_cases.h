/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks whose outcome is written down by hand: one rule of paging each.
 * Included by the KUnit suite and by the userspace test.
 */
#ifndef RINGLET_TESTS_MMU_WALK_CASES_H
#define RINGLET_TESTS_MMU_WALK_CASES_H

#include "mmu_walk_model.h"

/*
 * Directory in page 0, table in page 1, data in page 5. The address uses entry
 * 1 (PAE: 2) of the directory and entry 3 of the table.
 */
#define CASE_LINEAR	0x00403025ULL
#define CASE_PDE(flags) (0x1000ULL | (flags))
#define CASE_PTE(flags) (0x5000ULL | (flags))

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
	  .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(ALL | A), .gpa = 0x5025 },
	{ "a write sets D in the leaf only", .access = ACCESS_WRITE, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(ALL), .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(ALL | A | D),
	  .gpa = 0x5025 },
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
	  .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(P | W | A), .gpa = 0x5025 },
	{ "a system access of ring 3 is supervisor", .cpl = 3, .access = ACCESS_SYSTEM,
	  .pde = CASE_PDE(P | W), .pte = CASE_PTE(P | W), .pde_after = CASE_PDE(P | W | A),
	  .pte_after = CASE_PTE(P | W | A), .gpa = 0x5025 },
	{ "user write at a read-only directory", .cpl = 3, .access = ACCESS_WRITE,
	  .pde = CASE_PDE(P | U), .pte = CASE_PTE(ALL), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_WRITE | PFERR_USER },
	{ "WP=0: the supervisor writes a read-only page", .access = ACCESS_WRITE,
	  .pde = CASE_PDE(P), .pte = CASE_PTE(P), .pde_after = CASE_PDE(P | A),
	  .pte_after = CASE_PTE(P | A | D), .gpa = 0x5025 },
	{ "WP=1: it does not", .cr0 = X86_CR0_WP, .access = ACCESS_WRITE, .pde = CASE_PDE(P),
	  .pte = CASE_PTE(P | W), .result = WALK_FAULT, .error_code = PFERR_PRESENT | PFERR_WRITE },
	{ "WP=0 is nothing to ring 3", .cpl = 3, .access = ACCESS_WRITE, .pde = CASE_PDE(P | U),
	  .pte = CASE_PTE(P | U), .result = WALK_FAULT,
	  .error_code = PFERR_PRESENT | PFERR_WRITE | PFERR_USER },
	{ "two levels: a fetch reads", .cpl = 3, .access = ACCESS_FETCH, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(U), .result = WALK_FAULT, .error_code = PFERR_USER },

	{ "PS without PSE is an ordinary table", .pde = CASE_PDE(ALL | S), .pte = CASE_PTE(ALL | A),
	  .pde_after = CASE_PDE(ALL | S | A), .gpa = 0x5025 },
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
	  .pte = CASE_PTE(ALL | A | S), .gpa = 0x5025 },

	{ "PAE", .mode = CASE_PAE, .access = ACCESS_WRITE, .pde = CASE_PDE(ALL),
	  .pte = CASE_PTE(ALL), .pde_after = CASE_PDE(ALL | A), .pte_after = CASE_PTE(ALL | A | D),
	  .gpa = 0x5025 },
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
	  .pte = CASE_PTE(ALL | A), .gpa = 0x5025 },
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
	  .pde = CASE_PDE(ALL | A), .pte = CASE_PTE(ALL | A), .gpa = 0x5025 },
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

/* NULL: as written down. */
static const char *walk_case_check(struct model_machine *machine, const struct walk_case *one)
{
	const bool pae = one->mode != CASE_TWO_LEVEL;
	const unsigned int bytes = pae ? 8 : 4;
	const u64 pde_gpa = pae ? 2 * 8 : 1 * 4;
	const u64 pte_gpa = MODEL_PAGE + 3 * bytes;
	struct guest_walk walk = {};
	struct virtual_cpu *cpu = &machine->cpu;
	u64 pde, pte;

	memset(machine, 0, sizeof(*machine));
	machine->linear = CASE_LINEAR;
	machine->access = one->access;
	cpu->cr0 = X86_CR0_PE | X86_CR0_PG | one->cr0;
	cpu->cr4 = one->cr4 | (pae ? X86_CR4_PAE : 0);
	cpu->efer = one->mode == CASE_PAE_NX ? EFER_NX : 0;
	cpu->rflags = one->alignment_check ? X86_EFLAGS_AC : 0;
	cpu->segments[SEGMENT_SS].dpl = one->cpl;
	cpu->pdptrs[0] = 1;
	model_poke(machine, pde_gpa, bytes, one->pde);
	model_poke(machine, pte_gpa, bytes, one->pte);
	machine->random = 1;

	model_run(machine, &machine->expected);
	if (model_do_walk(machine, &walk) != one->result)
		return "other result";
	if (one->result == WALK_FAULT && walk.error_code != one->error_code)
		return "other error code";
	if (one->result == WALK_OK &&
	    (walk.gpa != one->gpa || walk.page_bytes != (one->page_bytes ?: MODEL_PAGE)))
		return "other address or size";
	model_peek(machine, pde_gpa, bytes, &pde);
	model_peek(machine, pte_gpa, bytes, &pte);
	if (pde != (one->pde_after ?: one->pde) || pte != (one->pte_after ?: one->pte))
		return "other entries afterwards";
	/* The model stands or falls by the same list. */
	if (machine->expected.result != one->result ||
	    (one->result == WALK_FAULT && machine->expected.walk.error_code != one->error_code) ||
	    (one->result == WALK_OK && machine->expected.walk.gpa != one->gpa))
		return "the model is wrong";
	return NULL;
}

/* What the list cannot say. Each NULL or what is wrong. */

static inline void case_self_map(struct model_machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	machine->random = 1;
	machine->cpu.cr0 = X86_CR0_PE | X86_CR0_PG;
	machine->linear = 0xfffffffcULL;
	machine->access = ACCESS_WRITE;
	/* Entry 1023 of the directory in page 0 is the directory itself. */
	model_poke(machine, 0xffc, 4, PTE_P | PTE_W);
}

static const char *walk_self_map(struct model_machine *machine)
{
	struct guest_walk walk;
	u64 entry;

	case_self_map(machine);
	model_run(machine, &machine->expected);
	if (model_do_walk(machine, &walk) != WALK_OK || walk.gpa != 0xffc || !walk.dirty)
		return "other result";
	model_peek(machine, 0xffc, 4, &entry);
	return entry == (PTE_P | PTE_W | PTE_A | PTE_D) && !machine->stray ? NULL : "other entry";
}

static const char *walk_gives_up(struct model_machine *machine)
{
	struct guest_walk walk;

	case_self_map(machine);
	machine->always_busy = true;
	if (model_do_walk(machine, &walk) != WALK_BUSY)
		return "other result";
	return machine->updates > 1 ? NULL : "it did not try again";
}

static const char *walk_in_rom(struct model_machine *machine)
{
	struct guest_walk walk;

	case_self_map(machine);
	machine->read_only = true;
	if (model_do_walk(machine, &walk) != WALK_OK || walk.gpa != 0xffc)
		return "other result";
	return walk.dirty ? NULL : "a page that can never become dirty can never be written";
}

static const char *walk_without_paging(struct model_machine *machine)
{
	struct guest_walk walk;

	memset(machine, 0, sizeof(*machine));
	machine->linear = 0xfffffffffULL;
	machine->access = ACCESS_WRITE;
	machine->cpu.segments[SEGMENT_SS].dpl = 3;
	if (model_do_walk(machine, &walk) != WALK_OK || walk.gpa != 0xffffffff)
		return "other result";
	return walk.writable && walk.user && walk.executable && walk.dirty &&
			       walk.page_bytes == BIT_ULL(32) && !machine->updates
		       ? NULL
		       : "other rights";
}

static const char *walk_global(struct model_machine *machine)
{
	struct guest_walk walk;

	case_self_map(machine);
	model_poke(machine, 0xffc, 4, PTE_P | PTE_W | PTE_G);
	if (model_do_walk(machine, &walk) != WALK_OK || walk.global)
		return "global without CR4.PGE";
	machine->cpu.cr4 = X86_CR4_PGE;
	if (model_do_walk(machine, &walk) != WALK_OK || !walk.global)
		return "not global";
	return NULL;
}

static const struct {
	const char *name;
	const char *(*check)(struct model_machine *machine);
} walk_checks[] = {
	{ "a directory that maps itself", walk_self_map },
	{ "gives up on entries that never hold still", walk_gives_up },
	{ "tables in a ROM work without A and D", walk_in_rom },
	{ "without paging an address is its own", walk_without_paging },
	{ "G counts with CR4.PGE only", walk_global },
};

#endif /* RINGLET_TESTS_MMU_WALK_CASES_H */
