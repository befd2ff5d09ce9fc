// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single instructions on the real processor. See emulate_native.h.
 *
 * The thunk loads all registers and jumps to the instruction. Behind it stands a
 * jump back, or INT3 if the instruction may go anywhere. INT3 and faults become
 * a signal, whose handler runs on a stack of its own and finds all registers in
 * its context; it then makes the context that of the thunk's end.
 */
#define _GNU_SOURCE
#include "emulate_native.h"

#include <asm/ldt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define INT3	     0xcc
#define JMP_RELATIVE 0xe9
#define JMP_FAR	     0xea
#define JMP_BYTES    8 /* the longer one, with its prefix */
#define OPERAND_SIZE 0x66
#define SIGNAL_STACK 65536
#define MOST_BYTES   15

u16 native_selectors[SEGMENT_REGISTERS];
u16 native_code16, native_stack16;

/* What the thunk loads and saves, aligned, for EFLAGS.AC may be set by then. */
struct thunk_state {
	u32 eflags;
	u32 eax, ecx, edx, ebx, ebp, esi, edi;
	u32 eip;
	u16 cs;
	u16 padding;
	u32 esp;
	u16 ss;
} __aligned(8);

/* A stack pointer for LSS. */
struct thunk_stack {
	u32 esp;
	u16 ss;
} __aligned(8);

/* Named from assembly. */
extern struct thunk_state thunk_load, thunk_save;
extern struct thunk_stack thunk_stack;
void thunk_enter(void);
extern const u8 thunk_exit[], thunk_resume[];

struct thunk_state thunk_load, thunk_save;
struct thunk_stack thunk_stack;

/* thunk_enter() keeps the registers that the ABI says a function keeps. */
asm(".text\n"
    ".globl thunk_enter, thunk_exit, thunk_resume\n"
    "thunk_enter:\n"
    "	pushal\n"
    "	pushfl\n"
    "	movl %esp, thunk_stack\n"
    "	movl thunk_load + 4, %eax\n"
    "	movl thunk_load + 8, %ecx\n"
    "	movl thunk_load + 12, %edx\n"
    "	movl thunk_load + 16, %ebx\n"
    "	movl thunk_load + 20, %ebp\n"
    "	movl thunk_load + 24, %esi\n"
    "	movl thunk_load + 28, %edi\n"
    "	pushl thunk_load\n"
    "	popfl\n"
    "	lss thunk_load + 40, %esp\n"
    "	ljmp *thunk_load + 32\n"
    "thunk_exit:\n"
    "	movl %eax, thunk_save + 4\n"
    "	movl %ecx, thunk_save + 8\n"
    "	movl %edx, thunk_save + 12\n"
    "	movl %ebx, thunk_save + 16\n"
    "	movl %ebp, thunk_save + 20\n"
    "	movl %esi, thunk_save + 24\n"
    "	movl %edi, thunk_save + 28\n"
    "	movl %esp, thunk_save + 40\n"
    "	lss thunk_stack, %esp\n"
    "	pushfl\n"
    "	popl thunk_save\n"
    "thunk_resume:\n"
    "	lss thunk_stack, %esp\n"
    "	popfl\n"
    "	popal\n"
    "	ret\n");

static ucontext_t last;
static volatile sig_atomic_t running;

static void on_signal(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	greg_t *regs = interrupted->uc_mcontext.gregs;

	(void)info;
	if (!running) {
		/* A fault of the test program itself. */
		signal(number, SIG_DFL);
		return;
	}
	running = 0;
	memcpy(&last.uc_mcontext, &interrupted->uc_mcontext, sizeof(last.uc_mcontext));
	regs[REG_EIP] = (greg_t)thunk_resume;
	regs[REG_EFL] = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	regs[REG_DS] = native_selectors[SEGMENT_DS];
	regs[REG_ES] = native_selectors[SEGMENT_ES];
	regs[REG_FS] = native_selectors[SEGMENT_FS];
	regs[REG_SS] = native_selectors[SEGMENT_SS];
	regs[REG_CS] = native_selectors[SEGMENT_CS];
	regs[REG_ESP] = thunk_stack.esp;
}

