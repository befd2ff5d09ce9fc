// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_emulate_system: privileged and sensitive instructions, who may
 * execute them and what they do; ports, events and far transfers as the
 * emulator starts them. Their rules have suites of their own (ringlet_cpu_*).
 */
#include "emulate_test.h"

#define DATA FAKE_DATA

struct row {
	const char *name;
	const char *code;
	u8 length;
	unsigned int wanted;
};

/* Registers and memory for which all rows below succeed in ring 0. */
static void prepare(unsigned int ring)
{
	fake_machine_protected(&machine);
	fake_machine_features(&machine);
	if (ring)
		fake_machine_ring(&machine, ring);
	cpu->regs[REG_AX] = 0;
	cpu->regs[REG_BX] = DATA;
	cpu->regs[REG_CX] = MSR_IA32_SYSENTER_CS;
	cpu->regs[REG_SI] = DATA + 0x100;
	cpu->regs[REG_DI] = DATA + 0x200;
	fake_put16(&machine, DATA, 0xfff);
	fake_put32(&machine, DATA + 2, 0x89abcdef);
}

/* Unknown in virtual-8086 mode, unlike the others. */
static const char lldt[] = "\x0f\x00\xd0";

static const struct row privileged[] = {
	{ "hlt", CODE("\xf4"), FINE },
	{ "mov eax, cr0", CODE("\x0f\x20\xc0"), FINE },
	{ "mov eax, cr2", CODE("\x0f\x20\xd0"), FINE },
	{ "mov eax, cr3", CODE("\x0f\x20\xd8"), FINE },
	{ "mov eax, cr4", CODE("\x0f\x20\xe0"), FINE },
	{ "mov cr0, eax", CODE("\x0f\x22\xc0"), FINE },
	{ "mov cr2, eax", CODE("\x0f\x22\xd0"), FINE },
	{ "mov cr3, eax", CODE("\x0f\x22\xd8"), FINE },
	{ "mov cr4, eax", CODE("\x0f\x22\xe0"), FINE },
	{ "mov eax, dr0", CODE("\x0f\x21\xc0"), FINE },
	{ "mov dr7, eax", CODE("\x0f\x23\xf8"), FINE },
	{ "clts", CODE("\x0f\x06"), FINE },
	{ "lmsw ax", CODE("\x0f\x01\xf0"), FINE },
	{ "lgdt [ebx]", CODE("\x0f\x01\x13"), FINE },
	{ "lidt [ebx]", CODE("\x0f\x01\x1b"), FINE },
	{ "lldt ax", .code = lldt, .length = sizeof(lldt) - 1, FINE },
	{ "invlpg [ebx]", CODE("\x0f\x01\x3b"), FINE },
	{ "invd", CODE("\x0f\x08"), FINE },
	{ "wbinvd", CODE("\x0f\x09"), FINE },
	{ "rdmsr", CODE("\x0f\x32"), FINE },
	{ "wrmsr", CODE("\x0f\x30"), FINE },
};

static void privileged_instructions_need_ring_0(struct kunit *test)
{
	unsigned int i, ring;

	for (i = 0; i < ARRAY_SIZE(privileged); i++) {
		for (ring = 0; ring < 4; ring++) {
			prepare(ring);
			check_outcome(test, privileged[i].name,
				      execute(privileged[i].code, privileged[i].length),
				      ring ? GP(0) : privileged[i].wanted);
		}
		prepare(0);
		fake_machine_v86(&machine);
		check_outcome(test, privileged[i].name,
			      execute(privileged[i].code, privileged[i].length),
			      privileged[i].code == lldt ? UD : GP(0));
	}
}

