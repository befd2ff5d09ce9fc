// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decoder against Zydis, one instruction at a time: result, length, name,
 * class, sizes, every operand. Userspace; called by the tests and the fuzzer.
 *
 * Where the two differ on purpose stands in oracle_differences[], each with its
 * reason; whatever is not there is a failure.
 */
#include <stdarg.h>
#include <stdio.h>
#include <Zydis/Zydis.h>

#include "decode_oracle.h"

static ZydisDecoder decoders[3];
static char message[256];

static const char *differ(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return message;
}

void oracle_init(void)
{
	static const struct {
		ZydisMachineMode machine;
		ZydisStackWidth stack;
	} modes[3] = {
		[INSN_MODE_16] = { ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		[INSN_MODE_32] = { ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32 },
		[INSN_MODE_64] = { ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64 },
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ZydisDecoderInit(&decoders[i], modes[i].machine, modes[i].stack);
		ZydisDecoderEnableMode(&decoders[i], ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
		ZydisDecoderEnableMode(&decoders[i], ZYDIS_DECODER_MODE_WBNOINVD, ZYAN_TRUE);
	}
}

/* Differences that are meant. */
enum difference {
	DIFFERENCE_VEX,
	DIFFERENCE_LKGS,
	DIFFERENCE_PRIVILEGED,
	DIFFERENCE_ADDRESS_SIZE,
	DIFFERENCE_NOP_OPERANDS,
	DIFFERENCE_IMPLIED_OPERANDS,
	DIFFERENCE_X87_ST0,
	DIFFERENCE_MOVSXD_WORD,
	DIFFERENCE_WBNOINVD,
	DIFFERENCE_R13_BASE,
	DIFFERENCE_KNC,
	DIFFERENCE_NOTRACK,
	DIFFERENCE_ORDER,
};

#define DOCUMENTED(name_, why_)            \
	{                                  \
		.name = name_, .why = why_ \
	}

struct oracle_difference oracle_differences[] = {
	[DIFFERENCE_VEX] = DOCUMENTED("vex",
				      "VEX, EVEX and XOP are measured only: unassigned opcodes "
				      "and forms that some opcode forbids decode"),
	[DIFFERENCE_LKGS] = DOCUMENTED("lkgs", "newer than Zydis 4.0"),
	[DIFFERENCE_PRIVILEGED] = DOCUMENTED("privileged",
					     "here what traps in ring 1; Zydis leaves "
					     "some out, and what IOPL decides"),
	[DIFFERENCE_ADDRESS_SIZE] = DOCUMENTED("address size",
					       "ENCLS, ENCLU and ENCLV have no memory "
					       "operand, Zydis fixes their size"),
	[DIFFERENCE_NOP_OPERANDS] = DOCUMENTED("nop operands", "hints have one operand in Intel's "
							       "manual, some have two in Zydis"),
	[DIFFERENCE_IMPLIED_OPERANDS] = DOCUMENTED("implied operands", "registers that the opcode "
								       "implies and Zydis lists"),
	[DIFFERENCE_X87_ST0] = DOCUMENTED("st(0)", "register forms of x87 name ST(i) here, and the "
						   "second operand is ST(0)"),
	[DIFFERENCE_MOVSXD_WORD] = DOCUMENTED("movsxd",
					      "66 63 reads a word as Intel's manual says, "
					      "Zydis reads a doubleword"),
	[DIFFERENCE_WBNOINVD] = DOCUMENTED("wbnoinvd", "F3 0F 09 is WBINVD in Zydis 4.0 always"),
	[DIFFERENCE_R13_BASE] = DOCUMENTED("r13",
					   "SIB base 5 with mod 0 is no base; Zydis has R13 "
					   "under 67 and REX.B, processors do not (measured)"),
	[DIFFERENCE_KNC] = DOCUMENTED("knc", "Zydis knows branches and MVEX of Knights Corner"),
	[DIFFERENCE_NOTRACK] = DOCUMENTED("notrack",
					  "3E before an indirect branch is a DS override "
					  "too, Zydis takes it as NOTRACK only"),
	[DIFFERENCE_ORDER] = DOCUMENTED("order",
					"of bytes that are undefined, too few, too long, more "
					"than one can hold; which is said depends on what is "
					"read before judging"),
	{ .name = NULL },
};

/* The comparison ends well: they differ as documented. */
static const char *as_documented(enum difference difference)
{
	oracle_differences[difference].count++;
	return NULL;
}

/* Names. */

static bool has_suffix_of_size(const char *rest)
{
	static const char *const suffixes[] = { "", "b", "w", "d", "q", "32", "64" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (!strcmp(rest, suffixes[i]))
			return true;
	}
	return false;
}

static bool is_condition(unsigned int condition, const char *name)
{
	static const char *const names[16] = {
		"o", "no", "b", "nb", "z", "nz", "be", "nbe",
		"s", "ns", "p", "np", "l", "nl", "le", "nle",
	};

	return !strcmp(name, names[condition]);
}

static bool names_agree(const struct insn *insn, const char *zydis)
{
	const char *name = operation_name(insn->operation);
	unsigned int condition = insn->opcode & 15;

	switch (insn->operation) {
	case OPERATION_X87:
	case OPERATION_MMX:
	case OPERATION_SSE:
	case OPERATION_AMD3DNOW:
	case OPERATION_VEX:
	case OPERATION_PADLOCK: return true; /* checked by their instruction sets */
	case OPERATION_JCC: return zydis[0] == 'j' && is_condition(condition, zydis + 1);
	case OPERATION_SETCC:
		return !strncmp(zydis, "set", 3) && is_condition(condition, zydis + 3);
	case OPERATION_CMOVCC:
		return !strncmp(zydis, "cmov", 4) && is_condition(condition, zydis + 4);
	case OPERATION_CBW:
		return !strcmp(zydis, "cbw") || !strcmp(zydis, "cwde") || !strcmp(zydis, "cdqe");
	case OPERATION_CWD:
		return !strcmp(zydis, "cwd") || !strcmp(zydis, "cdq") || !strcmp(zydis, "cqo");
	case OPERATION_JCXZ:
		return !strcmp(zydis, "jcxz") || !strcmp(zydis, "jecxz") || !strcmp(zydis, "jrcxz");
	case OPERATION_RET_FAR: return !strcmp(zydis, "ret");
	case OPERATION_PREFETCH: return !strncmp(zydis, "prefetch", 8);
	case OPERATION_EMMS: return !strcmp(zydis, "emms") || !strcmp(zydis, "femms");
	}
	return !strncmp(zydis, name, strlen(name)) && has_suffix_of_size(zydis + strlen(name));
}

/* Operands. */

/* Number of a general register, -1 if it is none. */
static int general_number(ZydisRegister reg, unsigned int *size, bool *high)
{
	*high = false;
	if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_R15B) {
		int number = reg - ZYDIS_REGISTER_AL;

		*size = 1;
		*high = number >= 4 && number < 8;
		/* AL CL DL BL, AH CH DH BH, SPL BPL SIL DIL, R8B... */
		return number < 4 ? number : number - 4;
	}
	if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W) {
		*size = 2;
		return reg - ZYDIS_REGISTER_AX;
	}
	if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D) {
		*size = 4;
		return reg - ZYDIS_REGISTER_EAX;
	}
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15) {
		*size = 8;
		return reg - ZYDIS_REGISTER_RAX;
	}
	return -1;
}

