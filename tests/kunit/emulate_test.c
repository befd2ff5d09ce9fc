// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_emulate: what the emulator does around the instruction itself:
 * faults that leave nothing behind, repeat prefixes, locks, devices that let
 * the guest wait, single-stepping. Privileged instructions are in
 * emulate_system_test.c. What unprivileged instructions compute is compared
 * with the processor by tests/unit/emulate_oracle.c.
 */
#include "emulate_test.h"

#define DATA	     FAKE_DATA
#define LAST_PAGE    (FAKE_DATA + FAKE_PAGE)
#define NO_SUCH_PAGE FAKE_MEMORY

static unsigned int page_of(u32 linear)
{
	return linear / FAKE_PAGE;
}

static void protect(u32 linear, u8 flags)
{
	machine.pages[page_of(linear)] = flags;
}

/* ---- faults --------------------------------------------------------------- */

static void faults_change_nothing(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *code;
		u8 length;
		unsigned int wanted;
	} rows[] = {
		/* EBX: a page that is not there. EDI: a read-only page. */
		{ "mov to no page", CODE("\x89\x03"), PF(PFERR_WRITE) },
		{ "mov from no page", CODE("\x8b\x03"), PF(0) },
		{ "add to no page asks for write", CODE("\x01\x03"), PF(PFERR_WRITE) },
		{ "add to read-only", CODE("\x01\x07"), PF(PFERR_WRITE | PFERR_PRESENT) },
		{ "lock inc read-only", CODE("\xf0\xff\x07"), PF(PFERR_WRITE | PFERR_PRESENT) },
		{ "cmpxchg read-only", CODE("\x0f\xb1\x0f"), PF(PFERR_WRITE | PFERR_PRESENT) },
		{ "xchg read-only", CODE("\x87\x07"), PF(PFERR_WRITE | PFERR_PRESENT) },
		{ "xadd read-only", CODE("\x0f\xc1\x07"), PF(PFERR_WRITE | PFERR_PRESENT) },
		{ "cmp reads read-only", CODE("\x39\x07"), FINE },
		{ "test reads read-only", CODE("\x85\x07"), FINE },
		{ "bt reads read-only", CODE("\x0f\xba\x27\x01"), FINE },
		{ "push from no page", CODE("\xff\x33"), PF(0) },
		{ "pop to no page", CODE("\x8f\x03"), PF(PFERR_WRITE) },
		{ "stos to read-only", CODE("\xab"), PF(PFERR_WRITE | PFERR_PRESENT) },
		{ "call through no page", CODE("\xff\x13"), PF(0) },
		{ "division by zero", CODE("\xf7\xf2"), DE },
		{ "quotient too large", CODE("\xf6\xf1"), DE },
		{ "aam 0", CODE("\xd4\x00"), DE },
		{ "bound", CODE("\x62\x37"), BR },
		{ "null segment", CODE("\x64\x8b\x07"), GP(0) },
		{ "les from no page", CODE("\xc4\x03"), PF(0) },
		{ "shld of memory on no page", CODE("\x0f\xa4\x03\x04"), PF(PFERR_WRITE) },
		{ "cmpxchg8b read-only", CODE("\x0f\xc7\x0f"), PF(PFERR_WRITE | PFERR_PRESENT) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		cpu->cr0 |= X86_CR0_WP;
		protect(LAST_PAGE, FAKE_PRESENT | FAKE_USER);
		fake_put32(&machine, LAST_PAGE, 5);
		cpu->segments[SEGMENT_FS].unusable = true;
		cpu->regs[REG_AX] = 0x4000;
		cpu->regs[REG_CX] = 1;
		cpu->regs[REG_BX] = NO_SUCH_PAGE;
		cpu->regs[REG_DI] = LAST_PAGE;
		cpu->regs[REG_SI] = 4;
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length),
			      rows[i].wanted);
	}
}

