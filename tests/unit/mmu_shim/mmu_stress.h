/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the shadow's stress test: a guest's memory in a client, a model
 * of what a processor may do with it, the guest and its accesses, and invariants
 * of the shadow.
 */
#ifndef MMU_STRESS_H
#define MMU_STRESS_H

#include "shim.h"

#include "mmu/internal.h"

/* ---- the client (shim.c) --------------------------------------------------- */

#define CLIENT_BASE  0x200000000UL
#define CLIENT_PAGES 64

struct page *shim_client_page(unsigned long address);
void shim_replace_page(unsigned int number);
void shim_free_client(void);
unsigned long shim_shrink(unsigned long count);

/* ---- guest memory ---------------------------------------------------------- */

#define SLOTS	    3
#define SLOT_LOW    0
#define SLOT_HIGH   1 /* where only PAE reaches; comes and goes */
#define SLOT_ROM    2
#define TABLE_PAGES 12 /* the first pages of SLOT_LOW */

struct memory_slot {
	u64 gfn;
	unsigned int first; /* page of the client */
	unsigned int pages;
	bool read_only;
	bool present;
};
extern struct memory_slot memory_slots[SLOTS];

/* Which page of the client @gpa is in, or -1. */
int memory_page(u64 gpa, bool *read_only);
/* The guest-physical address of a byte of the client's memory, or ~0. */
u64 memory_gpa(const void *address);

/* ---- the model (mmu_stress_model.c) ---------------------------------------- */

struct access {
	u32 linear;
	bool user;
	bool write;
	bool fetch;
};

extern unsigned int model_now;

/* Look at the guest's memory: what changed since the last time? */
void model_record(void);
/* The guest flushes everything, or one page. */
void model_flush(void);
void model_flush_page(u32 linear);
/* Whether a processor may make the access and reach @gpa. */
bool model_may_reach(const struct virtual_cpu *cpu, const struct access *access, u64 gpa);
/* What the tables say now, A and D apart. */
enum walk_result model_walk(const struct virtual_cpu *cpu, const struct access *access,
			    u32 *error_code);

/* ---- the machine and its dice (mmu_stress.c) ------------------------------- */

#define ROOTS 3

extern struct mmu mmu;
extern struct mmu_vcpu vcpu;
extern struct virtual_cpu cpu;
extern u8 tracked[CLIENT_PAGES];
extern int heard; /* page of the last tracked write */
extern unsigned long reached, faulted, refused, emulated, interpreted;

/* The test has failed: no return. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);
u64 random_bits(void);
unsigned int dice(unsigned int sides);
bool chance(unsigned int percent);

/* ---- the guest (mmu_stress_guest.c) ---------------------------------------- */

/* Addresses, places in tables and entries that meet often. */
u32 random_linear(void);
unsigned int random_offset(void);
u64 random_entry(void);

bool guest_is_pae(void);
unsigned int entry_bytes(void);
void *memory_at(u64 gpa);
enum mmu_access emulator_write(u64 gpa, const void *data, unsigned int bytes);
void write_entry(void);
void fill_table(void);
void load_cr3(unsigned int root);
unsigned int random_root(void);
void change_mode(void);
void flush_page(u32 linear);
/* Everything, at the guest's wish or not. */
void guest_flushed(void);

/* ---- accesses (mmu_stress_access.c) ---------------------------------------- */

/* Addresses that the interpreter keeps. */
void forget_hot_pages(void);
void forget_hot_pages_at(u32 linear);
void set_privilege(bool user);
struct access random_access(void);
/* Whether it may still use them. */
void judge_hot_pages(void);
void make_access(void);
void change_what_is_used(void);
void move_table(void);

/* ---- invariants (mmu_stress_check.c) --------------------------------------- */

/* NULL, or what is wrong with the shadow. */
const char *shadow_check(struct mmu *mmu);

#endif /* MMU_STRESS_H */
