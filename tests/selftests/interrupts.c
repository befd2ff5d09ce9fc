// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts by KVM_INTERRUPT: the client of tests/guests/client_interrupts.c.
 * A guest's OUT to port 0x500 queues that vector, through the interrupt window
 * if it cannot be taken at once.
 */
#include <signal.h>
#include <sys/time.h>

#include "image.h"

#define PORT_INTERRUPT 0x500
#define VECTOR	       0x60

static struct machine machine;
static unsigned int wanted; /* vector to queue when the window opens */
static unsigned int windows, closed;

static bool inject(struct machine *to, unsigned int vector)
{
	struct kvm_interrupt interrupt = { .irq = vector };

	return !ioctl(to->vcpu, KVM_INTERRUPT, &interrupt);
}

static bool handle(struct machine *from)
{
	struct kvm_run *run = from->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		/* No other device is here. */
		if (run->io.port != PORT_INTERRUPT)
			return true;
		wanted = *((unsigned char *)run + run->io.data_offset);
		if (!run->ready_for_interrupt_injection) {
			run->request_interrupt_window = 1;
			return true;
		}
		return inject(from, wanted);
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		windows++;
		run->request_interrupt_window = 0;
		closed += !run->if_flag || !run->ready_for_interrupt_injection;
		return inject(from, wanted);
	case KVM_EXIT_HLT:
		/* HLT comes before the window that it ends. */
		run->request_interrupt_window = 0;
		return inject(from, VECTOR);
	default: return false;
	}
}

/* A jump to itself never leaves the place where STI's shadow ends. */
GUEST_CODE(shadow, "sti\n1: jmp 1b");

static void on_alarm(int signal)
{
	(void)signal;
}

/* A client that asks for no window sees from each return whether one is open. */
static void test_end_of_shadow(void)
{
	/* Again and again: the first may come before KVM_RUN has begun. */
	struct itimerval alarms = { { .tv_usec = 2000 }, { .tv_usec = 2000 } };
	struct sigaction action = { .sa_handler = on_alarm };
	unsigned int i;

	sigaction(SIGALRM, &action, NULL);
	machine_create(&machine, MACHINE_MEMORY);
	MACHINE_BOOT(&machine, shadow);
	setitimer(ITIMER_REAL, &alarms, NULL);
	for (i = 0; i < 100; i++) {
		if (machine_run_once(&machine) != -EINTR ||
		    machine.run->ready_for_interrupt_injection)
			break;
	}
	alarms = (struct itimerval){};
	setitimer(ITIMER_REAL, &alarms, NULL);
	check(machine.run->ready_for_interrupt_injection && machine.run->if_flag,
	      "the interrupt shadow of STI ends where the guest jumps to the same place");
	machine_destroy(&machine);
}

int main(void)
{
	test_end_of_shadow();
	image_boot(&machine, "client_interrupts");
	image_run(&machine, handle);
	check(windows > 0, "windows opened: %u", windows);
	check(!closed, "each had IF set and was ready for an interrupt");
	machine_destroy(&machine);
	return finish();
}
