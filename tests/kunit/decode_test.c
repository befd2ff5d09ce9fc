// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder in the kernel: encodings with what they must say, their limits,
 * and the class of every opcode against the ledger of what ring 1 sees. The
 * exhaustive comparison with another decoder is tests/unit/decode_zydis.c.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "decode/decode.h"

#define M16 INSN_MODE_16
#define M32 INSN_MODE_32
#define M64 INSN_MODE_64
#define BYTES(...) { __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ })

struct encoding {
	enum insn_mode mode;
	u8 bytes[INSN_MAX_LENGTH + 1];
	u8 length;
	const char *text; /* as describe() says it */
};

/*
 * The operation, then "!" if privileged or "?" if silently sensitive, then the
 * operands: register.bytes, [segment:base+index*scale+displacement].bytes,
 * (segment:register).bytes of strings, immediates in hexadecimal, branch
 * displacements with their sign, selector:offset.
 */
static const struct encoding encodings[] = {
	/* Forms of operands. */
	{ M32, BYTES(0x01, 0xd8), "add ax.4 bx.4" },
	{ M16, BYTES(0x01, 0xd8), "add ax.2 bx.2" },
	{ M32, BYTES(0x66, 0x01, 0xd8), "add ax.2 bx.2" },
	{ M64, BYTES(0x48, 0x01, 0xd8), "add ax.8 bx.8" },
	{ M32, BYTES(0x00, 0xe7), "add bh.1 ah.1" },
	{ M64, BYTES(0x40, 0x00, 0xe7), "add di.1 sp.1" },
	{ M64, BYTES(0x4d, 0x01, 0xd8), "add r8.8 r11.8" },
	{ M32, BYTES(0x83, 0xc0, 0xff), "add ax.4 0xffffffffffffffff" },
	{ M32, BYTES(0x05, 0xff, 0xff, 0xff, 0xff), "add ax.4 0xffffffff" },
	{ M64, BYTES(0x48, 0x05, 0xff, 0xff, 0xff, 0xff), "add ax.8 0xffffffffffffffff" },
	{ M32, BYTES(0x04, 0xff), "add ax.1 0xff" },
	{ M64, BYTES(0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8), "mov ax.8 0x807060504030201" },
	{ M32, BYTES(0xb4, 0x12), "mov ah.1 0x12" },
	{ M32, BYTES(0xc7, 0x00, 1, 2, 3, 4), "mov [ds:ax].4 0x4030201" },
	{ M32, BYTES(0x66, 0xc7, 0x00, 1, 2), "mov [ds:ax].2 0x201" },
	{ M32, BYTES(0x69, 0xc3, 4, 3, 2, 1), "imul ax.4 bx.4 0x1020304" },
	{ M32, BYTES(0xd1, 0xe0), "shl ax.4 1" },
	{ M32, BYTES(0xd3, 0xf8), "sar ax.4 cx.1" },
	{ M32, BYTES(0xd1, 0xf0), "shl ax.4 1" },
	{ M32, BYTES(0x0f, 0xa4, 0xc3, 0x05), "shld bx.4 ax.4 0x5" },
	{ M32, BYTES(0xf7, 0xc8, 1, 0, 0, 0), "test ax.4 0x1" },
	{ M32, BYTES(0x0f, 0xb6, 0xcc), "movzx cx.4 ah.1" },
	{ M32, BYTES(0x0f, 0xc8), "bswap ax.4" },

	/* Addresses. */
	{ M32, BYTES(0x8b, 0x45, 0x08), "mov ax.4 [ss:bp+0x8].4" },
	{ M32, BYTES(0x8b, 0x44, 0x24, 0xfc), "mov ax.4 [ss:sp-0x4].4" },
	{ M32, BYTES(0x8b, 0x04, 0x8b), "mov ax.4 [ds:bx+cx*4].4" },
	{ M32, BYTES(0x8b, 0x04, 0x25, 0x78, 0x56, 0x34, 0x12), "mov ax.4 [ds+0x12345678].4" },
	{ M32, BYTES(0x8b, 0x04, 0x8d, 0, 0, 0, 0x80), "mov ax.4 [ds:cx*4-0x80000000].4" },
	{ M32, BYTES(0x8b, 0x05, 0x78, 0x56, 0x34, 0x12), "mov ax.4 [ds+0x12345678].4" },
	{ M32, BYTES(0x64, 0x8b, 0x45, 0x08), "mov ax.4 [fs:bp+0x8].4" },
	{ M32, BYTES(0x3e, 0x8b, 0x45, 0x08), "mov ax.4 [ds:bp+0x8].4" },
	{ M32, BYTES(0x67, 0x8b, 0x42, 0x08), "mov ax.4 [ss:bp+si*1+0x8].4" },
	{ M16, BYTES(0x8b, 0x07), "mov ax.2 [ds:bx].2" },
	{ M16, BYTES(0x8b, 0x06, 0x34, 0x12), "mov ax.2 [ds+0x1234].2" },
	{ M16, BYTES(0x8b, 0x83, 0xfe, 0xff), "mov ax.2 [ss:bp+di*1-0x2].2" },
	{ M16, BYTES(0x67, 0x8b, 0x04, 0x8b), "mov ax.2 [ds:bx+cx*4].2" },
	{ M64, BYTES(0x8b, 0x05, 0xfc, 0xff, 0xff, 0xff), "mov ax.4 [ds:rip-0x4].4" },
	{ M64, BYTES(0x43, 0x8b, 0x04, 0xa5, 0, 0, 0, 0), "mov ax.4 [ds:r12*4].4" },
	{ M64, BYTES(0x2e, 0x8b, 0x00), "mov ax.4 [ds:ax].4" },
	{ M32, BYTES(0xa1, 0xff, 0xff, 0xff, 0xff), "mov ax.4 [ds+0xffffffff].4" },
	{ M32, BYTES(0x67, 0xa2, 0xff, 0xff), "mov [ds+0xffff].1 ax.1" },
	{ M64, BYTES(0xa0, 1, 2, 3, 4, 5, 6, 7, 8), "mov ax.1 [ds+0x807060504030201].1" },
	{ M32, BYTES(0x8d, 0x04, 0x40), "lea ax.4 [ds:ax+ax*2].0" },

	/* The stack. */
	{ M32, BYTES(0x50), "push ax.4" },
	{ M64, BYTES(0x50), "push ax.8" },
	{ M64, BYTES(0x66, 0x41, 0x50), "push r8.2" },
	{ M32, BYTES(0x6a, 0x80), "push 0xffffffffffffff80" },
	{ M32, BYTES(0xff, 0x30), "push [ds:ax].4" },
	{ M32, BYTES(0x8f, 0x00), "pop [ds:ax].4" },
	{ M32, BYTES(0x60), "pusha" },
	{ M32, BYTES(0xc8, 0x34, 0x12, 0x05), "enter 0x1234 0x5" },
	{ M32, BYTES(0x9c), "pushf?" },
	{ M32, BYTES(0x9d), "popf?" },
	{ M32, BYTES(0x0e), "push? cs" },
	{ M32, BYTES(0x1e), "push ds" },
	{ M32, BYTES(0x17), "pop? ss" },
	{ M32, BYTES(0x0f, 0xa9), "pop gs" },

	/* Segments. */
	{ M32, BYTES(0x8c, 0xc8), "mov? ax.4 cs" },
	{ M32, BYTES(0x8c, 0x08), "mov? [ds:ax].2 cs" },
	{ M32, BYTES(0x8c, 0xd8), "mov ax.4 ds" },
	{ M32, BYTES(0x8e, 0xd0), "mov? ss ax.2" },
	{ M32, BYTES(0x8e, 0xd8), "mov ds ax.2" },
	{ M32, BYTES(0xc5, 0x00), "lds ax.4 [ds:ax].6" },
	{ M16, BYTES(0x0f, 0xb2, 0x07), "lss? ax.2 [ds:bx].4" },

	/* Control transfer. */
	{ M32, BYTES(0x74, 0xfe), "jcc -2" },
	{ M32, BYTES(0x0f, 0x84, 0, 1, 0, 0), "jcc +256" },
	{ M32, BYTES(0x66, 0xe9, 0xff, 0xff), "jmp -1" },
	{ M64, BYTES(0x66, 0xe8, 0xff, 0xff, 0xff, 0xff), "call -1" },
	{ M32, BYTES(0xff, 0xd0), "call ax.4" },
	{ M32, BYTES(0xff, 0x1b), "call? [ds:bx].6" },
	{ M32, BYTES(0x9a, 4, 3, 2, 1, 0x10, 0), "call? 0x10:0x1020304" },
	{ M16, BYTES(0xea, 0x34, 0x12, 0, 0xf0), "jmp? 0xf000:0x1234" },
	{ M32, BYTES(0xc2, 0x04, 0x00), "ret 0x4" },
	{ M32, BYTES(0xcb), "retf?" },
	{ M32, BYTES(0xcf), "iret?" },
	{ M32, BYTES(0xcd, 0x80), "int? 0x80" },
	{ M32, BYTES(0xcc), "int3" },
	{ M32, BYTES(0xe3, 0x00), "jcxz +0" },

	/* Strings. */
	{ M32, BYTES(0xf3, 0xa5), "movs (es:di).4 (ds:si).4" },
	{ M32, BYTES(0x65, 0xa4), "movs (es:di).1 (gs:si).1" },
	{ M32, BYTES(0xa7), "cmps (ds:si).4 (es:di).4" },
	{ M32, BYTES(0x66, 0xab), "stos (es:di).2 ax.2" },
	{ M32, BYTES(0x6d), "ins! (es:di).4 dx.2" },
	{ M16, BYTES(0x66, 0x6f), "outs! dx.2 (ds:si).4" },

	/* System. */
	{ M32, BYTES(0xfa), "cli!" },
	{ M32, BYTES(0xf4), "hlt!" },
	{ M32, BYTES(0xe4, 0x60), "in! ax.1 0x60" },
	{ M32, BYTES(0xef), "out! dx.2 ax.4" },
	{ M32, BYTES(0x0f, 0x20, 0xc0), "mov! ax.4 cr0" },
	{ M32, BYTES(0x0f, 0x22, 0x1b), "mov! cr3 bx.4" },
	{ M32, BYTES(0x66, 0x0f, 0x23, 0xf8), "mov! dr7 ax.4" },
	{ M64, BYTES(0x44, 0x0f, 0x20, 0xc0), "mov! ax.8 cr8" },
	{ M32, BYTES(0x0f, 0x01, 0x10), "lgdt! [ds:ax].6" },
	{ M64, BYTES(0x0f, 0x01, 0x08), "sidt? [ds:ax].10" },
	{ M32, BYTES(0x0f, 0x01, 0xe0), "smsw? ax.4" },
	{ M32, BYTES(0x0f, 0x01, 0x20), "smsw? [ds:ax].2" },
	{ M32, BYTES(0x0f, 0x01, 0xf0), "lmsw! ax.2" },
	{ M32, BYTES(0x0f, 0x01, 0x38), "invlpg! [ds:ax].0" },
	{ M32, BYTES(0x0f, 0x00, 0xd8), "ltr! ax.2" },
	{ M32, BYTES(0x0f, 0x00, 0xc0), "sldt? ax.4" },
	{ M32, BYTES(0x0f, 0x02, 0xc3), "lar? ax.4 bx.4" },
	{ M32, BYTES(0x63, 0xd8), "arpl? ax.2 bx.2" },
	{ M32, BYTES(0x0f, 0x30), "wrmsr!" },
	{ M32, BYTES(0x0f, 0xa2), "cpuid?" },
	{ M32, BYTES(0x0f, 0x31), "rdtsc?" },
	{ M32, BYTES(0x0f, 0x01, 0xd0), "xgetbv?" },
	{ M32, BYTES(0x0f, 0x0b), "ud2" },

	/* Exclusive and wide. */
	{ M32, BYTES(0xf0, 0x0f, 0xb1, 0x0b), "cmpxchg [ds:bx].4 cx.4" },
	{ M32, BYTES(0x0f, 0xc7, 0x0b), "cmpxchg8b [ds:bx].8" },
	{ M64, BYTES(0x48, 0x0f, 0xc7, 0x0b), "cmpxchg16b [ds:bx].16" },
	{ M32, BYTES(0xf3, 0x0f, 0xbd, 0xc3), "lzcnt ax.4 bx.4" },
	{ M32, BYTES(0x0f, 0xbd, 0xc3), "bsr ax.4 bx.4" },
	{ M32, BYTES(0xf3, 0x90), "pause" },
	{ M64, BYTES(0x41, 0x90), "xchg r8.4 ax.4" },
	{ M32, BYTES(0xf2, 0x66, 0x0f, 0x38, 0xf1, 0xc3), "crc32 ax.4 bx.2" },

	/* x87, MMX, SSE, VEX, EVEX. */
	{ M32, BYTES(0xd9, 0x00), "x87 [ds:ax].4" },
	{ M32, BYTES(0xdb, 0x28), "x87 [ds:ax].10" },
	{ M32, BYTES(0xdd, 0x30), "x87 [ds:ax].108" },
	{ M32, BYTES(0x66, 0xd9, 0x30), "x87 [ds:ax].14" },
	{ M32, BYTES(0xd8, 0xc3), "x87 st3" },
	{ M32, BYTES(0xdf, 0xe0), "x87 ax.2" },
	{ M32, BYTES(0x0f, 0x6f, 0x08), "mmx mm1 [ds:ax].8" },
	{ M32, BYTES(0xf3, 0x0f, 0x10, 0x08), "sse xmm1 [ds:ax].4" },
	{ M64, BYTES(0x66, 0x45, 0x0f, 0x58, 0xc1), "sse xmm8 xmm9" },
	{ M32, BYTES(0x0f, 0xae, 0x00), "fxsave [ds:ax].512" },
	{ M32, BYTES(0xc5, 0xf8, 0x77), "vex" },
	{ M32, BYTES(0xc4, 0xe3, 0x79, 0x0f, 0xc1, 0x05), "vex" },
	{ M64, BYTES(0x62, 0xf1, 0x7c, 0x48, 0x58, 0x40, 0x01), "vex" },
	{ M32, BYTES(0x62, 0x00), "bound ax.4 [ds:ax].8" },
	{ M64, BYTES(0x8f, 0xe8, 0x78, 0xc0, 0xc1, 0x05), "vex" },
	{ M32, BYTES(0x0f, 0x0f, 0xc1, 0x9e), "3dnow mm0 mm1" },
};

