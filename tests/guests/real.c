// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: real mode has an interrupt table that LIDT moves and bounds, far
 * transfers that multiply by 16, segments whose limits protected mode may have
 * widened, all privileges, and none of protected mode's instructions.
 */
#include "mode16.h"

static void run(const struct snippet16 *snippet, const char *name)
{
	mode16_run(REAL, snippet);
	check(state16.vector == VECTOR_BP, name);
	if (state16.vector != VECTOR_BP) {
		comment("vector", state16.vector);
		comment("IP", state16.ip);
	}
}

static void run_to_fault(const struct snippet16 *snippet, u32 vector, u16 ip, const char *name)
{
	mode16_run(REAL, snippet);
	check(state16.vector == vector && state16.ip == ip, name);
	if (state16.vector != vector || state16.ip != ip) {
		comment("vector", state16.vector);
		comment("wanted", vector);
		comment("IP", state16.ip);
		comment("wanted", ip);
	}
	mode16_reset();
}

/* ---- interrupts ------------------------------------------------------------------ */

CODE16_SNIPPET(interrupt,
	       "pushw $0x7202; popfw; movw $0x1234, %si; int $0x60; movw %sp, %dx;"
	       "pushfw; popw %di; cli; jmp 2f;"
	       ".org interrupt_start + 0x40; movw %sp, %bp; movw (%bp), %ax; movw 2(%bp), %bx;"
	       "movw 4(%bp), %cx; pushfw; popw %si; iretw; 2: pushw $2; popfw");
CODE16_SNIPPET(table_bound, "int $0x60");
CODE16_SNIPPET(overflow, "movb $0x7f, %al; addb $1, %al; into");
CODE16_SNIPPET(bound, "boundw %ax, 0x40");
CODE16_SNIPPET(undefined, "nop; ud2");
CODE16_SNIPPET(divide, "xorw %bx, %bx; divw %bx");
CODE16_SNIPPET(step, "pushw $0x102; popfw; movw $1, %ax; movw $2, %ax");
CODE16_SNIPPET(step_string, "movw $3, %cx; movw $0x100, %di; cld; pushw $0x102; popfw; rep stosb");
CODE16_SNIPPET(ss_shadow, "pushw $0x102; popfw; movw %ss, %bx; nop");

static void test_interrupts(void)
{
	put16(0, 0x60 * 4, 0x140);
	put16(0, 0x60 * 4 + 2, CODE16);
	run(&interrupt, "INT n through the table at 0");
	check_equal(state16.eax & 0xffff, 0x100 + 9, "the frame: IP");
	check_equal(state16.ebx & 0xffff, CODE16, "CS");
	check_equal(state16.ecx & 0xffff, 0x7202, "FLAGS, with IF, IOPL and NT");
	check_equal(state16.esi & 0x7300, 0x7000, "in the handler IF and TF are clear");
	check_equal(state16.edi & 0x7fff, 0x7202, "IRET brings them back");
	check_equal(state16.edx & 0xffff, 0x8000, "SP");
	mode16_reset();

	state16.real_idt.base = 0x800;
	memcpy((void *)at16(0x80, 0), (void *)at16(0, 0), 0x400);
	put16(0x80, 0x60 * 4, 0x144);
	state16.ds = CODE16;
	run(&interrupt, "LIDT moves the table");
	mode16_reset();
	state16.real_idt.base = 0;
	state16.real_idt.limit = 0x60 * 4 - 1;
	run_to_fault(&table_bound, VECTOR_GP, 0x100, "INT n beyond its limit: #GP");
	state16.real_idt.limit = 0x60 * 4 + 2;
	run_to_fault(&table_bound, VECTOR_GP, 0x100, "or with one byte beyond it");
	state16.real_idt.limit = 0x3ff;

	run_to_fault(&overflow, VECTOR_OF, 0x105, "INTO");
	put32(DATA16, 0x40, 0x00030002);
	run_to_fault(&bound, VECTOR_BR, 0x100, "BOUND: #BR");
	run_to_fault(&undefined, VECTOR_UD, 0x101, "UD2: #UD");
	run_to_fault(&divide, VECTOR_DE, 0x102, "DIV: #DE");
	run_to_fault(&step, VECTOR_DB, 0x107, "a single step");
	mode16_run(REAL, &step_string);
	check_equal(state16.vector, VECTOR_DB, "of a repeated string instruction");
	check_equal(state16.ecx & 0xffff, 2, "comes after one iteration");
	check_equal(state16.ip, 0x10b, "at the instruction");
	mode16_reset();
	run_to_fault(&ss_shadow, VECTOR_DB, 0x106, "MOV from SS holds no step off");
}

/* ---- far transfers and segments --------------------------------------------------------- */

CODE16_SNIPPET(far, "lcall $0x2010, $0x40; movw %sp, %dx; jmp 2f;"
		    ".org far_start + 0x40; movw %sp, %bp; movw (%bp), %ax; movw 2(%bp), %bx;"
		    "movw %cs, %cx; lret; 2:");
