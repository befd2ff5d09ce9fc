/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the interpreter share: its state (the TLB, the cache of
 * decoded code, what a burst keeps) and what its parts offer each other. Private
 * to module/interpret. Pure.
 */
#ifndef RINGLET_INTERPRET_INTERNAL_H
#define RINGLET_INTERPRET_INTERNAL_H

#include "interpret/step.h"

#define TLB_ENTRIES 512U
#define TLB_NOTHING 1U /* no page has this address */
/* Behind the entries: what was driven out of them, in sets of as many ways. */
#define TLB_VICTIMS 128U
#define TLB_WAYS    2U
#define TLB_ALL	    (TLB_ENTRIES + TLB_VICTIMS)

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
 * @entries: of data, by the low bits of the page's number; then the victims. A
 *	page is in one place only
 * @origins: what they were made from
 * @execute: of code, likewise
 * @empty: nothing was entered since everything was dropped
 * @local: there may be entries of pages that are not global
 * @victims_local: of these, among the victims
 * @execute_local: of these, of code
 * @large: there may be entries of parts of large pages
 */
struct tlb {
	struct tlb_entry entries[TLB_ALL];
	struct tlb_origin origins[TLB_ALL];
	struct execute_entry execute[EXECUTE_ENTRIES];
	bool empty;
	bool local;
	bool victims_local;
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
 * @recalls: how often a victim was called back for @recalled at @recalled_ticks
 * @recalled: a step
 * @recalled_ticks: what @ticks was then
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
	unsigned int recalls;
	s32 recalled_ticks;
	const struct step *recalled;
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

/* ---- the parts behind the steps ---------------------------------------------- */

/* run.c */
bool segment_prepare(struct interpreter *interpreter, unsigned int which);

/* system.c */
void burst_bus_init(struct interpreter *interpreter);

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
/* Swap what was missed with what has driven it out; false: it is not there. */
bool tlb_recall(struct interpreter *interpreter);
/* Where a victim is in the host, for an access of miss_access at miss_linear. */
void *tlb_victim(struct interpreter *interpreter, unsigned int bytes);

#endif /* RINGLET_INTERPRET_INTERNAL_H */
