// SPDX-License-Identifier: GPL-2.0-only
/*
 * The replay guest's loop: takes batches of tests, runs each, writes down the
 * results. Freestanding, 32-bit.
 *
 * With a multiboot module the batches are in it, and the guest compares and
 * reports on port 0xe9. Without one a program on the other side of the first
 * serial port says with a byte which of two batches in memory is ready, and
 * gets it back when the batch is done.
 */
#include "layout.h"

#define PORT_CONSOLE 0xe9
#define PORT_EXIT    0xf4
#define SERIAL	     0x3f8
#define SERIAL_IRQ   4
#define IRQ_BASE     0x20
#define COMPLAINTS   40

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

extern u64 mon_idt[256];
extern u8 serial_interrupt[];
void run_test(void);
void wait_for_interrupt(void);
void monitor(u32 magic, const u32 *info);

static unsigned int complaints;

static void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void copy(void *to, const void *from, u32 bytes)
{
	u32 words = bytes / 4;

	bytes %= 4;
	asm volatile("rep movsl\n\tmov %3, %%ecx\n\trep movsb"
		     : "+D"(to), "+S"(from), "+c"(words)
		     : "r"(bytes)
		     : "memory");
}

static void clear(void *to, u32 words)
{
	asm volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(0) : "memory");
}

static void print(const char *text)
{
	while (*text)
		outb(PORT_CONSOLE, (u8)*text++);
}

