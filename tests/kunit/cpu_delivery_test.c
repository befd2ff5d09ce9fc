// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_cpu_delivery: interrupts and exceptions through the IDT and
 * through the real-mode table, and faults on the way. Task gates are in
 * cpu_task_test.c.
 */
#include "cpu_test.h"

#define FREE		 FAKE_GDT_FREE
#define HANDLER		 0x9000U
#define VECTOR		 0x30
#define IDT_CODE(vector) ((vector)*8U + ERROR_CODE_IDT)

#define INTERRUPT32	 SYSTEM(TYPE_INTERRUPT_GATE32, 0)
#define TRAP32		 SYSTEM(TYPE_TRAP_GATE32, 0)
#define INTERRUPT16	 SYSTEM(TYPE_INTERRUPT_GATE16, 0)

static enum cpu_result deliver(enum cpu_event_type type, u8 vector)
{
	struct cpu_exception exception = { .vector = vector };

	return cpu_deliver(cpu, type, &exception, cpu->rip);
}

static enum cpu_result deliver_code(u8 vector, u32 error_code)
{
	struct cpu_exception exception = {
		.vector = vector,
		.has_error_code = true,
		.error_code = error_code,
	};

	return cpu_deliver(cpu, CPU_EVENT_EXCEPTION, &exception, cpu->rip);
}

/* Every gate leads to ring-0 code of its own, so that all that comes arrives. */
static void fill_idt(void)
{
	unsigned int vector;

	for (vector = 0; vector < 256; vector++)
		fake_set_idt(&machine, vector,
			     fake_gate(FAKE_CODE0, HANDLER + vector, SYSTEM(TYPE_TRAP_GATE32, 3),
				       0));
}

static void set_up(unsigned int ring)
{
	fake_machine_protected(&machine);
	fake_machine_ring(&machine, ring);
	fill_idt();
	cpu->rflags |= X86_EFLAGS_IF;
}

static u32 word32(unsigned int index)
{
	return fake_get32(&machine, cpu->regs[REG_SP] + 4 * index);
}

static u16 word16(unsigned int index)
{
	return fake_get16(&machine, cpu->regs[REG_SP] + 2 * index);
}

static void check_stack32(struct kunit *test, const char *row, const u32 *wanted,
			  unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		check(test, row, "stack", word32(i), wanted[i]);
}

/* ---- frames ------------------------------------------------------------------- */

static void same_ring(struct kunit *test)
{
	const u32 flags = X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_CF | X86_EFLAGS_TF |
			  X86_EFLAGS_NT;
	const u32 frame[] = { FAKE_CODE, FAKE_CODE0, flags };

	set_up(0);
	cpu->rflags = flags;
	cpu->halted = true;
	cpu->interrupt_shadow = INTERRUPT_SHADOW_STI;
	check_outcome(test, "trap gate", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR), FINE);
	check_stack32(test, "trap gate", frame, 3);
	check(test, "trap gate", "ESP", cpu->regs[REG_SP], FAKE_STACK0 - 12);
	check(test, "trap gate", "EIP", cpu->rip, HANDLER + VECTOR);
	check(test, "trap gate", "CS", cpu->segments[SEGMENT_CS].selector, FAKE_CODE0);
	check(test, "trap gate", "EFLAGS", cpu->rflags,
	      X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_CF);
	check_true(test, "trap gate", "no longer halted", !cpu->halted && !cpu->interrupt_shadow);

	set_up(0);
	fake_set_idt(&machine, VECTOR, fake_gate(FAKE_CODE0, HANDLER, INTERRUPT32, 0));
	check_outcome(test, "interrupt gate", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR), FINE);
	check(test, "interrupt gate", "IF", cpu->rflags & X86_EFLAGS_IF, 0);
}

static void inner_ring(struct kunit *test)
{
	static const u32 stacks[] = { FAKE_STACK0, FAKE_STACK1, FAKE_STACK2 };
	static const u16 code[] = { FAKE_CODE0, FAKE_CODE1, FAKE_CODE2 };
	static const u16 data[] = { FAKE_DATA0, FAKE_DATA1, FAKE_DATA2 };
	const u32 frame[] = { 0xe,	   FAKE_CODE,
			      FAKE_CODE3,  X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_RF,
			      FAKE_STACK3, FAKE_DATA3 };
	unsigned int ring;

	for (ring = 0; ring < 3; ring++) {
		set_up(3);
		fake_set_idt(&machine, X86_TRAP_GP,
			     fake_gate(code[ring] & ~3, 0xabcd1234, TRAP32, 0));
		check_outcome(test, "from ring 3", deliver_code(X86_TRAP_GP, 0xe), FINE);
		check(test, "from ring 3", "CPL", cpu_cpl(cpu), ring);
		check(test, "from ring 3", "CS has RPL", cpu->segments[SEGMENT_CS].selector,
		      (code[ring] & ~3) | ring);
		check(test, "from ring 3", "SS", cpu->segments[SEGMENT_SS].selector, data[ring]);
		check(test, "from ring 3", "ESP", cpu->regs[REG_SP], stacks[ring] - 24);
		check(test, "from ring 3", "EIP", cpu->rip, 0xabcd1234);
		check(test, "from ring 3", "data segments stay", cpu->segments[SEGMENT_DS].selector,
		      FAKE_DATA3);
		check_stack32(test, "from ring 3", frame, ARRAY_SIZE(frame));
	}
}

