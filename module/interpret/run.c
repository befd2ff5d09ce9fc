// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bursts: how the interpreter starts, what it does when steps cannot lead on by
 * themselves, and how it leaves a precise virtual CPU behind. Called by the
 * interpreter's owner. Pure.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"
#include "interpret/translate.h"

/* ---- ends of a burst, as steps call them ---------------------------------------- */

static unsigned int leave(struct interpreter *interpreter, struct step *step, u64 flags,
			  unsigned int why)
{
	interpreter->at = step;
	interpreter->flags = flags;
	return why;
}

unsigned int step_slow(STEP_PARAMETERS)
{
	return leave(interpreter, step, flags, INTERPRET_SLOW);
}

unsigned int step_missed(STEP_PARAMETERS)
{
	struct tlb_entry *entry = tlb_entry(tlb, interpreter->miss_linear);
	u32 page = interpreter->miss_linear & ~(GUEST_PAGE - 1);
	bool write = interpreter->miss_access & ACCESS_WRITE;

	/* An entry that matches: the access crosses into another page. */
	if (interpreter->miss_access == MISS_SLOW || (write ? entry->write : entry->read) == page)
		return leave(interpreter, step, flags, INTERPRET_SLOW);
	return leave(interpreter, step, flags, INTERPRET_TLB_MISS);
}

unsigned int step_poll(STEP_PARAMETERS)
{
	return leave(interpreter, step, flags, EXIT_POLL);
}

unsigned int step_find(STEP_PARAMETERS)
{
	return leave(interpreter, NULL, flags, EXIT_FIND);
}

unsigned int step_resolve(STEP_PARAMETERS)
{
	return leave(interpreter, step, flags, EXIT_RESOLVE);
}

unsigned int step_cross(STEP_PARAMETERS)
{
	return leave(interpreter, step, flags, EXIT_CROSS);
}

unsigned int step_changed(STEP_PARAMETERS)
{
	return leave(interpreter, NULL, flags, INTERPRET_CHANGED);
}

unsigned int step_window(STEP_PARAMETERS)
{
	return leave(interpreter, step, flags, INTERPRET_WINDOW);
}

/* ---- the start -------------------------------------------------------------------- */

/* What needs a look at every single instruction. */
static bool takes_slow_way(const struct virtual_cpu *cpu)
{
	if (cpu->rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF))
		return true;
	if (cpu_breakpoints_enabled(cpu) || cpu->pending_debug || cpu->interrupt_shadow || cpu->halted)
		return true;
	/* Alignment checks. */
	if ((cpu->rflags & X86_EFLAGS_AC) && (cpu->cr0 & X86_CR0_AM) && cpu_cpl(cpu) == 3)
		return true;
	return cpu_long_mode(cpu);
}

#define WHOLE_SPACE (1ULL << 32)

static u64 segment_end(const struct segment *segment)
{
	bool expand_down = segment->s && !(segment->type & TYPE_CODE) &&
			   (segment->type & TYPE_DATA_EXPAND_DOWN);

	/* Their rules are for the emulator. */
	if (segment->unusable || expand_down)
		return 0;
	/* Here an access past the end wraps; the TLB sees that it crosses a page. */
	if (segment->limit == 0xffffffff && !segment->base)
		return 2 * WHOLE_SPACE;
	return (u64)segment->limit + 1;
}

static bool readable(const struct segment *segment)
{
	return !(segment->type & TYPE_CODE) || (segment->type & TYPE_CODE_READABLE);
}

static bool writable(const struct segment *segment)
{
	return !(segment->type & TYPE_CODE) && (segment->type & TYPE_DATA_WRITABLE);
}

/* What CODE_MODE_FLAT takes for granted of a segment register. */
static bool is_flat(const struct interpreter *interpreter, unsigned int which)
{
	const struct fast_segment *fast = &interpreter->segments[which];

	if (which == SEGMENT_FS || which == SEGMENT_GS)
		return true;
	return fast->read_end == 2 * WHOLE_SPACE &&
	       (which == SEGMENT_CS || fast->write_end == 2 * WHOLE_SPACE);
}

/**
 * segment_prepare() - make a segment register ready for checks
 * @interpreter: whose
 * @which: the register, with a new content
 *
 * Return: false: code has to be decoded in another way than it was before.
 */
