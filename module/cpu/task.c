// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware task switches between 16-bit and 32-bit task-state segments. Called
 * by far transfers, by IRET and by task gates, in the host world. Pure.
 *
 * Manual: "Task Switching". Everything up to commit() can fault in the old
 * task and then changes nothing; afterwards faults belong to the new task.
 */
#include "cpu/internal.h"

/* "32-Bit Task-State Segment (TSS)" */
#define TSS32_LINK	0
#define TSS32_CR3	28
#define TSS32_STATE	32 /* EIP, EFLAGS, 8 registers, 6 selectors */
#define TSS32_EFLAGS	36
#define TSS32_REGISTERS 40
#define TSS32_SELECTORS 72
#define TSS32_LDT	96
#define TSS32_TRAP	100
#define TSS32_BYTES	104
#define TSS32_SEGMENTS	6

/* "16-Bit Task-State Segment (TSS)" */
#define TSS16_STATE	 14 /* IP, FLAGS, 8 registers, 4 selectors */
#define TSS16_FLAGS	 16
#define TSS16_REGISTERS	 18
#define TSS16_SELECTORS	 34
#define TSS16_LDT	 42
#define TSS16_BYTES	 44
#define TSS16_SEGMENTS	 4

#define TASK_REGISTERS	 8
#define STATE_BYTES_MOST 64

static_assert(TSS32_SELECTORS + 4 * TSS32_SEGMENTS - TSS32_STATE == STATE_BYTES_MOST,
	      "the saved part of a TSS goes over the bus in one piece");
static_assert(TSS32_REGISTERS + 4 * TASK_REGISTERS == TSS32_SELECTORS, "layout of the 32-bit TSS");
static_assert(TSS16_REGISTERS + 2 * TASK_REGISTERS == TSS16_SELECTORS, "layout of the 16-bit TSS");

/* A new task's registers, as its TSS has them. */
struct task_image {
	u32 cr3;
	u32 rip;
	u32 flags;
	u32 registers[TASK_REGISTERS];
	u16 selectors[SEGMENT_REGISTERS];
	u16 ldt;
	bool debug_trap;
};

static bool is_wide(const struct segment *tss)
{
	return tss->type & TYPE_32BIT;
}

static unsigned int state_offset(const struct segment *tss)
{
	return is_wide(tss) ? TSS32_STATE : TSS16_STATE;
}

static unsigned int state_bytes(const struct segment *tss)
{
	return is_wide(tss) ? STATE_BYTES_MOST : TSS16_LDT - TSS16_STATE;
}

static u32 tss_bytes(const struct segment *tss)
{
	return is_wide(tss) ? TSS32_BYTES : TSS16_BYTES;
}

/* ---- reading and checking -------------------------------------------------- */

static bool reason_nests(enum cpu_task_switch_reason reason)
{
	return reason == TASK_SWITCH_CALL || reason == TASK_SWITCH_GATE;
}

/* The new TSS's descriptor. */
static enum cpu_result find_tss(struct virtual_cpu *cpu, const struct task_switch *how,
				struct segment *tss)
{
	bool back = how->reason == TASK_SWITCH_IRET;
	u8 vector = back ? X86_TRAP_TS : X86_TRAP_GP;
	enum cpu_result result;
	unsigned int type;
	u64 raw;

	if (selector_is_null(how->selector) || (how->selector & SELECTOR_TI))
		return selector_fault(cpu, vector, how->selector);
	result = cpu_read_descriptor(cpu, how->selector, &raw, vector);
	if (result != CPU_OK)
		return result;
	type = descriptor_type(raw);
	if (!descriptor_is_system(raw) ||
	    !(back ? type_is_busy_tss(type) : type_is_available_tss(type)))
		return selector_fault(cpu, vector, how->selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_NP, how->selector);
	segment_from_descriptor(tss, how->selector, raw);
	if (tss->limit < tss_bytes(tss) - 1)
		return selector_fault(cpu, X86_TRAP_TS, how->selector);
	return CPU_OK;
}

