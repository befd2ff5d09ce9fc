// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and ending a vCPU, and what the API layer reads of it. Called by the
 * API layer, host world.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "host/host.h"
#include "run/internal.h"

struct vcpu *vcpu_create(struct vm *vm)
{
	struct vcpu *vcpu = vzalloc(sizeof(*vcpu));
	int error = -ENOMEM;

	if (!vcpu)
		return ERR_PTR(-ENOMEM);
	vcpu->vm = vm;
	mutex_init(&vcpu->mutex);
	init_waitqueue_head(&vcpu->halt_wait);
	vcpu->interrupt = -1;
	vcpu->external_interrupt = -1;
	vcpu->ended_interrupt = -1;
	vcpu->cpu.bus = &run_bus;
	cpu_reset(&vcpu->cpu);
	vcpu->cpu.msrs.arch_capabilities = host_arch_capabilities();
	/* As in KVM, until KVM_X86_SETUP_MCE says otherwise. */
	vcpu->cpu.machine_check.capabilities = CPU_MACHINE_CHECK_BANKS;
	clock_create_vcpu(vcpu);
	vcpu->gdt.stale = true;
	vcpu->ldt.stale = true;

	vcpu->run = vmalloc_user(VCPU_RUN_PAGES * PAGE_SIZE);
	if (!vcpu->run)
		goto free_vcpu;
	if (!fpu_alloc_guest_fpstate(&vcpu->fpu))
		goto free_run;
	error = mmu_vcpu_init(&vcpu->mmu, &vm->mmu);
	if (error)
		goto free_fpu;
	vcpu->world = world_create(vcpu->mmu.root);
	if (IS_ERR(vcpu->world)) {
		error = PTR_ERR(vcpu->world);
		goto destroy_mmu;
	}
	return vcpu;

destroy_mmu:
	mmu_vcpu_destroy(&vcpu->mmu);
free_fpu:
	fpu_free_guest_fpstate(&vcpu->fpu);
free_run:
	vfree(vcpu->run);
free_vcpu:
	vfree(vcpu);
	return ERR_PTR(error);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	run_forget_tables(vcpu);
	run_free_interpreter(vcpu);
	world_destroy(vcpu->world);
	mmu_vcpu_destroy(&vcpu->mmu);
	fpu_free_guest_fpstate(&vcpu->fpu);
	vfree(vcpu->run);
	vfree(vcpu);
}

void vcpu_state_replaced(struct vcpu *vcpu)
{
	vcpu->gdt.stale = true;
	vcpu->ldt.stale = true;
	vcpu->stop_text[0] = '\0';
	/* A client that writes registers may have written page tables too. */
	mmu_flush(&vcpu->mmu);
	run_bus.changed(&vcpu->cpu, CPU_CHANGED_CR3 | CPU_CHANGED_APIC);
	/* The bus keeps global translations, and the state is another. */
	run_interpreter_flush(vcpu, false);
}

u64 vcpu_task_priority(struct vcpu *vcpu)
{
	return vcpu->vm->irqchip ? irqchip_task_priority(vcpu->vm->irqchip) : vcpu->cr8;
}

void vcpu_set_task_priority(struct vcpu *vcpu, u64 cr8)
{
	if (vcpu->vm->irqchip)
		irqchip_set_task_priority(vcpu->vm->irqchip, cr8);
	else
		vcpu->cr8 = cr8;
}

#define LEAF1_EDX_APIC 9
#define LEAF1_ECX_DEADLINE 24

void vcpu_place_apic(struct vcpu *vcpu)
{
	u64 gpa = vcpu->vm->irqchip ? irqchip_lapic_address(vcpu->vm->irqchip) : IRQCHIP_NO_LAPIC;

	mmu_set_device_page(&vcpu->vm->mmu,
			    gpa == IRQCHIP_NO_LAPIC ? MMU_NO_DEVICE : gpa >> PAGE_SHIFT);
}

void vcpu_cpuid_changed(struct vcpu *vcpu)
{
	if (!vcpu->vm->irqchip)
		return;
	irqchip_set_features(vcpu->vm->irqchip,
			     cpu_has_feature(&vcpu->cpu, 1, CPUID_EDX, LEAF1_EDX_APIC),
			     cpu_has_feature(&vcpu->cpu, 1, CPUID_ECX, LEAF1_ECX_DEADLINE));
	vcpu_place_apic(vcpu);
}

/* What the fast path counted since the last time. */
static void collect_fast_exits(struct vcpu *vcpu)
{
	static const enum ringlet_emulated groups[WORLD_FAST_REASONS] = {
		[WORLD_FAST_CLI] = RINGLET_EMULATED_CLI,
		[WORLD_FAST_STI] = RINGLET_EMULATED_STI,
		[WORLD_FAST_MOV_FROM_CR] = RINGLET_EMULATED_MOV_CR,
	};
	struct ringlet_statistics *statistics = &vcpu->statistics;
	unsigned int i;

	for (i = 0; i < WORLD_FAST_REASONS; i++) {
		u64 count = world_fast_exits(vcpu->world, i);
		u64 more = count - vcpu->fast_collected[i];

		vcpu->fast_collected[i] = count;
		statistics->emulated[groups[i]] += more;
		statistics->exits[X86_TRAP_GP] += more;
		statistics->exits_fast += more;
	}
}

