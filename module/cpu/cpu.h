/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual CPU: its architectural state as the guest believes it to be, and
 * the rules that change it (reset, modes, segments, descriptors, control
 * registers, MSRs, CPUID, event delivery, task switch). Called by the emulator
 * and by the run loop, in the host world. Pure: memory, ports and the clock
 * are reached through struct cpu_bus.
 */
#ifndef RINGLET_CPU_CPU_H
#define RINGLET_CPU_CPU_H

#include <ringlet/types.h>
#include <ringlet/x86.h>

struct virtual_cpu;
struct insn;

/**
 * enum cpu_result - what came of a step of the virtual CPU
 * @CPU_OK: done
 * @CPU_FAULT: the guest gets the exception in cpu->fault; nothing was changed
 *	that the architecture says must not be
 * @CPU_USER: userspace has to answer first (port or MMIO); the same step is
 *	then done again from its beginning and finds the answer on the bus
 * @CPU_SHUTDOWN: triple fault
 * @CPU_STOP: ringlet cannot represent or do this; cpu->stop_reason says what,
 *	in one sentence
 */
enum cpu_result {
	CPU_OK,
	CPU_FAULT,
	CPU_USER,
	CPU_SHUTDOWN,
	CPU_STOP,
};

/* A segment register, TR or LDTR with its hidden part. */
struct segment {
	u64 base;
	u32 limit; /* in bytes, granularity applied */
	u16 selector;
	u8 type; /* 4 bits */
	u8 dpl;
	bool s; /* code or data */
	bool present;
	bool avl;
	bool l;
	bool db;
	bool g;
	bool unusable; /* a null selector was loaded */
};

struct descriptor_table {
	u64 base;
	u16 limit;
};

/**
 * struct cpu_exception - an exception, or an event on its way through the IDT
 * @cr2: for #PF: the address; written to CR2 when it is delivered
 * @dr6: for #DB: bits to merge into DR6 when it is delivered
 * @trap: #DB only: reported after the instruction, or a breakpoint on its
 *	execution: RF is not set in the image
 */
struct cpu_exception {
	u8 vector;
	bool has_error_code;
	u32 error_code;
	u64 cr2;
	u64 dr6;
	bool trap;
};

enum cpu_event_type {
	CPU_EVENT_EXTERNAL_INTERRUPT,
	CPU_EVENT_NMI,
	CPU_EVENT_EXCEPTION,		/* a fault or trap of the processor */
	CPU_EVENT_SOFTWARE_INTERRUPT,	/* INT n: gate DPL is checked */
	CPU_EVENT_SOFTWARE_EXCEPTION,	/* INT3, INTO: gate DPL is checked */
	CPU_EVENT_PRIVILEGED_EXCEPTION, /* INT1 (ICEBP): it is not */
};

/* Why an access is made: decides the checks of paging and the fault's bits. */
#define ACCESS_READ  0
#define ACCESS_WRITE BIT(0)
#define ACCESS_FETCH BIT(1)
/* Implicit supervisor access (descriptor tables, TSS, ring-0 stack push). */
#define ACCESS_SYSTEM BIT(2)
/* The read of a read-modify-write: paging must permit the write already. */
#define ACCESS_MODIFY BIT(3)

/* What changed, for cpu_bus.changed: a mask. */
#define CPU_CHANGED_CR0	  BIT(0)
#define CPU_CHANGED_CR3	  BIT(1) /* also when rewritten with the same value */
#define CPU_CHANGED_CR4	  BIT(2)
#define CPU_CHANGED_EFER  BIT(3)
#define CPU_CHANGED_GDTR  BIT(4)
#define CPU_CHANGED_LDTR  BIT(5)
#define CPU_CHANGED_IDTR  BIT(6)
#define CPU_CHANGED_TR	  BIT(7)
#define CPU_CHANGED_DEBUG BIT(8)
#define CPU_CHANGED_CLOCK BIT(9)  /* where the paravirtual clock lies */
#define CPU_CHANGED_WALL  BIT(10) /* the time of day is asked for */
#define CPU_CHANGED_APIC  BIT(11) /* where the local APIC is, and whether */

