// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine that interprets: guest code that does not run directly is executed
 * by the interpreter's core in bursts, and what the core leaves to others goes
 * through the emulator, one instruction at a time. Called by the run loop; host
 * world.
 *
 * During a burst the core uses host addresses of guest pages. Preemption is off
 * and the VM is marked, so that whoever takes a page away can wait for the end of
 * the burst, as for the end of a visit to the guest world.
 */
#include <linux/entry-kvm.h>
#include <linux/preempt.h>
#include <linux/vmalloc.h>

#include "emulate/emulate.h"
#include "host/host.h"
#include "run/internal.h"

/* Instructions between two looks at what the host and the guest's events want. */
#define INTERPRET_BUDGET_INSTRUCTIONS 20000

/*
 * Whether ring 1 or 3 of the guest world can hold this state. Real mode and
 * virtual-8086 mode do not exist in long mode; rings 1 and 2 have nowhere to go;
 * IRETQ to a 16-bit stack would leave bits of our own stack pointer in ESP.
 */
static bool can_run_directly(const struct virtual_cpu *cpu)
{
	const unsigned int cpl = cpu_cpl(cpu);

	return cpu_protected_mode(cpu) && (cpl == 0 || cpl == 3) &&
	       !cpu->segments[SEGMENT_CS].unusable && !cpu->segments[SEGMENT_SS].unusable &&
	       cpu->segments[SEGMENT_SS].db;
}

/*
 * PUSHF in ring 3 shows the processor's IF and IOPL, which are 1 and 0, and POPF
 * cannot change them. Programs that have others are few.
 */
static bool flags_are_real(const struct virtual_cpu *cpu)
{
	return (cpu->rflags & (X86_EFLAGS_IF | X86_EFLAGS_IOPL)) == X86_EFLAGS_IF;
}

bool run_interprets(const struct vcpu *vcpu)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;

	if (!can_run_directly(cpu))
		return true;
	return vcpu->vm->engine == RINGLET_ENGINE_INTERPRET &&
	       (cpu_cpl(cpu) != 3 || !flags_are_real(cpu));
}

/* ---- the interpreter's memory ------------------------------------------ */

static struct vcpu *vcpu_of(struct virtual_cpu *cpu)
{
	return container_of(cpu, struct vcpu, cpu);
}

/* An event that came up during a burst; those before it are in want_window. */
static bool should_stop(struct virtual_cpu *cpu)
{
	const struct vcpu *vcpu = vcpu_of(cpu);

	return __xfer_to_guest_mode_work_pending() || mmu_host_pages_stale(&vcpu->mmu) ||
	       host_immediate_exit(vcpu->run) ||
	       (!vcpu->window_wanted && run_interrupt_wanted(vcpu));
}

static void code_dropped(struct virtual_cpu *cpu, u64 gfn)
{
	mmu_untrack_page(&vcpu_of(cpu)->vm->mmu, gfn);
}

/* The chips in the kernel sleep for nothing; clients do. */
static bool port_in(struct virtual_cpu *cpu, u16 port, unsigned int bytes, u32 *value)
{
	struct vcpu *vcpu = vcpu_of(cpu);

	if (!vcpu->vm->irqchip || !irqchip_port_in(vcpu->vm->irqchip, port, bytes, 1, value))
		return false;
	vcpu->statistics.emulated[RINGLET_EMULATED_IN]++;
	return true;
}

static bool port_out(struct virtual_cpu *cpu, u16 port, unsigned int bytes, u32 value)
{
	struct vcpu *vcpu = vcpu_of(cpu);

	if (!vcpu->vm->irqchip || !irqchip_port_out(vcpu->vm->irqchip, port, bytes, 1, &value))
		return false;
	vcpu->statistics.emulated[RINGLET_EMULATED_OUT]++;
	return true;
}

static const struct interpreter_host interpreter_host = {
	.should_stop = should_stop,
	.code_dropped = code_dropped,
	.port_in = port_in,
	.port_out = port_out,
};

