// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator against the real processor: random encodings of unprivileged
 * integer instructions on random registers, flags and memory run both ways,
 * and everything must come out equal: registers, flags, EIP, memory, and for
 * faults the vector, error code and CR2.
 *
 * Environment: RINGLET_ORACLE_STATES (how many), RINGLET_ORACLE_SEED,
 * RINGLET_ORACLE_LOG (a file or pipe for interpret_oracle.c).
 * Builds with -m32; prints TAP, one result for each operation.
 */
#include "emulate/emulate.h"
#include "oracle_log.h"
#include "decode/undefined.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_STATES	 2000000
#define MOST_DIFFERENCES 20
#define MOST_REPEATS	 2000

/* ---- the emulated machine ------------------------------------------------ */

static struct virtual_cpu cpu;
static struct oracle_context context;
static u8 memory[NATIVE_READABLE] __aligned(64);
/* An access went where the real processor must not follow. */
static bool unsafe;

static bool byte_allowed(u32 linear, bool write, bool *present)
{
	*present = linear - NATIVE_DATA < NATIVE_READABLE;
	return linear - NATIVE_DATA < (write ? NATIVE_WRITABLE : NATIVE_READABLE);
}

static enum cpu_result check(struct virtual_cpu *machine, u64 linear, unsigned int bytes,
			     unsigned int access)
{
	bool write = access & (ACCESS_WRITE | ACCESS_MODIFY);
	unsigned int i;

	if (!native_is_safe(linear, bytes))
		unsafe = true;
	for (i = 0; i < bytes; i++) {
		bool present;

		if (byte_allowed(linear + i, write, &present))
			continue;
		return cpu_page_fault(machine, linear + i,
				      PFERR_USER | (write ? PFERR_WRITE : 0) |
					      (present ? PFERR_PRESENT : 0));
	}
	return CPU_OK;
}

static enum cpu_result bus_read(struct virtual_cpu *machine, u64 linear, void *data,
				unsigned int bytes, unsigned int access)
{
	enum cpu_result result;

	/* The TSS: its I/O map denies all. */
	if (access & ACCESS_SYSTEM) {
		memset(data, 0xff, bytes);
		return CPU_OK;
	}
	result = check(machine, linear, bytes, access);
	if (result == CPU_OK)
		memcpy(data, memory + (linear - NATIVE_DATA), bytes);
	return result;
}

static enum cpu_result bus_write(struct virtual_cpu *machine, u64 linear, const void *data,
				 unsigned int bytes, unsigned int access)
{
	enum cpu_result result = check(machine, linear, bytes, access | ACCESS_WRITE);

	if (result == CPU_OK)
		memcpy(memory + (linear - NATIVE_DATA), data, bytes);
	return result;
}

static enum cpu_result bus_compare_exchange(struct virtual_cpu *machine, u64 linear, u64 *expected,
					    u64 desired, unsigned int bytes, bool *done)
{
	(void)expected;
	*done = true;
	return bus_write(machine, linear, &desired, bytes, ACCESS_WRITE);
}

static u64 bus_read_tsc(struct virtual_cpu *machine)
{
	(void)machine;
	return 0;
}

static void bus_changed(struct virtual_cpu *machine, unsigned int what)
{
	(void)machine;
	(void)what;
}

static const struct cpu_bus bus = {
	.read = bus_read,
	.write = bus_write,
	.probe = check,
	.compare_exchange = bus_compare_exchange,
	.read_tsc = bus_read_tsc,
	.changed = bus_changed,
};

/* ---- which operations take part ------------------------------------------- */

