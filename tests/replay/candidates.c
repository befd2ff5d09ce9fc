// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions to try: random encodings, and those of the system level more
 * often than chance would have it; with operands that lead somewhere. See
 * generate.h.
 */
#include "emulate/emulate.h"
#include "generate.h"
#include "random.h"

/* ---- memory that an instruction will use ------------------------------------------------ */

static void patch_stack(struct generator *generator, const u32 *values, unsigned int count,
			unsigned int width)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	const struct segment *stack = &cpu->segments[SEGMENT_SS];
	u32 mask = stack->db ? 0xffffffff : 0xffff;
	unsigned int i;

	for (i = 0; i < count; i++)
		generator_patch_linear(generator,
				       stack->base + ((cpu->regs[REG_SP] + i * width) & mask),
				       &values[i], width);
}

static bool paging(const struct generator *generator)
{
	return generator->machine->cpu.cr0 & X86_CR0_PG;
}

/* A data address as an offset in a segment; random if it does not reach. */
static u32 offset_in(struct generator *generator, unsigned int segment, unsigned int size)
{
	u32 base = generator->machine->cpu.segments[segment].base;
	u32 address = world_address(paging(generator) && size == 4);

	if (size == 2 && address - base > 0xffff)
		address = base + 0x8000 + random_below(0x7f00);
	return address - base;
}

static bool refuses_memory(const struct generator *generator, u32 address, unsigned int bytes)
{
	const struct machine *machine = generator->machine;

	return address >= MACHINE_MEMORY - bytes ||
	       !(machine->pages[address / 4096] & (PAGE_WRITE | PAGE_SYSTEM));
}

/* ---- far targets -------------------------------------------------------------------------- */

/* Refresh a task, so that it can be switched to. */
static u16 patch_task(struct generator *generator, bool busy, enum task task)
{
	u8 image[TASK_BYTES];
	bool small = task == TASK_16C || task == TASK_16D;
	u16 selector = WORLD_TASK + 8 * task;
	unsigned int type = (small ? TYPE_TSS16_AVAILABLE : TYPE_TSS32_AVAILABLE) | (busy ? 2 : 0);
	u64 raw = make_descriptor(ARENA_TASKS + TASK_BYTES * task, small ? 0x2b : 0x67,
				  0x80 | type | random_below(4) << 5, 0);

	if (chance(90))
		generator_patch(generator, ARENA_GDT + selector, &raw, 8);
	world_task(&generator->world, task, image, generator->image);
	generator_patch(generator, ARENA_TASKS + TASK_BYTES * task, image, small ? 0x2c : 0x68);
	return selector | (chance(80) ? 0 : random_below(4));
}

static u16 code_target(struct generator *generator, u32 *offset)
{
	static const u16 flat[] = { WORLD_CODE0, WORLD_CODE1, WORLD_CODE2, WORLD_CODE3,
				    WORLD_CONFORMING };
	static const u16 based[] = { WORLD_CODE0_16, WORLD_CODE3_16, WORLD_CODE0_BASE,
				     WORLD_CODE3_BASE };
	unsigned int cpl = cpu_cpl(&generator->machine->cpu);
	u16 rpl = chance(80) ? cpl : random_below(4);

	*offset = world_code_address();
	if (!cpu_protected_mode(&generator->machine->cpu)) {
		*offset -= ARENA_LOW;
		return LOW_SEGMENT;
	}
	if (chance(25)) {
		*offset -= ARENA_LOW;
		return random_of(based) | rpl;
	}
	if (chance(60))
		return flat[chance(80) ? cpl : random_below(4)] | rpl;
	return random_of(flat) | rpl;
}

/* Where JMP and CALL may go: code, gates, tasks, nonsense. */
static u16 far_target(struct generator *generator, u32 *offset)
{
	u16 selector = code_target(generator, offset);
	u64 raw;

	if (!cpu_protected_mode(&generator->machine->cpu))
		return chance(95) ? selector : random64();
	switch (random_below(10)) {
	case 0:
	case 1: return patch_task(generator, false, random_below(TASKS - 1));
	case 2:
	case 3:
		do
			raw = world_descriptor();
		while ((raw >> 40 & 0x17) != TYPE_CALL_GATE16);
		selector = WORLD_RANDOM + 8 * random_below(32);
		generator_patch(generator, ARENA_GDT + selector, &raw, 8);
		return selector | (chance(80) ? 0 : random_below(4));
	case 4: return world_selector();
	default: return selector;
	}
}

