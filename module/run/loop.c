// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: the loop of deliver, enter, handle. Called by the API layer with the
 * vCPU's mutex held; host world, around each visit to the guest world.
 */
#include <linux/entry-kvm.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>

#include "host/host.h"
#include "run/internal.h"
#include "run/trace.h"

static unsigned int load_flags(const struct vcpu *vcpu)
{
	unsigned int flags = 0;

	if (run_counts_steps(vcpu))
		flags |= WORLD_LOAD_STEP;
	if (run_interrupt_wanted(vcpu)) {
		flags |= WORLD_LOAD_WANT_IF;
		if (vcpu->cpu.interrupt_shadow)
			flags |= WORLD_LOAD_STEP;
	}
	/*
	 * Nothing tells when the shadow has passed, but a step. A client may wait for
	 * its end without asking.
	 */
	if (vcpu->cpu.interrupt_shadow & INTERRUPT_SHADOW_STI)
		flags |= WORLD_LOAD_STEP;
	return flags;
}

/*
 * Mark the vCPU as in the guest world; false: something came up, go around. An
 * interrupt that has come since the state was loaded is something, unless the
 * guest leaves anyway to take one.
 */
static bool enter_guest_mode(struct vcpu *vcpu, unsigned int flags)
{
	WRITE_ONCE(vcpu->vm->guest_cpu, smp_processor_id());
	/* Pairs with those in kick() and vcpu_interrupt_raised(): they see the
	 * mark, or we their request.
	 */
	smp_mb();
	if ((flags & WORLD_LOAD_WANT_IF || !run_interrupt_wanted(vcpu)) &&
	    !xfer_to_guest_mode_work_pending() &&
	    !host_immediate_exit(vcpu->run))
		return true;
	WRITE_ONCE(vcpu->vm->guest_cpu, -1);
	return false;
}

static bool enter_guest(struct vcpu *vcpu, unsigned int flags, struct world_exit *exit)
{
	local_irq_disable();
	if (!enter_guest_mode(vcpu, flags)) {
		local_irq_enable();
		return false;
	}
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
	world_run(vcpu->world, &vcpu->cpu, exit);
	WRITE_ONCE(vcpu->vm->guest_cpu, -1);
	local_irq_enable();
	return true;
}

/* What KVM_RUN promises before each entry; RUN_USER on a signal. */
static enum run_result handle_host_work(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int error;

	if (host_immediate_exit(run))
		error = -EINTR;
	else
		error = host_handle_work();
	if (!error)
		return RUN_RESUME;
	run->exit_reason = KVM_EXIT_INTR;
	vcpu->error = error;
	return RUN_ERROR;
}

static bool has_pic(const struct vcpu *vcpu)
{
	return vcpu->vm->irqchip && !vcpu->vm->irqchip->split;
}

/* With the PIC in the kernel it is always ready: not asked. */
static bool can_inject(const struct vcpu *vcpu)
{
	return has_pic(vcpu) || run_interrupt_window(vcpu);
}

/* An I/O APIC of the client's hears of the end of its interrupts. */
static enum run_result check_ended_interrupt(struct vcpu *vcpu)
{
	if (likely(vcpu->ended_interrupt < 0))
		return RUN_RESUME;
	vcpu->run->exit_reason = KVM_EXIT_IOAPIC_EOI;
	vcpu->run->eoi.vector = vcpu->ended_interrupt;
	vcpu->ended_interrupt = -1;
	return RUN_USER;
}

static enum run_result check_interrupt_window(struct vcpu *vcpu)
{
	if (has_pic(vcpu) || !READ_ONCE(vcpu->run->request_interrupt_window) ||
	    !can_inject(vcpu))
		return RUN_RESUME;
	vcpu->run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
	return RUN_USER;
}

/*
 * HLT, when interrupts come from the kernel: sleep until one is due. A signal
 * ends the sleep too, and the next KVM_RUN goes on with it.
 */
static void sleep_in_halt(struct vcpu *vcpu)
{
	vcpu->statistics.halts++;
	wait_event_interruptible(vcpu->halt_wait, run_ends_halt(vcpu));
	/* What ended it is not delivered, if a debugger holds it off. */
	if (run_ends_halt(vcpu) && !run_interrupt_due(vcpu))
		vcpu->cpu.halted = false;
}

/*
 * Without them it is userspace's to wait on; an event that is due makes it
 * unnecessary.
 */
static enum run_result check_halt(struct vcpu *vcpu)
{
	struct virtual_cpu *cpu = &vcpu->cpu;

