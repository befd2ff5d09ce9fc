// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory is the client's: what the client does to its address space while
 * the guest runs, the guest sees at once, and never again what was there
 * before. What is pinned is charged to the client, and its limit holds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "selftest.h"

#define PAGE	    4096
#define INBOX	    0x40000
#define OUTBOX	    0x41000
#define COUNTER	    0x42000
#define ROUNDS	    40
#define PATIENCE_MS 10000

/* Copies INBOX to OUTBOX and counts, for ever. */
GUEST_CODE(echo, "1: mov 0x40000, %eax\n mov %eax, 0x41000\n incl 0x42000\n jmp 1b");
/* Writes one doubleword in each of 64 pages. */
GUEST_CODE(touch, "mov $0x100000, %edi\n"
		  "1: mov %edi, (%edi)\n add $4096, %edi\n cmp $0x140000, %edi\n jb 1b\n hlt");
/* Reads a page of a second slot, for ever. */
GUEST_CODE(watch, "1: mov 0x400000, %eax\n mov %eax, 0x41000\n incl 0x42000\n jmp 1b");

static volatile uint32_t *word(struct machine *machine, uint32_t gpa)
{
	return (volatile uint32_t *)(machine->memory + gpa);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* ---- a guest that runs in a thread of its own ---------------------------- */

static struct {
	struct machine machine;
	pthread_t thread;
	volatile bool stop;
	volatile unsigned int refused; /* KVM_RUN was EFAULT */
	volatile unsigned int mmio;
	volatile int other; /* any other end, as -errno or the exit's number */
} runner;

static void wake_up(int signal __attribute__((unused)))
{
}

static void *run_thread(void *unused __attribute__((unused)))
{
	while (!runner.stop) {
		int result = machine_run_once(&runner.machine);

		if (result == -EFAULT)
			runner.refused++;
		else if (!result && runner.machine.run->exit_reason == KVM_EXIT_MMIO)
			runner.mmio++;
		else if (result != -EINTR)
			runner.other = result ?: (int)runner.machine.run->exit_reason;
		if (result == -EFAULT)
			usleep(1000);
	}
	return NULL;
}

static void start(const char *code, const char *end)
{
	struct sigaction action = { .sa_handler = wake_up };

	sigaction(SIGUSR1, &action, NULL);
	memset(&runner, 0, sizeof(runner));
	machine_create(&runner.machine, MACHINE_MEMORY);
	machine_boot(&runner.machine, code, end);
	if (pthread_create(&runner.thread, NULL, run_thread, NULL))
		bail_out("pthread_create");
}

static void stop_thread(void)
{
	runner.stop = true;
	runner.machine.run->immediate_exit = 1;
	pthread_kill(runner.thread, SIGUSR1);
	pthread_join(runner.thread, NULL);
}

static void stop(void)
{
	if (!runner.stop)
		stop_thread();
	check(!runner.other, "the guest did nothing but run (%d)", runner.other);
	machine_destroy(&runner.machine);
	check(proc_number("/proc/self/status", "VmLck") == 0, "nothing is left locked");
}

/* Whether what the client writes arrives in the guest and comes back. */
static bool echoes(void)
{
	static uint32_t number = 0x1000;
	uint64_t deadline = now_ms() + PATIENCE_MS;

	*word(&runner.machine, INBOX) = ++number;
	while (*word(&runner.machine, OUTBOX) != number) {
		if (now_ms() > deadline)
			return false;
		sched_yield();
	}
	return true;
}

static bool counter_moves(void)
{
	uint32_t before = *word(&runner.machine, COUNTER);
	uint64_t deadline = now_ms() + PATIENCE_MS;

	while (*word(&runner.machine, COUNTER) == before) {
		if (now_ms() > deadline)
			return false;
		sched_yield();
	}
	return true;
}

static bool counter_stands(void)
{
	uint32_t before = *word(&runner.machine, COUNTER);

	usleep(20000);
	return *word(&runner.machine, COUNTER) == before;
}

/* ---- the client changes its address space -------------------------------- */

static void replace(uint32_t gpa)
{
	if (mmap(runner.machine.memory + gpa, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		bail_out("mmap over guest memory");
}

static void test_changes_under_the_guest(void)
{
	unsigned char *memory;
	unsigned int bad_dontneed = 0, bad_replace = 0, bad_protect = 0, bad_stand = 0;
	unsigned int i, refused;

	start(guest_echo, guest_echo_end);
	memory = runner.machine.memory;
	check(echoes(), "the guest sees what the client writes, and the other way");
	for (i = 0; i < ROUNDS && !bad_dontneed && !bad_replace; i++) {
		madvise(memory + (i % 2 ? INBOX : OUTBOX), PAGE, MADV_DONTNEED);
		bad_dontneed += !echoes();
		replace(i % 2 ? OUTBOX : INBOX);
		bad_replace += !echoes();
	}
	check(!bad_dontneed, "pages given back and taken anew (%u of %u wrong)", bad_dontneed,
	      ROUNDS);
	check(!bad_replace, "pages replaced by others (%u of %u wrong)", bad_replace, ROUNDS);

	refused = runner.refused;
	for (i = 0; i < ROUNDS / 4 && !bad_stand && !bad_protect; i++) {
		mprotect(memory + COUNTER, PAGE, PROT_READ);
		/* From the moment that mprotect() returns. */
		bad_stand += !counter_stands();
		mprotect(memory + COUNTER, PAGE, PROT_READ | PROT_WRITE);
		bad_protect += !counter_moves();
	}
	check(!bad_stand, "a page made read-only is never written (%u of %u wrong)", bad_stand,
	      ROUNDS / 4);
	check(runner.refused > refused, "KVM_RUN says EFAULT then");
	check(!bad_protect, "the guest goes on when it may (%u of %u wrong)", bad_protect,
	      ROUNDS / 4);

	munmap(memory + INBOX, PAGE);
	usleep(50000);
	check(counter_stands(), "without a page the guest stands still");
	replace(INBOX);
	check(counter_moves() && echoes(), "with another it goes on");
	stop();
}

static void test_fork_under_the_guest(void)
{
	unsigned int bad_child = 0, bad_parent = 0;
	unsigned int i;
	int status;
	pid_t child;

	start(guest_echo, guest_echo_end);
	check(echoes(), "the guest runs");
	for (i = 0; i < ROUNDS / 4 && !bad_child && !bad_parent; i++) {
		child = fork();
		if (!child)
			_exit(counter_stands() ? 0 : 1);
		bad_parent += !echoes() || !counter_moves();
		waitpid(child, &status, 0);
		bad_child += status != 0;
		bad_parent += !echoes();
	}
	check(!bad_child, "a child's copy stands still (%u of %u wrong)", bad_child, ROUNDS / 4);
	check(!bad_parent, "the parent's memory stays the guest's (%u wrong)", bad_parent);
	stop();
}

static void test_file_under_the_guest(void)
{
	volatile uint32_t *alias;
	unsigned int bad = 0, i;
	int file = memfd_create("memory", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, PAGE))
		bail_out("memfd_create");
	alias = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	start(guest_echo, guest_echo_end);
	if (mmap(runner.machine.memory + INBOX, PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
		bail_out("mmap of a file over guest memory");
	check(echoes(), "a page of a file");
	for (i = 0; i < ROUNDS && !bad; i++) {
		fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
		*alias = 0x51000000 + i;
		bad += !echoes();
	}
	check(!bad, "holes punched into the file (%u of %u wrong)", bad, ROUNDS);
	i = runner.refused;
	if (ftruncate(file, 0))
		bail_out("ftruncate");
	usleep(50000);
	check(counter_stands() && runner.refused > i, "a file cut short stops the guest");
	if (ftruncate(file, PAGE))
		bail_out("ftruncate");
	check(counter_moves() && echoes(), "grown again, the guest goes on");
	stop();
	munmap((void *)alias, PAGE);
	close(file);
}

/* ---- slots --------------------------------------------------------------- */

static int set_slot(uint64_t gpa, uint64_t bytes, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)memory,
	};

	return ioctl(runner.machine.vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Until KVM_RUN has ended for a device access some more times. */
static bool becomes_device(void)
{
	unsigned int before = runner.mmio;
	uint64_t deadline = now_ms() + PATIENCE_MS;

	while (runner.mmio < before + 3) {
		if (now_ms() > deadline)
			return false;
		sched_yield();
	}
	return true;
}

/* Until no more accesses are the client's. */
static bool is_memory(void)
{
	unsigned int before;

	counter_moves();
	counter_moves();
	before = runner.mmio;
	return counter_moves() && runner.mmio == before;
}

static void test_slots_under_the_guest(void)
{
	unsigned char *memory =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int bad = 0, i;

	start(guest_watch, guest_watch_end);
	check(becomes_device(), "without a slot the guest meets a device");
	for (i = 0; i < ROUNDS / 4 && !bad; i++) {
		bad += set_slot(0x400000, PAGE, memory) || !is_memory();
		bad += set_slot(0, 0, NULL) || !becomes_device();
		bad += set_slot(0x800000, PAGE, memory) || !becomes_device();
		bad += set_slot(0x400000, PAGE, memory) || !is_memory();
		bad += set_slot(0x800000, PAGE, memory) || !becomes_device();
		bad += set_slot(0, 0, NULL) != 0;
	}
	check(!bad, "slots come, move and go under a running guest (%u wrong)", bad);
	stop();
	munmap(memory, PAGE);
}

/* ---- accounts ------------------------------------------------------------ */

static uint64_t pinned_pages(struct machine *machine)
{
	struct ringlet_statistics statistics = {};

	if (ioctl(machine->vcpu, RINGLET_GET_STATISTICS, &statistics))
		bail_out("RINGLET_GET_STATISTICS");
	return statistics.pinned_pages;
}

static void test_accounts(void)
{
	struct ringlet_guest_root root = {};
	struct machine machine;
	long locked;

	machine_create(&machine, MACHINE_MEMORY);
	check(proc_number("/proc/self/status", "VmLck") == 0, "what no guest touched is free");
	MACHINE_BOOT(&machine, touch);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT,
	      "a guest touches 64 pages");
	locked = proc_number("/proc/self/status", "VmLck");
	check(locked >= 64 * 4 && locked <= 80 * 4, "VmLck says so: %ld kB", locked);
	check(pinned_pages(&machine) * 4 == (uint64_t)locked, "as the statistics do");
	check(!ioctl(machine.vcpu, RINGLET_READ_GUEST_ROOT, &root) && root.leaves_below >= 64,
	      "the guest world maps them");
	check(root.leaves_foreign == 0, "and no page that is not the guest's");

	munmap(machine.memory + 0x100000, 32 * PAGE);
	check(pinned_pages(&machine) * 4 == (uint64_t)locked - 32 * 4, "half of them unmapped");
	machine_destroy(&machine);
	check(proc_number("/proc/self/status", "VmLck") == 0, "nothing is left locked");
}

#define LIMIT_PAGES 24

/* Bits of the exit status; 0: all well. */
static int touch_under_a_limit(void)
{
	struct rlimit limit = { LIMIT_PAGES * PAGE, 1000 * PAGE };
	struct machine machine;
	int wrong = 0;

	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, touch);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(65534, 65534, 65534) ||
	    setresuid(65534, 65534, 65534))
		return 128;
	if (machine_run(&machine) != -ENOMEM)
		wrong |= 1;
	if (pinned_pages(&machine) != LIMIT_PAGES)
		wrong |= 2;
	if (machine_run(&machine) != -ENOMEM || pinned_pages(&machine) != LIMIT_PAGES)
		wrong |= 4;
	/* Eight pages are given back: eight others fit, not more. */
	munmap(machine.memory + 0x100000, 8 * PAGE);
	if (machine_run(&machine) != -ENOMEM || pinned_pages(&machine) != LIMIT_PAGES)
		wrong |= 8;
	if (proc_number("/proc/self/status", "VmLck") != LIMIT_PAGES * 4)
		wrong |= 16;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || machine_run(&machine) ||
	    machine.run->exit_reason != KVM_EXIT_HLT)
		wrong |= 32;
	machine_destroy(&machine);
	if (proc_number("/proc/self/status", "VmLck") != 0)
		wrong |= 64;
	return wrong;
}

