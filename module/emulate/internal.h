/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the emulator share: the state of one emulation, access to
 * operands, and the functions that the dispatch table in emulate.c names.
 * Private to module/emulate. Pure.
 *
 * Every handler keeps one order: first all that can fault (reads, checks,
 * probes), then the write to memory, then registers and flags. So a fault
 * leaves nothing behind, and an instruction that waits for userspace can be
 * done again from its beginning.
 */
#ifndef RINGLET_EMULATE_INTERNAL_H
#define RINGLET_EMULATE_INTERNAL_H

#include "emulate/emulate.h"

struct emulation;
struct computation;

typedef enum cpu_result (*emulate_handler)(struct emulation *emulation);
typedef struct computation (*emulate_compute)(const struct emulation *emulation, u64 destination,
					      u64 source);

/**
 * struct emulation - one instruction on its way through the emulator
 * @compute: the arithmetic of the instruction, from the dispatch table
 * @next_rip: RIP when the instruction is done; branches change it
 * @one_iteration: a debug trap may come after each iteration of a REP
 * @shadow: what cpu->interrupt_shadow becomes
 * @repeat: a REP goes on: RIP stays
 * @transferred: cpu/ has set RIP itself (far transfers, events)
 * @no_trap: no single-step trap after this one (an event cleared TF)
 */
struct emulation {
	struct virtual_cpu *cpu;
	const struct insn *insn;
	emulate_compute compute;
	u64 next_rip;
	bool one_iteration;
	u8 shadow;
	bool repeat;
	bool transferred;
	bool no_trap;
};

/**
 * struct computation - what an arithmetic instruction makes of its operands
 * @value: new value of the destination
 * @flags: new values of the flags in @affected
 * @affected: X86_EFLAGS_* that change
 */
struct computation {
	u64 value;
	u64 flags;
	u64 affected;
};

static inline u64 size_mask(unsigned int bytes)
{
	return bytes >= 8 ? ~0ULL : (1ULL << (8 * bytes)) - 1;
}

static inline u64 sign_bit(unsigned int bytes)
{
	return 1ULL << (8 * bytes - 1);
}

static inline s64 sign_extend(u64 value, unsigned int bytes)
{
	unsigned int shift = 64 - 8 * bytes;

	return (s64)(value << shift) >> shift;
}

/* Width of the stack pointer, by SS.B. */
static inline u64 stack_mask(const struct virtual_cpu *cpu)
{
	return size_mask(cpu->segments[SEGMENT_SS].db ? 4 : 2);
}

static inline bool flag(const struct virtual_cpu *cpu, u64 mask)
{
	return cpu->rflags & mask;
}

static inline void set_flags(struct virtual_cpu *cpu, u64 affected, u64 flags)
{
	cpu->rflags = (cpu->rflags & ~affected) | (flags & affected);
}

/* ZF, SF and PF as every result sets them. */
u64 result_flags(u64 value, unsigned int bytes);

/* ---- registers and operands (operand.c) --------------------------------- */

u64 get_register(const struct virtual_cpu *cpu, unsigned int reg, unsigned int bytes);
/* Byte and word writes keep the rest; a doubleword clears the upper half. */
void set_register(struct virtual_cpu *cpu, unsigned int reg, unsigned int bytes, u64 value);
/* Count, index and pointer registers of string instructions and loops. */
u64 get_address_register(const struct emulation *emulation, unsigned int reg);
void set_address_register(const struct emulation *emulation, unsigned int reg, u64 value);

static inline const struct operand *operand(const struct emulation *emulation, unsigned int index)
{
	return &emulation->insn->operands[index];
}

/* Size of what the instruction works on: its first operand. */
static inline unsigned int destination_bytes(const struct emulation *emulation)
{
	return emulation->insn->operands[0].size;
}

/* The segment of a string source or XLAT: the override, else DS. */
enum segment_register data_segment(const struct insn *insn);

/* Read @bytes at @offset past the start of the memory operand. */
enum cpu_result read_memory(struct emulation *emulation, u64 offset, void *data,
			    unsigned int bytes);
enum cpu_result write_memory(struct emulation *emulation, u64 offset, const void *data,
			     unsigned int bytes);

enum cpu_result read_operand(struct emulation *emulation, unsigned int index, u64 *value);
enum cpu_result write_operand(struct emulation *emulation, unsigned int index, u64 value);

/**
 * modify_operand() - read operand 0, compute, write it back, set flags
 * @source: the second value of the computation
 * @old: gets what was in the operand
 * @bit_offset: bytes to add to the address of a memory operand (bit tests)
 *
 * With LOCK, and always for XCHG, memory changes atomically.
 */
enum cpu_result modify_operand(struct emulation *emulation, u64 source, u64 *old, s64 bit_offset);

/* ---- checks that many instructions make --------------------------------- */

