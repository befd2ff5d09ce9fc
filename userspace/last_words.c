// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads along on a Linux guest's console; called by the sink of the serial port,
 * and at the end of a run.
 */
#include <string.h>

#include "last_words.h"

static const char panic_start[] = "Kernel panic - not syncing";
static const char panic_end[] = "---[ end Kernel panic";
static const char restart[] = "reboot: Restarting system";

static void look_at_line(struct last_words *words)
{
	const char *panic;

	words->line[words->length] = '\0';
	if (strstr(words->line, panic_end)) {
		words->panic_over = words->panicked;
		return;
	}
	panic = strstr(words->line, panic_start);
	if (panic && !words->panicked) {
		words->panicked = true;
		panic += sizeof(panic_start) - 1;
		/* A colon and the reason; the sentence goes on from there. */
		panic += strspn(panic, ": ");
		fill_message(&words->reason, "%s", *panic ? panic : "no reason given");
	}
	if (strstr(words->line, restart))
		words->restarting = true;
}

void last_words_byte(struct last_words *words, uint8_t byte)
{
	words->tail[words->total++ % LAST_WORDS_SIZE] = byte;
	if (byte == '\n') {
		look_at_line(words);
		words->length = 0;
	} else if (byte >= ' ' && byte != 0x7f && words->length < LAST_WORDS_LINE - 1) {
		words->line[words->length++] = (char)byte;
	}
}

static bool is_printable(uint8_t byte)
{
	return byte == '\n' || byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

const char *last_words_text(const struct last_words *words, char *text, unsigned int lines)
{
	size_t kept = words->total < LAST_WORDS_SIZE ? words->total : LAST_WORDS_SIZE;
	size_t length = 0, start;

	for (size_t i = words->total - kept; i < words->total; i++)
		if (is_printable(words->tail[i % LAST_WORDS_SIZE]))
			text[length++] = (char)words->tail[i % LAST_WORDS_SIZE];
	text[length] = '\0';
	/* Back over the newline of the last line, and then over so many more. */
	for (start = length; start > 0; start--)
		if (text[start - 1] == '\n' && start != length && !--lines)
			break;
	return text + start;
}
