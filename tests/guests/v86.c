// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: virtual-8086 mode is ring 3 with rules of its own: what IOPL
 * guards, what it may never do, ports by the I/O map alone, interrupts that
 * leave it with nine words on ring 0's stack, entry by IRET and by task switch,
 * and a monitor that hands interrupts back to it.
 */
#include "mode16.h"
#include "paging.h"

#define IOPL3	   EFLAGS_IOPL
#define V86_TASK   FREE(4)
#define OTHER_CODE FREE(5)

static struct tss task __attribute__((aligned(256)));
static u32 directory[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));

static void expect_fault(const struct snippet16 *snippet, u32 vector, u32 error_code, u16 ip,
			 const char *name)
{
	bool good;

	mode16_run(V86, snippet);
	good = state16.vector == vector && state16.error_code == error_code && state16.ip == ip;
	check(good, name);
	if (!good) {
		comment("vector", state16.vector);
		comment("wanted", vector);
		comment("error code", state16.error_code);
		comment("wanted", error_code);
		comment("IP", state16.ip);
		comment("wanted", ip);
	}
	mode16_reset();
}

/* ---- what IOPL guards ------------------------------------------------------------- */

CODE16_SNIPPET(cli, "nop; cli");
CODE16_SNIPPET(sti, "nop; sti");
CODE16_SNIPPET(pushf, "nop; pushfw");
CODE16_SNIPPET(popf, "nop; popfw");
CODE16_SNIPPET(interrupt, "nop; int $0x60");
CODE16_SNIPPET(iret, "nop; iretw");
CODE16_SNIPPET(pushfd, "nop; pushfl");
CODE16_SNIPPET(into, "movb $0x7f, %al; addb $1, %al; into");
CODE16_SNIPPET(allowed, "cli; pushfw; popw %ax; sti; pushfw; popw %bx; pushw $0x0ed7; popfw;"
			"pushfw; popw %cx; pushl $0x7ed7; popfl; pushfl; popl %edx; cli");
CODE16_SNIPPET(iret_within, "pushw $0x0ad5; pushw %cs; pushw $0x140; iretw;"
			    ".org iret_within_start + 0x40; pushfw; popw %ax");

static void test_iopl(void)
{
	expect_fault(&cli, VECTOR_GP, 0, 0x101, "CLI at IOPL 0: #GP(0)");
	expect_fault(&sti, VECTOR_GP, 0, 0x101, "STI");
	expect_fault(&pushf, VECTOR_GP, 0, 0x101, "PUSHF");
	expect_fault(&pushfd, VECTOR_GP, 0, 0x101, "PUSHFD");
	expect_fault(&popf, VECTOR_GP, 0, 0x101, "POPF");
	expect_fault(&interrupt, VECTOR_GP, 0, 0x101, "INT n");
	expect_fault(&iret, VECTOR_GP, 0, 0x101, "IRET");
	expect_fault(&into, VECTOR_OF, 0, 0x105, "INTO is allowed");

	state16.eflags |= IOPL3;
	mode16_run(V86, &allowed);
	check_equal(state16.vector, VECTOR_BP, "all are at IOPL 3");
	check_equal(state16.eax & 0xfeff, 0x3002 | (state16.eax & 0xd5), "PUSHF shows IF and IOPL");
	check_equal(state16.ebx & 0x3200, 0x3200, "after STI too");
	check_equal(state16.ecx & 0x7fd7, 0x3ed7, "POPF loads flags, not IOPL");
	check_equal(state16.edx & 0x77fd7, 0x7ed7, "of 32 bits, with NT, and without VM and RF");
	mode16_reset();

	state16.eflags |= IOPL3;
	mode16_run(V86, &iret_within);
	check_equal(state16.vector, VECTOR_BP, "IRET within virtual-8086 mode");
	check_equal(state16.eax & 0x3ed5, 0x3ad5, "its flags, not IOPL");
	mode16_reset();

	set_gate(0x60, stubs + 16 * 0x60, KERNEL_CS, GATE_INTERRUPT0);
	state16.eflags |= IOPL3;
	expect_fault(&interrupt, VECTOR_GP, 0x60 * 8 + 2, 0x101,
		     "INT n at IOPL 3 through a gate of ring 0: #GP(n)");
	set_gate(0x60, stubs + 16 * 0x60, KERNEL_CS, GATE_INTERRUPT3);
	state16.eflags |= IOPL3;
	expect_fault(&interrupt, 0x60, 0, 0x103, "through one of ring 3");
	gdt[OTHER_CODE / 8] = descriptor(0, 0xfffff, ACCESS_CODE3, FLAGS_32_4K);
	set_gate(0x60, stubs + 16 * 0x60, OTHER_CODE, GATE_INTERRUPT3);
	state16.eflags |= IOPL3;
	expect_fault(&interrupt, VECTOR_GP, OTHER_CODE, 0x101,
		     "through one to another ring than 0: #GP(selector)");
	gdt[OTHER_CODE / 8] = descriptor(0, 0xfffff, ACCESS_CODE0 | 4, FLAGS_32_4K);
	state16.eflags |= IOPL3;
	expect_fault(&interrupt, VECTOR_GP, OTHER_CODE, 0x101, "through one to conforming code");
	set_gate(0x60, stubs + 16 * 0x60, KERNEL_CS, GATE_INTERRUPT3);
}

