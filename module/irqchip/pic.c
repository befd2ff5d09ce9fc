// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8259A pair. Called with the irqchip's lock held when it belongs to a VM.
 * Pure.
 *
 * As in KVM a request stays remembered when an edge-triggered pin goes down
 * again before the acknowledge: clients pulse their lines. The slave's INT
 * requests the master's pin 2 as long as the slave wants.
 */
#include "irqchip/pic.h"

/* Initialization Command Word 1, and what tells a command's kind. */
#define ICW1 0x10
#define ICW1_ICW4 0x01
#define ICW1_SINGLE 0x02

#define ICW2_BASE 0xf8

#define ICW4_AUTO_EOI 0x02
#define ICW4_SPECIAL_FULLY_NESTED 0x10

/* Operation Command Word 3; without OCW3 in the byte it is OCW2. */
#define OCW3 0x08
#define OCW3_READ_ISR 0x01
#define OCW3_READ_SELECT 0x02
#define OCW3_POLL 0x04
#define OCW3_SPECIAL_MASK 0x20
#define OCW3_SPECIAL_MASK_SELECT 0x40

/* OCW2's bits 7 to 5: rotate, specific, end of interrupt. */
enum ocw2 {
	OCW2_ROTATE_AUTO_CLEAR = 0,
	OCW2_EOI = 1,
	OCW2_NOTHING = 2,
	OCW2_EOI_SPECIFIC = 3,
	OCW2_ROTATE_AUTO_SET = 4,
	OCW2_EOI_ROTATE = 5,
	OCW2_SET_PRIORITY = 6,
	OCW2_EOI_SPECIFIC_ROTATE = 7,
};

/* A poll's answer: there was a request. */
#define POLL_REQUEST 0x80

#define NO_PIN 8
#define SPURIOUS_PIN 7

static bool is_master(const struct pic *pic, const struct pic_chip *chip)
{
	return chip == &pic->chips[0];
}

static void tell_ended(struct pic *pic, const struct pic_chip *chip, u8 pins)
{
	if (pins && pic->ended)
		pic->ended(pic->to, is_master(pic, chip) ? pins : pins << 8);
}

/* The set pin of highest priority, counted from the highest; NO_PIN if none. */
static unsigned int priority_of(const struct pic_chip *chip, u8 pins)
{
	unsigned int priority;

	for (priority = 0; priority < NO_PIN; priority++)
		if (pins & BIT((priority + chip->priority_add) & 7))
			break;
	return priority;
}

static unsigned int pin_of(const struct pic_chip *chip, unsigned int priority)
{
	return (priority + chip->priority_add) & 7;
}

/* The pin that a chip wants served now, or NO_PIN. */
static unsigned int wanted_pin(const struct pic *pic, const struct pic_chip *chip)
{
	unsigned int priority = priority_of(chip, chip->irr & ~chip->imr);
	u8 blocking = chip->isr;

	if (chip->special_mask)
		blocking &= ~chip->imr;
	/* The slave tells its own priorities apart. */
	if (chip->special_fully_nested && is_master(pic, chip))
		blocking &= ~BIT(PIC_CASCADE);
	if (priority >= priority_of(chip, blocking))
		return NO_PIN;
	return pin_of(chip, priority);
}

static int set_pin(struct pic_chip *chip, unsigned int pin, bool level)
{
	u8 bit = BIT(pin);
	int result = 0;

	if (!level) {
		if (chip->elcr & bit)
			chip->irr &= ~bit;
		chip->last_irr &= ~bit;
	} else {
		if ((chip->elcr & bit) || !(chip->last_irr & bit)) {
			result = !(chip->irr & bit);
			chip->irr |= bit;
		}
		chip->last_irr |= bit;
	}
	return chip->imr & bit ? -1 : result;
}

void pic_update(struct pic *pic)
{
	if (wanted_pin(pic, &pic->chips[1]) != NO_PIN)
		pic->chips[0].irr |= BIT(PIC_CASCADE);
	pic->output = wanted_pin(pic, &pic->chips[0]) != NO_PIN;
}

