// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices, as a guest sees them: by their ports, with a clock that the test
 * moves.
 */
#include <string.h>

#include "acpi.h"
#include "device_acpi.h"
#include "device_cmos.h"
#include "device_debug.h"
#include "device_keyboard.h"
#include "device_pit.h"
#include "device_reset.h"
#include "device_serial.h"
#include "device_vga.h"
#include "tool_test.h"

static struct port_bus bus;
static uint64_t now;
static uint64_t today;
static char sent[256];
static size_t sent_count;
static bool irq_level;
static unsigned int irq_edges;
static const char *reset_source;
static bool switched_off;
static uint32_t exit_status;

static uint64_t read_now(void *context)
{
	(void)context;
	return now;
}

static uint64_t read_today(void *context)
{
	(void)context;
	return today;
}

static void put_byte(void *context, uint8_t byte)
{
	(void)context;
	sent[sent_count++ % sizeof(sent)] = (char)byte;
}

static void set_irq(void *context, unsigned int line, bool level)
{
	(void)context;
	(void)line;
	irq_edges += level && !irq_level;
	irq_level = level;
}

static void take_reset(void *context, const char *source)
{
	(void)context;
	reset_source = source;
}

static void take_off(void *context)
{
	(void)context;
	switched_off = true;
}

static void take_exit(void *context, uint32_t status)
{
	(void)context;
	exit_status = status;
}

static const struct clock test_clock = { read_now, read_today, NULL };
static const struct irq_line irq = { set_irq, NULL, 4 };
static const struct byte_sink sink = { put_byte, NULL };
static const struct reset_line reset = { take_reset, take_off, take_exit, NULL };

static uint8_t in(uint16_t port)
{
	return (uint8_t)port_read(&bus, port, 1);
}

static void out(uint16_t port, uint8_t value)
{
	port_write(&bus, port, 1, value);
}

static void start(void)
{
	memset(&bus, 0, sizeof(bus));
	memset(sent, 0, sizeof(sent));
	sent_count = 0;
	irq_level = false;
	irq_edges = 0;
	reset_source = NULL;
	switched_off = false;
	exit_status = 0xdead;
	begin_test();
}

static void test_ports(void)
{
	struct debug_ports debug;
	struct pit pit;

	start();
	CHECK_EQUAL(port_read(&bus, 0x1234, 1), 0xff);
	CHECK_EQUAL(port_read(&bus, 0x1234, 2), 0xffff);
	CHECK_EQUAL(port_read(&bus, 0xcfc, 4), 0xffffffff);
	port_write(&bus, 0xcf8, 4, 0x80000000);
	CHECK_EQUAL(port_read(&bus, 0xcf8, 4), 0xffffffff);
	CHECK_EQUAL(bus.unclaimed, 5);
	end_test("ports that no device has read ones and drop writes");

	start();
	CHECK(debug_ports_init(&debug, &bus));
	CHECK(!debug_ports_init(&debug, &bus));
	CHECK(debug_exit_init(&debug, &bus, reset));
	CHECK(debug_console_init(&debug, &bus, sink));
	out(0x80, 0x42);
	CHECK_EQUAL(in(0x80), 0x42);
	CHECK_EQUAL(in(0xe9), 0xe9);
	out(0xe9, 'x');
	CHECK_EQUAL(sent[0], 'x');
	port_write(&bus, 0xf4, 4, 0x12345678);
	CHECK_EQUAL(exit_status, 0x12345678);
	CHECK_EQUAL(in(0xf4), 0xff);
	end_test("debug ports: POST code, console and exit; no port twice");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	/* 43h and 44h: the second byte belongs to nobody. */
	CHECK_EQUAL(port_read(&bus, 0x43, 2), 0xffff);
	CHECK_EQUAL(port_read(&bus, 0xffff, 4), 0xffffffff);
	end_test("wide accesses to byte devices are split");
}

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

