// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_cpu_control: control and debug registers, MSRs, CPUID.
 */
#include "cpu_test.h"

#define PG  X86_CR0_PG
#define PE  X86_CR0_PE
#define PAE X86_CR4_PAE

/* ---- control registers ------------------------------------------------------- */

static void cr0(struct kunit *test)
{
	static const struct {
		const char *name;
		u64 value, becomes;
		unsigned int wanted;
	} rows[] = {
		{ "PE", PE, PE | X86_CR0_ET, FINE },
		{ "PG without PE", PG, 0, GP(0) },
		{ "PG with PE", PG | PE, PG | PE | X86_CR0_ET, FINE },
		{ "NW without CD", PE | X86_CR0_NW, 0, GP(0) },
		{ "NW with CD", PE | X86_CR0_NW | X86_CR0_CD,
		  PE | X86_CR0_NW | X86_CR0_CD | X86_CR0_ET, FINE },
		{ "reserved bits stay clear", 0x1ffaffc0 | PE, PE | X86_CR0_ET, FINE },
		{ "all that exists", 0xe005003f, 0xe005003f, FINE },
		{ "the upper half is cut off", 0x100000000ULL | PE, PE | X86_CR0_ET, FINE },
	};
	enum cpu_result result;
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		remember();
		result = cpu_write_control(cpu, 0, rows[i].value);
		check_outcome(test, rows[i].name, result, rows[i].wanted);
		if (result != CPU_OK)
			continue;
		check_outcome(test, rows[i].name, cpu_read_control(cpu, 0, &value), FINE);
		check(test, rows[i].name, "CR0", value, rows[i].becomes);
		check(test, rows[i].name, "announced", machine.changed, CPU_CHANGED_CR0);
	}
	fake_machine_init(&machine);
	cpu->segments[SEGMENT_SS].dpl = 3;
	check_outcome(test, "into protected mode", cpu_write_control(cpu, 0, PE), FINE);
	check(test, "into protected mode", "CPL", cpu_cpl(cpu), 0);
}

static void cr4(struct kunit *test)
{
	static const struct {
		const char *name;
		u32 function;
		unsigned int reg, bit;
		u64 cr4;
	} rows[] = {
		{ "DE", 1, 3, 2, X86_CR4_DE },
		{ "PSE", 1, 3, 3, X86_CR4_PSE },
		{ "TSD", 1, 3, 4, X86_CR4_TSD },
		{ "PAE", 1, 3, 6, X86_CR4_PAE },
		{ "MCE", 1, 3, 7, X86_CR4_MCE },
		{ "PGE", 1, 3, 13, X86_CR4_PGE },
		{ "OSFXSR", 1, 3, 24, X86_CR4_OSFXSR },
		{ "OSXMMEXCPT", 1, 3, 25, X86_CR4_OSXMMEXCPT },
		{ "UMIP", 7, 2, 2, X86_CR4_UMIP },
		{ "SMEP", 7, 1, 7, X86_CR4_SMEP },
		{ "SMAP", 7, 1, 20, X86_CR4_SMAP },
		{ "FSGSBASE", 7, 1, 0, X86_CR4_FSGSBASE },
	};
	static const u64 never[] = { X86_CR4_VME,  X86_CR4_PVI,	 X86_CR4_LA57,
				     X86_CR4_VMXE, X86_CR4_SMXE, X86_CR4_PCIDE,
				     X86_CR4_PKE,  X86_CR4_OSXSAVE, BIT_ULL(15),	 BIT_ULL(31) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		memset(cpu->cpuid, 0, sizeof(cpu->cpuid));
		cpu->cpuid_count = 1;
		remember();
		check_outcome(test, rows[i].name, cpu_write_control(cpu, 4, rows[i].cr4), GP(0));
		cpu->cpuid[0].function = rows[i].function;
		(&cpu->cpuid[0].eax)[rows[i].reg] = BIT(rows[i].bit);
		check_outcome(test, rows[i].name, cpu_write_control(cpu, 4, rows[i].cr4), FINE);
		check(test, rows[i].name, "CR4", cpu->cr4, rows[i].cr4);
		check(test, rows[i].name, "announced", machine.changed, CPU_CHANGED_CR4);
		check_outcome(test, "PCE", cpu_write_control(cpu, 4, X86_CR4_PCE), FINE);
	}
	cpu->cpuid_count = 2;
	cpu->cpuid[0] = (struct cpu_cpuid_entry){ .function = 1, .ecx = ~0U, .edx = ~0U };
	cpu->cpuid[1] = (struct cpu_cpuid_entry){ .function = 7, .ebx = ~0U, .ecx = ~0U };
	for (i = 0; i < ARRAY_SIZE(never); i++) {
		remember();
		check_outcome(test, "never", cpu_write_control(cpu, 4, never[i]), GP(0));
	}
}

