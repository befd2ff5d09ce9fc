// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of segments against the real processor. Userspace, 32-bit code.
 *
 * Linux lets a process put code and data segments into its LDT. Each round puts
 * random ones there and into the LDT of a virtual CPU in ring 3, and asks both
 * the same: LAR, LSL, VERR, VERW, loads of FS and SS, accesses through FS
 * around the limits, far jumps, far returns and IRET. Faults are compared with
 * their vector and error code.
 *
 * usage: cpu_native [ROUNDS [SEED]]
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "fake_bus.h"

#define ENTRIES		  4
#define BUFFER_BYTES	  0x40000U
#define NO_TRAP		  0xffffffffU
#define DIFFERENCES_SHOWN 20

static struct fake_machine machine;
static struct virtual_cpu *const cpu = &machine.cpu;
static u8 *buffer;
static unsigned long checks, differences, accesses, transfers;

/* ---- the real processor ----------------------------------------------------- */

/* What the last fault was, and where to go on after it. */
static volatile u32 trap_number, trap_error, trap_address, trap_eip, trap_flags;
static volatile u16 trap_cs;
static volatile u32 recover_eip, recover_esp;

static void on_fault(int signal, siginfo_t *info, void *opaque)
{
	greg_t *registers = ((ucontext_t *)opaque)->uc_mcontext.gregs;

	(void)signal;
	trap_number = registers[REG_TRAPNO];
	trap_error = registers[REG_ERR];
	trap_address = (u32)info->si_addr;
	trap_eip = registers[REG_EIP];
	trap_cs = registers[REG_CS];
	trap_flags = registers[REG_EFL];
	registers[REG_EIP] = recover_eip;
	if (recover_esp) {
		registers[REG_ESP] = recover_esp;
		registers[REG_UESP] = recover_esp;
	}
	asm("mov %%cs, %0" : "=r"(registers[REG_CS]));
	registers[REG_EFL] = 0x202;
	recover_esp = 0;
}

static void catch_faults(void)
{
	static u8 stack[65536];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
}

static void native_load_fs(u16 selector)
{
	trap_number = NO_TRAP;
	asm volatile("movl $1f, %0\n\t"
		     "movw %w1, %%fs\n\t"
		     "1:"
		     : "=m"(recover_eip)
		     : "r"(selector)
		     : "memory");
}

/* No interrupt can come between the two: the first blocks them. */
static void native_load_ss(u16 selector)
{
	u32 saved;

	trap_number = NO_TRAP;
	asm volatile("movl $1f, %0\n\t"
		     "mov %%ss, %1\n\t"
		     "movw %w2, %%ss\n\t"
		     "movw %w1, %%ss\n\t"
		     "1:"
		     : "=m"(recover_eip), "=&r"(saved)
		     : "r"(selector)
		     : "memory");
}

static void native_read(u32 offset, unsigned int bytes)
{
	u32 value;

	trap_number = NO_TRAP;
#define NATIVE_READ(instruction, width)                     \
	asm volatile("movl $1f, %0\n\t" instruction "\n1:"  \
		     : "=m"(recover_eip), "=&" width(value) \
		     : "r"(offset)                          \
		     : "memory")
	if (bytes == 1)
		NATIVE_READ("movb %%fs:(%2), %b1", "q");
	else if (bytes == 2)
		NATIVE_READ("movw %%fs:(%2), %w1", "r");
	else
		NATIVE_READ("movl %%fs:(%2), %1", "r");
}

/* A write that changes nothing, wherever it goes. */
static void native_modify(u32 offset, unsigned int bytes)
{
	trap_number = NO_TRAP;
#define NATIVE_MODIFY(instruction)                         \
	asm volatile("movl $1f, %0\n\t" instruction "\n1:" \
		     : "=m"(recover_eip)                   \
		     : "r"(offset)                         \
		     : "memory", "cc")
	if (bytes == 1)
		NATIVE_MODIFY("orb $0, %%fs:(%1)");
	else if (bytes == 2)
		NATIVE_MODIFY("orw $0, %%fs:(%1)");
	else
		NATIVE_MODIFY("orl $0, %%fs:(%1)");
}

