// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer of the virtual CPU: random descriptor tables, gates, task-state
 * segments and stacks, then a series of events, far transfers and segment
 * loads on them. Whatever the guest has in its tables, the rules must not
 * crash, must not read or write outside the bus, and must keep what
 * check_state() and step() say. Userspace, libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fake_bus.h"

static struct fake_machine machine;
static struct virtual_cpu *const cpu = &machine.cpu;
static struct virtual_cpu before;

/* ---- input ----------------------------------------------------------------- */

static const u8 *input;
static size_t input_bytes;

static u64 take(unsigned int bytes)
{
	u64 value = 0;

	for (; bytes && input_bytes; bytes--, input_bytes--)
		value = value << 8 | *input++;
	return value;
}

/* ---- a machine that is wrong in places ---------------------------------------- */

#define FUZZ_DESCRIPTORS 16
#define FUZZ_TSS	 0x6000U

/* Descriptors are good ones with some bits turned over, or nonsense. */
static u64 random_descriptor(void)
{
	static const u8 kinds[] = { 0x9b, 0x9a, 0x93, 0x97, 0x91, 0x9f, 0x89, 0x8b,
				    0x81, 0x82, 0x8c, 0x84, 0x85, 0x8e, 0x8f, 0x86 };
	unsigned int choice = take(1);
	unsigned int access = kinds[choice & 15] | (take(1) & 0x60);

	switch (choice >> 6) {
	case 0: return take(8);
	case 1: return fake_gate(take(1) & 0xff, take(2), access, take(1));
	case 2: return fake_descriptor(FUZZ_TSS, 0x67 + (take(1) & 3) - 1, access & 0xef, 0);
	default:
		return fake_descriptor(take(1) & 0x80 ? take(2) : 0,
				       take(1) & 1 ? 0xfffff : take(2), access, take(1) & 0xf);
	}
}

static void random_tables(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_DESCRIPTORS; i++)
		fake_set_gdt(&machine, FAKE_GDT_FREE + 8 * i, random_descriptor());
	for (i = 0; i < 8; i++)
		fake_put64(&machine, FAKE_LDT + 8 * i, random_descriptor());
	for (i = 0; i < 32; i++)
		fake_set_idt(&machine, i, fake_gate(take(1), 0x9000, 0x84 | (take(1) & 0x6b), 0));
	for (i = 0; i < 0x68; i += 4)
		fake_put32(&machine, FUZZ_TSS + i, take(2));
	for (i = 0; i < 8; i++)
		fake_put32(&machine, FAKE_STACK0 - 32 + 4 * i, take(2));
	for (i = 0; i < 4; i++)
		machine.pages[take(1) % FAKE_PAGES] = take(1) & (FAKE_PAGE_ALL | FAKE_MMIO);
}

static void random_state(void)
{
	unsigned int choice = take(1);

	if (choice & 0x80)
		fake_machine_v86(&machine);
	else
		fake_machine_protected(&machine);
	if (!(choice & 0x80))
		fake_machine_ring(&machine, choice & 3);
	if (choice & 4)
		cpu->cr0 |= X86_CR0_WP;
	if (choice & 8)
		cpu->cr0 |= X86_CR0_PG;
	if (choice & 16)
		cpu->cr4 |= X86_CR4_PAE;
	if ((choice & 0xe0) == 0x60)
		cpu->cr0 = 0;
	cpu->rflags |= take(2) & (X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_IF);
	if (take(1) & 1)
		cpu->tr.type = TYPE_TSS16_BUSY;
	if (take(1) & 1)
		cpu->tr.limit = take(1);
	cpu->regs[REG_SP] = FAKE_STACK0 - 32 + (take(1) & 0x3f);
	machine.ask_user = take(1) & 1;
}

/* ---- what always holds ----------------------------------------------------------- */