/* A string that grows; too long a text is cut, and then compares unequal. */
struct text {
	char string[128];
	int length;
};

#define append(text, ...)                                                                          \
	((text)->length += scnprintf((text)->string + (text)->length,                              \
				     sizeof((text)->string) - (text)->length, __VA_ARGS__))

static const char *const general_names[] = {
	"ax", "cx", "dx",  "bx",  "sp",	 "bp",	"si",  "di",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const segment_names[] = { "es", "cs", "ss", "ds", "fs", "gs" };

static void describe_memory(struct text *text, const struct insn *insn)
{
	const char *before = ":";

	append(text, "[%s", segment_names[insn->segment]);
	if (insn->rip_relative) {
		append(text, ":rip");
	} else if (insn->base != REG_NONE) {
		append(text, ":%s", general_names[insn->base]);
		before = "+";
	}
	if (insn->index != REG_NONE)
		append(text, "%s%s*%u", before, general_names[insn->index], insn->scale);
	if (insn->displacement < 0)
		append(text, "-0x%llx", -insn->displacement);
	else if (insn->displacement)
		append(text, "+0x%llx", insn->displacement);
	append(text, "]");
}

static void describe_operand(struct text *text, const struct insn *insn,
			     const struct operand *operand)
{
	append(text, " ");
	switch (operand->kind) {
	case OPERAND_REGISTER:
		if (operand->high_byte)
			append(text, "%ch.%u", "acdb"[operand->reg], operand->size);
		else
			append(text, "%s.%u", general_names[operand->reg], operand->size);
		break;
	case OPERAND_MEMORY:
		describe_memory(text, insn);
		append(text, ".%u", operand->size);
		break;
	case OPERAND_IMMEDIATE: append(text, "0x%llx", insn->immediate); break;
	case OPERAND_IMMEDIATE2: append(text, "0x%x", insn->immediate2); break;
	case OPERAND_CONSTANT: append(text, "%u", operand->value); break;
	case OPERAND_RELATIVE: append(text, "%+lld", (s64)insn->immediate); break;
	case OPERAND_FAR: append(text, "0x%x:0x%llx", insn->immediate2, insn->immediate); break;
	case OPERAND_SEGMENT: append(text, "%s", segment_names[operand->reg]); break;
	case OPERAND_CONTROL: append(text, "cr%u", operand->reg); break;
	case OPERAND_DEBUG: append(text, "dr%u", operand->reg); break;
	case OPERAND_X87: append(text, "st%u", operand->reg); break;
	case OPERAND_MMX: append(text, "mm%u", operand->reg); break;
	case OPERAND_VECTOR: append(text, "xmm%u", operand->reg); break;
	case OPERAND_STRING_SOURCE:
		append(text, "(%s:si).%u", segment_names[insn->segment], operand->size);
		break;
	case OPERAND_STRING_DESTINATION: append(text, "(es:di).%u", operand->size); break;
	default: append(text, "kind%u", operand->kind); break;
	}
}

static void describe(struct text *text, const struct insn *insn)
{
	static const char *const marks[] = {
		[INSN_INNOCUOUS] = "",
		[INSN_PRIVILEGED] = "!",
		[INSN_SENSITIVE_SILENT] = "?",
	};
	unsigned int i;

	text->length = 0;
	append(text, "%s%s", operation_name(insn->operation), marks[insn->class]);
	for (i = 0; i < insn->operand_count; i++)
		describe_operand(text, insn, &insn->operands[i]);
}

static void decodes_to_what_the_manual_says(struct kunit *test)
{
	struct text text;
	struct insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(encodings); i++) {
		const struct encoding *encoding = &encodings[i];
		/* One more byte: the instruction must not take it. */
		enum decode_result result = decode_insn(&insn, encoding->bytes,
							encoding->length + 1, encoding->mode);

		describe(&text, &insn);
		KUNIT_EXPECT_EQ_MSG(test, result, DECODE_OK, "%s", encoding->text);
		KUNIT_EXPECT_EQ_MSG(test, insn.length, encoding->length, "%s", encoding->text);
		KUNIT_EXPECT_STREQ(test, text.string, encoding->text);
	}
}