/*
 * HLT faults in 16-bit and 32-bit code alike: a transfer that arrived is known by
 * a fault at its target.
 */
extern u8 native_target[];
asm(".text\nnative_target:\n\thlt\n");

static void native_jump(u16 selector, u32 offset)
{
	struct {
		u32 offset;
		u16 selector;
	} __packed pointer = { offset, selector };

	trap_number = NO_TRAP;
	asm volatile("movl $1f, %0\n\t"
		     "ljmp *%1\n\t"
		     "1:"
		     : "=m"(recover_eip)
		     : "m"(pointer)
		     : "memory");
}

static void native_return(u16 selector, u32 offset)
{
	trap_number = NO_TRAP;
	asm volatile("movl $1f, %0\n\t"
		     "movl %%esp, %1\n\t"
		     "pushl %2\n\t"
		     "pushl %3\n\t"
		     "lret\n\t"
		     "1:"
		     : "=m"(recover_eip), "=m"(recover_esp)
		     : "r"((u32)selector), "r"(offset)
		     : "memory", "cc");
}

static void native_iret(u16 selector, u32 offset, u32 flags)
{
	trap_number = NO_TRAP;
	asm volatile("movl $1f, %0\n\t"
		     "movl %%esp, %1\n\t"
		     "pushl %4\n\t"
		     "pushl %2\n\t"
		     "pushl %3\n\t"
		     "iret\n\t"
		     "1:"
		     : "=m"(recover_eip), "=m"(recover_esp)
		     : "r"((u32)selector), "r"(offset), "r"(flags)
		     : "memory", "cc");
}

/* ---- comparing ----------------------------------------------------------------- */

static const char *question;
static struct user_desc asked;

static void differ(const char *what, u32 native, u32 ours)
{
	if (++differences > DIFFERENCES_SHOWN)
		return;
	printf("# %s: %s: processor 0x%x, rules 0x%x\n", question, what, native, ours);
	printf("#   base 0x%x limit 0x%x contents %u%s%s%s%s\n", asked.base_addr, asked.limit,
	       asked.contents, asked.seg_32bit ? " 32-bit" : "",
	       asked.limit_in_pages ? " pages" : "", asked.read_exec_only ? " read/exec-only" : "",
	       asked.seg_not_present ? " absent" : "");
}

static void compare(const char *what, u32 native, u32 ours)
{
	checks++;
	if (native != ours)
		differ(what, native, ours);
}

static void compare_trap(enum cpu_result result)
{
	compare("trap", trap_number, result == CPU_FAULT ? cpu->fault.vector : NO_TRAP);
	if (result == CPU_FAULT && trap_number == cpu->fault.vector)
		compare("error code", trap_error, cpu->fault.error_code);
}

/* ---- questions ------------------------------------------------------------------- */

static u64 random_state;

static u32 random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state * 0x2545f4914f6cdd1dULL) >> 32;
}

static void set_entry(unsigned int index)
{
	u32 kind = random32();
	u32 access;

	asked = (struct user_desc){
		.entry_number = index,
		.base_addr = (u32)buffer + random32() % BUFFER_BYTES,
		.limit = kind & 0x100 ? random32() & 0xfffff : random32() & 0x1ff,
		.seg_32bit = kind & 1,
		.contents = (kind >> 1) % 3,
		.read_exec_only = (kind >> 3) & 1,
		.limit_in_pages = (kind >> 4) & 1,
		.seg_not_present = (kind & 0xe0) == 0,
		.useable = (kind >> 9) & 1,
	};
	if ((kind & 0xc00) == 0)
		asked.limit = 0xfffff;
	/* Jumps need code at its place: the segment begins near the target. */
	if (asked.contents == 2 && (kind & 0x1000))
		asked.base_addr = (u32)native_target - (random32() & 0x3ff);
	if (syscall(SYS_modify_ldt, 0x11, &asked, sizeof(asked))) {
		perror("modify_ldt");
		exit(EXIT_FAILURE);
	}
	access = 0xf1 | (asked.read_exec_only ? 0 : 2) | asked.contents << 2;
	if (asked.seg_not_present)
		access &= ~0x80U;
	fake_put64(&machine, FAKE_LDT + 8 * index,
		   fake_descriptor(asked.base_addr, asked.limit, access,
				   asked.useable | asked.seg_32bit << 2 |
					   asked.limit_in_pages << 3));
}

