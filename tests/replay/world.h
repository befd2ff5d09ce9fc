/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arena that a batch of tests begins with: descriptor tables full of all
 * kinds, page tables with all kinds of rights, tasks, random data; and random
 * states of the processor that fit into it.
 */
#ifndef REPLAY_WORLD_H
#define REPLAY_WORLD_H

#include "machine.h"

/* Selectors of the GDT with a fixed meaning; the rest is random. */
enum world_selector {
	WORLD_TSS = 0x30,
	WORLD_LDT = 0x38,
	WORLD_TASK = 0x40, /* five, in the order of enum task */
	WORLD_LDT2 = 0x68,
	WORLD_CODE3 = 0x70,
	WORLD_DATA3 = 0x78,
	WORLD_CODE1 = 0x80,
	WORLD_DATA1 = 0x88,
	WORLD_CODE2 = 0x90,
	WORLD_DATA2 = 0x98,
	WORLD_CONFORMING = 0xa0,
	WORLD_CODE0 = 0xa8,    /* DPL 0, apart from the guest's own */
	WORLD_CODE0_16 = 0xb0, /* base ARENA_LOW, 64 KiB */
	WORLD_CODE3_16 = 0xb8,
	WORLD_DATA0_16 = 0xc0,
	WORLD_DATA3_16 = 0xc8,
	WORLD_STACK0_16 = 0xd0, /* base 0x30000 */
	WORLD_STACK3_16 = 0xd8,
	WORLD_CODE0_BASE = 0xe0, /* 32-bit code with a base */
	WORLD_CODE3_BASE = 0xe8,
	WORLD_DATA3_DOWN = 0xf0, /* expands down to ARENA */
	WORLD_RANDOM = 0x100,
	WORLD_GDT_BYTES = 0x800,
	WORLD_LDT_BYTES = 0x200,
};

enum task { TASK_A, TASK_B, TASK_16C, TASK_16D, TASK_DOUBLE_FAULT, TASKS };

#define TASK_BYTES 0x200
#define TSS_LIMIT  0x1ff /* ports 0 to 0xcb7 have bits in the map */

/**
 * struct world - what the arena was made as
 * @pae: page tables are PAE's
 * @roots: two values for CR3
 */
struct world {
	bool pae;
	u32 roots[2];
};

/* Fill the arena of @machine; its CPU is between tests. */
void world_make(struct world *world, struct machine *machine, const struct replay_image *image);

/* A random state to begin a test with. */
void world_state(const struct world *world, struct replay_state *state);

/* Random parts, for the generator. */
u64 world_descriptor(void);
u64 world_gate(const struct replay_image *image, unsigned int vector);
u16 world_selector(void);
/* An address in the data pages, or in their aliases; seldom at an edge. */
u32 world_address(bool paging);
/* The task's TSS image, at ARENA_TASKS. */
void world_task(const struct world *world, enum task task, u8 image[TASK_BYTES],
		const struct replay_image *replay);
u64 make_descriptor(u32 base, u32 limit, unsigned int access, unsigned int flags);
u32 world_code_address(void);

#endif /* REPLAY_WORLD_H */