static void stack_faults_change_nothing(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *code;
		u8 length;
	} rows[] = {
		{ "push", CODE("\x50") },
		{ "pusha", CODE("\x60") },
		{ "pusha, words", CODE("\x66\x60") },
		{ "pushf", CODE("\x9c") },
		{ "enter", CODE("\xc8\x08\x00\x00") },
		{ "enter, nested", CODE("\xc8\x08\x00\x04") },
		{ "call", CODE("\xe8\x00\x00\x00\x00") },
		{ "push cs", CODE("\x0e") },
		{ "far call", CODE("\x9a\x00\x90\x00\x00\x08\x00") },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		cpu->cr0 |= X86_CR0_WP;
		/* The first byte below the stack pointer may be written, no more. */
		cpu->regs[REG_SP] = LAST_PAGE + 1;
		cpu->regs[REG_BP] = LAST_PAGE + 0x100;
		protect(DATA, FAKE_PRESENT);
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length),
			      PF(PFERR_WRITE | PFERR_PRESENT));
	}
}

static void near_branches_obey_the_limit(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *code;
		u8 length;
		unsigned int wanted;
	} rows[] = {
		{ "jmp inside", CODE("\xeb\x10"), FINE },
		{ "jmp outside", CODE("\xe9\x00\x00\x10\x00"), GP(0) },
		{ "jmp *eax", CODE("\xff\xe0"), GP(0) },
		{ "call outside", CODE("\xe8\x00\x00\x10\x00"), GP(0) },
		{ "jz not taken", CODE("\x0f\x84\x00\x00\x10\x00"), FINE },
		{ "jnz taken", CODE("\x0f\x85\x00\x00\x10\x00"), GP(0) },
		{ "a word's worth wraps", CODE("\x66\xe9\x00\x00"), FINE },
		{ "ret", CODE("\xc3"), GP(0) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		cpu->segments[SEGMENT_CS].limit = 0xffff;
		cpu->regs[REG_AX] = 0x10000;
		fake_put32(&machine, FAKE_STACK0, 0x10000);
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length),
			      rows[i].wanted);
	}
}

/* ---- LOCK ------------------------------------------------------------------- */

static void lock_is_for_memory_destinations(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *code;
		u8 length;
		unsigned int wanted;
	} rows[] = {
		{ "lock add memory", CODE("\xf0\x01\x07"), FINE },
		{ "lock add register", CODE("\xf0\x01\xc0"), UD },
		{ "lock add from memory", CODE("\xf0\x03\x07"), UD },
		{ "lock cmp", CODE("\xf0\x39\x07"), UD },
		{ "lock mov", CODE("\xf0\x89\x07"), UD },
		{ "lock nop", CODE("\xf0\x90"), UD },
		{ "lock bt", CODE("\xf0\x0f\xa3\x07"), UD },
		{ "lock bts", CODE("\xf0\x0f\xab\x07"), FINE },
		{ "lock neg", CODE("\xf0\xf7\x1f"), FINE },
		{ "lock not", CODE("\xf0\xf7\x17"), FINE },
		{ "lock test", CODE("\xf0\xf7\x07\x00\x00\x00\x00"), UD },
		{ "lock cmpxchg", CODE("\xf0\x0f\xb1\x07"), FINE },
		{ "lock cmpxchg8b", CODE("\xf0\x0f\xc7\x0f"), FINE },
		{ "lock xadd", CODE("\xf0\x0f\xc1\x07"), FINE },
		{ "lock xchg", CODE("\xf0\x87\x07"), FINE },
		{ "lock shl", CODE("\xf0\xd1\x27"), UD },
		{ "lock cli", CODE("\xf0\xfa"), UD },
		{ "lock mov cr0", CODE("\xf0\x0f\x20\xc0"), UD },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		cpu->regs[REG_DI] = DATA;
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length),
			      rows[i].wanted);
	}
}

/* Another CPU changes the word between our read and our write, a few times. */
static unsigned int races;

