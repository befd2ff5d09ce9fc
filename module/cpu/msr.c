// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model-specific registers that the virtual CPU holds itself. Called by the
 * emulator (RDMSR, WRMSR) and by the api (KVM_GET_MSRS, KVM_SET_MSRS), in the
 * host world. Pure.
 */
#include "cpu/internal.h"

#define APIC_BASE_RESERVED_LOW 0x2ffULL
#define APIC_BASE_X2APIC       BIT_ULL(10)

/* RIPV, EIPV, MCIP */
#define MACHINE_CHECK_STATUS 0x7ULL

/* LBR and BTF, kept without an effect: a step stays one instruction long. */
#define DEBUG_CONTROL_WRITABLE 0x3ULL

/* What CPUID must offer before the guest itself may use an MSR. */
enum msr_needs {
	MSR_ALWAYS,
	MSR_NEEDS_APIC,
	MSR_NEEDS_DEADLINE,
	MSR_NEEDS_SEP,
	MSR_NEEDS_MCA,
	MSR_NEEDS_PAT,
	MSR_NEEDS_EFER,
	MSR_NEEDS_SYSCALL,
	MSR_NEEDS_LONG_MODE,
	MSR_NEEDS_RDTSCP,
	MSR_NEEDS_ARCH_CAPABILITIES,
	MSR_NEEDS_CLOCK,     /* KVM's, under its first numbers */
	MSR_NEEDS_CLOCK_NEW, /* and under those that collide with nothing */
};

#define EXTENDED_FEATURES    0x80000001
#define EXTENDED_EDX_SYSCALL 11
#define EXTENDED_EDX_NX	     20
#define EXTENDED_EDX_RDTSCP  27
#define EXTENDED_EDX_LM	     29

static bool extended(const struct virtual_cpu *cpu, unsigned int bit)
{
	return cpu_has_feature(cpu, EXTENDED_FEATURES, CPUID_EDX, bit);
}

static bool available(const struct virtual_cpu *cpu, enum msr_needs needs)
{
	switch (needs) {
	case MSR_ALWAYS: return true;
	case MSR_NEEDS_APIC: return cpu_has_feature(cpu, 1, CPUID_EDX, 9);
	case MSR_NEEDS_DEADLINE: return cpu_has_feature(cpu, 1, CPUID_ECX, 24);
	case MSR_NEEDS_SEP: return cpu_has_feature(cpu, 1, CPUID_EDX, 11);
	case MSR_NEEDS_MCA: return cpu_has_feature(cpu, 1, CPUID_EDX, 14);
	case MSR_NEEDS_PAT: return cpu_has_feature(cpu, 1, CPUID_EDX, 16);
	case MSR_NEEDS_EFER:
		return extended(cpu, EXTENDED_EDX_SYSCALL) || extended(cpu, EXTENDED_EDX_NX) ||
		       extended(cpu, EXTENDED_EDX_LM);
	case MSR_NEEDS_SYSCALL: return extended(cpu, EXTENDED_EDX_SYSCALL);
	case MSR_NEEDS_LONG_MODE: return extended(cpu, EXTENDED_EDX_LM);
	case MSR_NEEDS_RDTSCP: return extended(cpu, EXTENDED_EDX_RDTSCP);
	case MSR_NEEDS_ARCH_CAPABILITIES: return cpu_has_feature(cpu, 7, CPUID_EDX, 29);
	case MSR_NEEDS_CLOCK: return cpuid_kvm_features(cpu) & BIT(KVM_FEATURE_CLOCKSOURCE);
	case MSR_NEEDS_CLOCK_NEW: return cpuid_kvm_features(cpu) & BIT(KVM_FEATURE_CLOCKSOURCE2);
	}
	return false;
}

/* Most are plain storage in struct virtual_cpu; the special ones are not stored. */
#define STORED(field) offsetof(struct virtual_cpu, field)
#define SPECIAL	      ((size_t)-1)

