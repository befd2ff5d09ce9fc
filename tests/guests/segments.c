// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: segments with bases and limits, in the LDT, 16-bit code, and whose
 * descriptors change while they are loaded, behave for ring 0 as without a
 * virtual machine monitor, whatever the guest does with the size of its GDT.
 */
#include "paging.h"

static u32 buffer[1024] __attribute__((aligned(4096)));
static u64 ldt[16] __attribute__((aligned(4096)));
static u64 big_gdt[8192] __attribute__((aligned(4096)));
static u32 directory[1024] __attribute__((aligned(4096)));
static volatile u32 table[1024] __attribute__((aligned(4096)));

#define LDT_SELECTOR FREE(8)

/*
 * A handler for stacks on which no C can run: pushes and pops go by the stack
 * segment, whatever its base and size.
 */
asm(".text\n"
    "plain_interrupt:\n\t"
    "popl interrupt_eip\n\t"
    "pushl interrupt_eip\n\t"
    "iret");
extern u8 plain_interrupt[];
u32 interrupt_eip;

static void user_nothing(void)
{
}

static u32 read_fs(u32 offset)
{
	u32 value;

	asm volatile("movl %%fs:(%1), %0" : "=r"(value) : "r"(offset) : "memory");
	return value;
}

static void load_fs(u16 selector)
{
	asm volatile("mov %0, %%fs" ::"r"((u32)selector) : "memory");
}

