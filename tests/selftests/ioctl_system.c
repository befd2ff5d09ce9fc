// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system ioctls of /dev/ringlet: what each answers, what it refuses, and
 * that the virtual CPU offered is one that ringlet can be.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"

static int device;

static void test_file(void)
{
	struct stat status;

	check(!stat(DEVICE, &status) && S_ISCHR(status.st_mode), DEVICE " is a character device");
	check((status.st_mode & 0777) == 0660, DEVICE " has mode 0660 (has %03o)",
	      status.st_mode & 0777);
}

/* Who is neither root nor in the node's group. */
static void test_permission(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(2);
		_exit(open(DEVICE, O_RDWR | O_CLOEXEC) >= 0 || errno != EACCES);
	}
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && !WEXITSTATUS(status), "others may not open it (EACCES)");
}

static void test_constants(void)
{
	check(ioctl(device, KVM_GET_API_VERSION, 0) == 12, "KVM_GET_API_VERSION is 12");
	check_error(ioctl(device, KVM_GET_API_VERSION, 1), EINVAL,
		    "KVM_GET_API_VERSION takes no argument");
	check(ioctl(device, KVM_GET_VCPU_MMAP_SIZE, 0) == 3 * getpagesize(),
	      "KVM_GET_VCPU_MMAP_SIZE is three pages");
	check_error(ioctl(device, KVM_GET_VCPU_MMAP_SIZE, 1), EINVAL,
		    "KVM_GET_VCPU_MMAP_SIZE takes no argument");
	check(ioctl(device, KVM_CHECK_EXTENSION, RINGLET_CAP) == RINGLET_INTERFACE_VERSION,
	      "the ringlet capability tells the interface version");
}

static void test_capabilities(void)
{
	static const int present[] = { KVM_CAP_USER_MEMORY,
				       KVM_CAP_IRQCHIP,
				       KVM_CAP_PIT2,
				       KVM_CAP_PIT_STATE2,
				       KVM_CAP_IRQ_ROUTING,
				       KVM_CAP_IRQ_INJECT_STATUS,
				       KVM_CAP_REINJECT_CONTROL,
				       KVM_CAP_SIGNAL_MSI,
				       KVM_CAP_SPLIT_IRQCHIP,
				       KVM_CAP_TSC_DEADLINE_TIMER,
				       KVM_CAP_SET_TSS_ADDR,
				       KVM_CAP_EXT_CPUID,
				       KVM_CAP_NR_MEMSLOTS,
				       KVM_CAP_MP_STATE,
				       KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
				       KVM_CAP_JOIN_MEMORY_REGIONS_WORKS,
				       KVM_CAP_READONLY_MEM,
				       KVM_CAP_IMMEDIATE_EXIT,
				       KVM_CAP_INTERNAL_ERROR_DATA,
				       KVM_CAP_IRQFD,
				       KVM_CAP_IRQFD_RESAMPLE,
				       KVM_CAP_IOEVENTFD,
				       KVM_CAP_IOEVENTFD_NO_LENGTH,
				       KVM_CAP_IOEVENTFD_ANY_LENGTH,
				       KVM_CAP_COALESCED_MMIO,
				       KVM_CAP_COALESCED_PIO,
				       KVM_CAP_CLOCKSOURCE,
				       KVM_CAP_NOP_IO_DELAY,
				       KVM_CAP_ENABLE_CAP,
				       KVM_CAP_ENABLE_CAP_VM,
				       KVM_CAP_MAX_VCPUS };
	static const int absent[] = { KVM_CAP_VAPIC, KVM_CAP_SYNC_REGS, KVM_CAP_NESTED_STATE,
				      0x12345678, -1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(present); i++)
		check(ioctl(device, KVM_CHECK_EXTENSION, present[i]) > 0, "capability %d is there",
		      present[i]);
	for (i = 0; i < ARRAY_SIZE(absent); i++)
		check(ioctl(device, KVM_CHECK_EXTENSION, absent[i]) == 0,
		      "capability %d is not there", absent[i]);
}

/*
 * What a client refuses to start without, for every way of having interrupt
 * controllers that it knows; from reading it and denying it one by one. All want
 * KVM_CAP_IRQCHIP too, whose number ends the lists.
 */
