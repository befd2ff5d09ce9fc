// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping in HLT and waking up, with the interrupt controllers in the kernel:
 * an idle guest costs nothing, no wake-up is lost however it meets the vCPU,
 * and signals, NMIs and the client end the sleep too.
 *
 *	halt [ROUNDS]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chips.h"

#define IRQ	     3
#define VECTOR	     0x43
#define TIMER_VECTOR 0x40

static unsigned int rounds = 100;
static struct machine machine;
static uint32_t engine;
static atomic_int go; /* how many lines the other thread is to raise */
static pid_t vcpu_thread;

/* The handlers stand behind the code: HANDLER_OFFSET from its beginning. */
#define HANDLER_OFFSET 64
#define WITH_HANDLER   "\n .skip 64 - (. - 9b)\n mov $0x20, %al\n out %al, $0x20\n iret"

GUEST_CODE(sleeper, "9: sti\n1: hlt\n out %al, $0x10\n jmp 1b" WITH_HANDLER);
GUEST_CODE(idler, "9: sti\n1: hlt\n jmp 1b" WITH_HANDLER);
GUEST_CODE(deaf, "cli\n hlt\n out %al, $0x10\n hlt");
/* The handler speaks: the others do nothing else than to be interrupted. */
#define WITH_SPEAKER \
	"\n .skip 64 - (. - 9b)\n mov $0x20, %al\n out %al, $0x20\n out %al, $0x10\n iret"
GUEST_CODE(spinner, "9: sti\n1: jmp 1b" WITH_SPEAKER);
GUEST_CODE(blinker, "9: 1: sti\n nop\n cli\n mov $100, %ecx\n2: loop 2b\n jmp 1b" WITH_SPEAKER);
GUEST_CODE(halter, "9: 1: sti\n hlt\n cli\n jmp 1b" WITH_SPEAKER);

static void prepare(struct machine *of)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	if (ioctl(of->vm, RINGLET_SET_ENGINE, engine))
		bail_out("RINGLET_SET_ENGINE");
	make_chips(of->vm);
	if (ioctl(of->vm, KVM_GET_IRQCHIP, &chip))
		bail_out("KVM_GET_IRQCHIP");
	chip.chip.pic.irq_base = TIMER_VECTOR;
	if (ioctl(of->vm, KVM_SET_IRQCHIP, &chip))
		bail_out("KVM_SET_IRQCHIP");
}

static void boot(const char *code, const char *end)
{
	machine_create_with(&machine, MACHINE_MEMORY, prepare);
	machine_boot(&machine, code, end);
	machine_set_gate(&machine, VECTOR, MACHINE_CODE + HANDLER_OFFSET);
	machine_set_gate(&machine, TIMER_VECTOR, MACHINE_CODE + HANDLER_OFFSET);
	machine_set_gate(&machine, 2, MACHINE_CODE + HANDLER_OFFSET);
}
#define BOOT(name) boot(guest_##name, guest_##name##_end)

static unsigned int mp_state(void)
{
	struct kvm_mp_state state = { .mp_state = 99 };

	ioctl(machine.vcpu, KVM_GET_MP_STATE, &state);
	return state.mp_state;
}

static void statistics(struct ringlet_statistics *result)
{
	if (ioctl(machine.vcpu, RINGLET_GET_STATISTICS, result))
		bail_out("RINGLET_GET_STATISTICS");
}