static void iopl_governs_the_interrupt_flag(struct kunit *test)
{
	static const struct row rows[] = {
		{ "cli", CODE("\xfa"), FINE },
		{ "sti", CODE("\xfb"), FINE },
		{ "in al, dx", CODE("\xec"), FINE },
		{ "out dx, eax", CODE("\xef"), FINE },
		{ "insb", CODE("\x6c"), FINE },
		{ "outsd", CODE("\x6f"), FINE },
		{ "in al, 0x60", CODE("\xe4\x60"), FINE },
		{ "out 0x60, al", CODE("\xe6\x60"), FINE },
	};
	unsigned int i, ring, iopl;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (ring = 0; ring < 4; ring++) {
			for (iopl = 0; iopl < 4; iopl++) {
				prepare(ring);
				cpu->rflags |= iopl << EFLAGS_IOPL_SHIFT;
				check_outcome(test, rows[i].name,
					      execute(rows[i].code, rows[i].length),
					      ring > iopl ? GP(0) : FINE);
			}
		}
	}
}

static void popf_changes_what_privilege_allows(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int ring, iopl;
		u64 wanted;
	} rows[] = {
		{ "ring 0", 0, 0, X86_EFLAGS_IOPL | X86_EFLAGS_IF | X86_EFLAGS_CF },
		{ "ring 3, IOPL 0", 3, 0, X86_EFLAGS_CF },
		{ "ring 1, IOPL 1", 1, 1, 1 << EFLAGS_IOPL_SHIFT | X86_EFLAGS_IF | X86_EFLAGS_CF },
		{ "ring 3, IOPL 3", 3, 3, X86_EFLAGS_IOPL | X86_EFLAGS_IF | X86_EFLAGS_CF },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		prepare(rows[i].ring);
		cpu->rflags |= rows[i].iopl << EFLAGS_IOPL_SHIFT;
		fake_put32(&machine, cpu->regs[REG_SP],
			   X86_EFLAGS_IOPL | X86_EFLAGS_IF | X86_EFLAGS_CF | X86_EFLAGS_VM |
				   X86_EFLAGS_RF);
		STEP(test, rows[i].name, "\x9d", FINE);
		check(test, rows[i].name, "flags", cpu->rflags, rows[i].wanted | X86_EFLAGS_FIXED);
		STEP(test, rows[i].name, "\x9c", FINE);
		check(test, rows[i].name, "pushed", fake_get32(&machine, cpu->regs[REG_SP]),
		      rows[i].wanted | X86_EFLAGS_FIXED);
	}
}

static void virtual_8086_mode_asks_its_monitor(struct kunit *test)
{
	static const struct row rows[] = {
		{ "cli", CODE("\xfa"), GP(0) },		{ "sti", CODE("\xfb"), GP(0) },
		{ "pushf", CODE("\x9c"), GP(0) },	{ "popf", CODE("\x9d"), GP(0) },
		{ "int", CODE("\xcd\x80"), GP(0) },	{ "iret", CODE("\xcf"), GP(0) },
		{ "lar", CODE("\x0f\x02\xc0"), UD },	{ "lsl", CODE("\x0f\x03\xc0"), UD },
		{ "verr", CODE("\x0f\x00\xe0"), UD },	{ "arpl", CODE("\x63\xc0"), UD },
		{ "sldt", CODE("\x0f\x00\xc0"), UD },	{ "str", CODE("\x0f\x00\xc8"), UD },
		{ "smsw", CODE("\x0f\x01\xe0"), FINE }, { "nop", CODE("\x90"), FINE },
		{ "push", CODE("\x50"), FINE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_v86(&machine);
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length),
			      rows[i].wanted);
	}
}

static void umip_hides_tables_from_applications(struct kunit *test)
{
	static const struct row rows[] = {
		{ "sgdt", CODE("\x0f\x01\x03"), FINE },
		{ "sidt", CODE("\x0f\x01\x0b"), FINE },
		{ "sldt", CODE("\x0f\x00\xc0"), FINE },
		{ "str", CODE("\x0f\x00\xc8"), FINE },
		{ "smsw eax", CODE("\x0f\x01\xe0"), FINE },
		{ "smsw [ebx]", CODE("\x0f\x01\x23"), FINE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		prepare(3);
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), FINE);
		prepare(3);
		cpu->cr4 |= X86_CR4_UMIP;
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), GP(0));
		prepare(0);
		cpu->cr4 |= X86_CR4_UMIP;
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), FINE);
	}
}

