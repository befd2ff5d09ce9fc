// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8042 keyboard controller: enough for kernels that probe it, poll it or
 * reset the machine by it. Keys come from the terminal while the guest's screen
 * is shown. Called through the port bus, and by the terminal for input.
 */
#include <string.h>

#include "device_keyboard.h"

#define PORT_DATA	      0x60
#define PORT_COMMAND	      0x64

#define STATUS_OUTPUT_FULL    0x01
#define STATUS_SYSTEM	      0x04
#define STATUS_COMMAND	      0x08
#define STATUS_UNLOCKED	      0x10

#define CONFIG_IRQ1	      0x01
#define CONFIG_SYSTEM	      0x04
#define CONFIG_KEYBOARD_OFF   0x10
#define CONFIG_AUX_OFF	      0x20
#define CONFIG_TRANSLATE      0x40

#define OUTPUT_PORT_NO_RESET  0x01
#define OUTPUT_PORT_A20	      0x02

#define COMMAND_READ_CONFIG   0x20
#define COMMAND_WRITE_CONFIG  0x60
#define COMMAND_AUX_OFF	      0xa7
#define COMMAND_AUX_ON	      0xa8
#define COMMAND_TEST_AUX      0xa9
#define COMMAND_SELF_TEST     0xaa
#define COMMAND_TEST_KEYBOARD 0xab
#define COMMAND_KEYBOARD_OFF  0xad
#define COMMAND_KEYBOARD_ON   0xae
#define COMMAND_READ_INPUT    0xc0
#define COMMAND_READ_OUTPUT   0xd0
#define COMMAND_WRITE_OUTPUT  0xd1
#define COMMAND_ECHO_KEYBOARD 0xd2
#define COMMAND_ECHO_AUX      0xd3
#define COMMAND_WRITE_AUX     0xd4
#define COMMAND_PULSE	      0xf0
#define PULSE_NO_RESET	      0x01

#define EXPECT_DEVICE	      0x100
#define DEVICE_LEDS	      0xed
#define DEVICE_ECHO	      0xee
#define DEVICE_SCAN_SET	      0xf0
#define DEVICE_IDENTIFY	      0xf2
#define DEVICE_RATE	      0xf3
#define DEVICE_RESET	      0xff
#define DEVICE_ACK	      0xfa
#define DEVICE_RESEND	      0xfe
#define DEVICE_PASSED	      0xaa

#define SCAN_SHIFT	      0x2a
#define SCAN_CONTROL	      0x1d
#define SCAN_RELEASE	      0x80
#define SCAN_EXTENDED	      0xe0

/* The main block of a US keyboard: scan code, without and with Shift. */
static const struct {
	uint8_t scan_code;
	char plain;
	char shifted;
} keys[] = {
	{ 0x01, 0x1b, 0 },   { 0x02, '1', '!' }, { 0x03, '2', '@' },  { 0x04, '3', '#' },
	{ 0x05, '4', '$' },  { 0x06, '5', '%' }, { 0x07, '6', '^' },  { 0x08, '7', '&' },
	{ 0x09, '8', '*' },  { 0x0a, '9', '(' }, { 0x0b, '0', ')' },  { 0x0c, '-', '_' },
	{ 0x0d, '=', '+' },  { 0x0e, 0x7f, 0 },	 { 0x0e, '\b', 0 },   { 0x0f, '\t', 0 },
	{ 0x10, 'q', 'Q' },  { 0x11, 'w', 'W' }, { 0x12, 'e', 'E' },  { 0x13, 'r', 'R' },
	{ 0x14, 't', 'T' },  { 0x15, 'y', 'Y' }, { 0x16, 'u', 'U' },  { 0x17, 'i', 'I' },
	{ 0x18, 'o', 'O' },  { 0x19, 'p', 'P' }, { 0x1a, '[', '{' },  { 0x1b, ']', '}' },
	{ 0x1c, '\r', 0 },   { 0x1c, '\n', 0 },	 { 0x1e, 'a', 'A' },  { 0x1f, 's', 'S' },
	{ 0x20, 'd', 'D' },  { 0x21, 'f', 'F' }, { 0x22, 'g', 'G' },  { 0x23, 'h', 'H' },
	{ 0x24, 'j', 'J' },  { 0x25, 'k', 'K' }, { 0x26, 'l', 'L' },  { 0x27, ';', ':' },
	{ 0x28, '\'', '"' }, { 0x29, '`', '~' }, { 0x2b, '\\', '|' }, { 0x2c, 'z', 'Z' },
	{ 0x2d, 'x', 'X' },  { 0x2e, 'c', 'C' }, { 0x2f, 'v', 'V' },  { 0x30, 'b', 'B' },
	{ 0x31, 'n', 'N' },  { 0x32, 'm', 'M' }, { 0x33, ',', '<' },  { 0x34, '.', '>' },
	{ 0x35, '/', '?' },  { 0x39, ' ', 0 },
};

