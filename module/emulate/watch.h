/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data and I/O breakpoints of emulated instructions. Private to
 * module/emulate. Pure.
 */
#ifndef RINGLET_EMULATE_WATCH_H
#define RINGLET_EMULATE_WATCH_H

#include "cpu/cpu.h"

/**
 * struct watch - a bus that notes what breakpoints ask for
 * @bus: first, so that the CPU's pointer to its bus leads here
 * @real: the bus behind it
 * @hits: DR6's B0 to B3
 */
struct watch {
	struct cpu_bus bus;
	const struct cpu_bus *real;
	u64 hits;
};

/* Put @watch before the CPU's bus, if a breakpoint is enabled that needs it;
 * then true. */
bool watch_begin(struct watch *watch, struct virtual_cpu *cpu);
/* Take it away; the bits for DR6. */
u64 watch_end(struct watch *watch, struct virtual_cpu *cpu);

#endif /* RINGLET_EMULATE_WATCH_H */
