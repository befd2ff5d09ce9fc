// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's file: KVM_RUN, the mapping of struct kvm_run, and the ioctls that
 * read and write its state. Called by the client, in process context, in the
 * host world; vcpu->mutex makes them take turns.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "api/api.h"

/* Leaves that one RINGLET_READ_GUEST_ROOT can report. */
#define GUEST_ROOT_CAPACITY 65536

/*
 * The mask of KVM_SET_SIGNAL_MASK holds during KVM_RUN. The thread's own goes
 * to real_blocked, where the signal code looks for it: a signal that is ignored
 * by default but blocked by the thread then stays pending for it.
 */
static void vcpu_apply_signal_mask(struct vcpu *vcpu)
{
	if (vcpu->sigset_active)
		sigprocmask(SIG_SETMASK, &vcpu->sigset, &current->real_blocked);
}

static void vcpu_restore_signal_mask(struct vcpu *vcpu)
{
	if (!vcpu->sigset_active)
		return;
	sigprocmask(SIG_SETMASK, &current->real_blocked, NULL);
	sigemptyset(&current->real_blocked);
}

/* The engine and UMIP are settled by the first run. */
static void vcpu_note_first_run(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	if (READ_ONCE(vm->has_run))
		return;
	mutex_lock(&vm->lock);
	vm->has_run = true;
	vcpu->world->umip = vm->umip;
	mutex_unlock(&vm->lock);
}

static long vcpu_ioctl_run(struct vcpu *vcpu, unsigned long argument)
{
	struct kvm_run *run = vcpu->run;
	long result;
	u64 cr8;

	if (argument)
		return -EINVAL;
	/* No KVM_CAP_SYNC_REGS: there is no register set to take or to give. */
	if (READ_ONCE(run->kvm_valid_regs) || READ_ONCE(run->kvm_dirty_regs))
		return -EINVAL;
	/* A local APIC in the kernel knows better. */
	if (!vcpu->vm->irqchip) {
		cr8 = READ_ONCE(run->cr8);
		if (cr8 > 0xf)
			return -EINVAL;
		vcpu->cr8 = cr8;
	}

	vcpu_note_first_run(vcpu);
	vcpu_apply_signal_mask(vcpu);
	WRITE_ONCE(run->flags, 0);
	result = vcpu_run(vcpu);
	WRITE_ONCE(run->cr8, vcpu_task_priority(vcpu));
	vcpu_restore_signal_mask(vcpu);
	return result;
}

static long vcpu_ioctl_set_signal_mask(struct vcpu *vcpu, struct kvm_signal_mask __user *user)
{
	sigset_t sigset;
	u32 length;

	if (!user) {
		vcpu->sigset_active = false;
		return 0;
	}
	if (get_user(length, &user->len))
		return -EFAULT;
	if (length != sizeof(sigset))
		return -EINVAL;
	if (copy_from_user(&sigset, user->sigset, sizeof(sigset)))
		return -EFAULT;
	sigdelsetmask(&sigset, sigmask(SIGKILL) | sigmask(SIGSTOP));
	vcpu->sigset = sigset;
	vcpu->sigset_active = true;
	return 0;
}

static long vcpu_ioctl_get_regs(struct vcpu *vcpu, void __user *user)
{
	struct kvm_regs regs = {};

	state_get_regs(vcpu, &regs);
	return copy_to_user(user, &regs, sizeof(regs)) ? -EFAULT : 0;
}

static long vcpu_ioctl_set_regs(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_regs regs;

	if (copy_from_user(&regs, user, sizeof(regs)))
		return -EFAULT;
	state_set_regs(vcpu, &regs);
	return 0;
}

static long vcpu_ioctl_get_sregs(struct vcpu *vcpu, void __user *user)
{
	struct kvm_sregs sregs = {};

	state_get_sregs(vcpu, &sregs);
	return copy_to_user(user, &sregs, sizeof(sregs)) ? -EFAULT : 0;
}

static long vcpu_ioctl_set_sregs(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_sregs sregs;

	if (copy_from_user(&sregs, user, sizeof(sregs)))
		return -EFAULT;
	return state_set_sregs(vcpu, &sregs);
}

static long vcpu_ioctl_get_fpu(struct vcpu *vcpu, void __user *user)
{
	struct kvm_fpu fpu = {};
	int error;

	error = state_get_fpu(vcpu, &fpu);
	if (error)
		return error;
	return copy_to_user(user, &fpu, sizeof(fpu)) ? -EFAULT : 0;
}

