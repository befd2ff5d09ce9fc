// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operands: from a row's specifications to where and how large they are.
 * Called by decode.c once the row is known. Pure.
 */
#include "decode/parser.h"

/* clang-format off */
const struct operand_rule operand_rules[OPERAND_NAMES] = {
#define OPERAND_RULE(name, method, value, size, memory) \
	{ METHOD_##method, value, SIZE_##size, SIZE_##memory },
	FOR_EACH_OPERAND(OPERAND_RULE)
#undef OPERAND_RULE
};

/* Bytes for an operand size of 2, 4, 8. */
static const u16 sizes[][3] = {
	[SIZE_0] = { 0, 0, 0 },
	[SIZE_B] = { 1, 1, 1 },
	[SIZE_W] = { 2, 2, 2 },
	[SIZE_D] = { 4, 4, 4 },
	[SIZE_Q] = { 8, 8, 8 },
	[SIZE_DQ] = { 16, 16, 16 },
	[SIZE_T] = { 10, 10, 10 },
	[SIZE_V] = { 2, 4, 8 },
	[SIZE_Z] = { 2, 4, 4 },
	[SIZE_Y] = { 4, 4, 8 },
	[SIZE_P] = { 4, 6, 10 },
	[SIZE_A] = { 4, 8, 8 },
	[SIZE_FPU_ENVIRONMENT] = { 14, 28, 28 },
	[SIZE_FPU_STATE] = { 94, 108, 108 },
	[SIZE_CACHE_LINE] = { 64, 64, 64 },
	[SIZE_FXSAVE] = { 512, 512, 512 },
	[SIZE_CMPXCHG] = { 8, 8, 16 },
};
/* clang-format on */

static __always_inline unsigned int resolve_size(const struct insn *insn, unsigned int rule)
{
	if (likely(rule < SIZE_RULES_BY_OPERAND))
		return sizes[rule][insn->operand_size >> 2];
	if (rule == SIZE_ADDRESS)
		return insn->address_size;
	if (rule == SIZE_S)
		return insn->mode == INSN_MODE_64 ? 10 : 6;
	return insn->mode == INSN_MODE_64 ? 8 : 4;
}

static void read_displacement(struct parser *parser, unsigned int bytes)
{
	struct insn *insn = parser->insn;

	insn->displacement_offset = bytes ? parser->position : 0;
	insn->displacement_bytes = bytes;
	insn->displacement = sign_extend(next_number(parser, bytes), bytes);
}

/* 16-bit addressing: the table "16-Bit Addressing Forms with the ModR/M Byte". */
static void parse_memory16(struct parser *parser)
{
	static const struct {
		u8 base, index;
	} forms[8] = {
		{ REG_BX, REG_SI },   { REG_BX, REG_DI },   { REG_BP, REG_SI },
		{ REG_BP, REG_DI },   { REG_SI, REG_NONE }, { REG_DI, REG_NONE },
		{ REG_BP, REG_NONE }, { REG_BX, REG_NONE },
	};
	struct insn *insn = parser->insn;
	unsigned int mod = modrm_mod(insn);
	unsigned int rm = modrm_rm(insn);

	if (mod == 0 && rm == 6) {
		read_displacement(parser, 2);
		return;
	}
	insn->base = forms[rm].base;
	insn->index = forms[rm].index;
	read_displacement(parser, mod);
}

static void parse_sib(struct parser *parser)
{
	struct insn *insn = parser->insn;
	unsigned int index, base;

	insn->has_sib = true;
	insn->sib = next_byte(parser);
	index = ((insn->sib >> 3) & 7) | (insn->rex & REX_X ? 8 : 0);
	base = insn->sib & 7;
	if (index != REG_SP) {
		insn->index = index;
		insn->scale = 1 << (insn->sib >> 6);
	}
	if (base == REG_BP && modrm_mod(insn) == 0)
		return;
	insn->base = base | (insn->rex & REX_B ? 8 : 0);
}

/* 32- and 64-bit addressing. */
static void parse_memory32(struct parser *parser)
{
	struct insn *insn = parser->insn;
	unsigned int mod = modrm_mod(insn);
	unsigned int rm = modrm_rm(insn);
	unsigned int displacement = mod == 1 ? 1 : mod == 2 ? 4 : 0;

	if (rm == REG_SP) {
		parse_sib(parser);
		if (insn->base == REG_NONE)
			displacement = 4;
	} else if (mod == 0 && rm == REG_BP) {
		displacement = 4;
		insn->rip_relative = insn->mode == INSN_MODE_64;
	} else {
		insn->base = rm | (insn->rex & REX_B ? 8 : 0);
	}
	read_displacement(parser, displacement);
}

void parse_memory(struct parser *parser)
{
	struct insn *insn = parser->insn;

	insn->has_memory = true;
	insn->scale = 1;
	if (insn->address_size == 2)
		parse_memory16(parser);
	else
		parse_memory32(parser);
	if ((insn->base == REG_BP || insn->base == REG_SP) &&
	    !(insn->prefixes & INSN_PREFIX_SEGMENT))
		insn->segment = SEGMENT_SS;
}

/* Numbers 4 to 7 of a byte register are AH, CH, DH, BH unless REX is there. */
static __always_inline void set_register(const struct insn *insn, struct operand *operand,
					 unsigned int number)
{
	operand->kind = OPERAND_REGISTER;
	operand->reg = number;
	if (operand->size == 1 && number >= 4 && !(insn->prefixes & INSN_PREFIX_REX)) {
		operand->high_byte = true;
		operand->reg = number - 4;
	}
}

static void read_immediate(struct parser *parser, struct operand *operand)
{
	struct insn *insn = parser->insn;

	insn->immediate_offset = parser->position;
	insn->immediate_bytes = operand->size;
	insn->immediate = next_number(parser, operand->size);
	operand->kind = OPERAND_IMMEDIATE;
}

/* An address of the address size follows the opcode; it is zero-extended. */
static void read_offset(struct parser *parser)
{
	struct insn *insn = parser->insn;

	insn->has_memory = true;
	insn->scale = 1;
	insn->displacement_offset = parser->position;
	insn->displacement_bytes = insn->address_size;
	insn->displacement = next_number(parser, insn->address_size);
}

static __always_inline unsigned int reg_number(const struct insn *insn)
{
	return modrm_reg(insn) | (insn->rex & REX_R) << 1;
}

static __always_inline unsigned int rm_number(const struct insn *insn)
{
	return modrm_rm(insn) | (insn->rex & REX_B) << 3;
}

/* CR0, CR2, CR3, CR4, and CR8 in 64-bit mode; all others are undefined. */
static bool is_control_register(const struct insn *insn, unsigned int number)
{
	return number == 0 || (number >= 2 && number <= 4) ||
	       (number == 8 && insn->mode == INSN_MODE_64);
}

/* An operand named by ModRM.rm: memory, or register @number of @kind. */
static void set_rm(struct parser *parser, struct operand *operand, const struct operand_rule *rule,
		   enum operand_kind kind, unsigned int number)
{
	struct insn *insn = parser->insn;

	if (modrm_mod(insn) != 3) {
		operand->kind = OPERAND_MEMORY;
		operand->size = resolve_size(insn, rule->memory_size);
	} else if (kind == OPERAND_REGISTER) {
		set_register(insn, operand, number);
	} else {
		operand->kind = kind;
		operand->reg = number;
	}
}

static bool set_segment_register(struct insn *insn, struct operand *operand)
{
	operand->kind = OPERAND_SEGMENT;
	operand->reg = modrm_reg(insn);
	if (operand->reg == SEGMENT_CS || operand->reg == SEGMENT_SS)
		insn->class = INSN_SENSITIVE_SILENT;
	return operand->reg < SEGMENT_REGISTERS;
}

/* Operands that ModRM does not name. */
static void parse_plain_operand(struct parser *parser, struct operand *operand,
				const struct operand_rule *rule)
{
	struct insn *insn = parser->insn;

	switch (rule->method) {
	case METHOD_OPCODE:
		set_register(insn, operand, (insn->opcode & 7) | (insn->rex & REX_B ? 8 : 0));
		break;
	case METHOD_FIXED:
		operand->kind = OPERAND_REGISTER;
		operand->reg = rule->value;
		break;
	case METHOD_CONSTANT:
		operand->kind = OPERAND_CONSTANT;
		operand->value = rule->value;
		break;
	case METHOD_IMMEDIATE:
		read_immediate(parser, operand);
		if (rule->size == SIZE_Z && insn->operand_size == 8) {
			insn->immediate = sign_extend(insn->immediate, 4);
			operand->size = 8;
		}
		break;
	case METHOD_SIGNED:
		operand->size = 1;
		read_immediate(parser, operand);
		insn->immediate = sign_extend(insn->immediate, 1);
		operand->size = insn->operand_size;
		break;
	case METHOD_IMMEDIATE2:
		operand->kind = OPERAND_IMMEDIATE2;
		insn->immediate2 = next_byte(parser);
		insn->immediate_bytes++;
		break;
	case METHOD_RELATIVE:
		read_immediate(parser, operand);
		insn->immediate = sign_extend(insn->immediate, operand->size);
		operand->kind = OPERAND_RELATIVE;
		break;
	case METHOD_FAR:
		insn->immediate_offset = parser->position;
		insn->immediate_bytes = insn->operand_size + 2;
		insn->immediate = next_number(parser, insn->operand_size);
		insn->immediate2 = next_number(parser, 2);
		operand->kind = OPERAND_FAR;
		break;
	case METHOD_OFFSET:
		read_offset(parser);
		operand->kind = OPERAND_MEMORY;
		operand->size = resolve_size(insn, rule->memory_size);
		break;
	case METHOD_FIXED_SEGMENT:
		operand->kind = OPERAND_SEGMENT;
		operand->reg = rule->value;
		break;
	case METHOD_STRING_SOURCE:
	case METHOD_STRING_DESTINATION:
		operand->kind = rule->method == METHOD_STRING_SOURCE ? OPERAND_STRING_SOURCE
								     : OPERAND_STRING_DESTINATION;
		operand->size = resolve_size(insn, rule->memory_size);
		break;
	}
}

/* Operands of ModRM beyond general registers and memory. false: undefined. */
static bool parse_modrm_operand(struct parser *parser, struct operand *operand,
				const struct operand_rule *rule)
{
	struct insn *insn = parser->insn;
	bool memory = modrm_mod(insn) != 3;

	switch (rule->method) {
	case METHOD_RM_MEMORY:
	case METHOD_RM_REGISTER:
		if (memory != (rule->method == METHOD_RM_MEMORY))
			return false;
		set_rm(parser, operand, rule, OPERAND_REGISTER, rm_number(insn));
		break;
	case METHOD_RM_ANY_MOD: set_register(insn, operand, rm_number(insn)); break;
	case METHOD_SEGMENT_LOAD:
		if (modrm_reg(insn) == SEGMENT_CS)
			return false;
		fallthrough;
	case METHOD_SEGMENT: return set_segment_register(insn, operand);
	case METHOD_CONTROL:
		operand->kind = OPERAND_CONTROL;
		operand->reg = reg_number(insn);
		return is_control_register(insn, operand->reg);
	case METHOD_DEBUG:
		operand->kind = OPERAND_DEBUG;
		operand->reg = reg_number(insn);
		return operand->reg < 8;
	case METHOD_X87:
		operand->kind = OPERAND_X87;
		operand->reg = modrm_rm(insn);
		break;
	case METHOD_MMX_REG:
		operand->kind = OPERAND_MMX;
		operand->reg = modrm_reg(insn);
		break;
	case METHOD_XMM_REG:
		operand->kind = OPERAND_VECTOR;
		operand->reg = reg_number(insn);
		break;
	case METHOD_MMX_REGISTER:
		if (memory)
			return false;
		fallthrough;
	case METHOD_MMX_RM: set_rm(parser, operand, rule, OPERAND_MMX, modrm_rm(insn)); break;
	case METHOD_XMM_REGISTER:
		if (memory)
			return false;
		fallthrough;
	case METHOD_XMM_RM: set_rm(parser, operand, rule, OPERAND_VECTOR, rm_number(insn)); break;
	}
	return true;
}

/* One operand. false: these bytes are undefined. The commonest come first. */
static __always_inline bool parse_operand(struct parser *parser, struct operand *operand,
					  const struct operand_rule *rule)
{
	struct insn *insn = parser->insn;

	if (rule->method == METHOD_RM && modrm_mod(insn) != 3) {
		operand->kind = OPERAND_MEMORY;
		operand->size = resolve_size(insn, rule->memory_size);
		return true;
	}
	operand->size = resolve_size(insn, rule->size);
	if (rule->method == METHOD_REG) {
		set_register(insn, operand, reg_number(insn));
		return true;
	}
	if (rule->method == METHOD_RM) {
		set_register(insn, operand, rm_number(insn));
		return true;
	}
	if (rule->method < METHODS_BY_MODRM)
		return parse_modrm_operand(parser, operand, rule);
	parse_plain_operand(parser, operand, rule);
	return true;
}

bool parse_operands(struct parser *parser, const struct opcode_row *row)
{
	struct insn *insn = parser->insn;
	unsigned int i;

	/* MOV to and from CR and DR takes a register even if mod is not 3. */
	if (insn->has_modrm && modrm_mod(insn) != 3 && row->operation != OPERATION_MOV_CONTROL &&
	    row->operation != OPERATION_MOV_DEBUG)
		parse_memory(parser);
	for (i = 0; i < ARRAY_SIZE(row->operands) && row->operands[i]; i++) {
		if (!parse_operand(parser, &insn->operands[i], &operand_rules[row->operands[i]]))
			return false;
	}
	insn->operand_count = i;
	return true;
}
