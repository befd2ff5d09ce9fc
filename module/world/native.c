// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest world without a guest: two pages for ring 3, one instruction in the
 * first, its operand in the second, and the switcher above. The emulator's
 * floating-point instructions run here, on the guest's FPU state. Called by the
 * run loop; host world.
 *
 * Ring 3 has a page to execute and one to write, and nothing else of anybody's.
 * The instruction is followed by INT3, so that no single step is needed.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

#include "world/native.h"
#include "world/sanitize.h"
#include "world/world.h"

/* Any place below 4 GiB does. */
#define NATIVE_CODE    0x10000U
#define NATIVE_DATA    0x20000U
#define OPCODE_INT3    0xcc
#define OPERAND_OFFSET 64

/**
 * struct world_native - see above
 * @root: its own low half, the world's upper half
 * @code: the page at NATIVE_CODE
 * @data: the page at NATIVE_DATA; the operand is at OPERAND_OFFSET and up to 63
 *	bytes on
 */
struct world_native {
	struct world_root root;
	u8 *code;
	u8 *data;
};

static_assert(OPERAND_OFFSET + 63 + CPU_NATIVE_OPERAND <= PAGE_SIZE);

void world_native_destroy(struct world *world)
{
	struct world_native *native = world->native;

	if (!native)
		return;
	world_root_destroy(&native->root);
	free_page((unsigned long)native->code);
	free_page((unsigned long)native->data);
	kfree(native);
	world->native = NULL;
}

u64 world_native_bytes(const struct world *world)
{
	if (!world->native)
		return 0;
	return sizeof(*world->native) + (world->native->root.table_count + 2) * PAGE_SIZE;
}

int world_native_create(struct world *world)
{
	struct world_native *native;
	int error = -ENOMEM;

	if (world->native)
		return 0;
	native = kzalloc(sizeof(*native), GFP_KERNEL_ACCOUNT);
	if (!native)
		return -ENOMEM;
	world->native = native;
	native->code = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	native->data = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (native->code && native->data)
		error = world_root_init(&native->root, NULL);
	if (!error)
		error = world_root_map_low(&native->root, NATIVE_CODE, native->code,
					   WORLD_PAGE_TEXT);
	if (!error)
		error = world_root_map_low(&native->root, NATIVE_DATA, native->data,
					   WORLD_PAGE_WRITABLE);
	if (error)
		world_native_destroy(world);
	return error;
}

/*
 * Where the scratch pages lie in their segments: the bases are such that EIP and
 * the operand's offset are the guest's own, since the FPU remembers them. Those
 * that could wrap are not worth it.
 */
struct placement {
	u32 code_offset, data_offset;
};

static u32 offset_in_segment(u32 wanted, u32 linear)
{
	return wanted < U32_MAX - PAGE_SIZE ? wanted : linear;
}

/* Segments of ring 3, in the overrides, which every world_load() clears. */
static u16 make_segment(struct world *world, enum segment_register which, u8 type, u32 base)
{
	const struct segment segment = {
		.base = base,
		.limit = U32_MAX,
		.type = type | TYPE_ACCESSED,
		.dpl = 3,
		.s = true,
		.present = true,
		.db = true,
		.g = true,
	};
	u16 selector = world->area->state.hidden + HIDDEN_OVERRIDE + which * 8;

	world->gdt[selector / 8] = sanitize_segment(&segment);
	return selector | 3;
}

static void load_frame(struct world *world, const struct virtual_cpu *cpu, u32 operand,
		       const struct placement *placement)
{
	struct world_shared *shared = &world->area->shared;
	struct world_frame *frame = &world->area->frame;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frame->regs); i++)
		frame->regs[i] = cpu->regs[i];
	frame->ip = placement->code_offset;
	frame->cs = make_segment(world, SEGMENT_CS, TYPE_CODE | TYPE_CODE_READABLE,
				 NATIVE_CODE - placement->code_offset);
	frame->ss = make_segment(world, SEGMENT_SS, TYPE_DATA_WRITABLE, 0);
	frame->sp = cpu->regs[REG_SP];
	frame->flags = (cpu->rflags & EFLAGS_STATUS) | X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	shared->ds = make_segment(world, SEGMENT_DS, TYPE_DATA_WRITABLE,
				  operand - placement->data_offset);
	shared->es = shared->ds;
	shared->fs = 0;
	shared->gs = 0;
	world->area->state.fast_cs = 0;
}

/* Put code and operand into the pages; the operand, as the host sees it. */
static u8 *fill_pages(struct world_native *scratch, const struct cpu_native *native,
		      const struct placement *placement)
{
	u8 *operand = scratch->data + OPERAND_OFFSET + native->low_address;

	memcpy(scratch->code, native->code, native->code_bytes);
	if (native->address_at)
		memcpy(scratch->code + native->address_at, &placement->data_offset, sizeof(u32));
	scratch->code[native->code_bytes] = OPCODE_INT3;
	memcpy(operand, native->operand, native->operand_bytes);
	return operand;
}

static void store_frame(const struct world *world, struct virtual_cpu *cpu,
			const struct cpu_native *native)
{
	const struct world_frame *frame = &world->area->frame;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frame->regs); i++)
		if (i != REG_SP && !(i == REG_DI && native->address_in_di))
			cpu->regs[i] = (u32)frame->regs[i];
	cpu->regs[REG_SP] = (u32)frame->sp;
	cpu->rflags = (cpu->rflags & ~(u64)EFLAGS_STATUS) | (frame->flags & EFLAGS_STATUS);
}

bool world_native_run(struct world *world, struct virtual_cpu *cpu, struct cpu_native *native,
		      struct world_exit *exit)
{
	struct world_native *scratch = world->native;
	struct world_state *state = &world->area->state;
	const struct world_frame *frame = &world->area->frame;
	u32 linear = NATIVE_DATA + OPERAND_OFFSET + native->low_address;
	const struct placement placement = {
		.code_offset = offset_in_segment(native->code_offset, NATIVE_CODE),
		.data_offset = offset_in_segment(native->data_offset, linear),
	};
	const struct cpu_debugger debugger = cpu->debugger;
	u64 dr7 = cpu->dr7, cr3 = state->guest_cr3;
	u8 *operand;
	u32 done;

	world_close_user_code(world);
	world_root_share(&scratch->root, &world->root);
	operand = fill_pages(scratch, native, &placement);
	load_frame(world, cpu, linear, &placement);
	if (native->address_in_di)
		world->area->frame.regs[REG_DI] = placement.data_offset;

	/* Breakpoints are of the guest's own address space. */
	cpu->debugger.active = false;
	cpu->dr7 = 0;
	state->guest_cr3 = world_root_cr3(&scratch->root);
	world_run(world, cpu, exit);
	state->guest_cr3 = cr3;
	cpu->dr7 = dr7;
	cpu->debugger = debugger;

	/* An interrupt may come before the instruction, or before its INT3. */
	done = (u32)frame->ip - placement.code_offset;
	if (done != native->code_bytes + (exit->vector == X86_TRAP_BP))
		return false;
	memcpy(native->operand, operand, native->operand_bytes);
	store_frame(world, cpu, native);
	return true;
}
