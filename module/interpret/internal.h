/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the interpreter share: the step (one decoded instruction
 * with the function that executes it), the translation of addresses, and the
 * ways in which one step leads to the next. Private to module/interpret. Pure.
 *
 * A step's function ends in a call of the next step's, which the compiler turns
 * into a jump; what all of them need stays in the registers of the arguments.
 * Such a function calls nothing else on its fast path, so it has no frame.
 */
#ifndef RINGLET_INTERPRET_INTERNAL_H
#define RINGLET_INTERPRET_INTERNAL_H

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

#define TLB_ENTRIES 512U
#define TLB_NOTHING 1U /* no page has this address */

/**
 * struct tlb_entry - where a linear page is in the host
 * @read: its address, if it may be read; else TLB_NOTHING
 * @write: likewise
 * @addend: from a linear address to the host's
 */
struct tlb_entry {
	u32 read;
	u32 write;
	u64 addend;
};

/* What a TLB entry was made from; looked at when entries are dropped. */
struct tlb_origin {
	u64 gfn;
	bool global;
	bool large;
};

#define EXECUTE_ENTRIES 1024U

/* Where a linear page of code is. */
struct execute_entry {
	u32 page; /* or TLB_NOTHING */
	bool global;
	bool large;
	u64 gfn;
	const u8 *host;
};

/**
 * struct tlb - translations for one privilege
 * @entries: of data, by the low bits of the page's number
 * @origins: what they were made from
 * @execute: of code, likewise
 * @empty: nothing was entered since everything was dropped
 * @local: there may be entries of pages that are not global
 * @execute_local: of these, of code
 * @large: there may be entries of parts of large pages
 */
struct tlb {
	struct tlb_entry entries[TLB_ENTRIES];
	struct tlb_origin origins[TLB_ENTRIES];
	struct execute_entry execute[EXECUTE_ENTRIES];
	bool empty;
	bool local;
	bool execute_local;
	bool large;
};

/**
 * struct fast_segment - a segment register, made ready for checks
 * @base: linear address of its first byte
 * @read_end: one past the last offset that may be read; 0: none
 * @write_end: likewise, written
 */
struct fast_segment {
	u32 base;
	u64 read_end;
	u64 write_end;
};

/* What decoded code depends on besides its bytes: a mask. */
#define CODE_MODE_32   BIT(0) /* operand and address size */
#define CODE_MODE_FLAT BIT(1) /* CS, SS, DS, ES: base 0, 4 GiB, usual rights; SS.B */
#define CODE_MODE_BITS 2

#define JUMP_ENTRIES	4096U
#define JUMP_PAGE_WORDS 64U
/* The largest guest page has 4 MiB. */
#define LARGE_PAGE_SHIFT  22
#define JUMP_REGION_WORDS 16U

/**
 * struct jump_target - the block at a linear address
 * @key: generation, mode, address; see jump_key()
 */
struct jump_target {
	u64 key;
	struct step *step;
};

/**
 * struct code_page - a guest page that holds decoded code
 * @gfn: its number; CODE_PAGE_FREE
 * @serial: blocks with another serial are of the past
 * @checked: the recheck generation in which @copy was last compared
 * @used: which 64-byte lines decoded code comes from
 * @writes: how often it was written since a block of it was looked up
 * @copy: the page as it was decoded
 */
struct code_page {
	u64 gfn;
	u32 serial;
	u32 checked;
	u64 used;
	u32 writes;
	u8 *copy;
};

#define CODE_PAGES     2048U
/* What is written so often and not executed is not code any more. */
#define CODE_PAGE_WRITES 64U
#define CODE_PAGE_FREE (~0ULL)
#define LINE_SHIFT     6

/**
 * struct block - a run of steps, entered at its first; they follow it
 * @key: serial of the page, offset, mode
 */
struct block {
	u64 key;
	struct block *next; /* in the bucket */
	u32 bytes;	    /* of guest code */
	u32 unused[3];	    /* a header is as long as a step */
	struct step steps[];
};

