// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions and interrupts on their way to the guest. Called by the run loop
 * before each entry; host world.
 */
#include <uapi/asm/debugreg.h>

#include "run/internal.h"
#include "run/trace.h"

void run_queue_exception(struct vcpu *vcpu, const struct cpu_exception *exception)
{
	vcpu->exception = *exception;
	vcpu->exception_pending = true;
	vcpu->exception_given = false;
	if (exception->vector != X86_TRAP_DB || !exception->dr6)
		return;
	vcpu->exception.dr6 = run_debugger_takes(vcpu, exception->dr6);
	vcpu->exception_pending = vcpu->exception.dr6;
}

void vcpu_give_exception(struct vcpu *vcpu, const struct cpu_exception *exception)
{
	vcpu->exception = *exception;
	vcpu->exception_pending = true;
	vcpu->exception_given = true;
}

void vcpu_give_nmi(struct vcpu *vcpu)
{
	const unsigned int most = vcpu->cpu.nmi_blocked ? VCPU_NMIS_MOST - 1 : VCPU_NMIS_MOST;

	if (vcpu->nmi_pending < most)
		vcpu->nmi_pending++;
}

int vcpu_report_machine_error(struct vcpu *vcpu, const struct cpu_machine_error *error)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	const struct cpu_exception fault = cpu->fault;
	const char *stop_reason = cpu->stop_reason;
	int result = 0;

	switch (cpu_report_machine_error(cpu, error)) {
	case CPU_FAULT:
		vcpu_give_exception(vcpu, &cpu->fault);
		break;
	case CPU_SHUTDOWN:
		vcpu->shutdown_pending = true;
		break;
	case CPU_STOP:
		result = -EINVAL;
		break;
	default:
		break;
	}
	cpu->fault = fault;
	cpu->stop_reason = stop_reason;
	return result;
}

/* A fault outranks the trap of the instruction before it. */
void run_queue_pending_debug(struct vcpu *vcpu)
{
	const struct cpu_exception debug = {
		.vector = X86_TRAP_DB,
		.dr6 = vcpu->cpu.pending_debug,
		.trap = true,
	};

	if (likely(!vcpu->cpu.pending_debug) || vcpu->exception_pending)
		return;
	vcpu->cpu.pending_debug = 0;
	run_queue_exception(vcpu, &debug);
}

void vcpu_settle_exception(struct vcpu *vcpu)
{
	struct cpu_exception *exception = &vcpu->exception;
	struct virtual_cpu *cpu = &vcpu->cpu;

	run_queue_pending_debug(vcpu);
	if (!vcpu->exception_pending || vcpu->exception_given)
		return;
	if (exception->vector == X86_TRAP_PF)
		cpu->cr2 = exception->cr2;
	if (exception->vector == X86_TRAP_DB && exception->dr6) {
		if (exception->dr6 & DR_TRAP_BITS)
			cpu->dr6 &= ~(u64)DR_TRAP_BITS;
		cpu->dr6 |= exception->dr6;
		exception->dr6 = 0;
	}
}

/* A debugger asked that the code which it looks at not be left for a handler. */
static bool interrupts_blocked(const struct vcpu *vcpu)
{
	return vcpu->debug.control & KVM_GUESTDBG_BLOCKIRQ;
}

/*
 * An external interrupt, or a client that waits until it can give one: of a PIC
 * of its own, whose INT has to get past the local APIC if that is in the kernel.
 */
static bool maskable_wanted(const struct vcpu *vcpu)
{
	const struct irqchip *irqchip = vcpu->vm->irqchip;
	u8 signals;

	if (vcpu->interrupt >= 0)
		return true;
	if (irqchip) {
		signals = irqchip_signals(irqchip);
		if (signals & IRQCHIP_INTERRUPT)
			return true;
		if (!irqchip->split || !(signals & IRQCHIP_PASSES_PIC))
			return false;
		if (vcpu->external_interrupt >= 0)
			return true;
	}
	return READ_ONCE(vcpu->run->request_interrupt_window);
}

/* INIT, or an NMI that is only to be noted yet. */
static bool event_wanted(const struct vcpu *vcpu)
{
	return vcpu->vm->irqchip && irqchip_signals(vcpu->vm->irqchip) & IRQCHIP_EVENT;
}

bool run_interrupt_wanted(const struct vcpu *vcpu)
{
	return (vcpu->nmi_pending || maskable_wanted(vcpu) || event_wanted(vcpu)) &&
	       !interrupts_blocked(vcpu);
}

bool run_ends_halt(const struct vcpu *vcpu)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;

	if (event_wanted(vcpu))
		return true;
	if (vcpu->nmi_pending && !cpu->nmi_blocked && !cpu->interrupt_shadow)
		return true;
	return maskable_wanted(vcpu) && cpu_can_take_interrupt(cpu);
}

bool run_interrupt_due(const struct vcpu *vcpu)
{
	return run_ends_halt(vcpu) && !interrupts_blocked(vcpu);
}

bool run_interrupt_window(const struct vcpu *vcpu)
{
	const struct irqchip *irqchip = vcpu->vm->irqchip;

	if (vcpu->interrupt >= 0 || vcpu->external_interrupt >= 0 ||
	    !cpu_can_take_interrupt(&vcpu->cpu))
		return false;
	return !irqchip || irqchip_signals(irqchip) & IRQCHIP_PASSES_PIC;
}

