/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small well-formed images of each format, for the loader's tests.
 */
#ifndef RINGLET_TESTS_TOOL_IMAGES_H
#define RINGLET_TESTS_TOOL_IMAGES_H

#include <elf.h>
#include <string.h>

#include "load.h"

#define IMAGE_SIZE_MAX 0x4000

/* Two sectors of set-up, 64 bytes of kernel. */
static inline size_t make_bzimage(uint8_t *image)
{
	const size_t payload = 3 * 512, size = payload + 64;

	memset(image, 0, size);
	image[0x1f1] = 2;
	put32(image + 0x1f4, 64 / 16);
	put16(image + 0x1fe, 0xaa55);
	image[0x201] = 0x66;
	memcpy(image + 0x202, "HdrS", 4);
	put16(image + 0x206, 0x20c);
	image[0x211] = 1;
	put32(image + 0x214, 0x100000);
	put32(image + 0x22c, 0x7fffffff);
	put32(image + 0x230, 0x1000);
	put32(image + 0x238, 255);
	put64(image + 0x258, 0x100000);
	put32(image + 0x260, 0x10000);
	for (size_t i = 0; i < 64; i++)
		image[payload + i] = (uint8_t)(i + 1);
	return size;
}

/* One segment of 32 bytes at 1 MiB with 32 more of zeroes. */
static inline size_t make_elf(uint8_t *image)
{
	Elf32_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_entry = 0x100010,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
	};
	Elf32_Phdr segment = {
		.p_type = PT_LOAD,
		.p_offset = 0x80,
		.p_vaddr = 0x100000,
		.p_paddr = 0x100000,
		.p_filesz = 32,
		.p_memsz = 64,
	};

	memset(image, 0, 0x80);
	memcpy(image, &header, sizeof(header));
	memcpy(image + sizeof(header), &segment, sizeof(segment));
	memset(image + 0x80, 0x5a, 32);
	return 0x80 + 32;
}

static inline void put_multiboot_header(uint8_t *at, uint32_t flags)
{
	put32(at, 0x1badb002);
	put32(at + 4, flags);
	put32(at + 8, -(0x1badb002 + flags));
}

/* The ELF image with a multiboot header in its segment. */
static inline size_t make_multiboot_elf(uint8_t *image)
{
	size_t size = make_elf(image);

	put_multiboot_header(image + 0x80, 3);
	return size;
}

/* Header at 16 of 64 bytes that go to 2 MiB, with 64 more of zeroes. */
static inline size_t make_multiboot_addresses(uint8_t *image)
{
	memset(image, 0x5a, 64);
	put_multiboot_header(image + 16, 0x10003);
	put32(image + 28, 0x200010); /* header */
	put32(image + 32, 0x200000); /* load */
	put32(image + 36, 0x200040); /* end of load */
	put32(image + 40, 0x200080); /* end of bss */
	put32(image + 44, 0x200030); /* entry */
	return 64;
}

#endif /* RINGLET_TESTS_TOOL_IMAGES_H */
