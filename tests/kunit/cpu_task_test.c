// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_cpu_task: hardware task switches by JMP, CALL, IRET and task
 * gates, between 16-bit and 32-bit tasks.
 */
#include "cpu_test.h"

#define NEW_SELECTOR		 FAKE_GDT_FREE
#define GATE			 (FAKE_GDT_FREE + 8)
#define FREE			 (FAKE_GDT_FREE + 16)
#define NEW_TSS			 0x6000U
#define NEW_ESP			 0x14000U
#define NEW_EIP			 0xa000U
#define RETURN			 (FAKE_CODE + 7)
#define VECTOR			 0x30
#define TSS_DESCRIPTOR(selector) (FAKE_GDT + (selector) + 5)

static u32 tss32(unsigned int offset)
{
	return fake_get32(&machine, NEW_TSS + offset);
}

static void put32(unsigned int offset, u32 value)
{
	fake_put32(&machine, NEW_TSS + offset, value);
}

static void put16(unsigned int offset, u16 value)
{
	fake_put16(&machine, NEW_TSS + offset, value);
}

/* A task of @ring, at its start, in a 32-bit TSS. */
static void make_task32(unsigned int ring)
{
	static const u16 code[] = { FAKE_CODE0, FAKE_CODE1, FAKE_CODE2, FAKE_CODE3 };
	static const u16 data[] = { FAKE_DATA0, FAKE_DATA1, FAKE_DATA2, FAKE_DATA3 };
	unsigned int i;

	fake_set_gdt(&machine, NEW_SELECTOR,
		     fake_descriptor(NEW_TSS, 0x67, SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0));
	for (i = 0; i < 0x68; i++)
		fake_put8(&machine, NEW_TSS + i, 0);
	put32(28, 0x7000); /* CR3 */
	put32(32, NEW_EIP);
	put32(36, X86_EFLAGS_CF);
	for (i = 0; i < 8; i++)
		put32(40 + 4 * i, 0x100 + i);
	put32(40 + 4 * REG_SP, NEW_ESP);
	for (i = 0; i < SEGMENT_REGISTERS; i++)
		put32(72 + 4 * i, data[ring]);
	put32(72 + 4 * SEGMENT_CS, code[ring]);
}

static void make_task16(void)
{
	unsigned int i;

	fake_set_gdt(&machine, NEW_SELECTOR,
		     fake_descriptor(NEW_TSS, 0x2b, SYSTEM(TYPE_TSS16_AVAILABLE, 0), 0));
	for (i = 0; i < 0x2c; i++)
		fake_put8(&machine, NEW_TSS + i, 0);
	put16(14, NEW_EIP);
	put16(16, X86_EFLAGS_CF);
	for (i = 0; i < 8; i++)
		put16(18 + 2 * i, 0x100 + i);
	put16(18 + 2 * REG_SP, 0x4000);
	for (i = 0; i < 4; i++)
		put16(34 + 2 * i, FAKE_DATA0);
	put16(34 + 2 * SEGMENT_CS, FAKE_CODE0);
}

static void set_up(unsigned int ring)
{
	unsigned int i;

	fake_machine_protected(&machine);
	make_task32(ring);
	for (i = 0; i < 8; i++)
		if (i != REG_SP)
			cpu->regs[i] = 0xabc00000 + i;
	cpu->rflags |= X86_EFLAGS_ZF;
	cpu->dr7 = 0x7ff;
	fake_set_gdt(&machine, GATE, fake_gate(NEW_SELECTOR, 0, SYSTEM(TYPE_TASK_GATE, 3), 0));
	fake_set_idt(&machine, VECTOR, fake_gate(NEW_SELECTOR, 0, SYSTEM(TYPE_TASK_GATE, 3), 0));
	fake_set_idt(&machine, X86_TRAP_DF,
		     fake_gate(NEW_SELECTOR, 0, SYSTEM(TYPE_TASK_GATE, 0), 0));
}