static void program_pit(unsigned int channel, uint8_t mode, uint16_t count)
{
	out(0x43, (uint8_t)(channel << 6 | 0x30 | mode << 1));
	out((uint16_t)(0x40 + channel), (uint8_t)count);
	out((uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

static uint16_t latched(unsigned int channel)
{
	uint8_t low;

	out(0x43, (uint8_t)(channel << 6));
	low = in((uint16_t)(0x40 + channel));
	return (uint16_t)(low | in((uint16_t)(0x40 + channel)) << 8);
}

/* The first moment of a tick. */
static void advance_ticks(uint64_t ticks)
{
	uint64_t tick = (uint64_t)((unsigned __int128)now * PIT_FREQUENCY / 1000000000) + ticks;

	now = (uint64_t)(((unsigned __int128)tick * 1000000000 + PIT_FREQUENCY - 1) /
			 PIT_FREQUENCY);
}

static void test_pit_one_shot(void)
{
	struct pit pit;

	start();
	now = 123456789;
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x61, (uint8_t)((in(0x61) & ~2) | 1));
	program_pit(2, 0, 59659);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	now += 49999000;
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	now += 3000;
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	now += 1000000000;
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	end_test("PIT: 50 ms on channel 2, as kernels calibrate their clock");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x61, 1);
	program_pit(2, 0, 1000);
	advance_ticks(100);
	CHECK_EQUAL(latched(2), 900);
	out(0x61, 0);
	advance_ticks(5000);
	CHECK_EQUAL(latched(2), 900);
	CHECK_EQUAL(in(0x61) & 0x21, 0);
	out(0x61, 1);
	advance_ticks(899);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	advance_ticks(1);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	advance_ticks(1);
	CHECK_EQUAL(latched(2), 0xffff);
	end_test("PIT: the gate stops a count and lets it go on");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x61, 0);
	program_pit(2, 1, 100);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	advance_ticks(1000);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	out(0x61, 1);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	advance_ticks(99);
	CHECK_EQUAL(in(0x61) & 0x20, 0);
	advance_ticks(1);
	CHECK_EQUAL(in(0x61) & 0x20, 0x20);
	end_test("PIT: mode 1 starts when the gate rises");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	program_pit(0, 4, 10);
	CHECK(pit_output(&pit, 0));
	advance_ticks(10);
	CHECK(!pit_output(&pit, 0));
	advance_ticks(1);
	CHECK(pit_output(&pit, 0));
	end_test("PIT: mode 4 strobes for one tick");
}

static void test_pit_periodic(void)
{
	struct pit pit;

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	program_pit(0, 2, 11932);
	CHECK(pit_output(&pit, 0));
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 11931);
	advance_ticks(11930);
	CHECK_EQUAL(latched(0), 1);
	CHECK(!pit_output(&pit, 0));
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 11932);
	CHECK(pit_output(&pit, 0));
	end_test("PIT: mode 2 counts down to 1 and reloads");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	program_pit(0, 3, 100);
	CHECK(pit_output(&pit, 0));
	advance_ticks(10);
	CHECK_EQUAL(latched(0), 80);
	advance_ticks(40);
	CHECK(!pit_output(&pit, 0));
	CHECK_EQUAL(latched(0), 100);
	advance_ticks(50);
	CHECK(pit_output(&pit, 0));
	end_test("PIT: mode 3 counts by two and makes a square wave");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x43, 0xe2); /* status of channel 0 */
	CHECK_EQUAL(in(0x40) & 0x3f, 0x36);
	program_pit(0, 2, 0);
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 0xffff);
	out(0x43, 0xc2); /* status and count */
	CHECK_EQUAL(in(0x40), 0xb4);
	CHECK_EQUAL(in(0x40), 0xff);
	CHECK_EQUAL(in(0x40), 0xff);
	end_test("PIT: read-back of status and count; a count of 0 is 65536");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	out(0x43, 0x35); /* channel 0, mode 2, BCD */
	out(0x40, 0x00);
	out(0x40, 0x10);
	advance_ticks(1);
	CHECK_EQUAL(latched(0), 0x0999);
	out(0x43, 0x14); /* low byte only */
	out(0x40, 50);
	advance_ticks(20);
	CHECK_EQUAL(in(0x40), 30);
	CHECK_EQUAL(in(0x40), 30);
	out(0x43, 0x00);
	advance_ticks(10);
	CHECK_EQUAL(in(0x40), 30);
	CHECK_EQUAL(in(0x40), 20);
	end_test("PIT: BCD, one-byte access, a latch that holds until it is read");

	start();
	CHECK(pit_init(&pit, &bus, test_clock));
	now = 0;
	CHECK_EQUAL(in(0x61) & 0x10, 0);
	now = 15086;
	CHECK_EQUAL(in(0x61) & 0x10, 0x10);
	out(0x61, 0xff);
	CHECK_EQUAL(in(0x61) & 0x0f, 0x0f);
	end_test("port 61h: the refresh bit toggles, four bits can be written");
}

