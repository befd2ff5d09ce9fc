// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a vCPU's file that read and write its state, and the mapping of
 * struct kvm_run. Nothing runs here but what is needed for "after a run".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "selftest.h"

#define KVM_CR0_PE 1u
#define KVM_CR0_NW (1u << 29)
#define KVM_CR0_CD (1u << 30)
#define KVM_CR0_PG (1u << 31)

static struct machine machine;

static void test_reset_state(void)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	machine_get_regs(&machine, &regs);
	check(regs.rip == 0xfff0 && regs.rflags == 2, "reset: EIP fff0, EFLAGS 2");
	check_done(ioctl(machine.vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	check(sregs.cs.selector == 0xf000 && sregs.cs.base == 0xffff0000, "reset: CS f000");
	check((sregs.cr0 & (KVM_CR0_PE | KVM_CR0_PG)) == 0 && (sregs.cr0 & 0x10),
	      "reset: real mode");
	check(sregs.cr4 == 0 && sregs.efer == 0 && sregs.cr3 == 0, "reset: CR3, CR4, EFER 0");
}

static void test_regs(void)
{
	struct kvm_regs set = {
		.rax = 0x11111111,
		.rbx = 0x22222222,
		.rcx = 0x33333333,
		.rdx = 0x44444444,
		.rsi = 0x55555555,
		.rdi = 0x66666666,
		.rsp = 0x77777777,
		.rbp = 0x88888888,
		.rip = 0x99999999,
		.rflags = 0x247,
	};
	struct kvm_regs got;

	check_done(ioctl(machine.vcpu, KVM_SET_REGS, &set), "KVM_SET_REGS");
	check_done(ioctl(machine.vcpu, KVM_GET_REGS, &got), "KVM_GET_REGS");
	check(!memcmp(&set, &got, sizeof(set)), "registers come back");
	set.rax = 0x123456789abcdefULL;
	set.rflags = ~0ULL;
	machine_set_regs(&machine, &set);
	machine_get_regs(&machine, &got);
	check(got.rax == 0x89abcdef, "a 32-bit CPU keeps 32 bits");
	check((got.rflags & ~0x3f7fd7ULL) == 0 && (got.rflags & 2),
	      "EFLAGS has its fixed bits (0x%llx)", got.rflags);
	set.rflags = 0;
	machine_set_regs(&machine, &set);
	machine_get_regs(&machine, &got);
	check(got.rflags == 2, "bit 1 of EFLAGS is always set");
	check_error(ioctl(machine.vcpu, KVM_SET_REGS, NULL), EFAULT, "KVM_SET_REGS of nothing");
	check_error(ioctl(machine.vcpu, KVM_GET_REGS, NULL), EFAULT, "KVM_GET_REGS to nowhere");
}

static struct kvm_sregs good_sregs;

static void refuse(const char *what, const struct kvm_sregs *sregs)
{
	struct kvm_sregs got;

	check_error(ioctl(machine.vcpu, KVM_SET_SREGS, sregs), EINVAL, "KVM_SET_SREGS: %s", what);
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &got))
		bail_out("KVM_GET_SREGS");
	check(!memcmp(&got, &good_sregs, sizeof(got)), "%s: nothing was changed", what);
}

#define REFUSE(what, ...)                            \
	do {                                         \
		struct kvm_sregs sregs = good_sregs; \
		__VA_ARGS__;                         \
		refuse(what, &sregs);                \
	} while (0)

GUEST_CODE(out, "out %al, $0x10\n hlt");

