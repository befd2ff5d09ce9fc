// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control transfer: near here, far ones and events through cpu/. Called
 * through the dispatch table. Pure.
 */
#include "emulate/internal.h"

/* Where a near branch goes: wrapped to the operand size, within CS's limit. */
static enum cpu_result check_target(struct emulation *emulation, u64 *target)
{
	*target &= size_mask(emulation->insn->operand_size);
	if (*target > emulation->cpu->segments[SEGMENT_CS].limit)
		return general_protection(emulation);
	return CPU_OK;
}

static enum cpu_result branch_to(struct emulation *emulation, u64 target)
{
	enum cpu_result result = check_target(emulation, &target);

	if (result == CPU_OK)
		emulation->next_rip = target;
	return result;
}

static enum cpu_result branch_if(struct emulation *emulation, bool taken)
{
	if (!taken)
		return CPU_OK;
	return branch_to(emulation, emulation->next_rip + emulation->insn->immediate);
}

enum cpu_result emulate_jcc(struct emulation *emulation)
{
	return branch_if(emulation, condition_holds(emulation->cpu, emulation->insn->opcode));
}

static enum cpu_result near_target(struct emulation *emulation, u64 *target)
{
	if (operand(emulation, 0)->kind != OPERAND_RELATIVE)
		return read_operand(emulation, 0, target);
	*target = emulation->next_rip + emulation->insn->immediate;
	return CPU_OK;
}

enum cpu_result emulate_jmp(struct emulation *emulation)
{
	enum cpu_result result;
	u64 target;

	result = near_target(emulation, &target);
	if (result != CPU_OK)
		return result;
	return branch_to(emulation, target);
}

enum cpu_result emulate_call(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	u64 target;

	result = near_target(emulation, &target);
	if (result != CPU_OK)
		return result;
	result = check_target(emulation, &target);
	if (result != CPU_OK)
		return result;
	result = cpu_push(cpu, &sp, emulation->next_rip, emulation->insn->operand_size);
	if (result != CPU_OK)
		return result;
	cpu_set_sp(cpu, sp);
	emulation->next_rip = target;
	return CPU_OK;
}

/* Bytes of parameters that RET imm16 and RETF imm16 take off the stack. */
static u16 released(const struct insn *insn)
{
	return insn->operand_count ? insn->immediate : 0;
}

enum cpu_result emulate_ret(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u64 sp = cpu_sp(cpu);
	enum cpu_result result;
	u64 target;

	result = cpu_pop(cpu, &sp, &target, emulation->insn->operand_size);
	if (result != CPU_OK)
		return result;
	result = branch_to(emulation, target);
	if (result == CPU_OK)
		cpu_set_sp(cpu, sp + released(emulation->insn));
	return result;
}

/* LOOP, LOOPE, LOOPNE: the counter moves only if the target is allowed. */
enum cpu_result emulate_loop(struct emulation *emulation)
{
	u64 count = get_address_register(emulation, REG_CX) - 1;
	bool taken = count & size_mask(emulation->insn->address_size);
	enum cpu_result result;

	if (emulation->insn->operation == OPERATION_LOOPE)
		taken = taken && flag(emulation->cpu, X86_EFLAGS_ZF);
	else if (emulation->insn->operation == OPERATION_LOOPNE)
		taken = taken && !flag(emulation->cpu, X86_EFLAGS_ZF);
	result = branch_if(emulation, taken);
	if (result == CPU_OK)
		set_address_register(emulation, REG_CX, count);
	return result;
}

enum cpu_result emulate_jcxz(struct emulation *emulation)
{
	return branch_if(emulation, !get_address_register(emulation, REG_CX));
}

/* The pointer of a far JMP or CALL, in the instruction or in memory. */
static enum cpu_result far_pointer(struct emulation *emulation, u16 *selector, u64 *offset)
{
	const struct insn *insn = emulation->insn;

	if (operand(emulation, 0)->kind == OPERAND_FAR) {
		*selector = insn->immediate2;
		*offset = insn->immediate & size_mask(insn->operand_size);
		return CPU_OK;
	}
	return read_far_pointer(emulation, selector, offset);
}

/*
 * A far transfer is done with RF clear; if it faulted RF comes back, unless a
 * task switch has put another task's flags in its place.
 */
struct transfer {
	u64 old_flags;
	u16 old_task;
};

static struct transfer begin_transfer(struct virtual_cpu *cpu)
{
	struct transfer transfer = { cpu->rflags, cpu->tr.selector };

	cpu->rflags &= ~X86_EFLAGS_RF;
	return transfer;
}