/* ---- what it may never do ------------------------------------------------------------ */

CODE16_SNIPPET(hlt, "hlt");
CODE16_SNIPPET(clts, "clts");
CODE16_SNIPPET(from_cr0, "movl %cr0, %eax");
CODE16_SNIPPET(to_cr3, "movl %eax, %cr3");
CODE16_SNIPPET(from_dr7, "movl %dr7, %eax");
CODE16_SNIPPET(lgdt, "lgdtl 0x40");
CODE16_SNIPPET(lidt, "lidtl 0x40");
CODE16_SNIPPET(lmsw, "lmsw %ax");
CODE16_SNIPPET(flush_page, "invlpg 0x40");
CODE16_SNIPPET(wbinvd, "wbinvd");
CODE16_SNIPPET(read_msr, "rdmsr");
CODE16_SNIPPET(lldt, "lldt %ax");
CODE16_SNIPPET(ltr, "ltr %ax");
CODE16_SNIPPET(sldt, "sldt %ax");
CODE16_SNIPPET(str, "str %ax");
CODE16_SNIPPET(lar, "lar %ax, %bx");
CODE16_SNIPPET(lsl, "lsl %ax, %bx");
CODE16_SNIPPET(verr, "verr %ax");
CODE16_SNIPPET(arpl, "arpl %ax, %bx");
CODE16_SNIPPET(to_cs, ".byte 0x8e, 0xc8");
CODE16_SNIPPET(lock_register, ".byte 0xf0; addw $1, %ax");
CODE16_SNIPPET(locked, "lock addw %ax, 0x40; lock xaddb %bl, 0x41; lock cmpxchg8b 0x48");

static void test_never(void)
{
	expect_fault(&hlt, VECTOR_GP, 0, 0x100, "HLT: #GP(0)");
	expect_fault(&clts, VECTOR_GP, 0, 0x100, "CLTS");
	expect_fault(&from_cr0, VECTOR_GP, 0, 0x100, "MOV from CR0");
	expect_fault(&to_cr3, VECTOR_GP, 0, 0x100, "MOV to CR3");
	expect_fault(&from_dr7, VECTOR_GP, 0, 0x100, "MOV from DR7");
	expect_fault(&lgdt, VECTOR_GP, 0, 0x100, "LGDT");
	expect_fault(&lidt, VECTOR_GP, 0, 0x100, "LIDT");
	expect_fault(&lmsw, VECTOR_GP, 0, 0x100, "LMSW");
	expect_fault(&flush_page, VECTOR_GP, 0, 0x100, "INVLPG");
	expect_fault(&wbinvd, VECTOR_GP, 0, 0x100, "WBINVD");
	expect_fault(&read_msr, VECTOR_GP, 0, 0x100, "RDMSR");
	expect_fault(&lldt, VECTOR_UD, 0, 0x100, "LLDT: #UD");
	expect_fault(&ltr, VECTOR_UD, 0, 0x100, "LTR");
	expect_fault(&sldt, VECTOR_UD, 0, 0x100, "SLDT");
	expect_fault(&str, VECTOR_UD, 0, 0x100, "STR");
	expect_fault(&lar, VECTOR_UD, 0, 0x100, "LAR");
	expect_fault(&lsl, VECTOR_UD, 0, 0x100, "LSL");
	expect_fault(&verr, VECTOR_UD, 0, 0x100, "VERR");
	expect_fault(&arpl, VECTOR_UD, 0, 0x100, "ARPL");
	expect_fault(&to_cs, VECTOR_UD, 0, 0x100, "MOV to CS");
	expect_fault(&lock_register, VECTOR_UD, 0, 0x100, "LOCK without memory");
	put16(DATA16, 0x40, 5);
	mode16_run(V86, &locked);
	check_equal(word16(DATA16, 0x40), 0x0406, "LOCK ADD, LOCK XADD");
	mode16_reset();
}

