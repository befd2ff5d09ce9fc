// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: each exception arrives with its vector, its error code, the right
 * EIP (of the instruction for a fault, after it for a trap) and RF in the saved
 * flags as the manual's exception reference says.
 */
#include "guest.h"

#define NO_XM "this emulator raises no SIMD floating-point exceptions"
#define NO_AC "this emulator raises no #AC"

static u32 start;

/* A fault: at the instruction, with RF set so that it can be restarted. */
static void check_at(u32 vector, u32 error_code, const char *name)
{
	check_fault_at(vector, error_code, start, name);
}

/* A trap of an instruction of @length bytes: behind it, without RF. */
static void check_behind(u32 vector, u32 length, const char *name)
{
	check_fault_at(vector, 0, start + length, name);
	check_equal(fault.eflags & EFLAGS_RF, 0, "a trap saves RF clear");
}

static void test_divide(void)
{
	TRY_AT(start, "xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx", "i"(0));
	check_fault_at(VECTOR_DE, 0, start + 4, "DIV by zero: #DE");
	check_equal(fault.eflags & EFLAGS_RF, EFLAGS_RF, "a fault saves RF set");
	TRY_AT(start, "idivl %0", "m"((u32){ 0 }));
	check_at(VECTOR_DE, 0, "IDIV by zero in memory: #DE");
	TRY("mov $0x80000000, %%eax; cltd; mov $-1, %%ecx; idiv %%ecx", "i"(0));
	check_fault(VECTOR_DE, 0, "IDIV that overflows: #DE");
	TRY("mov $0x1000, %%eax; mov $1, %%cl; div %%cl", "i"(0));
	check_fault(VECTOR_DE, 0, "DIV that overflows: #DE");
	TRY_AT(start, "aam $0", "i"(0));
	check_at(VECTOR_DE, 0, "AAM of zero: #DE");
}

static void test_software(void)
{
	static const int bounds[2] = { -5, 5 };

	TRY_AT(start, "int3", "i"(0));
	check_behind(VECTOR_BP, 1, "INT3: #BP");
	TRY_AT(start, ".byte 0xcd, 3", "i"(0));
	check_behind(VECTOR_BP, 2, "INT 3 of two bytes: #BP");
	TRY("xor %%eax, %%eax; into", "i"(0));
	check_no_fault("INTO without overflow");
	TRY_AT(start, "mov $0x7f, %%al; inc %%al; into", "i"(0));
	check_behind(VECTOR_OF, 5, "INTO with overflow: #OF");
	TRY_AT(start, "int $0x42", "i"(0));
	check_behind(0x42, 2, "INT n");
	TRY_AT(start, "int $0x80", "i"(0));
	check_behind(0x80, 2, "INT n through a gate of DPL 3");
	TRY_AT(start, ".byte 0xf1", "i"(0));
	check_behind(VECTOR_DB, 1, "INT1: #DB");
	TRY_AT(start, "bound %0, %1", "r"(5), "m"(bounds));
	check_no_fault("BOUND of an index inside");
	TRY_AT(start, "bound %0, %1", "r"(6), "m"(bounds));
	check_at(VECTOR_BR, 0, "BOUND of one outside: #BR");
	TRY_AT(start, "bound %0, %1", "r"(-6), "m"(bounds));
	check_at(VECTOR_BR, 0, "BOUND of one below: #BR");
}

