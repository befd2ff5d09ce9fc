// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine checks: the registers in which a processor reports errors. Nothing is
 * ever wrong with the virtual CPU, but a client can say that something is. Called
 * by the MSRs' dispatch and by the api (KVM_X86_SETUP_MCE, KVM_X86_SET_MCE), in
 * the host world. Pure.
 *
 * Manual: "Machine-Check Architecture".
 */
#include "cpu/internal.h"

#define CAP_COUNT	0xffULL
#define CAP_CTL_P	BIT_ULL(8)
#define CAP_EXT_COUNT	0xff0000ULL
#define CAP_SER_P	BIT_ULL(24)

#define STATUS_IN_PROGRESS BIT_ULL(2) /* MCG_STATUS.MCIP */

#define BANK_VALID	BIT_ULL(63)
#define BANK_OVERFLOW	BIT_ULL(62)
#define BANK_UNCORRECTED BIT_ULL(61)
#define BANK_CORRUPT	BIT_ULL(57)
#define BANK_SIGNALED	BIT_ULL(56)
#define BANK_ACTION	BIT_ULL(55)

#define MSR_P5_ADDRESS	 0x0
#define MSR_P5_TYPE	 0x1
#define MSR_BANK_FIRST	 0x400
#define MSR_CTL2_FIRST	 0x280

/* Registers of a bank, in the order of their numbers. */
enum bank_register { BANK_CTL, BANK_STATUS, BANK_ADDR, BANK_MISC };

static unsigned int banks_of(const struct virtual_cpu *cpu)
{
	return cpu->machine_check.capabilities & CAP_COUNT;
}

static bool is_bank(u32 index)
{
	return index >= MSR_BANK_FIRST && index < MSR_BANK_FIRST + 4 * CPU_MACHINE_CHECK_BANKS;
}

static bool is_ctl2(u32 index)
{
	return index >= MSR_CTL2_FIRST && index < MSR_CTL2_FIRST + CPU_MACHINE_CHECK_BANKS;
}

/* The register of a bank that there is, or NULL. */
static u64 *bank_register(struct virtual_cpu *cpu, u32 index)
{
	const unsigned int bank = (index - MSR_BANK_FIRST) / 4;

	return bank < banks_of(cpu) ? &cpu->machine_check.banks[bank][index % 4] : NULL;
}

bool machine_check_has(u32 index)
{
	return index == MSR_P5_ADDRESS || index == MSR_P5_TYPE || index == MSR_IA32_MCG_CAP ||
	       index == MSR_IA32_MCG_CTL || is_bank(index) || is_ctl2(index);
}

bool machine_check_read(struct virtual_cpu *cpu, u32 index, u64 *value, bool host)
{
	const struct cpu_machine_check *state = &cpu->machine_check;
	const u64 *bank;

	*value = 0;
	if (is_bank(index)) {
		bank = bank_register(cpu, index);
		if (bank)
			*value = *bank;
		return bank;
	}
	/* Interrupts for corrected errors are not there: the client may ask all the same. */
	if (is_ctl2(index))
		return host && index - MSR_CTL2_FIRST < banks_of(cpu);
	switch (index) {
	case MSR_IA32_MCG_CAP:
		*value = state->capabilities;
		return true;
	case MSR_IA32_MCG_CTL:
		*value = state->control;
		return host || state->capabilities & CAP_CTL_P;
	default: return true;
	}
}

/* What Linux leaves clear in one bank of an AMD, and UnixWare in another, is fine. */
static bool control_valid(u64 value)
{
	return !value || (value | BIT_ULL(10) | BIT_ULL(0)) == ~0ULL;
}

static bool write_bank(struct virtual_cpu *cpu, u32 index, u64 value, bool host)
{
	u64 *bank = bank_register(cpu, index);

	if (!bank)
		return false;
	if (index % 4 == BANK_CTL && !control_valid(value))
		return false;
	/* The guest may only clear what was reported. */
	if (index % 4 == BANK_STATUS && value && !host)
		return false;
	*bank = value;
	return true;
}

