/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU with the replay guest in it. Its memory is a file that is mapped here
 * too; bytes over its serial port say whose turn it is.
 */
#ifndef REPLAY_PEER_H
#define REPLAY_PEER_H

#include "layout.h"

#include <stdbool.h>
#include <sys/types.h>

struct peer {
	pid_t process;
	int to, from;
	uint8_t *memory;
};

/* False, with a message, if it does not start. */
bool peer_start(struct peer *peer, const char *qemu, const char *image);
void peer_stop(struct peer *peer);

struct replay_batch *peer_batch(struct peer *peer, unsigned int which);
/* Run batch @which; then wait for its end. False: it does not come. */
void peer_go(struct peer *peer, unsigned int which);
bool peer_wait(struct peer *peer);
/* Both, for one of peer_batch(). */
bool peer_run(struct peer *peer, struct replay_batch *batch);

#endif /* REPLAY_PEER_H */
