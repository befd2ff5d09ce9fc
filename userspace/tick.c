// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timer interrupt for the guest, and the explanation of a guest that hangs
 * because POPF did not turn its interrupts on. Called by the vCPU's thread.
 */
#include "tick.h"

#define RFLAGS_IF   0x200u
#define CR0_PG	    0x80000000u
#define OPCODE_POPF 0x9d
/* A loop that waits is short; code that works is not. */
#define LOOP_BYTES	 256
#define BEFORE_LOOP	 64
#define PATIENCE_SECONDS 1

void tick_before_run(struct tick *tick, const struct vm *vm)
{
	struct kvm_run *run = vm->run;

	if (!tick->due)
		return;
	if (run->ready_for_interrupt_injection && run->if_flag && vm_interrupt(vm, TICK_VECTOR)) {
		tick->due = false;
		tick->waiting = 0;
		run->request_interrupt_window = 0;
		return;
	}
	run->request_interrupt_window = 1;
}

/* A byte that would be a POPF; 0 if there is none, or nobody can tell. */
static uint64_t find_popf(const struct guest_memory *memory, const struct kvm_sregs *sregs,
			  uint64_t address)
{
	uint64_t start = address > BEFORE_LOOP ? address - BEFORE_LOOP : 0;
	const uint8_t *code;

	if (sregs->cr0 & CR0_PG)
		return 0;
	code = guest_range(memory, sregs->cs.base + start, address - start);
	for (uint64_t at = address; code && at-- > start;)
		if (code[at - start] == OPCODE_POPF)
			return at;
	return 0;
}

static void explain(struct tick *tick, const struct guest_memory *memory,
		    const struct kvm_sregs *sregs, struct message *sentence)
{
	uint64_t popf = find_popf(memory, sregs, tick->highest);
	struct message place = { "" };

	if (popf)
		fill_message(&place, " (there is one at 0x%llx)", (unsigned long long)popf);
	fill_message(sentence,
		     "the guest has interrupts off (IF=0) and spins at 0x%llx while its timer "
		     "waits. If it restored IF with POPF%s, that was lost: POPF neither traps nor "
		     "changes IF in ring 1. `ringlet holes --explain popf` shows it",
		     (unsigned long long)tick->lowest, place.text);
}

bool tick_watch(struct tick *tick, const struct vm *vm, const struct guest_memory *memory,
		struct message *sentence)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (!tick->rate || tick->explained || !tick->due)
		return false;
	if (!vm_get_registers(vm, &regs, &sregs) || regs.rflags & RFLAGS_IF) {
		tick->waiting = 0;
		return false;
	}
	if (!tick->waiting++)
		tick->lowest = tick->highest = regs.rip;
	if (regs.rip < tick->lowest)
		tick->lowest = regs.rip;
	if (regs.rip > tick->highest)
		tick->highest = regs.rip;
	if (tick->highest - tick->lowest > LOOP_BYTES) {
		tick->waiting = 0;
		return false;
	}
	if (tick->waiting < PATIENCE_SECONDS * tick->rate)
		return false;
	tick->explained = true;
	explain(tick, memory, &sregs, sentence);
	return true;
}
