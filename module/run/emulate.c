// SPDX-License-Identifier: GPL-2.0-only
/*
 * From RIP to an emulated instruction: fetch, decode, emulate, account. Called
 * by the exit handlers and when userspace has answered an access; host world.
 */
#include "emulate/emulate.h"
#include "run/internal.h"

static enum insn_mode code_mode(const struct virtual_cpu *cpu)
{
	return cpu_protected_mode(cpu) && cpu->segments[SEGMENT_CS].db ? INSN_MODE_32 :
									INSN_MODE_16;
}

/* Code bytes from RIP on, page by page, so that none is read needlessly. */
static enum cpu_result fetch(struct vcpu *vcpu, u8 *bytes, unsigned int have, unsigned int *got)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	enum cpu_result result;
	unsigned int want;
	u64 linear;

	result = cpu_linear(cpu, SEGMENT_CS, (u32)(cpu->rip + have), 1, ACCESS_FETCH, &linear);
	if (result != CPU_OK)
		return result;
	want = min_t(unsigned int, INSN_MAX_LENGTH - have, PAGE_SIZE - offset_in_page(linear));
	result = cpu->bus->read(cpu, linear, bytes + have, want, ACCESS_FETCH);
	*got = have + want;
	return result;
}

enum cpu_result run_decode(struct vcpu *vcpu, struct insn *insn)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	u8 bytes[INSN_MAX_LENGTH];
	enum cpu_result result;
	unsigned int have = 0;
	u64 linear;

	do {
		result = fetch(vcpu, bytes, have, &have);
		if (result != CPU_OK)
			return result;
		switch (decode_insn(insn, bytes, have, code_mode(cpu))) {
		case DECODE_OK:
			/* The limit was checked for the first byte of each page. */
			return cpu_linear(cpu, SEGMENT_CS, cpu->rip, insn->length, ACCESS_FETCH,
					  &linear);
		case DECODE_INVALID:
			return cpu_fault(cpu, X86_TRAP_UD);
		case DECODE_TOO_LONG:
			return cpu_fault_code(cpu, X86_TRAP_GP, 0);
		case DECODE_TRUNCATED:
			break;
		}
	} while (have < INSN_MAX_LENGTH);
	return cpu_fault_code(cpu, X86_TRAP_GP, 0);
}

static enum ringlet_emulated group_of(const struct insn *insn)
{
	switch (insn->operation) {
	case OPERATION_CLI:
		return RINGLET_EMULATED_CLI;
	case OPERATION_STI:
		return RINGLET_EMULATED_STI;
	case OPERATION_HLT:
		return RINGLET_EMULATED_HLT;
	case OPERATION_IN:
	case OPERATION_INS:
		return RINGLET_EMULATED_IN;
	case OPERATION_OUT:
	case OPERATION_OUTS:
		return RINGLET_EMULATED_OUT;
	case OPERATION_MOV_CONTROL:
	case OPERATION_CLTS:
	case OPERATION_LMSW:
		return RINGLET_EMULATED_MOV_CR;
	case OPERATION_MOV_DEBUG:
		return RINGLET_EMULATED_MOV_DR;
	case OPERATION_LGDT:
	case OPERATION_LIDT:
	case OPERATION_LLDT:
	case OPERATION_LTR:
	case OPERATION_SGDT:
	case OPERATION_SIDT:
	case OPERATION_SLDT:
	case OPERATION_STR:
	case OPERATION_SMSW:
		return RINGLET_EMULATED_DESCRIPTOR_TABLE;
	case OPERATION_INVLPG:
		return RINGLET_EMULATED_INVLPG;
	case OPERATION_RDMSR:
	case OPERATION_WRMSR:
		return RINGLET_EMULATED_MSR;
	case OPERATION_RDTSC:
	case OPERATION_RDTSCP:
	case OPERATION_RDPMC:
		return RINGLET_EMULATED_TIME;
	case OPERATION_CPUID:
		return RINGLET_EMULATED_CPUID;
	case OPERATION_PUSHF:
	case OPERATION_POPF:
		return RINGLET_EMULATED_FLAGS;
	case OPERATION_IRET:
		return RINGLET_EMULATED_IRET;
	case OPERATION_CALL_FAR:
	case OPERATION_JMP_FAR:
	case OPERATION_RET_FAR:
		return RINGLET_EMULATED_FAR_TRANSFER;
	case OPERATION_INT:
	case OPERATION_INT3:
	case OPERATION_INTO:
	case OPERATION_INT1:
		return RINGLET_EMULATED_INT;
	case OPERATION_MOV_SEGMENT:
	case OPERATION_POP_SEGMENT:
	case OPERATION_LDS:
	case OPERATION_LES:
	case OPERATION_LSS:
	case OPERATION_LFS:
	case OPERATION_LGS:
		return RINGLET_EMULATED_SEGMENT_LOAD;
	default:
		return insn->has_memory ? RINGLET_EMULATED_MEMORY : RINGLET_EMULATED_OTHER;
	}
}

/* The stop sentence of an instruction that has no emulation names it. */
static enum run_result stop_unknown(struct vcpu *vcpu, const struct insn *insn)
{
	return run_stop(vcpu,
			"ringlet cannot emulate the instruction '%s' at 0x%llx, which touched a device or trapped",
			operation_name(insn->operation), vcpu->cpu.rip);
}

enum run_result run_emulate(struct vcpu *vcpu, const struct insn *insn)
{
	u64 count_before = vcpu->cpu.regs[REG_CX];
	enum cpu_result result;

	if (!emulate_supported(insn))
		return stop_unknown(vcpu, insn);
	if (unlikely(run_is_software_breakpoint(vcpu, insn)))
		return run_end_at_software_breakpoint(vcpu);
	result = emulate_insn(&vcpu->cpu, insn);
	switch (result) {
	case CPU_OK:
		vcpu->statistics.emulated[group_of(insn)]++;
		run_count_step(vcpu);
		access_forget(vcpu);
		return access_to_user(vcpu) ? RUN_USER : RUN_RESUME;
	case CPU_FAULT:
		access_forget(vcpu);
		run_queue_exception(vcpu, &vcpu->cpu.fault);
		/* Iterations before the fault may have written to a device. */
		return access_to_user(vcpu) ? RUN_USER : RUN_RESUME;
	case CPU_USER:
		vcpu->mmio_reads_used = 0;
		/* Answers belong to the iteration of a REP that asked for them. */
		if (vcpu->cpu.regs[REG_CX] != count_before)
			vcpu->mmio_reads_known = 0;
		/* What was posted comes first; the read is then asked again. */
		if (vcpu->posted_count)
			vcpu->pending.kind = PENDING_NONE;
		return run_end(vcpu, CPU_USER);
	default:
		return run_end(vcpu, result);
	}
}

enum run_result run_emulate_current(struct vcpu *vcpu)
{
	enum cpu_result result;
	struct insn insn;

	result = run_decode(vcpu, &insn);
	if (result == CPU_FAULT) {
		access_forget(vcpu);
		run_queue_exception(vcpu, &vcpu->cpu.fault);
		return RUN_RESUME;
	}
	if (result != CPU_OK)
		return run_end(vcpu, result);
	return run_emulate(vcpu, &insn);
}
