// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine around the virtual CPU in tests. See fake_bus.h.
 */
#include "fake_bus.h"

#define FAKE_ACCESS_CODE 0x9b /* present, code, readable, accessed */
#define FAKE_ACCESS_DATA 0x93 /* present, data, writable, accessed */
#define FAKE_FLAGS_32	 0xc  /* 4 KiB granularity, 32-bit */

static struct fake_machine *machine_of(struct virtual_cpu *cpu)
{
	return (struct fake_machine *)cpu;
}

/* Index into the memory array, or -1. */
static long memory_index(u32 linear)
{
	if (linear < FAKE_MEMORY)
		return linear;
	if (linear >= FAKE_TOP_LINEAR)
		return FAKE_TOP_OFFSET + (linear - FAKE_TOP_LINEAR);
	return -1;
}

static u8 page_flags(const struct fake_machine *machine, u32 linear)
{
	long index = memory_index(linear);

	return index < 0 ? 0 : machine->pages[index / FAKE_PAGE];
}

/* What paging says of one byte. */
static enum cpu_result check_byte(struct fake_machine *machine, u32 linear, unsigned int access)
{
	struct virtual_cpu *cpu = &machine->cpu;
	bool write = access & (ACCESS_WRITE | ACCESS_MODIFY);
	bool user = cpu_cpl(cpu) == 3 && !(access & ACCESS_SYSTEM);
	u8 flags = page_flags(machine, linear);
	u32 code = 0;
	bool allowed = true;

	if (!(flags & FAKE_PRESENT))
		allowed = false;
	else
		code |= PFERR_PRESENT;
	if (user && !(flags & FAKE_USER))
		allowed = false;
	if (write && !(flags & FAKE_WRITABLE) && (user || (cpu->cr0 & X86_CR0_WP)))
		allowed = false;
	if ((access & ACCESS_FETCH) && (flags & FAKE_NO_EXECUTE))
		allowed = false;
	if (allowed)
		return CPU_OK;
	if (write)
		code |= PFERR_WRITE;
	if (user)
		code |= PFERR_USER;
	if (access & ACCESS_FETCH)
		code |= PFERR_FETCH;
	return cpu_page_fault(cpu, linear, code);
}

static enum cpu_result check_range(struct fake_machine *machine, u64 linear, unsigned int bytes,
				   unsigned int access)
{
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		enum cpu_result result = check_byte(machine, (u32)(linear + i), access);

		if (result != CPU_OK)
			return result;
	}
	return CPU_OK;
}

static void log_access(struct fake_machine *machine, u64 address, unsigned int bytes, bool write,
		       bool mmio, u64 value)
{
	struct fake_access *entry;

	if (machine->logged < FAKE_LOG) {
		entry = &machine->log[machine->logged];
		entry->address = address;
		entry->bytes = bytes;
		entry->write = write;
		entry->mmio = mmio;
		entry->value = value;
	}
	machine->logged++;
}

/* Whether a read that userspace answers has its answer already. */
static bool have_answer(struct fake_machine *machine)
{
	if (!machine->ask_user)
		return true;
	if (!machine->answered) {
		machine->user_pending = true;
		return false;
	}
	machine->answered = false;
	machine->user_pending = false;
	return true;
}

void fake_answer(struct fake_machine *machine)
{
	machine->answered = true;
}

static enum cpu_result bus_read(struct virtual_cpu *cpu, u64 linear, void *data, unsigned int bytes,
				unsigned int access)
{
	struct fake_machine *machine = machine_of(cpu);
	enum cpu_result result;
	unsigned int i;

	result = check_range(machine, linear, bytes, access);
	if (result != CPU_OK)
		return result;
	if (page_flags(machine, (u32)linear) & FAKE_MMIO) {
		if (!have_answer(machine))
			return CPU_USER;
		memset(data, 0, bytes);
		memcpy(data, &machine->mmio_value, min_t(unsigned int, bytes, 8));
		log_access(machine, linear, bytes, false, true, machine->mmio_value);
		return CPU_OK;
	}
	for (i = 0; i < bytes; i++)
		((u8 *)data)[i] = machine->memory[memory_index((u32)(linear + i))];
	return CPU_OK;
}