static void fail(const char *what)
{
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static void check_state(void)
{
	if (cpu_cpl(cpu) > 3)
		fail("CPL above 3");
	if ((cpu->rflags & X86_EFLAGS_VM) && (cpu->cr0 & X86_CR0_PE) && cpu_cpl(cpu) != 3)
		fail("V86 mode outside ring 3");
	if (!(cpu->rflags & X86_EFLAGS_FIXED) ||
	    (cpu->rflags & ~(u64)(EFLAGS_WRITABLE | X86_EFLAGS_FIXED)))
		fail("EFLAGS that no processor has");
	if (cpu->rip > 0xffffffff || cpu->regs[REG_SP] > 0xffffffff)
		fail("a register above 32 bits");
	if (!cpu->tr.unusable && (cpu->tr.s || !(cpu->tr.type & 2)))
		fail("TR without a busy TSS");
	if (cpu_protected_mode(cpu) && !cpu->segments[SEGMENT_CS].unusable &&
	    !cpu->segments[SEGMENT_SS].unusable && cpu->segments[SEGMENT_CS].s &&
	    (cpu->segments[SEGMENT_CS].selector & SELECTOR_RPL) != cpu_cpl(cpu))
		fail("CS's RPL is not CPL");
}

static bool is_selector_fault(u8 vector)
{
	return vector >= X86_TRAP_TS && vector <= X86_TRAP_GP;
}

static void check_fault(bool delivered)
{
	if (cpu->fault.vector == X86_TRAP_UD || cpu->fault.vector == X86_TRAP_PF)
		return;
	if (!is_selector_fault(cpu->fault.vector))
		fail("a fault that far transfers do not raise");
	if (!cpu->fault.has_error_code || cpu->fault.error_code > 0xffff)
		fail("the error code of a selector fault");
	if (!delivered && (cpu->fault.error_code & 3))
		fail("EXT or IDT without an event");
}

/* A fault or a question changed nothing, unless a task switch came first: known by its TR. */
static void check_unchanged(void)
{
	if (memcmp(&before.tr, &cpu->tr, sizeof(before.tr)) || machine.changed & CPU_CHANGED_TR)
		return;
	before.fault = cpu->fault;
	before.stop_reason = cpu->stop_reason;
	before.nmi_blocked = cpu->nmi_blocked;
	if (memcmp(&before, cpu, sizeof(before)))
		fail("a fault changed the CPU");
	if (machine.writes)
		fail("a fault wrote to memory");
}

/* ---- steps ------------------------------------------------------------------------ */

static enum cpu_result deliver(unsigned int choice)
{
	struct cpu_exception exception = {
		.vector = take(1) & 31,
		.has_error_code = choice & 0x80,
		.error_code = take(1),
	};

	return cpu_deliver(cpu, choice % 6, &exception, cpu->rip);
}

static enum cpu_result transfer(unsigned int choice)
{
	u16 selector = take(1) & 0xff;
	unsigned int bytes = choice & 0x80 ? 2 : 4;

	switch (choice & 7) {
	case 0: return cpu_far_jump(cpu, selector, 0x9000, bytes, cpu->rip);
	case 1: return cpu_far_call(cpu, selector, 0x9000, bytes, cpu->rip);
	case 2: return cpu_far_return(cpu, bytes, take(1));
	case 3:
	case 4: return cpu_iret(cpu, bytes, cpu->rip);
	case 5: return cpu_load_segment(cpu, take(1) % SEGMENT_REGISTERS, selector);
	case 6: return cpu_protected_mode(cpu) ? cpu_load_ldtr(cpu, selector) : CPU_OK;
	default: return cpu_protected_mode(cpu) ? cpu_load_tr(cpu, selector) : CPU_OK;
	}
}

static void step(void)
{
	unsigned int choice = take(1);
	bool event = take(1) & 1;
	bool software = choice % 6 >= CPU_EVENT_SOFTWARE_INTERRUPT;
	enum cpu_result result;

	memcpy(&before, cpu, sizeof(before));
	machine.writes = 0;
	machine.changed = 0;
	result = event ? deliver(choice) : transfer(choice);
	check_state();
	switch (result) {
	case CPU_OK: break;
	case CPU_FAULT:
		if (event && !software)
			fail("an exception was not delivered");
		check_fault(event);
		check_unchanged();
		break;
	case CPU_USER:
		if (!machine.ask_user)
			fail("a question to userspace that nobody asked");
		if (!event)
			check_unchanged();
		fake_answer(&machine);
		break;
	case CPU_STOP:
		if (!cpu->stop_reason)
			fail("a stop without a sentence");
		break;
	case CPU_SHUTDOWN:
		if (!event)
			fail("a shutdown without an event");
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	unsigned int steps;

	input = data;
	input_bytes = bytes;
	random_state();
	random_tables();
	if (cpu_protected_mode(cpu))
		cpu_load_ldtr(cpu, FAKE_LDT_SELECTOR);
	for (steps = 0; steps < 8 && input_bytes; steps++)
		step();
	return 0;
}
