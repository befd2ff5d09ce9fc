/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walks of the list put to the guest walk, and what the list cannot say.
 * Included by the KUnit suite and by the userspace test.
 */
#ifndef RINGLET_TESTS_MMU_WALK_CASES_H
#define RINGLET_TESTS_MMU_WALK_CASES_H

#include "mmu_walk_list.h"
#include "mmu_walk_model.h"

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
