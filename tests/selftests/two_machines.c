// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two VMs at once on a busy host, moved from CPU to CPU. Guests and host
 * programs compute the same sums in integer, x87 and SSE registers, over and
 * over, and check them: a register that leaks between any two of them shows.
 */
#define _GNU_SOURCE
#include <emmintrin.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"

#define SECONDS	     4
#define ITERATIONS   100000
#define MACHINES     2
#define HOST_WORKERS 2

#define RESULTS	     0x20000

/*
 * EAX is a linear congruential generator that starts from what it is; its
 * values are summed in XMM5 (32 bits) and in ST(0) (exactly).
 */
GUEST_CODE(sums, "0: mov $0x20000, %ebx\n mov 12(%ebx), %ecx\n pxor %xmm5, %xmm5\n fninit\n fldz\n"
		 "1: imul $1664525, %eax, %eax\n add $1013904223, %eax\n"
		 "movd %eax, %xmm6\n paddd %xmm6, %xmm5\n"
		 "mov %eax, (%ebx)\n fiaddl (%ebx)\n dec %ecx\n jnz 1b\n"
		 "mov %eax, (%ebx)\n movd %xmm5, 4(%ebx)\n fistpll 16(%ebx)\n"
		 "out %al, $0x10\n jmp 0b");

struct sums {
	uint32_t value;
	uint32_t low_sum;
	uint32_t unused;
	uint32_t iterations;
	int64_t exact_sum;
};

static uint32_t next(uint32_t value)
{
	return value * 1664525 + 1013904223;
}

/* What the guest does, in the same kinds of registers. */
static void compute(uint32_t seed, struct sums *sums)
{
	long double exact_sum = 0;
	uint32_t value = seed;
	unsigned int i;
	__m128i low_sum;

	low_sum = _mm_setzero_si128();
	for (i = 0; i < ITERATIONS; i++) {
		value = next(value);
		low_sum = _mm_add_epi32(low_sum, _mm_cvtsi32_si128(value));
		exact_sum += (int32_t)value;
	}
	sums->value = value;
	sums->low_sum = _mm_cvtsi128_si32(low_sum);
	sums->exact_sum = (int64_t)exact_sum;
}

/* Without vector or floating-point registers: the reference. */
static void expect(uint32_t seed, struct sums *sums)
{
	uint32_t value = seed;
	unsigned int i;

	sums->low_sum = 0;
	sums->exact_sum = 0;
	for (i = 0; i < ITERATIONS; i++) {
		value = next(value);
		sums->low_sum += value;
		sums->exact_sum += (int32_t)value;
	}
	sums->value = value;
}

static bool same(const struct sums *one, const struct sums *other)
{
	return one->value == other->value && one->low_sum == other->low_sum &&
	       one->exact_sum == other->exact_sum;
}

/* Ends with the number of rounds, at most 100; 101: a wrong sum; 102: no run. */
static void host_worker(uint32_t seed)
{
	struct sums wanted, got;
	int rounds = 0;

	while (time_left(SECONDS)) {
		expect(seed, &wanted);
		compute(seed, &got);
		if (!same(&wanted, &got))
			_exit(101);
		seed = wanted.value;
		rounds++;
	}
	_exit(rounds < 100 ? rounds : 100);
}

static void machine_worker(uint32_t seed)
{
	struct sums wanted, *got;
	struct machine machine;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int rounds = 0;

	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, sums);
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &sregs))
		_exit(102);
	sregs.cr4 |= 3 << 9; /* OSFXSR, OSXMMEXCPT */
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		_exit(102);
	machine_get_regs(&machine, &regs);
	regs.rax = seed;
	machine_set_regs(&machine, &regs);
	got = (struct sums *)(machine.memory + RESULTS);
	got->iterations = ITERATIONS;
	while (time_left(SECONDS)) {
		expect(seed, &wanted);
		if (machine_run(&machine) || machine.run->exit_reason != KVM_EXIT_IO) {
			machine_explain(&machine);
			_exit(102);
		}
		if (!same(&wanted, got))
			_exit(101);
		seed = wanted.value;
		rounds++;
	}
	machine_destroy(&machine);
	_exit(rounds < 100 ? rounds : 100);
}

/* Keeps moving a process from one CPU to the other. */
static void keep_moving(const pid_t *processes, unsigned int count)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int turn, i;

	for (turn = 0; time_left(SECONDS); turn++) {
		for (i = 0; i < count; i++) {
			cpu_set_t set;

			CPU_ZERO(&set);
			CPU_SET((turn + i) % cpus, &set);
			sched_setaffinity(processes[i], sizeof(set), &set);
		}
		usleep(7000);
	}
}

int main(void)
{
	pid_t processes[MACHINES + HOST_WORKERS];
	unsigned int i;

	note("%ld CPUs", sysconf(_SC_NPROCESSORS_ONLN));
	time_left(SECONDS);
	for (i = 0; i < ARRAY_SIZE(processes); i++) {
		processes[i] = fork();
		if (processes[i] < 0)
			bail_out("fork");
		if (processes[i])
			continue;
		if (i < MACHINES)
			machine_worker(i + 1);
		host_worker(i + 1);
	}
	keep_moving(processes, ARRAY_SIZE(processes));
	for (i = 0; i < ARRAY_SIZE(processes); i++) {
		int status;

		waitpid(processes[i], &status, 0);
		check(WIFEXITED(status) && WEXITSTATUS(status) > 0 && WEXITSTATUS(status) <= 100,
		      "%s %u: right sums (status 0x%x: %d rounds)", i < MACHINES ? "VM" : "host", i,
		      status, WEXITSTATUS(status));
	}
	check(module_references() == 0, "nothing is left");
	return finish();
}
