/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for the virtual CPU in tests: one flat array of memory whose pages
 * can be given permissions, ports and MMIO that remember what was done to
 * them. Used by the tests of cpu and emulate in userspace, in fuzzers and in
 * KUnit; it behaves as struct cpu_bus promises.
 */
#ifndef RINGLET_TESTS_FAKE_BUS_H
#define RINGLET_TESTS_FAKE_BUS_H

#include "cpu/cpu.h"

#define FAKE_PAGE   4096U
#define FAKE_PAGES  64U
#define FAKE_MEMORY (FAKE_PAGES * FAKE_PAGE)
/*
 * The last page of the memory array is also seen just below 4 GiB, so that
 * accesses which wrap can be tested. All between the array's end and there is
 * not present.
 */
#define FAKE_TOP_LINEAR 0xfffff000U
#define FAKE_TOP_OFFSET (FAKE_MEMORY - FAKE_PAGE)

/* struct fake_machine.pages[]: what the page tables would say of a page. */
#define FAKE_PRESENT	BIT(0)
#define FAKE_WRITABLE	BIT(1)
#define FAKE_USER	BIT(2)
#define FAKE_MMIO	BIT(3)
#define FAKE_NO_EXECUTE BIT(4)
#define FAKE_PAGE_ALL	(FAKE_PRESENT | FAKE_WRITABLE | FAKE_USER)

#define FAKE_LOG	64

/* One access to a port or to an MMIO page. */
struct fake_access {
	u64 address; /* port, or linear address */
	unsigned int bytes;
	bool write;
	bool mmio;
	u64 value;
};

/**
 * struct fake_machine - a virtual CPU and all that is around it
 * @cpu: first, so that the bus finds the machine
 * @pages: FAKE_*; all FAKE_PAGE_ALL after fake_machine_init(). Supervisor
 *	writes honour FAKE_WRITABLE when CR0.WP is set
 * @writes: bytes that were written to memory, for "nothing was changed"
 * @probes: calls of probe
 * @user_pending: an IN or MMIO read was answered with CPU_USER
 * @ask_user: true: the first read of a port or of MMIO answers CPU_USER;
 *	fake_answer() lets the next one through
 * @port_value: what the next IN finds; each element adds one to it
 * @mmio_value: what an MMIO read finds
 * @changed: all CPU_CHANGED_* so far
 * @invalidated: the last INVLPG
 * @log: ports and MMIO, in order; @logged may exceed FAKE_LOG
 */
struct fake_machine {
	struct virtual_cpu cpu;
	u8 pages[FAKE_PAGES];
	unsigned long writes;
	unsigned long probes;
	bool ask_user;
	bool user_pending;
	bool answered;
	u64 port_value;
	u64 mmio_value;
	u64 tsc;
	u64 deadline; /* of the timer that is on the bus */
	unsigned int changed;
	u64 invalidated;
	unsigned int invalidations;
	u32 extra_msr_index; /* an MSR that only the bus knows; 0: none */
	u64 extra_msr_value;
	unsigned int logged;
	struct fake_access log[FAKE_LOG];
	u8 memory[FAKE_MEMORY];
};

extern const struct cpu_bus fake_bus;

/* A CPU after reset on cleared memory, with fake_bus. */
void fake_machine_init(struct fake_machine *machine);

/* The answer of userspace has come: the next port or MMIO read succeeds. */
void fake_answer(struct fake_machine *machine);

/* Memory as the test sees it: no permissions, no counters. */
void fake_put(struct fake_machine *machine, u32 linear, const void *data, unsigned int bytes);
void fake_put8(struct fake_machine *machine, u32 linear, u8 value);
void fake_put16(struct fake_machine *machine, u32 linear, u16 value);
void fake_put32(struct fake_machine *machine, u32 linear, u32 value);
void fake_put64(struct fake_machine *machine, u32 linear, u64 value);
u8 fake_get8(const struct fake_machine *machine, u32 linear);
u16 fake_get16(const struct fake_machine *machine, u32 linear);
u32 fake_get32(const struct fake_machine *machine, u32 linear);
u64 fake_get64(const struct fake_machine *machine, u32 linear);

/*
 * A flat 32-bit protected mode: GDT at FAKE_GDT with the selectors below,
 * empty IDT of 256 entries at FAKE_IDT, a 32-bit TSS at FAKE_TSS that is
 * loaded in TR, stacks for every ring; CPL 0, interrupts off. Everything is
 * flat and readable; EIP is FAKE_CODE, ESP is FAKE_STACK0.
 */
#define FAKE_GDT	  0x1000U
#define FAKE_IDT	  0x2000U
#define FAKE_TSS	  0x3000U
#define FAKE_TSS_LIMIT	  0xfffU /* I/O map at 0x68, all ports denied */
#define FAKE_LDT	  0x5000U
#define FAKE_CODE	  0x8000U
#define FAKE_STACK0	  0x10000U
#define FAKE_STACK1	  0x11000U
#define FAKE_STACK2	  0x12000U
#define FAKE_STACK3	  0x13000U
#define FAKE_DATA	  0x20000U

#define FAKE_CODE0	  0x08
#define FAKE_DATA0	  0x10
#define FAKE_CODE3	  0x1b
#define FAKE_DATA3	  0x23
#define FAKE_TSS_SELECTOR 0x28
#define FAKE_LDT_SELECTOR 0x30
#define FAKE_CODE1	  0x39
#define FAKE_DATA1	  0x41
#define FAKE_CODE2	  0x4a
#define FAKE_DATA2	  0x52
#define FAKE_CODE0_16	  0x58
#define FAKE_DATA0_16	  0x60
#define FAKE_GDT_FREE	  0x68 /* the first selector for the test's own use */
#define FAKE_GDT_LIMIT	  0x1ffU

void fake_machine_protected(struct fake_machine *machine);

/* Then: the segments and the stack of a ring. */
void fake_machine_ring(struct fake_machine *machine, unsigned int ring);

/* A protected machine at CPL 3. */
void fake_machine_user(struct fake_machine *machine);

/*
 * A protected machine in virtual-8086 mode, IOPL 0: ES is 0x700, CS 0x701 and
 * so on in the order of enum segment_register; SP 0x1000, IP 0x100.
 */
void fake_machine_v86(struct fake_machine *machine);

/*
 * CPUID of a 32-bit processor, as fake_machine_protected() sets it: family 6
 * with PSE, TSC, MSR, PAE, SEP, PGE, FXSR, SSE, NX; 36 physical address bits.
 */
void fake_machine_features(struct fake_machine *machine);

/*
 * A descriptor from its parts: @access is bits 40..47 (type, S, DPL, P), @flags
 * bits 52..55 (AVL, L, D/B, G), @limit the raw 20 bits.
 */
u64 fake_descriptor(u32 base, u32 limit, unsigned int access, unsigned int flags);
/* A gate; @access as above. */
u64 fake_gate(u16 selector, u32 offset, unsigned int access, unsigned int count);
void fake_set_gdt(struct fake_machine *machine, u16 selector, u64 descriptor);
void fake_set_idt(struct fake_machine *machine, u8 vector, u64 gate);

#endif /* RINGLET_TESTS_FAKE_BUS_H */