static void test_limit(void)
{
	int status = -1;
	pid_t child = fork();

	if (!child)
		_exit(touch_under_a_limit());
	waitpid(child, &status, 0);
	if (!WIFEXITED(status))
		bail_out("the child with a memlock limit was killed");
	status = WEXITSTATUS(status);
	check(!(status & 128), "a user with a memlock limit of %u pages", LIMIT_PAGES);
	check(!(status & 1), "KVM_RUN says ENOMEM");
	check(!(status & 2), "when just that many are pinned");
	check(!(status & 4), "and again");
	check(!(status & 8), "pages given back may be used again");
	check(!(status & 16), "VmLck is the limit");
	check(!(status & 32), "with a higher limit the guest goes on to its end");
	check(!(status & 64), "nothing is left locked");
}

/* ---- the shadow's bound -------------------------------------------------- */

#define DIRECTORY 0x20000
#define TABLES	  0x400000

/*
 * With each directory entry a table that says the same, every 4 MB are alike:
 * touch the same page through each 2 MB twice over, and count.
 */
GUEST_CODE(spread, "xor %ecx, %ecx\n mov $2, %edx\n"
		   "1: mov $0x40000, %edi\n"
		   "2: cmpl $0x1234, (%edi)\n jne 3f\n inc %ecx\n"
		   "3: add $0x400000, %edi\n cmp $0x40000, %edi\n jne 2b\n"
		   "mov $0x340000, %edi\n"
		   "4: cmpl $0x5678, (%edi)\n jne 5f\n inc %ecx\n"
		   "5: add $0x400000, %edi\n cmp $0x340000, %edi\n jne 4b\n"
		   "dec %edx\n jnz 1b\n hlt");

