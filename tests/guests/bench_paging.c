// SPDX-License-Identifier: GPL-2.0-only
/*
 * What paging costs a guest: address spaces that take turns, page tables that
 * are filled and changed. Counted with the time stamp counter (instructions
 * under -icount). Prints "figure NAME VALUE" lines; tests/bench reads them.
 */
#include "paging.h"

#define SPACES	     8
#define PAGES	     32
#define ROUNDS	     64
#define MEMORY_PAGES 16 /* of 4 MiB, one to one */
#define FRAME(n)     (FREE_MEMORY + (n)*PAGE)

static volatile u32 directories[SPACES][1024] __attribute__((aligned(4096)));
static volatile u32 tables[SPACES][1024] __attribute__((aligned(4096)));

static void touch(unsigned int first, unsigned int count)
{
	for (; count; count--, first++)
		(void)read32(WINDOW + first * PAGE);
}

static void start_paging(void)
{
	unsigned int space, i;

	for (space = 0; space < SPACES; space++) {
		for (i = 0; i < MEMORY_PAGES; i++)
			directories[space][i] = i << 22 | PAGE_PS | PAGE_PW | PAGE_A | PAGE_D |
						PAGE_G;
		for (i = 0; i < 1024; i++)
			tables[space][i] = FRAME(space * 1024 + i) | PAGE_PWU | PAGE_A | PAGE_D;
		directories[space][WINDOW >> 22] = (u32)tables[space] | PAGE_PWU | PAGE_A;
	}
	write_cr4(CR4_PSE | CR4_PGE);
	write_cr3((u32)directories[0]);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

static void measure_loads(void)
{
	u64 start;
	unsigned int i;

	touch(0, PAGES);
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++)
		flush_all();
	figure("cr3_load", (u32)(rdtsc() - start) / ROUNDS);
}

static void measure_switches(void)
{
	u64 start = 0;
	unsigned int i;

	for (i = 0; i < SPACES * (ROUNDS + 1); i++) {
		if (i == SPACES)
			start = rdtsc();
		write_cr3((u32)directories[i % SPACES]);
		touch(0, PAGES);
	}
	figure("switch_32_pages", (u32)(rdtsc() - start) / (SPACES * ROUNDS));
}

static void measure_fills(void)
{
	unsigned int i;
	u64 start;

	write_cr3((u32)directories[0]);
	/* Have the host know the frames. */
	for (i = 0; i < 256; i++)
		(void)read32(FRAME(1024 + 512 + i));
	directories[0][(WINDOW >> 22) + 1] = (u32)tables[1] | PAGE_PWU | PAGE_A;
	flush_all();
	start = rdtsc();
	touch(1024 + 512, 256);
	figure("fill_of_a_page", (u32)(rdtsc() - start) / 256);
}

static void measure_table(void)
{
	u64 start;
	unsigned int i;

	touch(768, 1);
	start = rdtsc();
	for (i = 768; i < 1024; i++)
		tables[0][i] = FRAME(i) | PAGE_PWU | PAGE_A | PAGE_D;
	figure("entry_of_a_table", (u32)(rdtsc() - start) / 256);
}

static void measure_updates(void)
{
	u64 start = rdtsc();
	unsigned int i;

	for (i = 0; i < ROUNDS * 4; i++) {
		tables[0][0] = FRAME(i % 2) | PAGE_PWU | PAGE_A | PAGE_D;
		flush(WINDOW);
		(void)read32(WINDOW);
	}
	figure("update_invlpg_use", (u32)(rdtsc() - start) / (ROUNDS * 4));
}

/* A process: its directory and its table are made, used and taken apart. */
static void measure_processes(void)
{
	u64 start = rdtsc();
	unsigned int i, round;

	for (round = 0; round < ROUNDS; round++) {
		const unsigned int space = 1 + round % (SPACES - 1);

		write_cr3((u32)directories[0]);
		for (i = 0; i < MEMORY_PAGES; i++)
			directories[space][i] = directories[0][i];
		directories[space][WINDOW >> 22] = (u32)tables[space] | PAGE_PWU | PAGE_A;
		for (i = 0; i < PAGES; i++)
			tables[space][i] = FRAME(i + round) | PAGE_PWU | PAGE_A | PAGE_D;
		write_cr3((u32)directories[space]);
		touch(0, PAGES);
		for (i = 0; i < PAGES; i++)
			tables[space][i] = 0;
		directories[space][WINDOW >> 22] = 0;
	}
	write_cr3((u32)directories[0]);
	figure("process_of_32_pages", (u32)(rdtsc() - start) / ROUNDS);
}

void guest_main(void)
{
	start_paging();
	measure_loads();
	measure_switches();
	measure_fills();
	measure_table();
	measure_updates();
	measure_processes();
	check(true, "measured");
}
