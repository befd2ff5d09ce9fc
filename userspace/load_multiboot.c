// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multiboot kernels (the "Multiboot Specification", version 0.6.96): an ELF
 * image or one with load addresses in its header. --initrd becomes the first
 * module. Called by load_guest().
 */
#include <string.h>

#include "load.h"
#include "memory_map.h"

#define HEADER_SEARCH	 8192
#define HEADER_MAGIC	 0x1badb002u
#define MULTIBOOT2_MAGIC 0xe85250d6u
#define LOADER_MAGIC	 0x2badb002u

/* Flags of the header that matter here; bits 0 to 15 must be understood. */
#define HEADER_ALIGN_MODULES 0x1u
#define HEADER_MEMORY_INFO   0x2u
#define HEADER_VIDEO_MODE    0x4u
#define HEADER_KNOWN	     (HEADER_ALIGN_MODULES | HEADER_MEMORY_INFO | HEADER_VIDEO_MODE)
#define HEADER_ADDRESSES     0x10000u

/* Offsets in the information structure, and the flags that say what is valid. */
#define INFO_FLAGS	     0
#define INFO_MEM_LOWER	     4
#define INFO_MEM_UPPER	     8
#define INFO_CMDLINE	     16
#define INFO_MODS_COUNT	     20
#define INFO_MODS_ADDR	     24
#define INFO_MMAP_LENGTH     44
#define INFO_MMAP_ADDR	     48
#define INFO_LOADER_NAME     64
#define INFO_SIZE	     116
#define INFO_HAS_MEMORY	     0x1u
#define INFO_HAS_CMDLINE     0x4u
#define INFO_HAS_MODULES     0x8u
#define INFO_HAS_MMAP	     0x40u
#define INFO_HAS_LOADER_NAME 0x200u

/* Where the parts lie within the page at MULTIBOOT_INFO. */
#define PART_MODULES	   0x100
#define PART_MMAP	   0x140
#define PART_LOADER_NAME   0x200
#define PART_MODULE_STRING 0x240
#define MODULE_STRING_MAX  0x400

#define MMAP_ENTRY_SIZE	   24

static const uint8_t *find_header(const struct load_request *request, uint32_t magic)
{
	size_t limit = request->kernel_size < HEADER_SEARCH ? request->kernel_size : HEADER_SEARCH;

	for (size_t at = 0; at + 12 <= limit; at += 4) {
		const uint8_t *header = request->kernel + at;

		if (get32(header) != magic)
			continue;
		/* Version 2 checks four words; its magic is distinctive enough to name it. */
		if (magic == MULTIBOOT2_MAGIC ||
		    !(uint32_t)(get32(header) + get32(header + 4) + get32(header + 8)))
			return header;
	}
	return NULL;
}

bool is_multiboot(const struct load_request *request)
{
	return find_header(request, HEADER_MAGIC) || find_header(request, MULTIBOOT2_MAGIC);
}

/* The address fields of the header: the image need not be ELF then. */
static bool load_by_addresses(const struct load_request *request, struct guest_memory *memory,
			      const uint8_t *header, uint32_t *entry_address, uint32_t *image_end,
			      struct message *error)
{
	size_t header_offset = (size_t)(header - request->kernel);
	uint32_t header_address, load_address, load_end, bss_end;
	uint64_t start, size, total;
	uint8_t *target;

	if (header_offset + 32 > request->kernel_size)
		return refuse(error, "%s is truncated: it ends within its multiboot header",
			      request->kernel_name);
	header_address = get32(header + 12);
	load_address = get32(header + 16);
	load_end = get32(header + 20);
	bss_end = get32(header + 24);
	*entry_address = get32(header + 28);

	if (header_address < load_address || header_address - load_address > header_offset)
		return refuse(error,
			      "%s: the addresses in its multiboot header contradict each "
			      "other",
			      request->kernel_name);
	start = header_offset - (header_address - load_address);
	size = request->kernel_size - start;
	if (load_end) {
		if (load_end < load_address)
			return refuse(error,
				      "%s: the addresses in its multiboot header contradict "
				      "each other",
				      request->kernel_name);
		if (load_end - load_address > size)
			return refuse(error,
				      "%s is truncated: it is shorter than its multiboot "
				      "header says",
				      request->kernel_name);
		size = load_end - load_address;
	}
	total = size;
	if (bss_end) {
		if (bss_end < load_address || bss_end - load_address < size)
			return refuse(error,
				      "%s: the addresses in its multiboot header contradict "
				      "each other",
				      request->kernel_name);
		total = bss_end - load_address;
	}
	target = load_range(memory, load_address, total, request->kernel_name, "the image", error);
	if (!target)
		return false;
	memcpy(target, request->kernel + start, size);
	memset(target + size, 0, total - size);
	if (*entry_address < load_address || *entry_address - load_address >= total)
		return refuse(error, "%s: the entry point 0x%x is outside of the image",
			      request->kernel_name, *entry_address);
	*image_end = (uint32_t)(load_address + total);
	return true;
}

