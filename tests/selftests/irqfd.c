// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_IRQFD: interrupts by writing to an eventfd, as edges and as levels that
 * stay until the guest ends them; what is refused; and every order in which
 * irqfds, eventfds, machines and processes can end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chips.h"
#include "exits.h"

#define DEASSIGN  KVM_IRQFD_FLAG_DEASSIGN
#define RESAMPLE  KVM_IRQFD_FLAG_RESAMPLE

#define IRQ	  3
#define OTHER_IRQ 5
#define SLAVE_IRQ 11
/* As the module has it. */
#define IRQFDS_MOST 4096

static void trigger(int file)
{
	uint64_t one = 1;

	if (write(file, &one, sizeof(one)) != sizeof(one))
		bail_out("writing to an eventfd");
}

static int change(int vm, uint32_t flags, int file, uint32_t gsi, int resample)
{
	struct kvm_irqfd arguments = {
		.fd = file,
		.gsi = gsi,
		.flags = flags,
		.resamplefd = resample,
	};

	return ioctl(vm, KVM_IRQFD, &arguments);
}

static struct kvm_pic_state chip_state(int vm, uint32_t chip_id)
{
	struct kvm_irqchip chip = { .chip_id = chip_id };

	if (ioctl(vm, KVM_GET_IRQCHIP, &chip))
		bail_out("KVM_GET_IRQCHIP");
	return chip.chip.pic;
}

/* Requested at the PIC, and whether its line is up now. */
static bool is_requested(int vm, unsigned int irq)
{
	return chip_state(vm, irq / 8).irr & 1 << irq % 8;
}

static bool is_up(int vm, unsigned int irq)
{
	return chip_state(vm, irq / 8).last_irr & 1 << irq % 8;
}

static void test_arguments(void)
{
	int vm = new_vm(), file = new_eventfd(), other = new_eventfd();
	int device = open(DEVICE, O_RDWR | O_CLOEXEC);

	check_error(change(vm, 0, file, IRQ, 0), EINVAL, "without an irqchip");
	check_error(change(vm, RESAMPLE, file, IRQ, other), EINVAL, "with resample");
	check_done(change(vm, DEASSIGN, file, IRQ, 0), "to take away what is not there");
	check_error(change(vm, DEASSIGN, -1, IRQ, 0), EBADF, "of no file");
	close(vm);

	vm = new_vm_with_irqchip();
	check_error(ioctl(vm, KVM_IRQFD, NULL), EFAULT, "nothing");
	check_error(change(vm, 4, file, IRQ, 0), EINVAL, "an unknown flag");
	check_error(change(vm, DEASSIGN | 4, file, IRQ, 0), EINVAL, "to take it away");
	check_error(change(vm, 0, -1, IRQ, 0), EBADF, "no file");
	check_error(change(vm, 0, device, IRQ, 0), EINVAL, "a file that is no eventfd");
	check_error(change(vm, RESAMPLE, file, IRQ, -1), EBADF, "no file to resample");
	check_error(change(vm, RESAMPLE, file, IRQ, device), EINVAL, "nor an eventfd");
	check_error(change(vm, DEASSIGN, device, IRQ, 0), EINVAL, "to take away no eventfd");
	check_done(change(vm, 0, file, IRQ, 0), "an eventfd");
	check_error(change(vm, 0, file, IRQ, 0), EBUSY, "again");
	check_error(change(vm, 0, file, OTHER_IRQ, 0), EBUSY, "for another GSI");
	check_error(change(vm, RESAMPLE, file, IRQ, other), EBUSY, "with resample");
	check_done(change(vm, 0, other, IRQ, 0), "a second for the same GSI");
	check_done(change(vm, DEASSIGN, file, OTHER_IRQ, 0), "of another GSI none is taken away");
	trigger(file);
	check(is_requested(vm, IRQ), "it is still there");
	check_done(change(vm, DEASSIGN, file, IRQ, 0), "it is taken away");
	check_done(change(vm, 0, file, 0xffffffff, 0), "for a GSI that leads nowhere");
	trigger(file);
	check(!eventfd_count(file), "it is read all the same");
	close(vm);
	close(file);
	close(other);
	close(device);
}

