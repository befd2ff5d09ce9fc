// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random tests, made while they run. See generate.h.
 */
#include "fast.h"
#include "generate.h"
#include "random.h"
#include "decode/undefined.h"

#include <stdio.h>

#define STEPS_ENTER   100
#define IMAGE	      0x100000 /* of the guest: guest.ld */
#define IMAGE_END     0x110000
#define STEPS_LEAVE   100
#define STEPS_TEST    256
#define TRIES	      24
#define FRAME_MOST    16  /* bytes of an exception's frame in the same ring */
#define TASK_STUB     256 /* behind those of vectors */
#define NO_VECTOR     0xff
#define ELEMENTS_MOST 64 /* of a repeated string instruction */

/* ---- where the CPU is -------------------------------------------------------------------- */

static bool in_arena(const struct machine *machine)
{
	u32 pc = machine_pc(machine), address;

	if (!machine_translate((struct machine *)machine, pc, &address))
		return false;
	return address >= ARENA_CODE && address < ARENA_END;
}

/* The number of the entry of ours where the CPU is; -1: at none. */
static int stub_number(const struct generator *generator)
{
	const struct replay_image *image = generator->image;
	const u32 tables[] = { image->stubs, image->stubs16, image->stubs_real };
	u32 pc = machine_pc(generator->machine);
	unsigned int i;

	if (cpu_cpl(&generator->machine->cpu))
		return -1;
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		if (pc - tables[i] < 256 * STUB_BYTES && (pc - tables[i]) % STUB_BYTES == 0)
			return (pc - tables[i]) / STUB_BYTES;
	return pc == image->task_stub ? TASK_STUB : -1;
}

static bool at_stub(const struct generator *generator)
{
	return stub_number(generator) >= 0;
}

/* ---- in and out ----------------------------------------------------------------------------- */

static bool is_our_code(u32 pc)
{
	return (pc >= ARENA_LOW_CODE && pc < ARENA_CODE) || (pc >= IMAGE && pc < IMAGE_END);
}

static bool run_enter(struct generator *generator)
{
	struct machine *machine = generator->machine;
	struct machine_trace trace;
	unsigned int i;

	machine->guarded = false;
	machine->unsafe = false;
	machine->cpu.rip = generator->image->enter;
	machine->cpu.rflags = X86_EFLAGS_FIXED;
	machine->cpu.regs[REG_SP] = generator->image->stack - 256;
	for (i = 0; i < STEPS_ENTER; i++) {
		u32 pc = machine_pc(machine);

		if (machine_step(machine, &trace) != STEP_DONE || trace.delivered)
			return false;
		/* The IRET at its end leads into the arena, or the test is none. */
		if (trace.insn.operation == OPERATION_IRET && is_our_code(pc)) {
			machine->guarded = true;
			return in_arena(machine);
		}
	}
	return false;
}

static bool run_leave(struct generator *generator)
{
	struct machine *machine = generator->machine;
	struct machine_trace trace;
	unsigned int i;

	machine->guarded = false;
	for (i = 0; i < STEPS_LEAVE; i++) {
		if (machine_pc(machine) == generator->image->done && !cpu_cpl(&machine->cpu))
			return true;
		if (machine_step(machine, &trace) != STEP_DONE || trace.delivered)
			return false;
	}
	return false;
}

/* ---- one instruction ---------------------------------------------------------------------------- */

/**
 * struct attempt - where to go back to
 */
struct attempt {
	struct cpu_snapshot cpu;
	unsigned int mark, patch_bytes, code_count;
	bool task_left;
};

static void attempt_begin(struct generator *generator, struct attempt *attempt)
{
	machine_save(generator->machine, &attempt->cpu);
	attempt->mark = generator->machine->undo_count;
	attempt->patch_bytes = generator->patch_bytes;
	attempt->code_count = generator->code_count;
	attempt->task_left = generator->task_left;
	generator->machine->unsafe = false;
}

static void attempt_undo(struct generator *generator, const struct attempt *attempt)
{
	machine_undo(generator->machine, attempt->mark);
	machine_restore(generator->machine, &attempt->cpu);
	generator->patch_bytes = attempt->patch_bytes;
	generator->code_count = attempt->code_count;
	generator->task_left = attempt->task_left;
	generator->machine->unsafe = false;
}

