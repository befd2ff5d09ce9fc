// SPDX-License-Identifier: GPL-2.0-only
/*
 * Privileged instructions: interrupt flag, control and debug registers, MSRs,
 * time, identification, caches and TLBs; and what this virtual CPU does not
 * have. Called through the dispatch table. Pure.
 */
#include "emulate/internal.h"

/* CLI and STI ask for CPL <= IOPL; virtual-8086 mode runs at CPL 3. */
static bool interrupt_flag_allowed(const struct virtual_cpu *cpu)
{
	return cpu_cpl(cpu) <= cpu_iopl(cpu);
}

enum cpu_result emulate_cli(struct emulation *emulation)
{
	if (!interrupt_flag_allowed(emulation->cpu))
		return general_protection(emulation);
	emulation->cpu->rflags &= ~X86_EFLAGS_IF;
	return CPU_OK;
}

enum cpu_result emulate_sti(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;

	if (!interrupt_flag_allowed(cpu))
		return general_protection(emulation);
	if (!(cpu->rflags & X86_EFLAGS_IF))
		emulation->shadow = INTERRUPT_SHADOW_STI;
	cpu->rflags |= X86_EFLAGS_IF;
	return CPU_OK;
}

enum cpu_result emulate_hlt(struct emulation *emulation)
{
	enum cpu_result result = require_ring0(emulation);

	if (result == CPU_OK)
		emulation->cpu->halted = true;
	return result;
}

static bool control_register_exists(unsigned int which)
{
	return which == 0 || (which >= 2 && which <= 4);
}

enum cpu_result emulate_mov_control(struct emulation *emulation)
{
	const struct operand *destination = operand(emulation, 0);
	const struct operand *source = operand(emulation, 1);
	bool load = destination->kind == OPERAND_CONTROL;
	unsigned int which = load ? destination->reg : source->reg;
	enum cpu_result result;
	u64 value = 0;

	if (!control_register_exists(which))
		return undefined(emulation);
	result = require_ring0(emulation);
	if (result != CPU_OK)
		return result;
	if (load) {
		result = read_operand(emulation, 1, &value);
		return result == CPU_OK ? cpu_write_control(emulation->cpu, which, value) : result;
	}
	result = cpu_read_control(emulation->cpu, which, &value);
	return result == CPU_OK ? write_operand(emulation, 0, value) : result;
}

enum cpu_result emulate_mov_debug(struct emulation *emulation)
{
	const struct operand *destination = operand(emulation, 0);
	const struct operand *source = operand(emulation, 1);
	struct virtual_cpu *cpu = emulation->cpu;
	bool load = destination->kind == OPERAND_DEBUG;
	unsigned int which = load ? destination->reg : source->reg;
	enum cpu_result result;
	u64 value = 0;

	/* DR4 and DR5 are DR6 and DR7, unless CR4.DE reserves them. */
	if ((which == 4 || which == 5) && (cpu->cr4 & X86_CR4_DE))
		return undefined(emulation);
	result = require_ring0(emulation);
	if (result != CPU_OK)
		return result;
	if (load) {
		result = read_operand(emulation, 1, &value);
		return result == CPU_OK ? cpu_write_debug(cpu, which, value) : result;
	}
	result = cpu_read_debug(cpu, which, &value);
	return result == CPU_OK ? write_operand(emulation, 0, value) : result;
}

enum cpu_result emulate_clts(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result = require_ring0(emulation);

	if (result != CPU_OK)
		return result;
	return cpu_write_control(cpu, 0, cpu->cr0 & ~(u64)X86_CR0_TS);
}

#define MACHINE_STATUS (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS)

/* Sets PE but never clears it. */
enum cpu_result emulate_lmsw(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result;
	u64 value;

	result = require_ring0(emulation);
	if (result == CPU_OK)
		result = read_operand(emulation, 0, &value);
	if (result != CPU_OK)
		return result;
	value = (cpu->cr0 & ~(u64)MACHINE_STATUS) | (value & MACHINE_STATUS) |
		(cpu->cr0 & X86_CR0_PE);
	return cpu_write_control(cpu, 0, value);
}

