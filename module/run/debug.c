// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_GUEST_DEBUG: a debugger outside the guest. Called by the API layer, by
 * the run loop, and wherever a debug exception or INT3 comes up; host world.
 *
 * What is the debugger's is kept apart from the guest's own where it arises: the
 * steps that it asked for (step.c), the hits of its breakpoints, which take the
 * place of the guest's (struct cpu_debugger), and INT3. It ends KVM_RUN and
 * leaves no trace in the guest. A #DB that the guest asked for itself, by its own
 * trap flag or registers, goes to the guest.
 */
#include <uapi/asm/debugreg.h>

#include "run/internal.h"

/* What a #DB says that came of the debugger's breakpoints. */
#define BREAKPOINT_STATUS (DR_TRAP_BITS | DR_ACCESS_GUARD)
#define DR_ACCESS_GUARD	  BIT(13) /* BD */
/* Bits of DR6 that are 1, or are 0 only where the processor has more of them. */
#define DR6_ALWAYS	  0xffff0ff0ULL

static void set_breakpoints(struct virtual_cpu *cpu, const u64 *registers)
{
	struct cpu_debugger *debugger = &cpu->debugger;
	unsigned int i;

	debugger->active = true;
	debugger->dr7 = registers[7];
	for (i = 0; i < ARRAY_SIZE(debugger->dr); i++) {
		debugger->dr[i] = registers[i];
		/* Where 32-bit code never comes. */
		if (registers[i] > U32_MAX)
			debugger->dr7 &= ~(3ULL << DR_ENABLE_SIZE * i);
	}
}

int vcpu_set_guest_debug(struct vcpu *vcpu, const struct kvm_guest_debug *debug)
{
	const u32 inject = KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP;
	struct virtual_cpu *cpu = &vcpu->cpu;

	if (debug->control & inject) {
		const struct cpu_exception exception = {
			.vector = debug->control & KVM_GUESTDBG_INJECT_DB ? X86_TRAP_DB :
									    X86_TRAP_BP,
			.trap = true,
		};

		if (vcpu->exception_pending || cpu->pending_debug)
			return -EBUSY;
		vcpu_give_exception(vcpu, &exception);
	}
	vcpu->debug.control = debug->control & KVM_GUESTDBG_ENABLE ? debug->control : 0;
	vcpu->debug.dr7 = debug->arch.debugreg[7];
	vcpu->debug.hits = 0;
	cpu->debugger.active = false;
	cpu->debugger.steps = vcpu->debug.control & KVM_GUESTDBG_SINGLESTEP;
	if (vcpu->debug.control & KVM_GUESTDBG_USE_HW_BP)
		set_breakpoints(cpu, debug->arch.debugreg);
	return 0;
}

u64 run_debugger_takes(struct vcpu *vcpu, u64 status)
{
	const u64 taken = vcpu->cpu.debugger.active ? status & BREAKPOINT_STATUS : 0;

	vcpu->debug.hits |= taken;
	return status & ~taken;
}

static enum run_result exit_debug(struct vcpu *vcpu, unsigned int vector, u64 status)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_DEBUG;
	memset(&run->debug, 0, sizeof(run->debug));
	run->debug.arch.exception = vector;
	run->debug.arch.pc = (u32)(cpu->segments[SEGMENT_CS].base + cpu->rip);
	run->debug.arch.dr6 = status | DR6_ALWAYS;
	run->debug.arch.dr7 = cpu->debugger.active ? vcpu->debug.dr7 : cpu->dr7;
	return RUN_USER;
}

enum run_result run_end_for_debugger(struct vcpu *vcpu)
{
	u64 hits;

	/* What else the same instruction met. */
	run_queue_pending_debug(vcpu);
	hits = vcpu->debug.hits;
	vcpu->debug.hits = 0;
	return exit_debug(vcpu, X86_TRAP_DB, hits);
}

bool run_is_software_breakpoint(const struct vcpu *vcpu, const struct insn *insn)
{
	return vcpu->debug.control & KVM_GUESTDBG_USE_SW_BP && insn->operation == OPERATION_INT3;
}

enum run_result run_end_at_software_breakpoint(struct vcpu *vcpu)
{
	return exit_debug(vcpu, X86_TRAP_BP, 0);
}

/* Where the #BP or #OF of the instruction at RIP would return to. */
u64 run_behind_software_exception(struct vcpu *vcpu, unsigned int vector)
{
	const struct cpu_exception fault = vcpu->cpu.fault;
	const char *stop_reason = vcpu->cpu.stop_reason;
	struct virtual_cpu *cpu = &vcpu->cpu;
	u64 rip = cpu->rip;
	struct insn insn;

	if (run_decode(vcpu, &insn) == CPU_OK &&
	    ((vector == X86_TRAP_BP && insn.operation == OPERATION_INT3) ||
	     (vector == X86_TRAP_OF && insn.operation == OPERATION_INTO)))
		rip = (u32)(rip + insn.length);
	/* This was a look. */
	access_forget(vcpu);
	cpu->fault = fault;
	cpu->stop_reason = stop_reason;
	return rip;
}
