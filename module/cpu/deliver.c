// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: interrupts and exceptions through the guest's IDT, or through the
 * real-mode table, and what becomes of exceptions on that way. Called by the
 * run loop and by the emulator (INT n), in the host world. Pure.
 */
#include "cpu/internal.h"

/**
 * struct event - one attempt to deliver
 * @type: what kind
 * @exception: vector, error code
 * @return_rip: what the frame says
 * @task_switched: a task gate replaced the state before a fault came
 */
struct event {
	enum cpu_event_type type;
	struct cpu_exception exception;
	u64 return_rip;
	bool task_switched;
};

static bool event_is_software(enum cpu_event_type type)
{
	return type == CPU_EVENT_SOFTWARE_INTERRUPT || type == CPU_EVENT_SOFTWARE_EXCEPTION;
}

/* Whether the instruction behind the event is executed again by IRET. */
static bool event_sets_rf(const struct event *event)
{
	if (event->type != CPU_EVENT_EXCEPTION)
		return false;
	if (event->exception.vector == X86_TRAP_DB)
		return !event->exception.trap;
	return event->exception.vector != X86_TRAP_BP && event->exception.vector != X86_TRAP_OF &&
	       event->exception.vector != X86_TRAP_MC;
}

static bool event_has_error_code(const struct event *event)
{
	return event->type == CPU_EVENT_EXCEPTION && event->exception.has_error_code;
}

static u64 event_flags(const struct virtual_cpu *cpu, const struct event *event)
{
	u64 flags = cpu->rflags;

	return event_sets_rf(event) ? flags | X86_EFLAGS_RF : flags;
}

static enum cpu_result gate_fault(struct virtual_cpu *cpu, u8 vector, u8 gate)
{
	return cpu_fault_code(cpu, vector, gate * 8U | ERROR_CODE_IDT);
}

/* ---- real mode --------------------------------------------------------- */

static enum cpu_result deliver_real(struct virtual_cpu *cpu, const struct event *event)
{
	u32 offset = event->exception.vector * 4U;
	struct stack_frame frame;
	enum cpu_result result;
	u16 pointer[2];

	if (offset + 3 > cpu->idtr.limit)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu->bus->read(cpu, (u32)(cpu->idtr.base + offset), pointer, sizeof(pointer),
				ACCESS_READ | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	frame_begin(&frame, cpu, 2);
	frame_push(&frame, event_flags(cpu, event));
	frame_push(&frame, cpu->segments[SEGMENT_CS].selector);
	frame_push(&frame, event->return_rip);
	result = frame_check(&frame, cpu);
	if (result != CPU_OK)
		return result;
	if (!segment_holds_offset(&cpu->segments[SEGMENT_CS], pointer[0]))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = frame_write(&frame, cpu);
	if (result != CPU_OK)
		return result;
	cpu_set_sp(cpu, frame.sp);
	segment_set_real(&cpu->segments[SEGMENT_CS], pointer[1]);
	cpu->rip = pointer[0];
	cpu->rflags &= ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC | X86_EFLAGS_RF);
	return CPU_OK;
}

/* ---- protected mode and virtual-8086 mode ------------------------------ */

/* The code segment that a gate names: #GP and #NP checks, which ring. */
static enum cpu_result gate_code(struct virtual_cpu *cpu, u16 selector, u64 *raw, unsigned int *cpl)
{
	bool v86 = cpu->rflags & X86_EFLAGS_VM;
	enum cpu_result result;

	if (selector_is_null(selector))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu_read_descriptor(cpu, selector, raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (!descriptor_is_code(*raw) || descriptor_dpl(*raw) > cpu_cpl(cpu))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(*raw))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	*cpl = descriptor_is_conforming(*raw) ? cpu_cpl(cpu) : descriptor_dpl(*raw);
	/* A V86 task can only be left for ring 0. */
	if (v86 && *cpl != 0)
		return selector_fault(cpu, X86_TRAP_GP, selector);
	return CPU_OK;
}

static void push_data_segments(struct stack_frame *frame, const struct virtual_cpu *cpu)
{
	frame_push(frame, cpu->segments[SEGMENT_GS].selector);
	frame_push(frame, cpu->segments[SEGMENT_FS].selector);
	frame_push(frame, cpu->segments[SEGMENT_DS].selector);
	frame_push(frame, cpu->segments[SEGMENT_ES].selector);
}

