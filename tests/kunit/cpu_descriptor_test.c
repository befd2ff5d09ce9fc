// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_cpu_descriptor: segments, descriptors and memory through them.
 * Each table states a rule of the manual by rows that keep and that break it.
 */
#include "cpu_test.h"

#define FREE FAKE_GDT_FREE

static void set_free(unsigned int access, unsigned int flags)
{
	fake_set_gdt(&machine, FREE, fake_descriptor(FAKE_DATA, 0xff, access, flags));
}

/* ---- packing -------------------------------------------------------------- */

static void packs_and_unpacks(struct kunit *test)
{
	static const struct {
		const char *name;
		u64 raw;
		u64 base;
		u32 limit;
	} rows[] = {
		{ "flat code", 0x00cf9b000000ffffULL, 0, 0xffffffff },
		{ "byte limit", 0x124093345678abcdULL, 0x12345678, 0xabcd },
		{ "20 bits of bytes", 0xff4f93ffffffffffULL, 0xffffffff, 0xfffff },
		{ "one page", 0x00c0930000000000ULL, 0, 0xfff },
		{ "a TSS", 0x00008b00abcd0067ULL, 0xabcd, 0x67 },
		{ "DPL 3", 0x00cff3000000ffffULL, 0, 0xffffffff },
		{ "all the flags", 0x00ff9f000000ffffULL, 0, 0xffffffff },
		{ "long code", 0x00af9b000000ffffULL, 0, 0xffffffff },
	};
	struct segment segment;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		segment_from_descriptor(&segment, 0x1234, rows[i].raw);
		check(test, rows[i].name, "base", segment.base, rows[i].base);
		check(test, rows[i].name, "limit", segment.limit, rows[i].limit);
		check(test, rows[i].name, "selector", segment.selector, 0x1234);
		check(test, rows[i].name, "back", segment_to_descriptor(&segment), rows[i].raw);
	}
}

/* ---- loading segment registers ------------------------------------------------ */

static void loads_data_segments_by_privilege(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		unsigned int rpl, cpl;
		unsigned int wanted;
	} rows[] = {
		{ "data, ring 0", SEGMENT(DATA_RW, 0), 0, 0, FINE },
		{ "read-only data", SEGMENT(DATA_RO, 0), 0, 0, FINE },
		{ "readable code", SEGMENT(CODE_XR, 0), 0, 0, FINE },
		{ "execute-only code", SEGMENT(CODE_X, 0), 0, 0, GP(FREE) },
		{ "outer data from ring 0", SEGMENT(DATA_RW, 3), 0, 0, FINE },
		{ "outer data with RPL 3", SEGMENT(DATA_RW, 3), 3, 0, FINE },
		{ "RPL above DPL", SEGMENT(DATA_RW, 0), 1, 0, GP(FREE) },
		{ "CPL above DPL", SEGMENT(DATA_RW, 0), 0, 3, GP(FREE) },
		{ "ring 1 to DPL 1", SEGMENT(DATA_RW, 1), 1, 1, FINE },
		{ "ring 2 to DPL 1", SEGMENT(DATA_RW, 1), 0, 2, GP(FREE) },
		{ "conforming code from ring 3", SEGMENT(CODE_XR_CONFORMING, 0), 3, 3, FINE },
		{ "conforming, not readable", SEGMENT(CODE_X_CONFORMING, 0), 0, 0, GP(FREE) },
		{ "non-conforming code, CPL 3", SEGMENT(CODE_XR, 0), 3, 3, GP(FREE) },
		{ "a TSS", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0, 0, GP(FREE) },
		{ "a call gate", SYSTEM(TYPE_CALL_GATE32, 3), 0, 0, GP(FREE) },
		{ "not present", ABSENT(SEGMENT(DATA_RW, 0)), 0, 0, NP(FREE) },
		{ "privilege before presence", ABSENT(SEGMENT(DATA_RW, 0)), 0, 3, GP(FREE) },
		{ "type before presence", ABSENT(SEGMENT(CODE_X, 0)), 0, 0, GP(FREE) },
	};
	static const u8 registers[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	enum cpu_result result;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (k = 0; k < ARRAY_SIZE(registers); k++) {
			fake_machine_protected(&machine);
			set_free(rows[i].access, FLAGS_32);
			fake_machine_ring(&machine, rows[i].cpl);
			remember();
			result = cpu_load_segment(cpu, registers[k], FREE | rows[i].rpl);
			check_outcome(test, rows[i].name, result, rows[i].wanted);
			if (result != CPU_OK)
				continue;
			check(test, rows[i].name, "selector", cpu->segments[registers[k]].selector,
			      FREE | rows[i].rpl);
			check(test, rows[i].name, "limit", cpu->segments[registers[k]].limit,
			      0xfffff);
		}
	}
}

