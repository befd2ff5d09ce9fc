// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps that push and pop. Each exists for operand sizes of 16 and 32 bits, for
 * a flat stack and for any; translate.c chooses. Pure.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

#define SP_SLOT (REG_SP * sizeof(u64))

/* The stack pointer moved by @by, as wide as it is. */
static __always_inline u32 moved_sp(const struct virtual_cpu *cpu,
				    const struct interpreter *interpreter, s32 by, bool flat)
{
	u32 sp = REGISTER(u32, SP_SLOT) + by;

	return flat ? sp : sp & interpreter->stack_mask;
}

static __always_inline void set_sp(struct virtual_cpu *cpu, const struct interpreter *interpreter,
				   u32 sp, bool flat)
{
	if (flat || interpreter->stack_mask == ~0U)
		REGISTER(u32, SP_SLOT) = sp;
	else
		REGISTER(u16, SP_SLOT) = sp;
}

static __always_inline void *stack_pointer(struct interpreter *interpreter, struct tlb_entry *tlb,
					   u32 sp, unsigned int bytes, bool write, bool flat)
{
	if (!flat)
		return segment_pointer(tlb, interpreter, SEGMENT_SS, sp, bytes, write);
	if (write)
		return tlb_write(tlb, interpreter, sp, bytes);
	return tlb_read(tlb, interpreter, sp, bytes);
}

/* EFLAGS as PUSHF stores it. */
static __always_inline u64 flags_image(const struct virtual_cpu *cpu, u64 flags)
{
	u64 image = (cpu->rflags & ~(u64)EFLAGS_STATUS) | (flags & EFLAGS_STATUS);

	image &= EFLAGS_WRITABLE & ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_RF);
	return image | X86_EFLAGS_FIXED;
}

/* POPF changes these here; the others, if they change, take the slow way. */
#define POPF_FAST (EFLAGS_STATUS | X86_EFLAGS_DF | X86_EFLAGS_NT | X86_EFLAGS_ID)

static __always_inline bool popf_allowed(const struct virtual_cpu *cpu,
					 const struct interpreter *interpreter, u64 changes)
{
	u64 fast = POPF_FAST;

	if (interpreter->privilege <= (cpu->rflags & X86_EFLAGS_IOPL) >> EFLAGS_IOPL_SHIFT)
		fast |= X86_EFLAGS_IF;
	return !(changes & ~fast);
}

