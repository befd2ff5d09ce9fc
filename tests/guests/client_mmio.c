// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: an instruction does to a device's registers what it does to
 * memory: the same registers, flags and contents afterwards, with as many
 * accesses as it has operands, each of its size.
 *
 * Its client is tests/selftests/mmio.c, which has a file of registers at
 * DEVICE. Each instruction is executed on memory first, then on the device.
 */
#include "guest.h"

#define DEVICE 0x10000000u
#define BYTES  64

/* OUT: forget; IN: reads, writes (a byte each), the last access's size. */
#define PORT_LOG 0x510

#define ANY	 255 /* as a number of accesses: any */

struct test {
	void (*code)(void);
	const char *name;
	u32 reads, writes;
};
extern const struct test tests_start[], tests_end[];

struct state {
	u32 eax, ecx, edx, ebx, esi, edi, flags;
};
struct state state;

/*
 * Load the registers of `state`, call EBP's code, store them. ESI stays where
 * memory is, EDI is the operand.
 */
asm(".text\n"
    "execute:\n\t"
    "push %ebp; push %ebx; push %esi; push %edi\n\t"
    "mov 20(%esp), %ebp\n\t"
    "mov state, %eax; mov state+4, %ecx; mov state+8, %edx; mov state+12, %ebx\n\t"
    "mov state+16, %esi; mov state+20, %edi\n\t"
    "push state+24; popf\n\t"
    "call *%ebp\n\t"
    "mov %eax, state; mov %ecx, state+4; mov %edx, state+8; mov %ebx, state+12\n\t"
    "mov %esi, state+16; mov %edi, state+20\n\t"
    "pushf; pop state+24; cld\n\t"
    "pop %edi; pop %esi; pop %ebx; pop %ebp\n\t"
    "ret");
void execute(void (*code)(void));

#define TEST(name, reads, writes, code)                                                       \
	asm(".text\n1: " code "\n\tret\n\t.section .rodata.strings, \"a\"\n2: .asciz \"" name \
	    "\"\n\t.section .rodata.tests, \"a\"\n\t.long 1b, 2b, " #reads ", " #writes       \
	    "\n\t.text")

asm(".section .rodata.tests, \"a\"\n\t.balign 4\ntests_start:\n\t.text");
TEST("mov r8, m", 1, 0, "movb (%edi), %al");
TEST("mov r16, m", 1, 0, "movw (%edi), %ax");
TEST("mov r32, m", 1, 0, "movl (%edi), %eax");
TEST("mov r32, m, not aligned", 1, 0, "movl 3(%edi), %eax");
TEST("mov r8h, m", 1, 0, "movb 1(%edi), %ah");
TEST("mov m, r8", 0, 1, "movb %al, (%edi)");
TEST("mov m, r8h", 0, 1, "movb %ch, 2(%edi)");
TEST("mov m, r16", 0, 1, "movw %ax, (%edi)");
TEST("mov m, r32", 0, 1, "movl %eax, (%edi)");
TEST("mov m, i8", 0, 1, "movb $0x5a, (%edi)");
TEST("mov m, i16", 0, 1, "movw $0x5aa5, (%edi)");
TEST("mov m, i32", 0, 1, "movl $0x5aa5f00f, (%edi)");
TEST("base, index, scale", 1, 0, "movl 4(%edi, %ebx, 4), %eax");
TEST("movzx r32, m8", 1, 0, "movzbl 1(%edi), %eax");
TEST("movzx r32, m16", 1, 0, "movzwl 1(%edi), %eax");
TEST("movsx r32, m8", 1, 0, "movsbl 3(%edi), %eax");
TEST("movsx r32, m16", 1, 0, "movswl 2(%edi), %eax");
TEST("movsx r16, m8", 1, 0, "movsbw 3(%edi), %ax");
TEST("add m, r32", 1, 1, "addl %eax, (%edi)");
TEST("add r32, m", 1, 0, "addl (%edi), %eax");
TEST("add m, i8", 1, 1, "addl $-5, (%edi)");
TEST("add m8, i8", 1, 1, "addb $0x7f, (%edi)");
TEST("adc m, r16", 1, 1, "stc; adcw %ax, (%edi)");
TEST("sub m, i32", 1, 1, "subl $0x12345678, (%edi)");
TEST("sbb r32, m", 1, 0, "stc; sbbl (%edi), %eax");
TEST("and m, r32", 1, 1, "andl %edx, (%edi)");
TEST("or m, i16", 1, 1, "orw $0xf0, (%edi)");
TEST("xor m8, r8", 1, 1, "xorb %cl, (%edi)");
TEST("lock xor m, r32", 1, 1, "lock xorl %eax, (%edi)");
TEST("cmp m, r32", 1, 0, "cmpl %eax, (%edi)");
TEST("cmp r8, m", 1, 0, "cmpb (%edi), %al");
TEST("cmp m, i8", 1, 0, "cmpw $-1, (%edi)");
TEST("test m, r32", 1, 0, "testl %eax, (%edi)");
TEST("test m8, i8", 1, 0, "testb $0x11, (%edi)");
TEST("inc m", 1, 1, "incl (%edi)");
TEST("dec m8", 1, 1, "decb (%edi)");
TEST("not m", 1, 1, "notl (%edi)");
TEST("neg m16", 1, 1, "negw (%edi)");
TEST("lock inc m", 1, 1, "lock incl (%edi)");
TEST("xchg m, r32", 1, 1, "xchgl %eax, (%edi)");
TEST("xchg m8, r8", 1, 1, "xchgb %dl, (%edi)");
TEST("xadd m, r32", 1, 1, "xaddl %eax, (%edi)");
TEST("lock xadd m, r16", 1, 1, "lock xaddw %ax, (%edi)");
TEST("cmpxchg that succeeds", 1, 1, "movl (%esi), %eax; cmpxchgl %edx, (%edi)");
TEST("cmpxchg that fails", 1, 255, "movl $1, %eax; cmpxchgl %edx, (%edi)");
TEST("cmpxchg8b that fails", 255, 255, "lock cmpxchg8b (%edi)");
TEST("cmpxchg8b that succeeds", 255, 255,
     "movl (%esi), %eax; movl 4(%esi), %edx; cmpxchg8b (%edi)");