bool machine_check_write(struct virtual_cpu *cpu, u32 index, u64 value, bool host)
{
	struct cpu_machine_check *state = &cpu->machine_check;

	if (is_bank(index))
		return write_bank(cpu, index, value, host);
	if (is_ctl2(index))
		return host && !value && index - MSR_CTL2_FIRST < banks_of(cpu);
	if (index != MSR_IA32_MCG_CTL)
		return false;
	if (!(state->capabilities & CAP_CTL_P) && (value || !host))
		return false;
	if (value && value != ~0ULL)
		return false;
	state->control = value;
	return true;
}

/**
 * cpu_setup_machine_check() - how many banks there are, and what they can
 * @cpu: the virtual CPU
 * @capabilities: MCG_CAP: at least one bank, of CPU_MACHINE_CHECK_SUPPORTED
 *
 * Return: false if there is no such thing; then nothing was changed.
 */
bool cpu_setup_machine_check(struct virtual_cpu *cpu, u64 capabilities)
{
	struct cpu_machine_check *state = &cpu->machine_check;
	const unsigned int banks = capabilities & CAP_COUNT;
	unsigned int i;

	if (!banks || banks > CPU_MACHINE_CHECK_BANKS)
		return false;
	if (capabilities & ~(CPU_MACHINE_CHECK_SUPPORTED | CAP_COUNT | CAP_EXT_COUNT))
		return false;
	state->capabilities = capabilities;
	if (capabilities & CAP_CTL_P)
		state->control = ~0ULL;
	for (i = 0; i < banks; i++)
		state->banks[i][BANK_CTL] = ~0ULL;
	return true;
}

static void fill_bank(u64 *bank, const struct cpu_machine_error *error, u64 status)
{
	bank[BANK_STATUS] = status;
	bank[BANK_ADDR] = error->address;
	bank[BANK_MISC] = error->misc;
}

/* Uncorrected, but nobody has used it yet. */
static bool needs_no_action(const struct cpu_machine_error *error)
{
	return !error->global_status &&
	       !(error->status & (BANK_CORRUPT | BANK_SIGNALED | BANK_ACTION)) &&
	       error->status & BANK_UNCORRECTED;
}

static enum cpu_result report_uncorrected(struct virtual_cpu *cpu, u64 *bank,
					  const struct cpu_machine_error *error)
{
	const struct cpu_machine_check *state = &cpu->machine_check;

	/* Switched off by software. */
	if (state->capabilities & CAP_CTL_P && state->control != ~0ULL)
		return CPU_OK;
	if (bank[BANK_CTL] != ~0ULL)
		return CPU_OK;
	if (cpu->msrs.machine_check_status & STATUS_IN_PROGRESS || !(cpu->cr4 & X86_CR4_MCE))
		return CPU_SHUTDOWN;
	fill_bank(bank, error,
		  error->status | (bank[BANK_STATUS] & BANK_VALID ? BANK_OVERFLOW : 0));
	cpu->msrs.machine_check_status = error->global_status;
	return cpu_fault(cpu, X86_TRAP_MC);
}

/**
 * cpu_report_machine_error() - what the processor does when something breaks
 * @cpu: the virtual CPU
 * @error: what
 *
 * Return: CPU_OK: noted; CPU_FAULT: #MC in cpu->fault; CPU_SHUTDOWN: it comes
 * during another, or nobody has asked for #MC; CPU_STOP: there is no such error.
 */
enum cpu_result cpu_report_machine_error(struct virtual_cpu *cpu,
					 const struct cpu_machine_error *error)
{
	u64 *bank;

	if (error->bank >= banks_of(cpu) || !(error->status & BANK_VALID))
		return cpu_stop(cpu, "there is no such machine check");
	bank = cpu->machine_check.banks[error->bank];
	if (needs_no_action(error)) {
		fill_bank(bank, error, error->status);
		cpu->msrs.machine_check_status = error->global_status;
		return CPU_OK;
	}
	if (error->status & BANK_UNCORRECTED)
		return report_uncorrected(cpu, bank, error);
	if (bank[BANK_STATUS] & BANK_VALID && bank[BANK_STATUS] & BANK_UNCORRECTED)
		bank[BANK_STATUS] |= BANK_OVERFLOW;
	else
		fill_bank(bank, error,
			  error->status | (bank[BANK_STATUS] & BANK_VALID ? BANK_OVERFLOW : 0));
	return CPU_OK;
}
