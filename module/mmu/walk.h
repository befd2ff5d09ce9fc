/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's page tables, walked as the hardware would: 2-level with 4 MB
 * pages, 3-level PAE with NX. Pure; called by the shadow code and by the bus.
 */
#ifndef RINGLET_MMU_WALK_H
#define RINGLET_MMU_WALK_H

#include "cpu/cpu.h"

/*
 * MAXPHYADDR of the virtual CPU: what PAE was made for. CPUID must say the
 * same, and CR3 and PDPTE loads check against it.
 */
#define GUEST_PHYSICAL_BITS 36

/**
 * struct walk_memory - how the walk reaches the guest's tables
 * @read: read an entry of @bytes (4 or 8) at @gpa; false: no memory there
 * @set_bits: atomically set @bits in the entry at @gpa if it still equals
 *	@expected; false: it changed, walk again (or no memory: *absent). A
 *	table in a read-only slot: drop the bits and say true, as a ROM would
 */
struct walk_memory {
	bool (*read)(void *opaque, u64 gpa, u64 *entry, unsigned int bytes);
	bool (*set_bits)(void *opaque, u64 gpa, u64 expected, u64 bits,
			 unsigned int bytes, bool *absent);
	void *opaque;
};

/* guest_walk.upper */
#define WALK_WRITABLE BIT(0)
#define WALK_USER BIT(1)
#define WALK_EXECUTABLE BIT(2)

/**
 * struct guest_walk - where a linear address leads
 * @gpa: guest-physical address of the byte
 * @page_bytes: size of the guest's page: 4 KiB, 2 MiB, 4 MiB; 4 GiB when
 *	paging is off
 * @writable: by every level, CR0.WP not considered
 * @user: by every level
 * @executable: no NX on any level
 * @dirty: D is set in the leaf (after this walk), or a ROM could not keep it
 * @global: leaf's G with CR4.PGE
 * @upper: WALK_* rights by the levels above the directory; all without any
 * @directory_gpa: where the entry of the page directory is; not without paging
 * @directory: that entry as this walk left it
 * @table_gpa: where the entry of the page table is; not in large pages
 * @table: that entry as this walk left it
 * @error_code: on WALK_FAULT, for #PF
 */
struct guest_walk {
	u64 gpa;
	u64 page_bytes;
	bool writable;
	bool user;
	bool executable;
	bool dirty;
	bool global;
	u8 upper;
	u64 directory_gpa;
	u64 directory;
	u64 table_gpa;
	u64 table;
	u32 error_code;
};

enum walk_result {
	WALK_OK,
	WALK_FAULT,    /* #PF with walk->error_code */
	WALK_NO_MEMORY, /* a table lies where no memory slot is */
	WALK_BUSY,	/* somebody keeps changing the entries: try again later */
};

/**
 * guest_walk() - translate a linear address
 * @cpu: mode bits, CR3 or PDPTEs, CPL
 * @memory: access to the tables
 * @linear: below 4 GiB
 * @access: ACCESS_*; user if cpu_cpl() is 3 and not ACCESS_SYSTEM
 * @walk: filled in
 *
 * Sets A in every level and D in the leaf of a write, as the processor does,
 * once the access is known to be allowed. ACCESS_MODIFY counts as a write.
 *
 * Manual: "Paging", "Page-Level Protection", "Accessed and Dirty Flags".
 */
enum walk_result guest_walk(const struct virtual_cpu *cpu,
			    const struct walk_memory *memory, u64 linear,
			    unsigned int access, struct guest_walk *walk);

/**
 * walk_reserved_bits() - bits that make a present entry a #PF with RSVD
 * @pae: entries of 8 bytes
 * @no_execute: EFER.NX
 * @large: the entry maps a large page
 */
u64 walk_reserved_bits(bool pae, bool no_execute, bool large);

#endif /* RINGLET_MMU_WALK_H */
