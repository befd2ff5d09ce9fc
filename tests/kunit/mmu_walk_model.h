/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest walk against a second opinion: a small memory full of page tables,
 * and a model of the walk that is written for clearness, bit by bit and level
 * by level, from the manual's tables and without any code of the walk itself.
 * Included by the KUnit suite and by the userspace test.
 */
#ifndef RINGLET_TESTS_MMU_WALK_MODEL_H
#define RINGLET_TESTS_MMU_WALK_MODEL_H

#include "mmu/walk.h"

#define MODEL_PAGE	4096ULL
#define MODEL_LOW_PAGES 8
#define MODEL_PAGES	10
/* The last two pages lie where only PAE reaches. */
#define MODEL_HIGH_GPA 0xc00000000ULL

/* What the model expects of one walk. */
struct model_walk {
	enum walk_result result;
	struct guest_walk walk;
	unsigned int entries; /* on the way, leaf last */
	u64 gpa[2];
	u64 value[2];
	u64 marks[2]; /* bits that the walk has to leave set */
};

/**
 * struct model_machine - a virtual CPU before tables in a small memory
 * @chaos: out of 16 updates of an entry so many meet an entry that somebody has
 *	just changed
 * @always_busy: every update fails
 * @read_only: the tables are in a ROM
 * @stray: the walk wrote a bit that it must not, or used a wrong place or size
 */
struct model_machine {
	struct virtual_cpu cpu;
	u64 linear;
	unsigned int access;
	u64 random;
	unsigned int chaos;
	bool always_busy;
	bool read_only;
	bool stray;
	unsigned int updates;
	struct model_walk expected;
	union {
		u8 bytes[MODEL_PAGES * 4096];
		u32 four[MODEL_PAGES * 1024];
		u64 eight[MODEL_PAGES * 512];
	} memory;
};

static u64 model_random(struct model_machine *machine)
{
	u64 x = machine->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	machine->random = x;
	return x * 0x2545f4914f6cdd1dULL;
}

static unsigned int model_dice(struct model_machine *machine, unsigned int sides)
{
	return (model_random(machine) >> 33) % sides;
}

/* Where @gpa is in the memory array, or -1. */
static long model_offset(u64 gpa)
{
	if (gpa < MODEL_LOW_PAGES * MODEL_PAGE)
		return gpa;
	if (gpa >= MODEL_HIGH_GPA &&
	    gpa < MODEL_HIGH_GPA + (MODEL_PAGES - MODEL_LOW_PAGES) * MODEL_PAGE)
		return gpa - MODEL_HIGH_GPA + MODEL_LOW_PAGES * MODEL_PAGE;
	return -1;
}

static bool model_peek(const struct model_machine *machine, u64 gpa, unsigned int bytes, u64 *value)
{
	const long offset = model_offset(gpa);

	if (offset < 0)
		return false;
	*value = bytes == 8 ? machine->memory.eight[offset / 8] : machine->memory.four[offset / 4];
	return true;
}

static void model_poke(struct model_machine *machine, u64 gpa, unsigned int bytes, u64 value)
{
	const long offset = model_offset(gpa);

	if (bytes == 8)
		machine->memory.eight[offset / 8] = value;
	else
		machine->memory.four[offset / 4] = value;
}

/* ---- the model --------------------------------------------------------- */

enum model_level { MODEL_LEAF_4K, MODEL_LEAF_LARGE, MODEL_TABLE };

static bool model_bit_reserved(const struct virtual_cpu *cpu, enum model_level level,
			       unsigned int bit)
{
	if (!(cpu->cr4 & X86_CR4_PAE))
		return level == MODEL_LEAF_LARGE && bit >= 13 && bit <= 21;
	if (bit == 63)
		return !(cpu->efer & EFER_NX);
	if (bit >= 36)
		return true;
	return level == MODEL_LEAF_LARGE && bit >= 13 && bit <= 20;
}

/* Read, remember and check one entry; false: the model has its result. */
static bool model_level(const struct model_machine *machine, struct model_walk *model, u64 gpa,
			enum model_level *level)
{
	const struct virtual_cpu *cpu = &machine->cpu;
	const bool pae = cpu->cr4 & X86_CR4_PAE;
	unsigned int bit;
	u64 value;

