// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_cpu_transfer: far jumps, calls, call gates, far returns and
 * IRET. What goes to other tasks is in cpu_task_test.c.
 */
#include "cpu_test.h"

#define FREE   FAKE_GDT_FREE
#define GATE   (FREE + 8)
#define TARGET 0x9000U
#define RETURN (FAKE_CODE + 7)

static void put_words(unsigned int bytes, const u32 *words, unsigned int count)
{
	u32 address = cpu->segments[SEGMENT_SS].base + (u32)cpu_sp(cpu);

	for (; count--; words++, address += bytes) {
		if (bytes == 4)
			fake_put32(&machine, address, *words);
		else
			fake_put16(&machine, address, *words);
	}
}

static u32 word32(unsigned int index)
{
	return fake_get32(&machine, cpu->regs[REG_SP] + 4 * index);
}

static void set_free(unsigned int access, u32 raw_limit)
{
	fake_set_gdt(&machine, FREE, fake_descriptor(0, raw_limit, access, FLAGS_32));
}

/* ---- jumps and calls to code segments ------------------------------------------- */

static void direct_transfers(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		u16 selector;
		unsigned int cpl;
		unsigned int wanted;
	} rows[] = {
		{ "same ring", SEGMENT(CODE_XR, 0), FREE, 0, FINE },
		{ "ring 3", SEGMENT(CODE_X, 3), FREE | 3, 3, FINE },
		{ "weaker RPL is no matter", SEGMENT(CODE_XR, 3), FREE, 3, FINE },
		{ "RPL above CPL", SEGMENT(CODE_XR, 0), FREE | 1, 0, GP(FREE) },
		{ "inwards", SEGMENT(CODE_XR, 0), FREE, 3, GP(FREE) },
		{ "outwards", SEGMENT(CODE_XR, 3), FREE | 3, 0, GP(FREE) },
		{ "conforming, inner", SEGMENT(CODE_XR_CONFORMING, 0), FREE, 3, FINE },
		{ "conforming, RPL is no matter", SEGMENT(CODE_XR_CONFORMING, 0), FREE | 3, 0,
		  FINE },
		{ "conforming, outer", SEGMENT(CODE_XR_CONFORMING, 3), FREE, 0, GP(FREE) },
		{ "null", SEGMENT(CODE_XR, 0), 3, 0, GP(0) },
		{ "past the GDT", SEGMENT(CODE_XR, 0), 0x200, 0, GP(0x200) },
		{ "data", SEGMENT(DATA_RW, 0), FREE, 0, GP(FREE) },
		{ "an LDT", SYSTEM(TYPE_LDT, 0), FREE, 0, GP(FREE) },
		{ "an interrupt gate", SYSTEM(TYPE_INTERRUPT_GATE32, 0), FREE, 0, GP(FREE) },
		{ "a busy TSS", SYSTEM(TYPE_TSS32_BUSY, 0), FREE, 0, GP(FREE) },
		{ "absent", ABSENT(SEGMENT(CODE_XR, 0)), FREE, 0, NP(FREE) },
		{ "privilege before presence", ABSENT(SEGMENT(CODE_XR, 0)), FREE, 3, GP(FREE) },
	};
	enum cpu_result result;
	unsigned int i, call;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (call = 0; call < 2; call++) {
			fake_machine_protected(&machine);
			fake_machine_ring(&machine, rows[i].cpl);
			set_free(rows[i].access, 0xfffff);
			remember();
			if (call)
				result = cpu_far_call(cpu, rows[i].selector, TARGET, 4, RETURN);
			else
				result = cpu_far_jump(cpu, rows[i].selector, TARGET, 4, RETURN);
			check_outcome(test, rows[i].name, result, rows[i].wanted);
			check(test, rows[i].name, "CPL", cpu_cpl(cpu), rows[i].cpl);
			if (result != CPU_OK)
				continue;
			check(test, rows[i].name, "EIP", cpu->rip, TARGET);
			check(test, rows[i].name, "CS has CPL for RPL",
			      cpu->segments[SEGMENT_CS].selector, FREE | rows[i].cpl);
			if (!call)
				continue;
			check(test, rows[i].name, "pushed EIP", word32(0), RETURN);
			check(test, rows[i].name, "pushed CS", word32(1),
			      before.segments[SEGMENT_CS].selector);
			check(test, rows[i].name, "ESP", cpu->regs[REG_SP],
			      before.regs[REG_SP] - 8);
		}
	}
}

