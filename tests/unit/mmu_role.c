// SPDX-License-Identifier: GPL-2.0-only
/*
 * What shadow pages stand for, against the guest walk. Userspace; prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mmu_role_model.h"

static unsigned int tests, failures;

static void report(const char *name, const char *wrong)
{
	tests++;
	failures += wrong != NULL;
	printf("%s %u - role: %s%s%s\n", wrong ? "not ok" : "ok", tests, name, wrong ? ": " : "",
	       wrong ? wrong : "");
}

int main(void)
{
	struct model_machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return 2;
	machine->random = 0x726f6c65ULL;
	printf("1..2\n");
	report("entries and their shadows", role_check_places());
	report("random tables in all modes", role_random_cases(machine, 2000000));
	free(machine);
	return failures ? 1 : 0;
}
