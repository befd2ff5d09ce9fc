// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID: the leaves that userspace gave, and the bits in them that follow the
 * virtual CPU's own state. Called by the emulator and by everything that asks
 * for a feature, in the host world. Pure.
 */
#include "cpu/internal.h"

#define ENTRY_INDEX_SIGNIFICANT BIT(0)

#define CPUID_EXTENDED		0x80000000
#define CPUID_CLASS		0xffff0000 /* 0, 0x4000xxxx, 0x8000xxxx, 0xc000xxxx */
#define CPUID_1_EDX_APIC	BIT(9)
#define CPUID_1_ECX_OSXSAVE	BIT(27)
#define CPUID_7_ECX_OSPKE	BIT(4)
#define APIC_BASE_ENABLE	BIT_ULL(11)

/* The registers of leaf 0 in which the vendor's name begins and ends. */
#define VENDOR_AMD_EBX	     0x68747541 /* Auth */
#define VENDOR_HYGON_EBX     0x6f677948 /* Hygo */

/* Where the leaves of hypervisors may begin. */
#define HYPERVISOR_FIRST     0x40000000
#define HYPERVISOR_END	     0x40010000
#define HYPERVISOR_STEP	     0x100

#define PHYSICAL_BITS_LEAF   0x80000008
#define PHYSICAL_BITS_PAE    36
#define PHYSICAL_BITS_LEGACY 32
#define PHYSICAL_BITS_MOST   52
#define CPUID_1_EDX_PAE	     6

static const struct cpu_cpuid_entry *find(const struct virtual_cpu *cpu, u32 function, u32 index)
{
	u32 i;

	for (i = 0; i < cpu->cpuid_count && i < CPU_CPUID_ENTRIES; i++) {
		const struct cpu_cpuid_entry *entry = &cpu->cpuid[i];

		if (entry->function == function &&
		    (!(entry->flags & ENTRY_INDEX_SIGNIFICANT) || entry->index == index))
			return entry;
	}
	return NULL;
}

/* AMD answers zeros past the last leaf, Intel the last basic leaf. */
static const struct cpu_cpuid_entry *past_the_last(const struct virtual_cpu *cpu, u32 function,
						   u32 index)
{
	const struct cpu_cpuid_entry *basic = find(cpu, 0, 0);
	const struct cpu_cpuid_entry *class;

	if (!basic || basic->ebx == VENDOR_AMD_EBX || basic->ebx == VENDOR_HYGON_EBX)
		return NULL;
	class = find(cpu, function & CPUID_CLASS, 0);
	if (class && function <= class->eax)
		return NULL;
	return find(cpu, basic->eax, index);
}

/* Bits that are not constant. */
static void follow_state(const struct virtual_cpu *cpu, u32 function, u32 index, u32 *ecx, u32 *edx)
{
	if (function == 1) {
		*ecx &= ~(u32)CPUID_1_ECX_OSXSAVE;
		if (cpu->cr4 & X86_CR4_OSXSAVE)
			*ecx |= CPUID_1_ECX_OSXSAVE;
		if (!(cpu->msrs.apic_base & APIC_BASE_ENABLE))
			*edx &= ~(u32)CPUID_1_EDX_APIC;
	}
	if (function == 7 && index == 0) {
		*ecx &= ~(u32)CPUID_7_ECX_OSPKE;
		if (cpu->cr4 & X86_CR4_PKE)
			*ecx |= CPUID_7_ECX_OSPKE;
	}
}

/**
 * cpu_cpuid() - CPUID
 * @cpu: the virtual CPU
 * @eax: leaf, then result
 * @ebx: result
 * @ecx: subleaf, then result
 * @edx: result
 */
void cpu_cpuid(struct virtual_cpu *cpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	u32 function = *eax, index = *ecx;
	const struct cpu_cpuid_entry *entry = find(cpu, function, index);

	if (!entry)
		entry = past_the_last(cpu, function, index);
	if (!entry) {
		*eax = 0;
		*ebx = 0;
		*ecx = 0;
		*edx = 0;
		return;
	}
	*eax = entry->eax;
	*ebx = entry->ebx;
	*ecx = entry->ecx;
	*edx = entry->edx;
	follow_state(cpu, entry->function, index, ecx, edx);
}

/**
 * cpu_has_feature() - whether a bit of CPUID is set
 * @cpu: the virtual CPU
 * @function: leaf, at subleaf 0
 * @reg: CPUID_EAX and so on, 0 to 3
 * @bit: 0 to 31
 *
 * Return: the bit as userspace set it.
 */
bool cpu_has_feature(const struct virtual_cpu *cpu, u32 function, unsigned int reg,
		     unsigned int bit)
{
	const struct cpu_cpuid_entry *entry = find(cpu, function, 0);

	if (!entry || bit > 31)
		return false;
	switch (reg) {
	case CPUID_EAX: return entry->eax & BIT(bit);
	case CPUID_EBX: return entry->ebx & BIT(bit);
	case CPUID_ECX: return entry->ecx & BIT(bit);
	case CPUID_EDX: return entry->edx & BIT(bit);
	default: return false;
	}
}

/*
 * KVM's leaves stand where its name is: another hypervisor's interface may have
 * the first place.
 */
u32 cpuid_kvm_features(const struct virtual_cpu *cpu)
{
	u32 name[3], base;

	memcpy(name, KVM_SIGNATURE, sizeof(name));
	for (base = HYPERVISOR_FIRST; base < HYPERVISOR_END; base += HYPERVISOR_STEP) {
		const struct cpu_cpuid_entry *entry = find(cpu, base, 0);

		if (!entry || entry->ebx != name[0] || entry->ecx != name[1] ||
		    entry->edx != name[2])
			continue;
		entry = find(cpu, base + 1, 0);
		return entry ? entry->eax : 0;
	}
	return 0;
}

/* Width of physical addresses: which bits of PAE entries are reserved. */
unsigned int cpuid_physical_bits(const struct virtual_cpu *cpu)
{
	const struct cpu_cpuid_entry *entry = find(cpu, PHYSICAL_BITS_LEAF, 0);
	unsigned int bits;

	if (entry) {
		bits = entry->eax & 0xff;
		if (bits >= PHYSICAL_BITS_LEGACY && bits <= PHYSICAL_BITS_MOST)
			return bits;
	}
	if (cpu_has_feature(cpu, 1, CPUID_EDX, CPUID_1_EDX_PAE))
		return PHYSICAL_BITS_PAE;
	return PHYSICAL_BITS_LEGACY;
}
