// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator and the interpreter side by side. See interpret_machine.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "emulate/emulate.h"
#include "interpret_machine.h"

/* Guest pages are pages of the host, too. */
#define OFFSET_IN_PAGE (FAKE_PAGE - offsetof(struct fake_machine, memory) % FAKE_PAGE)

static u8 reference_space[sizeof(struct fake_machine) + 2 * FAKE_PAGE] __aligned(FAKE_PAGE);
static u8 fast_space[sizeof(struct fake_machine) + 2 * FAKE_PAGE] __aligned(FAKE_PAGE);
static u8 interpreter_space[2 << 20] __aligned(FAKE_PAGE);
static struct interpreter *interpreter;
static u64 (*disturbance)(void);

struct fake_machine *reference_machine(void)
{
	return (struct fake_machine *)(reference_space + OFFSET_IN_PAGE);
}

struct fake_machine *fast_machine(void)
{
	return (struct fake_machine *)(fast_space + OFFSET_IN_PAGE);
}

/* ---- one instruction by the emulator -------------------------------------- */

static enum cpu_result fetch(struct virtual_cpu *cpu, u8 *bytes, unsigned int *have)
{
	enum cpu_result result;
	unsigned int want;
	u64 linear;

	result = cpu_linear(cpu, SEGMENT_CS, (u32)(cpu->rip + *have), 1, ACCESS_FETCH, &linear);
	if (result != CPU_OK)
		return result;
	want = min_t(unsigned int, INSN_MAX_LENGTH - *have, FAKE_PAGE - linear % FAKE_PAGE);
	result = cpu->bus->read(cpu, linear, bytes + *have, want, ACCESS_FETCH);
	*have += want;
	return result;
}

static enum cpu_result decode(struct virtual_cpu *cpu, struct insn *insn)
{
	bool wide = cpu_protected_mode(cpu) && cpu->segments[SEGMENT_CS].db;
	u8 bytes[INSN_MAX_LENGTH];
	enum cpu_result result;
	unsigned int have = 0;
	u64 linear;

	do {
		result = fetch(cpu, bytes, &have);
		if (result != CPU_OK)
			return result;
		switch (decode_insn(insn, bytes, have, wide ? INSN_MODE_32 : INSN_MODE_16)) {
		case DECODE_OK:
			return cpu_linear(cpu, SEGMENT_CS, cpu->rip, insn->length, ACCESS_FETCH,
					  &linear);
		case DECODE_INVALID: return cpu_fault(cpu, X86_TRAP_UD);
		case DECODE_TOO_LONG: return cpu_fault_code(cpu, X86_TRAP_GP, 0);
		case DECODE_TRUNCATED: break;
		}
	} while (have < INSN_MAX_LENGTH);
	return cpu_fault_code(cpu, X86_TRAP_GP, 0);
}

static bool rep_goes_on(const struct virtual_cpu *cpu, const struct insn *insn, u64 rip)
{
	return cpu->rip == rip && (insn->prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE)) &&
	       insn->operation >= OPERATION_MOVS && insn->operation <= OPERATION_OUTS;
}

/* When a repetition that overwrites itself notices is its own affair. */
static bool overwrote_itself;
/* And after it has given way to interrupts, a fault shows the flags of then. */
static bool faulted_after_pause;

static enum cpu_result emulate_one(struct virtual_cpu *cpu)
{
	u64 rip = cpu->rip;
	enum cpu_result result;
	struct insn insn, first;

	result = decode(cpu, &insn);
	first = insn;
	faulted_after_pause = false;
	while (result == CPU_OK) {
		result = emulate_insn(cpu, &insn);
		if (result != CPU_OK || !rep_goes_on(cpu, &insn, rip))
			break;
		faulted_after_pause = true;
		result = decode(cpu, &insn);
		if (insn.opcode != first.opcode || insn.prefixes != first.prefixes ||
		    insn.length != first.length)
			overwrote_itself = true;
	}
	faulted_after_pause = faulted_after_pause && result == CPU_FAULT;
	return result;
}

