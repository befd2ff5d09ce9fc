// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recognises an image's format and hands it to its loader. Called by
 * `ringlet run`, the unit tests and the fuzzer, before the VM exists.
 */
#include <string.h>

#include "load.h"

static const char *const format_names[] = {
	[FORMAT_AUTO] = "auto", [FORMAT_BZIMAGE] = "bzImage", [FORMAT_MULTIBOOT] = "multiboot",
	[FORMAT_ELF] = "ELF",	[FORMAT_FLAT] = "flat",
};

/* Images that people mistake for kernels, by their first bytes. */
static const struct {
	uint8_t magic[6];
	uint8_t length;
	const char *sentence;
} near_misses[] = {
	{ { 0x1f, 0x8b }, 2, "is compressed with gzip; unpack it first" },
	{ { 0xfd, '7', 'z', 'X', 'Z' }, 5, "is compressed with xz; unpack it first" },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, "is compressed with zstd; unpack it first" },
	{ { 'B', 'Z', 'h' }, 3, "is compressed with bzip2; unpack it first" },
	{ { 'M', 'Z' },
	  2,
	  "is an EFI or DOS program, and there is no firmware to start it; give a "
	  "bzImage, multiboot or ELF kernel" },
	{ { '#', '!' }, 2, "is a script, not a kernel" },
	{ { '0', '7', '0', '7', '0', '1' },
	  6,
	  "is a cpio archive, not a kernel: did you mean "
	  "--initrd?" },
};

const char *image_format_name(enum image_format format)
{
	return format_names[format];
}

uint8_t *load_range(const struct guest_memory *memory, uint64_t address, uint64_t length,
		    const char *kernel_name, const char *what, struct message *error)
{
	uint8_t *range = guest_range(memory, address, length);

	if (address < BOOT_AREA_END) {
		fill_message(error,
			     "%s: %s wants to load at 0x%llx, but the first 32 KiB are taken by "
			     "the boot data; link it at 1 MiB or above",
			     kernel_name, what, (unsigned long long)address);
		return NULL;
	}
	if (range)
		return range;
	if (address >= LOW_RAM_END && address < HIGH_RAM_START)
		fill_message(error,
			     "%s: %s wants to load at 0x%llx, where there is no RAM (640 KiB to "
			     "1 MiB)",
			     kernel_name, what, (unsigned long long)address);
	else if (address + length > MEMORY_SIZE_MAX || address + length < address)
		fill_message(error,
			     "%s: %s of %llu bytes at 0x%llx does not fit below 3072M; is it "
			     "linked at a virtual address?",
			     kernel_name, what, (unsigned long long)length,
			     (unsigned long long)address);
	else if (address < LOW_RAM_END)
		fill_message(error,
			     "%s: %s of %llu bytes at 0x%llx does not fit below 640 KiB; link it "
			     "at 1 MiB or above",
			     kernel_name, what, (unsigned long long)length,
			     (unsigned long long)address);
	else
		fill_message(error, "%s: %s needs memory up to 0x%llx; give --memory %lluM or more",
			     kernel_name, what, (unsigned long long)(address + length),
			     (unsigned long long)((address + length + 0xfffff) >> 20));
	return NULL;
}

bool load_initrd(const struct load_request *request, struct guest_memory *memory, uint64_t above,
		 uint64_t limit, uint32_t *address, struct message *error)
{
	uint64_t start;

	if (limit > memory->size)
		limit = memory->size;
	start = request->initrd_size < limit ? (limit - request->initrd_size) & ~0xfffull : 0;
	if (start < above || start < HIGH_RAM_START)
		return refuse(error,
			      "%s: the initrd of %zu KiB does not fit between the kernel's "
			      "end (0x%llx) and 0x%llx; give more with --memory",
			      request->initrd_name, request->initrd_size >> 10,
			      (unsigned long long)above, (unsigned long long)limit);
	memcpy(memory->base + start, request->initrd, request->initrd_size);
	*address = (uint32_t)start;
	return true;
}

/* Selectors 0x10 and 0x18: flat 4 GiB code and data, as the boot protocols say. */
static void write_boot_gdt(struct guest_memory *memory)
{
	uint8_t *gdt = memory->base + BOOT_GDT;

	put64(gdt, 0);
	put64(gdt + 8, 0);
	put64(gdt + 0x10, 0x00cf9b000000ffffull);
	put64(gdt + 0x18, 0x00cf93000000ffffull);
}

static bool name_ends_in_bin(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && !strcmp(name + length - 4, ".bin");
}

static enum image_format recognise(const struct load_request *request)
{
	if (is_bzimage(request))
		return FORMAT_BZIMAGE;
	if (is_multiboot(request))
		return FORMAT_MULTIBOOT;
	if (is_elf(request))
		return FORMAT_ELF;
	return FORMAT_AUTO;
}

static bool refuse_unknown(const struct load_request *request, struct message *error)
{
	for (size_t i = 0; i < sizeof(near_misses) / sizeof(near_misses[0]); i++)
		if (request->kernel_size >= near_misses[i].length &&
		    !memcmp(request->kernel, near_misses[i].magic, near_misses[i].length))
			return refuse(error, "%s %s", request->kernel_name,
				      near_misses[i].sentence);
	return refuse(error,
		      "%s is not a kernel: it has no bzImage, multiboot or ELF header (for a "
		      "raw image that runs at 1 MiB give --format flat)",
		      request->kernel_name);
}

bool load_guest(const struct load_request *request, struct guest_memory *memory,
		struct entry_state *entry, struct message *error)
{
	enum image_format format = request->format;

	*entry = (struct entry_state){ .esp = BOOT_STACK_TOP };
	if (!request->kernel_size)
		return refuse(error, "%s is empty", request->kernel_name);

	if (format == FORMAT_AUTO)
		format = recognise(request);
	if (format == FORMAT_AUTO && name_ends_in_bin(request->kernel_name))
		format = FORMAT_FLAT;

	entry->format = format;
	write_boot_gdt(memory);
	switch (format) {
	case FORMAT_BZIMAGE: return load_bzimage(request, memory, entry, error);
	case FORMAT_MULTIBOOT: return load_multiboot(request, memory, entry, error);
	case FORMAT_ELF: return load_elf(request, memory, entry, error);
	case FORMAT_FLAT: return load_flat(request, memory, entry, error);
	case FORMAT_AUTO: break;
	}
	return refuse_unknown(request, error);
}
