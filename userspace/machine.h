/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PC without its CPU: memory, the port bus and the devices on it, and what
 * connects them with the terminal.
 */
#ifndef RINGLET_TOOL_MACHINE_H
#define RINGLET_TOOL_MACHINE_H

#include "control.h"
#include "device_acpi.h"
#include "device_cmos.h"
#include "device_debug.h"
#include "device_keyboard.h"
#include "device_pit.h"
#include "device_reset.h"
#include "device_serial.h"
#include "device_vga.h"
#include "guest_memory.h"
#include "last_words.h"
#include "options.h"
#include "vm.h"
#include "watch.h"

/**
 * struct machine - all of it
 * @control: its lock guards the devices, @bus, @watch and @last_words
 * @interrupts: whose interrupt controllers the devices drive; NULL for nobody's
 * @levels: of the interrupt lines, one bit each
 * @serial_file: where the serial port's output goes; -1 for nowhere
 * @debugcon_file: likewise for port E9h
 */
struct machine {
	struct guest_memory memory;
	struct control control;
	struct port_bus bus;
	struct serial serial;
	struct pit pit;
	struct cmos cmos;
	struct keyboard keyboard;
	struct reset_ports reset_ports;
	struct debug_ports debug_ports;
	struct acpi_ports acpi_ports;
	struct vga vga;
	struct watch watch;
	struct last_words last_words;
	const struct vm *interrupts;
	uint32_t levels;
	int serial_file;
	int debugcon_file;
};

/**
 * machine_init() - build the machine that @options describe
 * @shows_screen: the terminal shows the guest's screen, so consoles stay off it
 *
 * machine_free() is to be called whatever this returns.
 */
bool machine_init(struct machine *machine, const struct run_options *options, bool shows_screen,
		  struct message *error);

/**
 * machine_connect() - connect the devices' interrupt lines with a VM that has
 * interrupt controllers
 */
void machine_connect(struct machine *machine, const struct vm *vm);

void machine_free(struct machine *machine);

#endif /* RINGLET_TOOL_MACHINE_H */
