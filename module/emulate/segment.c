// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segment registers, descriptor tables and the instructions that inspect
 * selectors. Called through the dispatch table; the rules themselves are in
 * cpu/. Pure.
 */
#include "emulate/internal.h"

/*
 * Loading SS by MOV or POP holds off interrupts and debug traps for one
 * instruction, so that the stack pointer can follow. Of several in a row only
 * the first does.
 */
static void hold_after_stack_load(struct emulation *emulation, unsigned int which)
{
	if (which == SEGMENT_SS && !(emulation->cpu->interrupt_shadow & INTERRUPT_SHADOW_MOV_SS))
		emulation->shadow = INTERRUPT_SHADOW_MOV_SS;
}

enum cpu_result emulate_mov_segment(struct emulation *emulation)
{
	const struct operand *destination = operand(emulation, 0);
	enum cpu_result result;
	u64 selector;

	result = read_operand(emulation, 1, &selector);
	if (result != CPU_OK)
		return result;
	if (destination->kind != OPERAND_SEGMENT)
		return write_operand(emulation, 0, selector);
	if (destination->reg == SEGMENT_CS)
		return undefined(emulation);
	result = cpu_load_segment(emulation->cpu, destination->reg, selector);
	if (result == CPU_OK)
		hold_after_stack_load(emulation, destination->reg);
	return result;
}

/*
 * The slot has the operand size, but only the selector is written: the SDM's
 * PUSH says that recent processors leave the upper half of a doubleword alone.
 */
enum cpu_result emulate_push_segment(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u16 selector = cpu->segments[operand(emulation, 0)->reg].selector;
	u64 sp = cpu_sp(cpu) - emulation->insn->operand_size;
	enum cpu_result result;

	sp &= stack_mask(cpu);
	result = cpu_write(cpu, SEGMENT_SS, sp, &selector, sizeof(selector));
	if (result == CPU_OK)
		cpu_set_sp(cpu, sp);
	return result;
}

enum cpu_result emulate_pop_segment(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int which = operand(emulation, 0)->reg;
	u64 old_sp = cpu->regs[REG_SP];
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	u64 selector;

	result = cpu_pop(cpu, &sp, &selector, emulation->insn->operand_size);
	if (result != CPU_OK)
		return result;
	/* The stack that was popped from decides how wide its pointer is. */
	cpu_set_sp(cpu, sp);
	result = cpu_load_segment(cpu, which, selector);
	if (result != CPU_OK) {
		cpu->regs[REG_SP] = old_sp;
		return result;
	}
	hold_after_stack_load(emulation, which);
	return CPU_OK;
}

enum cpu_result read_far_pointer(struct emulation *emulation, u16 *selector, u64 *offset)
{
	unsigned int bytes = emulation->insn->operand_size;
	enum cpu_result result;
	u64 pointer = 0;

	result = read_memory(emulation, 0, &pointer, bytes + sizeof(*selector));
	if (result != CPU_OK)
		return result;
	*offset = pointer & size_mask(bytes);
	*selector = pointer >> (8 * bytes);
	return CPU_OK;
}

/* LDS LES LSS LFS LGS */
enum cpu_result emulate_load_far_pointer(struct emulation *emulation)
{
	enum segment_register which;
	enum cpu_result result;
	u16 selector;
	u64 offset;

	switch (emulation->insn->operation) {
	case OPERATION_LDS: which = SEGMENT_DS; break;
	case OPERATION_LES: which = SEGMENT_ES; break;
	case OPERATION_LSS: which = SEGMENT_SS; break;
	case OPERATION_LFS: which = SEGMENT_FS; break;
	default: which = SEGMENT_GS; break;
	}
	result = read_far_pointer(emulation, &selector, &offset);
	if (result != CPU_OK)
		return result;
	result = cpu_load_segment(emulation->cpu, which, selector);
	if (result != CPU_OK)
		return result;
	return write_operand(emulation, 0, offset);
}

/* CR4.UMIP keeps applications from reading where the kernel's tables are. */
enum cpu_result require_no_umip(struct emulation *emulation)
{
	if ((emulation->cpu->cr4 & X86_CR4_UMIP) && cpu_cpl(emulation->cpu))
		return general_protection(emulation);
	return CPU_OK;
}

/* A pseudo-descriptor: limit, then base; with a 16-bit operand a 24-bit base. */
#define TABLE_BYTES	 6
#define TABLE_BASE_SHIFT 16

static u64 table_base_mask(const struct insn *insn)
{
	return insn->operand_size == 2 ? 0xffffff : 0xffffffff;
}

