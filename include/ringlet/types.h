/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types and helpers of pure code: the same source builds in the module, in
 * KUnit, in userspace tests and in fuzzers. In the kernel they are the
 * kernel's own; elsewhere this file supplies the few that pure code uses.
 */
#ifndef RINGLET_TYPES_H
#define RINGLET_TYPES_H

#ifdef __KERNEL__

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define GENMASK(h, l) (((~0UL) << (l)) & (~0UL >> (8 * sizeof(long) - 1 - (h))))
#define GENMASK_ULL(h, l) (((~0ULL) << (l)) & (~0ULL >> (63 - (h))))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#ifndef fallthrough
#define fallthrough __attribute__((__fallthrough__))
#endif
#ifndef __packed
#define __packed __attribute__((__packed__))
#endif
#ifndef __aligned
#define __aligned(x) __attribute__((__aligned__(x)))
#endif
#define min_t(type, a, b)                                                      \
	({                                                                     \
		type __a = (a);                                                \
		type __b = (b);                                                \
		__a < __b ? __a : __b;                                         \
	})
#define max_t(type, a, b)                                                      \
	({                                                                     \
		type __a = (a);                                                \
		type __b = (b);                                                \
		__a > __b ? __a : __b;                                         \
	})

#endif /* __KERNEL__ */

#endif /* RINGLET_TYPES_H */
