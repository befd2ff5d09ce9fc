// SPDX-License-Identifier: GPL-2.0-only
/*
 * The accesses of the stress test: direct, emulated and interpreted, each judged
 * by the model, and with changes of the tables between them.
 */
#include "mmu_stress.h"

#define GUESSES	  12 /* faults that one access may take */
#define HOT_PAGES 64

/* ---- the interpreter ------------------------------------------------------- */

static struct hot_page {
	bool valid;
	struct access access;
	struct mmu_host_page page;
} hot[HOT_PAGES];

void forget_hot_pages(void)
{
	memset(hot, 0, sizeof(hot));
}

void forget_hot_pages_at(u32 linear)
{
	unsigned int i;

	for (i = 0; i < HOT_PAGES; i++)
		if (hot[i].access.linear >> 12 == linear >> 12 ||
		    hot[i].page.walk.page_bytes != PAGE_SIZE)
			hot[i].valid = false;
}

/* ---- accesses -------------------------------------------------------------- */

void set_privilege(bool user)
{
	cpu.segments[SEGMENT_SS].dpl = user ? 3 : 0;
}

struct access random_access(void)
{
	struct access access = { .linear = random_linear(), .user = chance(50) };
	const unsigned int kind = dice(10);

	access.write = kind < 4;
	access.fetch = kind == 4;
	access.linear += chance(50) ? random_offset() : dice(512) * 8;
	return access;
}

static void judge_reach(const struct access *access, u64 gpa, const char *how)
{
	model_record();
	if (!model_may_reach(&cpu, access, gpa))
		fail("%s %s of %#x from ring %d may not reach %#llx", how,
		     access->write   ? "write"
		     : access->fetch ? "fetch"
				     : "read",
		     access->linear, access->user ? 3 : 0, (unsigned long long)gpa);
	reached++;
}

static void judge_fault(const struct access *access, const char *how)
{
	u32 error_code;

	model_record();
	if (model_walk(&cpu, access, &error_code) != WALK_FAULT)
		fail("%s access to %#x from ring %d faults", how, access->linear,
		     access->user ? 3 : 0);
	if (cpu.fault.error_code != error_code || cpu.fault.cr2 != access->linear)
		fail("error code %#x instead of %#x at %#x", cpu.fault.error_code, error_code,
		     access->linear);
	faulted++;
}

static void judge_stop(const struct access *access)
{
	u32 error_code;

	model_record();
	if (model_walk(&cpu, access, &error_code) != WALK_NO_MEMORY)
		fail("the VM stops for an access to %#x", access->linear);
	refused++;
}

/* What a write writes: often what could be an entry. */
static u64 payload(void)
{
	return chance(80) ? random_entry() : random_bits();
}

static void use_memory(const struct access *access, void *host, const char *how)
{
	const u64 value = payload();
	const u64 gpa = memory_gpa(host);
	bool read_only = false;
	int page;

	if (gpa == ~0ULL)
		fail("%s access to %#x reaches no memory of the guest", how, access->linear);
	judge_reach(access, gpa, how);
	if (!access->write)
		return;
	page = memory_page(gpa, &read_only);
	if (read_only)
		fail("%s write to a read-only slot", how);
	if (tracked[page])
		fail("%s write to a tracked page", how);
	memcpy(host, &value, entry_bytes());
}

static unsigned int access_bits(const struct access *access)
{
	return access->write ? ACCESS_WRITE : access->fetch ? ACCESS_FETCH : ACCESS_READ;
}

/* The emulator does it: through a walk, with everybody told. */
static void emulate(const struct access *access)
{
	const u64 value = payload();
	u64 gpa, data;

	switch (mmu_translate(&vcpu, &cpu, access->linear, access_bits(access), &gpa)) {
	case CPU_OK:
		judge_reach(access, gpa, "emulated");
		if (access->write)
			emulator_write(gpa, &value, entry_bytes());
		else
			mmu_read_guest(&mmu, gpa, &data, 8);
		emulated++;
		return;
	case CPU_FAULT: judge_fault(access, "emulated"); return;
	default: judge_stop(access);
	}
}

/* The processor's walk of the shadow. True: @entry allows it; else its fault. */
static bool hardware_walk(const struct access *access, u64 *entry, u32 *error_code)
{
	u64 rights = PTE_W | PTE_U, nx = 0;
	const u64 *table = vcpu.root;
	unsigned int level;

	*error_code = access->write * PFERR_WRITE + access->user * PFERR_USER +
		      access->fetch * PFERR_FETCH;
	for (level = 3; level; level--) {
		*entry = table[access->linear >> (3 + 9 * level) & 511];
		if (!(*entry & PTE_P))
			return false;
		if (!(*entry & PTE_A) || (*entry & (PTE_PS | GENMASK_ULL(62, 52))))
			fail("an entry of the shadow that the processor would not like");
		rights &= *entry;
		nx |= *entry & PTE_NX;
		table = __va(*entry & SHADOW_ADDRESS);
	}
	*error_code |= PFERR_PRESENT;
	return (!access->user || (rights & PTE_U)) && (!access->write || (rights & PTE_W)) &&
	       (!access->fetch || !nx);
}

