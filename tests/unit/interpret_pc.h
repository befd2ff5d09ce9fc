/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PC in userspace whose processor is the interpreter: memory, serial port,
 * clock, interrupt controllers and timer, on a virtual time that counts
 * instructions, so that two runs are the same. All rings are interpreted. Used
 * by interpret_boot.c.
 */
#ifndef RINGLET_TESTS_INTERPRET_PC_H
#define RINGLET_TESTS_INTERPRET_PC_H

#include <stdio.h>

#include "device_cmos.h"
#include "device_keyboard.h"
#include "device_reset.h"
#include "device_serial.h"
#include "emulate/emulate.h"
#include "guest_memory.h"
#include "interpret/interpret.h"
#include "irqchip/pic.h"
#include "irqchip/pit.h"

/**
 * struct pc - the machine
 * @cpu: first, so that the bus finds the machine
 * @now: nanoseconds, one for each instruction
 * @tick: when channel 0 of the PIT ticks next
 * @ended: the guest has switched off or reset itself, or cannot go on; why
 * @tail: what the serial port sent last
 * @slow: instructions that the emulator executed, by operation
 * @fills: TLB misses that were filled
 */
struct pc {
	struct virtual_cpu cpu;
	struct interpreter *interpreter;
	struct guest_memory memory;
	struct port_bus ports;
	struct serial serial;
	struct cmos cmos;
	struct keyboard keyboard;
	struct reset_ports reset_ports;
	struct pic pic;
	struct pit pit;
	u64 now;
	u64 tick;
	const char *ended;
	bool quiet;
	char tail[64];
	unsigned int tail_at;
	u64 slow[OPERATIONS];
	u64 slow_total;
	u64 fills;
	u64 faults;
	u64 interrupts;
	u64 tsc_reads;
};

extern const struct cpu_bus pc_bus;

/* False: with a sentence on standard error. */
bool pc_init(struct pc *pc, u32 memory_bytes);
/* Go on until the guest ends, or its clock shows @until. */
void pc_run(struct pc *pc, u64 until);

/* Execute one floating-point instruction on @state, an FXSAVE image. */
enum cpu_result pc_execute_native(struct virtual_cpu *cpu, struct cpu_native *native);

#endif /* RINGLET_TESTS_INTERPRET_PC_H */
