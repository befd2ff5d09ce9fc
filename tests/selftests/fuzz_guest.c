// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile guests: random privileged code in rings 0 and 3, on random descriptor
 * tables, gates and page tables. Whatever they do, the host must live, and the
 * guest world's page tables must map nothing of the host but the switcher, the
 * same pages for every guest, none of them for ring 3.
 *
 *	fuzz_guest [GUESTS [SEED]]
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include "selftest.h"

#define DEFAULT_GUESTS	 400
#define EXITS_PER_GUEST	 300
#define SNIPPETS	 256
#define GDT_ENTRIES	 64
#define DIRECTORY	 0x4000 /* one page, or four for PAE */
#define COUNTER		 0x9000
#define HANDLER		 0xa000
#define POINTER_TABLE	 0xb000
#define GUEST_CODE_START 0x10000
#define GUEST_CODE_END	 0x14000
#define TOP_STACK	 0xf000
#define ROOT_PAGES	 256
#define LDT_PAGES	 16 /* of the shadow LDT, once the guest has one */

static uint64_t state;

static uint32_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dULL) >> 32;
}

static bool chance(unsigned int percent)
{
	return rnd() % 100 < percent;
}

/*
 * Instructions in hexadecimal. A: an address, S: a selector, I: 32 random bits,
 * ?: a random byte, R: ModRM of two registers, M: ModRM of a register and an
 * address that follows.
 */
static const char *const snippets[] = {
	/* flags, halt, control and debug registers */
	"fa",
	"fb",
	"f4",
	"9c",
	"9d",
	"669d",
	"0f20R",
	"0f22R",
	"0f21R",
	"0f23R",
	"0f06",
	"0f01f0",
	"0f01e0",
	"b8I0f22c0",
	"b8I0f22d8",
	"b8I0f22e0",
	"b8I0f23f8",
	"0f20c04060",
	"0f08",
	"0f09",
	/* descriptor tables, task register */
	"0f0105A",
	"0f010dA",
	"0f0115A",
	"0f011dA",
	"66b8S0f00d8",
	"66b8S0f00d0",
	"0f00c8",
	"0f00c0",
	"66b8S0f00e0",
	"66b8S0f00e8",
	"66b9S0f02c1",
	"66b9S0f03c1",
	"63R",
	/* segments */
	"66b8S8ed8",
	"66b8S8ec0",
	"66b8S8ee0",
	"66b8S8ee8",
	"66b8S8ed0",
	"8cR",
	"06",
	"0e",
	"16",
	"1e",
	"07",
	"17",
	"1f",
	"0fa0",
	"0fa1",
	"0fa8",
	"0fa9",
	"c4M",
	"c5M",
	"0fb2M",
	"0fb4M",
	"0fb5M",
	/* far transfers, interrupts, fast calls */
	"eaAS",
	"9aAS",
	"ff2dA",
	"ff1dA",
	"cb",
	"ca0400",
	"cf",
	"66cf",
	"9c6aS0068Acf",
	"cd?",
	"cd80",
	"cc",
	"ce",
	"f1",
	"0f34",
	"0f35",
	"0f05",
	"0f07",
	"0f0b",
	"0faa",
	"0f37",
	"68I68I9c68I68Acf",
	"6a3368A9c6a2b68Acf",
	/* ports, MSRs, time, CPUID, virtualization */
	"e4?",
	"e5?",
	"ec",
	"ed",
	"e6?",
	"ef",
	"6c",
	"f36d",
	"6e",
	"f36f",
	"b9740100000f30",
	"b9750100000f30",
	"b9800000c0b8I31d20f30",
	"b9I0f30",
	"b9I0f32",
	"b9820000c00f30",
	"0f31",
	"0f33",
	"0fa2",
	"0f01c1",
	"0f01d9",
	"0f01c8",
	"0f01c9",
	"0f01d1",
	"0f01f8",
	"0f01f9",
	"0f01cb",
	"0f01ca",
	"0f013dA",
	/* memory of all kinds */
	"8bM",
	"89M",
	"a1A",
	"a3A",
	"c705AI",
	"0105A",
	"f00fb10dA",
	"f00fc70dA",
	"87M",
	"0fabM",
	"0fc1M",
	"60",
	"61",
	"c8??00",
	"c9",
	"a4",
	"f3a4",
	"f3ab",
	"b910000000f3ab",
	"ff35A",
	"8f05A",
	"ff15A",
	"ff25A",
	"62M",
	"a5",
	"abaa",
	"0fb60dA",
	"68I",
	"58",
	"5c",
	"bcI",
	"83c4?",
	"83ec?",
	/* x87, SSE */
	"dbe3",
	"d9e8",
	"dd35A",
	"0fae05A",
	"0fae0dA",
	"0f1005A",
	"0f1105A",
	"0f77",
	"0fae15A",
	"9b",
	/* the rest: anything */
	"????????",
	"66????????",
	"67????????",
	"0f??????",
	"f3????????",
	"f0????????",
	"eb?",
	"75?",
};

