// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus of a vCPU: how the virtual CPU and the emulator reach guest memory,
 * ports, the clock, and how they tell of changed state. Called in the host
 * world by the vCPU's thread.
 */
#include <linux/ratelimit.h>
#include <asm/tsc.h>

#include "run/internal.h"

static struct vcpu *vcpu_of(struct virtual_cpu *cpu)
{
	return container_of(cpu, struct vcpu, cpu);
}

/* The part of an access that lies in one page. */
struct span {
	u64 gpa;
	unsigned int bytes;
};

/* No access is larger than a page, so it touches at most two. */
#define SPANS 2

static enum cpu_result find_spans(struct vcpu *vcpu, u64 linear, unsigned int bytes,
				  unsigned int access, struct span spans[SPANS],
				  unsigned int *count)
{
	enum cpu_result result;

	if (access & ACCESS_MODIFY)
		access |= ACCESS_WRITE;
	*count = 0;
	while (bytes) {
		struct span *span = &spans[*count];

		/* Segment checks let an access wrap at 4 GiB; so does linear space. */
		linear = (u32)linear;
		span->bytes = min_t(unsigned int, bytes, PAGE_SIZE - offset_in_page(linear));
		result = mmu_translate(&vcpu->mmu, &vcpu->cpu, linear, access, &span->gpa);
		if (result != CPU_OK)
			return result;
		linear += span->bytes;
		bytes -= span->bytes;
		(*count)++;
	}
	return CPU_OK;
}

static enum cpu_result bad_memory(struct vcpu *vcpu)
{
	vcpu->error = -EFAULT;
	return cpu_stop(&vcpu->cpu, "the client unmapped memory that it gave to the guest");
}

static enum cpu_result bus_read(struct virtual_cpu *cpu, u64 linear, void *data,
				unsigned int bytes, unsigned int access)
{
	struct vcpu *vcpu = vcpu_of(cpu);
	struct span spans[SPANS];
	unsigned int i, count;
	enum cpu_result result;

	if (run_interpreter_read(vcpu, linear, data, bytes, access))
		return CPU_OK;
	result = find_spans(vcpu, linear, bytes, access, spans, &count);
	for (i = 0; result == CPU_OK && i < count; i++) {
		switch (mmu_read_guest(&vcpu->vm->mmu, spans[i].gpa, data, spans[i].bytes)) {
		case MMU_RAM:
			break;
		case MMU_BAD:
			return bad_memory(vcpu);
		default:
			result = access_mmio_read(vcpu, spans[i].gpa, data, spans[i].bytes);
		}
		data += spans[i].bytes;
	}
	return result;
}

static enum cpu_result write_span(struct vcpu *vcpu, const struct span *span, const void *data)
{
	switch (mmu_write_guest(&vcpu->vm->mmu, span->gpa, data, span->bytes)) {
	case MMU_RAM:
		return CPU_OK;
	case MMU_BAD:
		return bad_memory(vcpu);
	default:
		return access_mmio_write(vcpu, span->gpa, data, span->bytes);
	}
}

static enum cpu_result bus_write(struct virtual_cpu *cpu, u64 linear, const void *data,
				 unsigned int bytes, unsigned int access)
{
	struct vcpu *vcpu = vcpu_of(cpu);
	struct span spans[SPANS];
	unsigned int i, count;
	enum cpu_result result;

	if (run_interpreter_write(vcpu, linear, data, bytes, access))
		return CPU_OK;
	result = find_spans(vcpu, linear, bytes, access | ACCESS_WRITE, spans, &count);
	for (i = 0; result == CPU_OK && i < count; i++) {
		result = write_span(vcpu, &spans[i], data);
		data += spans[i].bytes;
	}
	return result;
}

static enum cpu_result bus_probe(struct virtual_cpu *cpu, u64 linear, unsigned int bytes,
				 unsigned int access)
{
	struct span spans[SPANS];
	enum cpu_result result = CPU_OK;
	unsigned int count;

	/* Probes may be longer than an access: go a page at a time. */
	while (bytes && result == CPU_OK) {
		unsigned int part = min_t(unsigned int, bytes, PAGE_SIZE - offset_in_page(linear));

		result = find_spans(vcpu_of(cpu), linear, part, access, spans, &count);
		linear += part;
		bytes -= part;
	}
	return result;
}

/* An operand across pages knows no atomic access: read, compare, write. */
static enum cpu_result exchange_in_steps(struct vcpu *vcpu, u64 linear, u64 *expected, u64 desired,
					 unsigned int bytes, bool *done)
{
	enum cpu_result result;
	u64 current_value = 0;

	result = bus_read(&vcpu->cpu, linear, &current_value, bytes, ACCESS_MODIFY);
	if (result != CPU_OK)
		return result;
	*done = !memcmp(&current_value, expected, bytes);
	if (*done)
		return bus_write(&vcpu->cpu, linear, &desired, bytes, ACCESS_WRITE);
	*expected = current_value;
	return CPU_OK;
}

static enum cpu_result bus_compare_exchange(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					    u64 desired, unsigned int bytes, bool *done)
{
	struct vcpu *vcpu = vcpu_of(cpu);
	struct span spans[SPANS];
	enum cpu_result result;
	unsigned int count;

	result = find_spans(vcpu, linear, bytes, ACCESS_WRITE, spans, &count);
	if (result != CPU_OK)
		return result;
	if (count > 1)
		return exchange_in_steps(vcpu, linear, expected, desired, bytes, done);
	switch (mmu_compare_exchange_guest(&vcpu->vm->mmu, spans[0].gpa, expected, desired, bytes,
					   done)) {
	case MMU_RAM:
		return CPU_OK;
	case MMU_BAD:
		return bad_memory(vcpu);
	default:
		/*
		 * @expected was read from the device by this instruction; to
		 * read it again may have effects.
		 */
		*done = true;
		return access_mmio_write(vcpu, spans[0].gpa, &desired, bytes);
	}
}