static u32 get32(const u8 *bytes)
{
	u32 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static u16 get16(const u8 *bytes)
{
	u16 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static void parse32(struct task_image *image, const u8 *bytes)
{
	unsigned int i;

	image->cr3 = get32(bytes + TSS32_CR3);
	image->rip = get32(bytes + TSS32_STATE);
	image->flags = get32(bytes + TSS32_EFLAGS);
	for (i = 0; i < TASK_REGISTERS; i++)
		image->registers[i] = get32(bytes + TSS32_REGISTERS + 4 * i);
	for (i = 0; i < TSS32_SEGMENTS; i++)
		image->selectors[i] = get16(bytes + TSS32_SELECTORS + 4 * i);
	image->ldt = get16(bytes + TSS32_LDT);
	image->debug_trap = bytes[TSS32_TRAP] & 1;
}

static void parse16(struct task_image *image, const u8 *bytes)
{
	unsigned int i;

	image->rip = get16(bytes + TSS16_STATE);
	image->flags = get16(bytes + TSS16_FLAGS);
	for (i = 0; i < TASK_REGISTERS; i++)
		image->registers[i] = get16(bytes + TSS16_REGISTERS + 2 * i);
	for (i = 0; i < TSS16_SEGMENTS; i++)
		image->selectors[i] = get16(bytes + TSS16_SELECTORS + 2 * i);
	image->ldt = get16(bytes + TSS16_LDT);
}

static enum cpu_result read_image(struct virtual_cpu *cpu, const struct segment *tss,
				  struct task_image *image)
{
	u8 bytes[TSS32_BYTES];
	u32 size = tss_bytes(tss);
	enum cpu_result result;
	u32 done, piece;

	memset(image, 0, sizeof(*image));
	for (done = 0; done < size; done += piece) {
		piece = min_t(u32, size - done, STATE_BYTES_MOST);
		result = cpu->bus->read(cpu, (u32)(tss->base + done), bytes + done, piece,
					ACCESS_READ | ACCESS_SYSTEM);
		if (result != CPU_OK)
			return result;
	}
	if (is_wide(tss))
		parse32(image, bytes);
	else
		parse16(image, bytes);
	return CPU_OK;
}

/* Whether all that commit() writes can be written. */
static enum cpu_result probe(struct virtual_cpu *cpu, const struct task_switch *how,
			     const struct segment *tss)
{
	enum cpu_result result;

	if (cpu->tr.unusable || cpu->tr.limit < tss_bytes(&cpu->tr) - 1)
		return selector_fault(cpu, X86_TRAP_TS, cpu->tr.selector);
	result = cpu->bus->probe(cpu, (u32)(cpu->tr.base + state_offset(&cpu->tr)),
				 state_bytes(&cpu->tr), ACCESS_WRITE | ACCESS_SYSTEM);
	if (result == CPU_OK && reason_nests(how->reason))
		result = cpu->bus->probe(cpu, (u32)tss->base, sizeof(u16),
					 ACCESS_WRITE | ACCESS_SYSTEM);
	if (result == CPU_OK && how->reason != TASK_SWITCH_IRET)
		result = descriptor_probe_access(cpu, how->selector);
	if (result == CPU_OK && !reason_nests(how->reason))
		result = descriptor_probe_access(cpu, cpu->tr.selector);
	return result;
}

/* ---- leaving the old task --------------------------------------------------- */

static void put32(u8 *bytes, u32 value)
{
	memcpy(bytes, &value, sizeof(value));
}

static void put16(u8 *bytes, u16 value)
{
	memcpy(bytes, &value, sizeof(value));
}

static enum cpu_result save32(struct virtual_cpu *cpu, u32 rip, u32 flags)
{
	u8 bytes[STATE_BYTES_MOST];
	u32 linear = cpu->tr.base + TSS32_STATE;
	enum cpu_result result;
	unsigned int i;

	/* The upper halves of the selectors' slots are not ours to change. */
	result = cpu->bus->read(cpu, linear, bytes, sizeof(bytes), ACCESS_READ | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	put32(bytes, rip);
	put32(bytes + (TSS32_EFLAGS - TSS32_STATE), flags);
	for (i = 0; i < TASK_REGISTERS; i++)
		put32(bytes + (TSS32_REGISTERS - TSS32_STATE) + 4 * i, cpu->regs[i]);
	for (i = 0; i < TSS32_SEGMENTS; i++)
		put16(bytes + (TSS32_SELECTORS - TSS32_STATE) + 4 * i, cpu->segments[i].selector);
	return cpu->bus->write(cpu, linear, bytes, sizeof(bytes), ACCESS_WRITE | ACCESS_SYSTEM);
}

static enum cpu_result save16(struct virtual_cpu *cpu, u16 rip, u16 flags)
{
	u8 bytes[TSS16_LDT - TSS16_STATE];
	unsigned int i;

	put16(bytes, rip);
	put16(bytes + (TSS16_FLAGS - TSS16_STATE), flags);
	for (i = 0; i < TASK_REGISTERS; i++)
		put16(bytes + (TSS16_REGISTERS - TSS16_STATE) + 2 * i, cpu->regs[i]);
	for (i = 0; i < TSS16_SEGMENTS; i++)
		put16(bytes + (TSS16_SELECTORS - TSS16_STATE) + 2 * i, cpu->segments[i].selector);
	return cpu->bus->write(cpu, (u32)(cpu->tr.base + TSS16_STATE), bytes, sizeof(bytes),
			       ACCESS_WRITE | ACCESS_SYSTEM);
}

static enum cpu_result save_old(struct virtual_cpu *cpu, const struct task_switch *how)
{
	u64 flags = (how->flags & EFLAGS_WRITABLE) | X86_EFLAGS_FIXED;

	/* IRET goes back for good: the old task is no longer nested. */
	if (how->reason == TASK_SWITCH_IRET)
		flags &= ~(u64)X86_EFLAGS_NT;
	if (is_wide(&cpu->tr))
		return save32(cpu, how->return_rip, flags);
	return save16(cpu, how->return_rip, flags);
}

/* ---- entering the new task --------------------------------------------------- */

/*
 * The visible parts of everything, the hidden ones empty: a fault while they
 * are filled finds no segment that only half belongs to the new task.
 */
static void load_visible(struct virtual_cpu *cpu, const struct task_image *image, bool nested)
{
	unsigned int i;

	for (i = 0; i < TASK_REGISTERS; i++)
		cpu->regs[i] = image->registers[i];
	cpu->rip = image->rip;
	cpu->rflags = (image->flags & EFLAGS_WRITABLE) | X86_EFLAGS_FIXED;
	if (nested)
		cpu->rflags |= X86_EFLAGS_NT;
	for (i = 0; i < SEGMENT_REGISTERS; i++)
		segment_set_null(&cpu->segments[i], image->selectors[i]);
	/* The ring that the new task starts in. */
	cpu->segments[SEGMENT_SS].dpl = selector_rpl(image->selectors[SEGMENT_CS]);
	segment_set_null(&cpu->ldtr, image->ldt);
}

static enum cpu_result load_cr3(struct virtual_cpu *cpu, u64 cr3)
{
	enum cpu_result result;

	if (!(cpu->cr0 & X86_CR0_PG))
		return CPU_OK;
	if (cpu->cr4 & X86_CR4_PAE) {
		result = control_load_pdptrs(cpu, cr3);
		if (result != CPU_OK)
			return result;
	}
	cpu->cr3 = cr3;
	cpu->bus->changed(cpu, CPU_CHANGED_CR3);
	return CPU_OK;
}

static enum cpu_result load_ldt(struct virtual_cpu *cpu, u16 selector)
{
	enum cpu_result result;
	u64 raw;

	if (selector_is_null(selector))
		return CPU_OK;
	if (selector & SELECTOR_TI)
		return selector_fault(cpu, X86_TRAP_TS, selector);
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_TS);
	if (result != CPU_OK)
		return result;
	if (!descriptor_is_system(raw) || descriptor_type(raw) != TYPE_LDT ||
	    !descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_TS, selector);
	segment_from_descriptor(&cpu->ldtr, selector, raw);
	return CPU_OK;
}

static bool code_allowed(u16 selector, u64 raw)
{
	unsigned int rpl = selector_rpl(selector);

	if (!descriptor_is_code(raw))
		return false;
	if (descriptor_is_conforming(raw))
		return descriptor_dpl(raw) <= rpl;
	return descriptor_dpl(raw) == rpl;
}

static bool data_allowed(u16 selector, u64 raw, unsigned int cpl)
{
	if (!descriptor_is_readable(raw))
		return false;
	return descriptor_is_conforming(raw) ||
	       (descriptor_dpl(raw) >= cpl && descriptor_dpl(raw) >= selector_rpl(selector));
}

static enum cpu_result load_segment(struct virtual_cpu *cpu, enum segment_register which)
{
	u16 selector = cpu->segments[which].selector;
	unsigned int cpl = cpu_cpl(cpu);
	u8 absent = X86_TRAP_NP;
	enum cpu_result result;
	bool allowed;
	u64 raw;

	if (selector_is_null(selector)) {
		if (which == SEGMENT_CS || which == SEGMENT_SS)
			return selector_fault(cpu, X86_TRAP_TS, selector);
		return CPU_OK;
	}
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_TS);
	if (result != CPU_OK)
		return result;
	switch (which) {
	case SEGMENT_CS: allowed = code_allowed(selector, raw); break;
	case SEGMENT_SS:
		allowed = descriptor_is_writable(raw) && descriptor_dpl(raw) == cpl &&
			  selector_rpl(selector) == cpl;
		absent = X86_TRAP_SS;
		break;
	default: allowed = data_allowed(selector, raw, cpl); break;
	}
	if (!allowed)
		return selector_fault(cpu, X86_TRAP_TS, selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, absent, selector);
	result = descriptor_set_accessed(cpu, selector, &raw);
	if (result != CPU_OK)
		return result;
	segment_from_descriptor(&cpu->segments[which], selector, raw);
	return CPU_OK;
}

static enum cpu_result load_segments(struct virtual_cpu *cpu)
{
	static const u8 order[] = { SEGMENT_SS, SEGMENT_CS, SEGMENT_DS,
				    SEGMENT_ES, SEGMENT_FS, SEGMENT_GS };
	enum cpu_result result;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		struct segment *segment = &cpu->segments[order[i]];

		if (cpu->rflags & X86_EFLAGS_VM) {
			segment_set_v86(segment, segment->selector);
			continue;
		}
		result = load_segment(cpu, order[i]);
		if (result != CPU_OK)
			return result;
	}
	return CPU_OK;
}

