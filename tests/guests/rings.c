// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: rings 1 and 2 are rings of their own: they are entered by RETF and
 * IRET and left through call gates and interrupt gates onto stacks of the TSS,
 * 32-bit and 16-bit; IOPL decides what they may do; and what they do wrong is
 * refused with the right error code.
 */
#include "guest.h"

#define CODE1	   (FREE(1) | 1)
#define DATA1	   (FREE(2) | 1)
#define CODE2	   (FREE(3) | 2)
#define DATA2	   (FREE(4) | 2)
#define GATE_IN	   FREE(5) /* to ring 0, for all */
#define GATE_RING1 FREE(6) /* to ring 1 */
#define GATE16	   FREE(7)
#define CONFORMING FREE(8)
#define BAD	   FREE(9)
#define TASK16	   FREE(10)

static u8 stacks[4][4096] __attribute__((aligned(16)));
volatile u32 seen_cs, seen_ss, seen_flags, seen_esp, seen_arguments, steps;

/* What the code in an outer ring calls to come back: RING_LEAVE. */
asm(".text\n"
    "ring_back:\n\t"
    "mov $0x10, %eax; mov %eax, %ds; mov %eax, %es; mov %eax, %fs; mov %eax, %gs\n\t"
    "mov %eax, %ss; mov saved_stack_of_rings, %esp\n\t"
    "pop %ebp; pop %ebx; pop %esi; pop %edi\n\t"
    "ret\n"
    /* void enter_ring(cs, eip, ss, esp, flags) */
    "enter_ring:\n\t"
    "push %edi; push %esi; push %ebx; push %ebp\n\t"
    "mov %esp, saved_stack_of_rings\n\t"
    "mov %esp, %ebp\n\t"
    "lea -64(%esp), %eax; mov %eax, tss+4\n\t"
    "push 28(%ebp); push 32(%ebp); push 36(%ebp); push 20(%ebp); push 24(%ebp)\n\t"
    "mov 28(%ebp), %eax; mov %eax, %ds; mov %eax, %es\n\t"
    "iret\n\t"
    ".bss\nsaved_stack_of_rings: .long 0\n\t.text");
extern u8 ring_back[];
void enter_ring(u32 cs, void *eip, u32 ss, u32 esp, u32 flags);

#define LEAVE "lcall $0x68, $0" /* GATE_IN */

static u64 gate(u16 selector, void *offset, u8 access, u8 count)
{
	u32 to = (u32)offset;

	return (to & 0xffff) | (u64)selector << 16 | (u64)count << 32 | (u64)access << 40 |
	       (u64)(to >> 16) << 48;
}

static void build(void)
{
	gdt[CODE1 / 8] = descriptor(0, 0xfffff, ACCESS_CODE0 | 0x20, FLAGS_32_4K);
	gdt[DATA1 / 8] = descriptor(0, 0xfffff, ACCESS_DATA0 | 0x20, FLAGS_32_4K);
	gdt[CODE2 / 8] = descriptor(0, 0xfffff, ACCESS_CODE0 | 0x40, FLAGS_32_4K);
	gdt[DATA2 / 8] = descriptor(0, 0xfffff, ACCESS_DATA0 | 0x40, FLAGS_32_4K);
	gdt[GATE_IN / 8] = gate(KERNEL_CS, ring_back, 0xec, 0);
	gdt[CONFORMING / 8] = descriptor(0, 0xfffff, ACCESS_CODE0 | 4, FLAGS_32_4K);
	tss.ss1 = DATA1;
	tss.esp1 = (u32)stacks[1] + 4096;
	tss.ss2 = DATA2;
	tss.esp2 = (u32)stacks[2] + 4096;
}

static void in_ring(unsigned int ring, void *code, u32 flags)
{
	clear_fault();
	enter_ring(ring == 1   ? CODE1
		   : ring == 2 ? CODE2
			       : USER_CS,
		   code,
		   ring == 1   ? DATA1
		   : ring == 2 ? DATA2
			       : USER_DS,
		   (u32)stacks[ring] + 2048, flags);
}

