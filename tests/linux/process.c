// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes, threads and what they say to each other through pipes.
 */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_test.h"

#define FORKS	    200
#define PARALLEL    20
#define DEPTH	    12
#define THREADS	    4
#define INCREMENTS  20000
#define PIPE_BYTES  (1u << 20)
#define ROUND_TRIPS 500

static bool execute(int code)
{
	char text[16];
	int status;
	pid_t child = fork();

	if (!child) {
		snprintf(text, sizeof(text), "%d", code);
		execl("/proc/self/exe", "guest-test", "exit", text, (char *)NULL);
		_exit(255);
	}
	return child > 0 && waitpid(child, &status, 0) == child && exited_with(status, code);
}

static int descend(void *context)
{
	int depth = *(int *)context - 1;

	if (!depth)
		return 1;
	return WEXITSTATUS(in_child(descend, &depth)) + 1;
}

static bool many_at_once(void)
{
	pid_t children[PARALLEL];
	int status, good = 0;

	for (int i = 0; i < PARALLEL; i++) {
		children[i] = fork();
		if (!children[i]) {
			for (int turn = 0; turn < 20; turn++)
				sched_yield();
			_exit(i);
		}
	}
	for (int i = 0; i < PARALLEL; i++)
		good += waitpid(children[i], &status, 0) == children[i] && exited_with(status, i);
	return good == PARALLEL && waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD;
}

static pthread_mutex_t counter_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int counter, atomic_counter;
static __thread unsigned int mine;

static void *increment(void *context)
{
	(void)context;
	for (int i = 0; i < INCREMENTS; i++) {
		pthread_mutex_lock(&counter_lock);
		counter++;
		pthread_mutex_unlock(&counter_lock);
		__atomic_add_fetch(&atomic_counter, 1, __ATOMIC_SEQ_CST);
		mine++;
	}
	return (void *)(uintptr_t)mine;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	void *result;
	int own = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, increment, NULL);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		own += (uintptr_t)result == INCREMENTS;
	}
	check(counter == THREADS * INCREMENTS, "threads count together under a mutex");
	check(atomic_counter == THREADS * INCREMENTS, "threads count together by LOCK XADD");
	check(own == THREADS && !mine, "each thread has variables of its own");
}

void test_processes(void)
{
	int good = 0, depth = DEPTH;
	long by_interrupt;

	for (int i = 0; i < FORKS; i++)
		good += execute(i % 200);
	check(good == FORKS, "200 times fork and exec");
	check(many_at_once(), "20 children at once, each with its status");
	check(exited_with(in_child(descend, &depth), DEPTH), "children of children, 12 deep");
	__asm__ volatile("int $0x80" : "=a"(by_interrupt) : "a"(SYS_getpid) : "memory");
	check(by_interrupt == getpid(), "getpid by INT 80h and by the fast way agree");
	test_threads();
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void write_all(int file, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t written = write(file, at, size);

		if (written <= 0)
			_exit(1);
		at += written;
		size -= (size_t)written;
	}
}

/* A reader and a writer with different ideas of how much at a time. */
static bool pipe_carries_all(void)
{
	uint8_t buffer[5000];
	uint32_t seed = 1, reader_seed = 1;
	unsigned int received = 0, wrong = 0;
	int ends[2], status;
	ssize_t count;
	pid_t child;

	if (pipe(ends))
		return false;
	child = fork();
	if (!child) {
		close(ends[0]);
		for (unsigned int sent = 0; sent < PIPE_BYTES;) {
			unsigned int chunk = 1 + sent % 4999;

			if (chunk > PIPE_BYTES - sent)
				chunk = PIPE_BYTES - sent;
			for (unsigned int i = 0; i < chunk; i++)
				buffer[i] = (uint8_t)next_random(&seed);
			write_all(ends[1], buffer, chunk);
			sent += chunk;
		}
		_exit(0);
	}
	close(ends[1]);
	while ((count = read(ends[0], buffer, 3001)) > 0) {
		for (ssize_t i = 0; i < count; i++)
			wrong += buffer[i] != (uint8_t)next_random(&reader_seed);
		received += (unsigned int)count;
	}
	close(ends[0]);
	return waitpid(child, &status, 0) == child && exited_with(status, 0) &&
	       received == PIPE_BYTES && !wrong;
}

static bool ping_pong(void)
{
	int there[2], back[2], status;
	uint32_t number = 0;
	pid_t child;

	if (pipe(there) || pipe(back))
		return false;
	child = fork();
	if (!child) {
		close(there[1]);
		while (read(there[0], &number, sizeof(number)) == sizeof(number)) {
			number = number * 3 + 1;
			write_all(back[1], &number, sizeof(number));
		}
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	for (uint32_t i = 0; i < ROUND_TRIPS; i++) {
		write_all(there[1], &i, sizeof(i));
		if (read(back[0], &number, sizeof(number)) != sizeof(number) || number != i * 3 + 1)
			break;
		number = i + 1;
	}
	close(there[1]);
	close(back[0]);
	return number == ROUND_TRIPS && waitpid(child, &status, 0) == child &&
	       exited_with(status, 0);
}

static int write_to_nobody(void *context)
{
	int *ends = context;

	close(ends[0]);
	return write(ends[1], "x", 1) == 1;
}

static bool poll_waits(void)
{
	int ends[2];
	struct pollfd wait;
	char byte;
	bool good;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return false;
	wait = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	good = poll(&wait, 1, 20) == 0;
	if (!fork()) {
		usleep(20000);
		write_all(ends[1], "x", 1);
		_exit(0);
	}
	good = good && poll(&wait, 1, 10000) == 1 && wait.revents & POLLIN;
	good = good && read(ends[0], &byte, 1) == 1 && byte == 'x';
	wait.fd = ends[0];
	close(ends[0]);
	close(ends[1]);
	return waitpid(-1, NULL, 0) > 0 && good;
}

void test_pipes(void)
{
	int ends[2] = { -1, -1 }, status;
	char byte;

	check(pipe_carries_all(), "a pipe carries a MiB in chunks of all sizes");
	check(ping_pong(), "500 round trips between two processes");
	check(pipe(ends) == 0, "another pipe");
	status = fork();
	if (!status) {
		signal(SIGPIPE, SIG_DFL);
		_exit(write_to_nobody(ends));
	}
	close(ends[0]);
	waitpid(-1, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE,
	      "a pipe that nobody reads: SIGPIPE");
	close(ends[1]);
	check(pipe2(ends, O_NONBLOCK) == 0 && read(ends[0], &byte, 1) < 0 && errno == EAGAIN,
	      "an empty pipe that may not block: EAGAIN");
	check(poll_waits(), "poll times out, and wakes");
}
