/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair of 8259A interrupt controllers of a PC, with the edge/level control
 * registers of its chipset. Pure: the caller holds whatever lock it needs, and
 * asks pic_wants_interrupt() after each call that may have changed it.
 *
 * irqchip.c ties one to a VM; userspace tests, fuzzers and a userspace PC build
 * the same source.
 */
#ifndef RINGLET_IRQCHIP_PIC_H
#define RINGLET_IRQCHIP_PIC_H

#include <ringlet/types.h>

#define PIC_PINS 16
#define PIC_CASCADE 2 /* the master's pin that the slave is wired to */

#define PIC_MASTER_COMMAND 0x20
#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_COMMAND 0xa0
#define PIC_SLAVE_DATA 0xa1
#define PIC_ELCR_MASTER 0x4d0
#define PIC_ELCR_SLAVE 0x4d1

/* Lines that the chipset can make level-triggered: not 0, 1, 2, 8, 13. */
#define PIC_ELCR_MASK_MASTER 0xf8
#define PIC_ELCR_MASK_SLAVE 0xde

/* What the next byte to the data port is; KVM's numbers. */
enum pic_init_state {
	PIC_READY = 0, /* OCW1 */
	PIC_EXPECT_ICW2 = 1,
	PIC_EXPECT_ICW3 = 2,
	PIC_EXPECT_ICW4 = 3,
};

/**
 * struct pic_chip - one 8259A; fields as struct kvm_pic_state has them
 * @last_irr: levels of the pins, to see edges
 * @irr: interrupt request register
 * @imr: interrupt mask register
 * @isr: in-service register
 * @priority_add: the pin of highest priority
 * @irq_base: vector of pin 0
 * @read_isr: the command port reads @isr, not @irr
 * @poll: the next read acknowledges instead
 * @special_mask: a masked pin in service does not block lower ones
 * @init_state: enum pic_init_state
 * @single: ICW1 said that there is no cascade, so there is no ICW3
 * @init4: ICW1 said that there is an ICW4
 * @elcr: level-triggered pins
 */
struct pic_chip {
	u8 last_irr;
	u8 irr;
	u8 imr;
	u8 isr;
	u8 priority_add;
	u8 irq_base;
	bool read_isr;
	bool poll;
	bool special_mask;
	u8 init_state;
	bool auto_eoi;
	bool rotate_on_auto_eoi;
	bool special_fully_nested;
	bool single;
	bool init4;
	u8 elcr;
	u8 elcr_mask;
};

/**
 * struct pic - master and slave
 * @chips: [0] the master, [1] the slave
 * @output: the master's INT pin
 * @ended: or NULL; called when the guest has ended the interrupts of these pins
 *	(the slave's are 8 to 15), by an EOI or by initialising the chip, before
 *	what is up still is requested again; may call pic_set_irq()
 * @to: for @ended
 */
struct pic {
	struct pic_chip chips[2];
	bool output;
	void (*ended)(void *to, u16 pins);
	void *to;
};

/* Power-on state. Nothing is masked, as in KVM and QEMU. */
void pic_init(struct pic *pic);

/**
 * pic_set_irq() - drive an input pin
 * @irq: 0 to 15; other values are ignored
 *
 * Return: as KVM_IRQ_LINE_STATUS: 1 the request was new, 0 it had been pending
 * (coalesced) or the pin went down, -1 the pin is masked (it is remembered).
 */
int pic_set_irq(struct pic *pic, unsigned int irq, bool level);

/* The level of INT: the processor has an interrupt to take. */
static inline bool pic_wants_interrupt(const struct pic *pic)
{
	return pic->output;
}

/*
 * Whether a pin's request is remembered or in service: a timer that must not
 * lose ticks waits until it is not. The slave's pins are 8 to 15.
 */
static inline bool pic_is_busy(const struct pic *pic, unsigned int irq)
{
	const struct pic_chip *chip = &pic->chips[irq >> 3 & 1];

	return (chip->irr | chip->isr) & BIT(irq & 7);
}

/**
 * pic_acknowledge() - the processor's INTA cycle
 *
 * Return: the vector. When the request has gone meanwhile it is that of pin 7
 * of the chip, which is then not in service: a spurious interrupt.
 */
u8 pic_acknowledge(struct pic *pic);

/* Whether a port is one of the six. */
static inline bool pic_has_port(u16 port)
{
	return (port & ~1) == PIC_MASTER_COMMAND || (port & ~1) == PIC_SLAVE_COMMAND ||
	       (port & ~1) == PIC_ELCR_MASTER;
}

/* A byte from or to one of those; other ports read 0xff and ignore writes. */
u8 pic_read(struct pic *pic, u16 port);
void pic_write(struct pic *pic, u16 port, u8 value);

/* Recompute @output after the state was replaced from outside. */
void pic_update(struct pic *pic);

#endif /* RINGLET_IRQCHIP_PIC_H */
