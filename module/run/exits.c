// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit of the guest world means, by vector. Called by the run loop with
 * the virtual CPU's state stored back; host world.
 *
 * An instruction that trapped is told from one that merely faulted by decoding
 * it, never by the error code alone: error codes differ between processors,
 * and the shadow descriptors make some faults look other than they are.
 */
#include <uapi/asm/debugreg.h>

#include "emulate/emulate.h"
#include "run/internal.h"
#include "run/trace.h"

typedef enum run_result (*exit_handler)(struct vcpu *vcpu, const struct world_exit *exit);

static enum run_result inject(struct vcpu *vcpu, const struct world_exit *exit)
{
	const struct cpu_exception exception = {
		.vector = exit->vector,
		.has_error_code = exit->vector == X86_TRAP_AC || exit->vector == X86_TRAP_GP ||
				  exit->vector == X86_TRAP_SS || exit->vector == X86_TRAP_NP ||
				  exit->vector == X86_TRAP_TS,
		.error_code = exit->error_code,
	};

	run_queue_exception(vcpu, &exception);
	return RUN_RESUME;
}

/*
 * Instructions that fault in ring 1 or on shadow descriptors where they would
 * not, or not in the same way, in the guest's own world.
 */
static bool depends_on_deprivileging(const struct insn *insn)
{
	if (insn->class != INSN_INNOCUOUS)
		return true;
	switch (insn->operation) {
	case OPERATION_MOV_SEGMENT:
	case OPERATION_POP_SEGMENT:
	case OPERATION_LDS:
	case OPERATION_LES:
	case OPERATION_LSS:
	case OPERATION_LFS:
	case OPERATION_LGS:
	case OPERATION_JMP_FAR:
	case OPERATION_CALL_FAR:
	case OPERATION_RET_FAR:
	case OPERATION_IRET:
	case OPERATION_INT:
	case OPERATION_INT1:
	case OPERATION_INT3:
	case OPERATION_INTO:
	case OPERATION_SYSENTER:
	case OPERATION_SYSEXIT:
	case OPERATION_SYSCALL:
	case OPERATION_SYSRET:
		return true;
	default:
		return false;
	}
}

static enum run_result emulate_or_inject(struct vcpu *vcpu, const struct world_exit *exit)
{
	enum cpu_result result;
	struct insn insn;

	result = run_decode(vcpu, &insn);
	if (result == CPU_FAULT) {
		run_queue_exception(vcpu, &vcpu->cpu.fault);
		return RUN_RESUME;
	}
	if (result != CPU_OK)
		return run_end(vcpu, result);
	if (!depends_on_deprivileging(&insn))
		return inject(vcpu, exit);
	return run_emulate(vcpu, &insn);
}

/*
 * The trap of a data breakpoint that MOV to SS met is held back for one
 * instruction. If that one left the guest, DR6 alone tells of it: it is due
 * after whatever the instruction does.
 */
static void keep_delayed_trap(struct vcpu *vcpu, const struct world_exit *exit)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	unsigned int i;

	if (exit->vector == X86_TRAP_DB)
		return;
	for (i = 0; i < ARRAY_SIZE(cpu->dr); i++)
		if (cpu_breakpoint_control(cpu) >> DR_ENABLE_SIZE * i & 3)
			cpu->pending_debug |= exit->dr6 & BIT(i);
}

static enum run_result handle_debug(struct vcpu *vcpu, const struct world_exit *exit)
{
	/* RF is saved clear even for breakpoints on code, which are faults. */
	struct cpu_exception debug = {
		.vector = X86_TRAP_DB,
		.dr6 = exit->dr6,
		.trap = true,
	};