static void test_sregs(void)
{
	struct kvm_sregs got;

	MACHINE_BOOT(&machine, out);
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &good_sregs))
		bail_out("KVM_GET_SREGS");
	check_done(ioctl(machine.vcpu, KVM_SET_SREGS, &good_sregs), "KVM_SET_SREGS");
	check_done(ioctl(machine.vcpu, KVM_GET_SREGS, &got), "KVM_GET_SREGS");
	check(!memcmp(&got, &good_sregs, sizeof(got)), "system registers come back");
	check(got.cs.selector == MACHINE_CODE_SELECTOR && got.cs.limit == 0xffffffff && got.cs.db,
	      "segments as they were set");

	REFUSE("CR0.PG without PE", sregs.cr0 = KVM_CR0_PG | 0x10);
	REFUSE("CR0.NW without CD", sregs.cr0 |= KVM_CR0_NW);
	REFUSE("CR0 above 32 bits", sregs.cr0 |= 1ULL << 32);
	REFUSE("CR4 bit 31", sregs.cr4 |= 1u << 31);
	REFUSE("CR4.SMEP, which CPUID does not have", sregs.cr4 |= 1 << 20);
	REFUSE("CR4.VMXE", sregs.cr4 |= 1 << 13);
	REFUSE("CR3 above 32 bits", sregs.cr3 = 1ULL << 40);
	REFUSE("EFER.LMA without LME", sregs.efer = 1 << 10);
	REFUSE("EFER.LMA without paging", sregs.efer = 5 << 8);
	REFUSE("long mode without PAE", sregs.efer = 5 << 8, sregs.cr0 |= KVM_CR0_PG);
	REFUSE("EFER, a reserved bit", sregs.efer = 1ULL << 40);
	REFUSE("a 64-bit code segment", sregs.cs.l = 1);
	REFUSE("a segment base above 4 GiB", sregs.ds.base = 1ULL << 47);
	REFUSE("a segment base in the kernel", sregs.gs.base = 0xffff888000000000ULL);
	REFUSE("a limit that no descriptor can hold", sregs.es.limit = 0x12345678);
	REFUSE("a GDT above 4 GiB", sregs.gdt.base = 1ULL << 32);
	REFUSE("an IDT above 4 GiB", sregs.idt.base = 1ULL << 32);
	REFUSE("a TSS above 4 GiB", sregs.tr.base = 1ULL << 32);
	REFUSE("an LDT above 4 GiB", sregs.ldt.base = 1ULL << 32);
	REFUSE("APIC base: reserved bits", sregs.apic_base = ~0ULL);
	check_error(ioctl(machine.vcpu, KVM_SET_SREGS, NULL), EFAULT, "KVM_SET_SREGS of nothing");
	check_error(ioctl(machine.vcpu, KVM_GET_SREGS, NULL), EFAULT, "KVM_GET_SREGS to nowhere");
}

static void test_sregs_values(void)
{
	struct kvm_sregs sregs = good_sregs, got;

	sregs.cr0 |= KVM_CR0_NW | KVM_CR0_CD;
	sregs.cr8 = 5;
	sregs.cr2 = 0x12345678;
	sregs.ds.limit = 0x1234;
	sregs.ds.g = 1;
	check_done(ioctl(machine.vcpu, KVM_SET_SREGS, &sregs), "CR0.NW with CD");
	ioctl(machine.vcpu, KVM_GET_SREGS, &got);
	check(got.cr0 == sregs.cr0 && got.cr8 == 5 && got.cr2 == 0x12345678,
	      "CR0, CR2 and CR8 come back");
	check(got.ds.limit == 0x1234 && !got.ds.g, "G follows the limit");
	sregs.interrupt_bitmap[1] = 1 << 3;
	check_done(ioctl(machine.vcpu, KVM_SET_SREGS, &sregs), "an interrupt in the bitmap");
	ioctl(machine.vcpu, KVM_GET_SREGS, &got);
	check(got.interrupt_bitmap[1] == 1 << 3 && !got.interrupt_bitmap[0],
	      "the interrupt comes back");
	check_done(ioctl(machine.vcpu, KVM_SET_SREGS, &good_sregs), "as before");
}

static void test_fpu(void)
{
	struct kvm_fpu set = { .fcw = 0x37f, .mxcsr = 0x1f80 };
	struct kvm_fpu got;
	unsigned int i;

	check_done(ioctl(machine.vcpu, KVM_GET_FPU, &got), "KVM_GET_FPU");
	for (i = 0; i < sizeof(set.xmm); i++)
		((unsigned char *)set.xmm)[i] = i * 7 + 1;
	for (i = 0; i < 8; i++)
		memset(set.fpr[i], 0x40 + i, 10);
	set.ftwx = 0xff;
	set.fsw = 0x3800;
	set.mxcsr = 0x1fa0;
	check_done(ioctl(machine.vcpu, KVM_SET_FPU, &set), "KVM_SET_FPU");
	check_done(ioctl(machine.vcpu, KVM_GET_FPU, &got), "KVM_GET_FPU");
	check(!memcmp(set.xmm, got.xmm, sizeof(set.xmm)), "the XMM registers come back");
	check(!memcmp(set.fpr, got.fpr, sizeof(set.fpr)), "the x87 registers come back");
	check(got.fcw == set.fcw && got.fsw == set.fsw && got.ftwx == set.ftwx &&
		      got.mxcsr == set.mxcsr,
	      "control and status words come back");
	set.mxcsr = 0xffff0000;
	check_error(ioctl(machine.vcpu, KVM_SET_FPU, &set), EINVAL, "reserved bits of MXCSR");
	check_error(ioctl(machine.vcpu, KVM_SET_FPU, NULL), EFAULT, "KVM_SET_FPU of nothing");
	check_error(ioctl(machine.vcpu, KVM_GET_FPU, NULL), EFAULT, "KVM_GET_FPU to nowhere");
}