/* Guests that only pass through real mode get by with little. */
static size_t interpreter_bytes(const struct vcpu *vcpu)
{
	return vcpu->vm->engine == RINGLET_ENGINE_INTERPRET ? INTERPRETER_MEMORY :
							      INTERPRETER_MEMORY_MINIMUM;
}

static enum run_result prepare_interpreter(struct vcpu *vcpu)
{
	const size_t bytes = interpreter_bytes(vcpu);

	if (likely(vcpu->interpreter))
		return RUN_RESUME;
	vcpu->interpreter_memory = __vmalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (vcpu->interpreter_memory)
		vcpu->interpreter = interpreter_init(&vcpu->cpu, &interpreter_host,
						     vcpu->interpreter_memory, bytes);
	if (vcpu->interpreter)
		return RUN_RESUME;
	run_free_interpreter(vcpu);
	vcpu->error = -ENOMEM;
	return RUN_ERROR;
}

void run_free_interpreter(struct vcpu *vcpu)
{
	/* Its pages are tracked on its account. */
	if (vcpu->interpreter)
		interpreter_code_flush(vcpu->interpreter);
	vcpu->interpreter = NULL;
	vfree(vcpu->interpreter_memory);
	vcpu->interpreter_memory = NULL;
}

size_t run_interpreter_bytes(const struct vcpu *vcpu)
{
	return vcpu->interpreter ? interpreter_bytes(vcpu) : 0;
}

/* ---- translations -------------------------------------------------------- */

#define LARGE_REGION_SHIFT 22

/*
 * The interpreter keeps pages of 4 KiB only. Regions in which it got some of a
 * larger guest page are noted: INVLPG there drops them all.
 */
static void note_large_page(struct vcpu *vcpu, u64 linear)
{
	__set_bit((u32)linear >> LARGE_REGION_SHIFT, vcpu->large_regions);
}

void run_interpreter_flush(struct vcpu *vcpu, bool keep_global)
{
	if (!vcpu->interpreter)
		return;
	interpreter_tlb_flush(vcpu->interpreter, keep_global);
	if (!keep_global)
		bitmap_zero(vcpu->large_regions, VCPU_LARGE_REGIONS);
}

void run_interpreter_flush_page(struct vcpu *vcpu, u64 linear)
{
	if (!vcpu->interpreter)
		return;
	if (test_bit((u32)linear >> LARGE_REGION_SHIFT, vcpu->large_regions))
		run_interpreter_flush(vcpu, false);
	else
		interpreter_tlb_flush_page(vcpu->interpreter, linear);
}

void run_interpreter_written(struct vcpu *vcpu, u64 gpa, unsigned int bytes)
{
	if (vcpu->interpreter)
		interpreter_code_invalidate(vcpu->interpreter, gpa, bytes);
}

void run_interpreter_recheck(struct vcpu *vcpu)
{
	if (vcpu->interpreter)
		interpreter_code_recheck(vcpu->interpreter);
}

/* The processor's own accesses to its tables are never the user's. */
static bool is_user_access(const struct virtual_cpu *cpu, unsigned int access)
{
	return cpu_cpl(cpu) == 3 && !(access & ACCESS_SYSTEM);
}

/* What may be done with the page by those who may do @access. */
static unsigned int allowed_accesses(const struct virtual_cpu *cpu,
				     const struct mmu_host_page *page, unsigned int access)
{
	const bool user = is_user_access(cpu, access);
	unsigned int allowed = INTERPRET_PAGE_READ;

	if (page->writable && (page->walk.writable || (!user && !(cpu->cr0 & X86_CR0_WP))))
		allowed |= INTERPRET_PAGE_WRITE;
	if (page->walk.executable && !(!user && page->walk.user && cpu->cr4 & X86_CR4_SMEP))
		allowed |= INTERPRET_PAGE_EXECUTE;
	if (page->walk.global)
		allowed |= INTERPRET_PAGE_GLOBAL;
	return allowed;
}

static enum run_result slow_step(struct vcpu *vcpu);

/* Whether the rights depend on more than what the interpreter's TLB knows. */
static bool depends_on_flags(const struct virtual_cpu *cpu, const struct mmu_host_page *page,
			     unsigned int access)
{
	return cpu->cr4 & X86_CR4_SMAP && page->walk.user && !is_user_access(cpu, access);
}

