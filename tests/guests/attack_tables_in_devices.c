// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: a guest whose page directory lies in device memory is stopped with
 * a sentence.
 */
#include "paging.h"

void guest_main(void)
{
	write_cr3(0xe0000000);
	write_cr0(read_cr0() | CR0_PG);
	check(false, "this guest must have been stopped");
}
