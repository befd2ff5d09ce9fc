// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU's thread. Exits are handled with the machine's lock held;
 * KVM_RUN itself is not under it. Started and stopped by `ringlet run`.
 */
#define _GNU_SOURCE /* pthread_tryjoin_np */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vcpu.h"

#define KICK_SIGNAL	 SIGUSR1
#define KICK_INTERVAL_MS 50
#define KICKS_MAX	 100

#define RFLAGS_IF	 0x200u

/* For the signal handler: KVM_RUN is to return at once, even if not yet entered. */
static struct kvm_run *kicked_run;

static void kick(int number)
{
	(void)number;
	kicked_run->immediate_exit = 1;
}

static void handle_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->vm->run;
	struct port_bus *bus = &vcpu->machine->bus;
	unsigned int size = run->io.size;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint64_t length = (uint64_t)size * run->io.count;

	if ((size != 1 && size != 2 && size != 4) || run->io.data_offset > vcpu->vm->run_size ||
	    length > vcpu->vm->run_size - run->io.data_offset) {
		control_end(&vcpu->machine->control, END_STOPPED, STATUS_STOPPED,
			    "%s reported a port access that does not fit its shared page",
			    vcpu->vm->device_name);
		return;
	}
	for (uint32_t i = 0; i < run->io.count; i++, data += size) {
		uint32_t value = 0;

		if (run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, data, size);
			port_write(bus, run->io.port, size, value);
		} else {
			value = port_read(bus, run->io.port, size);
			memcpy(data, &value, size);
		}
	}
}

/* No device has memory-mapped registers: reads give ones, as from an empty bus. */
static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->vm->run;

	if (!run->mmio.is_write)
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
	if (vcpu->machine->bus.trace)
		fprintf(stderr, "%-5s %08llx %u bytes\n", run->mmio.is_write ? "store" : "load",
			(unsigned long long)run->mmio.phys_addr, run->mmio.len);
}

static void take_registers(struct vcpu *vcpu)
{
	vcpu->has_registers = vm_get_registers(vcpu->vm, &vcpu->regs, &vcpu->sregs);
}

/* Return: whether the guest has ended so; its registers are read for that. */
static bool check_dead_halt(struct vcpu *vcpu)
{
	take_registers(vcpu);
	if (vcpu->has_registers && !(vcpu->regs.rflags & RFLAGS_IF))
		control_end(&vcpu->machine->control, END_HALTED, STATUS_OK,
			    "the guest halted with interrupts off at 0x%llx",
			    (unsigned long long)vcpu->regs.rip);
	vcpu->has_registers = false;
	return vcpu->machine->control.end.reason != END_NONE;
}

/*
 * With interrupts on, a halted CPU waits for the timer; without one, only the
 * end of the run ends that.
 */
static void handle_halt(struct vcpu *vcpu)
{
	struct control *control = &vcpu->machine->control;

	if (check_dead_halt(vcpu))
		return;
	while (control->end.reason == END_NONE && !vcpu->tick.due)
		pthread_cond_wait(&control->changed, &control->lock);
}

static void handle_shutdown(struct vcpu *vcpu)
{
	take_registers(vcpu);
	control_end(&vcpu->machine->control, END_TRIPLE_FAULT, STATUS_STOPPED,
		    "the guest crashed: a triple fault at 0x%llx (an exception that it could not "
		    "even report to itself)",
		    (unsigned long long)vcpu->regs.rip);
}

static void handle_internal_error(struct vcpu *vcpu)
{
	struct ringlet_stop_reason reason;
	struct kvm_run *run = vcpu->vm->run;

	take_registers(vcpu);
	if (vm_stop_reason(vcpu->vm, &reason))
		control_end(&vcpu->machine->control, END_STOPPED, STATUS_STOPPED,
			    "the guest cannot go on: %s", reason.text);
	else
		control_end(&vcpu->machine->control, END_STOPPED, STATUS_STOPPED,
			    "%s cannot run the guest's code at 0x%llx (internal error %u)",
			    vcpu->vm->device_name, (unsigned long long)vcpu->regs.rip,
			    run->internal.suberror);
}