static enum cpu_result bus_write(struct virtual_cpu *cpu, u64 linear, const void *data,
				 unsigned int bytes, unsigned int access)
{
	struct fake_machine *machine = machine_of(cpu);
	enum cpu_result result;
	u64 value = 0;

	result = check_range(machine, linear, bytes, access | ACCESS_WRITE);
	if (result != CPU_OK)
		return result;
	if (page_flags(machine, (u32)linear) & FAKE_MMIO) {
		memcpy(&value, data, min_t(unsigned int, bytes, 8));
		log_access(machine, linear, bytes, true, true, value);
		return CPU_OK;
	}
	fake_put(machine, (u32)linear, data, bytes);
	machine->writes += bytes;
	return CPU_OK;
}

static enum cpu_result bus_probe(struct virtual_cpu *cpu, u64 linear, unsigned int bytes,
				 unsigned int access)
{
	struct fake_machine *machine = machine_of(cpu);

	machine->probes++;
	return check_range(machine, linear, bytes, access);
}

static enum cpu_result bus_compare_exchange(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					    u64 desired, unsigned int bytes, bool *done)
{
	enum cpu_result result;
	u64 found = 0;

	*done = false;
	result = bus_read(cpu, linear, &found, bytes, ACCESS_READ | ACCESS_MODIFY);
	if (result != CPU_OK)
		return result;
	if (memcmp(&found, expected, bytes)) {
		*expected = found;
		return CPU_OK;
	}
	result = bus_write(cpu, linear, &desired, bytes, ACCESS_WRITE);
	if (result != CPU_OK)
		return result;
	*expected = found;
	*done = true;
	return CPU_OK;
}

static enum cpu_result bus_port_in(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				   unsigned int count, void *data)
{
	struct fake_machine *machine = machine_of(cpu);
	unsigned int i;

	if (!have_answer(machine))
		return CPU_USER;
	for (i = 0; i < count; i++) {
		u64 value = machine->port_value++;

		memcpy((u8 *)data + i * bytes, &value, bytes);
		log_access(machine, port, bytes, false, false, value);
	}
	return CPU_OK;
}

static enum cpu_result bus_port_out(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				    unsigned int count, const void *data)
{
	struct fake_machine *machine = machine_of(cpu);
	unsigned int i;

	for (i = 0; i < count; i++) {
		u64 value = 0;

		memcpy(&value, (const u8 *)data + i * bytes, bytes);
		log_access(machine, port, bytes, true, false, value);
	}
	return CPU_OK;
}

/* Physical addresses are linear ones here; where nothing is, all ones. */
static enum cpu_result bus_read_physical(struct virtual_cpu *cpu, u64 physical, void *data,
					 unsigned int bytes)
{
	struct fake_machine *machine = machine_of(cpu);

	memset(data, 0xff, bytes);
	if (physical + bytes <= FAKE_MEMORY)
		memcpy(data, machine->memory + physical, bytes);
	return CPU_OK;
}

static u64 bus_read_tsc(struct virtual_cpu *cpu)
{
	return machine_of(cpu)->tsc;
}

static void bus_changed(struct virtual_cpu *cpu, unsigned int what)
{
	machine_of(cpu)->changed |= what;
}

static void bus_invalidate_page(struct virtual_cpu *cpu, u64 linear)
{
	machine_of(cpu)->invalidated = linear;
	machine_of(cpu)->invalidations++;
}

static u64 bus_read_deadline(struct virtual_cpu *cpu)
{
	return machine_of(cpu)->deadline;
}

static void bus_write_deadline(struct virtual_cpu *cpu, u64 tsc)
{
	machine_of(cpu)->deadline = tsc;
}

static bool bus_read_msr(struct virtual_cpu *cpu, u32 index, u64 *value)
{
	struct fake_machine *machine = machine_of(cpu);

	if (!index || index != machine->extra_msr_index)
		return false;
	*value = machine->extra_msr_value;
	return true;
}

static bool bus_write_msr(struct virtual_cpu *cpu, u32 index, u64 value)
{
	struct fake_machine *machine = machine_of(cpu);

	if (index == MSR_IA32_TSC) {
		machine->tsc = value;
		return true;
	}
	if (!index || index != machine->extra_msr_index)
		return false;
	machine->extra_msr_value = value;
	return true;
}

const struct cpu_bus fake_bus = {
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
	.read_deadline = bus_read_deadline,
	.write_deadline = bus_write_deadline,
	.read_msr = bus_read_msr,
	.write_msr = bus_write_msr,
};

void fake_machine_init(struct fake_machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	memset(machine->pages, FAKE_PAGE_ALL, sizeof(machine->pages));
	machine->cpu.bus = &fake_bus;
	cpu_reset(&machine->cpu);
	machine->changed = 0;
}

