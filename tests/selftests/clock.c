// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time stamp counter and KVM's paravirtual clock: the ioctls, the MSRs, what
 * the guest finds in its memory, and whether that is the time.
 *
 *	clock [SECONDS]
 *
 * SECONDS is for how long the guest's clock is compared with the host's.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "selftest.h"

#define PAGE	      0x8000u /* where the guest wants its clock */
#define WALL	      0x8100u
#define MSR_WALL      0x4b564d00
#define MSR_TIME      0x4b564d01
#define MSR_TSC	      0x10
#define NS_PER_SECOND 1000000000ull
#define FEATURES      (1u << 0 | 1u << 1 | 1u << 3 | 1u << 24)
#define FLAG_STABLE   1
#define FLAG_STOPPED  2
#define EFLAGS_IOPL3  0x3000
#define TSC_OF_GUEST  0x4000000000000000ull

struct clock_page {
	uint32_t version, pad;
	uint64_t ticks, ns;
	uint32_t multiplier;
	int8_t shift;
	uint8_t flags, pad2[2];
};

static struct machine machine;

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static struct clock_page read_page(uint32_t address)
{
	struct clock_page page;

	memcpy(&page, machine.memory + address, sizeof(page));
	return page;
}

/* As the guest would. */
static uint64_t page_time(const struct clock_page *page, uint64_t tsc)
{
	uint64_t delta = tsc - page->ticks;

	delta = page->shift < 0 ? delta >> -page->shift : delta << page->shift;
	return page->ns + (uint64_t)((unsigned __int128)delta * page->multiplier >> 32);
}

static bool set_msr(uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msrs = { .header.nmsrs = 1, .entry = { .index = index, .data = value } };

	return ioctl(machine.vcpu, KVM_SET_MSRS, &msrs) == 1;
}

static uint64_t get_msr(uint32_t index)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msrs = { .header.nmsrs = 1, .entry.index = index };

	if (ioctl(machine.vcpu, KVM_GET_MSRS, &msrs) != 1)
		bail_out("KVM_GET_MSRS");
	return msrs.entry.data;
}

/* Each OUT is one look at the guest: EDX:EAX is its counter. */
GUEST_CODE(ticks, "1: rdtsc\n out %al, $0x10\n jmp 1b");
GUEST_CODE(enable, "wrmsr\n 1: rdtsc\n out %al, $0x10\n jmp 1b");

static void expect_port(const char *where)
{
	int result = machine_run(&machine);

	if (result || machine.run->exit_reason != KVM_EXIT_IO) {
		machine_explain(&machine);
		bail_out("%s: the guest does not reach its port", where);
	}
}

static uint64_t guest_tsc(void)
{
	struct kvm_regs regs;

	expect_port("RDTSC");
	machine_get_regs(&machine, &regs);
	return regs.rdx << 32 | regs.rax;
}

static void test_capabilities(void)
{
	check(ioctl(machine.device, KVM_CHECK_EXTENSION, KVM_CAP_ADJUST_CLOCK) ==
		      (KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC),
	      "KVM_CAP_ADJUST_CLOCK names its flags");
	check(ioctl(machine.device, KVM_CHECK_EXTENSION, KVM_CAP_GET_TSC_KHZ) == 1,
	      "KVM_CAP_GET_TSC_KHZ");
	check(ioctl(machine.device, KVM_CHECK_EXTENSION, KVM_CAP_KVMCLOCK_CTRL) == 1,
	      "KVM_CAP_KVMCLOCK_CTRL");
	check(ioctl(machine.device, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) == 0,
	      "no KVM_CAP_TSC_CONTROL");
}

static void test_tsc_khz(void)
{
	int khz = ioctl(machine.vcpu, KVM_GET_TSC_KHZ, 0);

	check(khz > 1000, "the counter runs at %d kHz", khz);
	check_done(ioctl(machine.vcpu, KVM_SET_TSC_KHZ, (unsigned long)khz + khz / 5000),
		   "a rate that is 200 ppm off is the host's own");
	check(ioctl(machine.vcpu, KVM_GET_TSC_KHZ, 0) == khz + khz / 5000, "it comes back");
	check_error(ioctl(machine.vcpu, KVM_SET_TSC_KHZ, (unsigned long)khz * 2), EINVAL,
		    "twice the rate");
	check_error(ioctl(machine.vcpu, KVM_SET_TSC_KHZ, (unsigned long)khz / 2), EINVAL,
		    "half the rate");
	check_error(ioctl(machine.vcpu, KVM_SET_TSC_KHZ, ~0ul), EINVAL, "a rate beyond all");
	check_done(ioctl(machine.vcpu, KVM_SET_TSC_KHZ, 0), "0 is the host's");
	check(ioctl(machine.vcpu, KVM_GET_TSC_KHZ, 0) == khz, "as before");
}

