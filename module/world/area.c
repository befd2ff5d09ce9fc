// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a guest world: its area with IDT and TSS, its descriptor tables, its
 * root. Called when a vCPU is made or destroyed; host world.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/desc.h>

#include "world/fast.h"
#include "world/native.h"
#include "world/sanitize.h"
#include "world/world.h"

#define TABLE_ORDER get_order(WORLD_TABLE_BYTES)
#define TABLE_PAGES (WORLD_TABLE_BYTES / PAGE_SIZE)

/* Tops of the stacks in the page for interrupts of ring 0. */
#define STACK_TOP_DF 1024
#define STACK_TOP_NMI 2560
#define STACK_TOP_MC 4096

int world_check_layout(void)
{
	if (!PAGE_ALIGNED(world_text_start) || !PAGE_ALIGNED(world_text_end)) {
		pr_err("ringlet: the switcher's text is not page-aligned; rebuild the module\n");
		return -ENOEXEC;
	}
	return 0;
}

static void set_gate(gate_desc *gate, const void *handler, unsigned int dpl,
		     unsigned int ist, u16 selector)
{
	unsigned long address = (unsigned long)handler;

	memset(gate, 0, sizeof(*gate));
	gate->offset_low = (u16)address;
	gate->offset_middle = (u16)(address >> 16);
	gate->offset_high = (u32)(address >> 32);
	gate->segment = selector;
	gate->bits.ist = ist;
	gate->bits.type = TYPE_INTERRUPT_GATE32;
	gate->bits.dpl = dpl;
	gate->bits.p = 1;
}

/*
 * Only what user code may raise by INT n without a trap has DPL 3: with any
 * other vector INT n would look like an interrupt of the host.
 */
static void build_idt(struct world_area *area)
{
	u16 code = area->state.hidden + HIDDEN_CODE64;
	unsigned int vector;

	for (vector = 0; vector < 256; vector++)
		set_gate(&area->idt[vector],
			 world_stubs + vector * WORLD_STUB_BYTES,
			 vector == X86_TRAP_BP || vector == X86_TRAP_OF ||
					 vector == 0x80 ? 3 : 0,
			 0, code);
	set_gate(&area->idt[X86_TRAP_DF], world_double_fault, 0, WORLD_IST_DF,
		 code);
	set_gate(&area->idt[X86_TRAP_NMI], world_nmi, 0, WORLD_IST_NMI, code);
	set_gate(&area->idt[X86_TRAP_MC], world_machine_check, 0, WORLD_IST_MC,
		 code);
}

static void build_tss(struct world_area *area)
{
	unsigned long stacks = (unsigned long)area->interrupt_stacks;

	area->tss.sp0 = (unsigned long)(&area->frame + 1);
	area->tss.ist[WORLD_IST_DF - 1] = stacks + STACK_TOP_DF;
	area->tss.ist[WORLD_IST_NMI - 1] = stacks + STACK_TOP_NMI;
	area->tss.ist[WORLD_IST_MC - 1] = stacks + STACK_TOP_MC;
	/* Beyond the limit: every port access above IOPL traps. */
	area->tss.io_bitmap_base = sizeof(area->tss);
}

static void write_hidden(u64 *table, const struct world *world)
{
	const struct world_area *area = world->area;
	u64 *hidden = table + area->state.hidden / 8;

	memset(hidden, 0, HIDDEN_BYTES);
	/* 64-bit code, DPL 0, accessed. */
	hidden[HIDDEN_CODE64 / 8] = DESCRIPTOR_P | DESCRIPTOR_S | DESCRIPTOR_L |
				    (u64)(TYPE_CODE | TYPE_CODE_READABLE |
					  TYPE_ACCESSED)
					    << DESCRIPTOR_TYPE_SHIFT;
	set_tssldt_descriptor(hidden + HIDDEN_TSS / 8,
			      (unsigned long)&area->tss, DESC_TSS,
			      sizeof(area->tss) - 1);
	if (world->ldt)
		set_tssldt_descriptor(hidden + HIDDEN_LDT / 8,
				      (unsigned long)world->ldt, DESC_LDT,
				      WORLD_TABLE_BYTES - 1);
}

