// SPDX-License-Identifier: GPL-2.0-only
/*
 * Input and output. Called through the dispatch table. Pure.
 *
 * INS and OUTS hand several elements to the bus at a time, as long as they
 * stay within one page and one segment: userspace then answers once for all
 * of them.
 */
#include "emulate/internal.h"

#define PORT_PAGE 4096
/* Elements of one call lie on the stack; the bus reads at most 64 at a time. */
#define PORT_CHUNK 64

/* 6C..6F and E4..E7, EC..EF: even opcodes are the byte forms. */
static unsigned int port_bytes(const struct insn *insn)
{
	if (!(insn->opcode & 1))
		return 1;
	return insn->operand_size == 2 ? 2 : 4;
}

/* Opcode bit 3 tells DX from an immediate. */
static u16 port_number(const struct emulation *emulation)
{
	if (emulation->insn->opcode & 8)
		return emulation->cpu->regs[REG_DX];
	return emulation->insn->immediate & 0xff;
}

enum cpu_result emulate_in(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = port_bytes(emulation->insn);
	u16 port = port_number(emulation);
	enum cpu_result result;
	u32 value = 0;

	result = cpu_check_port(cpu, port, bytes);
	if (result != CPU_OK)
		return result;
	result = cpu->bus->port_in(cpu, port, bytes, 1, &value);
	if (result != CPU_OK)
		return result;
	set_register(cpu, REG_AX, bytes, value);
	return CPU_OK;
}

enum cpu_result emulate_out(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = port_bytes(emulation->insn);
	u16 port = port_number(emulation);
	u32 value = get_register(cpu, REG_AX, bytes);
	enum cpu_result result;

	result = cpu_check_port(cpu, port, bytes);
	if (result != CPU_OK)
		return result;
	return cpu->bus->port_out(cpu, port, bytes, 1, &value);
}

/*
 * Find out how many elements go in one call, and where they lie: all that are
 * left, at most what fits in the chunk and in the page of the first. One at a
 * time when they go downwards, when debug traps are due, and at the edge of a page
 * or segment, where only some of them might fault.
 */
static enum cpu_result chunk(struct emulation *emulation, enum segment_register segment,
			     enum general_register pointer, unsigned int access,
			     unsigned int *count, u64 *linear)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = port_bytes(emulation->insn);
	u64 offset = get_address_register(emulation, pointer);
	u64 wanted = 1;

	if (string_repeats(emulation->insn) && !emulation->one_iteration &&
	    !flag(cpu, X86_EFLAGS_DF)) {
		u64 room = size_mask(emulation->insn->address_size) - offset;

		wanted = get_address_register(emulation, REG_CX);
		wanted = min_t(u64, wanted, PORT_CHUNK / bytes);
		wanted = min_t(u64, wanted, room / bytes);
		wanted = max_t(u64, wanted, 1);
	}
	if (wanted > 1 &&
	    cpu_linear(cpu, segment, offset, wanted * bytes, access, linear) == CPU_OK) {
		u64 in_page = (PORT_PAGE - *linear % PORT_PAGE) / bytes;

		*count = max_t(u64, min_t(u64, wanted, in_page), 1);
	} else {
		*count = 1;
	}
	return cpu_linear(cpu, segment, offset, *count * bytes, access, linear);
}

static void finish_chunk(struct emulation *emulation, enum general_register pointer,
			 unsigned int count)
{
	u64 left;

	advance_pointer(emulation, pointer, count * port_bytes(emulation->insn));
	if (!string_repeats(emulation->insn))
		return;
	left = get_address_register(emulation, REG_CX) - count;
	set_address_register(emulation, REG_CX, left);
	emulation->repeat = left != 0;
}

static bool nothing_to_do(const struct emulation *emulation)
{
	return string_repeats(emulation->insn) && !get_address_register(emulation, REG_CX);
}

enum cpu_result emulate_ins(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = port_bytes(emulation->insn);
	u16 port = cpu->regs[REG_DX];
	u8 data[PORT_CHUNK] = { 0 };
	enum cpu_result result;
	unsigned int count;
	u64 linear;

	/* The port is checked even if the count is zero. */
	result = cpu_check_port(cpu, port, bytes);
	if (result != CPU_OK || nothing_to_do(emulation))
		return result;
	result = chunk(emulation, SEGMENT_ES, REG_DI, ACCESS_WRITE, &count, &linear);
	if (result != CPU_OK)
		return result;
	/* A fault after the port was read would lose what was read. */
	result = cpu->bus->probe(cpu, linear, count * bytes, ACCESS_WRITE);
	if (result != CPU_OK)
		return result;
	result = cpu->bus->port_in(cpu, port, bytes, count, data);
	if (result != CPU_OK)
		return result;
	result = cpu->bus->write(cpu, linear, data, count * bytes, ACCESS_WRITE);
	if (result != CPU_OK)
		return result;
	finish_chunk(emulation, REG_DI, count);
	return CPU_OK;
}

enum cpu_result emulate_outs(struct emulation *emulation)
{
	struct virtual_cpu *cpu = emulation->cpu;
	unsigned int bytes = port_bytes(emulation->insn);
	u16 port = cpu->regs[REG_DX];
	u8 data[PORT_CHUNK] = { 0 };
	enum cpu_result result;
	unsigned int count;
	u64 linear;

	/* The port is checked even if the count is zero. */
	result = cpu_check_port(cpu, port, bytes);
	if (result != CPU_OK || nothing_to_do(emulation))
		return result;
	result = chunk(emulation, data_segment(emulation->insn), REG_SI, ACCESS_READ, &count,
		       &linear);
	if (result != CPU_OK)
		return result;
	result = cpu->bus->read(cpu, linear, data, count * bytes, ACCESS_READ);
	if (result != CPU_OK)
		return result;
	result = cpu->bus->port_out(cpu, port, bytes, count, data);
	if (result != CPU_OK)
		return result;
	finish_chunk(emulation, REG_SI, count);
	return CPU_OK;
}
