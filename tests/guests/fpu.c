// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: x87, MMX and SSE instructions of ring 0 and ring 3 work on one
 * state, whether they run directly or one by one out of an interpreter, on all
 * operand sizes, and with all of their faults.
 */
#include "paging.h"

#define CR4_SSE (CR4_OSFXSR | CR4_OSXMMEXCPT)
#define LAX	"this emulator does not raise it"

struct image {
	u16 control, status;
	u8 tag, reserved1;
	u16 opcode;
	u32 ip;
	u16 cs, reserved2;
	u32 dp;
	u16 ds, reserved3;
	u32 mxcsr, mxcsr_mask;
	u8 st[8][16];
	u8 xmm[8][16];
	u8 rest[224];
} __attribute__((aligned(16)));

static struct image image, other;
static u8 bytes[256] __attribute__((aligned(64)));
static u8 wanted[256] __attribute__((aligned(64)));
static u32 directory[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));

static void fill(u8 *to, unsigned int count, u8 seed)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		to[i] = (u8)(seed + 37 * i);
}

static u16 status_word(void)
{
	u16 value;

	asm volatile("fnstsw %0" : "=a"(value));
	return value;
}

/* ---- x87 ------------------------------------------------------------------- */

static void test_x87(void)
{
	static const float three = 3;
	static const double quarter = 0.25;
	static const u16 seven = 7;
	u64 result = 0;
	u32 single = 0;
	u16 control = 0;
	u8 packed[10];

	asm volatile("fninit; fnstcw %0" : "=m"(control));
	check_equal(control, 0x37f, "FNINIT, and the control word");
	check_equal(status_word(), 0, "and the status word");
	asm volatile("flds %1; fmull %2; fiadds %3; fstpl %0"
		     : "=m"(result)
		     : "m"(three), "m"(quarter), "m"(seven));
	check(result == 0x401f000000000000, "3 * 0.25 + 7 is 7.75");
	asm volatile("fldl %1; fistpl %0" : "=m"(single) : "m"(result));
	check_equal(single, 8, "which rounds to 8");
	asm volatile("fldpi; fldl2t; fyl2x; fstps %0" : "=m"(single));
	check(single > 0x40a00000 && single < 0x40b00000, "two operands of the stack");
	asm volatile("fildll %1; fbstp %0" : "=m"(packed) : "m"(result));
	check(packed[9] == 0x80 || packed[9] == 0xff || packed[9] == 0, "a decimal of ten bytes");
	asm volatile("fninit; fld1; fldz; fcomip; fstp %%st; seta %0; setb %1"
		     : "=m"(packed[0]), "=m"(packed[1])::"cc");
	check(!packed[0] && packed[1], "FCOMIP sets EFLAGS");
	asm volatile("fninit; fld1; fldz; xor %%eax, %%eax; sub $1, %%eax; fcmovb %%st(1), %%st;"
		     "fstps %0; fstp %%st"
		     : "=m"(single)::"eax", "cc");
	check_equal(single, 0x3f800000, "FCMOVcc reads them");
	asm volatile("fninit; fld1; fldpi; fnstsw %%ax; mov %%ax, %0; fninit"
		     : "=m"(control)::"eax");
	check_equal(control & 0x3800, 0x3000, "the stack's top after two loads");
}

static void test_environment(void)
{
	u8 area[108], again[108];
	u32 ip = 0, i;

	memset(area, 0xcc, sizeof(area));
	asm volatile("fninit; fldpi; movl $1f, %1; 1: fld1; fnsave %0" : "=m"(area), "=m"(ip));
	check_equal(*(u16 *)area, 0x37f, "FNSAVE: the control word");
	check_equal(*(u16 *)(area + 4) & 0x3800, 0x3000, "the status word");
	check_equal(*(u16 *)(area + 8), 0x0fff, "the tags");
	check_equal(*(u32 *)(area + 28 + 4), 0x80000000, "the newest register, 1");
	check_equal(*(u32 *)(area + 38 + 4), 0xc90fdaa2, "and pi");
	check_equal(status_word(), 0, "FNSAVE initializes");
	if (*(u32 *)(area + 12))
		check_equal(*(u32 *)(area + 12), ip, "the address of the last instruction");
	else
		skip("the address of the last instruction", "this processor does not tell it");
	asm volatile("frstor %1; fnsave %0" : "=m"(again) : "m"(area));
	for (i = 0; i < sizeof(area); i++)
		if (area[i] != again[i] && (i < 12 || i >= 28))
			break;
	check_equal(i, sizeof(area), "FRSTOR and FNSAVE again");
	memset(again, 0x5a, sizeof(again));
	asm volatile("fninit; fldpi; data16 fnstenv %0" : "=m"(again));
	check_equal(*(u16 *)(again + 4), 0x3fff, "a 16-bit environment");
	check_equal(again[14], 0x5a, "has 14 bytes");
	asm volatile("fldenv %0; fninit" ::"m"(area));
}

