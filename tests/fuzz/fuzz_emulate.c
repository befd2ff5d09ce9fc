// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target of the emulator: random instructions on random state, in
 * every mode and ring. Whatever the guest does, the promises of emulate_insn()
 * hold: a fault or a wait changes nothing, and no instruction of an outer ring
 * changes what belongs to ring 0. What is handed to the real processor is the
 * guest's floating-point instruction and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulate/emulate.h"
#include "fake_bus.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* The head of the input; instructions follow. */
struct header {
	u8 mode; /* 0..3: ring; 4: V86; 5: 16-bit code in ring 0; 6: real */
	u8 page; /* whose permissions are @permissions */
	u8 permissions;
	/* CR4.UMIP, CR4.TSD, CR0.WP, CR0.AM, devices that ask, CR4.OSFXSR, CR0.TS, CR0.EM */
	u8 features;
	u32 rflags;
	u32 regs[8];
} __packed;

#define MODES	   7
#define MOST_STEPS 8

static struct fake_machine machine;
static struct virtual_cpu before;

static void fail(const struct insn *insn, const char *promise)
{
	fprintf(stderr, "%s: %s\n", operation_name(insn->operation), promise);
	abort();
}

/* ---- in place of the real processor --------------------------------------- */

/* The instruction that is emulated. */
static const struct insn *current_insn;
static struct cpu_bus bus_with_fpu;

static bool is_absolute(const struct insn *insn, const struct cpu_native *native)
{
	return insn->base == REG_NONE && insn->index == REG_NONE && insn->segment == SEGMENT_DS &&
	       insn->address_size == 4 && insn->displacement_bytes == 4 &&
	       insn->displacement_offset == native->address_at;
}

/* The guest's register is written by the emulator, from EAX. */
static bool is_random(const struct insn *insn)
{
	return insn->operation == OPERATION_RDRAND || insn->operation == OPERATION_RDSEED;
}

/*
 * What will be executed: the guest's instruction with another address, or FWAIT,
 * which looks for a pending exception. It may do what it likes to its operand.
 */
static enum cpu_result pretend(struct virtual_cpu *cpu, struct cpu_native *native)
{
	const struct insn *asked = current_insn;
	struct insn insn;

	if (native->code_bytes > INSN_MAX_LENGTH ||
	    decode_insn(&insn, native->code, native->code_bytes, INSN_MODE_32) != DECODE_OK ||
	    insn.length != native->code_bytes)
		fail(asked, "no single instruction was to be executed");
	if (is_random(asked)) {
		if (insn.operation != asked->operation || insn.operands[0].reg != REG_AX ||
		    native->operand_bytes)
			fail(asked, "a random number was to go elsewhere");
		cpu->regs[REG_AX] = native->code_offset;
		return CPU_OK;
	}
	if (!emulate_needs_fpu(asked))
		fail(asked, "executed natively");
	if (insn.operation == OPERATION_FWAIT) {
		if (native->operand_bytes)
			fail(asked, "FWAIT with an operand");
		return native->code_offset & 1 ? cpu_fault(cpu, X86_TRAP_MF) : CPU_OK;
	}
	if (insn.operation != asked->operation || insn.opcode != asked->opcode ||
	    insn.map != asked->map || insn.has_memory != asked->has_memory ||
	    insn.immediate != asked->immediate)
		fail(asked, "another instruction was to be executed");
	if (insn.has_memory && !is_absolute(&insn, native))
		fail(asked, "an address of the guest's was to be used");
	if ((insn.has_memory || native->address_in_di) !=
	    (native->operand_bytes && native->operand_bytes <= CPU_NATIVE_OPERAND))
		fail(asked, "an operand too many, or none");
	if (native->low_address > 63)
		fail(asked, "an operand outside its page");
	if (native->code_offset & 2)
		return cpu_fault(cpu, X86_TRAP_XF);
	memset(native->operand, 0x5a, native->operand_bytes);
	return CPU_OK;
}

