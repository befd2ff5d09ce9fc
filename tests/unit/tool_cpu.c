// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPUs that --cpu names: each hangs together, has nothing that the
 * module cannot virtualize, and nothing that the device does not support.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu_model.h"
#include "tool_test.h"

#define LEAVES 64

struct table {
	struct kvm_cpuid2 header;
	struct kvm_cpuid_entry2 entries[LEAVES];
};

static const char *const names[] = { "pentium3", "pentium4", "coreduo", "max32" };

static const struct kvm_cpuid_entry2 *leaf(const struct table *table, uint32_t function,
					   uint32_t index)
{
	static const struct kvm_cpuid_entry2 none;

	for (uint32_t i = 0; i < table->header.nent; i++)
		if (table->entries[i].function == function && table->entries[i].index == index)
			return &table->entries[i];
	return &none;
}

/* A device that supports @bits of everything, whatever that means. */
static void support(struct table *table, uint32_t bits)
{
	static const uint32_t functions[] = { 0,	  1,	      2,	  7,
					      0x40000000, 0x40000001, 0x40000100, 0x40000101,
					      0x80000000, 0x80000001, 0x80000007, 0x80000008 };

	memset(table, 0, sizeof(*table));
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		table->entries[table->header.nent++] = (struct kvm_cpuid_entry2){
			.function = functions[i],
			.eax = bits,
			.ebx = bits,
			.ecx = bits,
			.edx = bits,
		};
}

static bool has(const struct table *table, uint32_t function, unsigned int reg, unsigned int bit)
{
	return (&leaf(table, function, 0)->eax)[reg] >> bit & 1;
}

/* What needs what, as processors have come to be: leaf, register, bit of both. */
static const struct {
	uint32_t leaf;
	uint8_t reg, bit;
	uint32_t needs;
	uint8_t needs_reg, needs_bit;
} needs[] = {
	{ 1, 3, 26, 1, 3, 25 },		/* SSE2: SSE */
	{ 1, 3, 25, 1, 3, 24 },		/* SSE: FXSR */
	{ 1, 3, 24, 1, 3, 0 },		/* FXSR: FPU */
	{ 1, 3, 26, 1, 3, 19 },		/* SSE2: CLFLUSH */
	{ 1, 2, 0, 1, 3, 26 },		/* SSE3: SSE2 */
	{ 1, 2, 9, 1, 2, 0 },		/* SSSE3: SSE3 */
	{ 1, 2, 19, 1, 2, 9 },		/* SSE4.1: SSSE3 */
	{ 1, 2, 20, 1, 2, 19 },		/* SSE4.2: SSE4.1 */
	{ 1, 2, 25, 1, 3, 26 },		/* AES: SSE2 */
	{ 1, 3, 6, 1, 3, 3 },		/* PAE: PSE */
	{ 1, 3, 6, 1, 3, 8 },		/* PAE: CX8 */
	{ 1, 3, 13, 1, 3, 3 },		/* PGE: PSE */
	{ 0x80000001, 3, 20, 1, 3, 6 }, /* NX: PAE */
};

/* What no virtual CPU of ours may have: register and bit, by leaf. */
static const struct {
	uint32_t leaf;
	uint8_t reg, bit;
	const char *name;
} never[] = {
	{ 1, 3, 1, "VME" },
	{ 1, 3, 2, "DE" },

	{ 1, 3, 9, "APIC" },
	{ 1, 3, 12, "MTRR" },

	{ 1, 3, 17, "PSE36" },
	{ 1, 3, 28, "HT" },
	{ 1, 2, 3, "MONITOR" },
	{ 1, 2, 5, "VMX" },
	{ 1, 2, 12, "FMA" },
	{ 1, 2, 13, "CX16" },
	{ 1, 2, 17, "PCID" },
	{ 1, 2, 21, "x2APIC" },
	{ 1, 2, 24, "TSC deadline" },
	{ 1, 2, 26, "XSAVE" },
	{ 1, 2, 27, "OSXSAVE" },
	{ 1, 2, 28, "AVX" },
	{ 1, 2, 29, "F16C" },
	{ 7, 1, 0, "FSGSBASE" },
	{ 7, 1, 1, "TSC_ADJUST" },
	{ 7, 1, 5, "AVX2" },
	{ 7, 1, 7, "SMEP" },
	{ 7, 1, 10, "INVPCID" },
	{ 7, 1, 11, "RTM" },
	{ 7, 1, 20, "SMAP" },
	{ 7, 2, 2, "UMIP" },
	{ 7, 2, 3, "PKU" },
	{ 7, 2, 16, "LA57" },
	{ 7, 2, 22, "RDPID" },
	{ 7, 3, 26, "SPEC_CTRL" },
	{ 0x80000001, 2, 2, "SVM" },
	{ 0x80000001, 3, 11, "SYSCALL" },
	{ 0x80000001, 3, 27, "RDTSCP" },
	{ 0x80000001, 3, 29, "LM" },
};