/* KVM_RUN as ioctl() answers. */
static int run_once(void)
{
	int result = machine_run_once(&machine);

	errno = -result;
	return result ? -1 : 0;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A signal after so long, again and again, should it miss KVM_RUN. */
static void alarm_after(unsigned int milliseconds)
{
	struct itimerval timer = {
		.it_value = { milliseconds / 1000, milliseconds % 1000 * 1000 },
		.it_interval = { 0, milliseconds ? 50000 : 0 },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- another thread ------------------------------------------------------ */

static bool is_asleep(pid_t process, pid_t thread)
{
	char path[64], text[256] = "", *state;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", process, thread);
	file = open(path, O_RDONLY);
	if (file < 0 || read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(file);
	state = strrchr(text, ')');
	return state && state[1] == ' ' && state[2] == 'S';
}

static void pulse(void)
{
	struct kvm_irq_level line = { .irq = IRQ, .level = 1 };

	ioctl(machine.vm, KVM_IRQ_LINE, &line);
	line.level = 0;
	ioctl(machine.vm, KVM_IRQ_LINE, &line);
}

/*
 * Raises a line whenever it is told to: every fourth time once the vCPU sleeps,
 * else after a while that grows, so that it meets the vCPU anywhere.
 */
static void *raise_lines(void *wait_for_sleep)
{
	for (unsigned int round = 0;; round++) {
		while (!atomic_load(&go))
			sched_yield();
		if (atomic_load(&go) < 0)
			return NULL;
		if (wait_for_sleep && round % 4 == 0)
			while (!is_asleep(getpid(), vcpu_thread))
				usleep(100);
		else
			for (volatile unsigned int i = 0; i < round * 40; i++)
				;
		atomic_store(&go, 0);
		pulse();
	}
}

static void test_wake_up(const char *name, bool sleeps)
{
	unsigned int round, lost = 0, other = 0;
	pthread_t thread;

	vcpu_thread = gettid();
	atomic_store(&go, 0);
	pthread_create(&thread, NULL, raise_lines, sleeps ? &sleeps : NULL);
	for (round = 0; round < rounds && !lost && !other; round++) {
		atomic_store(&go, 1);
		alarm_after(10000);
		lost += machine_run_once(&machine) != 0;
		other += machine.run->exit_reason != KVM_EXIT_IO || machine.run->io.port != 0x10;
	}
	alarm_after(0);
	atomic_store(&go, -1);
	pthread_join(thread, NULL);
	check(!lost && !other && round == rounds, "%s: %u times woken, %u lost", name, round, lost);
	if (lost || other)
		machine_explain(&machine);
	check(machine.run->ready_for_interrupt_injection == 1, "nobody has to wait for a window");
	machine_destroy(&machine);
}

/* 59659 of the PIT's clocks. */
#define PERIOD_US 50000

/* ---- what it costs ------------------------------------------------------- */

static uint64_t microseconds(const struct timeval *time)
{
	return time->tv_sec * 1000000ULL + time->tv_usec;
}

static uint64_t cpu_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime);
}

static uint64_t wall_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/* Two seconds of an idle guest; at most @percent of one processor. */
static void test_cost(const char *name, unsigned int percent)
{
	uint64_t cpu, wall;

	alarm_after(2000);
	cpu = cpu_time();
	wall = wall_time();
	check_error(run_once(), EINTR, "%s: a signal ends KVM_RUN", name);
	cpu = cpu_time() - cpu;
	wall = wall_time() - wall;
	alarm_after(0);
	check(machine.run->exit_reason == KVM_EXIT_INTR, "exit INTR");
	check(wall > 1900000, "it slept for %llu us", (unsigned long long)wall);
	check(cpu * 100 < wall * percent, "and used %llu us of a processor, less than %u %%",
	      (unsigned long long)cpu, percent);
}

static void test_idle(void)
{
	struct kvm_pit_state2 state;
	struct ringlet_statistics before, after;
	uint64_t start, first, last, end, ticks;

	BOOT(idler);
	/* What it takes to get there is not counted. */
	alarm_after(200);
	check_error(run_once(), EINTR, "a guest with nothing to do");
	test_cost("nothing ticks", 20);
	check(mp_state() == KVM_MP_STATE_HALTED, "the vCPU is halted");
	machine.run->immediate_exit = 1;
	check_error(run_once(), EINTR, "immediate_exit");
	machine.run->immediate_exit = 0;

	if (ioctl(machine.vm, KVM_GET_PIT2, &state))
		bail_out("KVM_GET_PIT2");
	state.channels[0].mode = 2;
	state.channels[0].count = 59659;
	check_done(ioctl(machine.vm, KVM_SET_PIT2, &state), "twenty ticks a second");
	start = wall_time();
	statistics(&before);
	first = wall_time();
	test_cost("20 Hz", 50);
	last = wall_time();
	statistics(&after);
	end = wall_time();
	ticks = after.timer_ticks - before.timer_ticks;
	check(ticks + 1 >= (last - first) / PERIOD_US && ticks <= (end - start) / PERIOD_US + 1,
	      "the guest's clock goes with the host's: %llu ticks in %llu us",
	      (unsigned long long)ticks, (unsigned long long)(end - start));
	check(after.timer_ticks_given > before.timer_ticks_given, "ticks given: %llu",
	      after.timer_ticks_given - before.timer_ticks_given);
	check(after.halts > before.halts, "sleeps: %llu", after.halts - before.halts);
	machine_destroy(&machine);
}

/* ---- other ends of the sleep --------------------------------------------- */

static void test_states(void)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	BOOT(deaf);
	pulse();
	alarm_after(300);
	check_error(run_once(), EINTR, "HLT with IF clear sleeps on");
	alarm_after(0);
	check(mp_state() == KVM_MP_STATE_HALTED, "halted");
	check_done(ioctl(machine.vcpu, KVM_SET_MP_STATE, &state), "the client wakes it");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO, "it goes on");
	state.mp_state = KVM_MP_STATE_HALTED;
	check_done(ioctl(machine.vcpu, KVM_SET_MP_STATE, &state), "the client halts it");
	alarm_after(300);
	check_error(run_once(), EINTR, "it sleeps");
	alarm_after(0);

	machine_get_regs(&machine, &regs);
	check_done(ioctl(machine.vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	regs.rip = 0xfff0;
	machine_set_regs(&machine, &regs);
	check(mp_state() == KVM_MP_STATE_HALTED, "still halted");
	sregs.cs.selector = 0xf000;
	sregs.cs.base = 0xffff0000;
	sregs.cr0 &= ~1ULL;
	check_done(ioctl(machine.vcpu, KVM_SET_SREGS, &sregs), "the state after reset");
	check(mp_state() == KVM_MP_STATE_RUNNABLE, "is not halted");
	machine_destroy(&machine);
}

static void test_nmi(void)
{
	BOOT(sleeper);
	alarm_after(300);
	check_error(run_once(), EINTR, "asleep");
	alarm_after(0);
	check_done(ioctl(machine.vcpu, KVM_NMI), "KVM_NMI");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO, "it ends the HLT");
	machine_destroy(&machine);
}

static void test_kill(void)
{
	int references = module_references(), status, i;
	pid_t child = fork();

	if (!child) {
		BOOT(idler);
		for (;;)
			machine_run(&machine);
	}
	for (i = 0; i < 2000 && !(module_references() > references && is_asleep(child, child)); i++)
		usleep(5000);
	usleep(20000);
	kill(child, SIGKILL);
	check(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "killed in its sleep");
	check(references_become(references), "nothing of it is left");
}

static void test_engine(uint32_t which)
{
	engine = which;
	note("engine %u", engine);
	BOOT(halter);
	test_wake_up("asleep", true);
	BOOT(halter);
	test_wake_up("about to sleep", false);
	BOOT(spinner);
	test_wake_up("in a loop", false);
	BOOT(blinker);
	test_wake_up("with IF set now and then", false);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm };

	if (argc > 1)
		rounds = strtoul(argv[1], NULL, 0);
	sigaction(SIGALRM, &action, NULL);
	test_engine(RINGLET_ENGINE_TRAP);
	test_engine(RINGLET_ENGINE_INTERPRET);
	engine = RINGLET_ENGINE_TRAP;
	test_idle();
	test_states();
	test_nmi();
	test_kill();
	return finish();
}