/* ---- ports ------------------------------------------------------------------------------ */

#define PORT 0x80

CODE16_SNIPPET(out_byte, "outb %al, $0x80");
CODE16_SNIPPET(out_word, "outw %ax, $0x80");
CODE16_SNIPPET(in_long, "inl $0x80, %eax");
CODE16_SNIPPET(out_string, "cld; movw $0x80, %dx; movw $3, %cx; movw $0xffff, %si; rep outsb");
CODE16_SNIPPET(in_string, "cld; movw $0x80, %dx; movw $4, %cx; movw $0x50, %di; rep insb");

static void allow(u16 port, bool allowed)
{
	if (allowed)
		tss.io_bitmap[port / 8] &= (u8) ~(1u << (port & 7));
	else
		tss.io_bitmap[port / 8] |= (u8)(1u << (port & 7));
}

static void test_ports(void)
{
	unsigned int i;

	state16.eflags |= IOPL3;
	expect_fault(&out_byte, VECTOR_GP, 0, 0x100, "OUT, whatever IOPL is: #GP(0)");
	allow(PORT, true);
	expect_fault(&out_byte, VECTOR_BP, 0, 0x103, "a port that the map opens");
	expect_fault(&out_word, VECTOR_GP, 0, 0x100, "a word with a closed port in it");
	allow(PORT + 1, true);
	expect_fault(&out_word, VECTOR_BP, 0, 0x103, "with both open");
	allow(PORT + 3, true);
	expect_fault(&in_long, VECTOR_GP, 0, 0x100, "a doubleword with one closed of four");
	allow(PORT + 2, true);
	expect_fault(&in_long, VECTOR_BP, 0, 0x104, "with all open");
	put16(DATA16, 0, 0x4241);
	*at16(DATA16, 0xffff) = 0x40;
	mode16_run(V86, &out_string);
	check_equal(state16.esi & 0xffff, 2, "REP OUTSB, and SI wraps");
	check_equal(state16.ecx & 0xffff, 0, "CX");
	mode16_reset();
	memset((void *)at16(EXTRA16, 0x50), 0, 8);
	mode16_run(V86, &in_string);
	check_equal(state16.edi & 0xffff, 0x54, "REP INSB");
	check_equal(*at16(EXTRA16, 0x54), 0, "and nothing after it");
	mode16_reset();
	for (i = 0; i < 4; i++)
		allow((u16)(PORT + i), false);
	expect_fault(&out_string, VECTOR_GP, 0, 0x10a, "REP OUTSB on a closed port");
	tss.io_map = sizeof(tss);
	allow(PORT, true);
	expect_fault(&out_byte, VECTOR_GP, 0, 0x100, "a map beyond the TSS opens nothing");
	tss.io_map = offsetof(struct tss, io_bitmap);
	allow(PORT, false);
}

/* ---- out and in again ---------------------------------------------------------------------- */

static volatile u32 handled, seen_ds, seen_gs, seen_flags;