static void says_when_bytes_are_missing(struct kunit *test)
{
	unsigned int i, available;
	struct insn insn;

	for (i = 0; i < ARRAY_SIZE(encodings); i++) {
		const struct encoding *encoding = &encodings[i];

		for (available = 0; available < encoding->length; available++)
			KUNIT_EXPECT_EQ_MSG(test,
					    decode_insn(&insn, encoding->bytes, available,
							encoding->mode),
					    DECODE_TRUNCATED, "%u bytes of %s", available,
					    encoding->text);
	}
}

/* 15 bytes are the most, prefixes included; the 16th is never looked at. */
static void stops_after_fifteen_bytes(struct kunit *test)
{
	u8 bytes[INSN_MAX_LENGTH + 1];
	struct insn insn;

	memset(bytes, 0x66, sizeof(bytes));
	bytes[14] = 0x90;
	KUNIT_EXPECT_EQ(test, decode_insn(&insn, bytes, 16, M32), DECODE_OK);
	KUNIT_EXPECT_EQ(test, insn.length, 15);

	bytes[14] = 0x66;
	bytes[15] = 0x90;
	KUNIT_EXPECT_EQ(test, decode_insn(&insn, bytes, 16, M32), DECODE_TOO_LONG);
	KUNIT_EXPECT_EQ(test, insn.operation, OPERATION_INVALID);
	KUNIT_EXPECT_EQ(test, decode_insn(&insn, bytes, 14, M32), DECODE_TRUNCATED);

	/* The opcode fits, its immediate does not. */
	bytes[13] = 0xb0;
	KUNIT_EXPECT_EQ(test, decode_insn(&insn, bytes, 16, M32), DECODE_OK);
	bytes[13] = 0x66;
	bytes[14] = 0xb0;
	KUNIT_EXPECT_EQ(test, decode_insn(&insn, bytes, 16, M32), DECODE_TOO_LONG);
}

