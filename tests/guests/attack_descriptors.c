// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: no descriptor that a guest writes gives it 64-bit code, ring 0 or
 * one of the host's segments. The attacker is guest ring 0, then guest ring 3.
 * Each attempt ends in the architectural fault or in plain 32-bit code.
 */
#include "guest.h"

static u64 ldt[16] __attribute__((aligned(4096)));
#define LDT_SELECTOR 0x38
#define SELECTOR     FREE_SELECTOR

static volatile u32 code_result;

static void leave_code(struct frame *frame)
{
	code_result = frame->eax;
	frame->cs = KERNEL_CS;
	frame->eip = resume_address;
}

/*
 * 48 FF C0 is INC RAX in 64-bit code; in 32-bit code it is DEC EAX and INC EAX,
 * in 16-bit code the same of AX: EAX tells which it was. CD 52 is INT 52h in
 * all of them.
 */
static u32 run_code(u32 selector)
{
	code_result = 0;
	clear_fault();
	asm volatile("movl %%esp, saved_esp\n\t"
		     "movl $2f, resume_address\n\t"
		     "push %0\n\t"
		     "push $1f\n\t"
		     "xor %%eax, %%eax\n\t"
		     "lret\n"
		     "1:\t.byte 0x48, 0xff, 0xc0, 0xcd, 0x52\n"
		     "2:\tmovl saved_esp, %%esp\n\t"
		     "movl $0, resume_address" ::"r"(selector)
		     : "eax", "memory", "cc");
	return code_result;
}

