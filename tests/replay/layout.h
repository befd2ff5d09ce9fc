/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the replay guest and the program that prepares its tests agree on:
 * where things lie in the guest's memory, and the records of a batch. Included
 * by assembly, by the guest's C (32-bit) and by the program (64-bit).
 *
 * A test is a state of the processor, some bytes to put into memory, and the
 * result that it ought to have. The guest puts the bytes, loads the state,
 * lets it run until an exception brings it back, and writes down what it found.
 */
#ifndef REPLAY_LAYOUT_H
#define REPLAY_LAYOUT_H

/* ---- the arena: all that tests may see, below 1 MiB for real mode's sake ---- */

#define ARENA	       0x10000
#define ARENA_END      0x40000
#define ARENA_BYTES    (ARENA_END - ARENA)

#define ARENA_GDT      0x10000
#define ARENA_LDT      0x11000 /* two, 0x800 bytes apart */
#define ARENA_IDT      0x12000
#define ARENA_IVT      0x13000 /* real mode's vector table */
#define ARENA_TSS      0x14000 /* the one that tests start with */
#define ARENA_TASKS    0x15000 /* others, 0x200 bytes apart: enum task in world.h */
#define ARENA_TABLES   0x16000 /* page tables, eight pages */
#define ARENA_PDPT     (ARENA_TABLES + 4 * 4096)
#define ARENA_STATE    0x20000 /* struct replay_state, then struct replay_result */
#define ARENA_LOW      0x20000 /* base of the segment for 16-bit code of ours */
#define ARENA_LOW_CODE 0x21000
#define ARENA_CODE     0x24000
#define ARENA_DATA     0x28000
#define ARENA_STACKS   0x38000 /* rings 0 to 3, two pages each */

#define LOW_SEGMENT    0x2000

/* Nothing answers on these ports. */
#define FREE_PORT  0x580
#define FREE_PORTS 64

/* Where the guest finds a batch: one of two places. */
#define BATCH_0	    0x1000000
#define BATCH_BYTES 0x800000

/* Selectors that the guest itself needs in every GDT. */
#define SEL_CODE     0x08
#define SEL_DATA     0x10
#define SEL_LOW_CODE 0x18 /* 16-bit, base ARENA_LOW */
#define SEL_DATA16   0x20 /* real mode's limits */
#define SEL_LOW_DATA 0x28

/* struct replay_state: offsets for assembly, checked below. */
#define STATE_REGS   0x00 /* in the order of POPA */
#define STATE_EIP    0x20
#define STATE_CS     0x24
#define STATE_EFLAGS 0x28
#define STATE_ESP    0x2c
#define STATE_SS     0x30
#define STATE_ES     0x34
#define STATE_DS     0x38
#define STATE_FS     0x3c
#define STATE_GS     0x40
#define STATE_CR0    0x44
#define STATE_CR2    0x48
#define STATE_CR3    0x4c
#define STATE_CR4    0x50
#define STATE_TR     0x54
#define STATE_LDTR   0x58
#define STATE_KIND   0x5c
#define STATE_GDTR   0x60
#define STATE_IDTR   0x68

#define KIND_RING0   0
#define KIND_OUTER   1 /* protected mode, rings 1 to 3 */
#define KIND_V86     2
#define KIND_REAL    3

/* struct replay_result, at ARENA_STATE + RESULT. */
#define RESULT	       0x400
#define RESULT_EAX     (RESULT + 0x00)
#define RESULT_ECX     (RESULT + 0x04)
#define RESULT_EDX     (RESULT + 0x08)
#define RESULT_EBX     (RESULT + 0x0c)
#define RESULT_ESP     (RESULT + 0x10)
#define RESULT_EBP     (RESULT + 0x14)
#define RESULT_ESI     (RESULT + 0x18)
#define RESULT_EDI     (RESULT + 0x1c)
#define RESULT_VECTOR  (RESULT + 0x20)
#define RESULT_ERROR   (RESULT + 0x24)
#define RESULT_EIP     (RESULT + 0x28)
#define RESULT_CS      (RESULT + 0x2c)
#define RESULT_EFLAGS  (RESULT + 0x30)
#define RESULT_OLD_ESP (RESULT + 0x34)
#define RESULT_OLD_SS  (RESULT + 0x38)
#define RESULT_OLD_ES  (RESULT + 0x3c)
#define RESULT_OLD_DS  (RESULT + 0x40)
#define RESULT_OLD_FS  (RESULT + 0x44)
#define RESULT_OLD_GS  (RESULT + 0x48)
#define RESULT_ES      (RESULT + 0x4c)
#define RESULT_SS      (RESULT + 0x50)
#define RESULT_DS      (RESULT + 0x54)
#define RESULT_FS      (RESULT + 0x58)
#define RESULT_GS      (RESULT + 0x5c)
#define RESULT_CR0     (RESULT + 0x60)
#define RESULT_CR2     (RESULT + 0x64)
#define RESULT_CR3     (RESULT + 0x68)
#define RESULT_CR4     (RESULT + 0x6c)
#define RESULT_DR6     (RESULT + 0x70)
#define RESULT_TR      (RESULT + 0x74)
#define RESULT_LDTR    (RESULT + 0x78)
#define RESULT_GATE    (RESULT + 0x7c) /* GATE_* */
#define RESULT_GDTR    (RESULT + 0x80)
#define RESULT_IDTR    (RESULT + 0x88)
#define RESULT_BYTES   0x90

