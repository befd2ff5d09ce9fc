// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs guests that attack, each in a machine of its own, and walks the guest
 * world's page tables all along: below 4 GiB they must map nothing but memory
 * of the machine, above it only the switcher's pages, supervisor-only and not
 * global.
 *
 * usage: attack_run GUEST[=stop|=shutdown]...
 *
 * A guest is an ELF image of tests/guests, which reports TAP on port 0xe9 and
 * ends through port 0xf4. "=stop" is one that the module must stop with a
 * sentence, "=shutdown" one that must end by a triple fault.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "selftest.h"

#define MEMORY	     0x4000000
#define FOUR_GIB     0x100000000ULL
#define PORT_CONSOLE 0xe9
#define PORT_EXIT    0xf4
/* Text (2), area (5), GDT (16), LDT (16). */
#define SWITCHER_PAGES 39
#define ROOT_CAPACITY  128
/* The time that the slowest guest takes in Bochs, several times. */
#define SECONDS_PER_GUEST 300
/* A walk costs more than an exit: one in so many, and one a line of output. */
#define EXITS_PER_WALK 64

enum end {
	END_EXIT,
	END_STOP,
	END_SHUTDOWN,
};

static const char *const end_names[] = { "through its port", "by a sentence", "by a triple fault" };

static struct machine machine;
static unsigned int walks;
static unsigned int bad_walks;

/* ---- the guest world's page tables ------------------------------------- */

static bool page_is_good(const struct ringlet_guest_root_page *page)
{
	const uint64_t both = RINGLET_PAGE_WRITABLE | RINGLET_PAGE_EXECUTABLE;

	return page->address >= FOUR_GIB &&
	       !(page->flags & (RINGLET_PAGE_USER | RINGLET_PAGE_GLOBAL)) &&
	       (page->flags & both) != both;
}

static void walk_root(void)
{
	static struct ringlet_guest_root_page pages[ROOT_CAPACITY];
	struct ringlet_guest_root root = {
		.capacity = ROOT_CAPACITY,
		.pages = (uintptr_t)pages,
	};
	unsigned int writable = 0, executable = 0, bad = 0, i;

	walks++;
	if (ioctl(machine.vcpu, RINGLET_READ_GUEST_ROOT, &root))
		bail_out("RINGLET_READ_GUEST_ROOT");
	for (i = 0; i < root.count && i < ROOT_CAPACITY; i++) {
		bad += !page_is_good(&pages[i]);
		writable += !!(pages[i].flags & RINGLET_PAGE_WRITABLE);
		executable += !!(pages[i].flags & RINGLET_PAGE_EXECUTABLE);
	}
	if (root.leaves_foreign || root.count > SWITCHER_PAGES || !root.count || bad ||
	    writable != 2 || executable > 2) {
		if (!bad_walks++)
			note("%llu foreign leaves, %u pages above 4 GiB, %u writable, %u executable, %u bad",
			     (unsigned long long)root.leaves_foreign, root.count, writable,
			     executable, bad);
	}
}

/* ---- loading ----------------------------------------------------------- */

static void load_segment(const unsigned char *image, const Elf32_Phdr *header)
{
	if (header->p_type != PT_LOAD)
		return;
	if (header->p_paddr > MEMORY || header->p_memsz > MEMORY - header->p_paddr)
		bail_out("a segment outside of memory");
	memcpy(machine.memory + header->p_paddr, image + header->p_offset, header->p_filesz);
}

static void load(const char *name)
{
	static unsigned char image[0x400000];
	static const char none[1];
	const Elf32_Ehdr *elf = (const Elf32_Ehdr *)image;
	char path[128];
	struct kvm_regs regs;
	unsigned int i;
	int file;

	snprintf(path, sizeof(path), "/guests/%s.elf", name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || read(file, image, sizeof(image)) < (ssize_t)sizeof(*elf))
		bail_out("%s", path);
	close(file);
	machine_boot(&machine, none, none);
	for (i = 0; i < elf->e_phnum; i++)
		load_segment(image, (const Elf32_Phdr *)(image + elf->e_phoff) + i);
	machine_get_regs(&machine, &regs);
	regs.rip = elf->e_entry;
	machine_set_regs(&machine, &regs);
}

/* ---- running ----------------------------------------------------------- */

/* What one guest has said. */
struct report {
	const char *name;
	char line[512];
	size_t length;
	unsigned int results;
	unsigned int planned;
	unsigned int status;
};

