// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: what executes is what is in memory, however it came there and
 * wherever it is mapped: code that a guest writes into the block that runs, the
 * next one, other pages and aliases, by every kind of store and from both rings;
 * code across pages; bytes that are executed as 16-bit and as 32-bit code; pages
 * that are mapped anew.
 */
#include "mode16.h"
#include "paging.h"

#define CODE_PAGES   8
#define CODE_FRAME   (FREE_MEMORY + 0x100000)
#define FRAME(n)     (CODE_FRAME + (n)*PAGE)
#define MAPPED(n)    (WINDOW + (n)*PAGE)
#define ALIAS	     0x50000000u
#define CODE16_SEG32 FREE(8)
#define ROUNDS	     300

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));
static u32 aliases[1024] __attribute__((aligned(4096)));

static void map(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PWU;
	for (i = 0; i < CODE_PAGES; i++)
		table[i] = aliases[i] = FRAME(i) | PAGE_PWU;
	directory[WINDOW >> 22] = (u32)table | PAGE_PWU;
	directory[ALIAS >> 22] = (u32)aliases | PAGE_PWU;
	write_cr4(read_cr4() | CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

/* MOV $value, %eax; RET at @address, which may be anywhere. */
static void put_function(u32 address, u32 value)
{
	volatile u8 *code = (volatile u8 *)address;

	code[0] = 0xb8;
	code[1] = (u8)value;
	code[2] = (u8)(value >> 8);
	code[3] = (u8)(value >> 16);
	code[4] = (u8)(value >> 24);
	code[5] = 0xc3;
}

static u32 call(u32 address)
{
	u32 value;

	asm volatile("call *%1" : "=a"(value) : "r"(address) : "ecx", "edx", "memory", "cc");
	return value;
}

/* ---- every kind of store --------------------------------------------------------- */

static void store_long(u32 address, u32 value)
{
	asm volatile("movl %1, (%0)" ::"r"(address), "r"(value) : "memory");
}

static void store_bytes(u32 address, u32 value)
{
	asm volatile("movb %b1, (%0); shrl $8, %1; movw %w1, 1(%0); shrl $16, %1; movb %b1, 3(%0)"
		     : "+&r"(address), "+&q"(value)::"memory");
}

static void store_exchange(u32 address, u32 value)
{
	asm volatile("xchg %1, (%0)" : "+r"(address), "+r"(value)::"memory");
}

static void store_locked(u32 address, u32 value)
{
	asm volatile("andl $0, (%0); lock orl %1, (%0)" ::"r"(address), "r"(value) : "memory");
}

static void store_compare_exchange(u32 address, u32 value)
{
	asm volatile("movl (%0), %%eax; lock cmpxchgl %1, (%0)" ::"r"(address), "r"(value)
		     : "eax", "memory");
}

static void store_string(u32 address, u32 value)
{
	asm volatile("cld; stosl" : "+D"(address) : "a"(value) : "memory");
}

static void store_repeated(u32 address, u32 value)
{
	u32 count = 4;
	u8 *from = (u8 *)&value;

	asm volatile("cld; rep movsb" : "+D"(address), "+S"(from), "+c"(count)::"memory");
}

static void store_push(u32 address, u32 value)
{
	asm volatile("mov %%esp, %%ecx; lea 4(%0), %%esp; push %1; mov %%ecx, %%esp" ::"r"(address),
		     "r"(value)
		     : "ecx", "memory");
}

static void store_add(u32 address, u32 value)
{
	value -= *(volatile u32 *)address;
	asm volatile("addl %1, (%0)" ::"r"(address), "r"(value) : "memory");
}

static void store_fpu(u32 address, u32 value)
{
	asm volatile("fninit; fildl %1; fistpl (%0)" ::"r"(address), "m"(value) : "memory");
}

static void store_vector(u32 address, u32 value)
{
	asm volatile("movd %1, %%xmm0; movd %%xmm0, (%0)" ::"r"(address), "r"(value) : "memory");
}

static void store_alias(u32 address, u32 value)
{
	store_long(address - WINDOW + ALIAS, value);
}

static void store_physical(u32 address, u32 value)
{
	store_long(address - WINDOW + CODE_FRAME, value);
}

static volatile u32 user_address, user_value;

static void user_store(void)
{
	*(volatile u32 *)user_address = user_value;
}

static void store_user(u32 address, u32 value)
{
	user_address = address;
	user_value = value;
	run_user(user_store);
}

static const struct {
	void (*store)(u32 address, u32 value);
	const char *name;
} stores[] = {
	{ store_long, "MOV" },
	{ store_bytes, "MOV of bytes and words" },
	{ store_exchange, "XCHG" },
	{ store_locked, "AND and LOCK OR" },
	{ store_compare_exchange, "LOCK CMPXCHG" },
	{ store_string, "STOS" },
	{ store_repeated, "REP MOVS" },
	{ store_push, "PUSH" },
	{ store_add, "ADD" },
	{ store_fpu, "FISTP" },
	{ store_vector, "MOVD from a vector" },
	{ store_alias, "another linear address" },
	{ store_physical, "the page's own address" },
	{ store_user, "ring 3" },
};

static void test_stores(void)
{
	unsigned int i, n, wrong;

	for (i = 0; i < ARRAY_SIZE(stores); i++) {
		wrong = 0;
		put_function(MAPPED(0) + 0x40, 0);
		for (n = 1; n <= 20; n++) {
			stores[i].store(MAPPED(0) + 0x41, n * 0x01010101);
			wrong += call(MAPPED(0) + 0x40) != n * 0x01010101;
		}
		check_equal(wrong, 0, stores[i].name);
	}
	/* A store that begins in the page before, and one that ends in the next. */
	wrong = 0;
	for (n = 1; n <= 20; n++) {
		put_function(MAPPED(1), 0);
		call(MAPPED(1));
		store_long(MAPPED(1) - 1, n << 16 | 0xb800 | 0x90);
		wrong += (call(MAPPED(1)) & 0xff) != n;
	}
	check_equal(wrong, 0, "a store across two pages");
}

/* ---- the block that runs --------------------------------------------------------------- */

extern u8 ahead_start[], ahead_end[], counting_start[], counting_end[], over_start[], over_end[];
asm(".text\n"
    /* Writes the immediate of an instruction a little ahead, in a straight line. */
    "ahead_start:\n\t"
    "call 1f\n1: pop %edx\n\t"
    "movl $0x600d600d, (3f + 1 - 1b)(%edx)\n\t"
    "jmp 2f\n2:\n\t"
    "3: mov $0xbad0bad0, %eax\n\t"
    "movl $0xbad0bad0, (3b + 1 - 1b)(%edx)\n\t"
    "ret\n"
    "ahead_end:\n"
    /* A loop whose body counts its own immediate up. */
    "counting_start:\n\t"
    "call 1f\n1: pop %edx\n\t"
    "xor %eax, %eax; mov $100, %ecx\n\t"
    "2: incl (3f + 1 - 1b)(%edx)\n\t"
    "3: add $0x11223344, %eax\n\t"
    "dec %ecx; jnz 2b; ret\n"
    "counting_end:\n"
    /* REP STOSB over what follows it: NOPs over UD2s. */
    "over_start:\n\t"
    "call 1f\n1: pop %edx\n\t"
    "lea (2f - 1b)(%edx), %edi; mov $8, %ecx; mov $0x90, %al; cld; rep stosb\n\t"
    "jmp 2f\n"
    "2: ud2; ud2; ud2; ud2\n\t"
    "mov $0x600d600d, %eax; ret\n"
    "over_end:");

static void put_code(u32 address, const u8 *start, const u8 *end)
{
	u32 i;

	for (i = 0; start + i < end; i++)
		((volatile u8 *)address)[i] = start[i];
}

static void test_block(void)
{
	unsigned int i, wrong = 0;
	u32 sum = 0, value;

	put_code(MAPPED(2), ahead_start, ahead_end);
	for (i = 0; i < 50; i++)
		wrong += call(MAPPED(2)) != 0x600d600d;
	check_equal(wrong, 0, "an instruction that is written just before it runs");
	put_code(MAPPED(2) + 0x100, counting_start, counting_end);
	for (i = 1, value = 0x11223344; i <= 100; i++)
		sum += ++value;
	check_equal(call(MAPPED(2) + 0x100), sum, "an immediate that counts up, round by round");
	put_code(MAPPED(2) + 0x200, over_start, over_end);
	asm volatile("push %%edi; call *%1; pop %%edi"
		     : "=a"(value)
		     : "r"(MAPPED(2) + 0x200)
		     : "ecx", "edx", "memory");
	check_equal(value, 0x600d600d, "REP STOSB over the code behind it");
	/* Two copies that call one another and change one another's result. */
	wrong = 0;
	for (i = 0; i < ROUNDS; i++) {
		put_function(MAPPED(i & 7) + 0x800, i);
		put_function(MAPPED((i + 3) & 7) + 0x810, ~i);
		wrong += call(MAPPED(i & 7) + 0x800) != i;
		wrong += call(MAPPED((i + 3) & 7) + 0x810) != ~i;
	}
	check_equal(wrong, 0, "functions in eight pages, written and called in turn");
}

/* ---- across pages ----------------------------------------------------------------------- */

static void test_across(void)
{
	unsigned int cut, n, wrong = 0;

	for (cut = 1; cut < 6; cut++)
		for (n = 0; n < 10; n++) {
			put_function(MAPPED(4) - cut, n * 0x10204080 + cut);
			wrong += call(MAPPED(4) - cut) != n * 0x10204080 + cut;
		}
	check_equal(wrong, 0, "an instruction across two pages, written anew");
	/* Only its second half changes. */
	put_function(MAPPED(4) - 3, 0x11111111);
	call(MAPPED(4) - 3);
	*(volatile u8 *)MAPPED(4) = 0x77;
	check_equal(call(MAPPED(4) - 3), 0x11771111, "its second page written");
	*(volatile u8 *)(FRAME(4) + 1) = 0x66;
	check_equal(call(MAPPED(4) - 3), 0x66771111, "through another mapping");
	/* The second half from another frame. */
	put_function(FRAME(6) - 3, 0x22222222);
	table[4] = FRAME(6) | PAGE_PWU;
	flush(MAPPED(4));
	check_equal(call(MAPPED(4) - 3), 0x22221111, "its second page mapped anew");
	table[4] = 0;
	flush(MAPPED(4));
	TRY_CALL(MAPPED(4) - 3);
	check_page_fault(0, MAPPED(4), "its second page absent");
	check_equal(fault.eip, MAPPED(4) - 3, "EIP is its first byte");
	TRY_CALL(MAPPED(3) + 0xffd - 1);
	check(fault.vector == VECTOR_PF || fault.vector == NO_FAULT, "and from one byte before");
	table[4] = FRAME(4) | PAGE_PWU;
	flush(MAPPED(4));
	check_equal(call(MAPPED(4) - 3), 0x66771111, "and present again");
	/* A byte that ends its page needs nothing of the next one. */
	*(volatile u8 *)(MAPPED(4) - 1) = 0xc3;
	table[4] = 0;
	flush(MAPPED(4));
	TRY_CALL(MAPPED(4) - 1);
	check_no_fault("RET as the last byte before an absent page");
	table[4] = FRAME(4) | PAGE_PWU;
	flush(MAPPED(4));
}

/* ---- mapped anew --------------------------------------------------------------------------- */

static u32 other_directory[1024] __attribute__((aligned(4096)));
static u32 other_table[1024] __attribute__((aligned(4096)));

static void test_mappings(void)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < CODE_PAGES; i++)
		put_function(FRAME(i) + 0x500, 0x1000 + i);
	for (i = 0; i < ROUNDS; i++) {
		table[7] = FRAME(i & 7) | PAGE_PWU;
		flush(MAPPED(7));
		wrong += call(MAPPED(7) + 0x500) != 0x1000 + (i & 7);
	}
	check_equal(wrong, 0, "another frame behind the address, each time");
	table[7] = FRAME(7) | PAGE_PWU;
	memcpy(other_directory, directory, sizeof(directory));
	memcpy(other_table, table, sizeof(table));
	other_directory[WINDOW >> 22] = (u32)other_table | PAGE_PWU;
	other_table[0] = FRAME(5) | PAGE_PWU;
	for (i = 0; i < ROUNDS; i++) {
		write_cr3(i & 1 ? (u32)other_directory : (u32)directory);
		wrong += call(MAPPED(0) + 0x500) != (i & 1 ? 0x1005 : 0x1000);
	}
	check_equal(wrong, 0, "another address space, each time");
	/* Changed while the other one is loaded. */
	write_cr3((u32)directory);
	call(MAPPED(0) + 0x500);
	write_cr3((u32)other_directory);
	put_function(MAPPED(1) + 0x500, 0x7777);
	put_function(FRAME(0) + 0x500, 0x8888);
	write_cr3((u32)directory);
	check_equal(call(MAPPED(0) + 0x500), 0x8888, "code changed from another address space");
	check_equal(call(MAPPED(1) + 0x500), 0x7777, "and through its mapping");
	/* From read-only code to writable and back. */
	table[0] = FRAME(0) | PAGE_P | PAGE_U;
	flush(MAPPED(0));
	check_equal(call(MAPPED(0) + 0x500), 0x8888, "code in a page to read only");
	TRY_WRITE(MAPPED(0) + 0x501, 0);
	check_page_fault(PF_P | PF_W, MAPPED(0) + 0x501, "which cannot be written");
	check_equal(call(MAPPED(0) + 0x500), 0x8888, "and is what it was");
	write_cr0(read_cr0() & ~CR0_WP);
	put_function(MAPPED(0) + 0x500, 0x9999);
	write_cr0(read_cr0() | CR0_WP);
	check_equal(call(MAPPED(0) + 0x500), 0x9999, "unless CR0.WP is clear");
	table[0] = FRAME(0) | PAGE_PWU;
	flush(MAPPED(0));
}

