/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal: raw mode while a guest runs, and back to what it was on every
 * way out, crashes included.
 */
#ifndef RINGLET_TOOL_TERMINAL_H
#define RINGLET_TOOL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/**
 * terminal_enter() - put standard input into raw mode, if it is a terminal
 *
 * Return: whether it is. Output processing stays on, so that messages of the
 * tool keep their line ends. Handlers for fatal signals restore the terminal.
 */
bool terminal_enter(void);

/**
 * terminal_enter_screen() - switch to the terminal's other page, hide its cursor
 */
void terminal_enter_screen(void);

/**
 * terminal_leave() - undo the two; may be called at any time, any number of times
 *
 * Async-signal-safe.
 */
void terminal_leave(void);

/**
 * terminal_write() - write all of it to standard output, in spite of signals
 */
void terminal_write(const char *text, size_t length);

/**
 * terminal_size() - rows and columns of standard output; 80x25 at least if it
 * does not know (a serial line)
 */
void terminal_size(unsigned int *rows, unsigned int *columns);

#endif /* RINGLET_TOOL_TERMINAL_H */
