// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permission to use I/O ports. Called by the emulator for IN, OUT, INS and
 * OUTS, in the host world. Pure.
 */
#include "cpu/internal.h"

#define TSS32_IO_MAP_BASE 0x66

/**
 * cpu_check_port() - whether the guest's code may use ports
 * @cpu: the virtual CPU
 * @port: the first
 * @bytes: how many ports, 1, 2 or 4
 *
 * Manual: "I/O Permission Bit Map". The processor always reads two bytes of
 * the map, so both must be within the TSS.
 *
 * Return: CPU_FAULT with #GP(0), or #PF of the TSS.
 */
enum cpu_result cpu_check_port(struct virtual_cpu *cpu, u16 port, unsigned int bytes)
{
	unsigned int mask = ((1U << bytes) - 1) << (port & 7);
	enum cpu_result result;
	u16 map_base, map;
	u32 offset;

	if (!(cpu->cr0 & X86_CR0_PE))
		return CPU_OK;
	/* In V86 mode the map decides, whatever IOPL is. */
	if (cpu_protected_mode(cpu) && cpu_cpl(cpu) <= cpu_iopl(cpu))
		return CPU_OK;

	if (cpu->tr.unusable || !(cpu->tr.type & TYPE_32BIT) ||
	    cpu->tr.limit < TSS32_IO_MAP_BASE + 1)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu->bus->read(cpu, (u32)(cpu->tr.base + TSS32_IO_MAP_BASE), &map_base,
				sizeof(map_base), ACCESS_READ | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	offset = map_base + port / 8;
	if (offset + 1 > cpu->tr.limit)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	result = cpu->bus->read(cpu, (u32)(cpu->tr.base + offset), &map, sizeof(map),
				ACCESS_READ | ACCESS_SYSTEM);
	if (result != CPU_OK)
		return result;
	if (map & mask)
		return cpu_fault_code(cpu, X86_TRAP_GP, 0);
	return CPU_OK;
}
