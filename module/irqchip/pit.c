// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254. Counters and outputs are computed from the time that went by since
 * counting began. Called with the irqchip's lock held when it belongs to a VM.
 * Pure.
 *
 * As in KVM a count takes effect when it is written, where the 8254 waits for
 * the end of the period in modes 2 and 3, and a clock more in all modes.
 */
#include "irqchip/pit.h"

#define NANOSECONDS 1000000000ULL

/* The command byte: channel, access, mode, BCD. */
#define COMMAND_CHANNEL_SHIFT 6
#define COMMAND_ACCESS_SHIFT 4
#define COMMAND_MODE_SHIFT 1
#define COMMAND_BCD 0x01
#define COMMAND_READ_BACK 3
#define ACCESS_LATCH 0

/* "Read-Back Command": a bit a channel from bit 1; low is latch. */
#define READ_BACK_CHANNEL_0 0x02
#define READ_BACK_NO_COUNT 0x20
#define READ_BACK_NO_STATUS 0x10

#define STATUS_OUTPUT 0x80
#define STATUS_NULL_COUNT 0x40

#define SPEAKER_GATE 0x01
#define SPEAKER_DATA 0x02
#define SPEAKER_REFRESH 0x10
#define SPEAKER_OUTPUT 0x20
/* The refresh request toggles about every 15 us; a power of two, as KVM's. */
#define SPEAKER_REFRESH_SHIFT 14

/* No product overflows: what is left of a second has fewer than 2^30 of either. */
static u64 ticks_of(u64 nanoseconds)
{
	return nanoseconds / NANOSECONDS * PIT_FREQUENCY +
	       nanoseconds % NANOSECONDS * PIT_FREQUENCY / NANOSECONDS;
}

/* The first nanosecond at which so many ticks have gone by. */
static u64 nanoseconds_of(u64 ticks)
{
	return ticks / PIT_FREQUENCY * NANOSECONDS +
	       (ticks % PIT_FREQUENCY * NANOSECONDS + PIT_FREQUENCY - 1) / PIT_FREQUENCY;
}

static u64 elapsed(const struct pit_channel *channel, u64 now)
{
	if (!channel->counting)
		return channel->held;
	return now > channel->start ? ticks_of(now - channel->start) : 0;
}

static u32 modulus(const struct pit_channel *channel)
{
	return channel->bcd ? 10000 : 0x10000;
}

static u16 to_bcd(u32 value)
{
	return value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 |
	       value / 1000 % 10 << 12;
}

static u32 from_bcd(u16 value)
{
	return (value & 0xf) + (value >> 4 & 0xf) * 10 + (value >> 8 & 0xf) * 100 +
	       (value >> 12) * 1000;
}

/* The count in ticks. Digits above nine are the guest's own affair. */
static u32 length_of(const struct pit_channel *channel)
{
	u32 count = channel->bcd ? from_bcd(channel->count) : channel->count;

	return count ? count : modulus(channel);
}

static bool is_periodic(const struct pit_channel *channel)
{
	return channel->mode == 2 || channel->mode == 3;
}

/* Modes 1 and 5 count from a rising gate on, not from the write of a count. */
static bool needs_trigger(const struct pit_channel *channel)
{
	return channel->mode == 1 || channel->mode == 5;
}

static u16 counter_of(const struct pit_channel *channel, u64 now)
{
	u32 length = length_of(channel), size = modulus(channel), count;
	u64 ticks = elapsed(channel, now);

	switch (channel->mode) {
	case 2:
		count = length - ticks % length;
		break;
	case 3:
		/* Counts down by two, twice a period. */
		count = (length - ticks * 2 % length) & ~1;
		break;
	default:
		/* Goes on from the top when it has passed zero. */
		count = length + size - ticks % size;
		break;
	}
	count %= size;
	return channel->bcd ? to_bcd(count) : count;
}

static bool output_of(const struct pit_channel *channel, u64 now)
{
	u64 ticks = elapsed(channel, now);
	u32 length = length_of(channel);

	/* Before the count, OUT is as the mode begins. */
	if (!channel->armed)
		return channel->mode != 0;
	switch (channel->mode) {
	case 0:
		return ticks >= length;
	case 1:
		return !channel->counting || ticks >= length;
	case 2:
		return !channel->gate || ticks % length != length - 1;
	case 3:
		return !channel->gate || ticks % length < (length + 1) / 2;
	default:
		return !channel->counting || ticks != length;
	}
}

bool pit_output(const struct pit *pit, unsigned int channel, u64 now)
{
	return output_of(&pit->channels[channel], now);
}

