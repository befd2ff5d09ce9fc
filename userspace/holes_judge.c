// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares what a probe saw with what hardware answers. Called by the printers.
 */
#include <cpuid.h>

#include "holes.h"

#define VECTOR_UD	6
#define FEATURE_SMAP	(1u << 20)
#define EXTENDED_RDTSCP (1u << 27)

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_MISSING] = "-",       [VERDICT_RIGHT] = "right",
		[VERDICT_TRAPS] = "traps",     [VERDICT_VIRTUALIZED] = "virtualized",
		[VERDICT_IGNORED] = "ignored", [VERDICT_WRONG] = "wrong",
		[VERDICT_LEAKS] = "leaks",
	};

	return names[verdict];
}

static uint64_t read_answer(const struct probe_result *result, enum answer answer)
{
	const uint32_t *fields = result->fields;

	switch (answer) {
	case ANSWER_EAX: return fields[PROBE_FIELD_EAX];
	case ANSWER_ECX: return fields[PROBE_FIELD_ECX];
	case ANSWER_EDX: return fields[PROBE_FIELD_EDX];
	case ANSWER_EFLAGS: return fields[PROBE_FIELD_EFLAGS];
	case ANSWER_CS: return fields[PROBE_FIELD_CS];
	case ANSWER_STACK1: return fields[PROBE_FIELD_STACK1];
	case ANSWER_MEMORY:
		return fields[PROBE_FIELD_MEMORY0] | (uint64_t)fields[PROBE_FIELD_MEMORY1] << 32;
	case ANSWER_NONE: break;
	}
	return 0;
}

/* SGDT and SIDT of 32-bit code store the limit and 32 bits of the base. */
static uint64_t stored_table(uint64_t base, uint16_t limit)
{
	return limit | (base & UINT32_MAX) << 16;
}

static bool read_host(const struct hole_column *column, const struct expectation *expectation,
		      uint64_t *value)
{
	const struct ringlet_processor *processor = &column->processor;
	unsigned int eax, ebx, ecx, edx;

	switch (expectation->host) {
	case HOST_NONE: return false;
	case HOST_EFLAGS:
		/* A guest's code runs with IF=1 and IOPL=0 in the processor, always. */
		*value = PROBE_IF | 2;
		return column->device != NULL;
	case HOST_VALUE: *value = expectation->host_value; return column->device != NULL;
	case HOST_CPUID:
		__cpuid(1, eax, ebx, ecx, edx);
		*value = eax;
		return column->device != NULL;
	case HOST_TIME:
		__asm__ volatile("rdtsc" : "=a"(eax), "=d"(edx));
		*value = edx;
		return column->device != NULL;
	default: break;
	}
	switch (expectation->host) {
	case HOST_GDTR: *value = stored_table(processor->gdt_base, processor->gdt_limit); break;
	case HOST_IDTR: *value = stored_table(processor->idt_base, processor->idt_limit); break;
	case HOST_LDTR: *value = processor->ldt_selector; break;
	case HOST_TR: *value = processor->tss_selector; break;
	default: *value = processor->cr0; break;
	}
	return column->has_processor;
}

static bool has_feature(const struct hole_column *column, enum condition condition)
{
	if (condition == WITH_SMAP)
		return column->identity.features & FEATURE_SMAP;
	if (condition == WITH_RDTSCP)
		return column->identity.extended & EXTENDED_RDTSCP;
	return true;
}

/*
 * Exits that a probe costs by itself: the mark behind it, and the interrupt that
 * ends it, as the probe of a NOP shows. One that ends by its own interrupt or
 * fault has the mark only.
 */
static uint64_t base_exits(const struct hole_column *column, enum probe probe)
{
	const uint32_t *fields = column->results[probe].fields;
	bool in_ring3 = (fields[PROBE_FIELD_CS] & 3) == 3;

	if (fields[PROBE_FIELD_VECTOR] != PROBE_DONE &&
	    fields[PROBE_FIELD_VECTOR] != PROBE_OTHER_DONE)
		return 1;
	return column->results[in_ring3 ? PROBE_NOTHING_3 : PROBE_NOTHING].exits;
}

static bool has_trapped(const struct hole_column *column, enum probe probe)
{
	const struct probe_result *result = &column->results[probe];

	return result->has_exits && result->exits > base_exits(column, probe);
}

void judge(const struct hole_column *column, enum probe probe, struct judgement *judgement)
{
	const struct probe_result *result = &column->results[probe];
	struct expectation right = expectations[probe];
	uint64_t mask = right.mask;

	*judgement = (struct judgement){ .verdict = VERDICT_MISSING };
	if (!has_feature(column, right.condition)) {
		right.vector = VECTOR_UD;
		right.offset = 0;
		right.answer = ANSWER_NONE;
		right.host = HOST_NONE;
		mask = 0;
	}
	if (right.condition == IDENTITY_SAYS)
		right.value = column->identity.signature;
	judgement->right = right.value & mask;
	judgement->right_vector = right.vector;
	judgement->right_error = right.error;
	if (!result->seen) {
		if (result->stopped)
			judgement->verdict = VERDICT_WRONG;
		return;
	}
	judgement->saw = read_answer(result, right.answer) & mask;
	judgement->has_host = read_host(column, &right, &judgement->host);
	judgement->host &= mask;
	judgement->trapped = has_trapped(column, probe);
	judgement->fault_differs = result->fields[PROBE_FIELD_VECTOR] != right.vector ||
				   result->fields[PROBE_FIELD_ERROR] != right.error;

	if (!judgement->fault_differs && judgement->saw == judgement->right &&
	    (right.offset == ANY_OFFSET ||
	     result->fields[PROBE_FIELD_OFFSET] == (uint32_t)right.offset))
		judgement->verdict = !result->has_exits	  ? VERDICT_RIGHT
				     : judgement->trapped ? VERDICT_TRAPS
							  : VERDICT_VIRTUALIZED;
	else if (judgement->has_host && judgement->saw == judgement->host &&
		 result->fields[PROBE_FIELD_VECTOR] >= 32)
		judgement->verdict = VERDICT_LEAKS;
	else if (right.effect && result->fields[PROBE_FIELD_VECTOR] >= 32 &&
		 judgement->saw == (probe_entries[probe].eflags & mask))
		judgement->verdict = VERDICT_IGNORED;
	else
		judgement->verdict = VERDICT_WRONG;
}