static uint8_t cmos_at(uint8_t index)
{
	out(0x70, index);
	return in(0x71);
}

static void test_cmos(void)
{
	struct cmos cmos;

	start();
	today = 1709251199ull * 1000000000; /* 2024-02-29 23:59:59, a Thursday */
	CHECK(cmos_init(&cmos, &bus, test_clock, 64u << 20));
	CHECK_EQUAL(cmos_at(0x00), 0x59);
	CHECK_EQUAL(cmos_at(0x02), 0x59);
	CHECK_EQUAL(cmos_at(0x04), 0x23);
	CHECK_EQUAL(cmos_at(0x06), 5);
	CHECK_EQUAL(cmos_at(0x07), 0x29);
	CHECK_EQUAL(cmos_at(0x08), 0x02);
	CHECK_EQUAL(cmos_at(0x09), 0x24);
	CHECK_EQUAL(cmos_at(0x32), 0x20);
	CHECK_EQUAL(cmos_at(0x0d), 0x80);
	end_test("CMOS: the time in BCD, with the century");

	begin_test();
	CHECK_EQUAL(cmos_at(0x0a), 0x26);
	today += 999900000;
	CHECK_EQUAL(cmos_at(0x0a), 0xa6);
	out(0x70, 0x8b); /* with the NMI mask */
	out(0x71, 0x04); /* binary, 12 hours */
	CHECK_EQUAL(cmos_at(0x00), 59);
	CHECK_EQUAL(cmos_at(0x04), 0x80 | 11);
	today += 1000000000;
	CHECK_EQUAL(cmos_at(0x04), 12);
	CHECK_EQUAL(cmos_at(0x07), 1);
	out(0x70, 0x04);
	out(0x71, 5);
	CHECK_EQUAL(cmos_at(0x04), 12);
	end_test("CMOS: update flag, binary and 12-hour time, a clock that cannot be set");

	begin_test();
	CHECK_EQUAL(cmos_at(0x15) | cmos_at(0x16) << 8, 640);
	CHECK_EQUAL(cmos_at(0x17) | cmos_at(0x18) << 8, 63 * 1024);
	CHECK_EQUAL(cmos_at(0x34) | cmos_at(0x35) << 8, 48 * 16);
	out(0x70, 0x0f);
	out(0x71, 0x0a);
	CHECK_EQUAL(cmos_at(0x0f), 0x0a);
	end_test("CMOS: memory sizes; other bytes are memory");

	start();
	CHECK(cmos_init(&cmos, &bus, test_clock, 1u << 30));
	CHECK_EQUAL(cmos_at(0x17) | cmos_at(0x18) << 8, 0xffff);
	CHECK_EQUAL(cmos_at(0x34) | cmos_at(0x35) << 8, 1008 * 16);
	end_test("CMOS: sizes that do not fit are cut off");
}

static void test_keyboard_controller(void)
{
	struct keyboard keyboard;

	start();
	CHECK(keyboard_init(&keyboard, &bus, reset, irq));
	CHECK_EQUAL(in(0x64), 0x14);
	out(0x64, 0xaa);
	CHECK_EQUAL(in(0x64), 0x1d);
	CHECK_EQUAL(in(0x60), 0x55);
	CHECK_EQUAL(in(0x64) & 1, 0);
	out(0x64, 0xab);
	CHECK_EQUAL(in(0x60), 0x00);
	out(0x64, 0x60);
	out(0x60, 0x45);
	out(0x64, 0x20);
	CHECK_EQUAL(in(0x60), 0x45);
	out(0x64, 0xd0);
	CHECK_EQUAL(in(0x60), 0x03);
	out(0x64, 0xd1);
	out(0x60, 0xdf);
	out(0x64, 0xff);
	CHECK(!reset_source);
	out(0x64, 0xd2);
	out(0x60, 0x77);
	CHECK_EQUAL(in(0x60), 0x77);
	end_test("8042: self test, configuration, output port");

	start();
	CHECK(keyboard_init(&keyboard, &bus, reset, irq));
	out(0x60, 0xff);
	CHECK_EQUAL(in(0x60), 0xfa);
	CHECK_EQUAL(in(0x60), 0xaa);
	out(0x60, 0xed);
	out(0x60, 0x07);
	CHECK_EQUAL(in(0x60), 0xfa);
	CHECK_EQUAL(in(0x60), 0xfa);
	out(0x60, 0xf2);
	CHECK_EQUAL(in(0x60), 0xfa);
	CHECK_EQUAL(in(0x60), 0xab);
	CHECK_EQUAL(in(0x60), 0x41);
	out(0x60, 0x01);
	CHECK_EQUAL(in(0x60), 0xfe);
	end_test("8042: the keyboard answers reset, LEDs, identify; resends for the rest");

	start();
	CHECK(keyboard_init(&keyboard, &bus, reset, irq));
	out(0x64, 0xfe);
	CHECK(reset_source);
	reset_source = NULL;
	out(0x64, 0xd1);
	out(0x60, 0xde);
	CHECK(reset_source);
	end_test("8042: both ways to reset");
}

