// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of bit tests and bit scans. Reached through rows that translate.c
 * chooses from. Pure.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

/* BT and its kin change CF only. */
static __always_inline void set_carry(u64 *flags, u64 bit)
{
	*flags = (*flags & ~(u64)FLAG_CF) | (bit & 1);
}

static __always_inline u32 keep_bit(u32 value, u32 mask)
{
	return value;
}

static __always_inline u32 set_bit_in(u32 value, u32 mask)
{
	return value | mask;
}

static __always_inline u32 reset_bit_in(u32 value, u32 mask)
{
	return value & ~mask;
}

static __always_inline u32 change_bit_in(u32 value, u32 mask)
{
	return value ^ mask;
}

/*
 * A bit number in a register reaches beyond the operand: it is signed, and
 * memory is one string of bits. Only flat operands come here.
 */
static __always_inline void *bit_pointer(struct virtual_cpu *cpu, struct step *step,
					 struct interpreter *interpreter, struct tlb_entry *tlb,
					 s32 bit, bool write)
{
	u32 linear = step->displacement + REGISTER(u32, step->base) + (bit >> 5) * 4;

	if (write)
		return tlb_write(tlb, interpreter, linear, sizeof(u32));
	return tlb_read(tlb, interpreter, linear, sizeof(u32));
}

static __always_inline bool unaligned(const volatile void *at)
{
	return (u64)at & (sizeof(u32) - 1);
}

