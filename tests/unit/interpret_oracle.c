// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interpreter's fast core against the real processor: executes what the
 * emulator's oracle executed natively, and everything must come out equal. What
 * the core leaves to the emulator is that oracle's business; it is counted.
 *
 * usage: interpret_oracle <LOG
 * Prints TAP, one result for each operation that the core has executed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decode/undefined.h"
#include "interpret/interpret.h"
#include "oracle_log.h"

#define PAGE		 4096
#define MOST_DIFFERENCES 20
#define MOST_BURSTS	 100

static struct virtual_cpu cpu;
static struct oracle_context context;
static struct oracle_record record;
static struct oracle_test test;
static u8 data[NATIVE_READABLE] __aligned(PAGE);
static u8 expected[NATIVE_READABLE];
static u8 code[NATIVE_CODE_BYTES] __aligned(PAGE);
static u8 space[INTERPRETER_MEMORY_MINIMUM * 2] __aligned(PAGE);
static struct interpreter *interpreter;

static struct {
	unsigned long states, left, differences;
} tallies[OPERATIONS];

/* ---- the core's owner ---------------------------------------------------------- */

static bool should_stop(struct virtual_cpu *machine)
{
	(void)machine;
	return false;
}

static void code_dropped(struct virtual_cpu *machine, u64 gfn)
{
	(void)machine;
	(void)gfn;
}

static const struct interpreter_host host = {
	.should_stop = should_stop,
	.code_dropped = code_dropped,
};

static bool fill(const struct interpret_report *report)
{
	u32 page = (u32)report->linear & ~(PAGE - 1);
	unsigned int allowed = INTERPRET_PAGE_READ;
	u8 *where;

	if (page - NATIVE_DATA < NATIVE_READABLE) {
		where = data + (page - NATIVE_DATA);
		if (page - NATIVE_DATA < NATIVE_WRITABLE)
			allowed |= INTERPRET_PAGE_WRITE;
	} else if (page - NATIVE_CODE < NATIVE_CODE_BYTES && report->access == ACCESS_FETCH) {
		where = code + (page - NATIVE_CODE);
		allowed = INTERPRET_PAGE_EXECUTE;
	} else {
		return false;
	}
	return interpreter_tlb_fill(interpreter, page, where, page / PAGE, allowed, report->access);
}

/* Until the core will not go on: at the INT3 behind the instruction, or at itself. */
static void run_core(void)
{
	struct interpret_report report;
	unsigned int i;

	for (i = 0; i < MOST_BURSTS; i++) {
		switch (interpreter_run(interpreter, INTERPRET_POLL, &report)) {
		case INTERPRET_TLB_MISS:
			if (!fill(&report))
				return;
			break;
		case INTERPRET_CODE_PAGE: interpreter_code_page_add(interpreter, report.gfn); break;
		case INTERPRET_CODE_FULL: interpreter_code_flush(interpreter); break;
		case INTERPRET_SLOW: return;
		default: break;
		}
	}
}

/* ---- comparing ------------------------------------------------------------------- */

static void apply(u8 *to, const struct oracle_write *writes, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		memcpy(to + 4 * writes[i].word, &writes[i].value, 4);
}

/* Processors differ in whether a selector is pushed as two bytes or as four. */
static void forgive_selector(void)
{
	const struct insn *insn = &test.insn;
	u32 sp = record.native.regs[REG_SP];
	u32 at = (test.stack16 ? sp & 0xffff : sp - NATIVE_DATA) + 2;

	if (insn->operation == OPERATION_PUSH_SEGMENT && insn->operand_size == 4 &&
	    at <= NATIVE_WRITABLE - 2)
		memcpy(data + at, expected + at, 2);
}

static const char *difference(u32 base)
{
	const struct native_state *native = &record.native;
	u32 flags = ~(u32)X86_EFLAGS_RF;
	unsigned int i;

	flags &= ~undefined_flags(&test.insn, test.before.regs[REG_CX]);
	/* It came to the end, or to a place that cannot be fetched from. */
	if (native->trap != X86_TRAP_BP &&
	    !(native->trap == X86_TRAP_PF && native->error_code & PFERR_FETCH))
		return "the processor raises an exception";
	for (i = 0; i < 8; i++)
		if ((u32)cpu.regs[i] != native->regs[i])
			return "registers";
	if (base + (u32)cpu.rip != native->eip)
		return "EIP";
	if (((u32)cpu.rflags ^ native->eflags) & flags)
		return "flags";
	forgive_selector();
	return memcmp(data, expected, NATIVE_READABLE) ? "memory" : NULL;
}

