// SPDX-License-Identifier: GPL-2.0-only
/*
 * End the disposable host and tell QEMU a status. Called by tests/host-init
 * when the command has ended; runs as root inside the virtual machine.
 *
 * QEMU's isa-debug-exit device turns a write of V into its own exit status
 * (V << 1) | 1, so 7 bits of the status can be told. scripts/host-vm compares
 * them with the line that host-init wrote into the kernel log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <termios.h>
#include <unistd.h>
#include <fcntl.h>

#define DEBUG_EXIT_PORT 0xf4
#define STATUS_MASK	0x7f

static void drain(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOCTTY);

	if (fd < 0)
		return;
	tcdrain(fd);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: host-exit STATUS\n");
		return 2;
	}
	drain("/dev/ttyS0");
	drain("/dev/ttyS1");
	if (iopl(3) < 0) {
		perror("host-exit: iopl");
		return 1;
	}
	outl(atoi(argv[1]) & STATUS_MASK, DEBUG_EXIT_PORT);
	fprintf(stderr, "host-exit: this machine has no isa-debug-exit device\n");
	return 1;
}