struct msrs {
	struct kvm_msrs header;
	struct kvm_msr_entry entries[256];
};

static void test_msrs(void)
{
	static struct msrs msrs;

	msrs.header.nmsrs = 3;
	msrs.entries[0] = (struct kvm_msr_entry){ .index = 0x174, .data = 0x10 };
	msrs.entries[1] = (struct kvm_msr_entry){ .index = 0x175, .data = 0x12345678 };
	msrs.entries[2] = (struct kvm_msr_entry){ .index = 0x176, .data = 0x9abcdef0 };
	check(ioctl(machine.vcpu, KVM_SET_MSRS, &msrs) == 3, "three MSRs are set");
	memset(msrs.entries, 0, sizeof(msrs.entries));
	msrs.entries[0].index = 0x176;
	msrs.entries[1].index = 0x175;
	msrs.entries[2].index = 0x174;
	check(ioctl(machine.vcpu, KVM_GET_MSRS, &msrs) == 3, "three MSRs are read");
	check(msrs.entries[0].data == 0x9abcdef0 && msrs.entries[1].data == 0x12345678 &&
		      msrs.entries[2].data == 0x10,
	      "they come back");
	msrs.entries[1].index = 0x4b564dff;
	check(ioctl(machine.vcpu, KVM_GET_MSRS, &msrs) == 1, "reading stops at an unknown one");
	check(ioctl(machine.vcpu, KVM_SET_MSRS, &msrs) == 1, "writing too");
	msrs.header.nmsrs = 0;
	check(ioctl(machine.vcpu, KVM_GET_MSRS, &msrs) == 0, "an empty list");
	msrs.header.nmsrs = 256;
	check_error(ioctl(machine.vcpu, KVM_GET_MSRS, &msrs), E2BIG, "a list that is too long");
	msrs.header.nmsrs = 0xffffffff;
	check_error(ioctl(machine.vcpu, KVM_SET_MSRS, &msrs), E2BIG, "a list that is far too long");
	check_error(ioctl(machine.vcpu, KVM_GET_MSRS, NULL), EFAULT, "no list");
}

/* Every MSR of the index list can be read and written back: QEMU insists. */
static void test_msr_index_list(void)
{
	static struct msrs msrs;
	struct {
		struct kvm_msr_list header;
		uint32_t indices[255];
	} list = { .header.nmsrs = 255 };
	unsigned int i;

	if (ioctl(machine.device, KVM_GET_MSR_INDEX_LIST, &list))
		bail_out("KVM_GET_MSR_INDEX_LIST");
	msrs.header.nmsrs = list.header.nmsrs;
	for (i = 0; i < list.header.nmsrs; i++)
		msrs.entries[i].index = list.indices[i];
	check(ioctl(machine.vcpu, KVM_GET_MSRS, &msrs) == (int)list.header.nmsrs,
	      "all %u MSRs of the list can be read", list.header.nmsrs);
	check(ioctl(machine.vcpu, KVM_SET_MSRS, &msrs) == (int)list.header.nmsrs,
	      "and written back");
}

struct cpuid {
	struct kvm_cpuid2 header;
	struct kvm_cpuid_entry2 entries[257];
};

