/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole files in memory.
 */
#ifndef RINGLET_TOOL_FILE_H
#define RINGLET_TOOL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

/**
 * struct file - the content of a file; free with file_free()
 */
struct file {
	uint8_t *data;
	size_t size;
};

/**
 * file_read() - read all of a regular file
 * @option: the option that named it, for messages
 */
bool file_read(struct file *file, const char *path, const char *option, struct message *error);

void file_free(struct file *file);

#endif /* RINGLET_TOOL_FILE_H */
