// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine that is saved at an awkward moment, and goes on as another one: an
 * interrupt is on its way, or asked for, or in STI's shadow, or the vCPU sleeps.
 * Only what KVM's structures hold comes over, in the order in which QEMU asks for it.
 * Interrupt controllers are in the kernel, or the local APIC alone.
 */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "selftest.h"

#define BASE		  0xfee00000U
#define VECTOR		  0x60
#define NMI		  0x400 /* the data of messages */
#define INIT		  0x500
#define HANDLER_OFFSET	  128
#define NMI_OFFSET	  160
#define HOLE		  0xf0000000U /* there is no memory */
#define SAID_VECTOR	  0x10
#define SAID_NMI	  0x11
#define SAID_HERE	  0x12

#define REG_ISR		  0x100
#define REG_IRR		  0x200
#define REG_INITIAL_COUNT 0x380
#define REG_CURRENT_COUNT 0x390

#define ENABLE		  "9: mov $0xfee00000, %ebx\n movl $0x1ff, 0xf0(%ebx)\n"
#define WITH_HANDLERS                                                      \
	"\n .skip 128 - (. - 9b)\n movl $0, 0xb0(%ebx)\n out %al, $0x10\n" \
	" iret\n .skip 160 - (. - 9b)\n out %al, $0x11\n iret"

GUEST_CODE(busy, ENABLE " sti\n7: out %al, $0x12\n jmp 7b" WITH_HANDLERS);
GUEST_CODE(deaf, ENABLE " out %al, $0x12\n sti\n nop\n7: out %al, $0x12\n jmp 7b" WITH_HANDLERS);
GUEST_CODE(shadow, ENABLE " out %al, $0x12\n sti\n out %al, $0x12\n7: jmp 7b" WITH_HANDLERS);
GUEST_CODE(sleeper, ENABLE " sti\n7: hlt\n out %al, $0x12\n jmp 7b" WITH_HANDLERS);
/* The timer takes 128 ns for each count: minutes. */
GUEST_CODE(timer, ENABLE " movl $0xa, 0x3e0(%ebx)\n movl $0x60, 0x320(%ebx)\n"
			 " movl $0xffffffff, 0x380(%ebx)\n sti\n7: hlt\n"
			 " out %al, $0x12\n jmp 7b" WITH_HANDLERS);

static struct machine machine;
static uint32_t engine;
static bool split;

static void prepare(struct machine *of)
{
	struct kvm_enable_cap capability = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };

	if (ioctl(of->vm, RINGLET_SET_ENGINE, engine) ||
	    (split ? ioctl(of->vm, KVM_ENABLE_CAP, &capability)
		   : ioctl(of->vm, KVM_CREATE_IRQCHIP, 0)))
		bail_out("making the interrupt controllers");
}

static void boot(const char *code, const char *end)
{
	machine_create_with(&machine, MACHINE_MEMORY, prepare);
	machine_boot(&machine, code, end);
	machine_set_gate(&machine, VECTOR, MACHINE_CODE + HANDLER_OFFSET);
	machine_set_gate(&machine, 2, MACHINE_CODE + NMI_OFFSET);
}
#define BOOT(name) boot(guest_##name, guest_##name##_end)

/* ---- saving --------------------------------------------------------------- */

/* All of a vCPU, and the chips. */
static struct {
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_lapic_state lapic;
	struct kvm_irqchip chips[3];
} saved;

static void vcpu_ioctl(unsigned long request, void *argument, const char *name)
{
	if (ioctl(machine.vcpu, request, argument))
		bail_out("%s", name);
}
#define VCPU_IOCTL(request, argument) vcpu_ioctl(request, argument, #request)

static void chips(unsigned long request)
{
	for (unsigned int i = 0; i < 3 && !split; i++) {
		saved.chips[i].chip_id = i;
		if (ioctl(machine.vm, request, &saved.chips[i]))
			bail_out("a chip's state");
	}
}

/* As QEMU does: what waits for the client's answer is ended first. */
static void save(void)
{
	memset(&saved, 0, sizeof(saved));
	machine.run->immediate_exit = 1;
	machine_run_once(&machine);
	machine.run->immediate_exit = 0;
	VCPU_IOCTL(KVM_GET_VCPU_EVENTS, &saved.events);
	VCPU_IOCTL(KVM_GET_MP_STATE, &saved.mp_state);
	VCPU_IOCTL(KVM_GET_REGS, &saved.regs);
	VCPU_IOCTL(KVM_GET_SREGS, &saved.sregs);
	VCPU_IOCTL(KVM_GET_LAPIC, &saved.lapic);
	chips(KVM_GET_IRQCHIP);
}