enum cpu_result emulate_smsw(struct emulation *emulation)
{
	enum cpu_result result = require_no_umip(emulation);

	return result == CPU_OK ? write_operand(emulation, 0, emulation->cpu->cr0) : result;
}

enum cpuid_register { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* CLAC, STAC: #UD outside ring 0, and without SMAP. */
enum cpu_result emulate_clac_stac(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	bool set = emulation->insn->operation == OPERATION_STAC;

	if (cpu_cpl(cpu) || !cpu_has_feature(cpu, 7, CPUID_EBX, 20))
		return undefined(emulation);
	set_flags(cpu, X86_EFLAGS_AC, set ? X86_EFLAGS_AC : 0);
	return CPU_OK;
}

/* No limit is checked and nothing is accessed: only the address counts. */
enum cpu_result emulate_invlpg(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result = require_ring0(emulation);
	u64 linear;

	if (result != CPU_OK)
		return result;
	linear = cpu->segments[emulation->insn->segment].base +
		 emulate_operand_offset(cpu, emulation->insn);
	cpu->bus->invalidate_page(cpu, (u32)linear);
	return CPU_OK;
}

enum invpcid_type { INVPCID_ADDRESS, INVPCID_CONTEXT, INVPCID_ALL, INVPCID_ALL_BUT_GLOBAL };

/* PCIDs need long mode: the descriptor's can only be 0 here. */
enum cpu_result emulate_invpcid(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result;
	u64 type, descriptor[2];

	if (!cpu_has_feature(cpu, 7, CPUID_EBX, 10))
		return undefined(emulation);
	result = require_ring0(emulation);
	if (result == CPU_OK)
		result = read_operand(emulation, 0, &type);
	if (result == CPU_OK)
		result = read_memory(emulation, 0, descriptor, sizeof(descriptor));
	if (result != CPU_OK)
		return result;
	if (type > INVPCID_ALL_BUT_GLOBAL || descriptor[0])
		return general_protection(emulation);
	if (type == INVPCID_ADDRESS)
		cpu->bus->invalidate_page(cpu, (u32)descriptor[1]);
	else if (type == INVPCID_ALL)
		cpu->bus->changed(cpu, CPU_CHANGED_CR3 | CPU_CHANGED_CR4);
	else
		cpu->bus->changed(cpu, CPU_CHANGED_CR3);
	return CPU_OK;
}

/* INVD, WBINVD, WBNOINVD: guest memory is ordinary host memory, its caches are
 * coherent; to drop them would be the host's business only. */
enum cpu_result emulate_cache_control(struct emulation *emulation)
{
	return require_ring0(emulation);
}

/* CLFLUSH and its like are reads of one byte without a value. */
enum cpu_result emulate_cache_line(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result;
	u64 linear;

	result = cpu_linear(cpu, emulation->insn->segment,
			    emulate_operand_offset(cpu, emulation->insn), 1, ACCESS_READ, &linear);
	if (result != CPU_OK)
		return result;
	return cpu->bus->probe(cpu, linear, 1, ACCESS_READ);
}

static void set_edx_eax(struct virtual_cpu *cpu, u64 value)
{
	set_register(cpu, REG_AX, 4, value);
	set_register(cpu, REG_DX, 4, value >> 32);
}

enum cpu_result emulate_rdmsr(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result = require_ring0(emulation);
	u64 value = 0;

	if (result != CPU_OK)
		return result;
	if (!cpu_read_msr(cpu, get_register(cpu, REG_CX, 4), &value, false))
		return general_protection(emulation);
	set_edx_eax(cpu, value);
	return CPU_OK;
}

enum cpu_result emulate_wrmsr(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result = require_ring0(emulation);
	u64 value = get_register(cpu, REG_DX, 4) << 32 | get_register(cpu, REG_AX, 4);

	if (result != CPU_OK)
		return result;
	if (!cpu_write_msr(cpu, get_register(cpu, REG_CX, 4), value, false))
		return general_protection(emulation);
	return CPU_OK;
}

static bool has_tsc_aux(const struct virtual_cpu *cpu)
{
	return cpu_has_feature(cpu, 0x80000001, CPUID_EDX, 27);
}

/* RDTSC, RDTSCP */
enum cpu_result emulate_rdtsc(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	bool with_aux = emulation->insn->operation == OPERATION_RDTSCP;

	if (with_aux && !has_tsc_aux(cpu))
		return undefined(emulation);
	if ((cpu->cr4 & X86_CR4_TSD) && cpu_cpl(cpu))
		return general_protection(emulation);
	set_edx_eax(cpu, cpu->bus->read_tsc(cpu));
	if (with_aux)
		set_register(cpu, REG_CX, 4, cpu->msrs.tsc_aux);
	return CPU_OK;
}

/* There are no performance counters, so every number is a bad one. */
enum cpu_result emulate_rdpmc(struct emulation *emulation)
{
	return general_protection(emulation);
}

enum cpu_result emulate_rdpid(struct emulation *emulation)
{
	if (!cpu_has_feature(emulation->cpu, 7, CPUID_ECX, 22))
		return undefined(emulation);
	return write_operand(emulation, 0, emulation->cpu->msrs.tsc_aux);
}

enum cpu_result emulate_cpuid(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u32 eax = cpu->regs[REG_AX], ebx = 0, ecx = cpu->regs[REG_CX], edx = 0;

	cpu_cpuid(cpu, &eax, &ebx, &ecx, &edx);
	set_register(cpu, REG_AX, 4, eax);
	set_register(cpu, REG_BX, 4, ebx);
	set_register(cpu, REG_CX, 4, ecx);
	set_register(cpu, REG_DX, 4, edx);
	return CPU_OK;
}

/*
 * RDRAND, RDSEED: the processor's own, into EAX. It sets the flags too, and
 * where it has nothing to give, the guest hears of it.
 */
enum cpu_result emulate_random(struct emulation *emulation)
{
	const struct insn *insn = emulation->insn;
	struct virtual_cpu *cpu = emulation->cpu;
	struct cpu_native native = { .code_bytes = 0 };
	u64 saved = cpu->regs[REG_AX], value;
	enum cpu_result result;

