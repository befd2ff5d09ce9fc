/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites of the virtual CPU share: one fake machine, what a step is
 * expected to end with, and checks that name the row of a table which failed.
 * The suites build in the kernel and, with tests/unit/shim, in userspace.
 */
#ifndef RINGLET_TESTS_CPU_TEST_H
#define RINGLET_TESTS_CPU_TEST_H

#include <kunit/test.h>

#include "fake_bus.h"

/*
 * What came of a step, in one number: FINE, or a fault with or without an
 * error code, or another result.
 */
#define FINE			   0U
#define FAULT(vector, code)	   (0x80000000U | (unsigned int)(vector) << 16 | (code))
#define FAULT_WITHOUT_CODE(vector) (0xc0000000U | (unsigned int)(vector) << 16)
#define OTHER(result)		   (0x40000000U | (result))

#define GP(code)		   FAULT(X86_TRAP_GP, code)
#define SS(code)		   FAULT(X86_TRAP_SS, code)
#define NP(code)		   FAULT(X86_TRAP_NP, code)
#define TS(code)		   FAULT(X86_TRAP_TS, code)
#define PF(code)		   FAULT(X86_TRAP_PF, code)
#define UD			   FAULT_WITHOUT_CODE(X86_TRAP_UD)

/* Bits 40..47 of descriptors: present segments, present system descriptors. */
#define SEGMENT(type, dpl) (0x90U | (dpl) << 5 | (type))
#define SYSTEM(type, dpl)  (0x80U | (dpl) << 5 | (type))
#define ABSENT(access)	   ((access) & ~0x80U)

#define DATA_RO		   0x1U
#define DATA_RW		   0x3U
#define DATA_RW_DOWN	   0x7U
#define CODE_X		   0x9U
#define CODE_XR		   0xbU
#define CODE_X_CONFORMING  0xdU
#define CODE_XR_CONFORMING 0xfU

#define FLAGS_32	   0xcU /* G, D/B */
#define FLAGS_BYTES_32	   0x4U

static struct fake_machine machine;
static struct virtual_cpu *const cpu = &machine.cpu;
static struct virtual_cpu before;

static inline unsigned int outcome_of(enum cpu_result result)
{
	if (result == CPU_OK)
		return FINE;
	if (result != CPU_FAULT)
		return OTHER(result);
	if (!cpu->fault.has_error_code)
		return FAULT_WITHOUT_CODE(cpu->fault.vector);
	return FAULT(cpu->fault.vector, cpu->fault.error_code);
}

static inline void check(struct kunit *test, const char *row, const char *what, u64 found,
			 u64 wanted)
{
	KUNIT_EXPECT_EQ_MSG(test, found, wanted, "%s: %s", row, what);
}

static inline void check_true(struct kunit *test, const char *row, const char *what, bool found)
{
	KUNIT_EXPECT_TRUE_MSG(test, found, "%s: %s", row, what);
}

/* Remember the state that a fault has to leave alone. */
static inline void remember(void)
{
	memcpy(&before, cpu, sizeof(before));
	machine.writes = 0;
}

static inline void check_unchanged(struct kunit *test, const char *row)
{
	before.fault = cpu->fault;
	before.stop_reason = cpu->stop_reason;
	check_true(test, row, "a fault changes nothing in the CPU",
		   !memcmp(&before, cpu, sizeof(before)));
	check(test, row, "a fault writes nothing", machine.writes, 0);
}

/* The result, and that a fault left everything as remember() found it. */
static inline void check_outcome(struct kunit *test, const char *row, enum cpu_result result,
				 unsigned int wanted)
{
	KUNIT_EXPECT_EQ_MSG(test, outcome_of(result), wanted, "%s", row);
	if (result == CPU_FAULT)
		check_unchanged(test, row);
}

#endif /* RINGLET_TESTS_CPU_TEST_H */
