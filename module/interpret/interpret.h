/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interpreter: executes guest code from a cache of decoded instructions,
 * fast, until it meets something that it leaves to others. Called by the run
 * loop (and by a harness in userspace) in bursts. Pure: it never sleeps, takes
 * no lock and allocates nothing; memory is what its owner gives it.
 *
 * It knows three things that its owner has to keep true for it:
 * - the TLB: linear pages to host addresses of guest pages, filled by the owner
 *   after a guest walk, dropped when translation, memory or tracking changes;
 * - the code cache: decoded instructions by guest page. A page with decoded
 *   code is write-protected by its owner, who reports what is written there;
 * - struct virtual_cpu, whose state is precise whenever it is not running.
 *
 * How a run loop uses it:
 *
 *	switch (interpreter_run(interpreter, budget, &report)) {
 *	case INTERPRET_TLB_MISS:   walk report.linear for report.access; #PF: deliver;
 *				   RAM: interpreter_tlb_fill(), and if that says
 *				   false, or it is MMIO: one instruction by emulate_insn()
 *	case INTERPRET_CODE_PAGE:  write-protect report.gfn, interpreter_code_page_add()
 *	case INTERPRET_CODE_FULL:  interpreter_code_flush()
 *	case INTERPRET_SLOW:	   one instruction by emulate_insn()
 *	case INTERPRET_CHANGED:	   see whether this core is still for it, and go on
 *	case INTERPRET_WINDOW:
 *	case INTERPRET_BUDGET:
 *	case INTERPRET_STOP:	   look around: events, signals, the scheduler
 *	}
 *
 * All functions other than interpreter_run() are called between bursts, never
 * during one, by the thread that runs the virtual CPU.
 */
#ifndef RINGLET_INTERPRET_INTERPRET_H
#define RINGLET_INTERPRET_INTERPRET_H

#include "cpu/cpu.h"

struct interpreter;

/* What an interpreter works with: less than the minimum is refused. */
#define INTERPRETER_MEMORY_MINIMUM (1UL << 20)
#define INTERPRETER_MEMORY	   (12UL << 20)

/**
 * enum interpret_exit - why interpreter_run() returned
 * @INTERPRET_BUDGET: the budget is used up
 * @INTERPRET_STOP: interpreter_host.should_stop() said so
 * @INTERPRET_WINDOW: an external interrupt can be taken now, and was wanted
 * @INTERPRET_SLOW: the next instruction is not for this core (which includes
 *	all of single-step, breakpoints, interrupt shadows)
 * @INTERPRET_TLB_MISS: the next instruction needs report.linear for
 *	report.access (ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH, with ACCESS_SYSTEM)
 * @INTERPRET_CODE_PAGE: the next instruction lies in report.gfn, which holds no
 *	decoded code yet
 * @INTERPRET_CODE_FULL: no memory left for decoded code
 * @INTERPRET_CHANGED: segment registers, or CPL and flags with them
 *
 * In every case the virtual CPU is between two instructions (or iterations of
 * a REP) and nothing of the next one has happened.
 */
enum interpret_exit {
	INTERPRET_BUDGET,
	INTERPRET_STOP,
	INTERPRET_WINDOW,
	INTERPRET_SLOW,
	INTERPRET_TLB_MISS,
	INTERPRET_CODE_PAGE,
	INTERPRET_CODE_FULL,
	INTERPRET_CHANGED,
	INTERPRET_EXITS,
};

/**
 * struct interpret_report - what interpreter_run() has to say
 * @instructions: how many were executed in this burst
 * @linear: INTERPRET_TLB_MISS: the first byte
 * @access: INTERPRET_TLB_MISS: why
 * @gfn: INTERPRET_CODE_PAGE: which
 */
struct interpret_report {
	u64 instructions;
	u64 linear;
	unsigned int access;
	u64 gfn;
};

/**
 * struct interpreter_host - what the interpreter asks of its owner
 * @should_stop: polled every INTERPRET_POLL instructions or so, during a burst:
 *	true ends it. It must not sleep
 * @code_dropped: @gfn holds no decoded code any more and need not be
 *	write-protected on that account. Called once for each
 *	interpreter_code_page_add(), between bursts only
 * @port_in: an element of @bytes (1, 2, 4) from a port to *@value; false: not
 *	without sleeping, or not there. NULL: never
 * @port_out: likewise, to a port
 */
struct interpreter_host {
	bool (*should_stop)(struct virtual_cpu *cpu);
	void (*code_dropped)(struct virtual_cpu *cpu, u64 gfn);
	bool (*port_in)(struct virtual_cpu *cpu, u16 port, unsigned int bytes, u32 *value);
	bool (*port_out)(struct virtual_cpu *cpu, u16 port, unsigned int bytes, u32 value);
};

#define INTERPRET_POLL 256

