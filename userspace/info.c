// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ringlet info`: the host, then the device. Called by main().
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "info.h"
#include "vm.h"

static const struct {
	unsigned int number;
	const char *name;
} capabilities[] = {
	{ KVM_CAP_USER_MEMORY, "USER_MEMORY" },
	{ KVM_CAP_NR_MEMSLOTS, "NR_MEMSLOTS" },
	{ KVM_CAP_NR_VCPUS, "NR_VCPUS" },
	{ KVM_CAP_MAX_VCPUS, "MAX_VCPUS" },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, "DESTROY_MEMORY_REGION_WORKS" },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, "JOIN_MEMORY_REGIONS_WORKS" },
	{ KVM_CAP_READONLY_MEM, "READONLY_MEM" },
	{ KVM_CAP_SYNC_MMU, "SYNC_MMU" },
	{ KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT" },
	{ KVM_CAP_INTERNAL_ERROR_DATA, "INTERNAL_ERROR_DATA" },
	{ KVM_CAP_EXT_CPUID, "EXT_CPUID" },
	{ KVM_CAP_SET_TSS_ADDR, "SET_TSS_ADDR" },
	{ KVM_CAP_MP_STATE, "MP_STATE" },
	{ KVM_CAP_VCPU_EVENTS, "VCPU_EVENTS" },
	{ KVM_CAP_DEBUGREGS, "DEBUGREGS" },
	{ KVM_CAP_XSAVE, "XSAVE" },
	{ KVM_CAP_SET_GUEST_DEBUG, "SET_GUEST_DEBUG" },
	{ KVM_CAP_IRQCHIP, "IRQCHIP" },
	{ KVM_CAP_IRQ_ROUTING, "IRQ_ROUTING" },
	{ KVM_CAP_PIT2, "PIT2" },
	{ KVM_CAP_IRQFD, "IRQFD" },
	{ KVM_CAP_IOEVENTFD, "IOEVENTFD" },
};

static const struct {
	int engine;
	const char *name;
	const char *meaning;
} engines[] = {
	{ RINGLET_ENGINE_TRAP, "trap",
	  "guest ring 0 runs in ring 1; privileged instructions trap" },
	{ RINGLET_ENGINE_INTERPRET, "interpret",
	  "guest ring 0 is emulated, instruction by instruction" },
	{ RINGLET_ENGINE_TRANSLATE, "translate", "guest ring 0 runs from a translation cache" },
	{ RINGLET_ENGINE_PV, "pv", "the guest asks by hypercall" },
};

/* Only the module knows: ask it to use each, on a VM that never runs. */
static void print_engines(const struct vm *vm)
{
	int fd = ioctl(vm->device, KVM_CREATE_VM, 0);

	if (fd < 0) {
		puts("engines        cannot tell: no VM can be made");
		return;
	}
	puts("engines");
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		bool present = !ioctl(fd, RINGLET_SET_ENGINE, (unsigned long)engines[i].engine);

		printf("  %-14s %s\n", engines[i].name,
		       present ? engines[i].meaning : "not in this module");
	}
	close(fd);
}

static void print_device(const struct vm *vm)
{
	if (vm->interface)
		printf("interface      KVM %d, ringlet %d\n", KVM_API_VERSION, vm->interface);
	else
		printf("interface      KVM %d (this is not ringlet's device)\n", KVM_API_VERSION);
	if (vm->interface)
		print_engines(vm);
	puts("capabilities");
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		int answer = vm_check_extension(vm, capabilities[i].number);

		if (answer)
			printf("  %-28s %d\n", capabilities[i].name, answer);
	}
}

int info(const char *device)
{
	struct message error;
	struct vm vm;
	bool usable;

	info_host();
	usable = vm_open(&vm, device, &error);
	putchar('\n');
	printf("device         %s\n", device);
	if (usable)
		print_device(&vm);
	else
		printf("not usable     %s\n", error.text);
	vm_close(&vm);
	/* A module that did load has decided: reasons that info_host() sees are then moot. */
	return usable ? 0 : 1;
}
