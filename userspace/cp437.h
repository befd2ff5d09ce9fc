/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PC's character set, code page 437, as a VGA shows it.
 */
#ifndef RINGLET_TOOL_CP437_H
#define RINGLET_TOOL_CP437_H

#include <stddef.h>
#include <stdint.h>

#define CP437_UTF8_MAX 3

/**
 * cp437_to_utf8() - one character of the text screen, for a terminal
 * @out: CP437_UTF8_MAX bytes; not terminated
 *
 * Return: bytes written. Codes below 20h are the pictures that a VGA shows for
 * them, and 0 and FFh are blanks: no control character ever reaches the terminal.
 */
size_t cp437_to_utf8(uint8_t character, char *out);

#endif /* RINGLET_TOOL_CP437_H */