/* SGDT, SIDT */
enum cpu_result emulate_store_table(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	const struct insn *insn = emulation->insn;
	const struct descriptor_table *table = insn->operation == OPERATION_SGDT ? &cpu->gdtr
										 : &cpu->idtr;
	enum cpu_result result;
	u64 image;

	result = require_no_umip(emulation);
	if (result != CPU_OK)
		return result;
	image = table->limit | (table->base & table_base_mask(insn)) << TABLE_BASE_SHIFT;
	return write_memory(emulation, 0, &image, TABLE_BYTES);
}

/* LGDT, LIDT */
enum cpu_result emulate_load_table(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	const struct insn *insn = emulation->insn;
	bool global = insn->operation == OPERATION_LGDT;
	struct descriptor_table *table = global ? &cpu->gdtr : &cpu->idtr;
	enum cpu_result result;
	u64 image = 0;

	result = require_ring0(emulation);
	if (result != CPU_OK)
		return result;
	result = read_memory(emulation, 0, &image, TABLE_BYTES);
	if (result != CPU_OK)
		return result;
	table->limit = image;
	table->base = image >> TABLE_BASE_SHIFT & table_base_mask(insn);
	cpu->bus->changed(cpu, global ? CPU_CHANGED_GDTR : CPU_CHANGED_IDTR);
	return CPU_OK;
}

/* SLDT, STR */
enum cpu_result emulate_store_selector(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	const struct segment *segment = emulation->insn->operation == OPERATION_SLDT ? &cpu->ldtr
										     : &cpu->tr;
	enum cpu_result result;

	result = require_protected(emulation);
	if (result == CPU_OK)
		result = require_no_umip(emulation);
	if (result != CPU_OK)
		return result;
	return write_operand(emulation, 0, segment->selector);
}

/* LLDT, LTR */
enum cpu_result emulate_load_selector(struct emulation *emulation)
{
	enum cpu_result result;
	u64 selector;

	result = require_protected(emulation);
	if (result == CPU_OK)
		result = require_ring0(emulation);
	if (result == CPU_OK)
		result = read_operand(emulation, 0, &selector);
	if (result != CPU_OK)
		return result;
	if (emulation->insn->operation == OPERATION_LLDT)
		return cpu_load_ldtr(emulation->cpu, selector);
	return cpu_load_tr(emulation->cpu, selector);
}

static void set_zero_flag(struct virtual_cpu *cpu, bool set)
{
	set_flags(cpu, X86_EFLAGS_ZF, set ? X86_EFLAGS_ZF : 0);
}

/* LAR, LSL: the destination changes only if the selector may be inspected. */
static enum cpu_result inspect(struct emulation *emulation,
			       enum cpu_result (*rule)(struct virtual_cpu *, u16, u32 *, bool *))
{
	enum cpu_result result;
	bool valid = false;
	u32 answer = 0;
	u64 selector;

	result = require_protected(emulation);
	if (result == CPU_OK)
		result = read_operand(emulation, 1, &selector);
	if (result == CPU_OK)
		result = rule(emulation->cpu, selector, &answer, &valid);
	if (result != CPU_OK)
		return result;
	set_zero_flag(emulation->cpu, valid);
	return valid ? write_operand(emulation, 0, answer) : CPU_OK;
}

enum cpu_result emulate_lar(struct emulation *emulation)
{
	return inspect(emulation, cpu_lar);
}

enum cpu_result emulate_lsl(struct emulation *emulation)
{
	return inspect(emulation, cpu_lsl);
}

/* VERR, VERW */
enum cpu_result emulate_verify(struct emulation *emulation)
{
	enum cpu_result result;
	bool valid = false;
	u64 selector;

	result = require_protected(emulation);
	if (result == CPU_OK)
		result = read_operand(emulation, 0, &selector);
	if (result == CPU_OK)
		result = cpu_verify(emulation->cpu, selector,
				    emulation->insn->operation == OPERATION_VERW, &valid);
	if (result == CPU_OK)
		set_zero_flag(emulation->cpu, valid);
	return result;
}

/* Raise the RPL of the destination to that of the source. It is only read if it
 * need not be raised, so read-only memory is then no fault. */
enum cpu_result emulate_arpl(struct emulation *emulation)
{
	enum cpu_result result;
	u64 destination, source;
	bool raise;

	result = require_protected(emulation);
	if (result == CPU_OK)
		result = read_operand(emulation, 0, &destination);
	if (result == CPU_OK)
		result = read_operand(emulation, 1, &source);
	if (result != CPU_OK)
		return result;
	raise = (destination & SELECTOR_RPL) < (source & SELECTOR_RPL);
	if (raise)
		result = write_operand(
			emulation, 0, (destination & ~(u64)SELECTOR_RPL) | (source & SELECTOR_RPL));
	if (result == CPU_OK)
		set_zero_flag(emulation->cpu, raise);
	return result;
}