static void loads_the_stack_segment_by_privilege(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		unsigned int rpl, cpl;
		unsigned int wanted;
	} rows[] = {
		{ "ring 0", SEGMENT(DATA_RW, 0), 0, 0, FINE },
		{ "ring 3", SEGMENT(DATA_RW, 3), 3, 3, FINE },
		{ "expand-down", SEGMENT(DATA_RW_DOWN, 0), 0, 0, FINE },
		{ "RPL is not CPL", SEGMENT(DATA_RW, 0), 1, 0, GP(FREE) },
		{ "RPL below CPL", SEGMENT(DATA_RW, 3), 0, 3, GP(FREE) },
		{ "DPL above CPL", SEGMENT(DATA_RW, 3), 0, 0, GP(FREE) },
		{ "DPL below CPL", SEGMENT(DATA_RW, 0), 3, 3, GP(FREE) },
		{ "read-only", SEGMENT(DATA_RO, 0), 0, 0, GP(FREE) },
		{ "code", SEGMENT(CODE_XR, 0), 0, 0, GP(FREE) },
		{ "an LDT", SYSTEM(TYPE_LDT, 0), 0, 0, GP(FREE) },
		{ "not present", ABSENT(SEGMENT(DATA_RW, 0)), 0, 0, SS(FREE) },
		{ "type before presence", ABSENT(SEGMENT(DATA_RO, 0)), 0, 0, GP(FREE) },
	};
	enum cpu_result result;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		set_free(rows[i].access, FLAGS_32);
		fake_machine_ring(&machine, rows[i].cpl);
		remember();
		result = cpu_load_segment(cpu, SEGMENT_SS, FREE | rows[i].rpl);
		check_outcome(test, rows[i].name, result, rows[i].wanted);
		check(test, rows[i].name, "CPL stays", cpu_cpl(cpu), rows[i].cpl);
	}
}

static void null_selectors(struct kunit *test)
{
	u16 selector;

	for (selector = 0; selector < 4; selector++) {
		fake_machine_protected(&machine);
		remember();
		check_outcome(test, "null SS", cpu_load_segment(cpu, SEGMENT_SS, selector), GP(0));
		check_outcome(test, "null DS", cpu_load_segment(cpu, SEGMENT_DS, selector), FINE);
		check_true(test, "null DS", "unusable", cpu->segments[SEGMENT_DS].unusable);
		check(test, "null DS", "selector", cpu->segments[SEGMENT_DS].selector, selector);
		memcpy(&before, cpu, sizeof(before));
		check_outcome(test, "read through null DS",
			      cpu_read(cpu, SEGMENT_DS, 0, &selector, 1), GP(0));
	}
	check_outcome(test, "CS is not for MOV", cpu_load_segment(cpu, SEGMENT_CS, FAKE_CODE0), UD);
}

