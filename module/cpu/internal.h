/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of cpu/ share among themselves: descriptors as raw bits,
 * frames on a stack that is not loaded yet, and the parts of far transfers
 * that several of them have in common. Nobody outside cpu/ includes it.
 */
#ifndef RINGLET_CPU_INTERNAL_H
#define RINGLET_CPU_INTERNAL_H

#include "cpu/cpu.h"

/* ---- raw descriptors --------------------------------------------------- */

static inline unsigned int descriptor_type(u64 raw)
{
	return (raw & DESCRIPTOR_TYPE) >> DESCRIPTOR_TYPE_SHIFT;
}

static inline unsigned int descriptor_dpl(u64 raw)
{
	return (raw & DESCRIPTOR_DPL) >> DESCRIPTOR_DPL_SHIFT;
}

static inline bool descriptor_is_present(u64 raw)
{
	return raw & DESCRIPTOR_P;
}

static inline bool descriptor_is_system(u64 raw)
{
	return !(raw & DESCRIPTOR_S);
}

static inline bool descriptor_is_code(u64 raw)
{
	return !descriptor_is_system(raw) && (descriptor_type(raw) & TYPE_CODE);
}

static inline bool descriptor_is_conforming(u64 raw)
{
	return descriptor_is_code(raw) && (descriptor_type(raw) & TYPE_CODE_CONFORMING);
}

static inline bool descriptor_is_writable(u64 raw)
{
	return !descriptor_is_system(raw) && !descriptor_is_code(raw) &&
	       (descriptor_type(raw) & TYPE_DATA_WRITABLE);
}

static inline bool descriptor_is_readable(u64 raw)
{
	if (descriptor_is_system(raw))
		return false;
	return !descriptor_is_code(raw) || (descriptor_type(raw) & TYPE_CODE_READABLE);
}

/* Types that differ in the busy bit only: TSS, both sizes. */
#define TYPE_TSS_BUSY 0x2
#define TYPE_32BIT    0x8

static inline bool type_is_available_tss(unsigned int type)
{
	return type == TYPE_TSS16_AVAILABLE || type == TYPE_TSS32_AVAILABLE;
}

static inline bool type_is_busy_tss(unsigned int type)
{
	return type == TYPE_TSS16_BUSY || type == TYPE_TSS32_BUSY;
}

/* Gates: "Call Gates" and "IDT Descriptors" in the SDM. */
static inline u16 gate_selector(u64 raw)
{
	return raw >> 16;
}

/* A 16-bit gate has no upper half of the offset. */
static inline u32 gate_offset(u64 raw)
{
	u32 low = raw & 0xffff;

	return descriptor_type(raw) & TYPE_32BIT ? low | (u32)((raw >> 32) & 0xffff0000) : low;
}

static inline unsigned int gate_bytes(u64 raw)
{
	return descriptor_type(raw) & TYPE_32BIT ? 4 : 2;
}

static inline unsigned int gate_parameters(u64 raw)
{
	return (raw >> 32) & 0x1f;
}

static inline bool selector_is_null(u16 selector)
{
	return !(selector & ~SELECTOR_RPL);
}

static inline unsigned int selector_rpl(u16 selector)
{
	return selector & SELECTOR_RPL;
}

static inline u16 selector_with_rpl(u16 selector, unsigned int rpl)
{
	return (selector & ~SELECTOR_RPL) | rpl;
}

/* A fault whose error code names @selector. */
enum cpu_result selector_fault(struct virtual_cpu *cpu, u8 vector, u16 selector);

/* The descriptor, or *found = false when it is past its table's limit. */
enum cpu_result descriptor_find(struct virtual_cpu *cpu, u16 selector, u64 *raw, bool *found);

/* Set or clear a TSS's busy bit in memory. */
enum cpu_result descriptor_write_busy(struct virtual_cpu *cpu, u16 selector, bool busy);
/* Whether the byte with type and DPL can be written. */
enum cpu_result descriptor_probe_access(struct virtual_cpu *cpu, u16 selector);

/* Set the accessed bit in *raw and, if it was clear, in memory. */
enum cpu_result descriptor_set_accessed(struct virtual_cpu *cpu, u16 selector, u64 *raw);
enum cpu_result descriptor_probe_accessed(struct virtual_cpu *cpu, u16 selector, u64 raw);

/* ---- hidden parts ------------------------------------------------------ */

void segment_set_null(struct segment *segment, u16 selector);
/* Real mode: selector and base change, limit and attributes stay. */
void segment_set_real(struct segment *segment, u16 selector);

/* Whether the last byte of an instruction at @offset could be fetched. */
static inline bool segment_holds_offset(const struct segment *segment, u64 offset)
{
	return offset <= segment->limit;
}

