// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's physical memory: one anonymous mapping of this process. Called by
 * `ringlet run` before the VM exists, and by every loader.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "guest_memory.h"

bool guest_memory_allocate(struct guest_memory *memory, uint64_t size, struct message *error)
{
	void *base;

	if (size < MEMORY_SIZE_MIN)
		return refuse(error, "%llu KiB is too little memory for a guest; give at least 2M",
			      (unsigned long long)size >> 10);
	if (size > MEMORY_SIZE_MAX)
		return refuse(error, "a 32-bit guest can have at most 3072M of memory below the "
				     "PCI hole; give --memory 3072M or less");
	if (size % 4096)
		return refuse(error, "the memory size must be a multiple of 4K");

	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (base == MAP_FAILED)
		return refuse(error,
			      "cannot map %llu MiB for the guest (%s); give less with --memory",
			      (unsigned long long)size >> 20, strerror(errno));
	memory->base = base;
	memory->size = (uint32_t)size;
	return true;
}

void guest_memory_free(struct guest_memory *memory)
{
	if (memory->base)
		munmap(memory->base, memory->size);
	memory->base = NULL;
}

uint8_t *guest_range(const struct guest_memory *memory, uint64_t address, uint64_t length)
{
	uint64_t end = address < LOW_RAM_END ? LOW_RAM_END : memory->size;

	if (address >= LOW_RAM_END && address < HIGH_RAM_START)
		return NULL;
	if (address > end || length > end - address)
		return NULL;
	return memory->base + address;
}

void guest_memory_write_bios_data(struct guest_memory *memory)
{
	uint8_t *data = memory->base + 0x400;

	put16(data + 0x0e, EXTENDED_BIOS_DATA >> 4);  /* segment of the extended data area */
	put16(data + 0x10, 0x0020);		      /* equipment: 80x25 colour text */
	put16(data + 0x13, EXTENDED_BIOS_DATA >> 10); /* base memory in KiB */
	data[0x49] = 3;				      /* video mode: 80x25 text */
	put16(data + 0x4a, 80);
	put16(data + 0x4c, 80 * 25 * 2);
	put16(data + 0x63, 0x3d4); /* the CRT controller's ports */
	data[0x84] = 25 - 1;
	put16(data + 0x85, 16);
	memory->base[EXTENDED_BIOS_DATA] = 1; /* its size in KiB */

	/* A cleared text screen: blanks, light grey on black. */
	for (uint32_t at = VGA_TEXT_START; at < VGA_TEXT_END; at += 2)
		put16(memory->base + at, 0x0720);
}
