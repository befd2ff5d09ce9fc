// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: accesses at and across the end of the 4 GiB, by data, stack, code
 * and string instructions, through flat segments and ones with odd bases, reach
 * nothing but the guest's own memory; each wraps or faults. What the manual
 * leaves to the processor is not judged, only that the guest goes on.
 */
#include "paging.h"

/* The last 4 MB are these. */
#define TOP_FRAME  FREE_MEMORY
#define TOP	   0xffc00000u
#define TOP_OFFSET (TOP_FRAME - TOP)

static u32 directory[1024] __attribute__((aligned(4096)));
static volatile u32 survived;
/* The compiler knows too much of a constant 0. */
static volatile u32 start_of_memory;

static void map_top(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PWU;
	directory[1023] = TOP_FRAME | PAGE_PS | PAGE_PWU;
	write_cr4(read_cr4() | CR4_PSE | CR4_OSFXSR);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

/* Not judged: a fault, or none, and the guest is still here. */
#define ATTEMPT(code, ...)                                                    \
	do {                                                                  \
		TRY(code, __VA_ARGS__);                                       \
		if (fault.vector != NO_FAULT && fault.vector != VECTOR_GP &&  \
		    fault.vector != VECTOR_SS && fault.vector != VECTOR_PF && \
		    fault.vector != VECTOR_UD && fault.vector != 0x42)        \
			comment("odd vector", fault.vector);                  \
		survived++;                                                   \
	} while (0)

static void test_data(void)
{
	u32 address;

	write32(TOP_FRAME + 0x3ffffc, 0x11223344);
	check_equal(read32(0xfffffffc), 0x11223344, "the last word is the guest's own memory");
	for (address = 0xfffffff0; address != 8; address++) {
		ATTEMPT("movl (%0), %%eax", "r"(address));
		ATTEMPT("movl %%eax, (%0)", "r"(address));
		ATTEMPT("movw (%0), %%ax; lock addl $0, (%0)", "r"(address));
		ATTEMPT("movups (%0), %%xmm0; movups %%xmm0, (%0)", "r"(address));
		ATTEMPT("fldl (%0); fstpl (%0)", "r"(address));
		ATTEMPT("sgdt (%0); sidt (%0)", "r"(address));
		ATTEMPT("mov $15, %%eax; xlatb", "b"(address));
	}
	ATTEMPT("mov %0, %%esi; mov %0, %%edi; mov $16, %%ecx; rep movsb", "r"(0xfffffff8));
	ATTEMPT("mov %0, %%edi; mov $4, %%ecx; rep stosl", "r"(0xfffffffa));
	ATTEMPT("mov %0, %%esi; mov $4, %%ecx; mov $0x80, %%edx; rep outsb", "r"(0xffc00000));
	ATTEMPT("mov %0, %%edi; mov $4, %%ecx; mov $0x60, %%edx; rep insl", "r"(0xfffffffa));
	check(true, "data across 4 GiB");
}

static void put_code(u32 address, const u8 *code, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i++)
		*(volatile u8 *)(address + i) = code[i];
}

/* At the end of the 4 GiB, going on at 0. */
static void run_at_end(const u8 *code, u32 bytes, u32 before)
{
	put_code(0u - before, code, bytes);
	clear_fault();
	ATTEMPT("call *%0", "r"(0u - before));
}

static void test_code(void)
{
	static const u8 nops[] = { 0x90, 0x90, 0x90, 0xc3 };
	static const u8 move[] = { 0xb8, 1, 2, 3, 4, 0xc3 };
	static const u8 from_cr0[] = { 0x0f, 0x20, 0xc0, 0xc3 };
	static const u8 cli[] = { 0xfa, 0xfa, 0xc3 };
	static const u8 out[] = { 0xe6, 0x80, 0xc3 };
	static const u8 int3[] = { 0xcd, 0x42, 0xc3 };
	u32 before;

	for (before = 1; before <= 6; before++) {
		run_at_end(nops, sizeof(nops), before);
		run_at_end(move, sizeof(move), before);
		run_at_end(from_cr0, sizeof(from_cr0), before);
		run_at_end(cli, sizeof(cli), before);
		run_at_end(out, sizeof(out), before);
		run_at_end(int3, sizeof(int3), before);
	}
	check(true, "code across 4 GiB");
}

