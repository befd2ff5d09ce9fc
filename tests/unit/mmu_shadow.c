// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow leaves of all walks under all circumstances. Userspace; prints TAP.
 */
#include <stdio.h>

#include "mmu_shadow_model.h"

static const struct {
	const char *name;
	const char *(*check)(const struct shadow_case *one);
} checks[] = {
	{ "no bit that the processor or the VMM does not expect", shadow_check_bits },
	{ "nothing passes that the guest's tables forbid", shadow_check_safe },
	{ "what may pass does pass", shadow_check_progress },
};

int main(void)
{
	unsigned int i, number, failures = 0;

	printf("1..%zu\n", ARRAY_SIZE(checks));
	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		const char *wrong = NULL;
		struct shadow_case one;

		for (number = 0; number < SHADOW_MODEL_CASES && !wrong; number++) {
			shadow_case_make(&one, number);
			wrong = checks[i].check(&one);
		}
		printf("%s %u - shadow leaf: %s\n", wrong ? "not ok" : "ok", i + 1, checks[i].name);
		if (wrong)
			printf("# case %u, flags %#x, leaf %#llx: %s\n", number - 1, one.flags,
			       (unsigned long long)one.leaf, wrong);
		failures += wrong != NULL;
	}
	return failures ? 1 : 0;
}
