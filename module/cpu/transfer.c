// SPDX-License-Identifier: GPL-2.0-only
/*
 * Far jumps and far calls: to code segments, through call gates, to tasks.
 * Called by the emulator, in the host world. Pure.
 */
#include "cpu/internal.h"

static u64 truncate(u64 value, unsigned int bytes)
{
	return bytes == 2 ? value & 0xffff : value & 0xffffffff;
}

/* ---- real mode and virtual-8086 mode ----------------------------------- */

static void load_code_flat(struct virtual_cpu *cpu, u16 selector)
{
	if (cpu->rflags & X86_EFLAGS_VM)
		segment_set_v86(&cpu->segments[SEGMENT_CS], selector);
	else
		segment_set_real(&cpu->segments[SEGMENT_CS], selector);
}

static enum cpu_result jump_real(struct virtual_cpu *cpu, u16 selector, u64 offset)
{
	if (!segment_holds_offset(&cpu->segments[SEGMENT_CS], offset))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	load_code_flat(cpu, selector);
	cpu->rip = offset;
	return CPU_OK;
}

static enum cpu_result call_real(struct virtual_cpu *cpu, u16 selector, u64 offset,
				 unsigned int bytes, u64 return_rip)
{
	struct stack_frame frame;
	enum cpu_result result;

	frame_begin(&frame, cpu, bytes);
	frame_push(&frame, cpu->segments[SEGMENT_CS].selector);
	frame_push(&frame, return_rip);
	result = frame_check(&frame, cpu);
	if (result != CPU_OK)
		return result;
	if (!segment_holds_offset(&cpu->segments[SEGMENT_CS], offset))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = frame_write(&frame, cpu);
	if (result != CPU_OK)
		return result;
	cpu_set_sp(cpu, frame.sp);
	load_code_flat(cpu, selector);
	cpu->rip = offset;
	return CPU_OK;
}

/* ---- code segments ------------------------------------------------------ */

/* Whether JMP or CALL may go to this code segment without a gate. */
static enum cpu_result check_direct(struct virtual_cpu *cpu, u16 selector, u64 raw)
{
	unsigned int cpl = cpu_cpl(cpu);
	unsigned int dpl = descriptor_dpl(raw);
	bool allowed;

	if (descriptor_is_conforming(raw))
		allowed = dpl <= cpl;
	else
		allowed = dpl == cpl && selector_rpl(selector) <= cpl;
	if (!allowed)
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	if (needs_long_mode(cpu, raw))
		return stop_long_mode(cpu);
	return CPU_OK;
}

/* Go to a checked code segment, after pushing @frame if there is one. */
static enum cpu_result enter_code(struct virtual_cpu *cpu, u16 selector, u64 raw, unsigned int cpl,
				  u64 offset, struct stack_frame *frame)
{
	enum cpu_result result;
	struct segment code;

	segment_from_descriptor(&code, selector_with_rpl(selector, cpl), raw | DESCRIPTOR_ACCESSED);
	if (frame) {
		result = frame_check(frame, cpu);
		if (result != CPU_OK)
			return result;
	}
	if (!segment_holds_offset(&code, offset))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = descriptor_set_accessed(cpu, selector, &raw);
	if (result != CPU_OK)
		return result;
	if (frame) {
		result = frame_write(frame, cpu);
		if (result != CPU_OK)
			return result;
		cpu->segments[SEGMENT_SS] = frame->ss;
		cpu_set_sp(cpu, frame->sp);
	}
	cpu->segments[SEGMENT_CS] = code;
	cpu->rip = offset;
	return CPU_OK;
}

/* ---- call gates --------------------------------------------------------- */

/* What JMP and CALL check of a gate or TSS before they look through it. */
static enum cpu_result check_gate(struct virtual_cpu *cpu, u16 selector, u64 raw)
{
	unsigned int dpl = descriptor_dpl(raw);

	if (dpl < cpu_cpl(cpu) || dpl < selector_rpl(selector))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	return CPU_OK;
}

/* The code segment that a call gate names. */
static enum cpu_result gate_code(struct virtual_cpu *cpu, u64 gate, bool call, u64 *raw)
{
	u16 selector = gate_selector(gate);
	unsigned int cpl = cpu_cpl(cpu);
	enum cpu_result result;
	bool allowed;

	if (selector_is_null(selector))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu_read_descriptor(cpu, selector, raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	/* Only a call may go inwards; nobody may go outwards. */
	if (call || descriptor_is_conforming(*raw))
		allowed = descriptor_dpl(*raw) <= cpl;
	else
		allowed = descriptor_dpl(*raw) == cpl;
	if (!descriptor_is_code(*raw) || !allowed)
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(*raw))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	return CPU_OK;
}

/* Copy the gate's parameters from the caller's stack to the new one. */
static enum cpu_result push_parameters(struct stack_frame *frame, struct virtual_cpu *cpu,
				       unsigned int count, unsigned int width)
{
	enum cpu_result result;
	u32 parameters[31] = { 0 };
	u64 sp = cpu_sp(cpu);
	unsigned int i;
	u64 value;

	for (i = 0; i < count; i++) {
		result = cpu_pop(cpu, &sp, &value, width);
		if (result != CPU_OK)
			return result;
		parameters[i] = value;
	}
	while (count--)
		frame_push(frame, parameters[count]);
	return CPU_OK;
}