static void test_clock_ioctls(void)
{
	struct kvm_clock_data data, again;
	void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(&data, 0xff, sizeof(data));
	check_done(ioctl(machine.vm, KVM_GET_CLOCK, &data), "KVM_GET_CLOCK");
	check(data.clock < 600 * NS_PER_SECOND, "it began with the VM (%llu ns)", data.clock);
	check((data.flags & (KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC)) ==
			      (KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC) &&
		      distance(data.realtime, now(CLOCK_REALTIME)) < 60 * NS_PER_SECOND,
	      "with the time of day");
	check(!data.pad0 && !data.pad[3], "and nothing of the stack");

	data = (struct kvm_clock_data){ .clock = 5000 * NS_PER_SECOND };
	check_done(ioctl(machine.vm, KVM_SET_CLOCK, &data), "KVM_SET_CLOCK");
	check_done(ioctl(machine.vm, KVM_GET_CLOCK, &again), "KVM_GET_CLOCK");
	check(again.clock >= data.clock && again.clock < data.clock + 60 * NS_PER_SECOND,
	      "it goes on from there");
	again.realtime -= 100 * NS_PER_SECOND;
	data = again;
	check_done(ioctl(machine.vm, KVM_SET_CLOCK, &again), "its own flags given back");
	ioctl(machine.vm, KVM_GET_CLOCK, &again);
	check(again.clock >= data.clock + 100 * NS_PER_SECOND &&
		      again.clock < data.clock + 160 * NS_PER_SECOND,
	      "the time that has passed since is added");
	data.flags = KVM_CLOCK_REALTIME;
	data.realtime = ~0ull;
	check_done(ioctl(machine.vm, KVM_SET_CLOCK, &data), "a time in the future");
	ioctl(machine.vm, KVM_GET_CLOCK, &again);
	check(again.clock >= data.clock && again.clock < data.clock + 60 * NS_PER_SECOND,
	      "adds nothing");
	data.flags = 1u << 31;
	check_error(ioctl(machine.vm, KVM_SET_CLOCK, &data), EINVAL, "an unknown flag");
	check_error(ioctl(machine.vm, KVM_SET_CLOCK, nothing), EFAULT, "no structure");
	check_error(ioctl(machine.vm, KVM_GET_CLOCK, nothing), EFAULT, "nowhere to write");
	check_error(ioctl(machine.vcpu, KVM_GET_CLOCK, &data), EINVAL, "the vCPU has none");
	munmap(nothing, 4096);
}

static void test_cpuid_leaves(void)
{
	static struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entries[100];
	} cpuid = { .header.nent = 100 };
	bool kvm = false, ours = false, features = false, version = false;

	if (ioctl(machine.device, KVM_GET_SUPPORTED_CPUID, &cpuid))
		bail_out("KVM_GET_SUPPORTED_CPUID");
	for (unsigned int i = 0; i < cpuid.header.nent; i++) {
		const struct kvm_cpuid_entry2 *leaf = &cpuid.entries[i];
		uint32_t name[3] = { leaf->ebx, leaf->ecx, leaf->edx };

		switch (leaf->function) {
		case 0x40000000:
			kvm = !memcmp(name, "KVMKVMKVM\0\0\0", 12) && leaf->eax == 0x40000001;
			break;
		case 0x40000001: features = leaf->eax == FEATURES && !leaf->edx; break;
		case RINGLET_CPUID_LEAF:
			ours = !memcmp(name, RINGLET_CPUID_SIGNATURE, 12) &&
			       leaf->eax == RINGLET_CPUID_LEAF + 1;
			break;
		case RINGLET_CPUID_LEAF + 1:
			version = leaf->eax == RINGLET_INTERFACE_VERSION;
			break;
		}
	}
	check(kvm, "leaf 40000000h has KVM's signature");
	check(features, "leaf 40000001h has the clock and no more than works");
	check(ours && version, "ringlet's own leaves follow at 40000100h");
}

