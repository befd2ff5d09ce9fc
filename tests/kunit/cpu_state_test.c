// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_cpu_state: reset, EFLAGS, ports, SYSENTER.
 */
#include "cpu_test.h"

/* ---- state ---------------------------------------------------------------- */

static void reset(struct kunit *test)
{
	fake_machine_protected(&machine);
	cpu->cr4 = X86_CR4_PSE;
	cpu->efer = EFER_NX;
	cpu->halted = true;
	cpu_reset(cpu);
	check(test, "reset", "first instruction", cpu->segments[SEGMENT_CS].base + cpu->rip,
	      0xfffffff0);
	check(test, "reset", "CS", cpu->segments[SEGMENT_CS].selector, 0xf000);
	check(test, "reset", "CR0", cpu->cr0, 0x60000010);
	check(test, "reset", "CR4", cpu->cr4, 0);
	check(test, "reset", "EFER", cpu->efer, 0);
	check(test, "reset", "EFLAGS", cpu->rflags, 2);
	check(test, "reset", "DR6", cpu->dr6, 0xffff0ff0);
	check(test, "reset", "DR7", cpu->dr7, 0x400);
	check(test, "reset", "IDT limit", cpu->idtr.limit, 0xffff);
	check(test, "reset", "PAT", cpu->msrs.pat, 0x0007040600070406ULL);
	check(test, "reset", "EDX is the signature", cpu->regs[REG_DX], 0x6f1);
	check_true(test, "reset", "runs", !cpu->halted);
	check(test, "reset", "CPUID stays", cpu->cpuid_count, 6);
	cpu->cpuid_count = 0;
	cpu_reset(cpu);
	check(test, "reset", "EDX without CPUID", cpu->regs[REG_DX], 0x600);
}

/* Whatever was there before: the state after reset depends on nothing. */
static void reset_forgets(struct kunit *test)
{
	struct segment *ds = &cpu->segments[SEGMENT_DS];

	fake_machine_init(&machine);
	memcpy(&before, cpu, sizeof(before));
	memset(cpu->regs, 0x5a, sizeof(cpu->regs));
	memset(cpu->segments, 0, sizeof(cpu->segments));
	memset(&cpu->tr, 0, sizeof(cpu->tr));
	memset(&cpu->ldtr, 0, sizeof(cpu->ldtr));
	memset(&cpu->gdtr, 0x5a, sizeof(cpu->gdtr));
	memset(&cpu->idtr, 0x5a, sizeof(cpu->idtr));
	memset(cpu->pdptrs, 0x5a, sizeof(cpu->pdptrs));
	memset(cpu->dr, 0x5a, sizeof(cpu->dr));
	memset(&cpu->msrs, 0x5a, sizeof(cpu->msrs));
	cpu->interrupt_shadow = INTERRUPT_SHADOW_STI;
	cpu->halted = true;
	cpu->nmi_blocked = true;
	cpu->pending_debug = 1;
	cpu->stop_reason = "before";
	cpu->fault.vector = 1;
	cpu->rip = 1;
	cpu->cr2 = 1;
	cpu->cr3 = 1;
	cpu_reset(cpu);
	memcpy(&before.gdtr, &cpu->gdtr, sizeof(before.gdtr)); /* has padding */
	memcpy(&before.idtr, &cpu->idtr, sizeof(before.idtr));
	check_true(test, "reset", "is the same twice", !memcmp(&before, cpu, sizeof(before)));
	check(test, "reset", "GDT base", cpu->gdtr.base, 0);
	check(test, "reset", "IDT base", cpu->idtr.base, 0);
	check(test, "reset", "DS", segment_to_descriptor(ds), 0x000093000000ffffULL);
	check(test, "reset", "LDTR", segment_to_descriptor(&cpu->ldtr), 0x000082000000ffffULL);
	check(test, "reset", "TR", segment_to_descriptor(&cpu->tr), 0x00008b000000ffffULL);
	check(test, "reset", "GDT limit", cpu->gdtr.limit, 0xffff);
	check(test, "reset", "MISC_ENABLE", cpu->msrs.misc_enable, 1);
	check(test, "reset", "APIC base", cpu->msrs.apic_base, 0xfee00900);

	check(test, "stop", "result", cpu_stop(cpu, "because"), CPU_STOP);
	check_true(test, "stop", "sentence", !strcmp(cpu->stop_reason, "because"));
}

