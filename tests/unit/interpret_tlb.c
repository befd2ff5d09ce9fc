// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the interpreter's TLB and its jump cache must forget, and what they must
 * keep: each way to drop a translation, against pages in their first place and
 * pages that another has driven out of it. Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fake_bus.h"
#include "interpret/interpret.h"

#define PLACES	   512U /* pages with numbers that differ by this share a place */
#define MANY	   64U
#define CODE	   FAKE_CODE
#define OTHER_CODE 0x9000U /* physical: as CODE is, with another constant */
#define NEAR	   0x00400000U
#define FAR	   (NEAR + PLACES * FAKE_PAGE)
#define LARGE	   0x00800000U
#define NEAR_GFN   0x20U
#define FAR_GFN	   0x21U

static u8 machine_space[sizeof(struct fake_machine) + 2 * FAKE_PAGE] __aligned(FAKE_PAGE);
static u8 interpreter_space[2 << 20] __aligned(FAKE_PAGE);
static struct fake_machine *machine;
static struct interpreter *interpreter;
static unsigned int results, failed;

static bool should_stop(struct virtual_cpu *cpu)
{
	(void)cpu;
	return false;
}

static void code_dropped(struct virtual_cpu *cpu, u64 gfn)
{
	(void)cpu;
	(void)gfn;
}

static const struct interpreter_host host = {
	.should_stop = should_stop,
	.code_dropped = code_dropped,
};

static void check(bool good, const char *what)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++results, what);
	failed += !good;
}

static void *page_at(u64 gfn)
{
	return machine->memory + gfn * FAKE_PAGE;
}

static void start(void)
{
	machine = (struct fake_machine *)(machine_space + FAKE_PAGE -
					  offsetof(struct fake_machine, memory) % FAKE_PAGE);
	fake_machine_protected(machine);
	memset(interpreter_space, 0, sizeof(interpreter_space));
	interpreter = interpreter_init(&machine->cpu, &host, interpreter_space,
				       sizeof(interpreter_space));
	if (!interpreter)
		abort();
}

#define ALL_RIGHTS (INTERPRET_PAGE_READ | INTERPRET_PAGE_WRITE)

static void enter(u32 linear, u64 gfn, unsigned int rights)
{
	interpreter_tlb_fill(interpreter, linear, page_at(gfn), gfn, rights, ACCESS_READ);
}

static bool can_read(u32 linear)
{
	u32 value;

	return interpreter_tlb_read(interpreter, linear, &value, 4, ACCESS_READ);
}

static bool can_write(u32 linear)
{
	u32 value = 0;

	return interpreter_tlb_write(interpreter, linear, &value, 4, ACCESS_WRITE);
}

static bool reads(u32 linear, u32 wanted)
{
	u32 value;

	return interpreter_tlb_read(interpreter, linear, &value, 4, ACCESS_READ) && value == wanted;
}

/* NEAR is driven out by FAR; both are known. */
static void enter_two(unsigned int rights)
{
	start();
	fake_put32(machine, NEAR_GFN * FAKE_PAGE, 0x11111111);
	fake_put32(machine, FAR_GFN * FAKE_PAGE, 0x22222222);
	enter(NEAR, NEAR_GFN, rights);
	enter(FAR, FAR_GFN, rights);
}

/* ---- data --------------------------------------------------------------------- */

static void test_both_known(void)
{
	enter_two(ALL_RIGHTS);
	check(reads(NEAR, 0x11111111) && reads(FAR, 0x22222222) && can_write(NEAR),
	      "two pages of one place are both known");
	check(!can_read(NEAR + 2 * PLACES * FAKE_PAGE), "a third one of that place is not");

	enter(NEAR, FAR_GFN, ALL_RIGHTS);
	check(reads(NEAR, 0x22222222), "what is entered anew replaces what was driven out");
	enter(FAR, FAR_GFN, ALL_RIGHTS);
	check(reads(NEAR, 0x22222222), "also after it is driven out again");
	interpreter_tlb_flush_page(interpreter, NEAR);
	check(!can_read(NEAR), "and no older one comes up behind it");
}

static void test_rights(void)
{
	enter_two(INTERPRET_PAGE_READ);
	check(can_read(NEAR) && !can_write(NEAR), "what was driven out keeps its rights");
}

static void test_flush(void)
{
	enter_two(ALL_RIGHTS);
	interpreter_tlb_flush(interpreter, false);
	check(!can_read(NEAR) && !can_read(FAR), "a full flush drops both");

	enter_two(ALL_RIGHTS);
	interpreter_tlb_flush(interpreter, true);
	check(!can_read(NEAR) && !can_read(FAR), "a load of CR3 drops both");

	enter_two(ALL_RIGHTS | INTERPRET_PAGE_GLOBAL);
	interpreter_tlb_flush(interpreter, true);
	check(can_read(NEAR) && can_read(FAR), "of global pages it keeps both");
	interpreter_tlb_flush(interpreter, false);
	check(!can_read(NEAR) && !can_read(FAR), "a full flush drops global ones, too");
	interpreter_tlb_flush(interpreter, true);
	check(!can_read(NEAR), "for good");

	/* The one driven out is local, its driver is not. */
	start();
	enter(NEAR, NEAR_GFN, ALL_RIGHTS);
	enter(FAR, FAR_GFN, ALL_RIGHTS | INTERPRET_PAGE_GLOBAL);
	interpreter_tlb_flush(interpreter, true);
	check(!can_read(NEAR) && can_read(FAR), "a load of CR3 tells one from the other");
}

