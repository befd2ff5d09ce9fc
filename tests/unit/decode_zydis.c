// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every opcode of every map with every ModRM byte under every combination of
 * prefixes that matters, in 16-, 32- and 64-bit mode, against Zydis: result,
 * length, name, class and operands. Then every SIB byte, VEX and its relatives,
 * truncation at every byte, and long runs of prefixes. Userspace; prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decode_oracle.h"

#define SHOWN 12

static unsigned int tests, failures;
static unsigned long cases, different;

static const char *const mode_names[] = { "16-bit", "32-bit", "64-bit" };

struct prefixes {
	u8 count;
	u8 bytes[4];
	bool only_64;
};

static const struct prefixes prefix_sets[] = {
	{ 0, {}, false },
	{ 1, { 0x66 }, false },
	{ 1, { 0x67 }, false },
	{ 1, { 0xf2 }, false },
	{ 1, { 0xf3 }, false },
	{ 2, { 0x66, 0xf2 }, false },
	{ 2, { 0xf3, 0x66 }, false },
	{ 3, { 0xf2, 0xf3, 0x66 }, false },
	{ 1, { 0xf0 }, false },
	{ 2, { 0xf0, 0x66 }, false },
	{ 1, { 0x64 }, false },
	{ 2, { 0x26, 0x3e }, false },
	{ 2, { 0x36, 0x67 }, false },
	{ 1, { 0x41 }, true },
	{ 1, { 0x44 }, true },
	{ 1, { 0x48 }, true },
	{ 2, { 0x66, 0x4f }, true },
	{ 2, { 0xf3, 0x48 }, true },
	{ 2, { 0xf2, 0x4d }, true },
	{ 2, { 0x67, 0x42 }, true },
	{ 2, { 0x48, 0x66 }, true },
	{ 3, { 0x65, 0x2e, 0x40 }, true },
};

static const struct {
	const char *name;
	u8 count;
	u8 bytes[2];
} maps[] = {
	{ "one-byte", 0, {} },
	{ "0F", 1, { 0x0f } },
	{ "0F 38", 2, { 0x0f, 0x38 } },
	{ "0F 3A", 2, { 0x0f, 0x3a } },
};

static void report(const char *what, const char *mode)
{
	bool ok = cases && !different;

	tests++;
	failures += !ok;
	printf("%sok %u - %s, %s: %lu cases, %lu differ\n", ok ? "" : "not ", tests, what, mode,
	       cases, different);
	cases = 0;
	different = 0;
}

static void check(const u8 *bytes, unsigned int available, enum insn_mode mode, struct insn *insn)
{
	const char *difference = oracle_compare(bytes, available, mode, insn);
	unsigned int i;

	cases++;
	if (!difference || different++ >= SHOWN)
		return;
	printf("# %s:", mode_names[mode]);
	for (i = 0; i < available; i++)
		printf(" %02x", bytes[i]);
	printf(": %s\n", difference);
}

/* What follows the bytes under test: SIB, displacement, immediates. */
static void fill(u8 *bytes, unsigned int from, unsigned int seed)
{
	for (; from < INSN_MAX_LENGTH; from++) {
		seed = seed * 1103515245 + 12345;
		bytes[from] = seed >> 16;
	}
}

static void check_map(unsigned int map, enum insn_mode mode)
{
	unsigned int set, opcode, modrm;
	struct insn insn;
	u8 bytes[INSN_MAX_LENGTH];

	for (set = 0; set < ARRAY_SIZE(prefix_sets); set++) {
		const struct prefixes *prefixes = &prefix_sets[set];
		unsigned int start = prefixes->count + maps[map].count;

		if (prefixes->only_64 && mode != INSN_MODE_64)
			continue;
		memcpy(bytes, prefixes->bytes, prefixes->count);
		memcpy(bytes + prefixes->count, maps[map].bytes, maps[map].count);
		for (opcode = 0; opcode < 256; opcode++) {
			for (modrm = 0; modrm < 256; modrm++) {
				bytes[start] = opcode;
				bytes[start + 1] = modrm;
				fill(bytes, start + 2, opcode * 256 + modrm);
				check(bytes, sizeof(bytes), mode, &insn);
			}
		}
	}
	report(maps[map].name, mode_names[mode]);
}

/* Every SIB byte with every mod, prefix set and register; MOV, LEA, an SSE load. */
static void check_sib(enum insn_mode mode)
{
	static const struct {
		u8 count;
		u8 bytes[2];
	} opcodes[] = { { 1, { 0x8b } }, { 1, { 0x8d } }, { 2, { 0x0f, 0x10 } } };
	unsigned int set, opcode, mod, sib;
	struct insn insn;
	u8 bytes[INSN_MAX_LENGTH];

	for (set = 0; set < ARRAY_SIZE(prefix_sets); set++) {
		const struct prefixes *prefixes = &prefix_sets[set];

		if (prefixes->only_64 && mode != INSN_MODE_64)
			continue;
		memcpy(bytes, prefixes->bytes, prefixes->count);
		for (opcode = 0; opcode < ARRAY_SIZE(opcodes); opcode++) {
			unsigned int at = prefixes->count;

			memcpy(bytes + at, opcodes[opcode].bytes, opcodes[opcode].count);
			at += opcodes[opcode].count;
			for (mod = 0; mod < 4; mod++) {
				for (sib = 0; sib < 256; sib++) {
					bytes[at] = mod << 6 | (sib & 7) << 3 | 4;
					bytes[at + 1] = sib;
					fill(bytes, at + 2, sib);
					check(bytes, sizeof(bytes), mode, &insn);
				}
			}
		}
	}
	report("SIB", mode_names[mode]);
}

