// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM's ioctls about interrupt controllers and the timer. Called by vm.c in
 * process context, in the host world.
 *
 * The irqchip is made before the vCPU or not at all; the pointer never changes
 * afterwards. Making it and the PIT is under vm->lock, the rest under the lock
 * of the irqchip.
 */
#include <linux/err.h>
#include <linux/kvm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "api/api.h"

static struct irqchip *irqchip_of(struct vm *vm)
{
	/* Another thread may just be making it: pairs with create_irqchip(). */
	return smp_load_acquire(&vm->irqchip);
}

/* @late: KVM's answer when there is a vCPU already. */
static long create_irqchip(struct vm *vm, bool split, long late)
{
	struct irqchip *irqchip;
	long result = 0;

	mutex_lock(&vm->lock);
	if (vm->irqchip) {
		result = -EEXIST;
	} else if (vm->vcpu) {
		result = late;
	} else {
		irqchip = irqchip_create(split, vcpu_interrupt_raised, vm);
		/* Pairs with irqchip_of(). */
		smp_store_release(&vm->irqchip, irqchip);
		if (!irqchip)
			result = -ENOMEM;
	}
	mutex_unlock(&vm->lock);
	return result;
}

/* The irqchip if it has all chips, else NULL: what is not there is the client's. */
static struct irqchip *whole_irqchip_of(struct vm *vm)
{
	struct irqchip *irqchip = irqchip_of(vm);

	return irqchip && !irqchip->split ? irqchip : NULL;
}

long irqchip_create_split(struct vm *vm, u64 client_pins)
{
	return client_pins > IRQCHIP_ROUTES ? -EINVAL : create_irqchip(vm, true, -EEXIST);
}

/* Without a PIC it has no use: KVM of 6.1 makes one that never ticks. */
static long create_pit(struct vm *vm, u32 flags)
{
	struct irqchip *irqchip = whole_irqchip_of(vm);

	return irqchip ? irqchip_create_pit(irqchip, flags) : -ENOENT;
}

static long create_pit2(struct vm *vm, const void __user *user)
{
	struct kvm_pit_config config;

	if (copy_from_user(&config, user, sizeof(config)))
		return -EFAULT;
	return create_pit(vm, config.flags);
}

static long set_irq_line(struct vm *vm, void __user *user, bool with_status)
{
	struct irqchip *irqchip = irqchip_of(vm);
	struct kvm_irq_level line;

	if (copy_from_user(&line, user, sizeof(line)))
		return -EFAULT;
	if (!irqchip)
		return -ENXIO;
	line.status = irqchip_set_gsi(irqchip, line.irq, IRQCHIP_SOURCE_CLIENT, line.level);
	if (with_status && copy_to_user(user, &line, sizeof(line)))
		return -EFAULT;
	return 0;
}

static long get_irqchip(struct vm *vm, void __user *user)
{
	struct kvm_irqchip *chip;
	long result = -ENXIO;

	chip = memdup_user(user, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);
	if (whole_irqchip_of(vm))
		result = irqchip_get_chip(whole_irqchip_of(vm), chip);
	if (!result && copy_to_user(user, chip, sizeof(*chip)))
		result = -EFAULT;
	kfree(chip);
	return result;
}

static long set_irqchip(struct vm *vm, const void __user *user)
{
	struct kvm_irqchip *chip;
	long result = -ENXIO;

	chip = memdup_user(user, sizeof(*chip));
	if (IS_ERR(chip))
		return PTR_ERR(chip);
	if (whole_irqchip_of(vm))
		result = irqchip_set_chip(whole_irqchip_of(vm), chip);
	kfree(chip);
	return result;
}

/* KVM_GET_PIT gives the channels alone, KVM_GET_PIT2 the flags too. */
static long get_pit(struct vm *vm, void __user *user, size_t bytes)
{
	struct irqchip *irqchip = irqchip_of(vm);
	struct kvm_pit_state2 state;
	long result;

	BUILD_BUG_ON(offsetof(struct kvm_pit_state2, flags) != sizeof(struct kvm_pit_state));
	result = irqchip ? irqchip_get_pit(irqchip, &state) : -ENXIO;
	if (!result && copy_to_user(user, &state, bytes))
		result = -EFAULT;
	return result;
}

