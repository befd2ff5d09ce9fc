// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU of the oracles that ask the real processor. See oracle_log.h.
 */
#include "oracle_log.h"

static struct segment flat_segment(unsigned int type, u16 selector)
{
	return (struct segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.dpl = 3,
		.s = true,
		.present = true,
		.db = true,
		.g = true,
	};
}

/* The real processor has its own features: this one has all of them. */
static const struct cpu_cpuid_entry everything[] = {
	{ .function = 1, .ecx = ~0u, .edx = ~0u },
	{ .function = 7, .ebx = ~0u, .ecx = ~0u, .edx = ~0u },
	{ .function = 0x80000001, .ecx = ~0u, .edx = ~0u },
};

void oracle_init_cpu(struct virtual_cpu *cpu, const struct cpu_bus *bus,
		     const struct oracle_context *context)
{
	unsigned int i;

	memcpy(cpu->cpuid, everything, sizeof(everything));
	cpu->cpuid_count = ARRAY_SIZE(everything);
	cpu->bus = bus;
	cpu->cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_AM | X86_CR0_WP | X86_CR0_ET | X86_CR0_NE;
	cpu->cr4 = X86_CR4_UMIP | X86_CR4_TSD;
	for (i = 0; i < SEGMENT_REGISTERS; i++)
		cpu->segments[i] =
			flat_segment(TYPE_DATA_WRITABLE | TYPE_ACCESSED, context->selectors[i]);
	cpu->segments[SEGMENT_FS].base = NATIVE_FS_BASE;
	cpu->segments[SEGMENT_FS].limit = NATIVE_FS_LIMIT;
	cpu->tr.limit = 0x67;
	cpu->tr.type = TYPE_TSS32_BUSY;
	cpu->tr.present = true;
}

u32 oracle_start(struct virtual_cpu *cpu, const struct oracle_test *test,
		 const struct oracle_context *context)
{
	struct segment *stack = &cpu->segments[SEGMENT_SS];
	struct segment *code = &cpu->segments[SEGMENT_CS];
	bool in_code16 = test->insn.mode == INSN_MODE_16;
	unsigned int i;

	*code = flat_segment(TYPE_CODE | TYPE_CODE_READABLE | TYPE_ACCESSED,
			     context->selectors[SEGMENT_CS]);
	if (in_code16) {
		code->selector = context->code16;
		code->base = NATIVE_CODE;
		code->limit = NATIVE_CODE_BYTES - 1;
		code->db = false;
	}
	*stack = flat_segment(TYPE_DATA_WRITABLE | TYPE_ACCESSED, context->selectors[SEGMENT_SS]);
	if (test->stack16) {
		stack->selector = context->stack16;
		stack->base = NATIVE_STACK16_BASE;
		stack->limit = NATIVE_STACK16_LIMIT;
		stack->db = false;
	}
	for (i = 0; i < GENERAL_REGISTERS; i++)
		cpu->regs[i] = i < 8 ? test->before.regs[i] : 0;
	cpu->rip = NATIVE_CODE_START - code->base;
	cpu->rflags = test->before.eflags;
	cpu->pending_debug = 0;
	return code->base;
}
