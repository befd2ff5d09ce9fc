// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's file: its ioctls and its end. Called by the client that made it, in
 * process context, in the host world.
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "api/api.h"

static void vm_destroy(struct kref *references)
{
	struct vm *vm = container_of(references, struct vm, references);

	/* First: its timer reaches for the vCPU. */
	irqchip_destroy(vm->irqchip);
	if (vm->vcpu)
		vcpu_destroy(vm->vcpu);
	doorbells_destroy(&vm->doorbells);
	coalescing_destroy(&vm->coalescing);
	mmu_destroy(&vm->mmu);
	mutex_destroy(&vm->lock);
	kfree(vm);
}

void vm_put(struct vm *vm)
{
	kref_put(&vm->references, vm_destroy);
}

static long vm_set_memory_region(struct vm *vm, const void __user *user)
{
	struct kvm_userspace_memory_region region;

	if (copy_from_user(&region, user, sizeof(region)))
		return -EFAULT;
	return mmu_set_slot(&vm->mmu, &region);
}

static long vm_get_dirty_log(struct vm *vm, const void __user *user)
{
	struct kvm_dirty_log log;

	if (copy_from_user(&log, user, sizeof(log)))
		return -EFAULT;
	/* A 32-bit client writes half of the pointer. */
	if (in_compat_syscall())
		log.padding2 = (u32)log.padding2;
	return mmu_get_dirty_log(&vm->mmu, log.slot, log.dirty_bitmap);
}

static long vm_change_doorbell(struct vm *vm, const void __user *user)
{
	struct kvm_ioeventfd arguments;

	if (copy_from_user(&arguments, user, sizeof(arguments)))
		return -EFAULT;
	return doorbells_change(&vm->doorbells, &arguments);
}

static long vm_change_coalescing(struct vm *vm, const void __user *user, bool add)
{
	struct kvm_coalesced_mmio_zone zone;

	if (copy_from_user(&zone, user, sizeof(zone)))
		return -EFAULT;
	return add ? coalescing_add(&vm->coalescing, &zone) :
		     coalescing_remove(&vm->coalescing, &zone);
}

static long vm_create_vcpu(struct vm *vm, unsigned long id)
{
	long result = -EINVAL;

	/* KVM's answer to an id past KVM_CAP_MAX_VCPU_ID, and to one vCPU more
	 * than KVM_CAP_MAX_VCPUS.
	 */
	if (id >= api_check_extension(KVM_CAP_MAX_VCPU_ID))
		return -EINVAL;
	mutex_lock(&vm->lock);
	if (!vm->vcpu)
		result = vcpu_create_file(vm);
	mutex_unlock(&vm->lock);
	return result;
}

/*
 * Intel's virtualization needs three pages of guest memory for real mode and
 * one for an identity map; ringlet needs neither. Clients ask all the same.
 */
static long vm_set_tss_address(unsigned long address)
{
	return address > (u32)(-3 * PAGE_SIZE) ? -EINVAL : 0;
}

static long vm_set_identity_map_address(struct vm *vm, const void __user *user)
{
	long result = 0;
	u64 address;

	mutex_lock(&vm->lock);
	if (vm->vcpu)
		result = -EINVAL;
	else if (copy_from_user(&address, user, sizeof(address)))
		result = -EFAULT;
	mutex_unlock(&vm->lock);
	return result;
}

static long vm_get_clock(struct vm *vm, void __user *user)
{
	struct kvm_clock_data data;

	clock_get(vm, &data);
	return copy_to_user(user, &data, sizeof(data)) ? -EFAULT : 0;
}

static long vm_set_clock(struct vm *vm, const void __user *user)
{
	struct kvm_clock_data data;

	if (copy_from_user(&data, user, sizeof(data)))
		return -EFAULT;
	return clock_set(vm, &data);
}

/* What of KVM has to be asked for. A capability that is only announced has nothing to enable. */
static long vm_enable_capability(struct vm *vm, const void __user *user)
{
	struct kvm_enable_cap capability;

	if (copy_from_user(&capability, user, sizeof(capability)))
		return -EFAULT;
	if (capability.flags)
		return -EINVAL;
	switch (capability.cap) {
	case KVM_CAP_SPLIT_IRQCHIP:
		return irqchip_create_split(vm, capability.args[0]);
	default:
		return -EINVAL;
	}
}

