/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the irqchip share. */
#ifndef RINGLET_IRQCHIP_INTERNAL_H
#define RINGLET_IRQCHIP_INTERNAL_H

#include "irqchip/irqchip.h"

/* irqchip.c: the lock; what changed meanwhile has its effect at the unlock. */
unsigned long irqchip_lock(struct irqchip *irqchip);
void irqchip_unlock(struct irqchip *irqchip, unsigned long flags);
/* irqchip_set_gsi(), lock held. */
int irqchip_drive(struct irqchip *irqchip, u32 gsi, enum irqchip_source source, bool level);
/* To the local APIC, lock held; as lapic_accept(). */
int irqchip_deliver(struct irqchip *irqchip, const struct apic_message *message);

/* irqfd.c; all but the first and irqfd_tell_ended() with the lock held. */
void irqfd_init(struct irqchip *irqchip);
/*
 * The guest has ended the interrupts of these pins (IRQCHIP_PIN_*): what an
 * eventfd holds up of them goes down, and the client is told.
 */
void irqfd_pins_ended(struct irqchip *irqchip, u64 pins);
/* The routes are about to change. */
void irqfd_routing_changes(struct irqchip *irqchip);
/* Signal what the two have noted: without the lock. */
void irqfd_tell_ended(struct irqchip *irqchip);
size_t irqfd_bytes(const struct irqchip *irqchip);

/* The pins of all chips in one number: the PIC's are 0 to 15. */
#define IRQCHIP_PIN_PIC(pin) BIT_ULL(pin)
#define IRQCHIP_PIN_IOAPIC(pin) BIT_ULL(PIC_PINS + (pin))

/* routing.c: the pins that a GSI leads to, lock held */
u64 irqchip_pins_of_gsi(const struct irqchip *irqchip, u32 gsi);

/* routing.c: what irqchip_create() begins with, or NULL. */
struct irqchip_routing *irqchip_default_routing(bool split);
/* What a device that writes @data to @address says. */
struct apic_message irqchip_message(u64 address, u32 data);

/* apic_clock.c; all with the lock held, but lapic_clock_stop(). */
void lapic_clock_init(struct irqchip *irqchip);
void lapic_clock_stop(struct irqchip *irqchip);
/* Deliver what came due, before the model changes; arm for what is next, after. */
void lapic_clock_catch_up(struct irqchip *irqchip, u64 now);
void lapic_clock_arm(struct irqchip *irqchip, u64 now);
/* timer.c: the shortest period of a guest's timer, in nanoseconds. */
u64 timer_shortest_period(void);

/* timer.c; all with the lock held, but timer_stop(). */
void timer_start(struct irqchip *irqchip);
void timer_stop(struct irqchip *irqchip);
/* Count what came due, before the model changes; arm for the next tick, after. */
void timer_catch_up(struct irqchip *irqchip, u64 now);
void timer_arm(struct irqchip *irqchip, u64 now);
/* The model has another mode or count: what it was before is over. */
void timer_restart(struct irqchip *irqchip, u64 now);
/* The PIC has changed: give a tick that waits, if it can be given now. */
void timer_pic_changed(struct irqchip *irqchip);

#endif /* RINGLET_IRQCHIP_INTERNAL_H */
