// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole files in memory; called by `ringlet run` for the kernel and the initrd.
 * They are copied, not mapped: a file that shrinks meanwhile must not kill us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define FILE_SIZE_MAX (2ull << 30)

static bool read_all(int descriptor, struct file *file, const char *path, struct message *error)
{
	size_t have = 0;

	while (have < file->size) {
		ssize_t count = read(descriptor, file->data + have, file->size - have);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return refuse(error, "cannot read %s: %s", path, strerror(errno));
		if (!count)
			break;
		have += (size_t)count;
	}
	file->size = have;
	return true;
}

bool file_read(struct file *file, const char *path, const char *option, struct message *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	bool done;

	*file = (struct file){ NULL, 0 };
	if (descriptor < 0)
		return refuse(error, "cannot open %s (given with %s): %s", path, option,
			      strerror(errno));
	if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) {
		close(descriptor);
		return refuse(error, "%s (given with %s) is not a regular file", path, option);
	}
	if ((uint64_t)status.st_size > FILE_SIZE_MAX) {
		close(descriptor);
		return refuse(error, "%s (given with %s) is larger than 2 GiB", path, option);
	}
	file->size = (size_t)status.st_size;
	file->data = malloc(file->size + 1);
	if (!file->data) {
		close(descriptor);
		return refuse(error, "no memory to read %s", path);
	}
	done = read_all(descriptor, file, path, error);
	close(descriptor);
	if (!done)
		file_free(file);
	return done;
}

void file_free(struct file *file)
{
	free(file->data);
	*file = (struct file){ NULL, 0 };
}
