// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 16550A serial port. Transmission takes no time: the transmitter is always
 * empty. Called through the port bus, and by the terminal for input.
 */
#include <string.h>

#include "device_serial.h"

#define PORT 0x3f8

/* Registers, by offset; the first two are the divisor while LCR_DLAB is set. */
#define REG_DATA	   0
#define REG_IER		   1
#define REG_IIR_FCR	   2
#define REG_LCR		   3
#define REG_MCR		   4
#define REG_LSR		   5
#define REG_MSR		   6
#define REG_SCRATCH	   7

#define IER_RECEIVE	   0x01
#define IER_TRANSMIT	   0x02
#define IER_LINE	   0x04
#define IER_MODEM	   0x08
#define IER_MASK	   0x0f

#define IIR_NONE	   0x01
#define IIR_MODEM	   0x00
#define IIR_TRANSMIT	   0x02
#define IIR_RECEIVE	   0x04
#define IIR_LINE	   0x06
#define IIR_TIMEOUT	   0x0c
#define IIR_FIFOS	   0xc0

#define FCR_ENABLE	   0x01
#define FCR_CLEAR_RECEIVE  0x02
#define FCR_STORED	   0xc9

#define LCR_DLAB	   0x80

#define MCR_DTR		   0x01
#define MCR_RTS		   0x02
#define MCR_OUT1	   0x04
#define MCR_OUT2	   0x08
#define MCR_LOOPBACK	   0x10
#define MCR_MASK	   0x1f

#define LSR_DATA	   0x01
#define LSR_OVERRUN	   0x02
#define LSR_ERRORS	   0x1e
#define LSR_TRANSMIT_EMPTY 0x60

#define MSR_CTS_CHANGED	   0x01
#define MSR_CTS		   0x10
#define MSR_DSR		   0x20
#define MSR_RI		   0x40
#define MSR_DCD		   0x80
#define MSR_CHANGES	   0x0f

static const uint8_t trigger_levels[4] = { 1, 4, 8, 14 };

static unsigned int fifo_capacity(const struct serial *serial)
{
	return serial->fcr & FCR_ENABLE ? SERIAL_FIFO_SIZE : 1;
}

static uint8_t pending_interrupt(const struct serial *serial)
{
	unsigned int trigger = serial->fcr & FCR_ENABLE ? trigger_levels[serial->fcr >> 6] : 1;

	if (serial->ier & IER_LINE && serial->lsr & LSR_ERRORS)
		return IIR_LINE;
	if (serial->ier & IER_RECEIVE && serial->fifo_count >= trigger)
		return IIR_RECEIVE;
	if (serial->ier & IER_RECEIVE && serial->fifo_count)
		return IIR_TIMEOUT;
	if (serial->ier & IER_TRANSMIT && serial->thre_pending)
		return IIR_TRANSMIT;
	if (serial->ier & IER_MODEM && serial->msr & MSR_CHANGES)
		return IIR_MODEM;
	return IIR_NONE;
}

/* OUT2 gates the interrupt on a PC; in loopback it is disconnected. */
static void update_irq(struct serial *serial)
{
	bool gate = serial->mcr & MCR_OUT2 && !(serial->mcr & MCR_LOOPBACK);

	irq_set(&serial->irq, gate && pending_interrupt(serial) != IIR_NONE);
}

static void fifo_put(struct serial *serial, uint8_t byte)
{
	if (serial->fifo_count >= fifo_capacity(serial)) {
		serial->lsr |= LSR_OVERRUN;
		return;
	}
	serial->fifo[(serial->fifo_head + serial->fifo_count++) % SERIAL_FIFO_SIZE] = byte;
}

static void refill_from_backlog(struct serial *serial)
{
	if (serial->mcr & MCR_LOOPBACK)
		return;
	if (serial->flow_control && !(serial->mcr & MCR_RTS))
		return;
	while (serial->backlog_count && serial->fifo_count < fifo_capacity(serial)) {
		fifo_put(serial, serial->backlog[serial->backlog_head]);
		serial->backlog_head = (serial->backlog_head + 1) % SERIAL_BACKLOG;
		serial->backlog_count--;
	}
}

unsigned int serial_room(const struct serial *serial)
{
	return SERIAL_BACKLOG - serial->backlog_count;
}

void serial_receive(struct serial *serial, uint8_t byte)
{
	if (serial->backlog_count == SERIAL_BACKLOG) {
		serial->lsr |= LSR_OVERRUN;
	} else {
		serial->backlog[(serial->backlog_head + serial->backlog_count++) % SERIAL_BACKLOG] =
			byte;
	}
	refill_from_backlog(serial);
	update_irq(serial);
}

