// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a processor may do with a guest's page tables: it may use what an entry
 * says now, or what it said at any time since the guest last flushed, because
 * it may have cached that; never anything else. Written from the manual's
 * "Caching Translation Information", with no code of the memory layer.
 */
#include "mmu_stress.h"

#define FOREVER UINT_MAX
#define QWORDS	(PAGE_SIZE / 8)

/* What eight bytes said from one time to another. */
struct version {
	u64 value;
	unsigned int from, to;
};

struct history {
	struct version *past;
	unsigned int count, capacity;
	unsigned int since; /* the present value is that old */
};

static struct history histories[CLIENT_PAGES][QWORDS];
static u64 known[CLIENT_PAGES][QWORDS];
static unsigned int all_flushed;
static struct {
	u32 linear;
	unsigned int time;
} page_flushes[256];
static unsigned int page_flush_count;

unsigned int model_now = 1;

/* ---- memory ---------------------------------------------------------------- */

struct memory_slot memory_slots[SLOTS] = {
	[SLOT_LOW] = { .gfn = 0, .first = 0, .pages = 40, .present = true },
	[SLOT_HIGH] = { .gfn = 0xc00000, .first = 40, .pages = 8, .present = true },
	[SLOT_ROM] = { .gfn = 0x80, .first = 48, .pages = 8, .read_only = true, .present = true },
};

int memory_page(u64 gpa, bool *read_only)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		const struct memory_slot *slot = &memory_slots[i];
		const u64 number = (gpa >> 12) - slot->gfn;

		if (!slot->present || number >= slot->pages)
			continue;
		if (read_only)
			*read_only = slot->read_only;
		return slot->first + number;
	}
	return -1;
}

u64 memory_gpa(const void *address)
{
	unsigned int i, number;

	for (i = 0; i < SLOTS; i++) {
		const struct memory_slot *slot = &memory_slots[i];

		for (number = 0; slot->present && number < slot->pages; number++) {
			const char *page =
				shim_client_page(CLIENT_BASE + (slot->first + number) * PAGE_SIZE)
					->memory;

			if ((const char *)address >= page &&
			    (const char *)address < page + PAGE_SIZE)
				return (slot->gfn + number) * PAGE_SIZE +
				       ((const char *)address - page);
		}
	}
	return ~0ULL;
}

/* ---- history --------------------------------------------------------------- */

static void change(struct history *history, u64 *value, u64 to)
{
	if (history->count == history->capacity) {
		history->capacity = history->capacity * 2 + 4;
		history->past = realloc(history->past, history->capacity * sizeof(*history->past));
	}
	history->past[history->count++] =
		(struct version){ .value = *value, .from = history->since, .to = model_now };
	history->since = model_now;
	*value = to;
}

void model_record(void)
{
	unsigned int page, i;

	model_now++;
	for (page = 0; page < CLIENT_PAGES; page++) {
		const u64 *memory = shim_client_page(CLIENT_BASE + page * PAGE_SIZE)->memory;

		if (!memcmp(memory, known[page], PAGE_SIZE))
			continue;
		for (i = 0; i < QWORDS; i++)
			if (memory[i] != known[page][i])
				change(&histories[page][i], &known[page][i], memory[i]);
	}
}

void model_flush(void)
{
	unsigned int page, i;

	all_flushed = model_now;
	page_flush_count = 0;
	for (page = 0; page < CLIENT_PAGES; page++)
		for (i = 0; i < QWORDS; i++)
			histories[page][i].count = 0;
}

void model_flush_page(u32 linear)
{
	if (page_flush_count == ARRAY_SIZE(page_flushes))
		abort();
	page_flushes[page_flush_count].linear = linear & PAGE_MASK;
	page_flushes[page_flush_count++].time = model_now;
}

static unsigned int flushed(u32 linear)
{
	unsigned int i;

	for (i = page_flush_count; i-- > 0;)
		if (page_flushes[i].linear == (linear & PAGE_MASK))
			return page_flushes[i].time;
	return all_flushed;
}

/* ---- the processor --------------------------------------------------------- */

/* A walk on its way: the time cannot go backwards along it. */
struct state {
	const struct virtual_cpu *cpu;
	const struct access *access;
	unsigned int level; /* 4 to 1 */
	u64 table;
	unsigned int time;
	bool writable, user, executable;
};

static bool is_pae(const struct virtual_cpu *cpu)
{
	return cpu->cr4 & X86_CR4_PAE;
}

static bool has_nx(const struct virtual_cpu *cpu)
{
	return is_pae(cpu) && (cpu->efer & EFER_NX);
}

static u64 entry_gpa(const struct state *state)
{
	const u32 linear = state->access->linear;

	if (!is_pae(state->cpu))
		return state->table + (state->level == 2 ? linear >> 22 : linear >> 12 & 1023) * 4;
	if (state->level == 4)
		return state->table;
	return state->table + (linear >> (3 + 9 * state->level) & 511) * 8;
}

static bool is_large(const struct state *state, u64 entry)
{
	return state->level == 2 && (entry & 0x80) &&
	       (is_pae(state->cpu) || (state->cpu->cr4 & X86_CR4_PSE));
}

