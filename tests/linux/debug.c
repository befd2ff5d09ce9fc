// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debugger uses: single steps, breakpoints in code and debug registers;
 * and the local descriptor table.
 */
#include <asm/ldt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_test.h"

static volatile uint32_t watched;

__attribute__((noinline)) static void marked_place(void)
{
	__asm__ volatile("nop");
}

/* The debugged process: stops, writes the watched word once, ends. */
static pid_t start_traced(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (int i = 0; i < 10; i++)
			__asm__ volatile("nop");
		watched = 0x1234;
		marked_place();
		_exit(5);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return -1;
	return child;
}

static bool steps_through(void)
{
	pid_t child = start_traced();
	struct user_regs_struct regs;
	int status = 0, steps = 0;
	bool reached = false;

	while (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 &&
	       waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGTRAP && steps < 10000) {
		ptrace(PTRACE_GETREGS, child, NULL, &regs);
		reached = reached || (uint32_t)regs.eip == (uint32_t)(uintptr_t)marked_place;
		steps++;
	}
	if (!exited_with(status, 5) || !reached)
		note("%d steps, status %x", steps, status);
	return exited_with(status, 5) && reached && steps > 20;
}

static long set_debug_register(pid_t child, unsigned int number, unsigned long value)
{
	return ptrace(PTRACE_POKEUSER, child,
		      (void *)(offsetof(struct user, u_debugreg) + number * sizeof(int)),
		      (void *)value);
}

static unsigned long get_debug_register(pid_t child, unsigned int number)
{
	return (unsigned long)ptrace(
		PTRACE_PEEKUSER, child,
		(void *)(offsetof(struct user, u_debugreg) + number * sizeof(int)), NULL);
}

/* DR7: enable 0 locally; bits 16-19: kind and length. */
static bool stops_at(uintptr_t address, unsigned long control, bool after)
{
	pid_t child = start_traced();
	struct user_regs_struct regs;
	int status = 0;
	bool stopped, right;

	memset(&regs, 0, sizeof(regs));
	if (set_debug_register(child, 0, address) || set_debug_register(child, 7, control)) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return false;
	}
	ptrace(PTRACE_CONT, child, NULL, NULL);
	stopped = waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
		  WSTOPSIG(status) == SIGTRAP;
	ptrace(PTRACE_GETREGS, child, NULL, &regs);
	right = stopped && get_debug_register(child, 6) & 1 &&
		(after || (uint32_t)regs.eip == address) &&
		(!after || ptrace(PTRACE_PEEKDATA, child, (void *)address, NULL) == 0x1234);
	if (!right)
		note("status %x, eip %lx, dr6 %lx", status, (unsigned long)regs.eip,
		     get_debug_register(child, 6));
	set_debug_register(child, 7, 0);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	return waitpid(child, &status, 0) == child && exited_with(status, 5) && right;
}

/* A breakpoint instruction, taken out again when it was hit. */
static bool breaks(void)
{
	pid_t child = start_traced();
	void *place = (void *)(uintptr_t)marked_place;
	long code = ptrace(PTRACE_PEEKTEXT, child, place, NULL);
	struct user_regs_struct regs;
	int status;
	bool hit;

	ptrace(PTRACE_POKETEXT, child, place, (void *)((code & ~0xffl) | 0xcc));
	ptrace(PTRACE_CONT, child, NULL, NULL);
	hit = waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
	      WSTOPSIG(status) == SIGTRAP && !ptrace(PTRACE_GETREGS, child, NULL, &regs) &&
	      (uint32_t)regs.eip == (uint32_t)(uintptr_t)place + 1;
	ptrace(PTRACE_POKETEXT, child, place, (void *)code);
	regs.eip--;
	ptrace(PTRACE_SETREGS, child, NULL, &regs);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	return waitpid(child, &status, 0) == child && exited_with(status, 5) && hit;
}

static uint32_t ldt_words[4] = { 0xdead, 0xbeef, 0xcafe, 0xf00d };

static bool uses_ldt(void)
{
	struct user_desc entry = {
		.entry_number = 3,
		.base_addr = (unsigned int)(uintptr_t)ldt_words,
		.limit = sizeof(ldt_words) - 1,
		.seg_32bit = 1,
		.useable = 1,
	};
	const uint16_t selector = 3 << 3 | 7;
	uint32_t word = 0;

	if (syscall(SYS_modify_ldt, 1, &entry, sizeof(entry)))
		return false;
	for (int i = 0; i < 50; i++) {
		__asm__ volatile("movw %1, %%fs; movl %%fs:8, %0" : "=r"(word) : "r"(selector));
		if (word != 0xcafe)
			return false;
		usleep(1);
		/* It must have survived the switch to other processes and back. */
		__asm__ volatile("movl %%fs:12, %0" : "=r"(word));
		if (word != 0xf00d)
			return false;
	}
	__asm__ volatile("movw %0, %%fs" : : "r"((uint16_t)0));
	return true;
}

void test_debug(void)
{
	check(steps_through(), "a debugger steps through a process");
	check(breaks(), "a breakpoint instruction");
	check(stops_at((uintptr_t)marked_place, 0x1, false), "a breakpoint in a debug register");
	check(stops_at((uintptr_t)&watched, 0xd0001, true), "a watchpoint in a debug register");
	check(uses_ldt(), "a segment of the local descriptor table");
}