static void ask_descriptor(u16 selector)
{
	u32 native, ours = 0;
	u8 zf;
	bool valid;

	question = "LAR";
	asm("lar %2, %0\n\tsetz %1" : "=&r"(native), "=q"(zf) : "r"((u32)selector) : "cc");
	cpu_lar(cpu, selector, &ours, &valid);
	compare("ZF", zf, valid);
	if (zf && valid)
		compare("rights", native, ours);

	question = "LSL";
	asm("lsl %2, %0\n\tsetz %1" : "=&r"(native), "=q"(zf) : "r"((u32)selector) : "cc");
	cpu_lsl(cpu, selector, &ours, &valid);
	compare("ZF", zf, valid);
	if (zf && valid)
		compare("limit", native, ours);

	question = "VERR";
	asm("verr %w1\n\tsetz %0" : "=q"(zf) : "r"((u32)selector) : "cc");
	cpu_verify(cpu, selector, false, &valid);
	compare("ZF", zf, valid);

	question = "VERW";
	asm("verw %w1\n\tsetz %0" : "=q"(zf) : "r"((u32)selector) : "cc");
	cpu_verify(cpu, selector, true, &valid);
	compare("ZF", zf, valid);
}

/* Offsets where something changes: limits, 64 KiB, 4 GiB, 0. */
static u32 interesting_offset(void)
{
	static const u32 places[] = { 0, 0x10000, 0x100 };
	u32 limit = cpu->segments[SEGMENT_FS].limit;
	u32 choice = random32();
	u32 near = (int)(choice >> 8) % 8;

	switch (choice % 6) {
	case 0:
	case 1: return limit + near - 4;
	case 2: return random32();
	default: return places[choice % 3] + near - 4;
	}
}

static void ask_access(void)
{
	static const u8 sizes[] = { 1, 2, 4 };
	unsigned int bytes = sizes[random32() % 3];
	bool modify = random32() & 1;
	u32 offset = interesting_offset();
	enum cpu_result result;
	u64 linear = 0;

	question = modify ? "write" : "read";
	if (modify)
		native_modify(offset, bytes);
	else
		native_read(offset, bytes);
	result = cpu_linear(cpu, SEGMENT_FS, offset, bytes, modify ? ACCESS_MODIFY : ACCESS_READ,
			    &linear);
	accesses += result == CPU_OK;
	if (result == CPU_OK && trap_number == X86_TRAP_PF) {
		/* Paging comes after segmentation: it was allowed. */
		if (bytes == 1)
			compare("linear address", trap_address, linear);
		return;
	}
	compare_trap(result);
}

static void ask_loads(u16 selector)
{
	struct segment ss = cpu->segments[SEGMENT_SS];
	enum cpu_result result;
	unsigned int i;

	question = "MOV SS";
	native_load_ss(selector);
	compare_trap(cpu_load_segment(cpu, SEGMENT_SS, selector));
	cpu->segments[SEGMENT_SS] = ss;

	question = "MOV FS";
	native_load_fs(selector);
	result = cpu_load_segment(cpu, SEGMENT_FS, selector);
	compare_trap(result);
	if (result == CPU_OK && trap_number == NO_TRAP)
		for (i = 0; i < 8; i++)
			ask_access();
	native_load_fs(0);
	cpu_load_segment(cpu, SEGMENT_FS, 0);
}

/* A transfer that arrived faults at its target, with the target's CS. */
static void compare_transfer(enum cpu_result result, u16 selector, u32 offset)
{
	bool arrived = trap_eip == offset && trap_cs == (selector | 3);

	transfers += arrived;
	compare("arrived", arrived, result == CPU_OK);
	if (!arrived)
		compare_trap(result);
}

