// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest that has 64-bit code in ring 1: it reads some 2,000 addresses of the
 * host, over every entry of the top-level table, and says which answer. Exactly
 * the switcher's pages may; those that are read-only may not be written.
 *
 * usage: attack_long_mode [leak]
 *
 * With ringlet as it is, the guest never gets there, which is what is tested
 * then. tests/long-mode/build makes a module without that rule. "leak": there
 * must be others that answer, since CR4.PGE stayed set (flush_global=0).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftest.h"

#define LONG_SELECTOR 0x38
#define PAGE	      4096ULL
#define FOUR_GIB      0x100000000ULL
#define ADDRESSES     16384
#define ROOT_CAPACITY 128

static struct machine machine;
static struct ringlet_guest_root_page pages[ROOT_CAPACITY];
static struct ringlet_guest_root root = { .capacity = ROOT_CAPACITY, .pages = (uintptr_t)pages };
static uint64_t addresses[ADDRESSES];
static unsigned int address_count;

/*
 * A far jump to the selector, then 64-bit code, or what 32-bit code makes of it.
 * 48 FF C0: INC RAX, or DEC EAX and INC EAX.
 */
#define ENTER ".byte 0xea; .long 0x10007; .word 0x38\n .code64\n"
GUEST_CODE(which, ENTER "rex.W incl %eax\n hlt\n .code32");
/*
 * RDX:RAX is the address; the low halves are all that the client can set. RAX is
 * the upper half afterwards if nothing came between: ringlet knows no registers
 * of 64 bits, and cuts them to 32 when an interrupt of the host comes.
 */
#define ACCESS(code) \
	ENTER "shl $32, %rdx\n or %rdx, %rax\n " code "\n shr $32, %rax\n hlt\n .code32"
GUEST_CODE(read, ACCESS("movb (%rax), %cl"));
GUEST_CODE(write, ACCESS("lock orb $0, (%rax)"));

static void start(const char *code, const char *end, uint64_t address)
{
	const uint64_t descriptor = 0x00af9b000000ffffULL; /* code, L=1, D=0 */
	struct kvm_regs regs;

	machine_boot(&machine, code, end);
	memcpy(machine.memory + MACHINE_GDT + LONG_SELECTOR, &descriptor, sizeof(descriptor));
	machine_get_regs(&machine, &regs);
	regs.rax = (uint32_t)address;
	regs.rdx = address >> 32;
	machine_set_regs(&machine, &regs);
}

/* Whether the access ended in the HLT behind it. */
static bool answers(const char *code, const char *end, uint64_t address)
{
	struct kvm_regs regs;

	do {
		start(code, end, address);
		if (machine_run(&machine))
			bail_out("KVM_RUN");
		if (machine.run->exit_reason != KVM_EXIT_HLT)
			break;
		machine_get_regs(&machine, &regs);
	} while (regs.rax != address >> 32);
	if (machine.run->exit_reason != KVM_EXIT_HLT &&
	    machine.run->exit_reason != KVM_EXIT_INTERNAL_ERROR &&
	    machine.run->exit_reason != KVM_EXIT_SHUTDOWN)
		machine_explain(&machine);
	return machine.run->exit_reason == KVM_EXIT_HLT;
}

#define READS(address)	answers(guest_read, guest_read_end, address)
#define WRITES(address) answers(guest_write, guest_write_end, address)

static bool has_long_mode(void)
{
	struct kvm_regs regs;

	start(guest_which, guest_which_end, 0);
	if (machine_run(&machine) || machine.run->exit_reason != KVM_EXIT_HLT)
		return false;
	machine_get_regs(&machine, &regs);
	return regs.rax == 1;
}

/* ---- addresses --------------------------------------------------------- */

static void add(uint64_t address)
{
	if (address_count < ADDRESSES && address >= 2 * FOUR_GIB)
		addresses[address_count++] = address;
}

/* Four a slot of a top-level table: its first page, its last, two in between. */
static void add_slots(unsigned int shift, unsigned int first, unsigned int end)
{
	const uint64_t bytes = 1ULL << shift;
	unsigned int slot;

	for (slot = first; slot < end; slot++) {
		uint64_t base = slot * bytes;

		if (slot >= 256)
			base |= ~0ULL << (shift + 9);
		add(base);
		add(base + bytes / 3);
		add(base + bytes / 2 + PAGE);
		add(base + bytes - PAGE);
	}
}

/* Lines of a file of the kernel's that begin with an address, or hold one. */
static void add_file(const char *path, const char *word, unsigned int every)
{
	FILE *file = fopen(path, "r");
	unsigned int line_number = 0;
	char line[512];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		char *number = strstr(line, word);

		if (number && line_number++ % every == 0)
			add(strtoull(*word == '0' ? number : line, NULL, 16));
	}
	fclose(file);
}