/* False: @access will not succeed by the TLB. */
static bool enter_page(struct vcpu *vcpu, u64 linear, unsigned int access,
		       const struct mmu_host_page *page)
{
	if (depends_on_flags(&vcpu->cpu, page, access))
		return false;
	if (page->walk.page_bytes != PAGE_SIZE)
		note_large_page(vcpu, linear);
	return interpreter_tlb_fill(vcpu->interpreter, linear, page->address, page->gfn,
				    allowed_accesses(&vcpu->cpu, page, access), access);
}

static enum run_result fill_tlb(struct vcpu *vcpu, const struct interpret_report *report)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	struct mmu_host_page page;

	vcpu->statistics.interpreter_fills++;
	switch (mmu_interpret_page(&vcpu->mmu, cpu, report->linear, report->access, &page)) {
	case MMU_INTERPRET_OK:
		break;
	case MMU_INTERPRET_FAULT:
	case MMU_INTERPRET_SLOW:
		/* The emulator knows which of an instruction's faults comes first. */
		return slow_step(vcpu);
	case MMU_INTERPRET_AGAIN:
		return RUN_RESUME;
	case MMU_INTERPRET_NO_MEMORY:
		vcpu->error = -ENOMEM;
		return RUN_ERROR;
	case MMU_INTERPRET_BAD:
		vcpu->error = -EFAULT;
		return RUN_ERROR;
	default:
		return run_end(vcpu, CPU_STOP);
	}
	if (!enter_page(vcpu, report->linear, report->access, &page))
		return slow_step(vcpu);
	return RUN_RESUME;
}

static enum run_result add_code_page(struct vcpu *vcpu, u64 gfn)
{
	const int error = mmu_track_page(&vcpu->vm->mmu, gfn);

	if (error) {
		vcpu->error = error;
		return RUN_ERROR;
	}
	interpreter_code_page_add(vcpu->interpreter, gfn);
	return RUN_RESUME;
}

/* ---- execution ----------------------------------------------------------- */

/* A breakpoint on the instruction at RIP is a fault that comes before it. */
static bool meets_breakpoint(struct vcpu *vcpu)
{
	const u64 hits = emulate_code_breakpoints(&vcpu->cpu);
	const struct cpu_exception debug = {
		.vector = X86_TRAP_DB,
		.dr6 = hits,
		.trap = true,
	};

	if (hits)
		run_queue_exception(vcpu, &debug);
	return hits;
}

static enum run_result slow_step(struct vcpu *vcpu)
{
	if (meets_breakpoint(vcpu))
		return RUN_RESUME;
	vcpu->statistics.interpreted++;
	vcpu->statistics.interpreted_slow++;
	return run_emulate_current(vcpu);
}

/* Addresses that may be wrong by now must not be used again. */
static void forget_stale_pages(struct vcpu *vcpu)
{
	if (likely(!mmu_take_stale_host_pages(&vcpu->mmu)))
		return;
	run_interpreter_flush(vcpu, false);
	run_interpreter_recheck(vcpu);
}

/* Mark the VM as in a burst; false: host addresses became stale meanwhile. */
static bool begin_burst(struct vm *vm, const struct mmu_vcpu *mmu)
{
	preempt_disable();
	WRITE_ONCE(vm->burst, vm->burst + 1);
	/* Pairs with the one in kick(): it sees the mark, or we what it wants. */
	smp_mb();
	return !mmu_host_pages_stale(mmu);
}

static void end_burst(struct vm *vm)
{
	/* All uses of host addresses come before. */
	smp_store_release(&vm->burst, vm->burst + 1);
	preempt_enable();
}

/*
 * The bus: most of what the emulator and deliveries access, the interpreter has
 * used before and knows where it is. What it does not know itself, tables and
 * code, it is told.
 */
