// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that never end by themselves: with interrupts off, with flags that ask
 * for no interrupts, faulting for ever, stepping for ever, leaving for the host
 * as fast as they can. A signal ends KVM_RUN within a second, and SIGKILL the
 * client.
 *
 * usage: attack_loops [MILLISECONDS]
 *
 * Each runs for so long (default: 200).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "selftest.h"

#define HANDLER 0x18000

static struct machine machine;
static unsigned int run_useconds = 200000;

GUEST_CODE(spin, "cli\n 1: jmp 1b");
GUEST_CODE(popf_spin, "push $2\n popf\n 1: push $2\n popf\n jmp 1b");
GUEST_CODE(iret_spin, "1: push $2\n push $0x10\n call 2f\n 2: addl $5, (%esp)\n iret\n jmp 1b");
GUEST_CODE(fast_path, "1: cli\n sti\n mov %cr0, %eax\n jmp 1b");
GUEST_CODE(slow_path, "1: clts\n jmp 1b");
GUEST_CODE(fault, "ud2");
GUEST_CODE(fault_handler, "iret");
GUEST_CODE(step, "push $0x102\n popf\n 1: jmp 1b");
GUEST_CODE(int3, "1: int3\n jmp 1b");
GUEST_CODE(shadow, "1: mov %ss, %eax\n mov %eax, %ss\n jmp 1b");
GUEST_CODE(sti_shadow, "1: sti\n cli\n jmp 1b");
GUEST_CODE(table, "1: incl 0x1038\n mov %ds, %eax\n mov %eax, %es\n jmp 1b");
GUEST_CODE(string,
	   "1: xor %esi, %esi\n mov $0x40000000, %edi\n mov $-1, %ecx\n rep movsb\n jmp 1b");
GUEST_CODE(cr3, "1: mov %eax, %cr3\n mov 0x20000, %ebx\n jmp 1b");

static const struct {
	const char *name;
	const char *code, *end;
} loops[] = {
#define LOOP(code, text)                               \
	{                                              \
		text, guest_##code, guest_##code##_end \
	}
	LOOP(spin, "interrupts off"),
	LOOP(popf_spin, "POPF without IF"),
	LOOP(iret_spin, "IRET without IF"),
	LOOP(fast_path, "the fast path"),
	LOOP(slow_path, "CLTS"),
	LOOP(fault, "a fault whose handler returns to it"),
	LOOP(step, "single steps"),
	LOOP(int3, "INT3"),
	LOOP(shadow, "MOV to SS"),
	LOOP(sti_shadow, "STI and CLI"),
	LOOP(table, "writes to the GDT"),
	LOOP(string, "a string instruction over all memory"),
	LOOP(cr3, "loads of CR3"),
};

/* It may come while the client serves a device. */
static void on_alarm(int number)
{
	(void)number;
	machine.run->immediate_exit = 1;
}

static void boot(unsigned int which)
{
	machine_boot(&machine, loops[which].code, loops[which].end);
	memcpy(machine.memory + HANDLER, guest_fault_handler,
	       guest_fault_handler_end - guest_fault_handler);
	machine_set_gate(&machine, 1, HANDLER);
	machine_set_gate(&machine, 3, HANDLER);
	machine_set_gate(&machine, 6, HANDLER);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Serve devices until the signal comes. */
static int run_until_signal(void)
{
	int result;

	do {
		result = machine_run_once(&machine);
	} while (!result && machine.run->exit_reason == KVM_EXIT_MMIO);
	return result;
}

static void test_signal(unsigned int which)
{
	const struct itimerval timer = { .it_value.tv_usec = run_useconds };
	double started;
	int result;

	boot(which);
	machine.run->immediate_exit = 0;
	started = seconds();
	setitimer(ITIMER_REAL, &timer, NULL);
	result = run_until_signal();
	if (!check(result == -EINTR && machine.run->exit_reason == KVM_EXIT_INTR,
		   "%s: a signal ends KVM_RUN", loops[which].name))
		machine_explain(&machine);
	/* The emulators stand still at times: ten times what was asked for. */
	check(seconds() - started < 10 * run_useconds / 1e6 + 2, "%s: soon", loops[which].name);
}

static void test_kill(unsigned int which)
{
	pid_t child = fork();
	int status;

	if (!child) {
		machine_create(&machine, MACHINE_MEMORY);
		boot(which);
		machine_run(&machine);
		_exit(1);
	}
	usleep(run_useconds);
	kill(child, SIGKILL);
	check(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
		      WTERMSIG(status) == SIGKILL,
	      "%s: SIGKILL ends the client", loops[which].name);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm };
	unsigned int i;

	if (argc > 1)
		run_useconds = atoi(argv[1]) * 1000;
	/* 0 would never ring, a second and more is no tv_usec. */
	if (!run_useconds || run_useconds >= 1000000)
		bail_out("usage: attack_loops [MILLISECONDS], 1 to 999");

	sigaction(SIGALRM, &action, NULL);
	for (i = 0; i < 3; i++)
		test_kill(i);
	machine_create(&machine, MACHINE_MEMORY);
	for (i = 0; i < ARRAY_SIZE(loops); i++)
		test_signal(i);
	machine_destroy(&machine);
	return finish();
}
