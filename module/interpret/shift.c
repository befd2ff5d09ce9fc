// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of shifts and rotations. Reached through rows that translate.c chooses
 * from; an immediate count is masked and not zero there. Pure.
 *
 * The flags that the manual leaves undefined are those of the emulator: AF
 * stays, and OF is computed for every count as it is for one.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

#define SIGN(type) (8 * (unsigned int)sizeof(type) - 1)

static __always_inline u64 overflow_if(u64 bit)
{
	return (bit & 1) * FLAG_OF;
}

/* Put CF and OF into the flags. */
static __always_inline void set_rotated(u64 *flags, u64 carry, u64 overflow)
{
	*flags = (*flags & ~(u64)(FLAG_CF | FLAG_OF)) | (carry & 1) | overflow_if(overflow);
}

/* Put all but AF into the flags: the host's of @native, and a given OF. */
static __always_inline void set_shifted(u64 *flags, u64 native, u64 overflow)
{
	*flags = (*flags & X86_EFLAGS_AF) | (native & ~(u64)(X86_EFLAGS_AF | FLAG_OF)) |
		 overflow_if(overflow);
}

/* A count of zero changes nothing, and a double shift of a word by more than 16 is odd. */
#define DEFINE_SHIFTS(type, signed_type, suffix)                                                   \
	static __always_inline type rol_##type(type a, u8 count, u64 *flags)                       \
	{                                                                                          \
		asm("rol" suffix " %%cl, %0" : "+r"(a) : "c"(count));                              \
		set_rotated(flags, a, a >> SIGN(type) ^ a);                                        \
		return a;                                                                          \
	}                                                                                          \
	static __always_inline type ror_##type(type a, u8 count, u64 *flags)                       \
	{                                                                                          \
		asm("ror" suffix " %%cl, %0" : "+r"(a) : "c"(count));                              \
		set_rotated(flags, a >> SIGN(type), a >> SIGN(type) ^ a >> (SIGN(type) - 1));      \
		return a;                                                                          \
	}                                                                                          \
	static __always_inline type rcl_##type(type a, u8 count, u64 *flags)                       \
	{                                                                                          \
		u64 carry = *flags;                                                                \
												   \
		asm("btl $0, %k1\n\trcl" suffix " %%cl, %0\n\tsetc %b1"                            \
		    : "+r"(a), "+q"(carry)                                                         \
		    : "c"(count));                                                                 \
		set_rotated(flags, carry, a >> SIGN(type) ^ carry);                                \
		return a;                                                                          \
	}                                                                                          \
	static __always_inline type rcr_##type(type a, u8 count, u64 *flags)                       \
	{                                                                                          \
		u64 carry = *flags;                                                                \
												   \
		asm("btl $0, %k1\n\trcr" suffix " %%cl, %0\n\tsetc %b1"                            \
		    : "+r"(a), "+q"(carry)                                                         \
		    : "c"(count));                                                                 \
		set_rotated(flags, carry, a >> SIGN(type) ^ a >> (SIGN(type) - 1));                \
		return a;                                                                          \
	}                                                                                          \
	static __always_inline type shl_##type(type a, u8 count, u64 *flags)                       \
	{                                                                                          \
		u64 native;                                                                        \
												   \
		asm("shl" suffix " %%cl, %0\n\tpushfq\n\tpopq %1"                                  \
		    : "+r"(a), "=r"(native)                                                        \
		    : "c"(count));                                                                 \
		set_shifted(flags, native, a >> SIGN(type) ^ native);                              \
		return a;                                                                          \
	}                                                                                          \
	static __always_inline type shr_##type(type a, u8 count, u64 *flags)                       \
	{                                                                                          \
		u64 top = a >> SIGN(type);                                                         \
		u64 native;                                                                        \
												   \
		asm("shr" suffix " %%cl, %0\n\tpushfq\n\tpopq %1"                                  \
		    : "+r"(a), "=r"(native)                                                        \
		    : "c"(count));                                                                 \
		set_shifted(flags, native, top);                                                   \
		return a;                                                                          \
	}                                                                                          \
	static __always_inline type sar_##type(type a, u8 count, u64 *flags)                       \
	{                                                                                          \
		u64 native;                                                                        \
												   \
		asm("sar" suffix " %%cl, %0\n\tpushfq\n\tpopq %1"                                  \
		    : "+r"(a), "=r"(native)                                                        \
		    : "c"(count));                                                                 \
		set_shifted(flags, native, 0);                                                     \
		return a;                                                                          \
	}

