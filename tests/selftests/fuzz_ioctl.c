// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random ioctls, valid and not, on a device, VMs and vCPUs that come and go.
 * Whatever they answer, the host must live, nothing of the kernel may be left
 * behind, and no call may leave memory of this process locked.
 *
 *	fuzz_ioctl [CALLS [SEED]]
 *
 * The same seed makes the same calls. KVM_RUN runs guests made of random bytes
 * or of a small program; an alarm ends each after some milliseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"

#define VMS	      3
#define EVENTFDS      4
#define RUN_BYTES     (3 * 4096)
#define ARENA_BYTES   0x100000
#define HOLLOW_BYTES  (1UL << 36)
#define DEFAULT_CALLS 100000
/* A process of its own for this many, so that all of its end is tested too. */
#define CALLS_PER_PROCESS 5000
#define TOLERANCE_KB	  8192

static uint64_t state;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL;
}

static bool chance(unsigned int percent)
{
	return rnd() % 100 < percent;
}

/* Values at the borders of what the checks look at. */
static uint64_t interesting(void)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		3,
		7,
		8,
		0xff,
		0x100,
		0xfff,
		0x1000,
		0xffff,
		0x10000,
		0xfffff,
		0x100000,
		0x7fffffff,
		0x80000000,
		0xfffff000,
		0xffffffff,
		0x100000000ULL,
		0xffffffffffULL,
		0x7fffffffffffULL,
		0x7ffffffff000ULL,
		0x800000000000ULL,
		0xffff888000000000ULL,
		0xffffffff81000000ULL,
		0x8000000000000000ULL,
		0xfffffffffffff000ULL,
		~0ULL,
	};

	switch (rnd() % 3) {
	case 0: return values[rnd() % ARRAY_SIZE(values)];
	case 1: return 1ULL << rnd() % 64;
	default: return rnd();
	}
}

struct slot_of_vm {
	int vm;
	int vcpu;
	struct kvm_run *run;
};

static int device = -1;
static int eventfds[EVENTFDS];
static struct slot_of_vm vms[VMS];
static unsigned char *arena;	 /* guest memory and buffers of arguments */
static unsigned char *read_only; /* a page that the kernel cannot write */
static unsigned char *hollow;	 /* as much as a guest can address, not accessible */

static const unsigned long device_ioctls[] = {
	KVM_GET_API_VERSION,	       KVM_CHECK_EXTENSION,    KVM_GET_VCPU_MMAP_SIZE,
	KVM_GET_SUPPORTED_CPUID,       KVM_GET_EMULATED_CPUID, KVM_GET_MSR_INDEX_LIST,
	KVM_X86_GET_MCE_CAP_SUPPORTED, KVM_CREATE_VM,
};

static const unsigned long vm_ioctls[] = {
	KVM_CHECK_EXTENSION,
	KVM_SET_USER_MEMORY_REGION,
	KVM_SET_USER_MEMORY_REGION,
	KVM_CREATE_VCPU,
	KVM_SET_TSS_ADDR,
	KVM_SET_IDENTITY_MAP_ADDR,
	RINGLET_SET_ENGINE,
	KVM_CREATE_IRQCHIP,
	KVM_CREATE_PIT,
	KVM_CREATE_PIT2,
	KVM_IRQ_LINE,
	KVM_IRQ_LINE_STATUS,
	KVM_GET_IRQCHIP,
	KVM_SET_IRQCHIP,
	KVM_GET_PIT,
	KVM_SET_PIT,
	KVM_GET_PIT2,
	KVM_SET_PIT2,
	KVM_REINJECT_CONTROL,
	KVM_SET_GSI_ROUTING,
	KVM_SIGNAL_MSI,
	KVM_GET_DIRTY_LOG,
	KVM_GET_CLOCK,
	KVM_SET_CLOCK,
	KVM_ENABLE_CAP,
	KVM_IOEVENTFD,
	KVM_IRQFD,
	KVM_REGISTER_COALESCED_MMIO,
	KVM_UNREGISTER_COALESCED_MMIO,
};

