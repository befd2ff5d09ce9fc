// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug ports. The console and the exit port are there only if asked for, since
 * a PC has neither. Called through the port bus.
 */
#include <string.h>

#include "device_debug.h"

#define PORT_POST    0x80
#define PORT_CONSOLE 0xe9
#define PORT_EXIT    0xf4

static uint32_t post_read(void *device, uint16_t port, unsigned int size)
{
	struct debug_ports *ports = device;

	(void)port;
	(void)size;
	return ports->post_code;
}

static void post_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct debug_ports *ports = device;

	(void)port;
	(void)size;
	ports->post_code = (uint8_t)value;
}

/* Reading the port number back is how a guest finds the console. */
static uint32_t console_read(void *device, uint16_t port, unsigned int size)
{
	(void)device;
	(void)size;
	return port;
}

static void console_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct debug_ports *ports = device;

	(void)port;
	(void)size;
	sink_put(&ports->console, (uint8_t)value);
}

static void exit_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct debug_ports *ports = device;

	(void)port;
	(void)size;
	ports->reset.debug_exit(ports->reset.context, value);
}

bool debug_ports_init(struct debug_ports *ports, struct port_bus *bus)
{
	const struct port_range range = {
		.first = PORT_POST,
		.last = PORT_POST,
		.width = 1,
		.name = "post code",
		.device = ports,
		.read = post_read,
		.write = post_write,
	};

	memset(ports, 0, sizeof(*ports));
	return port_register(bus, &range);
}

bool debug_console_init(struct debug_ports *ports, struct port_bus *bus, struct byte_sink console)
{
	const struct port_range range = {
		.first = PORT_CONSOLE,
		.last = PORT_CONSOLE,
		.width = 1,
		.name = "debug console",
		.device = ports,
		.read = console_read,
		.write = console_write,
	};

	ports->console = console;
	return port_register(bus, &range);
}

bool debug_exit_init(struct debug_ports *ports, struct port_bus *bus, struct reset_line reset)
{
	const struct port_range range = {
		.first = PORT_EXIT,
		.last = PORT_EXIT + 3,
		.width = 4,
		.name = "debug exit",
		.device = ports,
		.write = exit_write,
	};

	ports->reset = reset;
	return port_register(bus, &range);
}
