/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From decoded instructions to steps: what the cache asks for, and what the rules
 * of translation share. Private to module/interpret. Pure.
 */
#ifndef RINGLET_INTERPRET_TRANSLATE_H
#define RINGLET_INTERPRET_TRANSLATE_H

#include "interpret/handlers.h"
#include "interpret/internal.h"

enum translate_result {
	TRANSLATE_GOES_ON, /* with the next instruction */
	TRANSLATE_ENDS,	   /* it is a jump */
	TRANSLATE_SHADOWS, /* STI: with the next one, under a shadow */
};
unsigned int translate_insn(struct step *step, const struct insn *insn, unsigned int mode,
			    enum translate_result *result);
void translate_detach(struct step *step);
void translate_resolve(struct step *step, struct step *target);

/* ---- within the translation --------------------------------------------------- */

/**
 * struct translation - an instruction on its way to steps
 * @insn: the instruction
 * @main: the instruction's step
 * @address: the one before it
 * @has_address: whether there is one
 * @flat: CODE_MODE_FLAT
 * @result: what follows
 */
struct translation {
	const struct insn *insn;
	struct step main;
	struct step address;
	bool has_address;
	bool flat;
	enum translate_result result;
};

/**
 * struct translate_entry - how an operation becomes a step
 * @translate: false: it takes the slow way after all
 * @row: the variants to choose from
 * @handler: the one that there is
 * @number: which variant of stack_steps[], branch_steps[] or strings; of IN and
 *	OUT: the operand that is data
 * @reads_only: the first operand is not written
 */
struct translate_entry {
	bool (*translate)(struct translation *translation, const struct translate_entry *entry);
	const struct step_row *row;
	step_handler handler;
	unsigned int number;
	bool reads_only;
};

static inline u32 mask_of(unsigned int bytes)
{
	return bytes == 2 ? 0xffff : ~0U;
}

static inline u8 register_slot(unsigned int reg)
{
	return reg == REG_NONE ? NO_REGISTER_SLOT : reg * sizeof(u64);
}

static inline u8 operand_slot(const struct operand *operand)
{
	return operand->reg * sizeof(u64) + operand->high_byte;
}

static inline bool is_register(const struct operand *operand)
{
	return operand->kind == OPERAND_REGISTER;
}

static inline bool is_memory(const struct operand *operand)
{
	return operand->kind == OPERAND_MEMORY;
}

/* Not CS, for which there is no such instruction, and not SS, whose load casts a
 * shadow. */
static inline bool can_load(unsigned int segment)
{
	return segment != SEGMENT_CS && segment != SEGMENT_SS && segment < SEGMENT_REGISTERS;
}

/* translate_operand.c */
bool choose_step(struct translation *translation, const struct step_row *row, unsigned int bytes,
		 enum step_form form);
void describe_address(struct step *step, const struct insn *insn);
bool segment_is_flat(const struct translation *translation, bool writes);
void translate_memory(struct translation *translation, unsigned int bytes, bool writes);

/* A rule: false means that the instruction takes the slow way after all. */
typedef bool translate_rule(struct translation *translation, const struct translate_entry *entry);

/* translate_data.c */
translate_rule translate_binary;
translate_rule translate_bit_test;
translate_rule translate_extend;
translate_rule translate_cmov;
translate_rule translate_unary;
translate_rule translate_setcc;
translate_rule translate_imul;
translate_rule translate_shift;
translate_rule translate_double_shift;
translate_rule translate_cmpxchg8b;
translate_rule translate_lea;
translate_rule translate_bswap;
translate_rule translate_sign;
translate_rule translate_plain;
translate_rule translate_sti;
translate_rule translate_mov_segment;
translate_rule translate_verw;
translate_rule translate_port;
translate_rule translate_string;

/* translate_flow.c */
translate_rule translate_push;
translate_rule translate_pop;
translate_rule translate_pop_segment;
translate_rule translate_stack;
translate_rule translate_jcc;
translate_rule translate_loop;
translate_rule translate_direct;
translate_rule translate_indirect;
translate_rule translate_ret;
translate_rule translate_iret;
translate_rule translate_end;

#endif /* RINGLET_INTERPRET_TRANSLATE_H */
