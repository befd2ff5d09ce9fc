/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The replay guest: into the state of a test, and back out of it through
 * exceptions. Runs on bare emulators (multiboot), under ringlet, and from
 * `enter` to `done` on the virtual CPU of the program that prepares the tests.
 *
 * Between tests: flat protected mode without paging, on mon_gdt. Everything of
 * ours that runs while a test's tables are loaded is mapped at its own address
 * in all of them, for ring 0.
 */
#include "layout.h"

#define S(offset) (ARENA_STATE + (offset))
#define LOW(symbol) ((symbol) - low_start + ARENA_LOW_CODE - ARENA_LOW)
#define CR0_MONITOR 0x31 /* PE, ET, NE */
#define EFLAGS_VM_BYTE 2 /* in the third byte of EFLAGS */

	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 0, -0x1badb002
	/* struct replay_image */
	.long enter, done, stubs
	.long stubs16 - low_start + ARENA_LOW_CODE, stubs_real - low_start + ARENA_LOW_CODE
	.long task_stub, low_start, low_end, mon_gdt, mon_gdt_end - mon_gdt, mon_idt, stack_top, image_end

	.text
	.code32
	.globl _start
_start:
	cli
	cld
	mov	$stack_top, %esp
	push	%ebx
	push	%eax
	lgdt	mon_gdtr
	lidt	mon_idtr
	ljmp	$SEL_CODE, $1f
1:	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	mov	$CR0_MONITOR, %eax
	mov	%eax, %cr0
	call	monitor
2:	cli
	hlt
	jmp	2b

	.globl run_test
/* void run_test(void): the test whose state is at ARENA_STATE */
run_test:
	pusha
	mov	%esp, mon_esp
/* ---- in: the state at ARENA_STATE is loaded, piece by piece ---- */
enter:
	mov	S(STATE_CR4), %eax
	mov	%eax, %cr4
	mov	S(STATE_CR3), %eax
	mov	%eax, %cr3
	lgdt	S(STATE_GDTR)
	lidt	S(STATE_IDTR)
	lldt	S(STATE_LDTR)
	/* LTR wants a task that is not busy. */
	movzwl	S(STATE_TR), %eax
	add	S(STATE_GDTR + 2), %eax
	andb	$0xfd, 5(%eax)
	ltr	S(STATE_TR)
	mov	S(STATE_CR2), %eax
	mov	%eax, %cr2
	mov	$0xffff0ff0, %eax
	mov	%eax, %dr6
	cmpl	$KIND_REAL, S(STATE_KIND)
	je	enter_real
	mov	S(STATE_CR0), %eax
	mov	%eax, %cr0
	mov	$S(STATE_REGS), %esp
	cmpl	$KIND_V86, S(STATE_KIND)
	je	1f
	mov	S(STATE_ES), %es
	mov	S(STATE_FS), %fs
	mov	S(STATE_GS), %gs
	mov	S(STATE_DS), %ds
1:	cmpl	$KIND_RING0, %cs:S(STATE_KIND)
	je	2f
	popa
	iret
	/* The same ring: IRET takes its frame from the test's own stack. */
2:	popa
	lss	%cs:S(STATE_ESP), %esp
	pushl	%cs:S(STATE_EFLAGS)
	pushl	%cs:S(STATE_CS)
	pushl	%cs:S(STATE_EIP)
	iret
enter_real:
	ljmp	$SEL_LOW_CODE, $LOW(low_enter)

/* ---- out: through a 32-bit gate ---- */
	.macro HAS_ERROR_CODE vector
	has_code = 0
	.if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17)
	has_code = 1
	.endif
	.endm

	.balign STUB_BYTES
stubs:
	vector = 0
	.rept 256
	.balign STUB_BYTES
	HAS_ERROR_CODE vector
	.if !has_code
	push	$0
	.endif
	push	$vector
	jmp	leave32
	vector = vector + 1
	.endr