static void null_data_segments(struct virtual_cpu *cpu)
{
	segment_set_null(&cpu->segments[SEGMENT_GS], 0);
	segment_set_null(&cpu->segments[SEGMENT_FS], 0);
	segment_set_null(&cpu->segments[SEGMENT_DS], 0);
	segment_set_null(&cpu->segments[SEGMENT_ES], 0);
}

static void push_event(struct stack_frame *frame, const struct virtual_cpu *cpu,
		       const struct event *event)
{
	frame_push(frame, event_flags(cpu, event));
	frame_push(frame, cpu->segments[SEGMENT_CS].selector);
	frame_push(frame, event->return_rip);
	if (event_has_error_code(event))
		frame_push(frame, event->exception.error_code);
}

/* Manual: INT n, "TRAP-OR-INTERRUPT-GATE". */
static enum cpu_result deliver_gate(struct virtual_cpu *cpu, const struct event *event, u64 gate)
{
	bool v86 = cpu->rflags & X86_EFLAGS_VM;
	struct stack_frame frame;
	enum cpu_result result;
	struct segment code;
	unsigned int cpl = 0;
	bool inner;
	u64 raw;

	result = gate_code(cpu, gate_selector(gate), &raw, &cpl);
	if (result != CPU_OK)
		return result;
	inner = cpl < cpu_cpl(cpu);
	if (inner) {
		result = frame_begin_inner(&frame, cpu, cpl, gate_bytes(gate));
		if (result != CPU_OK)
			return result;
		if (v86)
			push_data_segments(&frame, cpu);
		frame_push(&frame, cpu->segments[SEGMENT_SS].selector);
		frame_push(&frame, cpu->regs[REG_SP]);
	} else {
		frame_begin(&frame, cpu, gate_bytes(gate));
	}
	push_event(&frame, cpu, event);
	result = frame_check(&frame, cpu);
	if (result != CPU_OK)
		return result;
	segment_from_descriptor(&code, selector_with_rpl(gate_selector(gate), cpl),
				raw | DESCRIPTOR_ACCESSED);
	if (!segment_holds_offset(&code, gate_offset(gate)))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = descriptor_set_accessed(cpu, code.selector, &raw);
	if (result != CPU_OK)
		return result;
	result = frame_write(&frame, cpu);
	if (result != CPU_OK)
		return result;

	if (v86)
		null_data_segments(cpu);
	cpu->segments[SEGMENT_SS] = frame.ss;
	cpu_set_sp(cpu, frame.sp);
	cpu->segments[SEGMENT_CS] = code;
	cpu->rip = gate_offset(gate);
	cpu->rflags &= ~(u64)(X86_EFLAGS_TF | X86_EFLAGS_VM | X86_EFLAGS_RF | X86_EFLAGS_NT);
	/* Interrupt gates differ from trap gates in the lowest type bit. */
	if (!(descriptor_type(gate) & 1))
		cpu->rflags &= ~(u64)X86_EFLAGS_IF;
	return CPU_OK;
}

static enum cpu_result deliver_task_gate(struct virtual_cpu *cpu, struct event *event, u64 gate)
{
	struct task_switch how = {
		.selector = gate_selector(gate),
		.reason = TASK_SWITCH_GATE,
		.return_rip = event->return_rip,
		.flags = event_flags(cpu, event),
		.has_error_code = event_has_error_code(event),
		.error_code = event->exception.error_code,
	};
	enum cpu_result result = task_switch(cpu, &how);

	event->task_switched = how.committed;
	return result;
}

static enum cpu_result deliver_protected(struct virtual_cpu *cpu, struct event *event)
{
	u8 vector = event->exception.vector;
	enum cpu_result result;
	u64 gate;