CODE16_SNIPPET(far_indirect,
	       "movw $0x130, %cs:0x180; movw $0x2000, %cs:0x182; ljmp *%cs:0x180; hlt;"
	       ".org far_indirect_start + 0x30; pushl $0x2000; pushl $0x150; lretl;"
	       ".org far_indirect_start + 0x50; movw $0x7777, %ax");
CODE16_SNIPPET(far_beyond, ".byte 0x66, 0xea; .long 0x10000; .word 0x2000");
CODE16_SNIPPET(far_pointers, "ldsw 0x50, %si; movw %ds, %ax; lesl %ss:0x60, %edi; movw %es, %bx;"
			     "lfsw %ss:0x60, %cx; movw %fs, %dx; lssw %ss:0x70, %sp; movw %ss, %bp;"
			     "movw $0x5000, %di; movw %di, %ss; movw $0x8000, %sp");
CODE16_SNIPPET(segment_moves,
	       "pushw %cs; popw %ds; movw %ds, %ax; pushw %fs; popw %es; movw %es, %bx;"
	       "pushl %gs; popl %ecx; movw %ss, %dx; pushw $0x9999; popw %gs; movw %gs, %si");
CODE16_SNIPPET(to_cs, ".byte 0x8e, 0xc8");

static void test_transfers(void)
{
	run(&far, "CALL far and RETF");
	check_equal(state16.eax & 0xffff, 0x105, "the frame: IP");
	check_equal(state16.ebx & 0xffff, CODE16, "CS");
	check_equal(state16.ecx & 0xffff, CODE16 + 0x10, "the new CS");
	check_equal(state16.edx & 0xffff, 0x8000, "SP");
	mode16_reset();
	run(&far_indirect, "JMP far through memory, and RETF of 32 bits");
	check_equal(state16.eax & 0xffff, 0x7777, "where it went");
	mode16_reset();
	put32(DATA16, 0x50, 0x12345678);
	put32(STACK16, 0x60, 0x0000abcd);
	put16(STACK16, 0x64, 0x4321);
	put32(STACK16, 0x70, 0x51000123);
	run(&far_pointers, "LDS, LES, LFS, LSS");
	check_equal(state16.esi & 0xffff, 0x5678, "SI");
	check_equal(state16.eax & 0xffff, 0x1234, "DS");
	check_equal(state16.ebx & 0xffff, 0x4321, "ES");
	check_equal(state16.edx & 0xffff, 0, "FS");
	check_equal(state16.ebp & 0xffff, 0x5100, "SS");
	mode16_reset();
	run(&segment_moves, "segments by PUSH, POP and MOV");
	check_equal(state16.eax & 0xffff, CODE16, "DS");
	check_equal(state16.ebx & 0xffff, FS16, "ES");
	check_equal(state16.ecx & 0xffff, GS16, "GS");
	check_equal(state16.edx & 0xffff, STACK16, "SS");
	check_equal(state16.esi & 0xffff, 0x9999, "GS anew");
	check_equal(state16.gs, 0x9999, "as the state has it");
	mode16_reset();
	run_to_fault(&to_cs, VECTOR_UD, 0x100, "MOV to CS: #UD");
	if (segments_are_strict())
		run_to_fault(&far_beyond, VECTOR_GP, 0x100, "JMP far beyond 64 KiB: #GP");
}

/* ---- wide segments --------------------------------------------------------------------------- */

CODE16_SNIPPET(wide_read, "movl $0x1000000, %ebx; addr32 movl (%ebx), %eax; movw $0x4000, %cx;"
			  "movw %cx, %es; addr32 movl %es:(%ebx), %edx");
CODE16_SNIPPET(wide_copy, "cld; movl $0xff0000, %esi; movl $4, %ecx; movl $0x1000, %edi;"
			  "addr32 rep movsl");

static void test_wide(void)
{
	volatile u32 *high = (volatile u32 *)FREE_MEMORY;

	high[0] = 0x900df00d;
	high[EXTRA16 * 16 / 4] = 0x5eed5eed;
	state16.limits = MODE16_FLAT_SELECTOR;
	state16.ds = 0;
	run(&wide_read, "32-bit addresses through limits of 4 GiB");
	check_equal(state16.eax, 0x900df00d, "beyond 1 MiB");
	check_equal(state16.edx, 0x5eed5eed, "which the load of a segment keeps");
	mode16_reset();
	state16.limits = MODE16_FLAT_SELECTOR;
	state16.ds = 0x1000;
	run(&wide_copy, "REP MOVSD from there");
	check_equal(long16(EXTRA16, 0x1000), 0x900df00d, "memory");
	mode16_reset();
	if (!segments_are_strict())
		return;
	state16.ds = 0;
	run_to_fault(&wide_read, VECTOR_GP, 0x106, "and without them #GP");
}

/* ---- privileges ---------------------------------------------------------------------------------- */

CODE16_SNIPPET(flags,
	       "pushl $0x247ed7; popfl; pushfl; popl %eax; cli; pushfw; popw %bx; sti; pushfw;"
	       "popw %cx; pushl $2; popfl; pushfl; popl %edx");
CODE16_SNIPPET(control,
	       "movl %cr0, %eax; smsw %bx; movl %cr3, %ecx; movl %cr4, %edx; clts; lmsw %bx;"
	       "movl %cr0, %esi; movl %dr7, %edi");