#define DEFINE_BIT_TEST(op, change, writes)                                                        \
	static unsigned int op##_rr(STEP_PARAMETERS)                                               \
	{                                                                                          \
		u32 bit = REGISTER(u32, step->source) % 32;                                        \
		u32 value = REGISTER(u32, step->destination);                                      \
												   \
		set_carry(&flags, value >> bit);                                                   \
		REGISTER(u32, step->destination) = change(value, 1U << bit);                       \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_ri(STEP_PARAMETERS)                                               \
	{                                                                                          \
		u32 bit = step->immediate % 32;                                                    \
		u32 value = REGISTER(u32, step->destination);                                      \
												   \
		set_carry(&flags, value >> bit);                                                   \
		REGISTER(u32, step->destination) = change(value, 1U << bit);                       \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_mr(STEP_PARAMETERS)                                               \
	{                                                                                          \
		s32 bit = REGISTER(u32, step->source);                                             \
		__auto_type at =                                                                   \
			GUEST(u32, bit_pointer(cpu, step, interpreter, tlb, bit, writes));         \
		u32 value;                                                                         \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = *at;                                                                       \
		set_carry(&flags, value >> bit % 32U);                                             \
		if (writes)                                                                        \
			*at = change(value, 1U << bit % 32U);                                      \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_mi(STEP_PARAMETERS)                                               \
	{                                                                                          \
		u32 bit = step->immediate % 32;                                                    \
		__auto_type at = GUEST(u32, operand_pointer(cpu, step, interpreter, tlb,           \
							  sizeof(u32), writes));                   \
		u32 value;                                                                         \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = *at;                                                                       \
		set_carry(&flags, value >> bit);                                                   \
		if (writes)                                                                        \
			*at = change(value, 1U << bit);                                            \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

#define DEFINE_LOCKED_BIT_TEST(op)                                                                 \
	static __always_inline u64 op##_locked(void *at, u32 bit)                                  \
	{                                                                                          \
		bool old;                                                                          \
												   \
		asm volatile("lock " #op "l %2, %0\n\tsetc %1"                                     \
			     : "+m"(*(memory_u32 *)at), "=q"(old)                                  \
			     : "r"(bit)                                                            \
			     : "memory");                                                          \
		return old;                                                                        \
	}                                                                                          \
	static unsigned int op##_lock_mr(STEP_PARAMETERS)                                          \
	{                                                                                          \
		s32 bit = REGISTER(u32, step->source);                                             \
		__auto_type at =                                                                   \
			GUEST(u32, bit_pointer(cpu, step, interpreter, tlb, bit, true));           \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		if (unlikely(unaligned(at)))                                                       \
			return step_slow(STEP_ARGUMENTS);                                          \
		set_carry(&flags, op##_locked((void *)at, bit % 32U));                             \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_lock_mi(STEP_PARAMETERS)                                          \
	{                                                                                          \
		__auto_type at = OPERAND_ATOMIC(u32);                                              \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		set_carry(&flags, op##_locked(at, step->immediate % 32));                          \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	const struct step_row step_##op = {                                                        \
		{ [SIZE_32] = { [FORM_RR] = op##_rr,                                               \
				[FORM_RI] = op##_ri,                                               \
				[FORM_MR] = op##_mr,                                               \
				[FORM_MI] = op##_mi,                                               \
				[FORM_LOCK_MR] = op##_lock_mr,                                     \
				[FORM_LOCK_MI] = op##_lock_mi } }                                  \
	}

DEFINE_BIT_TEST(bt, keep_bit, false)
DEFINE_BIT_TEST(bts, set_bit_in, true)
DEFINE_BIT_TEST(btr, reset_bit_in, true)
DEFINE_BIT_TEST(btc, change_bit_in, true)
DEFINE_LOCKED_BIT_TEST(bts);
DEFINE_LOCKED_BIT_TEST(btr);
DEFINE_LOCKED_BIT_TEST(btc);
const struct step_row step_bt = {
	{ [SIZE_32] = { [FORM_RR] = bt_rr, [FORM_RI] = bt_ri, [FORM_MR] = bt_mr,
			[FORM_MI] = bt_mi } }
};

/* Zero leaves the destination as it was; only ZF changes. */
#define DEFINE_BIT_SCAN(op)                                                                        \
	static __always_inline u64 op##_scan(u32 value, memory_u32 *destination, u64 flags)        \
	{                                                                                          \
		if (!value)                                                                        \
			return flags | X86_EFLAGS_ZF;                                              \
		asm(#op "l %1, %0" : "=r"(*destination) : "r"(value));                             \
		return flags & ~(u64)X86_EFLAGS_ZF;                                                \
	}                                                                                          \
	static unsigned int op##_rr(STEP_PARAMETERS)                                               \
	{                                                                                          \
		flags = op##_scan(REGISTER(u32, step->source),                                     \
				  &REGISTER(u32, step->destination), flags);                       \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_rm(STEP_PARAMETERS)                                               \
	{                                                                                          \
		__auto_type at = OPERAND_READ(u32);                                                \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		flags = op##_scan(*at, &REGISTER(u32, step->destination), flags);                  \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	const struct step_row step_##op = {                                                        \
		{ [SIZE_32] = { [FORM_RR] = op##_rr, [FORM_RM] = op##_rm } }                       \
	}

DEFINE_BIT_SCAN(bsf);
DEFINE_BIT_SCAN(bsr);

/* Zero counts all bits, whatever CPUID says of them: so it is in ring 3. */
static __always_inline u64 count_flags(u64 flags, u32 value, u32 count)
{
	flags &= ~(u64)(X86_EFLAGS_CF | X86_EFLAGS_ZF);
	return flags | (value ? 0 : X86_EFLAGS_CF) | (count ? 0 : X86_EFLAGS_ZF);
}

#define DEFINE_ZERO_COUNT(op, count_zeros)                                                         \
	static unsigned int op##_rr(STEP_PARAMETERS)                                               \
	{                                                                                          \
		u32 value = REGISTER(u32, step->source);                                           \
		u32 count = value ? count_zeros(value) : 32;                                       \
												   \
		flags = count_flags(flags, value, count);                                          \
		REGISTER(u32, step->destination) = count;                                          \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int op##_rm(STEP_PARAMETERS)                                               \
	{                                                                                          \
		__auto_type at = OPERAND_READ(u32);                                                \
		u32 value, count;                                                                  \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = *at;                                                                       \
		count = value ? count_zeros(value) : 32;                                           \
		flags = count_flags(flags, value, count);                                          \
		REGISTER(u32, step->destination) = count;                                          \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	const struct step_row step_##op = {                                                        \
		{ [SIZE_32] = { [FORM_RR] = op##_rr, [FORM_RM] = op##_rm } }                       \
	}

DEFINE_ZERO_COUNT(tzcnt, __builtin_ctz);
DEFINE_ZERO_COUNT(lzcnt, __builtin_clz);

unsigned int step_bswap(STEP_PARAMETERS)
{
	REGISTER(u32, step->destination) = __builtin_bswap32(REGISTER(u32, step->destination));
	return step_next(STEP_ARGUMENTS);
}
