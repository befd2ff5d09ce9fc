// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a person sees and types: the screen, --until and --fail-on, the escape
 * key, sizes on the command line, and what `ringlet info` reads.
 */
#include <stdlib.h>
#include <string.h>

#include "cp437.h"
#include "info.h"
#include "input.h"
#include "options.h"
#include "screen.h"
#include "tool_test.h"
#include "watch.h"

static struct guest_memory memory;
static struct port_bus bus;
static struct vga vga;
static struct screen screen;
static struct screen_image image;
static char text[SCREEN_TEXT_SIZE];
static char paint[SCREEN_PAINT_SIZE];

static uint64_t no_time(void *context)
{
	(void)context;
	return 0;
}

static const struct clock stopped = { no_time, no_time, NULL };

static void put_line(unsigned int row, unsigned int column, const char *line, uint8_t attribute)
{
	uint8_t *at = memory.base + VGA_TEXT_START + (row * SCREEN_COLUMNS + column) * 2;

	for (; *line; line++) {
		*at++ = (uint8_t)*line;
		*at++ = attribute;
	}
}

static bool start(void)
{
	memset(&bus, 0, sizeof(bus));
	memset(&screen, 0, sizeof(screen));
	guest_memory_write_bios_data(&memory);
	begin_test();
	return vga_init(&vga, &bus, stopped);
}

static void test_text(void)
{
	CHECK(start());
	put_line(0, 0, "top", 7);
	put_line(2, 78, "\xb3 ", 0x1f);
	put_line(24, 0, "\x01\x80\xff", 7);
	screen_read(&memory, &vga, &image);
	CHECK_EQUAL(screen_text(&image, text), strlen(text));
	CHECK(!strncmp(text, "top\n\n", 5));
	CHECK(strstr(text, "\n"
			   "          "));
	CHECK(strstr(text, "\u2502\n"));
	CHECK(strstr(text, "\n\u263a\u00c7\n"));
	end_test("the screen as text: rows without blanks at their ends, in UTF-8");

	begin_test();
	for (int i = 0; i < 256; i++) {
		char out[CP437_UTF8_MAX];
		size_t length = cp437_to_utf8((uint8_t)i, out);

		CHECK(length >= 1 && length <= CP437_UTF8_MAX);
		/* A continuation byte says nothing; all others are no control characters. */
		CHECK((uint8_t)out[0] >= 0x20 && (uint8_t)out[0] != 0x7f &&
		      (uint8_t)out[0] != 0xc0);
		if (length == 2)
			CHECK((uint8_t)out[0] != 0xc2 || (uint8_t)out[1] >= 0xa0);
		if (i >= 0x20 && i < 0x7f)
			CHECK(length == 1 && out[0] == i);
	}
	end_test("no character of the guest's screen is a control character of the terminal");
}

static size_t paint_now(void)
{
	size_t length;

	screen_read(&memory, &vga, &image);
	length = screen_paint(&screen, &image, paint);
	CHECK(length < sizeof(paint));
	paint[length] = '\0';
	return length;
}

