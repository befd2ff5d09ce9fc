// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shifts and rotations. Called through the dispatch table. Pure.
 *
 * A count of zero after masking leaves all flags alone. OF is defined for a
 * count of one; for other counts it is computed in the same way.
 */
#include "emulate/internal.h"

#define COUNT_MASK 31

static u64 flag_if(bool set, u64 mask)
{
	return set ? mask : 0;
}

static unsigned int bits_of(const struct emulation *emulation)
{
	return 8 * destination_bytes(emulation);
}

static bool top_bit(const struct emulation *emulation, u64 value)
{
	return value & sign_bit(destination_bytes(emulation));
}

/* CF and OF of a rotation. */
static struct computation rotated(u64 value, bool carry, bool overflow)
{
	struct computation computation = {
		.value = value,
		.flags = flag_if(carry, X86_EFLAGS_CF) | flag_if(overflow, X86_EFLAGS_OF),
		.affected = X86_EFLAGS_CF | X86_EFLAGS_OF,
	};

	return computation;
}

static struct computation unchanged(u64 value)
{
	struct computation computation = { .value = value };

	return computation;
}

struct computation compute_rol(const struct emulation *emulation, u64 a, u64 count)
{
	unsigned int bits = bits_of(emulation);
	unsigned int by = count % bits;
	u64 value;

	if (!count)
		return unchanged(a);
	value = (a << by | a >> (bits - by)) & size_mask(bits / 8);
	return rotated(value, value & 1, top_bit(emulation, value) != (value & 1));
}

struct computation compute_ror(const struct emulation *emulation, u64 a, u64 count)
{
	unsigned int bits = bits_of(emulation);
	unsigned int by = count % bits;
	u64 value;

	if (!count)
		return unchanged(a);
	value = (a >> by | a << (bits - by)) & size_mask(bits / 8);
	return rotated(value, top_bit(emulation, value),
		       top_bit(emulation, value) != top_bit(emulation, value << 1));
}

/* Through the carry: a rotation of one bit more than the operand has. */
struct computation compute_rcl(const struct emulation *emulation, u64 a, u64 count)
{
	unsigned int bits = bits_of(emulation);
	bool carry = flag(emulation->cpu, X86_EFLAGS_CF);

	if (!count)
		return unchanged(a);
	for (count %= bits + 1; count; count--) {
		bool out = top_bit(emulation, a);

		a = (a << 1 | carry) & size_mask(bits / 8);
		carry = out;
	}
	return rotated(a, carry, top_bit(emulation, a) != carry);
}

struct computation compute_rcr(const struct emulation *emulation, u64 a, u64 count)
{
	unsigned int bits = bits_of(emulation);
	bool carry = flag(emulation->cpu, X86_EFLAGS_CF);

	if (!count)
		return unchanged(a);
	for (count %= bits + 1; count; count--) {
		bool out = a & 1;

		a = a >> 1 | (carry ? sign_bit(bits / 8) : 0);
		carry = out;
	}
	return rotated(a, carry, top_bit(emulation, a) != top_bit(emulation, a << 1));
}

static struct computation shifted(const struct emulation *emulation, u64 value, bool carry,
				  bool overflow)
{
	unsigned int bytes = destination_bytes(emulation);
	struct computation computation = {
		.value = value & size_mask(bytes),
		.flags = result_flags(value, bytes) | flag_if(carry, X86_EFLAGS_CF) |
			 flag_if(overflow, X86_EFLAGS_OF),
		.affected = EFLAGS_STATUS & ~X86_EFLAGS_AF,
	};

	return computation;
}

struct computation compute_shl(const struct emulation *emulation, u64 a, u64 count)
{
	u64 value = a << count;
	bool carry;

	if (!count)
		return unchanged(a);
	carry = value >> bits_of(emulation) & 1;
	return shifted(emulation, value, carry, top_bit(emulation, value) != carry);
}

struct computation compute_shr(const struct emulation *emulation, u64 a, u64 count)
{
	if (!count)
		return unchanged(a);
	return shifted(emulation, a >> count, a >> (count - 1) & 1, top_bit(emulation, a));
}

struct computation compute_sar(const struct emulation *emulation, u64 a, u64 count)
{
	s64 value = sign_extend(a, destination_bytes(emulation));

	if (!count)
		return unchanged(a);
	return shifted(emulation, value >> count, value >> (count - 1) & 1, false);
}

/* ROL ROR RCL RCR SHL SHR SAR */
enum cpu_result emulate_shift(struct emulation *emulation)
{
	enum cpu_result result;
	u64 count, old;

	result = read_operand(emulation, 1, &count);
	if (result != CPU_OK)
		return result;
	return modify_operand(emulation, count & COUNT_MASK, &old, 0);
}

/*
 * SHLD and SHRD pass the register and the count in one value: the register in
 * the low half, the count above it.
 */
#define DOUBLE_SHIFT_COUNT 32

/*
 * A word shifted by more than 16 is undefined; here the destination follows
 * the source once more, as if the string went round.
 */
struct computation compute_shld(const struct emulation *emulation, u64 a, u64 packed)
{
	unsigned int bits = bits_of(emulation);
	unsigned int count = packed >> DOUBLE_SHIFT_COUNT;
	u64 source = packed & size_mask(bits / 8);
	u64 value;
	bool carry;

	if (!count)
		return unchanged(a);
	if (bits == 16) {
		u64 wide = a << 32 | source << 16 | a;

		value = wide >> (32 - count);
		carry = wide >> (48 - count) & 1;
	} else {
		u64 wide = a << 32 | source;

		value = wide >> (32 - count);
		carry = a >> (32 - count) & 1;
	}
	return shifted(emulation, value, carry, top_bit(emulation, value) != top_bit(emulation, a));
}

struct computation compute_shrd(const struct emulation *emulation, u64 a, u64 packed)
{
	unsigned int bits = bits_of(emulation);
	unsigned int count = packed >> DOUBLE_SHIFT_COUNT;
	u64 source = packed & size_mask(bits / 8);
	u64 wide, value;

	if (!count)
		return unchanged(a);
	if (bits == 16)
		wide = a << 32 | source << 16 | a;
	else
		wide = source << 32 | a;
	value = wide >> count;
	return shifted(emulation, value, wide >> (count - 1) & 1,
		       top_bit(emulation, value) != top_bit(emulation, a));
}

enum cpu_result emulate_double_shift(struct emulation *emulation)
{
	enum cpu_result result;
	u64 source, count, old;

	result = read_operand(emulation, 1, &source);
	if (result != CPU_OK)
		return result;
	result = read_operand(emulation, 2, &count);
	if (result != CPU_OK)
		return result;
	return modify_operand(emulation, source | (count & COUNT_MASK) << DOUBLE_SHIFT_COUNT, &old,
			      0);
}
