/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the emulator's suites share: to put bytes where the fake machine's CPU
 * will execute, and to execute them.
 */
#ifndef RINGLET_TESTS_EMULATE_TEST_H
#define RINGLET_TESTS_EMULATE_TEST_H

#include "cpu_test.h"
#include "emulate/emulate.h"

/* A row's instruction, from a string of its bytes. */
#define CODE(text) .code = text, .length = sizeof(text) - 1

#define NM	   FAULT_WITHOUT_CODE(X86_TRAP_NM)
#define DE	   FAULT_WITHOUT_CODE(X86_TRAP_DE)
#define DB	   FAULT_WITHOUT_CODE(X86_TRAP_DB)
#define BR	   FAULT_WITHOUT_CODE(X86_TRAP_BR)

static inline enum insn_mode code_mode(void)
{
	return cpu->segments[SEGMENT_CS].db ? INSN_MODE_32 : INSN_MODE_16;
}

/* Execute @code at CS:EIP. What does not decode is #UD. */
static inline enum cpu_result execute(const char *code, unsigned int length)
{
	struct insn insn;

	fake_put(&machine, cpu->segments[SEGMENT_CS].base + cpu->rip, code, length);
	remember();
	if (decode_insn(&insn, (const u8 *)code, length, code_mode()) != DECODE_OK)
		return cpu_fault(cpu, X86_TRAP_UD);
	return emulate_insn(cpu, &insn);
}

#define EXECUTE(text) execute(text, sizeof(text) - 1)

/* Execute it and check the result; a fault must have left all as it was. */
#define STEP(test, row, text, wanted) check_outcome(test, row, EXECUTE(text), wanted)

#endif /* RINGLET_TESTS_EMULATE_TEST_H */
