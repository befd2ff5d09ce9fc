/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What host world and guest world share: the per-vCPU area and the layout of
 * the shadow GDT. Included by world/ in C, and through world-offsets.h by its
 * assembly.
 */
#ifndef RINGLET_WORLD_LAYOUT_H
#define RINGLET_WORLD_LAYOUT_H

#ifndef __ASSEMBLY__
#include <linux/mm.h>
#include <linux/types.h>
#include <asm/desc_defs.h>
#include <ringlet/x86.h>
#endif

/*
 * The area is aligned to WORLD_AREA_SIZE, so that ring 0 finds it from its
 * stack pointer whatever else is loaded. Page by page:
 *
 *	0	writable: struct world_shared, the entry stack above it
 *	1	writable: the stacks of #DF, NMI and #MC
 *	2	read-only: struct world_state, all that ring 0 believes
 *	3	read-only: IDT
 *	4	read-only: TSS
 *
 * Read-only holds in the guest world; the host writes all of them.
 */
#define WORLD_AREA_PAGES 5
#define WORLD_AREA_ORDER 3
#define WORLD_AREA_SIZE (8 * 4096)

/*
 * Vectors that no processor has, for exits that no vector made: a fault of the
 * switcher's own last instructions, which a bad selector can cause.
 */
#define WORLD_VECTOR_SEGMENT_LOAD 256
#define WORLD_VECTOR_IRET_FAULT 257
#define WORLD_VECTOR_BUG 258
/* The guest was in virtual-8086 mode: an emulator's mistake, see switch.S. */
#define WORLD_VECTOR_VIRTUAL_8086 259

/*
 * Hidden descriptors stand together, by default at the top of the 64 KiB GDT;
 * offsets from world_state.hidden. A segment register whose hidden part the
 * guest's own tables no longer hold is loaded from an override.
 */
#define HIDDEN_OVERRIDE 0x00 /* one for each enum segment_register */
#define HIDDEN_LDT 0x30	     /* 16 bytes */
#define HIDDEN_CODE64 0x40
#define HIDDEN_TSS 0x50 /* 16 bytes */
#define HIDDEN_BYTES 0x60
#define HIDDEN_DEFAULT (0x10000 - HIDDEN_BYTES)

/* Bytes from one stub in raise.S to the next. */
#define WORLD_RAISE_BYTES 16

#define WORLD_TABLE_BYTES 0x10000
#define WORLD_TABLE_ENTRIES (WORLD_TABLE_BYTES / 8)

/* Interrupt stacks: the host's own numbers, so that while one world's IDT is
 * loaded with the other's TSS the stack is still one for the purpose. */
#define WORLD_IST_DF 1
#define WORLD_IST_NMI 2
#define WORLD_IST_MC 4

#ifndef __ASSEMBLY__

/**
 * struct world_frame - what an entry to ring 0 pushes, lowest address first
 * @regs: by enum general_register; regs[REG_SP] is a filler, @sp counts
 * @vector: 0..255, or WORLD_VECTOR_*
 */
struct world_frame {
	u64 regs[8];
	u64 vector;
	u64 error_code;
	u64 ip;
	u64 cs;
	u64 flags;
	u64 sp;
	u64 ss;
};

/* Exits that the fast path finished, by what they were. */
enum world_fast {
	WORLD_FAST_CLI,
	WORLD_FAST_STI,
	WORLD_FAST_MOV_FROM_CR,
	WORLD_FAST_REASONS,
};

/**
 * struct world_shared - what both worlds write
 * @nmi_noted: NMIs that arrived in ring 0 and wait for the host
 * @mc_noted: likewise machine checks
 * @virtual_if: the guest's EFLAGS.IF, 0 or 1
 * @shadow_ip: after an STI that set IF: where its interrupt shadow ends, plus
 *	@shadow_valid
 * @ds, @es, @fs, @gs: selectors loaded on entry, saved on exit
 */
struct world_shared {
	u32 nmi_noted;
	u32 mc_noted;
	u32 virtual_if;
	u32 shadow_valid;
	u32 shadow_ip;
	u16 ds, es, fs, gs;
	u64 fast[WORLD_FAST_REASONS];
};

struct world_table_register {
	u16 limit;
	u64 base;
} __packed;

/**
 * struct world_state - what ring 0 in the guest world believes
 * @trampoline_tss_type: address of the byte with the busy bit of the host's
 *	TSS descriptor in the trampoline GDT
 * @fast_cs: selector whose code segment is known to be flat and 32-bit, for
 *	which the fast path works; 0: it is off
 * @fast_ss: selector of the stack segment that was seen to be of 32 bits
 * @fast_sti: STI may be finished on the fast path (nobody waits for IF=1)
 * @virtual_cr: CR0, CR2, CR3, CR4 as the guest reads them, indexed by number
 */
struct world_state {
	u64 host_rsp;
	u64 host_cr0, host_cr3, host_cr4;
	u64 guest_cr0, guest_cr3, guest_cr4;
	u64 trampoline_tss_type;
	struct world_table_register host_gdt, host_idt;
	struct world_table_register trampoline_gdt;
	struct world_table_register shadow_gdt, idt;
	u16 host_ldt;
	u16 ldt_selector;
	u16 tss_selector;
	u16 hidden;
	u32 fast_cs;
	u32 fast_ss;
	u32 fast_sti;
	u64 virtual_cr[5];
};

/* struct world_area - see above; one per vCPU */
struct world_area {
	union {
		struct world_shared shared;
		struct {
			u8 entry_stack[PAGE_SIZE - sizeof(struct world_frame)];
			struct world_frame frame; /* ends at RSP0 */
		};
	};
	u8 interrupt_stacks[PAGE_SIZE];
	union {
		struct world_state state;
		u8 state_page[PAGE_SIZE];
	};
	gate_desc idt[PAGE_SIZE / sizeof(gate_desc)];
	union {
		struct x86_hw_tss tss;
		u8 tss_page[PAGE_SIZE];
	};
};

static_assert(sizeof(struct world_area) == WORLD_AREA_PAGES * PAGE_SIZE);
static_assert(WORLD_AREA_PAGES * PAGE_SIZE <= WORLD_AREA_SIZE);
static_assert((PAGE_SIZE << WORLD_AREA_ORDER) == WORLD_AREA_SIZE);
static_assert(sizeof(struct world_state) <= PAGE_SIZE);
static_assert(sizeof(struct world_shared) <= 256);
/* The resume path tests both notes in one instruction. */
static_assert(offsetof(struct world_shared, mc_noted) ==
	      offsetof(struct world_shared, nmi_noted) + 4);
static_assert(sizeof(struct world_table_register) == 10);
static_assert(offsetof(struct world_area, interrupt_stacks) == PAGE_SIZE);
/* The processor aligns RSP0 down to 16 before it pushes. */
static_assert(PAGE_SIZE % 16 == 0);

#endif /* __ASSEMBLY__ */
#endif /* RINGLET_WORLD_LAYOUT_H */
