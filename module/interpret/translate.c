// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a decoded instruction to its steps. Called when a block is decoded.
 * Pure.
 *
 * The table is the allow-list of what the core does itself; all else becomes
 * step_slow(), and is done by the emulator.
 */
#include "interpret/internal.h"

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

static u32 mask_of(unsigned int bytes)
{
	return bytes == 2 ? 0xffff : ~0U;
}

static u8 register_slot(unsigned int reg)
{
	return reg == REG_NONE ? NO_REGISTER_SLOT : reg * sizeof(u64);
}

static u8 operand_slot(const struct operand *operand)
{
	return operand->reg * sizeof(u64) + operand->high_byte;
}

static bool is_register(const struct operand *operand)
{
	return operand->kind == OPERAND_REGISTER;
}

static bool is_memory(const struct operand *operand)
{
	return operand->kind == OPERAND_MEMORY;
}

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

static bool choose(struct translation *translation, const struct step_row *row, unsigned int bytes,
		   enum step_form form)
{
	enum step_size size;

	if (!size_index(bytes, &size))
		return false;
	translation->main.run = row->run[size][form];
	return translation->main.run;
}

/* ---- memory operands --------------------------------------------------------- */

static void describe_address(struct step *step, const struct insn *insn)
{
	step->displacement = insn->displacement;
	step->base = register_slot(insn->base);
	step->index_register = register_slot(insn->index);
	step->scale = insn->index == REG_NONE ? 1 : insn->scale;
	step->segment = insn->segment;
	step->address_mask = mask_of(insn->address_size);
}

static bool segment_is_flat(const struct translation *translation, bool writes)
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
static void translate_memory(struct translation *translation, unsigned int bytes, bool writes)
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

/* ---- two operands -------------------------------------------------------------- */

static bool translate_binary(struct translation *translation, const struct translate_entry *entry)
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
		return choose(translation, entry->row, to->size, FORM_RM);
	}
	if (is_register(to))
		return choose(translation, entry->row, to->size,
			      is_register(from) ? FORM_RR : FORM_RI);
	translate_memory(translation, to->size, !entry->reads_only);
	if (is_register(from))
		return choose(translation, entry->row, to->size, locked ? FORM_LOCK_MR : FORM_MR);
	return choose(translation, entry->row, to->size, locked ? FORM_LOCK_MI : FORM_MI);
}

