// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps that move data: MOV and its relatives, LEA, exchanges, and the address
 * steps that stand before operands with an index or a segment. Reached through
 * rows that translate.c chooses from. Pure.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

unsigned int step_nop(STEP_PARAMETERS)
{
	return step_next(STEP_ARGUMENTS);
}

/* ---- addresses -------------------------------------------------------------- */

static __always_inline u32 indexed_offset(const struct virtual_cpu *cpu, const struct step *step)
{
	return step->displacement + REGISTER(u32, step->base) +
	       REGISTER(u32, step->index_register) * step->scale;
}

unsigned int step_address_index(STEP_PARAMETERS)
{
	REGISTER(u32, ADDRESS_SLOT) = indexed_offset(cpu, step);
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_address_segment(STEP_PARAMETERS)
{
	const struct fast_segment *segment = &interpreter->segments[step->segment];
	u32 offset = indexed_offset(cpu, step) & step->address_mask;
	u64 end = step->writes ? segment->write_end : segment->read_end;

	if (unlikely((u64)offset + step->bytes > end))
		return step_slow(STEP_ARGUMENTS);
	REGISTER(u32, ADDRESS_SLOT) = segment->base + offset;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_lea16(STEP_PARAMETERS)
{
	REGISTER(u16, step->destination) = indexed_offset(cpu, step) & step->address_mask;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_lea32(STEP_PARAMETERS)
{
	REGISTER(u32, step->destination) = indexed_offset(cpu, step) & step->address_mask;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_lea_base(STEP_PARAMETERS)
{
	REGISTER(u32, step->destination) = step->displacement + REGISTER(u32, step->base);
	return step_next(STEP_ARGUMENTS);
}

/* ---- MOV ---------------------------------------------------------------------- */

#define DEFINE_MOV(type)                                                                           \
	static unsigned int mov_rr_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		REGISTER(type, step->destination) = REGISTER(type, step->source);                  \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int mov_ri_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		REGISTER(type, step->destination) = step->immediate;                               \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int mov_rm_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		REGISTER(type, step->destination) = *at;                                           \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int mov_mr_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		__auto_type at = OPERAND_WRITE(type);                                              \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = REGISTER(type, step->source);                                                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int mov_mi_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		__auto_type at = OPERAND_WRITE(type);                                              \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = step->immediate;                                                             \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define MOV_ROW(type)                                                                              \
	{                                                                                          \
		mov_rr_##type, mov_ri_##type, mov_rm_##type, mov_mr_##type, mov_mi_##type          \
	}

DEFINE_MOV(u8)
DEFINE_MOV(u16)
DEFINE_MOV(u32)
const struct step_row step_mov = { { MOV_ROW(u8), MOV_ROW(u16), MOV_ROW(u32) } };

/* MOVZX and MOVSX: @from is extended to @to, through @wide. */
#define DEFINE_EXTEND(op, to, from, wide)                                                          \
	static unsigned int op##_rr_##to(STEP_PARAMETERS)                                          \
	{                                                                                          \
		REGISTER(to, step->destination) = (wide)REGISTER(from, step->source);              \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_rm_##to(STEP_PARAMETERS)                                          \
	{                                                                                          \
		__auto_type at = OPERAND_READ(from);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		REGISTER(to, step->destination) = (wide)*at;                                       \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define EXTEND_ROW(op, to)                                                                         \
	{                                                                                          \
		[FORM_RR] = op##_rr_##to, [FORM_RM] = op##_rm_##to                                 \
	}

#define DEFINE_EXTEND_ROW(op, from, wide)                                                          \
	DEFINE_EXTEND(op, u16, from, wide)                                                         \
	DEFINE_EXTEND(op, u32, from, wide)                                                         \
	const struct step_row step_##op = {                                                        \
		{ [SIZE_16] = EXTEND_ROW(op, u16), [SIZE_32] = EXTEND_ROW(op, u32) }               \
	}

DEFINE_EXTEND_ROW(movzx8, u8, u8);
DEFINE_EXTEND_ROW(movzx16, u16, u16);
DEFINE_EXTEND_ROW(movsx8, u8, s8);
DEFINE_EXTEND_ROW(movsx16, u16, s16);

/* ---- by condition, which is in the immediate ----------------------------------- */

#define DEFINE_CMOV(type)                                                                          \
	static unsigned int cmov_rr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		if (condition(flags, step->immediate))                                             \
			REGISTER(type, step->destination) = REGISTER(type, step->source);          \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int cmov_rm_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
		type value;                                                                        \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = *at;                                                                       \
		if (condition(flags, step->immediate))                                             \
			REGISTER(type, step->destination) = value;                                 \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

DEFINE_CMOV(u16)
DEFINE_CMOV(u32)
const struct step_row step_cmov = {
	{ [SIZE_16] = { [FORM_RR] = cmov_rr_u16, [FORM_RM] = cmov_rm_u16 },
	  [SIZE_32] = { [FORM_RR] = cmov_rr_u32, [FORM_RM] = cmov_rm_u32 } }
};

static unsigned int setcc_r(STEP_PARAMETERS)
{
	REGISTER(u8, step->destination) = condition(flags, step->immediate);
	return step_next(STEP_ARGUMENTS);
}

static unsigned int setcc_m(STEP_PARAMETERS)
{
	__auto_type at = OPERAND_WRITE(u8);

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	*at = condition(flags, step->immediate);
	return step_next(STEP_ARGUMENTS);
}

const struct step_row step_setcc = { { { [FORM_RI] = setcc_r, [FORM_MI] = setcc_m } } };

/* ---- exchanges ------------------------------------------------------------------- */

/* XCHG with memory is atomic with or without LOCK; the others only with it. */
#define DEFINE_EXCHANGES(type, suffix)                                                             \
	static unsigned int xchg_rr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		type old = REGISTER(type, step->destination);                                      \
												   \
		REGISTER(type, step->destination) = REGISTER(type, step->source);                  \
		REGISTER(type, step->source) = old;                                                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int xchg_mr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_ATOMIC(type);                                             \
		type value;                                                                        \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = REGISTER(type, step->source);                                              \
		asm volatile("xchg" suffix " %0, %1" : "+q"(value), "+m"(*(memory_##type *)at) : : "memory"); \
		REGISTER(type, step->source) = value;                                              \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static __always_inline type add_##type(type a, type b, u64 *flags)                         \
	{                                                                                          \
		asm("add" suffix " %2, %0\n\tpushfq\n\tpopq %1"                                    \
		    : "+q"(a), "=r"(*flags)                                                        \
		    : "q"(b));                                                                     \
		return a;                                                                          \
	}                                                                                          \
	static unsigned int xadd_rr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		type old = REGISTER(type, step->destination);                                      \
		type sum = add_##type(old, REGISTER(type, step->source), &flags);                  \
												   \
		/* XADD of a register with itself keeps the sum. */                                \
		REGISTER(type, step->source) = old;                                                \
		REGISTER(type, step->destination) = sum;                                           \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int xadd_mr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_WRITE(type);                                              \
		type old;                                                                          \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		old = *at;                                                                         \
		*at = add_##type(old, REGISTER(type, step->source), &flags);                       \
		REGISTER(type, step->source) = old;                                                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int xadd_lock_mr_##type(STEP_PARAMETERS)                                   \
	{                                                                                          \
		__auto_type at = OPERAND_ATOMIC(type);                                             \
		type value;                                                                        \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = REGISTER(type, step->source);                                              \
		asm volatile("lock xadd" suffix " %0, %1\n\tpushfq\n\tpopq %2"                     \
			     : "+q"(value), "+m"(*at), "=r"(flags)                                 \
			     :                                                                     \
			     : "memory");                                                          \
		REGISTER(type, step->source) = value;                                              \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int cmpxchg_rr_##type(STEP_PARAMETERS)                                     \
	{                                                                                          \
		type expected = REGISTER(type, REG_AX * sizeof(u64));                              \
		type old = REGISTER(type, step->destination);                                      \
												   \
		asm("cmp" suffix " %2, %1\n\tpushfq\n\tpopq %0"                                    \
		    : "=r"(flags)                                                                  \
		    : "q"(expected), "q"(old));                                                    \
		if (flags & X86_EFLAGS_ZF)                                                         \
			REGISTER(type, step->destination) = REGISTER(type, step->source);          \
		else                                                                               \
			REGISTER(type, REG_AX * sizeof(u64)) = old;                                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	/* Atomic even without LOCK: nobody can tell. */                                           \
	static unsigned int cmpxchg_mr_##type(STEP_PARAMETERS)                                     \
	{                                                                                          \
		__auto_type at = OPERAND_ATOMIC(type);                                             \
		type value;                                                                        \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = REGISTER(type, REG_AX * sizeof(u64));                                      \
		asm volatile("lock cmpxchg" suffix " %3, %1\n\tpushfq\n\tpopq %2"                  \
			     : "+a"(value), "+m"(*at), "=r"(flags)                                 \
			     : "q"(REGISTER(type, step->source))                                   \
			     : "memory");                                                          \
		if (!(flags & X86_EFLAGS_ZF))                                                      \
			REGISTER(type, REG_AX * sizeof(u64)) = value;                              \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

DEFINE_EXCHANGES(u8, "b")
DEFINE_EXCHANGES(u16, "w")
DEFINE_EXCHANGES(u32, "l")

#define EXCHANGE_ROW(op, lock, type)                                                               \
	{                                                                                          \
		[FORM_RR] = op##_rr_##type, [FORM_MR] = op##_mr_##type,                            \
		[FORM_LOCK_MR] = lock##_##type                                                     \
	}

const struct step_row step_xchg = { { EXCHANGE_ROW(xchg, xchg_mr, u8),
				      EXCHANGE_ROW(xchg, xchg_mr, u16),
				      EXCHANGE_ROW(xchg, xchg_mr, u32) } };
const struct step_row step_xadd = { { EXCHANGE_ROW(xadd, xadd_lock_mr, u8),
				      EXCHANGE_ROW(xadd, xadd_lock_mr, u16),
				      EXCHANGE_ROW(xadd, xadd_lock_mr, u32) } };
const struct step_row step_cmpxchg = { { EXCHANGE_ROW(cmpxchg, cmpxchg_mr, u8),
					 EXCHANGE_ROW(cmpxchg, cmpxchg_mr, u16),
					 EXCHANGE_ROW(cmpxchg, cmpxchg_mr, u32) } };

/* Only ZF changes. Atomic even without LOCK. */
unsigned int step_cmpxchg8b(STEP_PARAMETERS)
{
	__auto_type at = OPERAND_ATOMIC(u64);
	u64 expected, old;

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	expected = cpu->regs[REG_DX] << 32 | (u32)cpu->regs[REG_AX];
	old = expected;
	asm volatile("lock cmpxchgq %2, %1"
		     : "+a"(old), "+m"(*at)
		     : "r"(cpu->regs[REG_CX] << 32 | (u32)cpu->regs[REG_BX])
		     : "memory");
	flags |= X86_EFLAGS_ZF;
	if (old != expected) {
		flags &= ~(u64)X86_EFLAGS_ZF;
		cpu->regs[REG_AX] = (u32)old;
		cpu->regs[REG_DX] = old >> 32;
	}
	return step_next(STEP_ARGUMENTS);
}

/* ---- sign extension of the accumulator ------------------------------------------ */

unsigned int step_cbw(STEP_PARAMETERS)
{
	REGISTER(u16, REG_AX * sizeof(u64)) = (s8)cpu->regs[REG_AX];
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_cwde(STEP_PARAMETERS)
{
	REGISTER(u32, REG_AX * sizeof(u64)) = (s16)cpu->regs[REG_AX];
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_cwd(STEP_PARAMETERS)
{
	REGISTER(u16, REG_DX * sizeof(u64)) = (s16)cpu->regs[REG_AX] >> 15;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_cdq(STEP_PARAMETERS)
{
	REGISTER(u32, REG_DX * sizeof(u64)) = (s32)cpu->regs[REG_AX] >> 31;
	return step_next(STEP_ARGUMENTS);
}

/* ---- MOV from a segment register, whose number is in the immediate ----------------- */

static unsigned int store_segment_r16(STEP_PARAMETERS)
{
	REGISTER(u16, step->destination) = cpu->segments[step->immediate].selector;
	return step_next(STEP_ARGUMENTS);
}

static unsigned int store_segment_r32(STEP_PARAMETERS)
{
	REGISTER(u32, step->destination) = cpu->segments[step->immediate].selector;
	return step_next(STEP_ARGUMENTS);
}

static unsigned int store_segment_m(STEP_PARAMETERS)
{
	__auto_type at = OPERAND_WRITE(u16);

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	*at = cpu->segments[step->immediate].selector;
	return step_next(STEP_ARGUMENTS);
}

const struct step_row step_store_segment = {
	{ [SIZE_16] = { [FORM_RI] = store_segment_r16, [FORM_MI] = store_segment_m },
	  [SIZE_32] = { [FORM_RI] = store_segment_r32 } }
};
