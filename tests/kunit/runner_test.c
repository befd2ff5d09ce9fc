// SPDX-License-Identifier: GPL-2.0-only
/*
 * A suite about the runner itself: it passes unless the module is loaded with
 * selftest_fails=1, and then the whole run must be judged a failure. The steps
 * load it both ways.
 */
#include <kunit/test.h>

#include "runner.h"

static void runs_in_a_thread_of_its_own(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, current->comm, "kunit_try_catch");
}

static void fails_when_asked_to(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, ringlet_runner_must_fail());
}

static struct kunit_case runner_cases[] = {
	KUNIT_CASE(runs_in_a_thread_of_its_own),
	KUNIT_CASE(fails_when_asked_to),
	{}
};

static struct kunit_suite runner_suite = {
	.name = "ringlet_runner",
	.test_cases = runner_cases,
};
kunit_test_suite(runner_suite);