static void tables_have_limits(struct kunit *test)
{
	enum cpu_result result;
	u64 raw;

	fake_machine_protected(&machine);
	set_free(SEGMENT(DATA_RW, 0), 0);
	cpu->gdtr.limit = FREE + 7;
	remember();
	check_outcome(test, "last byte inside", cpu_load_segment(cpu, SEGMENT_DS, FREE), FINE);
	cpu->gdtr.limit = FREE + 6;
	remember();
	check_outcome(test, "last byte outside", cpu_load_segment(cpu, SEGMENT_DS, FREE), GP(FREE));
	check_outcome(test, "SS names the selector", cpu_load_segment(cpu, SEGMENT_SS, FREE),
		      GP(FREE));
	result = cpu_read_descriptor(cpu, FREE | 3, &raw, X86_TRAP_TS);
	check_outcome(test, "the vector is the caller's, RPL is cut off", result, TS(FREE));

	cpu->ldtr.unusable = true;
	remember();
	check_outcome(test, "no LDT", cpu_load_segment(cpu, SEGMENT_DS, 0x0c), GP(0x0c));
	cpu->gdtr.limit = FAKE_GDT_LIMIT;
	fake_put64(&machine, FAKE_LDT + 8, fake_descriptor(0x777, 1, SEGMENT(DATA_RW, 0), 0));
	check_outcome(test, "LLDT", cpu_load_ldtr(cpu, FAKE_LDT_SELECTOR), FINE);
	remember();
	check_outcome(test, "from the LDT", cpu_load_segment(cpu, SEGMENT_DS, 0x0c), FINE);
	check(test, "from the LDT", "base", cpu->segments[SEGMENT_DS].base, 0x777);
	cpu->ldtr.limit = 14;
	remember();
	check_outcome(test, "past the LDT", cpu_load_segment(cpu, SEGMENT_DS, 0x0c), GP(0x0c));
}

static void marks_segments_accessed(struct kunit *test)
{
	u64 clear = fake_descriptor(0, 0xff, SEGMENT(DATA_RW, 0) & ~1U, 0);

	fake_machine_protected(&machine);
	fake_set_gdt(&machine, FREE, clear);
	check_outcome(test, "load", cpu_load_segment(cpu, SEGMENT_DS, FREE), FINE);
	check(test, "load", "accessed in memory", fake_get64(&machine, FAKE_GDT + FREE),
	      clear | DESCRIPTOR_ACCESSED);
	check(test, "load", "accessed in the hidden part",
	      cpu->segments[SEGMENT_DS].type & TYPE_ACCESSED, TYPE_ACCESSED);

	machine.writes = 0;
	check_outcome(test, "again", cpu_load_segment(cpu, SEGMENT_DS, FREE), FINE);
	check(test, "again", "no second write", machine.writes, 0);

	/* A read-only GDT: the write faults before the register changes. */
	fake_set_gdt(&machine, FREE, clear);
	machine.pages[FAKE_GDT / FAKE_PAGE] &= ~FAKE_WRITABLE;
	cpu->cr0 |= X86_CR0_WP;
	remember();
	check_outcome(test, "read-only table", cpu_load_segment(cpu, SEGMENT_ES, FREE),
		      PF(PFERR_PRESENT | PFERR_WRITE));
	check(test, "read-only table", "CR2", cpu->fault.cr2, FAKE_GDT + FREE + 5);
	check_outcome(test, "a set bit is not written",
		      cpu_load_segment(cpu, SEGMENT_ES, FAKE_DATA0), FINE);
	machine.pages[FAKE_GDT / FAKE_PAGE] = 0;
	remember();
	check_outcome(test, "absent table", cpu_load_segment(cpu, SEGMENT_ES, FREE), PF(0));
}

/* The tables are read with ring-0 rights even for ring 3. */
static void tables_are_read_by_the_system(struct kunit *test)
{
	u16 selector = FREE | 3;

	fake_machine_user(&machine);
	set_free(SEGMENT(DATA_RW, 3) & ~1U, 0);
	machine.pages[FAKE_GDT / FAKE_PAGE] &= ~FAKE_USER;
	remember();
	check_outcome(test, "ring 3", cpu_load_segment(cpu, SEGMENT_DS, selector), FINE);
	cpu->segments[SEGMENT_DS].base = FAKE_GDT;
	cpu->segments[SEGMENT_DS].limit = 0xffff;
	remember();
	check_outcome(test, "but not by its own hand", cpu_read(cpu, SEGMENT_DS, 0, &selector, 2),
		      PF(PFERR_PRESENT | PFERR_USER));
}