/* The largest memory operand is FXSAVE's. */
#define CPU_NATIVE_OPERAND 512
#define CPU_NATIVE_CODE	   16

/**
 * struct cpu_native - a floating-point or vector instruction for the real one
 * @code: 32-bit code that works at any address; its memory operand, if it has
 *	one, is addressed absolutely
 * @code_bytes: how much of it
 * @address_at: where in @code the four bytes of the operand's offset belong;
 *	0: nowhere
 * @address_in_di: EDI is the operand's offset (MASKMOVQ, MASKMOVDQU)
 * @low_address: bits 0 to 5 of the guest's own address, which decide whether
 *	the operand is aligned
 * @sets_pointers: an x87 instruction that the FPU remembers in FIP, FCS, FOP,
 *	and with an operand in FDP, FDS
 * @operand_bytes: 0 without a memory operand
 * @opcode: for FOP
 * @code_selector: CS of the guest
 * @code_offset: EIP of the guest
 * @data_selector: the operand's segment
 * @data_offset: and its offset there
 * @operand: its bytes, before and after
 */
struct cpu_native {
	u8 code[CPU_NATIVE_CODE];
	u8 code_bytes;
	u8 address_at;
	bool address_in_di;
	u8 low_address;
	bool sets_pointers;
	u16 operand_bytes;
	u16 opcode;
	u16 code_selector, data_selector;
	u32 code_offset, data_offset;
	u8 operand[CPU_NATIVE_OPERAND];
};

/**
 * struct cpu_bus - how the virtual CPU reaches the world outside it
 * @read: read @bytes (1..64, for FXRSTOR up to CPU_NATIVE_OPERAND) at a linear
 *	address; paging's checks apply by cpu_cpl() or ACCESS_SYSTEM; may cross
 *	a page. CPU_FAULT (#PF in cpu->fault, before any effect), CPU_USER
 *	(MMIO), CPU_STOP
 * @write: likewise; a write that crosses a page is checked on both pages
 *	before the first byte is written. An MMIO write is posted: it answers
 *	CPU_OK and reaches userspace after the instruction
 * @probe: whether @read or @write would fault; no effect but A and D bits
 * @compare_exchange: atomically, if the @bytes (1, 2, 4, 8) at @linear equal
 *	*@expected, write @desired; *@expected gets what was there and *@done
 *	says whether it was written. For LOCK and XCHG with memory
 * @port_in: read @count elements of @bytes (1, 2, 4) from @port to @data
 * @port_out: write them; posted like an MMIO write
 * @read_physical: read @bytes (8 or 32, aligned) of guest physical memory, for
 *	the PAE directory pointers; all ones where there is no memory. Only
 *	CPU_OK or CPU_STOP
 * @read_tsc: the guest's time stamp counter
 * @read_deadline: MSR IA32_TSC_DEADLINE, which is the local APIC's. NULL: there is
 *	none, the MSR reads 0 and keeps nothing
 * @write_deadline: likewise
 * @changed: CPU_CHANGED_* after a change took effect: flush, reload
 * @invalidate_page: INVLPG of @linear
 * @read_msr: MSRs that the virtual CPU does not hold itself; false: none such
 * @write_msr: likewise
 * @execute: execute one instruction on the guest's FPU state, with the general
 *	registers and status flags of @cpu, in a place where it reaches nothing
 *	else. CPU_FAULT: what the processor raised, with nothing changed but
 *	what the instruction itself changes then. NULL: there is no FPU
 *
 * All are called from the vCPU's thread and may sleep in the module.
 */