static void collect_irqchip(struct vcpu *vcpu)
{
	struct ringlet_statistics *statistics = &vcpu->statistics;
	struct irqchip_statistics counts;

	irqchip_read_statistics(vcpu->vm->irqchip, &counts);
	statistics->irqchip_port_accesses = counts.port_accesses;
	statistics->irqchip_interrupts = counts.interrupts;
	statistics->timer_ticks = counts.ticks;
	statistics->timer_ticks_given = counts.ticks_given;
	statistics->module_bytes += counts.bytes;
}

void vcpu_collect_statistics(struct vcpu *vcpu)
{
	struct ringlet_statistics *statistics = &vcpu->statistics;
	const struct mmu_statistics *mmu = &vcpu->mmu.statistics;

	collect_fast_exits(vcpu);
	statistics->ticks_handling = vcpu->world->handling_ticks;
	statistics->exits_slow = statistics->world_switches;
	statistics->page_faults_shadow = mmu->filled;
	statistics->page_faults_guest = mmu->guest_faults;
	statistics->page_faults_mmio = mmu->mmio_faults;
	statistics->page_faults_tracked = mmu->tracked_faults;
	statistics->shadow_flushes = mmu->flushes;
	statistics->shadow_roots_cached = mmu->roots_cached;
	statistics->shadow_roots_missed = mmu->roots_missed;
	statistics->shadow_pages_built = mmu->built;
	statistics->shadow_prefetched = mmu->prefetched;
	statistics->shadow_zapped = mmu->zapped;
	statistics->shadow_unsynced = mmu->unsynced;
	statistics->shadow_resynced = mmu->resynced;
	statistics->shadow_floods = mmu->floods;
	statistics->shadow_evicted = mmu->evicted;
	statistics->shadow_reclaimed = mmu->reclaimed;
	statistics->shadow_pages = mmu->shadow_pages;
	statistics->shadow_pages_peak = mmu->shadow_pages_peak;
	statistics->pinned_pages = atomic64_read(&vcpu->vm->mmu.pinned_pages);
	statistics->module_bytes = sizeof(*vcpu->vm) + sizeof(*vcpu) + VCPU_RUN_PAGES * PAGE_SIZE +
				   run_interpreter_bytes(vcpu) + world_bytes(vcpu->world) +
				   mmu_bytes(&vcpu->vm->mmu) +
				   doorbells_bytes(&vcpu->vm->doorbells) +
				   coalescing_bytes(&vcpu->vm->coalescing);
	if (vcpu->vm->irqchip)
		collect_irqchip(vcpu);
}

static bool owns_pfn(void *mmu, u64 pfn)
{
	return mmu_owns_pfn(mmu, pfn);
}

int vcpu_read_guest_root(struct vcpu *vcpu, struct ringlet_guest_root *root,
			 struct ringlet_guest_root_page *pages)
{
	mmu_hold_shadow();
	world_root_read(&vcpu->world->root, root, pages, owns_pfn, &vcpu->vm->mmu);
	mmu_let_shadow_go();
	return 0;
}

static void nothing(void *unused)
{
}

/*
 * An interrupt of the host ends any visit to the guest world, and by the time
 * it is handled the vCPU is out; the next entry loads CR3 and so sees what was
 * written before.
 */
static void kick(struct mmu *mmu)
{
	struct vm *vm = container_of(mmu, struct vm, mmu);
	unsigned long burst;
	int cpu;

	/* Pairs with those in enter_guest_mode() and begin_burst(). */
	smp_mb();
	cpu = READ_ONCE(vm->guest_cpu);
	if (cpu >= 0)
		smp_call_function_single(cpu, nothing, NULL, 1);
	/* A burst of the interpreter polls for what we want, and never sleeps. */
	burst = smp_load_acquire(&vm->burst);
	if (burst & 1)
		/* Pairs with the release in end_burst(). */
		while (smp_load_acquire(&vm->burst) == burst)
			cpu_relax();
}

/*
 * An interrupt for the vCPU: wake it from HLT, or out of the guest world. The
 * request was written before, and the vCPU looks for it after it has said that
 * it sleeps or enters.
 */
void vcpu_interrupt_raised(void *owner)
{
	struct vm *vm = owner;
	struct vcpu *vcpu;
	int cpu;

	/* Pairs with the one in vcpu_create_file(). */
	vcpu = smp_load_acquire(&vm->vcpu);
	if (!vcpu)
		return;
	/* Pairs with the one in enter_guest_mode() as well. */
	if (wq_has_sleeper(&vcpu->halt_wait))
		wake_up(&vcpu->halt_wait);
	cpu = READ_ONCE(vm->guest_cpu);
	/* On this CPU, what called us is an interrupt that ends the visit. */
	if (cpu >= 0 && cpu != raw_smp_processor_id())
		smp_send_reschedule(cpu);
}

/* Tracked are the pages of the GDT and the LDT, decoded code, and page tables. */
static void tracked_write(struct mmu *mmu, u64 gpa, unsigned int bytes)
{
	struct vcpu *vcpu = container_of(mmu, struct vm, mmu)->vcpu;

	if (!vcpu)
		return;
	run_tables_written(vcpu, gpa, bytes);
	run_interpreter_written(vcpu, gpa, bytes);
}

const struct mmu_callbacks vcpu_mmu_callbacks = {
	.kick = kick,
	.tracked_write = tracked_write,
};

int run_init(void)
{
	return world_check_layout() ?: mmu_init_module();
}

void run_exit(void)
{
	irqchip_exit_module();
	mmu_exit_module();
}
