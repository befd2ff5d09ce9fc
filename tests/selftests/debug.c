// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_GUEST_DEBUG, on both engines, in rings 0 and 3 and in real mode: INT3,
 * the four breakpoints on code and data, steps, and exceptions that are given to
 * the guest. The guest's own debug registers, trap flag and handlers work beside
 * it, and it sees nothing of ours.
 */
#include <string.h>

#include "selftest.h"

#define VECTOR_DB   1
#define VECTOR_BP   3
#define DR6_ALWAYS  0xffff0ff0ULL
#define DR6_BD	    0x2000
#define DR6_BS	    0x4000
#define DR7_GD	    0x2000
#define FLAG_TF	    0x100
#define FLAG_IF	    0x200
#define HANDLER	    (MACHINE_CODE + 0x100)
#define DATA	    0x8000u
#define REAL_CODE   0x7000u

#define HANDLER_HLT 0xf4

static struct machine machine;
static int engine;
static bool user;

static void choose_engine(struct machine *made)
{
	check_done(ioctl(made->vm, RINGLET_SET_ENGINE, engine), "choose engine %d", engine);
}

static const char *where(void)
{
	return user ? "in ring 3" : "in ring 0";
}

/* Goes on in ring 3, with all of memory open to it by segments without paging. */
static void enter_user(void)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (ioctl(machine.vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.cs.selector = MACHINE_USER_CODE_SELECTOR;
	sregs.ds.selector = MACHINE_USER_DATA_SELECTOR;
	sregs.cs.dpl = sregs.ds.dpl = 3;
	sregs.ss = sregs.es = sregs.ds;
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	machine_get_regs(&machine, &regs);
	regs.rsp = MACHINE_STACK - 0x400;
	/* Flags that ring 3 has on any system. */
	regs.rflags |= FLAG_IF;
	machine_set_regs(&machine, &regs);
}

/* The code, at the ring that is tested, with handlers that stop. */
static void boot(const char *code, const char *end)
{
	machine_boot(&machine, code, end);
	machine.memory[HANDLER] = HANDLER_HLT;
	for (unsigned int i = 0; i < 32; i++)
		machine_set_gate(&machine, i, HANDLER);
	/* INT3 and INTO may be used from ring 3. */
	machine.memory[MACHINE_IDT + VECTOR_BP * 8 + 5] |= 0x60;
	if (user)
		enter_user();
}
#define BOOT(name) boot(guest_##name, guest_##name##_end)

static void set_debug(unsigned int control, const uint64_t *registers)
{
	struct kvm_guest_debug debug = { .control = control };

	if (registers)
		memcpy(debug.arch.debugreg, registers, sizeof(debug.arch.debugreg));
	if (ioctl(machine.vcpu, KVM_SET_GUEST_DEBUG, &debug))
		check(false, "KVM_SET_GUEST_DEBUG: errno %d", errno);
}

/* One KVM_RUN that has to end for the debugger. */
static void check_exit(unsigned int exception, uint32_t offset, uint64_t dr6, const char *what)
{
	const struct kvm_debug_exit_arch *arch = &machine.run->debug.arch;
	int result = machine_run(&machine);

	if (check(!result && machine.run->exit_reason == KVM_EXIT_DEBUG &&
			  arch->exception == exception && arch->pc == MACHINE_CODE + offset &&
			  (exception == VECTOR_BP || arch->dr6 == (dr6 | DR6_ALWAYS)),
		  "%s: %s", where(), what))
		return;
	note("result %d, exit %s, exception %u at 0x%llx, dr6 0x%llx; wanted %u at 0x%x, 0x%llx",
	     result, exit_name(machine.run->exit_reason), arch->exception,
	     (unsigned long long)arch->pc, (unsigned long long)arch->dr6, exception,
	     MACHINE_CODE + offset, (unsigned long long)(dr6 | DR6_ALWAYS));
	machine_explain(&machine);
}

static void check_halts(uint32_t address, const char *what)
{
	struct kvm_regs regs;

	if (!check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT, "%s: %s",
		   where(), what))
		machine_explain(&machine);
	machine_get_regs(&machine, &regs);
	check(regs.rip == address + 1, "%s: %s: at 0x%x", where(), what, address);
}

