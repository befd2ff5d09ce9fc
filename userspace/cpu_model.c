// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of virtual CPUs, and the CPUID leaves that a guest gets of one. Called
 * by the wrapper around the device and by the command line.
 */
#include <stdint.h>
#include <string.h>

#include "cpu_model.h"

#define LEAF_KVM	    0x40000000u
#define LEAF_KVM_FEATURES   0x40000001u
#define LEAF_FREQUENCY	    0x40000010u
#define LEAF_RINGLET	    0x40000100u
#define LEAF_EXTENDED	    0x80000000u
#define LEAF_EXTENDED_CACHE 0x80000006u
#define LEAF_POWER	    0x80000007u
#define LEAF_ADDRESS_BITS   0x80000008u

#define INVARIANT_TSC	    (1u << 8)
#define CLFLUSH		    (1u << 19)
#define HYPERVISOR	    (1u << 31)
/* 36 bits of physical address, 32 of linear: PAE's. */
#define ADDRESS_BITS 0x2024u
/*
 * Of KVM's own features those that every device of that kind has alike: the
 * clock, and no delays after ports. Others are KVM's alone.
 */
#define KVM_FEATURES_KEPT (1u << 0 | 1u << 1 | 1u << 3 | 1u << 24)

/* The registers of leaves that hold features. */
enum feature_word { LEAF1_EDX, LEAF1_ECX, LEAF7_EBX, LEAF7_EDX, EXTENDED_EDX, EXTENDED_ECX, WORDS };

static const struct {
	uint32_t leaf;
	uint8_t reg; /* EAX to EDX */
} words[WORDS] = {
	[LEAF1_EDX] = { 1, 3 },
	[LEAF1_ECX] = { 1, 2 },
	[LEAF7_EBX] = { 7, 1 },
	[LEAF7_EDX] = { 7, 3 },
	[EXTENDED_EDX] = { LEAF_EXTENDED + 1, 3 },
	[EXTENDED_ECX] = { LEAF_EXTENDED + 1, 2 },
};

/* Everything that the virtual CPU can have, by the names of /proc/cpuinfo. */
static const struct feature {
	const char *name;
	uint8_t word;
	uint8_t bit;
} features[] = {
	{ "fpu", LEAF1_EDX, 0 },
	{ "pse", LEAF1_EDX, 3 },
	{ "tsc", LEAF1_EDX, 4 },
	{ "msr", LEAF1_EDX, 5 },
	{ "pae", LEAF1_EDX, 6 },
	{ "mce", LEAF1_EDX, 7 },
	{ "cx8", LEAF1_EDX, 8 },
	{ "sep", LEAF1_EDX, 11 },
	{ "pge", LEAF1_EDX, 13 },
	{ "mca", LEAF1_EDX, 14 },
	{ "cmov", LEAF1_EDX, 15 },
	{ "pat", LEAF1_EDX, 16 },
	{ "clflush", LEAF1_EDX, 19 },
	{ "mmx", LEAF1_EDX, 23 },
	{ "fxsr", LEAF1_EDX, 24 },
	{ "sse", LEAF1_EDX, 25 },
	{ "sse2", LEAF1_EDX, 26 },
	{ "pni", LEAF1_ECX, 0 },
	{ "pclmulqdq", LEAF1_ECX, 1 },
	{ "ssse3", LEAF1_ECX, 9 },
	{ "sse4_1", LEAF1_ECX, 19 },
	{ "sse4_2", LEAF1_ECX, 20 },
	{ "movbe", LEAF1_ECX, 22 },
	{ "popcnt", LEAF1_ECX, 23 },
	{ "aes", LEAF1_ECX, 25 },
	{ "rdrand", LEAF1_ECX, 30 },
	{ "hypervisor", LEAF1_ECX, 31 },
	{ "erms", LEAF7_EBX, 9 },
	{ "rdseed", LEAF7_EBX, 18 },
	{ "adx", LEAF7_EBX, 19 },
	{ "sha_ni", LEAF7_EBX, 29 },
	{ "fsrm", LEAF7_EDX, 4 },
	{ "md_clear", LEAF7_EDX, 10 },
	{ "arch_capabilities", LEAF7_EDX, 29 },
	{ "nx", EXTENDED_EDX, 20 },
	{ "abm", EXTENDED_ECX, 5 },
	{ "3dnowprefetch", EXTENDED_ECX, 8 },
};

