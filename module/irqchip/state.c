// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chips in KVM's structures, both ways, and making the PIT. Called by
 * ioctls in process context, host world. A client may write anything: what the
 * models cannot hold is cut to what they can.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/ktime.h>

#include "irqchip/internal.h"

/* ---- PIC ----------------------------------------------------------------- */

static void pic_to_kvm(const struct pic_chip *chip, struct kvm_pic_state *kvm)
{
	kvm->last_irr = chip->last_irr;
	kvm->irr = chip->irr;
	kvm->imr = chip->imr;
	kvm->isr = chip->isr;
	kvm->priority_add = chip->priority_add;
	kvm->irq_base = chip->irq_base;
	kvm->read_reg_select = chip->read_isr;
	kvm->poll = chip->poll;
	kvm->special_mask = chip->special_mask;
	kvm->init_state = chip->init_state;
	kvm->auto_eoi = chip->auto_eoi;
	kvm->rotate_on_auto_eoi = chip->rotate_on_auto_eoi;
	kvm->special_fully_nested_mode = chip->special_fully_nested;
	kvm->init4 = chip->init4;
	kvm->elcr = chip->elcr;
	kvm->elcr_mask = chip->elcr_mask;
}

static void pic_from_kvm(struct pic_chip *chip, const struct kvm_pic_state *kvm)
{
	chip->last_irr = kvm->last_irr;
	chip->imr = kvm->imr;
	chip->isr = kvm->isr;
	chip->priority_add = kvm->priority_add & 7;
	chip->irq_base = kvm->irq_base & 0xf8;
	chip->read_isr = kvm->read_reg_select;
	chip->poll = kvm->poll;
	chip->special_mask = kvm->special_mask;
	chip->init_state = kvm->init_state & 3;
	chip->auto_eoi = kvm->auto_eoi;
	chip->rotate_on_auto_eoi = kvm->rotate_on_auto_eoi;
	chip->special_fully_nested = kvm->special_fully_nested_mode;
	chip->init4 = kvm->init4;
	/* In the middle of the command words KVM cannot say it. */
	chip->single = false;
	chip->elcr = kvm->elcr & chip->elcr_mask;
	chip->irr = kvm->irr | (chip->last_irr & chip->elcr);
}

/* ---- I/O APIC ------------------------------------------------------------- */

static void ioapic_to_kvm(const struct irqchip *irqchip, struct kvm_ioapic_state *kvm)
{
	unsigned int pin;

	BUILD_BUG_ON(IOAPIC_PINS != KVM_IOAPIC_NUM_PINS);
	memset(kvm, 0, sizeof(*kvm));
	kvm->base_address = irqchip->ioapic_base;
	kvm->ioregsel = irqchip->ioapic.select;
	kvm->id = irqchip->ioapic.id;
	kvm->irr = irqchip->ioapic.irr;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		kvm->redirtbl[pin].bits = irqchip->ioapic.entries[pin];
}

/* Pins that are up request anew, as in KVM. */
static void ioapic_from_kvm(struct irqchip *irqchip, const struct kvm_ioapic_state *kvm)
{
	struct ioapic *ioapic = &irqchip->ioapic;
	unsigned int pin;

	WRITE_ONCE(irqchip->ioapic_base, kvm->base_address);
	ioapic->select = kvm->ioregsel;
	ioapic->id = kvm->id;
	ioapic->irr = kvm->irr;
	for (pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->entries[pin] = kvm->redirtbl[pin].bits;
	ioapic_replaced(ioapic);
}

int irqchip_get_chip(struct irqchip *irqchip, struct kvm_irqchip *chip)
{
	unsigned long flags;

	if (chip->chip_id > KVM_IRQCHIP_IOAPIC)
		return -EINVAL;
	flags = irqchip_lock(irqchip);
	if (chip->chip_id == KVM_IRQCHIP_IOAPIC)
		ioapic_to_kvm(irqchip, &chip->chip.ioapic);
	else
		pic_to_kvm(&irqchip->pic.chips[chip->chip_id], &chip->chip.pic);
	irqchip_unlock(irqchip, flags);
	return 0;
}

int irqchip_set_chip(struct irqchip *irqchip, const struct kvm_irqchip *chip)
{
	unsigned long flags;

	if (chip->chip_id > KVM_IRQCHIP_IOAPIC)
		return -EINVAL;
	flags = irqchip_lock(irqchip);
	if (chip->chip_id == KVM_IRQCHIP_IOAPIC) {
		ioapic_from_kvm(irqchip, &chip->chip.ioapic);
	} else {
		pic_from_kvm(&irqchip->pic.chips[chip->chip_id], &chip->chip.pic);
		pic_update(&irqchip->pic);
	}
	irqchip_unlock(irqchip, flags);
	return 0;
}

/* ---- local APIC ----------------------------------------------------------- */

static_assert(sizeof(struct kvm_lapic_state) == LAPIC_REGISTERS * 16);

void irqchip_get_lapic(struct irqchip *irqchip, struct kvm_lapic_state *state)
{
	unsigned long flags = irqchip_lock(irqchip);
	u64 now = ktime_get_ns();
	unsigned int i;

	memset(state, 0, sizeof(*state));
	lapic_clock_catch_up(irqchip, now);
	lapic_settle(&irqchip->lapic, now);
	for (i = 0; i < LAPIC_REGISTERS; i++)
		memcpy(&state->regs[i * 16], &irqchip->lapic.registers[i], sizeof(u32));
	irqchip_unlock(irqchip, flags);
}

void irqchip_set_lapic(struct irqchip *irqchip, const struct kvm_lapic_state *state)
{
	unsigned long flags = irqchip_lock(irqchip);
	u64 now = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < LAPIC_REGISTERS; i++)
		memcpy(&irqchip->lapic.registers[i], &state->regs[i * 16], sizeof(u32));
	lapic_replaced(&irqchip->lapic, now);
	lapic_clock_arm(irqchip, now);
	irqchip_unlock(irqchip, flags);
}

