// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: what the virtual CPU does not have is not there in any ring that
 * a control bit reaches: CR4 refuses its bits and MSRs are #GP in ring 0, and in
 * ring 3, which runs directly, the guest's CR4 decides on XGETBV, AVX, SSE and
 * RDTSC, and CPUID says that the kernel does not save AVX state.
 */
#include "guest.h"

#define CR4_VME	    1u
#define CR4_PVI	    2u
#define CR4_VMXE    (1u << 13)
#define CR4_OSXSAVE (1u << 18)
#define CR4_PKE	    (1u << 22)

#define OSXSAVE	    (1u << 27)

/* Of a processor with registers for machine checks, MTRRs, SPEC_CTRL, x2APIC, VMX, SVM. */
static const struct {
	u32 index;
	const char *name;
} absent[] = {
	{ 0x17b, "MCG_CTL: #GP" },	    { 0xfe, "MTRRCAP: #GP" },
	{ 0x2ff, "MTRR_DEF_TYPE: #GP" },    { 0x48, "SPEC_CTRL: #GP" },
	{ 0x802, "x2APIC ID: #GP" },	    { 0x480, "VMX_BASIC: #GP" },
	{ 0xc0010114, "AMD's VM_CR: #GP" }, { 0xc0000081, "STAR: #GP" },
	{ 0xc0000103, "TSC_AUX: #GP" },	    { 0x3b, "TSC_ADJUST: #GP" },
	{ 0x280, "MC0_CTL2: #GP" },	    { 0x4b564d02, "ASYNC_PF_EN: #GP" },
};

static volatile u32 ecx_of_leaf1;

static void user_cpuid(void)
{
	u32 eax = 1, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	ecx_of_leaf1 = ecx;
}

static void user_xgetbv(void)
{
	asm volatile(".byte 0x0f, 0x01, 0xd0" ::"c"(0) : "eax", "edx");
}

static void user_vzeroupper(void)
{
	asm volatile(".byte 0xc5, 0xf8, 0x77");
}

static void user_sse(void)
{
	asm volatile("xorps %xmm0, %xmm0");
}

static void user_rdtsc(void)
{
	rdtsc();
}

static void user_syscall(void)
{
	asm volatile("syscall" ::: "ecx");
}

static bool has_rdrand(void)
{
	user_cpuid();
	return ecx_of_leaf1 >> 30 & 1;
}

/* The processor's own, whoever executes it. */
static void test_random(void)
{
	u32 first = 0, value;
	bool differ = false;

	if (!has_rdrand()) {
		TRY("rdrand %%eax", "i"(0));
		check(fault.vector == VECTOR_UD || fault.vector == NO_FAULT,
		      "RDRAND that CPUID does not show");
		return;
	}
	for (unsigned int i = 0; i < 16; i++) {
		u8 carry;

		do {
			asm volatile("rdrand %0; setc %1" : "=r"(value), "=q"(carry)::"cc");
		} while (!carry);
		if (!i)
			first = value;
		differ |= value != first;
	}
	check(differ, "RDRAND gives numbers that differ");
}

static void test_control_bits(void)
{
	static const struct {
		u32 bit;
		const char *name;
	} bits[] = {
		{ CR4_VME, "CR4.VME: #GP" },   { CR4_PVI, "CR4.PVI: #GP" },
		{ CR4_VMXE, "CR4.VMXE: #GP" }, { CR4_OSXSAVE, "CR4.OSXSAVE: #GP" },
		{ CR4_PKE, "CR4.PKE: #GP" },
	};
	u32 cr4 = read_cr4();

	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
		TRY("mov %0, %%cr4", "r"(cr4 | bits[i].bit));
		check_fault(VECTOR_GP, 0, bits[i].name);
	}
	check_equal(read_cr4(), cr4, "CR4 is as before");
}

static void test_ring3(void)
{
	u32 cr4 = read_cr4() & ~(CR4_OSFXSR | CR4_TSD);

	write_cr0(read_cr0() & ~(CR0_TS | CR0_EM));
	write_cr4(cr4);
	run_user(user_cpuid);
	check_no_fault("CPUID in ring 3");
	check_equal(ecx_of_leaf1 & OSXSAVE, 0, "it says that there is no XSAVE");
	run_user(user_xgetbv);
	check_fault(VECTOR_UD, 0, "XGETBV in ring 3: #UD");
	run_user(user_vzeroupper);
	check_fault(VECTOR_UD, 0, "VZEROUPPER in ring 3: #UD");
	run_user(user_syscall);
	check_fault(VECTOR_UD, 0, "SYSCALL in ring 3: #UD");
	run_user(user_sse);
	check_fault(VECTOR_UD, 0, "SSE in ring 3 without OSFXSR: #UD");
	write_cr4(cr4 | CR4_OSFXSR);
	run_user(user_sse);
	check_no_fault("SSE in ring 3 with OSFXSR");
	run_user(user_rdtsc);
	check_no_fault("RDTSC in ring 3");
	write_cr4(cr4 | CR4_TSD);
	run_user(user_rdtsc);
	check_fault(VECTOR_GP, 0, "RDTSC in ring 3 with TSD: #GP");
	write_cr4(cr4);
}

void guest_main(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(absent); i++) {
		TRY("mov %0, %%ecx; rdmsr", "r"(absent[i].index));
		check_fault(VECTOR_GP, 0, absent[i].name);
	}
	test_control_bits();
	test_random();
	test_ring3();
}