static void real_and_v86_loads(struct kunit *test)
{
	struct segment *ds = &cpu->segments[SEGMENT_DS];

	fake_machine_init(&machine);
	ds->limit = 0xfffff; /* left over from protected mode */
	check_outcome(test, "real", cpu_load_segment(cpu, SEGMENT_DS, 0x1234), FINE);
	check(test, "real", "base", ds->base, 0x12340);
	check(test, "real", "limit stays", ds->limit, 0xfffff);
	check_outcome(test, "real, zero", cpu_load_segment(cpu, SEGMENT_SS, 0), FINE);
	check_true(test, "real, zero", "usable", !cpu->segments[SEGMENT_SS].unusable);
	ds->unusable = true; /* a null selector of protected mode */
	ds->s = false;
	ds->present = false;
	ds->limit = 0;
	check_outcome(test, "after null", cpu_load_segment(cpu, SEGMENT_DS, 0x100), FINE);
	check(test, "after null", "all of it", segment_to_descriptor(ds), 0x000093001000ffffULL);

	fake_machine_v86(&machine);
	ds->limit = 0xfffff;
	check_outcome(test, "V86", cpu_load_segment(cpu, SEGMENT_DS, 0x8001), FINE);
	check(test, "V86", "base", ds->base, 0x80010);
	check(test, "V86", "limit", ds->limit, 0xffff);
	check(test, "V86", "all of it", segment_to_descriptor(ds), 0x0000f3080010ffffULL);
}

/* ---- limits and types ------------------------------------------------------------ */

static void limits(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access, flags;
		u32 raw_limit;
		u64 offset;
		unsigned int bytes;
		unsigned int wanted;
	} rows[] = {
		{ "first byte", SEGMENT(DATA_RW, 0), 4, 0xff, 0, 1, FINE },
		{ "last byte", SEGMENT(DATA_RW, 0), 4, 0xff, 0xff, 1, FINE },
		{ "past it", SEGMENT(DATA_RW, 0), 4, 0xff, 0x100, 1, GP(0) },
		{ "last word", SEGMENT(DATA_RW, 0), 4, 0xff, 0xfe, 2, FINE },
		{ "word half out", SEGMENT(DATA_RW, 0), 4, 0xff, 0xff, 2, GP(0) },
		{ "last doubleword", SEGMENT(DATA_RW, 0), 4, 0xff, 0xfc, 4, FINE },
		{ "doubleword out by one", SEGMENT(DATA_RW, 0), 4, 0xff, 0xfd, 4, GP(0) },
		{ "limit 0 has one byte", SEGMENT(DATA_RW, 0), 4, 0, 0, 1, FINE },
		{ "limit 0 has no word", SEGMENT(DATA_RW, 0), 4, 0, 0, 2, GP(0) },
		{ "pages", SEGMENT(DATA_RW, 0), 0xc, 0, 0xffc, 4, FINE },
		{ "past the page", SEGMENT(DATA_RW, 0), 0xc, 0, 0xffd, 4, GP(0) },
		{ "flat, last doubleword", SEGMENT(DATA_RW, 0), 0xc, 0xfffff, 0xfffffffc, 4, FINE },
		{ "4 GiB at a base", SEGMENT(DATA_RW, 0), 0xc, 0xfffff, 0xfffffffe, 4, GP(0) },
		{ "64 KiB wraps not", SEGMENT(DATA_RW, 0), 0, 0xffff, 0xffff, 2, GP(0) },
		{ "end of all without wrap", SEGMENT(DATA_RW, 0), 4, 0xff, 0xffffffff, 4, GP(0) },
		{ "expand-down, at limit", SEGMENT(DATA_RW_DOWN, 0), 4, 0xff, 0xff, 1, GP(0) },
		{ "expand-down, above", SEGMENT(DATA_RW_DOWN, 0), 4, 0xff, 0x100, 4, FINE },
		{ "expand-down, top", SEGMENT(DATA_RW_DOWN, 0), 4, 0xff, 0xfffffffc, 4, FINE },
		{ "expand-down, over", SEGMENT(DATA_RW_DOWN, 0), 4, 0xff, 0xfffffffd, 4, GP(0) },
		{ "expand-down 16, top", SEGMENT(DATA_RW_DOWN, 0), 0, 0xff, 0xfffe, 2, FINE },
		{ "expand-down 16, over", SEGMENT(DATA_RW_DOWN, 0), 0, 0xff, 0xffff, 2, GP(0) },
		{ "expand-down, straddles", SEGMENT(DATA_RW_DOWN, 0), 4, 0xff, 0xfe, 4, GP(0) },
		{ "expand-down, all of it", SEGMENT(DATA_RW_DOWN, 0), 0xc, 0xfffff, 0x10, 1,
		  GP(0) },
		{ "code has no direction", SEGMENT(CODE_XR_CONFORMING, 0), 4, 0xff, 0xff, 1, FINE },
	};
	enum cpu_result result;
	unsigned int i;
	u64 linear;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		segment_from_descriptor(&cpu->segments[SEGMENT_DS], 0,
					fake_descriptor(FAKE_DATA, rows[i].raw_limit,
							rows[i].access, rows[i].flags));
		remember();
		result = cpu_linear(cpu, SEGMENT_DS, rows[i].offset, rows[i].bytes, ACCESS_READ,
				    &linear);
		check_outcome(test, rows[i].name, result, rows[i].wanted);
		if (result == CPU_OK)
			check(test, rows[i].name, "linear", linear,
			      (u32)(FAKE_DATA + rows[i].offset));
		if ((rows[i].access & 0x1a) != 0x12)
			continue;
		cpu->segments[SEGMENT_SS] = cpu->segments[SEGMENT_DS];
		remember();
		result = cpu_linear(cpu, SEGMENT_SS, rows[i].offset, rows[i].bytes, ACCESS_WRITE,
				    &linear);
		check_outcome(test, rows[i].name, result, rows[i].wanted ? SS(0) : FINE);
	}
}