u16 pit_counter(const struct pit *pit, unsigned int channel, u64 now)
{
	return counter_of(&pit->channels[channel], now);
}

/* ---- ticks of channel 0 -------------------------------------------------- */

/* Ticks of the clock from the start to the one rise of a one-shot mode. */
static u64 rise_of_one_shot(const struct pit_channel *channel)
{
	/* OUT of modes 4 and 5 is low for one clock. */
	return length_of(channel) + (channel->mode >= 4);
}

/* How often OUT has gone up when so many clocks have gone by. */
static u64 rises(const struct pit_channel *channel, u64 ticks)
{
	if (is_periodic(channel))
		return ticks / length_of(channel);
	return ticks >= rise_of_one_shot(channel);
}

u64 pit_next_tick(const struct pit *pit, u64 now)
{
	const struct pit_channel *channel = &pit->channels[0];
	u64 done = elapsed(channel, now), next;

	if (!channel->armed || !channel->counting)
		return PIT_NEVER;
	if (is_periodic(channel))
		next = (done / length_of(channel) + 1) * length_of(channel);
	else
		next = rise_of_one_shot(channel);
	return next > done ? channel->start + nanoseconds_of(next) : PIT_NEVER;
}

u64 pit_ticks(const struct pit *pit, u64 since, u64 now)
{
	const struct pit_channel *channel = &pit->channels[0];
	u64 before, after;

	if (!channel->armed || !channel->counting)
		return 0;
	before = rises(channel, elapsed(channel, since));
	after = rises(channel, elapsed(channel, now));
	return after > before ? after - before : 0;
}

u64 pit_period(const struct pit *pit)
{
	const struct pit_channel *channel = &pit->channels[0];

	if (!is_periodic(channel) || !channel->armed || !channel->counting)
		return 0;
	return nanoseconds_of(length_of(channel));
}

/* ---- counting ------------------------------------------------------------ */

static void start_counting(struct pit_channel *channel, u64 now)
{
	channel->start = now;
	channel->held = 0;
	channel->counting = channel->gate || needs_trigger(channel);
}

static void stop_counting(struct pit_channel *channel, u64 now)
{
	channel->held = elapsed(channel, now);
	channel->counting = false;
}

static void load(struct pit_channel *channel, u16 count, u64 now)
{
	channel->count = count;
	if (channel->mode > 5)
		return;
	channel->armed = true;
	if (!needs_trigger(channel))
		start_counting(channel, now);
}

void pit_load(struct pit *pit, unsigned int channel, u16 count, u64 now)
{
	load(&pit->channels[channel], count, now);
}

static void set_gate(struct pit_channel *channel, bool level, u64 now)
{
	bool rising = level && !channel->gate;
	bool falling = !level && channel->gate;
	u64 gone_by;

	channel->gate = level;
	if (falling && channel->counting && !needs_trigger(channel))
		stop_counting(channel, now);
	if (!rising || !channel->armed)
		return;
	if (is_periodic(channel) || needs_trigger(channel)) {
		start_counting(channel, now);
		return;
	}
	/* Modes 0 and 4 go on where they were. */
	gone_by = nanoseconds_of(channel->held);
	channel->start = now > gone_by ? now - gone_by : 0;
	channel->counting = true;
}

static void write_count(struct pit_channel *channel, u8 value, u64 now)
{
	switch (channel->write_next) {
	case PIT_HIGH:
		load(channel, value << 8, now);
		break;
	case PIT_BOTH_LOW:
		channel->write_latch = value;
		channel->write_next = PIT_BOTH_HIGH;
		/* "Mode 0": the first byte disables counting, OUT goes low. */
		if (channel->mode == 0) {
			channel->armed = false;
			channel->counting = false;
			channel->held = 0;
		}
		break;
	case PIT_BOTH_HIGH:
		channel->write_next = PIT_BOTH_LOW;
		load(channel, channel->write_latch | value << 8, now);
		break;
	default:
		load(channel, value, now);
		break;
	}
}

/* ---- reading ------------------------------------------------------------- */

static u8 read_latched_count(struct pit_channel *channel)
{
	u8 value = channel->latched_count;

	switch (channel->count_latched) {
	case PIT_HIGH:
		value = channel->latched_count >> 8;
		channel->count_latched = 0;
		break;
	case PIT_BOTH_LOW:
		channel->count_latched = PIT_HIGH;
		break;
	default:
		channel->count_latched = 0;
		break;
	}
	return value;
}

static u8 read_count(struct pit_channel *channel, u64 now)
{
	u16 count = counter_of(channel, now);

	switch (channel->read_next) {
	case PIT_HIGH:
		return count >> 8;
	case PIT_BOTH_LOW:
		channel->read_next = PIT_BOTH_HIGH;
		return count;
	case PIT_BOTH_HIGH:
		channel->read_next = PIT_BOTH_LOW;
		return count >> 8;
	default:
		return count;
	}
}

