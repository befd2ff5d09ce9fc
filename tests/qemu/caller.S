/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program of a Linux guest's for a debugger to look at, in user code and in what
 * the kernel does for it: waits for a line, then in rounds asks for its number,
 * opens /proc/sys/kernel/overflowuid and writes 60000 to 60009 in turns, which is
 * where the kernel's variable of that name then shows them. caller.gdb knows its
 * symbols, and sets `go` when it may end: with status 0 if all calls did what they
 * have to, and no PUSHF showed a trap flag.
 */
#include <asm/unistd_32.h>

	.set	FLAG_TF, 0x100

	/* A system call, and what must not come of it: the condition of a jump. */
	.macro	try number, bad:req
	mov	$\number, %eax
	int	$0x80
	test	%eax, %eax
	\bad	failed
	.endm

	.text
	.globl	_start, round, opened, ended
_start:
	mov	$ready, %ecx
	mov	$(ready_end - ready), %edx
	mov	$1, %ebx
	try	__NR_write, jle
	xor	%ebx, %ebx
	mov	$digits, %ecx
	mov	$1, %edx
	try	__NR_read, jle
	movb	$'6', digits
round:
	pushf
	testl	$FLAG_TF, (%esp)
	jnz	failed
	pop	%eax
	try	__NR_getpid, jle
	mov	$path, %ebx
	mov	$1, %ecx
	try	__NR_open, js
opened:
	mov	%eax, %ebx
	mov	$digits, %ecx
	mov	$6, %edx
	try	__NR_write, jle
	try	__NR_close, js
	incl	rounds
	incb	digits + 4
	cmpb	$'9', digits + 4
	jbe	1f
	movb	$'0', digits + 4
1:	cmpl	$0, go
	je	round
ended:
	xor	%ebx, %ebx
1:	mov	$__NR_exit, %eax
	int	$0x80
failed:
	mov	$1, %ebx
	jmp	1b

	.data
	.globl	digits, go, rounds
go:	.long	0
rounds:	.long	0
digits:	.ascii	"60000\n"
path:	.asciz	"/proc/sys/kernel/overflowuid"
ready:	.ascii	"caller: waits for a line\n"
ready_end:
