// SPDX-License-Identifier: GPL-2.0-only
/*
 * State of a vCPU beyond its registers: the FPU in XSAVE's format, XCR0, machine
 * checks, events that wait, NMIs. What is read, what is refused, and what the guest
 * makes of it.
 */
#include <string.h>

#include "selftest.h"

#define HANDLER	     (MACHINE_CODE + 0x100)
#define HANDLER_BP   (MACHINE_CODE + 0x140)
#define VECTOR_DB    1
#define VECTOR_BP    3
#define VECTOR_UD    6
#define VECTOR_PF    14
#define VECTOR_MC    18

#define XSTATE_BV    512 /* offsets in an XSAVE area */
#define XCOMP_BV     520
#define FXSAVE_FCW   0
#define FXSAVE_MXCSR 24
#define FXSAVE_XMM   160

static struct machine machine;

static uint32_t word_at(uint32_t address)
{
	uint32_t word;

	memcpy(&word, machine.memory + address, sizeof(word));
	return word;
}

/* ---- XSAVE and XCR0 --------------------------------------------------------- */

static uint64_t *wide(struct kvm_xsave *xsave, unsigned int offset)
{
	return (uint64_t *)((unsigned char *)xsave->region + offset);
}

GUEST_CODE(add, "addps %xmm0, %xmm0; movups %xmm0, 0x8000; hlt");

static void test_xsave(void)
{
	static struct kvm_xsave set, got;
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;

	check(ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE) == 1, "KVM_CAP_XSAVE");
	check(ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2) == sizeof(set),
	      "KVM_CAP_XSAVE2: how large it is");
	MACHINE_BOOT(&machine, add);
	memset(&got, 0xee, sizeof(got));
	check_done(ioctl(machine.vcpu, KVM_GET_XSAVE, &got), "KVM_GET_XSAVE");
	check(!(*wide(&got, XSTATE_BV) & ~3ULL) && !*wide(&got, XCOMP_BV),
	      "x87 and SSE in the standard format, and nothing else");
	set = got;
	*wide(&set, XSTATE_BV) = 3;
	/* 1.0, 2.0, 3.0, 4.0 */
	*wide(&set, FXSAVE_XMM) = 0x400000003f800000ULL;
	*wide(&set, FXSAVE_XMM + 8) = 0x4080000040400000ULL;
	memcpy((unsigned char *)set.region + FXSAVE_FCW, "\x7f\x02", 2);
	memcpy((unsigned char *)set.region + FXSAVE_MXCSR, "\x80\x3f\0", 4);
	check_done(ioctl(machine.vcpu, KVM_SET_XSAVE, &set), "KVM_SET_XSAVE");
	check_done(ioctl(machine.vcpu, KVM_GET_XSAVE2, &got), "KVM_GET_XSAVE2");
	check(!memcmp(wide(&set, FXSAVE_XMM), wide(&got, FXSAVE_XMM), 16) &&
		      *wide(&got, XSTATE_BV) == 3,
	      "it comes back");
	check_done(ioctl(machine.vcpu, KVM_GET_FPU, &fpu), "KVM_GET_FPU");
	check(fpu.fcw == 0x27f && fpu.mxcsr == 0x3f80 && !memcmp(fpu.xmm[0], wide(&set, 160), 16),
	      "and is what KVM_GET_FPU shows");
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.cr4 |= 0x600; /* OSFXSR, OSXMMEXCPT */
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT &&
		      word_at(0x8000) == 0x40000000 && word_at(0x800c) == 0x41000000,
	      "the guest computes with it");

	*wide(&set, XSTATE_BV) = 7;
	check_error(ioctl(machine.vcpu, KVM_SET_XSAVE, &set), EINVAL, "AVX, which it has not");
	*wide(&set, XSTATE_BV) = 3;
	*wide(&set, XCOMP_BV) = 1ULL << 63;
	check_error(ioctl(machine.vcpu, KVM_SET_XSAVE, &set), EINVAL, "the compacted format");
	*wide(&set, XCOMP_BV) = 0;
	*wide(&set, FXSAVE_MXCSR) = 0xffffffff;
	check_error(ioctl(machine.vcpu, KVM_SET_XSAVE, &set), EINVAL, "reserved bits of MXCSR");
	memset(&set, 0, sizeof(set));
	check_done(ioctl(machine.vcpu, KVM_SET_XSAVE, &set), "no component: their initial state");
	check_done(ioctl(machine.vcpu, KVM_GET_FPU, &fpu), "KVM_GET_FPU");
	check(fpu.fcw == 0x37f && !fpu.xmm[0][0], "which it is");
	check_error(ioctl(machine.vcpu, KVM_SET_XSAVE, NULL), EFAULT, "KVM_SET_XSAVE of nothing");
	check_error(ioctl(machine.vcpu, KVM_GET_XSAVE, NULL), EFAULT, "KVM_GET_XSAVE to nowhere");
	check_error(ioctl(machine.vcpu, KVM_GET_XSAVE2, NULL), EFAULT, "KVM_GET_XSAVE2 to nowhere");
}