#define DEFINE_STACK_STEPS(name, type, flat)                                                       \
	static __always_inline unsigned int push_##name(STEP_PARAMETERS, type value)               \
	{                                                                                          \
		u32 sp = moved_sp(cpu, interpreter, -(s32)sizeof(type), flat);                     \
		__auto_type at =                                                                   \
			GUEST(type, stack_pointer(interpreter, tlb, sp, sizeof(type), true, flat)); \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = value;                                                                       \
		set_sp(cpu, interpreter, sp, flat);                                                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int push_register_##name(STEP_PARAMETERS)                                  \
	{                                                                                          \
		return push_##name(STEP_ARGUMENTS, REGISTER(type, step->source));                  \
	}                                                                                          \
	static unsigned int push_immediate_##name(STEP_PARAMETERS)                                 \
	{                                                                                          \
		return push_##name(STEP_ARGUMENTS, step->immediate);                               \
	}                                                                                          \
	static unsigned int push_memory_##name(STEP_PARAMETERS)                                    \
	{                                                                                          \
		__auto_type from = OPERAND_READ(type);                                             \
												   \
		if (unlikely(!from))                                                               \
			return step_missed(STEP_ARGUMENTS);                                        \
		return push_##name(STEP_ARGUMENTS, *from);                                         \
	}                                                                                          \
	/* Only the selector is written; what is above it stays. */                                \
	static unsigned int push_segment_##name(STEP_PARAMETERS)                                   \
	{                                                                                          \
		u32 sp = moved_sp(cpu, interpreter, -(s32)sizeof(type), flat);                     \
		__auto_type at =                                                                   \
			GUEST(u16, stack_pointer(interpreter, tlb, sp, sizeof(u16), true, flat));  \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = cpu->segments[step->immediate].selector;                                     \
		set_sp(cpu, interpreter, sp, flat);                                                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int pop_register_##name(STEP_PARAMETERS)                                   \
	{                                                                                          \
		u32 sp = moved_sp(cpu, interpreter, 0, flat);                                      \
		__auto_type at =                                                                   \
			GUEST(type, stack_pointer(interpreter, tlb, sp, sizeof(type), false, flat)); \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		set_sp(cpu, interpreter, moved_sp(cpu, interpreter, sizeof(type), flat), flat);    \
		REGISTER(type, step->destination) = *at;                                           \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int pop_memory_##name(STEP_PARAMETERS)                                     \
	{                                                                                          \
		u32 sp = moved_sp(cpu, interpreter, 0, flat);                                      \
		__auto_type at =                                                                   \
			GUEST(type, stack_pointer(interpreter, tlb, sp, sizeof(type), false, flat)); \
		type value;                                                                        \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		value = *at;                                                                       \
		at = OPERAND_WRITE(type);                                                          \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		*at = value;                                                                       \
		set_sp(cpu, interpreter, moved_sp(cpu, interpreter, sizeof(type), flat), flat);    \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int leave_##name(STEP_PARAMETERS)                                          \
	{                                                                                          \
		u32 sp = REGISTER(u32, REG_BP * sizeof(u64)) &                                     \
			 ((flat) ? ~0U : interpreter->stack_mask);                                 \
		__auto_type at =                                                                   \
			GUEST(type, stack_pointer(interpreter, tlb, sp, sizeof(type), false, flat)); \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		sp += sizeof(type);                                                                \
		set_sp(cpu, interpreter, (flat) ? sp : sp & interpreter->stack_mask, flat);        \
		REGISTER(type, REG_BP * sizeof(u64)) = *at;                                        \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int pusha_##name(STEP_PARAMETERS)                                          \
	{                                                                                          \
		u32 sp = moved_sp(cpu, interpreter, -(s32)(8 * sizeof(type)), flat);               \
		__auto_type at =                                                                   \
			GUEST(type, stack_pointer(interpreter, tlb, sp, 8 * sizeof(type), true, flat)); \
		unsigned int i;                                                                    \
												   \
		/* The first that is pushed is the last in memory. */                              \
		if (unlikely(!at)) {                                                               \
			interpreter->miss_linear += 7 * sizeof(type);                              \
			return step_missed(STEP_ARGUMENTS);                                        \
		}                                                                                  \
		for (i = 0; i < 8; i++)                                                            \
			at[i] = cpu->regs[REG_DI - i];                                             \
		set_sp(cpu, interpreter, sp, flat);                                                \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int popa_##name(STEP_PARAMETERS)                                           \
	{                                                                                          \
		u32 sp = moved_sp(cpu, interpreter, 0, flat);                                      \
		__auto_type at =                                                                   \
			GUEST(type, stack_pointer(interpreter, tlb, sp, 8 * sizeof(type), false, flat)); \
		unsigned int i;                                                                    \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		for (i = 0; i < 8; i++) {                                                          \
			if (REG_DI - i != REG_SP)                                                  \
				REGISTER(type, (REG_DI - i) * sizeof(u64)) = at[i];                \
		}                                                                                  \
		set_sp(cpu, interpreter, moved_sp(cpu, interpreter, 8 * sizeof(type), flat),       \
		       flat);                                                                      \
		return step_next(STEP_ARGUMENTS);                                                  \
	}                                                                                          \
	static unsigned int pushf_##name(STEP_PARAMETERS)                                          \
	{                                                                                          \
		if (unlikely(cpu->rflags & X86_EFLAGS_VM))                                         \
			return step_slow(STEP_ARGUMENTS);                                          \
		return push_##name(STEP_ARGUMENTS, flags_image(cpu, flags));                       \
	}                                                                                          \
	static unsigned int popf_##name(STEP_PARAMETERS)                                           \
	{                                                                                          \
		u32 sp = moved_sp(cpu, interpreter, 0, flat);                                      \
		__auto_type at =                                                                   \
			GUEST(type, stack_pointer(interpreter, tlb, sp, sizeof(type), false, flat)); \
		u64 image, changes;                                                                \
												   \
		/* Where it may raise #GP it does not look at the stack first. */                  \
		if (unlikely(cpu->rflags & X86_EFLAGS_VM))                                         \
			return step_slow(STEP_ARGUMENTS);                                          \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		image = *at;                                                                       \
		changes = (type)(image ^ cpu->rflags) & EFLAGS_WRITABLE &                          \
			  ~(u64)(EFLAGS_STATUS | X86_EFLAGS_RF | X86_EFLAGS_VM |                   \
				 X86_EFLAGS_VIF | X86_EFLAGS_VIP);                                 \
		if (unlikely(!popf_allowed(cpu, interpreter, changes)))                            \
			return step_slow(STEP_ARGUMENTS);                                          \
		flags = image;                                                                     \
		cpu->rflags ^= changes;                                                            \
		set_sp(cpu, interpreter, moved_sp(cpu, interpreter, sizeof(type), flat), flat);    \
		if (unlikely(changes & cpu->rflags & X86_EFLAGS_IF) && interpreter->window_wanted) \
			return step_window(STEP_ARGUMENTS);                                        \
		return step_next(STEP_ARGUMENTS);                                                  \
	}

DEFINE_STACK_STEPS(any16, u16, false)
DEFINE_STACK_STEPS(any32, u32, false)
DEFINE_STACK_STEPS(flat16, u16, true)
DEFINE_STACK_STEPS(flat32, u32, true)

#define STACK_ROW(op)                                                                              \
	{                                                                                          \
		{ op##_any16, op##_flat16 },                                                       \
		{                                                                                  \
			op##_any32, op##_flat32                                                    \
		}                                                                                  \
	}

const step_handler stack_steps[STACK_OPERATIONS][2][2] = {
	[STACK_PUSH_REGISTER] = STACK_ROW(push_register),
	[STACK_PUSH_IMMEDIATE] = STACK_ROW(push_immediate),
	[STACK_PUSH_MEMORY] = STACK_ROW(push_memory),
	[STACK_PUSH_SEGMENT] = STACK_ROW(push_segment),
	[STACK_POP_REGISTER] = STACK_ROW(pop_register),
	[STACK_POP_MEMORY] = STACK_ROW(pop_memory),
	[STACK_LEAVE] = STACK_ROW(leave),
	[STACK_PUSHA] = STACK_ROW(pusha),
	[STACK_POPA] = STACK_ROW(popa),
	[STACK_PUSHF] = STACK_ROW(pushf),
	[STACK_POPF] = STACK_ROW(popf),
};
