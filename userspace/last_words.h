/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a Linux guest said last on its console: whether it panicked, or meant to
 * restart, and the lines for a person who did not see them.
 */
#ifndef RINGLET_TOOL_LAST_WORDS_H
#define RINGLET_TOOL_LAST_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

#define LAST_WORDS_SIZE 4096
#define LAST_WORDS_LINE 256

/**
 * struct last_words - guarded by the machine's lock
 * @tail: the last bytes of the console, a ring
 * @line: the line that is not complete yet
 * @panicked: a line told of a kernel panic, the reason is in @reason
 * @panic_over: the kernel has said all that it will say about it
 * @restarting: a line announced a restart
 */
struct last_words {
	uint8_t tail[LAST_WORDS_SIZE];
	size_t total;
	char line[LAST_WORDS_LINE];
	size_t length;
	bool panicked;
	bool panic_over;
	bool restarting;
	struct message reason;
};

/**
 * last_words_byte() - a byte of the console
 */
void last_words_byte(struct last_words *words, uint8_t byte);

/**
 * last_words_text() - the last complete lines
 * @text: LAST_WORDS_SIZE + 1 bytes
 * @lines: at most so many
 *
 * Return: where in @text they begin; a string without control characters.
 */
const char *last_words_text(const struct last_words *words, char *text, unsigned int lines);

#endif /* RINGLET_TOOL_LAST_WORDS_H */