/* ---- MMX and SSE ------------------------------------------------------------- */

static void test_vectors(void)
{
	u32 general = 0, i;

	fill(bytes, 64, 1);
	asm volatile("movq %1, %%mm3; movq %%mm3, %0; emms" : "=m"(bytes[128]) : "m"(bytes[5]));
	check(!memcmp(bytes + 128, bytes + 5, 8), "MOVQ with MMX, not aligned");
	asm volatile("mov $0x12345678, %%ebx; movd %%ebx, %%mm7; paddb %%mm7, %%mm7;"
		     "movd %%mm7, %0; emms"
		     : "=r"(general)::"ebx");
	check_equal(general, 0x2468acf0, "MOVD and PADDB between registers");
	asm volatile("movaps %1, %%xmm5; movups %%xmm5, %0" : "=m"(bytes[131]) : "m"(bytes[16]));
	check(!memcmp(bytes + 131, bytes + 16, 16), "MOVAPS and MOVUPS");
	asm volatile("movdqa %%xmm5, %%xmm1; pcmpeqb %%xmm5, %%xmm1; pmovmskb %%xmm1, %0"
		     : "=r"(general));
	check_equal(general, 0xffff, "PMOVMSKB");
	asm volatile("cvtsi2sd %1, %%xmm2; mulsd %%xmm2, %%xmm2; cvttsd2si %%xmm2, %0"
		     : "=r"(general)
		     : "r"(1234));
	check_equal(general, 1234 * 1234, "CVTSI2SD, MULSD, CVTTSD2SI");
	asm volatile("movss %2, %%xmm0; comiss %3, %%xmm0; seta %0; setb %1"
		     : "=m"(bytes[200]), "=m"(bytes[201])
		     : "m"((const float){ 2 }), "m"((const float){ 3 })
		     : "cc");
	check(!bytes[200] && bytes[201], "COMISS sets EFLAGS");
	asm volatile("movntps %%xmm5, %0; movhps %%xmm5, %1; movlps %%xmm5, %2"
		     : "=m"(bytes[160]), "=m"(bytes[185]), "=m"(bytes[177]));
	check(!memcmp(bytes + 160, bytes + 16, 16) && !memcmp(bytes + 185, bytes + 24, 8) &&
		      !memcmp(bytes + 177, bytes + 16, 8),
	      "MOVNTPS, MOVHPS, MOVLPS to memory");
	memset(bytes + 128, 0x11, 32);
	memset(wanted, 0x11, 32);
	for (i = 0; i < 16; i += 2)
		wanted[3 + i] = bytes[16 + i];
	for (i = 0; i < 16; i++)
		wanted[64 + i] = i & 1 ? 0 : 0x80;
	asm volatile("movaps %0, %%xmm6; maskmovdqu %%xmm6, %%xmm5" ::"m"(wanted[64]),
		     "D"(bytes + 131)
		     : "memory");
	check(!memcmp(bytes + 128, wanted, 32), "MASKMOVDQU");
	asm volatile("ldmxcsr %1; stmxcsr %0; ldmxcsr %2"
		     : "=m"(general)
		     : "m"((const u32){ 0x7f80 }), "m"((const u32){ 0x1f80 }));
	check_equal(general, 0x7f80, "LDMXCSR, STMXCSR");
}

static void make_image(struct image *to, u8 seed)
{
	unsigned int i;

	memset(to, 0, sizeof(*to));
	to->control = 0x37f;
	to->tag = 0xff;
	to->mxcsr = 0x1f80;
	for (i = 0; i < 8; i++) {
		fill(to->st[i], 8, (u8)(seed + i));
		to->st[i][7] |= 0x80;
		to->st[i][9] = 0x40;
		fill(to->xmm[i], 16, (u8)(seed + 16 * i));
	}
}

static bool same_image(const struct image *a, const struct image *b)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (memcmp(a->st[i], b->st[i], 10))
			return false;
	return a->control == b->control && a->tag == b->tag && a->mxcsr == b->mxcsr &&
	       !memcmp(a->xmm, b->xmm, sizeof(a->xmm));
}

/* Two contexts that are switched to and fro, as a kernel does. */
static void test_contexts(void)
{
	static struct image saved[2] __attribute__((aligned(16)));
	unsigned int i, wrong = 0;

	make_image(&saved[0], 3);
	make_image(&saved[1], 99);
	for (i = 0; i < 50; i++) {
		struct image *context = &saved[i & 1];

		memcpy(&image, context, sizeof(image));
		asm volatile("fxrstor %0" ::"m"(*context));
		outb(0x80, (u8)i);
		memset(&other, 0xee, sizeof(other));
		asm volatile("fxsave %0" : "=m"(other));
		if (!same_image(&other, &image))
			wrong++;
		/* What belongs to software. */
		if (other.rest[200] != 0xee)
			wrong++;
	}
	check_equal(wrong, 0, "50 switches between two contexts by FXSAVE and FXRSTOR");
	asm volatile("fninit");
}

