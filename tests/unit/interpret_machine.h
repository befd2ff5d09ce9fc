/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two machines of fake_bus.h with the same state: one is executed by the
 * emulator alone, the other by the interpreter with the emulator as its slow
 * way. Used by the lockstep test and by the fuzzer.
 */
#ifndef RINGLET_TESTS_INTERPRET_MACHINE_H
#define RINGLET_TESTS_INTERPRET_MACHINE_H

#include "fake_bus.h"
#include "interpret/interpret.h"

/**
 * struct outcome - how an execution ended
 * @result: CPU_OK: all instructions are done, or HLT; else what stopped it
 * @instructions: how many were executed
 */
struct outcome {
	enum cpu_result result;
	u64 instructions;
};

/* The machine for the emulator, and the one for the interpreter. */
struct fake_machine *reference_machine(void);
struct fake_machine *fast_machine(void);

/* Execute at most @instructions; REPs are finished. */
struct outcome run_reference(u64 instructions);
/*
 * Likewise; it may do some more. @disturb, if not NULL, is asked for random
 * numbers, which decide about flushes and stops in between.
 */
struct outcome run_fast(u64 instructions, u64 (*disturb)(void));

/* Before a run: forget what was decoded of earlier memory, if @all, else only
 * say that memory may have changed. */
void fast_forget(bool all);

/* Guest pages that there may be, most of them without memory. */
#define FAST_GFNS 0x4000

/* Tell the interpreter that a page may hold code; that a byte of it was written;
 * whether it holds code. */
void fast_add_code(u64 gfn);
void fast_written(u64 gpa);
bool fast_holds_code(u64 gfn);

const struct interpreter_statistics *fast_statistics(void);

/* The first difference in words, or NULL. */
const char *machines_differ(const struct outcome *reference, const struct outcome *fast);

#endif /* RINGLET_TESTS_INTERPRET_MACHINE_H */
