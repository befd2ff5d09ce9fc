// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of multiplication and division. Reached through rows that translate.c
 * chooses from. Pure.
 *
 * Only CF and OF come of a product, and no flag of a quotient: the others are
 * undefined and stay, as in the emulator. What would raise #DE goes the slow
 * way, before the host divides.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

#define PRODUCT_FLAGS (FLAG_CF | FLAG_OF)

static __always_inline void set_product(u64 *flags, bool overflow)
{
	*flags = (*flags & ~(u64)PRODUCT_FLAGS) | (overflow ? PRODUCT_FLAGS : 0);
}

#define AX (REG_AX * sizeof(u64))
#define DX (REG_DX * sizeof(u64))

static __always_inline u64 mul_u8(struct virtual_cpu *cpu, u8 value, u64 flags)
{
	u16 product = REGISTER(u8, AX) * value;

	REGISTER(u16, AX) = product;
	set_product(&flags, product >> 8);
	return flags;
}

static __always_inline u64 imul_wide_u8(struct virtual_cpu *cpu, u8 value, u64 flags)
{
	s16 product = (s8)REGISTER(u8, AX) * (s8)value;

	REGISTER(u16, AX) = product;
	set_product(&flags, product != (s8)product);
	return flags;
}

#define DEFINE_PRODUCT(op, type, single, wide)                                                     \
	static __always_inline u64 op##_##type(struct virtual_cpu *cpu, type value, u64 flags)     \
	{                                                                                          \
		wide product = (wide)(single)REGISTER(type, AX) * (single)value;                   \
												   \
		REGISTER(type, AX) = product;                                                      \
		REGISTER(type, DX) = (u64)product >> 8 * sizeof(type);                             \
		set_product(&flags, product != (single)product);                                   \
		return flags;                                                                      \
	}

DEFINE_PRODUCT(mul, u16, u16, u64)
DEFINE_PRODUCT(mul, u32, u32, u64)
DEFINE_PRODUCT(imul_wide, u16, s16, s64)
DEFINE_PRODUCT(imul_wide, u32, s32, s64)

#define DEFINE_PRODUCT_STEPS(op, type)                                                             \
	static unsigned int op##_r_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		flags = op##_##type(cpu, REGISTER(type, step->destination), flags);                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_m_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		flags = op##_##type(cpu, *at, flags);                                              \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define ONE_OPERAND_ROW(op, type)                                                                  \
	{                                                                                          \
		[FORM_RI] = op##_r_##type, [FORM_MI] = op##_m_##type                               \
	}

#define DEFINE_PRODUCT_ROW(op)                                                                     \
	DEFINE_PRODUCT_STEPS(op, u8)                                                               \
	DEFINE_PRODUCT_STEPS(op, u16)                                                              \
	DEFINE_PRODUCT_STEPS(op, u32)                                                              \
	const struct step_row step_##op = {                                                        \
		{ ONE_OPERAND_ROW(op, u8), ONE_OPERAND_ROW(op, u16), ONE_OPERAND_ROW(op, u32) }    \
	}

DEFINE_PRODUCT_ROW(mul);
DEFINE_PRODUCT_ROW(imul_wide);

