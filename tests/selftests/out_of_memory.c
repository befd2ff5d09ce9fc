// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host runs out of memory: because a guest touches more than there is, and
 * because a client makes VMs without end. The client fails or is killed; the
 * host lives, has its memory back, and makes VMs as before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"

#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define TOLERANCE_KB		    16384

/* One doubleword in every page, up to 3 GiB. */
GUEST_CODE(touch, "mov $0x100000, %edi\n"
		  "1: mov %edi, (%edi)\n add $4096, %edi\n cmp $0xc0000000, %edi\n jb 1b\n hlt");
GUEST_CODE(out, "out %al, $0x10\n hlt");

/* The kernel shall end this process before any other. */
static void be_the_victim(void)
{
	int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, "1000", 4) != 4)
		_exit(90);
	close(file);
	alarm(120);
}

static void touch_everything(void)
{
	struct kvm_userspace_memory_region region = { .slot = 1,
						      .guest_phys_addr = 0x200000,
						      .memory_size = 0xb0000000 };
	struct machine machine;
	void *memory;

	be_the_victim();
	machine_create(&machine, MACHINE_MEMORY);
	memory = mmap(NULL, region.memory_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		_exit(91);
	region.userspace_addr = (uintptr_t)memory;
	if (ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region))
		_exit(errno == ENOMEM ? 0 : 92);
	MACHINE_BOOT(&machine, touch);
	_exit(machine_run(&machine) == -ENOMEM ? 0 : 93);
}

static void make_machines(void)
{
	struct rlimit files = { 100000, 100000 };
	int device;

	be_the_victim();
	setrlimit(RLIMIT_NOFILE, &files);
	device = open(DEVICE, O_RDWR | O_CLOEXEC);
	for (;;) {
		int vm = ioctl(device, KVM_CREATE_VM, 0);

		if (vm < 0)
			_exit(errno == ENOMEM ? 0 : 91);
		if (ioctl(vm, KVM_CREATE_VCPU, 0) < 0)
			_exit(errno == ENOMEM ? 0 : 92);
	}
}

static bool memory_is_back(long before)
{
	int i;

	for (i = 0; i < 300; i++) {
		if (module_references() == 0 &&
		    proc_number("/proc/meminfo", "MemAvailable") > before - TOLERANCE_KB)
			return true;
		usleep(10000);
	}
	note("%ld kB were available, now %ld; %d references", before,
	     proc_number("/proc/meminfo", "MemAvailable"), module_references());
	return false;
}

static void test_exhaustion(const char *what, void (*exhaust)(void))
{
	long before = proc_number("/proc/meminfo", "MemAvailable");
	struct machine machine;
	int status;
	pid_t child = fork();

	if (child < 0)
		bail_out("fork");
	if (!child)
		exhaust();
	waitpid(child, &status, 0);
	check((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
		      (WIFEXITED(status) && WEXITSTATUS(status) == 0),
	      "%s: the client was killed or got ENOMEM (status 0x%x)", what, status);
	check(memory_is_back(before), "%s: the memory is back", what);

	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, out);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO,
	      "%s: a machine runs as before", what);
	machine_destroy(&machine);
}

int main(void)
{
	/* The killer says what it does with a call trace, which is no bug here. */
	klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 4);
	test_exhaustion("a guest touches all memory", touch_everything);
	test_exhaustion("VMs without end", make_machines);
	klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 8);
	return finish();
}