static u8 user_seen[16];

static void user_registers(void)
{
	asm volatile("movups %%xmm4, %0; movups %1, %%xmm5; fldpi"
		     : "=m"(user_seen)
		     : "m"(wanted[7]));
}

static void test_rings(void)
{
	u32 low = 0;

	fill(bytes, 64, 77);
	fill(wanted, 64, 11);
	asm volatile("fninit; movups %0, %%xmm4" ::"m"(bytes[3]));
	run_user(user_registers);
	check(!memcmp(user_seen, bytes + 3, 16), "ring 3 finds what ring 0 loaded");
	asm volatile("movups %%xmm5, %0; fistl %1; fninit" : "=m"(bytes[128]), "=m"(low));
	check(!memcmp(bytes + 128, wanted + 7, 16), "and ring 0 what ring 3 did");
	check_equal(low, 3, "on the x87's stack too");
}

/* ---- faults -------------------------------------------------------------------- */

static void test_absent(void)
{
	u32 at = 0;

	write_cr0(read_cr0() | CR0_TS);
	TRY_AT(at, "fld1", "i"(0));
	check_fault_at(VECTOR_NM, 0, at, "CR0.TS: x87 is not available");
	TRY("movups %0, %%xmm0", "m"(bytes));
	check_fault(VECTOR_NM, 0, "nor SSE");
	TRY("movq %0, %%mm0", "m"(bytes));
	check_fault(VECTOR_NM, 0, "nor MMX");
	TRY("fxsave %0", "m"(image));
	check_fault(VECTOR_NM, 0, "nor FXSAVE");
	write_cr0(read_cr0() & ~CR0_MP);
	TRY("fwait", "i"(0));
	check_no_fault("FWAIT is, without CR0.MP");
	write_cr0(read_cr0() | CR0_MP);
	TRY("fwait", "i"(0));
	check_fault(VECTOR_NM, 0, "and with it is not");
	asm volatile("clts");
	write_cr0(read_cr0() | CR0_EM);
	TRY("fld1", "i"(0));
	check_fault(VECTOR_NM, 0, "CR0.EM: no x87");
	TRY("movups %0, %%xmm0", "m"(bytes));
	check_fault(VECTOR_UD, 0, "and no SSE");
	write_cr0(read_cr0() & ~CR0_EM);
	write_cr4(read_cr4() & ~CR4_OSFXSR);
	TRY("movups %0, %%xmm0", "m"(bytes));
	check_fault(VECTOR_UD, 0, "no CR4.OSFXSR: no SSE");
	write_cr4(read_cr4() | CR4_SSE);
}

/* QEMU's emulation lets any MXCSR pass, and these faults are missing there too. */
static bool fpu_is_strict(void)
{
	struct fault before = fault;
	bool strict;

	TRY("ldmxcsr %0; ldmxcsr %1", "m"((const u32){ 0xffffffff }), "m"((const u32){ 0x1f80 }));
	strict = fault.vector == VECTOR_GP;
	fault = before;
	return strict;
}

static void check_strict(u32 vector, u32 error_code, const char *name)
{
	if (fault.vector == NO_FAULT && !fpu_is_strict())
		skip(name, LAX);
	else
		check_fault(vector, error_code, name);
}

static void test_exceptions(void)
{
	static const u16 unmasked = 0x37b; /* division by zero */
	static const u32 strict = 0x1f80 & ~0x200;
	u32 at = 0;

	TRY_AT(at, "fninit; fldcw %0; fldz; fld1; fdivp; 1: nop; movl $2f, %1; 2: fwait",
	       "m"(unmasked), "m"(at));
	check_fault_at(VECTOR_MF, 0, at, "#MF comes at the next instruction that waits");
	TRY_AT(at, "movl $2f, %0; 2: flds %1", "m"(at), "m"(bytes));
	check_strict(VECTOR_MF, 0, "and again, before a load");
	check(status_word() & 0x80, "FNSTSW does not wait");
	TRY("fnclex; fwait; fninit", "i"(0));
	check_no_fault("FNCLEX ends it");
	TRY_AT(at,
	       "ldmxcsr %0; xorps %%xmm1, %%xmm1; mov $1, %%eax; cvtsi2ss %%eax, %%xmm0;"
	       "movl $2f, %1; 2: divss %%xmm1, %%xmm0",
	       "m"(strict), "m"(at));
	check_strict(VECTOR_XM, 0, "#XM comes at the instruction itself");
	check(fault.vector == NO_FAULT || fault.eip == at, "and nowhere else");
	asm volatile("ldmxcsr %0" ::"m"((const u32){ 0x1f80 }));
	TRY("ldmxcsr %0; ldmxcsr %1", "m"((const u32){ 0xffffffff }), "m"((const u32){ 0x1f80 }));
	check_strict(VECTOR_GP, 0, "LDMXCSR with reserved bits: #GP");
	make_image(&image, 1);
	image.mxcsr = 0x80000000;
	TRY("fxrstor %0", "m"(image));
	check_strict(VECTOR_GP, 0, "FXRSTOR likewise");
	TRY("fxsave %0", "m"(bytes[1]));
	check_fault(VECTOR_GP, 0, "FXSAVE that is not aligned: #GP");
	TRY("movaps %0, %%xmm0", "m"(bytes[8]));
	check_strict(VECTOR_GP, 0, "MOVAPS likewise");
	TRY("lock; movups %0, %%xmm0", "m"(bytes));
	check_fault(VECTOR_UD, 0, "LOCK: #UD");
}