/* Two operands, and three: the destination gets the lower half. */
#define DEFINE_IMUL(type, signed_type)                                                             \
	static __always_inline type imul_##type(type a, type b, u64 *flags)                        \
	{                                                                                          \
		s64 product = (s64)(signed_type)a * (signed_type)b;                                \
												   \
		set_product(flags, product != (signed_type)product);                               \
		return product;                                                                    \
	}                                                                                          \
	static unsigned int imul_rr_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		REGISTER(type, step->destination) =                                                \
			imul_##type(REGISTER(type, step->destination),                             \
				    REGISTER(type, step->source), &flags);                         \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int imul_rm_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		REGISTER(type, step->destination) =                                                \
			imul_##type(REGISTER(type, step->destination), *at, &flags);               \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int imul_rri_##type(STEP_PARAMETERS)                                       \
	{                                                                                          \
		REGISTER(type, step->destination) =                                                \
			imul_##type(REGISTER(type, step->source), step->immediate, &flags);        \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int imul_rmi_##type(STEP_PARAMETERS)                                       \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		REGISTER(type, step->destination) = imul_##type(*at, step->immediate, &flags);     \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

DEFINE_IMUL(u16, s16)
DEFINE_IMUL(u32, s32)
const struct step_row step_imul = {
	{ [SIZE_16] = { [FORM_RR] = imul_rr_u16, [FORM_RM] = imul_rm_u16 },
	  [SIZE_32] = { [FORM_RR] = imul_rr_u32, [FORM_RM] = imul_rm_u32 } }
};
const struct step_row step_imul_immediate = {
	{ [SIZE_16] = { [FORM_RR] = imul_rri_u16, [FORM_RM] = imul_rmi_u16 },
	  [SIZE_32] = { [FORM_RR] = imul_rri_u32, [FORM_RM] = imul_rmi_u32 } }
};

/* False: #DE. */
static __always_inline bool div_u8(struct virtual_cpu *cpu, u8 divisor)
{
	u16 dividend = REGISTER(u16, AX);

	if (dividend >> 8 >= divisor)
		return false;
	REGISTER(u16, AX) = (u16)(dividend % divisor) << 8 | dividend / divisor;
	return true;
}

static __always_inline bool div_u16(struct virtual_cpu *cpu, u16 divisor)
{
	u32 dividend = (u32)REGISTER(u16, DX) << 16 | REGISTER(u16, AX);

	if (dividend >> 16 >= divisor)
		return false;
	REGISTER(u16, AX) = dividend / divisor;
	REGISTER(u16, DX) = dividend % divisor;
	return true;
}

static __always_inline bool div_u32(struct virtual_cpu *cpu, u32 divisor)
{
	u32 low = REGISTER(u32, AX), high = REGISTER(u32, DX);

	if (high >= divisor)
		return false;
	asm("divl %2" : "+a"(low), "+d"(high) : "r"(divisor));
	REGISTER(u32, AX) = low;
	REGISTER(u32, DX) = high;
	return true;
}

static __always_inline bool idiv_u8(struct virtual_cpu *cpu, u8 value)
{
	s32 dividend = (s16)REGISTER(u16, AX);
	s32 divisor = (s8)value;

	if (!divisor || dividend / divisor != (s8)(dividend / divisor))
		return false;
	REGISTER(u16, AX) = (u16)(dividend % divisor) << 8 | (u8)(dividend / divisor);
	return true;
}

static __always_inline bool idiv_u16(struct virtual_cpu *cpu, u16 value)
{
	s64 dividend = (s32)((u32)REGISTER(u16, DX) << 16 | REGISTER(u16, AX));
	s64 divisor = (s16)value;

	if (!divisor || dividend / divisor != (s16)(dividend / divisor))
		return false;
	REGISTER(u16, AX) = dividend / divisor;
	REGISTER(u16, DX) = dividend % divisor;
	return true;
}

static __always_inline bool idiv_u32(struct virtual_cpu *cpu, u32 value)
{
	s64 dividend = (u64)REGISTER(u32, DX) << 32 | REGISTER(u32, AX);
	s64 divisor = (s32)value;

	/* The smallest number by -1 would be #DE in the host, too. */
	if (!divisor || (divisor == -1 && dividend == (s64)BIT_ULL(63)))
		return false;
	if (dividend / divisor != (s32)(dividend / divisor))
		return false;
	REGISTER(u32, AX) = dividend / divisor;
	REGISTER(u32, DX) = dividend % divisor;
	return true;
}

#define DEFINE_QUOTIENT_STEPS(op, type)                                                            \
	static unsigned int op##_r_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		if (unlikely(!op##_##type(cpu, REGISTER(type, step->destination))))                \
			return step_slow(STEP_ARGUMENTS);                                          \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_m_##type(STEP_PARAMETERS)                                         \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		if (unlikely(!op##_##type(cpu, *at)))                                              \
			return step_slow(STEP_ARGUMENTS);                                          \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define DEFINE_QUOTIENT_ROW(op)                                                                    \
	DEFINE_QUOTIENT_STEPS(op, u8)                                                              \
	DEFINE_QUOTIENT_STEPS(op, u16)                                                             \
	DEFINE_QUOTIENT_STEPS(op, u32)                                                             \
	const struct step_row step_##op = {                                                        \
		{ ONE_OPERAND_ROW(op, u8), ONE_OPERAND_ROW(op, u16), ONE_OPERAND_ROW(op, u32) }    \
	}

DEFINE_QUOTIENT_ROW(div);
DEFINE_QUOTIENT_ROW(idiv);