static void gates_of_16_bits(struct kunit *test)
{
	set_up(3);
	cpu->regs[REG_SP] = 0x00123456;
	cpu->rip = 0x00ab5678;
	fake_set_idt(&machine, X86_TRAP_GP, fake_gate(FAKE_CODE0, 0xdead4321, INTERRUPT16, 0));
	check_outcome(test, "inner", deliver_code(X86_TRAP_GP, 0x12345), FINE);
	check(test, "inner", "EIP has no upper half", cpu->rip, 0x4321);
	check(test, "inner", "ESP", cpu->regs[REG_SP], FAKE_STACK0 - 12);
	check(test, "inner", "error code", word16(0), 0x2345);
	check(test, "inner", "IP", word16(1), 0x5678);
	check(test, "inner", "CS", word16(2), FAKE_CODE3);
	check(test, "inner", "FLAGS", word16(3), X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	check(test, "inner", "SP", word16(4), 0x3456);
	check(test, "inner", "SS", word16(5), FAKE_DATA3);
	check(test, "inner", "IF", cpu->rflags & X86_EFLAGS_IF, 0);
}

/* The stack of a 16-bit TSS, and a stack segment with 16-bit pointers. */
static void stacks_of_16_bits(struct kunit *test)
{
	set_up(3);
	cpu->tr.type = TYPE_TSS16_BUSY;
	fake_put16(&machine, FAKE_TSS + 2, 6);
	fake_put16(&machine, FAKE_TSS + 4, FAKE_DATA0_16);
	remember();
	check_outcome(test, "a push across the wrap", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      SS(FAKE_DATA0_16));
	check_outcome(test, "nor can that be pushed", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR),
		      OTHER(CPU_SHUTDOWN));

	set_up(3);
	cpu->tr.type = TYPE_TSS16_BUSY;
	cpu->tr.limit = 5;
	fake_put16(&machine, FAKE_TSS + 2, 4);
	fake_put16(&machine, FAKE_TSS + 4, FAKE_DATA0_16);
	fake_set_idt(&machine, VECTOR, fake_gate(FAKE_CODE0, HANDLER, INTERRUPT16, 0));
	cpu->regs[REG_SP] = 0x00013000;
	check_outcome(test, "wrap", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR), FINE);
	check(test, "wrap", "SP, and the rest of ESP", cpu->regs[REG_SP], 0x0001fffa);
	check(test, "wrap", "SS", fake_get16(&machine, 2), FAKE_DATA3);
	check(test, "wrap", "SP", fake_get16(&machine, 0), 0x3000);
	check(test, "wrap", "FLAGS", fake_get16(&machine, 0xfffe),
	      X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	check(test, "wrap", "IP", fake_get16(&machine, 0xfffa), FAKE_CODE);
	fake_machine_ring(&machine, 3);
	cpu->tr.limit = 4;
	remember();
	check_outcome(test, "TSS too short", deliver(CPU_EVENT_SOFTWARE_EXCEPTION, X86_TRAP_BP),
		      TS(FAKE_TSS_SELECTOR));
}

static void conforming_handlers(struct kunit *test)
{
	set_up(3);
	fake_set_gdt(&machine, FREE,
		     fake_descriptor(0, 0xfffff, SEGMENT(CODE_XR_CONFORMING, 0), FLAGS_32));
	fake_set_idt(&machine, VECTOR, fake_gate(FREE, HANDLER, INTERRUPT32, 0));
	check_outcome(test, "conforming", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR), FINE);
	check(test, "conforming", "CPL stays", cpu_cpl(cpu), 3);
	check(test, "conforming", "RPL is CPL", cpu->segments[SEGMENT_CS].selector, FREE | 3);
	check(test, "conforming", "stack stays", cpu->regs[REG_SP], FAKE_STACK3 - 12);
}

