// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors in the guest's GDT and LDT: reading them, their accessed and
 * busy bits, LDTR and TR, and the instructions that only ask (LAR, LSL, VERR,
 * VERW). Called by the emulator and by far transfers, in the host world. Pure.
 */
#include "cpu/internal.h"

#define DESCRIPTOR_ACCESS_BYTE 5 /* holds type, S, DPL and P */

enum cpu_result selector_fault(struct virtual_cpu *cpu, u8 vector, u16 selector)
{
	return cpu_fault_code(cpu, vector, selector & ~SELECTOR_RPL);
}

/* Linear address of a descriptor; false: past the limit. */
static bool descriptor_address(const struct virtual_cpu *cpu, u16 selector, u64 *linear)
{
	u32 offset = selector & SELECTOR_INDEX;
	u64 base;
	u32 limit;

	if (selector & SELECTOR_TI) {
		if (cpu->ldtr.unusable)
			return false;
		base = cpu->ldtr.base;
		limit = cpu->ldtr.limit;
	} else {
		base = cpu->gdtr.base;
		limit = cpu->gdtr.limit;
	}
	*linear = (u32)(base + offset);
	return offset + 7 <= limit;
}

enum cpu_result descriptor_find(struct virtual_cpu *cpu, u16 selector, u64 *raw, bool *found)
{
	u64 linear;

	*raw = 0;
	*found = descriptor_address(cpu, selector, &linear);
	if (!*found)
		return CPU_OK;
	return cpu->bus->read(cpu, linear, raw, sizeof(*raw), ACCESS_READ | ACCESS_SYSTEM);
}

/**
 * cpu_read_descriptor() - read the descriptor that a selector names
 * @cpu: the virtual CPU
 * @selector: not null; the caller has looked
 * @raw: the eight bytes
 * @vector: the exception to raise if it is past its table's limit
 *
 * Return: CPU_FAULT with @vector and the selector, or with #PF.
 */
enum cpu_result cpu_read_descriptor(struct virtual_cpu *cpu, u16 selector, u64 *raw, u8 vector)
{
	enum cpu_result result;
	bool found;

	result = descriptor_find(cpu, selector, raw, &found);
	if (result != CPU_OK)
		return result;
	if (!found)
		return selector_fault(cpu, vector, selector);
	return CPU_OK;
}

/* A selector that was good when it was loaded may be past the limit now. */
static enum cpu_result access_byte(struct virtual_cpu *cpu, u16 selector, u64 *linear)
{
	u64 descriptor = 0;

	if (!descriptor_address(cpu, selector, &descriptor))
		return selector_fault(cpu, X86_TRAP_TS, selector);
	*linear = (u32)(descriptor + DESCRIPTOR_ACCESS_BYTE);
	return CPU_OK;
}

enum cpu_result descriptor_probe_access(struct virtual_cpu *cpu, u16 selector)
{
	enum cpu_result result;
	u64 linear = 0;

	result = access_byte(cpu, selector, &linear);
	if (result != CPU_OK)
		return result;
	return cpu->bus->probe(cpu, linear, 1, ACCESS_WRITE | ACCESS_SYSTEM);
}

/*
 * The processor sets accessed and busy bits by a locked cycle. Here a byte is
 * read and written: another CPU of the guest that edits the same byte at the
 * same moment would be a guest's bug on hardware too, for it caches the
 * descriptor.
 */
static enum cpu_result change_access(struct virtual_cpu *cpu, u16 selector, u8 clear, u8 set)
{
	enum cpu_result result;
	u64 linear = 0;
	u8 access;

	result = access_byte(cpu, selector, &linear);
	if (result != CPU_OK)
		return result;
	result = cpu->bus->read(cpu, linear, &access, 1, ACCESS_MODIFY | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	access = (access & ~clear) | set;
	return cpu->bus->write(cpu, linear, &access, 1, ACCESS_WRITE | ACCESS_SYSTEM);
}

enum cpu_result descriptor_write_busy(struct virtual_cpu *cpu, u16 selector, bool busy)
{
	return change_access(cpu, selector, TYPE_TSS_BUSY, busy ? TYPE_TSS_BUSY : 0);
}

enum cpu_result descriptor_probe_accessed(struct virtual_cpu *cpu, u16 selector, u64 raw)
{
	if (raw & DESCRIPTOR_ACCESSED)
		return CPU_OK;
	return descriptor_probe_access(cpu, selector);
}

enum cpu_result descriptor_set_accessed(struct virtual_cpu *cpu, u16 selector, u64 *raw)
{
	if (*raw & DESCRIPTOR_ACCESSED)
		return CPU_OK;
	*raw |= DESCRIPTOR_ACCESSED;
	return change_access(cpu, selector, 0, TYPE_ACCESSED);
}

/**
 * cpu_load_ldtr() - LLDT, without its CPL check
 * @cpu: the virtual CPU
 * @selector: null empties the LDT
 *
 * Return: CPU_FAULT with #GP or #NP of the selector, or #PF.
 */
enum cpu_result cpu_load_ldtr(struct virtual_cpu *cpu, u16 selector)
{
	enum cpu_result result;
	u64 raw;