/* A monitor: INT n goes to the table at 0 of the guest's own memory. */
static void reflect(struct frame *frame)
{
	u32 *after = &frame->ss + 1;
	u16 *stack;
	u32 vector;

	handled++;
	seen_ds = frame->ds;
	seen_gs = frame->gs;
	seen_flags = eflags();
	vector = *((u8 *)(frame->cs * 16 + frame->eip) + 1);
	frame->esp = (frame->esp - 6) & 0xffff;
	stack = (u16 *)(frame->ss * 16 + frame->esp);
	stack[0] = (u16)(frame->eip + 2);
	stack[1] = (u16)frame->cs;
	stack[2] = (u16)frame->eflags;
	frame->eip = word16(0, (u16)(vector * 4));
	frame->cs = word16(0, (u16)(vector * 4 + 2));
	after[0] = 0x4321; /* ES */
}

CODE16_SNIPPET(reflected, "movw $0x1234, %ax; nop; int $0x61; movw %es, %cx; movw %bp, %dx; jmp 2f;"
			  "1: movw %sp, %bx; movw %bx, %bp; movw (%bp), %ax; movw 2(%bp), %si;"
			  "movw 4(%bp), %di; addw $6, %sp; pushw %si; pushw %ax; lretw; 2:");

static void test_reflection(void)
{
	put16(0, 0x61 * 4, 0x100 + 12); /* label 1 */
	put16(0, 0x61 * 4 + 2, CODE16);
	mode16_keep(VECTOR_GP, reflect);
	state16.eflags |= 0x8d5;
	mode16_run(V86, &reflected);
	mode16_keep(VECTOR_GP, NULL);
	check_equal(state16.vector, VECTOR_BP, "an interrupt that the monitor hands back");
	check_equal(handled, 1, "it came once");
	check_equal((seen_ds | seen_gs) & 0xffff, 0, "DS and GS are null in the handler");
	check_equal(seen_flags & EFLAGS_VM, 0, "VM is clear");
	check_equal(state16.ebx & 0xffff, 0x7ffa, "the frame on the virtual stack");
	check_equal(state16.eax & 0xffff, 0x106, "the return address");
	check_equal(state16.edi & 0x8d5, 0x8d5, "the flags");
	check_equal(state16.ecx & 0xffff, 0x4321, "ES, as the monitor changed it");
	mode16_reset();
}

CODE16_SNIPPET(step, "movw $1, %ax; movw $2, %ax");
CODE16_SNIPPET(step_interrupt, "int $0x60; nop");
CODE16_SNIPPET(invalid, "nop; ud2");

static void test_debug(void)
{
	u32 dr6;

	asm volatile("mov %0, %%dr6" ::"r"(0));
	state16.eflags |= EFLAGS_TF;
	mode16_run(V86, &step);
	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	check_equal(state16.vector, VECTOR_DB, "a single step");
	check_equal(state16.ip, 0x103, "after one instruction");
	check_equal(state16.eax & 0xffff, 1, "which was executed");
	check_equal(dr6 & 0x4000, 0x4000, "DR6.BS");
	check_equal(state16.eflags & (EFLAGS_TF | EFLAGS_VM), EFLAGS_TF | EFLAGS_VM,
		    "the image has TF and VM");
	mode16_reset();
	state16.eflags |= EFLAGS_TF;
	expect_fault(&step_interrupt, VECTOR_GP, 0, 0x100, "a fault instead of a step");
	expect_fault(&invalid, VECTOR_UD, 0, 0x101, "UD2: #UD");
}

CODE16_SNIPPET(read_byte, "fs movb (%bx), %al");
CODE16_SNIPPET(write_byte, "fs movb %al, (%bx)");
CODE16_SNIPPET(misaligned, "movw 0x41, %ax");
CODE16_SNIPPET(nothing, "nop");

