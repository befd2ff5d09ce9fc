// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: 16-bit code does the same in real mode, in virtual-8086 mode and
 * in ring 3 on 16-bit segments: addressing, prefixes, stacks that wrap, limits of
 * 64 KiB, strings, decimal arithmetic, divisions that fail, x87 and SSE.
 */
#include "mode16.h"

static const char *const modes[] = { "real mode", "virtual-8086 mode", "ring 3" };
static enum mode16 mode;
static const char *now;

static void name(const char *text)
{
	now = text;
	mode16_reset();
}

/* One result for all that a snippet is asked; what was wrong is commented. */
static bool wrong;

static void expect(u32 got, u32 wanted, const char *what)
{
	if (got == wanted)
		return;
	if (!wrong)
		comment(now, (u32)mode);
	wrong = true;
	comment(what, got);
	comment("wanted", wanted);
}

static void done(void)
{
	check(!wrong, now);
	wrong = false;
}

/* It ran to its INT3. */
static void run(const struct snippet16 *snippet)
{
	mode16_run(mode, snippet);
	expect(state16.vector, VECTOR_BP, "vector");
}

/* It ended by this. Real mode has no error codes. */
static void run_to_fault(const struct snippet16 *snippet, u32 vector, u32 error_code, u16 ip)
{
	mode16_run(mode, snippet);
	expect(state16.vector, vector, "vector");
	expect(state16.ip, ip, "IP");
	if (mode != REAL)
		expect(state16.error_code, error_code, "error code");
}

/* ---- addressing and prefixes --------------------------------------------------- */

CODE16_SNIPPET(addresses, "movw 0x10(%bx,%si), %ax; movw (%bp,%di), %cx; movb %fs:(%di), %dl;"
			  "movw %es:0x1234, %si; movb 127(%bp), %dh");
CODE16_SNIPPET(address32,
	       "movzwl %sp, %esp; addr32 movw 8(%ebx,%esi,4), %ax; addr32 movl (%esp), %ecx;"
	       "addr32 leal 4(%ebx,%ebx,2), %edx; leaw 4(%bx,%si), %di");
CODE16_SNIPPET(operand32, "movl $0x12345678, %eax; addl %eax, %ecx; pushl %ecx; popl %edx;"
			  "movzwl %cx, %ebx; movsbl %al, %esi; pushw $-1; popw %di");

static void test_addressing(void)
{
	name("16-bit addresses and segments");
	state16.ebx = 0xabcd0100;
	state16.esi = 0xabcd0200;
	state16.edi = 0xabcd0040;
	state16.ebp = 0xabcd7000;
	put16(DATA16, 0x310, 0x1111);
	put16(STACK16, 0x7040, 0x2222);
	*at16(FS16, 0x40) = 0x33;
	put16(EXTRA16, 0x1234, 0x4444);
	*at16(STACK16, 0x707f) = 0x55;
	run(&addresses);
	expect(state16.eax, 0x11111111, "EAX");
	expect(state16.ecx, 0x22222222, "ECX");
	expect(state16.edx, 0x33335533, "EDX");
	expect(state16.esi, 0xabcd4444, "ESI");
	done();
	name("32-bit addresses in 16-bit code");
	state16.ebx = 0x1000;
	state16.esi = 0x10;
	put16(DATA16, 0x1048, 0x1357);
	put32(STACK16, 0x8000, 0x2468ace0);
	run(&address32);
	expect(state16.eax, 0x11111357, "EAX");
	expect(state16.ecx, 0x2468ace0, "ECX");
	expect(state16.edx, 0x3004, "EDX");
	expect(state16.edi, 0x77771014, "EDI");
	done();
	name("32-bit operands");
	run(&operand32);
	expect(state16.edx, 0x12345678 + 0x22220002, "EDX");
	expect(state16.ebx, 0x567a, "EBX");
	expect(state16.esi, 0x78, "ESI");
	expect(state16.edi, 0x7777ffff, "EDI");
	done();
}

/* ---- wrapping and limits ---------------------------------------------------------- */