static void types(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		unsigned int read, write, fetch;
	} rows[] = {
		{ "read-only", SEGMENT(DATA_RO, 0), FINE, GP(0), FINE },
		{ "writable", SEGMENT(DATA_RW, 0), FINE, FINE, FINE },
		{ "execute-only", SEGMENT(CODE_X, 0), GP(0), GP(0), FINE },
		{ "readable code", SEGMENT(CODE_XR, 0), FINE, GP(0), FINE },
		{ "conforming", SEGMENT(CODE_XR_CONFORMING, 0), FINE, GP(0), FINE },
	};
	unsigned int i;
	u64 linear;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		segment_from_descriptor(&cpu->segments[SEGMENT_DS], 0,
					fake_descriptor(0, 0xfffff, rows[i].access, FLAGS_32));
		remember();
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, 0, 1, ACCESS_READ, &linear),
			      rows[i].read);
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, 0, 1, ACCESS_WRITE, &linear),
			      rows[i].write);
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, 0, 1, ACCESS_MODIFY, &linear),
			      rows[i].write);
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, 0, 1, ACCESS_FETCH, &linear),
			      rows[i].fetch);
		/* Real mode looks at limits only. */
		cpu->cr0 &= ~(u64)X86_CR0_PE;
		remember();
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, 0, 1, ACCESS_WRITE, &linear), FINE);
	}
}

static void alignment(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int ring;
		bool am, ac;
		u64 offset;
		unsigned int bytes;
		bool faults;
	} rows[] = {
		{ "odd word", 3, true, true, 1, 2, true },
		{ "doubleword at 2", 3, true, true, 2, 4, true },
		{ "quadword at 4", 3, true, true, 4, 8, true },
		{ "aligned", 3, true, true, 8, 8, false },
		{ "byte", 3, true, true, 1, 1, false },
		{ "AC clear", 3, true, false, 1, 2, false },
		{ "AM clear", 3, false, true, 1, 2, false },
		{ "ring 0", 0, true, true, 1, 2, false },
		{ "ring 2", 2, true, true, 1, 2, false },
	};
	unsigned int i, wanted;
	u64 linear;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		fake_machine_ring(&machine, rows[i].ring);
		if (rows[i].am)
			cpu->cr0 |= X86_CR0_AM;
		if (rows[i].ac)
			cpu->rflags |= X86_EFLAGS_AC;
		wanted = rows[i].faults ? FAULT(X86_TRAP_AC, 0) : FINE;
		remember();
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, FAKE_DATA + rows[i].offset, rows[i].bytes,
					 ACCESS_READ, &linear),
			      wanted);
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, FAKE_DATA + rows[i].offset, rows[i].bytes,
					 ACCESS_FETCH, &linear),
			      FINE);
		check_outcome(test, rows[i].name,
			      cpu_linear(cpu, SEGMENT_DS, FAKE_DATA + rows[i].offset, rows[i].bytes,
					 ACCESS_READ | ACCESS_SYSTEM, &linear),
			      FINE);
	}
}

