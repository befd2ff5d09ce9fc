// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps that load segment registers, return from interrupts, and reach the
 * devices that need nobody to sleep: what a kernel does at each interrupt. Pure.
 *
 * The virtual CPU's own functions do the work. During that time its bus is one
 * that goes no further than the TLB; what is not there is refused, nothing has
 * changed then, and the instruction is executed again when the TLB has it, or by
 * the emulator.
 */
#include "interpret/execute.h"
#include "interpret/handlers.h"

/* ---- the bus of a burst ------------------------------------------------------- */

static struct interpreter *interpreter_of(const struct virtual_cpu *cpu)
{
	return (struct interpreter *)((u8 *)cpu->bus - offsetof(struct interpreter, bus));
}

/* The caller drops it all; only what the TLB should have is of interest. */
static enum cpu_result refuse(struct interpreter *interpreter, u64 linear, unsigned int bytes,
			      unsigned int access)
{
	bool crosses = ((u32)linear ^ (u32)(linear + bytes - 1)) >> GUEST_PAGE_SHIFT;

	interpreter->miss_linear = linear;
	interpreter->miss_access = crosses ? MISS_SLOW : access;
	return CPU_USER;
}

static enum cpu_result burst_read(struct virtual_cpu *cpu, u64 linear, void *data,
				  unsigned int bytes, unsigned int access)
{
	struct interpreter *interpreter = interpreter_of(cpu);

	if (interpreter_tlb_read(interpreter, linear, data, bytes, access))
		return CPU_OK;
	return refuse(interpreter, linear, bytes, access);
}

/* None of those that are done here write more than the accessed bit. */
static enum cpu_result burst_write(struct virtual_cpu *cpu, u64 linear, const void *data,
				   unsigned int bytes, unsigned int access)
{
	interpreter_of(cpu)->miss_access = MISS_SLOW;
	return CPU_USER;
}

static enum cpu_result burst_probe(struct virtual_cpu *cpu, u64 linear, unsigned int bytes,
				   unsigned int access)
{
	interpreter_of(cpu)->miss_access = MISS_SLOW;
	return CPU_USER;
}

static enum cpu_result burst_compare_exchange(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					      u64 desired, unsigned int bytes, bool *done)
{
	interpreter_of(cpu)->miss_access = MISS_SLOW;
	return CPU_USER;
}

/**
 * burst_bus_init() - make the bus by which the virtual CPU stays within a burst
 * @interpreter: whose
 */
void burst_bus_init(struct interpreter *interpreter)
{
	interpreter->bus = (struct cpu_bus){
		.read = burst_read,
		.write = burst_write,
		.probe = burst_probe,
		.compare_exchange = burst_compare_exchange,
	};
}

static const struct cpu_bus *begin(struct virtual_cpu *cpu, struct interpreter *interpreter)
{
	const struct cpu_bus *bus = cpu->bus;

	/* A fault is found again, and raised, by the emulator. */
	interpreter->miss_access = MISS_SLOW;
	cpu->bus = &interpreter->bus;
	return bus;
}

/* The step is done and has left @eip, but what steps rely on has changed. If it
 * stood in the shadow of STI, that is over. */
static unsigned int leave_changed(STEP_PARAMETERS, u32 eip)
{
	cpu->interrupt_shadow = 0;
	interpreter->ticks -= step->index + 1;
	interpreter->eip = eip;
	return step_changed(STEP_ARGUMENTS);
}

/* ---- segment registers -------------------------------------------------------- */

/* 1: loaded, and code goes on as it was decoded; 0: it does not; -1: refused. */
static int load_segment(struct virtual_cpu *cpu, struct interpreter *interpreter,
			unsigned int which, u16 selector)
{
	const struct cpu_bus *bus = begin(cpu, interpreter);
	enum cpu_result result = cpu_load_segment(cpu, which, selector);

	cpu->bus = bus;
	if (result != CPU_OK)
		return -1;
	return segment_prepare(interpreter, which);
}

static unsigned int load_segment_from(STEP_PARAMETERS, u16 selector)
{
	int loaded = load_segment(cpu, interpreter, step->source, selector);

	if (unlikely(loaded < 0))
		return step_missed(STEP_ARGUMENTS);
	if (unlikely(!loaded))
		return leave_changed(STEP_ARGUMENTS, next_eip(interpreter, step));
	return step_next(STEP_ARGUMENTS);
}

static unsigned int load_segment_r(STEP_PARAMETERS)
{
	return load_segment_from(STEP_ARGUMENTS, REGISTER(u16, step->destination));
}

static unsigned int load_segment_m(STEP_PARAMETERS)
{
	__auto_type at = OPERAND_READ(u16);

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	return load_segment_from(STEP_ARGUMENTS, *at);
}

const struct step_row step_load_segment = {
	{ [SIZE_16] = { [FORM_RI] = load_segment_r, [FORM_MI] = load_segment_m } }
};

