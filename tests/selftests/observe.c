// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator sees and sets: the tracepoints, and the module
 * parameter ignore_msrs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftest.h"

#define TRACING	    "/sys/kernel/tracing/"
#define IGNORE_MSRS "/sys/module/ringlet/parameters/ignore_msrs"
#define HANDLER	    0x18000

static struct machine machine;

static bool write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

	if (file >= 0)
		close(file);
	if (!written)
		note("cannot write %s to %s", text, path);
	return written;
}

/* A line of the trace with both words. */
static bool traced(const char *event, const char *words)
{
	FILE *file = fopen(TRACING "trace", "r");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, event) && strstr(line, words);
	if (file)
		fclose(file);
	return found;
}

/* A #GP for HLT, an emulated OUT, #UD given to the guest, a page touched. */
GUEST_CODE(events, "mov 0x180000, %eax\n ud2\n hlt");
GUEST_CODE(handler, "hlt");

static void test_tracepoints(void)
{
	check(access(TRACING "events/ringlet/entry", F_OK) == 0, "ringlet:entry is there");
	check(write_file(TRACING "events/ringlet/enable", "1"), "the tracepoints are switched on");
	memcpy(machine.memory + HANDLER, guest_handler, guest_handler_end - guest_handler);
	MACHINE_BOOT(&machine, events);
	machine_set_gate(&machine, 6, HANDLER);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT, "a guest runs");
	write_file(TRACING "events/ringlet/enable", "0");
	check(traced(" entry: ", "rip 0x10000 cpl 0"), "ringlet:entry tells where");
	check(traced(" exit: ", "reason #UD"), "ringlet:exit tells why");
	check(traced(" inject: ", "vector 0x6"), "ringlet:inject tells what");
	check(traced(" page_fault: ", "linear 0x180000 gpa 0x180000"),
	      "ringlet:page_fault tells which page");
}

GUEST_CODE(read_msr,
	   "mov $0x12345678, %ecx\n mov $-1, %eax\n mov %eax, %edx\n rdmsr\n wrmsr\n hlt");

static void test_ignore_msrs(void)
{
	struct kvm_regs regs;

	MACHINE_BOOT(&machine, read_msr);
	machine_set_gate(&machine, 13, 0);
	machine.memory[MACHINE_IDT + 13 * 8 + 5] = 0;
	machine.memory[MACHINE_IDT + 6 * 8 + 5] = 0;
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_SHUTDOWN,
	      "an unknown MSR is #GP");
	check(write_file(IGNORE_MSRS, "1"), "ignore_msrs is switched on");
	MACHINE_BOOT(&machine, read_msr);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT,
	      "the guest reads and writes it");
	machine_get_regs(&machine, &regs);
	check(regs.rax == 0 && regs.rdx == 0, "it reads 0");
	write_file(IGNORE_MSRS, "0");
}

int main(void)
{
	machine_create(&machine, MACHINE_MEMORY);
	test_tracepoints();
	test_ignore_msrs();
	machine_destroy(&machine);
	return finish();
}