static void writes_ask_for_writable(struct kunit *test)
{
	u32 value = 0x12345678;

	fake_machine_protected(&machine);
	segment_from_descriptor(&cpu->segments[SEGMENT_DS], 0,
				fake_descriptor(0, 0xfffff, SEGMENT(DATA_RO, 0), FLAGS_32));
	remember();
	check_outcome(test, "read-only", cpu_write(cpu, SEGMENT_DS, FAKE_DATA, &value, 4), GP(0));
	check_outcome(test, "writable", cpu_write(cpu, SEGMENT_ES, FAKE_DATA, &value, 4), FINE);
	check(test, "writable", "memory", fake_get32(&machine, FAKE_DATA), 0x12345678);
}

static void wraps_at_four_gigabytes(struct kunit *test)
{
	u32 value = 0;

	fake_machine_protected(&machine);
	fake_put32(&machine, 0xfffffffe, 0x11223344);
	check_outcome(test, "read", cpu_read(cpu, SEGMENT_DS, 0xfffffffe, &value, 4), FINE);
	check(test, "read", "value", value, 0x11223344);
	cpu->segments[SEGMENT_DS].base = 0xffffff00;
	check_outcome(test, "base", cpu_read(cpu, SEGMENT_DS, 0xfe, &value, 4), FINE);
	check(test, "base", "value", value, 0x11223344);
}

/* ---- the stack -------------------------------------------------------------------- */

static void pushes_and_pops(struct kunit *test)
{
	u64 sp, value;

	fake_machine_protected(&machine);
	sp = cpu_sp(cpu);
	check_outcome(test, "push", cpu_push(cpu, &sp, 0x12345678, 4), FINE);
	check(test, "push", "running pointer", sp, FAKE_STACK0 - 4);
	check(test, "push", "ESP waits", cpu->regs[REG_SP], FAKE_STACK0);
	check_outcome(test, "pop", cpu_pop(cpu, &sp, &value, 2), FINE);
	check(test, "pop", "value", value, 0x5678);
	check(test, "pop", "running pointer", sp, FAKE_STACK0 - 2);

	/* A 16-bit stack wraps within 64 KiB and leaves ESP's top alone. */
	segment_from_descriptor(&cpu->segments[SEGMENT_SS], FAKE_DATA0_16,
				fake_descriptor(0x10000, 0xffff, SEGMENT(DATA_RW, 0), 0));
	cpu->regs[REG_SP] = 0xabcd0002;
	sp = cpu_sp(cpu);
	check(test, "SP", "of 16 bits", sp, 2);
	check_outcome(test, "push", cpu_push(cpu, &sp, 1, 2), FINE);
	check_outcome(test, "push", cpu_push(cpu, &sp, 2, 2), FINE);
	check(test, "wrapped", "SP", sp, 0xfffe);
	check(test, "wrapped", "value", fake_get16(&machine, 0x1fffe), 2);
	cpu_set_sp(cpu, sp);
	check(test, "wrapped", "ESP", cpu->regs[REG_SP], 0xabcdfffe);

	sp = 1;
	remember();
	check_outcome(test, "across the end", cpu_push(cpu, &sp, 1, 2), SS(0));
	check(test, "across the end", "pointer stays", sp, 1);
	segment_from_descriptor(&cpu->segments[SEGMENT_SS], FAKE_DATA0,
				fake_descriptor(0, 0xff, SEGMENT(DATA_RW, 0), 4));
	sp = 0xfe;
	remember();
	check_outcome(test, "pop past the limit", cpu_pop(cpu, &sp, &value, 4), SS(0));
	check(test, "pop past the limit", "pointer stays", sp, 0xfe);
}

/* ---- LDTR and TR --------------------------------------------------------------------- */

