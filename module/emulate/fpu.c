// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating point and vectors: x87, MMX, SSE. Called through the dispatch table.
 * Pure.
 *
 * The real processor executes them, on the guest's FPU state, but in a place of
 * its own: the instruction is written anew with an absolute address, the bus
 * puts it where that address is a scratch page, and the operand travels through
 * cpu->bus like any other. So they work in every mode, on every segment and on
 * device memory, with the faults of the guest's own address.
 */
#include "emulate/internal.h"

#define OPCODE_FWAIT   0x9b
#define OPCODE_MASKMOV 0xf7 /* 0F F7: MASKMOVQ, MASKMOVDQU */
#define MODRM_ABSOLUTE 0x04 /* a SIB byte follows */
#define SIB_ABSOLUTE   0x25 /* no base, no index: a 32-bit address */

/* FXSAVE's area, as code outside 64-bit mode uses it. */
#define FXSAVE_MXCSR	 24
#define FXSAVE_REGISTERS 32
#define FXSAVE_XMM	 160
#define FXSAVE_USED	 288

/**
 * struct fpu_operand - the memory operand in the guest's address space
 * @bytes: what the guest's instruction covers
 * @linear: where
 * @read: its contents go in
 * @write: they come out
 */
struct fpu_operand {
	unsigned int bytes;
	u64 linear;
	bool read;
	bool write;
};

static unsigned int modrm_reg(const struct insn *insn)
{
	return insn->modrm >> 3 & 7;
}

static bool is_x87_memory(const struct insn *insn, u8 opcode, unsigned int reg)
{
	return insn->operation == OPERATION_X87 && insn->has_memory && insn->opcode == opcode &&
	       modrm_reg(insn) == reg;
}

/* FLDENV, FNSTENV, FRSTOR, FNSAVE: their layout depends on mode and size. */
static bool has_environment(const struct insn *insn)
{
	return is_x87_memory(insn, 0xd9, 4) || is_x87_memory(insn, 0xd9, 6) ||
	       is_x87_memory(insn, 0xdd, 4) || is_x87_memory(insn, 0xdd, 6);
}

/* MASKMOVQ and MASKMOVDQU, whose memory operand ModRM does not name. */
static bool is_masked_store(const struct insn *insn)
{
	return insn->map == INSN_MAP_0F && insn->opcode == OPCODE_MASKMOV &&
	       (insn->operation == OPERATION_MMX || insn->operation == OPERATION_SSE);
}

/* Manual: "x87 FPU Control Instructions". */
static bool is_control(const struct insn *insn)
{
	unsigned int reg = modrm_reg(insn);

	if (insn->has_memory)
		return (insn->opcode == 0xd9 && reg >= 4) ||
		       (insn->opcode == 0xdd && (reg == 4 || reg >= 6));
	return (insn->opcode == 0xdb || insn->opcode == 0xdf) && reg == 4;
}

/* Those that look for a pending exception before anything else. */
static bool waits(const struct insn *insn)
{
	unsigned int reg = modrm_reg(insn);

	if (insn->operation == OPERATION_MMX)
		return true;
	if (insn->operation != OPERATION_X87)
		return false;
	return !is_control(insn) || (insn->has_memory && (reg == 4 || reg == 5));
}

static bool stores(const struct insn *insn)
{
	/* By ModRM.reg, for D8 to DF. */
	static const u8 x87[8] = { 0, 0xcc, 0, 0x8e, 0, 0xce, 0, 0xce };

	switch (insn->operation) {
	case OPERATION_X87: return x87[insn->opcode & 7] >> modrm_reg(insn) & 1;
	case OPERATION_FXSAVE:
	case OPERATION_STMXCSR: return true;
	case OPERATION_FXRSTOR:
	case OPERATION_LDMXCSR: return false;
	default: return insn->operands[0].kind == OPERAND_MEMORY;
	}
}

static unsigned int memory_bytes(const struct insn *insn)
{
	unsigned int i;

	for (i = 0; i < insn->operand_count; i++)
		if (insn->operands[i].kind == OPERAND_MEMORY)
			return insn->operands[i].size;
	return 0;
}

/* ---- the instruction, for another address space -------------------------- */

static void put(struct cpu_native *native, u8 byte)
{
	native->code[native->code_bytes++] = byte;
}

static void put_prefixes(struct cpu_native *native, const struct insn *insn)
{
	if (insn->operation == OPERATION_X87) {
		if (insn->operand_size == 2)
			put(native, 0x66);
		return;
	}
	if (insn->prefixes & INSN_PREFIX_OPERAND)
		put(native, 0x66);
	if (insn->prefixes & INSN_PREFIX_REP)
		put(native, 0xf3);
	else if (insn->prefixes & INSN_PREFIX_REPNE)
		put(native, 0xf2);
}

