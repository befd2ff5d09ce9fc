// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena of a batch. See world.h.
 */
#include "world.h"
#include "random.h"

/* ---- random numbers ---------------------------------------------------------------- */

static u64 random_state;

void random_seed(u64 seed)
{
	random_state = seed;
}

u64 random64(void)
{
	u64 z = (random_state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u32 random_value(void)
{
	static const u32 edges[] = { 0,	     1,	     2,	     0x7f,    0x80,	  0xff,
				     0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
				     ~0U,    ~1U,    0x1f,   0x20,    0x7fff7fff, 0x99 };

	switch (random_below(4)) {
	case 0: return random_of(edges);
	case 1: return random_below(0x200);
	default: return random64();
	}
}

/* ---- descriptors --------------------------------------------------------------------- */

u64 make_descriptor(u32 base, u32 limit, unsigned int access, unsigned int flags)
{
	return (u64)(limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)access << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (u64)flags << 52 | (u64)(base >> 24) << 56;
}

static u64 make_gate(u16 selector, u32 offset, unsigned int access, unsigned int count)
{
	return (u64)(offset & 0xffff) | (u64)selector << 16 | (u64)count << 32 | (u64)access << 40 |
	       (u64)(offset >> 16) << 48;
}

u32 world_code_address(void)
{
	if (chance(6))
		return ARENA_CODE + 4096 * (1 + random_below(3)) - 1 - random_below(14);
	return ARENA_CODE + random_below(ARENA_DATA - ARENA_CODE - 64);
}

/* A segment that is often of use: large, or small with an edge inside the data. */
static u64 random_segment(void)
{
	unsigned int access = 0x10 | random_below(16) | random_below(4) << 5;
	u32 base = 0, limit = 0xfffff;
	unsigned int flags = random_below(4) << 2 | chance(20);

	flags &= ~2U;
	if (!chance(7))
		access |= 0x80;
	switch (random_below(6)) {
	case 0: break;
	case 1: base = ARENA_LOW; break;
	case 2:
		base = ARENA_DATA + random_below(0x8000);
		limit = random_below(0x4000);
		flags &= ~8U;
		break;
	case 3:
		base = ARENA_CODE & ~0xffffU;
		limit = 0xffff;
		flags &= ~8U;
		break;
	case 4:
		base = ARENA + random_below(0x100) * 0x100;
		limit = random_below(0x20);
		flags |= 8;
		break;
	case 5:
		base = random64();
		limit = random64() & 0xfffff;
		break;
	}
	return make_descriptor(base, limit, access, flags);
}

static u16 code_selector(void)
{
	static const u16 selectors[] = { WORLD_CODE3,	   WORLD_CODE1,	    WORLD_CODE2,
					 WORLD_CONFORMING, WORLD_CODE0,	    WORLD_CODE0_16,
					 WORLD_CODE3_16,   WORLD_CODE0_BASE };

	return chance(75) ? random_of(selectors) | random_below(4) : world_selector();
}

static u32 code_offset(u16 selector)
{
	u32 address = world_code_address();

	switch (selector & ~3) {
	case WORLD_CODE0_16:
	case WORLD_CODE3_16:
	case WORLD_CODE0_BASE:
	case WORLD_CODE3_BASE: return address - ARENA_LOW;
	default: return address;
	}
}

static u64 random_call_gate(void)
{
	u16 selector = code_selector();
	unsigned int access = (chance(75) ? TYPE_CALL_GATE32 : TYPE_CALL_GATE16) |
			      random_below(4) << 5 | (chance(93) ? 0x80 : 0);

	return make_gate(selector, code_offset(selector), access,
			 chance(60) ? 0 : random_below(chance(80) ? 4 : 32));
}

static u64 random_task_gate(void)
{
	return make_gate(WORLD_TASK + 8 * random_below(TASKS - 1), 0,
			 TYPE_TASK_GATE | random_below(4) << 5 | (chance(93) ? 0x80 : 0), 0);
}

u64 world_descriptor(void)
{
	switch (random_below(12)) {
	case 0:
	case 1: return random_call_gate();
	case 2: return random_task_gate();
	case 3: return random64();
	case 4: /* system segments of all types */
		return make_descriptor(
			ARENA_TASKS + TASK_BYTES * random_below(4),
			chance(70) ? 0x67 : random_below(0x80),
			random_below(16) | random_below(4) << 5 | (chance(90) ? 0x80 : 0), 0);
	default: return random_segment();
	}
}

u16 world_selector(void)
{
	switch (random_below(16)) {
	case 0: return random_below(4); /* null */
	case 1: return random64();
	case 2: return (WORLD_GDT_BYTES + random_below(0x80)) & ~4; /* past the limit */
	case 3:
	case 4:
	case 5: return random_below(WORLD_LDT_BYTES) | SELECTOR_TI;
	case 6:
	case 7:
	case 8:
	case 9: return 0x08 + random_below(WORLD_RANDOM - 8);
	default: return random_below(WORLD_GDT_BYTES) & ~4;
	}
}

/* A gate of the IDT. Vectors below 32 mostly lead back, so that tests end. */
u64 world_gate(const struct replay_image *image, unsigned int vector)
{
	u32 stub = image->stubs + vector * STUB_BYTES;
	u32 stub16 = image->stubs16 + vector * STUB_BYTES - ARENA_LOW;
	bool system = vector < 32;
	unsigned int dpl = vector == 3 || vector == 4 ? 3 : chance(80) ? 0 : random_below(4);
	unsigned int present = chance(system ? 99 : 92) ? 0x80 : 0;

	if (!system)
		dpl = chance(60) ? 3 : random_below(4);
	if (vector == 8 && chance(60))
		return make_gate(WORLD_TASK + 8 * TASK_DOUBLE_FAULT, 0, 0x85, 0);
	switch (random_below(16)) {
	case 0:
	case 1:
		return make_gate(SEL_LOW_CODE, stub16, present | dpl << 5 | TYPE_INTERRUPT_GATE16,
				 0);
	case 2: return make_gate(SEL_LOW_CODE, stub16, present | dpl << 5 | TYPE_TRAP_GATE16, 0);
	case 3:
	case 4: return make_gate(SEL_CODE, stub, present | dpl << 5 | TYPE_TRAP_GATE32, 0);
	case 5:
		if (!system && chance(50))
			return random_task_gate();
		break;
	case 6:
		if (!system)
			return world_descriptor();
		break;
	}
	return make_gate(SEL_CODE, stub, present | dpl << 5 | TYPE_INTERRUPT_GATE32,
			 random_below(32));
}

static void put(struct machine *machine, u32 address, u64 value, unsigned int bytes)
{
	memcpy(machine->memory + address, &value, bytes);
}

#define CODE	0x9b
#define DATA	0x93
#define RING(n) ((n) << 5)
#define FLAT	0xc
#define SMALL	0x0

static void make_gdt(struct machine *machine, const struct replay_image *image)
{
	const struct {
		u16 selector;
		u64 descriptor;
	} fixed[] = {
		{ WORLD_TSS, make_descriptor(ARENA_TSS, TSS_LIMIT, 0x8b, 0) },
		{ WORLD_LDT, make_descriptor(ARENA_LDT, WORLD_LDT_BYTES - 1, 0x82, 0) },
		{ WORLD_LDT2, make_descriptor(ARENA_LDT + 0x800, WORLD_LDT_BYTES - 1, 0x82, 0) },
		{ WORLD_CODE3, make_descriptor(0, 0xfffff, CODE | RING(3), FLAT) },
		{ WORLD_DATA3, make_descriptor(0, 0xfffff, DATA | RING(3), FLAT) },
		{ WORLD_CODE1, make_descriptor(0, 0xfffff, CODE | RING(1), FLAT) },
		{ WORLD_DATA1, make_descriptor(0, 0xfffff, DATA | RING(1), FLAT) },
		{ WORLD_CODE2, make_descriptor(0, 0xfffff, CODE | RING(2), FLAT) },
		{ WORLD_DATA2, make_descriptor(0, 0xfffff, DATA | RING(2), FLAT) },
		{ WORLD_CONFORMING, make_descriptor(0, 0xfffff, CODE | 4, FLAT) },
		{ WORLD_CODE0, make_descriptor(0, 0xfffff, CODE, FLAT) },
		{ WORLD_CODE0_16, make_descriptor(ARENA_LOW, 0xffff, CODE, SMALL) },
		{ WORLD_CODE3_16, make_descriptor(ARENA_LOW, 0xffff, CODE | RING(3), SMALL) },
		{ WORLD_DATA0_16, make_descriptor(ARENA_LOW, 0xffff, DATA, SMALL) },
		{ WORLD_DATA3_16, make_descriptor(ARENA_LOW, 0xffff, DATA | RING(3), SMALL) },
		{ WORLD_STACK0_16, make_descriptor(0x30000, 0xffff, DATA, SMALL) },
		{ WORLD_STACK3_16, make_descriptor(0x30000, 0xffff, DATA | RING(3), SMALL) },
		{ WORLD_CODE0_BASE, make_descriptor(ARENA_LOW, 0xffff, CODE, 4) },
		{ WORLD_CODE3_BASE, make_descriptor(ARENA_LOW, 0xffff, CODE | RING(3), 4) },
		{ WORLD_DATA3_DOWN, make_descriptor(0, ARENA >> 12, 0x97 | RING(3), FLAT) },
	};
	unsigned int i;

	for (i = 0; i < WORLD_GDT_BYTES; i += 8)
		put(machine, ARENA_GDT + i, world_descriptor(), 8);
	memcpy(machine->memory + ARENA_GDT, machine->memory + image->gdt, image->gdt_bytes);
	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		put(machine, ARENA_GDT + fixed[i].selector, fixed[i].descriptor, 8);
	for (i = 0; i < TASKS; i++) {
		bool small = i == TASK_16C || i == TASK_16D;

		put(machine, ARENA_GDT + WORLD_TASK + 8 * i,
		    make_descriptor(ARENA_TASKS + TASK_BYTES * i, small ? 0x2b : 0x67,
				    small ? 0x81 : 0x89, 0),
		    8);
	}
	for (i = 0; i < WORLD_LDT_BYTES; i += 8) {
		put(machine, ARENA_LDT + i, world_descriptor(), 8);
		put(machine, ARENA_LDT + 0x800 + i, world_descriptor(), 8);
	}
}

static void make_idt(struct machine *machine, const struct replay_image *image)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		put(machine, ARENA_IDT + 8 * i, world_gate(image, i), 8);
		put(machine, ARENA_IVT + 4 * i,
		    (image->stubs_real + i * STUB_BYTES - ARENA_LOW) | LOW_SEGMENT << 16, 4);
	}
}

