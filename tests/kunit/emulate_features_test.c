// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_emulate_features: an instruction that came with a feature is
 * #UD on a virtual CPU without it, and is executed on one that has it.
 */
#include "emulate_test.h"

static const struct {
	const char *name;
	const char *code;
	u8 length;
	u32 function;
	u8 reg, bit;
} rows[] = {
	{ "rdtsc", CODE("\x0f\x31"), 1, 3, 4 },
	{ "rdmsr", CODE("\x0f\x32"), 1, 3, 5 },
	{ "wrmsr", CODE("\x0f\x30"), 1, 3, 5 },
	{ "cmpxchg8b [ebx]", CODE("\x0f\xc7\x0b"), 1, 3, 8 },
	{ "clflush [ebx]", CODE("\x0f\xae\x3b"), 1, 3, 19 },
	{ "sfence", CODE("\x0f\xae\xf8"), 1, 3, 25 },
	{ "lfence", CODE("\x0f\xae\xe8"), 1, 3, 26 },
	{ "movnti [ebx], eax", CODE("\x0f\xc3\x03"), 1, 3, 26 },
	{ "crc32 eax, ecx", CODE("\xf2\x0f\x38\xf1\xc1"), 1, 2, 20 },
	{ "movbe eax, [ebx]", CODE("\x0f\x38\xf0\x03"), 1, 2, 22 },
	{ "popcnt eax, ecx", CODE("\xf3\x0f\xb8\xc1"), 1, 2, 23 },
	{ "rdrand ecx", CODE("\x0f\xc7\xf1"), 1, 2, 30 },
	{ "rdseed cx", CODE("\x66\x0f\xc7\xf9"), 7, 1, 18 },
	{ "adcx eax, ecx", CODE("\x66\x0f\x38\xf6\xc1"), 7, 1, 19 },
	{ "adox eax, ecx", CODE("\xf3\x0f\x38\xf6\xc1"), 7, 1, 19 },
	{ "clflushopt [ebx]", CODE("\x66\x0f\xae\x3b"), 7, 1, 23 },
	{ "clwb [ebx]", CODE("\x66\x0f\xae\x33"), 7, 1, 24 },
	{ "serialize", CODE("\x0f\x01\xe8"), 7, 3, 14 },
	{ "emms", CODE("\x0f\x77"), 1, 3, 23 },
	{ "fxsave [ebx]", CODE("\x0f\xae\x03"), 1, 3, 24 },
	{ "xorps xmm0, xmm0", CODE("\x0f\x57\xc0"), 1, 3, 25 },
	{ "ldmxcsr [ebx]", CODE("\x0f\xae\x13"), 1, 3, 25 },
	{ "pshufb mm0, mm1", CODE("\x0f\x38\x00\xc1"), 1, 2, 9 },
	{ "ptest xmm0, xmm1", CODE("\x66\x0f\x38\x17\xc1"), 1, 2, 19 },
	{ "pcmpgtq xmm0, xmm1", CODE("\x66\x0f\x38\x37\xc1"), 1, 2, 20 },
	{ "aesenc xmm0, xmm1", CODE("\x66\x0f\x38\xdc\xc1"), 1, 2, 25 },
	{ "pclmulqdq xmm0, xmm1", CODE("\x66\x0f\x3a\x44\xc1\x00"), 1, 2, 1 },
	{ "sha1msg1 xmm0, xmm1", CODE("\x0f\x38\xc9\xc1"), 7, 1, 29 },
};

static u8 executed[CPU_NATIVE_CODE];
static unsigned int executed_bytes;

/* What a processor's RDRAND does; of others, that they were executed. */
static enum cpu_result fake_execute(struct virtual_cpu *machine_cpu, struct cpu_native *native)
{
	memcpy(executed, native->code, sizeof(executed));
	executed_bytes = native->code_bytes;
	machine_cpu->regs[REG_AX] = 0x12345678;
	machine_cpu->rflags |= X86_EFLAGS_CF;
	return CPU_OK;
}

static void prepare(void)
{
	static struct cpu_bus bus;

	fake_machine_protected(&machine);
	bus = fake_bus;
	bus.execute = fake_execute;
	cpu->bus = &bus;
	cpu->cr4 |= X86_CR4_OSFXSR;
	cpu->regs[REG_BX] = FAKE_DATA;
	cpu->regs[REG_CX] = MSR_IA32_SYSENTER_CS;
	executed_bytes = 0;
}

static void take_away(u32 function, unsigned int reg, unsigned int bit)
{
	unsigned int i;

	for (i = 0; i < cpu->cpuid_count; i++)
		if (cpu->cpuid[i].function == function)
			(&cpu->cpuid[i].eax)[reg] &= ~(u32)BIT(bit);
}

static void instructions_follow_features(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		prepare();
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), FINE);
		prepare();
		take_away(rows[i].function, rows[i].reg, rows[i].bit);
		check_outcome(test, rows[i].name, execute(rows[i].code, rows[i].length), UD);
		check(test, rows[i].name, "the real processor was not asked", executed_bytes, 0);
	}
}

static void random_numbers(struct kunit *test)
{
	prepare();
	cpu->regs[REG_AX] = 0xaaaa5555;
	STEP(test, "rdrand ecx", "\x0f\xc7\xf1", FINE);
	check(test, "rdrand ecx", "is executed as rdrand eax", executed_bytes, 3);
	check_true(test, "rdrand ecx", "its code", !memcmp(executed, "\x0f\xc7\xf0", 3));
	check(test, "rdrand ecx", "ECX", cpu->regs[REG_CX], 0x12345678);
	check(test, "rdrand ecx", "EAX stays", cpu->regs[REG_AX], 0xaaaa5555);
	check_true(test, "rdrand ecx", "CF", cpu->rflags & X86_EFLAGS_CF);
	cpu->regs[REG_DX] = 0xffffffff;
	STEP(test, "rdseed dx", "\x66\x0f\xc7\xfa", FINE);
	check_true(test, "rdseed dx", "its code", !memcmp(executed, "\x66\x0f\xc7\xf8", 4));
	check(test, "rdseed dx", "EDX", cpu->regs[REG_DX], 0xffff5678);
	cpu->bus = &fake_bus;
	STEP(test, "no processor", "\x0f\xc7\xf1", OTHER(CPU_STOP));
}

static struct kunit_case features_cases[] = {
	KUNIT_CASE(instructions_follow_features),
	KUNIT_CASE(random_numbers),
	{},
};

static struct kunit_suite features_suite = {
	.name = "ringlet_emulate_features",
	.test_cases = features_cases,
};
kunit_test_suite(features_suite);