static void test_flush_page(void)
{
	enter_two(ALL_RIGHTS | INTERPRET_PAGE_GLOBAL);
	interpreter_tlb_flush_page(interpreter, NEAR);
	check(!can_read(NEAR) && can_read(FAR), "INVLPG drops what was driven out");
	enter_two(ALL_RIGHTS);
	interpreter_tlb_flush_page(interpreter, FAR);
	check(can_read(NEAR) && !can_read(FAR), "or what has driven it out");

	start();
	enter(LARGE, NEAR_GFN, ALL_RIGHTS | INTERPRET_PAGE_LARGE);
	enter(LARGE + PLACES * FAKE_PAGE, FAR_GFN, ALL_RIGHTS | INTERPRET_PAGE_LARGE);
	interpreter_tlb_flush_page(interpreter, LARGE + 7 * FAKE_PAGE);
	check(!can_read(LARGE) && !can_read(LARGE + PLACES * FAKE_PAGE),
	      "INVLPG drops all of a large page, driven out or not");
}

static void test_memory(void)
{
	enter_two(ALL_RIGHTS);
	interpreter_tlb_protect(interpreter, NEAR_GFN);
	check(can_read(NEAR) && !can_write(NEAR) && can_write(FAR),
	      "a page that is tracked from now on cannot be written");
	enter_two(ALL_RIGHTS);
	interpreter_code_page_add(interpreter, NEAR_GFN);
	check(!can_write(NEAR) && can_write(FAR), "nor can one that holds code");
	enter_two(ALL_RIGHTS);
	interpreter_tlb_drop(interpreter, NEAR_GFN);
	check(!can_read(NEAR) && can_read(FAR), "a page that moves in the host is not known");
}

static void test_privilege(void)
{
	enter_two(ALL_RIGHTS);
	fake_machine_user(machine);
	check(!can_read(NEAR) && !can_read(FAR), "ring 3 does not know what ring 0 knows");
	check(interpreter_tlb_read(interpreter, NEAR, &(u32){ 0 }, 4, ACCESS_READ | ACCESS_SYSTEM),
	      "but for what the processor itself reads");
}

/* As many as come and go, none is ever where another was. */
static void test_many(void)
{
	unsigned int round, i;
	bool good = true;

	start();
	for (i = 0; i < MANY / 4; i++)
		fake_put32(machine, (NEAR_GFN + i) * FAKE_PAGE, i);
	for (round = 0; round < 1000; round++) {
		u32 page = round * 0x9e3779b1U >> 24;
		u32 linear = NEAR + (page / 16 * PLACES + page % 16) * FAKE_PAGE;
		u32 which = (page / 16 + page % 16) % 16;
		u32 value;

		if (interpreter_tlb_read(interpreter, linear, &value, 4, ACCESS_READ))
			good = good && value == which;
		else
			enter(linear, NEAR_GFN + which, ALL_RIGHTS);
		good = good && reads(linear, which);
	}
	check(good, "of many pages each is where it belongs");
}

/* ---- programs ----------------------------------------------------------------- */

static unsigned int data_fills, code_fills, slow_steps;
static u64 code_gfn;
static unsigned int code_rights;

static void fill(const struct interpret_report *report)
{
	u32 page = (u32)report->linear & ~(FAKE_PAGE - 1);

	if (report->access & ACCESS_FETCH) {
		code_fills++;
		interpreter_tlb_fill(interpreter, page, page_at(code_gfn), code_gfn,
				     INTERPRET_PAGE_READ | code_rights, report->access);
		return;
	}
	data_fills++;
	interpreter_tlb_fill(interpreter, page, page_at(page == FAR ? FAR_GFN : NEAR_GFN),
			     page == FAR ? FAR_GFN : NEAR_GFN, ALL_RIGHTS, report->access);
}

/* Until the program comes to its HLT. */
static void run(void)
{
	struct interpret_report report;
	unsigned int i;

	machine->cpu.rip = CODE;
	data_fills = code_fills = slow_steps = 0;
	for (i = 0; i < 10000; i++) {
		switch (interpreter_run(interpreter, 1000000, &report)) {
		case INTERPRET_TLB_MISS: fill(&report); break;
		case INTERPRET_CODE_PAGE: interpreter_code_page_add(interpreter, report.gfn); break;
		case INTERPRET_SLOW: slow_steps++; return;
		default: break;
		}
	}
}

static void put_program(u32 at, const u8 *bytes, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		fake_put8(machine, at + i, bytes[i]);
}

