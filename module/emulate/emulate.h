/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulator: executes one decoded instruction on the virtual CPU. Called by
 * the run loop for instructions that trapped and for those that touched MMIO
 * or write-protected memory. Pure: all effects outside struct virtual_cpu go
 * through cpu->bus.
 */
#ifndef RINGLET_EMULATE_EMULATE_H
#define RINGLET_EMULATE_EMULATE_H

#include "cpu/cpu.h"
#include "decode/decode.h"

/**
 * emulate_insn() - execute one instruction
 * @cpu: the virtual CPU; cpu->rip is the instruction's address
 * @insn: what decode_insn() made of the bytes there
 *
 * CPU_OK: done, RIP is past it (or at it again while a REP goes on: at most
 * one page's worth of elements is done per call); interrupt_shadow and
 * pending_debug (TF) are up to date; cpu->halted after HLT.
 * CPU_FAULT: cpu->fault; registers, flags and memory as before the
 * instruction (REP: as after the last whole iteration).
 * CPU_USER: nothing has happened yet (REP: only whole iterations have); call
 * again with the state as it is once the bus has the answer. CPU_STOP: the
 * emulator does not do this one, or the bus cannot.
 */
enum cpu_result emulate_insn(struct virtual_cpu *cpu, const struct insn *insn);

/* The allow-list: whether emulate_insn() knows this instruction. */
bool emulate_supported(const struct insn *insn);
/* Whether it goes to cpu_bus.execute. */
bool emulate_needs_fpu(const struct insn *insn);

/**
 * emulate_code_breakpoints() - breakpoints on the execution of the instruction at RIP
 * @cpu: between two instructions
 *
 * Who executes instructions one by one asks before each; the processor does it
 * for those that run directly.
 *
 * Return: bits 0 to 3 for DR6, 0 for none or if RF or a load of SS holds them back.
 *
 * Manual: "Instruction-Breakpoint Exception Condition".
 */
u64 emulate_code_breakpoints(const struct virtual_cpu *cpu);

/* Linear-independent address of the memory operand: its offset, wrapped to
 * the address size. */
u64 emulate_operand_offset(const struct virtual_cpu *cpu, const struct insn *insn);

#endif /* RINGLET_EMULATE_EMULATE_H */
