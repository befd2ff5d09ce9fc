/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ROM in place of the BIOS, for a debugger to look at: loops in ring 0 and in
 * ring 3 whose instructions stand in a table, so that each step can be checked,
 * while the timer interrupts. debuggee.gdb knows its symbols. It keeps a count of
 * frames and images that show a trap flag, and ends QEMU by isa-debug-exit: 33 if
 * there was none.
 *
 * The program is linked where it runs, in RAM, and lies at the start of the ROM.
 */
	.set	ROM, 0xffff0000
	.set	FLAG_TF, 0x100

	/* An instruction that stands in the table @to. */
	.macro	step to, instruction:vararg
9:	\instruction
	.pushsection .\to, "a"
	.long	9b
	.popsection
	.endm

	/* What PUSHF shows, into the count. */
	.macro	look_at_flags to
	step	\to, pushf
	step	\to, pop %eax
	step	\to, and $FLAG_TF, %eax
	step	\to, add %eax, saw_tf
	.endm

	.section .steps0, "a"
	.globl	steps0
steps0:
	.section .steps3, "a"
	.globl	steps3
steps3:

	.text
	.globl	program, ring0, ring0_again, ring0_out, ring3, ring3_again, ring3_out, system_call
	.globl	leave_ring3, own_int3, tick
program:
	mov	$0x90000, %esp
	lidt	idt_register
	mov	$0x28, %ax
	ltr	%ax
	call	set_up_timer
	sti
	.globl	ring0
ring0:	xor	%ecx, %ecx
ring0_again:
	step	steps0, inc %ecx
	look_at_flags steps0
	step	steps0, mov %cr0, %eax
	step	steps0, mov %eax, %cr0
	step	steps0, cli
	step	steps0, sti
	step	steps0, nop
	step	steps0, in $0x61, %al
	step	steps0, out %al, $0x80
	step	steps0, mov %ss, %edx
	step	steps0, call subroutine
	.pushsection .text.subroutine
subroutine:
	step	steps0, push %ebp
	step	steps0, mov %esp, %ebp
	step	steps0, pop %ebp
	step	steps0, ret
	.popsection
	step	steps0, mov %ecx, counter
	step	steps0, cmpl $0, go
	step	steps0, je ring0_again

ring0_out:
	mov	secret, %eax
	/* The guest's own breakpoint, whose handler counts. */
own_int3:
	int3
	nop
	pushl	$0x23
	pushl	$0x80000
	pushl	$0x202
	pushl	$0x1b
	pushl	$ring3
	mov	$0x23, %eax
	mov	%eax, %ds
	mov	%eax, %es
	iret

ring3:	xor	%ecx, %ecx
ring3_again:
	step	steps3, inc %ecx
	look_at_flags steps3
	step	steps3, lea (%ecx,%ecx,2), %eax
	step	steps3, mov %eax, 0x20000
	step	steps3, push %eax
	step	steps3, popl 0x20004
	step	steps3, mov %ecx, counter
	step	steps3, cmpl $1, go
	step	steps3, je ring3_again
ring3_out:
	int	$0x80
	jmp	ring3_out

system_call:
	call	check_frame
leave_ring3:
	mov	saw_tf, %eax
	test	%eax, %eax
	setnz	%al
	add	$16, %al
	out	%al, $0xf4
	jmp	leave_ring3

breakpoint:
	call	check_frame
	incl	breakpoints
	iret

tick:	push	%eax
	incl	ticks
	mov	$0x20, %al
	out	%al, $0x20
	testl	$FLAG_TF, 12(%esp)
	jz	1f
	incl	saw_tf
1:	pop	%eax
	iret

	/* The flags of the frame that the caller was entered with. */
check_frame:
	testl	$FLAG_TF, 12(%esp)
	jz	1f
	incl	saw_tf
1:	ret

	/* IRQ 0 at vector 20h, a thousand times a second. */
set_up_timer:
	mov	$0x11, %al
	out	%al, $0x20
	mov	$0x20, %al
	out	%al, $0x21
	mov	$0x04, %al
	out	%al, $0x21
	mov	$0x01, %al
	out	%al, $0x21
	mov	$0xfe, %al
	out	%al, $0x21
	mov	$0x34, %al
	out	%al, $0x43
	mov	$1193 & 0xff, %al
	out	%al, $0x40
	mov	$1193 >> 8, %al
	out	%al, $0x40
	ret

	.data
	.globl	counter, go, secret, saw_tf, ticks, breakpoints
counter:	.long	0
go:		.long	0
secret:		.long	0x5ec4e7
saw_tf:		.long	0
ticks:		.long	0
breakpoints:	.long	0

	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff		/* 08h, 10h: ring 0 */
	.quad	0x00cf93000000ffff
	.quad	0x00cffb000000ffff		/* 1bh, 23h: ring 3 */
	.quad	0x00cff3000000ffff
	.word	103, tss_low, 0x8900 + tss_middle, tss_high
gdt_end:
	.globl	tss, breakpoint
tss:	.long	0, 0x90000, 0x10
	.fill	22, 4, 0
	.word	0, 104

	/* The linker knows the halves of an address. */
	.macro	gate handler, rights
	.word	\handler\()_low, 8, \rights, \handler\()_high
	.endm
	.balign	8
idt:	.fill	3, 8, 0
	gate	breakpoint, 0xee00
	.fill	28, 8, 0
	gate	tick, 0x8e00
	.fill	95, 8, 0
	gate	system_call, 0xee00
idt_end:
idt_register:
	.word	idt_end - idt - 1
	.long	idt

	/* ---- the ROM's own code ---- */
	.section .rom, "ax"
	.code16
start:	cli
	cld
	lgdtl	%cs:(rom_gdt_register - start + 0xf000)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $copy
	.code32
copy:	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$ROM, %esi
	mov	$program, %edi
	mov	$program_bytes, %ecx
	rep movsb
	lgdt	gdt_register
	mov	$program, %eax
	jmp	*%eax
rom_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
rom_gdt_register:
	.word	23
	.long	rom_gdt
gdt_register:
	.word	gdt_end - gdt - 1
	.long	gdt

	.section .reset, "ax"
	.code16
	jmp	start
	.org	16