static void test_xcrs(void)
{
	struct kvm_xcrs xcrs;

	if (!ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_XCRS)) {
		check_done(ioctl(machine.vcpu, KVM_GET_XCRS, &xcrs), "KVM_GET_XCRS");
		check(!xcrs.nr_xcrs, "a processor without XSAVE has none");
		check_error(ioctl(machine.vcpu, KVM_SET_XCRS, &xcrs), EINVAL, "to set either");
		return;
	}
	check_done(ioctl(machine.vcpu, KVM_GET_XCRS, &xcrs), "KVM_GET_XCRS");
	check(xcrs.nr_xcrs == 1 && !xcrs.flags && !xcrs.xcrs[0].xcr && xcrs.xcrs[0].value == 1,
	      "XCR0 is 1");
	check_done(ioctl(machine.vcpu, KVM_SET_XCRS, &xcrs), "KVM_SET_XCRS of the same");
	xcrs.xcrs[0].value = 3;
	check_error(ioctl(machine.vcpu, KVM_SET_XCRS, &xcrs), EINVAL, "XCR0 3, without XSAVE");
	xcrs.xcrs[0].value = 0;
	check_error(ioctl(machine.vcpu, KVM_SET_XCRS, &xcrs), EINVAL, "XCR0 0");
	xcrs.xcrs[0].xcr = 1;
	check_done(ioctl(machine.vcpu, KVM_SET_XCRS, &xcrs), "another is not looked at");
	xcrs.flags = 1;
	check_error(ioctl(machine.vcpu, KVM_SET_XCRS, &xcrs), EINVAL, "flags");
	xcrs.flags = 0;
	xcrs.nr_xcrs = 17;
	check_error(ioctl(machine.vcpu, KVM_SET_XCRS, &xcrs), EINVAL, "too many");
	check_error(ioctl(machine.vcpu, KVM_SET_XCRS, NULL), EFAULT, "KVM_SET_XCRS of nothing");
	check_error(ioctl(machine.vcpu, KVM_GET_XCRS, NULL), EFAULT, "KVM_GET_XCRS to nowhere");
}

/* ---- machine checks ----------------------------------------------------------- */

#define MCG_CTL_P  (1ULL << 8)
#define MCG_SER_P  (1ULL << 24)
#define MCI_VALID  (1ULL << 63)
#define MCI_OVER   (1ULL << 62)
#define MCI_UC	   (1ULL << 61)
#define MCI_EN	   (1ULL << 60)
#define MCI_S	   (1ULL << 56)
#define MCI_AR	   (1ULL << 55)
#define MSR_CAP	   0x179
#define MSR_STATUS 0x17a
#define MSR_CTL	   0x17b
#define MSR_BANK   0x400

static int set_msr(uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msrs = { .header.nmsrs = 1, .entry = { .index = index, .data = value } };

	return ioctl(machine.vcpu, KVM_SET_MSRS, &msrs);
}

static uint64_t get_msr(uint32_t index)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msrs = { .header.nmsrs = 1, .entry.index = index };

	return ioctl(machine.vcpu, KVM_GET_MSRS, &msrs) == 1 ? msrs.entry.data : 0xbad;
}

