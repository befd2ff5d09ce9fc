// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the tool's devices, as a hostile guest could: every four bytes of the
 * input are a port access, a moment that passes, or something typed. After all
 * of it the screen is painted and read. Userspace, libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_cmos.h"
#include "device_debug.h"
#include "device_keyboard.h"
#include "device_pit.h"
#include "device_reset.h"
#include "device_serial.h"
#include "device_vga.h"
#include "input.h"
#include "screen.h"
#include "watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All ports that a device has, so that most accesses hit one. */
static const uint16_t first_ports[] = { 0x3f8, 0x40, 0x61, 0x70,  0x60,	 0x64,	0x92,  0xcf9,
					0x80,  0xe9, 0xf4, 0x3c0, 0x3c8, 0x3d4, 0x3da, 0xcf8 };

enum { ACTION_IN, ACTION_OUT, ACTION_TIME, ACTION_TYPE, ACTIONS };

static uint64_t now;
static struct watch watch;

static uint64_t read_now(void *context)
{
	(void)context;
	return now;
}

static void take_byte(void *context, uint8_t byte)
{
	(void)context;
	watch_byte(&watch, byte);
}

static void ignore_reset(void *context, const char *source)
{
	(void)context;
	(void)source;
}

static void ignore_exit(void *context, uint32_t status)
{
	(void)context;
	(void)status;
}

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_devices: %s\n", what);
	abort();
}

struct machine {
	struct port_bus bus;
	struct serial serial;
	struct pit pit;
	struct cmos cmos;
	struct keyboard keyboard;
	struct reset_ports reset_ports;
	struct debug_ports debug;
	struct vga vga;
	struct input input;
};

static void start(struct machine *machine)
{
	const struct clock clock = { read_now, read_now, NULL };
	const struct reset_line reset = { .reset = ignore_reset, .debug_exit = ignore_exit };
	const struct byte_sink sink = { take_byte, NULL };
	const struct irq_line irq = { 0 };
	struct port_bus *bus = &machine->bus;

	memset(machine, 0, sizeof(*machine));
	require(serial_init(&machine->serial, bus, sink, irq) &&
			pit_init(&machine->pit, bus, clock) &&
			cmos_init(&machine->cmos, bus, clock, 64u << 20) &&
			keyboard_init(&machine->keyboard, bus, reset, irq) &&
			reset_ports_init(&machine->reset_ports, bus, reset) &&
			debug_ports_init(&machine->debug, bus) &&
			debug_console_init(&machine->debug, bus, sink) &&
			debug_exit_init(&machine->debug, bus, reset) &&
			vga_init(&machine->vga, bus, clock),
		"a device did not start");
	machine->input.serial = &machine->serial;
	machine->input.is_terminal = true;
}

static void act(struct machine *machine, const uint8_t *data)
{
	uint16_t port = (uint16_t)(first_ports[data[1] & 15] + (data[1] >> 4 & 7));
	unsigned int size = 1u << (data[0] >> 4) % 3;

	switch (data[0] % ACTIONS) {
	case ACTION_IN:
		require(size == 4 || port_read(&machine->bus, port, size) < 1u << size * 8,
			"an IN gave more bits than it asked for");
		break;
	case ACTION_OUT:
		port_write(&machine->bus, port, size, data[2] * 0x01000001u + data[3]);
		break;
	case ACTION_TIME: now += (uint64_t)data[1] << (data[2] & 63); break;
	case ACTION_TYPE:
		machine->input.keyboard = data[0] & 0x80 ? &machine->keyboard : NULL;
		input_bytes(&machine->input, data + 1, 3);
		break;
	}
	for (unsigned int i = 0; i < PIT_CHANNELS; i++)
		pit_output(&machine->pit, i);
}

/* The input again, as what lies in text memory. */
static void show(struct machine *machine, const uint8_t *data, size_t size)
{
	static char text[SCREEN_TEXT_SIZE], paint[SCREEN_PAINT_SIZE];
	static struct guest_memory memory;
	struct screen screen = { .valid = false };
	struct screen_image image;

	if (!memory.base) {
		memory.size = VGA_TEXT_END;
		memory.base = calloc(1, memory.size);
		require(memory.base, "out of memory");
	}
	for (size_t i = 0; i < size; i++)
		memory.base[VGA_TEXT_START + i] = data[i];
	screen_read(&memory, &machine->vga, &image);
	require(screen_text(&image, text) < sizeof(text), "the text is too long");
	screen_resize(&screen, size % 40, size % 100);
	require(screen_paint(&screen, &image, paint) < sizeof(paint), "the painting is too long");
	screen_paint(&screen, &image, paint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine machine;
	struct message error;

	now = 0;
	require(watch_init(&watch, "until", "fail", &error), error.text);
	start(&machine);
	for (size_t at = 0; at + 4 <= size; at += 4)
		act(&machine, data + at);
	show(&machine, data, size < 4000 ? size : 4000);
	watch_free(&watch);
	return 0;
}