CODE16_SNIPPET(wrapping_address, "movb 0x10(%bx,%si), %al; movw 2(%bx), %cx");
CODE16_SNIPPET(word_at_end, "movw 0xffff, %ax");
CODE16_SNIPPET(long_at_end, "movl %eax, 0xfffd");
CODE16_SNIPPET(beyond_limit, "movl $0x10000, %ebx; addr32 movb (%ebx), %al");
CODE16_SNIPPET(stack_word_at_end, "movw $0xffff, %bp; movw (%bp), %ax");
CODE16_SNIPPET(push_at_0, "movw $0, %sp; pushw %ax; movw %sp, %bx");
CODE16_SNIPPET(push_at_1, "movw $1, %sp; pushw %ax");
CODE16_SNIPPET(pop_at_end, "movw $0xfffe, %sp; popw %ax; movw %sp, %bx; movw $0x8000, %sp");
CODE16_SNIPPET(esp_stays,
	       "movl $0xabcd0002, %esp; pushl %eax; movl %esp, %ebx; movl $0x8000, %esp");
CODE16_SNIPPET(jump_beyond, "movl $0x10000, %eax; jmpl *%eax");

static void test_limits(void)
{
	name("an effective address wraps at 64 KiB");
	state16.ebx = 0xfff8;
	state16.esi = 0x10;
	*at16(DATA16, 0x18) = 0x99;
	put16(DATA16, 0xfffa, 0xbeef);
	run(&wrapping_address);
	expect(state16.eax & 0xff, 0x99, "AL");
	expect(state16.ecx & 0xffff, 0xbeef, "CX");
	done();
	if (!segments_are_strict())
		return;
	name("a word at 0xffff: #GP");
	run_to_fault(&word_at_end, VECTOR_GP, 0, 0x100);
	done();
	name("a doubleword at 0xfffd: #GP, and nothing written");
	put16(DATA16, 0xfffe, 0x7777);
	run_to_fault(&long_at_end, VECTOR_GP, 0, 0x100);
	expect(word16(DATA16, 0xfffe), 0x7777, "memory");
	done();
	name("a byte at 0x10000: #GP");
	run_to_fault(&beyond_limit, VECTOR_GP, 0, 0x106);
	done();
	name("a word of the stack at 0xffff: #SS");
	run_to_fault(&stack_word_at_end, VECTOR_SS, 0, 0x103);
	done();
	/* In real mode the fault of a push finds no stack for its frame either. */
	if (mode != REAL) {
		name("a push at SP 1: #SS");
		run_to_fault(&push_at_1, VECTOR_SS, 0, 0x103);
		done();
		name("a jump beyond 64 KiB: #GP");
		run_to_fault(&jump_beyond, VECTOR_GP, 0, 0x106);
		done();
	}
}

static void test_stack(void)
{
	name("a push at SP 0 wraps");
	run(&push_at_0);
	expect(word16(STACK16, 0xfffe), 1, "memory");
	expect(state16.ebx & 0xffff, 0xfffe, "SP");
	done();
	name("a pop at SP 0xfffe wraps");
	put16(STACK16, 0xfffe, 0x4321);
	run(&pop_at_end);
	expect(state16.eax & 0xffff, 0x4321, "AX");
	expect(state16.ebx & 0xffff, 0, "SP");
	done();
	name("the upper half of ESP stays");
	put32(STACK16, 0xfffe, 0);
	mode16_run(mode, &esp_stays);
	/* Two bytes at 0xfffe and two at 0 are one access beyond the limit. */
	if (state16.vector == VECTOR_BP)
		expect(state16.ebx, 0xabcdfffe, "ESP");
	else
		expect(state16.vector, VECTOR_SS, "vector");
	done();
}

/* ---- instructions of their own ------------------------------------------------------ */

CODE16_SNIPPET(frames, "movw $0x6000, %bp; movw %bp, 0x5ffe(%bp); enter $8, $2; movw %sp, %ax;"
		       "movw %bp, %bx; leave; movw %sp, %cx; movw $0x9000, %sp");
CODE16_SNIPPET(all_registers, "pushaw; popaw; pushal; xorl %eax, %eax; xorl %edi, %edi; popal");
CODE16_SNIPPET(near_calls, "call 1f; jmp 2f; 1: movw %sp, %ax; popw %bx; pushw %bx; ret $4;"
			   "2: movw %sp, %cx");
