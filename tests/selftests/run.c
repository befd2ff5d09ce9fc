// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: every exit that a client can meet, how it is continued, and how a
 * run is ended from outside. The guests are a few instructions in ring 0.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "selftest.h"

static struct machine machine;

static bool runs_to(unsigned int exit_reason, const char *what)
{
	int result = machine_run(&machine);
	bool ok = result == 0 && machine.run->exit_reason == exit_reason;

	check(ok, "%s: exit %s", what, exit_name(exit_reason));
	if (!ok) {
		note("KVM_RUN: %d", result);
		machine_explain(&machine);
	}
	return ok;
}

static void *io_data(void)
{
	return (char *)machine.run + machine.run->io.data_offset;
}

static bool io_is(unsigned int direction, unsigned int port, unsigned int size, unsigned int count)
{
	struct kvm_run *run = machine.run;

	if (run->io.direction == direction && run->io.port == port && run->io.size == size &&
	    run->io.count == count && run->io.data_offset + size * count <= machine.run_bytes)
		return true;
	note("direction %u port 0x%x size %u count %u offset 0x%llx", run->io.direction,
	     run->io.port, run->io.size, run->io.count, run->io.data_offset);
	return false;
}

GUEST_CODE(ports, "mov $0x11223344, %eax\n out %al, $0x10\n mov $0x1234, %dx\n out %ax, %dx\n"
		  "out %eax, %dx\n xor %eax, %eax\n in %dx, %al\n mov %eax, %ebx\n"
		  "in %dx, %ax\n mov %eax, %ecx\n in $0x20, %eax\n hlt");

static void test_ports(void)
{
	struct kvm_regs regs;

	MACHINE_BOOT(&machine, ports);
	runs_to(KVM_EXIT_IO, "OUT to an immediate port");
	check(io_is(KVM_EXIT_IO_OUT, 0x10, 1, 1) && *(uint8_t *)io_data() == 0x44, "one byte");
	runs_to(KVM_EXIT_IO, "OUT of a word");
	check(io_is(KVM_EXIT_IO_OUT, 0x1234, 2, 1) && *(uint16_t *)io_data() == 0x3344, "a word");
	runs_to(KVM_EXIT_IO, "OUT of a doubleword");
	check(io_is(KVM_EXIT_IO_OUT, 0x1234, 4, 1) && *(uint32_t *)io_data() == 0x11223344,
	      "a doubleword");
	runs_to(KVM_EXIT_IO, "IN of a byte");
	check(io_is(KVM_EXIT_IO_IN, 0x1234, 1, 1), "asks for a byte");
	*(uint8_t *)io_data() = 0xa5;
	runs_to(KVM_EXIT_IO, "IN of a word");
	check(io_is(KVM_EXIT_IO_IN, 0x1234, 2, 1), "asks for a word");
	*(uint16_t *)io_data() = 0xbeef;
	runs_to(KVM_EXIT_IO, "IN of a doubleword");
	*(uint32_t *)io_data() = 0xcafebabe;
	runs_to(KVM_EXIT_HLT, "HLT");
	machine_get_regs(&machine, &regs);
	check(regs.rbx == 0xa5 && regs.rcx == 0xbeef && regs.rax == 0xcafebabe,
	      "the answers are in the registers");
}

GUEST_CODE(strings, "cld\n mov $0x18, %eax\n mov $0x20000, %esi\n mov $5, %ecx\n mov $0x40, %dx\n"
		    "rep outsb\n mov $0x21000, %edi\n mov $3, %ecx\n rep insl\n hlt");