static void handle_fail_entry(struct vcpu *vcpu)
{
	take_registers(vcpu);
	control_end(&vcpu->machine->control, END_STOPPED, STATUS_STOPPED,
		    "%s could not enter the guest (hardware reason 0x%llx)", vcpu->vm->device_name,
		    (unsigned long long)vcpu->vm->run->fail_entry.hardware_entry_failure_reason);
}

/* The interrupt that asked for the window is given before the next entry. */
static void handle_irq_window(struct vcpu *vcpu)
{
	vcpu->vm->run->request_interrupt_window = 0;
}

static void handle_nothing(struct vcpu *vcpu)
{
	(void)vcpu;
}

static const struct {
	const char *name;
	void (*handle)(struct vcpu *vcpu);
} exit_handlers[EXIT_REASONS] = {
	[KVM_EXIT_UNKNOWN] = { "unknown", NULL },
	[KVM_EXIT_EXCEPTION] = { "exception", NULL },
	[KVM_EXIT_IO] = { "port access", handle_io },
	[KVM_EXIT_DEBUG] = { "debug", NULL },
	[KVM_EXIT_HLT] = { "halt", handle_halt },
	[KVM_EXIT_MMIO] = { "device memory access", handle_mmio },
	[KVM_EXIT_IRQ_WINDOW_OPEN] = { "interrupt window", handle_irq_window },
	[KVM_EXIT_SHUTDOWN] = { "triple fault", handle_shutdown },
	[KVM_EXIT_FAIL_ENTRY] = { "failed entry", handle_fail_entry },
	[KVM_EXIT_INTR] = { "signal", handle_nothing },
	[KVM_EXIT_INTERNAL_ERROR] = { "internal error", handle_internal_error },
	[KVM_EXIT_SYSTEM_EVENT] = { "system event", NULL },
};

const char *exit_reason_name(unsigned int reason)
{
	return reason < EXIT_REASONS ? exit_handlers[reason].name : NULL;
}

static void handle_exit(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->vm->run->exit_reason;

	vcpu->exits[reason < EXIT_REASONS ? reason : EXIT_REASONS - 1]++;
	if (reason < EXIT_REASONS && exit_handlers[reason].handle) {
		exit_handlers[reason].handle(vcpu);
		return;
	}
	take_registers(vcpu);
	control_end(&vcpu->machine->control, END_STOPPED, STATUS_STOPPED,
		    "%s returned for a reason that this tool does not know (%u)",
		    vcpu->vm->device_name, reason);
}

static void handle_run_error(struct vcpu *vcpu, int error)
{
	struct message sentence;

	if (error == EINTR || error == EAGAIN) {
		vcpu->interrupted++;
		vcpu->vm->run->immediate_exit = 0;
		if (tick_watch(&vcpu->tick, vcpu->vm, &vcpu->machine->memory, &sentence))
			complain("%s", sentence.text);
		if (vcpu->vm->has_irqchip && vm_is_halted(vcpu->vm))
			check_dead_halt(vcpu);
		return;
	}
	/* That memory is short has nothing to do with what the guest does. */
	if (error != ENOMEM)
		take_registers(vcpu);
	vm_explain_run_error(vcpu->vm, error, &sentence);
	control_end(&vcpu->machine->control, END_STOPPED, STATUS_STOPPED, "%s", sentence.text);
}

static void *vcpu_thread(void *context)
{
	struct vcpu *vcpu = context;
	struct control *control = &vcpu->machine->control;
	sigset_t kicks;

	sigemptyset(&kicks);
	sigaddset(&kicks, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kicks, NULL);

	pthread_mutex_lock(&control->lock);
	while (control->end.reason == END_NONE) {
		int error;

		tick_before_run(&vcpu->tick, vcpu->vm);
		pthread_mutex_unlock(&control->lock);
		error = vm_run(vcpu->vm);
		pthread_mutex_lock(&control->lock);
		if (error)
			handle_run_error(vcpu, error);
		else
			handle_exit(vcpu);
	}
	pthread_mutex_unlock(&control->lock);
	return NULL;
}