static void loads_ldtr(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		u16 selector;
		unsigned int wanted;
	} rows[] = {
		{ "an LDT", SYSTEM(TYPE_LDT, 0), FREE, FINE },
		{ "RPL is ignored", SYSTEM(TYPE_LDT, 0), FREE | 3, FINE },
		{ "null", SYSTEM(TYPE_LDT, 0), 3, FINE },
		{ "from an LDT", SYSTEM(TYPE_LDT, 0), FREE | 4, GP(FREE | 4) },
		{ "a TSS", SYSTEM(TYPE_TSS32_AVAILABLE, 0), FREE, GP(FREE) },
		{ "data of that type", SEGMENT(TYPE_LDT, 0), FREE, GP(FREE) },
		{ "not present", ABSENT(SYSTEM(TYPE_LDT, 0)), FREE, NP(FREE) },
		{ "past the GDT", SYSTEM(TYPE_LDT, 0), 0x200, GP(0x200) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		set_free(rows[i].access, 0);
		remember();
		check_outcome(test, rows[i].name, cpu_load_ldtr(cpu, rows[i].selector),
			      rows[i].wanted);
		check(test, rows[i].name, "announced", machine.changed,
		      rows[i].wanted ? 0 : CPU_CHANGED_LDTR);
		if (!rows[i].wanted)
			check(test, rows[i].name, "selector", cpu->ldtr.selector, rows[i].selector);
	}
}

static void loads_tr(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		u16 selector;
		unsigned int wanted;
	} rows[] = {
		{ "32-bit", SYSTEM(TYPE_TSS32_AVAILABLE, 0), FREE, FINE },
		{ "16-bit", SYSTEM(TYPE_TSS16_AVAILABLE, 0), FREE, FINE },
		{ "busy", SYSTEM(TYPE_TSS32_BUSY, 0), FREE, GP(FREE) },
		{ "busy 16-bit", SYSTEM(TYPE_TSS16_BUSY, 0), FREE, GP(FREE) },
		{ "null", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 2, GP(0) },
		{ "from an LDT", SYSTEM(TYPE_TSS32_AVAILABLE, 0), FREE | 4, GP(FREE | 4) },
		{ "data of that type", SEGMENT(TYPE_TSS32_AVAILABLE, 0), FREE, GP(FREE) },
		{ "not present", ABSENT(SYSTEM(TYPE_TSS32_AVAILABLE, 0)), FREE, NP(FREE) },
		{ "past the GDT", SYSTEM(TYPE_TSS32_AVAILABLE, 0), 0x200, GP(0x200) },
	};
	unsigned int i;
	u8 access;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		set_free(rows[i].access, 0);
		remember();
		check_outcome(test, rows[i].name, cpu_load_tr(cpu, rows[i].selector),
			      rows[i].wanted);
		access = fake_get8(&machine, FAKE_GDT + FREE + 5);
		check(test, rows[i].name, "announced", machine.changed,
		      rows[i].wanted ? 0 : CPU_CHANGED_TR);
		check(test, rows[i].name, "busy bit", access,
		      rows[i].wanted ? rows[i].access : rows[i].access | 2);
		if (!rows[i].wanted)
			check(test, rows[i].name, "hidden type", cpu->tr.type,
			      (rows[i].access & 0xf) | 2);
	}
}

/* ---- LAR, LSL, VERR, VERW ------------------------------------------------------------ */

static void asks_by_type(struct kunit *test)
{
	/* Bit n: what the instruction says of system type n at ring 0. */
	static const unsigned int lar_types = 0x1a3e, lsl_types = 0x0a0e;
	unsigned int type;
	bool valid;
	u32 value;

	for (type = 0; type < 16; type++) {
		fake_machine_protected(&machine);
		set_free(SYSTEM(type, 0), FLAGS_32);
		remember();
		check_outcome(test, "LAR", cpu_lar(cpu, FREE, &value, &valid), FINE);
		check(test, "LAR of a system type", "ZF", valid, (lar_types >> type) & 1);
		check_outcome(test, "LSL", cpu_lsl(cpu, FREE, &value, &valid), FINE);
		check(test, "LSL of a system type", "ZF", valid, (lsl_types >> type) & 1);
		check_outcome(test, "VERR", cpu_verify(cpu, FREE, false, &valid), FINE);
		check_true(test, "VERR of a system type", "ZF", !valid);

		set_free(SEGMENT(type, 0), FLAGS_32);
		check_outcome(test, "LAR", cpu_lar(cpu, FREE, &value, &valid), FINE);
		check_true(test, "LAR of a segment", "ZF", valid);
		check(test, "LAR", "rights", value & 0x00f0ff00, SEGMENT(type, 0) << 8 | 0xc00000);
		check_outcome(test, "LSL", cpu_lsl(cpu, FREE, &value, &valid), FINE);
		check(test, "LSL", "limit", valid ? value : 0, 0xfffff);
		check_outcome(test, "VERR", cpu_verify(cpu, FREE, false, &valid), FINE);
		check(test, "VERR of a segment", "ZF", valid, !(type & 8) || (type & 2));
		check_outcome(test, "VERW", cpu_verify(cpu, FREE, true, &valid), FINE);
		check(test, "VERW of a segment", "ZF", valid, !(type & 8) && (type & 2));
		check(test, "asking", "writes nothing", machine.writes, 0);
	}
}

