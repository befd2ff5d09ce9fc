// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loaders: what they put where, and the sentence for each malformed image.
 * Every image is also cut at every length and changed in every byte, with the
 * sanitizers watching. Arguments: real kernels that must load (optional).
 */
#include <stdlib.h>

#include "file.h"
#include "memory_map.h"
#include "tool_images.h"
#include "tool_test.h"

#define TEST_MEMORY (8u << 20)

static struct guest_memory memory;
static struct entry_state entry;
static struct message error;
static uint8_t image[IMAGE_SIZE_MAX];
static uint8_t initrd[5000];

static struct load_request request_for(size_t size)
{
	return (struct load_request){
		.kernel = image,
		.kernel_size = size,
		.kernel_name = "/some/where/kernel",
		.command_line = "console=ttyS0",
	};
}

/* The image is copied to a block of exactly its size, so that ASan sees a read past it. */
static bool load(const struct load_request *request)
{
	struct load_request copy = *request;
	uint8_t *bytes = malloc(request->kernel_size);
	bool done;

	memcpy(bytes, request->kernel, request->kernel_size);
	copy.kernel = bytes;
	memset(memory.base + HIGH_RAM_START, 0xcc, 0x10000);
	error.text[0] = '\0';
	done = load_guest(&copy, &memory, &entry, &error);
	free(bytes);
	return done;
}

static bool load_size(size_t size)
{
	struct load_request request = request_for(size);

	return load(&request);
}

/* Refused, with a sentence that has these words and names the file. */
static bool refused_with(const struct load_request *request, const char *words)
{
	if (load(request)) {
		printf("# loaded, instead of: %s\n", words);
		return false;
	}
	if (!strstr(error.text, words) || strchr(error.text, '\n')) {
		printf("# '%s' instead of '%s'\n", error.text, words);
		return false;
	}
	return true;
}

static bool size_refused_with(size_t size, const char *words)
{
	struct load_request request = request_for(size);

	return refused_with(&request, words);
}

static void test_bzimage(void)
{
	const uint8_t *params = memory.base + BOOT_PARAMS;

	begin_test();
	CHECK(load_size(make_bzimage(image)));
	CHECK_EQUAL(entry.format, FORMAT_BZIMAGE);
	CHECK_EQUAL(entry.eip, 0x100000);
	CHECK_EQUAL(entry.esi, BOOT_PARAMS);
	CHECK_EQUAL(entry.ebx | entry.eax, 0);
	CHECK(!memcmp(memory.base + 0x100000, image + 1536, 64));
	CHECK_EQUAL(memory.base[0x100000 + 64], 0xcc);
	end_test("a bzImage goes to its code32_start and is entered there");

	begin_test();
	CHECK(!memcmp(params + 0x202, "HdrS", 4));
	CHECK_EQUAL(params[0x210], 0xff);
	CHECK_EQUAL(get32(params + 0x214), 0x100000);
	CHECK_EQUAL(get32(params + 0x218), 0);
	CHECK(!strcmp((const char *)memory.base + get32(params + 0x228), "console=ttyS0"));
	CHECK_EQUAL(get16(params + 0x1fa), 0xffff);
	CHECK_EQUAL(params[0x06], 3);
	CHECK_EQUAL(params[0x07], 80);
	CHECK_EQUAL(params[0x0e], 25);
	CHECK_EQUAL(params[0x0f], 1);
	end_test("boot_params has the image's header, the command line and the text screen");

	begin_test();
	CHECK_EQUAL(params[0x1e8], 4);
	CHECK_EQUAL(get64(params + 0x2d0), 0);
	CHECK_EQUAL(get64(params + 0x2d8), EXTENDED_BIOS_DATA);
	CHECK_EQUAL(get32(params + 0x2e0), E820_RAM);
	CHECK_EQUAL(get64(params + 0x2d0 + 60), HIGH_RAM_START);
	CHECK_EQUAL(get64(params + 0x2d0 + 68), TEST_MEMORY - HIGH_RAM_START);
	CHECK_EQUAL(get32(params + 0x1e0), (TEST_MEMORY - HIGH_RAM_START) >> 10);
	CHECK_EQUAL(get16(params + 0x02), (TEST_MEMORY - HIGH_RAM_START) >> 10);
	end_test("boot_params has the E820 map and the memory sizes");

	begin_test();
	CHECK_EQUAL(get64(memory.base + BOOT_GDT + 0x10) & 0xffffff0000000000, 0x00cf9b0000000000);
	CHECK_EQUAL(get64(memory.base + BOOT_GDT + 0x18) & 0xffffff0000000000, 0x00cf930000000000);
	end_test("the boot GDT has flat code at 10h and flat data at 18h");
}

