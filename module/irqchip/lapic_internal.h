/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the local APIC share. Pure. */
#ifndef RINGLET_IRQCHIP_LAPIC_INTERNAL_H
#define RINGLET_IRQCHIP_LAPIC_INTERNAL_H

#include "irqchip/lapic.h"

/* Registers by their offset. */
#define REG_ID 0x020
#define REG_VERSION 0x030
#define REG_TPR 0x080
#define REG_APR 0x090
#define REG_PPR 0x0a0
#define REG_EOI LAPIC_EOI
#define REG_LDR 0x0d0
#define REG_DFR 0x0e0
#define REG_SPURIOUS 0x0f0
#define REG_ISR 0x100
#define REG_TMR 0x180
#define REG_IRR 0x200
#define REG_ESR 0x280
#define REG_ICR 0x300
#define REG_ICR_HIGH 0x310
#define REG_INITIAL_COUNT 0x380
#define REG_CURRENT_COUNT 0x390
#define REG_DIVIDE 0x3e0

/* Each of ISR, TMR and IRR is eight registers of 32 vectors. */
#define VECTOR_WORDS 8

#define LVT_DELIVERY GENMASK(10, 8)
#define LVT_MASKED BIT(16)
#define LVT_TIMER_MODE GENMASK(18, 17)
#define LVT_TIMER_ONE_SHOT 0
#define LVT_TIMER_PERIODIC BIT(17)
#define LVT_TIMER_DEADLINE BIT(18)

static inline u32 *lapic_register(struct lapic *lapic, unsigned int offset)
{
	return &lapic->registers[offset / 16];
}

static inline u32 lapic_get(const struct lapic *lapic, unsigned int offset)
{
	return lapic->registers[offset / 16];
}

/* lapic_timer.c */
u32 lapic_timer_count(const struct lapic *lapic, u64 now);
void lapic_timer_write_count(struct lapic *lapic, u32 value, u64 now);
void lapic_timer_write_divide(struct lapic *lapic, u32 value, u64 now);
void lapic_timer_write_mode(struct lapic *lapic, u32 entry, u64 now);
void lapic_timer_resume(struct lapic *lapic, u64 now);

#endif /* RINGLET_IRQCHIP_LAPIC_INTERNAL_H */
