// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite ringlet_cpu_clock: the arithmetic of the paravirtual clock, and the
 * MSRs behind it.
 */
#include "cpu/clock.h"
#include "cpu_test.h"

#define NS_PER_SECOND 1000000000ULL

/* 1 kHz, a slow and fast PC, one GHz, the limits of the field. */
static const u32 rates[] = {
	1, 33333, 600000, 999999, 1000000, 1000001, 2400000, 2904003, 4000000, 5000001, 0xffffffff
};

static u64 distance(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

/* What a Linux guest makes of the page: pvclock_tsc_khz(). */
static u64 khz_of(const struct clock_line *line)
{
	u64 khz = (1000000ULL << 32) / line->multiplier;

	return line->shift < 0 ? khz << -line->shift : khz >> line->shift;
}

static void rate(struct kunit *test)
{
	unsigned int i, seconds;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		struct clock_line line = { .ticks = 12345, .ns = 777 };
		u64 khz = rates[i];

		clock_set_rate(&line, rates[i]);
		check_true(test, "the multiplier", "has 31 bits", line.multiplier >> 30 == 1);
		check_true(test, "the guest", "reads the rate, to 4 in a million",
			   distance(khz_of(&line), khz) <= khz / 250000 + 1);
		for (seconds = 1; seconds <= 1000000; seconds *= 1000) {
			u64 ns = clock_read(&line, 12345 + khz * 1000 * seconds) - 777;

			check_true(test, "time passes", "within 4 in a billion",
				   distance(ns, seconds * NS_PER_SECOND) <= 4ULL * seconds);
		}
	}
}

static void no_way_back(struct kunit *test)
{
	struct clock_line line = { .ticks = 1000, .ns = 50 };

	clock_set_rate(&line, 1000000);
	check(test, "the beginning", "ns", clock_read(&line, 1000), 50);
	check(test, "before it", "stands still", clock_read(&line, 999), 50);
	check(test, "long before it", "stands still", clock_read(&line, 0), 50);
	check(test, "after it", "runs", clock_read(&line, 1010), 60);
}

/* A clock steered once a second by a host whose rate is not what was said. */
static void steer_for(struct kunit *test, const char *name, s64 parts_per_million)
{
	const u64 step = 2400000000ULL, ns_step = NS_PER_SECOND + parts_per_million * 1000;
	struct clock_line line = { .ticks = 5 };
	u64 ticks = 5, host = 0, before;
	unsigned int i;

	clock_set_rate(&line, 2400000);
	for (i = 0; i < 60; i++) {
		ticks += step;
		host += ns_step;
		before = clock_read(&line, ticks);
		clock_steer(&line, ticks, host, 2400000);
		check_true(test, name, "no step", clock_read(&line, ticks) == before);
		check_true(test, name, "runs on", clock_read(&line, ticks + step) > before);
	}
	/* Two seconds' worth of the error stay. */
	check_true(test, name, "comes to the host's time",
		   distance(clock_read(&line, ticks), host) <=
			   2200 * (u64)(parts_per_million < 0 ? -parts_per_million
							      : parts_per_million) + 100);
}

static void steering(struct kunit *test)
{
	struct clock_line line = {};

	steer_for(test, "an exact rate", 0);
	steer_for(test, "a host that is faster", 100);
	steer_for(test, "a host that is slower", -100);
	steer_for(test, "one in a hundred faster", 10000);
	steer_for(test, "one in a hundred slower", -10000);

	clock_set_rate(&line, 1000000);
	clock_steer(&line, 1000, 3600 * NS_PER_SECOND, 1000000);
	check(test, "an hour's sleep", "jumps", clock_read(&line, 1000), 3600 * NS_PER_SECOND);
	clock_steer(&line, 2000, 0, 1000000);
	check(test, "an hour back", "never", clock_read(&line, 2000),
	      3600 * NS_PER_SECOND + 1000);
	check_true(test, "an hour back", "but slower, by 1 in 64 at most",
		   distance(clock_read(&line, 2000 + NS_PER_SECOND),
			    3600 * NS_PER_SECOND + 1000 + NS_PER_SECOND - NS_PER_SECOND / 64) < 10);
}