bool vcpu_start(struct vcpu *vcpu, struct vm *vm, struct machine *machine, struct message *error)
{
	struct sigaction action;
	int code;

	*vcpu = (struct vcpu){ .tick.rate = vcpu->tick.rate };
	vcpu->vm = vm;
	vcpu->machine = machine;
	kicked_run = vm->run;
	memset(&action, 0, sizeof(action));
	action.sa_handler = kick;
	sigaction(KICK_SIGNAL, &action, NULL);
	code = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
	if (code)
		return refuse(error, "cannot start a thread: %s", strerror(code));
	return true;
}

void vcpu_tick(struct vcpu *vcpu)
{
	vcpu->tick.due = true;
	pthread_cond_broadcast(&vcpu->machine->control.changed);
	pthread_kill(vcpu->thread, KICK_SIGNAL);
}

void vcpu_kick(struct vcpu *vcpu)
{
	pthread_kill(vcpu->thread, KICK_SIGNAL);
}

/* A kick can be consumed before KVM_RUN: the loop then finds the end by itself. */
bool vcpu_stop(struct vcpu *vcpu)
{
	const struct timespec interval = { .tv_nsec = KICK_INTERVAL_MS * 1000000L };

	for (int i = 0; i < KICKS_MAX; i++) {
		/* With signal 0 this asks whether the thread still exists. */
		if (pthread_kill(vcpu->thread, KICK_SIGNAL))
			break;
		if (pthread_tryjoin_np(vcpu->thread, NULL) == 0)
			return true;
		nanosleep(&interval, NULL);
	}
	return pthread_tryjoin_np(vcpu->thread, NULL) == 0;
}

static void print_segment(const char *name, const struct kvm_segment *segment)
{
	fprintf(stderr, "%s %04x base %08llx limit %08x type %x dpl %u%s\n", name,
		segment->selector, (unsigned long long)segment->base, segment->limit, segment->type,
		segment->dpl, segment->unusable ? " unusable" : "");
}

void vcpu_print_registers(const struct vcpu *vcpu)
{
	const struct kvm_regs *regs = &vcpu->regs;
	const struct kvm_sregs *sregs = &vcpu->sregs;

	if (!vcpu->has_registers)
		return;
	fprintf(stderr, "eax %08x ebx %08x ecx %08x edx %08x\n", (uint32_t)regs->rax,
		(uint32_t)regs->rbx, (uint32_t)regs->rcx, (uint32_t)regs->rdx);
	fprintf(stderr, "esi %08x edi %08x ebp %08x esp %08x\n", (uint32_t)regs->rsi,
		(uint32_t)regs->rdi, (uint32_t)regs->rbp, (uint32_t)regs->rsp);
	fprintf(stderr, "eip %08x eflags %08x\n", (uint32_t)regs->rip, (uint32_t)regs->rflags);
	fprintf(stderr, "cr0 %08x cr2 %08x cr3 %08x cr4 %08x\n", (uint32_t)sregs->cr0,
		(uint32_t)sregs->cr2, (uint32_t)sregs->cr3, (uint32_t)sregs->cr4);
	print_segment("cs", &sregs->cs);
	print_segment("ss", &sregs->ss);
	print_segment("ds", &sregs->ds);
	print_segment("es", &sregs->es);
	print_segment("fs", &sregs->fs);
	print_segment("gs", &sregs->gs);
	print_segment("tr", &sregs->tr);
	fprintf(stderr, "gdt %08llx+%04x idt %08llx+%04x\n", (unsigned long long)sregs->gdt.base,
		sregs->gdt.limit, (unsigned long long)sregs->idt.base, sregs->idt.limit);
}