struct cpu_bus {
	enum cpu_result (*read)(struct virtual_cpu *cpu, u64 linear, void *data, unsigned int bytes,
				unsigned int access);
	enum cpu_result (*write)(struct virtual_cpu *cpu, u64 linear, const void *data,
				 unsigned int bytes, unsigned int access);
	enum cpu_result (*probe)(struct virtual_cpu *cpu, u64 linear, unsigned int bytes,
				 unsigned int access);
	enum cpu_result (*compare_exchange)(struct virtual_cpu *cpu, u64 linear, u64 *expected,
					    u64 desired, unsigned int bytes, bool *done);
	enum cpu_result (*port_in)(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				   unsigned int count, void *data);
	enum cpu_result (*port_out)(struct virtual_cpu *cpu, u16 port, unsigned int bytes,
				    unsigned int count, const void *data);
	enum cpu_result (*read_physical)(struct virtual_cpu *cpu, u64 physical, void *data,
					 unsigned int bytes);
	u64 (*read_tsc)(struct virtual_cpu *cpu);
	u64 (*read_deadline)(struct virtual_cpu *cpu);
	void (*write_deadline)(struct virtual_cpu *cpu, u64 tsc);
	void (*changed)(struct virtual_cpu *cpu, unsigned int what);
	void (*invalidate_page)(struct virtual_cpu *cpu, u64 linear);
	bool (*read_msr)(struct virtual_cpu *cpu, u32 index, u64 *value);
	bool (*write_msr)(struct virtual_cpu *cpu, u32 index, u64 value);
	enum cpu_result (*execute)(struct virtual_cpu *cpu, struct cpu_native *native);
};

/* One CPUID leaf as KVM_SET_CPUID2 gives it. */
struct cpu_cpuid_entry {
	u32 function;
	u32 index;
	u32 flags; /* bit 0: index is significant */
	u32 eax, ebx, ecx, edx;
};

#define CPU_CPUID_ENTRIES 100

struct cpu_msrs {
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 star, lstar, cstar, syscall_mask, kernel_gs_base;
	u64 pat;
	u64 apic_base;
	u64 misc_enable;
	u64 tsc_aux;
	u64 arch_capabilities; /* what the host says of itself; survives no reset */
	u64 debug_control;
	u64 machine_check_status;
	u64 system_time, wall_clock; /* of the paravirtual clock */
};

#define CPU_MACHINE_CHECK_BANKS 32
/* Bits of MCG_CAP beside numbers: MCG_CTL_P, MCG_SER_P. */
#define CPU_MACHINE_CHECK_SUPPORTED (BIT_ULL(8) | BIT_ULL(24))

/**
 * struct cpu_machine_check - the registers of machine checks
 * @capabilities: MCG_CAP; no banks until somebody says how many. Survives reset,
 *	as all of this but MCG_STATUS, which is an MSR like others
 * @control: MCG_CTL
 * @banks: MCi_CTL, MCi_STATUS, MCi_ADDR, MCi_MISC
 */
struct cpu_machine_check {
	u64 capabilities;
	u64 control;
	u64 banks[CPU_MACHINE_CHECK_BANKS][4];
};

/* An error to report: MCi_STATUS, MCi_ADDR, MCi_MISC of @bank, and MCG_STATUS. */
struct cpu_machine_error {
	unsigned int bank;
	u64 status, address, misc;
	u64 global_status;
};

/**
 * struct cpu_debugger - breakpoints of somebody who looks at the guest from outside
 * @active: they work instead of those in the guest's own debug registers, which
 *	the guest reads and writes as ever
 * @steps: each iteration of a REP is one step, as under the processor's trap flag
 * @dr: linear addresses
 * @dr7: with the meaning of DR7
 */
struct cpu_debugger {
	bool active;
	bool steps;
	u64 dr[4];
	u64 dr7;
};

/* struct virtual_cpu.interrupt_shadow: what blocks interrupts for one instruction */
#define INTERRUPT_SHADOW_STI	BIT(0)
#define INTERRUPT_SHADOW_MOV_SS BIT(1) /* blocks #DB and NMI too */

/**
 * struct virtual_cpu - the virtual CPU
 * @regs: general registers by enum general_register; 32-bit code leaves the
 *	upper halves zero
 * @rflags: the guest's own, IF and IOPL included; never what ring 1 shows
 * @segments: selectors have the RPL that the guest gave them
 * @dr: what the guest has there; cpu_breakpoint_address() knows what works, as
 *	cpu_breakpoint_control() does of @dr7
 * @pdptrs: the four PAE directory pointers, read at the CR3 load
 * @interrupt_shadow: INTERRUPT_SHADOW_*; cleared by the next instruction
 * @halted: HLT was executed and no interrupt has come since
 * @fault: valid after CPU_FAULT
 * @pending_debug: DR6 bits of a #DB trap that is due after this instruction
 *
 * Locking: belongs to the vCPU thread that holds the vCPU's mutex.
 */
