// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host kernel wants of a thread before it runs a guest: scheduling,
 * task work, signals. Called by the run loop, in the host world.
 *
 * The kernel's function for that takes KVM's vCPU, only to count a signal in it
 * and to write the exit reason where the client sees it. It gets one that
 * nobody looks at, in which concurrent writes do no harm.
 */
#include <linux/entry-kvm.h>
#include <linux/kvm_host.h>

#include "host/host.h"

static struct kvm_run nobodys_run;
static struct kvm_vcpu nobodys_vcpu = { .run = &nobodys_run };

int host_handle_work(void)
{
	return xfer_to_guest_mode_handle_work(&nobodys_vcpu);
}
