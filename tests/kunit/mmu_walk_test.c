// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the guest walk: the same cases as the userspace test, fewer
 * random ones, in the kernel and with the kernel's sanitizers.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "mmu_walk_cases.h"

#define RANDOM_CASES 50000

static int walk_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct model_machine), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void rules_one_by_one(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(walk_cases); i++) {
		const char *wrong = walk_case_check(test->priv, &walk_cases[i]);

		if (wrong)
			KUNIT_FAIL(test, "%s: %s", walk_cases[i].name, wrong);
	}
}

static void special_tables(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(walk_checks); i++) {
		const char *wrong = walk_checks[i].check(test->priv);

		if (wrong)
			KUNIT_FAIL(test, "%s: %s", walk_checks[i].name, wrong);
	}
}

static void random_tables(struct kunit *test)
{
	struct model_machine *machine = test->priv;
	unsigned int i;
	const char *wrong;

	machine->random = 0x6b756e6974ULL;
	for (i = 0; i < RANDOM_CASES / 1000; i++) {
		model_random_cases(machine, 1000, &wrong);
		if (wrong) {
			KUNIT_FAIL(test, "linear %llx access %x cr0 %llx cr3 %llx cr4 %llx: %s",
				   machine->linear, machine->access, machine->cpu.cr0,
				   machine->cpu.cr3, machine->cpu.cr4, wrong);
			return;
		}
		cond_resched();
	}
}

static struct kunit_case walk_test_cases[] = { KUNIT_CASE(rules_one_by_one),
					       KUNIT_CASE(special_tables),
					       KUNIT_CASE(random_tables),
					       {} };

static struct kunit_suite walk_suite = {
	.name = "ringlet_mmu_walk",
	.init = walk_init,
	.test_cases = walk_test_cases,
};
kunit_test_suite(walk_suite);
