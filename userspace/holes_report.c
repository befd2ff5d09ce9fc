// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the probe guest's report, line by line, whether it comes from a VM or
 * from a file that an emulator wrote. The lines are described in probe/probe.h.
 */
#include <stdlib.h>
#include <string.h>

#include "holes.h"

#define NUMBERS_MAX 32

/* The numbers behind the line's letter; -1 if there is anything else. */
static int read_numbers(const char *text, uint32_t *numbers)
{
	int count = 0;

	while (*text == ' ') {
		char *end;
		unsigned long number = strtoul(text, &end, 16);

		if (end == text || number > UINT32_MAX || count == NUMBERS_MAX)
			return -1;
		numbers[count++] = (uint32_t)number;
		text = end;
	}
	return *text ? -1 : count;
}

static bool take_header(struct hole_column *column, const uint32_t *numbers, int count)
{
	if (count != 4 || numbers[0] != PROBE_FORMAT)
		return false;
	column->reported.signature = numbers[1];
	column->reported.features = numbers[2];
	column->reported.extended = numbers[3];
	return true;
}

static bool take_code(struct hole_column *column, const uint32_t *numbers, int count)
{
	if (count < 2 || numbers[0] >= PROBES || count - 1 > PROBE_CODE_MAX)
		return false;
	for (int i = 1; i < count; i++)
		column->code[numbers[0]][i - 1] = (uint8_t)numbers[i];
	column->code_bytes[numbers[0]] = (unsigned int)count - 1;
	return true;
}

static bool take_probe(struct hole_column *column, const uint32_t *numbers, int count,
		       uint64_t exits)
{
	struct probe_result *result;

	if (count != 1 + PROBE_FIELDS || numbers[0] >= PROBES)
		return false;
	result = &column->results[numbers[0]];
	memcpy(result->fields, numbers + 1, sizeof(result->fields));
	/* Whatever else the host does adds exits: the least is the probe's. */
	if (exits != UINT64_MAX && (!result->has_exits || exits < result->exits)) {
		result->exits = exits;
		result->has_exits = true;
	}
	result->seen = true;
	return true;
}

bool report_line(struct hole_column *column, const char *line, uint64_t exits)
{
	uint32_t numbers[NUMBERS_MAX];
	int count = *line ? read_numbers(line + 1, numbers) : -1;

	if (count < 0)
		return false;
	switch (*line) {
	case 'H': return take_header(column, numbers, count);
	case 'B': return take_code(column, numbers, count);
	case 'P': return take_probe(column, numbers, count, exits);
	case 'E': column->complete = count == 1 && numbers[0] == PROBES; return column->complete;
	default: return false;
	}
}