static void put_opcode(struct cpu_native *native, const struct insn *insn)
{
	if (insn->map != INSN_MAP_ONE_BYTE)
		put(native, 0x0f);
	if (insn->map == INSN_MAP_0F38)
		put(native, 0x38);
	else if (insn->map == INSN_MAP_0F3A)
		put(native, 0x3a);
	/* 3DNow! has its opcode at the end. */
	put(native, insn->operation == OPERATION_AMD3DNOW ? 0x0f : insn->opcode);
}

static void put_modrm(struct cpu_native *native, const struct insn *insn)
{
	if (!insn->has_memory) {
		put(native, insn->modrm);
		return;
	}
	put(native, (insn->modrm & 0x38) | MODRM_ABSOLUTE);
	put(native, SIB_ABSOLUTE);
	native->address_at = native->code_bytes;
	native->code_bytes += 4;
}

static void build(struct cpu_native *native, const struct insn *insn)
{
	memset(native, 0, offsetof(struct cpu_native, operand));
	put_prefixes(native, insn);
	put_opcode(native, insn);
	if (insn->has_modrm)
		put_modrm(native, insn);
	if (insn->immediate_bytes)
		put(native, insn->immediate);
	if (insn->immediate_bytes > 1)
		put(native, insn->immediate2);
	native->address_in_di = is_masked_store(insn);
}

/* Manual: "x87 FPU Instruction and Data (Operand) Pointers". */
static void set_pointers(struct cpu_native *native, const struct emulation *emulation)
{
	const struct virtual_cpu *cpu = emulation->cpu;
	const struct insn *insn = emulation->insn;

	native->code_selector = cpu->segments[SEGMENT_CS].selector;
	native->code_offset = cpu->rip;
	if (native->address_in_di)
		native->data_offset = get_address_register(emulation, REG_DI);
	else if (insn->has_memory)
		native->data_offset = emulate_operand_offset(cpu, insn);
	if (insn->operation != OPERATION_X87 || is_control(insn))
		return;
	native->sets_pointers = true;
	native->opcode = (insn->opcode & 7) << 8 | insn->modrm;
	if (insn->has_memory)
		native->data_selector = cpu->segments[insn->segment].selector;
}

/* ---- x87 environments of real mode ---------------------------------------- */

#define ENVIRONMENT_16	14
#define ENVIRONMENT_32	28
#define X87_STACK_BYTES 80

/* Words of an environment, by their place in either size. */
enum { ENV_CONTROL, ENV_STATUS, ENV_TAG, ENV_IP, ENV_CODE, ENV_DATA, ENV_DATA_HIGH, ENV_WORDS };

static u32 get_word(const u8 *environment, unsigned int word, unsigned int bytes)
{
	u32 value = 0;

	memcpy(&value, environment + word * bytes, bytes);
	return value;
}

static void set_word(u8 *environment, unsigned int word, unsigned int bytes, u32 value)
{
	memcpy(environment + word * bytes, &value, bytes);
}

/*
 * Outside protected mode the pointers are linear, and the opcode stands beside
 * the high bits of the first. The real processor is always in protected mode and
 * uses its 32-bit layout, the only one that holds everything.
 */
static void environment_to_real(u8 *area, unsigned int bytes, bool with_stack)
{
	u8 protected[ENVIRONMENT_32];
	u32 code, ip, data;
	unsigned int i;

	memcpy(protected, area, sizeof(protected));
	code = get_word(protected, ENV_CODE, 4);
	ip = get_word(protected, ENV_IP, 4) + ((code & 0xffff) << 4);
	data = get_word(protected, ENV_DATA, 4) +
	       ((get_word(protected, ENV_DATA_HIGH, 4) & 0xffff) << 4);
	if (with_stack)
		memmove(area + ENV_WORDS * bytes, area + ENVIRONMENT_32, X87_STACK_BYTES);
	for (i = ENV_CONTROL; i <= ENV_TAG; i++)
		set_word(area, i, bytes, get_word(protected, i, 4));
	set_word(area, ENV_IP, bytes, ip & 0xffff);
	set_word(area, ENV_CODE, bytes, (ip >> 16) << 12 | (code >> 16 & 0x7ff));
	set_word(area, ENV_DATA, bytes, data & 0xffff);
	set_word(area, ENV_DATA_HIGH, bytes, (data >> 16) << 12);
}

