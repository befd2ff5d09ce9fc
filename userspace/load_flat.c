// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flat binaries: bytes that are copied to 1 MiB and entered at their first one,
 * in 32-bit protected mode. Called by load_guest().
 */
#include <string.h>

#include "load.h"

bool load_flat(const struct load_request *request, struct guest_memory *memory,
	       struct entry_state *entry, struct message *error)
{
	uint8_t *target;

	if (request->initrd)
		return refuse(error,
			      "%s: a flat binary has no way to receive an initrd; leave "
			      "--initrd out or give a bzImage or multiboot kernel",
			      request->kernel_name);
	target = load_range(memory, HIGH_RAM_START, request->kernel_size, request->kernel_name,
			    "the flat binary", error);
	if (!target)
		return false;
	memcpy(target, request->kernel, request->kernel_size);
	entry->eip = HIGH_RAM_START;
	return true;
}
