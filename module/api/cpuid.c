// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID: which virtual CPU ringlet can be (KVM_GET_SUPPORTED_CPUID), and the
 * one that the client chose (KVM_SET_CPUID2, KVM_GET_CPUID2). Called by
 * device.c and vcpu.c, in process context, in the host world.
 *
 * A feature is offered when the host has it and ringlet virtualizes it right:
 * either it is nothing but instructions that work unprivileged, or the virtual
 * CPU knows it. Identity, brand string and caches are the host's.
 */
#include <linux/kvm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/processor.h>

#include "api/api.h"

#define LEAF_MAX_BASIC 7
#define LEAF_CLASS 0xffff0000
#define LEAF_EXTENDED 0x80000000
#define LEAF_MAX_EXTENDED 0x80000008

/* Physical addresses of a PAE processor; the guest walk reserves the rest. */
#define PHYSICAL_ADDRESS_BITS 36
#define LINEAR_ADDRESS_BITS 32

/* Room for every leaf below with all subleaves of leaf 4. */
#define SUPPORTED_ENTRIES 40

/*
 * Leaf 1, ECX: SSE3, PCLMULQDQ, SSSE3, SSE4.1, SSE4.2, MOVBE, POPCNT, AES,
 * RDRAND. Not MONITOR (ring 0 only), XSAVE and what needs it (AVX, FMA, F16C),
 * x2APIC, PCID, CMPXCHG16B (64-bit code only).
 */
#define LEAF1_ECX                                                                                  \
	(BIT(0) | BIT(1) | BIT(9) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) | BIT(30))
#define LEAF1_ECX_HYPERVISOR BIT(31)

/*
 * Leaf 1, EDX: FPU, PSE, TSC, MSR, PAE, MCE, CX8, APIC (whether in the kernel or
 * the client's), SEP, PGE, MCA (what is reported is the client's affair), CMOV,
 * PAT, CLFSH, MMX, FXSR, SSE, SSE2. Not VME (V86 runs without it), DE (I/O
 * breakpoints), MTRR (memory is always write-back), PSE36.
 */
#define LEAF1_EDX                                                                                  \
	(BIT(0) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(11) |         \
	 BIT(13) | BIT(14) | BIT(15) | BIT(16) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26))

/*
 * Leaf 7, EBX: ERMS, RDSEED, ADX, SHA. Not SMEP, SMAP, FSGSBASE, INVPCID, nor
 * the VEX-coded BMI. EDX: FSRM, MD_CLEAR (entries to the guest empty the
 * processor's buffers), and always ARCH_CAPABILITIES.
 */
#define LEAF7_EBX (BIT(9) | BIT(18) | BIT(19) | BIT(29))
#define LEAF7_EDX (BIT(4) | BIT(10))
#define LEAF7_EDX_ARCH_CAPABILITIES BIT(29)

/*
 * Leaf 80000001h, ECX: LZCNT, SSE4A, misaligned SSE, 3DNow prefetch. EDX: NX
 * and AMD's MMX extensions. Not SYSCALL, RDTSCP, FFXSR; for LM see below.
 */
#define LEAF_EXT1_ECX (BIT(5) | BIT(6) | BIT(7) | BIT(8))
#define LEAF_EXT1_EDX (BIT(20) | BIT(22))
#define LEAF_EXT1_EDX_LM BIT(29)
/* On AMD the leaf repeats these bits of leaf 1, EDX. */
#define LEAF_EXT1_EDX_COPIED (GENMASK(9, 0) | GENMASK(17, 12) | GENMASK(24, 23))

/* Leaf 80000007h, EDX: the TSC counts at one rate in every power state. */
#define LEAF_EXT7_EDX_INVARIANT_TSC BIT(8)

struct cpuid_list {
	struct kvm_cpuid_entry2 entries[SUPPORTED_ENTRIES];
	u32 count;
};

/* The host's leaf, as the start of ours, if it has one; else zeros. */
static struct kvm_cpuid_entry2 *add_leaf(struct cpuid_list *list, u32 function, u32 index)
{
	struct kvm_cpuid_entry2 *entry = &list->entries[list->count];

	if (list->count < SUPPORTED_ENTRIES - 1)
		list->count++;
	memset(entry, 0, sizeof(*entry));
	entry->function = function;
	entry->index = index;
	if (function > cpuid_eax(function & LEAF_CLASS))
		return entry;
	cpuid_count(function, index, &entry->eax, &entry->ebx, &entry->ecx, &entry->edx);
	return entry;
}

