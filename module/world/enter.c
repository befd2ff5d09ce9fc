// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way into the guest world and out: the virtual CPU's state to the frame
 * and back, host state kept around the switch. Called by the run loop; host
 * world.
 */
#include <linux/hw_breakpoint.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>
#include <asm/tsc.h>
#include <uapi/linux/ringlet.h>

#include "world/fast.h"
#include "world/sanitize.h"
#include "world/world.h"

static bool flush_global = true;
module_param(flush_global, bool, 0644);
MODULE_PARM_DESC(flush_global,
		 "Clear CR4.PGE in the guest world, so that no global TLB entry of the host survives into it (default on)");

static int ibpb_on_exit = -1;
module_param(ibpb_on_exit, int, 0644);
MODULE_PARM_DESC(ibpb_on_exit,
		 "Forget indirect branches at each exit of a guest: 1 always, 0 never, -1 where the host has no retpolines (default)");

/* Which world ran last on a CPU, by its number. */
static DEFINE_PER_CPU(u64, last_world);

/*
 * CR4 bits that the guest world keeps as the host has them. PSE says nothing in
 * long mode, but a change of it empties the TLB, global entries and all.
 */
#define CR4_KEPT                                                               \
	(X86_CR4_PSE | X86_CR4_PAE | X86_CR4_MCE | X86_CR4_VMXE |              \
	 X86_CR4_SMXE | X86_CR4_PCIDE | X86_CR4_LA57 | X86_CR4_FSGSBASE)
/* CR4 bits that are the guest's own choice. */
#define CR4_GUEST                                                              \
	(X86_CR4_TSD | X86_CR4_DE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)
#define CR0_GUEST (X86_CR0_TS | X86_CR0_EM | X86_CR0_MP | X86_CR0_AM)

/* Bits of EFLAGS that ring 1 and 3 change themselves. */
#define FLAGS_FROM_HARDWARE                                                    \
	(EFLAGS_STATUS | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT |       \
	 X86_EFLAGS_AC | X86_EFLAGS_ID)

#define DR6_DEFAULT 0xffff0ff0UL

static u64 *shadow_entry(struct world *world, u16 selector)
{
	if (!(selector & SELECTOR_TI))
		return &world->gdt[selector / 8];
	if (!world->ldt || !world->area->state.ldt_selector)
		return NULL;
	return &world->ldt[selector / 8];
}

/*
 * The selector that gives the hardware what @segment holds: its own if the
 * shadow table still agrees, else that of an override.
 */
static u16 hardware_selector(struct world *world, enum segment_register which,
			     const struct segment *segment, unsigned int rpl)
{
	u16 override = world->area->state.hidden + HIDDEN_OVERRIDE + which * 8;
	u64 *entry = shadow_entry(world, segment->selector);

	if (segment->unusable)
		return segment->selector & SELECTOR_RPL;
	if (entry && (segment->selector & ~SELECTOR_RPL) &&
	    (*entry & DESCRIPTOR_P) && sanitized_matches(*entry, segment))
		return (segment->selector & ~SELECTOR_RPL) | rpl;
	world->gdt[override / 8] = sanitize_segment(segment);
	return override | rpl;
}

/* CS of ring 3: its descriptor, closed for ring 1, is opened. */
static u16 open_user_code(struct world *world, const struct segment *cs)
{
	u64 *entry = shadow_entry(world, cs->selector);

	if (entry && sanitized_matches(*entry, cs)) {
		if (!(*entry & DESCRIPTOR_P)) {
			*entry = sanitized_open_user_code(*entry);
			world->open_user_code = entry;
		}
		return cs->selector | 3;
	}
	return hardware_selector(world, SEGMENT_CS, cs, 3);
}

void world_close_user_code(struct world *world)
{
	if (world->open_user_code)
		*world->open_user_code &= ~DESCRIPTOR_P;
	world->open_user_code = NULL;
}

static bool cannot_hold(struct virtual_cpu *cpu, const char *sentence)
{
	cpu->stop_reason = sentence;
	return false;
}

