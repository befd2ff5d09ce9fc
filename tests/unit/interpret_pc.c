// SPDX-License-Identifier: GPL-2.0-only
/*
 * The userspace PC: its bus, its devices, and the loop that a run loop in the
 * kernel has, too. See interpret_pc.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "interpret_pc.h"
#include "mmu/walk.h"

#define SERIAL_IRQ   4
#define KEYBOARD_IRQ 1
#define TIMER_IRQ    0
/* What a look at the clock takes, so that loops which wait for it end. */
#define TSC_READ_NS 40

static struct pc *pc_of(struct virtual_cpu *cpu)
{
	return (struct pc *)cpu;
}

/* ---- guest memory ---------------------------------------------------------- */

static u8 *ram(const struct pc *pc, u64 gpa, unsigned int bytes)
{
	return gpa + bytes <= pc->memory.size ? pc->memory.base + gpa : NULL;
}

static bool read_table(void *opaque, u64 gpa, u64 *entry, unsigned int bytes)
{
	const u8 *at = ram(opaque, gpa, bytes);

	*entry = 0;
	if (at)
		memcpy(entry, at, bytes);
	return at;
}

static bool set_table_bits(void *opaque, u64 gpa, u64 expected, u64 bits, unsigned int bytes,
			   bool *absent)
{
	struct pc *pc = opaque;
	u8 *at = ram(pc, gpa, bytes);
	u64 value = expected | bits;

	*absent = !at;
	if (!at)
		return false;
	memcpy(at, &value, bytes);
	interpreter_code_invalidate(pc->interpreter, gpa, bytes);
	return true;
}

static enum walk_result walk(struct pc *pc, u64 linear, unsigned int access,
			     struct guest_walk *result)
{
	const struct walk_memory tables = { read_table, set_table_bits, pc };

	return guest_walk(&pc->cpu, &tables, (u32)linear, access, result);
}

static enum cpu_result translate(struct pc *pc, u64 linear, unsigned int access, u64 *gpa)
{
	struct guest_walk result;

	switch (walk(pc, linear, access, &result)) {
	case WALK_OK: *gpa = result.gpa; return CPU_OK;
	case WALK_FAULT: return cpu_page_fault(&pc->cpu, (u32)linear, result.error_code);
	default: return cpu_stop(&pc->cpu, "a page table lies outside memory");
	}
}

static enum cpu_result access_memory(struct pc *pc, u64 linear, void *data, unsigned int bytes,
				     unsigned int access, bool store)
{
	u64 gpas[2];
	unsigned int first = min_t(unsigned int, bytes, 4096 - linear % 4096);
	enum cpu_result result = translate(pc, linear, access, &gpas[0]);
	unsigned int i;

	if (result == CPU_OK && first < bytes)
		result = translate(pc, linear + first, access, &gpas[1]);
	if (result != CPU_OK || !data)
		return result;
	for (i = 0; i < bytes; i++) {
		u64 gpa = i < first ? gpas[0] + i : gpas[1] + i - first;
		u8 *at = ram(pc, gpa, 1);

		if (!store)
			((u8 *)data)[i] = at ? *at : 0xff;
		else if (at)
			*at = ((const u8 *)data)[i];
	}
	if (store) {
		interpreter_code_invalidate(pc->interpreter, gpas[0], first);
		if (first < bytes)
			interpreter_code_invalidate(pc->interpreter, gpas[1], bytes - first);
	}
	return CPU_OK;
}

static enum cpu_result bus_read(struct virtual_cpu *cpu, u64 linear, void *data, unsigned int bytes,
				unsigned int access)
{
	return access_memory(pc_of(cpu), linear, data, bytes, access, false);
}

static enum cpu_result bus_write(struct virtual_cpu *cpu, u64 linear, const void *data,
				 unsigned int bytes, unsigned int access)
{
	return access_memory(pc_of(cpu), linear, (void *)data, bytes, access | ACCESS_WRITE, true);
}

static enum cpu_result bus_probe(struct virtual_cpu *cpu, u64 linear, unsigned int bytes,
				 unsigned int access)
{
	return access_memory(pc_of(cpu), linear, NULL, bytes, access, false);
}

static enum cpu_result bus_compare_exchange(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					    u64 desired, unsigned int bytes, bool *done)
{
	enum cpu_result result;
	u64 found = 0;

