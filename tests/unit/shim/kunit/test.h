/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of KUnit as the suites of pure code use, in userspace: the files of
 * tests/kunit build with it under the sanitizers as they build in the kernel.
 * shim.c holds main() and prints TAP.
 */
#ifndef RINGLET_TESTS_SHIM_KUNIT_TEST_H
#define RINGLET_TESTS_SHIM_KUNIT_TEST_H

#include <stdbool.h>

struct kunit {
	const char *name;
	bool failed;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char name[64];
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
	struct kunit_suite *next;
};

#define KUNIT_CASE(function)                               \
	{                                                  \
		.run_case = (function), .name = #function, \
	}

void shim_register(struct kunit_suite *suite);
void shim_fail(struct kunit *test, const char *file, int line, const char *format, ...)
	__attribute__((__format__(__printf__, 4, 5)));

#define kunit_test_suite(suite)                                                \
	static void __attribute__((__constructor__)) shim_register_suite(void) \
	{                                                                      \
		shim_register(&(suite));                                       \
	}

#define KUNIT_FAIL(test, ...) shim_fail(test, __FILE__, __LINE__, __VA_ARGS__)

#define SHIM_COMPARE(test, left, op, right, ...)                                           \
	do {                                                                               \
		unsigned long long shim_left = (left);                                     \
		unsigned long long shim_right = (right);                                   \
		if (!(shim_left op shim_right)) {                                          \
			shim_fail(test, __FILE__, __LINE__,                                \
				  "expected %s " #op " %s: 0x%llx, 0x%llx", #left, #right, \
				  shim_left, shim_right);                                  \
			shim_fail(test, __FILE__, __LINE__, __VA_ARGS__);                  \
		}                                                                          \
	} while (0)

#define KUNIT_EXPECT_EQ_MSG(test, left, right, ...) SHIM_COMPARE(test, left, ==, right, __VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(test, left, right, ...) SHIM_COMPARE(test, left, !=, right, __VA_ARGS__)
#define KUNIT_EXPECT_TRUE_MSG(test, condition, ...) \
	SHIM_COMPARE(test, !!(condition), ==, 1, __VA_ARGS__)
#define KUNIT_EXPECT_FALSE_MSG(test, condition, ...) \
	SHIM_COMPARE(test, !!(condition), ==, 0, __VA_ARGS__)
#define KUNIT_EXPECT_EQ(test, left, right)  KUNIT_EXPECT_EQ_MSG(test, left, right, "in this test")
#define KUNIT_EXPECT_NE(test, left, right)  KUNIT_EXPECT_NE_MSG(test, left, right, "in this test")
#define KUNIT_EXPECT_TRUE(test, condition)  KUNIT_EXPECT_TRUE_MSG(test, condition, "in this test")
#define KUNIT_EXPECT_FALSE(test, condition) KUNIT_EXPECT_FALSE_MSG(test, condition, "in this test")

#endif /* RINGLET_TESTS_SHIM_KUNIT_TEST_H */
