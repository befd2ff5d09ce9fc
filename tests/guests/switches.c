// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: however often the guest leaves ring 1 and comes back, by each kind
 * of exit, and whatever interrupts the host meanwhile, its registers and flags
 * are as it left them. The storm of NMIs (tests/nmi-storm) blows around this.
 */
#include "guest.h"

#define ROUNDS 2000u

/* What each register holds around the instruction under test. */
#define PATTERN(n) (0x01234567u * (n) + 0x89abcdefu)

struct registers {
	u32 eax, ebx, ecx, edx, esi, edi, ebp, flags;
};
static struct registers seen, wanted;
static u32 kept_ebp __attribute__((used)); /* by assembly */

/*
 * Load all registers and the arithmetic flags, execute CODE, store what they
 * are then. EBP is the compiler's frame pointer: it is kept by hand.
 */
#define AROUND(code)                                                                           \
	asm volatile("movl %%ebp, kept_ebp\n\t"                                                \
		     "movl wanted+28, %%eax; pushl %%eax; popfl\n\t"                           \
		     "movl wanted, %%eax; movl wanted+4, %%ebx; movl wanted+8, %%ecx\n\t"      \
		     "movl wanted+12, %%edx; movl wanted+16, %%esi; movl wanted+20, %%edi\n\t" \
		     "movl wanted+24, %%ebp\n\t" code "\n\t"                                   \
		     "movl %%eax, seen; movl %%ebx, seen+4; movl %%ecx, seen+8\n\t"            \
		     "movl %%edx, seen+12; movl %%esi, seen+16; movl %%edi, seen+20\n\t"       \
		     "movl %%ebp, seen+24; pushfl; popl seen+28\n\t"                           \
		     "movl kept_ebp, %%ebp"                                                    \
		     :                                                                         \
		     :                                                                         \
		     : "eax", "ebx", "ecx", "edx", "esi", "edi", "memory", "cc")

/* CF PF AF ZF SF OF */
#define ARITHMETIC 0x8d5u

static u32 differences;

static void compare(void)
{
	const u32 *a = (const u32 *)&seen, *b = (const u32 *)&wanted;
	unsigned int i;

	for (i = 0; i < 7; i++)
		differences += a[i] != b[i];
	differences += (seen.flags & ARITHMETIC) != (wanted.flags & ARITHMETIC);
}

static void prepare(u32 round)
{
	u32 *registers = (u32 *)&wanted;
	unsigned int i;

	for (i = 0; i < 7; i++)
		registers[i] = PATTERN(round * 7 + i);
	wanted.flags = (PATTERN(round) & ARITHMETIC) | 2;
}

/* IRET from the handler of a software interrupt: nothing to be done there. */
static void nothing(struct frame *frame)
{
	(void)frame;
}

#define EXIT_TEST(name, code)         \
	static void exit_##name(void) \
	{                             \
		AROUND(code);         \
	}
EXIT_TEST(cli, "cli")
EXIT_TEST(sti, "sti; nop; cli")
EXIT_TEST(port, "outb %%al, $0x80")
EXIT_TEST(read_control, "pushl %%eax; mov %%cr0, %%eax; popl %%eax")
EXIT_TEST(flush, "pushl %%eax; mov %%cr3, %%eax; mov %%eax, %%cr3; popl %%eax")
EXIT_TEST(segment, "pushl %%ds; popl %%es")
EXIT_TEST(interrupt, "int $3")

static const struct {
	void (*run)(void);
	const char *name;
} exits[] = {
	{ exit_cli, "CLI" },
	{ exit_sti, "STI" },
	{ exit_port, "OUT" },
	{ exit_read_control, "MOV from CR0" },
	{ exit_flush, "MOV to CR3" },
	{ exit_segment, "a segment load" },
	{ exit_interrupt, "INT 3 and IRET" },
};

static void user_work(void)
{
	asm volatile("nop");
}

void guest_main(void)
{
	u32 round, i, unexpected = 0;

	handlers[VECTOR_BP] = nothing;
	for (i = 0; i < ARRAY_SIZE(exits); i++) {
		differences = 0;
		for (round = 0; round < ROUNDS; round++) {
			prepare(round);
			exits[i].run();
			compare();
		}
		check_equal(differences, 0, exits[i].name);
	}
	for (round = 0; round < ROUNDS; round++) {
		run_user(user_work);
		unexpected += fault.vector != NO_FAULT;
	}
	check_equal(unexpected, 0, "to ring 3 and back");
}
