// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of `ringlet holes` and the decoder's classes are one: each probe
 * executes an instruction of the class that the decoder gives it, and each
 * operation that the decoder calls privileged or sensitive is probed, or is in
 * the list below with the reason why not. Built with -m32: the probes' code is
 * 32-bit code.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "holes.h"
#include "tool_test.h"

#define CODE(label, text) "code_" #label ": " text "\n1:\nend_" #label ": nop\n"
asm(".pushsection .text\n" PROBE_CODE_LIST(CODE) ".popsection");
#define LABELS(label, text) code_##label[], end_##label[],
extern const u8 PROBE_CODE_LIST(LABELS) last_label[];

static const struct {
	const u8 *start, *end;
} codes[PROBES] = {
#define CODE_ROW(name, label, ...) { code_##label, end_##label },
	PROBE_LIST(CODE_ROW)
};

/* Sensitive, and not probed. */
static const struct {
	u16 operation;
	const char *reason;
} unprobed[] = {
	{ OPERATION_SYSCALL, "no CPUID of a guest offers it" },
	{ OPERATION_INS, "as IN and OUT; the test guests have them" },
	{ OPERATION_OUTS, "as IN and OUT; the test guests have them" },
	{ OPERATION_SYSRET, "the other half of system calls; the test guests have it" },
	{ OPERATION_SYSEXIT, "the other half of system calls; the test guests have it" },
	{ OPERATION_INVD, "it would lose the memory of a bare machine" },
	{ OPERATION_MONITOR, "no CPUID of a guest offers it" },
	{ OPERATION_MWAIT, "no CPUID of a guest offers it" },
	{ OPERATION_XSAVES, "no CPUID of a guest offers it" },
	{ OPERATION_XRSTORS, "no CPUID of a guest offers it" },
	{ OPERATION_XSETBV, "no CPUID of a guest offers it" },
	{ OPERATION_RDPRU, "no CPUID of a guest offers it" },
	{ OPERATION_WRPKRU, "no CPUID of a guest offers it" },
	{ OPERATION_PCONFIG, "no CPUID of a guest offers it" },
	{ OPERATION_ENCLS, "no CPUID of a guest offers it" },
	{ OPERATION_ENCLV, "no CPUID of a guest offers it" },
	{ OPERATION_GETSEC, "no CPUID of a guest offers it" },
	{ OPERATION_RSM, "no CPUID of a guest offers it" },
	{ OPERATION_VMCALL, "virtualization is not nested" },
	{ OPERATION_VMLAUNCH, "virtualization is not nested" },
	{ OPERATION_VMRESUME, "virtualization is not nested" },
	{ OPERATION_VMXOFF, "virtualization is not nested" },
	{ OPERATION_VMPTRLD, "virtualization is not nested" },
	{ OPERATION_VMPTRST, "virtualization is not nested" },
	{ OPERATION_VMREAD, "virtualization is not nested" },
	{ OPERATION_VMWRITE, "virtualization is not nested" },
	{ OPERATION_VMFUNC, "virtualization is not nested" },
	{ OPERATION_VMRUN, "virtualization is not nested" },
	{ OPERATION_VMMCALL, "virtualization is not nested" },
	{ OPERATION_VMLOAD, "virtualization is not nested" },
	{ OPERATION_VMSAVE, "virtualization is not nested" },
	{ OPERATION_STGI, "virtualization is not nested" },
	{ OPERATION_CLGI, "virtualization is not nested" },
	{ OPERATION_SKINIT, "virtualization is not nested" },
	{ OPERATION_INVLPGA, "virtualization is not nested" },
	{ OPERATION_INVLPGB, "virtualization is not nested" },
	{ OPERATION_TLBSYNC, "virtualization is not nested" },
};

static bool probed[OPERATIONS];

static enum insn_class class_of(unsigned int probe)
{
	const struct instruction *instruction = &instructions[expectations[probe].instruction];

	if (expectations[probe].innocuous)
		return INSN_INNOCUOUS;
	return instruction->class == CLASS_PRIVILEGED ? INSN_PRIVILEGED : INSN_SENSITIVE_SILENT;
}

/* All instructions of a probe; the strictest class among them is the probe's. */
static void test_probe(unsigned int probe)
{
	const u8 *at = codes[probe].start;
	enum insn_class found = INSN_INNOCUOUS;
	bool matches = false;

	while (at < codes[probe].end) {
		struct insn insn;

		if (decode_insn(&insn, at, (unsigned int)(codes[probe].end - at), INSN_MODE_32) !=
		    DECODE_OK) {
			CHECK(!"the decoder knows the code of the probe");
			return;
		}
		probed[insn.operation] = true;
		matches |= insn.class == class_of(probe);
		if (insn.class != INSN_INNOCUOUS)
			found = insn.class;
		at += insn.length;
	}
	CHECK(matches);
	CHECK((found == INSN_INNOCUOUS) == (class_of(probe) == INSN_INNOCUOUS));
}

static void test_every_probe(void)
{
	char name[160];

	for (unsigned int probe = 0; probe < PROBES; probe++) {
		begin_test();
		test_probe(probe);
		snprintf(name, sizeof(name), "the decoder and the ledger agree on %s",
			 probe_entries[probe].name);
		end_test(name);
	}
}

static bool is_excused(u16 operation)
{
	for (size_t i = 0; i < sizeof(unprobed) / sizeof(unprobed[0]); i++)
		if (unprobed[i].operation == operation && unprobed[i].reason)
			return true;
	return false;
}

static void note_classes(const u8 *bytes, bool *sensitive)
{
	struct insn insn;

	if (decode_insn(&insn, bytes, INSN_MAX_LENGTH, INSN_MODE_32) == DECODE_OK &&
	    insn.class != INSN_INNOCUOUS)
		sensitive[insn.operation] = true;
}

/* Every opcode of the maps that have such instructions, with every ModRM byte. */
static void test_nothing_is_left_out(void)
{
	static const u8 maps[][2] = { { 0, 0 }, { 1, 0x0f } };
	static bool sensitive[OPERATIONS];

	for (size_t map = 0; map < 2; map++)
		for (unsigned int opcode = 0; opcode < 256; opcode++)
			for (unsigned int modrm = 0; modrm < 256; modrm++) {
				u8 bytes[INSN_MAX_LENGTH] = { maps[map][1] };

				bytes[maps[map][0]] = (u8)opcode;
				bytes[maps[map][0] + 1] = (u8)modrm;
				note_classes(bytes, sensitive);
			}
	for (unsigned int i = 0; i < OPERATIONS; i++) {
		char name[160];

		if (!sensitive[i])
			continue;
		begin_test();
		CHECK(probed[i] != is_excused((u16)i));
		snprintf(name, sizeof(name), "%s is probed, or excused", operation_name(i));
		end_test(name);
	}
}

/* A ledger with an empty field would print nonsense. */
static void test_words(void)
{
	begin_test();
	for (size_t i = 0; i < instruction_count; i++)
		CHECK(instructions[i].name && instructions[i].manual && instructions[i].harm &&
		      instructions[i].closes);
	for (unsigned int i = 0; i < PROBES; i++)
		CHECK(expectations[i].state && expectations[i].vector &&
		      expectations[i].instruction < instruction_count);
	end_test("nothing in the ledger is empty");
}

int main(void)
{
	test_every_probe();
	test_nothing_is_left_out();
	test_words();
	return end_tests();
}
