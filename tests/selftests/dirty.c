// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of written pages: what is refused; that each kind of write is in it,
 * once, under both engines; and that a copy made from it beside a running guest
 * ends equal to the guest's memory, which is all that a migration needs.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "selftest.h"

#define PAGE   4096
#define PAGES  (MACHINE_MEMORY / PAGE)
#define ROUNDS 30

/* Stores, string stores, locked operations, pushes; one read. */
GUEST_CODE(write, "movl $1, 0x100000\n mov $0x110000, %edi\n mov $2048, %ecx\n rep stosl\n"
		  "lock incl 0x120000\n mov $0x131000, %esp\n push %eax\n"
		  "mov $0x140ffe, %edi\n movl $-1, (%edi)\n mov 0x150000, %eax\n out %al, $0x10\n"
		  "movl $2, 0x100000\n lock cmpxchg8b 0x160000\n hlt");
static const unsigned int first_part[] = { 0x100, 0x110, 0x111, 0x120, 0x130, 0x140, 0x141 };
static const unsigned int second_part[] = { 0x100, 0x160 };

/* Numbers into 128 pages in no order, for ever. */
GUEST_CODE(scatter, "1: imul $1103515245, %eax, %eax\n add $12345, %eax\n mov %eax, %ebx\n"
		    "and $0x7fffc, %ebx\n incl 0x100000(%ebx)\n jmp 1b");

static unsigned long engine;

static void set_engine(struct machine *machine)
{
	if (ioctl(machine->vm, RINGLET_SET_ENGINE, engine))
		bail_out("RINGLET_SET_ENGINE");
}

static int set_flags(struct machine *machine, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.flags = flags,
		.memory_size = machine->memory_bytes,
		.userspace_addr = (uintptr_t)machine->memory,
	};

	return ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int get_log(struct machine *machine, unsigned int slot, void *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return ioctl(machine->vm, KVM_GET_DIRTY_LOG, &log);
}

static void test_refusals(void)
{
	uint64_t bitmap[PAGES / 64];
	struct machine machine;

	machine_create(&machine, MACHINE_MEMORY);
	check_error(get_log(&machine, 0, bitmap), ENOENT, "a slot without a log");
	check_error(get_log(&machine, 1, bitmap), ENOENT, "no such slot");
	check_error(get_log(&machine, 1000, bitmap), EINVAL, "a slot that cannot be");
	check_error(get_log(&machine, 1 << 16, bitmap), EINVAL, "another address space");
	check_error(ioctl(machine.vm, KVM_GET_DIRTY_LOG, NULL), EFAULT, "no argument");
	check_error(set_flags(&machine, 4), EINVAL, "a flag that does not exist");
	check_done(set_flags(&machine, KVM_MEM_LOG_DIRTY_PAGES), "the log is switched on");
	check_done(set_flags(&machine, KVM_MEM_LOG_DIRTY_PAGES), "and again");
	check_error(get_log(&machine, 0, (void *)8), EFAULT, "nowhere to write it");
	check_done(get_log(&machine, 0, bitmap), "the log of a guest that has not run");
	check_error(set_flags(&machine, KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY), EINVAL,
		    "a slot does not become read-only");
	check_done(set_flags(&machine, 0), "the log is switched off");
	check_error(get_log(&machine, 0, bitmap), ENOENT, "then there is none");
	machine_destroy(&machine);
}

/* Whether exactly these pages are in the log. */
static bool log_is(struct machine *machine, const unsigned int *pages, unsigned int count)
{
	uint64_t expected[PAGES / 64] = {}, bitmap[PAGES / 64];
	bool same = true;
	unsigned int i;

	for (i = 0; i < count; i++)
		expected[pages[i] / 64] |= 1ULL << pages[i] % 64;
	memset(bitmap, 0xff, sizeof(bitmap));
	if (get_log(machine, 0, bitmap))
		return false;
	for (i = 0; i < PAGES; i++) {
		if ((bitmap[i / 64] ^ expected[i / 64]) >> i % 64 & 1) {
			note("page %#x: %s", i,
			     expected[i / 64] >> i % 64 & 1 ? "missing" : "not written");
			same = false;
		}
	}
	return same;
}

