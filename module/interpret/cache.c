// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code cache: blocks of steps by guest page and offset, and the jump cache
 * that finds a block by its linear address. Pure.
 *
 * Blocks are never freed one by one. When a page is written, its serial number
 * changes, so that its blocks are not found any more; when memory is full,
 * everything goes at once. Both happen between bursts only, and both empty the
 * jump cache, the only thing that leads from one page's blocks to another's.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"
#include "interpret/translate.h"

#define COPY_SLOTS  (GUEST_PAGE / sizeof(struct step))
#define BLOCK_SLOTS (sizeof(struct block) / sizeof(struct step))
/* The longest block: its header, its steps, the shadow's end, where it goes on. */
#define ROOM	    (BLOCK_SLOTS + (BLOCK_STEPS + 2) * STEPS_PER_INSN + 4)

/* The table of pages is searched from a hash on, so it must not fill up. */
#define PAGES_AT_MOST (CODE_PAGES * 3 / 4)

/**
 * jumps_flush() - forget which block is at which linear address
 * @interpreter: whose
 */
void jumps_flush(struct interpreter *interpreter)
{
	interpreter->resume = NULL;
	interpreter->jumps_local = false;
	memset(interpreter->jump_pages, 0, sizeof(interpreter->jump_pages));
	memset(interpreter->jump_regions, 0, sizeof(interpreter->jump_regions));
	if (++interpreter->generation >> (32 - CODE_MODE_BITS)) {
		memset(interpreter->jumps, 0, sizeof(interpreter->jumps));
		interpreter->generation = 1;
	}
}

/* Which bit of jump_pages[] stands for a linear page. */
static unsigned int page_bit(u32 linear)
{
	return (linear >> GUEST_PAGE_SHIFT) % (64 * JUMP_PAGE_WORDS);
}

/**
 * jumps_enter() - remember the block at a linear address
 * @interpreter: whose
 * @eip: of its first instruction
 * @linear: likewise
 * @step: its first step
 * @code: the page in the TLB
 */
void jumps_enter(struct interpreter *interpreter, u32 eip, u32 linear, struct step *step,
		 const struct execute_entry *code)
{
	struct jump_target *entry = jump_target(interpreter, eip);
	unsigned int bit = page_bit(linear);

	entry->key = interpreter->jump_key | eip;
	entry->step = step;
	interpreter->jump_pages[bit / 64] |= BIT_ULL(bit % 64);
	bit = linear >> LARGE_PAGE_SHIFT;
	if (!code->global)
		interpreter->jumps_local = true;
	if (code->large)
		interpreter->jump_regions[bit / 64] |= BIT_ULL(bit % 64);
}

/**
 * jumps_flush_page() - the same, if any block may be in that page
 * @interpreter: whose
 * @linear: in the page
 */
void jumps_flush_page(struct interpreter *interpreter, u32 linear)
{
	unsigned int region = linear >> LARGE_PAGE_SHIFT;
	unsigned int bit = page_bit(linear);

	if ((interpreter->jump_pages[bit / 64] & BIT_ULL(bit % 64)) ||
	    (interpreter->jump_regions[region / 64] & BIT_ULL(region % 64)))
		jumps_flush(interpreter);
}

/* ---- pages -------------------------------------------------------------------- */

static unsigned int page_hash(u64 gfn)
{
	return (u32)(gfn * 0x9e3779b1U) % CODE_PAGES;
}

/* The entry of @gfn, or the free one where it would be. */
static struct code_page *page_slot(struct interpreter *interpreter, u64 gfn)
{
	unsigned int i = page_hash(gfn);

	while (interpreter->pages[i].gfn != gfn && interpreter->pages[i].gfn != CODE_PAGE_FREE)
		i = (i + 1) % CODE_PAGES;
	return &interpreter->pages[i];
}

/**
 * code_page_find() - the page, if it holds decoded code
 * @interpreter: whose
 * @gfn: its number
 *
 * Return: NULL if it does not.
 */
struct code_page *code_page_find(struct interpreter *interpreter, u64 gfn)
{
	struct code_page *page = page_slot(interpreter, gfn);

