/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The format of the decoder's tables: one row an opcode, in the notation of
 * the opcode maps of Intel's manual ("Opcode Map", "Key to Abbreviations").
 * Private to module/decode. Pure.
 *
 * A row is either an instruction or a choice among further rows: by a field
 * of ModRM, by mandatory prefix, by mode. decode.c follows choices until it
 * stands on an instruction; an empty row is an undefined opcode.
 */
#ifndef RINGLET_DECODE_TABLE_H
#define RINGLET_DECODE_TABLE_H

#include "decode/decode.h"

/*
 * Where an operand comes from. MODRM_RM takes a register or memory, the
 * _MEMORY and _REGISTER variants refuse the other form.
 */
enum operand_method {
	METHOD_NONE,
	METHOD_RM,		/* E: general register or memory, by ModRM.rm */
	METHOD_RM_MEMORY,	/* M: ModRM.rm, memory only */
	METHOD_RM_REGISTER,	/* R: ModRM.rm, general register only */
	METHOD_RM_ANY_MOD,	/* general register by ModRM.rm whatever mod says */
	METHOD_REG,		/* G: general register by ModRM.reg */
	METHOD_SEGMENT,		/* S: segment register by ModRM.reg */
	METHOD_SEGMENT_LOAD,	/* the same, and CS is undefined */
	METHOD_CONTROL,		/* C: by ModRM.reg */
	METHOD_DEBUG,		/* D: by ModRM.reg */
	METHOD_X87,		/* ST(i) by ModRM.rm */
	METHOD_MMX_REG,		/* P: MMX register by ModRM.reg */
	METHOD_MMX_RM,		/* Q: MMX register or memory */
	METHOD_MMX_REGISTER,	/* N: ModRM.rm, MMX register only */
	METHOD_XMM_REG,		/* V: XMM register by ModRM.reg */
	METHOD_XMM_RM,		/* W: XMM register or memory */
	METHOD_XMM_REGISTER,	/* U: ModRM.rm, XMM register only */
	METHODS_BY_MODRM,	/* what follows does not need ModRM */
	METHOD_OPCODE = METHODS_BY_MODRM, /* Z: general register, the opcode's low 3 bits */
	METHOD_FIXED,		/* a general register that the opcode implies */
	METHOD_FIXED_SEGMENT,
	METHOD_CONSTANT,	/* a value that the opcode implies */
	METHOD_IMMEDIATE,	/* I: zero-extended, but see SIZE_Z in 64-bit mode */
	METHOD_SIGNED,		/* a byte, sign-extended to the operand size */
	METHOD_IMMEDIATE2,	/* the second immediate */
	METHOD_RELATIVE,	/* J */
	METHOD_FAR,		/* A: offset, then selector */
	METHOD_OFFSET,		/* O: memory at an address that follows the opcode */
	METHOD_STRING_SOURCE,
	METHOD_STRING_DESTINATION,
};

/* How large it is. */
enum operand_size_rule {
	SIZE_0,
	SIZE_B,
	SIZE_W,
	SIZE_D,
	SIZE_Q,
	SIZE_DQ,     /* 16 bytes */
	SIZE_T,	     /* 10 bytes */
	SIZE_V,	     /* the operand size */
	SIZE_Z,	     /* the operand size, at most 4 */
	SIZE_Y,	     /* 4, or 8 with REX.W */
	SIZE_P,	     /* far pointer in memory: the operand size and a selector */
	SIZE_A,	     /* two words or doublewords: BOUND */
	SIZE_FPU_ENVIRONMENT, /* 14 or 28 bytes */
	SIZE_FPU_STATE,	      /* 94 or 108 bytes */
	SIZE_CACHE_LINE,      /* 64 bytes */
	SIZE_FXSAVE,	      /* 512 bytes */
	SIZE_CMPXCHG,	      /* 8, or 16 with REX.W */
	SIZE_RULES_BY_OPERAND, /* what follows does not depend on the operand size */
	SIZE_NATIVE = SIZE_RULES_BY_OPERAND, /* 4, or 8 in 64-bit mode */
	SIZE_S,	      /* pseudo-descriptor: 6, or 10 in 64-bit mode */
	SIZE_ADDRESS, /* the address size */
};

