/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports for test guests: a console at E9h, an exit status at F4h; and the POST
 * code port 80h, which kernels write to pass the time.
 */
#ifndef RINGLET_TOOL_DEVICE_DEBUG_H
#define RINGLET_TOOL_DEVICE_DEBUG_H

#include "device.h"

struct debug_ports {
	struct byte_sink console;
	struct reset_line reset;
	uint8_t post_code;
};

bool debug_ports_init(struct debug_ports *ports, struct port_bus *bus);

/**
 * debug_console_init() - add port E9h, whose bytes go to @console
 */
bool debug_console_init(struct debug_ports *ports, struct port_bus *bus, struct byte_sink console);

/**
 * debug_exit_init() - add port F4h: a write ends the run with that status
 */
bool debug_exit_init(struct debug_ports *ports, struct port_bus *bus, struct reset_line reset);

#endif /* RINGLET_TOOL_DEVICE_DEBUG_H */