static void test_cpuid(void)
{
	static struct cpuid cpuid, got;

	cpuid.header.nent = 100;
	if (ioctl(machine.device, KVM_GET_SUPPORTED_CPUID, &cpuid))
		bail_out("KVM_GET_SUPPORTED_CPUID");
	check_done(ioctl(machine.vcpu, KVM_SET_CPUID2, &cpuid), "KVM_SET_CPUID2");
	got.header.nent = 100;
	check_done(ioctl(machine.vcpu, KVM_GET_CPUID2, &got), "KVM_GET_CPUID2");
	check(!memcmp(&got, &cpuid, sizeof(got)), "CPUID comes back");
	got.header.nent = cpuid.header.nent - 1;
	check_error(ioctl(machine.vcpu, KVM_GET_CPUID2, &got), E2BIG, "a buffer that is too small");
	check(got.header.nent == cpuid.header.nent, "it says how many there are");
	got.header.nent = 257;
	check_error(ioctl(machine.vcpu, KVM_SET_CPUID2, &got), E2BIG, "too many leaves");
	got.header.nent = 0xffffffff;
	check_error(ioctl(machine.vcpu, KVM_SET_CPUID2, &got), E2BIG, "far too many leaves");
	check_error(ioctl(machine.vcpu, KVM_SET_CPUID2, NULL), EFAULT, "KVM_SET_CPUID2 of nothing");
	check_error(ioctl(machine.vcpu, KVM_GET_CPUID2, NULL), EFAULT, "KVM_GET_CPUID2 to nowhere");
}

static void test_interrupt(void)
{
	struct kvm_interrupt interrupt = { .irq = 0x20 };
	struct kvm_vcpu_events events;
	struct kvm_sregs sregs;

	check_done(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt), "KVM_INTERRUPT");
	ioctl(machine.vcpu, KVM_GET_SREGS, &sregs);
	check(sregs.interrupt_bitmap[0] == 1ULL << 0x20, "the vector shows in the bitmap");
	interrupt.irq = 255;
	check_done(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt), "vector 255 replaces it");
	interrupt.irq = 256;
	check_error(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt), EINVAL, "vector 256");
	interrupt.irq = 0xffffffff;
	check_error(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt), EINVAL, "vector ffffffff");
	check_error(ioctl(machine.vcpu, KVM_INTERRUPT, NULL), EFAULT, "KVM_INTERRUPT of nothing");

	check_done(ioctl(machine.vcpu, KVM_GET_VCPU_EVENTS, &events), "KVM_GET_VCPU_EVENTS");
	check(events.interrupt.injected && events.interrupt.nr == 255, "it is a pending event");
	events.interrupt.injected = 0;
	events.interrupt.shadow = KVM_X86_SHADOW_INT_STI;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "KVM_SET_VCPU_EVENTS");
	check_done(ioctl(machine.vcpu, KVM_GET_VCPU_EVENTS, &events), "KVM_GET_VCPU_EVENTS");
	check(!events.interrupt.injected && events.interrupt.shadow == KVM_X86_SHADOW_INT_STI,
	      "the interrupt is gone, the shadow is there");
	events.exception.injected = 1;
	events.exception.nr = 2;
	check_error(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), EINVAL,
		    "vector 2 as an exception");
	events.exception.nr = 32;
	check_error(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), EINVAL,
		    "vector 32 as an exception");
	events.exception.injected = 0;
	events.flags = 1u << 31;
	check_error(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), EINVAL, "an unknown flag");
	events.flags = KVM_VCPUEVENT_VALID_SHADOW | KVM_VCPUEVENT_VALID_NMI_PENDING;
	events.interrupt.shadow = 0;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "no events");
	check_done(ioctl(machine.vcpu, KVM_NMI, 0), "KVM_NMI");
	ioctl(machine.vcpu, KVM_GET_VCPU_EVENTS, &events);
	check(events.nmi.pending, "an NMI is pending");
	events.nmi.pending = 0;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "no NMI");
}

static void test_debug_registers(void)
{
	struct kvm_debugregs set = { .db = { 0x1000, 0x2000, 0x3000, 0x4000 },
				     .dr6 = 0xffff0ff1,
				     .dr7 = 0x401 };
	struct kvm_debugregs got;

	check_done(ioctl(machine.vcpu, KVM_SET_DEBUGREGS, &set), "KVM_SET_DEBUGREGS");
	check_done(ioctl(machine.vcpu, KVM_GET_DEBUGREGS, &got), "KVM_GET_DEBUGREGS");
	check(!memcmp(&set, &got, sizeof(set)), "debug registers come back");
	set.db[2] = 0xffff888000000000ULL;
	check_error(ioctl(machine.vcpu, KVM_SET_DEBUGREGS, &set), EINVAL,
		    "a breakpoint in the kernel");
	set.db[2] = 0;
	set.dr7 = 1ULL << 32;
	check_error(ioctl(machine.vcpu, KVM_SET_DEBUGREGS, &set), EINVAL, "DR7 above 32 bits");
	set.dr7 = 0;
	set.flags = 1;
	check_error(ioctl(machine.vcpu, KVM_SET_DEBUGREGS, &set), EINVAL, "a flag");
	memset(&set, 0, sizeof(set));
	check_done(ioctl(machine.vcpu, KVM_SET_DEBUGREGS, &set), "no breakpoints");
}

