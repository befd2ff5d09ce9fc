// SPDX-License-Identifier: GPL-2.0-only
/*
 * VEX, EVEX and XOP. Called by decode.c on C4, C5, 62 and 8F. Pure.
 *
 * Lengths only: the operation is OPERATION_VEX, operands are not listed, the
 * displacement of EVEX is not scaled, the index of a gather or scatter is a
 * vector register's number, and an opcode that no processor defines decodes
 * too. Nothing emulates these; where they run directly, the processor judges.
 * Encodings that are wrong whatever the opcode (a 66, F2, F3, LOCK or REX
 * before, a reserved map, a reserved bit) are undefined here too.
 */
#include "decode/parser.h"

enum vex_map {
	VEX_MAP_0F = 1,
	VEX_MAP_0F38 = 2,
	VEX_MAP_0F3A = 3,
	EVEX_MAP_5 = 5,
	EVEX_MAP_6 = 6,
	XOP_MAP_8 = 8,
	XOP_MAP_9 = 9,
	XOP_MAP_A = 10,
};

/* Bits of the payload bytes. R, X, B are stored inverted. */
#define VEX_INVERTED	0xe0
#define VEX_MAP_MASK	0x1f
#define VEX_W		BIT(7)
#define EVEX_RESERVED_0 BIT(3)
#define EVEX_MAP_MASK	0x7
#define EVEX_FIXED_1	BIT(2)

static bool map_is_defined(enum row_kind kind, unsigned int map)
{
	switch (map) {
	case VEX_MAP_0F ... VEX_MAP_0F3A: return kind != ROW_XOP;
	case EVEX_MAP_5 ... EVEX_MAP_6: return kind == ROW_EVEX;
	case XOP_MAP_8 ... XOP_MAP_A: return kind == ROW_XOP;
	default: return false;
	}
}

static unsigned int immediate_bytes(unsigned int map, u8 opcode)
{
	switch (map) {
	case VEX_MAP_0F:
		return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
		       (opcode >= 0xc4 && opcode <= 0xc6);
	case VEX_MAP_0F3A:
	case XOP_MAP_8: return 1;
	case XOP_MAP_A: return 4;
	default: return 0;
	}
}

/* VZEROUPPER and VZEROALL are the only ones without a ModRM byte. */
static bool has_modrm(unsigned int map, u8 opcode)
{
	return map != VEX_MAP_0F || opcode != 0x77;
}

/*
 * Outside 64-bit mode the inverted R and X bits stand where ModRM.mod of LES,
 * LDS and BOUND is, which must then be 3, a register form that these lack. XOP
 * is told from POP by its map, which fills ModRM.reg.
 */
static bool is_claimed(const struct insn *insn, enum row_kind kind, u8 first)
{
	if (kind == ROW_XOP)
		return (first & VEX_MAP_MASK) >= XOP_MAP_8;
	return insn->mode == INSN_MODE_64 || first >= 0xc0;
}

/* Sets insn->rex and returns the map; -1 if a fixed bit is wrong. */
static int parse_payload(struct parser *parser, enum row_kind kind)
{
	struct insn *insn = parser->insn;
	u8 first = next_byte(parser);
	u8 second;
	u8 rex;

	if (kind == ROW_VEX2) {
		insn->rex = first & 0x80 ? 0 : REX_R;
		return VEX_MAP_0F;
	}
	second = next_byte(parser);
	rex = (first & VEX_INVERTED) >> 5;
	rex = (~rex & 7) | (second & VEX_W ? REX_W : 0);
	/* Outside 64-bit mode B is ignored, and R and X are clear. */
	insn->rex = insn->mode == INSN_MODE_64 ? rex : 0;
	if (kind != ROW_EVEX)
		return first & VEX_MAP_MASK;
	next_byte(parser);
	if ((first & EVEX_RESERVED_0) || !(second & EVEX_FIXED_1))
		return -1;
	return first & EVEX_MAP_MASK;
}

bool parse_vex(struct parser *parser, enum row_kind kind, enum decode_result *result)
{
	static const u16 names[] = {
		[ROW_VEX2] = INSN_PREFIX_VEX,
		[ROW_VEX3] = INSN_PREFIX_VEX,
		[ROW_EVEX] = INSN_PREFIX_EVEX,
		[ROW_XOP] = INSN_PREFIX_XOP,
	};
	struct insn *insn = parser->insn;
	unsigned int bytes;
	int map;

	if (!is_claimed(insn, kind, peek_byte(parser)))
		return false;

	*result = DECODE_INVALID;
	if (insn->prefixes & (INSN_PREFIX_LOCK | INSN_PREFIX_REP | INSN_PREFIX_REPNE |
			      INSN_PREFIX_OPERAND | INSN_PREFIX_REX))
		return true;
	insn->prefixes |= names[kind];
	map = parse_payload(parser, kind);
	if (map < 0 || !map_is_defined(kind, map))
		return true;

	insn->map = INSN_MAP_OTHER;
	insn->operation = OPERATION_VEX;
	insn->prefix_bytes = parser->position;
	insn->opcode_offset = parser->position;
	insn->opcode = next_byte(parser);
	insn->operand_size = insn->rex & REX_W ? 8 : 4;
	if (has_modrm(map, insn->opcode)) {
		need_modrm(parser);
		if (modrm_mod(insn) != 3)
			parse_memory(parser);
	}
	bytes = immediate_bytes(map, insn->opcode);
	if (bytes) {
		insn->immediate_offset = parser->position;
		insn->immediate_bytes = bytes;
		insn->immediate = next_number(parser, bytes);
	}
	*result = DECODE_OK;
	return true;
}
