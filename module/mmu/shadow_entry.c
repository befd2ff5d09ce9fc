// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shadow leaf from a guest walk. Called when the shadow is filled, in the
 * host world. Pure.
 */
#include "mmu/shadow_entry.h"

/**
 * shadow_leaf() - the 4 KiB leaf that lets the guest use one page
 * @walk: of the access that needs it, WALK_OK
 * @pfn: the host's page frame
 * @flags: SHADOW_WRITE_PROTECT and the like
 *
 * The guest world always runs with CR0.WP=1, so a guest with WP=0 needs help
 * with the one case in which its own bits and the processor's disagree: the
 * supervisor writes a page that its tables make read-only. For a supervisor
 * page the leaf simply becomes writable. A user page must not become writable
 * for ring 3: as long as the supervisor writes it, it is a supervisor page, and
 * the next user access faults and gets the leaf as the guest's tables say it.
 *
 * A clear D maps read-only, so that the first write comes here and sets it.
 *
 * Context: any; the address is a plain one (the caller adds the bit of memory
 * encryption).
 */
u64 shadow_leaf(const struct guest_walk *walk, u64 pfn, unsigned int flags)
{
	const bool may_write = walk->dirty && !(flags & SHADOW_WRITE_PROTECT);
	bool writable = walk->writable;
	bool user = walk->user;
	u64 leaf = PTE_P | PTE_A | ((pfn << 12) & SHADOW_ADDRESS);

	if (!writable && !(flags & SHADOW_CR0_WP)) {
		if (!user) {
			writable = true;
		} else if ((flags & SHADOW_SUPERVISOR_WRITE) && may_write) {
			writable = true;
			user = false;
		}
	}

	if (writable && may_write)
		leaf |= PTE_W | PTE_D;
	if (user)
		leaf |= PTE_U;
	if (!walk->executable && (flags & SHADOW_HOST_NX))
		leaf |= PTE_NX;
	return leaf;
}
