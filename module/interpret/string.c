// SPDX-License-Identifier: GPL-2.0-only
/*
 * The step of string instructions on memory, with their repeat prefixes: as
 * many elements at a time as lie in the pages that the pointers point into.
 * Pure.
 *
 * Registers are committed after each such chunk, so a miss in the middle leaves
 * the state between two iterations.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

#define SI_SLOT (REG_SI * sizeof(u64))
#define DI_SLOT (REG_DI * sizeof(u64))
#define CX_SLOT (REG_CX * sizeof(u64))

/* Until the next poll, so many bytes of a repetition count as an instruction. */
#define BYTES_PER_TICK 16

static u32 get_wrapped(const struct virtual_cpu *cpu, unsigned int slot, u32 mask)
{
	return REGISTER(u32, slot) & mask;
}

static void set_wrapped(struct virtual_cpu *cpu, unsigned int slot, u32 mask, u32 value)
{
	if (mask == ~0U)
		REGISTER(u32, slot) = value;
	else
		REGISTER(u16, slot) = value;
}

/* Elements from @at to the end of its page, to that of the segment, and to
 * where the pointer wraps. */
static u32 elements_in_reach(const struct interpreter *interpreter, unsigned int segment,
			     const void *at, u32 offset, u32 mask, unsigned int bytes, bool write)
{
	const struct fast_segment *fast = &interpreter->segments[segment];
	u64 in_segment = (write ? fast->write_end : fast->read_end) - offset;
	u64 to_wrap = (u64)mask + 1 - offset;
	u64 in_page = GUEST_PAGE - ((u64)at & (GUEST_PAGE - 1));
	u64 in_reach = min_t(u64, min_t(u64, in_segment, to_wrap), in_page);

	/* One can be reached, even if its last bytes are past the wrap. */
	return max_t(u64, in_reach / bytes, 1);
}

static u32 element(const void *at, unsigned int bytes)
{
	switch (bytes) {
	case 1:
		return *GUEST(u8, at);
	case 2:
		return *GUEST(u16, at);
	default:
		return *GUEST(u32, at);
	}
}

/* The host's own instructions define what overlapping operands give. */
static void move(void *to, const void *from, u64 count, unsigned int bytes)
{
	switch (bytes) {
	case 1:
		asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
		break;
	case 2:
		asm volatile("rep movsw" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
		break;
	default:
		asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	}
}

static void fill(void *to, u32 value, u64 count, unsigned int bytes)
{
	switch (bytes) {
	case 1:
		asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
		break;
	case 2:
		asm volatile("rep stosw" : "+D"(to), "+c"(count) : "a"(value) : "memory");
		break;
	default:
		asm volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(value) : "memory");
	}
}

static u64 comparison_flags(u32 a, u32 b, unsigned int bytes)
{
	u64 flags;

	switch (bytes) {
	case 1:
		asm("cmpb %b2, %b1\n\tpushfq\n\tpopq %0" : "=r"(flags) : "q"(a), "q"(b));
		break;
	case 2:
		asm("cmpw %w2, %w1\n\tpushfq\n\tpopq %0" : "=r"(flags) : "r"(a), "r"(b));
		break;
	default:
		asm("cmpl %2, %1\n\tpushfq\n\tpopq %0" : "=r"(flags) : "r"(a), "r"(b));
	}
	return flags;
}

/**
 * struct chunk - elements that are done at once
 * @from: the first of the source, if it has one
 * @to: of the destination
 * @count: how many; of a comparison, how many were looked at afterwards
 * @ended: a comparison has come out so that the repetition ends
 */
struct chunk {
	const u8 *from;
	u8 *to;
	u32 count;
	bool ended;
};

static u64 compare(struct virtual_cpu *cpu, const struct step *step, struct chunk *chunk)
{
	bool until_equal = step->destination & STRING_UNTIL_EQUAL;
	unsigned int bytes = step->bytes;
	u32 mask = bytes == 4 ? ~0U : (1U << 8 * bytes) - 1;
	u32 accumulator = cpu->regs[REG_AX] & mask;
	u32 a = 0, b = 0, i;

	for (i = 0; i < chunk->count && !chunk->ended; i++) {
		a = chunk->from ? element(chunk->from + i * bytes, bytes) : accumulator;
		b = element(chunk->to + i * bytes, bytes);
		chunk->ended = (a == b) == until_equal;
	}
	chunk->count = i;
	return comparison_flags(a, b, bytes);
}

static u64 execute(struct virtual_cpu *cpu, const struct step *step, struct chunk *chunk, u64 flags)
{
	u32 value = cpu->regs[REG_AX];

	switch (step->source) {
	case STRING_MOVS:
		move(chunk->to, chunk->from, chunk->count, step->bytes);
		break;
	case STRING_STOS:
		fill(chunk->to, value, chunk->count, step->bytes);
		break;
	case STRING_LODS:
		value = element(chunk->from + (chunk->count - 1) * step->bytes, step->bytes);
		switch (step->bytes) {
		case 1:
			REGISTER(u8, REG_AX * sizeof(u64)) = value;
			break;
		case 2:
			REGISTER(u16, REG_AX * sizeof(u64)) = value;
			break;
		default:
			REGISTER(u32, REG_AX * sizeof(u64)) = value;
		}
		break;
	default:
		return compare(cpu, step, chunk);
	}
	return flags;
}