/* One subleaf of leaf 4: a cache of one processor, with lines of 64 bytes. */
#define CACHE(level, type, kilobytes, ways)                               \
	{                                                                 \
		(type) | (level) << 5 | 1u << 8, 63u | ((ways)-1u) << 22, \
			(kilobytes)*1024u / 64u / (ways)-1u               \
	}
#define CACHE_DATA	  1u
#define CACHE_INSTRUCTION 2u
#define CACHE_UNIFIED	  3u
#define CACHES		  3

/**
 * struct cpu_model - a processor
 * @signature: EAX of leaf 1: family, model, stepping
 * @level: the last basic leaf
 * @extended: the last extended leaf; 0: there is none
 * @descriptors: leaf 2, EAX to EDX: TLBs and caches as numbers
 * @caches: leaf 4: EAX, EBX, ECX of each; where @level has it
 * @l2: ECX of leaf 80000006h
 * @features: by word
 */
struct cpu_model {
	const char *name;
	const char *description;
	const char *brand;
	uint32_t signature;
	uint32_t level;
	uint32_t extended;
	uint32_t descriptors[4];
	uint32_t caches[CACHES][3];
	uint32_t l2;
	uint32_t features[WORDS];
};

/* FPU PSE TSC MSR PAE MCE CX8 SEP PGE MCA CMOV PAT MMX FXSR SSE */
#define PENTIUM3_EDX 0x0381e9f9u
#define PENTIUM4_EDX (PENTIUM3_EDX | CLFLUSH | 1u << 26)
#define NX	     (1u << 20)
#define SSE3	     (1u << 0)

static const struct cpu_model models[] = {
	{
		.name = "pentium3",
		.description = "Pentium III: SSE, no NX, no CLFLUSH",
		.brand = "ringlet pentium3",
		.signature = 0x68a,
		.level = 2,
		.descriptors = { 0x03020101, 0, 0, 0x0c040882 },
		.features = { [LEAF1_EDX] = PENTIUM3_EDX, [LEAF1_ECX] = HYPERVISOR },
	},
	{
		.name = "pentium4",
		.description = "Pentium 4: SSE3, NX",
		.brand = "ringlet pentium4",
		.signature = 0xf41,
		.level = 5,
		.extended = LEAF_ADDRESS_BITS,
		.descriptors = { 0x605b5001, 0, 0, 0x007c7040 },
		.caches = { CACHE(1u, CACHE_DATA, 16u, 8u), CACHE(2u, CACHE_UNIFIED, 1024u, 8u) },
		.l2 = 1024u << 16 | 6u << 12 | 64u,
		.features = { [LEAF1_EDX] = PENTIUM4_EDX,
			      [LEAF1_ECX] = HYPERVISOR | SSE3,
			      [EXTENDED_EDX] = NX },
	},
	{
		.name = CPU_MODEL_LINUX,
		.description = "Core Duo, the last of Intel's that had 32 bits only: SSE3, NX",
		.brand = "ringlet coreduo",
		.signature = 0x6e8,
		.level = 10,
		.extended = LEAF_ADDRESS_BITS,
		.descriptors = { 0x02b3b001, 0, 0, 0x2c04307d },
		.caches = { CACHE(1u, CACHE_DATA, 32u, 8u), CACHE(1u, CACHE_INSTRUCTION, 32u, 8u),
			    CACHE(2u, CACHE_UNIFIED, 2048u, 8u) },
		.l2 = 2048u << 16 | 6u << 12 | 64u,
		.features = { [LEAF1_EDX] = PENTIUM4_EDX,
			      [LEAF1_ECX] = HYPERVISOR | SSE3,
			      [LEAF7_EDX] = 1u << 10 | 1u << 29,
			      [EXTENDED_EDX] = NX },
	},
	{
		.name = "max32",
		.description = "a Core 2 without 64 bits, with every feature that ringlet has",
		.brand = "ringlet max32",
		.signature = 0x6fb,
		.level = 10,
		.extended = LEAF_ADDRESS_BITS,
		.descriptors = { 0x05b0b101, 0x005657f0, 0, 0x2cb43049 },
		.caches = { CACHE(1u, CACHE_DATA, 32u, 8u), CACHE(1u, CACHE_INSTRUCTION, 32u, 8u),
			    CACHE(2u, CACHE_UNIFIED, 4096u, 16u) },
		.l2 = 4096u << 16 | 8u << 12 | 64u,
		.features = { [LEAF1_EDX] = ~0u,
			      [LEAF1_ECX] = ~0u,
			      [LEAF7_EBX] = ~0u,
			      [LEAF7_EDX] = ~0u,
			      [EXTENDED_EDX] = ~0u,
			      [EXTENDED_ECX] = ~0u },
	},
};