static void resume_flag(struct kunit *test)
{
	static const struct {
		const char *name;
		enum cpu_event_type type;
		u8 vector;
		bool trap, set;
	} rows[] = {
		{ "#UD", CPU_EVENT_EXCEPTION, X86_TRAP_UD, false, true },
		{ "#PF", CPU_EVENT_EXCEPTION, X86_TRAP_PF, false, true },
		{ "#DB fault", CPU_EVENT_EXCEPTION, X86_TRAP_DB, false, true },
		{ "#DB trap", CPU_EVENT_EXCEPTION, X86_TRAP_DB, true, false },
		{ "interrupt", CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR, false, false },
		{ "NMI", CPU_EVENT_NMI, X86_TRAP_NMI, false, false },
		{ "INT n", CPU_EVENT_SOFTWARE_INTERRUPT, X86_TRAP_UD, false, false },
		{ "INT3", CPU_EVENT_SOFTWARE_EXCEPTION, X86_TRAP_BP, false, false },
		{ "INT1", CPU_EVENT_PRIVILEGED_EXCEPTION, X86_TRAP_DB, false, false },
		{ "#BP as an exception", CPU_EVENT_EXCEPTION, X86_TRAP_BP, false, false },
		{ "#OF as an exception", CPU_EVENT_EXCEPTION, X86_TRAP_OF, false, false },
		{ "#MC", CPU_EVENT_EXCEPTION, X86_TRAP_MC, false, false },
		{ "#DF", CPU_EVENT_EXCEPTION, X86_TRAP_DF, false, true },
	};
	struct cpu_exception exception;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(0);
		exception =
			(struct cpu_exception){ .vector = rows[i].vector, .trap = rows[i].trap };
		check_outcome(test, rows[i].name,
			      cpu_deliver(cpu, rows[i].type, &exception, cpu->rip), FINE);
		check_true(test, rows[i].name, "RF in the image",
			   !(word32(2) & X86_EFLAGS_RF) == !rows[i].set);
		check(test, rows[i].name, "RF in the handler", cpu->rflags & X86_EFLAGS_RF, 0);
	}
}

static void side_registers(struct kunit *test)
{
	struct cpu_exception exception = { .vector = X86_TRAP_PF,
					   .has_error_code = true,
					   .cr2 = 0x12345678 };

	set_up(0);
	check_outcome(test, "#PF", cpu_deliver(cpu, CPU_EVENT_EXCEPTION, &exception, cpu->rip),
		      FINE);
	check(test, "#PF", "CR2", cpu->cr2, 0x12345678);
	exception.cr2 = 1;
	check_outcome(test, "INT 14",
		      cpu_deliver(cpu, CPU_EVENT_SOFTWARE_INTERRUPT, &exception, cpu->rip), FINE);
	check(test, "INT 14", "CR2 stays", cpu->cr2, 0x12345678);
	check(test, "INT 14", "no error code", word32(1), FAKE_CODE0);

	set_up(0);
	cpu->dr6 = 0xffff0ff1;
	cpu->dr7 = 0x2400;
	exception = (struct cpu_exception){ .vector = X86_TRAP_DB, .trap = true, .dr6 = 0x4002 };
	check_outcome(test, "#DB", cpu_deliver(cpu, CPU_EVENT_EXCEPTION, &exception, cpu->rip),
		      FINE);
	check(test, "#DB", "DR6", cpu->dr6, 0xffff4ff2);
	check(test, "#DB", "DR7.GD", cpu->dr7, 0x400);
	cpu->dr7 = 0x2400;
	exception.dr6 = 0x8000;
	check_outcome(test, "INT 1",
		      cpu_deliver(cpu, CPU_EVENT_SOFTWARE_INTERRUPT, &exception, cpu->rip), FINE);
	check(test, "INT 1", "DR6 stays", cpu->dr6, 0xffff4ff2);
	check(test, "INT 1", "DR7 stays", cpu->dr7, 0x2400);
	check_outcome(test, "INT1",
		      cpu_deliver(cpu, CPU_EVENT_PRIVILEGED_EXCEPTION, &exception, cpu->rip), FINE);
	check(test, "INT1", "DR6", cpu->dr6, 0xffffcff2);
	check(test, "INT1", "DR7.GD", cpu->dr7, 0x400);

	set_up(0);
	check_outcome(test, "NMI", deliver(CPU_EVENT_NMI, X86_TRAP_NMI), FINE);
	check_true(test, "NMI", "blocked", cpu->nmi_blocked);
}

/* ---- the gate --------------------------------------------------------------------- */