static void start_program(const u8 *bytes, unsigned int count)
{
	start();
	code_gfn = CODE / FAKE_PAGE;
	code_rights = INTERPRET_PAGE_EXECUTE | INTERPRET_PAGE_GLOBAL;
	put_program(CODE, bytes, count);
	machine->cpu.regs[REG_SI] = NEAR;
	machine->cpu.regs[REG_DI] = FAR;
	machine->cpu.regs[REG_AX] = 0;
}

static void test_loop(void)
{
	/* 1: add (%esi),%eax; add (%edi,%ebx),%eax; dec %ecx; jnz 1b; hlt */
	static const u8 program[] = { 0x03, 0x06, 0x03, 0x04, 0x1f, 0x49, 0x75, 0xf8, 0xf4 };

	start_program(program, sizeof(program));
	fake_put32(machine, NEAR_GFN * FAKE_PAGE, 3);
	fake_put32(machine, FAR_GFN * FAKE_PAGE, 4);
	machine->cpu.regs[REG_BX] = 0;
	machine->cpu.regs[REG_CX] = 1000;
	run();
	check((u32)machine->cpu.regs[REG_AX] == 7000 && !(u32)machine->cpu.regs[REG_CX],
	      "a loop that uses two pages of one place computes what it should");
	check(data_fills == 2, "and misses each of them once");
}

static void test_string(void)
{
	/* rep movsl; hlt */
	static const u8 program[] = { 0xf3, 0xa5, 0xf4 };
	unsigned int i;

	start_program(program, sizeof(program));
	for (i = 0; i < FAKE_PAGE; i += 4)
		fake_put32(machine, NEAR_GFN * FAKE_PAGE + i, i * 0x01010101U);
	machine->cpu.regs[REG_CX] = FAKE_PAGE / 4;
	run();
	check(machine->cpu.rip == CODE + 2 && !(u32)machine->cpu.regs[REG_CX] &&
		      !memcmp(page_at(NEAR_GFN), page_at(FAR_GFN), FAKE_PAGE),
	      "a page is copied to one of the same place");
	check(data_fills == 2, "with one miss of each");
}

/* One instruction that cannot have both pages at once still ends. */
static void test_both_at_once(void)
{
	/* push (%esi); hlt */
	static const u8 program[] = { 0xff, 0x36, 0xf4 };

	start_program(program, sizeof(program));
	machine->cpu.regs[REG_SP] = FAR + 0x100;
	run();
	check(slow_steps == 1 && machine->cpu.rip == CODE,
	      "an instruction that needs both at once is left to the emulator");
}

/* ---- code ----------------------------------------------------------------------- */

static u64 lookups(void)
{
	return interpreter_statistics(interpreter)->code_lookups;
}

/* Looked up are the start, and where the jump leads if the cache does not know it. */
static u64 run_counting(void)
{
	u64 before = lookups();

	run();
	return lookups() - before;
}

static void start_jump(unsigned int rights)
{
	/* mov $0x8010,%ecx; jmp *%ecx; at 0x8010: mov $1,%eax; hlt */
	static const u8 program[] = { 0xb9, 0x10, 0x80, 0, 0, 0xff, 0xe1 };
	static const u8 one[] = { 0xb8, 1, 0, 0, 0, 0xf4 };
	static const u8 two[] = { 0xb8, 2, 0, 0, 0, 0xf4 };

	start_program(program, sizeof(program));
	put_program(CODE + 0x10, one, sizeof(one));
	put_program(OTHER_CODE, program, sizeof(program));
	put_program(OTHER_CODE + 0x10, two, sizeof(two));
	code_rights = INTERPRET_PAGE_EXECUTE | rights;
	run();
}

static void test_jumps(void)
{
	u64 warm, cold;

	start_jump(INTERPRET_PAGE_GLOBAL);
	warm = run_counting();
	interpreter_tlb_flush(interpreter, true);
	check(run_counting() == warm && !code_fills, "the jump cache survives a load of CR3");
	interpreter_tlb_flush(interpreter, false);
	cold = run_counting();
	check(cold > warm && code_fills, "but not a full flush");

	start_jump(INTERPRET_PAGE_GLOBAL);
	code_gfn = OTHER_CODE / FAKE_PAGE;
	interpreter_tlb_flush_page(interpreter, CODE);
	run();
	check(machine->cpu.regs[REG_AX] == 2, "INVLPG shows what the code's address maps to now");

	start_jump(0);
	code_gfn = OTHER_CODE / FAKE_PAGE;
	interpreter_tlb_flush(interpreter, true);
	run();
	check(machine->cpu.regs[REG_AX] == 2, "a load of CR3 does, where code is not global");

	start_jump(INTERPRET_PAGE_GLOBAL);
	code_gfn = OTHER_CODE / FAKE_PAGE;
	interpreter_tlb_drop(interpreter, CODE / FAKE_PAGE);
	run();
	check(machine->cpu.regs[REG_AX] == 2, "so does a page that was taken away");
}

int main(void)
{
	test_both_known();
	test_rights();
	test_flush();
	test_flush_page();
	test_memory();
	test_privilege();
	test_many();
	test_loop();
	test_string();
	test_both_at_once();
	test_jumps();
	printf("1..%u\n", results);
	return failed != 0;
}
