/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the functions of steps are made of: the registers, the translation of
 * addresses, and the ways in which one step leads to the next. Private to
 * module/interpret. Pure.
 */
#ifndef RINGLET_INTERPRET_EXECUTE_H
#define RINGLET_INTERPRET_EXECUTE_H

#include "interpret/internal.h"

/* ---- registers ------------------------------------------------------------ */

#define REGISTER(type, slot) (*(memory_##type *)((u8 *)cpu->regs + (slot)))

/* ---- memory --------------------------------------------------------------- */

/* The compiler need not test what cannot be NULL. */
static __always_inline void *host_pointer(const struct tlb_entry *entry, u32 linear)
{
	u64 host = entry->addend + linear;

	if (!host)
		__builtin_unreachable();
	return (void *)host;
}

static __always_inline struct tlb_entry *tlb_entry(struct tlb_entry *tlb, u32 linear)
{
	unsigned int bytes = (linear / (GUEST_PAGE / sizeof(*tlb))) &
			     ((TLB_ENTRIES - 1) * sizeof(*tlb));

	return (struct tlb_entry *)((u8 *)tlb + bytes);
}

static __always_inline void *tlb_read(struct tlb_entry *tlb, struct interpreter *interpreter,
				      u32 linear, unsigned int bytes)
{
	struct tlb_entry *entry = tlb_entry(tlb, linear);

	/* An access that crosses a page does not match either. */
	if (likely(((linear + bytes - 1) & ~(GUEST_PAGE - 1)) == entry->read))
		return host_pointer(entry, linear);
	interpreter->miss_linear = linear;
	interpreter->miss_access = ACCESS_READ;
	return NULL;
}

static __always_inline void *tlb_write(struct tlb_entry *tlb, struct interpreter *interpreter,
				       u32 linear, unsigned int bytes)
{
	struct tlb_entry *entry = tlb_entry(tlb, linear);

	if (likely(((linear + bytes - 1) & ~(GUEST_PAGE - 1)) == entry->write))
		return host_pointer(entry, linear);
	interpreter->miss_linear = linear;
	interpreter->miss_access = ACCESS_WRITE;
	return NULL;
}

/* Through a segment register; NULL: step_missed() knows why. */
static __always_inline void *segment_pointer(struct tlb_entry *tlb, struct interpreter *interpreter,
					     unsigned int segment, u32 offset, unsigned int bytes,
					     bool write)
{
	const struct fast_segment *fast = &interpreter->segments[segment];
	u64 end = write ? fast->write_end : fast->read_end;

	if (unlikely((u64)offset + bytes > end)) {
		interpreter->miss_access = MISS_SLOW;
		return NULL;
	}
	if (write)
		return tlb_write(tlb, interpreter, fast->base + offset, bytes);
	return tlb_read(tlb, interpreter, fast->base + offset, bytes);
}

/* Where the memory operand is in the host; NULL: step_missed() knows why. */
static __always_inline void *operand_pointer(struct virtual_cpu *cpu, struct step *step,
					     struct interpreter *interpreter, struct tlb_entry *tlb,
					     unsigned int bytes, bool write)
{
	u32 linear = step->displacement + REGISTER(u32, step->base);

	if (write)
		return tlb_write(tlb, interpreter, linear, bytes);
	return tlb_read(tlb, interpreter, linear, bytes);
}

/*
 * Likewise, for an atomic access. One that crosses a cache line would be an
 * exception on a host that detects split locks, so those go the slow way.
 */
static __always_inline void *atomic_pointer(struct virtual_cpu *cpu, struct step *step,
					    struct interpreter *interpreter, struct tlb_entry *tlb,
					    unsigned int bytes)
{
	void *at = operand_pointer(cpu, step, interpreter, tlb, bytes, true);

	if (likely(at) && unlikely((u64)at & (bytes - 1))) {
		interpreter->miss_access = MISS_SLOW;
		return NULL;
	}
	return at;
}

/* Guest memory is shared with others: each access happens once, as written. */
#define GUEST(type, at)	     ((volatile memory_##type *)(at))

#define OPERAND_READ(type)                                                                         \
	GUEST(type, operand_pointer(cpu, step, interpreter, tlb, sizeof(type), false))
