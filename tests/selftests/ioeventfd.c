// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_IOEVENTFD: what a guest's write signals instead of ending KVM_RUN, what is
 * refused, and that neither an eventfd nor a machine is kept by the other.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chips.h"
#include "exits.h"

#define PIO	  KVM_IOEVENTFD_FLAG_PIO
#define DATAMATCH KVM_IOEVENTFD_FLAG_DATAMATCH
#define DEASSIGN  KVM_IOEVENTFD_FLAG_DEASSIGN

#define DEVICE_AT 0xd0000000
#define ROM_AT	  0xe0000000
#define STRING_AT 0xd0001000
#define STACK_AT  0xd0003000
/* As the module has it. */
#define DOORBELLS_MOST 65536

static struct machine machine;
static struct exits exits;

static int change(int vm, uint32_t flags, int file, uint64_t address, uint32_t length,
		  uint64_t data)
{
	struct kvm_ioeventfd arguments = {
		.datamatch = data,
		.addr = address,
		.len = length,
		.fd = file,
		.flags = flags,
	};

	return ioctl(vm, KVM_IOEVENTFD, &arguments);
}

static void test_arguments(void)
{
	int device = open(DEVICE, O_RDWR | O_CLOEXEC);
	int vm = new_vm(), file = new_eventfd(), other = new_eventfd();

	for (uint32_t length = 1; length <= 8; length *= 2)
		check_done(change(vm, 0, file, DEVICE_AT, length, 0), "length %u", length);
	check_error(change(vm, 0, file, 0, 3, 0), EINVAL, "length 3");
	check_error(change(vm, 0, file, 0, 16, 0), EINVAL, "length 16");
	check_error(change(vm, 0, file, 0, 0xffffffff, 0), EINVAL, "a length without end");
	check_error(change(vm, 0, file, -1ULL, 4, 0), EINVAL, "an address that wraps");
	check_done(change(vm, 0, file, -1ULL, 0, 0), "the last one, of any length");
	check_error(change(vm, DATAMATCH, file, 0, 0, 0), EINVAL, "data without length");
	check_error(change(vm, 1 << 31, file, 0, 4, 0), EINVAL, "an unknown flag");
	check_error(change(vm, KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY, file, 0, 4, 0), EINVAL,
		    "the bus of another architecture");
	check_error(change(vm, 0, -1, 0, 4, 0), EBADF, "no file");
	check_error(change(vm, 0, device, 0, 4, 0), EINVAL, "a file that is no eventfd");
	check_error(ioctl(vm, KVM_IOEVENTFD, NULL), EFAULT, "nothing");

	/* What a write could ring twice. */
	check_error(change(vm, 0, other, DEVICE_AT, 4, 0), EEXIST, "a second one there");
	check_error(change(vm, DATAMATCH, other, DEVICE_AT, 4, 7), EEXIST, "for some data only");
	check_error(change(vm, 0, other, DEVICE_AT, 0, 0), EEXIST, "for any length");
	check_done(change(vm, PIO, other, DEVICE_AT, 4, 0), "but a port has the same number");
	check_done(change(vm, PIO | DATAMATCH, file, 0x50, 1, 1), "data 1");
	check_done(change(vm, PIO | DATAMATCH, file, 0x50, 1, 2), "data 2");
	check_error(change(vm, PIO | DATAMATCH, other, 0x50, 1, 2), EEXIST, "data 2 again");
	check_error(change(vm, PIO, other, 0x50, 1, 0), EEXIST, "any data");
	check_error(change(vm, PIO, other, 0x50, 0, 0), EEXIST, "any length");
	check_done(change(vm, PIO, other, 0x50, 2, 0), "another length");
	check_done(change(vm, PIO, other, 0x51, 0, 0), "the next port, any length");
	check_error(change(vm, PIO, file, 0x51, 1, 0), EEXIST, "a length of it");

	/* What was not made like this cannot be taken away like this. */
	check_error(change(vm, DEASSIGN, other, DEVICE_AT, 4, 0), ENOENT, "another's eventfd");
	check_error(change(vm, DEASSIGN, file, DEVICE_AT + 1, 4, 0), ENOENT, "another address");
	check_error(change(vm, DEASSIGN, file, DEVICE_AT, 3, 0), ENOENT, "another length");
	check_error(change(vm, DEASSIGN | DATAMATCH, file, DEVICE_AT, 4, 0), ENOENT, "data");
	check_error(change(vm, DEASSIGN | PIO | DATAMATCH, file, 0x50, 1, 3), ENOENT, "other data");
	check_error(change(vm, DEASSIGN | PIO, file, 0x50, 1, 1), ENOENT, "no data");
	check_error(change(vm, DEASSIGN | PIO, file, DEVICE_AT, 4, 0), ENOENT, "another bus");
	check_error(change(vm, DEASSIGN | KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY, file, DEVICE_AT, 4,
			   0),
		    EINVAL, "no such bus");
	check_error(change(vm, DEASSIGN, -1, DEVICE_AT, 4, 0), EBADF, "no file");
	check_error(change(vm, DEASSIGN, device, DEVICE_AT, 4, 0), EINVAL, "no eventfd");
	check_done(change(vm, DEASSIGN, file, DEVICE_AT, 4, 0), "now the right one");
	check_error(change(vm, DEASSIGN, file, DEVICE_AT, 4, 0), ENOENT, "it is gone");
	check_done(change(vm, 0, other, DEVICE_AT, 4, 0), "there is room for another");
	check_done(change(vm, DEASSIGN | PIO | DATAMATCH, file, 0x50, 1, 2), "data 2 goes");
	close(vm);
	close(file);
	close(other);
	close(device);
}