void fake_put(struct fake_machine *machine, u32 linear, const void *data, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		long index = memory_index((u32)(linear + i));

		if (index >= 0)
			machine->memory[index] = ((const u8 *)data)[i];
	}
}

void fake_put8(struct fake_machine *machine, u32 linear, u8 value)
{
	fake_put(machine, linear, &value, sizeof(value));
}

void fake_put16(struct fake_machine *machine, u32 linear, u16 value)
{
	fake_put(machine, linear, &value, sizeof(value));
}

void fake_put32(struct fake_machine *machine, u32 linear, u32 value)
{
	fake_put(machine, linear, &value, sizeof(value));
}

void fake_put64(struct fake_machine *machine, u32 linear, u64 value)
{
	fake_put(machine, linear, &value, sizeof(value));
}

static u64 get(const struct fake_machine *machine, u32 linear, unsigned int bytes)
{
	u64 value = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		long index = memory_index((u32)(linear + i));
		u64 byte = index < 0 ? 0 : machine->memory[index];

		value |= byte << (8 * i);
	}
	return value;
}

u8 fake_get8(const struct fake_machine *machine, u32 linear)
{
	return get(machine, linear, 1);
}

u16 fake_get16(const struct fake_machine *machine, u32 linear)
{
	return get(machine, linear, 2);
}

u32 fake_get32(const struct fake_machine *machine, u32 linear)
{
	return get(machine, linear, 4);
}

u64 fake_get64(const struct fake_machine *machine, u32 linear)
{
	return get(machine, linear, 8);
}

u64 fake_descriptor(u32 base, u32 limit, unsigned int access, unsigned int flags)
{
	u64 raw;

	raw = limit & 0xffff;
	raw |= (u64)(base & 0xffffff) << 16;
	raw |= (u64)(access & 0xff) << 40;
	raw |= (u64)((limit >> 16) & 0xf) << 48;
	raw |= (u64)(flags & 0xf) << 52;
	raw |= (u64)(base >> 24) << 56;
	return raw;
}

u64 fake_gate(u16 selector, u32 offset, unsigned int access, unsigned int count)
{
	return (offset & 0xffff) | (u64)selector << 16 | (u64)(count & 0x1f) << 32 |
	       (u64)(access & 0xff) << 40 | (u64)(offset >> 16) << 48;
}

void fake_set_gdt(struct fake_machine *machine, u16 selector, u64 descriptor)
{
	fake_put64(machine, FAKE_GDT + (selector & SELECTOR_INDEX), descriptor);
}

void fake_set_idt(struct fake_machine *machine, u8 vector, u64 gate)
{
	fake_put64(machine, FAKE_IDT + vector * 8U, gate);
}

static u64 flat(unsigned int access, unsigned int dpl, unsigned int flags)
{
	return fake_descriptor(0, 0xfffff, access | dpl << 5, flags);
}

static void load(struct fake_machine *machine, enum segment_register which, u16 selector)
{
	segment_from_descriptor(&machine->cpu.segments[which], selector,
				fake_get64(machine, FAKE_GDT + (selector & SELECTOR_INDEX)));
}

static void fill_gdt(struct fake_machine *machine)
{
	static const u16 code[4] = { FAKE_CODE0, FAKE_CODE1, FAKE_CODE2, FAKE_CODE3 };
	static const u16 data[4] = { FAKE_DATA0, FAKE_DATA1, FAKE_DATA2, FAKE_DATA3 };
	unsigned int ring;

	for (ring = 0; ring < 4; ring++) {
		fake_set_gdt(machine, code[ring], flat(FAKE_ACCESS_CODE, ring, FAKE_FLAGS_32));
		fake_set_gdt(machine, data[ring], flat(FAKE_ACCESS_DATA, ring, FAKE_FLAGS_32));
	}
	fake_set_gdt(machine, FAKE_CODE0_16, fake_descriptor(0, 0xffff, FAKE_ACCESS_CODE, 0));
	fake_set_gdt(machine, FAKE_DATA0_16, fake_descriptor(0, 0xffff, FAKE_ACCESS_DATA, 0));
	fake_set_gdt(machine, FAKE_LDT_SELECTOR, fake_descriptor(FAKE_LDT, 0xff, 0x82, 0));
	fake_set_gdt(machine, FAKE_TSS_SELECTOR,
		     fake_descriptor(FAKE_TSS, FAKE_TSS_LIMIT, 0x8b, 0));
}

