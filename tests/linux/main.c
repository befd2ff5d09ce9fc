// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which group of checks runs; called by run-tests in the guest, or by hand.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest_test.h"

/* A check that hangs is one that failed. */
#define PATIENCE_SECONDS 300

static int failures;

void check(bool good, const char *name)
{
	printf("%s - %s\n", good ? "ok" : "not ok", name);
	failures += !good;
}

void note(const char *format, ...)
{
	va_list arguments;

	fputs("# ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

int in_child(int (*function)(void *context), void *context)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(function(context));
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return status;
}

bool exited_with(int status, int code)
{
	return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == code;
}

uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "processes", test_processes }, { "pipes", test_pipes },
	{ "signals", test_signals },	 { "memory", test_memory },
	{ "code", test_code },		 { "files", test_files },
	{ "floats", test_floats },	 { "debug", test_debug },
	{ "clock", test_clock },	 { "bench", bench },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && !strcmp(argv[1], "now")) {
		tell_time();
		return 0;
	}
	/* What the processes group executes. */
	if (argc == 3 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (argc == 1)
			puts(groups[i].name);
		if (argc == 2 && !strcmp(argv[1], groups[i].name)) {
			alarm(PATIENCE_SECONDS);
			groups[i].run();
			return failures != 0;
		}
	}
	if (argc == 1)
		return 0;
	fprintf(stderr, "usage: guest-test [GROUP]; without one it lists them\n");
	return 2;
}