static long vm_set_engine(struct vm *vm, unsigned long engine)
{
	long result = 0;

	switch (engine) {
	case RINGLET_ENGINE_TRAP:
	case RINGLET_ENGINE_INTERPRET:
		break;
	case RINGLET_ENGINE_TRANSLATE:
	case RINGLET_ENGINE_PV:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
	mutex_lock(&vm->lock);
	if (vm->has_run)
		result = -EBUSY;
	else
		vm->engine = engine;
	mutex_unlock(&vm->lock);
	return result;
}

static long vm_set_umip(struct vm *vm, unsigned long on)
{
	long result = 0;

	if (on > 1)
		return -EINVAL;
	if (on && !world_has_umip())
		return -EOPNOTSUPP;
	mutex_lock(&vm->lock);
	if (vm->has_run)
		result = -EBUSY;
	else
		vm->umip = on;
	mutex_unlock(&vm->lock);
	return result;
}

static long vm_ioctl(struct file *file, unsigned int ioctl, unsigned long argument)
{
	struct vm *vm = file->private_data;

	/* Memory slots are ranges of the client's address space: a child or
	 * another program that got this file has a different one.
	 */
	if (!vm_is_of_current(vm))
		return -EIO;

	switch (ioctl) {
	case KVM_CHECK_EXTENSION:
		return api_check_extension(argument);
	case KVM_ENABLE_CAP:
		return vm_enable_capability(vm, (void __user *)argument);
	case KVM_SET_USER_MEMORY_REGION:
		return vm_set_memory_region(vm, (void __user *)argument);
	case KVM_GET_DIRTY_LOG:
		return vm_get_dirty_log(vm, (void __user *)argument);
	case KVM_IOEVENTFD:
		return vm_change_doorbell(vm, (void __user *)argument);
	case KVM_REGISTER_COALESCED_MMIO:
	case KVM_UNREGISTER_COALESCED_MMIO:
		return vm_change_coalescing(vm, (void __user *)argument,
					    ioctl == KVM_REGISTER_COALESCED_MMIO);
	case KVM_CREATE_VCPU:
		return vm_create_vcpu(vm, argument);
	case KVM_SET_TSS_ADDR:
		return vm_set_tss_address(argument);
	case KVM_SET_IDENTITY_MAP_ADDR:
		return vm_set_identity_map_address(vm, (void __user *)argument);
	case KVM_GET_CLOCK:
		return vm_get_clock(vm, (void __user *)argument);
	case KVM_SET_CLOCK:
		return vm_set_clock(vm, (void __user *)argument);
	case RINGLET_SET_ENGINE:
		return vm_set_engine(vm, argument);
	case RINGLET_SET_UMIP:
		return vm_set_umip(vm, argument);
	default:
		return irqchip_ioctl(vm, ioctl, (void __user *)argument);
	}
}

static int vm_release(struct inode *inode, struct file *file)
{
	struct vm *vm = file->private_data;

	/* They keep no reference, and nobody else could take them away now. */
	if (vm->irqchip)
		irqfd_end_all(vm->irqchip);
	vm_put(vm);
	return 0;
}

static const struct file_operations vm_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = vm_release,
	.llseek = noop_llseek,
};

int vm_create_file(void)
{
	struct vm *vm;
	int result;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return -ENOMEM;
	kref_init(&vm->references);
	mutex_init(&vm->lock);
	vm->engine = api_default_engine();
	vm->umip = world_has_umip();
	vm->guest_cpu = -1;
	clock_create(vm);
	doorbells_init(&vm->doorbells);
	coalescing_init(&vm->coalescing);

	result = mmu_init(&vm->mmu, &vcpu_mmu_callbacks);
	if (result) {
		mutex_destroy(&vm->lock);
		kfree(vm);
		return result;
	}

	result = anon_inode_getfd("ringlet-vm", &vm_operations, vm, O_RDWR | O_CLOEXEC);
	if (result < 0)
		vm_put(vm);
	return result;
}