static void test_bzimage_seed(void)
{
	static const uint8_t seed[LOAD_SEED_SIZE] = "thirty-two bytes that start it";
	struct load_request request = request_for(make_bzimage(image));
	const uint8_t *params = memory.base + BOOT_PARAMS;
	const uint8_t *data = memory.base + BOOT_SETUP_DATA;

	begin_test();
	CHECK(load(&request));
	CHECK_EQUAL(get64(params + 0x250), 0);
	request.seed = seed;
	CHECK(load(&request));
	CHECK_EQUAL(get64(params + 0x250), BOOT_SETUP_DATA);
	CHECK_EQUAL(get64(data), 0);
	CHECK_EQUAL(get32(data + 8), 9);
	CHECK_EQUAL(get32(data + 12), LOAD_SEED_SIZE);
	CHECK(!memcmp(data + 16, seed, LOAD_SEED_SIZE));
	put16(image + 0x206, 0x208);
	CHECK(load(&request));
	CHECK_EQUAL(get64(params + 0x250), 0);
	end_test("a kernel that takes setup data gets random numbers");
}

static void test_bzimage_initrd(void)
{
	struct load_request request = request_for(make_bzimage(image));
	const uint8_t *params = memory.base + BOOT_PARAMS;
	uint32_t address;

	memset(initrd, 0xa5, sizeof(initrd));
	request.initrd = initrd;
	request.initrd_size = sizeof(initrd);
	request.initrd_name = "initrd.gz";

	begin_test();
	CHECK(load(&request));
	address = get32(params + 0x218);
	CHECK_EQUAL(address, TEST_MEMORY - 0x2000);
	CHECK_EQUAL(get32(params + 0x21c), sizeof(initrd));
	CHECK(!memcmp(memory.base + address, initrd, sizeof(initrd)));
	end_test("the initrd goes to the top of memory");

	begin_test();
	put32(image + 0x22c, 0x2fffff);
	CHECK(load(&request));
	CHECK_EQUAL(get32(params + 0x218), 0x300000 - 0x2000);
	end_test("the initrd stays under initrd_addr_max");

	begin_test();
	put32(image + 0x22c, 0x110fff);
	CHECK(refused_with(&request, "initrd.gz: the initrd of 4 KiB does not fit"));
	put32(image + 0x22c, 0);
	CHECK(refused_with(&request, "does not fit"));
	put32(image + 0x22c, 0xffffffff);
	CHECK(load(&request));
	end_test("an initrd that does not fit above the kernel is refused");
}

