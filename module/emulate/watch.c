// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data and I/O breakpoints of emulated instructions. Called by emulate_insn()
 * when the guest or its debugger has one enabled. Pure.
 *
 * Instructions that run directly meet the debug registers of the processor;
 * emulated ones go over the bus, so a bus of our own stands in between and
 * looks at all that passes. The trap comes after the instruction; one that
 * faults has not touched anything.
 */
#include "emulate/emulate.h"
#include "emulate/watch.h"

#define BREAKPOINTS 4

/* Fields of DR7, "Debug Control Register (DR7)" in the SDM. */
#define DR7_ENABLED(n)	      (3ULL << (2 * (n)))
#define DR7_CONDITION(dr7, n) ((dr7) >> (16 + 4 * (n)) & 3)
#define DR7_LENGTH(dr7, n)    ((dr7) >> (18 + 4 * (n)) & 3)

enum condition { CONDITION_EXECUTE, CONDITION_WRITE, CONDITION_PORT, CONDITION_ACCESS };

static bool enabled(const struct virtual_cpu *cpu, unsigned int n)
{
	return cpu_breakpoint_control(cpu) & DR7_ENABLED(n);
}

static enum condition condition_of(const struct virtual_cpu *cpu, unsigned int n)
{
	return DR7_CONDITION(cpu_breakpoint_control(cpu), n);
}

/* Length 2 means 8 bytes where it is defined at all. */
static bool overlaps(const struct virtual_cpu *cpu, unsigned int n, u64 start, unsigned int bytes)
{
	static const u8 lengths[] = { 1, 2, 8, 4 };
	unsigned int length = lengths[DR7_LENGTH(cpu_breakpoint_control(cpu), n)];
	u64 watched = cpu_breakpoint_address(cpu, n) & ~(u64)(length - 1);

	return start < watched + length && watched < start + bytes;
}

static struct watch *watch_of(struct virtual_cpu *cpu)
{
	return (struct watch *)cpu->bus;
}

static void note_memory(struct virtual_cpu *cpu, u64 linear, unsigned int bytes, bool write)
{
	unsigned int n;

	for (n = 0; n < BREAKPOINTS; n++) {
		enum condition condition = condition_of(cpu, n);

		if (enabled(cpu, n) && overlaps(cpu, n, linear, bytes) &&
		    (condition == CONDITION_ACCESS || (condition == CONDITION_WRITE && write)))
			watch_of(cpu)->hits |= BIT(n);
	}
}

static void note_port(struct virtual_cpu *cpu, u16 port, unsigned int bytes)
{
	unsigned int n;

	for (n = 0; n < BREAKPOINTS; n++)
		if (enabled(cpu, n) && condition_of(cpu, n) == CONDITION_PORT &&
		    overlaps(cpu, n, port, bytes))
			watch_of(cpu)->hits |= BIT(n);
}

static enum cpu_result watch_read(struct virtual_cpu *cpu, u64 linear, void *data,
				  unsigned int bytes, unsigned int access)
{
	note_memory(cpu, linear, bytes, false);
	return watch_of(cpu)->real->read(cpu, linear, data, bytes, access);
}

static enum cpu_result watch_write(struct virtual_cpu *cpu, u64 linear, const void *data,
				   unsigned int bytes, unsigned int access)
{
	note_memory(cpu, linear, bytes, true);
	return watch_of(cpu)->real->write(cpu, linear, data, bytes, access);
}

static enum cpu_result watch_compare_exchange(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					      u64 desired, unsigned int bytes, bool *done)
{
	note_memory(cpu, linear, bytes, true);
	return watch_of(cpu)->real->compare_exchange(cpu, linear, expected, desired, bytes, done);
}

static enum cpu_result watch_port_in(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				     unsigned int count, void *data)
{
	note_port(cpu, port, bytes);
	return watch_of(cpu)->real->port_in(cpu, port, bytes, count, data);
}

static enum cpu_result watch_port_out(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				      unsigned int count, const void *data)
{
	note_port(cpu, port, bytes);
	return watch_of(cpu)->real->port_out(cpu, port, bytes, count, data);
}

static bool any_enabled(const struct virtual_cpu *cpu)
{
	unsigned int n;

	for (n = 0; n < BREAKPOINTS; n++)
		if (enabled(cpu, n) && condition_of(cpu, n) != CONDITION_EXECUTE)
			return true;
	return false;
}

bool watch_begin(struct watch *watch, struct virtual_cpu *cpu)
{
	if (likely(!cpu_breakpoints_enabled(cpu)) || !any_enabled(cpu))
		return false;
	watch->real = cpu->bus;
	watch->hits = 0;
	watch->bus = *cpu->bus;
	watch->bus.read = watch_read;
	watch->bus.write = watch_write;
	watch->bus.compare_exchange = watch_compare_exchange;
	watch->bus.port_in = watch_port_in;
	watch->bus.port_out = watch_port_out;
	cpu->bus = &watch->bus;
	return true;
}

u64 watch_end(struct watch *watch, struct virtual_cpu *cpu)
{
	cpu->bus = watch->real;
	return watch->hits;
}

u64 emulate_code_breakpoints(const struct virtual_cpu *cpu)
{
	u32 linear = cpu->segments[SEGMENT_CS].base + cpu->rip;
	u64 hits = 0;
	unsigned int n;

	if (likely(!cpu_breakpoints_enabled(cpu)) || cpu->rflags & X86_EFLAGS_RF ||
	    cpu->interrupt_shadow & INTERRUPT_SHADOW_MOV_SS)
		return 0;
	for (n = 0; n < BREAKPOINTS; n++)
		if (enabled(cpu, n) && condition_of(cpu, n) == CONDITION_EXECUTE &&
		    (u32)cpu_breakpoint_address(cpu, n) == linear)
			hits |= BIT(n);
	return hits;
}
