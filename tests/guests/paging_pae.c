// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: PAE paging translates, refuses and records as "PAE Paging" in the
 * manual says: directory pointers that are read at CR3 loads and checked,
 * 2 MiB pages, execute-disable, reserved bits.
 *
 * Memory is mapped one to one by 2 MiB pages; the tests map at WINDOW.
 */
#include "paging.h"

#define MSR_EFER       0xc0000080u
#define EFER_NXE       0x800u
#define NX	       (1ull << 63)

#define LARGE	       (WINDOW + 0x1000000)
#define FRAME(n)       (FREE_MEMORY + (n)*PAGE)
#define MAPPED(n)      (WINDOW + (n)*PAGE)
#define MEMORY_ENTRIES 32
#define POINTER	       (WINDOW >> 30)

static volatile u64 pointers[4] __attribute__((aligned(32)));
static volatile u64 other_pointers[4] __attribute__((aligned(32)));
static volatile u64 directories[4][512] __attribute__((aligned(4096)));
static volatile u64 other_directory[512] __attribute__((aligned(4096)));
static volatile u64 table[512] __attribute__((aligned(4096)));

static volatile u32 user_address;

static void user_read(void)
{
	(void)read32(user_address);
}

static void user_write(void)
{
	write32(user_address, 1);
}

static void user_execute(void)
{
	asm volatile("call *%0" ::"r"(user_address) : "memory", "eax");
}

static void set_entry(unsigned int n, u64 value)
{
	table[n] = value;
	flush(MAPPED(n));
}

static void use_nx(bool on)
{
	wrmsr(MSR_EFER, on ? rdmsr(MSR_EFER) | EFER_NXE : rdmsr(MSR_EFER) & ~(u64)EFER_NXE);
}

static void use_wp(bool on)
{
	write_cr0(on ? read_cr0() | CR0_WP : read_cr0() & ~CR0_WP);
}

static volatile u64 *window_entry(void)
{
	return &directories[POINTER][WINDOW >> 21 & 511];
}

static volatile u64 *large_entry(void)
{
	return &directories[POINTER][LARGE >> 21 & 511];
}

static void start_paging(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		pointers[i] = other_pointers[i] = (u32)directories[i] | PAGE_P;
	other_pointers[POINTER] = (u32)other_directory | PAGE_P;
	for (i = 0; i < MEMORY_ENTRIES; i++)
		directories[0][i] = (u64)i << 21 | PAGE_PS | PAGE_PWU;
	*window_entry() = (u32)table | PAGE_PWU;
	write_cr4(CR4_PAE);
	write_cr3((u32)pointers);
	TRY("mov %0, %%cr0", "r"(read_cr0() | CR0_PG));
	check_no_fault("PAE paging goes on");
}

static void test_translation(void)
{
	write32(FRAME(0), 0x11111111);
	write32(FRAME(1), 0x22222222);
	set_entry(0, FRAME(0) | PAGE_PW);
	set_entry(511, FRAME(1) | PAGE_PW);
	check_equal(read32(MAPPED(0)), 0x11111111, "a page reads its frame");
	check_equal(read32(MAPPED(511)), 0x22222222, "the table's last page");
	*window_entry() = 0;
	flush_all();
	TRY_READ(MAPPED(0));
	check_page_fault(0, MAPPED(0), "no table");
	*window_entry() = (u32)table | PAGE_PWU;
	check_equal(read32(MAPPED(0)), 0x11111111, "a table comes without a flush");
	set_entry(0, FRAME(1) | PAGE_PW);
	check_equal(read32(MAPPED(0)), 0x22222222, "another frame after INVLPG");
	directories[3][511] = (u32)table | PAGE_PW;
	check_equal(read32(0xfffff000), 0x22222222, "the last page below 4 GiB");
	directories[3][511] = 0;
	flush_all();
	set_entry(1, 0);
	TRY_WRITE(MAPPED(1) + 8, 1);
	check_page_fault(PF_W, MAPPED(1) + 8, "writing an absent page");
	user_address = MAPPED(1) + 12;
	run_user(user_read);
	check_page_fault(PF_U, MAPPED(1) + 12, "ring 3 reads an absent page");
}