static_assert(sizeof(struct block) == sizeof(struct step), "blocks are made of whole steps");

#define BLOCK_BUCKETS 16384U

/* A step that crosses a page and the jump behind it, with the bytes it is of. */
struct crossing {
	struct step steps[STEPS_PER_INSN + 1];
	u8 bytes[16];
	u32 linear;
	u8 count;
	u8 length;
	u8 mode;
	bool valid;
};

#define CROSSINGS 64U

enum {
	PREPARED_NEVER,
	PREPARED_REAL,
	PREPARED_PROTECTED,
};

/* Beyond enum interpret_exit: handled within interpreter_run(). */
enum {
	EXIT_FIND = INTERPRET_EXITS, /* go on at interpreter->eip */
	EXIT_RESOLVE,		     /* find the target of the jump interpreter->at */
	EXIT_POLL,		     /* look around, then go on at interpreter->at */
	EXIT_CROSS,		     /* interpreter->at crosses a page */
	GO_ON,			     /* no exit: there is a step to run */
};

#define MISS_SLOW BIT(7) /* interpreter.miss_access: not a miss but a refusal */

/**
 * struct interpreter - the whole of it, at the start of the owner's memory
 * @ticks: instructions until the next poll; may become negative
 * @page_eip: EIP of the first byte of the page that is executed
 * @jump_key: upper half of the keys that are valid now
 * @eip: where EXIT_FIND goes on
 * @at: the step that the burst ended at
 * @flags: the status flags then
 * @miss_linear: what a memory access wanted
 * @miss_access: and why
 * @stalled: TLB misses since the last progress
 * @miss_gfn: INTERPRET_CODE_PAGE: which page
 * @granted: instructions handed to @ticks in this burst
 * @generation: of the jump cache; never 0
 * @recheck: of code pages
 * @code_context: CS that the jump cache was filled under
 * @translation_context: flags that translations depend on
 * @jump_pages: linear pages that may be in the jump cache, by their low bits
 * @jump_regions: and where in 4 GiB such pages are parts of large ones
 * @jumps_local: the jump cache may know code in pages that are not global
 * @prepared: what @segments was made from
 * @prepared_in: the mode that it was made in, by PREPARED_*; 0: none
 * @arena: decoded code, from the front
 * @stack_mask: of SP, by SS.B
 * @bus: of the virtual CPU while its own functions work within a burst
 * @resume: where the next burst goes on if it begins at @resume_rip, else NULL
 */
struct interpreter {
	s32 ticks;
	u32 page_eip;
	u64 jump_key;
	u32 eip;
	u32 stack_mask;
	struct step *at;
	u64 flags;
	u32 miss_linear;
	u32 miss_access;
	bool window_wanted;
	u8 mode;
	u8 privilege;
	struct fast_segment segments[SEGMENT_REGISTERS];

	u64 miss_gfn;
	u64 granted;
	u64 budget;
	struct step *resume;
	u64 resume_rip;
	unsigned int stalled;
	u64 resume_key;

	struct virtual_cpu *cpu;
	const struct interpreter_host *host;
	struct cpu_bus bus;
	u32 generation;
	u32 recheck;
	u32 next_serial;
	u64 code_context;
	u64 translation_context;
	bool code_user;
	struct interpreter_statistics statistics;

	struct step *arena;
	u32 arena_slots;
	u32 arena_used;
	unsigned int pages_used;
	struct crossing crossings[CROSSINGS];
	struct tlb tlbs[2]; /* by privilege: supervisor, user */
	struct jump_target jumps[JUMP_ENTRIES];
	u64 jump_pages[JUMP_PAGE_WORDS];
	u64 jump_regions[JUMP_REGION_WORDS];
	bool jumps_local;
	u8 prepared_in;
	struct segment prepared[SEGMENT_REGISTERS];
	struct code_page pages[CODE_PAGES];
	struct block *buckets[BLOCK_BUCKETS];
};

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