	return page->gfn == CODE_PAGE_FREE ? NULL : page;
}

static void forget_blocks(struct interpreter *interpreter, struct code_page *page)
{
	page->serial = interpreter->next_serial++;
	page->used = 0;
	jumps_flush(interpreter);
}

/**
 * interpreter_code_flush() - drop all code
 * @interpreter: whose
 */
void interpreter_code_flush(struct interpreter *interpreter)
{
	unsigned int i;

	for (i = 0; i < CODE_PAGES; i++) {
		struct code_page *page = &interpreter->pages[i];

		if (page->gfn != CODE_PAGE_FREE && interpreter->host)
			interpreter->host->code_dropped(interpreter->cpu, page->gfn);
		page->gfn = CODE_PAGE_FREE;
	}
	memset(interpreter->buckets, 0, sizeof(interpreter->buckets));
	memset(interpreter->crossings, 0, sizeof(interpreter->crossings));
	interpreter->pages_used = 0;
	interpreter->arena_used = 0;
	interpreter->next_serial = 1;
	interpreter->statistics.code_flushes++;
	jumps_flush(interpreter);
}

/**
 * interpreter_code_page_add() - see interpret.h
 * @interpreter: whose
 * @gfn: the page
 */
void interpreter_code_page_add(struct interpreter *interpreter, u64 gfn)
{
	struct code_page *page;

	if (interpreter->pages_used >= PAGES_AT_MOST ||
	    interpreter->arena_used + COPY_SLOTS + ROOM > interpreter->arena_slots)
		interpreter_code_flush(interpreter);
	page = page_slot(interpreter, gfn);
	if (page->gfn == gfn) {
		interpreter->host->code_dropped(interpreter->cpu, gfn);
		return;
	}
	*page = (struct code_page){
		.gfn = gfn,
		.serial = interpreter->next_serial++,
		.checked = interpreter->recheck,
		.copy = (u8 *)&interpreter->arena[interpreter->arena_used],
	};
	interpreter->arena_used += COPY_SLOTS;
	interpreter->pages_used++;
	interpreter_tlb_protect(interpreter, gfn);
}

static u64 lines_of(unsigned int offset, unsigned int bytes)
{
	unsigned int first = offset >> LINE_SHIFT;
	unsigned int last = (offset + bytes - 1) >> LINE_SHIFT;

	return GENMASK_ULL(last, first);
}

/* Whether a page that belongs at @home may stay at @at when @hole becomes free. */
static bool reachable_past(unsigned int home, unsigned int hole, unsigned int at)
{
	return (at - home) % CODE_PAGES < (at - hole) % CODE_PAGES;
}

/* Close the gap, or the search for those behind it would end there. */
static void free_slot(struct interpreter *interpreter, unsigned int hole)
{
	struct code_page *pages = interpreter->pages;
	unsigned int at = hole;

	for (;;) {
		at = (at + 1) % CODE_PAGES;
		if (pages[at].gfn == CODE_PAGE_FREE)
			break;
		if (reachable_past(page_hash(pages[at].gfn), hole, at))
			continue;
		pages[hole] = pages[at];
		hole = at;
	}
	pages[hole].gfn = CODE_PAGE_FREE;
	interpreter->pages_used--;
}

/*
 * Each write to a page that holds code is expensive, and the guest may have put
 * data, or a stack, where code of its start was.
 */
static void drop_page(struct interpreter *interpreter, struct code_page *page)
{
	u64 gfn = page->gfn;

	forget_blocks(interpreter, page);
	free_slot(interpreter, page - interpreter->pages);
	interpreter->statistics.code_pages_dropped++;
	interpreter->host->code_dropped(interpreter->cpu, gfn);
}

static void invalidate_within(struct interpreter *interpreter, u64 gpa, unsigned int bytes)
{
	struct code_page *page = code_page_find(interpreter, gpa >> GUEST_PAGE_SHIFT);

	if (!page)
		return;
	if (page->used & lines_of(gpa & (GUEST_PAGE - 1), bytes)) {
		interpreter->statistics.code_invalidations++;
		forget_blocks(interpreter, page);
	}
	if (++page->writes > CODE_PAGE_WRITES)
		drop_page(interpreter, page);
}