/* Each page, up to so many, of the areas that the file lists: stacks, modules. */
static void add_areas(const char *path, unsigned int most)
{
	FILE *file = fopen(path, "r");
	unsigned long long start, end;
	unsigned int page;
	char line[512];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx", &start, &end) != 2)
			continue;
		for (page = 0; page < most && start + page * PAGE < end; page++)
			add(start + page * PAGE);
	}
	fclose(file);
}

static void collect_addresses(void)
{
	unsigned int i;

	/* Every entry of a four-level top, and of the fifth level above it. */
	add_slots(39, 0, 512);
	add_slots(48, 1, 512);
	/* Text and data of the kernel and of ringlet itself. */
	add_file("/proc/kallsyms", " T ", 400);
	add_file("/proc/kallsyms", " D ", 100);
	add_file("/proc/kallsyms", "[ringlet]", 8);
	add_file("/proc/kallsyms", " entry_SYSCALL_64", 1);
	add_areas("/proc/vmallocinfo", 16);
	/* Entry areas, fixed mappings, and where the direct map and vmemmap start. */
	for (i = 0; i < 64; i++) {
		add(0xfffffe0000000000ULL + i * PAGE);
		add(0xffffffffff578000ULL + i * 8 * PAGE);
		add(0xffff888000000000ULL + i * 0x801000ULL);
		add(0xffffea0000000000ULL + i * 0x41000ULL);
	}
	/* Around and between the switcher's pages, which are in the direct map. */
	for (i = 0; i < root.count && i < ROOT_CAPACITY; i++) {
		add(pages[i].address);
		add(pages[i].address - PAGE);
		add(pages[i].address + PAGE);
		add(pages[i].address & ~0x3fffffffULL);
		add(pages[i].address & ~0x1fffffULL);
		add(pages[i].address ^ (16 * PAGE));
		add(pages[i].address ^ (256 * PAGE));
	}
}

static const struct ringlet_guest_root_page *switcher_page(uint64_t address)
{
	unsigned int i;

	for (i = 0; i < root.count && i < ROOT_CAPACITY; i++)
		if (pages[i].address == (address & ~(PAGE - 1)))
			return &pages[i];
	return NULL;
}

/* /proc/vmallocinfo tells addresses only then. */
static void show_addresses(void)
{
	FILE *file = fopen("/proc/sys/kernel/kptr_restrict", "w");

	if (!file || fputs("1", file) < 0 || fclose(file))
		bail_out("kptr_restrict");
}

/* ---- tests ------------------------------------------------------------- */

static void test_reads(bool leak)
{
	unsigned int expected = 0, missing = 0, others = 0, i;

	for (i = 0; i < address_count; i++) {
		bool ours = switcher_page(addresses[i]);
		bool read = READS(addresses[i]);

		expected += ours;
		missing += ours && !read;
		if (!ours && read && others++ < 10)
			note("0x%llx answers", (unsigned long long)addresses[i]);
	}
	note("%u addresses, of these %u of the switcher's %u pages; %u others answered",
	     address_count, expected, root.count, others);
	check(address_count >= 1800, "at least 1,800 addresses of the host are read");
	check(expected >= root.count && !missing, "the switcher's pages answer");
	if (leak)
		check(others, "others answer too: global TLB entries of the host are still there");
	else
		check(!others, "nothing else answers");
}

static void test_writes(void)
{
	unsigned int wrong = 0, i;

	for (i = 0; i < root.count && i < ROOT_CAPACITY; i++) {
		bool writable = pages[i].flags & RINGLET_PAGE_WRITABLE;

		if (WRITES(pages[i].address) != writable) {
			note("0x%llx", (unsigned long long)pages[i].address);
			wrong++;
		}
	}
	check(!wrong, "what ring 0 believes cannot be written");
}

int main(int argc, char **argv)
{
	bool leak = argc > 1 && !strcmp(argv[1], "leak");

	machine_create(&machine, MACHINE_MEMORY);
	if (!has_long_mode()) {
		check(argc == 1, "a code descriptor with L=1 gives no 64-bit code");
		machine_destroy(&machine);
		return finish();
	}
	check(argc > 1, "the guest has 64-bit code in ring 1, as this module was built for");
	if (ioctl(machine.vcpu, RINGLET_READ_GUEST_ROOT, &root))
		bail_out("RINGLET_READ_GUEST_ROOT");
	show_addresses();
	collect_addresses();
	test_reads(leak);
	/* A global entry of the host's for the same page would allow it. */
	if (!leak)
		test_writes();
	machine_destroy(&machine);
	return finish();
}
