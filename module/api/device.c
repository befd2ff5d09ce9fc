// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ringlet: the system ioctls, with KVM's numbers, structures and errnos.
 * Called by clients in process context, in the host world.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "api/api.h"

long api_check_extension(unsigned long capability)
{
	switch (capability) {
	case RINGLET_CAP:
		return RINGLET_INTERFACE_VERSION;
	case KVM_CAP_IRQCHIP:
	case KVM_CAP_HLT:
	case KVM_CAP_USER_MEMORY:
	case KVM_CAP_SET_TSS_ADDR:
	case KVM_CAP_EXT_CPUID:
	case KVM_CAP_GET_TSC_KHZ:
	case KVM_CAP_KVMCLOCK_CTRL:
	case KVM_CAP_PIT:
	case KVM_CAP_MP_STATE:
	case KVM_CAP_SYNC_MMU:
	case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
	case KVM_CAP_USER_NMI:
	case KVM_CAP_REINJECT_CONTROL:
	case KVM_CAP_IRQ_INJECT_STATUS:
	case KVM_CAP_PIT2:
	case KVM_CAP_PIT_STATE2:
	case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
	case KVM_CAP_SET_IDENTITY_MAP_ADDR:
	case KVM_CAP_INTERNAL_ERROR_DATA:
	case KVM_CAP_VCPU_EVENTS:
	case KVM_CAP_DEBUGREGS:
	case KVM_CAP_READONLY_MEM:
	case KVM_CAP_CHECK_EXTENSION_VM:
	case KVM_CAP_IMMEDIATE_EXIT:
		return 1;
	case KVM_CAP_NR_VCPUS:
	case KVM_CAP_MAX_VCPUS:
	case KVM_CAP_MAX_VCPU_ID:
		return 1;
	case KVM_CAP_ADJUST_CLOCK:
		return KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
	case KVM_CAP_IRQ_ROUTING:
		return IRQCHIP_ROUTES;
	case KVM_CAP_NR_MEMSLOTS:
		return MMU_SLOTS;
	default:
		return 0;
	}
}

static long device_ioctl(struct file *file, unsigned int ioctl, unsigned long argument)
{
	switch (ioctl) {
	case KVM_GET_API_VERSION:
		return argument ? -EINVAL : KVM_API_VERSION;
	case KVM_CHECK_EXTENSION:
		return api_check_extension(argument);
	case KVM_GET_VCPU_MMAP_SIZE:
		return argument ? -EINVAL : VCPU_RUN_PAGES * PAGE_SIZE;
	case KVM_CREATE_VM:
		/* The machine type: x86 has only one. */
		return argument ? -EINVAL : vm_create_file();
	case KVM_GET_SUPPORTED_CPUID:
		return cpuid_get_supported((void __user *)argument);
	case KVM_GET_MSR_INDEX_LIST:
		return msr_get_index_list((void __user *)argument);
	default:
		return -EINVAL;
	}
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringlet",
	.fops = &device_operations,
	.mode = 0660,
};

int api_init(void)
{
	int error;

	error = misc_register(&device);
	if (error)
		pr_err("cannot make /dev/ringlet (error %d)\n", error);
	return error;
}

void api_exit(void)
{
	misc_deregister(&device);
}
