// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine around the virtual CPU. See machine.h.
 */
#include "machine.h"
#include "emulate/emulate.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

static struct machine *machine_of(struct virtual_cpu *cpu)
{
	return (struct machine *)cpu;
}

/* ---- physical memory ---------------------------------------------------------- */

static void note_write(struct machine *machine, u32 address, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		if (machine->undo_count == UNDO_MOST) {
			machine->unsafe = true;
			return;
		}
		machine->undo[machine->undo_count++] = (struct undo){
			.address = address + i,
			.old = machine->memory[address + i],
		};
	}
}

void machine_undo(struct machine *machine, unsigned int mark)
{
	while (machine->undo_count > mark) {
		const struct undo *undo = &machine->undo[--machine->undo_count];

		machine->memory[undo->address] = undo->old;
	}
}

void machine_poke(struct machine *machine, u32 address, const void *data, unsigned int bytes)
{
	note_write(machine, address, bytes);
	memcpy(machine->memory + address, data, bytes);
	if (machine->written)
		machine->written(address, bytes);
}

static bool in_memory(u64 address, unsigned int bytes)
{
	return address < MACHINE_MEMORY && address + bytes <= MACHINE_MEMORY;
}

/* Whether a test may do this; a whole access lies in one page here. */
static bool permitted(struct machine *machine, u64 address, unsigned int bytes, unsigned int access)
{
	bool write = access & (ACCESS_WRITE | ACCESS_MODIFY);
	u8 page;

	if (!in_memory(address, bytes)) {
		machine->unsafe = true;
		return false;
	}
	page = machine->pages[address / 4096];
	if (write && (access & ACCESS_SYSTEM) && (page & PAGE_SYSTEM))
		return true;
	if (machine->guarded && !(page & (write ? PAGE_WRITE : PAGE_READ)))
		machine->unsafe = true;
	return true;
}

/* ---- the walk --------------------------------------------------------------------- */

static bool walk_read(void *opaque, u64 gpa, u64 *entry, unsigned int bytes)
{
	struct machine *machine = opaque;

	if (!in_memory(gpa, bytes)) {
		machine->unsafe = true;
		return false;
	}
	/* What lies outside is not the same on two machines. */
	if (gpa < ARENA || gpa >= ARENA_END)
		machine->unsafe = true;
	*entry = 0;
	memcpy(entry, machine->memory + gpa, bytes);
	return true;
}

static bool walk_set_bits(void *opaque, u64 gpa, u64 expected, u64 bits, unsigned int bytes,
			  bool *absent)
{
	u64 value = expected | bits;

	(void)absent;
	machine_poke(opaque, gpa, &value, bytes);
	return true;
}

static enum walk_result walk(struct machine *machine, u32 linear, unsigned int access,
			     struct guest_walk *found)
{
	const struct walk_memory memory = {
		.read = walk_read,
		.set_bits = walk_set_bits,
		.opaque = machine,
	};

	return guest_walk(&machine->cpu, &memory, linear, access, found);
}

bool machine_walk(struct machine *machine, u32 linear, unsigned int access,
		  struct guest_walk *found)
{
	return walk(machine, linear, access, found) == WALK_OK;
}

static enum cpu_result translate(struct machine *machine, u32 linear, unsigned int access, u64 *gpa)
{
	struct guest_walk found;

	switch (walk(machine, linear, access, &found)) {
	case WALK_OK: *gpa = found.gpa; return CPU_OK;
	case WALK_FAULT: return cpu_page_fault(&machine->cpu, linear, found.error_code);
	default: return cpu_stop(&machine->cpu, "page tables lie where no memory is");
	}
}

bool machine_translate(struct machine *machine, u32 linear, u32 *address)
{
	const struct cpu_exception fault = machine->cpu.fault;
	unsigned int mark = machine->undo_count;
	bool unsafe = machine->unsafe;
	u64 gpa = 0;
	bool good;

	good = translate(machine, linear, ACCESS_READ | ACCESS_SYSTEM, &gpa) == CPU_OK &&
	       gpa < MACHINE_MEMORY;
	machine_undo(machine, mark);
	machine->cpu.fault = fault;
	machine->unsafe = unsafe;
	*address = gpa;
	return good;
}