static void test_shadow_is_bounded(void)
{
	struct ringlet_statistics statistics = {};
	long memory_kb = proc_number("/proc/meminfo", "MemTotal");
	struct kvm_sregs sregs;
	struct machine machine;
	struct kvm_regs regs;
	unsigned int i, entry;

	machine_create(&machine, TABLES + 1024 * PAGE);
	MACHINE_BOOT(&machine, spread);
	for (i = 0; i < 1024; i++) {
		*word(&machine, DIRECTORY + 4 * i) = (TABLES + i * PAGE) | 3;
		for (entry = 0; entry < 1024; entry++)
			*word(&machine, TABLES + i * PAGE + 4 * entry) = entry * PAGE | 3;
	}
	*word(&machine, 0x40000) = 0x1234;
	*word(&machine, 0x340000) = 0x5678;
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.cr3 = DIRECTORY;
	sregs.cr0 |= 0x80000000;
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	if (!check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT,
		   "a guest uses all 4 GiB of addresses"))
		machine_explain(&machine);
	machine_get_regs(&machine, &regs);
	check(regs.rcx == 4096, "and finds what it must at each (%llu of 4096)", regs.rcx);
	ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &statistics);
	note("%llu shadow pages at most, %llu kB of the module for this VM, %ld MB in the host",
	     statistics.shadow_pages_peak, statistics.module_bytes / 1024, memory_kb / 1024);
	check(statistics.shadow_pages_peak <= 4 + 2048, "the tables of 4 GiB are the limit");
	/* With what is known of each, a shadow page takes three. */
	check(statistics.shadow_pages_peak * 12 <= (uint64_t)memory_kb / 100,
	      "and one percent of the host's memory is");
	check(statistics.shadow_evicted > 0 && statistics.shadow_flushes <= 4,
	      "tables make way one by one (%llu did)", statistics.shadow_evicted);
	machine_destroy(&machine);
}

