// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux boot images, by the 32-bit boot protocol ("The Linux/x86 Boot Protocol"
 * in the kernel's documentation): the real-mode part of the image is not run;
 * the tool fills in boot_params (the "zero page") and enters the protected-mode
 * part. memtest86+ is such an image too. Called by load_guest().
 */
#include <string.h>

#include "load.h"
#include "memory_map.h"

/* Offsets in the image and, from SETUP_HEADER on, in boot_params too. */
#define SETUP_HEADER	   0x1f1
#define SETUP_SECTS	   0x1f1
#define SYSSIZE		   0x1f4
#define VID_MODE	   0x1fa
#define BOOT_FLAG	   0x1fe
#define HEADER_JUMP_OFFSET 0x201
#define HEADER_MAGIC	   0x202
#define PROTOCOL_VERSION   0x206
#define KERNEL_VERSION	   0x20e
#define TYPE_OF_LOADER	   0x210
#define LOADFLAGS	   0x211
#define CODE32_START	   0x214
#define RAMDISK_IMAGE	   0x218
#define RAMDISK_SIZE	   0x21c
#define CMD_LINE_PTR	   0x228
#define INITRD_ADDR_MAX	   0x22c
#define KERNEL_ALIGNMENT   0x230
#define RELOCATABLE_KERNEL 0x234
#define XLOADFLAGS	   0x236
#define CMDLINE_SIZE	   0x238
#define PAYLOAD_LENGTH	   0x24c
#define SETUP_DATA	   0x250
#define PREF_ADDRESS	   0x258
#define INIT_SIZE	   0x260
#define HEADER_END_MAX	   0x290

/* Offsets in boot_params only. */
#define SCREEN_INFO_X	       0x00
#define SCREEN_INFO_Y	       0x01
#define SCREEN_INFO_EXT_MEM_K  0x02
#define SCREEN_INFO_VIDEO_MODE 0x06
#define SCREEN_INFO_COLUMNS    0x07
#define SCREEN_INFO_LINES      0x0e
#define SCREEN_INFO_IS_VGA     0x0f
#define SCREEN_INFO_POINTS     0x10
#define ALT_MEM_K	       0x1e0
#define E820_COUNT	       0x1e8
#define E820_TABLE	       0x2d0
#define E820_ENTRY_SIZE	       20
#define BOOT_PARAMS_SIZE       4096

/* struct setup_data: of one kind here, and the last of its list. */
#define SETUP_DATA_NEXT		 0
#define SETUP_DATA_TYPE		 8
#define SETUP_DATA_LENGTH	 12
#define SETUP_DATA_BYTES	 16
#define SETUP_RNG_SEED		 9
#define SETUP_DATA_PROTOCOL	 0x209

#define BOOT_FLAG_VALUE		 0xaa55
#define LOADED_HIGH		 0x01
#define XLF_KERNEL_64		 0x0001
#define LOADER_UNREGISTERED	 0xff
#define VIDEO_NORMAL		 0xffff
#define DEFAULT_COMMAND_LINE_MAX 255
#define DEFAULT_INITRD_MAX	 0x37ffffffu

/**
 * struct bzimage - the header's facts that the loader acts on
 * @payload: offset of the protected-mode part in the file, @payload_size bytes
 * @load_address: where that part goes
 * @runtime_end: end of the memory that the kernel uses before it reads the map
 */
struct bzimage {
	uint16_t version;
	size_t payload;
	size_t payload_size;
	uint32_t load_address;
	uint64_t runtime_end;
	uint32_t command_line_max;
	uint32_t initrd_max;
};

bool is_bzimage(const struct load_request *request)
{
	return request->kernel_size >= HEADER_MAGIC + 4 &&
	       get16(request->kernel + BOOT_FLAG) == BOOT_FLAG_VALUE &&
	       !memcmp(request->kernel + HEADER_MAGIC, "HdrS", 4);
}

/* The version is a string in the real-mode part; its first word is the release. */
bool linux_release(const struct load_request *request, struct message *release)
{
	const uint8_t *kernel = request->kernel;
	size_t at, length = 0;

	if (!is_bzimage(request) || request->kernel_size < HEADER_END_MAX ||
	    get16(kernel + PROTOCOL_VERSION) < 0x208 || !get32(kernel + PAYLOAD_LENGTH) ||
	    !get16(kernel + KERNEL_VERSION))
		return false;
	at = get16(kernel + KERNEL_VERSION) + 0x200u;
	while (at + length < request->kernel_size && kernel[at + length] > ' ' &&
	       kernel[at + length] < 0x7f && length < sizeof(release->text) - 1)
		length++;
	if (!length || kernel[at] < '0' || kernel[at] > '9')
		return false;
	fill_message(release, "%.*s", (int)length, (const char *)kernel + at);
	return true;
}

