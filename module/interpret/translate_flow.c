// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of translation for instructions that use the stack or go elsewhere. Pure.
 */
#include "interpret/handlers.h"
#include "interpret/translate.h"

/* ---- the stack ------------------------------------------------------------------- */

static bool stack_step(struct translation *translation, enum stack_operation operation)
{
	unsigned int wide = translation->insn->operand_size == 4;

	translation->main.run = stack_steps[operation][wide][translation->flat];
	return true;
}

bool translate_push(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	const struct operand *from = &insn->operands[0];

	switch (from->kind) {
	case OPERAND_REGISTER:
		translation->main.source = operand_slot(from);
		return stack_step(translation, STACK_PUSH_REGISTER);
	case OPERAND_IMMEDIATE:
		translation->main.immediate = insn->immediate;
		return stack_step(translation, STACK_PUSH_IMMEDIATE);
	case OPERAND_SEGMENT:
		translation->main.immediate = from->reg;
		return stack_step(translation, STACK_PUSH_SEGMENT);
	case OPERAND_MEMORY:
		translate_memory(translation, insn->operand_size, false);
		return stack_step(translation, STACK_PUSH_MEMORY);
	default:
		return false;
	}
}

bool translate_pop(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	const struct operand *to = &insn->operands[0];

	if (is_register(to)) {
		translation->main.destination = operand_slot(to);
		return stack_step(translation, STACK_POP_REGISTER);
	}
	/* The address is formed after SP has moved. */
	if (!is_memory(to) || insn->base == REG_SP)
		return false;
	translate_memory(translation, insn->operand_size, true);
	return stack_step(translation, STACK_POP_MEMORY);
}

bool translate_pop_segment(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *to = &translation->insn->operands[0];

	if (!translation->flat || !can_load(to->reg))
		return false;
	translation->main.source = to->reg;
	translation->main.bytes = translation->insn->operand_size;
	translation->main.run = step_pop_segment;
	return true;
}

bool translate_stack(struct translation *translation, const struct translate_entry *entry)
{
	return stack_step(translation, entry->number);
}

/* ---- branches ---------------------------------------------------------------------- */

static enum branch_variant branch_variant(const struct translation *translation)
{
	if (translation->insn->operand_size == 2)
		return BRANCH_ANY16;
	return translation->flat ? BRANCH_FLAT : BRANCH_ANY32;
}

/* Where a direct jump goes, from the start of the page. */
static u32 target_in_page(const struct translation *translation)
{
	return translation->main.offset + translation->insn->length + translation->insn->immediate;
}

bool translate_jcc(struct translation *translation, const struct translate_entry *entry)
{
	struct step *step = &translation->main;
	unsigned int which = translation->insn->opcode & 15;

	step->immediate = target_in_page(translation);
	step->displacement = mask_of(translation->insn->operand_size);
	step->source = which;
	if (branch_variant(translation) != BRANCH_FLAT)
		step->run = jcc_any_steps[which];
	else if (step->immediate < GUEST_PAGE)
		step->run = jcc_unresolved_steps[which];
	else
		step->run = jcc_far_steps[which];
	return true;
}

bool translate_loop(struct translation *translation, const struct translate_entry *entry)
{
	struct step *step = &translation->main;

	step->immediate = target_in_page(translation);
	step->displacement = mask_of(translation->insn->operand_size);
	step->address_mask = mask_of(translation->insn->address_size);
	step->source = translation->insn->opcode & 3;
	step->run = step_loop;
	return true;
}

/* JMP and CALL, direct. */
bool translate_direct(struct translation *translation, const struct translate_entry *entry)
{
	struct step *step = &translation->main;
	enum branch_variant variant = branch_variant(translation);

	translation->result = TRANSLATE_ENDS;
	step->immediate = target_in_page(translation);
	step->source = entry->number;
	step->run = branch_steps[entry->number][variant];
	if (variant == BRANCH_FLAT && step->immediate < GUEST_PAGE)
		step->run = step_jmp_unresolved;
	return true;
}

/* And indirect: entry->number with a register, the next one with memory. */
bool translate_indirect(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *operand = &translation->insn->operands[0];
	struct step *step = &translation->main;
	unsigned int number = entry->number;

	translation->result = TRANSLATE_ENDS;
	if (is_register(operand)) {
		step->source = operand_slot(operand);
	} else {
		translate_memory(translation, translation->insn->operand_size, false);
		number++;
	}
	step->run = branch_steps[number][branch_variant(translation)];
	return true;
}

bool translate_ret(struct translation *translation, const struct translate_entry *entry)
{
	translation->result = TRANSLATE_ENDS;
	if (translation->insn->operand_count)
		translation->main.immediate = (u16)translation->insn->immediate;
	translation->main.run = branch_steps[BRANCH_RET][branch_variant(translation)];
	return true;
}

bool translate_iret(struct translation *translation, const struct translate_entry *entry)
{
	translation->result = TRANSLATE_ENDS;
	translation->main.run = step_iret;
	return translation->flat && translation->insn->operand_size == 4;
}

/* What never goes on with the next instruction need not be followed further. */
bool translate_end(struct translation *translation, const struct translate_entry *entry)
{
	translation->result = TRANSLATE_ENDS;
	return false;
}
