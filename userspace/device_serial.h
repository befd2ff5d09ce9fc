/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A serial port at 3f8h, IRQ 4.
 */
#ifndef RINGLET_TOOL_DEVICE_SERIAL_H
#define RINGLET_TOOL_DEVICE_SERIAL_H

#include "device.h"

#define SERIAL_FIFO_SIZE 16
#define SERIAL_BACKLOG	 1024

/**
 * struct serial - the port
 * @fifo: received bytes that the guest can read now
 * @backlog: received bytes that wait for room in @fifo: a terminal has no
 *	flow control, a paste must not be lost
 * @flow_control: what is received waits until the guest asserts RTS: Linux throws
 *	away what was there before it opened the port
 * @thre_pending: the "transmitter empty" interrupt was not yet acknowledged
 */
struct serial {
	struct byte_sink output;
	struct irq_line irq;
	uint8_t ier, fcr, lcr, mcr, lsr, msr, scratch;
	uint8_t divisor_low, divisor_high;
	uint8_t fifo[SERIAL_FIFO_SIZE];
	unsigned int fifo_head, fifo_count;
	uint8_t backlog[SERIAL_BACKLOG];
	unsigned int backlog_head, backlog_count;
	bool flow_control;
	bool thre_pending;
};

bool serial_init(struct serial *serial, struct port_bus *bus, struct byte_sink output,
		 struct irq_line irq);

/**
 * serial_room() - how many bytes can be received now without losing one
 */
unsigned int serial_room(const struct serial *serial);

/**
 * serial_receive() - a byte from the outside
 */
void serial_receive(struct serial *serial, uint8_t byte);

#endif /* RINGLET_TOOL_DEVICE_SERIAL_H */