/* ---- handlers, by file ------------------------------------------------------- */

enum step_size {
	SIZE_8,
	SIZE_16,
	SIZE_32,
	STEP_SIZES,
};

/* Destination and source. */
enum step_form {
	FORM_RR,
	FORM_RI,
	FORM_RM,
	FORM_MR,
	FORM_MI,
	FORM_LOCK_MR,
	FORM_LOCK_MI,
	STEP_FORMS,
};

/* All variants of an operation; NULL where there is none. */
struct step_row {
	step_handler run[STEP_SIZES][STEP_FORMS];
};

/* alu.c: those with one operand have it in FORM_RI, FORM_MI, FORM_LOCK_MI. */
extern const struct step_row step_add, step_or, step_adc, step_sbb, step_and, step_sub, step_xor;
extern const struct step_row step_cmp, step_test;
extern const struct step_row step_inc, step_dec, step_neg, step_not;
/* shift.c: FORM_RI, FORM_MI by an immediate, FORM_RR, FORM_MR by CL */
extern const struct step_row step_rol, step_ror, step_rcl, step_rcr, step_shl, step_shr, step_sar;
extern const struct step_row step_shld, step_shrd;
/* bits.c */
extern const struct step_row step_bt, step_bts, step_btr, step_btc, step_bsf, step_bsr;
extern const struct step_row step_tzcnt, step_lzcnt;
unsigned int step_bswap(STEP_PARAMETERS);
/* multiply.c: FORM_RI, FORM_MI: one operand; step_imul: two, with FORM_RR, FORM_RM */
extern const struct step_row step_mul, step_imul_wide, step_div, step_idiv, step_imul;
/* Three operands: FORM_RR, FORM_RM by the immediate. */
extern const struct step_row step_imul_immediate;
/* move.c */
extern const struct step_row step_mov, step_xchg, step_xadd, step_cmpxchg;
extern const struct step_row step_movzx8, step_movzx16, step_movsx8, step_movsx16;
extern const struct step_row step_setcc, step_cmov;
unsigned int step_cmpxchg8b(STEP_PARAMETERS);
unsigned int step_lea_base(STEP_PARAMETERS);
/* The steps before those with a memory operand that is not base + displacement. */
unsigned int step_address_index(STEP_PARAMETERS);
unsigned int step_address_segment(STEP_PARAMETERS);
unsigned int step_lea16(STEP_PARAMETERS);
unsigned int step_lea32(STEP_PARAMETERS);
unsigned int step_nop(STEP_PARAMETERS);
unsigned int step_cwde(STEP_PARAMETERS);
unsigned int step_cbw(STEP_PARAMETERS);
unsigned int step_cdq(STEP_PARAMETERS);
unsigned int step_cwd(STEP_PARAMETERS);
extern const struct step_row step_store_segment;

/* stack.c: by operand size (16, 32) and whether the stack is flat */
enum stack_operation {
	STACK_PUSH_REGISTER,
	STACK_PUSH_IMMEDIATE,
	STACK_PUSH_MEMORY,
	STACK_PUSH_SEGMENT,
	STACK_POP_REGISTER,
	STACK_POP_MEMORY,
	STACK_LEAVE,
	STACK_PUSHA,
	STACK_POPA,
	STACK_PUSHF,
	STACK_POPF,
	STACK_OPERATIONS,
};
extern const step_handler stack_steps[STACK_OPERATIONS][2][2];

