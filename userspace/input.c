// SPDX-License-Identifier: GPL-2.0-only
/*
 * Typed bytes; called by the service loop.
 */
#include <stddef.h>
#include <string.h>

#include "input.h"

/* What terminals send for keys outside the main block, after ESC. */
static const struct {
	const char *sequence;
	uint8_t scan_code;
	bool extended;
} special_keys[] = {
	{ "[A", 0x48, true },	 { "[B", 0x50, true },	  { "[C", 0x4d, true },
	{ "[D", 0x4b, true },	 { "[H", 0x47, true },	  { "[F", 0x4f, true },
	{ "[2~", 0x52, true },	 { "[3~", 0x53, true },	  { "[5~", 0x49, true },
	{ "[6~", 0x51, true },	 { "OP", 0x3b, false },	  { "OQ", 0x3c, false },
	{ "OR", 0x3d, false },	 { "OS", 0x3e, false },	  { "[11~", 0x3b, false },
	{ "[12~", 0x3c, false }, { "[13~", 0x3d, false }, { "[14~", 0x3e, false },
	{ "[15~", 0x3f, false }, { "[17~", 0x40, false }, { "[18~", 0x41, false },
	{ "[19~", 0x42, false }, { "[20~", 0x43, false }, { "[21~", 0x44, false },
	{ "[23~", 0x57, false }, { "[24~", 0x58, false },
};

#define ESC 0x1b

/* Return: how many bytes the sequence after ESC has; 0 for none. */
static size_t press_special_key(struct keyboard *keyboard, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < sizeof(special_keys) / sizeof(special_keys[0]); i++) {
		size_t length = strlen(special_keys[i].sequence);

		if (length <= count && !memcmp(bytes, special_keys[i].sequence, length)) {
			keyboard_press(keyboard, special_keys[i].scan_code,
				       special_keys[i].extended);
			return length;
		}
	}
	return 0;
}

static size_t deliver(struct input *input, const uint8_t *bytes, size_t count)
{
	if (!input->keyboard) {
		serial_receive(input->serial, bytes[0]);
		return 1;
	}
	if (bytes[0] == ESC) {
		size_t length = press_special_key(input->keyboard, bytes + 1, count - 1);

		if (length)
			return length + 1;
	}
	keyboard_type(input->keyboard, bytes[0]);
	return 1;
}

static enum input_action escape_command(struct input *input, uint8_t byte)
{
	switch (byte) {
	case 'q':
	case 'Q':
	case 'x': return INPUT_QUIT;
	case ESCAPE_KEY: deliver(input, &byte, 1); return INPUT_NONE;
	default: return INPUT_HELP;
	}
}

enum input_action input_bytes(struct input *input, const uint8_t *bytes, size_t count)
{
	enum input_action action = INPUT_NONE;

	for (size_t i = 0; i < count && action != INPUT_QUIT;) {
		if (input->escaped) {
			enum input_action wanted = escape_command(input, bytes[i++]);

			input->escaped = false;
			/* A reminder is not lost over what was typed after it. */
			if (wanted != INPUT_NONE)
				action = wanted;
		} else if (input->is_terminal && bytes[i] == ESCAPE_KEY) {
			input->escaped = true;
			i++;
		} else {
			i += deliver(input, bytes + i, count - i);
		}
	}
	return action;
}
