/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface of /dev/ringlet beyond <linux/kvm.h>.
 *
 * /dev/ringlet answers KVM's ioctls with KVM's structures. What KVM has no
 * word for is here. A client finds out whether it talks to ringlet by
 * KVM_CHECK_EXTENSION(RINGLET_CAP): 0 on KVM, the version of this interface on
 * ringlet.
 */
#ifndef _UAPI_LINUX_RINGLET_H
#define _UAPI_LINUX_RINGLET_H

#include <linux/types.h>
#include <linux/ioctl.h>

/* Argument of KVM_CHECK_EXTENSION; far above the numbers that KVM hands out. */
#define RINGLET_CAP 0x72696e67
#define RINGLET_INTERFACE_VERSION 1

/*
 * The CPUID leaf in which a guest reads the signature, in EBX, ECX, EDX, and
 * the number of the next in EAX, which has the interface's version in its EAX.
 * Leaf 0x40000000 is KVM's.
 */
#define RINGLET_CPUID_LEAF 0x40000100
#define RINGLET_CPUID_SIGNATURE "RingletRing1"

/* KVM uses 0xae too; its numbers end well below 0xf0 for these types. */
#define RINGLET_IOCTL_TYPE 0xae

/* Execution engines for guest ring-0 code. */
#define RINGLET_ENGINE_TRAP 0
#define RINGLET_ENGINE_INTERPRET 1
#define RINGLET_ENGINE_TRANSLATE 2
#define RINGLET_ENGINE_PV 3

/*
 * RINGLET_SET_ENGINE (VM): the engine, as the argument itself. Before the
 * first KVM_RUN of any vCPU (else EBUSY). EINVAL: no such engine;
 * EOPNOTSUPP: an engine that this module does not have.
 */
#define RINGLET_SET_ENGINE _IO(RINGLET_IOCTL_TYPE, 0xf0)

/*
 * RINGLET_SET_UMIP (VM): whether SGDT, SIDT, SLDT, STR and SMSW of the guest
 * trap (argument 1) or show what the processor holds (0). A new VM has it on
 * where the host has UMIP. Before the first KVM_RUN of any vCPU (else EBUSY).
 * EINVAL: another argument; EOPNOTSUPP: 1 on a host without UMIP.
 */
#define RINGLET_SET_UMIP _IO(RINGLET_IOCTL_TYPE, 0xf4)

/*
 * struct ringlet_processor - RINGLET_READ_PROCESSOR (vCPU)
 *
 * What the processor's own registers hold while the guest runs: what its
 * SGDT, SIDT, SLDT, STR and SMSW see where they do not trap. Needs
 * CAP_SYS_ADMIN, since it shows host addresses. EAGAIN before the first
 * KVM_RUN.
 */
struct ringlet_processor {
	__u64 gdt_base;
	__u64 idt_base;
	__u16 gdt_limit;
	__u16 idt_limit;
	__u16 ldt_selector;
	__u16 tss_selector;
	__u64 cr0;
	__u64 cr4;
};

#define RINGLET_READ_PROCESSOR \
	_IOR(RINGLET_IOCTL_TYPE, 0xf5, struct ringlet_processor)

/* What brought the guest to ring 0; index of ringlet_statistics.exits. */
enum ringlet_exit {
	RINGLET_EXIT_EXCEPTION_0 = 0, /* exits[0..31]: exception vectors */
	RINGLET_EXIT_INTERRUPT = 32,  /* an interrupt of the host */
	RINGLET_EXIT_NMI = 33,	      /* an NMI of the host */
	RINGLET_EXIT_SOFTWARE_INTERRUPT = 34, /* INT n through a DPL-3 gate */
	RINGLET_EXIT_SYSCALL = 35,    /* SYSCALL or SYSENTER reached ring 0 */
	RINGLET_EXIT_REASONS = 40,
};

/* Instructions that were emulated, by group; index of .emulated. */
enum ringlet_emulated {
	RINGLET_EMULATED_CLI,
	RINGLET_EMULATED_STI,
	RINGLET_EMULATED_HLT,
	RINGLET_EMULATED_IN,
	RINGLET_EMULATED_OUT,
	RINGLET_EMULATED_MOV_CR,
	RINGLET_EMULATED_MOV_DR,
	RINGLET_EMULATED_DESCRIPTOR_TABLE, /* LGDT LIDT LLDT LTR SGDT ... SMSW */
	RINGLET_EMULATED_INVLPG,
	RINGLET_EMULATED_MSR,
	RINGLET_EMULATED_TIME, /* RDTSC RDTSCP RDPMC */
	RINGLET_EMULATED_CPUID,
	RINGLET_EMULATED_FLAGS, /* PUSHF POPF */
	RINGLET_EMULATED_IRET,
	RINGLET_EMULATED_FAR_TRANSFER, /* far CALL, JMP, RET */
	RINGLET_EMULATED_INT,	       /* INT n, INTO, INT3 */
	RINGLET_EMULATED_SEGMENT_LOAD,
	RINGLET_EMULATED_MEMORY, /* MMIO and write-protected memory */
	RINGLET_EMULATED_OTHER,
	RINGLET_EMULATED_GROUPS = 24,
};

/*
 * struct ringlet_statistics - RINGLET_GET_STATISTICS (vCPU)
 *
 * All are counts since the vCPU was made, except the four that say bytes or
 * pages, which are as of now and for the VM.
 */