static void direct(const struct access *access)
{
	unsigned int guess;
	u32 error_code;
	u64 entry;

	for (guess = 0; guess < GUESSES; guess++) {
		mmu_before_entry(&vcpu);
		if (hardware_walk(access, &entry, &error_code)) {
			use_memory(access,
				   __va(entry & SHADOW_ADDRESS) + offset_in_page(access->linear),
				   "direct");
			return;
		}
		switch (mmu_handle_fault(&vcpu, &cpu, access->linear, error_code)) {
		case MMU_FAULT_RESUME: model_record(); break;
		case MMU_FAULT_INJECT: judge_fault(access, "direct"); return;
		case MMU_FAULT_EMULATE: emulate(access); return;
		case MMU_FAULT_STOP: judge_stop(access); return;
		default: fail("no memory");
		}
	}
	fail("an access to %#x faults for ever", access->linear);
}

static struct hot_page *find_hot_page(const struct access *access)
{
	unsigned int i;

	for (i = 0; i < HOT_PAGES; i++)
		if (hot[i].valid && hot[i].access.linear >> 12 == access->linear >> 12 &&
		    hot[i].access.user == access->user && hot[i].access.write == access->write &&
		    hot[i].access.fetch == access->fetch)
			return &hot[i];
	return NULL;
}

/* Whether the interpreter may still use an address for the access. */
static void judge_hot_page(const struct hot_page *hot_page)
{
	struct mmu_page *page;

	spin_lock(&mmu.lock);
	page = mmu_find_page(&mmu, hot_page->page.gfn);
	if (!page || page_address(page->page) != hot_page->page.address)
		fail("the interpreter has the address of a page that is gone");
	if (hot_page->access.write && !mmu_page_writable(page))
		fail("the interpreter may write what nobody may");
	spin_unlock(&mmu.lock);
}

void judge_hot_pages(void)
{
	unsigned int i;

	for (i = 0; i < HOT_PAGES && !mmu_host_pages_stale(&vcpu); i++)
		if (hot[i].valid)
			judge_hot_page(&hot[i]);
}

static void interpret(const struct access *access)
{
	struct hot_page *page;
	struct hot_page new = { .valid = true, .access = *access };
	enum mmu_interpret result;

	if (mmu_take_stale_host_pages(&vcpu))
		forget_hot_pages();
	page = find_hot_page(access);
	if (!page) {
		result = mmu_interpret_page(&vcpu, &cpu, access->linear, access_bits(access),
					    &new.page);
		if (result == MMU_INTERPRET_FAULT)
			judge_fault(access, "interpreted");
		else if (result == MMU_INTERPRET_STOP)
			judge_stop(access);
		else if (result == MMU_INTERPRET_SLOW)
			emulate(access);
		else if (result != MMU_INTERPRET_OK)
			fail("no memory for the interpreter");
		if (result != MMU_INTERPRET_OK)
			return;
		/* It may have unsynced or protected what another address is of. */
		if (mmu_take_stale_host_pages(&vcpu))
			forget_hot_pages();
		page = &hot[dice(HOT_PAGES)];
		*page = new;
	}
	judge_hot_page(page);
	use_memory(access, page->page.address + offset_in_page(access->linear), "interpreted");
	interpreted++;
}

void make_access(void)
{
	const struct access access = random_access();

	set_privilege(access.user);
	/* SMEP and SMAP are for who is interpreted. */
	if (chance(40) || (!access.user && (cpu.cr4 & (X86_CR4_SMEP | X86_CR4_SMAP))))
		interpret(&access);
	else
		direct(&access);
}

/* An entry on the way to @linear, or ~0. */
static u64 entry_on_the_way(u32 linear)
{
	const struct virtual_cpu *const c = &cpu;
	struct guest_walk walk;
	u64 pointers;

	if (cpu_long_mode(c) && chance(60)) {
		if (chance(50))
			return cpu.cr3;
		mmu_read_guest(&mmu, cpu.cr3, &pointers, 8);
		return (pointers & 0xffffff000ULL) + (linear >> 30) * 8;
	}
	if (!(cpu.cr0 & X86_CR0_PG) || mmu_walk(&mmu, c, linear, ACCESS_READ, &walk) != WALK_OK)
		return ~0ULL;
	return chance(30) || walk.page_bytes != PAGE_SIZE ? walk.directory_gpa : walk.table_gpa;
}

