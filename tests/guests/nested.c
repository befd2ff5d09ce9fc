// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: an exception met while another is delivered becomes what the
 * manual's "Interrupt 8: Double Fault Exception" says: the second one alone, or
 * a double fault, through an interrupt gate or a task gate.
 */
#include "paging.h"

#define HOLE WINDOW

static u32 directory[1024] __attribute__((aligned(4096)));
static struct tss fault_tss __attribute__((aligned(256)));
static u8 fault_stack[4096] __attribute__((aligned(16)));
static u64 saved_gates[256];

/* What the task of the double fault saw. */
static volatile u32 task_runs, task_error_code, task_link, task_flags, task_cr2;
static volatile u32 interrupted_eip, interrupted_esp, interrupted_cr3, interrupted_cs;
static volatile bool from_user;
static u8 user_stack[4096] __attribute__((aligned(16)));

extern u8 fault_task_entry[], user_fault_at[];

/*
 * The task: note, send the interrupted one to resume_address on its saved
 * stack, return by IRET. The next fault starts it again after IRET.
 */
asm(".text\n"
    "fault_task_entry:\n\t"
    "call fault_task\n\t"
    "add $4, %esp\n\t"
    "iret\n\t"
    "jmp fault_task_entry");

extern u32 saved_esp;

void fault_task(u32 error_code);
void fault_task(u32 error_code)
{
	task_runs++;
	task_error_code = error_code;
	task_link = fault_tss.link;
	task_flags = eflags();
	task_cr2 = read_cr2();
	interrupted_eip = tss.eip;
	interrupted_esp = tss.esp;
	interrupted_cr3 = tss.cr3;
	interrupted_cs = tss.cs;
	if (from_user) {
		tss.cs = KERNEL_CS;
		tss.ss = KERNEL_DS;
		tss.eip = (u32)leave_user;
		return;
	}
	tss.eip = resume_address;
	tss.esp = saved_esp;
}

static void build_task(void)
{
	memset(&fault_tss, 0, sizeof(fault_tss));
	fault_tss.eip = (u32)fault_task_entry;
	fault_tss.esp = (u32)fault_stack + sizeof(fault_stack);
	fault_tss.eflags = 2;
	fault_tss.cr3 = (u32)directory;
	fault_tss.cs = KERNEL_CS;
	fault_tss.ss = fault_tss.ds = fault_tss.es = fault_tss.fs = fault_tss.gs = KERNEL_DS;
	fault_tss.io_map = sizeof(fault_tss);
	gdt[DOUBLE_FAULT_TSS / 8] = descriptor((u32)&fault_tss, sizeof(fault_tss) - 1, 0x89, 0);
	/* The task that is left takes its page tables along. */
	tss.cr3 = (u32)directory;
}

static void start_paging(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PWU;
	write_cr4(CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG);
}

static void break_gate(u8 vector)
{
	saved_gates[vector] = idt[vector];
	idt[vector] &= ~(0x80ull << 40);
}

static void mend_gate(u8 vector)
{
	idt[vector] = saved_gates[vector];
}

static u32 start;

static void test_one_after_another(void)
{
	break_gate(VECTOR_UD);
	TRY_AT(start, "ud2", "i"(0));
	check_fault_at(VECTOR_NP, VECTOR_UD * 8 + 3, start,
		       "#UD to an absent gate: #NP(gate, external)");
	mend_gate(VECTOR_UD);
	break_gate(VECTOR_BP);
	TRY_AT(start, "int3", "i"(0));
	check_fault_at(VECTOR_NP, VECTOR_BP * 8 + 2, start, "INT3 to an absent gate: #NP(gate)");
	mend_gate(VECTOR_BP);
	break_gate(VECTOR_PF);
	TRY_READ(HOLE);
	check_fault(VECTOR_DF, 0, "#PF to an absent gate: #DF(0)");
	mend_gate(VECTOR_PF);
	break_gate(VECTOR_GP);
	TRY_AT(start, "mov %0, %%ds", "r"(0xfff8));
	check_fault(VECTOR_DF, 0, "#GP to an absent gate: #DF(0)");
	mend_gate(VECTOR_GP);
	break_gate(VECTOR_DE);
	TRY("xor %%ecx, %%ecx; div %%ecx", "i"(0));
	check_fault(VECTOR_DF, 0, "#DE to an absent gate: #DF(0)");
	mend_gate(VECTOR_DE);
	break_gate(VECTOR_NP);
	break_gate(0x50);
	TRY("int $0x50", "i"(0));
	check_fault(VECTOR_DF, 0, "#NP of INT n to an absent gate: #DF(0)");
	mend_gate(0x50);
	mend_gate(VECTOR_NP);
}

