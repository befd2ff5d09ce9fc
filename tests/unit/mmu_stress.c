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

struct mmu mmu;
struct mmu_vcpu vcpu;
struct virtual_cpu cpu;
static u64 seed = 1;
static unsigned long step;
u8 tracked[CLIENT_PAGES];
int heard;
unsigned long reached, faulted, refused, emulated, interpreted;

void fail(const char *format, ...)
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

u64 random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dULL;
}

unsigned int dice(unsigned int sides)
{
	return (random_bits() >> 33) % sides;
}

bool chance(unsigned int percent)
{
	return dice(100) < percent;
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
	guest_flushed();
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