static void limits_and_sizes(struct kunit *test)
{
	fake_machine_protected(&machine);
	set_free(SEGMENT(CODE_XR, 0), 0); /* one page */
	remember();
	check_outcome(test, "past the limit", cpu_far_jump(cpu, FREE, 0x1000, 4, 0), GP(0));
	check_outcome(test, "call past the limit", cpu_far_call(cpu, FREE, 0x1000, 4, 0), GP(0));
	check_outcome(test, "16 bits cut the offset", cpu_far_jump(cpu, FREE, 0xabcd0fff, 2, 0),
		      FINE);
	check(test, "16 bits", "EIP", cpu->rip, 0xfff);

	fake_machine_protected(&machine);
	check_outcome(test, "16-bit call", cpu_far_call(cpu, FAKE_CODE0, TARGET, 2, 0x12345678),
		      FINE);
	check(test, "16-bit call", "ESP", cpu->regs[REG_SP], FAKE_STACK0 - 4);
	check(test, "16-bit call", "frame", word32(0), FAKE_CODE0 << 16 | 0x5678);

	fake_machine_protected(&machine);
	machine.pages[FAKE_STACK0 / FAKE_PAGE - 1] = 0;
	set_free(SEGMENT(CODE_XR, 0) & ~1U, 0xfffff);
	remember();
	check_outcome(test, "no stack", cpu_far_call(cpu, FREE, TARGET, 4, RETURN),
		      PF(PFERR_WRITE));
	cpu->regs[REG_SP] = 6;
	cpu->segments[SEGMENT_SS].limit = 0xffff;
	remember();
	check_outcome(test, "no room", cpu_far_call(cpu, FREE, TARGET, 4, RETURN), SS(0));
}

static void real_mode(struct kunit *test)
{
	static const u32 frame[] = { 0x1234, 0xf000, 0xffff };

	fake_machine_init(&machine);
	cpu->regs[REG_SP] = 0x1000;
	check_outcome(test, "jump", cpu_far_jump(cpu, 0x100, 0x20, 2, 0), FINE);
	check(test, "jump", "base", cpu->segments[SEGMENT_CS].base, 0x1000);
	check_outcome(test, "call", cpu_far_call(cpu, 0x200, 0x40, 2, 0x25), FINE);
	check(test, "call", "SP", cpu->regs[REG_SP], 0xffc);
	check(test, "call", "frame", word32(0), 0x01000025);
	check_outcome(test, "return", cpu_far_return(cpu, 2, 4), FINE);
	check(test, "return", "SP", cpu->regs[REG_SP], 0x1004);
	check(test, "return", "EIP", cpu->rip, 0x25);
	check(test, "return", "CS", cpu->segments[SEGMENT_CS].selector, 0x100);
	remember();
	check_outcome(test, "past the limit", cpu_far_jump(cpu, 0x100, 0x10000, 4, 0), GP(0));
	fake_put32(&machine, (u32)cpu->regs[REG_SP], 0x10000);
	check_outcome(test, "back past the limit", cpu_far_return(cpu, 4, 0), GP(0));

	put_words(2, frame, 3);
	cpu->rflags |= X86_EFLAGS_VIF;
	check_outcome(test, "IRET", cpu_iret(cpu, 2, 0), FINE);
	check(test, "IRET", "EIP", cpu->rip, 0x1234);
	check(test, "IRET", "FLAGS", cpu->rflags, 0x7fd7 | X86_EFLAGS_VIF);
	put_words(4, frame, 2);
	fake_put32(&machine, (u32)cpu->regs[REG_SP] + 8, 0xffffffff);
	check_outcome(test, "IRETD", cpu_iret(cpu, 4, 0), FINE);
	check(test, "IRETD", "EFLAGS", cpu->rflags, 0x257fd7 | X86_EFLAGS_VIF);
}

/* ---- call gates --------------------------------------------------------------------- */

