// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypothesis: KVM's clock is in the guest's memory before the instruction after
 * WRMSR, and read in ring 0 and in ring 3 by their RDTSC it never goes back,
 * not where the page is written anew, nor when the guest sets its counter.
 */
#include "guest.h"

#define MSR_TSC	 0x10
#define MSR_WALL 0x4b564d00
#define MSR_TIME 0x4b564d01
#define MSR_NONE 0x4b564dff

/* Long enough for a second page, and a guest that is slow still looks often. */
#define WATCH_NS    1500000000ull
#define LEAST_LOOKS 20
#define NEW_TSC	    0x123456789abcdefull

static volatile struct {
	u32 version, pad;
	u64 ticks, ns;
	u32 multiplier;
	signed char shift;
	u8 flags, pad2[2];
} page __attribute__((aligned(64)));

static volatile struct {
	u32 version, seconds, nanoseconds;
} wall __attribute__((aligned(16)));

static u64 now(void)
{
	u64 ns, delta;
	u32 version;

	do {
		version = page.version;
		asm volatile("" ::: "memory");
		delta = rdtsc() - page.ticks;
		delta = page.shift < 0 ? delta >> -page.shift : delta << page.shift;
		/* 64 by 32 bits, of which the upper 64 count. */
		ns = page.ns + (delta >> 32) * page.multiplier +
		     ((delta & 0xffffffff) * page.multiplier >> 32);
		asm volatile("" ::: "memory");
	} while ((version & 1) || version != page.version);
	return ns;
}

static volatile u64 user_now;

static void read_in_ring3(void)
{
	user_now = now();
}

/* 64-bit comparisons without helpers of a compiler's library. */
static void watch(void)
{
	u32 backwards = 0, looks = 0, versions = 0, version = page.version;
	u64 last = now(), end = last + WATCH_NS;

	while (last < end) {
		u64 next = now();

		backwards += next < last;
		last = next;
		run_user(read_in_ring3);
		backwards += user_now < last;
		last = user_now;
		versions += page.version != version;
		version = page.version;
		looks++;
	}
	comment("looks", looks);
	comment("pages", versions);
	check(looks >= LEAST_LOOKS, "the guest looked often enough");
	check(versions >= 1, "the page was written anew");
	check_equal(backwards, 0, "time in ring 0 and in ring 3 never went back");
}

/* Both rings read the counter that was written, and the clock goes on. */
static void set_counter(void)
{
	u64 before = now(), after;

	wrmsr(MSR_TSC, NEW_TSC);
	after = now();
	check(after >= before && after - before < WATCH_NS,
	      "the counter is set: the clock goes on");
	check(rdtsc() >= NEW_TSC && rdtsc() - NEW_TSC < 1ull << 40, "ring 0 reads its counter");
	run_user(read_in_ring3);
	check_no_fault("RDTSC in ring 3");
	check(user_now >= after && user_now - after < WATCH_NS, "ring 3 reads the same one");
	check(page.ticks >= NEW_TSC, "the page counts by it");
}

void guest_main(void)
{
	TRY("mov %0, %%eax; xor %%edx, %%edx; mov %1, %%ecx; wrmsr", "r"((u32)&page | 1),
	    "i"(MSR_TIME));
	check_no_fault("WRMSR of the clock's address");
	check(page.multiplier && page.version && !(page.version & 1),
	      "the page is there with the next instruction");
	check_equal((u32)rdmsr(MSR_TIME), (u32)&page | 1, "the address reads back");
	wrmsr(MSR_WALL, (u32)&wall);
	check(wall.seconds > 1000000000 && wall.nanoseconds < 1000000000 && !(wall.version & 1),
	      "the time of day too");
	TRY("mov %0, %%ecx; rdmsr", "i"(MSR_NONE));
	check_fault(VECTOR_GP, 0, "an MSR beside them: #GP");
	watch();
	set_counter();
	wrmsr(MSR_TIME, 0);
	check_equal((u32)rdmsr(MSR_TIME), 0, "the clock is given back");
}
