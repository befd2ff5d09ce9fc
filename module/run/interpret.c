// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine that interprets: guest code that does not run directly is fetched,
 * decoded and emulated one instruction after the other. Called by the run loop;
 * host world. What an instruction means is the emulator's business; here are the
 * things that happen between two instructions.
 */
#include <linux/entry-kvm.h>

#include "emulate/emulate.h"
#include "run/internal.h"

/*
 * Instructions between two looks at what the host wants. Events that the guest
 * waits for are looked at after each.
 */
#define INTERPRET_BATCH 1024

/*
 * Whether ring 1 or 3 of the guest world can hold this state. Real mode and
 * virtual-8086 mode do not exist in long mode; rings 1 and 2 have nowhere to go;
 * IRETQ to a 16-bit stack would leave bits of our own stack pointer in ESP.
 */
static bool can_run_directly(const struct virtual_cpu *cpu)
{
	const unsigned int cpl = cpu_cpl(cpu);

	return cpu_protected_mode(cpu) && (cpl == 0 || cpl == 3) &&
	       !cpu->segments[SEGMENT_CS].unusable && !cpu->segments[SEGMENT_SS].unusable &&
	       cpu->segments[SEGMENT_SS].db;
}

/*
 * PUSHF in ring 3 shows the processor's IF and IOPL, which are 1 and 0, and POPF
 * cannot change them. Programs that have others are few.
 */
static bool flags_are_real(const struct virtual_cpu *cpu)
{
	return (cpu->rflags & (X86_EFLAGS_IF | X86_EFLAGS_IOPL)) == X86_EFLAGS_IF;
}

bool run_interprets(const struct vcpu *vcpu)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;

	if (!can_run_directly(cpu))
		return true;
	return vcpu->vm->engine == RINGLET_ENGINE_INTERPRET &&
	       (cpu_cpl(cpu) != 3 || !flags_are_real(cpu));
}

/* A breakpoint on the instruction at RIP is a fault that comes before it. */
static bool meets_breakpoint(struct vcpu *vcpu)
{
	const u64 hits = emulate_code_breakpoints(&vcpu->cpu);
	const struct cpu_exception debug = {
		.vector = X86_TRAP_DB,
		.dr6 = hits,
		.trap = true,
	};

	if (hits)
		run_queue_exception(vcpu, &debug);
	return hits;
}

/* Whether something is to be done before the next instruction. */
static bool must_look_up(const struct vcpu *vcpu)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;

	return vcpu->exception_pending || cpu->pending_debug || cpu->halted ||
	       run_interrupt_due(vcpu) ||
	       !run_interprets(vcpu) || __xfer_to_guest_mode_work_pending();
}

enum run_result run_interpret(struct vcpu *vcpu)
{
	enum run_result result = RUN_RESUME;
	unsigned int i;

	for (i = 0; i < INTERPRET_BATCH && result == RUN_RESUME; i++) {
		if (meets_breakpoint(vcpu))
			break;
		result = run_emulate_current(vcpu);
		vcpu->statistics.interpreted++;
		if (must_look_up(vcpu))
			break;
	}
	return result;
}
