/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers of the replay tests: splitmix64, the same sequence everywhere.
 */
#ifndef REPLAY_RANDOM_H
#define REPLAY_RANDOM_H

#include <ringlet/types.h>

void random_seed(u64 seed);
u64 random64(void);

static inline u32 random_below(u32 limit)
{
	return (u64)(u32)random64() * limit >> 32;
}

static inline bool chance(unsigned int percent)
{
	return random_below(100) < percent;
}

#define random_of(array) ((array)[random_below(ARRAY_SIZE(array))])

/* A number for which instructions have more than one outcome. */
u32 random_value(void);

#endif /* REPLAY_RANDOM_H */