static void set_gate(unsigned int access, unsigned int parameters)
{
	fake_set_gdt(&machine, GATE, fake_gate(FREE, TARGET, access, parameters));
}

static void gate_privileges(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int gate, code;
		unsigned int rpl, cpl;
		unsigned int call, jump;
	} rows[] = {
		{ "same ring", SYSTEM(TYPE_CALL_GATE32, 0), SEGMENT(CODE_XR, 0), 0, 0, FINE, FINE },
		{ "inwards", SYSTEM(TYPE_CALL_GATE32, 3), SEGMENT(CODE_XR, 0), 3, 3, FINE,
		  GP(FREE) },
		{ "inwards to ring 1", SYSTEM(TYPE_CALL_GATE32, 3), SEGMENT(CODE_XR, 1), 0, 2, FINE,
		  GP(FREE) },
		{ "outwards", SYSTEM(TYPE_CALL_GATE32, 3), SEGMENT(CODE_XR, 3), 0, 0, GP(FREE),
		  GP(FREE) },
		{ "conforming", SYSTEM(TYPE_CALL_GATE32, 3), SEGMENT(CODE_XR_CONFORMING, 0), 3, 3,
		  FINE, FINE },
		{ "gate's DPL below CPL", SYSTEM(TYPE_CALL_GATE32, 2), SEGMENT(CODE_XR, 0), 0, 3,
		  GP(GATE), GP(GATE) },
		{ "gate's DPL below RPL", SYSTEM(TYPE_CALL_GATE32, 2), SEGMENT(CODE_XR, 0), 3, 0,
		  GP(GATE), GP(GATE) },
		{ "absent gate", ABSENT(SYSTEM(TYPE_CALL_GATE32, 3)), SEGMENT(CODE_XR, 0), 0, 0,
		  NP(GATE), NP(GATE) },
		{ "privilege before presence", ABSENT(SYSTEM(TYPE_CALL_GATE32, 0)),
		  SEGMENT(CODE_XR, 0), 3, 3, GP(GATE), GP(GATE) },
		{ "to data", SYSTEM(TYPE_CALL_GATE32, 3), SEGMENT(DATA_RW, 0), 0, 0, GP(FREE),
		  GP(FREE) },
		{ "to a gate", SYSTEM(TYPE_CALL_GATE32, 3), SYSTEM(TYPE_CALL_GATE32, 3), 0, 0,
		  GP(FREE), GP(FREE) },
		{ "to absent code", SYSTEM(TYPE_CALL_GATE32, 3), ABSENT(SEGMENT(CODE_XR, 0)), 0, 0,
		  NP(FREE), NP(FREE) },
	};
	unsigned int i, call;
	enum cpu_result result;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (call = 0; call < 2; call++) {
			fake_machine_protected(&machine);
			fake_machine_ring(&machine, rows[i].cpl);
			set_free(rows[i].code, 0xfffff);
			set_gate(rows[i].gate, 0);
			remember();
			if (call)
				result = cpu_far_call(cpu, GATE | rows[i].rpl, 0xbad, 2, RETURN);
			else
				result = cpu_far_jump(cpu, GATE | rows[i].rpl, 0xbad, 2, RETURN);
			check_outcome(test, rows[i].name, result,
				      call ? rows[i].call : rows[i].jump);
			if (result != CPU_OK)
				continue;
			check(test, rows[i].name, "EIP is the gate's", cpu->rip, TARGET);
			check(test, rows[i].name, "RPL is CPL",
			      cpu->segments[SEGMENT_CS].selector & 3, cpu_cpl(cpu));
		}
	}
	fake_machine_protected(&machine);
	fake_set_gdt(&machine, GATE, fake_gate(2, TARGET, SYSTEM(TYPE_CALL_GATE32, 0), 0));
	remember();
	check_outcome(test, "null code", cpu_far_call(cpu, GATE, 0, 4, 0), GP(0));
	set_gate(SYSTEM(TYPE_CALL_GATE32, 0), 0);
	set_free(SEGMENT(CODE_XR, 0), 0);
	check_outcome(test, "EIP past the limit", cpu_far_call(cpu, GATE, 0, 4, 0), GP(0));
}