bool segment_prepare(struct interpreter *interpreter, unsigned int which)
{
	const struct virtual_cpu *cpu = interpreter->cpu;
	const struct segment *segment = &cpu->segments[which];
	struct fast_segment *fast = &interpreter->segments[which];
	bool protected_mode = cpu_protected_mode(cpu);
	bool was_flat = is_flat(interpreter, which);
	u64 end = segment_end(segment);

	interpreter->prepared[which] = *segment;
	fast->base = segment->base;
	fast->read_end = protected_mode && !readable(segment) ? 0 : end;
	fast->write_end = protected_mode && !writable(segment) ? 0 : end;
	return is_flat(interpreter, which) == was_flat;
}

/* Most bursts begin with the registers that the last one ended with. */
static bool prepare_segments(struct interpreter *interpreter)
{
	const struct segment *segments = interpreter->cpu->segments;
	u8 mode = cpu_protected_mode(interpreter->cpu) ? PREPARED_PROTECTED : PREPARED_REAL;
	bool known = interpreter->prepared_in == mode;
	bool flat = true;
	unsigned int i;

	interpreter->prepared_in = mode;
	for (i = 0; i < SEGMENT_REGISTERS; i++) {
		if (!known ||
		    memcmp(&interpreter->prepared[i], &segments[i], sizeof(segments[i])))
			segment_prepare(interpreter, i);
		flat = flat && is_flat(interpreter, i);
	}
	return flat;
}

/* What decoded code and the jump cache depend on. */
static void prepare_mode(struct interpreter *interpreter)
{
	const struct virtual_cpu *cpu = interpreter->cpu;
	const struct segment *cs = &cpu->segments[SEGMENT_CS];
	bool stack32 = cpu->segments[SEGMENT_SS].db;
	bool user = cpu_cpl(cpu) == 3;
	u64 context = cs->base << 32 | cs->limit;
	u64 translation = cpu->cr4 & X86_CR4_SMAP ? cpu->rflags & X86_EFLAGS_AC : 0;
	bool wide = cpu_protected_mode(cpu) && cs->db;
	bool flat = prepare_segments(interpreter) && stack32 && wide;

	interpreter->privilege = cpu_cpl(cpu);
	interpreter->stack_mask = stack32 ? ~0U : 0xffff;
	interpreter->mode = (wide ? CODE_MODE_32 : 0) | (flat ? CODE_MODE_FLAT : 0);
	if (translation != interpreter->translation_context) {
		interpreter->translation_context = translation;
		interpreter_tlb_flush(interpreter, false);
	}
	if (context != interpreter->code_context || user != interpreter->code_user) {
		interpreter->code_context = context;
		interpreter->code_user = user;
		jumps_flush(interpreter);
	}
	interpreter->jump_key = ((u64)interpreter->generation << CODE_MODE_BITS |
				 interpreter->mode) << 32;
}

/* ---- what steps ask for -------------------------------------------------------------- */

static unsigned int miss_fetch(struct interpreter *interpreter, u32 linear)
{
	interpreter->miss_linear = linear;
	interpreter->miss_access = ACCESS_FETCH;
	return INTERPRET_TLB_MISS;
}

static u32 code_linear(const struct interpreter *interpreter, u32 eip)
{
	return interpreter->segments[SEGMENT_CS].base + eip;
}

static bool within_code(const struct interpreter *interpreter, u32 eip, u32 bytes)
{
	return (interpreter->mode & CODE_MODE_FLAT) ||
	       (u64)eip + bytes <= (u64)interpreter->cpu->segments[SEGMENT_CS].limit + 1;
}

/* The block at interpreter->eip. */
static unsigned int find(struct interpreter *interpreter, struct step **step)
{
	u32 eip = interpreter->eip;
	u32 linear = code_linear(interpreter, eip);
	const struct execute_entry *entry = tlb_execute(interpreter, linear);
	struct code_page *page;
	struct block *block;

	interpreter->statistics.code_lookups++;
	if (!within_code(interpreter, eip, 1))
		return INTERPRET_SLOW;
	if (!entry)
		return miss_fetch(interpreter, linear);
	page = code_page_find(interpreter, entry->gfn);
	if (!page) {
		interpreter->miss_gfn = entry->gfn;
		return INTERPRET_CODE_PAGE;
	}
	code_page_check(interpreter, page, entry->host);
	interpreter->jump_key = ((u64)interpreter->generation << CODE_MODE_BITS |
				 interpreter->mode) << 32;
	block = code_find(interpreter, page, linear & (GUEST_PAGE - 1), entry->host);
	if (!block)
		return INTERPRET_CODE_FULL;
	if (!within_code(interpreter, eip, block->bytes))
		return INTERPRET_SLOW;
	interpreter->page_eip = eip - (linear & (GUEST_PAGE - 1));
	*step = block->steps;
	jumps_enter(interpreter, eip, linear, *step, entry);
	return GO_ON;
}

