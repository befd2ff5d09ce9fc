/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controllers and the timer that a VM has in the kernel. Called
 * by the API layer (ioctls of any thread), by the vCPU's thread (ports, INTA)
 * and by an hrtimer; host world.
 *
 * One lock guards it all. Whoever changes something that lets the INT line go
 * up tells the owner, after the lock is dropped: the owner wakes the vCPU that
 * sleeps in HLT and kicks the one in the guest world.
 *
 * A request travels from a GSI over the routing table to pins. Only the PIC has
 * pins now; a chip that is added gets its column in struct irqchip_route and its
 * case in irqchip_set_gsi().
 */
#ifndef RINGLET_IRQCHIP_IRQCHIP_H
#define RINGLET_IRQCHIP_IRQCHIP_H

#include <linux/compiler.h>
#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/spinlock.h>

#include "irqchip/pic.h"
#include "irqchip/pit.h"

/* As in KVM: GSIs and entries of KVM_SET_GSI_ROUTING are fewer than this. */
#define IRQCHIP_ROUTES 4096

/* Who holds a pin up; it is up as long as one of them does. */
enum irqchip_source {
	IRQCHIP_SOURCE_CLIENT,
	IRQCHIP_SOURCE_PIT,
};

/* What a GSI leads to: a pin each of the PIC's master and slave, or -1. */
struct irqchip_route {
	s8 pic[2];
};

struct irqchip_routing {
	u32 count;
	struct irqchip_route gsis[];
};

/**
 * struct irqchip_timer - the PIT and what drives it
 * @exists: KVM_CREATE_PIT or KVM_CREATE_PIT2 was called
 * @model: the 8254
 * @hrtimer: expires at the next tick of channel 0; its callback takes the lock,
 *	so it may find the state changed since and only ever looks at that
 * @flags: KVM_PIT_FLAGS_* of KVM_SET_PIT2
 * @has_speaker_port: port 61h is answered here
 * @reinject: a tick that finds the last one not yet ended by the guest waits
 *	in @missed
 * @missed: ticks that the guest is still to get
 * @served_since: when the guest began to serve IRQ 0, or 0 if it does not
 * @rest_until: no tick before that: the guest has served as long as it rests
 * @counted_until: ticks were counted up to this time
 * @line_masked: IRQ 0 is masked at the PIC
 * @masked_in_service: the guest's handler did it, and will undo it
 */
struct irqchip_timer {
	bool exists;
	struct pit model;
	struct hrtimer hrtimer;
	u32 flags;
	bool has_speaker_port;
	bool reinject;
	u64 missed;
	u64 served_since;
	u64 rest_until;
	u64 counted_until;
	bool line_masked;
	bool masked_in_service;
};

/* Counts since it was made, and the kernel memory that it is. */
struct irqchip_statistics {
	u64 port_accesses;
	u64 interrupts; /* INTA cycles */
	u64 ticks; /* of channel 0 */
	u64 ticks_given; /* of these, as requests of IRQ 0 */
	u64 bytes;
};

/**
 * struct irqchip - one VM's
 * @lock: guards all below; taken with interrupts off, since a timer's callback
 *	takes it
 * @raised: called without the lock when INT went up, in any context
 * @owner: for @raised
 * @wanted: INT is up; may be read without the lock
 * @sources: enum irqchip_source as bits, by pin of the PIC
 */
struct irqchip {
	spinlock_t lock;
	void (*raised)(void *owner);
	void *owner;
	bool wanted;
	struct pic pic;
	u8 sources[PIC_PINS];
	struct irqchip_routing *routing;
	struct irqchip_timer timer;
	struct irqchip_statistics statistics;
};

/**
 * irqchip_create() - make the PIC, with GSI n routed to IRQ n
 * @raised: see struct irqchip
 * @owner: outlives the irqchip
 *
 * Return: the irqchip or NULL without memory.
 */
struct irqchip *irqchip_create(void (*raised)(void *owner), void *owner);

/* Stops the timer: @raised is not called any more. NULL is nothing to do. */
void irqchip_destroy(struct irqchip *irqchip);

/*
 * Whether the processor has an interrupt to take. Without the lock: a reader
 * that finds false has to make sure that @raised will reach it (by a barrier
 * after it said where it is).
 */
static inline bool irqchip_wants_interrupt(const struct irqchip *irqchip)
{
	return READ_ONCE(irqchip->wanted);
}

/* The INTA cycle: the vector. */
u8 irqchip_acknowledge(struct irqchip *irqchip);

/**
 * irqchip_set_gsi() - drive the pins that a GSI is routed to
 *
 * Return: as KVM_IRQ_LINE_STATUS: how many pins saw a new request, 0 if it was
 * coalesced, -1 if all are masked or there is none.
 */
int irqchip_set_gsi(struct irqchip *irqchip, u32 gsi, enum irqchip_source source, bool level);

/**
 * irqchip_port_in() - IN or an INS of @count elements of @bytes
 *
 * A word or a doubleword is several bytes at consecutive ports, as on ISA.
 * Return: false if one of the ports is not of ours; then nothing was done.
 */
bool irqchip_port_in(struct irqchip *irqchip, u16 port, unsigned int bytes, unsigned int count,
		     void *data);
bool irqchip_port_out(struct irqchip *irqchip, u16 port, unsigned int bytes, unsigned int count,
		      const void *data);

/* A copy, up to date. */
void irqchip_read_statistics(struct irqchip *irqchip, struct irqchip_statistics *statistics);

/* ---- routing.c ----------------------------------------------------------- */

/* KVM_SET_GSI_ROUTING; 0, -EINVAL or -ENOMEM. */
int irqchip_set_routing(struct irqchip *irqchip, const struct kvm_irq_routing_entry *entries,
			u32 count);

/* ---- state.c: KVM's structures ------------------------------------------- */

/* KVM_GET_IRQCHIP and KVM_SET_IRQCHIP; -EINVAL for a chip that is not there. */
int irqchip_get_chip(struct irqchip *irqchip, struct kvm_irqchip *chip);
int irqchip_set_chip(struct irqchip *irqchip, const struct kvm_irqchip *chip);

/* KVM_CREATE_PIT2 with its flags; -EEXIST. */
int irqchip_create_pit(struct irqchip *irqchip, u32 flags);
/* The rest: -ENXIO without a PIT. */
int irqchip_get_pit(struct irqchip *irqchip, struct kvm_pit_state2 *state);
/* @with_flags: KVM_SET_PIT2; KVM_SET_PIT has none and leaves them. */
int irqchip_set_pit(struct irqchip *irqchip, const struct kvm_pit_state2 *state, bool with_flags);
int irqchip_set_reinject(struct irqchip *irqchip, bool reinject);

#endif /* RINGLET_IRQCHIP_IRQCHIP_H */