static void gate_checks(struct kunit *test)
{
	static const struct {
		const char *name;
		u16 selector;
		unsigned int access;
		unsigned int ring;
		unsigned int wanted; /* of INT n */
	} rows[] = {
		{ "interrupt gate", FAKE_CODE0, SYSTEM(TYPE_INTERRUPT_GATE32, 3), 3, FINE },
		{ "trap gate", FAKE_CODE0, SYSTEM(TYPE_TRAP_GATE16, 3), 3, FINE },
		{ "DPL below CPL", FAKE_CODE0, SYSTEM(TYPE_TRAP_GATE32, 2), 3,
		  GP(IDT_CODE(VECTOR)) },
		{ "DPL equals CPL", FAKE_CODE0, SYSTEM(TYPE_TRAP_GATE32, 1), 1, FINE },
		{ "call gate", FAKE_CODE0, SYSTEM(TYPE_CALL_GATE32, 3), 0, GP(IDT_CODE(VECTOR)) },
		{ "empty", FAKE_CODE0, 0, 0, GP(IDT_CODE(VECTOR)) },
		{ "a segment", FAKE_CODE0, SEGMENT(0xe, 3), 0, GP(IDT_CODE(VECTOR)) },
		{ "an LDT", FAKE_CODE0, SYSTEM(TYPE_LDT, 3), 0, GP(IDT_CODE(VECTOR)) },
		{ "not present", FAKE_CODE0, ABSENT(TRAP32), 0, NP(IDT_CODE(VECTOR)) },
		{ "DPL before presence", FAKE_CODE0, ABSENT(TRAP32), 3, GP(IDT_CODE(VECTOR)) },
		{ "null selector", 3, SYSTEM(TYPE_TRAP_GATE32, 3), 0, GP(0) },
		{ "past the GDT", 0x200, SYSTEM(TYPE_TRAP_GATE32, 3), 0, GP(0x200) },
		{ "a data segment", FAKE_DATA0, SYSTEM(TYPE_TRAP_GATE32, 3), 0, GP(FAKE_DATA0) },
		{ "outer ring", FAKE_CODE3, SYSTEM(TYPE_TRAP_GATE32, 3), 0, GP(FAKE_CODE3 & ~3) },
		{ "RPL is ignored", FAKE_CODE0 | 3, SYSTEM(TYPE_TRAP_GATE32, 3), 0, FINE },
	};
	unsigned int i, wanted;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(rows[i].ring);
		fake_set_idt(&machine, VECTOR,
			     fake_gate(rows[i].selector, HANDLER, rows[i].access, 0));
		remember();
		check_outcome(test, rows[i].name, deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
			      rows[i].wanted);

		/* An interrupt from outside does not ask for the gate's DPL. */
		set_up(rows[i].ring);
		fake_set_idt(&machine, VECTOR,
			     fake_gate(rows[i].selector, HANDLER, rows[i].access, 0));
		wanted = rows[i].wanted;
		check_outcome(test, rows[i].name, deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR),
			      FINE);
		if (wanted == FINE || (rows[i].access & 0x9f) == 0x8f) {
			check_true(test, rows[i].name, "its own handler",
				   cpu->rip == HANDLER || wanted != FINE);
			continue;
		}
		/* What went wrong was delivered in its place, with EXT set. */
		if (wanted == GP(IDT_CODE(VECTOR)) && rows[i].access == ABSENT(TRAP32))
			wanted = NP(IDT_CODE(VECTOR));
		check(test, rows[i].name, "handler", cpu->rip, HANDLER + ((wanted >> 16) & 0xff));
		check(test, rows[i].name, "error code", word32(0), (wanted & 0xffff) | 1);
	}
}

static void idt_limit(struct kunit *test)
{
	set_up(0);
	cpu->idtr.limit = VECTOR * 8 + 7;
	check_outcome(test, "last gate", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), FINE);
	cpu->idtr.limit = VECTOR * 8 + 6;
	remember();
	check_outcome(test, "a byte short", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      GP(IDT_CODE(VECTOR)));
	machine.pages[FAKE_IDT / FAKE_PAGE] = 0;
	cpu->idtr.limit = 0xffff;
	remember();
	check_outcome(test, "absent", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), PF(0));
	check(test, "absent", "CR2", cpu->fault.cr2, FAKE_IDT + VECTOR * 8);
}