TEST("shl m, 1", 1, 1, "shll (%edi)");
TEST("shr m, i8", 1, 1, "shrl $5, (%edi); test %eax, %eax");
TEST("sar m8, cl", 1, 1, "movb $3, %cl; sarb %cl, (%edi); test %eax, %eax");
TEST("rol m16, cl", 1, 1, "movb $9, %cl; rolw %cl, (%edi); test %eax, %eax");
TEST("rcr m, 1", 1, 1, "stc; rcrl (%edi)");
TEST("shld m, r32, i8", 1, 1, "shldl $7, %eax, (%edi); test %eax, %eax");
TEST("shrd m, r32, cl", 1, 1, "movb $12, %cl; shrdl %cl, %eax, (%edi); test %eax, %eax");
TEST("bt m, i8", 1, 0, "clc; btl $9, (%edi); setc %al; test %eax, %eax");
TEST("bts m, i8", 1, 1, "btsl $1, (%edi); setc %al; test %eax, %eax");
TEST("btr m, r32 beyond the operand", 1, 1,
     "mov $77, %ecx; btrl %ecx, (%edi); setc %al; test %eax, %eax");
TEST("lock btc m, i8", 1, 1, "lock btcl $31, (%edi); setc %al; test %eax, %eax");
TEST("bsf r32, m", 1, 0, "bsfl 4(%edi), %ecx; test %eax, %eax");
TEST("bsr r32, m", 1, 0, "bsrl 4(%edi), %ecx; test %eax, %eax");
TEST("mul m", 1, 0, "mull (%edi); test %eax, %eax");
TEST("imul m8", 1, 0, "imulb (%edi); test %eax, %eax");
TEST("imul r32, m", 1, 0, "imull (%edi), %ecx; test %eax, %eax");
TEST("imul r32, m, i8", 1, 0, "imull $7, (%edi), %ecx; test %eax, %eax");
TEST("div m", 1, 0, "xor %edx, %edx; divl (%edi); test %eax, %eax");
TEST("idiv m16", 1, 0, "xor %edx, %edx; mov $50, %ax; idivw 4(%edi); test %eax, %eax");
TEST("setz m8", 0, 1, "xor %eax, %eax; setz (%edi)");
TEST("setnz m8", 0, 1, "xor %eax, %eax; setnz (%edi)");
TEST("cmovc r32, m, taken", 1, 0, "stc; cmovcl (%edi), %eax");
TEST("cmovc r32, m, not taken", 1, 0, "clc; cmovcl (%edi), %eax");
TEST("push m", 1, 0, "pushl (%edi); pop %eax");
TEST("pop m", 0, 1, "push $0x66778899; popl (%edi)");
TEST("xlat", 1, 0, "mov %edi, %ebx; mov $5, %al; xlat; xor %ebx, %ebx");
TEST("lods", 1, 0, "push %esi; mov %edi, %esi; lodsl; pop %esi");
TEST("stos", 0, 1, "stosl");
TEST("stos, down", 0, 1, "std; stosw; cld");
TEST("scas", 1, 0, "scasb");
TEST("movs to it", 0, 1, "movsl; sub $4, %esi");
TEST("movs from it", 1, 0, "xchg %esi, %edi; movsl; sub $4, %edi; xchg %esi, %edi");
TEST("cmps with it", 1, 0, "cmpsl; lea -4(%esi), %esi");
TEST("rep stos", 0, 7, "mov $7, %ecx; rep stosl");
TEST("rep stosb, down", 0, 5, "mov $5, %ecx; add $16, %edi; std; rep stosb; cld");
TEST("rep movs to it", 0, 6, "mov $6, %ecx; rep movsl; sub $24, %esi");
TEST("rep movs from it", 9, 0,
     "mov $9, %ecx; xchg %esi, %edi; rep movsb; sub $9, %edi; xchg %esi, %edi");
