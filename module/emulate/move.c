// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions that move and convert data, and those that only touch flags.
 * Called through the dispatch table. Pure.
 */
#include "emulate/internal.h"

/* MOV, MOVZX, MOVNTI, MOVDIRI: a zero-extended source. */
enum cpu_result emulate_mov(struct emulation *emulation)
{
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 1, &value);
	if (result != CPU_OK)
		return result;
	return write_operand(emulation, 0, value);
}

enum cpu_result emulate_movsx(struct emulation *emulation)
{
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 1, &value);
	if (result != CPU_OK)
		return result;
	return write_operand(emulation, 0, sign_extend(value, operand(emulation, 1)->size));
}

static u64 reverse_bytes(u64 value, unsigned int bytes)
{
	u64 reversed = 0;

	while (bytes--) {
		reversed = reversed << 8 | (value & 0xff);
		value >>= 8;
	}
	return reversed;
}

enum cpu_result emulate_movbe(struct emulation *emulation)
{
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 1, &value);
	if (result != CPU_OK)
		return result;
	return write_operand(emulation, 0, reverse_bytes(value, destination_bytes(emulation)));
}

enum cpu_result emulate_bswap(struct emulation *emulation)
{
	unsigned int bytes = destination_bytes(emulation);
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 0, &value);
	if (result != CPU_OK)
		return result;
	/* Undefined for a word; processors answer zero. */
	return write_operand(emulation, 0, bytes == 2 ? 0 : reverse_bytes(value, bytes));
}

/* 64 bytes from memory to ES:register, which must be aligned. */
enum cpu_result emulate_movdir64b(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u8 line[64];
	enum cpu_result result;
	u64 offset, linear;

	result = read_memory(emulation, 0, line, sizeof(line));
	if (result != CPU_OK)
		return result;
	offset = get_address_register(emulation, operand(emulation, 0)->reg);
	result = cpu_linear(cpu, SEGMENT_ES, offset, sizeof(line), ACCESS_WRITE, &linear);
	if (result != CPU_OK)
		return result;
	if (linear % sizeof(line))
		return general_protection(emulation);
	return cpu->bus->write(cpu, linear, line, sizeof(line), ACCESS_WRITE);
}

enum cpu_result emulate_lea(struct emulation *emulation)
{
	return write_operand(emulation, 0, emulate_operand_offset(emulation->cpu, emulation->insn));
}

enum cpu_result emulate_xlat(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u64 offset = cpu->regs[REG_BX] + get_register(cpu, REG_AX, 1);
	enum cpu_result result;
	u8 value;

	result = cpu_read(cpu, data_segment(emulation->insn),
			  offset & size_mask(emulation->insn->address_size), &value, 1);
	if (result != CPU_OK)
		return result;
	set_register(cpu, REG_AX, 1, value);
	return CPU_OK;
}

/* CBW, CWDE */
enum cpu_result emulate_cbw(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;

	set_register(cpu, REG_AX, bytes, sign_extend(cpu->regs[REG_AX], bytes / 2));
	return CPU_OK;
}

/* CWD, CDQ */
enum cpu_result emulate_cwd(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;

	set_register(cpu, REG_DX, bytes, sign_extend(cpu->regs[REG_AX], bytes) < 0 ? ~0ULL : 0);
	return CPU_OK;
}

/* The source is read whether or not the condition holds. */
enum cpu_result emulate_cmov(struct emulation *emulation)
{
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 1, &value);
	if (result != CPU_OK || !condition_holds(emulation->cpu, emulation->insn->opcode))
		return result;
	return write_operand(emulation, 0, value);
}

enum cpu_result emulate_setcc(struct emulation *emulation)
{
	return write_operand(emulation, 0,
			     condition_holds(emulation->cpu, emulation->insn->opcode));
}

/* CLC, STC, CMC, CLD, STD */
enum cpu_result emulate_flag(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;

	switch (emulation->insn->operation) {
	case OPERATION_CLC: cpu->rflags &= ~X86_EFLAGS_CF; break;
	case OPERATION_STC: cpu->rflags |= X86_EFLAGS_CF; break;
	case OPERATION_CMC: cpu->rflags ^= X86_EFLAGS_CF; break;
	case OPERATION_CLD: cpu->rflags &= ~X86_EFLAGS_DF; break;
	case OPERATION_STD: cpu->rflags |= X86_EFLAGS_DF; break;
	}
	return CPU_OK;
}

#define LAHF_FLAGS (EFLAGS_STATUS & 0xff)

enum cpu_result emulate_lahf(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u64 flags = (cpu->rflags & LAHF_FLAGS) | X86_EFLAGS_FIXED;

	cpu->regs[REG_AX] = (cpu->regs[REG_AX] & ~0xff00ULL) | flags << 8;
	return CPU_OK;
}

enum cpu_result emulate_sahf(struct emulation *emulation)
{
	set_flags(emulation->cpu, LAHF_FLAGS, emulation->cpu->regs[REG_AX] >> 8);
	return CPU_OK;
}

/* Undocumented by Intel until late: AL becomes 0xff if CF, else 0. */
enum cpu_result emulate_salc(struct emulation *emulation)
{
	set_register(emulation->cpu, REG_AX, 1, flag(emulation->cpu, X86_EFLAGS_CF) ? 0xff : 0);
	return CPU_OK;
}

enum cpu_result emulate_nop(struct emulation *emulation)
{
	return CPU_OK;
}