static const unsigned long vcpu_ioctls[] = {
	KVM_GET_REGS,
	KVM_SET_REGS,
	KVM_GET_SREGS,
	KVM_SET_SREGS,
	KVM_GET_FPU,
	KVM_SET_FPU,
	KVM_GET_MSRS,
	KVM_SET_MSRS,
	KVM_SET_CPUID2,
	KVM_GET_CPUID2,
	KVM_INTERRUPT,
	KVM_NMI,
	KVM_TRANSLATE,
	KVM_SET_SIGNAL_MASK,
	KVM_GET_MP_STATE,
	KVM_SET_MP_STATE,
	KVM_GET_VCPU_EVENTS,
	KVM_SET_VCPU_EVENTS,
	KVM_GET_DEBUGREGS,
	KVM_SET_DEBUGREGS,
	KVM_SET_GUEST_DEBUG,
	KVM_GET_TSC_KHZ,
	KVM_SET_TSC_KHZ,
	KVM_KVMCLOCK_CTRL,
	KVM_GET_LAPIC,
	KVM_SET_LAPIC,
	KVM_SET_VAPIC_ADDR,
	KVM_GET_XSAVE,
	KVM_SET_XSAVE,
	KVM_GET_XSAVE2,
	KVM_GET_XCRS,
	KVM_SET_XCRS,
	KVM_X86_SETUP_MCE,
	KVM_X86_SET_MCE,
	KVM_ENABLE_CAP,
	RINGLET_GET_STATISTICS,
	RINGLET_GET_STOP_REASON,
	RINGLET_READ_GUEST_ROOT,
	RINGLET_READ_PROCESSOR,
	RINGLET_STEP,
};

GUEST_CODE(work, "1: mov $0x8000, %edi\n mov $64, %ecx\n rep stosl\n"
		 "out %al, $0x10\n in $0x10, %al\n mov %cr0, %eax\n mov %eax, %cr0\n"
		 "out %eax, $0x40\n in $0x20, %ax\n mov $0x20, %al\n out %al, $0x20\n"
		 "pushf\n popf\n incl 0xff000\n movl $1, 0xf0000000\n"
		 "movl $0x1ff, 0xfee000f0\n mov 0xfee00390, %eax\n mov %eax, 0xfee00380\n"
		 "movl $0, 0xfee000b0\n incl 0xfec00000\n notl 0xfec00010\n sti\n nop\n cli\n"
		 "jmp 1b");

/* An argument that the kernel reads or writes: mostly memory, of many kinds. */
static unsigned long some_buffer(void)
{
	switch (rnd() % 16) {
	case 0: return 0;
	case 1: return interesting();
	case 2: return (uintptr_t)read_only;
	case 3: /* the end of the arena: the rest is not mapped */
		return (uintptr_t)arena + ARENA_BYTES - rnd() % 512;
	default: return (uintptr_t)arena + 0x80000 + rnd() % 64 * 4096;
	}
}

/* What lies at the buffer: random, zero, or words at borders. */
static void fill_buffer(unsigned long address)
{
	uint64_t *words = (uint64_t *)address;
	unsigned int i;

	if (address < (uintptr_t)arena || address > (uintptr_t)arena + ARENA_BYTES - 2048)
		return;
	switch (rnd() % 4) {
	case 0: memset(words, 0, 2048); break;
	case 1:
		for (i = 0; i < 256; i++)
			words[i] = rnd();
		break;
	case 2:
		for (i = 0; i < 256; i++)
			words[i] = interesting();
		break;
	default: /* what an earlier call left there, with a bit flipped */
		words[rnd() % 64] ^= 1ULL << rnd() % 64;
		break;
	}
	/* Counts of lists come first; let them be small half of the time. */
	if (chance(50))
		*(uint32_t *)words = rnd() % 40;
}