/*
 * The operands that rows name: X(name, method, value, register's size,
 * memory's size). The letters are the manual's; what it has no letters for is
 * written register size first: Ev_w is a register of the operand size or a
 * word of memory.
 */
/* clang-format off */
#define FOR_EACH_OPERAND(X) \
	X(None, NONE, 0, 0, 0) \
	X(Eb, RM, 0, B, B) \
	X(Ew, RM, 0, W, W) \
	X(Ed, RM, 0, D, D) \
	X(Ev, RM, 0, V, V) \
	X(Ey, RM, 0, Y, Y) \
	X(Ez, RM, 0, Z, Z) \
	X(En, RM, 0, NATIVE, NATIVE) \
	X(Ev_w, RM, 0, V, W) \
	X(Ez_w, RM, 0, Z, W) \
	X(Ed_b, RM, 0, D, B) \
	X(Ed_w, RM, 0, D, W) \
	X(M, RM_MEMORY, 0, 0, 0) \
	X(Mb, RM_MEMORY, 0, 0, B) \
	X(Mw, RM_MEMORY, 0, 0, W) \
	X(Md, RM_MEMORY, 0, 0, D) \
	X(Mq, RM_MEMORY, 0, 0, Q) \
	X(Mdq, RM_MEMORY, 0, 0, DQ) \
	X(Mt, RM_MEMORY, 0, 0, T) \
	X(Mv, RM_MEMORY, 0, 0, V) \
	X(My, RM_MEMORY, 0, 0, Y) \
	X(Mp, RM_MEMORY, 0, 0, P) \
	X(Ma, RM_MEMORY, 0, 0, A) \
	X(Ms, RM_MEMORY, 0, 0, S) \
	X(Mline, RM_MEMORY, 0, 0, CACHE_LINE) \
	X(Mfxsave, RM_MEMORY, 0, 0, FXSAVE) \
	X(Mcmpxchg, RM_MEMORY, 0, 0, CMPXCHG) \
	X(Menvironment, RM_MEMORY, 0, 0, FPU_ENVIRONMENT) \
	X(Mstate, RM_MEMORY, 0, 0, FPU_STATE) \
	X(Rd, RM_REGISTER, 0, D, 0) \
	X(Rw, RM_REGISTER, 0, W, 0) \
	X(Rv, RM_REGISTER, 0, V, 0) \
	X(Ry, RM_REGISTER, 0, Y, 0) \
	X(Rn, RM_REGISTER, 0, NATIVE, 0) \
	X(Ra, RM_REGISTER, 0, ADDRESS, 0) \
	X(Rn_any_mod, RM_ANY_MOD, 0, NATIVE, 0) \
	X(Gb, REG, 0, B, 0) \
	X(Gw, REG, 0, W, 0) \
	X(Gd, REG, 0, D, 0) \
	X(Gv, REG, 0, V, 0) \
	X(Gy, REG, 0, Y, 0) \
	X(Gn, REG, 0, NATIVE, 0) \
	X(Ga, REG, 0, ADDRESS, 0) \
	X(Zb, OPCODE, 0, B, 0) \
	X(Zv, OPCODE, 0, V, 0) \
	X(AL, FIXED, REG_AX, B, 0) \
	X(CL, FIXED, REG_CX, B, 0) \
	X(AXw, FIXED, REG_AX, W, 0) \
	X(DXw, FIXED, REG_DX, W, 0) \
	X(rAX, FIXED, REG_AX, V, 0) \
	X(zAX, FIXED, REG_AX, Z, 0) \
	X(One, CONSTANT, 1, B, 0) \
	X(Ib, IMMEDIATE, 0, B, 0) \
	X(Iw, IMMEDIATE, 0, W, 0) \
	X(Iz, IMMEDIATE, 0, Z, 0) \
	X(Iv, IMMEDIATE, 0, V, 0) \
	X(Ibs, SIGNED, 0, V, 0) \
	X(Ib2, IMMEDIATE2, 0, B, 0) \
	X(Jb, RELATIVE, 0, B, 0) \
	X(Jz, RELATIVE, 0, Z, 0) \
	X(Ap, FAR, 0, P, 0) \
	X(Ob, OFFSET, 0, 0, B) \
	X(Ov, OFFSET, 0, 0, V) \
	X(Sw, SEGMENT, 0, W, 0) \
	X(Sload, SEGMENT_LOAD, 0, W, 0) \
	X(ES, FIXED_SEGMENT, SEGMENT_ES, W, 0) \
	X(CS, FIXED_SEGMENT, SEGMENT_CS, W, 0) \
	X(SS, FIXED_SEGMENT, SEGMENT_SS, W, 0) \
	X(DS, FIXED_SEGMENT, SEGMENT_DS, W, 0) \
	X(FS, FIXED_SEGMENT, SEGMENT_FS, W, 0) \
	X(GS, FIXED_SEGMENT, SEGMENT_GS, W, 0) \
	X(Cn, CONTROL, 0, NATIVE, 0) \
	X(Dn, DEBUG, 0, NATIVE, 0) \
	X(Xb, STRING_SOURCE, 0, 0, B) \
	X(Xv, STRING_SOURCE, 0, 0, V) \
	X(Xz, STRING_SOURCE, 0, 0, Z) \
	X(Yb, STRING_DESTINATION, 0, 0, B) \
	X(Yv, STRING_DESTINATION, 0, 0, V) \
	X(Yz, STRING_DESTINATION, 0, 0, Z) \
	X(STi, X87, 0, T, 0) \
	X(Pq, MMX_REG, 0, Q, 0) \
	X(Qq, MMX_RM, 0, Q, Q) \
	X(Qd, MMX_RM, 0, Q, D) \
	X(Nq, MMX_REGISTER, 0, Q, 0) \
	X(Vx, XMM_REG, 0, DQ, 0) \
	X(Wx, XMM_RM, 0, DQ, DQ) \
	X(Wq, XMM_RM, 0, DQ, Q) \
	X(Wd, XMM_RM, 0, DQ, D) \
	X(Ww, XMM_RM, 0, DQ, W) \
	X(Ux, XMM_REGISTER, 0, DQ, 0)