static void skip(int bytes)
{
	struct kvm_regs regs;

	machine_get_regs(&machine, &regs);
	regs.rip += bytes;
	machine_set_regs(&machine, &regs);
}

static uint32_t word_at(uint32_t address)
{
	uint32_t word;

	memcpy(&word, machine.memory + address, sizeof(word));
	return word;
}

static struct kvm_debugregs guest_registers(void)
{
	struct kvm_debugregs regs = {};

	check_done(ioctl(machine.vcpu, KVM_GET_DEBUGREGS, &regs), "KVM_GET_DEBUGREGS");
	return regs;
}

/* ---- INT3 ----------------------------------------------------------------- */

GUEST_CODE(int3, "nop; int3; nop; .byte 0xcd, 3");

static void test_software_breakpoints(void)
{
	struct kvm_regs regs;

	BOOT(int3);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP, NULL);
	check_exit(VECTOR_BP, 1, 0, "INT3 comes to the debugger");
	check_exit(VECTOR_BP, 1, 0, "and again while it is there");
	machine_get_regs(&machine, &regs);
	check(regs.rip == MACHINE_CODE + 1, "%s: the registers are those before it", where());
	/* It was the guest's own: give it back. */
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP | KVM_GUESTDBG_INJECT_BP, NULL);
	check_halts(HANDLER, "INJECT_BP goes to the guest's handler");
	machine_get_regs(&machine, &regs);
	check(word_at(regs.rsp) == MACHINE_CODE + 2, "%s: which returns behind the INT3", where());

	BOOT(int3);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP, NULL);
	skip(2);
	check_halts(HANDLER, "INT 3 in two bytes is the guest's");
	BOOT(int3);
	set_debug(0, NULL);
	check_halts(HANDLER, "without USE_SW_BP INT3 is the guest's");
	BOOT(int3);
	set_debug(KVM_GUESTDBG_USE_SW_BP, NULL);
	check_halts(HANDLER, "and without ENABLE");
}

/* ---- breakpoints ------------------------------------------------------------ */

/* 0: NOP, 1: MOV (10 bytes), 11: NOP, 12: MOV from memory, 17: HLT or a trap. */
GUEST_CODE(touch, "nop; movl $0x1234, 0x8000; nop; mov 0x8000, %eax; hlt");

static void use_breakpoint(unsigned int n, uint64_t address, unsigned int condition)
{
	uint64_t registers[8] = {};

	registers[n] = address;
	registers[7] = 0x400 | 2u << 2 * n | condition << (16 + 4 * n);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP, registers);
}

#define ON_CODE	  0u
#define ON_WRITE  0xdu
#define ON_ACCESS 0xfu

static void test_hardware_breakpoints(void)
{
	struct kvm_debugregs before, after;

	BOOT(touch);
	before = guest_registers();
	for (unsigned int n = 0; n < 4; n++) {
		use_breakpoint(n, MACHINE_CODE + 1, ON_CODE);
		check_exit(VECTOR_DB, 1, 1u << n, "a breakpoint on code");
		check(machine.run->debug.arch.dr7 == (0x400 | 2u << 2 * n), "DR7 of the exit");
	}
	for (unsigned int n = 0; n < 4; n++) {
		use_breakpoint(n, DATA, ON_WRITE);
		check_exit(VECTOR_DB, 11, 1u << n, "a breakpoint on written data");
		skip(-10);
	}
	use_breakpoint(2, DATA + 2, 0x5);
	check_exit(VECTOR_DB, 11, 4, "two bytes in the middle");
	use_breakpoint(1, DATA, ON_ACCESS);
	check_exit(VECTOR_DB, 17, 2, "a breakpoint on read data");
	skip(-5);
	use_breakpoint(1, DATA, ON_WRITE);
	if (!user)
		check_halts(MACHINE_CODE + 17, "a read does not meet one on writes");
	after = guest_registers();
	check(!memcmp(&before, &after, sizeof(before)),
	      "%s: the guest's own debug registers are as they were", where());

	BOOT(touch);
	use_breakpoint(0, DATA | 1ULL << 32, ON_WRITE);
	check_halts(user ? HANDLER : MACHINE_CODE + 17, "an address above 4 GiB is never met");
}

