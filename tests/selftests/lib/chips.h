/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs with interrupt controllers in the kernel, and the eventfds between them and
 * a test. All of these bail out if something fails.
 */
#ifndef CHIPS_H
#define CHIPS_H

#include "selftest.h"

/* A VM without memory and vCPU. It holds no other file open. */
int new_vm(void);
int new_vm_with_irqchip(void);

void make_irqchip(int vm);
/* PIC, I/O APIC and PIT. */
void make_chips(int vm);
/* For machine_create_with(). */
void machine_make_irqchip(struct machine *machine);

/* One that neither blocks nor survives exec(). */
int new_eventfd(void);
/* How often it was signalled since the last time. */
unsigned int eventfd_count(int file);

#endif /* CHIPS_H */
