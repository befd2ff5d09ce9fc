// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: an interrupt that the client queues arrives at the next boundary
 * at which the processor takes interrupts, once, with the right frame; IF, the
 * shadows of STI and MOV SS, and HLT decide when that is.
 *
 * Its client is tests/selftests/interrupts.c: OUT to port 0x500 asks it for
 * the interrupt of that vector, at once or when the window opens.
 */
#include "guest.h"

#define PORT_INTERRUPT 0x500
#define VECTOR	       0x60

static volatile u32 count, last_eip, last_cs, last_flags, last_vector;

static void note(struct frame *frame)
{
	count++;
	last_eip = frame->eip;
	last_cs = frame->cs;
	last_flags = frame->eflags;
	last_vector = frame->vector;
}

#define REQUEST "mov $0x500, %%edx; mov $0x60, %%al; out %%al, %%dx\n\t"

/* @code, with the address of label 1 in @where; interrupts off afterwards. */
#define RUN(where, code)                                                    \
	do {                                                                \
		count = 0;                                                  \
		last_eip = 0;                                               \
		asm volatile("movl $1f, %0\n\t" code "\n\tcli" ::"m"(where) \
			     : "eax", "ecx", "edx", "memory", "cc");        \
	} while (0)

static u32 where;

static void check_at(const char *name)
{
	check_equal(count, 1, name);
	check_equal(last_eip, where, "at the right instruction");
}

static void test_flag(void)
{
	RUN(where, "sti; nop; nop; " REQUEST "1: nop; nop");
	check_at("with IF set: at once");
	check_equal(last_flags & EFLAGS_IF, EFLAGS_IF, "IF is saved set");
	check_equal(last_vector, VECTOR, "its vector");
	check_equal(last_cs, KERNEL_CS, "its CS");
	RUN(where, REQUEST "nop; nop; nop; 1: nop");
	check_equal(count, 0, "with IF clear: not yet");
	RUN(where, "sti; nop; 1: nop");
	check_at("after STI and one instruction more");
	RUN(where, REQUEST "sti; cli; nop; 1: nop");
	check_equal(count, 0, "STI and CLI leave no gap");
	RUN(where, "sti; sti; 1: nop; nop");
	check_at("the second STI casts no shadow");
	RUN(where, REQUEST "sti; jmp 1f; nop; 1: nop");
	check_at("the instruction in the shadow may be a jump");
	RUN(where, REQUEST "sti; mov %%cr0, %%eax; 1: nop");
	check_at("or one that traps");
	RUN(where, REQUEST "sti; int $0x61; 1: nop");
	check_equal(count, 2, "or an INT, whose handler runs first");
	check_equal(last_vector, VECTOR, "and then the interrupt");
	check_equal(last_eip, where, "after its IRET");
}

static void test_stack_shadow(void)
{
	u32 ss = KERNEL_DS;

	count = 0;
	asm volatile("sti; nop; movl $1f, %0\n\t"
		     "mov $0x500, %%edx; mov $0x60, %%al; mov %1, %%ecx\n\t"
		     "mov %%ecx, %%ss; out %%al, %%dx; 1: nop; cli" ::"m"(where),
		     "m"(ss)
		     : "eax", "ecx", "edx", "memory");
	check_at("MOV to SS delays it by one instruction");
	RUN(where, REQUEST "push %%ss; sti; pop %%ss; nop; 1: nop");
	check_equal(count, 1, "STI and POP to SS in a row: one");
}

static void test_iret(void)
{
	RUN(where, REQUEST "push $0x202; push $8; push $1f; iret; 1: nop; nop");
	check_at("IRET that sets IF: before the next instruction");
}

static void test_halt(void)
{
	RUN(where, REQUEST "sti; hlt; 1: nop");
	check_at("STI and HLT: it ends the HLT");
	RUN(where, "sti; hlt; 1: nop");
	check_at("HLT until the client sends one");
	RUN(where, "sti; hlt; hlt; 1: nop");
	check_equal(count, 2, "two HLT, two interrupts");
}

static void user_spin(void)
{
	asm volatile(REQUEST "1: nop; nop" ::: "eax", "edx", "memory");
}

static void test_ring3(void)
{
	count = 0;
	user_eflags = EFLAGS_IF | EFLAGS_IOPL | 2;
	run_user(user_spin);
	check_no_fault("ring 3 goes on after it");
	check_equal(count, 1, "an interrupt of ring 3");
	check_equal(last_cs, USER_CS, "its CS is ring 3's");
}

static void test_many(void)
{
	unsigned int i;

	count = 0;
	asm volatile("sti");
	for (i = 0; i < 300; i++)
		outb(PORT_INTERRUPT, VECTOR);
	asm volatile("nop; cli");
	check_equal(count, 300, "300 of them");
}

/* One that arrives at an instruction that faults: the fault comes afterwards. */
static void test_fault(void)
{
	count = 0;
	TRY("mov $0x500, %%edx; mov $0x60, %%al; out %%al, %%dx; sti; nop; ud2; cli", "i"(0));
	asm volatile("cli");
	check_fault(VECTOR_UD, 0, "the instruction that it came before still faults");
	check_equal(count, 1, "and it came");
}

void guest_main(void)
{
	handlers[VECTOR] = note;
	handlers[0x61] = note;
	test_flag();
	test_stack_shadow();
	test_iret();
	test_halt();
	test_ring3();
	test_many();
	test_fault();
}
