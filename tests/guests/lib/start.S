/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry of a test guest and its interrupt stubs. Runs in guest ring 0: under
 * ringlet, and unchanged on bare QEMU as the reference (-kernel, multiboot).
 */
#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.code32
	.globl _start
_start:
	cli
	cld
	mov	$stack_top, %esp
	push	$0
	popf
	call	guest_start
1:	hlt
	jmp	1b

	.globl reload_segments
/* void reload_segments(void): CS, DS, ES, FS, GS, SS from the guest's GDT */
reload_segments:
	ljmp	$0x08, $1f
1:	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	ret

/*
 * One stub a vector. The frame that guest_exception() gets is struct frame of
 * guest.h.
 */
	.macro STUB vector
	.balign 16
	.if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17)
	.else
	push	$0
	.endif
	push	$\vector
	jmp	exception
	.endm

	.balign 16
	.globl stubs
stubs:
	vector = 0
	.rept 256
	STUB	vector
	vector = vector + 1
	.endr

exception:
	pusha
	push	%ds
	push	%es
	push	%fs
	push	%gs
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	cld
	push	%esp
	call	guest_exception
	add	$4, %esp
	/* FS and GS still are what they were, and might not be loaded again. */
	add	$8, %esp
	pop	%es
	pop	%ds
	popa
	add	$8, %esp
	iret

/*
 * void enter_user(u32 eip, u32 esp, u32 eflags)
 * Returns when ring 3 executes INT 0x41 (see guest_exception).
 */
	.globl enter_user, leave_user
enter_user:
	push	%ebp
	push	%ebx
	push	%esi
	push	%edi
	mov	20(%esp), %eax
	mov	24(%esp), %ecx
	mov	28(%esp), %edx
	mov	%esp, kernel_esp
	mov	$0x23, %ebx
	mov	%ebx, %ds
	mov	%ebx, %es
	mov	%ebx, %fs
	mov	%ebx, %gs
	push	$0x23
	push	%ecx
	push	%edx
	push	$0x1b
	push	%eax
	iret
leave_user:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	mov	kernel_esp, %esp
	pop	%edi
	pop	%esi
	pop	%ebx
	pop	%ebp
	ret

	.bss
	.balign 16
	.globl kernel_esp, stack_bottom, stack_top
kernel_esp:
	.long 0
	.balign 4096
stack_bottom:
	.skip 16384
stack_top:
	.section .note.GNU-stack, "", @progbits