static uint32_t random_selector(void)
{
	static const uint16_t values[] = { 0,	   3,	   0x08,   0x10,   0x13,   0x18,   0x1b,
					   0x20,   0x2b,   0x33,   0x38,   0x3c,   0x40,   0xffd0,
					   0xffd8, 0xffe0, 0xffe1, 0xffe3, 0xffe8, 0xfff0, 0xfff8 };

	return chance(60)   ? values[rnd() % ARRAY_SIZE(values)]
	       : chance(70) ? rnd() % (GDT_ENTRIES * 8)
			    : rnd() & 0xffff;
}

static uint32_t random_address(void)
{
	static const uint32_t values[] = { 0xffffffff, 0xfffffffe, 0xfffffffc, 0xfffff000,
					   0x80000000, 0xc0000000, 0xb8000,    0x1fffff,
					   0x200000,   0xfee00000, 0 };

	switch (rnd() % 8) {
	case 0: return values[rnd() % ARRAY_SIZE(values)];
	case 1: return MACHINE_GDT + rnd() % (GDT_ENTRIES * 8);
	case 2: return MACHINE_IDT + rnd() % 2048;
	case 3: return MACHINE_TSS + rnd() % 104;
	case 4: return DIRECTORY + rnd() % 0x4000;
	case 5: return GUEST_CODE_START + rnd() % (GUEST_CODE_END - GUEST_CODE_START);
	case 6: return rnd();
	default: return 0x20000 + rnd() % 0x10000;
	}
}

static void put(unsigned char **to, uint32_t value, unsigned int bytes)
{
	memcpy(*to, &value, bytes);
	*to += bytes;
}