static void restore(void)
{
	struct machine old = machine;

	/* Its code does not matter: all of its memory comes over. */
	BOOT(busy);
	memcpy(machine.memory, old.memory, MACHINE_MEMORY);
	machine_destroy(&old);
	chips(KVM_SET_IRQCHIP);
	VCPU_IOCTL(KVM_SET_SREGS, &saved.sregs);
	VCPU_IOCTL(KVM_SET_REGS, &saved.regs);
	VCPU_IOCTL(KVM_SET_LAPIC, &saved.lapic);
	VCPU_IOCTL(KVM_SET_VCPU_EVENTS, &saved.events);
	VCPU_IOCTL(KVM_SET_MP_STATE, &saved.mp_state);
}

static uint32_t lapic_register(unsigned int offset)
{
	uint32_t value;

	memcpy(&value, saved.lapic.regs + offset, sizeof(value));
	return value;
}

static bool has_vector(unsigned int set)
{
	return lapic_register(set + VECTOR / 32 * 16) & 1u << VECTOR % 32;
}

/* ---- running -------------------------------------------------------------- */

static bool message(uint32_t data)
{
	struct kvm_msi msi = { .address_lo = BASE, .data = data };

	return ioctl(machine.vm, KVM_SIGNAL_MSI, &msi) == 1;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* However long the guest takes to get there. */
static void run_until_halted(void)
{
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };
	struct kvm_mp_state state = {};

	setitimer(ITIMER_REAL, &timer, NULL);
	for (unsigned int i = 0; i < 1000 && state.mp_state != KVM_MP_STATE_HALTED; i++) {
		if (machine_run_once(&machine) != -EINTR)
			break;
		VCPU_IOCTL(KVM_GET_MP_STATE, &state);
	}
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	check(state.mp_state == KVM_MP_STATE_HALTED, "the vCPU sleeps");
}

/* ---- moments -------------------------------------------------------------- */

/* The table of gates is a device, which is slow to answer. */
static bool expect_gate(const char *what)
{
	struct kvm_run *run = machine.run;
	int error = machine_run(&machine);

	if (!check(!error && run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write &&
			   run->mmio.phys_addr == HOLE + VECTOR * 8,
		   "%s", what)) {
		machine_explain(&machine);
		return false;
	}
	memcpy(run->mmio.data, machine.memory + MACHINE_IDT + run->mmio.phys_addr - HOLE,
	       run->mmio.len);
	return true;
}

static void test_on_its_way(void)
{
	BOOT(busy);
	VCPU_IOCTL(KVM_GET_SREGS, &saved.sregs);
	saved.sregs.idt.base = HOLE;
	VCPU_IOCTL(KVM_SET_SREGS, &saved.sregs);
	machine_expect_port(&machine, SAID_HERE, "the guest runs");
	check(message(VECTOR), "an interrupt");
	if (!expect_gate("its gate is asked for"))
		return;
	/* Not the answer's end, but the question's: the frame is not written. */
	VCPU_IOCTL(KVM_GET_VCPU_EVENTS, &saved.events);
	VCPU_IOCTL(KVM_GET_LAPIC, &saved.lapic);
	check(saved.events.interrupt.injected && saved.events.interrupt.nr == VECTOR &&
		      has_vector(REG_ISR) && !has_vector(REG_IRR),
	      "it is on its way, and in service");
	save();
	restore();
	if (saved.events.interrupt.injected)
		expect_gate("and is in the other machine");
	/* The other half of the gate may be asked for too. */
	for (unsigned int i = 0; i < 4; i++) {
		if (machine_run(&machine) || machine.run->exit_reason == KVM_EXIT_IO)
			break;
	}
	check(machine.run->exit_reason == KVM_EXIT_IO && machine.run->io.port == SAID_VECTOR,
	      "it is handled");
	machine_expect_port(&machine, SAID_HERE, "once");
	machine_destroy(&machine);
}

static void test_requested(void)
{
	BOOT(deaf);
	machine_expect_port(&machine, SAID_HERE, "interrupts are off");
	check(message(VECTOR), "one is asked for");
	save();
	check(!saved.events.interrupt.injected && has_vector(REG_IRR), "and stays so");
	restore();
	machine_expect_port(&machine, SAID_VECTOR, "it comes when they are on");
	machine_expect_port(&machine, SAID_HERE, "once");
	machine_destroy(&machine);
}