#define OPERAND_WRITE(type)                                                                        \
	GUEST(type, operand_pointer(cpu, step, interpreter, tlb, sizeof(type), true))
/* For instructions of the host that are atomic. */
#define OPERAND_ATOMIC(type)                                                                       \
	((memory_##type *)atomic_pointer(cpu, step, interpreter, tlb, sizeof(type)))

/* ---- from step to step ------------------------------------------------------ */

/* A step that could not be done: end the burst before it. run.c */
unsigned int step_missed(STEP_PARAMETERS);
unsigned int step_slow(STEP_PARAMETERS);
/* @step is the next one, and it is time to look around. */
unsigned int step_poll(STEP_PARAMETERS);
/* Go on at interpreter->eip, whose block is not known. */
unsigned int step_find(STEP_PARAMETERS);
unsigned int step_resolve(STEP_PARAMETERS);
unsigned int step_cross(STEP_PARAMETERS);
/* All up to interpreter->eip is done, and decoded code may not fit any more. */
unsigned int step_changed(STEP_PARAMETERS);
/* @step is done, and an interrupt can be taken now. */
unsigned int step_window(STEP_PARAMETERS);

/* The step after this one. */
static __always_inline unsigned int step_next(STEP_PARAMETERS)
{
	step++;
	/* Or the sum would be computed before it is needed, and moved then. */
	__asm__("" : "+r"(step));
	return step->run(STEP_ARGUMENTS);
}

/* After a block's last step, to another block of the page. */
static __always_inline unsigned int step_to_target(STEP_PARAMETERS)
{
	interpreter->ticks -= step->index + 1;
	step = step->target;
	if (unlikely(interpreter->ticks < 0))
		return step_poll(STEP_ARGUMENTS);
	return step->run(STEP_ARGUMENTS);
}

/* Functions begin at multiples of 16: their pages have to tell them apart. */
static __always_inline struct jump_target *jump_target(struct interpreter *interpreter, u32 eip)
{
	return &interpreter->jumps[(eip ^ eip >> GUEST_PAGE_SHIFT) % JUMP_ENTRIES];
}

/* Go on at @eip, which the caller has checked against CS. @done: instructions
 * of this block that are executed. */
static __always_inline unsigned int step_to_eip(STEP_PARAMETERS, u32 eip, unsigned int done)
{
	struct jump_target *entry = jump_target(interpreter, eip);

	interpreter->ticks -= done;
	if (unlikely(entry->key != (interpreter->jump_key | eip))) {
		interpreter->eip = eip;
		return step_find(STEP_ARGUMENTS);
	}
	step = entry->step;
	interpreter->page_eip = eip - step->offset;
	if (unlikely(interpreter->ticks < 0))
		return step_poll(STEP_ARGUMENTS);
	return step->run(STEP_ARGUMENTS);
}

/* EIP of the instruction behind this one. */
static __always_inline u32 next_eip(const struct interpreter *interpreter, const struct step *step)
{
	return interpreter->page_eip + step->offset + step->length;
}

#define FLAG_CF X86_EFLAGS_CF
#define FLAG_OF X86_EFLAGS_OF

/* The condition that the low four bits of a Jcc's opcode name. */
static __always_inline bool condition(u64 flags, unsigned int which)
{
	/* OF above SF, so that they can be compared. */
	u64 less = (flags >> 4 ^ flags) & X86_EFLAGS_SF;
	bool holds = false;

	switch (which >> 1 & 7) {
	case 0:
		holds = flags & X86_EFLAGS_OF;
		break;
	case 1:
		holds = flags & X86_EFLAGS_CF;
		break;
	case 2:
		holds = flags & X86_EFLAGS_ZF;
		break;
	case 3:
		holds = flags & (X86_EFLAGS_CF | X86_EFLAGS_ZF);
		break;
	case 4:
		holds = flags & X86_EFLAGS_SF;
		break;
	case 5:
		holds = flags & X86_EFLAGS_PF;
		break;
	case 6:
		holds = less;
		break;
	case 7:
		holds = less | (flags & X86_EFLAGS_ZF);
		break;
	}
	return holds != (which & 1);
}

#endif /* RINGLET_INTERPRET_EXECUTE_H */
