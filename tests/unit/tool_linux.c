// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tool does for Linux guests: knows them, looks at their initial RAM
 * disks, gives them ACPI tables, and reads along on their console. Arguments:
 * Debian's kernels, as NAME=FILE (optional): each must be known by that name.
 */
#include <stdlib.h>

#include "acpi.h"
#include "file.h"
#include "last_words.h"
#include "tool_images.h"
#include "tool_test.h"

#define MEMORY_SIZE (4u << 20)

static struct guest_memory memory;
static struct message error;
static uint8_t image[IMAGE_SIZE_MAX];
static uint8_t archive[8192];

/* Two sectors of set-up hold the version's string too. */
static struct load_request make_linux(const char *version)
{
	size_t size = make_bzimage(image);

	put32(image + 0x24c, 64);
	put16(image + 0x20e, 0x100);
	strcpy((char *)image + 0x300, version);
	return (struct load_request){
		.kernel = image,
		.kernel_size = size,
		.kernel_name = "/some/where/vmlinuz",
		.command_line = "console=ttyS0",
	};
}

static void test_release(void)
{
	struct load_request request = make_linux("6.1.0-50-686-pae (debian-kernel@lists) #1");
	struct message release;

	begin_test();
	CHECK(linux_release(&request, &release));
	CHECK(!strcmp(release.text, "6.1.0-50-686-pae"));
	request = make_linux("Memtest86+ v6.10");
	CHECK(!linux_release(&request, &release));
	request = make_linux("6.1");
	put32(image + 0x24c, 0);
	CHECK(!linux_release(&request, &release));
	request = make_linux("6.1");
	put16(image + 0x206, 0x207);
	CHECK(!linux_release(&request, &release));
	request = make_linux("6.1");
	put16(image + 0x20e, 0xffff);
	CHECK(!linux_release(&request, &release));
	request = make_linux("6.1");
	put16(image + 0x20e, 0);
	CHECK(!linux_release(&request, &release));
	request = make_linux("6.1");
	request.kernel_size = 0x28f;
	CHECK(!linux_release(&request, &release));
	end_test("Linux is known by its version, and other bzImages are not Linux");
}

/* Appends a file to a cpio archive. Return: its new size. */
static size_t add_file(uint8_t *at, size_t size, const char *name, size_t length)
{
	size += (size_t)sprintf((char *)at + size,
				"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 1,
				0100644, 0, 0, 1, 0, length, 0, 0, 0, 0, strlen(name) + 1, 0);
	strcpy((char *)at + size, name);
	size = (size + strlen(name) + 1 + 3) & ~(size_t)3;
	memset(at + size, 'x', length);
	return (size + length + 3) & ~(size_t)3;
}

static size_t make_archive(void)
{
	size_t size;

	memset(archive, 0, sizeof(archive));
	size = add_file(archive, 0, "init", 1001);
	size = add_file(archive, size, "bin/busybox", 2);
	return add_file(archive, size, "TRAILER!!!", 0);
}

/* In a block of exactly its size, so that ASan sees a read past it. */
static bool accepts(const uint8_t *bytes, size_t size)
{
	struct load_request request = { .initrd_name = "initrd.img", .initrd_size = size };
	uint8_t *copy = malloc(size ? size : 1);
	bool good;

	memcpy(copy, bytes, size);
	request.initrd = copy;
	error.text[0] = '\0';
	good = check_initrd(&request, &error);
	free(copy);
	if (good || (error.text[0] && !strchr(error.text, '\n')))
		return good;
	CHECK(!"a refusal without a sentence");
	return false;
}

static bool refuses(const uint8_t *bytes, size_t size, const char *words)
{
	if (!accepts(bytes, size) && strstr(error.text, words))
		return true;
	printf("# '%s' instead of '%s'\n", error.text, words);
	return false;
}