static enum cpu_result bus_port_in(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				   unsigned int count, void *data)
{
	return access_port_in(vcpu_of(cpu), port, bytes, count, data);
}

static enum cpu_result bus_port_out(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				    unsigned int count, const void *data)
{
	return access_port_out(vcpu_of(cpu), port, bytes, count, data);
}

/* Where nothing is, the bus floats high. */
static enum cpu_result bus_read_physical(struct virtual_cpu *cpu, u64 physical, void *data,
					 unsigned int bytes)
{
	struct vcpu *vcpu = vcpu_of(cpu);

	switch (mmu_read_guest(&vcpu->vm->mmu, physical, data, bytes)) {
	case MMU_RAM:
		return CPU_OK;
	case MMU_BAD:
		return bad_memory(vcpu);
	default:
		memset(data, 0xff, bytes);
		return CPU_OK;
	}
}

static u64 bus_read_tsc(struct virtual_cpu *cpu)
{
	return rdtsc() + vcpu_of(cpu)->tsc_offset;
}

static u64 bus_read_deadline(struct virtual_cpu *cpu)
{
	struct irqchip *irqchip = vcpu_of(cpu)->vm->irqchip;

	return irqchip ? irqchip_deadline(irqchip) : 0;
}

static void bus_write_deadline(struct virtual_cpu *cpu, u64 tsc)
{
	if (vcpu_of(cpu)->vm->irqchip)
		irqchip_set_deadline(vcpu_of(cpu)->vm->irqchip, tsc);
}

#define PAGING_CR0 (X86_CR0_PG | X86_CR0_WP)
#define PAGING_CR4 (X86_CR4_PSE | X86_CR4_PAE | X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP)

static bool paging_mode_changed(struct vcpu *vcpu)
{
	u64 cr0 = vcpu->cpu.cr0 & PAGING_CR0;
	u64 cr4 = vcpu->cpu.cr4 & PAGING_CR4;
	u64 efer = vcpu->cpu.efer & EFER_NX;
	bool changed = cr0 != vcpu->paging_cr0 || cr4 != vcpu->paging_cr4 ||
		       efer != vcpu->paging_efer;

	vcpu->paging_cr0 = cr0;
	vcpu->paging_cr4 = cr4;
	vcpu->paging_efer = efer;
	return changed;
}

static void bus_changed(struct virtual_cpu *cpu, unsigned int what)
{
	struct vcpu *vcpu = vcpu_of(cpu);

	if (what & CPU_CHANGED_CLOCK)
		clock_tell(vcpu);
	if (what & CPU_CHANGED_WALL)
		clock_tell_wall(vcpu);
	if (what & CPU_CHANGED_APIC && vcpu->vm->irqchip) {
		irqchip_set_apic_base(vcpu->vm->irqchip, cpu->msrs.apic_base);
		vcpu_place_apic(vcpu);
	}
	if (what & CPU_CHANGED_GDTR)
		vcpu->gdt.stale = true;
	if (what & CPU_CHANGED_LDTR)
		vcpu->ldt.stale = true;
	if (paging_mode_changed(vcpu)) {
		run_interpreter_flush(vcpu, false);
		what |= CPU_CHANGED_CR3;
	}
	if (what & CPU_CHANGED_CR3) {
		run_interpreter_flush(vcpu, cpu->cr4 & X86_CR4_PGE);
		mmu_load_root(&vcpu->mmu, cpu);
		vcpu->gdt.recheck = true;
		vcpu->ldt.recheck = true;
	}
}

static void bus_invalidate_page(struct virtual_cpu *cpu, u64 linear)
{
	struct vcpu *vcpu = vcpu_of(cpu);

	run_interpreter_flush_page(vcpu, linear);
	mmu_flush_page(&vcpu->mmu, cpu, (u32)linear);
	vcpu->gdt.recheck = true;
	vcpu->ldt.recheck = true;
}

static bool bus_read_msr(struct virtual_cpu *cpu, u32 index, u64 *value)
{
	if (index == MSR_IA32_TSC) {
		*value = bus_read_tsc(cpu);
		return true;
	}
	if (!ringlet_ignore_msrs)
		return false;
	pr_info_ratelimited("ringlet: guest reads MSR 0x%x, which reads 0 (ignore_msrs)\n", index);
	*value = 0;
	return true;
}

static bool bus_write_msr(struct virtual_cpu *cpu, u32 index, u64 value)
{
	if (index == MSR_IA32_TSC) {
		clock_write_tsc(vcpu_of(cpu), value);
		return true;
	}
	if (!ringlet_ignore_msrs)
		return false;
	pr_info_ratelimited("ringlet: guest writes 0x%llx to MSR 0x%x, which is dropped (ignore_msrs)\n",
			    value, index);
	return true;
}

const struct cpu_bus run_bus = {
	.read = bus_read,
	.write = bus_write,
	.probe = bus_probe,
	.compare_exchange = bus_compare_exchange,
	.port_in = bus_port_in,
	.port_out = bus_port_out,
	.read_physical = bus_read_physical,
	.read_tsc = bus_read_tsc,
	.read_deadline = bus_read_deadline,
	.write_deadline = bus_write_deadline,
	.changed = bus_changed,
	.invalidate_page = bus_invalidate_page,
	.read_msr = bus_read_msr,
	.write_msr = bus_write_msr,
	.execute = run_execute_native,
};