static void descriptor_tables_load_and_store(struct kunit *test)
{
	prepare(0);
	STEP(test, "lgdt", "\x0f\x01\x13", FINE);
	check(test, "lgdt", "base", cpu->gdtr.base, 0x89abcdef);
	check(test, "lgdt", "limit", cpu->gdtr.limit, 0xfff);
	check_true(test, "lgdt", "is told", machine.changed & CPU_CHANGED_GDTR);
	STEP(test, "sgdt", "\x0f\x01\x07", FINE);
	check(test, "sgdt", "image", fake_get64(&machine, DATA + 0x200), 0x89abcdef0fffULL);
	STEP(test, "lidt, word", "\x66\x0f\x01\x1b", FINE);
	check(test, "lidt, word", "base", cpu->idtr.base, 0xabcdef);
	check_true(test, "lidt", "is told", machine.changed & CPU_CHANGED_IDTR);
	STEP(test, "sidt, word", "\x66\x0f\x01\x0f", FINE);
	check(test, "sidt, word", "image", fake_get64(&machine, DATA + 0x200), 0xabcdef0fffULL);
}

static void control_registers(struct kunit *test)
{
	static const struct row missing[] = {
		{ "mov eax, cr1", CODE("\x0f\x20\xc8"), UD },
		{ "mov cr5, eax", CODE("\x0f\x22\xe8"), UD },
		{ "mov cr8, eax", CODE("\x0f\x22\xf8"), UD },
	};
	unsigned int i, ring;

	for (i = 0; i < ARRAY_SIZE(missing); i++) {
		for (ring = 0; ring < 4; ring += 3) {
			prepare(ring);
			check_outcome(test, missing[i].name,
				      execute(missing[i].code, missing[i].length), UD);
		}
	}
	prepare(0);
	cpu->regs[REG_AX] = 0x12345678;
	STEP(test, "mov cr2", "\x0f\x22\xd0", FINE);
	check(test, "mov cr2", "value", cpu->cr2, 0x12345678);
	cpu->regs[REG_AX] = X86_CR0_PG;
	STEP(test, "paging without protection", "\x0f\x22\xc0", GP(0));
	cpu->cr0 |= X86_CR0_TS;
	STEP(test, "clts", "\x0f\x06", FINE);
	check(test, "clts", "TS", cpu->cr0 & X86_CR0_TS, 0);
	check_true(test, "clts", "is told", machine.changed & CPU_CHANGED_CR0);
	cpu->regs[REG_AX] = X86_CR0_EM | X86_CR0_WP;
	STEP(test, "lmsw", "\x0f\x01\xf0", FINE);
	check(test, "lmsw", "PE stays, EM is set, WP is not reached",
	      cpu->cr0 & (X86_CR0_PE | X86_CR0_EM | X86_CR0_WP), X86_CR0_PE | X86_CR0_EM);
	cpu->regs[REG_BX] = ~0U;
	STEP(test, "smsw ebx", "\x0f\x01\xe3", FINE);
	check(test, "smsw ebx", "all of CR0", cpu->regs[REG_BX], cpu->cr0);
	cpu->regs[REG_BX] = 0xaaaaaaaa;
	STEP(test, "smsw bx", "\x66\x0f\x01\xe3", FINE);
	check(test, "smsw bx", "the low word", cpu->regs[REG_BX], 0xaaaa0000 | (cpu->cr0 & 0xffff));
}

static void debug_registers(struct kunit *test)
{
	prepare(0);
	cpu->regs[REG_AX] = 0x1234;
	STEP(test, "mov dr3", "\x0f\x23\xd8", FINE);
	check(test, "mov dr3", "value", cpu->dr[3], 0x1234);
	STEP(test, "mov ebx, dr4", "\x0f\x21\xe3", FINE);
	check(test, "mov ebx, dr4", "is DR6", cpu->regs[REG_BX], cpu->dr6);
	cpu->cr4 |= X86_CR4_DE;
	STEP(test, "dr4 with CR4.DE", "\x0f\x21\xe3", UD);
	cpu->dr7 |= BIT_ULL(13);
	STEP(test, "guarded", "\x0f\x21\xc3", DB);
	prepare(3);
	cpu->cr4 |= X86_CR4_DE;
	STEP(test, "dr5 from ring 3", "\x0f\x21\xeb", UD);
}

