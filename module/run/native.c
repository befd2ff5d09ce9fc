// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floating-point and vector instructions of emulated code, executed by the real
 * processor on the guest's FPU state. The bus's execute; called by the emulator
 * in the vCPU's thread, host world.
 */
#include <linux/irqflags.h>
#include <linux/sched.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>

#include "run/internal.h"

/*
 * The FPU remembers our selectors and our encoding: put the guest's own there.
 * Some processors remember only while an exception is pending; what they do not
 * save they do not load either.
 */
static void set_pointers(const struct cpu_native *native)
{
	struct fxregs_state state __aligned(16);

	asm volatile("fxsave %0" : "=m"(state));
	state.fip = native->code_offset;
	state.fcs = native->code_selector;
	state.fop = native->opcode;
	if (native->operand_bytes) {
		state.foo = native->data_offset;
		state.fos = native->data_selector;
	}
	asm volatile("fxrstor %0" : : "m"(state));
}

/*
 * What a kernel executes when it switches between programs needs no other world:
 * these only move the FPU's state, and cannot fault once their operand is known
 * to be good.
 */
enum plain_code {
	PLAIN_FXSAVE = 0x0fae00,
	PLAIN_FXRSTOR = 0x0fae08,
	PLAIN_LDMXCSR = 0x0fae10,
	PLAIN_STMXCSR = 0x0fae18,
	PLAIN_FNSTCW = 0xd938,
	PLAIN_FNSTSW = 0xdd38,
	PLAIN_FNCLEX = 0xdbe2,
	PLAIN_FNINIT = 0xdbe3,
};

static unsigned int plain_code(const struct cpu_native *native)
{
	const u8 *code = native->code;

	if (native->code_bytes == 2)
		return code[0] << 8 | code[1];
	/* The registers' number, of an instruction with a memory operand. */
	if (native->address_at == 3)
		return code[0] << 8 | (code[1] & 0x38);
	if (native->address_at == 4)
		return code[0] << 16 | code[1] << 8 | (code[2] & 0x38);
	return 0;
}

static bool mxcsr_is_good(u32 mxcsr)
{
	struct fxregs_state state __aligned(16);

	asm volatile("fxsave %0" : "=m"(state));
	return !(mxcsr & ~(state.mxcsr_mask ? state.mxcsr_mask : 0xffbf));
}

/* Whether it was one of those and is done. FPU state of the guest is loaded. */
static bool execute_here(const struct virtual_cpu *cpu, struct cpu_native *native)
{
	struct fxregs_state state __aligned(16);
	u32 *operand = (u32 *)&state;

	switch (plain_code(native)) {
	case PLAIN_FXSAVE:
		asm volatile("fxsave %0" : "=m"(state));
		memcpy(native->operand, &state, sizeof(state));
		return true;
	case PLAIN_FXRSTOR:
		memcpy(&state, native->operand, sizeof(state));
		if (!(cpu->cr4 & X86_CR4_OSFXSR) || !mxcsr_is_good(state.mxcsr))
			return false;
		asm volatile("fxrstor %0" : : "m"(state));
		return true;
	case PLAIN_LDMXCSR:
		memcpy(operand, native->operand, sizeof(*operand));
		if (!mxcsr_is_good(*operand))
			return false;
		asm volatile("ldmxcsr %0" : : "m"(*operand));
		return true;
	case PLAIN_STMXCSR:
		asm volatile("stmxcsr %0" : "=m"(*operand));
		memcpy(native->operand, operand, sizeof(*operand));
		return true;
	case PLAIN_FNSTCW:
		asm volatile("fnstcw %0" : "=m"(*(u16 *)operand));
		memcpy(native->operand, operand, sizeof(u16));
		return true;
	case PLAIN_FNSTSW:
		asm volatile("fnstsw %0" : "=m"(*(u16 *)operand));
		memcpy(native->operand, operand, sizeof(u16));
		return true;
	case PLAIN_FNCLEX:
		asm volatile("fnclex");
		return true;
	case PLAIN_FNINIT:
		asm volatile("fninit");
		return true;
	default:
		return false;
	}
}

static bool try_here(const struct virtual_cpu *cpu, struct cpu_native *native)
{
	bool done;

	local_irq_disable();
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
	done = execute_here(cpu, native);
	local_irq_enable();
	return done;
}

/* Whether it is over; false: the host was served, do it again. */
static bool attempt(struct vcpu *vcpu, struct cpu_native *native, struct world_exit *exit,
		    bool *done)
{
	local_irq_disable();
	/* Who takes a page of the shadow away waits until its root is not loaded. */
	WRITE_ONCE(vcpu->vm->guest_cpu, smp_processor_id());
	/* Pairs with the one in kick(): it sees the mark, or we what it cleared. */
	smp_mb();
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
	*done = world_native_run(vcpu->world, &vcpu->cpu, native, exit);
	if (*done && native->sets_pointers)
		set_pointers(native);
	WRITE_ONCE(vcpu->vm->guest_cpu, -1);
	local_irq_enable();
	vcpu->statistics.world_switches++;
	return *done || (exit->vector < 32 && exit->vector != X86_TRAP_NMI &&
			 exit->vector != X86_TRAP_MC) ||
	       exit->vector == 0x80 || exit->vector > 255;
}

enum cpu_result run_execute_native(struct virtual_cpu *cpu, struct cpu_native *native)
{
	struct vcpu *vcpu = container_of(cpu, struct vcpu, cpu);
	struct world_exit exit = {};
	bool done;

	if (try_here(cpu, native))
		return CPU_OK;
	vcpu->error = world_native_create(vcpu->world);
	if (vcpu->error)
		return cpu_stop(cpu, "there is no memory to execute a floating-point instruction");
	while (!attempt(vcpu, native, &exit, &done))
		cond_resched();
	if (done)
		return CPU_OK;
	switch (exit.vector) {
	case X86_TRAP_UD:
	case X86_TRAP_NM:
	case X86_TRAP_MF:
	case X86_TRAP_XF:
		return cpu_fault(cpu, exit.vector);
	case X86_TRAP_GP:
		return cpu_fault_code(cpu, exit.vector, 0);
	default:
		return cpu_stop(cpu,
				"a floating-point instruction ended in a way that ringlet does not know");
	}
}
