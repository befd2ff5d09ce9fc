// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which instructions a virtual CPU has: those that came with a feature are there
 * if its CPUID says so. Called by whoever executes instructions on the virtual
 * CPU, in the host world. Pure.
 *
 * What ring 3 executes directly is the processor's affair. Not looked at: CMOV,
 * which any guest of ours expects; TZCNT and LZCNT, which older processors take
 * for BSF and BSR; of SSE2 and SSE3 what SSE's opcodes do under other prefixes.
 */
#include "cpu/internal.h"
#include "decode/decode.h"

#define EXTENDED_FEATURES 0x80000001

/* A bit of CPUID; .function 0: none is asked for. */
struct feature {
	u32 function;
	u8 reg;
	u8 bit;
};

#define TSC	   { 1, CPUID_EDX, 4 }
#define MSR	   { 1, CPUID_EDX, 5 }
#define CX8	   { 1, CPUID_EDX, 8 }
#define SEP	   { 1, CPUID_EDX, 11 }
#define CLFSH	   { 1, CPUID_EDX, 19 }
#define MMX	   { 1, CPUID_EDX, 23 }
#define FXSR	   { 1, CPUID_EDX, 24 }
#define SSE	   { 1, CPUID_EDX, 25 }
#define SSE2	   { 1, CPUID_EDX, 26 }
#define PCLMUL	   { 1, CPUID_ECX, 1 }
#define SSSE3	   { 1, CPUID_ECX, 9 }
#define SSE4_1	   { 1, CPUID_ECX, 19 }
#define SSE4_2	   { 1, CPUID_ECX, 20 }
#define MOVBE	   { 1, CPUID_ECX, 22 }
#define POPCNT	   { 1, CPUID_ECX, 23 }
#define AES	   { 1, CPUID_ECX, 25 }
#define RDRAND	   { 1, CPUID_ECX, 30 }
#define RDSEED	   { 7, CPUID_EBX, 18 }
#define ADX	   { 7, CPUID_EBX, 19 }
#define CLFLUSHOPT { 7, CPUID_EBX, 23 }
#define CLWB	   { 7, CPUID_EBX, 24 }
#define SHA	   { 7, CPUID_EBX, 29 }
#define GFNI	   { 7, CPUID_ECX, 8 }
#define KEY_LOCKER { 7, CPUID_ECX, 23 }
#define MOVDIRI	   { 7, CPUID_ECX, 27 }
#define MOVDIR64B  { 7, CPUID_ECX, 28 }
#define SERIALIZE  { 7, CPUID_EDX, 14 }
#define AMD3DNOW   { EXTENDED_FEATURES, CPUID_EDX, 31 }

static const struct feature by_operation[OPERATIONS] = {
	[OPERATION_RDTSC] = TSC,
	[OPERATION_RDMSR] = MSR,
	[OPERATION_WRMSR] = MSR,
	[OPERATION_CMPXCHG8B] = CX8,
	[OPERATION_SYSENTER] = SEP,
	[OPERATION_SYSEXIT] = SEP,
	[OPERATION_CLFLUSH] = CLFSH,
	[OPERATION_MMX] = MMX,
	[OPERATION_EMMS] = MMX,
	[OPERATION_FXSAVE] = FXSR,
	[OPERATION_FXRSTOR] = FXSR,
	[OPERATION_SSE] = SSE,
	[OPERATION_LDMXCSR] = SSE,
	[OPERATION_STMXCSR] = SSE,
	[OPERATION_SFENCE] = SSE,
	[OPERATION_LFENCE] = SSE2,
	[OPERATION_MFENCE] = SSE2,
	[OPERATION_MOVNTI] = SSE2,
	[OPERATION_CRC32] = SSE4_2,
	[OPERATION_MOVBE] = MOVBE,
	[OPERATION_POPCNT] = POPCNT,
	[OPERATION_RDRAND] = RDRAND,
	[OPERATION_RDSEED] = RDSEED,
	[OPERATION_ADCX] = ADX,
	[OPERATION_ADOX] = ADX,
	[OPERATION_CLFLUSHOPT] = CLFLUSHOPT,
	[OPERATION_CLWB] = CLWB,
	[OPERATION_MOVDIRI] = MOVDIRI,
	[OPERATION_MOVDIR64B] = MOVDIR64B,
	[OPERATION_SERIALIZE] = SERIALIZE,
	[OPERATION_AMD3DNOW] = AMD3DNOW,
};

/* Vector instructions of the longer opcodes. */
static const struct {
	u8 map;
	u8 first, last;
	struct feature feature;
} by_opcode[] = {
	{ INSN_MAP_0F38, 0x00, 0x0b, SSSE3 },  { INSN_MAP_0F38, 0x10, 0x17, SSE4_1 },
	{ INSN_MAP_0F38, 0x1c, 0x1e, SSSE3 },  { INSN_MAP_0F38, 0x20, 0x35, SSE4_1 },
	{ INSN_MAP_0F38, 0x37, 0x37, SSE4_2 }, { INSN_MAP_0F38, 0x38, 0x41, SSE4_1 },
	{ INSN_MAP_0F38, 0xc8, 0xcd, SHA },    { INSN_MAP_0F38, 0xcf, 0xcf, GFNI },
	{ INSN_MAP_0F38, 0xd8, 0xd8, KEY_LOCKER }, { INSN_MAP_0F38, 0xdb, 0xdf, AES },
	{ INSN_MAP_0F3A, 0x08, 0x0e, SSE4_1 }, { INSN_MAP_0F3A, 0x0f, 0x0f, SSSE3 },
	{ INSN_MAP_0F3A, 0x14, 0x42, SSE4_1 }, { INSN_MAP_0F3A, 0x44, 0x44, PCLMUL },
	{ INSN_MAP_0F3A, 0x60, 0x63, SSE4_2 }, { INSN_MAP_0F3A, 0xcc, 0xcc, SHA },
	{ INSN_MAP_0F3A, 0xce, 0xcf, GFNI },   { INSN_MAP_0F3A, 0xdf, 0xdf, AES },
};

static bool has(const struct virtual_cpu *cpu, const struct feature *feature)
{
	return cpu_has_feature(cpu, feature->function, feature->reg, feature->bit);
}

static bool has_vector(const struct virtual_cpu *cpu, const struct insn *insn)
{
	unsigned int i;

	if (insn->map != INSN_MAP_0F38 && insn->map != INSN_MAP_0F3A)
		return true;
	for (i = 0; i < ARRAY_SIZE(by_opcode); i++)
		if (by_opcode[i].map == insn->map && by_opcode[i].first <= insn->opcode &&
		    insn->opcode <= by_opcode[i].last)
			return has(cpu, &by_opcode[i].feature);
	return true;
}

/**
 * cpu_has_instruction() - whether the virtual CPU knows an instruction
 * @cpu: its CPUID decides
 * @insn: what was decoded
 *
 * Return: false: it is #UD on this CPU.
 */
bool cpu_has_instruction(const struct virtual_cpu *cpu, const struct insn *insn)
{
	const struct feature *feature;

	if (insn->operation >= OPERATIONS)
		return false;
	feature = &by_operation[insn->operation];
	if (!feature->function)
		return true;
	if (!has(cpu, feature))
		return false;
	return (insn->operation != OPERATION_SSE && insn->operation != OPERATION_MMX) ||
	       has_vector(cpu, insn);
}