static void msrs_time_and_identification(struct kunit *test)
{
	prepare(0);
	cpu->regs[REG_AX] = 0xabcd;
	STEP(test, "wrmsr", "\x0f\x30", FINE);
	check(test, "wrmsr", "value", cpu->msrs.sysenter_cs, 0xabcd);
	cpu->regs[REG_AX] = 0;
	STEP(test, "rdmsr", "\x0f\x32", FINE);
	check(test, "rdmsr", "EAX", cpu->regs[REG_AX], 0xabcd);
	cpu->regs[REG_CX] = 0xdeadbeef;
	STEP(test, "no such MSR", "\x0f\x32", GP(0));
	STEP(test, "no such MSR, write", "\x0f\x30", GP(0));

	machine.tsc = 0x1122334455667788ULL;
	STEP(test, "rdtsc", "\x0f\x31", FINE);
	check(test, "rdtsc", "EAX", cpu->regs[REG_AX], 0x55667788);
	check(test, "rdtsc", "EDX", cpu->regs[REG_DX], 0x11223344);
	STEP(test, "rdtscp, not there", "\x0f\x01\xf9", UD);
	STEP(test, "rdpmc", "\x0f\x33", GP(0));
	cpu->regs[REG_AX] = 1;
	STEP(test, "cpuid", "\x0f\xa2", FINE);
	check_true(test, "cpuid", "TSC", cpu->regs[REG_DX] & BIT(4));

	prepare(3);
	STEP(test, "rdtsc, ring 3", "\x0f\x31", FINE);
	cpu->cr4 |= X86_CR4_TSD;
	STEP(test, "rdtsc, ring 3, TSD", "\x0f\x31", GP(0));
	STEP(test, "cpuid, ring 3", "\x0f\xa2", FINE);
}

static void invlpg_takes_any_address(struct kunit *test)
{
	prepare(0);
	cpu->segments[SEGMENT_DS].base = 0x1000;
	cpu->segments[SEGMENT_DS].limit = 0xff;
	cpu->regs[REG_BX] = 0xffffe000;
	STEP(test, "invlpg", "\x0f\x01\x3b", FINE);
	check(test, "invlpg", "address", machine.invalidated, 0xfffff000);
	check(test, "invlpg", "times", machine.invalidations, 1);
}

static void selectors_are_inspected(struct kunit *test)
{
	prepare(0);
	cpu->regs[REG_AX] = 0x7777;
	cpu->regs[REG_CX] = FAKE_DATA0;
	STEP(test, "lar", "\x0f\x02\xc1", FINE);
	check(test, "lar", "rights", cpu->regs[REG_AX], 0x00cf9300);
	check_true(test, "lar", "ZF", cpu->rflags & X86_EFLAGS_ZF);
	STEP(test, "lsl", "\x0f\x03\xc1", FINE);
	check(test, "lsl", "limit", cpu->regs[REG_AX], 0xffffffff);
	STEP(test, "verw", "\x0f\x00\xe9", FINE);
	check_true(test, "verw", "ZF", cpu->rflags & X86_EFLAGS_ZF);
	cpu->regs[REG_CX] = 0x1f8;
	STEP(test, "lsl of nothing", "\x0f\x03\xc1", FINE);
	check(test, "lsl of nothing", "stays", cpu->regs[REG_AX], 0xffffffff);
	check(test, "lsl of nothing", "ZF", cpu->rflags & X86_EFLAGS_ZF, 0);
	STEP(test, "verr of nothing", "\x0f\x00\xe1", FINE);
	check(test, "verr of nothing", "ZF", cpu->rflags & X86_EFLAGS_ZF, 0);

	STEP(test, "str", "\x0f\x00\xc8", FINE);
	check(test, "str", "selector", cpu->regs[REG_AX], FAKE_TSS_SELECTOR);
	cpu->regs[REG_AX] = FAKE_LDT_SELECTOR;
	STEP(test, "lldt", "\x0f\x00\xd0", FINE);
	check(test, "lldt", "base", cpu->ldtr.base, FAKE_LDT);
	STEP(test, "sldt", "\x0f\x00\x03", FINE);
	check(test, "sldt", "a word", fake_get32(&machine, DATA), 0xcdef0000 | FAKE_LDT_SELECTOR);
	STEP(test, "ltr of a busy one", "\x0f\x00\xd8", GP(FAKE_LDT_SELECTOR));
}

