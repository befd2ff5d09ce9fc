/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doorbells: addresses at which a guest's write signals an eventfd of the client
 * (KVM_IOEVENTFD), so that KVM_RUN need not return for it. Set by ioctls of any
 * thread, rung by the vCPU's; host world.
 */
#ifndef RINGLET_RUN_DOORBELL_H
#define RINGLET_RUN_DOORBELL_H

#include <linux/compiler.h>
#include <linux/kvm.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>

/* A VM has no more than this: KVM knows no limit but that of its files. */
#define DOORBELLS_MOST 65536

/**
 * struct doorbells - one VM's
 * @lock: guards all of it; held while an eventfd is signalled, so that none is
 *	after its doorbell was taken away
 * @trees: of struct doorbell, by address, length and data: [0] in memory, [1]
 *	at ports
 * @count: of both; may be read without the lock
 */
struct doorbells {
	spinlock_t lock;
	struct rb_root trees[2];
	unsigned int count;
};

void doorbells_init(struct doorbells *doorbells);
/* Nobody can ring or change them any more. */
void doorbells_destroy(struct doorbells *doorbells);

/**
 * doorbells_change() - KVM_IOEVENTFD
 *
 * Return: 0; -EINVAL, -EBADF as KVM; -EEXIST: a write could ring both it and
 * another; -ENOENT: there is none to take away; -ENOSPC, -ENOMEM.
 * Context: process context; may sleep.
 */
int doorbells_change(struct doorbells *doorbells, const struct kvm_ioeventfd *arguments);

/* Whether a write there, whatever it writes, might ring one. */
bool doorbells_watch(struct doorbells *doorbells, bool port, u64 address);

/**
 * doorbells_ring() - a guest writes up to eight bytes
 *
 * Return: true if a doorbell took the write: there is nothing more to do for it.
 */
bool doorbells_ring(struct doorbells *doorbells, bool port, u64 address, const void *data,
		    unsigned int bytes);

/* Kernel memory that they are. */
size_t doorbells_bytes(const struct doorbells *doorbells);

#endif /* RINGLET_RUN_DOORBELL_H */
