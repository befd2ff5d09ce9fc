// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addition, subtraction, logic, and the instructions that exchange: their
 * results and flags in plain C. Called through the dispatch table. Pure.
 *
 * Where the manual calls a flag undefined, it is left as it was or computed
 * as for the defined case; tests/unit/emulate_oracle.c lists them.
 */
#include "emulate/internal.h"

u64 result_flags(u64 value, unsigned int bytes)
{
	u8 parity = value;
	u64 flags = 0;

	parity ^= parity >> 4;
	parity ^= parity >> 2;
	parity ^= parity >> 1;
	if (!(parity & 1))
		flags |= X86_EFLAGS_PF;
	if (!(value & size_mask(bytes)))
		flags |= X86_EFLAGS_ZF;
	if (value & sign_bit(bytes))
		flags |= X86_EFLAGS_SF;
	return flags;
}

static struct computation add(u64 a, u64 b, bool carry, unsigned int bytes)
{
	struct computation computation = { .affected = EFLAGS_STATUS };
	u64 value;

	a &= size_mask(bytes);
	b &= size_mask(bytes);
	value = (a + b + carry) & size_mask(bytes);
	computation.value = value;
	computation.flags = result_flags(value, bytes);
	if (carry ? value <= a : value < a)
		computation.flags |= X86_EFLAGS_CF;
	if ((a ^ b ^ value) & 0x10)
		computation.flags |= X86_EFLAGS_AF;
	if (~(a ^ b) & (a ^ value) & sign_bit(bytes))
		computation.flags |= X86_EFLAGS_OF;
	return computation;
}

struct computation subtract(u64 a, u64 b, bool borrow, unsigned int bytes)
{
	struct computation computation = { .affected = EFLAGS_STATUS };
	u64 value;

	a &= size_mask(bytes);
	b &= size_mask(bytes);
	value = (a - b - borrow) & size_mask(bytes);
	computation.value = value;
	computation.flags = result_flags(value, bytes);
	if (borrow ? a <= b : a < b)
		computation.flags |= X86_EFLAGS_CF;
	if ((a ^ b ^ value) & 0x10)
		computation.flags |= X86_EFLAGS_AF;
	if ((a ^ b) & (a ^ value) & sign_bit(bytes))
		computation.flags |= X86_EFLAGS_OF;
	return computation;
}

static struct computation logic(u64 value, unsigned int bytes)
{
	struct computation computation = {
		.value = value & size_mask(bytes),
		.flags = result_flags(value, bytes),
		.affected = EFLAGS_STATUS,
	};

	return computation;
}

struct computation compute_add(const struct emulation *emulation, u64 a, u64 b)
{
	return add(a, b, false, destination_bytes(emulation));
}

struct computation compute_adc(const struct emulation *emulation, u64 a, u64 b)
{
	return add(a, b, flag(emulation->cpu, X86_EFLAGS_CF), destination_bytes(emulation));
}

struct computation compute_adcx(const struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation = compute_adc(emulation, a, b);

	computation.affected = X86_EFLAGS_CF;
	return computation;
}

struct computation compute_adox(const struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation =
		add(a, b, flag(emulation->cpu, X86_EFLAGS_OF), destination_bytes(emulation));

	computation.flags = computation.flags & X86_EFLAGS_CF ? X86_EFLAGS_OF : 0;
	computation.affected = X86_EFLAGS_OF;
	return computation;
}

struct computation compute_sub(const struct emulation *emulation, u64 a, u64 b)
{
	return subtract(a, b, false, destination_bytes(emulation));
}

struct computation compute_sbb(const struct emulation *emulation, u64 a, u64 b)
{
	return subtract(a, b, flag(emulation->cpu, X86_EFLAGS_CF), destination_bytes(emulation));
}

struct computation compute_and(const struct emulation *emulation, u64 a, u64 b)
{
	return logic(a & b, destination_bytes(emulation));
}

struct computation compute_or(const struct emulation *emulation, u64 a, u64 b)
{
	return logic(a | b, destination_bytes(emulation));
}

struct computation compute_xor(const struct emulation *emulation, u64 a, u64 b)
{
	return logic(a ^ b, destination_bytes(emulation));
}

struct computation compute_inc(const struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation = add(a, 1, false, destination_bytes(emulation));

	computation.affected &= ~X86_EFLAGS_CF;
	return computation;
}

