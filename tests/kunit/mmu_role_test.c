// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of what shadow pages stand for.
 */
#include <kunit/test.h>

#include "mmu_role_model.h"

static void entries_and_their_shadows(struct kunit *test)
{
	const char *wrong = role_check_places();

	if (wrong)
		KUNIT_FAIL(test, "%s", wrong);
}

static void random_tables(struct kunit *test)
{
	struct model_machine *machine = kunit_kzalloc(test, sizeof(*machine), GFP_KERNEL);
	const char *wrong;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, machine);
	machine->random = 0x726f6c65ULL;
	for (i = 0; i < 100; i++) {
		wrong = role_random_cases(machine, 1000);
		if (wrong) {
			KUNIT_FAIL(test, "linear %llx cr0 %llx cr3 %llx cr4 %llx: %s",
				   machine->linear, machine->cpu.cr0, machine->cpu.cr3,
				   machine->cpu.cr4, wrong);
			return;
		}
		cond_resched();
	}
}

static struct kunit_case role_test_cases[] = { KUNIT_CASE(entries_and_their_shadows),
					       KUNIT_CASE(random_tables),
					       {} };

static struct kunit_suite role_suite = {
	.name = "ringlet_mmu_role",
	.test_cases = role_test_cases,
};
kunit_test_suite(role_suite);
