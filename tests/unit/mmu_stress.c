// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shadow under stress: a guest that changes its page tables in every way
 * it can, in all modes, flushes some of the time, and makes accesses from both
 * privilege levels, directly and interpreted; a client that moves its pages and
 * slots about; a host that wants memory back. Each access is judged by the model
 * of what a processor may do. Userspace; prints TAP.
 *
 * usage: mmu_stress [STEPS [SEED]]
 */
#include "mmu_stress.h"

#include "host/host.h"

#define ROOTS	  3
#define LINEARS	  48
#define GUESSES	  12 /* faults that one access may take */
#define HOT_PAGES 64

static struct mmu mmu;
static struct mmu_vcpu vcpu;
static struct virtual_cpu cpu;
static u64 seed = 1;
static unsigned long step;
static u8 tracked[CLIENT_PAGES];
static int heard; /* page of the last tracked write */
static unsigned long reached, faulted, refused, emulated, interpreted;

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	va_list arguments;

	printf("not ok 1 - random page tables, accesses and flushes\n# step %lu: ", step);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n# cr0 %#llx cr3 %#llx cr4 %#llx efer %#llx\n1..1\n", (unsigned long long)cpu.cr0,
	       (unsigned long long)cpu.cr3, (unsigned long long)cpu.cr4,
	       (unsigned long long)cpu.efer);
	fflush(stdout);
	_Exit(1);
}

static u64 random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dULL;
}

static unsigned int dice(unsigned int sides)
{
	return (random_bits() >> 33) % sides;
}

static bool chance(unsigned int percent)
{
	return dice(100) < percent;
}

/* ---- the guest ------------------------------------------------------------- */

/* Few addresses, so that things meet: of two GiB, four 2 MiB, six pages each. */
static u32 random_linear(void)
{
	static const u32 pages[6] = { 0, 1, 2, 3, 4, 511 };

	return (chance(30) ? 3u << 30 : 0) | dice(4) << 21 | pages[dice(6)] << 12;
}

static bool is_pae(void)
{
	return cpu.cr4 & X86_CR4_PAE;
}

static unsigned int entry_bytes(void)
{
	return is_pae() ? 8 : 4;
}

/* Where in a table an entry is that one of the addresses uses. */
static unsigned int random_offset(void)
{
	static const u16 eight[] = { 0, 1, 2, 3, 4, 511 };
	static const u16 four[] = { 0, 1, 768, 769, 2, 3, 4, 511, 512, 513, 516, 1023 };

	return is_pae() ? eight[dice(ARRAY_SIZE(eight))] * 8 : four[dice(ARRAY_SIZE(four))] * 4;
}

static u64 random_frame(void)
{
	const unsigned int kind = dice(100);

	if (kind < 55)
		return dice(TABLE_PAGES);
	if (kind < 85)
		return TABLE_PAGES + dice(40 - TABLE_PAGES);
	if (kind < 92)
		return is_pae() ? 0xc00000 + dice(8) : dice(40);
	return kind < 96 ? 0x80 + dice(8) : 0x200 + dice(4);
}

static u64 random_entry(void)
{
	u64 entry = random_frame() << 12;

	if (chance(8))
		entry = is_pae() && chance(20) ? 0xc00000000 | PTE_PS : PTE_PS;
	entry |= (chance(96) ? PTE_P : 0) | (chance(85) ? PTE_W : 0) | (chance(85) ? PTE_U : 0) |
		 (chance(60) ? PTE_A : 0) | (chance(60) ? PTE_D : 0) | (chance(20) ? PTE_G : 0);
	if (is_pae() && (cpu.efer & EFER_NX) && chance(15))
		entry |= PTE_NX;
	if (is_pae() && chance(1))
		entry |= BIT_ULL(36 + dice(28));
	return is_pae() ? entry : (u32)entry;
}

static void *memory_at(u64 gpa)
{
	const int page = memory_page(gpa, NULL);

	return page < 0 ? NULL
			: shim_client_page(CLIENT_BASE + page * PAGE_SIZE)->memory + (gpa & 4095);
}

/* The emulator's write: whoever tracks the page must hear of it. */
static enum mmu_access emulator_write(u64 gpa, const void *data, unsigned int bytes)
{
	const int page = memory_page(gpa, NULL);
	enum mmu_access result;

