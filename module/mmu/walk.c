// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's page tables, walked as the processor walks them. Called by the
 * shadow code for a #PF of the guest world and by the bus for every access
 * that the emulator makes, in the host world. Pure.
 *
 * Manual: "Paging", above all "32-Bit Paging", "PAE Paging", "Access Rights",
 * "Page-Fault Exceptions" and "Accessed and Dirty Flags".
 */
#include "mmu/walk.h"

/*
 * Another thread of the client may write an entry between our read and our
 * update of its A bit; the processor would walk again. Somebody who does
 * nothing else must not keep the vCPU thread here for ever.
 */
#define WALK_ATTEMPTS 64

/* Bits of an entry that hold an address, once it is known to be in range. */
#define TABLE_ADDRESS GENMASK_ULL(GUEST_PHYSICAL_BITS - 1, 12)

/* PAE: address bits that the virtual CPU does not have, and the bits above. */
#define PAE_RESERVED GENMASK_ULL(62, GUEST_PHYSICAL_BITS)
/* Below the page's number, above PAT (bit 12), which the virtual CPU has. */
#define PAE_LARGE_RESERVED GENMASK_ULL(20, 13)
/* Where PSE-36 would put address bits; the virtual CPU does not offer it. */
#define PSE_LARGE_RESERVED GENMASK_ULL(21, 13)

#define LARGE_PAGE_PAE BIT_ULL(21)
#define LARGE_PAGE_PSE BIT_ULL(22)

/* An entry on the way, as it was read. */
struct table_entry {
	u64 gpa;
	u64 value;
};

/* What the mode bits make of the tables and of the access. */
struct walk_rules {
	bool pae;
	bool long_mode; /* four levels, under 32-bit code */
	bool large_pages;
	bool no_execute; /* bit 63 of an entry means something */
	bool write;
	bool user;
	u32 error_code; /* of any fault of this access: W, U, I */
	unsigned int entry_bytes;
};

static struct walk_rules walk_rules(const struct virtual_cpu *cpu, unsigned int access)
{
	const bool pae = cpu->cr4 & X86_CR4_PAE;
	struct walk_rules rules = {
		.pae = pae,
		.long_mode = cpu_long_mode(cpu),
		.large_pages = pae || (cpu->cr4 & X86_CR4_PSE),
		.no_execute = pae && (cpu->efer & EFER_NX),
		.write = access & (ACCESS_WRITE | ACCESS_MODIFY),
		.user = cpu_cpl(cpu) == 3 && !(access & ACCESS_SYSTEM),
		.entry_bytes = pae ? 8 : 4,
	};

	if (rules.write)
		rules.error_code |= PFERR_WRITE;
	if (rules.user)
		rules.error_code |= PFERR_USER;
	/* Without NX and SMEP the processor does not tell fetches from reads. */
	if ((access & ACCESS_FETCH) && (rules.no_execute || (cpu->cr4 & X86_CR4_SMEP)))
		rules.error_code |= PFERR_FETCH;
	return rules;
}

static enum walk_result walk_fault(struct guest_walk *walk, const struct walk_rules *rules,
				   u32 why)
{
	walk->error_code = rules->error_code | why;
	return WALK_FAULT;
}

u64 walk_reserved_bits(bool pae, bool no_execute, bool large)
{
	u64 reserved;

	if (!pae)
		return large ? PSE_LARGE_RESERVED : 0;
	reserved = PAE_RESERVED;
	if (!no_execute)
		reserved |= PTE_NX;
	if (large)
		reserved |= PAE_LARGE_RESERVED;
	return reserved;
}

/* Read one entry and check what can be wrong with it alone. */
static enum walk_result read_entry(const struct walk_memory *memory,
				   const struct walk_rules *rules, bool directory,
				   struct table_entry *entry, struct guest_walk *walk)
{
	bool large;

