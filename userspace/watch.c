// SPDX-License-Identifier: GPL-2.0-only
/*
 * Matching of the guest's screen and consoles; called by the service loop and by
 * the sinks of the console devices, with the machine's lock held.
 */
#include <string.h>

#include "watch.h"

static bool compile(regex_t *expression, bool *present, const char *text, const char *option,
		    struct message *error)
{
	char reason[128];
	int code;

	*present = false;
	if (!text)
		return true;
	code = regcomp(expression, text, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
	if (code) {
		regerror(code, expression, reason, sizeof(reason));
		return refuse(error, "%s '%s' is not a regular expression: %s", option, text,
			      reason);
	}
	*present = true;
	return true;
}

bool watch_init(struct watch *watch, const char *until, const char *fail_on, struct message *error)
{
	memset(watch, 0, sizeof(*watch));
	if (!compile(&watch->until, &watch->has_until, until, "--until", error))
		return false;
	if (compile(&watch->fail_on, &watch->has_fail_on, fail_on, "--fail-on", error))
		return true;
	watch_free(watch);
	return false;
}

void watch_free(struct watch *watch)
{
	if (watch->has_until)
		regfree(&watch->until);
	if (watch->has_fail_on)
		regfree(&watch->fail_on);
	watch->has_until = watch->has_fail_on = false;
}

enum watch_result watch_text(struct watch *watch, const char *text)
{
	if (watch->result != WATCH_NOTHING)
		return watch->result;
	if (watch->has_fail_on && !regexec(&watch->fail_on, text, 0, NULL, 0))
		watch->result = WATCH_FAIL;
	else if (watch->has_until && !regexec(&watch->until, text, 0, NULL, 0))
		watch->result = WATCH_UNTIL;
	return watch->result;
}

enum watch_result watch_line(struct watch *watch)
{
	if (!watch->fresh)
		return watch->result;
	watch->fresh = false;
	watch->line[watch->line_length] = '\0';
	return watch_text(watch, watch->line);
}

void watch_byte(struct watch *watch, uint8_t byte)
{
	if (!watch->has_until && !watch->has_fail_on)
		return;
	if (byte == '\n' || watch->line_length == WATCH_LINE_MAX) {
		watch_line(watch);
		watch->line_length = 0;
	}
	/* A NUL would end the string early. */
	if (byte != '\n' && byte != '\r' && byte) {
		watch->line[watch->line_length++] = (char)byte;
		watch->fresh = true;
	}
}
