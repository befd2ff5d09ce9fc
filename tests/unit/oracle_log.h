/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the real processor did, from the emulator's oracle, which is 32-bit code,
 * to the interpreter's, which is 64-bit: a context, then records one after the
 * other. And the virtual CPU on which both execute the tests.
 */
#ifndef RINGLET_TESTS_ORACLE_LOG_H
#define RINGLET_TESTS_ORACLE_LOG_H

#include "cpu/cpu.h"
#include "emulate_generate.h"

/**
 * struct oracle_context - what the host's kernel gave the oracle
 * @selectors: of the flat segments, and of FS
 * @code16: 0: there are no 16-bit segments
 * @stack16: likewise
 */
struct oracle_context {
	u16 selectors[SEGMENT_REGISTERS];
	u16 code16, stack16;
};

/* A word of the data, and what it is now. */
struct oracle_write {
	u32 word, value;
};

/**
 * struct oracle_record - a test and its outcome; the same for all compilers
 * @code: the instruction
 * @code16: in 16-bit code
 * @stack16: on a 16-bit stack
 * @comparable: the emulator agrees; else only memory is of use
 * @start: registers before
 * @native: what the processor says
 * @before: what has changed in memory since the last test; in a log, as many
 *	follow as @before_count says, and nothing if it is 0
 * @after: what the instruction changed, likewise
 */
struct oracle_record {
	u8 code[INSN_MAX_LENGTH];
	u8 code16;
	u32 stack16, comparable;
	struct native_state start, native;
	u32 before_count, after_count;
	struct oracle_write before[NATIVE_READABLE / 4];
	struct oracle_write after[NATIVE_READABLE / 4];
};

#define ORACLE_RECORD_BYTES offsetof(struct oracle_record, before)

/* A processor in ring 3 with all features there are. */
void oracle_init_cpu(struct virtual_cpu *cpu, const struct cpu_bus *bus,
		     const struct oracle_context *context);

/**
 * oracle_start() - put the CPU where native_run() starts
 * Return: the code segment's base.
 */
u32 oracle_start(struct virtual_cpu *cpu, const struct oracle_test *test,
		 const struct oracle_context *context);

#endif /* RINGLET_TESTS_ORACLE_LOG_H */
