// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices, as a guest sees them, but for those with a program of their own.
 */
#include "acpi.h"
#include "device_acpi.h"
#include "device_cmos.h"
#include "device_debug.h"
#include "device_keyboard.h"
#include "device_pit.h"
#include "device_reset.h"
#include "device_vga.h"
#include "tool_devices.h"

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
	test_cmos();
	test_keyboard_controller();
	test_keys();
	test_reset_ports();
	test_acpi_ports();
	test_vga();
	return end_tests();
}
