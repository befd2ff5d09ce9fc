// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt controllers and timer in the kernel: the client of
 * tests/guests/client_timer.c, on each engine. It moves a line when the guest
 * writes to port 0x500, and has no other device: an access to a port of PIC or
 * PIT that came here would be an exit that nobody expects.
 */
#include "image.h"

#define PORT_LINE 0x500
#define LINE_UP	  0x80

static uint32_t engine;

static void prepare(struct machine *machine)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	check_done(ioctl(machine->vm, RINGLET_SET_ENGINE, engine), "engine %u", engine);
	check_done(ioctl(machine->vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	check_done(ioctl(machine->vm, KVM_CREATE_PIT2, &config), "KVM_CREATE_PIT2");
}

static bool handle(struct machine *machine)
{
	struct kvm_run *run = machine->run;
	struct kvm_irq_level line;
	unsigned char command;

	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT_LINE ||
	    run->io.direction != KVM_EXIT_IO_OUT)
		return false;
	command = *((unsigned char *)run + run->io.data_offset);
	line = (struct kvm_irq_level){ .irq = command & 0x1f, .level = !!(command & LINE_UP) };
	return !ioctl(machine->vm, KVM_IRQ_LINE, &line);
}

static void run_on_engine(uint32_t which)
{
	struct ringlet_statistics statistics = {};
	struct machine machine;

	engine = which;
	image_boot_with(&machine, "client_timer", prepare);
	image_run(&machine, handle);
	ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &statistics);
	check(statistics.timer_ticks_given >= 300, "ticks given: %llu of %llu",
	      statistics.timer_ticks_given, statistics.timer_ticks);
	check(statistics.irqchip_interrupts >= statistics.injected_interrupts,
	      "each interrupt was acknowledged: %llu", statistics.irqchip_interrupts);
	check(statistics.irqchip_port_accesses > 1000, "ports answered in the kernel: %llu",
	      statistics.irqchip_port_accesses);
	check(statistics.halts > 0, "HLT slept %llu times", statistics.halts);
	machine_destroy(&machine);
}

int main(void)
{
	run_on_engine(RINGLET_ENGINE_TRAP);
	run_on_engine(RINGLET_ENGINE_INTERPRET);
	return finish();
}