static void other_control_registers(struct kunit *test)
{
	static const u8 none[] = { 1, 5, 6, 7, 8, 15 };
	unsigned int i;
	u64 value;

	fake_machine_protected(&machine);
	remember();
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		check_outcome(test, "write", cpu_write_control(cpu, none[i], 0), UD);
		check_outcome(test, "read", cpu_read_control(cpu, none[i], &value), UD);
	}
	check_outcome(test, "CR2", cpu_write_control(cpu, 2, 0xff12345678ULL), FINE);
	check_outcome(test, "CR2", cpu_read_control(cpu, 2, &value), FINE);
	check(test, "CR2", "value", value, 0x12345678);
	check_outcome(test, "CR3", cpu_write_control(cpu, 3, 0x5018), FINE);
	check_outcome(test, "CR3", cpu_read_control(cpu, 3, &value), FINE);
	check(test, "CR3", "value", value, 0x5018);
	check(test, "CR3", "announced", machine.changed, CPU_CHANGED_CR3);
	machine.changed = 0;
	check_outcome(test, "CR3 again", cpu_write_control(cpu, 3, 0x5018), FINE);
	check(test, "CR3 again", "announced", machine.changed, CPU_CHANGED_CR3);
}

/* ---- PAE directory pointers -------------------------------------------------- */

#define POINTERS 0x6020U

static void put_pointers(u64 third)
{
	fake_put64(&machine, POINTERS, 0x10001);
	fake_put64(&machine, POINTERS + 8, 0);
	fake_put64(&machine, POINTERS + 16, third);
	fake_put64(&machine, POINTERS + 24, ~1ULL); /* not present: anything goes */
}