static u32 random_flags(void)
{
	u32 flags = X86_EFLAGS_FIXED | (random64() & EFLAGS_STATUS);

	flags |= random_below(4) << EFLAGS_IOPL_SHIFT;
	flags |= chance(50) ? X86_EFLAGS_IF : 0;
	flags |= chance(15) ? X86_EFLAGS_DF : 0;
	flags |= chance(10) ? X86_EFLAGS_TF : 0;
	flags |= chance(10) ? X86_EFLAGS_NT : 0;
	flags |= chance(15) ? X86_EFLAGS_AC : 0;
	flags |= chance(15) ? X86_EFLAGS_ID : 0;
	flags |= chance(10) ? X86_EFLAGS_RF : 0;
	return flags;
}

/* What an outer ring gets, or a virtual-8086 task. */
static void outer_stack(u32 frame[2], unsigned int ring)
{
	static const u16 datas[] = { SEL_DATA, WORLD_DATA1 | 1, WORLD_DATA2 | 2, WORLD_DATA3 | 3 };

	frame[0] = ARENA_STACKS + 0x2000 * (ring + 1) - 0x40 - 4 * random_below(64);
	frame[1] = chance(90) ? datas[ring] : world_selector();
	if (ring == 3 && chance(15)) {
		frame[0] = (frame[0] & 0xffff) | random_value() << 16;
		frame[1] = WORLD_STACK3_16 | 3;
	}
}

static void patch_return(struct generator *generator, const struct insn *insn)
{
	static const u16 codes[] = { WORLD_CODE0, WORLD_CODE1, WORLD_CODE2, WORLD_CODE3 };
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	bool iret = insn->operation == OPERATION_IRET;
	unsigned int ring = cpu_cpl(cpu), at = 0;
	u32 frame[9], release = insn->operand_count ? insn->immediate / insn->operand_size : 0;

	if (iret && cpu_protected_mode(cpu) && (cpu->rflags & X86_EFLAGS_NT)) {
		u16 link = patch_task(generator, chance(85), random_below(TASKS - 1));

		generator_patch(generator, ARENA_TSS, &link, 2);
	}
	frame[1] = code_target(generator, &frame[0]);
	if (cpu_protected_mode(cpu) && chance(50) && ring < 3) {
		ring += 1 + random_below(3 - ring);
		if (chance(85))
			frame[1] = chance(20) && ring == 3 ? WORLD_CODE3_16 | 3
							   : codes[ring] | ring;
		if ((frame[1] & ~3) == WORLD_CODE3_16)
			frame[0] = world_code_address() - ARENA_LOW;
	}
	if (chance(3))
		frame[1] = world_selector();
	at = 2;
	if (iret) {
		frame[at++] = random_flags();
		if (ring == cpu_cpl(cpu) && cpu_protected_mode(cpu) && !ring && chance(25)) {
			frame[2] |= X86_EFLAGS_VM;
			frame[0] = world_code_address() - ARENA_LOW;
			frame[1] = LOW_SEGMENT;
			frame[3] = 0xf000 + 0x400 + 4 * random_below(256);
			frame[4] = 0x3000;
			for (at = 5; at < 9; at++)
				frame[at] = 0x2000 + random_below(0x1800);
		}
	}
	if (release > 4)
		release = 0;
	while (release--)
		frame[at++] = random_value();
	if (at + 2 <= ARRAY_SIZE(frame)) {
		outer_stack(frame + at, ring);
		at += 2;
	}
	patch_stack(generator, frame, at, insn->operand_size);
}

/* ---- setting up registers -------------------------------------------------------------------- */

/* Try MOV reg, imm first, and this instruction after it. */
static void set_up(struct generator *generator, struct candidate *candidate, unsigned int reg,
		   u32 value)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	bool small = machine_mode(generator->machine) == INSN_MODE_16;
	unsigned int at = 0;

	if (generator->stashed || (u32)cpu->regs[reg] == value)
		return;
	generator->stashed = true;
	generator->stash_bytes = candidate->count;
	memcpy(generator->stash, candidate->bytes, candidate->count);
	if (small)
		candidate->bytes[at++] = 0x66;
	candidate->bytes[at++] = 0xb8 + reg;
	memcpy(candidate->bytes + at, &value, 4);
	candidate->count = at + 4;
}

