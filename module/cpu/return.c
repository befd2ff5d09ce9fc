// SPDX-License-Identifier: GPL-2.0-only
/*
 * Far returns and IRET: to the same ring, to an outer ring, to a virtual-8086
 * task, to the task that was interrupted. Called by the emulator, in the host
 * world. Pure.
 */
#include "cpu/internal.h"

/**
 * struct far_return - what a return popped, before anything is changed
 * @bytes: operand size
 * @sp: running stack pointer
 * @release: bytes of parameters that RET n drops, on both stacks
 * @rip: popped EIP
 * @selector: popped CS
 * @flags: popped EFLAGS, of IRET only
 */
struct far_return {
	unsigned int bytes;
	u64 sp;
	u16 release;
	u64 rip;
	u64 selector;
	u64 flags;
};

static enum cpu_result pop_target(struct virtual_cpu *cpu, struct far_return *back, bool with_flags)
{
	enum cpu_result result;

	back->sp = cpu_sp(cpu);
	result = cpu_pop(cpu, &back->sp, &back->rip, back->bytes);
	if (result == CPU_OK)
		result = cpu_pop(cpu, &back->sp, &back->selector, back->bytes);
	if (result == CPU_OK && with_flags)
		result = cpu_pop(cpu, &back->sp, &back->flags, back->bytes);
	back->selector &= 0xffff;
	return result;
}

/* ---- EFLAGS of IRET ------------------------------------------------------ */

/*
 * Bits that IRET takes from the image, at privilege @cpl. Manual: IRET,
 * "RETURN-TO-SAME-PRIVILEGE-LEVEL" and "RETURN-TO-OUTER-PRIVILEGE-LEVEL".
 */
static u64 iret_flags_mask(const struct virtual_cpu *cpu, unsigned int bytes, unsigned int cpl)
{
	u64 mask = EFLAGS_STATUS | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT;

	if (bytes == 4)
		mask |= X86_EFLAGS_RF | X86_EFLAGS_AC | X86_EFLAGS_ID;
	if (cpl <= cpu_iopl(cpu))
		mask |= X86_EFLAGS_IF;
	if (cpl == 0) {
		mask |= X86_EFLAGS_IOPL;
		if (bytes == 4 && (cpu->cr0 & X86_CR0_PE))
			mask |= X86_EFLAGS_VIF | X86_EFLAGS_VIP;
	}
	return mask;
}

static void load_iret_flags(struct virtual_cpu *cpu, u64 image, unsigned int bytes,
			    unsigned int cpl)
{
	u64 mask = iret_flags_mask(cpu, bytes, cpl);

	cpu->rflags &= ~(u64)X86_EFLAGS_RF;
	cpu->rflags = (cpu->rflags & ~mask) | (image & mask) | X86_EFLAGS_FIXED;
}

/* ---- real mode and virtual-8086 mode ------------------------------------- */

static enum cpu_result return_real(struct virtual_cpu *cpu, struct far_return *back)
{
	if (!segment_holds_offset(&cpu->segments[SEGMENT_CS], back->rip))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	if (cpu->rflags & X86_EFLAGS_VM)
		segment_set_v86(&cpu->segments[SEGMENT_CS], back->selector);
	else
		segment_set_real(&cpu->segments[SEGMENT_CS], back->selector);
	cpu->rip = back->rip;
	cpu_set_sp(cpu, back->sp + back->release);
	return CPU_OK;
}

static enum cpu_result iret_real(struct virtual_cpu *cpu, struct far_return *back)
{
	unsigned int cpl = cpu_cpl(cpu);
	enum cpu_result result;

	result = pop_target(cpu, back, true);
	if (result != CPU_OK)
		return result;
	result = return_real(cpu, back);
	if (result == CPU_OK)
		load_iret_flags(cpu, back->flags, back->bytes, cpl);
	return result;
}

/* ---- protected mode ------------------------------------------------------ */

static enum cpu_result read_code(struct virtual_cpu *cpu, struct far_return *back, u64 *raw)
{
	unsigned int rpl = selector_rpl(back->selector);
	enum cpu_result result;
	bool allowed;

