// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs all KUnit suites of ringlet when ringlet_kunit.ko is loaded, and prints
 * what a judge needs to know that none is missing: a plan before the first and
 * a closing line after the last. tests/kunit/judge reads it. Host world,
 * process context.
 */
#define pr_fmt(fmt) fmt

#include <kunit/test.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "runner.h"

static char *only = "";
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "Run only the suite of this name");

static bool selftest_fails;
module_param(selftest_fails, bool, 0444);
MODULE_PARM_DESC(selftest_fails, "Let one test of the suite ringlet_runner fail");

static char *misbehave = "";
module_param(misbehave, charp, 0444);
MODULE_PARM_DESC(misbehave, "Do a wrong that the debug kernel must report");

bool ringlet_runner_must_fail(void)
{
	return selftest_fails;
}

static bool selected(const struct kunit_suite *suite)
{
	return !*only || !strcmp(only, suite->name);
}

static unsigned int count_suites(void)
{
	struct kunit_suite *const *const *list;
	struct kunit_suite *const *suite;
	unsigned int count = 0;

	for (list = ringlet_suite_lists; *list; list++)
		for (suite = *list; *suite; suite++)
			count += selected(*suite);
	return count;
}

static int __init ringlet_kunit_init(void)
{
	struct kunit_suite *const *const *list;
	struct kunit_suite *const *suite;
	unsigned int failed = 0, run = 0;

	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", count_suites());
	for (list = ringlet_suite_lists; *list; list++) {
		for (suite = *list; *suite; suite++) {
			if (!selected(*suite))
				continue;
			__kunit_test_suites_init(suite, 1);
			run++;
			if (kunit_suite_has_succeeded(*suite) == KUNIT_FAILURE)
				failed++;
		}
	}
	ringlet_misbehave(misbehave);
	pr_info("ringlet_kunit: DONE %u suites, %u failed\n", run, failed);
	return 0;
}

static void __exit ringlet_kunit_exit(void)
{
	struct kunit_suite *const *const *list;
	struct kunit_suite *const *suite;

	for (list = ringlet_suite_lists; *list; list++) {
		for (suite = *list; *suite; suite++) {
			struct kunit_suite *one = *suite;

			if (selected(one))
				__kunit_test_suites_exit(&one, 1);
		}
	}
}

module_init(ringlet_kunit_init);
module_exit(ringlet_kunit_exit);

MODULE_DESCRIPTION("KUnit suites of ringlet");
MODULE_LICENSE("GPL");