static void close_vm(struct slot_of_vm *vm)
{
	unsigned int first = rnd() % 3, i;

	for (i = 0; i < 3; i++) {
		switch ((first + i) % 3) {
		case 0:
			if (vm->run)
				munmap(vm->run, RUN_BYTES);
			vm->run = NULL;
			break;
		case 1:
			if (vm->vcpu >= 0)
				close(vm->vcpu);
			vm->vcpu = -1;
			break;
		default:
			if (vm->vm >= 0)
				close(vm->vm);
			vm->vm = -1;
			break;
		}
	}
}

/*
 * A slot lies in the arena or, when it is too large for that, where there is
 * no memory: a guest of random bytes must not write to this program's own.
 */
static void set_slot(struct slot_of_vm *vm, bool valid)
{
	struct kvm_userspace_memory_region region = {
		.slot = valid ? 0 : rnd() % 80,
		.flags = chance(80) ? 0 : rnd() % 8,
		.guest_phys_addr = valid ? 0 : interesting() & (chance(80) ? ~0xfffULL : ~0ULL),
		.memory_size = valid ? 0x80000 : interesting() & (chance(80) ? 0xff000 : ~0ULL),
		.userspace_addr = valid || chance(80) ? (uintptr_t)arena + rnd() % 4 * 4096
						      : interesting(),
	};

	if (region.memory_size > ARENA_BYTES - 4 * 4096 &&
	    region.userspace_addr < (uintptr_t)arena + ARENA_BYTES)
		region.userspace_addr = (uintptr_t)hollow;
	ioctl(vm->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* With a local APIC, and now and then with its timer's last mode. */
static void set_cpuid(struct slot_of_vm *vm)
{
	struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entries[100];
	} cpuid = { .header.nent = 100 };

	ioctl(device, KVM_GET_SUPPORTED_CPUID, &cpuid);
	for (unsigned int i = 0; i < cpuid.header.nent; i++)
		if (cpuid.entries[i].function == 1 && chance(50))
			cpuid.entries[i].ecx |= 1 << 24;
	ioctl(vm->vcpu, KVM_SET_CPUID2, &cpuid);
}

/* The timer, in any mode and with any count. */
static void set_lapic(struct slot_of_vm *vm)
{
	static const unsigned int offsets[] = { 0x320, 0x350, 0x380, 0x390, 0x3e0, 0x80, 0x200 };
	struct kvm_lapic_state state;
	uint32_t value;

	if (ioctl(vm->vcpu, KVM_GET_LAPIC, &state))
		return;
	value = 0x1ff;
	memcpy(state.regs + 0xf0, &value, sizeof(value));
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		value = interesting();
		if (chance(50))
			memcpy(state.regs + offsets[i], &value, sizeof(value));
	}
	ioctl(vm->vcpu, KVM_SET_LAPIC, &state);
}

/* Flat protected mode over the arena, sometimes with one field damaged. */
static void boot(struct slot_of_vm *vm)
{
	struct kvm_sregs sregs;

	if (chance(50)) {
		unsigned int i;

		for (i = 0; i < 256; i++)
			arena[MACHINE_CODE + i] = rnd();
	}
	set_slot(vm, true);
	if (chance(50))
		set_cpuid(vm);
	if (chance(50))
		set_lapic(vm);
	if (ioctl(vm->vcpu, KVM_GET_SREGS, &sregs))
		return;
	if (chance(50))
		memcpy(arena + MACHINE_CODE, guest_work, guest_work_end - guest_work);
	sregs.cs = (struct kvm_segment){ .limit = ~0u,
					 .selector = MACHINE_CODE_SELECTOR,
					 .type = 0xb,
					 .present = 1,
					 .s = 1,
					 .db = 1,
					 .g = 1 };
	sregs.ds = sregs.cs;
	sregs.ds.selector = MACHINE_DATA_SELECTOR;
	sregs.ds.type = 3;
	sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
	sregs.gdt.base = MACHINE_GDT;
	sregs.gdt.limit = 63;
	sregs.idt.base = MACHINE_IDT;
	sregs.idt.limit = 2047;
	sregs.cr0 = 0x11;
	if (chance(30)) {
		sregs.cr3 = rnd() % 64 << 12;
		sregs.cr0 |= 1u << 31;
	}
	if (chance(30))
		((unsigned char *)&sregs)[rnd() % sizeof(sregs)] ^= 1 << rnd() % 8;
	ioctl(vm->vcpu, KVM_SET_SREGS, &sregs);
	ioctl(vm->vcpu, KVM_SET_REGS,
	      &(struct kvm_regs){ .rip = MACHINE_CODE + (chance(10) ? rnd() % 256 : 0),
				  .rsp = chance(90) ? MACHINE_STACK : interesting(),
				  .rflags = chance(80) ? 2 : interesting() });
}

