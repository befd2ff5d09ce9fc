// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of interrupt controllers and timer in the kernel: in order, out of
 * order, with bad arguments; state that goes round; and that a machine ends well
 * whatever its timer does.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "chips.h"

/* The shortest period of a timer, as the module has it by default. */
#define SHORTEST_PERIOD_US 200

static int vm_with_chips(void)
{
	int vm = new_vm();

	make_chips(vm);
	return vm;
}

/* What KVM_IRQ_LINE_STATUS says, or -100. */
static int line(int vm, uint32_t gsi, uint32_t level)
{
	struct kvm_irq_level event = { .irq = gsi, .level = level };

	return ioctl(vm, KVM_IRQ_LINE_STATUS, &event) ? -100 : event.status;
}

static void test_without(void)
{
	struct kvm_irq_level event = { .irq = 3, .level = 1 };
	struct kvm_reinject_control control = { .pit_reinject = 1 };
	struct kvm_irq_routing routing = {};
	struct kvm_pit_config config = {};
	struct kvm_pit_state2 pit = {};
	struct kvm_irqchip chip = {};
	int vm = new_vm();

	check_error(ioctl(vm, KVM_IRQ_LINE, &event), ENXIO, "KVM_IRQ_LINE without irqchip");
	check_error(ioctl(vm, KVM_IRQ_LINE_STATUS, &event), ENXIO, "KVM_IRQ_LINE_STATUS");
	check_error(ioctl(vm, KVM_GET_IRQCHIP, &chip), ENXIO, "KVM_GET_IRQCHIP");
	check_error(ioctl(vm, KVM_SET_IRQCHIP, &chip), ENXIO, "KVM_SET_IRQCHIP");
	check_error(ioctl(vm, KVM_SET_GSI_ROUTING, &routing), EINVAL, "KVM_SET_GSI_ROUTING");
	check_error(ioctl(vm, KVM_CREATE_PIT, 0), ENOENT, "KVM_CREATE_PIT");
	check_error(ioctl(vm, KVM_CREATE_PIT2, &config), ENOENT, "KVM_CREATE_PIT2");
	check_error(ioctl(vm, KVM_GET_PIT, &pit), ENXIO, "KVM_GET_PIT");
	check_error(ioctl(vm, KVM_SET_PIT, &pit), ENXIO, "KVM_SET_PIT");
	check_error(ioctl(vm, KVM_GET_PIT2, &pit), ENXIO, "KVM_GET_PIT2");
	check_error(ioctl(vm, KVM_SET_PIT2, &pit), ENXIO, "KVM_SET_PIT2");
	check_error(ioctl(vm, KVM_REINJECT_CONTROL, &control), ENXIO, "KVM_REINJECT_CONTROL");

	check_done(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	check_error(ioctl(vm, KVM_GET_PIT, &pit), ENXIO, "KVM_GET_PIT before the PIT");
	check_error(ioctl(vm, KVM_SET_PIT, &pit), ENXIO, "KVM_SET_PIT");
	check_error(ioctl(vm, KVM_GET_PIT2, &pit), ENXIO, "KVM_GET_PIT2");
	check_error(ioctl(vm, KVM_SET_PIT2, &pit), ENXIO, "KVM_SET_PIT2");
	check_error(ioctl(vm, KVM_REINJECT_CONTROL, &control), ENXIO, "KVM_REINJECT_CONTROL");
	close(vm);
}

static void test_order(void)
{
	struct kvm_interrupt interrupt = { .irq = 0x40 };
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_HALTED };
	struct kvm_pit_config config = {};
	int vm = new_vm(), vcpu;

	check_done(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	check_error(ioctl(vm, KVM_CREATE_IRQCHIP, 0), EEXIST, "a second one");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check_done(vcpu, "KVM_CREATE_VCPU");
	check_error(ioctl(vm, KVM_CREATE_IRQCHIP, 0), EEXIST, "a second one after the vCPU");
	check_error(ioctl(vm, KVM_CREATE_PIT2, NULL), EFAULT, "KVM_CREATE_PIT2 of nothing");
	check_done(ioctl(vm, KVM_CREATE_PIT2, &config), "KVM_CREATE_PIT2 after the vCPU");
	check_error(ioctl(vm, KVM_CREATE_PIT2, &config), EEXIST, "a second PIT");
	check_error(ioctl(vm, KVM_CREATE_PIT, 0), EEXIST, "a second PIT the old way");
	check_error(ioctl(vcpu, KVM_INTERRUPT, &interrupt), ENXIO, "KVM_INTERRUPT");
	interrupt.irq = 256;
	check_error(ioctl(vcpu, KVM_INTERRUPT, &interrupt), EINVAL, "KVM_INTERRUPT of no vector");
	check_done(ioctl(vcpu, KVM_SET_MP_STATE, &state), "KVM_SET_MP_STATE halted");
	state.mp_state = 77;
	check_done(ioctl(vcpu, KVM_GET_MP_STATE, &state), "KVM_GET_MP_STATE");
	check(state.mp_state == KVM_MP_STATE_HALTED, "halted");
	state.mp_state = KVM_MP_STATE_RUNNABLE;
	check_done(ioctl(vcpu, KVM_SET_MP_STATE, &state), "KVM_SET_MP_STATE runnable");
	check(!ioctl(vcpu, KVM_GET_MP_STATE, &state) && state.mp_state == KVM_MP_STATE_RUNNABLE,
	      "runnable");
	state.mp_state = KVM_MP_STATE_UNINITIALIZED;
	check_error(ioctl(vcpu, KVM_SET_MP_STATE, &state), EINVAL, "a state of a local APIC");
	close(vcpu);
	close(vm);

	vm = new_vm();
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check_error(ioctl(vm, KVM_CREATE_IRQCHIP, 0), EINVAL, "KVM_CREATE_IRQCHIP after the vCPU");
	close(vcpu);
	close(vm);
}

static void test_lines(void)
{
	int vm = vm_with_chips();

	check(line(vm, 3, 1) == 1, "a line goes up: 1");
	check(line(vm, 3, 1) == 0, "it is up: coalesced");
	check(line(vm, 3, 0) == 1, "it goes down: the I/O APIC says 1");
	check(line(vm, 3, 1) == 0, "up again before it was taken: coalesced");
	check(line(vm, 15, 77) == 1, "any level but 0 is up");
	check(line(vm, 16, 1) == -1, "a GSI of the I/O APIC alone, masked: -1");
	check(line(vm, 24, 0) == -1, "a GSI that leads nowhere: -1");
	check(line(vm, 0xffffffff, 1) == -1, "the last number: -1");
	check_error(ioctl(vm, KVM_IRQ_LINE, NULL), EFAULT, "KVM_IRQ_LINE of nothing");
	check_error(ioctl(vm, KVM_IRQ_LINE_STATUS, NULL), EFAULT, "KVM_IRQ_LINE_STATUS of nothing");
	close(vm);
}

static void test_chip_state(void)
{
	struct kvm_irqchip chip, after;
	int vm = vm_with_chips();

	memset(&chip, 0x5a, sizeof(chip));
	chip.chip_id = KVM_IRQCHIP_PIC_MASTER;
	check_done(ioctl(vm, KVM_GET_IRQCHIP, &chip), "KVM_GET_IRQCHIP of the master");
	check(chip.chip.pic.imr == 0 && chip.chip.pic.irr == 0 && chip.chip.pic.elcr_mask == 0xf8,
	      "as at power-on");
	chip.chip.pic.imr = 0xa1;
	chip.chip.pic.irq_base = 0x70;
	chip.chip.pic.isr = 0x40;
	chip.chip.pic.priority_add = 3;
	chip.chip.pic.special_mask = 1;
	chip.chip.pic.elcr = 0x20;
	check_done(ioctl(vm, KVM_SET_IRQCHIP, &chip), "KVM_SET_IRQCHIP");
	memset(&after, 0, sizeof(after));
	check_done(ioctl(vm, KVM_GET_IRQCHIP, &after), "KVM_GET_IRQCHIP");
	check(!memcmp(&after.chip.pic, &chip.chip.pic, sizeof(chip.chip.pic)), "the same is read");
	check(line(vm, 0, 1) == -1, "a line that this masks: -1");
	check(line(vm, 1, 1) == 1, "one that it does not");

	chip.chip_id = KVM_IRQCHIP_PIC_SLAVE;
	memset(&chip.chip.pic, 0xff, sizeof(chip.chip.pic));
	check_done(ioctl(vm, KVM_SET_IRQCHIP, &chip), "a slave with every bit set");
	after.chip_id = KVM_IRQCHIP_PIC_SLAVE;
	check_done(ioctl(vm, KVM_GET_IRQCHIP, &after), "is read");
	check(after.chip.pic.elcr == 0xde && after.chip.pic.elcr_mask == 0xde &&
		      after.chip.pic.priority_add == 7 && after.chip.pic.irq_base == 0xf8,
	      "cut to what there is");
	chip.chip_id = 3;
	check_error(ioctl(vm, KVM_GET_IRQCHIP, &chip), EINVAL, "no such chip");
	check_error(ioctl(vm, KVM_SET_IRQCHIP, &chip), EINVAL, "no such chip");
	check_error(ioctl(vm, KVM_GET_IRQCHIP, NULL), EFAULT, "KVM_GET_IRQCHIP to nowhere");
	check_error(ioctl(vm, KVM_SET_IRQCHIP, NULL), EFAULT, "KVM_SET_IRQCHIP of nothing");
	close(vm);
}

static void test_pit_state(void)
{
	struct kvm_pit_state2 state, after;
	int vm = vm_with_chips();
	struct kvm_pit_state old;

	memset(&state, 0x5a, sizeof(state));
	check_done(ioctl(vm, KVM_GET_PIT2, &state), "KVM_GET_PIT2");
	check(state.channels[0].gate && state.channels[1].gate && !state.channels[2].gate &&
		      state.channels[0].count == 0x10000 && !state.flags && !state.reserved[8],
	      "as at power-on");
	state.channels[1].count = 1234;
	state.channels[1].mode = 3;
	state.channels[1].rw_mode = state.channels[1].read_state = state.channels[1].write_state =
		3;
	state.channels[2].latched_count = 0x4321;
	state.channels[2].count_latched = 2;
	state.channels[2].bcd = 1;
	state.flags = KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	check_done(ioctl(vm, KVM_SET_PIT2, &state), "KVM_SET_PIT2");
	check_done(ioctl(vm, KVM_GET_PIT2, &after), "KVM_GET_PIT2");
	for (unsigned int i = 0; i < 3; i++)
		after.channels[i].count_load_time = state.channels[i].count_load_time;
	check(!memcmp(&after, &state, sizeof(state)), "the same is read");
	check_done(ioctl(vm, KVM_GET_PIT, &old), "KVM_GET_PIT");
	check(old.channels[1].count == 1234 && old.channels[2].latched_count == 0x4321,
	      "has the channels");
	old.channels[1].count = 77;
	check_done(ioctl(vm, KVM_SET_PIT, &old), "KVM_SET_PIT");
	check(!ioctl(vm, KVM_GET_PIT2, &after) && after.channels[1].count == 77 &&
		      after.flags == KVM_PIT_FLAGS_SPEAKER_DATA_ON,
	      "sets them and leaves the flags");
	memset(&state, 0xff, sizeof(state));
	check_done(ioctl(vm, KVM_SET_PIT2, &state), "a state with every bit set");
	check_done(ioctl(vm, KVM_GET_PIT2, &after), "is read");
	check(after.channels[0].count == 0xffff && after.channels[0].gate == 1 &&
		      !after.reserved[0],
	      "cut to what there is");
	check_error(ioctl(vm, KVM_GET_PIT, NULL), EFAULT, "KVM_GET_PIT to nowhere");
	check_error(ioctl(vm, KVM_SET_PIT, NULL), EFAULT, "KVM_SET_PIT of nothing");
	check_error(ioctl(vm, KVM_GET_PIT2, NULL), EFAULT, "KVM_GET_PIT2 to nowhere");
	check_error(ioctl(vm, KVM_SET_PIT2, NULL), EFAULT, "KVM_SET_PIT2 of nothing");
	check_error(ioctl(vm, KVM_REINJECT_CONTROL, NULL), EFAULT, "KVM_REINJECT_CONTROL");
	close(vm);
}

struct routing {
	struct kvm_irq_routing header;
	struct kvm_irq_routing_entry entries[4];
};

static int set_routes(int vm, struct routing *routing, uint32_t count)
{
	routing->header.nr = count;
	return ioctl(vm, KVM_SET_GSI_ROUTING, routing);
}

static void test_routing(void)
{
	int vm = vm_with_chips();
	struct routing routing = {
		.entries = {
			{ .gsi = 20, .type = KVM_IRQ_ROUTING_IRQCHIP,
			  .u.irqchip = { KVM_IRQCHIP_PIC_MASTER, 3 } },
			{ .gsi = 20, .type = KVM_IRQ_ROUTING_IRQCHIP,
			  .u.irqchip = { KVM_IRQCHIP_PIC_SLAVE, 7 } },
			{ .gsi = 4095, .type = KVM_IRQ_ROUTING_IRQCHIP,
			  .u.irqchip = { KVM_IRQCHIP_PIC_SLAVE, 0 } },
		},
	}, bad;

	check_done(set_routes(vm, &routing, 3), "three routes");
	check(line(vm, 20, 1) == 2, "a GSI with two pins: both see it");
	check(line(vm, 3, 1) == -1, "what is not in the table leads nowhere");
	check(line(vm, 4095, 1) == 1, "the last GSI");
	check_done(set_routes(vm, &routing, 0), "no routes");
	check(line(vm, 20, 1) == -1, "none is left");

	bad = routing;
	bad.entries[1].u.irqchip.irqchip = KVM_IRQCHIP_PIC_MASTER;
	check_error(set_routes(vm, &bad, 2), EINVAL, "two pins of one chip");
	bad = routing;
	bad.entries[0].u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
	bad.entries[0].u.irqchip.pin = 23;
	check_done(set_routes(vm, &bad, 1), "a pin of the I/O APIC");
	bad.entries[0].u.irqchip.pin = 24;
	check_error(set_routes(vm, &bad, 1), EINVAL, "one pin too far");
	bad.entries[0].u.irqchip.irqchip = 0xffffffff;
	check_error(set_routes(vm, &bad, 1), EINVAL, "no such chip");
	bad = routing;
	bad.entries[0].u.irqchip.pin = 8;
	check_error(set_routes(vm, &bad, 1), EINVAL, "no such pin");
	bad = routing;
	bad.entries[0].gsi = 4096;
	check_error(set_routes(vm, &bad, 1), EINVAL, "a GSI too far");
	bad.entries[0].gsi = 0xffffffff;
	check_error(set_routes(vm, &bad, 1), EINVAL, "the last number");
	bad = routing;
	bad.entries[0].flags = 1;
	check_error(set_routes(vm, &bad, 1), EINVAL, "a flag");
	bad = routing;
	bad.entries[0].type = KVM_IRQ_ROUTING_MSI;
	check_error(set_routes(vm, &bad, 2), EINVAL, "a pin beside a message");
	bad.entries[1].type = KVM_IRQ_ROUTING_MSI;
	check_error(set_routes(vm, &bad, 2), EINVAL, "two messages");
	bad.entries[0].flags = KVM_MSI_VALID_DEVID;
	check_done(set_routes(vm, &bad, 1), "a message, with its device");
	bad.entries[0].flags = 2;
	check_error(set_routes(vm, &bad, 1), EINVAL, "with an unknown flag");
	bad.entries[0].type = KVM_IRQ_ROUTING_XEN_EVTCHN;
	check_error(set_routes(vm, &bad, 1), EINVAL, "of another kind");
	check_done(set_routes(vm, &routing, 0), "no routes again");
	bad = routing;
	bad.header.flags = 1;
	check_error(set_routes(vm, &bad, 1), EINVAL, "a flag of the table");
	check_error(set_routes(vm, &routing, 4097), EINVAL, "too many");
	check_error(ioctl(vm, KVM_SET_GSI_ROUTING, NULL), EFAULT, "nothing");
	check(line(vm, 20, 1) == -1, "a table that is refused changes nothing");
	close(vm);
}

/* A rate generator. */
static void start_timer(int vm, uint32_t count)
{
	struct kvm_pit_state2 state;

	if (ioctl(vm, KVM_GET_PIT2, &state))
		bail_out("KVM_GET_PIT2");
	state.channels[0].mode = 2;
	state.channels[0].count = count;
	check_done(ioctl(vm, KVM_SET_PIT2, &state), "a period of %u", count);
}

static uint64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static void test_hostile_period(void)
{
	struct ringlet_statistics statistics;
	int vm = vm_with_chips();
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	uint64_t start = microseconds(), most;

	start_timer(vm, 1);
	do {
		usleep(20000);
		if (ioctl(vcpu, RINGLET_GET_STATISTICS, &statistics))
			bail_out("RINGLET_GET_STATISTICS");
	} while (statistics.timer_ticks < 20);
	most = (microseconds() - start) / SHORTEST_PERIOD_US + 2;
	check(statistics.timer_ticks <= most, "a count of 1: %llu ticks, not more than %llu",
	      statistics.timer_ticks, (unsigned long long)most);
	check(statistics.timer_ticks_given == 1, "of which one waits for the guest");
	close(vcpu);
	close(vm);
}

/* Without reinjection what is not taken is gone. */
static void test_reinject(void)
{
	struct kvm_reinject_control control = {};
	struct ringlet_statistics statistics;
	int vm = vm_with_chips();
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);

	check_done(ioctl(vm, KVM_REINJECT_CONTROL, &control), "no reinjection");
	start_timer(vm, 1193);
	do {
		usleep(10000);
		if (ioctl(vcpu, RINGLET_GET_STATISTICS, &statistics))
			bail_out("RINGLET_GET_STATISTICS");
	} while (statistics.timer_ticks < 20);
	check(statistics.timer_ticks_given >= 2, "each expiry is given, taken or not");
	control.pit_reinject = 1;
	check_done(ioctl(vm, KVM_REINJECT_CONTROL, &control), "reinjection");
	close(vcpu);
	close(vm);
}

/* Machines whose timer is about to expire, or just does. */
static void test_end(void)
{
	int before = module_references(), bad = 0;

	for (unsigned int i = 0; i < 300; i++) {
		struct kvm_pit_state2 state = { .channels[0] = { .mode = i % 6, .gate = 1 } };
		int vm = new_vm(), vcpu;

		bad += !!ioctl(vm, KVM_CREATE_IRQCHIP, 0);
		bad += !!ioctl(vm, KVM_CREATE_PIT, 0);
		vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
		state.channels[0].count = 1 + i * 4;
		bad += !!ioctl(vm, KVM_SET_PIT2, &state);
		if (i % 3)
			close(vcpu);
		usleep(i % 7 * 100);
		close(vm);
		if (i % 3 == 0)
			close(vcpu);
	}
	check(!bad, "300 machines with a timer that runs");
	check(references_become(before), "all of them end");
}

int main(void)
{
	test_without();
	test_order();
	test_lines();
	test_chip_state();
	test_pit_state();
	test_routing();
	test_hostile_period();
	test_reinject();
	test_end();
	return finish();
}