static void map_window(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		directory[i] = i << 22 | PAGE_PS | PAGE_PWU;
	directory[WINDOW >> 22] = (u32)table | PAGE_PWU;
	write_cr4(read_cr4() | CR4_PSE);
	write_cr3((u32)directory);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

static void user_absent(void)
{
	asm volatile("movups (%0), %%xmm0" ::"r"(WINDOW + PAGE - 4));
}

static void test_page_faults(void)
{
	u64 value = 0;
	u32 at = 0;

	map_window();
	table[0] = FREE_MEMORY | PAGE_PWU;
	TRY_AT(at, "movl $1f, %0; 1: movups (%1), %%xmm0", "m"(at), "r"(WINDOW + PAGE - 8));
	check_page_fault(0, WINDOW + PAGE, "a load that crosses into an absent page");
	check_equal(fault.eip, at, "at the instruction");
	TRY("fninit; fld1; fstpl (%0)", "r"(WINDOW + PAGE - 1));
	check_page_fault(PF_W, WINDOW + PAGE, "a store likewise");
	check_equal(status_word() & 0x3800, 0x3800, "the value stays on the stack");
	check_equal(read32(WINDOW + PAGE - 4) >> 24, 0, "and the first page unchanged");
	table[1] = (FREE_MEMORY + PAGE) | PAGE_P;
	flush(WINDOW + PAGE);
	TRY("fstpl (%0)", "r"(WINDOW + PAGE - 1));
	check_page_fault(PF_W | PF_P, WINDOW + PAGE, "a store into a page that can only be read");
	run_user(user_absent);
	check_page_fault(PF_U | PF_P, WINDOW + PAGE, "a load of ring 3 from ring 0's page");
	table[1] = (FREE_MEMORY + PAGE) | PAGE_PWU;
	flush(WINDOW + PAGE);
	TRY("fstpl (%0)", "r"(WINDOW + PAGE - 1));
	check_no_fault("and now it goes");
	memcpy(&value, (void *)(WINDOW + PAGE - 1), 8);
	check(value == 0x3ff0000000000000, "across the pages");
	check(table[1] & PAGE_D, "which are dirty");
}

/* Pages that are watched: the GDT and the page tables themselves. */
static void test_watched_pages(void)
{
	u64 entry = 0;

	gdt[FREE(3) / 8] = 0;
	entry = descriptor(FREE_MEMORY, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	TRY("movq %1, %%mm0; movq %%mm0, %0; emms", "m"(gdt[FREE(3) / 8]), "m"(entry));
	check_no_fault("a descriptor written by MOVQ");
	write32(FREE_MEMORY + 16, 0xcafe0001);
	TRY("mov %0, %%es; mov %%es:16, %%eax; mov %%eax, %1", "r"(FREE(3)), "m"(entry));
	asm volatile("mov %0, %%es" ::"r"(KERNEL_DS));
	check_equal((u32)entry, 0xcafe0001, "is the one that counts");
	table[4] = 0;
	entry = (FREE_MEMORY + 5 * PAGE) | PAGE_PWU;
	write32(FREE_MEMORY + 5 * PAGE, 0xcafe0002);
	asm volatile("fninit; fildll %1; fistpll %0" : "=m"(table[4]) : "m"(entry));
	flush(WINDOW + 4 * PAGE);
	check_equal(read32(WINDOW + 4 * PAGE), 0xcafe0002, "a page-table entry written by FISTP");
	table[5] = 0;
	flush_all();
}

void guest_main(void)
{
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	write_cr4(read_cr4() | CR4_SSE);
	test_x87();
	test_environment();
	test_vectors();
	test_contexts();
	test_rings();
	test_absent();
	test_exceptions();
	test_page_faults();
	test_watched_pages();
}
