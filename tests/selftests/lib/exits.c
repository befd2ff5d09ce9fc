// SPDX-License-Identifier: GPL-2.0-only
/* Logs of what a guest wrote to its client. */
#include <string.h>

#include "exits.h"

static void take(struct exits *exits, const struct kvm_run *run)
{
	struct exit_seen *seen = &exits->seen[exits->count++];
	const void *data;

	if (run->exit_reason == KVM_EXIT_IO) {
		*seen = (struct exit_seen){ true, run->io.port, run->io.size, run->io.count, 0 };
		data = (const char *)run + run->io.data_offset;
	} else {
		*seen = (struct exit_seen){ false, run->mmio.phys_addr, run->mmio.len, 1, 0 };
		data = run->mmio.data;
	}
	memcpy(&seen->value, data, seen->bytes);
}

bool exits_run(struct machine *machine, struct exits *exits)
{
	struct kvm_run *run = machine->run;

	exits->count = 0;
	while (!machine_run(machine)) {
		bool read =
			(run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_IN) ||
			(run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write);

		if (run->exit_reason == KVM_EXIT_HLT)
			return true;
		if (run->exit_reason != KVM_EXIT_IO && run->exit_reason != KVM_EXIT_MMIO)
			break;
		if (!read && exits->count < EXITS_MOST)
			take(exits, run);
	}
	machine_explain(machine);
	return false;
}

static bool is_same(const struct exit_seen *a, const struct exit_seen *b)
{
	return a->port == b->port && a->address == b->address && a->bytes == b->bytes &&
	       a->count == b->count && a->value == b->value;
}

void exits_check(const struct exits *exits, const struct exit_seen *wanted, unsigned int count,
		 const char *name)
{
	bool same = exits->count == count;

	for (unsigned int i = 0; same && i < count; i++)
		same = is_same(&exits->seen[i], &wanted[i]);
	if (check(same, "%s: %u exits, in their order", name, count))
		return;
	for (unsigned int i = 0; i < exits->count; i++)
		note("%s 0x%llx, %u times %u bytes, 0x%llx",
		     exits->seen[i].port ? "port" : "memory",
		     (unsigned long long)exits->seen[i].address, exits->seen[i].count,
		     exits->seen[i].bytes, (unsigned long long)exits->seen[i].value);
}
