// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals: those that a processor's exceptions become, and those that interrupt
 * a program anywhere.
 */
#define _GNU_SOURCE /* TRAP_TRACE, REG_EFL */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "guest_test.h"

static sigjmp_buf back;
static volatile sig_atomic_t seen, seen_code, count;
static void *volatile seen_address;

static void catch_and_jump(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = number;
	seen_code = info->si_code;
	seen_address = info->si_addr;
	siglongjmp(back, 1);
}

static void count_one(int number)
{
	(void)number;
	count++;
}

static void handle(int number, void (*handler)(int number, siginfo_t *info, void *context),
		   int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = handler;
	action.sa_flags = SA_SIGINFO | flags;
	sigaction(number, &action, NULL);
}

/* Whether @cause raises that signal with that code, at that address if any. */
static bool raises(void (*cause)(void *context), void *context, int number, int code, void *address)
{
	seen = 0;
	handle(number, catch_and_jump, 0);
	if (!sigsetjmp(back, 1))
		cause(context);
	signal(number, SIG_DFL);
	if (seen == number && seen_code == code && (!address || seen_address == address))
		return true;
	note("signal %d code %d address %p", (int)seen, (int)seen_code, seen_address);
	return false;
}

static void read_byte(void *address)
{
	(void)*(volatile char *)address;
}

static void write_byte(void *address)
{
	*(volatile char *)address = 1;
}

static void divide(void *context)
{
	int zero = 0, result = 1;

	(void)context;
	__asm__ volatile("cltd; idivl %1" : "+a"(result) : "r"(zero) : "edx");
}

static void undefined(void *context)
{
	(void)context;
	__asm__ volatile("ud2");
}

static void breakpoint(void *context)
{
	(void)context;
	__asm__ volatile("int3");
}

static void privileged(void *context)
{
	(void)context;
	__asm__ volatile("cli");
}

static void overflow(void *context)
{
	(void)context;
	__asm__ volatile("movb $0x7f, %%al; addb $1, %%al; into" : : : "eax");
}

static void bound(void *context)
{
	const int limits[2] = { 0, 10 };

	(void)context;
	__asm__ volatile("boundl %0, %1" : : "r"(11), "m"(limits[0]), "m"(limits[1]));
}

static void test_exceptions(void)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(raises(read_byte, (void *)0x123, SIGSEGV, SEGV_MAPERR, (void *)0x123),
	      "a read where nothing is: SIGSEGV with its address");
	check(raises(write_byte, page + 77, SIGSEGV, SEGV_ACCERR, page + 77),
	      "a write to a read-only page: SIGSEGV with its address");
	check(raises(read_byte, (void *)0xfffff123, SIGSEGV, SEGV_MAPERR, (void *)0xfffff123),
	      "a read of the kernel's memory: SIGSEGV");
	check(raises(divide, NULL, SIGFPE, FPE_INTDIV, NULL), "division by zero: SIGFPE");
	check(raises(undefined, NULL, SIGILL, ILL_ILLOPN, NULL), "UD2: SIGILL");
	check(raises(breakpoint, NULL, SIGTRAP, SI_KERNEL, NULL), "INT3: SIGTRAP");
	check(raises(privileged, NULL, SIGSEGV, SI_KERNEL, NULL), "CLI: SIGSEGV");
	check(raises(overflow, NULL, SIGSEGV, SI_KERNEL, NULL), "INTO after an overflow: SIGSEGV");
	check(raises(bound, NULL, SIGSEGV, SI_KERNEL, NULL), "BOUND: SIGSEGV");
	munmap(page, 4096);
}

static volatile sig_atomic_t steps;

static void count_step(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)number;
	steps += info->si_code == TRAP_TRACE;
	/* Until the code clears TF itself; a mistake must not run for ever. */
	if (steps > 1000)
		interrupted->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

static bool single_steps(void)
{
	steps = 0;
	handle(SIGTRAP, count_step, 0);
	/* POPF with TF=1 traps after the next instruction: 5 NOPs, PUSHF, ANDL, POPF. */
	__asm__ volatile("pushf; orl $0x100, (%%esp); popf; nop; nop; nop; nop; nop;"
			 "pushf; andl $~0x100, (%%esp); popf"
			 :
			 :
			 : "memory", "cc");
	signal(SIGTRAP, SIG_DFL);
	if (steps != 8)
		note("%d single steps", (int)steps);
	return steps == 8;
}