static bool has_source(const struct step *step)
{
	return step->source == STRING_MOVS || step->source == STRING_CMPS ||
	       step->source == STRING_LODS;
}

static bool has_destination(const struct step *step)
{
	return step->source != STRING_LODS;
}

static bool reach_source(struct virtual_cpu *cpu, const struct step *step,
			 struct interpreter *interpreter, struct tlb_entry *tlb,
			 struct chunk *chunk)
{
	u32 offset = get_wrapped(cpu, SI_SLOT, step->address_mask);
	u32 reach;

	chunk->from = segment_pointer(tlb, interpreter, step->segment, offset, step->bytes, false);
	if (!chunk->from)
		chunk->from = tlb_victim(interpreter, step->bytes);
	if (!chunk->from)
		return false;
	reach = elements_in_reach(interpreter, step->segment, chunk->from, offset,
				  step->address_mask, step->bytes, false);
	chunk->count = min_t(u32, chunk->count, reach);
	return true;
}

static bool reach_destination(struct virtual_cpu *cpu, const struct step *step,
			      struct interpreter *interpreter, struct tlb_entry *tlb,
			      struct chunk *chunk)
{
	bool write = step->source == STRING_MOVS || step->source == STRING_STOS;
	u32 offset = get_wrapped(cpu, DI_SLOT, step->address_mask);
	u32 reach;

	/* Two calls, so that each is for one kind of access. */
	if (write)
		chunk->to = segment_pointer(tlb, interpreter, SEGMENT_ES, offset, step->bytes,
					    true);
	else
		chunk->to = segment_pointer(tlb, interpreter, SEGMENT_ES, offset, step->bytes,
					    false);
	if (!chunk->to)
		chunk->to = tlb_victim(interpreter, step->bytes);
	if (!chunk->to)
		return false;
	reach = elements_in_reach(interpreter, SEGMENT_ES, chunk->to, offset, step->address_mask,
				  step->bytes, write);
	chunk->count = min_t(u32, chunk->count, reach);
	return true;
}

/* Of two faults the one that the emulator meets first shows: of CMPS that of
 * the destination. */
static bool reach(struct virtual_cpu *cpu, const struct step *step, struct interpreter *interpreter,
		  struct tlb_entry *tlb, struct chunk *chunk)
{
	if (step->source == STRING_CMPS)
		return reach_destination(cpu, step, interpreter, tlb, chunk) &&
		       reach_source(cpu, step, interpreter, tlb, chunk);
	if (has_source(step) && !reach_source(cpu, step, interpreter, tlb, chunk))
		return false;
	return !has_destination(step) ||
	       reach_destination(cpu, step, interpreter, tlb, chunk);
}

static void advance(struct virtual_cpu *cpu, const struct step *step, unsigned int slot, u32 by)
{
	u32 mask = step->address_mask;

	if (cpu->rflags & X86_EFLAGS_DF)
		by = -by;
	set_wrapped(cpu, slot, mask, get_wrapped(cpu, slot, mask) + by);
}

unsigned int step_string(STEP_PARAMETERS)
{
	bool repeats = step->destination & STRING_REPEAT;
	u32 left = repeats ? get_wrapped(cpu, CX_SLOT, step->address_mask) : 1;
	/* A fault in the middle shows the flags from before the instruction. */
	u64 after = flags;

	while (left) {
		struct chunk chunk = { .count = cpu->rflags & X86_EFLAGS_DF ? 1 : left };
		u32 cost;

		if (unlikely(!reach(cpu, step, interpreter, tlb, &chunk)))
			return step_missed(STEP_ARGUMENTS);
		after = execute(cpu, step, &chunk, flags);
		interpreter->stalled = 0;
		if (has_source(step))
			advance(cpu, step, SI_SLOT, chunk.count * step->bytes);
		if (has_destination(step))
			advance(cpu, step, DI_SLOT, chunk.count * step->bytes);
		left -= chunk.count;
		if (repeats)
			set_wrapped(cpu, CX_SLOT, step->address_mask, left);
		if (!left || chunk.ended)
			break;
		/* The REP goes on; be interruptible. It still is one instruction. */
		cost = 1 + chunk.count * step->bytes / BYTES_PER_TICK;
		interpreter->ticks -= cost;
		interpreter->granted -= cost;
		if (interpreter->ticks < 0)
			return step_poll(STEP_ARGUMENTS);
	}
	flags = after;
	return step_next(STEP_ARGUMENTS);
}
