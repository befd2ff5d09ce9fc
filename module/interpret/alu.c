// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of addition, subtraction and logic. The host's processor computes the
 * result and the flags. Reached through rows that translate.c chooses from.
 * Pure.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

/* The carry goes in through the host's CF; INC and DEC leave it there. */
#define WITH_CARRY    "btl $0, %k1\n\t"
#define WITHOUT_CARRY ""

#define DEFINE_COMPUTATION(op, type, carry, mnemonic)                                              \
	static __always_inline type op##_##type(type a, type b, u64 *flags)                        \
	{                                                                                          \
		asm(carry mnemonic " %2, %0\n\tpushfq\n\tpopq %1"                                  \
		    : "+q"(a), "+r"(*flags)                                                        \
		    : "q"(b));                                                                     \
		return a;                                                                          \
	}

#define DEFINE_COMPARISON(op, type, mnemonic)                                                      \
	static __always_inline void op##_##type(type a, type b, u64 *flags)                        \
	{                                                                                          \
		asm(mnemonic " %2, %1\n\tpushfq\n\tpopq %0" : "=r"(*flags) : "q"(a), "q"(b));      \
	}

#define DEFINE_UNARY(op, type, carry, mnemonic)                                                    \
	static __always_inline type op##_##type(type a, u64 *flags)                                \
	{                                                                                          \
		asm(carry mnemonic " %0\n\tpushfq\n\tpopq %1" : "+q"(a), "+r"(*flags));            \
		return a;                                                                          \
	}

