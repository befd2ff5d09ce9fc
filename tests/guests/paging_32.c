// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: two-level paging translates, refuses and records (accessed,
 * dirty, error code, CR2) as "32-Bit Paging" in the manual says, for ring 0,
 * ring 3, code, and instructions that ringlet emulates.
 *
 * Memory is mapped one to one by 4 MiB pages; the tests map at WINDOW.
 */
#include "paging.h"

#define LARGE	      (WINDOW + 0x1000000)
#define FRAME(n)      (FREE_MEMORY + (n)*PAGE)
#define MAPPED(n)     (WINDOW + (n)*PAGE)
#define SMALL_TABLES  (FREE_MEMORY + 0x100000)
#define MEMORY_TABLES 16

static volatile u32 directory[1024] __attribute__((aligned(4096)));
static volatile u32 other_directory[1024] __attribute__((aligned(4096)));
static volatile u32 table[1024] __attribute__((aligned(4096)));
static volatile u32 other_table[1024] __attribute__((aligned(4096)));

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

static void user_push(void)
{
	asm volatile("mov %0, %%esp; push %%eax" ::"r"(user_address) : "memory");
}

static void set_entry(unsigned int n, u32 value)
{
	table[n] = value;
	flush(MAPPED(n));
}

static void set_directory(u32 value)
{
	directory[WINDOW >> 22] = value;
	flush_all();
}

static void use_wp(bool on)
{
	write_cr0(on ? read_cr0() | CR0_WP : read_cr0() & ~CR0_WP);
}

static void start_paging(void)
{
	unsigned int i;

	for (i = 0; i < MEMORY_TABLES; i++)
		directory[i] = other_directory[i] = i << 22 | PAGE_PS | PAGE_PWU;
	directory[WINDOW >> 22] = (u32)table | PAGE_PWU;
	other_directory[WINDOW >> 22] = (u32)other_table | PAGE_PWU;
	write_cr4(CR4_PSE);
	write_cr3((u32)directory);
	TRY("mov %0, %%cr0", "r"(read_cr0() | CR0_PG));
	check_no_fault("paging goes on");
	check(read_cr0() & CR0_PG, "CR0.PG reads as set");
}

static void test_translation(void)
{
	write32(FRAME(0), 0x11111111);
	write32(FRAME(1), 0x22222222);
	set_entry(0, FRAME(0) | PAGE_PW);
	set_entry(1, FRAME(1) | PAGE_PW);
	check_equal(read32(MAPPED(0)), 0x11111111, "a page reads its frame");
	write32(MAPPED(1) + 4, 0x33333333);
	check_equal(read32(FRAME(1) + 4), 0x33333333, "a write reaches its frame");
	set_entry(0, FRAME(1) | PAGE_PW);
	check_equal(read32(MAPPED(0)), 0x22222222, "another frame after INVLPG");
	table[0] = FRAME(0) | PAGE_PW;
	flush_all();
	check_equal(read32(MAPPED(0)), 0x11111111, "another frame after a CR3 load");
	write32(MAPPED(1) - 2, 0xaabbccdd);
	check(read32(FRAME(1)) == 0x2222aabb && read32(FRAME(0) + PAGE - 4) >> 16 == 0xccdd,
	      "an access across two pages");
	set_entry(2, FRAME(1) | PAGE_P);
	write32(MAPPED(1), 0x44444444);
	check_equal(read32(MAPPED(2)), 0x44444444, "two pages of one frame");
	directory[1023] = 0;
	directory[1023] = (u32)table | PAGE_PW;
	flush_all();
	table[1023] = FRAME(1) | PAGE_PW;
	check_equal(read32(0xfffff000), 0x44444444, "the last page below 4 GiB");
	directory[1023] = 0;
	flush_all();
}

static void test_not_present(void)
{
	set_entry(3, 0);
	TRY_READ(MAPPED(3) + 0x123);
	check_page_fault(0, MAPPED(3) + 0x123, "reading an absent page");
	TRY_WRITE(MAPPED(3) + 0xffc, 1);
	check_page_fault(PF_W, MAPPED(3) + 0xffc, "writing an absent page");
	TRY_CALL(MAPPED(3) + 5);
	check_page_fault(0, MAPPED(3) + 5, "executing an absent page");
	check_equal(fault.eip, MAPPED(3) + 5, "its EIP is there");
	TRY_READ(WINDOW + 0x800000);
	check_page_fault(0, WINDOW + 0x800000, "reading where no table is");
	table[3] = FRAME(0) | PAGE_PW;
	TRY_READ(MAPPED(3));
	check_no_fault("an absent page comes without INVLPG");
	set_entry(3, 0xfffff000 & ~PAGE_P);
	TRY_READ(MAPPED(3));
	check_page_fault(0, MAPPED(3), "any bits in an absent entry");
	user_address = MAPPED(3);
	run_user(user_read);
	check_page_fault(PF_U, MAPPED(3), "ring 3 reads an absent page");
	run_user(user_write);
	check_page_fault(PF_U | PF_W, MAPPED(3), "ring 3 writes an absent page");
	run_user(user_execute);
	check_page_fault(PF_U, MAPPED(3), "ring 3 executes an absent page");
	user_address = MAPPED(3) + 8;
	run_user(user_push);
	check_page_fault(PF_U | PF_W, MAPPED(3) + 4, "ring 3 pushes to an absent page");
	check_equal(fault.esp, MAPPED(3) + 8, "ESP is as before the PUSH");
}

