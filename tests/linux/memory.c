// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual memory: mapping, protection, copy on write, and code that is written
 * while it runs.
 */
#define _GNU_SOURCE /* mremap, memfd_create */
#include <cpuid.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_test.h"

#define PAGE	   4096u
#define COW_PAGES  256u
#define BULK_BYTES (24u << 20)

static void *map(size_t size, int protection, int flags)
{
	return mmap(NULL, size, protection, flags | MAP_ANONYMOUS, -1, 0);
}

static int touch_read(void *address)
{
	return *(volatile char *)address;
}

static int touch_write(void *address)
{
	*(volatile char *)address = 42;
	return 0;
}

/* Whether the access kills a child with SIGSEGV. */
static bool kills(int (*touch)(void *address), void *address)
{
	int status = in_child(touch, address);

	return status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void test_protection(void)
{
	char *page = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	bool good = true;

	strcpy(page, "kept");
	mprotect(page, PAGE, PROT_READ);
	check(!strcmp(page, "kept") && kills(touch_write, page), "mprotect: read-only");
	mprotect(page, PAGE, PROT_NONE);
	check(kills(touch_read, page), "mprotect: no access");
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	page[0] = 'K';
	check(!strcmp(page, "Kept"), "mprotect: all again");
	for (int i = 0; i < 500 && good; i++) {
		mprotect(page, PAGE, PROT_READ);
		good = page[0] == 'K';
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		page[1] = (char)i;
	}
	check(good, "mprotect to and fro, 500 times");
	munmap(page, PAGE);
	check(kills(touch_read, page), "munmap: nothing is there");
}

struct cow {
	uint32_t *memory;
	int round;
};

static int check_and_change(void *context)
{
	const struct cow *cow = context;

	for (uint32_t i = 0; i < COW_PAGES; i++) {
		uint32_t *word = cow->memory + i * PAGE / 4 + i;

		if (*word != i * 7)
			return 1;
		*word = i * 7 + 1 + (uint32_t)cow->round;
		if (*word != i * 7 + 1 + (uint32_t)cow->round)
			return 2;
	}
	return 0;
}

static void test_copy_on_write(void)
{
	struct cow cow = { map(COW_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE), 0 };
	uint32_t *shared = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	bool good = true, kept = true;

	for (uint32_t i = 0; i < COW_PAGES; i++)
		cow.memory[i * PAGE / 4 + i] = i * 7;
	for (; cow.round < 10; cow.round++)
		good = good && exited_with(in_child(check_and_change, &cow), 0);
	for (uint32_t i = 0; i < COW_PAGES; i++)
		kept = kept && cow.memory[i * PAGE / 4 + i] == i * 7;
	check(good && kept, "fork: ten children write, the parent's pages stay");
	if (!fork()) {
		*shared = 0x12345678;
		_exit(0);
	}
	wait(NULL);
	check(*shared == 0x12345678, "shared memory is shared across fork");
	munmap(cow.memory, COW_PAGES * PAGE);
	munmap(shared, PAGE);
}

static void test_file_mappings(void)
{
	int file = memfd_create("mapping", 0);
	char *shared, *private, buffer[8];

	if (ftruncate(file, 3 * PAGE) || pwrite(file, "original", 8, 0) != 8) {
		check(false, "a file in memory");
		return;
	}
	shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	private = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	private[0] = 'X';
	check(pread(file, buffer, 8, 0) == 8 && !memcmp(buffer, "original", 8) && shared[0] == 'o',
	      "a private mapping does not change its file");
	memcpy(shared, "changed!", 8);
	check(pread(file, buffer, 8, 0) == 8 && !memcmp(buffer, "changed!", 8) &&
		      !memcmp(private, "X", 1),
	      "a shared mapping does");
	munmap(shared, 3 * PAGE);
	munmap(private, 3 * PAGE);
	close(file);
}

static int use_stack(int depth)
{
	volatile char frame[1000];

	memset((char *)frame, depth, sizeof(frame));
	return depth ? use_stack(depth - 1) + (frame[500] == (char)depth) : 0;
}

static void test_growth(void)
{
	uint32_t *bulk = malloc(BULK_BYTES);
	char *moved = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *zeros = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < 16 * PAGE; i++)
		wrong += zeros[i] != 0;
	check(!wrong, "new memory is zero");
	memset(zeros, 1, 16 * PAGE);
	madvise(zeros, 16 * PAGE, MADV_DONTNEED);
	for (unsigned int i = 0; i < 16 * PAGE; i++)
		wrong += zeros[i] != 0;
	check(!wrong, "memory given up with MADV_DONTNEED is zero again");
	strcpy(moved + 3 * PAGE, "moved along");
	moved = mremap(moved, 4 * PAGE, 1024 * PAGE, MREMAP_MAYMOVE);
	check(moved != MAP_FAILED && !strcmp(moved + 3 * PAGE, "moved along") &&
		      !moved[1023 * PAGE],
	      "mremap moves pages");
	check(use_stack(2000) == 2000, "the stack grows by two MiB");
	for (uint32_t i = 0; bulk && i < BULK_BYTES / 4; i++)
		bulk[i] = i * 2654435761u;
	for (uint32_t i = 0; bulk && i < BULK_BYTES / 4; i++)
		wrong += bulk[i] != i * 2654435761u;
	check(bulk && !wrong, "24 MiB written and read");
	free(bulk);
}

