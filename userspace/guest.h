/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest that `ringlet run` was asked for: its files, and what kind it is,
 * which decides what the machine has unless the command line says.
 */
#ifndef RINGLET_TOOL_GUEST_H
#define RINGLET_TOOL_GUEST_H

#include "file.h"
#include "load.h"
#include "options.h"

/**
 * struct guest - the files of a guest
 * @seed: random bytes for a kernel that takes them
 * @is_linux: it is Linux, and @release says which
 */
struct guest {
	struct file kernel;
	struct file initrd;
	struct load_request request;
	uint8_t seed[LOAD_SEED_SIZE];
	bool is_linux;
	struct message release;
};

/**
 * guest_read() - read the files, and see what they are
 *
 * guest_free() is to be called whatever this returns.
 */
bool guest_read(struct guest *guest, const struct run_options *options, struct message *error);

/**
 * guest_choose() - fill in what the command line left open
 *
 * Linux needs a memory of some size, an engine without holes, and interrupts.
 */
void guest_choose(const struct guest *guest, struct run_options *options);

void guest_free(struct guest *guest);

#endif /* RINGLET_TOOL_GUEST_H */
