// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: ring 3 is entered by IRET, RETF and SYSEXIT, comes back by
 * interrupt, trap and call gates and SYSENTER, and each of these checks, pushes
 * and switches what the manual says. In ring 3, port access obeys IOPL and the
 * I/O map.
 */
#include "guest.h"

#define CONFORMING FREE(1)
#define GATE	   FREE(2)
/* SYSEXIT wants ring-3 code and data 16 and 24 behind the ring-0 code. */
#define SYSENTER_CODE0	 FREE(4)
#define SYSENTER_CODE3	 (FREE(6) | 3)
#define SYSENTER_DATA3	 (FREE(7) | 3)

#define MSR_SYSENTER_CS	 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

static u8 inner_stack[4096] __attribute__((aligned(16)));

/* What ring 3 leaves here. */
static volatile u32 seen[16];
static volatile u32 rounds;

/* ---- interrupt and trap gates ---- */

static volatile struct frame gate_frame;

static void note_frame(struct frame *frame)
{
	gate_frame = *frame;
	rounds++;
	frame->eax = 0x12345678;
}

static void user_interrupts(void)
{
	u32 result, stack;

	asm volatile("mov %%esp, %1; mov $0x55aa55aa, %%ebx; int $0x80; mov %%eax, %0"
		     : "=m"(result), "=m"(stack)::"eax", "ebx", "memory");
	seen[0] = result;
	seen[1] = stack;
	asm volatile("mov %%esp, %0" : "=m"(stack));
	seen[2] = stack;
	asm volatile("stc; int $0x80; setc %0" : "=m"(seen[3])::"eax", "memory");
}

static void test_gates(bool trap)
{
	set_gate(0x80, stubs + 16 * 0x80, KERNEL_CS, trap ? 0xef : GATE_INTERRUPT3);
	handlers[0x80] = note_frame;
	rounds = 0;
	seen[3] = 0;
	run_user(user_interrupts);
	comment("trap gate", trap);
	check_no_fault("ring 3 runs and returns");
	check_equal(rounds, 2, "two calls by INT n");
	check_equal(seen[0], 0x12345678, "the handler's registers come back");
	check_equal(gate_frame.cs, USER_CS, "the frame holds ring 3's CS");
	check_equal(gate_frame.ss, USER_DS, "and its SS");
	check_equal(gate_frame.ds, USER_DS, "DS stays ring 3's on the way in");
	check_equal(seen[1], seen[2], "ESP is as before");
	check_equal(gate_frame.esp, seen[1], "and is in the frame");
	check_equal(gate_frame.eflags & EFLAGS_IF, EFLAGS_IF, "ring 3 had interrupts on");
	check_equal(seen[3] & 0xff, 1, "flags come back");
	handlers[0x80] = 0;
}

static void user_other_gate(void)
{
	asm volatile("int $0x50");
}

static void user_absent_gate(void)
{
	asm volatile("int $0x51");
}

static void test_gate_privilege(void)
{
	run_user(user_other_gate);
	check_fault(VECTOR_GP, 0x50 * 8 + 2, "INT n through a gate of DPL 0: #GP(n * 8 + 2)");
	check_equal(*(u16 *)fault.eip, 0x50cd, "at the INT");
	idt[0x51] = 0xeeull << 40 & ~(0x80ull << 40);
	run_user(user_absent_gate);
	check_fault(VECTOR_NP, 0x51 * 8 + 2, "INT n to an absent gate: #NP(n * 8 + 2)");
}

/* ---- call gates ---- */

/* Takes two words of parameters, returns their sum to ring 3. */
asm(".text\n"
    "gate_target:\n\t"
    "mov 8(%esp), %eax\n\t"
    "add 12(%esp), %eax\n\t"
    "mov %eax, %ss:gate_sum\n\t"
    "mov %esp, %ss:gate_esp\n\t"
    "mov (%esp), %ecx; mov %ecx, %ss:gate_eip\n\t"
    "mov 4(%esp), %ecx; mov %ecx, %ss:gate_cs\n\t"
    "mov 16(%esp), %ecx; mov %ecx, %ss:gate_user_esp\n\t"
    "mov 20(%esp), %ecx; mov %ecx, %ss:gate_user_ss\n\t"
    "mov %ss, %ecx; mov %ecx, %ss:gate_ss\n\t"
    "lret $8");