static void code_segment_checks(struct kunit *test)
{
	set_up(0);
	fake_set_gdt(&machine, FREE, fake_descriptor(0, 0xffff, ABSENT(SEGMENT(CODE_XR, 0)), 4));
	fake_set_idt(&machine, VECTOR, fake_gate(FREE, 0x10000, SYSTEM(TYPE_TRAP_GATE32, 3), 0));
	remember();
	check_outcome(test, "absent", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), NP(FREE));
	fake_set_gdt(&machine, FREE, fake_descriptor(0, 0xffff, SEGMENT(CODE_XR, 0), 4));
	check_outcome(test, "EIP past the limit", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      GP(0));
	fake_set_idt(&machine, VECTOR, fake_gate(FREE, 0xffff, SYSTEM(TYPE_TRAP_GATE32, 3), 0));
	check_outcome(test, "EIP at the limit", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      FINE);
}

/* ---- the stack of the inner ring --------------------------------------------------- */

static void inner_stack_checks(struct kunit *test)
{
	static const struct {
		const char *name;
		u16 selector;
		unsigned int access;
		u32 raw_limit;
		u32 tss_limit;
		unsigned int wanted;
	} rows[] = {
		{ "good", FREE, SEGMENT(DATA_RW, 0), 0xffff, 0x67, FINE },
		{ "the TSS ends in SS", FREE, SEGMENT(DATA_RW, 0), 0xffff, 8,
		  TS(FAKE_TSS_SELECTOR) },
		{ "the TSS just holds it", FREE, SEGMENT(DATA_RW, 0), 0xffff, 9, FINE },
		{ "null", 0, SEGMENT(DATA_RW, 0), 0xffff, 0x67, TS(0) },
		{ "past the GDT", 0x200, SEGMENT(DATA_RW, 0), 0xffff, 0x67, TS(0x200) },
		{ "RPL", FREE | 1, SEGMENT(DATA_RW, 0), 0xffff, 0x67, TS(FREE) },
		{ "DPL", FREE, SEGMENT(DATA_RW, 3), 0xffff, 0x67, TS(FREE) },
		{ "read-only", FREE, SEGMENT(DATA_RO, 0), 0xffff, 0x67, TS(FREE) },
		{ "code", FREE, SEGMENT(CODE_XR, 0), 0xffff, 0x67, TS(FREE) },
		{ "not present", FREE, ABSENT(SEGMENT(DATA_RW, 0)), 0xffff, 0x67, SS(FREE) },
		{ "no room", FREE, SEGMENT(DATA_RW, 0), 0x7000 - 2, 0x67, SS(FREE) },
		{ "just room", FREE, SEGMENT(DATA_RW, 0), 0x7000 - 1, 0x67, FINE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(3);
		fake_set_gdt(&machine, FREE,
			     fake_descriptor(FAKE_STACK0 - 0x7000, rows[i].raw_limit,
					     rows[i].access, 4));
		fake_put32(&machine, FAKE_TSS + 4, 0x7000);
		fake_put16(&machine, FAKE_TSS + 8, rows[i].selector);
		cpu->tr.limit = rows[i].tss_limit;
		remember();
		check_outcome(test, rows[i].name, deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
			      rows[i].wanted);
	}
}

/* Code and stack segment are marked accessed, unless something faults. */
static void marks_accessed(struct kunit *test)
{
	const u16 stack = FREE + 8;
	unsigned int fault;

	for (fault = 0; fault < 2; fault++) {
		set_up(3);
		fake_set_gdt(&machine, FREE,
			     fake_descriptor(0, 0xfffff, SEGMENT(CODE_XR, 0) & ~1U, FLAGS_32));
		fake_set_gdt(&machine, stack,
			     fake_descriptor(0, 0xfffff, SEGMENT(DATA_RW, 0) & ~1U, FLAGS_32));
		fake_put16(&machine, FAKE_TSS + 8, stack);
		fake_set_idt(&machine, VECTOR,
			     fake_gate(FREE, HANDLER, SYSTEM(TYPE_TRAP_GATE32, 3), 0));
		if (fault)
			machine.pages[FAKE_STACK0 / FAKE_PAGE - 1] = 0;
		remember();
		check_outcome(test, "delivery", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
			      fault ? PF(PFERR_WRITE) : FINE);
		check(test, "delivery", "CS", fake_get8(&machine, FAKE_GDT + FREE + 5) & 1, !fault);
		check(test, "delivery", "SS", fake_get8(&machine, FAKE_GDT + stack + 5) & 1,
		      !fault);
		if (!fault)
			check(test, "hidden part", "of SS", cpu->segments[SEGMENT_SS].type & 1, 1);
	}
}

/* Each word of the frame on a page that cannot be written: nothing happens. */
static void faults_on_the_stack_change_nothing(struct kunit *test)
{
	u32 esp;

	for (esp = FAKE_STACK0 - 24; esp <= FAKE_STACK0 + 28; esp += 4) {
		set_up(3);
		fake_put32(&machine, FAKE_TSS + 4, esp);
		machine.pages[FAKE_STACK0 / FAKE_PAGE] = FAKE_PRESENT | FAKE_USER;
		machine.pages[FAKE_STACK0 / FAKE_PAGE - 1] = FAKE_PRESENT | FAKE_WRITABLE;
		cpu->cr0 |= X86_CR0_WP;
		remember();
		check_outcome(test, "split frame", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
			      esp <= FAKE_STACK0 ? FINE : PF(PFERR_PRESENT | PFERR_WRITE));
	}
	/* The push is the inner ring's: user pages are no matter, and no fault. */
	set_up(3);
	cpu->regs[REG_SP] = FAKE_DATA;
	machine.pages[FAKE_DATA / FAKE_PAGE - 1] = 0;
	check_outcome(test, "user stack", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), FINE);
}

