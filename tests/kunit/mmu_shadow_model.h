/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a shadow leaf must be, told by what the processor would let the guest do
 * with it: the guest world runs with CR0.WP=1, EFER.NX on, SMEP and SMAP off.
 * Included by the KUnit suite and by the userspace test.
 */
#ifndef RINGLET_TESTS_MMU_SHADOW_MODEL_H
#define RINGLET_TESTS_MMU_SHADOW_MODEL_H

#include "mmu/shadow_entry.h"

#define SHADOW_MODEL_WALKS 16
#define SHADOW_MODEL_FLAGS 16
#define SHADOW_MODEL_SIZES 4
#define SHADOW_MODEL_PFNS  4
#define SHADOW_MODEL_CASES \
	(SHADOW_MODEL_WALKS * SHADOW_MODEL_FLAGS * SHADOW_MODEL_SIZES * SHADOW_MODEL_PFNS)

struct shadow_case {
	struct guest_walk walk;
	unsigned int flags;
	u64 pfn;
	u64 leaf;
};

/* An access: what, and by whom. */
struct shadow_use {
	bool write;
	bool fetch;
	bool user;
};

static const struct shadow_use shadow_uses[] = {
	{},
	{ .write = true },
	{ .fetch = true },
	{ .user = true },
	{ .user = true, .write = true },
	{ .user = true, .fetch = true },
};

static void shadow_case_make(struct shadow_case *one, unsigned int number)
{
	static const u64 sizes[SHADOW_MODEL_SIZES] = { 4096, 2 << 20, 4 << 20, 4ULL << 30 };
	static const u64 pfns[SHADOW_MODEL_PFNS] = { 1, 0xabcde, 0x123456789, 0xffffffffff };

	memset(one, 0, sizeof(*one));
	one->walk.writable = number & 1;
	one->walk.user = number & 2;
	one->walk.executable = number & 4;
	one->walk.dirty = number & 8;
	number /= SHADOW_MODEL_WALKS;
	one->flags = number % SHADOW_MODEL_FLAGS;
	number /= SHADOW_MODEL_FLAGS;
	one->walk.page_bytes = sizes[number % SHADOW_MODEL_SIZES];
	one->pfn = pfns[number / SHADOW_MODEL_SIZES];
	one->leaf = shadow_leaf(&one->walk, one->pfn, one->flags);
}

/* The processor, of a present leaf. */
static bool shadow_hardware_allows(u64 leaf, struct shadow_use use)
{
	return (!use.user || (leaf & (1 << 2))) && (!use.write || (leaf & (1 << 1))) &&
	       (!use.fetch || !(leaf >> 63));
}

/* The guest's own tables, D apart. */
static bool shadow_guest_allows(const struct shadow_case *one, struct shadow_use use)
{
	if (use.user && !one->walk.user)
		return false;
	if (use.fetch)
		return one->walk.executable;
	if (use.write && !one->walk.writable)
		return !use.user && !(one->flags & SHADOW_CR0_WP);
	return true;
}

/* Whether the access may go ahead without the VMM seeing it. */
static bool shadow_may_pass(const struct shadow_case *one, struct shadow_use use)
{
	if (use.write && (!one->walk.dirty || (one->flags & SHADOW_WRITE_PROTECT)))
		return false;
	return shadow_guest_allows(one, use);
}

static const char *shadow_check_bits(const struct shadow_case *one)
{
	const u64 leaf = one->leaf;

	if (!(leaf & 0x01) || !(leaf & 0x20))
		return "P and A must be set";
	if (leaf & 0x198)
		return "PWT, PCD, PAT and G must be clear";
	if ((leaf & 0xe00) || ((leaf >> 52) & 0x7ff))
		return "unknown bits";
	if ((leaf & 0xffffffffff000ULL) != one->pfn * 4096)
		return "other page frame";
	if (!(leaf & 0x02) != !(leaf & 0x40))
		return "D goes with W";
	if ((leaf >> 63) && !(one->flags & SHADOW_HOST_NX))
		return "NX is reserved on this host";
	return NULL;
}

/* Nothing passes that must not. Without NX on the host, fetches cannot be told. */
static const char *shadow_check_safe(const struct shadow_case *one)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shadow_uses); i++) {
		const struct shadow_use use = shadow_uses[i];

		if (use.fetch && !(one->flags & SHADOW_HOST_NX))
			continue;
		if (shadow_hardware_allows(one->leaf, use) && !shadow_may_pass(one, use))
			return "an access passes that the guest or the VMM forbids";
	}
	return NULL;
}

/*
 * What may pass does pass, or the guest would fault for ever on the access in
 * hand, and needlessly on others. Only the two faces of a read-only user page
 * under WP=0 exclude each other: writes of the supervisor, and ring 3.
 */
static const char *shadow_check_progress(const struct shadow_case *one)
{
	const bool two_faces = one->walk.user && !one->walk.writable &&
			       !(one->flags & SHADOW_CR0_WP);
	const bool supervisor_write = one->flags & SHADOW_SUPERVISOR_WRITE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shadow_uses); i++) {
		const struct shadow_use use = shadow_uses[i];

		if (!shadow_may_pass(one, use) || shadow_hardware_allows(one->leaf, use))
			continue;
		if (!two_faces)
			return "an access is refused that may pass";
		if (supervisor_write ? !use.user : use.user || !use.write)
			return "the access in hand is refused";
	}
	return NULL;
}

#endif /* RINGLET_TESTS_MMU_SHADOW_MODEL_H */