enum cpu_result undefined(struct emulation *emulation);
enum cpu_result general_protection(struct emulation *emulation);
/* #GP(0) unless CPL is 0. */
enum cpu_result require_ring0(struct emulation *emulation);
/* #UD in real and virtual-8086 mode. */
enum cpu_result require_protected(struct emulation *emulation);
/* Whether @condition, the low four bits of the opcode, holds. */
bool condition_holds(const struct virtual_cpu *cpu, unsigned int condition);

/* ---- handlers, by file --------------------------------------------------- */

/* arithmetic.c */
enum cpu_result emulate_binary(struct emulation *emulation);
enum cpu_result emulate_unary(struct emulation *emulation);
enum cpu_result emulate_compare(struct emulation *emulation);
enum cpu_result emulate_exchange(struct emulation *emulation);
enum cpu_result emulate_cmpxchg(struct emulation *emulation);
enum cpu_result emulate_cmpxchg8b(struct emulation *emulation);
/* a - b - borrow, and the flags that it sets. */
struct computation subtract(u64 a, u64 b, bool borrow, unsigned int bytes);
struct computation compute_add(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_adc(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_sub(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_sbb(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_and(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_or(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_xor(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_inc(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_dec(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_neg(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_not(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_xchg(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_cmpxchg(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_cmpxchg8b(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_adcx(const struct emulation *emulation, u64 a, u64 b);
struct computation compute_adox(const struct emulation *emulation, u64 a, u64 b);

/* multiply.c */
enum cpu_result emulate_mul(struct emulation *emulation);
enum cpu_result emulate_imul(struct emulation *emulation);
enum cpu_result emulate_div(struct emulation *emulation);
enum cpu_result emulate_idiv(struct emulation *emulation);
enum cpu_result emulate_daa(struct emulation *emulation);
enum cpu_result emulate_das(struct emulation *emulation);
enum cpu_result emulate_aaa(struct emulation *emulation);
enum cpu_result emulate_aas(struct emulation *emulation);
enum cpu_result emulate_aam(struct emulation *emulation);
enum cpu_result emulate_aad(struct emulation *emulation);

/* shift.c */
enum cpu_result emulate_shift(struct emulation *emulation);
struct computation compute_rol(const struct emulation *emulation, u64 a, u64 count);
struct computation compute_ror(const struct emulation *emulation, u64 a, u64 count);
struct computation compute_rcl(const struct emulation *emulation, u64 a, u64 count);
struct computation compute_rcr(const struct emulation *emulation, u64 a, u64 count);
struct computation compute_shl(const struct emulation *emulation, u64 a, u64 count);
struct computation compute_shr(const struct emulation *emulation, u64 a, u64 count);
struct computation compute_sar(const struct emulation *emulation, u64 a, u64 count);
enum cpu_result emulate_double_shift(struct emulation *emulation);
struct computation compute_shld(const struct emulation *emulation, u64 a, u64 source);
struct computation compute_shrd(const struct emulation *emulation, u64 a, u64 source);

/* bits.c */
enum cpu_result emulate_bit_test(struct emulation *emulation);
struct computation compute_bt(const struct emulation *emulation, u64 a, u64 bit);
struct computation compute_bts(const struct emulation *emulation, u64 a, u64 bit);
struct computation compute_btr(const struct emulation *emulation, u64 a, u64 bit);
struct computation compute_btc(const struct emulation *emulation, u64 a, u64 bit);
enum cpu_result emulate_bit_scan(struct emulation *emulation);
enum cpu_result emulate_popcnt(struct emulation *emulation);
enum cpu_result emulate_crc32(struct emulation *emulation);

/* move.c */
enum cpu_result emulate_mov(struct emulation *emulation);
enum cpu_result emulate_movsx(struct emulation *emulation);
enum cpu_result emulate_movbe(struct emulation *emulation);
enum cpu_result emulate_bswap(struct emulation *emulation);
enum cpu_result emulate_movdir64b(struct emulation *emulation);
enum cpu_result emulate_lea(struct emulation *emulation);
enum cpu_result emulate_xlat(struct emulation *emulation);
enum cpu_result emulate_cbw(struct emulation *emulation);
enum cpu_result emulate_cwd(struct emulation *emulation);
enum cpu_result emulate_cmov(struct emulation *emulation);
enum cpu_result emulate_setcc(struct emulation *emulation);
enum cpu_result emulate_flag(struct emulation *emulation);
enum cpu_result emulate_lahf(struct emulation *emulation);
enum cpu_result emulate_sahf(struct emulation *emulation);
enum cpu_result emulate_salc(struct emulation *emulation);
enum cpu_result emulate_nop(struct emulation *emulation);

/* string.c */
unsigned int string_bytes(const struct insn *insn);
bool string_repeats(const struct insn *insn);
/* Move (E)SI or (E)DI on by @bytes, as DF says. */
void advance_pointer(const struct emulation *emulation, unsigned int reg, u64 bytes);
enum cpu_result emulate_movs(struct emulation *emulation);
enum cpu_result emulate_cmps(struct emulation *emulation);
enum cpu_result emulate_stos(struct emulation *emulation);
enum cpu_result emulate_lods(struct emulation *emulation);
enum cpu_result emulate_scas(struct emulation *emulation);

/* port.c */
enum cpu_result emulate_in(struct emulation *emulation);
enum cpu_result emulate_out(struct emulation *emulation);
enum cpu_result emulate_ins(struct emulation *emulation);
enum cpu_result emulate_outs(struct emulation *emulation);

/* stack.c */
enum cpu_result emulate_push(struct emulation *emulation);
enum cpu_result emulate_pop(struct emulation *emulation);
enum cpu_result emulate_pusha(struct emulation *emulation);
enum cpu_result emulate_popa(struct emulation *emulation);
enum cpu_result emulate_pushf(struct emulation *emulation);
enum cpu_result emulate_popf(struct emulation *emulation);
enum cpu_result emulate_enter(struct emulation *emulation);
enum cpu_result emulate_leave(struct emulation *emulation);

/* branch.c */
enum cpu_result emulate_jcc(struct emulation *emulation);
enum cpu_result emulate_jmp(struct emulation *emulation);
enum cpu_result emulate_call(struct emulation *emulation);
enum cpu_result emulate_ret(struct emulation *emulation);
enum cpu_result emulate_loop(struct emulation *emulation);
enum cpu_result emulate_jcxz(struct emulation *emulation);
enum cpu_result emulate_far_jmp(struct emulation *emulation);
enum cpu_result emulate_far_call(struct emulation *emulation);
enum cpu_result emulate_far_ret(struct emulation *emulation);
enum cpu_result emulate_iret(struct emulation *emulation);
enum cpu_result emulate_int(struct emulation *emulation);
enum cpu_result emulate_int3(struct emulation *emulation);
enum cpu_result emulate_into(struct emulation *emulation);
enum cpu_result emulate_int1(struct emulation *emulation);
enum cpu_result emulate_bound(struct emulation *emulation);
enum cpu_result emulate_sysenter(struct emulation *emulation);
enum cpu_result emulate_sysexit(struct emulation *emulation);

/* segment.c */
enum cpu_result read_far_pointer(struct emulation *emulation, u16 *selector, u64 *offset);
enum cpu_result require_no_umip(struct emulation *emulation);
enum cpu_result emulate_mov_segment(struct emulation *emulation);
enum cpu_result emulate_push_segment(struct emulation *emulation);
enum cpu_result emulate_pop_segment(struct emulation *emulation);
enum cpu_result emulate_load_far_pointer(struct emulation *emulation);
enum cpu_result emulate_store_table(struct emulation *emulation);
enum cpu_result emulate_load_table(struct emulation *emulation);
enum cpu_result emulate_store_selector(struct emulation *emulation);
enum cpu_result emulate_load_selector(struct emulation *emulation);
enum cpu_result emulate_lar(struct emulation *emulation);
enum cpu_result emulate_lsl(struct emulation *emulation);
enum cpu_result emulate_verify(struct emulation *emulation);
enum cpu_result emulate_arpl(struct emulation *emulation);

/* system.c */
enum cpu_result emulate_cli(struct emulation *emulation);
enum cpu_result emulate_sti(struct emulation *emulation);
enum cpu_result emulate_hlt(struct emulation *emulation);
enum cpu_result emulate_mov_control(struct emulation *emulation);
enum cpu_result emulate_mov_debug(struct emulation *emulation);
enum cpu_result emulate_clts(struct emulation *emulation);
enum cpu_result emulate_lmsw(struct emulation *emulation);
enum cpu_result emulate_smsw(struct emulation *emulation);
enum cpu_result emulate_clac_stac(struct emulation *emulation);
enum cpu_result emulate_invlpg(struct emulation *emulation);
enum cpu_result emulate_invpcid(struct emulation *emulation);
enum cpu_result emulate_cache_control(struct emulation *emulation);
enum cpu_result emulate_cache_line(struct emulation *emulation);
enum cpu_result emulate_rdmsr(struct emulation *emulation);
enum cpu_result emulate_wrmsr(struct emulation *emulation);
enum cpu_result emulate_rdtsc(struct emulation *emulation);
enum cpu_result emulate_rdpmc(struct emulation *emulation);
enum cpu_result emulate_rdpid(struct emulation *emulation);
enum cpu_result emulate_cpuid(struct emulation *emulation);
enum cpu_result emulate_random(struct emulation *emulation);
enum cpu_result emulate_monitor(struct emulation *emulation);
enum cpu_result emulate_undefined(struct emulation *emulation);
enum cpu_result emulate_xcr(struct emulation *emulation);

/* fpu.c */
enum cpu_result emulate_fwait(struct emulation *emulation);
enum cpu_result emulate_floating_point(struct emulation *emulation);
enum cpu_result emulate_vector(struct emulation *emulation);

#endif /* RINGLET_EMULATE_INTERNAL_H */
