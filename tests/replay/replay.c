// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator against other machines: random instructions, privileged ones
 * included. Makes batches of tests on the pure virtual CPU and gives them to
 * the replay guest, which runs them on QEMU's emulation, in Bochs, under
 * ringlet. See docs/oracles.md.
 *
 * usage: replay IMAGE [OPTION...]
 *   --instructions N  how many at least (default 1000000)
 *   --seed N          other ones
 *   --qemu PROGRAM    compare with this one (default qemu-system-i386)
 *   --write FILE      no comparison: write the batches for the guest's module
 *   --first N         begin with this batch
 *   --strict          with what only a strict processor can be asked
 *   --batch N         only this batch, and every instruction of it is shown
 *   --spoil           take a wrong result for right: a difference must be found
 *   --spoil-fast      the same for what the interpreter's fast core finds
 */
#define _GNU_SOURCE
#include "fast.h"
#include "generate.h"
#include "peer.h"
#include "random.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define TESTS_MOST	 512
#define FAILURES_MOST	 1000 /* then the arena is too worn for more tests */
#define DIFFERENCES_MOST 10
#define SPOILT_TEST	 100

struct options {
	const char *image, *qemu, *write;
	u64 instructions, seed, first;
	long batch;
	bool strict, spoil, spoil_fast;
};

static struct machine machine;
static struct generator generator = { .machine = &machine };
static struct replay_image image;
static u64 differences;
/* The first test of the last batch for which our engines disagree. */
static struct {
	const char *words;
	unsigned int test;
} disagreement;

/* ---- making a batch ------------------------------------------------------------------- */

static void load_image(const struct options *options)
{
	machine_init(&machine);
	if (machine_load_image(&machine, options->image, &image))
		return;
	fprintf(stderr, "replay: %s is no replay guest\n", options->image);
	exit(2);
}

/*
 * The first @count tests of batch @number: the same ones for any count. False:
 * the buffer is too small.
 */