static void fill_tss(struct fake_machine *machine)
{
	static const u32 stacks[3] = { FAKE_STACK0, FAKE_STACK1, FAKE_STACK2 };
	static const u16 selectors[3] = { FAKE_DATA0, FAKE_DATA1, FAKE_DATA2 };
	unsigned int ring;

	for (ring = 0; ring < 3; ring++) {
		fake_put32(machine, FAKE_TSS + 4 + 8 * ring, stacks[ring]);
		fake_put16(machine, FAKE_TSS + 8 + 8 * ring, selectors[ring]);
	}
	fake_put16(machine, FAKE_TSS + 0x66, 0x68);
	memset(machine->memory + FAKE_TSS + 0x68, 0xff, FAKE_TSS_LIMIT + 1 - 0x68);
}

static const struct cpu_cpuid_entry features[] = {
	{ .function = 0, .eax = 7, .ebx = 0x756e6547, .ecx = 0x6c65746e, .edx = 0x49656e69 },
	{ .function = 1, .eax = 0x6f1, .ebx = 0x00010800, .ecx = 0x42d82203, .edx = 0x0789abfd },
	{ .function = 7, .flags = 1, .ebx = 0x218c0000, .ecx = 0x18000100, .edx = 0x4000 },
	{ .function = 0x80000000, .eax = 0x80000008 },
	{ .function = 0x80000001, .edx = 0x00100000 },
	{ .function = 0x80000008, .eax = 0x2024 },
};

void fake_machine_features(struct fake_machine *machine)
{
	memcpy(machine->cpu.cpuid, features, sizeof(features));
	machine->cpu.cpuid_count = ARRAY_SIZE(features);
}

void fake_machine_ring(struct fake_machine *machine, unsigned int ring)
{
	static const u16 code[4] = { FAKE_CODE0, FAKE_CODE1, FAKE_CODE2, FAKE_CODE3 };
	static const u16 data[4] = { FAKE_DATA0, FAKE_DATA1, FAKE_DATA2, FAKE_DATA3 };
	static const u32 stacks[4] = { FAKE_STACK0, FAKE_STACK1, FAKE_STACK2, FAKE_STACK3 };

	load(machine, SEGMENT_CS, code[ring]);
	load(machine, SEGMENT_SS, data[ring]);
	load(machine, SEGMENT_DS, data[ring]);
	load(machine, SEGMENT_ES, data[ring]);
	load(machine, SEGMENT_FS, data[ring]);
	load(machine, SEGMENT_GS, data[ring]);
	machine->cpu.regs[REG_SP] = stacks[ring];
}

void fake_machine_protected(struct fake_machine *machine)
{
	struct virtual_cpu *cpu = &machine->cpu;

	fake_machine_init(machine);
	fake_machine_features(machine);
	fill_gdt(machine);
	fill_tss(machine);
	cpu->cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE;
	cpu->gdtr.base = FAKE_GDT;
	cpu->gdtr.limit = FAKE_GDT_LIMIT;
	cpu->idtr.base = FAKE_IDT;
	cpu->idtr.limit = 256 * 8 - 1;
	segment_from_descriptor(&cpu->tr, FAKE_TSS_SELECTOR,
				fake_get64(machine, FAKE_GDT + FAKE_TSS_SELECTOR));
	memset(cpu->regs, 0, sizeof(cpu->regs));
	fake_machine_ring(machine, 0);
	cpu->rip = FAKE_CODE;
	cpu->rflags = X86_EFLAGS_FIXED;
}

void fake_machine_user(struct fake_machine *machine)
{
	fake_machine_protected(machine);
	fake_machine_ring(machine, 3);
}

void fake_machine_v86(struct fake_machine *machine)
{
	unsigned int i;

	fake_machine_protected(machine);
	for (i = 0; i < SEGMENT_REGISTERS; i++)
		machine->cpu.segments[i] = (struct segment){
			.base = (0x700 + i) << 4,
			.limit = 0xffff,
			.selector = 0x700 + i,
			.type = TYPE_DATA_WRITABLE | TYPE_ACCESSED,
			.dpl = 3,
			.s = true,
			.present = true,
		};
	machine->cpu.rflags = X86_EFLAGS_FIXED | X86_EFLAGS_VM;
	machine->cpu.regs[REG_SP] = 0x1000;
	machine->cpu.rip = 0x100;
}
