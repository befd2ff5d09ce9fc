/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clocks of a VM: its time stamp counter, and KVM's paravirtual clock in
 * guest memory. Called by the run loop, the bus and the API layer, host world.
 *
 * The guest's counter is the host's plus an offset, 0 unless somebody writes
 * it: then RDTSC of ring 3, which runs directly, and that of ring 0, which may
 * be emulated, read the same. With an offset RDTSC traps in every ring.
 */
#ifndef RINGLET_RUN_CLOCK_H
#define RINGLET_RUN_CLOCK_H

#include <linux/kvm.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "cpu/clock.h"

struct vcpu;
struct vm;

/**
 * struct vm_clock - the VM's paravirtual clock
 * @lock: guards all of it; process context only
 * @line: over the host's TSC
 * @offset: what the clock ought to show, minus the host's time since boot
 * @generation: changes when the client sets the clock
 */
struct vm_clock {
	spinlock_t lock;
	struct clock_line line;
	u64 offset;
	u32 generation;
};

/**
 * struct vcpu_clock - a vCPU's view of it
 * @due: tell the guest again before it runs on
 * @stopped: tell it that it was stopped (KVM_KVMCLOCK_CTRL)
 * @next: host TSC at which it is told again in any case
 * @cpu: host CPU on which it was last told
 * @generation: of struct vm_clock, then
 * @version: of the page and of the wall clock, then
 * @khz: what KVM_GET_TSC_KHZ answers
 *
 * Belongs to the vCPU's mutex.
 */
struct vcpu_clock {
	bool due;
	bool stopped;
	u64 next;
	int cpu;
	u32 generation;
	u32 version;
	u32 khz;
};

/* The host's TSC in kHz; 0 if it does not know. No clock is offered then. */
u32 clock_host_khz(void);

void clock_create(struct vm *vm);
void clock_create_vcpu(struct vcpu *vcpu);

/* KVM_GET_CLOCK and KVM_SET_CLOCK; -EINVAL for flags that there are not. */
void clock_get(struct vm *vm, struct kvm_clock_data *data);
int clock_set(struct vm *vm, const struct kvm_clock_data *data);

/* KVM_KVMCLOCK_CTRL: -EINVAL while the guest has no clock. */
int clock_note_stop(struct vcpu *vcpu);

/**
 * clock_set_khz() - KVM_SET_TSC_KHZ
 * Return: 0; -EINVAL for a rate that is not the host's, since there is no
 * scaling. 0 kHz means the host's.
 */
int clock_set_khz(struct vcpu *vcpu, unsigned long khz);

/* The guest writes its counter; or the client does, as KVM understands it: 0
 * and what is within a second of the present value leave it alone. */
void clock_write_tsc(struct vcpu *vcpu, u64 value);
void clock_write_tsc_by_client(struct vcpu *vcpu, u64 value);

/* The guest wrote MSR_KVM_SYSTEM_TIME: its next instruction may read the page. */
void clock_tell(struct vcpu *vcpu);
/* The guest wrote MSR_KVM_WALL_CLOCK: fill the structure there, at once. */
void clock_tell_wall(struct vcpu *vcpu);

/* Tell the guest if it is time to, or if it has to be told. Sleeps. */
void clock_before_entry(struct vcpu *vcpu);

#endif /* RINGLET_RUN_CLOCK_H */