/* clang-format off */
static const bool operations[OPERATIONS] = {
#define OPERATION(name) \
	[OPERATION_##name] = true
	OPERATION(ADD), OPERATION(ADC), OPERATION(SUB), OPERATION(SBB),
	OPERATION(CMP), OPERATION(INC), OPERATION(DEC), OPERATION(NEG),
	OPERATION(NOT), OPERATION(XADD), OPERATION(XCHG), OPERATION(CMPXCHG),
	OPERATION(CMPXCHG8B),
	OPERATION(AND), OPERATION(OR), OPERATION(XOR), OPERATION(TEST),
	OPERATION(MUL), OPERATION(IMUL),
	OPERATION(DIV), OPERATION(IDIV),
	OPERATION(DAA), OPERATION(DAS),
	OPERATION(AAA), OPERATION(AAS),
	OPERATION(AAM), OPERATION(AAD),
	OPERATION(ROL), OPERATION(ROR),
	OPERATION(RCL), OPERATION(RCR),
	OPERATION(SHL), OPERATION(SHR), OPERATION(SAR),
	OPERATION(SHLD), OPERATION(SHRD),
	OPERATION(BT), OPERATION(BTS),
	OPERATION(BTR), OPERATION(BTC),
	OPERATION(BSF), OPERATION(BSR),
	OPERATION(LZCNT), OPERATION(TZCNT),
	OPERATION(POPCNT), OPERATION(CRC32), OPERATION(ADCX), OPERATION(ADOX),
	OPERATION(MOV), OPERATION(MOV_SEGMENT), OPERATION(MOVSX), OPERATION(MOVZX),
	OPERATION(MOVBE), OPERATION(MOVNTI), OPERATION(LEA), OPERATION(BSWAP),
	OPERATION(XLAT), OPERATION(CBW), OPERATION(CWD), OPERATION(CMOVCC),
	OPERATION(SETCC), OPERATION(LAHF), OPERATION(SAHF), OPERATION(SALC),
	OPERATION(CLC), OPERATION(STC), OPERATION(CMC), OPERATION(CLD),
	OPERATION(STD),
	OPERATION(PUSH), OPERATION(POP), OPERATION(PUSHA), OPERATION(POPA),
	OPERATION(PUSHF), OPERATION(POPF), OPERATION(PUSH_SEGMENT),
	OPERATION(ENTER), OPERATION(LEAVE),
	OPERATION(MOVS), OPERATION(CMPS), OPERATION(STOS), OPERATION(LODS),
	OPERATION(SCAS),
	OPERATION(JCC), OPERATION(JMP_NEAR), OPERATION(JMP_NEAR_INDIRECT),
	OPERATION(CALL_NEAR), OPERATION(CALL_NEAR_INDIRECT), OPERATION(RET_NEAR),
	OPERATION(LOOP), OPERATION(LOOPE), OPERATION(LOOPNE), OPERATION(JCXZ),
	OPERATION(BOUND), OPERATION(ARPL), OPERATION(NOP), OPERATION(PAUSE),
	OPERATION(UD0), OPERATION(UD1), OPERATION(UD2),
	/* These fault in user mode, with #GP(0). */
	OPERATION(CLI), OPERATION(STI), OPERATION(HLT), OPERATION(IN),
	OPERATION(OUT), OPERATION(INS), OPERATION(OUTS), OPERATION(CLTS),
	OPERATION(LMSW), OPERATION(LGDT), OPERATION(LIDT), OPERATION(LLDT),
	OPERATION(LTR), OPERATION(INVLPG), OPERATION(INVD), OPERATION(WBINVD),
	OPERATION(RDMSR), OPERATION(WRMSR), OPERATION(MOV_CONTROL),
	OPERATION(MOV_DEBUG), OPERATION(RDPMC),
#undef OPERATION
};
/* clang-format on */

/* Instructions that this machine may lack; then they are other ones. */
static bool machine_has(unsigned int operation)
{
	switch (operation) {
	case OPERATION_LZCNT: return __builtin_cpu_supports("lzcnt");
	case OPERATION_TZCNT: return __builtin_cpu_supports("bmi");
	case OPERATION_POPCNT: return __builtin_cpu_supports("popcnt");
	case OPERATION_CRC32: return __builtin_cpu_supports("sse4.2");
	case OPERATION_ADCX:
	case OPERATION_ADOX: return __builtin_cpu_supports("adx");
	case OPERATION_MOVBE: return __builtin_cpu_supports("movbe");
	default: return true;
	}
}

/* What AMD's processors do otherwise than Intel's, whom the emulator follows. */
static bool processors_differ(const struct insn *insn)
{
	if (__builtin_cpu_is("intel"))
		return false;
	switch (insn->operation) {
	/* They are conditions there, and take precedence over the opcode's. */
	case OPERATION_LOOPE:
	case OPERATION_LOOPNE: return insn->prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE);
	/* A prefetch of a register is undefined. */
	case OPERATION_NOP:
		return insn->map == INSN_MAP_0F && insn->opcode == 0x0d && insn->modrm >= 0xc0;
	/* LOCK makes CR8 of CR0. */
	case OPERATION_MOV_CONTROL: return insn->prefixes & INSN_PREFIX_LOCK;
	default: return false;
	}
}

/* The same of faults: all four bytes of a pushed selector are written, and a
 * comparison looks at the other operand first and shows the flags of before, and
 * BOUND reads both bounds. */