CODE16_SNIPPET(decimal, "movb $0x99, %al; addb $1, %al; daa; movb %al, %bl; lahf; movb %ah, %bh;"
			"movw $0x0309, %ax; addb $8, %al; aaa; movw %ax, %cx;"
			"movb $63, %al; aam; movw %ax, %dx; movw $0x0307, %ax; aad; movw %ax, %si;"
			"movb $0x10, %al; subb $1, %al; das; movw %ax, %di");
CODE16_SNIPPET(divide_by_zero, "xorw %cx, %cx; divw %cx");
CODE16_SNIPPET(divide_too_large, "movw $0x8000, %ax; movw $0xffff, %dx; movw $1, %cx; idivw %cx;"
				 "movw $0, %ax; movw $1, %dx; divw %cx");
CODE16_SNIPPET(bound_within, "boundw %ax, 0x40");
CODE16_SNIPPET(table_lookup, "movw $0x60, %bx; movb $5, %al; xlatb; movb $0xff, %ah;"
			     "fs xlatb");
CODE16_SNIPPET(loops,
	       "movw $5, %cx; xorw %ax, %ax; 1: incw %ax; loop 1b; jcxz 2f; incw %ax;"
	       "2: movl $0x10000, %ecx; jcxz 3f; incw %ax; 3: jecxz 4f; addw $0x100, %ax; 4:");
CODE16_SNIPPET(shifts,
	       "movw $0x8001, %ax; rolw $1, %ax; movw $0x1234, %bx; shldw $4, %ax, %bx;"
	       "movb $33, %cl; movw $1, %dx; shlw %cl, %dx; stc; rclb $1, %dl; sarw $4, %si");

static void test_instructions(void)
{
	name("ENTER with two levels, and LEAVE");
	put16(STACK16, 0x5ffe, 0x1234);
	run(&frames);
	expect(state16.ebx & 0xffff, 0x7ffe, "BP");
	expect(word16(STACK16, 0x7ffe), 0x6000, "the saved BP");
	expect(word16(STACK16, 0x7ffc), 0x1234, "the outer frame");
	expect(word16(STACK16, 0x7ffa), 0x7ffe, "this frame");
	expect(state16.eax & 0xffff, 0x7ff2, "SP");
	expect(state16.ecx & 0xffff, 0x8000, "SP afterwards");
	expect(state16.ebp & 0xffff, 0x6000, "BP afterwards");
	done();
	name("PUSHA and POPA of both sizes");
	run(&all_registers);
	expect(state16.eax, 0x11110001, "EAX");
	expect(state16.edi, 0x77770007, "EDI");
	expect(state16.esp & 0xffff, 0x8000, "SP");
	done();
	name("near CALL and RET n");
	run(&near_calls);
	expect(state16.eax & 0xffff, 0x7ffe, "SP inside");
	expect(state16.ebx & 0xffff, 0x103, "the return address");
	expect(state16.ecx & 0xffff, 0x8004, "SP afterwards");
	done();
	name("decimal arithmetic");
	run(&decimal);
	expect(state16.ebx & 0xffff, 0x5700, "DAA: AL and flags");
	expect(state16.ecx & 0xffff, 0x0407, "AAA");
	expect(state16.edx & 0xffff, 0x0603, "AAM");
	expect(state16.esi & 0xffff, 37, "AAD");
	expect(state16.edi & 0xff, 0x09, "DAS");
	done();
	name("division by zero: #DE at the DIV");
	run_to_fault(&divide_by_zero, VECTOR_DE, 0, 0x102);
	expect(state16.eax, 0x11110001, "EAX");
	done();
	name("a quotient that does not fit: #DE");
	run_to_fault(&divide_too_large, VECTOR_DE, 0, 0x111);
	expect(state16.eax & 0xffff, 0, "AX");
	done();
	name("BOUND within, and beyond: #BR");
	put32(DATA16, 0x40, 0x00020001);
	run(&bound_within);
	mode16_reset();
	put32(DATA16, 0x40, 0x00030002);
	run_to_fault(&bound_within, VECTOR_BR, 0, 0x100);
	done();
	name("XLAT, with an override");
	*at16(DATA16, 0x65) = 0x21;
	*at16(FS16, 0x81) = 0x42;
	run(&table_lookup);
	expect(state16.eax & 0xffff, 0xff42, "AX");
	done();
	name("LOOP, JCXZ, JECXZ");
	run(&loops);
	expect(state16.eax & 0xffff, 0x105, "AX");
	done();
	name("shifts and rotations");
	run(&shifts);
	expect(state16.eax & 0xffff, 0x0003, "AX");
	expect(state16.ebx & 0xffff, 0x2340, "BX");
	expect(state16.edx & 0xffff, 0x0005, "DX");
	expect(state16.esi & 0xffff, 0x0000, "SI");
	done();
}