static void take_line(struct report *report)
{
	const char *text = report->line;
	bool good = !strncmp(text, "ok ", 3);

	report->line[report->length] = '\0';
	report->length = 0;
	if (good || !strncmp(text, "not ok ", 7)) {
		const char *dash = strstr(text, "- ");

		report->results++;
		check(good, "%s: %s", report->name, dash ? dash + 2 : text);
	} else if (!strncmp(text, "1..", 3)) {
		report->planned = strtoul(text + 3, NULL, 10);
	} else {
		note("%s: %s", report->name, text);
	}
	walk_root();
}

static void take_output(struct report *report, const char *data, unsigned int bytes)
{
	for (; bytes; bytes--, data++) {
		if (*data == '\n')
			take_line(report);
		else if (report->length < sizeof(report->line) - 1)
			report->line[report->length++] = *data;
	}
}

/* False: the guest has said that it is done. */
static bool serve_port(struct report *report)
{
	struct kvm_run *run = machine.run;
	char *data = (char *)run + run->io.data_offset;

	if (run->io.direction == KVM_EXIT_IO_IN)
		memset(data, 0xff, run->io.size * run->io.count);
	else if (run->io.port == PORT_CONSOLE)
		take_output(report, data, run->io.size * run->io.count);
	else if (run->io.port == PORT_EXIT) {
		report->status = (unsigned char)data[0];
		return false;
	}
	return true;
}

static enum end run_guest(struct report *report)
{
	unsigned int exits = 0;

	for (;;) {
		int result = machine_run(&machine);

		if (result) {
			errno = -result;
			bail_out("%s: KVM_RUN", report->name);
		}
		if (++exits % EXITS_PER_WALK == 0)
			walk_root();
		switch (machine.run->exit_reason) {
		case KVM_EXIT_IO:
			if (!serve_port(report))
				return END_EXIT;
			break;
		case KVM_EXIT_MMIO:
			if (!machine.run->mmio.is_write)
				memset(machine.run->mmio.data, 0xff,
				       sizeof(machine.run->mmio.data));
			break;
		case KVM_EXIT_SHUTDOWN: return END_SHUTDOWN;
		default: return END_STOP;
		}
	}
}

static void check_sentence(const char *name)
{
	struct ringlet_stop_reason reason = {};

	ioctl(machine.vcpu, RINGLET_GET_STOP_REASON, &reason);
	check(strlen(reason.text) > 20 && !strstr(reason.text, "bug in ringlet"),
	      "%s: there is a sentence, and it names no bug", name);
	note("%s: %s", name, reason.text);
}

static void check_statistics(const char *name)
{
	struct ringlet_statistics statistics = {};

	if (ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &statistics))
		bail_out("RINGLET_GET_STATISTICS");
	/* A 128th of the host's memory, and never more than 4 GiB need. */
	check(statistics.shadow_pages_peak <= 2052 && statistics.module_bytes < 16u << 20,
	      "%s: the module's memory stays bounded", name);
	note("%s: %llu shadow pages at most, %llu KiB of the module's, %llu world switches", name,
	     (unsigned long long)statistics.shadow_pages_peak,
	     (unsigned long long)statistics.module_bytes >> 10,
	     (unsigned long long)statistics.world_switches);
}

static void attack(char *argument)
{
	struct report report = { .name = strtok(argument, "=") };
	const char *wanted = strtok(NULL, "=");
	enum end expected = !wanted				 ? END_EXIT
			    : *wanted == 's' && wanted[1] == 't' ? END_STOP
								 : END_SHUTDOWN;
	enum end end;

	walks = 0;
	bad_walks = 0;
	machine_create(&machine, MEMORY);
	load(report.name);
	alarm(SECONDS_PER_GUEST);
	end = run_guest(&report);
	alarm(0);
	walk_root();
	check(end == expected, "%s: ended %s", report.name, end_names[expected]);
	if (end != expected)
		machine_explain(&machine);
	if (end == END_STOP)
		check_sentence(report.name);
	if (expected == END_EXIT)
		check(!report.status && report.results && report.results == report.planned,
		      "%s: all of its %u results came", report.name, report.planned);
	check(!bad_walks, "%s: %u walks of the root: nothing of the host's is mapped", report.name,
	      walks);
	check_statistics(report.name);
	machine_destroy(&machine);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		attack(argv[i]);
	return finish();
}