static void reserved_bits_of_pointers(struct kunit *test)
{
	static const struct {
		const char *name;
		u64 third;
		unsigned int wanted;
	} rows[] = {
		{ "address and PWT, PCD, AVL", 0xffffff019ULL | 0xe00, FINE },
		{ "bit 1", 0x10003, GP(0) },
		{ "bit 2", 0x10005, GP(0) },
		{ "bit 5", 0x10021, GP(0) },
		{ "bit 8", 0x10101, GP(0) },
		{ "the last address bit", 0x800000001ULL, FINE },
		{ "above the address bits", 0x1000000001ULL, GP(0) },
		{ "NX", 0x8000000000000001ULL, GP(0) },
		{ "not present", 0x8000000000000006ULL, FINE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		put_pointers(rows[i].third);
		cpu->cr4 = PAE;
		cpu->cr3 = POINTERS | 0x18;
		remember();
		check_outcome(test, rows[i].name, cpu_write_control(cpu, 0, PG | PE),
			      rows[i].wanted);
		if (!rows[i].wanted)
			check(test, rows[i].name, "loaded", cpu->pdptrs[2], rows[i].third);

		cpu->cr0 |= PG;
		remember();
		check_outcome(test, rows[i].name, cpu_write_control(cpu, 3, POINTERS | 3),
			      rows[i].wanted);
		cpu->cr4 = X86_CR4_PSE;
		remember();
		check_outcome(test, rows[i].name, cpu_write_control(cpu, 4, PAE), rows[i].wanted);
	}
	remember();
	check_outcome(test, "no memory", cpu_write_control(cpu, 3, 0xfffffff0), GP(0));
}

/* How wide addresses are stands in CPUID, or follows from PAE. */
static void address_widths(struct kunit *test)
{
	static const struct {
		const char *name;
		u32 eax; /* of the leaf; 0: the leaf is missing */
		bool pae;
		unsigned int bits;
	} rows[] = {
		{ "36", 36, true, 36 },
		{ "40, and 48 linear ones", 0x3028, true, 40 },
		{ "32, the least", 32, true, 32 },
		{ "52, the most", 52, true, 52 },
		{ "53 is nonsense", 53, true, 36 },
		{ "31 is nonsense", 31, true, 36 },
		{ "no leaf", 0, true, 36 },
		{ "no leaf and no PAE", 0, false, 32 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		cpu->cpuid[5].eax = rows[i].eax;
		if (!rows[i].eax)
			cpu->cpuid_count = 5;
		if (!rows[i].pae)
			cpu->cpuid[1].edx &= ~(u32)BIT(6);
		cpu->cr4 = PAE;
		cpu->cr3 = POINTERS;
		put_pointers(1 | BIT_ULL(rows[i].bits - 1));
		check_outcome(test, rows[i].name, cpu_write_control(cpu, 0, PG | PE), FINE);
		put_pointers(1 | BIT_ULL(rows[i].bits));
		remember();
		check_outcome(test, rows[i].name, cpu_write_control(cpu, 3, POINTERS), GP(0));
	}
}

static void when_pointers_are_loaded(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int which;
		u64 flip;
		bool loads;
	} rows[] = {
		{ "CR0.TS", 0, X86_CR0_TS, false },  { "CR0.WP", 0, X86_CR0_WP, false },
		{ "CR0.CD", 0, X86_CR0_CD, true },   { "CR4.TSD", 4, X86_CR4_TSD, false },
		{ "CR4.PGE", 4, X86_CR4_PGE, true }, { "CR4.PSE", 4, X86_CR4_PSE, true },
		{ "CR3 as it was", 3, 0, true },
	};
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		put_pointers(0x20001);
		cpu->cr3 = POINTERS;
		cpu->cr4 = PAE;
		check_outcome(test, "PG", cpu_write_control(cpu, 0, PG | PE), FINE);
		put_pointers(0x30001);
		check_outcome(test, rows[i].name, cpu_read_control(cpu, rows[i].which, &value),
			      FINE);
		check_outcome(test, rows[i].name,
			      cpu_write_control(cpu, rows[i].which, value ^ rows[i].flip), FINE);
		check(test, rows[i].name, "pointer", cpu->pdptrs[2],
		      rows[i].loads ? 0x30001 : 0x20001);
	}
	/* Without PAE CR3's table is nobody's business. */
	fake_machine_protected(&machine);
	put_pointers(0x20003);
	cpu->cr0 |= PG;
	check_outcome(test, "two levels", cpu_write_control(cpu, 3, POINTERS), FINE);
}

/* ---- debug registers ------------------------------------------------------------ */

static void debug_registers(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int which;
		bool de;
		u64 value, becomes;
		unsigned int wanted;
	} rows[] = {
		{ "DR0", 0, false, 0xff12345678ULL, 0x12345678, FINE },
		{ "DR3", 3, true, 0xffffffff, 0xffffffff, FINE },
		{ "DR4 is DR6", 4, false, 0, 0xffff0ff0, FINE },
		{ "DR5 is DR7", 5, false, 0xffffffff, 0xffff27ff, FINE },
		{ "DR4 with DE", 4, true, 0, 0, UD },
		{ "DR5 with DE", 5, true, 0, 0, UD },
		{ "DR6", 6, false, 0xffffffff, 0xffffefff, FINE },
		{ "DR7", 7, false, 0, 0x400, FINE },
		{ "DR8", 8, false, 0, 0, UD },
	};
	enum cpu_result result;
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_machine_protected(&machine);
		if (rows[i].de)
			cpu->cr4 |= X86_CR4_DE;
		remember();
		result = cpu_write_debug(cpu, rows[i].which, rows[i].value);
		check_outcome(test, rows[i].name, result, rows[i].wanted);
		if (result != CPU_OK)
			continue;
		check(test, rows[i].name, "announced", machine.changed, CPU_CHANGED_DEBUG);
		if (cpu->dr7 & BIT(13))
			cpu->dr7 &= ~BIT_ULL(13);
		result = cpu_read_debug(cpu, rows[i].which, &value);
		check_outcome(test, rows[i].name, result, FINE);
		check(test, rows[i].name, "value", value,
		      rows[i].which == 5 ? rows[i].becomes & ~0x2000ULL : rows[i].becomes);
	}
}

