// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: SYSCALL and SYSENTER, which on some processors enter ring 0
 * without the IDT, do what the guest's own registers say or fault, in guest
 * ring 0 and ring 3; and INT n reaches the guest's gate n for all n, never the
 * host's handler of that number.
 */
#include "guest.h"

#define MSR_SYSENTER_CS 0x174

/* ---- SYSCALL and SYSENTER ---------------------------------------------- */

static void user_syscall(void)
{
	asm volatile("syscall" ::: "ecx", "memory");
}

static void user_sysenter(void)
{
	asm volatile("mov %%esp, %%ecx; sysenter" ::: "ecx", "memory");
}

static void user_sysret(void)
{
	asm volatile("sysretl");
}

static void user_sysexit(void)
{
	asm volatile("sysexit");
}

static void test_closed(void)
{
	wrmsr(MSR_SYSENTER_CS, 0);
	TRY("syscall");
	check_fault(VECTOR_UD, 0, "SYSCALL in ring 0: #UD");
	TRY("sysretl");
	check_fault(VECTOR_UD, 0, "SYSRET in ring 0: #UD");
	TRY("sysenter");
	check_fault(VECTOR_GP, 0, "SYSENTER in ring 0 without a CS: #GP(0)");
	TRY("sysexit");
	check_fault(VECTOR_GP, 0, "SYSEXIT in ring 0 without a CS: #GP(0)");
	run_user(user_syscall);
	check_fault(VECTOR_UD, 0, "SYSCALL in ring 3: #UD");
	run_user(user_sysret);
	check_fault(VECTOR_UD, 0, "SYSRET in ring 3: #UD");
	run_user(user_sysenter);
	check_fault(VECTOR_GP, 0, "SYSENTER in ring 3 without a CS: #GP(0)");
	run_user(user_sysexit);
	check_fault(VECTOR_GP, 0, "SYSEXIT in ring 3: #GP(0)");
	/* SCE is not offered: whether the write faults or not, SYSCALL does. */
	TRY("mov $0xc0000080, %%ecx; rdmsr; or $1, %%eax; wrmsr", "i"(0));
	TRY("syscall");
	check_fault(VECTOR_UD, 0, "SYSCALL after an attempt to enable it: #UD");
}

static volatile u32 landing_code __attribute__((used)), landing_width __attribute__((used));

/*
 * SYSENTER lands here, in whatever code segment it loaded. 48 FF C0 is INC RAX
 * in 64-bit code and changes nothing in any other.
 */
static u32 enter(u32 selector)
{
	u32 reached = 0;

	wrmsr(MSR_SYSENTER_CS, selector);
	clear_fault();
	asm volatile("mov %%esp, saved_esp\n\t"
		     "movl $2f, resume_address\n\t"
		     "mov $0x175, %%ecx\n\t"
		     "mov %%esp, %%eax\n\t"
		     "xor %%edx, %%edx\n\t"
		     "wrmsr\n\t"
		     "mov $0x176, %%ecx\n\t"
		     "mov $1f, %%eax\n\t"
		     "wrmsr\n"
		     "sysenter\n"
		     "1:\txor %%eax, %%eax\n\t"
		     ".byte 0x48, 0xff, 0xc0\n\t"
		     "mov %%eax, landing_width\n\t"
		     "mov %%cs, %%eax\n\t"
		     "mov %%eax, landing_code\n\t"
		     "mov $1, %0\n"
		     "2:\tmov saved_esp, %%esp\n\t"
		     "movl $0, resume_address\n\t"
		     "mov $0x10, %%eax\n\t"
		     "mov %%eax, %%ss\n\t"
		     "ljmp $0x08, $4f\n"
		     "4:"
		     : "+b"(reached)
		     :
		     : "eax", "ecx", "edx", "memory", "cc");
	return reached;
}

