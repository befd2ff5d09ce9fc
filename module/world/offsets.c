// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offsets of the structures that world/'s assembly touches; kbuild turns this
 * into world-offsets.h. Never linked.
 */
#include <linux/kbuild.h>
#include "world/layout.h"

#define AREA(symbol, member) OFFSET(symbol, world_area, member)

void world_offsets(void);
void world_offsets(void)
{
	AREA(AREA_NMI_NOTED, shared.nmi_noted);
	AREA(AREA_MC_NOTED, shared.mc_noted);
	AREA(AREA_DS, shared.ds);
	AREA(AREA_ES, shared.es);
	AREA(AREA_FS, shared.fs);
	AREA(AREA_GS, shared.gs);
	AREA(AREA_FRAME, frame);
	AREA(AREA_FRAME_VECTOR, frame.vector);
	AREA(AREA_FRAME_ERROR_CODE, frame.error_code);
	AREA(AREA_FRAME_IP, frame.ip);
	AREA(AREA_HOST_RSP, state.host_rsp);
	AREA(AREA_HOST_CR0, state.host_cr0);
	AREA(AREA_HOST_CR3, state.host_cr3);
	AREA(AREA_HOST_CR4, state.host_cr4);
	AREA(AREA_GUEST_CR0, state.guest_cr0);
	AREA(AREA_GUEST_CR3, state.guest_cr3);
	AREA(AREA_GUEST_CR4, state.guest_cr4);
	AREA(AREA_TRAMPOLINE_TSS_TYPE, state.trampoline_tss_type);
	AREA(AREA_HOST_GDT, state.host_gdt);
	AREA(AREA_HOST_IDT, state.host_idt);
	AREA(AREA_TRAMPOLINE_GDT, state.trampoline_gdt);
	AREA(AREA_SHADOW_GDT, state.shadow_gdt);
	AREA(AREA_IDT, state.idt);
	AREA(AREA_HOST_LDT, state.host_ldt);
	AREA(AREA_LDT_SELECTOR, state.ldt_selector);
	AREA(AREA_TSS_SELECTOR, state.tss_selector);
	BLANK();
	OFFSET(FRAME_AX, world_frame, regs[REG_AX]);
	OFFSET(FRAME_CX, world_frame, regs[REG_CX]);
	OFFSET(FRAME_DX, world_frame, regs[REG_DX]);
	OFFSET(FRAME_BX, world_frame, regs[REG_BX]);
	OFFSET(FRAME_BP, world_frame, regs[REG_BP]);
	OFFSET(FRAME_SI, world_frame, regs[REG_SI]);
	OFFSET(FRAME_DI, world_frame, regs[REG_DI]);
	OFFSET(FRAME_VECTOR, world_frame, vector);
	OFFSET(FRAME_IP, world_frame, ip);
	OFFSET(FRAME_CS, world_frame, cs);
	OFFSET(FRAME_FLAGS, world_frame, flags);
	OFFSET(FRAME_SP, world_frame, sp);
}
