// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ringlet: the system ioctls, with KVM's numbers, structures and errnos.
 * Called by clients in process context, in the host world.
 *
 * Clients that know no other name than /dev/kvm can be served where no KVM is
 * loaded: parameter node.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpufeature.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "api/api.h"

static char *node = "ringlet";
module_param(node, charp, 0444);
MODULE_PARM_DESC(node, "Name of the device: ringlet (default), or kvm for clients that open /dev/kvm; then no KVM may be loaded");

static char *engine;
module_param(engine, charp, 0444);
MODULE_PARM_DESC(engine, "Engine of a VM whose client chooses none: trap or interpret (default: interpret with node=kvm, else trap)");

static u32 default_engine = RINGLET_ENGINE_TRAP;

u32 api_default_engine(void)
{
	return default_engine;
}

/* Of struct kvm_guest_debug.control. */
#define DEBUG_CONTROLS                                                                             \
	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP |                  \
	 KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP |                \
	 KVM_GUESTDBG_BLOCKIRQ)

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
	case KVM_CAP_CLOCKSOURCE:
	case KVM_CAP_NOP_IO_DELAY:
	case KVM_CAP_ENABLE_CAP:
	case KVM_CAP_ENABLE_CAP_VM:
	case KVM_CAP_GET_TSC_KHZ:
	case KVM_CAP_KVMCLOCK_CTRL:
	case KVM_CAP_PIT:
	case KVM_CAP_MP_STATE:
	case KVM_CAP_SYNC_MMU:
	case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
	case KVM_CAP_USER_NMI:
	case KVM_CAP_REINJECT_CONTROL:
	case KVM_CAP_IRQ_INJECT_STATUS:
	case KVM_CAP_IRQFD:
	case KVM_CAP_IRQFD_RESAMPLE:
	case KVM_CAP_IOEVENTFD:
	case KVM_CAP_PIT2:
	case KVM_CAP_PIT_STATE2:
	case KVM_CAP_SIGNAL_MSI:
	case KVM_CAP_SPLIT_IRQCHIP:
	case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
	case KVM_CAP_SET_IDENTITY_MAP_ADDR:
	case KVM_CAP_INTERNAL_ERROR_DATA:
	case KVM_CAP_VCPU_EVENTS:
	case KVM_CAP_SET_GUEST_DEBUG:
	case KVM_CAP_DEBUGREGS:
	case KVM_CAP_XSAVE:
	case KVM_CAP_X86_ROBUST_SINGLESTEP:
	case KVM_CAP_READONLY_MEM:
	case KVM_CAP_IOEVENTFD_NO_LENGTH:
	case KVM_CAP_IOEVENTFD_ANY_LENGTH:
	case KVM_CAP_COALESCED_PIO:
	case KVM_CAP_CHECK_EXTENSION_VM:
	case KVM_CAP_IMMEDIATE_EXIT:
		return 1;
	case KVM_CAP_COALESCED_MMIO:
		/* The page of the vCPU's mapping that the ring is in. */
		return KVM_COALESCED_MMIO_PAGE_OFFSET;
	case KVM_CAP_NR_VCPUS:
	case KVM_CAP_MAX_VCPUS:
	case KVM_CAP_MAX_VCPU_ID:
		return 1;
	case KVM_CAP_TSC_DEADLINE_TIMER:
		return !!clock_host_khz();
	case KVM_CAP_ADJUST_CLOCK:
		return KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
	case KVM_CAP_MCE:
		return CPU_MACHINE_CHECK_BANKS;
	case KVM_CAP_XCRS:
		return boot_cpu_has(X86_FEATURE_XSAVE);
	case KVM_CAP_XSAVE2:
		return sizeof(struct kvm_xsave);
	case KVM_CAP_SET_GUEST_DEBUG2:
		return DEBUG_CONTROLS;
	case KVM_CAP_IRQ_ROUTING:
		return IRQCHIP_ROUTES;
	case KVM_CAP_NR_MEMSLOTS:
		return MMU_SLOTS;
	default:
		return 0;
	}
}

static long get_machine_check_supported(u64 __user *user)
{
	return put_user(CPU_MACHINE_CHECK_SUPPORTED, user) ? -EFAULT : 0;
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
	case KVM_X86_GET_MCE_CAP_SUPPORTED:
		return get_machine_check_supported((void __user *)argument);
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

/* A client of /dev/kvm knows nothing of engines, and expects a whole ring 0. */
static int choose_engine(bool as_kvm)
{
	if (!engine) {
		default_engine = as_kvm ? RINGLET_ENGINE_INTERPRET : RINGLET_ENGINE_TRAP;
		return 0;
	}
	if (!strcmp(engine, "trap")) {
		default_engine = RINGLET_ENGINE_TRAP;
		return 0;
	}
	if (!strcmp(engine, "interpret")) {
		default_engine = RINGLET_ENGINE_INTERPRET;
		return 0;
	}
	pr_err("engine=%s: there are trap and interpret\n", engine);
	return -EINVAL;
}

int api_init(void)
{
	bool as_kvm = !strcmp(node, "kvm");
	int error;

	if (!as_kvm && strcmp(node, "ringlet")) {
		pr_err("node=%s: the device can be named ringlet or kvm\n", node);
		return -EINVAL;
	}
	error = choose_engine(as_kvm);
	if (error)
		return error;
	if (as_kvm) {
		device.minor = KVM_MINOR;
		device.name = "kvm";
	}
	error = misc_register(&device);
	if (as_kvm && (error == -EBUSY || error == -EEXIST))
		pr_err("node=kvm: a KVM is loaded and has /dev/kvm; unload it (rmmod kvm_intel or kvm_amd, then kvm), or load ringlet without node=kvm\n");
	else if (error)
		pr_err("cannot make /dev/%s (error %d)\n", device.name, error);
	return error;
}

void api_exit(void)
{
	misc_deregister(&device);
}
