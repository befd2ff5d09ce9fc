// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: single-stepping and the debug registers work for ring 0 as the
 * manual's "Debug Exceptions" says, also over instructions that ringlet
 * emulates: one #DB an instruction, none lost, none twice.
 */
#include "guest.h"

#define DR6_B(n)       (1u << (n))
#define DR6_BD	       0x2000u
#define DR6_BS	       0x4000u
#define DR6_BITS       (0xfu | DR6_BD | DR6_BS)

#define DR7_LOCAL(n)   (1u << (2 * (n)))
#define DR7_GD	       0x2000u
#define DR7_EXECUTE(n) 0u
#define DR7_WRITE(n)   (0x1u << (16 + 4 * (n)))
#define DR7_PORT(n)    (0x2u << (16 + 4 * (n)))
#define DR7_ACCESS(n)  (0x3u << (16 + 4 * (n)))
#define DR7_BYTES4(n)  (0xcu << (16 + 4 * (n)))
#define DR7_FIXED      0x400u

#define DEBUG_REGISTER(n)                                                   \
	static void write_dr##n(u32 value)                                  \
	{                                                                   \
		asm volatile("mov %0, %%dr" #n ::"r"(value) : "memory");    \
	}                                                                   \
	static u32 read_dr##n(void)                                         \
	{                                                                   \
		u32 value;                                                  \
                                                                            \
		asm volatile("mov %%dr" #n ", %0" : "=r"(value)::"memory"); \
		return value;                                               \
	}
DEBUG_REGISTER(0)
DEBUG_REGISTER(3)
DEBUG_REGISTER(6)
DEBUG_REGISTER(7)

/* What the #DB handler saw. */
static volatile u32 eips[32], statuses[32], flags[32];
static volatile unsigned int count;
static volatile bool at_code;

static void record(struct frame *frame)
{
	if (count < ARRAY_SIZE(eips)) {
		eips[count] = frame->eip;
		statuses[count] = read_dr6();
		flags[count] = frame->eflags;
	}
	count++;
	write_dr6(0);
	/* A breakpoint on code comes again until RF says not to. */
	if (at_code)
		frame->eflags |= EFLAGS_RF;
	/* One that does not come to an end is a result too. */
	if (count >= ARRAY_SIZE(eips))
		frame->eflags &= ~EFLAGS_TF;
}

#define SET_TF	 "pushf; orl $0x100, (%%esp); popf\n\t"
#define CLEAR_TF "pushf; andl $~0x100, (%%esp); popf\n\t"

/*
 * Step over @code. The first #DB comes after its first instruction, the last
 * three after those of CLEAR_TF, the third of which the step ends with.
 */
#define STEP(code, ...)                                                                 \
	do {                                                                            \
		count = 0;                                                              \
		asm volatile("movl $1f, %[first]\n\t" SET_TF "1: " code "\n\t" CLEAR_TF \
			     "nop" ::__VA_ARGS__,                                       \
			     [first] "m"(first)                                         \
			     : "eax", "ecx", "edx", "memory", "cc");                    \
	} while (0)
#define ENDING 3u

static u32 first;

static void check_steps(u32 steps, const char *name)
{
	check_equal(count, steps + ENDING, name);
}

static void test_stepping(void)
{
	struct table_register table;
	unsigned int i, wrong = 0;
	u32 value;

	STEP("nop; nop; nop", "i"(0));
	check_steps(3, "one #DB after each of three instructions");
	check(eips[0] == first + 1 && eips[1] == first + 2, "EIP is that of the next one");
	for (i = 0; i < 3; i++)
		wrong += (statuses[i] & DR6_BITS) != DR6_BS;
	check_equal(wrong, 0, "DR6 says BS");
	check(flags[0] & EFLAGS_TF, "TF is saved");
	STEP("cli; nop", "i"(0));
	check_steps(2, "over CLI");
	STEP("mov %%cr0, %%eax; mov %%eax, %%cr0; nop", "i"(0));
	check_steps(3, "over MOV from and to CR0");
	STEP("mov $0x174, %%ecx; rdmsr; nop", "i"(0));
	check_steps(3, "over RDMSR");
	STEP("sgdt %0", "m"(table));
	check_steps(1, "over SGDT");
	STEP("mov $0x80, %%edx; out %%al, %%dx; in %%dx, %%al", "i"(0));
	check_steps(3, "over OUT and IN");
	STEP("push $1f; ret; nop; 1: nop", "i"(0));
	check_steps(3, "over RET");
	STEP("mov $3, %%ecx; 1: loop 1b", "i"(0));
	check_steps(4, "over a loop");
	STEP("mov $3, %%ecx; cld; rep lodsb", "S"(first));
	check_steps(5, "over each round of REP");
	STEP("mov $3, %%ecx; mov $0x80, %%edx; cld; rep outsb", "S"(first));
	check_steps(6, "over each round of REP OUTS");
	value = KERNEL_DS;
	STEP("mov %0, %%ds; nop", "r"(value));
	check_steps(2, "over MOV to DS");
	STEP("mov %0, %%ss; nop; nop", "r"(value));
	check_steps(2, "not between MOV to SS and the next one");
	check_equal(eips[0], first + 3, "but after that");
	STEP("push %%ss; pop %%ss; nop; nop", "i"(0));
	check_steps(3, "not between POP to SS and the next one");
	STEP("ljmp $8, $1f; nop; 1: nop", "i"(0));
	check_steps(2, "over a far jump");
	STEP("pushf; push $8; push $1f; iret; nop; 1: nop", "i"(0));
	check_steps(5, "over IRET");
	STEP("sti; nop; cli", "i"(0));
	check_steps(3, "over STI");
	STEP("invlpg (%0)", "r"(0));
	check_steps(1, "over INVLPG");
}

/* The handler runs with TF clear, and IRET goes on with it. */
static void test_stepping_events(void)
{
	STEP("int $0x50; nop", "i"(0));
	check_steps(1, "INT n is stepped by its handler's IRET");
	count = 0;
	asm volatile(SET_TF "ud2" ::: "memory");
	/* The fault handler below skipped UD2 and TF stayed as it was. */
	asm volatile(CLEAR_TF "nop" ::: "memory");
	check_equal(count, ENDING, "none for an instruction that faulted");
	count = 0;
	/* IRET that sets TF: the instruction after it is stepped. */
	asm volatile("pushf; orl $0x100, (%%esp); push $8; push $1f; iret; nop\n\t"
		     "1: nop\n\t" CLEAR_TF "nop" ::
			     : "memory");
	check_equal(count, 1 + ENDING, "IRET that sets TF");
	check(count, "no step was lost");
}

static void skip_ud2(struct frame *frame)
{
	frame->eip += 2;
}

static void do_nothing(struct frame *frame)
{
	(void)frame;
}

static volatile u32 watched[2];

static void test_data_breakpoints(void)
{
	u32 end;

	write_dr0((u32)watched);
	write_dr7(DR7_FIXED | DR7_LOCAL(0) | DR7_WRITE(0) | DR7_BYTES4(0));
	check_equal(read_dr0(), (u32)watched, "DR0 keeps what is written");
	check_equal(read_dr7(), DR7_FIXED | DR7_LOCAL(0) | DR7_WRITE(0) | DR7_BYTES4(0),
		    "DR7 keeps what is written");
	count = 0;
	asm volatile("movl $1f, %0; movl $1, %1; 1:" : "=m"(end), "=m"(watched[0]));
	check_equal(count, 1, "a write breakpoint");
	check_equal(eips[0], end, "comes after the write");
	check_equal(statuses[0] & DR6_BITS, DR6_B(0), "DR6 says B0");
	check_equal(flags[0] & EFLAGS_RF, 0, "and RF is saved clear");
	count = 0;
	(void)watched[0];
	watched[1] = 1;
	check_equal(count, 0, "not after a read, nor beside it");
	write_dr7(DR7_FIXED | DR7_LOCAL(0) | DR7_ACCESS(0) | DR7_BYTES4(0));
	(void)watched[0];
	check_equal(count, 1, "an access breakpoint comes after a read");
	write_dr7(DR7_FIXED);
	count = 0;
	watched[0] = 2;
	check_equal(count, 0, "none when disabled");
	write_dr3((u32)watched + 4);
	write_dr7(DR7_FIXED | DR7_LOCAL(3) | DR7_WRITE(3));
	*((volatile u8 *)watched + 4) = 1;
	check_equal(count, 1, "DR3, one byte");
	check_equal(statuses[0] & DR6_BITS, DR6_B(3), "DR6 says B3");
	check_equal(read_dr3(), (u32)watched + 4, "DR3 reads back");
	write_dr7(DR7_FIXED);
}

static void test_code_breakpoints(void)
{
	u32 target;

	at_code = true;
	count = 0;
	asm volatile("movl $1f, %%eax; mov %%eax, %0; mov %%eax, %%dr0; mov %1, %%eax\n\t"
		     "mov %%eax, %%dr7; nop\n\t"
		     "1: nop; nop"
		     : "=m"(target)
		     : "i"(DR7_FIXED | DR7_LOCAL(0) | DR7_EXECUTE(0))
		     : "eax", "memory");
	write_dr7(DR7_FIXED);
	check_equal(count, 1, "a code breakpoint comes once");
	check_equal(eips[0], target, "before the instruction");
	check_equal(statuses[0] & DR6_BITS, DR6_B(0), "DR6 says B0");
	check_equal(flags[0] & EFLAGS_RF, 0, "and RF is saved clear");
	count = 0;
	asm volatile("movl $1f, %%eax; mov %%eax, %%dr0; mov %0, %%eax\n\t"
		     "mov %%eax, %%dr7; nop\n\t"
		     "1: mov %%cr2, %%eax; nop" ::"i"(DR7_FIXED | DR7_LOCAL(0) | DR7_EXECUTE(0))
		     : "eax", "memory");
	write_dr7(DR7_FIXED);
	check_equal(count, 1, "one at an instruction that traps");
	/* Often enough that an interrupt of the host hits where RF is set. */
	count = 0;
	asm volatile("movl $1f, %%eax; mov %%eax, %%dr0; mov %0, %%eax; mov %%eax, %%dr7\n\t"
		     "mov $1000, %%ecx\n\t"
		     "1: nop; loop 1b" ::"i"(DR7_FIXED | DR7_LOCAL(0) | DR7_EXECUTE(0))
		     : "eax", "ecx", "memory");
	write_dr7(DR7_FIXED);
	check_equal(count, 1000, "one in each of 1000 rounds");
	at_code = false;
}

static void test_general_detect(void)
{
	u32 start;

	count = 0;
	write_dr7(DR7_FIXED | DR7_GD);
	asm volatile("movl $1f, %0; 1: mov %%dr0, %%eax" : "=m"(start)::"eax", "memory");
	check_equal(count, 1, "GD: #DB at a MOV of a debug register");
	check_equal(flags[0] & EFLAGS_RF, EFLAGS_RF, "RF is saved set");
	check_equal(eips[0], start, "before it");
	check_equal(statuses[0] & DR6_BITS, DR6_BD, "DR6 says BD");
	check_equal(read_dr7() & DR7_GD, 0, "GD is clear afterwards");
	TRY("mov %0, %%cr4", "r"(CR4_DE));
	if (fault.vector == NO_FAULT) {
		TRY("mov %%dr4, %%eax", "i"(0));
		check_fault(VECTOR_UD, 0, "DR4 with CR4.DE: #UD");
		write_cr4(0);
	} else {
		skip("DR4 with CR4.DE: #UD", "the virtual CPU has no I/O breakpoints");
	}
	write_dr6(0);
	TRY("mov %%dr4, %%eax", "i"(0));
	check_no_fault("DR4 without it is DR6");
	write_dr7(DR7_FIXED);
}

void guest_main(void)
{
	handlers[VECTOR_DB] = record;
	handlers[VECTOR_UD] = skip_ud2;
	handlers[0x50] = do_nothing;
	test_stepping();
	test_stepping_events();
	test_data_breakpoints();
	test_code_breakpoints();
	handlers[VECTOR_UD] = 0;
	test_general_detect();
}