/* A fault in an outer ring: note it as TRY does, and leave from there. */
static void leave_by_fault(struct frame *frame)
{
	fault.vector = frame->vector;
	fault.error_code = frame->error_code;
	fault.eip = frame->eip;
	fault.cs = frame->cs;
	fault.count++;
	((void (*)(void))ring_back)();
}

/* ---- what they see ----------------------------------------------------------------- */

extern u8 look[];
asm(".text\nlook:\n\t"
    "mov %cs, %eax; mov %eax, seen_cs; mov %ss, %eax; mov %eax, seen_ss\n\t"
    "pushf; pop seen_flags; " LEAVE);

static void test_entry(void)
{
	unsigned int ring;

	for (ring = 1; ring <= 2; ring++) {
		in_ring(ring, look, 0x1002);
		check_no_fault(ring == 1 ? "ring 1, and back by a call gate" : "ring 2 likewise");
		check_equal(seen_cs, ring == 1 ? CODE1 : CODE2, "its CS");
		check_equal(seen_ss, ring == 1 ? DATA1 : DATA2, "its SS");
		check_equal(seen_flags & EFLAGS_IOPL, 0x1000, "IOPL as IRET loaded it");
	}
}

/* ---- what they may ------------------------------------------------------------------- */

#define SNIPPET(name, code)     \
	extern u8 name[];       \
	asm(".text\n" #name ":" \
	    "\n\t" code "; " LEAVE)

SNIPPET(ring_cli, "cli; sti; cli");
SNIPPET(ring_port, "mov $0x80, %dx; out %al, %dx; in %dx, %al");
SNIPPET(ring_hlt, "hlt");
SNIPPET(ring_cr0, "mov %cr0, %eax");
SNIPPET(ring_popf, "push $0x3202; popf; pushf; pop seen_flags");
SNIPPET(ring_data0, "mov $0x10, %eax; mov %eax, %ds");
SNIPPET(ring_stack, "mov $0x23, %eax; mov %eax, %ss");
SNIPPET(ring_call0, "lcall $0x08, $0");
SNIPPET(ring_conforming, "ljmp $0x80, $1f; 1: mov %cs, %eax; mov %eax, seen_cs");
SNIPPET(ring_inwards, "push $0x10; push $0; push $0x08; push $0; lret");
SNIPPET(ring_interrupt, "int $0x52");

static void expect(unsigned int ring, void *code, u32 flags, u32 vector, u32 error,
		   const char *name)
{
	handlers[vector == NO_FAULT ? VECTOR_GP : vector] = leave_by_fault;
	in_ring(ring, code, flags);
	handlers[vector == NO_FAULT ? VECTOR_GP : vector] = NULL;
	if (vector == NO_FAULT)
		check_no_fault(name);
	else
		check_fault(vector, error, name);
}

