// SPDX-License-Identifier: GPL-2.0-only
/* Test guests that need a client of their own. */
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#include "image.h"

static void *read_file(const char *path, size_t *size)
{
	static char contents[1 << 20];
	FILE *file = fopen(path, "rb");

	if (!file)
		bail_out("opening %s", path);
	*size = fread(contents, 1, sizeof(contents), file);
	fclose(file);
	return contents;
}

void image_boot(struct machine *machine, const char *name)
{
	image_boot_with(machine, name, NULL);
}

void image_boot_with(struct machine *machine, const char *name,
		     void (*prepare)(struct machine *machine))
{
	static const char nothing[1];
	const Elf32_Phdr *segments;
	const Elf32_Ehdr *header;
	struct kvm_regs regs;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/guests/%s.elf", name);
	header = read_file(path, &size);
	if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG))
		bail_out("%s is no ELF file", path);
	machine_create_with(machine, IMAGE_MEMORY, prepare);
	segments = (const void *)((const char *)header + header->e_phoff);
	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			memcpy(machine->memory + segments[i].p_paddr,
			       (const char *)header + segments[i].p_offset, segments[i].p_filesz);
	machine_boot(machine, nothing, nothing);
	machine_get_regs(machine, &regs);
	regs.rip = header->e_entry;
	machine_set_regs(machine, &regs);
}

/* A whole line of the guest. */
static void take_line(char *line, unsigned int *planned, unsigned int *seen)
{
	char *name = strstr(line, " - ");

	if (!strncmp(line, "1..", 3)) {
		*planned = strtoul(line + 3, NULL, 10);
		return;
	}
	if (!strncmp(line, "# ", 2)) {
		note("%s", line + 2);
		return;
	}
	(*seen)++;
	check(!strncmp(line, "ok ", 3), "guest: %s", name ? name + 3 : line);
}

void image_run(struct machine *machine, image_exit handle)
{
	unsigned int planned = 0, seen = 0, length = 0;
	struct kvm_run *run = machine->run;
	char line[256];

	for (;;) {
		const unsigned char *data;
		int result = machine_run(machine);

		if (result) {
			check(false, "KVM_RUN: %d", result);
			break;
		}
		data = (unsigned char *)run + run->io.data_offset;
		if (run->exit_reason == KVM_EXIT_IO && run->io.port == IMAGE_PORT_CONSOLE) {
			for (unsigned int i = 0; i < run->io.count; i++) {
				line[length] = data[i] == '\n' ? '\0' : (char)data[i];
				if (data[i] == '\n' || length == sizeof(line) - 2) {
					line[length] = '\0';
					take_line(line, &planned, &seen);
					length = 0;
				} else {
					length++;
				}
			}
			continue;
		}
		if (run->exit_reason == KVM_EXIT_IO && run->io.port == IMAGE_PORT_EXIT)
			break;
		if (!handle || !handle(machine)) {
			machine_explain(machine);
			check(false, "an exit that nobody expects");
			break;
		}
	}
	check(seen && seen == planned, "the guest came to its end, with %u results", seen);
}
