/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of devices share: the ports that a guest sees, a clock that the
 * test moves, and what a device can do to the machine. Each program includes it
 * once.
 */
#ifndef RINGLET_TESTS_TOOL_DEVICES_H
#define RINGLET_TESTS_TOOL_DEVICES_H

#include <string.h>

#include "device.h"
#include "ports.h"
#include "tool_test.h"

static struct port_bus bus;
static uint64_t now;
static uint64_t today;
static char sent[256];
static size_t sent_count;
static bool irq_level;
static unsigned int irq_edges;
static const char *reset_source;
static bool switched_off;
static uint32_t exit_status;

static inline uint64_t read_now(void *context)
{
	(void)context;
	return now;
}

static inline uint64_t read_today(void *context)
{
	(void)context;
	return today;
}

static inline void put_byte(void *context, uint8_t byte)
{
	(void)context;
	sent[sent_count++ % sizeof(sent)] = (char)byte;
}

static inline void set_irq(void *context, unsigned int line, bool level)
{
	(void)context;
	(void)line;
	irq_edges += level && !irq_level;
	irq_level = level;
}

static inline void take_reset(void *context, const char *source)
{
	(void)context;
	reset_source = source;
}

static inline void take_off(void *context)
{
	(void)context;
	switched_off = true;
}

static inline void take_exit(void *context, uint32_t status)
{
	(void)context;
	exit_status = status;
}

static const struct clock test_clock = { read_now, read_today, NULL };
static const struct irq_line irq = { set_irq, NULL, 4 };
static const struct byte_sink sink = { put_byte, NULL };
static const struct reset_line reset = { take_reset, take_off, take_exit, NULL };

static inline uint8_t in(uint16_t port)
{
	return (uint8_t)port_read(&bus, port, 1);
}

static inline void out(uint16_t port, uint8_t value)
{
	port_write(&bus, port, 1, value);
}

static inline void start(void)
{
	memset(&bus, 0, sizeof(bus));
	memset(sent, 0, sizeof(sent));
	sent_count = 0;
	irq_level = false;
	irq_edges = 0;
	reset_source = NULL;
	switched_off = false;
	exit_status = 0xdead;
	begin_test();
}

#endif /* RINGLET_TESTS_TOOL_DEVICES_H */