/**
 * interpreter_init() - make an interpreter
 * @cpu: the virtual CPU that it executes; has its bus by now
 * @host: callbacks; lives as long as the interpreter
 * @memory: zeroed, aligned to a page; holds everything, and may be freed when
 *	the interpreter is not used any more (after interpreter_code_flush(), if
 *	the owner wants to hear of the pages)
 * @bytes: how much; INTERPRETER_MEMORY is a good value
 *
 * Return: the interpreter; NULL if there is too little memory.
 */
struct interpreter *interpreter_init(struct virtual_cpu *cpu, const struct interpreter_host *host,
				     void *memory, size_t bytes);

/**
 * interpreter_run() - execute guest code
 * @interpreter: whose
 * @budget: how many instructions at most; it may do up to INTERPRET_POLL more
 * @report: filled in
 *
 * Context: any in which host pages in the TLB stay where they are. Never
 * sleeps; a burst of 10,000 instructions takes some 100 microseconds.
 */
enum interpret_exit interpreter_run(struct interpreter *interpreter, u64 budget,
				    struct interpret_report *report);

/**
 * interpreter_want_window() - whether an interrupt waits for IF
 * @interpreter: whose
 * @wanted: true: return INTERPRET_WINDOW when it can be taken
 */
void interpreter_want_window(struct interpreter *interpreter, bool wanted);

/* ---- the TLB -------------------------------------------------------------- */

/* What may be done with the page without another walk: a mask. */
#define INTERPRET_PAGE_READ    BIT(0)
#define INTERPRET_PAGE_WRITE   BIT(1) /* allowed, D is set, nobody tracks it */
#define INTERPRET_PAGE_EXECUTE BIT(2)
#define INTERPRET_PAGE_GLOBAL  BIT(3)
#define INTERPRET_PAGE_LARGE   BIT(4) /* part of a guest page of more than 4 KiB */

/**
 * interpreter_tlb_fill() - enter a translation, for the present CPL and @access
 * @interpreter: whose
 * @linear: any address in the page
 * @host_page: where the guest page is mapped in the host, page-aligned; the
 *	interpreter reads and writes it until told otherwise
 * @gfn: its number
 * @allowed: INTERPRET_PAGE_*
 * @access: what has missed
 *
 * Return: false if @access will not succeed with this (a write to a page that
 * holds decoded code): execute one instruction by other means.
 */
bool interpreter_tlb_fill(struct interpreter *interpreter, u64 linear, void *host_page, u64 gfn,
			  unsigned int allowed, unsigned int access);

/*
 * What the emulator accesses can go by the same TLB: true if it knew where the
 * bytes are and they were read or written. @access: ACCESS_*. Context: as
 * interpreter_run().
 */
bool interpreter_tlb_read(struct interpreter *interpreter, u64 linear, void *data,
			  unsigned int bytes, unsigned int access);
bool interpreter_tlb_write(struct interpreter *interpreter, u64 linear, const void *data,
			   unsigned int bytes, unsigned int access);

/* After CR3 was loaded (@keep_global if CR4.PGE), or paging's mode bits changed. */
void interpreter_tlb_flush(struct interpreter *interpreter, bool keep_global);
/* INVLPG: the page, or all of the large page that it is part of. */
void interpreter_tlb_flush_page(struct interpreter *interpreter, u64 linear);
/* @gfn is tracked from now on: writes shall miss. */
void interpreter_tlb_protect(struct interpreter *interpreter, u64 gfn);
/* @gfn is not where it was in the host: forget the address, compare its code
 * with its bytes before it is executed again. */
void interpreter_tlb_drop(struct interpreter *interpreter, u64 gfn);

/* ---- the code cache -------------------------------------------------------- */

/**
 * interpreter_code_page_add() - code of @gfn may be decoded and kept
 * @interpreter: whose
 * @gfn: the page, write-protected by now
 *
 * May drop other pages to make room.
 */
void interpreter_code_page_add(struct interpreter *interpreter, u64 gfn);

/* Somebody wrote to guest memory; cheap if no decoded code lies there. A page that
 * is written many times without being executed is dropped. */
void interpreter_code_invalidate(struct interpreter *interpreter, u64 gpa, unsigned int bytes);
/* Drop all code. */
void interpreter_code_flush(struct interpreter *interpreter);
/* Guest memory may have been written by those who do not say so (the client):
 * compare code with memory before it is executed again. */
void interpreter_code_recheck(struct interpreter *interpreter);

/* ---- figures ---------------------------------------------------------------- */

struct interpreter_statistics {
	u64 instructions;
	u64 exits[INTERPRET_EXITS];
	u64 blocks_decoded;
	u64 code_lookups; /* entries to a block that the jump cache did not know */
	u64 code_invalidations;
	u64 code_pages_dropped; /* because they were written too often */
	u64 code_flushes;
	u64 code_rechecks;
};

const struct interpreter_statistics *interpreter_statistics(const struct interpreter *interpreter);

#endif /* RINGLET_INTERPRET_INTERPRET_H */