/* From a flat stack. */
unsigned int step_pop_segment(STEP_PARAMETERS)
{
	u32 sp = REGISTER(u32, REG_SP * sizeof(u64));
	__auto_type at = GUEST(u16, tlb_read(tlb, interpreter, sp, step->bytes));
	int loaded;

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	loaded = load_segment(cpu, interpreter, step->source, *at);
	if (unlikely(loaded < 0))
		return step_missed(STEP_ARGUMENTS);
	REGISTER(u32, REG_SP * sizeof(u64)) = sp + step->bytes;
	if (unlikely(!loaded))
		return leave_changed(STEP_ARGUMENTS, next_eip(interpreter, step));
	return step_next(STEP_ARGUMENTS);
}

/* VERW alone: kernels clear the processor's buffers by it on the way out. */
static unsigned int verify_writable(STEP_PARAMETERS, u16 selector)
{
	const struct cpu_bus *bus = begin(cpu, interpreter);
	bool valid = false;
	enum cpu_result result = cpu_verify(cpu, selector, true, &valid);

	cpu->bus = bus;
	if (unlikely(result != CPU_OK))
		return step_missed(STEP_ARGUMENTS);
	flags &= ~(u64)X86_EFLAGS_ZF;
	flags |= valid ? X86_EFLAGS_ZF : 0;
	return step_next(STEP_ARGUMENTS);
}

static unsigned int verify_writable_r(STEP_PARAMETERS)
{
	return verify_writable(STEP_ARGUMENTS, REGISTER(u16, step->destination));
}

static unsigned int verify_writable_m(STEP_PARAMETERS)
{
	__auto_type at = OPERAND_READ(u16);

	if (unlikely(!at))
		return step_missed(STEP_ARGUMENTS);
	return verify_writable(STEP_ARGUMENTS, *at);
}

const struct step_row step_verify_writable = {
	{ [SIZE_16] = { [FORM_RI] = verify_writable_r, [FORM_MI] = verify_writable_m } }
};

/* ---- returns -------------------------------------------------------------------- */

/* To other tasks and to virtual-8086 mode it is the emulator's. */
unsigned int step_iret(STEP_PARAMETERS)
{
	u32 sp = REGISTER(u32, REG_SP * sizeof(u64));
	/* EIP, CS, EFLAGS: in one page, so that the first to miss is the first. */
	__auto_type image = GUEST(u32, tlb_read(tlb, interpreter, sp, 3 * sizeof(u32)));
	const struct cpu_bus *bus;
	enum cpu_result result;
	u64 old_flags = cpu->rflags;

	if (unlikely(!image))
		return step_missed(STEP_ARGUMENTS);
	if (unlikely((old_flags & X86_EFLAGS_NT) || (image[2] & X86_EFLAGS_VM)))
		return step_slow(STEP_ARGUMENTS);
	bus = begin(cpu, interpreter);
	cpu->rflags = (old_flags & ~(u64)EFLAGS_STATUS) | (flags & EFLAGS_STATUS);
	result = cpu_iret(cpu, sizeof(u32), 0);
	cpu->bus = bus;
	if (unlikely(result != CPU_OK)) {
		cpu->rflags = old_flags;
		return step_missed(STEP_ARGUMENTS);
	}
	flags = cpu->rflags;
	return leave_changed(STEP_ARGUMENTS, cpu->rip);
}

/* ---- ports ------------------------------------------------------------------------ */

static __always_inline bool ports_allowed(const struct virtual_cpu *cpu,
					  const struct interpreter *interpreter)
{
	return !(cpu->rflags & X86_EFLAGS_VM) &&
	       interpreter->privilege <= (cpu->rflags & X86_EFLAGS_IOPL) >> EFLAGS_IOPL_SHIFT;
}

/* The number is in the immediate, or in DX. */
static __always_inline u16 port_of(const struct virtual_cpu *cpu, const struct step *step)
{
	return step->source ? cpu->regs[REG_DX] : step->immediate;
}

unsigned int step_in(STEP_PARAMETERS)
{
	const struct interpreter_host *host = interpreter->host;
	u32 value = 0;

	if (unlikely(!host->port_in || !ports_allowed(cpu, interpreter)) ||
	    !host->port_in(cpu, port_of(cpu, step), step->bytes, &value))
		return step_slow(STEP_ARGUMENTS);
	memcpy(&cpu->regs[REG_AX], &value, step->bytes);
	return step_next(STEP_ARGUMENTS);
}

unsigned int step_out(STEP_PARAMETERS)
{
	const struct interpreter_host *host = interpreter->host;

	if (unlikely(!host->port_out || !ports_allowed(cpu, interpreter)) ||
	    !host->port_out(cpu, port_of(cpu, step), step->bytes, cpu->regs[REG_AX]))
		return step_slow(STEP_ARGUMENTS);
	/* An interrupt that this has let through is taken now, as on a PC. */
	if (unlikely(host->should_stop(cpu))) {
		cpu->interrupt_shadow = 0;
		return step_window(STEP_ARGUMENTS);
	}
	return step_next(STEP_ARGUMENTS);
}