static enum cpu_result racing_exchange(struct virtual_cpu *racing, u64 linear, u64 *expected,
				       u64 desired, unsigned int bytes, bool *done)
{
	if (races) {
		races--;
		fake_put32(&machine, linear, fake_get32(&machine, linear) + 100);
	}
	return fake_bus.compare_exchange(racing, linear, expected, desired, bytes, done);
}

static void a_lost_race_is_run_again(struct kunit *test)
{
	struct cpu_bus bus = fake_bus;

	bus.compare_exchange = racing_exchange;
	fake_machine_protected(&machine);
	cpu->bus = &bus;
	cpu->regs[REG_DI] = DATA;
	cpu->regs[REG_AX] = 1;
	races = 3;
	STEP(test, "a few", "\xf0\x0f\xc1\x07", FINE);
	check(test, "a few", "sum", fake_get32(&machine, DATA), 301);
	check(test, "a few", "old value", cpu->regs[REG_AX], 300);
	check(test, "a few", "EIP", cpu->rip, FAKE_CODE + 4);

	races = 1000;
	STEP(test, "too many", "\xf0\x0f\xc1\x07", FINE);
	check(test, "too many", "EIP stays", cpu->rip, FAKE_CODE + 4);
	check(test, "too many", "register stays", cpu->regs[REG_AX], 300);
	cpu->bus = &fake_bus;
}

/* ---- REP -------------------------------------------------------------------- */

static void rep_gives_way_after_a_page(struct kunit *test)
{
	fake_machine_protected(&machine);
	cpu->regs[REG_DI] = DATA;
	cpu->regs[REG_CX] = 1025;
	STEP(test, "first", "\xf3\xab", FINE);
	check(test, "first", "ECX", cpu->regs[REG_CX], 1);
	check(test, "first", "EDI", cpu->regs[REG_DI], DATA + 4096);
	check(test, "first", "EIP stays", cpu->rip, FAKE_CODE);
	STEP(test, "second", "\xf3\xab", FINE);
	check(test, "second", "ECX", cpu->regs[REG_CX], 0);
	check(test, "second", "EIP", cpu->rip, FAKE_CODE + 2);
	STEP(test, "none", "\xf3\xab", FINE);
	check(test, "none", "EDI", cpu->regs[REG_DI], DATA + 4100);
	check(test, "none", "writes", machine.writes, 0);
}

static void rep_faults_between_iterations(struct kunit *test)
{
	fake_machine_protected(&machine);
	cpu->regs[REG_SI] = DATA;
	cpu->regs[REG_DI] = LAST_PAGE + FAKE_PAGE - 10;
	cpu->regs[REG_CX] = 8;
	protect(LAST_PAGE + FAKE_PAGE, 0);
	check(test, "movsd", "result", outcome_of(EXECUTE("\xf3\xa5")), PF(PFERR_WRITE));
	check(test, "movsd", "CR2", cpu->fault.cr2, LAST_PAGE + FAKE_PAGE);
	check(test, "movsd", "ECX", cpu->regs[REG_CX], 6);
	check(test, "movsd", "ESI", cpu->regs[REG_SI], DATA + 8);
	check(test, "movsd", "EDI", cpu->regs[REG_DI], LAST_PAGE + FAKE_PAGE - 2);
	check(test, "movsd", "EIP", cpu->rip, FAKE_CODE);
	check(test, "movsd", "writes", machine.writes, 8);

	cpu->regs[REG_DI] = LAST_PAGE + FAKE_PAGE - 2;
	cpu->regs[REG_CX] = 8;
	cpu->rflags |= X86_EFLAGS_CF;
	check(test, "scasb", "result", outcome_of(EXECUTE("\xf3\xae")), PF(0));
	check(test, "scasb", "ECX", cpu->regs[REG_CX], 6);
	check(test, "scasb", "flags of before", cpu->rflags & EFLAGS_STATUS, X86_EFLAGS_CF);
}

