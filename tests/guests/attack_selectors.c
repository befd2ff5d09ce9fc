// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: no instruction that takes or inspects a selector tells a guest of
 * the descriptors that ringlet hides in its shadow GDT, or loads one of them:
 * LAR, LSL, VERR, VERW over all selectors, and each load and far transfer to
 * each hidden place, in guest ring 0 and ring 3.
 */
#include "guest.h"

/* The LDT, 64-bit code and TSS of ringlet's, and what surrounds them. */
#define HIDDEN 0xff00
/* See attack_descriptors.c: these may hold a segment of the guest's own. */
#define OVERRIDES     0xffa0
#define OVERRIDES_END 0xffd0

static volatile u32 answers; /* selectors that no table of ours has and that answered */
static u32 first_answer;

static bool is_ours(u32 selector)
{
	u32 index = selector / 8;

	if (selector & 4)
		return false;
	return (index < GDT_ENTRIES && gdt[index]) ||
	       ((selector & ~7u) >= OVERRIDES && (selector & ~7u) < OVERRIDES_END);
}

#define ANSWERS(code, selector)                                                                 \
	({                                                                                      \
		bool zero;                                                                      \
		u32 out;                                                                        \
                                                                                                \
		asm volatile(code "; setz %0" : "=q"(zero), "=&r"(out) : "r"(selector) : "cc"); \
		zero;                                                                           \
	})

static void ask_all(void)
{
	u32 selector;

	answers = 0;
	for (selector = 0; selector < 0x10000; selector++) {
		bool any = ANSWERS("lar %2, %1", selector);

		any |= ANSWERS("lsl %2, %1", selector);
		any |= ANSWERS("verr %w2", selector);
		any |= ANSWERS("verw %w2", selector);
		if (any && !is_ours(selector)) {
			if (!answers)
				first_answer = selector;
			answers++;
		}
	}
}

/* Far pointers of all six-byte and four-byte loads. */
static struct {
	u32 offset;
	u16 selector;
} __attribute__((packed)) pointer;

static volatile u32 loads;

#define TRY_LOAD(code)                                                               \
	do {                                                                         \
		TRY(code, "m"(pointer), "r"((u32)pointer.selector), "i"(KERNEL_DS)); \
		if (fault.vector == NO_FAULT)                                        \
			loads++;                                                     \
	} while (0)

static void test_loads(void)
{
	u32 selector;

	loads = 0;
	for (selector = HIDDEN; selector < 0x10000; selector++) {
		if ((selector & ~7u) >= OVERRIDES && (selector & ~7u) < OVERRIDES_END)
			continue;
		pointer.selector = (u16)selector;
		TRY_LOAD("les %0, %%eax");
		TRY_LOAD("lds %0, %%eax");
		TRY_LOAD("lfs %0, %%eax");
		TRY_LOAD("lgs %0, %%eax");
		TRY_LOAD("lss %0, %%esp");
		TRY_LOAD("movw %w1, %%ss");
		TRY_LOAD("push %1; pop %%es");
		TRY_LOAD("push %1; pop %%ss");
		TRY_LOAD("ljmp *%0");
		TRY_LOAD("lcall *%0");
		TRY_LOAD("push %1; push $0; lret");
		TRY_LOAD("pushf; push %1; push $0; iret");
		TRY_LOAD("lldt %w1");
		TRY_LOAD("ltr %w1");
	}
	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs; mov %0, %%ss" ::"r"(
		KERNEL_DS));
	check_equal(loads, 0, "ring 0: no load and no far transfer takes a hidden selector");
}

static void user_loads(void)
{
	asm volatile("mov $0xffe0, %%ax; mov %%ax, %%es" ::: "eax");
}

static void user_stack_load(void)
{
	asm volatile("mov $0xfff3, %%ax; mov %%ax, %%ss" ::: "eax");
}

static void user_jump(void)
{
	asm volatile("ljmp $0xffe3, $0x1000");
}

static void user_call(void)
{
	asm volatile("lcall $0xffe0, $0x1000");
}

static void user_iret(void)
{
	asm volatile("push $0x202; push $0xffe0; push $0x1000; iret" ::: "memory");
}

void guest_main(void)
{
	ask_all();
	check_equal(answers, 0, "ring 0: LAR, LSL, VERR, VERW answer for the guest's own alone");
	if (answers)
		comment("the first selector", first_answer);
	run_user(ask_all);
	check(fault.vector == NO_FAULT, "ring 3 may ask");
	check_equal(answers, 0, "ring 3: likewise");
	if (answers)
		comment("the first selector", first_answer);
	test_loads();
	run_user(user_loads);
	check_fault(VECTOR_GP, 0xffe0, "ring 3: MOV to ES: #GP(selector)");
	run_user(user_stack_load);
	check_fault(VECTOR_GP, 0xfff0, "ring 3: MOV to SS: #GP(selector)");
	run_user(user_jump);
	check_fault(VECTOR_GP, 0xffe0, "ring 3: far JMP: #GP(selector)");
	run_user(user_call);
	check_fault(VECTOR_GP, 0xffe0, "ring 3: far CALL: #GP(selector)");
	run_user(user_iret);
	check_fault(VECTOR_GP, 0xffe0, "ring 3: IRET: #GP(selector)");
}
