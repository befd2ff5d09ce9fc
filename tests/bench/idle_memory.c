// SPDX-License-Identifier: GPL-2.0-only
/*
 * What idle machines cost in kernel memory: many VMs with 64 MiB of untouched
 * memory each are made, without and with a vCPU, and the host's free memory is
 * compared. Prints "figure NAME KIB" lines; runs in the disposable host.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/ringlet.h>

#define MACHINES    100
#define GUEST_BYTES (64UL << 20)

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static long free_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	if (!file)
		fail("/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemFree: %ld", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

static int make_vm(int device, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = GUEST_BYTES,
		.userspace_addr = (unsigned long)memory,
	};
	int vm = ioctl(device, KVM_CREATE_VM, 0);

	if (vm < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		fail("making a VM");
	return vm;
}

int main(void)
{
	int device = open("/dev/ringlet", O_RDWR);
	struct ringlet_statistics statistics;
	long start, with_vms, with_vcpus;
	int vms[MACHINES], vcpu = -1, i;
	void *memory;

	if (device < 0)
		fail("/dev/ringlet");
	memory =
		mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	start = free_kib();
	for (i = 0; i < MACHINES; i++)
		vms[i] = make_vm(device, memory);
	with_vms = free_kib();
	for (i = 0; i < MACHINES; i++) {
		vcpu = ioctl(vms[i], KVM_CREATE_VCPU, 0);
		if (vcpu < 0)
			fail("making a vCPU");
	}
	with_vcpus = free_kib();
	if (ioctl(vcpu, RINGLET_GET_STATISTICS, &statistics))
		fail("RINGLET_GET_STATISTICS");
	printf("figure vm %.1f\n", (double)(start - with_vms) / MACHINES);
	printf("figure vcpu %.1f\n", (double)(with_vms - with_vcpus) / MACHINES);
	printf("figure counted %.1f\n", (double)statistics.module_bytes / 1024);
	return 0;
}
