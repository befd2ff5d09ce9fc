/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of the switcher's text; linked last of its objects. Fills the last
 * page, so that the guest world maps nothing else of the module.
 */
#include <linux/linkage.h>

	.section .switcher.text, "ax"
	.balign 4096, 0xcc
SYM_CODE_START(world_text_end)
SYM_CODE_END(world_text_end)