static void set_cr4(uint64_t bits)
{
	struct kvm_sregs sregs;

	if (ioctl(machine.vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.cr4 = bits;
	check_done(ioctl(machine.vcpu, KVM_SET_SREGS, &sregs), "CR4 0x%llx",
		   (unsigned long long)bits);
}

GUEST_CODE(idle, "nop; hlt; hlt; hlt");

static void test_setup_mce(void)
{
	uint64_t supported, capabilities;

	check(ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_MCE) == 32, "KVM_CAP_MCE: 32 banks");
	check_done(ioctl(machine.device, KVM_X86_GET_MCE_CAP_SUPPORTED, &supported),
		   "KVM_X86_GET_MCE_CAP_SUPPORTED");
	check(supported == (MCG_CTL_P | MCG_SER_P), "MCG_CTL, and errors that are survived");
	check_error(ioctl(machine.device, KVM_X86_GET_MCE_CAP_SUPPORTED, NULL), EFAULT,
		    "to nowhere");
	check(get_msr(MSR_CAP) == 32, "32 banks at first, as in KVM");
	capabilities = 0;
	check_error(ioctl(machine.vcpu, KVM_X86_SETUP_MCE, &capabilities), EINVAL, "no banks");
	capabilities = 33;
	check_error(ioctl(machine.vcpu, KVM_X86_SETUP_MCE, &capabilities), EINVAL, "33 banks");
	capabilities = 10 | 1ULL << 10;
	check_error(ioctl(machine.vcpu, KVM_X86_SETUP_MCE, &capabilities), EINVAL,
		    "interrupts for corrected errors");
	check_error(ioctl(machine.vcpu, KVM_X86_SETUP_MCE, NULL), EFAULT, "nothing");
	capabilities = 10 | supported;
	check_done(ioctl(machine.vcpu, KVM_X86_SETUP_MCE, &capabilities), "ten banks");
	check(get_msr(MSR_CAP) == capabilities && get_msr(MSR_CTL) == ~0ULL &&
		      get_msr(MSR_BANK + 36) == ~0ULL,
	      "which are on");
	check(get_msr(MSR_BANK + 40) == 0xbad, "an eleventh there is not");
	check(set_msr(MSR_CTL, 5) == 0 && set_msr(MSR_CTL, 0) == 1 && set_msr(MSR_CTL, ~0ULL) == 1,
	      "MCG_CTL is all or nothing");
	check(set_msr(MSR_BANK, 0) == 1 && set_msr(MSR_BANK, ~0ULL) == 1 &&
		      set_msr(MSR_BANK, 2) == 0,
	      "so is MC0_CTL");
	check(set_msr(MSR_BANK + 1, 1) == 1 && set_msr(MSR_BANK + 1, 0) == 1,
	      "the client may write a status");
	check(set_msr(MSR_CAP, 3) == 0, "MCG_CAP is not to be written");
	check(get_msr(0x280) == 0 && set_msr(0x280, 0) == 1 && set_msr(0x280, 1) == 0,
	      "MC0_CTL2 is nothing but 0");
}

static void test_set_mce(void)
{
	struct kvm_x86_mce mce = {
		.status = MCI_VALID | MCI_EN | 0x150,
		.addr = 0x1234,
		.misc = 0x5678,
		.bank = 2,
	};
	struct kvm_regs regs;

	check_done(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), "a corrected error");
	check(get_msr(MSR_BANK + 9) == mce.status && get_msr(MSR_BANK + 10) == 0x1234 &&
		      get_msr(MSR_BANK + 11) == 0x5678,
	      "is noted");
	check_done(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), "a second one");
	check(get_msr(MSR_BANK + 9) == (mce.status | MCI_OVER), "says that the first is lost");
	mce.bank = 10;
	check_error(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), EINVAL, "no such bank");
	mce.bank = 2;
	mce.status &= ~MCI_VALID;
	check_error(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), EINVAL, "no error");
	check_error(ioctl(machine.vcpu, KVM_X86_SET_MCE, NULL), EFAULT, "nothing");

	MACHINE_BOOT(&machine, idle);
	machine.memory[HANDLER] = 0xf4;
	machine_set_gate(&machine, VECTOR_MC, HANDLER);
	set_cr4(0x40);
	mce.status |= MCI_VALID | MCI_UC | MCI_S | MCI_AR;
	mce.mcg_status = 5;
	check_done(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), "an uncorrected one");
	check(get_msr(MSR_STATUS) == 5, "MCG_STATUS is the client's");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT, "runs");
	machine_get_regs(&machine, &regs);
	check(regs.rip == HANDLER + 1, "#MC comes to the guest's handler");
	check_done(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), "another while it is handled");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_SHUTDOWN,
	      "shuts the machine down");
	MACHINE_BOOT(&machine, idle);
	check(set_msr(MSR_STATUS, 0) == 1, "handled");
	check_done(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), "one, with CR4.MCE clear");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_SHUTDOWN,
	      "shuts it down too");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT,
	      "once: what is run after that runs");
	check(set_msr(MSR_BANK + 8, 0) == 1, "the bank is switched off");
	check_done(ioctl(machine.vcpu, KVM_X86_SET_MCE, &mce), "another");
	MACHINE_BOOT(&machine, idle);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT, "is ignored");
}

