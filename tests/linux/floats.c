// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating point in processes that run in turns: registers and control words of
 * one must never show in another.
 */
#include <cpuid.h>
#include <fenv.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_test.h"

#define WORKERS 6
#define ROUNDS	60

/* A value that only this worker computes: the logistic map, which forgets no error. */
static uint64_t compute(int worker)
{
	volatile double x = 0.1 + worker * 0.01;
	double result;
	uint64_t bits;

	for (int i = 0; i < 20000; i++)
		x = 3.9 * x * (1 - x);
	result = x;
	memcpy(&bits, &result, sizeof(bits));
	return bits;
}

static const int rounding[4] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };

static bool has_sse2(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && d & 1u << 26;
}

/* All eight XMM registers hold a pattern of this worker across switches. */
__attribute__((target("sse2"))) static bool xmm_stay(int worker)
{
	uint32_t in[4], out[8][4];
	bool good = true;

	for (int i = 0; i < 4; i++)
		in[i] = 0x01010101u * (uint32_t)(worker * 4 + i + 1);
	__asm__ volatile("movdqu %0, %%xmm0; movdqa %%xmm0, %%xmm1; movdqa %%xmm0, %%xmm2;"
			 "movdqa %%xmm0, %%xmm3; movdqa %%xmm0, %%xmm4; movdqa %%xmm0, %%xmm5;"
			 "movdqa %%xmm0, %%xmm6; movdqa %%xmm0, %%xmm7"
			 :
			 : "m"(in)
			 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
	/* By INT 80h, so that no library code comes between: sched_yield. */
	for (int i = 0; i < 20; i++) {
		int result;

		__asm__ volatile("int $0x80" : "=a"(result) : "a"(158) : "memory");
	}
	__asm__ volatile("movdqu %%xmm0, (%0); movdqu %%xmm1, 16(%0); movdqu %%xmm2, 32(%0);"
			 "movdqu %%xmm3, 48(%0); movdqu %%xmm4, 64(%0); movdqu %%xmm5, 80(%0);"
			 "movdqu %%xmm6, 96(%0); movdqu %%xmm7, 112(%0)"
			 :
			 : "r"(out)
			 : "memory");
	for (int i = 0; i < 8; i++)
		good = good && !memcmp(out[i], in, sizeof(in));
	return good;
}

static int work(int worker, uint64_t expected)
{
	bool sse2 = has_sse2();

	fesetround(rounding[worker % 4]);
	for (int round = 0; round < ROUNDS; round++) {
		if (fegetround() != rounding[worker % 4])
			return 1;
		if (compute(worker) != expected)
			return 2;
		if (sse2 && !xmm_stay(worker))
			return 3;
		sched_yield();
	}
	return 0;
}

/* Alone first, then all at once: the bits must be the same. */
static bool same_bits(void)
{
	uint64_t expected[WORKERS];
	pid_t children[WORKERS];
	int status, good = 0;

	for (int i = 0; i < WORKERS; i++) {
		fesetround(rounding[i % 4]);
		expected[i] = compute(i);
	}
	fesetround(FE_TONEAREST);
	for (int i = 0; i < WORKERS; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(work(i, expected[i]));
	}
	for (int i = 0; i < WORKERS; i++) {
		waitpid(children[i], &status, 0);
		good += exited_with(status, 0);
		if (!exited_with(status, 0))
			note("worker %d: status %x", i, status);
	}
	return good == WORKERS;
}

static int fresh_state(void *context)
{
	uint16_t control, status;

	(void)context;
	__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
	return control == 0x37f && !(status & 0x80);
}

void test_floats(void)
{
	/* In memory, where they are doubles even if they are computed in 80 bits. */
	volatile double two = 2, tiny = 1e-300, zero = tiny * tiny;
	double root = sqrt(two);

	check(root * root - 2 < 1e-15 && fabs(sin(two) - 0.9092974268256817) < 1e-15 &&
		      fabs(log(two) - 0.6931471805599453) < 1e-15,
	      "sqrt, sin and log");
	check(zero == 0 && isinf(1 / zero) && isnan(zero / zero), "zero, infinity and no number");
	check(exited_with(in_child(fresh_state, NULL), 1),
	      "a process starts with the default mode");
	check(same_bits(), "six processes at once compute the same bits as alone");
}