/* The guest asks for its clock, and gets it before it goes on. */
static void test_enable(void)
{
	struct kvm_regs regs;
	struct clock_page page;

	MACHINE_BOOT(&machine, enable);
	machine_get_regs(&machine, &regs);
	regs.rcx = MSR_TIME;
	regs.rax = PAGE | 1;
	machine_set_regs(&machine, &regs);
	memset(machine.memory + PAGE, 0xee, sizeof(page));
	expect_port("WRMSR");
	page = read_page(PAGE);
	check(get_msr(MSR_TIME) == (PAGE | 1), "the guest wrote the MSR");
	check(get_msr(0x12) == (PAGE | 1), "its old number is the same MSR");
	check(!(page.version & 1) && !page.pad && !page.pad2[0], "the page is complete");
	check(!(page.flags & FLAG_STOPPED), "nobody stopped the guest");
	note("version %u, shift %d, flags %u", page.version, page.shift, page.flags);
	check_done(ioctl(machine.vcpu, KVM_KVMCLOCK_CTRL, 0), "KVM_KVMCLOCK_CTRL");
	expect_port("after KVM_KVMCLOCK_CTRL");
	check(read_page(PAGE).flags & FLAG_STOPPED, "tells the guest that it was stopped");
	check(read_page(PAGE).version != page.version, "in a new version of the page");
}

/* The time of the page at the guest's counter, again and again. */
static void test_time(unsigned int seconds)
{
	const uint64_t tolerance = seconds * NS_PER_SECOND / 100;
	uint64_t start_guest = 0, start_before = 0, start_after = 0, before, after, guest;
	uint64_t last = 0, looks = 0, versions = 0;
	unsigned int backwards = 0, odd = 0;
	uint32_t version = 0;

	MACHINE_BOOT(&machine, ticks);
	check(set_msr(MSR_TIME, PAGE | 1), "the client gives the guest a clock");
	expect_port("the first look");
	do {
		struct clock_page page;
		uint64_t tsc;

		before = now(CLOCK_BOOTTIME);
		tsc = guest_tsc();
		after = now(CLOCK_BOOTTIME);
		page = read_page(PAGE);
		guest = page_time(&page, tsc);
		if (!start_guest) {
			start_guest = guest;
			start_before = before;
			start_after = after;
		}
		backwards += guest < last && (page.flags & FLAG_STABLE);
		odd += page.version & 1;
		versions += page.version != version;
		version = page.version;
		last = guest;
		looks++;
	} while (after - start_after < seconds * NS_PER_SECOND);
	note("%u s: the guest's clock is %lld ns off after %llu looks; %llu versions of the page",
	     seconds, (long long)(guest - start_guest) - (long long)(after - start_after),
	     (unsigned long long)looks, (unsigned long long)versions);
	/* A busy host may come to look at its own clock a little later. */
	check(guest - start_guest + tolerance >= before - start_after &&
		      guest - start_guest <= after - start_before + tolerance,
	      "within 1 %% of the host's over %u s", seconds);
	check(backwards == 0, "and never backwards");
	check(odd == 0, "never half written");
	check(versions >= seconds / 2 && versions > 1, "told anew about once a second");
}

static void test_clock_follows(void)
{
	struct kvm_clock_data data = { .clock = 7777 * NS_PER_SECOND };
	struct clock_page page;
	uint64_t tsc;

	check_done(ioctl(machine.vm, KVM_SET_CLOCK, &data), "KVM_SET_CLOCK");
	tsc = guest_tsc();
	page = read_page(PAGE);
	check(distance(page_time(&page, tsc), data.clock) < 30 * NS_PER_SECOND,
	      "the guest sees the clock that was set");
	ioctl(machine.vm, KVM_GET_CLOCK, &data);
	check(data.clock >= page_time(&page, tsc) &&
		      data.clock - page_time(&page, tsc) < 30 * NS_PER_SECOND,
	      "KVM_GET_CLOCK and the guest agree");
}

static void test_wall(void)
{
	uint32_t wall[3];
	struct clock_page page;
	uint64_t time, tsc;

	check(set_msr(MSR_WALL, WALL), "MSR_KVM_WALL_CLOCK_NEW");
	memcpy(wall, machine.memory + WALL, sizeof(wall));
	check(wall[0] && !(wall[0] & 1), "the structure is there at once");
	tsc = guest_tsc();
	page = read_page(PAGE);
	time = wall[1] * NS_PER_SECOND + wall[2] + page_time(&page, tsc);
	check(distance(time, now(CLOCK_REALTIME)) < 5 * NS_PER_SECOND,
	      "with the clock it is the time of day");
	check(set_msr(MSR_WALL, 0), "0 asks for nothing");
	check(get_msr(0x11) == 0, "and reads 0");
}