int pic_set_irq(struct pic *pic, unsigned int irq, bool level)
{
	int result;

	if (irq >= PIC_PINS)
		return -1;
	result = set_pin(&pic->chips[irq >> 3], irq & 7, level);
	pic_update(pic);
	return result;
}

static void begin_service(struct pic *pic, struct pic_chip *chip, unsigned int pin)
{
	/* A level is a request as long as it is there. */
	if (!(chip->elcr & BIT(pin)))
		chip->irr &= ~BIT(pin);
	if (!chip->auto_eoi) {
		chip->isr |= BIT(pin);
		return;
	}
	/* It may be there since before ICW4: this acknowledge ends that one too. */
	chip->isr &= ~BIT(pin);
	if (chip->rotate_on_auto_eoi)
		chip->priority_add = (pin + 1) & 7;
	tell_ended(pic, chip, BIT(pin));
}

u8 pic_acknowledge(struct pic *pic)
{
	struct pic_chip *master = &pic->chips[0], *slave = &pic->chips[1];
	unsigned int pin = wanted_pin(pic, master);
	u8 vector;

	if (pin == NO_PIN) {
		vector = master->irq_base + SPURIOUS_PIN;
	} else if (pin != PIC_CASCADE) {
		begin_service(pic, master, pin);
		vector = master->irq_base + pin;
	} else {
		begin_service(pic, master, pin);
		pin = wanted_pin(pic, slave);
		if (pin == NO_PIN)
			pin = SPURIOUS_PIN;
		else
			begin_service(pic, slave, pin);
		vector = slave->irq_base + pin;
	}
	pic_update(pic);
	return vector;
}

/* "Poll Command": the read is the acknowledge, of this chip alone. */
static u8 poll(struct pic *pic, struct pic_chip *chip)
{
	unsigned int pin = wanted_pin(pic, chip);

	chip->poll = false;
	if (pin == NO_PIN)
		return SPURIOUS_PIN;
	begin_service(pic, chip, pin);
	/* What the slave asked the master for has been served. */
	if (!is_master(pic, chip))
		pic->chips[0].irr &= ~BIT(PIC_CASCADE);
	pic_update(pic);
	return POLL_REQUEST | pin;
}

/* ICW1: starts the sequence, and clears what edges were remembered. */
static void write_icw1(struct pic *pic, struct pic_chip *chip, u8 value)
{
	/* Nobody will end what is in service, nor serve an edge that is forgotten. */
	u8 ended = chip->isr | (chip->irr & ~chip->elcr);

	chip->last_irr = 0;
	chip->irr &= chip->elcr;
	chip->imr = 0;
	chip->isr = 0;
	chip->priority_add = 0;
	chip->special_mask = false;
	chip->read_isr = false;
	chip->poll = false;
	chip->init4 = value & ICW1_ICW4;
	chip->single = value & ICW1_SINGLE;
	if (!chip->init4) {
		chip->special_fully_nested = false;
		chip->auto_eoi = false;
	}
	chip->rotate_on_auto_eoi = false;
	chip->init_state = PIC_EXPECT_ICW2;
	tell_ended(pic, chip, ended);
}

/* An EOI that names no pin: the one of highest priority in service. */
static unsigned int pin_to_end(const struct pic_chip *chip)
{
	u8 pins = chip->isr;
	unsigned int priority;

	/* "Special Mask Mode": what is masked is ended by name only. */
	if (chip->special_mask)
		pins &= ~chip->imr;
	priority = priority_of(chip, pins);
	return priority == NO_PIN ? NO_PIN : pin_of(chip, priority);
}

