// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one write of a guest costs that ends KVM_RUN, rings an eventfd, or waits
 * in the ring of coalesced writes. Prints "figure ENGINE_NAME TICKS" lines; with
 * -icount a tick is an instruction. Runs in the disposable host.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <x86intrin.h>

#include "selftest.h"

#define WRITES 4000

/* The three instructions of a round count too, which is nothing beside it. */
GUEST_CODE(port, "mov $4000, %ecx\n1: out %al, $0x70\n dec %ecx\n jnz 1b\n hlt");
GUEST_CODE(memory, "mov $4000, %ecx\n1: mov %eax, 0xd0000000\n dec %ecx\n jnz 1b\n hlt");

static struct machine machine;

/* Ticks a write, until the guest halts. */
static unsigned long measure(bool port)
{
	struct kvm_coalesced_mmio_ring *ring = (void *)((char *)machine.run + 2 * 4096);
	unsigned long start;

	for (unsigned int round = 0;; round++) {
		if (port)
			MACHINE_BOOT(&machine, port);
		else
			MACHINE_BOOT(&machine, memory);
		start = __rdtsc();
		do {
			if (machine_run(&machine))
				bail_out("KVM_RUN");
			ring->first = ring->last;
		} while (machine.run->exit_reason == KVM_EXIT_IO ||
			 machine.run->exit_reason == KVM_EXIT_MMIO);
		/* The first time fills the caches of translations. */
		if (round)
			return (__rdtsc() - start) / WRITES;
	}
}

static void figure(const char *engine, const char *name, unsigned long value)
{
	printf("figure %s_%s %lu\n", engine, name, value);
}

static void bench(const char *engine, unsigned int number)
{
	struct kvm_coalesced_mmio_zone ports = { .addr = 0x70, .size = 1, .pio = 1 };
	struct kvm_coalesced_mmio_zone zone = { .addr = 0xd0000000, .size = 4096 };
	struct kvm_ioeventfd bell = {
		.addr = 0x70, .len = 1, .fd = eventfd(0, 0), .flags = KVM_IOEVENTFD_FLAG_PIO
	};

	machine_create(&machine, MACHINE_MEMORY);
	if (ioctl(machine.vm, RINGLET_SET_ENGINE, number))
		bail_out("RINGLET_SET_ENGINE");
	figure(engine, "port_exit", measure(true));
	figure(engine, "memory_exit", measure(false));
	if (ioctl(machine.vm, KVM_REGISTER_COALESCED_MMIO, &ports) ||
	    ioctl(machine.vm, KVM_REGISTER_COALESCED_MMIO, &zone))
		bail_out("KVM_REGISTER_COALESCED_MMIO");
	figure(engine, "port_coalesced", measure(true));
	figure(engine, "memory_coalesced", measure(false));
	if (ioctl(machine.vm, KVM_IOEVENTFD, &bell))
		bail_out("KVM_IOEVENTFD");
	figure(engine, "port_eventfd", measure(true));
	bell.addr = 0xd0000000;
	bell.len = 0;
	bell.flags = 0;
	if (ioctl(machine.vm, KVM_IOEVENTFD, &bell))
		bail_out("KVM_IOEVENTFD");
	figure(engine, "memory_eventfd", measure(false));
	machine_destroy(&machine);
	close(bell.fd);
}

int main(void)
{
	bench("trap", RINGLET_ENGINE_TRAP);
	bench("interpret", RINGLET_ENGINE_INTERPRET);
	return 0;
}