static void test_bzimage_refusals(void)
{
	struct load_request request;
	size_t size = make_bzimage(image);

	begin_test();
	CHECK(size_refused_with(size - 17, "truncated: its header announces 64 bytes"));
	CHECK(load_size(size - 15));
	CHECK(size_refused_with(1536, "truncated: it ends within its real-mode part"));
	CHECK(size_refused_with(0x280, "truncated: it ends within its boot header"));
	end_test("truncated bzImages are refused, a last paragraph cut short is not");

	begin_test();
	put16(image + 0x206, 0x201);
	CHECK(size_refused_with(size, "speaks boot protocol 2.01; ringlet needs 2.02"));
	make_bzimage(image);
	image[0x211] = 0;
	CHECK(size_refused_with(size, "is a zImage"));
	make_bzimage(image);
	put16(image + 0x236, 1);
	CHECK(size_refused_with(size, "is a 64-bit kernel"));
	end_test("old protocols, zImages and 64-bit kernels are refused");

	begin_test();
	make_bzimage(image);
	put32(image + 0x260, 16 << 20);
	CHECK(size_refused_with(size, "needs memory up to 0x1100000; give --memory 17M"));
	make_bzimage(image);
	image[0x234] = 1;
	put64(image + 0x258, 0x1000000);
	CHECK(size_refused_with(size, "give --memory 17M or more"));
	make_bzimage(image);
	put64(image + 0x258, 0xffffffffffffffff);
	CHECK(size_refused_with(size, "wants to run above 3072M"));
	end_test("a kernel that needs more memory says how much");

	begin_test();
	make_bzimage(image);
	put32(image + 0x214, 0x90000);
	CHECK(load_size(size)); /* below 640 KiB there is RAM */
	put32(image + 0x214, 0x9fff0);
	CHECK(size_refused_with(size, "does not fit below 640 KiB"));
	put32(image + 0x214, 0xa0000);
	CHECK(size_refused_with(size, "where there is no RAM"));
	put32(image + 0x214, 0x1000);
	CHECK(size_refused_with(size, "taken by the boot data"));
	put32(image + 0x214, 0xfffffff0);
	CHECK(size_refused_with(size, "wants to run above 3072M"));
	put32(image + 0x214, TEST_MEMORY - 32);
	CHECK(size_refused_with(size, "give --memory 9M"));
	end_test("load addresses outside of RAM are refused");

	begin_test();
	request = request_for(make_bzimage(image));
	put32(image + 0x238, 12);
	CHECK(refused_with(&request,
			   "takes a command line of at most 12 characters; --append has 13"));
	put32(image + 0x238, 13);
	CHECK(load(&request));
	put32(image + 0x238, 0xffffffff);
	CHECK(load(&request));
	end_test("a command line longer than the kernel takes is refused");
}

static void test_multiboot(void)
{
	const uint8_t *info = memory.base + MULTIBOOT_INFO;
	struct load_request request = request_for(make_multiboot_elf(image));
	uint32_t module;

	begin_test();
	CHECK(load(&request));
	CHECK_EQUAL(entry.format, FORMAT_MULTIBOOT);
	CHECK_EQUAL(entry.eax, 0x2badb002);
	CHECK_EQUAL(entry.ebx, MULTIBOOT_INFO);
	CHECK_EQUAL(entry.eip, 0x100010);
	CHECK_EQUAL(get32(info), 0x245);
	CHECK_EQUAL(get32(info + 4), 639);
	CHECK_EQUAL(get32(info + 8), (TEST_MEMORY >> 10) - 1024);
	CHECK(!strcmp((const char *)memory.base + get32(info + 16), "kernel console=ttyS0"));
	CHECK(!strcmp((const char *)memory.base + get32(info + 64), "ringlet"));
	end_test("a multiboot kernel gets its magic number and its information");

	begin_test();
	CHECK_EQUAL(get32(info + 44), 4 * 24);
	CHECK_EQUAL(get32(memory.base + get32(info + 48)), 20);
	CHECK_EQUAL(get64(memory.base + get32(info + 48) + 3 * 24 + 4), HIGH_RAM_START);
	CHECK_EQUAL(get32(memory.base + get32(info + 48) + 3 * 24 + 20), E820_RAM);
	end_test("the multiboot memory map describes the memory");

	begin_test();
	request.initrd = initrd;
	request.initrd_size = sizeof(initrd);
	request.initrd_name = "/x/module.img";
	CHECK(load(&request));
	CHECK_EQUAL(get32(info), 0x24d);
	CHECK_EQUAL(get32(info + 20), 1);
	module = get32(info + 24);
	CHECK_EQUAL(get32(memory.base + module + 4) - get32(memory.base + module), sizeof(initrd));
	CHECK(!memcmp(memory.base + get32(memory.base + module), initrd, sizeof(initrd)));
	CHECK(!strcmp((const char *)memory.base + get32(memory.base + module + 8), "module.img"));
	end_test("--initrd becomes a multiboot module");

	begin_test();
	CHECK(load_size(make_multiboot_addresses(image)));
	CHECK_EQUAL(entry.eip, 0x200030);
	CHECK(!memcmp(memory.base + 0x200000, image, 64));
	CHECK_EQUAL(memory.base[0x200040] | memory.base[0x20007f], 0);
	end_test("a multiboot header with addresses places a raw image");
}