static void by_init(struct kunit *test)
{
	fake_machine_protected(&machine);
	cpu->halted = true;
	cpu->efer = EFER_NX;
	cpu->cr0 |= X86_CR0_CD;
	cpu->msrs.sysenter_cs = 0x60;
	cpu->msrs.apic_base = 0xfee00900;
	cpu_reset_by_init(cpu);
	check(test, "INIT", "first instruction", cpu->segments[SEGMENT_CS].base + cpu->rip,
	      0xfffffff0);
	check_true(test, "INIT", "runs", !cpu->halted);
	check(test, "INIT", "EFER", cpu->efer, 0);
	check(test, "INIT", "CR0 but for the caches'", cpu->cr0, 0x40000010);
	check(test, "INIT", "SYSENTER_CS stays", cpu->msrs.sysenter_cs, 0x60);
	check(test, "INIT", "the APIC base stays", cpu->msrs.apic_base, 0xfee00900);
	cpu->cr0 = X86_CR0_PE;
	cpu_reset_by_init(cpu);
	check(test, "INIT", "caches on stay on", cpu->cr0, 0x10);
}

static void interrupt_window(struct kunit *test)
{
	fake_machine_protected(&machine);
	check_true(test, "IF=0", "closed", !cpu_can_take_interrupt(cpu));
	cpu->rflags |= X86_EFLAGS_IF;
	check_true(test, "IF=1", "open", cpu_can_take_interrupt(cpu));
	cpu->interrupt_shadow = INTERRUPT_SHADOW_STI;
	check_true(test, "STI", "closed", !cpu_can_take_interrupt(cpu));
	cpu->interrupt_shadow = INTERRUPT_SHADOW_MOV_SS;
	check_true(test, "MOV SS", "closed", !cpu_can_take_interrupt(cpu));
}

/* Which bits POPF changes: old flags all clear and all set. */
static void popf(struct kunit *test)
{
	static const u64 common = EFLAGS_STATUS | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT;
	static const u64 wide = X86_EFLAGS_AC | X86_EFLAGS_ID;
	static const struct {
		const char *name;
		unsigned int cpl, iopl, bytes;
		u64 more;
	} rows[] = {
		{ "ring 0", 0, 0, 4, X86_EFLAGS_IF | X86_EFLAGS_IOPL },
		{ "ring 0, 16 bits", 0, 3, 2, X86_EFLAGS_IF | X86_EFLAGS_IOPL },
		{ "ring 1, IOPL 0", 1, 0, 4, 0 },
		{ "ring 1, IOPL 1", 1, 1, 4, X86_EFLAGS_IF },
		{ "ring 3, IOPL 2", 3, 2, 2, 0 },
		{ "ring 3, IOPL 3", 3, 3, 2, X86_EFLAGS_IF },
	};
	unsigned int i;
	u64 mask, iopl;

	fake_machine_protected(&machine);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		mask = common | rows[i].more;
		if (rows[i].bytes == 4)
			mask |= wide;
		iopl = (u64)rows[i].iopl << EFLAGS_IOPL_SHIFT;

		cpu->rflags = X86_EFLAGS_FIXED | iopl;
		cpu_load_flags(cpu, ~0ULL, rows[i].bytes, rows[i].cpl);
		check(test, rows[i].name, "bits set", cpu->rflags, mask | iopl | X86_EFLAGS_FIXED);

		cpu->rflags = (EFLAGS_WRITABLE & ~(u64)X86_EFLAGS_IOPL) | X86_EFLAGS_FIXED | iopl;
		cpu_load_flags(cpu, 0, rows[i].bytes, rows[i].cpl);
		check(test, rows[i].name, "bits cleared", cpu->rflags,
		      (((EFLAGS_WRITABLE & ~(u64)X86_EFLAGS_IOPL) | iopl) &
		       ~(mask | X86_EFLAGS_RF)) |
			      X86_EFLAGS_FIXED);
	}
	cpu->rflags = EFLAGS_WRITABLE | X86_EFLAGS_FIXED;
	check(test, "PUSHF", "hides VM and RF", cpu_pushf_image(cpu),
	      (EFLAGS_WRITABLE | X86_EFLAGS_FIXED) & ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_RF));
}