/* C5, C4, 62 and 8F with all payloads that matter, all opcodes, some ModRM. */
static void check_vex(enum insn_mode mode)
{
	static const u8 modrms[] = { 0x05, 0x0c, 0x44, 0x86, 0xc1, 0xff };
	static const u8 escapes[] = { 0xc5, 0xc4, 0x62, 0x8f };
	static const u8 before[] = { 0, 0x66, 0xf2, 0xf0, 0x2e, 0x48, 0x67 };
	unsigned int prefix, escape, first, second, opcode, modrm;
	struct insn insn;
	u8 bytes[INSN_MAX_LENGTH];

	for (prefix = 0; prefix < ARRAY_SIZE(before); prefix++) {
		/* All first payload bytes with few opcodes, all opcodes with few of them. */
		for (escape = 0; escape < ARRAY_SIZE(escapes); escape++) {
			for (first = 0; first < 256; first++) {
				for (opcode = 0; opcode < 256; opcode++) {
					unsigned int at = 0;

					second = opcode * 37 + first;
					modrm = modrms[(opcode + first) % ARRAY_SIZE(modrms)];
					if (before[prefix])
						bytes[at++] = before[prefix];
					bytes[at++] = escapes[escape];
					bytes[at++] = first;
					if (escapes[escape] != 0xc5)
						bytes[at++] = second;
					if (escapes[escape] == 0x62)
						bytes[at++] = 0x08;
					bytes[at++] = opcode;
					bytes[at++] = modrm;
					fill(bytes, at, opcode + first);
					check(bytes, sizeof(bytes), mode, &insn);
				}
			}
		}
	}
	report("VEX, EVEX, XOP", mode_names[mode]);
}

/* All opcodes with 0 to 15 bytes available. */
static void check_truncation(enum insn_mode mode)
{
	unsigned int map, opcode, modrm, available;
	struct insn insn;
	u8 bytes[INSN_MAX_LENGTH];

	for (map = 0; map < ARRAY_SIZE(maps); map++) {
		for (opcode = 0; opcode < 256; opcode++) {
			for (modrm = 0x04; modrm < 256; modrm += 0x40) {
				memcpy(bytes, maps[map].bytes, maps[map].count);
				bytes[maps[map].count] = opcode;
				bytes[maps[map].count + 1] = modrm;
				fill(bytes, maps[map].count + 2, opcode);
				for (available = 0; available <= INSN_MAX_LENGTH; available++)
					check(bytes, available, mode, &insn);
			}
		}
	}
	report("truncation", mode_names[mode]);
}

/* An instruction of @length bytes of which @available are there. */
static void check_stop(const u8 *bytes, unsigned int available, unsigned int length,
		       enum insn_mode mode, struct insn *insn)
{
	enum decode_result wanted = DECODE_OK;

	if (length > INSN_MAX_LENGTH && available >= INSN_MAX_LENGTH)
		wanted = DECODE_TOO_LONG;
	else if (length > available)
		wanted = DECODE_TRUNCATED;
	if (decode_insn(insn, bytes, available, mode) != wanted && different++ < SHOWN)
		printf("# %s: %u of %u bytes that start with %02x are not result %u\n",
		       mode_names[mode], available, length, bytes[0], wanted);
	check(bytes, available, mode, insn);
}

/* Given less than they need, instructions are truncated; beyond 15, too long. */
static void check_limit(enum insn_mode mode)
{
	static const u8 prefixes[] = { 0x66, 0x67, 0x2e, 0x64, 0xf2, 0xf3 };
	static const struct {
		u8 length;
		u8 bytes[5];
	} instructions[] = {
		{ 1, { 0x90 } },
		{ 2, { 0xb0, 1 } },
		{ 2, { 0x8b, 0xc3 } },
		{ 2, { 0x0f, 0x0b } },
		{ 4, { 0x0f, 0xba, 0xe0, 1 } },
	};
	unsigned int prefix, count, which, available;
	struct insn insn;

	for (prefix = 0; prefix < ARRAY_SIZE(prefixes); prefix++) {
		for (count = 0; count <= 16; count++) {
			for (which = 0; which < ARRAY_SIZE(instructions); which++) {
				unsigned int length = count + instructions[which].length;
				u8 bytes[32] = {};

				memset(bytes, prefixes[prefix], count);
				memcpy(bytes + count, instructions[which].bytes, 5);
				for (available = 0; available <= sizeof(bytes); available++)
					check_stop(bytes, available, length, mode, &insn);
			}
		}
	}
	report("15-byte limit", mode_names[mode]);
}

/* Each documented difference must still be one, or it hides nothing but errors. */
static void check_documented(void)
{
	const struct oracle_difference *difference;

	for (difference = oracle_differences; difference->name; difference++) {
		bool met = difference->count;

		tests++;
		failures += !met;
		printf("%sok %u - documented difference: %s # %lu cases: %s\n", met ? "" : "not ",
		       tests, difference->name, difference->count, difference->why);
	}
}

int main(void)
{
	unsigned int mode, map;

	oracle_init();
	printf("TAP version 13\n");
	for (mode = INSN_MODE_16; mode <= INSN_MODE_64; mode++) {
		for (map = 0; map < ARRAY_SIZE(maps); map++)
			check_map(map, mode);
		check_sib(mode);
		check_vex(mode);
		check_truncation(mode);
		check_limit(mode);
	}
	check_documented();
	printf("1..%u\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