static void rep_goes_downwards(struct kunit *test)
{
	fake_machine_protected(&machine);
	fake_put(&machine, DATA, "abcd", 4);
	cpu->rflags |= X86_EFLAGS_DF;
	cpu->regs[REG_SI] = DATA + 3;
	cpu->regs[REG_DI] = DATA + 4;
	cpu->regs[REG_CX] = 4;
	STEP(test, "movsb", "\xf3\xa4", FINE);
	check(test, "movsb", "moved", fake_get32(&machine, DATA + 1), 0x64636261);
	check(test, "movsb", "ESI", cpu->regs[REG_SI], DATA - 1);
}

/* ---- devices ------------------------------------------------------------------ */

static void a_device_read_is_restarted(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *code;
		u8 length;
	} rows[] = {
		{ "mov eax, [ebx]", CODE("\x8b\x03") },
		{ "mov [ebx] to movzx", CODE("\x0f\xb6\x03") },
		{ "add [ebx], eax", CODE("\x01\x03") },
		{ "add eax, [ebx]", CODE("\x03\x03") },
		{ "inc [ebx]", CODE("\xff\x03") },
		{ "xchg eax, [ebx]", CODE("\x87\x03") },
		{ "cmp [ebx], eax", CODE("\x39\x03") },
		{ "push [ebx]", CODE("\xff\x33") },
		{ "movs", CODE("\xa5") },
		{ "lods", CODE("\xad") },
		{ "test [ebx], eax", CODE("\x85\x03") },
		{ "cmovz eax, [ebx]", CODE("\x0f\x44\x03") },
		{ "bts [ebx], eax", CODE("\x0f\xab\x03") },
		{ "les eax, [ebx]", CODE("\xc4\x03") },
		{ "in eax, dx", CODE("\xed") },
		{ "ins", CODE("\x6d") },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		protect(DATA, FAKE_PAGE_ALL | FAKE_MMIO);
		machine.ask_user = true;
		machine.mmio_value = FAKE_DATA0;
		cpu->regs[REG_BX] = DATA;
		cpu->regs[REG_SI] = DATA;
		cpu->regs[REG_DI] = LAST_PAGE;
		check(test, rows[i].name, "asks", outcome_of(execute(rows[i].code, rows[i].length)),
		      OTHER(CPU_USER));
		check_unchanged(test, rows[i].name);
		check(test, rows[i].name, "nothing done", machine.logged, 0);
		/* The answer has come. */
		machine.ask_user = false;
		check(test, rows[i].name, "goes on",
		      outcome_of(execute(rows[i].code, rows[i].length)), FINE);
	}
}

static void device_writes_carry_the_value(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *code;
		u8 length;
		u8 bytes;
		u64 value;
	} rows[] = {
		{ "mov [ebx], eax", CODE("\x89\x03"), 4, 0x11223344 },
		{ "mov [ebx], ax", CODE("\x66\x89\x03"), 2, 0x3344 },
		{ "mov [ebx], ah", CODE("\x88\x23"), 1, 0x33 },
		{ "mov [ebx], imm", CODE("\xc7\x03\x78\x56\x34\x12"), 4, 0x12345678 },
		{ "or [ebx], al", CODE("\x08\x03"), 1, 0x4f },
		{ "stosw", CODE("\x66\xab"), 2, 0x3344 },
		{ "setz", CODE("\x0f\x94\x03"), 1, 0 },
		{ "pop [ebx]", CODE("\x8f\x03"), 4, 0xcafe },
		{ "xchg [ebx], eax", CODE("\x87\x03"), 4, 0x11223344 },
		{ "movnti [ebx], eax", CODE("\x0f\xc3\x03"), 4, 0x11223344 },
		{ "movbe [ebx], eax", CODE("\x0f\x38\xf1\x03"), 4, 0x44332211 },
	};
	const struct fake_access *last;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		protect(DATA, FAKE_PAGE_ALL | FAKE_MMIO);
		machine.mmio_value = 0x0b;
		fake_put32(&machine, FAKE_STACK0, 0xcafe);
		cpu->regs[REG_AX] = 0x11223344;
		cpu->regs[REG_BX] = DATA + 8;
		cpu->regs[REG_DI] = DATA + 8;
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), FINE);
		check_true(test, rows[i].name, "reached the device", machine.logged > 0);
		if (!machine.logged)
			continue;
		last = &machine.log[machine.logged - 1];
		check_true(test, rows[i].name, "is a write", last->write && last->mmio);
		check(test, rows[i].name, "address", last->address, DATA + 8);
		check(test, rows[i].name, "bytes", last->bytes, rows[i].bytes);
		check(test, rows[i].name, "value", last->value, rows[i].value);
	}
}