	if (cpu_long_mode(cpu))
		return stop_long_mode(cpu);
	/* INT n is sensitive to IOPL in V86 mode; INT3 and INTO are not. */
	if ((cpu->rflags & X86_EFLAGS_VM) && cpu_iopl(cpu) < 3 &&
	    event->type == CPU_EVENT_SOFTWARE_INTERRUPT)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	if (vector * 8U + 7 > cpu->idtr.limit)
		return gate_fault(cpu, X86_TRAP_GP, vector);
	result = cpu->bus->read(cpu, (u32)(cpu->idtr.base + vector * 8U), &gate, sizeof(gate),
				ACCESS_READ | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	if (!descriptor_is_system(gate))
		return gate_fault(cpu, X86_TRAP_GP, vector);
	switch (descriptor_type(gate)) {
	case TYPE_TASK_GATE:
	case TYPE_INTERRUPT_GATE16:
	case TYPE_TRAP_GATE16:
	case TYPE_INTERRUPT_GATE32:
	case TYPE_TRAP_GATE32: break;
	default: return gate_fault(cpu, X86_TRAP_GP, vector);
	}
	if (event_is_software(event->type) && descriptor_dpl(gate) < cpu_cpl(cpu))
		return gate_fault(cpu, X86_TRAP_GP, vector);
	if (!descriptor_is_present(gate))
		return gate_fault(cpu, X86_TRAP_NP, vector);
	if (descriptor_type(gate) == TYPE_TASK_GATE)
		return deliver_task_gate(cpu, event, gate);
	return deliver_gate(cpu, event, gate);
}

/* ---- exceptions on the way --------------------------------------------- */

/* What the processor notes before it looks at the table. */
static void note_exception(struct virtual_cpu *cpu, const struct event *event)
{
	if (event->type == CPU_EVENT_NMI)
		cpu->nmi_blocked = true;
	if (event->type == CPU_EVENT_EXCEPTION && event->exception.vector == X86_TRAP_PF)
		cpu->cr2 = event->exception.cr2;
	if (event->exception.vector == X86_TRAP_DB &&
	    (event->type == CPU_EVENT_EXCEPTION || event->type == CPU_EVENT_PRIVILEGED_EXCEPTION)) {
		if (event->exception.dr6 & DR6_TRAPS)
			cpu->dr6 &= ~DR6_TRAPS;
		cpu->dr6 |= event->exception.dr6;
		cpu->dr7 &= ~DR7_GD;
		cpu->bus->changed(cpu, CPU_CHANGED_DEBUG);
	}
}

/* Errors on selectors say whether the program itself caused the event. */
static void mark_external(struct virtual_cpu *cpu, const struct event *event)
{
	if (event_is_software(event->type))
		return;
	switch (cpu->fault.vector) {
	case X86_TRAP_TS:
	case X86_TRAP_NP:
	case X86_TRAP_SS:
	case X86_TRAP_GP: cpu->fault.error_code |= ERROR_CODE_EXT; break;
	default: break;
	}
}

static bool is_contributory(u8 vector)
{
	return vector == X86_TRAP_DE || (vector >= X86_TRAP_TS && vector <= X86_TRAP_GP);
}

/* Manual: "Conditions for Generating a Double Fault". */
static bool makes_double_fault(u8 first, u8 second)
{
	if (is_contributory(first))
		return is_contributory(second);
	if (first == X86_TRAP_PF)
		return second == X86_TRAP_PF || is_contributory(second);
	return false;
}

/* The event that follows from cpu->fault while @event was delivered. */
static enum cpu_result next_event(struct virtual_cpu *cpu, struct event *event)
{
	bool exception = event->type == CPU_EVENT_EXCEPTION;
	u8 first = event->exception.vector;

	if (exception && first == X86_TRAP_DF)
		return CPU_SHUTDOWN;
	if (exception && makes_double_fault(first, cpu->fault.vector)) {
		/* CR2 tells of the last page fault, though it has no handler. */
		if (cpu->fault.vector == X86_TRAP_PF)
			cpu->cr2 = cpu->fault.cr2;
		cpu_fault_code(cpu, X86_TRAP_DF, 0);
	}
	event->type = CPU_EVENT_EXCEPTION;
	event->exception = cpu->fault;
	if (event->task_switched)
		event->return_rip = cpu->rip;
	event->task_switched = false;
	return CPU_OK;
}

enum cpu_result cpu_deliver(struct virtual_cpu *cpu, enum cpu_event_type type,
			    const struct cpu_exception *exception, u64 return_rip)
{
	struct event event = {
		.type = type,
		.exception = *exception,
		.return_rip = return_rip,
	};
	enum cpu_result result;

	for (;;) {
		if (cpu->cr0 & X86_CR0_PE)
			result = deliver_protected(cpu, &event);
		else
			result = deliver_real(cpu, &event);
		if (result == CPU_OK || result == CPU_FAULT)
			note_exception(cpu, &event);
		if (result != CPU_FAULT)
			break;
		mark_external(cpu, &event);
		if (event.type != CPU_EVENT_EXTERNAL_INTERRUPT && event.type != CPU_EVENT_NMI &&
		    event.type != CPU_EVENT_EXCEPTION)
			return CPU_FAULT;
		result = next_event(cpu, &event);
		if (result != CPU_OK)
			break;
	}
	if (result == CPU_OK) {
		cpu->interrupt_shadow = 0;
		cpu->halted = false;
	}
	return result;
}