static bool overlaps_code(const struct generator *generator, u32 start, u32 end)
{
	unsigned int i;

	for (i = 0; i < generator->code_count; i++)
		if (start < generator->code[i].end && generator->code[i].start < end)
			return true;
	return false;
}

/* Put an instruction where the CPU is; false: executed code is there. */
static bool place_code(struct generator *generator, const u8 *bytes, unsigned int count)
{
	u32 linear = machine_pc(generator->machine);
	unsigned int done = 0;

	while (done < count) {
		unsigned int part = min_t(unsigned int, count - done, 4096 - linear % 4096);
		u32 address;

		if (!machine_translate(generator->machine, linear, &address)) {
			/* Nothing can be fetched there, which is a test too. */
			return done > 0;
		}
		if (overlaps_code(generator, address, address + part) ||
		    generator->code_count == ARRAY_SIZE(generator->code) ||
		    !generator_patch(generator, address, bytes + done, part))
			return false;
		generator->code[generator->code_count].start = address;
		generator->code[generator->code_count].end = address + part;
		generator->code_count++;
		linear += part;
		done += part;
	}
	return true;
}

enum outcome { OUTCOME_REJECTED, OUTCOME_GOES_ON, OUTCOME_ENDED };

/* A trap or fault has to lead to one of our entries. */
static bool deliver(struct generator *generator, const struct cpu_exception *exception)
{
	struct virtual_cpu *cpu = &generator->machine->cpu;
	u64 cr2 = exception->vector == X86_TRAP_PF ? exception->cr2 : cpu->cr2;
	u32 top = cpu->segments[SEGMENT_SS].base + cpu->regs[REG_SP];

	if (excluded_real_stack(cpu) && !generator->strict) {
		generator->excluded[EXCLUDED_REAL_STACK]++;
		return false;
	}
	cpu->fault.vector = NO_VECTOR;
	if (cpu_deliver(cpu, CPU_EVENT_EXCEPTION, exception, cpu->rip) != CPU_OK ||
	    !at_stub(generator))
		return false;
	/* A frame that does not fit into the stack segment. */
	if ((cpu->fault.vector == X86_TRAP_SS ||
	     (cpu->fault.vector == X86_TRAP_DF && cpu->cr2 == cr2)) &&
	    !generator->strict) {
		generator->excluded[EXCLUDED_SEGMENT]++;
		return false;
	}
	/* The entry of another vector takes the error code for something else. */
	if (generator->error_ignored && stub_number(generator) != exception->vector)
		return false;
	/* A part of the frame may have been written. */
	if (cpu->fault.vector != NO_VECTOR && ((top - FRAME_MOST) ^ (top - 1)) & ~4095U &&
	    !generator->strict) {
		generator->excluded[EXCLUDED_PARTIAL]++;
		return false;
	}
	if (cpu->fault.vector != NO_VECTOR && !generator->strict) {
		generator->error_ignored |= ERROR_CODE_EXT;
		generator->excluded[EXCLUDED_EXTERNAL]++;
	}
	return true;
}

/* IRET to the task before this one. */
static bool returns_to_task(const struct generator *generator, const struct machine_trace *trace,
			    const struct attempt *attempt, enum cpu_result result)
{
	return trace->decoded && trace->insn.operation == OPERATION_IRET && result == CPU_OK &&
	       generator->machine->cpu.tr.selector != attempt->cpu.cpu.tr.selector;
}

static bool can_be_compared(struct generator *generator, const struct machine_trace *trace,
			    const struct attempt *attempt, unsigned int mark,
			    enum cpu_result result)
{
	enum exclusion why = exclusion_of(generator->machine, trace, &attempt->cpu, mark, result);