static void enter_16_bit(void)
{
	struct segment *code = &machine.cpu.segments[SEGMENT_CS];

	segment_from_descriptor(code, FAKE_CODE0_16,
				fake_get64(&machine, FAKE_GDT + FAKE_CODE0_16));
	segment_from_descriptor(&machine.cpu.segments[SEGMENT_SS], FAKE_DATA0_16,
				fake_get64(&machine, FAKE_GDT + FAKE_DATA0_16));
}

static void make_machine(unsigned int mode)
{
	unsigned int i;

	fake_machine_protected(&machine);
	fake_machine_features(&machine);
	switch (mode) {
	case 0: break;
	case 4: fake_machine_v86(&machine); break;
	case 5: enter_16_bit(); break;
	case 6:
		machine.cpu.cr0 &= ~(u64)X86_CR0_PE;
		enter_16_bit();
		break;
	default: fake_machine_ring(&machine, mode); break;
	}
	for (i = 0; i < 256; i++)
		fake_set_idt(&machine, i, fake_gate(FAKE_CODE0, 0x9000, i & 1 ? 0xee : 0x8e, 0));
}

/* To make a machine takes longer than to copy one. */
static void enter_mode(unsigned int mode)
{
	static struct fake_machine made[MODES];

	if (!made[mode].cpu.bus) {
		make_machine(mode);
		memcpy(&made[mode], &machine, sizeof(machine));
	}
	memcpy(&machine, &made[mode], sizeof(machine));
}

/* Mostly addresses that exist, or small numbers; sometimes neither. */
static u32 tame(u32 value)
{
	switch (value >> 30) {
	case 0: return value & 0xff;
	case 3: return value;
	default: return value % (FAKE_MEMORY + FAKE_PAGE);
	}
}

static void set_up(const struct header *header)
{
	struct virtual_cpu *cpu = &machine.cpu;
	u64 kept = cpu->rflags & X86_EFLAGS_VM;
	unsigned int i;

	for (i = 0; i < 8; i++)
		cpu->regs[i] = tame(header->regs[i]);
	cpu->rflags = (header->rflags & EFLAGS_WRITABLE & ~(u64)X86_EFLAGS_VM) | kept |
		      X86_EFLAGS_FIXED;
	machine.pages[header->page % FAKE_PAGES] = header->permissions;
	cpu->cr4 |= header->features & BIT(0) ? X86_CR4_UMIP : 0;
	cpu->cr4 |= header->features & BIT(1) ? X86_CR4_TSD : 0;
	cpu->cr0 |= header->features & BIT(2) ? X86_CR0_WP : 0;
	cpu->cr0 |= header->features & BIT(3) ? X86_CR0_AM : 0;
	machine.ask_user = header->features & BIT(4);
	cpu->cr4 |= header->features & BIT(5) ? X86_CR4_OSFXSR : 0;
	cpu->cr0 |= header->features & BIT(6) ? X86_CR0_TS : 0;
	cpu->cr0 |= header->features & BIT(7) ? X86_CR0_EM : 0;
	cpu->bus = &bus_with_fpu;
}

static bool repeats(const struct insn *insn)
{
	return insn->prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE);
}

static void check_nothing_done(const struct insn *insn)
{
	struct virtual_cpu *cpu = &machine.cpu;
	struct virtual_cpu now = *cpu;

	/* The new task's own fault. */
	if (cpu->tr.selector != before.tr.selector)
		return;
	if (repeats(insn)) {
		now.regs[REG_CX] = before.regs[REG_CX];
		now.regs[REG_SI] = before.regs[REG_SI];
		now.regs[REG_DI] = before.regs[REG_DI];
		now.regs[REG_AX] = before.regs[REG_AX];
	} else if (machine.writes) {
		fail(insn, "wrote memory although it did not succeed");
	}
	now.fault = before.fault;
	now.stop_reason = before.stop_reason;
	if (memcmp(&now, &before, sizeof(now)))
		fail(insn, "changed the CPU although it did not succeed");
}

/* These go to another ring, or bring flags from there. */
static bool may_change_ring(const struct insn *insn)
{
	switch (insn->operation) {
	case OPERATION_JMP_FAR:
	case OPERATION_CALL_FAR:
	case OPERATION_RET_FAR:
	case OPERATION_IRET:
	case OPERATION_INT:
	case OPERATION_INT3:
	case OPERATION_INTO:
	case OPERATION_INT1:
	case OPERATION_SYSENTER: return true;
	default: return false;
	}
}

