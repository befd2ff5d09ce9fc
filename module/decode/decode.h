/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder: bytes to struct insn. Called by everything that
 * looks at guest code (exits, the emulator, later the translator). Pure.
 */
#ifndef RINGLET_DECODE_DECODE_H
#define RINGLET_DECODE_DECODE_H

#include <ringlet/types.h>
#include <ringlet/x86.h>
#include "decode/operations.h"

#define INSN_MAX_LENGTH 15

/* insn.base and insn.index when the address has none. */
#define REG_NONE 0xff

enum insn_mode {
	INSN_MODE_16, /* real mode, V86, or a code segment with D=0 */
	INSN_MODE_32, /* a code segment with D=1 */
	INSN_MODE_64, /* lengths and operands; for 64-bit guests */
};

/*
 * What an instruction means for a guest kernel that runs in ring 1, after
 * Popek and Goldberg. It depends on the operand forms too (MOV from DS is
 * innocuous, MOV from CS is not).
 */
enum insn_class {
	INSN_INNOCUOUS,
	INSN_PRIVILEGED,       /* traps outside ring 0 */
	INSN_SENSITIVE_SILENT, /* reads or changes privileged state, no trap */
};

enum insn_map {
	INSN_MAP_ONE_BYTE,
	INSN_MAP_0F,
	INSN_MAP_0F38,
	INSN_MAP_0F3A,
	INSN_MAP_OTHER, /* 3DNow!, VEX/EVEX/XOP maps above: length only */
};

/*
 * Prefixes that count; a mask. The last of F2 and F3 wins and the earlier is
 * not recorded; nor is a REX that a legacy prefix follows, nor an override to
 * ES, CS, SS or DS in 64-bit mode.
 */
#define INSN_PREFIX_LOCK    BIT(0)
#define INSN_PREFIX_REPNE   BIT(1) /* F2 */
#define INSN_PREFIX_REP	    BIT(2) /* F3 */
#define INSN_PREFIX_OPERAND BIT(3)
#define INSN_PREFIX_ADDRESS BIT(4)
#define INSN_PREFIX_SEGMENT BIT(5)
#define INSN_PREFIX_REX	    BIT(6)
#define INSN_PREFIX_VEX	    BIT(7)
#define INSN_PREFIX_EVEX    BIT(8)
#define INSN_PREFIX_XOP	    BIT(9)
#define INSN_PREFIX_ANY_VEX (INSN_PREFIX_VEX | INSN_PREFIX_EVEX | INSN_PREFIX_XOP)

enum operand_kind {
	OPERAND_NONE,
	OPERAND_REGISTER,	    /* general register .reg; AH..BH: .high_byte */
	OPERAND_MEMORY,		    /* the memory operand that insn.memory describes */
	OPERAND_IMMEDIATE,	    /* insn.immediate, sign-extended as the opcode says */
	OPERAND_IMMEDIATE2,	    /* insn.immediate2: ENTER's level, selector of ptr16:32 */
	OPERAND_CONSTANT,	    /* an implied value: the 1 of D1 /4, in .value */
	OPERAND_RELATIVE,	    /* branch displacement: insn.immediate, from the next EIP */
	OPERAND_FAR,		    /* ptr16:16/32: insn.immediate2 : insn.immediate */
	OPERAND_SEGMENT,	    /* segment register .reg */
	OPERAND_CONTROL,	    /* CR .reg */
	OPERAND_DEBUG,		    /* DR .reg */
	OPERAND_X87,		    /* ST(.reg) */
	OPERAND_MMX,		    /* MM .reg */
	OPERAND_VECTOR,		    /* XMM/YMM/ZMM .reg */
	OPERAND_STRING_SOURCE,	    /* [segment:(E)SI] of a string instruction */
	OPERAND_STRING_DESTINATION, /* [ES:(E)DI] */
};