static void test_sysenter(void)
{
	u32 selector, wide = 0, lost = 0;

	check(enter(KERNEL_CS), "SYSENTER reaches the guest's own entry");
	check_equal(landing_code & ~3u, KERNEL_CS, "with the CS that it asked for");
	for (selector = 0xff00; selector < 0x10000; selector += 4) {
		landing_width = 0;
		lost += !enter(selector);
		wide += landing_width != 0;
	}
	check_equal(lost, 0, "SYSENTER_CS with ringlet's selectors: the guest's entry, no other");
	check_equal(wide, 0, "and never in 64-bit code");
	wrmsr(MSR_SYSENTER_CS, 0);
}

/* ---- INT n ------------------------------------------------------------- */

static volatile u8 int_code[] __attribute__((used, section(".data"))) = { 0xcd, 0, 0xc3 };

static void user_int(void)
{
	asm volatile("call int_code" ::: "memory");
}

/* The stubs of these expect an error code, which INT n does not push. */
static bool pushes_error_code(u32 vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static void set_all_gates(u8 access)
{
	u32 vector;

	for (vector = 0; vector < 256; vector++)
		set_gate((u8)vector, stubs + 16 * (pushes_error_code(vector) ? 0x60 : vector),
			 KERNEL_CS, vector == VECTOR_GP ? GATE_INTERRUPT0 : access);
	set_gate(VECTOR_GP, stubs + 16 * VECTOR_GP, KERNEL_CS, GATE_INTERRUPT0);
}

static u32 wanted_vector(u32 vector)
{
	return pushes_error_code(vector) ? 0x60 : vector;
}

static void test_interrupts(void)
{
	u32 vector, wrong = 0;

	set_all_gates(GATE_INTERRUPT0);
	for (vector = 0; vector < 256; vector++) {
		int_code[1] = (u8)vector;
		if (vector == VECTOR_GP)
			continue;
		TRY("call int_code");
		wrong += fault.vector != wanted_vector(vector);
	}
	check_equal(wrong, 0, "ring 0: INT n reaches gate n, for all n");

	for (vector = 0, wrong = 0; vector < 256; vector++) {
		int_code[1] = (u8)vector;
		run_user(user_int);
		if (fault.vector != VECTOR_GP || fault.error_code != vector * 8 + 2) {
			if (!wrong++)
				comment("vector", vector);
		}
	}
	check_equal(wrong, 0, "ring 3: INT n through a gate of DPL 0 is #GP(n * 8 + 2)");

	set_all_gates(GATE_INTERRUPT3);
	for (vector = 0, wrong = 0; vector < 256; vector++) {
		int_code[1] = (u8)vector;
		if (vector == VECTOR_GP || vector == 0x41)
			continue;
		run_user(user_int);
		if (fault.vector != wanted_vector(vector)) {
			if (!wrong++)
				comment("vector", vector);
		}
	}
	check_equal(wrong, 0, "ring 3: INT n through a gate of DPL 3 reaches gate n");
}

/* ---- registers that nobody wrote --------------------------------------- */

static u8 vectors[8 * 16] __attribute__((aligned(16)));
static u8 image[512] __attribute__((aligned(16)));

static void test_fresh_registers(void)
{
	u32 mxcsr = 0, left = 0;
	unsigned int i;

	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	asm volatile("movaps %%xmm0, (%0); movaps %%xmm1, 16(%0); movaps %%xmm2, 32(%0);"
		     "movaps %%xmm3, 48(%0); movaps %%xmm4, 64(%0); movaps %%xmm5, 80(%0);"
		     "movaps %%xmm6, 96(%0); movaps %%xmm7, 112(%0); stmxcsr %1"
		     :
		     : "r"(vectors), "m"(mxcsr)
		     : "memory");
	for (i = 0; i < sizeof(vectors); i++)
		left |= vectors[i];
	check_equal(left, 0, "XMM registers of a new machine are empty");
	asm volatile("fxsave (%0)" ::"r"(image) : "memory");
	/* XMM8..15, which 32-bit code cannot name, and the reserved area stay. */
	for (i = 32, left = 0; i < 288; i++)
		left |= image[i];
	check_equal(left, 0, "so are those of the FPU");
}

void guest_main(void)
{
	test_fresh_registers();
	test_closed();
	test_sysenter();
	test_interrupts();
}