/* Does our REG_NONE or number name the same register in @size bytes? */
static bool same_address_register(u8 ours, ZydisRegister zydis, unsigned int size)
{
	unsigned int zydis_size;
	bool high;

	if (zydis == ZYDIS_REGISTER_NONE)
		return ours == REG_NONE;
	return general_number(zydis, &zydis_size, &high) == ours && zydis_size == size;
}

static u8 segment_number(ZydisRegister segment)
{
	return segment - ZYDIS_REGISTER_ES;
}

static const char *compare_register(const struct operand *ours, ZydisRegister zydis)
{
	static const struct {
		ZydisRegister first;
		unsigned int count, size;
	} files[] = {
		[OPERAND_SEGMENT] = { ZYDIS_REGISTER_ES, 6, 2 },
		[OPERAND_CONTROL] = { ZYDIS_REGISTER_CR0, 16, 0 },
		[OPERAND_DEBUG] = { ZYDIS_REGISTER_DR0, 16, 0 },
		[OPERAND_X87] = { ZYDIS_REGISTER_ST0, 8, 10 },
		[OPERAND_MMX] = { ZYDIS_REGISTER_MM0, 8, 8 },
		[OPERAND_VECTOR] = { ZYDIS_REGISTER_XMM0, 16, 16 },
	};
	unsigned int size;
	bool high;

	if (ours->kind == OPERAND_REGISTER) {
		if (general_number(zydis, &size, &high) != ours->reg || size != ours->size ||
		    high != ours->high_byte)
			return differ("register %u of %u bytes is %s", ours->reg, ours->size,
				      ZydisRegisterGetString(zydis));
		return NULL;
	}
	if (ours->kind >= ARRAY_SIZE(files) || !files[ours->kind].count)
		return differ("operand of kind %u is %s", ours->kind,
			      ZydisRegisterGetString(zydis));
	if (zydis != files[ours->kind].first + ours->reg || ours->reg >= files[ours->kind].count)
		return differ("register %u of kind %u is %s", ours->reg, ours->kind,
			      ZydisRegisterGetString(zydis));
	if (files[ours->kind].size && files[ours->kind].size != ours->size)
		return differ("size %u of %s", ours->size, ZydisRegisterGetString(zydis));
	return NULL;
}

