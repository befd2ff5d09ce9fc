// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control and debug registers: what may be written to them and what follows.
 * Called by the emulator, and by task switches for CR3, in the host world.
 * Pure.
 */
#include "cpu/internal.h"

#define CR0_DEFINED                                                                    \
	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE | \
	 X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)

/* A change of one of these reads the PAE directory pointers again. */
#define CR0_RELOADS_PDPTRS (X86_CR0_CD | X86_CR0_NW | X86_CR0_PG)
#define CR4_RELOADS_PDPTRS (X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP)

/* Manual: "PDPTE Registers", bits that must be zero in a present one. */
#define PDPTE_RESERVED_LOW 0x1e6ULL
#define PDPTR_TABLE_MASK   0xffffffe0ULL

/* ---- PAE directory pointers ----------------------------------------------- */

enum cpu_result control_load_pdptrs(struct virtual_cpu *cpu, u64 cr3)
{
	u64 reserved = PDPTE_RESERVED_LOW;
	enum cpu_result result;
	u64 pdptrs[4];
	unsigned int i;

	reserved |= ~((1ULL << cpuid_physical_bits(cpu)) - 1);
	result = cpu->bus->read_physical(cpu, cr3 & PDPTR_TABLE_MASK, pdptrs, sizeof(pdptrs));
	if (result != CPU_OK)
		return result;
	for (i = 0; i < ARRAY_SIZE(pdptrs); i++)
		if ((pdptrs[i] & PTE_P) && (pdptrs[i] & reserved))
			return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	memcpy(cpu->pdptrs, pdptrs, sizeof(pdptrs));
	return CPU_OK;
}

/* PAE paging proper: 4-level paging reads its directory pointers as it walks. */
static bool pae_paging(const struct virtual_cpu *cpu, u64 cr0, u64 cr4)
{
	return (cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) && !(cpu->efer & EFER_LME);
}

/* CR0.PG switches IA-32e mode on and off when EFER.LME is set. */
static enum cpu_result check_long_mode(struct virtual_cpu *cpu, u64 cr0)
{
	if (!(cpu->efer & EFER_LME) || !((cr0 ^ cpu->cr0) & X86_CR0_PG))
		return CPU_OK;
	if ((cr0 & X86_CR0_PG) && (!(cpu->cr4 & X86_CR4_PAE) || cpu->segments[SEGMENT_CS].l))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	return CPU_OK;
}

static void follow_long_mode(struct virtual_cpu *cpu)
{
	if ((cpu->efer & EFER_LME) && (cpu->cr0 & X86_CR0_PG))
		cpu->efer |= EFER_LMA;
	else
		cpu->efer &= ~EFER_LMA;
}

/* ---- control registers ----------------------------------------------------- */

static enum cpu_result write_cr0(struct virtual_cpu *cpu, u64 value)
{
	enum cpu_result result;

	/* Reserved bits stay clear whatever is written; ET is wired to 1. */
	value = (value & CR0_DEFINED) | X86_CR0_ET;
	if ((value & X86_CR0_PG) && !(value & X86_CR0_PE))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	if ((value & X86_CR0_NW) && !(value & X86_CR0_CD))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = check_long_mode(cpu, value);
	if (result != CPU_OK)
		return result;
	if (pae_paging(cpu, value, cpu->cr4) && ((value ^ cpu->cr0) & CR0_RELOADS_PDPTRS)) {
		result = control_load_pdptrs(cpu, cpu->cr3);
		if (result != CPU_OK)
			return result;
	}
	/* Protected mode begins in ring 0, whatever was cached before. */
	if ((value & X86_CR0_PE) && !(cpu->cr0 & X86_CR0_PE))
		cpu->segments[SEGMENT_SS].dpl = 0;
	cpu->cr0 = value;
	follow_long_mode(cpu);
	cpu->bus->changed(cpu, CPU_CHANGED_CR0);
	return CPU_OK;
}

static enum cpu_result write_cr3(struct virtual_cpu *cpu, u64 value)
{
	enum cpu_result result;

	if (pae_paging(cpu, cpu->cr0, cpu->cr4)) {
		result = control_load_pdptrs(cpu, value);
		if (result != CPU_OK)
			return result;
	}
	cpu->cr3 = value;
	cpu->bus->changed(cpu, CPU_CHANGED_CR3);
	return CPU_OK;
}

/* Which bit of CPUID allows which bit of CR4. */
static const struct {
	u64 cr4;
	u32 function;
	u8 reg;
	u8 bit;
} cr4_features[] = {
	{ X86_CR4_DE, 1, CPUID_EDX, 2 },       { X86_CR4_PSE, 1, CPUID_EDX, 3 },
	{ X86_CR4_TSD, 1, CPUID_EDX, 4 },      { X86_CR4_PAE, 1, CPUID_EDX, 6 },
	{ X86_CR4_MCE, 1, CPUID_EDX, 7 },      { X86_CR4_PGE, 1, CPUID_EDX, 13 },
	{ X86_CR4_OSFXSR, 1, CPUID_EDX, 24 },  { X86_CR4_OSXMMEXCPT, 1, CPUID_EDX, 25 },
	{ X86_CR4_UMIP, 7, CPUID_ECX, 2 },     { X86_CR4_SMEP, 7, CPUID_EBX, 7 },
	{ X86_CR4_SMAP, 7, CPUID_EBX, 20 },    { X86_CR4_FSGSBASE, 7, CPUID_EBX, 0 },
};