static void check_entered(struct kunit *test, const char *row, bool nested)
{
	unsigned int i;

	check(test, row, "EIP", cpu->rip, NEW_EIP);
	check(test, row, "ESP", cpu->regs[REG_SP], NEW_ESP);
	for (i = 0; i < 8; i++)
		if (i != REG_SP)
			check(test, row, "register", cpu->regs[i], 0x100 + i);
	check(test, row, "EFLAGS", cpu->rflags,
	      X86_EFLAGS_FIXED | X86_EFLAGS_CF | (nested ? X86_EFLAGS_NT : 0));
	check(test, row, "TR", cpu->tr.selector, NEW_SELECTOR);
	check(test, row, "TR is busy", cpu->tr.type, TYPE_TSS32_BUSY);
	check(test, row, "CR0.TS", cpu->cr0 & X86_CR0_TS, X86_CR0_TS);
	check(test, row, "local breakpoints", cpu->dr7, 0x6aa);
	check(test, row, "link", fake_get16(&machine, NEW_TSS), nested ? FAKE_TSS_SELECTOR : 0);
	check(test, row, "new TSS is busy", fake_get8(&machine, TSS_DESCRIPTOR(NEW_SELECTOR)),
	      SYSTEM(TYPE_TSS32_BUSY, 0));
	check(test, row, "old TSS is busy", fake_get8(&machine, TSS_DESCRIPTOR(FAKE_TSS_SELECTOR)),
	      SYSTEM(nested ? TYPE_TSS32_BUSY : TYPE_TSS32_AVAILABLE, 0));
	check_true(test, row, "TR, CR0 and DR7 are announced",
		   (machine.changed & (CPU_CHANGED_TR | CPU_CHANGED_CR0 | CPU_CHANGED_DEBUG)) ==
			   (CPU_CHANGED_TR | CPU_CHANGED_CR0 | CPU_CHANGED_DEBUG));
}

static void check_saved(struct kunit *test, const char *row)
{
	unsigned int i;

	check(test, row, "saved EIP", fake_get32(&machine, FAKE_TSS + 32), RETURN);
	check(test, row, "saved EFLAGS", fake_get32(&machine, FAKE_TSS + 36),
	      X86_EFLAGS_FIXED | X86_EFLAGS_ZF);
	for (i = 0; i < 8; i++)
		if (i != REG_SP)
			check(test, row, "saved register",
			      fake_get32(&machine, FAKE_TSS + 40 + 4 * i), 0xabc00000 + i);
	check(test, row, "saved ESP", fake_get32(&machine, FAKE_TSS + 56), FAKE_STACK0);
	check(test, row, "saved CS", fake_get16(&machine, FAKE_TSS + 76), FAKE_CODE0);
	check(test, row, "saved GS", fake_get16(&machine, FAKE_TSS + 92), FAKE_DATA0);
	check(test, row, "what is reserved stays", fake_get16(&machine, FAKE_TSS + 94), 0x9999);
}

/* ---- there and back -------------------------------------------------------------- */

static void jumps_and_calls(struct kunit *test)
{
	static const struct {
		const char *name;
		u16 selector;
		bool call;
	} rows[] = {
		{ "jump to a TSS", NEW_SELECTOR, false },
		{ "call to a TSS", NEW_SELECTOR, true },
		{ "jump through a gate", GATE, false },
		{ "call through a gate", GATE | 3, true },
	};
	enum cpu_result result;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(0);
		fake_put16(&machine, FAKE_TSS + 94, 0x9999);
		if (rows[i].call)
			result = cpu_far_call(cpu, rows[i].selector, 0xbad, 4, RETURN);
		else
			result = cpu_far_jump(cpu, rows[i].selector, 0xbad, 4, RETURN);
		check_outcome(test, rows[i].name, result, FINE);
		check_entered(test, rows[i].name, rows[i].call);
		check_saved(test, rows[i].name);
		check(test, rows[i].name, "nothing is pushed", fake_get32(&machine, NEW_ESP - 4),
		      0);
	}
}