static u32 control_value(struct generator *generator, unsigned int which)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	static const u32 cr0_bits[] = { X86_CR0_WP, X86_CR0_TS, X86_CR0_EM, X86_CR0_MP,
					X86_CR0_AM, X86_CR0_NE, X86_CR0_PG, X86_CR0_CD };
	static const u32 cr4_bits[] = { X86_CR4_TSD,	X86_CR4_DE,   X86_CR4_PGE,
					X86_CR4_OSFXSR, X86_CR4_PSE,  X86_CR4_UMIP,
					X86_CR4_MCE,	X86_CR4_SMEP, X86_CR4_SMAP };

	switch (which) {
	case 0: return cpu->cr0 ^ (chance(95) ? random_of(cr0_bits) : random64());
	case 3:
		return chance(90) ? generator->world.roots[random_below(2)] | random_below(4) << 3
				  : random64();
	case 4: return cpu->cr4 ^ (chance(95) ? random_of(cr4_bits) : random64());
	default: return random64();
	}
}

static u32 msr_index(void)
{
	static const u32 known[] = { MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP,
				     MSR_IA32_SYSENTER_EIP };

	return random_of(known);
}

static u32 msr_value(u32 index)
{
	switch (index) {
	case MSR_IA32_SYSENTER_CS: return chance(80) ? SEL_CODE : random_value() & 0xffff;
	case MSR_IA32_SYSENTER_ESP: return ARENA_STACKS + 0x2000 - 0x80;
	default: return world_code_address();
	}
}

/* ---- operands in memory ------------------------------------------------------------------------ */

static u32 operand_linear(struct generator *generator, const struct insn *insn)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;

	return cpu->segments[insn->segment].base + emulate_operand_offset(cpu, insn);
}

/* Aim the memory operand at data. */
static void aim_memory(struct generator *generator, struct candidate *candidate, struct insn *insn)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	u32 target = offset_in(generator, insn->segment, insn->address_size);
	u32 now = 0;

	if (insn->index != REG_NONE)
		now += cpu->regs[insn->index] * insn->scale;
	if (insn->displacement_bytes == insn->address_size) {
		if (insn->base != REG_NONE)
			now += cpu->regs[insn->base];
		now = target - now;
		memcpy(candidate->bytes + insn->displacement_offset, &now,
		       insn->displacement_bytes);
		decode_insn(insn, candidate->bytes, INSN_MAX_LENGTH, insn->mode);
		return;
	}
	if (insn->base == REG_NONE || insn->base == insn->index || insn->base == REG_SP)
		return;
	now = target - now - insn->displacement;
	if (insn->address_size == 2)
		now = (now & 0xffff) | (cpu->regs[insn->base] & 0xffff0000);
	/* Where it leads already may be good enough. */
	if (chance(50) || (u32)(operand_linear(generator, insn) - ARENA_DATA) > 0x10000)
		set_up(generator, candidate, insn->base, now);
}

static void patch_operand(struct generator *generator, const struct insn *insn, const void *data,
			  unsigned int bytes)
{
	if (!generator->stashed && insn->has_memory)
		generator_patch_linear(generator, operand_linear(generator, insn), data, bytes);
}

/* A word that a register or memory operand should hold. */
static void give_word(struct generator *generator, struct candidate *candidate,
		      const struct insn *insn, unsigned int which, u16 value)
{
	u32 random = random_value() << 16;

	if (insn->operands[which].kind == OPERAND_REGISTER)
		set_up(generator, candidate, insn->operands[which].reg,
		       chance(70) ? value : value | random);
	else
		patch_operand(generator, insn, &value, 2);
}

static void give_far_pointer(struct generator *generator, const struct insn *insn, u16 selector,
			     u32 offset)
{
	u64 pointer = insn->operand_size == 2 ? (offset & 0xffff) | (u64)selector << 16
					      : offset | (u64)selector << 32;

	patch_operand(generator, insn, &pointer, insn->operand_size + 2);
}

static void give_table(struct generator *generator, const struct insn *insn)
{
	bool global = insn->operation == OPERATION_LGDT;
	u32 limit = global ? WORLD_GDT_BYTES - 1 : 0x7ff;
	u32 base = global ? ARENA_GDT : ARENA_IDT;
	u64 image;

	if (chance(30))
		limit -= 8 * random_below(200);
	if (chance(10))
		base = random64();
	image = (limit & 0xffff) | (u64)base << 16;
	patch_operand(generator, insn, &image, 6);
}