/**
 * cpu_cr4_allowed() - bits of CR4 that this virtual CPU has
 * @cpu: its CPUID decides
 *
 * VME and PVI are never offered, nor OSXSAVE: XCR0 is the host's. What belongs
 * to long mode is not either. PCE has no bit in CPUID.
 *
 * Return: the mask; writing anything else is #GP(0).
 */
u64 cpu_cr4_allowed(const struct virtual_cpu *cpu)
{
	u64 allowed = X86_CR4_PCE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cr4_features); i++)
		if (cpu_has_feature(cpu, cr4_features[i].function, cr4_features[i].reg,
				    cr4_features[i].bit))
			allowed |= cr4_features[i].cr4;
	return allowed;
}

static enum cpu_result write_cr4(struct virtual_cpu *cpu, u64 value)
{
	enum cpu_result result;

	if (value & ~cpu_cr4_allowed(cpu))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	if (cpu_long_mode(cpu) && !(value & X86_CR4_PAE))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	if (pae_paging(cpu, cpu->cr0, value) && ((value ^ cpu->cr4) & CR4_RELOADS_PDPTRS)) {
		result = control_load_pdptrs(cpu, cpu->cr3);
		if (result != CPU_OK)
			return result;
	}
	cpu->cr4 = value;
	cpu->bus->changed(cpu, CPU_CHANGED_CR4);
	return CPU_OK;
}

/**
 * cpu_write_control() - MOV to CR, without its CPL check
 * @cpu: the virtual CPU
 * @which: 0, 2, 3 or 4; others are #UD
 * @value: 32 bits
 *
 * Manual: "Control Registers".
 *
 * Return: CPU_FAULT with #GP(0) or #UD and nothing changed.
 */
enum cpu_result cpu_write_control(struct virtual_cpu *cpu, unsigned int which, u64 value)
{
	value &= 0xffffffff;
	switch (which) {
	case 0: return write_cr0(cpu, value);
	case 2: cpu->cr2 = value; return CPU_OK;
	case 3: return write_cr3(cpu, value);
	case 4: return write_cr4(cpu, value);
	default: return cpu_fault(cpu, X86_TRAP_UD);
	}
}

/**
 * cpu_read_control() - MOV from CR, without its CPL check
 * @cpu: the virtual CPU
 * @which: 0, 2, 3 or 4; others are #UD
 * @value: what it holds
 *
 * Return: CPU_OK or CPU_FAULT.
 */
enum cpu_result cpu_read_control(struct virtual_cpu *cpu, unsigned int which, u64 *value)
{
	switch (which) {
	case 0: *value = cpu->cr0; return CPU_OK;
	case 2: *value = cpu->cr2; return CPU_OK;
	case 3: *value = cpu->cr3; return CPU_OK;
	case 4: *value = cpu->cr4; return CPU_OK;
	default: return cpu_fault(cpu, X86_TRAP_UD);
	}
}

/* ---- debug registers -------------------------------------------------------- */

/* Checks of MOV to and from DR; *which becomes the register that is meant. */
static enum cpu_result check_debug(struct virtual_cpu *cpu, unsigned int *which)
{
	if (*which > 7)
		return cpu_fault(cpu, X86_TRAP_UD);
	if (*which == 4 || *which == 5) {
		if (cpu->cr4 & X86_CR4_DE)
			return cpu_fault(cpu, X86_TRAP_UD);
		*which += 2;
	}
	if (cpu_breakpoint_control(cpu) & DR7_GD) {
		cpu_fault(cpu, X86_TRAP_DB);
		cpu->fault.dr6 = DR6_BD;
		return CPU_FAULT;
	}
	return CPU_OK;
}

/**
 * cpu_write_debug() - MOV to DR, without its CPL check
 * @cpu: the virtual CPU
 * @which: 0 to 7; 4 and 5 are 6 and 7 unless CR4.DE is set
 * @value: 32 bits
 *
 * Manual: "Debug Registers".
 *
 * Return: CPU_FAULT with #UD, or #DB when DR7.GD guards the registers.
 */
enum cpu_result cpu_write_debug(struct virtual_cpu *cpu, unsigned int which, u64 value)
{
	enum cpu_result result = check_debug(cpu, &which);

	if (result != CPU_OK)
		return result;
	value &= 0xffffffff;
	if (which < 4)
		cpu->dr[which] = value;
	else if (which == 6)
		cpu->dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
	else
		cpu->dr7 = (value & DR7_WRITABLE) | DR7_FIXED;
	cpu->bus->changed(cpu, CPU_CHANGED_DEBUG);
	return CPU_OK;
}

/**
 * cpu_read_debug() - MOV from DR, without its CPL check
 * @cpu: the virtual CPU
 * @which: as cpu_write_debug()
 * @value: what it holds
 *
 * Return: as cpu_write_debug().
 */
enum cpu_result cpu_read_debug(struct virtual_cpu *cpu, unsigned int which, u64 *value)
{
	enum cpu_result result = check_debug(cpu, &which);

	if (result != CPU_OK)
		return result;
	if (which < 4)
		*value = cpu->dr[which];
	else
		*value = which == 6 ? cpu->dr6 : cpu->dr7;
	return CPU_OK;
}
