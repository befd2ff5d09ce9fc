// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real-time clock (MC146818) and its CMOS memory. The time is the host's
 * and cannot be set; alarms and periodic interrupts are not there. Called
 * through the port bus.
 */
#include <string.h>
#include <time.h>

#include "device_cmos.h"

#define PORT_INDEX		   0x70
#define PORT_DATA		   0x71

#define REG_SECONDS		   0x00
#define REG_MINUTES		   0x02
#define REG_HOURS		   0x04
#define REG_WEEKDAY		   0x06
#define REG_DAY			   0x07
#define REG_MONTH		   0x08
#define REG_YEAR		   0x09
#define REG_A			   0x0a
#define REG_B			   0x0b
#define REG_C			   0x0c
#define REG_D			   0x0d
#define REG_EQUIPMENT		   0x14
#define REG_BASE_MEMORY		   0x15
#define REG_EXTENDED_MEMORY	   0x17
#define REG_EXTENDED_MEMORY_ACTUAL 0x30
#define REG_CENTURY		   0x32
#define REG_MEMORY_ABOVE_16M	   0x34

#define A_UPDATE_IN_PROGRESS	   0x80
#define A_DIVIDER		   0x26
#define B_24_HOURS		   0x02
#define B_BINARY		   0x04
#define D_VALID			   0x80
#define HOUR_PM			   0x80

/* The update flag is up for the last 244 microseconds of each second. */
#define UPDATE_NS 244000u
#define SECOND_NS 1000000000u

static uint8_t encode(const struct cmos *cmos, int value)
{
	if (cmos->memory[REG_B] & B_BINARY)
		return (uint8_t)value;
	return (uint8_t)(value / 10 << 4 | value % 10);
}

static uint8_t encode_hour(const struct cmos *cmos, int hour)
{
	if (cmos->memory[REG_B] & B_24_HOURS)
		return encode(cmos, hour);
	return encode(cmos, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0);
}

static uint8_t read_register(const struct cmos *cmos, uint8_t index)
{
	uint64_t now = cmos->clock.realtime(cmos->clock.context);
	time_t seconds = (time_t)(now / SECOND_NS);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	switch (index) {
	case REG_SECONDS: return encode(cmos, tm.tm_sec % 60);
	case REG_MINUTES: return encode(cmos, tm.tm_min);
	case REG_HOURS: return encode_hour(cmos, tm.tm_hour);
	case REG_WEEKDAY: return encode(cmos, tm.tm_wday + 1);
	case REG_DAY: return encode(cmos, tm.tm_mday);
	case REG_MONTH: return encode(cmos, tm.tm_mon + 1);
	case REG_YEAR: return encode(cmos, tm.tm_year % 100);
	case REG_CENTURY: return encode(cmos, (tm.tm_year + 1900) / 100);
	case REG_A:
		return cmos->memory[REG_A] |
		       (now % SECOND_NS >= SECOND_NS - UPDATE_NS ? A_UPDATE_IN_PROGRESS : 0);
	case REG_C: return 0;
	case REG_D: return D_VALID;
	default: return cmos->memory[index];
	}
}

static void write_register(struct cmos *cmos, uint8_t index, uint8_t value)
{
	switch (index) {
	case REG_SECONDS:
	case REG_MINUTES:
	case REG_HOURS:
	case REG_WEEKDAY:
	case REG_DAY:
	case REG_MONTH:
	case REG_YEAR:
	case REG_CENTURY:
	case REG_C:
	case REG_D: return;
	case REG_A: value &= (uint8_t)~A_UPDATE_IN_PROGRESS; break;
	}
	cmos->memory[index] = value;
}

static uint32_t cmos_read(void *device, uint16_t port, unsigned int size)
{
	struct cmos *cmos = device;

	(void)size;
	return port == PORT_DATA ? read_register(cmos, cmos->index) : 0xff;
}

static void cmos_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct cmos *cmos = device;

	(void)size;
	if (port == PORT_INDEX)
		cmos->index = value % CMOS_SIZE; /* bit 7 masks NMI, of which there are none */
	else
		write_register(cmos, cmos->index, (uint8_t)value);
}

static void store16(struct cmos *cmos, uint8_t index, uint32_t value)
{
	if (value > 0xffff)
		value = 0xffff;
	cmos->memory[index] = (uint8_t)value;
	cmos->memory[index + 1] = (uint8_t)(value >> 8);
}

bool cmos_init(struct cmos *cmos, struct port_bus *bus, struct clock clock, uint32_t memory_size)
{
	const struct port_range range = {
		.first = PORT_INDEX,
		.last = PORT_DATA,
		.width = 1,
		.name = "cmos",
		.device = cmos,
		.read = cmos_read,
		.write = cmos_write,
	};
	uint32_t above_1m = memory_size > 0x100000 ? memory_size - 0x100000 : 0;
	uint32_t above_16m = memory_size > 0x1000000 ? memory_size - 0x1000000 : 0;

	memset(cmos, 0, sizeof(*cmos));
	cmos->clock = clock;
	cmos->memory[REG_A] = A_DIVIDER;
	cmos->memory[REG_B] = B_24_HOURS;
	cmos->memory[REG_EQUIPMENT] = 0x02; /* a coprocessor */
	store16(cmos, REG_BASE_MEMORY, 640);
	store16(cmos, REG_EXTENDED_MEMORY, above_1m >> 10);
	store16(cmos, REG_EXTENDED_MEMORY_ACTUAL, above_1m >> 10);
	store16(cmos, REG_MEMORY_ABOVE_16M, above_16m >> 16);
	return port_register(bus, &range);
}
