// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the client's call that raises an interrupt, or from the moment at which a
 * timer is due, to the first instruction of the guest's handler, which reads the
 * time-stamp counter. Guests that are in ring 3, in ring 0, or asleep in HLT.
 *
 * Prints "figure ENGINE SOURCE STATE MEDIAN LONGEST ARMING" lines. With -icount a
 * tick of the counter is an instruction and a nanosecond. Runs in the disposable
 * host, on one processor: a thread that raises an interrupt has taken it from the
 * guest, and the switch back to the guest's thread is part of the figure.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "selftest.h"

#define SAMPLES	  40
#define BUFFER	  0x20000
#define DELAY	  500017 /* of a timer, in ticks of its guest's counter */
#define PIT_HZ	  1193182ULL
#define PIT_TICKS 597 /* the nearest of the PIT's own */
#define MSR_TSC	  0x10
#define HANDLER	  (MACHINE_CODE + 0x100)
#define VECTOR	  0x50
#define GSI	  4

/* One interrupt: the handler's first instruction, then the timer's next start. */
struct sample {
	uint64_t seen;
	uint64_t armed; /* before the access that starts it */
	uint64_t after;
	uint64_t unused;
};

/*
 * ESI says which timer the handler starts again, EBP whether a local APIC wants
 * to hear of the interrupt's end; EDI goes through the samples. The first call is
 * the guest's own.
 */
#define BEGIN                                                                        \
	"9: test %ebp, %ebp\n jz 1f\n mov $0xff, %al\n out %al, $0x21\n"             \
	" out %al, $0xa1\n movl $0x1ff, 0xfee000f0\n movl $0xb, 0xfee003e0\n"        \
	" movl $0x18, 0xfec00000\n movl $0x50, 0xfec00010\n" /* pin 4 */             \
	" cmp $3, %esi\n jne 2f\n movl $0x10, 0xfec00000\n movl $0x50, 0xfec00010\n" \
	"2: mov $0x50, %eax\n cmp $2, %esi\n jne 3f\n or $0x40000, %eax\n"           \
	"3: mov %eax, 0xfee00320\n1: mov $0x20000, %edi\n int $0x50\n"
#define END                                                                           \
	"\n .skip 0x100 - (. - 9b)\n"                                                 \
	" rdtsc\n mov %eax, (%edi)\n mov %edx, 4(%edi)\n test %ebp, %ebp\n jz 1f\n"   \
	" movl $0, 0xfee000b0\n1: add $32, %edi\n"                                    \
	" cmp $0x20000 + 32 * 41, %edi\n jb 1f\n out %al, $0x10\n"                    \
	"1: cmp $1, %esi\n jb 4f\n je 2f\n cmp $3, %esi\n je 3f\n"                    \
	" rdtsc\n mov %eax, 8(%edi)\n mov %edx, 12(%edi)\n add $500017, %eax\n"       \
	" adc $0, %edx\n mov $0x6e0, %ecx\n wrmsr\n jmp 5f\n"                         \
	"2: rdtsc\n mov %eax, 8(%edi)\n mov %edx, 12(%edi)\n"                         \
	" movl $500017, 0xfee00380\n jmp 5f\n"                                        \
	"3: mov $0x30, %al\n out %al, $0x43\n mov $597 & 255, %al\n out %al, $0x40\n" \
	" rdtsc\n mov %eax, 8(%edi)\n mov %edx, 12(%edi)\n mov $597 >> 8, %al\n"      \
	" out %al, $0x40\n"                                                           \
	"5: rdtsc\n mov %eax, 16(%edi)\n mov %edx, 20(%edi)\n4: iret\n"

GUEST_CODE(ring3, BEGIN " mov $0x33, %eax\n mov %eax, %ds\n mov %eax, %es\n push $0x33\n"
			" push $0x9800\n push $0x202\n push $0x2b\n"
			" push $0x10000 + (7f - 9b)\n iret\n7: jmp 7b" END);
GUEST_CODE(ring0, BEGIN " sti\n7: jmp 7b" END);
GUEST_CODE(halted, BEGIN " sti\n7: hlt\n jmp 7b" END);

enum source { LINE, IRQFD, MSI, INTERRUPT, LAPIC, DEADLINE, PIT };

static const char *const source_names[] = { "line",  "irqfd",	 "msi", "interrupt",
					    "lapic", "deadline", "pit" };

static const struct {
	const char *name;
	const char *code, *end;
} states[] = {
	{ "ring3", guest_ring3, guest_ring3_end },
	{ "ring0", guest_ring0, guest_ring0_end },
	{ "halted", guest_halted, guest_halted_end },
};

static struct machine machine;
static uint32_t engine;
static enum source source;
static int bell;
static uint64_t raised[SAMPLES + 1];

static volatile struct sample *sample(unsigned int i)
{
	return (struct sample *)(machine.memory + BUFFER) + i;
}

static void prepare(struct machine *of)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (ioctl(of->vm, RINGLET_SET_ENGINE, engine))
		bail_out("RINGLET_SET_ENGINE");
	if (source != INTERRUPT &&
	    (ioctl(of->vm, KVM_CREATE_IRQCHIP, 0) || ioctl(of->vm, KVM_CREATE_PIT2, &config)))
		bail_out("making the chips");
}

/* The guest's counter less the host's. */
static uint64_t counter_offset(void)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msrs = { .header.nmsrs = 1, .entry.index = MSR_TSC };
	uint64_t before = __rdtsc(), after;

	if (ioctl(machine.vcpu, KVM_GET_MSRS, &msrs) != 1)
		bail_out("KVM_GET_MSRS");
	after = __rdtsc();
	/* The same counter, unless somebody has set it. */
	if (msrs.entry.data >= before && msrs.entry.data <= after)
		return 0;
	return msrs.entry.data - before;
}

