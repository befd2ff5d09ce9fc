// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every x87 and SSE register of two VMs and of the host's threads, on one CPU:
 * each keeps what it loaded across exits, preemption, and the guest's own
 * switching of CR0.TS. The guests' and the threads' values differ everywhere.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "selftest.h"

/* Whichever comes first: slow emulators take long for a second. */
#define SECONDS	   3
#define ROUNDS	   300
#define MACHINES   2
#define IMAGE	   0x20000 /* what the guest loads, by FXRSTOR */
#define RESULT	   0x20400 /* what it finds later, by FXSAVE */
#define SPIN	   0x20800 /* how long it waits in between */
#define NM_COUNT   0x20804
#define NM_HANDLER 0x11000

/*
 * Load, wait, exit, wait, look, exit. Before the looking CR0.TS is set, so that
 * it comes as #NM first.
 */
GUEST_CODE(registers, "0: mov $0x20000, %esi\n fxrstor (%esi)\n"
		      "mov 0x20800, %ecx\n 1: dec %ecx\n jnz 1b\n"
		      "out %al, $0x10\n"
		      "mov %cr0, %eax\n or $8, %eax\n mov %eax, %cr0\n"
		      "mov 0x20800, %ecx\n 2: dec %ecx\n jnz 2b\n"
		      "mov $0x20400, %edi\n fxsave (%edi)\n"
		      "out %al, $0x11\n jmp 0b");
GUEST_CODE(no_device, "clts\n incl 0x20804\n iret");

/* FXSAVE's format, as far as it matters here. */
struct image {
	uint16_t control, status;
	uint8_t tag, reserved1;
	uint16_t opcode;
	uint64_t ip, dp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16];
	uint8_t xmm[16][16];
	uint8_t reserved2[96];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct image) == 512, "FXSAVE stores 512 bytes");

static void make_image(struct image *image, unsigned int seed)
{
	memset(image, 0, sizeof(*image));
	image->control = seed & 1 ? 0x037f : 0x0c7f;
	image->tag = 0xff;
	image->mxcsr = seed & 1 ? 0x1f80 : 0x7f80;
	for (unsigned int i = 0; i < 8; i++) {
		memset(image->st[i], 0x80 | (seed * 16 + i), 8);
		image->st[i][8] = 0x10 + i;
		image->st[i][9] = 0x40;
	}
	for (unsigned int i = 0; i < 16; i++)
		memset(image->xmm[i], seed * 40 + i, 16);
}

static bool same_registers(const struct image *got, const struct image *wanted, unsigned int xmms)
{
	for (unsigned int i = 0; i < 8; i++)
		if (memcmp(got->st[i], wanted->st[i], 10))
			return false;
	return got->control == wanted->control && got->mxcsr == wanted->mxcsr &&
	       got->tag == wanted->tag && !memcmp(got->xmm, wanted->xmm, xmms * 16);
}

/* A system call with all of these registers loaded, and what is in them then. */
static long call_with(long number, long one, long two, const struct image *before,
		      struct image *after)
{
	long result = number;

	__asm__ volatile(
		"fxrstor %[before]\n\tsyscall\n\tfxsave %[after]\n\tfninit\n\tldmxcsr %[mxcsr]"
		: "+a"(result), [after] "=m"(*after)
		: "D"(one), "S"(two),
		  "d"(0L), [before] "m"(*before), [mxcsr] "m"((const uint32_t){ 0x1f80 })
		: "rcx", "r11", "memory", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
		  "st(6)", "st(7)", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		  "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return result;
}

/* The thread of the host goes on until the machines have ended. */
static volatile unsigned int machines_left = MACHINES;

struct worker {
	pthread_t thread;
	unsigned int seed;
	unsigned int rounds, guest_wrong, host_wrong, no_device;
	bool failed;
};

static void boot(struct machine *machine, const struct image *image)
{
	struct kvm_sregs sregs;

	machine_create(machine, MACHINE_MEMORY);
	MACHINE_BOOT(machine, registers);
	memcpy(machine->memory + NM_HANDLER, guest_no_device,
	       guest_no_device_end - guest_no_device);
	machine_set_gate(machine, 7, NM_HANDLER);
	memcpy(machine->memory + IMAGE, image, sizeof(*image));
	*(uint32_t *)(machine->memory + SPIN) = 20000;
	if (ioctl(machine->vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.cr4 |= 3 << 9; /* OSFXSR, OSXMMEXCPT */
	if (ioctl(machine->vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
}

/* A VM, with registers of its own in the thread that runs it. */
static void *machine_worker(void *argument)
{
	struct worker *worker = argument;
	struct image guest, host, after;
	struct machine machine;

	make_image(&guest, worker->seed);
	make_image(&host, worker->seed + MACHINES);
	boot(&machine, &guest);
	while (time_left(SECONDS) && worker->rounds < ROUNDS) {
		long result = call_with(SYS_ioctl, machine.vcpu, KVM_RUN, &host, &after);

		worker->host_wrong += !same_registers(&after, &host, 16);
		if (result == -EINTR)
			continue;
		if (result || machine.run->exit_reason != KVM_EXIT_IO) {
			machine_explain(&machine);
			worker->failed = true;
			break;
		}
		if (machine.run->io.port != 0x11)
			continue;
		worker->rounds++;
		worker->guest_wrong +=
			!same_registers((struct image *)(machine.memory + RESULT), &guest, 8);
		memset(machine.memory + RESULT, 0, sizeof(guest));
	}
	__atomic_fetch_sub(&machines_left, 1, __ATOMIC_SEQ_CST);
	worker->no_device = *(uint32_t *)(machine.memory + NM_COUNT);
	machine_destroy(&machine);
	return NULL;
}

/* A thread beside them that gives up the CPU all the time. */
static void *host_worker(void *argument)
{
	struct worker *worker = argument;
	struct image host, after;

	make_image(&host, worker->seed + MACHINES);
	while (time_left(SECONDS) && machines_left) {
		call_with(SYS_sched_yield, 0, 0, &host, &after);
		worker->host_wrong += !same_registers(&after, &host, 16);
		worker->rounds++;
	}
	return NULL;
}

int main(void)
{
	struct worker workers[MACHINES + 1] = {};
	cpu_set_t one;

	/* All on one CPU, so that they take it from each other. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	time_left(SECONDS);
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].seed = i;
		if (pthread_create(&workers[i].thread, NULL,
				   i < MACHINES ? machine_worker : host_worker, &workers[i]))
			bail_out("pthread_create");
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		const struct worker *worker = &workers[i];
		const char *what = i < MACHINES ? "VM" : "thread";

		pthread_join(worker->thread, NULL);
		check(!worker->failed && worker->rounds > 3, "%s %u ran: %u rounds", what, i,
		      worker->rounds);
		check(!worker->host_wrong, "%s %u: the host's registers are its own (%u wrong)",
		      what, i, worker->host_wrong);
		if (i >= MACHINES)
			continue;
		check(!worker->guest_wrong, "%s %u: the guest's registers are its own (%u wrong)",
		      what, i, worker->guest_wrong);
		check(worker->no_device >= worker->rounds, "%s %u: each look was an #NM first (%u)",
		      what, i, worker->no_device);
	}
	return finish();
}
