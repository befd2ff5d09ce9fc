/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VM and vCPU objects and what the API layer does with them. The run loop
 * behind vcpu_run() picks the engine, enters the guest world, and dispatches
 * the exits.
 */
#ifndef RINGLET_RUN_VCPU_H
#define RINGLET_RUN_VCPU_H

#include <linux/kref.h>
#include <linux/kvm.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/wait.h>
#include <asm/fpu/api.h>
#include <uapi/linux/ringlet.h>

#include "cpu/cpu.h"
#include "irqchip/irqchip.h"
#include "interpret/interpret.h"
#include "mmu/mmu.h"
#include "run/clock.h"
#include "run/coalesce.h"
#include "run/doorbell.h"
#include "world/world.h"

struct vcpu;

/* The mmapped area: struct kvm_run, the page that port data goes through
 * (kvm_run.io.data_offset), and the ring of coalesced writes. */
#define VCPU_RUN_PAGES 3
#define VCPU_IO_PAGE_OFFSET PAGE_SIZE
#define VCPU_RING_OFFSET (KVM_COALESCED_MMIO_PAGE_OFFSET * PAGE_SIZE)

/**
 * struct vm - one virtual machine
 * @references: the VM's file and each vCPU's file hold one
 * @lock: guards @vcpu, @engine, @umip, @has_run
 * @engine: RINGLET_ENGINE_*
 * @umip: SGDT and its like trap
 * @irqchip: the interrupt controllers in the kernel, or NULL; made before the
 *	vCPU if at all
 * @has_run: a vCPU has been run: @engine and @umip are settled
 * @guest_cpu: host CPU on which the vCPU is in the guest world, or -1; written
 *	by the vCPU's thread with interrupts off, read by whoever kicks it
 * @burst: odd while the interpreter uses host addresses of guest pages; written
 *	by the vCPU's thread with preemption off, read by whoever kicks it
 */
struct vm {
	struct kref references;
	struct mutex lock;
	struct mmu mmu;
	struct vm_clock clock;
	struct vcpu *vcpu;
	struct irqchip *irqchip;
	struct doorbells doorbells;
	struct coalescing coalescing;
	u32 engine;
	bool umip;
	bool has_run;
	int guest_cpu;
	unsigned long burst;
};

/**
 * struct pending_access - a port or MMIO access on its way through userspace
 * @kind: what KVM_RUN returned for
 * @answered: the data of a read is here; the instruction is emulated again and
 *	takes it
 * @rip: the instruction that asked; an answer to another is dropped
 */
enum pending_kind {
	PENDING_NONE,
	PENDING_PORT_IN,
	PENDING_MMIO_READ,
};

struct pending_access {
	enum pending_kind kind;
	bool answered;
	u64 rip;
	u64 address;
	u32 bytes;
	u32 count;
	u8 data[64];
};

/* A posted port or MMIO write: carried out after the instruction, in the kernel
 * or by userspace. */
struct posted_write {
	bool port;
	u64 address;
	u32 bytes; /* of one element */
	u32 count;
	u32 done; /* elements that are */
	u8 data[64];
};

/**
 * struct table_shadow - what the shadow of the guest's GDT or LDT was made from
 * @stale: the guest loaded the register: read it again
 * @written_first: first descriptor that the guest has written since
 * @written_end: behind the last one; 0: none
 * @recheck: the mapping may have changed: compare @gfns
 * @base: linear address of the table
 * @entries: descriptors in the shadow now
 * @gfns: tracked guest pages that hold it, ~0 for one that is not mapped
 */
#define TABLE_SHADOW_PAGES 17
struct table_shadow {
	bool stale;
	bool recheck;
	u64 base;
	unsigned int written_first;
	unsigned int written_end;
	unsigned int entries;
	unsigned int page_count;
	u64 gfns[TABLE_SHADOW_PAGES];
};

