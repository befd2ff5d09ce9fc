// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest walk: rules one by one, then random tables in all modes against
 * the model. Userspace; prints TAP. usage: mmu_walk [CASES [SEED]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "mmu_walk_cases.h"

static unsigned int tests, failures;

static void report(const char *name, const char *wrong)
{
	tests++;
	failures += wrong != NULL;
	printf("%s %u - walk: %s%s%s\n", wrong ? "not ok" : "ok", tests, name, wrong ? ": " : "",
	       wrong ? wrong : "");
}

static void show(const struct model_machine *machine)
{
	const struct virtual_cpu *cpu = &machine->cpu;

	printf("# linear %#llx access %#x cr0 %#llx cr3 %#llx cr4 %#llx efer %#llx cpl %u\n",
	       (unsigned long long)machine->linear, machine->access, (unsigned long long)cpu->cr0,
	       (unsigned long long)cpu->cr3, (unsigned long long)cpu->cr4,
	       (unsigned long long)cpu->efer, cpu_cpl(cpu));
}

int main(int argc, char **argv)
{
	const unsigned long cases = argc > 1 ? strtoul(argv[1], NULL, 0) : 2000000;
	struct model_machine *machine = calloc(1, sizeof(*machine));
	unsigned long done;
	const char *why;
	unsigned int i;

	if (!machine)
		return 2;
	printf("1..%zu\n", ARRAY_SIZE(walk_cases) + ARRAY_SIZE(walk_checks) + 1);
	for (i = 0; i < ARRAY_SIZE(walk_cases); i++)
		report(walk_cases[i].name, walk_case_check(machine, &walk_cases[i]));
	for (i = 0; i < ARRAY_SIZE(walk_checks); i++)
		report(walk_checks[i].name, walk_checks[i].check(machine));

	memset(machine, 0, sizeof(*machine));
	machine->random = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 0x72696e676c6574ULL;
	done = model_random_cases(machine, cases, &why);
	if (why)
		show(machine);
	report("random tables in all modes", why);
	printf("# %lu of %lu random walks\n", done, cases);
	free(machine);
	return failures ? 1 : 0;
}
