// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of shadow leaves: all walks under all circumstances.
 */
#include <kunit/test.h>

#include "mmu_shadow_model.h"

static void check_all(struct kunit *test, const char *(*check)(const struct shadow_case *one))
{
	struct shadow_case one;
	unsigned int number;

	for (number = 0; number < SHADOW_MODEL_CASES; number++) {
		const char *wrong;

		shadow_case_make(&one, number);
		wrong = check(&one);
		if (wrong) {
			KUNIT_FAIL(test, "case %u, flags %x, leaf %llx: %s", number, one.flags,
				   one.leaf, wrong);
			return;
		}
	}
}

static void only_expected_bits(struct kunit *test)
{
	check_all(test, shadow_check_bits);
}

static void nothing_forbidden_passes(struct kunit *test)
{
	check_all(test, shadow_check_safe);
}

static void what_may_pass_passes(struct kunit *test)
{
	check_all(test, shadow_check_progress);
}

static struct kunit_case shadow_test_cases[] = { KUNIT_CASE(only_expected_bits),
						 KUNIT_CASE(nothing_forbidden_passes),
						 KUNIT_CASE(what_may_pass_passes),
						 {} };

static struct kunit_suite shadow_suite = {
	.name = "ringlet_mmu_shadow",
	.test_cases = shadow_test_cases,
};
kunit_test_suite(shadow_suite);