/**
 * interpreter_code_invalidate() - somebody wrote to guest memory
 * @interpreter: whose
 * @gpa: where
 * @bytes: how many
 */
void interpreter_code_invalidate(struct interpreter *interpreter, u64 gpa, unsigned int bytes)
{
	while (bytes) {
		unsigned int part = GUEST_PAGE - (gpa & (GUEST_PAGE - 1));

		part = min_t(unsigned int, part, bytes);
		invalidate_within(interpreter, gpa, part);
		gpa += part;
		bytes -= part;
	}
}

/**
 * interpreter_code_recheck() - compare code with memory before it is used again
 * @interpreter: whose
 */
void interpreter_code_recheck(struct interpreter *interpreter)
{
	interpreter->recheck++;
	jumps_flush(interpreter);
}

/**
 * code_page_check() - whether a page still holds what was decoded
 * @interpreter: whose
 * @page: its blocks are forgotten if not
 * @host: its bytes
 */
void code_page_check(struct interpreter *interpreter, struct code_page *page, const u8 *host)
{
	unsigned int line;

	if (page->checked == interpreter->recheck)
		return;
	page->checked = interpreter->recheck;
	interpreter->statistics.code_rechecks++;
	for (line = 0; line < 64; line++) {
		unsigned int at = line << LINE_SHIFT;

		if ((page->used & BIT_ULL(line)) &&
		    memcmp(page->copy + at, host + at, 1 << LINE_SHIFT)) {
			forget_blocks(interpreter, page);
			return;
		}
	}
}

/* ---- blocks --------------------------------------------------------------------- */

static u64 block_key(const struct interpreter *interpreter, const struct code_page *page,
		     unsigned int offset)
{
	return (u64)page->serial << 32 | offset << CODE_MODE_BITS | interpreter->mode;
}

static struct block **bucket(struct interpreter *interpreter, u64 key)
{
	u64 hash = key * 0x9e3779b97f4a7c15ULL;

	return &interpreter->buckets[hash >> 40 & (BLOCK_BUCKETS - 1)];
}

static struct block *known_block(struct interpreter *interpreter, u64 key)
{
	struct block *block = *bucket(interpreter, key);

	while (block && block->key != key)
		block = block->next;
	return block;
}

/**
 * struct builder - a block that is being decoded
 * @interpreter: whose
 * @page: where
 * @host: its bytes
 * @at: the next step
 * @offset: the next instruction in the page
 * @count: instructions so far
 */
struct builder {
	struct interpreter *interpreter;
	struct code_page *page;
	const u8 *host;
	struct step *at;
	unsigned int offset;
	unsigned int count;
};

static void put_step(struct builder *builder, step_handler run, unsigned int length)
{
	*builder->at++ = (struct step){
		.run = run,
		.offset = builder->offset,
		.index = builder->count,
		.length = length,
	};
}

static enum decode_result decode_next(const struct builder *builder, struct insn *insn)
{
	unsigned int mode = builder->interpreter->mode;
	unsigned int available = min_t(unsigned int, INSN_MAX_LENGTH,
				       GUEST_PAGE - builder->offset);

	return decode_insn(insn, builder->host + builder->offset, available,
			   mode & CODE_MODE_32 ? INSN_MODE_32 : INSN_MODE_16);
}

static enum translate_result put_insn(struct builder *builder, const struct insn *insn)
{
	enum translate_result result;

	builder->at->offset = builder->offset;
	builder->at->index = builder->count;
	builder->at += translate_insn(builder->at, insn, builder->interpreter->mode, &result);
	builder->offset += insn->length;
	builder->count++;
	return result;
}

/*
 * The instruction under STI's shadow. If it may leave the block, or is not for
 * this core, STI is done by the emulator, and then this one, too.
 */
