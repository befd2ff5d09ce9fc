// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the KUnit suites that are linked with it, in userspace, and prints TAP.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <kunit/test.h>

static struct kunit_suite *first;
static struct kunit_suite **last = &first;

/* Suites come in the order of the link line. */
void shim_register(struct kunit_suite *suite)
{
	*last = suite;
	last = &suite->next;
}

void shim_fail(struct kunit *test, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	test->failed = true;
	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

static unsigned int count_cases(void)
{
	const struct kunit_suite *suite;
	const struct kunit_case *test_case;
	unsigned int count = 0;

	for (suite = first; suite; suite = suite->next)
		for (test_case = suite->test_cases; test_case->run_case; test_case++)
			count++;
	return count;
}

static bool run(const struct kunit_suite *suite, const struct kunit_case *test_case)
{
	struct kunit test = { .name = test_case->name };

	if (suite->init && suite->init(&test))
		shim_fail(&test, suite->name, 0, "init failed");
	else
		test_case->run_case(&test);
	if (suite->exit)
		suite->exit(&test);
	return !test.failed;
}

int main(void)
{
	const struct kunit_suite *suite;
	const struct kunit_case *test_case;
	unsigned int number = 0, failed = 0;

	printf("TAP version 13\n1..%u\n", count_cases());
	for (suite = first; suite; suite = suite->next) {
		for (test_case = suite->test_cases; test_case->run_case; test_case++) {
			bool good = run(suite, test_case);

			printf("%s %u - %s: %s\n", good ? "ok" : "not ok", ++number, suite->name,
			       test_case->name);
			if (!good)
				failed++;
		}
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