leave32:
	pushw	%ds
	push	%eax
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%ecx, S(RESULT_ECX)
	mov	%edx, S(RESULT_EDX)
	mov	%ebx, S(RESULT_EBX)
	mov	%ebp, S(RESULT_EBP)
	mov	%esi, S(RESULT_ESI)
	mov	%edi, S(RESULT_EDI)
	popl	S(RESULT_EAX)
	popw	S(RESULT_DS)
	mov	%esp, S(RESULT_ESP)
	popl	S(RESULT_VECTOR)
	popl	S(RESULT_ERROR)
	/* What is not compared does not stay in memory. */
	push	$0
	pop	%eax
	popl	S(RESULT_EIP)
	pop	%eax
	mov	%ax, S(RESULT_CS)
	popl	S(RESULT_EFLAGS)
	push	$0
	pop	%eax
	testb	$EFLAGS_VM_BYTE, S(RESULT_EFLAGS + 2)
	jnz	1f
	testb	$3, S(RESULT_CS)
	jz	leave_common
1:	popl	S(RESULT_OLD_ESP)
	pop	%eax
	mov	%ax, S(RESULT_OLD_SS)
	testb	$EFLAGS_VM_BYTE, S(RESULT_EFLAGS + 2)
	jz	leave_common
	pop	%eax
	mov	%ax, S(RESULT_OLD_ES)
	pop	%eax
	mov	%ax, S(RESULT_OLD_DS)
	pop	%eax
	mov	%ax, S(RESULT_OLD_FS)
	pop	%eax
	mov	%ax, S(RESULT_OLD_GS)
leave_common:
	mov	%cr0, %eax
	mov	%eax, S(RESULT_CR0)
	mov	%cr2, %eax
	mov	%eax, S(RESULT_CR2)
	mov	%cr3, %eax
	mov	%eax, S(RESULT_CR3)
	mov	%cr4, %eax
	mov	%eax, S(RESULT_CR4)
	mov	%dr6, %eax
	mov	%eax, S(RESULT_DR6)
	mov	%es, S(RESULT_ES)
	mov	%ss, S(RESULT_SS)
	mov	%fs, S(RESULT_FS)
	mov	%gs, S(RESULT_GS)
	str	S(RESULT_TR)
	sldt	S(RESULT_LDTR)
	sgdt	S(RESULT_GDTR)
	sidt	S(RESULT_IDTR)
	mov	$CR0_MONITOR, %eax
	mov	%eax, %cr0
	/* EFLAGS in the tasks that were left: QEMU has wrong ones there. */
	xor	%eax, %eax
	mov	%eax, ARENA_TSS + 36
	mov	%eax, ARENA_TASKS + 36
	mov	%eax, ARENA_TASKS + 0x200 + 36
leave_tables:
	xor	%eax, %eax
	mov	%eax, %cr4
	mov	$0x400, %eax
	mov	%eax, %dr7
	lgdt	mon_gdtr
	lidt	mon_idtr
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	mov	mon_esp, %esp
	ljmp	$SEL_CODE, $done
done:
	push	$2
	popf
	popa
	ret

/* ---- out: #DF through a task gate; EFLAGS are in the task that was left ---- */
task_stub:
	mov	%eax, S(RESULT_EAX)
	mov	%esp, S(RESULT_ESP)
	movl	$8, S(RESULT_VECTOR)
	movl	$GATE_TASK, S(RESULT_GATE)
	popl	S(RESULT_ERROR)
	jmp	leave_common

/* ---- 16-bit code: copied to ARENA_LOW_CODE ---- */
	.code16
	.balign 16
low_start:
low_enter:
	mov	$SEL_DATA16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %fs
	mov	%ax, %gs
	mov	%ax, %ss
	mov	%cs:STATE_CR0, %eax
	mov	%eax, %cr0
	ljmp	$LOW_SEGMENT, $LOW(1f)