static void test_multiboot_refusals(void)
{
	size_t size;

	begin_test();
	size = make_multiboot_elf(image);
	put_multiboot_header(image + 0x80, 8 | 3);
	CHECK(size_refused_with(size, "asks for a multiboot feature"));
	put32(image + 0x80, 0xe85250d6);
	CHECK(size_refused_with(size, "is a multiboot 2 kernel"));
	size = make_multiboot_addresses(image);
	image[0] = 0;
	put_multiboot_header(image + 16, 3);
	CHECK(size_refused_with(size, "is not an ELF file"));
	end_test("multiboot features that are missing are named");

	begin_test();
	size = make_multiboot_addresses(image);
	CHECK(size_refused_with(47, "ends within its multiboot header"));
	CHECK(size_refused_with(63, "shorter than its multiboot header says"));
	put32(image + 28, 0x1ffff0);
	CHECK(size_refused_with(size, "contradict each other"));
	make_multiboot_addresses(image);
	put32(image + 28, 0x200020);
	CHECK(size_refused_with(size, "contradict each other"));
	make_multiboot_addresses(image);
	put32(image + 36, 0x100000);
	CHECK(size_refused_with(size, "contradict each other"));
	make_multiboot_addresses(image);
	put32(image + 40, 0x200010);
	CHECK(size_refused_with(size, "contradict each other"));
	make_multiboot_addresses(image);
	put32(image + 44, 0x300000);
	CHECK(size_refused_with(size, "entry point 0x300000 is outside"));
	make_multiboot_addresses(image);
	put32(image + 40, 0xfffffff0);
	CHECK(size_refused_with(size, "does not fit below 3072M"));
	end_test("multiboot addresses that cannot be are refused");
}

