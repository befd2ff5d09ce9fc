// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operands of an instruction on its way to steps: the variant that takes
 * them, and the address of the one in memory. Pure.
 */
#include "interpret/handlers.h"
#include "interpret/translate.h"

static bool size_index(unsigned int bytes, enum step_size *size)
{
	switch (bytes) {
	case 1:
		*size = SIZE_8;
		return true;
	case 2:
		*size = SIZE_16;
		return true;
	case 4:
		*size = SIZE_32;
		return true;
	default:
		return false;
	}
}

bool choose_step(struct translation *translation, const struct step_row *row, unsigned int bytes,
		 enum step_form form)
{
	enum step_size size;

	if (!size_index(bytes, &size))
		return false;
	translation->main.run = row->run[size][form];
	return translation->main.run;
}

/* ---- memory operands --------------------------------------------------------- */

void describe_address(struct step *step, const struct insn *insn)
{
	step->displacement = insn->displacement;
	step->base = register_slot(insn->base);
	step->index_register = register_slot(insn->index);
	step->scale = insn->index == REG_NONE ? 1 : insn->scale;
	step->segment = insn->segment;
	step->address_mask = mask_of(insn->address_size);
}

bool segment_is_flat(const struct translation *translation, bool writes)
{
	const struct insn *insn = translation->insn;

	if (!translation->flat || insn->address_size != 4)
		return false;
	switch (insn->segment) {
	case SEGMENT_ES:
	case SEGMENT_SS:
	case SEGMENT_DS:
		return true;
	case SEGMENT_CS:
		return !writes;
	default:
		return false;
	}
}

/* The memory operand: in the main step if it is simple, else before it. */
void translate_memory(struct translation *translation, unsigned int bytes, bool writes)
{
	const struct insn *insn = translation->insn;
	struct step *main = &translation->main;
	struct step *address = &translation->address;
	bool flat = segment_is_flat(translation, writes);

	if (flat && insn->index == REG_NONE) {
		main->displacement = insn->displacement;
		main->base = register_slot(insn->base);
		return;
	}
	*address = *main;
	address->run = flat ? step_address_index : step_address_segment;
	describe_address(address, insn);
	address->bytes = bytes;
	address->writes = writes;
	translation->has_address = true;
	main->displacement = 0;
	main->base = ADDRESS_SLOT;
	main->index_register = STEP_HAS_ADDRESS;
}
