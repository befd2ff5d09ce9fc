/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controllers and the timers that a VM has in the kernel. Called
 * by the API layer (ioctls of any thread), by the vCPU's thread (ports, pages,
 * INTA) and by hrtimers; host world.
 *
 * One lock guards it all. Whoever changes something that lets the processor
 * have an interrupt tells the owner, after the lock is dropped: the owner wakes
 * the vCPU that sleeps in HLT and kicks the one in the guest world.
 *
 * A request travels from a GSI over the routing table to pins of the PIC and the
 * I/O APIC, or as a message. The I/O APIC and messages reach the local APIC, and
 * so does the PIC's INT, which passes it as LINT0 says. A processor without a
 * local APIC, by its CPUID, has the PIC alone.
 */
#ifndef RINGLET_IRQCHIP_IRQCHIP_H
#define RINGLET_IRQCHIP_IRQCHIP_H

#include <linux/compiler.h>
#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "irqchip/ioapic.h"
#include "irqchip/lapic.h"
#include "irqchip/pic.h"
#include "irqchip/pit.h"

/* As in KVM: GSIs and entries of KVM_SET_GSI_ROUTING are fewer than this. */
#define IRQCHIP_ROUTES 4096
/* Eventfds that raise interrupts are not more than GSIs. */
#define IRQFDS_MOST IRQCHIP_ROUTES

/* Who holds a pin up; it is up as long as one of them does. */
enum irqchip_source {
	IRQCHIP_SOURCE_CLIENT,
	IRQCHIP_SOURCE_PIT,
	IRQCHIP_SOURCE_EVENTFD, /* an edge */
	IRQCHIP_SOURCE_RESAMPLE, /* a level until the guest's EOI */
};

/* What the processor is to know; bits of struct irqchip.signals. */
#define IRQCHIP_INTERRUPT BIT(0) /* a vector waits for it */
#define IRQCHIP_EVENT BIT(1) /* something of LAPIC_EVENT_* does */
#define IRQCHIP_PASSES_PIC BIT(2) /* INT of a PIC goes through to it */

/* What of LAPIC_EVENT_* means something here: there is no SMM, no second
 * processor, and the PIC's INT is no message.
 */
#define IRQCHIP_EVENTS (LAPIC_EVENT_NMI | LAPIC_EVENT_INIT)

/**
 * struct irqchip_route - what a GSI leads to
 * @pic: a pin each of master and slave, or -1
 * @ioapic: a pin, or -1
 * @is_message: @message instead of pins, at each rise
 */
struct irqchip_route {
	s8 pic[2];
	s8 ioapic;
	bool is_message;
	struct apic_message message;
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
 * @uses_ioapic: the I/O APIC has a vector for it
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
	bool uses_ioapic;
};

/**
 * struct irqchip_lapic_clock - what drives the timer of the local APIC
 * @hrtimer: expires when the timer does; its callback takes the lock and looks
 *	at nothing but the model
 * @not_before: a periodic timer does not expire again before that
 * @tsc_offset: what the guest's TSC is ahead of the host's
 */
struct irqchip_lapic_clock {
	struct hrtimer hrtimer;
	u64 not_before;
	u64 tsc_offset;
};

/**
 * struct irqfds - eventfds that raise interrupts
 * @mutex: ioctls take turns
 * @list: of struct irqfd
 * @resample: of those with a resample eventfd; read under RCU, too
 * @count: on @list
 * @ended: some are to be signalled when the irqchip's lock is dropped, which
 *	guards all but @mutex
 */
struct irqfds {
	struct mutex mutex;
	struct list_head list;
	struct list_head resample;
	unsigned int count;
	bool ended;
};

/* Counts since it was made, and the kernel memory that it is. */
struct irqchip_statistics {
	u64 port_accesses;
	u64 page_accesses; /* of the APICs */
	u64 interrupts; /* INTA cycles */
	u64 ticks; /* of channel 0 */
	u64 ticks_given; /* of these, as requests of IRQ 0 */
	u64 bytes;
};

