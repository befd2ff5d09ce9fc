// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sentences for the person at the terminal; called from everywhere in the tool.
 */
#include <stdarg.h>
#include <stdio.h>

#include "message.h"

void fill_message(struct message *message, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message->text, sizeof(message->text), format, arguments);
	va_end(arguments);
}

void complain(const char *format, ...)
{
	va_list arguments;

	fputs("ringlet: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}