	/* Our own step, over an interrupt shadow: it has passed, even if the
	 * instruction was a jump to itself.
	 */
	if (vcpu->world->step && (debug.dr6 & DR_STEP)) {
		debug.dr6 &= ~(u64)DR_STEP;
		vcpu->cpu.interrupt_shadow = 0;
	}
	if (exit->dr6 & DR_STEP)
		run_count_step(vcpu);
	if (!debug.dr6) {
		if (vcpu->world->step)
			return RUN_RESUME;
		/* INT1: a trap that leaves no bit in DR6. */
		vcpu->cpu.rip = (u32)(vcpu->cpu.rip - 1);
		return run_emulate_current(vcpu);
	}
	run_queue_exception(vcpu, &debug);
	return RUN_RESUME;
}

/*
 * INT3, INTO and INT 80h came through gates of DPL 3 as traps: go back to the
 * instruction and execute it on the virtual CPU, gate checks and all.
 */
static enum run_result handle_software_interrupt(struct vcpu *vcpu, const struct world_exit *exit)
{
	static const u8 one_byte[] = {
		[X86_TRAP_BP] = 0xcc,
		[X86_TRAP_OF] = 0xce,
	};
	struct virtual_cpu *cpu = &vcpu->cpu;
	enum cpu_result result;
	u8 bytes[2];
	u64 linear;

	result = cpu_linear(cpu, SEGMENT_CS, (u32)(cpu->rip - 2), 2, ACCESS_FETCH, &linear);
	if (result == CPU_OK)
		result = cpu->bus->read(cpu, linear, bytes, 2, ACCESS_FETCH);
	if (result == CPU_OK && bytes[0] == 0xcd && bytes[1] == exit->vector)
		cpu->rip = (u32)(cpu->rip - 2);
	else if (exit->vector < ARRAY_SIZE(one_byte) && one_byte[exit->vector])
		cpu->rip = (u32)(cpu->rip - 1);
	else
		return run_stop(vcpu, "INT 0x%x at 0x%llx was changed while it executed",
				exit->vector, cpu->rip);
	return run_emulate_current(vcpu);
}

static enum run_result handle_page_fault(struct vcpu *vcpu, const struct world_exit *exit)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	enum mmu_fault result;

	/*
	 * Where the processor does not wrap at 4 GiB, an access across it
	 * reaches above. The emulator wraps; anything else up there is ours.
	 */
	if (exit->cr2 >= BIT_ULL(32)) {
		/* RIP went past, and was truncated when it was stored. */
		if (exit->error_code & PFERR_FETCH && cpu->rip < U32_MAX - INSN_MAX_LENGTH)
			return RUN_RESUME;
		if (exit->cr2 - BIT_ULL(32) < PAGE_SIZE)
			return run_emulate_current(vcpu);
		return run_stop(vcpu, "the guest touched an address above 4 GiB at 0x%llx",
				cpu->rip);
	}
	result = mmu_handle_fault(&vcpu->mmu, cpu, exit->cr2, exit->error_code);
	trace_ringlet_page_fault(exit->cr2, vcpu->mmu.fault_gpa, exit->error_code, result);
	switch (result) {
	case MMU_FAULT_RESUME:
		return RUN_RESUME;
	case MMU_FAULT_INJECT:
		run_queue_exception(vcpu, &cpu->fault);
		return RUN_RESUME;
	case MMU_FAULT_EMULATE:
		return run_emulate_current(vcpu);
	case MMU_FAULT_NO_MEMORY:
		vcpu->error = -ENOMEM;
		return RUN_ERROR;
	case MMU_FAULT_BAD:
		vcpu->error = -EFAULT;
		return RUN_ERROR;
	case MMU_FAULT_STOP:
		break;
	}
	return run_end(vcpu, CPU_STOP);
}

/* The host has had it by now. */
static enum run_result handle_host_event(struct vcpu *vcpu, const struct world_exit *exit)
{
	return RUN_RESUME;
}