/* A bit number in a register moves the address, which its segment must see. */
static bool translate_bit_test(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_extend(struct translation *translation, const struct translate_entry *entry)
{
	struct translate_entry chosen = *entry;

	chosen.row = extend_row(translation->insn);
	return translate_binary(translation, &chosen);
}

/* The condition is in the opcode. */
static bool translate_cmov(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.immediate = translation->insn->opcode & 15;
	return translate_binary(translation, entry);
}

static bool translate_unary(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *operand = &translation->insn->operands[0];
	bool locked = translation->insn->prefixes & INSN_PREFIX_LOCK;

	if (is_register(operand)) {
		translation->main.destination = operand_slot(operand);
		return choose(translation, entry->row, operand->size, FORM_RI);
	}
	if (!is_memory(operand))
		return false;
	translate_memory(translation, operand->size, !entry->reads_only);
	return choose(translation, entry->row, operand->size, locked ? FORM_LOCK_MI : FORM_MI);
}

static bool translate_setcc(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.immediate = translation->insn->opcode & 15;
	return translate_unary(translation, entry);
}

static bool translate_imul(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_shift(struct translation *translation, const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	const struct operand *to = &insn->operands[0];
	const struct operand *count = &insn->operands[1];
	bool by_register = is_register(count);

	if (!by_register && !immediate_count(translation, count))
		return false;
	if (is_register(to)) {
		translation->main.destination = operand_slot(to);
		return choose(translation, entry->row, to->size, by_register ? FORM_RR : FORM_RI);
	}
	translate_memory(translation, to->size, true);
	return choose(translation, entry->row, to->size, by_register ? FORM_MR : FORM_MI);
}

static bool translate_double_shift(struct translation *translation,
				   const struct translate_entry *entry)
{
	const struct insn *insn = translation->insn;
	bool by_register = is_register(&insn->operands[2]);

	if (!is_register(&insn->operands[0]))
		return false;
	if (!by_register && !immediate_count(translation, &insn->operands[2]))
		return false;
	translation->main.destination = operand_slot(&insn->operands[0]);
	translation->main.source = operand_slot(&insn->operands[1]);
	return choose(translation, entry->row, insn->operands[0].size,
		      by_register ? FORM_RR : FORM_RI);
}

static bool translate_cmpxchg8b(struct translation *translation,
				const struct translate_entry *entry)
{
	if (!is_memory(&translation->insn->operands[0]))
		return false;
	translate_memory(translation, sizeof(u64), true);
	translation->main.run = step_cmpxchg8b;
	return true;
}

static bool translate_lea(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_bswap(struct translation *translation, const struct translate_entry *entry)
{
	const struct operand *operand = &translation->insn->operands[0];

	translation->main.destination = operand_slot(operand);
	translation->main.run = step_bswap;
	return operand->size == 4;
}

/* CBW and CWD, by operand size. */
static bool translate_sign(struct translation *translation, const struct translate_entry *entry)
{
	bool wide = translation->insn->operand_size == 4;

	if (translation->insn->operation == OPERATION_CBW)
		translation->main.run = wide ? step_cwde : step_cbw;
	else
		translation->main.run = wide ? step_cdq : step_cwd;
	return true;
}

static bool translate_plain(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.run = entry->handler;
	return true;
}

static bool translate_sti(struct translation *translation, const struct translate_entry *entry)
{
	translation->main.run = step_sti;
	translation->result = TRANSLATE_SHADOWS;
	return true;
}

/* Not CS, for which there is no such instruction, and not SS, whose load casts a
 * shadow. */
static bool can_load(unsigned int segment)
{
	return segment != SEGMENT_CS && segment != SEGMENT_SS && segment < SEGMENT_REGISTERS;
}

/* Of 16 bits, from the source, which is the only operand that handlers look at. */
static bool translate_selector(struct translation *translation, const struct step_row *row,
			       const struct operand *from)
{
	if (is_register(from)) {
		translation->main.destination = operand_slot(from);
		return choose(translation, row, sizeof(u16), FORM_RI);
	}
	if (!is_memory(from))
		return false;
	translate_memory(translation, sizeof(u16), false);
	return choose(translation, row, sizeof(u16), FORM_MI);
}

static bool translate_mov_segment(struct translation *translation,
				  const struct translate_entry *entry)
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

static bool translate_verw(struct translation *translation, const struct translate_entry *entry)
{
	return (translation->flat) &&
	       translate_selector(translation, entry->row, &translation->insn->operands[0]);
}

/* ---- the stack ------------------------------------------------------------------- */

static bool stack_step(struct translation *translation, enum stack_operation operation)
{
	unsigned int wide = translation->insn->operand_size == 4;

	translation->main.run = stack_steps[operation][wide][translation->flat];
	return true;
}

static bool translate_push(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_pop(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_pop_segment(struct translation *translation,
				  const struct translate_entry *entry)
{
	const struct operand *to = &translation->insn->operands[0];

	if (!translation->flat || !can_load(to->reg))
		return false;
	translation->main.source = to->reg;
	translation->main.bytes = translation->insn->operand_size;
	translation->main.run = step_pop_segment;
	return true;
}

static bool translate_stack(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_jcc(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_loop(struct translation *translation, const struct translate_entry *entry)
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
static bool translate_direct(struct translation *translation, const struct translate_entry *entry)
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
static bool translate_indirect(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_ret(struct translation *translation, const struct translate_entry *entry)
{
	translation->result = TRANSLATE_ENDS;
	if (translation->insn->operand_count)
		translation->main.immediate = (u16)translation->insn->immediate;
	translation->main.run = branch_steps[BRANCH_RET][branch_variant(translation)];
	return true;
}

static bool translate_iret(struct translation *translation, const struct translate_entry *entry)
{
	translation->result = TRANSLATE_ENDS;
	translation->main.run = step_iret;
	return translation->flat && translation->insn->operand_size == 4;
}

/* What never goes on with the next instruction need not be followed further. */
static bool translate_end(struct translation *translation, const struct translate_entry *entry)
{
	translation->result = TRANSLATE_ENDS;
	return false;
}

/* ---- ports ----------------------------------------------------------------------------- */

static bool translate_port(struct translation *translation, const struct translate_entry *entry)
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

static bool translate_string(struct translation *translation, const struct translate_entry *entry)
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

/* ---- the table ---------------------------------------------------------------------------- */

/* clang-format off */
static const struct translate_entry entries[OPERATIONS] = {
	[OPERATION_ADD] = { translate_binary, &step_add },
	[OPERATION_OR] = { translate_binary, &step_or },
	[OPERATION_ADC] = { translate_binary, &step_adc },
	[OPERATION_SBB] = { translate_binary, &step_sbb },
	[OPERATION_AND] = { translate_binary, &step_and },
	[OPERATION_SUB] = { translate_binary, &step_sub },
	[OPERATION_XOR] = { translate_binary, &step_xor },
	[OPERATION_CMP] = { translate_binary, &step_cmp, .reads_only = true },
	[OPERATION_TEST] = { translate_binary, &step_test, .reads_only = true },
	[OPERATION_INC] = { translate_unary, &step_inc },
	[OPERATION_DEC] = { translate_unary, &step_dec },
	[OPERATION_NEG] = { translate_unary, &step_neg },
	[OPERATION_NOT] = { translate_unary, &step_not },
	[OPERATION_MUL] = { translate_unary, &step_mul, .reads_only = true },
	[OPERATION_IMUL] = { translate_imul },
	[OPERATION_DIV] = { translate_unary, &step_div, .reads_only = true },
	[OPERATION_IDIV] = { translate_unary, &step_idiv, .reads_only = true },

	[OPERATION_ROL] = { translate_shift, &step_rol },
	[OPERATION_ROR] = { translate_shift, &step_ror },
	[OPERATION_RCL] = { translate_shift, &step_rcl },
	[OPERATION_RCR] = { translate_shift, &step_rcr },
	[OPERATION_SHL] = { translate_shift, &step_shl },
	[OPERATION_SHR] = { translate_shift, &step_shr },
	[OPERATION_SAR] = { translate_shift, &step_sar },
	[OPERATION_SHLD] = { translate_double_shift, &step_shld },
	[OPERATION_SHRD] = { translate_double_shift, &step_shrd },
	[OPERATION_BT] = { translate_bit_test, &step_bt, .reads_only = true },
	[OPERATION_BTS] = { translate_bit_test, &step_bts },
	[OPERATION_BTR] = { translate_bit_test, &step_btr },
	[OPERATION_BTC] = { translate_bit_test, &step_btc },
	[OPERATION_BSF] = { translate_binary, &step_bsf },
	[OPERATION_BSR] = { translate_binary, &step_bsr },
	[OPERATION_TZCNT] = { translate_binary, &step_tzcnt },
	[OPERATION_LZCNT] = { translate_binary, &step_lzcnt },
	[OPERATION_BSWAP] = { translate_bswap },

	[OPERATION_MOV] = { translate_binary, &step_mov },
	[OPERATION_MOVNTI] = { translate_binary, &step_mov },
	[OPERATION_MOVZX] = { translate_extend },
	[OPERATION_MOVSX] = { translate_extend },
	[OPERATION_LEA] = { translate_lea },
	[OPERATION_XCHG] = { translate_binary, &step_xchg },
	[OPERATION_XADD] = { translate_binary, &step_xadd },
	[OPERATION_CMPXCHG] = { translate_binary, &step_cmpxchg },
	[OPERATION_CMPXCHG8B] = { translate_cmpxchg8b },
	[OPERATION_CBW] = { translate_sign },
	[OPERATION_CWD] = { translate_sign },
	[OPERATION_CMOVCC] = { translate_cmov, &step_cmov },
	[OPERATION_SETCC] = { translate_setcc, &step_setcc },
	[OPERATION_MOV_SEGMENT] = { translate_mov_segment, &step_store_segment },

	[OPERATION_PUSH] = { translate_push },
	[OPERATION_PUSH_SEGMENT] = { translate_push },
	[OPERATION_POP] = { translate_pop },
	[OPERATION_POP_SEGMENT] = { translate_pop_segment },
	[OPERATION_PUSHA] = { translate_stack, .number = STACK_PUSHA },
	[OPERATION_POPA] = { translate_stack, .number = STACK_POPA },
	[OPERATION_PUSHF] = { translate_stack, .number = STACK_PUSHF },
	[OPERATION_POPF] = { translate_stack, .number = STACK_POPF },
	[OPERATION_LEAVE] = { translate_stack, .number = STACK_LEAVE },

	[OPERATION_JCC] = { translate_jcc },
	[OPERATION_LOOP] = { translate_loop },
	[OPERATION_LOOPE] = { translate_loop },
	[OPERATION_LOOPNE] = { translate_loop },
	[OPERATION_JCXZ] = { translate_loop },
	[OPERATION_JMP_NEAR] = { translate_direct, .number = BRANCH_JMP },
	[OPERATION_CALL_NEAR] = { translate_direct, .number = BRANCH_CALL },
	[OPERATION_JMP_NEAR_INDIRECT] = { translate_indirect, .number = BRANCH_JMP_REGISTER },
	[OPERATION_CALL_NEAR_INDIRECT] = { translate_indirect, .number = BRANCH_CALL_REGISTER },
	[OPERATION_RET_NEAR] = { translate_ret },

	[OPERATION_MOVS] = { translate_string, .number = STRING_MOVS },
	[OPERATION_CMPS] = { translate_string, .number = STRING_CMPS },
	[OPERATION_STOS] = { translate_string, .number = STRING_STOS },
	[OPERATION_LODS] = { translate_string, .number = STRING_LODS },
	[OPERATION_SCAS] = { translate_string, .number = STRING_SCAS },

	[OPERATION_IN] = { translate_port, .handler = step_in, .number = 0 },
	[OPERATION_OUT] = { translate_port, .handler = step_out, .number = 1 },
	[OPERATION_VERW] = { translate_verw, &step_verify_writable },

	[OPERATION_CLC] = { translate_plain, .handler = step_clc },
	[OPERATION_STC] = { translate_plain, .handler = step_stc },
	[OPERATION_CMC] = { translate_plain, .handler = step_cmc },
	[OPERATION_CLD] = { translate_plain, .handler = step_cld },
	[OPERATION_STD] = { translate_plain, .handler = step_std },
	[OPERATION_CLI] = { translate_plain, .handler = step_cli },
	[OPERATION_STI] = { translate_sti },
	[OPERATION_LAHF] = { translate_plain, .handler = step_lahf },
	[OPERATION_SAHF] = { translate_plain, .handler = step_sahf },
	[OPERATION_RDTSC] = { translate_plain, .handler = step_rdtsc },
	[OPERATION_NOP] = { translate_plain, .handler = step_nop },
	[OPERATION_PAUSE] = { translate_plain, .handler = step_nop },
	[OPERATION_ENDBR] = { translate_plain, .handler = step_nop },
	[OPERATION_PREFETCH] = { translate_plain, .handler = step_nop },
	[OPERATION_LFENCE] = { translate_plain, .handler = step_nop },
	[OPERATION_MFENCE] = { translate_plain, .handler = step_nop },
	[OPERATION_SFENCE] = { translate_plain, .handler = step_nop },

	[OPERATION_INVALID] = { translate_end },
	[OPERATION_UD0] = { translate_end },
	[OPERATION_UD1] = { translate_end },
	[OPERATION_UD2] = { translate_end },
	[OPERATION_JMP_FAR] = { translate_end },
	[OPERATION_RET_FAR] = { translate_end },
	[OPERATION_IRET] = { translate_iret },
	[OPERATION_SYSEXIT] = { translate_end },
};
/* clang-format on */

static bool lock_is_handled(const struct insn *insn)
{
	if (!(insn->prefixes & INSN_PREFIX_LOCK))
		return true;
	return insn_lock_allowed(insn) && is_memory(&insn->operands[0]);
}

static void translate_slow(struct translation *translation)
{
	translation->has_address = false;
	translation->main.run = step_slow;
	translation->main.index_register = 0;
}

/**
 * translate_insn() - make steps of a decoded instruction
 * @step: offset and index are set in the first; room for STEPS_PER_INSN
 * @insn: what decode_insn() said
 * @mode: CODE_MODE_*
 * @result: what follows the instruction in its block
 *
 * Return: how many steps there are.
 */
unsigned int translate_insn(struct step *step, const struct insn *insn, unsigned int mode,
			    enum translate_result *result)
{
	struct translation translation = {
		.insn = insn,
		.main = {
			.offset = step->offset,
			.index = step->index,
			.length = insn->length,
		},
		.flat = mode & CODE_MODE_FLAT,
	};
	const struct translate_entry *entry = &entries[insn->operation];

	if (!entry->translate || !lock_is_handled(insn) || !entry->translate(&translation, entry))
		translate_slow(&translation);
	*result = translation.result;
	if (translation.has_address)
		*step++ = translation.address;
	*step = translation.main;
	return 1 + translation.has_address;
}

static bool is_unresolved_jcc(const struct step *step)
{
	return step->source < 16 && step->run == jcc_unresolved_steps[step->source];
}

/* The same, for a step that stands apart from its page's blocks: its jumps
 * keep no pointer to where they lead. */
void translate_detach(struct step *step)
{
	if (is_unresolved_jcc(step))
		step->run = jcc_far_steps[step->source];
	else if (step->run == step_jmp_unresolved)
		step->run = branch_steps[step->source][BRANCH_FLAT];
}

/* The first time that a jump within its page is taken. */
void translate_resolve(struct step *step, struct step *target)
{
	step->target = target;
	if (is_unresolved_jcc(step))
		step->run = jcc_near_steps[step->source];
	else
		step->run = step->source == BRANCH_CALL ? step_call_near : step_jmp_near;
}
