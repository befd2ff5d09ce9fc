// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segment registers: their hidden parts and what loading them checks. Called
 * by the emulator and by far transfers, in the host world. Pure.
 */
#include "cpu/internal.h"

#define LIMIT_UNIT_SHIFT 12 /* G=1 counts in 4 KiB */

/**
 * segment_from_descriptor() - unpack a descriptor into a hidden part
 * @segment: filled in; not unusable
 * @selector: becomes its visible part
 * @raw: the eight bytes of a code, data, TSS or LDT descriptor
 */
void segment_from_descriptor(struct segment *segment, u16 selector, u64 raw)
{
	u32 limit = (raw & 0xffff) | (u32)((raw >> 32) & 0xf0000);

	*segment = (struct segment){
		.base = ((raw >> 16) & 0xffffff) | ((raw >> 32) & 0xff000000),
		.limit = limit,
		.selector = selector,
		.type = descriptor_type(raw),
		.dpl = descriptor_dpl(raw),
		.s = !descriptor_is_system(raw),
		.present = descriptor_is_present(raw),
		.avl = raw & DESCRIPTOR_AVL,
		.l = raw & DESCRIPTOR_L,
		.db = raw & DESCRIPTOR_DB,
		.g = raw & DESCRIPTOR_G,
	};
	if (segment->g)
		segment->limit = limit << LIMIT_UNIT_SHIFT | ((1U << LIMIT_UNIT_SHIFT) - 1);
}

/**
 * segment_to_descriptor() - pack a hidden part
 * @segment: its limit must fit its granularity
 *
 * Return: the eight bytes.
 */
u64 segment_to_descriptor(const struct segment *segment)
{
	u32 limit = segment->limit;
	u64 raw;

	if (segment->g)
		limit >>= LIMIT_UNIT_SHIFT;
	raw = limit & 0xffff;
	raw |= (segment->base & 0xffffff) << 16;
	raw |= (u64)(segment->type & 0xf) << DESCRIPTOR_TYPE_SHIFT;
	raw |= (u64)(segment->dpl & 3) << DESCRIPTOR_DPL_SHIFT;
	raw |= (u64)(limit & 0xf0000) << 32;
	raw |= (segment->base & 0xff000000) << 32;
	if (segment->s)
		raw |= DESCRIPTOR_S;
	if (segment->present)
		raw |= DESCRIPTOR_P;
	if (segment->avl)
		raw |= DESCRIPTOR_AVL;
	if (segment->l)
		raw |= DESCRIPTOR_L;
	if (segment->db)
		raw |= DESCRIPTOR_DB;
	if (segment->g)
		raw |= DESCRIPTOR_G;
	return raw;
}

void segment_set_null(struct segment *segment, u16 selector)
{
	*segment = (struct segment){
		.selector = selector,
		.unusable = true,
	};
}

void segment_set_v86(struct segment *segment, u16 selector)
{
	*segment = (struct segment){
		.base = (u64)selector << 4,
		.limit = 0xffff,
		.selector = selector,
		.type = TYPE_DATA_WRITABLE | TYPE_ACCESSED,
		.dpl = 3,
		.s = true,
		.present = true,
	};
}

void segment_set_real(struct segment *segment, u16 selector)
{
	/* A null selector of protected mode left nothing worth keeping. */
	if (segment->unusable) {
		segment_set_v86(segment, selector);
		segment->dpl = 0;
	}
	segment->selector = selector;
	segment->base = (u64)selector << 4;
}

/*
 * After a return to an outer ring, a data segment register that the new ring
 * could not have loaded is emptied. Manual: RET and IRET, "Checking Caller
 * Access Privileges".
 */
void segments_drop_inner(struct virtual_cpu *cpu, unsigned int cpl)
{
	static const u8 registers[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		struct segment *segment = &cpu->segments[registers[i]];
		bool conforming = (segment->type & TYPE_CODE) &&
				  (segment->type & TYPE_CODE_CONFORMING);

		if (!segment->unusable && !conforming && segment->dpl < cpl)
			segment_set_null(segment, 0);
	}
}

/* Manual: "Privilege Level Checking When Loading the SS Register". */
static enum cpu_result check_stack(struct virtual_cpu *cpu, u16 selector, u64 raw)
{
	unsigned int cpl = cpu_cpl(cpu);

	if (selector_rpl(selector) != cpl || !descriptor_is_writable(raw) ||
	    descriptor_dpl(raw) != cpl)
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_SS, selector);
	return CPU_OK;
}

/* Manual: "Privilege Level Checking When Accessing Data Segments". */
static enum cpu_result check_data(struct virtual_cpu *cpu, u16 selector, u64 raw)
{
	unsigned int dpl = descriptor_dpl(raw);

	if (!descriptor_is_readable(raw))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_conforming(raw) && (selector_rpl(selector) > dpl || cpu_cpl(cpu) > dpl))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	return CPU_OK;
}

static enum cpu_result load_protected(struct virtual_cpu *cpu, enum segment_register which,
				      u16 selector)
{
	enum cpu_result result;
	u64 raw;

	if (selector_is_null(selector)) {
		if (which == SEGMENT_SS)
			return cpu_fault_code(cpu, X86_TRAP_GP, 0);
		segment_set_null(&cpu->segments[which], selector);
		return CPU_OK;
	}
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (which == SEGMENT_SS)
		result = check_stack(cpu, selector, raw);
	else
		result = check_data(cpu, selector, raw);
	if (result != CPU_OK)
		return result;
	result = descriptor_set_accessed(cpu, selector, &raw);
	if (result != CPU_OK)
		return result;
	segment_from_descriptor(&cpu->segments[which], selector, raw);
	return CPU_OK;
}

/**
 * cpu_load_segment() - MOV, POP or LDS... to a segment register
 * @cpu: the virtual CPU
 * @which: any but CS, which no such instruction can load (#UD)
 * @selector: what it is to hold
 *
 * Return: CPU_FAULT with #GP, #SS or #NP of the selector, or #PF of the
 * descriptor; the register is then unchanged.
 */
enum cpu_result cpu_load_segment(struct virtual_cpu *cpu, enum segment_register which, u16 selector)
{
	if (which == SEGMENT_CS || which >= SEGMENT_REGISTERS)
		return cpu_fault(cpu, X86_TRAP_UD);
	if (cpu_protected_mode(cpu))
		return load_protected(cpu, which, selector);
	if (cpu->rflags & X86_EFLAGS_VM)
		segment_set_v86(&cpu->segments[which], selector);
	else
		segment_set_real(&cpu->segments[which], selector);
	return CPU_OK;
}