/* RF lets one instruction pass. */
static void test_resume_flag(void)
{
	struct kvm_regs regs;

	BOOT(touch);
	use_breakpoint(0, MACHINE_CODE + 1, ON_CODE);
	check_exit(VECTOR_DB, 1, 1, "before RF");
	machine_get_regs(&machine, &regs);
	regs.rflags |= 1 << 16;
	machine_set_regs(&machine, &regs);
	check_halts(user ? HANDLER : MACHINE_CODE + 17, "a client's RF lets it pass");
}

/* Emulated accesses: a device, a string of three elements, the stack. */
GUEST_CODE(emulated, "movb $1, 0xf0000000; push %eax; mov $0x8000, %edi; mov $3, %ecx; cld;"
		     "rep stosl; hlt");

static void test_emulated_accesses(void)
{
	struct kvm_regs regs;
	int result;

	BOOT(emulated);
	use_breakpoint(3, 0xf0000000, 0x1);
	result = machine_run(&machine);
	check(!result && machine.run->exit_reason == KVM_EXIT_MMIO, "the write to a device");
	check_exit(VECTOR_DB, 7, 8, "a breakpoint on a device's register");
	machine_get_regs(&machine, &regs);
	use_breakpoint(0, regs.rsp - 4, ON_WRITE);
	check_exit(VECTOR_DB, 8, 1, "a breakpoint on the stack");
	use_breakpoint(0, DATA + 4, ON_WRITE);
	check_exit(VECTOR_DB, 19, 1, "in the middle of REP STOS");
	machine_get_regs(&machine, &regs);
	check(regs.rcx == 1 && regs.rdi == DATA + 8, "%s: after the round that met it", where());
	set_debug(0, NULL);
	check_halts(user ? HANDLER : MACHINE_CODE + 21, "and the rest follows");
}

/* MOV of DR0 and DR7 see the guest's registers; its breakpoint works without ours. */
GUEST_CODE(own, "mov $0x8000, %eax; mov %eax, %dr0; mov $0xd0402, %eax; mov %eax, %dr7;"
		"mov %dr0, %ebx; mov %dr7, %ecx; movl $1, 0x8000; nop; movl $2, 0x8000; nop; hlt");

static void test_own_registers(void)
{
	struct kvm_debugregs own;
	struct kvm_regs regs;

	BOOT(own);
	use_breakpoint(1, MACHINE_CODE + 33, ON_CODE);
	check_exit(VECTOR_DB, 33, 2, "ours is met, the guest's is not");
	machine_get_regs(&machine, &regs);
	check(regs.rbx == 0x8000 && regs.rcx == 0xd0402, "the guest reads its own registers");
	own = guest_registers();
	check(own.db[0] == 0x8000 && own.dr7 == 0xd0402, "KVM_GET_DEBUGREGS has them");
	check(!(own.dr6 & 0xf), "and its DR6 tells nothing");
	set_debug(KVM_GUESTDBG_ENABLE, NULL);
	check_halts(HANDLER, "without ours its own breakpoint goes to its handler");
	machine_get_regs(&machine, &regs);
	check(word_at(regs.rsp) == MACHINE_CODE + 43, "after the second write");
	own = guest_registers();
	check((own.dr6 & 0xf) == 1, "and its DR6 tells of it");

	BOOT(own);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
		  (uint64_t[8]){ [7] = 0x400 | DR7_GD });
	check_exit(VECTOR_DB, 5, DR6_BD, "GD: before a MOV of a debug register");
	check_exit(VECTOR_DB, 5, DR6_BD, "again");
	set_debug(0, NULL);
	check_halts(HANDLER, "without it the guest goes on");
}