static enum cpu_result call_gate(struct virtual_cpu *cpu, u16 selector, u64 gate, u64 return_rip)
{
	unsigned int width = gate_bytes(gate);
	struct stack_frame frame;
	enum cpu_result result;
	unsigned int cpl;
	u64 raw;

	if (!descriptor_is_present(gate))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	result = gate_code(cpu, gate, true, &raw);
	if (result != CPU_OK)
		return result;
	cpl = descriptor_is_conforming(raw) ? cpu_cpl(cpu) : descriptor_dpl(raw);
	if (cpl < cpu_cpl(cpu)) {
		result = frame_begin_inner(&frame, cpu, cpl, width);
		if (result != CPU_OK)
			return result;
		frame_push(&frame, cpu->segments[SEGMENT_SS].selector);
		frame_push(&frame, cpu->regs[REG_SP]);
		result = push_parameters(&frame, cpu, gate_parameters(gate), width);
		if (result != CPU_OK)
			return result;
	} else {
		frame_begin(&frame, cpu, width);
	}
	frame_push(&frame, cpu->segments[SEGMENT_CS].selector);
	frame_push(&frame, return_rip);
	return enter_code(cpu, gate_selector(gate), raw, cpl, gate_offset(gate), &frame);
}

static enum cpu_result jump_gate(struct virtual_cpu *cpu, u16 selector, u64 gate)
{
	enum cpu_result result;
	u64 raw;

	if (!descriptor_is_present(gate))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	result = gate_code(cpu, gate, false, &raw);
	if (result != CPU_OK)
		return result;
	return enter_code(cpu, gate_selector(gate), raw, cpu_cpl(cpu), gate_offset(gate), NULL);
}

/* ---- all targets --------------------------------------------------------- */

/* A gate or a TSS, whose type the caller's switch has not looked at yet. */
static enum cpu_result transfer_system(struct virtual_cpu *cpu, u16 selector, u64 raw, bool call,
				       u64 return_rip)
{
	enum cpu_task_switch_reason reason = call ? TASK_SWITCH_CALL : TASK_SWITCH_JUMP;
	enum cpu_result result = check_gate(cpu, selector, raw);

	if (result != CPU_OK)
		return result;
	if (cpu_long_mode(cpu))
		return stop_long_mode(cpu);
	switch (descriptor_type(raw)) {
	case TYPE_CALL_GATE16:
	case TYPE_CALL_GATE32:
		if (call)
			return call_gate(cpu, selector, raw, return_rip);
		return jump_gate(cpu, selector, raw);
	case TYPE_TASK_GATE:
		if (!descriptor_is_present(raw))
			return selector_fault(cpu, X86_TRAP_NP, selector);
		return cpu_task_switch(cpu, gate_selector(raw), reason, return_rip, false, 0);
	case TYPE_TSS16_AVAILABLE:
	case TYPE_TSS32_AVAILABLE:
		return cpu_task_switch(cpu, selector, reason, return_rip, false, 0);
	default: return selector_fault(cpu, X86_TRAP_GP, selector);
	}
}

/**
 * cpu_far_jump() - JMP to another code segment, gate or task
 * @cpu: the virtual CPU
 * @selector: target
 * @offset: ignored by gates and tasks
 * @bytes: operand size, 2 or 4
 * @return_rip: EIP that a task switch saves
 *
 * Return: CPU_OK, or CPU_FAULT with nothing changed; a task switch that got
 * past the point of no return faults as the new task, with its EIP in
 * cpu->rip.
 */
enum cpu_result cpu_far_jump(struct virtual_cpu *cpu, u16 selector, u64 offset, unsigned int bytes,
			     u64 return_rip)
{
	enum cpu_result result;
	u64 raw;

	offset = truncate(offset, bytes);
	if (!cpu_protected_mode(cpu))
		return jump_real(cpu, selector, offset);
	if (selector_is_null(selector))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (descriptor_is_system(raw))
		return transfer_system(cpu, selector, raw, false, return_rip);
	if (!descriptor_is_code(raw))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	result = check_direct(cpu, selector, raw);
	if (result != CPU_OK)
		return result;
	return enter_code(cpu, selector, raw, cpu_cpl(cpu), offset, NULL);
}

/**
 * cpu_far_call() - CALL to another code segment, gate or task
 * @cpu: the virtual CPU
 * @selector: target
 * @offset: ignored by gates and tasks
 * @bytes: operand size, 2 or 4; a gate has its own
 * @return_rip: pushed, or saved by a task switch
 *
 * Return: as cpu_far_jump().
 */
enum cpu_result cpu_far_call(struct virtual_cpu *cpu, u16 selector, u64 offset, unsigned int bytes,
			     u64 return_rip)
{
	struct stack_frame frame;
	enum cpu_result result;
	u64 raw;

	offset = truncate(offset, bytes);
	if (!cpu_protected_mode(cpu))
		return call_real(cpu, selector, offset, bytes, return_rip);
	if (selector_is_null(selector))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (descriptor_is_system(raw))
		return transfer_system(cpu, selector, raw, true, return_rip);
	if (!descriptor_is_code(raw))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	result = check_direct(cpu, selector, raw);
	if (result != CPU_OK)
		return result;
	frame_begin(&frame, cpu, bytes);
	frame_push(&frame, cpu->segments[SEGMENT_CS].selector);
	frame_push(&frame, return_rip);
	return enter_code(cpu, selector, raw, cpu_cpl(cpu), offset, &frame);
}