static enum cpu_result push_error_code(struct virtual_cpu *cpu, u32 error_code)
{
	struct stack_frame frame;
	enum cpu_result result;

	frame_begin(&frame, cpu, is_wide(&cpu->tr) ? 4 : 2);
	frame_push(&frame, error_code);
	result = frame_check(&frame, cpu);
	if (result == CPU_OK)
		result = frame_write(&frame, cpu);
	if (result == CPU_OK)
		cpu_set_sp(cpu, frame.sp);
	return result;
}

/* Fill the hidden parts; faults are the new task's. */
static enum cpu_result finish(struct virtual_cpu *cpu, const struct task_switch *how,
			      const struct task_image *image)
{
	enum cpu_result result = CPU_OK;

	if (is_wide(&cpu->tr))
		result = load_cr3(cpu, image->cr3);
	if (result == CPU_OK)
		result = load_ldt(cpu, image->ldt);
	cpu->bus->changed(cpu, CPU_CHANGED_LDTR);
	if (result == CPU_OK)
		result = load_segments(cpu);
	if (result == CPU_OK && how->has_error_code)
		result = push_error_code(cpu, how->error_code);
	if (result == CPU_OK && !segment_holds_offset(&cpu->segments[SEGMENT_CS], cpu->rip))
		result = cpu_fault_code(cpu, X86_TRAP_GP, 0);
	if (result == CPU_OK && image->debug_trap)
		cpu->pending_debug |= DR6_BT;
	/* Userspace cannot be asked here: the step cannot be done again. */
	if (result == CPU_USER)
		return cpu_stop(cpu, "a task switch read a descriptor table "
				     "from device memory");
	return result;
}

