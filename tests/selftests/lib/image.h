/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test guests of tests/guests that need a client of their own: loading one, and
 * passing on the results that it prints.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "selftest.h"

#define IMAGE_MEMORY	   0x4000000
#define IMAGE_PORT_CONSOLE 0xe9
#define IMAGE_PORT_EXIT	   0xf4

/* Makes a machine with IMAGE_MEMORY and /guests/@name.elf, about to start. */
void image_boot(struct machine *machine, const char *name);
/* The same, as machine_create_with(). */
void image_boot_with(struct machine *machine, const char *name,
		     void (*prepare)(struct machine *machine));

/*
 * One exit that image_run() does not know: a port or a device. False: neither
 * does the client.
 */
typedef bool (*image_exit)(struct machine *machine);

/*
 * Runs it to its end; each result of the guest becomes one of ours. @handle
 * sees every exit but those of the two ports.
 */
void image_run(struct machine *machine, image_exit handle);

#endif /* IMAGE_H */
