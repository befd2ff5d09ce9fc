// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interpreter against the emulator: random programs on random states, in
 * every mode, with self-modifying and page-crossing code, pages that may not be
 * touched, and flushes at random moments. Registers, flags, memory and faults
 * must come out equal.
 *
 * Environment: RINGLET_LOCKSTEP_INSTRUCTIONS (how many), RINGLET_LOCKSTEP_SEED,
 * RINGLET_LOCKSTEP_ONLY (a program's number, which is printed in full). Prints
 * TAP, one result for each mode.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "emulate/emulate.h"
#include "interpret_machine.h"

#define DEFAULT_INSTRUCTIONS 10000000
#define MOST_DIFFERENCES     5
#define PROGRAM_INSNS	     40
#define PROGRAM_RUN	     300

/* ---- random numbers: splitmix64 ---------------------------------------------- */

static u64 state;

static u64 random64(void)
{
	u64 z = (state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static u32 below(u32 limit)
{
	return random64() % limit;
}

static bool chance(unsigned int percent)
{
	return below(100) < percent;
}

static u32 random_value(void)
{
	static const u32 edges[] = { 0,		 1,	     2,		 0x7f,	 0x80,
				     0xff,	 0x7fff,     0x8000,	 0xffff, 0x10000,
				     0x7fffffff, 0x80000000, 0xfffffffe, ~0U };

	switch (below(4)) {
	case 0: return edges[below(ARRAY_SIZE(edges))];
	case 1: return below(0x200);
	default: return random64();
	}
}

/* ---- modes ------------------------------------------------------------------- */

enum mode {
	MODE_FLAT,
	MODE_USER,
	MODE_SEGMENTS, /* 32-bit, bases and limits */
	MODE_16,       /* 16-bit code in ring 0 */
	MODE_REAL,
	MODE_V86,
	MODE_MIXED, /* 32-bit code on a 16-bit stack, odd segments */
	MODES,
};

static const char *const mode_names[MODES] = {
	[MODE_FLAT] = "flat ring 0",
	[MODE_USER] = "flat ring 3",
	[MODE_SEGMENTS] = "segments with base and limit",
	[MODE_16] = "16-bit ring 0",
	[MODE_REAL] = "real mode",
	[MODE_V86] = "virtual-8086 mode",
	[MODE_MIXED] = "32-bit code on a 16-bit stack",
};

static bool is_16_bit(enum mode mode)
{
	return mode == MODE_16 || mode == MODE_REAL || mode == MODE_V86;
}

static struct fake_machine *machine;

static void set_segment(enum segment_register which, u32 base, u32 limit, unsigned int access,
			unsigned int flags)
{
	u16 selector = machine->cpu.segments[which].selector;

	segment_from_descriptor(&machine->cpu.segments[which], selector,
				fake_descriptor(base, limit, access, flags));
}

static void random_segments(unsigned int ring)
{
	static const u8 registers[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	static const u8 types[] = { 0x93, 0x93, 0x93, 0x91, 0x97, 0x9b, 0x99 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(registers); i++)
		set_segment(registers[i], below(0x4000), 0x20000 + below(0x20000),
			    types[below(ARRAY_SIZE(types))] | ring << 5, 4);
}

static void enter_mode(enum mode mode)
{
	fake_machine_protected(machine);
	fake_machine_features(machine);
	switch (mode) {
	case MODE_FLAT:
		if (chance(50))
			set_segment(SEGMENT_FS, 0x20000, 0xfffff, 0x93, 0xc);
		break;
	case MODE_USER: fake_machine_user(machine); break;
	case MODE_SEGMENTS:
		random_segments(0);
		set_segment(SEGMENT_SS, below(0x1000), 0x3ffff, chance(80) ? 0x93 : 0x97, 4);
		set_segment(SEGMENT_CS, below(0x1000), 0x20000, chance(50) ? 0x9b : 0x99, 4);
		break;
	case MODE_MIXED:
		random_segments(0);
		set_segment(SEGMENT_SS, 0x10000, 0xffff, 0x93, 0);
		break;
	case MODE_V86: fake_machine_v86(machine); break;
	default:
		set_segment(SEGMENT_CS, 0, 0xffff, 0x9b, 0);
		set_segment(SEGMENT_SS, 0, 0xffff, 0x93, 0);
		set_segment(SEGMENT_DS, below(0x1000), 0xffff, 0x93, 0);
		set_segment(SEGMENT_ES, 0x10000 + below(0x1000), 0xffff, 0x93, 0);
		if (mode == MODE_REAL)
			machine->cpu.cr0 &= ~(u64)X86_CR0_PE;
		break;
	}
}

/* ---- programs ------------------------------------------------------------------ */

/* Where programs and their data are, as offsets in segments. */
static u32 code_start;

static u32 data_offset(enum mode mode)
{
	/* Seldom in the code: self-modification. */
	if (chance(4))
		return code_start + below(200);
	if (chance(3))
		return random_value();
	if (is_16_bit(mode))
		return 0xa000 + below(0x5f00);
	if (chance(3))
		return 0x21000 - below(8);
	return 0x20000 + below(0x8000);
}

static unsigned int put(u8 *to, const void *bytes, unsigned int count)
{
	memcpy(to, bytes, count);
	return count;
}

/* MOV register, immediate of the mode's own size. */
static unsigned int put_load(u8 *to, enum mode mode, unsigned int reg, u32 value)
{
	to[0] = 0xb8 + reg;
	return 1 + put(to + 1, &value, is_16_bit(mode) ? 2 : 4);
}

static bool wanted(const struct insn *insn)
{
	if (!emulate_supported(insn))
		return false;
	switch (insn->operation) {
	case OPERATION_IN:
	case OPERATION_OUT:
	case OPERATION_INS:
	case OPERATION_OUTS:
	case OPERATION_HLT:
	case OPERATION_CPUID:
	case OPERATION_MOV_DEBUG:
	case OPERATION_INT:
	case OPERATION_INT1:
	case OPERATION_INT3:
	case OPERATION_INTO:
	case OPERATION_BOUND:
	case OPERATION_IRET:
	case OPERATION_RET_FAR:
	case OPERATION_JMP_FAR:
	case OPERATION_CALL_FAR:
	case OPERATION_LDS:
	case OPERATION_LES:
	case OPERATION_LSS:
	case OPERATION_LFS:
	case OPERATION_LGS:
	case OPERATION_MOV_SEGMENT:
	case OPERATION_POP_SEGMENT:
	case OPERATION_SYSENTER:
	case OPERATION_SYSEXIT:
	case OPERATION_MOV_CONTROL:
	case OPERATION_LMSW:
	case OPERATION_INVALID:
	case OPERATION_UD0:
	case OPERATION_UD1:
	case OPERATION_UD2:
	case OPERATION_POPF:
	case OPERATION_ENTER: return chance(4);
	default: return insn->class == INSN_INNOCUOUS || chance(25);
	}
}

static void random_insn(struct insn *insn, u8 *bytes, enum mode mode)
{
	static const u8 prefixes[] = { 0x66, 0x66, 0x66, 0x67, 0x64, 0x64, 0x2e,
				       0x36, 0x3e, 0x26, 0xf0, 0xf2, 0xf3 };
	/* What Linux is made of. */
	static const u8 frequent[] = { 0x89, 0x8b, 0x01, 0x03, 0x29, 0x31, 0x85, 0x83, 0x81, 0x39,
				       0x3b, 0xc7, 0xc1, 0xd1, 0xd3, 0xf7, 0xff, 0x50, 0x58, 0x75,
				       0x74, 0xeb, 0xe8, 0xc3, 0x8d, 0xa4, 0xa5, 0xab, 0xaa, 0x88,
				       0x8a, 0x9c, 0xfa, 0xfb, 0xc9, 0x13, 0x1b, 0xf6, 0x6b, 0x69 };
	unsigned int i, at;

	do {
		at = 0;
		for (i = 0; i < INSN_MAX_LENGTH; i++)
			bytes[i] = random64();
		while (chance(20) && at < 4)
			bytes[at++] = prefixes[below(ARRAY_SIZE(prefixes))];
		if (chance(25))
			bytes[at++] = 0x0f;
		else if (chance(60))
			bytes[at++] = frequent[below(ARRAY_SIZE(frequent))];
	} while (decode_insn(insn, bytes, INSN_MAX_LENGTH,
			     is_16_bit(mode) ? INSN_MODE_16 : INSN_MODE_32) != DECODE_OK ||
		 !wanted(insn));
}

static bool is_string(const struct insn *insn)
{
	return insn->operation >= OPERATION_MOVS && insn->operation <= OPERATION_SCAS;
}

/* Loads of the registers that the instruction's memory operand is made of. */
static unsigned int put_pointers(u8 *to, const struct insn *insn, enum mode mode)
{
	unsigned int count = 0;

	/* A long repetition would overwrite itself, and when that shows is open. */
	if (is_string(insn)) {
		count += put_load(to + count, mode, REG_SI, data_offset(mode));
		count += put_load(to + count, mode, REG_DI, data_offset(mode));
		count += put_load(to + count, mode, REG_CX, below(chance(90) ? 60 : 700));
		return count;
	}
	if (!insn->has_memory || chance(15))
		return 0;
	if (insn->index != REG_NONE)
		count += put_load(to + count, mode, insn->index, below(64));
	if (insn->base != REG_NONE && insn->base != insn->index)
		count += put_load(to + count, mode, insn->base,
				  data_offset(mode) - insn->displacement);
	return count;
}

static u16 random_selector(void)
{
	static const u16 selectors[] = { FAKE_DATA0,	FAKE_DATA3,	   FAKE_DATA3,
					 FAKE_CODE0,	FAKE_CODE3,	   FAKE_DATA0_16,
					 FAKE_DATA1,	FAKE_TSS_SELECTOR, FAKE_GDT_FREE,
					 FAKE_GDT_LIMIT };

	if (chance(10))
		return below(4);
	if (chance(4))
		return random64();
	return selectors[below(ARRAY_SIZE(selectors))];
}

static unsigned int put_push(u8 *to, u32 value)
{
	to[0] = 0x68;
	return 1 + put(to + 1, &value, 4);
}

/* IRET to what follows it, in this ring or in ring 3. */
static unsigned int put_iret(u8 *to, u32 at)
{
	bool outwards = chance(25);
	unsigned int count = 0;
	u32 flags = X86_EFLAGS_FIXED | (random64() & (EFLAGS_STATUS | X86_EFLAGS_DF));

	flags |= chance(50) ? X86_EFLAGS_IF : 0;
	flags |= chance(3) ? X86_EFLAGS_NT : 0;
	flags |= chance(3) ? X86_EFLAGS_TF : 0;
	if (outwards) {
		count += put_push(to + count, chance(95) ? FAKE_DATA3 : random_selector());
		count += put_push(to + count, 0x1e800 - below(8));
	}
	count += put_push(to + count, flags);
	count += put_push(to + count,
			  chance(90) ? (outwards ? FAKE_CODE3 : FAKE_CODE0) : random_selector());
	count += put_push(to + count, at + count + 6);
	to[count++] = 0xcf;
	return count;
}

/* What kernels do at interrupts, with operands that often succeed. */
static unsigned int put_system(u8 *to, enum mode mode, u32 at)
{
	static const u8 pops[][2] = { { 0x07 }, { 0x1f }, { 0x0f, 0xa1 }, { 0x0f, 0xa9 } };
	static const u8 registers[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	static const u8 ports[] = { 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef };
	unsigned int which = below(ARRAY_SIZE(registers));
	unsigned int count = 0;

	switch (below(is_16_bit(mode) ? 3 : 5)) {
	case 0:
		count = put_load(to, mode, REG_AX, random_selector());
		to[count++] = 0x8e;
		to[count++] = 0xc0 | registers[which] << 3;
		return count;
	case 1:
		count = put_load(to, mode, REG_CX, random_selector());
		return count + put(to + count, (const u8[]){ 0x0f, 0x00, 0xe9 }, 3);
	case 2:
		to[0] = ports[below(ARRAY_SIZE(ports))];
		to[1] = random64();
		return to[0] & 8 ? 1 : 2;
	case 3:
		count = put_push(to, random_selector());
		return count + put(to + count, pops[which], which < 2 ? 1 : 2);
	default: return put_iret(to, at);
	}
}

/* Displacements that would leave the program lead further into it. */
static void tame(const struct insn *insn, u8 *bytes, enum mode mode)
{
	u32 value = below(chance(80) ? 24 : 4096) - (chance(10) ? 60 : 0);

	if (insn->operand_count && insn->operands[0].kind == OPERAND_RELATIVE)
		memcpy(bytes + insn->immediate_offset, &value, insn->immediate_bytes);
	if (insn->has_memory && insn->base == REG_NONE && insn->index == REG_NONE && chance(95)) {
		value = data_offset(mode);
		memcpy(bytes + insn->displacement_offset, &value, insn->displacement_bytes);
	}
}

static void make_program(enum mode mode)
{
	struct segment *cs = &machine->cpu.segments[SEGMENT_CS];
	u8 bytes[64];
	u32 at = code_start;
	unsigned int i, count;
	struct insn insn;

	for (i = 0; i < PROGRAM_INSNS; i++) {
		u8 code[INSN_MAX_LENGTH];

		random_insn(&insn, code, mode);
		tame(&insn, code, mode);
		count = chance(6) ? put_system(bytes, mode, at) : 0;
		count += put_pointers(bytes + count, &insn, mode);
		memcpy(bytes + count, code, insn.length);
		fake_put(machine, cs->base + at, bytes, count + insn.length);
		at += count + insn.length;
	}
	for (i = 0; i < 16; i++)
		fake_put8(machine, cs->base + at + i, 0xf4);
}

static void random_state(enum mode mode)
{
	struct virtual_cpu *cpu = &machine->cpu;
	u64 vm = cpu->rflags & X86_EFLAGS_VM;
	unsigned int i;

	for (i = 0; i < 8; i++)
		cpu->regs[i] = chance(50) ? random_value() : data_offset(mode);
	if (chance(95))
		cpu->regs[REG_SP] = is_16_bit(mode) || mode == MODE_MIXED ? 0xf000 - below(8)
									  : 0x1f000 - below(8);
	/* REP with a 32-bit counter gives way after a page, with the flags it has. */
	if (is_16_bit(mode))
		cpu->regs[REG_CX] &= 0xffff;
	if (is_16_bit(mode) && chance(80))
		cpu->regs[REG_SP] &= 0xffff;
	cpu->rflags = X86_EFLAGS_FIXED | vm | (random64() & EFLAGS_STATUS);
	if (chance(10))
		cpu->rflags |= X86_EFLAGS_DF;
	if (chance(50))
		cpu->rflags |= X86_EFLAGS_IF;
	if (chance(50))
		cpu->rflags |= X86_EFLAGS_IOPL;
	if (chance(2))
		cpu->rflags |= X86_EFLAGS_TF;
	if (chance(5))
		cpu->rflags |= X86_EFLAGS_AC;
	if (chance(50))
		cpu->cr0 |= X86_CR0_AM;
	if (chance(50))
		cpu->cr0 |= X86_CR0_WP;
	cpu->rip = code_start;
	for (i = 0; i < 0x2000; i += 8)
		fake_put64(machine, 0x20000 + i, random64());
}

static void random_permissions(enum mode mode)
{
	static const u8 kinds[] = { 0, FAKE_PRESENT, FAKE_PRESENT | FAKE_USER,
				    FAKE_PAGE_ALL | FAKE_NO_EXECUTE, FAKE_PAGE_ALL | FAKE_MMIO };
	u32 page;

	/* The descriptor tables are the processor's to read. */
	if (chance(10))
		machine->pages[FAKE_GDT / FAKE_PAGE] = kinds[below(3)];
	if (!chance(40))
		return;
	page = is_16_bit(mode) ? 8 + below(8) : 0x1e + below(8);
	if (chance(20))
		page = (code_start / FAKE_PAGE + below(2)) % FAKE_PAGES;
	machine->pages[page] = kinds[below(ARRAY_SIZE(kinds))];
}

static void make_test(enum mode mode)
{
	machine = reference_machine();
	enter_mode(mode);
	/* Near a page's end often, and at the end of memory, which is at 4 GiB, too. */
	code_start = 0x8000 + below(0x800);
	if (chance(30))
		code_start = 0x9000 - below(200);
	if (chance(3) && mode == MODE_FLAT)
		code_start = 0xfffff000 + below(FAKE_PAGE - 400);
	if (chance(3) && is_16_bit(mode))
		code_start = 0xff80 + below(120);
	if (mode == MODE_V86)
		code_start %= 0x9000;
	make_program(mode);
	random_state(mode);
	random_permissions(mode);
	memcpy(fast_machine(), reference_machine(), sizeof(struct fake_machine));
}

/* ---- running ---------------------------------------------------------------------- */

static u64 differences, programs, instructions;

static void print_program(enum mode mode)
{
	u32 base = machine->cpu.segments[SEGMENT_CS].base;
	struct insn insn;
	u32 at = code_start;
	unsigned int i;

	while (at < code_start + 400) {
		u8 bytes[INSN_MAX_LENGTH];

		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = fake_get8(machine, base + at + i);
		if (decode_insn(&insn, bytes, sizeof(bytes),
				is_16_bit(mode) ? INSN_MODE_16 : INSN_MODE_32) != DECODE_OK)
			return;
		printf("#   %x:", at);
		for (i = 0; i < insn.length; i++)
			printf(" %02x", bytes[i]);
		printf("  %s\n", operation_name(insn.operation));
		if (bytes[0] == 0xf4)
			return;
		at += insn.length;
	}
}

/* Run the reference one by one, to say what happened before the difference. */
static void trace_reference(enum mode mode, u64 seed, u64 count)
{
	u64 i;

	state = seed;
	make_test(mode);
	for (i = 0; i < count; i++) {
		const struct virtual_cpu *cpu = &reference_machine()->cpu;

		printf("# %llu: rip %llx flags %llx", (unsigned long long)i,
		       (unsigned long long)cpu->rip, (unsigned long long)cpu->rflags);
		for (unsigned int reg = 0; reg < 8; reg++)
			printf(" %x", (u32)cpu->regs[reg]);
		printf("\n");
		run_reference(1);
	}
}

static void run_one(enum mode mode, u64 seed, bool print)
{
	struct outcome reference, fast;
	const char *words;

	state = seed;
	make_test(mode);
	fast_forget(chance(50));
	if (print)
		print_program(mode);
	fast = run_fast(PROGRAM_RUN, chance(50) ? random64 : NULL);
	/* The same number, and if that ends it, why. */
	reference = run_reference(fast.instructions + (fast.result != CPU_OK));
	programs++;
	instructions += fast.instructions;
	words = machines_differ(&reference, &fast);
	if (!words)
		return;
	differences++;
	if (differences > MOST_DIFFERENCES)
		return;
	printf("# program %" PRIx64 " (%s), %llu instructions: %s\n", seed, mode_names[mode],
	       (unsigned long long)fast.instructions, words);
	if (print)
		trace_reference(mode, seed, fast.instructions + 1);
}

/* ---- pages that stop being code --------------------------------------------------- */

#define WRITES_AT_MOST 1000
#define CODE_AT	       0x8000

static void run_nops(u32 at)
{
	machine = fast_machine();
	fake_machine_protected(machine);
	fake_put8(machine, at, 0x90);
	fake_put8(machine, at + 1, 0xf4);
	machine->cpu.rip = at;
	run_fast(2, NULL);
}

/* How many writes it takes until the page is given up; 0: more than anybody would
 * wait for. */
static unsigned int writes_until_dropped(u64 gfn)
{
	unsigned int count = 0;

	while (fast_holds_code(gfn)) {
		if (++count > WRITES_AT_MOST)
			return 0;
		fast_written(gfn * FAKE_PAGE + 0x800);
	}
	return count;
}

/* Code beside which somebody writes stays while it is executed. */
static bool stays_while_executed(void)
{
	unsigned int i;

	for (i = 1; i < WRITES_AT_MOST; i++) {
		fast_written(CODE_AT + 0x800);
		if (i % 32)
			continue;
		fast_forget(false);
		run_nops(CODE_AT);
	}
	return fast_holds_code(CODE_AT / FAKE_PAGE);
}

static bool pages_are_dropped(void)
{
	fast_forget(true);
	run_nops(CODE_AT);
	if (!fast_holds_code(CODE_AT / FAKE_PAGE) || !stays_while_executed() ||
	    writes_until_dropped(CODE_AT / FAKE_PAGE) < 2)
		return false;
	run_nops(CODE_AT);
	return fast_holds_code(CODE_AT / FAKE_PAGE);
}

/* Four share a place in the table of pages, and the next four have the next one. */
static u64 crowded_gfn(unsigned int i)
{
	return (i & 3) * 0x800 + (0x20 + i / 4 * 1873) % 0x800;
}

#define CROWD 64

/*
 * With any one gone, all others must still be found: none of them is added twice,
 * of which code_dropped() would complain when all go.
 */
static bool others_are_found(void)
{
	unsigned int gone, i;

	for (gone = 0; gone < CROWD; gone++) {
		fast_forget(true);
		for (i = 0; i < CROWD; i++)
			fast_add_code(crowded_gfn(i));
		if (!writes_until_dropped(crowded_gfn(gone)))
			return false;
		for (i = 0; i < CROWD; i++) {
			if (fast_holds_code(crowded_gfn(i)) != (i != gone))
				return false;
			if (i != gone && !writes_until_dropped(crowded_gfn(i)))
				return false;
		}
	}
	return true;
}

static u64 from_environment(const char *name, u64 otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : otherwise;
}

int main(void)
{
	u64 wanted_instructions =
		from_environment("RINGLET_LOCKSTEP_INSTRUCTIONS", DEFAULT_INSTRUCTIONS);
	u64 seed = from_environment("RINGLET_LOCKSTEP_SEED", 1);
	u64 only = from_environment("RINGLET_LOCKSTEP_ONLY", 0);
	u64 only_mode = from_environment("RINGLET_LOCKSTEP_MODE", 0);
	u64 all = 0, failed = 0;
	enum mode mode;

	if (only) {
		run_one(only_mode, only, true);
		return differences != 0;
	}
	printf("1..%u\n", MODES + 2);
	for (mode = 0; mode < MODES; mode++) {
		differences = 0;
		programs = 0;
		instructions = 0;
		while (instructions < wanted_instructions / MODES)
			run_one(mode, seed++ << 8 | mode, false);
		printf("%s %u - %s: %llu instructions of %llu programs, %llu differences\n",
		       differences ? "not ok" : "ok", mode + 1, mode_names[mode],
		       (unsigned long long)instructions, (unsigned long long)programs,
		       (unsigned long long)differences);
		fflush(stdout);
		failed += differences;
		all += instructions;
	}
	/* Most of it must have been the fast core's work. */
	printf("%s %u - %llu of %llu instructions were the interpreter's\n",
	       fast_statistics()->instructions * 3 > all ? "ok" : "not ok", MODES + 1,
	       (unsigned long long)fast_statistics()->instructions, (unsigned long long)all);
	if (!pages_are_dropped() || !others_are_found()) {
		printf("not ");
		failed++;
	}
	printf("ok %u - a page that is written and not executed holds no code for long\n",
	       MODES + 2);
	return failed != 0;
}