static void refuses_what_is_undefined(struct kunit *test)
{
	static const struct encoding undefined[] = {
		{ M32, BYTES(0x0f, 0x04), "0F 04" },
		{ M32, BYTES(0xfe, 0xd0), "FE /2" },
		{ M32, BYTES(0xff, 0xf8), "FF /7" },
		{ M32, BYTES(0x8f, 0xd0), "8F /2, which is no map of XOP" },
		{ M32, BYTES(0xc6, 0xc8, 1), "C6 /1" },
		{ M32, BYTES(0x8d, 0xc0), "LEA of a register" },
		{ M32, BYTES(0x8e, 0xc8), "MOV to CS" },
		{ M32, BYTES(0x8c, 0xf0), "MOV from segment register 6" },
		{ M32, BYTES(0xff, 0xd8), "CALL far of a register" },
		{ M32, BYTES(0x0f, 0x01, 0xd2), "0F 01 D2" },
		{ M32, BYTES(0x0f, 0x00, 0xf0), "0F 00 /6" },
		{ M32, BYTES(0x0f, 0x20, 0xc8), "MOV from CR1" },
		{ M32, BYTES(0x0f, 0x22, 0xe8), "MOV to CR5" },
		{ M64, BYTES(0x44, 0x0f, 0x21, 0xc0), "MOV from DR8" },
		{ M32, BYTES(0x0f, 0xb2, 0xc0), "LSS of a register" },
		{ M32, BYTES(0x0f, 0xba, 0xc0, 1), "0F BA /0" },
		{ M32, BYTES(0x0f, 0xc7, 0xc8), "CMPXCHG8B of a register" },
		{ M32, BYTES(0xd9, 0xd1), "D9 D1" },
		{ M32, BYTES(0x66, 0xc5, 0xf8, 0x77), "VEX behind 66" },
		{ M32, BYTES(0xf0, 0xc5, 0xf8, 0x77), "VEX behind LOCK" },
		{ M64, BYTES(0x40, 0xc5, 0xf8, 0x77), "VEX behind REX" },
		{ M64, BYTES(0x06), "PUSH ES in 64-bit mode" },
		{ M64, BYTES(0x9a, 0, 0, 0, 0, 0, 0), "CALL far immediate in 64-bit mode" },
		{ M32, BYTES(0x0f, 0x01, 0xf8), "SWAPGS outside 64-bit mode" },
	};
	struct insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(undefined); i++) {
		u8 bytes[INSN_MAX_LENGTH] = {};

		memcpy(bytes, undefined[i].bytes, undefined[i].length);
		KUNIT_EXPECT_EQ_MSG(test, decode_insn(&insn, bytes, sizeof(bytes), undefined[i].mode),
				    DECODE_INVALID, "%s", undefined[i].text);
		KUNIT_EXPECT_EQ_MSG(test, insn.operation, OPERATION_INVALID, "%s",
				    undefined[i].text);
	}
}

