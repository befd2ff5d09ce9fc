// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: whatever stands in a guest's page tables, its shadow maps nothing
 * but the guest's own memory: forged entries that name every frame, a directory
 * that maps itself, tables that are descriptor tables at the same time, a walk
 * over all of the 4 GiB, descriptors written through another mapping. The
 * client walks the root all along.
 */
#include "paging.h"

#define MEMORY_END 0x4000000u
#define SELF	   0xffc00000u /* where the directory maps its tables */
#define FORGED	   0x50000000u /* a window of 4 MB with forged entries */
#define ALIAS	   0x60000000u

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 forged[1024] __attribute__((aligned(4096)));
static u32 alias[1024] __attribute__((aligned(4096)));
static u32 random_state = 12345;

static u32 random(void)
{
	random_state = random_state * 1103515245 + 12345;
	return random_state ^ random_state >> 15;
}

static void map(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PWU;
	directory[FORGED >> 22] = (u32)forged | PAGE_PWU;
	directory[ALIAS >> 22] = (u32)alias | PAGE_PWU;
	directory[SELF >> 22] = (u32)directory | PAGE_PW;
	write_cr4(read_cr4() | CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

/* Frames of this guest's code and data are left alone. */
static u32 harmless_frame(void)
{
	u32 frame = random() & ~0xfffu;

	return frame < FREE_MEMORY ? frame | 0x80000000u : frame;
}

static void test_forged_entries(void)
{
	u32 i, touched = 0;

	for (i = 0; i < 1500; i++) {
		u32 index = random() % 1024;
		u32 address = FORGED + index * PAGE + (random() & 0xffc);

		forged[index] = harmless_frame() | (random() & 0xfff);
		if (i & 1)
			invlpg((void *)address);
		else
			flush_all();
		TRY_READ(address);
		touched += fault.vector == NO_FAULT;
		TRY_WRITE(address, i);
		touched += fault.vector == NO_FAULT;
	}
	check(touched > 100, "entries with random frames and bits");
	/* Large pages with reserved bits, and frames at and past every border. */
	for (i = 0; i < 300; i++) {
		u32 slot = 0x300 + random() % 0x80;

		directory[slot] = harmless_frame() | (random() & 0xfff) | PAGE_P;
		if (!(directory[slot] & PAGE_PS))
			directory[slot] |= PAGE_PS;
		flush_all();
		TRY_READ(slot << 22 | (random() & 0x3ffffc));
		directory[slot] = 0;
	}
	check(true, "large pages with random frames and bits");
}

static void test_self_map(void)
{
	volatile u32 *tables = (volatile u32 *)SELF;
	u32 i, frame;

	/* The window's table, through the directory's own mapping. */
	for (i = 0; i < 400; i++) {
		frame = i < 200 ? FREE_MEMORY + i * PAGE
				: MEMORY_END - 100 * PAGE + (i - 200) * PAGE;
		tables[(FORGED >> 12) + i] = frame | PAGE_PWU;
		invlpg((void *)(FORGED + i * PAGE));
		TRY_WRITE(FORGED + i * PAGE, frame);
	}
	check_equal(read32(FREE_MEMORY + 5 * PAGE), FREE_MEMORY + 5 * PAGE,
		    "tables written through the directory's own mapping work");
	TRY_READ(MEMORY_END);
	check_page_fault(0, MEMORY_END, "what no entry maps faults");
	/* The directory, as a page of its own mapping, maps itself once more. */
	check_equal(tables[0xfffff], directory[SELF >> 22],
		    "the entry of the directory names the directory");
}

static void test_whole_space(void)
{
	u32 round, i;

	directory[FORGED >> 22] = 0;
	directory[ALIAS >> 22] = 0;
	for (i = 16; i < 1023; i++)
		if (!directory[i])
			directory[i] = FREE_MEMORY | PAGE_PS | PAGE_PWU;
	for (round = 0; round < 2; round++) {
		flush_all();
		/* 2 MiB is what a table of the shadow's maps. */
		for (i = 32; i < 2044; i++)
			(void)read32(i << 21);
	}
	for (i = 16; i < 1023; i++)
		if (directory[i] & PAGE_PS)
			directory[i] = 0;
	flush_all();
	check(true, "a walk over the 4 GiB");
}

static volatile u32 code_result;

/* INT 52h of code in whatever segment: see attack_descriptors.c. */
static void leave_code(struct frame *frame)
{
	code_result = frame->eax;
	frame->cs = KERNEL_CS;
	frame->eip = resume_address;
}

/* Descriptors written through another mapping of their page. */
static void test_alias(void)
{
	volatile u64 *other = (volatile u64 *)(ALIAS + ((u32)gdt & 0xfff));

	alias[0] = ((u32)gdt & ~0xfffu) | PAGE_PW;
	flush_all();
	other[FREE(0) / 8] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	TRY("mov %0, %%fs", "r"(FREE(0)));
	check_no_fault("a descriptor written through an alias is seen");
	other[FREE(0) / 8] = descriptor(0, 0xfffff, ACCESS_CODE0, FLAGS_LONG);
	handlers[0x52] = leave_code;
	code_result = ~0u;
	TRY("push %0; push $1f; xor %%eax, %%eax; lret; 1: .byte 0x48, 0xff, 0xc0, 0xcd, 0x52",
	    "r"(FREE(0)));
	handlers[0x52] = NULL;
	check_equal(code_result, 0, "L=1 written through an alias: no 64-bit code");
	reload_segments();
	other[FREE(0) / 8] = descriptor(0, 0, 0xec, 0) | 0xffe0ULL << 16;
	TRY("lcall %0, $0", "i"(FREE(0)));
	check_fault(VECTOR_GP, 0xffe0, "a gate written through an alias: #GP(selector)");
	other[FREE(0) / 8] = 0;
	TRY("mov %0, %%fs", "r"(FREE(0)));
	check_fault(VECTOR_GP, FREE(0), "a descriptor cleared through an alias is gone");
}

/* The GDT stands in the page table that maps the window, where A and D are set. */
static void test_table_as_table(void)
{
	struct table_register table = { 8 * GDT_ENTRIES - 1, (u32)forged };
	u32 i;

	memset(forged, 0, sizeof(forged));
	memcpy(forged, gdt, sizeof(gdt));
	for (i = 512; i < 1024; i++)
		forged[i] = FREE_MEMORY | PAGE_PWU;
	asm volatile("lgdt %0" ::"m"(table) : "memory");
	flush_all();
	reload_segments();
	/* Descriptors as entries: they name frames far outside of memory. */
	for (i = 0; i < 2 * GDT_ENTRIES; i++)
		TRY_READ(FORGED + i * PAGE);
	for (i = 512; i < 1024; i += 64)
		TRY_WRITE(FORGED + i * PAGE, i);
	reload_segments();
	TRY("int3");
	check_equal(fault.vector, VECTOR_BP, "a GDT that is a page table at the same time");
	load_gdt();
	reload_segments();
}

void guest_main(void)
{
	map();
	test_forged_entries();
	memset(forged, 0, sizeof(forged));
	flush_all();
	test_self_map();
	test_alias();
	test_table_as_table();
	test_whole_space();
}