/* Clocks anywhere in memory and where none is, and another counter. */
static void set_clock(struct slot_of_vm *vm)
{
	static const uint32_t indices[] = { 0x4b564d01, 0x4b564d00, 0x12, 0x11, 0x10, 0x6e0 };
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entries[ARRAY_SIZE(indices)];
	} msrs = { .header.nmsrs = ARRAY_SIZE(indices) };

	for (unsigned int i = 0; i < ARRAY_SIZE(indices); i++)
		msrs.entries[i] = (struct kvm_msr_entry){
			.index = indices[i],
			.data = (chance(50) ? interesting() : rnd() % 0x80000) | chance(50),
		};
	ioctl(vm->vcpu, KVM_SET_MSRS, &msrs);
}

/* A debugger, half of the time with one that steps or breaks where code is. */
static void set_debug(struct slot_of_vm *vm)
{
	struct kvm_guest_debug debug = {
		.control = chance(30) ? 0 : KVM_GUESTDBG_ENABLE | (rnd() & 0x3f0002),
		.arch.debugreg[7] = interesting(),
	};

	for (unsigned int i = 0; i < 4; i++)
		debug.arch.debugreg[i] = chance(50) ? interesting() : MACHINE_CODE + rnd() % 64;
	if (chance(50))
		debug.arch.debugreg[7] = 0x400 | (rnd() & 0xffff00ff);
	ioctl(vm->vcpu, KVM_SET_GUEST_DEBUG, &debug);
}

