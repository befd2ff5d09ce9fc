// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that turn guest state into what the hardware may be given. Called when
 * shadow descriptor tables are filled and before each entry; runs in the host
 * world. Pure.
 */
#include "world/sanitize.h"

static unsigned int descriptor_type(u64 raw)
{
	return (raw & DESCRIPTOR_TYPE) >> DESCRIPTOR_TYPE_SHIFT;
}

static unsigned int descriptor_dpl(u64 raw)
{
	return (raw & DESCRIPTOR_DPL) >> DESCRIPTOR_DPL_SHIFT;
}

static u64 with_dpl(u64 raw, u64 dpl)
{
	return (raw & ~DESCRIPTOR_DPL) | dpl << DESCRIPTOR_DPL_SHIFT;
}

u64 sanitize_descriptor(u64 raw)
{
	unsigned int dpl = descriptor_dpl(raw);
	unsigned int type = descriptor_type(raw);
	u64 shadow;

	/*
	 * A gate could aim at our hidden code selector; a TSS or LDT would be
	 * read in the 16-byte format of long mode.
	 */
	if (!(raw & DESCRIPTOR_S))
		return 0;

	/* The shadow is read-only in the guest world: A must not be written. */
	shadow = (raw & ~DESCRIPTOR_L) | DESCRIPTOR_ACCESSED;

	if (type & TYPE_CODE) {
		switch (dpl) {
		case 0:
			return with_dpl(shadow, 1);
		case 3:
			return shadow & ~DESCRIPTOR_P;
		default:
			/* Ring 0 may not run these; ring 1 could. */
			return with_dpl(shadow, 1) & ~DESCRIPTOR_P;
		}
	}

	/*
	 * DPL 1 becomes 2, so that SS refuses it in ring 1 as it does in the
	 * guest's ring 0.
	 */
	switch (dpl) {
	case 0:
		return with_dpl(shadow, 1);
	case 1:
		return with_dpl(shadow, 2);
	default:
		return shadow;
	}
}

u64 sanitize_segment(const struct segment *segment)
{
	u64 shadow = sanitize_descriptor(segment_to_descriptor(segment));

	/*
	 * It was loaded, so it is present, also where its descriptor in a table
	 * must trap: code that ring 0 only reads through a data register.
	 */
	return shadow ? shadow | DESCRIPTOR_P : 0;
}

u64 sanitized_open_user_code(u64 shadow)
{
	unsigned int type = descriptor_type(shadow);

	/* Conforming code of any DPL runs in ring 3 too. */
	if ((shadow & DESCRIPTOR_S) && (type & TYPE_CODE) &&
	    (descriptor_dpl(shadow) == 3 || type & TYPE_CODE_CONFORMING))
		shadow |= DESCRIPTOR_P;
	return shadow;
}

bool sanitized_matches(u64 shadow, const struct segment *segment)
{
	return shadow == sanitize_descriptor(segment_to_descriptor(segment));
}

u64 sanitize_dr7(u64 dr7)
{
	unsigned int i;
	u64 result = dr7 & 0xffff03ffULL; /* GD and reserved bits away */

	for (i = 0; i < 4; i++) {
		unsigned int shift = 16 + 4 * i;
		unsigned int condition = dr7 >> shift & 3;
		unsigned int length = dr7 >> (shift + 2) & 3;

		/*
		 * I/O always traps and is checked by the emulator. Length 2
		 * means 8 bytes in long mode and would reach above 4 GiB.
		 */
		if (condition == 2 || length == 2) {
			result &= ~(0xfULL << shift);
			result &= ~(3ULL << (2 * i));
		}
	}
	return result | BIT(10);
}

u64 sanitized_restore(u64 shadow)
{
	return descriptor_dpl(shadow) == 1 ? with_dpl(shadow, 0) : shadow;
}