/* ---- exceptions on the way ----------------------------------------------------------- */

static void double_faults(struct kunit *test)
{
	static const u8 contributory[] = { X86_TRAP_DE, X86_TRAP_TS, X86_TRAP_NP, X86_TRAP_SS,
					   X86_TRAP_GP };
	static const u8 benign[] = { X86_TRAP_DB, X86_TRAP_UD, X86_TRAP_NM, X86_TRAP_MF,
				     X86_TRAP_AC };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(contributory); i++) {
		set_up(0);
		fake_set_idt(&machine, contributory[i], fake_gate(FAKE_CODE0, HANDLER, 0x0e, 0));
		check_outcome(test, "contributory, #GP",
			      deliver(CPU_EVENT_EXCEPTION, contributory[i]), FINE);
		check(test, "contributory, #GP", "#DF", cpu->rip, HANDLER + X86_TRAP_DF);
		check(test, "contributory, #GP", "error code", word32(0), 0);
		check(test, "contributory, #GP", "EIP", word32(1), FAKE_CODE);
	}
	for (i = 0; i < ARRAY_SIZE(benign); i++) {
		set_up(0);
		fake_set_idt(&machine, benign[i], fake_gate(0, HANDLER, TRAP32, 0));
		check_outcome(test, "benign, #GP", deliver(CPU_EVENT_EXCEPTION, benign[i]), FINE);
		check(test, "benign, #GP", "#GP", cpu->rip, HANDLER + X86_TRAP_GP);
		check(test, "benign, #GP", "EXT", word32(0), 1);
	}
}

static void page_faults_on_the_way(struct kunit *test)
{
	struct cpu_exception exception = { .vector = X86_TRAP_PF,
					   .has_error_code = true,
					   .cr2 = 0x1111 };

	/* A code descriptor on an absent page, for one vector. */
	set_up(0);
	cpu->gdtr.limit = 0xffff;
	machine.pages[(FAKE_GDT + 0x3000) / FAKE_PAGE] = 0;
	fake_set_idt(&machine, X86_TRAP_GP, fake_gate(0x3000, HANDLER, TRAP32, 0));
	check_outcome(test, "#GP, #PF", deliver_code(X86_TRAP_GP, 0), FINE);
	check(test, "#GP, #PF", "serially", cpu->rip, HANDLER + X86_TRAP_PF);
	check(test, "#GP, #PF", "CR2", cpu->cr2, FAKE_GDT + 0x3000);
	check(test, "#GP, #PF", "no EXT in #PF", word32(0), 0);

	set_up(0);
	cpu->gdtr.limit = 0xffff;
	machine.pages[(FAKE_GDT + 0x3000) / FAKE_PAGE] = 0;
	fake_set_idt(&machine, X86_TRAP_PF, fake_gate(0x3000, HANDLER, TRAP32, 0));
	check_outcome(test, "#PF, #PF", cpu_deliver(cpu, CPU_EVENT_EXCEPTION, &exception, cpu->rip),
		      FINE);
	check(test, "#PF, #PF", "#DF", cpu->rip, HANDLER + X86_TRAP_DF);
	check(test, "#PF, #PF", "CR2 is the second", cpu->cr2, FAKE_GDT + 0x3000);

	set_up(0);
	fake_set_idt(&machine, X86_TRAP_PF, fake_gate(0, HANDLER, TRAP32, 0));
	check_outcome(test, "#PF, #GP", cpu_deliver(cpu, CPU_EVENT_EXCEPTION, &exception, cpu->rip),
		      FINE);
	check(test, "#PF, #GP", "#DF", cpu->rip, HANDLER + X86_TRAP_DF);
	check(test, "#PF, #GP", "CR2", cpu->cr2, 0x1111);

	/* A software interrupt is benign, and is begun again. */
	set_up(3);
	machine.pages[FAKE_STACK0 / FAKE_PAGE - 1] = 0;
	remember();
	check_outcome(test, "INT n, #PF", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      PF(PFERR_WRITE));
	check(test, "INT n, #PF", "CR2 is of the first push", cpu->fault.cr2, FAKE_STACK0 - 4);
}