	if (!model_peek(machine, gpa, pae ? 8 : 4, &value)) {
		model->result = WALK_NO_MEMORY;
		return false;
	}
	if (value % 2 == 0) {
		model->result = WALK_FAULT;
		return false;
	}
	if (*level == MODEL_TABLE && (value & 0x80) && (pae || (cpu->cr4 & X86_CR4_PSE)))
		*level = MODEL_LEAF_LARGE;
	for (bit = 0; bit < 64; bit++) {
		if (((value >> bit) & 1) && model_bit_reserved(cpu, *level, bit)) {
			model->result = WALK_FAULT;
			model->walk.error_code |= 8 + 1;
			return false;
		}
	}
	model->gpa[model->entries] = gpa;
	model->value[model->entries] = value;
	model->entries++;
	return true;
}

/* 5 rows of the manual's "Determination of Access Rights" for one access. */
static bool model_allowed(const struct virtual_cpu *cpu, unsigned int access, bool user_mode,
			  const struct guest_walk *page)
{
	const bool fetch = access & ACCESS_FETCH;
	const bool write = access & (ACCESS_WRITE | ACCESS_MODIFY);

	if (fetch && !page->executable)
		return false;
	if (user_mode && fetch)
		return page->user;
	if (user_mode)
		return page->user && (!write || page->writable);
	if (fetch)
		return !page->user || !(cpu->cr4 & X86_CR4_SMEP);
	if (page->user && (cpu->cr4 & X86_CR4_SMAP)) {
		if (access & ACCESS_SYSTEM)
			return false;
		if (!(cpu->rflags & X86_EFLAGS_AC))
			return false;
	}
	return !write || page->writable || !(cpu->cr0 & X86_CR0_WP);
}

static void model_run(const struct model_machine *machine, struct model_walk *model)
{
	const struct virtual_cpu *cpu = &machine->cpu;
	const bool pae = cpu->cr4 & X86_CR4_PAE;
	const bool nx = pae && (cpu->efer & EFER_NX);
	const bool write = machine->access & (ACCESS_WRITE | ACCESS_MODIFY);
	const bool user_mode =
		((cpu->rflags & X86_EFLAGS_VM) || cpu->segments[SEGMENT_SS].dpl == 3) &&
		!(machine->access & ACCESS_SYSTEM);
	const u64 linear = machine->linear;
	enum model_level level = MODEL_TABLE;
	u64 table, leaf, size;
	unsigned int i;

	memset(model, 0, sizeof(*model));
	model->walk.writable = true;
	model->walk.user = true;
	model->walk.executable = true;
	if (!(cpu->cr0 & X86_CR0_PG)) {
		model->walk.gpa = linear;
		model->walk.page_bytes = 4ULL << 30;
		model->walk.dirty = true;
		model->result = WALK_OK;
		return;
	}

	model->walk.error_code = (write ? 2 : 0) + (user_mode ? 4 : 0);
	if ((machine->access & ACCESS_FETCH) && (nx || (cpu->cr4 & X86_CR4_SMEP)))
		model->walk.error_code += 16;

	if (pae) {
		const u64 pointer = cpu->pdptrs[linear / (1ULL << 30)];

		if (pointer % 2 == 0) {
			model->result = WALK_FAULT;
			return;
		}
		table = pointer % (1ULL << 36) / 4096 * 4096;
		table += linear / (2ULL << 20) % 512 * 8;
	} else {
		table = cpu->cr3 % (1ULL << 32) / 4096 * 4096 + linear / (4ULL << 20) * 4;
	}
	if (!model_level(machine, model, table, &level))
		return;
	if (level == MODEL_TABLE) {
		level = MODEL_LEAF_4K;
		table = model->value[0] % (1ULL << 36) / 4096 * 4096;
		table += pae ? linear / 4096 % 512 * 8 : linear / 4096 % 1024 * 4;
		if (!model_level(machine, model, table, &level))
			return;
	}

	for (i = 0; i < model->entries; i++) {
		if (!(model->value[i] & 2))
			model->walk.writable = false;
		if (!(model->value[i] & 4))
			model->walk.user = false;
		if (nx && (model->value[i] >> 63))
			model->walk.executable = false;
		model->marks[i] = 0x20;
	}
	if (!model_allowed(cpu, machine->access, user_mode, &model->walk)) {
		model->result = WALK_FAULT;
		model->walk.error_code |= 1;
		return;
	}

	leaf = model->value[model->entries - 1];
	if (write)
		model->marks[model->entries - 1] |= 0x40;
	/* A table that maps itself is directory and leaf in one. */
	if (model->entries == 2 && model->gpa[0] == model->gpa[1])
		model->marks[0] = model->marks[1] |= model->marks[0];
	size = level == MODEL_LEAF_4K ? 4096 : pae ? 2ULL << 20 : 4ULL << 20;
	model->walk.page_bytes = size;
	model->walk.gpa = leaf % (1ULL << 36) / size * size + linear % size;
	model->walk.dirty = write || (leaf & 0x40);
	model->walk.global = (leaf & 0x100) && (cpu->cr4 & X86_CR4_PGE);
	model->walk.error_code = 0;
	model->result = WALK_OK;
}

