// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder's driver: prefixes, then the walk through the tables to a row.
 * Called by whatever looks at guest code: exits, the emulator, the translator.
 * Pure: runs in the module, in KUnit, in userspace tests and in the fuzzer.
 *
 * What processors differ in, and what is followed here (Intel):
 * - Near branches in 64-bit mode ignore 66 (AMD takes it as a 16-bit branch).
 * - A REX prefix counts only directly before the opcode; before a legacy
 *   prefix it is ignored.
 * - The last of F2 and F3 wins; an earlier one leaves no trace.
 * - ES, CS, SS, DS overrides are ignored in 64-bit mode, and do not undo an FS
 *   or GS override before them.
 * - A C4, C5, 62 or 8F that VEX, EVEX or XOP claims is that, in every mode; in
 *   real and V86 mode the processor then raises #UD, which is the emulator's
 *   part, because INSN_MODE_16 does not tell these from 16-bit segments.
 */
#include "decode/parser.h"

static void take_prefix(struct parser *parser, const struct opcode_row *row)
{
	struct insn *insn = parser->insn;

	insn->rex = 0;
	switch (row->value) {
	case INSN_PREFIX_SEGMENT:
		if (insn->mode == INSN_MODE_64 && row->segment < SEGMENT_FS)
			return;
		insn->segment = row->segment;
		break;
	case INSN_PREFIX_REP:
	case INSN_PREFIX_REPNE: insn->prefixes &= ~(INSN_PREFIX_REP | INSN_PREFIX_REPNE); break;
	}
	insn->prefixes |= row->value;
}

/* Consumes the prefixes; returns the row of the first opcode byte. */
static __always_inline const struct opcode_row *parse_prefixes(struct parser *parser)
{
	struct insn *insn = parser->insn;
	const struct opcode_row *row;
	u8 byte;

	for (;;) {
		insn->opcode_offset = parser->position;
		byte = next_byte(parser);
		row = &opcodes_one_byte[byte];
		if (row->kind == CHOICE_MODE)
			row = &row->next[insn->mode == INSN_MODE_64];
		if (row->kind == ROW_PREFIX)
			take_prefix(parser, row);
		else if (row->kind == ROW_REX)
			insn->rex = byte;
		else
			break;
	}
	insn->opcode = byte;
	insn->prefix_bytes = insn->opcode_offset;
	if (insn->rex)
		insn->prefixes |= INSN_PREFIX_REX;
	return row;
}

static __always_inline void set_address_size(struct insn *insn)
{
	/* Without and with 67. */
	static const u8 sizes[][2] = {
		[INSN_MODE_16] = { 2, 4 },
		[INSN_MODE_32] = { 4, 2 },
		[INSN_MODE_64] = { 8, 4 },
	};

	insn->address_size = sizes[insn->mode][!!(insn->prefixes & INSN_PREFIX_ADDRESS)];
}

static __always_inline void set_operand_size(struct insn *insn, unsigned int row_flags)
{
	/* Without and with 66. */
	static const u8 sizes[][2] = {
		[INSN_MODE_16] = { 2, 4 },
		[INSN_MODE_32] = { 4, 2 },
		[INSN_MODE_64] = { 4, 2 },
	};
	bool override = insn->prefixes & INSN_PREFIX_OPERAND;

	insn->operand_size = sizes[insn->mode][override];
	if (insn->mode != INSN_MODE_64)
		return;
	if ((insn->rex & REX_W) || (row_flags & BRANCH_64) || ((row_flags & STACK_64) && !override))
		insn->operand_size = 8;
}

/* Columns of CHOICE_PREFIX: none, 66, F3, F2. */
static unsigned int mandatory_prefix(const struct insn *insn)
{
	if (insn->prefixes & INSN_PREFIX_REP)
		return 2;
	if (insn->prefixes & INSN_PREFIX_REPNE)
		return 3;
	return insn->prefixes & INSN_PREFIX_OPERAND ? 1 : 0;
}

/* Columns of CHOICE_REPEAT: neither, F3, F2. */
static unsigned int repeat_prefix(const struct insn *insn)
{
	if (insn->prefixes & INSN_PREFIX_REP)
		return 1;
	return insn->prefixes & INSN_PREFIX_REPNE ? 2 : 0;
}

static void take_opcode(struct parser *parser, enum insn_map map)
{
	struct insn *insn = parser->insn;

	insn->map = map;
	insn->opcode_offset = parser->position;
	insn->opcode = next_byte(parser);
}

