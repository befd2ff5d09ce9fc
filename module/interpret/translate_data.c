// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of translation for instructions that work on data: in registers and
 * memory, at ports, in strings. Pure.
 */
#include "interpret/handlers.h"
#include "interpret/translate.h"

/* ---- two operands -------------------------------------------------------------- */

bool translate_binary(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *to = &translation->insn->operands[0];
	const struct operand *from = &translation->insn->operands[1];
	bool locked = translation->insn->prefixes & INSN_PREFIX_LOCK;
	struct step *step = &translation->main;

	if (is_register(to))
		step->destination = operand_slot(to);
	else if (!is_memory(to))
		return false;
	if (is_register(from))
		step->source = operand_slot(from);
	else if (from->kind == OPERAND_IMMEDIATE)
		step->immediate = translation->insn->immediate;
	else if (!is_memory(from))
		return false;

	if (is_memory(from)) {
		translate_memory(translation, from->size, false);
		return choose_step(translation, entry->row, to->size, FORM_RM);
	}
	if (is_register(to))
		return choose_step(translation, entry->row, to->size,
				   is_register(from) ? FORM_RR : FORM_RI);
	translate_memory(translation, to->size, !entry->reads_only);
	if (is_register(from))
		return choose_step(translation, entry->row, to->size,
				   locked ? FORM_LOCK_MR : FORM_MR);
	return choose_step(translation, entry->row, to->size, locked ? FORM_LOCK_MI : FORM_MI);
}

/* A bit number in a register moves the address, which its segment must see. */
bool translate_bit_test(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;

	if (is_memory(&insn->operands[0]) && is_register(&insn->operands[1]) &&
	    !segment_is_flat(translation, !entry->reads_only))
		return false;
	return translate_binary(translation, entry);
}

static const struct step_row *extend_row(const struct insn *insn)
{
	bool byte = insn->operands[1].size == 1;

	if (insn->operation == OPERATION_MOVZX)
		return byte ? &step_movzx8 : &step_movzx16;
	return byte ? &step_movsx8 : &step_movsx16;
}

bool translate_extend(struct translation *translation, const struct translate_entry *entry)
{
	struct translate_entry chosen = *entry;

	chosen.row = extend_row(translation->insn);
	return translate_binary(translation, &chosen);
}

/* The condition is in the opcode. */
bool translate_cmov(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.immediate = translation->insn->opcode & 15;
	return translate_binary(translation, entry);
}

bool translate_unary(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *operand = &translation->insn->operands[0];
	bool locked = translation->insn->prefixes & INSN_PREFIX_LOCK;

	if (is_register(operand)) {
		translation->main.destination = operand_slot(operand);
		return choose_step(translation, entry->row, operand->size, FORM_RI);
	}
	if (!is_memory(operand))
		return false;
	translate_memory(translation, operand->size, !entry->reads_only);
	return choose_step(translation, entry->row, operand->size, locked ? FORM_LOCK_MI : FORM_MI);
}

bool translate_setcc(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.immediate = translation->insn->opcode & 15;
	return translate_unary(translation, entry);
}

bool translate_imul(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	struct translate_entry chosen = *entry;

	chosen.reads_only = true;
	switch (insn->operand_count) {
	case 1:
		chosen.row = &step_imul_wide;
		return translate_unary(translation, &chosen);
	case 2:
		chosen.row = &step_imul;
		return translate_binary(translation, &chosen);
	default:
		chosen.row = &step_imul_immediate;
		translation->main.immediate = insn->immediate;
		return translate_binary(translation, &chosen);
	}
}

#define COUNT_MASK 31

/* False: the count is one whose flags are odd, or zero on memory. */
static bool immediate_count(struct translation *translation, const struct operand *count)
{
	const struct insn *insn = translation->insn;
	unsigned int bits = 8 * insn->operands[0].size;
	u32 value = count->kind == OPERAND_CONSTANT ? count->value : insn->immediate;

	value &= COUNT_MASK;
	translation->main.immediate = value;
	return value && value < bits;
}

bool translate_shift(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	const struct operand *to = &insn->operands[0];
	const struct operand *count = &insn->operands[1];
	bool by_register = is_register(count);

	if (!by_register && !immediate_count(translation, count))
		return false;
	if (is_register(to)) {
		translation->main.destination = operand_slot(to);
		return choose_step(translation, entry->row, to->size,
				   by_register ? FORM_RR : FORM_RI);
	}
	translate_memory(translation, to->size, true);
	return choose_step(translation, entry->row, to->size, by_register ? FORM_MR : FORM_MI);
}

