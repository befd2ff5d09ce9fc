// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells: see doorbell.h.
 *
 * As in KVM one answers to its exact address alone, and to writes of its length,
 * or of any length if that is 0; and, if data is given, to writes of that data.
 * No write rings two, so at one address there is either one for any length, or
 * for each length one for any data or some for different data. That is what the
 * order of the trees and the search rely on.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "host/host.h"
#include "run/doorbell.h"

#define KNOWN_FLAGS (KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_PIO | \
		     KVM_IOEVENTFD_FLAG_DEASSIGN)

/**
 * struct doorbell - one of them
 * @node: in its tree
 * @address: of the write, exactly
 * @length: of the write, or 0: any
 * @any_data: @data does not count, and is 0
 * @data: what is written
 * @eventfd: what it signals
 */
struct doorbell {
	struct rb_node node;
	u64 address;
	u32 length;
	bool any_data;
	u64 data;
	struct eventfd_ctx *eventfd;
};

static struct rb_root *tree_of(struct doorbells *doorbells, bool port)
{
	return &doorbells->trees[port];
}

static int compare(const struct doorbell *doorbell, u64 address, u32 length, u64 data)
{
	if (doorbell->address != address)
		return doorbell->address < address ? -1 : 1;
	if (doorbell->length != length)
		return doorbell->length < length ? -1 : 1;
	if (doorbell->data != data)
		return doorbell->data < data ? -1 : 1;
	return 0;
}

/* The first that is not before this place in the order, or NULL. */
static struct doorbell *first_from(const struct rb_root *tree, u64 address, u32 length, u64 data)
{
	struct rb_node *node = tree->rb_node;
	struct doorbell *best = NULL;

	while (node) {
		struct doorbell *doorbell = rb_entry(node, struct doorbell, node);

		if (compare(doorbell, address, length, data) < 0) {
			node = node->rb_right;
		} else {
			best = doorbell;
			node = node->rb_left;
		}
	}
	return best;
}

static struct doorbell *find_exact(const struct rb_root *tree, u64 address, u32 length, u64 data)
{
	struct doorbell *doorbell = first_from(tree, address, length, data);

	return doorbell && !compare(doorbell, address, length, data) ? doorbell : NULL;
}

/* One of several at an address, of which a length of 0 comes first. */
static struct doorbell *first_at(const struct rb_root *tree, u64 address)
{
	struct doorbell *doorbell = first_from(tree, address, 0, 0);

	return doorbell && doorbell->address == address ? doorbell : NULL;
}

static struct doorbell *first_of_length(const struct rb_root *tree, u64 address, u32 length)
{
	struct doorbell *doorbell = first_from(tree, address, length, 0);

	if (!doorbell || doorbell->address != address || doorbell->length != length)
		return NULL;
	return doorbell;
}

static struct doorbell *find_rung(const struct rb_root *tree, u64 address, u32 length, u64 data)
{
	struct doorbell *doorbell = first_at(tree, address);

	if (!doorbell || !doorbell->length)
		return doorbell;
	doorbell = first_of_length(tree, address, length);
	if (!doorbell || doorbell->any_data)
		return doorbell;
	return find_exact(tree, address, length, data);
}

/* Whether a write could ring both the new one and one that is there. */
static bool collides(const struct rb_root *tree, const struct doorbell *new)
{
	const struct doorbell *present = first_at(tree, new->address);

	if (!present)
		return false;
	if (!present->length || !new->length)
		return true;
	present = first_of_length(tree, new->address, new->length);
	if (!present)
		return false;
	if (present->any_data || new->any_data)
		return true;
	return find_exact(tree, new->address, new->length, new->data);
}

static void insert(struct rb_root *tree, struct doorbell *new)
{
	struct rb_node **link = &tree->rb_node, *parent = NULL;

	while (*link) {
		struct doorbell *doorbell = rb_entry(*link, struct doorbell, node);

		parent = *link;
		link = compare(doorbell, new->address, new->length, new->data) < 0 ?
			       &parent->rb_right : &parent->rb_left;
	}
	rb_link_node(&new->node, parent, link);
	rb_insert_color(&new->node, tree);
}

static void doorbell_free(struct doorbell *doorbell)
{
	eventfd_ctx_put(doorbell->eventfd);
	kfree(doorbell);
}

static int add(struct doorbells *doorbells, struct rb_root *tree, struct doorbell *new)
{
	int result = 0;

	spin_lock(&doorbells->lock);
	if (collides(tree, new)) {
		result = -EEXIST;
	} else if (doorbells->count == DOORBELLS_MOST) {
		result = -ENOSPC;
	} else {
		insert(tree, new);
		WRITE_ONCE(doorbells->count, doorbells->count + 1);
	}
	spin_unlock(&doorbells->lock);
	return result;
}

