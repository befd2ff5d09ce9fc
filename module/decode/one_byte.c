// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one-byte opcode map. Read by decode.c only. Pure.
 *
 * Classes follow the ledger of what ring 1 sees. Decisions that it leaves open:
 * - CLI, STI, IN, OUT, INS, OUTS are IOPL-sensitive; a guest never has IOPL, so
 *   they trap: privileged.
 * - INT n reaches a gate of ours: sensitive, because whether it traps depends
 *   on that gate. INT3, INTO, INT1 raise an exception in every ring, which
 *   always enters ring 0: innocuous, like BOUND or a division by zero.
 * - Loads of DS, ES, FS, GS are innocuous (an RPL of 0 loads and reads back);
 *   loads of SS are sensitive although those with RPL 0 trap, since others do
 *   not. Reads of CS and SS are sensitive, of other segments innocuous.
 * - Far CALL, JMP and RET and IRET are sensitive: they trap for some targets.
 *
 * 82 is 80 outside 64-bit mode. F6 /1 and F7 /1 are TEST, D0../6 is SHL, D6 is
 * SALC, F1 is INT1, as processors do though Intel's map leaves them blank.
 */
#include "decode/table.h"

/* clang-format off */
#define ALU(base, name) \
	[(base) + 0] = RM(name, Eb, Gb), \
	[(base) + 1] = RM(name, Ev, Gv), \
	[(base) + 2] = RM(name, Gb, Eb), \
	[(base) + 3] = RM(name, Gv, Ev), \
	[(base) + 4] = OP(name, AL, Ib), \
	[(base) + 5] = OP(name, rAX, Iz)

#define EIGHT(base, ...) \
	[(base) + 0] = __VA_ARGS__, [(base) + 1] = __VA_ARGS__, \
	[(base) + 2] = __VA_ARGS__, [(base) + 3] = __VA_ARGS__, \
	[(base) + 4] = __VA_ARGS__, [(base) + 5] = __VA_ARGS__, \
	[(base) + 6] = __VA_ARGS__, [(base) + 7] = __VA_ARGS__

#define PREFIX(bit) { .kind = ROW_PREFIX, .value = (bit) }
#define PREFIX_SEGMENT(register) \
	{ .kind = ROW_PREFIX, .value = INSN_PREFIX_SEGMENT, .segment = (register) }
#define PREFIX_REX { .kind = ROW_REX }

/* 80..83 */
#define GROUP1(bits, ...) \
	BY_REG(OPF(ADD, bits, __VA_ARGS__), OPF(OR, bits, __VA_ARGS__), \
	       OPF(ADC, bits, __VA_ARGS__), OPF(SBB, bits, __VA_ARGS__), \
	       OPF(AND, bits, __VA_ARGS__), OPF(SUB, bits, __VA_ARGS__), \
	       OPF(XOR, bits, __VA_ARGS__), OPF(CMP, bits, __VA_ARGS__))

/* C0, C1, D0..D3 */
#define GROUP2(...) \
	BY_REG(OP(ROL, __VA_ARGS__), OP(ROR, __VA_ARGS__), OP(RCL, __VA_ARGS__), \
	       OP(RCR, __VA_ARGS__), OP(SHL, __VA_ARGS__), OP(SHR, __VA_ARGS__), \
	       OP(SHL, __VA_ARGS__), OP(SAR, __VA_ARGS__))

/* F6, F7 */
#define GROUP3(operand, immediate) \
	BY_REG(OP(TEST, operand, immediate), OP(TEST, operand, immediate), OP(NOT, operand), \
	       OP(NEG, operand), OP(MUL, operand), OP(IMUL, operand), OP(DIV, operand), \
	       OP(IDIV, operand))

/* C6, C7: MOV, and one encoding of the transactional extension. */
#define GROUP11(operand, immediate, transactional) \
	BY_REG(OP(MOV, operand, immediate), UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED, \
	       UNDEFINED, UNDEFINED, BY_MOD(UNDEFINED, BY_RM(transactional)))