static long vcpu_ioctl_set_fpu(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_fpu fpu;

	if (copy_from_user(&fpu, user, sizeof(fpu)))
		return -EFAULT;
	return state_set_fpu(vcpu, &fpu);
}

/* All that a buffer holds, and KVM_CAP_XSAVE2 says it: one format serves both. */
static long vcpu_ioctl_get_xsave(struct vcpu *vcpu, void __user *user)
{
	struct kvm_xsave *xsave = kzalloc(sizeof(*xsave), GFP_KERNEL_ACCOUNT);
	long result = 0;

	if (!xsave)
		return -ENOMEM;
	state_get_xsave(vcpu, xsave);
	if (copy_to_user(user, xsave, sizeof(*xsave)))
		result = -EFAULT;
	kfree(xsave);
	return result;
}

static long vcpu_ioctl_set_xsave(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_xsave *xsave = memdup_user(user, sizeof(*xsave));
	long result;

	if (IS_ERR(xsave))
		return PTR_ERR(xsave);
	result = state_set_xsave(vcpu, xsave);
	kfree(xsave);
	return result;
}

static long vcpu_ioctl_get_xcrs(void __user *user)
{
	struct kvm_xcrs xcrs = {};

	state_get_xcrs(&xcrs);
	return copy_to_user(user, &xcrs, sizeof(xcrs)) ? -EFAULT : 0;
}

static long vcpu_ioctl_set_xcrs(const void __user *user)
{
	struct kvm_xcrs xcrs;

	if (copy_from_user(&xcrs, user, sizeof(xcrs)))
		return -EFAULT;
	return state_set_xcrs(&xcrs);
}

static long vcpu_ioctl_get_events(struct vcpu *vcpu, void __user *user)
{
	struct kvm_vcpu_events events = {};

	vcpu_settle_apic_events(vcpu);
	state_get_events(vcpu, &events);
	return copy_to_user(user, &events, sizeof(events)) ? -EFAULT : 0;
}

static long vcpu_ioctl_set_events(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_vcpu_events events;

	if (copy_from_user(&events, user, sizeof(events)))
		return -EFAULT;
	return state_set_events(vcpu, &events);
}

static long vcpu_ioctl_get_debug_registers(struct vcpu *vcpu, void __user *user)
{
	struct kvm_debugregs regs = {};

	state_get_debug_registers(vcpu, &regs);
	return copy_to_user(user, &regs, sizeof(regs)) ? -EFAULT : 0;
}

static long vcpu_ioctl_set_debug_registers(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_debugregs regs;

	if (copy_from_user(&regs, user, sizeof(regs)))
		return -EFAULT;
	return state_set_debug_registers(vcpu, &regs);
}

/* A vector given twice replaces: the client tracks what it gave. */
static long vcpu_ioctl_interrupt(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_interrupt interrupt;

	if (copy_from_user(&interrupt, user, sizeof(interrupt)))
		return -EFAULT;
	if (interrupt.irq >= KVM_NR_INTERRUPTS)
		return -EINVAL;
	if (!vcpu->vm->irqchip) {
		vcpu->interrupt = interrupt.irq;
		return 0;
	}
	/* With a PIC in the kernel they come by KVM_IRQ_LINE. */
	if (!vcpu->vm->irqchip->split)
		return -ENXIO;
	if (vcpu->external_interrupt >= 0)
		return -EEXIST;
	vcpu->external_interrupt = interrupt.irq;
	return 0;
}

static long vcpu_ioctl_get_lapic(struct vcpu *vcpu, void __user *user)
{
	struct kvm_lapic_state *state;
	long result = 0;

	if (!vcpu->vm->irqchip)
		return -EINVAL;
	state = kzalloc(sizeof(*state), GFP_KERNEL_ACCOUNT);
	if (!state)
		return -ENOMEM;
	irqchip_get_lapic(vcpu->vm->irqchip, state);
	if (copy_to_user(user, state, sizeof(*state)))
		result = -EFAULT;
	kfree(state);
	return result;
}

static long vcpu_ioctl_set_lapic(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_lapic_state *state;

	if (!vcpu->vm->irqchip)
		return -EINVAL;
	state = memdup_user(user, sizeof(*state));
	if (IS_ERR(state))
		return PTR_ERR(state);
	irqchip_set_lapic(vcpu->vm->irqchip, state);
	kfree(state);
	return 0;
}

