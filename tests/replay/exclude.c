// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cannot be asked of an emulator. See exclude.h.
 */
#include "emulate/emulate.h"
#include "exclude.h"
#include "decode/undefined.h"

/* ---- segments -------------------------------------------------------------------------- */

/*
 * As QEMU sees them: a base, and nothing else counts. An access that wraps at 4
 * GiB is only allowed in segments without a base, so that is a second question.
 */
static void relax_segments(struct virtual_cpu *cpu, bool drop_base)
{
	unsigned int i;

	for (i = 0; i < SEGMENT_REGISTERS; i++) {
		struct segment *segment = &cpu->segments[i];

		segment->limit = 0xffffffff;
		segment->unusable = false;
		if (drop_base && i != SEGMENT_CS)
			segment->base = 0;
		segment->type = TYPE_DATA_WRITABLE | TYPE_ACCESSED;
	}
}

static bool faults_likewise(struct machine *machine, const struct cpu_snapshot *before,
			    unsigned int mark, const struct cpu_exception *fault, bool drop_base)
{
	struct machine_trace trace;
	enum cpu_result result;

	machine_undo(machine, mark);
	machine_restore(machine, before);
	machine->unsafe = false;
	relax_segments(&machine->cpu, drop_base);
	result = machine_execute(machine, &trace);
	return result == CPU_FAULT && !machine->unsafe &&
	       machine->cpu.fault.vector == fault->vector &&
	       machine->cpu.fault.error_code == fault->error_code;
}

/* @insn is NULL if there was none. */
static bool uses_null_segment(const struct virtual_cpu *old, const struct insn *insn)
{
	return insn && insn->has_memory && old->segments[insn->segment].unusable;
}

/*
 * Whether a fault would have been another one, or none, without the rules of
 * segments. The same fault may also come of something else.
 */
static bool depends_on_segments(struct machine *machine, const struct cpu_snapshot *before,
				const struct insn *insn, unsigned int mark)
{
	struct cpu_exception fault = machine->cpu.fault;
	bool unsafe = machine->unsafe;
	struct machine_trace trace;
	bool depends;

	if (fault.vector != X86_TRAP_GP && fault.vector != X86_TRAP_SS)
		return false;
	/* Code behind the limit may be the same fault for QEMU, for another reason. */
	if (!insn && before->cpu.rip + INSN_MAX_LENGTH > before->cpu.segments[SEGMENT_CS].limit)
		return true;
	/* Without a base is easily asked of data segments only. */
	if (insn && insn->segment == SEGMENT_CS)
		return true;
	/* Of a null segment QEMU uses the base that it had before. */
	if (uses_null_segment(&before->cpu, insn))
		return true;
	depends = !faults_likewise(machine, before, mark, &fault, false) ||
		  !faults_likewise(machine, before, mark, &fault, true);
	machine_undo(machine, mark);
	machine_restore(machine, before);
	machine_execute(machine, &trace);
	machine->unsafe = unsafe;
	return depends;
}

static bool is_native(unsigned int operation)
{
	switch (operation) {
	case OPERATION_X87:
	case OPERATION_MMX:
	case OPERATION_SSE:
	case OPERATION_AMD3DNOW:
	case OPERATION_VEX:
	case OPERATION_PADLOCK:
	case OPERATION_FXSAVE:
	case OPERATION_FXRSTOR:
	case OPERATION_XSAVE:
	case OPERATION_XSAVEC:
	case OPERATION_XSAVEOPT:
	case OPERATION_XSAVES:
	case OPERATION_XRSTOR:
	case OPERATION_XRSTORS:
	case OPERATION_LDMXCSR:
	case OPERATION_STMXCSR:
	case OPERATION_EMMS:
	case OPERATION_FWAIT: return true;
	default: return false;
	}
}

/*
 * An instruction that ends on a page that cannot be fetched, and whose first
 * bytes are of no instruction that could be compared.
 */