/* ---- the bus ----------------------------------------------------------------------- */

struct span {
	u64 gpa;
	unsigned int bytes;
};

static enum cpu_result find_spans(struct machine *machine, u64 linear, unsigned int bytes,
				  unsigned int access, struct span spans[2], unsigned int *count)
{
	enum cpu_result result;

	if (access & ACCESS_MODIFY)
		access |= ACCESS_WRITE;
	for (*count = 0; bytes; (*count)++) {
		struct span *span = &spans[*count];

		linear = (u32)linear;
		span->bytes = min_t(unsigned int, bytes, 4096 - linear % 4096);
		result = translate(machine, linear, access, &span->gpa);
		if (result != CPU_OK)
			return result;
		if (!permitted(machine, span->gpa, span->bytes, access))
			return cpu_stop(&machine->cpu, "there is no memory");
		linear += span->bytes;
		bytes -= span->bytes;
	}
	return CPU_OK;
}

static enum cpu_result bus_read(struct virtual_cpu *cpu, u64 linear, void *data, unsigned int bytes,
				unsigned int access)
{
	struct machine *machine = machine_of(cpu);
	enum cpu_result result;
	unsigned int i, count;
	struct span spans[2];

	result = find_spans(machine, linear, bytes, access, spans, &count);
	for (i = 0; result == CPU_OK && i < count; i++) {
		memcpy(data, machine->memory + spans[i].gpa, spans[i].bytes);
		data = (u8 *)data + spans[i].bytes;
	}
	return result;
}

static enum cpu_result bus_write(struct virtual_cpu *cpu, u64 linear, const void *data,
				 unsigned int bytes, unsigned int access)
{
	struct machine *machine = machine_of(cpu);
	enum cpu_result result;
	unsigned int i, count;
	struct span spans[2];

	result = find_spans(machine, linear, bytes, access | ACCESS_WRITE, spans, &count);
	for (i = 0; result == CPU_OK && i < count; i++) {
		machine_poke(machine, spans[i].gpa, data, spans[i].bytes);
		data = (const u8 *)data + spans[i].bytes;
	}
	return result;
}

static enum cpu_result bus_probe(struct virtual_cpu *cpu, u64 linear, unsigned int bytes,
				 unsigned int access)
{
	enum cpu_result result = CPU_OK;
	struct span spans[2];
	unsigned int count;

	while (bytes && result == CPU_OK) {
		unsigned int part = min_t(unsigned int, bytes, 4096 - linear % 4096);

		result = find_spans(machine_of(cpu), linear, part, access, spans, &count);
		linear += part;
		bytes -= part;
	}
	return result;
}

static enum cpu_result bus_compare_exchange(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					    u64 desired, unsigned int bytes, bool *done)
{
	(void)expected;
	*done = true;
	return bus_write(cpu, linear, &desired, bytes, ACCESS_WRITE);
}

/* Only ports without a device are a test's. */
static void check_port(struct virtual_cpu *cpu, u16 port, unsigned int bytes)
{
	/* QEMU reads zeros across the alignment where no device is. */
	if (machine_of(cpu)->guarded &&
	    ((u32)port - FREE_PORT >= FREE_PORTS || (port & (bytes - 1))))
		machine_of(cpu)->unsafe = true;
}

/* Nothing answers: the bus floats high. */
static enum cpu_result bus_port_in(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				   unsigned int count, void *data)
{
	check_port(cpu, port, bytes);
	memset(data, 0xff, bytes * count);
	return CPU_OK;
}

static enum cpu_result bus_port_out(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				    unsigned int count, const void *data)
{
	check_port(cpu, port, bytes);
	(void)count;
	(void)data;
	return CPU_OK;
}

static enum cpu_result bus_read_physical(struct virtual_cpu *cpu, u64 physical, void *data,
					 unsigned int bytes)
{
	struct machine *machine = machine_of(cpu);

	if (!in_memory(physical, bytes)) {
		machine->unsafe = true;
		memset(data, 0xff, bytes);
		return CPU_OK;
	}
	memcpy(data, machine->memory + physical, bytes);
	return CPU_OK;
}

