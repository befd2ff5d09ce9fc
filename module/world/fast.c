// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path: exits that are finished in the guest world. Called by
 * world_general_protection in switch.S, on the entry stack, with the guest's
 * page tables, DS..GS and GS base loaded. Nothing here may touch what the guest
 * world does not map: no per-CPU data, no constants in memory, no call out of
 * the section.
 */
#include "world/fast.h"

#define SWITCHER __section(".switcher.text") notrace

#define OPCODE_CLI 0xfa
#define OPCODE_STI 0xfb
#define OPCODE_MOV_FROM_CR 0x200f /* 0F 20 as a little-endian word */

/*
 * Four bytes of guest code, or 0, which is no privileged instruction, if they
 * cannot be read: world_ring0_fault knows the two labels, and EAX.
 */
static __always_inline u32 fetch(u64 linear)
{
	u32 code;

	asm volatile(".globl world_fetch_access, world_fetch_done\n"
		     "world_fetch_access:\n\t"
		     "mov (%1), %0\n"
		     "world_fetch_done:"
		     : "=a"(code)
		     : "r"(linear)
		     : "memory");
	return code;
}

/* The guest's RF does not matter: with breakpoints on, nothing comes here. */
static __always_inline struct world_area *
finish(struct world_area *area, unsigned int length, enum world_fast what)
{
	area->frame.ip += length;
	area->shared.fast[what]++;
	return area;
}

/**
 * world_fast_path() - try to finish a #GP of guest ring 0 here
 * @area: the vCPU's
 *
 * CLI and STI change the guest's IF; MOV from CR0, CR2, CR3, CR4 reads the
 * guest's. All else, code that single-steps, and STI while somebody waits for
 * it belong to the slow path.
 *
 * Return: @area to resume the guest, NULL to exit to the host.
 */
SWITCHER struct world_area *world_fast_path(struct world_area *area)
{
	const struct world_state *state = &area->state;
	struct world_shared *shared = &area->shared;
	struct world_frame *frame = &area->frame;
	u64 ip = frame->ip;
	u32 code;

	/* fast_cs has RPL 1: this is guest ring 0, flat and 32-bit. */
	if (frame->cs != state->fast_cs)
		return NULL;
	/* Another stack segment may be one that IRETQ cannot go back to. */
	if (frame->ss != state->fast_ss)
		return NULL;
	if (frame->error_code || (frame->flags & (X86_EFLAGS_TF | X86_EFLAGS_VM)) ||
	    ip > U32_MAX - sizeof(code))
		return NULL;

	code = fetch(ip);
	if ((u8)code == OPCODE_CLI) {
		shared->virtual_if = 0;
		return finish(area, 1, WORLD_FAST_CLI);
	}
	if ((u8)code == OPCODE_STI) {
		if (!state->fast_sti)
			return NULL;
		if (!shared->virtual_if) {
			shared->virtual_if = 1;
			shared->shadow_valid = 1;
			shared->shadow_ip = (u32)ip + 1;
		}
		return finish(area, 1, WORLD_FAST_STI);
	}
	if ((u16)code == OPCODE_MOV_FROM_CR) {
		unsigned int control = code >> 19 & 7;
		unsigned int reg = code >> 16 & 7;

		if (control > 4 || control == 1)
			return NULL;
		if (reg == REG_SP)
			frame->sp = state->virtual_cr[control];
		else
			frame->regs[reg] = state->virtual_cr[control];
		return finish(area, 3, WORLD_FAST_MOV_FROM_CR);
	}
	return NULL;
}