static void print_number(u32 value)
{
	char text[11];
	unsigned int at = sizeof(text) - 1;

	text[at] = 0;
	do {
		text[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	print(text + at);
}

static void print_hex(u32 value)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		outb(PORT_CONSOLE, (u8) "0123456789abcdef"[value >> (28 - 4 * i) & 15]);
}

/* ---- a batch ------------------------------------------------------------------ */

static void apply_patches(const struct replay_record *record)
{
	const u8 *at = (const u8 *)(record + 1);
	const u8 *end = at + record->patch_bytes;

	while (at < end) {
		const u32 *patch = (const u32 *)at;

		copy((void *)patch[0], patch + 2, patch[1]);
		at += 8 + ((patch[1] + 3) & ~3U);
	}
}

static void write_msr(u32 index, u32 value)
{
	asm volatile("wrmsr" ::"c"(index), "a"(value), "d"(0));
}

/* What tests leave behind, and the next ones of a batch go on with. */
static void reset_registers(void)
{
	asm volatile("mov %0, %%dr0\n\tmov %0, %%dr1\n\tmov %0, %%dr2\n\tmov %0, %%dr3" ::"r"(0));
	write_msr(0x174, 0);
	write_msr(0x175, 0);
	write_msr(0x176, 0);
}

static void run_batch(struct replay_batch *batch)
{
	struct replay_record *record = (void *)((u8 *)batch + batch->records);
	volatile u32 *done = &batch->done;
	u32 i;

	reset_registers();
	copy((void *)ARENA, (u8 *)batch + batch->world, ARENA_BYTES);
	for (i = 0; i < batch->count; i++) {
		apply_patches(record);
		copy((void *)ARENA_STATE, &record->state, sizeof(record->state));
		clear((void *)(ARENA_STATE + RESULT), RESULT_BYTES / 4);
		run_test();
		copy(&record->result, (void *)(ARENA_STATE + RESULT), RESULT_BYTES);
		*done = i + 1;
		record = (void *)((u8 *)record + record->bytes);
	}
	copy((u8 *)batch + batch->world, (void *)ARENA, ARENA_BYTES);
}

/* ---- batches in a module ---------------------------------------------------------- */

static void complain(u32 batch, u32 test, const char *what, u32 where, u32 got, u32 wanted)
{
	if (complaints++ >= COMPLAINTS)
		return;
	print("# batch ");
	print_number(batch);
	print(" test ");
	print_number(test);
	print(what);
	print_hex(where);
	print(": got ");
	print_hex(got);
	print(", expected ");
	print_hex(wanted);
	print("\n");
}

static u32 compare_result(const struct replay_record *record, u32 batch, u32 test)
{
	const u32 *got = (const u32 *)&record->result;
	const u32 *wanted = (const u32 *)&record->expected;
	const u32 *mask = (const u32 *)&record->mask;
	u32 i, different = 0;

	for (i = 0; i < RESULT_BYTES / 4; i++)
		if ((got[i] ^ wanted[i]) & mask[i]) {
			complain(batch, test, " result ", 4 * i, got[i], wanted[i]);
			different = 1;
		}
	return different;
}

static u32 compare_arena(const struct replay_batch *batch, u32 number)
{
	const u32 *wanted = (const void *)((const u8 *)batch + batch->after);
	const u32 *got = (const void *)((const u8 *)batch + batch->world);
	u32 i;

	for (i = 0; i < ARENA_BYTES / 4; i++) {
		/* QEMU sets A in the directory pointers of PAE. */
		u32 ignored = i * 4 + ARENA - ARENA_PDPT < 64 ? 0x20 : 0;

		if (i * 4 + ARENA - ARENA_STATE < 4096 || !((got[i] ^ wanted[i]) & ~ignored))
			continue;
		complain(number, batch->count, " memory ", ARENA + 4 * i, got[i], wanted[i]);
		return 1;
	}
	return 0;
}

static void run_module(u8 *start, const u8 *end)
{
	u32 tests = 0, instructions = 0, different = 0, number = 0;
	struct replay_batch *batch;

	for (; start < end; start += batch->bytes, number++) {
		const struct replay_record *record;
		u32 i;

		batch = (void *)start;
		if (batch->magic != BATCH_MAGIC) {
			print("not ok - the module holds no batch of tests\n");
			outb(PORT_EXIT, 1);
			return;
		}
		run_batch(batch);
		record = (void *)((u8 *)batch + batch->records);
		for (i = 0; i < batch->count; i++) {
			different += compare_result(record, number, i);
			instructions += record->instructions;
			record = (const void *)((const u8 *)record + record->bytes);
		}
		different += compare_arena(batch, number);
		tests += batch->count;
	}
	print(different || !tests ? "not ok 1 - " : "ok 1 - ");
	print_number(tests);
	print(" tests, ");
	print_number(instructions);
	print(" instructions, ");
	print_number(different);
	print(" differences\n1..1\n");
	outb(PORT_EXIT, different || !tests);
}

/* ---- batches from the serial port --------------------------------------------------- */

static void set_up_serial(void)
{
	u32 handler = (u32)serial_interrupt;

	mon_idt[IRQ_BASE + SERIAL_IRQ] = (handler & 0xffff) | (u64)SEL_CODE << 16 |
					 (u64)0x8e00 << 32 | (u64)(handler >> 16) << 48;
	outb(0x20, 0x11);
	outb(0x21, IRQ_BASE);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	outb(SERIAL + 3, 0x80);
	outb(SERIAL + 0, 1);
	outb(SERIAL + 1, 0);
	outb(SERIAL + 3, 3);
	outb(SERIAL + 4, 0xb); /* with OUT2, which gates the interrupt */
	outb(SERIAL + 1, 1);
}

static u8 receive(void)
{
	/* Tests run with IF set too: the interrupt may come only here. */
	outb(0x21, 0xff & ~(1 << SERIAL_IRQ));
	while (!(inb(SERIAL + 5) & 1))
		wait_for_interrupt();
	outb(0x21, 0xff);
	return inb(SERIAL);
}

static void send(u8 byte)
{
	while (!(inb(SERIAL + 5) & 0x20))
		;
	outb(SERIAL, byte);
}

void monitor(u32 magic, const u32 *info)
{
	u32 efer, high;

	/* NX, where there is such a bit, is on in all tests. */
	asm volatile("rdmsr" : "=a"(efer), "=d"(high) : "c"(0xc0000080));
	asm volatile("wrmsr" ::"a"(efer | 0x800), "d"(high), "c"(0xc0000080));
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	if (magic == 0x2badb002 && info[0] & 8 && info[5]) {
		const u32 *module = (const u32 *)info[6];

		run_module((u8 *)module[0], (const u8 *)module[1]);
		return;
	}
	set_up_serial();
	send('r');
	for (;;) {
		u8 which = receive();

		if (which > 1)
			break;
		run_batch((void *)(BATCH_0 + which * BATCH_BYTES));
		send(which);
	}
}