static u64 bus_read_tsc(struct virtual_cpu *cpu)
{
	(void)cpu;
	return 0;
}

static void bus_changed(struct virtual_cpu *cpu, unsigned int what)
{
	(void)cpu;
	(void)what;
}

static void bus_invalidate_page(struct virtual_cpu *cpu, u64 linear)
{
	(void)cpu;
	(void)linear;
}

static bool bus_read_msr(struct virtual_cpu *cpu, u32 index, u64 *value)
{
	(void)cpu;
	(void)index;
	(void)value;
	return false;
}

static bool bus_write_msr(struct virtual_cpu *cpu, u32 index, u64 value)
{
	(void)cpu;
	(void)index;
	(void)value;
	return false;
}

static const struct cpu_bus bus = {
	.read = bus_read,
	.write = bus_write,
	.probe = bus_probe,
	.compare_exchange = bus_compare_exchange,
	.port_in = bus_port_in,
	.port_out = bus_port_out,
	.read_physical = bus_read_physical,
	.read_tsc = bus_read_tsc,
	.changed = bus_changed,
	.invalidate_page = bus_invalidate_page,
	.read_msr = bus_read_msr,
	.write_msr = bus_write_msr,
};

/* ---- an instruction ------------------------------------------------------------------- */

u32 machine_pc(const struct machine *machine)
{
	return machine->cpu.segments[SEGMENT_CS].base + machine->cpu.rip;
}

enum insn_mode machine_mode(const struct machine *machine)
{
	const struct virtual_cpu *cpu = &machine->cpu;

	return cpu_protected_mode(cpu) && cpu->segments[SEGMENT_CS].db ? INSN_MODE_32
								       : INSN_MODE_16;
}

/* As the run loop fetches: page by page, none needlessly. */
static enum cpu_result fetch_and_decode(struct machine *machine, struct insn *insn)
{
	struct virtual_cpu *cpu = &machine->cpu;
	u8 bytes[INSN_MAX_LENGTH];
	enum cpu_result result;
	unsigned int want, have = 0;
	u64 linear;

	do {
		result = cpu_linear(cpu, SEGMENT_CS, (u32)(cpu->rip + have), 1, ACCESS_FETCH,
				    &linear);
		if (result != CPU_OK)
			return result;
		want = min_t(unsigned int, INSN_MAX_LENGTH - have, 4096 - linear % 4096);
		result = bus_read(cpu, linear, bytes + have, want, ACCESS_FETCH);
		if (result != CPU_OK)
			return result;
		have += want;
		switch (decode_insn(insn, bytes, have, machine_mode(machine))) {
		case DECODE_OK:
			return cpu_linear(cpu, SEGMENT_CS, cpu->rip, insn->length, ACCESS_FETCH,
					  &linear);
		case DECODE_INVALID: return cpu_fault(cpu, X86_TRAP_UD);
		case DECODE_TOO_LONG: return cpu_fault_code(cpu, X86_TRAP_GP, 0);
		case DECODE_TRUNCATED: break;
		}
	} while (have < INSN_MAX_LENGTH);
	return cpu_fault_code(cpu, X86_TRAP_GP, 0);
}

enum cpu_result machine_execute(struct machine *machine, struct machine_trace *trace)
{
	enum cpu_result result;

	trace->decoded = false;
	trace->delivered = false;
	result = fetch_and_decode(machine, &trace->insn);
	if (result != CPU_OK)
		return result;
	trace->decoded = true;
	return emulate_insn(&machine->cpu, &trace->insn);
}

static enum machine_step deliver(struct machine *machine, struct machine_trace *trace,
				 const struct cpu_exception *exception)
{
	struct virtual_cpu *cpu = &machine->cpu;

	trace->delivered = true;
	trace->exception = *exception;
	if (cpu_deliver(cpu, CPU_EVENT_EXCEPTION, exception, cpu->rip) != CPU_OK)
		return STEP_BAD;
	return STEP_DELIVERED;
}

enum machine_step machine_step(struct machine *machine, struct machine_trace *trace)
{
	struct virtual_cpu *cpu = &machine->cpu;
	struct cpu_exception exception;