static void gate_parameters(struct kunit *test)
{
	static const u32 parameters[] = { 0x11111111, 0x22222222, 0x33333333 };
	static const u32 frame[] = { RETURN,	 FAKE_CODE3,	   0x11111111, 0x22222222,
				     0x33333333, FAKE_STACK3 - 12, FAKE_DATA3 };
	unsigned int i;

	fake_machine_user(&machine);
	set_free(SEGMENT(CODE_XR, 0), 0xfffff);
	set_gate(SYSTEM(TYPE_CALL_GATE32, 3), 3);
	cpu->regs[REG_SP] -= 12;
	put_words(4, parameters, 3);
	check_outcome(test, "three", cpu_far_call(cpu, GATE, 0, 4, RETURN), FINE);
	check(test, "three", "ESP", cpu->regs[REG_SP], FAKE_STACK0 - 28);
	for (i = 0; i < ARRAY_SIZE(frame); i++)
		check(test, "three", "frame", word32(i), frame[i]);
	check_outcome(test, "back", cpu_far_return(cpu, 4, 12), FINE);
	check(test, "back", "CPL", cpu_cpl(cpu), 3);
	check(test, "back", "ESP", cpu->regs[REG_SP], FAKE_STACK3);
	check(test, "back", "EIP", cpu->rip, RETURN);

	set_gate(SYSTEM(TYPE_CALL_GATE16, 3), 31);
	cpu->regs[REG_SP] -= 62;
	fake_put16(&machine, (u32)cpu->regs[REG_SP], 0xaaaa);
	fake_put16(&machine, (u32)cpu->regs[REG_SP] + 60, 0xbbbb);
	check_outcome(test, "31 words", cpu_far_call(cpu, GATE, 0, 4, RETURN), FINE);
	check(test, "31 words", "ESP", cpu->regs[REG_SP], FAKE_STACK0 - 70);
	check(test, "31 words", "EIP", word32(0), FAKE_CODE3 << 16 | RETURN);
	check(test, "31 words", "first", word32(1) & 0xffff, 0xaaaa);
	check(test, "31 words", "last", word32(16) & 0xffff, 0xbbbb);

	fake_machine_user(&machine);
	set_free(SEGMENT(CODE_XR, 0), 0xfffff);
	set_gate(SYSTEM(TYPE_CALL_GATE32, 3), 31);
	check_outcome(test, "31 doublewords", cpu_far_call(cpu, GATE, 0, 4, RETURN), FINE);
	check(test, "31 doublewords", "ESP", cpu->regs[REG_SP], FAKE_STACK0 - 140);

	fake_machine_user(&machine);
	set_free(SEGMENT(CODE_XR, 0), 0xfffff);
	set_gate(SYSTEM(TYPE_CALL_GATE32, 3), 2);
	cpu->regs[REG_SP] = 2 * FAKE_PAGE - 4;
	machine.pages[2] = 0;
	remember();
	check_outcome(test, "parameters not present", cpu_far_call(cpu, GATE, 0, 4, RETURN),
		      PF(PFERR_USER));
}

/* ---- returns --------------------------------------------------------------------------- */