static void test_invalid(void)
{
	TRY_AT(start, "ud2", "i"(0));
	check_at(VECTOR_UD, 0, "UD2: #UD");
	TRY_AT(start, ".byte 0x0f, 0x04", "i"(0));
	check_at(VECTOR_UD, 0, "an opcode that is none: #UD");
	TRY_AT(start, ".byte 0xf0; nop", "i"(0));
	check_at(VECTOR_UD, 0, "LOCK NOP: #UD");
	TRY_AT(start, ".byte 0xf0; add %%eax, %%ecx", "i"(0));
	check_at(VECTOR_UD, 0, "LOCK ADD of a register: #UD");
	TRY_AT(start, ".byte 0xf0; cli", "i"(0));
	check_at(VECTOR_UD, 0, "LOCK of a privileged instruction: #UD");
	TRY_AT(start, ".byte 0x8e, 0xc8", "i"(0));
	check_at(VECTOR_UD, 0, "MOV to CS: #UD");
	TRY_AT(start, ".byte 0x8c, 0xf0", "i"(0));
	check_at(VECTOR_UD, 0, "MOV from a segment register that is none: #UD");
	TRY_AT(start, ".byte 0x0f, 0x01, 0xd0", "i"(0));
	check_at(VECTOR_UD, 0, "XGETBV without OSXSAVE: #UD");
	TRY_AT(start, ".byte 0x0f, 0xc7, 0xc8", "i"(0));
	check_at(VECTOR_UD, 0, "CMPXCHG8B of a register: #UD");
	TRY_AT(start, ".byte 0xc5, 0xf8, 0x77", "i"(0));
	check_at(VECTOR_UD, 0, "VZEROUPPER without OSXSAVE: #UD");
	TRY_AT(start, ".fill 15, 1, 0x3e; nop", "i"(0));
	check_at(VECTOR_GP, 0, "an instruction of 16 bytes: #GP(0)");
	TRY_AT(start, ".fill 14, 1, 0x3e; nop", "i"(0));
	check_no_fault("one of 15 bytes");
}

static void test_no_device(void)
{
	u32 cr0 = read_cr0() & ~(CR0_TS | CR0_EM | CR0_MP);

	write_cr0(cr0 | CR0_TS);
	TRY_AT(start, "fnop", "i"(0));
	check_at(VECTOR_NM, 0, "x87 with TS: #NM");
	TRY_AT(start, "fwait", "i"(0));
	check_no_fault("FWAIT with TS and without MP");
	write_cr0(cr0 | CR0_TS | CR0_MP);
	TRY_AT(start, "fwait", "i"(0));
	check_at(VECTOR_NM, 0, "FWAIT with TS and MP: #NM");
	TRY_AT(start, ".byte 0x0f, 0x6e, 0xc0", "i"(0));
	check_at(VECTOR_NM, 0, "MMX with TS: #NM");
	asm volatile("clts");
	TRY_AT(start, "fnop; fwait", "i"(0));
	check_no_fault("x87 after CLTS");
	write_cr0(cr0 | CR0_EM);
	TRY_AT(start, "fnop", "i"(0));
	check_at(VECTOR_NM, 0, "x87 with EM: #NM");
	TRY_AT(start, ".byte 0x0f, 0x6e, 0xc0", "i"(0));
	check_at(VECTOR_UD, 0, "MMX with EM: #UD");
	write_cr0(cr0);
	TRY_AT(start, ".byte 0x0f, 0x57, 0xc0", "i"(0));
	check_at(VECTOR_UD, 0, "SSE without OSFXSR: #UD");
	write_cr4(CR4_OSFXSR);
	TRY_AT(start, ".byte 0x0f, 0x57, 0xc0", "i"(0));
	check_no_fault("SSE with OSFXSR");
	write_cr0(cr0 | CR0_TS);
	TRY_AT(start, ".byte 0x0f, 0x57, 0xc0", "i"(0));
	check_at(VECTOR_NM, 0, "SSE with TS: #NM");
	write_cr0(cr0 | CR0_EM);
	TRY_AT(start, ".byte 0x0f, 0x57, 0xc0", "i"(0));
	check_at(VECTOR_UD, 0, "SSE with EM: #UD");
	write_cr4(0);
	write_cr0(cr0);
}