struct virtual_cpu {
	const struct cpu_bus *bus;

	u64 regs[GENERAL_REGISTERS];
	u64 rip;
	u64 rflags;
	struct segment segments[SEGMENT_REGISTERS];
	struct segment tr;
	struct segment ldtr;
	struct descriptor_table gdtr;
	struct descriptor_table idtr;
	u64 cr0, cr2, cr3, cr4;
	u64 pdptrs[4];
	u64 efer;
	u64 dr[4];
	u64 dr6, dr7;
	struct cpu_debugger debugger;
	struct cpu_msrs msrs;
	struct cpu_machine_check machine_check;

	u8 interrupt_shadow;
	bool halted;
	bool nmi_blocked; /* until IRET */
	u64 pending_debug;

	struct cpu_exception fault;
	const char *stop_reason;

	u32 cpuid_count;
	struct cpu_cpuid_entry cpuid[CPU_CPUID_ENTRIES];
};

/* ---- state (state.c) --------------------------------------------------- */

/* The state after RESET, "Processor State After Reset" in the SDM. */
void cpu_reset(struct virtual_cpu *cpu);
/* The state after INIT: caches, MSRs and the FPU stay as they are. */
void cpu_reset_by_init(struct virtual_cpu *cpu);

/* Current privilege level: 0 in real mode, 3 in V86, else SS's DPL. */
static inline unsigned int cpu_cpl(const struct virtual_cpu *cpu)
{
	if (!(cpu->cr0 & X86_CR0_PE))
		return 0;
	if (cpu->rflags & X86_EFLAGS_VM)
		return 3;
	return cpu->segments[SEGMENT_SS].dpl;
}

static inline bool cpu_protected_mode(const struct virtual_cpu *cpu)
{
	return (cpu->cr0 & X86_CR0_PE) && !(cpu->rflags & X86_EFLAGS_VM);
}

/*
 * IA-32e mode. Only its compatibility sub-mode is represented: 4-level paging
 * under 32-bit code. A guest gets there because CPUID does not trap in ring 1
 * and shows the host's long mode; what needs 64-bit code stops the VM.
 */
static inline bool cpu_long_mode(const struct virtual_cpu *cpu)
{
	return cpu->efer & EFER_LMA;
}

static inline unsigned int cpu_iopl(const struct virtual_cpu *cpu)
{
	return (cpu->rflags & X86_EFLAGS_IOPL) >> EFLAGS_IOPL_SHIFT;
}

/* The DR7 by which breakpoints work, and the addresses that belong to it. */
static inline u64 cpu_breakpoint_control(const struct virtual_cpu *cpu)
{
	return cpu->debugger.active ? cpu->debugger.dr7 : cpu->dr7;
}

static inline u64 cpu_breakpoint_address(const struct virtual_cpu *cpu, unsigned int n)
{
	return cpu->debugger.active ? cpu->debugger.dr[n] : cpu->dr[n];
}

#define CPU_BREAKPOINTS_ENABLED 0xffULL /* DR7: L0, G0 to L3, G3 */

static inline bool cpu_breakpoints_enabled(const struct virtual_cpu *cpu)
{
	return cpu_breakpoint_control(cpu) & CPU_BREAKPOINTS_ENABLED;
}

/* Fill cpu->fault and return CPU_FAULT. */
enum cpu_result cpu_fault(struct virtual_cpu *cpu, u8 vector);
enum cpu_result cpu_fault_code(struct virtual_cpu *cpu, u8 vector, u32 error_code);
enum cpu_result cpu_page_fault(struct virtual_cpu *cpu, u64 address, u32 error_code);
/* Fill cpu->stop_reason (a string that lives for ever) and return CPU_STOP. */
enum cpu_result cpu_stop(struct virtual_cpu *cpu, const char *sentence);

