/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of a VGA in text mode. The text itself is guest memory, which
 * screen.c reads; of the registers only the cursor and the start address show.
 */
#ifndef RINGLET_TOOL_DEVICE_VGA_H
#define RINGLET_TOOL_DEVICE_VGA_H

#include "device.h"

struct vga {
	struct clock clock;
	uint8_t crtc_index;
	uint8_t crtc[256];
	uint8_t sequencer_index;
	uint8_t sequencer[256];
	uint8_t graphics_index;
	uint8_t graphics[256];
	uint8_t attribute_index;
	uint8_t attribute[32];
	bool attribute_data_next;
	uint8_t miscellaneous;
};

bool vga_init(struct vga *vga, struct port_bus *bus, struct clock clock);

/**
 * vga_cursor() - where the cursor is, as a cell counted from the top left
 *
 * Return: -1 if it is off or outside of the 80x25 cells shown.
 */
int vga_cursor(const struct vga *vga);

/**
 * vga_start() - first cell shown, counted from the start of text memory
 */
unsigned int vga_start(const struct vga *vga);

#endif /* RINGLET_TOOL_DEVICE_VGA_H */
