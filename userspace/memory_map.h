/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The E820 memory map that every loader hands to its guest.
 */
#ifndef RINGLET_TOOL_MEMORY_MAP_H
#define RINGLET_TOOL_MEMORY_MAP_H

#include "guest_memory.h"

#define MEMORY_MAP_ENTRIES 4

#define E820_RAM	   1u
#define E820_RESERVED	   2u

struct memory_map_entry {
	uint64_t address;
	uint64_t length;
	uint32_t type;
};

/**
 * memory_map() - describe @memory
 *
 * Return: how many of @entries were filled; at most MEMORY_MAP_ENTRIES.
 */
unsigned int memory_map(const struct guest_memory *memory,
			struct memory_map_entry entries[MEMORY_MAP_ENTRIES]);

#endif /* RINGLET_TOOL_MEMORY_MAP_H */
