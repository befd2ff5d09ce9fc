// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eventfds that raise interrupts (KVM_IRQFD). Changed by ioctls in process
 * context; triggered in the wake-up of the eventfd, by whoever writes to it: with
 * the lock of its wait queue held and interrupts off; host world.
 *
 * An ordinary one is an edge on its GSI. One with a resample eventfd is a level:
 * it keeps the GSI up until the guest ends the interrupt, of which that eventfd
 * tells the client, who triggers again if its device still wants something.
 *
 * The lock of the irqchip is taken within the one of a wait queue. So no eventfd
 * is signalled under it: what the guest has ended is noted, and told when the
 * lock is dropped. An irqfd that is not on the list any more does nothing, and
 * whoever takes it off ends it:
 *
 *  - an ioctl, or the end of the VM: outside the lock, off the wait queue (after
 *    which no trigger is running), then it is freed;
 *  - the last close of the eventfd, by a wake-up like that of a trigger, with the
 *    wait queue's lock held: off the wait queue at once, freed by RCU.
 *
 * An ioctl keeps the eventfd's file meanwhile, and ioctls take turns, so that
 * one that is being made has neither happen to it.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "host/host.h"
#include "irqchip/internal.h"

/**
 * struct irqfd - one of them
 * @link: on the irqchip's list, or on that of those that are about to end
 * @resample_link: on its list of those that have @resample; RCU
 * @active: it is on the irqchip's list
 * @irqchip: whose it is; it outlives it
 * @gsi: what it drives
 * @trigger: the eventfd that raises
 * @resample: the one that is signalled at the end of the interrupt, or NULL
 * @up: it was triggered, and the guest has not ended it; irqchip->lock
 * @ended: @resample is to be signalled
 * @wait: on the wait queue of @trigger
 * @queue: that wait queue
 * @poll: what puts it there
 * @rcu: to be freed where nobody can wait
 */
struct irqfd {
	struct list_head link;
	struct list_head resample_link;
	bool active;
	struct irqchip *irqchip;
	u32 gsi;
	struct eventfd_ctx *trigger;
	struct eventfd_ctx *resample;
	bool up;
	bool ended;
	wait_queue_entry_t wait;
	wait_queue_head_t *queue;
	poll_table poll;
	struct rcu_head rcu;
};

static void irqfd_free(struct irqfd *irqfd)
{
	if (irqfd->resample)
		eventfd_ctx_put(irqfd->resample);
	eventfd_ctx_put(irqfd->trigger);
	kfree(irqfd);
}

static void free_by_rcu(struct rcu_head *rcu)
{
	irqfd_free(container_of(rcu, struct irqfd, rcu));
}

/* ---- the guest's end of an interrupt -------------------------------------- */

/* They share the line: it goes down once, and each of them is told. */
static void lower(struct irqchip *irqchip, struct irqfd *irqfd)
{
	irqchip_drive(irqchip, irqfd->gsi, IRQCHIP_SOURCE_RESAMPLE, false);
	irqfd->up = false;
	WRITE_ONCE(irqfd->ended, true);
	irqchip->irqfds.ended = true;
}

void irqfd_pins_ended(struct irqchip *irqchip, u64 pins)
{
	struct irqfd *irqfd;

	list_for_each_entry(irqfd, &irqchip->irqfds.resample, resample_link)
		if (irqchip_pins_of_gsi(irqchip, irqfd->gsi) & pins)
			lower(irqchip, irqfd);
}

/* What is up at pins that its GSI leaves would never be ended: trigger it again. */
void irqfd_routing_changes(struct irqchip *irqchip)
{
	struct irqfd *irqfd;

	list_for_each_entry(irqfd, &irqchip->irqfds.resample, resample_link)
		if (irqfd->up)
			lower(irqchip, irqfd);
}

void irqfd_tell_ended(struct irqchip *irqchip)
{
	struct irqfd *irqfd;

	rcu_read_lock();
	list_for_each_entry_rcu(irqfd, &irqchip->irqfds.resample, resample_link)
		if (xchg(&irqfd->ended, false))
			host_signal_eventfd(irqfd->resample);
	rcu_read_unlock();
}

