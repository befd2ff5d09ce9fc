/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real-time clock and its CMOS memory at 70h and 71h.
 */
#ifndef RINGLET_TOOL_DEVICE_CMOS_H
#define RINGLET_TOOL_DEVICE_CMOS_H

#include "device.h"

#define CMOS_SIZE 128

struct cmos {
	struct clock clock;
	uint8_t index;
	uint8_t memory[CMOS_SIZE];
};

/**
 * cmos_init() - the clock shows the host's time in UTC
 * @memory_size: what the size registers are to tell, in bytes
 */
bool cmos_init(struct cmos *cmos, struct port_bus *bus, struct clock clock, uint32_t memory_size);

#endif /* RINGLET_TOOL_DEVICE_CMOS_H */
