// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating-point instructions of the userspace PC, executed by the real
 * processor on the guest's FPU state. See struct cpu_native.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "interpret_pc.h"

#define SCRATCH_BYTES	8192
#define SCRATCH_OPERAND 4096
#define OPCODE_RET	0xc3

static u8 guest_state[512] __aligned(16);

/* Code below 2 GiB, so that its absolute addresses are those of 64-bit code. */
static u8 *scratch_page(void)
{
	static u8 *scratch;

	if (scratch)
		return scratch;
	scratch = mmap(NULL, SCRATCH_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (scratch == MAP_FAILED)
		abort();
	asm volatile("fninit\n\tfxsave %0" : "=m"(guest_state));
	return scratch;
}

/* Registers and flags go in and out; RBX, RBP and RSP belong to the compiler. */
struct frame {
	u64 registers[8];
	u64 flags;
	void (*code)(void);
};

void native_call(struct frame *frame);
asm(".text\n"
    "native_call:\n\t"
    "push %rbx\n\tpush %rbp\n\tpush %r12\n\t"
    "mov %rdi, %r12\n\t"
    "fxrstor guest_state(%rip)\n\t"
    "pushq 64(%r12)\n\tpopfq\n\t"
    "mov 0(%r12), %rax\n\tmov 8(%r12), %rcx\n\tmov 16(%r12), %rdx\n\tmov 24(%r12), %rbx\n\t"
    "mov 40(%r12), %rbp\n\tmov 48(%r12), %rsi\n\tmov 56(%r12), %rdi\n\t"
    "call *72(%r12)\n\t"
    "mov %rax, 0(%r12)\n\tmov %rcx, 8(%r12)\n\tmov %rdx, 16(%r12)\n\tmov %rbx, 24(%r12)\n\t"
    "mov %rbp, 40(%r12)\n\tmov %rsi, 48(%r12)\n\tmov %rdi, 56(%r12)\n\t"
    "pushfq\n\tpopq 64(%r12)\n\t"
    "fxsave guest_state(%rip)\n\t"
    "fninit\n\t"
    "pop %r12\n\tpop %rbp\n\tpop %rbx\n\tret\n");

static void call_code(struct virtual_cpu *cpu, u8 *code)
{
	struct frame frame;
	unsigned int mxcsr = 0x1f80;
	unsigned int i;

	memcpy(&frame.code, &code, sizeof(code));
	for (i = 0; i < 8; i++)
		frame.registers[i] = cpu->regs[i];
	frame.flags = (cpu->rflags & EFLAGS_STATUS) | X86_EFLAGS_FIXED;
	native_call(&frame);
	asm volatile("ldmxcsr %0" : : "m"(mxcsr));
	for (i = 0; i < 8; i++) {
		if (i != REG_SP)
			cpu->regs[i] = (u32)frame.registers[i];
	}
	cpu->rflags = (cpu->rflags & ~(u64)EFLAGS_STATUS) | (frame.flags & EFLAGS_STATUS);
}

enum cpu_result pc_execute_native(struct virtual_cpu *cpu, struct cpu_native *native)
{
	u8 *code = scratch_page();
	u8 *operand = code + SCRATCH_OPERAND + native->low_address;
	u32 address = (u32)(u64)operand;
	u64 di = cpu->regs[REG_DI];

	memcpy(operand, native->operand, native->operand_bytes);
	memcpy(code, native->code, native->code_bytes);
	if (native->address_at)
		memcpy(code + native->address_at, &address, sizeof(address));
	if (native->address_in_di)
		cpu->regs[REG_DI] = address;
	code[native->code_bytes] = OPCODE_RET;
	call_code(cpu, code);
	if (native->address_in_di)
		cpu->regs[REG_DI] = di;
	memcpy(native->operand, operand, native->operand_bytes);
	return CPU_OK;
}