static bool cut_encoding(struct machine *machine)
{
	u32 pc = machine_pc(machine), address;
	u8 bytes[INSN_MAX_LENGTH] = { 0 };
	struct insn insn;
	unsigned int i;

	for (i = 0; i < INSN_MAX_LENGTH && machine_translate(machine, pc + i, &address) &&
		    pc + i != (u32)machine->cpu.fault.cr2;
	     i++)
		bytes[i] = machine->memory[address];
	if (decode_insn(&insn, bytes, INSN_MAX_LENGTH, machine_mode(machine)) != DECODE_OK)
		return true;
	/* Of privileged ones QEMU sees the ring before the rest of the bytes. */
	return is_native(insn.operation) || insn.operation == OPERATION_TEST ||
	       insn.map != INSN_MAP_ONE_BYTE || insn.class != INSN_INNOCUOUS;
}

/* ---- all of them -------------------------------------------------------------------------- */

/* Instructions that exist, but not in every mode or ring. */
static bool undefined_by_mode(unsigned int operation)
{
	switch (operation) {
	case OPERATION_UD0:
	case OPERATION_UD1:
	case OPERATION_UD2:
	case OPERATION_SLDT:
	case OPERATION_STR:
	case OPERATION_LLDT:
	case OPERATION_LTR:
	case OPERATION_LAR:
	case OPERATION_LSL:
	case OPERATION_VERR:
	case OPERATION_VERW:
	case OPERATION_ARPL:
	case OPERATION_MOV_SEGMENT:
	case OPERATION_MOV_DEBUG:
	case OPERATION_CLAC:
	case OPERATION_STAC:
	case OPERATION_RSM: return true;
	default: return false;
	}
}

static bool is_of_host(unsigned int operation)
{
	switch (operation) {
	case OPERATION_CPUID:
	case OPERATION_RDTSC:
	case OPERATION_RDTSCP:
	case OPERATION_RDPID:
	case OPERATION_RDRAND:
	case OPERATION_RDSEED: return true;
	default: return false;
	}
}

/* What a processor is tells an MSR too, unless it is there to be written. */
static bool reads_msr_of_host(const struct insn *insn, const struct virtual_cpu *old)
{
	return insn->operation == OPERATION_RDMSR &&
	       (u32)old->regs[REG_CX] - MSR_IA32_SYSENTER_CS > 2;
}

static u32 operand_linear(const struct virtual_cpu *old, const struct insn *insn)
{
	return old->segments[insn->segment].base + emulate_operand_offset(old, insn);
}

static bool crosses_pages(const struct virtual_cpu *old, const struct insn *insn)
{
	u32 linear = operand_linear(old, insn);

	return (linear ^ (linear + 7)) & ~4095U;
}

/* What is there, for whomever. */
static u64 read_memory(struct machine *machine, u32 linear, unsigned int bytes)
{
	const u64 cr4 = machine->cpu.cr4;
	u64 value = 0;
	unsigned int i;
	u32 address;

	machine->cpu.cr4 &= ~(u64)X86_CR4_SMAP;

	for (i = 0; i < bytes; i++)
		if (machine_translate(machine, linear + i, &address))
			value |= (u64)machine->memory[address] << 8 * i;
	machine->cpu.cr4 = cr4;
	return value;
}

/* The descriptor that JMP or CALL named; 0 for none. */
static u64 far_descriptor(struct machine *machine, const struct virtual_cpu *old,
			  const struct insn *insn)
{
	u16 selector = insn->immediate2;
	u64 table;

	if (!cpu_protected_mode(old))
		return 0;
	if (insn->operands[0].kind != OPERAND_FAR)
		selector = read_memory(machine, operand_linear(old, insn) + insn->operand_size, 2);
	table = selector & SELECTOR_TI ? old->ldtr.base : old->gdtr.base;
	return read_memory(machine, table + (selector & SELECTOR_INDEX), 8);
}