static bool load_segments(struct world *world, struct virtual_cpu *cpu)
{
	const struct segment *segments = cpu->segments;
	struct world_shared *shared = &world->area->shared;
	struct world_frame *frame = &world->area->frame;
	unsigned int cpl = cpu_cpl(cpu);
	unsigned int ring = cpl ? cpl : 1;
	unsigned int which;

	if (cpl == 1 || cpl == 2)
		return cannot_hold(cpu,
				   "the guest runs in ring 1 or 2, which needs the interpreter");
	if (segments[SEGMENT_CS].unusable || segments[SEGMENT_SS].unusable)
		return cannot_hold(cpu,
				   "the guest runs without a code or stack segment, which needs the interpreter");
	/*
	 * IRETQ to a 16-bit stack loads SP only: bits 16 to 31 of ESP would be
	 * those of our own stack pointer, a host address.
	 */
	if (!segments[SEGMENT_SS].db)
		return cannot_hold(cpu,
				   "the guest runs on a 16-bit stack segment, which needs the interpreter");

	world_close_user_code(world);
	/* What no register needs any more must not be there to be loaded. */
	memset(world->gdt + (world->area->state.hidden + HIDDEN_OVERRIDE) / 8, 0,
	       SEGMENT_REGISTERS * sizeof(u64));
	for (which = 0; which < SEGMENT_REGISTERS; which++) {
		const struct segment *segment = &segments[which];
		unsigned int rpl = segment->selector & SELECTOR_RPL;

		if (which == SEGMENT_CS && ring == 3)
			world->loaded[which] = open_user_code(world, segment);
		else if (which == SEGMENT_CS || which == SEGMENT_SS)
			world->loaded[which] =
				hardware_selector(world, which, segment, ring);
		else
			world->loaded[which] =
				hardware_selector(world, which, segment, rpl);
	}
	frame->cs = world->loaded[SEGMENT_CS];
	frame->ss = world->loaded[SEGMENT_SS];
	shared->ds = world->loaded[SEGMENT_DS];
	shared->es = world->loaded[SEGMENT_ES];
	shared->fs = world->loaded[SEGMENT_FS];
	shared->gs = world->loaded[SEGMENT_GS];
	return true;
}

static bool is_flat_code(const struct segment *cs)
{
	return cs->base == 0 && cs->limit == U32_MAX && cs->db;
}

bool world_load(struct world *world, struct virtual_cpu *cpu, unsigned int flags)
{
	struct world_frame *frame = &world->area->frame;
	struct world_shared *shared = &world->area->shared;
	struct world_state *state = &world->area->state;
	unsigned int i;

	if (!load_segments(world, cpu))
		return false;
	for (i = 0; i < ARRAY_SIZE(frame->regs); i++)
		frame->regs[i] = cpu->regs[i];
	frame->ip = cpu->rip;
	frame->sp = cpu->regs[REG_SP];
	frame->flags = sanitize_flags(cpu->rflags);
	/* Else a guest that returns to its own breakpoint would meet it for ever. */
	if (cpu_breakpoints_enabled(cpu))
		frame->flags |= cpu->rflags & X86_EFLAGS_RF;

	world->step = flags & WORLD_LOAD_STEP &&
		      !(cpu->rflags & X86_EFLAGS_TF);
	if (world->step)
		frame->flags |= X86_EFLAGS_TF;

	shared->virtual_if = !!(cpu->rflags & X86_EFLAGS_IF);
	shared->shadow_valid = !!(cpu->interrupt_shadow & INTERRUPT_SHADOW_STI);
	shared->shadow_ip = cpu->rip;

	/*
	 * With breakpoints on, the fast path's read of guest code could raise a
	 * #DB in ring 0.
	 */
	state->fast_cs = 0;
	if (cpu_cpl(cpu) == 0 && is_flat_code(&cpu->segments[SEGMENT_CS]) &&
	    !cpu_breakpoints_enabled(cpu))
		state->fast_cs = world->loaded[SEGMENT_CS];
	state->fast_ss = world->loaded[SEGMENT_SS];
	state->fast_sti = !(flags & WORLD_LOAD_WANT_IF);
	state->virtual_cr[0] = cpu->cr0;
	state->virtual_cr[2] = cpu->cr2;
	state->virtual_cr[3] = cpu->cr3;
	state->virtual_cr[4] = cpu->cr4;
	return true;
}