GUEST_CODE(ports, "mov $0x11, %eax\n out %al, $0x50\n" /* data matches */
		  "inc %eax\n out %al, $0x50\n"	       /* it does not */
		  "out %ax, $0x50\n"		       /* a length with any data */
		  "out %eax, $0x50\n"		       /* a length that is not there */
		  "out %al, $0x54\n out %ax, $0x54\n out %eax, $0x54\n"
		  "in $0x54, %al\n" /* reads ring nothing */
		  "mov $0x55, %eax\n out %al, $0x55\n hlt");

static void test_ports(const char *engine)
{
	int match = new_eventfd(), word = new_eventfd(), any = new_eventfd();

	MACHINE_BOOT(&machine, ports);
	check_done(change(machine.vm, PIO | DATAMATCH, match, 0x50, 1, 0x11), "%s: data", engine);
	check_done(change(machine.vm, PIO, word, 0x50, 2, 0), "any data");
	check_done(change(machine.vm, PIO, any, 0x54, 0, 0), "any length");
	check(exits_run(&machine, &exits), "the guest halts");
	EXITS_CHECK(&exits, "what rings nothing", { true, 0x50, 1, 1, 0x12 },
		    { true, 0x50, 4, 1, 0x12 }, { true, 0x55, 1, 1, 0x55 });
	check(eventfd_count(match) == 1, "the data rang once");
	check(eventfd_count(word) == 1, "the word once");
	check(eventfd_count(any) == 3, "the one for any length three times");

	check_done(change(machine.vm, DEASSIGN | PIO, any, 0x54, 0, 0), "one goes");
	check_done(change(machine.vm, DEASSIGN | PIO, word, 0x50, 2, 0), "and another");
	MACHINE_BOOT(&machine, ports);
	check(exits_run(&machine, &exits) && exits.count == 7, "their writes are the client's");
	check(eventfd_count(match) == 1 && !eventfd_count(word) && !eventfd_count(any),
	      "the third rings on");
	check_done(change(machine.vm, DEASSIGN | PIO | DATAMATCH, match, 0x50, 1, 0x11), "the end");
	close(match);
	close(word);
	close(any);
}

GUEST_CODE(memory, "mov $0xd0000000, %edi\n mov $0x01020304, %eax\n"
		   "mov %al, (%edi)\n mov %ax, (%edi)\n mov %eax, (%edi)\n" /* any length */
		   "mov %eax, 8(%edi)\n mov %ax, 8(%edi)\n"		    /* a doubleword */
		   "fldz\n fistpll 16(%edi)\n"				    /* a quadword of 0 */
		   "fld1\n fistpll 16(%edi)\n"				    /* and of 1 */
		   "mov %eax, 0xe0000000\n"				    /* read-only memory */
		   "mov %eax, 0x8000\n"					    /* memory */
		   "push 32(%edi)\n hlt");