/* ---- single-stepping, shadows, RF ----------------------------------------------- */

#define DR6_SINGLE_STEP BIT_ULL(14)

static void single_steps(struct kunit *test)
{
	static const struct {
		const char *name;
		const char *code;
		u8 length;
		u64 pending;
	} rows[] = {
		{ "nop", CODE("\x90"), DR6_SINGLE_STEP },
		{ "jmp", CODE("\xeb\x10"), DR6_SINGLE_STEP },
		{ "popf that clears TF", CODE("\x9d"), DR6_SINGLE_STEP },
		{ "hlt", CODE("\xf4"), DR6_SINGLE_STEP },
		{ "sti", CODE("\xfb"), DR6_SINGLE_STEP },
		{ "mov ss", CODE("\x8e\xd0"), 0 },
		{ "pop ss", CODE("\x17"), 0 },
		{ "int3", CODE("\xcc"), 0 },
		{ "int 0x80", CODE("\xcd\x80"), 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		fake_set_idt(&machine, 0x80, fake_gate(FAKE_CODE0, 0x9000, 0xee, 0));
		fake_set_idt(&machine, X86_TRAP_BP, fake_gate(FAKE_CODE0, 0x9000, 0xee, 0));
		fake_put32(&machine, FAKE_STACK0, FAKE_DATA0);
		cpu->regs[REG_AX] = FAKE_DATA0;
		cpu->rflags |= X86_EFLAGS_TF;
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), FINE);
		check(test, rows[i].name, "pending", cpu->pending_debug, rows[i].pending);
	}

	fake_machine_protected(&machine);
	fake_put32(&machine, FAKE_STACK0, X86_EFLAGS_TF);
	STEP(test, "popf that sets TF", "\x9d", FINE);
	check(test, "popf that sets TF", "pending", cpu->pending_debug, 0);
	check(test, "popf that sets TF", "TF", cpu->rflags & X86_EFLAGS_TF, X86_EFLAGS_TF);
	cpu->regs[REG_DI] = DATA;
	cpu->regs[REG_CX] = 5;
	STEP(test, "rep stos", "\xf3\xab", FINE);
	check(test, "rep stos", "one iteration", cpu->regs[REG_CX], 4);
	check(test, "rep stos", "pending", cpu->pending_debug, DR6_SINGLE_STEP);
}