static enum run_result handle_bad_selector(struct vcpu *vcpu, const struct world_exit *exit)
{
	return run_stop(vcpu,
			"the processor refused a segment register (CS 0x%x SS 0x%x DS 0x%x ES 0x%x FS 0x%x GS 0x%x) on entry to the guest at 0x%llx",
			vcpu->cpu.segments[SEGMENT_CS].selector,
			vcpu->cpu.segments[SEGMENT_SS].selector,
			vcpu->cpu.segments[SEGMENT_DS].selector,
			vcpu->cpu.segments[SEGMENT_ES].selector,
			vcpu->cpu.segments[SEGMENT_FS].selector,
			vcpu->cpu.segments[SEGMENT_GS].selector, vcpu->cpu.rip);
}

static enum run_result handle_bug(struct vcpu *vcpu, const struct world_exit *exit)
{
	return run_stop(vcpu,
			"the world switch itself faulted at offset 0x%x of its text: this is a bug in ringlet, please report it",
			exit->error_code);
}

/*
 * The guest executed IRET with VM set in ring 1, in an emulator that obeys. What
 * trapped there is done again on the virtual CPU; only traps, whose instruction
 * is over, need more.
 */
static enum run_result handle_virtual_8086(struct vcpu *vcpu, const struct world_exit *exit)
{
	struct world_exit real = *exit;

	real.vector = exit->error_code;
	switch (real.vector) {
	case X86_TRAP_DB:
		return handle_debug(vcpu, &real);
	case X86_TRAP_BP:
	case X86_TRAP_OF:
	case 0x80:
		return handle_software_interrupt(vcpu, &real);
	default:
		return RUN_RESUME;
	}
}

static enum run_result handle_unknown(struct vcpu *vcpu, const struct world_exit *exit)
{
	return run_stop(vcpu, "the guest was left by vector %u, which nothing should raise",
			exit->vector);
}

static const exit_handler handlers[] = {
	[X86_TRAP_DE] = inject,
	[X86_TRAP_DB] = handle_debug,
	[X86_TRAP_NMI] = handle_host_event,
	[X86_TRAP_BP] = handle_software_interrupt,
	[X86_TRAP_OF] = handle_software_interrupt,
	[X86_TRAP_BR] = inject,
	[X86_TRAP_UD] = emulate_or_inject,
	[X86_TRAP_NM] = inject,
	[X86_TRAP_TS] = emulate_or_inject,
	[X86_TRAP_NP] = emulate_or_inject,
	[X86_TRAP_SS] = emulate_or_inject,
	[X86_TRAP_GP] = emulate_or_inject,
	[X86_TRAP_PF] = handle_page_fault,
	[X86_TRAP_MF] = inject,
	[X86_TRAP_AC] = inject,
	[X86_TRAP_MC] = handle_host_event,
	[X86_TRAP_XF] = inject,
	[32 ... 0x7f] = handle_host_event,
	[0x80] = handle_software_interrupt,
	[0x81 ... 255] = handle_host_event,
	[WORLD_VECTOR_SEGMENT_LOAD] = handle_bad_selector,
	[WORLD_VECTOR_IRET_FAULT] = handle_bad_selector,
	[WORLD_VECTOR_BUG] = handle_bug,
	[WORLD_VECTOR_VIRTUAL_8086] = handle_virtual_8086,
};

static enum ringlet_exit reason_of(unsigned int vector)
{
	if (vector == X86_TRAP_NMI)
		return RINGLET_EXIT_NMI;
	if (vector < 32)
		return vector;
	if (vector == 0x80)
		return RINGLET_EXIT_SOFTWARE_INTERRUPT;
	return RINGLET_EXIT_INTERRUPT;
}

enum run_result run_handle_exit(struct vcpu *vcpu, const struct world_exit *exit)
{
	unsigned int reason = reason_of(exit->vector);
	exit_handler handler = NULL;

	vcpu->statistics.exits[reason]++;
	trace_ringlet_exit(reason, vcpu->cpu.rip, exit->error_code, exit->cr2);
	keep_delayed_trap(vcpu, exit);
	if (exit->vector < ARRAY_SIZE(handlers))
		handler = handlers[exit->vector];
	return (handler ? handler : handle_unknown)(vcpu, exit);
}