/* clang-format on */

enum operand_name {
#define OPERAND_ENUMERATOR(name, method, value, size, memory) OPERAND_##name##_ROW,
	FOR_EACH_OPERAND(OPERAND_ENUMERATOR)
#undef OPERAND_ENUMERATOR
	OPERAND_NAMES,
};

struct operand_rule {
	u8 method;	/* enum operand_method */
	u8 value;	/* register or constant that the opcode implies */
	u8 size;	/* enum operand_size_rule of a register or immediate */
	u8 memory_size; /* enum operand_size_rule of memory */
};

extern const struct operand_rule operand_rules[OPERAND_NAMES];

/* What a row is. CHOICE_*: take the row in .next that the named thing selects. */
enum row_kind {
	ROW_INSTRUCTION,
	ROW_PREFIX, /* .value: INSN_PREFIX_*; .segment for the overrides */
	ROW_REX,
	CHOICE_OPCODE, /* the next byte; .value: enum insn_map */
	CHOICE_REG,    /* ModRM.reg */
	CHOICE_MOD,    /* memory, register */
	CHOICE_RM,     /* ModRM.rm */
	CHOICE_PREFIX, /* none, 66, F3, F2 (the last of F3 and F2, then 66) */
	CHOICE_REPEAT, /* none or 66, F3, F2: where 66 is the operand size */
	CHOICE_MODE,   /* 16- and 32-bit, 64-bit */
	CHOICE_REX_W,  /* clear, set */
	CHOICE_REX_B,  /* clear, set */
	CHOICE_X87,    /* the opcode, D8..DF */
	/* Encodings with a parser of their own, in vex.c. .next: the row if not */
	ROW_VEX2,
	ROW_VEX3,
	ROW_EVEX,
	ROW_XOP,
};