/* ---- triggers ------------------------------------------------------------ */

static void trigger(struct irqfd *irqfd)
{
	struct irqchip *irqchip = irqfd->irqchip;
	unsigned long flags = irqchip_lock(irqchip);

	if (!irqfd->active) {
		/* Nobody would let the line down. */
	} else if (irqfd->resample) {
		irqfd->up = true;
		irqchip_drive(irqchip, irqfd->gsi, IRQCHIP_SOURCE_RESAMPLE, true);
	} else {
		irqchip_drive(irqchip, irqfd->gsi, IRQCHIP_SOURCE_EVENTFD, true);
		irqchip_drive(irqchip, irqfd->gsi, IRQCHIP_SOURCE_EVENTFD, false);
	}
	irqchip_unlock(irqchip, flags);
}

/* Off the lists, lock held; the last one of a GSI takes its level along. */
static void deactivate(struct irqchip *irqchip, struct irqfd *irqfd)
{
	const struct irqfd *other;
	bool shared = false;

	irqfd->active = false;
	list_del(&irqfd->link);
	irqchip->irqfds.count--;
	if (!irqfd->resample)
		return;
	list_del_rcu(&irqfd->resample_link);
	list_for_each_entry(other, &irqchip->irqfds.resample, resample_link)
		shared |= other->gsi == irqfd->gsi;
	if (!shared)
		irqchip_drive(irqchip, irqfd->gsi, IRQCHIP_SOURCE_RESAMPLE, false);
}

/* The eventfd's last file is closed. Whoever else had taken it off ends it. */
static void hang_up(struct irqfd *irqfd)
{
	struct irqchip *irqchip = irqfd->irqchip;
	unsigned long flags = irqchip_lock(irqchip);
	bool active = irqfd->active;

	if (active)
		deactivate(irqchip, irqfd);
	irqchip_unlock(irqchip, flags);
	if (!active)
		return;
	__remove_wait_queue(irqfd->queue, &irqfd->wait);
	call_rcu(&irqfd->rcu, free_by_rcu);
}

/* The wait queue's lock is held, interrupts are off. */
static int woken(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *irqfd = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	int taken = 0;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->trigger, &count);
		trigger(irqfd);
		taken = 1;
	}
	if (events & EPOLLHUP)
		hang_up(irqfd);
	return taken;
}

static void queue(struct file *file, wait_queue_head_t *wait_queue, poll_table *poll)
{
	struct irqfd *irqfd = container_of(poll, struct irqfd, poll);

	irqfd->queue = wait_queue;
	add_wait_queue_priority(wait_queue, &irqfd->wait);
}

/* ---- ioctls -------------------------------------------------------------- */

static int activate(struct irqchip *irqchip, struct irqfd *new)
{
	struct irqfds *irqfds = &irqchip->irqfds;
	unsigned long flags = irqchip_lock(irqchip);
	const struct irqfd *irqfd;
	int result = irqfds->count == IRQFDS_MOST ? -ENOSPC : 0;

	/* The one that comes first would read what the other waits for. */
	list_for_each_entry(irqfd, &irqfds->list, link)
		if (irqfd->trigger == new->trigger)
			result = -EBUSY;
	if (!result) {
		new->active = true;
		irqfds->count++;
		list_add_tail(&new->link, &irqfds->list);
		if (new->resample)
			list_add_tail_rcu(&new->resample_link, &irqfds->resample);
	}
	irqchip_unlock(irqchip, flags);
	return result;
}

/* Without its eventfds. */
static struct irqfd *irqfd_create(struct irqchip *irqchip, u32 gsi)
{
	struct irqfd *irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);

	if (!irqfd)
		return NULL;
	irqfd->irqchip = irqchip;
	irqfd->gsi = gsi;
	init_waitqueue_func_entry(&irqfd->wait, woken);
	init_poll_funcptr(&irqfd->poll, queue);
	return irqfd;
}

