// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU's state as a whole: reset, faults, EFLAGS. Called by all of
 * cpu/, by the emulator and by the run loop, in the host world. Pure.
 */
#include "cpu/internal.h"

#define PAT_AT_RESET		0x0007040600070406ULL
#define APIC_BASE_AT_RESET	0xfee00000ULL
#define APIC_BASE_BSP		BIT_ULL(8)
#define APIC_BASE_ENABLE	BIT_ULL(11)
#define MISC_ENABLE_FAST_STRING BIT_ULL(0)
/* Family 6, in EDX at reset when CPUID does not say better. */
#define SIGNATURE_DEFAULT 0x600

static void reset_segment(struct segment *segment, unsigned int type, bool s)
{
	memset(segment, 0, sizeof(*segment));
	segment->limit = 0xffff;
	segment->type = type;
	segment->s = s;
	segment->present = true;
}

static void reset_segments(struct virtual_cpu *cpu)
{
	struct segment *cs = &cpu->segments[SEGMENT_CS];
	unsigned int i;

	for (i = 0; i < SEGMENT_REGISTERS; i++)
		reset_segment(&cpu->segments[i], TYPE_DATA_WRITABLE | TYPE_ACCESSED, true);
	/* The first instruction is 16 bytes below 4 GiB. */
	cs->selector = 0xf000;
	cs->base = 0xffff0000;
	reset_segment(&cpu->ldtr, TYPE_LDT, false);
	reset_segment(&cpu->tr, TYPE_TSS32_BUSY, false);
	cpu->gdtr = (struct descriptor_table){ .limit = 0xffff };
	cpu->idtr = (struct descriptor_table){ .limit = 0xffff };
}

/**
 * cpu_reset() - the state after RESET
 * @cpu: bus and CPUID entries stay
 *
 * Manual: "Processor State After Reset".
 */
void cpu_reset(struct virtual_cpu *cpu)
{
	u32 eax = 1, ebx = 0, ecx = 0, edx = 0;

	memset(cpu->regs, 0, sizeof(cpu->regs));
	memset(cpu->pdptrs, 0, sizeof(cpu->pdptrs));
	memset(cpu->dr, 0, sizeof(cpu->dr));
	memset(&cpu->msrs, 0, sizeof(cpu->msrs));
	memset(&cpu->fault, 0, sizeof(cpu->fault));

	reset_segments(cpu);
	cpu->rip = 0xfff0;
	cpu->rflags = X86_EFLAGS_FIXED;
	cpu->cr0 = X86_CR0_CD | X86_CR0_NW | X86_CR0_ET;
	cpu->cr2 = 0;
	cpu->cr3 = 0;
	cpu->cr4 = 0;
	cpu->efer = 0;
	cpu->dr6 = DR6_FIXED;
	cpu->dr7 = DR7_FIXED;
	cpu->msrs.pat = PAT_AT_RESET;
	cpu->msrs.apic_base = APIC_BASE_AT_RESET | APIC_BASE_BSP | APIC_BASE_ENABLE;
	cpu->msrs.misc_enable = MISC_ENABLE_FAST_STRING;
	cpu->interrupt_shadow = 0;
	cpu->halted = false;
	cpu->nmi_blocked = false;
	cpu->pending_debug = 0;
	cpu->stop_reason = NULL;

	cpu_cpuid(cpu, &eax, &ebx, &ecx, &edx);
	cpu->regs[REG_DX] = eax ? eax : SIGNATURE_DEFAULT;
}

/**
 * cpu_reset_by_init() - the state after INIT
 * @cpu: bus, CPUID entries, caching and MSRs stay, but for EFER
 *
 * Manual: "Processor State After Reset", its column of INIT.
 */
void cpu_reset_by_init(struct virtual_cpu *cpu)
{
	const struct cpu_msrs msrs = cpu->msrs;
	const u64 caching = cpu->cr0 & (X86_CR0_CD | X86_CR0_NW);

	cpu_reset(cpu);
	cpu->msrs = msrs;
	cpu->cr0 = caching | X86_CR0_ET;
}