static void update_irq(struct keyboard *keyboard)
{
	irq_set(&keyboard->irq, keyboard->config & CONFIG_IRQ1 && keyboard->count);
}

static void enqueue(struct keyboard *keyboard, uint8_t byte)
{
	if (keyboard->count < KEYBOARD_QUEUE)
		keyboard->queue[(keyboard->head + keyboard->count++) % KEYBOARD_QUEUE] = byte;
	update_irq(keyboard);
}

static uint8_t dequeue(struct keyboard *keyboard)
{
	if (keyboard->count) {
		keyboard->last = keyboard->queue[keyboard->head];
		keyboard->head = (keyboard->head + 1) % KEYBOARD_QUEUE;
		keyboard->count--;
	}
	update_irq(keyboard);
	return keyboard->last;
}

void keyboard_press(struct keyboard *keyboard, uint8_t scan_code, bool extended)
{
	/* All of a key or none of it. */
	if (keyboard->config & CONFIG_KEYBOARD_OFF || keyboard->count + 4 > KEYBOARD_QUEUE)
		return;
	if (extended)
		enqueue(keyboard, SCAN_EXTENDED);
	enqueue(keyboard, scan_code);
	if (extended)
		enqueue(keyboard, SCAN_EXTENDED);
	enqueue(keyboard, scan_code | SCAN_RELEASE);
}

static void press_with(struct keyboard *keyboard, uint8_t modifier, uint8_t scan_code)
{
	if (keyboard->config & CONFIG_KEYBOARD_OFF || keyboard->count + 4 > KEYBOARD_QUEUE)
		return;
	enqueue(keyboard, modifier);
	enqueue(keyboard, scan_code);
	enqueue(keyboard, scan_code | SCAN_RELEASE);
	enqueue(keyboard, modifier | SCAN_RELEASE);
}

void keyboard_type(struct keyboard *keyboard, uint8_t byte)
{
	const size_t count = sizeof(keys) / sizeof(keys[0]);

	if (!byte)
		return;
	for (size_t i = 0; i < count; i++) {
		if (byte == (uint8_t)keys[i].plain) {
			keyboard_press(keyboard, keys[i].scan_code, false);
			return;
		}
		if (byte == (uint8_t)keys[i].shifted) {
			press_with(keyboard, SCAN_SHIFT, keys[i].scan_code);
			return;
		}
	}
	/* The other control characters are Control with a letter. */
	for (size_t i = 0; byte < 0x20 && i < count; i++) {
		if (keys[i].plain == (char)(byte | 0x60)) {
			press_with(keyboard, SCAN_CONTROL, keys[i].scan_code);
			return;
		}
	}
}

static void write_output_port(struct keyboard *keyboard, uint8_t value)
{
	if (!(value & OUTPUT_PORT_NO_RESET))
		keyboard->reset.reset(keyboard->reset.context,
				      "the keyboard controller (port 60h)");
}

static void controller_command(struct keyboard *keyboard, uint8_t command)
{
	if (command >= COMMAND_PULSE) {
		if (!(command & PULSE_NO_RESET))
			keyboard->reset.reset(keyboard->reset.context,
					      "the keyboard controller (port 64h)");
		return;
	}
	switch (command) {
	case COMMAND_READ_CONFIG: enqueue(keyboard, keyboard->config); break;
	case COMMAND_SELF_TEST: enqueue(keyboard, 0x55); break;
	case COMMAND_TEST_KEYBOARD: enqueue(keyboard, 0x00); break;
	case COMMAND_TEST_AUX: enqueue(keyboard, 0xff); break; /* there is no mouse */
	case COMMAND_AUX_OFF: keyboard->config |= CONFIG_AUX_OFF; break;
	case COMMAND_AUX_ON: keyboard->config &= (uint8_t)~CONFIG_AUX_OFF; break;
	case COMMAND_KEYBOARD_OFF: keyboard->config |= CONFIG_KEYBOARD_OFF; break;
	case COMMAND_KEYBOARD_ON: keyboard->config &= (uint8_t)~CONFIG_KEYBOARD_OFF; break;
	case COMMAND_READ_INPUT: enqueue(keyboard, 0x80); break;
	case COMMAND_READ_OUTPUT: enqueue(keyboard, OUTPUT_PORT_NO_RESET | OUTPUT_PORT_A20); break;
	case COMMAND_WRITE_CONFIG:
	case COMMAND_WRITE_OUTPUT:
	case COMMAND_ECHO_KEYBOARD:
	case COMMAND_ECHO_AUX:
	case COMMAND_WRITE_AUX: keyboard->expect = command; break;
	}
}

