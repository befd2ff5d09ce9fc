// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC in the kernel and all other chips in the client: what of the
 * interface is there then, the PIC's interrupts by KVM_INTERRUPT, messages, and
 * the ends of interrupts that an I/O APIC wants to hear of.
 */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "selftest.h"

#define HANDLER_OFFSET 128
#define BASE	       0xfee00000U
#define VECTOR	       0x60
#define LATER	       0x70

#define ENABLE	       "9: mov $0xfee00000, %ebx\n movl $0x1ff, 0xf0(%ebx)\n"
#define WITH_HANDLER   "\n .skip 128 - (. - 9b)\n movl $0, 0xb0(%ebx)\n out %al, $0x10\n iret"

GUEST_CODE(sleeper, ENABLE " sti\n7: hlt\n jmp 7b" WITH_HANDLER);
GUEST_CODE(spinner, ENABLE " sti\n7: jmp 7b" WITH_HANDLER);
/* Interrupts of the PIC are shut out for a while, and then let through. */
GUEST_CODE(late, ENABLE " movl $0x10700, 0x350(%ebx)\n sti\n out %al, $0x11\n nop\n nop\n"
			" cli\n out %al, $0x12\n movl $0x700, 0x350(%ebx)\n nop\n sti\n"
			"7: hlt\n jmp 7b" WITH_HANDLER);
/*
 * An interrupt during the service of another, with a stack that lies on the
 * register that ends it: that of the new one ends as its frame is written, the
 * other's by the first instruction of its handler.
 */
#define LATER_OFFSET 192
GUEST_CODE(twice, ENABLE " sti\n7: jmp 7b\n .skip 128 - (. - 9b)\n mov $0xfee000b4, %esp\n"
			 " sti\n8: jmp 8b\n .skip 192 - (. - 9b)\n movl $0, 0xb0(%ebx)\n"
			 " out %al, $0x11\n6: jmp 6b");
GUEST_CODE(ports,
	   ENABLE " in $0x21, %al\n in $0x40, %al\n mov 0xfec00000, %eax\n hlt" WITH_HANDLER);

static struct machine machine;
static uint32_t engine;

static int enable(int vm, uint64_t pins)
{
	struct kvm_enable_cap capability = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { pins } };

	return ioctl(vm, KVM_ENABLE_CAP, &capability);
}

static void prepare(struct machine *of)
{
	if (ioctl(of->vm, RINGLET_SET_ENGINE, engine) || enable(of->vm, 24))
		bail_out("KVM_CAP_SPLIT_IRQCHIP");
}

static void boot(const char *code, const char *end)
{
	machine_create_with(&machine, MACHINE_MEMORY, prepare);
	machine_boot(&machine, code, end);
	machine_set_gate(&machine, VECTOR, MACHINE_CODE + HANDLER_OFFSET);
}
#define BOOT(name) boot(guest_##name, guest_##name##_end)

static void on_alarm(int signal)
{
	(void)signal;
}