static bool read_once(struct vcpu *vcpu, u64 linear, void *data, unsigned int bytes,
		      unsigned int access)
{
	bool done = false;

	if (begin_burst(vcpu->vm, &vcpu->mmu))
		done = interpreter_tlb_read(vcpu->interpreter, linear, data, bytes, access);
	end_burst(vcpu->vm);
	return done;
}

bool run_interpreter_read(struct vcpu *vcpu, u64 linear, void *data, unsigned int bytes,
			  unsigned int access)
{
	struct mmu_host_page page;

	if (!vcpu->interpreter || offset_in_page(linear) + bytes > PAGE_SIZE)
		return false;
	if (read_once(vcpu, linear, data, bytes, access))
		return true;
	if (!(access & (ACCESS_SYSTEM | ACCESS_FETCH)))
		return false;
	forget_stale_pages(vcpu);
	vcpu->statistics.interpreter_fills++;
	return mmu_interpret_page(&vcpu->mmu, &vcpu->cpu, linear, access, &page) ==
		       MMU_INTERPRET_OK &&
	       enter_page(vcpu, linear, access, &page) &&
	       read_once(vcpu, linear, data, bytes, access);
}

bool run_interpreter_write(struct vcpu *vcpu, u64 linear, const void *data, unsigned int bytes,
			   unsigned int access)
{
	bool done = false;

	if (!vcpu->interpreter)
		return false;
	if (begin_burst(vcpu->vm, &vcpu->mmu))
		done = interpreter_tlb_write(vcpu->interpreter, linear, data, bytes, access);
	end_burst(vcpu->vm);
	return done;
}

static enum interpret_exit burst(struct vcpu *vcpu, struct interpret_report *report)
{
	struct vm *vm = vcpu->vm;
	enum interpret_exit exit = INTERPRET_STOP;

	forget_stale_pages(vcpu);
	vcpu->window_wanted = run_interrupt_wanted(vcpu);
	interpreter_want_window(vcpu->interpreter, vcpu->window_wanted);
	report->instructions = 0;
	if (begin_burst(vm, &vcpu->mmu))
		exit = interpreter_run(vcpu->interpreter, INTERPRET_BUDGET_INSTRUCTIONS, report);
	end_burst(vm);
	vcpu->statistics.interpreted += report->instructions;
	return exit;
}

/* Whether something is to be done before the next instruction. */
static bool must_look_up(const struct vcpu *vcpu)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;

	return vcpu->exception_pending || run_must_end(vcpu) || cpu->pending_debug || cpu->halted ||
	       vcpu->ended_interrupt >= 0 ||
	       run_interrupt_due(vcpu) ||
	       !run_interprets(vcpu) || __xfer_to_guest_mode_work_pending();
}

/* Instructions between two looks at what the host wants, when each is looked at. */
#define COUNTED_BATCH 1024

/* The interpreter's bursts end neither after an exact number nor at breakpoints. */
static enum run_result interpret_counted(struct vcpu *vcpu)
{
	enum run_result result = RUN_RESUME;
	unsigned int i;

	for (i = 0; i < COUNTED_BATCH && result == RUN_RESUME; i++) {
		result = slow_step(vcpu);
		if (must_look_up(vcpu))
			break;
	}
	return result;
}

enum run_result run_interpret(struct vcpu *vcpu)
{
	struct interpret_report report;
	enum run_result result;

	if (run_counts_steps(vcpu) || cpu_breakpoints_enabled(&vcpu->cpu))
		return interpret_counted(vcpu);
	result = prepare_interpreter(vcpu);
	if (result != RUN_RESUME)
		return result;
	do {
		switch (burst(vcpu, &report)) {
		case INTERPRET_TLB_MISS:
			result = fill_tlb(vcpu, &report);
			break;
		case INTERPRET_CODE_PAGE:
			result = add_code_page(vcpu, report.gfn);
			break;
		case INTERPRET_CODE_FULL:
			interpreter_code_flush(vcpu->interpreter);
			break;
		case INTERPRET_SLOW:
			result = slow_step(vcpu);
			break;
		case INTERPRET_CHANGED:
			break;
		default:
			return RUN_RESUME;
		}
	} while (result == RUN_RESUME && !must_look_up(vcpu));
	return result;
}