/* The guest itself: RDMSR of a bank, and WRMSR of a status that is not 0 (#GP). */
GUEST_CODE(guest_mce, "mov $0x400, %ecx; rdmsr; mov %eax, 0x8000; inc %ecx; xor %eax, %eax;"
		      "xor %edx, %edx; wrmsr; inc %eax; wrmsr; hlt");

static void test_mce_of_guest(void)
{
	struct kvm_regs regs;

	MACHINE_BOOT(&machine, guest_mce);
	machine.memory[HANDLER] = 0xf4;
	machine_set_gate(&machine, 13, HANDLER);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT, "runs");
	machine_get_regs(&machine, &regs);
	check(word_at(0x8000) == 0xffffffff, "the guest reads MC0_CTL");
	check(regs.rip == HANDLER + 1 && word_at(regs.rsp + 4) == MACHINE_CODE + 20,
	      "and may clear a status, not set it");
}

/* ---- events ------------------------------------------------------------------- */

static struct kvm_vcpu_events events;

static void get_events(void)
{
	memset(&events, 0xee, sizeof(events));
	if (ioctl(machine.vcpu, KVM_GET_VCPU_EVENTS, &events))
		check(false, "KVM_GET_VCPU_EVENTS: errno %d", errno);
}

/* Stops in the handler of one vector. */
static void expect_handler(uint32_t handler, const char *what)
{
	struct kvm_regs regs;

	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT, "%s: runs", what);
	machine_get_regs(&machine, &regs);
	if (!check(regs.rip == handler + 1, "%s", what))
		note("at 0x%llx", (unsigned long long)regs.rip);
}

static void boot_with_handlers(const char *code, const char *end)
{
	machine_boot(&machine, code, end);
	memset(&events, 0, sizeof(events));
	events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "no events");
	for (unsigned int i = 0; i < 32; i++)
		machine_set_gate(&machine, i, HANDLER);
	machine.memory[HANDLER] = 0xf4;
	machine.memory[HANDLER_BP] = 0xf4;
	machine_set_gate(&machine, VECTOR_BP, HANDLER_BP);
}
#define BOOT(name) boot_with_handlers(guest_##name, guest_##name##_end)

GUEST_CODE(int3, "int3; nop; hlt");

static void test_given_exceptions(void)
{
	struct kvm_regs regs;

	BOOT(idle);
	get_events();
	check(!events.exception.injected && !events.interrupt.injected && !events.nmi.injected &&
		      !events.nmi.pending,
	      "nothing waits");
	check(events.flags == (KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW |
			       KVM_VCPUEVENT_VALID_SMM),
	      "the flags are KVM's");
	events.exception.injected = 1;
	events.exception.nr = VECTOR_UD;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "a #UD");
	machine_get_regs(&machine, &regs);
	machine_set_regs(&machine, &regs);
	expect_handler(HANDLER, "KVM_SET_REGS does not take it away");

	BOOT(int3);
	get_events();
	events.exception.injected = 1;
	events.exception.nr = VECTOR_BP;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "a #BP at an INT3");
	get_events();
	check(!events.exception.injected, "comes again from its instruction, so none is shown");
	expect_handler(HANDLER_BP, "#BP");
	machine_get_regs(&machine, &regs);
	check(word_at(regs.rsp) == MACHINE_CODE + 1, "returns behind the INT3");
	BOOT(idle);
	get_events();
	events.exception.injected = 1;
	events.exception.nr = VECTOR_BP;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "a #BP elsewhere");
	expect_handler(HANDLER_BP, "#BP elsewhere");
	machine_get_regs(&machine, &regs);
	check(word_at(regs.rsp) == MACHINE_CODE, "returns to where it is");
}

