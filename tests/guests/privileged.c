// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: each privileged instruction does in guest ring 0 what the manual
 * says, and in guest ring 3 raises #GP(0).
 */
#include "guest.h"

static void test_interrupt_flag(void)
{
	TRY("cli; sti; cli");
	check_no_fault("CLI and STI");
	TRY("clts");
	check_no_fault("CLTS");
}

static void test_control_registers(void)
{
	u32 cr0 = read_cr0();

	write_cr0(cr0 | CR0_TS);
	check_equal(read_cr0(), cr0 | CR0_TS, "MOV to CR0 sets TS");
	asm volatile("clts");
	check_equal(read_cr0(), cr0 & ~CR0_TS, "CLTS clears it");
	write_cr2(0x12345678);
	check_equal(read_cr2(), 0x12345678, "CR2 keeps what is written");
	write_cr3(0x00abc000);
	check_equal(read_cr3(), 0x00abc000, "CR3 keeps what is written");
	write_cr4(CR4_PSE | CR4_PGE);
	check_equal(read_cr4(), CR4_PSE | CR4_PGE, "CR4 keeps what is written");
	write_cr4(0);
	TRY("mov %0, %%cr0", "r"((cr0 | CR0_PG) & ~1u));
	check_fault(VECTOR_GP, 0, "paging without protection: #GP(0)");
	TRY("mov %0, %%cr4", "r"(0x80000000));
	check_fault(VECTOR_GP, 0, "a reserved bit of CR4: #GP(0)");
	TRY("lmsw %w0", "r"((cr0 & 0xf) | CR0_TS));
	check_equal(read_cr0() & 0xf, (cr0 & 0xf) | CR0_TS, "LMSW sets TS");
	TRY("lmsw %w0", "r"(0));
	check(read_cr0() & 1, "LMSW cannot leave protected mode");
	write_cr0(cr0);
}

static void test_tables(void)
{
	struct table_register table = { 0x7f, (u32)gdt };
	struct table_register old = { sizeof(gdt) - 1, (u32)gdt };

	TRY("lgdt %0", "m"(table));
	check_no_fault("LGDT");
	TRY("mov %0, %%fs", "r"(0x80));
	check_fault(VECTOR_GP, 0x80, "a selector past the limit: #GP(selector)");
	asm volatile("lgdt %0" ::"m"(old));
	TRY("lldt %w0", "r"(0));
	check_no_fault("LLDT of null");
	TRY("mov %0, %%fs", "r"(4));
	check_fault(VECTOR_GP, 4, "a selector of an absent LDT: #GP(selector)");
	TRY("lldt %w0", "r"(KERNEL_DS));
	check_fault(VECTOR_GP, KERNEL_DS, "LLDT of a data segment: #GP(selector)");
	TRY("ltr %w0", "r"(TSS_SELECTOR));
	check_fault(VECTOR_GP, TSS_SELECTOR, "LTR of a busy TSS: #GP(selector)");
}

static void test_segment_loads(void)
{
	TRY("mov %0, %%es", "r"(0));
	check_no_fault("null into ES");
	asm volatile("mov %0, %%es" ::"r"(KERNEL_DS));
	TRY("mov %0, %%ss", "r"(0));
	check_fault(VECTOR_GP, 0, "null into SS: #GP(0)");
	TRY("mov %0, %%ss", "r"(USER_DS));
	check_fault(VECTOR_GP, USER_DS & ~3u, "a ring-3 segment into SS: #GP(selector)");
	TRY("mov %0, %%ss", "r"(KERNEL_DS));
	check_no_fault("MOV to SS with RPL 0");
	gdt[FREE_SELECTOR / 8] = descriptor(0, 0xfffff, ACCESS_DATA0 & ~0x80, FLAGS_32_4K);
	TRY("mov %0, %%fs", "r"(FREE_SELECTOR));
	check_fault(VECTOR_NP, FREE_SELECTOR, "a segment that is not present: #NP(selector)");
	TRY("mov %0, %%ss", "r"(FREE_SELECTOR));
	check_fault(VECTOR_SS, FREE_SELECTOR, "the same into SS: #SS(selector)");
	gdt[FREE_SELECTOR / 8] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	TRY("mov %0, %%fs", "r"(FREE_SELECTOR));
	check_no_fault("a descriptor is taken as it is now, not as it was");
	TRY("mov %0, %%fs", "r"(TSS_SELECTOR));
	check_fault(VECTOR_GP, TSS_SELECTOR, "a TSS into FS: #GP(selector)");
}