static void return_checks(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		u16 selector;
		unsigned int cpl;
		unsigned int wanted;
	} rows[] = {
		{ "same ring", SEGMENT(CODE_XR, 0), FREE, 0, FINE },
		{ "outwards", SEGMENT(CODE_XR, 3), FREE | 3, 0, FINE },
		{ "ring 1 to ring 2", SEGMENT(CODE_XR, 2), FREE | 2, 1, FINE },
		{ "inwards", SEGMENT(CODE_XR, 0), FREE, 3, GP(FREE) },
		{ "DPL is not RPL", SEGMENT(CODE_XR, 0), FREE | 3, 0, GP(FREE) },
		{ "DPL above RPL", SEGMENT(CODE_XR, 3), FREE, 0, GP(FREE) },
		{ "conforming", SEGMENT(CODE_XR_CONFORMING, 0), FREE | 3, 3, FINE },
		{ "conforming, outwards", SEGMENT(CODE_XR_CONFORMING, 0), FREE | 3, 0, FINE },
		{ "conforming, DPL is RPL", SEGMENT(CODE_XR_CONFORMING, 3), FREE | 3, 0, FINE },
		{ "conforming, DPL above RPL", SEGMENT(CODE_XR_CONFORMING, 3), FREE | 1, 0,
		  GP(FREE) },
		{ "null", SEGMENT(CODE_XR, 0), 3, 0, GP(0) },
		{ "past the GDT", SEGMENT(CODE_XR, 0), 0x200, 0, GP(0x200) },
		{ "data", SEGMENT(DATA_RW, 0), FREE, 0, GP(FREE) },
		{ "a TSS", SYSTEM(TYPE_TSS32_AVAILABLE, 0), FREE, 0, GP(FREE) },
		{ "absent", ABSENT(SEGMENT(CODE_XR, 0)), FREE, 0, NP(FREE) },
	};
	static const u16 data[] = { FAKE_DATA0, FAKE_DATA1, FAKE_DATA2, FAKE_DATA3 };
	unsigned int i, iret;
	enum cpu_result result;
	u32 frame[5];

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (iret = 0; iret < 2; iret++) {
			fake_machine_protected(&machine);
			fake_machine_ring(&machine, rows[i].cpl);
			set_free(rows[i].access, 0xfffff);
			cpu->regs[REG_SP] -= 20;
			frame[0] = TARGET;
			frame[1] = 0xdead0000 | rows[i].selector;
			frame[2] = X86_EFLAGS_FIXED;
			frame[2 + iret] = 0x4444;
			frame[3 + iret] = 0xdead0000 | data[rows[i].selector & 3];
			if (iret)
				frame[2] = X86_EFLAGS_FIXED;
			put_words(4, frame, 4 + iret);
			remember();
			result = iret ? cpu_iret(cpu, 4, 0) : cpu_far_return(cpu, 4, 0);
			check_outcome(test, rows[i].name, result, rows[i].wanted);
			if (result != CPU_OK)
				continue;
			check(test, rows[i].name, "EIP", cpu->rip, TARGET);
			check(test, rows[i].name, "CS", cpu->segments[SEGMENT_CS].selector,
			      rows[i].selector);
			check(test, rows[i].name, "CPL", cpu_cpl(cpu), rows[i].selector & 3);
			if ((rows[i].selector & 3) == rows[i].cpl)
				check(test, rows[i].name, "ESP", cpu->regs[REG_SP],
				      before.regs[REG_SP] + 8 + 4 * iret);
			else
				check(test, rows[i].name, "ESP", cpu->regs[REG_SP], 0x4444);
		}
	}
}

static void returns_mark_accessed(struct kunit *test)
{
	const u16 stack = FREE + 8;
	u32 frame[] = { TARGET, FREE, 0x4444, (FREE + 8) | 3 };
	unsigned int outer;

	for (outer = 0; outer < 2; outer++) {
		fake_machine_protected(&machine);
		set_free((SEGMENT(CODE_XR, 0) & ~1U) | (outer ? 0x60 : 0), 0xfffff);
		fake_set_gdt(&machine, stack,
			     fake_descriptor(0, 0xfffff, SEGMENT(DATA_RW, 3) & ~1U, FLAGS_32));
		frame[1] = FREE | (outer ? 3 : 0);
		cpu->regs[REG_SP] -= 16;
		put_words(4, frame, 4);
		check_outcome(test, "return", cpu_far_return(cpu, 4, 0), FINE);
		check(test, "return", "CS", fake_get8(&machine, FAKE_GDT + FREE + 5) & 1, 1);
		check(test, "return", "SS", fake_get8(&machine, FAKE_GDT + stack + 5) & 1, outer);
	}

	/* CS's descriptor can be marked, SS's on the next page cannot: neither is. */
	fake_machine_protected(&machine);
	set_free((SEGMENT(CODE_XR, 3) & ~1U), 0xfffff);
	fake_set_gdt(&machine, stack,
		     fake_descriptor(0, 0xfffff, SEGMENT(DATA_RW, 3) & ~1U, FLAGS_32));
	cpu->gdtr.base = FAKE_DATA + FAKE_PAGE - stack;
	memcpy(machine.memory + cpu->gdtr.base, machine.memory + FAKE_GDT, FAKE_GDT_LIMIT + 1);
	machine.pages[FAKE_DATA / FAKE_PAGE + 1] &= ~FAKE_WRITABLE;
	cpu->cr0 |= X86_CR0_WP;
	cpu->regs[REG_SP] -= 16;
	put_words(4, frame, 4);
	remember();
	check_outcome(test, "read-only", cpu_far_return(cpu, 4, 0),
		      PF(PFERR_PRESENT | PFERR_WRITE));

	fake_machine_protected(&machine);
	set_free(SEGMENT(CODE_XR, 0), 0);
	frame[0] = FAKE_PAGE;
	frame[1] = FREE;
	put_words(4, frame, 2);
	remember();
	check_outcome(test, "EIP past the limit", cpu_far_return(cpu, 4, 0), GP(0));
}