	heard = -1;
	result = mmu_write_guest(&mmu, gpa, data, bytes);
	if (result == MMU_RAM && tracked[page] && heard != page)
		fail("nobody heard of a write to a tracked page");
	return result;
}

static void write_entry(void)
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
		emulator_write(gpa + (is_pae() ? 4 : 0), (char *)&entry + (is_pae() ? 4 : 0), 4);
		model_record();
		emulator_write(gpa, &entry, 4);
		return;
	}
	emulator_write(gpa, &entry, entry_bytes());
}

/* A whole table, as a guest makes one for a new process. */
static void fill_table(void)
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

/* ---- the interpreter ------------------------------------------------------- */

static struct hot_page {
	bool valid;
	struct access access;
	struct mmu_host_page page;
} hot[HOT_PAGES];

static void forget_hot_pages(void)
{
	memset(hot, 0, sizeof(hot));
}

/* ---- flushes --------------------------------------------------------------- */

static void flushed(void)
{
	forget_hot_pages();
	model_flush();
}

static void load_cr3(unsigned int root)
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
	flushed();
}

static unsigned int random_root(void)
{
	return chance(60) ? dice(ROOTS) : cpu.cr3 / PAGE_SIZE;
}

static void change_mode(void)
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
static void flush_page(u32 linear)
{
	unsigned int i;

	mmu_flush_page(&vcpu, &cpu, linear);
	model_record();
	for (i = 0; i < HOT_PAGES; i++)
		if (hot[i].access.linear >> 12 == linear >> 12 ||
		    hot[i].page.walk.page_bytes != PAGE_SIZE)
			hot[i].valid = false;
	model_flush_page(linear);
}

/* ---- accesses -------------------------------------------------------------- */

static void set_privilege(bool user)
{
	cpu.segments[SEGMENT_SS].dpl = user ? 3 : 0;
}

static struct access random_access(void)
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

static void judge_hot_pages(void)
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