static void general_detect(struct kunit *test)
{
	u64 value;

	fake_machine_protected(&machine);
	cpu->dr7 |= BIT(13);
	remember();
	check_outcome(test, "write", cpu_write_debug(cpu, 0, 1), FAULT_WITHOUT_CODE(X86_TRAP_DB));
	check(test, "write", "DR6.BD is due", cpu->fault.dr6, BIT(13));
	check_outcome(test, "read", cpu_read_debug(cpu, 7, &value),
		      FAULT_WITHOUT_CODE(X86_TRAP_DB));
	cpu->cr4 |= X86_CR4_DE;
	remember();
	check_outcome(test, "no such register", cpu_read_debug(cpu, 4, &value), UD);
}

/* ---- MSRs ------------------------------------------------------------------------- */

static void msr_values(struct kunit *test)
{
	static const struct {
		const char *name;
		u32 index;
		u64 value;
		bool guest, host;
	} rows[] = {
		{ "SYSENTER_CS", MSR_IA32_SYSENTER_CS, 0x10, true, true },
		{ "PAT", MSR_IA32_CR_PAT, 0x0007040600070406ULL, true, true },
		{ "PAT, type 2", MSR_IA32_CR_PAT, 0x0007040600070402ULL, false, false },
		{ "PAT, type 3", MSR_IA32_CR_PAT, 0x0307040600070406ULL, false, false },
		{ "PAT, type 8", MSR_IA32_CR_PAT, 0x0007040600080406ULL, false, false },
		{ "EFER.NX", MSR_EFER, EFER_NX, true, true },
		{ "EFER.SCE, not in CPUID", MSR_EFER, EFER_SCE, false, true },
		{ "EFER.LME", MSR_EFER, EFER_LME, false, false },
		{ "EFER, reserved", MSR_EFER, BIT_ULL(20), false, false },
		{ "APIC base", MSR_IA32_APICBASE, 0xfee00900, true, true },
		{ "APIC base, reserved", MSR_IA32_APICBASE, 0xfee00901, false, false },
		{ "APIC base, x2APIC", MSR_IA32_APICBASE, 0xfee00d00, false, false },
		{ "APIC base, too high", MSR_IA32_APICBASE, 0x10fee00900ULL, false, false },
		{ "STAR, not in CPUID", MSR_STAR, 1, false, true },
		{ "LSTAR, not in CPUID", MSR_LSTAR, 1, false, true },
		{ "TSC_AUX, not in CPUID", MSR_TSC_AUX, 1, false, true },
		{ "TSC_AUX, 32 bits", MSR_TSC_AUX, 0xffffffff, false, true },
		{ "GS_BASE, 32 bits", MSR_GS_BASE, 0xffffffff, false, true },
		{ "GS_BASE, 33 bits", MSR_GS_BASE, 0x100000000ULL, false, false },
		{ "microcode revision", MSR_IA32_UCODE_REV, 0, true, true },
		{ "TSC_AUX, 33 bits", MSR_TSC_AUX, 0x100000000ULL, false, false },
		{ "TSC", MSR_IA32_TSC, 0x123456789ULL, true, true },
		{ "what the host says, not in CPUID", MSR_IA32_ARCH_CAPABILITIES, 1, false, true },
		{ "machine check capabilities", MSR_IA32_MCG_CAP, 1, false, false },
		{ "machine check status", MSR_IA32_MCG_STATUS, 7, true, true },
		{ "machine check status, reserved", MSR_IA32_MCG_STATUS, 8, false, false },
		{ "debug control", MSR_IA32_DEBUGCTLMSR, 3, true, true },
		{ "debug control, a bit that is not there", MSR_IA32_DEBUGCTLMSR, 4, false, false },
		{ "TSC deadline, not in CPUID", MSR_IA32_TSC_DEADLINE, 77, false, true },
		{ "the bus's", 0x4711, 42, true, true },
		{ "nobody's", 0x4712, 42, false, false },
	};
	unsigned int i, by_host;
	u64 value;
	bool done;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (by_host = 0; by_host < 2; by_host++) {
			fake_machine_protected(&machine);
			cpu->cpuid[1].edx |= BIT(16) | BIT(14) | BIT(9);
			machine.extra_msr_index = 0x4711;
			done = cpu_write_msr(cpu, rows[i].index, rows[i].value, by_host);
			check(test, rows[i].name, by_host ? "host" : "guest", done,
			      by_host ? rows[i].host : rows[i].guest);
			if (!done)
				continue;
			check_true(test, rows[i].name, "reads back",
				   cpu_read_msr(cpu, rows[i].index, &value, by_host));
			check(test, rows[i].name, "value", value, rows[i].value);
		}
	}
	fake_machine_protected(&machine);
	cpu->cpuid[1].edx &= ~(u32)BIT(14);
	check_true(test, "machine checks", "need CPUID",
		   !cpu_read_msr(cpu, MSR_IA32_MCG_CAP, &value, false));
	cpu->cpuid[1].edx |= BIT(14);
	check_true(test, "machine checks", "have no banks until somebody says so",
		   cpu_read_msr(cpu, MSR_IA32_MCG_CAP, &value, false) && !value &&
			   !cpu_read_msr(cpu, 0x400, &value, false));
	cpu->cpuid[2].edx = BIT(29);
	check_true(test, "what the host says", "is read",
		   cpu_read_msr(cpu, MSR_IA32_ARCH_CAPABILITIES, &value, false));
	check_true(test, "what the host says", "is not for the guest to write",
		   !cpu_write_msr(cpu, MSR_IA32_ARCH_CAPABILITIES, value, false));
	fake_machine_protected(&machine);
	check_true(test, "EFER", "written", cpu_write_msr(cpu, MSR_EFER, EFER_NX, false));
	check(test, "EFER", "announced", machine.changed, CPU_CHANGED_EFER);
	cpu->cpuid_count = 0;
	check_true(test, "EFER", "needs CPUID", !cpu_read_msr(cpu, MSR_EFER, &value, false));
	check_true(test, "EFER", "the host reads", cpu_read_msr(cpu, MSR_EFER, &value, true));
}