/*
 * A byte or word shifted out altogether: CF of the host is undefined when the
 * count is beyond the width, except for SAR. The emulator's value is zero for
 * SHL and SHR.
 */
DEFINE_SHIFTS(u8, s8, "b")
DEFINE_SHIFTS(u16, s16, "w")
DEFINE_SHIFTS(u32, s32, "l")

#define COUNT_MASK 31
#define CL_COUNT   (cpu->regs[REG_CX] & COUNT_MASK)

/* Counts beyond the operand's width have flags that only the manual's authors know. */
#define TOO_FAR(type, count) (sizeof(type) < sizeof(u32) && (count) > SIGN(type))

#define DEFINE_SHIFT_STEPS(op, type)                                                               \
	static unsigned int op##_ri_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		REGISTER(type, step->destination) = op##_##type(                                   \
			REGISTER(type, step->destination), step->immediate, &flags);               \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_rr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		u8 count = CL_COUNT;                                                               \
												   \
		if (TOO_FAR(type, count))                                                          \
			return step_slow(STEP_ARGUMENTS);                                          \
		if (likely(count))                                                                 \
			REGISTER(type, step->destination) = op##_##type(                           \
				REGISTER(type, step->destination), count, &flags);                 \
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
	static unsigned int op##_mr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_WRITE(type);                                              \
		u8 count = CL_COUNT;                                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		if (TOO_FAR(type, count))                                                          \
			return step_slow(STEP_ARGUMENTS);                                          \
		if (likely(count))                                                                 \
			*at = op##_##type(*at, count, &flags);                                     \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define SHIFT_ROW(op, type)                                                                        \
	{                                                                                          \
		[FORM_RR] = op##_rr_##type, [FORM_RI] = op##_ri_##type,                            \
		[FORM_MR] = op##_mr_##type, [FORM_MI] = op##_mi_##type                             \
	}

#define DEFINE_SHIFT(op)                                                                           \
	DEFINE_SHIFT_STEPS(op, u8)                                                                 \
	DEFINE_SHIFT_STEPS(op, u16)                                                                \
	DEFINE_SHIFT_STEPS(op, u32)                                                                \
	const struct step_row step_##op = {                                                        \
		{ SHIFT_ROW(op, u8), SHIFT_ROW(op, u16), SHIFT_ROW(op, u32) }                      \
	}

DEFINE_SHIFT(rol);
DEFINE_SHIFT(ror);
DEFINE_SHIFT(rcl);
DEFINE_SHIFT(rcr);
DEFINE_SHIFT(shl);
DEFINE_SHIFT(shr);
DEFINE_SHIFT(sar);

/* ---- double shifts of doublewords -------------------------------------------- */

#define DEFINE_DOUBLE_SHIFT(op, mnemonic)                                                          \
	static __always_inline u32 op##_u32(u32 a, u32 source, u8 count, u64 *flags)               \
	{                                                                                          \
		u64 native;                                                                        \
		u32 value = a;                                                                     \
												   \
		asm(mnemonic " %%cl, %2, %0\n\tpushfq\n\tpopq %1"                                  \
		    : "+r"(value), "=r"(native)                                                    \
		    : "r"(source), "c"(count));                                                    \
		set_shifted(flags, native, value >> SIGN(u32) ^ a >> SIGN(u32));                   \
		return value;                                                                      \
	}                                                                                          \
	static unsigned int op##_ri_u32(STEP_PARAMETERS)                                           \
	{                                                                                          \
		REGISTER(u32, step->destination) =                                                 \
			op##_u32(REGISTER(u32, step->destination), REGISTER(u32, step->source),    \
				 step->immediate, &flags);                                         \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_rr_u32(STEP_PARAMETERS)                                           \
	{                                                                                          \
		u8 count = CL_COUNT;                                                               \
												   \
		if (likely(count))                                                                 \
			REGISTER(u32, step->destination) =                                         \
				op##_u32(REGISTER(u32, step->destination),                         \
					 REGISTER(u32, step->source), count, &flags);              \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	const struct step_row step_##op = {                                                        \
		{ [SIZE_32] = { [FORM_RR] = op##_rr_u32, [FORM_RI] = op##_ri_u32 } }               \
	}

DEFINE_DOUBLE_SHIFT(shld, "shldl");
DEFINE_DOUBLE_SHIFT(shrd, "shrdl");
