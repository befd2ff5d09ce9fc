// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stack instructions. Called through the dispatch table. Pure. Segment
 * registers are pushed and popped in segment.c.
 */
#include "emulate/internal.h"

static enum cpu_result push_value(struct emulation *emulation, u64 value)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;

	result = cpu_push(cpu, &sp, value, emulation->insn->operand_size);
	if (result == CPU_OK)
		cpu_set_sp(cpu, sp);
	return result;
}

enum cpu_result emulate_push(struct emulation *emulation)
{
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 0, &value);
	if (result != CPU_OK)
		return result;
	return push_value(emulation, value);
}

enum cpu_result emulate_pop(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u64 old_sp = cpu->regs[REG_SP];
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	u64 value;

	result = cpu_pop(cpu, &sp, &value, emulation->insn->operand_size);
	if (result != CPU_OK)
		return result;
	/* The address of a memory operand is formed after SP has moved; POP to
	 * SP itself overwrites what the move made of it. */
	cpu_set_sp(cpu, sp);
	result = write_operand(emulation, 0, value);
	if (result != CPU_OK)
		cpu->regs[REG_SP] = old_sp;
	return result;
}

/* Whether a push below @sp would succeed; moves @sp. */
static enum cpu_result probe_push(struct virtual_cpu *cpu, u64 *sp, unsigned int bytes)
{
	enum cpu_result result;
	u64 linear;

	*sp = (*sp - bytes) & stack_mask(cpu);
	result = cpu_linear(cpu, SEGMENT_SS, *sp, bytes, ACCESS_WRITE, &linear);
	if (result != CPU_OK)
		return result;
	return cpu->bus->probe(cpu, linear, bytes, ACCESS_WRITE);
}

static enum cpu_result probe_pushes(struct virtual_cpu *cpu, unsigned int count, unsigned int bytes)
{
	enum cpu_result result = CPU_OK;
	u64 sp = cpu_sp(cpu);

	while (count-- && result == CPU_OK)
		result = probe_push(cpu, &sp, bytes);
	return result;
}

#define PUSHA_REGISTERS 8

enum cpu_result emulate_pusha(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	unsigned int reg;

	result = probe_pushes(cpu, PUSHA_REGISTERS, bytes);
	for (reg = REG_AX; reg <= REG_DI && result == CPU_OK; reg++)
		result = cpu_push(cpu, &sp, get_register(cpu, reg, bytes), bytes);
	if (result == CPU_OK)
		cpu_set_sp(cpu, sp);
	return result;
}

enum cpu_result emulate_popa(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;
	u64 values[PUSHA_REGISTERS];
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	int reg;

	for (reg = REG_DI; reg >= REG_AX; reg--) {
		result = cpu_pop(cpu, &sp, &values[reg], bytes);
		if (result != CPU_OK)
			return result;
	}
	for (reg = REG_AX; reg <= REG_DI; reg++) {
		if (reg != REG_SP)
			set_register(cpu, reg, bytes, values[reg]);
	}
	cpu_set_sp(cpu, sp);
	return CPU_OK;
}

/* In virtual-8086 mode without IOPL 3, PUSHF and POPF belong to the monitor. */
static bool flags_denied(const struct virtual_cpu *cpu)
{
	return (cpu->rflags & X86_EFLAGS_VM) && cpu_iopl(cpu) < 3;
}

enum cpu_result emulate_pushf(struct emulation *emulation)
{
	if (flags_denied(emulation->cpu))
		return general_protection(emulation);
	return push_value(emulation, cpu_pushf_image(emulation->cpu));
}

enum cpu_result emulate_popf(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	u64 image;

	if (flags_denied(cpu))
		return general_protection(emulation);
	result = cpu_pop(cpu, &sp, &image, bytes);
	if (result != CPU_OK)
		return result;
	cpu_set_sp(cpu, sp);
	cpu_load_flags(cpu, image, bytes, cpu_cpl(cpu));
	return CPU_OK;
}

#define ENTER_MAX_LEVEL 31

/* The frame pointers that ENTER copies from the enclosing frame. */
static u64 enclosing_frame(const struct virtual_cpu *cpu, unsigned int index, unsigned int bytes)
{
	return (cpu->regs[REG_BP] - index * bytes) & stack_mask(cpu);
}

/* Read the frame pointers and see that all pushes will succeed, in the order in
 * which they would fault. */
static enum cpu_result prepare_enter(struct emulation *emulation, unsigned int level, u64 *frames)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	unsigned int i;

	result = probe_push(cpu, &sp, bytes);
	for (i = 1; i < level && result == CPU_OK; i++) {
		frames[i] = 0;
		result = cpu_read(cpu, SEGMENT_SS, enclosing_frame(cpu, i, bytes), &frames[i],
				  bytes);
		if (result == CPU_OK)
			result = probe_push(cpu, &sp, bytes);
	}
	if (level && result == CPU_OK)
		result = probe_push(cpu, &sp, bytes);
	if (result != CPU_OK)
		return result;
	/* The new top of the stack must be writable too. */
	sp += bytes - (emulation->insn->immediate & 0xffff);
	return probe_push(cpu, &sp, bytes);
}

/*
 * A frame pointer that lies where this instruction has already pushed, from @sp
 * upwards, is what it pushed there: frames may overlap the new one.
 */
static enum cpu_result read_pushed_frame(struct emulation *emulation, unsigned int index, u64 sp,
					 u64 *frame)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;
	u64 slot = enclosing_frame(cpu, index, bytes);
	u64 pushed = (cpu_sp(cpu) - sp) & stack_mask(cpu);

	if (((slot + bytes - 1 - sp) & stack_mask(cpu)) >= pushed + bytes - 1)
		return CPU_OK;
	return cpu_read(cpu, SEGMENT_SS, slot, frame, bytes);
}

enum cpu_result emulate_enter(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;
	unsigned int level = emulation->insn->immediate2 & ENTER_MAX_LEVEL;
	u64 frames[ENTER_MAX_LEVEL];
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	unsigned int i;
	u64 frame;

	result = prepare_enter(emulation, level, frames);
	if (result == CPU_OK)
		result = cpu_push(cpu, &sp, get_register(cpu, REG_BP, bytes), bytes);
	/* All of ESP, even if the stack uses only SP. */
	frame = (cpu->regs[REG_SP] & ~stack_mask(cpu)) | sp;
	for (i = 1; i < level && result == CPU_OK; i++) {
		result = read_pushed_frame(emulation, i, sp, &frames[i]);
		if (result == CPU_OK)
			result = cpu_push(cpu, &sp, frames[i], bytes);
	}
	if (level && result == CPU_OK)
		result = cpu_push(cpu, &sp, frame, bytes);
	if (result != CPU_OK)
		return result;
	cpu_set_sp(cpu, sp - (emulation->insn->immediate & 0xffff));
	set_register(cpu, REG_BP, bytes, frame);
	return CPU_OK;
}

enum cpu_result emulate_leave(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = emulation->insn->operand_size;
	u64 sp = enclosing_frame(cpu, 0, bytes);
	enum cpu_result result;
	u64 value;

	result = cpu_pop(cpu, &sp, &value, bytes);
	if (result != CPU_OK)
		return result;
	cpu_set_sp(cpu, sp);
	set_register(cpu, REG_BP, bytes, value);
	return CPU_OK;
}
