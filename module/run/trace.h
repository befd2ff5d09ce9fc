/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints of ringlet: ringlet:entry, ringlet:exit, ringlet:inject,
 * ringlet:page_fault. Called by the run loop, in the host world. Every address
 * in them is the guest's.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ringlet

#if !defined(RINGLET_RUN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define RINGLET_RUN_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

/* The guest is about to run. */
TRACE_EVENT(entry,
	TP_PROTO(u64 rip, unsigned int cpl),
	TP_ARGS(rip, cpl),

	TP_STRUCT__entry(
		__field(u64, rip)
		__field(u32, cpl)
	),

	TP_fast_assign(
		__entry->rip = rip;
		__entry->cpl = cpl;
	),

	TP_printk("rip 0x%llx cpl %u", __entry->rip, __entry->cpl)
);

/*
 * The guest came to ring 0 and the host world is back.
 * qualification: the error code of an exception, the vector of an interrupt.
 */
TRACE_EVENT(exit,
	TP_PROTO(u32 reason, u64 rip, u64 qualification, u64 cr2),
	TP_ARGS(reason, rip, qualification, cr2),

	TP_STRUCT__entry(
		__field(u64, rip)
		__field(u64, qualification)
		__field(u64, cr2)
		__field(u32, reason)
	),

	TP_fast_assign(
		__entry->rip = rip;
		__entry->qualification = qualification;
		__entry->cr2 = cr2;
		__entry->reason = reason;
	),

	TP_printk("reason %s rip 0x%llx qualification 0x%llx cr2 0x%llx",
		  __print_symbolic(__entry->reason, { 0, "#DE" }, { 1, "#DB" }, { 2, "NMI-vector" },
				   { 3, "#BP" }, { 4, "#OF" }, { 5, "#BR" }, { 6, "#UD" },
				   { 7, "#NM" }, { 8, "#DF" }, { 10, "#TS" }, { 11, "#NP" },
				   { 12, "#SS" }, { 13, "#GP" }, { 14, "#PF" }, { 16, "#MF" },
				   { 17, "#AC" }, { 18, "#MC" }, { 19, "#XM" },
				   { 32, "interrupt" }, { 33, "nmi" },
				   { 34, "software-interrupt" }, { 35, "syscall" }),
		  __entry->rip, __entry->qualification, __entry->cr2)
);

/* An event goes through the guest's IDT. type: enum cpu_event_type. */
TRACE_EVENT(inject,
	TP_PROTO(u32 vector, u32 error_code, u32 type),
	TP_ARGS(vector, error_code, type),

	TP_STRUCT__entry(
		__field(u32, vector)
		__field(u32, error_code)
		__field(u32, type)
	),

	TP_fast_assign(
		__entry->vector = vector;
		__entry->error_code = error_code;
		__entry->type = type;
	),

	TP_printk("vector 0x%x error 0x%x type %s",
		  __entry->vector, __entry->error_code,
		  __print_symbolic(__entry->type, { 0, "interrupt" }, { 1, "nmi" }, { 2, "exception" },
				   { 3, "int-n" }, { 4, "int3-into" }, { 5, "icebp" }))
);

/* What a #PF of the guest world meant. result: enum mmu_fault. */
TRACE_EVENT(page_fault,
	TP_PROTO(u64 linear, u64 gpa, u32 error_code, int result),
	TP_ARGS(linear, gpa, error_code, result),

	TP_STRUCT__entry(
		__field(u64, linear)
		__field(u64, gpa)
		__field(u32, error_code)
		__field(int, result)
	),

	TP_fast_assign(
		__entry->linear = linear;
		__entry->gpa = gpa;
		__entry->error_code = error_code;
		__entry->result = result;
	),

	TP_printk("linear 0x%llx gpa 0x%llx error 0x%x result %s",
		  __entry->linear, __entry->gpa, __entry->error_code,
		  __print_symbolic(__entry->result, { 0, "resume" }, { 1, "inject" }, { 2, "emulate" },
				   { 3, "no-memory" }, { 4, "bad" }, { 5, "stop" }))
);

#endif /* RINGLET_RUN_TRACE_H */

/*
 * The events' names are short, since ringlet: stands before them; the code says
 * whose they are.
 */
#if !defined(RINGLET_RUN_TRACE_CALLS) && !defined(TRACE_HEADER_MULTI_READ)
#define RINGLET_RUN_TRACE_CALLS
#define trace_ringlet_entry trace_entry
#define trace_ringlet_exit trace_exit
#define trace_ringlet_inject trace_inject
#define trace_ringlet_page_fault trace_page_fault
#endif

/* module/ is an include folder, so this is found wherever it is read from. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH run
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