static void environment_from_real(u8 *area, unsigned int bytes, bool with_stack)
{
	u8 real[ENVIRONMENT_32];
	u32 high;
	unsigned int i;

	memcpy(real, area, ENV_WORDS * bytes);
	if (with_stack)
		memmove(area + ENVIRONMENT_32, area + ENV_WORDS * bytes, X87_STACK_BYTES);
	for (i = ENV_CONTROL; i <= ENV_TAG; i++)
		set_word(area, i, 4, get_word(real, i, bytes) | 0xffff0000);
	high = get_word(real, ENV_CODE, bytes);
	set_word(area, ENV_IP, 4, get_word(real, ENV_IP, bytes) | (high & ~0xfffU) << 4);
	set_word(area, ENV_CODE, 4, (high & 0x7ff) << 16);
	high = get_word(real, ENV_DATA_HIGH, bytes);
	set_word(area, ENV_DATA, 4, get_word(real, ENV_DATA, bytes) | (high & ~0xfffU) << 4);
	set_word(area, ENV_DATA_HIGH, 4, 0);
}

static bool is_real_environment(const struct emulation *emulation)
{
	return has_environment(emulation->insn) && !cpu_protected_mode(emulation->cpu);
}

/* ---- the memory operand ---------------------------------------------------- */

/* #AC knows operands of 2, 4 and 8 bytes; these count as smaller ones. */
static unsigned int alignment_of(const struct insn *insn, unsigned int bytes)
{
	if (has_environment(insn))
		return insn->operand_size;
	return bytes == 10 ? 8 : bytes;
}

static enum cpu_result find_operand(struct emulation *emulation, u32 offset,
				    struct fpu_operand *operand)
{
	struct virtual_cpu *cpu = emulation->cpu;
	const struct insn *insn = emulation->insn;
	enum cpu_result result;
	unsigned int access;

	if (is_masked_store(insn)) {
		operand->bytes = insn->operation == OPERATION_MMX ? 8 : 16;
		operand->read = true;
		operand->write = true;
	} else {
		operand->bytes = memory_bytes(insn);
		operand->write = stores(insn);
		operand->read = !operand->write;
	}
	/* Key Locker, which no guest has: its handles have sizes of their own. */
	if (!operand->bytes || operand->bytes > CPU_NATIVE_OPERAND)
		return undefined(emulation);
	access = operand->write ? ACCESS_WRITE : ACCESS_READ;
	result = cpu_linear(cpu, insn->segment, offset, alignment_of(insn, operand->bytes), access,
			    &operand->linear);
	if (result == CPU_OK)
		result = cpu_linear(cpu, insn->segment, offset, operand->bytes, access,
				    &operand->linear);
	/* The processor would say so too, but only after the operand was read. */
	if (result == CPU_OK && operand->bytes == CPU_NATIVE_OPERAND && operand->linear & 15)
		result = general_protection(emulation);
	return result;
}

/* What the processor did cannot be undone: an access that has to wait ends here. */
static enum cpu_result write_bytes(struct virtual_cpu *cpu, u64 linear, const u8 *data,
				   unsigned int bytes)
{
	enum cpu_result result = cpu->bus->write(cpu, linear, data, bytes, ACCESS_WRITE);

	if (result == CPU_USER)
		return cpu_stop(cpu,
				"a floating-point instruction stored more to a device than ringlet can hold");
	return result;
}

/* Of those that store, x87's change the FPU too, but for FNSTCW and FNSTSW. */
static bool changes_state(const struct insn *insn)
{
	return insn->operation == OPERATION_X87 && !(is_control(insn) && modrm_reg(insn) == 7);
}

static enum cpu_result read_fpu_operand(struct emulation *emulation,
					const struct fpu_operand *operand,
					struct cpu_native *native)
{
	struct virtual_cpu *cpu = emulation->cpu;
	const struct insn *insn = emulation->insn;
	unsigned int bytes = operand->bytes;
	enum cpu_result result = CPU_OK;

	memset(native->operand, 0, bytes);
	if ((operand->write && changes_state(insn)) || insn->operation == OPERATION_FXRSTOR)
		result = cpu->bus->probe(cpu, operand->linear, bytes,
					 operand->write ? ACCESS_WRITE : ACCESS_READ);
	if (result != CPU_OK || !operand->read)
		return result;
	if (insn->operation == OPERATION_FXRSTOR)
		bytes = FXSAVE_USED;
	return cpu->bus->read(cpu, operand->linear, native->operand, bytes,
			      operand->write ? ACCESS_MODIFY : ACCESS_READ);
}

/* Bytes that FXSAVE does not own stay as they are; what it saves depends on CR4. */
static enum cpu_result write_fxsave(struct virtual_cpu *cpu, u64 linear, const u8 *area)
{
	enum cpu_result result;