	if (selector_is_null(selector)) {
		segment_set_null(&cpu->ldtr, selector);
		cpu->bus->changed(cpu, CPU_CHANGED_LDTR);
		return CPU_OK;
	}
	if (cpu_long_mode(cpu))
		return stop_long_mode(cpu);
	if (selector & SELECTOR_TI)
		return selector_fault(cpu, X86_TRAP_GP, selector);
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (!descriptor_is_system(raw) || descriptor_type(raw) != TYPE_LDT)
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	segment_from_descriptor(&cpu->ldtr, selector, raw);
	cpu->bus->changed(cpu, CPU_CHANGED_LDTR);
	return CPU_OK;
}

/**
 * cpu_load_tr() - LTR, without its CPL check
 * @cpu: the virtual CPU
 * @selector: of an available TSS, which becomes busy
 *
 * Return: CPU_FAULT with #GP or #NP, or #PF.
 */
enum cpu_result cpu_load_tr(struct virtual_cpu *cpu, u16 selector)
{
	enum cpu_result result;
	u64 raw;

	if (selector_is_null(selector))
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	if (cpu_long_mode(cpu))
		return stop_long_mode(cpu);
	if (selector & SELECTOR_TI)
		return selector_fault(cpu, X86_TRAP_GP, selector);
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_GP);
	if (result != CPU_OK)
		return result;
	if (!descriptor_is_system(raw) || !type_is_available_tss(descriptor_type(raw)))
		return selector_fault(cpu, X86_TRAP_GP, selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_NP, selector);
	raw |= (u64)TYPE_TSS_BUSY << DESCRIPTOR_TYPE_SHIFT;
	result = descriptor_write_busy(cpu, selector, true);
	if (result != CPU_OK)
		return result;
	segment_from_descriptor(&cpu->tr, selector, raw);
	cpu->bus->changed(cpu, CPU_CHANGED_TR);
	return CPU_OK;
}

/* Whether CPL and RPL let an instruction that asks see this descriptor. */
static bool visible(const struct virtual_cpu *cpu, u16 selector, u64 raw)
{
	unsigned int dpl = descriptor_dpl(raw);

	if (descriptor_is_conforming(raw))
		return true;
	return cpu_cpl(cpu) <= dpl && selector_rpl(selector) <= dpl;
}

/* Find a descriptor for an instruction that asks: it never faults by itself. */
static enum cpu_result look(struct virtual_cpu *cpu, u16 selector, u64 *raw, bool *valid)
{
	enum cpu_result result;

	*valid = false;
	*raw = 0;
	if (selector_is_null(selector))
		return CPU_OK;
	result = descriptor_find(cpu, selector, raw, valid);
	if (result == CPU_OK && *valid)
		*valid = visible(cpu, selector, *raw);
	return result;
}

/* System types of which LAR (bit clear: not LSL) shows something. */
#define LAR_SYSTEM_TYPES                                                           \
	(BIT(TYPE_TSS16_AVAILABLE) | BIT(TYPE_LDT) | BIT(TYPE_TSS16_BUSY) |        \
	 BIT(TYPE_CALL_GATE16) | BIT(TYPE_TASK_GATE) | BIT(TYPE_TSS32_AVAILABLE) | \
	 BIT(TYPE_TSS32_BUSY) | BIT(TYPE_CALL_GATE32))
#define LSL_SYSTEM_TYPES                                                    \
	(BIT(TYPE_TSS16_AVAILABLE) | BIT(TYPE_LDT) | BIT(TYPE_TSS16_BUSY) | \
	 BIT(TYPE_TSS32_AVAILABLE) | BIT(TYPE_TSS32_BUSY))

static bool type_is_in(u64 raw, unsigned long system_types)
{
	return !descriptor_is_system(raw) || (system_types & BIT(descriptor_type(raw)));
}

/**
 * cpu_lar() - the access rights that LAR loads
 * @cpu: in protected mode
 * @selector: whose
 * @rights: bits 8 to 23 of the descriptor's second word, if *valid
 * @valid: what ZF becomes
 *
 * Return: CPU_FAULT only for #PF on the table.
 */
enum cpu_result cpu_lar(struct virtual_cpu *cpu, u16 selector, u32 *rights, bool *valid)
{
	enum cpu_result result;
	u64 raw;

	result = look(cpu, selector, &raw, valid);
	if (result != CPU_OK)
		return result;
	*valid = *valid && type_is_in(raw, LAR_SYSTEM_TYPES);
	if (*valid)
		*rights = (raw >> 32) & 0x00ffff00;
	return CPU_OK;
}

/**
 * cpu_lsl() - the limit that LSL loads
 * @cpu: in protected mode
 * @selector: whose
 * @limit: in bytes, if *valid
 * @valid: what ZF becomes
 *
 * Return: CPU_FAULT only for #PF on the table.
 */
enum cpu_result cpu_lsl(struct virtual_cpu *cpu, u16 selector, u32 *limit, bool *valid)
{
	struct segment segment;
	enum cpu_result result;
	u64 raw;

	result = look(cpu, selector, &raw, valid);
	if (result != CPU_OK)
		return result;
	*valid = *valid && type_is_in(raw, LSL_SYSTEM_TYPES);
	if (*valid) {
		segment_from_descriptor(&segment, selector, raw);
		*limit = segment.limit;
	}
	return CPU_OK;
}

/**
 * cpu_verify() - VERR and VERW
 * @cpu: in protected mode
 * @selector: whose
 * @write: VERW
 * @valid: what ZF becomes
 *
 * Return: CPU_FAULT only for #PF on the table.
 */
enum cpu_result cpu_verify(struct virtual_cpu *cpu, u16 selector, bool write, bool *valid)
{
	enum cpu_result result;
	u64 raw;

	result = look(cpu, selector, &raw, valid);
	if (result != CPU_OK)
		return result;
	if (write)
		*valid = *valid && descriptor_is_writable(raw);
	else
		*valid = *valid && descriptor_is_readable(raw);
	return CPU_OK;
}
