// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of near control transfer. A direct jump within a page gets a pointer to
 * its target when it is first taken; all others look their target up. Pure.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

#define SP_SLOT (REG_SP * sizeof(u64))

/* ---- within flat 32-bit code --------------------------------------------------- */

unsigned int step_join(STEP_PARAMETERS)
{
	/* No instruction of its own. */
	interpreter->ticks++;
	return step_to_target(STEP_ARGUMENTS);
}

unsigned int step_page_end(STEP_PARAMETERS)
{
	u32 eip = interpreter->page_eip + step->offset;

	return step_to_eip(STEP_ARGUMENTS, eip, step->index);
}

unsigned int step_jmp_unresolved(STEP_PARAMETERS)
{
	return step_resolve(STEP_ARGUMENTS);
}

unsigned int step_jmp_near(STEP_PARAMETERS)
{
	return step_to_target(STEP_ARGUMENTS);
}

/* Push a return address on a flat stack; false: step_missed(). */
static __always_inline bool push_return(struct virtual_cpu *cpu, const struct step *step,
					struct interpreter *interpreter, struct tlb_entry *tlb)
{
	u32 sp = REGISTER(u32, SP_SLOT) - sizeof(u32);
	__auto_type at = GUEST(u32, tlb_write(tlb, interpreter, sp, sizeof(u32)));

	if (unlikely(!at))
		return false;
	*at = next_eip(interpreter, step);
	REGISTER(u32, SP_SLOT) = sp;
	return true;
}

unsigned int step_call_near(STEP_PARAMETERS)
{
	if (unlikely(!push_return(cpu, step, interpreter, tlb)))
		return step_missed(STEP_ARGUMENTS);
	return step_to_target(STEP_ARGUMENTS);
}

static unsigned int jmp_flat(STEP_PARAMETERS)
{
	u32 eip = interpreter->page_eip + step->immediate;

	return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);
}

static unsigned int call_flat(STEP_PARAMETERS)
{
	u32 eip = interpreter->page_eip + step->immediate;

	if (unlikely(!push_return(cpu, step, interpreter, tlb)))
		return step_missed(STEP_ARGUMENTS);
	return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);
}

static unsigned int ret_flat(STEP_PARAMETERS)
{
	u32 sp = REGISTER(u32, SP_SLOT);
	__auto_type at = GUEST(u32, tlb_read(tlb, interpreter, sp, sizeof(u32)));

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	REGISTER(u32, SP_SLOT) = sp + sizeof(u32) + step->immediate;
	return step_to_eip(STEP_ARGUMENTS, *at, step->index + 1);
}

static unsigned int jmp_register_flat(STEP_PARAMETERS)
{
	u32 eip = REGISTER(u32, step->source);

	return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);
}

static unsigned int jmp_memory_flat(STEP_PARAMETERS)
{
	__auto_type at = OPERAND_READ(u32);

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	return step_to_eip(STEP_ARGUMENTS, *at, step->index + 1);
}

static unsigned int call_register_flat(STEP_PARAMETERS)
{
	u32 eip = REGISTER(u32, step->source);

	if (unlikely(!push_return(cpu, step, interpreter, tlb)))
		return step_missed(STEP_ARGUMENTS);
	return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);
}

static unsigned int call_memory_flat(STEP_PARAMETERS)
{
	__auto_type at = OPERAND_READ(u32);
	u32 eip;

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	eip = *at;
	if (unlikely(!push_return(cpu, step, interpreter, tlb)))
		return step_missed(STEP_ARGUMENTS);
	return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);
}

/* ---- any segments and sizes ------------------------------------------------------ */

static __always_inline bool target_allowed(const struct virtual_cpu *cpu, u32 eip)
{
	return eip <= cpu->segments[SEGMENT_CS].limit;
}

static __always_inline u32 any_sp(const struct virtual_cpu *cpu,
				  const struct interpreter *interpreter, s32 by)
{
	return (REGISTER(u32, SP_SLOT) + by) & interpreter->stack_mask;
}

static __always_inline void set_any_sp(struct virtual_cpu *cpu,
				       const struct interpreter *interpreter, u32 sp)
{
	if (interpreter->stack_mask == ~0U)
		REGISTER(u32, SP_SLOT) = sp;
	else
		REGISTER(u16, SP_SLOT) = sp;
}