static void test_string_ports(void)
{
	unsigned int sent = 0, asked = 0, i;
	char got[8] = {};

	MACHINE_BOOT(&machine, strings);
	memcpy(machine.memory + 0x20000, "hello", 5);
	/* In as many exits as it takes. */
	while (sent < 5 && !machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO &&
	       machine.run->io.direction == KVM_EXIT_IO_OUT) {
		for (i = 0; i < machine.run->io.count && sent < 5; i++)
			got[sent++] = ((char *)io_data())[i];
	}
	check(!strcmp(got, "hello"), "REP OUTSB gives 5 bytes");
	while (asked < 3 && !machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO &&
	       machine.run->io.direction == KVM_EXIT_IO_IN) {
		for (i = 0; i < machine.run->io.count; i++)
			((uint32_t *)io_data())[i] = 0x1000 + asked++;
	}
	check(asked == 3, "REP INSL asks for 3 doublewords");
	runs_to(KVM_EXIT_HLT, "after them");
	check(((uint32_t *)(machine.memory + 0x21000))[0] == 0x1000 &&
		      ((uint32_t *)(machine.memory + 0x21000))[1] == 0x1001 &&
		      ((uint32_t *)(machine.memory + 0x21000))[2] == 0x1002,
	      "they are in memory");
}

GUEST_CODE(mmio, "movl $0x12345678, 0xf0000000\n movb $0x9a, 0xf0000005\n"
		 "mov 0xf0000010, %eax\n movzwl 0xf0000014, %ebx\n add 0xf0000020, %eax\n hlt");

static bool mmio_is(unsigned int is_write, uint64_t address, unsigned int bytes)
{
	struct kvm_run *run = machine.run;

	if (run->mmio.is_write == is_write && run->mmio.phys_addr == address &&
	    run->mmio.len == bytes)
		return true;
	note("write %u address 0x%llx bytes %u", run->mmio.is_write, run->mmio.phys_addr,
	     run->mmio.len);
	return false;
}

static void test_mmio(void)
{
	struct kvm_regs regs;
	uint32_t value;

	MACHINE_BOOT(&machine, mmio);
	runs_to(KVM_EXIT_MMIO, "a write to no memory");
	memcpy(&value, machine.run->mmio.data, 4);
	check(mmio_is(1, 0xf0000000, 4) && value == 0x12345678, "a doubleword");
	runs_to(KVM_EXIT_MMIO, "a write of a byte");
	check(mmio_is(1, 0xf0000005, 1) && machine.run->mmio.data[0] == 0x9a, "a byte");
	runs_to(KVM_EXIT_MMIO, "a read");
	check(mmio_is(0, 0xf0000010, 4), "of a doubleword");
	memcpy(machine.run->mmio.data, &(uint32_t){ 0x40000000 }, 4);
	runs_to(KVM_EXIT_MMIO, "a read with MOVZX");
	check(mmio_is(0, 0xf0000014, 2), "of a word");
	memcpy(machine.run->mmio.data, &(uint16_t){ 0x8765 }, 2);
	runs_to(KVM_EXIT_MMIO, "a read by ADD");
	memcpy(machine.run->mmio.data, &(uint32_t){ 2 }, 4);
	runs_to(KVM_EXIT_HLT, "after them");
	machine_get_regs(&machine, &regs);
	check(regs.rax == 0x40000002 && regs.rbx == 0x8765, "the answers are in the registers");
}

GUEST_CODE(read_only, "mov 0x300000, %eax\n movl $0x55, 0x300004\n mov 0x300004, %ebx\n hlt");

static void test_read_only_slot(void)
{
	struct kvm_userspace_memory_region region = { .slot = 1,
						      .flags = KVM_MEM_READONLY,
						      .guest_phys_addr = 0x300000,
						      .memory_size = 0x1000 };
	struct kvm_regs regs;

	region.userspace_addr = (uintptr_t)machine.memory + 0x80000;
	memcpy(machine.memory + 0x80000, &(uint32_t[2]){ 0x77, 0x66 }, 8);
	if (ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("a read-only slot");
	MACHINE_BOOT(&machine, read_only);
	runs_to(KVM_EXIT_MMIO, "a write to read-only memory");
	check(mmio_is(1, 0x300004, 4) && machine.run->mmio.data[0] == 0x55,
	      "is given to userspace");
	runs_to(KVM_EXIT_HLT, "reads need no exit");
	machine_get_regs(&machine, &regs);
	check(regs.rax == 0x77 && regs.rbx == 0x66, "and see the memory, unchanged");
	region.memory_size = 0;
	ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region);
}

GUEST_CODE(halt, "mov $1, %eax\n hlt\n mov $2, %eax\n hlt");