const struct opcode_row opcodes_one_byte[256] = {
	ALU(0x00, ADD),
	ALU(0x08, OR),
	ALU(0x10, ADC),
	ALU(0x18, SBB),
	ALU(0x20, AND),
	ALU(0x28, SUB),
	ALU(0x30, XOR),
	ALU(0x38, CMP),

	[0x06] = OPF(PUSH_SEGMENT, NOT_64, ES),
	[0x07] = OPF(POP_SEGMENT, NOT_64, ES),
	[0x0e] = OPF(PUSH_SEGMENT, NOT_64 | SENSITIVE, CS),
	[0x0f] = { .kind = CHOICE_OPCODE, .value = INSN_MAP_0F, .next = opcodes_0f },
	[0x16] = OPF(PUSH_SEGMENT, NOT_64 | SENSITIVE, SS),
	[0x17] = OPF(POP_SEGMENT, NOT_64 | SENSITIVE, SS),
	[0x1e] = OPF(PUSH_SEGMENT, NOT_64, DS),
	[0x1f] = OPF(POP_SEGMENT, NOT_64, DS),

	[0x26] = PREFIX_SEGMENT(SEGMENT_ES),
	[0x27] = OPF(DAA, NOT_64),
	[0x2e] = PREFIX_SEGMENT(SEGMENT_CS),
	[0x2f] = OPF(DAS, NOT_64),
	[0x36] = PREFIX_SEGMENT(SEGMENT_SS),
	[0x37] = OPF(AAA, NOT_64),
	[0x3e] = PREFIX_SEGMENT(SEGMENT_DS),
	[0x3f] = OPF(AAS, NOT_64),

	EIGHT(0x40, BY_MODE(OP(INC, Zv), PREFIX_REX)),
	EIGHT(0x48, BY_MODE(OP(DEC, Zv), PREFIX_REX)),
	EIGHT(0x50, OPF(PUSH, STACK_64, Zv)),
	EIGHT(0x58, OPF(POP, STACK_64, Zv)),

	[0x60] = OPF(PUSHA, NOT_64),
	[0x61] = OPF(POPA, NOT_64),
	[0x62] = { .kind = ROW_EVEX, .next = &(const struct opcode_row)RM(BOUND, Gv, Ma) },
	[0x63] = BY_MODE(RMF(ARPL, SENSITIVE, Ew, Gw), RM(MOVSXD, Gv, Ez)),
	[0x64] = PREFIX_SEGMENT(SEGMENT_FS),
	[0x65] = PREFIX_SEGMENT(SEGMENT_GS),
	[0x66] = PREFIX(INSN_PREFIX_OPERAND),
	[0x67] = PREFIX(INSN_PREFIX_ADDRESS),
	[0x68] = OPF(PUSH, STACK_64, Iz),
	[0x69] = RM(IMUL, Gv, Ev, Iz),
	[0x6a] = OPF(PUSH, STACK_64, Ibs),
	[0x6b] = RM(IMUL, Gv, Ev, Ibs),
	[0x6c] = OPF(INS, PRIVILEGED, Yb, DXw),
	[0x6d] = OPF(INS, PRIVILEGED, Yz, DXw),
	[0x6e] = OPF(OUTS, PRIVILEGED, DXw, Xb),
	[0x6f] = OPF(OUTS, PRIVILEGED, DXw, Xz),

	EIGHT(0x70, OPF(JCC, BRANCH_64, Jb)),
	EIGHT(0x78, OPF(JCC, BRANCH_64, Jb)),

	[0x80] = GROUP1(0, Eb, Ib),
	[0x81] = GROUP1(0, Ev, Iz),
	[0x82] = GROUP1(NOT_64, Eb, Ib),
	[0x83] = GROUP1(0, Ev, Ibs),
	[0x84] = RM(TEST, Eb, Gb),
	[0x85] = RM(TEST, Ev, Gv),
	[0x86] = RM(XCHG, Eb, Gb),
	[0x87] = RM(XCHG, Ev, Gv),
	[0x88] = RM(MOV, Eb, Gb),
	[0x89] = RM(MOV, Ev, Gv),
	[0x8a] = RM(MOV, Gb, Eb),
	[0x8b] = RM(MOV, Gv, Ev),
	[0x8c] = RM(MOV_SEGMENT, Ev_w, Sw),
	[0x8d] = RM(LEA, Gv, M),
	[0x8e] = RM(MOV_SEGMENT, Sload, Ew),
	[0x8f] = { .kind = ROW_XOP,
		   .next = &(const struct opcode_row)BY_REG(OPF(POP, STACK_64, Ev)) },

	/* F3 makes it PAUSE even with REX.B (measured). */
	[0x90] = BY_REPEAT(BY_REX_B(OP(NOP), OP(XCHG, Zv, rAX)), OP(PAUSE),
			   BY_REX_B(OP(NOP), OP(XCHG, Zv, rAX))),
	[0x91] = OP(XCHG, Zv, rAX),
	[0x92] = OP(XCHG, Zv, rAX),
	[0x93] = OP(XCHG, Zv, rAX),
	[0x94] = OP(XCHG, Zv, rAX),
	[0x95] = OP(XCHG, Zv, rAX),
	[0x96] = OP(XCHG, Zv, rAX),
	[0x97] = OP(XCHG, Zv, rAX),
	[0x98] = OP(CBW),
	[0x99] = OP(CWD),
	[0x9a] = OPF(CALL_FAR, NOT_64 | SENSITIVE, Ap),
	[0x9b] = OP(FWAIT),
	[0x9c] = OPF(PUSHF, STACK_64 | SENSITIVE),
	[0x9d] = OPF(POPF, STACK_64 | SENSITIVE),
	[0x9e] = OP(SAHF),
	[0x9f] = OP(LAHF),

	[0xa0] = OP(MOV, AL, Ob),
	[0xa1] = OP(MOV, rAX, Ov),
	[0xa2] = OP(MOV, Ob, AL),
	[0xa3] = OP(MOV, Ov, rAX),
	[0xa4] = OP(MOVS, Yb, Xb),
	[0xa5] = OP(MOVS, Yv, Xv),
	[0xa6] = OP(CMPS, Xb, Yb),
	[0xa7] = OP(CMPS, Xv, Yv),
	[0xa8] = OP(TEST, AL, Ib),
	[0xa9] = OP(TEST, rAX, Iz),
	[0xaa] = OP(STOS, Yb, AL),
	[0xab] = OP(STOS, Yv, rAX),
	[0xac] = OP(LODS, AL, Xb),
	[0xad] = OP(LODS, rAX, Xv),
	[0xae] = OP(SCAS, AL, Yb),
	[0xaf] = OP(SCAS, rAX, Yv),

	EIGHT(0xb0, OP(MOV, Zb, Ib)),
	EIGHT(0xb8, OP(MOV, Zv, Iv)),

	[0xc0] = GROUP2(Eb, Ib),
	[0xc1] = GROUP2(Ev, Ib),
	[0xc2] = OPF(RET_NEAR, BRANCH_64, Iw),
	[0xc3] = OPF(RET_NEAR, BRANCH_64),
	[0xc4] = { .kind = ROW_VEX3, .next = &(const struct opcode_row)RM(LES, Gv, Mp) },
	[0xc5] = { .kind = ROW_VEX2, .next = &(const struct opcode_row)RM(LDS, Gv, Mp) },
	[0xc6] = GROUP11(Eb, Ib, OP(XABORT, Ib)),
	[0xc7] = GROUP11(Ev, Iz, OP(XBEGIN, Jz)),
	[0xc8] = OPF(ENTER, STACK_64, Iw, Ib2),
	[0xc9] = OPF(LEAVE, STACK_64),
	[0xca] = OPF(RET_FAR, SENSITIVE, Iw),
	[0xcb] = OPF(RET_FAR, SENSITIVE),
	[0xcc] = OP(INT3),
	[0xcd] = OPF(INT, SENSITIVE, Ib),
	[0xce] = OPF(INTO, NOT_64),
	[0xcf] = OPF(IRET, SENSITIVE),

	[0xd0] = GROUP2(Eb, One),
	[0xd1] = GROUP2(Ev, One),
	[0xd2] = GROUP2(Eb, CL),
	[0xd3] = GROUP2(Ev, CL),
	[0xd4] = OPF(AAM, NOT_64, Ib),
	[0xd5] = OPF(AAD, NOT_64, Ib),
	[0xd6] = OPF(SALC, NOT_64),
	[0xd7] = OP(XLAT),
	EIGHT(0xd8, { .kind = CHOICE_X87, .next = opcodes_x87 }),

	[0xe0] = OPF(LOOPNE, BRANCH_64, Jb),
	[0xe1] = OPF(LOOPE, BRANCH_64, Jb),
	[0xe2] = OPF(LOOP, BRANCH_64, Jb),
	[0xe3] = OPF(JCXZ, BRANCH_64, Jb),
	[0xe4] = OPF(IN, PRIVILEGED, AL, Ib),
	[0xe5] = OPF(IN, PRIVILEGED, zAX, Ib),
	[0xe6] = OPF(OUT, PRIVILEGED, Ib, AL),
	[0xe7] = OPF(OUT, PRIVILEGED, Ib, zAX),
	[0xe8] = OPF(CALL_NEAR, BRANCH_64, Jz),
	[0xe9] = OPF(JMP_NEAR, BRANCH_64, Jz),
	[0xea] = OPF(JMP_FAR, NOT_64 | SENSITIVE, Ap),
	[0xeb] = OPF(JMP_NEAR, BRANCH_64, Jb),
	[0xec] = OPF(IN, PRIVILEGED, AL, DXw),
	[0xed] = OPF(IN, PRIVILEGED, zAX, DXw),
	[0xee] = OPF(OUT, PRIVILEGED, DXw, AL),
	[0xef] = OPF(OUT, PRIVILEGED, DXw, zAX),

	[0xf0] = PREFIX(INSN_PREFIX_LOCK),
	[0xf1] = OP(INT1),
	[0xf2] = PREFIX(INSN_PREFIX_REPNE),
	[0xf3] = PREFIX(INSN_PREFIX_REP),
	[0xf4] = OPF(HLT, PRIVILEGED),
	[0xf5] = OP(CMC),
	[0xf6] = GROUP3(Eb, Ib),
	[0xf7] = GROUP3(Ev, Iz),
	[0xf8] = OP(CLC),
	[0xf9] = OP(STC),
	[0xfa] = OPF(CLI, PRIVILEGED),
	[0xfb] = OPF(STI, PRIVILEGED),
	[0xfc] = OP(CLD),
	[0xfd] = OP(STD),
	[0xfe] = BY_REG(OP(INC, Eb), OP(DEC, Eb)),
	[0xff] = BY_REG(OP(INC, Ev), OP(DEC, Ev), OPF(CALL_NEAR_INDIRECT, BRANCH_64, Ev),
			OPF(CALL_FAR, SENSITIVE, Mp), OPF(JMP_NEAR_INDIRECT, BRANCH_64, Ev),
			OPF(JMP_FAR, SENSITIVE, Mp), OPF(PUSH, STACK_64, Ev)),
};
/* clang-format on */