void world_begin(struct world *world)
{
	world->left_at = 0;
	savesegment(ds, world->host_ds);
	savesegment(es, world->host_es);
	preempt_disable();
	savesegment(fs, world->host_fs);
	savesegment(gs, world->host_gs);
	rdmsrl(MSR_FS_BASE, world->host_fs_base);
	rdmsrl(MSR_KERNEL_GS_BASE, world->host_gs_base);
	rdmsrl(MSR_IA32_SYSENTER_CS, world->host_sysenter_cs);
	/* The thread may have CPUID faulting on already, by arch_prctl(). */
	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		rdmsrl(MSR_MISC_FEATURES_ENABLES, world->host_misc_features);
	preempt_enable();
}

static void prepare_tables(struct world *world)
{
	struct world_state *state = &world->area->state;
	struct desc_ptr gdt, idt;
	int cpu = smp_processor_id();

	native_store_gdt(&gdt);
	store_idt(&idt);
	state->host_gdt.limit = gdt.size;
	state->host_gdt.base = gdt.address;
	state->host_idt.limit = idt.size;
	state->host_idt.base = idt.address;
	store_ldt(state->host_ldt);

	/* Its LDT descriptor is the thread's, all else is the CPU's. */
	if (world->host_cpu != cpu || state->host_ldt) {
		memcpy(world->trampoline, (void *)gdt.address,
		       GDT_ENTRIES * sizeof(u64));
		world->host_cpu = cpu;
	}
	/* LTR marked it busy last time. */
	world->gdt[state->tss_selector / 8] &= ~(2ULL << DESCRIPTOR_TYPE_SHIFT);
}

static void prepare_control_registers(struct world *world,
				      const struct virtual_cpu *cpu)
{
	struct world_state *state = &world->area->state;
	u64 kept = CR4_KEPT;

	if (!READ_ONCE(flush_global))
		kept |= X86_CR4_PGE;
	state->host_cr0 = native_read_cr0();
	state->host_cr3 = __native_read_cr3();
	state->host_cr4 = native_read_cr4();
	state->guest_cr0 = (state->host_cr0 & ~(u64)CR0_GUEST) |
			   (cpu->cr0 & CR0_GUEST);
	state->guest_cr4 = (state->host_cr4 & kept) | (cpu->cr4 & CR4_GUEST);
	/* SGDT and its like trap in ring 1. */
	if (world->umip)
		state->guest_cr4 |= X86_CR4_UMIP;
	if (world->tsc_traps)
		state->guest_cr4 |= X86_CR4_TSD;
}

bool world_has_umip(void)
{
	return boot_cpu_has(X86_FEATURE_UMIP);
}

bool world_read_processor(const struct world *world, struct ringlet_processor *processor)
{
	const struct world_state *state = &world->area->state;

	if (!state->guest_cr0)
		return false;
	processor->gdt_base = state->shadow_gdt.base;
	processor->gdt_limit = state->shadow_gdt.limit;
	processor->idt_base = state->idt.base;
	processor->idt_limit = state->idt.limit;
	processor->ldt_selector = state->ldt_selector;
	processor->tss_selector = state->tss_selector;
	processor->cr0 = state->guest_cr0;
	processor->cr4 = state->guest_cr4;
	return true;
}

