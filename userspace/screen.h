/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's text screen: read from VGA text memory, painted on the terminal,
 * or turned into text for --until and for the end of a run.
 */
#ifndef RINGLET_TOOL_SCREEN_H
#define RINGLET_TOOL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device_vga.h"
#include "guest_memory.h"

#define SCREEN_COLUMNS 80
#define SCREEN_ROWS    25
#define SCREEN_CELLS   (SCREEN_COLUMNS * SCREEN_ROWS)

/* A row of three-byte characters and its newline, for all rows, and the end. */
#define SCREEN_TEXT_SIZE ((SCREEN_COLUMNS * 3 + 1) * SCREEN_ROWS + 1)

/* A cell costs a cursor move, its colours and its character at most. */
#define SCREEN_PAINT_SIZE (SCREEN_CELLS * 40 + 256)

/**
 * struct screen_image - a moment of the screen
 * @cells: character in the low byte, attribute in the high one
 * @cursor: cell of the cursor; -1 for none
 */
struct screen_image {
	uint16_t cells[SCREEN_CELLS];
	int cursor;
};

/**
 * struct screen - what the terminal shows now
 * @rows: rows of the guest's screen that fit on the terminal; @columns likewise
 * @valid: @shown is what is there
 */
struct screen {
	struct screen_image shown;
	unsigned int rows;
	unsigned int columns;
	bool valid;
};

/**
 * screen_read() - take a picture, top to bottom, while the guest may be writing
 */
void screen_read(const struct guest_memory *memory, const struct vga *vga,
		 struct screen_image *image);

/**
 * screen_text() - the picture as lines of UTF-8, blanks at their ends removed
 * @text: SCREEN_TEXT_SIZE bytes
 *
 * Return: length, without the terminating NUL.
 */
size_t screen_text(const struct screen_image *image, char *text);

/**
 * screen_paint() - what to send to a terminal so that it shows @image
 * @out: SCREEN_PAINT_SIZE bytes
 *
 * Return: bytes; 0 if nothing changed.
 */
size_t screen_paint(struct screen *screen, const struct screen_image *image, char *out);

/**
 * screen_resize() - the terminal has this size now; paint everything next
 */
void screen_resize(struct screen *screen, unsigned int rows, unsigned int columns);

#endif /* RINGLET_TOOL_SCREEN_H */
