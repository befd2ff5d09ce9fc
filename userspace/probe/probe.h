/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probe guest and the tool agree on: where the guest keeps its tables,
 * which values it gives its registers, and how it reports. Everything here is
 * chosen so that it differs from what a host has.
 */
#ifndef RINGLET_PROBE_H
#define RINGLET_PROBE_H

/* The guest's tables and stacks; the image lies below them. */
#define PROBE_GDT	   0x200000
#define PROBE_GDT_LIMIT	   0xff
#define PROBE_OTHER_GDT	   0x200800
#define PROBE_IDT	   0x201000
#define PROBE_IDT_LIMIT	   0x7ff
#define PROBE_OTHER_IDT	   0x201800
#define PROBE_TSS	   0x202000
#define PROBE_OTHER_TSS	   0x202800
#define PROBE_LDT	   0x203000
#define PROBE_LDT_LIMIT	   0x17
#define PROBE_SCRATCH	   0x204000
#define PROBE_STACK	   0x206000
#define PROBE_USER_STACK   0x208000
#define PROBE_ENTRY_STACK  0x20a000
#define PROBE_STACK_MARGIN 64

/* Selectors of its GDT. */
#define PROBE_CODE	 0x08
#define PROBE_DATA	 0x10
#define PROBE_USER_CODE	 0x1b
#define PROBE_USER_DATA	 0x23
#define PROBE_TR	 0x28
#define PROBE_LDTR	 0x30
#define PROBE_GATE	 0x38
#define PROBE_OTHER_TR	 0x40
#define PROBE_SMALL	 0x48 /* data, DPL 0, limit fffh */
#define PROBE_OTHER_DATA 0x78 /* only in the other GDT */
#define PROBE_LOCAL_DATA 0x0c /* in the LDT */

/* PE, TS, ET; not NE, WP and PG, which every host sets. */
#define PROBE_CR0	0x19
#define PROBE_MSR	0x175 /* SYSENTER_ESP */
#define PROBE_MSR_VALUE 0x12345678
/* The upper half of the time-stamp counter: more than any uptime. */
#define PROBE_TIME    0x40000000
#define PROBE_PATTERN 0xa5a5a5a5

/* Vectors: the end of a probe, one only for ring 0, one of the other IDT. */
#define PROBE_DONE	 0x50
#define PROBE_INT	 0x51
#define PROBE_OTHER_DONE 0x52
#define PROBE_TIMER	 0x20

/* Ports: before and after the instruction; the report; the end; the PIC. */
#define PROBE_PORT_MARK	  0xe8
#define PROBE_PORT_REPORT 0xe9
#define PROBE_PORT_END	  0xf4
#define PROBE_PORT_MASK	  0x21

/*
 * EAX on entry by the tool; EBX is then the first probe, ESI the number of
 * rounds, and bit 31 of ESI leaves out what needs ring 3. Entered by another
 * loader, the guest makes one round of all.
 */
#define PROBE_MAGIC    0x626f7270
#define PROBE_NO_RING3 0x80000000

#define PROBE_FORMAT   1
#define PROBE_IF       0x200
#define PROBE_IOPL     0x3000
#define PROBE_AC       0x40000

#ifndef __ASSEMBLER__
/*
 * Lines of the report, fields in hexadecimal:
 *   H format CPUID.1:EAX CPUID.7:EBX CPUID.80000001:EDX
 *   B probe, and the bytes of its code
 *   P probe, and PROBE_FIELDS values
 *   E probes
 */
#define PROBE_FIELD_LIST(FIELD) \
	FIELD(VECTOR)           \
	FIELD(ERROR)            \
	FIELD(OFFSET)           \
	FIELD(CS)               \
	FIELD(EFLAGS)           \
	FIELD(ESP)              \
	FIELD(EAX)              \
	FIELD(ECX)              \
	FIELD(EDX)              \
	FIELD(MEMORY0)          \
	FIELD(MEMORY1)          \
	FIELD(STACK0)           \
	FIELD(STACK1)

enum probe_field {
#define PROBE_FIELD_ENUM(name) PROBE_FIELD_##name,
	PROBE_FIELD_LIST(PROBE_FIELD_ENUM)
#undef PROBE_FIELD_ENUM
		PROBE_FIELDS
};

#endif /* __ASSEMBLER__ */

#endif /* RINGLET_PROBE_H */
