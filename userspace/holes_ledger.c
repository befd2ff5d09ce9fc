// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: each sensitive instruction, and what hardware answers to each
 * probe of it. The answers follow from the manuals and from the state in
 * probe/; a test compares them with the probe guest on bare emulators. What
 * ringlet or KVM make of them is not in here: that is measured.
 *
 * The definitions are Popek and Goldberg's: sensitive is what changes or shows
 * the resources of the machine, privileged what traps outside ring 0. Robin and
 * Irvine's list of the unprivileged sensitive ones is cited as 17 instructions;
 * it names 18.
 */
#include "holes.h"

enum {
	I_NOTHING,
	I_SGDT,
	I_SIDT,
	I_SLDT,
	I_STR,
	I_SMSW,
	I_PUSHF,
	I_POPF,
	I_LAR,
	I_LSL,
	I_VERR,
	I_VERW,
	I_ARPL,
	I_MOV_FROM_SEGMENT,
	I_MOV_TO_SEGMENT,
	I_PUSH_SEGMENT,
	I_POP_SEGMENT,
	I_LSS,
	I_CALL_FAR,
	I_JMP_FAR,
	I_RET_FAR,
	I_INT_N,
	I_IRET,
	I_CPUID,
	I_RDTSC,
	I_RDTSCP,
	I_RDPMC,
	I_RDPKRU,
	I_XGETBV,
	I_STAC,
	I_CLAC,
	I_SYSENTER,
	I_CLI,
	I_STI,
	I_HLT,
	I_IN,
	I_OUT,
	I_MOV_CR,
	I_MOV_DR,
	I_LGDT,
	I_LIDT,
	I_LLDT,
	I_LTR,
	I_LMSW,
	I_CLTS,
	I_INVLPG,
	I_WBINVD,
	I_RDMSR,
	I_WRMSR,
	INSTRUCTIONS
};

#define STORES	   "Stores a register of the processor; no privilege is needed unless CR4.UMIP is set."
#define BY_UMIP	   "UMIP where the processor has it (#GP, then emulated); else translation"
#define BY_TRANS   "translation, or a guest that does not use it"
#define BY_TRAP	   "the trap (#GP in ring 1), then emulation"
#define READS_DPL  "Answers from the descriptor table that the processor uses, by the current ring."
#define ONLY_RING0 "Privileged: #GP(0) outside ring 0."
#define NO_HARM	   "none known: it traps"

