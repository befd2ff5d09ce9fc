/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 interval timer at 40h to 43h, and port 61h, whose bits are the gate
 * and the output of its channel 2.
 */
#ifndef RINGLET_TOOL_DEVICE_PIT_H
#define RINGLET_TOOL_DEVICE_PIT_H

#include "device.h"

#define PIT_FREQUENCY 1193182u
#define PIT_CHANNELS  3

/**
 * struct pit_channel - one counter
 * @mode: 0 to 5
 * @access: 1 low byte, 2 high byte, 3 low then high
 * @reload: count written by the guest; 0 stands for the largest
 * @armed: a count was written since the mode was set
 * @start: timer tick at which counting began; while @gate holds the counter,
 *	@frozen ticks had gone by
 * @next_is_high: read and write flip-flops of access mode 3
 * @latched: bytes that READ-BACK or LATCH put up for reading
 */
struct pit_channel {
	uint8_t mode;
	uint8_t access;
	bool bcd;
	bool gate;
	bool armed;
	bool counting;
	bool null_count;
	uint16_t reload;
	uint8_t write_low;
	bool write_high_next;
	bool read_high_next;
	bool status_latched;
	uint8_t status;
	bool count_latched;
	uint16_t latch;
	uint64_t start;
	uint64_t frozen;
};

struct pit {
	struct clock clock;
	struct pit_channel channels[PIT_CHANNELS];
	uint8_t port61;
};

bool pit_init(struct pit *pit, struct port_bus *bus, struct clock clock);

/**
 * pit_output() - level of a channel's OUT pin now; channel 0's is IRQ 0
 */
bool pit_output(const struct pit *pit, unsigned int channel);

#endif /* RINGLET_TOOL_DEVICE_PIT_H */
