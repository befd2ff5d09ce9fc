/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device, the VM and its vCPU: the ioctls of <linux/kvm.h> and of
 * <linux/ringlet.h>, with errors in sentences. Nothing else in the tool calls
 * ioctl() on them.
 */
#ifndef RINGLET_TOOL_VM_H
#define RINGLET_TOOL_VM_H

#include <linux/kvm.h>
#include <linux/ringlet.h>

#include "cpu_model.h"
#include "guest_memory.h"
#include "load.h"

#define DEFAULT_DEVICE "/dev/ringlet"
#define KVM_DEVICE     "/dev/kvm"

/**
 * struct vm - one VM with one vCPU
 * @device_name: path of the device, for messages
 * @interface: what RINGLET_CAP answers: 0 means that the device is KVM's
 * @model: the virtual CPU; NULL: what the device supports
 * @shows_host: guest ring 0 may execute the processor's own CPUID
 * @has_irqchip: the device has the interrupt controllers and the timer, and
 *	halts the vCPU itself
 * @device, @fd, @vcpu: file descriptors; -1 while closed
 * @run: shared with the device, @run_size bytes
 */
struct vm {
	const char *device_name;
	int interface;
	const struct cpu_model *model;
	bool shows_host;
	bool has_irqchip;
	int device;
	int fd;
	int vcpu;
	struct kvm_run *run;
	size_t run_size;
};

/**
 * vm_open() - open the device and see that it speaks the ABI
 *
 * vm_close() is to be called whatever this returns.
 */
bool vm_open(struct vm *vm, const char *device_name, struct message *error);

/**
 * vm_choose_cpu() - which virtual CPU vm_create() makes
 * @name: of a model that there is; NULL: the one that suits the engine
 * @engine: as for vm_create()
 *
 * Without it the guest gets what the device supports. That suits engine trap,
 * whose guests see the host's CPUID where the processor cannot trap it, and
 * other devices; an engine that hides the host gets a model.
 */
void vm_choose_cpu(struct vm *vm, const char *name, int engine);

/**
 * struct vm_wishes - what a VM is to have
 * @engine: RINGLET_ENGINE_...; -1 for the device's own choice
 * @engine_name: for messages
 * @irqchip: whether the device is to have the interrupt controllers and the timer
 */
struct vm_wishes {
	int engine;
	const char *engine_name;
	bool irqchip;
};

/**
 * vm_create() - make the VM with its memory slots, and a vCPU
 */
bool vm_create(struct vm *vm, const struct guest_memory *memory, const struct vm_wishes *wishes,
	       struct message *error);

/**
 * vm_offers_irqchip() - whether the device can have interrupt controllers and timer
 */
bool vm_offers_irqchip(const struct vm *vm);

/**
 * vm_set_irq() - drive a line of those interrupt controllers
 */
void vm_set_irq(const struct vm *vm, unsigned int line, bool level);

/**
 * vm_is_halted() - whether the vCPU waits in HLT
 *
 * Only while it is not in vm_run(), and only the device that halts it knows.
 */
bool vm_is_halted(const struct vm *vm);

/**
 * vm_set_cpuid() - what the guest's CPUID answers, before it first runs
 * @edit: changes the device's own table; NULL: leave it
 *
 * vm_create() has done so once, without changes.
 */
typedef void (*vm_cpuid_editor)(struct kvm_cpuid2 *cpuid, void *context);
bool vm_set_cpuid(struct vm *vm, vm_cpuid_editor edit, void *context, struct message *error);

/**
 * vm_set_umip() - whether SGDT, SIDT, SLDT, STR and SMSW trap
 *
 * Return: false if this device or the processor cannot do it.
 */
bool vm_set_umip(const struct vm *vm, bool on);

/**
 * vm_set_entry() - the registers for the guest's first instruction
 */
bool vm_set_entry(struct vm *vm, const struct entry_state *entry, struct message *error);

void vm_close(struct vm *vm);

/**
 * vm_run() - KVM_RUN
 *
 * Return: 0, or the errno. EINTR and EAGAIN mean: try again.
 */
int vm_run(struct vm *vm);

/**
 * vm_step() - let vm_run() return with KVM_EXIT_DEBUG after so many steps
 */
bool vm_step(const struct vm *vm, unsigned int steps);

/**
 * vm_translate() - where a linear address leads, for ring 0
 *
 * Return: false: nowhere.
 */
bool vm_translate(const struct vm *vm, uint32_t linear, uint64_t *address);

/**
 * vm_explain_run_error() - a sentence for what vm_run() returned
 */
void vm_explain_run_error(const struct vm *vm, int error, struct message *sentence);

/**
 * vm_check_extension() - KVM_CHECK_EXTENSION
 *
 * Return: its answer; 0 on errors.
 */
int vm_check_extension(const struct vm *vm, unsigned int capability);

bool vm_set_registers(const struct vm *vm, const struct kvm_regs *regs);
bool vm_get_registers(const struct vm *vm, struct kvm_regs *regs, struct kvm_sregs *sregs);

/**
 * vm_stop_reason() - the module's sentence on why the VM cannot go on
 *
 * Return: false if there is none.
 */
bool vm_stop_reason(const struct vm *vm, struct ringlet_stop_reason *reason);

/**
 * vm_read_processor() - what the processor's own registers hold for the guest
 *
 * Return: false if nobody says: another device, or not root.
 */
bool vm_read_processor(const struct vm *vm, struct ringlet_processor *processor);

/**
 * vm_interrupt() - an external interrupt, for when the guest takes them
 */
bool vm_interrupt(const struct vm *vm, unsigned int vector);

bool vm_statistics(const struct vm *vm, struct ringlet_statistics *statistics);

#endif /* RINGLET_TOOL_VM_H */