static void test_keys(void)
{
	struct keyboard keyboard;

	start();
	CHECK(keyboard_init(&keyboard, &bus, reset, irq));
	keyboard_type(&keyboard, 'a');
	CHECK_EQUAL(in(0x60), 0x1e);
	CHECK_EQUAL(in(0x60), 0x9e);
	keyboard_type(&keyboard, 'A');
	CHECK_EQUAL(in(0x60), 0x2a);
	CHECK_EQUAL(in(0x60), 0x1e);
	CHECK_EQUAL(in(0x60), 0x9e);
	CHECK_EQUAL(in(0x60), 0xaa);
	keyboard_type(&keyboard, 3);
	CHECK_EQUAL(in(0x60), 0x1d);
	CHECK_EQUAL(in(0x60), 0x2e);
	CHECK_EQUAL(in(0x60), 0xae);
	CHECK_EQUAL(in(0x60), 0x9d);
	keyboard_type(&keyboard, '\r');
	CHECK_EQUAL(in(0x60), 0x1c);
	CHECK_EQUAL(in(0x60), 0x9c);
	keyboard_type(&keyboard, 0xc3);
	CHECK_EQUAL(in(0x64) & 1, 0);
	keyboard_press(&keyboard, 0x48, true);
	CHECK_EQUAL(in(0x60), 0xe0);
	CHECK_EQUAL(in(0x60), 0x48);
	CHECK_EQUAL(in(0x60), 0xe0);
	CHECK_EQUAL(in(0x60), 0xc8);
	end_test("8042: characters become keys, with Shift and Control");

	start();
	CHECK(keyboard_init(&keyboard, &bus, reset, irq));
	for (int i = 0; i < 1000; i++)
		keyboard_type(&keyboard, 'q');
	for (int i = 0; i < KEYBOARD_QUEUE / 2 - 1; i++) {
		CHECK_EQUAL(in(0x60), 0x10);
		CHECK_EQUAL(in(0x60), 0x90);
	}
	CHECK_EQUAL(in(0x64) & 1, 0);
	out(0x64, 0xad);
	keyboard_type(&keyboard, 'q');
	CHECK_EQUAL(in(0x64) & 1, 0);
	out(0x64, 0xae);
	out(0x64, 0x60);
	out(0x60, 0x01);
	keyboard_type(&keyboard, 'q');
	CHECK(irq_level);
	in(0x60);
	in(0x60);
	CHECK(!irq_level);
	end_test("8042: a full queue drops whole keys; IRQ 1 while bytes wait");
}

static void test_reset_ports(void)
{
	struct reset_ports ports;

	start();
	CHECK(reset_ports_init(&ports, &bus, reset));
	CHECK_EQUAL(in(0x92), 0x02);
	out(0x92, 0x02);
	out(0xcf9, 0x02);
	CHECK_EQUAL(in(0xcf9), 0x02);
	CHECK(!reset_source);
	out(0xcf9, 0x06);
	CHECK(reset_source);
	reset_source = NULL;
	out(0xcf9, 0x06);
	CHECK(!reset_source);
	out(0x92, 0x03);
	CHECK(reset_source);
	end_test("ports 92h and CF9h reset");
}

