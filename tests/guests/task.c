// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: a task switch by JMP, CALL, gate and IRET saves and loads what the
 * manual's "Task Switching" says, keeps the busy bits and links right, and is
 * refused with the right error code.
 */
#include "guest.h"

#define OTHER FREE(1)
#define GATE  FREE(2)

static struct tss other __attribute__((aligned(256)));
static u8 other_stack[4096] __attribute__((aligned(16)));

static volatile u32 runs, seen_flags, seen_link, seen_ebx, seen_cr0;

/* The other task: note, return by the way that `leave` says, again and again. */
asm(".text\n"
    "other_entry:\n\t"
    "call other_task\n\t"
    "test %eax, %eax\n\t"
    "jz 1f\n\t"
    "ljmp $0x28, $0\n\t"
    "jmp other_entry\n"
    "1: iret\n\t"
    "jmp other_entry");
extern u8 other_entry[];

static volatile u32 leave_by_jump;

u32 other_task(void);
u32 other_task(void)
{
	runs++;
	seen_flags = eflags();
	seen_link = other.link;
	asm volatile("mov %%ebx, %0" : "=m"(seen_ebx));
	seen_cr0 = read_cr0();
	asm volatile("clts");
	return leave_by_jump;
}

static void reset_other(void)
{
	memset(&other, 0, sizeof(other));
	other.eip = (u32)other_entry;
	other.esp = (u32)other_stack + sizeof(other_stack);
	other.eflags = 2;
	other.ebx = 0x12345678;
	other.cs = KERNEL_CS;
	other.ss = other.ds = other.es = other.fs = other.gs = KERNEL_DS;
	other.io_map = sizeof(other);
	gdt[OTHER / 8] = descriptor((u32)&other, sizeof(other) - 1, 0x89, 0);
	runs = 0;
}

static u32 type_of(u16 selector)
{
	return (u32)(gdt[selector / 8] >> 40) & 0xff;
}

static void test_jump(void)
{
	reset_other();
	leave_by_jump = 1;
	TRY("mov $0x11112222, %%ecx; ljmp %0, $0", "i"(OTHER));
	check_no_fault("JMP to a task, which jumps back");
	check_equal(runs, 1, "it ran");
	check_equal(seen_flags & EFLAGS_NT, 0, "JMP does not nest");
	check_equal(seen_link, 0, "and leaves the link alone");
	check_equal(seen_ebx, 0x12345678, "its registers come from its TSS");
	check_equal(seen_cr0 & CR0_TS, CR0_TS, "CR0.TS is set");
	check_equal(tss.ecx, 0x11112222, "the old task's registers are saved");
	check_equal(tss.cs, KERNEL_CS, "and its CS");
	check_equal(tss.ss, KERNEL_DS, "and its SS");
	check_equal(type_of(OTHER), 0x89, "the task that was left is available");
	check_equal(type_of(TSS_SELECTOR), 0x8b, "the one that runs is busy");
	asm volatile("clts");
	TRY("ljmp %0, $0", "i"(OTHER));
	check_equal(runs, 2, "again, from where it left");
	asm volatile("clts");
}

static void test_call(void)
{
	reset_other();
	leave_by_jump = 0;
	TRY("lcall %0, $0", "i"(OTHER));
	check_no_fault("CALL of a task, which returns by IRET");
	check_equal(runs, 1, "it ran");
	check_equal(seen_flags & EFLAGS_NT, EFLAGS_NT, "CALL nests");
	check_equal(seen_link, TSS_SELECTOR, "the link names the caller");
	check_equal(type_of(OTHER), 0x89, "IRET leaves it available");
	check_equal(eflags() & EFLAGS_NT, 0, "NT is clear in the caller");
	asm volatile("clts");
	gdt[GATE / 8] = (u64)OTHER << 16 | (u64)0x85 << 40;
	TRY("lcall %0, $0", "i"(GATE));
	check_equal(runs, 2, "CALL through a task gate in the GDT");
	asm volatile("clts");
}

static void user_interrupt(void)
{
	asm volatile("int $0x50");
}

static void user_call_task(void)
{
	asm volatile("lcall %0, $0" ::"i"(OTHER));
}

static void test_gates(void)
{
	reset_other();
	leave_by_jump = 0;
	set_gate(0x50, 0, OTHER, GATE_TASK0);
	TRY("int $0x50", "i"(0));
	check_equal(runs, 1, "INT n through a task gate");
	check_no_fault("and back by IRET");
	asm volatile("clts");
	run_user(user_interrupt);
	check_fault(VECTOR_GP, 0x50 * 8 + 2, "from ring 3 if the gate's DPL is 0: #GP");
	set_gate(0x50, 0, OTHER, 0xe5);
	run_user(user_interrupt);
	check_no_fault("from ring 3 if it is 3");
	check_equal(runs, 2, "it ran");
	check_equal(tss.cs, USER_CS, "ring 3's CS is saved");
	run_user(user_call_task);
	check_fault(VECTOR_GP, OTHER, "ring 3 calls a TSS of DPL 0: #GP(selector)");
	set_gate(0x50, stubs + 16 * 0x50, KERNEL_CS, GATE_INTERRUPT0);
	asm volatile("clts");
}

static void test_refusals(void)
{
	reset_other();
	gdt[OTHER / 8] = descriptor((u32)&other, sizeof(other) - 1, 0x09, 0);
	TRY("ljmp %0, $0", "i"(OTHER));
	check_fault(VECTOR_NP, OTHER, "an absent TSS: #NP(selector)");
	gdt[OTHER / 8] = descriptor((u32)&other, 0x60, 0x89, 0);
	TRY("ljmp %0, $0", "i"(OTHER));
	check_fault(VECTOR_TS, OTHER, "a TSS that is too small: #TS(selector)");
	TRY("ljmp %0, $0", "i"(TSS_SELECTOR));
	check_fault(VECTOR_GP, TSS_SELECTOR, "a busy TSS: #GP(selector)");
	reset_other();
	TRY("pushf; orl $0x4000, (%%esp); popf; iret", "i"(0));
	check_fault(VECTOR_TS, 0, "IRET with NT and a null link: #TS(0)");
	tss.link = OTHER;
	TRY("pushf; orl $0x4000, (%%esp); popf; iret", "i"(0));
	check_fault(VECTOR_TS, OTHER, "IRET to a task that is not busy: #TS(selector)");
	tss.link = 0;
	check_equal(runs, 0, "the task never ran");
}

static volatile u32 debug_eip;

static void note_debug(struct frame *frame)
{
	debug_eip = frame->eip;
}

static void test_trap_flag(void)
{
	reset_other();
	handlers[VECTOR_DB] = note_debug;
	leave_by_jump = 0;
	other.trap = 1;
	TRY("lcall %0, $0", "i"(OTHER));
	check_equal(debug_eip, (u32)other_entry,
		    "the T bit of a TSS: #DB before the task's first instruction");
	check_equal(runs, 1, "after which it runs");
	asm volatile("clts");
}

void guest_main(void)
{
	test_jump();
	test_call();
	test_gates();
	test_refusals();
	test_trap_flag();
}
