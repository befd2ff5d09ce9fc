// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset by "system control port A" (92h, bit 0) and by the chipset's reset
 * control register (CF9h, bit 2). Called through the port bus.
 */
#include <string.h>

#include "device_reset.h"

#define PORT_92		  0x92
#define PORT_CF9	  0xcf9

#define PORT92_FAST_RESET 0x01
#define PORT92_A20	  0x02
#define CF9_RESET_CPU	  0x04

static uint32_t reset_ports_read(void *device, uint16_t port, unsigned int size)
{
	struct reset_ports *ports = device;

	(void)size;
	return port == PORT_92 ? ports->port92 : ports->portcf9;
}

static void reset_ports_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct reset_ports *ports = device;

	(void)size;
	if (port == PORT_92) {
		ports->port92 = (uint8_t)(value & ~PORT92_FAST_RESET) | PORT92_A20;
		if (value & PORT92_FAST_RESET)
			ports->reset.reset(ports->reset.context, "port 92h");
		return;
	}
	/* The rising edge resets. */
	if (value & CF9_RESET_CPU && !(ports->portcf9 & CF9_RESET_CPU))
		ports->reset.reset(ports->reset.context, "port CF9h");
	ports->portcf9 = (uint8_t)value;
}

bool reset_ports_init(struct reset_ports *ports, struct port_bus *bus, struct reset_line reset)
{
	struct port_range range = {
		.first = PORT_92,
		.last = PORT_92,
		.width = 1,
		.name = "reset",
		.device = ports,
		.read = reset_ports_read,
		.write = reset_ports_write,
	};

	memset(ports, 0, sizeof(*ports));
	ports->reset = reset;
	ports->port92 = PORT92_A20;
	if (!port_register(bus, &range))
		return false;
	range.first = range.last = PORT_CF9;
	return port_register(bus, &range);
}