static void returns(struct kunit *test)
{
	set_up(0);
	cpu->nmi_blocked = true;
	check_outcome(test, "call", cpu_far_call(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	cpu->regs[REG_AX] = 0x55;
	check_outcome(test, "IRET", cpu_iret(cpu, 2, NEW_EIP + 5), FINE);
	check(test, "IRET", "EIP", cpu->rip, RETURN);
	check(test, "IRET", "ESP, nothing pushed", cpu->regs[REG_SP], FAKE_STACK0);
	check(test, "IRET", "EAX", cpu->regs[REG_AX], 0xabc00000);
	check(test, "IRET", "TR", cpu->tr.selector, FAKE_TSS_SELECTOR);
	check(test, "IRET", "EFLAGS", cpu->rflags, X86_EFLAGS_FIXED | X86_EFLAGS_ZF);
	check(test, "IRET", "saved EAX", tss32(40), 0x55);
	check(test, "IRET", "saved EIP", tss32(32), NEW_EIP + 5);
	check(test, "IRET", "saved NT is clear", tss32(36), X86_EFLAGS_FIXED | X86_EFLAGS_CF);
	check(test, "IRET", "that task is available",
	      fake_get8(&machine, TSS_DESCRIPTOR(NEW_SELECTOR)), SYSTEM(TYPE_TSS32_AVAILABLE, 0));
	check(test, "IRET", "this one busy", fake_get8(&machine, TSS_DESCRIPTOR(FAKE_TSS_SELECTOR)),
	      SYSTEM(TYPE_TSS32_BUSY, 0));
	check_true(test, "IRET", "NMIs come again", !cpu->nmi_blocked);
}

/* Tables and TSSs are the system's, also when ring 3 switches. */
static void from_ring_3(struct kunit *test)
{
	set_up(3);
	fake_machine_ring(&machine, 3);
	machine.pages[FAKE_GDT / FAKE_PAGE] &= ~FAKE_USER;
	machine.pages[FAKE_TSS / FAKE_PAGE] &= ~FAKE_USER;
	machine.pages[NEW_TSS / FAKE_PAGE] &= ~FAKE_USER;
	check_outcome(test, "call", cpu_far_call(cpu, GATE | 3, 0, 4, RETURN), FINE);
	check(test, "call", "CPL", cpu_cpl(cpu), 3);
	check_outcome(test, "IRET", cpu_iret(cpu, 4, NEW_EIP), FINE);
	check(test, "IRET", "EIP", cpu->rip, RETURN);
}

static void bad_links(struct kunit *test)
{
	static const struct {
		const char *name;
		u16 link;
		unsigned int access;
		unsigned int wanted;
	} rows[] = {
		{ "null", 0, SYSTEM(TYPE_TSS32_BUSY, 0), TS(0) },
		{ "in an LDT", NEW_SELECTOR | 4, SYSTEM(TYPE_TSS32_BUSY, 0), TS(NEW_SELECTOR | 4) },
		{ "past the GDT", 0x200, SYSTEM(TYPE_TSS32_BUSY, 0), TS(0x200) },
		{ "not busy", NEW_SELECTOR, SYSTEM(TYPE_TSS32_AVAILABLE, 0), TS(NEW_SELECTOR) },
		{ "an LDT", NEW_SELECTOR, SYSTEM(TYPE_LDT, 0), TS(NEW_SELECTOR) },
		{ "absent", NEW_SELECTOR, ABSENT(SYSTEM(TYPE_TSS32_BUSY, 0)), NP(NEW_SELECTOR) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(0);
		fake_set_gdt(&machine, NEW_SELECTOR,
			     fake_descriptor(NEW_TSS, 0x67, rows[i].access, 0));
		fake_put16(&machine, FAKE_TSS, rows[i].link);
		cpu->rflags |= X86_EFLAGS_NT;
		remember();
		check_outcome(test, rows[i].name, cpu_iret(cpu, 4, 0), rows[i].wanted);
	}
}

/* ---- before the point of no return ---------------------------------------------------- */

static void checks_before(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		u32 limit;
		unsigned int cpl;
		u16 selector;
		unsigned int wanted;
	} rows[] = {
		{ "good", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0x67, 0, NEW_SELECTOR, FINE },
		{ "busy", SYSTEM(TYPE_TSS32_BUSY, 0), 0x67, 0, NEW_SELECTOR, GP(NEW_SELECTOR) },
		{ "busy behind a gate", SYSTEM(TYPE_TSS32_BUSY, 0), 0x67, 0, GATE,
		  GP(NEW_SELECTOR) },
		{ "a segment behind a gate", SEGMENT(CODE_XR, 0), 0x67, 0, GATE, GP(NEW_SELECTOR) },
		{ "absent", ABSENT(SYSTEM(TYPE_TSS32_AVAILABLE, 0)), 0x67, 0, NEW_SELECTOR,
		  NP(NEW_SELECTOR) },
		{ "limit", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0x66, 0, NEW_SELECTOR,
		  TS(NEW_SELECTOR) },
		{ "16-bit limit", SYSTEM(TYPE_TSS16_AVAILABLE, 0), 0x2a, 0, NEW_SELECTOR,
		  TS(NEW_SELECTOR) },
		{ "TSS's DPL below CPL", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0x67, 3, NEW_SELECTOR,
		  GP(NEW_SELECTOR) },
		{ "gate's DPL counts, not TSS's", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0x67, 3,
		  GATE | 3, FINE },
		{ "RPL above DPL", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0x67, 0, NEW_SELECTOR | 3,
		  GP(NEW_SELECTOR) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(0);
		fake_machine_ring(&machine, rows[i].cpl);
		fake_set_gdt(&machine, NEW_SELECTOR,
			     fake_descriptor(NEW_TSS, rows[i].limit, rows[i].access, 0));
		remember();
		check_outcome(test, rows[i].name, cpu_far_jump(cpu, rows[i].selector, 0, 4, RETURN),
			      rows[i].wanted);
	}
	set_up(0);
	fake_set_gdt(&machine, GATE,
		     fake_gate(NEW_SELECTOR, 0, SYSTEM(TYPE_TASK_GATE, 0) & 0x7f, 0));
	remember();
	check_outcome(test, "absent gate", cpu_far_jump(cpu, GATE, 0, 4, 0), NP(GATE));
	fake_set_gdt(&machine, GATE, fake_gate(NEW_SELECTOR | 4, 0, SYSTEM(TYPE_TASK_GATE, 0), 0));
	check_outcome(test, "TSS in the LDT", cpu_far_jump(cpu, GATE, 0, 4, 0),
		      GP(NEW_SELECTOR | 4));
	cpu->tr.limit = 0x66;
	remember();
	check_outcome(test, "no room to save", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, 0),
		      TS(FAKE_TSS_SELECTOR));
}

static void pages_before(struct kunit *test)
{
	set_up(0);
	cpu->cr0 |= X86_CR0_WP;
	machine.pages[FAKE_TSS / FAKE_PAGE] &= ~FAKE_WRITABLE;
	remember();
	check_outcome(test, "old TSS", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, 0),
		      PF(PFERR_PRESENT | PFERR_WRITE));
	machine.pages[FAKE_TSS / FAKE_PAGE] |= FAKE_WRITABLE;
	machine.pages[NEW_TSS / FAKE_PAGE] &= ~FAKE_WRITABLE;
	remember();
	check_outcome(test, "new TSS and its link", cpu_far_call(cpu, NEW_SELECTOR, 0, 4, 0),
		      PF(PFERR_PRESENT | PFERR_WRITE));
	machine.pages[NEW_TSS / FAKE_PAGE] = 0;
	remember();
	check_outcome(test, "new TSS", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, 0), PF(0));
	machine.pages[NEW_TSS / FAKE_PAGE] = FAKE_PAGE_ALL;
	machine.pages[FAKE_GDT / FAKE_PAGE] &= ~FAKE_WRITABLE;
	remember();
	check_outcome(test, "busy bits", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, 0),
		      PF(PFERR_PRESENT | PFERR_WRITE));
}