static void test_initrd(void)
{
	size_t size = make_archive(), longest = 0;

	begin_test();
	CHECK(accepts(archive, size));
	CHECK(accepts(archive, size + 512));
	memcpy(archive + size + 512, archive, size);
	CHECK(accepts(archive, 2 * size + 512));
	memcpy(archive + size + 512, "\x1f\x8b", 2);
	CHECK(accepts(archive, size + 600));
	end_test("an archive, padding, a second archive, a compressed one after it");

	begin_test();
	make_archive();
	/* A cut may go through the padding that follows the trailer's name. */
	for (size_t length = 1; length < size; length++)
		if (accepts(archive, length))
			longest = length;
	CHECK(!longest || longest >= size - 3);
	CHECK(refuses(archive, size - 200, "initrd.img is truncated: it ends at"));
	CHECK(refuses(archive, 50, "is truncated"));
	CHECK(refuses(archive, 0, "initrd.img is empty"));
	end_test("an archive cut at any length is refused");

	begin_test();
	for (size_t at = 0; at < size; at++) {
		uint8_t kept = archive[at];

		for (unsigned int value = 0; value < 256; value += 51) {
			archive[at] = (uint8_t)value;
			accepts(archive, size);
		}
		archive[at] = kept;
	}
	memcpy(archive + 54, "ffffffff", 8);
	CHECK(refuses(archive, size, "is truncated"));
	memcpy(archive + 54, "-0000001", 8);
	CHECK(refuses(archive, size, "is damaged: at byte 0"));
	make_archive();
	memcpy(archive + 94, "00000000", 8);
	CHECK(refuses(archive, size, "is damaged"));
	end_test("an archive with any byte changed is read or refused");

	begin_test();
	memset(archive, 0, sizeof(archive));
	CHECK(refuses(archive, 4096, "holds nothing but zeroes"));
	memcpy(archive + 1024 + 56, "\x53\xef", 2);
	CHECK(accepts(archive, 4096));
	memcpy(archive, "\x28\xb5\x2f\xfd", 4);
	CHECK(accepts(archive, 100));
	memcpy(archive, "\x1f\x8b\x08", 3);
	CHECK(accepts(archive, 100));
	CHECK(refuses(archive, 10, "is truncated: its last 10 bytes are no gzip file"));
	memcpy(archive, "%PDF", 4);
	CHECK(refuses(archive, 100, "is no initial RAM disk: at byte 0"));
	end_test("compressed archives and file systems are left to Linux; other files are not");
}

static void test_loading(void)
{
	struct load_request request = make_linux("6.1.0-50-686-pae");
	struct entry_state entry;

	begin_test();
	request.initrd = archive;
	request.initrd_size = make_archive();
	request.initrd_name = "initrd.img";
	CHECK(load_guest(&request, &memory, &entry, &error));
	request.initrd_size -= 200;
	CHECK(!load_guest(&request, &memory, &entry, &error));
	CHECK(strstr(error.text, "truncated"));
	/* Other kernels may take what they like. */
	put32(image + 0x24c, 0);
	CHECK(load_guest(&request, &memory, &entry, &error));
	end_test("only Linux gets its initial RAM disk looked at");
}

static uint8_t sum(const uint8_t *bytes, size_t length)
{
	uint8_t total = 0;

	while (length--)
		total += *bytes++;
	return total;
}

/* A table by its address; checked as a kernel does. */
static const uint8_t *table_at(uint32_t address, const char *signature)
{
	const uint8_t *table = memory.base + address;

	CHECK(address >= ACPI_AREA && address + 256 <= ACPI_AREA + ACPI_AREA_SIZE);
	CHECK(!memcmp(table, signature, 4));
	CHECK_EQUAL(sum(table, get32(table + 4)), 0);
	return table;
}

static void test_acpi(void)
{
	const uint8_t *rsdp, *rsdt, *fadt, *dsdt;

	acpi_write_tables(&memory, ACPI_AREA);
	begin_test();
	rsdp = memory.base + ACPI_AREA;
	CHECK(!memcmp(rsdp, "RSD PTR ", 8));
	CHECK_EQUAL(sum(rsdp, 20), 0);
	rsdt = table_at(get32(rsdp + 16), "RSDT");
	CHECK_EQUAL(get32(rsdt + 4), 40);
	fadt = table_at(get32(rsdt + 36), "FACP");
	dsdt = table_at(get32(fadt + 40), "DSDT");
	CHECK(!memcmp(memory.base + get32(fadt + 36), "FACS", 4));
	CHECK_EQUAL(get32(fadt + 36) % 64, 0);
	end_test("ACPI: the tables are found, and their sums are right");

	begin_test();
	CHECK_EQUAL(get16(fadt + 46), 9);
	CHECK_EQUAL(get32(fadt + 48), 0);
	CHECK_EQUAL(get32(fadt + 56), 0x600);
	CHECK_EQUAL(get32(fadt + 64), 0x604);
	CHECK_EQUAL(fadt[88], 4);
	CHECK_EQUAL(fadt[89], 2);
	CHECK_EQUAL(fadt[116], 1);
	CHECK_EQUAL(get64(fadt + 120), 0xcf9);
	CHECK_EQUAL(fadt[128], 6);
	/* NameOp, _S5_, PackageOp, its length, four elements, the first is BytePrefix 0. */
	CHECK(!memcmp(dsdt + 36, "\x08_S5_\x12\x08\x04\x0a\x00", 10));
	CHECK_EQUAL(get32(dsdt + 4), 36 + 14);
	end_test("ACPI: PM1's ports, the reset register, and S5");
}