static void test_elf(void)
{
	struct load_request request;
	size_t size = make_elf(image);
	Elf32_Ehdr *header = (Elf32_Ehdr *)image;
	Elf32_Phdr *segment = (Elf32_Phdr *)(image + sizeof(*header));

	begin_test();
	CHECK(load_size(size));
	CHECK_EQUAL(entry.format, FORMAT_ELF);
	CHECK_EQUAL(entry.eip, 0x100010);
	CHECK_EQUAL(entry.esp, BOOT_STACK_TOP);
	CHECK_EQUAL(memory.base[0x10001f], 0x5a);
	CHECK_EQUAL(memory.base[0x100020] | memory.base[0x10003f], 0);
	CHECK_EQUAL(memory.base[0x100040], 0xcc);
	segment->p_vaddr = 0xc0100000;
	header->e_entry = 0xc0100004;
	CHECK(load_size(size));
	CHECK_EQUAL(entry.eip, 0x100004);
	end_test("an ELF image goes to its physical addresses; a virtual entry is translated");

	begin_test();
	make_elf(image);
	image[EI_CLASS] = ELFCLASS64;
	CHECK(size_refused_with(size, "is a 64-bit ELF image"));
	make_elf(image);
	header->e_machine = EM_ARM;
	CHECK(size_refused_with(size, "for another machine (40)"));
	make_elf(image);
	header->e_type = ET_DYN;
	CHECK(size_refused_with(size, "not an executable ELF file (type 3)"));
	make_elf(image);
	image[EI_DATA] = ELFDATA2MSB;
	CHECK(size_refused_with(size, "unknown class or byte order"));
	end_test("ELF files that are no i386 kernels are refused");

	begin_test();
	make_elf(image);
	CHECK(size_refused_with(40, "ends within its ELF header"));
	CHECK(size_refused_with(60, "ends within its program headers"));
	CHECK(size_refused_with(size - 1, "ends within a segment"));
	header->e_phnum = 0;
	CHECK(size_refused_with(size, "no program headers"));
	header->e_phnum = 0xffff;
	CHECK(size_refused_with(size, "ends within its program headers"));
	make_elf(image);
	header->e_phoff = 0xfffffff0;
	CHECK(size_refused_with(size, "ends within its program headers"));
	make_elf(image);
	segment->p_type = PT_NOTE;
	CHECK(size_refused_with(size, "has no segment to load"));
	end_test("truncated and empty ELF files are refused");

	begin_test();
	make_elf(image);
	segment->p_filesz = 65;
	CHECK(size_refused_with(size, "larger in the file than in memory"));
	make_elf(image);
	segment->p_offset = 0xffffffff;
	CHECK(size_refused_with(size, "ends within a segment"));
	make_elf(image);
	segment->p_paddr = 0xc0100000;
	CHECK(size_refused_with(size, "linked at a virtual address?"));
	make_elf(image);
	segment->p_memsz = 0xfff00000;
	CHECK(size_refused_with(size, "does not fit below 3072M"));
	make_elf(image);
	segment->p_memsz = 9 << 20;
	CHECK(size_refused_with(size, "give --memory 10M"));
	make_elf(image);
	header->e_entry = 0x200000;
	CHECK(size_refused_with(size, "entry point 0x200000 is in none of its segments"));
	make_elf(image);
	request = request_for(size);
	request.initrd = initrd;
	request.initrd_size = 1;
	request.initrd_name = "i";
	CHECK(refused_with(&request, "has no way to receive an initrd"));
	end_test("ELF segments that cannot be are refused");
}

static void test_flat_and_unknown(void)
{
	struct load_request request;

	memset(image, 0x90, sizeof(image));
	begin_test();
	CHECK(size_refused_with(100, "is not a kernel"));
	request = request_for(100);
	request.kernel_name = "guest.bin";
	CHECK(load(&request));
	CHECK_EQUAL(entry.format, FORMAT_FLAT);
	CHECK_EQUAL(entry.eip, 0x100000);
	CHECK(!memcmp(memory.base + 0x100000, image, 100));
	request.kernel_name = "guest";
	request.format = FORMAT_FLAT;
	CHECK(load(&request));
	request.initrd = initrd;
	CHECK(refused_with(&request, "no way to receive an initrd"));
	end_test("a flat binary is one by its name or by --format");

	begin_test();
	CHECK(size_refused_with(0, "is empty"));
	memcpy(image, "\x1f\x8b", 2);
	CHECK(size_refused_with(100, "is compressed with gzip"));
	memcpy(image, "MZ", 2);
	CHECK(size_refused_with(100, "EFI or DOS program"));
	memcpy(image, "070701", 6);
	CHECK(size_refused_with(100, "did you mean --initrd?"));
	CHECK(size_refused_with(5, "is not a kernel"));
	request = request_for(make_elf(image));
	request.format = FORMAT_BZIMAGE;
	CHECK(refused_with(&request, "truncated"));
	request.format = FORMAT_MULTIBOOT;
	CHECK(refused_with(&request, "no multiboot header"));
	end_test("files that people mistake for kernels are named");
}

static size_t (*const makers[])(uint8_t *) = {
	make_bzimage,
	make_multiboot_elf,
	make_multiboot_addresses,
	make_elf,
};