struct operand {
	u8 kind; /* enum operand_kind */
	u8 reg;
	bool high_byte; /* AH, CH, DH, BH, and .reg is AX, CX, DX, BX */
	u8 value;	/* OPERAND_CONSTANT */
	/*
	 * Bytes; of an immediate those after extension. 0: the instruction does
	 * not say (LEA, INVLPG, NOP hints, prefetch, XSAVE).
	 */
	u16 size;
};

/*
 * struct insn - a decoded instruction
 *
 * Offsets are from the first byte; 0 where the field is absent, which .*_bytes
 * and .has_* tell. Not to be used after a result other than DECODE_OK, apart
 * from length (bytes consumed) and operation.
 */
struct insn {
	u8 length;	 /* 1..15 */
	u8 mode;	 /* enum insn_mode it was decoded for */
	u8 map;		 /* enum insn_map */
	u8 opcode;	 /* last opcode byte */
	u16 operation;	 /* enum operation, OPERATION_* in operations.h */
	u8 class;	 /* enum insn_class */
	u8 operand_size; /* effective: 2, 4 or 8 (byte forms: see operands[].size) */
	u8 address_size; /* effective: 2, 4 or 8 */
	u16 prefixes;	 /* INSN_PREFIX_* */
	u8 rex;

	bool has_modrm;
	u8 modrm;
	bool has_sib;
	u8 sib;

	/* The memory operand: segment:[base + index * scale + displacement]. */
	bool has_memory;
	u8 segment;	   /* the override, else the default; set for string operands too */
	u8 base;	   /* general_register or REG_NONE */
	u8 index;	   /* general_register or REG_NONE */
	u8 scale;	   /* 1, 2, 4, 8 */
	bool rip_relative; /* 64-bit mode: displacement counts from the next RIP */
	s64 displacement;  /* sign-extended; moffs: the whole address, zero-extended */

	/*
	 * Sign-extended to 64 bits where the instruction sign-extends: relative
	 * branches, byte immediates of wider operands (6A, 6B, 83), 32-bit
	 * immediates of 64-bit operands. Zero-extended otherwise.
	 */
	u64 immediate;
	u16 immediate2;

	u8 operand_count;
	/*
	 * Intel order, destination first, with those that the manual's syntax
	 * names though the opcode implies them (AL in IN AL, imm8; CL in shifts;
	 * both of a string instruction), but not those it only describes (DX:AX
	 * of MUL, the stack of PUSH). None for VEX, EVEX, XOP.
	 */
	struct operand operands[4];

	/* Where the parts stand, for a translator that rewrites them. */
	u8 prefix_bytes;  /* legacy, REX, VEX.. bytes before the opcode and its 0F, 0F 38, 0F 3A */
	u8 opcode_offset; /* of .opcode */
	u8 modrm_offset;
	u8 displacement_offset, displacement_bytes;
	u8 immediate_offset, immediate_bytes; /* both immediates, if there are two */
};

enum decode_result {
	DECODE_OK,
	DECODE_TRUNCATED, /* needs more bytes than were given */
	DECODE_TOO_LONG,  /* would exceed 15 bytes: the processor raises #GP(0) */
	DECODE_INVALID,	  /* no such opcode: #UD; insn->length is best effort */
};

/**
 * decode_insn() - decode one instruction
 * @insn: filled in on DECODE_OK; on DECODE_INVALID operation is
 *	OPERATION_INVALID
 * @bytes: the instruction's bytes
 * @available: how many of @bytes may be read, 0 or more
 * @mode: default operand and address size
 *
 * LOCK on an instruction that does not take it decodes: raising #UD for it is
 * the emulator's part (insn_lock_allowed()).
 *
 * Context: any; pure.
 */
enum decode_result decode_insn(struct insn *insn, const u8 *bytes, unsigned int available,
			       enum insn_mode mode);

/* Whether the architecture allows a LOCK prefix on this instruction. */
bool insn_lock_allowed(const struct insn *insn);

/* Name of an operation in lower case as in manuals, e.g. "lgdt"; never NULL. */
const char *operation_name(unsigned int operation);

#endif /* RINGLET_DECODE_DECODE_H */