/**
 * struct vcpu_debug - KVM_SET_GUEST_DEBUG
 * @control: KVM_GUESTDBG_*, 0 while debugging is off
 * @dr7: as the client gave it
 * @hits: bits of DR6 that are for the client: KVM_RUN returns before the next
 *	instruction. BS: the steps that it or RINGLET_STEP asked for are over
 */
struct vcpu_debug {
	u32 control;
	u64 dr7;
	u64 hits;
};

/* Parts of the linear address space, of 4 MiB each. */
#define VCPU_LARGE_REGIONS 1024

/*
 * As in KVM: one waits while the handler of another runs, and before that two may
 * have come, since the guest is told only between two visits.
 */
#define VCPU_NMIS_MOST 2

#define VCPU_POSTED_WRITES 16
#define VCPU_MMIO_FRAGMENTS 16

/**
 * struct vcpu - one virtual CPU
 * @mutex: serialises KVM_RUN and the vCPU ioctls; guards all below but @run
 * @cpu: architectural state, up to date whenever the mutex can be taken
 * @run: VCPU_RUN_PAGES of vmalloc_user(), mapped by userspace: never believed
 *	twice
 * @fpu: guest FPU state while the thread is not in KVM_RUN
 * @interrupt: vector on its way to the guest, or -1: of KVM_INTERRUPT or acknowledged
 * @external_interrupt: vector of KVM_INTERRUPT that waits for LINT0 to let it
 *	through, if the PIC is the client's and the local APIC is not; or -1
 * @ended_interrupt: vector whose end an I/O APIC of the client's is to hear of, or -1
 * @nmi_pending: how many NMIs for the guest are due, VCPU_NMIS_MOST at most
 * @exception_pending: @exception is delivered before the next instruction
 * @exception_given: the client gave it, by KVM_SET_VCPU_EVENTS or
 *	KVM_SET_GUEST_DEBUG, after CR2 and DR6
 * @shutdown_pending: KVM_RUN returns at once with KVM_EXIT_SHUTDOWN
 * @delivering: an event waits for userspace on its way through the IDT
 * @halt_wait: the thread sleeps here in HLT, if interrupts come from the kernel
 * @cr8: task priority as userspace gave it; a 32-bit guest cannot reach it. With an
 *	irqchip it is the local APIC's
 * @interpreter: NULL until something is interpreted; lives in
 *	@interpreter_memory
 * @window_wanted: the interpreter was told that an interrupt waits
 * @large_regions: where the interpreter has parts of large guest pages
 * @steps_left: RINGLET_STEP: steps until KVM_RUN returns; 0: no such end
 * @steps_counted: how many there were while somebody counted
 * @stop_text: the sentence behind KVM_EXIT_INTERNAL_ERROR, or empty
 */
struct vcpu {
	struct vm *vm;
	struct mutex mutex;
	struct virtual_cpu cpu;
	struct mmu_vcpu mmu;
	struct world *world;
	struct kvm_run *run;
	struct fpu_guest fpu;

	int interrupt;
	int external_interrupt;
	int ended_interrupt;
	u8 nmi_pending;
	bool exception_pending;
	bool exception_given;
	bool shutdown_pending;
	struct cpu_exception exception;
	bool delivering;
	wait_queue_head_t halt_wait;
	u64 tsc_offset; /* what the guest's TSC is ahead of the host's */
	struct vcpu_clock clock;
	u64 cr8;

	bool sigset_active;
	sigset_t sigset;

	struct interpreter *interpreter;
	void *interpreter_memory;
	bool window_wanted;
	DECLARE_BITMAP(large_regions, VCPU_LARGE_REGIONS);

	struct table_shadow gdt, ldt;
	/* Mode bits that the shadow page tables were made under. */
	u64 paging_cr0, paging_cr4, paging_efer;

	struct pending_access pending;
	unsigned int posted_count;
	unsigned int posted_next;
	struct posted_write posted[VCPU_POSTED_WRITES];
	/* Answers to MMIO reads of the instruction that is being redone. */
	unsigned int mmio_reads_known;
	unsigned int mmio_reads_used;
	struct {
		u64 gpa;
		u32 bytes;
		u8 data[8];
	} mmio_reads[VCPU_MMIO_FRAGMENTS];