static void set_hidden(struct world *world, u16 hidden)
{
	struct world_state *state = &world->area->state;

	if (state->hidden) {
		memset(world->gdt + state->hidden / 8, 0, HIDDEN_BYTES);
		memset(world->trampoline + state->hidden / 8, 0, HIDDEN_BYTES);
	}
	state->hidden = hidden;
	state->tss_selector = hidden + HIDDEN_TSS;
	if (state->ldt_selector)
		state->ldt_selector = hidden + HIDDEN_LDT;
	write_hidden(world->gdt, world);
	write_hidden(world->trampoline, world);
	build_idt(world->area);
}

int world_place_hidden(struct world *world, unsigned int guest_limit,
		       bool (*used)(void *opaque, unsigned int index),
		       void *opaque)
{
	const unsigned int entries = HIDDEN_BYTES / 8;
	unsigned int first = world->area->state.hidden / 8;
	unsigned int free = 0;
	unsigned int i;

	for (i = first; i < first + entries; i++)
		if (i * 8 <= guest_limit && used(opaque, i))
			break;
	if (i == first + entries)
		return 0;

	/*
	 * From the top down, where a guest is least likely to put more. The
	 * first 16 are the host's in the trampoline.
	 */
	for (i = WORLD_TABLE_ENTRIES - 1; i >= GDT_ENTRIES; i--) {
		if (i * 8 <= guest_limit && used(opaque, i))
			free = 0;
		else if (++free == entries)
			break;
	}
	if (free != entries)
		return -ENOSPC;
	set_hidden(world, i * 8);
	return 0;
}

static bool is_hidden(const struct world *world, unsigned int index)
{
	unsigned int first = world->area->state.hidden / 8;

	return index >= first && index < first + HIDDEN_BYTES / 8;
}

void world_set_gdt(struct world *world, unsigned int first, unsigned int count,
		   const u64 *raw)
{
	unsigned int i;

	world_close_user_code(world);
	for (i = first; i < first + count; i++)
		if (!is_hidden(world, i))
			/* Entry 0 is null whatever the guest keeps there. */
			world->gdt[i] = i ? sanitize_descriptor(raw[i - first]) : 0;
}

bool world_may_set_gdt(const struct world *world, unsigned int first, unsigned int count)
{
	const unsigned int hidden = world->area->state.hidden / 8;

	return first + count <= hidden || first >= hidden + HIDDEN_BYTES / 8;
}

void world_clear_gdt(struct world *world, unsigned int first, unsigned int count)
{
	unsigned int i;

	world_close_user_code(world);
	for (i = first; i < first + count; i++)
		if (!is_hidden(world, i))
			world->gdt[i] = 0;
}

void world_set_ldt(struct world *world, unsigned int first, unsigned int count,
		   const u64 *raw)
{
	unsigned int i;

	world_close_user_code(world);
	for (i = first; i < first + count; i++)
		world->ldt[i] = sanitize_descriptor(raw[i - first]);
}

void world_clear_ldt(struct world *world, unsigned int first, unsigned int count)
{
	world_close_user_code(world);
	memset(world->ldt + first, 0, count * sizeof(u64));
}

int world_create_ldt(struct world *world)
{
	unsigned int i;
	int error;

	if (world->ldt)
		return 0;
	world->ldt = (u64 *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO,
					     TABLE_ORDER);
	if (!world->ldt)
		return -ENOMEM;
	for (i = 0; i < TABLE_PAGES; i++) {
		error = world_root_map(&world->root,
				       world->ldt + i * PAGE_SIZE / 8,
				       WORLD_PAGE_READ_ONLY);
		if (error)
			return error;
	}
	write_hidden(world->gdt, world);
	write_hidden(world->trampoline, world);
	return 0;
}

