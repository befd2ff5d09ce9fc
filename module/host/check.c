// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refuses hosts that ringlet cannot serve. Called once while the module loads,
 * in the host world. Every reason is a row of one table: what to look at, and
 * the sentence for the person who typed insmod.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/cc_platform.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/special_insns.h>

#include "host/host.h"

/* The guest has the 4 GiB that a 32-bit host would live in itself. */
static_assert(IS_ENABLED(CONFIG_X86_64), "ringlet needs a 64-bit x86 kernel");

/* "Control Registers" in the SDM; 6.1 has no names for the last two. */
#define HOST_CR4_CET BIT_ULL(23)
#define HOST_CR4_LASS BIT_ULL(27)
#define HOST_CR4_FRED BIT_ULL(32)

static bool under_xen_pv(void)
{
	return boot_cpu_has(X86_FEATURE_XENPV);
}

/* PVM and its like run the kernel itself in ring 3: its CS says so. */
static bool not_in_ring0(void)
{
	u16 cs;

	savesegment(cs, cs);
	return (cs & SEGMENT_RPL_MASK) != 0;
}

static bool no_execute_disable(void)
{
	u64 efer;

	if (!boot_cpu_has(X86_FEATURE_NX) || rdmsrl_safe(MSR_EFER, &efer))
		return true;
	return !(efer & EFER_NX);
}

static bool no_fxsr(void)
{
	return !boot_cpu_has(X86_FEATURE_FXSR) || !boot_cpu_has(X86_FEATURE_XMM2);
}

/*
 * The guest world's page tables would need the encryption bit, and its IDT a
 * handler for #VC.
 */
static bool memory_encrypted(void)
{
	return cc_platform_has(CC_ATTR_MEM_ENCRYPT) || cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}

static bool fred_active(void)
{
	return __read_cr4() & HOST_CR4_FRED;
}

static bool cet_active(void)
{
	return __read_cr4() & HOST_CR4_CET;
}

static bool lass_active(void)
{
	return __read_cr4() & HOST_CR4_LASS;
}

/**
 * struct refusal - one kind of host that ringlet cannot serve
 * @applies: whether this host is of the kind; a later row may rely on the
 *	earlier ones not to apply
 * @error: what loading fails with
 * @sentence: why, and what would help
 */
struct refusal {
	bool (*applies)(void);
	int error;
	const char *sentence;
};

static const struct refusal refusals[] = {
	{ under_xen_pv, -ENODEV,
	  "this kernel is a Xen PV guest and has no ring 0 of its own; use an HVM or PVH domain" },
	{ not_in_ring0, -ENODEV,
	  "this kernel does not run in ring 0 (a paravirtual hypervisor keeps it); use a fully virtualized machine" },
	{ no_execute_disable, -EOPNOTSUPP,
	  "this CPU runs without execute-disable (NX); switch it on in the firmware and boot without noexec=off" },
	{ no_fxsr, -ENODEV, "this CPU has no FXSR and SSE2, which every 64-bit x86 CPU has" },
	{ memory_encrypted, -EOPNOTSUPP,
	  "memory encryption (SME, SEV or TDX) is active, which ringlet does not handle yet; boot with mem_encrypt=off, outside a confidential guest" },
	{ fred_active, -EOPNOTSUPP,
	  "event delivery by FRED is active, which ringlet does not handle yet; boot with fred=off" },
	{ cet_active, -EOPNOTSUPP,
	  "control-flow enforcement (CET) is active, which ringlet does not handle yet; boot with ibt=off nousershstk" },
	{ lass_active, -EOPNOTSUPP,
	  "linear address-space separation (LASS) is active, which ringlet does not handle yet; boot with clearcpuid=lass" },
};

int host_check(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (refusals[i].applies()) {
			pr_err("%s\n", refusals[i].sentence);
			return refusals[i].error;
		}
	}
	return 0;
}
