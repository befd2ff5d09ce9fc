/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of one decode, shared by decode.c, operands.c and vex.c. Private to
 * module/decode. Pure.
 */
#ifndef RINGLET_DECODE_PARSER_H
#define RINGLET_DECODE_PARSER_H

#include "decode/table.h"

/* REX bits; VEX and its relatives are translated to these. */
#define REX_B BIT(0)
#define REX_X BIT(1)
#define REX_R BIT(2)
#define REX_W BIT(3)

/*
 * The reader never goes past @limit: it returns 0 and notes @overrun, which
 * outranks every other result. So parsing needs no test after each byte, and
 * what it concludes from the zeros does not matter.
 */
struct parser {
	struct insn *insn;
	const u8 *bytes;
	u8 position;
	u8 limit; /* at most INSN_MAX_LENGTH */
	bool overrun;
};

static __always_inline u8 peek_byte(struct parser *parser)
{
	if (unlikely(parser->position >= parser->limit)) {
		parser->overrun = true;
		return 0;
	}
	return parser->bytes[parser->position];
}

static __always_inline u8 next_byte(struct parser *parser)
{
	u8 byte = peek_byte(parser);

	if (likely(!parser->overrun))
		parser->position++;
	return byte;
}

/* A little-endian number of @count bytes. */
static inline u64 next_number(struct parser *parser, unsigned int count)
{
	u64 number = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		number |= (u64)next_byte(parser) << (8 * i);
	return number;
}

static inline s64 sign_extend(u64 number, unsigned int bytes)
{
	unsigned int unused = 64 - 8 * bytes;

	return bytes ? (s64)(number << unused) >> unused : 0;
}

static __always_inline u8 modrm_mod(const struct insn *insn)
{
	return insn->modrm >> 6;
}

static __always_inline u8 modrm_reg(const struct insn *insn)
{
	return (insn->modrm >> 3) & 7;
}

static __always_inline u8 modrm_rm(const struct insn *insn)
{
	return insn->modrm & 7;
}

/* Reads the ModRM byte, once. */
static __always_inline void need_modrm(struct parser *parser)
{
	struct insn *insn = parser->insn;

	if (insn->has_modrm)
		return;
	insn->has_modrm = true;
	insn->modrm_offset = parser->position;
	insn->modrm = next_byte(parser);
}

/* Reads SIB and displacement, fills in the memory operand. mod is not 3. */
void parse_memory(struct parser *parser);

/* Reads what the row's operands need and describes them; false: undefined. */
bool parse_operands(struct parser *parser, const struct opcode_row *row);

/*
 * VEX, EVEX, XOP. Each returns false if the bytes are not that encoding but
 * the older instruction that it hides in, with nothing consumed.
 */
bool parse_vex(struct parser *parser, enum row_kind kind, enum decode_result *result);

#endif /* RINGLET_DECODE_PARSER_H */