static void knows_who_takes_lock(struct kunit *test)
{
	static const struct {
		bool allowed;
		struct encoding encoding;
	} cases[] = {
		{ true, { M32, BYTES(0xf0, 0x01, 0x18), "add to memory" } },
		{ true, { M32, BYTES(0xf0, 0x83, 0x20, 0x01), "and of memory" } },
		{ true, { M32, BYTES(0xf0, 0x87, 0x18), "xchg with memory" } },
		{ true, { M32, BYTES(0xf0, 0x0f, 0xba, 0x28, 0x01), "bts of memory" } },
		{ true, { M32, BYTES(0xf0, 0x0f, 0xc7, 0x08), "cmpxchg8b" } },
		{ false, { M32, BYTES(0xf0, 0x01, 0xd8), "add to a register" } },
		{ false, { M32, BYTES(0xf0, 0x03, 0x18), "add from memory" } },
		{ false, { M32, BYTES(0xf0, 0x39, 0x18), "cmp" } },
		{ false, { M32, BYTES(0xf0, 0x89, 0x18), "mov" } },
		{ false, { M32, BYTES(0xf0, 0x0f, 0xba, 0x20, 0x01), "bt" } },
		{ false, { M32, BYTES(0xf0, 0x0f, 0x20, 0xc0), "mov from cr0" } },
		{ false, { M32, BYTES(0xf0, 0x90), "nop" } },
	};
	struct insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct encoding *encoding = &cases[i].encoding;

		KUNIT_EXPECT_EQ_MSG(test,
				    decode_insn(&insn, encoding->bytes, encoding->length,
						encoding->mode),
				    DECODE_OK, "%s", encoding->text);
		KUNIT_EXPECT_TRUE(test, insn.prefixes & INSN_PREFIX_LOCK);
		KUNIT_EXPECT_EQ_MSG(test, insn_lock_allowed(&insn), cases[i].allowed, "%s",
				    encoding->text);
	}
}