static enum run_result deliver_from(struct vcpu *vcpu, enum cpu_event_type type,
				    const struct cpu_exception *exception, u64 return_rip)
{
	enum cpu_result result;

	trace_ringlet_inject(exception->vector, exception->error_code, type);
	vcpu->delivering = true;
	result = cpu_deliver(&vcpu->cpu, type, exception, return_rip);
	if (result == CPU_USER)
		return run_end(vcpu, result);
	vcpu->delivering = false;
	if (result == CPU_OK)
		run_count_step(vcpu);
	access_forget(vcpu);
	/* Of a software exception, whose gate was not for this ring. */
	if (result == CPU_FAULT)
		run_queue_exception(vcpu, &vcpu->cpu.fault);
	if (result != CPU_OK && result != CPU_FAULT)
		return run_end(vcpu, result);
	/* Its frame may lie in a device, which is to see it before the handler runs. */
	return access_to_user(vcpu) ? RUN_USER : RUN_RESUME;
}

static enum run_result deliver(struct vcpu *vcpu, enum cpu_event_type type,
			       const struct cpu_exception *exception)
{
	return deliver_from(vcpu, type, exception, vcpu->cpu.rip);
}

/* A debugger's INT3 that turned out to be the guest's own comes back like this. */
static enum run_result deliver_software_exception(struct vcpu *vcpu,
						  const struct cpu_exception *exception)
{
	return deliver_from(vcpu, CPU_EVENT_SOFTWARE_EXCEPTION, exception,
			    run_behind_software_exception(vcpu, exception->vector));
}

static enum run_result deliver_exception(struct vcpu *vcpu)
{
	struct cpu_exception exception = vcpu->exception;
	enum run_result result;

	vcpu->exception_pending = false;
	if (vcpu->exception_given)
		exception.cr2 = vcpu->cpu.cr2;
	if (exception.vector == X86_TRAP_BP || exception.vector == X86_TRAP_OF)
		result = deliver_software_exception(vcpu, &exception);
	else
		result = deliver(vcpu, CPU_EVENT_EXCEPTION, &exception);
	if (vcpu->delivering)
		vcpu->exception_pending = true;
	else if (exception.vector < ARRAY_SIZE(vcpu->statistics.injected))
		vcpu->statistics.injected[exception.vector]++;
	return result;
}

static enum run_result deliver_nmi(struct vcpu *vcpu)
{
	const struct cpu_exception nmi = { .vector = X86_TRAP_NMI };
	enum run_result result = deliver(vcpu, CPU_EVENT_NMI, &nmi);

	if (!vcpu->delivering) {
		vcpu->nmi_pending--;
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

/* INTA: the vector leaves its chip once, however long its delivery takes. */
static void acknowledge_interrupt(struct vcpu *vcpu)
{
	struct irqchip *irqchip = vcpu->vm->irqchip;

	if (!irqchip || vcpu->interrupt >= 0)
		return;
	if (vcpu->external_interrupt >= 0 && irqchip_signals(irqchip) & IRQCHIP_PASSES_PIC)
		swap(vcpu->interrupt, vcpu->external_interrupt);
	else if (irqchip_signals(irqchip) & IRQCHIP_INTERRUPT)
		vcpu->interrupt = irqchip_acknowledge(irqchip);
}

/* INIT to the only processor there is: it begins anew at once. */
static void reset_by_init(struct vcpu *vcpu)
{
	cpu_reset_by_init(&vcpu->cpu);
	irqchip_init_processor(vcpu->vm->irqchip);
	vcpu->interrupt = -1;
	vcpu->nmi_pending = 0;
	vcpu->exception_pending = false;
	vcpu->delivering = false;
	access_forget(vcpu);
	vcpu_state_replaced(vcpu);
}

void vcpu_settle_apic_events(struct vcpu *vcpu)
{
	u8 events = event_wanted(vcpu) ? irqchip_take_events(vcpu->vm->irqchip) : 0;

	if (events & LAPIC_EVENT_INIT)
		reset_by_init(vcpu);
	else if (events & LAPIC_EVENT_NMI)
		vcpu_give_nmi(vcpu);
}

/* A step is over, or a delivery waits and is to begin anew. */
static bool must_go_around(const struct vcpu *vcpu)
{
	return run_must_end(vcpu) || vcpu->delivering;
}

enum run_result run_deliver_events(struct vcpu *vcpu)
{
	const bool blocked = interrupts_blocked(vcpu);
	struct virtual_cpu *cpu = &vcpu->cpu;
	enum run_result result = RUN_RESUME;

	if (!blocked)
		vcpu_settle_apic_events(vcpu);
	vcpu->delivering = false;
	run_queue_pending_debug(vcpu);
	if (vcpu->exception_pending && !run_must_end(vcpu))
		result = deliver_exception(vcpu);
	/* Each delivery is a step of its own, if somebody counts. */
	if (result == RUN_RESUME && !must_go_around(vcpu) && !blocked && vcpu->nmi_pending &&
	    !cpu->nmi_blocked && !cpu->interrupt_shadow)
		result = deliver_nmi(vcpu);
	if (result == RUN_RESUME && !must_go_around(vcpu) && !blocked &&
	    cpu_can_take_interrupt(cpu)) {
		acknowledge_interrupt(vcpu);
		if (vcpu->interrupt >= 0)
			result = deliver_interrupt(vcpu);
	}
	return result;
}