	struct vcpu_debug debug;
	u32 steps_left;
	u32 steps_counted;

	int error; /* errno that ends this KVM_RUN */
	u64 fast_collected[WORLD_FAST_REASONS];
	struct ringlet_statistics statistics;
	char stop_text[sizeof(((struct ringlet_stop_reason *)0)->text)];
};

/**
 * vcpu_create() - make a vCPU in its reset state
 * Return: the vCPU, or -ENOMEM, -EMFILE-style errors as ERR_PTR.
 * Context: process context of the client, vm->lock held.
 */
struct vcpu *vcpu_create(struct vm *vm);
void vcpu_destroy(struct vcpu *vcpu);

/**
 * vcpu_run() - KVM_RUN
 * Return: 0 with run->exit_reason set; -EINTR (KVM_EXIT_INTR too) on a signal
 * or immediate_exit; -EFAULT, -ENOMEM when guest memory cannot be had; -EIO
 * when current is not of the client's address space.
 * Context: process context, vcpu->mutex held; sleeps; the caller has applied
 * the signal mask.
 */
int vcpu_run(struct vcpu *vcpu);

/* Refresh the counters that other layers keep; vcpu->mutex held. */
void vcpu_collect_statistics(struct vcpu *vcpu);

/* KVM_SET_GUEST_DEBUG: 0, or -EBUSY when an exception waits already; vcpu->mutex held. */
int vcpu_set_guest_debug(struct vcpu *vcpu, const struct kvm_guest_debug *debug);

/* KVM_SET_VCPU_EVENTS: an exception of the client's; CR2 and DR6 are set. */
void vcpu_give_exception(struct vcpu *vcpu, const struct cpu_exception *exception);

/* KVM_NMI */
void vcpu_give_nmi(struct vcpu *vcpu);

/* KVM_X86_SET_MCE: 0, or -EINVAL for what the virtual CPU cannot report. */
int vcpu_report_machine_error(struct vcpu *vcpu, const struct cpu_machine_error *error);

/* Before a client reads what is pending: what an exception does to CR2 and DR6
 * before it is delivered, it has done. */
void vcpu_settle_exception(struct vcpu *vcpu);

/*
 * The same for what the local APIC has got and no structure of its own can tell: an
 * NMI becomes one of the vCPU's, an INIT is done.
 */
void vcpu_settle_apic_events(struct vcpu *vcpu);

/* After SET_SREGS or SET_MSRS: drop what was derived from the old values. */
void vcpu_state_replaced(struct vcpu *vcpu);

/* RINGLET_READ_GUEST_ROOT: walk the guest world's tables. */
int vcpu_read_guest_root(struct vcpu *vcpu, struct ringlet_guest_root *root,
			 struct ringlet_guest_root_page *pages);

/* CR8: of the local APIC, if there is one in the kernel. */
u64 vcpu_task_priority(struct vcpu *vcpu);
void vcpu_set_task_priority(struct vcpu *vcpu, u64 cr8);
/* CPUID is another: the local APIC hears what of it is there. */
void vcpu_cpuid_changed(struct vcpu *vcpu);
/* The local APIC may be at another page now. */
void vcpu_place_apic(struct vcpu *vcpu);

/* irqchip.raised: an interrupt is there for the vCPU of this VM. Any context. */
void vcpu_interrupt_raised(void *vm);

/* The mmu_callbacks that the VM's memory layer gets. */
extern const struct mmu_callbacks vcpu_mmu_callbacks;

/* Module parameter ignore_msrs: an MSR that the virtual CPU has not reads 0 and
 * takes writes, with a rate-limited line, instead of #GP. */
extern bool ringlet_ignore_msrs;

/* Once at load: what run/ and the layers below it need. 0 or -errno. */
int run_init(void);
void run_exit(void);

#endif /* RINGLET_RUN_VCPU_H */