static void write_map(uint8_t *page, const struct guest_memory *memory)
{
	struct memory_map_entry map[MEMORY_MAP_ENTRIES];
	unsigned int count = memory_map(memory, map);

	for (unsigned int i = 0; i < count; i++) {
		uint8_t *entry = page + PART_MMAP + i * MMAP_ENTRY_SIZE;

		put32(entry, MMAP_ENTRY_SIZE - 4); /* the size field does not count itself */
		put64(entry + 4, map[i].address);
		put64(entry + 12, map[i].length);
		put32(entry + 20, map[i].type);
	}
	put32(page + INFO_MMAP_LENGTH, count * MMAP_ENTRY_SIZE);
	put32(page + INFO_MMAP_ADDR, MULTIBOOT_INFO + PART_MMAP);
}

static void write_module(const struct load_request *request, uint8_t *page, uint32_t address)
{
	const char *name = strrchr(request->initrd_name, '/');
	uint8_t *module = page + PART_MODULES;

	name = name ? name + 1 : request->initrd_name;
	put32(module, address);
	put32(module + 4, address + (uint32_t)request->initrd_size);
	put32(module + 8, MULTIBOOT_INFO + PART_MODULE_STRING);
	strncpy((char *)page + PART_MODULE_STRING, name, MODULE_STRING_MAX - 1);
	put32(page + INFO_MODS_COUNT, 1);
	put32(page + INFO_MODS_ADDR, MULTIBOOT_INFO + PART_MODULES);
}

static void write_info(const struct load_request *request, struct guest_memory *memory,
		       uint32_t module_address)
{
	uint8_t *page = memory->base + MULTIBOOT_INFO;
	uint32_t flags = INFO_HAS_MEMORY | INFO_HAS_CMDLINE | INFO_HAS_MMAP | INFO_HAS_LOADER_NAME;

	memset(page, 0, MULTIBOOT_INFO_SIZE);
	put32(page + INFO_MEM_LOWER, EXTENDED_BIOS_DATA >> 10);
	put32(page + INFO_MEM_UPPER, (memory->size - HIGH_RAM_START) >> 10);
	put32(page + INFO_CMDLINE, BOOT_COMMAND_LINE);
	write_map(page, memory);
	strcpy((char *)page + PART_LOADER_NAME, "ringlet");
	put32(page + INFO_LOADER_NAME, MULTIBOOT_INFO + PART_LOADER_NAME);
	if (request->initrd) {
		write_module(request, page, module_address);
		flags |= INFO_HAS_MODULES;
	}
	put32(page + INFO_FLAGS, flags);
}

/* The first word of a multiboot command line is the kernel's name. */
static bool write_command_line(const struct load_request *request, struct guest_memory *memory,
			       struct message *error)
{
	const char *name = strrchr(request->kernel_name, '/');
	char *line = (char *)memory->base + BOOT_COMMAND_LINE;
	size_t name_length, length = strlen(request->command_line);

	name = name ? name + 1 : request->kernel_name;
	name_length = strlen(name);
	if (name_length + 1 + length + 1 > BOOT_COMMAND_LINE_SIZE)
		return refuse(error,
			      "the command line of %zu characters is longer than the %u that "
			      "fit",
			      length, BOOT_COMMAND_LINE_SIZE);
	memcpy(line, name, name_length);
	line[name_length] = length ? ' ' : '\0';
	memcpy(line + name_length + 1, request->command_line, length + 1);
	return true;
}

bool load_multiboot(const struct load_request *request, struct guest_memory *memory,
		    struct entry_state *entry, struct message *error)
{
	const uint8_t *header = find_header(request, HEADER_MAGIC);
	uint32_t flags, image_end, module_address = 0;

	if (!header && find_header(request, MULTIBOOT2_MAGIC))
		return refuse(error, "%s is a multiboot 2 kernel; ringlet loads multiboot 1",
			      request->kernel_name);
	if (!header)
		return refuse(error, "%s has no multiboot header in its first 8 KiB",
			      request->kernel_name);
	flags = get32(header + 4);
	if (flags & 0xffff & ~HEADER_KNOWN)
		return refuse(error,
			      "%s asks for a multiboot feature that ringlet does not have "
			      "(flags 0x%x)",
			      request->kernel_name, flags);
	if (flags & HEADER_ADDRESSES) {
		if (!load_by_addresses(request, memory, header, &entry->eip, &image_end, error))
			return false;
	} else if (!load_elf_segments(request, memory, &entry->eip, &image_end, error)) {
		return false;
	}
	if (request->initrd &&
	    !load_initrd(request, memory, image_end, memory->size, &module_address, error))
		return false;
	if (!write_command_line(request, memory, error))
		return false;
	write_info(request, memory, module_address);
	entry->eax = LOADER_MAGIC;
	entry->ebx = MULTIBOOT_INFO;
	return true;
}
