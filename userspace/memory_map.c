// SPDX-License-Identifier: GPL-2.0-only
/*
 * The E820 memory map; called by the loaders.
 */
#include "memory_map.h"

unsigned int memory_map(const struct guest_memory *memory,
			struct memory_map_entry entries[MEMORY_MAP_ENTRIES])
{
	entries[0] = (struct memory_map_entry){ 0, EXTENDED_BIOS_DATA, E820_RAM };
	entries[1] = (struct memory_map_entry){ EXTENDED_BIOS_DATA,
						LOW_RAM_END - EXTENDED_BIOS_DATA, E820_RESERVED };
	entries[2] =
		(struct memory_map_entry){ ROM_START, HIGH_RAM_START - ROM_START, E820_RESERVED };
	entries[3] = (struct memory_map_entry){ HIGH_RAM_START, memory->size - HIGH_RAM_START,
						E820_RAM };
	return MEMORY_MAP_ENTRIES;
}