/* Whether the access that just happened did as @allowed and @code say. */
static bool as_expected(bool allowed, u32 code, u32 address)
{
	if (allowed)
		return fault.vector == NO_FAULT;
	return fault.vector == VECTOR_PF && fault.error_code == code && fault.cr2 == address;
}

/* Each combination of W and U in directory and table. */
static void test_permissions(bool wp)
{
	unsigned int wrong[6] = {};
	unsigned int combination;

	use_wp(wp);
	write32(FRAME(4), 0xc3c3c3c3);
	user_address = MAPPED(4);
	for (combination = 0; combination < 16; combination++) {
		u32 upper = (combination & 3) << 1, lower = (combination >> 2) << 1;
		bool writable = upper & lower & PAGE_W, user = upper & lower & PAGE_U;

		table[4] = FRAME(4) | PAGE_P | lower;
		set_directory((u32)table | PAGE_P | upper);
		TRY_READ(MAPPED(4));
		wrong[0] += !as_expected(true, 0, 0);
		run_user(user_read);
		wrong[1] += !as_expected(user, PF_P | PF_U, MAPPED(4));
		run_user(user_execute);
		wrong[2] += !as_expected(user, PF_P | PF_U, MAPPED(4));
		TRY_WRITE(MAPPED(4), 0xc3c3c3c3);
		wrong[3] += !as_expected(writable || !wp, PF_P | PF_W, MAPPED(4));
		run_user(user_write);
		wrong[4] += !as_expected(user && writable, PF_P | PF_U | PF_W, MAPPED(4));
		write32(FRAME(4), 0xc3c3c3c3);
		/* After ring 0 wrote where ring 3 may not, and the other way round. */
		TRY_WRITE(MAPPED(4), 0xc3c3c3c3);
		run_user(user_read);
		wrong[5] += !as_expected(user, PF_P | PF_U, MAPPED(4));
	}
	set_directory((u32)table | PAGE_PWU);
	comment("CR0.WP is", wp);
	check_equal(wrong[0], 0, "ring 0 reads any present page");
	check_equal(wrong[1], 0, "ring 3 reads if both levels say U");
	check_equal(wrong[2], 0, "ring 3 executes if both levels say U");
	check_equal(wrong[3], 0, "ring 0 writes if both levels say W or WP is clear");
	check_equal(wrong[4], 0, "ring 3 writes if both levels say U and W");
	check_equal(wrong[5], 0, "ring 3 reads likewise after ring 0 wrote");
}

/* WP and permissions change; what was mapped before must follow. */
static void test_changes(void)
{
	set_entry(5, FRAME(5) | PAGE_P);
	use_wp(false);
	TRY_WRITE(MAPPED(5), 1);
	check_no_fault("ring 0 writes a read-only page with WP=0");
	use_wp(true);
	TRY_WRITE(MAPPED(5), 2);
	check_page_fault(PF_P | PF_W, MAPPED(5), "and not any more after WP=1");
	check_equal(read32(FRAME(5)), 1, "which wrote nothing");
	set_entry(5, FRAME(5) | PAGE_PW);
	TRY_WRITE(MAPPED(5), 3);
	check_no_fault("writable after INVLPG");
	set_entry(5, FRAME(5) | PAGE_P);
	TRY_WRITE(MAPPED(5), 4);
	check_page_fault(PF_P | PF_W, MAPPED(5), "read-only again after INVLPG");
	set_entry(5, 0);
	TRY_READ(MAPPED(5));
	check_page_fault(0, MAPPED(5), "absent after INVLPG");
	set_entry(5, FRAME(5) | PAGE_PWU);
	user_address = MAPPED(5);
	run_user(user_write);
	check_no_fault("a user page");
	set_entry(5, FRAME(5) | PAGE_PW);
	run_user(user_read);
	check_page_fault(PF_P | PF_U, MAPPED(5), "a supervisor page after INVLPG");
	use_wp(false);
}

