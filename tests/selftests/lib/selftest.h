/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs in tests/selftests share: results in TAP, a small machine
 * on /dev/ringlet, guest code written in place. They run as root in the
 * disposable host.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>
#include <linux/ringlet.h>

#define DEVICE		  "/dev/ringlet"
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- results ------------------------------------------------------------ */

/* One "ok" or "not ok" line. Returns @condition. */
bool check(bool condition, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The call whose result this is must have succeeded; tells errno if not. */
bool check_done(long result, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The call must have failed with @error. */
bool check_error(long result, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A line of comment. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Nothing further can be tested: ends the program as failed. */
void bail_out(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Prints the plan. The program's exit status. */
int finish(void);

/* ---- guest code --------------------------------------------------------- */

/*
 * GUEST_CODE(name, "assembly") defines 32-bit code as guest_name up to
 * guest_name_end. It must not depend on its address.
 */
#define GUEST_CODE(name, text)                                  \
	extern const char guest_##name[], guest_##name##_end[]; \
	__asm__(".pushsection .rodata\n\t.code32\n\t"           \
		"guest_" #name ":\n\t" text "\n"                \
		"guest_" #name "_end:\n\t.code64\n\t.popsection\n")

/* ---- a machine ---------------------------------------------------------- */

#define MACHINE_MEMORY		   0x200000
#define MACHINE_GDT		   0x1000
#define MACHINE_IDT		   0x2000
#define MACHINE_TSS		   0x3000
#define MACHINE_STACK		   0x9000
#define MACHINE_CODE		   0x10000
#define MACHINE_CODE_SELECTOR	   0x10
#define MACHINE_DATA_SELECTOR	   0x18
#define MACHINE_TSS_SELECTOR	   0x20
#define MACHINE_USER_CODE_SELECTOR 0x2b
#define MACHINE_USER_DATA_SELECTOR 0x33

/* A VM with one slot of memory at 0 and one vCPU. */
struct machine {
	int device;
	int vm;
	int vcpu;
	struct kvm_run *run;
	size_t run_bytes;
	unsigned char *memory;
	size_t memory_bytes;
};

/* Makes all of it; bails out if something fails. The CPU is as after reset. */
void machine_create(struct machine *machine, size_t memory_bytes);
/* The same; @prepare is called after the memory and before the vCPU is made. */
void machine_create_with(struct machine *machine, size_t memory_bytes,
			 void (*prepare)(struct machine *machine));
void machine_destroy(struct machine *machine);

/*
 * Loads @code at MACHINE_CODE and sets the CPU up to execute it: ring 0, flat
 * 32-bit segments, paging off, interrupts off, a GDT, an empty IDT, a TSS.
 */
void machine_boot(struct machine *machine, const char *code, const char *end);
#define MACHINE_BOOT(machine, name) machine_boot(machine, guest_##name, guest_##name##_end)

/*
 * The CPUID that the module offers, with these bits of leaf 1 changed, becomes the
 * machine's. machine_boot() takes it as it is.
 */
void machine_set_cpuid(struct machine *machine, uint32_t set_ecx, uint32_t clear_edx);

/* Puts a 32-bit interrupt gate to @offset into the machine's IDT. */
void machine_set_gate(struct machine *machine, unsigned int vector, uint32_t offset);

/* KVM_RUN until it returns something else than EINTR. 0 or -errno. */
int machine_run(struct machine *machine);
/* KVM_RUN once. 0 or -errno. */
int machine_run_once(struct machine *machine);
/* Checks that KVM_RUN returns for an access to @port; explains it if not. */
bool machine_expect_port(struct machine *machine, uint16_t port, const char *what);
void machine_get_regs(struct machine *machine, struct kvm_regs *regs);
void machine_set_regs(struct machine *machine, const struct kvm_regs *regs);
/* Prints why the machine stopped, as a comment. */
void machine_explain(struct machine *machine);
const char *exit_name(unsigned int exit_reason);

/* ---- the host ----------------------------------------------------------- */

/* How many references the module has, from /sys; -1 if it is not loaded. */
int module_references(void);
/*
 * Whether they become @wanted within three seconds; a comment if not. Files are
 * put down by the kernel some time after their process is reaped.
 */
bool references_become(int wanted);
/* Whether @seconds have not passed since the first call in this process. */
bool time_left(unsigned int seconds);
/* A line of a file in /proc that starts with @name: its number, or -1. */
long proc_number(const char *path, const char *name);

#endif /* SELFTEST_H */
