// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest is told of the processor's mistakes, in the MSR that Intel made
 * for that. Called by the run loop, in the host world.
 */
#include <linux/bits.h>
#include <asm/cpufeature.h>
#include <asm/msr-index.h>

#include "host/host.h"

u64 host_arch_capabilities(void)
{
	/* A guest's large pages are none of the processor's. */
	u64 value = ARCH_CAP_PSCHANGE_MC_NO;

	if (!boot_cpu_has_bug(X86_BUG_CPU_MELTDOWN))
		value |= ARCH_CAP_RDCL_NO;
	if (!boot_cpu_has_bug(X86_BUG_SPEC_STORE_BYPASS))
		value |= ARCH_CAP_SSB_NO;
	if (!boot_cpu_has_bug(X86_BUG_MDS))
		value |= ARCH_CAP_MDS_NO;
	/* Transactions are not offered, whatever they would leak. */
	value |= ARCH_CAP_TAA_NO;
#ifdef X86_BUG_MMIO_UNKNOWN
	if (boot_cpu_has_bug(X86_BUG_MMIO_UNKNOWN))
		return value;
#endif
	if (!boot_cpu_has_bug(X86_BUG_MMIO_STALE_DATA))
		value |= ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO;
	return value;
}