extern u8 gate_target[];
u32 gate_sum, gate_esp, gate_eip, gate_cs, gate_user_esp, gate_user_ss, gate_ss;

static void user_call_gate(void)
{
	u32 before, after, result;

	asm volatile("mov %%esp, %0; push $30; push $12; lcall %3, $0xdead; mov %%esp, %1\n\t"
		     "mov %%eax, %2"
		     : "=m"(before), "=m"(after), "=m"(result)
		     : "i"(GATE | 3)
		     : "eax", "ecx", "memory");
	seen[0] = before;
	seen[1] = after;
	seen[2] = result;
}

static void user_jump_gate(void)
{
	asm volatile("ljmp %0, $0" ::"i"(GATE | 3));
}

static u64 call_gate(u16 selector, u32 offset, u8 access, u8 words)
{
	return (offset & 0xffff) | (u64)selector << 16 | (u64)words << 32 | (u64)access << 40 |
	       (u64)(offset >> 16) << 48;
}

static void test_call_gates(void)
{
	gdt[GATE / 8] = call_gate(KERNEL_CS, (u32)gate_target, 0xec, 2);
	run_user(user_call_gate);
	check_no_fault("a call gate to ring 0 and RETF back");
	check_equal(seen[2], 42, "the parameters were copied");
	check_equal(gate_cs, USER_CS, "ring 3's CS is pushed");
	check_equal(gate_user_ss, USER_DS, "and its SS");
	check_equal(gate_user_esp, seen[0] - 8, "and its ESP below the parameters");
	check_equal(gate_ss & ~3u, KERNEL_DS, "SS comes from the TSS");
	check_equal(gate_esp, tss.esp0 - 24, "and ESP too");
	check_equal(seen[1], seen[0], "RETF n releases the parameters of both stacks");
	run_user(user_jump_gate);
	check_fault(VECTOR_GP, KERNEL_CS, "a jump through it cannot change rings: #GP(code)");
	gdt[GATE / 8] = call_gate(KERNEL_CS, (u32)gate_target, 0x8c, 2);
	run_user(user_call_gate);
	check_fault(VECTOR_GP, GATE, "a gate of DPL 0: #GP(gate)");
	gdt[GATE / 8] = call_gate(KERNEL_CS, (u32)gate_target, 0x6c, 2);
	run_user(user_call_gate);
	check_fault(VECTOR_NP, GATE, "an absent gate: #NP(gate)");
	gdt[GATE / 8] = call_gate(KERNEL_DS, (u32)gate_target, 0xec, 2);
	run_user(user_call_gate);
	check_fault(VECTOR_GP, KERNEL_DS, "a gate to data: #GP(its selector)");
	/* From ring 0, without a change of rings. */
	gdt[GATE / 8] = call_gate(KERNEL_CS, (u32)gate_target, 0x8c, 0);
	TRY("push $5; push $6; lcall %0, $0; add $0, %%esp", "i"(GATE));
	check_no_fault("a call gate within ring 0");
	check_equal(gate_sum, 11, "reaches its target");
}

/* ---- conforming code ---- */

asm(".text\n"
    "conforming_target:\n\t"
    "mov %cs, %eax\n\t"
    "lret");
extern u8 conforming_target[];

static void user_conforming(void)
{
	u32 result;

	asm volatile("push %1; push %2; lcall *(%%esp); add $8, %%esp; mov %%eax, %0"
		     : "=m"(result)
		     : "i"(CONFORMING | 3), "i"(conforming_target)
		     : "eax", "memory");
	seen[0] = result;
}

static void test_conforming(void)
{
	gdt[CONFORMING / 8] = descriptor(0, 0xfffff, 0x9e, FLAGS_32_4K);
	run_user(user_conforming);
	check_no_fault("ring 3 calls conforming code of DPL 0");
	check_equal(seen[0], CONFORMING | 3, "which runs in ring 3");
}

/* ---- data segments on the way out ---- */

asm(".text\n"
    "user_segments:\n\t"
    "mov %ds, %eax; mov %eax, %ss:user_ds\n\t"
    "mov %es, %eax; mov %eax, %ss:user_es\n\t"
    "mov %fs, %eax; mov %eax, %ss:user_fs\n\t"
    "mov %gs, %eax; mov %eax, %ss:user_gs\n\t"
    "int $0x41\n\t"
    "leave_with_kernel_data:\n\t"
    "mov $0x10, %eax; mov %eax, %ds; mov %eax, %es\n\t"
    "mov $0x23, %eax; mov %eax, %fs\n\t"
    "xor %eax, %eax; mov %eax, %gs\n\t"
    "push $0x23; push $far_stack; push $0x1b; push $user_segments; lret");