static bool read_payload(const struct load_request *request, struct bzimage *image,
			 struct message *error)
{
	const uint8_t *kernel = request->kernel;
	unsigned int sectors = kernel[SETUP_SECTS] ? kernel[SETUP_SECTS] : 4;
	uint64_t declared = (uint64_t)get32(kernel + SYSSIZE) * 16;

	image->payload = (sectors + 1) * 512;
	if (request->kernel_size <= image->payload)
		return refuse(error, "%s is truncated: it ends within its real-mode part",
			      request->kernel_name);
	image->payload_size = request->kernel_size - image->payload;

	/* The size is in paragraphs, rounded up; what follows it (a signature) is not loaded. */
	if (declared > (uint64_t)image->payload_size + 15)
		return refuse(error,
			      "%s is truncated: its header announces %llu bytes of kernel, "
			      "the file has %zu",
			      request->kernel_name, (unsigned long long)declared,
			      image->payload_size);
	if (declared && declared < image->payload_size)
		image->payload_size = declared;
	return true;
}

/* Memory that a kernel of protocol 2.10 or later says it needs before it looks at the map. */
static uint64_t find_runtime_end(const uint8_t *kernel, const struct bzimage *image)
{
	uint64_t start = image->load_address;
	uint64_t preferred = get64(kernel + PREF_ADDRESS);
	uint32_t alignment = get32(kernel + KERNEL_ALIGNMENT);
	uint64_t end = start + image->payload_size;

	if (image->version < 0x20a)
		return end;
	if (kernel[RELOCATABLE_KERNEL] && alignment)
		start = (start + alignment - 1) / alignment * alignment;
	if (start < preferred || !kernel[RELOCATABLE_KERNEL])
		start = preferred;
	if (start > UINT32_MAX)
		start = UINT32_MAX;
	start += get32(kernel + INIT_SIZE);
	return start > end ? start : end;
}

static bool read_header(const struct load_request *request, struct bzimage *image,
			struct message *error)
{
	const uint8_t *kernel = request->kernel;
	const char *name = request->kernel_name;

	if (!is_bzimage(request))
		return refuse(error, "%s is not a bzImage: it has no boot header", name);
	image->version = get16(kernel + PROTOCOL_VERSION);
	if (image->version < 0x202)
		return refuse(error, "%s speaks boot protocol %u.%02u; ringlet needs 2.02 or later",
			      name, image->version >> 8, image->version & 0xff);
	if (!read_payload(request, image, error))
		return false;
	if (!(kernel[LOADFLAGS] & LOADED_HIGH))
		return refuse(error, "%s is a zImage, which loads below 640 KiB; build a bzImage",
			      name);
	if (image->version >= 0x20c && get16(kernel + XLOADFLAGS) & XLF_KERNEL_64)
		return refuse(error,
			      "%s is a 64-bit kernel; ringlet runs 32-bit kernels (Debian: "
			      "linux-image-686-pae, memtest86+ia32.bin)",
			      name);

	image->load_address = get32(kernel + CODE32_START);
	image->runtime_end = find_runtime_end(kernel, image);
	image->command_line_max = image->version >= 0x206 ? get32(kernel + CMDLINE_SIZE)
							  : DEFAULT_COMMAND_LINE_MAX;
	if (image->command_line_max >= BOOT_COMMAND_LINE_SIZE)
		image->command_line_max = BOOT_COMMAND_LINE_SIZE - 1;
	image->initrd_max = image->version >= 0x203 ? get32(kernel + INITRD_ADDR_MAX)
						    : DEFAULT_INITRD_MAX;
	return true;
}

static bool place_kernel(const struct load_request *request, const struct bzimage *image,
			 struct guest_memory *memory, struct message *error)
{
	uint8_t *target;

	if (image->runtime_end > MEMORY_SIZE_MAX)
		return refuse(error,
			      "%s wants to run above 3072M, which a 32-bit guest does not "
			      "have",
			      request->kernel_name);
	/* The kernel's own need is the larger one: say that. */
	if (image->runtime_end > memory->size)
		return refuse(error, "%s needs memory up to 0x%llx; give --memory %lluM or more",
			      request->kernel_name, (unsigned long long)image->runtime_end,
			      (unsigned long long)((image->runtime_end + 0xfffff) >> 20));
	target = load_range(memory, image->load_address, image->payload_size, request->kernel_name,
			    "the kernel", error);
	if (!target)
		return false;
	memcpy(target, request->kernel + image->payload, image->payload_size);
	return true;
}