/* Whether an external interrupt can be taken now: IF, shadow. */
bool cpu_can_take_interrupt(const struct virtual_cpu *cpu);

/* EFLAGS as PUSHF stores it, and as POPF loads it by privilege; IRET differs. */
u64 cpu_pushf_image(const struct virtual_cpu *cpu);
void cpu_load_flags(struct virtual_cpu *cpu, u64 image, unsigned int operand_bytes,
		    unsigned int cpl);

/* ---- segments and descriptors (segment.c, descriptor.c) ---------------- */

/* Descriptor bytes to hidden part, and back (for TSS busy, tests). */
void segment_from_descriptor(struct segment *segment, u16 selector, u64 raw);
u64 segment_to_descriptor(const struct segment *segment);
/* What a segment register of virtual-8086 mode holds. */
void segment_set_v86(struct segment *segment, u16 selector);

/* Read the descriptor that @selector names (GDT or LDT); #GP(sel) or
 * @vector(sel) past the limit. ACCESS_SYSTEM. */
enum cpu_result cpu_read_descriptor(struct virtual_cpu *cpu, u16 selector, u64 *raw, u8 vector);

/* MOV/POP/LDS... of a data segment register or SS, in any mode. */
enum cpu_result cpu_load_segment(struct virtual_cpu *cpu, enum segment_register which,
				 u16 selector);
enum cpu_result cpu_load_ldtr(struct virtual_cpu *cpu, u16 selector);
enum cpu_result cpu_load_tr(struct virtual_cpu *cpu, u16 selector);

/* LAR, LSL, VERR, VERW: *valid is what ZF becomes. */
enum cpu_result cpu_lar(struct virtual_cpu *cpu, u16 selector, u32 *rights, bool *valid);
enum cpu_result cpu_lsl(struct virtual_cpu *cpu, u16 selector, u32 *limit, bool *valid);
enum cpu_result cpu_verify(struct virtual_cpu *cpu, u16 selector, bool write, bool *valid);

/* ---- memory through segments (memory.c) -------------------------------- */

/* Segment checks of an access of @bytes at @offset; the linear address. */
enum cpu_result cpu_linear(struct virtual_cpu *cpu, enum segment_register segment, u64 offset,
			   unsigned int bytes, unsigned int access, u64 *linear);
enum cpu_result cpu_read(struct virtual_cpu *cpu, enum segment_register segment, u64 offset,
			 void *data, unsigned int bytes);
enum cpu_result cpu_write(struct virtual_cpu *cpu, enum segment_register segment, u64 offset,
			  const void *data, unsigned int bytes);

/* Push and pop on SS with the stack's address size; pop does not yet move SP:
 * *sp is the running pointer, committed by the caller with cpu_set_sp(). */
u64 cpu_sp(const struct virtual_cpu *cpu);
void cpu_set_sp(struct virtual_cpu *cpu, u64 sp);
enum cpu_result cpu_push(struct virtual_cpu *cpu, u64 *sp, u64 value, unsigned int bytes);
enum cpu_result cpu_pop(struct virtual_cpu *cpu, u64 *sp, u64 *value, unsigned int bytes);

/* ---- control registers, MSRs, CPUID, I/O permission -------------------- */

/* MOV to CR: all checks (#GP(0) for reserved bits and bad combinations,
 * PDPTE loads), then cpu->bus->changed(). @which 0, 2, 3, 4. */
enum cpu_result cpu_write_control(struct virtual_cpu *cpu, unsigned int which, u64 value);
/* #UD for one that does not exist. */
enum cpu_result cpu_read_control(struct virtual_cpu *cpu, unsigned int which, u64 *value);
enum cpu_result cpu_write_debug(struct virtual_cpu *cpu, unsigned int which, u64 value);
enum cpu_result cpu_read_debug(struct virtual_cpu *cpu, unsigned int which, u64 *value);
/* RDMSR/WRMSR without the CPL check; @host: KVM_SET_MSRS, may write more.
 * False: #GP. */
