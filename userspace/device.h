/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What devices see of the machine around them. A device is a struct, an init
 * function that registers its ports, and functions called with the machine's
 * lock held; it knows neither KVM nor threads, so unit tests drive it directly.
 */
#ifndef RINGLET_TOOL_DEVICE_H
#define RINGLET_TOOL_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "ports.h"

/**
 * struct clock - time, which unit tests replace
 * @monotonic: nanoseconds since any moment
 * @realtime: nanoseconds since 1970
 */
struct clock {
	uint64_t (*monotonic)(void *context);
	uint64_t (*realtime)(void *context);
	void *context;
};

/**
 * struct irq_line - an interrupt line of the ISA bus
 *
 * Devices drive levels. @set is NULL while the machine has no interrupt
 * controller; the devices then work by polling, as on a bus without one.
 */
struct irq_line {
	void (*set)(void *context, unsigned int line, bool level);
	void *context;
	unsigned int line;
};

static inline void irq_set(const struct irq_line *irq, bool level)
{
	if (irq->set)
		irq->set(irq->context, irq->line, level);
}

/**
 * struct byte_sink - where a device sends bytes
 */
struct byte_sink {
	void (*put)(void *context, uint8_t byte);
	void *context;
};

static inline void sink_put(const struct byte_sink *sink, uint8_t byte)
{
	if (sink->put)
		sink->put(sink->context, byte);
}

/**
 * struct reset_line - how a device asks for the end of the run
 * @reset: the machine is to be reset; @source names what asked
 * @off: the machine is to be switched off
 * @debug_exit: the guest wrote its exit status
 */
struct reset_line {
	void (*reset)(void *context, const char *source);
	void (*off)(void *context);
	void (*debug_exit)(void *context, uint32_t status);
	void *context;
};

#endif /* RINGLET_TOOL_DEVICE_H */