/* ---- steps ------------------------------------------------------------------ */

/* The flags that PUSHF stores, and a CALL: offsets 0, 1, 2, 3, 5, 6, 11, 10, 12. */
GUEST_CODE(steps, "nop; pushf; pop %eax; jmp 1f; nop; 1: pushf; call 2f; ret; 2: ret; hlt");

static void step_to(uint32_t offset, const char *what)
{
	check_exit(VECTOR_DB, offset, DR6_BS, what);
}

static void test_steps(void)
{
	struct kvm_regs regs;

	BOOT(steps);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, NULL);
	step_to(1, "a step over NOP");
	step_to(2, "over PUSHF");
	step_to(3, "over POP");
	machine_get_regs(&machine, &regs);
	check(!(regs.rax & FLAG_TF) && !(regs.rflags & FLAG_TF), "%s: the guest sees no trap flag",
	      where());
	step_to(6, "over a jump");
	step_to(7, "over PUSHF");
	step_to(13, "into a call");
	step_to(12, "and back");
	set_debug(0, NULL);
	/* The RET at 12 takes the flags for an address. */
}

GUEST_CODE(traps, "sti; xor %eax, %eax; cpuid; mov $0x1a0, %ecx; rdmsr; cli; mov %ss, %edx;"
		  "mov %edx, %ss; nop; out %al, $0x10; in $0x10, %al; hlt");

static void test_steps_over_traps(void)
{
	static const struct {
		uint32_t offset;
		const char *what;
	} rows[] = {
		{ 1, "over STI, the interrupt that waits stays" },
		{ 3, "over XOR" },
		{ 5, "over CPUID" },
		{ 10, "over MOV" },
		{ 12, "over RDMSR" },
		{ 13, "over CLI" },
		{ 15, "over MOV from SS" },
		{ 18, "over MOV to SS and the one after it" },
	};
	const unsigned int control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP |
				     KVM_GUESTDBG_BLOCKIRQ;
	struct kvm_interrupt interrupt = { .irq = 0x20 };

	BOOT(traps);
	set_debug(control, NULL);
	check_done(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt), "KVM_INTERRUPT");
	check_done(ioctl(machine.vcpu, KVM_NMI, 0), "KVM_NMI");
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		step_to(rows[i].offset, rows[i].what);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO, "OUT");
	step_to(20, "over OUT, when it is done");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_IO, "IN");
	step_to(22, "over IN, when it is answered");
	set_debug(0, NULL);
	check_halts(HANDLER, "the NMI comes when it may");
}

/* Each iteration is a step, as with the processor's trap flag: RCX is 2, 1, 0. */
GUEST_CODE(repeated, "mov $0x8000, %esi; mov $0x8800, %edi; mov $3, %ecx; rep movsb; nop");

static void test_steps_of_repeats(void)
{
	struct kvm_regs regs;

	BOOT(repeated);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, NULL);
	for (uint32_t offset = 5; offset <= 15; offset += 5)
		step_to(offset, "before REP MOVSB");
	for (uint32_t left = 3; left--;) {
		step_to(left ? 15 : 17, "an iteration of REP MOVSB");
		machine_get_regs(&machine, &regs);
		check(regs.rcx == left && regs.rdi == 0x8803 - left, "%s: %u are left", where(),
		      left);
	}
	set_debug(0, NULL);
}

/* Deliveries are steps; the pushed flags have no TF. */
GUEST_CODE(events, "nop; ud2");
GUEST_CODE(interrupted, "sti; nop; nop; hlt");

