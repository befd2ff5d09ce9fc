/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of a processor, xAPIC mode. Pure: the caller holds whatever
 * lock it needs and says what time it is, and asks lapic_wanted_vector() and
 * @events after each call that may have changed them.
 *
 * The timer's bus clock is 1 GHz as in KVM: a cycle is a nanosecond.
 */
#ifndef RINGLET_IRQCHIP_LAPIC_H
#define RINGLET_IRQCHIP_LAPIC_H

#include "irqchip/apic.h"

#define LAPIC_BASE 0xfee00000ULL
#define LAPIC_BYTES 0x1000

/* IA32_APIC_BASE. */
#define LAPIC_BASE_BSP BIT_ULL(8)
#define LAPIC_BASE_ENABLED BIT_ULL(11)

/* As much of the page as has registers: one in each 16 bytes. */
#define LAPIC_REGISTERS 64

/* From here on they are the timer's. */
#define LAPIC_TIMER_REGISTERS 0x380
/* A write there ends an interrupt. */
#define LAPIC_EOI 0x0b0

/* What came for the processor besides vectors; bits of @events. */
#define LAPIC_EVENT_NMI BIT(0)
#define LAPIC_EVENT_SMI BIT(1)
#define LAPIC_EVENT_INIT BIT(2)
#define LAPIC_EVENT_STARTUP BIT(3)
#define LAPIC_EVENT_EXTINT BIT(4)

/* Entries of the local vector table, by the offset of their registers. */
enum lapic_local {
	LAPIC_LOCAL_TIMER = 0x320,
	LAPIC_LOCAL_THERMAL = 0x330,
	LAPIC_LOCAL_PERFORMANCE = 0x340,
	LAPIC_LOCAL_LINT0 = 0x350,
	LAPIC_LOCAL_LINT1 = 0x360,
	LAPIC_LOCAL_ERROR = 0x370,
};

#define LAPIC_NEVER (~0ULL)
#define LAPIC_NO_VECTOR (-1)

/**
 * struct lapic - one local APIC
 * @base: IA32_APIC_BASE
 * @registers: by offset / 16, as struct kvm_lapic_state has them
 * @has_deadline: CPUID offers the timer's TSC-deadline mode
 * @errors: since the last write to the ESR
 * @events: LAPIC_EVENT_*; who takes one clears it
 * @startup_page: of LAPIC_EVENT_STARTUP
 * @timer_armed: one-shot or periodic, and it is to expire
 * @timer_start: when the count began that is going on
 * @deadline: MSR IA32_TSC_DEADLINE; 0: not armed
 */
struct lapic {
	u64 base;
	u32 registers[LAPIC_REGISTERS];
	bool has_deadline;
	u8 errors;
	u8 events;
	u8 startup_page;
	bool timer_armed;
	u64 timer_start;
	u64 deadline;
};

/* The state after power-on. @id: of the APIC; the boot processor has 0. */
void lapic_init(struct lapic *lapic, u8 id);
/* After INIT: as after power-on, but ID and base stay. */
void lapic_reset(struct lapic *lapic);

static inline bool lapic_is_enabled(const struct lapic *lapic)
{
	return lapic->base & LAPIC_BASE_ENABLED;
}

/* ---- the page at LAPIC_BASE ---------------------------------------------- */

/* What is not a register reads 0, and is an error in the ESR. */
u32 lapic_read(struct lapic *lapic, unsigned int offset, u64 now);

/*
 * Return: the vector of a level-triggered interrupt that ended by this write,
 * for I/O APICs to know; else LAPIC_NO_VECTOR.
 */
int lapic_write(struct lapic *lapic, unsigned int offset, u32 value, u64 now);

/* ---- interrupts ---------------------------------------------------------- */

/* Whether a message is for this one. */
bool lapic_matches(const struct lapic *lapic, const struct apic_message *message);

/**
 * lapic_accept() - a message from an I/O APIC, a device or an ICR
 *
 * Return: 1 it is a new request, 0 it was pending, -1 it is for somebody else
 * or the APIC does not take it.
 */
int lapic_accept(struct lapic *lapic, const struct apic_message *message);

/* A source of the local vector table requests; as lapic_accept(). */
int lapic_signal_local(struct lapic *lapic, enum lapic_local source);

/*
 * Whether INT of the PIC goes through to the processor: LINT0 is unmasked and
 * says so, or there is no APIC between them.
 */
bool lapic_passes_pic(const struct lapic *lapic);

/* The vector that the processor is to take if it can, or LAPIC_NO_VECTOR. */
int lapic_wanted_vector(const struct lapic *lapic);

/* It takes it: the vector is in service. What lapic_wanted_vector() gave. */
int lapic_acknowledge(struct lapic *lapic);

/* Whether a vector waits to be taken; whether it is in service. */
bool lapic_is_requested(const struct lapic *lapic, u8 vector);
bool lapic_is_serving(const struct lapic *lapic, u8 vector);

/* CR8 is the task priority's upper half. */
u8 lapic_cr8(const struct lapic *lapic);
void lapic_set_cr8(struct lapic *lapic, u8 cr8);

/* ---- lapic_timer.c ------------------------------------------------------- */

/* One-shot or periodic: it goes by counts, not by the TSC. */
bool lapic_timer_counts(const struct lapic *lapic);
bool lapic_timer_is_periodic(const struct lapic *lapic);

/* When the timer expires by this clock, or LAPIC_NEVER. */
u64 lapic_timer_next(const struct lapic *lapic);

/*
 * Deliver what came due; several periods are one request. Return: how many
 * times it expired.
 */
u64 lapic_timer_catch_up(struct lapic *lapic, u64 now);

/* IA32_TSC_DEADLINE is written; no effect in the timer's other modes. */
void lapic_set_deadline(struct lapic *lapic, u64 tsc);
/* The same for the TSC: true if it expired. */
bool lapic_deadline_catch_up(struct lapic *lapic, u64 tsc);

/* ---- state from outside -------------------------------------------------- */

/*
 * @registers were replaced: make them ones that can be, and start the timer
 * with the count that is left.
 */
void lapic_replaced(struct lapic *lapic, u64 now);
/* With the current count, to be read by somebody else. */
void lapic_settle(struct lapic *lapic, u64 now);

/* IA32_APIC_BASE is written; disabling resets. The caller has checked bits. */
void lapic_set_base(struct lapic *lapic, u64 base);

#endif /* RINGLET_IRQCHIP_LAPIC_H */
