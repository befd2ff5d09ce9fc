// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of holes, and the story of one instruction, for people. Called by
 * `ringlet holes`.
 */
#include <string.h>

#include "holes.h"
#include "holes_text.h"

static bool is_hole(enum verdict verdict)
{
	return verdict >= VERDICT_IGNORED;
}

/* A line of the table: one instruction in one ring. */
static bool belongs(const struct holes *holes, unsigned int probe, unsigned int instruction,
		    unsigned int ring)
{
	return holes->wanted[probe] && expectations[probe].instruction == instruction &&
	       probe_entries[probe].ring == ring;
}

/* The worst verdict decides: one wrong answer is a hole. */
static enum verdict worst(const struct holes *holes, const struct hole_column *column,
			  unsigned int instruction, unsigned int ring, unsigned int *probe)
{
	enum verdict verdict = VERDICT_MISSING;
	struct judgement judgement;

	for (unsigned int i = 0; i < PROBES; i++) {
		if (!belongs(holes, i, instruction, ring))
			continue;
		judge(column, i, &judgement);
		if (judgement.verdict > verdict) {
			verdict = judgement.verdict;
			*probe = i;
		}
	}
	return verdict;
}

static bool has_line(const struct holes *holes, unsigned int instruction, unsigned int ring)
{
	for (unsigned int i = 0; i < PROBES; i++)
		if (belongs(holes, i, instruction, ring))
			return true;
	return false;
}

void describe_outcome(const struct hole_column *column, unsigned int probe,
		      const struct judgement *judgement, char *text, size_t bytes)
{
	const struct probe_result *result = &column->results[probe];
	char saw[TEXT_BYTES], right[TEXT_BYTES], host[TEXT_BYTES];
	bool has_answer;
	int length;

	if (!result->seen) {
		snprintf(text, bytes, "%s",
			 result->stopped ? result->sentence.text : "not measured");
		return;
	}
	has_answer = judgement->right_vector >= 32;
	describe_end(result->fields[PROBE_FIELD_VECTOR], result->fields[PROBE_FIELD_ERROR], probe,
		     has_answer, judgement->saw, saw);
	describe_end(judgement->right_vector, judgement->right_error, probe, has_answer,
		     judgement->right, right);
	length = snprintf(text, bytes, "saw %s; right is %s", saw, right);
	if (judgement->verdict == VERDICT_LEAKS && length > 0 && (size_t)length < bytes) {
		describe_value(probe, judgement->host, host);
		snprintf(text + length, bytes - (size_t)length, "; the host's own: %s", host);
	}
}

static void print_line(const struct holes *holes, unsigned int instruction, unsigned int ring)
{
	const struct hole_column *bad_column = NULL;
	unsigned int bad_probe = 0, probe = 0;
	struct judgement judgement;
	char text[4 * TEXT_BYTES];

	printf("%-18s %u   ", instructions[instruction].name, ring);
	for (size_t i = 0; i < holes->column_count; i++) {
		enum verdict verdict = worst(holes, &holes->columns[i], instruction, ring, &probe);

		printf(" %-12s", verdict_name(verdict));
		if (is_hole(verdict) && !bad_column) {
			bad_column = &holes->columns[i];
			bad_probe = probe;
		}
	}
	putchar('\n');
	if (!bad_column)
		return;
	judge(bad_column, bad_probe, &judgement);
	describe_outcome(bad_column, bad_probe, &judgement, text, sizeof(text));
	printf("    %s: %s\n    %s\n", expectations[bad_probe].state, text,
	       instructions[instruction].harm);
}

static void print_counts(const struct holes *holes)
{
	printf("\n%-23s", "instructions that...");
	for (size_t i = 0; i < holes->column_count; i++)
		printf(" %-12s", holes->columns[i].name);
	putchar('\n');
	for (int hole = 0; hole < 2; hole++) {
		printf("%-23s", hole ? "are holes" : "are right in all probes");
		for (size_t i = 0; i < holes->column_count; i++) {
			unsigned int count = 0;

			for (unsigned int which = 1; which < instruction_count; which++) {
				unsigned int probe;
				enum verdict inner, outer;

				inner = worst(holes, &holes->columns[i], which, 0, &probe);
				outer = worst(holes, &holes->columns[i], which, 3, &probe);
				if (inner == VERDICT_MISSING && outer == VERDICT_MISSING)
					continue;
				count += (is_hole(inner) || is_hole(outer)) == hole;
			}
			printf(" %-12u", count);
		}
		putchar('\n');
	}
}

