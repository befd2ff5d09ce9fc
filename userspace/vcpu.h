/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual CPU's thread: KVM_RUN and what its exits ask for.
 */
#ifndef RINGLET_TOOL_VCPU_H
#define RINGLET_TOOL_VCPU_H

#include <pthread.h>

#include "machine.h"
#include "tick.h"
#include "vm.h"

#define EXIT_REASONS 48

/**
 * struct vcpu - the thread and what it counts
 * @exits: returns from KVM_RUN, by exit reason; others in the last one
 * @interrupted: returns because of a signal
 * @tick: the timer interrupt; its rate is set before vcpu_start()
 * @shutdown_registers: whether @regs and @sregs hold the registers at the end
 */
struct vcpu {
	struct vm *vm;
	struct machine *machine;
	pthread_t thread;
	uint64_t exits[EXIT_REASONS];
	uint64_t interrupted;
	struct tick tick;
	bool has_registers;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
};

/**
 * vcpu_start() - start the thread, which runs until control_end()
 */
bool vcpu_start(struct vcpu *vcpu, struct vm *vm, struct machine *machine, struct message *error);

/**
 * vcpu_tick() - a period of the timer is over
 *
 * Call with the machine's lock held.
 */
void vcpu_tick(struct vcpu *vcpu);

/**
 * vcpu_kick() - bring the thread out of KVM_RUN and see whether the guest still runs
 *
 * Call with the machine's lock held.
 */
void vcpu_kick(struct vcpu *vcpu);

/**
 * vcpu_stop() - bring the thread out of KVM_RUN and wait for it
 *
 * Return: false if it does not come back within five seconds, which would be a
 * mistake of the device's.
 */
bool vcpu_stop(struct vcpu *vcpu);

/**
 * exit_reason_name() - KVM_EXIT_...; NULL for one that has no name here
 */
const char *exit_reason_name(unsigned int reason);

/**
 * vcpu_print_registers() - on standard error, if @vcpu->has_registers
 */
void vcpu_print_registers(const struct vcpu *vcpu);

#endif /* RINGLET_TOOL_VCPU_H */
