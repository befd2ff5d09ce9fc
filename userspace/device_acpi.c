// SPDX-License-Identifier: GPL-2.0-only
/*
 * PM1 event and control registers. The machine is in ACPI mode from the start
 * (there is no SMI command port), no event ever happens, and the only sleep state
 * is S5. Called through the port bus.
 */
#include <string.h>

#include "acpi.h"
#include "device_acpi.h"

#define PORT_STATUS	 ACPI_PM1_EVENT_PORT
#define PORT_ENABLE	 (ACPI_PM1_EVENT_PORT + 2)
#define PORT_CONTROL	 ACPI_PM1_CONTROL_PORT

#define CONTROL_SCI	 0x0001u /* power events raise the SCI: ACPI mode */
#define CONTROL_SLEEP	 0x2000u /* SLP_EN; reads as zero */
#define CONTROL_TYPE	 0x1c00u
#define CONTROL_TYPE_BIT 10

static uint32_t acpi_read(void *device, uint16_t port, unsigned int size)
{
	const struct acpi_ports *ports = device;
	uint32_t value = 0;

	if (port == PORT_ENABLE)
		value = ports->enable;
	else if (port == PORT_CONTROL)
		value = ports->control | CONTROL_SCI;
	else if (port == PORT_STATUS && size == 4)
		value = (uint32_t)ports->enable << 16;
	return value;
}

static void acpi_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct acpi_ports *ports = device;

	if (port == PORT_ENABLE || (port == PORT_STATUS && size == 4)) {
		ports->enable = (uint16_t)(port == PORT_ENABLE ? value : value >> 16);
		return;
	}
	if (port != PORT_CONTROL || size == 1)
		return;
	ports->control = (uint16_t)(value & ~(CONTROL_SLEEP | CONTROL_SCI));
	if (value & CONTROL_SLEEP &&
	    (value & CONTROL_TYPE) >> CONTROL_TYPE_BIT == ACPI_SLEEP_TYPE_OFF)
		ports->reset.off(ports->reset.context);
}

bool acpi_ports_init(struct acpi_ports *ports, struct port_bus *bus, struct reset_line reset)
{
	const struct port_range range = {
		.first = PORT_STATUS,
		.last = PORT_CONTROL + 1,
		.width = 4,
		.name = "acpi",
		.device = ports,
		.read = acpi_read,
		.write = acpi_write,
	};

	memset(ports, 0, sizeof(*ports));
	ports->reset = reset;
	return port_register(bus, &range);
}
