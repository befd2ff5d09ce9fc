/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One sentence for the person at the terminal. Everything in the tool that can
 * refuse fills one of these, so that an error is never a bare number.
 */
#ifndef RINGLET_TOOL_MESSAGE_H
#define RINGLET_TOOL_MESSAGE_H

#include <stdbool.h>

struct message {
	char text[320];
};

/**
 * refuse() - say why something cannot be done
 * @message: where the sentence goes; without a newline and without "ringlet:"
 *
 * Value: false, so that a caller can write `return refuse(...)`, and so that
 * the compiler sees that it is.
 */
#define refuse(message, ...) (fill_message(message, __VA_ARGS__), false)

void fill_message(struct message *message, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * complain() - print a sentence on standard error, after "ringlet: "
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* RINGLET_TOOL_MESSAGE_H */
