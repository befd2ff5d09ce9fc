// SPDX-License-Identifier: GPL-2.0-only
/*
 * RINGLET_STEP and KVM_GUESTDBG_SINGLESTEP: KVM_RUN that returns after a number
 * of steps, or after each. Called by the run loop and wherever an instruction
 * ends; host world.
 *
 * Emulated instructions are counted as they end. Direct execution goes on by the
 * processor's single step, and the trap of that is counted. What trapped and is
 * emulated instead ends there; what faulted has not been executed, but its
 * exception is delivered, which counts.
 */
#include <uapi/asm/debugreg.h>

#include "run/internal.h"

void run_count_step(struct vcpu *vcpu)
{
	if (likely(!run_counts_steps(vcpu)))
		return;
	/* The processor holds its single step back too, so that both agree. */
	if (vcpu->cpu.interrupt_shadow & INTERRUPT_SHADOW_MOV_SS)
		return;
	vcpu->steps_counted++;
	if (vcpu->debug.control & KVM_GUESTDBG_SINGLESTEP)
		vcpu->debug.hits |= DR_STEP;
	if (vcpu->steps_left && !--vcpu->steps_left)
		vcpu->debug.hits |= DR_STEP;
}

static enum run_step_flag flag_of(const struct insn *insn, u32 *offset)
{
	*offset = 0;
	switch (insn->operation) {
	case OPERATION_PUSHF:
		return RUN_STEP_PUSHES;
	case OPERATION_IRET:
		*offset = 2 * insn->operand_size;
		fallthrough;
	case OPERATION_POPF:
		return RUN_STEP_POPS;
	default:
		return RUN_STEP_NONE;
	}
}

/* The image of the flags on the stack. */
static u32 image_offset(const struct virtual_cpu *cpu, u32 offset)
{
	const u64 sp = cpu->regs[REG_SP] + offset;

	return cpu->segments[SEGMENT_SS].db ? (u32)sp : (u16)sp;
}

enum run_step_flag run_step_before(struct vcpu *vcpu)
{
	const struct cpu_exception fault = vcpu->cpu.fault;
	const char *stop_reason = vcpu->cpu.stop_reason;
	struct virtual_cpu *cpu = &vcpu->cpu;
	enum run_step_flag flag = RUN_STEP_NONE;
	struct insn insn;
	u16 image = 0;
	u32 offset = 0;

	if (!run_counts_steps(vcpu) || cpu->rflags & X86_EFLAGS_TF)
		return RUN_STEP_NONE;
	if (run_decode(vcpu, &insn) == CPU_OK)
		flag = flag_of(&insn, &offset);
	if (flag == RUN_STEP_POPS &&
	    (cpu_read(cpu, SEGMENT_SS, image_offset(cpu, offset), &image, sizeof(image)) != CPU_OK ||
	     !(image & X86_EFLAGS_TF)))
		flag = RUN_STEP_NONE;
	/* This was a look; whatever was in its way, the instruction meets itself. */
	access_forget(vcpu);
	cpu->fault = fault;
	cpu->stop_reason = stop_reason;
	return flag;
}

void run_step_after(struct vcpu *vcpu, enum run_step_flag flag)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	u16 image;

	if (flag == RUN_STEP_POPS)
		cpu->rflags |= X86_EFLAGS_TF;
	if (flag != RUN_STEP_PUSHES ||
	    cpu_read(cpu, SEGMENT_SS, cpu_sp(cpu), &image, sizeof(image)) != CPU_OK)
		return;
	image &= ~X86_EFLAGS_TF;
	cpu_write(cpu, SEGMENT_SS, cpu_sp(cpu), &image, sizeof(image));
}
