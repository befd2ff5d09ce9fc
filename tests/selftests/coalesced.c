// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coalesced writes: KVM_REGISTER_COALESCED_MMIO for memory and for ports, the
 * ring that the client reads, and what becomes of a ring that is full or that
 * the client has filled with nonsense.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exits.h"

#define PAGE_SIZE   4096ul
#define RING_PLACES KVM_COALESCED_MMIO_MAX
/* As the module has it. */
#define ZONES_MOST 1000

static struct machine machine;
static struct exits exits;

static int change(int vm, unsigned long request, uint32_t pio, uint64_t address, uint32_t size)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = address, .size = size, .pio = pio };

	return ioctl(vm, request, &zone);
}

static int add(int vm, uint32_t pio, uint64_t address, uint32_t size)
{
	return change(vm, KVM_REGISTER_COALESCED_MMIO, pio, address, size);
}

static int take_away(int vm, uint32_t pio, uint64_t address, uint32_t size)
{
	return change(vm, KVM_UNREGISTER_COALESCED_MMIO, pio, address, size);
}

static struct kvm_coalesced_mmio_ring *ring_of(const struct machine *of)
{
	int page = ioctl(of->device, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);

	return (void *)((char *)of->run + page * PAGE_SIZE);
}

static unsigned int waiting(const struct kvm_coalesced_mmio_ring *ring)
{
	return (ring->last + RING_PLACES - ring->first) % RING_PLACES;
}

/* The next one that waits must be this. */
static bool next_is(struct kvm_coalesced_mmio_ring *ring, uint32_t pio, uint64_t address,
		    uint32_t length, uint64_t value)
{
	const struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[ring->first];
	bool same = waiting(ring) && entry->phys_addr == address && entry->len == length &&
		    entry->pio == pio && !memcmp(entry->data, &value, length);

	if (!same)
		note("pio %u, 0x%llx, %u bytes", entry->pio, entry->phys_addr, entry->len);
	if (waiting(ring))
		ring->first = (ring->first + 1) % RING_PLACES;
	return same;
}

static void test_arguments(void)
{
	int device = open(DEVICE, O_RDWR | O_CLOEXEC);
	int vm = ioctl(device, KVM_CREATE_VM, 0);
	unsigned int made = 0;

	check_error(add(vm, 2, 0, 4096), EINVAL, "a zone that is neither");
	check_error(take_away(vm, 2, 0, 4096), EINVAL, "nor can it end");
	check_error(ioctl(vm, KVM_REGISTER_COALESCED_MMIO, NULL), EFAULT, "nothing");
	check_error(ioctl(vm, KVM_UNREGISTER_COALESCED_MMIO, NULL), EFAULT, "nothing");
	check_done(take_away(vm, 0, 0x1000, 4096), "the end of a zone that is not there");
	check_done(add(vm, 0, -4096ULL, 4096), "a zone at the end of everything");
	check_done(add(vm, 0, -4096ULL, 4096), "twice");
	check_done(add(vm, 0, 0, 0), "one of no size");
	check_done(add(vm, 1, 0xffff, 0xffffffff), "one of every port and more");
	check_done(take_away(vm, 0, -4096ULL, 4096), "the end of the two");
	while (made < 2 * ZONES_MOST && !add(vm, 0, made * 8, 8))
		made++;
	check(made == ZONES_MOST - 1 && errno == ENOSPC, "%u more, then ENOSPC", made);
	check_done(add(vm, 1, 0x100, 8), "ports are counted for themselves");
	check_done(take_away(vm, 0, 80, 8), "one ends");
	check_done(add(vm, 0, 80, 8), "and another has room");
	close(vm);
	close(device);
}

static void test_ring(void)
{
	void *alone;

	check(ioctl(machine.device, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO) == 2,
	      "KVM_CAP_COALESCED_MMIO is the ring's page: 2");
	check(machine.run_bytes == 3 * PAGE_SIZE, "which the mapping has");
	check(!ring_of(&machine)->first && !ring_of(&machine)->last, "it is empty");
	alone = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, machine.vcpu, 2 * PAGE_SIZE);
	check(alone != MAP_FAILED, "it can be mapped alone");
	munmap(alone, PAGE_SIZE);
}

GUEST_CODE(writes, "mov $0xd0000000, %edi\n mov $0x01020304, %eax\n"
		   "mov %al, (%edi)\n mov %ax, 0x7fe(%edi)\n" /* the zone's ends */
		   "mov %eax, 0x7fe(%edi)\n"		      /* over its end: beside it */
		   "mov %eax, 0x800(%edi)\n"
		   "fld1\n fistpll 8(%edi)\n" /* eight bytes */
		   "out %al, $0x70\n out %eax, $0x7c\n out %ax, $0x7f\n"
		   "mov 4(%edi), %ebx\n" /* a read */
		   "cld\n mov $0x10080, %esi\n mov $0x78, %edx\n mov $3, %ecx\n rep outsw\n"
		   "hlt\n .skip 128 - (. - guest_writes)\n .ascii \"abcdef\"");

