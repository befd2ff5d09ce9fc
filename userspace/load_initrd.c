// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks at an initial RAM disk before Linux does: what Linux says about one that
 * is cut short comes late and is not understood. Called by load_bzimage().
 *
 * An initramfs is a sequence of cpio archives ("newc"), each of them perhaps
 * compressed, with zeroes between. What is compressed is not looked into.
 */
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define HEADER_SIZE   110
#define FILE_SIZE_AT  54
#define NAME_SIZE_AT  94
#define NAME_SIZE_MAX 4096u
#define GZIP_SIZE_MIN 20u /* of an empty file */

static const char trailer[] = "TRAILER!!!";

/* Compressed archives, and file systems for those who still use a RAM disk. */
static const struct {
	const char *magic;
	uint8_t length;
	uint16_t at;
} known[] = {
	{ "\xfd\x37zXZ", 5, 0 },
	{ "\x28\xb5\x2f\xfd", 4, 0 },
	{ "BZh", 3, 0 },
	{ "\x5d\0\0", 3, 0 },
	{ "\x89LZO", 4, 0 },
	{ "\x02\x21\x4c\x18", 4, 0 },
	{ "\x04\x22\x4d\x18", 4, 0 },
	{ "hsqs", 4, 0 },
	{ "-rom1fs-", 8, 0 },
	{ "\x45\x3d\xcd\x28", 4, 0 },
	{ "\x53\xef", 2, 0x438 },
};

static bool is_cpio(const uint8_t *data, size_t size)
{
	return size >= 6 && (!memcmp(data, "070701", 6) || !memcmp(data, "070702", 6));
}

static bool is_known(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (size >= (size_t)known[i].at + known[i].length &&
		    !memcmp(data + known[i].at, known[i].magic, known[i].length))
			return true;
	return false;
}

/* Eight hexadecimal digits. */
static bool read_field(const uint8_t *header, unsigned int at, uint32_t *value)
{
	char digits[9];
	char *end;

	memcpy(digits, header + at, 8);
	digits[8] = '\0';
	/* strtoul() would take a sign or a blank. */
	for (int i = 0; i < 8; i++)
		if (!strchr("0123456789abcdefABCDEF", digits[i]) || !digits[i])
			return false;
	*value = (uint32_t)strtoul(digits, &end, 16);
	return true;
}

static bool refuse_truncated(const struct load_request *request, struct message *error)
{
	return refuse(error,
		      "%s is truncated: it ends at %zu bytes, within a file of its cpio archive",
		      request->initrd_name, request->initrd_size);
}

/* Walk one archive from *at to behind its trailer. */
static bool walk_archive(const struct load_request *request, size_t *at, struct message *error)
{
	const uint8_t *data = request->initrd;
	size_t size = request->initrd_size;

	for (;;) {
		uint32_t file_size, name_size;
		uint64_t body, end;
		bool last;

		if (size - *at < HEADER_SIZE)
			return refuse_truncated(request, error);
		if (!is_cpio(data + *at, size - *at) ||
		    !read_field(data + *at, FILE_SIZE_AT, &file_size) ||
		    !read_field(data + *at, NAME_SIZE_AT, &name_size) || !name_size ||
		    name_size > NAME_SIZE_MAX)
			return refuse(error,
				      "%s is damaged: at byte %zu its cpio archive has no header",
				      request->initrd_name, *at);
		body = ((uint64_t)*at + HEADER_SIZE + name_size + 3) & ~3ull;
		end = (body + file_size + 3) & ~3ull;
		if (body + file_size > size)
			return refuse_truncated(request, error);
		last = name_size == sizeof(trailer) &&
		       !memcmp(data + *at + HEADER_SIZE, trailer, sizeof(trailer));
		*at = end < size ? (size_t)end : size;
		if (last)
			return true;
	}
}

bool check_initrd(const struct load_request *request, struct message *error)
{
	const uint8_t *data = request->initrd;
	size_t size = request->initrd_size, at = 0;
	bool found = false;

	if (!size)
		return refuse(error, "%s is empty", request->initrd_name);
	/* Before the zeroes are skipped: file systems may begin with some. */
	if (is_known(data, size))
		return true;
	while (at < size) {
		if (!data[at]) {
			at++;
			continue;
		}
		found = true;
		if (is_cpio(data + at, size - at)) {
			if (!walk_archive(request, &at, error))
				return false;
			continue;
		}
		if (is_known(data + at, size - at))
			return true;
		if (size - at < 2 || memcmp(data + at, "\x1f\x8b", 2) != 0)
			return refuse(error,
				      "%s is no initial RAM disk: at byte %zu there is neither a "
				      "cpio archive nor one that is compressed",
				      request->initrd_name, at);
		if (size - at >= GZIP_SIZE_MIN)
			return true;
		return refuse(error, "%s is truncated: its last %zu bytes are no gzip file",
			      request->initrd_name, size - at);
	}
	return found || refuse(error, "%s holds nothing but zeroes", request->initrd_name);
}
