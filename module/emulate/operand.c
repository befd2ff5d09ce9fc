// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the emulator reaches registers and operands, and the one way in which
 * it changes an operand in place. Called by the handlers. Pure.
 */
#include "emulate/internal.h"

/* After this many lost races the instruction is started anew, so that a guest
 * that fights with itself over a word does not keep the vCPU thread here. */
#define COMPARE_EXCHANGE_TRIES 16

#define NO_REGISTER	       0xff

u64 get_register(const struct virtual_cpu *cpu, unsigned int reg, unsigned int bytes)
{
	return cpu->regs[reg] & size_mask(bytes);
}

void set_register(struct virtual_cpu *cpu, unsigned int reg, unsigned int bytes, u64 value)
{
	u64 mask = size_mask(bytes);

	if (bytes >= 4)
		cpu->regs[reg] = value & mask;
	else
		cpu->regs[reg] = (cpu->regs[reg] & ~mask) | (value & mask);
}

u64 get_address_register(const struct emulation *emulation, unsigned int reg)
{
	return get_register(emulation->cpu, reg, emulation->insn->address_size);
}

void set_address_register(const struct emulation *emulation, unsigned int reg, u64 value)
{
	set_register(emulation->cpu, reg, emulation->insn->address_size, value);
}

u64 emulate_operand_offset(const struct virtual_cpu *cpu, const struct insn *insn)
{
	u64 offset = insn->displacement;

	if (insn->base != NO_REGISTER)
		offset += cpu->regs[insn->base];
	if (insn->index != NO_REGISTER)
		offset += cpu->regs[insn->index] * insn->scale;
	if (insn->rip_relative)
		offset += cpu->rip + insn->length;
	return offset & size_mask(insn->address_size);
}

enum segment_register data_segment(const struct insn *insn)
{
	return insn->segment < SEGMENT_REGISTERS ? insn->segment : SEGMENT_DS;
}

static u64 memory_offset(const struct emulation *emulation, u64 offset)
{
	return (emulate_operand_offset(emulation->cpu, emulation->insn) + offset) &
	       size_mask(emulation->insn->address_size);
}

enum cpu_result read_memory(struct emulation *emulation, u64 offset, void *data, unsigned int bytes)
{
	return cpu_read(emulation->cpu, emulation->insn->segment, memory_offset(emulation, offset),
			data, bytes);
}

enum cpu_result write_memory(struct emulation *emulation, u64 offset, const void *data,
			     unsigned int bytes)
{
	return cpu_write(emulation->cpu, emulation->insn->segment, memory_offset(emulation, offset),
			 data, bytes);
}

static u64 read_general_register(const struct virtual_cpu *cpu, const struct operand *operand)
{
	if (operand->high_byte)
		return (cpu->regs[operand->reg] >> 8) & 0xff;
	return get_register(cpu, operand->reg, operand->size);
}

static void write_general_register(struct virtual_cpu *cpu, const struct operand *operand,
				   u64 value)
{
	if (operand->high_byte)
		cpu->regs[operand->reg] = (cpu->regs[operand->reg] & ~0xff00ULL) |
					  ((value & 0xff) << 8);
	else
		set_register(cpu, operand->reg, operand->size, value);
}

static enum cpu_result no_such_operand(struct emulation *emulation)
{
	return cpu_stop(emulation->cpu, "the emulator met an operand of a kind that its "
					"instruction does not have: this is a bug of ringlet");
}

enum cpu_result read_operand(struct emulation *emulation, unsigned int index, u64 *value)
{
	const struct operand *from = operand(emulation, index);

	switch (from->kind) {
	case OPERAND_REGISTER: *value = read_general_register(emulation->cpu, from); return CPU_OK;
	case OPERAND_MEMORY:
		if (from->size > sizeof(*value))
			return no_such_operand(emulation);
		*value = 0;
		return read_memory(emulation, 0, value, from->size);
	case OPERAND_IMMEDIATE: *value = emulation->insn->immediate; return CPU_OK;
	case OPERAND_IMMEDIATE2: *value = emulation->insn->immediate2; return CPU_OK;
	case OPERAND_CONSTANT: *value = from->value; return CPU_OK;
	case OPERAND_SEGMENT: *value = emulation->cpu->segments[from->reg].selector; return CPU_OK;
	default: return no_such_operand(emulation);
	}
}

enum cpu_result write_operand(struct emulation *emulation, unsigned int index, u64 value)
{
	const struct operand *to = operand(emulation, index);