/* ---- ports -------------------------------------------------------------------------- */

static void ports(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int ring, iopl;
		bool v86;
		u16 port;
		unsigned int bytes;
		unsigned int wanted;
	} rows[] = {
		{ "ring 0", 0, 0, false, 0x60, 1, FINE },
		{ "ring 3 at IOPL 3", 3, 3, false, 0x60, 4, FINE },
		{ "ring 1 at IOPL 1", 1, 1, false, 0x60, 1, FINE },
		{ "denied by the map", 3, 0, false, 0x60, 1, GP(0) },
		{ "ring 2 at IOPL 1", 2, 1, false, 0x60, 1, GP(0) },
		{ "allowed by the map", 3, 0, false, 0x3f8, 1, FINE },
		{ "both bytes", 3, 0, false, 0x3f8, 2, FINE },
		{ "half of them", 3, 0, false, 0x3f9, 2, GP(0) },
		{ "half of four", 3, 0, false, 0x3f7, 2, GP(0) },
		{ "across a byte of the map", 3, 0, false, 0x40f, 2, FINE },
		{ "four of four", 3, 0, false, 0x40e, 4, FINE },
		{ "V86 ignores IOPL", 3, 3, true, 0x60, 1, GP(0) },
		{ "V86 asks the map", 3, 0, true, 0x3f8, 2, FINE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].v86) {
			fake_machine_v86(&machine);
		} else {
			fake_machine_protected(&machine);
			fake_machine_ring(&machine, rows[i].ring);
		}
		fake_put8(&machine, FAKE_TSS + 0x68 + 0x3f8 / 8, 0xfc);
		fake_put16(&machine, FAKE_TSS + 0x68 + 0x408 / 8, 0xfc3f);
		cpu->rflags |= rows[i].iopl << EFLAGS_IOPL_SHIFT;
		remember();
		check_outcome(test, rows[i].name, cpu_check_port(cpu, rows[i].port, rows[i].bytes),
			      rows[i].wanted);
	}
}

static void port_map_limits(struct kunit *test)
{
	fake_machine_user(&machine);
	fake_put8(&machine, FAKE_TSS + 0x68, 0);
	fake_put8(&machine, FAKE_TSS + 0x69, 0);
	cpu->tr.limit = 0x69;
	remember();
	check_outcome(test, "two bytes of map", cpu_check_port(cpu, 7, 1), FINE);
	cpu->tr.limit = 0x68;
	remember();
	check_outcome(test, "two are always read", cpu_check_port(cpu, 0, 1), GP(0));
	cpu->tr.limit = 0x69;
	machine.pages[FAKE_TSS / FAKE_PAGE] &= ~FAKE_USER;
	check_outcome(test, "the TSS is the system's", cpu_check_port(cpu, 7, 1), FINE);
	cpu->tr.limit = 0x66;
	remember();
	check_outcome(test, "no map base", cpu_check_port(cpu, 0, 1), GP(0));
	cpu->tr.limit = 0x69;
	cpu->tr.type = TYPE_TSS16_BUSY;
	remember();
	check_outcome(test, "16-bit TSS", cpu_check_port(cpu, 0, 1), GP(0));
	cpu->tr.type = TYPE_TSS32_BUSY;
	fake_put16(&machine, FAKE_TSS + 0x66, 0xffff);
	remember();
	check_outcome(test, "base far out", cpu_check_port(cpu, 0xffff, 1), GP(0));
	machine.pages[FAKE_TSS / FAKE_PAGE] = 0;
	remember();
	check_outcome(test, "absent TSS", cpu_check_port(cpu, 0, 1), PF(0));
	cpu->cr0 = 0;
	check_outcome(test, "real mode", cpu_check_port(cpu, 0, 1), FINE);
}