/* Where a GSI leads. */
static void route(int vm, uint32_t gsi, uint32_t irq)
{
	struct {
		struct kvm_irq_routing header;
		struct kvm_irq_routing_entry entry;
	} routing = {
		.header.nr = 1,
		.entry = { .gsi = gsi,
			   .type = KVM_IRQ_ROUTING_IRQCHIP,
			   .u.irqchip = { irq / 8, irq % 8 } },
	};

	check_done(ioctl(vm, KVM_SET_GSI_ROUTING, &routing), "GSI %u leads to IRQ %u", gsi, irq);
}

static void test_edges(void)
{
	int vm = new_vm_with_irqchip(), file = new_eventfd(), early = new_eventfd();

	check_done(change(vm, 0, file, IRQ, 0), "an eventfd for IRQ %u", IRQ);
	check(!is_requested(vm, IRQ), "nothing yet");
	trigger(file);
	check(is_requested(vm, IRQ) && !is_up(vm, IRQ), "written to: an edge");
	check(!eventfd_count(file), "what was written is taken");
	trigger(early);
	check_done(change(vm, 0, early, SLAVE_IRQ, 0), "one that was written to before");
	check(is_requested(vm, SLAVE_IRQ), "it counts");
	route(vm, IRQ, OTHER_IRQ);
	trigger(file);
	check(is_requested(vm, OTHER_IRQ), "it goes where the GSI leads now");
	check_done(change(vm, DEASSIGN, file, IRQ, 0), "taken away");
	trigger(file);
	check(eventfd_count(file) == 1, "now it is an ordinary eventfd");
	close(vm);
	trigger(early);
	check(eventfd_count(early) == 1, "after the VM's end so is the other");
	close(file);
	close(early);
}

static void test_levels_without_guest(void)
{
	int vm = new_vm_with_irqchip(), file = new_eventfd(), resample = new_eventfd();
	int second = new_eventfd();
	struct kvm_irq_level line = { .irq = IRQ, .level = 1 };

	check_done(change(vm, RESAMPLE, file, IRQ, resample), "a level");
	check(!is_up(vm, IRQ), "the line is down");
	trigger(file);
	check(is_up(vm, IRQ), "it goes up and stays");
	check_done(change(vm, RESAMPLE, second, IRQ, resample), "another on the same line");
	check_done(change(vm, DEASSIGN, file, IRQ, 0), "the one that raised it goes");
	check(is_up(vm, IRQ), "the line is the other's too");
	check_done(change(vm, DEASSIGN, second, IRQ, 0), "it goes too");
	check(!is_up(vm, IRQ), "the line goes down");

	check_done(change(vm, RESAMPLE, file, IRQ, resample), "a level again");
	trigger(file);
	check_done(ioctl(vm, KVM_IRQ_LINE, &line), "the client holds the line as well");
	close(file);
	check(is_up(vm, IRQ), "the eventfd is closed: the client still holds it");
	line.level = 0;
	check_done(ioctl(vm, KVM_IRQ_LINE, &line), "it lets go");
	check(!is_up(vm, IRQ), "and the line is down: closing let go, too");
	check(!eventfd_count(resample), "nobody ended an interrupt");

	file = new_eventfd();
	check_done(change(vm, RESAMPLE, file, IRQ, resample), "once more");
	trigger(file);
	check(is_up(vm, IRQ), "up");
	route(vm, IRQ, OTHER_IRQ);
	check(!is_up(vm, IRQ) && !is_up(vm, OTHER_IRQ), "another route: down at both");
	check(eventfd_count(resample) == 1, "and the client is asked");
	trigger(file);
	check(is_up(vm, OTHER_IRQ), "it raises the other");
	close(resample);
	close(vm);
	close(file);
	close(second);
}

/*
 * Vectors are 40h + IRQ. Each handler says its IRQ at a port, then ends its
 * interrupt, and the guest waits for the next.
 */
#define VECTORS	       0x40
#define HANDLER_OFFSET 0x80
#define HANDLER_BYTES  16