static bool stopped(const struct virtual_cpu *cpu)
{
	return cpu->halted || cpu->pending_debug;
}

struct outcome run_reference(u64 instructions)
{
	struct virtual_cpu *cpu = &reference_machine()->cpu;
	struct outcome outcome = {};

	overwrote_itself = false;
	faulted_after_pause = false;
	while (outcome.instructions < instructions && !stopped(cpu)) {
		outcome.result = emulate_one(cpu);
		if (outcome.result != CPU_OK)
			break;
		outcome.instructions++;
	}
	return outcome;
}

/* ---- the interpreter's owner ------------------------------------------------ */

static u32 physical(u32 linear)
{
	return linear >= FAKE_TOP_LINEAR ? FAKE_TOP_OFFSET + (linear - FAKE_TOP_LINEAR) : linear;
}

static void written(u64 linear, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		interpreter_code_invalidate(interpreter, physical(linear + i), 1);
}

static enum cpu_result bus_write(struct virtual_cpu *cpu, u64 linear, const void *data,
				 unsigned int bytes, unsigned int access)
{
	enum cpu_result result = fake_bus.write(cpu, linear, data, bytes, access);

	if (result == CPU_OK)
		written(linear, bytes);
	return result;
}

static enum cpu_result bus_compare_exchange(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					    u64 desired, unsigned int bytes, bool *done)
{
	enum cpu_result result =
		fake_bus.compare_exchange(cpu, linear, expected, desired, bytes, done);

	if (result == CPU_OK && *done)
		written(linear, bytes);
	return result;
}

static void bus_changed(struct virtual_cpu *cpu, unsigned int what)
{
	fake_bus.changed(cpu, what);
	interpreter_tlb_flush(interpreter, !(what & (CPU_CHANGED_CR0 | CPU_CHANGED_CR4)));
}

static struct cpu_bus fast_bus;
/* Pages that the interpreter believes to be protected. */
static bool code_pages[FAST_GFNS];

static bool should_stop(struct virtual_cpu *cpu)
{
	(void)cpu;
	return disturbance && disturbance() % 8 == 0;
}

static void code_dropped(struct virtual_cpu *cpu, u64 gfn)
{
	(void)cpu;
	if (gfn >= FAST_GFNS || !code_pages[gfn])
		abort();
	code_pages[gfn] = false;
}

/* Sometimes somebody would have to sleep. */
static bool port_in(struct virtual_cpu *cpu, u16 port, unsigned int bytes, u32 *value)
{
	if (port % 4 == 3)
		return false;
	return fake_bus.port_in(cpu, port, bytes, 1, value) == CPU_OK;
}

static bool port_out(struct virtual_cpu *cpu, u16 port, unsigned int bytes, u32 value)
{
	if (port % 4 == 3)
		return false;
	return fake_bus.port_out(cpu, port, bytes, 1, &value) == CPU_OK;
}

static const struct interpreter_host host = {
	.should_stop = should_stop,
	.code_dropped = code_dropped,
	.port_in = port_in,
	.port_out = port_out,
};

static void make_interpreter(void)
{
	fast_bus = fake_bus;
	fast_bus.write = bus_write;
	fast_bus.compare_exchange = bus_compare_exchange;
	fast_bus.changed = bus_changed;
	interpreter = interpreter_init(&fast_machine()->cpu, &host, interpreter_space,
				       sizeof(interpreter_space));
	if (!interpreter)
		abort();
}

void fast_forget(bool all)
{
	if (!interpreter)
		make_interpreter();
	interpreter_tlb_flush(interpreter, false);
	if (all)
		interpreter_code_flush(interpreter);
	else
		interpreter_code_recheck(interpreter);
}

void fast_add_code(u64 gfn)
{
	code_pages[gfn] = true;
	interpreter_code_page_add(interpreter, gfn);
}

