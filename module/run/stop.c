// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ends of KVM_RUN that are not the guest's wish: a state that ringlet
 * cannot run, a triple fault, memory that cannot be had. Called by the run
 * loop, host world.
 */
#include "run/internal.h"

enum run_result run_stop(struct vcpu *vcpu, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vscnprintf(vcpu->stop_text, sizeof(vcpu->stop_text), format, arguments);
	va_end(arguments);
	vcpu->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	vcpu->run->internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
	vcpu->run->internal.ndata = 0;
	return RUN_USER;
}

enum run_result run_end(struct vcpu *vcpu, enum cpu_result result)
{
	switch (result) {
	case CPU_SHUTDOWN:
		vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
		return RUN_USER;
	case CPU_STOP:
		if (vcpu->error)
			return RUN_ERROR;
		return run_stop(vcpu, "%s", vcpu->cpu.stop_reason);
	case CPU_USER:
		/* What the kernel has carried out made room: go around. */
		if (access_waits(vcpu))
			return access_to_user(vcpu) ? RUN_USER : RUN_RESUME;
		return run_stop(vcpu, "an access waits for userspace that nobody made");
	default:
		return RUN_RESUME;
	}
}