	if (!cpu->bus->execute)
		return cpu_stop(cpu, "the guest asked for a random number where there is none");
	if (insn->operand_size == 2)
		native.code[native.code_bytes++] = 0x66;
	native.code[native.code_bytes++] = 0x0f;
	native.code[native.code_bytes++] = 0xc7;
	native.code[native.code_bytes++] = insn->operation == OPERATION_RDRAND ? 0xf0 : 0xf8;
	result = cpu->bus->execute(cpu, &native);
	value = cpu->regs[REG_AX];
	cpu->regs[REG_AX] = saved;
	return result == CPU_OK ? write_operand(emulation, 0, value) : result;
}

/* MONITOR, MWAIT: waiting may end at any time, so it ends at once. */
enum cpu_result emulate_monitor(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;

	if (cpu_cpl(cpu) || !cpu_has_feature(cpu, 1, CPUID_ECX, 3))
		return undefined(emulation);
	if (get_register(cpu, REG_CX, 4) > 1)
		return general_protection(emulation);
	return CPU_OK;
}

/* Instructions that exist, but not on this virtual CPU. */
enum cpu_result emulate_undefined(struct emulation *emulation)
{
	return undefined(emulation);
}

/* XGETBV, XSETBV, the XSAVE family and AVX: CR4.OSXSAVE turns them on, and no
 * virtual CPU is told that it can. */
enum cpu_result emulate_xcr(struct emulation *emulation)
{
	if (!(emulation->cpu->cr4 & X86_CR4_OSXSAVE))
		return undefined(emulation);
	return cpu_stop(emulation->cpu,
			"the guest used XSAVE or AVX where it has to be emulated, which ringlet cannot do");
}