static void breakpoints_watch_what_is_emulated(struct kunit *test)
{
	/* Breakpoint 1: condition and length. */
	enum {
		OFF = 0,
		WRITE_4 = 0xd00000 | BIT(2),
		ACCESS_2 = 0x700000 | BIT(3),
		EXECUTE = BIT(2),
		PORT_1 = 0x200000 | BIT(2),
	};
	static const struct {
		const char *name;
		const char *code;
		u8 length;
		u64 dr1, dr7;
		u64 pending;
	} rows[] = {
		{ "write", CODE("\x89\x03"), DATA, WRITE_4, BIT(1) },
		{ "write, off", CODE("\x89\x03"), DATA, OFF, 0 },
		{ "write, execute only", CODE("\x89\x03"), DATA, EXECUTE, 0 },
		{ "write, last byte", CODE("\x89\x03"), DATA + 3, ACCESS_2, BIT(1) },
		{ "write, just behind", CODE("\x89\x03"), DATA + 4, ACCESS_2, 0 },
		{ "write of a byte below", CODE("\x88\x43\xff"), DATA, WRITE_4, 0 },
		{ "length aligns the address", CODE("\x88\x03"), DATA + 3, WRITE_4, BIT(1) },
		{ "read of a write breakpoint", CODE("\x8b\x03"), DATA, WRITE_4, 0 },
		{ "read", CODE("\x8b\x03"), DATA, ACCESS_2, BIT(1) },
		{ "locked add", CODE("\xf0\x01\x03"), DATA, WRITE_4, BIT(1) },
		{ "push", CODE("\x50"), FAKE_STACK0 - 4, WRITE_4, BIT(1) },
		{ "one of many stores", CODE("\xf3\xab"), DATA, WRITE_4, BIT(1) },
		{ "in", CODE("\xe4\x60"), 0x60, PORT_1, BIT(1) },
		{ "in, not that one", CODE("\xe4\x61"), 0x60, PORT_1, 0 },
		{ "out over two", CODE("\x66\xe7\x5f"), 0x60, PORT_1, BIT(1) },
		{ "mov ss", CODE("\x8e\x13"), DATA, ACCESS_2, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		cpu->cr4 |= X86_CR4_DE;
		cpu->dr[1] = rows[i].dr1;
		cpu->dr7 = rows[i].dr7;
		cpu->regs[REG_BX] = DATA;
		cpu->regs[REG_DI] = DATA;
		cpu->regs[REG_CX] = 9;
		fake_put16(&machine, DATA, FAKE_DATA0);
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), FINE);
		check(test, rows[i].name, "pending", cpu->pending_debug, rows[i].pending);
		check_true(test, rows[i].name, "has its bus back", cpu->bus == &fake_bus);
	}

	fake_machine_protected(&machine);
	cpu->dr[1] = DATA;
	cpu->dr7 = WRITE_4;
	cpu->regs[REG_DI] = DATA;
	cpu->regs[REG_CX] = 9;
	STEP(test, "rep stos", "\xf3\xab", FINE);
	check(test, "rep stos", "one iteration", cpu->regs[REG_CX], 8);
	cpu->regs[REG_SI] = DATA;
	cpu->regs[REG_DI] = NO_SUCH_PAGE;
	cpu->dr7 = ACCESS_2;
	cpu->pending_debug = 0;
	STEP(test, "movs that faults", "\xa5", PF(PFERR_WRITE));
	check(test, "movs that faults", "pending", cpu->pending_debug, 0);
}

static void shadows_last_one_instruction(struct kunit *test)
{
	fake_machine_protected(&machine);
	cpu->regs[REG_AX] = FAKE_DATA0;
	STEP(test, "sti", "\xfb", FINE);
	check(test, "sti", "shadow", cpu->interrupt_shadow, INTERRUPT_SHADOW_STI);
	STEP(test, "sti again", "\xfb", FINE);
	check(test, "sti again", "shadow", cpu->interrupt_shadow, 0);
	STEP(test, "mov ss", "\x8e\xd0", FINE);
	check(test, "mov ss", "shadow", cpu->interrupt_shadow, INTERRUPT_SHADOW_MOV_SS);
	STEP(test, "mov ss again", "\x8e\xd0", FINE);
	check(test, "mov ss again", "shadow", cpu->interrupt_shadow, 0);
	STEP(test, "mov ds", "\x8e\xd8", FINE);
	check(test, "mov ds", "shadow", cpu->interrupt_shadow, 0);
	STEP(test, "mov ss once more", "\x8e\xd0", FINE);
	STEP(test, "nop", "\x90", FINE);
	check(test, "nop", "shadow", cpu->interrupt_shadow, 0);
}