/* The old TSS's busy bit could be cleared, the new one's not set. */
static void busy_bits_on_two_pages(struct kunit *test)
{
	set_up(0);
	cpu->gdtr.base = FAKE_DATA + FAKE_PAGE - NEW_SELECTOR;
	memcpy(machine.memory + cpu->gdtr.base, machine.memory + FAKE_GDT, FAKE_GDT_LIMIT + 1);
	machine.pages[FAKE_DATA / FAKE_PAGE + 1] &= ~FAKE_WRITABLE;
	cpu->cr0 |= X86_CR0_WP;
	remember();
	check_outcome(test, "read-only", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, 0),
		      PF(PFERR_PRESENT | PFERR_WRITE));

	/* TR's own descriptor has gone behind the limit since LTR. */
	set_up(0);
	cpu->tr.selector = 0x1f8;
	cpu->gdtr.limit = 0x1f7;
	remember();
	check_outcome(test, "TR past the GDT", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, 0), TS(0x1f8));
}

/* ---- after it: faults are the new task's ------------------------------------------------ */

static void checks_after(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int offset;
		u16 selector;
		unsigned int access; /* of FREE */
		unsigned int wanted;
	} rows[] = {
		{ "good data", 72 + 4 * SEGMENT_DS, FREE, SEGMENT(DATA_RO, 0), FINE },
		{ "null data", 72 + 4 * SEGMENT_DS, 0, 0, FINE },
		{ "execute-only data", 72 + 4 * SEGMENT_FS, FREE, SEGMENT(CODE_X, 0), TS(FREE) },
		{ "data RPL", 72 + 4 * SEGMENT_ES, FREE | 3, SEGMENT(DATA_RW, 0), TS(FREE) },
		{ "absent data", 72 + 4 * SEGMENT_GS, FREE, ABSENT(SEGMENT(DATA_RW, 0)), NP(FREE) },
		{ "null stack", 72 + 4 * SEGMENT_SS, 0, 0, TS(0) },
		{ "read-only stack", 72 + 4 * SEGMENT_SS, FREE, SEGMENT(DATA_RO, 0), TS(FREE) },
		{ "stack DPL", 72 + 4 * SEGMENT_SS, FREE, SEGMENT(DATA_RW, 3), TS(FREE) },
		{ "stack RPL", 72 + 4 * SEGMENT_SS, FREE | 3, SEGMENT(DATA_RW, 0), TS(FREE) },
		{ "absent stack", 72 + 4 * SEGMENT_SS, FREE, ABSENT(SEGMENT(DATA_RW, 0)),
		  SS(FREE) },
		{ "null code", 72 + 4 * SEGMENT_CS, 0, 0, TS(0) },
		{ "data for code", 72 + 4 * SEGMENT_CS, FREE, SEGMENT(DATA_RW, 0), TS(FREE) },
		{ "code DPL", 72 + 4 * SEGMENT_CS, FREE, SEGMENT(CODE_XR, 3), TS(FREE) },
		{ "conforming code", 72 + 4 * SEGMENT_CS, FREE, SEGMENT(CODE_XR_CONFORMING, 0),
		  FINE },
		{ "absent code", 72 + 4 * SEGMENT_CS, FREE, ABSENT(SEGMENT(CODE_XR, 0)), NP(FREE) },
		{ "past the GDT", 72 + 4 * SEGMENT_CS, 0x200, 0, TS(0x200) },
		{ "an LDT", 96, FREE, SYSTEM(TYPE_LDT, 0), FINE },
		{ "LDT in an LDT", 96, FREE | 4, SYSTEM(TYPE_LDT, 0), TS(FREE | 4) },
		{ "not an LDT", 96, FREE, SEGMENT(DATA_RW, 0), TS(FREE) },
		{ "absent LDT", 96, FREE, ABSENT(SYSTEM(TYPE_LDT, 0)), TS(FREE) },
	};
	enum cpu_result result;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_up(0);
		fake_set_gdt(&machine, FREE, fake_descriptor(0, 0xfffff, rows[i].access, FLAGS_32));
		put16(rows[i].offset, rows[i].selector);
		result = cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN);
		check(test, rows[i].name, "outcome", outcome_of(result), rows[i].wanted);
		check_entered(test, rows[i].name, false);
		check(test, rows[i].name, "CPL", cpu_cpl(cpu), 0);
		check(test, rows[i].name, "LDTR", cpu->ldtr.selector,
		      rows[i].offset == 96 ? rows[i].selector : 0);
	}
	set_up(0);
	fake_set_gdt(&machine, FREE, fake_descriptor(0, 0xfff, SEGMENT(CODE_XR, 0), 4));
	put16(72 + 4 * SEGMENT_CS, FREE);
	check(test, "EIP past the limit", "outcome",
	      outcome_of(cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN)), GP(0));
}

