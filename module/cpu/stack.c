// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that events and far calls push: collected first, checked as a whole,
 * then written, so that a fault leaves nothing behind. Also the inner stacks
 * that a TSS names. Called by deliver.c and transfer.c, in the host world.
 * Pure.
 */
#include "cpu/internal.h"

#define FRAME_PIECE 64 /* what the bus takes at once */

#define TSS16_SP0   2
#define TSS32_ESP0  4

static u64 frame_mask(const struct stack_frame *frame)
{
	return frame->ss.db ? 0xffffffff : 0xffff;
}

void frame_begin(struct stack_frame *frame, const struct virtual_cpu *cpu, unsigned int width)
{
	frame->ss = cpu->segments[SEGMENT_SS];
	frame->sp = cpu_sp(cpu);
	frame->width = width;
	frame->system = false;
	frame->fault_code = 0;
	frame->used = 0;
}

/* Read SS:ESP of ring @cpl from the TSS. */
static enum cpu_result read_inner_pointer(struct virtual_cpu *cpu, unsigned int cpl, u16 *selector,
					  u32 *sp)
{
	bool wide = cpu->tr.type & TYPE_32BIT;
	unsigned int bytes = wide ? 4 : 2;
	u32 offset = wide ? TSS32_ESP0 + 8 * cpl : TSS16_SP0 + 4 * cpl;
	u8 image[8] = { 0 };
	enum cpu_result result;

	/* The pointer and, right after it, the 16 bits of the selector. */
	if (cpu->tr.unusable || offset + bytes + 1 > cpu->tr.limit)
		return selector_fault(cpu, X86_TRAP_TS, cpu->tr.selector);
	result = cpu->bus->read(cpu, (u32)(cpu->tr.base + offset), image, bytes + 2,
				ACCESS_READ | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	*sp = 0;
	memcpy(sp, image, bytes);
	memcpy(selector, image + bytes, sizeof(*selector));
	return CPU_OK;
}

/* Manual: the stack checks of INT n and CALL, "INTER-PRIVILEGE-LEVEL". */
enum cpu_result frame_begin_inner(struct stack_frame *frame, struct virtual_cpu *cpu,
				  unsigned int cpl, unsigned int width)
{
	enum cpu_result result;
	u16 selector = 0;
	u64 raw;
	u32 sp;

	result = read_inner_pointer(cpu, cpl, &selector, &sp);
	if (result != CPU_OK)
		return result;
	if (selector_is_null(selector))
		return cpu_fault_code(cpu, X86_TRAP_TS, 0);
	result = cpu_read_descriptor(cpu, selector, &raw, X86_TRAP_TS);
	if (result != CPU_OK)
		return result;
	if (selector_rpl(selector) != cpl || descriptor_dpl(raw) != cpl ||
	    !descriptor_is_writable(raw))
		return selector_fault(cpu, X86_TRAP_TS, selector);
	if (!descriptor_is_present(raw))
		return selector_fault(cpu, X86_TRAP_SS, selector);
	result = descriptor_probe_accessed(cpu, selector, raw);
	if (result != CPU_OK)
		return result;
	frame->descriptor = raw;
	segment_from_descriptor(&frame->ss, selector, raw | DESCRIPTOR_ACCESSED);
	frame->sp = sp & frame_mask(frame);
	frame->width = width;
	frame->system = true;
	frame->fault_code = selector & ~SELECTOR_RPL;
	frame->used = 0;
	return CPU_OK;
}

void frame_push(struct stack_frame *frame, u32 value)
{
	if (frame->used + frame->width > FRAME_BYTES)
		return;
	frame->used += frame->width;
	memcpy(frame->bytes + FRAME_BYTES - frame->used, &value, frame->width);
}

/*
 * Pieces of the frame, from its lowest address: as large as the bus takes, or
 * single elements if a 16-bit stack pointer wraps inside the frame.
 */
static unsigned int piece_bytes(const struct stack_frame *frame, unsigned int done)
{
	if (frame->sp < frame->used)
		return frame->width;
	return min_t(unsigned int, FRAME_PIECE, frame->used - done);
}

static u64 piece_offset(const struct stack_frame *frame, unsigned int done)
{
	return (frame->sp - frame->used + done) & frame_mask(frame);
}

static unsigned int frame_access(const struct stack_frame *frame)
{
	return frame->system ? ACCESS_WRITE | ACCESS_SYSTEM : ACCESS_WRITE;
}

/* The fault of the element that is pushed first of those that fault. */
static enum cpu_result first_push_fault(struct stack_frame *frame, struct virtual_cpu *cpu)
{
	enum cpu_result result = CPU_OK;
	unsigned int done = frame->used;

	while (done && result == CPU_OK) {
		done -= frame->width;
		result = cpu->bus->probe(cpu, (u32)(frame->ss.base + piece_offset(frame, done)),
					 frame->width, frame_access(frame));
	}
	return result;
}

enum cpu_result frame_check(struct stack_frame *frame, struct virtual_cpu *cpu)
{
	unsigned int done, bytes;
	enum cpu_result result;

	for (done = 0; done < frame->used; done += bytes) {
		bytes = piece_bytes(frame, done);
		if (!segment_allows(&frame->ss, piece_offset(frame, done), bytes))
			return cpu_fault_code(cpu, X86_TRAP_SS, frame->fault_code);
	}
	for (done = 0; done < frame->used; done += bytes) {
		bytes = piece_bytes(frame, done);
		result = cpu->bus->probe(cpu, (u32)(frame->ss.base + piece_offset(frame, done)),
					 bytes, frame_access(frame));
		if (result == CPU_FAULT)
			return first_push_fault(frame, cpu);
		if (result != CPU_OK)
			return result;
	}
	return CPU_OK;
}

enum cpu_result frame_write(struct stack_frame *frame, struct virtual_cpu *cpu)
{
	const u8 *bytes_low = frame->bytes + FRAME_BYTES - frame->used;
	unsigned int done, bytes;
	enum cpu_result result;

	if (frame->system) {
		result = descriptor_set_accessed(cpu, frame->ss.selector, &frame->descriptor);
		if (result != CPU_OK)
			return result;
	}
	for (done = 0; done < frame->used; done += bytes) {
		bytes = piece_bytes(frame, done);
		result = cpu->bus->write(cpu, (u32)(frame->ss.base + piece_offset(frame, done)),
					 bytes_low + done, bytes, frame_access(frame));
		if (result != CPU_OK)
			return result;
	}
	frame->sp = piece_offset(frame, 0);
	return CPU_OK;
}