extern u8 user_segments[], leave_with_kernel_data[];
u32 user_ds, user_es, user_fs, user_gs;
asm(".bss; .balign 16; .skip 1024; far_stack: .skip 16; .text");

static void interrupt_to_far_return(struct frame *frame)
{
	/* Back to ring 0 code that leaves by a far return. */
	frame->eip = (u32)leave_with_kernel_data;
	frame->cs = KERNEL_CS;
	frame->eflags &= ~EFLAGS_IF;
}

static void test_data_segments(void)
{
	handlers[0x50] = interrupt_to_far_return;
	set_gate(0x50, stubs + 16 * 0x50, KERNEL_CS, GATE_INTERRUPT3);
	run_user(user_other_gate);
	handlers[0x50] = 0;
	check_no_fault("a far return from ring 0 to ring 3");
	check_equal(user_ds, 0, "it nulls DS of DPL 0");
	check_equal(user_es, 0, "it nulls ES of DPL 0");
	check_equal(user_fs, USER_DS, "it keeps FS of DPL 3");
	check_equal(user_gs, 0, "it keeps a null GS");
	set_gate(0x50, stubs + 16 * 0x50, KERNEL_CS, GATE_INTERRUPT0);
}

static void user_load_kernel_data(void)
{
	asm volatile("mov %0, %%ds" ::"r"(KERNEL_DS));
}

static void user_jump_kernel(void)
{
	asm volatile("ljmp $0x8, $0");
}

static void user_null_data(void)
{
	asm volatile("xor %%eax, %%eax; mov %%eax, %%ds; mov $0x23, %%eax; mov %%eax, %%ds" ::
			     : "eax");
}

static void user_popf(void)
{
	u32 flags;

	asm volatile("pushf; pop %0" : "=r"(flags));
	seen[0] = flags;
	flags = (flags | EFLAGS_IOPL | EFLAGS_ID) & ~EFLAGS_IF;
	asm volatile("push %0; popf; pushf; pop %0" : "+r"(flags));
	seen[1] = flags;
}

static void test_user_limits(void)
{
	run_user(user_load_kernel_data);
	check_fault(VECTOR_GP, KERNEL_DS, "ring 3 loads data of ring 0: #GP(selector)");
	run_user(user_jump_kernel);
	check_fault(VECTOR_GP, KERNEL_CS, "ring 3 jumps to code of ring 0: #GP(selector)");
	run_user(user_null_data);
	check_no_fault("ring 3 loads null");
	run_user(user_popf);
	check_no_fault("ring 3 executes POPF");
	check_equal(seen[1] & (EFLAGS_IOPL | EFLAGS_IF), EFLAGS_IF, "IF and IOPL stay");
	check_equal(seen[1] & EFLAGS_ID, EFLAGS_ID, "ID changes");
}

/* ---- ports ---- */

static void user_port_in(void)
{
	asm volatile("inb $0x80, %%al" ::: "eax");
}

static void user_port_word(void)
{
	asm volatile("inw $0x7f, %%ax" ::: "eax");
}

static void user_cli(void)
{
	asm volatile("cli; sti");
}

static void user_cli_only(void)
{
	asm volatile("cli; pushf; int $0x80; popf; sti" ::: "eax", "memory");
}

