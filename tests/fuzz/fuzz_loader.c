// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the loaders: the first byte chooses the format, whether there is an
 * initrd, and what the rest is: an image, or changes to a well-formed one; the
 * second byte chooses the memory size. Whatever it is, a loader writes into the guest's RAM only (the hole and the ROM area keep their
 * pattern), and refuses with a sentence. Userspace, libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool_images.h"

#define PATTERN	      0xc3

#define CHOICE_FORMAT 0x07
#define CHOICE_IMAGE  0x38
#define CHOICE_INITRD 0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_loader: %s\n", what);
	abort();
}

/* A heap block, so that the sanitizer sees the first byte past the end. */
static struct guest_memory *memory_of(unsigned int size_class)
{
	static struct guest_memory memories[4];
	struct guest_memory *memory = &memories[size_class % 4];

	if (!memory->base) {
		memory->size = (2u + size_class % 4) << 20;
		memory->base = malloc(memory->size);
		require(memory->base, "out of memory");
		memset(memory->base, 0, memory->size);
		memset(memory->base + LOW_RAM_END, PATTERN, HIGH_RAM_START - LOW_RAM_END);
	}
	return memory;
}

/* Where no loader may write, and what it looks like as long as none did. */
static bool hole_is_untouched(const struct guest_memory *memory)
{
	const uint8_t *hole = memory->base + LOW_RAM_END;

	return hole[0] == PATTERN && !memcmp(hole, hole + 1, HIGH_RAM_START - LOW_RAM_END - 1);
}

/* A well-formed image with changes: three bytes each, an offset and a value. */
static size_t changed_image(uint8_t *image, unsigned int choice, const uint8_t *data, size_t size)
{
	static size_t (*const makers[])(uint8_t *) = {
		make_bzimage,
		make_multiboot_elf,
		make_multiboot_addresses,
		make_elf,
	};
	size_t length = makers[choice % 4](image);

	for (; size >= 3; data += 3, size -= 3)
		image[get16(data) % length] = data[2];
	/* A last byte alone cuts the image short. */
	return size == 1 ? length - data[0] % length : length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t initrd[100];
	struct load_request request = {
		.kernel_name = "fuzz",
		.command_line = "a b",
		.initrd_name = "initrd",
	};
	struct guest_memory *memory;
	struct entry_state entry;
	struct message error = { "" };
	unsigned int choice;
	uint8_t *image;

	if (size < 2)
		return 0;
	request.format = (enum image_format)((data[0] & CHOICE_FORMAT) % (FORMAT_FLAT + 1));
	choice = (data[0] & CHOICE_IMAGE) >> 3;
	if (data[0] & CHOICE_INITRD) {
		request.initrd = initrd;
		request.initrd_size = sizeof(initrd);
	}
	memory = memory_of(data[1]);

	image = malloc(IMAGE_SIZE_MAX + size);
	require(image, "out of memory");
	if (choice) {
		request.kernel_size = changed_image(image, choice, data + 2, size - 2);
	} else {
		memcpy(image, data + 2, size - 2);
		request.kernel_size = size - 2;
	}
	/* Exactly as long as it is. */
	image = realloc(image, request.kernel_size + !request.kernel_size);
	require(image, "out of memory");
	request.kernel = image;

	if (load_guest(&request, memory, &entry, &error))
		require(entry.eip < memory->size, "the entry point is outside of memory");
	else
		require(error.text[0] && !strchr(error.text, '\n'), "refused without a sentence");
	require(hole_is_untouched(memory), "wrote where there is no RAM");
	free(image);
	return 0;
}
