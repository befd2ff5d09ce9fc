/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ringlet asks of the machine and the kernel that it is loaded into.
 * Called while the module loads.
 */
#ifndef RINGLET_HOST_HOST_H
#define RINGLET_HOST_HOST_H

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

#endif /* RINGLET_HOST_HOST_H */