	result = bus_read(cpu, linear, &found, bytes, ACCESS_MODIFY);
	if (result != CPU_OK)
		return result;
	*done = !memcmp(&found, expected, bytes);
	*expected = found;
	return *done ? bus_write(cpu, linear, &desired, bytes, ACCESS_WRITE) : CPU_OK;
}

static enum cpu_result bus_read_physical(struct virtual_cpu *cpu, u64 physical, void *data,
					 unsigned int bytes)
{
	const u8 *at = ram(pc_of(cpu), physical, bytes);

	memset(data, 0xff, bytes);
	if (at)
		memcpy(data, at, bytes);
	return CPU_OK;
}

/* ---- ports, clock, registers ------------------------------------------------- */

static u32 read_port(struct pc *pc, u16 port, unsigned int bytes)
{
	u32 value;

	if (pic_has_port(port))
		return pic_read(&pc->pic, port);
	if (!pit_has_port(port) && port != PIT_PORT_SPEAKER)
		return port_read(&pc->ports, port, bytes);
	value = pit_read(&pc->pit, port, pc->now);
	pc->tick = pit_next_tick(&pc->pit, pc->now);
	return value;
}

static void write_port(struct pc *pc, u16 port, unsigned int bytes, u32 value)
{
	if (pic_has_port(port)) {
		pic_write(&pc->pic, port, value);
	} else if (pit_has_port(port) || port == PIT_PORT_SPEAKER) {
		pit_write(&pc->pit, port, value, pc->now);
		pc->tick = pit_next_tick(&pc->pit, pc->now);
	} else {
		port_write(&pc->ports, port, bytes, value);
	}
}

static enum cpu_result bus_port_in(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				   unsigned int count, void *data)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		u32 value = read_port(pc_of(cpu), port, bytes);

		memcpy((u8 *)data + i * bytes, &value, bytes);
	}
	return CPU_OK;
}

static enum cpu_result bus_port_out(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				    unsigned int count, const void *data)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		u32 value = 0;

		memcpy(&value, (const u8 *)data + i * bytes, bytes);
		write_port(pc_of(cpu), port, bytes, value);
	}
	return CPU_OK;
}

static u64 bus_read_tsc(struct virtual_cpu *cpu)
{
	struct pc *pc = pc_of(cpu);

	pc->tsc_reads++;
	pc->now += TSC_READ_NS;
	return pc->now;
}

static void bus_changed(struct virtual_cpu *cpu, unsigned int what)
{
	bool keeps = (cpu->cr4 & X86_CR4_PGE) &&
		     !(what & (CPU_CHANGED_CR0 | CPU_CHANGED_CR4 | CPU_CHANGED_EFER));

	if (what & (CPU_CHANGED_CR0 | CPU_CHANGED_CR3 | CPU_CHANGED_CR4 | CPU_CHANGED_EFER))
		interpreter_tlb_flush(pc_of(cpu)->interpreter, keeps);
}

static void bus_invalidate_page(struct virtual_cpu *cpu, u64 linear)
{
	interpreter_tlb_flush_page(pc_of(cpu)->interpreter, linear);
}

static bool bus_read_msr(struct virtual_cpu *cpu, u32 index, u64 *value)
{
	*value = pc_of(cpu)->now;
	return index == MSR_IA32_TSC;
}

static bool bus_write_msr(struct virtual_cpu *cpu, u32 index, u64 value)
{
	return false;
}

const struct cpu_bus pc_bus = {
	.read = bus_read,
	.write = bus_write,
	.probe = bus_probe,
	.compare_exchange = bus_compare_exchange,
	.port_in = bus_port_in,
	.port_out = bus_port_out,
	.read_physical = bus_read_physical,
	.read_tsc = bus_read_tsc,
	.changed = bus_changed,
	.invalidate_page = bus_invalidate_page,
	.read_msr = bus_read_msr,
	.write_msr = bus_write_msr,
	.execute = pc_execute_native,
};

/* ---- devices -------------------------------------------------------------------- */

static uint64_t clock_monotonic(void *context)
{
	return ((struct pc *)context)->now;
}

/* Some day in 2023. */
static uint64_t clock_realtime(void *context)
{
	return 1700000000ULL * 1000000000 + ((struct pc *)context)->now;
}

static void set_line(void *context, unsigned int line, bool level)
{
	pic_set_irq(&((struct pc *)context)->pic, line, level);
}

static void put_byte(void *context, uint8_t byte)
{
	struct pc *pc = context;

	pc->tail[pc->tail_at++ % sizeof(pc->tail)] = (char)byte;
	if (!pc->quiet)
		putchar(byte);
}