static const struct {
	u32 index;
	u8 needs; /* enum msr_needs */
	size_t offset;
} msrs[] = {
	{ MSR_IA32_TSC, MSR_ALWAYS, SPECIAL },
	{ MSR_KVM_WALL_CLOCK, MSR_NEEDS_CLOCK, STORED(msrs.wall_clock) },
	{ MSR_KVM_SYSTEM_TIME, MSR_NEEDS_CLOCK, STORED(msrs.system_time) },
	{ MSR_IA32_APICBASE, MSR_NEEDS_APIC, STORED(msrs.apic_base) },
	{ MSR_IA32_UCODE_REV, MSR_ALWAYS, SPECIAL },
	{ MSR_IA32_ARCH_CAPABILITIES, MSR_NEEDS_ARCH_CAPABILITIES, STORED(msrs.arch_capabilities) },
	{ MSR_IA32_SYSENTER_CS, MSR_NEEDS_SEP, STORED(msrs.sysenter_cs) },
	{ MSR_IA32_SYSENTER_ESP, MSR_NEEDS_SEP, STORED(msrs.sysenter_esp) },
	{ MSR_IA32_SYSENTER_EIP, MSR_NEEDS_SEP, STORED(msrs.sysenter_eip) },
	/* As in KVM, others of machine checks are there without being listed. */
	{ MSR_IA32_MCG_STATUS, MSR_NEEDS_MCA, STORED(msrs.machine_check_status) },
	{ MSR_IA32_MCG_CTL, MSR_NEEDS_MCA, SPECIAL },
	{ MSR_IA32_MISC_ENABLE, MSR_ALWAYS, STORED(msrs.misc_enable) },
	{ MSR_IA32_DEBUGCTLMSR, MSR_ALWAYS, STORED(msrs.debug_control) },
	{ MSR_IA32_CR_PAT, MSR_NEEDS_PAT, STORED(msrs.pat) },
	{ MSR_IA32_TSC_DEADLINE, MSR_NEEDS_DEADLINE, SPECIAL },
	{ MSR_KVM_WALL_CLOCK_NEW, MSR_NEEDS_CLOCK_NEW, STORED(msrs.wall_clock) },
	{ MSR_KVM_SYSTEM_TIME_NEW, MSR_NEEDS_CLOCK_NEW, STORED(msrs.system_time) },
	{ MSR_EFER, MSR_NEEDS_EFER, STORED(efer) },
	{ MSR_STAR, MSR_NEEDS_SYSCALL, STORED(msrs.star) },
	{ MSR_LSTAR, MSR_NEEDS_LONG_MODE, STORED(msrs.lstar) },
	{ MSR_CSTAR, MSR_NEEDS_LONG_MODE, STORED(msrs.cstar) },
	{ MSR_SYSCALL_MASK, MSR_NEEDS_LONG_MODE, STORED(msrs.syscall_mask) },
	{ MSR_FS_BASE, MSR_NEEDS_LONG_MODE, STORED(segments[SEGMENT_FS].base) },
	{ MSR_GS_BASE, MSR_NEEDS_LONG_MODE, STORED(segments[SEGMENT_GS].base) },
	{ MSR_KERNEL_GS_BASE, MSR_NEEDS_LONG_MODE, STORED(msrs.kernel_gs_base) },
	{ MSR_TSC_AUX, MSR_NEEDS_RDTSCP, STORED(msrs.tsc_aux) },
};

#define MSR_NOT_FOUND ARRAY_SIZE(msrs)

static size_t find(const struct virtual_cpu *cpu, u32 index, bool host)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].index == index)
			return host || available(cpu, msrs[i].needs) ? i : MSR_NOT_FOUND;
	return MSR_NOT_FOUND;
}

static u64 *stored(struct virtual_cpu *cpu, size_t i)
{
	return (u64 *)((u8 *)cpu + msrs[i].offset);
}

/* ---- values that are checked ------------------------------------------------ */