static void write_screen_info(uint8_t *params)
{
	params[SCREEN_INFO_X] = 0;
	params[SCREEN_INFO_Y] = 0;
	params[SCREEN_INFO_VIDEO_MODE] = 3;
	params[SCREEN_INFO_COLUMNS] = 80;
	params[SCREEN_INFO_LINES] = 25;
	params[SCREEN_INFO_IS_VGA] = 1;
	put16(params + SCREEN_INFO_POINTS, 16);
}

static void write_memory_sizes(uint8_t *params, const struct guest_memory *memory)
{
	struct memory_map_entry map[MEMORY_MAP_ENTRIES];
	unsigned int count = memory_map(memory, map);
	uint32_t above_kib = (memory->size - HIGH_RAM_START) >> 10;

	put16(params + SCREEN_INFO_EXT_MEM_K, above_kib > 0xffff ? 0xffff : (uint16_t)above_kib);
	put32(params + ALT_MEM_K, above_kib);
	params[E820_COUNT] = (uint8_t)count;
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *entry = params + E820_TABLE + i * E820_ENTRY_SIZE;

		put64(entry, map[i].address);
		put64(entry + 8, map[i].length);
		put32(entry + 16, map[i].type);
	}
}

/* Copy the image's own header, then fill in what the protocol asks of a loader. */
static void write_boot_params(const struct load_request *request, const struct bzimage *image,
			      struct guest_memory *memory, uint32_t initrd_address)
{
	uint8_t *params = memory->base + BOOT_PARAMS;
	size_t header_end = HEADER_MAGIC + request->kernel[HEADER_JUMP_OFFSET];

	if (header_end > HEADER_END_MAX)
		header_end = HEADER_END_MAX;
	if (header_end > request->kernel_size)
		header_end = request->kernel_size;

	memset(params, 0, BOOT_PARAMS_SIZE);
	memcpy(params + SETUP_HEADER, request->kernel + SETUP_HEADER, header_end - SETUP_HEADER);
	write_screen_info(params);
	write_memory_sizes(params, memory);
	put16(params + VID_MODE, VIDEO_NORMAL);
	params[TYPE_OF_LOADER] = LOADER_UNREGISTERED;
	put32(params + CODE32_START, image->load_address);
	put32(params + CMD_LINE_PTR, BOOT_COMMAND_LINE);
	put32(params + RAMDISK_IMAGE, initrd_address);
	put32(params + RAMDISK_SIZE, initrd_address ? (uint32_t)request->initrd_size : 0);
}

/*
 * A kernel that is told no random bytes, on a processor without RDRAND, makes them
 * by racing its timer: three thousand million instructions while it starts.
 */
static void write_seed(const uint8_t *seed, struct guest_memory *memory)
{
	uint8_t *data = memory->base + BOOT_SETUP_DATA;

	put64(data + SETUP_DATA_NEXT, 0);
	put32(data + SETUP_DATA_TYPE, SETUP_RNG_SEED);
	put32(data + SETUP_DATA_LENGTH, LOAD_SEED_SIZE);
	memcpy(data + SETUP_DATA_BYTES, seed, LOAD_SEED_SIZE);
	put64(memory->base + BOOT_PARAMS + SETUP_DATA, BOOT_SETUP_DATA);
}

bool load_bzimage(const struct load_request *request, struct guest_memory *memory,
		  struct entry_state *entry, struct message *error)
{
	struct bzimage image;
	struct message release;
	uint32_t initrd_address = 0;
	size_t length = strlen(request->command_line);

	if (request->kernel_size < HEADER_END_MAX)
		return refuse(error, "%s is truncated: it ends within its boot header",
			      request->kernel_name);
	if (!read_header(request, &image, error))
		return false;
	if (length > image.command_line_max)
		return refuse(error,
			      "%s takes a command line of at most %u characters; --append "
			      "has %zu",
			      request->kernel_name, image.command_line_max, length);
	if (!place_kernel(request, &image, memory, error))
		return false;
	if (request->initrd && linux_release(request, &release) && !check_initrd(request, error))
		return false;
	if (request->initrd && !load_initrd(request, memory, image.runtime_end,
					    (uint64_t)image.initrd_max + 1, &initrd_address, error))
		return false;

	memcpy(memory->base + BOOT_COMMAND_LINE, request->command_line, length + 1);
	write_boot_params(request, &image, memory, initrd_address);
	if (request->seed && image.version >= SETUP_DATA_PROTOCOL)
		write_seed(request->seed, memory);
	entry->eip = image.load_address;
	entry->esi = BOOT_PARAMS;
	return true;
}
