// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boots a Linux kernel on the userspace PC, for debugging the interpreter at
 * the host's full speed and for measuring it.
 *
 * usage: interpret_boot KERNEL INITRD COMMAND-LINE [GUEST-SECONDS [MIBIBYTES]]
 *
 * The console goes to standard output, the figures to standard error. Ends with
 * 0 when the guest has switched off or reset itself.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpret_pc.h"
#include "load.h"

static const uint8_t *map_file(const char *name, size_t *bytes)
{
	int file = open(name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *at;

	if (file < 0 || fstat(file, &status)) {
		perror(name);
		exit(2);
	}
	*bytes = (size_t)status.st_size;
	at = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
	close(file);
	if (at == MAP_FAILED) {
		perror(name);
		exit(2);
	}
	return at;
}

/* A Pentium M in a virtual machine. */
static void set_cpuid(struct virtual_cpu *cpu)
{
	static const struct cpu_cpuid_entry leaves[] = {
		{ 0, 0, 0, 2, 0x756e6547, 0x6c65746e, 0x49656e69 },
		{ 1, 0, 0, 0x6d6, 0x00000800, 0x80000000,
		  BIT(0) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(11) | BIT(13) |
			  BIT(15) | BIT(16) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26) },
		{ 2, 0, 0, 1, 0, 0, 0 },
		{ 0x80000000, 0, 0, 0x80000001, 0, 0, 0 },
		{ 0x80000001, 0, 0, 0, 0, 0, BIT(20) },
	};

	memcpy(cpu->cpuid, leaves, sizeof(leaves));
	cpu->cpuid_count = ARRAY_SIZE(leaves);
}

/* As the 32-bit boot protocol says. */
static void set_entry(struct virtual_cpu *cpu, const struct entry_state *entry)
{
	unsigned int i;

	cpu->cr0 |= X86_CR0_PE;
	for (i = 0; i < SEGMENT_REGISTERS; i++)
		segment_from_descriptor(&cpu->segments[i], i == SEGMENT_CS ? 0x10 : 0x18,
					i == SEGMENT_CS ? 0x00cf9b000000ffffULL
							: 0x00cf93000000ffffULL);
	cpu->gdtr = (struct descriptor_table){ .base = BOOT_GDT, .limit = 0x1f };
	cpu->rip = entry->eip;
	cpu->regs[REG_SP] = entry->esp;
	cpu->regs[REG_AX] = entry->eax;
	cpu->regs[REG_BX] = entry->ebx;
	cpu->regs[REG_SI] = entry->esi;
}

static void print_figures(const struct pc *pc)
{
	static const char *const exits[INTERPRET_EXITS] = { "budget", "stop", "window", "slow",
							    "TLB",    "page", "full",	"changed" };
	const struct interpreter_statistics *figures = interpreter_statistics(pc->interpreter);
	unsigned int i, j;

	fprintf(stderr, "ended: %s at %x:%llx\n", pc->ended ? pc->ended : "time is up",
		pc->cpu.segments[SEGMENT_CS].selector, (unsigned long long)pc->cpu.rip);
	fprintf(stderr, "instructions: %llu fast, %llu slow; virtual time %llu ns\n",
		(unsigned long long)figures->instructions, (unsigned long long)pc->slow_total,
		(unsigned long long)pc->now);
	for (i = 0; i < INTERPRET_EXITS; i++)
		fprintf(stderr, "exits: %s %llu\n", exits[i],
			(unsigned long long)figures->exits[i]);
	fprintf(stderr, "blocks %llu, lookups %llu, invalidations %llu, flushes %llu\n",
		(unsigned long long)figures->blocks_decoded,
		(unsigned long long)figures->code_lookups,
		(unsigned long long)figures->code_invalidations,
		(unsigned long long)figures->code_flushes);
	fprintf(stderr, "fills %llu, faults %llu, interrupts %llu, TSC reads %llu\n",
		(unsigned long long)pc->fills, (unsigned long long)pc->faults,
		(unsigned long long)pc->interrupts, (unsigned long long)pc->tsc_reads);
	for (j = 0; j < 24; j++) {
		unsigned int most = 0;

		for (i = 1; i < OPERATIONS; i++)
			if (pc->slow[i] > pc->slow[most])
				most = i;
		if (!pc->slow[most])
			break;
		fprintf(stderr, "slow: %s %llu\n", operation_name(most),
			(unsigned long long)pc->slow[most]);
		((struct pc *)pc)->slow[most] = 0;
	}
}

int main(int argc, char **argv)
{
	static const uint8_t seed[LOAD_SEED_SIZE] = "always the same numbers";
	static struct pc pc;
	struct load_request request = { .kernel_name = "the kernel", .initrd_name = "the initrd" };
	struct entry_state entry = { 0 };
	struct message error;
	u64 seconds, megabytes;

	if (argc < 4) {
		fprintf(stderr, "usage: interpret_boot KERNEL INITRD COMMAND-LINE "
				"[GUEST-SECONDS [MEBIBYTES]]\n");
		return 2;
	}
	seconds = argc > 4 ? strtoull(argv[4], NULL, 0) : 60;
	megabytes = argc > 5 ? strtoull(argv[5], NULL, 0) : 256;
	request.kernel = map_file(argv[1], &request.kernel_size);
	request.initrd = map_file(argv[2], &request.initrd_size);
	request.command_line = argv[3];
	request.seed = seed;
	if (!pc_init(&pc, (u32)(megabytes << 20)))
		return 2;
	if (!load_guest(&request, &pc.memory, &entry, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	set_cpuid(&pc.cpu);
	set_entry(&pc.cpu, &entry);
	pc_run(&pc, seconds * 1000000000ULL);
	fflush(stdout);
	print_figures(&pc);
	return pc.ended ? 0 : 1;
}