	if (why == EXCLUDED_NOT && generator->task_left &&
	    returns_to_task(generator, trace, attempt, result))
		why = EXCLUDED_TASK_RETURN;
	if (why == EXCLUDED_NOT || (generator->strict && why >= EXCLUDED_STRICT_FIRST))
		return true;
	generator->excluded[why]++;
	if (why == EXCLUDED_MODIFY)
		generator->error_ignored = PFERR_WRITE;
	if (why == EXCLUDED_FLAGS_FAULT) {
		generator->error_ignored = PFERR_WRITE;
		generator->flags_ignored = ~0U;
	}
	/* Even bits that are no flags, and of operands that have nothing to do with it. */
	if (why == EXCLUDED_TASK_FLAGS || why == EXCLUDED_CMPXCHG8B)
		generator->undefined_more = ~0U;
	if (why == EXCLUDED_CMPXCHG8B)
		generator->undefined_more &= ~(u32)X86_EFLAGS_ZF;
	if (why == EXCLUDED_TASK_FLAGS && trace->insn.operation == OPERATION_CALL_FAR)
		generator->task_left = true;
	return why >= EXCLUDED_PART_FIRST;
}

static bool is_software_interrupt(unsigned int operation)
{
	return operation == OPERATION_INT || operation == OPERATION_INT3 ||
	       operation == OPERATION_INTO || operation == OPERATION_INT1;
}

/* Stubs take it that these vectors have an error code; those of INT n have none. */
static bool misleading_vector(const struct insn *insn)
{
	u8 vector = insn->immediate;

	return insn->operation == OPERATION_INT &&
	       (vector == 8 || (vector >= 10 && vector <= 14) || vector == 17);
}

/* Even with what is there already. */
static bool writes_to_code(const struct generator *generator, unsigned int mark)
{
	const struct machine *machine = generator->machine;

	for (; mark < machine->undo_count; mark++)
		if (overlaps_code(generator, machine->undo[mark].address,
				  machine->undo[mark].address + 1))
			return true;
	return false;
}

static enum outcome execute(struct generator *generator, const struct attempt *attempt,
			    struct machine_trace *trace)
{
	struct machine *machine = generator->machine;
	struct virtual_cpu *cpu = &machine->cpu;
	unsigned int mark = machine->undo_count;
	enum cpu_result result = machine_execute(machine, trace);
	struct cpu_exception exception;

	if ((result != CPU_OK && result != CPU_FAULT) || machine->unsafe)
		return OUTCOME_REJECTED;
	if (writes_to_code(generator, mark)) {
		generator->excluded[EXCLUDED_OWN_CODE]++;
		return OUTCOME_REJECTED;
	}
	if (!can_be_compared(generator, trace, attempt, mark, result) || machine->unsafe)
		return OUTCOME_REJECTED;
	if (result == CPU_FAULT) {
		exception = cpu->fault;
		return deliver(generator, &exception) && !machine->unsafe ? OUTCOME_ENDED
									  : OUTCOME_REJECTED;
	}
	if (cpu->halted)
		return OUTCOME_REJECTED;
	if (cpu->pending_debug) {
		exception = (struct cpu_exception){
			.vector = X86_TRAP_DB,
			.dr6 = cpu->pending_debug,
			.trap = true,
		};
		cpu->pending_debug = 0;
		return deliver(generator, &exception) && !machine->unsafe ? OUTCOME_ENDED
									  : OUTCOME_REJECTED;
	}
	if (is_software_interrupt(trace->insn.operation) && at_stub(generator))
		return misleading_vector(&trace->insn) ? OUTCOME_REJECTED : OUTCOME_ENDED;
	return in_arena(machine) ? OUTCOME_GOES_ON : OUTCOME_REJECTED;
}

/* Whether INT3 would lead out from here. */
static bool can_end_here(struct generator *generator)
{
	static const u8 trap = 0xcc;
	struct machine_trace trace;
	struct attempt attempt;
	bool good;

	attempt_begin(generator, &attempt);
	good = place_code(generator, &trap, 1) &&
	       machine_execute(generator->machine, &trace) == CPU_OK && at_stub(generator) &&
	       !generator->machine->unsafe;
	attempt_undo(generator, &attempt);
	return good;
}

static enum outcome try_one(struct generator *generator, const struct candidate *candidate,
			    struct machine_trace *trace)
{
	struct attempt attempt;
	enum outcome outcome = OUTCOME_REJECTED;