static void test_mp_state(void)
{
	struct kvm_mp_state state = { .mp_state = 77 };

	check_done(ioctl(machine.vcpu, KVM_GET_MP_STATE, &state), "KVM_GET_MP_STATE");
	check(state.mp_state == KVM_MP_STATE_RUNNABLE, "runnable");
	check_done(ioctl(machine.vcpu, KVM_SET_MP_STATE, &state), "KVM_SET_MP_STATE runnable");
	state.mp_state = KVM_MP_STATE_HALTED;
	check_error(ioctl(machine.vcpu, KVM_SET_MP_STATE, &state), EINVAL,
		    "halted is a state of an APIC in the kernel");
	state.mp_state = 99;
	check_error(ioctl(machine.vcpu, KVM_SET_MP_STATE, &state), EINVAL, "no such state");
	check_error(ioctl(machine.vcpu, KVM_SET_MP_STATE, NULL), EFAULT, "no structure");
}

static void test_signal_mask(void)
{
	struct {
		struct kvm_signal_mask header;
		uint64_t mask;
	} __attribute__((packed)) mask = { .header.len = 8 };

	check_done(ioctl(machine.vcpu, KVM_SET_SIGNAL_MASK, &mask), "KVM_SET_SIGNAL_MASK");
	check_done(ioctl(machine.vcpu, KVM_SET_SIGNAL_MASK, NULL), "no signal mask");
	mask.header.len = 4;
	check_error(ioctl(machine.vcpu, KVM_SET_SIGNAL_MASK, &mask), EINVAL,
		    "a mask of another size");
	check_error(ioctl(machine.vcpu, KVM_SET_SIGNAL_MASK, 8), EFAULT, "a bad address");
}

static void test_translate(void)
{
	struct kvm_translation translation = { .linear_address = 0x12345 };

	check_done(ioctl(machine.vcpu, KVM_TRANSLATE, &translation), "KVM_TRANSLATE");
	check(translation.valid && translation.physical_address == 0x12345,
	      "paging off: the address itself");
	translation.linear_address = 1ULL << 32;
	check_done(ioctl(machine.vcpu, KVM_TRANSLATE, &translation), "an address above 4 GiB");
	check(!translation.valid, "is not valid");
	check_error(ioctl(machine.vcpu, KVM_TRANSLATE, NULL), EFAULT, "KVM_TRANSLATE of nothing");
}

static void test_translate_paging(void)
{
	uint32_t *directory = (uint32_t *)(machine.memory + 0x20000);
	uint32_t *table = (uint32_t *)(machine.memory + 0x21000);
	struct kvm_translation translation = { .linear_address = 0x00403123 };
	struct kvm_sregs sregs = good_sregs;

	directory[1] = 0x21000 | 3;
	table[3] = 0x7000 | 1;
	sregs.cr3 = 0x20000;
	sregs.cr0 |= KVM_CR0_PG;
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	check_done(ioctl(machine.vcpu, KVM_TRANSLATE, &translation), "KVM_TRANSLATE with paging");
	check(translation.valid && translation.physical_address == 0x7123,
	      "through the page table");
	translation.linear_address = 0x00404000;
	check_done(ioctl(machine.vcpu, KVM_TRANSLATE, &translation), "KVM_TRANSLATE of nothing");
	check(!translation.valid && translation.physical_address == ~0ULL, "is not valid");
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &good_sregs))
		bail_out("KVM_SET_SREGS");
}

