// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interpreter's fast core on a test's machine, with the emulator for what it
 * leaves to others, as the module's run loop has them. See fast.h.
 */
#include "fast.h"
#include "interpret/interpret.h"

#include <stdio.h>
#include <stdlib.h>

#define BURSTS_MOST	  2000
#define INSTRUCTIONS_MOST 256
#define CODE_PAGES_MOST	  64 /* then the arena is worn anyway: decode all anew */

static u8 space[INTERPRETER_MEMORY_MINIMUM * 2] __aligned(4096);
static struct interpreter *interpreter;
static struct fast_counts counts;
static bool code_pages[MACHINE_PAGES];
static unsigned int code_page_count;

const struct fast_counts *fast_counts(void)
{
	return &counts;
}

/* ---- what the core wants of its owner ---------------------------------------------- */

static bool should_stop(struct virtual_cpu *cpu)
{
	(void)cpu;
	return false;
}

static void code_dropped(struct virtual_cpu *cpu, u64 gfn)
{
	(void)cpu;
	if (!code_pages[gfn])
		abort();
	code_pages[gfn] = false;
	code_page_count--;
}

static const struct interpreter_host host = {
	.should_stop = should_stop,
	.code_dropped = code_dropped,
};

static struct cpu_bus fast_bus;

static void bus_changed(struct virtual_cpu *cpu, unsigned int what)
{
	(void)cpu;
	(void)what;
	/* The virtual CPU has no TLB to keep global pages in. */
	interpreter_tlb_flush(interpreter, false);
}

static void bus_invalidate_page(struct virtual_cpu *cpu, u64 linear)
{
	(void)cpu;
	(void)linear;
	interpreter_tlb_flush(interpreter, false);
}

static void written(u32 address, unsigned int bytes)
{
	interpreter_code_invalidate(interpreter, address, bytes);
}

static void prepare(struct machine *machine)
{
	if (!interpreter) {
		fast_bus = *machine->cpu.bus;
		fast_bus.changed = bus_changed;
		fast_bus.invalidate_page = bus_invalidate_page;
		interpreter = interpreter_init(&machine->cpu, &host, space, sizeof(space));
		if (!interpreter)
			abort();
	}
	/* Tests write code and tables without a word to the core. */
	interpreter_tlb_flush(interpreter, false);
	if (code_page_count > CODE_PAGES_MOST)
		interpreter_code_flush(interpreter);
	else
		interpreter_code_recheck(interpreter);
}

/* ---- its TLB --------------------------------------------------------------------------- */

static bool is_user_access(const struct virtual_cpu *cpu, unsigned int access)
{
	return cpu_cpl(cpu) == 3 && !(access & ACCESS_SYSTEM);
}

static unsigned int allowed_accesses(const struct virtual_cpu *cpu, const struct guest_walk *walk,
				     unsigned int access)
{
	bool user = is_user_access(cpu, access);
	unsigned int allowed = INTERPRET_PAGE_READ;

	if (walk->dirty && (walk->writable || (!user && !(cpu->cr0 & X86_CR0_WP))))
		allowed |= INTERPRET_PAGE_WRITE;
	if (walk->executable && !(!user && walk->user && cpu->cr4 & X86_CR4_SMEP))
		allowed |= INTERPRET_PAGE_EXECUTE;
	if (walk->page_bytes > 4096)
		allowed |= INTERPRET_PAGE_LARGE;
	return allowed;
}

/* Only what is put back afterwards may be written without a word. */
static bool may_be_written(const struct machine *machine, u64 gpa)
{
	return gpa >= ARENA && gpa < ARENA_END && (machine->pages[gpa / 4096] & PAGE_WRITE);
}

/* False: one instruction by the emulator. */
static bool fill(struct machine *machine, const struct interpret_report *report)
{
	struct virtual_cpu *cpu = &machine->cpu;
	struct guest_walk walk;
	unsigned int allowed;

	if (!machine_walk(machine, report->linear, report->access, &walk) ||
	    walk.gpa >= MACHINE_MEMORY)
		return false;
	if (cpu->cr4 & X86_CR4_SMAP && walk.user && !is_user_access(cpu, report->access))
		return false;
	if (!(machine->pages[walk.gpa / 4096] & PAGE_READ))
		return false;
	allowed = allowed_accesses(cpu, &walk, report->access);
	if (!may_be_written(machine, walk.gpa))
		allowed &= ~(unsigned int)INTERPRET_PAGE_WRITE;
	return interpreter_tlb_fill(interpreter, report->linear,
				    machine->memory + (walk.gpa & ~4095ULL), walk.gpa / 4096,
				    allowed, report->access);
}