void fast_written(u64 gpa)
{
	interpreter_code_invalidate(interpreter, gpa, 1);
}

bool fast_holds_code(u64 gfn)
{
	return code_pages[gfn];
}

const struct interpreter_statistics *fast_statistics(void)
{
	return interpreter_statistics(interpreter);
}

static unsigned int allowed_access(struct virtual_cpu *cpu, u32 linear, unsigned int system)
{
	unsigned int allowed = 0;

	if (fake_bus.probe(cpu, linear, 1, ACCESS_READ | system) == CPU_OK)
		allowed |= INTERPRET_PAGE_READ;
	if (fake_bus.probe(cpu, linear, 1, ACCESS_WRITE | system) == CPU_OK)
		allowed |= INTERPRET_PAGE_WRITE;
	if (fake_bus.probe(cpu, linear, 1, ACCESS_FETCH | system) == CPU_OK)
		allowed |= INTERPRET_PAGE_EXECUTE;
	return allowed;
}

/* True: the access will succeed. */
static bool fill(struct fake_machine *machine, const struct interpret_report *report)
{
	u32 at = physical(report->linear) & ~(FAKE_PAGE - 1);
	struct cpu_exception fault = machine->cpu.fault;
	unsigned int allowed;

	if (machine->pages[at / FAKE_PAGE] & FAKE_MMIO)
		return false;
	allowed = allowed_access(&machine->cpu, report->linear, report->access & ACCESS_SYSTEM);
	machine->cpu.fault = fault;
	return interpreter_tlb_fill(interpreter, report->linear, machine->memory + at,
				    at / FAKE_PAGE, allowed, report->access);
}

static void disturb(void)
{
	switch (disturbance() % 64) {
	case 0: interpreter_tlb_flush(interpreter, false); break;
	case 1: interpreter_code_flush(interpreter); break;
	case 2: interpreter_code_recheck(interpreter); break;
	case 3: interpreter_tlb_flush_page(interpreter, disturbance() % FAKE_MEMORY); break;
	case 4: interpreter_tlb_drop(interpreter, disturbance() % FAKE_PAGES); break;
	case 5: interpreter_tlb_protect(interpreter, disturbance() % FAKE_PAGES); break;
	}
}

static struct outcome slow(struct virtual_cpu *cpu, struct outcome outcome)
{
	outcome.result = emulate_one(cpu);
	if (outcome.result == CPU_OK)
		outcome.instructions++;
	return outcome;
}

static struct outcome answer(struct fake_machine *machine, enum interpret_exit why,
			     const struct interpret_report *report, struct outcome outcome)
{
	struct virtual_cpu *cpu = &machine->cpu;

	switch (why) {
	case INTERPRET_TLB_MISS:
		outcome.result = fake_bus.probe(cpu, report->linear, 1, report->access);
		if (outcome.result == CPU_OK && !fill(machine, report))
			return slow(cpu, outcome);
		return outcome;
	case INTERPRET_CODE_PAGE: fast_add_code(report->gfn); return outcome;
	case INTERPRET_CODE_FULL: interpreter_code_flush(interpreter); return outcome;
	case INTERPRET_SLOW: return slow(cpu, outcome);
	default: return outcome;
	}
}

/* A burst may end between two iterations. */
static struct outcome finish_rep(struct virtual_cpu *cpu, struct outcome outcome)
{
	struct insn insn;

	if (outcome.result == CPU_OK && !stopped(cpu) && decode(cpu, &insn) == CPU_OK &&
	    rep_goes_on(cpu, &insn, cpu->rip))
		outcome = slow(cpu, outcome);
	return outcome;
}

struct outcome run_fast(u64 instructions, u64 (*random)(void))
{
	struct fake_machine *machine = fast_machine();
	struct interpret_report report;
	struct outcome outcome = {};
	enum interpret_exit why;