static bool arguments_are_valid(const struct kvm_ioeventfd *arguments)
{
	switch (arguments->len) {
	case 0:
		/* There is no data without a length. */
		if (arguments->flags & KVM_IOEVENTFD_FLAG_DATAMATCH)
			return false;
		break;
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return false;
	}
	if (arguments->addr + arguments->len < arguments->addr)
		return false;
	return !(arguments->flags & ~KNOWN_FLAGS);
}

static int assign(struct doorbells *doorbells, const struct kvm_ioeventfd *arguments)
{
	struct rb_root *tree = tree_of(doorbells, arguments->flags & KVM_IOEVENTFD_FLAG_PIO);
	struct eventfd_ctx *eventfd;
	struct doorbell *new;
	int result;

	if (!arguments_are_valid(arguments))
		return -EINVAL;
	eventfd = eventfd_ctx_fdget(arguments->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new) {
		eventfd_ctx_put(eventfd);
		return -ENOMEM;
	}
	new->address = arguments->addr;
	new->length = arguments->len;
	new->any_data = !(arguments->flags & KVM_IOEVENTFD_FLAG_DATAMATCH);
	new->data = new->any_data ? 0 : arguments->datamatch;
	new->eventfd = eventfd;
	result = add(doorbells, tree, new);
	if (result)
		doorbell_free(new);
	return result;
}

/* All that made it has to be said again. */
static int deassign(struct doorbells *doorbells, const struct kvm_ioeventfd *arguments)
{
	struct rb_root *tree = tree_of(doorbells, arguments->flags & KVM_IOEVENTFD_FLAG_PIO);
	bool any_data = !(arguments->flags & KVM_IOEVENTFD_FLAG_DATAMATCH);
	struct eventfd_ctx *eventfd;
	struct doorbell *doorbell;

	eventfd = eventfd_ctx_fdget(arguments->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	spin_lock(&doorbells->lock);
	doorbell = find_exact(tree, arguments->addr, arguments->len,
			      any_data ? 0 : arguments->datamatch);
	if (doorbell && (doorbell->eventfd != eventfd || doorbell->any_data != any_data))
		doorbell = NULL;
	if (doorbell) {
		rb_erase(&doorbell->node, tree);
		WRITE_ONCE(doorbells->count, doorbells->count - 1);
	}
	spin_unlock(&doorbells->lock);
	eventfd_ctx_put(eventfd);
	if (!doorbell)
		return -ENOENT;
	doorbell_free(doorbell);
	return 0;
}

int doorbells_change(struct doorbells *doorbells, const struct kvm_ioeventfd *arguments)
{
	/* It names a bus of another architecture. */
	if (arguments->flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY)
		return -EINVAL;
	if (arguments->flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		return deassign(doorbells, arguments);
	return assign(doorbells, arguments);
}

bool doorbells_watch(struct doorbells *doorbells, bool port, u64 address)
{
	bool watched;

	if (!READ_ONCE(doorbells->count))
		return false;
	spin_lock(&doorbells->lock);
	watched = first_at(tree_of(doorbells, port), address);
	spin_unlock(&doorbells->lock);
	return watched;
}

bool doorbells_ring(struct doorbells *doorbells, bool port, u64 address, const void *data,
		    unsigned int bytes)
{
	struct doorbell *doorbell;
	u64 value = 0;

	if (!READ_ONCE(doorbells->count) || bytes > sizeof(value))
		return false;
	memcpy(&value, data, bytes);
	spin_lock(&doorbells->lock);
	doorbell = find_rung(tree_of(doorbells, port), address, bytes, value);
	if (doorbell)
		host_signal_eventfd(doorbell->eventfd);
	spin_unlock(&doorbells->lock);
	return doorbell;
}

size_t doorbells_bytes(const struct doorbells *doorbells)
{
	return READ_ONCE(doorbells->count) * sizeof(struct doorbell);
}

void doorbells_init(struct doorbells *doorbells)
{
	spin_lock_init(&doorbells->lock);
	doorbells->trees[0] = RB_ROOT;
	doorbells->trees[1] = RB_ROOT;
	doorbells->count = 0;
}

void doorbells_destroy(struct doorbells *doorbells)
{
	struct doorbell *doorbell, *next;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(doorbells->trees); i++)
		rbtree_postorder_for_each_entry_safe(doorbell, next, &doorbells->trees[i], node)
			doorbell_free(doorbell);
}