static void fail(const char *what)
{
	printf("Bail out! the oracle cannot %s on this machine\n", what);
	exit(1);
}

static void map(u32 start, u32 bytes, int protection)
{
	void *where = mmap((void *)start, bytes, protection,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

	if (where == MAP_FAILED)
		fail("map its memory");
}

static u8 signal_stack[SIGNAL_STACK] __aligned(64);

bool native_on_signal_stack(u32 esp)
{
	return esp - (u32)signal_stack <= SIGNAL_STACK;
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	stack_t alternate = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	unsigned int i;

	action.sa_sigaction = on_signal;
	sigfillset(&action.sa_mask);
	if (sigaltstack(&alternate, NULL))
		fail("have a signal stack");
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

/* glibc uses GS on 32-bit x86; FS is free. */
static void load_fs(void)
{
	struct user_desc segment = {
		.entry_number = -1,
		.base_addr = NATIVE_FS_BASE,
		.limit = NATIVE_FS_LIMIT,
		.seg_32bit = 1,
		.useable = 1,
	};

	if (syscall(SYS_set_thread_area, &segment))
		fail("make a segment");
	asm volatile("movw %w0, %%fs" : : "r"(segment.entry_number << 3 | 3));
}

#define LDT_WRITE	1
#define LDT_CODE	2
#define LDT_CODE_ENTRY	0
#define LDT_STACK_ENTRY 1

static u16 ldt_selector(unsigned int entry)
{
	return entry << 3 | SELECTOR_TI | SELECTOR_RPL;
}

/* Kernels can be built without; then only 32-bit code is compared. */
static void make_16_bit_segments(void)
{
	struct user_desc code = {
		.entry_number = LDT_CODE_ENTRY,
		.base_addr = NATIVE_CODE,
		.limit = NATIVE_CODE_BYTES - 1,
		.contents = LDT_CODE,
	};
	struct user_desc stack = {
		.entry_number = LDT_STACK_ENTRY,
		.base_addr = NATIVE_STACK16_BASE,
		.limit = NATIVE_STACK16_LIMIT,
	};

	if (!syscall(SYS_modify_ldt, LDT_WRITE, &code, sizeof(code)))
		native_code16 = ldt_selector(LDT_CODE_ENTRY);
	if (!syscall(SYS_modify_ldt, LDT_WRITE, &stack, sizeof(stack)))
		native_stack16 = ldt_selector(LDT_STACK_ENTRY);
}

void native_init(void)
{
	map(NATIVE_ZONE, NATIVE_ZONE_END - NATIVE_ZONE, PROT_NONE);
	map(NATIVE_CODE, NATIVE_CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
	map(NATIVE_DATA, NATIVE_READABLE, PROT_READ | PROT_WRITE);
	memset((void *)NATIVE_CODE, INT3, NATIVE_CODE_BYTES);
	memset((void *)NATIVE_DATA, 0, NATIVE_READABLE);
	if (mprotect((void *)(NATIVE_DATA + NATIVE_WRITABLE), NATIVE_READABLE - NATIVE_WRITABLE,
		     PROT_READ))
		fail("protect its memory");
	catch_signals();
	load_fs();
	make_16_bit_segments();
	asm volatile("movw %%es, %0" : "=m"(native_selectors[SEGMENT_ES]));
	asm volatile("movw %%cs, %0" : "=m"(native_selectors[SEGMENT_CS]));
	asm volatile("movw %%ss, %0" : "=m"(native_selectors[SEGMENT_SS]));
	asm volatile("movw %%ds, %0" : "=m"(native_selectors[SEGMENT_DS]));
	asm volatile("movw %%fs, %0" : "=m"(native_selectors[SEGMENT_FS]));
	asm volatile("movw %%gs, %0" : "=m"(native_selectors[SEGMENT_GS]));
	thunk_stack.ss = native_selectors[SEGMENT_SS];
}

bool native_is_safe(u64 start, unsigned int bytes)
{
	u64 end = start + bytes;

	if (end <= NATIVE_LOW_END)
		return true;
	if (start < NATIVE_ZONE || end > NATIVE_ZONE_END)
		return false;
	/* Instructions do not look at their own bytes, nor change them. */
	return end <= NATIVE_CODE || start >= NATIVE_CODE + NATIVE_CODE_BYTES;
}

static void get_from_signal(struct native_state *state)
{
	const greg_t *regs = last.uc_mcontext.gregs;

	state->eip = regs[REG_EIP];
	state->eflags = regs[REG_EFL];
	state->trap = regs[REG_TRAPNO];
	state->error_code = regs[REG_ERR];
	state->cr2 = last.uc_mcontext.cr2;
	state->regs[REG_AX] = regs[REG_EAX];
	state->regs[REG_CX] = regs[REG_ECX];
	state->regs[REG_DX] = regs[REG_EDX];
	state->regs[REG_BX] = regs[REG_EBX];
	state->regs[REG_SP] = regs[REG_ESP];
	state->regs[REG_BP] = regs[REG_EBP];
	state->regs[REG_SI] = regs[REG_ESI];
	state->regs[REG_DI] = regs[REG_EDI];
	/* The address of INT3, not what follows it. */
	if (state->trap == X86_TRAP_BP)
		state->eip--;
	if (native_code16 && (regs[REG_CS] & 0xffff) == native_code16)
		state->eip += NATIVE_CODE;
}

static void get_from_thunk(struct native_state *state, unsigned int length)
{
	state->eip = NATIVE_CODE_START + length;
	state->eflags = thunk_save.eflags;
	state->trap = X86_TRAP_BP;
	state->error_code = 0;
	state->cr2 = 0;
	state->regs[REG_AX] = thunk_save.eax;
	state->regs[REG_CX] = thunk_save.ecx;
	state->regs[REG_DX] = thunk_save.edx;
	state->regs[REG_BX] = thunk_save.ebx;
	state->regs[REG_SP] = thunk_save.esp;
	state->regs[REG_BP] = thunk_save.ebp;
	state->regs[REG_SI] = thunk_save.esi;
	state->regs[REG_DI] = thunk_save.edi;
}

/* The way back to the thunk: near, or far from the 16-bit segment. */
static void put_jump(u8 *place, bool in_code16)
{
	u32 target = (u32)thunk_exit;

	if (in_code16) {
		place[0] = OPERAND_SIZE;
		place[1] = JMP_FAR;
		memcpy(place + 2, &target, sizeof(target));
		memcpy(place + 6, &native_selectors[SEGMENT_CS], sizeof(u16));
	} else {
		target -= (u32)place + 5;
		place[0] = JMP_RELATIVE;
		memcpy(place + 1, &target, sizeof(target));
	}
}

static void put_code(const u8 *code, unsigned int length, bool in_code16, bool straight)
{
	u8 *place = (u8 *)NATIVE_CODE_START;

	memset(place, INT3, MOST_BYTES + JMP_BYTES);
	memcpy(place, code, length);
	if (straight)
		put_jump(place + length, in_code16);
}

void native_run(struct native_state *state, const u8 *code, unsigned int length,
		struct native_mode mode)
{
	thunk_load = (struct thunk_state){
		.eflags = state->eflags,
		.eax = state->regs[REG_AX],
		.ecx = state->regs[REG_CX],
		.edx = state->regs[REG_DX],
		.ebx = state->regs[REG_BX],
		.ebp = state->regs[REG_BP],
		.esi = state->regs[REG_SI],
		.edi = state->regs[REG_DI],
		.esp = state->regs[REG_SP],
		.eip = mode.code16 ? NATIVE_CODE_START - NATIVE_CODE : NATIVE_CODE_START,
		.cs = mode.code16 ? native_code16 : native_selectors[SEGMENT_CS],
		.ss = mode.stack16 ? native_stack16 : native_selectors[SEGMENT_SS],
	};
	put_code(code, length, mode.code16, mode.straight);
	running = 1;
	thunk_enter();
	if (running)
		get_from_thunk(state, length);
	else
		get_from_signal(state);
	running = 0;
}
