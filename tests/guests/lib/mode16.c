// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running 16-bit snippets. See mode16.h. Runs in guest ring 0.
 */
#include "mode16.h"

#define SNIPPET_OFFSET 0x100

extern u8 mode16_start[], mode16_end[], mode16_real_stubs[];
extern u8 mode16_enter_real[], mode16_enter_v86[], mode16_enter_ring3[], mode16_leave[];

_Static_assert(offsetof(struct mode16_state, eflags) == STATE_EFLAGS, "as in mode16.h");
_Static_assert(offsetof(struct mode16_state, vector) == STATE_VECTOR, "as in mode16.h");
_Static_assert(offsetof(struct mode16_state, library_idt) == STATE_LIBRARY_IDT, "as in mode16.h");
_Static_assert(offsetof(struct mode16_state, real_idt) == STATE_REAL_IDT, "as in mode16.h");
_Static_assert(offsetof(struct mode16_state, error_code) == STATE_ERROR_CODE, "as in mode16.h");

/* Its address in the copy. */
static void *in_copy(u8 *label)
{
	return (void *)(MODE16_BASE + (label - mode16_start));
}

void mode16_init(void)
{
	unsigned int i;

	memcpy((void *)MODE16_BASE, mode16_start, (size_t)(mode16_end - mode16_start));
	/* On a bare machine the timer would interrupt real mode. */
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	memset((void *)MODE16_STATE, 0, sizeof(struct mode16_state));
	gdt[MODE16_CODE_SELECTOR / 8] = descriptor(MODE16_BASE, 0xffff, ACCESS_CODE0, 0);
	gdt[MODE16_DATA_SELECTOR / 8] = descriptor(MODE16_BASE, 0xffff, ACCESS_DATA0, 0);
	gdt[MODE16_FLAT_SELECTOR / 8] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	state16.real_idt.limit = 0x3ff;
	state16.library_idt.limit = sizeof(idt) - 1;
	state16.library_idt.base = (u32)idt;
	for (i = 0; i < 256; i++) {
		u32 offset = (u32)in_copy(mode16_real_stubs) + 8 * i - MODE16_BASE;

		put32(0, (u16)(4 * i), (u32)(MODE16_BASE >> 4) << 16 | offset);
	}
}

void mode16_reset(void)
{
	state16.eax = 0x11110001;
	state16.ecx = 0x22220002;
	state16.edx = 0x33330003;
	state16.ebx = 0x44440004;
	state16.esp = 0x00008000;
	state16.ebp = 0x55550005;
	state16.esi = 0x66660006;
	state16.edi = 0x77770007;
	state16.eflags = 2;
	state16.cs = CODE16;
	state16.ds = DATA16;
	state16.es = EXTRA16;
	state16.ss = STACK16;
	state16.fs = FS16;
	state16.gs = GS16;
	state16.ip = SNIPPET_OFFSET;
	state16.limits = MODE16_DATA_SELECTOR;
	state16.error_code = 0;
}

/* Any interrupt of the snippet ends it; one of ring 0 is a bug of the test. */
static void end_snippet(struct frame *frame)
{
	bool v86 = frame->eflags & EFLAGS_VM;
	u32 *after = &frame->ss + 1; /* what virtual-8086 mode has there */

	if (!v86 && !(frame->cs & 3)) {
		print("not ok - an exception while 16-bit code was started\n");
		comment("vector", frame->vector);
		comment("error code", frame->error_code);
		comment("eip", frame->eip);
		finish();
	}
	state16.eax = frame->eax;
	state16.ecx = frame->ecx;
	state16.edx = frame->edx;
	state16.ebx = frame->ebx;
	state16.ebp = frame->ebp;
	state16.esi = frame->esi;
	state16.edi = frame->edi;
	state16.esp = frame->esp;
	state16.eflags = frame->eflags;
	state16.cs = (u16)frame->cs;
	state16.ss = (u16)frame->ss;
	state16.es = (u16)(v86 ? after[0] : frame->es);
	state16.ds = (u16)(v86 ? after[1] : frame->ds);
	state16.fs = (u16)(v86 ? after[2] : frame->fs);
	state16.gs = (u16)(v86 ? after[3] : frame->gs);
	state16.ip = (u16)frame->eip;
	state16.vector = (u16)frame->vector;
	state16.error_code = frame->error_code;
	((void (*)(void))in_copy(mode16_leave))();
}

/* Ring 3's descriptors of the segments in the state, which become selectors. */
static u16 make_selector(unsigned int n, u16 segment, u8 access)
{
	u16 selector = (u16)(MODE16_FIRST_SELECTOR + 8 * n);

	gdt[selector / 8] = descriptor((u32)segment << 4, 0xffff, access, 0);
	return selector | 3;
}

static void make_selectors(void)
{
	state16.es = make_selector(0, state16.es, ACCESS_DATA3);
	state16.cs = make_selector(1, state16.cs, ACCESS_CODE3);
	state16.ss = make_selector(2, state16.ss, ACCESS_DATA3);
	state16.ds = make_selector(3, state16.ds, ACCESS_DATA3);
	state16.fs = make_selector(4, state16.fs, ACCESS_DATA3);
	state16.gs = make_selector(5, state16.gs, ACCESS_DATA3);
}

static handler kept[256];

void mode16_keep(u8 vector, handler function)
{
	kept[vector] = function;
}

void mode16_run(enum mode16 mode, const struct snippet16 *snippet)
{
	void *enter = in_copy(mode16_enter_real);
	unsigned int i;

	memcpy((void *)at16(state16.cs, state16.ip), snippet->start,
	       (size_t)(snippet->end - snippet->start));
	if (mode == V86) {
		state16.eflags |= EFLAGS_VM;
		enter = in_copy(mode16_enter_v86);
	} else if (mode == RING3) {
		make_selectors();
		enter = in_copy(mode16_enter_ring3);
	}
	for (i = 0; i < 256; i++)
		handlers[i] = kept[i] ? kept[i] : end_snippet;
	/* The frame of the first call of enter is below what it saves. */
	asm volatile("mov %%esp, %0" : "=r"(tss.esp0));
	tss.esp0 -= 256;
	((void (*)(void))enter)();
	for (i = 0; i < 256; i++)
		handlers[i] = NULL;
}