	if (selector_is_null(back->selector))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu_read_descriptor(cpu, back->selector, raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (descriptor_is_conforming(*raw))
		allowed = descriptor_dpl(*raw) <= rpl;
	else
		allowed = descriptor_dpl(*raw) == rpl;
	if (!descriptor_is_code(*raw) || rpl < cpu_cpl(cpu) || !allowed)
		return selector_fault(cpu, X86_TRAP_GP, back->selector);
	if (!descriptor_is_present(*raw))
		return selector_fault(cpu, X86_TRAP_NP, back->selector);
	if (needs_long_mode(cpu, *raw))
		return stop_long_mode(cpu);
	return CPU_OK;
}

static enum cpu_result read_stack(struct virtual_cpu *cpu, u16 selector, unsigned int cpl, u64 *raw)
{
	enum cpu_result result;

	if (selector_is_null(selector))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu_read_descriptor(cpu, selector, raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (selector_rpl(selector) != cpl || descriptor_dpl(*raw) != cpl ||
	    !descriptor_is_writable(*raw))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(*raw))
		return selector_fault(cpu, X86_TRAP_SS, selector);
	return CPU_OK;
}

/* Load CS:EIP that read_code() has checked; *code is filled before. */
static enum cpu_result check_limit(struct virtual_cpu *cpu, const struct far_return *back, u64 raw,
				   struct segment *code)
{
	segment_from_descriptor(code, back->selector, raw | DESCRIPTOR_ACCESSED);
	if (!segment_holds_offset(code, back->rip))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	return CPU_OK;
}

static enum cpu_result return_same(struct virtual_cpu *cpu, struct far_return *back, u64 raw)
{
	enum cpu_result result;
	struct segment code;

	result = check_limit(cpu, back, raw, &code);
	if (result == CPU_OK)
		result = descriptor_set_accessed(cpu, back->selector, &raw);
	if (result != CPU_OK)
		return result;
	cpu->segments[SEGMENT_CS] = code;
	cpu->rip = back->rip;
	cpu_set_sp(cpu, back->sp + back->release);
	return CPU_OK;
}

static enum cpu_result return_outer(struct virtual_cpu *cpu, struct far_return *back, u64 raw)
{
	unsigned int cpl = selector_rpl(back->selector);
	u64 stack_raw, stack_selector, stack_pointer;
	u64 sp = back->sp + back->release;
	enum cpu_result result;
	struct segment code;

	result = cpu_pop(cpu, &sp, &stack_pointer, back->bytes);
	if (result == CPU_OK)
		result = cpu_pop(cpu, &sp, &stack_selector, back->bytes);
	if (result == CPU_OK)
		result = read_stack(cpu, stack_selector, cpl, &stack_raw);
	if (result == CPU_OK)
		result = check_limit(cpu, back, raw, &code);
	if (result == CPU_OK)
		result = descriptor_probe_accessed(cpu, stack_selector, stack_raw);
	if (result == CPU_OK)
		result = descriptor_set_accessed(cpu, back->selector, &raw);
	if (result == CPU_OK)
		result = descriptor_set_accessed(cpu, stack_selector, &stack_raw);
	if (result != CPU_OK)
		return result;

	cpu->segments[SEGMENT_CS] = code;
	cpu->rip = back->rip;
	segment_from_descriptor(&cpu->segments[SEGMENT_SS], stack_selector, stack_raw);
	/* Into a 16-bit stack segment only SP is loaded: ESP's top leaks. */
	cpu_set_sp(cpu, stack_pointer + back->release);
	segments_drop_inner(cpu, cpl);
	return CPU_OK;
}

static enum cpu_result return_protected(struct virtual_cpu *cpu, struct far_return *back)
{
	enum cpu_result result;
	u64 raw;