/* The IDT itself is not there, for some vectors. */
static void test_absent_table(void)
{
	struct table_register short_idt = { VECTOR_GP * 8 + 7, (u32)idt };
	u64 *far_idt = (u64 *)(HOLE + 0x400000 - 8 * 0x50);
	struct table_register across = { 256 * 8 - 1, (u32)far_idt };

	asm volatile("lidt %0" ::"m"(short_idt));
	TRY_AT(start, "int $0x50", "i"(0));
	check_fault_at(VECTOR_GP, 0x50 * 8 + 2, start, "INT n past the IDT: #GP(n * 8 + 2)");
	TRY_READ(HOLE);
	check_fault(VECTOR_DF, 0, "#PF past the IDT: #DF(0)");
	load_idt();

	/* 0x00 to 0x4f in a page that is there, the rest in one that is not. */
	directory[(u32)far_idt >> 22] = FREE_MEMORY | PAGE_PS | PAGE_PW;
	flush_all();
	memcpy(far_idt, idt, 8 * 0x50);
	asm volatile("lidt %0" ::"m"(across));
	TRY_AT(start, "int $0x50", "i"(0));
	check_page_fault(0, HOLE + 0x400000, "INT n with its gate in an absent page: #PF");
	check_equal(fault.eip, start, "at the INT");
	load_idt();
	directory[(u32)far_idt >> 22] = 0;
	flush_all();
}

static void test_absent_stack(void)
{
	set_gate(VECTOR_DF, 0, DOUBLE_FAULT_TSS, GATE_TASK0);
	task_runs = 0;
	TRY_AT(start, "mov %0, %%esp; push %%eax", "r"(HOLE + 0x100));
	check_equal(task_runs, 1, "PUSH to an absent stack in ring 0: the double fault's task");
	check_equal(task_error_code, 0, "its error code is 0");
	/* Which word of the frame is tried first is the processor's business. */
	check(task_cr2 >= HOLE + 0xf0 && task_cr2 <= HOLE + 0xfc, "CR2 is in the frame");
	check_equal(interrupted_eip, start + 2, "the TSS holds the EIP of the PUSH");
	check_equal(interrupted_esp, HOLE + 0x100, "and its ESP");
	check_equal(interrupted_cr3, (u32)directory, "and no other CR3");
	check_equal(task_link, TSS_SELECTOR, "the link names the interrupted task");
	check(task_flags & EFLAGS_NT, "NT is set in the task");
	check(!(eflags() & EFLAGS_NT), "and clear after IRET");
	check_equal((u32)(gdt[DOUBLE_FAULT_TSS / 8] >> 40) & 0xff, 0x89,
		    "IRET leaves the task's TSS available");
	check_equal((u32)(gdt[TSS_SELECTOR / 8] >> 40) & 0xff, 0x8b, "and its own busy");
	check(read_cr0() & CR0_TS, "a task switch sets CR0.TS");
	asm volatile("clts");

	TRY("mov %0, %%esp; push %%eax", "r"(HOLE + 0x200));
	check_equal(task_runs, 2, "a second double fault");
	TRY("mov %0, %%esp; int $0x50", "r"(HOLE + 0x300));
	check_equal(task_runs, 3, "INT n on an absent stack");
	asm volatile("clts");
}

static __attribute__((noinline)) void user_fault(void)
{
	asm volatile("user_fault_at: ud2");
}

static void user_interrupt(void)
{
	asm volatile("int $0x80");
}

/* Ring 3 comes in on a ring-0 stack that cannot be used; the task gets it out. */
static void run_on_broken_stack(void (*function)(void), u32 esp0, u32 ss0)
{
	const u32 good = tss.ss0;

	task_runs = 0;
	from_user = true;
	tss.esp0 = esp0;
	tss.ss0 = ss0;
	enter_user((u32)function, (u32)user_stack + sizeof(user_stack), 2);
	from_user = false;
	tss.ss0 = good;
	asm volatile("clts");
}

static void test_broken_inner_stack(void)
{
	run_on_broken_stack(user_fault, HOLE + 0x400, KERNEL_DS);
	check_equal(task_runs, 1, "a fault of ring 3 onto an absent stack: #DF");
	check_equal(interrupted_eip, (u32)user_fault_at, "at the instruction");
	check_equal(interrupted_cs, USER_CS, "of ring 3");
	set_gate(VECTOR_TS, 0, DOUBLE_FAULT_TSS, GATE_TASK0);
	run_on_broken_stack(user_interrupt, (u32)stack_top, USER_DS);
	check_equal(task_runs, 1, "INT n of ring 3 onto a stack segment of ring 3: #TS");
	check_equal(task_error_code, USER_DS & ~3u, "its error code is the selector");
	run_on_broken_stack(user_fault, (u32)stack_top, KERNEL_CS);
	check_equal(task_runs, 1, "a fault of ring 3 onto a code segment: #TS");
	check_equal(task_error_code, KERNEL_CS | 1, "its error code is the selector, external");
	run_on_broken_stack(user_interrupt, (u32)stack_top, 0);
	check_equal(task_runs, 1, "INT n of ring 3 onto a null stack: #TS");
	check_equal(task_error_code, 0, "its error code is 0");
}

void guest_main(void)
{
	start_paging();
	test_one_after_another();
	test_absent_table();
	build_task();
	test_absent_stack();
	test_broken_inner_stack();
}
