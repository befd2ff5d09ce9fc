// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest world's page tables above 4 GiB: the switcher's pages at their host
 * addresses, supervisor-only, not global, with A and D preset so that the
 * processor never writes the tables. Called when a vCPU is made; host world.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/pgtable.h>
#include <asm/special_insns.h>

#include <ringlet/x86.h>
#include "world/root.h"

#define ENTRIES_PER_TABLE 512
#define ENTRY_FRAME GENMASK_ULL(51, 12)

static bool five_levels(void)
{
	return native_read_cr4() & X86_CR4_LA57;
}

static unsigned int top_level(void)
{
	return five_levels() ? 5 : 4;
}

static u64 *new_table(struct world_root *root)
{
	u64 *table;

	if (root->table_count == WORLD_ROOT_TABLES)
		return ERR_PTR(-ENOSPC);
	table = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	root->tables[root->table_count++] = table;
	return table;
}

static u64 frame_of(const void *address)
{
	u64 physical;

	if (virt_addr_valid(address))
		physical = __pa(address);
	else
		physical = (u64)vmalloc_to_pfn(address) << PAGE_SHIFT;
	return __sme_set(physical & PAGE_MASK);
}

static u64 *table_of(u64 entry)
{
	return __va(__sme_clr(entry) & ENTRY_FRAME);
}

static unsigned int table_index(u64 address, unsigned int level)
{
	return address >> (12 + 9 * (level - 1)) & (ENTRIES_PER_TABLE - 1);
}

int world_root_init(struct world_root *root, u64 *low)
{
	u64 *table = new_table(root);

	if (IS_ERR(table))
		return PTR_ERR(table);
	root->top = table;
	if (five_levels()) {
		u64 *pml4 = new_table(root);

		if (IS_ERR(pml4)) {
			world_root_destroy(root);
			return PTR_ERR(pml4);
		}
		table[0] = frame_of(pml4) | PTE_P | PTE_W | PTE_U | PTE_A;
		table = pml4;
	}
	if (low)
		table[0] = frame_of(low) | PTE_P | PTE_W | PTE_U | PTE_A;
	return 0;
}

void world_root_destroy(struct world_root *root)
{
	while (root->table_count)
		free_page((unsigned long)root->tables[--root->table_count]);
	root->top = NULL;
}

/* @rights: PTE_U for pages of ring 3, which every level must grant. */
static int map_page(struct world_root *root, u64 linear, const void *address,
		    enum world_page_use use, u64 rights)
{
	static const u64 bits[] = {
		[WORLD_PAGE_TEXT] = PTE_P | PTE_A,
		[WORLD_PAGE_READ_ONLY] = PTE_P | PTE_A | PTE_NX,
		[WORLD_PAGE_WRITABLE] = PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX,
	};
	u64 *table = root->top;
	unsigned int level;

	for (level = top_level(); level > 1; level--) {
		u64 *entry = &table[table_index(linear, level)];

		if (!*entry) {
			u64 *below = new_table(root);

			if (IS_ERR(below))
				return PTR_ERR(below);
			*entry = frame_of(below) | PTE_P | PTE_W | PTE_A | rights;
		}
		table = table_of(*entry);
	}
	table[table_index(linear, 1)] = frame_of(address) | bits[use] | rights;
	return 0;
}

int world_root_map(struct world_root *root, const void *address,
		   enum world_page_use use)
{
	return map_page(root, (u64)address & PAGE_MASK, address, use, 0);
}

int world_root_map_low(struct world_root *root, u32 linear, const void *address,
		       enum world_page_use use)
{
	return map_page(root, linear, address, use, PTE_U);
}

void world_root_share(struct world_root *root, const struct world_root *from)
{
	/* Kernel addresses are the upper half of every root. */
	const unsigned int first = ENTRIES_PER_TABLE / 2;

	memcpy(root->top + first, from->top + first, first * sizeof(u64));
}

u64 world_root_cr3(const struct world_root *root)
{
	return frame_of(root->top);
}

/* State of one walk over the whole tree. */
struct root_reader {
	struct ringlet_guest_root *report;
	struct ringlet_guest_root_page *pages;
	bool (*owns_pfn)(void *opaque, u64 pfn);
	void *opaque;
};

static void report_leaf(struct root_reader *reader, u64 address, u64 entry,
			u64 rights)
{
	struct ringlet_guest_root *report = reader->report;
	struct ringlet_guest_root_page page = { .address = address };

	if (address < BIT_ULL(32)) {
		report->leaves_below++;
		if (!reader->owns_pfn(reader->opaque,
				      (__sme_clr(entry) & ENTRY_FRAME) >> PAGE_SHIFT))
			report->leaves_foreign++;
		return;
	}
	if (rights & PTE_W)
		page.flags |= RINGLET_PAGE_WRITABLE;
	if (rights & PTE_U)
		page.flags |= RINGLET_PAGE_USER;
	if (!(entry & PTE_NX))
		page.flags |= RINGLET_PAGE_EXECUTABLE;
	if (entry & PTE_G)
		page.flags |= RINGLET_PAGE_GLOBAL;
	if (report->count < report->capacity)
		reader->pages[report->count] = page;
	report->count++;
}

static void read_table(struct root_reader *reader, const u64 *table,
		       unsigned int level, u64 base, u64 rights)
{
	unsigned int i;

	reader->report->table_pages++;
	for (i = 0; i < ENTRIES_PER_TABLE; i++) {
		u64 entry = READ_ONCE(table[i]);
		u64 address = base + ((u64)i << (12 + 9 * (level - 1)));

		if (!(entry & PTE_P))
			continue;
		/* Canonical form: bits above the top level repeat its highest. */
		if (level == top_level() && i >= ENTRIES_PER_TABLE / 2)
			address |= ~0ULL << (12 + 9 * level);
		if (level == 1 || (entry & PTE_PS))
			report_leaf(reader, address, entry, rights & entry);
		else
			read_table(reader, table_of(entry), level - 1, address,
				   rights & entry);
	}
}

void world_root_read(const struct world_root *root,
		     struct ringlet_guest_root *report,
		     struct ringlet_guest_root_page *pages,
		     bool (*owns_pfn)(void *opaque, u64 pfn), void *opaque)
{
	struct root_reader reader = {
		.report = report,
		.pages = pages,
		.owns_pfn = owns_pfn,
		.opaque = opaque,
	};

	report->count = 0;
	report->leaves_below = 0;
	report->leaves_foreign = 0;
	report->table_pages = 0;
	read_table(&reader, root->top, top_level(), 0, PTE_W | PTE_U);
}