	attempt_begin(generator, &attempt);
	if (place_code(generator, candidate->bytes, candidate->count))
		outcome = execute(generator, &attempt, trace);
	if (outcome == OUTCOME_GOES_ON && !can_end_here(generator))
		outcome = OUTCOME_REJECTED;
	if (outcome == OUTCOME_REJECTED)
		attempt_undo(generator, &attempt);
	return outcome;
}

/* ---- a test ----------------------------------------------------------------------------------------- */

/* What the test was, to see that it is the same once more. */
struct progress {
	u32 instructions;
	u32 undefined;
	struct {
		u16 operation;
		bool fault;
	} done[TEST_LONGEST];
};

static u32 count_before(const struct generator *generator)
{
	return generator->machine->cpu.regs[REG_CX];
}

/* CMP AL, imm8: all flags are defined after it, and nothing else changed. */
static enum outcome define_flags(struct generator *generator)
{
	const struct candidate compare = { { 0x3c, random64() }, 2 };
	struct machine_trace trace;

	return try_one(generator, &compare, &trace);
}

static enum outcome end_test(struct generator *generator)
{
	static const struct candidate ends[] = { { { 0xcc }, 1 }, { { 0x0f, 0x0b }, 2 } };
	struct machine_trace trace;

	if (try_one(generator, &ends[random_below(2)], &trace) == OUTCOME_ENDED)
		return OUTCOME_ENDED;
	return try_one(generator, &ends[0], &trace);
}

/* A repeated string instruction gives way after each element. */
static bool repeats(const struct generator *generator, const struct machine_trace *trace,
		    u32 pc_before)
{
	return machine_pc(generator->machine) == pc_before &&
	       (trace->insn.prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE));
}

/* A machine that does not see the fault shall not run on into nothing. */
static void plant_trap(struct generator *generator, u32 linear)
{
	static const u8 trap = 0xcc;
	u32 address;

	if (machine_translate(generator->machine, linear, &address) &&
	    !overlaps_code(generator, address, address + 1))
		generator_patch(generator, address, &trap, 1);
}

static enum outcome next_instruction(struct generator *generator, struct progress *progress)
{
	u32 cx = count_before(generator), pc = machine_pc(generator->machine);
	struct candidate candidate;
	struct machine_trace trace = { .decoded = false };
	struct attempt attempt;
	enum outcome outcome;
	unsigned int elements = 0;

	generator->undefined_more = 0;
	attempt_begin(generator, &attempt);
	candidate_choose(generator, &candidate);
	outcome = try_one(generator, &candidate, &trace);
	while (outcome == OUTCOME_GOES_ON && repeats(generator, &trace, pc)) {
		struct attempt element;

		if (++elements == ELEMENTS_MOST) {
			outcome = OUTCOME_REJECTED;
			break;
		}
		attempt_begin(generator, &element);
		outcome = execute(generator, &element, &trace);
	}
	/* A fault is the end of the test: not too soon. */
	if (outcome == OUTCOME_ENDED && chance(50))
		outcome = OUTCOME_REJECTED;
	if (outcome == OUTCOME_REJECTED) {
		attempt_undo(generator, &attempt);
		return outcome;
	}
	if (outcome == OUTCOME_ENDED && trace.decoded)
		plant_trap(generator, pc + trace.insn.length);
	progress->done[progress->instructions].operation = trace.decoded ? trace.insn.operation
									 : OPERATION_INVALID;
	progress->done[progress->instructions].fault = outcome == OUTCOME_ENDED;
	progress->instructions++;
	progress->undefined = trace.decoded ? undefined_flags(&trace.insn, cx) : 0;
	progress->undefined |= generator->undefined_more;
	return outcome;
}

static enum outcome choose_instructions(struct generator *generator, struct progress *progress)
{
	unsigned int wanted = 1 + random_below(TEST_LONGEST), tries = 0;
	enum outcome outcome = OUTCOME_GOES_ON;