static void test_bases(void)
{
	buffer[0] = 0x11111111;
	buffer[1] = 0x22222222;
	gdt[FREE(1) / 8] = descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	load_fs(FREE(1));
	check_equal(read_fs(4), 0x22222222, "a segment with a base");
	asm volatile("movl $0x33333333, %%fs:8" ::: "memory");
	check_equal(((volatile u32 *)buffer)[2], 0x33333333, "written through");
	gdt[FREE(1) / 8] = descriptor((u32)buffer + 0x1000, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	load_fs(FREE(1));
	check_equal(read_fs(0u - 0x1000), 0x11111111, "an address that wraps at 4 GiB");
	/* Instructions that ringlet emulates use it too. */
	gdt[FREE(1) / 8] = descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	load_fs(FREE(1));
	TRY("sgdt %%fs:0x40", "i"(0));
	TRY("push %%esi; mov $0x10, %%esi; mov $0xe9, %%edx; xor %%ecx, %%ecx\n\t"
	    "rep outsb %%fs:(%%esi), %%dx; pop %%esi",
	    "i"(0));
	check_no_fault("emulated instructions with a segment prefix");
	TRY("invlpg %%fs:0", "i"(0));
	check_no_fault("INVLPG with a segment prefix");
	TRY("lgdt %%fs:0x2000", "i"(0));
	check_fault(VECTOR_GP, 0, "LGDT past a limit: #GP(0)");
	load_gdt();
	/* Code with a base: the linear address is that of the code anyhow. */
	gdt[FREE(2) / 8] = descriptor(0x1000, 0xfffff, ACCESS_CODE0, FLAGS_32_4K);
	asm volatile(
		"ljmp %0, $1f - 0x1000; 1: cli; mov %%cr0, %%eax; ljmp %1, $1f; 1:" ::"i"(FREE(2)),
		"i"(KERNEL_CS)
		: "eax", "memory");
	check(true, "code with a base, and instructions that trap in it");
	gdt[FREE(3) / 8] = descriptor(0x2000, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	asm volatile("mov %%esp, %%ebx; mov %0, %%ss; lea -0x2000(%%ebx), %%esp\n\t"
		     "push $0x12345678; pop %%ecx; int $0x50; cli\n\t"
		     "mov %1, %%ss; mov %%ebx, %%esp" ::"r"(FREE(3)),
		     "r"(KERNEL_DS)
		     : "ebx", "ecx", "memory");
	check(true, "a stack with a base, and an interrupt on it");
}

static void test_limits(void)
{
	if (!segments_are_strict()) {
		skip("an expand-down segment", NOT_STRICT);
		skip("its lower part: #GP(0)", NOT_STRICT);
		skip("a limit in pages", NOT_STRICT);
		skip("a stack access past the limit: #SS(0)", NOT_STRICT);
		skip("a jump past the limit: #GP(0)", NOT_STRICT);
	} else {
		gdt[FREE(1) / 8] = descriptor((u32)buffer, 0x7ff, 0x96, FLAGS_32_1B);
		load_fs(FREE(1));
		TRY("movl %%fs:0x800, %%eax", "i"(0));
		check_no_fault("an expand-down segment");
		TRY("movl %%fs:0x7ff, %%eax", "i"(0));
		check_fault(VECTOR_GP, 0, "its lower part: #GP(0)");
		gdt[FREE(1) / 8] = descriptor((u32)buffer, 0, ACCESS_DATA0, FLAGS_32_4K);
		load_fs(FREE(1));
		TRY("movl %%fs:0xffc, %%eax; movl %%fs:0x1000, %%eax", "i"(0));
		check_fault(VECTOR_GP, 0, "a limit in pages");
		gdt[FREE(1) / 8] =
			descriptor(0, ((u32)stack_top >> 12) - 1, ACCESS_DATA0, FLAGS_32_4K);
		TRY("mov %0, %%ss; movl %%ss:(%1), %%eax; mov %2, %%ss", "r"(FREE(1)),
		    "r"((u32)stack_top), "r"(KERNEL_DS));
		check_fault(VECTOR_SS, 0, "a stack access past the limit: #SS(0)");
		asm volatile("mov %0, %%ss" ::"r"(KERNEL_DS));
		gdt[FREE(2) / 8] = descriptor(0, 0xfff, ACCESS_CODE0, FLAGS_32_1B);
		TRY("ljmp %0, $0x1000", "i"(FREE(2)));
		check_fault(VECTOR_GP, 0, "a jump past the limit: #GP(0)");
	}
}

/* 16-bit code on a 32-bit stack: the default size comes from the descriptor. */
asm(".text\n"
    ".code16\n"
    "code16:\n\t"
    "mov $0x12345678, %eax\n\t"
    "mov $0x4321, %ax\n\t"
    "cli\n\t"
    "mov %cr0, %ecx\n\t"
    "push %ax\n\t"
    "pop %dx\n\t"
    "data32 lret\n"
    ".code32\n");
extern u8 code16[];

static void test_16_bit(void)
{
	u32 value, other;

	gdt[FREE(4) / 8] = descriptor((u32)code16, 0xffff, ACCESS_CODE0, 0);
	asm volatile("lcall %2, $0" : "=a"(value), "=d"(other) : "i"(FREE(4)) : "ecx", "memory");
	check_equal(value, 0x12344321, "16-bit code");
	check_equal(other & 0xffff, 0x4321, "its PUSH and POP");
}

static void test_ldt(void)
{
	gdt[LDT_SELECTOR / 8] = descriptor((u32)ldt, sizeof(ldt) - 1, 0x82, 0);
	ldt[1] = descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	ldt[2] = descriptor(0, 0xfffff, ACCESS_CODE0, FLAGS_32_4K);
	buffer[1] = 0x22222222;
	TRY("lldt %w0", "r"(LDT_SELECTOR));
	check_no_fault("LLDT");
	load_fs(1 * 8 | 4);
	check_equal(read_fs(4), 0x22222222, "a segment of the LDT");
	TRY("mov %0, %%fs", "r"(16 * 8 | 4));
	check_fault(VECTOR_GP, 16 * 8 | 4, "a selector past the LDT: #GP(selector)");
	asm volatile("ljmp $0x14, $1f; 1: cli; ljmp %0, $1f; 1:" ::"i"(KERNEL_CS) : "memory");
	check(true, "code of the LDT, and an instruction that traps in it");
	ldt[1] = descriptor((u32)buffer + 4, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	check_equal(read_fs(4), 0x22222222, "a changed entry leaves what is loaded");
	load_fs(1 * 8 | 4);
	check_equal(read_fs(0), 0x22222222, "and counts from the next load");
	TRY("lldt %w0", "r"(0));
	TRY("mov %0, %%fs", "r"(1 * 8 | 4));
	check_fault(VECTOR_GP, 1 * 8 | 4, "a null LDT has none: #GP(selector)");
	ldt[1] = 0;
	check_equal(read_fs(0), 0x22222222, "what was loaded from it stays");
	gdt[LDT_SELECTOR / 8] = descriptor((u32)ldt, sizeof(ldt) - 1, ACCESS_DATA0, 0);
	TRY("lldt %w0", "r"(LDT_SELECTOR));
	check_fault(VECTOR_GP, LDT_SELECTOR, "LLDT of another type: #GP(selector)");
	gdt[LDT_SELECTOR / 8] = descriptor((u32)ldt, sizeof(ldt) - 1, 0x02, 0);
	TRY("lldt %w0", "r"(LDT_SELECTOR));
	check_fault(VECTOR_NP, LDT_SELECTOR, "LLDT of an absent one: #NP(selector)");
}

/* The descriptor changes behind the back of what was loaded from it. */
static void test_changed_descriptors(void)
{
	unsigned int i, wrong = 0;

	buffer[1] = 0x22222222;
	gdt[FREE(1) / 8] = descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	load_fs(FREE(1));
	gdt[FREE(1) / 8] = 0;
	check_equal(read_fs(4), 0x22222222, "a segment outlives its descriptor");
	asm volatile("int $0x50; cli; sti; cli" ::: "memory");
	check_equal(read_fs(4), 0x22222222, "also across interrupts and traps");
	TRY("mov %0, %%fs", "r"(FREE(1)));
	check_fault(VECTOR_GP, FREE(1), "but cannot be loaded again");
	check_equal(read_fs(4), 0x22222222, "and a failed load changes nothing");
	gdt[KERNEL_DS / 8] = 0;
	asm volatile("cli; push %%eax; pop %%eax; int $0x50" ::: "memory");
	gdt[KERNEL_DS / 8] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	check(true, "the stack segment, too");
	gdt[FREE(4) / 8] = descriptor(0, 0xfffff, ACCESS_CODE0, FLAGS_32_4K);
	asm volatile("ljmp %0, $1f; 1:" ::"i"(FREE(4)) : "memory");
	gdt[FREE(4) / 8] = 0;
	asm volatile("cli; mov %%cr0, %%eax; ljmp %0, $1f; 1:" ::"i"(KERNEL_CS) : "eax", "memory");
	check(true, "and the code segment");
	for (i = 0; i < 200; i++) {
		gdt[FREE(1) / 8] =
			descriptor((u32)buffer + 4 * (i & 3), 0xfff, ACCESS_DATA0, FLAGS_32_1B);
		buffer[i & 3] = i;
		load_fs(FREE(1));
		wrong += read_fs(0) != i;
	}
	check_equal(wrong, 0, "200 changes, each counts at the next load");
	load_fs(0);
}

/* As a kernel does that gives each thread descriptors of its own. */
static void test_many_entries(void)
{
	struct table_register big = { sizeof(big_gdt) - 1, (u32)big_gdt };
	unsigned int i, wrong = 0;

	memcpy(big_gdt, gdt, sizeof(gdt));
	buffer[0] = 0x11111111;
	for (i = 100; i < 8192; i++)
		if (i < 4000 || i >= 4040)
			big_gdt[i] = descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	/* The last 40 but one are free at first. */
	for (i = 8151; i < 8191; i++)
		big_gdt[i] = 0;
	for (i = 200; i < 8192; i += 444) {
		big.limit = (u16)(i * 8 - 1);
		asm volatile("lgdt %0" ::"m"(big) : "memory");
		load_fs((u16)(i * 8 - 8));
		wrong += read_fs(0) != 0x11111111;
		TRY("mov %0, %%fs", "r"(i * 8));
		wrong += fault.vector != VECTOR_GP || fault.error_code != i * 8;
	}
	check_equal(wrong, 0, "a GDT that grows");
	big.limit = sizeof(big_gdt) - 1;
	asm volatile("lgdt %0" ::"m"(big) : "memory");
	load_fs(8191 * 8);
	check_equal(read_fs(0), 0x11111111, "the last of 8192 entries");
	/* What ringlet hides there must move out of the way. */
	for (i = 8190; i > 8150; i--) {
		big_gdt[i] = descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
		load_fs((u16)(i * 8));
		wrong += read_fs(0) != 0x11111111;
	}
	check_equal(wrong, 0, "each entry as it is filled");
	load_fs(8150 * 8);
	check_equal(read_fs(0), 0x11111111, "a full GDT with a hole of 40 entries");
	TRY("mov %0, %%fs", "r"(4010 * 8));
	check_fault(VECTOR_GP, 4010 * 8, "in which nothing can be loaded: #GP(selector)");
	run_user(user_nothing);
	check_no_fault("ring 3 works with it");
	load_fs(0);
	load_gdt();
	TRY("mov %0, %%fs", "r"(4100 * 8));
	check_fault(VECTOR_GP, 4100 * 8 & 0xffff, "the small GDT again");
}

/* Segments come through the page tables, too. */
static void test_remapped_table(void)
{
	struct table_register high = { sizeof(gdt) - 1, WINDOW };
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PWU;
	directory[WINDOW >> 22] = (u32)table | PAGE_PWU;
	write_cr4(CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG);
	buffer[0] = 0x11111111;
	buffer[1] = 0x22222222;
	memcpy((void *)FREE_MEMORY, gdt, sizeof(gdt));
	memcpy((void *)(FREE_MEMORY + PAGE), gdt, sizeof(gdt));
	((u64 *)FREE_MEMORY)[FREE(1) / 8] =
		descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	((u64 *)(FREE_MEMORY + PAGE))[FREE(1) / 8] =
		descriptor((u32)buffer + 4, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	table[0] = FREE_MEMORY | PAGE_PW;
	asm volatile("lgdt %0" ::"m"(high) : "memory");
	load_fs(FREE(1));
	check_equal(read_fs(0), 0x11111111, "a GDT in a mapped page");
	table[0] = (FREE_MEMORY + PAGE) | PAGE_PW;
	flush(WINDOW);
	load_fs(FREE(1));
	check_equal(read_fs(0), 0x22222222, "mapped to another frame");
	((u64 *)(FREE_MEMORY + PAGE))[FREE(1) / 8] =
		descriptor((u32)buffer, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	load_fs(FREE(1));
	check_equal(read_fs(0), 0x11111111, "written by its other address");
	load_gdt();
	load_fs(0);
	write_cr0(read_cr0() & ~CR0_PG);
}

void guest_main(void)
{
	set_gate(0x50, plain_interrupt, KERNEL_CS, GATE_INTERRUPT0);
	test_bases();
	test_limits();
	test_16_bit();
	test_ldt();
	test_changed_descriptors();
	test_many_entries();
	test_remapped_table();
}
