/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which flags the manual leaves undefined after an instruction: what an oracle
 * must not compare. For tests and for `ringlet compare`. Pure.
 */
#ifndef RINGLET_DECODE_UNDEFINED_H
#define RINGLET_DECODE_UNDEFINED_H

#include "decode/decode.h"

/* The count of a shift or rotation, masked; @cx is CX before it. */
static inline unsigned int shift_count(const struct insn *insn, u32 cx)
{
	const struct operand *count = &insn->operands[insn->operand_count - 1];

	switch (count->kind) {
	case OPERAND_REGISTER: return cx & 31;
	case OPERAND_IMMEDIATE: return insn->immediate & 31;
	default: return 1;
	}
}

/* SHLD and SHRD of a word by more than 16: even the result is undefined. */
static inline bool result_undefined(const struct insn *insn, u32 cx)
{
	/* BSWAP of a word: processors differ. */
	if (insn->operation == OPERATION_BSWAP)
		return insn->operand_size == 2;
	return (insn->operation == OPERATION_SHLD || insn->operation == OPERATION_SHRD) &&
	       shift_count(insn, cx) > 8U * insn->operands[0].size;
}

static inline u32 shift_undefined_flags(const struct insn *insn, u32 cx)
{
	unsigned int count = shift_count(insn, cx);
	u32 undefined = 0;

	if (!count)
		return 0;
	switch (insn->operation) {
	case OPERATION_SHL:
	case OPERATION_SHR:
		if (count >= 8U * insn->operands[0].size)
			undefined |= X86_EFLAGS_CF;
		fallthrough;
	case OPERATION_SAR:
	case OPERATION_SHLD:
	case OPERATION_SHRD: undefined |= X86_EFLAGS_AF; break;
	default: break;
	}
	return count == 1 ? undefined : undefined | X86_EFLAGS_OF;
}

/* The mask of them; @cx is CX before the instruction. */
static inline u32 undefined_flags(const struct insn *insn, u32 cx)
{
	switch (insn->operation) {
	case OPERATION_AND:
	case OPERATION_OR:
	case OPERATION_XOR:
	case OPERATION_TEST: return X86_EFLAGS_AF;
	case OPERATION_MUL:
	case OPERATION_IMUL: return X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_AF | X86_EFLAGS_PF;
	case OPERATION_DIV:
	case OPERATION_IDIV: return EFLAGS_STATUS;
	case OPERATION_DAA:
	case OPERATION_DAS: return X86_EFLAGS_OF;
	case OPERATION_AAA:
	case OPERATION_AAS: return X86_EFLAGS_OF | X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_PF;
	case OPERATION_AAM:
	case OPERATION_AAD: return X86_EFLAGS_OF | X86_EFLAGS_AF | X86_EFLAGS_CF;
	case OPERATION_BT:
	case OPERATION_BTS:
	case OPERATION_BTR:
	case OPERATION_BTC:
	case OPERATION_LZCNT:
	case OPERATION_TZCNT: return X86_EFLAGS_OF | X86_EFLAGS_SF | X86_EFLAGS_AF | X86_EFLAGS_PF;
	case OPERATION_BSF:
	case OPERATION_BSR: return EFLAGS_STATUS & ~(u32)X86_EFLAGS_ZF;
	case OPERATION_ROL:
	case OPERATION_ROR:
	case OPERATION_RCL:
	case OPERATION_RCR:
	case OPERATION_SHL:
	case OPERATION_SHR:
	case OPERATION_SAR:
	case OPERATION_SHLD:
	case OPERATION_SHRD: return shift_undefined_flags(insn, cx);
	default: return 0;
	}
}

#endif /* RINGLET_DECODE_UNDEFINED_H */