#define DEFINE_ANY_BRANCHES(type)                                                                  \
	static __always_inline bool push_return_##type(struct virtual_cpu *cpu,                    \
						       const struct step *step,                    \
						       struct interpreter *interpreter,            \
						       struct tlb_entry *tlb)                      \
	{                                                                                          \
		u32 sp = any_sp(cpu, interpreter, -(s32)sizeof(type));                             \
		__auto_type at =                                                                   \
			GUEST(type, segment_pointer(tlb, interpreter, SEGMENT_SS, sp, sizeof(type), true)); \
												   \
		if (unlikely(!at))                                                                 \
			return false;                                                              \
		*at = next_eip(interpreter, step);                                                 \
		set_any_sp(cpu, interpreter, sp);                                                  \
		return true;                                                                       \
	}                                                                                          \
	static __always_inline unsigned int jump_##type(STEP_PARAMETERS, type eip)                 \
	{                                                                                          \
		if (unlikely(!target_allowed(cpu, eip)))                                           \
			return step_slow(STEP_ARGUMENTS);                                          \
		return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);                          \
	}                                                                                          \
	static __always_inline unsigned int call_to_##type(STEP_PARAMETERS, type eip)              \
	{                                                                                          \
		if (unlikely(!target_allowed(cpu, eip)))                                           \
			return step_slow(STEP_ARGUMENTS);                                          \
		if (unlikely(!push_return_##type(cpu, step, interpreter, tlb)))                    \
			return step_missed(STEP_ARGUMENTS);                                        \
		return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);                          \
	}                                                                                          \
	static unsigned int jmp_any_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		return jump_##type(STEP_ARGUMENTS, interpreter->page_eip + step->immediate);       \
	}                                                                                          \
	static unsigned int call_any_##type(STEP_PARAMETERS)                                       \
	{                                                                                          \
		return call_to_##type(STEP_ARGUMENTS, interpreter->page_eip + step->immediate);    \
	}                                                                                          \
	static unsigned int jmp_register_any_##type(STEP_PARAMETERS)                               \
	{                                                                                          \
		return jump_##type(STEP_ARGUMENTS, REGISTER(type, step->source));                  \
	}                                                                                          \
	static unsigned int call_register_any_##type(STEP_PARAMETERS)                              \
	{                                                                                          \
		return call_to_##type(STEP_ARGUMENTS, REGISTER(type, step->source));               \
	}                                                                                          \
	static unsigned int jmp_memory_any_##type(STEP_PARAMETERS)                                 \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		return jump_##type(STEP_ARGUMENTS, *at);                                           \
	}                                                                                          \
	static unsigned int call_memory_any_##type(STEP_PARAMETERS)                                \
	{                                                                                          \
		__auto_type at = OPERAND_READ(type);                                               \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		return call_to_##type(STEP_ARGUMENTS, *at);                                        \
	}                                                                                          \
	static unsigned int ret_any_##type(STEP_PARAMETERS)                                        \
	{                                                                                          \
		__auto_type at =                                                                   \
			GUEST(type, segment_pointer(tlb, interpreter, SEGMENT_SS, any_sp(cpu, interpreter, 0), \
					    sizeof(type), false));                                 \
		u32 eip;                                                                           \
												   \
		if (unlikely(!at))                                                                 \
			return step_missed(STEP_ARGUMENTS);                                        \
		eip = *at;                                                                         \
		if (unlikely(!target_allowed(cpu, eip)))                                           \
			return step_slow(STEP_ARGUMENTS);                                          \
		set_any_sp(cpu, interpreter,                                                       \
			   any_sp(cpu, interpreter, sizeof(type) + step->immediate));              \
		return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);                          \
	}

DEFINE_ANY_BRANCHES(u16)
DEFINE_ANY_BRANCHES(u32)

#define BRANCH_ROW(op)                                                                             \
	{                                                                                          \
		op##_flat, op##_any_u16, op##_any_u32                                              \
	}

