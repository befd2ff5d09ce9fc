// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU with the replay guest in it. See peer.h.
 */
#define _GNU_SOURCE
#include "peer.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY_BYTES (48UL << 20)
#define PATIENCE_MS  5000

static void run_qemu(const char *qemu, const char *image, int memory, int input, int output)
{
	char object[128];

	snprintf(object, sizeof(object),
		 "memory-backend-file,id=m,share=on,size=%lu,mem-path=/proc/self/fd/%d",
		 MEMORY_BYTES, memory);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	execlp(qemu, qemu, "-accel", "tcg", "-cpu", "max,-vme", "-machine", "pc,memory-backend=m",
	       "-m", "48M", "-object", object, "-nodefaults", "-display", "none", "-no-reboot",
	       "-serial", "stdio", "-monitor", "none", "-kernel", image, (char *)NULL);
	perror(qemu);
	_exit(127);
}

bool peer_start(struct peer *peer, const char *qemu, const char *image)
{
	int memory = memfd_create("replay", 0);
	int to[2], from[2];
	char byte;

	if (memory < 0 || ftruncate(memory, MEMORY_BYTES) || pipe2(to, 0) || pipe2(from, 0)) {
		perror("replay");
		return false;
	}
	peer->memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (peer->memory == MAP_FAILED) {
		perror("mmap");
		return false;
	}
	peer->process = fork();
	if (!peer->process)
		run_qemu(qemu, image, memory, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	close(memory);
	peer->to = to[1];
	peer->from = from[0];
	signal(SIGPIPE, SIG_IGN);
	/* SeaBIOS may have something to say first. */
	while (read(peer->from, &byte, 1) == 1)
		if (byte == 'r')
			return true;
	fprintf(stderr, "replay: the guest did not start in %s\n", qemu);
	return false;
}

void peer_stop(struct peer *peer)
{
	kill(peer->process, SIGKILL);
	waitpid(peer->process, NULL, 0);
	close(peer->to);
	close(peer->from);
	munmap(peer->memory, MEMORY_BYTES);
}

struct replay_batch *peer_batch(struct peer *peer, unsigned int which)
{
	return (struct replay_batch *)(peer->memory + BATCH_0 + which * BATCH_BYTES);
}

void peer_go(struct peer *peer, unsigned int which)
{
	const char byte = (char)which;

	if (write(peer->to, &byte, 1) != 1)
		perror("replay");
}

bool peer_wait(struct peer *peer)
{
	struct pollfd poller = { .fd = peer->from, .events = POLLIN };
	char byte;

	return poll(&poller, 1, PATIENCE_MS) == 1 && read(peer->from, &byte, 1) == 1;
}

bool peer_run(struct peer *peer, struct replay_batch *batch)
{
	peer_go(peer, batch != peer_batch(peer, 0));
	return peer_wait(peer);
}