static enum cpu_result end_transfer(struct emulation *emulation, struct transfer transfer,
				    enum cpu_result result)
{
	struct virtual_cpu *cpu = emulation->cpu;

	if (result == CPU_OK)
		emulation->transferred = true;
	else if (cpu->tr.selector == transfer.old_task)
		cpu->rflags = transfer.old_flags;
	return result;
}

enum cpu_result emulate_far_jmp(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	struct transfer transfer;
	enum cpu_result result;
	u16 selector;
	u64 offset;

	result = far_pointer(emulation, &selector, &offset);
	if (result != CPU_OK)
		return result;
	transfer = begin_transfer(cpu);
	result = cpu_far_jump(cpu, selector, offset, emulation->insn->operand_size,
			      emulation->next_rip);
	return end_transfer(emulation, transfer, result);
}

enum cpu_result emulate_far_call(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	struct transfer transfer;
	enum cpu_result result;
	u16 selector;
	u64 offset;

	result = far_pointer(emulation, &selector, &offset);
	if (result != CPU_OK)
		return result;
	transfer = begin_transfer(cpu);
	result = cpu_far_call(cpu, selector, offset, emulation->insn->operand_size,
			      emulation->next_rip);
	return end_transfer(emulation, transfer, result);
}

enum cpu_result emulate_far_ret(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	struct transfer transfer = begin_transfer(cpu);

	return end_transfer(emulation, transfer,
			    cpu_far_return(cpu, emulation->insn->operand_size,
					   released(emulation->insn)));
}

static bool virtual_8086_denied(const struct virtual_cpu *cpu)
{
	return (cpu->rflags & X86_EFLAGS_VM) && cpu_iopl(cpu) < 3;
}

enum cpu_result emulate_iret(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	struct transfer transfer;

	if (virtual_8086_denied(cpu))
		return general_protection(emulation);
	transfer = begin_transfer(cpu);
	return end_transfer(emulation, transfer,
			    cpu_iret(cpu, emulation->insn->operand_size, emulation->next_rip));
}

static enum cpu_result software_event(struct emulation *emulation, enum cpu_event_type type,
				      u8 vector)
{
	struct cpu_exception exception = { .vector = vector };
	struct transfer transfer = begin_transfer(emulation->cpu);

	/* The gate has cleared TF; the handler's first instruction runs untraced. */
	emulation->no_trap = true;
	return end_transfer(emulation, transfer,
			    cpu_deliver(emulation->cpu, type, &exception, emulation->next_rip));
}

enum cpu_result emulate_int(struct emulation *emulation)
{
	if (virtual_8086_denied(emulation->cpu))
		return general_protection(emulation);
	return software_event(emulation, CPU_EVENT_SOFTWARE_INTERRUPT, emulation->insn->immediate);
}

enum cpu_result emulate_int3(struct emulation *emulation)
{
	return software_event(emulation, CPU_EVENT_SOFTWARE_EXCEPTION, X86_TRAP_BP);
}

enum cpu_result emulate_into(struct emulation *emulation)
{
	if (!flag(emulation->cpu, X86_EFLAGS_OF))
		return CPU_OK;
	return software_event(emulation, CPU_EVENT_SOFTWARE_EXCEPTION, X86_TRAP_OF);
}

enum cpu_result emulate_int1(struct emulation *emulation)
{
	return software_event(emulation, CPU_EVENT_PRIVILEGED_EXCEPTION, X86_TRAP_DB);
}

/* The second bound is read only if the first one held. */
enum cpu_result emulate_bound(struct emulation *emulation)
{
	unsigned int bytes = destination_bytes(emulation);
	enum cpu_result result;
	u64 index, bound = 0;

	result = read_operand(emulation, 0, &index);
	if (result == CPU_OK)
		result = read_memory(emulation, 0, &bound, bytes);
	if (result != CPU_OK)
		return result;
	if (sign_extend(index, bytes) < sign_extend(bound, bytes))
		return cpu_fault(emulation->cpu, X86_TRAP_BR);
	result = read_memory(emulation, bytes, &bound, bytes);
	if (result != CPU_OK)
		return result;
	if (sign_extend(index, bytes) > sign_extend(bound, bytes))
		return cpu_fault(emulation->cpu, X86_TRAP_BR);
	return CPU_OK;
}

enum cpu_result emulate_sysenter(struct emulation *emulation)
{
	struct transfer transfer = begin_transfer(emulation->cpu);

	return end_transfer(emulation, transfer, cpu_sysenter(emulation->cpu));
}

enum cpu_result emulate_sysexit(struct emulation *emulation)
{
	struct transfer transfer = begin_transfer(emulation->cpu);

	return end_transfer(emulation, transfer, cpu_sysexit(emulation->cpu));
}