static void reset_by(void *context, const char *source)
{
	((struct pc *)context)->ended = source;
}

static void switch_off(void *context)
{
	((struct pc *)context)->ended = "switched off";
}

static void exit_by(void *context, uint32_t status)
{
	((struct pc *)context)->ended = "port F4h";
}

static bool add_devices(struct pc *pc)
{
	const struct clock clock = { clock_monotonic, clock_realtime, pc };
	const struct irq_line serial_irq = { set_line, pc, SERIAL_IRQ };
	const struct irq_line keyboard_irq = { set_line, pc, KEYBOARD_IRQ };
	const struct byte_sink sink = { put_byte, pc };
	const struct reset_line reset = { reset_by, switch_off, exit_by, pc };

	pic_init(&pc->pic);
	pit_init(&pc->pit);
	pc->tick = PIT_NEVER;
	return serial_init(&pc->serial, &pc->ports, sink, serial_irq) &&
	       cmos_init(&pc->cmos, &pc->ports, clock, pc->memory.size) &&
	       keyboard_init(&pc->keyboard, &pc->ports, reset, keyboard_irq) &&
	       reset_ports_init(&pc->reset_ports, &pc->ports, reset);
}

/* ---- the interpreter's owner ------------------------------------------------------- */

/* Bursts are as long as until the next tick. */
static bool should_stop(struct virtual_cpu *cpu)
{
	return false;
}

/* The interpreter itself keeps its TLB from writing to such pages. */
static void code_dropped(struct virtual_cpu *cpu, u64 gfn)
{
}

static const struct interpreter_host host = { should_stop, code_dropped };

bool pc_init(struct pc *pc, u32 memory_bytes)
{
	struct message error;
	void *memory;

	memset(pc, 0, sizeof(*pc));
	pc->cpu.bus = &pc_bus;
	memory = mmap(NULL, INTERPRETER_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED || !guest_memory_allocate(&pc->memory, memory_bytes, &error)) {
		fprintf(stderr, "there is no memory for the PC\n");
		return false;
	}
	guest_memory_write_bios_data(&pc->memory);
	cpu_reset(&pc->cpu);
	pc->interpreter = interpreter_init(&pc->cpu, &host, memory, INTERPRETER_MEMORY);
	if (!pc->interpreter || !add_devices(pc)) {
		fprintf(stderr, "the PC cannot be put together\n");
		return false;
	}
	return true;
}

static void end(struct pc *pc, const char *why)
{
	if (!pc->ended)
		pc->ended = why;
}

static void deliver(struct pc *pc, enum cpu_event_type type, const struct cpu_exception *exception)
{
	enum cpu_result result = cpu_deliver(&pc->cpu, type, exception, pc->cpu.rip);

	if (result == CPU_SHUTDOWN)
		end(pc, "triple fault");
	else if (result != CPU_OK)
		end(pc, pc->cpu.stop_reason);
}

static void fault(struct pc *pc)
{
	struct cpu_exception exception = pc->cpu.fault;

	pc->faults++;
	deliver(pc, CPU_EVENT_EXCEPTION, &exception);
}

static enum cpu_result fetch(struct virtual_cpu *cpu, struct insn *insn)
{
	bool wide = cpu_protected_mode(cpu) && cpu->segments[SEGMENT_CS].db;
	u8 bytes[INSN_MAX_LENGTH];
	enum cpu_result result;
	unsigned int have = 0;
	u64 linear;

	do {
		unsigned int want;

		result = cpu_linear(cpu, SEGMENT_CS, (u32)(cpu->rip + have), 1, ACCESS_FETCH,
				    &linear);
		if (result != CPU_OK)
			return result;
		want = min_t(unsigned int, INSN_MAX_LENGTH - have, 4096 - linear % 4096);
		result = cpu->bus->read(cpu, linear, bytes + have, want, ACCESS_FETCH);
		have += want;
		if (result != CPU_OK)
			return result;
		switch (decode_insn(insn, bytes, have, wide ? INSN_MODE_32 : INSN_MODE_16)) {
		case DECODE_OK: return CPU_OK;
		case DECODE_INVALID: return cpu_fault(cpu, X86_TRAP_UD);
		case DECODE_TOO_LONG: return cpu_fault_code(cpu, X86_TRAP_GP, 0);
		case DECODE_TRUNCATED: break;
		}
	} while (have < INSN_MAX_LENGTH);
	return cpu_fault_code(cpu, X86_TRAP_GP, 0);
}