static const char *compare_string_operand(const struct insn *insn, const struct operand *ours,
					  const ZydisDecodedOperand *zydis)
{
	bool source = ours->kind == OPERAND_STRING_SOURCE;

	if (!same_address_register(source ? REG_SI : REG_DI, zydis->mem.base, insn->address_size))
		return differ("string operand by %s", ZydisRegisterGetString(zydis->mem.base));
	if (segment_number(zydis->mem.segment) != (source ? insn->segment : SEGMENT_ES))
		return differ("string operand in %s", ZydisRegisterGetString(zydis->mem.segment));
	return NULL;
}

static u64 truncated(u64 value, unsigned int bytes)
{
	return bytes && bytes < 8 ? value & ((1ULL << (8 * bytes)) - 1) : value;
}

/* Zydis sign-extends the address of A0..A3. */
static s64 offset_of(const struct insn *insn, s64 displacement)
{
	return truncated(displacement, insn->address_size);
}

static const char *compare_memory(const struct insn *insn, const struct operand *ours,
				  const ZydisDecodedOperand *zydis)
{
	bool rip = zydis->mem.base == ZYDIS_REGISTER_RIP || zydis->mem.base == ZYDIS_REGISTER_EIP;

	if (insn->operation == OPERATION_MOVSXD && ours->size == 2)
		as_documented(DIFFERENCE_MOVSXD_WORD);
	else if (ours->size && ours->size != zydis->size / 8)
		return differ("memory of %u bytes, not %u", ours->size, zydis->size / 8);
	if (ours->kind == OPERAND_STRING_SOURCE || ours->kind == OPERAND_STRING_DESTINATION)
		return compare_string_operand(insn, ours, zydis);
	if (ours->kind != OPERAND_MEMORY || !insn->has_memory)
		return differ("operand of kind %u is memory", ours->kind);
	if (insn->rip_relative != rip)
		return differ("rip-relative %u", insn->rip_relative);
	if (insn->base == REG_NONE && insn->has_sib && zydis->mem.base == ZYDIS_REGISTER_R13D)
		return as_documented(DIFFERENCE_R13_BASE);
	if (!rip && !same_address_register(insn->base, zydis->mem.base, insn->address_size))
		return differ("base %u, not %s", insn->base,
			      ZydisRegisterGetString(zydis->mem.base));
	if (!same_address_register(insn->index, zydis->mem.index, insn->address_size))
		return differ("index %u, not %s", insn->index,
			      ZydisRegisterGetString(zydis->mem.index));
	if (insn->index != REG_NONE && insn->scale != (zydis->mem.scale ?: 1))
		return differ("scale %u, not %u", insn->scale, zydis->mem.scale);
	if (insn->displacement !=
	    (insn->has_modrm ? zydis->mem.disp.value : offset_of(insn, zydis->mem.disp.value)))
		return differ("displacement %llx, not %llx", (long long)insn->displacement,
			      (long long)zydis->mem.disp.value);
	if (insn->operation == OPERATION_LEA || insn->segment == segment_number(zydis->mem.segment))
		return NULL;
	if (insn->segment == SEGMENT_DS && (insn->operation == OPERATION_CALL_NEAR_INDIRECT ||
					    insn->operation == OPERATION_JMP_NEAR_INDIRECT))
		return as_documented(DIFFERENCE_NOTRACK);
	return differ("segment %u, not %s", insn->segment,
		      ZydisRegisterGetString(zydis->mem.segment));
}