/* rep add dword [gs:ebx + ecx*4 + 0x11223344], 0x55667788 */
static void says_where_the_parts_stand(struct kunit *test)
{
	static const u8 bytes[] = { 0xf3, 0x65, 0x81, 0x84, 0x8b, 0x44, 0x33,
				    0x22, 0x11, 0x88, 0x77, 0x66, 0x55 };
	static const u8 two_byte[] = { 0x64, 0x0f, 0xb6, 0x40, 0x01 };
	struct insn insn;

	KUNIT_ASSERT_EQ(test, decode_insn(&insn, bytes, sizeof(bytes), M32), DECODE_OK);
	KUNIT_EXPECT_EQ(test, insn.prefixes, INSN_PREFIX_REP | INSN_PREFIX_SEGMENT);
	KUNIT_EXPECT_EQ(test, insn.prefix_bytes, 2);
	KUNIT_EXPECT_EQ(test, insn.opcode_offset, 2);
	KUNIT_EXPECT_EQ(test, insn.opcode, 0x81);
	KUNIT_EXPECT_TRUE(test, insn.has_modrm);
	KUNIT_EXPECT_EQ(test, insn.modrm_offset, 3);
	KUNIT_EXPECT_EQ(test, insn.modrm, 0x84);
	KUNIT_EXPECT_TRUE(test, insn.has_sib);
	KUNIT_EXPECT_EQ(test, insn.sib, 0x8b);
	KUNIT_EXPECT_EQ(test, insn.displacement_offset, 5);
	KUNIT_EXPECT_EQ(test, insn.displacement_bytes, 4);
	KUNIT_EXPECT_EQ(test, insn.immediate_offset, 9);
	KUNIT_EXPECT_EQ(test, insn.immediate_bytes, 4);
	KUNIT_EXPECT_EQ(test, insn.operand_size, 4);
	KUNIT_EXPECT_EQ(test, insn.address_size, 4);

	KUNIT_ASSERT_EQ(test, decode_insn(&insn, two_byte, sizeof(two_byte), M32), DECODE_OK);
	KUNIT_EXPECT_EQ(test, insn.map, INSN_MAP_0F);
	KUNIT_EXPECT_EQ(test, insn.prefix_bytes, 1);
	KUNIT_EXPECT_EQ(test, insn.opcode_offset, 2);
}

static void takes_the_prefixes_that_count(struct kunit *test)
{
	static const struct {
		struct encoding encoding;
		u16 prefixes;
		u8 rex;
	} cases[] = {
		{ { M32, BYTES(0xf2, 0xf3, 0xa4), "the last of F2 and F3" }, INSN_PREFIX_REP, 0 },
		{ { M32, BYTES(0xf3, 0xf2, 0xa4), "the last of F3 and F2" }, INSN_PREFIX_REPNE, 0 },
		{ { M64, BYTES(0x48, 0x66, 0x01, 0xc0), "REX before 66" }, INSN_PREFIX_OPERAND, 0 },
		{ { M64, BYTES(0x66, 0x48, 0x01, 0xc0), "REX after 66" },
		  INSN_PREFIX_OPERAND | INSN_PREFIX_REX,
		  0x48 },
		{ { M64, BYTES(0x41, 0x48, 0x01, 0xc0), "the last REX" }, INSN_PREFIX_REX, 0x48 },
		{ { M64, BYTES(0x64, 0x2e, 0x8b, 0x00), "FS, then CS, which is ignored" },
		  INSN_PREFIX_SEGMENT,
		  0 },
	};
	struct insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct encoding *encoding = &cases[i].encoding;

		KUNIT_ASSERT_EQ(test,
				decode_insn(&insn, encoding->bytes, encoding->length,
					    encoding->mode),
				DECODE_OK);
		KUNIT_EXPECT_EQ_MSG(test, insn.prefixes, cases[i].prefixes, "%s", encoding->text);
		KUNIT_EXPECT_EQ_MSG(test, insn.rex, cases[i].rex, "%s", encoding->text);
	}
	/* The last case: the override that counts is FS. */
	KUNIT_EXPECT_EQ(test, insn.segment, SEGMENT_FS);
}