static void test_bad_events(void)
{
	static const struct {
		uint32_t flags;
		uint8_t injected, nr;
		const char *what;
	} rows[] = {
		{ 1u << 31, 0, 0, "an unknown flag" },
		{ KVM_VCPUEVENT_VALID_PAYLOAD, 0, 0, "a payload, which nobody has asked for" },
		{ KVM_VCPUEVENT_VALID_TRIPLE_FAULT, 0, 0, "a triple fault, likewise" },
		{ 0, 1, 2, "vector 2" },
		{ 0, 1, 32, "vector 32" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&events, 0, sizeof(events));
		events.flags = rows[i].flags;
		events.exception.injected = rows[i].injected;
		events.exception.nr = rows[i].nr;
		check_error(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), EINVAL, "%s",
			    rows[i].what);
	}
	check_error(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, NULL), EFAULT, "no events");
	check_error(ioctl(machine.vcpu, KVM_GET_VCPU_EVENTS, NULL), EFAULT, "to nowhere");
	memset(&events, 0, sizeof(events));
	events.exception.pending = 1;
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events),
		   "without KVM_CAP_EXCEPTION_PAYLOAD pending is not looked at");
	get_events();
	check(!events.exception.injected && !events.exception.pending, "which it is not");
}

/* A guest that traces itself and writes to a device: the trap waits at the exit. */
GUEST_CODE(traced, "pushl $0x102; popf; movb $1, 0xf0000000; nop; hlt");

static void test_waiting_trap(void)
{
	struct kvm_debugregs debug;
	struct kvm_regs regs;

	BOOT(traced);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_MMIO, "the write");
	get_events();
	check(events.exception.injected && events.exception.nr == VECTOR_DB &&
		      !events.exception.has_error_code,
	      "the trap after it waits");
	check_done(ioctl(machine.vcpu, KVM_GET_DEBUGREGS, &debug), "KVM_GET_DEBUGREGS");
	check(debug.dr6 & 0x4000, "and DR6 tells of it by now");
	machine_get_regs(&machine, &regs);
	machine_set_regs(&machine, &regs);
	check_done(ioctl(machine.vcpu, KVM_SET_DEBUGREGS, &debug), "as a migration does");
	check_done(ioctl(machine.vcpu, KVM_SET_VCPU_EVENTS, &events), "KVM_SET_VCPU_EVENTS");
	expect_handler(HANDLER, "the trap");
	machine_get_regs(&machine, &regs);
	check(word_at(regs.rsp) == MACHINE_CODE + 13 && !(word_at(regs.rsp + 8) & 0x10000),
	      "after the write, without RF");
}

/* ---- NMI ---------------------------------------------------------------------- */

/* Waits; the handler counts. */
GUEST_CODE(nmis, "1: hlt; jmp 1b");
GUEST_CODE(nmi_handler, "incl 0x8000; hlt; iret");

static void test_nmis(void)
{
	BOOT(nmis);
	memcpy(machine.memory + HANDLER, guest_nmi_handler,
	       guest_nmi_handler_end - guest_nmi_handler);
	memset(machine.memory + 0x8000, 0, 4);
	for (unsigned int i = 0; i < 3; i++)
		check_done(ioctl(machine.vcpu, KVM_NMI, 0), "KVM_NMI");
	get_events();
	check(events.nmi.pending == 1 && !events.nmi.masked, "they wait");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT &&
		      word_at(0x8000) == 1,
	      "the first is handled");
	get_events();
	check(events.nmi.pending == 1 && events.nmi.masked, "while another waits, masked");
	check_done(ioctl(machine.vcpu, KVM_NMI, 0), "a fourth is lost: one waits already");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT &&
		      word_at(0x8000) == 2,
	      "it comes after the IRET of the first");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT &&
		      word_at(0x8000) == 2,
	      "and that was all");
	get_events();
	check(!events.nmi.pending && !events.nmi.masked, "nothing waits any more");
}

int main(void)
{
	machine_create(&machine, MACHINE_MEMORY);
	test_xsave();
	test_xcrs();
	test_setup_mce();
	test_set_mce();
	test_mce_of_guest();
	test_given_exceptions();
	test_bad_events();
	test_waiting_trap();
	test_nmis();
	machine_destroy(&machine);
	return finish();
}