/* Set CPL-dependent fields and the data segments after going outwards. */
void segments_drop_inner(struct virtual_cpu *cpu, unsigned int cpl);

/* ---- a stack that is not loaded yet ------------------------------------ */

/* SS, ESP, 31 parameters, CS, EIP: the largest frame is a call gate's. */
#define FRAME_BYTES (35 * 4)

/**
 * struct stack_frame - what will be pushed, before anything is changed
 * @ss: the stack segment that it goes to
 * @sp: the stack pointer before the first push
 * @width: bytes per element
 * @system: an inner ring's stack: written with ring-0 rights, whatever the
 *	present CPL is
 * @descriptor: of @ss, if @system
 * @fault_code: error code of #SS if it does not fit
 * @used: bytes in @bytes, which fills from its end as a stack does
 */
struct stack_frame {
	struct segment ss;
	u64 descriptor;
	u64 sp;
	unsigned int width;
	bool system;
	u16 fault_code;
	unsigned int used;
	u8 bytes[FRAME_BYTES];
};

/* A frame on the present stack. */
void frame_begin(struct stack_frame *frame, const struct virtual_cpu *cpu, unsigned int width);
/* A frame on the stack that the TSS names for ring @cpl: #TS and #SS checks. */
enum cpu_result frame_begin_inner(struct stack_frame *frame, struct virtual_cpu *cpu,
				  unsigned int cpl, unsigned int width);
void frame_push(struct stack_frame *frame, u32 value);
/* Whether it fits and every byte can be written. */
enum cpu_result frame_check(struct stack_frame *frame, struct virtual_cpu *cpu);
/* Write it; frame->sp then is the final stack pointer. */
enum cpu_result frame_write(struct stack_frame *frame, struct virtual_cpu *cpu);

/* Limit, and wrap of a 16-bit stack pointer, of an access to any segment. */
bool segment_allows(const struct segment *segment, u64 offset, unsigned int bytes);

/* ---- tasks ------------------------------------------------------------- */

/**
 * struct task_switch - a hardware task switch
 * @selector: of the new TSS
 * @return_rip: EIP to save in the old TSS
 * @flags: EFLAGS to save there
 * @committed: set when the new task's state replaced the old one's: a fault
 *	from then on belongs to the new task
 */
struct task_switch {
	u16 selector;
	enum cpu_task_switch_reason reason;
	u64 return_rip;
	u64 flags;
	bool has_error_code;
	u32 error_code;
	bool committed;
};

enum cpu_result task_switch(struct virtual_cpu *cpu, struct task_switch *how);

/* ---- control registers ------------------------------------------------- */

/* Read the four PAE pointers that @cr3 names; #GP(0) for reserved bits. */
enum cpu_result control_load_pdptrs(struct virtual_cpu *cpu, u64 cr3);
/* MSRs of machine checks other than MCG_STATUS; false: #GP(0). */
bool machine_check_has(u32 index);
bool machine_check_read(struct virtual_cpu *cpu, u32 index, u64 *value, bool host);
bool machine_check_write(struct virtual_cpu *cpu, u32 index, u64 value, bool host);
unsigned int cpuid_physical_bits(const struct virtual_cpu *cpu);
/* EAX of KVM's leaf of features; 0 where CPUID does not show KVM. */
u32 cpuid_kvm_features(const struct virtual_cpu *cpu);

/* Registers and bits of CPUID: "CPUID - CPU Identification" in the SDM. */
#define CPUID_EAX    0
#define CPUID_EBX    1
#define CPUID_ECX    2
#define CPUID_EDX    3

#define DR6_FIXED    0xffff0ff0ULL
#define DR6_WRITABLE 0xe00fULL
#define DR6_TRAPS    0xfULL
#define DR6_BD	     BIT_ULL(13)
#define DR6_BS	     BIT_ULL(14)
#define DR6_BT	     BIT_ULL(15)
#define DR7_FIXED    0x400ULL
#define DR7_WRITABLE 0xffff23ffULL
#define DR7_GD	     BIT_ULL(13)
#define DR7_LOCAL    0x155ULL /* L0 to L3 and LE, which a task switch clears */

/* In IA-32e mode: what only 64-bit code or its 16-byte descriptors can serve. */
static inline enum cpu_result stop_long_mode(struct virtual_cpu *cpu)
{
	return cpu_stop(
		cpu,
		"the guest left compatibility mode for 64-bit code or descriptors, which needs 64-bit guests");
}

static inline bool needs_long_mode(const struct virtual_cpu *cpu, u64 code_descriptor)
{
	return cpu_long_mode(cpu) && (code_descriptor & DESCRIPTOR_L);
}

#endif /* RINGLET_CPU_INTERNAL_H */