static void make_access(void)
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
	if (level == 2 && is_pae())
		table = cpu.pdptrs[linear >> 30] & ~1ULL;
	for (; level; level--, next++) {
		const unsigned int index = is_pae()	? linear >> (3 + 9 * level) & 511
					   : level == 2 ? linear >> 22
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
static void change_what_is_used(void)
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
static void move_table(void)
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
	at = is_pae() ? (cpu.pdptrs[access.linear >> 30] & ~1ULL) + (access.linear >> 21 & 511) * 8
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

/* ---- tracking, the client, the host ---------------------------------------- */

static void track(void)
{
	const unsigned int page = dice(40);

	if (tracked[page] && chance(60)) {
		mmu_untrack_page(&mmu, page);
		tracked[page]--;
	} else if (tracked[page] < 3) {
		mmu_track_page(&mmu, page);
		tracked[page]++;
	}
}

/* Other pages behind the guest's memory, while the vCPU goes on. */
static void migrate(void)
{
	const unsigned int first = dice(CLIENT_PAGES);
	const unsigned int count =
		min(chance(90) ? 1 + dice(3) : CLIENT_PAGES, CLIENT_PAGES - first);
	struct mmu_notifier_range range = {
		.start = CLIENT_BASE + first * PAGE_SIZE,
		.end = CLIENT_BASE + (first + count) * PAGE_SIZE,
	};
	const struct access access = random_access();
	unsigned int i;

	mmu.notifier.ops->invalidate_range_start(&mmu.notifier, &range);
	judge_hot_pages();
	if (mmu_take_stale_host_pages(&vcpu))
		forget_hot_pages();
	set_privilege(access.user);
	mmu_handle_fault(&vcpu, &cpu, access.linear, access.user * PFERR_USER);
	for (i = first; i < first + count; i++)
		shim_replace_page(i);
	mmu.notifier.ops->invalidate_range_end(&mmu.notifier, &range);
}

static void set_slot(unsigned int id, bool present)
{
	const struct memory_slot *slot = &memory_slots[id];
	const struct kvm_userspace_memory_region region = {
		.slot = id,
		.flags = slot->read_only ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = slot->gfn * PAGE_SIZE,
		.memory_size = present ? slot->pages * PAGE_SIZE : 0,
		.userspace_addr = CLIENT_BASE + slot->first * PAGE_SIZE,
	};

	if (mmu_set_slot(&mmu, &region))
		fail("a slot that cannot be set");
}

static void change_slot(void)
{
	struct memory_slot *slot = &memory_slots[SLOT_HIGH];

	slot->present = !slot->present || chance(50);
	if (slot->present)
		slot->gfn = chance(50) ? 0xc00000 : 0x200; /* in the second half of 4 MB */
	set_slot(SLOT_HIGH, slot->present);
	/* What the processor caches of memory that is not there is its affair. */
	flushed();
	mmu_load_root(&vcpu, &cpu);
}

static void kick(struct mmu *kicked)
{
	if (kicked != &mmu || shim_spinlocks)
		fail("a kick with a spinlock held");
}

static void tracked_write(struct mmu *written, u64 gpa, unsigned int bytes)
{
	(void)bytes;
	if (written != &mmu)
		fail("another machine was written");
	heard = memory_page(gpa, NULL);
}

static const struct mmu_callbacks callbacks = { .kick = kick, .tracked_write = tracked_write };

/* ---- the test -------------------------------------------------------------- */

static void one_step(void)
{
	const unsigned int what = dice(1000);

	if (what < 480)
		make_access();
	else if (what < 580)
		change_what_is_used();
	else if (what < 600)
		move_table();
	else if (what < 850)
		write_entry();
	else if (what < 920)
		flush_page(random_linear());
	else if (what < 955)
		load_cr3(random_root());
	else if (what < 965)
		change_mode();
	else if (what < 975)
		fill_table();
	else if (what < 985)
		track();
	else if (what < 993)
		migrate();
	else if (what < 995)
		change_slot();
	else if (what < 998)
		shim_shrink(1 + dice(20));
	else
		mmu_flush(&vcpu);
	model_record();
}

static void begin(void)
{
	unsigned int i;

	for (i = 0; i < CLIENT_PAGES; i++)
		shim_replace_page(i);
	if (mmu_init_module() || mmu_init(&mmu, &callbacks) || mmu_vcpu_init(&vcpu, &mmu))
		fail("it does not begin");
	for (i = 0; i < SLOTS; i++)
		set_slot(i, true);
	vcpu.page_limit = 12; /* so that it is met */
	change_mode();
	for (i = 0; i < 20; i++)
		fill_table();
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < CLIENT_PAGES; i++)
		for (; tracked[i]; tracked[i]--)
			mmu_untrack_page(&mmu, i);
	mmu_vcpu_destroy(&vcpu);
	mmu_destroy(&mmu);
	mmu_exit_module();
	shim_free_client();
}

/* A test that does not get to the interesting places must not succeed. */
static void check_coverage(void)
{
	const struct mmu_statistics *s = &vcpu.statistics;
	const struct {
		const char *name;
		u64 value;
	} counts[] = {
		{ "accesses that reached memory", reached },
		{ "faults of the guest", faulted },
		{ "tables outside memory", refused },
		{ "emulated", emulated },
		{ "interpreted", interpreted },
		{ "leaves filled", s->filled },
		{ "prefetched", s->prefetched },
		{ "roots cached", s->roots_cached },
		{ "roots missed", s->roots_missed },
		{ "built", s->built },
		{ "zapped", s->zapped },
		{ "unsynced", s->unsynced },
		{ "resynced", s->resynced },
		{ "floods", s->floods },
		{ "evicted", s->evicted },
		{ "reclaimed", s->reclaimed },
		{ "tracked faults", s->tracked_faults },
		{ "device faults", s->mmio_faults },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		printf("# %s: %llu\n", counts[i].name, (unsigned long long)counts[i].value);
		if (!counts[i].value)
			fail("there were no %s", counts[i].name);
	}
}

int main(int argc, char **argv)
{
	const unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 0) : 200000;
	const char *wrong;

	if (argc > 2)
		seed = strtoul(argv[2], NULL, 0) * 2 + 1;
	begin();
	for (step = 0; step < steps; step++) {
		one_step();
		judge_hot_pages();
		wrong = step % 16 ? NULL : shadow_check(&mmu);
		if (wrong)
			fail("%s", wrong);
		if (step % 128 == 127)
			load_cr3(random_root());
	}
	check_coverage();
	end();
	printf("ok 1 - random page tables, accesses and flushes\n1..1\n");
	return 0;
}