	if (!cpu->halted || vcpu->vm->irqchip)
		return RUN_RESUME;
	cpu->halted = false;
	if (vcpu->exception_pending || cpu->pending_debug ||
	    (vcpu->nmi_pending && !cpu->nmi_blocked) ||
	    (vcpu->interrupt >= 0 && cpu_can_take_interrupt(cpu)))
		return RUN_RESUME;
	vcpu->run->exit_reason = KVM_EXIT_HLT;
	return RUN_USER;
}

/* Let the guest run directly until it exits, and handle the exit. */
static enum run_result run_directly(struct vcpu *vcpu)
{
	const unsigned int flags = load_flags(vcpu);
	const enum run_step_flag flag = run_step_before(vcpu);
	const u32 counted = vcpu->steps_counted;
	struct world_exit exit = {};
	enum run_result result;

	result = run_sync_tables(vcpu);
	if (result != RUN_RESUME)
		return result;
	mmu_before_entry(&vcpu->mmu);
	if (!world_load(vcpu->world, &vcpu->cpu, flags))
		return run_end(vcpu, CPU_STOP);
	trace_ringlet_entry(vcpu->cpu.rip, cpu_cpl(&vcpu->cpu));
	if (!enter_guest(vcpu, flags, &exit))
		return RUN_RESUME;
	vcpu->statistics.world_switches++;
	world_store(vcpu->world, &vcpu->cpu);
	result = run_handle_exit(vcpu, &exit);
	if (vcpu->steps_counted != counted)
		run_step_after(vcpu, flag);
	return result;
}

static enum run_result run_once(struct vcpu *vcpu)
{
	enum run_result result;

	result = handle_host_work(vcpu);
	clock_before_entry(vcpu);
	if (result == RUN_RESUME)
		result = check_ended_interrupt(vcpu);
	if (result == RUN_RESUME)
		result = run_deliver_events(vcpu);
	/* A delivery is a step too. One that still waits begins anew. */
	if (run_must_end(vcpu) || vcpu->delivering)
		return result;
	if (result == RUN_RESUME)
		result = check_interrupt_window(vcpu);
	if (result == RUN_RESUME && vcpu->cpu.halted && vcpu->vm->irqchip) {
		sleep_in_halt(vcpu);
		return RUN_RESUME;
	}
	/* An access that userspace had to see first may have come before HLT's end. */
	if (result == RUN_RESUME && !vcpu->cpu.halted)
		result = run_interprets(vcpu) ? run_interpret(vcpu) : run_directly(vcpu);
	return result == RUN_RESUME ? check_halt(vcpu) : result;
}

/* Finish what the last return to userspace left open. */
static enum run_result complete_access(struct vcpu *vcpu)
{
	enum run_result result;

	if (vcpu->posted_next < vcpu->posted_count)
		return access_to_user(vcpu) ? RUN_USER : RUN_RESUME;
	vcpu->posted_count = 0;
	vcpu->posted_next = 0;
	if (!access_complete(vcpu) || vcpu->delivering)
		return RUN_RESUME;
	result = run_emulate_current(vcpu);
	return result == RUN_RESUME ? check_halt(vcpu) : result;
}

static void publish_state(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	run->if_flag = !!(vcpu->cpu.rflags & X86_EFLAGS_IF);
	run->ready_for_interrupt_injection = can_inject(vcpu);
	run->apic_base = vcpu->cpu.msrs.apic_base;
}

int vcpu_run(struct vcpu *vcpu)
{
	enum run_result result = RUN_RESUME;

	if (current->mm != vcpu->vm->mmu.mm)
		return -EIO;
	vcpu->error = 0;
	vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	fpu_swap_kvm_fpstate(&vcpu->fpu, true);
	world_begin(vcpu->world);

	/* The client may have written to guest memory, code included. */
	run_interpreter_recheck(vcpu);
	if (vcpu->shutdown_pending)
		result = run_end(vcpu, CPU_SHUTDOWN);
	else if (vcpu->stop_text[0])
		result = run_stop(vcpu, "%s", vcpu->stop_text);
	else
		result = complete_access(vcpu);
	while (result == RUN_RESUME)
		result = run_must_end(vcpu) ? run_end_for_debugger(vcpu) : run_once(vcpu);

	vcpu->shutdown_pending = false;
	fpu_swap_kvm_fpstate(&vcpu->fpu, false);
	vcpu->statistics.exits_user++;
	publish_state(vcpu);
	return result == RUN_ERROR ? vcpu->error : 0;
}