static enum exclusion of_far_transfer(struct machine *machine, const struct insn *insn,
				      const struct virtual_cpu *old, enum cpu_result result)
{
	const struct virtual_cpu *cpu = &machine->cpu;
	u64 raw = far_descriptor(machine, old, insn);
	unsigned int type = (raw >> DESCRIPTOR_TYPE_SHIFT) & 0x1f;
	bool gate = (type & 0x17) == TYPE_CALL_GATE16;

	if (gate && type == TYPE_CALL_GATE16 && raw >> 48)
		return EXCLUDED_GATE16;
	if (gate && result == CPU_FAULT && cpu->fault.vector == X86_TRAP_NP && (raw & DESCRIPTOR_P))
		return EXCLUDED_GATE_ABSENT;
	if ((type & 0x15) == TYPE_TSS16_AVAILABLE && result == CPU_FAULT &&
	    (cpu->fault.error_code & SELECTOR_TI))
		return EXCLUDED_LDT_TASK;
	if (type == TYPE_TASK_GATE && result == CPU_FAULT && cpu->fault.vector == X86_TRAP_GP &&
	    cpu->fault.error_code == (u16)(raw >> 16 & ~SELECTOR_RPL))
		return EXCLUDED_LDT_TASK;
	if (raw && !gate && !(raw & DESCRIPTOR_S) && result == CPU_FAULT &&
	    cpu->fault.vector == X86_TRAP_PF)
		return EXCLUDED_TASK_PAGES;
	if (!gate && raw && !(raw & DESCRIPTOR_S) && result == CPU_OK &&
	    cpu->tr.selector == old->tr.selector)
		return EXCLUDED_SAME_TASK;
	if (gate && result == CPU_OK && (cpu->segments[SEGMENT_CS].type & TYPE_CODE_CONFORMING) &&
	    cpu->segments[SEGMENT_CS].dpl < cpu_cpl(cpu))
		return EXCLUDED_CONFORMING;
	return EXCLUDED_NOT;
}

/* Whether IRET found EFLAGS with VM on the stack. */
static bool image_has_vm(struct machine *machine, const struct virtual_cpu *old)
{
	const struct segment *stack = &old->segments[SEGMENT_SS];
	u32 mask = stack->db ? 0xffffffff : 0xffff;

	return read_memory(machine, stack->base + ((old->regs[REG_SP] + 10) & mask), 1) & 2;
}

static bool within(u64 address, u64 base, u32 limit)
{
	return (u32)(address - base) <= limit;
}

/* A #PF that RETF or IRET met in a descriptor table. */
static bool faults_in_table(const struct virtual_cpu *cpu)
{
	u64 address = cpu->fault.cr2;

	return cpu->fault.vector == X86_TRAP_PF && cpu_protected_mode(cpu) &&
	       (within(address, cpu->gdtr.base, cpu->gdtr.limit) ||
		within(address, cpu->ldtr.base, cpu->ldtr.limit));
}