static void report(const char *what)
{
	const struct native_state *native = &record.native;
	unsigned int i;

	printf("# %s, %s:", operation_name(test.insn.operation), what);
	for (i = 0; i < test.insn.length; i++)
		printf(" %02x", test.code[i]);
	printf("\n#   before   ");
	for (i = 0; i < 8; i++)
		printf(" %08x", test.before.regs[i]);
	printf(" fl %08x\n#   core     ", test.before.eflags);
	for (i = 0; i < 8; i++)
		printf(" %08x", (u32)cpu.regs[i]);
	printf(" fl %08x eip %08x\n#   processor", (u32)cpu.rflags, (u32)cpu.rip);
	for (i = 0; i < 8; i++)
		printf(" %08x", native->regs[i]);
	printf(" fl %08x eip %08x trap %d\n", native->eflags, native->eip, (int)native->trap);
}

static void put_code(void)
{
	u8 *place = code + (NATIVE_CODE_START - NATIVE_CODE);

	memset(place, 0xcc, 2 * INSN_MAX_LENGTH);
	memcpy(place, test.code, test.insn.length);
	interpreter_code_recheck(interpreter);
}

static void run_one(void)
{
	static unsigned int printed;
	unsigned int operation = test.insn.operation;
	const char *what;
	u32 base;

	apply(data, record.before, record.before_count);
	memcpy(expected, data, NATIVE_READABLE);
	apply(expected, record.after, record.after_count);
	if (!record.comparable) {
		memcpy(data, expected, NATIVE_READABLE);
		return;
	}
	put_code();
	base = oracle_start(&cpu, &test, &context);
	run_core();
	/* Not begun; or a repetition that goes on elsewhere, for a page that is not there. */
	if (base + (u32)cpu.rip == NATIVE_CODE_START) {
		tallies[operation].left++;
		memcpy(data, expected, NATIVE_READABLE);
		return;
	}
	tallies[operation].states++;
	what = difference(base);
	if (what) {
		tallies[operation].differences++;
		if (printed++ < MOST_DIFFERENCES)
			report(what);
	}
	memcpy(data, expected, NATIVE_READABLE);
}

static bool read_some(void *to, size_t bytes)
{
	return !bytes || fread(to, bytes, 1, stdin) == 1;
}

static bool decode_test(void)
{
	memcpy(test.code, record.code, sizeof(test.code));
	test.before = record.start;
	test.stack16 = record.stack16;
	return decode_insn(&test.insn, test.code, INSN_MAX_LENGTH,
			   record.code16 ? INSN_MODE_16 : INSN_MODE_32) == DECODE_OK;
}

static bool read_record(void)
{
	return read_some(&record, ORACLE_RECORD_BYTES) &&
	       record.before_count <= ARRAY_SIZE(record.before) &&
	       record.after_count <= ARRAY_SIZE(record.after) &&
	       read_some(record.before, record.before_count * sizeof(*record.before)) &&
	       read_some(record.after, record.after_count * sizeof(*record.after)) && decode_test();
}

int main(void)
{
	unsigned long states = 0, left = 0;
	unsigned int operation, count = 0, failed = 0;

	if (!read_some(&context, sizeof(context))) {
		printf("Bail out! there is no log of the emulator's oracle\n");
		return 1;
	}
	memset(code, 0xcc, sizeof(code));
	oracle_init_cpu(&cpu, NULL, &context);
	interpreter = interpreter_init(&cpu, &host, space, sizeof(space));
	if (!interpreter)
		return 1;
	while (read_record())
		run_one();
	for (operation = 0; operation < OPERATIONS; operation++) {
		states += tallies[operation].states;
		left += tallies[operation].left;
		if (!tallies[operation].states)
			continue;
		failed += tallies[operation].differences != 0;
		printf("%sok %u - %s: %lu states, %lu left to the emulator, %lu differences\n",
		       tallies[operation].differences ? "not " : "", ++count,
		       operation_name(operation), tallies[operation].states,
		       tallies[operation].left, tallies[operation].differences);
	}
	failed += states < left / 4;
	printf("%sok %u - the core executed %lu states and left %lu to the emulator\n1..%u\n",
	       states < left / 4 ? "not " : "", count + 1, states, left, count + 1);
	return failed ? 1 : 0;
}