	entry->value = 0;
	if (!memory->read(memory->opaque, entry->gpa, &entry->value, rules->entry_bytes))
		return WALK_NO_MEMORY;
	if (!(entry->value & PTE_P))
		return walk_fault(walk, rules, 0);
	large = directory && rules->large_pages && (entry->value & PTE_PS);
	if (entry->value & walk_reserved_bits(rules->pae, rules->no_execute, large))
		return walk_fault(walk, rules, PFERR_PRESENT | PFERR_RESERVED);
	return WALK_OK;
}

/* Set @bits in an entry that the walk has used, unless they are set. */
static enum walk_result mark_entry(const struct walk_memory *memory,
				   const struct walk_rules *rules, struct table_entry *entry,
				   u64 bits)
{
	bool absent = false;

	if ((entry->value & bits) == bits)
		return WALK_OK;
	if (!memory->set_bits(memory->opaque, entry->gpa, entry->value, bits, rules->entry_bytes,
			      &absent))
		return absent ? WALK_NO_MEMORY : WALK_BUSY;
	entry->value |= bits;
	return WALK_OK;
}

static bool access_allowed(const struct virtual_cpu *cpu, const struct walk_rules *rules,
			   unsigned int access, const struct guest_walk *walk)
{
	if (rules->user) {
		if (!walk->user || (rules->write && !walk->writable))
			return false;
	} else {
		if (rules->write && !walk->writable && (cpu->cr0 & X86_CR0_WP))
			return false;
		if (walk->user && (access & ACCESS_FETCH) && (cpu->cr4 & X86_CR4_SMEP))
			return false;
		if (walk->user && !(access & ACCESS_FETCH) && (cpu->cr4 & X86_CR4_SMAP) &&
		    ((access & ACCESS_SYSTEM) || !(cpu->rflags & X86_EFLAGS_AC)))
			return false;
	}
	return !(access & ACCESS_FETCH) || walk->executable;
}

/* Fold the rights of one more level into those so far. */
static void add_rights(struct guest_walk *walk, const struct walk_rules *rules, u64 entry)
{
	walk->writable = walk->writable && (entry & PTE_W);
	walk->user = walk->user && (entry & PTE_U);
	if (rules->no_execute && (entry & PTE_NX))
		walk->executable = false;
}

static u8 rights_so_far(const struct guest_walk *walk)
{
	return (walk->writable ? WALK_WRITABLE : 0) | (walk->user ? WALK_USER : 0) |
	       (walk->executable ? WALK_EXECUTABLE : 0);
}

/* Where the directory entry of @linear lies; false: its PDPTE is not present. */
static bool find_directory_entry(const struct virtual_cpu *cpu, const struct walk_rules *rules,
				 u32 linear, u64 *gpa)
{
	u64 pdpte;

	if (!rules->pae) {
		*gpa = (cpu->cr3 & GENMASK_ULL(31, 12)) + (linear >> 22) * 4;
		return true;
	}
	/* Their reserved bits were checked by the CR3 load that read them. */
	pdpte = cpu->pdptrs[linear >> 30];
	*gpa = (pdpte & TABLE_ADDRESS) + ((linear >> 21) & 0x1ff) * 8;
	return pdpte & PTE_P;
}

static u64 table_entry_gpa(const struct walk_rules *rules, u64 directory_entry, u32 linear)
{
	if (!rules->pae)
		return (directory_entry & GENMASK_ULL(31, 12)) + ((linear >> 12) & 0x3ff) * 4;
	return (directory_entry & TABLE_ADDRESS) + ((linear >> 12) & 0x1ff) * 8;
}

/* The two levels that 4-level paging has above the directory. */
static enum walk_result walk_upper_levels(const struct virtual_cpu *cpu,
					  const struct walk_memory *memory,
					  const struct walk_rules *rules, u32 linear,
					  struct table_entry upper[2], struct guest_walk *walk)
{
	u64 table = cpu->cr3 & TABLE_ADDRESS;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		enum walk_result result;