static void test_ports(void)
{
	run_user(user_port_in);
	check_fault(VECTOR_GP, 0, "IN with IOPL 0 and its bit set: #GP(0)");
	tss.io_bitmap[0x80 / 8] &= ~1;
	run_user(user_port_in);
	check_no_fault("IN with its bit clear");
	run_user(user_port_word);
	check_fault(VECTOR_GP, 0, "IN of a word, one of its bits set: #GP(0)");
	tss.io_bitmap[0x7f / 8] &= ~0x80;
	run_user(user_port_word);
	check_no_fault("IN of a word, both clear");
	tss.io_bitmap[0x80 / 8] |= 1;
	tss.io_bitmap[0x7f / 8] |= 0x80;
	tss.io_map = sizeof(tss);
	run_user(user_port_in);
	check_fault(VECTOR_GP, 0, "an I/O map past the limit of the TSS: #GP(0)");
	tss.io_map = offsetof(struct tss, io_bitmap);
	run_user(user_cli);
	check_fault(VECTOR_GP, 0, "CLI with IOPL 0: #GP(0)");
	user_eflags = EFLAGS_IF | EFLAGS_IOPL | 2;
	run_user(user_port_in);
	check_no_fault("IN with IOPL 3");
	run_user(user_cli);
	check_no_fault("CLI and STI with IOPL 3");
	handlers[0x80] = note_frame;
	run_user(user_cli_only);
	handlers[0x80] = 0;
	check_no_fault("CLI with IOPL 3");
	check_equal(gate_frame.eflags & (EFLAGS_IOPL | EFLAGS_IF), EFLAGS_IOPL,
		    "clears IF, and INT n saves it");
	user_eflags = EFLAGS_IF | 2;
}

/* ---- SYSENTER and SYSEXIT ---- */

asm(".text\n"
    "sysenter_target:\n\t"
    "mov %cs, %eax; mov %eax, %ss:sysenter_cs\n\t"
    "mov %ss, %eax; mov %eax, %ss:sysenter_ss\n\t"
    "mov %esp, %ss:sysenter_esp\n\t"
    "incl %ss:sysenter_count\n\t"
    "sysexit");
extern u8 sysenter_target[];
u32 sysenter_cs, sysenter_ss, sysenter_esp, sysenter_count;

static void user_sysenter(void)
{
	u32 cs, ss;

	asm volatile("push %%ebp; mov %%esp, %%ecx; mov $1f, %%edx; sysenter; 1: pop %%ebp\n\t"
		     "mov %%cs, %0; mov %%ss, %1"
		     : "=r"(cs), "=r"(ss)::"eax", "ecx", "edx", "memory");
	seen[0] = cs;
	seen[1] = ss;
}

static void test_sysenter(void)
{
	wrmsr(MSR_SYSENTER_CS, 0);
	run_user(user_sysenter);
	check_fault(VECTOR_GP, 0, "SYSENTER with a null CS: #GP(0)");
	gdt[SYSENTER_CODE0 / 8] = gdt[KERNEL_CS / 8];
	gdt[SYSENTER_CODE0 / 8 + 1] = gdt[KERNEL_DS / 8];
	gdt[SYSENTER_CODE3 / 8] = gdt[USER_CS / 8];
	gdt[SYSENTER_DATA3 / 8] = gdt[USER_DS / 8];
	wrmsr(MSR_SYSENTER_CS, SYSENTER_CODE0);
	wrmsr(MSR_SYSENTER_ESP, (u32)inner_stack + sizeof(inner_stack));
	wrmsr(MSR_SYSENTER_EIP, (u32)sysenter_target);
	run_user(user_sysenter);
	check_no_fault("SYSENTER and SYSEXIT");
	check_equal(sysenter_count, 1, "ring 0 was there");
	check_equal(sysenter_esp, (u32)inner_stack + sizeof(inner_stack), "on its stack");
	check_equal(sysenter_ss & ~3u, SYSENTER_CODE0 + 8, "SS is the next descriptor");
	check_equal(seen[0], SYSENTER_CODE3, "SYSEXIT's CS is the one after");
	check_equal(seen[1], SYSENTER_DATA3, "its SS the next");
	wrmsr(MSR_SYSENTER_CS, 0);
	TRY("sysexit", "i"(0));
	check_fault(VECTOR_GP, 0, "SYSEXIT with a null CS: #GP(0)");
}

/* Many changes of rings in a row: nothing wears out. */
static void user_many(void)
{
	unsigned int i;

	for (i = 0; i < 500; i++)
		asm volatile("int $0x80" ::: "eax", "memory");
}

static void test_many(void)
{
	rounds = 0;
	handlers[0x80] = note_frame;
	run_user(user_many);
	handlers[0x80] = 0;
	check_no_fault("500 round trips");
	check_equal(rounds, 500, "each came");
}

void guest_main(void)
{
	test_gates(false);
	test_gates(true);
	test_gate_privilege();
	test_call_gates();
	test_conforming();
	test_data_segments();
	test_user_limits();
	test_ports();
	test_sysenter();
	test_many();
}