const struct instruction instructions[] = {
	[I_NOTHING] = { "NOP", CLASS_BEHAVIOUR, false, "Does nothing: the base of the counts.",
			"none", "nothing to close" },
	[I_SGDT] = { "SGDT", CLASS_REGISTER, true, STORES,
		     "a guest that finds its own GDT by SGDT writes descriptors at a host address",
		     BY_UMIP },
	[I_SIDT] = { "SIDT", CLASS_REGISTER, true, STORES,
		     "a guest that saves and extends its IDT by SIDT reads at a host address, and "
		     "any program sees that it is in a virtual machine",
		     BY_UMIP },
	[I_SLDT] = { "SLDT", CLASS_REGISTER, true, STORES,
		     "a guest that saves LDTR when it switches tasks later loads the host's selector",
		     BY_UMIP },
	[I_STR] = { "STR", CLASS_REGISTER, true, STORES,
		    "a guest that finds its TSS by STR changes another descriptor", BY_UMIP },
	[I_SMSW] = { "SMSW", CLASS_REGISTER, true, STORES,
		     "a guest that tests paging or the FPU's bits by SMSW believes the host's CR0",
		     BY_UMIP },
	[I_PUSHF] = { "PUSHF", CLASS_REGISTER, true,
		      "Pushes EFLAGS with IF and IOPL as the processor has them; it never traps in "
		      "protected mode.",
		      "a guest that saves its flags finds interrupts always on, and turns them on in "
		      "the middle of what it wanted to protect",
		      BY_TRANS },
	[I_POPF] = { "POPF", CLASS_REGISTER, true,
		     "Outside ring 0 POPF leaves IOPL, and IF unless CPL <= IOPL, unchanged, without "
		     "a trap.",
		     "a Linux guest that restores IF with it never gets another interrupt",
		     BY_TRANS },
	[I_LAR] = { "LAR", CLASS_REFERENCE, true, READS_DPL,
		    "a guest kernel sees its own segments at privilege level 1", BY_TRANS },
	[I_LSL] = { "LSL", CLASS_REFERENCE, true, READS_DPL,
		    "a guest that checks a selector by LSL is refused what is there, or told what "
		    "it may not see",
		    BY_TRANS },
	[I_VERR] = { "VERR", CLASS_REFERENCE, true, READS_DPL,
		     "a guest that checks a caller's pointer accepts a segment that it must refuse",
		     BY_TRANS },
	[I_VERW] = { "VERW", CLASS_REFERENCE, true, READS_DPL,
		     "a guest that checks a caller's pointer lets the caller write to a kernel segment",
		     BY_TRANS },
	[I_ARPL] = { "ARPL", CLASS_REFERENCE, false,
		     "Raises the RPL of a selector to that of another, usually the caller's CS.",
		     "a selector adjusted to the guest kernel's own CS gets an RPL of 1",
		     BY_TRANS },
	[I_MOV_FROM_SEGMENT] = { "MOV from segment", CLASS_REFERENCE, true,
				 "The low bits of CS and SS are the ring that the processor is in.",
				 "a guest kernel that looks at CS to know whether it came from user "
				 "mode sees ring 1",
				 BY_TRANS },
	[I_MOV_TO_SEGMENT] = { "MOV to segment", CLASS_REFERENCE, true,
			       "Checks the selector's RPL and the current ring against the "
			       "descriptor's level.",
			       "a selector that must fault loads, because the guest's segments "
			       "are at level 1 and so is the guest",
			       "shadow descriptors trap what differs; RPL 1 only by translation" },
	[I_PUSH_SEGMENT] = { "PUSH segment", CLASS_REFERENCE, true,
			     "The low bits of CS and SS are the ring that the processor is in.",
			     "a frame that a guest builds by PUSH CS returns to ring 1", BY_TRANS },
	[I_POP_SEGMENT] = { "POP segment", CLASS_REFERENCE, true,
			    "Checks the selector's RPL and the current ring against the descriptor's "
			    "level.",
			    "a selector that must fault loads, because the guest's segments are at "
			    "level 1 and so is the guest",
			    "shadow descriptors trap what differs; RPL 1 only by translation" },
	[I_LSS] = { "LSS", CLASS_REFERENCE, false,
		    "Loads SS and ESP, with the checks of MOV to SS.", NO_HARM, BY_TRAP },
	[I_CALL_FAR] = { "CALL far", CLASS_REFERENCE, true,
			 "Pushes CS, whose low bits are the ring that the processor is in.",
			 "the called code sees a return address in ring 1", BY_TRANS },
	[I_JMP_FAR] = { "JMP far", CLASS_REFERENCE, true,
			"Checks the selector's RPL and the current ring against the descriptor's level.",
			"a jump that must fault goes through", BY_TRANS },
	[I_RET_FAR] = { "RET far", CLASS_REFERENCE, true,
			"To the same ring or an outer one; to an inner one it faults.",
			"a return to ring 3 that needs no trap is not seen by the engine",
			"#GP for RPL 0; absent shadow code descriptors for RPL 3" },
	[I_INT_N] = { "INT n", CLASS_REFERENCE, true,
		      "Through the IDT; the gate's level is compared with the current ring.",
		      NO_HARM, BY_TRAP },
	[I_IRET] = { "IRET", CLASS_REFERENCE, false,
		     "Loads EFLAGS too: IF if CPL <= IOPL, IOPL in ring 0; silently left alone "
		     "otherwise.",
		     "the flags of the frame, IF and IOPL, are lost on the way to user mode",
		     "#GP for RPL 0; absent shadow code descriptors for RPL 3" },
	[I_CPUID] = { "CPUID", CLASS_BEHAVIOUR, false,
		      "Not privileged; traps where the processor has CPUID faulting.",
		      "the guest finds features that its virtual CPU has not, and uses them",
		      "CPUID faulting where the processor has it; else translation" },
	[I_RDTSC] = { "RDTSC", CLASS_BEHAVIOUR, false, "Not privileged while CR4.TSD is clear.",
		      "none: the guest's counter is the host's, or RDTSC traps",
		      "CR4.TSD, at the price of a trap each, once the guest has written its counter" },
	[I_RDTSCP] = { "RDTSCP", CLASS_BEHAVIOUR, false, "As RDTSC, and TSC_AUX in ECX.",
		       "while the counter is the host's, an instruction that the virtual CPU has "
		       "not executes, and shows the number of the host's CPU",
		       "CR4.TSD, at the price of a trap each, once the guest has written its "
		       "counter; else translation" },
	[I_RDPMC] = { "RDPMC", CLASS_BEHAVIOUR, false, "Privileged while CR4.PCE is clear.",
		      NO_HARM, "CR4.PCE off: #GP" },
	[I_RDPKRU] = { "RDPKRU", CLASS_BEHAVIOUR, false, "#UD while CR4.PKE is clear.", NO_HARM,
		       "CR4.PKE off: #UD" },
	[I_XGETBV] = { "XGETBV", CLASS_BEHAVIOUR, false, "#UD while CR4.OSXSAVE is clear.",
		       "the guest reads the host's XCR0", "CR4.OSXSAVE off: #UD" },
	[I_STAC] = { "STAC", CLASS_PRIVILEGED, false, "#UD outside ring 0, or without SMAP.",
		     NO_HARM, "the trap (#UD)" },
	[I_CLAC] = { "CLAC", CLASS_PRIVILEGED, false, "#UD outside ring 0, or without SMAP.",
		     NO_HARM, "the trap (#UD)" },
	[I_SYSENTER] = { "SYSENTER", CLASS_BEHAVIOUR, false,
			 "Enters ring 0 where the SYSENTER MSRs say; #GP(0) if SYSENTER_CS is 0.",
			 "the guest's system calls would enter the host", "SYSENTER_CS=0: #GP" },
	[I_CLI] = { "CLI", CLASS_PRIVILEGED, false, "#GP(0) unless CPL <= IOPL.", NO_HARM,
		    BY_TRAP },
	[I_STI] = { "STI", CLASS_PRIVILEGED, false, "#GP(0) unless CPL <= IOPL.", NO_HARM,
		    BY_TRAP },
	[I_HLT] = { "HLT", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_IN] = { "IN", CLASS_PRIVILEGED, false,
		   "#GP(0) unless CPL <= IOPL or the I/O bitmap allows it.", NO_HARM, BY_TRAP },
	[I_OUT] = { "OUT", CLASS_PRIVILEGED, false,
		    "#GP(0) unless CPL <= IOPL or the I/O bitmap allows it.", NO_HARM, BY_TRAP },
	[I_MOV_CR] = { "MOV CR", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_MOV_DR] = { "MOV DR", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_LGDT] = { "LGDT", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_LIDT] = { "LIDT", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_LLDT] = { "LLDT", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_LTR] = { "LTR", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_LMSW] = { "LMSW", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_CLTS] = { "CLTS", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_INVLPG] = { "INVLPG", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_WBINVD] = { "WBINVD", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_RDMSR] = { "RDMSR", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
	[I_WRMSR] = { "WRMSR", CLASS_PRIVILEGED, false, ONLY_RING0, NO_HARM, BY_TRAP },
};
const size_t instruction_count = INSTRUCTIONS;

#define GP	13
#define UD	6
#define IF_IOPL (PROBE_IF | PROBE_IOPL)
#define ZF	0x40u

/* What comes out: the end of the probe, with an answer; or an exception. */
#define ANSWERS(where, bits, wanted)                                                          \
	.vector = PROBE_DONE, .offset = ANY_OFFSET, .answer = ANSWER_##where, .mask = (bits), \
	.value = (wanted)
#define ENDS		     .vector = PROBE_DONE, .offset = ANY_OFFSET
#define FAULTS(number, code) .vector = (number), .error = (code)
#define AT_LEVEL_1(seen)     .host = HOST_VALUE, .host_value = (seen)
/* What the manuals define of LAR's answer. */
#define RIGHTS		   0xf0ff00u
#define TABLE(base, limit) ((limit) | (uint64_t)(base) << 16)
#define TABLE_MASK	   0xffffffffffffull

const struct expectation expectations[PROBES] = {
	[PROBE_NOTHING] = { I_NOTHING, "ring 0", ENDS, .innocuous = true },
	[PROBE_NOTHING_3] = { I_NOTHING, "ring 3", ENDS, .innocuous = true },
	[PROBE_SGDT] = { I_SGDT, "the guest's own GDT",
			 ANSWERS(MEMORY, TABLE_MASK, TABLE(PROBE_GDT, PROBE_GDT_LIMIT)),
			 .host = HOST_GDTR },
	[PROBE_SGDT_3] = { I_SGDT, "the guest's own GDT",
			   ANSWERS(MEMORY, TABLE_MASK, TABLE(PROBE_GDT, PROBE_GDT_LIMIT)),
			   .host = HOST_GDTR },
	[PROBE_SIDT] = { I_SIDT, "the guest's own IDT",
			 ANSWERS(MEMORY, TABLE_MASK, TABLE(PROBE_IDT, PROBE_IDT_LIMIT)),
			 .host = HOST_IDTR },
	[PROBE_SIDT_3] = { I_SIDT, "the guest's own IDT",
			   ANSWERS(MEMORY, TABLE_MASK, TABLE(PROBE_IDT, PROBE_IDT_LIMIT)),
			   .host = HOST_IDTR },
	[PROBE_SLDT] = { I_SLDT, "LDTR=30h", ANSWERS(EAX, 0xffff, PROBE_LDTR), .host = HOST_LDTR },
	[PROBE_SLDT_3] = { I_SLDT, "LDTR=30h", ANSWERS(EAX, 0xffff, PROBE_LDTR),
			   .host = HOST_LDTR },
	[PROBE_STR] = { I_STR, "TR=28h", ANSWERS(EAX, 0xffff, PROBE_TR), .host = HOST_TR },
	[PROBE_STR_3] = { I_STR, "TR=28h", ANSWERS(EAX, 0xffff, PROBE_TR), .host = HOST_TR },
	[PROBE_SMSW] = { I_SMSW, "CR0=19h", ANSWERS(EAX, 0xffff, PROBE_CR0), .host = HOST_CR0 },
	[PROBE_SMSW_3] = { I_SMSW, "CR0=19h", ANSWERS(EAX, 0xffff, PROBE_CR0), .host = HOST_CR0 },

	[PROBE_PUSHF_IF0] = { I_PUSHF, "IF=0 IOPL=0", ANSWERS(EAX, IF_IOPL, 0),
			      .host = HOST_EFLAGS },
	[PROBE_PUSHF_IF1] = { I_PUSHF, "IF=1 IOPL=0", ANSWERS(EAX, IF_IOPL, PROBE_IF),
			      .host = HOST_EFLAGS },
	[PROBE_PUSHF_IOPL3] = { I_PUSHF, "IF=1 IOPL=3", ANSWERS(EAX, IF_IOPL, IF_IOPL),
				.host = HOST_EFLAGS },
	[PROBE_PUSHF_3] = { I_PUSHF, "IF=0 IOPL=0", ANSWERS(EAX, IF_IOPL, 0), .host = HOST_EFLAGS },
	[PROBE_PUSHF_3_IOPL3] = { I_PUSHF, "IF=1 IOPL=3", ANSWERS(EAX, IF_IOPL, IF_IOPL),
				  .host = HOST_EFLAGS },
	[PROBE_POPF_SETS_IF] = { I_POPF, "IF from 0 to 1", ANSWERS(EFLAGS, IF_IOPL, PROBE_IF),
				 .effect = true },
	[PROBE_POPF_CLEARS_IF] = { I_POPF, "IF from 1 to 0", ANSWERS(EFLAGS, IF_IOPL, 0),
				   .effect = true },
	[PROBE_POPF_SETS_IOPL] = { I_POPF, "IOPL from 0 to 3", ANSWERS(EFLAGS, IF_IOPL, PROBE_IOPL),
				   .effect = true },
	[PROBE_POPF_3] = { I_POPF, "IF from 1 to 0, IOPL=0: no effect",
			   ANSWERS(EFLAGS, IF_IOPL, PROBE_IF) },
	[PROBE_POPF_3_IOPL3] = { I_POPF, "IF from 1 to 0, IOPL=3",
				 ANSWERS(EFLAGS, IF_IOPL, PROBE_IOPL), .effect = true },

	[PROBE_LAR] = { I_LAR, "of the kernel's code segment", ANSWERS(EAX, RIGHTS, 0xc09b00),
			AT_LEVEL_1(0xc0bb00) },
	[PROBE_LAR_RPL1] = { I_LAR, "of a DPL 0 segment with RPL 1: refused",
			     ANSWERS(EAX, RIGHTS, PROBE_PATTERN), AT_LEVEL_1(0xc0bb00) },
	[PROBE_LAR_TSS] = { I_LAR, "of a TSS", ANSWERS(EAX, RIGHTS, 0x8900) },
	[PROBE_LAR_3] = { I_LAR, "of the kernel's code segment: refused",
			  ANSWERS(EAX, RIGHTS, PROBE_PATTERN), AT_LEVEL_1(0xc0bb00) },
	[PROBE_LSL] = { I_LSL, "of a kernel data segment", ANSWERS(EAX, ~0u, 0xfff) },
	[PROBE_LSL_RPL1] = { I_LSL, "of a DPL 0 segment with RPL 1: refused",
			     ANSWERS(EAX, ~0u, PROBE_PATTERN) },
	[PROBE_LSL_TSS] = { I_LSL, "of a TSS", ANSWERS(EAX, ~0u, 0x67) },
	[PROBE_VERR] = { I_VERR, "of a kernel data segment", ANSWERS(EFLAGS, ZF, ZF) },
	[PROBE_VERR_RPL1] = { I_VERR, "of a DPL 0 segment with RPL 1: refused",
			      ANSWERS(EFLAGS, ZF, 0) },
	[PROBE_VERR_3] = { I_VERR, "of a kernel data segment: refused", ANSWERS(EFLAGS, ZF, 0) },
	[PROBE_VERW] = { I_VERW, "of a kernel data segment", ANSWERS(EFLAGS, ZF, ZF) },
	[PROBE_VERW_RPL1] = { I_VERW, "of a DPL 0 segment with RPL 1: refused",
			      ANSWERS(EFLAGS, ZF, 0) },
	[PROBE_ARPL] = { I_ARPL, "two selectors with RPL 0", ANSWERS(EAX, 0xffff, PROBE_DATA) },
	[PROBE_ARPL_CS] = { I_ARPL, "a selector with RPL 0 and CS",
			    ANSWERS(EAX, 0xffff, PROBE_DATA), AT_LEVEL_1(PROBE_DATA | 1) },
	[PROBE_MOV_FROM_CS] = { I_MOV_FROM_SEGMENT, "CS", ANSWERS(EAX, 0xffff, PROBE_CODE),
				AT_LEVEL_1(PROBE_CODE | 1) },
	[PROBE_MOV_FROM_SS] = { I_MOV_FROM_SEGMENT, "SS", ANSWERS(EAX, 0xffff, PROBE_DATA),
				AT_LEVEL_1(PROBE_DATA | 1) },
	[PROBE_MOV_FROM_DS] = { I_MOV_FROM_SEGMENT, "DS", ANSWERS(EAX, 0xffff, PROBE_DATA),
				AT_LEVEL_1(PROBE_DATA | 1), .innocuous = true },
	[PROBE_PUSH_CS] = { I_PUSH_SEGMENT, "CS", ANSWERS(EAX, 0xffff, PROBE_CODE),
			    AT_LEVEL_1(PROBE_CODE | 1) },
	[PROBE_PUSH_SS] = { I_PUSH_SEGMENT, "SS", ANSWERS(EAX, 0xffff, PROBE_DATA),
			    AT_LEVEL_1(PROBE_DATA | 1) },
	[PROBE_PUSH_DS] = { I_PUSH_SEGMENT, "DS", ANSWERS(EAX, 0xffff, PROBE_DATA),
			    AT_LEVEL_1(PROBE_DATA | 1), .innocuous = true },
	[PROBE_PUSH_ES] = { I_PUSH_SEGMENT, "ES", ANSWERS(EAX, 0xffff, PROBE_DATA),
			    AT_LEVEL_1(PROBE_DATA | 1), .innocuous = true },
	[PROBE_PUSH_FS] = { I_PUSH_SEGMENT, "FS", ANSWERS(EAX, 0xffff, PROBE_DATA),
			    AT_LEVEL_1(PROBE_DATA | 1), .innocuous = true },
	[PROBE_PUSH_GS] = { I_PUSH_SEGMENT, "GS", ANSWERS(EAX, 0xffff, PROBE_DATA),
			    AT_LEVEL_1(PROBE_DATA | 1), .innocuous = true },
	[PROBE_MOV_TO_DS] = { I_MOV_TO_SEGMENT, "DS, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			      .innocuous = true },
	[PROBE_MOV_TO_DS_RPL1] = { I_MOV_TO_SEGMENT, "DS, DPL 0 with RPL 1: #GP",
				   FAULTS(GP, PROBE_SMALL), .innocuous = true },
	[PROBE_MOV_TO_DS_3] = { I_MOV_TO_SEGMENT, "DS, DPL 0: #GP", FAULTS(GP, PROBE_SMALL),
				.innocuous = true },
	[PROBE_MOV_TO_ES] = { I_MOV_TO_SEGMENT, "ES, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			      .innocuous = true },
	[PROBE_MOV_TO_FS] = { I_MOV_TO_SEGMENT, "FS, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			      .innocuous = true },
	[PROBE_MOV_TO_GS] = { I_MOV_TO_SEGMENT, "GS, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			      .innocuous = true },
	[PROBE_MOV_TO_SS] = { I_MOV_TO_SEGMENT, "SS, RPL 0", ENDS },
	[PROBE_MOV_TO_SS_RPL1] = { I_MOV_TO_SEGMENT, "SS, RPL 1: #GP", FAULTS(GP, PROBE_DATA) },
	[PROBE_POP_DS] = { I_POP_SEGMENT, "DS, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			   .innocuous = true },
	[PROBE_POP_ES] = { I_POP_SEGMENT, "ES, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			   .innocuous = true },
	[PROBE_POP_FS] = { I_POP_SEGMENT, "FS, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			   .innocuous = true },
	[PROBE_POP_GS] = { I_POP_SEGMENT, "GS, RPL 0", ANSWERS(EAX, 0xffff, PROBE_SMALL),
			   .innocuous = true },
	[PROBE_POP_SS] = { I_POP_SEGMENT, "SS, RPL 0", ENDS },
	[PROBE_POP_SS_RPL1] = { I_POP_SEGMENT, "SS, RPL 1: #GP", FAULTS(GP, PROBE_DATA),
				.offset = 1 },
	[PROBE_LSS] = { I_LSS, "RPL 0", ENDS },
	[PROBE_CALL_FAR] = { I_CALL_FAR, "to ring 0", ANSWERS(STACK1, 0xffff, PROBE_CODE),
			     AT_LEVEL_1(PROBE_CODE | 1) },
	[PROBE_CALL_GATE] = { I_CALL_FAR, "through a call gate",
			      ANSWERS(STACK1, 0xffff, PROBE_CODE), AT_LEVEL_1(PROBE_CODE | 1) },
	[PROBE_JMP_FAR] = { I_JMP_FAR, "to ring 0", ANSWERS(CS, 0xffff, PROBE_CODE) },
	[PROBE_JMP_FAR_RPL1] = { I_JMP_FAR, "to ring 0 with RPL 1: #GP", FAULTS(GP, PROBE_CODE) },
	[PROBE_RET_FAR] = { I_RET_FAR, "to ring 0", ANSWERS(CS, 0xffff, PROBE_CODE) },
	[PROBE_RET_FAR_USER] = { I_RET_FAR, "to ring 3", ANSWERS(CS, 0xffff, PROBE_USER_CODE) },
	[PROBE_INT_N] = { I_INT_N, "gate of DPL 0", FAULTS(PROBE_INT, 0), .offset = 2 },
	[PROBE_INT_N_3] = { I_INT_N, "gate of DPL 0: #GP", FAULTS(GP, PROBE_INT * 8 + 2) },
	[PROBE_IRET] = { I_IRET, "to ring 0, IF=1 IOPL=3", ANSWERS(EFLAGS, IF_IOPL, IF_IOPL),
			 .effect = true },
	[PROBE_IRET_USER] = { I_IRET, "to ring 3, IF from 1 to 0", ANSWERS(EFLAGS, IF_IOPL, 0),
			      .effect = true },

	[PROBE_CPUID] = { I_CPUID, "leaf 1, another stepping than the host's", ANSWERS(EAX, ~0u, 0),
			  .condition = IDENTITY_SAYS, .host = HOST_CPUID },
	[PROBE_CPUID_3] = { I_CPUID, "leaf 1, another stepping than the host's",
			    ANSWERS(EAX, ~0u, 0), .condition = IDENTITY_SAYS, .host = HOST_CPUID },
	[PROBE_RDTSC] = { I_RDTSC, "the counter set by WRMSR", ANSWERS(EDX, 0xffff0000, PROBE_TIME),
			  .host = HOST_TIME },
	[PROBE_RDTSC_3] = { I_RDTSC, "the counter set by WRMSR",
			    ANSWERS(EDX, 0xffff0000, PROBE_TIME), .host = HOST_TIME },
	[PROBE_RDTSCP] = { I_RDTSCP, "as CPUID says, else #UD",
			   ANSWERS(EDX, 0xffff0000, PROBE_TIME), .condition = WITH_RDTSCP,
			   .host = HOST_TIME },
	[PROBE_RDPMC] = { I_RDPMC, "a counter that no processor has: #GP", FAULTS(GP, 0) },
	[PROBE_RDPMC_3] = { I_RDPMC, "CR4.PCE=0: #GP", FAULTS(GP, 0) },
	[PROBE_RDPKRU] = { I_RDPKRU, "CR4.PKE=0: #UD", FAULTS(UD, 0) },
	[PROBE_XGETBV] = { I_XGETBV, "CR4.OSXSAVE=0: #UD", FAULTS(UD, 0) },
	[PROBE_STAC] = { I_STAC, "as CPUID says, else #UD", ANSWERS(EFLAGS, PROBE_AC, PROBE_AC),
			 .condition = WITH_SMAP },
	[PROBE_STAC_3] = { I_STAC, "ring 3: #UD", FAULTS(UD, 0) },
	[PROBE_CLAC] = { I_CLAC, "as CPUID says, else #UD", ANSWERS(EFLAGS, PROBE_AC, 0),
			 .condition = WITH_SMAP },
	[PROBE_CLAC_3] = { I_CLAC, "ring 3: #UD", FAULTS(UD, 0) },
	[PROBE_SYSENTER_3] = { I_SYSENTER, "SYSENTER_CS=0: #GP", FAULTS(GP, 0) },

	[PROBE_CLI] = { I_CLI, "IF=1", ANSWERS(EFLAGS, IF_IOPL, 0), .effect = true },
	[PROBE_CLI_3] = { I_CLI, "IF=1, IOPL=0: #GP", FAULTS(GP, 0) },
	[PROBE_CLI_3_IOPL3] = { I_CLI, "IF=1, IOPL=3", ANSWERS(EFLAGS, IF_IOPL, PROBE_IOPL),
				.effect = true },
	[PROBE_STI] = { I_STI, "IF=0", ANSWERS(EFLAGS, IF_IOPL, PROBE_IF), .effect = true },
	[PROBE_STI_3] = { I_STI, "IF=0, IOPL=0: #GP", FAULTS(GP, 0) },
	[PROBE_HLT] = { I_HLT, "until a timer's interrupt", FAULTS(PROBE_TIMER, 0), .offset = 1 },
	[PROBE_HLT_3] = { I_HLT, "#GP", FAULTS(GP, 0) },
	[PROBE_IN] = { I_IN, "the PIC's mask, FFh", ANSWERS(EAX, 0xff, 0xff) },
	[PROBE_IN_3] = { I_IN, "IOPL=0: #GP", FAULTS(GP, 0) },
	[PROBE_OUT] = { I_OUT, "the PIC's mask, FBh, read back", ANSWERS(EAX, 0xff, 0xfb) },
	[PROBE_OUT_3] = { I_OUT, "IOPL=0: #GP", FAULTS(GP, 0) },
	[PROBE_MOV_FROM_CR0] = { I_MOV_CR, "from CR0=19h", ANSWERS(EAX, ~0u, PROBE_CR0) },
	[PROBE_MOV_FROM_CR0_3] = { I_MOV_CR, "from CR0: #GP", FAULTS(GP, 0) },
	[PROBE_MOV_TO_CR0] = { I_MOV_CR, "CR0=1Bh, read back", ANSWERS(ECX, ~0u, PROBE_CR0 | 2) },
	[PROBE_MOV_TO_CR0_3] = { I_MOV_CR, "to CR0: #GP", FAULTS(GP, 0) },
	[PROBE_MOV_CR2] = { I_MOV_CR, "CR2, read back", ANSWERS(ECX, ~0u, 0x11223344) },
	[PROBE_MOV_CR3] = { I_MOV_CR, "CR3, read back", ANSWERS(ECX, ~0u, 0x300000) },
	[PROBE_MOV_CR4] = { I_MOV_CR, "CR4, read back", ANSWERS(ECX, ~0u, 4) },
	[PROBE_MOV_DR0] = { I_MOV_DR, "DR0, read back", ANSWERS(ECX, ~0u, 0x11223344) },
	[PROBE_MOV_DR0_3] = { I_MOV_DR, "#GP", FAULTS(GP, 0) },
	[PROBE_MOV_FROM_DR7] = { I_MOV_DR, "DR7", ANSWERS(EAX, ~0u, 0x400) },
	[PROBE_LGDT] = { I_LGDT, "a GDT with one segment more, loaded",
			 ANSWERS(EAX, 0xffff, PROBE_OTHER_DATA) },
	[PROBE_LGDT_3] = { I_LGDT, "#GP", FAULTS(GP, 0) },
	[PROBE_LIDT] = { I_LIDT, "an IDT with another gate, used", FAULTS(PROBE_OTHER_DONE, 0),
			 .offset = ANY_OFFSET },
	[PROBE_LIDT_3] = { I_LIDT, "#GP", FAULTS(GP, 0) },
	[PROBE_LLDT] = { I_LLDT, "no LDT: a segment of the old one is #GP",
			 FAULTS(GP, PROBE_LOCAL_DATA), .offset = 3 },
	[PROBE_LLDT_3] = { I_LLDT, "#GP", FAULTS(GP, 0) },
	[PROBE_LTR] = { I_LTR, "another TSS becomes busy", ANSWERS(ECX, 0xff00, 0x8b00) },
	[PROBE_LTR_3] = { I_LTR, "#GP", FAULTS(GP, 0) },
	[PROBE_LMSW] = { I_LMSW, "MP set, read back", ANSWERS(ECX, ~0u, PROBE_CR0 | 2) },
	[PROBE_LMSW_3] = { I_LMSW, "#GP", FAULTS(GP, 0) },
	[PROBE_CLTS] = { I_CLTS, "TS=1, CR0 read back", ANSWERS(ECX, ~0u, PROBE_CR0 & ~8u) },
	[PROBE_CLTS_3] = { I_CLTS, "#GP", FAULTS(GP, 0) },
	[PROBE_INVLPG] = { I_INVLPG, "no fault", ENDS },
	[PROBE_INVLPG_3] = { I_INVLPG, "#GP", FAULTS(GP, 0) },
	[PROBE_WBINVD] = { I_WBINVD, "no fault", ENDS },
	[PROBE_WBINVD_3] = { I_WBINVD, "#GP", FAULTS(GP, 0) },
	[PROBE_RDMSR] = { I_RDMSR, "SYSENTER_ESP", ANSWERS(EAX, ~0u, PROBE_MSR_VALUE) },
	[PROBE_RDMSR_3] = { I_RDMSR, "#GP", FAULTS(GP, 0) },
	[PROBE_WRMSR] = { I_WRMSR, "SYSENTER_ESP, read back", ANSWERS(EAX, ~0u, 0x55667788) },
	[PROBE_WRMSR_3] = { I_WRMSR, "#GP", FAULTS(GP, 0) },
};

#define CODE_ENUM(label, text) CODE_##label,
enum { PROBE_CODE_LIST(CODE_ENUM) CODES };

#define CODE_TEXT(label, text) text,
static const char *const code_texts[CODES] = { PROBE_CODE_LIST(CODE_TEXT) };

const struct probe_entry probe_entries[PROBES] = {
#define PROBE_ROW(name, label, ring, eflags, eax, ecx) \
	[PROBE_##name] = { #name, CODE_##label, ring, (eflags) | 2, eax, ecx },
	PROBE_LIST(PROBE_ROW)
};

const char *const probe_field_names[PROBE_FIELDS] = {
#define FIELD_NAME(name) #name,
	PROBE_FIELD_LIST(FIELD_NAME)
};

const char *probe_code(unsigned int probe)
{
	return code_texts[probe_entries[probe].code];
}

const char *hole_class_name(enum hole_class class)
{
	static const char *const names[] = {
		[CLASS_PRIVILEGED] = "privileged",
		[CLASS_REGISTER] = "sensitive register",
		[CLASS_REFERENCE] = "protection-system reference",
		[CLASS_BEHAVIOUR] = "behaviour-sensitive",
	};

	return names[class];
}

const char *answer_name(enum answer answer)
{
	static const char *const names[] = {
		[ANSWER_NONE] = "no value", [ANSWER_EAX] = "EAX",	   [ANSWER_ECX] = "ECX",
		[ANSWER_EDX] = "EDX",	    [ANSWER_EFLAGS] = "EFLAGS",	   [ANSWER_CS] = "CS",
		[ANSWER_MEMORY] = "stored", [ANSWER_STACK1] = "pushed CS",
	};

	return names[answer];
}
