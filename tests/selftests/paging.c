// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of paging, met by a guest: the walks that the guest walk's suites
 * are tested with, one access each by the processor through the shadow, judged
 * by what the guest sees and by the entries afterwards. Then accesses one after
 * the other through the same shadow.
 */
#include <string.h>
#include <sys/mman.h>

#include "selftest.h"

/* The list is written for code that has these from elsewhere. */
#undef ARRAY_SIZE
#define CASE_BASE 0x200000ULL
#include "mmu_walk_list.h"

#define MEMORY		   0x1000000
#define POINTERS	   0x1fe000 /* PAE's first level */
#define LOW_TABLE	   0x1ff000 /* what lies below CASE_BASE, as it is */
#define HANDLER_FAULT	   0x12000
#define HANDLER_PROTECTION 0x12800
#define USER_STACK	   0x8000
#define HIGH_PAGE	   0xfffff5000ULL
#define PAGE		   4096

#define HLT		   0xf4
#define WRITTEN		   0x77

GUEST_CODE(read, "mov (%ebx), %al\n hlt");
GUEST_CODE(write, "mov %al, (%ebx)\n hlt");
GUEST_CODE(modify, "incb (%ebx)\n hlt");
GUEST_CODE(fetch, "jmp *%ebx");
/* Ring 3 ends here too, by the #GP of its HLT. */
GUEST_CODE(page_fault, "mov (%esp), %edx\n mov $14, %ecx\n hlt");
GUEST_CODE(protection, "mov $13, %ecx\n hlt");

static struct machine machine;
static struct kvm_sregs flat; /* as after machine_boot() */
static unsigned char *high_page;

static void add_high_page(void)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.guest_phys_addr = HIGH_PAGE,
		.memory_size = PAGE,
	};

	high_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	region.userspace_addr = (uintptr_t)high_page;
	if (high_page == MAP_FAILED || ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("a slot above 4 GiB");
}

static void prepare(void)
{
	machine_create(&machine, MEMORY);
	add_high_page();
	MACHINE_BOOT(&machine, read);
	memcpy(machine.memory + HANDLER_FAULT, guest_page_fault,
	       guest_page_fault_end - guest_page_fault);
	memcpy(machine.memory + HANDLER_PROTECTION, guest_protection,
	       guest_protection_end - guest_protection);
	machine_set_gate(&machine, 14, HANDLER_FAULT);
	machine_set_gate(&machine, 13, HANDLER_PROTECTION);
	if (ioctl(machine.vcpu, KVM_GET_SREGS, &flat))
		bail_out("KVM_GET_SREGS");
}

static unsigned char *memory_at(u64 gpa)
{
	if (gpa >= HIGH_PAGE && gpa < HIGH_PAGE + PAGE)
		return high_page + (gpa - HIGH_PAGE);
	return machine.memory + gpa;
}

static void set_entry(u64 gpa, bool pae, u64 value)
{
	memcpy(machine.memory + gpa, &value, pae ? 8 : 4);
}

static u64 entry(u64 gpa, bool pae)
{
	u64 value = 0;

	memcpy(&value, machine.memory + gpa, pae ? 8 : 4);
	return value;
}

static u64 pde_gpa(bool pae)
{
	return CASE_BASE + (pae ? 2 * 8 : 1 * 4);
}

static u64 pte_gpa(bool pae)
{
	return CASE_BASE + PAGE + 3 * (pae ? 8 : 4);
}

static void make_tables(const struct walk_case *one)
{
	const bool pae = one->mode != CASE_TWO_LEVEL;
	unsigned int i;

	memset(machine.memory + CASE_BASE, 0, 8 * PAGE);
	memset(machine.memory + POINTERS, 0, PAGE);
	set_entry(POINTERS, true, CASE_BASE | PTE_P);
	for (i = 0; i < PAGE / (pae ? 8 : 4); i++)
		set_entry(LOW_TABLE + i * (pae ? 8 : 4), pae,
			  (u64)i * PAGE | PTE_P | PTE_W | PTE_U);
	set_entry(CASE_BASE, pae, LOW_TABLE | PTE_P | PTE_W | PTE_U);
	set_entry(pde_gpa(pae), pae, one->pde);
	set_entry(pte_gpa(pae), pae, one->pte);
	if (one->result == WALK_OK)
		*memory_at(one->gpa) = HLT;
}

static void set_privilege(struct kvm_sregs *sregs, unsigned int cpl)
{
	if (cpl != 3)
		return;
	sregs->cs.selector = MACHINE_USER_CODE_SELECTOR;
	sregs->ss.selector = MACHINE_USER_DATA_SELECTOR;
	sregs->cs.dpl = 3;
	sregs->ss.dpl = 3;
	sregs->ds = sregs->ss;
	sregs->es = sregs->ss;
	sregs->fs = sregs->ss;
	sregs->gs = sregs->ss;
}