TEST("rep movs within it", 8, 8,
     "push %esi; mov %edi, %esi; add $32, %edi; mov $8, %ecx; rep movsl; pop %esi");
TEST("repe cmps", 4, 0, "mov $4, %ecx; repe cmpsl; lea -16(%esi), %esi");
TEST("repne scas", 255, 0, "mov $16, %ecx; mov $0xab, %al; repne scasb");
TEST("rep lods", 5, 0, "push %esi; mov %edi, %esi; mov $5, %ecx; rep lodsb; pop %esi");
TEST("rep stos of nothing", 0, 0, "xor %ecx, %ecx; rep stosl");
TEST("rep stos of 16 words", 0, 16, "mov $16, %ecx; rep stosl; sub $64, %edi");
TEST("enter and leave beside it", 1, 0, "enter $8, $0; movl (%edi), %eax; leave");
TEST("mov m, sreg", 0, 1, "mov %ds, (%edi)");
TEST("mov sreg, m", 1, 0, "movw $0x10, 8(%esi); mov 8(%edi), %es");
TEST("sldt m", 0, 1, "sldt (%edi)");
asm(".section .rodata.tests, \"a\"\ntests_end:\n\t.text");

static u32 memory[BYTES / 4] __attribute__((aligned(64)));
static u32 source[BYTES / 4] __attribute__((aligned(64)));
static u32 contents[2][BYTES / 4];
static u32 logged;
static volatile u32 user_seen;

static u32 pattern(unsigned int i)
{
	return 0x9e3779b9u * (i + 1) ^ 0x00c0ffee;
}

static u32 read_log(void)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "d"((u16)PORT_LOG));
	return value;
}

/* Fill, execute, and keep what came of it. */
static struct state run(const struct test *test, u32 base, u32 *result)
{
	volatile u32 *operand = (volatile u32 *)base;
	unsigned int i;

	for (i = 0; i < BYTES / 4; i++) {
		source[i] = pattern(i);
		operand[i] = pattern(i);
	}
	/* A selector that can be loaded, and small numbers to divide by. */
	((volatile u16 *)operand)[4] = KERNEL_DS;
	((volatile u16 *)source)[4] = KERNEL_DS;
	state = (struct state){ 0x11223344, 0x55667788, 0x99aabbcc, 2, (u32)source, base, 2 };
	outb(PORT_LOG, 0);
	execute(test->code);
	logged = read_log();
	for (i = 0; i < BYTES / 4; i++)
		result[i] = operand[i];
	state.edi -= base;
	return state;
}

static void run_test(const struct test *test)
{
	const u32 flags = EFLAGS_CF | EFLAGS_ZF | 0x4 | 0x10 | 0x80 | EFLAGS_DF | EFLAGS_OF;
	struct state wanted = run(test, (u32)memory, contents[0]), got;
	u32 log;

	got = run(test, DEVICE, contents[1]);
	asm volatile("mov %0, %%es" ::"r"(KERNEL_DS));
	log = logged;
	wanted.flags &= flags;
	got.flags &= flags;
	check(!memcmp(&got, &wanted, sizeof(got)) && !memcmp(contents[0], contents[1], BYTES),
	      test->name);
	if (memcmp(&got, &wanted, sizeof(got))) {
		comment("eax", got.eax);
		comment("wanted", wanted.eax);
		comment("ecx", got.ecx);
		comment("wanted", wanted.ecx);
		comment("edx", got.edx);
		comment("wanted", wanted.edx);
		comment("edi", got.edi);
		comment("wanted", wanted.edi);
		comment("flags", got.flags);
		comment("wanted", wanted.flags);
	}
	if ((test->reads != ANY && (log & 0xff) != test->reads) ||
	    (test->writes != ANY && (log >> 8 & 0xff) != test->writes)) {
		check(false, "its number of accesses");
		comment("reads and writes", log);
	}
}

static void test_sizes(void)
{
	outb(PORT_LOG, 0);
	asm volatile("movb (%0), %%al" ::"r"(DEVICE) : "eax");
	check_equal(read_log() >> 16, 1, "a byte is read as a byte");
	asm volatile("movw %%ax, (%0)" ::"r"(DEVICE));
	check_equal(read_log() >> 16, 2, "a word is written as a word");
	asm volatile("orl $1, (%0)" ::"r"(DEVICE));
	check_equal(read_log() >> 16, 4, "a doubleword as one");
	/* The last byte of memory, the first of nothing. */
	asm volatile("movl (%0), %%eax" ::"r"(0x4000000 - 2) : "eax");
	check(true, "an access from memory into nothing");
}

static void user_device(void)
{
	volatile u32 *device = (volatile u32 *)DEVICE;

	device[3] = 0x600df00d;
	user_seen = device[3];
}

void guest_main(void)
{
	const struct test *test;

	for (test = tests_start; test < tests_end; test++)
		run_test(test);
	test_sizes();
	run_user(user_device);
	check_no_fault("ring 3 reaches a device");
	check_equal(user_seen, 0x600df00d, "and what it wrote there");
}
