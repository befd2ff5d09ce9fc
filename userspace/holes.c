// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command `ringlet holes`: which columns there are on this machine, and
 * what of them is printed. Called by main().
 */
#define _GNU_SOURCE /* strchrnul */
#include <argp.h>
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "control.h"
#include "holes.h"
#include "options.h"
#include "vm.h"

enum { KEY_JSON = 0x200, KEY_ONLY, KEY_EXPLAIN, KEY_ENGINE, KEY_DEVICE, KEY_RECORDS, KEY_IMAGE };

extern const uint8_t _binary_probe_elf_start[], _binary_probe_elf_end[];

struct holes_options {
	bool json;
	bool explain;
	const char *engine;
	const char *device;
	const char *records;
	const char *image;
	bool chosen;
	bool wanted[PROBES];
};

/* All ways to run it. An engine that the module does not have is left out. */
static struct hole_column all_columns[] = {
	{ .name = "trap", .engine = RINGLET_ENGINE_TRAP },
	{ .name = "trap+UMIP", .engine = RINGLET_ENGINE_TRAP, .umip = true },
	{ .name = "interpret", .engine = RINGLET_ENGINE_INTERPRET },
	{ .name = "translate", .engine = RINGLET_ENGINE_TRANSLATE },
	{ .name = "pv", .engine = RINGLET_ENGINE_PV },
	{ .name = "kvm", .engine = -1, .device = KVM_DEVICE },
};
#define COLUMNS (sizeof(all_columns) / sizeof(all_columns[0]))

static const char *const engine_names[] = { "trap", "interpret", "translate", "pv", "kvm" };

static bool is_of_engine(const struct hole_column *column, const char *engine)
{
	const char *end = strchrnul(column->name, '+');

	return strlen(engine) == (size_t)(end - column->name) &&
	       !strncmp(column->name, engine, strlen(engine));
}

/* An instruction ("mov cr"), or a single probe ("popf_sets_if"). */
static bool choose(struct holes_options *options, const char *name)
{
	bool found = false;

	for (unsigned int i = 0; i < PROBES; i++) {
		if (strcasecmp(name, probe_entries[i].name) &&
		    strcasecmp(name, instructions[expectations[i].instruction].name))
			continue;
		options->wanted[i] = true;
		found = true;
	}
	options->chosen = true;
	return found;
}

