// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the decoder: the first byte chooses the mode, the rest are the bytes
 * that may be read, in a block of exactly that size so that the sanitizer sees
 * a read past it. Compares with Zydis, and with itself: twice the same answer,
 * the same answer with more bytes, none with fewer. Userspace, libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decode_oracle.h"

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_decode: %s\n", what);
	abort();
}

static enum decode_result decode_exactly(struct insn *insn, const u8 *data, size_t size,
					 enum insn_mode mode)
{
	u8 *bytes = malloc(size);
	enum decode_result result;

	require(bytes || !size, "out of memory");
	if (size)
		memcpy(bytes, data, size);
	result = decode_insn(insn, bytes, size, mode);
	free(bytes);
	return result;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	oracle_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct insn insn, again;
	enum insn_mode mode;
	enum decode_result result;
	const char *difference;

	if (!size)
		return 0;
	mode = data[0] % 3;
	data++;
	size--;

	result = decode_exactly(&insn, data, size, mode);
	require(insn.length <= size && insn.length <= INSN_MAX_LENGTH, "length beyond the bytes");
	require(decode_exactly(&again, data, size, mode) == result, "another result");
	require(!memcmp(&insn, &again, sizeof(insn)), "another instruction");
	if (result == DECODE_OK) {
		require(decode_exactly(&again, data, insn.length, mode) == DECODE_OK &&
				!memcmp(&insn, &again, sizeof(insn)),
			"bytes behind the instruction matter");
		require(decode_exactly(&again, data, insn.length - 1, mode) == DECODE_TRUNCATED,
			"decodes without its last byte");
	}
	difference = oracle_compare(data, size, mode, &insn);
	require(!difference, difference);
	return 0;
}