/* Manual: "Page Attribute Table (PAT)": types 2, 3 and above 7 do not exist. */
static bool pat_valid(u64 value)
{
	unsigned int i;

	for (i = 0; i < 8; i++, value >>= 8) {
		u8 type = value;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

static bool apic_base_valid(const struct virtual_cpu *cpu, u64 value)
{
	u64 reserved = APIC_BASE_RESERVED_LOW;

	reserved |= ~((1ULL << cpuid_physical_bits(cpu)) - 1);
	/* x2APIC mode is the interrupt controller's to offer, not ours. */
	reserved |= APIC_BASE_X2APIC;
	return !(value & reserved);
}

/* LMA follows LME and CR0.PG; LME may not change under paging. */
static bool efer_valid(const struct virtual_cpu *cpu, u64 value, bool host)
{
	u64 allowed = EFER_LMA;

	if (extended(cpu, EXTENDED_EDX_LM))
		allowed |= EFER_LME;
	if ((cpu->cr0 & X86_CR0_PG) && (value ^ cpu->efer) & EFER_LME)
		return false;

	if (host || extended(cpu, EXTENDED_EDX_SYSCALL))
		allowed |= EFER_SCE;
	if (host || extended(cpu, EXTENDED_EDX_NX))
		allowed |= EFER_NX;
	return !(value & ~allowed);
}

static bool value_valid(const struct virtual_cpu *cpu, u32 index, u64 value, bool host)
{
	switch (index) {
	case MSR_IA32_CR_PAT: return pat_valid(value);
	case MSR_IA32_APICBASE: return apic_base_valid(cpu, value);
	case MSR_EFER: return efer_valid(cpu, value, host);
	case MSR_TSC_AUX: return value <= 0xffffffff;
	case MSR_IA32_MCG_STATUS: return !(value & ~MACHINE_CHECK_STATUS);
	/* The guest reads what the host says of its own mistakes. */
	case MSR_IA32_ARCH_CAPABILITIES: return host;
	case MSR_IA32_DEBUGCTLMSR: return !(value & ~DEBUG_CONTROL_WRITABLE);
	/* The linear space of a 32-bit guest, whoever asks. */
	case MSR_FS_BASE:
	case MSR_GS_BASE: return value <= 0xffffffff;
	default: return true;
	}
}

/* Who else has to know of a write. */
static unsigned int changed_by(u32 index)
{
	switch (index) {
	case MSR_EFER: return CPU_CHANGED_EFER;
	case MSR_IA32_APICBASE: return CPU_CHANGED_APIC;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW: return CPU_CHANGED_CLOCK;
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW: return CPU_CHANGED_WALL;
	default: return 0;
	}
}

/* A machine check's, which this virtual CPU shows to whoever asks. */
static bool is_machine_check(const struct virtual_cpu *cpu, u32 index, bool host)
{
	return machine_check_has(index) && (host || available(cpu, MSR_NEEDS_MCA));
}

/* ---- access ------------------------------------------------------------------ */

/**
 * cpu_read_msr() - RDMSR, without its CPL check
 * @cpu: the virtual CPU
 * @index: which
 * @value: what it holds
 * @host: asked by userspace: CPUID does not matter
 *
 * Return: false: there is no such MSR, #GP(0).
 */
bool cpu_read_msr(struct virtual_cpu *cpu, u32 index, u64 *value, bool host)
{
	size_t i = find(cpu, index, host);

	*value = 0;
	if (is_machine_check(cpu, index, host))
		return machine_check_read(cpu, index, value, host);
	if (i == MSR_NOT_FOUND)
		return cpu->bus->read_msr(cpu, index, value);
	if (index == MSR_IA32_TSC)
		*value = cpu->bus->read_tsc(cpu);
	else if (index == MSR_IA32_TSC_DEADLINE && cpu->bus->read_deadline)
		*value = cpu->bus->read_deadline(cpu);
	else if (msrs[i].offset != SPECIAL)
		*value = *stored(cpu, i);
	/* No microcode update was ever loaded. */
	return true;
}

/**
 * cpu_write_msr() - WRMSR, without its CPL check
 * @cpu: the virtual CPU
 * @index: which
 * @value: what it shall hold
 * @host: written by userspace: CPUID does not matter
 *
 * Return: false: there is no such MSR or it cannot hold this, #GP(0).
 */
bool cpu_write_msr(struct virtual_cpu *cpu, u32 index, u64 value, bool host)
{
	size_t i = find(cpu, index, host);
	unsigned int changed;

	if (is_machine_check(cpu, index, host))
		return machine_check_write(cpu, index, value, host);
	if (i == MSR_NOT_FOUND || index == MSR_IA32_TSC)
		return cpu->bus->write_msr(cpu, index, value);
	if (!value_valid(cpu, index, value, host))
		return false;
	if (index == MSR_IA32_TSC_DEADLINE && cpu->bus->write_deadline)
		cpu->bus->write_deadline(cpu, value);
	if (msrs[i].offset == SPECIAL)
		return true;
	if (index == MSR_EFER)
		value = (value & ~EFER_LMA) | (cpu->efer & EFER_LMA);
	*stored(cpu, i) = value;
	changed = changed_by(index);
	if (changed)
		cpu->bus->changed(cpu, changed);
	return true;
}

/**
 * cpu_msr_index() - enumerate the MSRs that the virtual CPU has
 * @index: 0 and up
 *
 * Return: the MSR's number; 0 at the end.
 */
u32 cpu_msr_index(unsigned int index)
{
	return index < ARRAY_SIZE(msrs) ? msrs[index].index : 0;
}
