// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU's FPU state in KVM's structures, both ways. Called by vcpu.c
 * with vcpu->mutex held, in the host world.
 *
 * The guest has no XSAVE, so x87 and SSE are all of its state; what the kernel
 * keeps beside them stays in its initial configuration. KVM gives a guest without
 * XSAVE the standard format too, with these two components.
 */
#include <linux/cpufeature.h>
#include <linux/kvm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xstate.h>

#include "api/api.h"

/* struct kvm_fpu is the legacy area in another order. */
static_assert(sizeof(((struct kvm_fpu *)0)->fpr) == sizeof(((struct fxregs_state *)0)->st_space));
static_assert(sizeof(((struct kvm_fpu *)0)->xmm) == sizeof(((struct fxregs_state *)0)->xmm_space));

int state_get_fpu(struct vcpu *vcpu, struct kvm_fpu *fpu)
{
	struct fxregs_state *legacy;
	struct xregs_state *area;

	area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);
	if (!area)
		return -ENOMEM;
	fpu_copy_guest_fpstate_to_uabi(&vcpu->fpu, area, sizeof(*area), XFEATURE_MASK_FPSSE, 0);
	legacy = &area->i387;
	memcpy(fpu->fpr, legacy->st_space, sizeof(fpu->fpr));
	fpu->fcw = legacy->cwd;
	fpu->fsw = legacy->swd;
	fpu->ftwx = legacy->twd;
	fpu->last_opcode = legacy->fop;
	fpu->last_ip = legacy->rip;
	fpu->last_dp = legacy->rdp;
	memcpy(fpu->xmm, legacy->xmm_space, sizeof(fpu->xmm));
	fpu->mxcsr = legacy->mxcsr;
	kfree(area);
	return 0;
}

int state_set_fpu(struct vcpu *vcpu, const struct kvm_fpu *fpu)
{
	struct fxregs_state *legacy;
	struct xregs_state *area;
	int error;

	area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);
	if (!area)
		return -ENOMEM;
	area->header.xfeatures = XFEATURE_MASK_FPSSE;
	legacy = &area->i387;
	memcpy(legacy->st_space, fpu->fpr, sizeof(fpu->fpr));
	legacy->cwd = fpu->fcw;
	legacy->swd = fpu->fsw;
	legacy->twd = fpu->ftwx;
	legacy->fop = fpu->last_opcode;
	legacy->rip = fpu->last_ip;
	legacy->rdp = fpu->last_dp;
	memcpy(legacy->xmm_space, fpu->xmm, sizeof(fpu->xmm));
	legacy->mxcsr = fpu->mxcsr;
	/* Refuses reserved bits of MXCSR. */
	error = fpu_copy_uabi_to_guest_fpstate(&vcpu->fpu, area, XFEATURE_MASK_FPSSE, NULL);
	kfree(area);
	return error;
}


/* ---- XSAVE's format -------------------------------------------------------- */

static_assert(sizeof(struct xregs_state) <= sizeof(struct kvm_xsave));

void state_get_xsave(struct vcpu *vcpu, struct kvm_xsave *xsave)
{
	fpu_copy_guest_fpstate_to_uabi(&vcpu->fpu, xsave->region, sizeof(xsave->region),
				       XFEATURE_MASK_FPSSE, 0);
}

int state_set_xsave(struct vcpu *vcpu, const struct kvm_xsave *xsave)
{
	/* Refuses other components, a bad header, and reserved bits of MXCSR. */
	return fpu_copy_uabi_to_guest_fpstate(&vcpu->fpu, xsave->region, XFEATURE_MASK_FPSSE,
					      NULL);
}

/* XCR0, which is what it is at reset while CPUID has no XSAVE. */
void state_get_xcrs(struct kvm_xcrs *xcrs)
{
	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		return;
	xcrs->nr_xcrs = 1;
	xcrs->xcrs[0].value = XFEATURE_MASK_FP;
}

int state_set_xcrs(const struct kvm_xcrs *xcrs)
{
	u32 i;

	if (!boot_cpu_has(X86_FEATURE_XSAVE) || xcrs->nr_xcrs > KVM_MAX_XCRS || xcrs->flags)
		return -EINVAL;
	/* As in KVM: the first that is XCR0 counts, and no other is looked at. */
	for (i = 0; i < xcrs->nr_xcrs; i++)
		if (!xcrs->xcrs[i].xcr)
			return xcrs->xcrs[i].value == XFEATURE_MASK_FP ? 0 : -EINVAL;
	return 0;
}