static error_t parse_holes_option(int key, char *text, struct argp_state *state)
{
	struct holes_options *options = state->input;
	bool known = false;

	switch (key) {
	case KEY_JSON: options->json = true; break;
	case KEY_EXPLAIN: options->explain = true; __attribute__((fallthrough));
	case KEY_ONLY:
		if (!choose(options, text))
			argp_error(state,
				   "no instruction and no probe is called '%s'; `ringlet holes "
				   "--json` lists them",
				   text);
		break;
	case KEY_ENGINE:
		for (size_t i = 0; i < sizeof(engine_names) / sizeof(engine_names[0]); i++)
			known |= !strcmp(text, engine_names[i]);
		if (!known)
			argp_error(state, "--engine does not know '%s'; see --help", text);
		options->engine = text;
		break;
	case KEY_DEVICE: options->device = text; break;
	case KEY_RECORDS: options->records = text; break;
	case KEY_IMAGE: options->image = text; break;
	case ARGP_KEY_ARG: argp_error(state, "what is '%s'?", text); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void parse_options(int argc, char **argv, struct holes_options *options)
{
	static const struct argp_option table[] = {
		{ "json", KEY_JSON, NULL, 0, "print everything that was measured as JSON", 0 },
		{ "only", KEY_ONLY, "NAME", 0, "only this instruction or probe (repeat)", 0 },
		{ "explain", KEY_EXPLAIN, "NAME", 0, "tell the story of this instruction", 0 },
		{ "engine", KEY_ENGINE, "ENGINE", 0,
		  "only this engine: trap, interpret, translate, pv, or kvm (default: all that "
		  "there are)",
		  0 },
		{ "device", KEY_DEVICE, "PATH", 0, "the device to use (default " DEFAULT_DEVICE ")",
		  0 },
		{ "image", KEY_IMAGE, "FILE", 0,
		  "write the probe guest to FILE, for another machine, and end", 0 },
		{ "records", KEY_RECORDS, "FILE", 0,
		  "judge what the probe guest wrote to port 0xe9 elsewhere; runs nothing", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = table,
		.parser = parse_holes_option,
		.doc = "Show which x86 instructions cannot be virtualized by trapping, and what "
		       "closes each hole: a guest executes them, and nothing is known beforehand "
		       "but what bare hardware answers.\v"
		       "Exit status: 0 measured, 1 nothing could be measured, or --records differ "
		       "from hardware's answers, 2 wrong usage.",
	};
	static char name[] = "ringlet holes";

	*options = (struct holes_options){ .device = DEFAULT_DEVICE };
	argp_err_exit_status = STATUS_USAGE;
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, options);
	if (!options->chosen)
		memset(options->wanted, 1, sizeof(options->wanted));
}

static void read_cpu_name(char *name, size_t bytes)
{
	unsigned int registers[12];

	for (unsigned int i = 0; i < 3; i++)
		if (!__get_cpuid(0x80000002 + i, &registers[4 * i], &registers[4 * i + 1],
				 &registers[4 * i + 2], &registers[4 * i + 3])) {
			snprintf(name, bytes, "unknown");
			return;
		}
	snprintf(name, bytes, "%.48s", (const char *)registers);
}

/*
 * QEMU's emulation of SVM ends the whole emulator when a 32-bit guest comes from
 * ring 3 to ring 0.
 */
static bool runs_in_tcg(void)
{
	unsigned int eax, ebx, ecx, edx;

	__cpuid(0x40000000, eax, ebx, ecx, edx);
	return ebx == 0x54474354 && ecx == 0x43544743 && edx == 0x47435447;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Moves the columns that ran to the front; says why others did not. */
static size_t measure(const struct holes_options *options)
{
	bool can_compare = true;
	size_t count = 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		struct hole_column *column = &all_columns[i];
		double start = seconds_now();

		if (options->engine && !is_of_engine(column, options->engine))
			continue;
		if (!column->device)
			column->device = options->device;
		column->ring0_only = column->engine < 0 && runs_in_tcg();
		if (!run_probes(column)) {
			/* Engines that are still to come are no news. */
			if (options->engine || column->umip ||
			    column->engine <= RINGLET_ENGINE_TRAP)
				complain("no column %s: %s", column->name, column->reason.text);
			continue;
		}
		column->seconds = seconds_now() - start;
		if (column->ring0_only)
			complain("column %s has only what stays in ring 0: QEMU's emulation of SVM "
				 "does not survive a 32-bit guest that leaves ring 3",
				 column->name);
		can_compare &= column->engine < 0 || column->has_processor;
		all_columns[count++] = *column;
	}
	if (!can_compare)
		complain("only root may read the host's registers: what shows of them counts as "
			 "wrong here, not as a leak");
	return count;
}

static int write_image(const char *name)
{
	FILE *file = fopen(name, "wb");
	const size_t bytes = (size_t)(_binary_probe_elf_end - _binary_probe_elf_start);
	bool good;

	if (!file) {
		complain("cannot write %s: %s", name, strerror(errno));
		return STATUS_USAGE;
	}
	good = fwrite(_binary_probe_elf_start, 1, bytes, file) == bytes;
	good &= !fclose(file);
	if (!good)
		complain("cannot write %s: %s", name, strerror(errno));
	return good ? STATUS_OK : STATUS_USAGE;
}

static bool read_records(const char *name, struct hole_column *column)
{
	FILE *file = fopen(name, "r");
	char line[512];

	if (!file) {
		complain("cannot open %s: %s", name, strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		report_line(column, line, UINT64_MAX);
	}
	fclose(file);
	if (!column->complete)
		complain("%s is not a whole report of this tool's probe guest", name);
	return column->complete;
}

/* Each probe of a recording is a result of its own, in TAP. */
static int judge_records(const struct holes_options *options)
{
	static struct hole_column column = { .name = "recorded", .engine = -1 };
	unsigned int number = 0, failed = 0;
	struct judgement judgement;

	if (!read_records(options->records, &column))
		return STATUS_FAILED;
	column.identity = column.reported;
	for (unsigned int i = 0; i < PROBES; i++) {
		const struct probe_result *result = &column.results[i];

		if (!options->wanted[i])
			continue;
		judge(&column, i, &judgement);
		failed += judgement.verdict != VERDICT_RIGHT;
		printf("%sok %u - %s: %s\n", judgement.verdict == VERDICT_RIGHT ? "" : "not ",
		       ++number, probe_entries[i].name, expectations[i].state);
		if (judgement.verdict != VERDICT_RIGHT)
			printf("# vector %x error %x offset %x, saw %llx, right %llx\n",
			       result->fields[PROBE_FIELD_VECTOR],
			       result->fields[PROBE_FIELD_ERROR],
			       result->fields[PROBE_FIELD_OFFSET],
			       (unsigned long long)judgement.saw,
			       (unsigned long long)judgement.right);
	}
	printf("1..%u\n", number);
	return failed ? STATUS_FAILED : STATUS_OK;
}

int command_holes(int argc, char **argv)
{
	static struct holes holes;
	struct holes_options options;
	double start = seconds_now();

	parse_options(argc, argv, &options);
	if (options.image)
		return write_image(options.image);
	if (options.records)
		return judge_records(&options);
	memcpy(holes.wanted, options.wanted, sizeof(holes.wanted));
	read_cpu_name(holes.cpu, sizeof(holes.cpu));
	holes.columns = all_columns;
	holes.column_count = measure(&options);
	holes.seconds = seconds_now() - start;
	if (!holes.column_count)
		return STATUS_FAILED;
	if (options.json)
		holes_print_json(&holes, stdout);
	else if (options.explain)
		holes_explain(&holes);
	else
		holes_print(&holes);
	return STATUS_OK;
}