static void pages(struct kunit *test)
{
	struct clock_line line = { .ticks = 0x1122334455667788ULL, .ns = 99 };
	struct clock_page page;
	struct clock_wall wall;
	u8 bytes[32];

	clock_set_rate(&line, 2400000);
	memset(&page, 0xff, sizeof(page));
	clock_fill_page(&page, &line, 1, 6, CLOCK_PAGE_STABLE);
	memcpy(bytes, &page, sizeof(bytes));
	check(test, "page", "version", bytes[0], 6);
	check(test, "page", "padding", bytes[4] | bytes[5] | bytes[30] | bytes[31], 0);
	check(test, "page", "ticks with the offset", bytes[8], 0x89);
	check(test, "page", "ns", bytes[16], 99);
	check(test, "page", "multiplier", bytes[24], line.multiplier & 0xff);
	check(test, "page", "shift", bytes[28], 0);
	check(test, "page", "flags", bytes[29], 1);

	clock_fill_wall(&wall, 1700000000123456789ULL, 8);
	memcpy(bytes, &wall, sizeof(wall));
	check(test, "wall", "version", wall.version, 8);
	check(test, "wall", "seconds", wall.seconds, 1700000000);
	check(test, "wall", "nanoseconds", wall.nanoseconds, 123456789);
	check(test, "wall", "it begins with the version", bytes[0], 8);
}

/* ---- MSRs ------------------------------------------------------------------ */

static void offer(u32 base, const char *signature, u32 features)
{
	struct cpu_cpuid_entry *name = &cpu->cpuid[cpu->cpuid_count++];
	struct cpu_cpuid_entry *leaf = &cpu->cpuid[cpu->cpuid_count++];

	*name = (struct cpu_cpuid_entry){ .function = base, .eax = base + 1 };
	memcpy(&name->ebx, signature, 4);
	memcpy(&name->ecx, signature + 4, 4);
	memcpy(&name->edx, signature + 8, 4);
	*leaf = (struct cpu_cpuid_entry){ .function = base + 1, .eax = features };
}

static void clock_msrs(struct kunit *test)
{
	static const struct {
		u32 index;
		u32 feature;
		unsigned int changed;
	} rows[] = {
		{ MSR_KVM_WALL_CLOCK, BIT(0), CPU_CHANGED_WALL },
		{ MSR_KVM_SYSTEM_TIME, BIT(0), CPU_CHANGED_CLOCK },
		{ MSR_KVM_WALL_CLOCK_NEW, BIT(3), CPU_CHANGED_WALL },
		{ MSR_KVM_SYSTEM_TIME_NEW, BIT(3), CPU_CHANGED_CLOCK },
	};
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 index = rows[i].index;

		fake_machine_protected(&machine);
		check_true(test, "without KVM's leaves", "#GP",
			   !cpu_write_msr(cpu, index, 0x5001, false));
		check_true(test, "without KVM's leaves", "the client may",
			   cpu_write_msr(cpu, index, 0x5001, true));
		offer(0x40000000, KVM_SIGNATURE, ~rows[i].feature);
		check_true(test, "without the feature", "#GP",
			   !cpu_write_msr(cpu, index, 0x5001, false));

		fake_machine_protected(&machine);
		offer(0x40000000, KVM_SIGNATURE, rows[i].feature);
		check_true(test, "with the feature", "written",
			   cpu_write_msr(cpu, index, 0x5001, false));
		check_true(test, "with the feature", "read",
			   cpu_read_msr(cpu, index, &value, false));
		check(test, "with the feature", "value", value, 0x5001);
		check(test, "with the feature", "announced", machine.changed, rows[i].changed);

		/* Behind another hypervisor's leaves. */
		fake_machine_protected(&machine);
		offer(0x40000000, "Microsoft Hv", ~0U);
		check_true(test, "another's leaves", "#GP",
			   !cpu_read_msr(cpu, index, &value, false));
		offer(0x40000100, KVM_SIGNATURE, rows[i].feature);
		check_true(test, "KVM's behind them", "read",
			   cpu_read_msr(cpu, index, &value, false));
	}
}

static struct kunit_case clock_cases[] = {
	KUNIT_CASE(rate),
	KUNIT_CASE(no_way_back),
	KUNIT_CASE(steering),
	KUNIT_CASE(pages),
	KUNIT_CASE(clock_msrs),
	{},
};

static struct kunit_suite clock_suite = {
	.name = "ringlet_cpu_clock",
	.test_cases = clock_cases,
};
kunit_test_suite(clock_suite);