/* ---- strings -------------------------------------------------------------------------- */

CODE16_SNIPPET(copy, "cld; rep movsb; movw %si, %ax; movw %di, %bx");
CODE16_SNIPPET(copy_back, "std; rep movsw; cld; movw %si, %ax; movw %di, %bx");
CODE16_SNIPPET(copy_wrapping, "cld; rep movsb");
CODE16_SNIPPET(fill, "cld; rep stosl");
CODE16_SNIPPET(compare, "cld; repe cmpsb; sete %al");
CODE16_SNIPPET(scan, "cld; movb $0x77, %al; repne scasb; sete %ah");
CODE16_SNIPPET(load, "cld; fs lodsw; movw %ax, %bx; ss lodsb");
CODE16_SNIPPET(copy_override, "cld; gs movsl");
CODE16_SNIPPET(count32, "cld; movl $0x10003, %ecx; rep stosb");

static void test_strings(void)
{
	unsigned int i;

	name("REP MOVSB");
	for (i = 0; i < 300; i++)
		*at16(DATA16, (u16)(0x200 + i)) = (u8)i;
	state16.esi = 0xffff0200;
	state16.edi = 0xffff0300;
	state16.ecx = 0xffff0000 + 300;
	run(&copy);
	expect(state16.ecx, 0xffff0000, "ECX");
	expect(state16.eax & 0xffff, 0x200 + 300, "SI");
	expect(state16.ebx & 0xffff, 0x300 + 300, "DI");
	expect(*at16(EXTRA16, 0x300 + 299), 299 & 0xff, "the last byte");
	done();
	name("REP MOVSW downwards");
	state16.esi = 0x210;
	state16.edi = 0x610;
	state16.ecx = 4;
	put32(EXTRA16, 0x608, 0);
	run(&copy_back);
	expect(state16.eax & 0xffff, 0x208, "SI");
	expect(state16.ebx & 0xffff, 0x608, "DI");
	expect(word16(EXTRA16, 0x60a), 0x0b0a, "the last word");
	expect(word16(EXTRA16, 0x608), 0, "the one after it");
	done();
	name("SI wraps at 64 KiB");
	*at16(DATA16, 0xffff) = 0xa1;
	*at16(DATA16, 0) = 0xa2;
	state16.esi = 0xffff;
	state16.edi = 0x700;
	state16.ecx = 2;
	run(&copy_wrapping);
	expect(word16(EXTRA16, 0x700), 0xa2a1, "memory");
	expect(state16.esi, 1, "ESI");
	done();
	name("REP STOSD");
	state16.edi = 0x800;
	state16.ecx = 600;
	state16.eax = 0xdeadbeef;
	run(&fill);
	expect(long16(EXTRA16, 0x800 + 4 * 599), 0xdeadbeef, "the last");
	expect(state16.edi, 0x800 + 2400, "EDI");
	done();
	name("REPE CMPSB stops at the first difference");
	for (i = 0; i < 16; i++)
		*at16(DATA16, (u16)(0x900 + i)) = *at16(EXTRA16, (u16)(0x900 + i)) = (u8)i;
	*at16(EXTRA16, 0x909) = 0xee;
	state16.esi = state16.edi = 0x900;
	state16.ecx = 16;
	run(&compare);
	expect(state16.ecx, 6, "ECX");
	expect(state16.eax & 0xff, 0, "equal");
	done();
	name("REPNE SCASB");
	for (i = 0; i < 16; i++)
		*at16(EXTRA16, (u16)(0xa00 + i)) = (u8)(0x70 + i);
	state16.edi = 0xa00;
	state16.ecx = 16;
	run(&scan);
	expect(state16.ecx, 8, "ECX");
	expect(state16.edi, 0xa08, "EDI");
	expect(state16.eax >> 8 & 0xff, 1, "found");
	done();
	name("LODS with overrides");
	put16(FS16, 0xb00, 0x5aa5);
	*at16(STACK16, 0xb02) = 0x3c;
	state16.esi = 0xb00;
	run(&load);
	expect(state16.ebx & 0xffff, 0x5aa5, "BX");
	expect(state16.eax & 0xff, 0x3c, "AL");
	done();
	name("MOVSD with an override of its source");
	put32(GS16, 0xc00, 0x13572468);
	state16.esi = state16.edi = 0xc00;
	run(&copy_override);
	expect(long16(EXTRA16, 0xc00), 0x13572468, "memory");
	done();
	name("a count of CX, not ECX");
	state16.edi = 0xd00;
	*at16(EXTRA16, 0xd03) = 0x99;
	run(&count32);
	expect(state16.ecx, 0x10000, "ECX");
	expect(*at16(EXTRA16, 0xd03), 0x99, "the byte after the last");
	done();
}

