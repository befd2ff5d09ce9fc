// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multiplication, division and decimal adjustment. Called through the dispatch
 * table. Pure.
 */
#include "emulate/internal.h"

/* The double-width accumulator: AX, DX:AX or EDX:EAX. */
static u64 wide_accumulator(const struct virtual_cpu *cpu, unsigned int bytes)
{
	if (bytes == 1)
		return get_register(cpu, REG_AX, 2);
	return get_register(cpu, REG_DX, bytes) << (8 * bytes) | get_register(cpu, REG_AX, bytes);
}

static void set_halves(struct virtual_cpu *cpu, unsigned int bytes, u64 high, u64 low)
{
	if (bytes == 1) {
		set_register(cpu, REG_AX, 2, (high & 0xff) << 8 | (low & 0xff));
		return;
	}
	set_register(cpu, REG_AX, bytes, low);
	set_register(cpu, REG_DX, bytes, high);
}

/* CF and OF say that the upper half matters; the other flags are undefined. */
static void set_product_flags(struct virtual_cpu *cpu, bool overflow)
{
	set_flags(cpu, X86_EFLAGS_CF | X86_EFLAGS_OF, overflow ? X86_EFLAGS_CF | X86_EFLAGS_OF : 0);
}

enum cpu_result emulate_mul(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = destination_bytes(emulation);
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 0, &value);
	if (result != CPU_OK)
		return result;
	value *= get_register(cpu, REG_AX, bytes);
	set_halves(cpu, bytes, value >> (8 * bytes), value);
	set_product_flags(cpu, value >> (8 * bytes));
	return CPU_OK;
}

/* One operand: times the accumulator. Two: in place. Three: by an immediate. */
enum cpu_result emulate_imul(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int count = emulation->insn->operand_count;
	unsigned int bytes = destination_bytes(emulation);
	enum cpu_result result;
	u64 a, b;
	s64 product;

	result = read_operand(emulation, count == 3 ? 1 : 0, &a);
	if (result != CPU_OK)
		return result;
	if (count == 1)
		b = get_register(cpu, REG_AX, bytes);
	else
		result = read_operand(emulation, count - 1, &b);
	if (result != CPU_OK)
		return result;

	product = sign_extend(a, bytes) * sign_extend(b, bytes);
	if (count == 1)
		set_halves(cpu, bytes, product >> (8 * bytes), product);
	else
		result = write_operand(emulation, 0, product);
	set_product_flags(cpu, sign_extend(product, bytes) != product);
	return result;
}

static enum cpu_result divide_error(struct emulation *emulation)
{
	return cpu_fault(emulation->cpu, X86_TRAP_DE);
}

/* The flags of both divisions are undefined: they stay. */
enum cpu_result emulate_div(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = destination_bytes(emulation);
	enum cpu_result result;
	u64 dividend, divisor;

	result = read_operand(emulation, 0, &divisor);
	if (result != CPU_OK)
		return result;
	dividend = wide_accumulator(cpu, bytes);
	if (!divisor || dividend / divisor > size_mask(bytes))
		return divide_error(emulation);
	set_halves(cpu, bytes, dividend % divisor, dividend / divisor);
	return CPU_OK;
}

enum cpu_result emulate_idiv(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = destination_bytes(emulation);
	enum cpu_result result;
	s64 dividend, divisor, quotient;
	u64 value;

	result = read_operand(emulation, 0, &value);
	if (result != CPU_OK)
		return result;
	divisor = sign_extend(value, bytes);
	dividend = sign_extend(wide_accumulator(cpu, bytes), 2 * bytes);
	/* The one quotient that does not fit in 64 bits would trap here too. */
	if (!divisor || (divisor == -1 && dividend == (s64)sign_bit(8)))
		return divide_error(emulation);
	quotient = dividend / divisor;
	if (sign_extend(quotient, bytes) != quotient)
		return divide_error(emulation);
	set_halves(cpu, bytes, dividend % divisor, quotient);
	return CPU_OK;
}

static void set_decimal_flags(struct virtual_cpu *cpu, u8 al, bool carry, bool adjust)
{
	set_flags(cpu, EFLAGS_STATUS & ~X86_EFLAGS_OF,
		  result_flags(al, 1) | (carry ? X86_EFLAGS_CF : 0) | (adjust ? X86_EFLAGS_AF : 0));
}

enum cpu_result emulate_daa(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u8 old = get_register(cpu, REG_AX, 1);
	bool adjust = (old & 0xf) > 9 || flag(cpu, X86_EFLAGS_AF);
	bool carry = old > 0x99 || flag(cpu, X86_EFLAGS_CF);
	u8 al = old + (adjust ? 6 : 0) + (carry ? 0x60 : 0);

	set_register(cpu, REG_AX, 1, al);
	set_decimal_flags(cpu, al, carry, adjust);
	return CPU_OK;
}

enum cpu_result emulate_das(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u8 old = get_register(cpu, REG_AX, 1);
	bool adjust = (old & 0xf) > 9 || flag(cpu, X86_EFLAGS_AF);
	bool high = old > 0x99 || flag(cpu, X86_EFLAGS_CF);
	/* The first subtraction may borrow by itself. */
	bool carry = high || (adjust && old < 6);
	u8 al = old - (adjust ? 6 : 0) - (high ? 0x60 : 0);

	set_register(cpu, REG_AX, 1, al);
	set_decimal_flags(cpu, al, carry, adjust);
	return CPU_OK;
}

/* AAA and AAS differ in the sign of what they do. */
static enum cpu_result ascii_adjust(struct emulation *emulation, int sign)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u16 ax = get_register(cpu, REG_AX, 2);
	bool adjust = (ax & 0xf) > 9 || flag(cpu, X86_EFLAGS_AF);

	if (adjust)
		ax += sign * 0x106;
	set_register(cpu, REG_AX, 2, ax & 0xff0f);
	set_flags(cpu, X86_EFLAGS_AF | X86_EFLAGS_CF, adjust ? X86_EFLAGS_AF | X86_EFLAGS_CF : 0);
	return CPU_OK;
}

enum cpu_result emulate_aaa(struct emulation *emulation)
{
	return ascii_adjust(emulation, 1);
}

enum cpu_result emulate_aas(struct emulation *emulation)
{
	return ascii_adjust(emulation, -1);
}

#define RESULT_FLAGS (X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_PF)

enum cpu_result emulate_aam(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u8 base = emulation->insn->immediate;
	u8 al = get_register(cpu, REG_AX, 1);

	if (!base)
		return divide_error(emulation);
	set_register(cpu, REG_AX, 2, (u16)(al / base) << 8 | al % base);
	set_flags(cpu, RESULT_FLAGS, result_flags(al % base, 1));
	return CPU_OK;
}

enum cpu_result emulate_aad(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	u16 ax = get_register(cpu, REG_AX, 2);
	u8 al = ax + (ax >> 8) * (u8)emulation->insn->immediate;

	set_register(cpu, REG_AX, 2, al);
	set_flags(cpu, RESULT_FLAGS, result_flags(al, 1));
	return CPU_OK;
}