/* ---- tasks ------------------------------------------------------------------------------ */

static u32 stack_top(unsigned int ring)
{
	return ARENA_STACKS + 0x2000 * (ring + 1) - 0x40;
}

static void make_tss(struct machine *machine)
{
	u32 at = ARENA_TSS, i;
	static const u16 stacks[] = { SEL_DATA, WORLD_DATA1 | 1, WORLD_DATA2 | 2 };

	memset(machine->memory + at, 0, 4096);
	for (i = 0; i < 3; i++) {
		put(machine, at + 4 + 8 * i, stack_top(i), 4);
		put(machine, at + 8 + 8 * i, stacks[i], 4);
	}
	put(machine, at + 102, 104, 2);
	for (i = 104; i < 0x200; i++)
		put(machine, at + i, chance(50) ? 0xff : random64(), 1);
	put(machine, at + 104 + FREE_PORT / 8, 0, 2);
}

/* A task that can run: mostly. */
static void make_task32(const struct world *world, u32 *tss, unsigned int ring)
{
	static const u16 codes[] = { WORLD_CODE0, WORLD_CODE1 | 1, WORLD_CODE2 | 2,
				     WORLD_CODE3 | 3 };
	static const u16 datas[] = { SEL_DATA, WORLD_DATA1 | 1, WORLD_DATA2 | 2, WORLD_DATA3 | 3 };
	unsigned int i;

	tss[1] = stack_top(0);
	tss[2] = SEL_DATA;
	tss[3] = stack_top(1);
	tss[4] = WORLD_DATA1 | 1;
	tss[7] = world->roots[chance(80) ? 0 : 1];
	tss[8] = world_code_address();
	tss[9] = X86_EFLAGS_FIXED |
		 (random64() & (EFLAGS_STATUS | X86_EFLAGS_DF | X86_EFLAGS_IOPL));
	for (i = 10; i < 18; i++)
		tss[i] = chance(50) ? random_value() : world_address(true);
	tss[14] = stack_top(ring);
	for (i = 18; i < 24; i++)
		tss[i] = chance(60) ? datas[ring] : world_selector();
	tss[19] = chance(93) ? codes[ring] : world_selector();
	tss[20] = chance(93) ? datas[ring] : world_selector();
	tss[24] = chance(60) ? WORLD_LDT : chance(50) ? 0 : world_selector();
	tss[25] = 104 << 16;
	if (chance(8)) {
		/* A virtual-8086 task. */
		tss[9] |= X86_EFLAGS_VM;
		tss[8] &= 0xffff;
		tss[19] = LOW_SEGMENT;
		tss[20] = 0x3000;
		tss[14] = 0xf000 + 0x800;
	}
}