static void say(struct last_words *words, const char *text)
{
	while (*text)
		last_words_byte(words, (uint8_t)*text++);
}

static void test_last_words(void)
{
	static char text[LAST_WORDS_SIZE + 1];
	struct last_words words;

	begin_test();
	memset(&words, 0, sizeof(words));
	say(&words, "[    3.0] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n");
	CHECK(words.panicked && !words.panic_over && !words.restarting);
	CHECK(!strcmp(words.reason.text, "VFS: Unable to mount root fs"));
	say(&words, "[    3.1] Kernel panic - not syncing: another\r\n");
	CHECK(!strcmp(words.reason.text, "VFS: Unable to mount root fs"));
	say(&words, "[    3.2] ---[ end Kernel panic - not syncing: VFS ]---\r\n");
	CHECK(words.panic_over);
	end_test("a kernel panic, its reason and its end");

	begin_test();
	memset(&words, 0, sizeof(words));
	say(&words, "---[ end Kernel panic\nkernel panic - not syncing: small letter\n");
	CHECK(!words.panicked && !words.panic_over);
	say(&words, "reboot: Restarting system\n");
	CHECK(words.restarting);
	say(&words, "Kernel panic - not syncing\n");
	CHECK(!strcmp(words.reason.text, "no reason given"));
	end_test("a restart, and lines that only look like a panic");

	begin_test();
	memset(&words, 0, sizeof(words));
	CHECK(!strcmp(last_words_text(&words, text, 3), ""));
	say(&words, "one\r\ntwo\033[2J\nthree\n");
	CHECK(!strcmp(last_words_text(&words, text, 3), "one\ntwo[2J\nthree\n"));
	CHECK(!strcmp(last_words_text(&words, text, 2), "two[2J\nthree\n"));
	say(&words, "no end");
	CHECK(!strcmp(last_words_text(&words, text, 2), "three\nno end"));
	for (int i = 0; i < 20000; i++)
		say(&words, "x");
	CHECK_EQUAL(strlen(last_words_text(&words, text, 2)), LAST_WORDS_SIZE);
	end_test("the last lines, without control characters");
}

static void test_real_kernel(char *argument)
{
	char *path = strchr(argument, '=');
	struct load_request request = { .command_line = "" };
	struct message release = { "" };
	struct file file;

	begin_test();
	*path++ = '\0';
	if (file_read(&file, path, "the test", &error)) {
		request.kernel = file.data;
		request.kernel_size = file.size;
		request.kernel_name = path;
		CHECK(linux_release(&request, &release));
		CHECK(!strcmp(release.text, argument));
		file_free(&file);
	} else {
		CHECK(!"read");
	}
	end_test(argument);
}

/* For a kernel elsewhere, that is told by acpi_rsdp=. */
static int dump_acpi(const char *path, const char *address)
{
	uint32_t area = (uint32_t)strtoul(address, NULL, 0);
	FILE *file = fopen(path, "wb");

	acpi_write_tables(&memory, 0);
	/* Sums and pointers again, for where they will be. */
	memory.base -= area;
	acpi_write_tables(&memory, area);
	memory.base += area;
	if (!file || fwrite(memory.base, ACPI_AREA_SIZE, 1, file) != 1)
		return 1;
	return fclose(file);
}

int main(int argc, char **argv)
{
	if (!guest_memory_allocate(&memory, MEMORY_SIZE, &error))
		return 1;
	if (argc == 4 && !strcmp(argv[1], "--dump-acpi"))
		return dump_acpi(argv[2], argv[3]);
	test_release();
	test_initrd();
	test_loading();
	test_acpi();
	test_last_words();
	for (int i = 1; i < argc; i++)
		test_real_kernel(argv[i]);
	guest_memory_free(&memory);
	return end_tests();
}
