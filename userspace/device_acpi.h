/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of ACPI's power management that acpi.c announces: those with
 * which a kernel switches the machine off.
 */
#ifndef RINGLET_TOOL_DEVICE_ACPI_H
#define RINGLET_TOOL_DEVICE_ACPI_H

#include "device.h"

struct acpi_ports {
	struct reset_line reset;
	uint16_t enable;
	uint16_t control;
};

bool acpi_ports_init(struct acpi_ports *ports, struct port_bus *bus, struct reset_line reset);

#endif /* RINGLET_TOOL_DEVICE_ACPI_H */