static int assign_file(struct irqchip *irqchip, struct file *file,
		       const struct kvm_irqfd *arguments)
{
	struct irqfd *irqfd = irqfd_create(irqchip, arguments->gsi);
	int error;

	if (!irqfd)
		return -ENOMEM;
	irqfd->trigger = eventfd_ctx_fileget(file);
	if (IS_ERR(irqfd->trigger)) {
		error = PTR_ERR(irqfd->trigger);
		goto free;
	}
	if (arguments->flags & KVM_IRQFD_FLAG_RESAMPLE) {
		irqfd->resample = eventfd_ctx_fdget(arguments->resamplefd);
		if (IS_ERR(irqfd->resample)) {
			error = PTR_ERR(irqfd->resample);
			goto put;
		}
	}
	error = activate(irqchip, irqfd);
	if (error) {
		irqfd_free(irqfd);
		return error;
	}
	/* An event that came before us counts too. */
	if (vfs_poll(file, &irqfd->poll) & EPOLLIN)
		trigger(irqfd);
	return 0;

put:
	eventfd_ctx_put(irqfd->trigger);
free:
	kfree(irqfd);
	return error;
}

int irqfd_assign(struct irqchip *irqchip, const struct kvm_irqfd *arguments)
{
	struct file *file = fget(arguments->fd);
	int result;

	if (!file)
		return -EBADF;
	mutex_lock(&irqchip->irqfds.mutex);
	result = assign_file(irqchip, file, arguments);
	mutex_unlock(&irqchip->irqfds.mutex);
	fput(file);
	return result;
}

/* Take off all that are on @trigger and drive @gsi, or simply all; and end them. */
static void end_irqfds(struct irqchip *irqchip, const struct eventfd_ctx *trigger, u32 gsi)
{
	struct irqfd *irqfd, *next;
	unsigned long flags;
	LIST_HEAD(ended);
	u64 count;

	mutex_lock(&irqchip->irqfds.mutex);
	flags = irqchip_lock(irqchip);
	list_for_each_entry_safe(irqfd, next, &irqchip->irqfds.list, link) {
		if (trigger && (irqfd->trigger != trigger || irqfd->gsi != gsi))
			continue;
		deactivate(irqchip, irqfd);
		list_add(&irqfd->link, &ended);
	}
	irqchip_unlock(irqchip, flags);
	list_for_each_entry(irqfd, &ended, link)
		eventfd_ctx_remove_wait_queue(irqfd->trigger, &irqfd->wait, &count);
	/* Somebody may be about to signal a resample eventfd, or hang one up. */
	if (!trigger || !list_empty(&ended))
		synchronize_rcu();
	list_for_each_entry_safe(irqfd, next, &ended, link)
		irqfd_free(irqfd);
	mutex_unlock(&irqchip->irqfds.mutex);
}

int irqfd_deassign(struct irqchip *irqchip, const struct kvm_irqfd *arguments)
{
	struct eventfd_ctx *trigger = eventfd_ctx_fdget(arguments->fd);

	if (IS_ERR(trigger))
		return PTR_ERR(trigger);
	if (irqchip)
		end_irqfds(irqchip, trigger, arguments->gsi);
	eventfd_ctx_put(trigger);
	return 0;
}

void irqfd_end_all(struct irqchip *irqchip)
{
	end_irqfds(irqchip, NULL, 0);
}

void irqfd_init(struct irqchip *irqchip)
{
	mutex_init(&irqchip->irqfds.mutex);
	INIT_LIST_HEAD(&irqchip->irqfds.list);
	INIT_LIST_HEAD(&irqchip->irqfds.resample);
}

size_t irqfd_bytes(const struct irqchip *irqchip)
{
	return irqchip->irqfds.count * sizeof(struct irqfd);
}

void irqchip_exit_module(void)
{
	/* For free_by_rcu(). */
	rcu_barrier();
}