/* The target of the jump interpreter->at; if it is not to be had now, the jump
 * looks it up each time. */
static void resolve(struct interpreter *interpreter)
{
	struct step *step = interpreter->at;
	u32 linear = code_linear(interpreter, interpreter->page_eip + step->immediate);
	const struct execute_entry *entry = tlb_execute(interpreter, linear);
	struct code_page *page = entry ? code_page_find(interpreter, entry->gfn) : NULL;
	struct block *block = NULL;

	if (page && page->checked == interpreter->recheck)
		block = code_find(interpreter, page, step->immediate, entry->host);
	if (block)
		translate_resolve(step, block->steps);
	else
		translate_detach(step);
}

/* Bytes of the instruction at @linear, which reaches into the next page. */
static bool fetch_crossing(struct interpreter *interpreter, u32 linear, u8 *bytes, u32 *missing)
{
	u32 next = (linear | (GUEST_PAGE - 1)) + 1;
	unsigned int first = next - linear;
	const struct execute_entry *entry = tlb_execute(interpreter, linear);
	const u8 *host;

	*missing = linear;
	if (!entry)
		return false;
	host = entry->host;
	*missing = next;
	entry = tlb_execute(interpreter, next);
	if (!entry)
		return false;
	memcpy(bytes, host + GUEST_PAGE - first, first);
	memcpy(bytes + first, entry->host, INSN_MAX_LENGTH - first);
	return true;
}

static bool decode_crossing(struct interpreter *interpreter, struct crossing *crossing, u32 linear,
			    const u8 *bytes)
{
	bool wide = interpreter->mode & CODE_MODE_32;
	enum translate_result result;
	struct insn insn;
	unsigned int count;

	crossing->valid = false;
	if (decode_insn(&insn, bytes, INSN_MAX_LENGTH, wide ? INSN_MODE_32 : INSN_MODE_16) !=
	    DECODE_OK)
		return false;
	crossing->steps[0] = (struct step){ .offset = linear & (GUEST_PAGE - 1) };
	count = translate_insn(crossing->steps, &insn, interpreter->mode, &result);
	if (result == TRANSLATE_SHADOWS)
		return false;
	translate_detach(&crossing->steps[count - 1]);
	crossing->steps[count] = (struct step){
		.run = step_page_end,
		.offset = crossing->steps[0].offset + insn.length,
		.index = 1,
	};
	crossing->count = count;
	crossing->length = insn.length;
	crossing->linear = linear;
	crossing->mode = interpreter->mode;
	memcpy(crossing->bytes, bytes, INSN_MAX_LENGTH);
	crossing->valid = true;
	return true;
}

/*
 * An instruction that crosses a page, and then the jump to what follows it. Its
 * bytes are compared each time, so nobody has to watch the second page for it.
 */
static unsigned int cross(struct interpreter *interpreter, struct step **step)
{
	struct step *at = interpreter->at;
	u32 eip = interpreter->page_eip + at->offset;
	u32 linear = code_linear(interpreter, eip);
	struct crossing *crossing;
	u8 bytes[INSN_MAX_LENGTH];
	u32 missing;

	if (!within_code(interpreter, eip, GUEST_PAGE + 1 - at->offset))
		return INTERPRET_SLOW;
	if (!fetch_crossing(interpreter, linear, bytes, &missing))
		return miss_fetch(interpreter, missing);
	crossing = &interpreter->crossings[(linear >> GUEST_PAGE_SHIFT) % CROSSINGS];
	if (!crossing->valid || crossing->linear != linear ||
	    crossing->mode != interpreter->mode ||
	    memcmp(crossing->bytes, bytes, INSN_MAX_LENGTH)) {
		if (!decode_crossing(interpreter, crossing, linear, bytes))
			return INTERPRET_SLOW;
	}
	if (!within_code(interpreter, eip, crossing->length))
		return INTERPRET_SLOW;
	/* The instructions before it in its block are still to be counted. */
	interpreter->ticks -= at->index;
	*step = crossing->steps;
	return GO_ON;
}