static uint8_t read_data(struct serial *serial)
{
	uint8_t byte = 0;

	if (serial->fifo_count) {
		byte = serial->fifo[serial->fifo_head];
		serial->fifo_head = (serial->fifo_head + 1) % SERIAL_FIFO_SIZE;
		serial->fifo_count--;
	}
	refill_from_backlog(serial);
	return byte;
}

static void write_data(struct serial *serial, uint8_t byte)
{
	serial->thre_pending = true;
	if (serial->mcr & MCR_LOOPBACK)
		fifo_put(serial, byte);
	else
		sink_put(&serial->output, byte);
}

static uint8_t read_iir(struct serial *serial)
{
	uint8_t iir = pending_interrupt(serial);

	if (iir == IIR_TRANSMIT)
		serial->thre_pending = false;
	return iir | (serial->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(struct serial *serial)
{
	uint8_t lsr = serial->lsr | LSR_TRANSMIT_EMPTY | (serial->fifo_count ? LSR_DATA : 0);

	serial->lsr &= (uint8_t)~LSR_ERRORS;
	return lsr;
}

/* In loopback the modem inputs follow the modem outputs. */
static uint8_t modem_inputs(const struct serial *serial)
{
	if (!(serial->mcr & MCR_LOOPBACK))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (serial->mcr & MCR_RTS ? MSR_CTS : 0) | (serial->mcr & MCR_DTR ? MSR_DSR : 0) |
	       (serial->mcr & MCR_OUT1 ? MSR_RI : 0) | (serial->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

static uint8_t read_msr(struct serial *serial)
{
	uint8_t msr = serial->msr;

	serial->msr &= (uint8_t)~MSR_CHANGES;
	return msr;
}

static void write_fcr(struct serial *serial, uint8_t value)
{
	if ((value ^ serial->fcr) & FCR_ENABLE || value & FCR_CLEAR_RECEIVE)
		serial->fifo_count = 0;
	serial->fcr = value & FCR_ENABLE ? value & FCR_STORED : 0;
	refill_from_backlog(serial);
}

static void write_mcr(struct serial *serial, uint8_t value)
{
	uint8_t before = serial->msr & (uint8_t)~MSR_CHANGES, now;

	serial->mcr = value & MCR_MASK;
	now = modem_inputs(serial);
	/* Each change bit is its input's bit, four lower. */
	serial->msr = now | (serial->msr & MSR_CHANGES) | ((before ^ now) >> 4);
	refill_from_backlog(serial);
}

static uint32_t serial_read(void *device, uint16_t port, unsigned int size)
{
	struct serial *serial = device;
	bool divisor = serial->lcr & LCR_DLAB;
	uint8_t value = 0xff;

	(void)size;
	switch (port - PORT) {
	case REG_DATA: value = divisor ? serial->divisor_low : read_data(serial); break;
	case REG_IER: value = divisor ? serial->divisor_high : serial->ier; break;
	case REG_IIR_FCR: value = read_iir(serial); break;
	case REG_LCR: value = serial->lcr; break;
	case REG_MCR: value = serial->mcr; break;
	case REG_LSR: value = read_lsr(serial); break;
	case REG_MSR: value = read_msr(serial); break;
	case REG_SCRATCH: value = serial->scratch; break;
	}
	update_irq(serial);
	return value;
}

static void serial_write(void *device, uint16_t port, unsigned int size, uint32_t value)
{
	struct serial *serial = device;
	bool divisor = serial->lcr & LCR_DLAB;
	uint8_t byte = (uint8_t)value;

	(void)size;
	switch (port - PORT) {
	case REG_DATA:
		if (divisor)
			serial->divisor_low = byte;
		else
			write_data(serial, byte);
		break;
	case REG_IER:
		if (divisor) {
			serial->divisor_high = byte;
			break;
		}
		/* Enabling it while the transmitter is empty raises it at once. */
		if (byte & IER_TRANSMIT && !(serial->ier & IER_TRANSMIT))
			serial->thre_pending = true;
		serial->ier = byte & IER_MASK;
		break;
	case REG_IIR_FCR: write_fcr(serial, byte); break;
	case REG_LCR: serial->lcr = byte; break;
	case REG_MCR: write_mcr(serial, byte); break;
	case REG_SCRATCH: serial->scratch = byte; break;
	}
	update_irq(serial);
}

bool serial_init(struct serial *serial, struct port_bus *bus, struct byte_sink output,
		 struct irq_line irq)
{
	const struct port_range range = {
		.first = PORT,
		.last = PORT + 7,
		.width = 1,
		.name = "serial",
		.device = serial,
		.read = serial_read,
		.write = serial_write,
	};

	memset(serial, 0, sizeof(*serial));
	serial->output = output;
	serial->irq = irq;
	serial->divisor_low = 12; /* 9600 baud, as a BIOS leaves it */
	serial->lcr = 3;
	serial->msr = modem_inputs(serial);
	return port_register(bus, &range);
}
