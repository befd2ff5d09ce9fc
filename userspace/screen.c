// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's text screen. Called ten times a second by the tool's service loop;
 * pure apart from reading guest memory, so unit tests drive it.
 */
#include <stdio.h>
#include <string.h>

#include "cp437.h"
#include "screen.h"

#define TEXT_MEMORY_CELLS ((VGA_TEXT_END - VGA_TEXT_START) / 2)

/* VGA counts colours blue first, terminals red first. */
static const uint8_t terminal_colours[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };

/* A colour pair that no cell has, so that the first one is always sent. */
#define NO_ATTRIBUTE 0x100u

void screen_read(const struct guest_memory *memory, const struct vga *vga,
		 struct screen_image *image)
{
	const volatile uint8_t *text = memory->base + VGA_TEXT_START;
	unsigned int start = vga_start(vga);

	for (unsigned int i = 0; i < SCREEN_CELLS; i++) {
		unsigned int at = (start + i) % TEXT_MEMORY_CELLS * 2;

		image->cells[i] = (uint16_t)(text[at] | text[at + 1] << 8);
	}
	image->cursor = vga_cursor(vga);
}

size_t screen_text(const struct screen_image *image, char *text)
{
	size_t length = 0;

	for (unsigned int row = 0; row < SCREEN_ROWS; row++) {
		size_t line_end = length;

		for (unsigned int column = 0; column < SCREEN_COLUMNS; column++) {
			uint8_t character = (uint8_t)image->cells[row * SCREEN_COLUMNS + column];

			length += cp437_to_utf8(character, text + length);
			if (character != ' ' && character != 0 && character != 0xff)
				line_end = length;
		}
		length = line_end;
		text[length++] = '\n';
	}
	text[length] = '\0';
	return length;
}

static size_t put_attribute(char *out, uint8_t attribute)
{
	unsigned int foreground = terminal_colours[attribute & 7];
	unsigned int background = terminal_colours[attribute >> 4 & 7];

	/* Bit 3 is brightness; bit 7 would blink, which nobody misses. */
	return (size_t)sprintf(out, "\033[%u;%um", (attribute & 8 ? 90 : 30) + foreground,
			       40 + background);
}

static size_t put_position(char *out, unsigned int cell)
{
	return (size_t)sprintf(out, "\033[%u;%uH", cell / SCREEN_COLUMNS + 1,
			       cell % SCREEN_COLUMNS + 1);
}

static bool is_visible(const struct screen *screen, unsigned int cell)
{
	return cell / SCREEN_COLUMNS < screen->rows && cell % SCREEN_COLUMNS < screen->columns;
}

/* The cells that differ; the terminal's own cursor need not move between neighbours. */
static size_t paint_cells(const struct screen *screen, const struct screen_image *image, char *out)
{
	unsigned int attribute = NO_ATTRIBUTE, next = SCREEN_CELLS;
	size_t length = 0;

	for (unsigned int i = 0; i < SCREEN_CELLS; i++) {
		uint16_t cell = image->cells[i];

		if (!is_visible(screen, i) || (screen->valid && cell == screen->shown.cells[i]))
			continue;
		if (i != next || i % SCREEN_COLUMNS == 0)
			length += put_position(out + length, i);
		if (cell >> 8 != (int)attribute) {
			attribute = cell >> 8;
			length += put_attribute(out + length, (uint8_t)attribute);
		}
		length += cp437_to_utf8((uint8_t)cell, out + length);
		next = i + 1;
	}
	return length;
}

size_t screen_paint(struct screen *screen, const struct screen_image *image, char *out)
{
	size_t length = 0;

	if (!screen->valid)
		length += (size_t)sprintf(out, "\033[0m\033[2J");
	length += paint_cells(screen, image, out + length);
	if (!screen->valid && screen->rows >= SCREEN_ROWS + 1)
		length += (size_t)sprintf(out + length, "\033[%d;1H\033[0m[Ctrl-] q quits]",
					  SCREEN_ROWS + 1);
	if (length || image->cursor != screen->shown.cursor) {
		if (image->cursor >= 0 && is_visible(screen, (unsigned int)image->cursor)) {
			length += put_position(out + length, (unsigned int)image->cursor);
			length += (size_t)sprintf(out + length, "\033[?25h");
		} else {
			length += (size_t)sprintf(out + length, "\033[?25l");
		}
	}
	screen->shown = *image;
	screen->valid = true;
	return length;
}

void screen_resize(struct screen *screen, unsigned int rows, unsigned int columns)
{
	screen->rows = rows;
	screen->columns = columns;
	screen->valid = false;
}