void test_memory(void)
{
	test_protection();
	test_copy_on_write();
	test_file_mappings();
	test_growth();
}

/* mov $VALUE, %eax; ret */
static void write_function(uint8_t *code, uint32_t value)
{
	code[0] = 0xb8;
	memcpy(code + 1, &value, 4);
	code[5] = 0xc3;
}

static uint32_t call(const uint8_t *code)
{
	uint32_t (*function)(void) = (uint32_t(*)(void))(uintptr_t)code;

	return function();
}

static int execute(void *code)
{
	return (int)call(code);
}

/* QEMU's own emulation does not keep a PAE guest from executing data. */
static bool is_emulated(void)
{
	uint32_t leaf[5] = { 0 };

	__cpuid(0x40000000, leaf[0], leaf[1], leaf[2], leaf[3]);
	return !memcmp(leaf + 1, "TCGTCGTCGTCG", 12);
}

static bool has_nx(void)
{
	char buffer[4096];
	int file = open("/proc/cpuinfo", O_RDONLY);
	ssize_t count = read(file, buffer, sizeof(buffer) - 1);

	close(file);
	if (count <= 0)
		return false;
	buffer[count] = '\0';
	return strstr(buffer, " nx ");
}

void test_code(void)
{
	uint8_t *code = map(2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
	uint8_t *one = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	unsigned int wrong = 0;

	for (uint32_t i = 0; i < 2000; i++) {
		write_function(code + 100, i);
		wrong += call(code + 100) != i;
	}
	check(!wrong, "code changed before each call, 2000 times");
	for (uint32_t i = 0; i < 200; i++) {
		write_function(code + PAGE - 3, i);
		wrong += call(code + PAGE - 3) != i;
	}
	check(!wrong, "likewise across two pages");
	for (uint32_t i = 0; i < 200; i++) {
		mprotect(one, PAGE, PROT_READ | PROT_WRITE);
		write_function(one, i);
		mprotect(one, PAGE, PROT_READ | PROT_EXEC);
		wrong += call(one) != i;
	}
	check(!wrong, "code written, then made executable, 200 times");
	/* An instruction that changes the one after it. */
	memcpy(code, "\xb8\0\0\0\0\xc6\x05\0\0\0\0\x2a\xb8\x15\0\0\0\xc3", 18);
	*(uint32_t *)(void *)(code + 7) = (uint32_t)(uintptr_t)(code + 13);
	check(call(code) == 0x2a, "code that changes the next instruction");
	if (has_nx() && !is_emulated()) {
		mprotect(one, PAGE, PROT_READ | PROT_WRITE);
		write_function(one, 0);
		check(kills(execute, one), "NX: data is no code");
	} else {
		note("NX is not tested here");
	}
	munmap(code, 2 * PAGE);
	munmap(one, PAGE);
}
