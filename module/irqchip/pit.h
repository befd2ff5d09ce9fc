/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 interval timer of a PC and the bits of port 61h that belong to it.
 * Pure: nothing ticks. The caller says what time it is, in nanoseconds of a
 * clock that does not go back, and asks when channel 0 wants IRQ 0 next.
 *
 * irqchip.c ties one to a VM and an hrtimer; userspace tests, fuzzers and a
 * userspace PC build the same source.
 */
#ifndef RINGLET_IRQCHIP_PIT_H
#define RINGLET_IRQCHIP_PIT_H

#include <ringlet/types.h>

#define PIT_FREQUENCY 1193182ULL
#define PIT_CHANNELS 3
#define PIT_SPEAKER_CHANNEL 2

#define PIT_PORT_CHANNEL_0 0x40
#define PIT_PORT_COMMAND 0x43
#define PIT_PORT_SPEAKER 0x61

/* No mode was set since power-on; KVM's number. */
#define PIT_NO_MODE 0xff

/* What pit_next_tick() says when there is none. */
#define PIT_NEVER (~0ULL)

/* Which byte of a count comes next; also access modes. KVM's numbers. */
enum pit_byte {
	PIT_LOW = 1,
	PIT_HIGH = 2,
	PIT_BOTH_LOW = 3, /* low, then high */
	PIT_BOTH_HIGH = 4, /* the high one of these */
};

/**
 * struct pit_channel - one counter
 * @count: as written; 0 stands for the largest, 65536 or 10000
 * @access: PIT_LOW, PIT_HIGH or PIT_BOTH_LOW
 * @read_next, @write_next: enum pit_byte
 * @count_latched: byte of @latched_count to read next, or 0
 * @mode: 0 to 5, or PIT_NO_MODE
 * @armed: a count was written since the mode was set
 * @counting: the counter runs; if not, the gate holds it at @held ticks
 * @start: when counting began
 */
struct pit_channel {
	u16 count;
	u16 latched_count;
	u8 count_latched;
	bool status_latched;
	u8 status;
	u8 access;
	u8 read_next;
	u8 write_next;
	u8 write_latch;
	u8 mode;
	bool bcd;
	bool gate;
	bool armed;
	bool counting;
	u64 start;
	u64 held;
};

/**
 * struct pit - the timer
 * @speaker_data: bit 1 of port 61h
 */
struct pit {
	struct pit_channel channels[PIT_CHANNELS];
	bool speaker_data;
};

/* Power-on state: no channel counts. */
void pit_init(struct pit *pit);

static inline bool pit_has_port(u16 port)
{
	return (port & ~3) == PIT_PORT_CHANNEL_0;
}

/*
 * A byte from or to ports 40h to 43h and 61h; other ports read 0xff and ignore
 * writes. After a write the next tick may be another.
 */
u8 pit_read(struct pit *pit, u16 port, u64 now);
void pit_write(struct pit *pit, u16 port, u8 value, u64 now);

/* The level of a channel's OUT. */
bool pit_output(const struct pit *pit, unsigned int channel, u64 now);

/* The counter as a read would show it now. */
u16 pit_counter(const struct pit *pit, unsigned int channel, u64 now);

/**
 * pit_next_tick() - when OUT of channel 0 next goes up because of its count
 *
 * Return: a time after @now, or PIT_NEVER.
 */
u64 pit_next_tick(const struct pit *pit, u64 now);

/* How often it did after @since and until @now. */
u64 pit_ticks(const struct pit *pit, u64 since, u64 now);

/* Nanoseconds from tick to tick of channel 0, or 0 if there are not several. */
u64 pit_period(const struct pit *pit);

/* Write a count as a guest does in one go: the channel starts over. */
void pit_load(struct pit *pit, unsigned int channel, u16 count, u64 now);

#endif /* RINGLET_IRQCHIP_PIT_H */