struct ringlet_statistics {
	__u64 exits[RINGLET_EXIT_REASONS];	/* all exits, by reason */
	__u64 exits_fast;			/* of these, without leaving the guest world */
	__u64 exits_slow;			/* of these, in the host world */
	__u64 exits_user;			/* returns from KVM_RUN */
	__u64 emulated[RINGLET_EMULATED_GROUPS];
	__u64 injected[32];			/* guest exceptions delivered, by vector */
	__u64 injected_interrupts;
	__u64 page_faults_shadow;		/* shadow entries filled */
	__u64 page_faults_guest;		/* #PF given to the guest */
	__u64 page_faults_mmio;
	__u64 page_faults_tracked;		/* writes to write-protected tables */
	__u64 shadow_flushes;			/* whole shadow dropped */
	__u64 shadow_pages;			/* shadow page tables now */
	__u64 shadow_pages_peak;
	__u64 pinned_pages;			/* guest pages pinned now */
	__u64 module_bytes;			/* kernel memory of the VM now */
	__u64 world_switches;
	__u64 ticks_handling;			/* TSC ticks in the host world, between world switches */
	__u64 interpreted;			/* instructions that were interpreted */
	__u64 interpreted_slow;			/* of these, by the emulator, one by one */
	__u64 interpreter_fills;		/* translations that the interpreter asked for */
	__u64 halts;				/* times that HLT slept in the kernel */
	__u64 irqchip_port_accesses;		/* of PIC and PIT in the kernel */
	__u64 irqchip_interrupts;		/* acknowledged at the PIC */
	__u64 timer_ticks;			/* of the PIT's channel 0 */
	__u64 timer_ticks_given;		/* of these, raised as IRQ 0 so far */
	__u64 shadow_roots_cached;		/* CR3 loads that found the address space's shadow */
	__u64 shadow_roots_missed;		/* CR3 loads that did not */
	__u64 shadow_pages_built;		/* shadow page tables made */
	__u64 shadow_prefetched;		/* shadow entries filled beside those that faulted */
	__u64 shadow_zapped;			/* shadow entries cleared */
	__u64 shadow_unsynced;			/* page tables that the guest may write unwatched */
	__u64 shadow_resynced;			/* comparisons of such tables at a flush */
	__u64 shadow_floods;			/* tables given up, written too often */
	__u64 shadow_evicted;			/* shadow page tables taken at the limit */
	__u64 shadow_reclaimed;			/* shadow page tables given back to the host */
	__u64 doorbells_rung;			/* writes that signalled an eventfd */
	__u64 writes_coalesced;			/* writes that went into the ring */
	__u64 reserved[4];
};

#define RINGLET_GET_STATISTICS \
	_IOR(RINGLET_IOCTL_TYPE, 0xf1, struct ringlet_statistics)

/*
 * struct ringlet_stop_reason - RINGLET_GET_STOP_REASON (vCPU)
 * @text: one sentence, NUL-terminated, without a newline: why the VM cannot
 *	go on. Empty while it can.
 *
 * KVM_RUN then returned with KVM_EXIT_INTERNAL_ERROR, and does so again.
 */
struct ringlet_stop_reason {
	char text[256];
};

#define RINGLET_GET_STOP_REASON \
	_IOR(RINGLET_IOCTL_TYPE, 0xf2, struct ringlet_stop_reason)

/*
 * struct ringlet_guest_root_page - one leaf of the guest world's page tables
 * above 4 GiB, as RINGLET_READ_GUEST_ROOT reports it
 */
#define RINGLET_PAGE_WRITABLE 1
#define RINGLET_PAGE_EXECUTABLE 2
#define RINGLET_PAGE_USER 4
#define RINGLET_PAGE_GLOBAL 8

struct ringlet_guest_root_page {
	__u64 address;
	__u64 flags;
};

/*
 * struct ringlet_guest_root - RINGLET_READ_GUEST_ROOT (vCPU), for tests
 * @capacity: in: elements of @pages
 * @count: out: leaves found above 4 GiB (may exceed @capacity)
 * @leaves_below: out: leaves found below 4 GiB
 * @leaves_foreign: out: of those, leaves that map no page of a memory slot
 * @table_pages: out: page-table pages walked
 *
 * Walks the page tables that the guest world uses, needs CAP_SYS_ADMIN since
 * it shows host addresses.
 */
struct ringlet_guest_root {
	__u32 capacity;
	__u32 count;
	__u64 leaves_below;
	__u64 leaves_foreign;
	__u64 table_pages;
	__u64 pages; /* user pointer to struct ringlet_guest_root_page[] */
};

#define RINGLET_READ_GUEST_ROOT \
	_IOWR(RINGLET_IOCTL_TYPE, 0xf3, struct ringlet_guest_root)

/*
 * RINGLET_STEP (vCPU): KVM_RUN returns with KVM_EXIT_DEBUG after as many steps
 * as the argument says; 0 takes it back. Other returns come in between, and the
 * count goes on in the next KVM_RUN. EINVAL: more than RINGLET_STEPS_MOST.
 *
 * A step is an instruction that was executed, or an exception or interrupt that
 * was delivered. A load of SS and what follows it are one step; of a repeated
 * string instruction each part after which it could be interrupted is one.
 */
#define RINGLET_STEP _IO(RINGLET_IOCTL_TYPE, 0xf6)
#define RINGLET_STEPS_MOST 0x40000000

#endif /* _UAPI_LINUX_RINGLET_H */