static void test_paint(void)
{
	CHECK(start());
	screen_resize(&screen, 30, 100);
	CHECK(paint_now() > SCREEN_CELLS);
	CHECK(strstr(paint, "\033[26;1H"));
	CHECK_EQUAL(paint_now(), 0);
	put_line(3, 4, "AB", 0x1e);
	paint_now();
	CHECK(!strcmp(paint, "\033[4;5H\033[93;44mAB\033[1;1H\033[?25h"));
	CHECK_EQUAL(paint_now(), 0);
	put_line(3, 4, "C", 0x1e);
	put_line(3, 6, "D", 0x70);
	paint_now();
	CHECK(!strcmp(paint, "\033[4;5H\033[93;44mC\033[4;7H\033[30;47mD\033[1;1H\033[?25h"));
	end_test("only cells that changed are painted, with VGA's colours");

	CHECK(start());
	screen_resize(&screen, 30, 100);
	paint_now();
	port_write(&bus, 0x3d4, 2, 0x520f);
	paint_now();
	CHECK(!strcmp(paint, "\033[2;3H\033[?25h"));
	port_write(&bus, 0x3d4, 2, 0x200a);
	paint_now();
	CHECK(!strcmp(paint, "\033[?25l"));
	end_test("the cursor moves and goes away");

	CHECK(start());
	screen_resize(&screen, 10, 20);
	put_line(9, 19, "X", 7);
	put_line(9, 20, "Y", 7);
	put_line(10, 0, "Z", 7);
	paint_now();
	CHECK(strchr(paint, 'X') && !strchr(paint, 'Y') && !strchr(paint, 'Z'));
	CHECK(!strstr(paint, "\033[26;1H"));
	screen_resize(&screen, 25, 80);
	paint_now();
	CHECK(strchr(paint, 'Y') && strchr(paint, 'Z'));
	end_test("a small terminal shows the upper left part; resizing paints all");

	CHECK(start());
	screen_resize(&screen, 25, 80);
	/* The worst case: neighbours never have the same colours. */
	for (unsigned int i = 0; i < SCREEN_CELLS; i++) {
		memory.base[VGA_TEXT_START + 2 * i] = 0xdb;
		memory.base[VGA_TEXT_START + 2 * i + 1] = i & 1 ? 0xff : 0x8f;
	}
	port_write(&bus, 0x3d4, 2, 0xff0d);
	port_write(&bus, 0x3d4, 2, 0xff0c);
	CHECK(paint_now() > 0);
	end_test("painting everything fits its buffer, text memory wraps");
}

/* memtest86+ 6.10's rows as they are after a pass; the expressions of the demo. */
#define UNTIL_PASSED "Pass: +[1-9][0-9]* +Errors: 0 *$"
#define FAIL_ON	     "Errors: +[1-9]|Cannot relocate|Unexpected interrupt"

static void test_watch(void)
{
	struct message error;
	struct watch watch;

	begin_test();
	CHECK(watch_init(&watch, UNTIL_PASSED, FAIL_ON, &error));
	CHECK_EQUAL(watch_text(&watch, "a\nUsing: Core #0   \u2502 Pass:  0        Errors: 0\nb"),
		    WATCH_NOTHING);
	CHECK_EQUAL(watch_text(&watch, "a\nUsing: Core #0   \u2502 Pass:  1        Errors: \nb"),
		    WATCH_NOTHING);
	CHECK_EQUAL(watch_text(&watch, "a\nUsing: Core #0   \u2502 Pass:  1        Errors: 0\nb"),
		    WATCH_UNTIL);
	watch_free(&watch);
	CHECK(watch_init(&watch, UNTIL_PASSED, FAIL_ON, &error));
	CHECK_EQUAL(watch_text(&watch, "a\nUsing:  \u2502 Pass:  0        Errors: 12\nb"),
		    WATCH_FAIL);
	CHECK_EQUAL(watch_text(&watch, "Pass: 1 Errors: 0"), WATCH_FAIL);
	watch_free(&watch);
	end_test("memtest86+'s rows: a pass without errors, an error");

	begin_test();
	CHECK(watch_init(&watch, "^login: $", "panic", &error));
	for (const char *at = "boot\r\nlogin: "; *at; at++)
		watch_byte(&watch, (uint8_t)*at);
	CHECK_EQUAL(watch.result, WATCH_NOTHING);
	CHECK_EQUAL(watch_line(&watch), WATCH_UNTIL);
	watch_free(&watch);
	CHECK(watch_init(&watch, "x", "kernel panic$", &error));
	for (const char *at = "kernel panic\r\n"; *at; at++)
		watch_byte(&watch, (uint8_t)*at);
	CHECK_EQUAL(watch.result, WATCH_FAIL);
	watch_free(&watch);
	end_test("console lines are looked at when complete, prompts when asked");

	begin_test();
	CHECK(watch_init(&watch, "needle", NULL, &error));
	for (int i = 0; i < 100000; i++)
		watch_byte(&watch, (uint8_t)(i % 7 ? 'x' : 0));
	CHECK_EQUAL(watch_line(&watch), WATCH_NOTHING);
	for (const char *at = "\nneedle\n"; *at; at++)
		watch_byte(&watch, (uint8_t)*at);
	CHECK_EQUAL(watch.result, WATCH_UNTIL);
	watch_free(&watch);
	CHECK(!watch_init(&watch, "a", "(", &error));
	CHECK(strstr(error.text, "--fail-on '(' is not a regular expression"));
	end_test("endless lines are harmless; a bad expression is refused");
}