static void test_acpi_ports(void)
{
	struct acpi_ports ports;

	start();
	CHECK(acpi_ports_init(&ports, &bus, reset));
	CHECK_EQUAL(port_read(&bus, ACPI_PM1_EVENT_PORT, 2), 0);
	port_write(&bus, ACPI_PM1_EVENT_PORT, 2, 0xffff);
	port_write(&bus, ACPI_PM1_EVENT_PORT + 2, 2, 0x0120);
	CHECK_EQUAL(port_read(&bus, ACPI_PM1_EVENT_PORT + 2, 2), 0x0120);
	CHECK_EQUAL(port_read(&bus, ACPI_PM1_EVENT_PORT, 4), 0x01200000);
	/* ACPI mode is on, and stays so. */
	port_write(&bus, ACPI_PM1_CONTROL_PORT, 2, 0);
	CHECK_EQUAL(port_read(&bus, ACPI_PM1_CONTROL_PORT, 2), 1);
	end_test("ACPI: the registers are there, and no event happens");

	start();
	CHECK(acpi_ports_init(&ports, &bus, reset));
	port_write(&bus, ACPI_PM1_CONTROL_PORT, 2, 5 << 10);
	CHECK(!switched_off);
	CHECK_EQUAL(port_read(&bus, ACPI_PM1_CONTROL_PORT, 2), (5 << 10) | 1);
	port_write(&bus, ACPI_PM1_CONTROL_PORT, 2, 0);
	CHECK(!switched_off);
	port_write(&bus, ACPI_PM1_CONTROL_PORT, 2, 3 << 10 | 1 << 13);
	CHECK(!switched_off);
	CHECK_EQUAL(port_read(&bus, ACPI_PM1_CONTROL_PORT, 2), (3 << 10) | 1);
	port_write(&bus, ACPI_PM1_CONTROL_PORT, 2, 1 << 13);
	CHECK(switched_off);
	end_test("ACPI: sleep type 0 with SLP_EN switches off, nothing else does");
}

static void crtc(struct vga *vga, uint8_t index, uint8_t value)
{
	(void)vga;
	out(0x3d4, index);
	out(0x3d5, value);
}

static void test_vga(void)
{
	struct vga vga;

	start();
	CHECK(vga_init(&vga, &bus, test_clock));
	CHECK_EQUAL(vga_cursor(&vga), 0);
	crtc(&vga, 0x0e, 80 >> 8);
	crtc(&vga, 0x0f, 80 & 0xff);
	CHECK_EQUAL(in(0x3d5), 80);
	CHECK_EQUAL(vga_cursor(&vga), 80);
	port_write(&bus, 0x3d4, 2, 0x510f); /* index and value at once */
	CHECK_EQUAL(vga_cursor(&vga), 81);
	crtc(&vga, 0x0d, 80);
	CHECK_EQUAL(vga_start(&vga), 80);
	CHECK_EQUAL(vga_cursor(&vga), 1);
	crtc(&vga, 0x0d, 160);
	CHECK_EQUAL(vga_cursor(&vga), -1);
	crtc(&vga, 0x0d, 0);
	crtc(&vga, 0x0a, 0x20);
	CHECK_EQUAL(vga_cursor(&vga), -1);
	crtc(&vga, 0x0a, 15);
	CHECK_EQUAL(vga_cursor(&vga), -1);
	crtc(&vga, 0x0a, 0);
	crtc(&vga, 0x0e, 0x7f);
	CHECK_EQUAL(vga_cursor(&vga), -1);
	end_test("VGA: cursor and start address");

	start();
	CHECK(vga_init(&vga, &bus, test_clock));
	CHECK_EQUAL(in(0x3cc), 0x67);
	in(0x3da);
	out(0x3c0, 0x10);
	out(0x3c0, 0x0c);
	out(0x3c0, 0x10);
	CHECK_EQUAL(in(0x3c1), 0x0c);
	in(0x3da);
	out(0x3c0, 0x11);
	out(0x3c0, 0x55);
	CHECK_EQUAL(in(0x3c1), 0x55);
	now = 500000;
	CHECK_EQUAL(in(0x3da), 9);
	now = 5000000;
	CHECK_EQUAL(in(0x3da), 0);
	end_test("VGA: attribute flip-flop, retrace");
}

int main(void)
{
	test_ports();
	test_serial_polling();
	test_serial_interrupts();
	test_serial_flow_control();
	test_pit_one_shot();
	test_pit_periodic();
	test_cmos();
	test_keyboard_controller();
	test_keys();
	test_reset_ports();
	test_acpi_ports();
	test_vga();
	return end_tests();
}