/* No length and no single changed byte may do more than be refused. */
static void test_hostile(void)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

	begin_test();
	for (size_t m = 0; m < sizeof(makers) / sizeof(makers[0]); m++) {
		size_t size = makers[m](image);

		for (size_t length = 1; length < size; length++)
			if (!load_size(length))
				CHECK(error.text[0]);
	}
	end_test("every image cut at every length loads or is refused");

	begin_test();
	for (size_t m = 0; m < sizeof(makers) / sizeof(makers[0]); m++) {
		size_t size = makers[m](image);

		for (size_t at = 0; at < size; at++) {
			for (size_t v = 0; v < sizeof(values); v++) {
				uint8_t kept = image[at];

				image[at] = values[v];
				if (!load_size(size))
					CHECK(error.text[0]);
				image[at] = kept;
			}
		}
	}
	end_test("every image with every byte changed loads or is refused");
}

static void test_memory(void)
{
	struct guest_memory other = { NULL, 0 };

	begin_test();
	CHECK(guest_range(&memory, 0, LOW_RAM_END));
	CHECK(!guest_range(&memory, 0, LOW_RAM_END + 1));
	CHECK(!guest_range(&memory, LOW_RAM_END, 0));
	CHECK(!guest_range(&memory, HIGH_RAM_START - 1, 1));
	CHECK(guest_range(&memory, HIGH_RAM_START, TEST_MEMORY - HIGH_RAM_START));
	CHECK(!guest_range(&memory, HIGH_RAM_START, TEST_MEMORY - HIGH_RAM_START + 1));
	CHECK(guest_range(&memory, TEST_MEMORY, 0));
	CHECK(!guest_range(&memory, TEST_MEMORY + 1, 0));
	CHECK(!guest_range(&memory, 0xffffffffffffffff, 2));
	CHECK(!guest_range(&memory, HIGH_RAM_START, 0xffffffffffffffff));
	end_test("guest_range() knows where RAM is");

	begin_test();
	CHECK(!guest_memory_allocate(&other, 1 << 20, &error));
	CHECK(strstr(error.text, "too little memory"));
	CHECK(!guest_memory_allocate(&other, 4ull << 30, &error));
	CHECK(strstr(error.text, "3072M"));
	CHECK(!guest_memory_allocate(&other, (8 << 20) + 1, &error));
	CHECK(!other.base);
	end_test("memory sizes that cannot be are refused");

	begin_test();
	guest_memory_write_bios_data(&memory);
	CHECK_EQUAL(get16(memory.base + 0x40e) << 4, EXTENDED_BIOS_DATA);
	CHECK_EQUAL(get16(memory.base + 0x413), 639);
	CHECK_EQUAL(get16(memory.base + VGA_TEXT_START), 0x0720);
	CHECK_EQUAL(get16(memory.base + VGA_TEXT_END - 2), 0x0720);
	end_test("what a BIOS leaves in low memory is there");
}

static void test_real_kernel(const char *path)
{
	struct file file;
	struct load_request request;

	begin_test();
	if (file_read(&file, path, "the test", &error)) {
		request = (struct load_request){
			.kernel = file.data,
			.kernel_size = file.size,
			.kernel_name = path,
			.command_line = "",
		};
		CHECK(load(&request));
		file_free(&file);
	} else {
		CHECK(!"read");
	}
	if (!test_good)
		printf("# %s\n", error.text);
	end_test(path);
}

int main(int argc, char **argv)
{
	if (!guest_memory_allocate(&memory, TEST_MEMORY, &error))
		return 1;
	test_memory();
	test_bzimage();
	test_bzimage_seed();
	test_bzimage_initrd();
	test_bzimage_refusals();
	test_multiboot();
	test_multiboot_refusals();
	test_elf();
	test_flat_and_unknown();
	test_hostile();
	for (int i = 1; i < argc; i++)
		test_real_kernel(argv[i]);
	guest_memory_free(&memory);
	return end_tests();
}