static void test_memory(const char *engine)
{
	struct kvm_userspace_memory_region rom = {
		.slot = 1,
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = ROM_AT,
		.memory_size = 4096,
		.userspace_addr = (uintptr_t)machine.memory,
	};
	int any = new_eventfd(), four = new_eventfd(), eight = new_eventfd();
	int in_rom = new_eventfd(), in_memory = new_eventfd();

	check_done(ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &rom), "%s: a ROM", engine);
	MACHINE_BOOT(&machine, memory);
	check_done(change(machine.vm, 0, any, DEVICE_AT, 0, 0), "any length");
	check_done(change(machine.vm, 0, four, DEVICE_AT + 8, 4, 0), "four bytes");
	check_done(change(machine.vm, DATAMATCH, eight, DEVICE_AT + 16, 8, 0), "eight, all 0");
	check_done(change(machine.vm, 0, in_rom, ROM_AT, 4, 0), "in read-only memory");
	check_done(change(machine.vm, 0, in_memory, 0x8000, 4, 0), "in memory, where none can be");
	check(exits_run(&machine, &exits), "the guest halts");
	EXITS_CHECK(&exits, "what rings nothing", { false, DEVICE_AT + 8, 2, 1, 0x0304 },
		    { false, DEVICE_AT + 16, 8, 1, 1 });
	check(eventfd_count(any) == 3 && eventfd_count(four) == 1 && eventfd_count(eight) == 1 &&
		      eventfd_count(in_rom) == 1,
	      "each has rung as often as it was written to");
	check(!eventfd_count(in_memory) && *(uint32_t *)(machine.memory + 0x8000) == 0x01020304,
	      "memory was written");
	check(!*(uint32_t *)machine.memory, "and the ROM was not");
	check_done(change(machine.vm, DEASSIGN, any, DEVICE_AT, 0, 0), "one goes");
	close(any);
	close(four);
	close(eight);
	close(in_rom);
	close(in_memory);
}

GUEST_CODE(strings, "cld\n mov $0x10040, %esi\n mov $0x60, %edx\n mov $6, %ecx\n rep outsb\n"
		    "mov $0xd0001000, %edi\n mov $0x77, %eax\n mov $40, %ecx\n rep stosl\n"
		    "mov $0x62, %edx\n mov $0x10040, %esi\n mov $6, %ecx\n rep outsb\n hlt\n"
		    ".skip 64 - (. - guest_strings)\n .ascii \"aXXbXc\"");

static void test_strings(const char *engine)
{
	int match = new_eventfd(), third = new_eventfd(), last = new_eventfd();
	bool in_order = true;

	MACHINE_BOOT(&machine, strings);
	check_done(change(machine.vm, PIO | DATAMATCH, match, 0x60, 1, 'X'), "%s: data", engine);
	check_done(change(machine.vm, 0, third, STRING_AT + 8, 4, 0), "the third doubleword");
	check_done(change(machine.vm, 0, last, STRING_AT + 39 * 4, 4, 0), "the last");
	check(exits_run(&machine, &exits), "the guest halts");
	check(exits.count == 3 + 38 + 1, "%u exits", exits.count);
	check(exits.seen[0].value == 'a' && exits.seen[1].value == 'b' &&
		      exits.seen[2].value == 'c' && exits.seen[2].count == 1,
	      "OUTS: what does not ring, one by one");
	for (unsigned int i = 0; i < 38; i++)
		in_order = in_order &&
			   exits.seen[3 + i].address == STRING_AT + (i < 2 ? i : i + 1) * 4;
	check(in_order, "STOS: all but what rings, in order");
	check(exits.seen[41].port && exits.seen[41].count == 6,
	      "OUTS to a port without doorbell: all at once");
	check(eventfd_count(match) == 3 && eventfd_count(third) == 1 && eventfd_count(last) == 1,
	      "each rang as it should");
	close(match);
	close(third);
	close(last);
}

/* A stack of device registers: a frame of three doublewords is written in two parts. */
GUEST_CODE(stack, "mov $0xd0003000, %esp\n ud2\n 1: jmp 1b\n"
		  ".skip 32 - (. - guest_stack)\n hlt");