static void test_accessed_and_dirty(void)
{
	volatile u32 *entry = &directory[WINDOW >> 22];

	write32(FRAME(6), 0xc3);
	set_entry(6, FRAME(6) | PAGE_PW);
	set_directory((u32)table | PAGE_PW);
	check_equal(table[6] & (PAGE_A | PAGE_D), 0, "INVLPG alone marks nothing");
	(void)read32(MAPPED(6));
	check_equal(table[6] & (PAGE_A | PAGE_D), PAGE_A, "a read sets A");
	check_equal(*entry & (PAGE_A | PAGE_D), PAGE_A, "and A in the directory");
	write32(MAPPED(6) + 8, 1);
	check_equal(table[6] & (PAGE_A | PAGE_D), PAGE_A | PAGE_D, "a write sets D");
	check_equal(*entry & (PAGE_A | PAGE_D), PAGE_A, "but no D in the directory");
	set_entry(6, FRAME(6) | PAGE_PW);
	TRY_CALL(MAPPED(6));
	check_equal(table[6] & (PAGE_A | PAGE_D), PAGE_A, "execution sets A");
	set_entry(6, FRAME(6) | PAGE_PW | PAGE_A);
	(void)read32(MAPPED(6));
	write32(MAPPED(6) + 8, 1);
	check_equal(table[6] & PAGE_D, PAGE_D, "a write after a read sets D");
	set_entry(6, FRAME(6) | PAGE_PW | PAGE_A);
	TRY("lock addl $1, (%0)", "r"(MAPPED(6) + 8));
	check_equal(table[6] & PAGE_D, PAGE_D, "so does a locked one");
	set_entry(6, FRAME(6) | PAGE_PW);
	TRY("mov $0x61, %%edx; insb; dec %%edi", "D"(MAPPED(6) + 8));
	check_equal(table[6] & (PAGE_A | PAGE_D), PAGE_A | PAGE_D,
		    "an emulated write sets A and D");
	set_entry(6, FRAME(6) | PAGE_PW);
	write32(FRAME(6), 0);
	TRY("lldtw (%0)", "r"(MAPPED(6)));
	check_equal(table[6] & (PAGE_A | PAGE_D), PAGE_A, "an emulated read sets A");
	use_wp(true);
	set_entry(6, FRAME(6) | PAGE_P);
	TRY_WRITE(MAPPED(6), 1);
	check_equal(table[6] & PAGE_D, 0, "a refused write sets no D");
	use_wp(false);
	TRY_WRITE(MAPPED(6), 1);
	check_equal(table[6] & PAGE_D, PAGE_D, "a write of ring 0 with WP=0 sets D");
	set_directory((u32)table | PAGE_PWU);
}

static void test_large_pages(void)
{
	volatile u32 *entry = &directory[LARGE >> 22];

	write32(FREE_MEMORY + 0x3ff000, 0x55555555);
	write32(FREE_MEMORY + 0x7ff000, 0x66666666);
	*entry = FREE_MEMORY | PAGE_PS | PAGE_PW;
	check_equal(read32(LARGE + 0x3ff000), 0x55555555, "a 4 MiB page reads its frame");
	check_equal(*entry & (PAGE_A | PAGE_D), PAGE_A, "a read sets A");
	write32(LARGE + 0x2000, 1);
	check_equal(*entry & (PAGE_A | PAGE_D), PAGE_A | PAGE_D, "a write sets D");
	*entry = (FREE_MEMORY + 0x400000) | PAGE_PS | PAGE_PW;
	flush(LARGE + 0x12345);
	check_equal(read32(LARGE + 0x3ff000), 0x66666666, "INVLPG of any address drops all of it");
	check_equal(*entry & (PAGE_A | PAGE_D), PAGE_A, "D is clear until a write");
	*entry = FREE_MEMORY | PAGE_PS | PAGE_P;
	flush(LARGE);
	use_wp(true);
	TRY_WRITE(LARGE + 0x1000, 1);
	check_page_fault(PF_P | PF_W, LARGE + 0x1000, "a read-only 4 MiB page");
	use_wp(false);
	user_address = LARGE + 0x5000;
	run_user(user_read);
	check_page_fault(PF_P | PF_U, LARGE + 0x5000, "a 4 MiB page of ring 0");
	*entry = FREE_MEMORY | 1u << 21 | PAGE_PS | PAGE_PWU;
	flush(LARGE);
	TRY_READ(LARGE + 4);
	check_page_fault(PF_P | PF_RSVD, LARGE + 4, "reserved bit 21");
	TRY_WRITE(LARGE + 4, 1);
	check_page_fault(PF_P | PF_RSVD | PF_W, LARGE + 4, "reserved bit 21, write");
	run_user(user_read);
	check_page_fault(PF_P | PF_RSVD | PF_U, LARGE + 0x5000, "reserved bit 21, ring 3");
	*entry = (u32)table | PAGE_PW;
	flush(LARGE);
	set_entry(0, FRAME(0) | PAGE_PW);
	check_equal(read32(LARGE), 0x11111111, "a table in its place");
	*entry = FREE_MEMORY | PAGE_PS | PAGE_PW;
	flush_all();
	check_equal(read32(LARGE + 0x3ff000), 0x55555555, "and a 4 MiB page again");
	*entry = 0;
	flush_all();
}