#define MODELS (sizeof(models) / sizeof(models[0]))

const struct cpu_model *cpu_model_find(const char *name)
{
	for (size_t i = 0; i < MODELS; i++)
		if (!strcmp(models[i].name, name))
			return &models[i];
	return NULL;
}

bool cpu_model_known(const char *name)
{
	return !strcmp(name, CPU_MODEL_HOST) || cpu_model_find(name);
}

const char *cpu_model_names(void)
{
	static char text[128];

	text[0] = '\0';
	for (size_t i = 0; i < MODELS; i++) {
		strncat(text, models[i].name, sizeof(text) - strlen(text) - 1);
		strncat(text, ", ", sizeof(text) - strlen(text) - 1);
	}
	strncat(text, CPU_MODEL_HOST, sizeof(text) - strlen(text) - 1);
	return text;
}

/* The features that a model and the virtual CPU have. */
static uint32_t model_features(const struct cpu_model *model, enum feature_word word)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (features[i].word == word)
			mask |= 1u << features[i].bit;
	return mask & model->features[word];
}

void cpu_model_list(FILE *file)
{
	for (size_t i = 0; i < MODELS; i++) {
		const struct cpu_model *model = &models[i];
		unsigned int column = 0;

		fprintf(file, "%s: %s\n", model->name, model->description);
		fprintf(file, "    GenuineIntel, family %u, model %u, stepping %u",
			model->signature >> 8 & 0xf, model->signature >> 4 & 0xf,
			model->signature & 0xf);
		for (size_t j = 0; j < sizeof(features) / sizeof(features[0]); j++) {
			const struct feature *feature = &features[j];

			if (!(model->features[feature->word] >> feature->bit & 1))
				continue;
			fputs(column ? " " : "\n    ", file);
			fputs(feature->name, file);
			column += (unsigned int)strlen(feature->name) + 1;
			if (column > 60)
				column = 0;
		}
		fputs("\n", file);
	}
	fprintf(file,
		"%s: what the device supports, with the host's name and caches\n"
		"\nA guest gets those features of a model that the device supports on this host.\n",
		CPU_MODEL_HOST);
}

/* ---- the leaves ------------------------------------------------------------ */

static const struct kvm_cpuid_entry2 *supported_leaf(const struct kvm_cpuid2 *supported,
						     uint32_t leaf)
{
	for (uint32_t i = 0; i < supported->nent; i++)
		if (supported->entries[i].function == leaf && !supported->entries[i].index)
			return &supported->entries[i];
	return NULL;
}

static uint32_t word_of(const struct cpu_model *model, const struct kvm_cpuid2 *supported,
			enum feature_word word)
{
	const struct kvm_cpuid_entry2 *leaf = supported_leaf(supported, words[word].leaf);

	return leaf ? (&leaf->eax)[words[word].reg] & model_features(model, word) : 0;
}

static struct kvm_cpuid_entry2 *add(struct kvm_cpuid2 *table, uint32_t leaf)
{
	struct kvm_cpuid_entry2 *entry = &table->entries[table->nent++];

	memset(entry, 0, sizeof(*entry));
	entry->function = leaf;
	return entry;
}

static void set_registers(struct kvm_cpuid_entry2 *entry, const uint32_t registers[4])
{
	memcpy(&entry->eax, registers, 4 * sizeof(registers[0]));
}

static void add_basic(const struct cpu_model *model, const struct kvm_cpuid2 *supported,
		      struct kvm_cpuid2 *table)
{
	struct kvm_cpuid_entry2 *entry = add(table, 0);