static void outer_and_v86_tasks(struct kunit *test)
{
	set_up(3);
	check_outcome(test, "ring 3", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	check_entered(test, "ring 3", false);
	check(test, "ring 3", "CPL", cpu_cpl(cpu), 3);

	set_up(0);
	put32(36, X86_EFLAGS_VM | X86_EFLAGS_IOPL);
	check_outcome(test, "V86", cpu_far_call(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	check(test, "V86", "CPL", cpu_cpl(cpu), 3);
	check(test, "V86", "CS base", cpu->segments[SEGMENT_CS].base, FAKE_CODE0 << 4);
	check(test, "V86", "EFLAGS", cpu->rflags,
	      X86_EFLAGS_FIXED | X86_EFLAGS_VM | X86_EFLAGS_IOPL | X86_EFLAGS_NT);
}

static void debug_trap(struct kunit *test)
{
	set_up(0);
	fake_put8(&machine, NEW_TSS + 100, 1);
	check_outcome(test, "T", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	check(test, "T", "DR6.BT is due", cpu->pending_debug, BIT(15));
}

static void address_spaces(struct kunit *test)
{
	set_up(0);
	cpu->cr3 = 0x1000;
	check_outcome(test, "paging off", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	check(test, "paging off", "CR3 stays", cpu->cr3, 0x1000);

	set_up(0);
	cpu->cr0 |= X86_CR0_PG;
	check_outcome(test, "two levels", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	check(test, "two levels", "CR3", cpu->cr3, 0x7000);
	check(test, "two levels", "announced", machine.changed & CPU_CHANGED_CR3, CPU_CHANGED_CR3);

	set_up(0);
	cpu->cr0 |= X86_CR0_PG;
	cpu->cr4 = X86_CR4_PAE;
	fake_put64(&machine, 0x7000, 0x4001);
	check_outcome(test, "PAE", cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	check(test, "PAE", "pointer", cpu->pdptrs[0], 0x4001);

	set_up(0);
	cpu->cr0 |= X86_CR0_PG;
	cpu->cr4 = X86_CR4_PAE;
	fake_put64(&machine, 0x7000, 0x4003);
	check(test, "PAE, reserved bit", "outcome",
	      outcome_of(cpu_far_jump(cpu, NEW_SELECTOR, 0, 4, RETURN)), GP(0));
	check(test, "PAE, reserved bit", "in the new task", cpu->tr.selector, NEW_SELECTOR);
}

/* ---- 16-bit tasks -------------------------------------------------------------------------- */

static void tasks_of_16_bits(struct kunit *test)
{
	unsigned int i;

	set_up(0);
	make_task16();
	cpu->rflags |= X86_EFLAGS_ID;
	check_outcome(test, "call", cpu_far_call(cpu, NEW_SELECTOR, 0, 4, RETURN), FINE);
	check(test, "call", "EIP", cpu->rip, NEW_EIP);
	check(test, "call", "ESP", cpu->regs[REG_SP], 0x4000);
	check(test, "call", "EDI", cpu->regs[REG_DI], 0x107);
	check(test, "call", "EFLAGS", cpu->rflags,
	      X86_EFLAGS_FIXED | X86_EFLAGS_CF | X86_EFLAGS_NT);
	check(test, "call", "TR", cpu->tr.type, TYPE_TSS16_BUSY);
	check_true(test, "call", "FS is null", cpu->segments[SEGMENT_FS].unusable);
	for (i = 0; i < 8; i++)
		cpu->regs[i] = 0x12345000 + i;
	fake_put16(&machine, NEW_TSS + 42, 0x7777);
	check_outcome(test, "return", cpu_iret(cpu, 4, 0x55aa1234), FINE);
	check(test, "return", "EFLAGS", cpu->rflags,
	      X86_EFLAGS_FIXED | X86_EFLAGS_ZF | X86_EFLAGS_ID);
	check(test, "return", "saved IP", fake_get16(&machine, NEW_TSS + 14), 0x1234);
	check(test, "return", "saved FLAGS", fake_get16(&machine, NEW_TSS + 16),
	      X86_EFLAGS_FIXED | X86_EFLAGS_CF);
	check(test, "return", "saved DI", fake_get16(&machine, NEW_TSS + 32), 0x5007);
	check(test, "return", "saved DS", fake_get16(&machine, NEW_TSS + 40), FAKE_DATA0);
	check(test, "return", "LDT is not saved", fake_get16(&machine, NEW_TSS + 42), 0x7777);
}

/* ---- events through task gates ------------------------------------------------------------- */

static void events(struct kunit *test)
{
	struct cpu_exception exception = { .vector = VECTOR };
	enum cpu_result result;

	set_up(0);
	fake_put16(&machine, FAKE_TSS + 94, 0x9999);
	cpu->halted = true;
	check_outcome(test, "interrupt",
		      cpu_deliver(cpu, CPU_EVENT_EXTERNAL_INTERRUPT, &exception, RETURN), FINE);
	check_entered(test, "interrupt", true);
	check_saved(test, "interrupt");
	check_true(test, "interrupt", "runs", !cpu->halted);

	/* A double fault on a bad stack: what task gates are for. */
	set_up(0);
	machine.pages[FAKE_STACK0 / FAKE_PAGE - 1] = 0;
	exception = (struct cpu_exception){ .vector = X86_TRAP_PF, .has_error_code = true };
	result = cpu_deliver(cpu, CPU_EVENT_EXCEPTION, &exception, FAKE_CODE);
	check_outcome(test, "#DF", result, FINE);
	check(test, "#DF", "EIP", cpu->rip, NEW_EIP);
	check(test, "#DF", "error code is pushed", cpu->regs[REG_SP], NEW_ESP - 4);
	check(test, "#DF", "error code", fake_get32(&machine, NEW_ESP - 4), 0);
	check(test, "#DF", "saved EIP", fake_get32(&machine, FAKE_TSS + 32), FAKE_CODE);
	check(test, "#DF", "saved EFLAGS have RF", fake_get32(&machine, FAKE_TSS + 36),
	      X86_EFLAGS_FIXED | X86_EFLAGS_ZF | X86_EFLAGS_RF);

	/* An error code of two bytes for a 16-bit task. */
	set_up(0);
	make_task16();
	fake_set_idt(&machine, X86_TRAP_GP,
		     fake_gate(NEW_SELECTOR, 0, SYSTEM(TYPE_TASK_GATE, 0), 0));
	exception = (struct cpu_exception){ .vector = X86_TRAP_GP,
					    .has_error_code = true,
					    .error_code = 0x1234 };
	check_outcome(test, "16 bits", cpu_deliver(cpu, CPU_EVENT_EXCEPTION, &exception, RETURN),
		      FINE);
	check(test, "16 bits", "ESP", cpu->regs[REG_SP], 0x3ffe);
	check(test, "16 bits", "error code", fake_get16(&machine, 0x3ffe), 0x1234);
}

static void faults_of_events(struct kunit *test)
{
	struct cpu_exception exception = { .vector = VECTOR };

	/* INT n is not for gates of an inner ring, nor for busy tasks. */
	set_up(0);
	fake_set_gdt(&machine, NEW_SELECTOR,
		     fake_descriptor(NEW_TSS, 0x67, SYSTEM(TYPE_TSS32_BUSY, 0), 0));
	remember();
	check_outcome(test, "busy",
		      cpu_deliver(cpu, CPU_EVENT_SOFTWARE_INTERRUPT, &exception, RETURN),
		      GP(NEW_SELECTOR));

	/* A fault in the new task is delivered there, with its EIP. */
	set_up(0);
	put16(72 + 4 * SEGMENT_DS, 0x200);
	fake_set_idt(&machine, X86_TRAP_TS,
		     fake_gate(FAKE_CODE0, 0xb000, SYSTEM(TYPE_TRAP_GATE32, 0), 0));
	check_outcome(test, "bad DS",
		      cpu_deliver(cpu, CPU_EVENT_EXTERNAL_INTERRUPT, &exception, RETURN), FINE);
	check(test, "bad DS", "EIP", cpu->rip, 0xb000);
	check(test, "bad DS", "TR", cpu->tr.selector, NEW_SELECTOR);
	check(test, "bad DS", "ESP", cpu->regs[REG_SP], NEW_ESP - 16);
	check(test, "bad DS", "error code, with EXT", fake_get32(&machine, NEW_ESP - 16), 0x201);
	check(test, "bad DS", "pushed EIP", fake_get32(&machine, NEW_ESP - 12), NEW_EIP);
}

static struct kunit_case task_cases[] = {
	KUNIT_CASE(jumps_and_calls),
	KUNIT_CASE(returns),
	KUNIT_CASE(from_ring_3),
	KUNIT_CASE(bad_links),
	KUNIT_CASE(checks_before),
	KUNIT_CASE(pages_before),
	KUNIT_CASE(busy_bits_on_two_pages),
	KUNIT_CASE(checks_after),
	KUNIT_CASE(outer_and_v86_tasks),
	KUNIT_CASE(debug_trap),
	KUNIT_CASE(address_spaces),
	KUNIT_CASE(tasks_of_16_bits),
	KUNIT_CASE(events),
	KUNIT_CASE(faults_of_events),
	{},
};

static struct kunit_suite task_suite = {
	.name = "ringlet_cpu_task",
	.test_cases = task_cases,
};
kunit_test_suite(task_suite);
