/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of the test guests: what the paging tests share. Runs in guest
 * ring 0.
 */
#ifndef PAGING_H
#define PAGING_H

#include "guest.h"

#define PAGE	 4096u

#define PAGE_P	 1u
#define PAGE_W	 2u
#define PAGE_U	 4u
#define PAGE_A	 0x20u
#define PAGE_D	 0x40u
#define PAGE_PS	 0x80u
#define PAGE_G	 0x100u
#define PAGE_PW	 (PAGE_P | PAGE_W)
#define PAGE_PWU (PAGE_P | PAGE_W | PAGE_U)

/* Bits of a page fault's error code. */
#define PF_P	1u
#define PF_W	2u
#define PF_U	4u
#define PF_RSVD 8u
#define PF_I	0x10u

/* Where tests map: beyond the guest's memory, so nothing is there by itself. */
#define WINDOW 0x40000000u

static inline u32 read32(u32 address)
{
	return *(volatile u32 *)address;
}

static inline void write32(u32 address, u32 value)
{
	*(volatile u32 *)address = value;
}

static inline void flush(u32 address)
{
	invlpg((void *)address);
}

static inline void flush_all(void)
{
	write_cr3(read_cr3());
}

#define TRY_READ(address)	  TRY("movl (%0), %%eax", "r"(address))
#define TRY_WRITE(address, value) TRY("movl %1, (%0)", "r"(address), "r"(value))
/* The code at @address must be a RET. */
#define TRY_CALL(address) TRY("call *%0", "r"(address))

#endif /* PAGING_H */