/* ---- one page in two modes -------------------------------------------------------------------- */

/*
 * B8 34 12 05 78 C3: as 32-bit code MOV $imm32, %eax and RET; as 16-bit code
 * MOV $0x1234, %ax, then ADD.
 */
static u32 call_far16(u32 offset)
{
	struct {
		u32 offset;
		u16 selector;
	} __attribute__((packed)) target = { offset, CODE16_SEG32 };
	u32 value = 0;

	asm volatile("lcall *%1" : "+a"(value) : "m"(target) : "memory");
	return value;
}

static volatile u32 user_result32;

static void user_call(void)
{
	user_result32 = ((u32(*)(void))(MAPPED(3) + 0x600))();
}

static void test_modes(void)
{
	static const u8 both[] = { 0xb8, 0x34, 0x12, 0x05, 0x78, 0x56, 0x66, 0xcb };
	volatile u8 *code = (volatile u8 *)(MAPPED(3) + 0x700);
	unsigned int i, wrong = 0;

	for (i = 0; i < sizeof(both); i++)
		code[i] = both[i];
	gdt[CODE16_SEG32 / 8] = descriptor(MAPPED(3), 0xfff, ACCESS_CODE0, 0);
	/* In 32-bit code: MOV $0x78051234, %eax; PUSH %esi; RETF of 16 bits. */
	for (i = 0; i < 20; i++) {
		wrong += call_far16(0x700) != 0x1234 + 0x5678;
		put_function(MAPPED(3) + 0x600, i);
		wrong += call(MAPPED(3) + 0x600) != i;
		run_user(user_call);
		wrong += user_result32 != i;
		code[1] = 0x34;
	}
	check_equal(wrong, 0, "bytes of one page as 16-bit and 32-bit code, and in ring 3");
	/* The same bytes at two bases of CS. */
	gdt[CODE16_SEG32 / 8] = descriptor(ALIAS + 3 * PAGE, 0xfff, ACCESS_CODE0, 0);
	check_equal(call_far16(0x700), 0x1234 + 0x5678, "through another base");
	code[4] = 0x79;
	check_equal(call_far16(0x700), 0x1234 + 0x5679, "written through the first");
	gdt[CODE16_SEG32 / 8] = descriptor(MAPPED(3), 0x703, ACCESS_CODE0, 0);
	if (segments_are_strict()) {
		TRY("lcall %0, $0x700", "i"(CODE16_SEG32));
		check_fault(VECTOR_GP, 0, "code beyond its segment's limit: #GP(0)");
		check_equal(fault.eip, 0x703, "at the first instruction that is");
	}
}

/* ---- by a device --------------------------------------------------------------------------------- */

static void test_input(void)
{
	put_function(MAPPED(5) + 0x900, 0);
	call(MAPPED(5) + 0x900);
	/* Port 0x80 answers something that is the same for IN and INS. */
	asm volatile("cld; insb" ::"D"(MAPPED(5) + 0x901), "d"(0x80) : "memory");
	check_equal(call(MAPPED(5) + 0x900), inb(0x80), "code written by INS");
}

void guest_main(void)
{
	write_cr0(read_cr0() & ~(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	map();
	test_stores();
	test_block();
	test_across();
	test_mappings();
	test_modes();
	test_input();
}
