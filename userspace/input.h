/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a person types: the escape key, and the rest for the guest.
 */
#ifndef RINGLET_TOOL_INPUT_H
#define RINGLET_TOOL_INPUT_H

#include <stddef.h>

#include "device_keyboard.h"
#include "device_serial.h"

/* Ctrl-], as in telnet: few guests want it. */
#define ESCAPE_KEY 0x1d

enum input_action { INPUT_NONE, INPUT_QUIT, INPUT_HELP };

/**
 * struct input - where typed bytes go
 * @keyboard: the guest's keyboard; NULL to send them to @serial
 * @is_terminal: a person types; the escape key means something
 * @escaped: the last byte was the escape key
 */
struct input {
	struct serial *serial;
	struct keyboard *keyboard;
	bool is_terminal;
	bool escaped;
};

/**
 * input_bytes() - what one read() returned
 *
 * Bytes of a key's sequence arrive together, which is how Esc alone is told from
 * the arrow keys. Called with the machine's lock held.
 */
enum input_action input_bytes(struct input *input, const uint8_t *bytes, size_t count);

#endif /* RINGLET_TOOL_INPUT_H */