static const char *compare_immediate(const struct insn *insn, const struct operand *ours,
				     const ZydisDecodedOperand *zydis)
{
	u64 value;

	switch (ours->kind) {
	case OPERAND_RELATIVE:
		if (!zydis->imm.is_relative)
			return differ("immediate is not relative");
		value = insn->immediate;
		break;
	case OPERAND_IMMEDIATE: value = insn->immediate; break;
	case OPERAND_IMMEDIATE2: value = insn->immediate2; break;
	case OPERAND_CONSTANT: value = ours->value; break;
	default: return differ("operand of kind %u is immediate", ours->kind);
	}
	if (truncated(value, ours->size) != truncated(zydis->imm.value.u, ours->size))
		return differ("immediate %llx, not %llx", (unsigned long long)value,
			      (unsigned long long)zydis->imm.value.u);
	return NULL;
}

static const char *compare_operand(const struct insn *insn, const struct operand *ours,
				   const ZydisDecodedOperand *zydis)
{
	switch (zydis->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER: return compare_register(ours, zydis->reg.value);
	case ZYDIS_OPERAND_TYPE_MEMORY: return compare_memory(insn, ours, zydis);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE: return compare_immediate(insn, ours, zydis);
	case ZYDIS_OPERAND_TYPE_POINTER:
		if (ours->kind != OPERAND_FAR || insn->immediate != zydis->ptr.offset ||
		    insn->immediate2 != zydis->ptr.segment)
			return differ("far pointer");
		return NULL;
	default: return differ("operand type %d", zydis->type);
	}
}

/* Zydis hides what the opcode of a string instruction implies; we list it. */
static bool is_string(const struct insn *insn)
{
	return insn->operation >= OPERATION_MOVS && insn->operation <= OPERATION_OUTS;
}

/* The x87 register forms: ST(i), which may stand first or second. */
static const char *compare_stack_register(const struct insn *insn, const ZydisDecodedOperand *zydis,
					  unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (zydis[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    zydis[i].reg.value == (ZydisRegister)ZYDIS_REGISTER_ST0 + insn->operands[0].reg)
			return as_documented(DIFFERENCE_X87_ST0);
	}
	return differ("no st(%u)", insn->operands[0].reg);
}

static bool is_listed(const struct insn *insn, const ZydisDecodedOperand *zydis, unsigned int ours)
{
	switch (zydis->visibility) {
	case ZYDIS_OPERAND_VISIBILITY_EXPLICIT: return true;
	case ZYDIS_OPERAND_VISIBILITY_IMPLICIT:
		if (insn->operand_count)
			return true;
		as_documented(DIFFERENCE_IMPLIED_OPERANDS);
		return false;
	default: return is_string(insn) && ours < insn->operand_count;
	}
}

static const char *compare_operands(const struct insn *insn, const ZydisDecodedOperand *zydis,
				    unsigned int count)
{
	unsigned int ours = 0;
	unsigned int i;

	if (insn->operation == OPERATION_NOP)
		return as_documented(DIFFERENCE_NOP_OPERANDS);
	if (insn->operation == OPERATION_X87 && insn->operand_count && !insn->has_memory &&
	    insn->operands[0].kind == OPERAND_X87)
		return compare_stack_register(insn, zydis, count);
	for (i = 0; i < count; i++) {
		const char *difference;

		if (!is_listed(insn, &zydis[i], ours))
			continue;
		if (ours == insn->operand_count)
			return differ("%s: only %u operands", operation_name(insn->operation),
				      ours);
		difference = compare_operand(insn, &insn->operands[ours], &zydis[i]);
		if (difference)
			return difference;
		ours++;
	}
	if (ours != insn->operand_count)
		return differ("%u operands, not %u", insn->operand_count, ours);
	return NULL;
}

static enum decode_result zydis_result(ZyanStatus status)
{
	switch (status) {
	case ZYAN_STATUS_SUCCESS: return DECODE_OK;
	case ZYDIS_STATUS_NO_MORE_DATA: return DECODE_TRUNCATED;
	case ZYDIS_STATUS_INSTRUCTION_TOO_LONG: return DECODE_TOO_LONG;
	default: return DECODE_INVALID;
	}
}

/* IOPL decides on some; others Zydis leaves out, or has only in some forms. */
static bool is_privileged_unlike_zydis(const struct insn *insn)
{
	switch (insn->operation) {
	case OPERATION_CLI:
	case OPERATION_STI:
	case OPERATION_IN:
	case OPERATION_OUT:
	case OPERATION_INS:
	case OPERATION_OUTS:
	case OPERATION_LGDT:
	case OPERATION_RSM:
	case OPERATION_GETSEC:
	case OPERATION_ENCLV:
	case OPERATION_ENQCMDS:
	case OPERATION_VMCALL:
	case OPERATION_VMMCALL:
	case OPERATION_VMRUN:
	case OPERATION_VMLOAD:
	case OPERATION_VMSAVE:
	case OPERATION_STGI:
	case OPERATION_CLGI:
	case OPERATION_SKINIT: return true;
	default: return false;
	}
}