#define GATE_32	       0
#define GATE_16	       1
#define GATE_TASK      2
#define GATE_REAL      3

#define STUB_BYTES     16 /* each of the 256 entries of a table of stubs */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct replay_table {
	uint16_t limit;
	uint16_t base_low;
	uint16_t base_high;
	uint16_t pad;
};

struct replay_state {
	uint32_t edi, esi, ebp, unused, ebx, edx, ecx, eax;
	uint32_t eip, cs, eflags, esp, ss, es, ds, fs, gs;
	uint32_t cr0, cr2, cr3, cr4, tr, ldtr, kind;
	struct replay_table gdtr, idtr;
};

struct replay_result {
	uint32_t regs[8]; /* eax ecx edx ebx esp ebp esi edi */
	uint32_t vector, error, eip, cs, eflags;
	uint32_t old_esp, old_ss, old_es, old_ds, old_fs, old_gs;
	uint32_t es, ss, ds, fs, gs;
	uint32_t cr0, cr2, cr3, cr4, dr6, tr, ldtr, gate;
	struct replay_table gdtr, idtr;
};

_Static_assert(offsetof(struct replay_state, eip) == STATE_EIP, "STATE_EIP");
_Static_assert(offsetof(struct replay_state, gs) == STATE_GS, "STATE_GS");
_Static_assert(offsetof(struct replay_state, kind) == STATE_KIND, "STATE_KIND");
_Static_assert(offsetof(struct replay_state, idtr) == STATE_IDTR, "STATE_IDTR");
_Static_assert(offsetof(struct replay_result, vector) + RESULT == RESULT_VECTOR, "VECTOR");
_Static_assert(offsetof(struct replay_result, old_gs) + RESULT == RESULT_OLD_GS, "OLD_GS");
_Static_assert(offsetof(struct replay_result, gate) + RESULT == RESULT_GATE, "GATE");
_Static_assert(sizeof(struct replay_result) == RESULT_BYTES, "RESULT_BYTES");

/**
 * struct replay_record - a test in a batch; patches follow it
 * @bytes: of all of it
 * @instructions: that it executes
 * @patch_bytes: of the patches: each is an address, a length, the bytes
 * @excluded: what of it only a strict processor can be asked, 0: nothing
 * @result: what the guest found
 * @expected: what it should be
 * @mask: bits of it that count
 */
struct replay_record {
	uint32_t bytes, instructions, patch_bytes, excluded;
	struct replay_state state;
	struct replay_result result, expected, mask;
};

#define BATCH_MAGIC 0x59414c50

/**
 * struct replay_batch - tests that share the arena that they begin with
 * @bytes: of all of it: in a file, the next batch follows
 * @count: of tests
 * @done: how many the guest has finished
 * @world: the arena, as an offset from here; in the end what became of it
 * @records: the first test, likewise
 * @after: the arena as it should be at the end
 */
struct replay_batch {
	uint32_t magic, bytes, count, done;
	uint32_t world, records, after, pad;
};

/*
 * What follows the multiboot header in the image: where the program finds the
 * code that it lets the virtual CPU run.
 */
struct replay_image {
	uint32_t multiboot[3];
	uint32_t enter; /* loads the state of the test */
	uint32_t done;	/* arrived here, the result is complete */
	uint32_t stubs; /* of 32-bit gates */
	uint32_t stubs16;
	uint32_t stubs_real;
	uint32_t task_stub;
	uint32_t low, low_end; /* what belongs at ARENA_LOW_CODE */
	uint32_t gdt, gdt_bytes;
	uint32_t idt;
	uint32_t stack;
	uint32_t image_end;
};

#endif /* __ASSEMBLER__ */
#endif /* REPLAY_LAYOUT_H */