static void test_steps_into_handlers(void)
{
	struct kvm_interrupt interrupt = { .irq = 0x20 };
	struct kvm_regs regs;

	BOOT(events);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, NULL);
	step_to(1, "before UD2");
	step_to(HANDLER - MACHINE_CODE, "into the handler of its fault");
	machine_get_regs(&machine, &regs);
	check(!(word_at(regs.rsp + 8) & FLAG_TF) && word_at(regs.rsp) == MACHINE_CODE + 1,
	      "%s: the frame shows no trap flag", where());
	if (user)
		return;
	BOOT(interrupted);
	machine_set_gate(&machine, 0x20, HANDLER);
	check_done(ioctl(machine.vcpu, KVM_INTERRUPT, &interrupt), "KVM_INTERRUPT");
	step_to(1, "over STI");
	step_to(2, "over what it shadows");
	step_to(HANDLER - MACHINE_CODE, "into the handler of the interrupt");
	machine_get_regs(&machine, &regs);
	check(!(word_at(regs.rsp + 8) & FLAG_TF), "the frame shows no trap flag");
}

/* The guest traces itself. */
GUEST_CODE(trap_flag, "pushl $0x302; popf; nop; nop");

static void test_own_trap_flag(void)
{
	struct kvm_debugregs own;
	struct kvm_regs regs;

	BOOT(trap_flag);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, NULL);
	step_to(5, "over PUSH");
	step_to(6, "over POPF that sets TF");
	machine_get_regs(&machine, &regs);
	check(regs.rflags & FLAG_TF, "%s: the guest has its trap flag", where());
	step_to(7, "over the instruction that it traces");
	step_to(HANDLER - MACHINE_CODE, "into its handler");
	machine_get_regs(&machine, &regs);
	check(word_at(regs.rsp + 8) & FLAG_TF, "%s: whose frame shows it", where());
	own = guest_registers();
	check(own.dr6 & DR6_BS, "%s: and DR6 tells of it", where());

	BOOT(trap_flag);
	use_breakpoint(0, DATA, ON_WRITE);
	check_halts(HANDLER, "a trace of the guest's is not taken for our breakpoint");
}

static void test_combinations(void)
{
	uint64_t registers[8] = { [0] = DATA, [3] = MACHINE_CODE + 11, [7] = 0xd0482 };

	BOOT(touch);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_HW_BP,
		  registers);
	step_to(1, "a step beside breakpoints");
	check_exit(VECTOR_DB, 11, DR6_BS | 1, "a step that meets one on data");
	check_exit(VECTOR_DB, 11, 8, "one on code comes before the next step");
	BOOT(int3);
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP, NULL);
	step_to(1, "a step to INT3");
	check_exit(VECTOR_BP, 1, 0, "which is met instead of a step");
}

/* ---- exceptions that are given ------------------------------------------------ */

GUEST_CODE(quiet, "nop; nop; hlt");

static void test_injection(void)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_INJECT_DB };
	struct kvm_vcpu_events events;
	struct kvm_regs regs;

	BOOT(quiet);
	check_done(ioctl(machine.vcpu, KVM_SET_GUEST_DEBUG, &debug), "INJECT_DB");
	check_error(ioctl(machine.vcpu, KVM_SET_GUEST_DEBUG, &debug), EBUSY,
		    "while one waits, another");
	debug.control = KVM_GUESTDBG_INJECT_BP;
	check_error(ioctl(machine.vcpu, KVM_SET_GUEST_DEBUG, &debug), EBUSY, "or INJECT_BP");
	check_done(ioctl(machine.vcpu, KVM_GET_VCPU_EVENTS, &events), "KVM_GET_VCPU_EVENTS");
	check(events.exception.injected && events.exception.nr == VECTOR_DB, "shows the #DB");
	check_halts(HANDLER, "which comes to the handler");
	machine_get_regs(&machine, &regs);
	check(word_at(regs.rsp) == MACHINE_CODE && !(word_at(regs.rsp + 8) & 0x10000),
	      "%s: before the first instruction, without RF", where());

	BOOT(quiet);
	debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_SINGLESTEP |
			KVM_GUESTDBG_INJECT_DB;
	check_done(ioctl(machine.vcpu, KVM_SET_GUEST_DEBUG, &debug), "INJECT_DB and a step");
	step_to(HANDLER - MACHINE_CODE, "step into the handler of a #DB that was given");
	set_debug(0, NULL);
}

