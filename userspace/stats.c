// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics at the end of a run: rows of a name and a number, in groups.
 * Called by `ringlet run` when the vCPU has stopped.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "kvm_stats.h"
#include "stats.h"

#define ROWS_MAX 256

/**
 * struct row - one number
 * @is_gauge: bytes or pages as of now, not a count: no rate is shown
 */
struct row {
	const char *group;
	char name[48];
	uint64_t value;
	bool is_gauge;
};

struct rows {
	struct row row[ROWS_MAX];
	unsigned int count;
};

static const char *const exception_names[32] = {
	"#DE divide",
	"#DB debug",
	"NMI",
	"#BP breakpoint",
	"#OF overflow",
	"#BR bound",
	"#UD invalid opcode",
	"#NM no FPU",
	"#DF double fault",
	"coprocessor overrun",
	"#TS invalid TSS",
	"#NP not present",
	"#SS stack",
	"#GP protection",
	"#PF page fault",
	NULL,
	"#MF FPU error",
	"#AC alignment",
	"#MC machine check",
	"#XM SIMD error",
};

static const char *const exit_names[RINGLET_EXIT_REASONS] = {
	[RINGLET_EXIT_INTERRUPT] = "host interrupt",
	[RINGLET_EXIT_NMI] = "host NMI",
	[RINGLET_EXIT_SOFTWARE_INTERRUPT] = "INT n",
	[RINGLET_EXIT_SYSCALL] = "SYSCALL, SYSENTER",
};

static const char *const emulated_names[RINGLET_EMULATED_GROUPS] = {
	[RINGLET_EMULATED_CLI] = "CLI",
	[RINGLET_EMULATED_STI] = "STI",
	[RINGLET_EMULATED_HLT] = "HLT",
	[RINGLET_EMULATED_IN] = "IN",
	[RINGLET_EMULATED_OUT] = "OUT",
	[RINGLET_EMULATED_MOV_CR] = "MOV CR",
	[RINGLET_EMULATED_MOV_DR] = "MOV DR",
	[RINGLET_EMULATED_DESCRIPTOR_TABLE] = "descriptor tables",
	[RINGLET_EMULATED_INVLPG] = "INVLPG",
	[RINGLET_EMULATED_MSR] = "MSRs",
	[RINGLET_EMULATED_TIME] = "RDTSC, RDPMC",
	[RINGLET_EMULATED_CPUID] = "CPUID",
	[RINGLET_EMULATED_FLAGS] = "PUSHF, POPF",
	[RINGLET_EMULATED_IRET] = "IRET",
	[RINGLET_EMULATED_FAR_TRANSFER] = "far transfers",
	[RINGLET_EMULATED_INT] = "INT n",
	[RINGLET_EMULATED_SEGMENT_LOAD] = "segment loads",
	[RINGLET_EMULATED_MEMORY] = "memory accesses",
	[RINGLET_EMULATED_OTHER] = "others",
};

__attribute__((format(printf, 5, 6))) static void
add(struct rows *rows, const char *group, uint64_t value, bool is_gauge, const char *format, ...)
{
	struct row *row = &rows->row[rows->count];
	va_list arguments;

	if (rows->count == ROWS_MAX)
		return;
	rows->count++;
	row->group = group;
	row->value = value;
	row->is_gauge = is_gauge;
	va_start(arguments, format);
	vsnprintf(row->name, sizeof(row->name), format, arguments);
	va_end(arguments);
}

/* A row for each named element, and for each other one that is not zero. */
static void add_array(struct rows *rows, const char *group, const __u64 *values, unsigned int count,
		      const char *const *names, const char *unnamed)
{
	for (unsigned int i = 0; i < count; i++) {
		if (names[i])
			add(rows, group, values[i], false, "%s", names[i]);
		else if (values[i])
			add(rows, group, values[i], false, "%s %u", unnamed, i);
	}
}