static void test_clients(void)
{
	static const struct {
		const char *name;
		int needs[24];
	} clients[] = {
		{ "QEMU 7.2",
		  { KVM_CAP_USER_MEMORY, KVM_CAP_SET_TSS_ADDR, KVM_CAP_EXT_CPUID, KVM_CAP_MP_STATE,
		    KVM_CAP_DESTROY_MEMORY_REGION_WORKS, KVM_CAP_IRQ_ROUTING,
		    KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_PIT2, KVM_CAP_SPLIT_IRQCHIP } },
		{ "QEMU 10.0",
		  { KVM_CAP_USER_MEMORY,
		    KVM_CAP_SET_TSS_ADDR,
		    KVM_CAP_EXT_CPUID,
		    KVM_CAP_MP_STATE,
		    KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
		    KVM_CAP_IRQ_ROUTING,
		    KVM_CAP_JOIN_MEMORY_REGIONS_WORKS,
		    KVM_CAP_PIT2,
		    KVM_CAP_SPLIT_IRQCHIP,
		    KVM_CAP_MCE,
		    KVM_CAP_IRQFD,
		    KVM_CAP_IOEVENTFD,
		    KVM_CAP_SET_IDENTITY_MAP_ADDR,
		    KVM_CAP_ADJUST_CLOCK,
		    KVM_CAP_INTERNAL_ERROR_DATA,
		    KVM_CAP_VCPU_EVENTS,
		    KVM_CAP_DEBUGREGS,
		    KVM_CAP_X86_ROBUST_SINGLESTEP,
		    KVM_CAP_XSAVE,
		    KVM_CAP_SIGNAL_MSI,
		    KVM_CAP_IOEVENTFD_ANY_LENGTH } },
		{ "kvmtool",
		  { KVM_CAP_HLT, KVM_CAP_USER_MEMORY, KVM_CAP_SET_TSS_ADDR, KVM_CAP_EXT_CPUID,
		    KVM_CAP_COALESCED_MMIO, KVM_CAP_IRQ_ROUTING, KVM_CAP_IRQ_INJECT_STATUS,
		    KVM_CAP_PIT2 } },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(clients); i++) {
		unsigned int missing = 0;

		for (const int *need = clients[i].needs; *need; need++) {
			if (ioctl(device, KVM_CHECK_EXTENSION, *need) > 0)
				continue;
			note("%s needs capability %d", clients[i].name, *need);
			missing++;
		}
		check(!missing, "%s has all that it asks for", clients[i].name);
	}
}

static void test_create_vm(void)
{
	int vm = ioctl(device, KVM_CREATE_VM, 0);

	check_done(vm, "KVM_CREATE_VM");
	check((fcntl(vm, F_GETFD) & FD_CLOEXEC) != 0, "the VM's file is closed on exec");
	close(vm);
	check_error(ioctl(device, KVM_CREATE_VM, 1), EINVAL, "KVM_CREATE_VM of another type");
	check_error(ioctl(device, KVM_CREATE_VM, -1L), EINVAL, "KVM_CREATE_VM of type -1");
}

static void test_unknown(void)
{
	check_error(ioctl(device, KVM_GET_EMULATED_CPUID, 0), EINVAL, "KVM_GET_EMULATED_CPUID");
	check_error(ioctl(device, KVM_GET_MSR_FEATURE_INDEX_LIST, 0), EINVAL,
		    "KVM_GET_MSR_FEATURE_INDEX_LIST");
	check_error(ioctl(device, KVM_RUN, 0), EINVAL, "a vCPU ioctl on the device");
	check_error(ioctl(device, KVM_CREATE_VCPU, 0), EINVAL, "a VM ioctl on the device");
	check_error(ioctl(device, 0xdeadbeef, 0), EINVAL, "an ioctl that does not exist");
	check_error(read(device, &(char){ 0 }, 1), EINVAL, "reading the device");
}

struct cpuid {
	struct kvm_cpuid2 header;
	struct kvm_cpuid_entry2 entries[256];
};

static const struct kvm_cpuid_entry2 *leaf(const struct cpuid *cpuid, uint32_t function)
{
	static const struct kvm_cpuid_entry2 none;
	unsigned int i;

	for (i = 0; i < cpuid->header.nent; i++) {
		if (cpuid->entries[i].function == function)
			return &cpuid->entries[i];
	}
	return &none;
}