/**
 * cpu_fault() - raise an exception without an error code
 * @cpu: gets it in cpu->fault
 * @vector: which
 *
 * Return: CPU_FAULT, so that callers can return it at once.
 */
enum cpu_result cpu_fault(struct virtual_cpu *cpu, u8 vector)
{
	cpu->fault = (struct cpu_exception){ .vector = vector };
	return CPU_FAULT;
}

/**
 * cpu_fault_code() - raise an exception with an error code
 * @cpu: gets it in cpu->fault
 * @vector: which
 * @error_code: what will be pushed
 *
 * Return: CPU_FAULT.
 */
enum cpu_result cpu_fault_code(struct virtual_cpu *cpu, u8 vector, u32 error_code)
{
	cpu->fault = (struct cpu_exception){
		.vector = vector,
		.has_error_code = true,
		.error_code = error_code,
	};
	return CPU_FAULT;
}

/**
 * cpu_page_fault() - raise #PF
 * @cpu: gets it in cpu->fault; CR2 is written when it is delivered
 * @address: linear address
 * @error_code: PFERR_*
 *
 * Return: CPU_FAULT.
 */
enum cpu_result cpu_page_fault(struct virtual_cpu *cpu, u64 address, u32 error_code)
{
	cpu_fault_code(cpu, X86_TRAP_PF, error_code);
	cpu->fault.cr2 = address;
	return CPU_FAULT;
}

/**
 * cpu_stop() - say that the virtual CPU cannot go on
 * @cpu: gets @sentence in cpu->stop_reason
 * @sentence: why, for a person; it is kept by reference
 *
 * Return: CPU_STOP.
 */
enum cpu_result cpu_stop(struct virtual_cpu *cpu, const char *sentence)
{
	cpu->stop_reason = sentence;
	return CPU_STOP;
}

/**
 * cpu_can_take_interrupt() - whether an external interrupt may come now
 * @cpu: the virtual CPU
 *
 * Return: IF is set and no instruction shadow blocks it.
 */
bool cpu_can_take_interrupt(const struct virtual_cpu *cpu)
{
	return (cpu->rflags & X86_EFLAGS_IF) && !cpu->interrupt_shadow;
}

/**
 * cpu_pushf_image() - EFLAGS as PUSHF stores it
 * @cpu: the virtual CPU
 *
 * Return: the flags without VM and RF.
 */
u64 cpu_pushf_image(const struct virtual_cpu *cpu)
{
	u64 image = cpu->rflags & EFLAGS_WRITABLE;

	image &= ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_RF);
	return image | X86_EFLAGS_FIXED;
}

/**
 * cpu_load_flags() - what POPF does with the image that it popped
 * @cpu: the virtual CPU
 * @image: from the stack
 * @operand_bytes: 2: the upper half stays
 * @cpl: privilege that the instruction has; 0 in real mode
 *
 * IF changes where IOPL allows it, IOPL only at CPL 0; VM, VIF and VIP never
 * change here. RF is cleared, as by every instruction but IRET.
 */
void cpu_load_flags(struct virtual_cpu *cpu, u64 image, unsigned int operand_bytes,
		    unsigned int cpl)
{
	u64 mask = EFLAGS_STATUS | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT | X86_EFLAGS_AC |
		   X86_EFLAGS_ID;

	if (cpl <= cpu_iopl(cpu))
		mask |= X86_EFLAGS_IF;
	if (cpl == 0)
		mask |= X86_EFLAGS_IOPL;
	if (operand_bytes == 2)
		mask &= 0xffff;
	cpu->rflags = (cpu->rflags & ~mask) | (image & mask) | X86_EFLAGS_FIXED;
	cpu->rflags &= ~(u64)X86_EFLAGS_RF;
}
