/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that runs in a Linux guest and checks what its kernel and its
 * processor do. Each group of checks is a function; main.c calls one of them.
 */
#ifndef RINGLET_GUEST_TEST_H
#define RINGLET_GUEST_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * check() - print a result: "ok - name" or "not ok - name"
 */
void check(bool good, const char *name);

/**
 * note() - print a remark, for example a figure
 */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * in_child() - run @function in a process of its own
 *
 * Return: its status as waitpid() gives it; -1 if there is none.
 */
int in_child(int (*function)(void *context), void *context);

/**
 * exited_with() - whether a status says so
 */
bool exited_with(int status, int code);

/**
 * nanoseconds() - CLOCK_MONOTONIC
 */
uint64_t nanoseconds(void);

/**
 * tell_time() - print the time of day for tests/linux/boot, which sees the line
 * arrive and compares with a clock of its own, and the cycles since the start
 */
void tell_time(void);

static inline uint64_t cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

void test_processes(void);
void test_pipes(void);
void test_signals(void);
void test_memory(void);
void test_code(void);
void test_files(void);
void test_floats(void);
void test_debug(void);
void test_clock(void);
void bench(void);

#endif /* RINGLET_GUEST_TEST_H */