static void controller_argument(struct keyboard *keyboard, uint16_t command, uint8_t value)
{
	switch (command) {
	case COMMAND_WRITE_CONFIG:
		keyboard->config = value;
		update_irq(keyboard);
		break;
	case COMMAND_WRITE_OUTPUT: write_output_port(keyboard, value); break;
	case COMMAND_ECHO_KEYBOARD: enqueue(keyboard, value); break;
	}
}

static void device_command(struct keyboard *keyboard, uint8_t command)
{
	keyboard->config &= (uint8_t)~CONFIG_KEYBOARD_OFF;
	switch (command) {
	case DEVICE_ECHO: enqueue(keyboard, DEVICE_ECHO); break;
	case DEVICE_LEDS:
	case DEVICE_SCAN_SET:
	case DEVICE_RATE:
		enqueue(keyboard, DEVICE_ACK);
		keyboard->expect = EXPECT_DEVICE | command;
		break;
	case DEVICE_IDENTIFY:
		enqueue(keyboard, DEVICE_ACK);
		enqueue(keyboard, 0xab);
		enqueue(keyboard, 0x41); /* an MF2 keyboard whose codes are translated */
		break;
	case DEVICE_RESET:
		enqueue(keyboard, DEVICE_ACK);
		enqueue(keyboard, DEVICE_PASSED);
		break;
	case 0xf4:
	case 0xf5:
	case 0xf6: enqueue(keyboard, DEVICE_ACK); break; /* enable, disable, defaults */
	default: enqueue(keyboard, DEVICE_RESEND); break;
	}
}

static void write_data(struct keyboard *keyboard, uint8_t value)
{
	uint16_t expect = keyboard->expect;

	keyboard->expect = 0;
	if (!expect) {
		device_command(keyboard, value);
	} else if (expect & EXPECT_DEVICE) {
		enqueue(keyboard, DEVICE_ACK);
		/* Scan set 0 asks which one is in use. */
		if (expect == (EXPECT_DEVICE | DEVICE_SCAN_SET) && !value)
			enqueue(keyboard, 0x41);
	} else {
		controller_argument(keyboard, expect, value);
	}
}

static uint32_t keyboard_read(void *device, uint16_t port, unsigned int size)
{
	struct keyboard *keyboard = device;

	(void)size;
	if (port == PORT_DATA)
		return dequeue(keyboard);
	return keyboard->status | (keyboard->count ? STATUS_OUTPUT_FULL : 0);
}

static void keyboard_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct keyboard *keyboard = device;

	(void)size;
	if (port == PORT_COMMAND) {
		keyboard->status |= STATUS_COMMAND;
		controller_command(keyboard, (uint8_t)value);
	} else {
		keyboard->status &= (uint8_t)~STATUS_COMMAND;
		write_data(keyboard, (uint8_t)value);
	}
}

bool keyboard_init(struct keyboard *keyboard, struct port_bus *bus, struct reset_line reset,
		   struct irq_line irq)
{
	struct port_range range = {
		.first = PORT_DATA,
		.last = PORT_DATA,
		.width = 1,
		.name = "keyboard",
		.device = keyboard,
		.read = keyboard_read,
		.write = keyboard_write,
	};

	memset(keyboard, 0, sizeof(*keyboard));
	keyboard->reset = reset;
	keyboard->irq = irq;
	keyboard->status = STATUS_SYSTEM | STATUS_UNLOCKED;
	keyboard->config = CONFIG_SYSTEM | CONFIG_TRANSLATE | CONFIG_AUX_OFF;
	if (!port_register(bus, &range))
		return false;
	range.first = range.last = PORT_COMMAND;
	return port_register(bus, &range);
}
