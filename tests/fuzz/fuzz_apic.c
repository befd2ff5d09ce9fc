// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the models of local APIC and I/O APIC, wired to each other, as a
 * hostile guest and a hostile client could: every eight bytes of the input are a
 * register access, a pin that moves, a message, an acknowledge, a time that
 * passes or a state from outside. What has to hold whatever was done is checked
 * after each. Userspace, libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "irqchip/ioapic.h"
#include "irqchip/lapic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	ACTION_READ,
	ACTION_WRITE,
	ACTION_IO_READ,
	ACTION_IO_WRITE,
	ACTION_PIN,
	ACTION_MESSAGE,
	ACTION_LOCAL,
	ACTION_ACKNOWLEDGE,
	ACTION_TIME,
	ACTION_DEADLINE,
	ACTION_REPLACE,
	ACTION_BASE,
	ACTIONS
};

static struct lapic lapic;
static struct ioapic ioapic;
static u64 now;

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_apic: %s\n", what);
	abort();
}

static int send(void *to, const struct apic_message *message)
{
	return lapic_accept(to, message);
}

/* A device that lets its line down at the end of its interrupt. */
static void ended(void *to, unsigned int pin)
{
	(void)to;
	require(pin < IOAPIC_PINS, "the end of a pin that is none");
	require(!(ioapic.entries[pin] & IOAPIC_ENTRY_REMOTE_IRR), "it has not ended");
	ioapic_set_pin(&ioapic, pin, false);
}

static void check_lapic(void)
{
	int vector = lapic_wanted_vector(&lapic);
	u32 ppr = lapic_read(&lapic, 0xa0, now);
	u64 next = lapic_timer_next(&lapic);

	require(vector == LAPIC_NO_VECTOR || (vector >= 16 && vector < 256),
		"a vector that is none");
	require(vector < 0 || (u32)vector >> 4 > ppr >> 4, "a vector below the priority");
	require(vector < 0 || lapic_read(&lapic, 0xf0, now) & 0x100, "it is disabled");
	require(!((lapic.registers[0x10] | lapic.registers[0x18] | lapic.registers[0x20]) & 0xffff),
		"a vector below 16");
	require(lapic.registers[3] == 0x50014, "another version");
	require(lapic_read(&lapic, 0x390, now) <= lapic_read(&lapic, 0x380, now),
		"it counts from more than the initial count");
	require(next != LAPIC_NEVER || !lapic_read(&lapic, 0x390, now), "it counts to nothing");
	require(!lapic.deadline || lapic.has_deadline, "a deadline that was not offered");
}

static void check_ioapic(void)
{
	for (unsigned int pin = 0; pin < IOAPIC_PINS; pin++)
		require(ioapic.entries[pin] & IOAPIC_ENTRY_LEVEL ||
				!(ioapic.entries[pin] & IOAPIC_ENTRY_REMOTE_IRR),
			"an edge that is in service");
	require(!(ioapic.irr >> IOAPIC_PINS), "a pin that is none");
	require(ioapic.id < 16, "an ID of more than four bits");
}

static void write_local(unsigned int offset, u32 value)
{
	int ended = lapic_write(&lapic, offset, value, now);

	require(ended < 0 || (offset == 0xb0 && ended >= 16), "an end of no interrupt");
	if (ended >= 0)
		ioapic_end_of_interrupt(&ioapic, ended);
}

static void acknowledge(void)
{
	int wanted = lapic_wanted_vector(&lapic);

	require(lapic_acknowledge(&lapic) == wanted, "another vector than it wanted");
	require(lapic_wanted_vector(&lapic) == LAPIC_NO_VECTOR ||
			lapic_wanted_vector(&lapic) >> 4 > wanted >> 4,
		"one in service does not hold back its class");
}

static void pass_time(u64 by)
{
	u64 next = lapic_timer_next(&lapic), expired;

	now += by;
	expired = lapic_timer_catch_up(&lapic, now);
	require(!expired == (now < next), "the timer does not expire when it said");
	require(lapic_timer_next(&lapic) > now, "the next expiry is over");
	(void)lapic_deadline_catch_up(&lapic, now);
}

static void replace(u32 value, u8 with)
{
	if (value & 1) {
		lapic.registers[value >> 8 & (LAPIC_REGISTERS - 1)] ^= value;
		lapic_replaced(&lapic, now);
		return;
	}
	ioapic.entries[with % IOAPIC_PINS] ^= (u64)value << 32 | value;
	ioapic.irr ^= value;
	ioapic.id ^= with;
	ioapic_replaced(&ioapic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lapic_init(&lapic, 0);
	lapic.has_deadline = size & 8;
	ioapic_init(&ioapic, send, &lapic);
	/* In half of the runs. */
	ioapic.ended = size & 1 ? ended : NULL;
	write_local(0xf0, 0x1ff);
	now = 1000000000;
	for (size_t i = 0; i + 8 <= size; i += 8) {
		u32 offset = data[i + 2] << 4 | (data[i + 3] & 1 ? data[i + 3] >> 4 : 0);
		u8 which = data[i + 1];
		u32 value;

		memcpy(&value, data + i + 4, sizeof(value));
		switch (data[i] % ACTIONS) {
		case ACTION_READ: (void)lapic_read(&lapic, offset, now); break;
		case ACTION_WRITE: write_local(offset, value); break;
		case ACTION_IO_READ: (void)ioapic_read(&ioapic, offset & 0x1f); break;
		case ACTION_IO_WRITE:
			ioapic_write(&ioapic, 0, which);
			ioapic_write(&ioapic, offset & 0x1f, value);
			break;
		case ACTION_PIN: ioapic_set_pin(&ioapic, which % 28u, value & 1); break;
		case ACTION_MESSAGE:
			(void)send(&lapic, &(struct apic_message){
						   .vector = value,
						   .delivery = value >> 8 & 7,
						   .destination = value >> 16,
						   .logical = which & 1,
						   .level = which & 2,
					   });
			break;
		case ACTION_LOCAL: lapic_signal_local(&lapic, 0x320 + which % 6 * 16); break;
		case ACTION_ACKNOWLEDGE: acknowledge(); break;
		case ACTION_TIME: pass_time((u64)value << which % 10); break;
		case ACTION_DEADLINE: lapic_set_deadline(&lapic, now + value); break;
		case ACTION_REPLACE: replace(value, which); break;
		default: lapic_set_base(&lapic, LAPIC_BASE | (value & 0x900)); break;
		}
		check_lapic();
		check_ioapic();
	}
	return 0;
}
