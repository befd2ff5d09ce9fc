// SPDX-License-Identifier: GPL-2.0-only
/*
 * RINGLET_SET_UMIP and RINGLET_READ_PROCESSOR: what a guest's STR shows with
 * and without, and what the two ioctls refuse.
 */
#include <cpuid.h>
#include <unistd.h>

#include "selftest.h"

#define NOBODY	     65534
#define FEATURE_UMIP (1u << 2)

GUEST_CODE(str, "str %eax; out %al, $0x80; hlt");

static bool host_has_umip(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx & FEATURE_UMIP);
}

/* TR as the guest saw it. */
static unsigned int run_str(struct machine *machine)
{
	struct kvm_regs regs;

	MACHINE_BOOT(machine, str);
	if (machine_run(machine) || machine->run->exit_reason != KVM_EXIT_IO)
		bail_out("the guest did not come to its OUT");
	machine_get_regs(machine, &regs);
	return regs.rax & 0xffff;
}

static void test_off(void)
{
	struct ringlet_processor processor;
	struct machine machine;
	unsigned int seen;

	machine_create(&machine, MACHINE_MEMORY);
	check_error(ioctl(machine.vcpu, RINGLET_READ_PROCESSOR, &processor), EAGAIN,
		    "before the first run nothing is known of the processor");
	check_done(ioctl(machine.vm, RINGLET_SET_UMIP, 0), "UMIP off");
	seen = run_str(&machine);
	check_done(ioctl(machine.vcpu, RINGLET_READ_PROCESSOR, &processor),
		   "reading the processor's registers");
	check(seen == processor.tss_selector && seen != MACHINE_TSS_SELECTOR,
	      "STR shows the host's selector");
	check(!(processor.cr4 & 0x800), "UMIP is off in CR4");
	check_error(ioctl(machine.vm, RINGLET_SET_UMIP, 0), EBUSY, "a change after the first run");
	check_error(ioctl(machine.vcpu, RINGLET_READ_PROCESSOR, NULL), EFAULT, "a bad address");
	if (seteuid(NOBODY))
		bail_out("cannot become another user");
	check_error(ioctl(machine.vcpu, RINGLET_READ_PROCESSOR, &processor), EPERM,
		    "an ordinary user does not see host addresses");
	if (seteuid(0))
		bail_out("cannot become root again");
	machine_destroy(&machine);
}

static void test_on(void)
{
	struct machine machine;

	machine_create(&machine, MACHINE_MEMORY);
	check_error(ioctl(machine.vm, RINGLET_SET_UMIP, 2), EINVAL, "neither on nor off");
	if (!host_has_umip()) {
		check_error(ioctl(machine.vm, RINGLET_SET_UMIP, 1), EOPNOTSUPP,
			    "UMIP on a processor without it");
	} else {
		check(run_str(&machine) == MACHINE_TSS_SELECTOR,
		      "with UMIP, which is on by itself, STR shows the guest's selector");
		machine_destroy(&machine);
		machine_create(&machine, MACHINE_MEMORY);
		check_done(ioctl(machine.vm, RINGLET_SET_UMIP, 0), "UMIP off");
		check_done(ioctl(machine.vm, RINGLET_SET_UMIP, 1), "and on again");
		check(run_str(&machine) == MACHINE_TSS_SELECTOR, "STR shows the guest's selector");
	}
	machine_destroy(&machine);
}

int main(void)
{
	test_off();
	test_on();
	return finish();
}