const step_handler branch_steps[BRANCHES][BRANCH_VARIANTS] = {
	[BRANCH_JMP] = BRANCH_ROW(jmp),
	[BRANCH_CALL] = BRANCH_ROW(call),
	[BRANCH_RET] = BRANCH_ROW(ret),
	[BRANCH_JMP_REGISTER] = BRANCH_ROW(jmp_register),
	[BRANCH_JMP_MEMORY] = BRANCH_ROW(jmp_memory),
	[BRANCH_CALL_REGISTER] = BRANCH_ROW(call_register),
	[BRANCH_CALL_MEMORY] = BRANCH_ROW(call_memory),
};

/* ---- conditions ------------------------------------------------------------------ */

/* The displacement is the mask that the operand size puts on the target. */
#define DEFINE_JCC(which)                                                                          \
	static unsigned int jcc_unresolved_##which(STEP_PARAMETERS)                                \
	{                                                                                          \
		if (!condition(flags, which))                                                      \
			return step_next(STEP_ARGUMENTS);                                          \
		return step_resolve(STEP_ARGUMENTS);                                               \
	}                                                                                          \
	static unsigned int jcc_near_##which(STEP_PARAMETERS)                                      \
	{                                                                                          \
		if (!condition(flags, which))                                                      \
			return step_next(STEP_ARGUMENTS);                                          \
		return step_to_target(STEP_ARGUMENTS);                                             \
	}                                                                                          \
	static unsigned int jcc_far_##which(STEP_PARAMETERS)                                       \
	{                                                                                          \
		if (!condition(flags, which))                                                      \
			return step_next(STEP_ARGUMENTS);                                          \
		return step_to_eip(STEP_ARGUMENTS, interpreter->page_eip + step->immediate,        \
				   step->index + 1);                                               \
	}                                                                                          \
	static unsigned int jcc_any_##which(STEP_PARAMETERS)                                       \
	{                                                                                          \
		u32 eip = (interpreter->page_eip + step->immediate) & step->displacement;          \
												   \
		if (!condition(flags, which))                                                      \
			return step_next(STEP_ARGUMENTS);                                          \
		if (unlikely(!target_allowed(cpu, eip)))                                           \
			return step_slow(STEP_ARGUMENTS);                                          \
		return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);                          \
	}

#define FOR_EACH_CONDITION(X)                                                                      \
	X(0)                                                                                       \
	X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

FOR_EACH_CONDITION(DEFINE_JCC)

#define UNRESOLVED_ENTRY(which) jcc_unresolved_##which,
#define NEAR_ENTRY(which)	jcc_near_##which,
#define FAR_ENTRY(which)	jcc_far_##which,
#define ANY_ENTRY(which)	jcc_any_##which,

const step_handler jcc_unresolved_steps[16] = { FOR_EACH_CONDITION(UNRESOLVED_ENTRY) };
const step_handler jcc_near_steps[16] = { FOR_EACH_CONDITION(NEAR_ENTRY) };
const step_handler jcc_far_steps[16] = { FOR_EACH_CONDITION(FAR_ENTRY) };
const step_handler jcc_any_steps[16] = { FOR_EACH_CONDITION(ANY_ENTRY) };

/*
 * LOOP, LOOPE, LOOPNE, JCXZ: the low two bits of the opcode are in the source,
 * the mask of the counter in address_mask.
 */
unsigned int step_loop(STEP_PARAMETERS)
{
	u32 eip = (interpreter->page_eip + step->immediate) & step->displacement;
	u32 count = cpu->regs[REG_CX];
	bool taken;

	if (step->source != 3)
		count--;
	taken = count & step->address_mask;
	switch (step->source) {
	case 0:
		taken = taken && !(flags & X86_EFLAGS_ZF);
		break;
	case 1:
		taken = taken && (flags & X86_EFLAGS_ZF);
		break;
	case 3:
		taken = !taken;
		break;
	}
	if (taken && unlikely(!target_allowed(cpu, eip)))
		return step_slow(STEP_ARGUMENTS);
	if (step->address_mask == ~0U)
		cpu->regs[REG_CX] = count;
	else
		REGISTER(u16, REG_CX * sizeof(u64)) = count;
	if (!taken)
		return step_next(STEP_ARGUMENTS);
	return step_to_eip(STEP_ARGUMENTS, eip, step->index + 1);
}