static void aim_string(struct generator *generator, struct candidate *candidate,
		       const struct insn *insn)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	bool repeated = insn->prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE);
	u32 mask = insn->address_size == 2 ? 0xffff : 0xffffffff;
	unsigned int reg = chance(50) ? REG_SI : REG_DI;
	unsigned int segment = reg == REG_SI ? insn->segment : SEGMENT_ES;
	u32 linear = cpu->segments[segment].base + (cpu->regs[reg] & mask);

	if (repeated && (cpu->regs[REG_CX] & mask) > 40) {
		set_up(generator, candidate, REG_CX,
		       (cpu->regs[REG_CX] & ~mask) | random_below(chance(80) ? 8 : 40));
		return;
	}
	if (linear - ARENA_DATA > 0x10000)
		set_up(generator, candidate, reg,
		       offset_in(generator, segment, insn->address_size));
}

/* ---- instruction by instruction ------------------------------------------------------------------ */

static void aim_port(struct generator *generator, struct candidate *candidate)
{
	set_up(generator, candidate, REG_DX,
	       (random_value() << 16) | (FREE_PORT + random_below(chance(90) ? 16 : 60)));
}

static void aim_interrupt(struct generator *generator, struct candidate *candidate,
			  const struct insn *insn)
{
	u8 vector = chance(90) ? 0x20 + random_below(0xe0) : random64();
	u64 gate;

	candidate->bytes[insn->immediate_offset] = vector;
	if (vector >= 32 && chance(50) && cpu_protected_mode(&generator->machine->cpu)) {
		gate = world_gate(generator->image, vector);
		generator_patch(generator, ARENA_IDT + 8 * vector, &gate, 8);
		if ((gate >> 40 & 0x1f) == TYPE_TASK_GATE)
			patch_task(generator, false, (u16)(gate >> 16) / 8 - WORLD_TASK / 8);
	}
}

static void aim_far(struct generator *generator, struct candidate *candidate,
		    const struct insn *insn)
{
	u32 offset;
	u16 selector = far_target(generator, &offset);

	if (insn->operands[0].kind != OPERAND_FAR) {
		give_far_pointer(generator, insn, selector, offset);
		return;
	}
	memcpy(candidate->bytes + insn->immediate_offset, &offset, insn->operand_size);
	memcpy(candidate->bytes + insn->immediate_offset + insn->operand_size, &selector, 2);
}

static void aim_near(struct generator *generator, struct candidate *candidate,
		     const struct insn *insn)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	u32 base = cpu->segments[SEGMENT_CS].base;
	u32 target = world_code_address() - base;
	u32 displacement = target - (cpu->rip + insn->length);

	switch (insn->operands[0].kind) {
	case OPERAND_RELATIVE:
		if (insn->immediate_bytes > 1)
			memcpy(candidate->bytes + insn->immediate_offset, &displacement,
			       insn->immediate_bytes);
		break;
	case OPERAND_REGISTER: set_up(generator, candidate, insn->operands[0].reg, target); break;
	default: patch_operand(generator, insn, &target, insn->operand_size); break;
	}
}

static void aim_control(struct generator *generator, struct candidate *candidate,
			const struct insn *insn)
{
	if (insn->operands[0].kind == OPERAND_CONTROL)
		set_up(generator, candidate, insn->operands[1].reg,
		       control_value(generator, insn->operands[0].reg));
	if (insn->operands[0].kind == OPERAND_DEBUG)
		set_up(generator, candidate, insn->operands[1].reg,
		       insn->operands[0].reg & 1 && insn->operands[0].reg > 4 ? 0x400
		       : insn->operands[0].reg >= 4 ? 0xffff0ff0 | (random64() & 0xe00f)
						    : random64());
}

static u16 table_selector(struct generator *generator, unsigned int operation)
{
	if (operation == OPERATION_LTR && chance(70))
		return patch_task(generator, false, random_below(TASKS - 1));
	if (operation == OPERATION_LLDT && chance(60))
		return chance(50) ? WORLD_LDT : WORLD_LDT2;
	return world_selector();
}

static void aim_operation(struct generator *generator, struct candidate *candidate,
			  struct insn *insn)
{
	const struct virtual_cpu *cpu = &generator->machine->cpu;
	u32 values[2];

