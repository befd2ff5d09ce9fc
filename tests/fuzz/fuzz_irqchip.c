// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the models of PIC and PIT, as a hostile guest and a hostile client
 * could: every four bytes of the input are a port access, a line that moves, an
 * acknowledge or a time that passes. What has to hold whatever was done is
 * checked after each. Userspace, libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "irqchip/pic.h"
#include "irqchip/pit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40,
				  0x41, 0x42, 0x43, 0x61, 0x22,	 0x44,	0x4d2 };

enum { ACTION_READ, ACTION_WRITE, ACTION_LINE, ACTION_ACKNOWLEDGE, ACTION_TIME, ACTIONS };

static struct pic pic;
static struct pit pit;
static u64 now;

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_irqchip: %s\n", what);
	abort();
}

static unsigned int pins_in(u8 pins)
{
	return (unsigned int)__builtin_popcount(pins);
}

static void check_chip(const struct pic_chip *chip)
{
	require(!(chip->elcr & ~chip->elcr_mask), "a timer's line became level-triggered");
	require(chip->priority_add < 8, "a priority that is no pin");
	require(!(chip->irq_base & 7), "a base that is no multiple of eight");
	require(chip->init_state <= PIC_EXPECT_ICW4, "a state that is none");
	require((chip->irr & chip->elcr & chip->last_irr) == (chip->elcr & chip->last_irr),
		"a level that is up and not requested");
}

static void check_pic(void)
{
	bool output = pic_wants_interrupt(&pic);

	check_chip(&pic.chips[0]);
	check_chip(&pic.chips[1]);
	pic_update(&pic);
	require(pic_wants_interrupt(&pic) == output, "INT was not kept up to date");
	if (output)
		require(pic.chips[0].irr & ~pic.chips[0].imr, "INT is up for nothing");
}

/* What the timer says about its next tick agrees with what it counts. */
static void check_pit(void)
{
	u64 next = pit_next_tick(&pit, now);

	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		const struct pit_channel *channel = &pit.channels[i];

		require(channel->mode <= 5 || channel->mode == PIT_NO_MODE, "a mode that is none");
		require(!channel->counting || channel->armed, "it counts without a count");
		(void)pit_counter(&pit, i, now);
		(void)pit_output(&pit, i, now);
	}
	if (next == PIT_NEVER) {
		require(!pit_ticks(&pit, now, now + 100000000000ULL),
			"a tick that was not foretold");
		return;
	}
	require(next > now, "the next tick is over");
	require(!pit_ticks(&pit, now, next - 1), "a tick before the next");
	require(pit_ticks(&pit, now, next) == 1, "the next tick does not come");
	require(!pit_period(&pit) || next - now <= pit_period(&pit) + 1, "a tick was left out");
}

static void read_port(uint16_t port)
{
	u8 was_in_service = pic.chips[0].isr;

	if (!pic_has_port(port)) {
		(void)pit_read(&pit, port, now);
		return;
	}
	(void)pic_read(&pic, port);
	require(pins_in(pic.chips[0].isr) <= pins_in(was_in_service) + 1,
		"a read put more than one pin in service");
}

static void write_port(uint16_t port, uint8_t value)
{
	if (pic_has_port(port))
		pic_write(&pic, port, value);
	else
		pit_write(&pit, port, value, now);
}

static void acknowledge(void)
{
	bool wanted = pic_wants_interrupt(&pic);
	struct pic before = pic;
	u8 vector = pic_acknowledge(&pic);

	require((vector & 0xf8) == before.chips[0].irq_base ||
			(vector & 0xf8) == before.chips[1].irq_base,
		"a vector of no chip");
	if (wanted)
		return;
	require(vector == (before.chips[0].irq_base | 7), "a spurious interrupt is pin 7");
	require(pic.chips[0].isr == before.chips[0].isr, "a spurious interrupt is in service");
}

/* A device that lets its line down at the end of its interrupt. */
static void ended(void *to, u16 pins)
{
	u16 in_service = pic.chips[0].isr | pic.chips[1].isr << 8;

	(void)to;
	require(pins && !(pins & in_service), "what is in service has not ended");
	for (unsigned int irq = 0; irq < PIC_PINS; irq++)
		if (pins & BIT(irq))
			pic_set_irq(&pic, irq, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pic_init(&pic);
	/* In half of the runs. */
	pic.ended = size & 1 ? ended : NULL;
	pit_init(&pit);
	now = 1000000000;
	for (size_t i = 0; i + 4 <= size; i += 4) {
		uint16_t port = ports[data[i + 1] % (sizeof(ports) / sizeof(ports[0]))];

		switch (data[i] % ACTIONS) {
		case ACTION_READ: read_port(port); break;
		case ACTION_WRITE: write_port(port, data[i + 2]); break;
		case ACTION_LINE: pic_set_irq(&pic, data[i + 1] % 20u, data[i + 2] & 1); break;
		case ACTION_ACKNOWLEDGE: acknowledge(); break;
		default: now += (u64)(data[i + 1] | data[i + 2] << 8) << data[i + 3] % 32u; break;
		}
		check_pic();
		check_pit();
	}
	return 0;
}