GUEST_CODE(waiter, "9: sti\n1: hlt\n jmp 1b\n .skip 0x80 - (. - 9b)\n"
		   /* the master's */
		   "7: push %eax\n mov $3, %al\n out %al, $0x11\n mov $0x20, %al\n"
		   "out %al, $0x20\n pop %eax\n iret\n .skip 16 - (. - 7b)\n"
		   "7: push %eax\n mov $5, %al\n out %al, $0x11\n mov $0x20, %al\n"
		   "out %al, $0x20\n pop %eax\n iret\n .skip 16 - (. - 7b)\n"
		   /* the slave's, with one more EOI */
		   "7: push %eax\n mov $11, %al\n out %al, $0x11\n mov $0x20, %al\n"
		   "out %al, $0xa0\n out %al, $0x20\n pop %eax\n iret");

static void prepare(struct machine *of)
{
	static const uint8_t level_triggered[] = { 1 << OTHER_IRQ, 1 << SLAVE_IRQ % 8 };

	make_irqchip(of->vm);
	for (unsigned int i = 0; i < 2; i++) {
		struct kvm_irqchip chip = { .chip_id = i };

		if (ioctl(of->vm, KVM_GET_IRQCHIP, &chip))
			bail_out("KVM_GET_IRQCHIP");
		chip.chip.pic.irq_base = VECTORS + 8 * i;
		chip.chip.pic.elcr = level_triggered[i];
		if (ioctl(of->vm, KVM_SET_IRQCHIP, &chip))
			bail_out("KVM_SET_IRQCHIP");
	}
}

static unsigned int engine;
static struct machine machine;

static void boot(void)
{
	static const unsigned int irqs[] = { IRQ, OTHER_IRQ, SLAVE_IRQ };

	machine_create_with(&machine, MACHINE_MEMORY, prepare);
	if (ioctl(machine.vm, RINGLET_SET_ENGINE, engine))
		bail_out("RINGLET_SET_ENGINE");
	MACHINE_BOOT(&machine, waiter);
	for (unsigned int i = 0; i < ARRAY_SIZE(irqs); i++)
		machine_set_gate(&machine, VECTORS + irqs[i],
				 MACHINE_CODE + HANDLER_OFFSET + i * HANDLER_BYTES);
}