static void segment_registers(struct kunit *test)
{
	static const struct row rows[] = {
		{ "mov ds, ax", CODE("\x8e\xd8"), FINE },
		{ "mov fs, ax", CODE("\x8e\xe0"), FINE },
		{ "mov cs, ax", CODE("\x8e\xc8"), UD },
		{ "mov segment 6", CODE("\x8e\xf0"), UD },
		{ "mov ds, cx", CODE("\x8e\xd9"), GP(0x1f8) },
		{ "mov ss, dx", CODE("\x8e\xd2"), GP(0) },
		{ "pop es", CODE("\x07"), GP(0x1f8) },
		{ "pop ss", CODE("\x17"), GP(0x1f8) },
		{ "pop fs", CODE("\x0f\xa1"), GP(0x1f8) },
		{ "lds eax, [ebx]", CODE("\xc5\x03"), GP(0x89a8) },
		{ "lss eax, [edi]", CODE("\x0f\xb2\x07"), FINE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		prepare(0);
		cpu->regs[REG_AX] = FAKE_DATA0;
		cpu->regs[REG_CX] = 0x1f8;
		cpu->regs[REG_DX] = 0;
		fake_put32(&machine, FAKE_STACK0, 0x1f8);
		fake_put32(&machine, DATA + 2, 0x89ab0000);
		fake_put32(&machine, DATA + 0x200, 0x1234);
		fake_put16(&machine, DATA + 0x204, FAKE_DATA0);
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length),
			      rows[i].wanted);
	}
	check(test, "lss", "offset", cpu->regs[REG_AX], 0x1234);
	check(test, "lss", "no shadow", cpu->interrupt_shadow, 0);
}

/* ---- ports ------------------------------------------------------------------ */

static void ports_move_their_size(struct kunit *test)
{
	prepare(0);
	machine.port_value = 0x99aabbcc;
	cpu->regs[REG_AX] = 0x11111111;
	cpu->regs[REG_DX] = 0x12340cf8;
	STEP(test, "in al, 0x71", "\xe4\x71", FINE);
	check(test, "in al, 0x71", "EAX", cpu->regs[REG_AX], 0x111111cc);
	check(test, "in al, 0x71", "port", machine.log[0].address, 0x71);
	STEP(test, "in ax, dx", "\x66\xed", FINE);
	check(test, "in ax, dx", "EAX", cpu->regs[REG_AX], 0x1111bbcd);
	check(test, "in ax, dx", "port", machine.log[1].address, 0xcf8);
	check(test, "in ax, dx", "bytes", machine.log[1].bytes, 2);
	STEP(test, "out dx, eax", "\xef", FINE);
	check(test, "out dx, eax", "value", machine.log[2].value, 0x1111bbcd);
	check(test, "out dx, eax", "bytes", machine.log[2].bytes, 4);
	STEP(test, "out 0x80, al", "\xe6\x80", FINE);
	check(test, "out 0x80, al", "value", machine.log[3].value, 0xcd);
	check(test, "out 0x80, al", "port", machine.log[3].address, 0x80);
}