/* ---- floating point ---------------------------------------------------------------------- */

CODE16_SNIPPET(x87, "fninit; filds 0x40; fimuls 0x42; fistl %fs:(%bx); fnstcw 2(%bp); fstps 0x44");
CODE16_SNIPPET(x87_environment,
	       "fninit; fldpi; fnstenv 0x80; fnsave 0x100; fldenv 0x80; frstor 0x100;"
	       "fnstsw %ax; fninit");
CODE16_SNIPPET(sse, "movups 0x203, %xmm1; paddb %xmm1, %xmm1; movups %xmm1, %es:0x215;"
		    "movd %xmm1, %eax; movl $7, %ecx; cvtsi2sd %ecx, %xmm2; movsd %xmm2, 0x240");
CODE16_SNIPPET(x87_beyond, "fninit; fld1; fstpl 0xfffc");

static void test_floating_point(void)
{
	unsigned int i;

	name("x87 through 16-bit addresses");
	state16.ebx = 0x60;
	state16.ebp = 0x7100;
	put32(DATA16, 0x40, 0x00070006);
	run(&x87);
	expect(long16(FS16, 0x60), 42, "FISTL");
	expect(word16(STACK16, 0x7102), 0x37f, "FNSTCW");
	expect(long16(DATA16, 0x44), 0x42280000, "FSTPS");
	done();
	name("x87 environments of 14 and 94 bytes");
	memset((void *)at16(DATA16, 0x80), 0x5a, 256);
	run(&x87_environment);
	expect(word16(DATA16, 0x80), 0x37f, "the control word");
	expect(word16(DATA16, 0x82) & 0x3800, 0x3800, "the status word");
	expect(word16(DATA16, 0x84), 0x3fff, "the tags");
	expect(*at16(DATA16, 0x80 + 14), 0x5a, "the byte after the environment");
	expect(long16(DATA16, 0x100 + 14 + 4), 0xc90fdaa2, "pi");
	expect(*at16(DATA16, 0x100 + 94), 0x5a, "the byte after the state");
	expect(state16.eax & 0x3800, 0x3800, "the status word that came back");
	done();
	name("SSE");
	for (i = 0; i < 16; i++)
		*at16(DATA16, (u16)(0x203 + i)) = (u8)(i * 9);
	run(&sse);
	expect(long16(EXTRA16, 0x215 + 4), 0x7e6c5a48, "memory");
	expect(state16.eax, 0x36241200, "EAX");
	expect(long16(DATA16, 0x244), 0x401c0000, "7.0");
	done();
	if (!segments_are_strict())
		return;
	name("an x87 store beyond 64 KiB: #GP");
	run_to_fault(&x87_beyond, VECTOR_GP, 0, 0x104);
	done();
}

void guest_main(void)
{
	mode16_init();
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	for (mode = REAL; mode <= RING3; mode++) {
		print("# ");
		print(modes[mode]);
		print("\n");
		test_addressing();
		test_stack();
		test_limits();
		test_instructions();
		test_strings();
		test_floating_point();
	}
}
