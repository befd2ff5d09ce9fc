/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The step: one decoded instruction with the function that executes it. Private
 * to module/interpret. Pure.
 *
 * A step's function ends in a call of the next step's, which the compiler turns
 * into a jump; what all of them need stays in the registers of the arguments.
 * Such a function calls nothing else on its fast path, so it has no frame.
 */
#ifndef RINGLET_INTERPRET_STEP_H
#define RINGLET_INTERPRET_STEP_H

#include "decode/decode.h"
#include "interpret/interpret.h"

#define GUEST_PAGE	 4096U
#define GUEST_PAGE_SHIFT 12

/* Guest memory has no alignment and may be shared with others. */
typedef u8 memory_u8 __attribute__((__may_alias__));
typedef u16 memory_u16 __attribute__((__may_alias__, __aligned__(1)));
typedef u32 memory_u32 __attribute__((__may_alias__, __aligned__(1)));
typedef u64 memory_u64 __attribute__((__may_alias__, __aligned__(1)));

struct step;
struct tlb_entry;

/* A value that nobody has computed. */
#define STEP_NOTHING                                                                               \
	({                                                                                         \
		unsigned long nothing;                                                             \
												   \
		__asm__("" : "=r"(nothing));                                                       \
		nothing;                                                                           \
	})

/*
 * What all steps are given. @flags: the status flags, other bits are noise. The
 * register of the third argument is one of the two that a compiler likes best for
 * what it computes: what all steps keep would be moved out of it and back each time.
 */
#define STEP_PARAMETERS                                                                            \
	struct virtual_cpu *cpu, struct step *step, __attribute__((__unused__)) unsigned long scratch, \
		struct interpreter *interpreter, struct tlb_entry *tlb, u64 flags
#define STEP_ARGUMENTS cpu, step, STEP_NOTHING, interpreter, tlb, flags

typedef unsigned int (*step_handler)(STEP_PARAMETERS);

/**
 * struct step - one decoded instruction
 * @run: executes it
 * @target: direct jumps within the page: where to
 * @scale: address steps: of the index
 * @segment: address steps: enum segment_register
 * @bytes: address steps: how many are accessed
 * @writes: address steps: whether they are written
 * @address_mask: address steps: all ones of the address size
 * @displacement: of the memory operand; of a jump: the mask of its target
 * @immediate: zero-extended; of a direct jump: its target from the page's start
 * @offset: of the first byte in the page
 * @length: in bytes
 * @index: how many instructions of the block come before it
 * @destination: byte offset of a register in virtual_cpu.regs
 * @source: likewise, or a condition, or what else the handler wants
 * @base: likewise; NO_REGISTER_SLOT if there is none
 * @index_register: likewise; or STEP_HAS_ADDRESS
 *
 * A memory operand is base + displacement in flat linear space. Any other
 * kind of address has a step of its own before that of the instruction, which
 * leaves the linear address in ADDRESS_SLOT.
 */
struct step {
	step_handler run;
	union {
		struct step *target;
		struct {
			u8 scale;
			u8 segment;
			u8 bytes;
			bool writes;
			u32 address_mask;
		};
	};
	u32 displacement;
	u32 immediate;
	u16 offset;
	u8 length;
	u8 index;
	u8 destination;
	u8 source;
	u8 base;
	u8 index_register;
};

/*
 * A 32-bit guest has no R8 and R9: while the interpreter runs, one is the zero
 * that stands for an absent register, the other holds an address.
 */
#define NO_REGISTER_SLOT (REG_R8 * sizeof(u64))
#define ADDRESS_SLOT	 (REG_R9 * sizeof(u64))
#define STEP_HAS_ADDRESS 0xff

/* An address step and the instruction's own. */
#define STEPS_PER_INSN 2
/* Instructions in a block at most. */
#define BLOCK_STEPS 128

#endif /* RINGLET_INTERPRET_STEP_H */