static void test_msrs(void)
{
	wrmsr(0x174, 0x8);
	check_equal((u32)rdmsr(0x174), 8, "SYSENTER_CS keeps what is written");
	wrmsr(0x174, 0);
	TRY("mov $0x12345678, %%ecx; rdmsr", "i"(0));
	check_fault(VECTOR_GP, 0, "RDMSR of none: #GP(0)");
	TRY("mov $0x12345678, %%ecx; xor %%eax, %%eax; cltd; wrmsr", "i"(0));
	check_fault(VECTOR_GP, 0, "WRMSR of none: #GP(0)");
}

static void test_others(void)
{
	u64 before = rdtsc();

	check(rdtsc() > before, "RDTSC goes on");
	TRY("invlpg (%0)", "r"(0x100000));
	check_no_fault("INVLPG");
	TRY("wbinvd");
	check_no_fault("WBINVD");
	TRY("ud2");
	check_fault(VECTOR_UD, 0, "UD2: #UD");
	TRY("mov %%cr1, %%eax", "i"(0));
	check_fault(VECTOR_UD, 0, "MOV from CR1: #UD");
}

#define USER_TEST(name, code)                                         \
	static void user_##name(void)                                 \
	{                                                             \
		asm volatile(code ::: "eax", "ecx", "edx", "memory"); \
	}
USER_TEST(cli, "cli")
USER_TEST(sti, "sti")
USER_TEST(hlt, "hlt")
USER_TEST(in, "inb $0x71, %%al")
USER_TEST(out, "outb %%al, $0x80")
USER_TEST(mov_from_cr0, "mov %%cr0, %%eax")
USER_TEST(mov_to_cr3, "mov %%eax, %%cr3")
USER_TEST(mov_from_dr7, "mov %%dr7, %%eax")
USER_TEST(lgdt, "lgdt 0")
USER_TEST(lidt, "lidt 0")
USER_TEST(lldt, "xor %%eax, %%eax; lldt %%ax")
USER_TEST(ltr, "ltr %%ax")
USER_TEST(lmsw, "lmsw %%ax")
USER_TEST(clts, "clts")
USER_TEST(invlpg, "invlpg 0")
USER_TEST(wbinvd, "wbinvd")
USER_TEST(rdmsr, "rdmsr")
USER_TEST(wrmsr, "wrmsr")

static const struct {
	void (*run)(void);
	const char *name;
} user_tests[] = {
	{ user_cli, "CLI in ring 3: #GP(0)" },
	{ user_sti, "STI in ring 3: #GP(0)" },
	{ user_hlt, "HLT in ring 3: #GP(0)" },
	{ user_in, "IN in ring 3: #GP(0)" },
	{ user_out, "OUT in ring 3: #GP(0)" },
	{ user_mov_from_cr0, "MOV from CR0 in ring 3: #GP(0)" },
	{ user_mov_to_cr3, "MOV to CR3 in ring 3: #GP(0)" },
	{ user_mov_from_dr7, "MOV from DR7 in ring 3: #GP(0)" },
	{ user_lgdt, "LGDT in ring 3: #GP(0)" },
	{ user_lidt, "LIDT in ring 3: #GP(0)" },
	{ user_lldt, "LLDT in ring 3: #GP(0)" },
	{ user_ltr, "LTR in ring 3: #GP(0)" },
	{ user_lmsw, "LMSW in ring 3: #GP(0)" },
	{ user_clts, "CLTS in ring 3: #GP(0)" },
	{ user_invlpg, "INVLPG in ring 3: #GP(0)" },
	{ user_wbinvd, "WBINVD in ring 3: #GP(0)" },
	{ user_rdmsr, "RDMSR in ring 3: #GP(0)" },
	{ user_wrmsr, "WRMSR in ring 3: #GP(0)" },
};

static void test_ring3(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(user_tests); i++) {
		run_user(user_tests[i].run);
		check_fault(VECTOR_GP, 0, user_tests[i].name);
	}
}

void guest_main(void)
{
	test_interrupt_flag();
	test_control_registers();
	test_tables();
	test_segment_loads();
	test_msrs();
	test_others();
	test_ring3();
}
