// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random tests for the emulator's oracle: encodings, and registers and memory
 * for which they have more than one outcome. See emulate_generate.h.
 */
#include "emulate_generate.h"
#include "emulate/emulate.h"

/* ---- random numbers ------------------------------------------------------ */

static u64 state;

void oracle_seed(u64 seed)
{
	state = seed;
}

/* splitmix64: small, and the same sequence everywhere. */
static u64 random64(void)
{
	u64 z = (state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static u32 random_below(u32 limit)
{
	return random64() % limit;
}

static bool chance(unsigned int percent)
{
	return random_below(100) < percent;
}

u32 oracle_random_value(void)
{
	static const u32 edges[] = { 0,	     1,	     2,		 0x7f,	     0x80,	 0xff,
				     0x7fff, 0x8000, 0xffff,	 0x10000,    0x7fffffff, 0x80000000,
				     ~0U,    ~1U,    0x7fff7fff, 0x80008000, 0x00ff00ff, 0x99 };

	switch (random_below(4)) {
	case 0: return edges[random_below(ARRAY_SIZE(edges))];
	case 1: return random_below(0x200);
	default: return random64();
	}
}

/* An address in the data, seldom at the edge of what may be accessed. */
static u32 random_address(void)
{
	switch (random_below(16)) {
	case 0: return NATIVE_DATA + NATIVE_WRITABLE - 20 + random_below(24);
	case 1: return NATIVE_DATA + NATIVE_READABLE - 20 + random_below(24);
	case 2: return NATIVE_DATA - 20 + random_below(24);
	case 3: return NATIVE_DATA + NATIVE_FS_LIMIT - 20 + random_below(24);
	default: return NATIVE_DATA + 0x100 + random_below(NATIVE_WRITABLE - 0x200);
	}
}

/* ---- generating ----------------------------------------------------------- */

static bool random_encoding(struct oracle_test *test)
{
	static const u8 prefixes[] = { 0x66, 0x66, 0x66, 0x67, 0x64, 0x64, 0x2e,
				       0x36, 0x3e, 0x26, 0xf0, 0xf2, 0xf3 };
	enum insn_mode mode = INSN_MODE_32;
	unsigned int i, at = 0;

	if (native_code16 && chance(30))
		mode = INSN_MODE_16;
	for (i = 0; i < INSN_MAX_LENGTH; i++)
		test->code[i] = random64();
	/* 16-bit addresses reach the data only through FS. */
	if (mode == INSN_MODE_16 && chance(60))
		test->code[at++] = 0x64;
	while (chance(35) && at < 4)
		test->code[at++] = prefixes[random_below(ARRAY_SIZE(prefixes))];
	switch (random_below(8)) {
	case 0:
	case 1:
	case 2: test->code[at++] = 0x0f; break;
	case 3:
		test->code[at++] = 0x0f;
		test->code[at++] = 0x38;
		test->code[at++] = 0xf0 + random_below(8);
		break;
	}
	if (decode_insn(&test->insn, test->code, INSN_MAX_LENGTH, mode) != DECODE_OK)
		return false;
	return oracle_takes_part(&test->insn) && emulate_supported(&test->insn) &&
	       !emulate_needs_fpu(&test->insn);
}

static bool decode_again(struct oracle_test *test)
{
	u8 length = test->insn.length;

	return decode_insn(&test->insn, test->code, INSN_MAX_LENGTH, test->insn.mode) ==
		       DECODE_OK &&
	       test->insn.length == length;
}

/* Where the segment of an access to the data begins. */
static u32 segment_base(const struct oracle_test *test, unsigned int segment)
{
	if (segment == SEGMENT_FS)
		return NATIVE_FS_BASE;
	return segment == SEGMENT_SS && test->stack16 ? NATIVE_STACK16_BASE : 0;
}

/* The stack pointer as a linear address. */
static u32 stack_top(const struct oracle_test *test)
{
	u32 sp = test->before.regs[REG_SP];

	return test->stack16 ? NATIVE_STACK16_BASE + (sp & 0xffff) : sp;
}

/* Make the memory operand lie where something is, mostly. */
static void aim_memory_operand(struct oracle_test *test)
{
	struct insn *insn = &test->insn;
	u32 target = random_address();
	u32 now = 0;

	target -= segment_base(test, insn->segment);
	if (insn->address_size == 4 && insn->displacement_bytes == 4) {
		if (insn->base != 0xff)
			now += test->before.regs[insn->base];
		if (insn->index != 0xff)
			now += test->before.regs[insn->index] * insn->scale;
		now = target - now;
		memcpy(test->code + insn->displacement_offset, &now, sizeof(now));
		decode_again(test);
		return;
	}
	if (insn->base == 0xff || insn->base == insn->index)
		return;
	now = insn->displacement;
	if (insn->index != 0xff)
		now += test->before.regs[insn->index] * insn->scale;
	test->before.regs[insn->base] = target - now;
}

static u32 random_code_address(void)
{
	return NATIVE_CODE + 0x100 + random_below(NATIVE_CODE_BYTES - 0x200);
}

static u32 operand_address(const struct oracle_test *test)
{
	static struct virtual_cpu cpu;
	unsigned int i;

	for (i = 0; i < 8; i++)
		cpu.regs[i] = test->before.regs[i];
	return emulate_operand_offset(&cpu, &test->insn) + segment_base(test, test->insn.segment);
}

/* Branches must end in the code area. */
static void aim_branch(struct oracle_test *test)
{
	struct insn *insn = &test->insn;
	u32 target = random_code_address();
	u32 displacement = target - (NATIVE_CODE_START + insn->length);

	if (insn->mode == INSN_MODE_16)
		target -= NATIVE_CODE;
	if (insn->operation == OPERATION_RET_NEAR) {
		oracle_put(stack_top(test), target);
		return;
	}
	switch (insn->operands[0].kind) {
	case OPERAND_RELATIVE:
		if (insn->immediate_bytes == 1)
			return;
		memcpy(test->code + insn->immediate_offset, &displacement, insn->immediate_bytes);
		decode_again(test);
		return;
	case OPERAND_REGISTER: test->before.regs[insn->operands[0].reg] = target; return;
	case OPERAND_MEMORY: oracle_put(operand_address(test), target); return;
	}
}

static void random_registers(struct oracle_test *test)
{
	struct native_state *state = &test->before;
	unsigned int i;

	for (i = 0; i < 8; i++)
		state->regs[i] = chance(70) ? oracle_random_value() : random_address();
	test->stack16 = native_stack16 && chance(20);
	if (chance(95))
		state->regs[REG_SP] = random_address() - segment_base(test, SEGMENT_SS);
	/* Only the low half counts, and the upper one stays. */
	if (test->stack16 && chance(30))
		state->regs[REG_SP] |= oracle_random_value() << 16;
	state->eflags = X86_EFLAGS_FIXED | X86_EFLAGS_IF | (random64() & EFLAGS_STATUS);
	if (chance(20))
		state->eflags |= X86_EFLAGS_DF;
	if (chance(3))
		state->eflags |= X86_EFLAGS_AC;
	if (chance(50))
		state->eflags |= X86_EFLAGS_ID;
	state->eip = NATIVE_CODE_START;
}

/* Values for which the instruction has more than one outcome. */
static void favour(struct oracle_test *test)
{
	u32 *regs = test->before.regs;
	unsigned int bytes = test->insn.operands[0].size;
	bool compares = test->insn.operation == OPERATION_CMPS ||
			test->insn.operation == OPERATION_SCAS;

	switch (test->insn.operation) {
	case OPERATION_MOVS:
	case OPERATION_CMPS:
	case OPERATION_STOS:
	case OPERATION_LODS:
	case OPERATION_SCAS:
	case OPERATION_INS:
	case OPERATION_OUTS:
		regs[REG_SI] = random_address();
		regs[REG_DI] = chance(30) ? regs[REG_SI] + random_below(8) : random_address();
		regs[REG_CX] = chance(95) ? random_below(40) : regs[REG_CX];
		/* A comparison that faults shows the flags from before it, but the
		 * emulator may have given way in the middle since. */
		if (compares)
			regs[REG_CX] &= 0x3ff;
		regs[REG_SI] -= segment_base(test, test->insn.segment);
		return;
	case OPERATION_LOOP:
	case OPERATION_LOOPE:
	case OPERATION_LOOPNE:
	case OPERATION_JCXZ: regs[REG_CX] = random_below(3); return;
	case OPERATION_XLAT: regs[REG_BX] = random_address(); return;
	case OPERATION_LEAVE:
	case OPERATION_ENTER:
		regs[REG_BP] = random_address() - segment_base(test, SEGMENT_SS);
		return;
	case OPERATION_DIV: regs[REG_DX] = random_below(4); return;
	case OPERATION_IDIV: regs[REG_DX] = random_below(4) - 2; return;
	case OPERATION_BT:
	case OPERATION_BTS:
	case OPERATION_BTR:
	case OPERATION_BTC:
		if (test->insn.operands[1].kind == OPERAND_REGISTER)
			regs[test->insn.operands[1].reg] = random_below(4096) - 2048;
		return;
	case OPERATION_CMPXCHG:
		if (chance(50) && test->insn.operands[0].kind == OPERAND_REGISTER)
			regs[REG_AX] = regs[test->insn.operands[0].reg];
		return;
	case OPERATION_PUSH:
	case OPERATION_POP:
		/* Seldom a word: the stack pointer would be odd all the time. */
		if (bytes == 4)
			regs[REG_SP] &= ~3U;
		return;
	}
}

/* What the destination of CMPXCHG holds is only known once it is aimed. */
static void favour_memory(struct oracle_test *test)
{
	u32 address, offset;

	if (!test->insn.has_memory)
		return;
	address = operand_address(test);
	offset = address - NATIVE_DATA;
	if (offset >= NATIVE_READABLE - 8)
		return;
	if (test->insn.operation == OPERATION_CMPXCHG && chance(50))
		memcpy(&test->before.regs[REG_AX], (const u8 *)address, 4);
	if (test->insn.operation == OPERATION_CMPXCHG8B && chance(50)) {
		memcpy(&test->before.regs[REG_AX], (const u8 *)address, 4);
		memcpy(&test->before.regs[REG_DX], (const u8 *)(address + 4), 4);
	}
	if (test->insn.operation == OPERATION_BOUND && chance(80)) {
		oracle_put(address, -random_below(100));
		oracle_put(address + test->insn.operand_size, random_below(100));
		test->before.regs[test->insn.operands[0].reg] = random_below(200) - 100;
	}
}

static bool branches(const struct insn *insn)
{
	switch (insn->operation) {
	case OPERATION_JCC:
	case OPERATION_JMP_NEAR:
	case OPERATION_JMP_NEAR_INDIRECT:
	case OPERATION_CALL_NEAR:
	case OPERATION_CALL_NEAR_INDIRECT:
	case OPERATION_RET_NEAR:
	case OPERATION_LOOP:
	case OPERATION_LOOPE:
	case OPERATION_LOOPNE:
	case OPERATION_JCXZ: return true;
	default: return false;
	}
}

/* After POPF there may be a single-step trap. */
bool oracle_goes_straight_on(const struct insn *insn)
{
	return !branches(insn) && insn->operation != OPERATION_POPF;
}

bool oracle_generate(struct oracle_test *test)
{
	if (!random_encoding(test))
		return false;
	random_registers(test);
	favour(test);
	if (test->insn.has_memory && chance(97))
		aim_memory_operand(test);
	favour_memory(test);
	if (branches(&test->insn))
		aim_branch(test);
	return !oracle_result_undefined(&test->insn, &test->before) &&
	       !native_on_signal_stack(test->before.regs[REG_SP]);
}