static void make_task16(u16 *tss, unsigned int ring)
{
	unsigned int i;

	tss[1] = (u16)stack_top(0);
	tss[2] = WORLD_STACK0_16;
	tss[7] = world_code_address() - ARENA_LOW;
	tss[8] = X86_EFLAGS_FIXED |
		 (random64() & (EFLAGS_STATUS | X86_EFLAGS_DF | X86_EFLAGS_IOPL));
	for (i = 9; i < 17; i++)
		tss[i] = random_value();
	tss[13] = (u16)stack_top(ring);
	tss[17] = ring ? WORLD_DATA3_16 | 3 : WORLD_DATA0_16;
	tss[18] = ring ? WORLD_CODE3_16 | 3 : WORLD_CODE0_16;
	tss[19] = ring ? WORLD_STACK3_16 | 3 : WORLD_STACK0_16;
	tss[20] = chance(70) ? tss[17] : world_selector();
	tss[21] = chance(60) ? WORLD_LDT : 0;
}

void world_task(const struct world *world, enum task task, u8 image[TASK_BYTES],
		const struct replay_image *replay)
{
	u32 *tss = (u32 *)image;

	memset(image, 0, TASK_BYTES);
	switch (task) {
	case TASK_16C:
	case TASK_16D: make_task16((u16 *)image, chance(50) ? 3 : 0); break;
	case TASK_DOUBLE_FAULT:
		tss[7] = world->roots[0];
		tss[8] = replay->task_stub;
		tss[9] = X86_EFLAGS_FIXED;
		tss[14] = ARENA_STACKS + 0x8000 - 0x40;
		tss[18] = SEL_DATA;
		tss[19] = SEL_CODE;
		tss[20] = SEL_DATA;
		tss[21] = SEL_DATA;
		tss[25] = 104 << 16;
		break;
	default: make_task32(world, tss, chance(40) ? 0 : random_below(4)); break;
	}
}

