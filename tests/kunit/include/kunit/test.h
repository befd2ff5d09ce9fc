/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit's test.h, with another meaning of kunit_test_suite(). Linux 6.1 runs
 * the suites of a module while the module is still being loaded: before its
 * parameters are parsed, and only when KUnit is built in. Here the macro lists
 * the suites of a file in an array, and runner.c runs them from module_init(),
 * on a stock kernel and on the debug kernel alike.
 */
#ifndef RINGLET_KUNIT_TEST_H
#define RINGLET_KUNIT_TEST_H

#include_next <kunit/test.h>

#ifdef RINGLET_SUITES
extern struct kunit_suite *const RINGLET_SUITES[];
#endif

#undef kunit_test_suites
#define kunit_test_suites(suites...) struct kunit_suite *const RINGLET_SUITES[] = { suites, NULL }

#endif /* RINGLET_KUNIT_TEST_H */
