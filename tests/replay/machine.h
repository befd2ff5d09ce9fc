/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for the pure virtual CPU: guest-physical memory, the guest walk,
 * ports that nothing answers. It notes every byte that is written, so that what
 * happened since a mark can be undone, and whether an access went where a test
 * must not go.
 */
#ifndef REPLAY_MACHINE_H
#define REPLAY_MACHINE_H

#include "cpu/cpu.h"
#include "decode/decode.h"
#include "layout.h"
#include "mmu/walk.h"

#define MACHINE_MEMORY 0x200000U
#define MACHINE_PAGES  (MACHINE_MEMORY / 4096)

/* What tests may do to a page. */
#define PAGE_READ   BIT(0)
#define PAGE_WRITE  BIT(1)
#define PAGE_SYSTEM BIT(2) /* only the processor itself writes, and patches do */

/* An image of memory before a write. */
struct undo {
	u32 address;
	u8 old;
};

#define UNDO_MOST 65536

/**
 * struct machine - the virtual CPU and its surroundings
 * @cpu: first, so that the bus finds the machine
 * @pages: PAGE_*, by guest-physical page
 * @guarded: whether accesses are held against @pages
 * @unsafe: one was against them, or a write was lost
 * @undo: what memory held before each write, oldest first
 * @written: NULL, or who wants to hear of each write
 * @memory: pages of ours, too
 */
struct machine {
	struct virtual_cpu cpu;
	bool guarded;
	bool unsafe;
	unsigned int undo_count;
	u8 pages[MACHINE_PAGES];
	struct undo undo[UNDO_MOST];
	void (*written)(u32 address, unsigned int bytes);
	u8 memory[MACHINE_MEMORY] __aligned(4096);
};

/* The CPU after reset, with the CPUID that tests see; memory cleared. */
void machine_init(struct machine *machine);

/* Load the replay guest's image and put the CPU where its loop calls run_test(). */
bool machine_load_image(struct machine *machine, const char *path, struct replay_image *image);

/* All writes since undo_count was @mark are taken back. */
void machine_undo(struct machine *machine, unsigned int mark);

/* Write guest-physical memory, noting it. */
void machine_poke(struct machine *machine, u32 address, const void *data, unsigned int bytes);

/* Where a linear address leads for a read of the test's own; false: nowhere. */
bool machine_translate(struct machine *machine, u32 linear, u32 *address);

/* Walk the guest's tables, as an access would; false: it would not succeed. */
bool machine_walk(struct machine *machine, u32 linear, unsigned int access,
		  struct guest_walk *walk);

enum machine_step {
	STEP_DONE,	/* an instruction was executed */
	STEP_DELIVERED, /* it raised an exception, which was delivered */
	STEP_BAD,	/* shutdown, a stop, an access to where nothing is */
};

/**
 * struct machine_trace - what a step was
 * @decoded: @insn counts
 * @delivered: an exception was, and @exception is it; also after STEP_DONE, for
 *	a trap that followed the instruction
 */
struct machine_trace {
	struct insn insn;
	bool decoded;
	bool delivered;
	struct cpu_exception exception;
};

/* Fetch, decode and emulate one instruction, deliver what it raises. */
enum machine_step machine_step(struct machine *machine, struct machine_trace *trace);

/* The same, but a fault is only left in cpu.fault: CPU_FAULT. */
enum cpu_result machine_execute(struct machine *machine, struct machine_trace *trace);

/* Linear address of the next instruction. */
u32 machine_pc(const struct machine *machine);
enum insn_mode machine_mode(const struct machine *machine);

/* Everything of the CPU but CPUID, to go back to. */
#define CPU_STATE_BYTES offsetof(struct virtual_cpu, cpuid_count)

struct cpu_snapshot {
	struct virtual_cpu cpu; /* without CPUID */
};

static inline void machine_save(const struct machine *machine, struct cpu_snapshot *snapshot)
{
	memcpy(&snapshot->cpu, &machine->cpu, CPU_STATE_BYTES);
}

static inline void machine_restore(struct machine *machine, const struct cpu_snapshot *snapshot)
{
	memcpy(&machine->cpu, &snapshot->cpu, CPU_STATE_BYTES);
}

#endif /* REPLAY_MACHINE_H */
