// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why an instruction is not asked of an emulator, in words. See exclude.h.
 */
#include "exclude.h"

const char *const exclusion_names[EXCLUSIONS] = {
	[EXCLUDED_UNDEFINED] = "the manual leaves the result open",
	[EXCLUDED_HOST] = "time, identification: not the same on two machines",
	[EXCLUDED_NATIVE] = "floating point and vectors: executed natively, tested elsewhere",
	[EXCLUDED_HALT] = "HLT, which nothing would end",
	[EXCLUDED_SAME_TASK] = "a task that switches to itself, which is not marked busy",
	[EXCLUDED_SEGMENT] = "segment limits, types, null segments: QEMU does not check them",
	[EXCLUDED_ALIGNMENT] = "#AC: QEMU does not raise it",
	[EXCLUDED_ICEBP] = "INT1: QEMU raises #UD",
	[EXCLUDED_VIRTUAL_IF] = "VIF and VIP: QEMU's IRET does not load them",
	[EXCLUDED_CONTROL] = "bad values for control registers: QEMU takes them",
	[EXCLUDED_CONTROL_RING] =
		"control registers that do not exist, outside ring 0: QEMU raises #GP, not #UD",
	[EXCLUDED_DEBUG] = "breakpoints and DR7.GD",
	[EXCLUDED_DEBUG_RESERVED] = "reserved bits of DR6 and DR7: QEMU keeps some",
	[EXCLUDED_RESERVED] = "#PF for reserved bits of an entry: QEMU's error code lacks P",
	[EXCLUDED_STACK_RING] = "a far transfer's stack in ring 3: QEMU looks with ring 0's rights",
	[EXCLUDED_RET_NEGATIVE] =
		"RET and RETF of 32 KiB and more: QEMU takes the number for negative",
	[EXCLUDED_NOP] = "0F 0D and 0F 18 of a register, which do nothing: QEMU raises #UD",
	[EXCLUDED_NEW] = "instructions that QEMU does not have",
	[EXCLUDED_CACHE_LINE] = "CLFLUSH and its like: QEMU does not look at the address",
	[EXCLUDED_ENCODING] =
		"undefined encodings: QEMU executes some; tests of the decoder have them",
	[EXCLUDED_LOCK] = "LOCK where it is not allowed: QEMU does not always mind",
	[EXCLUDED_STI_TRAP] = "single step of STI, PAUSE, LSS, a second load of SS: QEMU misses it",
	[EXCLUDED_NULL] = "null selectors with an RPL, going to an outer ring: QEMU drops the RPL",
	[EXCLUDED_TASK16] = "upper halves of registers from a 16-bit task: QEMU keeps the old ones",
	[EXCLUDED_NEW_TASK] = "faults in the new task of a task switch: QEMU tells the old EIP",
	[EXCLUDED_MSR] = "upper bits of SYSENTER's MSRs: QEMU for i386 has none",
	[EXCLUDED_MSR_UNKNOWN] =
		"MSRs that do not exist: QEMU reads zeros and drops what is written",
	[EXCLUDED_CR0_RESERVED] = "reserved bits of CR0: QEMU keeps them",
	[EXCLUDED_ACCESSED] =
		"accessed bits set by far transfers and tasks: QEMU does not set them",
	[EXCLUDED_SYSENTER] = "SYSENTER with a null selector that is not 0: QEMU takes it",
	[EXCLUDED_IRET_VM] =
		"IRET outside ring 0 of an image with VM: QEMU enters virtual-8086 mode",
	[EXCLUDED_CMPXCHG8B] =
		"CMPXCHG8B: QEMU spoils the flags other than ZF, so they are not compared",
	[EXCLUDED_TASK_FLAGS] =
		"JMP and CALL to a task: QEMU spoils its status flags, so they are not compared",
	[EXCLUDED_LDT_TASK] =
		"JMP and CALL to a TSS in the LDT or to a bad one: QEMU goes there, or raises #TS",
	[EXCLUDED_GATE16] =
		"16-bit call gates with something where 32-bit ones have the offset: QEMU takes it",
	[EXCLUDED_GATE_ABSENT] = "JMP through a gate to absent code: QEMU raises #GP, not #NP",
	[EXCLUDED_CROSSING] = "#PF of read-modify-write across pages: QEMU reads both pages first",
	[EXCLUDED_BOUND] = "BOUND across pages: QEMU reads both bounds whatever the first says",
	[EXCLUDED_ENTER_TOP] =
		"ENTER to another page: QEMU does not look at the new top of the stack",
	[EXCLUDED_RETF_WRAP] = "RETF outside protected mode where SP wraps: QEMU reads on",
	[EXCLUDED_WRAP] = "EIP just below 4 GiB: QEMU aborts",
	[EXCLUDED_TASK_PAGES] = "#PF of a TSS in a task switch: QEMU reads it in another order",
	[EXCLUDED_STACK_ABSENT] =
		"RETF and IRET to an absent stack segment: QEMU raises #NP, not #SS",
	[EXCLUDED_ADX] = "ADCX and ADOX: QEMU spoils flags if a fault comes soon after them",
	[EXCLUDED_NULL_TASK] = "LTR of a null selector: QEMU takes it",
	[EXCLUDED_RETURN_LIMIT] = "RETF and IRET past the limit of the new CS: QEMU goes there",
	[EXCLUDED_ENTER] =
		"ENTER where SP of a 16-bit stack wraps: QEMU borrows from ESP's upper half",
	[EXCLUDED_CONFORMING] =
		"far calls of conforming code from an outer ring: QEMU's gates load the wrong RPL",
	[EXCLUDED_EXTERNAL] =
		"EXT in the error code of a fault on the way to a handler: QEMU does not set it",
	[EXCLUDED_TEST] = "F6 /1 and F7 /1, which are TEST: QEMU raises #UD",
	[EXCLUDED_ARPL] = "ARPL that raises nothing: QEMU writes memory all the same",
	[EXCLUDED_MODIFY] =
		"#PF of read-modify-write: QEMU may tell of the read, so W is not compared",
	[EXCLUDED_FLAGS_FAULT] =
		"#PF of an instruction that reads or compares flags: QEMU spoils them, so they are not compared",
	[EXCLUDED_LAR] = "LAR's bits 16 to 19: undefined, QEMU clears them",
	[EXCLUDED_SIZE16] = "MOVBE and CRC32 in 16-bit code: QEMU takes 32-bit code's operand size",
	[EXCLUDED_COUNTERS] = "RDPMC: QEMU raises #UD",
	[EXCLUDED_PUSH_SEGMENT] = "PUSH of a selector as a doubleword: QEMU writes all of it",
	[EXCLUDED_PARTIAL] =
		"several accesses of which a later one faults: QEMU leaves the earlier ones",
	[EXCLUDED_TASK_RETURN] = "return to a task that CALL left: QEMU saves spoiled flags there",
	[EXCLUDED_HIGH_CODE] =
		"16-bit code above 64 KiB: QEMU cuts EIP, if a block of its own ends there",
	[EXCLUDED_JUMP_WRAP] = "16-bit relative jumps that wrap at 64 KiB: QEMU does not cut EIP",
	[EXCLUDED_TASK_CONFORMING] = "tasks in conforming code of an inner ring: QEMU raises #TS",
};