static void run(struct slot_of_vm *vm)
{
	/* Again and again, should it go off before the guest runs. */
	struct itimerval timer = { .it_value.tv_usec = 500 + rnd() % 2000,
				   .it_interval.tv_usec = 2000 };

	if (vm->run && chance(50)) {
		/* What the other side of a shared page can do. */
		vm->run->immediate_exit = chance(5);
		vm->run->request_interrupt_window = chance(20);
		if (chance(5))
			vm->run->kvm_dirty_regs = interesting();
		else
			vm->run->kvm_dirty_regs = vm->run->kvm_valid_regs = 0;
		if (chance(30))
			((unsigned char *)vm->run)[rnd() % RUN_BYTES] ^= 1 << rnd() % 8;
		if (chance(90))
			vm->run->cr8 = 0;
	}
	if (chance(10))
		set_clock(vm);
	if (chance(20))
		set_debug(vm);
	/* An earlier call may have shut out the alarm that ends the run. */
	ioctl(vm->vcpu, KVM_SET_SIGNAL_MASK, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	ioctl(vm->vcpu, KVM_RUN, chance(99) ? 0 : interesting());
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void unmap_some_memory(void)
{
	unsigned char *address = arena + rnd() % 128 * 4096;
	size_t bytes = (1 + rnd() % 16) * 4096;

	if (chance(50)) {
		madvise(address, bytes, MADV_DONTNEED);
	} else {
		munmap(address, bytes);
		if (mmap(address, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			_exit(3);
	}
}

/* What has to come before the vCPU, and a timer that ticks as fast as it may. */
static void make_irqchip(struct slot_of_vm *vm)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_pit_state2 state = {};

	if (chance(30))
		ioctl(vm->vm, KVM_ENABLE_CAP, &split);
	else
		ioctl(vm->vm, KVM_CREATE_IRQCHIP, 0);
	if (chance(70))
		ioctl(vm->vm, KVM_CREATE_PIT2, &config);
	if (chance(50)) {
		state.channels[0].mode = rnd() % 6;
		state.channels[0].gate = 1;
		state.channels[0].count = interesting();
		ioctl(vm->vm, KVM_SET_PIT2, &state);
	}
}

/* Doorbells and zones where the guest of work[] writes, and elsewhere. */
static void watch_writes(struct slot_of_vm *vm)
{
	static const uint64_t addresses[] = { 0x10, 0x40, 0x20, 0xf0000000, 0xff000 };
	uint64_t address = chance(80) ? addresses[rnd() % ARRAY_SIZE(addresses)] : interesting();
	struct kvm_ioeventfd doorbell = {
		.datamatch = chance(50) ? rnd() % 4 : interesting(),
		.addr = address,
		.len = chance(90) ? 1u << rnd() % 5 & 15 : interesting(),
		.fd = chance(90) ? eventfds[rnd() % EVENTFDS] : (int)rnd() % 64,
		.flags = chance(90) ? rnd() % 8 : interesting(),
	};
	struct kvm_coalesced_mmio_zone zone = {
		.addr = address,
		.size = chance(80) ? rnd() % 64 : interesting(),
		.pio = chance(90) ? rnd() % 2 : interesting(),
	};

	if (chance(60))
		ioctl(vm->vm, KVM_IOEVENTFD, &doorbell);
	else
		ioctl(vm->vm,
		      chance(70) ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO,
		      &zone);
}

/* Irqfds for pins and for nothing, whose resample eventfd may be another's trigger. */
static void change_irqfd(struct slot_of_vm *vm)
{
	struct kvm_irqfd irqfd = {
		.fd = chance(90) ? eventfds[rnd() % EVENTFDS] : (int)rnd() % 64,
		.gsi = chance(90) ? rnd() % 16 : interesting(),
		.flags = chance(90) ? rnd() % 4 : interesting(),
		.resamplefd = chance(90) ? eventfds[rnd() % EVENTFDS] : (int)rnd() % 64,
	};

	ioctl(vm->vm, KVM_IRQFD, &irqfd);
}

/* An eventfd may end at any time, and another take its number. */
static void change_eventfds(void)
{
	unsigned int i = rnd() % EVENTFDS;

	if (chance(50)) {
		uint64_t value = chance(90) ? 1 : interesting();

		if (write(eventfds[i], &value, sizeof(value)) < 0)
			return;
	} else {
		close(eventfds[i]);
		eventfds[i] =
			eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | (chance(20) ? EFD_SEMAPHORE : 0));
	}
}

static void one_call(void)
{
	struct slot_of_vm *vm = &vms[rnd() % VMS];
	unsigned long argument, number;
	int result;

	if (vm->vm < 0) {
		vm->vm = ioctl(device, KVM_CREATE_VM, 0);
		set_slot(vm, true);
		if (chance(50))
			make_irqchip(vm);
		return;
	}
	if (vm->vcpu < 0 && chance(50)) {
		vm->vcpu = ioctl(vm->vm, KVM_CREATE_VCPU, 0);
		/* Only the first of a VM is made: it may have been closed. */
		if (vm->vcpu < 0) {
			close_vm(vm);
			return;
		}
		vm->run = mmap(NULL, RUN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
		if (vm->run == MAP_FAILED)
			vm->run = NULL;
		boot(vm);
		return;
	}
	argument = some_buffer();
	fill_buffer(argument);
	switch (rnd() % 100) {
	case 0: close_vm(vm); break;
	case 1: unmap_some_memory(); break;
	case 2:
		if (vm->run)
			munmap(vm->run, RUN_BYTES);
		vm->run = NULL;
		break;
	case 3 ... 4: watch_writes(vm); break;
	case 5: change_irqfd(vm); break;
	case 6: change_eventfds(); break;
	case 7 ... 9: set_slot(vm, chance(50)); break;
	case 10 ... 14: boot(vm); break;
	case 15 ... 29: run(vm); break;
	case 30 ... 39:
		number = device_ioctls[rnd() % ARRAY_SIZE(device_ioctls)];
		result = ioctl(device, number, chance(80) ? argument : interesting());
		if (number == KVM_CREATE_VM && result >= 0)
			close(result);
		break;
	case 40 ... 49:
		number = vm_ioctls[rnd() % ARRAY_SIZE(vm_ioctls)];
		result = ioctl(vm->vm, number, chance(70) ? argument : interesting());
		if (number == KVM_CREATE_VCPU && result >= 0) {
			close(result);
			close_vm(vm);
		}
		break;
	case 50 ... 53: /* any number at all, on any file */
		number = chance(50) ? rnd() : 0xae00 | (rnd() & 0xff) | (rnd() & 0xffff0000);
		if (_IOC_NR(number) == _IOC_NR(KVM_RUN) || _IOC_NR(number) == 1 ||
		    _IOC_NR(number) == _IOC_NR(KVM_CREATE_VCPU))
			break;
		ioctl(chance(60) ? vm->vcpu : chance(50) ? vm->vm : device, number, argument);
		break;
	default:
		number = vcpu_ioctls[rnd() % ARRAY_SIZE(vcpu_ioctls)];
		ioctl(vm->vcpu, number, chance(95) ? argument : interesting());
		break;
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A child's whole life. */
static void fuzz(uint64_t seed, unsigned int calls)
{
	struct sigaction action = { .sa_handler = on_alarm };
	unsigned int i;

	state = seed;
	sigaction(SIGALRM, &action, NULL);
	arena = mmap(NULL, ARENA_BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hollow = mmap(NULL, HOLLOW_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		      -1, 0);
	if (arena == MAP_FAILED || read_only == MAP_FAILED || hollow == MAP_FAILED)
		_exit(2);
	munmap(arena + ARENA_BYTES, 4096);
	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0)
		_exit(2);
	for (i = 0; i < VMS; i++)
		vms[i] = (struct slot_of_vm){ .vm = -1, .vcpu = -1 };
	for (i = 0; i < EVENTFDS; i++)
		eventfds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (i = 0; i < calls; i++)
		one_call();
	/* Half of the time the kernel has to clean up. */
	if (seed & 1) {
		for (i = 0; i < VMS; i++)
			close_vm(&vms[i]);
		if (proc_number("/proc/self/status", "VmLck") != 0)
			_exit(4);
	}
	_exit(0);
}

static long kernel_memory_kb(void)
{
	return proc_number("/proc/meminfo", "SUnreclaim") +
	       proc_number("/proc/meminfo", "VmallocUsed") +
	       proc_number("/proc/meminfo", "PageTables");
}

int main(int argc, char **argv)
{
	unsigned int calls = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_CALLS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	unsigned int done, bad = 0;
	long before = 0, after, locked = proc_number("/proc/meminfo", "Mlocked");

	if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		bail_out("getrandom");
	seed |= !seed;
	note("fuzz_ioctl %u 0x%llx repeats this run", calls, (unsigned long long)seed);
	for (done = 0; done < calls; done += CALLS_PER_PROCESS) {
		unsigned int part = calls - done < CALLS_PER_PROCESS ? calls - done
								     : CALLS_PER_PROCESS;
		uint64_t child_seed = seed + done;
		pid_t child = fork();
		int status;

		if (!child)
			fuzz(child_seed, part);
		waitpid(child, &status, 0);
		if (status) {
			bad++;
			note("a process ended with status 0x%x; its seed was 0x%llx", status,
			     (unsigned long long)child_seed);
		}
		/* The first ones warm the kernel's caches up. */
		if (done <= calls / 4)
			before = kernel_memory_kb();
	}
	check(bad == 0, "%u calls: all processes lived to their end", calls);
	check(references_become(0), "the module has no references left");
	after = kernel_memory_kb();
	check(after - before < TOLERANCE_KB, "%ld kB of kernel memory more", after - before);
	check(proc_number("/proc/meminfo", "Mlocked") == locked, "no page stays locked");
	return finish();
}