static void test_halt(void)
{
	struct kvm_regs regs;

	MACHINE_BOOT(&machine, halt);
	runs_to(KVM_EXIT_HLT, "HLT");
	machine_get_regs(&machine, &regs);
	check(regs.rax == 1, "before the rest");
	runs_to(KVM_EXIT_HLT, "the next KVM_RUN goes on behind it");
	machine_get_regs(&machine, &regs);
	check(regs.rax == 2, "with the rest");
}

GUEST_CODE(shutdown, "ud2");

static void test_shutdown(void)
{
	MACHINE_BOOT(&machine, shutdown);
	runs_to(KVM_EXIT_SHUTDOWN, "an exception without a handler is a triple fault");
}

GUEST_CODE(interrupts, "sti\n 1: jmp 1b");
GUEST_CODE(handler, "incl 0x8000\n out %al, $0x99\n iret");

#define HANDLER 0x18000

static void test_interrupts(void)
{
	struct kvm_interrupt interrupt = { .irq = 0x21 };
	unsigned int i, delivered = 0;

	memcpy(machine.memory + HANDLER, guest_handler, guest_handler_end - guest_handler);
	*(uint32_t *)(machine.memory + 0x8000) = 0;
	MACHINE_BOOT(&machine, interrupts);
	machine_set_gate(&machine, 0x21, HANDLER);
	machine.run->request_interrupt_window = 1;
	runs_to(KVM_EXIT_IRQ_WINDOW_OPEN, "a window was asked for, and STI opens it");
	check(machine.run->if_flag && machine.run->ready_for_interrupt_injection,
	      "if_flag and ready_for_interrupt_injection say so");
	machine.run->request_interrupt_window = 0;
	for (i = 0; i < 10; i++) {
		if (ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt))
			break;
		if (machine_run(&machine) || machine.run->exit_reason != KVM_EXIT_IO)
			break;
		delivered++;
	}
	check(delivered == 10, "10 interrupts were delivered (%u)", delivered);
	if (delivered != 10)
		machine_explain(&machine);
	check(*(uint32_t *)(machine.memory + 0x8000) == 10, "and handled");
	check(!machine.run->if_flag, "interrupts are off in the handler");
}

static void test_interrupt_while_off(void)
{
	struct kvm_interrupt interrupt = { .irq = 0x21 };
	struct kvm_sregs sregs;

	MACHINE_BOOT(&machine, halt);
	ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt);
	runs_to(KVM_EXIT_HLT, "an interrupt waits while IF is clear");
	ioctl(machine.vcpu, KVM_GET_SREGS, &sregs);
	check(sregs.interrupt_bitmap[0] == 1ULL << 0x21, "it is still there");
	machine_destroy(&machine);
	machine_create(&machine, MACHINE_MEMORY);
}

GUEST_CODE(loop, "1: incl 0x8000\n jmp 1b");