static u8 read_channel(struct pit_channel *channel, u64 now)
{
	if (channel->status_latched) {
		channel->status_latched = false;
		return channel->status;
	}
	if (channel->count_latched)
		return read_latched_count(channel);
	return read_count(channel, now);
}

/* A latch holds until it is read; another command does not change it. */
static void latch_count(struct pit_channel *channel, u64 now)
{
	if (channel->count_latched)
		return;
	channel->latched_count = counter_of(channel, now);
	channel->count_latched = channel->access ? channel->access : PIT_LOW;
}

static void latch_status(struct pit_channel *channel, u64 now)
{
	if (channel->status_latched)
		return;
	channel->status = (output_of(channel, now) ? STATUS_OUTPUT : 0) |
			  (channel->armed ? 0 : STATUS_NULL_COUNT) |
			  (channel->access & 3) << COMMAND_ACCESS_SHIFT |
			  (channel->mode & 7) << COMMAND_MODE_SHIFT |
			  (channel->bcd ? COMMAND_BCD : 0);
	channel->status_latched = true;
}

/* ---- commands ------------------------------------------------------------ */

static void read_back(struct pit *pit, u8 command, u64 now)
{
	unsigned int i;

	for (i = 0; i < PIT_CHANNELS; i++) {
		if (!(command & READ_BACK_CHANNEL_0 << i))
			continue;
		if (!(command & READ_BACK_NO_COUNT))
			latch_count(&pit->channels[i], now);
		if (!(command & READ_BACK_NO_STATUS))
			latch_status(&pit->channels[i], now);
	}
}

static void set_mode(struct pit_channel *channel, u8 access, u8 command)
{
	channel->access = access;
	channel->read_next = access;
	channel->write_next = access;
	channel->mode = command >> COMMAND_MODE_SHIFT & 7;
	/* 6 and 7 are 2 and 3. */
	if (channel->mode > 5)
		channel->mode -= 4;
	channel->bcd = command & COMMAND_BCD;
	channel->count_latched = 0;
	channel->status_latched = false;
	channel->armed = false;
	channel->counting = false;
	channel->held = 0;
}

static void write_command(struct pit *pit, u8 command, u64 now)
{
	unsigned int selected = command >> COMMAND_CHANNEL_SHIFT;
	u8 access = command >> COMMAND_ACCESS_SHIFT & 3;

	if (selected == COMMAND_READ_BACK)
		read_back(pit, command, now);
	else if (access == ACCESS_LATCH)
		latch_count(&pit->channels[selected], now);
	else
		set_mode(&pit->channels[selected], access, command);
}

static u8 read_speaker(const struct pit *pit, u64 now)
{
	const struct pit_channel *channel = &pit->channels[PIT_SPEAKER_CHANNEL];

	return (channel->gate ? SPEAKER_GATE : 0) | (pit->speaker_data ? SPEAKER_DATA : 0) |
	       (now >> SPEAKER_REFRESH_SHIFT & 1 ? SPEAKER_REFRESH : 0) |
	       (output_of(channel, now) ? SPEAKER_OUTPUT : 0);
}

u8 pit_read(struct pit *pit, u16 port, u64 now)
{
	if (port == PIT_PORT_SPEAKER)
		return read_speaker(pit, now);
	if (!pit_has_port(port))
		return 0xff;
	/* The command register cannot be read; as KVM, zeroes. */
	if (port == PIT_PORT_COMMAND)
		return 0;
	return read_channel(&pit->channels[port - PIT_PORT_CHANNEL_0], now);
}

void pit_write(struct pit *pit, u16 port, u8 value, u64 now)
{
	if (port == PIT_PORT_SPEAKER) {
		pit->speaker_data = value & SPEAKER_DATA;
		set_gate(&pit->channels[PIT_SPEAKER_CHANNEL], value & SPEAKER_GATE, now);
	} else if (port == PIT_PORT_COMMAND) {
		write_command(pit, value, now);
	} else if (pit_has_port(port)) {
		write_count(&pit->channels[port - PIT_PORT_CHANNEL_0], value, now);
	}
}

void pit_init(struct pit *pit)
{
	unsigned int i;

	memset(pit, 0, sizeof(*pit));
	for (i = 0; i < PIT_CHANNELS; i++) {
		pit->channels[i].mode = PIT_NO_MODE;
		pit->channels[i].gate = i != PIT_SPEAKER_CHANNEL;
	}
}