static bool faults_differ(const struct oracle_test *test, const struct native_state *emulated,
			  const struct native_state *native)
{
	if (__builtin_cpu_is("intel") || native->trap == X86_TRAP_BP)
		return false;
	/* The limit of a flat segment counts there: an access that goes around 4 GiB. */
	if (emulated->trap == X86_TRAP_AC &&
	    (native->trap == X86_TRAP_GP || native->trap == X86_TRAP_SS))
		return true;
	switch (test->insn.operation) {
	case OPERATION_PUSH_SEGMENT: return test->insn.operand_size == 4;
	case OPERATION_CMPS:
	case OPERATION_SCAS:
	case OPERATION_BOUND: return true;
	default: return false;
	}
}

bool oracle_takes_part(const struct insn *insn)
{
	if (processors_differ(insn))
		return false;
	/* Undefined, and processors differ. */
	if (insn->operation == OPERATION_BSWAP && insn->operand_size == 2)
		return false;
	/* Loads of a segment register need the descriptor tables of this
	 * machine; GS has a base that is not ours. */
	if (insn->operation == OPERATION_MOV_SEGMENT && insn->operands[0].kind == OPERAND_SEGMENT)
		return false;
	if (insn->segment == SEGMENT_GS)
		return false;
	return operations[insn->operation] && machine_has(insn->operation);
}

bool oracle_result_undefined(const struct insn *insn, const struct native_state *before)
{
	return result_undefined(insn, before->regs[REG_CX]);
}

/* ---- comparing ------------------------------------------------------------ */

static enum cpu_result emulate_all_iterations(const struct insn *insn)
{
	u64 rip = cpu.rip;
	enum cpu_result result;
	unsigned int repeats;

	for (repeats = 0; repeats < MOST_REPEATS; repeats++) {
		result = emulate_insn(&cpu, insn);
		if (result != CPU_OK || cpu.rip != rip)
			return result;
		if (!(insn->prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE)))
			return result;
	}
	return CPU_STOP;
}

/* What native_run() would say of it. False: the test must not run natively. */
static bool emulate(const struct oracle_test *test, struct native_state *after)
{
	u32 base = oracle_start(&cpu, test, &context);
	enum cpu_result result;
	unsigned int i;
	u32 eip;

	unsafe = false;
	result = emulate_all_iterations(&test->insn);
	eip = base + cpu.rip;

	*after = (struct native_state){ .eip = eip, .eflags = cpu.rflags };
	for (i = 0; i < 8; i++)
		after->regs[i] = cpu.regs[i];
	if (result == CPU_FAULT) {
		after->trap = cpu.fault.vector;
		after->error_code = cpu.fault.error_code;
		after->cr2 = cpu.fault.cr2;
		return !unsafe;
	}
	if (result != CPU_OK || unsafe)
		return false;
	if (eip < NATIVE_LOW_END) {
		/* A 16-bit branch of 32-bit code: the next fetch faults. */
		after->trap = X86_TRAP_PF;
		after->error_code = PFERR_USER | PFERR_FETCH;
		after->cr2 = eip;
		return true;
	}
	/* Elsewhere is other code; and it must not come back to itself. */
	after->trap = X86_TRAP_BP;
	return eip - NATIVE_CODE < NATIVE_CODE_BYTES &&
	       (eip - NATIVE_CODE_START >= INSN_MAX_LENGTH ||
		eip == NATIVE_CODE_START + test->insn.length);
}

struct tally {
	unsigned long states;
	unsigned long faults;
	unsigned long differences;
};

static struct tally tallies[OPERATIONS];
static unsigned long states_of_code16, states_of_stack16;

static void print_state(const char *what, const struct native_state *state)
{
	unsigned int i;

	printf("#   %-9s", what);
	for (i = 0; i < 8; i++)
		printf(" %08x", state->regs[i]);
	printf(" eip %08x fl %08x trap %d err %x cr2 %08x\n", state->eip, state->eflags,
	       (int)state->trap, state->error_code, state->cr2);
}

