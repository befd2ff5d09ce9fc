/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stubs that raise an interrupt in the host, which the processor has already
 * acknowledged while the guest world's IDT was loaded. Called by world_run()
 * in the host world with interrupts off; ordinary text.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>
#include "world/layout.h"

	.text
	.balign WORLD_RAISE_BYTES
SYM_CODE_START(world_raise_stubs)
	vector = 0
	.rept 256
	.balign WORLD_RAISE_BYTES
	UNWIND_HINT_FUNC
	endbr64
	.byte	0xcd, vector	/* INT n; INT3 has a shorter form */
	jmp	world_raise_return
	vector = vector + 1
	.endr
SYM_INNER_LABEL(world_raise_return, SYM_L_LOCAL)
	UNWIND_HINT_FUNC
	RET
SYM_CODE_END(world_raise_stubs)
