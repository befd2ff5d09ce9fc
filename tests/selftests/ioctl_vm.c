// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a VM's file: memory slots, the one vCPU, and what x86 clients
 * of KVM ask for.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chips.h"

static int device;
static long page;
static char *memory;

#define MEMORY_PAGES 16

static int set_region(int vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t bytes,
		      uint64_t address)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = address,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void test_memory_regions(int vm)
{
	uint64_t address = (uintptr_t)memory;
	int slots = ioctl(device, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);

	check_done(set_region(vm, 0, 0, 0, 4 * page, address), "a slot at 0");
	check_done(set_region(vm, 1, KVM_MEM_READONLY, 0x100000, page, address),
		   "a read-only slot");
	check_done(set_region(vm, slots - 1, 0, 0x200000, page, address), "the last slot");
	check_error(set_region(vm, slots, 0, 0x300000, page, address), EINVAL,
		    "one slot more than there are");
	check_error(set_region(vm, 2, 0, 0, page, address), EEXIST, "a slot over another");
	check_error(set_region(vm, 2, 0, 3 * page, 2 * page, address), EEXIST,
		    "a slot that overlaps the end of another");
	check_error(set_region(vm, 2, 0, 0x300001, page, address), EINVAL,
		    "a guest address that is not page-aligned");
	check_error(set_region(vm, 2, 0, 0x300000, page + 1, address), EINVAL,
		    "a size that is not whole pages");
	check_error(set_region(vm, 2, 0, 0x300000, page, address + 1), EINVAL,
		    "a user address that is not page-aligned");
	check_error(set_region(vm, 2, 1 << 8, 0x300000, page, address), EINVAL, "an unknown flag");
	check_error(set_region(vm, 2, 0, -page, 2 * page, address), EINVAL,
		    "a guest range that wraps");
	check_error(set_region(vm, 2, 0, 0x300000, page, 1ULL << 63), EINVAL,
		    "an address of the kernel");
	check_error(set_region(vm, 2, 0, 0x300000, page, -page), EINVAL,
		    "the last page of the address space");
	check_done(set_region(vm, 0, 0, 0x400000, 4 * page, address), "moving a slot");
	check_error(set_region(vm, 0, 0, 0x400000, 5 * page, address), EINVAL,
		    "another size for a slot");
	check_error(set_region(vm, 0, 0, 0x400000, 4 * page, address + page), EINVAL,
		    "other memory for a slot");
	check_done(set_region(vm, 0, 0, 0, 0, 0), "deleting a slot");
	check_error(set_region(vm, 0, 0, 0, 0, 0), EINVAL, "deleting it once more");
	check_done(set_region(vm, 0, 0, 0x400000, 4 * page, address),
		   "a slot where a deleted one was");
	check_error(ioctl(vm, KVM_SET_USER_MEMORY_REGION, NULL), EFAULT, "no structure");
}

static void test_vcpu(int vm)
{
	uint64_t address = 0xfffbc000;
	int vcpu;

	check_done(ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &address), "KVM_SET_IDENTITY_MAP_ADDR");
	check_error(ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, NULL), EFAULT,
		    "KVM_SET_IDENTITY_MAP_ADDR of nothing");
	check_error(ioctl(vm, KVM_CREATE_VCPU, 1), EINVAL, "a vCPU with an id past the maximum");
	check_error(ioctl(vm, KVM_CREATE_VCPU, -1L), EINVAL, "a vCPU with id -1");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check_done(vcpu, "KVM_CREATE_VCPU");
	check((fcntl(vcpu, F_GETFD) & FD_CLOEXEC) != 0, "the vCPU's file is closed on exec");
	check_error(ioctl(vm, KVM_CREATE_VCPU, 0), EINVAL, "a second vCPU");
	check_error(ioctl(vm, KVM_CREATE_VCPU, 1), EINVAL, "a second vCPU with id 1");
	check_error(ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &address), EINVAL,
		    "KVM_SET_IDENTITY_MAP_ADDR after the vCPU");
	close(vcpu);
	check_error(ioctl(vm, KVM_CREATE_VCPU, 0), EINVAL, "a vCPU again after its file is closed");
}

static void test_tss_address(int vm)
{
	check_done(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000L), "KVM_SET_TSS_ADDR");
	check_done(ioctl(vm, KVM_SET_TSS_ADDR, 0xffffd000L), "KVM_SET_TSS_ADDR of the last place");
	check_error(ioctl(vm, KVM_SET_TSS_ADDR, 0xffffd001L), EINVAL,
		    "KVM_SET_TSS_ADDR with too little room");
	check_error(ioctl(vm, KVM_SET_TSS_ADDR, 1L << 32), EINVAL, "KVM_SET_TSS_ADDR above 4 GiB");
}