static void test_permissions(bool wp)
{
	unsigned int wrong = 0;
	unsigned int combination;

	use_wp(wp);
	user_address = MAPPED(4);
	for (combination = 0; combination < 16; combination++) {
		u32 upper = (combination & 3) << 1, lower = (combination >> 2) << 1;
		bool writable = upper & lower & PAGE_W, user = upper & lower & PAGE_U;

		table[4] = FRAME(4) | PAGE_P | lower;
		*window_entry() = (u32)table | PAGE_P | upper;
		flush_all();
		TRY_READ(MAPPED(4));
		wrong += fault.vector != NO_FAULT;
		TRY_WRITE(MAPPED(4), 1);
		wrong += writable || !wp
				 ? fault.vector != NO_FAULT
				 : fault.vector != VECTOR_PF || fault.error_code != (PF_P | PF_W);
		run_user(user_read);
		wrong += user ? fault.vector != NO_FAULT
			      : fault.vector != VECTOR_PF || fault.error_code != (PF_P | PF_U);
		run_user(user_write);
		wrong += user && writable ? fault.vector != NO_FAULT
					  : fault.vector != VECTOR_PF ||
						    fault.error_code != (PF_P | PF_U | PF_W);
	}
	*window_entry() = (u32)table | PAGE_PWU;
	flush_all();
	check_equal(wrong, 0, wp ? "W and U of both levels, WP=1" : "W and U of both levels, WP=0");
	use_wp(false);
}

static void test_accessed_and_dirty(void)
{
	set_entry(5, FRAME(5) | PAGE_PW);
	*window_entry() = (u32)table | PAGE_PWU;
	flush_all();
	(void)read32(MAPPED(5));
	check_equal((u32)table[5] & (PAGE_A | PAGE_D), PAGE_A, "a read sets A");
	check_equal((u32)*window_entry() & (PAGE_A | PAGE_D), PAGE_A, "and A in the directory");
	check_equal((u32)pointers[POINTER], (u32)directories[POINTER] | PAGE_P,
		    "but nothing in the directory pointer");
	write32(MAPPED(5), 1);
	check_equal((u32)table[5] & (PAGE_A | PAGE_D), PAGE_A | PAGE_D, "a write sets D");
}

static void test_large_pages(void)
{
	volatile u64 *entry = large_entry();

	write32(FREE_MEMORY + 0x1ff000, 0x55555555);
	write32(FREE_MEMORY + 0x3ff000, 0x66666666);
	*entry = FREE_MEMORY | PAGE_PS | PAGE_PW;
	check_equal(read32(LARGE + 0x1ff000), 0x55555555, "a 2 MiB page reads its frame");
	check_equal((u32)*entry & (PAGE_A | PAGE_D), PAGE_A, "a read sets A");
	write32(LARGE + 0x100000, 1);
	check_equal((u32)*entry & (PAGE_A | PAGE_D), PAGE_A | PAGE_D, "a write sets D");
	*entry = (FREE_MEMORY + 0x200000) | PAGE_PS | PAGE_PW;
	flush(LARGE + 0x54321);
	check_equal(read32(LARGE + 0x1ff000), 0x66666666, "INVLPG of any address drops all of it");
	*entry = FREE_MEMORY | 1u << 13 | PAGE_PS | PAGE_PWU;
	flush(LARGE);
	TRY_READ(LARGE + 4);
	check_page_fault(PF_P | PF_RSVD, LARGE + 4, "reserved bit 13 of a 2 MiB page");
	*entry = FREE_MEMORY | 1u << 20 | PAGE_PS | PAGE_PWU;
	flush(LARGE);
	TRY_WRITE(LARGE + 4, 1);
	check_page_fault(PF_P | PF_RSVD | PF_W, LARGE + 4, "reserved bit 20 of a 2 MiB page");
	*entry = 0;
	flush(LARGE);
}