/* Where the processor can, CPUID traps in the guest's rings. */
static void set_cpuid_faulting(const struct world *world, bool guest)
{
	u64 value = world->host_misc_features;

	if (!boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		return;
	if (guest)
		value |= MSR_MISC_FEATURES_ENABLES_CPUID_FAULT;
	wrmsrl(MSR_MISC_FEATURES_ENABLES, value);
}

/* The guest's own or its debugger's. */
static void load_guest_breakpoints(const struct virtual_cpu *cpu)
{
	set_debugreg((u32)cpu_breakpoint_address(cpu, 0), 0);
	set_debugreg((u32)cpu_breakpoint_address(cpu, 1), 1);
	set_debugreg((u32)cpu_breakpoint_address(cpu, 2), 2);
	set_debugreg((u32)cpu_breakpoint_address(cpu, 3), 3);
	set_debugreg(sanitize_dr7(cpu_breakpoint_control(cpu)), 7);
}

static void restore_segments(const struct world *world)
{
	loadsegment(ds, world->host_ds);
	loadsegment(es, world->host_es);
	loadsegment(fs, world->host_fs);
	load_gs_index(world->host_gs);
	wrmsrl(MSR_FS_BASE, world->host_fs_base);
	wrmsrl(MSR_KERNEL_GS_BASE, world->host_gs_base);
}

/* The processor acknowledged it under our IDT: the host has not seen it. */
static void raise_host_interrupt(unsigned int vector)
{
	void (*stub)(void) =
		(void *)(world_raise_stubs + vector * WORLD_RAISE_BYTES);

	stub();
}

/*
 * The processor's branch predictors and buffers know nothing of guests: one
 * must not steer another's branches, nor sample what the host left behind. See
 * docs/security.md.
 */
static void guard_before_guest(const struct world *world)
{
	static const u16 data_segment = __KERNEL_DS;

	if (this_cpu_read(last_world) != world->number) {
		this_cpu_write(last_world, world->number);
		indirect_branch_prediction_barrier();
	}
	/* VERW with a memory operand empties the buffers, where that helps. */
	if (boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF))
		asm volatile("verw %0" : : "m"(data_segment) : "cc");
}

/*
 * Ring 1 is a supervisor to the predictors. Enhanced IBRS keeps user and
 * supervisor apart, so it does not keep the guest from the host; retpolines do.
 */
static void guard_after_guest(void)
{
	int wanted = READ_ONCE(ibpb_on_exit);

	if (wanted < 0)
		wanted = boot_cpu_has(X86_FEATURE_IBRS_ENHANCED) &&
			 !boot_cpu_has(X86_FEATURE_RETPOLINE);
	if (wanted)
		indirect_branch_prediction_barrier();
}

void world_run(struct world *world, struct virtual_cpu *cpu, struct world_exit *exit)
{
	const struct world_frame *frame = &world->area->frame;
	bool guest_breakpoints = cpu_breakpoints_enabled(cpu);
	unsigned long host_dr7;
	u64 efer;

	if (world->left_at)
		world->handling_ticks += rdtsc() - world->left_at;
	prepare_tables(world);
	prepare_control_registers(world, cpu);

	get_debugreg(host_dr7, 7);
	if (guest_breakpoints)
		load_guest_breakpoints(cpu);
	else if (host_dr7 & CPU_BREAKPOINTS_ENABLED)
		set_debugreg(0, 7);

	/* SYSCALL and SYSENTER would enter the host on the guest's GDT. */
	rdmsrl(MSR_EFER, efer);
	wrmsrl(MSR_EFER, efer & ~EFER_SCE);
	wrmsrl(MSR_IA32_SYSENTER_CS, 0);
	set_cpuid_faulting(world, true);

	guard_before_guest(world);
	world_switch(world->area);
	guard_after_guest();

	restore_segments(world);
	set_cpuid_faulting(world, false);
	wrmsrl(MSR_EFER, efer);
	wrmsrl(MSR_IA32_SYSENTER_CS, world->host_sysenter_cs);

	exit->vector = frame->vector;
	exit->error_code = frame->error_code;
	if (exit->vector == WORLD_VECTOR_BUG)
		exit->error_code = frame->error_code - (unsigned long)world_text_start;
	if (exit->vector == X86_TRAP_PF)
		exit->cr2 = native_read_cr2();
	/* Other vectors: a trap that MOV to SS held back until ring 0. */
	if (exit->vector == X86_TRAP_DB || guest_breakpoints) {
		unsigned long dr6;

		get_debugreg(dr6, 6);
		set_debugreg(DR6_DEFAULT, 6);
		exit->dr6 = dr6 ^ DR6_DEFAULT;
	}
	if (guest_breakpoints)
		set_debugreg(0, 7);
	if ((guest_breakpoints || host_dr7 & CPU_BREAKPOINTS_ENABLED) &&
	    hw_breakpoint_active())
		hw_breakpoint_restore();

	if (exit->vector >= 32 && exit->vector < 256 && exit->vector != 0x80)
		raise_host_interrupt(exit->vector);
	if (frame->flags & X86_EFLAGS_VM) {
		exit->error_code = exit->vector;
		exit->vector = WORLD_VECTOR_VIRTUAL_8086;
	}
	world->left_at = rdtsc();
}

