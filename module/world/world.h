/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vCPU's guest world: its root, descriptor tables and area, and the way in
 * and out. Called by the run loop.
 */
#ifndef RINGLET_WORLD_WORLD_H
#define RINGLET_WORLD_WORLD_H

#include "cpu/cpu.h"
#include "world/layout.h"
#include "world/root.h"

/**
 * struct world - see above; guarded by the vCPU's mutex
 * @area: what both worlds see, through the host's writable mapping
 * @gdt: shadow GDT, WORLD_TABLE_BYTES
 * @ldt: shadow LDT of the same size, or NULL until the guest has one
 * @trampoline: GDT that is valid for both worlds, mapped in the host only
 * @host_cpu: CPU whose GDT @trampoline was copied from, or -1
 * @open_user_code: DPL-3 code descriptor that is present, or NULL
 * @loaded: selectors that world_load() chose, by enum segment_register
 * @step: TF was set by us
 * @number: unlike that of any world before
 * @umip: SGDT and its like trap in the guest world
 * @native: where single instructions run on the guest's FPU state, or NULL
 * @tsc_traps: RDTSC and RDTSCP trap: the guest's counter is not the host's
 * @left_at: TSC when world_run() last ended in this KVM_RUN, or 0
 * @handling_ticks: TSC ticks between the ends and the starts of world_run()
 */
struct world {
	struct world_area *area;
	u64 *gdt;
	u64 *ldt;
	u64 *trampoline;
	struct world_root root;
	int host_cpu;
	u64 *open_user_code;
	u16 loaded[SEGMENT_REGISTERS];
	bool step;
	bool umip;
	bool tsc_traps;
	u64 number;
	struct world_native *native;
	u64 left_at;
	u64 handling_ticks;
	u64 host_fs_base, host_gs_base, host_sysenter_cs, host_misc_features;
	u16 host_ds, host_es, host_fs, host_gs;
};

/**
 * struct world_exit - why the guest world was left
 * @vector: 0..255, or WORLD_VECTOR_*
 * @error_code: of exceptions that have one; WORLD_VECTOR_BUG: offset in
 *	the switcher's text; WORLD_VECTOR_VIRTUAL_8086: the vector
 * @cr2: for #PF; a host address only if something is wrong
 * @dr6: for #DB; with breakpoints on, for others too: of a trap that was held
 *	back into ring 0
 */
struct world_exit {
	u32 vector;
	u32 error_code;
	u64 cr2;
	u64 dr6;
};

/* What world_load() is asked for beyond the state of the virtual CPU. */
#define WORLD_LOAD_STEP BIT(0)	  /* exit after one instruction */
#define WORLD_LOAD_WANT_IF BIT(1) /* exit when the guest sets IF */

/* Whether the processor can make SGDT, SIDT, SLDT, STR and SMSW trap. */
bool world_has_umip(void);

/* What the processor holds in the guest world; false before the first run. */
bool world_read_processor(const struct world *world, struct ringlet_processor *processor);

/* Once at load: 0, or -ENOEXEC if the switcher is not laid out as it must be. */
int world_check_layout(void);

/* @low: table for linear 0 to 4 GiB. ERR_PTR: -ENOMEM, -ENOSPC. May sleep. */
struct world *world_create(u64 *low);
void world_destroy(struct world *world);
u64 world_bytes(const struct world *world);

/**
 * world_place_hidden() - keep the hidden descriptors out of the guest's way
 * @guest_limit: limit of the guest's GDT
 * @used: whether the guest has a descriptor (not zero) at an index
 *
 * Return: 0, or -ENOSPC when the guest's GDT leaves no room anywhere.
 */
int world_place_hidden(struct world *world, unsigned int guest_limit,
		       bool (*used)(void *opaque, unsigned int index),
		       void *opaque);

/* Fill shadow tables from raw guest descriptors; hidden ones stay. */
void world_set_gdt(struct world *world, unsigned int first, unsigned int count,
		   const u64 *raw);
void world_set_ldt(struct world *world, unsigned int first, unsigned int count,
		   const u64 *raw);
/* Whether these are clear of the hidden ones, which need not move then. */
bool world_may_set_gdt(const struct world *world, unsigned int first, unsigned int count);
/* Entries that the guest's table no longer has. */
void world_clear_gdt(struct world *world, unsigned int first, unsigned int count);
void world_clear_ldt(struct world *world, unsigned int first, unsigned int count);
/* Make room for an LDT (0, -ENOMEM), and say whether LDTR points to it. */
int world_create_ldt(struct world *world);
void world_use_ldt(struct world *world, bool use);

/* Make the code that ring 3 last ran on absent again, as ring 1 needs it. */
void world_close_user_code(struct world *world);

/* Host state that stays while the thread is in KVM_RUN; preemptible. */
void world_begin(struct world *world);

/**
 * world_load() - the virtual CPU's state into the frame
 * @flags: WORLD_LOAD_*
 * Return: false if ring 1 or 3 cannot hold this state (rings 1 and 2, no stack
 * segment); cpu->stop_reason then says which.
 */
bool world_load(struct world *world, struct virtual_cpu *cpu, unsigned int flags);

/**
 * world_run() - into the guest world, and out
 * @exit: filled in
 *
 * Interrupts and NMIs of the host that ended it have been given to the host.
 * Context: interrupts off, FPU state of the guest loaded.
 */
void world_run(struct world *world, struct virtual_cpu *cpu, struct world_exit *exit);

/* Make what world_native_run() needs: 0, -ENOMEM, -ENOSPC. May sleep. */
int world_native_create(struct world *world);

/**
 * world_native_run() - one instruction in ring 3, in a world that holds no guest
 * @native: the instruction and its operand, which comes back changed
 * @exit: why it ended, if it is not done
 *
 * General registers and status flags are those of @cpu, and go back there when
 * the instruction is done.
 *
 * Return: true: done; false: a fault, or an interrupt before it began.
 * Context: interrupts off, FPU state of the guest loaded.
 */
bool world_native_run(struct world *world, struct virtual_cpu *cpu, struct cpu_native *native,
		      struct world_exit *exit);

/* The frame back into the virtual CPU's state. */
void world_store(struct world *world, struct virtual_cpu *cpu);

/* Exits finished by the fast path so far, by enum world_fast. */
static inline u64 world_fast_exits(const struct world *world,
				   enum world_fast what)
{
	return READ_ONCE(world->area->shared.fast[what]);
}

#endif /* RINGLET_WORLD_WORLD_H */