static void test_floating_point(void)
{
	static const u16 all_unmasked = 0x0340;
	static const u32 mxcsr_unmasked = 0, mxcsr_masked = 0x1f80;
	static const u32 zero[4] __attribute__((aligned(16))) = {};
	static const u32 ones[4]
		__attribute__((aligned(16))) = { 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000 };

	write_cr0(read_cr0() | CR0_NE);
	asm volatile("fninit; fldcw %0; fld1; fldz" ::"m"(all_unmasked));
	TRY_AT(start, ".byte 0xd8, 0xf9; nop; fwait; nop", "i"(0));
	check_fault(VECTOR_MF, 0, "x87 division by zero: #MF");
	check_equal(fault.eip, start + 3, "at the next x87 instruction that waits");
	TRY_AT(start, "fnstsw %%ax", "i"(0));
	check_no_fault("FNSTSW does not wait");
	asm volatile("fnclex");
	TRY_AT(start, "fwait", "i"(0));
	check_no_fault("none after FNCLEX");
	asm volatile("fninit");

	write_cr4(CR4_OSFXSR | CR4_OSXMMEXCPT);
	TRY("mov %0, %%eax; .byte 0x0f, 0xae, 0x10", "r"(&mxcsr_unmasked)); /* ldmxcsr (%eax) */
	TRY_AT(start, "movl %0, %%eax; movl %1, %%ecx; .byte 0x0f, 0x28, 0x00, 0x0f, 0x5e, 0x01",
	       "i"(ones), "i"(zero)); /* movaps (%eax), %xmm0; divps (%ecx), %xmm0 */
	if (fault.vector == NO_FAULT)
		skip("SSE division by zero: #XM", NO_XM);
	else
		check_fault_at(VECTOR_XM, 0, start + 13, "SSE division by zero: #XM");
	write_cr4(CR4_OSFXSR);
	TRY_AT(start, "movl %0, %%eax; movl %1, %%ecx; .byte 0x0f, 0x28, 0x00, 0x0f, 0x5e, 0x01",
	       "i"(ones), "i"(zero));
	if (fault.vector == NO_FAULT)
		skip("the same without OSXMMEXCPT: #UD", NO_XM);
	else
		check_fault_at(VECTOR_UD, 0, start + 13, "the same without OSXMMEXCPT: #UD");
	TRY("mov %0, %%eax; .byte 0x0f, 0xae, 0x10", "r"(&mxcsr_masked));
	TRY_AT(start, "mov %0, %%eax; .byte 0x0f, 0x28, 0x00", "r"((u32)ones + 4));
	check_fault_at(VECTOR_GP, 0, start + 2, "MOVAPS of a misaligned operand: #GP(0)");
	write_cr4(0);
}

static void test_protection(void)
{
	TRY_AT(start, "mov %0, %%ds", "r"(0xfff8));
	check_at(VECTOR_GP, 0xfff8, "a selector past the GDT: #GP(selector)");
	TRY_AT(start, "mov %0, %%ss", "r"(KERNEL_CS));
	check_at(VECTOR_GP, KERNEL_CS, "code into SS: #GP(selector)");
	TRY_AT(start, "mov %0, %%ss", "r"(KERNEL_DS | 3));
	check_at(VECTOR_GP, KERNEL_DS, "RPL 3 into SS: #GP(selector)");
	TRY_AT(start, "ljmp $0x10, $0", "i"(0));
	check_at(VECTOR_GP, KERNEL_DS, "a far jump to data: #GP(selector)");
	TRY_AT(start, "ljmp $0, $0", "i"(0));
	check_at(VECTOR_GP, 0, "a far jump to null: #GP(0)");
	TRY_AT(start, "lcall $0x1b, $0", "i"(0));
	check_at(VECTOR_GP, USER_CS & ~3u, "a far call outwards: #GP(selector)");
	TRY_AT(start, "push $0x10; push $0; lret", "i"(0));
	check_fault(VECTOR_GP, KERNEL_DS, "a far return to data: #GP(selector)");
	TRY_AT(start, "push $2; push $0x1000; push $0; iret", "i"(0));
	check_fault(VECTOR_GP, 0x1000, "IRET past the GDT: #GP(selector)");
	gdt[FREE(1) / 8] = descriptor(0, 0xfffff, ACCESS_CODE0 & ~0x80, FLAGS_32_4K);
	TRY_AT(start, "ljmp %0, $0", "i"(FREE(1)));
	check_at(VECTOR_NP, FREE(1), "a far jump to an absent segment: #NP(selector)");
	TRY_AT(start, "mov %0, %%cr4", "r"(1u << 31));
	check_at(VECTOR_GP, 0, "MOV to CR4 of a reserved bit: #GP(0)");
	TRY_AT(start, "mov %0, %%cr0", "r"((read_cr0() & ~CR0_PE) | CR0_PG));
	check_at(VECTOR_GP, 0, "MOV to CR0 of PG without PE: #GP(0)");
	/* A gate that is none, and one that is absent. */
	idt[0x50] = 0;
	TRY_AT(start, "int $0x50", "i"(0));
	check_at(VECTOR_GP, 0x50 * 8 + 2, "INT n without a gate: #GP(n * 8 + 2)");
	set_gate(0x50, stubs, KERNEL_CS, GATE_INTERRUPT0 & ~0x80);
	TRY_AT(start, "int $0x50", "i"(0));
	check_at(VECTOR_NP, 0x50 * 8 + 2, "INT n to an absent gate: #NP(n * 8 + 2)");
	set_gate(0x50, stubs, KERNEL_DS, GATE_INTERRUPT0);
	TRY_AT(start, "int $0x50", "i"(0));
	check_at(VECTOR_GP, KERNEL_DS, "INT n to a data segment: #GP(selector)");
	set_gate(0x50, stubs, 0, GATE_INTERRUPT0);
	TRY_AT(start, "int $0x50", "i"(0));
	check_at(VECTOR_GP, 0, "INT n to a null segment: #GP(0)");
	set_gate(0x50, stubs, FREE(1), GATE_INTERRUPT0);
	TRY_AT(start, "int $0x50", "i"(0));
	check_at(VECTOR_NP, FREE(1), "INT n to an absent segment: #NP(selector)");
	/* IRET of a nested task whose link is no TSS. */
	tss.link = KERNEL_DS;
	TRY("pushf; orl %0, (%%esp); popf; iret", "i"(EFLAGS_NT));
	check_fault(VECTOR_TS, KERNEL_DS, "IRET with NT and a bad link: #TS(selector)");
	tss.link = 0;
}