static long set_pit(struct vm *vm, const void __user *user, size_t bytes)
{
	struct irqchip *irqchip = irqchip_of(vm);
	struct kvm_pit_state2 state = {};

	if (copy_from_user(&state, user, bytes))
		return -EFAULT;
	if (!irqchip)
		return -ENXIO;
	return irqchip_set_pit(irqchip, &state, bytes == sizeof(state));
}

static long reinject_control(struct vm *vm, const void __user *user)
{
	struct irqchip *irqchip = irqchip_of(vm);
	struct kvm_reinject_control control;

	if (copy_from_user(&control, user, sizeof(control)))
		return -EFAULT;
	return irqchip ? irqchip_set_reinject(irqchip, control.pit_reinject) : -ENXIO;
}

static long set_gsi_routing(struct vm *vm, const struct kvm_irq_routing __user *user)
{
	struct irqchip *irqchip = irqchip_of(vm);
	struct kvm_irq_routing_entry *entries = NULL;
	struct kvm_irq_routing routing;
	long result;

	if (copy_from_user(&routing, user, sizeof(routing)))
		return -EFAULT;
	if (!irqchip || routing.nr > IRQCHIP_ROUTES || routing.flags)
		return -EINVAL;
	if (routing.nr) {
		entries = vmemdup_user(user->entries, array_size(sizeof(*entries), routing.nr));
		if (IS_ERR(entries))
			return PTR_ERR(entries);
	}
	result = irqchip_set_routing(irqchip, entries, routing.nr);
	kvfree(entries);
	return result;
}

static long signal_msi(struct vm *vm, const void __user *user)
{
	struct irqchip *irqchip = irqchip_of(vm);
	struct kvm_msi msi;

	if (copy_from_user(&msi, user, sizeof(msi)))
		return -EFAULT;
	if (!irqchip || msi.flags)
		return -EINVAL;
	/* As in KVM: -1 is EPERM then. */
	return irqchip_send_message(irqchip, (u64)msi.address_hi << 32 | msi.address_lo, msi.data);
}

static long change_irqfd(struct vm *vm, const void __user *user)
{
	struct irqchip *irqchip = irqchip_of(vm);
	struct kvm_irqfd arguments;

	if (copy_from_user(&arguments, user, sizeof(arguments)))
		return -EFAULT;
	if (arguments.flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;
	if (arguments.flags & KVM_IRQFD_FLAG_DEASSIGN)
		return irqfd_deassign(irqchip, &arguments);
	/* A level has an end where the chips are that see it. */
	if (!irqchip || (irqchip->split && arguments.flags & KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;
	return irqfd_assign(irqchip, &arguments);
}

long irqchip_ioctl(struct vm *vm, unsigned int ioctl, void __user *user)
{
	switch (ioctl) {
	case KVM_CREATE_IRQCHIP:
		return create_irqchip(vm, false, -EINVAL);
	case KVM_CREATE_PIT:
		return create_pit(vm, KVM_PIT_SPEAKER_DUMMY);
	case KVM_CREATE_PIT2:
		return create_pit2(vm, user);
	case KVM_IRQ_LINE:
	case KVM_IRQ_LINE_STATUS:
		return set_irq_line(vm, user, ioctl == KVM_IRQ_LINE_STATUS);
	case KVM_GET_IRQCHIP:
		return get_irqchip(vm, user);
	case KVM_SET_IRQCHIP:
		return set_irqchip(vm, user);
	case KVM_GET_PIT:
		return get_pit(vm, user, sizeof(struct kvm_pit_state));
	case KVM_SET_PIT:
		return set_pit(vm, user, sizeof(struct kvm_pit_state));
	case KVM_GET_PIT2:
		return get_pit(vm, user, sizeof(struct kvm_pit_state2));
	case KVM_SET_PIT2:
		return set_pit(vm, user, sizeof(struct kvm_pit_state2));
	case KVM_REINJECT_CONTROL:
		return reinject_control(vm, user);
	case KVM_SIGNAL_MSI:
		return signal_msi(vm, user);
	case KVM_IRQFD:
		return change_irqfd(vm, user);
	case KVM_SET_GSI_ROUTING:
		return set_gsi_routing(vm, (const void __user *)user);
	default:
		return -ENOTTY;
	}
}