static void test_execute_disable(void)
{
	write32(FRAME(6), 0xc3);
	set_entry(6, FRAME(6) | PAGE_PWU | NX);
	TRY_READ(MAPPED(6));
	check_page_fault(PF_P | PF_RSVD, MAPPED(6), "bit 63 is reserved without NXE");
	use_nx(true);
	check(rdmsr(MSR_EFER) & EFER_NXE, "EFER.NXE reads as set");
	TRY_READ(MAPPED(6));
	check_no_fault("reading an NX page");
	TRY_WRITE(MAPPED(6) + 4, 1);
	check_no_fault("writing an NX page");
	TRY_CALL(MAPPED(6));
	check_page_fault(PF_P | PF_I, MAPPED(6), "executing an NX page");
	user_address = MAPPED(6);
	run_user(user_execute);
	check_page_fault(PF_P | PF_I | PF_U, MAPPED(6), "executing an NX page in ring 3");
	set_entry(6, 0);
	TRY_CALL(MAPPED(6));
	check_page_fault(PF_I, MAPPED(6), "executing an absent page with NXE");
	set_entry(6, FRAME(6) | PAGE_PW);
	run_user(user_execute);
	check_page_fault(PF_P | PF_I | PF_U, MAPPED(6), "executing a page of ring 0 in ring 3");
	TRY_CALL(MAPPED(6));
	check_no_fault("executing a page without NX");
	*window_entry() = (u32)table | PAGE_PWU | NX;
	flush_all();
	TRY_CALL(MAPPED(6));
	check_page_fault(PF_P | PF_I, MAPPED(6), "NX in the directory is enough");
	*window_entry() = (u32)table | PAGE_PWU;
	flush_all();
	*large_entry() = FREE_MEMORY | PAGE_PS | PAGE_PW | NX;
	TRY_CALL(LARGE + 6 * PAGE);
	check_page_fault(PF_P | PF_I, LARGE + 6 * PAGE, "an NX page of 2 MiB");
	*large_entry() = 0;
	flush(LARGE);
	set_entry(6, FRAME(6) | PAGE_PW);
	set_entry(7, FRAME(7) | PAGE_PW | NX);
	/* MOV $0, %eax across into an NX page. */
	write32(FRAME(6) + PAGE - 4, 0x00b80000);
	TRY_CALL(MAPPED(7) - 2);
	check_page_fault(PF_P | PF_I, MAPPED(7), "an instruction across into an NX page");
	/* MOV %cr3, %eax, the same with an instruction that traps. */
	write32(FRAME(6) + PAGE - 4, 0x200f0000);
	TRY_CALL(MAPPED(7) - 2);
	check_page_fault(PF_P | PF_I, MAPPED(7), "a privileged one across into an NX page");
	set_entry(8, FRAME(6) | PAGE_PW | NX);
	use_nx(false);
	TRY_READ(MAPPED(8));
	check_page_fault(PF_P | PF_RSVD, MAPPED(8), "bit 63 is reserved again after NXE=0");
	set_entry(7, 0);
	set_entry(8, 0);
}

static void test_reserved_bits(void)
{
	set_entry(9, FRAME(0) | PAGE_PWU | 1ull << 62);
	TRY_READ(MAPPED(9));
	check_page_fault(PF_P | PF_RSVD, MAPPED(9), "reserved bit 62");
	set_entry(9, FRAME(0) | PAGE_PWU | 1ull << 52);
	user_address = MAPPED(9);
	run_user(user_write);
	check_page_fault(PF_P | PF_RSVD | PF_U | PF_W, MAPPED(9), "reserved bit 52, ring 3");
	*window_entry() = (u32)table | PAGE_PWU | 1ull << 60;
	flush_all();
	TRY_READ(MAPPED(0));
	check_page_fault(PF_P | PF_RSVD, MAPPED(0), "reserved bit 60 in the directory");
	*window_entry() = (u32)table | PAGE_PWU;
	flush_all();
	/* A frame above 4 GiB is nowhere: it reads as an empty bus does. */
	set_entry(9, FRAME(0) | PAGE_PWU | 1ull << 33);
	TRY_READ(MAPPED(9));
	check_no_fault("a frame above 4 GiB is an address, not a reserved bit");
	set_entry(9, 0);
}

