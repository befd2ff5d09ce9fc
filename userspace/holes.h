/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `ringlet holes`: the ledger of sensitive instructions, what the probe guest
 * measured of each, and the verdicts.
 *
 *	holes_ledger.c	what each instruction is, and what hardware answers
 *	holes_run.c	runs the probe guest on an engine and collects its report
 *	holes_report.c	reads the lines of that report
 *	holes_judge.c	compares
 *	holes_print.c	for people
 *	holes_json.c	for programs
 *	holes.c		the command
 */
#ifndef RINGLET_TOOL_HOLES_H
#define RINGLET_TOOL_HOLES_H

#include <linux/ringlet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "message.h"
#include "probe/list.h"
#include "probe/probe.h"

enum hole_class {
	CLASS_PRIVILEGED,
	CLASS_REGISTER,	 /* reads or changes a sensitive register */
	CLASS_REFERENCE, /* refers to the protection system */
	CLASS_BEHAVIOUR, /* behaves differently by where it runs */
};

/**
 * struct instruction - one instruction of the ledger
 * @listed: on Robin and Irvine's list
 * @harm: what a guest operating system does wrong because of the hole
 * @closes: which mechanism closes the hole, or handles the trap
 */
struct instruction {
	const char *name;
	enum hole_class class;
	bool listed;
	const char *manual;
	const char *harm;
	const char *closes;
};

/* Where a probe's answer is. */
enum answer {
	ANSWER_NONE,
	ANSWER_EAX,
	ANSWER_ECX,
	ANSWER_EDX,
	ANSWER_EFLAGS,
	ANSWER_CS,
	ANSWER_MEMORY,
	ANSWER_STACK1,
};

/* What of the host shows if it is not the guest's state. */
enum host_value {
	HOST_NONE,
	HOST_GDTR,
	HOST_IDTR,
	HOST_LDTR,
	HOST_TR,
	HOST_CR0,
	HOST_EFLAGS,
	HOST_VALUE, /* struct expectation.host_value: what ring 1 makes of it */
	HOST_CPUID,
	HOST_TIME,
};

/* When the answer depends on the features of the virtual CPU. */
enum condition {
	ALWAYS,
	IDENTITY_SAYS, /* the answer is its CPUID.1:EAX */
	WITH_SMAP,     /* else #UD */
	WITH_RDTSCP,   /* else #UD */
};

/**
 * struct expectation - what hardware answers to one probe
 * @state: the state before, for people
 * @error: error code of the exception @vector
 * @offset: where it is raised, from the first byte; ANY_OFFSET if at the end
 * @effect: the answer is an effect on a register, lost if it stays as it was
 * @innocuous: the decoder does not count this form as sensitive
 */
#define ANY_OFFSET (-1)
struct expectation {
	unsigned int instruction;
	const char *state;
	uint32_t vector;
	uint32_t error;
	int offset;
	enum answer answer;
	uint64_t mask;
	uint64_t value;
	enum condition condition;
	enum host_value host;
	uint64_t host_value;
	bool effect;
	bool innocuous;
};

extern const struct instruction instructions[];
extern const size_t instruction_count;
extern const struct expectation expectations[PROBES];

/* How a probe is executed; the same list that the guest has. */
struct probe_entry {
	const char *name;
	unsigned int code; /* probe_code() has its text */
	unsigned int ring;
	uint32_t eflags, eax, ecx;
};
extern const struct probe_entry probe_entries[PROBES];
extern const char *const probe_field_names[PROBE_FIELDS];

const char *probe_code(unsigned int probe);
const char *hole_class_name(enum hole_class class);
const char *answer_name(enum answer answer);

/**
 * struct probe_identity - CPUID of the virtual CPU that was probed
 */
struct probe_identity {
	uint32_t signature; /* 1:EAX */
	uint32_t features;  /* 7:EBX */
	uint32_t extended;  /* 80000001:EDX */
};

/**
 * struct probe_result - what was measured of one probe
 * @seen: the guest reported it
 * @exits: exits between the marks around it, the least of all rounds
 * @stopped: it never came back, and @sentence says why
 */
struct probe_result {
	bool seen;
	bool stopped;
	bool has_exits;
	uint64_t exits;
	uint32_t fields[PROBE_FIELDS];
	struct message sentence;
};

/**
 * struct hole_column - one way to run the probe guest, and what it gave
 * @available: it could run; if not, @reason says why
 * @reported: the identity that the guest itself saw
 * @identity: the one that it was to see
 * @code, @code_bytes: what each probe executed
 */
#define PROBE_CODE_MAX 24
struct hole_column {
	const char *name;
	const char *device;
	int engine;
	bool umip;
	bool ring0_only;
	bool available;
	struct message reason;
	struct probe_identity identity;
	struct probe_identity reported;
	struct probe_result results[PROBES];
	uint8_t code[PROBES][PROBE_CODE_MAX];
	unsigned int code_bytes[PROBES];
	bool complete;
	bool has_processor;
	struct ringlet_processor processor;
	double seconds;
};

enum verdict {
	VERDICT_MISSING,     /* not measured */
	VERDICT_RIGHT,	     /* right, and nothing counted traps */
	VERDICT_TRAPS,	     /* right, by a trap */
	VERDICT_VIRTUALIZED, /* right, without one */
	VERDICT_IGNORED,
	VERDICT_WRONG,
	VERDICT_LEAKS,
};

struct judgement {
	enum verdict verdict;
	bool trapped;
	bool fault_differs; /* another exception than the right one */
	bool has_host;
	uint64_t saw, right, host;
	uint32_t right_vector, right_error;
};

const char *verdict_name(enum verdict verdict);
void judge(const struct hole_column *column, enum probe probe, struct judgement *judgement);

/**
 * report_line() - take one line of the probe guest's report
 * @exits: counted around the probe; ~0 if nobody counts
 *
 * Return: false if it is no such line.
 */
bool report_line(struct hole_column *column, const char *line, uint64_t exits);

/**
 * run_probes() - measure a column
 *
 * Return: false if the column is not available; column->reason says why.
 */
bool run_probes(struct hole_column *column);

/* Columns that were tried, and which probes are asked for. */
struct holes {
	struct hole_column *columns;
	size_t column_count;
	bool wanted[PROBES];
	char cpu[128];
	double seconds;
};

void holes_print(const struct holes *holes);
void holes_explain(const struct holes *holes);
void holes_print_json(const struct holes *holes, FILE *file);

/* The command; @argv from the word "holes" on. */
int command_holes(int argc, char **argv);

#endif /* RINGLET_TOOL_HOLES_H */