	switch (to->kind) {
	case OPERAND_REGISTER: write_general_register(emulation->cpu, to, value); return CPU_OK;
	case OPERAND_MEMORY:
		if (to->size > sizeof(value))
			return no_such_operand(emulation);
		return write_memory(emulation, 0, &value, to->size);
	default: return no_such_operand(emulation);
	}
}

static void commit_flags(struct emulation *emulation, const struct computation *computation)
{
	set_flags(emulation->cpu, computation->affected, computation->flags);
}

static enum cpu_result modify_atomically(struct emulation *emulation, u64 linear,
					 unsigned int bytes, u64 source, u64 *old)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int tries;

	for (tries = 0; tries < COMPARE_EXCHANGE_TRIES; tries++) {
		struct computation computation = emulation->compute(emulation, *old, source);
		enum cpu_result result;
		bool done = false;

		result = cpu->bus->compare_exchange(cpu, linear, old, computation.value, bytes,
						    &done);
		if (result != CPU_OK)
			return result;
		if (done) {
			commit_flags(emulation, &computation);
			return CPU_OK;
		}
	}
	emulation->repeat = true;
	return CPU_OK;
}

static enum cpu_result modify_memory(struct emulation *emulation, unsigned int bytes, u64 source,
				     u64 *old, s64 bit_offset)
{
	struct virtual_cpu *cpu = emulation->cpu;
	const struct insn *insn = emulation->insn;
	struct computation computation;
	bool locked = (insn->prefixes & INSN_PREFIX_LOCK) || insn->operation == OPERATION_XCHG;
	enum cpu_result result;
	u64 linear;

	result = cpu_linear(cpu, insn->segment, memory_offset(emulation, bit_offset), bytes,
			    ACCESS_WRITE, &linear);
	if (result != CPU_OK)
		return result;
	*old = 0;
	result = cpu->bus->read(cpu, linear, old, bytes, ACCESS_MODIFY);
	if (result != CPU_OK)
		return result;
	if (locked)
		return modify_atomically(emulation, linear, bytes, source, old);

	computation = emulation->compute(emulation, *old, source);
	result = cpu->bus->write(cpu, linear, &computation.value, bytes, ACCESS_WRITE);
	if (result != CPU_OK)
		return result;
	commit_flags(emulation, &computation);
	return CPU_OK;
}

enum cpu_result modify_operand(struct emulation *emulation, u64 source, u64 *old, s64 bit_offset)
{
	const struct operand *destination = operand(emulation, 0);
	struct computation computation;

	switch (destination->kind) {
	case OPERAND_REGISTER:
		*old = read_general_register(emulation->cpu, destination);
		computation = emulation->compute(emulation, *old, source);
		write_general_register(emulation->cpu, destination, computation.value);
		commit_flags(emulation, &computation);
		return CPU_OK;
	case OPERAND_MEMORY:
		if (destination->size > sizeof(*old))
			return no_such_operand(emulation);
		return modify_memory(emulation, destination->size, source, old, bit_offset);
	default: return no_such_operand(emulation);
	}
}

enum cpu_result undefined(struct emulation *emulation)
{
	return cpu_fault(emulation->cpu, X86_TRAP_UD);
}

enum cpu_result general_protection(struct emulation *emulation)
{
	return cpu_fault_code(emulation->cpu, X86_TRAP_GP, 0);
}

enum cpu_result require_ring0(struct emulation *emulation)
{
	return cpu_cpl(emulation->cpu) ? general_protection(emulation) : CPU_OK;
}

enum cpu_result require_protected(struct emulation *emulation)
{
	return cpu_protected_mode(emulation->cpu) ? CPU_OK : undefined(emulation);
}

bool condition_holds(const struct virtual_cpu *cpu, unsigned int condition)
{
	bool less = flag(cpu, X86_EFLAGS_SF) != flag(cpu, X86_EFLAGS_OF);
	bool holds = false;

	switch ((condition >> 1) & 7) {
	case 0: holds = flag(cpu, X86_EFLAGS_OF); break;
	case 1: holds = flag(cpu, X86_EFLAGS_CF); break;
	case 2: holds = flag(cpu, X86_EFLAGS_ZF); break;
	case 3: holds = flag(cpu, X86_EFLAGS_CF | X86_EFLAGS_ZF); break;
	case 4: holds = flag(cpu, X86_EFLAGS_SF); break;
	case 5: holds = flag(cpu, X86_EFLAGS_PF); break;
	case 6: holds = less; break;
	case 7: holds = less || flag(cpu, X86_EFLAGS_ZF); break;
	}
	return holds != (condition & 1);
}
