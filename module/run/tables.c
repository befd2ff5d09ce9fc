// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeping the shadow GDT and LDT equal to the guest's tables. The guest pages
 * that hold a table are write-protected; before the next entry, what was written
 * to them is read again, and the whole table after a load of the register or a
 * changed mapping. Called by the run loop, host world.
 */
#include <linux/slab.h>

#include "run/internal.h"

#define NOT_MAPPED (~0ULL)

/* Where a guest table lies, from GDTR or LDTR. */
struct guest_table {
	u64 base;
	unsigned int bytes; /* whole descriptors only */
};

static struct guest_table guest_gdt(const struct virtual_cpu *cpu)
{
	return (struct guest_table){
		.base = cpu->gdtr.base,
		.bytes = (cpu->gdtr.limit + 1) & ~7u,
	};
}

static struct guest_table guest_ldt(const struct virtual_cpu *cpu)
{
	u64 limit = min_t(u64, cpu->ldtr.limit, WORLD_TABLE_BYTES - 1);

	if (cpu->ldtr.unusable || !cpu->ldtr.present)
		return (struct guest_table){};
	return (struct guest_table){
		.base = cpu->ldtr.base,
		.bytes = (limit + 1) & ~7u,
	};
}

static void untrack(struct vcpu *vcpu, struct table_shadow *shadow)
{
	unsigned int i;

	for (i = 0; i < shadow->page_count; i++)
		if (shadow->gfns[i] != NOT_MAPPED)
			mmu_untrack_page(&vcpu->vm->mmu, shadow->gfns[i]);
	shadow->page_count = 0;
}

/*
 * The pages that hold the table, in order. One that the guest has not mapped
 * reads as zeroes: a load from it faults, and the emulator finds out why.
 */
static unsigned int find_pages(struct vcpu *vcpu, const struct guest_table *table, u64 *gfns)
{
	struct cpu_exception fault = vcpu->cpu.fault;
	u64 page = table->base & PAGE_MASK;
	unsigned int count = 0;
	u64 gpa;

	for (; table->bytes && page < table->base + table->bytes; page += PAGE_SIZE) {
		enum cpu_result result = mmu_translate(&vcpu->mmu, &vcpu->cpu, (u32)page,
						       ACCESS_READ | ACCESS_SYSTEM, &gpa);

		gfns[count++] = result == CPU_OK ? gpa >> PAGE_SHIFT : NOT_MAPPED;
	}
	vcpu->cpu.fault = fault;
	return count;
}

static int track(struct vcpu *vcpu, struct table_shadow *shadow, const u64 *gfns,
		 unsigned int count)
{
	unsigned int i;
	int error;

	for (i = 0; i < count; i++) {
		if (gfns[i] != NOT_MAPPED) {
			error = mmu_track_page(&vcpu->vm->mmu, gfns[i]);
			if (error) {
				untrack(vcpu, shadow);
				return error;
			}
		}
		shadow->gfns[i] = gfns[i];
		shadow->page_count = i + 1;
	}
	return 0;
}

/* Descriptors @first to @end - 1. What cannot be read is zero, and faults. */
static void read_table(struct vcpu *vcpu, const struct table_shadow *shadow, unsigned int first,
		       unsigned int end, u64 *raw)
{
	unsigned int position = first * 8;

	memset(raw, 0, (end - first) * 8);
	while (position < end * 8) {
		u64 linear = shadow->base + position;
		u64 gfn = shadow->gfns[(linear >> PAGE_SHIFT) - (shadow->base >> PAGE_SHIFT)];
		unsigned int bytes = min_t(unsigned int, end * 8 - position,
					   PAGE_SIZE - offset_in_page(linear));
		void *data = (u8 *)raw + position - first * 8;

		if (gfn != NOT_MAPPED &&
		    mmu_read_guest(&vcpu->vm->mmu, (gfn << PAGE_SHIFT) + offset_in_page(linear),
				   data, bytes) != MMU_RAM)
			memset(data, 0, bytes);
		position += bytes;
	}
}

static bool descriptor_used(void *raw, unsigned int index)
{
	return ((u64 *)raw)[index];
}

static int fill_gdt(struct vcpu *vcpu, const struct guest_table *table, const u64 *raw)
{
	unsigned int entries = table->bytes / 8;

	if (entries && world_place_hidden(vcpu->world, table->bytes - 1, descriptor_used,
					  (void *)raw))
		return -ENOSPC;
	world_set_gdt(vcpu->world, 0, entries, raw);
	if (entries < vcpu->gdt.entries)
		world_clear_gdt(vcpu->world, entries, vcpu->gdt.entries - entries);
	vcpu->gdt.entries = entries;
	return 0;
}

static int fill_ldt(struct vcpu *vcpu, const struct guest_table *table, const u64 *raw)
{
	unsigned int entries = table->bytes / 8;
	int error;

	if (!entries) {
		world_use_ldt(vcpu->world, false);
		return 0;
	}
	error = world_create_ldt(vcpu->world);
	if (error)
		return error;
	world_set_ldt(vcpu->world, 0, entries, raw);
	if (entries < vcpu->ldt.entries)
		world_clear_ldt(vcpu->world, entries, vcpu->ldt.entries - entries);
	vcpu->ldt.entries = entries;
	world_use_ldt(vcpu->world, true);
	return 0;
}

