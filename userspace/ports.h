/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O port space: which device answers which port.
 */
#ifndef RINGLET_TOOL_PORTS_H
#define RINGLET_TOOL_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct port_range - ports of one device
 * @width: widest access that @read and @write take, in bytes; a wider one is
 *	split into bytes at consecutive ports, as the ISA bus does
 * @device: first argument of @read and @write
 */
struct port_range {
	uint16_t first;
	uint16_t last;
	uint8_t width;
	const char *name;
	void *device;
	uint32_t (*read)(void *device, uint16_t port, unsigned int size);
	void (*write)(void *device, uint16_t port, unsigned int size, uint32_t value);
};

#define PORT_RANGES_MAX 24

/**
 * struct port_bus - all of them
 * @trace: print every access on standard error
 * @unclaimed: accesses to ports that no device has
 */
struct port_bus {
	struct port_range ranges[PORT_RANGES_MAX];
	unsigned int count;
	bool trace;
	uint64_t unclaimed;
};

/**
 * port_register() - give a device its ports
 *
 * Return: false if the table is full or another device has one of the ports,
 * which is a mistake of the tool's.
 */
bool port_register(struct port_bus *bus, const struct port_range *range);

/**
 * port_read() - an IN of @size bytes (1, 2 or 4)
 *
 * Return: ones from a port that no device has. PCI's configuration ports are
 * such ports: a guest that probes them finds no PCI bus.
 */
uint32_t port_read(struct port_bus *bus, uint16_t port, unsigned int size);

/**
 * port_write() - an OUT of @size bytes; dropped if no device has the port
 */
void port_write(struct port_bus *bus, uint16_t port, unsigned int size, uint32_t value);

#endif /* RINGLET_TOOL_PORTS_H */