static void make_batch(const struct options *options, struct replay_batch *batch, u64 number,
		       unsigned int count, long verbose)
{
	u8 *at = (u8 *)batch + 4096 + ARENA_BYTES;
	unsigned int failures = 0;
	const u8 *end = (u8 *)batch + BATCH_BYTES - ARENA_BYTES - 16384;

	random_seed(options->seed + number * 0x1234567);
	load_image(options);
	generator.image = &image;
	generator.strict = options->strict;
	/* Fewer tests are made to look for a difference again. */
	generator.fast = count == TESTS_MOST;
	world_make(&generator.world, &machine, &image);
	disagreement.words = NULL;
	memset(batch, 0, sizeof(*batch));
	batch->magic = BATCH_MAGIC;
	batch->world = 4096;
	batch->records = at - (u8 *)batch;
	memcpy((u8 *)batch + batch->world, machine.memory + ARENA, ARENA_BYTES);
	while (batch->count < count && at < end && failures < FAILURES_MOST) {
		struct replay_record *record = (void *)at;

		generator.verbose = verbose == (long)batch->count || verbose == -2;
		generator.spoil_fast = options->spoil_fast && batch->count == SPOILT_TEST;
		failures++;
		if (!generate_test(&generator, record))
			continue;
		failures = 0;
		if (generator.disagreement && !disagreement.words) {
			disagreement.words = generator.disagreement;
			disagreement.test = batch->count;
		}
		memcpy(record + 1, generator.patches, generator.patch_bytes);
		if (options->spoil && batch->count == SPOILT_TEST)
			record->expected.regs[REG_BX] ^= 1;
		record->bytes = sizeof(*record) + record->patch_bytes;
		at += record->bytes;
		batch->count++;
	}
	at = (u8 *)batch + ((at - (u8 *)batch + 4095) & ~4095UL);
	batch->after = at - (u8 *)batch;
	memcpy(at, machine.memory + ARENA, ARENA_BYTES);
	batch->bytes = batch->after + ARENA_BYTES;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static const char *const result_names[RESULT_BYTES / 4] = {
	"eax",
	"ecx",
	"edx",
	"ebx",
	"esp",
	"ebp",
	"esi",
	"edi",
	"vector",
	"error",
	"eip",
	"cs",
	"eflags",
	"old esp",
	"old ss",
	"old es",
	"old ds",
	"old fs",
	"old gs",
	"es",
	"ss",
	"ds",
	"fs",
	"gs",
	"cr0",
	"cr2",
	"cr3",
	"cr4",
	"dr6",
	"tr",
	"ldtr",
	"gate",
	"gdt limit, base",
	"gdt base",
	"idt limit, base",
	"idt base",
};

static bool same_result(const struct replay_record *record)
{
	const u32 *got = (const u32 *)&record->result;
	const u32 *wanted = (const u32 *)&record->expected;
	const u32 *mask = (const u32 *)&record->mask;
	unsigned int i;

	for (i = 0; i < RESULT_BYTES / 4; i++)
		if ((got[i] ^ wanted[i]) & mask[i])
			return false;
	return true;
}

static void show_state(const struct replay_state *state)
{
	printf("#   before: eax %08x ecx %08x edx %08x ebx %08x esp %08x ebp %08x esi %08x edi %08x\n",
	       state->eax, state->ecx, state->edx, state->ebx, state->esp, state->ebp, state->esi,
	       state->edi);
	printf("#     cs:eip %04x:%08x ss %04x ds %04x es %04x fs %04x gs %04x ldtr %04x eflags %08x\n",
	       state->cs, state->eip, state->ss, state->ds, state->es, state->fs, state->gs,
	       state->ldtr, state->eflags);
	printf("#     cr0 %08x cr2 %08x cr3 %08x cr4 %08x\n", state->cr0, state->cr2, state->cr3,
	       state->cr4);
}

static const struct replay_record *record_of(const struct replay_batch *batch, unsigned int test)
{
	const struct replay_record *record = (void *)((u8 *)batch + batch->records);

	while (test--)
		record = (const void *)((const u8 *)record + record->bytes);
	return record;
}

static void show_results(const struct replay_batch *batch, unsigned int test)
{
	const struct replay_record *record = record_of(batch, test);
	const u32 *got = (const u32 *)&record->result;
	const u32 *wanted = (const u32 *)&record->expected;
	const u32 *mask = (const u32 *)&record->mask;
	unsigned int i;

	for (i = 0; i < RESULT_BYTES / 4; i++)
		if ((got[i] ^ wanted[i]) & mask[i])
			printf("#   %s: emulator %08x, other %08x\n", result_names[i], wanted[i],
			       got[i]);
}

/* A difference in memory alone: which bytes. */
static bool same_arena(const struct replay_batch *batch, bool show)
{
	const u8 *got = (const u8 *)batch + batch->world;
	const u8 *wanted = (const u8 *)batch + batch->after;
	unsigned int i, shown = 0;

	for (i = 0; i < ARENA_BYTES; i++) {
		/* QEMU sets A in the directory pointers of PAE. */
		u8 ignored = i - (ARENA_PDPT - ARENA) < 64 ? PTE_A : 0;

		if (i - (ARENA_STATE - ARENA) < 4096 || !((got[i] ^ wanted[i]) & ~ignored))
			continue;
		if (!show)
			return false;
		printf("#   memory %05x: emulator %02x, other %02x\n", ARENA + i, wanted[i],
		       got[i]);
		if (++shown == 16)
			break;
	}
	return !shown;
}

static void show_difference(const struct options *options, struct replay_batch *batch, u64 number,
			    unsigned int test)
{
	static u8 again[BATCH_BYTES];

	printf("# difference: seed %llu batch %llu test %u\n", (unsigned long long)options->seed,
	       (unsigned long long)number, test);
	show_state(&record_of(batch, test)->state);
	make_batch(options, (void *)again, number, test + 1, test);
}

/* What make_batch() has found by itself. */
static void compare_engines(const struct options *options, struct replay_batch *batch, u64 number)
{
	char words[sizeof(generator.words)];

	if (!disagreement.words || ++differences > DIFFERENCES_MOST)
		return;
	snprintf(words, sizeof(words), "%s", disagreement.words);
	show_difference(options, batch, number, disagreement.test);
	printf("#   %s\n", words);
}

/* The test after which memory first differs. */
static unsigned int find_memory_difference(const struct options *options, struct peer *peer,
					   struct replay_batch *batch, u64 number,
					   unsigned int count)
{
	unsigned int low = 0, high = count;

	while (high - low > 1) {
		unsigned int middle = (low + high) / 2;

		make_batch(options, batch, number, middle, -1);
		if (!peer_run(peer, batch))
			return middle - 1;
		if (same_arena(batch, false))
			low = middle;
		else
			high = middle;
	}
	make_batch(options, batch, number, high, -1);
	peer_run(peer, batch);
	return high - 1;
}

/* The first test whose results differ; count if there is none. */
static unsigned int first_different(const struct replay_batch *batch)
{
	const struct replay_record *record = (void *)((u8 *)batch + batch->records);
	unsigned int i;

	for (i = 0; i < batch->count && same_result(record); i++)
		record = (const void *)((const u8 *)record + record->bytes);
	return i;
}

/* Whether @count tests of a batch leave the same memory behind. */
static bool same_memory_after(const struct options *options, struct peer *peer,
			      struct replay_batch *batch, u64 number, unsigned int count)
{
	make_batch(options, batch, number, count, -1);
	return peer_run(peer, batch) && same_arena(batch, false);
}

static void compare_batch(const struct options *options, struct peer *peer,
			  struct replay_batch *batch, u64 number)
{
	unsigned int count = batch->count;
	unsigned int test = first_different(batch);

	if (test == count && same_arena(batch, false))
		return;
	/* What follows the first difference may only be a consequence of it. */
	if (++differences > DIFFERENCES_MOST)
		return;
	if (test == count || !same_memory_after(options, peer, batch, number, test)) {
		test = find_memory_difference(options, peer, batch, number, test);
		show_difference(options, batch, number, test);
		show_results(batch, test);
		same_arena(batch, true);
		return;
	}
	make_batch(options, batch, number, test + 1, -1);
	peer_run(peer, batch);
	show_difference(options, batch, number, test);
	show_results(batch, test);
	same_arena(batch, true);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void print_statistics(void)
{
	unsigned int i, kinds = 0;

	printf("# %llu tests, %llu instructions: %llu in ring 0, %llu in rings 1 to 3, %llu in virtual-8086 mode, %llu in real mode\n",
	       (unsigned long long)generator.tests, (unsigned long long)generator.instructions,
	       (unsigned long long)generator.kinds[KIND_RING0],
	       (unsigned long long)generator.kinds[KIND_OUTER],
	       (unsigned long long)generator.kinds[KIND_V86],
	       (unsigned long long)generator.kinds[KIND_REAL]);
	printf("# the fast core executed %llu instructions of them, and left %llu steps to the emulator\n",
	       (unsigned long long)fast_counts()->fast, (unsigned long long)fast_counts()->slow);
	printf("# exceptions:");
	for (i = 0; i < 32; i++)
		if (generator.vectors[i])
			printf(" %u:%llu", i, (unsigned long long)generator.vectors[i]);
	printf("\n");
	for (i = 1; i < EXCLUSIONS; i++)
		if (generator.excluded[i])
			printf("# not asked: %llu: %s\n", (unsigned long long)generator.excluded[i],
			       exclusion_names[i]);
	for (i = 0; i < OPERATIONS; i++)
		kinds += generator.executed[i] != 0;
	printf("# %u operations, %llu tests came to nothing\n", kinds,
	       (unsigned long long)generator.discarded);
	if (getenv("REPLAY_OPERATIONS"))
		for (i = 0; i < OPERATIONS; i++)
			if (generator.executed[i])
				printf("#   %s %llu, %llu faulted\n", operation_name(i),
				       (unsigned long long)generator.executed[i],
				       (unsigned long long)generator.faults[i]);
}

static int write_batches(const struct options *options)
{
	struct replay_batch *batch = malloc(BATCH_BYTES);
	FILE *file = fopen(options->write, "wb");
	bool good = batch && file;
	u64 number = options->first;

	while (good && generator.instructions < options->instructions) {
		make_batch(options, batch, number, TESTS_MOST, -1);
		compare_engines(options, batch, number++);
		good = fwrite(batch, batch->bytes, 1, file) == 1;
	}
	good = file && !fclose(file) && good;
	free(batch);
	if (!good) {
		perror(options->write);
		return 2;
	}
	print_statistics();
	return differences ? 1 : 0;
}

static int show_batch(const struct options *options)
{
	struct replay_batch *batch = malloc(BATCH_BYTES);

	if (!batch)
		return 2;
	make_batch(options, batch, options->batch, TESTS_MOST, -2);
	free(batch);
	print_statistics();
	return 0;
}

/*
 * Two batches take turns: while one runs, the next is made and the last
 * compared. Ends early if the other machine does not come back; true if it did
 * not start.
 */
static bool compare_some(const struct options *options, u64 *number)
{
	struct replay_batch *batches[2];
	struct peer peer;
	bool more = true;

	if (!peer_start(&peer, options->qemu, options->image))
		return true;
	batches[0] = peer_batch(&peer, 0);
	batches[1] = peer_batch(&peer, 1);
	make_batch(options, batches[*number & 1], *number, TESTS_MOST, -1);
	compare_engines(options, batches[*number & 1], *number);
	while (more && differences < DIFFERENCES_MOST) {
		struct replay_batch *batch = batches[*number & 1];

		peer_go(&peer, *number & 1);
		more = generator.instructions < options->instructions;
		if (more) {
			make_batch(options, batches[~*number & 1], *number + 1, TESTS_MOST, -1);
			compare_engines(options, batches[~*number & 1], *number + 1);
		}
		if (!peer_wait(&peer)) {
			differences++;
			printf("# the other machine did not come back\n");
			show_difference(options, batch, *number, batch->done);
			show_results(batch, batch->done);
			++*number;
			break;
		}
		compare_batch(options, &peer, batch, (*number)++);
	}
	peer_stop(&peer);
	return false;
}

static int compare(const struct options *options)
{
	u64 number = options->first;

	load_image(options);
	while (generator.instructions < options->instructions && differences < DIFFERENCES_MOST)
		if (compare_some(options, &number))
			return 2;
	print_statistics();
	printf("%s 1 - %llu random instructions, %llu differences\n1..1\n",
	       differences ? "not ok" : "ok", (unsigned long long)generator.instructions,
	       (unsigned long long)differences);
	return differences ? 1 : 0;
}

static void parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "instructions", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "qemu", required_argument, NULL, 'q' },
		{ "write", required_argument, NULL, 'w' },
		{ "strict", no_argument, NULL, 'S' },
		{ "first", required_argument, NULL, 'f' },
		{ "batch", required_argument, NULL, 'b' },
		{ "spoil", no_argument, NULL, 'x' },
		{ "spoil-fast", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 'n': options->instructions = strtoull(optarg, NULL, 0); break;
		case 's': options->seed = strtoull(optarg, NULL, 0); break;
		case 'q': options->qemu = optarg; break;
		case 'w': options->write = optarg; break;
		case 'x': options->spoil = true; break;
		case 'y': options->spoil_fast = true; break;
		case 'S': options->strict = true; break;
		case 'f': options->first = strtoull(optarg, NULL, 0); break;
		case 'b': options->batch = strtol(optarg, NULL, 0); break;
		default: exit(2);
		}
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: replay IMAGE [OPTION...]\n");
		exit(2);
	}
	options->image = argv[optind];
}

int main(int argc, char **argv)
{
	struct options options = {
		.qemu = "qemu-system-i386",
		.instructions = 1000000,
		.seed = 1,
		.batch = -1,
	};

	parse(argc, argv, &options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (options.write)
		return write_batches(&options);
	if (options.batch >= 0)
		return show_batch(&options);
	return compare(&options);
}