	generator->stashed = false;
	while (progress->instructions < wanted && outcome != OUTCOME_ENDED) {
		outcome = next_instruction(generator, progress);
		if (outcome == OUTCOME_REJECTED && ++tries == TRIES)
			break;
		if (outcome == OUTCOME_GOES_ON && progress->undefined &&
		    progress->instructions < wanted) {
			outcome = define_flags(generator);
			if (outcome == OUTCOME_REJECTED)
				break;
			if (outcome == OUTCOME_GOES_ON)
				progress->undefined = 0;
		}
	}
	return outcome == OUTCOME_ENDED ? outcome : end_test(generator);
}

/* ---- the same again, from the beginning, as another machine will do it -------------------------------- */

static void apply_patches(struct generator *generator)
{
	unsigned int at = 0;

	while (at < generator->patch_bytes) {
		u32 address, bytes;

		memcpy(&address, generator->patches + at, 4);
		memcpy(&bytes, generator->patches + at + 4, 4);
		machine_poke(generator->machine, address, generator->patches + at + 8, bytes);
		at += 8 + ((bytes + 3) & ~3U);
	}
}

static void place_state(struct generator *generator, const struct replay_state *state)
{
	u8 *page = generator->machine->memory + ARENA_STATE;

	memset(page, 0, 4096);
	memcpy(page, state, sizeof(*state));
}

static void show_step(const struct machine *machine, const struct machine_trace *trace, u32 pc)
{
	const struct virtual_cpu *cpu = &machine->cpu;
	unsigned int i;
	u32 address;

	printf("#   %08x: ", pc);
	for (i = 0; i < (trace->decoded ? trace->insn.length : 4U); i++)
		if (machine_translate((struct machine *)machine, pc + i, &address))
			printf(" %02x", machine->memory[address]);
	printf("  %s\n#     ", trace->decoded ? operation_name(trace->insn.operation) : "?");
	for (i = 0; i < 8; i++)
		printf(" %08x", (u32)cpu->regs[i]);
	printf(" fl %08x cs %04x ss %04x\n", (u32)cpu->rflags, cpu->segments[SEGMENT_CS].selector,
	       cpu->segments[SEGMENT_SS].selector);
}

static bool run_again(struct generator *generator, const struct replay_state *state)
{
	struct machine *machine = generator->machine;
	enum outcome outcome = OUTCOME_GOES_ON;
	struct machine_trace trace;
	unsigned int i;

	if (generator->verbose)
		printf("#   executed:\n");
	apply_patches(generator);
	place_state(generator, state);
	if (!run_enter(generator))
		return false;
	generator->error_ignored = 0;
	generator->flags_ignored = 0;
	generator->task_left = false;
	for (i = 0; i < STEPS_TEST && outcome == OUTCOME_GOES_ON; i++) {
		struct attempt attempt;
		u32 pc = machine_pc(machine);

		attempt_begin(generator, &attempt);
		outcome = execute(generator, &attempt, &trace);
		if (generator->verbose)
			show_step(machine, &trace, pc);
	}
	return outcome == OUTCOME_ENDED && run_leave(generator);
}

static bool out_of_test(const void *generator)
{
	return at_stub(generator);
}

/* The arena and the CPU, as the emulator left them. */
struct aftermath {
	u8 arena[ARENA_BYTES];
	struct cpu_snapshot cpu;
};

static const char *compare_aftermath(struct generator *generator, const struct aftermath *aftermath)
{
	struct machine *machine = generator->machine;
	char *words = generator->words;
	unsigned int i;

	machine->memory[ARENA_DATA] ^= generator->spoil_fast;
	if (!memcmp(aftermath->arena, machine->memory + ARENA, ARENA_BYTES))
		return fast_difference(&aftermath->cpu.cpu, &machine->cpu);
	for (i = 0; i < ARENA_BYTES; i++) {
		if (machine->memory[ARENA + i] == aftermath->arena[i])
			continue;
		snprintf(words, sizeof(generator->words),
			 "memory %05x: emulator %02x, fast core %02x", ARENA + i,
			 aftermath->arena[i], machine->memory[ARENA + i]);
		break;
	}
	return words;
}