static void test_delivery(const char *engine)
{
	static const struct {
		uint64_t address;
		uint32_t bytes;
	} parts[] = { { STACK_AT - 12, 8 }, { STACK_AT - 4, 4 } };
	int files[2] = { new_eventfd(), new_eventfd() };

	for (unsigned int bells = 0; bells < 4; bells++) {
		unsigned int wrong = 0, given = 0;

		MACHINE_BOOT(&machine, stack);
		machine_set_gate(&machine, 6, MACHINE_CODE + 32);
		for (unsigned int i = 0; i < 2; i++) {
			if (!(bells >> i & 1))
				continue;
			if (change(machine.vm, 0, files[i], parts[i].address, parts[i].bytes, 0))
				bail_out("KVM_IOEVENTFD");
		}
		check(exits_run(&machine, &exits), "%s: a #UD whose frame rings doorbells %u",
		      engine, bells);
		for (unsigned int i = 0; i < 2; i++) {
			if (bells >> i & 1) {
				wrong += eventfd_count(files[i]) != 1;
				change(machine.vm, DEASSIGN, files[i], parts[i].address,
				       parts[i].bytes, 0);
			} else {
				wrong += exits.seen[given].address != parts[i].address ||
					 exits.seen[given].bytes != parts[i].bytes;
				given++;
			}
		}
		check(!wrong && exits.count == given, "the rest is the client's");
	}
	close(files[0]);
	close(files[1]);
}

GUEST_CODE(pic, "mov $0x5a, %al\n out %al, $0x21\n mov $0, %al\n in $0x21, %al\n"
		"out %al, $0x10\n 1: jmp 1b");

/* Ports of chips in the kernel stay theirs. */
static void test_chips(void)
{
	int file = new_eventfd();
	struct machine of;

	machine_create_with(&of, MACHINE_MEMORY, machine_make_irqchip);
	MACHINE_BOOT(&of, pic);
	check_done(change(of.vm, PIO, file, 0x21, 1, 0), "a doorbell at a port of the PIC");
	check(!machine_run(&of) && of.run->exit_reason == KVM_EXIT_IO &&
		      *((unsigned char *)of.run + of.run->io.data_offset) == 0x5a,
	      "the PIC is written");
	check(!eventfd_count(file), "and nothing rings");
	machine_destroy(&of);
	close(file);
}

/* More than one page of the interpreter, the trees, and the limit. */
static void test_many(void)
{
	int vm = new_vm(), file = new_eventfd();
	unsigned int made = 0, gone = 0;

	while (made < 2 * DOORBELLS_MOST && !change(vm, DATAMATCH, file, made % 256 * 4, 4, made))
		made++;
	check(made == DOORBELLS_MOST && errno == ENOSPC, "%u doorbells, then ENOSPC", made);
	for (unsigned int i = 0; i < made; i += 2)
		gone += !change(vm, DEASSIGN | DATAMATCH, file, i % 256 * 4, 4, i);
	check(gone == made / 2, "half of them are taken away");
	check_error(change(vm, DEASSIGN | DATAMATCH, file, 0, 4, 0), ENOENT, "these are gone");
	check_done(change(vm, DEASSIGN | DATAMATCH, file, 4, 4, 1), "those are not");
	close(vm);
	close(file);
}

/* ---- against a list that is searched from end to end --------------------- */

#define RANDOM_FILES 4
#define RANDOM_BELLS 64

struct bell {
	uint64_t address, data;
	uint32_t length;
	bool any_data;
	unsigned int file;
};

static struct bell bells[RANDOM_BELLS];
static unsigned int bell_count;
static uint32_t random_state = 1;