/* ---- the switch ---------------------------------------------------------------- */

static enum cpu_result commit(struct virtual_cpu *cpu, struct task_switch *how, struct segment *tss,
			      const struct task_image *image)
{
	u16 link = cpu->tr.selector;
	enum cpu_result result = CPU_OK;

	if (!reason_nests(how->reason))
		result = descriptor_write_busy(cpu, cpu->tr.selector, false);
	if (result == CPU_OK)
		result = save_old(cpu, how);
	if (result == CPU_OK && reason_nests(how->reason))
		result = cpu->bus->write(cpu, (u32)tss->base, &link, sizeof(link),
					 ACCESS_WRITE | ACCESS_SYSTEM);
	if (result == CPU_OK && how->reason != TASK_SWITCH_IRET)
		result = descriptor_write_busy(cpu, tss->selector, true);
	if (result != CPU_OK)
		return result;

	how->committed = true;
	tss->type |= TYPE_TSS_BUSY;
	cpu->tr = *tss;
	cpu->cr0 |= X86_CR0_TS;
	cpu->dr7 &= ~DR7_LOCAL;
	load_visible(cpu, image, reason_nests(how->reason));
	cpu->bus->changed(cpu, CPU_CHANGED_TR | CPU_CHANGED_CR0 | CPU_CHANGED_DEBUG);
	return CPU_OK;
}

enum cpu_result task_switch(struct virtual_cpu *cpu, struct task_switch *how)
{
	struct task_image image;
	enum cpu_result result;
	struct segment tss;

	how->committed = false;
	result = find_tss(cpu, how, &tss);
	if (result == CPU_OK)
		result = probe(cpu, how, &tss);
	if (result == CPU_OK)
		result = read_image(cpu, &tss, &image);
	if (result == CPU_OK)
		result = commit(cpu, how, &tss, &image);
	if (result != CPU_OK)
		return result;
	return finish(cpu, how, &image);
}

/**
 * cpu_task_switch() - switch to another task
 * @cpu: in protected mode
 * @selector: of the new TSS; the caller has checked gate and privilege
 * @reason: decides busy bits, nesting and which exception a bad TSS is
 * @return_rip: EIP to save in the old TSS
 * @has_error_code: push @error_code on the new task's stack
 * @error_code: see there
 *
 * Return: CPU_FAULT either before anything changed, or as the new task, with
 * the new task's EIP in cpu->rip.
 */
enum cpu_result cpu_task_switch(struct virtual_cpu *cpu, u16 selector,
				enum cpu_task_switch_reason reason, u64 return_rip,
				bool has_error_code, u32 error_code)
{
	struct task_switch how = {
		.selector = selector,
		.reason = reason,
		.return_rip = return_rip,
		.flags = cpu->rflags,
		.has_error_code = has_error_code,
		.error_code = error_code,
	};

	return task_switch(cpu, &how);
}