/*
 * The ledger: what ring 1 sees of each operation. What is in neither list is
 * innocuous; segment registers are the exception, see ledger_class().
 */
static const u16 ledger_privileged[] = {
	/* IOPL */
	OPERATION_CLI, OPERATION_STI, OPERATION_IN, OPERATION_OUT, OPERATION_INS, OPERATION_OUTS,
	/* Ring 0 */
	OPERATION_HLT, OPERATION_MOV_CONTROL, OPERATION_MOV_DEBUG, OPERATION_CLTS, OPERATION_LMSW,
	OPERATION_LGDT, OPERATION_LIDT, OPERATION_LLDT, OPERATION_LTR, OPERATION_INVD,
	OPERATION_WBINVD, OPERATION_WBNOINVD, OPERATION_INVLPG, OPERATION_INVPCID, OPERATION_RDMSR,
	OPERATION_WRMSR, OPERATION_SYSEXIT, OPERATION_SYSRET, OPERATION_XSETBV, OPERATION_XSAVES,
	OPERATION_XRSTORS, OPERATION_SWAPGS, OPERATION_LKGS, OPERATION_HRESET, OPERATION_PCONFIG,
	OPERATION_ENQCMDS, OPERATION_WRUSS, OPERATION_SETSSBSY, OPERATION_CLRSSBSY,
	/* #UD outside ring 0 */
	OPERATION_STAC, OPERATION_CLAC, OPERATION_MONITOR, OPERATION_MWAIT, OPERATION_RSM,
	OPERATION_GETSEC, OPERATION_ENCLS, OPERATION_ENCLV,
	/* #UD where there is no VMX or SVM */
	OPERATION_VMCALL, OPERATION_VMLAUNCH, OPERATION_VMRESUME, OPERATION_VMXOFF, OPERATION_VMXON,
	OPERATION_VMCLEAR, OPERATION_VMPTRLD, OPERATION_VMPTRST, OPERATION_VMREAD,
	OPERATION_VMWRITE, OPERATION_INVEPT, OPERATION_INVVPID, OPERATION_SEAMCALL,
	OPERATION_SEAMRET, OPERATION_SEAMOPS, OPERATION_TDCALL, OPERATION_VMRUN, OPERATION_VMMCALL,
	OPERATION_VMLOAD, OPERATION_VMSAVE, OPERATION_STGI, OPERATION_CLGI, OPERATION_SKINIT,
	OPERATION_INVLPGA, OPERATION_INVLPGB, OPERATION_TLBSYNC, OPERATION_PSMASH,
	OPERATION_PVALIDATE, OPERATION_RMPADJUST, OPERATION_RMPUPDATE,
};

static const u16 ledger_sensitive[] = {
	/* Answer with the host's tables */
	OPERATION_SGDT, OPERATION_SIDT, OPERATION_SLDT, OPERATION_STR, OPERATION_SMSW,
	/* IF and IOPL */
	OPERATION_PUSHF, OPERATION_POPF, OPERATION_IRET,
	/* Privilege levels of segments */
	OPERATION_LAR, OPERATION_LSL, OPERATION_VERR, OPERATION_VERW, OPERATION_ARPL, OPERATION_LSS,
	OPERATION_CALL_FAR, OPERATION_JMP_FAR, OPERATION_RET_FAR,
	/* Gates and entry points of the host */
	OPERATION_INT, OPERATION_SYSCALL, OPERATION_SYSENTER,
	/* The host's identity, time, counters and state */
	OPERATION_CPUID, OPERATION_RDTSC, OPERATION_RDTSCP, OPERATION_RDPMC, OPERATION_RDPID,
	OPERATION_RDPRU, OPERATION_XGETBV, OPERATION_RDPKRU, OPERATION_WRPKRU, OPERATION_VMFUNC,
};

static bool is_listed(const u16 *list, unsigned int count, u16 operation)
{
	while (count--) {
		if (list[count] == operation)
			return true;
	}
	return false;
}

static bool names_cs_or_ss(const struct insn *insn)
{
	unsigned int i;

	for (i = 0; i < insn->operand_count; i++) {
		if (insn->operands[i].kind == OPERAND_SEGMENT &&
		    (insn->operands[i].reg == SEGMENT_CS || insn->operands[i].reg == SEGMENT_SS))
			return true;
	}
	return false;
}

static bool is_loadiwkey(const struct insn *insn)
{
	return insn->map == INSN_MAP_0F38 && insn->opcode == 0xdc && insn->modrm >= 0xc0 &&
	       (insn->prefixes & INSN_PREFIX_REP);
}