static void test_pointers(void)
{
	static const u64 reserved[] = { 1u << 1, 1u << 2, 1u << 5, 1u << 8, 1ull << 62 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++) {
		other_pointers[2] = (u32)directories[2] | PAGE_P | reserved[i];
		TRY("mov %0, %%cr3", "r"(other_pointers));
		check_fault(VECTOR_GP, 0, "a reserved bit in a directory pointer: #GP(0)");
	}
	check_equal(read_cr3(), (u32)pointers, "CR3 is as before");
	other_pointers[2] = reserved[0];
	TRY("mov %0, %%cr3", "r"(other_pointers));
	check_no_fault("the same in an absent pointer is nothing");
	TRY_READ(0x80000000);
	check_page_fault(0, 0x80000000, "an absent pointer");
	write_cr3((u32)pointers);
	other_pointers[2] = (u32)directories[2] | PAGE_P;

	other_directory[WINDOW >> 21 & 511] = (u32)table | PAGE_PWU;
	set_entry(0, FRAME(0) | PAGE_PW);
	*window_entry() = 0;
	write_cr3((u32)other_pointers);
	check_equal(read32(MAPPED(0)), 0x11111111, "other pointers, another directory");
	write_cr3((u32)pointers);
	TRY_READ(MAPPED(0));
	check_page_fault(0, MAPPED(0), "and back");
	pointers[POINTER] = (u32)other_directory | PAGE_P;
	flush(MAPPED(0));
	TRY_READ(MAPPED(0));
	check_page_fault(0, MAPPED(0), "a pointer in memory counts from the next CR3 load");
	flush_all();
	check_equal(read32(MAPPED(0)), 0x11111111, "when it does");
	pointers[POINTER] = (u32)directories[POINTER] | PAGE_P;
	flush_all();
	*window_entry() = (u32)table | PAGE_PWU;
}

/* Page tables of one format are not taken for the other. */
static void test_formats(void)
{
	static volatile u32 two_level[1024] __attribute__((aligned(4096)));
	unsigned int i;

	for (i = 0; i < MEMORY_ENTRIES / 2; i++)
		two_level[i] = i << 22 | PAGE_PS | PAGE_PW;
	two_level[WINDOW >> 22] = FREE_MEMORY | PAGE_PS | PAGE_PW;
	write32(FREE_MEMORY, 0x77777777);
	set_entry(0, FRAME(1) | PAGE_PW);
	check_equal(read32(MAPPED(0)), 0x22222222, "three levels");
	write_cr0(read_cr0() & ~CR0_PG);
	write_cr4(CR4_PSE);
	write_cr3((u32)two_level);
	write_cr0(read_cr0() | CR0_PG);
	check_equal(read32(MAPPED(0)), 0x77777777, "two levels");
	write_cr0(read_cr0() & ~CR0_PG);
	write_cr4(CR4_PAE);
	write_cr3((u32)pointers);
	write_cr0(read_cr0() | CR0_PG);
	check_equal(read32(MAPPED(0)), 0x22222222, "three levels again");
}

void guest_main(void)
{
	start_paging();
	test_translation();
	test_permissions(false);
	test_permissions(true);
	test_accessed_and_dirty();
	test_large_pages();
	test_execute_disable();
	test_reserved_bits();
	test_pointers();
	test_formats();
}