static void string_ports_go_in_chunks(struct kunit *test)
{
	unsigned int calls = 0, i;

	prepare(0);
	for (i = 0; i < 100; i++)
		fake_put8(&machine, DATA + i, i);
	cpu->regs[REG_SI] = DATA;
	cpu->regs[REG_CX] = 50;
	while (cpu->rip == FAKE_CODE && calls++ < 60)
		STEP(test, "rep outsb", "\xf3\x6e", FINE);
	check(test, "rep outsb", "all went out", machine.logged, 50);
	check(test, "rep outsb", "in order", machine.log[49].value, 49);
	check(test, "rep outsb", "in one call", calls, 1);
	check(test, "rep outsb", "ESI", cpu->regs[REG_SI], DATA + 50);

	/* Across a page, of which the second may not be written. */
	prepare(0);
	cpu->cr0 |= X86_CR0_WP;
	machine.pages[(DATA + FAKE_PAGE) / FAKE_PAGE] = FAKE_PRESENT;
	cpu->regs[REG_DI] = DATA + FAKE_PAGE - 6;
	cpu->regs[REG_CX] = 10;
	STEP(test, "rep insw, first page", "\xf3\x66\x6d", FINE);
	check(test, "rep insw", "ECX", cpu->regs[REG_CX], 7);
	STEP(test, "rep insw, second page", "\xf3\x66\x6d", PF(PFERR_WRITE | PFERR_PRESENT));
	check(test, "rep insw", "nothing was read in vain", machine.logged, 3);

	prepare(3);
	cpu->regs[REG_CX] = 0;
	STEP(test, "no elements, no permission", "\xf3\x6c", GP(0));
	prepare(0);
	cpu->regs[REG_CX] = 0;
	cpu->regs[REG_DI] = FAKE_MEMORY;
	STEP(test, "no elements, no access", "\xf3\x6c", FINE);
	check(test, "no elements", "EIP", cpu->rip, FAKE_CODE + 2);
}

static void the_task_state_grants_ports(struct kunit *test)
{
	prepare(3);
	fake_put8(&machine, FAKE_TSS + 0x68 + 0x60 / 8, 0xfe);
	STEP(test, "granted", "\xe4\x60", FINE);
	STEP(test, "its neighbour", "\xe4\x61", GP(0));
	STEP(test, "both", "\x66\xe5\x60", GP(0));
	check(test, "ports", "reached the bus", machine.logged, 1);
}

/* ---- events and far transfers -------------------------------------------------- */

static void software_interrupts_go_through_gates(struct kunit *test)
{
	prepare(3);
	fake_set_idt(&machine, 0x80, fake_gate(FAKE_CODE0, 0x9000, 0xee, 0));
	fake_set_idt(&machine, 0x81, fake_gate(FAKE_CODE0, 0x9000, 0x8e, 0));
	STEP(test, "gate of ring 0", "\xcd\x81", GP(0x81 * 8 + ERROR_CODE_IDT));
	STEP(test, "gate that is not there", "\xcd\x82", GP(0x82 * 8 + ERROR_CODE_IDT));
	STEP(test, "into without OF", "\xce", FINE);
	STEP(test, "int 0x80", "\xcd\x80", FINE);
	check(test, "int 0x80", "EIP", cpu->rip, 0x9000);
	check(test, "int 0x80", "CPL", cpu_cpl(cpu), 0);
	check(test, "int 0x80", "returns behind it", fake_get32(&machine, FAKE_STACK0 - 20),
	      FAKE_CODE + 3);
	STEP(test, "iret", "\xcf", FINE);
	check(test, "iret", "EIP", cpu->rip, FAKE_CODE + 3);
	check(test, "iret", "CPL", cpu_cpl(cpu), 3);

	fake_set_idt(&machine, X86_TRAP_OF, fake_gate(FAKE_CODE0, 0xa000, 0xee, 0));
	cpu->rflags |= X86_EFLAGS_OF;
	STEP(test, "into", "\xce", FINE);
	check(test, "into", "EIP", cpu->rip, 0xa000);

	prepare(3);
	fake_set_idt(&machine, X86_TRAP_DB, fake_gate(FAKE_CODE0, 0xb000, 0x8e, 0));
	STEP(test, "int1 needs no DPL", "\xf1", FINE);
	check(test, "int1", "EIP", cpu->rip, 0xb000);
}

