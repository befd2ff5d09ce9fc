// SPDX-License-Identifier: GPL-2.0-only
/*
 * The serial port, as a guest and its driver see it.
 */
#include "device_serial.h"
#include "tool_devices.h"

static void test_serial_polling(void)
{
	struct serial serial;

	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	CHECK_EQUAL(in(0x3fd), 0x60);
	out(0x3f8, 'A');
	out(0x3f8, 'B');
	CHECK(!strcmp(sent, "AB"));
	CHECK_EQUAL(in(0x3fd), 0x60);
	out(0x3fb, 0x80);
	out(0x3f8, 1);
	out(0x3f9, 2);
	CHECK_EQUAL(in(0x3f8), 1);
	CHECK_EQUAL(in(0x3f9), 2);
	out(0x3fb, 3);
	CHECK_EQUAL(in(0x3f9), 0);
	CHECK_EQUAL(sent_count, 2);
	out(0x3ff, 0x5a);
	CHECK_EQUAL(in(0x3ff), 0x5a);
	end_test("serial: polled output, divisor, scratch register");

	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	serial_receive(&serial, 'x');
	serial_receive(&serial, 'y');
	CHECK_EQUAL(in(0x3fd), 0x61);
	CHECK_EQUAL(in(0x3f8), 'x');
	CHECK_EQUAL(in(0x3f8), 'y');
	CHECK_EQUAL(in(0x3fd), 0x60);
	for (int i = 0; i < SERIAL_BACKLOG + 1; i++)
		serial_receive(&serial, (uint8_t)i);
	CHECK_EQUAL(in(0x3fd), 0x61);
	serial_receive(&serial, 0);
	CHECK_EQUAL(in(0x3fd), 0x63);
	CHECK_EQUAL(in(0x3fd), 0x61);
	for (int i = 0; i < SERIAL_BACKLOG + 1; i++)
		CHECK_EQUAL(in(0x3f8), i & 0xff);
	CHECK_EQUAL(in(0x3fd), 0x60);
	end_test("serial: input keeps its order; only an overfull backlog overruns");

	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	out(0x3fc, 0x1f);
	CHECK_EQUAL(in(0x3fe) & 0xf0, 0xf0);
	out(0x3fc, 0x1a);
	CHECK_EQUAL(in(0x3fe) & 0xf0, 0x90);
	out(0x3f8, 0x55);
	CHECK_EQUAL(sent_count, 0);
	CHECK_EQUAL(in(0x3f8), 0x55);
	out(0x3fc, 0x00);
	CHECK_EQUAL(in(0x3fe) & 0xf0, 0xb0);
	end_test("serial: loopback of data and modem lines, as a driver probes it");
}

static void test_serial_interrupts(void)
{
	struct serial serial;

	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	out(0x3fc, 0x08);
	CHECK_EQUAL(in(0x3fa), 0x01);
	out(0x3f9, 0x02);
	CHECK(irq_level);
	CHECK_EQUAL(in(0x3fa), 0x02);
	CHECK(!irq_level);
	CHECK_EQUAL(in(0x3fa), 0x01);
	out(0x3f8, 'A');
	CHECK(irq_level);
	CHECK_EQUAL(irq_edges, 2);
	out(0x3f9, 0x00);
	CHECK(!irq_level);
	end_test("serial: transmitter-empty interrupt on enabling and after each byte");

	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	out(0x3fc, 0x08);
	out(0x3fa, 0x81); /* FIFOs, trigger at 8 */
	out(0x3f9, 0x01);
	serial_receive(&serial, 1);
	CHECK(irq_level);
	CHECK_EQUAL(in(0x3fa), 0xcc);
	for (int i = 2; i <= 8; i++)
		serial_receive(&serial, (uint8_t)i);
	CHECK_EQUAL(in(0x3fa), 0xc4);
	out(0x3fa, 0x83);
	CHECK_EQUAL(in(0x3fd), 0x60);
	CHECK(!irq_level);
	end_test("serial: received-data interrupts, FIFO trigger, FIFO reset");

	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	out(0x3f9, 0x01);
	serial_receive(&serial, 1);
	CHECK(!irq_level);
	out(0x3fc, 0x08);
	CHECK(irq_level);
	end_test("serial: OUT2 gates the interrupt");
}

/* What Linux's 8250 driver does with a port: it throws away what it finds. */
static void test_serial_flow_control(void)
{
	struct serial serial;

	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	serial.flow_control = true;
	for (int i = 0; i < 100; i++)
		serial_receive(&serial, (uint8_t)i);
	CHECK_EQUAL(in(0x3fd), 0x60);
	CHECK_EQUAL(serial_room(&serial), SERIAL_BACKLOG - 100);
	out(0x3fc, 0x1a); /* the probe's loopback asserts RTS to itself */
	CHECK_EQUAL(in(0x3fe) & 0xf0, 0x90);
	CHECK_EQUAL(in(0x3fd), 0x60);
	out(0x3fc, 0x00);
	out(0x3fa, 0x07);
	out(0x3f9, 0x01);
	CHECK_EQUAL(in(0x3fd), 0x60);
	out(0x3fc, 0x0b);
	CHECK(irq_level);
	for (int i = 0; i < 100; i++)
		CHECK_EQUAL(in(0x3f8), i);
	CHECK_EQUAL(in(0x3fd), 0x60);
	CHECK_EQUAL(serial_room(&serial), SERIAL_BACKLOG);
	end_test("serial: with flow control nothing comes before RTS, and nothing is lost");

	/* The driver's test for a transmitter that does not raise its interrupt again. */
	start();
	CHECK(serial_init(&serial, &bus, sink, irq));
	out(0x3f9, 0x02);
	CHECK_EQUAL(in(0x3fa), 0x02);
	out(0x3f9, 0x00);
	out(0x3f9, 0x02);
	CHECK_EQUAL(in(0x3fa), 0x02);
	end_test("serial: enabling the transmitter's interrupt raises it each time");
}

int main(void)
{
	test_serial_polling();
	test_serial_interrupts();
	test_serial_flow_control();
	return end_tests();
}