/* A signal that ends KVM_RUN after a while, again and again. */
static void alarm_after(unsigned int milliseconds)
{
	struct itimerval timer = {
		.it_value = { 0, milliseconds * 1000 },
		.it_interval = { 0, milliseconds ? 50000 : 0 },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void expect_sleep(const char *what)
{
	alarm_after(200);
	check_error(machine_run_once(&machine) ? (errno = EINTR, -1) : 0, EINTR, "%s", what);
	alarm_after(0);
}

static int interrupt(unsigned int vector)
{
	struct kvm_interrupt interrupt = { .irq = vector };

	return ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt);
}

static int message(uint32_t data)
{
	struct kvm_msi msi = { .address_lo = BASE, .data = data };

	return ioctl(machine.vm, KVM_SIGNAL_MSI, &msi);
}

/* ---- ioctls --------------------------------------------------------------- */

static void test_ioctls(void)
{
	struct kvm_enable_cap capability = { .cap = KVM_CAP_SPLIT_IRQCHIP, .flags = 1 };
	struct kvm_irq_level line = { .irq = 3, .level = 1 };
	struct {
		struct kvm_irq_routing header;
		struct kvm_irq_routing_entry entry;
	} routing = { .header.nr = 1, .entry.type = KVM_IRQ_ROUTING_IRQCHIP };
	struct kvm_pit_config config = {};
	struct kvm_irqchip chip = {};
	struct kvm_lapic_state state;
	int device, vm, vcpu;

	machine_create(&machine, MACHINE_MEMORY);
	device = machine.device;
	check_error(enable(machine.vm, 24), EEXIST, "after the vCPU");
	vm = ioctl(device, KVM_CREATE_VM, 0);
	check_error(ioctl(vm, KVM_ENABLE_CAP, &capability), EINVAL, "with a flag");
	check_error(enable(vm, 4097), EINVAL, "too many pins");
	check_done(enable(vm, 4096), "as many as there may be");
	check_error(enable(vm, 24), EEXIST, "once more");
	check_error(ioctl(vm, KVM_CREATE_IRQCHIP, 0), EEXIST, "KVM_CREATE_IRQCHIP");
	check_error(ioctl(vm, KVM_CREATE_PIT2, &config), ENOENT, "KVM_CREATE_PIT2");
	check_error(ioctl(vm, KVM_GET_IRQCHIP, &chip), ENXIO, "KVM_GET_IRQCHIP");
	check_error(ioctl(vm, KVM_SET_IRQCHIP, &chip), ENXIO, "KVM_SET_IRQCHIP");
	check(!ioctl(vm, KVM_IRQ_LINE_STATUS, &line) && line.status == -1, "no GSI leads anywhere");
	check_error(ioctl(vm, KVM_SET_GSI_ROUTING, &routing), EINVAL, "a pin that is not here");
	routing.entry.type = KVM_IRQ_ROUTING_MSI;
	check_done(ioctl(vm, KVM_SET_GSI_ROUTING, &routing), "a message");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check_done(ioctl(vcpu, KVM_GET_LAPIC, &state), "KVM_GET_LAPIC");
	close(vcpu);
	close(vm);

	vm = ioctl(device, KVM_CREATE_VM, 0);
	check_done(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	check_error(enable(vm, 24), EEXIST, "after it");
	close(vm);
	machine_destroy(&machine);
}

/* ---- guests --------------------------------------------------------------- */

static void test_pic(void)
{
	struct kvm_run *run;

	BOOT(sleeper);
	run = machine.run;
	expect_sleep("HLT sleeps in the kernel");
	check(run->ready_for_interrupt_injection == 1 && run->if_flag, "ready for an interrupt");
	check_error(interrupt(256), EINVAL, "no such vector");
	check_done(interrupt(VECTOR), "KVM_INTERRUPT");
	check_error(interrupt(VECTOR), EEXIST, "a second one before it was taken");
	machine_expect_port(&machine, 0x10, "is taken");
	/* The handler is at its end: before that it could take none. */
	run->request_interrupt_window = 1;
	check(!machine_run(&machine) && run->exit_reason == KVM_EXIT_IRQ_WINDOW_OPEN,
	      "the window opens");
	check_done(interrupt(VECTOR), "KVM_INTERRUPT");
	run->request_interrupt_window = 0;
	machine_expect_port(&machine, 0x10, "is taken");
	machine_destroy(&machine);

	BOOT(late);
	run = machine.run;
	run->request_interrupt_window = 1;
	machine_expect_port(&machine, 0x11, "LINT0 masked: no window opens");
	check(!run->ready_for_interrupt_injection, "nor is it ready");
	check_done(interrupt(VECTOR), "KVM_INTERRUPT all the same");
	machine_expect_port(&machine, 0x12, "waits");
	run->request_interrupt_window = 0;
	machine_expect_port(&machine, 0x10, "until LINT0 is open");
	machine_destroy(&machine);

	BOOT(ports);
	machine_expect_port(&machine, 0x21, "the PIC is the client's");
	machine_expect_port(&machine, 0x40, "the PIT is, too");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_MMIO &&
		      machine.run->mmio.phys_addr == 0xfec00000,
	      "and the I/O APIC");
	machine_destroy(&machine);
}

static void test_messages(void)
{
	struct {
		struct kvm_irq_routing header;
		struct kvm_irq_routing_entry entry;
	} routing = {
		.header.nr = 1,
		.entry = { .gsi = 11,
			   .type = KVM_IRQ_ROUTING_MSI,
			   .u.msi = { .address_lo = BASE, .data = 0x8000 | VECTOR } },
	};
	struct kvm_irq_level line = { .irq = 11, .level = 1 };

	BOOT(spinner);
	expect_sleep("a loop");
	check(message(VECTOR) == 1, "an edge");
	machine_expect_port(&machine, 0x10, "nobody hears of its end");
	check_done(ioctl(machine.vm, KVM_SET_GSI_ROUTING, &routing), "a pin of the client's");
	check(!ioctl(machine.vm, KVM_IRQ_LINE_STATUS, &line) && line.status == 1, "a level");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IOAPIC_EOI &&
		      machine.run->eoi.vector == VECTOR,
	      "the client hears of its end");
	machine_expect_port(&machine, 0x10, "and the guest goes on");
	machine_destroy(&machine);
}

static bool expect_end(unsigned int vector, const char *what)
{
	int error = machine_run(&machine);

	if (check(!error && machine.run->exit_reason == KVM_EXIT_IOAPIC_EOI &&
			  machine.run->eoi.vector == vector,
		  "%s", what))
		return true;
	machine_explain(&machine);
	return false;
}

static void test_two_ends(void)
{
	BOOT(twice);
	machine_set_gate(&machine, LATER, MACHINE_CODE + LATER_OFFSET);
	expect_sleep("a loop");
	check(message(0x8000 | VECTOR) == 1, "a level");
	expect_sleep("is served");
	check(message(0x8000 | LATER) == 1, "another of a higher priority");
	expect_end(LATER, "its own end");
	expect_end(VECTOR, "and that of the first, each by an exit");
	machine_expect_port(&machine, 0x11, "and the guest goes on");
	machine_destroy(&machine);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	test_ioctls();
	for (engine = RINGLET_ENGINE_TRAP; engine <= RINGLET_ENGINE_INTERPRET; engine++) {
		note("engine %u", engine);
		test_pic();
		test_messages();
		test_two_ends();
	}
	return finish();
}