static void msr_list(struct kunit *test)
{
	unsigned int i;
	u64 value;

	fake_machine_protected(&machine);
	for (i = 0; cpu_msr_index(i); i++)
		check_true(test, "each in the list", "can be read",
			   cpu_read_msr(cpu, cpu_msr_index(i), &value, true));
	check_true(test, "the list", "is not empty", i > 10);
	check(test, "the list", "has an end", cpu_msr_index(i + 1000), 0);
}

/* ---- long mode, as far as compatibility mode needs it ---- */

static void set_up_long_mode(void)
{
	fake_machine_protected(&machine);
	cpu->cpuid[4].edx |= BIT(29);
	cpu->efer = EFER_LME;
	cpu->cr4 = X86_CR4_PAE;
	put_pointers(0x10003); /* reserved bits, if anybody looked */
	cpu->cr3 = POINTERS;
}

static void long_mode(struct kunit *test)
{
	u16 selector = FAKE_GDT_FREE;
	u32 frame[3] = { 0x9000, FAKE_CODE0, X86_EFLAGS_FIXED | X86_EFLAGS_VM };

	set_up_long_mode();
	cpu->efer = 0;
	check_true(test, "LME", "is written",
		   cpu_write_msr(cpu, MSR_EFER, EFER_LME | EFER_LMA, false));
	check(test, "LME", "LMA is not the guest's", cpu->efer, EFER_LME);
	cpu->cr4 = 0;
	remember();
	check_outcome(test, "paging without PAE", cpu_write_control(cpu, 0, PG | PE), GP(0));
	cpu->cr4 = X86_CR4_PAE;
	check_outcome(test, "paging", cpu_write_control(cpu, 0, PG | PE), FINE);
	check(test, "paging", "LMA", cpu->efer, EFER_LME | EFER_LMA);
	remember();
	check_outcome(test, "PAE may not be cleared", cpu_write_control(cpu, 4, 0), GP(0));
	check_outcome(test, "CR3 has no four pointers", cpu_write_control(cpu, 3, POINTERS), FINE);
	check_true(test, "LME", "cannot be cleared", !cpu_write_msr(cpu, MSR_EFER, 0, false));

	memcpy(machine.memory + FAKE_STACK0 - 12, frame, sizeof(frame));
	cpu->regs[REG_SP] = FAKE_STACK0 - 12;
	cpu->rflags |= X86_EFLAGS_NT;
	remember();
	check_outcome(test, "no way back to a task", cpu_iret(cpu, 4, 0), GP(0));
	cpu->rflags &= ~(u64)X86_EFLAGS_NT;
	check_outcome(test, "VM is ignored", cpu_iret(cpu, 4, 0), FINE);
	check(test, "VM is ignored", "EFLAGS", cpu->rflags, X86_EFLAGS_FIXED);

	fake_set_gdt(&machine, selector, fake_descriptor(0, 0xfffff, SEGMENT(CODE_XR, 0), 0xa));
	check_outcome(test, "64-bit code", cpu_far_jump(cpu, selector, 0, 4, 0), OTHER(CPU_STOP));
	check_outcome(test, "LTR", cpu_load_tr(cpu, selector), OTHER(CPU_STOP));
	cpu->msrs.sysenter_cs = 8;
	check_outcome(test, "SYSENTER", cpu_sysenter(cpu), OTHER(CPU_STOP));
	check_outcome(test, "an event", cpu_deliver(cpu, CPU_EVENT_NMI, &cpu->fault, 0),
		      OTHER(CPU_STOP));
	check_outcome(test, "paging off", cpu_write_control(cpu, 0, PE), FINE);
	check(test, "paging off", "LMA", cpu->efer, EFER_LME);
}