static bool is_knights_corner(const ZydisDecodedInstruction *zydis)
{
	return zydis->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
	       zydis->mnemonic == ZYDIS_MNEMONIC_JKZD || zydis->mnemonic == ZYDIS_MNEMONIC_JKNZD;
}

static const char *compare_instruction(const struct insn *insn,
				       const ZydisDecodedInstruction *zydis)
{
	const char *name = ZydisMnemonicGetString(zydis->mnemonic);
	bool privileged = zydis->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED;

	if (insn->length != zydis->length)
		return differ("%s: length %u, not %u", name, insn->length, zydis->length);
	if (insn->operation == OPERATION_WBNOINVD && zydis->mnemonic == ZYDIS_MNEMONIC_WBINVD)
		return as_documented(DIFFERENCE_WBNOINVD);
	if (!names_agree(insn, name))
		return differ("%s, not %s", operation_name(insn->operation), name);
	if ((insn->class == INSN_PRIVILEGED) != privileged) {
		if (privileged || !is_privileged_unlike_zydis(insn))
			return differ("%s: class %u", name, insn->class);
		as_documented(DIFFERENCE_PRIVILEGED);
	}
	if (insn->operation == OPERATION_ENCLS || insn->operation == OPERATION_ENCLU ||
	    insn->operation == OPERATION_ENCLV)
		return as_documented(DIFFERENCE_ADDRESS_SIZE);
	if (insn->address_size != zydis->address_width / 8)
		return differ("%s: address size %u, not %u", name, insn->address_size,
			      zydis->address_width / 8);
	return NULL;
}

/* Neither decodes, and they say different reasons that hold both. */
static bool stops_are_alike(enum decode_result ours, enum decode_result zydis)
{
	return ours != DECODE_OK && zydis != DECODE_OK && ours != zydis;
}

const char *oracle_compare(const u8 *bytes, unsigned int available, enum insn_mode mode,
			   struct insn *insn)
{
	enum decode_result result = decode_insn(insn, bytes, available, mode);
	ZydisDecodedInstruction zydis;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecoderContext context;
	const char *difference;
	ZyanStatus status;

	if (!available)
		return result == DECODE_TRUNCATED ? NULL : differ("result %u for no bytes", result);
	status = ZydisDecoderDecodeInstruction(&decoders[mode], &context, bytes, available, &zydis);
	if (status == ZYDIS_STATUS_ILLEGAL_LOCK)
		return result == DECODE_INVALID || !insn_lock_allowed(insn)
			       ? NULL
			       : differ("LOCK is illegal");
	if (result != DECODE_INVALID && (insn->prefixes & INSN_PREFIX_ANY_VEX) &&
	    status != ZYAN_STATUS_SUCCESS)
		return as_documented(DIFFERENCE_VEX);
	if (result == DECODE_OK && insn->operation == OPERATION_LKGS)
		return as_documented(DIFFERENCE_LKGS);
	if (status == ZYAN_STATUS_SUCCESS && is_knights_corner(&zydis))
		return as_documented(DIFFERENCE_KNC);
	if (stops_are_alike(result, zydis_result(status)))
		return as_documented(DIFFERENCE_ORDER);
	if (result != zydis_result(status))
		return differ("result %u (%s), not %u (%s)", result,
			      operation_name(insn->operation), zydis_result(status),
			      status == ZYAN_STATUS_SUCCESS ? ZydisMnemonicGetString(zydis.mnemonic)
							    : "");
	if (result != DECODE_OK)
		return NULL;
	if ((insn->prefixes & INSN_PREFIX_LOCK) && !insn_lock_allowed(insn))
		return differ("LOCK is legal");
	difference = compare_instruction(insn, &zydis);
	if (difference || insn->operation == OPERATION_VEX)
		return difference;
	status = ZydisDecoderDecodeOperands(&decoders[mode], &context, &zydis, operands,
					    zydis.operand_count);
	if (status != ZYAN_STATUS_SUCCESS)
		return differ("no operands from Zydis");
	return compare_operands(insn, operands, zydis.operand_count);
}