/* The IRQ that the guest says next, or -1: it waits for too long. */
static int next_irq(void)
{
	alarm(5);
	for (;;) {
		int result = machine_run_once(&machine);

		if (result == -EINTR || result)
			return -1;
		if (machine.run->exit_reason != KVM_EXIT_IO || machine.run->io.port != 0x11)
			return -1;
		alarm(0);
		return *((unsigned char *)machine.run + machine.run->io.data_offset);
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Lets the guest go on until it sleeps, and a bit further: nothing comes. */
static bool stays_quiet(void)
{
	struct itimerval timer = { .it_value.tv_usec = 50000, .it_interval.tv_usec = 50000 };
	struct kvm_mp_state state = { 0 };
	unsigned int asleep = 0;
	int result = -EINTR;

	setitimer(ITIMER_REAL, &timer, NULL);
	for (unsigned int i = 0; i < 100 && asleep < 2 && result == -EINTR; i++) {
		result = machine_run_once(&machine);
		ioctl(machine.vcpu, KVM_GET_MP_STATE, &state);
		asleep += state.mp_state == KVM_MP_STATE_HALTED;
	}
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	return result == -EINTR && asleep == 2;
}

static void test_guest(const char *name)
{
	int edge = new_eventfd(), level = new_eventfd(), resample = new_eventfd();
	int slave = new_eventfd(), slave_resample = new_eventfd();
	int idle = new_eventfd(), told = new_eventfd();

	boot();
	check_done(change(machine.vm, 0, edge, IRQ, 0), "%s: an edge for IRQ %u", name, IRQ);
	check_done(change(machine.vm, RESAMPLE, level, OTHER_IRQ, resample), "a level");
	check_done(change(machine.vm, RESAMPLE, slave, SLAVE_IRQ, slave_resample), "at the slave");
	check_done(change(machine.vm, RESAMPLE, idle, SLAVE_IRQ, told), "and one that is idle");

	trigger(edge);
	check(next_irq() == IRQ && stays_quiet(), "an edge interrupts");
	trigger(level);
	check(next_irq() == OTHER_IRQ, "a level interrupts");
	check(is_up(machine.vm, OTHER_IRQ) && !eventfd_count(resample),
	      "and stays up in the handler");
	check(stays_quiet(), "once");
	check(!is_up(machine.vm, OTHER_IRQ), "its end lets it down");
	check(eventfd_count(resample) == 1, "and the client is told");
	trigger(level);
	check(next_irq() == OTHER_IRQ && stays_quiet() && eventfd_count(resample) == 1,
	      "it can be raised again");

	trigger(slave);
	trigger(slave);
	check(next_irq() == SLAVE_IRQ, "one of the slave");
	check(!eventfd_count(slave_resample), "has not ended");
	trigger(slave);
	check(stays_quiet(), "raised again in its handler, it is the same interrupt");
	check(eventfd_count(slave_resample) == 1, "ended once");
	check(eventfd_count(told) == 1, "the other of its line is told, too");

	trigger(slave);
	trigger(level);
	check(next_irq() == SLAVE_IRQ, "of two the cascade's comes first");
	check(next_irq() == OTHER_IRQ, "then the other");
	check(stays_quiet() && eventfd_count(resample) == 1 && eventfd_count(slave_resample) == 1,
	      "each is told once");

	check_done(change(machine.vm, DEASSIGN, level, OTHER_IRQ, 0), "the level is taken away");
	trigger(level);
	check(stays_quiet() && eventfd_count(level) == 1, "now it does nothing");
	machine_destroy(&machine);
	close(edge);
	close(level);
	close(resample);
	close(slave);
	close(slave_resample);
	close(idle);
	close(told);
}

/* The device of a level: it wants as many interrupts as it was asked for. */
struct level_device {
	int trigger, resample;
	unsigned int wanted, given;
};

static void *device_thread(void *argument)
{
	struct level_device *device = argument;
	struct pollfd poll_for = { .fd = device->resample, .events = POLLIN };

	trigger(device->trigger);
	while (device->given < device->wanted && poll(&poll_for, 1, 5000) == 1) {
		if (!eventfd_count(device->resample))
			continue;
		device->given++;
		if (device->given < device->wanted)
			trigger(device->trigger);
	}
	return NULL;
}

/* Each level is ended once and told once, from another thread, hundreds of times. */
static void test_ping_pong(const char *name)
{
	struct level_device device = { new_eventfd(), new_eventfd(), 300, 0 };
	unsigned int seen = 0;
	pthread_t thread;

	boot();
	check_done(change(machine.vm, RESAMPLE, device.trigger, OTHER_IRQ, device.resample),
		   "%s: a device with a level", name);
	pthread_create(&thread, NULL, device_thread, &device);
	while (seen < device.wanted && next_irq() == OTHER_IRQ)
		seen++;
	stays_quiet();
	pthread_join(thread, NULL);
	check(seen == device.wanted && device.given == device.wanted,
	      "%u interrupts, %u ends, of %u", seen, device.given, device.wanted);
	machine_destroy(&machine);
	close(device.trigger);
	close(device.resample);
}

/* The same at the I/O APIC: the end is the local APIC's. */
GUEST_CODE(apic_waiter, "9: movl $0x1ff, 0xfee000f0\n sti\n1: hlt\n jmp 1b\n"
			" .skip 0x80 - (. - 9b)\n"
			"push %eax\n mov $5, %al\n out %al, $0x11\n movl $0, 0xfee000b0\n"
			"pop %eax\n iret");

static void test_ioapic(const char *name)
{
	int level = new_eventfd(), resample = new_eventfd();
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	boot();
	MACHINE_BOOT(&machine, apic_waiter);
	machine_set_gate(&machine, VECTORS + OTHER_IRQ, MACHINE_CODE + HANDLER_OFFSET);
	ioctl(machine.vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.pic.imr = 0xff;
	check_done(ioctl(machine.vm, KVM_SET_IRQCHIP, &chip), "%s: the PIC is masked", name);
	chip.chip_id = KVM_IRQCHIP_IOAPIC;
	ioctl(machine.vm, KVM_GET_IRQCHIP, &chip);
	chip.chip.ioapic.redirtbl[OTHER_IRQ].bits = 1 << 15 | (VECTORS + OTHER_IRQ);
	check_done(ioctl(machine.vm, KVM_SET_IRQCHIP, &chip), "a level at the I/O APIC");
	check_done(change(machine.vm, RESAMPLE, level, OTHER_IRQ, resample), "by an eventfd");
	check(stays_quiet(), "nothing yet");
	trigger(level);
	check(next_irq() == OTHER_IRQ, "it interrupts");
	check(is_up(machine.vm, OTHER_IRQ) && !eventfd_count(resample),
	      "and stays up in the handler");
	check(stays_quiet(), "once");
	check(!is_up(machine.vm, OTHER_IRQ) && eventfd_count(resample) == 1,
	      "its end lets it down, at the PIC too");
	trigger(level);
	check(next_irq() == OTHER_IRQ && stays_quiet() && eventfd_count(resample) == 1,
	      "it can be raised again");
	machine_destroy(&machine);
	close(level);
	close(resample);
}

/* With the local APIC alone there are edges, as messages, and no levels. */
static void test_split(void)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	int vm = new_vm(), file = new_eventfd();

	check_done(ioctl(vm, KVM_ENABLE_CAP, &split), "a local APIC alone");
	check_error(change(vm, RESAMPLE, file, IRQ, file), EINVAL, "it sees the end of no pin");
	check_done(change(vm, 0, file, IRQ, 0), "an edge");
	trigger(file);
	close(vm);
	close(file);
}

/* A doorbell that is an irqfd: the guest interrupts itself; and an end that is. */
GUEST_CODE(self, "9: cli\n 1: out %al, $0x70\n sti\n hlt\n cli\n jmp 1b\n .skip 0x80 - (. - 9b)\n"
		 "7: push %eax\n mov $3, %al\n out %al, $0x11\n mov $0x20, %al\n"
		 "out %al, $0x20\n pop %eax\n iret\n .skip 16 - (. - 7b)\n"
		 "7: push %eax\n mov $5, %al\n out %al, $0x11\n mov $0x20, %al\n"
		 "out %al, $0x20\n pop %eax\n iret");

static void test_self(void)
{
	int bell = new_eventfd(), resample = new_eventfd();
	struct kvm_ioeventfd doorbell = {
		.addr = 0x70, .len = 1, .fd = bell, .flags = KVM_IOEVENTFD_FLAG_PIO
	};
	unsigned int rounds = 0;

	boot();
	MACHINE_BOOT(&machine, self);
	check_done(ioctl(machine.vm, KVM_IOEVENTFD, &doorbell), "a doorbell");
	check_done(change(machine.vm, RESAMPLE, bell, OTHER_IRQ, resample), "that is a level");
	check_done(change(machine.vm, 0, resample, IRQ, 0), "whose end is an edge");
	while (rounds < 20 && next_irq() == OTHER_IRQ && next_irq() == IRQ)
		rounds++;
	check(rounds == 20, "%u rounds", rounds);
	machine_destroy(&machine);
	close(bell);
	close(resample);
}

enum part { PART_VM, PART_TRIGGER, PART_RESAMPLE, PARTS };

/* Each order of the three ends, with the line up and down. */
static void test_every_order(void)
{
	int before = module_references();

	for (unsigned int i = 0; i < 12; i++) {
		static const enum part orders[][PARTS] = {
			{ PART_VM, PART_TRIGGER, PART_RESAMPLE },
			{ PART_VM, PART_RESAMPLE, PART_TRIGGER },
			{ PART_TRIGGER, PART_VM, PART_RESAMPLE },
			{ PART_TRIGGER, PART_RESAMPLE, PART_VM },
			{ PART_RESAMPLE, PART_VM, PART_TRIGGER },
			{ PART_RESAMPLE, PART_TRIGGER, PART_VM },
		};
		int files[PARTS] = { new_vm_with_irqchip(), new_eventfd(), new_eventfd() };
		int vcpu = ioctl(files[PART_VM], KVM_CREATE_VCPU, 0);

		if (change(files[PART_VM], RESAMPLE, files[PART_TRIGGER], IRQ,
			   files[PART_RESAMPLE]))
			bail_out("KVM_IRQFD");
		for (unsigned int j = 0; j < PARTS; j++) {
			if (i & 1 && orders[i / 2][j] != PART_TRIGGER &&
			    (j == 0 || orders[i / 2][0] != PART_TRIGGER))
				trigger(files[PART_TRIGGER]);
			close(files[orders[i / 2][j]]);
			if (orders[i / 2][j] == PART_TRIGGER)
				files[PART_TRIGGER] = new_eventfd();
		}
		close(files[PART_TRIGGER]);
		close(vcpu);
	}
	check(module_references() == before, "closed in every order: nothing is left");
}

static atomic_bool stop;

/* Writes to one eventfd after the other, of which each is closed some time. */
static void *storm(void *argument)
{
	atomic_int *file = argument;
	uint64_t one = 1;

	while (!stop)
		if (write(*file, &one, sizeof(one)) < 0)
			sched_yield();
	return NULL;
}

/* Assigned, taken away, hung up, rerouted, while it is triggered all the time. */
static void test_race(void)
{
	int vm = new_vm_with_irqchip(), resample = new_eventfd(), bad = 0;
	atomic_int file = new_eventfd();
	pthread_t thread;

	pthread_create(&thread, NULL, storm, &file);
	for (unsigned int i = 0; i < 150; i++) {
		int old = file;

		bad += !!change(vm, i % 3 ? RESAMPLE : 0, old, i % 16, resample);
		if (i % 2)
			bad += !!change(vm, DEASSIGN, old, i % 16, 0);
		file = new_eventfd();
		close(old);
		if (i % 10 == 9) {
			/* With those that are hung up just now. */
			close(vm);
			vm = new_vm_with_irqchip();
		}
	}
	stop = true;
	pthread_join(thread, NULL);
	check(!bad, "150 irqfds came and went under fire");
	close(vm);
	close(file);
	close(resample);
}

static void test_most(void)
{
	struct rlimit old, limit = { IRQFDS_MOST + 64, IRQFDS_MOST + 64 };
	int vm = new_vm_with_irqchip(), made = 0, last;
	static int files[IRQFDS_MOST + 1];

	getrlimit(RLIMIT_NOFILE, &old);
	if (setrlimit(RLIMIT_NOFILE, &limit))
		bail_out("setrlimit");
	do {
		files[made] = new_eventfd();
		last = change(vm, made % 2 ? RESAMPLE : 0, files[made], made, files[made]);
		made++;
	} while (!last && made <= IRQFDS_MOST);
	check(made == IRQFDS_MOST + 1 && errno == ENOSPC, "%d irqfds, then ENOSPC", made - 1);
	close(files[0]);
	check_done(change(vm, 0, files[IRQFDS_MOST], 0, 0), "one is closed: there is room");
	close(vm);
	for (int i = 1; i < made; i++)
		close(files[i]);
	setrlimit(RLIMIT_NOFILE, &old);
}

/* SIGKILL while the guest is interrupted all the time; and the module is free. */
static void test_kill(void)
{
	int before = module_references(), bad = 0;

	for (unsigned int i = 0; i < 20; i++) {
		pid_t child = fork();
		int status;

		if (!child) {
			atomic_int file = new_eventfd();
			pthread_t thread;

			boot();
			change(machine.vm, i % 2 ? RESAMPLE : 0, file, IRQ, new_eventfd());
			pthread_create(&thread, NULL, storm, &file);
			while (!machine_run_once(&machine))
				;
			_exit(1);
		}
		usleep(5000 + i * 2000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		bad += !WIFSIGNALED(status);
	}
	check(!bad, "SIGKILL ends 20 machines under fire");
	check(references_become(before), "nothing is left of them");
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	test_arguments();
	test_edges();
	test_levels_without_guest();
	engine = RINGLET_ENGINE_TRAP;
	test_guest("trap");
	test_ping_pong("trap");
	test_ioapic("trap");
	engine = RINGLET_ENGINE_INTERPRET;
	test_guest("interpret");
	test_ping_pong("interpret");
	test_ioapic("interpret");
	test_split();
	test_self();
	test_every_order();
	test_race();
	test_most();
	test_kill();
	check(references_become(0), "the module is free");
	return finish();
}