static void execute_one(struct pc *pc)
{
	enum cpu_result result;
	struct insn insn;

	result = fetch(&pc->cpu, &insn);
	if (result == CPU_OK) {
		pc->slow[insn.operation]++;
		result = emulate_insn(&pc->cpu, &insn);
	}
	pc->slow_total++;
	pc->now++;
	if (result == CPU_FAULT)
		fault(pc);
	else if (result != CPU_OK)
		end(pc, pc->cpu.stop_reason);
}

/* The TLB wants to know a page. */
static void miss(struct pc *pc, const struct interpret_report *report)
{
	struct guest_walk found;
	unsigned int allowed = INTERPRET_PAGE_READ;
	bool user = cpu_cpl(&pc->cpu) == 3 && !(report->access & ACCESS_SYSTEM);
	u8 *at;

	switch (walk(pc, report->linear, report->access, &found)) {
	case WALK_OK: break;
	case WALK_FAULT:
		cpu_page_fault(&pc->cpu, (u32)report->linear, found.error_code);
		fault(pc);
		return;
	default: end(pc, "a page table lies outside memory"); return;
	}
	at = ram(pc, found.gpa & ~4095ULL, 4096);
	if (!at) {
		execute_one(pc);
		return;
	}
	if (found.dirty && (found.writable || (!user && !(pc->cpu.cr0 & X86_CR0_WP))))
		allowed |= INTERPRET_PAGE_WRITE;
	if (report->access & ACCESS_FETCH)
		allowed |= INTERPRET_PAGE_EXECUTE;
	if (found.global)
		allowed |= INTERPRET_PAGE_GLOBAL;
	if (found.page_bytes > 4096)
		allowed |= INTERPRET_PAGE_LARGE;
	pc->fills++;
	if (!interpreter_tlb_fill(pc->interpreter, report->linear, at, found.gpa >> 12, allowed,
				  report->access))
		execute_one(pc);
}

static void tick(struct pc *pc)
{
	if (pc->now < pc->tick)
		return;
	pic_set_irq(&pc->pic, TIMER_IRQ, true);
	pic_set_irq(&pc->pic, TIMER_IRQ, false);
	pc->tick = pit_next_tick(&pc->pit, pc->now);
}

static void take_events(struct pc *pc)
{
	struct virtual_cpu *cpu = &pc->cpu;
	struct cpu_exception exception = { .vector = X86_TRAP_DB };

	tick(pc);
	if (cpu->pending_debug) {
		exception.dr6 = cpu->pending_debug;
		exception.trap = true;
		cpu->pending_debug = 0;
		deliver(pc, CPU_EVENT_EXCEPTION, &exception);
	}
	if (pic_wants_interrupt(&pc->pic) && cpu_can_take_interrupt(cpu)) {
		exception = (struct cpu_exception){ .vector = pic_acknowledge(&pc->pic) };
		pc->interrupts++;
		deliver(pc, CPU_EVENT_EXTERNAL_INTERRUPT, &exception);
	}
	interpreter_want_window(pc->interpreter, pic_wants_interrupt(&pc->pic));
	if (!cpu->halted)
		return;
	if (!(cpu->rflags & X86_EFLAGS_IF) || pc->tick == PIT_NEVER)
		end(pc, "halted for ever");
	else
		pc->now = pc->tick;
}

void pc_run(struct pc *pc, u64 until)
{
	while (!pc->ended && pc->now < until) {
		struct interpret_report report;
		u64 budget = until - pc->now;

		take_events(pc);
		if (pc->ended || pc->cpu.halted)
			continue;
		if (pc->tick != PIT_NEVER && pc->tick > pc->now)
			budget = min_t(u64, budget, pc->tick - pc->now);
		switch (interpreter_run(pc->interpreter, budget, &report)) {
		case INTERPRET_TLB_MISS:
			pc->now += report.instructions;
			miss(pc, &report);
			break;
		case INTERPRET_CODE_PAGE:
			pc->now += report.instructions;
			interpreter_code_page_add(pc->interpreter, report.gfn);
			break;
		case INTERPRET_CODE_FULL:
			pc->now += report.instructions;
			interpreter_code_flush(pc->interpreter);
			break;
		case INTERPRET_SLOW:
			pc->now += report.instructions;
			execute_one(pc);
			break;
		default: pc->now += report.instructions; break;
		}
	}
}