static void test_zones(const char *engine)
{
	struct kvm_coalesced_mmio_ring *ring = ring_of(&machine);

	MACHINE_BOOT(&machine, writes);
	check_done(add(machine.vm, 0, 0xd0000000, 0x800), "%s: a zone in memory", engine);
	check_done(add(machine.vm, 1, 0x70, 16), "a zone of ports");
	check(exits_run(&machine, &exits), "the guest halts");
	EXITS_CHECK(&exits, "what is in no zone", { false, 0xd00007fe, 4, 1, 0x01020304 },
		    { false, 0xd0000800, 4, 1, 0x01020304 }, { true, 0x7f, 2, 1, 0x0304 });
	check(next_is(ring, 0, 0xd0000000, 1, 0x04), "a byte at the beginning");
	check(next_is(ring, 0, 0xd00007fe, 2, 0x0304), "a word at the end");
	check(next_is(ring, 0, 0xd0000008, 8, 1), "a quadword");
	check(next_is(ring, 1, 0x70, 1, 0x04), "a port");
	check(next_is(ring, 1, 0x7c, 4, 0x01020304), "the last four ports");
	check(next_is(ring, 1, 0x78, 2, 0x6261) && next_is(ring, 1, 0x78, 2, 0x6463) &&
		      next_is(ring, 1, 0x78, 2, 0x6665),
	      "the elements of a string, one by one");
	check(!waiting(ring), "no more");
}

static void test_end_of_zones(void)
{
	struct kvm_coalesced_mmio_ring *ring = ring_of(&machine);

	MACHINE_BOOT(&machine, writes);
	check_done(add(machine.vm, 0, 0xd0000000, 0x100), "a zone within");
	check_done(take_away(machine.vm, 0, 0xd0000000, 0x200), "the end of what holds 200h bytes");
	check_done(take_away(machine.vm, 1, 0x70, 17), "the end of more than the ports");
	check(exits_run(&machine, &exits), "the guest halts");
	check(exits.count == 4, "the outer zone has ended: %u exits", exits.count);
	check(waiting(ring) == 7, "the inner and the ports have not: %u", waiting(ring));
	ring->first = ring->last;
	check_done(take_away(machine.vm, 0, 0xd0000010, 1), "the end of what holds one byte");
	check_done(take_away(machine.vm, 1, 0x70, 16), "the end of the ports");
	MACHINE_BOOT(&machine, writes);
	check(exits_run(&machine, &exits) && exits.count == 9 && !waiting(ring),
	      "now all is the client's");
	check(exits.seen[8].count == 3, "the string at once");
}

GUEST_CODE(flood, "mov $0xd0000000, %edi\n xor %eax, %eax\n mov $400, %ecx\n"
		  "1: mov %eax, (%edi)\n inc %eax\n loop 1b\n hlt");

/* One place stays empty; what finds no room is the client's, in its order. */
static void test_full(const char *engine)
{
	struct kvm_coalesced_mmio_ring *ring = ring_of(&machine);
	unsigned int next = 0, wrong = 0, full = 0;

	MACHINE_BOOT(&machine, flood);
	check_done(add(machine.vm, 0, 0xd0000000, 4096), "%s: a zone", engine);
	ring->first = ring->last = 5;
	while (!machine_run(&machine)) {
		full += machine.run->exit_reason == KVM_EXIT_MMIO &&
			waiting(ring) == RING_PLACES - 1;
		while (waiting(ring))
			wrong += !next_is(ring, 0, 0xd0000000, 4, next++);
		if (machine.run->exit_reason != KVM_EXIT_MMIO)
			break;
		wrong += *(uint32_t *)machine.run->mmio.data != next++;
	}
	check(machine.run->exit_reason == KVM_EXIT_HLT, "the guest halts");
	check(next == 400 && !wrong, "400 writes came in order (%u wrong)", wrong);
	check(full == 400 / RING_PLACES, "the ring was full %u times", full);

	for (unsigned int i = 0; i < 4; i++) {
		static const uint32_t bad[] = { RING_PLACES, 0x7fffffff, 0x80000000, 0xffffffff };

		MACHINE_BOOT(&machine, flood);
		ring->last = bad[i];
		check(exits_run(&machine, &exits) && exits.count == EXITS_MOST &&
			      ring->last == bad[i],
		      "a ring that ends at 0x%x is not used", bad[i]);
	}
	MACHINE_BOOT(&machine, flood);
	ring->first = 0xffffffff;
	ring->last = 0;
	check(exits_run(&machine, &exits) && !exits.count,
	      "a ring that begins nowhere is never full");
	ring->first = ring->last = 0;
	check_done(take_away(machine.vm, 0, 0xd0000000, 4096), "the end of the zone");
}

int main(void)
{
	static const unsigned int engines[] = { RINGLET_ENGINE_TRAP, RINGLET_ENGINE_INTERPRET };
	static const char *const names[] = { "trap", "interpret" };
	struct ringlet_statistics statistics;

	test_arguments();
	for (unsigned int i = 0; i < ARRAY_SIZE(engines); i++) {
		machine_create(&machine, MACHINE_MEMORY);
		if (ioctl(machine.vm, RINGLET_SET_ENGINE, engines[i]))
			bail_out("RINGLET_SET_ENGINE");
		test_ring();
		test_zones(names[i]);
		test_end_of_zones();
		test_full(names[i]);
		if (ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &statistics))
			bail_out("RINGLET_GET_STATISTICS");
		check(statistics.writes_coalesced > 800, "the statistics count them: %llu",
		      statistics.writes_coalesced);
		machine_destroy(&machine);
	}
	check(!module_references(), "nothing is left");
	return finish();
}
