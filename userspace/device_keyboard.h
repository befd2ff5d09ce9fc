/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8042 keyboard controller at 60h and 64h with a keyboard behind it.
 */
#ifndef RINGLET_TOOL_DEVICE_KEYBOARD_H
#define RINGLET_TOOL_DEVICE_KEYBOARD_H

#include "device.h"

#define KEYBOARD_QUEUE 64

/**
 * struct keyboard - the controller
 * @expect: the command whose argument the next write to 60h is; 0 for none.
 *	Controller commands and, with EXPECT_DEVICE, keyboard commands.
 * @queue: bytes for the guest to read
 */
struct keyboard {
	struct reset_line reset;
	struct irq_line irq;
	uint8_t config;
	uint8_t status;
	uint16_t expect;
	uint8_t queue[KEYBOARD_QUEUE];
	unsigned int head, count;
	uint8_t last;
};

bool keyboard_init(struct keyboard *keyboard, struct port_bus *bus, struct reset_line reset,
		   struct irq_line irq);

/**
 * keyboard_type() - press and release the keys for one byte from a terminal
 * @byte: ASCII; what has no key is ignored
 */
void keyboard_type(struct keyboard *keyboard, uint8_t byte);

/**
 * keyboard_press() - press and release a key by its set-1 scan code
 * @extended: a key with the E0 prefix
 */
void keyboard_press(struct keyboard *keyboard, uint8_t scan_code, bool extended);

#endif /* RINGLET_TOOL_DEVICE_KEYBOARD_H */