/* Bits of .flags. */
#define HAS_MODRM BIT(0) /* below CHOICE_REG, _MOD and _RM a row need not say so */
#define NOT_64 BIT(1)	 /* undefined in 64-bit mode */
#define ONLY_64 BIT(2)	 /* undefined elsewhere */
#define STACK_64 BIT(3)	 /* operand size 8 in 64-bit mode, 66 makes it 2 */
#define BRANCH_64 BIT(4) /* operand size 8 in 64-bit mode, 66 is ignored */
#define PRIVILEGED BIT(5)
#define SENSITIVE BIT(6)

struct opcode_row {
	u16 operation; /* OPERATION_INVALID with ROW_INSTRUCTION: undefined */
	u8 kind;       /* enum row_kind */
	u8 flags;
	union {
		u8 operands[4]; /* enum operand_name */
		struct {
			u16 value; /* INSN_PREFIX_* or INSN_MAP_* */
			u8 segment;
		};
	};
	const struct opcode_row *next;
};

extern const struct opcode_row opcodes_one_byte[256];
extern const struct opcode_row opcodes_0f[256];
extern const struct opcode_row opcodes_0f38[256];
extern const struct opcode_row opcodes_0f3a[256];
extern const struct opcode_row opcodes_x87[8];
/* Rows of 0F that have tables of their own, in groups.c. */
extern const struct opcode_row group_0f00[8];
extern const struct opcode_row group_0f01[2];
extern const struct opcode_row group_0fae[2];
extern const struct opcode_row group_0fc7[2];

/*
 * How rows are written: OP(name, operand...), RM the same with a ModRM byte of
 * its own, OPF and RMF with flags. A row without a class is innocuous.
 */
/* clang-format off */
#define ROW_OPERANDS(first, a, b, c, d, ...) \
	{ OPERAND_##a##_ROW, OPERAND_##b##_ROW, OPERAND_##c##_ROW, OPERAND_##d##_ROW }
#define OPF(name, bits, ...) \
	{ .operation = OPERATION_##name, .flags = (bits), \
	  .operands = ROW_OPERANDS(0, ##__VA_ARGS__, None, None, None, None, None) }
#define OP(name, ...) OPF(name, 0, ##__VA_ARGS__)
#define RM(name, ...) OPF(name, HAS_MODRM, ##__VA_ARGS__)
#define RMF(name, bits, ...) OPF(name, HAS_MODRM | (bits), ##__VA_ARGS__)
#define UNDEFINED { .operation = OPERATION_INVALID }

/* What is not listed at the end of a choice is undefined. */
#define CHOICE(k, n, ...) { .kind = (k), .next = (const struct opcode_row[n]) { __VA_ARGS__ } }
#define BY_REG(...) CHOICE(CHOICE_REG, 8, __VA_ARGS__)
#define BY_MOD(...) CHOICE(CHOICE_MOD, 2, __VA_ARGS__)
#define BY_RM(...) CHOICE(CHOICE_RM, 8, __VA_ARGS__)
#define BY_PREFIX(...) CHOICE(CHOICE_PREFIX, 4, __VA_ARGS__)
#define BY_REPEAT(...) CHOICE(CHOICE_REPEAT, 3, __VA_ARGS__)
#define BY_MODE(...) CHOICE(CHOICE_MODE, 2, __VA_ARGS__)
#define BY_REX_W(...) CHOICE(CHOICE_REX_W, 2, __VA_ARGS__)
#define BY_REX_B(...) CHOICE(CHOICE_REX_B, 2, __VA_ARGS__)
#define GROUP(k, table) { .kind = (k), .next = (table) }
/* clang-format on */

#endif /* RINGLET_DECODE_TABLE_H */
