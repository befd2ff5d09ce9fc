/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cannot be asked of an emulator, each with its reason. Nothing is left
 * out silently: every instruction that was, is counted under its reason.
 */
#ifndef REPLAY_EXCLUDE_H
#define REPLAY_EXCLUDE_H

#include "machine.h"

enum exclusion {
	EXCLUDED_NOT,
	/* The manual leaves the result open, or it is not the same twice. */
	EXCLUDED_UNDEFINED,
	EXCLUDED_HOST,
	EXCLUDED_NATIVE,
	EXCLUDED_HALT,
	EXCLUDED_SAME_TASK,
	/* QEMU's emulation does otherwise than processors; Bochs does not. */
	EXCLUDED_STRICT_FIRST,
	EXCLUDED_SEGMENT = EXCLUDED_STRICT_FIRST,
	EXCLUDED_ALIGNMENT,
	EXCLUDED_ICEBP,
	EXCLUDED_VIRTUAL_IF,
	EXCLUDED_CONTROL,
	EXCLUDED_CONTROL_RING,
	EXCLUDED_DEBUG,
	EXCLUDED_DEBUG_RESERVED,
	EXCLUDED_RESERVED,
	EXCLUDED_NOP,
	EXCLUDED_NEW,
	EXCLUDED_CACHE_LINE,
	EXCLUDED_MSR_UNKNOWN,
	EXCLUDED_CR0_RESERVED,
	EXCLUDED_ACCESSED,
	EXCLUDED_NULL_TASK,
	EXCLUDED_STACK_ABSENT,
	EXCLUDED_ADX,
	EXCLUDED_WRAP,
	EXCLUDED_TASK_PAGES,
	EXCLUDED_BOUND,
	EXCLUDED_ENTER_TOP,
	EXCLUDED_RETF_WRAP,
	EXCLUDED_LDT_TASK,
	EXCLUDED_GATE16,
	EXCLUDED_GATE_ABSENT,
	EXCLUDED_CROSSING,
	EXCLUDED_IRET_VM,
	EXCLUDED_SYSENTER,
	EXCLUDED_RETURN_LIMIT,
	EXCLUDED_ENTER,
	EXCLUDED_CONFORMING,
	EXCLUDED_ENCODING,
	EXCLUDED_LOCK,
	EXCLUDED_STI_TRAP,
	EXCLUDED_NULL,
	EXCLUDED_TASK16,
	EXCLUDED_STACK_RING,
	EXCLUDED_RET_NEGATIVE,
	EXCLUDED_NEW_TASK,
	EXCLUDED_MSR,
	EXCLUDED_TEST,
	EXCLUDED_ARPL,
	EXCLUDED_LAR,
	EXCLUDED_SIZE16,
	EXCLUDED_COUNTERS,
	EXCLUDED_PUSH_SEGMENT,
	EXCLUDED_PARTIAL,
	EXCLUDED_TASK_RETURN,
	EXCLUDED_HIGH_CODE,
	EXCLUDED_JUMP_WRAP,
	EXCLUDED_TASK_CONFORMING,
	EXCLUDED_STACK_DESCRIPTOR,
	EXCLUDED_REAL_STACK,
	EXCLUDED_OWN_CODE,
	/* Asked, but not all of the answer is compared. */
	EXCLUDED_PART_FIRST,
	EXCLUDED_MODIFY = EXCLUDED_PART_FIRST,
	EXCLUDED_FLAGS_FAULT,
	EXCLUDED_EXTERNAL,
	EXCLUDED_CMPXCHG8B,
	EXCLUDED_TASK_FLAGS,
	EXCLUSIONS,
};

/* One sentence a reason. */
extern const char *const exclusion_names[EXCLUSIONS];

/* Whether an interrupt from here finds a stack that QEMU takes for another one. */
bool excluded_real_stack(const struct virtual_cpu *cpu);

/**
 * exclusion_of() - whether what just happened can be compared
 * @machine: after an instruction that machine_execute() answered with @result
 * @trace: of it
 * @before: the CPU as it was
 * @mark: the undo count as it was
 *
 * May execute the instruction again under laxer rules, and then once more as
 * it was.
 */
enum exclusion exclusion_of(struct machine *machine, const struct machine_trace *trace,
			    const struct cpu_snapshot *before, unsigned int mark,
			    enum cpu_result result);

#endif /* REPLAY_EXCLUDE_H */