bool cpu_read_msr(struct virtual_cpu *cpu, u32 index, u64 *value, bool host);
bool cpu_write_msr(struct virtual_cpu *cpu, u32 index, u64 value, bool host);
/* Machine checks (machine_check.c). */
bool cpu_setup_machine_check(struct virtual_cpu *cpu, u64 capabilities);
enum cpu_result cpu_report_machine_error(struct virtual_cpu *cpu,
					 const struct cpu_machine_error *error);
/* CR4 and EFER bits that this virtual CPU has. */
u64 cpu_cr4_allowed(const struct virtual_cpu *cpu);
void cpu_cpuid(struct virtual_cpu *cpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
bool cpu_has_feature(const struct virtual_cpu *cpu, u32 function, unsigned int reg,
		     unsigned int bit); /* reg 0..3: EAX EBX ECX EDX */
/* Whether it has an instruction, or raises #UD for it (instruction.c). */
bool cpu_has_instruction(const struct virtual_cpu *cpu, const struct insn *insn);
/* IN/OUT permission: CPL, IOPL, V86, the I/O map of the guest's TSS. */
enum cpu_result cpu_check_port(struct virtual_cpu *cpu, u16 port, unsigned int bytes);
/* The index-th MSR that the virtual CPU has, for KVM_GET_MSR_INDEX_LIST; 0 at
 * the end. */
u32 cpu_msr_index(unsigned int index);

/* ---- events and far transfers (deliver.c, transfer.c, task.c) ---------- */

/**
 * cpu_deliver() - take an event through the IDT (or the real-mode table)
 * @event: what kind; software events check the gate's DPL
 * @exception: vector and error code; only vector counts for interrupts
 * @return_rip: what the frame's EIP is (after INT n; the faulting EIP for faults)
 *
 * Does contributory and double faults itself: an exception met while it
 * delivers ends as the architecture says, up to CPU_SHUTDOWN. For a software
 * interrupt a fault of the first delivery (bad gate, DPL) is reported as
 * CPU_FAULT so that the caller restarts at the instruction.
 * Clears interrupt_shadow and halted; sets CR2 and DR6.
 *
 * Manual: "Interrupt and Exception Handling", "Task Management".
 */
enum cpu_result cpu_deliver(struct virtual_cpu *cpu, enum cpu_event_type event,
			    const struct cpu_exception *exception, u64 return_rip);

/* Far transfers; @bytes is the operand size (2 or 4), @return_rip is pushed. */
enum cpu_result cpu_far_jump(struct virtual_cpu *cpu, u16 selector, u64 offset, unsigned int bytes,
			     u64 return_rip);
enum cpu_result cpu_far_call(struct virtual_cpu *cpu, u16 selector, u64 offset, unsigned int bytes,
			     u64 return_rip);
enum cpu_result cpu_far_return(struct virtual_cpu *cpu, unsigned int bytes, u16 release);
enum cpu_result cpu_iret(struct virtual_cpu *cpu, unsigned int bytes, u64 return_rip);

/*
 * A task switch can fault after the old task was left: CPU_FAULT then comes with
 * the new task's state, and the exception's return address is cpu->rip. So
 * whoever delivers cpu->fault after one of the functions above or below takes
 * cpu->rip for it; it still is the instruction's own if nothing changed.
 */
enum cpu_task_switch_reason {
	TASK_SWITCH_JUMP,
	TASK_SWITCH_CALL,
	TASK_SWITCH_IRET,
	TASK_SWITCH_GATE, /* an event through a task gate */
};
enum cpu_result cpu_task_switch(struct virtual_cpu *cpu, u16 selector,
				enum cpu_task_switch_reason reason, u64 return_rip,
				bool has_error_code, u32 error_code);

/* SYSENTER, SYSEXIT of a guest whose CPUID has SEP. */
enum cpu_result cpu_sysenter(struct virtual_cpu *cpu);
enum cpu_result cpu_sysexit(struct virtual_cpu *cpu);

#endif /* RINGLET_CPU_CPU_H */
