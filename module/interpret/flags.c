// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps on flags, the interrupt flag among them, and the clock. Pure.
 *
 * Status flags travel from step to step; DF, IF and the rest are always in
 * cpu->rflags.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

unsigned int step_clc(STEP_PARAMETERS)
{
	flags &= ~(u64)X86_EFLAGS_CF;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_stc(STEP_PARAMETERS)
{
	flags |= X86_EFLAGS_CF;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_cmc(STEP_PARAMETERS)
{
	flags ^= X86_EFLAGS_CF;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_cld(STEP_PARAMETERS)
{
	cpu->rflags &= ~(u64)X86_EFLAGS_DF;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_std(STEP_PARAMETERS)
{
	cpu->rflags |= X86_EFLAGS_DF;
	return step_next(STEP_ARGUMENTS);
}

/* CPL is 3 in virtual-8086 mode, and 0 in real mode. */
static __always_inline bool interrupt_flag_allowed(const struct virtual_cpu *cpu,
						   const struct interpreter *interpreter)
{
	return interpreter->privilege <= (cpu->rflags & X86_EFLAGS_IOPL) >> EFLAGS_IOPL_SHIFT;
}

unsigned int step_cli(STEP_PARAMETERS)
{
	if (unlikely(!interrupt_flag_allowed(cpu, interpreter)))
		return step_slow(STEP_ARGUMENTS);
	cpu->rflags &= ~(u64)X86_EFLAGS_IF;
	return step_next(STEP_ARGUMENTS);
}

/* The instruction that comes next is executed before an interrupt can be taken;
 * step_shadow_ends() stands behind it. */
unsigned int step_sti(STEP_PARAMETERS)
{
	if (unlikely(!interrupt_flag_allowed(cpu, interpreter)))
		return step_slow(STEP_ARGUMENTS);
	if (!(cpu->rflags & X86_EFLAGS_IF))
		cpu->interrupt_shadow = INTERRUPT_SHADOW_STI;
	cpu->rflags |= X86_EFLAGS_IF;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_shadow_ends(STEP_PARAMETERS)
{
	cpu->interrupt_shadow = 0;
	if (unlikely(interpreter->window_wanted) && (cpu->rflags & X86_EFLAGS_IF))
		return step_window(STEP_ARGUMENTS);
	return step_next(STEP_ARGUMENTS);
}

#define LAHF_FLAGS (EFLAGS_STATUS & 0xff)

unsigned int step_lahf(STEP_PARAMETERS)
{
	REGISTER(u8, REG_AX * sizeof(u64) + 1) = (flags & LAHF_FLAGS) | X86_EFLAGS_FIXED;
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_sahf(STEP_PARAMETERS)
{
	flags = (flags & ~(u64)LAHF_FLAGS) | (cpu->regs[REG_AX] >> 8 & LAHF_FLAGS);
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_rdtsc(STEP_PARAMETERS)
{
	u64 tsc;

	if (unlikely(cpu->cr4 & X86_CR4_TSD) && interpreter->privilege)
		return step_slow(STEP_ARGUMENTS);
	tsc = cpu->bus->read_tsc(cpu);
	cpu->regs[REG_AX] = (u32)tsc;
	cpu->regs[REG_DX] = tsc >> 32;
	return step_next(STEP_ARGUMENTS);
}