/* What IRET and RET find on the stack: null selectors. */
static void clear_ends(void)
{
	memset((void *)0xffffff00, 0, 0xff);
	memset((void *)start_of_memory, 0, 0x100);
}

static void test_stack(void)
{
	static const u32 pointers[] = { 0, 1,	       2,	   3,	       4,
					8, 0xffffffff, 0xfffffffe, 0xfffffffc, 0xffffffd0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		ATTEMPT("mov %0, %%esp; push %%eax; pop %%eax", "r"(pointers[i]));
		ATTEMPT("mov %0, %%esp; pusha; popa", "r"(pointers[i]));
		ATTEMPT("mov %0, %%esp; call 1f; 1: pop %%eax", "r"(pointers[i]));
		ATTEMPT("mov %0, %%esp; pushf; popf; cli", "r"(pointers[i]));
		ATTEMPT("mov %0, %%esp; enter $16, $3; leave", "r"(pointers[i]));
		ATTEMPT("mov %0, %%esp; outb %%al, $0x80; ret", "r"(pointers[i]));
		/* The frame of the exception goes there. */
		ATTEMPT("mov %0, %%esp; ud2", "r"(pointers[i] - 0x40));
		ATTEMPT("mov %0, %%esp; int $0x42", "r"(pointers[i] - 0x40));
		clear_ends();
		ATTEMPT("mov %0, %%esp; iret", "r"(pointers[i]));
		ATTEMPT("mov %0, %%esp; lret", "r"(pointers[i]));
	}
	check(true, "stacks across 4 GiB");
}

static void user_without_stack(void)
{
	asm volatile("xor %%esp, %%esp; int3; int $0x42" ::: "memory");
}

static void test_odd_bases(void)
{
	static const u32 bases[] = { 0xfffff001, 0xffffffff, 0x80000000, 0x7ffffff1, 0xfff00000 };
	const u32 probe = FREE_MEMORY + 0x800000;
	u32 value, wrong = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		u32 offset = probe - bases[i];

		write32(probe, 0xabcd0000 + i);
		gdt[FREE(0) / 8] = descriptor(bases[i], 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
		asm volatile("mov %2, %%es; movl %%es:(%1), %0; mov %3, %%es"
			     : "=&r"(value)
			     : "r"(offset), "r"(FREE(0)), "r"(KERNEL_DS));
		wrong += value != 0xabcd0000 + i;
		/* The sum again, with a stack, and exits from it. */
		ATTEMPT("mov %%ss, %%ecx; mov %0, %%ss; mov %%esp, %%edx; sub %1, %%esp;"
			"push %%ecx; outb %%al, $0x80; cli; clts; pop %%ecx;"
			"mov %%ecx, %%ss; mov %%edx, %%esp",
			"r"(FREE(0)), "r"(bases[i]));
		asm volatile("mov %0, %%ss" ::"r"(KERNEL_DS));
		/* What reaches past 4 GiB by base and offset. */
		ATTEMPT("mov %0, %%es; movl %%es:(%1), %%eax; movl %%es:(%2), %%eax", "r"(FREE(0)),
			"r"(0xffffffff), "r"(0u - bases[i] - 2));
		asm volatile("mov %0, %%es" ::"r"(KERNEL_DS));
	}
	check_equal(wrong, 0, "base plus offset wraps at 4 GiB");
	check(true, "stacks with odd bases");
}

void guest_main(void)
{
	map_top();
	test_data();
	test_code();
	test_stack();
	set_gate(0x42, stubs + 16 * 0x42, KERNEL_CS, GATE_INTERRUPT3);
	run_user(user_without_stack);
	check_equal(fault.vector, VECTOR_BP, "ring 3 without a stack: INT3 arrives");
	test_odd_bases();
	comment("attempts", survived);
}