static void test_immediate_exit(void)
{
	MACHINE_BOOT(&machine, loop);
	*(uint32_t *)(machine.memory + 0x8000) = 0;
	machine.run->immediate_exit = 1;
	check(machine_run_once(&machine) == -EINTR, "immediate_exit: EINTR");
	check(machine.run->exit_reason == KVM_EXIT_INTR, "exit INTR");
	check(*(uint32_t *)(machine.memory + 0x8000) == 0, "not one instruction was executed");
	machine.run->immediate_exit = 0;
}

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static void arm(unsigned int microseconds)
{
	struct itimerval timer = { .it_value.tv_usec = microseconds,
				   .it_interval.tv_usec = microseconds };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void test_signal(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	unsigned int i, interrupted = 0;
	struct kvm_regs regs;

	sigaction(SIGALRM, &action, NULL);
	MACHINE_BOOT(&machine, loop);
	*(uint32_t *)(machine.memory + 0x8000) = 0;
	signals = 0;
	arm(10000);
	for (i = 0; i < 20; i++) {
		if (machine_run_once(&machine) == -EINTR &&
		    machine.run->exit_reason == KVM_EXIT_INTR)
			interrupted++;
	}
	arm(0);
	check(interrupted == 20, "20 runs of an endless loop were ended by signals (%u)",
	      interrupted);
	check(signals >= 20, "and their handler was called");
	machine_get_regs(&machine, &regs);
	check(regs.rip >= MACHINE_CODE && regs.rip < MACHINE_CODE + 8, "the guest is in its loop");
	check(*(uint32_t *)(machine.memory + 0x8000) > 1000, "and had time");
}

/* As QEMU does it: the signal is blocked but for KVM_RUN. */
static void test_signal_mask(void)
{
	struct {
		struct kvm_signal_mask header;
		uint64_t mask;
	} __attribute__((packed)) mask = { .header.len = 8, .mask = 0 };
	sigset_t blocked, old, pending;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	check_done(ioctl(machine.vcpu, KVM_SET_SIGNAL_MASK, &mask), "SIGALRM open in KVM_RUN only");
	MACHINE_BOOT(&machine, loop);
	signals = 0;
	arm(10000);
	check(machine_run_once(&machine) == -EINTR, "it ends the run");
	check(signals == 0, "its handler was not called");
	sigpending(&pending);
	check(sigismember(&pending, SIGALRM), "it is pending");
	sigprocmask(SIG_BLOCK, NULL, &pending);
	check(sigismember(&pending, SIGALRM), "and blocked, as before KVM_RUN");
	check(machine_run_once(&machine) == -EINTR, "the next run ends at once");
	arm(0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	check(signals > 0, "opened, it comes");
	ioctl(machine.vcpu, KVM_SET_SIGNAL_MASK, NULL);
}

GUEST_CODE(fpu, "fninit\n fld1\n fldpi\n movups 0x20000, %xmm3\n paddd %xmm3, %xmm3\n hlt");

static void test_fpu(void)
{
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;
	uint32_t words[4] = { 1, 2, 3, 4 };

	MACHINE_BOOT(&machine, fpu);
	memcpy(machine.memory + 0x20000, words, sizeof(words));
	ioctl(machine.vcpu, KVM_GET_SREGS, &sregs);
	sregs.cr4 |= 3 << 9; /* OSFXSR, OSXMMEXCPT */
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS with OSFXSR");
	runs_to(KVM_EXIT_HLT, "x87 and SSE instructions");
	check_done(ioctl(machine.vcpu, KVM_GET_FPU, &fpu), "KVM_GET_FPU");
	memcpy(words, fpu.xmm[3], sizeof(words));
	check(words[0] == 2 && words[1] == 4 && words[2] == 6 && words[3] == 8, "XMM3 is doubled");
	check(fpu.ftwx == 0xc0, "two x87 registers are in use (0x%x)", fpu.ftwx);
	check(!memcmp(fpu.fpr[1], "\0\0\0\0\0\0\0\x80\xff\x3f", 10), "ST(1) is 1");
}

static void test_after_a_run(void)
{
	static struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entries[100];
	} cpuid = { .header.nent = 100 };

	check_error(ioctl(machine.vm, RINGLET_SET_ENGINE, RINGLET_ENGINE_TRAP), EBUSY,
		    "the engine is settled by the first run");
	if (ioctl(machine.vcpu, KVM_GET_CPUID2, &cpuid))
		bail_out("KVM_GET_CPUID2");
	check_done(ioctl(machine.vcpu, KVM_SET_CPUID2, &cpuid), "the same CPUID again");
	cpuid.entries[1].eax ^= 1;
	check_error(ioctl(machine.vcpu, KVM_SET_CPUID2, &cpuid), EINVAL,
		    "another CPUID after a run");
}

static void test_statistics(void)
{
	struct ringlet_statistics before, after;

	ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &before);
	MACHINE_BOOT(&machine, halt);
	runs_to(KVM_EXIT_HLT, "HLT");
	check_done(ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &after), "RINGLET_GET_STATISTICS");
	check(after.emulated[RINGLET_EMULATED_HLT] == before.emulated[RINGLET_EMULATED_HLT] + 1,
	      "one HLT more");
	check(after.exits[13] > before.exits[13], "it was a #GP");
	check(after.world_switches > before.world_switches, "the world was switched");
	check(after.exits_user == before.exits_user + 1, "one return from KVM_RUN");
	check(after.pinned_pages > 0 && after.module_bytes > 0, "memory is counted");
}

