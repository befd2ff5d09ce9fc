// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYSENTER and SYSEXIT. Called by the emulator, in the host world. Pure.
 */
#include "cpu/internal.h"

#define CPUID_1_EDX_SEP 11

static void load_flat(struct segment *segment, u16 selector, unsigned int type, unsigned int dpl)
{
	*segment = (struct segment){
		.limit = 0xffffffff,
		.selector = selector_with_rpl(selector, dpl),
		.type = type | TYPE_ACCESSED,
		.dpl = dpl,
		.s = true,
		.present = true,
		.db = true,
		.g = true,
	};
}

/* What both check; *code is the selector that the others count from. */
static enum cpu_result check(struct virtual_cpu *cpu, u16 *code)
{
	if (!cpu_has_feature(cpu, 1, CPUID_EDX, CPUID_1_EDX_SEP))
		return cpu_fault(cpu, X86_TRAP_UD);
	*code = cpu->msrs.sysenter_cs & ~SELECTOR_RPL;
	if (!(cpu->cr0 & X86_CR0_PE) || !*code)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	return CPU_OK;
}

static void load_ring(struct virtual_cpu *cpu, u16 code, unsigned int cpl)
{
	load_flat(&cpu->segments[SEGMENT_CS], code, TYPE_CODE | TYPE_CODE_READABLE, cpl);
	load_flat(&cpu->segments[SEGMENT_SS], code + 8, TYPE_DATA_WRITABLE, cpl);
}

/**
 * cpu_sysenter() - SYSENTER
 * @cpu: the virtual CPU
 *
 * Return: CPU_FAULT with #UD without the feature, #GP(0) in real mode or
 * with a null SYSENTER_CS.
 */
enum cpu_result cpu_sysenter(struct virtual_cpu *cpu)
{
	enum cpu_result result;
	u16 code;

	result = check(cpu, &code);
	if (result != CPU_OK)
		return result;
	if (cpu_long_mode(cpu))
		return stop_long_mode(cpu);
	cpu->rflags &= ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_IF | X86_EFLAGS_RF);
	load_ring(cpu, code, 0);
	cpu->regs[REG_SP] = (u32)cpu->msrs.sysenter_esp;
	cpu->rip = (u32)cpu->msrs.sysenter_eip;
	return CPU_OK;
}

/**
 * cpu_sysexit() - SYSEXIT
 * @cpu: the virtual CPU
 *
 * Return: CPU_FAULT as cpu_sysenter(), and #GP(0) outside ring 0.
 */
enum cpu_result cpu_sysexit(struct virtual_cpu *cpu)
{
	enum cpu_result result;
	u16 code;

	result = check(cpu, &code);
	if (result != CPU_OK)
		return result;
	if (cpu_cpl(cpu) != 0)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	load_ring(cpu, code + 16, 3);
	cpu->regs[REG_SP] = (u32)cpu->regs[REG_CX];
	cpu->rip = (u32)cpu->regs[REG_DX];
	return CPU_OK;
}
