/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the irqchip share. */
#ifndef RINGLET_IRQCHIP_INTERNAL_H
#define RINGLET_IRQCHIP_INTERNAL_H

#include "irqchip/irqchip.h"

/* irqchip.c: the lock; what changed meanwhile has its effect at the unlock. */
unsigned long irqchip_lock(struct irqchip *irqchip);
void irqchip_unlock(struct irqchip *irqchip, unsigned long flags);
/* A pin of the PIC, lock held. */
int irqchip_set_pin(struct irqchip *irqchip, unsigned int pin, enum irqchip_source source,
		    bool level);

/* routing.c: what irqchip_create() begins with, or NULL. */
struct irqchip_routing *irqchip_default_routing(void);

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
