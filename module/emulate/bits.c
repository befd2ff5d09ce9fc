// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bit tests, bit scans and checksums. Called through the dispatch table. Pure.
 */
#include "emulate/internal.h"

static u64 bit_mask(const struct emulation *emulation, u64 bit)
{
	return 1ULL << (bit % (8 * destination_bytes(emulation)));
}

static struct computation bit_tested(u64 value, bool was_set)
{
	struct computation computation = {
		.value = value,
		.flags = was_set ? X86_EFLAGS_CF : 0,
		.affected = X86_EFLAGS_CF,
	};

	return computation;
}

struct computation compute_bt(const struct emulation *emulation, u64 a, u64 bit)
{
	return bit_tested(a, a & bit_mask(emulation, bit));
}

struct computation compute_bts(const struct emulation *emulation, u64 a, u64 bit)
{
	return bit_tested(a | bit_mask(emulation, bit), a & bit_mask(emulation, bit));
}

struct computation compute_btr(const struct emulation *emulation, u64 a, u64 bit)
{
	return bit_tested(a & ~bit_mask(emulation, bit), a & bit_mask(emulation, bit));
}

struct computation compute_btc(const struct emulation *emulation, u64 a, u64 bit)
{
	return bit_tested(a ^ bit_mask(emulation, bit), a & bit_mask(emulation, bit));
}

/*
 * A bit number in a register reaches beyond the operand: it is signed, and
 * memory is one string of bits. An immediate one stays within the operand.
 */
static s64 bit_string_offset(const struct emulation *emulation, u64 bit)
{
	unsigned int bytes = destination_bytes(emulation);

	if (operand(emulation, 0)->kind != OPERAND_MEMORY ||
	    operand(emulation, 1)->kind != OPERAND_REGISTER)
		return 0;
	return (sign_extend(bit, bytes) >> (bytes == 2 ? 4 : 5)) * bytes;
}

/* BT BTS BTR BTC */
enum cpu_result emulate_bit_test(struct emulation *emulation)
{
	struct computation computation;
	enum cpu_result result;
	u64 bit, value = 0;
	s64 offset;

	result = read_operand(emulation, 1, &bit);
	if (result != CPU_OK)
		return result;
	offset = bit_string_offset(emulation, bit);
	if (emulation->insn->operation != OPERATION_BT)
		return modify_operand(emulation, bit, &value, offset);

	/* BT only reads, so its memory need not be writable. */
	if (operand(emulation, 0)->kind == OPERAND_MEMORY)
		result = read_memory(emulation, offset, &value, destination_bytes(emulation));
	else
		result = read_operand(emulation, 0, &value);
	if (result != CPU_OK)
		return result;
	computation = compute_bt(emulation, value, bit);
	set_flags(emulation->cpu, computation.affected, computation.flags);
	return CPU_OK;
}

static unsigned int lowest_bit(u64 value)
{
	unsigned int bit = 0;

	while (!(value >> bit & 1))
		bit++;
	return bit;
}

static unsigned int highest_bit(u64 value)
{
	unsigned int bit = 63;

	while (!(value >> bit & 1))
		bit--;
	return bit;
}

/* BSF, BSR: zero leaves the destination as it was. */
static enum cpu_result scan(struct emulation *emulation, u64 value)
{
	bool forward = emulation->insn->operation == OPERATION_BSF;

	set_flags(emulation->cpu, X86_EFLAGS_ZF, value ? 0 : X86_EFLAGS_ZF);
	if (!value)
		return CPU_OK;
	return write_operand(emulation, 0, forward ? lowest_bit(value) : highest_bit(value));
}

/* LZCNT, TZCNT: zero counts all bits. */
static enum cpu_result count_zeros(struct emulation *emulation, u64 value)
{
	unsigned int bits = 8 * destination_bytes(emulation);
	unsigned int count = bits;

	if (value && emulation->insn->operation == OPERATION_TZCNT)
		count = lowest_bit(value);
	else if (value)
		count = bits - 1 - highest_bit(value);
	set_flags(emulation->cpu, X86_EFLAGS_CF | X86_EFLAGS_ZF,
		  (value ? 0 : X86_EFLAGS_CF) | (count ? 0 : X86_EFLAGS_ZF));
	return write_operand(emulation, 0, count);
}

enum cpu_result emulate_bit_scan(struct emulation *emulation)
{
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 1, &value);
	if (result != CPU_OK)
		return result;
	switch (emulation->insn->operation) {
	case OPERATION_BSF:
	case OPERATION_BSR: return scan(emulation, value);
	default: return count_zeros(emulation, value);
	}
}

enum cpu_result emulate_popcnt(struct emulation *emulation)
{
	unsigned int count = 0;
	enum cpu_result result;
	u64 value;

	result = read_operand(emulation, 1, &value);
	if (result != CPU_OK)
		return result;
	set_flags(emulation->cpu, EFLAGS_STATUS, value ? 0 : X86_EFLAGS_ZF);
	for (; value; value &= value - 1)
		count++;
	return write_operand(emulation, 0, count);
}

/* CRC-32C, bits in reflected order. */
#define CRC32C_POLYNOMIAL 0x82f63b78U

enum cpu_result emulate_crc32(struct emulation *emulation)
{
	unsigned int bits = 8 * operand(emulation, 1)->size;
	enum cpu_result result;
	u64 crc, data;

	result = read_operand(emulation, 1, &data);
	if (result != CPU_OK)
		return result;
	result = read_operand(emulation, 0, &crc);
	if (result != CPU_OK)
		return result;
	crc ^= data;
	while (bits--)
		crc = crc & 1 ? crc >> 1 ^ CRC32C_POLYNOMIAL : crc >> 1;
	return write_operand(emulation, 0, crc);
}
