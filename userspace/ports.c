// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dispatch of port accesses; called by the run loop for KVM_EXIT_IO, with the
 * machine's lock held.
 */
#include <stdio.h>

#include "ports.h"

bool port_register(struct port_bus *bus, const struct port_range *range)
{
	if (bus->count == PORT_RANGES_MAX || range->last < range->first)
		return false;
	for (unsigned int i = 0; i < bus->count; i++)
		if (range->first <= bus->ranges[i].last && bus->ranges[i].first <= range->last)
			return false;
	bus->ranges[bus->count++] = *range;
	return true;
}

static const struct port_range *find_range(const struct port_bus *bus, uint16_t port)
{
	for (unsigned int i = 0; i < bus->count; i++)
		if (port >= bus->ranges[i].first && port <= bus->ranges[i].last)
			return &bus->ranges[i];
	return NULL;
}

static uint32_t ones(unsigned int size)
{
	return size >= 4 ? 0xffffffffu : (1u << size * 8) - 1;
}

static void trace(const struct port_bus *bus, const char *direction, const struct port_range *range,
		  uint16_t port, unsigned int size, uint32_t value)
{
	if (bus->trace)
		fprintf(stderr, "%-3s %04x %0*x %s\n", direction, port, (int)size * 2, value,
			range ? range->name : "-");
}

static uint32_t read_once(struct port_bus *bus, uint16_t port, unsigned int size)
{
	const struct port_range *range = find_range(bus, port);
	uint32_t value = ones(size);

	if (!range)
		bus->unclaimed++;
	else if (range->read)
		value = range->read(range->device, port, size) & ones(size);
	trace(bus, "in", range, port, size, value);
	return value;
}

static void write_once(struct port_bus *bus, uint16_t port, unsigned int size, uint32_t value)
{
	const struct port_range *range = find_range(bus, port);

	trace(bus, "out", range, port, size, value & ones(size));
	if (!range)
		bus->unclaimed++;
	else if (range->write)
		range->write(range->device, port, size, value & ones(size));
}

/* Whether the first port's device wants the access byte by byte. */
static bool must_split(const struct port_bus *bus, uint16_t port, unsigned int size)
{
	const struct port_range *range = find_range(bus, port);

	return range && size > range->width;
}

uint32_t port_read(struct port_bus *bus, uint16_t port, unsigned int size)
{
	uint32_t value = 0;

	if (!must_split(bus, port, size))
		return read_once(bus, port, size);
	for (unsigned int i = 0; i < size; i++)
		value |= read_once(bus, (uint16_t)(port + i), 1) << i * 8;
	return value;
}

void port_write(struct port_bus *bus, uint16_t port, unsigned int size, uint32_t value)
{
	if (!must_split(bus, port, size)) {
		write_once(bus, port, size, value);
		return;
	}
	for (unsigned int i = 0; i < size; i++)
		write_once(bus, (uint16_t)(port + i), 1, value >> i * 8);
}
