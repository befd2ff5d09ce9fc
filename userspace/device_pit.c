// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254 interval timer. Nothing ticks: a counter is computed from the time
 * that went by since it was started, whenever the guest looks. Called through
 * the port bus.
 */
#include <string.h>

#include "device_pit.h"

#define PORT_CHANNEL_0	    0x40
#define PORT_COMMAND	    0x43
#define PORT_61		    0x61

#define ACCESS_LATCH	    0
#define ACCESS_LOW	    1
#define ACCESS_HIGH	    2
#define ACCESS_BOTH	    3

#define READ_BACK	    3
#define READ_BACK_NO_COUNT  0x20
#define READ_BACK_NO_STATUS 0x10

#define STATUS_OUTPUT	    0x80
#define STATUS_NULL_COUNT   0x40

#define PORT61_GATE	    0x01
#define PORT61_WRITABLE	    0x0f
#define PORT61_REFRESH	    0x10
#define PORT61_OUTPUT	    0x20
#define REFRESH_TOGGLE_NS   15085

static uint64_t current_tick(const struct pit *pit)
{
	unsigned __int128 nanoseconds = pit->clock.monotonic(pit->clock.context);

	return (uint64_t)(nanoseconds * PIT_FREQUENCY / 1000000000);
}

/* Ticks since counting began; the gate stops the clock in modes 0, 2, 3 and 4. */
static uint64_t elapsed(const struct pit *pit, const struct pit_channel *channel)
{
	return channel->counting ? current_tick(pit) - channel->start : channel->frozen;
}

static uint32_t modulus(const struct pit_channel *channel)
{
	return channel->bcd ? 10000 : 0x10000;
}

static uint16_t to_bcd(uint32_t value)
{
	return (uint16_t)(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 |
			  value / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint16_t value)
{
	return (value & 15) + (value >> 4 & 15) * 10u + (value >> 8 & 15) * 100u +
	       (value >> 12) * 1000u;
}

/* The count that was written, in ticks: 1 to the modulus. */
static uint32_t period(const struct pit_channel *channel)
{
	uint32_t count = channel->bcd ? from_bcd(channel->reload) : channel->reload;

	return count ? count : modulus(channel);
}

static uint16_t counter(const struct pit *pit, const struct pit_channel *channel)
{
	uint64_t ticks = elapsed(pit, channel);
	uint32_t count, size = modulus(channel), length = period(channel);

	switch (channel->mode) {
	case 2: count = length - (uint32_t)(ticks % length); break;
	case 3:
		/* Counts down by two, twice a period. */
		count = length - (uint32_t)(ticks * 2 % length);
		count &= ~1u;
		break;
	default:
		/* One-shot modes go on counting past zero, from the top. */
		count = (uint32_t)((length % size + size - ticks % size) % size);
		break;
	}
	count %= size;
	return channel->bcd ? to_bcd(count) : (uint16_t)count;
}

static bool channel_output(const struct pit *pit, const struct pit_channel *channel)
{
	uint64_t ticks = elapsed(pit, channel);
	uint32_t length = period(channel);

	/* Before a count is written, OUT has the level of the mode's beginning. */
	if (!channel->armed)
		return channel->mode != 0;
	switch (channel->mode) {
	case 0: return ticks >= length;
	case 1: return !channel->counting || ticks >= length;
	case 2: return !channel->gate || ticks % length != length - 1;
	case 3: return !channel->gate || ticks % length < (length + 1) / 2;
	default: return !channel->counting || ticks != length;
	}
}

bool pit_output(const struct pit *pit, unsigned int channel)
{
	return channel_output(pit, &pit->channels[channel]);
}

static bool gate_triggers(const struct pit_channel *channel)
{
	return channel->mode == 1 || channel->mode == 5;
}

static void start_counting(struct pit *pit, struct pit_channel *channel)
{
	channel->start = current_tick(pit);
	channel->frozen = 0;
	channel->counting = channel->gate || gate_triggers(channel);
	channel->null_count = false;
}

static void set_gate(struct pit *pit, struct pit_channel *channel, bool level)
{
	bool rising = level && !channel->gate;
	bool falling = !level && channel->gate;

	if (falling && channel->counting && !gate_triggers(channel)) {
		channel->frozen = elapsed(pit, channel);
		channel->counting = false;
	}
	channel->gate = level;
	if (!rising || !channel->armed)
		return;
	if (channel->mode == 0 || channel->mode == 4) {
		channel->start = current_tick(pit) - channel->frozen;
		channel->counting = true;
	} else {
		start_counting(pit, channel);
	}
}

static void load_count(struct pit *pit, struct pit_channel *channel, uint16_t count)
{
	bool running = channel->armed && channel->counting;

	channel->reload = count;
	channel->armed = true;
	/* Modes 1 and 5 wait for the gate; a running rate generator restarts at once here. */
	if (gate_triggers(channel)) {
		channel->null_count = !running;
		return;
	}
	start_counting(pit, channel);
}

static void write_count(struct pit *pit, struct pit_channel *channel, uint8_t byte)
{
	switch (channel->access) {
	case ACCESS_LOW: load_count(pit, channel, byte); break;
	case ACCESS_HIGH: load_count(pit, channel, (uint16_t)(byte << 8)); break;
	default:
		if (channel->write_high_next) {
			load_count(pit, channel, (uint16_t)(byte << 8 | channel->write_low));
		} else {
			channel->write_low = byte;
			/* Writing the first byte stops a mode-0 count. */
			if (channel->mode == 0 && channel->counting) {
				channel->frozen = elapsed(pit, channel);
				channel->counting = false;
			}
		}
		channel->write_high_next = !channel->write_high_next;
		break;
	}
}

static uint8_t read_count(struct pit *pit, struct pit_channel *channel)
{
	uint16_t count;
	bool high;

	if (channel->status_latched) {
		channel->status_latched = false;
		return channel->status;
	}
	count = channel->count_latched ? channel->latch : counter(pit, channel);
	high = channel->access == ACCESS_HIGH ||
	       (channel->access == ACCESS_BOTH && channel->read_high_next);
	if (channel->access == ACCESS_BOTH)
		channel->read_high_next = !channel->read_high_next;
	if (high || channel->access == ACCESS_LOW)
		channel->count_latched = false;
	return high ? count >> 8 : (uint8_t)count;
}

static void latch_count(struct pit *pit, struct pit_channel *channel)
{
	if (channel->count_latched)
		return;
	channel->latch = counter(pit, channel);
	channel->count_latched = true;
}

static void latch_status(struct pit *pit, struct pit_channel *channel)
{
	if (channel->status_latched)
		return;
	channel->status = (uint8_t)((channel_output(pit, channel) ? STATUS_OUTPUT : 0) |
				    (channel->null_count ? STATUS_NULL_COUNT : 0) |
				    channel->access << 4 | channel->mode << 1 | channel->bcd);
	channel->status_latched = true;
}

static void read_back(struct pit *pit, uint8_t command)
{
	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		if (!(command & 2u << i))
			continue;
		if (!(command & READ_BACK_NO_COUNT))
			latch_count(pit, &pit->channels[i]);
		if (!(command & READ_BACK_NO_STATUS))
			latch_status(pit, &pit->channels[i]);
	}
}

