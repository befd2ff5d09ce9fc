// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts what KVM_RUN returns to a client that does not count itself: loaded into
 * QEMU by LD_PRELOAD. At the client's end it prints "figure GROUP NAME VALUE" lines
 * on the standard error output, the module's own statistics with them.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include <linux/kvm.h>
#include <linux/ringlet.h>

#define MSR_TSC	    0x10
#define REASONS	    64
#define INTERRUPTED (REASONS - 1) /* KVM_RUN failed: a signal */

static int vcpu = -1;
static const struct kvm_run *run;
static unsigned long long returns[REASONS];
static unsigned long long by_port[0x10000];

static void watch(int file)
{
	void *mapped = mmap(NULL, sizeof(*run), PROT_READ, MAP_SHARED, file, 0);

	if (mapped == MAP_FAILED)
		return;
	run = mapped;
	vcpu = file;
}

/* In place of the C library's. */
int ioctl(int file, unsigned long request, ...)
{
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	result = (int)syscall(SYS_ioctl, file, request, argument);
	if (request == KVM_CREATE_VCPU && result >= 0)
		watch(result);
	if (request == KVM_RUN && file == vcpu && !result && run->exit_reason == KVM_EXIT_IO)
		by_port[run->io.port]++;
	if (request == KVM_RUN && file == vcpu)
		returns[result || run->exit_reason >= INTERRUPTED ? INTERRUPTED
								  : run->exit_reason]++;
	return result;
}

/* The guest's counter less the host's. */
static long long counter_offset(void)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msrs = { .header.nmsrs = 1, .entry.index = MSR_TSC };

	if (syscall(SYS_ioctl, vcpu, KVM_GET_MSRS, &msrs) != 1)
		return 0;
	return (long long)(msrs.entry.data - __rdtsc());
}

__attribute__((destructor)) static void tell(void)
{
	struct ringlet_statistics statistics;

	if (vcpu < 0)
		return;
	fprintf(stderr, "\nfigure guest counter_offset %lld\n", counter_offset());
	for (int i = 0; i < REASONS; i++) {
		if (returns[i])
			fprintf(stderr, "figure returns %d %llu\n", i, returns[i]);
	}
	for (int i = 0; i < 0x10000; i++) {
		if (by_port[i])
			fprintf(stderr, "figure ports %x %llu\n", i, by_port[i]);
	}
	if (syscall(SYS_ioctl, vcpu, RINGLET_GET_STATISTICS, &statistics))
		return;
	for (int i = 0; i < RINGLET_EXIT_REASONS; i++) {
		if (statistics.exits[i])
			fprintf(stderr, "figure exits %d %llu\n", i, statistics.exits[i]);
	}
	fprintf(stderr, "figure module interpreted %llu\n", statistics.interpreted);
	fprintf(stderr, "figure module world_switches %llu\n", statistics.world_switches);
	fprintf(stderr, "figure module interrupts %llu\n", statistics.injected_interrupts);
	fprintf(stderr, "figure module halts %llu\n", statistics.halts);
	fprintf(stderr, "figure module coalesced %llu\n", statistics.writes_coalesced);
	fprintf(stderr, "figure module doorbells %llu\n", statistics.doorbells_rung);
}