/* A store that nobody hears of, where one is possible. */
static void unheard_write(u64 gpa, u64 entry)
{
	struct mmu_page *page;
	bool unheard;

	spin_lock(&mmu.lock);
	page = mmu_find_page(&mmu, gpa >> PAGE_SHIFT);
	unheard = page && mmu_page_writable(page);
	spin_unlock(&mmu.lock);
	if (unheard)
		memcpy(memory_at(gpa), &entry, entry_bytes());
	else
		emulator_write(gpa, &entry, entry_bytes());
}

/* Tables that lead somewhere, as a good guest makes them. */
static void build_path(u64 linear)
{
	const unsigned int first = ROOTS + dice(TABLE_PAGES - ROOTS - 3);
	unsigned int level = cpu_long_mode(&cpu) ? 4 : 2, next = first;
	u64 table = cpu.cr3, entry;

	if (!(cpu.cr0 & X86_CR0_PG))
		return;
	if (level == 2 && guest_is_pae())
		table = cpu.pdptrs[linear >> 30] & ~1ULL;
	for (; level; level--, next++) {
		const unsigned int index = guest_is_pae() ? linear >> (3 + 9 * level) & 511
					   : level == 2	  ? linear >> 22
							  : linear >> 12 & 1023;
		const u64 at = table + (level == 4 ? 0 : index) * entry_bytes();

		if (level == 1)
			next = TABLE_PAGES + dice(40 - TABLE_PAGES);
		entry = next * PAGE_SIZE | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;
		if (level == 2 && chance(15))
			entry ^= next * PAGE_SIZE | PTE_PS | (chance(50) ? PTE_D : 0);
		if (memory_page(at, NULL) < 0)
			return;
		emulator_write(at, &entry, entry_bytes());
		model_record();
		table = next * PAGE_SIZE;
	}
}

/* An address is used, an entry on its way changes, it is flushed and used again. */
void change_what_is_used(void)
{
	struct access access = random_access();
	unsigned int round;
	u64 gpa, entry = 0;

	if (cpu.cr4 & (X86_CR4_SMEP | X86_CR4_SMAP))
		access.user = true;
	if (chance(50))
		build_path(access.linear);
	set_privilege(access.user);
	direct(&access);
	for (round = dice(4); round; round--) {
		gpa = entry_on_the_way(access.linear);
		if (gpa == ~0ULL || memory_page(gpa, NULL) < 0)
			break;
		model_record();
		memcpy(&entry, memory_at(gpa), entry_bytes());
		if (chance(60))
			entry ^= chance(20) ? PTE_D : BIT_ULL(1 + dice(2));
		else
			entry = random_entry() | PTE_P;
		unheard_write(gpa, entry);
		model_record();
	}
	if (chance(50))
		flush_page(access.linear);
	else if (chance(80))
		load_cr3(cpu.cr3 / PAGE_SIZE);
	direct(&access);
}

/* A table goes out of sync, out of reach, and into another address space. */
void move_table(void)
{
	const struct access access = { .linear = random_linear(), .user = true };
	const struct access other = { .linear = access.linear ^ PAGE_SIZE, .user = true };
	struct guest_walk walk;
	u64 entry = 0, at;
	unsigned int i;

	if (!(cpu.cr0 & X86_CR0_PG) || cpu_long_mode(&cpu))
		return;
	set_privilege(true);
	build_path(access.linear);
	direct(&access);
	if (mmu_walk(&mmu, &cpu, access.linear, ACCESS_READ, &walk) != WALK_OK ||
	    walk.page_bytes != PAGE_SIZE || memory_page(walk.table_gpa, NULL) < 0)
		return;
	for (i = 0; i < 3; i++) {
		entry = (random_entry() & ~PTE_NX) | PTE_P | PTE_U;
		unheard_write(walk.table_gpa, entry);
		model_record();
	}
	load_cr3(dice(ROOTS));
	at = guest_is_pae()
		     ? (cpu.pdptrs[access.linear >> 30] & ~1ULL) + (access.linear >> 21 & 511) * 8
		     : cpu.cr3 + (access.linear >> 22) * 4;
	entry = (walk.table_gpa & PAGE_MASK) | (walk.directory & (PAGE_SIZE - 1));
	if (memory_page(at, NULL) < 0)
		return;
	emulator_write(at, &entry, entry_bytes());
	model_record();
	/* The first access brings the table back. */
	direct(&other);
	direct(&access);
}
