// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a probe saw, in words. Called by the printers of `ringlet holes`.
 */
#include "holes_text.h"

#define ZERO_FLAG 0x40u

void describe_flags(uint32_t eflags, char *text)
{
	snprintf(text, TEXT_BYTES, "IF=%u IOPL=%u", !!(eflags & PROBE_IF),
		 (eflags & PROBE_IOPL) / 0x1000);
}

void describe_value(unsigned int probe, uint64_t value, char *text)
{
	const struct expectation *expectation = &expectations[probe];

	switch (expectation->answer) {
	case ANSWER_NONE: snprintf(text, TEXT_BYTES, "no fault"); return;
	case ANSWER_MEMORY:
		snprintf(text, TEXT_BYTES, "base %08llx limit %04llx",
			 (unsigned long long)(value >> 16), (unsigned long long)(value & 0xffff));
		return;
	case ANSWER_EFLAGS:
		if (expectation->mask & PROBE_IF)
			describe_flags((uint32_t)value, text);
		else if (expectation->mask == PROBE_AC)
			snprintf(text, TEXT_BYTES, "AC=%u", value != 0);
		else
			snprintf(text, TEXT_BYTES, "ZF=%u", !!(value & ZERO_FLAG));
		return;
	case ANSWER_EAX:
		if (expectation->host == HOST_EFLAGS) {
			describe_flags((uint32_t)value, text);
			return;
		}
		break;
	default: break;
	}
	if (value && value == (PROBE_PATTERN & expectation->mask)) {
		snprintf(text, TEXT_BYTES, "%s unchanged", answer_name(expectation->answer));
		return;
	}
	snprintf(text, TEXT_BYTES, "%s=%0*llx", answer_name(expectation->answer),
		 expectation->mask > 0xffff ? 8 : 4, (unsigned long long)value);
}

static const char *exception_name(uint32_t vector)
{
	static const char *const names[] = {
		[0] = "#DE",  [1] = "#DB",  [3] = "#BP",  [4] = "#OF",	[5] = "#BR",
		[6] = "#UD",  [7] = "#NM",  [8] = "#DF",  [10] = "#TS", [11] = "#NP",
		[12] = "#SS", [13] = "#GP", [14] = "#PF", [17] = "#AC"
	};

	return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : NULL;
}

void describe_end(uint32_t vector, uint32_t error, unsigned int probe, bool has_answer,
		  uint64_t value, char *text)
{
	const char *name = exception_name(vector);

	if (name && vector != 6 && vector != 7)
		snprintf(text, TEXT_BYTES, "%s(%x)", name, error);
	else if (name)
		snprintf(text, TEXT_BYTES, "%s", name);
	else if (vector == PROBE_DONE && has_answer)
		describe_value(probe, value, text);
	else if (vector == PROBE_DONE)
		snprintf(text, TEXT_BYTES, "no fault");
	else
		snprintf(text, TEXT_BYTES, "interrupt %02xh", vector);
}
