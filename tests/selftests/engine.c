// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: engine trap|interpret
 *
 * Which engine a client gets that chooses none: the module's parameters decide.
 * Direct execution in ring 1 shows itself in CS; the interpreter does not.
 */
#include <string.h>

#include "selftest.h"

GUEST_CODE(show_cs, "mov %cs, %eax\n out %eax, $0x10\n hlt");

int main(int argc, char **argv)
{
	bool trap = argc == 2 && !strcmp(argv[1], "trap");
	uint32_t cs = 0xffffffff, expected;
	struct machine machine;

	if (argc != 2 || (!trap && strcmp(argv[1], "interpret")))
		bail_out("usage: engine trap|interpret");
	expected = MACHINE_CODE_SELECTOR | trap;
	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, show_cs);
	if (!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO)
		memcpy(&cs, (char *)machine.run + machine.run->io.data_offset, sizeof(cs));
	check(cs == expected, "engine %s is the default: CS reads %#x", argv[1], cs);
	machine_destroy(&machine);
	return finish();
}
