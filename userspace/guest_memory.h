/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's physical memory as the tool sees it, and its map.
 *
 *	00000000 - 0009ffff	RAM (the last KiB is the BIOS's data area)
 *	000a0000 - 000b7fff	nothing (VGA graphics memory: reads ones)
 *	000b8000 - 000bffff	VGA text memory: plain memory that screen.c shows
 *	000c0000 - 000fffff	memory where a PC has its ROMs; all zero
 *	00100000 - memory size	RAM
 *
 * One mapping of the process backs all of it, so a guest physical address is an
 * offset. Loaders write through guest_range() only, which checks every bound.
 */
#ifndef RINGLET_TOOL_GUEST_MEMORY_H
#define RINGLET_TOOL_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"

#define LOW_RAM_END	   0xa0000u
#define EXTENDED_BIOS_DATA 0x9fc00u
#define VGA_TEXT_START	   0xb8000u
#define VGA_TEXT_END	   0xc0000u
#define ROM_START	   0xf0000u
#define HIGH_RAM_START	   0x100000u

/* Below this PCI's address hole begins, and with it every device. */
#define MEMORY_SIZE_MAX 0xc0000000u
#define MEMORY_SIZE_MIN 0x200000u

/*
 * What the tool itself puts into low memory. Images may not load below
 * BOOT_AREA_END; a kernel reuses the area once it has read what it needs.
 */
#define BOOT_GDT	       0x0800u
#define BOOT_COMMAND_LINE      0x1000u
#define BOOT_COMMAND_LINE_SIZE 0x1000u
#define BOOT_PARAMS	       0x2000u
#define MULTIBOOT_INFO	       0x3000u
#define MULTIBOOT_INFO_SIZE    0x1000u
#define BOOT_SETUP_DATA	       0x4000u
#define BOOT_STACK_TOP	       0x8000u
#define BOOT_AREA_END	       0x8000u

struct guest_memory {
	uint8_t *base;
	uint32_t size;
};

/**
 * guest_memory_allocate() - map @size bytes of zeroed memory for a guest
 * @size: a multiple of 4 KiB from MEMORY_SIZE_MIN to MEMORY_SIZE_MAX
 */
bool guest_memory_allocate(struct guest_memory *memory, uint64_t size, struct message *error);

void guest_memory_free(struct guest_memory *memory);

/**
 * guest_range() - the tool's pointer to a range of the guest's RAM
 *
 * Return: NULL unless the whole range is RAM (neither hole nor ROM nor past the
 * end). An empty range is fine if its address is.
 */
uint8_t *guest_range(const struct guest_memory *memory, uint64_t address, uint64_t length);

/**
 * guest_memory_write_bios_data() - leave behind what a BIOS would
 *
 * The base-memory size, the segment of the extended data area, the video mode:
 * kernels read these even when they were not started through a BIOS.
 */
void guest_memory_write_bios_data(struct guest_memory *memory);

/* Little-endian fields of boot structures, at any alignment. */
static inline void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)value);
	put16(at + 2, (uint16_t)(value >> 16));
}

static inline void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t get32(const uint8_t *at)
{
	return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static inline uint64_t get64(const uint8_t *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

#endif /* RINGLET_TOOL_GUEST_MEMORY_H */