/* What QEMU does otherwise than processors with a single instruction. */
static enum exclusion of_operation(struct machine *machine, const struct insn *insn,
				   const struct virtual_cpu *old, enum cpu_result result)
{
	const struct virtual_cpu *cpu = &machine->cpu;

	switch (insn->operation) {
	case OPERATION_INT1: return EXCLUDED_ICEBP;
	case OPERATION_ADCX:
	case OPERATION_ADOX: return EXCLUDED_ADX;
	case OPERATION_SERIALIZE:
	case OPERATION_MOVDIRI:
	case OPERATION_MOVDIR64B:
	case OPERATION_CLDEMOTE: return EXCLUDED_NEW;
	case OPERATION_CLFLUSH:
	case OPERATION_CLFLUSHOPT:
	case OPERATION_CLWB: return EXCLUDED_CACHE_LINE;
	case OPERATION_BOUND:
		if (crosses_pages(old, insn))
			return EXCLUDED_BOUND;
		break;
	case OPERATION_RDPMC: return EXCLUDED_COUNTERS;
	case OPERATION_NOP:
		if (insn->map == INSN_MAP_0F && (insn->opcode == 0x0d || insn->opcode == 0x18) &&
		    insn->modrm >= 0xc0)
			return EXCLUDED_NOP;
		break;
	case OPERATION_MOV_SEGMENT:
	case OPERATION_POP_SEGMENT:
		if (result == CPU_OK && (old->rflags & X86_EFLAGS_TF) &&
		    (old->interrupt_shadow & INTERRUPT_SHADOW_MOV_SS))
			return EXCLUDED_STI_TRAP;
		break;
	case OPERATION_STI:
	case OPERATION_PAUSE:
	case OPERATION_LSS:
		if (result == CPU_OK && (old->rflags & X86_EFLAGS_TF))
			return EXCLUDED_STI_TRAP;
		break;
	case OPERATION_TEST:
		if ((insn->opcode & ~1) == 0xf6 && (insn->modrm >> 3 & 7) == 1)
			return EXCLUDED_TEST;
		break;
	case OPERATION_MOVBE:
	case OPERATION_CRC32:
		if (insn->mode == INSN_MODE_16)
			return EXCLUDED_SIZE16;
		break;
	case OPERATION_MOV_CONTROL:
		if (result == CPU_FAULT && !cpu_cpl(cpu))
			return EXCLUDED_CONTROL;
		if (insn->operands[0].kind == OPERAND_CONTROL && !insn->operands[0].reg &&
		    (u32)cpu->cr0 != ((u32)old->regs[insn->operands[1].reg] | X86_CR0_ET))
			return EXCLUDED_CR0_RESERVED;
		break;
	case OPERATION_INT3:
	case OPERATION_INTO:
		if (result == CPU_OK && cpu->rip != old->rip + insn->length &&
		    excluded_real_stack(old))
			return EXCLUDED_REAL_STACK;
		break;
	case OPERATION_INT:
		if (excluded_real_stack(old))
			return EXCLUDED_REAL_STACK;
		if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_GP &&
		    ((read_memory(machine, old->idtr.base + 8 * (u8)insn->immediate + 5, 1) &
		      0x1f) == TYPE_TASK_GATE) &&
		    !(cpu->fault.error_code & ERROR_CODE_IDT))
			return EXCLUDED_LDT_TASK;
		break;
	case OPERATION_CALL_FAR:
	case OPERATION_JMP_FAR: return of_far_transfer(machine, insn, old, result);
	case OPERATION_LTR:
		if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_GP &&
		    !cpu->fault.error_code && !cpu_cpl(cpu))
			return EXCLUDED_NULL_TASK;
		break;
	case OPERATION_IRET:
		if (result == CPU_FAULT && faults_in_table(cpu))
			return EXCLUDED_STACK_DESCRIPTOR;
		if (cpu_protected_mode(old) && cpu_cpl(old) && insn->operand_size == 4 &&
		    image_has_vm(machine, old))
			return EXCLUDED_IRET_VM;
		if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_GP &&
		    !cpu->fault.error_code && cpu_protected_mode(old))
			return EXCLUDED_RETURN_LIMIT;
		break;
	case OPERATION_SYSENTER:
	case OPERATION_SYSEXIT:
		if (result == CPU_FAULT && cpu->msrs.sysenter_cs)
			return EXCLUDED_SYSENTER;
		break;
	case OPERATION_ENTER:
		if (result == CPU_OK && !cpu->segments[SEGMENT_SS].db &&
		    (u16)cpu->regs[REG_SP] > (u16)old->regs[REG_SP])
			return EXCLUDED_ENTER;
		if (result == CPU_OK && ((old->segments[SEGMENT_SS].base + old->regs[REG_SP] - 8) ^
					 (old->segments[SEGMENT_SS].base + cpu->regs[REG_SP])) &
						0xfffff000)
			return EXCLUDED_ENTER_TOP;
		break;
	case OPERATION_RDMSR:
	case OPERATION_WRMSR:
		if (result == CPU_FAULT && !cpu_cpl(cpu))
			return EXCLUDED_MSR_UNKNOWN;
		break;
	case OPERATION_RET_NEAR:
	case OPERATION_RET_FAR:
		if (insn->operand_count && (insn->immediate & 0x8000))
			return EXCLUDED_RET_NEGATIVE;
		if (insn->operation == OPERATION_RET_FAR && result == CPU_FAULT &&
		    faults_in_table(cpu))
			return EXCLUDED_STACK_DESCRIPTOR;
		if (insn->operation == OPERATION_RET_FAR && !cpu_protected_mode(old) &&
		    (u16)old->regs[REG_SP] > 0xfff4)
			return EXCLUDED_RETF_WRAP;
		if (insn->operation == OPERATION_RET_FAR && result == CPU_FAULT &&
		    cpu->fault.vector == X86_TRAP_GP && !cpu->fault.error_code &&
		    cpu_protected_mode(old))
			return EXCLUDED_RETURN_LIMIT;
		break;
	case OPERATION_MOV_DEBUG:
		if (insn->operands[0].kind == OPERAND_DEBUG && insn->operands[0].reg >= 4 &&
		    (old->regs[insn->operands[1].reg] & 0xffffffff) !=
			    (insn->operands[0].reg & 1 ? cpu->dr7 : cpu->dr6))
			return EXCLUDED_DEBUG_RESERVED;
		break;
	default: break;
	}
	if (result != CPU_OK)
		return EXCLUDED_NOT;
	switch (insn->operation) {
	case OPERATION_PUSH_SEGMENT:
		return insn->operand_size == 4 ? EXCLUDED_PUSH_SEGMENT : EXCLUDED_NOT;
	case OPERATION_WRMSR:
		return (u32)old->regs[REG_DX] || ((u32)old->regs[REG_CX] == MSR_IA32_SYSENTER_CS &&
						  (u32)old->regs[REG_AX] > 0xffff)
			       ? EXCLUDED_MSR
			       : EXCLUDED_NOT;
	case OPERATION_ARPL:
		return insn->has_memory && !(cpu->rflags & X86_EFLAGS_ZF) ? EXCLUDED_ARPL
									  : EXCLUDED_NOT;
	case OPERATION_LAR:
		return insn->operand_size == 4 && (cpu->regs[insn->operands[0].reg] & 0xf0000)
			       ? EXCLUDED_LAR
			       : EXCLUDED_NOT;
	default: return EXCLUDED_NOT;
	}
}

