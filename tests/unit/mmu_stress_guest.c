// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest of the stress test: what it writes to its page tables, and when it
 * flushes.
 */
#include "mmu_stress.h"

/* ---- the guest ------------------------------------------------------------- */

/* Few addresses, so that things meet: of two GiB, four 2 MiB, six pages each. */
u32 random_linear(void)
{
	static const u32 pages[6] = { 0, 1, 2, 3, 4, 511 };

	return (chance(30) ? 3u << 30 : 0) | dice(4) << 21 | pages[dice(6)] << 12;
}

bool guest_is_pae(void)
{
	return cpu.cr4 & X86_CR4_PAE;
}

unsigned int entry_bytes(void)
{
	return guest_is_pae() ? 8 : 4;
}

/* Where in a table an entry is that one of the addresses uses. */
unsigned int random_offset(void)
{
	static const u16 eight[] = { 0, 1, 2, 3, 4, 511 };
	static const u16 four[] = { 0, 1, 768, 769, 2, 3, 4, 511, 512, 513, 516, 1023 };

	return guest_is_pae() ? eight[dice(ARRAY_SIZE(eight))] * 8
			      : four[dice(ARRAY_SIZE(four))] * 4;
}

static u64 random_frame(void)
{
	const unsigned int kind = dice(100);

	if (kind < 55)
		return dice(TABLE_PAGES);
	if (kind < 85)
		return TABLE_PAGES + dice(40 - TABLE_PAGES);
	if (kind < 92)
		return guest_is_pae() ? 0xc00000 + dice(8) : dice(40);
	return kind < 96 ? 0x80 + dice(8) : 0x200 + dice(4);
}

u64 random_entry(void)
{
	u64 entry = random_frame() << 12;

	if (chance(8))
		entry = guest_is_pae() && chance(20) ? 0xc00000000 | PTE_PS : PTE_PS;
	entry |= (chance(96) ? PTE_P : 0) | (chance(85) ? PTE_W : 0) | (chance(85) ? PTE_U : 0) |
		 (chance(60) ? PTE_A : 0) | (chance(60) ? PTE_D : 0) | (chance(20) ? PTE_G : 0);
	if (guest_is_pae() && (cpu.efer & EFER_NX) && chance(15))
		entry |= PTE_NX;
	if (guest_is_pae() && chance(1))
		entry |= BIT_ULL(36 + dice(28));
	return guest_is_pae() ? entry : (u32)entry;
}

void *memory_at(u64 gpa)
{
	const int page = memory_page(gpa, NULL);

	return page < 0 ? NULL
			: shim_client_page(CLIENT_BASE + page * PAGE_SIZE)->memory + (gpa & 4095);
}

/* The emulator's write: whoever tracks the page must hear of it. */
enum mmu_access emulator_write(u64 gpa, const void *data, unsigned int bytes)
{
	const int page = memory_page(gpa, NULL);
	enum mmu_access result;

	heard = -1;
	result = mmu_write_guest(&mmu, gpa, data, bytes);
	if (result == MMU_RAM && tracked[page] && heard != page)
		fail("nobody heard of a write to a tracked page");
	return result;
}

void write_entry(void)
{
	const u64 gpa = dice(TABLE_PAGES) * PAGE_SIZE + random_offset();
	u64 entry = random_entry(), old = 0;
	bool done;

	memcpy(&old, memory_at(gpa), entry_bytes());
	switch (dice(12)) {
	case 0: entry = 0; break;
	case 1: /* Only rights and marks change, as they do most. */
	case 2:
	case 3:
		entry = old ^ (BIT_ULL(1 + dice(2)) | (chance(30) ? PTE_A : 0) |
			       (chance(30) ? PTE_D : 0));
		break;
	case 4: emulator_write(gpa + dice(3), &entry, 1 + dice(2)); return;
	case 5:
		mmu_compare_exchange_guest(&mmu, gpa, &old, entry, entry_bytes(), &done);
		if (!done)
			fail("an exchange found something else");
		return;
	case 6:
		emulator_write(gpa + (guest_is_pae() ? 4 : 0),
			       (char *)&entry + (guest_is_pae() ? 4 : 0), 4);
		model_record();
		emulator_write(gpa, &entry, 4);
		return;
	}
	emulator_write(gpa, &entry, entry_bytes());
}

/* A whole table, as a guest makes one for a new process. */
void fill_table(void)
{
	const u64 gpa = dice(TABLE_PAGES) * PAGE_SIZE;
	unsigned int i;
	u64 entry;

	for (i = 0; i < 8; i++) {
		entry = random_entry() | PTE_P | PTE_W | PTE_U;
		emulator_write(gpa + random_offset(), &entry, entry_bytes());
		model_record();
	}
}

/* ---- flushes --------------------------------------------------------------- */

void guest_flushed(void)
{
	forget_hot_pages();
	model_flush();
}

void load_cr3(unsigned int root)
{
	unsigned int i;

	cpu.cr3 = root * PAGE_SIZE;
	/* The pointers' rules are not ours: give them as a good guest would. */
	for (i = 0; i < 4; i++) {
		memcpy(&cpu.pdptrs[i], memory_at(cpu.cr3) + i * 8, 8);
		cpu.pdptrs[i] &= 0xffffff001ULL;
	}
	mmu_load_root(&vcpu, &cpu);
	/* Flushes that find nothing to do. */
	for (i = chance(5) ? 20 : 0; i; i--)
		mmu_load_root(&vcpu, &cpu);
	model_record();
	guest_flushed();
}

unsigned int random_root(void)
{
	return chance(60) ? dice(ROOTS) : cpu.cr3 / PAGE_SIZE;
}

void change_mode(void)
{
	const unsigned int mode = dice(16);

	cpu.cr0 = X86_CR0_PE | (chance(60) ? X86_CR0_WP : 0) | (mode ? X86_CR0_PG : 0);
	cpu.cr4 = (chance(50) ? X86_CR4_PGE : 0) | (chance(80) ? X86_CR4_PSE : 0);
	cpu.efer = chance(60) ? EFER_NX : 0;
	if (mode > 6)
		cpu.cr4 |= X86_CR4_PAE;
	if (mode > 12)
		cpu.efer |= EFER_LME | EFER_LMA;
	if (chance(10))
		cpu.cr4 |= X86_CR4_SMEP | X86_CR4_SMAP;
	load_cr3(random_root());
}

/* INVLPG; of a large page all of it goes. */
void flush_page(u32 linear)
{
	mmu_flush_page(&vcpu, &cpu, linear);
	model_record();
	forget_hot_pages_at(linear);
	model_flush_page(linear);
}
