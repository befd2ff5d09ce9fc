/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library of the test guests: small 32-bit kernels that test one behaviour
 * each and report it as TAP on port 0xe9. They end through port 0xf4.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Selectors of the library's GDT; entries from FREE_SELECTOR on are a test's. */
#define KERNEL_CS	 0x08
#define KERNEL_DS	 0x10
#define USER_CS		 0x1b
#define USER_DS		 0x23
#define TSS_SELECTOR	 0x28
#define DOUBLE_FAULT_TSS 0x30
#define FREE_SELECTOR	 0x40
#define FREE(n)		 (FREE_SELECTOR + 8 * (n))
#define GDT_ENTRIES	 64

#define VECTOR_DE	 0
#define VECTOR_DB	 1
#define VECTOR_BP	 3
#define VECTOR_OF	 4
#define VECTOR_BR	 5
#define VECTOR_UD	 6
#define VECTOR_NM	 7
#define VECTOR_DF	 8
#define VECTOR_TS	 10
#define VECTOR_NP	 11
#define VECTOR_SS	 12
#define VECTOR_GP	 13
#define VECTOR_PF	 14
#define VECTOR_MF	 16
#define VECTOR_AC	 17
#define VECTOR_XM	 19
#define NO_FAULT	 0xffff

#define EFLAGS_CF	 0x1
#define EFLAGS_ZF	 0x40
#define EFLAGS_TF	 0x100
#define EFLAGS_IF	 0x200
#define EFLAGS_IOPL	 0x3000
#define EFLAGS_NT	 0x4000
#define EFLAGS_RF	 0x10000
#define EFLAGS_AC	 0x40000

#define EFLAGS_DF	 0x400
#define EFLAGS_OF	 0x800
#define EFLAGS_ID	 0x200000

/* Above the images of all guests and below the 64 MiB that they are given. */
#define FREE_MEMORY    0x1000000u

#define CR0_PE	       1u
#define CR0_NE	       0x20u
#define CR0_AM	       (1u << 18)
#define CR0_WP	       (1u << 16)
#define CR0_PG	       (1u << 31)
#define CR0_TS	       8u
#define CR0_EM	       4u
#define CR0_MP	       2u
#define CR4_TSD	       4u
#define CR4_DE	       8u
#define CR4_OSFXSR     0x200u
#define CR4_OSXMMEXCPT 0x400u
#define CR4_PSE	       0x10u
#define CR4_PAE	       0x20u
#define CR4_PGE	       0x80u

/* What the stubs push. esp and ss count only if the event came from ring 3. */
struct frame {
	u32 gs, fs, es, ds;
	u32 edi, esi, ebp, unused, ebx, edx, ecx, eax;
	u32 vector, error_code;
	u32 eip, cs, eflags, esp, ss;
};

struct tss {
	u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, io_map;
	u8 io_bitmap[33];
} __attribute__((packed));

struct table_register {
	u16 limit;
	u32 base;
} __attribute__((packed));

extern u64 gdt[GDT_ENTRIES];
extern u64 idt[256];
extern struct tss tss;
extern u8 stack_bottom[], stack_top[], stubs[];

/* The test itself, after GDT, IDT and TSS are loaded; interrupts off. */
void guest_main(void);

/* ---- reporting ---- */

void print(const char *text);
void print_hex(u32 value);
void print_number(unsigned int value);
/* A "figure NAME VALUE" line, for tests/bench. */
void figure(const char *name, unsigned int value);
/* One result. The plan is printed at the end. */
void check(bool good, const char *name);
/* check(), and both values when they differ. */
void check_equal(u32 got, u32 wanted, const char *name);
/* A line of its own that is no result. */
void comment(const char *text, u32 value);
void finish(void) __attribute__((noreturn));

/* ---- faults ---- */

/*
 * The last exception, or NO_FAULT in vector since the last clear_fault(). esp
 * counts only if it came from ring 3.
 */
struct fault {
	u32 vector, error_code, eip, cs, eflags, esp, cr2, count;
};
extern volatile struct fault fault;
void clear_fault(void);
/* Where an exception goes on; 0: it ends the guest as unexpected. */
extern volatile u32 resume_address;
/* Called instead for this vector, if set; return to IRET. */
typedef void (*handler)(struct frame *frame);
extern handler handlers[256];