static void far_transfers_start(struct kunit *test)
{
	prepare(0);
	fake_put32(&machine, DATA, 0xa000);
	fake_put16(&machine, DATA + 4, FAKE_CODE0);
	STEP(test, "jmp far", "\xea\x00\x90\x00\x00\x08\x00", FINE);
	check(test, "jmp far", "EIP", cpu->rip, 0x9000);
	STEP(test, "call far [ebx]", "\xff\x1b", FINE);
	check(test, "call far", "EIP", cpu->rip, 0xa000);
	check(test, "call far", "returns to", fake_get32(&machine, FAKE_STACK0 - 8), 0x9002);
	STEP(test, "retf 8", "\xca\x08\x00", FINE);
	check(test, "retf 8", "EIP", cpu->rip, 0x9002);
	check(test, "retf 8", "ESP", cpu->regs[REG_SP], FAKE_STACK0 + 8);
	STEP(test, "jmp far to data", "\xea\x00\x90\x00\x00\x10\x00", GP(FAKE_DATA0));
	STEP(test, "jmp far, 16-bit", "\x66\xea\x00\xb0\x08\x00", FINE);
	check(test, "jmp far, 16-bit", "EIP", cpu->rip, 0xb000);
	STEP(test, "sysenter without CS", "\x0f\x34", GP(0));
}

static void what_is_not_offered_is_undefined(struct kunit *test)
{
	static const struct row rows[] = {
		{ "ud2", CODE("\x0f\x0b"), UD },
		{ "vmcall", CODE("\x0f\x01\xc1"), UD },
		{ "vmmcall", CODE("\x0f\x01\xd9"), UD },
		{ "vmrun", CODE("\x0f\x01\xd8"), UD },
		{ "rsm", CODE("\x0f\xaa"), UD },
		{ "getsec", CODE("\x0f\x37"), UD },
		{ "syscall", CODE("\x0f\x05"), UD },
		{ "monitor", CODE("\x0f\x01\xc8"), UD },
		{ "clac", CODE("\x0f\x01\xca"), UD },
		{ "xgetbv", CODE("\x0f\x01\xd0"), UD },
		{ "xsetbv", CODE("\x0f\x01\xd1"), UD },
		{ "rdpkru", CODE("\x0f\x01\xee"), UD },
		{ "invpcid", CODE("\x66\x0f\x38\x82\x03"), UD },
		{ "vex andn", CODE("\xc4\xe2\x78\xf2\xc0"), UD },
		{ "mov from cs with lock", CODE("\xf0\x8c\xc8"), UD },
	};
	unsigned int i, ring;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (ring = 0; ring < 4; ring += 3) {
			prepare(ring);
			check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length),
				      rows[i].wanted);
		}
	}
}

static struct kunit_case emulate_system_cases[] = {
	KUNIT_CASE(privileged_instructions_need_ring_0),
	KUNIT_CASE(iopl_governs_the_interrupt_flag),
	KUNIT_CASE(popf_changes_what_privilege_allows),
	KUNIT_CASE(virtual_8086_mode_asks_its_monitor),
	KUNIT_CASE(umip_hides_tables_from_applications),
	KUNIT_CASE(descriptor_tables_load_and_store),
	KUNIT_CASE(control_registers),
	KUNIT_CASE(debug_registers),
	KUNIT_CASE(msrs_time_and_identification),
	KUNIT_CASE(invlpg_takes_any_address),
	KUNIT_CASE(selectors_are_inspected),
	KUNIT_CASE(segment_registers),
	KUNIT_CASE(ports_move_their_size),
	KUNIT_CASE(string_ports_go_in_chunks),
	KUNIT_CASE(the_task_state_grants_ports),
	KUNIT_CASE(software_interrupts_go_through_gates),
	KUNIT_CASE(far_transfers_start),
	KUNIT_CASE(what_is_not_offered_is_undefined),
	{},
};

static struct kunit_suite emulate_system_suite = {
	.name = "ringlet_emulate_system",
	.test_cases = emulate_system_cases,
};
kunit_test_suite(emulate_system_suite);
