// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real code. Userspace; prints TAP lines without a plan, the step adds it.
 *
 *	decode_binaries sweep 16|32|64 FILE	decode at every offset of the
 *		file and compare with Zydis
 *	decode_binaries objdump 32|64 NAME	read `objdump -d -w` from standard
 *		input and compare the length of each instruction
 */
#include <stdio.h>
#include <stdlib.h>

#include "decode_oracle.h"

#define SHOWN 12

static unsigned long cases, different;

static enum insn_mode parse_mode(const char *text)
{
	switch (atoi(text)) {
	case 16: return INSN_MODE_16;
	case 32: return INSN_MODE_32;
	default: return INSN_MODE_64;
	}
}

static void show(unsigned long address, const u8 *bytes, unsigned int count, const char *difference)
{
	unsigned int i;

	if (different++ >= SHOWN)
		return;
	printf("# %lx:", address);
	for (i = 0; i < count; i++)
		printf(" %02x", bytes[i]);
	printf(": %s\n", difference);
}

static void sweep(const char *path, enum insn_mode mode)
{
	FILE *file = fopen(path, "rb");
	size_t size, offset;
	struct insn insn;
	u8 *bytes;

	if (!file || fseek(file, 0, SEEK_END)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	size = ftell(file);
	rewind(file);
	bytes = malloc(size);
	if (!bytes || fread(bytes, 1, size, file) != size) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fclose(file);
	for (offset = 0; offset < size; offset++) {
		unsigned int available = min_t(size_t, size - offset, INSN_MAX_LENGTH);
		const char *difference = oracle_compare(bytes + offset, available, mode, &insn);

		cases++;
		if (difference)
			show(offset, bytes + offset, available, difference);
	}
	free(bytes);
}

/* "  401000:\tf3 0f 1e fa          \tendbr64": bytes between two tabs. */
static unsigned int parse_line(const char *line, unsigned long *address, u8 *bytes)
{
	unsigned int count = 0;
	char *rest;

	*address = strtoul(line, &rest, 16);
	if (rest == line || rest[0] != ':' || rest[1] != '\t')
		return 0;
	rest += 2;
	while (count < INSN_MAX_LENGTH) {
		char *end;
		unsigned long byte = strtoul(rest, &end, 16);

		/* Numbers end with the tab before the mnemonic. */
		if (end != rest + 2 || *end != ' ')
			break;
		bytes[count++] = byte;
		rest = end + 1;
	}
	return strstr(rest, "(bad)") ? 0 : count;
}

static void compare_objdump(enum insn_mode mode)
{
	static char line[4096];
	unsigned long address;
	struct insn insn;
	u8 bytes[INSN_MAX_LENGTH];

	while (fgets(line, sizeof(line), stdin)) {
		unsigned int count = parse_line(line, &address, bytes);
		char text[80];

		if (!count)
			continue;
		cases++;
		if (decode_insn(&insn, bytes, count, mode) == DECODE_OK && insn.length == count)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(text, sizeof(text), "length %u of %s", insn.length,
			 strrchr(line, '\t') + 1);
		show(address, bytes, count, text);
	}
}

int main(int count, char **arguments)
{
	const char *name;
	bool ok;

	if (count != 4) {
		fprintf(stderr, "usage: decode_binaries sweep|objdump 16|32|64 FILE|NAME\n");
		return EXIT_FAILURE;
	}
	oracle_init();
	if (!strcmp(arguments[1], "sweep"))
		sweep(arguments[3], parse_mode(arguments[2]));
	else
		compare_objdump(parse_mode(arguments[2]));
	/* A corpus that yields next to nothing tests nothing. */
	name = strrchr(arguments[3], '/') ? strrchr(arguments[3], '/') + 1 : arguments[3];
	ok = cases > 1000 && !different;
	printf("%sok - %s of %s, %s-bit: %lu instructions, %lu differ\n", ok ? "" : "not ",
	       arguments[1], name, arguments[2], cases, different);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
