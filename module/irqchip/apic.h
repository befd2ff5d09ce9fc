/* SPDX-License-Identifier: GPL-2.0-only */
/* What travels between APICs: an interrupt message. Pure. */
#ifndef RINGLET_IRQCHIP_APIC_H
#define RINGLET_IRQCHIP_APIC_H

#include <ringlet/types.h>

/* The hardware's numbers, in the ICR, the LVT and the redirection table. */
enum apic_delivery {
	APIC_FIXED = 0,
	APIC_LOWEST_PRIORITY = 1,
	APIC_SMI = 2,
	APIC_RESERVED = 3,
	APIC_NMI = 4,
	APIC_INIT = 5,
	APIC_STARTUP = 6,
	APIC_EXTINT = 7,
};

#define APIC_BROADCAST 0xff
/* Vectors below are not the APICs' to send. */
#define APIC_FIRST_VECTOR 16

/**
 * struct apic_message - one interrupt on its way
 * @vector: for APIC_FIXED, APIC_LOWEST_PRIORITY; the page for APIC_STARTUP
 * @delivery: enum apic_delivery
 * @logical: @destination is a set by LDR and DFR, not an APIC's ID
 * @level: level-triggered: its end of interrupt is broadcast
 */
struct apic_message {
	u8 vector;
	u8 delivery;
	u8 destination;
	bool logical;
	bool level;
};

#endif /* RINGLET_IRQCHIP_APIC_H */