/* The same by the interpreter, of which every bit has to agree. */
static void run_fast(struct generator *generator, const struct replay_state *state,
		     const struct cpu_snapshot *monitor)
{
	static struct aftermath aftermath;
	struct machine *machine = generator->machine;

	memcpy(aftermath.arena, machine->memory + ARENA, ARENA_BYTES);
	machine_save(machine, &aftermath.cpu);
	machine_undo(machine, 0);
	machine_restore(machine, monitor);
	apply_patches(generator);
	place_state(generator, state);
	if (!run_enter(generator) || !fast_run(machine, out_of_test, generator))
		generator->disagreement = "the fast core does not come to the end";
	else if (!run_leave(generator))
		generator->disagreement = "the fast core does not lead back";
	else
		generator->disagreement = compare_aftermath(generator, &aftermath);
	memcpy(machine->memory + ARENA, aftermath.arena, ARENA_BYTES);
	machine_restore(machine, &aftermath.cpu);
}

static void take_result(struct generator *generator, struct replay_record *record, u32 undefined)
{
	memcpy(&record->expected, generator->machine->memory + ARENA_STATE + RESULT, RESULT_BYTES);
	memset(&record->mask, 0xff, sizeof(record->mask));
	record->mask.gdtr.pad = 0;
	record->mask.idtr.pad = 0;
	record->mask.eflags = ~(undefined | generator->flags_ignored);
	/* VM among them makes the guest look for more on its stack. */
	if (~record->mask.eflags & X86_EFLAGS_VM) {
		record->mask.old_esp = 0;
		record->mask.old_ss = 0;
		record->mask.old_es = 0;
		record->mask.old_ds = 0;
		record->mask.old_fs = 0;
		record->mask.old_gs = 0;
	}
	record->mask.error = ~generator->error_ignored;
	/* QEMU sets RF seldom. */
	if (!generator->strict)
		record->mask.eflags &= ~(u32)X86_EFLAGS_RF;
	/* B0 to B3 of breakpoints that are not enabled may be set or not. */
	record->mask.dr6 = ~0xfU;
}

static void count_test(struct generator *generator, const struct progress *progress,
		       const struct replay_record *record)
{
	unsigned int i;

	generator->tests++;
	generator->instructions += progress->instructions;
	generator->kinds[record->state.kind]++;
	generator->vectors[record->expected.vector & 0xff]++;
	for (i = 0; i < progress->instructions; i++) {
		generator->executed[progress->done[i].operation]++;
		generator->faults[progress->done[i].operation] += progress->done[i].fault;
	}
}

bool generate_test(struct generator *generator, struct replay_record *record)
{
	struct machine *machine = generator->machine;
	struct progress progress = { 0 };
	struct replay_result first;
	struct cpu_snapshot monitor;
	bool good;

	memset(record, 0, sizeof(*record));
	machine_save(machine, &monitor);
	machine->undo_count = 0;
	generator->patch_bytes = 0;
	generator->code_count = 0;
	generator->error_ignored = 0;
	generator->flags_ignored = 0;
	generator->task_left = false;
	generator->disagreement = NULL;
	world_state(&generator->world, &record->state);
	place_state(generator, &record->state);
	good = run_enter(generator) && choose_instructions(generator, &progress) == OUTCOME_ENDED &&
	       progress.instructions && run_leave(generator);
	memcpy(&first, machine->memory + ARENA_STATE + RESULT, sizeof(first));
	machine_undo(machine, 0);
	machine_restore(machine, &monitor);
	if (good) {
		good = run_again(generator, &record->state);
		take_result(generator, record, progress.undefined);
		/* Code that read or overwrote what was put there later differs. */
		good = good && !memcmp(&first, &record->expected, sizeof(first));
		if (!good) {
			machine_undo(machine, 0);
			machine_restore(machine, &monitor);
		}
	}
	if (!good) {
		generator->discarded++;
		return false;
	}
	if (generator->fast)
		run_fast(generator, &record->state, &monitor);
	record->instructions = progress.instructions;
	record->patch_bytes = generator->patch_bytes;
	count_test(generator, &progress, record);
	return true;
}
