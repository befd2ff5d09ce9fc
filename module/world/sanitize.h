/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the guest's descriptors to those that the hardware sees. Each rule here
 * closes an escape. Pure.
 */
#ifndef RINGLET_WORLD_SANITIZE_H
#define RINGLET_WORLD_SANITIZE_H

#include "cpu/cpu.h"

/**
 * sanitize_descriptor() - the shadow of a guest descriptor
 * @raw: eight bytes of the guest's GDT or LDT
 *
 * Return: what may stand in the shadow table: zero for system descriptors
 * (gates, TSS, LDT) and for whatever else must trap; never L=1, never DPL 0,
 * accessed preset. DPL-3 code is not present, so that IRET and far RET to the
 * guest's ring 3 trap: world_load() opens the one that ring 3 runs on.
 */
u64 sanitize_descriptor(u64 raw);

/* The same for a segment register whose hidden part the tables do not hold. */
u64 sanitize_segment(const struct segment *segment);

/* Whether the shadow descriptor gives just what the segment register holds. */
bool sanitized_matches(u64 shadow, const struct segment *segment);

/* Guest DPL-3 code, as sanitize_descriptor() leaves it, made present. */
u64 sanitized_open_user_code(u64 shadow);

/* What the guest meant by a shadow descriptor that it has loaded. */
u64 sanitized_restore(u64 shadow);

/* EFLAGS for the guest: IF set, IOPL 0, no VM, no RF. */
static inline u64 sanitize_flags(u64 flags)
{
	return (flags & (EFLAGS_STATUS | X86_EFLAGS_TF | X86_EFLAGS_DF |
			 X86_EFLAGS_NT | X86_EFLAGS_AC | X86_EFLAGS_ID)) |
	       X86_EFLAGS_IF | X86_EFLAGS_FIXED;
}

/* DR7 for the guest: no general detect, no I/O and no 8-byte breakpoints. */
u64 sanitize_dr7(u64 dr7);

#endif /* RINGLET_WORLD_SANITIZE_H */