static void triple_faults(struct kunit *test)
{
	set_up(0);
	fake_set_idt(&machine, X86_TRAP_GP, 0);
	fake_set_idt(&machine, X86_TRAP_DF, 0);
	check_outcome(test, "no gates", deliver_code(X86_TRAP_GP, 0), OTHER(CPU_SHUTDOWN));
	set_up(0);
	fake_set_idt(&machine, X86_TRAP_DF, 0);
	check_outcome(test, "#DF itself", deliver_code(X86_TRAP_DF, 0), OTHER(CPU_SHUTDOWN));
	set_up(0);
	cpu->idtr.limit = 0;
	check_outcome(test, "no table", deliver(CPU_EVENT_EXCEPTION, X86_TRAP_UD),
		      OTHER(CPU_SHUTDOWN));
	set_up(0);
	cpu->idtr.limit = 0;
	check_outcome(test, "interrupt", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR),
		      OTHER(CPU_SHUTDOWN));
	/* A ring-0 stack that cannot be pushed on: nothing can be delivered. */
	set_up(0);
	machine.pages[FAKE_STACK0 / FAKE_PAGE - 1] = 0;
	check_outcome(test, "no stack", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR),
		      OTHER(CPU_SHUTDOWN));
}

static void external_bit(struct kunit *test)
{
	static const struct {
		const char *name;
		enum cpu_event_type type;
		unsigned int wanted;
	} rows[] = {
		{ "INT n", CPU_EVENT_SOFTWARE_INTERRUPT, NP(IDT_CODE(VECTOR)) },
		{ "INT3", CPU_EVENT_SOFTWARE_EXCEPTION, NP(IDT_CODE(VECTOR)) },
		{ "INT1", CPU_EVENT_PRIVILEGED_EXCEPTION, NP(IDT_CODE(VECTOR) | 1) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(0);
		fake_set_idt(&machine, VECTOR, fake_gate(FAKE_CODE0, 0, ABSENT(TRAP32), 0));
		remember();
		check_outcome(test, rows[i].name, deliver(rows[i].type, VECTOR), rows[i].wanted);
	}
	/* INT1 is not asked for the gate's DPL. */
	set_up(3);
	fake_set_idt(&machine, X86_TRAP_DB, fake_gate(FAKE_CODE0, HANDLER, TRAP32, 0));
	check_outcome(test, "INT1", deliver(CPU_EVENT_PRIVILEGED_EXCEPTION, X86_TRAP_DB), FINE);
	fake_machine_ring(&machine, 3);
	fake_set_idt(&machine, X86_TRAP_BP, fake_gate(FAKE_CODE0, HANDLER, TRAP32, 0));
	remember();
	check_outcome(test, "INT3", deliver(CPU_EVENT_SOFTWARE_EXCEPTION, X86_TRAP_BP),
		      GP(IDT_CODE(X86_TRAP_BP)));
}

/* ---- real mode --------------------------------------------------------------------- */

static void real_mode(struct kunit *test)
{
	fake_machine_init(&machine);
	check_outcome(test, "CS", cpu_far_jump(cpu, 0x100, 0x20, 2, 0), FINE);
	cpu->regs[REG_SP] = 0x8000;
	cpu->rflags |= X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC | X86_EFLAGS_DF;
	fake_put32(&machine, VECTOR * 4, 0x12345678);
	check_outcome(test, "INT n", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), FINE);
	check(test, "INT n", "CS", cpu->segments[SEGMENT_CS].selector, 0x1234);
	check(test, "INT n", "base", cpu->segments[SEGMENT_CS].base, 0x12340);
	check(test, "INT n", "IP", cpu->rip, 0x5678);
	check(test, "INT n", "SP", cpu->regs[REG_SP], 0x8000 - 6);
	check(test, "INT n", "IP pushed", word16(0), 0x20);
	check(test, "INT n", "CS pushed", word16(1), 0x100);
	check(test, "INT n", "FLAGS pushed", word16(2),
	      X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_DF);
	check(test, "INT n", "EFLAGS", cpu->rflags, X86_EFLAGS_FIXED | X86_EFLAGS_DF);

	cpu->regs[REG_SP] = 0x8000;
	check_outcome(test, "no error code", deliver_code(X86_TRAP_GP, 5), FINE);
	check(test, "no error code", "SP", cpu->regs[REG_SP], 0x8000 - 6);

	cpu->idtr.limit = VECTOR * 4 + 3;
	check_outcome(test, "the last entry", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), FINE);
	cpu->idtr.limit = VECTOR * 4 + 2;
	remember();
	check_outcome(test, "table too short", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      GP(0));
	cpu->idtr.limit = 4;
	check_outcome(test, "no table", deliver(CPU_EVENT_EXCEPTION, X86_TRAP_UD),
		      OTHER(CPU_SHUTDOWN));
}