static void write_command(struct pit *pit, uint8_t command)
{
	unsigned int selected = command >> 6;
	struct pit_channel *channel;

	if (selected == READ_BACK) {
		read_back(pit, command);
		return;
	}
	channel = &pit->channels[selected];
	if ((command >> 4 & 3) == ACCESS_LATCH) {
		latch_count(pit, channel);
		return;
	}
	channel->access = command >> 4 & 3;
	channel->mode = command >> 1 & 7;
	if (channel->mode > 5)
		channel->mode -= 4; /* modes 6 and 7 are 2 and 3 */
	channel->bcd = command & 1;
	channel->armed = false;
	channel->counting = false;
	channel->null_count = true;
	channel->frozen = 0;
	channel->write_high_next = false;
	channel->read_high_next = false;
	channel->count_latched = false;
	channel->status_latched = false;
}

static uint32_t pit_read(void *device, uint16_t port, unsigned int size)
{
	struct pit *pit = device;

	(void)size;
	if (port == PORT_COMMAND)
		return 0xff;
	return read_count(pit, &pit->channels[port - PORT_CHANNEL_0]);
}

static void pit_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct pit *pit = device;

	(void)size;
	if (port == PORT_COMMAND)
		write_command(pit, (uint8_t)value);
	else
		write_count(pit, &pit->channels[port - PORT_CHANNEL_0], (uint8_t)value);
}

static uint32_t port61_read(void *device, uint16_t port, unsigned int size)
{
	struct pit *pit = device;
	uint64_t now = pit->clock.monotonic(pit->clock.context);

	(void)port;
	(void)size;
	return pit->port61 | (now / REFRESH_TOGGLE_NS & 1 ? PORT61_REFRESH : 0) |
	       (pit_output(pit, 2) ? PORT61_OUTPUT : 0);
}

static void port61_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct pit *pit = device;

	(void)port;
	(void)size;
	pit->port61 = value & PORT61_WRITABLE;
	set_gate(pit, &pit->channels[2], value & PORT61_GATE);
}

bool pit_init(struct pit *pit, struct port_bus *bus, struct clock clock)
{
	const struct port_range timer = {
		.first = PORT_CHANNEL_0,
		.last = PORT_COMMAND,
		.width = 1,
		.name = "pit",
		.device = pit,
		.read = pit_read,
		.write = pit_write,
	};
	const struct port_range control = {
		.first = PORT_61,
		.last = PORT_61,
		.width = 1,
		.name = "port 61h",
		.device = pit,
		.read = port61_read,
		.write = port61_write,
	};

	memset(pit, 0, sizeof(*pit));
	pit->clock = clock;
	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		pit->channels[i].gate = i != 2;
		pit->channels[i].access = ACCESS_BOTH;
		pit->channels[i].mode = 3;
	}
	/* A BIOS leaves channel 0 at 18.2 Hz and channel 1 refreshing memory. */
	load_count(pit, &pit->channels[0], 0);
	pit->channels[1].mode = 2;
	load_count(pit, &pit->channels[1], 18);
	return port_register(bus, &timer) && port_register(bus, &control);
}