static void asks_by_privilege(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int access;
		u16 selector;
		unsigned int cpl;
		bool valid;
	} rows[] = {
		{ "same ring", SEGMENT(CODE_XR, 0), FREE, 0, true },
		{ "RPL too weak", SEGMENT(CODE_XR, 0), FREE | 1, 0, false },
		{ "CPL too weak", SEGMENT(CODE_XR, 0), FREE, 3, false },
		{ "conforming", SEGMENT(CODE_XR_CONFORMING, 0), FREE | 3, 3, true },
		{ "an LDT is not conforming", SYSTEM(TYPE_LDT, 0), FREE, 3, false },
		{ "not present does not matter", ABSENT(SEGMENT(CODE_XR, 3)), FREE | 3, 3, true },
		{ "null", SEGMENT(CODE_XR, 3), 3, 3, false },
		{ "past the limit", SEGMENT(CODE_XR, 3), 0x200, 0, false },
		{ "no LDT", SEGMENT(CODE_XR, 3), 4 | 8, 0, false },
	};
	unsigned int i;
	bool valid;
	u32 value;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		fake_machine_ring(&machine, rows[i].cpl);
		set_free(rows[i].access, 0);
		cpu->ldtr.unusable = true;
		remember();
		check_outcome(test, rows[i].name, cpu_lar(cpu, rows[i].selector, &value, &valid),
			      FINE);
		check(test, rows[i].name, "LAR", valid, rows[i].valid);
		check_outcome(test, rows[i].name, cpu_lsl(cpu, rows[i].selector, &value, &valid),
			      FINE);
		check(test, rows[i].name, "LSL", valid, rows[i].valid);
		check_outcome(test, rows[i].name, cpu_verify(cpu, rows[i].selector, false, &valid),
			      FINE);
		check(test, rows[i].name, "VERR", valid, rows[i].valid && (rows[i].access & 0x10));
	}
	machine.pages[FAKE_GDT / FAKE_PAGE] = 0;
	remember();
	check_outcome(test, "absent table", cpu_lar(cpu, FREE, &value, &valid), PF(0));
}

static struct kunit_case descriptor_cases[] = {
	KUNIT_CASE(packs_and_unpacks),
	KUNIT_CASE(loads_data_segments_by_privilege),
	KUNIT_CASE(loads_the_stack_segment_by_privilege),
	KUNIT_CASE(null_selectors),
	KUNIT_CASE(tables_have_limits),
	KUNIT_CASE(marks_segments_accessed),
	KUNIT_CASE(tables_are_read_by_the_system),
	KUNIT_CASE(real_and_v86_loads),
	KUNIT_CASE(limits),
	KUNIT_CASE(types),
	KUNIT_CASE(alignment),
	KUNIT_CASE(writes_ask_for_writable),
	KUNIT_CASE(wraps_at_four_gigabytes),
	KUNIT_CASE(pushes_and_pops),
	KUNIT_CASE(loads_ldtr),
	KUNIT_CASE(loads_tr),
	KUNIT_CASE(asks_by_type),
	KUNIT_CASE(asks_by_privilege),
	{},
};

static struct kunit_suite descriptor_suite = {
	.name = "ringlet_cpu_descriptor",
	.test_cases = descriptor_cases,
};
kunit_test_suite(descriptor_suite);