static char *handler_stack;
static volatile sig_atomic_t on_other_stack;

static void look_at_stack(int number, siginfo_t *info, void *context)
{
	char here;

	(void)number;
	(void)info;
	(void)context;
	on_other_stack = &here >= handler_stack && &here < handler_stack + 65536;
	siglongjmp(back, 1);
}

static int overflow_stack(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return depth < 1 << 20 ? overflow_stack(depth + 1) + frame[0] : 0;
}

static bool survives_stack_overflow(void)
{
	stack_t stack = { .ss_size = 65536 };

	handler_stack =
		mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack.ss_sp = handler_stack;
	sigaltstack(&stack, NULL);
	handle(SIGSEGV, look_at_stack, SA_ONSTACK);
	if (!sigsetjmp(back, 1))
		overflow_stack(0);
	signal(SIGSEGV, SIG_DFL);
	return on_other_stack;
}

/*
 * Every register, the flags and the FPU must be what they were, wherever the
 * timer's signal interrupts.
 */
static bool keeps_registers(void)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	uint64_t end = nanoseconds() + 400000000u;
	uint32_t wrong = 0;
	double sum = 0;

	count = 0;
	signal(SIGALRM, count_one);
	setitimer(ITIMER_REAL, &often, NULL);
	while (nanoseconds() < end) {
		__asm__ volatile("pushl %%ebp;"
				 "movl $100000, %%ebp; movl $0x11111111, %%ebx;"
				 "movl $0x22222222, %%ecx; movl $0x33333333, %%edx;"
				 "movl $0x44444444, %%esi; movl $0x55555555, %%edi; stc;"
				 "1: jnc 2f; cmpl $0x11111111, %%ebx; jne 2f;"
				 "cmpl $0x22222222, %%ecx; jne 2f; cmpl $0x33333333, %%edx; jne 2f;"
				 "cmpl $0x44444444, %%esi; jne 2f; cmpl $0x55555555, %%edi; jne 2f;"
				 "stc; decl %%ebp; jnz 1b; xorl %%eax, %%eax; jmp 3f;"
				 "2: movl $1, %%eax; 3: popl %%ebp"
				 : "=a"(wrong)
				 :
				 : "ebx", "ecx", "edx", "esi", "edi", "cc");
		if (wrong)
			break;
		sum = 0;
		for (int i = 1; i <= 1000; i++)
			sum += 1.0 / i;
		wrong = sum != 7.485470860550343 && sum != 7.4854708605503433 &&
			(sum < 7.48547086055034 || sum > 7.48547086055035);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	if (wrong || count < 10)
		note("%d signals, sum %.17g", (int)count, sum);
	return !wrong && count >= 10;
}

static bool waits_masked(void)
{
	sigset_t set, pending;

	count = 0;
	signal(SIGUSR1, count_one);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 5; i++)
		kill(getpid(), SIGUSR1);
	sigpending(&pending);
	if (count || !sigismember(&pending, SIGUSR1))
		return false;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return count == 1;
}

static bool many_signals(void)
{
	pid_t parent = getpid(), child;

	count = 0;
	signal(SIGUSR1, count_one);
	for (int i = 0; i < 1000; i++)
		kill(parent, SIGUSR1);
	if (count != 1000)
		return false;
	child = fork();
	if (!child) {
		usleep(20000);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	/* EINTR, and the rest of the time. */
	return nanosleep(&(struct timespec){ 10, 0 }, NULL) < 0 && errno == EINTR &&
	       count == 1001 && waitpid(child, NULL, 0) == child;
}

void test_signals(void)
{
	test_exceptions();
	check(single_steps(), "TF: one SIGTRAP an instruction");
	check(survives_stack_overflow(), "a stack overflow, handled on another stack");
	check(waits_masked(), "a blocked signal waits, and comes once");
	check(many_signals(), "a thousand signals, and one that ends a sleep");
	check(keeps_registers(), "timer signals leave registers, flags and FPU alone");
}