/**
 * struct irqchip - one VM's
 * @lock: guards all below; taken with interrupts off, since a timer's callback
 *	takes it
 * @raised: called without the lock when something came for the processor, in any
 *	context
 * @owner: for @raised
 * @split: only the local APIC is here, the other chips are the client's; never
 *	changes
 * @has_lapic: CPUID has one; written by the vCPU's thread
 * @signals: IRQCHIP_*; may be read without the lock
 * @pic_output: the PIC's INT at the last unlock, to see LINT0 rise
 * @pic_sources: enum irqchip_source as bits, by pin of the PIC
 * @ioapic_sources: likewise of the I/O APIC
 * @ioapic_base: where its page is; may be read without the lock
 */
struct irqchip {
	spinlock_t lock;
	void (*raised)(void *owner);
	void *owner;
	bool split;
	bool has_lapic;
	u8 signals;
	bool pic_output;
	struct pic pic;
	struct lapic lapic;
	struct ioapic ioapic;
	u8 pic_sources[PIC_PINS];
	u8 ioapic_sources[IOAPIC_PINS];
	u64 ioapic_base;
	struct irqchip_lapic_clock lapic_clock;
	struct irqchip_routing *routing;
	struct irqchip_timer timer;
	struct irqfds irqfds;
	struct irqchip_statistics statistics;
};

/**
 * irqchip_create() - make the chips
 * @split: the local APIC alone, and no GSI leads anywhere; else all of them, with
 *	GSI n routed to pin n of the PIC and the I/O APIC
 * @raised: see struct irqchip
 * @owner: outlives the irqchip
 *
 * Return: the irqchip or NULL without memory.
 */
struct irqchip *irqchip_create(bool split, void (*raised)(void *owner), void *owner);

/* Stops the timer: @raised is not called any more. NULL is nothing to do. */
void irqchip_destroy(struct irqchip *irqchip);

/*
 * IRQCHIP_*. Without the lock: a reader that finds nothing has to make sure that
 * @raised will reach it (by a barrier after it said where it is).
 */
static inline u8 irqchip_signals(const struct irqchip *irqchip)
{
	return READ_ONCE(irqchip->signals);
}

/* The INTA cycle: the vector, or -1 if nothing is left to be taken. */
int irqchip_acknowledge(struct irqchip *irqchip);

/* LAPIC_EVENT_* of IRQCHIP_EVENTS that came since the last time. */
u8 irqchip_take_events(struct irqchip *irqchip);

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

/**
 * irqchip_send_message() - a message of a device, KVM_SIGNAL_MSI
 * @address: where the device writes it
 * @data: what it writes
 *
 * Return: 1 it is a new request, 0 it was coalesced or is blocked, -1 there is
 * no such processor.
 */
int irqchip_send_message(struct irqchip *irqchip, u64 address, u32 data);

/* A copy, up to date. */
void irqchip_read_statistics(struct irqchip *irqchip, struct irqchip_statistics *statistics);

/* ---- pages.c: the pages of the APICs; from the vCPU's thread -------------- */

/* Whether an address may be in one of the pages: most are not. */
static inline bool irqchip_may_have_address(const struct irqchip *irqchip, u64 gpa)
{
	return (gpa ^ irqchip->lapic.base) >> 12 == 0 ||
	       gpa - READ_ONCE(irqchip->ioapic_base) < IOAPIC_BYTES;
}

#define IRQCHIP_NO_LAPIC (~0ULL)
/* Where the local APIC's page is; the processor finds it before any memory. */
u64 irqchip_lapic_address(const struct irqchip *irqchip);

/**
 * irqchip_read_page() - a read of @bytes, at most eight, that crosses no page
 *
 * Return: false if the address is not one of ours.
 */
bool irqchip_read_page(struct irqchip *irqchip, u64 gpa, void *data, unsigned int bytes);