static void report(const struct oracle_test *test, const struct native_state *emulated,
		   const struct native_state *native)
{
	unsigned int i, shown = 0;
	const u8 *real = (const u8 *)NATIVE_DATA;

	printf("# %s, %s code, %s stack:", operation_name(test->insn.operation),
	       test->insn.mode == INSN_MODE_16 ? "16-bit" : "32-bit",
	       test->stack16 ? "16-bit" : "32-bit");
	for (i = 0; i < test->insn.length; i++)
		printf(" %02x", test->code[i]);
	printf("\n#             ax       cx       dx       bx       sp       bp       si       di\n");
	print_state("before", &test->before);
	print_state("emulated", emulated);
	print_state("native", native);
	for (i = 0; i < NATIVE_READABLE && shown < 16; i++) {
		if (memory[i] == real[i])
			continue;
		printf("#   memory %08x: emulated %02x native %02x\n", NATIVE_DATA + i, memory[i],
		       real[i]);
		shown++;
	}
}

/* Intel's processors store a pushed selector as two bytes, others as four. */
static void forgive_selector(const struct oracle_test *test, const struct native_state *native)
{
	u32 slot = test->stack16 ? NATIVE_STACK16_BASE + (native->regs[REG_SP] & 0xffff)
				 : native->regs[REG_SP];

	if (test->insn.operation != OPERATION_PUSH_SEGMENT || test->insn.operand_size != 4 ||
	    __builtin_cpu_is("intel"))
		return;
	if (native->trap == X86_TRAP_BP && slot - NATIVE_DATA <= NATIVE_WRITABLE - 4)
		memcpy(memory + (slot + 2 - NATIVE_DATA), (void *)(slot + 2), 2);
}

/*
 * What a processor has already pushed when a later push of the same
 * instruction faults stays below the stack pointer. The emulator looks first
 * and writes nothing.
 */
static bool pushes_before_fault(const struct oracle_test *test, const struct native_state *native)
{
	switch (test->insn.operation) {
	case OPERATION_ENTER:
	case OPERATION_PUSHA: return native->trap != X86_TRAP_BP;
	default: return false;
	}
}

/* POPA that faults midway leaves what it has popped in registers, though not in
 * ESP; it is restarted, so that nobody sees it. The emulator changes none. */
static bool same_registers(const struct oracle_test *test, const struct native_state *emulated,
			   const struct native_state *native)
{
	if (test->insn.operation == OPERATION_POPA && native->trap != X86_TRAP_BP)
		return emulated->regs[REG_SP] == native->regs[REG_SP];
	return !memcmp(emulated->regs, native->regs, sizeof(native->regs));
}

static bool equal(const struct oracle_test *test, const struct native_state *emulated,
		  const struct native_state *native)
{
	u32 flags = ~(u32)X86_EFLAGS_RF;

	if (faults_differ(test, emulated, native)) {
		memcpy(memory, (void *)NATIVE_DATA, NATIVE_READABLE);
		return test->insn.operation == OPERATION_PUSH_SEGMENT ||
		       (emulated->trap != X86_TRAP_BP && same_registers(test, emulated, native));
	}
	if (native->trap == X86_TRAP_BP || native->trap == X86_TRAP_PF)
		flags &= ~undefined_flags(&test->insn, test->before.regs[REG_CX]);
	if (!same_registers(test, emulated, native) || emulated->eip != native->eip ||
	    emulated->trap != native->trap || ((emulated->eflags ^ native->eflags) & flags))
		return false;
	if (native->trap == X86_TRAP_PF && emulated->cr2 != native->cr2)
		return false;
	if (native->trap != X86_TRAP_BP && emulated->error_code != native->error_code)
		return false;
	if (pushes_before_fault(test, native)) {
		memcpy(memory, (void *)NATIVE_DATA, NATIVE_READABLE);
		return true;
	}
	return !memcmp(memory, (void *)NATIVE_DATA, NATIVE_READABLE);
}

/* ---- what the interpreter's oracle reads ------------------------------------- */

static FILE *log_file;
static struct oracle_record record;
/* Memory as the log has it by now. */
static u32 logged[NATIVE_READABLE / 4];

static void log_memory(struct oracle_write *writes, u32 *count)
{
	const u32 *real = (const u32 *)NATIVE_DATA;
	unsigned int i;

	*count = 0;
	if (!log_file || !memcmp(real, logged, sizeof(logged)))
		return;
	for (i = 0; i < ARRAY_SIZE(logged); i++) {
		if (logged[i] == real[i])
			continue;
		logged[i] = real[i];
		writes[(*count)++] = (struct oracle_write){ .word = i, .value = real[i] };
	}
}

static void log_writes(const struct oracle_write *writes, u32 count)
{
	if (count)
		fwrite(writes, sizeof(*writes), count, log_file);
}

