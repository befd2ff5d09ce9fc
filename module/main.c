// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading of ringlet.ko. Called by the module loader, in the host
 * world, in process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "api/api.h"
#include "host/host.h"
#include "run/vcpu.h"

bool ringlet_ignore_msrs;
module_param_named(ignore_msrs, ringlet_ignore_msrs, bool, 0644);
MODULE_PARM_DESC(ignore_msrs,
		 "An MSR that the virtual CPU has not reads 0 and takes writes, with a line in the log, instead of #GP (default off)");

static int __init ringlet_init(void)
{
	int error;

	error = host_check();
	if (error)
		return error;
	error = run_init();
	if (error)
		return error;
	error = api_init();
	if (error)
		run_exit();
	return error;
}

static void __exit ringlet_exit(void)
{
	api_exit();
	run_exit();
}

module_init(ringlet_init);
module_exit(ringlet_exit);

MODULE_DESCRIPTION("Run 32-bit x86 kernels in ring 1");
MODULE_VERSION("0.1");
MODULE_LICENSE("GPL");
