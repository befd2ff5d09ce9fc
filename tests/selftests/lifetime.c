// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and their end: closed in every order, inherited by a child, left behind
 * by SIGKILL, kept over the module's unloading. After each the module must have
 * as many references as before, and locked memory must be given back.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest.h"

/* An endless loop that touches a megabyte of memory. */
GUEST_CODE(loop, "1: mov $0x100000, %edi\n"
		 "2: addl $1, (%edi)\n add $4096, %edi\n cmp $0x200000, %edi\n jb 2b\n jmp 1b");
GUEST_CODE(out, "mov $0x5a, %al\n out %al, $0x10\n hlt");

enum part { PART_DEVICE, PART_VM, PART_VCPU, PART_RUN, PART_MEMORY, PARTS };

static const char *const part_names[PARTS] = { "device", "VM", "vCPU", "kvm_run", "memory" };

static void drop(struct machine *machine, enum part part)
{
	switch (part) {
	case PART_DEVICE: close(machine->device); break;
	case PART_VM: close(machine->vm); break;
	case PART_VCPU: close(machine->vcpu); break;
	case PART_RUN: munmap(machine->run, machine->run_bytes); break;
	default: munmap(machine->memory, machine->memory_bytes); break;
	}
}

static bool next_permutation(enum part *order)
{
	int i = PARTS - 2, j = PARTS - 1, end;
	enum part swap;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[j] < order[i])
		j--;
	swap = order[i], order[i] = order[j], order[j] = swap;
	for (i++, end = PARTS - 1; i < end; i++, end--)
		swap = order[i], order[i] = order[end], order[end] = swap;
	return true;
}

/* All 120 orders, each after the guest has run and has pages pinned. */
static void test_every_order(void)
{
	enum part order[PARTS] = { 0, 1, 2, 3, 4 };
	int orders = 0, bad_orders = 0;
	struct machine machine;
	unsigned int i;

	do {
		machine_create(&machine, MACHINE_MEMORY);
		MACHINE_BOOT(&machine, out);
		if (machine_run(&machine) || machine.run->exit_reason != KVM_EXIT_IO)
			bad_orders++;
		for (i = 0; i < PARTS; i++)
			drop(&machine, order[i]);
		orders++;
		if (module_references() != 0) {
			bad_orders++;
			note("left behind by %s %s %s %s %s", part_names[order[0]],
			     part_names[order[1]], part_names[order[2]], part_names[order[3]],
			     part_names[order[4]]);
		}
	} while (next_permutation(order));
	check(orders == 120 && bad_orders == 0, "files closed in each of %d orders", orders);
	check(proc_number("/proc/self/status", "VmLck") == 0, "no memory is left locked");
}

static void test_vcpu_outlives_vm(void)
{
	struct machine machine;
	struct kvm_regs regs;

	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, out);
	close(machine.vm);
	close(machine.device);
	check_done(machine_run(&machine), "a vCPU runs on when the VM's file is closed");
	check(machine.run->exit_reason == KVM_EXIT_IO, "and does its work");
	close(machine.vcpu);
	check(machine.run->exit_reason == KVM_EXIT_IO,
	      "kvm_run stays when the vCPU's file is closed");
	check(ioctl(machine.vcpu, KVM_GET_REGS, &regs) < 0 && errno == EBADF,
	      "though the file is gone");
	check(module_references() > 0, "the mapping holds the module");
	munmap(machine.run, machine.run_bytes);
	munmap(machine.memory, machine.memory_bytes);
	check(module_references() == 0, "until it is undone");
}

/* A child has the files and another address space. */
static void test_fork(void)
{
	struct kvm_userspace_memory_region region = { .slot = 5,
						      .guest_phys_addr = 0x40000000,
						      .memory_size = 4096 };
	struct machine machine;
	struct kvm_regs regs;
	int status;
	pid_t child;

	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, out);
	if (machine_run(&machine))
		bail_out("the first run");
	region.userspace_addr = (uintptr_t)machine.memory;
	child = fork();
	if (!child) {
		int wrong = 0;

		wrong |= (ioctl(machine.vcpu, KVM_RUN, 0) == 0 || errno != EIO) << 0;
		wrong |= (ioctl(machine.vcpu, KVM_GET_REGS, &regs) == 0 || errno != EIO) << 1;
		wrong |=
			(ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region) == 0 || errno != EIO)
			<< 2;
		wrong |= (ioctl(machine.vm, KVM_CREATE_VCPU, 0) >= 0 || errno != EIO) << 3;
		wrong |= (memcmp(machine.memory + MACHINE_CODE, guest_out, 4) != 0) << 4;
		_exit(wrong);
	}
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && !(WEXITSTATUS(status) & 1), "KVM_RUN in a child is EIO");
	check(!(WEXITSTATUS(status) & 2), "KVM_GET_REGS in a child is EIO");
	check(!(WEXITSTATUS(status) & 4), "KVM_SET_USER_MEMORY_REGION in a child is EIO");
	check(!(WEXITSTATUS(status) & 8), "KVM_CREATE_VCPU in a child is EIO");
	check(!(WEXITSTATUS(status) & 16), "the child has a copy of the guest's memory");
	check_done(machine_run(&machine), "the parent runs on");
	check(machine.run->exit_reason == KVM_EXIT_HLT, "to the next exit");
	machine_destroy(&machine);
	check(module_references() == 0, "nothing is left");
}

