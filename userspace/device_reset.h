/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chipset's two ways to reset a PC: ports 92h and CF9h.
 */
#ifndef RINGLET_TOOL_DEVICE_RESET_H
#define RINGLET_TOOL_DEVICE_RESET_H

#include "device.h"

struct reset_ports {
	struct reset_line reset;
	uint8_t port92;
	uint8_t portcf9;
};

bool reset_ports_init(struct reset_ports *ports, struct port_bus *bus, struct reset_line reset);

#endif /* RINGLET_TOOL_DEVICE_RESET_H */
