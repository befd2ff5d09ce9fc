// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe guest: for each probe of list.h it puts the virtual CPU into a
 * known state, executes the instruction, and reports what it saw. It judges
 * nothing. Runs in guest ring 0; see start.S.
 */
#include <stdint.h>

#include "list.h"
#include "probe.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define VECTORS 0x60

/* Each probe marks its start, executes its code, and ends by an interrupt. */
#define CODE(label, text)                   \
	"code_" #label ": out %al, $0xe8\n" \
	"begin_" #label ": " text "\n"      \
	"1:\n"                              \
	"end_" #label ": int $0x50\n"
asm(".pushsection .text\n" PROBE_CODE_LIST(CODE) ".popsection");

#define LABELS(label, text) code_##label[], begin_##label[], end_##label[],
extern u8 PROBE_CODE_LIST(LABELS) stubs[];

static const struct {
	u8 *code, *begin, *end;
	u32 ring, eflags, eax, ecx;
} probes[] = {
#define PROBE(name, label, ring, eflags, eax, ecx) \
	{ code_##label, begin_##label, end_##label, ring, (eflags) | 2, eax, ecx },
	PROBE_LIST(PROBE)
};

/* start.S */
extern u32 record[PROBE_FIELDS];
extern u32 enter_ring, enter_eflags, enter_eip, enter_eax, enter_ecx;
extern u8 gate_target[];
void enter_probe(void);
void load_segments(void);
void probe_main(u32 magic, u32 first, u32 rounds);

static volatile u64 *const gdt = (u64 *)PROBE_GDT;
static volatile u64 *const other_gdt = (u64 *)PROBE_OTHER_GDT;
static volatile u64 *const idt = (u64 *)PROBE_IDT;
static volatile u64 *const other_idt = (u64 *)PROBE_OTHER_IDT;
static volatile u32 *const scratch = (u32 *)PROBE_SCRATCH;

struct table_register {
	u16 limit;
	u32 base;
} __attribute__((packed));

/* ---- the report ---- */

static char line[256];
static u32 length;

static void add_character(char character)
{
	if (length < sizeof(line))
		line[length++] = character;
}

static void add_number(u32 value)
{
	int shift = 28;

	add_character(' ');
	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		add_character("0123456789abcdef"[value >> shift & 15]);
}

static void end_line(void)
{
	const char *text = line;

	add_character('\n');
	asm volatile("cld; rep outsb"
		     : "+S"(text), "+c"(length)
		     : "d"(PROBE_PORT_REPORT)
		     : "memory");
}

static void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static u32 cpuid_register(u32 leaf, int which)
{
	u32 eax = leaf, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return which == 0 ? eax : which == 1 ? ebx : edx;
}

static void report_header(void)
{
	add_character('H');
	add_number(PROBE_FORMAT);
	add_number(cpuid_register(1, 0));
	add_number(cpuid_register(0, 0) >= 7 ? cpuid_register(7, 1) : 0);
	add_number(cpuid_register(0x80000000, 0) > 0x80000000 ? cpuid_register(0x80000001, 2) : 0);
	end_line();
}

static void report_code(u32 probe)
{
	const u8 *byte;

	add_character('B');
	add_number(probe);
	for (byte = probes[probe].begin; byte < probes[probe].end; byte++)
		add_number(*byte);
	end_line();
}

static void report_record(u32 probe)
{
	u32 field;

	add_character('P');
	add_number(probe);
	for (field = 0; field < PROBE_FIELDS; field++)
		add_number(record[field]);
	end_line();
}

/* ---- the known state ---- */

static u64 descriptor(u32 base, u32 limit, u8 access, u8 flags)
{
	return (u64)(limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)access << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (u64)flags << 52 | (u64)(base >> 24) << 56;
}

static u64 gate(u32 offset, u8 access)
{
	return (u64)(offset & 0xffff) | PROBE_CODE << 16 | (u64)access << 40 |
	       (u64)(offset >> 16) << 48;
}

static void build_gdt(volatile u64 *table)
{
	/* Accessed bits are set: what LAR answers then does not change. */
	table[PROBE_CODE / 8] = descriptor(0, 0xfffff, 0x9b, 0xc);
	table[PROBE_DATA / 8] = descriptor(0, 0xfffff, 0x93, 0xc);
	table[PROBE_USER_CODE / 8] = descriptor(0, 0xfffff, 0xfb, 0xc);
	table[PROBE_USER_DATA / 8] = descriptor(0, 0xfffff, 0xf3, 0xc);
	table[PROBE_TR / 8] = descriptor(PROBE_TSS, 0x68 + 0x20, 0x89, 0);
	table[PROBE_LDTR / 8] = descriptor(PROBE_LDT, PROBE_LDT_LIMIT, 0x82, 0);
	table[PROBE_GATE / 8] = gate((u32)gate_target, 0x8c);
	table[PROBE_OTHER_TR / 8] = descriptor(PROBE_OTHER_TSS, 0x67, 0x89, 0);
	table[PROBE_SMALL / 8] = descriptor(0, 0xfff, 0x93, 0x4);
}

static void build_tables(void)
{
	u32 *tss = (u32 *)PROBE_TSS, *other_tss = (u32 *)PROBE_OTHER_TSS, vector, byte;
	u8 *map = (u8 *)PROBE_TSS + 0x68;

	build_gdt(gdt);
	build_gdt(other_gdt);
	other_gdt[PROBE_OTHER_DATA / 8] = descriptor(0, 0xfffff, 0x93, 0xc);
	((volatile u64 *)PROBE_LDT)[PROBE_LOCAL_DATA / 8] = descriptor(0, 0xfffff, 0x93, 0xc);
	for (vector = 0; vector < VECTORS; vector++)
		idt[vector] = gate((u32)stubs + 16 * vector, 0x8e);
	idt[PROBE_DONE] = gate((u32)stubs + 16 * PROBE_DONE, 0xee);
	for (vector = 0; vector < VECTORS; vector++)
		other_idt[vector] = idt[vector];
	other_idt[PROBE_DONE] = gate((u32)stubs + 16 * PROBE_OTHER_DONE, 0xee);
	tss[1] = PROBE_ENTRY_STACK - 0x800;
	tss[2] = PROBE_DATA;
	tss[25] = 0x68 << 16;
	for (byte = 0; byte <= 0x20; byte++)
		map[byte] = 0xff;
	map[PROBE_PORT_MARK / 8] &= (u8) ~(1u << PROBE_PORT_MARK % 8);
	other_tss[1] = tss[1];
	other_tss[2] = tss[2];
	other_tss[25] = 0x68 << 16;
}

/* The PIC as a PC's kernel sets it up, everything masked. */
static void reset_pic(void)
{
	outb(0x20, 0x11);
	outb(0x21, PROBE_TIMER);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

/*
 * One interrupt, some milliseconds from now: what ends HLT. Edges of a timer
 * that the BIOS left running are forgotten.
 */
static void arm_timer(void)
{
	outb(0x43, 0x30);
	reset_pic();
	outb(0x40, 0x00);
	outb(0x40, 0x60);
	outb(0x21, 0xfe);
}

static void write_msr(u32 index, u32 high, u32 low)
{
	asm volatile("wrmsr" ::"c"(index), "d"(high), "a"(low));
}

static void reset_state(u32 probe)
{
	const struct table_register gdtr = { PROBE_GDT_LIMIT, PROBE_GDT };
	const struct table_register idtr = { PROBE_IDT_LIMIT, PROBE_IDT };
	u32 i;

	asm volatile("lidt %0" ::"m"(idtr));
	asm volatile("lgdt %0" ::"m"(gdtr));
	gdt[PROBE_TR / 8] = descriptor(PROBE_TSS, 0x68 + 0x20, 0x89, 0);
	gdt[PROBE_OTHER_TR / 8] = descriptor(PROBE_OTHER_TSS, 0x67, 0x89, 0);
	asm volatile("ltr %w0" ::"r"(PROBE_TR));
	asm volatile("lldt %w0" ::"r"(PROBE_LDTR));
	asm volatile("mov %0, %%cr0" ::"r"(PROBE_CR0));
	asm volatile("mov %0, %%cr4" ::"r"(0));
	asm volatile("mov %0, %%cr3" ::"r"(0));
	asm volatile("mov %0, %%cr2" ::"r"(0));
	asm volatile("mov %0, %%dr0" ::"r"(0));
	write_msr(0x174, 0, 0);
	write_msr(PROBE_MSR, 0, PROBE_MSR_VALUE);
	write_msr(0x10, PROBE_TIME, 0);
	outb(0x21, 0xff);

	for (i = 0; i < 6; i++)
		scratch[i] = PROBE_PATTERN;
	scratch[4] = PROBE_STACK - PROBE_STACK_MARGIN;
	scratch[5] = PROBE_DATA;
	*(volatile struct table_register *)&scratch[6] =
		(struct table_register){ PROBE_GDT_LIMIT, PROBE_OTHER_GDT };
	*(volatile struct table_register *)&scratch[8] =
		(struct table_register){ PROBE_IDT_LIMIT, PROBE_OTHER_IDT };
	if (probe == PROBE_HLT)
		arm_timer();
}

/* ---- the probes ---- */

static void run_probe(u32 probe)
{
	const u32 *stack;

	reset_state(probe);
	enter_ring = probes[probe].ring;
	enter_eflags = probes[probe].eflags;
	enter_eip = (u32)probes[probe].code;
	enter_eax = probes[probe].eax;
	enter_ecx = probes[probe].ecx;
	enter_probe();
	if (probe == PROBE_HLT)
		outb(0x20, 0x20);
	outb(0x21, 0xff);

	stack = (u32 *)record[PROBE_FIELD_ESP];
	record[PROBE_FIELD_OFFSET] -= (u32)probes[probe].begin;
	record[PROBE_FIELD_MEMORY0] = scratch[0];
	record[PROBE_FIELD_MEMORY1] = scratch[1];
	record[PROBE_FIELD_STACK0] = stack[0];
	record[PROBE_FIELD_STACK1] = stack[1];
}

static int needs_ring3(u32 probe)
{
	return probes[probe].ring == 3 || probe == PROBE_IRET_USER || probe == PROBE_RET_FAR_USER;
}

void probe_main(u32 magic, u32 first, u32 rounds)
{
	u32 leave_out = 0, probe, round;

	if (magic == PROBE_MAGIC) {
		leave_out = rounds & PROBE_NO_RING3;
		rounds &= ~PROBE_NO_RING3;
	} else {
		first = 0;
		rounds = 1;
	}
	build_tables();
	reset_state(PROBES);
	load_segments();
	reset_pic();
	report_header();
	for (probe = first; probe < PROBES; probe++)
		report_code(probe);
	for (round = 0; round < rounds; round++)
		for (probe = first; probe < PROBES; probe++) {
			if (leave_out && needs_ring3(probe))
				continue;
			run_probe(probe);
			report_record(probe);
		}
	add_character('E');
	add_number(PROBES);
	end_line();
	outb(PROBE_PORT_END, 0);
}