/* The parent goes away first; the child holds the last references. */
static void test_orphaned_files(void)
{
	int ready[2], status;
	pid_t child;

	if (pipe(ready))
		bail_out("pipe");
	child = fork();
	if (!child) {
		struct machine machine;

		machine_create(&machine, MACHINE_MEMORY);
		MACHINE_BOOT(&machine, out);
		machine_run(&machine);
		if (!fork()) {
			/* Keep the files for a moment longer than the address space lives. */
			close(ready[0]);
			usleep(300000);
			_exit(ioctl(machine.vcpu, KVM_RUN, 0) == 0);
		}
		_exit(0);
	}
	close(ready[1]);
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the client has ended");
	check(module_references() > 0, "its child still holds the files");
	check(read(ready[0], &status, 1) == 0, "the child has ended");
	close(ready[0]);
	check(references_become(0), "nothing is left");
}

static void test_exec(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		struct machine machine;

		machine_create(&machine, MACHINE_MEMORY);
		MACHINE_BOOT(&machine, out);
		machine_run(&machine);
		execl("/bin/busybox", "busybox", "sh", "-c",
		      "test \"$(cat /sys/module/ringlet/refcnt)\" = 0", NULL);
		_exit(99);
	}
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "exec closes everything");
}

/* SIGKILL while the guest runs; at random moments. */
static void test_kill(void)
{
	int i, bad = 0;

	for (i = 0; i < 20; i++) {
		int status;
		pid_t child = fork();

		if (!child) {
			struct machine machine;

			machine_create(&machine, MACHINE_MEMORY);
			MACHINE_BOOT(&machine, loop);
			machine_run(&machine);
			_exit(1);
		}
		usleep(1000 + i * 3000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			bad++;
	}
	check(bad == 0, "SIGKILL ended 20 running machines (%d ended otherwise)", bad);
	check(references_become(0), "nothing is left of them");
}

static void test_unload_refused(void)
{
	struct machine machine;

	machine_create(&machine, MACHINE_MEMORY);
	check_error(syscall(SYS_delete_module, "ringlet", O_NONBLOCK), EWOULDBLOCK,
		    "unloading while a VM lives");
	close(machine.device);
	close(machine.vm);
	munmap(machine.run, machine.run_bytes);
	check_error(syscall(SYS_delete_module, "ringlet", O_NONBLOCK), EWOULDBLOCK,
		    "unloading while only the vCPU's file is open");
	close(machine.vcpu);
	munmap(machine.memory, machine.memory_bytes);
	check(module_references() == 0, "now it could be unloaded");
}

/* No descriptor left: a VM and a vCPU must fail cleanly. */
static void test_no_descriptors(void)
{
	struct machine machine;
	int last = -1, opened[1024], count = 0, vm;

	machine_create(&machine, MACHINE_MEMORY);
	vm = ioctl(machine.device, KVM_CREATE_VM, 0);
	while (count < 1024 && (last = dup(machine.device)) >= 0)
		opened[count++] = last;
	check(last < 0 && errno == EMFILE, "all descriptors are taken");
	check_error(ioctl(machine.device, KVM_CREATE_VM, 0), EMFILE, "KVM_CREATE_VM");
	check_error(ioctl(vm, KVM_CREATE_VCPU, 0), EMFILE, "KVM_CREATE_VCPU");
	while (count)
		close(opened[--count]);
	last = ioctl(vm, KVM_CREATE_VCPU, 0);
	check_done(last, "KVM_CREATE_VCPU afterwards");
	close(last);
	close(vm);
	machine_destroy(&machine);
	check(module_references() == 0, "nothing is left");
}

int main(void)
{
	check(module_references() == 0, "no VM to begin with");
	test_every_order();
	test_vcpu_outlives_vm();
	test_fork();
	test_orphaned_files();
	test_exec();
	test_kill();
	test_unload_refused();
	test_no_descriptors();
	return finish();
}