static void outer_stack_checks(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		u16 selector;
		unsigned int wanted;
	} rows[] = {
		{ "good", SEGMENT(DATA_RW, 3), FREE | 3, FINE },
		{ "null", SEGMENT(DATA_RW, 3), 3, GP(0) },
		{ "past the GDT", SEGMENT(DATA_RW, 3), 0x203, GP(0x200) },
		{ "RPL", SEGMENT(DATA_RW, 3), FREE, GP(FREE) },
		{ "DPL", SEGMENT(DATA_RW, 0), FREE | 3, GP(FREE) },
		{ "read-only", SEGMENT(DATA_RO, 3), FREE | 3, GP(FREE) },
		{ "code", SEGMENT(CODE_XR, 3), FREE | 3, GP(FREE) },
		{ "absent", ABSENT(SEGMENT(DATA_RW, 3)), FREE | 3, SS(FREE) },
	};
	u32 frame[] = { TARGET, FAKE_CODE3, X86_EFLAGS_FIXED, 0x12345678, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		fake_set_gdt(&machine, FREE, fake_descriptor(0, 0xffff, rows[i].access, 0));
		cpu->regs[REG_SP] = FAKE_STACK1 - 20;
		frame[4] = rows[i].selector;
		put_words(4, frame, 5);
		remember();
		cpu->nmi_blocked = true;
		check_outcome(test, rows[i].name, cpu_iret(cpu, 4, 0), rows[i].wanted);
		check_true(test, rows[i].name, "NMIs come again, whatever came", !cpu->nmi_blocked);
		if (rows[i].wanted)
			continue;
		/* Into a 16-bit stack segment, ESP's upper half shows ring 0's. */
		check(test, rows[i].name, "ESP", cpu->regs[REG_SP], 0x15678);
	}
	fake_machine_protected(&machine);
	cpu->regs[REG_SP] -= 20;
	frame[4] = FAKE_DATA3;
	put_words(4, frame, 5);
	check_outcome(test, "a 32-bit stack", cpu_iret(cpu, 4, 0), FINE);
	check(test, "a 32-bit stack", "ESP", cpu->regs[REG_SP], 0x12345678);
}

static void data_segments_are_dropped(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		unsigned int ring;
		bool dropped;
	} rows[] = {
		{ "DPL 0 to ring 3", SEGMENT(DATA_RW, 0), 3, true },
		{ "DPL 1 to ring 2", SEGMENT(DATA_RW, 1), 2, true },
		{ "DPL 2 to ring 2", SEGMENT(DATA_RW, 2), 2, false },
		{ "DPL 3 to ring 3", SEGMENT(DATA_RW, 3), 3, false },
		{ "code, DPL 0", SEGMENT(CODE_XR, 0), 3, true },
		{ "conforming, DPL 0", SEGMENT(CODE_XR_CONFORMING, 0), 3, false },
		{ "expand-down is not conforming", SEGMENT(DATA_RW_DOWN, 0), 3, true },
	};
	static const u8 registers[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	u32 frame[4] = { TARGET, 0, FAKE_STACK3, 0 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		set_free(rows[i].access, 0xfffff);
		for (k = 0; k < ARRAY_SIZE(registers); k++)
			check_outcome(test, rows[i].name, cpu_load_segment(cpu, registers[k], FREE),
				      FINE);
		frame[1] = rows[i].ring == 3 ? FAKE_CODE3 : FAKE_CODE2;
		frame[3] = rows[i].ring == 3 ? FAKE_DATA3 : FAKE_DATA2;
		cpu->regs[REG_SP] -= 16;
		put_words(4, frame, 4);
		check_outcome(test, rows[i].name, cpu_far_return(cpu, 4, 0), FINE);
		for (k = 0; k < ARRAY_SIZE(registers); k++) {
			check(test, rows[i].name, "unusable", cpu->segments[registers[k]].unusable,
			      rows[i].dropped);
			check(test, rows[i].name, "selector", cpu->segments[registers[k]].selector,
			      rows[i].dropped ? 0 : FREE);
		}
	}
}

