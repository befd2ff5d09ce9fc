// SPDX-License-Identifier: GPL-2.0-only
/*
 * String instructions on memory, with their repeat prefixes. Called through
 * the dispatch table. Pure. Those on ports are in port.c.
 *
 * Each step moves the pointers only when its accesses have succeeded, so a
 * fault or a wait for userspace in the middle of a REP leaves the state
 * between two iterations, from where it goes on.
 */
#include "emulate/internal.h"

/* A REP gives the run loop a chance to see interrupts after this much. */
#define REPEAT_BYTES 4096

/* Element size: even opcodes are the byte forms. */
unsigned int string_bytes(const struct insn *insn)
{
	return insn->opcode & 1 ? insn->operand_size : 1;
}

void advance_pointer(const struct emulation *emulation, unsigned int reg, u64 bytes)
{
	u64 pointer = get_address_register(emulation, reg);

	pointer = flag(emulation->cpu, X86_EFLAGS_DF) ? pointer - bytes : pointer + bytes;
	set_address_register(emulation, reg, pointer);
}

bool string_repeats(const struct insn *insn)
{
	return insn->prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE);
}

static enum cpu_result read_source(struct emulation *emulation, u64 *value)
{
	*value = 0;
	return cpu_read(emulation->cpu, data_segment(emulation->insn),
			get_address_register(emulation, REG_SI), value,
			string_bytes(emulation->insn));
}

static enum cpu_result read_destination(struct emulation *emulation, u64 *value)
{
	*value = 0;
	return cpu_read(emulation->cpu, SEGMENT_ES, get_address_register(emulation, REG_DI), value,
			string_bytes(emulation->insn));
}

static enum cpu_result write_destination(struct emulation *emulation, u64 value)
{
	return cpu_write(emulation->cpu, SEGMENT_ES, get_address_register(emulation, REG_DI),
			 &value, string_bytes(emulation->insn));
}

/* REPE and REPNE end when ZF says so. */
static bool comparison_ends(const struct emulation *emulation)
{
	bool equal = flag(emulation->cpu, X86_EFLAGS_ZF);

	return emulation->insn->prefixes & INSN_PREFIX_REPNE ? equal : !equal;
}

static enum cpu_result repeat(struct emulation *emulation,
			      enum cpu_result (*step)(struct emulation *emulation), bool compares)
{
	unsigned int steps = REPEAT_BYTES / string_bytes(emulation->insn);
	u64 flags = emulation->cpu->rflags;
	enum cpu_result result;
	u64 count;

	if (!string_repeats(emulation->insn))
		return step(emulation);
	if (emulation->one_iteration)
		steps = 1;
	count = get_address_register(emulation, REG_CX);
	while (count) {
		if (!steps--) {
			emulation->repeat = true;
			return CPU_OK;
		}
		result = step(emulation);
		if (result != CPU_OK) {
			/* "REP": a fault shows the flags from before the
			 * instruction; nothing reads them when it goes on. */
			emulation->cpu->rflags = flags;
			return result;
		}
		set_address_register(emulation, REG_CX, --count);
		if (compares && comparison_ends(emulation))
			break;
	}
	return CPU_OK;
}

static enum cpu_result movs_step(struct emulation *emulation)
{
	unsigned int bytes = string_bytes(emulation->insn);
	enum cpu_result result;
	u64 value;

	result = read_source(emulation, &value);
	if (result != CPU_OK)
		return result;
	result = write_destination(emulation, value);
	if (result != CPU_OK)
		return result;
	advance_pointer(emulation, REG_SI, bytes);
	advance_pointer(emulation, REG_DI, bytes);
	return CPU_OK;
}

static void compare(struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation = subtract(a, b, false, string_bytes(emulation->insn));

	set_flags(emulation->cpu, computation.affected, computation.flags);
}

static enum cpu_result cmps_step(struct emulation *emulation)
{
	unsigned int bytes = string_bytes(emulation->insn);
	enum cpu_result result;
	u64 source, destination;

	/* ES:DI first, as processors do: it decides which of two faults shows. */
	result = read_destination(emulation, &destination);
	if (result != CPU_OK)
		return result;
	result = read_source(emulation, &source);
	if (result != CPU_OK)
		return result;
	compare(emulation, source, destination);
	advance_pointer(emulation, REG_SI, bytes);
	advance_pointer(emulation, REG_DI, bytes);
	return CPU_OK;
}

static enum cpu_result stos_step(struct emulation *emulation)
{
	enum cpu_result result;

	result = write_destination(emulation, emulation->cpu->regs[REG_AX]);
	if (result == CPU_OK)
		advance_pointer(emulation, REG_DI, string_bytes(emulation->insn));
	return result;
}

static enum cpu_result lods_step(struct emulation *emulation)
{
	unsigned int bytes = string_bytes(emulation->insn);
	enum cpu_result result;
	u64 value;

	result = read_source(emulation, &value);
	if (result != CPU_OK)
		return result;
	set_register(emulation->cpu, REG_AX, bytes, value);
	advance_pointer(emulation, REG_SI, bytes);
	return CPU_OK;
}

static enum cpu_result scas_step(struct emulation *emulation)
{
	enum cpu_result result;
	u64 value;

	result = read_destination(emulation, &value);
	if (result != CPU_OK)
		return result;
	compare(emulation, emulation->cpu->regs[REG_AX], value);
	advance_pointer(emulation, REG_DI, string_bytes(emulation->insn));
	return CPU_OK;
}

enum cpu_result emulate_movs(struct emulation *emulation)
{
	return repeat(emulation, movs_step, false);
}

enum cpu_result emulate_cmps(struct emulation *emulation)
{
	return repeat(emulation, cmps_step, true);
}

enum cpu_result emulate_stos(struct emulation *emulation)
{
	return repeat(emulation, stos_step, false);
}

enum cpu_result emulate_lods(struct emulation *emulation)
{
	return repeat(emulation, lods_step, false);
}

enum cpu_result emulate_scas(struct emulation *emulation)
{
	return repeat(emulation, scas_step, true);
}