	if (cpu->cr4 & X86_CR4_OSFXSR)
		return write_bytes(cpu, linear, area, FXSAVE_USED);
	result = write_bytes(cpu, linear, area, FXSAVE_MXCSR);
	if (result != CPU_OK)
		return result;
	return write_bytes(cpu, (u32)(linear + FXSAVE_REGISTERS), area + FXSAVE_REGISTERS,
			   FXSAVE_XMM - FXSAVE_REGISTERS);
}

static enum cpu_result write_fpu_operand(struct emulation *emulation,
					 const struct fpu_operand *operand,
					 const struct cpu_native *native)
{
	struct virtual_cpu *cpu = emulation->cpu;

	if (emulation->insn->operation == OPERATION_FXSAVE)
		return write_fxsave(cpu, operand->linear, native->operand);
	return write_bytes(cpu, operand->linear, native->operand, operand->bytes);
}

/* ---- execution --------------------------------------------------------------- */

static enum cpu_result execute(struct virtual_cpu *cpu, struct cpu_native *native)
{
	if (!cpu->bus->execute)
		return cpu_stop(cpu,
				"the guest used a floating-point instruction where there is no FPU");
	return cpu->bus->execute(cpu, native);
}

/* A pending x87 exception comes before the fault of an operand. */
static enum cpu_result pending_or(struct emulation *emulation, enum cpu_result result,
				  struct cpu_native *native)
{
	struct virtual_cpu *cpu = emulation->cpu;
	struct cpu_exception fault = cpu->fault;

	if (result != CPU_FAULT || !waits(emulation->insn))
		return result;
	memset(native, 0, offsetof(struct cpu_native, operand));
	put(native, OPCODE_FWAIT);
	result = execute(cpu, native);
	if (result != CPU_OK)
		return result;
	cpu->fault = fault;
	return CPU_FAULT;
}

static enum cpu_result execute_with_operand(struct emulation *emulation, struct cpu_native *native)
{
	bool real = is_real_environment(emulation);
	struct fpu_operand operand = { 0 };
	unsigned int width = emulation->insn->operand_size;
	enum cpu_result result;
	bool with_stack = false;

	result = find_operand(emulation, native->data_offset, &operand);
	if (result == CPU_OK)
		result = read_fpu_operand(emulation, &operand, native);
	if (result != CPU_OK)
		return pending_or(emulation, result, native);
	native->low_address = operand.linear & 63;
	native->operand_bytes = operand.bytes;
	if (real) {
		with_stack = operand.bytes > ENVIRONMENT_32;
		native->operand_bytes = ENVIRONMENT_32 + (with_stack ? X87_STACK_BYTES : 0);
		if (operand.read)
			environment_from_real(native->operand, width, with_stack);
		else
			memset(native->operand, 0, native->operand_bytes);
	}
	result = execute(emulation->cpu, native);
	if (result != CPU_OK || !operand.write)
		return result;
	if (real)
		environment_to_real(native->operand, width, with_stack);
	return write_fpu_operand(emulation, &operand, native);
}

static enum cpu_result execute_native(struct emulation *emulation)
{
	const struct insn *insn = emulation->insn;
	struct cpu_native native;

	build(&native, insn);
	set_pointers(&native, emulation);
	/* The layout of real mode is ours to make, out of the one that has all. */
	if (is_real_environment(emulation) && insn->operand_size == 2) {
		memmove(native.code, native.code + 1, --native.code_bytes);
		native.address_at--;
	}
	if (insn->has_memory || native.address_in_di)
		return execute_with_operand(emulation, &native);
	return execute(emulation->cpu, &native);
}

static enum cpu_result device_not_available(struct emulation *emulation)
{
	return cpu_fault(emulation->cpu, X86_TRAP_NM);
}

enum cpu_result emulate_fwait(struct emulation *emulation)
{
	u64 wanted = X86_CR0_MP | X86_CR0_TS;

	if ((emulation->cpu->cr0 & wanted) == wanted)
		return device_not_available(emulation);
	return execute_native(emulation);
}

/* x87, and FXSAVE and FXRSTOR. */
enum cpu_result emulate_floating_point(struct emulation *emulation)
{
	if (emulation->cpu->cr0 & (X86_CR0_EM | X86_CR0_TS))
		return device_not_available(emulation);
	return execute_native(emulation);
}

/* MMX and SSE. */
enum cpu_result emulate_vector(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int operation = emulation->insn->operation;
	bool sse = operation == OPERATION_SSE || operation == OPERATION_LDMXCSR ||
		   operation == OPERATION_STMXCSR;

	if ((cpu->cr0 & X86_CR0_EM) || (sse && !(cpu->cr4 & X86_CR4_OSFXSR)))
		return undefined(emulation);
	if (cpu->cr0 & X86_CR0_TS)
		return device_not_available(emulation);
	return execute_native(emulation);
}