	disturbance = random;
	machine->cpu.bus = &fast_bus;
	while (outcome.instructions < instructions && !stopped(&machine->cpu)) {
		why = interpreter_run(interpreter, instructions - outcome.instructions, &report);
		outcome.instructions += report.instructions;
		outcome = answer(machine, why, &report, outcome);
		if (outcome.result != CPU_OK)
			break;
		if (disturbance)
			disturb();
	}
	outcome = finish_rep(&machine->cpu, outcome);
	machine->cpu.bus = &fake_bus;
	return outcome;
}

/* ---- comparing ---------------------------------------------------------------- */

static char difference[200];

static const char *compare_registers(const struct virtual_cpu *a, const struct virtual_cpu *b)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if (a->regs[i] == b->regs[i])
			continue;
		snprintf(difference, sizeof(difference), "register %u: %llx, not %llx", i,
			 (unsigned long long)b->regs[i], (unsigned long long)a->regs[i]);
		return difference;
	}
	if (a->rip != b->rip) {
		snprintf(difference, sizeof(difference), "RIP: %llx, not %llx",
			 (unsigned long long)b->rip, (unsigned long long)a->rip);
		return difference;
	}
	if (a->rflags != b->rflags) {
		snprintf(difference, sizeof(difference), "flags: %llx, not %llx",
			 (unsigned long long)b->rflags, (unsigned long long)a->rflags);
		return difference;
	}
	return NULL;
}

static const char *compare_memory(const struct fake_machine *a, const struct fake_machine *b)
{
	unsigned int i;

	if (!memcmp(a->memory, b->memory, FAKE_MEMORY))
		return NULL;
	for (i = 0; a->memory[i] == b->memory[i];)
		i++;
	snprintf(difference, sizeof(difference), "memory at %x: %x, not %x", i, b->memory[i],
		 a->memory[i]);
	return difference;
}

static bool system_state_equal(const struct virtual_cpu *a, const struct virtual_cpu *b)
{
	return !memcmp(a->segments, b->segments, sizeof(a->segments)) && a->cr0 == b->cr0 &&
	       a->cr3 == b->cr3 && a->cr4 == b->cr4 && a->interrupt_shadow == b->interrupt_shadow &&
	       a->halted == b->halted && a->pending_debug == b->pending_debug;
}

static bool faults_equal(const struct cpu_exception *a, const struct cpu_exception *b)
{
	return a->vector == b->vector && a->has_error_code == b->has_error_code &&
	       a->error_code == b->error_code && a->cr2 == b->cr2;
}

const char *machines_differ(const struct outcome *reference, const struct outcome *fast)
{
	const struct fake_machine *a = reference_machine();
	struct fake_machine *b = fast_machine();
	const char *words;

	if (overwrote_itself)
		return NULL;
	if (reference->result != fast->result) {
		snprintf(difference, sizeof(difference), "result: %d, not %d", fast->result,
			 reference->result);
		return difference;
	}
	if (faulted_after_pause)
		b->cpu.rflags = (b->cpu.rflags & ~(u64)EFLAGS_STATUS) |
				(a->cpu.rflags & EFLAGS_STATUS);
	words = compare_registers(&a->cpu, &b->cpu);
	if (!words)
		words = compare_memory(a, b);
	if (words)
		return words;
	if (!system_state_equal(&a->cpu, &b->cpu))
		return "system state";
	if (fast->result == CPU_FAULT && !faults_equal(&a->cpu.fault, &b->cpu.fault)) {
		snprintf(difference, sizeof(difference), "fault: %u(%x) %llx, not %u(%x) %llx",
			 b->cpu.fault.vector, b->cpu.fault.error_code,
			 (unsigned long long)b->cpu.fault.cr2, a->cpu.fault.vector,
			 a->cpu.fault.error_code, (unsigned long long)a->cpu.fault.cr2);
		return difference;
	}
	return NULL;
}
