// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: an exception for which there is no IDT at all is a triple fault,
 * and that ends the run as a shutdown.
 */
#include "guest.h"

void guest_main(void)
{
	static const struct table_register none = { 0, 0 };

	check(true, "the guest runs until then");
	asm volatile("lidt %0; ud2" ::"m"(none));
	check(false, "the guest runs on");
}
