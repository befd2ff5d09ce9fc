/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random tests for the emulator's oracle. The half that knows encodings;
 * emulate_oracle.c says which operations take part, runs and compares.
 */
#ifndef RINGLET_TESTS_EMULATE_GENERATE_H
#define RINGLET_TESTS_EMULATE_GENERATE_H

#include "decode/decode.h"
#include "emulate_native.h"

struct oracle_test {
	u8 code[INSN_MAX_LENGTH];
	struct insn insn;
	struct native_state before;
	bool stack16;
};

void oracle_seed(u64 seed);
/* Edges, small numbers, or anything. */
u32 oracle_random_value(void);

/* Make a test; false: what came up is of no use, call again. */
bool oracle_generate(struct oracle_test *test);
/* Whether only the instruction's end can follow it, or a fault. */
bool oracle_goes_straight_on(const struct insn *insn);

/* In emulate_oracle.c. */
bool oracle_takes_part(const struct insn *insn);
bool oracle_result_undefined(const struct insn *insn, const struct native_state *before);
/* Write a word to both memories, if it lies in the writable data. */
void oracle_put(u32 linear, u32 value);

#endif /* RINGLET_TESTS_EMULATE_GENERATE_H */