static void log_result(const struct oracle_test *test, const struct native_state *native,
		       bool comparable)
{
	if (!log_file)
		return;
	memcpy(record.code, test->code, sizeof(record.code));
	record.code16 = test->insn.mode == INSN_MODE_16;
	record.stack16 = test->stack16;
	record.comparable = comparable;
	record.start = test->before;
	record.native = *native;
	fwrite(&record, ORACLE_RECORD_BYTES, 1, log_file);
	log_writes(record.before, record.before_count);
	log_writes(record.after, record.after_count);
}

static void open_log(const char *path)
{
	if (!path || !*path)
		return;
	log_file = fopen(path, "wb");
	if (log_file && fwrite(&context, sizeof(context), 1, log_file) == 1)
		return;
	printf("Bail out! cannot write to %s\n", path);
	exit(1);
}

static void run_one(struct oracle_test *test)
{
	static unsigned int printed;
	struct tally *tally = &tallies[test->insn.operation];
	struct native_mode mode = {
		.code16 = test->insn.mode == INSN_MODE_16,
		.stack16 = test->stack16,
		.straight = oracle_goes_straight_on(&test->insn),
	};
	struct native_state emulated, native;
	bool same;

	if (!emulate(test, &emulated)) {
		memcpy(memory, (void *)NATIVE_DATA, NATIVE_READABLE);
		return;
	}
	native = test->before;
	log_memory(record.before, &record.before_count);
	native_run(&native, test->code, test->insn.length, mode);
	log_memory(record.after, &record.after_count);
	forgive_selector(test, &native);
	tally->states++;
	states_of_code16 += mode.code16;
	states_of_stack16 += mode.stack16;
	if (native.trap != X86_TRAP_BP)
		tally->faults++;
	same = equal(test, &emulated, &native);
	log_result(test, &native, same && !faults_differ(test, &emulated, &native));
	if (same)
		return;
	tally->differences++;
	if (printed++ < MOST_DIFFERENCES)
		report(test, &emulated, &native);
	memcpy(memory, (void *)NATIVE_DATA, NATIVE_READABLE);
}

void oracle_put(u32 linear, u32 value)
{
	if (linear - NATIVE_DATA > NATIVE_WRITABLE - sizeof(value))
		return;
	memcpy(memory + (linear - NATIVE_DATA), &value, sizeof(value));
	memcpy((void *)linear, &value, sizeof(value));
}

static void fill_memory(void)
{
	unsigned int i;

	for (i = 0; i < NATIVE_WRITABLE; i += 4)
		oracle_put(NATIVE_DATA + i, oracle_random_value());
}

static u64 number_from(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static unsigned int count_results(void)
{
	unsigned int operation, count = 0;

	for (operation = 0; operation < OPERATIONS; operation++)
		count += operations[operation] && machine_has(operation);
	return count;
}

int main(void)
{
	unsigned long states = number_from("RINGLET_ORACLE_STATES", DEFAULT_STATES);
	unsigned int operation, number = 0, failed = 0;
	unsigned long done = 0;
	u64 seed;
	struct oracle_test test;

	seed = number_from("RINGLET_ORACLE_SEED", 1);
	oracle_seed(seed);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %lu states, seed %" PRIu64 "\n", states, seed);
	native_init();
	memcpy(context.selectors, native_selectors, sizeof(context.selectors));
	context.code16 = native_code16;
	context.stack16 = native_stack16;
	oracle_init_cpu(&cpu, &bus, &context);
	open_log(getenv("RINGLET_ORACLE_LOG"));
	fill_memory();
	printf("1..%u\n", count_results());
	while (done < states) {
		if (!oracle_generate(&test))
			continue;
		run_one(&test);
		if (++done % 4096 == 0)
			fill_memory();
	}
	printf("# %lu of them in 16-bit code, %lu on a 16-bit stack%s\n", states_of_code16,
	       states_of_stack16, native_code16 ? "" : ": this kernel has no modify_ldt()");
	for (operation = 0; operation < OPERATIONS; operation++) {
		const struct tally *tally = &tallies[operation];
		bool good = tally->states && !tally->differences;

		if (!operations[operation] || !machine_has(operation))
			continue;
		failed += !good;
		printf("%sok %u - %s: %lu states, %lu faults, %lu differences\n",
		       good ? "" : "not ", ++number, operation_name(operation), tally->states,
		       tally->faults, tally->differences);
	}
	if (log_file && fclose(log_file))
		failed++;
	return failed ? 1 : 0;
}
