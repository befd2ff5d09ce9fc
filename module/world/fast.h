/* SPDX-License-Identifier: GPL-2.0-only */
/* The seam between the switcher's assembly and its C. */
#ifndef RINGLET_WORLD_FAST_H
#define RINGLET_WORLD_FAST_H

#include "world/layout.h"

/* switch.S; all in the section .switcher.text */
void world_switch(struct world_area *area);
void world_nmi(void);
void world_machine_check(void);
void world_double_fault(void);
extern const char world_text_start[], world_text_end[], world_stubs[];
#define WORLD_STUB_BYTES 16

/* fast.c */
struct world_area *world_fast_path(struct world_area *area);

/* raise.S: raise vector n in the host, interrupts off */
extern const char world_raise_stubs[];

#endif /* RINGLET_WORLD_FAST_H */