static void test_own(void)
{
	struct ringlet_guest_root_page pages[64];
	struct ringlet_guest_root root = { .capacity = 64, .pages = (uintptr_t)pages };
	struct ringlet_stop_reason reason = { .text = "untouched" };
	struct ringlet_statistics statistics;
	pid_t child;
	int status;

	memset(&statistics, 0xff, sizeof(statistics));
	check_done(ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &statistics),
		   "RINGLET_GET_STATISTICS");
	check(statistics.reserved[ARRAY_SIZE(statistics.reserved) - 1] == 0 &&
		      statistics.exits_slow == 0,
	      "nothing has run, and nothing of the stack shows");
	check_error(ioctl(machine.vcpu, RINGLET_GET_STATISTICS, NULL), EFAULT,
		    "RINGLET_GET_STATISTICS to nowhere");
	check_done(ioctl(machine.vcpu, RINGLET_GET_STOP_REASON, &reason),
		   "RINGLET_GET_STOP_REASON");
	check(!reason.text[0], "no reason to stop");
	check_error(ioctl(machine.vcpu, RINGLET_GET_STOP_REASON, NULL), EFAULT,
		    "RINGLET_GET_STOP_REASON to nowhere");
	check_done(ioctl(machine.vcpu, RINGLET_READ_GUEST_ROOT, &root), "RINGLET_READ_GUEST_ROOT");
	check(root.capacity == 64 && root.pages == (uintptr_t)pages, "its input is as it was");
	root.capacity = 0xffffffff;
	check_error(ioctl(machine.vcpu, RINGLET_READ_GUEST_ROOT, &root), E2BIG,
		    "far too many elements");
	check_error(ioctl(machine.vcpu, RINGLET_READ_GUEST_ROOT, NULL), EFAULT,
		    "RINGLET_READ_GUEST_ROOT of nothing");

	/* Without CAP_SYS_ADMIN: a thread of this process, or it would be EIO. */
	child = vfork();
	if (!child) {
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		_exit(ioctl(machine.vcpu, RINGLET_READ_GUEST_ROOT, &root) < 0 && errno == EPERM
			      ? 0
			      : 1);
	}
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "host addresses are for CAP_SYS_ADMIN only");
}

static void test_unknown(void)
{
	check_error(ioctl(machine.vcpu, KVM_GET_LAPIC, 0), EINVAL, "KVM_GET_LAPIC");
	check_error(ioctl(machine.vcpu, KVM_CREATE_VCPU, 0), EINVAL, "a VM ioctl on the vCPU");
	check_error(ioctl(machine.vcpu, 0xdeadbeef, 0), EINVAL, "an ioctl that does not exist");
	check_error(ioctl(machine.vcpu, KVM_RUN, 1), EINVAL, "KVM_RUN takes no argument");
	machine.run->kvm_dirty_regs = 1;
	check_error(ioctl(machine.vcpu, KVM_RUN, 0), EINVAL, "no KVM_CAP_SYNC_REGS: dirty regs");
	machine.run->kvm_dirty_regs = 0;
	machine.run->kvm_valid_regs = 1;
	check_error(ioctl(machine.vcpu, KVM_RUN, 0), EINVAL, "no KVM_CAP_SYNC_REGS: valid regs");
	machine.run->kvm_valid_regs = 0;
	machine.run->cr8 = 16;
	check_error(ioctl(machine.vcpu, KVM_RUN, 0), EINVAL, "CR8 has four bits");
	machine.run->cr8 = 0;
}

static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

/* Whether writing there is a bus error. */
static bool is_bus_error(volatile char *address)
{
	if (sigsetjmp(bus_error, 1))
		return true;
	*address = 1;
	return false;
}

static void test_mapping(void)
{
	long page = getpagesize();
	volatile char *area;

	signal(SIGBUS, on_bus_error);
	area = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, machine.vcpu, 0);
	check(area != MAP_FAILED, "a mapping that is too long");
	area[0] = area[3 * page - 1];
	check(is_bus_error(area + 3 * page), "there is nothing behind the third page");
	munmap((void *)area, 4 * page);
	area = mmap(NULL, page, PROT_READ, MAP_PRIVATE, machine.vcpu, page);
	check(area != MAP_FAILED && area[0] == 0, "the data page, private");
	munmap((void *)area, page);
	signal(SIGBUS, SIG_DFL);
}

int main(void)
{
	machine_create(&machine, MACHINE_MEMORY);
	test_reset_state();
	test_regs();
	test_sregs();
	test_sregs_values();
	test_fpu();
	test_msrs();
	test_msr_index_list();
	test_cpuid();
	test_interrupt();
	test_debug_registers();
	test_mp_state();
	test_signal_mask();
	test_translate();
	test_translate_paging();
	test_own();
	test_unknown();
	test_mapping();
	machine_destroy(&machine);
	return finish();
}