static u32 target_offset(u16 selector)
{
	u32 base = 0;
	u64 raw;

	if (selector & SELECTOR_TI) {
		raw = fake_get64(&machine, FAKE_LDT + (selector & SELECTOR_INDEX));
		base = ((raw >> 16) & 0xffffff) | ((raw >> 32) & 0xff000000);
	}
	return (u32)native_target - base;
}

static void ask_transfers(u16 selector)
{
	/* Without what would disturb this program itself: TF, AC, NT. */
	const u32 mask = EFLAGS_STATUS | X86_EFLAGS_DF | X86_EFLAGS_IF | X86_EFLAGS_IOPL |
			 X86_EFLAGS_ID | X86_EFLAGS_VIF | X86_EFLAGS_VIP;
	u32 offset = target_offset(selector);
	struct virtual_cpu saved = *cpu;
	u32 flags = (random32() & mask) | X86_EFLAGS_FIXED;
	enum cpu_result result;

	question = "JMP";
	native_jump(selector, offset);
	compare_transfer(cpu_far_jump(cpu, selector, offset, 4, 0), selector, offset);
	*cpu = saved;

	question = "RETF";
	native_return(selector, offset);
	cpu->regs[REG_SP] = FAKE_STACK3 - 12;
	fake_put32(&machine, FAKE_STACK3 - 12, offset);
	fake_put32(&machine, FAKE_STACK3 - 8, selector);
	compare_transfer(cpu_far_return(cpu, 4, 0), selector, offset);
	*cpu = saved;

	question = "IRET";
	native_iret(selector, offset, flags);
	cpu->regs[REG_SP] = FAKE_STACK3 - 12;
	fake_put32(&machine, FAKE_STACK3 - 4, flags);
	cpu->rflags = X86_EFLAGS_FIXED | X86_EFLAGS_IF;
	result = cpu_iret(cpu, 4, 0);
	compare_transfer(result, selector, offset);
	/* The fault of HLT shows RF. */
	if (result == CPU_OK && trap_eip == offset)
		compare("EFLAGS", trap_flags & ~X86_EFLAGS_RF, cpu->rflags & ~X86_EFLAGS_RF);
	*cpu = saved;
}

static u16 random_selector(unsigned int index)
{
	u32 choice = random32();

	switch (choice % 16) {
	case 0: return choice >> 30;			    /* null */
	case 1: return (ENTRIES + (choice >> 20)) << 3 | 7; /* past the LDT */
	default: return index << 3 | SELECTOR_TI | choice >> 30;
	}
}

static void fill_ldt(void)
{
	unsigned int i;

	fake_machine_user(&machine);
	cpu_load_ldtr(cpu, FAKE_LDT_SELECTOR);
	cpu->ldtr.limit = 8 * ENTRIES - 1;
	for (i = 0; i < ENTRIES; i++)
		set_entry(i);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	unsigned long i;

	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 0x9e3779b97f4a7c15ULL;
	buffer = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (buffer == MAP_FAILED) {
		perror("mmap");
		return EXIT_FAILURE;
	}
	catch_faults();
	fill_ldt();
	for (i = 0; i < rounds; i++) {
		unsigned int index = random32() % ENTRIES;
		u16 selector;

		set_entry(index);
		selector = random_selector(index);
		ask_descriptor(selector);
		ask_loads(selector);
		ask_transfers(selector);
	}
	printf("TAP version 13\n1..2\n%s 1 - the processor agrees with the rules of segments\n",
	       differences ? "not ok" : "ok");
	/* Agreement that everything faults would be worth nothing. */
	printf("%s 2 - accesses and transfers were among what was compared\n",
	       accesses > rounds / 10 && transfers > rounds / 10 ? "ok" : "not ok");
	printf("# %lu descriptors, %lu comparisons, %lu differences; %lu accesses allowed, %lu transfers arrived\n",
	       rounds, checks, differences, accesses, transfers);
	if (accesses <= rounds / 10 || transfers <= rounds / 10)
		return EXIT_FAILURE;
	return differences ? EXIT_FAILURE : EXIT_SUCCESS;
}