static uint32_t pick(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

/* KVM's words: could one write ring both? */
static bool collide(const struct bell *a, const struct bell *b)
{
	return a->address == b->address &&
	       (!a->length || !b->length ||
		(a->length == b->length && (a->any_data || b->any_data || a->data == b->data)));
}

static bool is_same_bell(const struct bell *a, const struct bell *b)
{
	return a->address == b->address && a->length == b->length && a->any_data == b->any_data &&
	       a->data == b->data && a->file == b->file;
}

static struct bell random_bell(void)
{
	static const uint32_t lengths[] = { 0, 1, 2, 4, 8 };
	struct bell bell = {
		.address = 0x80 + pick(6),
		.length = lengths[pick(5)],
		.file = pick(RANDOM_FILES),
	};

	bell.any_data = !bell.length || pick(3) == 0;
	bell.data = bell.any_data ? 0 : pick(4);
	return bell;
}

static int change_bell(const struct bell *bell, const int *files, uint32_t flags)
{
	return change(machine.vm, PIO | flags | (bell->any_data ? 0 : DATAMATCH), files[bell->file],
		      bell->address, bell->length, bell->data);
}

/* Whether the module answered as the list does. */
static bool change_at_random(const int *files)
{
	struct bell bell = random_bell();
	bool present = false, same;
	unsigned int i;

	if (pick(2)) {
		for (i = 0; i < bell_count && !collide(&bells[i], &bell); i++)
			;
		if (i < bell_count)
			return change_bell(&bell, files, 0) < 0 && errno == EEXIST;
		if (bell_count == RANDOM_BELLS)
			return true;
		bells[bell_count++] = bell;
		return !change_bell(&bell, files, 0);
	}
	/* Mostly one that is there. */
	if (bell_count && pick(4))
		bell = bells[pick(bell_count)];
	for (i = 0; i < bell_count && !present; i++)
		present = is_same_bell(&bells[i], &bell);
	same = present ? !change_bell(&bell, files, DEASSIGN)
		       : change_bell(&bell, files, DEASSIGN) < 0 && errno == ENOENT;
	if (present)
		bells[i - 1] = bells[--bell_count];
	return same;
}

GUEST_CODE(writers, "out %al, %dx\n hlt\n .skip 8 - (. - guest_writers)\n"
		    "out %ax, %dx\n hlt\n .skip 16 - (. - guest_writers)\n"
		    "out %eax, %dx\n hlt");

/* One write of the guest's: to whom it goes. */
static bool write_at_random(const int *files)
{
	unsigned int size = pick(3), bytes = 1 << size, ringing = 0, i;
	struct kvm_regs regs = {
		.rip = MACHINE_CODE + 8 * size,
		.rsp = MACHINE_STACK,
		.rflags = 2,
		.rdx = 0x80 + pick(6),
		.rax = pick(4),
	};
	int rings = -1;

	for (i = 0; i < bell_count; i++) {
		const struct bell *bell = &bells[i];

		if (bell->address == regs.rdx && (!bell->length || bell->length == bytes) &&
		    (bell->any_data || bell->data == regs.rax))
			rings = bell->file;
	}
	machine_set_regs(&machine, &regs);
	if (!exits_run(&machine, &exits) || exits.count != (rings < 0))
		return false;
	for (i = 0; i < RANDOM_FILES; i++)
		ringing += eventfd_count(files[i]) == ((int)i == rings);
	return ringing == RANDOM_FILES;
}

static void test_random(const char *engine)
{
	unsigned int changes = 0, writes = 0;
	int files[RANDOM_FILES];

	for (unsigned int i = 0; i < RANDOM_FILES; i++)
		files[i] = new_eventfd();
	MACHINE_BOOT(&machine, writers);
	while (changes < 3000 && change_at_random(files)) {
		changes++;
		if (pick(2) && !write_at_random(files))
			break;
		writes++;
	}
	check(changes == 3000 && writes == changes, "%s: %u changes and the writes between them",
	      engine, changes);
	while (bell_count)
		change_bell(&bells[--bell_count], files, DEASSIGN);
	for (unsigned int i = 0; i < RANDOM_FILES; i++)
		close(files[i]);
}

GUEST_CODE(ringer, "1: out %al, $0x70\n mov %eax, 0xd0000000\n jmp 1b");

static atomic_bool stop;

/* Doorbells come and go while the guest writes there. */
static void *change_all_the_time(void *argument)
{
	unsigned int *changed = argument;
	int file = new_eventfd();

	while (!stop) {
		if (change(machine.vm, PIO, file, 0x70, 1, 0) ||
		    change(machine.vm, 0, file, DEVICE_AT, 0, 0))
			break;
		usleep(*changed % 5 * 100);
		if (change(machine.vm, DEASSIGN | PIO, file, 0x70, 1, 0) ||
		    change(machine.vm, DEASSIGN, file, DEVICE_AT, 0, 0))
			break;
		eventfd_count(file);
		/* What was taken away rings no more. */
		if (eventfd_count(file))
			break;
		(*changed)++;
	}
	close(file);
	return NULL;
}

static void test_race(const char *engine)
{
	unsigned int changed = 0, runs = 0;
	pthread_t thread;

	MACHINE_BOOT(&machine, ringer);
	stop = false;
	pthread_create(&thread, NULL, change_all_the_time, &changed);
	while (runs < 20000 && changed < 100) {
		if (machine_run(&machine))
			break;
		runs++;
		if (machine.run->exit_reason != KVM_EXIT_IO &&
		    machine.run->exit_reason != KVM_EXIT_MMIO)
			break;
	}
	stop = true;
	pthread_join(thread, NULL);
	check(changed > 0, "%s: changed %u times in %u exits", engine, changed, runs);
	check(machine.run->exit_reason == KVM_EXIT_IO || machine.run->exit_reason == KVM_EXIT_MMIO,
	      "the guest went on");
}

/* Neither the VM nor the eventfd waits for the other's end. */
static void test_ends(void)
{
	int before = module_references();

	for (unsigned int order = 0; order < 6; order++) {
		int file = new_eventfd(), kept = dup(file);
		struct machine of;

		machine_create(&of, MACHINE_MEMORY);
		MACHINE_BOOT(&of, ports);
		change(of.vm, PIO, file, 0x50, 0, 0);
		change(of.vm, PIO, file, 0x54, 0, 0);
		if (order & 1) {
			close(file);
			close(kept);
		}
		if (order & 2)
			close(of.vm);
		check(exits_run(&of, &exits) && exits.count == 1,
		      "order %u: it rings with what is closed", order);
		if (order & 4)
			machine_destroy(&of);
		if (!(order & 1)) {
			check(eventfd_count(kept) == 7, "and is heard while it can be");
			close(file);
			close(kept);
		}
		if (!(order & 4))
			machine_destroy(&of);
	}
	check(module_references() == before, "nothing is left");
}

/* SIGKILL before the guest rings and while it does, at different moments. */
static void test_kill(void)
{
	int before = module_references(), file = new_eventfd(), bad = 0;
	struct pollfd ring = { .fd = file, .events = POLLIN };
	unsigned int heard = 0;

	for (unsigned int i = 0; i < 20; i++) {
		pid_t child = fork();
		int status;

		if (!child) {
			struct machine of;

			machine_create(&of, MACHINE_MEMORY);
			MACHINE_BOOT(&of, ringer);
			change(of.vm, PIO, file, 0x70, 0, 0);
			change(of.vm, 0, file, DEVICE_AT, 0, 0);
			machine_run(&of);
			_exit(1);
		}
		/* Half of them live until they have rung. */
		if (i % 2)
			heard += poll(&ring, 1, 10000) == 1;
		usleep(2000 + i * 2000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		bad += !WIFSIGNALED(status);
		eventfd_count(file);
	}
	check(!bad, "SIGKILL ends 20 guests that ring all the time");
	check(references_become(before), "nothing is left of them");
	check(heard == 10, "%u of 10 have rung", heard);
	close(file);
}

int main(void)
{
	static const struct {
		const char *name;
		unsigned int number;
	} engines[] = { { "trap", RINGLET_ENGINE_TRAP },
			{ "interpret", RINGLET_ENGINE_INTERPRET } };
	struct ringlet_statistics statistics;

	test_arguments();
	for (unsigned int i = 0; i < ARRAY_SIZE(engines); i++) {
		machine_create(&machine, MACHINE_MEMORY);
		if (ioctl(machine.vm, RINGLET_SET_ENGINE, engines[i].number))
			bail_out("RINGLET_SET_ENGINE");
		test_ports(engines[i].name);
		test_memory(engines[i].name);
		test_strings(engines[i].name);
		test_delivery(engines[i].name);
		test_random(engines[i].name);
		test_race(engines[i].name);
		if (ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &statistics))
			bail_out("RINGLET_GET_STATISTICS");
		check(statistics.doorbells_rung > 10, "the statistics count them: %llu",
		      statistics.doorbells_rung);
		machine_destroy(&machine);
	}
	test_chips();
	test_many();
	test_ends();
	test_kill();
	return finish();
}