static void set_mode(const struct walk_case *one)
{
	struct kvm_sregs sregs = flat;
	const bool pae = one->mode != CASE_TWO_LEVEL;

	sregs.cr0 |= X86_CR0_PG | one->cr0;
	sregs.cr4 = one->cr4 | (pae ? X86_CR4_PAE : 0);
	sregs.cr3 = pae ? POINTERS : CASE_BASE;
	sregs.cr2 = 0;
	sregs.efer = one->mode == CASE_PAE_NX ? EFER_NX : 0;
	set_privilege(&sregs, one->cpl);
	if (ioctl(machine.vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
}

static void load_code(unsigned int access)
{
	const char *code = guest_read, *end = guest_read_end;

	if (access == ACCESS_WRITE) {
		code = guest_write;
		end = guest_write_end;
	} else if (access == ACCESS_MODIFY) {
		code = guest_modify;
		end = guest_modify_end;
	} else if (access == ACCESS_FETCH) {
		code = guest_fetch;
		end = guest_fetch_end;
	}
	memcpy(machine.memory + MACHINE_CODE, code, end - code);
}

/* Make one access from ring @cpl, whose segments are set. */
static void access_once(unsigned int cpl, struct kvm_regs *regs)
{
	*regs = (struct kvm_regs){
		.rip = MACHINE_CODE,
		.rsp = cpl == 3 ? USER_STACK : MACHINE_STACK,
		.rflags = 2,
		.rax = WRITTEN,
		.rbx = CASE_LINEAR,
	};
	machine_set_regs(&machine, regs);
	if (machine_run(&machine))
		bail_out("KVM_RUN");
	machine_get_regs(&machine, regs);
}

static const char *judge_fault(const struct kvm_regs *regs, u32 error_code)
{
	struct kvm_sregs sregs;

	if (machine.run->exit_reason != KVM_EXIT_HLT || regs->rcx != 14)
		return "no #PF";
	if (regs->rdx != error_code)
		return "other error code";
	ioctl(machine.vcpu, KVM_GET_SREGS, &sregs);
	return sregs.cr2 == CASE_LINEAR ? NULL : "other CR2";
}

static const char *judge_success(const struct walk_case *one, const struct kvm_regs *regs)
{
	const unsigned char byte = *memory_at(one->gpa);

	if (machine.run->exit_reason != KVM_EXIT_HLT || regs->rcx != (one->cpl == 3 ? 13 : 0))
		return "the access did not succeed";
	if (one->access == ACCESS_READ && (regs->rax & 0xff) != HLT)
		return "something else was read";
	if (one->access == ACCESS_WRITE && byte != WRITTEN)
		return "it was written elsewhere";
	if (one->access == ACCESS_MODIFY && byte != HLT + 1)
		return "it was modified elsewhere";
	return NULL;
}

/*
 * Emulators make a read-modify-write in two steps, of which the first may set A
 * before the second faults.
 */
static const char *judge_entries(const struct walk_case *one)
{
	const bool pae = one->mode != CASE_TWO_LEVEL;
	const u64 ignored = one->access == ACCESS_MODIFY && one->result == WALK_FAULT ? PTE_A : 0;
	const u64 pde = entry(pde_gpa(pae), pae), pte = entry(pte_gpa(pae), pae);

	if ((pde ^ (one->pde_after ?: one->pde)) & ~ignored ||
	    (pte ^ (one->pte_after ?: one->pte)) & ~ignored)
		return "other entries afterwards";
	return NULL;
}

static const char *run_case(const struct walk_case *one)
{
	const char *wrong = NULL;
	struct kvm_regs regs;
	unsigned int i;

	make_tables(one);
	load_code(one->access);
	/* The second time the shadow is there. */
	for (i = 0; i < 2 && !wrong; i++) {
		if (one->result == WALK_OK)
			*memory_at(one->gpa) = HLT;
		set_mode(one);
		access_once(one->cpl, &regs);
		if (one->result == WALK_NO_MEMORY)
			wrong = machine.run->exit_reason == KVM_EXIT_INTERNAL_ERROR
					? NULL
					: "the VM was not stopped";
		else if (one->result == WALK_FAULT)
			wrong = judge_fault(&regs, one->error_code);
		else
			wrong = judge_success(one, &regs);
	}
	return wrong ?: judge_entries(one);
}

/* What a selftest can have the guest do. */
static bool applies(const struct walk_case *one)
{
	return !(one->access & ACCESS_SYSTEM) && !(one->cr4 & (X86_CR4_SMEP | X86_CR4_SMAP)) &&
	       (one->cpl == 0 || one->cpl == 3);
}

static void test_list(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(walk_cases) / sizeof(walk_cases[0]); i++) {
		const struct walk_case *one = &walk_cases[i];
		const char *wrong;

		if (!applies(one))
			continue;
		wrong = run_case(one);
		check(!wrong, "%s%s%s", one->name, wrong ? ": " : "", wrong ?: "");
		if (wrong)
			machine_explain(&machine);
	}
}

/* ---- one access after the other ------------------------------------------ */

struct step {
	unsigned int cpl;
	unsigned int access;
	int error_code; /* of the #PF, or -1 */
};

/*
 * Change only the ring between two steps: CS, SS and the others; KVM_SET_SREGS
 * would start with an empty shadow.
 */
GUEST_CODE(to_user, "mov $0x33, %ecx\n mov %ecx, %ds\n mov %ecx, %es\n xor %ecx, %ecx\n"
		    "push $0x33\n push $0x8000\n push $2\n push $0x2b\n push $0x10000\n iret");

#define TO_USER 0x13000

static const char *run_step(const struct step *step)
{
	struct kvm_regs regs = {
		.rip = step->cpl == 3 ? TO_USER : MACHINE_CODE,
		.rsp = MACHINE_STACK,
		.rflags = 2,
		.rax = WRITTEN,
		.rbx = CASE_LINEAR,
	};

	load_code(step->access);
	machine_set_regs(&machine, &regs);
	if (machine_run(&machine))
		return "KVM_RUN failed";
	machine_get_regs(&machine, &regs);
	if (step->error_code >= 0)
		return judge_fault(&regs, step->error_code);
	if (machine.run->exit_reason != KVM_EXIT_HLT || regs.rcx != (step->cpl == 3 ? 13 : 0))
		return "the access did not succeed";
	return NULL;
}

/* Any order of accesses: 0 to 2 supervisor read, write, fetch; 3 to 5 of ring 3. */
static const struct step without_wp[] = {
	{ 0, ACCESS_READ, -1 }, { 0, ACCESS_WRITE, -1 }, { 0, ACCESS_FETCH, -1 },
	{ 3, ACCESS_READ, -1 }, { 3, ACCESS_WRITE, 7 },	 { 3, ACCESS_FETCH, -1 },
};

static const struct step with_wp[] = {
	{ 0, ACCESS_READ, -1 }, { 0, ACCESS_WRITE, 3 }, { 0, ACCESS_FETCH, -1 },
	{ 3, ACCESS_READ, -1 }, { 3, ACCESS_WRITE, 7 }, { 3, ACCESS_FETCH, -1 },
};

static const struct walk_case read_only_user_page = {
	.pde = CASE_PDE(PTE_P | PTE_W | PTE_U),
	.pte = CASE_PTE(PTE_P | PTE_U),
	.gpa = CASE_GPA,
};

/* Each access after each other one, in one shadow. */
static const char *run_orders(const struct step steps[6], u64 cr0)
{
	struct walk_case one = read_only_user_page;
	const char *wrong = NULL;
	unsigned int i;

	one.cr0 = cr0;
	make_tables(&one);
	set_mode(&one);
	for (i = 0; i < 6 * 6 && !wrong; i++) {
		*memory_at(one.gpa) = HLT;
		wrong = run_step(&steps[i / 6]);
		*memory_at(one.gpa) = HLT;
		if (!wrong)
			wrong = run_step(&steps[i % 6]);
	}
	if (wrong)
		note("step %u of ring %u after %u of ring %u", i / 6 % 3, steps[i / 6].cpl, i % 3,
		     steps[i % 6].cpl);
	return wrong;
}

static const char *run_dirty(void)
{
	static const struct step steps[] = { { 3, ACCESS_READ, -1 }, { 3, ACCESS_WRITE, -1 } };
	struct walk_case one = read_only_user_page;
	const char *wrong;

	one.pte |= PTE_W;
	make_tables(&one);
	set_mode(&one);
	wrong = run_step(&steps[0]);
	if (!wrong && entry(pte_gpa(false), false) != (one.pte | PTE_A))
		wrong = "a read sets A, nothing else";
	if (!wrong)
		wrong = run_step(&steps[1]);
	if (!wrong && entry(pte_gpa(false), false) != (one.pte | PTE_A | PTE_D))
		wrong = "a write after a read sets D";
	return wrong;
}

static void test_sequences(void)
{
	const char *wrong;

	memcpy(machine.memory + TO_USER, guest_to_user, guest_to_user_end - guest_to_user);
	wrong = run_orders(without_wp, 0);
	check(!wrong, "WP=0: each access after each other%s%s", wrong ? ": " : "", wrong ?: "");
	wrong = run_orders(with_wp, X86_CR0_WP);
	check(!wrong, "WP=1: each access after each other%s%s", wrong ? ": " : "", wrong ?: "");
	wrong = run_dirty();
	check(!wrong, "A and D one after the other%s%s", wrong ? ": " : "", wrong ?: "");
}

int main(void)
{
	prepare();
	test_list();
	test_sequences();
	machine_destroy(&machine);
	return finish();
}
