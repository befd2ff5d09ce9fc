// SPDX-License-Identifier: GPL-2.0-only
/* VMs with interrupt controllers, and eventfds, for selftests. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "chips.h"

int new_vm(void)
{
	int device = open(DEVICE, O_RDWR | O_CLOEXEC);
	int vm;

	if (device < 0)
		bail_out("opening " DEVICE);
	vm = ioctl(device, KVM_CREATE_VM, 0);
	if (vm < 0)
		bail_out("KVM_CREATE_VM");
	close(device);
	return vm;
}

int new_vm_with_irqchip(void)
{
	int vm = new_vm();

	make_irqchip(vm);
	return vm;
}

void make_irqchip(int vm)
{
	if (ioctl(vm, KVM_CREATE_IRQCHIP, 0))
		bail_out("KVM_CREATE_IRQCHIP");
}

void make_chips(int vm)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	make_irqchip(vm);
	if (ioctl(vm, KVM_CREATE_PIT2, &config))
		bail_out("KVM_CREATE_PIT2");
}

void machine_make_irqchip(struct machine *machine)
{
	make_irqchip(machine->vm);
}

int new_eventfd(void)
{
	int file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (file < 0)
		bail_out("eventfd");
	return file;
}

unsigned int eventfd_count(int file)
{
	uint64_t count = 0;

	return read(file, &count, sizeof(count)) == sizeof(count) ? count : 0;
}