1:	mov	%cs:STATE_ES, %es
	mov	%cs:STATE_FS, %fs
	mov	%cs:STATE_GS, %gs
	mov	%cs:STATE_DS, %ds
	mov	%cs:STATE_REGS + 0x00, %edi
	mov	%cs:STATE_REGS + 0x04, %esi
	mov	%cs:STATE_REGS + 0x08, %ebp
	mov	%cs:STATE_REGS + 0x10, %ebx
	mov	%cs:STATE_REGS + 0x14, %edx
	mov	%cs:STATE_REGS + 0x18, %ecx
	mov	%cs:STATE_REGS + 0x1c, %eax
	lssl	%cs:STATE_ESP, %esp
	pushl	%cs:STATE_EFLAGS
	pushl	%cs:STATE_CS
	pushl	%cs:STATE_EIP
	iretl

	/* What both ways out through 16-bit frames have in common. */
	.macro LEAVE16 data
	push	%ds
	pushl	%eax
	mov	$\data, %ax
	mov	%ax, %ds
	mov	%ecx, RESULT_ECX
	mov	%edx, RESULT_EDX
	mov	%ebx, RESULT_EBX
	mov	%ebp, RESULT_EBP
	mov	%esi, RESULT_ESI
	mov	%edi, RESULT_EDI
	popl	RESULT_EAX
	popw	RESULT_DS
	mov	%esp, RESULT_ESP
	popw	RESULT_VECTOR
	popw	RESULT_ERROR
	pushw	$0
	popw	%ax
	popw	RESULT_EIP
	popw	RESULT_CS
	popw	RESULT_EFLAGS
	pushw	$0
	popw	%ax
	.endm

	.balign STUB_BYTES
stubs16:
	vector = 0
	.rept 256
	.balign STUB_BYTES
	HAS_ERROR_CODE vector
	.if !has_code
	pushw	$0
	.endif
	pushw	$vector
	jmp	leave16
	vector = vector + 1
	.endr
leave16:
	LEAVE16	SEL_LOW_DATA
	movb	$GATE_16, RESULT_GATE
	testb	$3, RESULT_CS
	jz	1f
	popw	RESULT_OLD_ESP
	popw	RESULT_OLD_SS
1:	mov	$SEL_DATA, %ax
	mov	%ax, %ds
	ljmpl	$SEL_CODE, $leave_common

	.balign STUB_BYTES
stubs_real:
	vector = 0
	.rept 256
	.balign STUB_BYTES
	pushw	$0
	pushw	$vector
	jmp	leave_real
	vector = vector + 1
	.endr
leave_real:
	LEAVE16	LOW_SEGMENT
	movb	$GATE_REAL, RESULT_GATE
	mov	%cr0, %eax
	mov	%eax, RESULT_CR0
	mov	%cr2, %eax
	mov	%eax, RESULT_CR2
	mov	%cr3, %eax
	mov	%eax, RESULT_CR3
	mov	%cr4, %eax
	mov	%eax, RESULT_CR4
	mov	%dr6, %eax
	mov	%eax, RESULT_DR6
	mov	%es, RESULT_ES
	mov	%ss, RESULT_SS
	mov	%fs, RESULT_FS
	mov	%gs, RESULT_GS
	sgdtl	RESULT_GDTR
	sidtl	RESULT_IDTR
	lgdtl	LOW(low_gdtr)
	mov	$CR0_MONITOR, %eax
	mov	%eax, %cr0
	ljmpl	$SEL_CODE, $leave_real_32
low_gdtr:
	.word	mon_gdt_end - mon_gdt - 1
	.long	mon_gdt
low_end:

	.code32
leave_real_32:
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	jmp	leave_tables

/* ---- the interrupt that ends waiting for a batch ---- */
serial_interrupt:
	push	%eax
	mov	$0x20, %al
	out	%al, $0x20
	pop	%eax
	iret

	.globl wait_for_interrupt
wait_for_interrupt:
	sti
	hlt
	cli
	ret

	.data
	.balign 8
mon_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00009b000000ffff | ((ARENA_LOW & 0xffffff) << 16)
	.quad	0x000093000000ffff
	.quad	0x000093000000ffff | ((ARENA_LOW & 0xffffff) << 16)
mon_gdt_end:
mon_gdtr:
	.word	mon_gdt_end - mon_gdt - 1
	.long	mon_gdt
mon_idtr:
	.word	256 * 8 - 1
	.long	mon_idt
	.globl	mon_idt, serial_interrupt, stubs
	.globl	low_start, low_end

	.bss
	.balign 8
mon_idt:
	.skip	256 * 8
mon_esp:
	.skip	4
	.balign 16
	.skip	16384
stack_top:
	.section .note.GNU-stack, "", @progbits
