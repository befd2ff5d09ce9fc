/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading a guest: from files on the host to guest memory and the registers of
 * the first instruction. Each format has a file of its own; all of them treat
 * the image as hostile and refuse it with one sentence.
 */
#ifndef RINGLET_TOOL_LOAD_H
#define RINGLET_TOOL_LOAD_H

#include <stddef.h>

#include "guest_memory.h"

#define LOAD_SEED_SIZE 32

enum image_format {
	FORMAT_AUTO,
	FORMAT_BZIMAGE,
	FORMAT_MULTIBOOT,
	FORMAT_ELF,
	FORMAT_FLAT,
};

/**
 * struct load_request - what to load
 * @kernel: the image, @kernel_size bytes; @kernel_name is its name in messages
 * @initrd: initial RAM disk or first multiboot module; NULL for none
 * @command_line: never NULL
 * @seed: LOAD_SEED_SIZE bytes that start the kernel's random number generator;
 *	NULL for none
 * @format: what --format says
 */
struct load_request {
	const uint8_t *kernel;
	size_t kernel_size;
	const char *kernel_name;
	const uint8_t *initrd;
	size_t initrd_size;
	const char *initrd_name;
	const char *command_line;
	const uint8_t *seed;
	enum image_format format;
};

/**
 * struct entry_state - the registers that differ between formats
 *
 * All formats start in 32-bit protected mode: flat segments, CS 0x10, the
 * others 0x18, paging off, interrupts off, registers not named here zero.
 */
struct entry_state {
	enum image_format format;
	uint32_t eip;
	uint32_t esp;
	uint32_t eax;
	uint32_t ebx;
	uint32_t esi;
};

/**
 * load_guest() - load an image of any format
 *
 * Also writes the boot GDT, which the entry state's selectors refer to.
 */
bool load_guest(const struct load_request *request, struct guest_memory *memory,
		struct entry_state *entry, struct message *error);

const char *image_format_name(enum image_format format);

bool is_bzimage(const struct load_request *request);

/**
 * linux_release() - whether a bzImage is Linux, and which
 * @release: out: for example "6.1.0-50-686-pae"
 *
 * Other kernels come as bzImages too, and may want less than Linux does.
 */
bool linux_release(const struct load_request *request, struct message *release);

bool load_bzimage(const struct load_request *request, struct guest_memory *memory,
		  struct entry_state *entry, struct message *error);

/**
 * check_initrd() - whether Linux can make anything of an initial RAM disk
 *
 * Return: false, with the sentence, for what is cut short or no such thing.
 */
bool check_initrd(const struct load_request *request, struct message *error);

bool is_multiboot(const struct load_request *request);
bool load_multiboot(const struct load_request *request, struct guest_memory *memory,
		    struct entry_state *entry, struct message *error);

bool is_elf(const struct load_request *request);
bool load_elf(const struct load_request *request, struct guest_memory *memory,
	      struct entry_state *entry, struct message *error);

/**
 * load_elf_segments() - what multiboot and plain ELF images have in common
 * @entry_address: out: physical address of the first instruction
 * @image_end: out: end of the highest segment
 */
bool load_elf_segments(const struct load_request *request, struct guest_memory *memory,
		       uint32_t *entry_address, uint32_t *image_end, struct message *error);

bool load_flat(const struct load_request *request, struct guest_memory *memory,
	       struct entry_state *entry, struct message *error);

/**
 * load_range() - where an image may put @length bytes at @address
 * @what: the subject of the sentence: "a segment", "the kernel"
 *
 * Return: NULL, with the sentence, outside RAM and in the boot area.
 */
uint8_t *load_range(const struct guest_memory *memory, uint64_t address, uint64_t length,
		    const char *kernel_name, const char *what, struct message *error);

/**
 * load_initrd() - put the initial RAM disk as high as it may go
 * @above: end of the kernel; nothing may be placed below
 * @limit: first address past the highest allowed byte
 * @address: out
 */
bool load_initrd(const struct load_request *request, struct guest_memory *memory, uint64_t above,
		 uint64_t limit, uint32_t *address, struct message *error);

#endif /* RINGLET_TOOL_LOAD_H */