static bool vendor_is_amd(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
	       boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;
}

static void clear_leaf(struct kvm_cpuid_entry2 *entry)
{
	entry->eax = 0;
	entry->ebx = 0;
	entry->ecx = 0;
	entry->edx = 0;
}

/* Intel's cache descriptions, as seen by the only core of its package. */
static void add_cache_leaves(struct cpuid_list *list)
{
	unsigned int index;

	for (index = 0; index < 8; index++) {
		struct kvm_cpuid_entry2 *entry = add_leaf(list, 4, index);

		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		if (!(entry->eax & 0x1f)) {
			clear_leaf(entry);
			return;
		}
		entry->eax &= GENMASK(13, 0);
	}
}

static void add_basic_leaves(struct cpuid_list *list)
{
	/* What ringlet itself adds to leaf 7 is there on every host. */
	u32 maximum = LEAF_MAX_BASIC;
	struct kvm_cpuid_entry2 *entry;

	entry = add_leaf(list, 0, 0);
	entry->eax = maximum;

	entry = add_leaf(list, 1, 0);
	/* EBX: one logical processor, APIC id 0; the CLFLUSH size stays. */
	entry->ebx = (entry->ebx & GENMASK(15, 8)) | BIT(16);
	entry->ecx = (entry->ecx & LEAF1_ECX) | LEAF1_ECX_HYPERVISOR;
	entry->edx &= LEAF1_EDX;

	if (maximum >= 2 && boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		add_leaf(list, 2, 0)->flags = 0;
	if (maximum >= 4 && boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		add_cache_leaves(list);
	if (maximum >= 7) {
		entry = add_leaf(list, 7, 0);
		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		entry->eax = 0;
		entry->ebx &= LEAF7_EBX;
		entry->ecx = 0;
		entry->edx = (entry->edx & LEAF7_EDX) | LEAF7_EDX_ARCH_CAPABILITIES;
	}
}

static void add_signature(struct cpuid_list *list, u32 function, const char *signature)
{
	struct kvm_cpuid_entry2 *entry = add_leaf(list, function, 0);
	u32 words[3];

	memcpy(words, signature, sizeof(words));
	entry->eax = function + 1;
	entry->ebx = words[0];
	entry->ecx = words[1];
	entry->edx = words[2];
}

/*
 * KVM's interface first, where guests look for one, as far as ringlet has it:
 * the clock, and that ports need no delays. Then the name of ringlet's own.
 */
static void add_hypervisor_leaves(struct cpuid_list *list)
{
	struct kvm_cpuid_entry2 *entry;

	static_assert(sizeof(RINGLET_CPUID_SIGNATURE) - 1 == 12);
	add_signature(list, KVM_CPUID_SIGNATURE, KVM_SIGNATURE);
	entry = add_leaf(list, KVM_CPUID_FEATURES, 0);
	clear_leaf(entry);
	entry->eax = BIT(KVM_FEATURE_NOP_IO_DELAY);
	if (clock_host_khz())
		entry->eax |= BIT(KVM_FEATURE_CLOCKSOURCE) | BIT(KVM_FEATURE_CLOCKSOURCE2) |
			      BIT(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT);

	add_signature(list, RINGLET_CPUID_LEAF, RINGLET_CPUID_SIGNATURE);
	entry = add_leaf(list, RINGLET_CPUID_LEAF + 1, 0);
	clear_leaf(entry);
	entry->eax = RINGLET_INTERFACE_VERSION;
}

/*
 * CPUID does not trap in ring 1, unless the processor can be told to fault on
 * it, so a guest sees the host's long mode and may believe it. Then the virtual
 * CPU has it too, as far as 32-bit code can use it.
 */
static u32 extended_features(void)
{
	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		return LEAF_EXT1_EDX;
	return LEAF_EXT1_EDX | LEAF_EXT1_EDX_LM;
}

static void add_extended_leaves(struct cpuid_list *list)
{
	u32 maximum = cpuid_eax(LEAF_EXTENDED);
	struct kvm_cpuid_entry2 *entry;
	u32 function;

	if ((maximum & 0xffff0000) != LEAF_EXTENDED)
		return;
	maximum = min_t(u32, maximum, LEAF_MAX_EXTENDED);
	entry = add_leaf(list, LEAF_EXTENDED, 0);
	entry->eax = maximum;
	for (function = LEAF_EXTENDED + 1; function <= maximum; function++) {
		entry = add_leaf(list, function, 0);
		switch (function) {
		case 0x80000001:
			entry->ecx &= LEAF_EXT1_ECX;
			entry->edx &= extended_features();
			if (vendor_is_amd())
				entry->edx |= cpuid_edx(1) & LEAF1_EDX & LEAF_EXT1_EDX_COPIED;
			break;
		case 0x80000007:
			entry->eax = 0;
			entry->ebx = 0;
			entry->ecx = 0;
			entry->edx &= LEAF_EXT7_EDX_INVARIANT_TSC;
			break;
		case 0x80000008:
			clear_leaf(entry);
			entry->eax = PHYSICAL_ADDRESS_BITS | LINEAR_ADDRESS_BITS << 8;
			break;
		default: /* brand string, caches */
			break;
		}
	}
}

long cpuid_get_supported(struct kvm_cpuid2 __user *user)
{
	struct cpuid_list *list;
	long result = 0;
	u32 capacity;

	if (get_user(capacity, &user->nent))
		return -EFAULT;
	list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	add_basic_leaves(list);
	add_hypervisor_leaves(list);
	add_extended_leaves(list);

	if (capacity < list->count)
		result = -E2BIG;
	else if (copy_to_user(user->entries, list->entries,
			      list->count * sizeof(list->entries[0])))
		result = -EFAULT;
	if (result != -EFAULT && put_user(list->count, &user->nent))
		result = -EFAULT;
	kfree(list);
	return result;
}

static bool same_entry(const struct cpu_cpuid_entry *ours, const struct kvm_cpuid_entry2 *theirs)
{
	return ours->function == theirs->function && ours->index == theirs->index &&
	       ours->flags == theirs->flags && ours->eax == theirs->eax &&
	       ours->ebx == theirs->ebx && ours->ecx == theirs->ecx && ours->edx == theirs->edx;
}

/* As in KVM: a processor that has run does not become another one. */
static bool same_cpuid(const struct virtual_cpu *cpu, const struct kvm_cpuid_entry2 *entries,
		       u32 count)
{
	u32 i;

	if (count != cpu->cpuid_count)
		return false;
	for (i = 0; i < count; i++) {
		if (!same_entry(&cpu->cpuid[i], &entries[i]))
			return false;
	}
	return true;
}

long cpuid_set(struct vcpu *vcpu, struct kvm_cpuid2 __user *user)
{
	struct kvm_cpuid_entry2 *entries;
	struct virtual_cpu *cpu = &vcpu->cpu;
	long result = 0;
	u32 count, i;

	if (get_user(count, &user->nent))
		return -EFAULT;
	if (count > CPU_CPUID_ENTRIES)
		return -E2BIG;
	entries = memdup_user(user->entries, count * sizeof(*entries));
	if (IS_ERR(entries))
		return PTR_ERR(entries);

	if (READ_ONCE(vcpu->vm->has_run)) {
		if (!same_cpuid(cpu, entries, count))
			result = -EINVAL;
		goto out;
	}
	for (i = 0; i < count; i++) {
		cpu->cpuid[i] = (struct cpu_cpuid_entry){
			.function = entries[i].function,
			.index = entries[i].index,
			.flags = entries[i].flags,
			.eax = entries[i].eax,
			.ebx = entries[i].ebx,
			.ecx = entries[i].ecx,
			.edx = entries[i].edx,
		};
	}
	cpu->cpuid_count = count;
	vcpu_cpuid_changed(vcpu);
out:
	kfree(entries);
	return result;
}

long cpuid_get(struct vcpu *vcpu, struct kvm_cpuid2 __user *user)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;
	u32 capacity, i;

	if (get_user(capacity, &user->nent) || put_user(cpu->cpuid_count, &user->nent))
		return -EFAULT;
	if (capacity < cpu->cpuid_count)
		return -E2BIG;
	for (i = 0; i < cpu->cpuid_count; i++) {
		struct kvm_cpuid_entry2 entry = {
			.function = cpu->cpuid[i].function,
			.index = cpu->cpuid[i].index,
			.flags = cpu->cpuid[i].flags,
			.eax = cpu->cpuid[i].eax,
			.ebx = cpu->cpuid[i].ebx,
			.ecx = cpu->cpuid[i].ecx,
			.edx = cpu->cpuid[i].edx,
		};

		if (copy_to_user(&user->entries[i], &entry, sizeof(entry)))
			return -EFAULT;
	}
	return 0;
}