	switch (machine_execute(machine, trace)) {
	case CPU_OK: break;
	case CPU_FAULT:
		exception = cpu->fault;
		cpu->pending_debug = 0;
		return deliver(machine, trace, &exception);
	default: return STEP_BAD;
	}
	if (cpu->halted)
		return STEP_BAD;
	if (!cpu->pending_debug)
		return STEP_DONE;
	exception = (struct cpu_exception){
		.vector = X86_TRAP_DB,
		.dr6 = cpu->pending_debug,
		.trap = true,
	};
	cpu->pending_debug = 0;
	return deliver(machine, trace, &exception) == STEP_BAD ? STEP_BAD : STEP_DONE;
}

/* ---- the beginning --------------------------------------------------------------------- */

/* What `-cpu max` of QEMU's emulation and the tests have in common. */
static void set_cpuid(struct virtual_cpu *cpu)
{
	static const struct cpu_cpuid_entry entries[] = {
		{ 0, 0, 0, 7, 0x756e6547, 0x6c65746e, 0x49656e69 },
		{ 1, 0, 0, 0x663, 0, 0x00d82201 & ~BIT(3), 0x078bfbff & ~BIT(1) },
		{ 7, 0, 1, 0, BIT(7) | BIT(19) | BIT(20), BIT(2), 0 },
		{ 0x80000000, 0, 0, 0x80000008, 0, 0, 0 },
		{ 0x80000001, 0, 0, 0x663, 0, BIT(5), BIT(20) },
		{ 0x80000008, 0, 0, 36, 0, 0, 0 },
	};

	memcpy(cpu->cpuid, entries, sizeof(entries));
	cpu->cpuid_count = ARRAY_SIZE(entries);
}

void machine_init(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	machine->cpu.bus = &bus;
	cpu_reset(&machine->cpu);
	set_cpuid(&machine->cpu);
}

static bool load_elf(struct machine *machine, const u8 *file, size_t size,
		     struct replay_image *image)
{
	const Elf32_Ehdr *header = (const void *)file;
	const Elf32_Phdr *part = (const void *)(file + header->e_phoff);

	if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS32 || header->e_phnum < 1 ||
	    header->e_phoff + sizeof(*part) > size || part->p_offset + part->p_filesz > size ||
	    !in_memory(part->p_paddr, part->p_memsz) || part->p_filesz < sizeof(*image))
		return false;
	memcpy(machine->memory + part->p_paddr, file + part->p_offset, part->p_filesz);
	memcpy(image, machine->memory + part->p_paddr, sizeof(*image));
	return true;
}

/* What the guest's _start does. */
static void start_monitor(struct machine *machine, const struct replay_image *image)
{
	struct virtual_cpu *cpu = &machine->cpu;
	unsigned int i;

	cpu_write_control(cpu, 0, X86_CR0_PE | X86_CR0_ET | X86_CR0_NE);
	cpu->gdtr = (struct descriptor_table){ image->gdt, image->gdt_bytes - 1 };
	cpu->idtr = (struct descriptor_table){ image->idt, 256 * 8 - 1 };
	for (i = 0; i < SEGMENT_REGISTERS; i++)
		if (i != SEGMENT_CS)
			cpu_load_segment(cpu, i, SEL_DATA);
	cpu_far_jump(cpu, SEL_CODE, image->enter, 4, 0);
	cpu->regs[REG_SP] = image->stack - 256;
	cpu->rflags = X86_EFLAGS_FIXED;
	cpu->efer = EFER_NX;
	cpu->msrs.apic_base = 0;
}

bool machine_load_image(struct machine *machine, const char *path, struct replay_image *image)
{
	u8 *file = malloc(MACHINE_MEMORY);
	FILE *stream = fopen(path, "rb");
	bool good = false;
	size_t size;

	if (file && stream) {
		size = fread(file, 1, MACHINE_MEMORY, stream);
		good = load_elf(machine, file, size, image);
	}
	if (stream)
		fclose(stream);
	free(file);
	if (good) {
		machine->guarded = false;
		start_monitor(machine, image);
		machine->undo_count = 0;
	}
	return good;
}