/* ---- the memory that the walk sees ------------------------------------- */

static u64 model_random_entry(struct model_machine *machine, bool pae)
{
	const bool high = pae && !model_dice(machine, 5);
	u64 entry = model_random(machine) & 0xfff;

	if (high)
		entry |= MODEL_HIGH_GPA + model_dice(machine, 2) * MODEL_PAGE;
	else
		entry |= model_dice(machine, MODEL_LOW_PAGES) * MODEL_PAGE;
	if (model_dice(machine, 10))
		entry |= 1;
	if (model_dice(machine, 4))
		entry |= 2 + 4;
	/* Large pages are aligned in most cases, and not too frequent. */
	if (model_dice(machine, 2))
		entry &= ~0x80ULL;
	else if ((entry & 0x80) && model_dice(machine, 4))
		entry &= ~0x3fe000ULL;
	if (!model_dice(machine, 16))
		entry |= 1ULL << (12 + model_dice(machine, pae ? 51 : 20));
	if (pae && !model_dice(machine, 5))
		entry |= 1ULL << 63;
	return entry;
}

static bool model_read(void *opaque, u64 gpa, u64 *entry, unsigned int bytes)
{
	struct model_machine *machine = opaque;

	if (bytes != ((machine->cpu.cr4 & X86_CR4_PAE) ? 8 : 4) || gpa % bytes)
		machine->stray = true;
	return model_peek(machine, gpa, bytes, entry);
}

static bool model_set_bits(void *opaque, u64 gpa, u64 expected, u64 bits, unsigned int bytes,
			   bool *absent)
{
	struct model_machine *machine = opaque;
	struct model_walk *model = &machine->expected;
	unsigned int i;
	u64 found;

	*absent = false;
	machine->updates++;
	if (!model_peek(machine, gpa, bytes, &found)) {
		*absent = true;
		return false;
	}
	if (machine->read_only)
		return true;
	if (machine->always_busy)
		return false;
	if (model_dice(machine, 16) < machine->chaos) {
		model_poke(machine, gpa, bytes, model_random_entry(machine, bytes == 8));
		model_run(machine, model);
		model_peek(machine, gpa, bytes, &found);
	}
	if (found != expected)
		return false;
	for (i = 0; i < model->entries; i++) {
		if (model->gpa[i] == gpa && !(bits & ~model->marks[i]))
			break;
	}
	if (model->result != WALK_OK || i == model->entries)
		machine->stray = true;
	model_poke(machine, gpa, bytes, found | bits);
	return true;
}

static enum walk_result model_do_walk(struct model_machine *machine, struct guest_walk *walk)
{
	const struct walk_memory memory = {
		.read = model_read,
		.set_bits = model_set_bits,
		.opaque = machine,
	};

	machine->stray = false;
	machine->updates = 0;
	return guest_walk(&machine->cpu, &memory, machine->linear, machine->access, walk);
}