static void add_module_rows(struct rows *rows, const struct ringlet_statistics *s)
{
	const char *names[RINGLET_EXIT_REASONS];

	for (unsigned int i = 0; i < RINGLET_EXIT_REASONS; i++)
		names[i] = i < 32 ? exception_names[i] : exit_names[i];
	add_array(rows, "exits", s->exits, RINGLET_EXIT_REASONS, names, "reason");
	add(rows, "exit paths", s->exits_fast, false, "fast (in the guest world)");
	add(rows, "exit paths", s->exits_slow, false, "slow (in the host world)");
	add(rows, "exit paths", s->exits_user, false, "to the tool");
	add(rows, "exit paths", s->world_switches, false, "world switches");
	add(rows, "time", s->ticks_handling, false, "TSC ticks in the host world");
	add_array(rows, "emulated", s->emulated, RINGLET_EMULATED_GROUPS, emulated_names, "group");
	add(rows, "interpreter", s->interpreted, false, "instructions");
	add(rows, "interpreter", s->interpreted_slow, false, "by the emulator");
	add(rows, "interpreter", s->interpreter_fills, false, "translations filled");
	add_array(rows, "injected", s->injected, 32, exception_names, "vector");
	add(rows, "injected", s->injected_interrupts, false, "interrupts");
	add(rows, "writes", s->doorbells_rung, false, "to an eventfd");
	add(rows, "writes", s->writes_coalesced, false, "coalesced");
	add(rows, "interrupt controllers", s->irqchip_port_accesses, false, "port accesses");
	add(rows, "interrupt controllers", s->irqchip_interrupts, false, "acknowledged");
	add(rows, "interrupt controllers", s->timer_ticks, false, "timer ticks due");
	add(rows, "interrupt controllers", s->timer_ticks_given, false, "timer ticks given");
	add(rows, "interrupt controllers", s->halts, false, "halts");
	add(rows, "page faults", s->page_faults_shadow, false, "shadow entry filled");
	add(rows, "page faults", s->page_faults_guest, false, "given to the guest");
	add(rows, "page faults", s->page_faults_mmio, false, "device memory");
	add(rows, "page faults", s->page_faults_tracked, false, "write to a page table");
	add(rows, "shadow", s->shadow_roots_cached, false, "address spaces found");
	add(rows, "shadow", s->shadow_roots_missed, false, "address spaces not found");
	add(rows, "shadow", s->shadow_pages_built, false, "tables made");
	add(rows, "shadow", s->shadow_prefetched, false, "entries filled ahead");
	add(rows, "shadow", s->shadow_zapped, false, "entries cleared");
	add(rows, "shadow", s->shadow_unsynced, false, "tables out of sync");
	add(rows, "shadow", s->shadow_resynced, false, "tables compared");
	add(rows, "shadow", s->shadow_floods, false, "tables written too often");
	add(rows, "shadow", s->shadow_evicted, false, "tables taken at the limit");
	add(rows, "shadow", s->shadow_reclaimed, false, "tables given to the host");
	add(rows, "shadow", s->shadow_flushes, false, "flushes of everything");
	add(rows, "memory", s->shadow_pages, true, "shadow pages now");
	add(rows, "memory", s->shadow_pages_peak, true, "shadow pages at most");
	add(rows, "memory", s->pinned_pages, true, "guest pages pinned");
	add(rows, "memory", s->module_bytes, true, "module bytes");
}

/* On KVM: what it counts itself, under its own names. */
static bool add_kvm_rows(struct rows *rows, const struct vm *vm)
{
	struct kvm_stats stats;

	if (!kvm_stats_open(&stats, vm->vcpu))
		return false;
	for (unsigned int i = 0; i < stats.count; i++)
		if (stats.item[i].is_count)
			add(rows, "kvm", kvm_stats_value(&stats, i), false, "%s",
			    stats.item[i].name);
	kvm_stats_close(&stats);
	return true;
}

static void add_tool_rows(struct rows *rows, const struct vcpu *vcpu)
{
	for (unsigned int i = 0; i < EXIT_REASONS; i++) {
		const char *name = exit_reason_name(i);

		if (name)
			add(rows, "returns to the tool", vcpu->exits[i], false, "%s", name);
		else if (vcpu->exits[i])
			add(rows, "returns to the tool", vcpu->exits[i], false, "reason %u", i);
	}
	add(rows, "returns to the tool", vcpu->interrupted, false, "interrupted");
	add(rows, "returns to the tool", vcpu->machine->bus.unclaimed, false,
	    "ports that no device has");
}

/* Groups stay in their order; within one, the largest number comes first. */
static void sort_groups(struct rows *rows)
{
	for (unsigned int i = 1; i < rows->count; i++) {
		struct row row = rows->row[i];
		unsigned int at = i;

		while (at && rows->row[at - 1].group == row.group &&
		       rows->row[at - 1].value < row.value) {
			rows->row[at] = rows->row[at - 1];
			at--;
		}
		rows->row[at] = row;
	}
}

static void print_table(FILE *file, struct rows *rows, double seconds)
{
	const char *group = NULL;

	sort_groups(rows);
	for (unsigned int i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (!row->value)
			continue;
		if (group != row->group) {
			group = row->group;
			fprintf(file, "%s\n", group);
		}
		fprintf(file, "  %-28s %14llu", row->name, (unsigned long long)row->value);
		if (!row->is_gauge && seconds > 0)
			fprintf(file, " %12.0f/s", (double)row->value / seconds);
		fputc('\n', file);
	}
}

static json_t *group_of(json_t *root, const char *name)
{
	json_t *group = json_object_get(root, name);

	if (!group) {
		group = json_object();
		json_object_set_new(root, name, group);
	}
	return group;
}

static void print_json(FILE *file, const struct rows *rows, double seconds)
{
	json_t *root = json_object();

	json_object_set_new(root, "seconds", json_real(seconds));
	for (unsigned int i = 0; i < rows->count; i++)
		json_object_set_new(group_of(root, rows->row[i].group), rows->row[i].name,
				    json_integer((json_int_t)rows->row[i].value));
	json_dumpf(root, file, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', file);
	json_decref(root);
}

void stats_print(FILE *file, enum stats_mode mode, const struct vcpu *vcpu, double seconds)
{
	static struct rows rows;
	struct ringlet_statistics statistics;

	rows.count = 0;
	if (vm_statistics(vcpu->vm, &statistics))
		add_module_rows(&rows, &statistics);
	else if (!add_kvm_rows(&rows, vcpu->vm) && mode == STATS_TABLE)
		fputs("kvm\n  this kernel's KVM has no binary statistics\n", file);
	add_tool_rows(&rows, vcpu);
	if (mode == STATS_JSON)
		print_json(file, &rows, seconds);
	else
		print_table(file, &rows, seconds);
	fflush(file);
}