/*
 * A step has missed what the TLB knows after all, among its victims. One that needs
 * two pages that drive each other out does not get on by that.
 */
#define RECALLS_AT_MOST 3

static unsigned int recall(struct interpreter *interpreter, struct step **step)
{
	struct step *at = interpreter->at;

	if (!tlb_recall(interpreter))
		return INTERPRET_TLB_MISS;
	if (interpreter->recalled != at || interpreter->recalled_ticks != interpreter->ticks)
		interpreter->recalls = 0;
	interpreter->recalled = at;
	interpreter->recalled_ticks = interpreter->ticks;
	if (++interpreter->recalls > RECALLS_AT_MOST)
		return INTERPRET_SLOW;
	*step = at->index_register == STEP_HAS_ADDRESS ? at - 1 : at;
	return GO_ON;
}

/* ---- the burst -------------------------------------------------------------------------- */

static bool is_crossing(const struct interpreter *interpreter, const struct step *step)
{
	const void *at = step;

	return at >= (const void *)interpreter->crossings &&
	       at < (const void *)(interpreter->crossings + CROSSINGS);
}

static u64 executed(const struct interpreter *interpreter)
{
	s64 done = (s64)interpreter->granted - interpreter->ticks;

	return interpreter->at ? done + interpreter->at->index : done;
}

static unsigned int poll(struct interpreter *interpreter)
{
	if (executed(interpreter) >= interpreter->budget)
		return INTERPRET_BUDGET;
	if (interpreter->host->should_stop(interpreter->cpu))
		return INTERPRET_STOP;
	/* A long repetition may have used more than one ration. */
	interpreter->granted += INTERPRET_POLL - interpreter->ticks;
	interpreter->ticks = INTERPRET_POLL;
	return GO_ON;
}

/* One after the other, until something is for the owner. */
static unsigned int burst(struct interpreter *interpreter, struct step *step)
{
	struct virtual_cpu *cpu = interpreter->cpu;
	struct tlb_entry *tlb = interpreter->tlbs[interpreter->privilege == 3].entries;
	unsigned int why = step ? GO_ON : EXIT_FIND;

	for (;;) {
		switch (why) {
		case GO_ON:
			break;
		case EXIT_RESOLVE:
			resolve(interpreter);
			step = interpreter->at;
			break;
		case EXIT_POLL:
			step = interpreter->at;
			why = poll(interpreter);
			if (why != GO_ON)
				return why;
			break;
		case EXIT_CROSS:
			why = cross(interpreter, &step);
			if (why != GO_ON)
				return why;
			break;
		case EXIT_FIND:
			why = find(interpreter, &step);
			if (why != GO_ON)
				return why;
			/* Blocks that evict each other must not escape the poll. */
			interpreter->at = step;
			if (interpreter->ticks < 0) {
				why = EXIT_POLL;
				continue;
			}
			break;
		case INTERPRET_TLB_MISS:
			why = recall(interpreter, &step);
			if (why != GO_ON)
				return why;
			break;
		default:
			return why;
		}
		why = step->run(cpu, step, STEP_NOTHING, interpreter, tlb, interpreter->flags);
	}
}

/* Of the instruction that @at belongs to, the step behind its last. */
static struct step *behind(struct step *at)
{
	bool is_address = at->run == step_address_index || at->run == step_address_segment;

	return at + 1 + is_address;
}

/* Where the next burst can go on without a look at the code cache. */
static void set_resume(struct interpreter *interpreter, unsigned int why)
{
	struct step *at = interpreter->at;

	interpreter->resume = NULL;
	if (!at || is_crossing(interpreter, at))
		return;
	interpreter->resume_key = interpreter->jump_key;
	interpreter->resume_rip = interpreter->cpu->rip;
	switch (why) {
	case INTERPRET_SLOW:
		/* If that leads to the next instruction. */
		interpreter->resume = at->length ? behind(at) : NULL;
		interpreter->resume_rip = next_eip(interpreter, at);
		break;
	case INTERPRET_WINDOW:
		interpreter->resume = at + 1;
		break;
	default:
		interpreter->resume = at->index_register == STEP_HAS_ADDRESS ? at - 1 : at;
	}
}