/* ---- CPUID ----------------------------------------------------------------------- */

static void cpuid_leaves(struct kunit *test)
{
	u32 eax, ebx, ecx, edx;

	fake_machine_protected(&machine);
	cpu->cpuid[cpu->cpuid_count++] =
		(struct cpu_cpuid_entry){ .function = 4, .index = 1, .flags = 1, .eax = 0x44 };
#define CPUID(leaf, subleaf)                            \
	do {                                            \
		eax = (leaf);                           \
		ecx = (subleaf);                        \
		cpu_cpuid(cpu, &eax, &ebx, &ecx, &edx); \
	} while (0)
	CPUID(0, 5);
	check(test, "leaf 0", "any subleaf", eax, 7);
	CPUID(4, 1);
	check(test, "leaf 4.1", "EAX", eax, 0x44);
	CPUID(4, 0);
	check(test, "leaf 4.0", "is not there", eax | ebx | ecx | edx, 0);
	cpu->cpuid[2].ebx = 0x77;
	CPUID(0x20, 0);
	check(test, "past the last", "Intel: the last", ebx, 0x77);
	CPUID(6, 0);
	check(test, "a hole", "zeros", eax | ebx | ecx | edx, 0);
	cpu->cpuid[0].ebx = 0x68747541;
	CPUID(0x20, 0);
	check(test, "past the last", "AMD: zeros", eax | ebx | ecx | edx, 0);

	cpu->cpuid[2].ecx = BIT(4) | BIT(3);
	CPUID(7, 0);
	check(test, "leaf 7", "OSPKE is off, PKU stays", ecx, BIT(3));
	cpu->cpuid[0].ebx = 0x756e6547;
	cpu->cpuid[2].function = 6;
	CPUID(7, 0);
	check(test, "the last leaf, missing", "zeros", eax | ebx | ecx | edx, 0);
	CPUID(1, 0);
	check(test, "leaf 1", "OSXSAVE is off", ecx & BIT(27), 0);
	cpu->cr4 |= X86_CR4_OSXSAVE;
	CPUID(1, 0);
	check(test, "leaf 1", "OSXSAVE follows CR4", ecx & BIT(27), BIT(27));
	cpu->cpuid[1].edx |= BIT(9);
	CPUID(1, 0);
	check(test, "leaf 1", "APIC", edx & BIT(9), BIT(9));
	cpu->msrs.apic_base = 0;
	CPUID(1, 0);
	check(test, "leaf 1", "APIC follows its MSR", edx & BIT(9), 0);
	check_true(test, "feature", "EDX bit 0", cpu_has_feature(cpu, 1, 3, 0));
	check_true(test, "feature", "no such register", !cpu_has_feature(cpu, 1, 4, 0));
	check_true(test, "feature", "no such leaf", !cpu_has_feature(cpu, 99, 3, 0));
}

static struct kunit_case control_cases[] = {
	KUNIT_CASE(cr0),
	KUNIT_CASE(cr4),
	KUNIT_CASE(other_control_registers),
	KUNIT_CASE(reserved_bits_of_pointers),
	KUNIT_CASE(address_widths),
	KUNIT_CASE(when_pointers_are_loaded),
	KUNIT_CASE(debug_registers),
	KUNIT_CASE(general_detect),
	KUNIT_CASE(msr_values),
	KUNIT_CASE(msr_list),
	KUNIT_CASE(long_mode),
	KUNIT_CASE(cpuid_leaves),
	{},
};

static struct kunit_suite control_suite = {
	.name = "ringlet_cpu_control",
	.test_cases = control_cases,
};
kunit_test_suite(control_suite);