	result = read_code(cpu, back, &raw);
	if (result != CPU_OK)
		return result;
	if (selector_rpl(back->selector) > cpu_cpl(cpu))
		return return_outer(cpu, back, raw);
	return return_same(cpu, back, raw);
}

/* Manual: IRET, "RETURN-TO-VIRTUAL-8086-MODE". */
static enum cpu_result return_v86(struct virtual_cpu *cpu, struct far_return *back)
{
	enum { IMAGE_ESP, IMAGE_SS, IMAGE_ES, IMAGE_DS, IMAGE_FS, IMAGE_GS };
	enum cpu_result result;
	u64 image[6];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(image); i++) {
		result = cpu_pop(cpu, &back->sp, &image[i], 4);
		if (result != CPU_OK)
			return result;
	}
	if (back->rip > 0xffff)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	cpu->rflags = (back->flags & EFLAGS_WRITABLE) | X86_EFLAGS_FIXED;
	segment_set_v86(&cpu->segments[SEGMENT_CS], back->selector);
	segment_set_v86(&cpu->segments[SEGMENT_SS], image[IMAGE_SS]);
	segment_set_v86(&cpu->segments[SEGMENT_ES], image[IMAGE_ES]);
	segment_set_v86(&cpu->segments[SEGMENT_DS], image[IMAGE_DS]);
	segment_set_v86(&cpu->segments[SEGMENT_FS], image[IMAGE_FS]);
	segment_set_v86(&cpu->segments[SEGMENT_GS], image[IMAGE_GS]);
	cpu->rip = back->rip;
	cpu->regs[REG_SP] = image[IMAGE_ESP];
	return CPU_OK;
}

/* Manual: IRET, "TASK-RETURN". The old TSS's link names the new task. */
static enum cpu_result return_task(struct virtual_cpu *cpu, u64 return_rip)
{
	enum cpu_result result;
	u16 selector;

	if (cpu_long_mode(cpu))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu->bus->read(cpu, (u32)cpu->tr.base, &selector, sizeof(selector),
				ACCESS_READ | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	return cpu_task_switch(cpu, selector, TASK_SWITCH_IRET, return_rip, false, 0);
}

static enum cpu_result iret_protected(struct virtual_cpu *cpu, struct far_return *back)
{
	unsigned int cpl = cpu_cpl(cpu);
	enum cpu_result result;

	result = pop_target(cpu, back, true);
	if (result != CPU_OK)
		return result;
	/* IA-32e mode has no virtual-8086 mode, and ignores the bit. */
	if ((back->flags & X86_EFLAGS_VM) && cpl == 0 && !cpu_long_mode(cpu))
		return return_v86(cpu, back);
	result = return_protected(cpu, back);
	if (result == CPU_OK)
		load_iret_flags(cpu, back->flags, back->bytes, cpl);
	return result;
}

/**
 * cpu_iret() - IRET in every mode
 * @cpu: the virtual CPU
 * @bytes: operand size, 2 or 4
 * @return_rip: EIP that a return to another task saves
 *
 * Return: CPU_OK, or CPU_FAULT with nothing changed (cpu_far_jump() says what
 * is different about task switches). NMIs are unblocked in either case.
 */
enum cpu_result cpu_iret(struct virtual_cpu *cpu, unsigned int bytes, u64 return_rip)
{
	struct far_return back = { .bytes = bytes };
	enum cpu_result result;

	if (!(cpu->cr0 & X86_CR0_PE)) {
		result = iret_real(cpu, &back);
	} else if (cpu->rflags & X86_EFLAGS_VM) {
		if (cpu_iopl(cpu) < 3)
			result = cpu_fault_code(cpu, X86_TRAP_GP, 0);
		else
			result = iret_real(cpu, &back);
	} else if (cpu->rflags & X86_EFLAGS_NT) {
		result = return_task(cpu, return_rip);
	} else {
		result = iret_protected(cpu, &back);
	}
	/* "Handling Multiple NMIs": even an IRET that faults unblocks them. */
	if (result == CPU_OK || result == CPU_FAULT)
		cpu->nmi_blocked = false;
	return result;
}

/**
 * cpu_far_return() - RETF and RETF n
 * @cpu: the virtual CPU
 * @bytes: operand size, 2 or 4
 * @release: parameter bytes to drop
 *
 * Return: CPU_OK, or CPU_FAULT with nothing changed.
 */
enum cpu_result cpu_far_return(struct virtual_cpu *cpu, unsigned int bytes, u16 release)
{
	struct far_return back = { .bytes = bytes, .release = release };
	enum cpu_result result;

	result = pop_target(cpu, &back, false);
	if (result != CPU_OK)
		return result;
	if (!cpu_protected_mode(cpu))
		return return_real(cpu, &back);
	return return_protected(cpu, &back);
}