static unsigned int hex(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

static void put_snippet(unsigned char **to, const char *text)
{
	while (*text) {
		switch (*text++) {
		case 'A': put(to, random_address(), 4); break;
		case 'S': put(to, random_selector(), 2); break;
		case 'I': put(to, chance(50) ? rnd() : 1u << rnd() % 32, 4); break;
		case '?': put(to, rnd(), 1); break;
		case 'R': put(to, 0xc0 | rnd(), 1); break;
		case 'M':
			put(to, 0x05 | (rnd() & 0x38), 1);
			put(to, random_address(), 4);
			break;
		default:
			put(to, hex(text[-1]) << 4 | hex(*text), 1);
			text++;
			break;
		}
	}
}

/*
 * Every exception comes here: take good segments and a good stack, and go to
 * the next snippet, every second time in ring 3. Pages may be read-only, so the
 * counter is allowed to stand still.
 */
GUEST_CODE(handler,
	   "mov $0x18, %eax\n mov %eax, %ss\n mov $0xf000, %esp\n"
	   "mov %eax, %ds\n mov %eax, %es\n mov %eax, %fs\n mov %eax, %gs\n"
	   "mov 0x9000, %eax\n inc %eax\n mov %eax, 0x9000\n and $255, %eax\n mov %eax, %ebx\n"
	   "mov 0xb000(,%eax,4), %eax\n test $1, %ebx\n jz 1f\n jmp *%eax\n"
	   "1: mov $0x33, %ecx\n mov %ecx, %ds\n mov %ecx, %es\n"
	   "push $0x33\n push $0xe000\n push $2\n push $0x2b\n push %eax\n iret");

static void put_code(struct machine *machine)
{
	uint32_t *pointers = (uint32_t *)(machine->memory + POINTER_TABLE);
	unsigned char *to = machine->memory + GUEST_CODE_START;
	unsigned int i, j;

	for (i = 0; i < SNIPPETS; i++) {
		pointers[i] = to - machine->memory;
		for (j = 0; j < 3; j++)
			put_snippet(&to, snippets[rnd() % ARRAY_SIZE(snippets)]);
	}
	memcpy(machine->memory + HANDLER, guest_handler, guest_handler_end - guest_handler);
}

static void put_tables(struct machine *machine)
{
	uint64_t *gdt = (uint64_t *)(machine->memory + MACHINE_GDT);
	unsigned int i;

	for (i = 8; i < GDT_ENTRIES; i++) {
		gdt[i] = (uint64_t)rnd() << 32 | rnd();
		/* Mostly present, often with a base that means something. */
		if (chance(80))
			gdt[i] |= 1ULL << 47;
		if (chance(50))
			gdt[i] &= ~0xff0000ffffff0000ULL;
	}
	for (i = 0; i < 256; i++) {
		machine_set_gate(machine, i, HANDLER);
		/* Any interrupt may come from ring 3. */
		if (i >= 32 || chance(20))
			machine->memory[MACHINE_IDT + i * 8 + 5] |= 0x60;
		if (i >= 32 && chance(30)) {
			uint32_t *gate = (uint32_t *)(machine->memory + MACHINE_IDT + i * 8);

			gate[0] = random_selector() << 16 | (rnd() & 0xffff);
			gate[1] = rnd() & 0xffffff;
		}
	}
	*(uint32_t *)(machine->memory + MACHINE_TSS + 4) = TOP_STACK;
}

/* The first gigabyte to itself, with mistakes: forged, aliased, absent. */
static void put_paging(struct machine *machine, struct kvm_sregs *sregs)
{
	uint32_t *directory = (uint32_t *)(machine->memory + DIRECTORY);
	uint64_t *wide = (uint64_t *)(machine->memory + DIRECTORY);
	bool pae = chance(50);
	unsigned int i;

	memset(directory, 0, 0x3000);
	sregs->cr3 = DIRECTORY;
	sregs->cr0 |= 1u << 31 | (chance(50) ? 1u << 16 : 0);
	sregs->cr4 |= 1 << 4;
	if (!pae) {
		for (i = 0; i < 1024; i++)
			directory[i] = i << 22 | 0x87;
		for (i = 0; i < 20; i++)
			directory[1 + rnd() % 1023] = chance(50) ? rnd() : DIRECTORY | 7;
		return;
	}
	sregs->cr4 |= 1 << 5;
	wide[0] = (DIRECTORY + 0x1000) | 1;
	wide[1] = (DIRECTORY + (chance(50) ? 0x1000 : 0x2000)) | 1;
	wide[2] = chance(50) ? DIRECTORY | 1 : 0;
	for (i = 0; i < 512; i++)
		wide[512 + i] = (uint64_t)i << 21 | 0x87;
	for (i = 0; i < 20; i++)
		wide[513 + rnd() % 1023] = chance(50) ? (uint64_t)rnd() << 32 | rnd()
						      : (DIRECTORY + 0x1000) | 7;
}

static void boot(struct machine *machine)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	MACHINE_BOOT(machine, handler);
	put_code(machine);
	put_tables(machine);
	if (ioctl(machine->vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.gdt.limit = chance(50) ? GDT_ENTRIES * 8 - 1 : chance(50) ? 0xffff : rnd() & 0xffff;
	if (sregs.gdt.limit < 63)
		sregs.gdt.limit = 63;
	if (chance(60))
		put_paging(machine, &sregs);
	sregs.cr4 |= chance(50) ? 3 << 9 : 0;
	if (ioctl(machine->vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	machine_get_regs(machine, &regs);
	regs.rip = HANDLER;
	regs.rsp = TOP_STACK;
	regs.rcx = rnd();
	regs.rdx = rnd();
	regs.rsi = random_address();
	regs.rdi = random_address();
	regs.rbp = random_address();
	machine_set_regs(machine, &regs);
}

static unsigned int ends[64];

#define STOP_REASONS 16
static struct {
	unsigned int count;
	struct ringlet_stop_reason reason;
} stops[STOP_REASONS];

/* Sentences that differ only in their numbers are one. */
static bool same_sentence(const char *one, const char *other)
{
	size_t words = strcspn(one, "0123456789");

	return !strncmp(one, other, words ? words : 1);
}

static void count_stop(struct machine *machine)
{
	struct ringlet_stop_reason reason;
	unsigned int i;

	if (ioctl(machine->vcpu, RINGLET_GET_STOP_REASON, &reason))
		bail_out("RINGLET_GET_STOP_REASON");
	for (i = 0; i < STOP_REASONS; i++) {
		if (!stops[i].count)
			stops[i].reason = reason;
		if (same_sentence(stops[i].reason.text, reason.text)) {
			stops[i].count++;
			return;
		}
	}
}

/* Userspace's part: devices that answer anything, and now and then an interrupt. */
static void run(struct machine *machine)
{
	struct kvm_interrupt interrupt;
	unsigned int i, j;

	for (i = 0; i < EXITS_PER_GUEST; i++) {
		if (machine_run_once(machine)) {
			ends[KVM_EXIT_INTR]++;
			return;
		}
		switch (machine->run->exit_reason) {
		case KVM_EXIT_IO:
			for (j = 0; j < 64; j++)
				((unsigned char *)machine->run + 4096)[j] = rnd();
			break;
		case KVM_EXIT_MMIO:
			for (j = 0; j < 8; j++)
				machine->run->mmio.data[j] = rnd();
			break;
		case KVM_EXIT_HLT: break;
		default:
			if (machine->run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
				count_stop(machine);
			ends[machine->run->exit_reason % ARRAY_SIZE(ends)]++;
			return;
		}
		if (chance(30)) {
			interrupt.irq = rnd() & 0xff;
			ioctl(machine->vcpu, KVM_INTERRUPT, &interrupt);
		}
		if (chance(5))
			ioctl(machine->vcpu, KVM_NMI, 0);
	}
	ends[0]++;
}

static struct ringlet_guest_root_page root_pages[ROOT_PAGES];

/*
 * The first guest's pages must not have LDT_PAGES more than they should, or the
 * bound is loose: it is read before that guest has run.
 */
static unsigned int pages_at_rest(struct machine *machine)
{
	struct ringlet_guest_root root = {};

	if (ioctl(machine->vcpu, RINGLET_READ_GUEST_ROOT, &root))
		bail_out("RINGLET_READ_GUEST_ROOT");
	return root.count;
}

/* What the guest world maps, now that the guest has done its worst. */
static bool contained(struct machine *machine, unsigned int pages_of_first)
{
	struct ringlet_guest_root root = { .capacity = ROOT_PAGES, .pages = (uintptr_t)root_pages };
	unsigned int i;

	if (ioctl(machine->vcpu, RINGLET_READ_GUEST_ROOT, &root))
		bail_out("RINGLET_READ_GUEST_ROOT");
	for (i = 0; i < root.count && i < ROOT_PAGES; i++) {
		const uint64_t both = RINGLET_PAGE_WRITABLE | RINGLET_PAGE_EXECUTABLE;

		if (root_pages[i].flags & (RINGLET_PAGE_USER | RINGLET_PAGE_GLOBAL) ||
		    (root_pages[i].flags & both) == both) {
			note("a page of the switcher has flags 0x%llx", root_pages[i].flags);
			return false;
		}
	}
	if (root.leaves_foreign || root.count > ROOT_PAGES ||
	    (root.count != pages_of_first && root.count != pages_of_first + LDT_PAGES)) {
		note("%llu leaves below 4 GiB, %llu foreign; %u pages above, the first guest had %u",
		     root.leaves_below, root.leaves_foreign, root.count, pages_of_first);
		return false;
	}
	return true;
}

/* Groups of instructions that must have been emulated in the end. */
#define GROUPS_WANTED 14
/* A slow host does less for each guest: it gets up to so many times as many. */
#define PATIENCE 6

static unsigned int count_groups(const uint64_t *emulated)
{
	unsigned int i, groups = 0;

	for (i = 0; i < RINGLET_EMULATED_GROUPS; i++)
		groups += emulated[i] != 0;
	return groups;
}

static void on_alarm(int signal)
{
	(void)signal;
}

int main(int argc, char **argv)
{
	unsigned int guests = argc > 1 ? strtoul(argv[1], NULL, 0) : DEFAULT_GUESTS;
	struct itimerval timer = { .it_value.tv_usec = 30000, .it_interval.tv_usec = 30000 };
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	unsigned int i, j, escaped = 0, pages_of_first = 0, groups = 0;
	uint64_t exits = 0, emulated[RINGLET_EMULATED_GROUPS] = {};
	struct sigaction action = { .sa_handler = on_alarm };
	struct ringlet_statistics statistics;
	struct machine machine;

	if (!seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		bail_out("getrandom");
	seed |= !seed;
	note("fuzz_guest %u 0x%llx repeats these guests", guests, (unsigned long long)seed);
	sigaction(SIGALRM, &action, NULL);
	for (i = 0; i < guests || (i < guests * PATIENCE && groups < GROUPS_WANTED); i++) {
		state = seed + i * 0x9e3779b97f4a7c15ULL;
		machine_create(&machine, MACHINE_MEMORY);
		if (!i)
			pages_of_first = pages_at_rest(&machine);
		boot(&machine);
		setitimer(ITIMER_REAL, &timer, NULL);
		run(&machine);
		setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
		if (!contained(&machine, pages_of_first)) {
			note("that was guest %u", i);
			escaped++;
		}
		if (ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &statistics))
			bail_out("RINGLET_GET_STATISTICS");
		for (j = 0; j < 32; j++)
			exits += statistics.exits[j];
		for (j = 0; j < RINGLET_EMULATED_GROUPS; j++)
			emulated[j] += statistics.emulated[j];
		groups = count_groups(emulated);
		machine_destroy(&machine);
	}
	note("%llu exits; ended by shutdown %u, stop %u, time %u, count %u",
	     (unsigned long long)exits, ends[KVM_EXIT_SHUTDOWN], ends[KVM_EXIT_INTERNAL_ERROR],
	     ends[KVM_EXIT_INTR], ends[0]);
	for (j = 0; j < STOP_REASONS && stops[j].count; j++)
		note("%u stopped: %.120s", stops[j].count, stops[j].reason.text);
	note("%u pages of the switcher", pages_of_first);
	check(escaped == 0, "%u hostile guests: no page of the host was mapped for any", i);
	check(exits > guests * 10ULL, "they did something: more than 10 exceptions each");
	check(groups >= GROUPS_WANTED, "at least %u groups of instructions were emulated",
	      GROUPS_WANTED);
	check(module_references() == 0, "nothing is left");
	return finish();
}