static void test_long_mode_bit(void)
{
	static const struct {
		u8 access;
		u8 flags;
		const char *name;
	} attempts[] = {
		{ 0x9a, 0xa, "L=1 D=0 code, DPL 0: not 64-bit code" },
		{ 0x9a, 0x2, "L=1 D=0 G=0 code, DPL 0: not 64-bit code" },
		{ 0x9a, 0xe, "L=1 D=1 code, DPL 0: not 64-bit code" },
		{ 0xba, 0xa, "L=1 code, DPL 1: not 64-bit code" },
		{ 0x9e, 0xa, "L=1 conforming code, DPL 0: not 64-bit code" },
		{ 0xbe, 0xe, "L=1 conforming code, DPL 1: not 64-bit code" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(attempts); i++) {
		/* D=0 runs 16-bit code: there the three bytes do the same. */
		gdt[SELECTOR / 8] = descriptor(0, 0xfffff, attempts[i].access, attempts[i].flags);
		check(run_code(SELECTOR) == 0, attempts[i].name);
		ldt[1] = gdt[SELECTOR / 8];
		check(run_code(0xc) == 0, "the same from the LDT");
	}
}

/*
 * Where ringlet keeps what the six segment registers hold when no table of the
 * guest's holds it any more: descriptors for CS, SS, DS, ES, FS, GS, filled while
 * one is needed. They hold the guest's own segments, so loading one gains
 * nothing; that much is checked.
 */
#define OVERRIDES     0xffa0
#define OVERRIDES_END 0xffd0

static const volatile u32 known_word = 0x5eedf00d;

/* FS was just loaded with @selector: does it hold a segment of this guest's? */
static bool is_own_segment(u32 selector)
{
	u32 limit, value = 0;
	bool good;

	asm volatile("lsl %2, %0; setz %1" : "=r"(limit), "=q"(good) : "r"(selector) : "cc");
	if (!good || limit != 0xffffffff)
		return false;
	asm volatile("movl %%fs:(%1), %0" : "+r"(value) : "r"(&known_word));
	return value == known_word;
}

/* Every selector there is, into a data register and into CS. */
static void test_all_selectors(void)
{
	u32 selector, loaded = 0, jumped = 0, own_loads = 0, own_jumps = 0;

	for (selector = 4; selector < 0x10000; selector += 4) {
		u32 index = selector & 4 ? 0 : selector / 8;
		bool mine = index < GDT_ENTRIES && !(selector & 4) && gdt[index];
		bool local = (selector & 4) && selector / 8 < ARRAY_SIZE(ldt) && ldt[selector / 8];

		TRY("mov %w0, %%fs", "r"(selector));
		if (fault.vector == NO_FAULT) {
			loaded++;
			if (mine || local)
				own_loads++;
			else if (selector >= OVERRIDES && selector < OVERRIDES_END)
				own_loads += is_own_segment(selector);
			else
				comment("loaded", selector);
		}
		if (mine || local)
			continue;
		run_code(selector);
		if (fault.vector == NO_FAULT) {
			jumped++;
			comment("far return took", selector);
		} else if (fault.vector != VECTOR_GP && fault.vector != VECTOR_NP) {
			comment("odd fault", fault.vector << 16 | selector);
			own_jumps++;
		}
	}
	asm volatile("mov %0, %%fs" ::"r"(KERNEL_DS));
	check_equal(loaded, own_loads, "no selector loads but for a segment of the guest's own");
	check_equal(jumped, 0, "no selector runs code but those of the guest's own tables");
	check_equal(own_jumps, 0, "each other one raises #GP or #NP");
}

/* A call gate in the 16-byte format of long mode, aimed at each selector. */
static void test_call_gates(void)
{
	static const struct {
		u32 offset;
		u16 selector;
	} pointer = { 0, SELECTOR };
	u32 target, through = 0;

	for (target = 0xff00; target < 0x10000; target += 8) {
		u32 offset = (u32)test_call_gates;

		gdt[SELECTOR / 8] = (u64)(offset & 0xffff) | (u64)target << 16 | 0xecULL << 40 |
				    (u64)(offset >> 16) << 48;
		gdt[SELECTOR / 8 + 1] = 0xffffffff;
		TRY("lcall *%0", "m"(pointer));
		if (fault.vector != VECTOR_GP)
			through++;
	}
	gdt[SELECTOR / 8 + 1] = 0;
	check_equal(through, 0, "no call gate reaches a hidden code segment");
}

/* Interrupt gates aimed at the hidden selectors: delivery checks the guest's GDT. */
static void test_interrupt_gates(void)
{
	u64 old = idt[0x50];
	u32 target, through = 0;

	for (target = 0xff00; target < 0x10000; target += 8) {
		set_gate(0x50, (void *)test_interrupt_gates, (u16)target, GATE_INTERRUPT0);
		TRY("int $0x50", "i"(0));
		if (fault.vector != VECTOR_GP)
			through++;
	}
	idt[0x50] = old;
	check_equal(through, 0, "no interrupt gate reaches a hidden code segment");
}

/* IRET with every kind of CS and SS that ring 0 of the host would take. */
static void test_iret(void)
{
	static const u16 code[] = { 0x10, 0x11, 0x33, 0xffe0, 0xffe1, 0xffe3, 0xfff0, 0 };
	static const u16 stack[] = { 0x18, 0x1b, 0x2b, 0xffa0, 0xffa1, 0xffa3, 0 };
	unsigned int i, j, survived = 0;

	for (i = 0; i < ARRAY_SIZE(code); i++) {
		for (j = 0; j < ARRAY_SIZE(stack); j++) {
			TRY("push %0; push %1; push $0x202; push %2; push $1f; iret; 1:",
			    "r"((u32)stack[j]), "r"((u32)stack_top - 16), "r"((u32)code[i]));
			if (fault.vector == NO_FAULT)
				survived++;
		}
	}
	check_equal(survived, 0, "IRET to selectors of the host: faults");
	TRY("pushl $0; pushl $0; pushl $0; pushl $0; pushl $0x23; pushl $0x1000;"
	    "pushl $0x20002; pushl $0x1b; pushl $0x1000; cmp $0, %0",
	    "r"(0));
	check_no_fault("a frame with VM=1 is only data until IRET");
}

static void user_far_return(void)
{
	asm volatile("push $0xffe0; push $0x1000; lret");
}

static void user_hidden_load(void)
{
	asm volatile("mov $0xffe0, %%eax; mov %%eax, %%fs" ::: "eax");
}

static void user_int_flood(void)
{
	u32 i;

	for (i = 0; i < 5000; i++)
		asm volatile("int3; int $0x80");
}

static volatile u32 flood_count;
static void count_flood(struct frame *frame)
{
	(void)frame;
	flood_count++;
}

static void test_ring3(void)
{
	run_user(user_far_return);
	check_fault(VECTOR_GP, 0xffe0, "ring 3: far return to a hidden selector: #GP(selector)");
	run_user(user_hidden_load);
	check_fault(VECTOR_GP, 0xffe0, "ring 3: load of a hidden selector: #GP(selector)");
	handlers[3] = count_flood;
	handlers[0x80] = count_flood;
	run_user(user_int_flood);
	check_equal(flood_count, 10000, "a flood of INT3 and INT 80h arrives one by one");
	handlers[3] = NULL;
	handlers[0x80] = NULL;
}

void guest_main(void)
{
	handlers[0x52] = leave_code;
	ldt[0] = 0;
	gdt[LDT_SELECTOR / 8] = descriptor((u32)ldt, sizeof(ldt) - 1, 0x82, 0);
	asm volatile("lldt %w0" ::"r"(LDT_SELECTOR));
	test_long_mode_bit();
	test_all_selectors();
	test_call_gates();
	test_interrupt_gates();
	test_iret();
	test_ring3();
}
