// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O APIC. Called with the irqchip's lock held when it belongs to a VM.
 * Pure.
 */
#include "irqchip/ioapic.h"

/* The page: an index, and a window to the register of that index. */
#define REGISTER_SELECT 0x00
#define REGISTER_WINDOW 0x10

/* Behind the window. */
#define INDEX_ID 0x00
#define INDEX_VERSION 0x01
#define INDEX_ARBITRATION 0x02
#define INDEX_TABLE 0x10

/* No EOI register: that begins with version 20h. */
#define VERSION (0x11 | (IOAPIC_PINS - 1) << 16)

#define ID_SHIFT 24
#define ID_MASK 0xf

#define ENTRY_READ_ONLY (IOAPIC_ENTRY_REMOTE_IRR | IOAPIC_ENTRY_SEND_PENDING)
#define ENTRY_WRITABLE                                                         \
	(IOAPIC_ENTRY_VECTOR | IOAPIC_ENTRY_DELIVERY | IOAPIC_ENTRY_LOGICAL |  \
	 IOAPIC_ENTRY_LOW_ACTIVE | IOAPIC_ENTRY_LEVEL | IOAPIC_ENTRY_MASKED |  \
	 IOAPIC_ENTRY_DESTINATION)

void ioapic_init(struct ioapic *ioapic, int (*send)(void *, const struct apic_message *), void *to)
{
	unsigned int pin;

	memset(ioapic, 0, sizeof(*ioapic));
	ioapic->send = send;
	ioapic->to = to;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->entries[pin] = IOAPIC_ENTRY_MASKED;
}

/* Send a pin's message, if its entry lets it. */
static int request(struct ioapic *ioapic, unsigned int pin)
{
	u64 *entry = &ioapic->entries[pin];
	const struct apic_message message = {
		.vector = *entry & IOAPIC_ENTRY_VECTOR,
		.delivery = (*entry & IOAPIC_ENTRY_DELIVERY) >> 8,
		.logical = *entry & IOAPIC_ENTRY_LOGICAL,
		.level = *entry & IOAPIC_ENTRY_LEVEL,
		.destination = *entry >> 56,
	};
	int result;

	if (*entry & IOAPIC_ENTRY_MASKED)
		return -1;
	/* Its interrupt has not ended. */
	if (message.level && *entry & IOAPIC_ENTRY_REMOTE_IRR)
		return -1;
	result = ioapic->send(ioapic->to, &message);
	/* Only what is delivered by vector has an end of interrupt. */
	if (message.level && result >= 0 && message.delivery <= APIC_LOWEST_PRIORITY)
		*entry |= IOAPIC_ENTRY_REMOTE_IRR;
	return result;
}

int ioapic_set_pin(struct ioapic *ioapic, unsigned int pin, bool level)
{
	bool was_up;

	if (pin >= IOAPIC_PINS)
		return -1;
	was_up = ioapic->irr & BIT(pin);
	if (!level) {
		ioapic->irr &= ~BIT(pin);
		return 1;
	}
	ioapic->irr |= BIT(pin);
	if (was_up && !(ioapic->entries[pin] & IOAPIC_ENTRY_LEVEL))
		return 0;
	return request(ioapic, pin);
}

void ioapic_end_of_interrupt(struct ioapic *ioapic, u8 vector)
{
	unsigned int pin;

	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		u64 *entry = &ioapic->entries[pin];

		if ((*entry & IOAPIC_ENTRY_VECTOR) != vector ||
		    !(*entry & IOAPIC_ENTRY_LEVEL) || !(*entry & IOAPIC_ENTRY_REMOTE_IRR))
			continue;
		*entry &= ~IOAPIC_ENTRY_REMOTE_IRR;
		if (ioapic->ended)
			ioapic->ended(ioapic->to, pin);
		if (ioapic->irr & BIT(pin))
			request(ioapic, pin);
	}
}

static u32 read_window(const struct ioapic *ioapic)
{
	unsigned int pin = (ioapic->select - INDEX_TABLE) / 2;

	switch (ioapic->select) {
	case INDEX_ID:
	case INDEX_ARBITRATION: return (u32)ioapic->id << ID_SHIFT;
	case INDEX_VERSION: return VERSION;
	default: break;
	}
	if (ioapic->select < INDEX_TABLE || pin >= IOAPIC_PINS)
		return 0;
	return ioapic->select & 1 ? ioapic->entries[pin] >> 32 : (u32)ioapic->entries[pin];
}

static void write_entry(struct ioapic *ioapic, unsigned int pin, bool high, u32 value)
{
	u64 *entry = &ioapic->entries[pin];
	u64 half = high ? GENMASK_ULL(63, 32) : GENMASK_ULL(31, 0);
	u64 wide = high ? (u64)value << 32 : value;

	half &= ENTRY_WRITABLE;
	*entry = (*entry & ~half) | (wide & half);
	/* Without an EOI register that is how guests end one by force. */
	if (!(*entry & IOAPIC_ENTRY_LEVEL))
		*entry &= ~IOAPIC_ENTRY_REMOTE_IRR;
	else if (ioapic->irr & BIT(pin))
		request(ioapic, pin);
}

static void write_window(struct ioapic *ioapic, u32 value)
{
	unsigned int pin = (ioapic->select - INDEX_TABLE) / 2;

	if (ioapic->select == INDEX_ID)
		ioapic->id = value >> ID_SHIFT & ID_MASK;
	else if (ioapic->select >= INDEX_TABLE && pin < IOAPIC_PINS)
		write_entry(ioapic, pin, ioapic->select & 1, value);
}

u32 ioapic_read(const struct ioapic *ioapic, unsigned int offset)
{
	switch (offset) {
	case REGISTER_SELECT: return ioapic->select;
	case REGISTER_WINDOW: return read_window(ioapic);
	default: return 0;
	}
}

void ioapic_write(struct ioapic *ioapic, unsigned int offset, u32 value)
{
	if (offset == REGISTER_SELECT)
		ioapic->select = value;
	else if (offset == REGISTER_WINDOW)
		write_window(ioapic, value);
}

void ioapic_replaced(struct ioapic *ioapic)
{
	u32 irr = ioapic->irr;
	unsigned int pin;

	ioapic->id &= ID_MASK;
	ioapic->irr = 0;
	for (pin = 0; pin < IOAPIC_PINS; pin++) {
		ioapic->entries[pin] &= ENTRY_WRITABLE | ENTRY_READ_ONLY;
		if (!(ioapic->entries[pin] & IOAPIC_ENTRY_LEVEL))
			ioapic->entries[pin] &= ~IOAPIC_ENTRY_REMOTE_IRR;
	}
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		if (irr & BIT(pin))
			ioapic_set_pin(ioapic, pin, true);
}