/**
 * irqchip_write_page() - likewise
 * @ended: gets the vector of a level-triggered interrupt that this ended, for an
 *	I/O APIC that is the client's; else it is left alone
 */
bool irqchip_write_page(struct irqchip *irqchip, u64 gpa, const void *data, unsigned int bytes,
			int *ended);

/*
 * Whether a write at @gpa would end an interrupt: there is room for one vector
 * at a time. From the vCPU's thread.
 */
bool irqchip_is_end_register(const struct irqchip *irqchip, u64 gpa);

/* ---- processor.c: the local APIC's part of the virtual CPU; its thread ---- */

/* What CPUID says: there is a local APIC, and its timer has the deadline mode. */
void irqchip_set_features(struct irqchip *irqchip, bool has_lapic, bool has_deadline);
/* IA32_APIC_BASE, checked. */
void irqchip_set_apic_base(struct irqchip *irqchip, u64 base);
/* The local APIC's part of INIT. */
void irqchip_init_processor(struct irqchip *irqchip);
/* IA32_TSC_DEADLINE: without a local APIC or in another mode 0, and no effect. */
u64 irqchip_deadline(struct irqchip *irqchip);
void irqchip_set_deadline(struct irqchip *irqchip, u64 tsc);
/* The guest's TSC is another. */
void irqchip_set_tsc_offset(struct irqchip *irqchip, u64 offset);
/* CR8. */
u8 irqchip_task_priority(struct irqchip *irqchip);
void irqchip_set_task_priority(struct irqchip *irqchip, u8 cr8);

/* ---- routing.c ----------------------------------------------------------- */

/* KVM_SET_GSI_ROUTING; 0, -EINVAL or -ENOMEM. */
int irqchip_set_routing(struct irqchip *irqchip, const struct kvm_irq_routing_entry *entries,
			u32 count);

/* ---- irqfd.c: KVM_IRQFD, from the client's threads ------------------------ */

/*
 * 0; -EBADF, -EINVAL, -ENOMEM; -EBUSY: the eventfd has an irqfd here already;
 * -ENOSPC. The flags are known.
 */
int irqfd_assign(struct irqchip *irqchip, const struct kvm_irqfd *arguments);
/* 0, -EBADF or -EINVAL: that there is none (or no irqchip, NULL) is no error. */
int irqfd_deassign(struct irqchip *irqchip, const struct kvm_irqfd *arguments);
/* The VM's file is closed: no eventfd raises anything any more. */
void irqfd_end_all(struct irqchip *irqchip);
/* The module is unloaded: wait for the last of them. */
void irqchip_exit_module(void);

/* ---- state.c: KVM's structures ------------------------------------------- */

/* KVM_GET_IRQCHIP and KVM_SET_IRQCHIP; -EINVAL for a chip that is not there. */
int irqchip_get_chip(struct irqchip *irqchip, struct kvm_irqchip *chip);
int irqchip_set_chip(struct irqchip *irqchip, const struct kvm_irqchip *chip);

/* KVM_GET_LAPIC and KVM_SET_LAPIC. */
void irqchip_get_lapic(struct irqchip *irqchip, struct kvm_lapic_state *state);
void irqchip_set_lapic(struct irqchip *irqchip, const struct kvm_lapic_state *state);

/* KVM_CREATE_PIT2 with its flags; -EEXIST. */
int irqchip_create_pit(struct irqchip *irqchip, u32 flags);
/* The rest: -ENXIO without a PIT. */
int irqchip_get_pit(struct irqchip *irqchip, struct kvm_pit_state2 *state);
/* @with_flags: KVM_SET_PIT2; KVM_SET_PIT has none and leaves them. */
int irqchip_set_pit(struct irqchip *irqchip, const struct kvm_pit_state2 *state, bool with_flags);
int irqchip_set_reinject(struct irqchip *irqchip, bool reinject);

#endif /* RINGLET_IRQCHIP_IRQCHIP_H */
