// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library of the test guests: tables, faults, reporting. Runs in guest
 * ring 0.
 */
#include "guest.h"

#define PORT_CONSOLE 0xe9
#define PORT_EXIT    0xf4

u64 gdt[GDT_ENTRIES] __attribute__((aligned(4096)));
u64 idt[256] __attribute__((aligned(4096)));
struct tss tss __attribute__((aligned(256)));
volatile struct fault fault;
volatile u32 resume_address;
volatile u32 user_result;
u32 user_eflags = EFLAGS_IF | 2;
u32 saved_esp;
handler handlers[256];

static unsigned int results, failures;
static u8 user_stack[8192] __attribute__((aligned(4096)));
static volatile bool in_user;

void *memset(void *to, int value, size_t bytes)
{
	u8 *byte = to;

	while (bytes--)
		*byte++ = (u8)value;
	return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
	u8 *target = to;
	const u8 *source = from;

	while (bytes--)
		*target++ = *source++;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const u8 *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

void print(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	asm volatile("cld; rep outsb" : "+S"(text), "+c"(length) : "d"(PORT_CONSOLE) : "memory");
}

void print_hex(u32 value)
{
	char text[9];
	unsigned int i;

	for (i = 0; i < 8; i++)
		text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	text[8] = 0;
	print(text);
}

void print_number(unsigned int value)
{
	char text[11];
	unsigned int i = sizeof(text) - 1;

	text[i] = 0;
	do {
		text[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	print(text + i);
}

void figure(const char *name, unsigned int value)
{
	print("figure ");
	print(name);
	print(" ");
	print_number(value);
	print("\n");
}

void check(bool good, const char *name)
{
	results++;
	if (!good)
		failures++;
	print(good ? "ok " : "not ok ");
	print_number(results);
	print(" - ");
	print(name);
	print("\n");
}

void comment(const char *text, u32 value)
{
	print("# ");
	print(text);
	print(" 0x");
	print_hex(value);
	print("\n");
}

void check_equal(u32 got, u32 wanted, const char *name)
{
	check(got == wanted, name);
	if (got != wanted) {
		comment("got", got);
		comment("wanted", wanted);
	}
}

void finish(void)
{
	print("1..");
	print_number(results);
	print("\n");
	outb(PORT_EXIT, failures || !results);
	for (;;)
		asm volatile("cli; hlt");
}

void clear_fault(void)
{
	fault.vector = NO_FAULT;
	fault.error_code = 0;
	fault.eip = 0;
	fault.cr2 = 0;
	fault.count = 0;
}

void check_fault(u32 vector, u32 error_code, const char *name)
{
	bool good = fault.vector == vector && fault.error_code == error_code;

	check(good, name);
	if (!good) {
		comment("vector", fault.vector);
		comment("wanted", vector);
		comment("error code", fault.error_code);
		comment("wanted", error_code);
		comment("eip", fault.eip);
		comment("cr2", fault.cr2);
	}
}

void check_fault_at(u32 vector, u32 error_code, u32 eip, const char *name)
{
	bool elsewhere = fault.vector == vector && fault.error_code == error_code &&
			 fault.eip != eip;

	if (elsewhere) {
		check(false, name);
		comment("eip", fault.eip);
		comment("wanted", eip);
		return;
	}
	check_fault(vector, error_code, name);
}

void check_page_fault(u32 error_code, u32 address, const char *name)
{
	bool elsewhere = fault.vector == VECTOR_PF && fault.error_code == error_code &&
			 fault.cr2 != address;

	if (elsewhere) {
		check(false, name);
		comment("cr2", fault.cr2);
		comment("wanted", address);
		return;
	}
	check_fault(VECTOR_PF, error_code, name);
}

void skip(const char *name, const char *reason)
{
	results++;
	print("ok ");
	print_number(results);
	print(" - ");
	print(name);
	print(" # SKIP ");
	print(reason);
	print("\n");
}

void check_no_fault(const char *name)
{
	check(fault.vector == NO_FAULT, name);
	if (fault.vector != NO_FAULT) {
		comment("vector", fault.vector);
		comment("error code", fault.error_code);
		comment("eip", fault.eip);
		comment("cr2", fault.cr2);
	}
}

static void unexpected(const struct frame *frame)
{
	failures++;
	print("not ok - unexpected exception\n");
	comment("vector", frame->vector);
	comment("error code", frame->error_code);
	comment("eip", frame->eip);
	comment("cs", frame->cs);
	comment("cr2", read_cr2());
	finish();
}

/* Called by the stubs. */
void guest_exception(struct frame *frame);
void guest_exception(struct frame *frame)
{
	u32 cr2 = frame->vector == VECTOR_PF ? read_cr2() : 0;

	if (handlers[frame->vector]) {
		handlers[frame->vector](frame);
		return;
	}
	fault.vector = frame->vector;
	fault.error_code = frame->error_code;
	fault.eip = frame->eip;
	fault.cs = frame->cs;
	fault.eflags = frame->eflags;
	fault.esp = frame->cs & 3 ? frame->esp : 0;
	fault.cr2 = cr2;
	fault.count++;
	if (in_user && (frame->cs & 3)) {
		if (frame->vector == 0x41) {
			fault.vector = NO_FAULT;
			user_result = frame->eax;
		}
		in_user = false;
		leave_user();
	}
	if (!resume_address)
		unexpected(frame);
	frame->eip = resume_address;
	if (!(frame->cs & 3))
		frame->cs = KERNEL_CS;
	frame->eflags &= ~(u32)(EFLAGS_TF | EFLAGS_RF | EFLAGS_NT);
}

static void user_return(void)
{
	asm volatile("int $0x41");
}

void run_user(void (*function)(void))
{
	u32 *stack = (u32 *)(user_stack + sizeof(user_stack));

	clear_fault();
	*--stack = (u32)user_return;
	in_user = true;
	/* enter_user() stores the stack to come back on where the TSS takes it. */
	tss.esp0 = (u32)stack_top - 8192;
	enter_user((u32)function, (u32)stack, user_eflags);
	in_user = false;
}

u64 descriptor(u32 base, u32 limit, u8 access, u8 flags)
{
	return (u64)(limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)access << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (u64)flags << 52 | (u64)(base >> 24) << 56;
}

void set_gate(u8 vector, void *function, u16 selector, u8 access)
{
	u32 offset = (u32)function;

	idt[vector] = (u64)(offset & 0xffff) | (u64)selector << 16 | (u64)access << 40 |
		      (u64)(offset >> 16) << 48;
}

void load_gdt(void)
{
	struct table_register table = { sizeof(gdt) - 1, (u32)gdt };

	asm volatile("lgdt %0" ::"m"(table) : "memory");
}

void load_idt(void)
{
	struct table_register table = { sizeof(idt) - 1, (u32)idt };

	asm volatile("lidt %0" ::"m"(table) : "memory");
}

bool segments_are_strict(void)
{
	const u64 old = gdt[FREE(0) / 8];
	struct fault before = fault;
	bool strict;

	gdt[FREE(0) / 8] = descriptor(0, 0xfff, ACCESS_DATA0, FLAGS_32_1B);
	TRY("mov %0, %%es; movb %%es:0x1000, %%al", "r"(FREE(0)));
	strict = fault.vector == VECTOR_GP;
	asm volatile("mov %0, %%es" ::"r"(KERNEL_DS));
	gdt[FREE(0) / 8] = old;
	fault = before;
	return strict;
}

static void build_tables(void)
{
	unsigned int vector;

	gdt[KERNEL_CS / 8] = descriptor(0, 0xfffff, ACCESS_CODE0, FLAGS_32_4K);
	gdt[KERNEL_DS / 8] = descriptor(0, 0xfffff, ACCESS_DATA0, FLAGS_32_4K);
	gdt[USER_CS / 8] = descriptor(0, 0xfffff, ACCESS_CODE3, FLAGS_32_4K);
	gdt[USER_DS / 8] = descriptor(0, 0xfffff, ACCESS_DATA3, FLAGS_32_4K);
	gdt[TSS_SELECTOR / 8] = descriptor((u32)&tss, sizeof(tss) - 1, 0x89, 0);
	for (vector = 0; vector < 256; vector++)
		set_gate((u8)vector, stubs + 16 * vector, KERNEL_CS, GATE_INTERRUPT0);
	set_gate(VECTOR_BP, stubs + 16 * VECTOR_BP, KERNEL_CS, GATE_INTERRUPT3);
	set_gate(VECTOR_OF, stubs + 16 * VECTOR_OF, KERNEL_CS, GATE_INTERRUPT3);
	set_gate(0x41, stubs + 16 * 0x41, KERNEL_CS, GATE_INTERRUPT3);
	set_gate(0x80, stubs + 16 * 0x80, KERNEL_CS, GATE_INTERRUPT3);
	tss.ss0 = KERNEL_DS;
	tss.esp0 = (u32)stack_top;
	tss.io_map = offsetof(struct tss, io_bitmap);
	memset(tss.io_bitmap, 0xff, sizeof(tss.io_bitmap));
}

void guest_start(void);
void guest_start(void)
{
	build_tables();
	load_gdt();
	reload_segments();
	load_idt();
	asm volatile("ltr %w0" ::"r"(TSS_SELECTOR));
	clear_fault();
	/* On bare QEMU the BIOS left the timer interrupt on. */
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	guest_main();
	finish();
}