/* Which bits IRET takes from the image. */
static void iret_flags(struct kunit *test)
{
	static const u64 common = EFLAGS_STATUS | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT;
	static const u64 wide = X86_EFLAGS_AC | X86_EFLAGS_ID | X86_EFLAGS_RF;
	static const struct {
		const char *name;
		unsigned int cpl, iopl, bytes;
		u64 more;
	} rows[] = {
		{ "ring 0", 0, 0, 4,
		  X86_EFLAGS_IF | X86_EFLAGS_IOPL | X86_EFLAGS_VIF | X86_EFLAGS_VIP },
		{ "ring 0, 16 bits", 0, 0, 2, X86_EFLAGS_IF | X86_EFLAGS_IOPL },
		{ "ring 1, IOPL 0", 1, 0, 4, 0 },
		{ "ring 1, IOPL 1", 1, 1, 4, X86_EFLAGS_IF },
		{ "ring 3, IOPL 3", 3, 3, 2, X86_EFLAGS_IF },
	};
	static const u16 code[] = { FAKE_CODE0, FAKE_CODE1, FAKE_CODE2, FAKE_CODE3 };
	u32 frame[3] = { TARGET };
	unsigned int i;
	u64 mask, iopl;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		mask = common | rows[i].more | (rows[i].bytes == 4 ? wide : 0);
		iopl = (u64)rows[i].iopl << EFLAGS_IOPL_SHIFT;
		fake_machine_protected(&machine);
		fake_machine_ring(&machine, rows[i].cpl);
		cpu->regs[REG_SP] -= 12;
		cpu->rflags |= iopl | X86_EFLAGS_RF;
		frame[1] = code[rows[i].cpl];
		/* VM too, which only ring 0 could take, and must then go to V86. */
		frame[2] = rows[i].cpl ? 0xffffffff : 0xffffffff & ~X86_EFLAGS_VM;
		put_words(rows[i].bytes, frame, 3);
		check_outcome(test, rows[i].name, cpu_iret(cpu, rows[i].bytes, 0), FINE);
		check(test, rows[i].name, "EFLAGS", cpu->rflags, mask | iopl | X86_EFLAGS_FIXED);
	}
}

static void faults_of_the_stack(struct kunit *test)
{
	static const u32 frame[] = { TARGET, FAKE_CODE3, X86_EFLAGS_FIXED, 0x1000, FAKE_DATA3 };
	u32 esp;

	/* The frame runs into a page that is not there, at each word of it. */
	for (esp = 2 * FAKE_PAGE - 16; esp < 2 * FAKE_PAGE; esp += 4) {
		fake_machine_protected(&machine);
		cpu->gdtr.base = FAKE_LDT;
		memcpy(machine.memory + FAKE_LDT, machine.memory + FAKE_GDT, FAKE_GDT_LIMIT + 1);
		cpu->regs[REG_SP] = esp;
		put_words(4, frame, 5);
		machine.pages[2] = 0;
		remember();
		check_outcome(test, "absent", cpu_iret(cpu, 4, 0), PF(0));
		cpu->segments[SEGMENT_SS].limit = 2 * FAKE_PAGE - 1;
		remember();
		check_outcome(test, "limit", cpu_iret(cpu, 4, 0), SS(0));
	}
}

/* ---- virtual-8086 mode ------------------------------------------------------------------- */

