// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of holes for programs; docs/holes.schema.json describes it. Called
 * by `ringlet holes --json`.
 */
#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "holes.h"
#include "holes_text.h"

static void set_string(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *fields_of(const struct probe_result *result)
{
	json_t *object = json_object();
	char name[16];

	for (unsigned int i = 0; i < PROBE_FIELDS; i++) {
		size_t at;

		for (at = 0; probe_field_names[i][at] && at < sizeof(name) - 1; at++)
			name[at] = (char)tolower(probe_field_names[i][at]);
		name[at] = '\0';
		set_number(object, name, result->fields[i]);
	}
	return object;
}

static json_t *cell_of(const struct hole_column *column, unsigned int probe)
{
	const struct probe_result *result = &column->results[probe];
	struct judgement judgement;
	char text[4 * TEXT_BYTES];
	json_t *cell = json_object();

	judge(column, probe, &judgement);
	set_string(cell, "column", column->name);
	set_string(cell, "verdict",
		   judgement.verdict == VERDICT_MISSING ? "missing"
							: verdict_name(judgement.verdict));
	describe_outcome(column, probe, &judgement, text, sizeof(text));
	set_string(cell, "outcome", text);
	if (!result->seen)
		return cell;
	json_object_set_new(cell, "trapped", json_boolean(judgement.trapped));
	if (result->has_exits)
		set_number(cell, "exits", result->exits);
	set_number(cell, "saw", judgement.saw);
	set_number(cell, "right", judgement.right);
	if (judgement.has_host)
		set_number(cell, "host", judgement.host);
	set_number(cell, "right_vector", judgement.right_vector);
	set_number(cell, "right_error", judgement.right_error);
	json_object_set_new(cell, "raw", fields_of(result));
	return cell;
}

static json_t *row_of(const struct holes *holes, unsigned int probe)
{
	const struct expectation *expectation = &expectations[probe];
	const struct instruction *instruction = &instructions[expectation->instruction];
	const struct probe_entry *entry = &probe_entries[probe];
	json_t *row = json_object(), *bytes = json_array(), *cells = json_array();

	set_string(row, "probe", entry->name);
	set_string(row, "instruction", instruction->name);
	set_string(row, "class", hole_class_name(instruction->class));
	json_object_set_new(row, "listed", json_boolean(instruction->listed));
	set_number(row, "ring", entry->ring);
	set_string(row, "state", expectation->state);
	set_string(row, "code", probe_code(probe));
	for (unsigned int i = 0; i < holes->columns[0].code_bytes[probe]; i++)
		json_array_append_new(bytes, json_integer(holes->columns[0].code[probe][i]));
	json_object_set_new(row, "bytes", bytes);
	set_string(row, "harm", instruction->harm);
	set_string(row, "closed_by", instruction->closes);
	for (size_t i = 0; i < holes->column_count; i++)
		json_array_append_new(cells, cell_of(&holes->columns[i], probe));
	json_object_set_new(row, "cells", cells);
	return row;
}

static json_t *column_of(const struct hole_column *column)
{
	json_t *object = json_object();

	set_string(object, "name", column->name);
	json_object_set_new(object, "device",
			    column->device ? json_string(column->device) : json_null());
	json_object_set_new(object, "umip", json_boolean(column->umip));
	json_object_set_new(object, "ring0_only", json_boolean(column->ring0_only));
	json_object_set_new(object, "seconds", json_real(column->seconds));
	return object;
}

void holes_print_json(const struct holes *holes, FILE *file)
{
	json_t *root = json_object(), *columns = json_array(), *rows = json_array();

	set_number(root, "format", 1);
	set_string(root, "processor", holes->cpu);
	json_object_set_new(root, "seconds", json_real(holes->seconds));
	for (size_t i = 0; i < holes->column_count; i++)
		json_array_append_new(columns, column_of(&holes->columns[i]));
	json_object_set_new(root, "columns", columns);
	for (unsigned int probe = 0; probe < PROBES; probe++)
		if (holes->wanted[probe])
			json_array_append_new(rows, row_of(holes, probe));
	json_object_set_new(root, "rows", rows);
	json_dumpf(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', file);
	json_decref(root);
}