static bool put_shadowed(struct builder *builder)
{
	struct step *sti = builder->at - 1;
	struct step *first = builder->at;
	enum translate_result result;
	struct insn insn;

	if (builder->offset >= GUEST_PAGE || decode_next(builder, &insn) != DECODE_OK ||
	    insn.operation == OPERATION_JCC) {
		sti->run = step_slow;
		return true;
	}
	result = put_insn(builder, &insn);
	if (result != TRANSLATE_GOES_ON || builder->at[-1].run == step_slow ||
	    builder->at[-1].run == step_loop || builder->at[-1].run == step_string) {
		sti->run = step_slow;
		builder->at = first;
		builder->offset -= insn.length;
		builder->count--;
		return true;
	}
	put_step(builder, step_shadow_ends, 0);
	return true;
}

/* Decode one more instruction; false: the block ends here. */
static bool extend_block(struct builder *builder)
{
	struct insn insn;

	switch (decode_next(builder, &insn)) {
	case DECODE_OK:
		break;
	case DECODE_TRUNCATED:
		put_step(builder, step_cross, 0);
		return false;
	default:
		put_step(builder, step_slow, 0);
		return false;
	}
	switch (put_insn(builder, &insn)) {
	case TRANSLATE_GOES_ON:
		return true;
	case TRANSLATE_SHADOWS:
		return put_shadowed(builder);
	default:
		return false;
	}
}

/* Go on in a block that is there already? Only where limits do not matter. */
static bool join_block(struct builder *builder)
{
	struct interpreter *interpreter = builder->interpreter;
	struct block *block;

	if (!(interpreter->mode & CODE_MODE_FLAT))
		return false;
	block = known_block(interpreter, block_key(interpreter, builder->page, builder->offset));
	if (!block)
		return false;
	put_step(builder, step_join, 0);
	builder->at[-1].target = block->steps;
	return true;
}

static void fill_block(struct builder *builder)
{
	while (builder->offset < GUEST_PAGE && builder->count < BLOCK_STEPS) {
		if (builder->count && join_block(builder))
			return;
		if (!extend_block(builder))
			break;
	}
	/* Also behind a jump: what is after an instruction that took the slow way. */
	put_step(builder, step_page_end, 0);
}

static struct block *decode_block(struct interpreter *interpreter, struct code_page *page,
				  unsigned int offset, const u8 *host)
{
	u64 key = block_key(interpreter, page, offset);
	struct block **head = bucket(interpreter, key);
	struct block *block;
	struct builder builder;

	if (interpreter->arena_used + ROOM > interpreter->arena_slots)
		return NULL;
	block = (struct block *)&interpreter->arena[interpreter->arena_used];
	builder = (struct builder){
		.interpreter = interpreter,
		.page = page,
		.host = host,
		.at = block->steps,
		.offset = offset,
	};
	fill_block(&builder);

	*block = (struct block){ .key = key, .next = *head, .bytes = builder.offset - offset };
	*head = block;
	interpreter->arena_used = builder.at - interpreter->arena;
	interpreter->statistics.blocks_decoded++;
	return block;
}

/* What the block was decoded from, with the part of an instruction that ends
 * in the next page or that is none. */
static void keep_source(struct code_page *page, unsigned int offset, unsigned int bytes,
			const u8 *host)
{
	u64 lines;
	unsigned int line;

	bytes = min_t(unsigned int, bytes + INSN_MAX_LENGTH, GUEST_PAGE - offset);
	lines = lines_of(offset, bytes) & ~page->used;
	page->used |= lines;
	for (line = 0; line < 64; line++) {
		unsigned int at = line << LINE_SHIFT;

		if (lines & BIT_ULL(line))
			memcpy(page->copy + at, host + at, 1 << LINE_SHIFT);
	}
}

/**
 * code_find() - the block at an offset of a page
 * @interpreter: whose; its mode counts
 * @page: which page
 * @offset: of the first instruction
 * @host: the page's bytes
 *
 * Return: NULL if it is not decoded yet and there is no memory for it.
 */
struct block *code_find(struct interpreter *interpreter, struct code_page *page,
			unsigned int offset, const u8 *host)
{
	struct block *block = known_block(interpreter, block_key(interpreter, page, offset));

	page->writes = 0;
	if (block)
		return block;
	block = decode_block(interpreter, page, offset, host);
	if (block)
		keep_source(page, offset, block->bytes, host);
	return block;
}
