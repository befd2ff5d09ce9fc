// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kind of guest it is; called by `ringlet run` before the machine exists.
 */
#include <errno.h>
#include <linux/ringlet.h>
#include <string.h>
#include <sys/random.h>

#include "guest.h"

/* What Debian asks for; a Linux with less may end in the middle of its start. */
#define LINUX_MEMORY_WANTED (128ull << 20)

bool guest_read(struct guest *guest, const struct run_options *options, struct message *error)
{
	memset(guest, 0, sizeof(*guest));
	if (!file_read(&guest->kernel, options->kernel, "--kernel", error) ||
	    (options->initrd && !file_read(&guest->initrd, options->initrd, "--initrd", error)))
		return false;
	if (getrandom(guest->seed, sizeof(guest->seed), 0) != (ssize_t)sizeof(guest->seed))
		return refuse(error, "the host gave no random numbers: %s", strerror(errno));
	guest->request = (struct load_request){
		.kernel = guest->kernel.data,
		.kernel_size = guest->kernel.size,
		.kernel_name = options->kernel,
		.initrd = guest->initrd.data,
		.initrd_size = guest->initrd.size,
		.initrd_name = options->initrd,
		.command_line = options->append,
		.seed = guest->seed,
		.format = options->format,
	};
	guest->is_linux = (options->format == FORMAT_AUTO || options->format == FORMAT_BZIMAGE) &&
			  linux_release(&guest->request, &guest->release);
	return true;
}

void guest_choose(const struct guest *guest, struct run_options *options)
{
	if (!options->memory)
		options->memory = guest->is_linux ? LINUX_MEMORY : DEFAULT_MEMORY;
	if (!guest->is_linux)
		return;
	if (options->memory < LINUX_MEMORY_WANTED)
		complain("%lluM of memory may be too little for Linux %s, which wants 128M; give "
			 "more with --memory",
			 (unsigned long long)options->memory >> 20, guest->release.text);
	if (options->engine < 0 && !options->is_kvm) {
		options->engine = RINGLET_ENGINE_INTERPRET;
		options->engine_name = "interpret";
	}
}

void guest_free(struct guest *guest)
{
	file_free(&guest->kernel);
	file_free(&guest->initrd);
}