/*
 * A page in which guest code that the client has patched keeps its task priority.
 * QEMU says that there is none whether there is KVM_CAP_VAPIC or not; it patches
 * only where KVM reports accesses, which this does not.
 */
static long vcpu_ioctl_set_vapic_address(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_vapic_addr address;

	if (!vcpu->vm->irqchip)
		return -EINVAL;
	if (copy_from_user(&address, user, sizeof(address)))
		return -EFAULT;
	return address.vapic_addr ? -EINVAL : 0;
}

static long vcpu_ioctl_nmi(struct vcpu *vcpu)
{
	vcpu_give_nmi(vcpu);
	return 0;
}

static long vcpu_ioctl_get_mp_state(struct vcpu *vcpu, void __user *user)
{
	struct kvm_mp_state state = {};

	vcpu_settle_apic_events(vcpu);
	state.mp_state = vcpu->cpu.halted ? KVM_MP_STATE_HALTED : KVM_MP_STATE_RUNNABLE;
	return copy_to_user(user, &state, sizeof(state)) ? -EFAULT : 0;
}

/*
 * A halted vCPU is one that sleeps in the kernel, which takes interrupts from
 * the kernel to wake it. The other states belong to a local APIC.
 */
static long vcpu_ioctl_set_mp_state(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_mp_state state;

	if (copy_from_user(&state, user, sizeof(state)))
		return -EFAULT;
	if (state.mp_state != KVM_MP_STATE_RUNNABLE &&
	    (state.mp_state != KVM_MP_STATE_HALTED || !vcpu->vm->irqchip))
		return -EINVAL;
	vcpu->cpu.halted = state.mp_state == KVM_MP_STATE_HALTED;
	return 0;
}

/*
 * Walks with a supervisor's rights and, like KVM, does not say what a user may
 * do: writeable is always set, usermode never. A walk that fails leaves no
 * trace in the virtual CPU.
 */
static long vcpu_ioctl_translate(struct vcpu *vcpu, void __user *user)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	struct cpu_exception fault = cpu->fault;
	const char *stop_reason = cpu->stop_reason;
	struct kvm_translation translation;
	u64 gpa = ~0ULL;

	if (copy_from_user(&translation, user, sizeof(translation)))
		return -EFAULT;
	if (translation.linear_address > U32_MAX ||
	    mmu_translate(&vcpu->mmu, cpu, translation.linear_address, ACCESS_READ | ACCESS_SYSTEM,
			  &gpa) != CPU_OK)
		gpa = ~0ULL;
	cpu->fault = fault;
	cpu->stop_reason = stop_reason;

	translation.physical_address = gpa;
	translation.valid = gpa != ~0ULL;
	translation.writeable = 1;
	translation.usermode = 0;
	return copy_to_user(user, &translation, sizeof(translation)) ? -EFAULT : 0;
}

/* No part of a vCPU has to be asked for. */
static long vcpu_ioctl_enable_capability(const void __user *user)
{
	struct kvm_enable_cap capability;

	if (copy_from_user(&capability, user, sizeof(capability)))
		return -EFAULT;
	return -EINVAL;
}

static long vcpu_ioctl_get_statistics(struct vcpu *vcpu, void __user *user)
{
	vcpu_collect_statistics(vcpu);
	return copy_to_user(user, &vcpu->statistics, sizeof(vcpu->statistics)) ? -EFAULT : 0;
}

static long vcpu_ioctl_get_stop_reason(struct vcpu *vcpu, void __user *user)
{
	struct ringlet_stop_reason reason = {};

	strscpy(reason.text, vcpu->stop_text, sizeof(reason.text));
	return copy_to_user(user, &reason, sizeof(reason)) ? -EFAULT : 0;
}

