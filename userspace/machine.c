// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts the machine together; called by `ringlet run` before the guest starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acpi.h"
#include "machine.h"
#include "terminal.h"

#define SERIAL_IRQ   4
#define KEYBOARD_IRQ 1
#define ISA_IRQS     16

static uint64_t read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t host_monotonic(void *context)
{
	(void)context;
	return read_clock(CLOCK_MONOTONIC);
}

static uint64_t host_realtime(void *context)
{
	(void)context;
	return read_clock(CLOCK_REALTIME);
}

static const struct clock host_clock = { host_monotonic, host_realtime, NULL };

static void request_reset(void *context, const char *source)
{
	struct machine *machine = context;

	control_end(&machine->control, END_RESET, STATUS_OK, "the guest reset the machine by %s",
		    source);
}

static void request_off(void *context)
{
	struct machine *machine = context;

	control_end(&machine->control, END_OFF, STATUS_OK, "the guest switched the machine off");
}

static void request_debug_exit(void *context, uint32_t status)
{
	struct machine *machine = context;

	control_end(&machine->control, END_DEBUG_EXIT, (int)(status & 0xff),
		    "the guest ended with status %u", status & 0xff);
}

static void write_console(int file, uint8_t byte)
{
	const char character = (char)byte;

	if (file == STDOUT_FILENO)
		terminal_write(&character, 1);
	else if (file >= 0)
		while (write(file, &character, 1) < 0 && errno == EINTR)
			;
}

static void serial_output(void *context, uint8_t byte)
{
	struct machine *machine = context;

	write_console(machine->serial_file, byte);
	watch_byte(&machine->watch, byte);
	last_words_byte(&machine->last_words, byte);
	/* It would loop for ever now, blinking. With panic=N it says this never, and resets. */
	if (machine->last_words.panic_over)
		control_end(&machine->control, END_PANIC, STATUS_PANIC,
			    "the guest's kernel panicked: %s", machine->last_words.reason.text);
}

static void debugcon_output(void *context, uint8_t byte)
{
	struct machine *machine = context;

	write_console(machine->debugcon_file, byte);
	watch_byte(&machine->watch, byte);
}

static bool open_serial_file(struct machine *machine, const struct run_options *options,
			     bool shows_screen, struct message *error)
{
	machine->serial_file = shows_screen ? -1 : STDOUT_FILENO;
	machine->debugcon_file = machine->serial_file;
	if (!options->serial)
		return true;
	if (!strcmp(options->serial, "-")) {
		machine->serial_file = STDOUT_FILENO;
		return true;
	}
	machine->serial_file =
		open(options->serial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (machine->serial_file < 0)
		return refuse(error, "cannot write %s: %s", options->serial, strerror(errno));
	return true;
}

/* Only changes of a line are told: an ioctl for each access would be many. */
static void set_irq(void *context, unsigned int line, bool level)
{
	struct machine *machine = context;
	uint32_t levels = (machine->levels & ~(1u << line)) | (uint32_t)level << line;

	if (levels == machine->levels)
		return;
	machine->levels = levels;
	if (machine->interrupts)
		vm_set_irq(machine->interrupts, line, level);
}

void machine_connect(struct machine *machine, const struct vm *vm)
{
	machine->interrupts = vm;
	for (unsigned int line = 0; line < ISA_IRQS; line++)
		if (machine->levels & 1u << line)
			vm_set_irq(vm, line, true);
}

static bool add_devices(struct machine *machine, const struct run_options *options)
{
	const struct irq_line serial_irq = { set_irq, machine, SERIAL_IRQ };
	const struct irq_line keyboard_irq = { set_irq, machine, KEYBOARD_IRQ };
	const struct reset_line reset = { request_reset, request_off, request_debug_exit, machine };
	const struct byte_sink serial = { serial_output, machine };
	const struct byte_sink debugcon = { debugcon_output, machine };
	struct port_bus *bus = &machine->bus;

	bus->trace = options->trace_ports;
	if (!serial_init(&machine->serial, bus, serial, serial_irq) ||
	    !pit_init(&machine->pit, bus, host_clock) ||
	    !cmos_init(&machine->cmos, bus, host_clock, machine->memory.size) ||
	    !keyboard_init(&machine->keyboard, bus, reset, keyboard_irq) ||
	    !reset_ports_init(&machine->reset_ports, bus, reset) ||
	    !debug_ports_init(&machine->debug_ports, bus) ||
	    !acpi_ports_init(&machine->acpi_ports, bus, reset) ||
	    !vga_init(&machine->vga, bus, host_clock))
		return false;
	if (options->debugcon && !debug_console_init(&machine->debug_ports, bus, debugcon))
		return false;
	return !options->debug_exit || debug_exit_init(&machine->debug_ports, bus, reset);
}

bool machine_init(struct machine *machine, const struct run_options *options, bool shows_screen,
		  struct message *error)
{
	memset(machine, 0, sizeof(*machine));
	machine->serial_file = machine->debugcon_file = -1;
	machine->control.event = -1;
	if (!watch_init(&machine->watch, options->until, options->fail_on, error) ||
	    !control_init(&machine->control, error) ||
	    !open_serial_file(machine, options, shows_screen, error) ||
	    !guest_memory_allocate(&machine->memory, options->memory, error))
		return false;
	guest_memory_write_bios_data(&machine->memory);
	acpi_write_tables(&machine->memory, ACPI_AREA);
	if (!add_devices(machine, options))
		return refuse(error, "two devices have the same port: a mistake in this tool");
	return true;
}

void machine_free(struct machine *machine)
{
	guest_memory_free(&machine->memory);
	watch_free(&machine->watch);
	if (machine->serial_file > STDERR_FILENO)
		close(machine->serial_file);
	if (machine->control.event >= 0)
		close(machine->control.event);
}