/* ---- running ----------------------------------------------------------------------------- */

enum progress { GOES_ON, ENDED, BAD };

static enum progress slow_step(struct machine *machine, bool (*ended)(const void *opaque),
			       const void *opaque)
{
	struct machine_trace trace;
	enum machine_step step = machine_step(machine, &trace);

	counts.slow++;
	if (step == STEP_BAD || machine->unsafe)
		return BAD;
	return ended(opaque) ? ENDED : GOES_ON;
}

static void add_code_page(u64 gfn)
{
	code_pages[gfn] = true;
	code_page_count++;
	interpreter_code_page_add(interpreter, gfn);
}

static enum progress go_on(struct machine *machine, bool (*ended)(const void *opaque),
			   const void *opaque)
{
	struct interpret_report report;
	enum interpret_exit why;

	why = interpreter_run(interpreter, INSTRUCTIONS_MOST, &report);
	counts.fast += report.instructions;
	switch (why) {
	case INTERPRET_TLB_MISS:
		return fill(machine, &report) ? GOES_ON : slow_step(machine, ended, opaque);
	case INTERPRET_CODE_PAGE: add_code_page(report.gfn); return GOES_ON;
	case INTERPRET_CODE_FULL: interpreter_code_flush(interpreter); return GOES_ON;
	case INTERPRET_SLOW: return slow_step(machine, ended, opaque);
	default: return GOES_ON;
	}
}

bool fast_run(struct machine *machine, bool (*ended)(const void *opaque), const void *opaque)
{
	const struct cpu_bus *bus = machine->cpu.bus;
	enum progress progress = GOES_ON;
	unsigned int i;

	prepare(machine);
	machine->cpu.bus = &fast_bus;
	machine->written = written;
	for (i = 0; i < BURSTS_MOST && progress == GOES_ON; i++)
		progress = go_on(machine, ended, opaque);
	machine->written = NULL;
	machine->cpu.bus = bus;
	return progress == ENDED;
}

/* ---- comparing --------------------------------------------------------------------------------- */

static bool same_segment(const struct segment *a, const struct segment *b)
{
	return a->selector == b->selector && a->base == b->base && a->limit == b->limit &&
	       a->type == b->type && a->dpl == b->dpl && a->s == b->s && a->present == b->present &&
	       a->db == b->db && a->unusable == b->unusable;
}

static bool same_system(const struct virtual_cpu *a, const struct virtual_cpu *b)
{
	return same_segment(&a->tr, &b->tr) && same_segment(&a->ldtr, &b->ldtr) &&
	       a->gdtr.base == b->gdtr.base && a->gdtr.limit == b->gdtr.limit &&
	       a->idtr.base == b->idtr.base && a->idtr.limit == b->idtr.limit && a->cr0 == b->cr0 &&
	       a->cr2 == b->cr2 && a->cr3 == b->cr3 && a->cr4 == b->cr4 && a->efer == b->efer &&
	       !memcmp(a->pdptrs, b->pdptrs, sizeof(a->pdptrs)) &&
	       !memcmp(a->dr, b->dr, sizeof(a->dr)) && a->dr6 == b->dr6 && a->dr7 == b->dr7 &&
	       !memcmp(&a->msrs, &b->msrs, sizeof(a->msrs)) &&
	       a->interrupt_shadow == b->interrupt_shadow && a->halted == b->halted &&
	       a->pending_debug == b->pending_debug;
}

const char *fast_difference(const struct virtual_cpu *a, const struct virtual_cpu *b)
{
	static char words[80];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if (a->regs[i] == b->regs[i])
			continue;
		snprintf(words, sizeof(words), "register %u: emulator %08llx, fast core %08llx", i,
			 (unsigned long long)a->regs[i], (unsigned long long)b->regs[i]);
		return words;
	}
	if (a->rip != b->rip || a->rflags != b->rflags) {
		snprintf(words, sizeof(words),
			 "EIP, EFLAGS: emulator %08llx, %08llx, fast core %08llx, %08llx",
			 (unsigned long long)a->rip, (unsigned long long)a->rflags,
			 (unsigned long long)b->rip, (unsigned long long)b->rflags);
		return words;
	}
	for (i = 0; i < SEGMENT_REGISTERS; i++) {
		if (same_segment(&a->segments[i], &b->segments[i]))
			continue;
		snprintf(words, sizeof(words), "segment register %u", i);
		return words;
	}
	return same_system(a, b) ? NULL : "system registers";
}