	switch (insn->operation) {
	case OPERATION_MOVS:
	case OPERATION_CMPS:
	case OPERATION_STOS:
	case OPERATION_LODS:
	case OPERATION_SCAS: aim_string(generator, candidate, insn); break;
	case OPERATION_INS:
	case OPERATION_OUTS:
	case OPERATION_IN:
	case OPERATION_OUT:
		if ((u32)(u16)cpu->regs[REG_DX] - FREE_PORT > 60)
			aim_port(generator, candidate);
		else if (insn->operation == OPERATION_INS || insn->operation == OPERATION_OUTS)
			aim_string(generator, candidate, insn);
		break;
	case OPERATION_INT: aim_interrupt(generator, candidate, insn); break;
	case OPERATION_JMP_FAR:
	case OPERATION_CALL_FAR: aim_far(generator, candidate, insn); break;
	case OPERATION_JMP_NEAR:
	case OPERATION_JMP_NEAR_INDIRECT:
	case OPERATION_CALL_NEAR:
	case OPERATION_CALL_NEAR_INDIRECT:
	case OPERATION_JCC: aim_near(generator, candidate, insn); break;
	case OPERATION_RET_NEAR:
		values[0] = world_code_address() - cpu->segments[SEGMENT_CS].base;
		patch_stack(generator, values, 1, insn->operand_size);
		break;
	case OPERATION_RET_FAR:
	case OPERATION_IRET: patch_return(generator, insn); break;
	case OPERATION_POPF:
		values[0] = random_flags();
		patch_stack(generator, values, 1, insn->operand_size);
		break;
	case OPERATION_POP_SEGMENT:
		values[0] = world_selector();
		patch_stack(generator, values, 1, insn->operand_size);
		break;
	case OPERATION_MOV_SEGMENT:
		if (insn->operands[0].kind == OPERAND_SEGMENT)
			give_word(generator, candidate, insn, 1, world_selector());
		break;
	case OPERATION_LDS:
	case OPERATION_LES:
	case OPERATION_LSS:
	case OPERATION_LFS:
	case OPERATION_LGS:
		give_far_pointer(generator, insn, world_selector(), random_value());
		break;
	case OPERATION_LGDT:
	case OPERATION_LIDT: give_table(generator, insn); break;
	case OPERATION_LLDT:
	case OPERATION_LTR:
	case OPERATION_VERR:
	case OPERATION_VERW:
		give_word(generator, candidate, insn, 0,
			  table_selector(generator, insn->operation));
		break;
	case OPERATION_LAR:
	case OPERATION_LSL: give_word(generator, candidate, insn, 1, world_selector()); break;
	case OPERATION_LMSW:
		give_word(generator, candidate, insn, 0, 1 | (random64() & 0xfffe));
		break;
	case OPERATION_MOV_CONTROL:
	case OPERATION_MOV_DEBUG: aim_control(generator, candidate, insn); break;
	case OPERATION_RDMSR:
	case OPERATION_WRMSR:
		if ((u32)cpu->regs[REG_CX] - MSR_IA32_SYSENTER_CS > 2)
			set_up(generator, candidate, REG_CX, msr_index());
		else if ((u32)cpu->regs[REG_DX] && chance(90))
			set_up(generator, candidate, REG_DX, 0);
		else if (chance(80))
			set_up(generator, candidate, REG_AX, msr_value(cpu->regs[REG_CX]));
		break;
	case OPERATION_SYSEXIT: set_up(generator, candidate, REG_DX, world_code_address()); break;
	case OPERATION_BOUND:
		values[0] = -random_below(1000);
		values[1] = random_below(1000);
		if (chance(80))
			patch_operand(generator, insn, values, insn->operand_size);
		break;
	case OPERATION_ENTER:
		candidate->bytes[insn->immediate_offset + 1] = 0;
		if (chance(60))
			candidate->bytes[insn->immediate_offset + 2] &= 3;
		break;
	default: break;
	}
}

/* ---- encodings ---------------------------------------------------------------------------------- */

/* Opcodes of the system level; 0x0f in the upper byte: of that map. */
static const u16 system_opcodes[] = {
	0x0f00, 0x0f00, 0x0f00, 0x0f01, 0x0f01, 0x0f01, 0x0f02, 0x0f03, 0x0f06, 0x0f08, 0x0f09,
	0x0f20, 0x0f21, 0x0f22, 0x0f22, 0x0f22, 0x0f23, 0x0f30, 0x0f32, 0x0f34, 0x0f35, 0x0fa0,
	0x0fa1, 0x0fa8, 0x0fa9, 0x0fb2, 0x0fb4, 0x0fb5, 0x06,	0x07,	0x0e,	0x16,	0x17,
	0x1e,	0x1f,	0x62,	0x63,	0x6c,	0x6d,	0x6e,	0x6f,	0x8c,	0x8e,	0x8e,
	0x9a,	0x9a,	0x9c,	0x9c,	0x9d,	0x9d,	0xc4,	0xc5,	0xc8,	0xca,	0xcb,
	0xcb,	0xcc,	0xcd,	0xcd,	0xce,	0xcf,	0xcf,	0xcf,	0xe4,	0xec,	0xed,
	0xee,	0xef,	0xea,	0xea,	0xf1,	0xf4,	0xfa,	0xfb,	0xff,
};