static void write_ocw2(struct pic *pic, struct pic_chip *chip, u8 value)
{
	enum ocw2 command = value >> 5;
	unsigned int pin = value & 7;
	u8 ended = 0;

	switch (command) {
	case OCW2_ROTATE_AUTO_CLEAR:
	case OCW2_ROTATE_AUTO_SET:
		chip->rotate_on_auto_eoi = command == OCW2_ROTATE_AUTO_SET;
		return;
	case OCW2_EOI:
	case OCW2_EOI_ROTATE:
		pin = pin_to_end(chip);
		if (pin == NO_PIN)
			return;
		break;
	case OCW2_EOI_SPECIFIC:
	case OCW2_EOI_SPECIFIC_ROTATE:
	case OCW2_SET_PRIORITY:
		break;
	default:
		return;
	}
	if (command & 1)
		ended = chip->isr & BIT(pin);
	chip->isr &= ~ended;
	if (command >= OCW2_EOI_ROTATE)
		chip->priority_add = (pin + 1) & 7;
	tell_ended(pic, chip, ended);
}

static void write_ocw3(struct pic_chip *chip, u8 value)
{
	if (value & OCW3_POLL)
		chip->poll = true;
	if (value & OCW3_READ_SELECT)
		chip->read_isr = value & OCW3_READ_ISR;
	if (value & OCW3_SPECIAL_MASK_SELECT)
		chip->special_mask = value & OCW3_SPECIAL_MASK;
}

static void write_command(struct pic *pic, struct pic_chip *chip, u8 value)
{
	if (value & ICW1)
		write_icw1(pic, chip, value);
	else if (value & OCW3)
		write_ocw3(chip, value);
	else
		write_ocw2(pic, chip, value);
}

/* ICW2 to ICW4. The cascade is wired: what ICW3 says about it is not asked. */
static void write_data(struct pic_chip *chip, u8 value)
{
	u8 after_icw3 = chip->init4 ? PIC_EXPECT_ICW4 : PIC_READY;

	switch (chip->init_state) {
	case PIC_EXPECT_ICW2:
		chip->irq_base = value & ICW2_BASE;
		chip->init_state = chip->single ? after_icw3 : PIC_EXPECT_ICW3;
		break;
	case PIC_EXPECT_ICW3:
		chip->init_state = after_icw3;
		break;
	case PIC_EXPECT_ICW4:
		chip->special_fully_nested = value & ICW4_SPECIAL_FULLY_NESTED;
		chip->auto_eoi = value & ICW4_AUTO_EOI;
		chip->init_state = PIC_READY;
		break;
	default:
		chip->imr = value;
		break;
	}
}

/* A pin that becomes level-triggered requests what its level is. */
static void write_elcr(struct pic_chip *chip, u8 value)
{
	chip->elcr = value & chip->elcr_mask;
	chip->irr |= chip->last_irr & chip->elcr;
}

/* The chip that a port belongs to, or NULL. */
static struct pic_chip *chip_of(struct pic *pic, u16 port)
{
	if (!pic_has_port(port))
		return NULL;
	if (port >= PIC_ELCR_MASTER)
		return &pic->chips[port & 1];
	return &pic->chips[port >= PIC_SLAVE_COMMAND];
}

void pic_write(struct pic *pic, u16 port, u8 value)
{
	struct pic_chip *chip = chip_of(pic, port);

	if (!chip)
		return;
	if (port >= PIC_ELCR_MASTER)
		write_elcr(chip, value);
	else if (port & 1)
		write_data(chip, value);
	else
		write_command(pic, chip, value);
	pic_update(pic);
}

u8 pic_read(struct pic *pic, u16 port)
{
	struct pic_chip *chip = chip_of(pic, port);

	if (!chip)
		return 0xff;
	if (port >= PIC_ELCR_MASTER)
		return chip->elcr;
	if (chip->poll)
		return poll(pic, chip);
	if (port & 1)
		return chip->imr;
	return chip->read_isr ? chip->isr : chip->irr;
}

void pic_init(struct pic *pic)
{
	memset(pic, 0, sizeof(*pic));
	pic->chips[0].elcr_mask = PIC_ELCR_MASK_MASTER;
	pic->chips[1].elcr_mask = PIC_ELCR_MASK_SLAVE;
}