static void test_writes(const char *name)
{
	struct machine machine;

	machine_create_with(&machine, MACHINE_MEMORY, set_engine);
	MACHINE_BOOT(&machine, write);
	set_flags(&machine, KVM_MEM_LOG_DIRTY_PAGES);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO, "%s: it runs",
	      name);
	check(log_is(&machine, first_part, ARRAY_SIZE(first_part)), "%s: what it has written",
	      name);
	check(log_is(&machine, NULL, 0), "%s: nothing since", name);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT, "%s: it goes on",
	      name);
	check(log_is(&machine, second_part, ARRAY_SIZE(second_part)),
	      "%s: a page written again, and one only read before", name);

	/* The pages are pinned and writable when the log begins. */
	set_flags(&machine, 0);
	MACHINE_BOOT(&machine, write);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO,
	      "%s: without a log", name);
	set_flags(&machine, KVM_MEM_LOG_DIRTY_PAGES);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT &&
		      log_is(&machine, second_part, ARRAY_SIZE(second_part)),
	      "%s: a log that begins later", name);
	machine_destroy(&machine);
}

/* ---- a copy beside a running guest --------------------------------------- */

static struct machine machine;
static volatile bool stop;
static volatile int other;

static void wake_up(int signal __attribute__((unused)))
{
}

static void *run_thread(void *unused __attribute__((unused)))
{
	while (!stop) {
		int result = machine_run_once(&machine);

		if (result != -EINTR)
			other = result ?: (int)machine.run->exit_reason + 1;
	}
	return NULL;
}

/* Copies what was written since the last time; how many pages that is, or -1. */
static int copy_written(unsigned char *copy)
{
	uint64_t bitmap[PAGES / 64];
	int count = 0;
	unsigned int i;

	if (get_log(&machine, 0, bitmap))
		return -1;
	for (i = 0; i < PAGES; i++) {
		if (!(bitmap[i / 64] >> i % 64 & 1))
			continue;
		memcpy(copy + i * PAGE, machine.memory + i * PAGE, PAGE);
		count++;
	}
	return count;
}

static void test_copy(const char *name)
{
	struct sigaction action = { .sa_handler = wake_up };
	unsigned char *copy = malloc(MACHINE_MEMORY);
	unsigned int round, empty = 0, failed = 0;
	pthread_t thread;
	int count;

	sigaction(SIGUSR1, &action, NULL);
	stop = false;
	other = 0;
	machine_create_with(&machine, MACHINE_MEMORY, set_engine);
	MACHINE_BOOT(&machine, scatter);
	set_flags(&machine, KVM_MEM_LOG_DIRTY_PAGES);
	memcpy(copy, machine.memory, MACHINE_MEMORY);
	if (pthread_create(&thread, NULL, run_thread, NULL))
		bail_out("pthread_create");
	for (round = 0; round < ROUNDS; round++) {
		usleep(10000 + round % 3 * 10000);
		count = copy_written(copy);
		failed += count < 0;
		empty += count == 0;
	}
	/* On a busy machine the guest may have had no turn since. */
	for (round = 0; round < 500 && !memcmp(copy, machine.memory, MACHINE_MEMORY); round++)
		usleep(10000);
	stop = true;
	machine.run->immediate_exit = 1;
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	check(!failed && empty < ROUNDS / 2, "%s: the log of a running guest (%u of %u empty)",
	      name, empty, ROUNDS);
	check(!other, "%s: the guest did nothing but run (%d)", name, other);
	check(memcmp(copy, machine.memory, MACHINE_MEMORY),
	      "%s: without the last round the copy differs", name);
	check(copy_written(copy) > 0 && !memcmp(copy, machine.memory, MACHINE_MEMORY),
	      "%s: with it the copy is the guest's memory", name);
	machine_destroy(&machine);
	free(copy);
}

int main(void)
{
	static const char *const names[] = { "trap", "interpret" };
	static const unsigned int engines[] = { RINGLET_ENGINE_TRAP, RINGLET_ENGINE_INTERPRET };
	unsigned int i;

	test_refusals();
	for (i = 0; i < ARRAY_SIZE(engines); i++) {
		engine = engines[i];
		test_writes(names[i]);
		test_copy(names[i]);
	}
	check(proc_number("/proc/self/status", "VmLck") == 0, "nothing is left locked");
	return finish();
}