/* ---- page tables --------------------------------------------------------------------------- */

enum {
	TABLE_PD,
	TABLE_PT,
	TABLE_PT_ALIAS,
	TABLE_PD2,
	TABLE_PDPT,
	TABLE_PAE_PD,
	TABLE_PAE_PT,
	TABLE_PAE_PT_ALIAS
};

static u32 table(unsigned int which)
{
	return ARENA_TABLES + 4096 * which;
}

/* How the guest's own pages and the stack of ring 0 are mapped. */
#define PTE_OURS (PTE_P | PTE_W | PTE_A | PTE_D)

static u64 rights(u32 page, bool pae)
{
	u64 entry = PTE_P | PTE_A;

	if (page < ARENA_CODE || (page >= ARENA_STACKS && page < ARENA_STACKS + 0x2000) ||
	    (page >= ARENA_STACKS + 0x7000 && page < ARENA_END))
		return PTE_OURS | (page >= ARENA_STACKS + 0x7000 && chance(80) ? PTE_U : 0);
	if (chance(85))
		entry |= PTE_U;
	if (chance(80))
		entry |= PTE_W;
	if (chance(50))
		entry |= PTE_D;
	if ((entry & PTE_W) && chance(30))
		entry &= ~PTE_A;
	if (chance(5))
		entry &= ~PTE_P;
	if (chance(10))
		entry |= PTE_G;
	if (pae && page >= ARENA_DATA && chance(30))
		entry |= PTE_NX;
	/* Address bits that no processor of ours has. */
	if (pae && chance(1))
		entry |= BIT_ULL(50);
	return entry;
}

static void map(struct machine *machine, bool pae, unsigned int which, u32 index, u64 entry)
{
	put(machine, table(which) + index * (pae ? 8 : 4), entry, pae ? 8 : 4);
}

