/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 16-bit code of a test guest: a snippet runs in real mode, in virtual-8086 mode
 * or in ring 3 on 16-bit segments until INT3 or any other interrupt, from a
 * state that the test sets, and leaves its state there. Runs in guest ring 0.
 */
#ifndef MODE16_H
#define MODE16_H

/* Where the code that goes there and back is, and its state. */
#define MODE16_BASE	      0x10000
#define MODE16_STATE	      0x1f000

#define MODE16_CODE_SELECTOR  0x1d8 /* the last of the library's GDT */
#define MODE16_DATA_SELECTOR  0x1e0
#define MODE16_FLAT_SELECTOR  0x1e8
#define MODE16_FIRST_SELECTOR 0x1a8 /* ring 3: six, in the order of the state */

#define STATE_EAX	      0
#define STATE_ECX	      4
#define STATE_EDX	      8
#define STATE_EBX	      12
#define STATE_ESP	      16
#define STATE_EBP	      20
#define STATE_ESI	      24
#define STATE_EDI	      28
#define STATE_EFLAGS	      32
#define STATE_ES	      36
#define STATE_CS	      38
#define STATE_SS	      40
#define STATE_DS	      42
#define STATE_FS	      44
#define STATE_GS	      46
#define STATE_IP	      48
#define STATE_VECTOR	      50
#define STATE_LIMITS	      52
#define STATE_SAVED_ESP	      56
#define STATE_SAVED_CR0	      60
#define STATE_LIBRARY_IDT     64
#define STATE_REAL_IDT	      72
#define STATE_ERROR_CODE      80

/* Segments that mode16_reset() chooses. */
#define CODE16	0x2000
#define DATA16	0x3000
#define EXTRA16 0x4000
#define STACK16 0x5000
#define FS16	0x6000
#define GS16	0x7000

#ifndef __ASSEMBLER__
#include "guest.h"

#define EFLAGS_VM 0x20000

enum mode16 { REAL, V86, RING3 };

struct mode16_state {
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 eflags;
	u16 es, cs, ss, ds, fs, gs;
	u16 ip, vector;
	u16 limits, unused;
	u32 saved_esp, saved_cr0;
	struct table_register library_idt;
	u16 unused2;
	struct table_register real_idt;
	u16 unused3;
	u32 error_code;
} __attribute__((packed));

#define state16 (*(volatile struct mode16_state *)MODE16_STATE)

/* A snippet: CODE16_SNIPPET(name, "assembly") outside functions, then `name`. */
struct snippet16 {
	const u8 *start, *end;
};
#define CODE16_SNIPPET(name, code)                                                          \
	extern const u8 name##_start[], name##_end[];                                       \
	asm(".pushsection .rodata\n\t.code16\n" #name "_start:\n\t" code "\n\tint3\n" #name \
	    "_end:\n\t.code32\n\t.popsection");                                             \
	static const struct snippet16 name = { name##_start, name##_end }

/* Once, before all else. */
void mode16_init(void);

/*
 * Registers as every snippet may expect them: segments as above, SP 0x8000, all
 * other registers with values of their own, EFLAGS clear but for bit 1.
 */
void mode16_reset(void);

/* Copy the snippet to CODE16:0x100, run it; state16 is what it left. */
void mode16_run(enum mode16 mode, const struct snippet16 *snippet);

/* This exception does not end a snippet, but goes to @function; NULL: no more. */
void mode16_keep(u8 vector, handler function);

/* Bytes of a segment, flat. */
static inline volatile u8 *at16(u16 segment, u16 offset)
{
	u32 linear = (u32)segment * 16 + offset;

	/* The compiler knows that nothing is at 0. */
	asm("" : "+r"(linear));
	return (volatile u8 *)linear;
}

static inline u16 word16(u16 segment, u16 offset)
{
	return *(volatile u16 *)at16(segment, offset);
}

static inline u32 long16(u16 segment, u16 offset)
{
	return *(volatile u32 *)at16(segment, offset);
}

static inline void put16(u16 segment, u16 offset, u16 value)
{
	*(volatile u16 *)at16(segment, offset) = value;
}

static inline void put32(u16 segment, u16 offset, u32 value)
{
	*(volatile u32 *)at16(segment, offset) = value;
}
#endif /* __ASSEMBLER__ */
#endif /* MODE16_H */