/* branch.c: unresolved handlers replace themselves by resolved ones */
enum branch_operation {
	BRANCH_JMP,
	BRANCH_CALL,
	BRANCH_RET,
	BRANCH_JMP_REGISTER,
	BRANCH_JMP_MEMORY,
	BRANCH_CALL_REGISTER,
	BRANCH_CALL_MEMORY,
	BRANCHES,
};
enum branch_variant {
	BRANCH_FLAT,	/* 32-bit, flat CS and SS */
	BRANCH_ANY16,	/* operand size 16 */
	BRANCH_ANY32,	/* operand size 32, any segments */
	BRANCH_VARIANTS,
};
extern const step_handler branch_steps[BRANCHES][BRANCH_VARIANTS];
extern const step_handler jcc_unresolved_steps[16]; /* never taken yet */
extern const step_handler jcc_near_steps[16]; /* resolved, within the page, flat */
extern const step_handler jcc_far_steps[16];  /* through the jump cache, flat */
extern const step_handler jcc_any_steps[16];
unsigned int step_jmp_near(STEP_PARAMETERS);
unsigned int step_call_near(STEP_PARAMETERS);
unsigned int step_jmp_unresolved(STEP_PARAMETERS);
unsigned int step_loop(STEP_PARAMETERS);
/* No instruction: the block goes on in another of the page, or the next page. */
unsigned int step_join(STEP_PARAMETERS);
unsigned int step_page_end(STEP_PARAMETERS);

/* string.c */
unsigned int step_string(STEP_PARAMETERS);
#define STRING_REPEAT	   BIT(0)
#define STRING_UNTIL_EQUAL BIT(1) /* REPNE */
enum string_operation {
	STRING_MOVS,
	STRING_CMPS,
	STRING_STOS,
	STRING_LODS,
	STRING_SCAS,
};

/* flags.c */
unsigned int step_clc(STEP_PARAMETERS);
unsigned int step_stc(STEP_PARAMETERS);
unsigned int step_cmc(STEP_PARAMETERS);
unsigned int step_cld(STEP_PARAMETERS);
unsigned int step_std(STEP_PARAMETERS);
unsigned int step_cli(STEP_PARAMETERS);
unsigned int step_sti(STEP_PARAMETERS);
/* No instruction: the shadow of STI ends. */
unsigned int step_shadow_ends(STEP_PARAMETERS);
unsigned int step_lahf(STEP_PARAMETERS);
unsigned int step_sahf(STEP_PARAMETERS);
unsigned int step_rdtsc(STEP_PARAMETERS);

/* system.c: the register to load is in the source */
extern const struct step_row step_load_segment, step_verify_writable;
unsigned int step_pop_segment(STEP_PARAMETERS);
unsigned int step_iret(STEP_PARAMETERS);
unsigned int step_in(STEP_PARAMETERS);
unsigned int step_out(STEP_PARAMETERS);
void burst_bus_init(struct interpreter *interpreter);

/* run.c */
bool segment_prepare(struct interpreter *interpreter, unsigned int which);

/* ---- the parts behind the steps ---------------------------------------------- */

/* translate.c */
enum translate_result {
	TRANSLATE_GOES_ON, /* with the next instruction */
	TRANSLATE_ENDS,	   /* it is a jump */
	TRANSLATE_SHADOWS, /* STI: with the next one, under a shadow */
};
unsigned int translate_insn(struct step *step, const struct insn *insn, unsigned int mode,
			    enum translate_result *result);
void translate_detach(struct step *step);
void translate_resolve(struct step *step, struct step *target);

/* cache.c */
struct code_page *code_page_find(struct interpreter *interpreter, u64 gfn);
/* The block at @offset of the page, decoded if need be; NULL: no memory. */
struct block *code_find(struct interpreter *interpreter, struct code_page *page,
			unsigned int offset, const u8 *host);
/* Compare the page's code with @host if somebody asked for it. */
void code_page_check(struct interpreter *interpreter, struct code_page *page, const u8 *host);
void jumps_flush(struct interpreter *interpreter);
void jumps_flush_page(struct interpreter *interpreter, u32 linear);
void jumps_enter(struct interpreter *interpreter, u32 eip, u32 linear, struct step *step,
		 const struct execute_entry *entry);

/* tlb.c */
const struct execute_entry *tlb_execute(const struct interpreter *interpreter, u32 linear);

#endif /* RINGLET_INTERPRET_INTERNAL_H */