/* ---- SYSENTER ------------------------------------------------------------------------ */

static void sysenter(struct kunit *test)
{
	fake_machine_user(&machine);
	remember();
	check_outcome(test, "null CS", cpu_sysenter(cpu), GP(0));
	cpu->msrs.sysenter_cs = 0x63;
	cpu->msrs.sysenter_esp = 0x1234;
	cpu->msrs.sysenter_eip = 0x5678;
	cpu->rflags |= X86_EFLAGS_IF | X86_EFLAGS_CF | X86_EFLAGS_RF;
	remember();
	check_outcome(test, "SYSEXIT in ring 3", cpu_sysexit(cpu), GP(0));
	check_outcome(test, "SYSENTER", cpu_sysenter(cpu), FINE);
	check(test, "SYSENTER", "CS", cpu->segments[SEGMENT_CS].selector, 0x60);
	check(test, "SYSENTER", "SS", cpu->segments[SEGMENT_SS].selector, 0x68);
	check(test, "SYSENTER", "CPL", cpu_cpl(cpu), 0);
	check(test, "SYSENTER", "ESP", cpu->regs[REG_SP], 0x1234);
	check(test, "SYSENTER", "EIP", cpu->rip, 0x5678);
	check(test, "SYSENTER", "EFLAGS", cpu->rflags, X86_EFLAGS_FIXED | X86_EFLAGS_CF);
	check(test, "SYSENTER", "flat CS", segment_to_descriptor(&cpu->segments[SEGMENT_CS]),
	      0x00cf9b000000ffffULL);
	check(test, "SYSENTER", "flat SS", segment_to_descriptor(&cpu->segments[SEGMENT_SS]),
	      0x00cf93000000ffffULL);

	cpu->regs[REG_CX] = 0x1111;
	cpu->regs[REG_DX] = 0x2222;
	check_outcome(test, "SYSEXIT", cpu_sysexit(cpu), FINE);
	check(test, "SYSEXIT", "CS", cpu->segments[SEGMENT_CS].selector, 0x73);
	check(test, "SYSEXIT", "SS", cpu->segments[SEGMENT_SS].selector, 0x7b);
	check(test, "SYSEXIT", "CPL", cpu_cpl(cpu), 3);
	check(test, "SYSEXIT", "ESP", cpu->regs[REG_SP], 0x1111);
	check(test, "SYSEXIT", "EIP", cpu->rip, 0x2222);

	cpu->cr0 = 0;
	remember();
	check_outcome(test, "real mode", cpu_sysenter(cpu), GP(0));
	cpu->cpuid_count = 0;
	remember();
	check_outcome(test, "not in CPUID", cpu_sysenter(cpu), UD);
	check_outcome(test, "not in CPUID", cpu_sysexit(cpu), UD);
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE(reset),
	KUNIT_CASE(reset_forgets),
	KUNIT_CASE(by_init),
	KUNIT_CASE(interrupt_window),
	KUNIT_CASE(popf),
	KUNIT_CASE(ports),
	KUNIT_CASE(port_map_limits),
	KUNIT_CASE(sysenter),
	{},
};

static struct kunit_suite state_suite = {
	.name = "ringlet_cpu_state",
	.test_cases = state_cases,
};
kunit_test_suite(state_suite);
