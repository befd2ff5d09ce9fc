/* SPDX-License-Identifier: GPL-2.0-only */
/* What area.c knows of native.c. */
#ifndef RINGLET_WORLD_NATIVE_H
#define RINGLET_WORLD_NATIVE_H

#include "world/world.h"

void world_native_destroy(struct world *world);
u64 world_native_bytes(const struct world *world);

#endif /* RINGLET_WORLD_NATIVE_H */