static void test_rights(void)
{
	expect(1, ring_cli, 0x1002, NO_FAULT, 0, "CLI and STI in ring 1 at IOPL 1");
	expect(1, ring_cli, 2, VECTOR_GP, 0, "at IOPL 0: #GP(0)");
	expect(2, ring_cli, 0x1002, VECTOR_GP, 0, "in ring 2 at IOPL 1");
	expect(2, ring_port, 0x2002, NO_FAULT, 0, "ports in ring 2 at IOPL 2");
	expect(2, ring_port, 0x1002, VECTOR_GP, 0, "at IOPL 1");
	expect(1, ring_hlt, 0x3002, VECTOR_GP, 0, "HLT in ring 1, whatever IOPL is");
	expect(1, ring_cr0, 0x3002, VECTOR_GP, 0, "MOV from CR0");
	expect(1, ring_popf, 0x1002, NO_FAULT, 0, "POPF in ring 1");
	check_equal(seen_flags & 0x3200, 0x1200, "loads IF, not IOPL");
	expect(1, ring_popf, 2, NO_FAULT, 0, "and at IOPL 0");
	check_equal(seen_flags & 0x3200, 0, "neither");
	expect(1, ring_data0, 2, VECTOR_GP, 0x10, "DS of ring 0: #GP(selector)");
	expect(1, ring_stack, 2, VECTOR_GP, 0x20, "SS of ring 3");
	expect(2, ring_call0, 2, VECTOR_GP, 0x08, "CALL of ring 0's code");
	expect(2, ring_conforming, 2, NO_FAULT, 0, "JMP to conforming code of ring 0");
	check_equal(seen_cs, CONFORMING | 2, "which stays in ring 2");
	expect(2, ring_inwards, 2, VECTOR_GP, 0x08, "RETF to ring 0");
	set_gate(0x52, stubs + 16 * 0x52, KERNEL_CS, 0xae);
	expect(1, ring_interrupt, 2, 0x52, 0, "INT n of ring 1 through a gate of DPL 1");
	expect(2, ring_interrupt, 2, VECTOR_GP, 0x52 * 8 + 2, "of ring 2: #GP(n)");
}

/* ---- gates between them ------------------------------------------------------------------ */

/* In ring 1: two arguments, then back to ring 2, which leaves. */
extern u8 inner[], outer[];
asm(".text\ninner:\n\t"
    "mov %cs, %eax; mov %eax, seen_cs; mov %ss, %eax; mov %eax, seen_ss\n\t"
    "mov 8(%esp), %eax; add 12(%esp), %eax; mov %eax, seen_arguments\n\t"
    "mov 16(%esp), %eax; mov %eax, seen_esp\n\t"
    "lret $8\n"
    "outer:\n\t"
    "mov %esp, %ebx; push $0x1100; push $0x22; lcall $0x70, $0\n\t"
    "sub %esp, %ebx; mov %ebx, steps; " LEAVE);
SNIPPET(through16,
	"mov %esp, %ebx; push $0x4321; lcall $0x78, $0; sub %esp, %ebx; mov %ebx, steps");
extern u8 inner16[];
asm(".text\ninner16:\n\t"
    "movzwl 4(%esp), %eax; mov %eax, seen_arguments; movzwl 2(%esp), %eax; mov %eax, seen_cs\n\t"
    "data16 lret $4");
SNIPPET(to_bad, "lcall $0x70, $0");