/* ---- the host needs memory ----------------------------------------------- */

static void drop_caches(void)
{
	int file = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (file < 0 || write(file, "2", 1) != 1)
		bail_out("/proc/sys/vm/drop_caches");
	close(file);
}

static void test_reclaim_under_the_guest(void)
{
	struct ringlet_statistics statistics = {};
	unsigned int i, bad = 0;

	start(guest_echo, guest_echo_end);
	check(echoes(), "the guest runs while the host has memory");
	for (i = 0; i < ROUNDS / 2 && !bad; i++) {
		drop_caches();
		bad += !echoes();
	}
	check(!bad, "it goes on while the host takes it back (%u of %u wrong)", bad, ROUNDS / 2);
	stop_thread();
	if (ioctl(runner.machine.vcpu, RINGLET_GET_STATISTICS, &statistics))
		bail_out("RINGLET_GET_STATISTICS");
	check(statistics.shadow_reclaimed > 0, "shadow tables were given back (%llu)",
	      statistics.shadow_reclaimed);
	drop_caches();
	ioctl(runner.machine.vcpu, RINGLET_GET_STATISTICS, &statistics);
	check(statistics.shadow_pages == 0, "all of them when the guest rests (%llu left)",
	      statistics.shadow_pages);
	stop();
}

int main(void)
{
	test_accounts();
	test_limit();
	test_changes_under_the_guest();
	test_fork_under_the_guest();
	test_file_under_the_guest();
	test_slots_under_the_guest();
	test_shadow_is_bounded();
	test_reclaim_under_the_guest();
	return finish();
}