static void test_cpuid_contents(const struct cpuid *cpuid)
{
	const struct kvm_cpuid_entry2 *one = leaf(cpuid, 1);
	const struct kvm_cpuid_entry2 *extended = leaf(cpuid, 0x80000001);
	const struct kvm_cpuid_entry2 *hypervisor = leaf(cpuid, 0x40000000);
	const uint32_t wanted = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 15 |
				1 << 23 | 1 << 24 | 1 << 25 | 1 << 26;
	uint32_t signature[3] = { hypervisor->ebx, hypervisor->ecx, hypervisor->edx };

	check(leaf(cpuid, 0)->eax >= 1, "the basic leaves reach 1");
	check((one->edx & wanted) == wanted,
	      "leaf 1 has FPU, PSE, TSC, MSR, PAE, CX8, CMOV, MMX, FXSR, SSE, SSE2");
	check(!(one->edx & (1 << 1)), "no VME");
	check(one->edx & (1 << 9), "APIC");
	check(!(one->ecx & (1 << 21 | 1 << 24)), "no x2APIC, and the deadline is a capability");
	check(!(one->edx & (1 << 12)), "no MTRR");
	check(!(one->ecx & (1 << 17)), "no PCID");
	check(!(one->ecx & (3 << 26 | 1 << 28)), "no XSAVE and no AVX");
	check(!(one->ecx & (1 << 5)), "no VMX");
	check(one->ecx & (1u << 31), "the hypervisor bit is set");
	check((one->ebx >> 24) == 0 && (one->ebx >> 16 & 0xff) == 1, "one processor, with id 0");
	check(!(extended->edx & (1 << 11)), "no SYSCALL");
	check(extended->edx & (1 << 20), "NX");
	check(!(extended->ecx & (1 << 2)), "no SVM");
	check(!(leaf(cpuid, 7)->ebx & (1 << 7 | 1 << 20 | 1 << 10)), "no SMEP, SMAP, INVPCID");
	check(!(leaf(cpuid, 7)->ecx & (1 << 2)), "no UMIP");
	check((leaf(cpuid, 0x80000008)->eax & 0xff) == 36, "36 bits of physical address");
	check(!memcmp(signature, "KVMKVMKVM\0\0\0", 12), "KVM's signature, for its interface");
}

static void test_cpuid(void)
{
	struct cpuid *cpuid = calloc(1, sizeof(*cpuid));
	unsigned int count;

	cpuid->header.nent = 256;
	check_done(ioctl(device, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
	count = cpuid->header.nent;
	check(count > 4 && count <= 100, "%u leaves", count);
	test_cpuid_contents(cpuid);

	cpuid->header.nent = count;
	check_done(ioctl(device, KVM_GET_SUPPORTED_CPUID, cpuid), "a buffer that just fits");
	cpuid->header.nent = count - 1;
	check_error(ioctl(device, KVM_GET_SUPPORTED_CPUID, cpuid), E2BIG,
		    "a buffer that is one too small");
	check(cpuid->header.nent == count, "it says how many there are");
	cpuid->header.nent = 0;
	check_error(ioctl(device, KVM_GET_SUPPORTED_CPUID, cpuid), E2BIG, "an empty buffer");
	cpuid->header.nent = 0xffffffff;
	check_done(ioctl(device, KVM_GET_SUPPORTED_CPUID, cpuid), "a huge buffer is no error");
	check(cpuid->header.nent == count, "its size is corrected");
	check_error(ioctl(device, KVM_GET_SUPPORTED_CPUID, NULL), EFAULT, "no buffer");
	free(cpuid);
}

/* A buffer whose header is writable and whose entries are not. */
static void test_cpuid_half_mapped(void)
{
	long page = getpagesize();
	char *area =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_cpuid2 *header = (void *)(area + page - sizeof(*header));

	munmap(area + page, page);
	header->nent = 100;
	check_error(ioctl(device, KVM_GET_SUPPORTED_CPUID, header), EFAULT,
		    "a buffer that is mapped in part");
	munmap(area, page);
}

static void test_msr_list(void)
{
	struct {
		struct kvm_msr_list header;
		uint32_t indices[256];
	} list = { .header.nmsrs = 256 };
	bool found = false;
	unsigned int i, count;

	check_done(ioctl(device, KVM_GET_MSR_INDEX_LIST, &list), "KVM_GET_MSR_INDEX_LIST");
	count = list.header.nmsrs;
	for (i = 0; i < count; i++)
		found = found || list.indices[i] == 0x174;
	check(found, "SYSENTER_CS is one of the %u MSRs", count);
	list.header.nmsrs = count - 1;
	check_error(ioctl(device, KVM_GET_MSR_INDEX_LIST, &list), E2BIG,
		    "a list that is one too small");
	check(list.header.nmsrs == count, "it says how many there are");
	check_error(ioctl(device, KVM_GET_MSR_INDEX_LIST, 8), EFAULT, "no list");
}

int main(void)
{
	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0)
		bail_out("opening " DEVICE);
	test_file();
	test_permission();
	test_constants();
	test_capabilities();
	test_clients();
	test_create_vm();
	test_unknown();
	test_cpuid();
	test_cpuid_half_mapped();
	test_msr_list();
	return finish();
}