		/* Entry 0 of the PML4 has all linear addresses below 512 GiB. */
		upper[i].gpa = table + (i ? linear >> 30 : 0) * 8;
		result = read_entry(memory, rules, false, &upper[i], walk);
		if (result != WALK_OK)
			return result;
		/* The virtual CPU has no pages of 1 GiB. */
		if (upper[i].value & PTE_PS)
			return walk_fault(walk, rules, PFERR_PRESENT | PFERR_RESERVED);
		add_rights(walk, rules, upper[i].value);
		table = upper[i].value & TABLE_ADDRESS;
	}
	return WALK_OK;
}

static enum walk_result walk_once(const struct virtual_cpu *cpu, const struct walk_memory *memory,
				  const struct walk_rules *rules, u32 linear, unsigned int access,
				  struct guest_walk *walk)
{
	struct table_entry upper[2], directory, table, *leaf;
	enum walk_result result;
	unsigned int i;

	*walk = (struct guest_walk){
		.page_bytes = 4096,
		.writable = true,
		.user = true,
		.executable = true,
	};

	if (rules->long_mode) {
		result = walk_upper_levels(cpu, memory, rules, linear, upper, walk);
		if (result != WALK_OK)
			return result;
		directory.gpa = (upper[1].value & TABLE_ADDRESS) + ((linear >> 21) & 0x1ff) * 8;
	} else if (!find_directory_entry(cpu, rules, linear, &directory.gpa)) {
		return walk_fault(walk, rules, 0);
	}
	walk->upper = rights_so_far(walk);
	result = read_entry(memory, rules, true, &directory, walk);
	if (result != WALK_OK)
		return result;
	add_rights(walk, rules, directory.value);
	leaf = &directory;

	if (rules->large_pages && (directory.value & PTE_PS)) {
		walk->page_bytes = rules->pae ? LARGE_PAGE_PAE : LARGE_PAGE_PSE;
	} else {
		table.gpa = table_entry_gpa(rules, directory.value, linear);
		result = read_entry(memory, rules, false, &table, walk);
		if (result != WALK_OK)
			return result;
		add_rights(walk, rules, table.value);
		leaf = &table;
	}

	if (!access_allowed(cpu, rules, access, walk))
		return walk_fault(walk, rules, PFERR_PRESENT);

	for (i = 0; rules->long_mode && i < 2; i++) {
		result = mark_entry(memory, rules, &upper[i], PTE_A);
		if (result != WALK_OK)
			return result;
	}
	/* The leaf last: D may be set only by an access that does happen. */
	if (leaf != &directory) {
		result = mark_entry(memory, rules, &directory, PTE_A);
		if (result != WALK_OK)
			return result;
	}
	result = mark_entry(memory, rules, leaf, rules->write ? PTE_A | PTE_D : PTE_A);
	if (result != WALK_OK)
		return result;

	walk->gpa = (leaf->value & TABLE_ADDRESS & ~(walk->page_bytes - 1)) |
		    (linear & (walk->page_bytes - 1));
	walk->dirty = leaf->value & PTE_D;
	walk->directory_gpa = directory.gpa;
	walk->directory = directory.value;
	if (leaf == &table) {
		walk->table_gpa = table.gpa;
		walk->table = table.value;
	}
	walk->global = (leaf->value & PTE_G) && (cpu->cr4 & X86_CR4_PGE);
	return WALK_OK;
}

enum walk_result guest_walk(const struct virtual_cpu *cpu, const struct walk_memory *memory,
			    u64 linear, unsigned int access, struct guest_walk *walk)
{
	struct walk_rules rules;
	unsigned int attempt;
	enum walk_result result = WALK_BUSY;

	if (!(cpu->cr0 & X86_CR0_PG)) {
		*walk = (struct guest_walk){
			.gpa = (u32)linear,
			.page_bytes = BIT_ULL(32),
			.writable = true,
			.user = true,
			.executable = true,
			.dirty = true,
			.upper = WALK_WRITABLE | WALK_USER | WALK_EXECUTABLE,
		};
		return WALK_OK;
	}

	rules = walk_rules(cpu, access);
	for (attempt = 0; attempt < WALK_ATTEMPTS && result == WALK_BUSY; attempt++)
		result = walk_once(cpu, memory, &rules, (u32)linear, access, walk);
	return result;
}
