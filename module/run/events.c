// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions and interrupts on their way to the guest. Called by the run loop
 * before each entry; host world.
 */
#include "run/internal.h"
#include "run/trace.h"

void run_queue_exception(struct vcpu *vcpu, const struct cpu_exception *exception)
{
	vcpu->exception = *exception;
	vcpu->exception_pending = true;
}

/* An external interrupt, or a client that waits until it can give one. */
static bool maskable_wanted(const struct vcpu *vcpu)
{
	if (vcpu->interrupt >= 0)
		return true;
	if (vcpu->vm->irqchip)
		return irqchip_wants_interrupt(vcpu->vm->irqchip);
	return READ_ONCE(vcpu->run->request_interrupt_window);
}

bool run_interrupt_wanted(const struct vcpu *vcpu)
{
	return vcpu->nmi_pending || maskable_wanted(vcpu);
}

bool run_interrupt_due(const struct vcpu *vcpu)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;

	if (vcpu->nmi_pending && !cpu->nmi_blocked && !cpu->interrupt_shadow)
		return true;
	return maskable_wanted(vcpu) && cpu_can_take_interrupt(cpu);
}

static enum run_result deliver(struct vcpu *vcpu, enum cpu_event_type type,
			       const struct cpu_exception *exception)
{
	enum cpu_result result;

	trace_ringlet_inject(exception->vector, exception->error_code, type);
	vcpu->delivering = true;
	result = cpu_deliver(&vcpu->cpu, type, exception, vcpu->cpu.rip);
	if (result == CPU_USER)
		return run_end(vcpu, result);
	vcpu->delivering = false;
	if (result == CPU_OK)
		run_count_step(vcpu);
	access_forget(vcpu);
	/* Only software interrupts report a fault, and those the emulator does. */
	return run_end(vcpu, result);
}

static enum run_result deliver_exception(struct vcpu *vcpu)
{
	struct cpu_exception exception = vcpu->exception;
	enum run_result result;

	result = deliver(vcpu, CPU_EVENT_EXCEPTION, &exception);
	if (!vcpu->delivering) {
		vcpu->exception_pending = false;
		if (exception.vector < ARRAY_SIZE(vcpu->statistics.injected))
			vcpu->statistics.injected[exception.vector]++;
	}
	return result;
}

static enum run_result deliver_nmi(struct vcpu *vcpu)
{
	const struct cpu_exception nmi = { .vector = X86_TRAP_NMI };
	enum run_result result = deliver(vcpu, CPU_EVENT_NMI, &nmi);

	if (!vcpu->delivering) {
		vcpu->nmi_pending = false;
		vcpu->statistics.injected[X86_TRAP_NMI]++;
	}
	return result;
}

static enum run_result deliver_interrupt(struct vcpu *vcpu)
{
	const struct cpu_exception interrupt = { .vector = vcpu->interrupt };
	enum run_result result = deliver(vcpu, CPU_EVENT_EXTERNAL_INTERRUPT, &interrupt);

	if (!vcpu->delivering) {
		vcpu->interrupt = -1;
		vcpu->statistics.injected_interrupts++;
	}
	return result;
}

/* INTA: the vector leaves the PIC once, however long its delivery takes. */
static void acknowledge_interrupt(struct vcpu *vcpu)
{
	struct irqchip *irqchip = vcpu->vm->irqchip;

	if (irqchip && vcpu->interrupt < 0 && irqchip_wants_interrupt(irqchip))
		vcpu->interrupt = irqchip_acknowledge(irqchip);
}

enum run_result run_deliver_events(struct vcpu *vcpu)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	enum run_result result = RUN_RESUME;

	/* A fault outranks the trap of the instruction before it. */
	if (!vcpu->exception_pending && cpu->pending_debug) {
		const struct cpu_exception debug = {
			.vector = X86_TRAP_DB,
			.dr6 = cpu->pending_debug,
			.trap = true,
		};

		run_queue_exception(vcpu, &debug);
		cpu->pending_debug = 0;
	}
	if (vcpu->exception_pending)
		result = deliver_exception(vcpu);
	/* Each delivery is a step of its own, if somebody counts. */
	if (result == RUN_RESUME && !vcpu->step_done && vcpu->nmi_pending && !cpu->nmi_blocked &&
	    !cpu->interrupt_shadow)
		result = deliver_nmi(vcpu);
	if (result == RUN_RESUME && !vcpu->step_done && cpu_can_take_interrupt(cpu)) {
		acknowledge_interrupt(vcpu);
		if (vcpu->interrupt >= 0)
			result = deliver_interrupt(vcpu);
	}
	return result;
}