static void random_encoding(struct candidate *candidate)
{
	static const u8 prefixes[] = { 0x66, 0x66, 0x66, 0x67, 0x67, 0x26, 0x2e,
				       0x36, 0x3e, 0x64, 0x65, 0xf0, 0xf2, 0xf3 };
	unsigned int i, at = 0;
	u16 opcode;

	for (i = 0; i < INSN_MAX_LENGTH; i++)
		candidate->bytes[i] = random64();
	while (chance(30) && at < (chance(99) ? 3 : 14))
		candidate->bytes[at++] = random_of(prefixes);
	switch (random_below(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		opcode = random_of(system_opcodes);
		if (opcode >> 8 && at < 13)
			candidate->bytes[at++] = opcode >> 8;
		candidate->bytes[at++] = opcode;
		break;
	case 6:
	case 7:
	case 8: candidate->bytes[at++] = 0x0f; break;
	case 9:
		if (at > 11)
			break;
		candidate->bytes[at++] = 0x0f;
		candidate->bytes[at++] = 0x38;
		candidate->bytes[at++] = 0xf0 + random_below(8);
		break;
	}
}

/* There are too many of them for their worth. */
static bool undefined_encoding(const struct candidate *candidate, enum insn_mode mode)
{
	struct insn insn;

	if (decode_insn(&insn, candidate->bytes, INSN_MAX_LENGTH, mode) != DECODE_OK)
		return true;
	return (insn.prefixes & INSN_PREFIX_LOCK) && !insn_lock_allowed(&insn);
}

void candidate_choose(struct generator *generator, struct candidate *candidate)
{
	enum insn_mode mode = machine_mode(generator->machine);
	struct insn insn;

	if (generator->stashed) {
		memcpy(candidate->bytes, generator->stash, INSN_MAX_LENGTH);
		generator->stashed = false;
		/* Whatever else it needs must be there by now, or not. */
		if (decode_insn(&insn, candidate->bytes, INSN_MAX_LENGTH, mode) == DECODE_OK) {
			struct candidate unused = *candidate;

			candidate->count = insn.length;
			aim_operation(generator, &unused, &insn);
			if (generator->stashed && chance(50)) {
				*candidate = unused;
				return;
			}
			memcpy(candidate->bytes,
			       generator->stashed ? candidate->bytes : unused.bytes,
			       INSN_MAX_LENGTH);
			generator->stashed = false;
			return;
		}
	}
	do
		random_encoding(candidate);
	while (undefined_encoding(candidate, mode) && chance(97));
	switch (decode_insn(&insn, candidate->bytes, INSN_MAX_LENGTH, mode)) {
	case DECODE_OK: break;
	case DECODE_INVALID: candidate->count = insn.length; return;
	default: candidate->count = INSN_MAX_LENGTH; return;
	}
	candidate->count = insn.length;
	if (insn.has_memory && chance(95))
		aim_memory(generator, candidate, &insn);
	if (chance(95))
		aim_operation(generator, candidate, &insn);
}

/* ---- patches --------------------------------------------------------------------------------------- */

bool generator_patch(struct generator *generator, u32 address, const void *data, unsigned int bytes)
{
	u8 *at = generator->patches + generator->patch_bytes;
	unsigned int all = 8 + ((bytes + 3) & ~3U);

	if (generator->patch_bytes + all > PATCH_BYTES_MOST ||
	    refuses_memory(generator, address, bytes))
		return false;
	memset(at, 0, all);
	memcpy(at, &address, 4);
	memcpy(at + 4, &bytes, 4);
	memcpy(at + 8, data, bytes);
	generator->patch_bytes += all;
	machine_poke(generator->machine, address, data, bytes);
	return true;
}

void generator_patch_linear(struct generator *generator, u32 linear, const void *data,
			    unsigned int bytes)
{
	const u8 *from = data;

	while (bytes) {
		unsigned int part = min_t(unsigned int, bytes, 4096 - linear % 4096);
		u32 address;

		if (machine_translate(generator->machine, linear, &address))
			generator_patch(generator, address, from, part);
		linear += part;
		from += part;
		bytes -= part;
	}
}