/* Without CR4.PSE the bit says nothing: the entry names a table. */
static void test_without_pse(void)
{
	u32 *tables = (u32 *)SMALL_TABLES;
	unsigned int i;

	for (i = 0; i < MEMORY_TABLES * 1024; i++)
		tables[i] = i << 12 | PAGE_PWU;
	for (i = 0; i < MEMORY_TABLES; i++)
		other_directory[i] = (SMALL_TABLES + i * PAGE) | PAGE_PWU;
	other_directory[LARGE >> 22] = (u32)table | PAGE_PS | PAGE_PW;
	write_cr3((u32)other_directory);
	write_cr4(0);
	set_entry(0, FRAME(0) | PAGE_PW);
	check_equal(read32(LARGE), 0x11111111, "PS is ignored with CR4.PSE=0");
	write_cr4(CR4_PSE);
	write_cr3((u32)directory);
}

static void test_directories(void)
{
	unsigned int i, wrong = 0;

	set_entry(7, FRAME(0) | PAGE_PW);
	other_table[7] = FRAME(1) | PAGE_PW;
	write32(FRAME(1), 0x22222222);
	for (i = 0; i < 50; i++) {
		write_cr3((u32)other_directory);
		wrong += read32(MAPPED(7)) != 0x22222222;
		write_cr3((u32)directory);
		wrong += read32(MAPPED(7)) != 0x11111111;
	}
	check_equal(wrong, 0, "two directories in turn");
	write_cr0(read_cr0() & ~CR0_PG);
	check_equal(table[7] & PAGE_A, PAGE_A, "paging off: memory is where it is");
	table[7] = FRAME(1) | PAGE_PW;
	write_cr0(read_cr0() | CR0_PG);
	check_equal(read32(MAPPED(7)), 0x22222222, "paging on: what changed meanwhile counts");
}

static void test_global_pages(void)
{
	write_cr4(CR4_PSE | CR4_PGE);
	set_entry(8, FRAME(0) | PAGE_PW | PAGE_G);
	(void)read32(MAPPED(8));
	set_entry(8, FRAME(1) | PAGE_PW | PAGE_G);
	check_equal(read32(MAPPED(8)), 0x22222222, "INVLPG drops a global page");
	table[8] = FRAME(0) | PAGE_PW | PAGE_G;
	write_cr4(CR4_PSE);
	check_equal(read32(MAPPED(8)), 0x11111111, "a change of CR4.PGE drops it too");
}

static void test_self_map(void)
{
	u32 entry = 0xffc00000 + (MAPPED(9) >> 12) * 4;

	directory[1023] = (u32)directory | PAGE_PW;
	flush_all();
	set_entry(9, FRAME(0) | PAGE_PW);
	check_equal(read32(entry), FRAME(0) | PAGE_PW, "a self-map shows the entries");
	(void)read32(MAPPED(9));
	check_equal(read32(entry), FRAME(0) | PAGE_PW | PAGE_A, "A as it is set");
	write32(entry, FRAME(1) | PAGE_PW);
	flush(MAPPED(9));
	check_equal(read32(MAPPED(9)), 0x22222222, "an entry written through it");
	write32(0xfffff000 + (WINDOW >> 22) * 4, (u32)other_table | PAGE_PWU);
	other_table[9] = FRAME(0) | PAGE_PW;
	flush_all();
	check_equal(read32(MAPPED(9)), 0x11111111, "a directory entry written through it");
	set_directory((u32)table | PAGE_PWU);
	/* A page table that maps itself. */
	set_entry(10, (u32)table | PAGE_PW);
	write32(MAPPED(10) + 11 * 4, FRAME(1) | PAGE_PW);
	flush(MAPPED(11));
	check_equal(read32(MAPPED(11)), 0x22222222, "a table written through itself");
	directory[1023] = 0;
	flush_all();
}