/* What the engine cannot run stops the VM with a sentence, again and again. */
static void test_stop(void)
{
	struct ringlet_stop_reason reason;
	struct kvm_sregs sregs;
	unsigned int i;

	MACHINE_BOOT(&machine, halt);
	ioctl(machine.vcpu, KVM_GET_SREGS, &sregs);
	sregs.cr0 |= 1ULL << 31; /* paging */
	sregs.cr3 = 0x7f000000;	 /* far above the machine's memory */
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS with paging");
	for (i = 0; i < 2; i++) {
		runs_to(KVM_EXIT_INTERNAL_ERROR, "page tables where no memory is");
		memset(&reason, 0xff, sizeof(reason));
		check_done(ioctl(machine.vcpu, RINGLET_GET_STOP_REASON, &reason), "a reason");
		check(memchr(reason.text, 0, sizeof(reason.text)) && strlen(reason.text) > 10,
		      "is a sentence: %.100s", reason.text);
	}
}

/* Real mode has no ring to run in: engine trap interprets it. */
static void test_real_mode(void)
{
	struct ringlet_statistics before, after;
	struct kvm_sregs sregs;

	MACHINE_BOOT(&machine, halt);
	ioctl(machine.vcpu, KVM_GET_SREGS, &sregs);
	sregs.cr0 &= ~1ULL;
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS of real mode");
	ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &before);
	runs_to(KVM_EXIT_HLT, "HLT in real mode");
	ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &after);
	check(after.interpreted > before.interpreted, "it was interpreted");
}

/*
 * IRETD to virtual-8086 mode from ring 1, single-stepping, with a CS that looks
 * like ring 0 and a stack in guest memory. A processor ignores VM there and
 * refuses the selector; QEMU's emulation obeys, and the #DB that follows must
 * not be taken for one of our own ring 0.
 */
GUEST_CODE(virtual_8086, "push $0\n push $0\n push $0\n push $0\n push $0\n push $0x8100\n"
			 "push $0x20102\n push $0x68\n push $0\n iret");

static void test_virtual_8086(void)
{
	struct ringlet_stop_reason reason = {};
	unsigned int exit_reason;

	MACHINE_BOOT(&machine, virtual_8086);
	check_done(machine_run(&machine), "IRET to virtual-8086 mode ends the run");
	exit_reason = machine.run->exit_reason;
	ioctl(machine.vcpu, RINGLET_GET_STOP_REASON, &reason);
	check(exit_reason == KVM_EXIT_SHUTDOWN ||
		      (exit_reason == KVM_EXIT_INTERNAL_ERROR && strstr(reason.text, "8086")),
	      "as a fault, or with a sentence about it: %s %.100s", exit_name(exit_reason),
	      reason.text);
}

/* KVM_RUN holds the vCPU: another thread's ioctl waits, and a kick ends it. */
static void *run_in_thread(void *argument)
{
	(void)argument;
	return (void *)(long)machine_run_once(&machine);
}

static void test_threads(void)
{
	struct kvm_regs regs;
	pthread_t thread;
	void *result;

	machine_destroy(&machine);
	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, loop);
	*(volatile uint32_t *)(machine.memory + 0x8000) = 0;
	if (pthread_create(&thread, NULL, run_in_thread, NULL))
		bail_out("pthread_create");
	while (!*(volatile uint32_t *)(machine.memory + 0x8000))
		usleep(1000);
	check(true, "a guest runs in another thread");
	pthread_kill(thread, SIGALRM);
	check_done(ioctl(machine.vcpu, KVM_GET_REGS, &regs), "KVM_GET_REGS waits for its end");
	pthread_join(thread, &result);
	check((long)result == -EINTR, "which a signal brought");
}

int main(void)
{
	machine_create(&machine, MACHINE_MEMORY);
	test_ports();
	test_string_ports();
	test_mmio();
	test_read_only_slot();
	test_halt();
	test_shutdown();
	test_interrupts();
	test_interrupt_while_off();
	test_immediate_exit();
	test_signal();
	test_signal_mask();
	test_fpu();
	test_after_a_run();
	test_statistics();
	test_stop();
	test_real_mode();
	test_virtual_8086();
	test_threads();
	machine_destroy(&machine);
	return finish();
}