CODE16_SNIPPET(tables, "lgdtw 0x40; sgdtl 0x50; lgdtl 0x48; sgdtl 0x58; sidtl 0x60");
CODE16_SNIPPET(machine,
	       "xorl %eax, %eax; cpuid; movl %ebx, %esi; movl $0x174, %ecx; xorl %edx, %edx;"
	       "movl $0x1234, %eax; wrmsr; xorl %eax, %eax; rdmsr; movl %eax, %edi; rdtsc;"
	       "wbinvd; invlpg 0x40");
CODE16_SNIPPET(ports,
	       "movw $0x80, %dx; outb %al, %dx; outl %eax, %dx; inb $0x80, %al; inw %dx, %ax;"
	       "cld; movw $0x40, %si; movw $3, %cx; rep outsw; movw $0x40, %di; insb");
CODE16_SNIPPET(lldt, "nop; lldt %ax");
CODE16_SNIPPET(ltr, "nop; ltr %ax");
CODE16_SNIPPET(sldt, "nop; sldt %ax");
CODE16_SNIPPET(lar, "nop; lar %ax, %bx");
CODE16_SNIPPET(verw, "nop; verw %ax");
CODE16_SNIPPET(arpl, "nop; arpl %ax, %bx");
CODE16_SNIPPET(lock_register, "nop; .byte 0xf0; addw $1, %ax");
CODE16_SNIPPET(to_paging, "movl %cr0, %eax; orl $0x80000000, %eax; movl %eax, %cr0");
CODE16_SNIPPET(sysenter, "nop; sysenter");

static void test_privileges(void)
{
	run(&flags, "POPF of 32 bits");
	check_equal(state16.eax & 0x277fd7, 0x247ed7 & 0x277fd7, "loads all but RF and VM");
	check_equal(state16.ebx & 0x200, 0, "CLI");
	check_equal(state16.ecx & 0x200, 0x200, "STI");
	check_equal(state16.edx & 0x277fd7, 2, "and all clear again");
	mode16_reset();
	run(&control, "control registers");
	check_equal(state16.eax & 0x80000001, 0, "CR0: PE and PG are clear");
	check_equal(state16.ebx & 0xffff, state16.eax & 0xffff, "SMSW shows the same");
	check_equal(state16.edi & 0xffff, 0x400, "DR7");
	mode16_reset();

	put16(DATA16, 0x40, 0x1ff);
	put32(DATA16, 0x42, 0xab000000 | (u32)gdt);
	put16(DATA16, 0x48, sizeof(gdt) - 1);
	put32(DATA16, 0x4a, (u32)gdt);
	run(&tables, "LGDT, SGDT, SIDT");
	check_equal(long16(DATA16, 0x52), (u32)gdt & 0xffffff, "a base of 24 bits");
	check_equal(long16(DATA16, 0x5a), (u32)gdt, "and of 32");
	check_equal(word16(DATA16, 0x58), sizeof(gdt) - 1, "a limit");
	check_equal(word16(DATA16, 0x60), 0x3ff, "that of the interrupt table");
	mode16_reset();
	run(&machine, "CPUID, RDMSR, WRMSR, RDTSC, WBINVD, INVLPG");
	check_equal(state16.edi, 0x1234, "an MSR keeps its value");
	mode16_reset();
	run(&ports, "ports, one by one and as strings");
	check_equal(state16.esi & 0xffff, 0x46, "SI");
	check_equal(state16.edi & 0xffff, 0x41, "DI");
	mode16_reset();
	run_to_fault(&lldt, VECTOR_UD, 0x101, "LLDT: #UD");
	run_to_fault(&ltr, VECTOR_UD, 0x101, "LTR");
	run_to_fault(&sldt, VECTOR_UD, 0x101, "SLDT");
	run_to_fault(&lar, VECTOR_UD, 0x101, "LAR");
	run_to_fault(&verw, VECTOR_UD, 0x101, "VERW");
	run_to_fault(&arpl, VECTOR_UD, 0x101, "ARPL");
	run_to_fault(&lock_register, VECTOR_UD, 0x101, "LOCK without memory");
	/* QEMU's emulation goes astray here. */
	if (segments_are_strict())
		run_to_fault(&to_paging, VECTOR_GP, 0x10c - 3, "paging without protection: #GP");
	run_to_fault(&sysenter, VECTOR_GP, 0x101, "SYSENTER: #GP");
}

/* ---- code that changes -------------------------------------------------------------------------- */

CODE16_SNIPPET(loop, "movw $0, %ax; movw $10, %cx; 1: incb %cs:(0x101 + 2f - loop_start);"
		     "2: .byte 0x05, 0, 0; loop 1b");

static void test_changing(void)
{
	run(&loop, "a loop that changes the instruction in it");
	check_equal(state16.eax & 0xffff, 55, "each time");
	mode16_reset();
}

void guest_main(void)
{
	mode16_init();
	mode16_reset();
	test_interrupts();
	test_transfers();
	test_wide();
	test_privileges();
	test_changing();
}