static enum insn_class ledger_class(const struct insn *insn)
{
	if (is_listed(ledger_privileged, ARRAY_SIZE(ledger_privileged), insn->operation) ||
	    is_loadiwkey(insn))
		return INSN_PRIVILEGED;
	if (is_listed(ledger_sensitive, ARRAY_SIZE(ledger_sensitive), insn->operation))
		return INSN_SENSITIVE_SILENT;
	switch (insn->operation) {
	case OPERATION_MOV_SEGMENT:
	case OPERATION_PUSH_SEGMENT:
	case OPERATION_POP_SEGMENT:
		return names_cs_or_ss(insn) ? INSN_SENSITIVE_SILENT : INSN_INNOCUOUS;
	default: return INSN_INNOCUOUS;
	}
}

/* Notes which operations were met; the ledger must not list what never is. */
static void compare_with_ledger(struct kunit *test, const u8 *bytes, enum insn_mode mode, bool *met)
{
	struct insn insn;

	if (decode_insn(&insn, bytes, INSN_MAX_LENGTH, mode) != DECODE_OK)
		return;
	met[insn.operation] = true;
	if (insn.class != ledger_class(&insn))
		KUNIT_FAIL(test, "%s (%*ph) is of class %u, the ledger says %u",
			   operation_name(insn.operation), 6, bytes, insn.class,
			   ledger_class(&insn));
}

/* All ModRM bytes of register forms, and one address for each ModRM.reg. */
static void compare_opcode(struct kunit *test, u8 *bytes, unsigned int position,
			   enum insn_mode mode, bool *met)
{
	unsigned int modrm;

	for (modrm = 0; modrm < 0x40; modrm += 8) {
		bytes[position + 1] = modrm;
		compare_with_ledger(test, bytes, mode, met);
	}
	for (modrm = 0xc0; modrm <= 0xff; modrm++) {
		bytes[position + 1] = modrm;
		compare_with_ledger(test, bytes, mode, met);
	}
}

static void class_of_every_opcode_is_the_ledgers(struct kunit *test)
{
	static const u8 prefixes[] = { 0x2e, 0x66, 0xf3, 0xf2 };
	static const struct {
		u8 count;
		u8 bytes[2];
	} maps[] = { { 0 }, { 1, { 0x0f } }, { 2, { 0x0f, 0x38 } }, { 2, { 0x0f, 0x3a } } };
	unsigned int prefix, map, opcode, mode, operation;
	bool *met = kunit_kzalloc(test, OPERATIONS * sizeof(*met), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, met);
	for (mode = M16; mode <= M64; mode++) {
		for (prefix = 0; prefix < ARRAY_SIZE(prefixes); prefix++) {
			for (map = 0; map < ARRAY_SIZE(maps); map++) {
				unsigned int position = 1 + maps[map].count;
				u8 bytes[INSN_MAX_LENGTH] = { prefixes[prefix] };

				memcpy(bytes + 1, maps[map].bytes, maps[map].count);
				for (opcode = 0; opcode < 256; opcode++) {
					bytes[position] = opcode;
					compare_opcode(test, bytes, position, mode, met);
				}
				cond_resched();
			}
		}
	}
	/* Every operation has an encoding; VEX and 3DNow! have their own maps. */
	for (operation = OPERATION_INVALID + 1; operation < OPERATIONS; operation++) {
		if (operation != OPERATION_VEX && operation != OPERATION_AMD3DNOW &&
		    operation != OPERATION_CMPXCHG16B)
			KUNIT_EXPECT_TRUE_MSG(test, met[operation], "%s is never decoded",
					      operation_name(operation));
	}
}

static void names_every_operation(struct kunit *test)
{
	unsigned int operation;

	for (operation = 0; operation < OPERATIONS; operation++) {
		KUNIT_ASSERT_NOT_NULL(test, operation_name(operation));
		KUNIT_EXPECT_GT(test, strlen(operation_name(operation)), 0UL);
	}
	KUNIT_EXPECT_STREQ(test, operation_name(OPERATION_LGDT), "lgdt");
	KUNIT_EXPECT_STREQ(test, operation_name(OPERATION_PADLOCK), "padlock");
	KUNIT_EXPECT_STREQ(test, operation_name(OPERATIONS), "(unknown)");
}

static struct kunit_case decode_cases[] = {
	KUNIT_CASE(decodes_to_what_the_manual_says),
	KUNIT_CASE(says_when_bytes_are_missing),
	KUNIT_CASE(stops_after_fifteen_bytes),
	KUNIT_CASE(refuses_what_is_undefined),
	KUNIT_CASE(knows_who_takes_lock),
	KUNIT_CASE(says_where_the_parts_stand),
	KUNIT_CASE(takes_the_prefixes_that_count),
	KUNIT_CASE(class_of_every_opcode_is_the_ledgers),
	KUNIT_CASE(names_every_operation),
	{}
};

static struct kunit_suite decode_suite = {
	.name = "ringlet_decode",
	.test_cases = decode_cases,
};
kunit_test_suite(decode_suite);
