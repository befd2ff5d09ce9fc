/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder against Zydis, one instruction at a time. Shared by the
 * exhaustive test, the test of real binaries and the fuzzer. Userspace.
 */
#ifndef RINGLET_DECODE_ORACLE_H
#define RINGLET_DECODE_ORACLE_H

#include "decode/decode.h"

/* Once, before anything else. */
void oracle_init(void);

/**
 * oracle_compare() - decode with both and compare everything that both say
 * @bytes: the instruction
 * @available: how many bytes either may read
 * @mode: what they are
 * @insn: filled in with our answer
 *
 * Return: NULL if they agree, else what differs, in a static buffer.
 */
const char *oracle_compare(const u8 *bytes, unsigned int available, enum insn_mode mode,
			   struct insn *insn);

/* How often a documented difference was met; @name NULL at the end. */
struct oracle_difference {
	const char *name;
	const char *why;
	unsigned long count;
};

extern struct oracle_difference oracle_differences[];

#endif /* RINGLET_DECODE_ORACLE_H */
