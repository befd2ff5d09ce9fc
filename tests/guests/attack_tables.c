// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: descriptor tables may lie anywhere: in device memory, across pages
 * that are not mapped, across the end of the address space, at odd addresses, as
 * long as their limit allows. What the table cannot give faults; what ringlet
 * reads for its shadow is the guest's memory only.
 */
#include "paging.h"

#define DEVICE 0xe0000000u /* no memory there */

static u8 area[2 * 65536] __attribute__((aligned(4096)));
static u32 directory[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));

/*
 * Load the table, leave the guest world with it (OUT is emulated, no exception
 * is delivered), load the usual one again.
 */
static void visit_gdt(u32 base, u16 limit)
{
	struct table_register odd = { limit, base };
	struct table_register usual = { sizeof(gdt) - 1, (u32)gdt };

	asm volatile("lgdt %0; outb %%al, $0x80; clts; lgdt %1; clts" ::"m"(odd), "m"(usual)
		     : "memory");
}

static void visit_idt(u32 base, u16 limit)
{
	struct table_register odd = { limit, base };
	struct table_register usual = { sizeof(idt) - 1, (u32)idt };

	asm volatile("lidt %0; outb %%al, $0x80; clts; lidt %1; clts" ::"m"(odd), "m"(usual)
		     : "memory");
}

static void visit_ldt(u32 base, u32 limit, u8 flags)
{
	gdt[FREE(0) / 8] = descriptor(base, limit, 0x82, flags);
	asm volatile("lldt %w0; outb %%al, $0x80; clts" ::"r"(FREE(0)) : "memory");
	TRY("mov %0, %%fs", "r"(0xfffc));
	TRY("mov %0, %%fs", "r"(0xc));
	asm volatile("mov %0, %%fs; lldt %w1; clts" ::"r"(KERNEL_DS), "r"(0) : "memory");
}

static const u32 bases[] = {
	0,	    1,		0xfff,	    0x1001,	DEVICE,	    DEVICE + 0xffd,
	0x3ff0000,  0x3fffff8,	0x4000000,  0xffff0000, 0xffff0001, 0xfffffff0,
	0xfffffff8, 0xffffffff, 0x7ffffffc, 0x80000000, 0xc0000000, 0xff5fd000,
};

static const u16 limits[] = { 0, 6, 7, 0x7f, 0xfff, 0xfff7, 0xffff };

static void visit_all(const char *name)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		for (j = 0; j < ARRAY_SIZE(limits); j++) {
			visit_gdt(bases[i], limits[j]);
			visit_idt(bases[i], limits[j]);
			visit_ldt(bases[i], limits[j], 0);
		}
		visit_ldt(bases[i], 0xfffff, 8);
	}
	check(true, name);
}

/* A good table at an address where descriptors straddle pages. */
static void test_odd_address(void)
{
	u32 base = (u32)area + 4096 - 20;
	struct table_register odd = { sizeof(gdt) - 1, base };

	memcpy((void *)base, gdt, sizeof(gdt));
	asm volatile("lgdt %0" ::"m"(odd) : "memory");
	reload_segments();
	TRY("int3");
	check_equal(fault.vector, VECTOR_BP, "a GDT whose descriptors straddle pages");
	*(volatile u64 *)(base + FREE(1)) = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	TRY("mov %0, %%fs", "r"(FREE(1)));
	check_no_fault("a write to it is seen");
	load_gdt();
	reload_segments();
}

static void map_identity(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PW;
	directory[WINDOW >> 22] = (u32)table | PAGE_PW;
	directory[DEVICE >> 22] = DEVICE | PAGE_PS | PAGE_PW;
	write_cr4(read_cr4() | CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

/* The second page of the table comes and goes. */
static void test_absent_page(void)
{
	struct table_register mapped = { 0x1fff, WINDOW };
	u64 data = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);

	memset(area, 0, 8192);
	memcpy(area, gdt, sizeof(gdt));
	memcpy(area + 0x1000, &data, sizeof(data));
	table[0] = (u32)area | PAGE_PW;
	table[1] = ((u32)area + PAGE) | PAGE_PW;
	asm volatile("lgdt %0" ::"m"(mapped) : "memory");
	reload_segments();
	TRY("mov %0, %%fs", "r"(0x1000));
	check_no_fault("a descriptor in a page that is mapped");
	asm volatile("mov %0, %%fs" ::"r"(KERNEL_DS));
	table[1] = 0;
	invlpg((void *)(WINDOW + PAGE));
	TRY("mov %0, %%fs", "r"(0x1000));
	check_page_fault(0, WINDOW + 0x1000, "the page goes: #PF at the descriptor");
	table[1] = DEVICE | PAGE_PW;
	invlpg((void *)(WINDOW + PAGE));
	TRY("mov %0, %%fs", "r"(0x1000));
	/* All ones is readable code of DPL 3. */
	check_no_fault("the page is a device's: its answer is a descriptor");
	load_gdt();
	reload_segments();
}

void guest_main(void)
{
	test_odd_address();
	visit_all("tables anywhere, without paging");
	map_identity();
	test_absent_page();
	visit_all("tables anywhere, with paging");
}