/* NULL: the walk does what the model says, and nothing else. */
static const char *model_compare(struct model_machine *machine)
{
	const struct model_walk *model = &machine->expected;
	struct guest_walk walk = {};
	enum walk_result result;
	unsigned int i;
	u64 value;

	model_run(machine, &machine->expected);
	result = model_do_walk(machine, &walk);
	if (machine->stray)
		return "an access to a table that must not be";
	if (result != model->result)
		return "other result";
	if (result == WALK_FAULT)
		return walk.error_code == model->walk.error_code ? NULL : "other error code";
	if (result != WALK_OK)
		return NULL;
	if (walk.gpa != model->walk.gpa || walk.page_bytes != model->walk.page_bytes)
		return "other address or size";
	if (walk.writable != model->walk.writable || walk.user != model->walk.user ||
	    walk.executable != model->walk.executable)
		return "other rights";
	if (walk.dirty != model->walk.dirty || walk.global != model->walk.global)
		return "other D or G";
	for (i = 0; i < model->entries; i++) {
		if (!model_peek(machine, model->gpa[i], (machine->cpu.cr4 & X86_CR4_PAE) ? 8 : 4,
				&value) ||
		    (value & model->marks[i]) != model->marks[i])
			return "A or D is missing in an entry";
	}
	return NULL;
}

/* Any mode, with tables to suit. */
static void model_random_machine(struct model_machine *machine)
{
	struct virtual_cpu *cpu = &machine->cpu;
	unsigned int i;
	bool pae;

	memset(cpu, 0, sizeof(*cpu));
	cpu->cr0 = X86_CR0_PE;
	if (model_dice(machine, 32))
		cpu->cr0 |= X86_CR0_PG;
	cpu->cr4 = model_random(machine) & (X86_CR4_PAE | X86_CR4_PSE | X86_CR4_PGE);
	if (!model_dice(machine, 8))
		cpu->cr4 |= model_random(machine) & (X86_CR4_SMEP | X86_CR4_SMAP);
	cpu->efer = model_random(machine) & EFER_NX;
	pae = cpu->cr4 & X86_CR4_PAE;
	for (i = 0; i < MODEL_PAGES * (pae ? 512 : 1024); i++) {
		if (pae)
			machine->memory.eight[i] = model_random_entry(machine, true);
		else
			machine->memory.four[i] = model_random_entry(machine, false);
	}
}

/* An access in the mode that model_random_machine() chose. */
static void model_random_access(struct model_machine *machine)
{
	static const unsigned int accesses[] = { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH,
						 ACCESS_MODIFY };
	struct virtual_cpu *cpu = &machine->cpu;
	unsigned int i;

	cpu->cr0 = (cpu->cr0 & ~(u64)X86_CR0_WP) | (model_random(machine) & X86_CR0_WP);
	cpu->rflags = model_random(machine) & X86_EFLAGS_AC;
	if (!model_dice(machine, 16))
		cpu->rflags |= X86_EFLAGS_VM;
	cpu->segments[SEGMENT_SS].dpl = model_dice(machine, 4);
	cpu->cr3 = model_dice(machine, MODEL_LOW_PAGES) * MODEL_PAGE;
	if (!model_dice(machine, 16))
		cpu->cr3 |= model_random(machine) & 0xffffffff;
	for (i = 0; i < 4; i++) {
		/* Bits 1, 2, 5 to 8 and those from 36 up are clear in a PDPTE. */
		cpu->pdptrs[i] = model_random_entry(machine, true) & 0xfffffffffULL;
		cpu->pdptrs[i] &= ~0x1e6ULL;
	}
	machine->access = accesses[model_dice(machine, ARRAY_SIZE(accesses))];
	if (!model_dice(machine, 6))
		machine->access |= ACCESS_SYSTEM;
	machine->linear = model_random(machine) & 0xffffffff;
	machine->chaos = model_dice(machine, 4) ? 0 : model_dice(machine, 12);
}

/**
 * model_random_cases() - compare over random tables and modes
 * @machine: zeroed, but for @random, which must not be 0
 * @cases: how many
 * @why: where to put what differs
 *
 * Return: how many were compared, less than @cases when one differed; @machine
 * then is that case.
 */
static inline unsigned long model_random_cases(struct model_machine *machine, unsigned long cases,
					       const char **why)
{
	unsigned long i;

	*why = NULL;
	for (i = 0; i < cases; i++) {
		if (i % 64 == 0)
			model_random_machine(machine);
		model_random_access(machine);
		*why = model_compare(machine);
		if (*why)
			return i;
	}
	return i;
}

#endif /* RINGLET_TESTS_MMU_WALK_MODEL_H */