static void test_boundaries(void)
{
	static const u8 mov[] = { 0xb8, 0x78, 0x56, 0x34, 0x12, 0xc3 };
	u32 value;

	set_entry(12, FRAME(12) | PAGE_PW);
	set_entry(13, 0);
	write32(FRAME(12) + PAGE - 4, 0x77777777);
	TRY_READ(MAPPED(13) - 2);
	check_page_fault(0, MAPPED(13), "a read across into an absent page");
	TRY_WRITE(MAPPED(13) - 2, 0);
	check_page_fault(PF_W, MAPPED(13), "a write across into an absent page");
	check_equal(read32(FRAME(12) + PAGE - 4), 0x77777777, "which wrote nothing");
	set_entry(14, 0);
	set_entry(15, FRAME(12) | PAGE_PW);
	TRY_READ(MAPPED(15) - 1);
	check_page_fault(0, MAPPED(15) - 1, "a read across from an absent page");

	memcpy((void *)(MAPPED(13) - 3), mov, 3);
	TRY_CALL(MAPPED(13) - 3);
	check_page_fault(0, MAPPED(13), "an instruction across into an absent page");
	check_equal(fault.eip, MAPPED(13) - 3, "its EIP is its first byte");
	set_entry(13, FRAME(13) | PAGE_PW);
	memcpy((void *)MAPPED(13), mov + 3, 3);
	asm volatile("call *%1" : "=a"(value) : "r"(MAPPED(13) - 3) : "memory");
	check_equal(value, 0x12345678, "an instruction across two pages");
	/* MOV %cr3, %eax; RET: emulated. */
	memcpy((void *)(MAPPED(13) - 2), "\x0f\x20\xd8\xc3", 4);
	asm volatile("call *%1" : "=a"(value) : "r"(MAPPED(13) - 2) : "memory");
	check_equal(value, (u32)directory, "an emulated instruction across two pages");
	set_entry(13, 0);
	TRY_CALL(MAPPED(13) - 2);
	check_page_fault(0, MAPPED(13), "the same into an absent page");
	write32(FRAME(12) + PAGE - 4, 0xc3909090);
	TRY_CALL(MAPPED(13) - 4);
	check_no_fault("code up to the last byte of a page");
}

/* Instructions that trap and read or write memory themselves. */
static void test_emulated_operands(void)
{
	set_entry(16, 0);
	TRY("lgdt (%0)", "r"(MAPPED(16) + 6));
	check_page_fault(0, MAPPED(16) + 6, "LGDT from an absent page");
	TRY("lidt (%0)", "r"(MAPPED(16)));
	check_page_fault(0, MAPPED(16), "LIDT from an absent page");
	TRY("ltrw (%0)", "r"(MAPPED(16)));
	check_page_fault(0, MAPPED(16), "LTR from an absent page");
	TRY("mov (%0), %%ss", "r"(MAPPED(16)));
	check_page_fault(0, MAPPED(16), "MOV to SS from an absent page");
	TRY("lss (%0), %%eax", "r"(MAPPED(16)));
	/* Which half is read first is the processor's business. */
	check(fault.vector == VECTOR_PF && (fault.cr2 & ~4u) == MAPPED(16),
	      "LSS from an absent page");
	TRY("mov $0x61, %%edx; insl", "D"(MAPPED(16)));
	check_page_fault(PF_W, MAPPED(16), "INS to an absent page");
	TRY("mov $0x80, %%edx; outsl", "S"(MAPPED(16)));
	check_page_fault(0, MAPPED(16), "OUTS from an absent page");
	TRY("ljmp *(%0)", "r"(MAPPED(16)));
	check_page_fault(0, MAPPED(16), "a far jump by an absent page");
	TRY("invlpg (%0)", "r"(MAPPED(16)));
	check_no_fault("INVLPG of an absent page");
	use_wp(true);
	set_entry(16, FRAME(16) | PAGE_P);
	TRY("mov $0x61, %%edx; insb", "D"(MAPPED(16)));
	check_page_fault(PF_P | PF_W, MAPPED(16), "INS to a read-only page");
	use_wp(false);
	write_cr2(0x1234);
	TRY("ud2");
	check_equal(read_cr2(), 0x1234, "another exception leaves CR2 alone");
}

void guest_main(void)
{
	start_paging();
	test_translation();
	test_not_present();
	test_permissions(false);
	test_permissions(true);
	test_changes();
	test_accessed_and_dirty();
	test_large_pages();
	test_without_pse();
	test_directories();
	test_global_pages();
	test_self_map();
	test_boundaries();
	test_emulated_operands();
}
