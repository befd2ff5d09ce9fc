// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading of ringlet.ko. Called by the module loader, in the host
 * world, in process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>

static int __init ringlet_init(void)
{
	pr_info("loaded\n");
	return 0;
}

static void __exit ringlet_exit(void)
{
	pr_info("unloaded\n");
}

module_init(ringlet_init);
module_exit(ringlet_exit);

MODULE_DESCRIPTION("Run 32-bit x86 kernels in ring 1");
MODULE_LICENSE("GPL");
