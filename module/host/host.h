/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ringlet asks of the machine and the kernel that it is loaded into, and
 * what differs between kernels. Called while the module loads and by the run
 * loop, in the host world.
 */
#ifndef RINGLET_HOST_HOST_H
#define RINGLET_HOST_HOST_H

#include <linux/compiler.h>
#include <linux/eventfd.h>
#include <linux/kvm.h>
#include <linux/types.h>

/**
 * host_check() - whether guests can run on this host at all
 *
 * Says in one sentence on the kernel log why not, and what would help.
 * Return: 0; -ENODEV: never on this machine or under this hypervisor;
 * -EOPNOTSUPP: not with the features that this kernel has switched on.
 */
int host_check(void);

/**
 * host_handle_work() - do what the kernel has for this thread before it goes on
 *
 * Return: 0, or -EINTR: a signal is pending.
 * Context: the vCPU's thread, interrupts and preemption on; sleeps.
 */
int host_handle_work(void);

/**
 * host_arch_capabilities() - IA32_ARCH_CAPABILITIES for guests
 *
 * Guests run their applications on this processor, so they need the mitigations
 * that it needs, and can leave out those that it does not.
 * Return: the bits that say of which mistakes the host knows it has none.
 */
u64 host_arch_capabilities(void);

/**
 * host_register_shrinker() - be asked to give memory back
 * @count: how many objects could be freed
 * @free: free up to that many; returns how many it did. Both are called in any
 *	thread that allocates, may sleep, and must not wait for a lock that is
 *	held while memory is allocated
 *
 * Return: 0 or -errno. Only one at a time.
 */
int host_register_shrinker(unsigned long (*count)(void), unsigned long (*free)(unsigned long count));
void host_unregister_shrinker(void);

/*
 * kvm_run.immediate_exit, which userspace may write at any time. Since 6.10 the
 * kernel's own copy of the structure names the field so that nobody forgets.
 */
static inline bool host_immediate_exit(const struct kvm_run *run)
{
#ifdef HINT_UNSAFE_IN_KVM
	return READ_ONCE(run->HINT_UNSAFE_IN_KVM(immediate_exit));
#else
	return READ_ONCE(run->immediate_exit);
#endif
}

/*
 * Add 1 to an eventfd; not within the wake-up of another. Any context. Since 6.8,
 * which KVM's header shows by what came with it, there is no other number.
 */
static inline void host_signal_eventfd(struct eventfd_ctx *eventfd)
{
#ifdef KVM_MEM_GUEST_MEMFD
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

#endif /* RINGLET_HOST_HOST_H */