static void commit(struct interpreter *interpreter, unsigned int why)
{
	struct virtual_cpu *cpu = interpreter->cpu;
	struct step *at = interpreter->at;

	cpu->rflags = (cpu->rflags & ~(u64)EFLAGS_STATUS) | (interpreter->flags & EFLAGS_STATUS);
	cpu->regs[REG_R9] = 0;
	if (!at)
		cpu->rip = interpreter->eip;
	else if (why == INTERPRET_WINDOW)
		cpu->rip = next_eip(interpreter, at);
	else
		cpu->rip = (u32)(interpreter->page_eip + at->offset);
}

/*
 * Two pages that one instruction needs may have the same place in the TLB and
 * drive each other out for ever: then it is done the slow way. More misses than
 * this need not be: two pages of code, two of data.
 */
#define MISSES_AT_MOST 4

static unsigned int end_stall(struct interpreter *interpreter, unsigned int why)
{
	if (why == INTERPRET_TLB_MISS && !executed(interpreter)) {
		if (++interpreter->stalled <= MISSES_AT_MOST)
			return why;
		why = INTERPRET_SLOW;
	}
	interpreter->stalled = 0;
	return why;
}

/**
 * interpreter_run() - execute guest code; see interpret.h
 * @interpreter: whose
 * @budget: how many instructions
 * @report: filled in
 *
 * Return: why it stopped.
 */
enum interpret_exit interpreter_run(struct interpreter *interpreter, u64 budget,
				    struct interpret_report *report)
{
	struct virtual_cpu *cpu = interpreter->cpu;
	struct step *step = NULL;
	unsigned int why;

	*report = (struct interpret_report){};
	if (takes_slow_way(cpu)) {
		interpreter->statistics.exits[INTERPRET_SLOW]++;
		return INTERPRET_SLOW;
	}
	prepare_mode(interpreter);
	cpu->regs[REG_R8] = 0;
	interpreter->budget = budget;
	interpreter->granted = min_t(u64, budget, INTERPRET_POLL);
	interpreter->ticks = interpreter->granted;
	interpreter->flags = cpu->rflags;
	interpreter->eip = cpu->rip;
	interpreter->at = NULL;
	if (interpreter->resume && interpreter->resume_rip == cpu->rip &&
	    interpreter->resume_key == interpreter->jump_key) {
		step = interpreter->resume;
		/* The end of the block will count from its start. */
		interpreter->ticks += step->index;
	}

	why = end_stall(interpreter, burst(interpreter, step));
	commit(interpreter, why);
	set_resume(interpreter, why);
	report->instructions = executed(interpreter);
	if (why == INTERPRET_WINDOW && interpreter->at->length)
		report->instructions++;
	report->linear = interpreter->miss_linear;
	report->access = interpreter->miss_access;
	report->gfn = interpreter->miss_gfn;
	interpreter->statistics.instructions += report->instructions;
	interpreter->statistics.exits[why]++;
	return why;
}

/* ---- the rest of the door ------------------------------------------------------------------ */

/**
 * interpreter_init() - make an interpreter; see interpret.h
 * @cpu: whom it executes
 * @host: callbacks
 * @memory: zeroed
 * @bytes: how much
 *
 * Return: NULL if there is too little memory.
 */
struct interpreter *interpreter_init(struct virtual_cpu *cpu, const struct interpreter_host *host,
				     void *memory, size_t bytes)
{
	size_t used = (sizeof(struct interpreter) + GUEST_PAGE - 1) & ~(size_t)(GUEST_PAGE - 1);
	struct interpreter *interpreter = memory;

	if (bytes < INTERPRETER_MEMORY_MINIMUM || bytes < used)
		return NULL;
	interpreter->cpu = cpu;
	interpreter->arena = (struct step *)((u8 *)memory + used);
	interpreter->arena_slots = min_t(u64, (bytes - used) / sizeof(struct step), 1U << 24);
	burst_bus_init(interpreter);
	interpreter_tlb_flush(interpreter, false);
	interpreter_code_flush(interpreter);
	interpreter->host = host;
	interpreter->statistics.code_flushes = 0;
	return interpreter;
}

/**
 * interpreter_want_window() - whether an interrupt waits for IF
 * @interpreter: whose
 * @wanted: whether
 */
void interpreter_want_window(struct interpreter *interpreter, bool wanted)
{
	interpreter->window_wanted = wanted;
}

/**
 * interpreter_statistics() - what it did so far
 * @interpreter: whose
 *
 * Return: counters, which go on.
 */
const struct interpreter_statistics *interpreter_statistics(const struct interpreter *interpreter)
{
	return &interpreter->statistics;
}
