// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory through segment registers: limits, types, alignment, push and pop.
 * Called by the emulator and by far transfers, in the host world. Pure.
 */
#include "cpu/internal.h"

/*
 * Manual: "Limit Checking". It leaves open what becomes of an access past 4 GiB
 * when the limit is 4 GiB. Processors raise no exception if the base is 0, and
 * the linear address wraps; with another base they do (tests/unit/cpu_native.c).
 */
bool segment_allows(const struct segment *segment, u64 offset, unsigned int bytes)
{
	u64 last = offset + bytes - 1;
	bool expand_down = segment->s && !(segment->type & TYPE_CODE) &&
			   (segment->type & TYPE_DATA_EXPAND_DOWN);

	if (expand_down)
		return offset > segment->limit && last <= (segment->db ? 0xffffffff : 0xffff);
	if (segment->limit == 0xffffffff && !segment->base)
		return true;
	return last <= segment->limit;
}

static bool type_allows(const struct segment *segment, unsigned int access)
{
	if (access & (ACCESS_WRITE | ACCESS_MODIFY))
		return !(segment->type & TYPE_CODE) && (segment->type & TYPE_DATA_WRITABLE);
	if (access & ACCESS_FETCH)
		return true;
	return !(segment->type & TYPE_CODE) || (segment->type & TYPE_CODE_READABLE);
}

static bool alignment_faults(const struct virtual_cpu *cpu, u64 linear, unsigned int bytes,
			     unsigned int access)
{
	if (!(cpu->rflags & X86_EFLAGS_AC) || !(cpu->cr0 & X86_CR0_AM))
		return false;
	if (cpu_cpl(cpu) != 3 || (access & (ACCESS_FETCH | ACCESS_SYSTEM)))
		return false;
	if (bytes != 2 && bytes != 4 && bytes != 8)
		return false;
	return linear & (bytes - 1);
}

/**
 * cpu_linear() - segment checks of an access
 * @cpu: the virtual CPU
 * @segment: through which register
 * @offset: effective address, already wrapped to the address size
 * @bytes: how many, at least 1
 * @access: ACCESS_*
 * @linear: where it goes
 *
 * In real and virtual-8086 mode only the limit counts.
 *
 * Return: CPU_FAULT with #GP(0), for the stack segment #SS(0), or #AC(0).
 */
enum cpu_result cpu_linear(struct virtual_cpu *cpu, enum segment_register segment, u64 offset,
			   unsigned int bytes, unsigned int access, u64 *linear)
{
	const struct segment *hidden = &cpu->segments[segment];
	bool allowed = !hidden->unusable && segment_allows(hidden, offset, bytes);

	if (allowed && cpu_protected_mode(cpu))
		allowed = type_allows(hidden, access);
	if (!allowed)
		return cpu_fault_code(cpu, segment == SEGMENT_SS ? X86_TRAP_SS : X86_TRAP_GP, 0);
	*linear = (u32)(hidden->base + offset);
	if (alignment_faults(cpu, *linear, bytes, access))
		return cpu_fault_code(cpu, X86_TRAP_AC, 0);
	return CPU_OK;
}

/**
 * cpu_read() - read through a segment register
 * @cpu: the virtual CPU
 * @segment: which
 * @offset: effective address
 * @data: gets @bytes
 * @bytes: 1 to 64
 *
 * Return: as cpu_linear() and cpu_bus.read.
 */
enum cpu_result cpu_read(struct virtual_cpu *cpu, enum segment_register segment, u64 offset,
			 void *data, unsigned int bytes)
{
	enum cpu_result result;
	u64 linear;

	result = cpu_linear(cpu, segment, offset, bytes, ACCESS_READ, &linear);
	if (result != CPU_OK)
		return result;
	return cpu->bus->read(cpu, linear, data, bytes, ACCESS_READ);
}

/**
 * cpu_write() - write through a segment register
 * @cpu: the virtual CPU
 * @segment: which
 * @offset: effective address
 * @data: holds @bytes
 * @bytes: 1 to 64
 *
 * Return: as cpu_linear() and cpu_bus.write.
 */
enum cpu_result cpu_write(struct virtual_cpu *cpu, enum segment_register segment, u64 offset,
			  const void *data, unsigned int bytes)
{
	enum cpu_result result;
	u64 linear;

	result = cpu_linear(cpu, segment, offset, bytes, ACCESS_WRITE, &linear);
	if (result != CPU_OK)
		return result;
	return cpu->bus->write(cpu, linear, data, bytes, ACCESS_WRITE);
}

/* The B bit of SS says how wide the stack pointer is, in every mode. */
static u64 sp_mask(const struct virtual_cpu *cpu)
{
	return cpu->segments[SEGMENT_SS].db ? 0xffffffff : 0xffff;
}

/**
 * cpu_sp() - the stack pointer
 * @cpu: the virtual CPU
 *
 * Return: ESP or SP, as the stack segment says.
 */
u64 cpu_sp(const struct virtual_cpu *cpu)
{
	return cpu->regs[REG_SP] & sp_mask(cpu);
}

/**
 * cpu_set_sp() - commit a stack pointer
 * @cpu: the virtual CPU
 * @sp: ESP, or with a 16-bit stack SP: the upper half of ESP then stays
 */
void cpu_set_sp(struct virtual_cpu *cpu, u64 sp)
{
	u64 mask = sp_mask(cpu);

	cpu->regs[REG_SP] = (cpu->regs[REG_SP] & ~mask & 0xffffffff) | (sp & mask);
}

/**
 * cpu_push() - push on the present stack
 * @cpu: the virtual CPU; its SP does not move
 * @sp: running pointer; moved when the write succeeded
 * @value: what
 * @bytes: 2 or 4
 *
 * Return: as cpu_write().
 */
enum cpu_result cpu_push(struct virtual_cpu *cpu, u64 *sp, u64 value, unsigned int bytes)
{
	u64 next = (*sp - bytes) & sp_mask(cpu);
	enum cpu_result result;

	result = cpu_write(cpu, SEGMENT_SS, next, &value, bytes);
	if (result == CPU_OK)
		*sp = next;
	return result;
}

/**
 * cpu_pop() - pop from the present stack
 * @cpu: the virtual CPU; its SP does not move
 * @sp: running pointer; moved when the read succeeded
 * @value: zero-extended
 * @bytes: 2 or 4
 *
 * Return: as cpu_read().
 */
enum cpu_result cpu_pop(struct virtual_cpu *cpu, u64 *sp, u64 *value, unsigned int bytes)
{
	enum cpu_result result;

	*value = 0;
	result = cpu_read(cpu, SEGMENT_SS, *sp & sp_mask(cpu), value, bytes);
	if (result == CPU_OK)
		*sp = (*sp + bytes) & sp_mask(cpu);
	return result;
}
