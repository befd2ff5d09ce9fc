// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a decoded instruction to its steps. Called when a block is decoded.
 * Pure.
 *
 * The table is the allow-list of what the core does itself; all else becomes
 * step_slow(), and is done by the emulator.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"
#include "interpret/translate.h"

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