static void store_segment(struct world *world, struct virtual_cpu *cpu,
			  enum segment_register which, u16 selector)
{
	u64 *entry;

	if (selector == world->loaded[which])
		return;
	/* The guest loaded it itself: from a shadow table, or null. */
	entry = shadow_entry(world, selector);
	if (!entry || !(selector & ~SELECTOR_RPL)) {
		memset(&cpu->segments[which], 0, sizeof(struct segment));
		cpu->segments[which].selector = selector;
		cpu->segments[which].unusable = true;
		return;
	}
	segment_from_descriptor(&cpu->segments[which], selector,
				sanitized_restore(*entry));
}

/* Whether the guest was left before the instruction that RF stands for. */
static bool instruction_is_due(unsigned int vector)
{
	return vector == X86_TRAP_NMI || vector == X86_TRAP_MC || vector == X86_TRAP_PF ||
	       (vector >= 32 && vector < 256 && vector != 0x80);
}

/*
 * Ring 1 went to virtual-8086 mode, which only an emulator lets it do. It is
 * what the guest asked for, so all in the frame is the guest's.
 */
static void store_virtual_8086(struct world *world, struct virtual_cpu *cpu)
{
	const struct world_frame *frame = &world->area->frame;
	const struct world_shared *shared = &world->area->shared;

	segment_set_v86(&cpu->segments[SEGMENT_CS], frame->cs);
	segment_set_v86(&cpu->segments[SEGMENT_SS], frame->ss);
	segment_set_v86(&cpu->segments[SEGMENT_DS], shared->ds);
	segment_set_v86(&cpu->segments[SEGMENT_ES], shared->es);
	segment_set_v86(&cpu->segments[SEGMENT_FS], shared->fs);
	segment_set_v86(&cpu->segments[SEGMENT_GS], shared->gs);
	cpu->rip &= 0xffff;
	cpu->rflags = (frame->flags & EFLAGS_WRITABLE & ~(u64)X86_EFLAGS_RF) | X86_EFLAGS_FIXED;
	cpu->interrupt_shadow = 0;
}

void world_store(struct world *world, struct virtual_cpu *cpu)
{
	const struct world_frame *frame = &world->area->frame;
	const struct world_shared *shared = &world->area->shared;
	/* Ring 1 cannot leave for another ring without an exit. */
	u16 rpl_seen = cpu_cpl(cpu) ? 0 : 1;
	u16 cs = frame->cs, ss = frame->ss;
	u64 flags = frame->flags;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frame->regs); i++)
		cpu->regs[i] = (u32)frame->regs[i];
	cpu->regs[REG_SP] = (u32)frame->sp;
	cpu->rip = (u32)frame->ip;
	if (flags & X86_EFLAGS_VM) {
		store_virtual_8086(world, cpu);
		return;
	}

	if (cs != world->loaded[SEGMENT_CS])
		store_segment(world, cpu, SEGMENT_CS, cs & ~rpl_seen);
	if (ss != world->loaded[SEGMENT_SS])
		store_segment(world, cpu, SEGMENT_SS, ss & ~rpl_seen);
	store_segment(world, cpu, SEGMENT_DS, shared->ds);
	store_segment(world, cpu, SEGMENT_ES, shared->es);
	store_segment(world, cpu, SEGMENT_FS, shared->fs);
	store_segment(world, cpu, SEGMENT_GS, shared->gs);

	if (world->step)
		flags &= ~(u64)X86_EFLAGS_TF;
	if (!instruction_is_due(frame->vector))
		flags &= ~(u64)X86_EFLAGS_RF;
	cpu->rflags = (cpu->rflags & ~(u64)(FLAGS_FROM_HARDWARE |
					    X86_EFLAGS_IF | X86_EFLAGS_RF)) |
		      (flags & (FLAGS_FROM_HARDWARE | X86_EFLAGS_RF)) |
		      (shared->virtual_if ? X86_EFLAGS_IF : 0);

	/* The shadow of STI ends with the next instruction. */
	cpu->interrupt_shadow = 0;
	if (shared->shadow_valid && shared->shadow_ip == cpu->rip)
		cpu->interrupt_shadow = INTERRUPT_SHADOW_STI;
}