/* ---- real mode ------------------------------------------------------------------ */

static void test_real_mode(void)
{
	/* nop; pushf; int3; hlt */
	static const unsigned char code[] = { 0x90, 0x9c, 0xcc, 0xf4 };
	uint64_t registers[8] = { [1] = REAL_CODE + 1, [7] = 0x408 };
	const struct kvm_debug_exit_arch *arch = &machine.run->debug.arch;
	struct kvm_sregs sregs;

	BOOT(quiet);
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &sregs))
		bail_out("KVM_GET_SREGS");
	sregs.cr0 &= ~1ULL;
	sregs.cs = (struct kvm_segment){ .base = REAL_CODE,
					 .limit = 0xffff,
					 .selector = REAL_CODE >> 4,
					 .type = 3,
					 .present = 1,
					 .s = 1 };
	sregs.ds = (struct kvm_segment){ .limit = 0xffff, .type = 3, .present = 1, .s = 1 };
	sregs.ss = sregs.es = sregs.fs = sregs.gs = sregs.ds;
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	memcpy(machine.memory + REAL_CODE, code, sizeof(code));
	machine_set_regs(&machine, &(struct kvm_regs){ .rsp = 0x6000, .rflags = 2 });
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_USE_SW_BP, registers);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_DEBUG &&
		      arch->exception == VECTOR_DB && arch->pc == REAL_CODE + 1,
	      "real mode: a breakpoint on code, at its linear address");
	set_debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP, NULL);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_DEBUG &&
		      arch->pc == REAL_CODE + 2 && arch->dr6 == (DR6_ALWAYS | DR6_BS),
	      "real mode: a step");
	check(!(word_at(0x5ffe) & FLAG_TF), "real mode: PUSHF shows no trap flag");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_DEBUG &&
		      arch->exception == VECTOR_BP && arch->pc == REAL_CODE + 2,
	      "real mode: INT3");
	set_debug(0, NULL);
}

/* ---- the interface ---------------------------------------------------------------- */

static void test_interface(void)
{
	check(ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG) == 1 &&
		      ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_X86_ROBUST_SINGLESTEP) == 1,
	      "the capabilities");
	check(ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG2) ==
		      (KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP |
		       KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP |
		       KVM_GUESTDBG_BLOCKIRQ),
	      "what KVM_CAP_SET_GUEST_DEBUG2 promises");
	check(!ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_DEBUG_HW_BPS),
	      "the number of breakpoints is not a question on x86");
	check_error(ioctl(machine.vcpu, KVM_SET_GUEST_DEBUG, NULL), EFAULT, "no structure");
	check_error(ioctl(machine.vm, KVM_SET_GUEST_DEBUG, NULL), ENOTTY, "on a VM");
	/* As in KVM 6.1: what it does not know it does not look at. */
	set_debug(~0u & ~(KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP |
			  KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_HW_BP),
		  NULL);
	BOOT(quiet);
	check_halts(MACHINE_CODE + 2, "unknown bits change nothing");
	set_debug(0, NULL);
}

static void test_all(void)
{
	test_software_breakpoints();
	test_hardware_breakpoints();
	test_resume_flag();
	test_emulated_accesses();
	test_steps();
	test_steps_of_repeats();
	test_steps_into_handlers();
	test_own_trap_flag();
	test_combinations();
	test_injection();
}

int main(void)
{
	static const int engines[] = { RINGLET_ENGINE_TRAP, RINGLET_ENGINE_INTERPRET };

	for (unsigned int i = 0; i < ARRAY_SIZE(engines); i++) {
		engine = engines[i];
		machine_create_with(&machine, MACHINE_MEMORY, choose_engine);
		user = false;
		test_interface();
		test_all();
		test_own_registers();
		test_steps_over_traps();
		test_real_mode();
		machine_destroy(&machine);
		machine_create_with(&machine, MACHINE_MEMORY, choose_engine);
		user = true;
		test_all();
		machine_destroy(&machine);
	}
	return finish();
}