static void raise_interrupt(void)
{
	struct kvm_irq_level line = { .irq = GSI, .level = 1 };
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = VECTOR };
	uint64_t one = 1;

	switch (source) {
	case LINE:
		if (ioctl(machine.vm, KVM_IRQ_LINE, &line))
			bail_out("KVM_IRQ_LINE");
		line.level = 0;
		if (ioctl(machine.vm, KVM_IRQ_LINE, &line))
			bail_out("KVM_IRQ_LINE");
		break;
	case IRQFD:
		if (write(bell, &one, sizeof(one)) != sizeof(one))
			bail_out("writing to the eventfd");
		break;
	default:
		if (ioctl(machine.vm, KVM_SIGNAL_MSI, &msi) < 0)
			bail_out("KVM_SIGNAL_MSI");
	}
}

/* Moments that do not go in step with the host's own timer. */
static void pause_before(unsigned int i)
{
	struct timespec time = { .tv_nsec = 300000 + i * 7919 };

	nanosleep(&time, NULL);
}

static void *raise_all(void *unused)
{
	for (unsigned int i = 1; i <= SAMPLES; i++) {
		/* The one before has been seen: sample 0 is the guest's own. */
		do {
			pause_before(i);
		} while (!sample(i - 1)->seen);
		raised[i] = __rdtsc();
		raise_interrupt();
	}
	return unused;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* KVM_INTERRUPT is for the thread that runs the guest, between two runs. */
static void run_and_interrupt(void)
{
	struct kvm_interrupt interrupt = { .irq = VECTOR };
	unsigned int i = 1;
	int result;

	for (;;) {
		struct itimerval soon = { .it_value.tv_usec = 300 + i * 7 };

		setitimer(ITIMER_REAL, &soon, NULL);
		result = machine_run_once(&machine);
		if (!result && machine.run->exit_reason == KVM_EXIT_IO)
			return;
		if (result != -EINTR && (result || machine.run->exit_reason != KVM_EXIT_HLT))
			break;
		if (!sample(i - 1)->seen || !machine.run->ready_for_interrupt_injection)
			continue;
		raised[i++] = __rdtsc();
		if (ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt))
			bail_out("KVM_INTERRUPT");
	}
	machine_explain(&machine);
	bail_out("the guest did not end");
}

static void run_to_end(void)
{
	int result = machine_run(&machine);

	if (!result && machine.run->exit_reason == KVM_EXIT_IO)
		return;
	machine_explain(&machine);
	bail_out("the guest did not end");
}

static int in_order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* When the interrupt with that number was due, by the guest's counter. */
static uint64_t due(unsigned int i, uint64_t offset)
{
	if (source < LAPIC)
		return raised[i] + offset;
	if (source == PIT)
		return sample(i)->armed + PIT_TICKS * 1000000000ULL / PIT_HZ;
	return sample(i)->armed + DELAY;
}

static void report(const char *state, uint64_t offset)
{
	int64_t late[SAMPLES];
	uint64_t arming = 0;

	for (unsigned int i = 1; i <= SAMPLES; i++) {
		late[i - 1] = sample(i)->seen - due(i, offset);
		if (source >= LAPIC)
			arming += sample(i)->after - sample(i)->armed;
	}
	qsort(late, SAMPLES, sizeof(late[0]), in_order);
	printf("figure %s %s %s %lld %lld %llu\n",
	       engine == RINGLET_ENGINE_TRAP ? "trap" : "interpret", source_names[source], state,
	       (long long)late[SAMPLES / 2], (long long)late[SAMPLES - 1],
	       (unsigned long long)arming / SAMPLES);
}

static void measure(unsigned int state)
{
	struct kvm_irqfd irqfd = { .gsi = GSI };
	struct kvm_regs regs;
	pthread_t thread;
	uint64_t offset;

	machine_create_with(&machine, MACHINE_MEMORY, prepare);
	machine_boot(&machine, states[state].code, states[state].end);
	if (source != INTERRUPT)
		/* The timer's deadline mode, which KVM leaves to the client to offer. */
		machine_set_cpuid(&machine, 1u << 24, 0);
	machine_set_gate(&machine, VECTOR, HANDLER);
	machine_get_regs(&machine, &regs);
	regs.rbp = source != INTERRUPT;
	regs.rsi = source < LAPIC ? 0 : source - LAPIC + 1;
	machine_set_regs(&machine, &regs);
	offset = counter_offset();

	if (source == IRQFD) {
		bell = irqfd.fd = eventfd(0, 0);
		if (ioctl(machine.vm, KVM_IRQFD, &irqfd))
			bail_out("KVM_IRQFD");
	}
	if (source == INTERRUPT) {
		run_and_interrupt();
	} else if (source < LAPIC) {
		if (pthread_create(&thread, NULL, raise_all, NULL))
			bail_out("pthread_create");
		run_to_end();
		pthread_join(thread, NULL);
	} else {
		run_to_end();
	}
	report(states[state].name, offset);
	if (source == IRQFD)
		close(bell);
	machine_destroy(&machine);
}

int main(void)
{
	static const uint32_t engines[] = { RINGLET_ENGINE_TRAP, RINGLET_ENGINE_INTERPRET };
	struct sigaction action = { .sa_handler = on_alarm };

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGALRM, &action, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(engines); i++) {
		engine = engines[i];
		for (source = LINE; source <= PIT; source++) {
			for (unsigned int state = 0; state < ARRAY_SIZE(states); state++)
				measure(state);
		}
	}
	return 0;
}
