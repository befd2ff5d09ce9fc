/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways into 16-bit code and back: real mode, virtual-8086 mode, and ring 3
 * of a 16-bit segment. See mode16.h. mode16.c copies all this to MODE16_BASE,
 * since real mode reaches the first megabyte only; so code here addresses
 * itself by HERE() and its data absolutely. Runs in guest ring 0.
 */
#include "mode16.h"

#define HERE(label) (MODE16_BASE + (label) - mode16_start)
#define OFFSET(label) ((label) - mode16_start)
#define STATE(field) (MODE16_STATE + field)
/* The same from real mode, where CS is MODE16_BASE. */
#define NEAR(field) %cs:(MODE16_STATE - MODE16_BASE + field)

	.text
	.globl mode16_start, mode16_end
	.globl mode16_enter_real, mode16_enter_v86, mode16_enter_ring3, mode16_leave
	.balign 16
mode16_start:

/* void mode16_enter_real(void): the snippet, and back by any interrupt. */
	.code32
mode16_enter_real:
	pusha
	mov	%esp, STATE(STATE_SAVED_ESP)
	lidt	STATE(STATE_REAL_IDT)
	mov	%cr0, %eax
	mov	%eax, STATE(STATE_SAVED_CR0)
	ljmp	$MODE16_CODE_SELECTOR, $OFFSET(1f)
	.code16
	/* Real mode keeps the limits that protected mode loaded. */
1:	movw	NEAR(STATE_LIMITS), %bx
	movw	%bx, %ds
	movw	%bx, %es
	movw	%bx, %fs
	movw	%bx, %gs
	movw	$MODE16_DATA_SELECTOR, %bx
	movw	%bx, %ss
	andl	$0x7ffffffe, %eax
	movl	%eax, %cr0
	ljmp	$(MODE16_BASE >> 4), $OFFSET(2f)
2:	movw	NEAR(STATE_SS), %ss
	movl	NEAR(STATE_ESP), %esp
	pushw	NEAR(STATE_EFLAGS)
	pushw	NEAR(STATE_CS)
	pushw	NEAR(STATE_IP)
	movw	NEAR(STATE_ES), %es
	movw	NEAR(STATE_FS), %fs
	movw	NEAR(STATE_GS), %gs
	movw	NEAR(STATE_DS), %ds
	movl	NEAR(STATE_EAX), %eax
	movl	NEAR(STATE_ECX), %ecx
	movl	NEAR(STATE_EDX), %edx
	movl	NEAR(STATE_EBX), %ebx
	movl	NEAR(STATE_EBP), %ebp
	movl	NEAR(STATE_ESI), %esi
	movl	NEAR(STATE_EDI), %edi
	iretw

	/* One a vector; the table of them is mode16.c's to fill. */
	.globl mode16_real_stubs
	.balign 16
mode16_real_stubs:
	vector = 0
	.rept 256
	.balign 8
	.byte	0x68
	.word	vector
	.byte	0xe9
	.word	real_interrupt - . - 2
	vector = vector + 1
	.endr
	.balign 8

real_interrupt:
	popw	NEAR(STATE_VECTOR)
	popw	NEAR(STATE_IP)
	popw	NEAR(STATE_CS)
	movl	%eax, NEAR(STATE_EAX)
	movl	%ecx, NEAR(STATE_ECX)
	movl	%edx, NEAR(STATE_EDX)
	movl	%ebx, NEAR(STATE_EBX)
	movl	%ebp, NEAR(STATE_EBP)
	movl	%esi, NEAR(STATE_ESI)
	movl	%edi, NEAR(STATE_EDI)
	popw	NEAR(STATE_EFLAGS)
	movl	%esp, NEAR(STATE_ESP)
	movw	%ss, NEAR(STATE_SS)
	movw	%es, NEAR(STATE_ES)
	movw	%ds, NEAR(STATE_DS)
	movw	%fs, NEAR(STATE_FS)
	movw	%gs, NEAR(STATE_GS)
	movl	NEAR(STATE_SAVED_CR0), %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $HERE(mode16_leave)

/* void mode16_leave(void): what mode16_enter_...() returns by. */
	.code32
mode16_leave:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	mov	STATE(STATE_SAVED_ESP), %esp
	lidt	STATE(STATE_LIBRARY_IDT)
	popa
	ret

mode16_enter_v86:
	pusha
	mov	%esp, STATE(STATE_SAVED_ESP)
	movzwl	STATE(STATE_GS), %eax
	push	%eax
	movzwl	STATE(STATE_FS), %eax
	push	%eax
	movzwl	STATE(STATE_DS), %eax
	push	%eax
	movzwl	STATE(STATE_ES), %eax
	push	%eax
	call	build_frame
	popa
	iret

/* The same with selectors: data segments are loaded here. */
mode16_enter_ring3:
	pusha
	mov	%esp, STATE(STATE_SAVED_ESP)
	call	build_frame
	movw	STATE(STATE_ES), %es
	movw	STATE(STATE_FS), %fs
	movw	STATE(STATE_GS), %gs
	movw	STATE(STATE_DS), %ds
	popa
	iret

/* SS:ESP, EFLAGS, CS:EIP and the general registers below them. */
build_frame:
	pop	%ecx
	movzwl	STATE(STATE_SS), %eax
	push	%eax
	push	STATE(STATE_ESP)
	push	STATE(STATE_EFLAGS)
	movzwl	STATE(STATE_CS), %eax
	push	%eax
	movzwl	STATE(STATE_IP), %eax
	push	%eax
	push	STATE(STATE_EAX)
	push	STATE(STATE_ECX)
	push	STATE(STATE_EDX)
	push	STATE(STATE_EBX)
	push	$0
	push	STATE(STATE_EBP)
	push	STATE(STATE_ESI)
	push	STATE(STATE_EDI)
	jmp	*%ecx
mode16_end:
	.section .note.GNU-stack, "", @progbits
