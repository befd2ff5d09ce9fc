/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP for the unit tests of the tool. Each program includes it once.
 */
#ifndef RINGLET_TESTS_TOOL_TEST_H
#define RINGLET_TESTS_TOOL_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static unsigned int test_number;
static unsigned int test_failures;
static bool test_good;

/* Between begin_test() and end_test() every CHECK() counts for one result. */
static inline void begin_test(void)
{
	test_good = true;
}

static inline void end_test(const char *name)
{
	printf("%sok %u - %s\n", test_good ? "" : "not ", ++test_number, name);
	test_failures += !test_good;
}

#define CHECK(condition)                                                         \
	do {                                                                     \
		if (!(condition)) {                                              \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			test_good = false;                                       \
		}                                                                \
	} while (0)

#define CHECK_EQUAL(value, wanted)                                                                \
	do {                                                                                      \
		long long value_ = (long long)(value), wanted_ = (long long)(wanted);             \
		if (value_ != wanted_) {                                                          \
			printf("# %s:%d: %s is 0x%llx, not 0x%llx\n", __FILE__, __LINE__, #value, \
			       (unsigned long long)value_, (unsigned long long)wanted_);          \
			test_good = false;                                                        \
		}                                                                                 \
	} while (0)

static inline int end_tests(void)
{
	printf("1..%u\n", test_number);
	return test_failures ? 1 : 0;
}

#endif /* RINGLET_TESTS_TOOL_TEST_H */