bool translate_double_shift(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	bool by_register = is_register(&insn->operands[2]);

	if (!is_register(&insn->operands[0]))
		return false;
	if (!by_register && !immediate_count(translation, &insn->operands[2]))
		return false;
	translation->main.destination = operand_slot(&insn->operands[0]);
	translation->main.source = operand_slot(&insn->operands[1]);
	return choose_step(translation, entry->row, insn->operands[0].size,
			   by_register ? FORM_RR : FORM_RI);
}

bool translate_cmpxchg8b(struct translation *translation, const struct translate_entry *entry)
{
	if (!is_memory(&translation->insn->operands[0]))
		return false;
	translate_memory(translation, sizeof(u64), true);
	translation->main.run = step_cmpxchg8b;
	return true;
}

bool translate_lea(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	struct step *step = &translation->main;

	if (!insn->has_memory)
		return false;
	step->destination = operand_slot(&insn->operands[0]);
	describe_address(step, insn);
	if (insn->operands[0].size == 2)
		step->run = step_lea16;
	else if (insn->index == REG_NONE && insn->address_size == 4)
		step->run = step_lea_base;
	else
		step->run = step_lea32;
	return true;
}

bool translate_bswap(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *operand = &translation->insn->operands[0];

	translation->main.destination = operand_slot(operand);
	translation->main.run = step_bswap;
	return operand->size == 4;
}

/* CBW and CWD, by operand size. */
bool translate_sign(struct translation *translation, const struct translate_entry *entry)
{
	bool wide = translation->insn->operand_size == 4;

	if (translation->insn->operation == OPERATION_CBW)
		translation->main.run = wide ? step_cwde : step_cbw;
	else
		translation->main.run = wide ? step_cdq : step_cwd;
	return true;
}

bool translate_plain(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.run = entry->handler;
	return true;
}

bool translate_sti(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.run = step_sti;
	translation->result = TRANSLATE_SHADOWS;
	return true;
}

/* Of 16 bits, from the source, which is the only operand that handlers look at. */
static bool translate_selector(struct translation *translation, const struct step_row *row,
			       const struct operand *from)
{
	if (is_register(from)) {
		translation->main.destination = operand_slot(from);
		return choose_step(translation, row, sizeof(u16), FORM_RI);
	}
	if (!is_memory(from))
		return false;
	translate_memory(translation, sizeof(u16), false);
	return choose_step(translation, row, sizeof(u16), FORM_MI);
}

bool translate_mov_segment(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *to = &translation->insn->operands[0];
	const struct operand *from = &translation->insn->operands[1];

	if (from->kind == OPERAND_SEGMENT) {
		translation->main.immediate = from->reg;
		return translate_unary(translation, entry);
	}
	if (to->kind != OPERAND_SEGMENT || !can_load(to->reg))
		return false;
	translation->main.source = to->reg;
	return translate_selector(translation, &step_load_segment, from);
}

bool translate_verw(struct translation *translation, const struct translate_entry *entry)
{
	return (translation->flat) &&
	       translate_selector(translation, entry->row, &translation->insn->operands[0]);
}

/* ---- ports ----------------------------------------------------------------------------- */

bool translate_port(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *data = &translation->insn->operands[entry->number];
	const struct operand *port = &translation->insn->operands[!entry->number];

	translation->main.run = entry->handler;
	translation->main.bytes = data->size;
	translation->main.source = is_register(port);
	translation->main.immediate = (u8)translation->insn->immediate;
	return true;
}

/* ---- strings --------------------------------------------------------------------------- */

bool translate_string(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	struct step *step = &translation->main;

	step->source = entry->number;
	step->bytes = insn->opcode & 1 ? insn->operand_size : 1;
	step->segment = insn->segment < SEGMENT_REGISTERS ? insn->segment : SEGMENT_DS;
	step->address_mask = mask_of(insn->address_size);
	if (insn->prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE))
		step->destination |= STRING_REPEAT;
	if (insn->prefixes & INSN_PREFIX_REPNE)
		step->destination |= STRING_UNTIL_EQUAL;
	step->run = step_string;
	return true;
}