struct table_functions {
	int (*fill)(struct vcpu *vcpu, const struct guest_table *table, const u64 *raw);
	void (*set)(struct world *world, unsigned int first, unsigned int count, const u64 *raw);
	bool (*may_set)(const struct world *world, unsigned int first, unsigned int count);
};

static bool may_set_ldt(const struct world *world, unsigned int first, unsigned int count)
{
	return true;
}

static const struct table_functions gdt_functions = {
	.fill = fill_gdt,
	.set = world_set_gdt,
	.may_set = world_may_set_gdt,
};

static const struct table_functions ldt_functions = {
	.fill = fill_ldt,
	.set = world_set_ldt,
	.may_set = may_set_ldt,
};

static int fill_table(struct vcpu *vcpu, struct table_shadow *shadow,
		      const struct guest_table *table, const struct table_functions *functions)
{
	u64 *raw = NULL;
	int error;

	if (table->bytes) {
		raw = kvmalloc(table->bytes, GFP_KERNEL_ACCOUNT);
		if (!raw)
			return -ENOMEM;
		read_table(vcpu, shadow, 0, table->bytes / 8, raw);
	}
	error = functions->fill(vcpu, table, raw);
	kvfree(raw);
	if (!error) {
		shadow->stale = false;
		shadow->written_first = 0;
		shadow->written_end = 0;
	}
	return error;
}

#define WRITTEN_AT_ONCE 16

/* The descriptors that were written, if they are few and do not meet ours. */
static bool set_written(struct vcpu *vcpu, struct table_shadow *shadow,
			const struct guest_table *table, const struct table_functions *functions)
{
	const unsigned int first = shadow->written_first;
	const unsigned int end = min(shadow->written_end, table->bytes / 8);
	u64 raw[WRITTEN_AT_ONCE];

	if (end > first) {
		if (end - first > WRITTEN_AT_ONCE ||
		    !functions->may_set(vcpu->world, first, end - first))
			return false;
		read_table(vcpu, shadow, first, end, raw);
		functions->set(vcpu->world, first, end - first, raw);
	}
	shadow->written_first = 0;
	shadow->written_end = 0;
	return true;
}

static int sync_table(struct vcpu *vcpu, struct table_shadow *shadow,
		      const struct guest_table *table, const struct table_functions *functions)
{
	u64 gfns[TABLE_SHADOW_PAGES];
	unsigned int count;
	int error;

	if (!shadow->stale && !shadow->recheck) {
		if (!shadow->written_end || set_written(vcpu, shadow, table, functions))
			return 0;
		return fill_table(vcpu, shadow, table, functions);
	}
	count = find_pages(vcpu, table, gfns);
	shadow->recheck = false;
	if (count != shadow->page_count || memcmp(gfns, shadow->gfns, count * sizeof(*gfns))) {
		untrack(vcpu, shadow);
		error = track(vcpu, shadow, gfns, count);
		if (error)
			return error;
		shadow->stale = true;
	}
	shadow->base = table->base;
	return shadow->stale || shadow->written_end ? fill_table(vcpu, shadow, table, functions) :
						      0;
}

/* The guest wrote to a tracked page, which may hold descriptors. */
static void note_written(struct table_shadow *shadow, u64 gpa, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < shadow->page_count; i++) {
		const s64 start = (s64)i * PAGE_SIZE + offset_in_page(gpa) -
				  offset_in_page(shadow->base);

		if (shadow->gfns[i] != gpa >> PAGE_SHIFT || start + bytes <= 0)
			continue;
		if (!shadow->written_end)
			shadow->written_first = WORLD_TABLE_ENTRIES;
		shadow->written_first = min_t(s64, shadow->written_first, max_t(s64, start, 0) / 8);
		shadow->written_end = max_t(s64, shadow->written_end, (start + bytes - 1) / 8 + 1);
	}
}

void run_tables_written(struct vcpu *vcpu, u64 gpa, unsigned int bytes)
{
	note_written(&vcpu->gdt, gpa, bytes);
	note_written(&vcpu->ldt, gpa, bytes);
}

enum run_result run_sync_tables(struct vcpu *vcpu)
{
	struct guest_table gdt = guest_gdt(&vcpu->cpu);
	struct guest_table ldt = guest_ldt(&vcpu->cpu);
	int error;

	error = sync_table(vcpu, &vcpu->gdt, &gdt, &gdt_functions);
	if (!error)
		error = sync_table(vcpu, &vcpu->ldt, &ldt, &ldt_functions);
	if (error == -ENOSPC)
		return run_stop(vcpu,
				"the guest's GDT leaves no %u consecutive free descriptors for ringlet's own",
				HIDDEN_BYTES / 8);
	if (error) {
		vcpu->error = error;
		return RUN_ERROR;
	}
	return RUN_RESUME;
}

void run_forget_tables(struct vcpu *vcpu)
{
	untrack(vcpu, &vcpu->gdt);
	untrack(vcpu, &vcpu->ldt);
	vcpu->gdt.stale = true;
	vcpu->ldt.stale = true;
}
