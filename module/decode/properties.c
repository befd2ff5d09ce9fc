// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of a decoded instruction beyond its encoding. Called by the
 * emulator and by whatever prints instructions. Pure.
 */
#include "decode/decode.h"

bool insn_lock_allowed(const struct insn *insn)
{
	if (insn->operand_count == 0 || insn->operands[0].kind != OPERAND_MEMORY)
		return false;
	switch (insn->operation) {
	case OPERATION_ADD:
	case OPERATION_OR:
	case OPERATION_ADC:
	case OPERATION_SBB:
	case OPERATION_AND:
	case OPERATION_SUB:
	case OPERATION_XOR:
	case OPERATION_INC:
	case OPERATION_DEC:
	case OPERATION_NEG:
	case OPERATION_NOT:
	case OPERATION_BTS:
	case OPERATION_BTR:
	case OPERATION_BTC:
	case OPERATION_XADD:
	case OPERATION_XCHG:
	case OPERATION_CMPXCHG:
	case OPERATION_CMPXCHG8B:
	case OPERATION_CMPXCHG16B: return true;
	default: return false;
	}
}

const char *operation_name(unsigned int operation)
{
#define OPERATION_NAME(name, text) text,
	static const char *const names[] = { FOR_EACH_OPERATION(OPERATION_NAME) };
#undef OPERATION_NAME

	return operation < OPERATIONS ? names[operation] : "(unknown)";
}