static void test_paging(void)
{
	u32 i;

	for (i = 0; i < 1024; i++)
		table[i] = i * PAGE | PAGE_PWU;
	directory[0] = (u32)table | PAGE_PWU;
	for (i = 1; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PW;
	write_cr4(read_cr4() | CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
	table[FS16 >> 8] = 0;
	flush_all();
	state16.ebx = 0x123;
	expect_fault(&read_byte, VECTOR_PF, PF_U, 0x100, "an absent page: #PF of a user");
	check_equal(read_cr2(), FS16 * 16 + 0x123, "CR2");
	table[FS16 >> 8] = (FS16 << 4) | PAGE_P | PAGE_U;
	flush_all();
	state16.ebx = 0;
	expect_fault(&write_byte, VECTOR_PF, PF_U | PF_W | PF_P, 0x100, "a page to read only");
	table[FS16 >> 8] = (FS16 << 4) | PAGE_PW;
	flush_all();
	state16.ebx = 0;
	expect_fault(&read_byte, VECTOR_PF, PF_U | PF_P, 0x100, "a page of ring 0");
	table[FS16 >> 8] = (FS16 << 4) | PAGE_PWU;
	table[(CODE16 >> 8)] = (CODE16 << 4) | PAGE_PW;
	flush_all();
	mode16_run(V86, &nothing);
	check_equal(state16.vector, VECTOR_PF, "code of ring 0");
	check_equal(state16.error_code & ~PF_I, PF_U | PF_P, "its error code");
	mode16_reset();
	table[(CODE16 >> 8)] = (CODE16 << 4) | PAGE_PWU;
	flush_all();
	if (!segments_are_strict())
		return;
	write_cr0(read_cr0() | CR0_AM);
	state16.eflags |= EFLAGS_AC;
	expect_fault(&misaligned, VECTOR_AC, 0, 0x100, "a misaligned word: #AC");
	state16.eflags &= ~EFLAGS_AC;
	expect_fault(&misaligned, VECTOR_BP, 0, 0x104, "not without EFLAGS.AC");
	write_cr0(read_cr0() & ~CR0_AM);
}

/* ---- a task in virtual-8086 mode -------------------------------------------------------------- */

CODE16_SNIPPET(task_code,
	       "movw %ds, %bx; movw %bx, 0x70; movw $0x5678, 0x72; int3; jmp task_code_start");

static volatile u32 task_handled, task_cs, task_eip;

static void note_task(struct frame *frame)
{
	task_handled++;
	task_cs = frame->cs;
	task_eip = frame->eip;
	/* Back to the task that called this one: its handler runs nested. */
	asm volatile("ljmp %0, $0" ::"i"(TSS_SELECTOR));
}

static void test_task(void)
{
	static u8 stack[4096] __attribute__((aligned(16)));

	memcpy((void *)at16(CODE16, 0x200), task_code.start,
	       (size_t)(task_code.end - task_code.start));
	memset(&task, 0, sizeof(task));
	task.cr3 = read_cr3();
	tss.cr3 = read_cr3();
	task.esp0 = (u32)stack + sizeof(stack);
	task.ss0 = KERNEL_DS;
	task.eip = 0x200;
	task.eflags = EFLAGS_VM | 2;
	task.cs = CODE16;
	task.ss = STACK16;
	task.esp = 0x7000;
	task.ds = DATA16;
	task.es = task.fs = task.gs = 0;
	task.io_map = sizeof(task);
	gdt[V86_TASK / 8] = descriptor((u32)&task, sizeof(task) - 1, 0x89, 0);
	put32(DATA16, 0x70, 0);
	handlers[VECTOR_BP] = note_task;
	TRY("ljmp %0, $0", "i"(V86_TASK));
	handlers[VECTOR_BP] = NULL;
	check_no_fault("a jump to a task in virtual-8086 mode, and back");
	check_equal(task_handled, 1, "its INT3 came to ring 0");
	check_equal(task_cs, CODE16, "CS");
	check_equal(task_eip - 0x200, (u32)(task_code.end - task_code.start) - 3, "EIP");
	check_equal(long16(DATA16, 0x70), 0x56780000 | DATA16, "it ran, with DS of its TSS");
	check_equal(task.eflags & EFLAGS_VM, 0, "what was saved is its ring-0 handler");
	asm volatile("clts");
}

void guest_main(void)
{
	mode16_init();
	mode16_reset();
	test_iopl();
	test_never();
	test_ports();
	test_reflection();
	test_debug();
	test_paging();
	test_task();
}