#define DEFINE_LOCKED(op, type, carry, mnemonic)                                                   \
	static __always_inline void op##_locked_##type(void *at, type b,                           \
						       u64 *flags)                                 \
	{                                                                                          \
		asm volatile(carry "lock " mnemonic " %2, %0\n\tpushfq\n\tpopq %1"                 \
			     : "+m"(*(memory_##type *)at), "+r"(*flags)                            \
			     : "q"(b)                                                              \
			     : "memory");                                                          \
	}

#define DEFINE_LOCKED_UNARY(op, type, carry, mnemonic)                                             \
	static __always_inline void op##_locked_##type(void *at, u64 *flags)                       \
	{                                                                                          \
		asm volatile(carry "lock " mnemonic " %0\n\tpushfq\n\tpopq %1"                     \
			     : "+m"(*(memory_##type *)at), "+r"(*flags)                            \
			     :                                                                     \
			     : "memory");                                                          \
	}

/* destination = destination OP source, in all forms */
#define DEFINE_BINARY_STEPS(op, type)                                                              \
	static unsigned int op##_rr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		REGISTER(type, step->destination) =                                                \
			op##_##type(REGISTER(type, step->destination),                             \
				    REGISTER(type, step->source), &flags);                         \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_ri_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		REGISTER(type, step->destination) = op##_##type(                                   \
			REGISTER(type, step->destination), step->immediate, &flags);               \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_rm_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		REGISTER(type, step->destination) =                                                \
			op##_##type(REGISTER(type, step->destination), *at, &flags);               \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_mr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_WRITE(type);                                              \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = op##_##type(*at, REGISTER(type, step->source), &flags);                      \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_mi_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_WRITE(type);                                              \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = op##_##type(*at, step->immediate, &flags);                                   \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_lock_mr_##type(STEP_PARAMETERS)                                   \
	{                                                                                          \
		__auto_type at = OPERAND_ATOMIC(type);                                             \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		op##_locked_##type(at, REGISTER(type, step->source), &flags);                      \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_lock_mi_##type(STEP_PARAMETERS)                                   \
	{                                                                                          \
		__auto_type at = OPERAND_ATOMIC(type);                                             \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		op##_locked_##type(at, step->immediate, &flags);                                   \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

/* Only flags come of it, so memory need not be writable. */
#define DEFINE_COMPARISON_STEPS(op, type)                                                          \
	static unsigned int op##_rr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		op##_##type(REGISTER(type, step->destination), REGISTER(type, step->source),       \
			    &flags);                                                               \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_ri_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		op##_##type(REGISTER(type, step->destination), step->immediate, &flags);           \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_rm_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		op##_##type(REGISTER(type, step->destination), *at, &flags);                       \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_mr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		op##_##type(*at, REGISTER(type, step->source), &flags);                            \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_mi_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		op##_##type(*at, step->immediate, &flags);                                         \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define DEFINE_UNARY_STEPS(op, type)                                                               \
	static unsigned int op##_r_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		REGISTER(type, step->destination) =                                                \
			op##_##type(REGISTER(type, step->destination), &flags);                    \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_m_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		__auto_type at = OPERAND_WRITE(type);                                              \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = op##_##type(*at, &flags);                                                    \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_lock_m_##type(STEP_PARAMETERS)                                    \
	{                                                                                          \
		__auto_type at = OPERAND_ATOMIC(type);                                             \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		op##_locked_##type(at, &flags);                                                    \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define BINARY_ROW(op, type)                                                                       \
	{                                                                                          \
		op##_rr_##type, op##_ri_##type, op##_rm_##type, op##_mr_##type, op##_mi_##type,    \
			op##_lock_mr_##type, op##_lock_mi_##type                                   \
	}
#define COMPARISON_ROW(op, type)                                                                   \
	{                                                                                          \
		op##_rr_##type, op##_ri_##type, op##_rm_##type, op##_mr_##type, op##_mi_##type     \
	}
#define UNARY_ROW(op, type)                                                                        \
	{                                                                                          \
		[FORM_RI] = op##_r_##type, [FORM_MI] = op##_m_##type,                              \
		[FORM_LOCK_MI] = op##_lock_m_##type                                                \
	}

#define DEFINE_BINARY(op, carry, mnemonic)                                                         \
	DEFINE_COMPUTATION(op, u8, carry, mnemonic "b")                                            \
	DEFINE_COMPUTATION(op, u16, carry, mnemonic "w")                                           \
	DEFINE_COMPUTATION(op, u32, carry, mnemonic "l")                                           \
	DEFINE_LOCKED(op, u8, carry, mnemonic "b")                                                 \
	DEFINE_LOCKED(op, u16, carry, mnemonic "w")                                                \
	DEFINE_LOCKED(op, u32, carry, mnemonic "l")                                                \
	DEFINE_BINARY_STEPS(op, u8)                                                                \
	DEFINE_BINARY_STEPS(op, u16)                                                               \
	DEFINE_BINARY_STEPS(op, u32)                                                               \
	const struct step_row step_##op = {                                                        \
		{ BINARY_ROW(op, u8), BINARY_ROW(op, u16), BINARY_ROW(op, u32) }                   \
	}

#define DEFINE_COMPARE(op, mnemonic)                                                               \
	DEFINE_COMPARISON(op, u8, mnemonic "b")                                                    \
	DEFINE_COMPARISON(op, u16, mnemonic "w")                                                   \
	DEFINE_COMPARISON(op, u32, mnemonic "l")                                                   \
	DEFINE_COMPARISON_STEPS(op, u8)                                                            \
	DEFINE_COMPARISON_STEPS(op, u16)                                                           \
	DEFINE_COMPARISON_STEPS(op, u32)                                                           \
	const struct step_row step_##op = {                                                        \
		{ COMPARISON_ROW(op, u8), COMPARISON_ROW(op, u16), COMPARISON_ROW(op, u32) }       \
	}

#define DEFINE_ONE_OPERAND(op, carry, mnemonic)                                                    \
	DEFINE_UNARY(op, u8, carry, mnemonic "b")                                                  \
	DEFINE_UNARY(op, u16, carry, mnemonic "w")                                                 \
	DEFINE_UNARY(op, u32, carry, mnemonic "l")                                                 \
	DEFINE_LOCKED_UNARY(op, u8, carry, mnemonic "b")                                           \
	DEFINE_LOCKED_UNARY(op, u16, carry, mnemonic "w")                                          \
	DEFINE_LOCKED_UNARY(op, u32, carry, mnemonic "l")                                          \
	DEFINE_UNARY_STEPS(op, u8)                                                                 \
	DEFINE_UNARY_STEPS(op, u16)                                                                \
	DEFINE_UNARY_STEPS(op, u32)                                                                \
	const struct step_row step_##op = {                                                        \
		{ UNARY_ROW(op, u8), UNARY_ROW(op, u16), UNARY_ROW(op, u32) }                      \
	}

DEFINE_BINARY(add, WITHOUT_CARRY, "add");
DEFINE_BINARY(or, WITHOUT_CARRY, "or");
DEFINE_BINARY(adc, WITH_CARRY, "adc");
DEFINE_BINARY(sbb, WITH_CARRY, "sbb");
DEFINE_BINARY(and, WITHOUT_CARRY, "and");
DEFINE_BINARY(sub, WITHOUT_CARRY, "sub");
DEFINE_BINARY(xor, WITHOUT_CARRY, "xor");
DEFINE_COMPARE(cmp, "cmp");
DEFINE_COMPARE(test, "test");
DEFINE_ONE_OPERAND(inc, WITH_CARRY, "inc");
DEFINE_ONE_OPERAND(dec, WITH_CARRY, "dec");
DEFINE_ONE_OPERAND(neg, WITHOUT_CARRY, "neg");

/* NOT leaves the flags alone. */
#define DEFINE_NOT(type, mnemonic)                                                                 \
	static __always_inline type not_##type(type a, u64 *flags)                                 \
	{                                                                                          \
		return ~a;                                                                         \
	}                                                                                          \
	static __always_inline void not_locked_##type(void *at, u64 *flags)                        \
	{                                                                                          \
		asm volatile("lock " mnemonic " %0" : "+m"(*(memory_##type *)at) : : "memory");    \
	}                                                                                          \
	DEFINE_UNARY_STEPS(not, type)

DEFINE_NOT(u8, "notb")
DEFINE_NOT(u16, "notw")
DEFINE_NOT(u32, "notl")
const struct step_row step_not = { { UNARY_ROW(not, u8), UNARY_ROW(not, u16),
				     UNARY_ROW(not, u32) } };