static u32 random_page(void)
{
	return ARENA_CODE + 4096 * random_below((ARENA_END - ARENA_CODE) / 4096);
}

static void make_leaves(struct machine *machine, bool pae, unsigned int identity,
			unsigned int alias)
{
	u32 page, i, entries = pae ? 512 : 1024;

	for (page = ARENA; page < ARENA_END; page += 4096)
		map(machine, pae, identity, page / 4096, page | rights(page, pae));
	for (page = 0x100000; page < 0x110000; page += 4096)
		map(machine, pae, identity, page / 4096, page | PTE_OURS);
	/* The same pages once more, elsewhere in the linear space. */
	for (i = ARENA_END / 4096; i < 0x100; i++) {
		page = random_page();
		map(machine, pae, identity, i, page | rights(page, pae));
	}
	/* QEMU reads before it writes: A is set where only the write would fault. */
	for (i = 0; i < entries; i++) {
		page = random_page();
		map(machine, pae, alias, i, chance(90) ? page | rights(page, pae) | PTE_A : 0);
	}
}

/* The A bits above the leaves are set: emulators disagree when a walk sets them. */
#define PDE_OURS (PTE_P | PTE_W | PTE_U | PTE_A)

static u64 directory_rights(void)
{
	u64 entry = PTE_P | PTE_A;

	if (chance(85))
		entry |= PTE_W;
	if (chance(85))
		entry |= PTE_U;
	return entry;
}

static void make_tables(struct world *world, struct machine *machine)
{
	unsigned int i;

	memset(machine->memory + ARENA_TABLES, 0, 8 * 4096);
	world->pae = chance(50);
	if (world->pae) {
		make_leaves(machine, true, TABLE_PAE_PT, TABLE_PAE_PT_ALIAS);
		for (i = 0; i < 4; i++) {
			put(machine, ARENA_PDPT + 8 * i, table(TABLE_PAE_PD) | PTE_P, 8);
			put(machine, ARENA_PDPT + 32 + 8 * i, i ? 0 : table(TABLE_PAE_PD) | PTE_P,
			    8);
		}
		map(machine, true, TABLE_PAE_PD, 0, table(TABLE_PAE_PT) | PDE_OURS);
		map(machine, true, TABLE_PAE_PD, 2, table(TABLE_PAE_PT_ALIAS) | directory_rights());
		map(machine, true, TABLE_PAE_PD, 3, PTE_PS | directory_rights() | PTE_D);
		map(machine, true, TABLE_PAE_PD, 511,
		    table(TABLE_PAE_PT_ALIAS) | directory_rights());
		world->roots[0] = ARENA_PDPT;
		world->roots[1] = ARENA_PDPT + 32;
		return;
	}
	make_leaves(machine, false, TABLE_PT, TABLE_PT_ALIAS);
	for (i = 0; i < 2; i++) {
		unsigned int root = i ? TABLE_PD2 : TABLE_PD;

		map(machine, false, root, 0, table(TABLE_PT) | PDE_OURS);
		map(machine, false, root, 1, table(TABLE_PT_ALIAS) | directory_rights());
		map(machine, false, root, 2, PTE_PS | directory_rights() | PTE_D);
		map(machine, false, root, 1023, table(TABLE_PT_ALIAS) | directory_rights());
		world->roots[i] = table(root);
	}
}

u32 world_address(bool paging)
{
	u32 address = ARENA_DATA + 0x100 + random_below(ARENA_STACKS - ARENA_DATA - 0x200);

	switch (random_below(paging ? 16 : 8)) {
	case 0: /* across pages */ return (address & ~4095U) - 1 - random_below(7);
	case 1: return ARENA_STACKS + 0x6000 + random_below(0x1fc0);
	case 8:
	case 9:
	case 10: /* linear 0x400000 is an alias in both kinds of tables */
		return 0x400000 + random_below(0x200000);
	case 11: return 0x600000 + random_below(0x300000);
	case 12: return 0x800000 + address;
	case 13: return 0x50000 + random_below(0x40000);
	case 14: return 0xffe00000 + random_below(0x200000);
	case 15:
		return chance(20) ? random64()
				  : 0x400000 + 4096 * random_below(512) - random_below(8);
	default: return address;
	}
}