/* ---- virtual-8086 mode ------------------------------------------------------------------ */

static void set_up_v86(unsigned int iopl)
{
	fake_machine_v86(&machine);
	fill_idt();
	cpu->rflags |= iopl << EFLAGS_IOPL_SHIFT;
}

static void v86_leaves_to_ring_0(struct kunit *test)
{
	const u32 flags = X86_EFLAGS_FIXED | X86_EFLAGS_VM;
	const u32 frame[] = { 0x100, 0x701, flags, 0x1000, 0x702, 0x700, 0x703, 0x704, 0x705 };
	static const u8 emptied[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	unsigned int i;

	set_up_v86(0);
	check_outcome(test, "interrupt", deliver(CPU_EVENT_EXTERNAL_INTERRUPT, VECTOR), FINE);
	check(test, "interrupt", "ESP", cpu->regs[REG_SP], FAKE_STACK0 - 36);
	check_stack32(test, "interrupt", frame, ARRAY_SIZE(frame));
	check(test, "interrupt", "VM", cpu->rflags & X86_EFLAGS_VM, 0);
	check(test, "interrupt", "CPL", cpu_cpl(cpu), 0);
	for (i = 0; i < ARRAY_SIZE(emptied); i++)
		check_true(test, "interrupt", "data segment is null",
			   cpu->segments[emptied[i]].unusable);
}

static void v86_checks(struct kunit *test)
{
	set_up_v86(2);
	remember();
	check_outcome(test, "INT n below IOPL 3", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      GP(0));
	check_outcome(test, "INT3 does not ask", deliver(CPU_EVENT_SOFTWARE_EXCEPTION, X86_TRAP_BP),
		      FINE);
	set_up_v86(3);
	check_outcome(test, "INT n at IOPL 3", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), FINE);

	set_up_v86(3);
	fake_set_idt(&machine, VECTOR,
		     fake_gate(FAKE_CODE1, HANDLER, SYSTEM(TYPE_TRAP_GATE32, 3), 0));
	remember();
	check_outcome(test, "ring 1", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR),
		      GP(FAKE_CODE1 & ~3));
	fake_set_gdt(&machine, FREE,
		     fake_descriptor(0, 0xfffff, SEGMENT(CODE_XR_CONFORMING, 0), FLAGS_32));
	fake_set_idt(&machine, VECTOR, fake_gate(FREE, HANDLER, SYSTEM(TYPE_TRAP_GATE32, 3), 0));
	check_outcome(test, "conforming", deliver(CPU_EVENT_SOFTWARE_INTERRUPT, VECTOR), GP(FREE));
}

static struct kunit_case delivery_cases[] = {
	KUNIT_CASE(same_ring),
	KUNIT_CASE(inner_ring),
	KUNIT_CASE(gates_of_16_bits),
	KUNIT_CASE(stacks_of_16_bits),
	KUNIT_CASE(conforming_handlers),
	KUNIT_CASE(resume_flag),
	KUNIT_CASE(side_registers),
	KUNIT_CASE(gate_checks),
	KUNIT_CASE(idt_limit),
	KUNIT_CASE(code_segment_checks),
	KUNIT_CASE(inner_stack_checks),
	KUNIT_CASE(marks_accessed),
	KUNIT_CASE(faults_on_the_stack_change_nothing),
	KUNIT_CASE(double_faults),
	KUNIT_CASE(page_faults_on_the_way),
	KUNIT_CASE(triple_faults),
	KUNIT_CASE(external_bit),
	KUNIT_CASE(real_mode),
	KUNIT_CASE(v86_leaves_to_ring_0),
	KUNIT_CASE(v86_checks),
	{},
};

static struct kunit_suite delivery_suite = {
	.name = "ringlet_cpu_delivery",
	.test_cases = delivery_cases,
};
kunit_test_suite(delivery_suite);
