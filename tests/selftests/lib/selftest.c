// SPDX-License-Identifier: GPL-2.0-only
/* Results of the selftests in TAP, and what they look at in the host. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "selftest.h"

static unsigned int tests;
static unsigned int failures;

static bool report(bool ok, int error, const char *format, va_list arguments)
{
	tests++;
	if (!ok)
		failures++;
	printf("%sok %u - ", ok ? "" : "not ", tests);
	vprintf(format, arguments);
	if (error)
		printf(" (%s)", strerrorname_np(error) ? strerrorname_np(error) : "?");
	printf("\n");
	fflush(stdout);
	return ok;
}

bool check(bool condition, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(condition, 0, format, arguments);
	va_end(arguments);
	return condition;
}

bool check_done(long result, const char *format, ...)
{
	int error = result < 0 ? errno : 0;
	va_list arguments;

	va_start(arguments, format);
	report(result >= 0, error, format, arguments);
	va_end(arguments);
	return result >= 0;
}

bool check_error(long result, int error, const char *format, ...)
{
	bool ok = result < 0 && errno == error;
	int got = result < 0 ? errno : 0;
	va_list arguments;

	va_start(arguments, format);
	report(ok, ok ? error : got, format, arguments);
	va_end(arguments);
	if (!ok)
		note("expected %s, got result %ld", strerrorname_np(error), result);
	return ok;
}

void note(const char *format, ...)
{
	va_list arguments;

	printf("# ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
}

void bail_out(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	printf("not ok %u - ", ++tests);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf(" (%s)\n1..%u\n", strerror(error), tests);
	fflush(stdout);
	exit(1);
}

int finish(void)
{
	printf("1..%u\n", tests);
	fflush(stdout);
	return failures ? 1 : 0;
}

int module_references(void)
{
	FILE *file = fopen("/sys/module/ringlet/refcnt", "r");
	int references = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &references) != 1)
		references = -1;
	fclose(file);
	return references;
}

bool references_become(int wanted)
{
	for (int i = 0; i < 300; i++) {
		if (module_references() == wanted)
			return true;
		usleep(10000);
	}
	note("the module has %d references, %d were expected", module_references(), wanted);
	return false;
}

bool time_left(unsigned int seconds)
{
	static time_t start;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!start)
		start = now.tv_sec;
	return now.tv_sec < start + seconds;
}

long proc_number(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	size_t length = strlen(name);
	char line[256];
	long number = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, length) && line[length] == ':') {
			number = strtol(line + length + 1, NULL, 10);
			break;
		}
	}
	fclose(file);
	return number;
}
