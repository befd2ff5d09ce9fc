/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O APIC (82093AA) of a PC: 24 pins, each with an entry that says what
 * message it sends. Pure: the caller holds whatever lock it needs, and gives a
 * function that takes the messages.
 */
#ifndef RINGLET_IRQCHIP_IOAPIC_H
#define RINGLET_IRQCHIP_IOAPIC_H

#include "irqchip/apic.h"

#define IOAPIC_BASE 0xfec00000ULL
#define IOAPIC_BYTES 0x100
#define IOAPIC_PINS 24

/* Redirection entry. */
#define IOAPIC_ENTRY_VECTOR 0xffULL
#define IOAPIC_ENTRY_DELIVERY GENMASK_ULL(10, 8)
#define IOAPIC_ENTRY_LOGICAL BIT_ULL(11)
#define IOAPIC_ENTRY_SEND_PENDING BIT_ULL(12)
#define IOAPIC_ENTRY_LOW_ACTIVE BIT_ULL(13)
#define IOAPIC_ENTRY_REMOTE_IRR BIT_ULL(14)
#define IOAPIC_ENTRY_LEVEL BIT_ULL(15)
#define IOAPIC_ENTRY_MASKED BIT_ULL(16)
#define IOAPIC_ENTRY_DESTINATION GENMASK_ULL(63, 56)

/**
 * struct ioapic - fields as struct kvm_ioapic_state has them
 * @send: takes a message: 1 if it is a new request, 0 if it was coalesced, -1
 *	if nobody takes it; does not call back
 * @ended: or NULL; called when an interrupt of a pin has ended, before a pin that
 *	is up still requests again; may call ioapic_set_pin()
 * @to: for @send and @ended
 * @select: the register behind the window
 * @id: four bits
 * @irr: the pins' levels; the polarity bit is the guest's alone, as in KVM
 * @entries: the redirection table
 */
struct ioapic {
	int (*send)(void *to, const struct apic_message *message);
	void (*ended)(void *to, unsigned int pin);
	void *to;
	u8 select;
	u8 id;
	u32 irr;
	u64 entries[IOAPIC_PINS];
};

/* Power-on state: all masked, all pins down. */
void ioapic_init(struct ioapic *ioapic, int (*send)(void *, const struct apic_message *), void *to);

/**
 * ioapic_set_pin() - drive an input pin
 * @pin: 0 to 23; other values are ignored
 *
 * Return: as KVM_IRQ_LINE_STATUS: 1 the request was new or the pin went down,
 * 0 it was coalesced, -1 it is masked, or in service, or nobody takes it. An
 * edge at a masked pin is lost; a level is not.
 */
int ioapic_set_pin(struct ioapic *ioapic, unsigned int pin, bool level);

/* A local APIC broadcasts the end of a level-triggered interrupt. */
void ioapic_end_of_interrupt(struct ioapic *ioapic, u8 vector);

/* A register of the page at IOAPIC_BASE; others read 0 and ignore writes. */
u32 ioapic_read(const struct ioapic *ioapic, unsigned int offset);
void ioapic_write(struct ioapic *ioapic, unsigned int offset, u32 value);

/* The fields were replaced from outside: the pins of @irr are up anew. */
void ioapic_replaced(struct ioapic *ioapic);

#endif /* RINGLET_IRQCHIP_IOAPIC_H */
