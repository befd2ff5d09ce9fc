/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of steps, by the file that they are in. Private to
 * module/interpret. Pure.
 */
#ifndef RINGLET_INTERPRET_HANDLERS_H
#define RINGLET_INTERPRET_HANDLERS_H

#include "interpret/step.h"

enum step_size {
	SIZE_8,
	SIZE_16,
	SIZE_32,
	STEP_SIZES,
};

/* Destination and source. */
enum step_form {
	FORM_RR,
	FORM_RI,
	FORM_RM,
	FORM_MR,
	FORM_MI,
	FORM_LOCK_MR,
	FORM_LOCK_MI,
	STEP_FORMS,
};

/* All variants of an operation; NULL where there is none. */
struct step_row {
	step_handler run[STEP_SIZES][STEP_FORMS];
};

/* alu.c: those with one operand have it in FORM_RI, FORM_MI, FORM_LOCK_MI. */
extern const struct step_row step_add, step_or, step_adc, step_sbb, step_and, step_sub, step_xor;
extern const struct step_row step_cmp, step_test;
extern const struct step_row step_inc, step_dec, step_neg, step_not;
/* shift.c: FORM_RI, FORM_MI by an immediate, FORM_RR, FORM_MR by CL */
extern const struct step_row step_rol, step_ror, step_rcl, step_rcr, step_shl, step_shr, step_sar;
extern const struct step_row step_shld, step_shrd;
/* bits.c */
extern const struct step_row step_bt, step_bts, step_btr, step_btc, step_bsf, step_bsr;
extern const struct step_row step_tzcnt, step_lzcnt;
unsigned int step_bswap(STEP_PARAMETERS);
/* multiply.c: FORM_RI, FORM_MI: one operand; step_imul: two, with FORM_RR, FORM_RM */
extern const struct step_row step_mul, step_imul_wide, step_div, step_idiv, step_imul;
/* Three operands: FORM_RR, FORM_RM by the immediate. */
extern const struct step_row step_imul_immediate;
/* move.c */
extern const struct step_row step_mov, step_xchg, step_xadd, step_cmpxchg;
extern const struct step_row step_movzx8, step_movzx16, step_movsx8, step_movsx16;
extern const struct step_row step_setcc, step_cmov;
unsigned int step_cmpxchg8b(STEP_PARAMETERS);
unsigned int step_lea_base(STEP_PARAMETERS);
/* The steps before those with a memory operand that is not base + displacement. */
unsigned int step_address_index(STEP_PARAMETERS);
unsigned int step_address_segment(STEP_PARAMETERS);
unsigned int step_lea16(STEP_PARAMETERS);
unsigned int step_lea32(STEP_PARAMETERS);
unsigned int step_nop(STEP_PARAMETERS);
unsigned int step_cwde(STEP_PARAMETERS);
unsigned int step_cbw(STEP_PARAMETERS);
unsigned int step_cdq(STEP_PARAMETERS);
unsigned int step_cwd(STEP_PARAMETERS);
extern const struct step_row step_store_segment;

/* stack.c: by operand size (16, 32) and whether the stack is flat */
enum stack_operation {
	STACK_PUSH_REGISTER,
	STACK_PUSH_IMMEDIATE,
	STACK_PUSH_MEMORY,
	STACK_PUSH_SEGMENT,
	STACK_POP_REGISTER,
	STACK_POP_MEMORY,
	STACK_LEAVE,
	STACK_PUSHA,
	STACK_POPA,
	STACK_PUSHF,
	STACK_POPF,
	STACK_OPERATIONS,
};
extern const step_handler stack_steps[STACK_OPERATIONS][2][2];

/* branch.c: unresolved handlers replace themselves by resolved ones */
enum branch_operation {
	BRANCH_JMP,
	BRANCH_CALL,
	BRANCH_RET,
	BRANCH_JMP_REGISTER,
	BRANCH_JMP_MEMORY,
	BRANCH_CALL_REGISTER,
	BRANCH_CALL_MEMORY,
	BRANCHES,
};
enum branch_variant {
	BRANCH_FLAT,	/* 32-bit, flat CS and SS */
	BRANCH_ANY16,	/* operand size 16 */
	BRANCH_ANY32,	/* operand size 32, any segments */
	BRANCH_VARIANTS,
};
extern const step_handler branch_steps[BRANCHES][BRANCH_VARIANTS];
extern const step_handler jcc_unresolved_steps[16]; /* never taken yet */
extern const step_handler jcc_near_steps[16]; /* resolved, within the page, flat */
extern const step_handler jcc_far_steps[16];  /* through the jump cache, flat */
extern const step_handler jcc_any_steps[16];
unsigned int step_jmp_near(STEP_PARAMETERS);
unsigned int step_call_near(STEP_PARAMETERS);
unsigned int step_jmp_unresolved(STEP_PARAMETERS);
unsigned int step_loop(STEP_PARAMETERS);
/* No instruction: the block goes on in another of the page, or the next page. */
unsigned int step_join(STEP_PARAMETERS);
unsigned int step_page_end(STEP_PARAMETERS);

/* string.c */
unsigned int step_string(STEP_PARAMETERS);
#define STRING_REPEAT	   BIT(0)
#define STRING_UNTIL_EQUAL BIT(1) /* REPNE */
enum string_operation {
	STRING_MOVS,
	STRING_CMPS,
	STRING_STOS,
	STRING_LODS,
	STRING_SCAS,
};

/* flags.c */
unsigned int step_clc(STEP_PARAMETERS);
unsigned int step_stc(STEP_PARAMETERS);
unsigned int step_cmc(STEP_PARAMETERS);
unsigned int step_cld(STEP_PARAMETERS);
unsigned int step_std(STEP_PARAMETERS);
unsigned int step_cli(STEP_PARAMETERS);
unsigned int step_sti(STEP_PARAMETERS);
/* No instruction: the shadow of STI ends. */
unsigned int step_shadow_ends(STEP_PARAMETERS);
unsigned int step_lahf(STEP_PARAMETERS);
unsigned int step_sahf(STEP_PARAMETERS);
unsigned int step_rdtsc(STEP_PARAMETERS);

/* system.c: the register to load is in the source */
extern const struct step_row step_load_segment, step_verify_writable;
unsigned int step_pop_segment(STEP_PARAMETERS);
unsigned int step_iret(STEP_PARAMETERS);
unsigned int step_in(STEP_PARAMETERS);
unsigned int step_out(STEP_PARAMETERS);

#endif /* RINGLET_INTERPRET_HANDLERS_H */