	entry->eax = model->level;
	memcpy(&entry->ebx, "Genu", 4);
	memcpy(&entry->edx, "ineI", 4);
	memcpy(&entry->ecx, "ntel", 4);

	entry = add(table, 1);
	entry->eax = model->signature;
	entry->ecx = word_of(model, supported, LEAF1_ECX);
	/* KVM leaves it to its clients to say that it is there. */
	if (supported_leaf(supported, LEAF_KVM))
		entry->ecx |= HYPERVISOR;
	entry->edx = word_of(model, supported, LEAF1_EDX);
	/* One logical processor, APIC id 0; CLFLUSH in units of 8 bytes. */
	entry->ebx = 1u << 16 | (entry->edx & CLFLUSH ? 8u << 8 : 0);

	set_registers(add(table, 2), model->descriptors);
	for (uint32_t i = 0; model->level >= 4 && i <= CACHES; i++) {
		entry = add(table, 4);
		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		entry->index = i;
		if (i == CACHES || !model->caches[i][0])
			break;
		entry->eax = model->caches[i][0];
		entry->ebx = model->caches[i][1];
		entry->ecx = model->caches[i][2];
	}
	if (model->level >= 7) {
		entry = add(table, 7);
		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		entry->ebx = word_of(model, supported, LEAF7_EBX);
		entry->edx = word_of(model, supported, LEAF7_EDX);
	}
}

static void copy_leaf(const struct kvm_cpuid2 *supported, uint32_t leaf, struct kvm_cpuid2 *table)
{
	const struct kvm_cpuid_entry2 *entry = supported_leaf(supported, leaf);

	if (entry)
		table->entries[table->nent++] = *entry;
}

/* KVM's leaves, that of VMware's for the frequency, ringlet's own. */
static void add_hypervisor(const struct kvm_cpuid2 *supported, unsigned int tsc_khz,
			   struct kvm_cpuid2 *table)
{
	const struct kvm_cpuid_entry2 *kvm = supported_leaf(supported, LEAF_KVM);
	const struct kvm_cpuid_entry2 *kvm_features = supported_leaf(supported, LEAF_KVM_FEATURES);
	struct kvm_cpuid_entry2 *entry;

	if (kvm && kvm_features) {
		entry = add(table, LEAF_KVM);
		*entry = *kvm;
		entry->eax = tsc_khz ? LEAF_FREQUENCY : LEAF_KVM_FEATURES;
		entry = add(table, LEAF_KVM_FEATURES);
		entry->eax = kvm_features->eax & KVM_FEATURES_KEPT;
		if (tsc_khz)
			add(table, LEAF_FREQUENCY)->eax = tsc_khz;
	}
	copy_leaf(supported, LEAF_RINGLET, table);
	copy_leaf(supported, LEAF_RINGLET + 1, table);
}

static void add_extended(const struct cpu_model *model, const struct kvm_cpuid2 *supported,
			 struct kvm_cpuid2 *table)
{
	const struct kvm_cpuid_entry2 *power = supported_leaf(supported, LEAF_POWER);
	struct kvm_cpuid_entry2 *entry;
	char brand[48] = "";

	if (!model->extended)
		return;
	add(table, LEAF_EXTENDED)->eax = model->extended;
	entry = add(table, LEAF_EXTENDED + 1);
	entry->ecx = word_of(model, supported, EXTENDED_ECX);
	entry->edx = word_of(model, supported, EXTENDED_EDX);
	strncpy(brand, model->brand, sizeof(brand) - 1);
	for (uint32_t i = 0; i < 3; i++) {
		entry = add(table, LEAF_EXTENDED + 2 + i);
		memcpy(&entry->eax, brand + 16 * i, 16);
	}
	add(table, LEAF_EXTENDED_CACHE)->ecx = model->l2;
	add(table, LEAF_POWER)->edx = power ? power->edx & INVARIANT_TSC : 0;
	add(table, LEAF_ADDRESS_BITS)->eax = ADDRESS_BITS;
}

void cpu_model_apply(const struct cpu_model *model, const struct kvm_cpuid2 *supported,
		     unsigned int tsc_khz, struct kvm_cpuid2 *table)
{
	table->nent = 0;
	add_basic(model, supported, table);
	add_hypervisor(supported, tsc_khz, table);
	add_extended(model, supported, table);
}
