/* SPDX-License-Identifier: GPL-2.0-only */
/* Named by a header that the memory layer includes; it signals none. */
#ifndef MMU_SHIM_EVENTFD_H
#define MMU_SHIM_EVENTFD_H

#include "shim.h"

struct eventfd_ctx;

void eventfd_signal(struct eventfd_ctx *eventfd, u64 count);

#endif