void check_fault(u32 vector, u32 error_code, const char *name);
/* The same, and where. */
void check_fault_at(u32 vector, u32 error_code, u32 eip, const char *name);
/* A page fault: error code and CR2. */
void check_page_fault(u32 error_code, u32 address, const char *name);
void check_no_fault(const char *name);
/* No result here: the processor that this runs on cannot do it. */
void skip(const char *name, const char *reason);

/*
 * Execute assembly that may fault; what it did is in `fault`. The stack pointer
 * is as before afterwards. Operands as in asm.
 */
#define TRY(code, ...)                                               \
	do {                                                         \
		clear_fault();                                       \
		asm volatile("movl %%esp, saved_esp\n\t"             \
			     "movl $991f, resume_address\n\t"        \
			     "990: " code "\n\t"                     \
			     "991: movl saved_esp, %%esp\n\t"        \
			     "movl $0, resume_address" ::__VA_ARGS__ \
			     : "eax", "ecx", "edx", "memory", "cc"); \
	} while (0)

/* TRY with the address of the code in *start, to compare with fault.eip. */
#define TRY_AT(start, code, ...)                                      \
	do {                                                          \
		clear_fault();                                        \
		asm volatile("movl %%esp, saved_esp\n\t"              \
			     "movl $991f, resume_address\n\t"         \
			     "movl $990f, %[try_start]\n\t"           \
			     "990: " code "\n\t"                      \
			     "991: movl saved_esp, %%esp\n\t"         \
			     "movl $0, resume_address" ::__VA_ARGS__, \
			     [try_start] "m"(start)                   \
			     : "eax", "ecx", "edx", "memory", "cc");  \
	} while (0)

/* ---- machine ---- */

u64 descriptor(u32 base, u32 limit, u8 access, u8 flags);
#define ACCESS_CODE0 0x9a
#define ACCESS_DATA0 0x92
#define ACCESS_CODE3 0xfa
#define ACCESS_DATA3 0xf2
#define FLAGS_32_4K  0xc
#define FLAGS_32_1B  0x4
#define FLAGS_LONG   0xa
void set_gate(u8 vector, void *function, u16 selector, u8 access);
#define GATE_INTERRUPT0 0x8e
#define GATE_INTERRUPT3 0xee
#define GATE_TRAP0	0x8f
#define GATE_TASK0	0x85
void load_gdt(void);
void load_idt(void);
void reload_segments(void);
/*
 * Whether the processor checks segment limits and types of memory accesses.
 * QEMU's emulation does not; real processors and Bochs do.
 */
bool segments_are_strict(void);
#define NOT_STRICT "this emulator does not check segment limits and types"

/*
 * Run @function in ring 3 on a stack of its own until it returns or executes
 * INT 0x41. Faults there are recorded like those of TRY, and end it.
 */
void run_user(void (*function)(void));
extern volatile u32 user_result;
/* EFLAGS that it starts with. */
extern u32 user_eflags;
/* Its parts: IRET to ring 3, and what makes enter_user() return. */
void enter_user(u32 eip, u32 esp, u32 flags);
void leave_user(void);

static inline void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
	asm volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

#define READ_CONTROL(n)                                                  \
	static inline u32 read_cr##n(void)                               \
	{                                                                \
		u32 value;                                               \
                                                                         \
		asm volatile("mov %%cr" #n ", %0" : "=r"(value));        \
		return value;                                            \
	}                                                                \
	static inline void write_cr##n(u32 value)                        \
	{                                                                \
		asm volatile("mov %0, %%cr" #n ::"r"(value) : "memory"); \
	}
READ_CONTROL(0)
READ_CONTROL(2)
READ_CONTROL(3)
READ_CONTROL(4)

static inline void invlpg(void *address)
{
	asm volatile("invlpg %0" ::"m"(*(u8 *)address) : "memory");
}

static inline u32 eflags(void)
{
	u32 value;

	asm volatile("pushf; pop %0" : "=r"(value));
	return value;
}

static inline u64 rdmsr(u32 index)
{
	u64 value;

	asm volatile("rdmsr" : "=A"(value) : "c"(index));
	return value;
}

static inline void wrmsr(u32 index, u64 value)
{
	asm volatile("wrmsr" ::"A"(value), "c"(index));
}

static inline u64 rdtsc(void)
{
	u64 value;

	asm volatile("rdtsc" : "=A"(value));
	return value;
}

void *memset(void *to, int value, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif /* GUEST_H */