static long vcpu_ioctl_read_guest_root(struct vcpu *vcpu, void __user *user)
{
	struct ringlet_guest_root_page *pages = NULL;
	struct ringlet_guest_root root;
	u64 user_pages;
	u32 capacity;
	long result;

	/* It shows host addresses. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&root, user, sizeof(root)))
		return -EFAULT;
	capacity = root.capacity;
	user_pages = root.pages;
	if (capacity > GUEST_ROOT_CAPACITY)
		return -E2BIG;
	if (capacity) {
		pages = kvcalloc(capacity, sizeof(*pages), GFP_KERNEL_ACCOUNT);
		if (!pages)
			return -ENOMEM;
	}

	result = vcpu_read_guest_root(vcpu, &root, pages);
	if (!result) {
		root.capacity = capacity;
		root.pages = user_pages;
		if (copy_to_user(u64_to_user_ptr(user_pages), pages,
				 min(root.count, capacity) * sizeof(*pages)) ||
		    copy_to_user(user, &root, sizeof(root)))
			result = -EFAULT;
	}
	kvfree(pages);
	return result;
}

static long vcpu_ioctl_read_processor(struct vcpu *vcpu, void __user *user)
{
	struct ringlet_processor processor = {};

	/* It shows host addresses. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!world_read_processor(vcpu->world, &processor))
		return -EAGAIN;
	return copy_to_user(user, &processor, sizeof(processor)) ? -EFAULT : 0;
}

static long vcpu_ioctl_setup_machine_check(struct vcpu *vcpu, const u64 __user *user)
{
	u64 capabilities;

	if (get_user(capabilities, user))
		return -EFAULT;
	return cpu_setup_machine_check(&vcpu->cpu, capabilities) ? 0 : -EINVAL;
}

static long vcpu_ioctl_set_machine_check(struct vcpu *vcpu, const void __user *user)
{
	struct cpu_machine_error error;
	struct kvm_x86_mce mce;

	if (copy_from_user(&mce, user, sizeof(mce)))
		return -EFAULT;
	error = (struct cpu_machine_error){
		.bank = mce.bank,
		.status = mce.status,
		.address = mce.addr,
		.misc = mce.misc,
		.global_status = mce.mcg_status,
	};
	return vcpu_report_machine_error(vcpu, &error);
}

static long vcpu_ioctl_set_guest_debug(struct vcpu *vcpu, const void __user *user)
{
	struct kvm_guest_debug debug;

	if (copy_from_user(&debug, user, sizeof(debug)))
		return -EFAULT;
	return vcpu_set_guest_debug(vcpu, &debug);
}

static long vcpu_ioctl_step(struct vcpu *vcpu, unsigned long argument)
{
	if (argument > RINGLET_STEPS_MOST)
		return -EINVAL;
	vcpu->steps_left = argument;
	vcpu->debug.hits = 0;
	return 0;
}

static long vcpu_ioctl_locked(struct vcpu *vcpu, unsigned int ioctl, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	switch (ioctl) {
	case KVM_RUN:
		return vcpu_ioctl_run(vcpu, argument);
	case KVM_GET_REGS:
		return vcpu_ioctl_get_regs(vcpu, user);
	case KVM_SET_REGS:
		return vcpu_ioctl_set_regs(vcpu, user);
	case KVM_GET_SREGS:
		return vcpu_ioctl_get_sregs(vcpu, user);
	case KVM_SET_SREGS:
		return vcpu_ioctl_set_sregs(vcpu, user);
	case KVM_GET_FPU:
		return vcpu_ioctl_get_fpu(vcpu, user);
	case KVM_SET_FPU:
		return vcpu_ioctl_set_fpu(vcpu, user);
	case KVM_GET_XSAVE:
	case KVM_GET_XSAVE2:
		return vcpu_ioctl_get_xsave(vcpu, user);
	case KVM_SET_XSAVE:
		return vcpu_ioctl_set_xsave(vcpu, user);
	case KVM_GET_XCRS:
		return vcpu_ioctl_get_xcrs(user);
	case KVM_SET_XCRS:
		return vcpu_ioctl_set_xcrs(user);
	case KVM_GET_MSRS:
		return msr_get(vcpu, user);
	case KVM_SET_MSRS:
		return msr_set(vcpu, user);
	case KVM_SET_CPUID2:
		return cpuid_set(vcpu, user);
	case KVM_GET_CPUID2:
		return cpuid_get(vcpu, user);
	case KVM_GET_TSC_KHZ:
		return vcpu->clock.khz;
	case KVM_SET_TSC_KHZ:
		return clock_set_khz(vcpu, argument);
	case KVM_KVMCLOCK_CTRL:
		return clock_note_stop(vcpu);
	case KVM_INTERRUPT:
		return vcpu_ioctl_interrupt(vcpu, user);
	case KVM_GET_LAPIC:
		return vcpu_ioctl_get_lapic(vcpu, user);
	case KVM_SET_LAPIC:
		return vcpu_ioctl_set_lapic(vcpu, user);
	case KVM_SET_VAPIC_ADDR:
		return vcpu_ioctl_set_vapic_address(vcpu, user);
	case KVM_NMI:
		return vcpu_ioctl_nmi(vcpu);
	case KVM_TRANSLATE:
		return vcpu_ioctl_translate(vcpu, user);
	case KVM_SET_SIGNAL_MASK:
		return vcpu_ioctl_set_signal_mask(vcpu, user);
	case KVM_GET_MP_STATE:
		return vcpu_ioctl_get_mp_state(vcpu, user);
	case KVM_SET_MP_STATE:
		return vcpu_ioctl_set_mp_state(vcpu, user);
	case KVM_GET_VCPU_EVENTS:
		return vcpu_ioctl_get_events(vcpu, user);
	case KVM_SET_VCPU_EVENTS:
		return vcpu_ioctl_set_events(vcpu, user);
	case KVM_GET_DEBUGREGS:
		return vcpu_ioctl_get_debug_registers(vcpu, user);
	case KVM_SET_DEBUGREGS:
		return vcpu_ioctl_set_debug_registers(vcpu, user);
	case KVM_ENABLE_CAP:
		return vcpu_ioctl_enable_capability(user);
	case KVM_X86_SETUP_MCE:
		return vcpu_ioctl_setup_machine_check(vcpu, user);
	case KVM_X86_SET_MCE:
		return vcpu_ioctl_set_machine_check(vcpu, user);
	case KVM_SET_GUEST_DEBUG:
		return vcpu_ioctl_set_guest_debug(vcpu, user);
	case RINGLET_GET_STATISTICS:
		return vcpu_ioctl_get_statistics(vcpu, user);
	case RINGLET_GET_STOP_REASON:
		return vcpu_ioctl_get_stop_reason(vcpu, user);
	case RINGLET_READ_GUEST_ROOT:
		return vcpu_ioctl_read_guest_root(vcpu, user);
	case RINGLET_STEP:
		return vcpu_ioctl_step(vcpu, argument);
	case RINGLET_READ_PROCESSOR:
		return vcpu_ioctl_read_processor(vcpu, user);
	default:
		return -EINVAL;
	}
}

static long vcpu_ioctl(struct file *file, unsigned int ioctl, unsigned long argument)
{
	struct vcpu *vcpu = file->private_data;
	long result;

	if (!vm_is_of_current(vcpu->vm))
		return -EIO;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	result = vcpu_ioctl_locked(vcpu, ioctl, argument);
	mutex_unlock(&vcpu->mutex);
	return result;
}

static vm_fault_t vcpu_mapping_fault(struct vm_fault *fault)
{
	struct vcpu *vcpu = fault->vma->vm_file->private_data;
	struct page *page;

	if (fault->pgoff >= VCPU_RUN_PAGES)
		return VM_FAULT_SIGBUS;
	page = vmalloc_to_page((char *)vcpu->run + fault->pgoff * PAGE_SIZE);
	get_page(page);
	fault->page = page;
	return 0;
}

static const struct vm_operations_struct vcpu_mapping_operations = {
	.fault = vcpu_mapping_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *area)
{
	area->vm_ops = &vcpu_mapping_operations;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct vcpu *vcpu = file->private_data;

	vm_put(vcpu->vm);
	return 0;
}

static const struct file_operations vcpu_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = vcpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vcpu_mmap,
	.release = vcpu_release,
	.llseek = noop_llseek,
};

int vcpu_create_file(struct vm *vm)
{
	struct vcpu *vcpu;
	struct file *file;
	int descriptor;
	int error;

	BUILD_BUG_ON(sizeof(struct kvm_run) > VCPU_IO_PAGE_OFFSET);
	BUILD_BUG_ON(VCPU_RING_OFFSET + PAGE_SIZE != VCPU_RUN_PAGES * PAGE_SIZE);

	descriptor = get_unused_fd_flags(O_CLOEXEC);
	if (descriptor < 0)
		return descriptor;
	vcpu = vcpu_create(vm);
	if (IS_ERR(vcpu)) {
		error = PTR_ERR(vcpu);
		goto err_descriptor;
	}
	file = anon_inode_getfile("ringlet-vcpu", &vcpu_operations, vcpu, O_RDWR);
	if (IS_ERR(file)) {
		error = PTR_ERR(file);
		goto err_vcpu;
	}
	kref_get(&vm->references);
	/* Who raises an interrupt may see it at once: pairs with vcpu_interrupt_raised(). */
	smp_store_release(&vm->vcpu, vcpu);
	fd_install(descriptor, file);
	return descriptor;

err_vcpu:
	vcpu_destroy(vcpu);
err_descriptor:
	put_unused_fd(descriptor);
	return error;
}
