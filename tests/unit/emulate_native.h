/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs single instructions on the real processor, in 32-bit user mode, and
 * says what they did. The half of the emulator's oracle that knows signals and
 * address space; emulate_oracle.c generates and compares. Builds with -m32.
 */
#ifndef RINGLET_TESTS_EMULATE_NATIVE_H
#define RINGLET_TESTS_EMULATE_NATIVE_H

#include <ringlet/types.h>
#include <ringlet/x86.h>

/*
 * The address space that instructions may reach. All of the zone is reserved
 * without access, so that a stray access faults and hits nothing of ours; so
 * do the first 64 KiB, which nobody can map.
 */
#define NATIVE_LOW_END	0x00010000U
#define NATIVE_ZONE	0x20000000U
#define NATIVE_ZONE_END 0xa0000000U
/* Code: filled with INT3, so that wherever a branch goes it stops. */
#define NATIVE_CODE	  0x40000000U
#define NATIVE_CODE_BYTES 0x10000U
#define NATIVE_CODE_START (NATIVE_CODE + 0x8000U)
/* Data: two writable pages, one that can only be read, nothing around. */
#define NATIVE_DATA	0x60000000U
#define NATIVE_WRITABLE 0x2000U
#define NATIVE_READABLE 0x3000U
/* FS: a data segment of its own over the data, with a limit. */
#define NATIVE_FS_BASE	NATIVE_DATA
#define NATIVE_FS_LIMIT 0x27ffU
/* A 16-bit stack segment over the data. */
#define NATIVE_STACK16_BASE  NATIVE_DATA
#define NATIVE_STACK16_LIMIT 0x2bffU

/**
 * struct native_state - registers before and after
 * @eip: linear, also of 16-bit code, whose segment begins at NATIVE_CODE
 * @trap: vector that ended it; X86_TRAP_BP: the instruction completed
 * @error_code: of the fault
 * @cr2: of a page fault
 */
struct native_state {
	u32 regs[8]; /* by enum general_register */
	u32 eip;
	u32 eflags;
	u32 trap;
	u32 error_code;
	u32 cr2;
};

/* Selectors as the kernel gave them to us. */
extern u16 native_selectors[SEGMENT_REGISTERS];
/* A 16-bit code segment of 64 KiB at NATIVE_CODE, and the 16-bit stack; 0 if
 * this kernel has no LDT. */
extern u16 native_code16, native_stack16;

/**
 * struct native_mode - how native_run() executes an instruction
 * @code16: in the 16-bit code segment
 * @stack16: on the 16-bit stack
 * @straight: nothing but the next instruction can follow, so that it needs no
 *	signal to notice the end
 */
struct native_mode {
	bool code16;
	bool stack16;
	bool straight;
};

/* Map the zone, catch signals. Exits with a sentence if it cannot. */
void native_init(void);

/* Whether linear addresses @start.. may be touched by an instruction. */
bool native_is_safe(u64 start, unsigned int bytes);

/* Whether the kernel would take ESP for one on the signal stack. */
bool native_on_signal_stack(u32 esp);

/**
 * native_run() - execute one instruction
 * @state: what to start from, apart from EIP, which is NATIVE_CODE_START; gets
 *	what came of it
 * @code: the instruction; it is copied
 * @length: its bytes
 * @mode: where
 */
void native_run(struct native_state *state, const u8 *code, unsigned int length,
		struct native_mode mode);

#endif /* RINGLET_TESTS_EMULATE_NATIVE_H */