static void test_gates(void)
{
	gdt[GATE_RING1 / 8] = gate(CODE1, inner, 0xec, 2);
	expect(2, outer, 2, NO_FAULT, 0, "CALL from ring 2 into ring 1, and RETF n back");
	check_equal(seen_cs, CODE1, "CS inside");
	check_equal(seen_ss, DATA1, "SS of the TSS");
	check_equal(seen_arguments, 0x1122, "the arguments were copied");
	check_equal(seen_esp, (u32)stacks[2] + 2048 - 8, "the outer ESP is there");
	check_equal(steps, 0, "and what was pushed is gone");
	/* A gate of 16 bits to code below 64 KiB: there is a copy. */
	memcpy((void *)0x8000, inner16, 32);
	/* It saves 16 bits of EIP, so its caller is there too. */
	memcpy((void *)0x8200, through16, 64);
	gdt[GATE16 / 8] = gate(CODE1, (void *)0x8000, 0xe4, 2);
	tss.esp1 = 0x9000;
	expect(2, (void *)0x8200, 2, NO_FAULT, 0, "a 16-bit gate");
	check_equal(seen_arguments, 0x4321, "its arguments are words");
	check_equal(seen_cs, CODE2, "and so is CS");
	tss.esp1 = (u32)stacks[1] + 4096;

	gdt[GATE_RING1 / 8] = gate(CODE1, inner, 0x8c, 2);
	expect(2, to_bad, 2, VECTOR_GP, GATE_RING1, "a gate of DPL 0: #GP(gate)");
	gdt[GATE_RING1 / 8] = gate(CODE1, inner, 0x6c, 2);
	expect(2, to_bad, 2, VECTOR_NP, GATE_RING1, "an absent gate: #NP(gate)");
	gdt[GATE_RING1 / 8] = gate(DATA1, inner, 0xec, 2);
	expect(2, to_bad, 2, VECTOR_GP, DATA1 & ~3u, "a gate to data: #GP(selector)");
	gdt[GATE_RING1 / 8] = gate(0, inner, 0xec, 2);
	expect(2, to_bad, 2, VECTOR_GP, 0, "a gate to nothing: #GP(0)");
	gdt[GATE_RING1 / 8] = gate(USER_CS, inner, 0xec, 2);
	expect(2, to_bad, 2, VECTOR_GP, USER_CS & ~3u, "a gate outwards");
	gdt[GATE_RING1 / 8] = gate(CODE1, inner, 0xec, 2);
	tss.ss1 = 0;
	expect(2, to_bad, 2, VECTOR_TS, 0, "no inner stack: #TS(0)");
	tss.ss1 = DATA2;
	expect(2, to_bad, 2, VECTOR_TS, DATA2 & ~3u, "one of another ring: #TS(selector)");
	tss.ss1 = CODE1;
	expect(2, to_bad, 2, VECTOR_TS, CODE1 & ~3u, "one that is code");
	tss.ss1 = 0x1f9;
	gdt[0x1f8 / 8] = descriptor(0, 0xfffff, 0x32, FLAGS_32_4K);
	expect(2, to_bad, 2, VECTOR_SS, 0x1f8, "one that is absent: #SS(selector)");
	if (segments_are_strict()) {
		gdt[0x1f8 / 8] = descriptor(0, 0xf, 0xb2, FLAGS_32_1B);
		expect(2, to_bad, 2, VECTOR_SS, 0x1f8, "one without room");
	}
	tss.ss1 = DATA1;
}

/* ---- a 16-bit task ---------------------------------------------------------------------------- */

struct tss16 {
	u16 link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags;
	u16 ax, cx, dx, bx, sp, bp, si, di, es, cs, ss, ds, ldt;
} __attribute__((packed));

static struct tss16 task16 __attribute__((aligned(64)));

/* At 0x8100, since its IP has 16 bits. */
extern u8 task16_code[], task16_end[];
asm(".text\ntask16_code:\n\t"
    "mov %eax, seen_arguments; mov %esp, seen_esp; incl steps; iret\ntask16_end:");

static void test_task16(void)
{
	memcpy((void *)0x8100, task16_code, 32);
	memset(&task16, 0, sizeof(task16));
	task16.ip = 0x8100;
	task16.flags = 2;
	task16.ax = 0x4567;
	task16.sp = 0x9000;
	task16.cs = KERNEL_CS;
	task16.ss = task16.ds = task16.es = KERNEL_DS;
	gdt[TASK16 / 8] = descriptor((u32)&task16, sizeof(task16) - 1, 0x81, 0);
	steps = 0;
	TRY("mov $0x12345678, %%ecx; lcall %0, $0", "i"(TASK16));
	check_no_fault("CALL of a 16-bit task, and IRET back");
	check_equal(steps, 1, "it ran");
	check_equal(seen_arguments & 0xffff, 0x4567, "AX of its TSS");
	check_equal(seen_esp & 0xffff, 0x9000, "and SP");
	check_equal(task16.link, TSS_SELECTOR, "its link");
	check_equal(task16.ip, 0x8100 + (u32)(task16_end - task16_code), "what IRET saved");
	asm volatile("clts");
	gdt[TASK16 / 8] = descriptor((u32)&task16, sizeof(task16) - 2, 0x81, 0);
	TRY("lcall %0, $0", "i"(TASK16));
	check_fault(VECTOR_TS, TASK16, "one that is too small: #TS");
}

void guest_main(void)
{
	build();
	test_entry();
	test_rights();
	test_gates();
	test_task16();
}