static void into_v86(struct kunit *test)
{
	u32 frame[] = { 0x1234,
			0xabcd0100,
			X86_EFLAGS_FIXED | X86_EFLAGS_VM | 0x3000 | X86_EFLAGS_IF | X86_EFLAGS_VIF,
			0x8000,
			0x200,
			0x300,
			0x400,
			0x500,
			0x600 };
	static const u8 registers[] = { SEGMENT_CS, SEGMENT_SS, SEGMENT_ES,
					SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	unsigned int i;

	fake_machine_protected(&machine);
	cpu->regs[REG_SP] -= 36;
	put_words(4, frame, ARRAY_SIZE(frame));
	check_outcome(test, "IRETD", cpu_iret(cpu, 4, 0), FINE);
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		check(test, "IRETD", "selector", cpu->segments[registers[i]].selector,
		      0x100 * (i + 1));
		check(test, "IRETD", "base", cpu->segments[registers[i]].base, 0x1000 * (i + 1));
		check(test, "IRETD", "limit", cpu->segments[registers[i]].limit, 0xffff);
	}
	check(test, "IRETD", "EFLAGS", cpu->rflags, frame[2]);
	check(test, "IRETD", "CPL", cpu_cpl(cpu), 3);
	check(test, "IRETD", "ESP", cpu->regs[REG_SP], 0x8000);
	check(test, "IRETD", "EIP", cpu->rip, 0x1234);

	fake_machine_protected(&machine);
	cpu->regs[REG_SP] -= 36;
	frame[0] = 0xffff;
	put_words(4, frame, ARRAY_SIZE(frame));
	check_outcome(test, "EIP at 64 KiB", cpu_iret(cpu, 4, 0), FINE);
	fake_machine_protected(&machine);
	cpu->regs[REG_SP] -= 36;
	frame[0] = 0x10000;
	put_words(4, frame, ARRAY_SIZE(frame));
	remember();
	check_outcome(test, "EIP past 64 KiB", cpu_iret(cpu, 4, 0), GP(0));
}

static void within_v86(struct kunit *test)
{
	static const u32 frame[] = { 0x20, 0x100, 0xffff };

	fake_machine_v86(&machine);
	put_words(2, frame, 3);
	remember();
	check_outcome(test, "IRET below IOPL 3", cpu_iret(cpu, 2, 0), GP(0));
	cpu->rflags |= X86_EFLAGS_IOPL;
	check_outcome(test, "IRET at IOPL 3", cpu_iret(cpu, 2, 0), FINE);
	check(test, "IRET", "CS", cpu->segments[SEGMENT_CS].base, 0x1000);
	check(test, "IRET", "EFLAGS", cpu->rflags, 0x7fd7 | X86_EFLAGS_VM);
	cpu->rflags &= ~(u64)X86_EFLAGS_IOPL;
	check_outcome(test, "far call", cpu_far_call(cpu, 0x3000, 5, 2, 0x33), FINE);
	check(test, "far call", "base", cpu->segments[SEGMENT_CS].base, 0x30000);
	check(test, "far call", "DPL", cpu->segments[SEGMENT_CS].dpl, 3);
	check_outcome(test, "far return", cpu_far_return(cpu, 2, 0), FINE);
	check(test, "far return", "EIP", cpu->rip, 0x33);
	remember();
	check_outcome(test, "past 64 KiB", cpu_far_jump(cpu, 0, 0x10000, 4, 0), GP(0));
}

static struct kunit_case transfer_cases[] = {
	KUNIT_CASE(direct_transfers),
	KUNIT_CASE(limits_and_sizes),
	KUNIT_CASE(real_mode),
	KUNIT_CASE(gate_privileges),
	KUNIT_CASE(gate_parameters),
	KUNIT_CASE(return_checks),
	KUNIT_CASE(returns_mark_accessed),
	KUNIT_CASE(outer_stack_checks),
	KUNIT_CASE(data_segments_are_dropped),
	KUNIT_CASE(iret_flags),
	KUNIT_CASE(faults_of_the_stack),
	KUNIT_CASE(into_v86),
	KUNIT_CASE(within_v86),
	{},
};

static struct kunit_suite transfer_suite = {
	.name = "ringlet_cpu_transfer",
	.test_cases = transfer_cases,
};
kunit_test_suite(transfer_suite);