/* Follows choices until the row is an instruction or an encoding of its own. */
static const struct opcode_row *choose_row(struct parser *parser, const struct opcode_row *row)
{
	struct insn *insn = parser->insn;

	for (;;) {
		switch (row->kind) {
		case ROW_INSTRUCTION: return row;
		case CHOICE_OPCODE:
			take_opcode(parser, row->value);
			row = &row->next[insn->opcode];
			break;
		case CHOICE_REG:
			need_modrm(parser);
			row = &row->next[modrm_reg(insn)];
			break;
		case CHOICE_MOD:
			need_modrm(parser);
			row = &row->next[modrm_mod(insn) == 3];
			break;
		case CHOICE_RM:
			need_modrm(parser);
			row = &row->next[modrm_rm(insn)];
			break;
		case CHOICE_PREFIX: row = &row->next[mandatory_prefix(insn)]; break;
		case CHOICE_REPEAT: row = &row->next[repeat_prefix(insn)]; break;
		case CHOICE_MODE: row = &row->next[insn->mode == INSN_MODE_64]; break;
		case CHOICE_REX_W: row = &row->next[!!(insn->rex & REX_W)]; break;
		case CHOICE_REX_B: row = &row->next[!!(insn->rex & REX_B)]; break;
		case CHOICE_X87: row = &row->next[insn->opcode & 7]; break;
		default: return row;
		}
	}
}

static __always_inline enum insn_class row_class(const struct opcode_row *row)
{
	if (likely(!(row->flags & (PRIVILEGED | SENSITIVE))))
		return INSN_INNOCUOUS;
	return row->flags & PRIVILEGED ? INSN_PRIVILEGED : INSN_SENSITIVE_SILENT;
}

/* The suffixes that 3DNow! and its extensions define. */
static bool is_3dnow_suffix(u8 suffix)
{
	switch (suffix) {
	case 0x0c ... 0x0d:
	case 0x1c ... 0x1d:
	case 0x8a:
	case 0x8e:
	case 0x90:
	case 0x94:
	case 0x96 ... 0x97:
	case 0x9a:
	case 0x9e:
	case 0xa0:
	case 0xa4:
	case 0xa6 ... 0xa7:
	case 0xaa:
	case 0xae:
	case 0xb0:
	case 0xb4:
	case 0xb6 ... 0xb7:
	case 0xbb:
	case 0xbf: return true;
	default: return false;
	}
}

static __always_inline enum decode_result parse_row(struct parser *parser,
						    const struct opcode_row *row)
{
	struct insn *insn = parser->insn;

	if (row->operation == OPERATION_INVALID)
		return DECODE_INVALID;
	if (row->flags & (insn->mode == INSN_MODE_64 ? NOT_64 : ONLY_64))
		return DECODE_INVALID;
	insn->operation = row->operation;
	insn->class = row_class(row);
	set_operand_size(insn, row->flags);
	if (row->flags & HAS_MODRM)
		need_modrm(parser);
	if (row->operands[0] && !parse_operands(parser, row))
		return DECODE_INVALID;
	if (row->operation == OPERATION_AMD3DNOW) {
		insn->map = INSN_MAP_OTHER;
		insn->opcode = insn->immediate;
		insn->opcode_offset = insn->immediate_offset;
		insn->operand_count = 2;
		if (!is_3dnow_suffix(insn->opcode))
			return DECODE_INVALID;
	}
	return DECODE_OK;
}

static enum decode_result parse(struct parser *parser)
{
	struct insn *insn = parser->insn;
	const struct opcode_row *row = parse_prefixes(parser);
	enum decode_result result;

	set_address_size(insn);
	if (row->kind != ROW_INSTRUCTION)
		row = choose_row(parser, row);
	if (unlikely(row->kind != ROW_INSTRUCTION)) {
		if (parse_vex(parser, row->kind, &result))
			return result;
		row = choose_row(parser, row->next);
	}
	return parse_row(parser, row);
}

enum decode_result decode_insn(struct insn *insn, const u8 *bytes, unsigned int available,
			       enum insn_mode mode)
{
	struct parser parser = {
		.insn = insn,
		.bytes = bytes,
		.limit = available < INSN_MAX_LENGTH ? available : INSN_MAX_LENGTH,
	};
	enum decode_result result;

	memset(insn, 0, sizeof(*insn));
	insn->mode = mode;
	insn->segment = SEGMENT_DS;
	insn->base = REG_NONE;
	insn->index = REG_NONE;

	result = parse(&parser);
	if (unlikely(parser.overrun))
		result = parser.limit == INSN_MAX_LENGTH ? DECODE_TOO_LONG : DECODE_TRUNCATED;
	insn->length = parser.position;
	if (unlikely(result != DECODE_OK)) {
		insn->operation = OPERATION_INVALID;
		insn->class = INSN_INNOCUOUS;
	}
	return result;
}