/* ---- PIT ----------------------------------------------------------------- */

static void channel_to_kvm(const struct pit_channel *channel, struct kvm_pit_channel_state *kvm)
{
	kvm->count = channel->count ? channel->count : 0x10000;
	kvm->latched_count = channel->latched_count;
	kvm->count_latched = channel->count_latched;
	kvm->status_latched = channel->status_latched;
	kvm->status = channel->status;
	kvm->read_state = channel->read_next;
	kvm->write_state = channel->write_next;
	kvm->write_latch = channel->write_latch;
	kvm->rw_mode = channel->access;
	kvm->mode = channel->mode;
	kvm->bcd = channel->bcd;
	kvm->gate = channel->gate;
	kvm->count_load_time = channel->start;
}

/* As in KVM, the count starts over. */
static void channel_from_kvm(struct pit *pit, unsigned int index,
			     const struct kvm_pit_channel_state *kvm, u64 now)
{
	pit->channels[index] = (struct pit_channel){
		.latched_count = kvm->latched_count,
		.count_latched = kvm->count_latched,
		.status_latched = kvm->status_latched,
		.status = kvm->status,
		.read_next = kvm->read_state,
		.write_next = kvm->write_state,
		.write_latch = kvm->write_latch,
		.access = kvm->rw_mode,
		.mode = kvm->mode <= 5 ? kvm->mode : PIT_NO_MODE,
		.bcd = kvm->bcd,
		.gate = kvm->gate,
	};
	pit_load(pit, index, kvm->count, now);
}

int irqchip_create_pit(struct irqchip *irqchip, u32 flags)
{
	unsigned long irqflags = irqchip_lock(irqchip);
	int result = -EEXIST;

	if (!irqchip->timer.exists) {
		timer_start(irqchip);
		irqchip->timer.has_speaker_port = flags & KVM_PIT_SPEAKER_DUMMY;
		result = 0;
	}
	irqchip_unlock(irqchip, irqflags);
	return result;
}

int irqchip_get_pit(struct irqchip *irqchip, struct kvm_pit_state2 *state)
{
	const struct irqchip_timer *timer = &irqchip->timer;
	unsigned long flags = irqchip_lock(irqchip);
	int result = -ENXIO;
	unsigned int i;

	if (timer->exists) {
		memset(state, 0, sizeof(*state));
		for (i = 0; i < PIT_CHANNELS; i++)
			channel_to_kvm(&timer->model.channels[i], &state->channels[i]);
		state->flags = timer->flags & ~KVM_PIT_FLAGS_SPEAKER_DATA_ON;
		if (timer->model.speaker_data)
			state->flags |= KVM_PIT_FLAGS_SPEAKER_DATA_ON;
		result = 0;
	}
	irqchip_unlock(irqchip, flags);
	return result;
}

int irqchip_set_pit(struct irqchip *irqchip, const struct kvm_pit_state2 *state, bool with_flags)
{
	struct irqchip_timer *timer = &irqchip->timer;
	unsigned long flags = irqchip_lock(irqchip);
	u64 now = ktime_get_ns();
	int result = -ENXIO;
	unsigned int i;

	if (timer->exists) {
		timer_catch_up(irqchip, now);
		for (i = 0; i < PIT_CHANNELS; i++)
			channel_from_kvm(&timer->model, i, &state->channels[i], now);
		if (with_flags) {
			timer->flags = state->flags;
			timer->model.speaker_data = state->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON;
		}
		timer_restart(irqchip, now);
		timer_arm(irqchip, now);
		result = 0;
	}
	irqchip_unlock(irqchip, flags);
	return result;
}

int irqchip_set_reinject(struct irqchip *irqchip, bool reinject)
{
	struct irqchip_timer *timer = &irqchip->timer;
	unsigned long flags = irqchip_lock(irqchip);
	int result = -ENXIO;

	if (timer->exists) {
		if (timer->reinject != reinject)
			timer->missed = 0;
		timer->reinject = reinject;
		result = 0;
	}
	irqchip_unlock(irqchip, flags);
	return result;
}