static bool is_reserved(const struct state *state, u64 entry)
{
	if (!is_pae(state->cpu))
		return is_large(state, entry) && (entry & 0x3fe000);
	return (entry & 0x7ffffff000000000ULL) || (entry >> 63 && !has_nx(state->cpu)) ||
	       (is_large(state, entry) && (entry & 0x1fe000)) ||
	       (state->level > 2 && (entry & 0x80));
}

static void fold(struct state *state, u64 entry)
{
	state->writable &= entry >> 1 & 1;
	state->user &= entry >> 2 & 1;
	state->executable &= !(entry >> 63 && has_nx(state->cpu));
}

static bool is_allowed(const struct state *state)
{
	const struct access *access = state->access;
	const struct virtual_cpu *cpu = state->cpu;

	if (access->fetch && !state->executable)
		return false;
	if (access->user)
		return state->user && (!access->write || state->writable);
	if (state->user && (cpu->cr4 & (access->fetch ? X86_CR4_SMEP : X86_CR4_SMAP)))
		return false;
	return !access->write || state->writable || !(cpu->cr0 & X86_CR0_WP);
}

static u64 leaf_gpa(const struct state *state, u64 entry)
{
	const u64 bytes = !is_large(state, entry) ? 4096 : is_pae(state->cpu) ? 1 << 21 : 1 << 22;
	const u64 frame = entry & 0xffffff000ULL & ~(bytes - 1);

	return frame | (state->access->linear & (bytes - 1));
}

static struct state start(const struct virtual_cpu *cpu, const struct access *access)
{
	struct state state = {
		.cpu = cpu,
		.access = access,
		.level = 2,
		.table = cpu->cr3 & 0xfffff000,
		.time = flushed(access->linear),
		.writable = true,
		.user = true,
		.executable = true,
	};

	if (cpu->efer & EFER_LMA)
		state.level = 4;
	else if (is_pae(cpu))
		state.table = cpu->pdptrs[access->linear >> 30] & 0xffffff000ULL;
	return state;
}

static bool has_start(const struct virtual_cpu *cpu, const struct access *access)
{
	return !is_pae(cpu) || (cpu->efer & EFER_LMA) || (cpu->pdptrs[access->linear >> 30] & 1);
}

static bool reaches(const struct state *state, u64 gpa);

/* Whether the walk can go on with this version of the entry, and gets there. */
static bool version_reaches(const struct state *before, const struct version *version, u64 entry,
			    bool read_only, u64 gpa)
{
	struct state state = *before;
	const u64 marks = read_only ? 1 : 0x21; /* a ROM does not keep A */

	state.time = max(state.time, version->from);
	if (state.time >= version->to || (entry & marks) != marks || is_reserved(&state, entry))
		return false;
	fold(&state, entry);
	if (state.level == 1 || is_large(&state, entry))
		return leaf_gpa(&state, entry) == gpa && is_allowed(&state) &&
		       (!state.access->write || (entry & 0x40) || read_only);
	state.table = entry & 0xffffff000ULL;
	state.level--;
	return reaches(&state, gpa);
}

static u64 part(const struct state *state, u64 at, u64 value)
{
	return is_pae(state->cpu) ? value : (u32)(value >> (at & 4) * 8);
}

static bool reaches(const struct state *state, u64 gpa)
{
	const u64 at = entry_gpa(state);
	struct version present = { .to = FOREVER };
	const struct history *history;
	bool read_only;
	const int page = memory_page(at, &read_only);
	unsigned int i;

	if (page < 0)
		return false;
	history = &histories[page][(at & 4095) / 8];
	for (i = 0; i < history->count; i++)
		if (version_reaches(state, &history->past[i],
				    part(state, at, history->past[i].value), read_only, gpa))
			return true;
	present.value = known[page][(at & 4095) / 8];
	present.from = history->since;
	return version_reaches(state, &present, part(state, at, present.value), read_only, gpa);
}

bool model_may_reach(const struct virtual_cpu *cpu, const struct access *access, u64 gpa)
{
	struct state state;

	if (!(cpu->cr0 & X86_CR0_PG))
		return gpa == access->linear;
	state = start(cpu, access);
	return has_start(cpu, access) && reaches(&state, gpa);
}

enum walk_result model_walk(const struct virtual_cpu *cpu, const struct access *access,
			    u32 *error_code)
{
	struct state state = start(cpu, access);
	u64 entry = 0;

	*error_code = access->write * 2 + access->user * 4;
	if (access->fetch && (has_nx(cpu) || (cpu->cr4 & X86_CR4_SMEP)))
		*error_code += 16;
	if (!(cpu->cr0 & X86_CR0_PG))
		return WALK_OK;
	if (!has_start(cpu, access))
		return WALK_FAULT;
	for (;; state.level--) {
		const u64 at = entry_gpa(&state);
		const int page = memory_page(at, NULL);

		if (page < 0)
			return WALK_NO_MEMORY;
		entry = part(&state, at, known[page][(at & 4095) / 8]);
		if (!(entry & 1))
			return WALK_FAULT;
		if (is_reserved(&state, entry)) {
			*error_code += 9;
			return WALK_FAULT;
		}
		fold(&state, entry);
		if (state.level == 1 || is_large(&state, entry))
			break;
		state.table = entry & 0xffffff000ULL;
	}
	if (is_allowed(&state))
		return WALK_OK;
	*error_code += 1;
	return WALK_FAULT;
}