void world_make(struct world *world, struct machine *machine, const struct replay_image *image)
{
	u8 task[TASK_BYTES];
	unsigned int i;

	for (i = ARENA; i < ARENA_END; i += 4)
		put(machine, i, random_value(), 4);
	make_tables(world, machine);
	make_gdt(machine, image);
	make_idt(machine, image);
	make_tss(machine);
	for (i = 0; i < TASKS; i++) {
		world_task(world, i, task, image);
		memcpy(machine->memory + ARENA_TASKS + TASK_BYTES * i, task, TASK_BYTES);
	}
	memset(machine->memory + ARENA_STATE, 0, 4096);
	memset(machine->memory + ARENA_LOW_CODE, 0, ARENA_CODE - ARENA_LOW_CODE);
	memcpy(machine->memory + ARENA_LOW_CODE, machine->memory + image->low,
	       image->low_end - image->low);

	memset(machine->pages, 0, sizeof(machine->pages));
	for (i = ARENA_GDT; i < ARENA_STATE; i += 4096)
		machine->pages[i / 4096] = PAGE_READ | PAGE_SYSTEM;
	for (i = ARENA_TABLES; i < ARENA_STATE; i += 4096)
		machine->pages[i / 4096] = PAGE_READ;
	for (i = ARENA_CODE; i < ARENA_END; i += 4096)
		machine->pages[i / 4096] = PAGE_READ | PAGE_WRITE;
	/* QEMU marks directory pointers as accessed; processors do not. */
	machine->pages[ARENA_PDPT / 4096] = 0;
	machine->pages[ARENA_LDT / 4096] |= PAGE_WRITE;
	machine->pages[ARENA_TASKS / 4096] |= PAGE_WRITE;
}

/* ---- a state --------------------------------------------------------------------------------- */

static u32 random_cr0(void)
{
	u32 cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE;

	cr0 |= chance(60) ? X86_CR0_PG : 0;
	cr0 |= chance(60) ? X86_CR0_WP : 0;
	cr0 |= chance(10) ? X86_CR0_TS : 0;
	cr0 |= chance(10) ? X86_CR0_EM : 0;
	cr0 |= chance(20) ? X86_CR0_MP : 0;
	cr0 |= chance(10) ? X86_CR0_AM : 0;
	return cr0;
}

static u32 random_cr4(const struct world *world)
{
	u32 cr4 = world->pae ? X86_CR4_PAE : X86_CR4_PSE;

	cr4 |= chance(20) ? X86_CR4_TSD : 0;
	cr4 |= chance(20) ? X86_CR4_DE : 0;
	cr4 |= chance(20) ? X86_CR4_PGE : 0;
	cr4 |= chance(20) ? X86_CR4_OSFXSR : 0;
	cr4 |= chance(10) ? X86_CR4_UMIP : 0;
	cr4 |= chance(10) ? X86_CR4_SMEP : 0;
	cr4 |= chance(10) ? X86_CR4_SMAP : 0;
	return cr4;
}

static u32 data_selector(unsigned int ring, bool code16)
{
	static const u16 datas[] = { SEL_DATA, WORLD_DATA1 | 1, WORLD_DATA2 | 2, WORLD_DATA3 | 3 };

	if (code16 && chance(80))
		return ring ? WORLD_DATA3_16 | 3 : WORLD_DATA0_16;
	if (chance(75))
		return datas[ring];
	if (chance(20))
		return 0;
	if (chance(20))
		return WORLD_DATA3_DOWN | 3;
	return WORLD_RANDOM + 8 * random_below((WORLD_GDT_BYTES - WORLD_RANDOM) / 8) +
	       random_below(4);
}