static void test_model(const char *name)
{
	const struct cpu_model *model = cpu_model_find(name);
	struct table everything, table;
	char text[64], brand[49] = "";
	uint32_t last = 0;

	support(&everything, ~0u);
	memset(&table, 0xff, sizeof(table));
	cpu_model_apply(model, &everything.header, 2400000, &table.header);

	begin_test();
	CHECK(table.header.nent <= CPU_MODEL_LEAVES);
	for (uint32_t i = 0; i < table.header.nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &table.entries[i];

		CHECK(entry->function >= last);
		last = entry->function;
		CHECK(!entry->index || entry->function == 4);
		if (entry->function < 0x40000000)
			CHECK(entry->function <= leaf(&table, 0, 0)->eax);
		if (entry->function >= 0x80000000)
			CHECK(entry->function <= leaf(&table, 0x80000000, 0)->eax);
	}
	snprintf(text, sizeof(text), "%s: its leaves lie within those that it says it has", name);
	end_test(text);

	begin_test();
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (has(&table, needs[i].leaf, needs[i].reg, needs[i].bit))
			CHECK(has(&table, needs[i].needs, needs[i].needs_reg, needs[i].needs_bit));
	/* Debian's kernels ask for these. */
	CHECK(has(&table, 1, 3, 4) && has(&table, 1, 3, 6) && has(&table, 1, 3, 8) &&
	      has(&table, 1, 3, 15));
	CHECK(has(&table, 1, 2, 31));
	snprintf(text, sizeof(text), "%s: its features go together", name);
	end_test(text);

	begin_test();
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (has(&table, never[i].leaf, never[i].reg, never[i].bit)) {
			printf("# it has %s\n", never[i].name);
			test_good = false;
		}
	snprintf(text, sizeof(text), "%s: nothing that cannot be virtualized", name);
	end_test(text);

	begin_test();
	CHECK_EQUAL(leaf(&table, 1, 0)->ebx >> 16, 1);
	CHECK_EQUAL(leaf(&table, 1, 0)->ebx >> 8 & 0xff, has(&table, 1, 3, 19) ? 8 : 0);
	CHECK(leaf(&table, 2, 0)->eax);
	if (leaf(&table, 0x80000000, 0)->eax) {
		CHECK_EQUAL(leaf(&table, 0x80000008, 0)->eax, 0x2024);
		for (uint32_t i = 0; i < 3; i++)
			memcpy(brand + 16 * i, &leaf(&table, 0x80000002 + i, 0)->eax, 16);
		CHECK(strstr(brand, name));
	}
	snprintf(text, sizeof(text), "%s: one processor with a name", name);
	end_test(text);

	begin_test();
	for (uint32_t i = 0; leaf(&table, 4, i)->eax; i++) {
		const struct kvm_cpuid_entry2 *cache = leaf(&table, 4, i);
		uint32_t bytes = (cache->ebx >> 22) + 1;

		bytes *= ((cache->ebx & 0xfff) + 1) * (cache->ecx + 1);
		CHECK(bytes >= 16384 && !(bytes & (bytes - 1)));
		/* The second level is in the extended leaf too. */
		if ((cache->eax >> 5 & 7) == 2)
			CHECK_EQUAL(leaf(&table, 0x80000006, 0)->ecx >> 16, bytes >> 10);
	}
	snprintf(text, sizeof(text), "%s: its caches have sizes that caches have", name);
	end_test(text);

	begin_test();
	CHECK_EQUAL(leaf(&table, 0x40000000, 0)->eax, 0x40000010);
	CHECK_EQUAL(leaf(&table, 0x40000001, 0)->eax, 0x0100000b);
	CHECK_EQUAL(leaf(&table, 0x40000001, 0)->edx, 0);
	CHECK_EQUAL(leaf(&table, 0x40000010, 0)->eax, 2400000);
	CHECK_EQUAL(leaf(&table, 0x40000100, 0)->eax, ~0u);
	snprintf(text, sizeof(text), "%s: KVM's clock and the counter's rate", name);
	end_test(text);

	support(&everything, 0);
	cpu_model_apply(model, &everything.header, 0, &table.header);
	begin_test();
	/* KVM's leaves were there, and KVM does not say so itself. */
	CHECK_EQUAL(leaf(&table, 1, 0)->ecx, 1u << 31);
	CHECK_EQUAL(leaf(&table, 1, 0)->edx, 0);
	CHECK_EQUAL(leaf(&table, 7, 0)->ebx | leaf(&table, 7, 0)->ecx | leaf(&table, 7, 0)->edx, 0);
	CHECK_EQUAL(leaf(&table, 0x80000001, 0)->ecx | leaf(&table, 0x80000001, 0)->edx, 0);
	CHECK_EQUAL(leaf(&table, 0x40000001, 0)->eax, 0);
	CHECK(!leaf(&table, 0x40000010, 0)->function);
	snprintf(text, sizeof(text), "%s: nothing that the device does not support", name);
	end_test(text);

	everything.header.nent = 0;
	cpu_model_apply(model, &everything.header, 0, &table.header);
	begin_test();
	CHECK_EQUAL(leaf(&table, 1, 0)->ecx | leaf(&table, 1, 0)->edx, 0);
	CHECK(!leaf(&table, 0x40000000, 0)->function && !leaf(&table, 0x40000100, 0)->function);
	snprintf(text, sizeof(text), "%s: a device that says nothing", name);
	end_test(text);
}

static void test_names(void)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	cpu_model_list(file);
	fclose(file);
	begin_test();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK(cpu_model_known(names[i]) && cpu_model_find(names[i]));
		CHECK(strstr(cpu_model_names(), names[i]));
		CHECK(strstr(text, names[i]));
	}
	CHECK(cpu_model_known("host") && !cpu_model_find("host"));
	CHECK(strstr(cpu_model_names(), "host") && strstr(text, "host"));
	end_test("the sentence and the list name each model");
	free(text);

	begin_test();
	CHECK(!cpu_model_known("") && !cpu_model_known("Coreduo") && !cpu_model_known("help"));
	end_test("other names are unknown");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		test_model(names[i]);
	test_names();
	return end_tests();
}
