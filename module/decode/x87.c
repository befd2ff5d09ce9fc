// SPDX-License-Identifier: GPL-2.0-only
/*
 * The x87 opcodes D8..DF: memory forms by ModRM.reg, register forms by reg and
 * rm. Read by decode.c only. Pure.
 *
 * Aliases that processors accept without Intel's map listing them (DC D0, DD
 * C8, DE D0, DF C8 and their like, the 8087's FENI and FDISI, the 287's FSETPM)
 * decode. All are innocuous: CR0.EM and CR0.TS stand between a guest and the FPU.
 */
#include "decode/table.h"

/* clang-format off */
#define X87(...) OP(X87, __VA_ARGS__)
#define STACK_REGISTER OP(X87, STi)
#define FOUR(row) row, row, row, row
#define EVERY(row) row, row, row, row, row, row, row, row

/* D8 and, of DC, DE: the same arithmetic for all eight values of reg. */
#define ARITHMETIC(operand) BY_REG(EVERY(OP(X87, operand)))

const struct opcode_row opcodes_x87[8] = {
	/* D8 */
	BY_MOD(ARITHMETIC(Md), ARITHMETIC(STi)),
	/* D9 */
	BY_MOD(BY_REG(X87(Md), UNDEFINED, X87(Md), X87(Md), X87(Menvironment), X87(Mw),
		      X87(Menvironment), X87(Mw)),
	       BY_REG(STACK_REGISTER, STACK_REGISTER,
		      /* FNOP */
		      BY_RM(OP(X87)),
		      STACK_REGISTER,
		      /* FCHS FABS - - FTST FXAM - - */
		      BY_RM(OP(X87), OP(X87), UNDEFINED, UNDEFINED, OP(X87), OP(X87)),
		      /* FLD of a constant */
		      BY_RM(OP(X87), OP(X87), OP(X87), OP(X87), OP(X87), OP(X87), OP(X87)),
		      OP(X87), OP(X87))),
	/* DA */
	BY_MOD(ARITHMETIC(Md),
	       BY_REG(FOUR(STACK_REGISTER), UNDEFINED,
		      /* FUCOMPP */
		      BY_RM(UNDEFINED, OP(X87)))),
	/* DB */
	BY_MOD(BY_REG(FOUR(X87(Md)), UNDEFINED, X87(Mt), UNDEFINED, X87(Mt)),
	       BY_REG(FOUR(STACK_REGISTER),
		      /* FNENI FNDISI FNCLEX FNINIT FNSETPM */
		      BY_RM(OP(X87), OP(X87), OP(X87), OP(X87), OP(X87)),
		      STACK_REGISTER, STACK_REGISTER)),
	/* DC */
	BY_MOD(ARITHMETIC(Mq), ARITHMETIC(STi)),
	/* DD */
	BY_MOD(BY_REG(FOUR(X87(Mq)), X87(Mstate), UNDEFINED, X87(Mstate), X87(Mw)),
	       BY_REG(FOUR(STACK_REGISTER), STACK_REGISTER, STACK_REGISTER)),
	/* DE */
	BY_MOD(ARITHMETIC(Mw),
	       BY_REG(STACK_REGISTER, STACK_REGISTER, STACK_REGISTER,
		      /* FCOMPP */
		      BY_RM(UNDEFINED, OP(X87)),
		      FOUR(STACK_REGISTER))),
	/* DF */
	BY_MOD(BY_REG(FOUR(X87(Mw)), X87(Mt), X87(Mq), X87(Mt), X87(Mq)),
	       BY_REG(FOUR(STACK_REGISTER),
		      /* FNSTSW AX */
		      BY_RM(X87(AXw)),
		      STACK_REGISTER, STACK_REGISTER)),
};
/* clang-format on */