static bool same_table(const struct descriptor_table *a, const struct descriptor_table *b)
{
	return a->base == b->base && a->limit == b->limit;
}

static void check_privilege(const struct insn *insn)
{
	const struct virtual_cpu *cpu = &machine.cpu;
	unsigned int cpl = cpu_cpl(&before);
	u64 guarded = X86_EFLAGS_IOPL | X86_EFLAGS_VM;

	if (!cpl || may_change_ring(insn))
		return;
	if (cpl > cpu_iopl(&before))
		guarded |= X86_EFLAGS_IF;
	if ((cpu->rflags ^ before.rflags) & guarded)
		fail(insn, "changed flags beyond its privilege");
	if (cpu_cpl(cpu) != cpl)
		fail(insn, "changed the privilege level");
	if (cpu->cr0 != before.cr0 || cpu->cr2 != before.cr2 || cpu->cr3 != before.cr3 ||
	    cpu->cr4 != before.cr4 || cpu->efer != before.efer || cpu->dr7 != before.dr7 ||
	    memcmp(cpu->dr, before.dr, sizeof(cpu->dr)) ||
	    memcmp(&cpu->msrs, &before.msrs, sizeof(cpu->msrs)))
		fail(insn, "changed registers of ring 0");
	if (!same_table(&cpu->gdtr, &before.gdtr) || !same_table(&cpu->idtr, &before.idtr) ||
	    cpu->tr.selector != before.tr.selector || cpu->ldtr.selector != before.ldtr.selector)
		fail(insn, "changed descriptor tables");
	if (cpu->halted)
		fail(insn, "halted");
}

static void check_sane(const struct insn *insn)
{
	const struct virtual_cpu *cpu = &machine.cpu;
	unsigned int i;

	if (cpu->rip >> 32 || (cpu->rflags & ~EFLAGS_WRITABLE) != X86_EFLAGS_FIXED)
		fail(insn, "left an impossible EIP or EFLAGS");
	for (i = 0; i < GENERAL_REGISTERS; i++)
		if (cpu->regs[i] >> 32)
			fail(insn, "left more than 32 bits in a register");
	if (cpu_cpl(cpu) > 3 || cpu->stop_reason)
		fail(insn, "left an impossible state");
}

static enum insn_mode code_mode(const struct virtual_cpu *cpu)
{
	return cpu->segments[SEGMENT_CS].db ? INSN_MODE_32 : INSN_MODE_16;
}

/* False: there is no next instruction. */
static bool step(const u8 **code, size_t *left)
{
	struct virtual_cpu *cpu = &machine.cpu;
	enum cpu_result result;
	struct insn insn;

	if (decode_insn(&insn, *code, *left > 15 ? 15 : *left, code_mode(cpu)) != DECODE_OK)
		return false;
	before = *cpu;
	machine.writes = 0;
	current_insn = &insn;
	result = emulate_insn(cpu, &insn);
	switch (result) {
	case CPU_OK:
		check_sane(&insn);
		check_privilege(&insn);
		break;
	case CPU_FAULT:
	case CPU_USER:
	case CPU_STOP: check_nothing_done(&insn); break;
	case CPU_SHUTDOWN: return false;
	}
	if (result == CPU_STOP && !cpu->stop_reason)
		fail(&insn, "stopped without saying why");
	if (result == CPU_STOP && strstr(cpu->stop_reason, "bug"))
		fail(&insn, cpu->stop_reason);
	if (result == CPU_USER)
		fake_answer(&machine);
	*code += insn.length;
	*left -= insn.length;
	return result == CPU_OK || result == CPU_USER;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	bus_with_fpu = fake_bus;
	bus_with_fpu.execute = pretend;
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct header header;
	unsigned int steps = 0;
	size_t left = size;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	data += sizeof(header);
	left -= sizeof(header);
	enter_mode(header.mode % MODES);
	set_up(&header);
	while (left && steps++ < MOST_STEPS && step(&data, &left))
		;
	return 0;
}
