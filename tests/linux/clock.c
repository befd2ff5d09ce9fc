// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time; and how long a few things take, in cycles.
 */
#include <fcntl.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest_test.h"

#define SLEEP_NS 200000000u

static uint64_t realtime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool never_goes_back(void)
{
	uint64_t last = nanoseconds(), now;

	for (int i = 0; i < 50000; i++, last = now) {
		now = nanoseconds();
		if (now < last) {
			note("%llu ns after %llu ns", (unsigned long long)now,
			     (unsigned long long)last);
			return false;
		}
	}
	return true;
}

static bool agrees_with_rtc(void)
{
	struct rtc_time rtc;
	struct tm tm;
	int file = open("/dev/rtc0", O_RDONLY);
	long difference;

	if (file < 0 || ioctl(file, RTC_RD_TIME, &rtc)) {
		note("no real-time clock");
		return false;
	}
	close(file);
	memset(&tm, 0, sizeof(tm));
	tm.tm_sec = rtc.tm_sec;
	tm.tm_min = rtc.tm_min;
	tm.tm_hour = rtc.tm_hour;
	tm.tm_mday = rtc.tm_mday;
	tm.tm_mon = rtc.tm_mon;
	tm.tm_year = rtc.tm_year;
	difference = (long)(timegm(&tm) - time(NULL));
	if (labs(difference) > 2)
		note("the RTC is %ld s ahead", difference);
	return labs(difference) <= 2;
}

void tell_time(void)
{
	uint64_t now = realtime();

	note("ringlet-time %llu.%09llu", (unsigned long long)(now / 1000000000u),
	     (unsigned long long)(now % 1000000000u));
	/* In a machine that counts instructions: how many until here. */
	note("ringlet-cycles %llu", (unsigned long long)cycles());
}

void test_clock(void)
{
	uint64_t start = nanoseconds(), start_cycles = cycles(), slept, slept_cycles;
	struct timespec resolution;

	nanosleep(&(struct timespec){ .tv_nsec = SLEEP_NS }, NULL);
	slept = nanoseconds() - start;
	slept_cycles = cycles() - start_cycles;
	note("slept %llu us of %u us, %llu cycles", (unsigned long long)slept / 1000,
	     SLEEP_NS / 1000, (unsigned long long)slept_cycles);
	/* Not shorter; a busy host may let it be longer. */
	check(slept >= SLEEP_NS && slept < 5u * SLEEP_NS, "a sleep takes its time");
	check(slept_cycles, "the time-stamp counter counts");
	check(!clock_getres(CLOCK_MONOTONIC, &resolution) && !resolution.tv_sec &&
		      resolution.tv_nsec == 1,
	      "timers of high resolution");
	check(never_goes_back(), "time does not go back, 50,000 readings");
	check(agrees_with_rtc(), "the time of day is the real-time clock's");
}

static uint64_t best(uint64_t (*measure)(void), int times)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < times; i++) {
		uint64_t taken = measure();

		if (taken < least)
			least = taken;
	}
	return least;
}

static uint64_t measure_getpid(void)
{
	uint64_t start = cycles();

	for (int i = 0; i < 1000; i++)
		syscall(SYS_getpid);
	return (cycles() - start) / 1000;
}

static uint64_t measure_fork(void)
{
	uint64_t start = cycles();
	pid_t child = fork();

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	return cycles() - start;
}

static uint64_t measure_exec(void)
{
	uint64_t start = cycles();
	pid_t child = fork();

	if (!child) {
		execl("/proc/self/exe", "guest-test", "exit", "0", (char *)NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	return cycles() - start;
}

static uint64_t measure_pipe(void)
{
	int there[2], back[2];
	uint64_t taken;
	char byte = 0;
	pid_t child;

	if (pipe(there) || pipe(back))
		return UINT64_MAX;
	child = fork();
	if (!child) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	taken = cycles();
	for (int i = 0; i < 200; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			break;
	taken = (cycles() - taken) / 200;
	close(there[1]);
	close(back[0]);
	waitpid(child, NULL, 0);
	return taken;
}

static uint64_t measure_fault(void)
{
	const size_t size = 256 * 4096;
	char *memory = aligned_alloc(4096, size);
	uint64_t start = cycles();

	for (size_t i = 0; memory && i < size; i += 4096)
		((volatile char *)memory)[i] = 1;
	start = cycles() - start;
	free(memory);
	return start / 256;
}

static uint64_t compute(int rounds)
{
	volatile uint32_t sink;
	uint32_t x = 1;
	uint64_t start = cycles();

	for (int i = 0; i < rounds; i++)
		x = x * 1664525u + 1013904223u;
	sink = x;
	(void)sink;
	return cycles() - start;
}

/* Long enough for the timer to interrupt it, which is part of the price. */
static uint64_t measure_compute(void)
{
	return compute(1000000);
}

/* So short that one of them is not interrupted. */
static uint64_t measure_ring3(void)
{
	return compute(50000);
}

void bench(void)
{
	note("bench getpid %llu cycles", (unsigned long long)best(measure_getpid, 5));
	note("bench fork %llu cycles", (unsigned long long)best(measure_fork, 20));
	note("bench exec %llu cycles", (unsigned long long)best(measure_exec, 20));
	note("bench pipe %llu cycles", (unsigned long long)best(measure_pipe, 3));
	note("bench fault %llu cycles", (unsigned long long)best(measure_fault, 5));
	note("bench compute %llu cycles", (unsigned long long)best(measure_compute, 5));
	note("bench ring3 %llu cycles", (unsigned long long)best(measure_ring3, 50));
}
