/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random tests, made while the virtual CPU executes them: each instruction is
 * chosen with the state before it known, tried, and kept if what it did can be
 * compared with another machine.
 */
#ifndef REPLAY_GENERATE_H
#define REPLAY_GENERATE_H

#include "exclude.h"
#include "world.h"

#define PATCH_BYTES_MOST 4096
#define TEST_LONGEST	 14 /* instructions */

/**
 * struct generator - where tests come from
 * @strict: what only a strict processor can be asked, is
 * @verbose: print each instruction of finished tests
 * @excluded: instructions that were not, by reason
 * @executed: instructions of finished tests, by operation
 * @faults: those that ended in an exception
 * @discarded: tests that came to nothing
 * @fast: run each finished test by the interpreter's fast core, too
 * @spoil_fast: and take its result for another one
 * @disagreement: how that differed from the emulator in the last test, or NULL
 * @words: room for it
 * @patches: of the test being made, as a record has them
 */
struct generator {
	struct machine *machine;
	const struct replay_image *image;
	struct world world;
	bool strict;
	bool verbose;
	u64 excluded[EXCLUSIONS];
	u64 executed[OPERATIONS];
	u64 faults[OPERATIONS];
	u64 vectors[256];
	u64 kinds[4];
	u64 discarded, tests, instructions;
	bool fast, spoil_fast;
	const char *disagreement;
	char words[80];

	/* Bits of the error code and of EFLAGS that are not compared. */
	u32 error_ignored, flags_ignored;
	/* Flags after the last instruction that are, beyond what the manual says. */
	u32 undefined_more;
	/* The test has left a task by CALL. */
	bool task_left;
	unsigned int patch_bytes;
	u8 patches[PATCH_BYTES_MOST];
	/* Bytes of code that the test has executed: not to be overwritten. */
	unsigned int code_count;
	struct {
		u32 start, end;
	} code[2 * TEST_LONGEST + 8];
	/* An instruction that waits for registers to be set up for it. */
	bool stashed;
	u8 stash[INSN_MAX_LENGTH];
	unsigned int stash_bytes;
};

/**
 * generate_test() - one test
 * @generator: its machine's memory is as the tests before left it
 * @record: filled in, without bytes; the patches are the generator's
 *
 * The machine is left as it is after the test. False: it came to nothing, and
 * the machine is as before; try again.
 */
bool generate_test(struct generator *generator, struct replay_record *record);

/* ---- candidates.c ---- */

struct candidate {
	u8 bytes[INSN_MAX_LENGTH];
	unsigned int count;
};

/* An instruction to try now; memory that it uses may be patched. */
void candidate_choose(struct generator *generator, struct candidate *candidate);

/* Put bytes into memory before the test begins, and now. */
bool generator_patch(struct generator *generator, u32 address, const void *data,
		     unsigned int bytes);
/* The same at a linear address, as far as it leads anywhere. */
void generator_patch_linear(struct generator *generator, u32 linear, const void *data,
			    unsigned int bytes);

#endif /* REPLAY_GENERATE_H */