void holes_print(const struct holes *holes)
{
	static const enum hole_class order[] = { CLASS_REGISTER, CLASS_REFERENCE, CLASS_BEHAVIOUR,
						 CLASS_PRIVILEGED };

	printf("Processor: %s\n\n%-18s %s", holes->cpu, "instruction", "ring");
	for (size_t i = 0; i < holes->column_count; i++)
		printf(" %-12s", holes->columns[i].name);
	putchar('\n');
	for (size_t class = 0; class < sizeof(order) / sizeof(order[0]); class ++) {
		bool titled = false;

		for (unsigned int i = 1; i < instruction_count; i++) {
			if (instructions[i].class != order[class])
				continue;
			for (unsigned int ring = 0; ring <= 3; ring += 3) {
				if (!has_line(holes, i, ring))
					continue;
				if (!titled)
					printf("-- %s\n", hole_class_name(order[class]));
				titled = true;
				print_line(holes, i, ring);
			}
		}
	}
	print_counts(holes);
	printf("\ntraps: emulated, right. virtualized: right without a trap. leaks: the host's state\n"
	       "shows. ignored: the effect is lost. wrong: another answer than hardware's.\n"
	       "`ringlet holes --explain NAME` tells the story of one. Measured in %.1f s.\n",
	       holes->seconds);
}

static void explain_probe(const struct holes *holes, unsigned int probe)
{
	const struct probe_entry *entry = &probe_entries[probe];
	const struct hole_column *first = &holes->columns[0];
	char text[4 * TEXT_BYTES];

	printf("\n%s: %s, in ring %u\n", entry->name, expectations[probe].state, entry->ring);
	printf("  executed  %s\n  bytes    ", probe_code(probe));
	for (unsigned int i = 0; i < first->code_bytes[probe]; i++)
		printf(" %02x", first->code[probe][i]);
	describe_flags(entry->eflags, text);
	printf("\n  before    EAX=%08x ECX=%08x EFLAGS=%08x (%s)\n", entry->eax, entry->ecx,
	       entry->eflags, text);
	for (size_t i = 0; i < holes->column_count; i++) {
		const struct hole_column *column = &holes->columns[i];
		const struct probe_result *result = &column->results[probe];
		struct judgement judgement;

		judge(column, probe, &judgement);
		describe_outcome(column, probe, &judgement, text, sizeof(text));
		printf("  %-9s %s: %s\n", column->name, verdict_name(judgement.verdict), text);
		if (!result->seen)
			continue;
		printf("            after EAX=%08x ECX=%08x EDX=%08x EFLAGS=%08x CS=%04x",
		       result->fields[PROBE_FIELD_EAX], result->fields[PROBE_FIELD_ECX],
		       result->fields[PROBE_FIELD_EDX], result->fields[PROBE_FIELD_EFLAGS],
		       result->fields[PROBE_FIELD_CS]);
		if (result->has_exits)
			printf(", %llu exits", (unsigned long long)result->exits);
		putchar('\n');
	}
}

void holes_explain(const struct holes *holes)
{
	for (unsigned int i = 0; i < instruction_count; i++) {
		const struct instruction *instruction = &instructions[i];

		if (!has_line(holes, i, 0) && !has_line(holes, i, 3))
			continue;
		printf("%s (%s)\n", instruction->name, hole_class_name(instruction->class));
		printf("  manual    %s\n", instruction->manual);
		printf("  listed    %s\n", instruction->listed
						   ? "Robin and Irvine's list of unprivileged "
						     "sensitive instructions"
						   : "not on Robin and Irvine's list");
		printf("  harm      %s\n  closed by %s\n", instruction->harm, instruction->closes);
		printf("  processor %s\n", holes->cpu);
		for (unsigned int probe = 0; probe < PROBES; probe++)
			if (holes->wanted[probe] && expectations[probe].instruction == i)
				explain_probe(holes, probe);
		putchar('\n');
	}
}