static void protected_state(struct replay_state *state)
{
	static const u16 codes[] = { WORLD_CODE0, WORLD_CODE1 | 1, WORLD_CODE2 | 2,
				     WORLD_CODE3 | 3 };
	static const u16 datas[] = { SEL_DATA, WORLD_DATA1 | 1, WORLD_DATA2 | 2, WORLD_DATA3 | 3 };
	unsigned int ring = chance(50) ? 0 : chance(70) ? 3 : 1 + random_below(2);
	bool code16 = (ring == 0 || ring == 3) && chance(20);
	bool based = (ring == 0 || ring == 3) && chance(12);

	state->kind = ring ? KIND_OUTER : KIND_RING0;
	state->cs = codes[ring];
	state->eip = world_code_address();
	if (code16 || based) {
		state->eip -= ARENA_LOW;
		state->cs = code16 ? (ring ? WORLD_CODE3_16 | 3 : WORLD_CODE0_16)
				   : (ring ? WORLD_CODE3_BASE | 3 : WORLD_CODE0_BASE);
	} else if (ring && chance(8)) {
		state->cs = WORLD_CONFORMING | ring;
	}
	state->ss = datas[ring];
	state->esp = stack_top(ring) - 4 * random_below(64);
	if ((ring == 0 || ring == 3) && chance(code16 ? 60 : 10)) {
		state->ss = ring ? WORLD_STACK3_16 | 3 : WORLD_STACK0_16;
		state->esp = (state->esp & 0xffff) | (chance(50) ? random_value() << 16 : 0);
	}
	if (chance(5))
		state->esp -= random_below(4);
	state->es = data_selector(ring, code16);
	state->ds = data_selector(ring, code16);
	state->fs = data_selector(ring, code16);
	state->gs = data_selector(ring, code16);
}

/* Selectors for which segment:offset can reach the data. */
static u32 real_selector(void)
{
	static const u16 selectors[] = { 0x2000, 0x2800, 0x3000, 0x2900, 0x3800 };

	return chance(85) ? random_of(selectors) : 0x2800 + random_below(0x1000);
}

static void real_state(struct replay_state *state, u32 kind)
{
	state->kind = kind;
	state->cs = LOW_SEGMENT;
	state->eip = world_code_address() - ARENA_LOW;
	state->ss = 0x3000;
	state->esp = (stack_top(3) & 0xffff) - 4 * random_below(64);
	if (chance(20))
		state->esp |= random_value() << 16;
	state->es = real_selector();
	state->ds = real_selector();
	state->fs = real_selector();
	state->gs = real_selector();
	if (kind == KIND_V86) {
		state->eflags |= X86_EFLAGS_VM;
		return;
	}
	state->cr0 &= ~(u32)(X86_CR0_PE | X86_CR0_PG);
	state->idtr.limit = 0x3ff;
	state->idtr.base_low = ARENA_IVT & 0xffff;
}

void world_state(const struct world *world, struct replay_state *state)
{
	u32 *regs[] = { &state->edi, &state->esi, &state->ebp, &state->ebx,
			&state->edx, &state->ecx, &state->eax };
	unsigned int i;

	memset(state, 0, sizeof(*state));
	state->cr0 = random_cr0();
	state->cr3 = world->roots[chance(85) ? 0 : 1];
	state->cr4 = random_cr4(world);
	state->cr2 = random64();
	state->tr = WORLD_TSS;
	state->ldtr = chance(85) ? WORLD_LDT : chance(60) ? WORLD_LDT2 : 0;
	state->gdtr = (struct replay_table){ WORLD_GDT_BYTES - 1, ARENA_GDT & 0xffff,
					     ARENA_GDT >> 16, 0 };
	state->idtr = (struct replay_table){ 0x7ff, ARENA_IDT & 0xffff, ARENA_IDT >> 16, 0 };
	state->eflags = X86_EFLAGS_FIXED | (random64() & EFLAGS_STATUS);
	state->eflags |= chance(50) ? X86_EFLAGS_IF : 0;
	state->eflags |= chance(15) ? X86_EFLAGS_DF : 0;
	state->eflags |= chance(5) ? X86_EFLAGS_TF : 0;
	state->eflags |= chance(10) ? X86_EFLAGS_AC : 0;
	state->eflags |= chance(30) ? X86_EFLAGS_ID : 0;
	state->eflags |= chance(5) ? X86_EFLAGS_NT : 0;
	state->eflags |= random_below(4) << EFLAGS_IOPL_SHIFT;
	switch (random_below(10)) {
	case 0: real_state(state, KIND_REAL); break;
	case 1:
	case 2: real_state(state, KIND_V86); break;
	default: protected_state(state); break;
	}
	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		*regs[i] = chance(45) ? random_value() : world_address(state->cr0 & X86_CR0_PG);
		if (state->kind >= KIND_V86 && chance(70))
			*regs[i] = 0x8000 + random_below(0x7f00);
	}
	if (state->kind < KIND_V86 && chance(60))
		state->ebp = state->esp + 4 * random_below(8);
}