static void resume_flag_lasts_one_instruction(struct kunit *test)
{
	fake_machine_protected(&machine);
	cpu->rflags |= X86_EFLAGS_RF;
	STEP(test, "a fault", "\x0f\x0b", UD);
	check(test, "a fault", "RF", cpu->rflags & X86_EFLAGS_RF, X86_EFLAGS_RF);
	STEP(test, "far jump that faults", "\xea\x00\x00\x00\x00\x00\x00", GP(0));
	STEP(test, "far jump", "\xea\x00\x90\x00\x00\x08\x00", FINE);
	check(test, "far jump", "RF", cpu->rflags & X86_EFLAGS_RF, 0);
	cpu->rflags |= X86_EFLAGS_RF;
	STEP(test, "nop", "\x90", FINE);
	check(test, "nop", "RF", cpu->rflags & X86_EFLAGS_RF, 0);
	fake_put32(&machine, FAKE_STACK0, 0x9000);
	fake_put32(&machine, FAKE_STACK0 + 4, FAKE_CODE0);
	fake_put32(&machine, FAKE_STACK0 + 8, X86_EFLAGS_RF);
	STEP(test, "iret", "\xcf", FINE);
	check(test, "iret", "RF is loaded", cpu->rflags & X86_EFLAGS_RF, X86_EFLAGS_RF);
}

/* ---- the allow-list ---------------------------------------------------------------- */

static void unknown_instructions_stop(struct kunit *test)
{
	struct insn insn;

	fake_machine_protected(&machine);
	cpu->cr4 |= X86_CR4_OSFXSR;
	STEP(test, "movaps", "\x0f\x28\x00", OTHER(CPU_STOP));
	check_unchanged(test, "movaps");
	check_true(test, "movaps", "says why", cpu->stop_reason);
	STEP(test, "fld", "\xd9\x00", OTHER(CPU_STOP));
	cpu->cr0 |= X86_CR0_TS;
	STEP(test, "movaps, TS", "\x0f\x28\x00", NM);
	STEP(test, "fld, TS", "\xd9\x00", NM);
	STEP(test, "fwait, TS", "\x9b", OTHER(CPU_STOP));
	cpu->cr0 |= X86_CR0_MP;
	STEP(test, "fwait, TS and MP", "\x9b", NM);
	cpu->cr4 &= ~(u64)X86_CR4_OSFXSR;
	STEP(test, "movaps, no OSFXSR", "\x0f\x28\x00", UD);

	decode_insn(&insn, (const u8 *)"\x0f\x28\x00", 3, INSN_MODE_32);
	check_true(test, "movaps", "supported, by the FPU",
		   emulate_supported(&insn) && emulate_needs_fpu(&insn));
	decode_insn(&insn, (const u8 *)"\x89\x00", 2, INSN_MODE_32);
	check_true(test, "mov", "supported, without it",
		   emulate_supported(&insn) && !emulate_needs_fpu(&insn));
	decode_insn(&insn, (const u8 *)"\x89\x00", 2, INSN_MODE_64);
	check_true(test, "64-bit mov", "not supported", !emulate_supported(&insn));
	check(test, "64-bit mov", "stops", emulate_insn(cpu, &insn), CPU_STOP);
	insn.operation = OPERATIONS;
	insn.mode = INSN_MODE_32;
	check(test, "no operation", "stops", emulate_insn(cpu, &insn), CPU_STOP);
}

static struct kunit_case emulate_cases[] = {
	KUNIT_CASE(faults_change_nothing),
	KUNIT_CASE(stack_faults_change_nothing),
	KUNIT_CASE(near_branches_obey_the_limit),
	KUNIT_CASE(lock_is_for_memory_destinations),
	KUNIT_CASE(a_lost_race_is_run_again),
	KUNIT_CASE(rep_gives_way_after_a_page),
	KUNIT_CASE(rep_faults_between_iterations),
	KUNIT_CASE(rep_goes_downwards),
	KUNIT_CASE(a_device_read_is_restarted),
	KUNIT_CASE(device_writes_carry_the_value),
	KUNIT_CASE(single_steps),
	KUNIT_CASE(breakpoints_watch_what_is_emulated),
	KUNIT_CASE(shadows_last_one_instruction),
	KUNIT_CASE(resume_flag_lasts_one_instruction),
	KUNIT_CASE(unknown_instructions_stop),
	{},
};

static struct kunit_suite emulate_suite = {
	.name = "ringlet_emulate",
	.test_cases = emulate_cases,
};
kunit_test_suite(emulate_suite);