void world_use_ldt(struct world *world, bool use)
{
	struct world_state *state = &world->area->state;

	state->ldt_selector = use ? state->hidden + HIDDEN_LDT : 0;
}

static int map_shared_pages(struct world *world)
{
	const struct {
		const void *start;
		unsigned int pages;
		enum world_page_use use;
	} shared[] = {
		{ world_text_start,
		  (world_text_end - world_text_start) >> PAGE_SHIFT,
		  WORLD_PAGE_TEXT },
		{ &world->area->shared, 1, WORLD_PAGE_WRITABLE },
		{ world->area->interrupt_stacks, 1, WORLD_PAGE_WRITABLE },
		{ &world->area->state, 1, WORLD_PAGE_READ_ONLY },
		{ world->area->idt, 1, WORLD_PAGE_READ_ONLY },
		{ &world->area->tss, 1, WORLD_PAGE_READ_ONLY },
		{ world->gdt, TABLE_PAGES, WORLD_PAGE_READ_ONLY },
	};
	unsigned int i, page;
	int error;

	for (i = 0; i < ARRAY_SIZE(shared); i++) {
		for (page = 0; page < shared[i].pages; page++) {
			error = world_root_map(&world->root,
					       shared[i].start + page * PAGE_SIZE,
					       shared[i].use);
			if (error)
				return error;
		}
	}
	return 0;
}

static atomic64_t worlds_made = ATOMIC64_INIT(0);

struct world *world_create(u64 *low)
{
	struct world *world = kzalloc(sizeof(*world), GFP_KERNEL_ACCOUNT);
	struct world_state *state;
	int error = -ENOMEM;

	if (!world)
		return ERR_PTR(-ENOMEM);
	world->host_cpu = -1;
	world->number = atomic64_inc_return(&worlds_made);

	world->area = (struct world_area *)__get_free_pages(
		GFP_KERNEL_ACCOUNT | __GFP_ZERO, WORLD_AREA_ORDER);
	world->gdt = (u64 *)__get_free_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO,
					     TABLE_ORDER);
	world->trampoline = vzalloc(WORLD_TABLE_BYTES);
	if (!world->area || !world->gdt || !world->trampoline)
		goto fail;

	state = &world->area->state;
	state->trampoline_tss_type =
		(u64)world->trampoline + GDT_ENTRY_TSS * 8 + 5;
	state->shadow_gdt.limit = WORLD_TABLE_BYTES - 1;
	state->shadow_gdt.base = (u64)world->gdt;
	state->trampoline_gdt.limit = WORLD_TABLE_BYTES - 1;
	state->trampoline_gdt.base = (u64)world->trampoline;
	state->idt.limit = sizeof(world->area->idt) - 1;
	state->idt.base = (u64)world->area->idt;
	build_tss(world->area);
	set_hidden(world, HIDDEN_DEFAULT);

	error = world_root_init(&world->root, low);
	if (error)
		goto fail;
	error = map_shared_pages(world);
	if (error)
		goto fail;
	state->guest_cr3 = world_root_cr3(&world->root);
	return world;

fail:
	world_destroy(world);
	return ERR_PTR(error);
}

void world_destroy(struct world *world)
{
	world_native_destroy(world);
	world_root_destroy(&world->root);
	vfree(world->trampoline);
	free_pages((unsigned long)world->ldt, TABLE_ORDER);
	free_pages((unsigned long)world->gdt, TABLE_ORDER);
	free_pages((unsigned long)world->area, WORLD_AREA_ORDER);
	kfree(world);
}

u64 world_bytes(const struct world *world)
{
	return sizeof(*world) + WORLD_AREA_SIZE + WORLD_TABLE_BYTES +
	       (world->ldt ? WORLD_TABLE_BYTES : 0) + WORLD_TABLE_BYTES +
	       world->root.table_count * PAGE_SIZE + world_native_bytes(world);
}