/* Addresses that no guest should give, but may. */
static void test_bad_addresses(void)
{
	static const uint64_t addresses[] = {
		0xfffff000, MACHINE_MEMORY, MACHINE_MEMORY - 4, 0xfffffffffffffffcull,
		1ull << 52, 0x100000000ull,
	};
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = 0x400000,
		.memory_size = 0x1000,
	};
	unsigned char *read_only =
		mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(addresses); i++) {
		set_msr(MSR_TIME, addresses[i] | 1);
		set_msr(MSR_WALL, addresses[i]);
		expect_port("a clock where no memory is");
	}
	check(true, "a clock where no memory is: the guest goes on");

	region.userspace_addr = (uintptr_t)read_only;
	if (ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("KVM_SET_USER_MEMORY_REGION");
	set_msr(MSR_TIME, 0x400000 | 1);
	set_msr(MSR_WALL, 0x400100);
	expect_port("a clock in read-only memory");
	check(!*(uint32_t *)read_only && !*(uint32_t *)(read_only + 0x100),
	      "read-only memory stays as it is");
	munmap(read_only, 0x1000);
	set_msr(MSR_WALL, 0x400100);
	check_done(ioctl(machine.vcpu, KVM_KVMCLOCK_CTRL, 0), "tell again");
	expect_port("a clock in memory that is gone");
	check(true, "memory that the client took away: the guest goes on");

	/* Across a page is as good as elsewhere. */
	set_msr(MSR_TIME, 0x8ff8 | 1);
	expect_port("a clock across a page");
	check(read_page(0x8ff8).version && read_page(0x8ff8).multiplier, "a page across pages");
	set_msr(MSR_TIME, 0);
	check_error(ioctl(machine.vcpu, KVM_KVMCLOCK_CTRL, 0), EINVAL,
		    "KVM_KVMCLOCK_CTRL without a clock");
}

static void enter_ring3(void)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	MACHINE_BOOT(&machine, ticks);
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.cs.selector = MACHINE_USER_CODE_SELECTOR;
	sregs.ss.selector = MACHINE_USER_DATA_SELECTOR;
	sregs.cs.dpl = sregs.ss.dpl = 3;
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	machine_get_regs(&machine, &regs);
	regs.rflags |= EFLAGS_IOPL3;
	machine_set_regs(&machine, &regs);
}

static bool is_between(uint64_t value, uint64_t low, uint64_t high)
{
	return value >= low && value <= high;
}

/* Ring 0 and ring 3 read one counter, with and without an offset. */
static void test_tsc(void)
{
	struct ringlet_statistics before, after;
	uint64_t low, value, high;
	unsigned int ring;

	for (ring = 0; ring <= 3; ring += 3) {
		MACHINE_BOOT(&machine, ticks);
		if (ring)
			enter_ring3();
		low = __rdtsc();
		value = guest_tsc();
		high = __rdtsc();
		check(is_between(value, low, high), "ring %u: the counter is the host's", ring);
	}
	check(set_msr(MSR_TSC, 0), "the client writes 0, as at a reset");
	check(get_msr(MSR_TSC) > high, "which leaves the counter alone");
	check(set_msr(MSR_TSC, get_msr(MSR_TSC) + 1000), "or what it just read");
	low = __rdtsc();
	value = get_msr(MSR_TSC);
	check(is_between(value, low, __rdtsc()), "which does too");

	check(set_msr(MSR_TSC, TSC_OF_GUEST), "the client sets the counter");
	for (ring = 0; ring <= 3; ring += 3) {
		MACHINE_BOOT(&machine, ticks);
		if (ring)
			enter_ring3();
		ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &before);
		low = get_msr(MSR_TSC);
		value = guest_tsc();
		high = get_msr(MSR_TSC);
		ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &after);
		check(low >= TSC_OF_GUEST && is_between(value, low, high),
		      "ring %u: the guest reads its own", ring);
		check(after.emulated[RINGLET_EMULATED_TIME] >
			      before.emulated[RINGLET_EMULATED_TIME],
		      "ring %u: RDTSC is emulated", ring);
	}
	set_msr(MSR_TIME, PAGE | 1);
	value = guest_tsc();
	check(distance(read_page(PAGE).ticks, value) < TSC_OF_GUEST / 2,
	      "the clock's page counts by the guest's counter");
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? strtoul(argv[1], NULL, 0) : 3;

	machine_create(&machine, MACHINE_MEMORY);
	test_capabilities();
	test_tsc_khz();
	test_clock_ioctls();
	test_cpuid_leaves();
	test_enable();
	test_time(seconds);
	test_clock_follows();
	test_wall();
	test_bad_addresses();
	machine_destroy(&machine);
	machine_create(&machine, MACHINE_MEMORY);
	test_tsc();
	machine_destroy(&machine);
	return finish();
}