static bool jump_wraps(const struct insn *insn, const struct virtual_cpu *old,
		       const struct virtual_cpu *cpu)
{
	s32 moved = cpu->rip - (old->rip + insn->length);

	return insn->operand_count && insn->operands[0].kind == OPERAND_RELATIVE &&
	       (moved > 0x7fff || moved < -0x7fff);
}

static bool reads_flags(const struct insn *insn)
{
	switch (insn->operation) {
	case OPERATION_SETCC:
	case OPERATION_CMOVCC:
	case OPERATION_ADC:
	case OPERATION_SBB:
	case OPERATION_RCL:
	case OPERATION_RCR:
	case OPERATION_PUSHF: return true;
	/* Those before the first element are seen; QEMU shows the last one's. */
	case OPERATION_CMPS:
	case OPERATION_SCAS: return true;
	default: return false;
	}
}

static bool is_far_transfer(const struct insn *insn)
{
	switch (insn->operation) {
	case OPERATION_RET_FAR:
	case OPERATION_IRET:
	case OPERATION_CALL_FAR:
	case OPERATION_INT:
	case OPERATION_INT3:
	case OPERATION_INTO: return true;
	default: return false;
	}
}

static bool drops_null_selectors(const struct virtual_cpu *old, const struct virtual_cpu *cpu)
{
	static const u8 registers[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	unsigned int i;

	if (cpu_cpl(cpu) <= cpu_cpl(old))
		return false;
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		if (cpu->segments[registers[i]].unusable && cpu->segments[registers[i]].selector)
			return true;
	return false;
}

/* What sets accessed bits everywhere. */
static bool loads_segment(unsigned int operation)
{
	switch (operation) {
	case OPERATION_MOV_SEGMENT:
	case OPERATION_POP_SEGMENT:
	case OPERATION_LDS:
	case OPERATION_LES:
	case OPERATION_LSS:
	case OPERATION_LFS:
	case OPERATION_LGS: return true;
	default: return false;
	}
}

/* Whether a descriptor was marked as accessed since @mark. */
static bool marked_accessed(const struct machine *machine, unsigned int mark)
{
	unsigned int i;

	for (i = mark; i < machine->undo_count; i++) {
		const struct undo *undo = &machine->undo[i];

		if (undo->address >= ARENA_GDT && undo->address < ARENA_IDT &&
		    undo->address % 8 == 5 &&
		    ((undo->old ^ machine->memory[undo->address]) & TYPE_ACCESSED))
			return true;
	}
	return false;
}

static bool is_read_modify_write(const struct insn *insn)
{
	switch (insn->operation) {
	case OPERATION_MOV:
	case OPERATION_POP:
	case OPERATION_PUSH:
	case OPERATION_SETCC:
	case OPERATION_MOV_SEGMENT: return false;
	default: return insn->has_memory;
	}
}

static bool pushes_several(unsigned int operation)
{
	switch (operation) {
	case OPERATION_PUSHA:
	case OPERATION_POPA:
	case OPERATION_SGDT:
	case OPERATION_SIDT:
	case OPERATION_ENTER:
	case OPERATION_CALL_FAR: return true;
	default: return false;
	}
}

bool excluded_real_stack(const struct virtual_cpu *cpu)
{
	return !(cpu->cr0 & X86_CR0_PE) && cpu->segments[SEGMENT_SS].db &&
	       (u32)cpu->regs[REG_SP] - 6 > 0xffff - 6;
}

enum exclusion exclusion_of(struct machine *machine, const struct machine_trace *trace,
			    const struct cpu_snapshot *before, unsigned int mark,
			    enum cpu_result result)
{
	const struct virtual_cpu *old = &before->cpu;
	const struct virtual_cpu *cpu = &machine->cpu;
	const struct insn *insn = &trace->insn;
	enum exclusion why;

	if (trace->decoded) {
		if (result == CPU_OK && result_undefined(insn, old->regs[REG_CX]))
			return EXCLUDED_UNDEFINED;
		if (result == CPU_OK &&
		    (is_of_host(insn->operation) || reads_msr_of_host(insn, old)))
			return EXCLUDED_HOST;
		/* #NM is the kernel's business; QEMU has it for x87 only. */
		if (is_native(insn->operation) &&
		    (result != CPU_FAULT || cpu->fault.vector != X86_TRAP_NM ||
		     insn->operation != OPERATION_X87))
			return EXCLUDED_NATIVE;
		if ((insn->prefixes & INSN_PREFIX_LOCK) && !insn_lock_allowed(insn))
			return EXCLUDED_LOCK;
		why = of_operation(machine, insn, old, result);
		if (why != EXCLUDED_NOT)
			return why;
	}
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_UD && cpu_cpl(cpu) &&
	    insn->map == INSN_MAP_0F && (insn->opcode & ~3) == 0x20)
		return EXCLUDED_CONTROL_RING;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_UD &&
	    !(trace->decoded && undefined_by_mode(insn->operation)))
		return EXCLUDED_ENCODING;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_PF && !trace->decoded &&
	    cut_encoding(machine))
		return EXCLUDED_ENCODING;
	if (cpu->halted)
		return EXCLUDED_HALT;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_AC)
		return EXCLUDED_ALIGNMENT;
	if (cpu->rflags & (X86_EFLAGS_VIF | X86_EFLAGS_VIP))
		return EXCLUDED_VIRTUAL_IF;
	if (cpu->dr7 & 0x20ff)
		return EXCLUDED_DEBUG;
	if (result == CPU_FAULT &&
	    depends_on_segments(machine, before, trace->decoded ? insn : NULL, mark))
		return EXCLUDED_SEGMENT;
	if (result == CPU_FAULT && trace->decoded && pushes_several(insn->operation))
		return EXCLUDED_PARTIAL;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_PF &&
	    (cpu->fault.error_code & PFERR_RESERVED))
		return EXCLUDED_RESERVED;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_PF && trace->decoded &&
	    (cpu->fault.error_code & PFERR_USER) && is_far_transfer(insn))
		return EXCLUDED_STACK_RING;
	if (trace->decoded && is_far_transfer(insn) && result == CPU_FAULT &&
	    cpu->fault.vector == X86_TRAP_SS && cpu->fault.error_code)
		return EXCLUDED_STACK_ABSENT;
	if (trace->decoded && is_far_transfer(insn) && cpu_cpl(old) == 3 &&
	    (old->cr4 & X86_CR4_SMAP))
		return EXCLUDED_STACK_RING;
	if ((u32)cpu->rip >= 0xfffffff0)
		return EXCLUDED_WRAP;
	if (cpu_protected_mode(cpu) && !cpu->segments[SEGMENT_CS].db && cpu->rip > 0xffff)
		return EXCLUDED_HIGH_CODE;
	if (trace->decoded && result == CPU_OK && insn->operand_size == 2 &&
	    jump_wraps(insn, old, cpu))
		return EXCLUDED_JUMP_WRAP;
	if (cpu->tr.selector != old->tr.selector && cpu_protected_mode(cpu) &&
	    (cpu->segments[SEGMENT_CS].type & TYPE_CODE_CONFORMING) &&
	    cpu->segments[SEGMENT_CS].dpl < cpu_cpl(cpu))
		return EXCLUDED_TASK_CONFORMING;
	if (drops_null_selectors(old, cpu))
		return EXCLUDED_NULL;
	if (cpu->tr.selector != old->tr.selector && !(cpu->tr.type & 8) &&
	    insn->operation != OPERATION_LTR)
		return EXCLUDED_TASK16;
	if (trace->decoded && !loads_segment(insn->operation) && marked_accessed(machine, mark))
		return EXCLUDED_ACCESSED;
	/* Whether a single step clears B0 to B3 is the processor's affair. */
	if (result == CPU_OK && cpu->pending_debug && (old->dr6 & 0xf))
		return EXCLUDED_UNDEFINED;
	if (result == CPU_FAULT && cpu->tr.selector != old->tr.selector)
		return EXCLUDED_NEW_TASK;
	if (trace->decoded && result == CPU_OK && insn->operation == OPERATION_CMPXCHG8B)
		return EXCLUDED_CMPXCHG8B;
	if (trace->decoded && result == CPU_OK && cpu->tr.selector != old->tr.selector &&
	    (insn->operation == OPERATION_JMP_FAR || insn->operation == OPERATION_CALL_FAR))
		return EXCLUDED_TASK_FLAGS;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_PF && trace->decoded &&
	    (cpu->fault.error_code & PFERR_WRITE) && is_read_modify_write(insn) &&
	    crosses_pages(old, insn))
		return EXCLUDED_CROSSING;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_PF && trace->decoded &&
	    reads_flags(insn))
		return EXCLUDED_FLAGS_FAULT;
	if (result == CPU_FAULT && cpu->fault.vector == X86_TRAP_PF && trace->decoded &&
	    (cpu->fault.error_code & PFERR_WRITE) && is_read_modify_write(insn))
		return EXCLUDED_MODIFY;
	return EXCLUDED_NOT;
}
