// SPDX-License-Identifier: GPL-2.0-only
/*
 * RINGLET_STEP: KVM_RUN returns after exactly so many instructions, whether they
 * run directly, trap, or are interpreted; deliveries count too.
 */
#include "selftest.h"

static struct machine machine;
static int engine;

static void choose_engine(struct machine *made)
{
	check_done(ioctl(made->vm, RINGLET_SET_ENGINE, engine), "choose engine %d", engine);
}

/* Eight bytes: two that run directly, one that traps, a load of SS, PUSHF. */
GUEST_CODE(steps, "nop; inc %eax; cli; mov %ss, %edx; mov %edx, %ss; inc %eax; pushf; pop %ebx; "
		  "1: jmp 1b");
GUEST_CODE(fault, "nop; ud2");
GUEST_CODE(repeat, "mov $0x8000, %esi; mov $0x8800, %edi; mov $3, %ecx; rep movsb; nop; nop");

static uint32_t ip_after(unsigned int steps)
{
	struct kvm_regs regs;

	check_done(ioctl(machine.vcpu, RINGLET_STEP, steps), "ask for %u steps", steps);
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_DEBUG,
	      "KVM_RUN ends with KVM_EXIT_DEBUG");
	machine_get_regs(&machine, &regs);
	return (uint32_t)regs.rip - MACHINE_CODE;
}

static void test_counts(void)
{
	static const struct {
		unsigned int steps;
		uint32_t offset;
		const char *what;
	} rows[] = {
		{ 1, 1, "one" },
		{ 1, 2, "INC" },
		{ 1, 3, "CLI, which traps in ring 1" },
		{ 1, 5, "MOV from SS" },
		{ 1, 8, "a load of SS and what follows it" },
		{ 2, 10, "PUSHF and POP" },
		{ 5, 10, "five jumps to themselves" },
	};
	struct kvm_regs regs;

	MACHINE_BOOT(&machine, steps);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t offset = ip_after(rows[i].steps);

		check(offset == rows[i].offset, "%s: at offset %u", rows[i].what, offset);
	}
	machine_get_regs(&machine, &regs);
	check(!(regs.rbx & 0x100) && !(regs.rflags & 0x100), "the guest does not see a trap flag");
	check(regs.rax % 0x100 == 2, "each instruction was executed once");
}

static void test_deliveries(void)
{
	MACHINE_BOOT(&machine, fault);
	machine_set_gate(&machine, 6, MACHINE_CODE + 0x100);
	check(ip_after(1) == 1, "before UD2");
	check(ip_after(1) == 0x100, "the delivery of its fault is a step, and the handler waits");
}

/* Its own trap flag, which the processor's single step must not swallow. */
GUEST_CODE(trap_flag, "push $0x102; popf; nop; nop");

static void test_trap_flag(void)
{
	struct kvm_regs regs;

	MACHINE_BOOT(&machine, trap_flag);
	machine_set_gate(&machine, 1, MACHINE_CODE + 0x100);
	check(ip_after(2) == 6, "POPF that sets TF");
	machine_get_regs(&machine, &regs);
	check(regs.rflags & 0x100, "the guest has its trap flag");
	check(ip_after(1) == 7, "the instruction that it traps");
	check(ip_after(1) == 0x100, "the trap");
	machine_get_regs(&machine, &regs);
	check(!(regs.rflags & 0x100), "whose handler has none");
}

static void test_repeats(void)
{
	uint32_t offset = 0;
	unsigned int i;

	MACHINE_BOOT(&machine, repeat);
	check(ip_after(3) == 15, "before REP MOVSB");
	for (i = 0; i < 3 && offset != 17; i++)
		offset = ip_after(1);
	check(offset == 17, "REP MOVSB of three bytes takes three steps or fewer: %u", i);
}

static void test_bad_input(void)
{
	check_error(ioctl(machine.vcpu, RINGLET_STEP, RINGLET_STEPS_MOST + 1UL), EINVAL,
		    "too many steps");
	check_error(ioctl(machine.vcpu, RINGLET_STEP, -1L), EINVAL, "all ones");
	check_done(ioctl(machine.vcpu, RINGLET_STEP, 0), "no steps");
}

/* After 0 nobody counts: the guest runs to its HLT. */
GUEST_CODE(halt, "nop; nop; nop; hlt");

static void test_taking_back(void)
{
	MACHINE_BOOT(&machine, halt);
	check_done(ioctl(machine.vcpu, RINGLET_STEP, 2), "ask for two steps");
	check_done(ioctl(machine.vcpu, RINGLET_STEP, 0), "and take it back");
	check(!machine_run(&machine) && machine.run->exit_reason == KVM_EXIT_HLT,
	      "the guest runs to its end");
}

int main(void)
{
	static const int engines[] = { RINGLET_ENGINE_TRAP, RINGLET_ENGINE_INTERPRET };

	for (unsigned int i = 0; i < ARRAY_SIZE(engines); i++) {
		engine = engines[i];
		machine_create_with(&machine, MACHINE_MEMORY, choose_engine);
		test_counts();
		test_deliveries();
		test_trap_flag();
		test_repeats();
		test_bad_input();
		test_taking_back();
		machine_destroy(&machine);
	}
	return finish();
}
