// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and unloads the module 50 times, with a VM made and run in between; the
 * kernel must have as much memory afterwards as after the first times. The last
 * thing before the module goes is the end of an eventfd that had an irqfd, which
 * is freed a while later.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chips.h"

#define MODULE "/lib/modules/ringlet.ko"
#define TIMES  50
/* What counts as the kernel's own, besides slab: pages in per-CPU lists. */
#define TOLERANCE_KB 2048

GUEST_CODE(out, "out %al, $0x10\n hlt");

static int load(void)
{
	int file = open(MODULE, O_RDONLY | O_CLOEXEC);
	int result;

	if (file < 0)
		return -1;
	result = syscall(SYS_finit_module, file, "", 0);
	close(file);
	return result;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "ringlet", O_NONBLOCK);
}

/* The kernel's view, after what can be given back was given back. */
static long unreclaimable_kb(void)
{
	int file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (file >= 0) {
		if (write(file, "3", 1) != 1)
			note("drop_caches cannot be written");
		close(file);
	}
	return proc_number("/proc/meminfo", "SUnreclaim") +
	       proc_number("/proc/meminfo", "VmallocUsed") +
	       proc_number("/proc/meminfo", "KernelStack") +
	       proc_number("/proc/meminfo", "PageTables");
}

/* Makes a machine, and lets it go; whether all was well. */
static bool use(void)
{
	struct kvm_irqfd irqfd = { .fd = eventfd(0, EFD_CLOEXEC),
				   .flags = KVM_IRQFD_FLAG_RESAMPLE };
	struct machine machine;
	bool well;

	irqfd.resamplefd = irqfd.fd;
	machine_create_with(&machine, MACHINE_MEMORY, machine_make_irqchip);
	MACHINE_BOOT(&machine, out);
	well = !machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO &&
	       !ioctl(machine.vm, KVM_IRQFD, &irqfd);
	close(irqfd.fd);
	machine_destroy(&machine);
	return well;
}

int main(void)
{
	long before = 0, after;
	int i, failed = 0;

	if (unload())
		bail_out("unloading the first time");
	check(access(DEVICE, F_OK) != 0, DEVICE " is gone with the module");
	for (i = 0; i < TIMES; i++) {
		if (load()) {
			failed++;
			break;
		}
		failed += !use();
		if (unload()) {
			failed++;
			break;
		}
		if (i == 9)
			before = unreclaimable_kb();
	}
	check(failed == 0 && i == TIMES, "loaded, ran and unloaded %d times", i);
	after = unreclaimable_kb();
	check(after - before < TOLERANCE_KB, "%ld kB of kernel memory more than after 10 times",
	      after - before);
	check_done(load(), "the module is loaded again");
	check_error(load(), EEXIST, "loading it twice");
	return finish();
}
