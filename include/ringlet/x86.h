/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Architectural constants of x86 under the names that Linux gives them, for
 * pure code in the kernel and in userspace, plus those Linux has no name for.
 */
#ifndef RINGLET_X86_H
#define RINGLET_X86_H

#include <ringlet/types.h>
#include <asm/processor-flags.h>

#ifdef __KERNEL__

#include <asm/msr-index.h>
#include <asm/trapnr.h>
#include <uapi/asm/kvm_para.h>

#else

#include <asm/kvm_para.h>

#define X86_TRAP_DE 0
#define X86_TRAP_DB 1
#define X86_TRAP_NMI 2
#define X86_TRAP_BP 3
#define X86_TRAP_OF 4
#define X86_TRAP_BR 5
#define X86_TRAP_UD 6
#define X86_TRAP_NM 7
#define X86_TRAP_DF 8
#define X86_TRAP_OLD_MF 9
#define X86_TRAP_TS 10
#define X86_TRAP_NP 11
#define X86_TRAP_SS 12
#define X86_TRAP_GP 13
#define X86_TRAP_PF 14
#define X86_TRAP_SPURIOUS 15
#define X86_TRAP_MF 16
#define X86_TRAP_AC 17
#define X86_TRAP_MC 18
#define X86_TRAP_XF 19

#define MSR_IA32_TSC 0x00000010
#define MSR_IA32_APICBASE 0x0000001b
#define MSR_IA32_UCODE_REV 0x0000008b
#define MSR_IA32_ARCH_CAPABILITIES 0x0000010a
#define MSR_IA32_SYSENTER_CS 0x00000174
#define MSR_IA32_SYSENTER_ESP 0x00000175
#define MSR_IA32_SYSENTER_EIP 0x00000176
#define MSR_IA32_MCG_CAP 0x00000179
#define MSR_IA32_MCG_STATUS 0x0000017a
#define MSR_IA32_MCG_CTL 0x0000017b
#define MSR_IA32_MISC_ENABLE 0x000001a0
#define MSR_IA32_DEBUGCTLMSR 0x000001d9
#define MSR_IA32_CR_PAT 0x00000277
#define MSR_IA32_TSC_DEADLINE 0x000006e0
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103

#define EFER_SCE BIT_ULL(0)
#define EFER_LME BIT_ULL(8)
#define EFER_LMA BIT_ULL(10)
#define EFER_NX BIT_ULL(11)

#endif /* __KERNEL__ */

/* Page-fault error code, "Interrupt 14 - Page-Fault Exception" in the SDM. */
#define PFERR_PRESENT BIT(0)
#define PFERR_WRITE BIT(1)
#define PFERR_USER BIT(2)
#define PFERR_RESERVED BIT(3)
#define PFERR_FETCH BIT(4)

/* Selector fields, "Segment Selectors". */
#define SELECTOR_RPL 0x3
#define SELECTOR_TI 0x4
#define SELECTOR_INDEX 0xfff8
/* Error code of a selector fault: the selector without RPL, or these. */
#define ERROR_CODE_EXT BIT(0)
#define ERROR_CODE_IDT BIT(1)

/* Numbers of the segment registers as instructions encode them. */
enum segment_register {
	SEGMENT_ES,
	SEGMENT_CS,
	SEGMENT_SS,
	SEGMENT_DS,
	SEGMENT_FS,
	SEGMENT_GS,
	SEGMENT_REGISTERS,
	SEGMENT_NONE = 0xff,
};

/* Numbers of the general registers as instructions encode them. */
enum general_register {
	REG_AX,
	REG_CX,
	REG_DX,
	REG_BX,
	REG_SP,
	REG_BP,
	REG_SI,
	REG_DI,
	REG_R8,
	REG_R9,
	REG_R10,
	REG_R11,
	REG_R12,
	REG_R13,
	REG_R14,
	REG_R15,
	GENERAL_REGISTERS,
};

/* Descriptor types, "Code- and Data-Segment Descriptor Types" (S=1). */
#define TYPE_CODE 0x8
#define TYPE_CODE_CONFORMING 0x4
#define TYPE_CODE_READABLE 0x2
#define TYPE_DATA_EXPAND_DOWN 0x4
#define TYPE_DATA_WRITABLE 0x2
#define TYPE_ACCESSED 0x1

/* "System-Segment and Gate-Descriptor Types" (S=0). */
#define TYPE_TSS16_AVAILABLE 0x1
#define TYPE_LDT 0x2
#define TYPE_TSS16_BUSY 0x3
#define TYPE_CALL_GATE16 0x4
#define TYPE_TASK_GATE 0x5
#define TYPE_INTERRUPT_GATE16 0x6
#define TYPE_TRAP_GATE16 0x7
#define TYPE_TSS32_AVAILABLE 0x9
#define TYPE_TSS32_BUSY 0xb
#define TYPE_CALL_GATE32 0xc
#define TYPE_INTERRUPT_GATE32 0xe
#define TYPE_TRAP_GATE32 0xf

/* An 8-byte descriptor as a u64: bits where the SDM draws them. */
#define DESCRIPTOR_TYPE_SHIFT 40
#define DESCRIPTOR_TYPE (0xfULL << DESCRIPTOR_TYPE_SHIFT)
#define DESCRIPTOR_ACCESSED BIT_ULL(40)
#define DESCRIPTOR_S BIT_ULL(44)
#define DESCRIPTOR_DPL_SHIFT 45
#define DESCRIPTOR_DPL (3ULL << DESCRIPTOR_DPL_SHIFT)
#define DESCRIPTOR_P BIT_ULL(47)
#define DESCRIPTOR_AVL BIT_ULL(52)
#define DESCRIPTOR_L BIT_ULL(53)
#define DESCRIPTOR_DB BIT_ULL(54)
#define DESCRIPTOR_G BIT_ULL(55)

/* Guest page-table entry bits, "Paging" chapter of the SDM. */
#define PTE_P BIT_ULL(0)
#define PTE_W BIT_ULL(1)
#define PTE_U BIT_ULL(2)
#define PTE_PWT BIT_ULL(3)
#define PTE_PCD BIT_ULL(4)
#define PTE_A BIT_ULL(5)
#define PTE_D BIT_ULL(6)
#define PTE_PS BIT_ULL(7)
#define PTE_G BIT_ULL(8)
#define PTE_NX BIT_ULL(63)

/* Arithmetic flags, and those that user code can change with POPF. */
#define EFLAGS_STATUS                                                          \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |       \
	 X86_EFLAGS_SF | X86_EFLAGS_OF)
/* Bits of EFLAGS that the processor keeps as the software wrote them. */
#define EFLAGS_WRITABLE                                                        \
	(EFLAGS_STATUS | X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF |       \
	 X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM |     \
	 X86_EFLAGS_AC | X86_EFLAGS_VIF | X86_EFLAGS_VIP | X86_EFLAGS_ID)
#define EFLAGS_IOPL_SHIFT 12

#endif /* RINGLET_X86_H */