static void test_limits(void)
{
	gdt[FREE(2) / 8] = descriptor(0x1000, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	gdt[FREE(3) / 8] = descriptor(0, 0xfffff, ACCESS_DATA0 & ~2, FLAGS_32_4K);
	if (!segments_are_strict()) {
		skip("an access past the limit: #GP(0)", NOT_STRICT);
		skip("an access across the limit: #GP(0)", NOT_STRICT);
		skip("a write to read-only data: #GP(0)", NOT_STRICT);
		skip("a write to code: #GP(0)", NOT_STRICT);
		skip("an access through null: #GP(0)", NOT_STRICT);
		return;
	}
	TRY_AT(start, "mov %0, %%es; movl %%es:0x1000, %%eax", "r"(FREE(2)));
	check_fault_at(VECTOR_GP, 0, start + 2, "an access past the limit: #GP(0)");
	TRY_AT(start, "mov %0, %%es; movl %%es:0xffd, %%eax", "r"(FREE(2)));
	check_fault_at(VECTOR_GP, 0, start + 2, "an access across the limit: #GP(0)");
	TRY_AT(start, "mov %0, %%es; movl %%eax, %%es:0x1000", "r"(FREE(3)));
	check_fault_at(VECTOR_GP, 0, start + 2, "a write to read-only data: #GP(0)");
	TRY_AT(start, "movl %%eax, %%cs:0x1000", "i"(0));
	check_at(VECTOR_GP, 0, "a write to code: #GP(0)");
	TRY_AT(start, "mov %0, %%es; movl %%es:0, %%eax", "r"(0));
	check_fault_at(VECTOR_GP, 0, start + 2, "an access through null: #GP(0)");
	asm volatile("mov %0, %%es" ::"r"(KERNEL_DS));
}

static u32 user_start;

static void user_misaligned(void)
{
	static u32 words[2];

	asm volatile("movl $1f, %0\n\t"
		     "pushf; orl %2, (%%esp); popf\n\t"
		     "1: movl 1(%1), %%eax\n\t"
		     "pushf; andl %3, (%%esp); popf"
		     : "=m"(user_start)
		     : "r"(words), "i"(EFLAGS_AC), "i"(~EFLAGS_AC)
		     : "eax", "memory", "cc");
}

static void test_alignment(void)
{
	u32 cr0 = read_cr0();

	run_user(user_misaligned);
	check_no_fault("a misaligned access in ring 3 without AM");
	write_cr0(cr0 | CR0_AM);
	run_user(user_misaligned);
	if (fault.vector == NO_FAULT)
		skip("a misaligned access in ring 3 with AM and AC: #AC(0)", NO_AC);
	else
		check_fault_at(VECTOR_AC, 0, user_start,
			       "a misaligned access in ring 3 with AM and AC: #AC(0)");
	TRY("pushf; orl %0, (%%esp); popf; movl 1(%%esp), %%eax; pushf; andl %1, (%%esp); popf",
	    "i"(EFLAGS_AC), "i"(~EFLAGS_AC));
	check_no_fault("none in ring 0");
	write_cr0(cr0);
}

void guest_main(void)
{
	test_divide();
	test_software();
	test_invalid();
	test_no_device();
	test_floating_point();
	test_protection();
	test_limits();
	test_alignment();
}