struct computation compute_dec(const struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation = subtract(a, 1, false, destination_bytes(emulation));

	computation.affected &= ~X86_EFLAGS_CF;
	return computation;
}

struct computation compute_neg(const struct emulation *emulation, u64 a, u64 b)
{
	return subtract(0, a, false, destination_bytes(emulation));
}

struct computation compute_not(const struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation = { .value = ~a };

	return computation;
}

struct computation compute_xchg(const struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation = { .value = b };

	return computation;
}

/* The destination is written in any case, with what it held if not equal. */
struct computation compute_cmpxchg(const struct emulation *emulation, u64 a, u64 b)
{
	unsigned int bytes = destination_bytes(emulation);
	struct computation computation =
		subtract(get_register(emulation->cpu, REG_AX, bytes), a, false, bytes);

	computation.value = computation.flags & X86_EFLAGS_ZF ? b : a;
	return computation;
}

static u64 register_pair(const struct virtual_cpu *cpu, enum general_register high,
			 enum general_register low)
{
	return get_register(cpu, high, 4) << 32 | get_register(cpu, low, 4);
}

struct computation compute_cmpxchg8b(const struct emulation *emulation, u64 a, u64 b)
{
	struct computation computation = { .value = a, .affected = X86_EFLAGS_ZF };

	if (a == register_pair(emulation->cpu, REG_DX, REG_AX)) {
		computation.value = b;
		computation.flags = X86_EFLAGS_ZF;
	}
	return computation;
}

/* destination = destination OP source */
enum cpu_result emulate_binary(struct emulation *emulation)
{
	enum cpu_result result;
	u64 source, old;

	result = read_operand(emulation, 1, &source);
	if (result != CPU_OK)
		return result;
	return modify_operand(emulation, source, &old, 0);
}

/* CMP, TEST: only flags come of it, so memory need not be writable. */
enum cpu_result emulate_compare(struct emulation *emulation)
{
	struct computation computation;
	enum cpu_result result;
	u64 a, b;

	result = read_operand(emulation, 0, &a);
	if (result != CPU_OK)
		return result;
	result = read_operand(emulation, 1, &b);
	if (result != CPU_OK)
		return result;
	computation = emulation->compute(emulation, a, b);
	set_flags(emulation->cpu, computation.affected, computation.flags);
	return CPU_OK;
}

/* INC, DEC, NEG, NOT */
enum cpu_result emulate_unary(struct emulation *emulation)
{
	u64 old;

	return modify_operand(emulation, 0, &old, 0);
}

static bool same_register(const struct operand *a, const struct operand *b)
{
	return a->kind == OPERAND_REGISTER && b->kind == OPERAND_REGISTER && a->reg == b->reg &&
	       a->high_byte == b->high_byte;
}

/* XCHG and XADD: the source gets what was in the destination. */
enum cpu_result emulate_exchange(struct emulation *emulation)
{
	enum cpu_result result;
	u64 source, old;

	result = read_operand(emulation, 1, &source);
	if (result != CPU_OK)
		return result;
	result = modify_operand(emulation, source, &old, 0);
	if (result != CPU_OK || emulation->repeat)
		return result;
	/* XADD of a register with itself keeps the sum. */
	if (same_register(operand(emulation, 0), operand(emulation, 1)))
		return CPU_OK;
	return write_operand(emulation, 1, old);
}

enum cpu_result emulate_cmpxchg(struct emulation *emulation)
{
	enum cpu_result result;
	u64 source, old;

	result = read_operand(emulation, 1, &source);
	if (result != CPU_OK)
		return result;
	result = modify_operand(emulation, source, &old, 0);
	if (result != CPU_OK || emulation->repeat)
		return result;
	if (!flag(emulation->cpu, X86_EFLAGS_ZF))
		set_register(emulation->cpu, REG_AX, destination_bytes(emulation), old);
	return CPU_OK;
}

enum cpu_result emulate_cmpxchg8b(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	enum cpu_result result;
	u64 old;

	result = modify_operand(emulation, register_pair(cpu, REG_CX, REG_BX), &old, 0);
	if (result != CPU_OK || emulation->repeat)
		return result;
	if (!flag(cpu, X86_EFLAGS_ZF)) {
		set_register(cpu, REG_AX, 4, old);
		set_register(cpu, REG_DX, 4, old >> 32);
	}
	return CPU_OK;
}