static void test_shadow(void)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };

	BOOT(shadow);
	machine_expect_port(&machine, SAID_HERE, "before STI");
	check(message(VECTOR), "one is asked for");
	save();
	VCPU_IOCTL(KVM_SET_GUEST_DEBUG, &debug);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_DEBUG, "a step");
	debug.control = 0;
	VCPU_IOCTL(KVM_SET_GUEST_DEBUG, &debug);
	save();
	check(saved.events.interrupt.shadow == KVM_X86_SHADOW_INT_STI, "into its shadow");
	restore();
	machine_expect_port(&machine, SAID_HERE, "one instruction more");
	machine_expect_port(&machine, SAID_VECTOR, "before it comes");
	machine_destroy(&machine);
}

static void test_messages(void)
{
	BOOT(busy);
	machine_expect_port(&machine, SAID_HERE, "the guest runs");
	check(message(NMI), "an NMI by message");
	VCPU_IOCTL(KVM_GET_VCPU_EVENTS, &saved.events);
	check(saved.events.nmi.pending == 1, "is the vCPU's");
	save();
	restore();
	machine_expect_port(&machine, SAID_NMI, "it comes");
	machine_expect_port(&machine, SAID_HERE, "once");

	check(message(INIT), "INIT by message");
	VCPU_IOCTL(KVM_GET_MP_STATE, &saved.mp_state);
	VCPU_IOCTL(KVM_GET_REGS, &saved.regs);
	check(saved.regs.rip == 0xfff0, "is done");
	save();
	restore();
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_MMIO &&
		      machine.run->mmio.phys_addr == 0xfffffff0,
	      "and the other begins anew");
	machine_destroy(&machine);
}

static void test_sleep(void)
{
	BOOT(sleeper);
	run_until_halted();
	save();
	restore();
	save();
	check(saved.mp_state.mp_state == KVM_MP_STATE_HALTED, "it sleeps on");
	check(message(VECTOR), "an interrupt");
	machine_expect_port(&machine, SAID_VECTOR, "wakes it");
	machine_expect_port(&machine, SAID_HERE, "behind its HLT");
	run_until_halted();
	check(message(VECTOR), "asked for while nobody runs it");
	save();
	check(saved.mp_state.mp_state == KVM_MP_STATE_HALTED && has_vector(REG_IRR),
	      "the sleep is not over yet");
	restore();
	machine_expect_port(&machine, SAID_VECTOR, "but is then");
	machine_destroy(&machine);

	BOOT(timer);
	run_until_halted();
	save();
	check(lapic_register(REG_INITIAL_COUNT) == 0xffffffff &&
		      lapic_register(REG_CURRENT_COUNT) > 0x80000000 &&
		      lapic_register(REG_CURRENT_COUNT) < 0xffffffff,
	      "its timer has counted a little");
	/* Else it would take minutes. */
	memset(saved.lapic.regs + REG_CURRENT_COUNT, 0, 4);
	saved.lapic.regs[REG_CURRENT_COUNT] = 200;
	restore();
	machine_expect_port(&machine, SAID_VECTOR, "it goes on from the count that is left");
	machine_destroy(&machine);
}

/* What the client's PIC has given away is in no chip any more. */
static void test_external(void)
{
	struct kvm_interrupt interrupt = { .irq = VECTOR };

	BOOT(deaf);
	machine_expect_port(&machine, SAID_HERE, "interrupts are off");
	save();
	check_done(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt), "an interrupt of the PIC");
	VCPU_IOCTL(KVM_SET_VCPU_EVENTS, &saved.events);
	check_done(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt),
		   "earlier events take it away: another one");
	save();
	check(saved.events.interrupt.injected && saved.events.interrupt.nr == VECTOR &&
		      saved.sregs.interrupt_bitmap[VECTOR / 64] == 1ULL << VECTOR % 64,
	      "is shown");
	restore();
	machine_expect_port(&machine, SAID_VECTOR, "it comes when they are on");
	machine_expect_port(&machine, SAID_HERE, "once");
	machine_destroy(&machine);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	for (unsigned int i = 0; i < 4; i++) {
		engine = i & 1 ? RINGLET_ENGINE_INTERPRET : RINGLET_ENGINE_TRAP;
		split = i & 2;
		note("engine %u, %s", engine, split ? "split" : "all chips in the kernel");
		test_on_its_way();
		test_requested();
		test_shadow();
		test_messages();
		test_sleep();
		if (split)
			test_external();
	}
	return finish();
}
