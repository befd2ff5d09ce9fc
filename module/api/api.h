/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the API layer share: /dev/ringlet, the VM's file and the
 * vCPU's file. Only main.c calls in from outside; clients come by ioctl, mmap
 * and close, in process context, in the host world.
 *
 * Who keeps what alive: a VM's file and its vCPU's file hold one reference to
 * struct vm each, a mapping of struct kvm_run holds the vCPU's file. The vCPU
 * is destroyed with the VM, when the last of them is gone; in which order they
 * are closed does not matter.
 */
#ifndef RINGLET_API_API_H
#define RINGLET_API_API_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "run/vcpu.h"

/* Registers /dev/ringlet, or what parameter node says. 0 or -errno. */
int api_init(void);
void api_exit(void);

/* RINGLET_ENGINE_* of a VM whose client chooses none: parameter engine. */
u32 api_default_engine(void);

/* KVM_CHECK_EXTENSION on the device and on a VM: 0 for what is not there. */
long api_check_extension(unsigned long capability);

/* ---- vm.c */

/* KVM_CREATE_VM: the new file descriptor or -errno. */
int vm_create_file(void);
/* Drop a reference; the last one destroys the VM and its vCPU. */
void vm_put(struct vm *vm);
/* Whether the calling thread belongs to the process that made the VM. */
static inline bool vm_is_of_current(const struct vm *vm)
{
	return vm->mmu.mm == current->mm;
}

/* ---- irqchip.c */

/* The VM's ioctls about interrupts and timers; -ENOTTY for all others. */
long irqchip_ioctl(struct vm *vm, unsigned int ioctl, void __user *user);
/* KVM_CAP_SPLIT_IRQCHIP; @client_pins: GSIs that the client's I/O APICs take. */
long irqchip_create_split(struct vm *vm, u64 client_pins);

/* ---- vcpu.c */

/* KVM_CREATE_VCPU, vm->lock held: the new file descriptor or -errno. */
int vcpu_create_file(struct vm *vm);

/*
 * ---- state.c, fpu.c: the vCPU's state to and from KVM's structures; vcpu->mutex
 * held. Setters: 0 or -errno, and then nothing was changed.
 */

void state_get_regs(struct vcpu *vcpu, struct kvm_regs *regs);
void state_set_regs(struct vcpu *vcpu, const struct kvm_regs *regs);
void state_get_sregs(struct vcpu *vcpu, struct kvm_sregs *sregs);
int state_set_sregs(struct vcpu *vcpu, const struct kvm_sregs *sregs);
int state_get_fpu(struct vcpu *vcpu, struct kvm_fpu *fpu);
int state_set_fpu(struct vcpu *vcpu, const struct kvm_fpu *fpu);
void state_get_xsave(struct vcpu *vcpu, struct kvm_xsave *xsave);
int state_set_xsave(struct vcpu *vcpu, const struct kvm_xsave *xsave);
void state_get_xcrs(struct kvm_xcrs *xcrs);
int state_set_xcrs(const struct kvm_xcrs *xcrs);
void state_get_events(struct vcpu *vcpu, struct kvm_vcpu_events *events);
int state_set_events(struct vcpu *vcpu, const struct kvm_vcpu_events *events);
void state_get_debug_registers(struct vcpu *vcpu, struct kvm_debugregs *regs);
int state_set_debug_registers(struct vcpu *vcpu, const struct kvm_debugregs *regs);

/* ---- cpuid.c, msr.c */

/* KVM_GET_SUPPORTED_CPUID, KVM_SET_CPUID2, KVM_GET_CPUID2. */
long cpuid_get_supported(struct kvm_cpuid2 __user *user);
long cpuid_set(struct vcpu *vcpu, struct kvm_cpuid2 __user *user);
long cpuid_get(struct vcpu *vcpu, struct kvm_cpuid2 __user *user);

/* KVM_GET_MSR_INDEX_LIST; KVM_GET_MSRS and KVM_SET_MSRS: how many were done. */
long msr_get_index_list(struct kvm_msr_list __user *user);
long msr_get(struct vcpu *vcpu, struct kvm_msrs __user *user);
long msr_set(struct vcpu *vcpu, struct kvm_msrs __user *user);

#endif /* RINGLET_API_API_H */