static void no_reset(void *context, const char *source)
{
	(void)context;
	(void)source;
}

static enum input_action type(struct input *input, const char *bytes)
{
	return input_bytes(input, (const uint8_t *)bytes, strlen(bytes));
}

static void test_input(void)
{
	const struct reset_line reset = { .reset = no_reset };
	struct keyboard keyboard;
	struct serial serial;
	struct input input = { .serial = &serial, .is_terminal = true };

	CHECK(start());
	CHECK(serial_init(&serial, &bus, (struct byte_sink){ 0 }, (struct irq_line){ 0 }));
	CHECK(keyboard_init(&keyboard, &bus, reset, (struct irq_line){ 0 }));
	CHECK_EQUAL(type(&input, "a\033"), INPUT_NONE);
	CHECK_EQUAL(port_read(&bus, 0x3f8, 1), 'a');
	CHECK_EQUAL(port_read(&bus, 0x3f8, 1), 0x1b);
	CHECK_EQUAL(type(&input, "\x1d"), INPUT_NONE);
	CHECK_EQUAL(type(&input, "q"), INPUT_QUIT);
	CHECK_EQUAL(type(&input, "\x1d?"), INPUT_HELP);
	CHECK_EQUAL(type(&input, "\x1d\x1d"), INPUT_NONE);
	CHECK_EQUAL(port_read(&bus, 0x3f8, 1), 0x1d);
	CHECK_EQUAL(port_read(&bus, 0x3fd, 1), 0x60);
	input.is_terminal = false;
	CHECK_EQUAL(type(&input, "\x1dq"), INPUT_NONE);
	CHECK_EQUAL(port_read(&bus, 0x3f8, 1), 0x1d);
	end_test("the escape key quits, helps and sends itself; a pipe has none");

	CHECK(start());
	CHECK(serial_init(&serial, &bus, (struct byte_sink){ 0 }, (struct irq_line){ 0 }));
	CHECK(keyboard_init(&keyboard, &bus, reset, (struct irq_line){ 0 }));
	input = (struct input){ .serial = &serial, .keyboard = &keyboard, .is_terminal = true };
	type(&input, "\033OP\033[A\033");
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0x3b);
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0xbb);
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0xe0);
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0x48);
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0xe0);
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0xc8);
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0x01);
	CHECK_EQUAL(port_read(&bus, 0x60, 1), 0x81);
	CHECK_EQUAL(port_read(&bus, 0x3fd, 1), 0x60);
	end_test("with --screen, keys go to the keyboard; Esc is told from arrows");
}

static void test_words(void)
{
	uint64_t size;

	begin_test();
	CHECK(parse_size("64M", &size) && size == 64ull << 20);
	CHECK(parse_size("64", &size) && size == 64ull << 20);
	CHECK(parse_size("4260K", &size) && size == 4260ull << 10);
	CHECK(parse_size("1GiB", &size) && size == 1ull << 30);
	CHECK(parse_size("0x10m", &size) && size == 16ull << 20);
	CHECK(!parse_size("", &size) && !parse_size("M", &size) && !parse_size("-1M", &size));
	CHECK(!parse_size("0", &size) && !parse_size("12T", &size) && !parse_size("1MM", &size));
	CHECK(!parse_size("99999999999999999999", &size) &&
	      !parse_size("18446744073709551615G", &size));
	end_test("sizes on the command line");

	begin_test();
	CHECK(flags_contain("fpu vme smep", "smep") && flags_contain("smep x", "smep"));
	CHECK(!flags_contain("smepx fpu", "smep") && !flags_contain("xsmep", "smep"));
	CHECK(flags_contain("vmx_x vmx", "vmx") && !flags_contain("", "vmx"));
	CHECK(choice_is("none [integrity] confidentiality", "integrity"));
	CHECK(!choice_is("none [integrity] confidentiality", "none"));
	CHECK(!choice_is("[integrityx]", "integrity") && !choice_is("", "none"));
	end_test("words in /proc/cpuinfo and sysfs");
}

int main(void)
{
	struct message error;

	if (!guest_memory_allocate(&memory, MEMORY_SIZE_MIN, &error))
		return 1;
	test_text();
	test_paint();
	test_watch();
	test_input();
	test_words();
	guest_memory_free(&memory);
	return end_tests();
}
