/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A boot sector: asks the BIOS for what a BIOS has, enters protected mode and
 * comes back, waits for timer ticks, and says how it went at the debug port
 * (e9h) and, by its number, at isa-debug-exit (f4h). QEMU ends with
 * 2 * number + 1: 33 if all is well.
 */
	.code16
	.globl _start
_start:
	ljmp	$0, $1f
1:	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$0x7c00, %sp
	cld
	sti
	mov	%dl, drive
	mov	$hello, %si
	call	say

	/* The BIOS's own services: memory below 640 KiB, the video mode. */
	int	$0x12
	cmp	$600, %ax
	jb	failed
	movb	$'m', %al
	call	put

	/* The second sector holds a word that only the disk can know. */
	mov	$0x0201, %ax
	mov	$0x0002, %cx
	mov	drive, %dl
	xor	%dh, %dh
	mov	$0x8000, %bx
	int	$0x13
	jc	failed
	cmpl	$0x52494e47, 0x8000
	jne	failed
	movb	$'d', %al
	call	put

	/* Above 1 MiB: move 512 bytes there and back. */
	movl	$0xa5a5a5a5, 0x9000
	movb	$0x24, %al
	call	gate_a20
	cli
	lgdt	descriptor
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmp	$8, $protected
	.code32
protected:
	mov	$16, %ax
	mov	%ax, %ds
	movl	$0x12345678, 0x200000
	movl	0x200000, %ebx
	ljmp	$24, $back
	.code16
back:	mov	$32, %ax
	mov	%ax, %ds
	mov	%cr0, %eax
	and	$0xfe, %al
	mov	%eax, %cr0
	ljmp	$0, $real
real:	xor	%ax, %ax
	mov	%ax, %ds
	sti
	cmp	$0x12345678, %ebx
	jne	failed
	movb	$'p', %al
	call	put

	/* Three ticks of the timer, each waited for in HLT. */
	mov	$3, %cx
tick:	mov	0x46c, %ax
wait:	hlt
	cmp	0x46c, %ax
	je	wait
	loop	tick
	movb	$'t', %al
	call	put

	mov	$done, %si
	call	say
	mov	$16, %al
	jmp	end
failed:	mov	$bad, %si
	call	say
	mov	$17, %al
end:	out	%al, $0xf4
stop:	hlt
	jmp	stop

gate_a20:
	mov	$0x2401, %ax
	int	$0x15
	ret

	/* To the debug port and, by the BIOS, to the screen. */
put:	out	%al, $0xe9
	push	%bx
	mov	$0x0e, %ah
	mov	$7, %bx
	int	$0x10
	pop	%bx
	ret
say:	lodsb
	test	%al, %al
	jz	1f
	call	put
	jmp	say
1:	ret

hello:	.asciz	"sector: "
done:	.asciz	" well\r\n"
bad:	.asciz	" FAILED\r\n"
drive:	.byte	0
	.balign	8
table:	.quad	0
	.quad	0x00cf9a000000ffff
	.quad	0x00cf92000000ffff
	.quad	0x00009a000000ffff
	.quad	0x000092000000ffff
descriptor:
	.word	. - table - 1
	.long	table
	.org	510
	.word	0xaa55
	.org	512
	.long	0x52494e47
	.org	1474560