/* What old clients, and those of another VMM, may try: as KVM without it. */
static void test_not_there(int vm)
{
	static const struct {
		unsigned long number;
		const char *name;
	} of_vm[] = {
		{ KVM_SET_MEMORY_ALIAS, "KVM_SET_MEMORY_ALIAS" },
		{ KVM_SET_NR_MMU_PAGES, "KVM_SET_NR_MMU_PAGES" },
		{ KVM_ASSIGN_PCI_DEVICE, "KVM_ASSIGN_PCI_DEVICE" },
		{ KVM_ASSIGN_SET_MSIX_NR, "KVM_ASSIGN_SET_MSIX_NR" },
		{ KVM_XEN_HVM_CONFIG, "KVM_XEN_HVM_CONFIG" },
		{ KVM_CREATE_DEVICE, "KVM_CREATE_DEVICE" },
		{ KVM_SET_BOOT_CPU_ID, "KVM_SET_BOOT_CPU_ID" },
		{ KVM_CLEAR_DIRTY_LOG, "KVM_CLEAR_DIRTY_LOG" },
		{ KVM_MEMORY_ENCRYPT_OP, "KVM_MEMORY_ENCRYPT_OP" },
		{ KVM_X86_SET_MSR_FILTER, "KVM_X86_SET_MSR_FILTER" },
	}, of_vcpu[] = {
		{ KVM_SET_CPUID, "KVM_SET_CPUID" },
		{ KVM_TPR_ACCESS_REPORTING, "KVM_TPR_ACCESS_REPORTING" },
		{ KVM_SMI, "KVM_SMI" },
		{ KVM_GET_ONE_REG, "KVM_GET_ONE_REG" },
		{ KVM_GET_NESTED_STATE, "KVM_GET_NESTED_STATE" },
		{ KVM_GET_SREGS2, "KVM_GET_SREGS2" },
		{ KVM_CREATE_VM, "KVM_CREATE_VM" },
		{ KVM_IOEVENTFD, "KVM_IOEVENTFD" },
	};
	static char argument[4096];
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(of_vm); i++)
		check_error(ioctl(vm, of_vm[i].number, argument), ENOTTY, "%s on a VM",
			    of_vm[i].name);
	for (unsigned int i = 0; i < ARRAY_SIZE(of_vcpu); i++)
		check_error(ioctl(vcpu, of_vcpu[i].number, argument), EINVAL, "%s on a vCPU",
			    of_vcpu[i].name);
	close(vcpu);
}

/* There may be capabilities to enable; these are never among them. */
static void test_enable_capability(int vm)
{
	static const uint32_t none[] = { KVM_CAP_USER_MEMORY, KVM_CAP_DIRTY_LOG_RING, 0x12345678,
					 0xffffffff };
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		struct kvm_enable_cap capability = { .cap = none[i] };

		check_error(ioctl(vm, KVM_ENABLE_CAP, &capability), EINVAL,
			    "KVM_ENABLE_CAP of 0x%x on a VM", none[i]);
		check_error(ioctl(vcpu, KVM_ENABLE_CAP, &capability), EINVAL, "on a vCPU");
	}
	check_error(ioctl(vm, KVM_ENABLE_CAP, NULL), EFAULT, "KVM_ENABLE_CAP of nothing");
	check_error(ioctl(vcpu, KVM_ENABLE_CAP, NULL), EFAULT, "nor of a vCPU");
	check_error(ioctl(device, KVM_ENABLE_CAP, NULL), EINVAL, "the device has none to enable");
	close(vcpu);
}

static void test_engine(int vm)
{
	check_done(ioctl(vm, RINGLET_SET_ENGINE, RINGLET_ENGINE_INTERPRET), "engine interpret");
	check_done(ioctl(vm, RINGLET_SET_ENGINE, RINGLET_ENGINE_TRAP), "engine trap");
	check_error(ioctl(vm, RINGLET_SET_ENGINE, RINGLET_ENGINE_TRANSLATE), EOPNOTSUPP,
		    "engine translate, which is not there");
	check_error(ioctl(vm, RINGLET_SET_ENGINE, 99), EINVAL, "no such engine");
}

static void test_unknown(int vm)
{
	check(ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY) == 1,
	      "KVM_CHECK_EXTENSION on the VM");
	check_error(ioctl(vm, KVM_GET_DIRTY_LOG, 0), EFAULT, "KVM_GET_DIRTY_LOG");
	check_error(ioctl(vm, KVM_RUN, 0), ENOTTY, "a vCPU ioctl on the VM");
	check_error(ioctl(vm, 0xdeadbeef, 0), ENOTTY, "an ioctl that does not exist");
	check(mmap(NULL, page, PROT_READ, MAP_SHARED, vm, 0) == MAP_FAILED && errno == ENODEV,
	      "a VM's file cannot be mapped");
}

int main(void)
{
	int vm;

	page = getpagesize();
	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0)
		bail_out("opening " DEVICE);
	vm = new_vm();
	memory = mmap(NULL, MEMORY_PAGES * page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		bail_out("mmap");
	test_memory_regions(vm);
	test_engine(vm);
	test_vcpu(vm);
	test_tss_address(vm);
	test_unknown(vm);
	close(vm);
	vm = new_vm();
	test_enable_capability(vm);
	close(vm);
	vm = new_vm();
	test_not_there(vm);
	return finish();
}
