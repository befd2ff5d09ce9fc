/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --until and --fail-on: ending a run by what the guest shows.
 */
#ifndef RINGLET_TOOL_WATCH_H
#define RINGLET_TOOL_WATCH_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

enum watch_result { WATCH_NOTHING, WATCH_UNTIL, WATCH_FAIL };

#define WATCH_LINE_MAX 512

/**
 * struct watch - the expressions and the console line being received
 * @fresh: characters were added to @line since it was last looked at
 */
struct watch {
	regex_t until;
	regex_t fail_on;
	bool has_until;
	bool has_fail_on;
	char line[WATCH_LINE_MAX + 1];
	size_t line_length;
	bool fresh;
	enum watch_result result;
};

/**
 * watch_init() - compile POSIX extended regular expressions
 * @until: NULL for none; @fail_on likewise
 */
bool watch_init(struct watch *watch, const char *until, const char *fail_on, struct message *error);

void watch_free(struct watch *watch);

/**
 * watch_text() - look at a whole screen
 *
 * Return: @watch->result, which keeps the first match. Where both expressions
 * match, the failure counts.
 */
enum watch_result watch_text(struct watch *watch, const char *text);

/**
 * watch_byte() - a byte of a console: complete lines are looked at
 */
void watch_byte(struct watch *watch, uint8_t byte);

/**
 * watch_line() - look at the line that is not complete yet: a prompt
 */
enum watch_result watch_line(struct watch *watch);

#endif /* RINGLET_TOOL_WATCH_H */
