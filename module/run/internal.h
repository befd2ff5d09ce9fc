/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the run loop share. */
#ifndef RINGLET_RUN_INTERNAL_H
#define RINGLET_RUN_INTERNAL_H

#include "decode/decode.h"
#include "run/vcpu.h"

/**
 * enum run_result - what the run loop does after a step
 * @RUN_RESUME: go on with the guest
 * @RUN_USER: return 0 from KVM_RUN; run->exit_reason is set
 * @RUN_ERROR: return vcpu->error
 */
enum run_result {
	RUN_RESUME,
	RUN_USER,
	RUN_ERROR,
};

/* stop.c: end the VM with a sentence; RUN_USER with KVM_EXIT_INTERNAL_ERROR. */
__printf(2, 3) enum run_result run_stop(struct vcpu *vcpu, const char *format, ...);
/* What a cpu_result other than CPU_OK and CPU_FAULT means for KVM_RUN. */
enum run_result run_end(struct vcpu *vcpu, enum cpu_result result);

/* native.c: cpu_bus.execute */
enum cpu_result run_execute_native(struct virtual_cpu *cpu, struct cpu_native *native);

/* bus.c: struct cpu_bus of a vCPU */
extern const struct cpu_bus run_bus;

/* access.c: port and MMIO accesses, to chips in the kernel or through userspace */
enum cpu_result access_mmio_read(struct vcpu *vcpu, u64 gpa, void *data, unsigned int bytes);
enum cpu_result access_mmio_write(struct vcpu *vcpu, u64 gpa, const void *data,
				  unsigned int bytes);
enum cpu_result access_port_in(struct vcpu *vcpu, u16 port, unsigned int bytes,
			       unsigned int count, void *data);
enum cpu_result access_port_out(struct vcpu *vcpu, u16 port, unsigned int bytes,
				unsigned int count, const void *data);
/* Take userspace's answer; true if an instruction is to be emulated again. */
bool access_complete(struct vcpu *vcpu);
/* There is a posted write or a read that nobody has answered. */
bool access_waits(const struct vcpu *vcpu);
/*
 * Carry out posted writes until one is userspace's, or hand the pending read to
 * it; false: nothing is.
 */
bool access_to_user(struct vcpu *vcpu);
/* An instruction ended (or made progress): its answers are used up. */
void access_forget(struct vcpu *vcpu);

/* emulate.c: fetch, decode and emulate the instruction at RIP */
enum cpu_result run_decode(struct vcpu *vcpu, struct insn *insn);
enum run_result run_emulate(struct vcpu *vcpu, const struct insn *insn);
enum run_result run_emulate_current(struct vcpu *vcpu);

/* interpret.c: whether the state that the guest is in is interpreted, and a
 * number of its instructions; ends early when something else is due
 */
bool run_interprets(const struct vcpu *vcpu);
enum run_result run_interpret(struct vcpu *vcpu);
/* Guest memory by the interpreter's TLB; false: go another way */
bool run_interpreter_read(struct vcpu *vcpu, u64 linear, void *data, unsigned int bytes,
			  unsigned int access);
bool run_interpreter_write(struct vcpu *vcpu, u64 linear, const void *data, unsigned int bytes,
			   unsigned int access);
/* What the interpreter has to hear of, once it exists: CR3 loads and changed
 * paging, INVLPG, writes to tracked pages, writes by those who do not say so
 */
void run_interpreter_flush(struct vcpu *vcpu, bool keep_global);
void run_interpreter_flush_page(struct vcpu *vcpu, u64 linear);
void run_interpreter_written(struct vcpu *vcpu, u64 gpa, unsigned int bytes);
void run_interpreter_recheck(struct vcpu *vcpu);
void run_free_interpreter(struct vcpu *vcpu);
size_t run_interpreter_bytes(const struct vcpu *vcpu);

/**
 * enum run_step_flag - what a directly stepped instruction does with the trap flag
 * that steps it
 * @RUN_STEP_NONE: nothing
 * @RUN_STEP_PUSHES: it shows it on the stack (PUSHF)
 * @RUN_STEP_POPS: it sets the guest's own, which then looks like ours (POPF, IRET)
 */
enum run_step_flag {
	RUN_STEP_NONE,
	RUN_STEP_PUSHES,
	RUN_STEP_POPS,
};

/* Whether somebody wants to know of each step. */
static inline bool run_counts_steps(const struct vcpu *vcpu)
{
	return vcpu->steps_left || vcpu->debug.control & KVM_GUESTDBG_SINGLESTEP;
}

/* Whether KVM_RUN ends with KVM_EXIT_DEBUG before the next instruction. */
static inline bool run_must_end(const struct vcpu *vcpu)
{
	return vcpu->debug.hits;
}

/* debug.c: take the debugger's part of a #DB; the rest of @status is the guest's */
u64 run_debugger_takes(struct vcpu *vcpu, u64 status);
/* The end that run_must_end() foretold. */
enum run_result run_end_for_debugger(struct vcpu *vcpu);
/* INT3 that a debugger put into the code, or may have. */
bool run_is_software_breakpoint(const struct vcpu *vcpu, const struct insn *insn);
enum run_result run_end_at_software_breakpoint(struct vcpu *vcpu);
u64 run_behind_software_exception(struct vcpu *vcpu, unsigned int vector);

/* step.c: a step is over, if anybody counts */
void run_count_step(struct vcpu *vcpu);
/* Before and after a direct step: the guest shall see its own trap flag, not ours. */
enum run_step_flag run_step_before(struct vcpu *vcpu);
void run_step_after(struct vcpu *vcpu, enum run_step_flag flag);

/* exits.c: handle an exit */
enum run_result run_handle_exit(struct vcpu *vcpu, const struct world_exit *exit);

/* events.c: deliver what is due; RUN_RESUME if the guest can go on */
enum run_result run_deliver_events(struct vcpu *vcpu);
void run_queue_exception(struct vcpu *vcpu, const struct cpu_exception *exception);
/* The trap that is due after the last instruction. */
void run_queue_pending_debug(struct vcpu *vcpu);
/* Somebody waits for the guest to take interrupts. */
bool run_interrupt_wanted(const struct vcpu *vcpu);
/* And the guest would take one now. */
bool run_interrupt_due(const struct vcpu *vcpu);
/* It would, or would if a debugger did not hold it off. */
bool run_ends_halt(const struct vcpu *vcpu);
/* Whether a KVM_INTERRUPT would be taken now: the client is told. */
bool run_interrupt_window(const struct vcpu *vcpu);

/* tables.c: shadow GDT and LDT; 0, -ENOMEM, or -ENOSPC (stop) */
enum run_result run_sync_tables(struct vcpu *vcpu);
void run_forget_tables(struct vcpu *vcpu);
void run_tables_written(struct vcpu *vcpu, u64 gpa, unsigned int bytes);

#endif /* RINGLET_RUN_INTERNAL_H */
