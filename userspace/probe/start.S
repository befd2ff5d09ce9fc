/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probe guest's way in, into a probe, and back out of it. Runs in guest
 * ring 0: under ringlet, under KVM, and unchanged on bare hardware or an
 * emulator as the reference (multiboot).
 *
 * Nothing here may depend on what the `trap` engine gets wrong: interrupts are
 * switched by CLI, STI and IRET with an RPL of 0, which trap, and flags are
 * read from the frame of an interrupt.
 */
#include "probe.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define VECTORS		0x60

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

	.text
	.code32
	.globl probe_start
probe_start:
	cli
	cld
	mov	$PROBE_ENTRY_STACK, %esp
	push	%esi
	push	%ebx
	push	%eax
	call	probe_main
1:	cli
	hlt
	jmp	1b

/* void load_segments(void): all of them from the guest's own GDT */
	.globl load_segments
load_segments:
	ljmp	$PROBE_CODE, $1f
1:	mov	$PROBE_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	ret

/*
 * void enter_probe(void): execute the probe that enter_* describe. Returns
 * through the stub of whatever vector ended it, with record[] filled in.
 */
	.globl enter_probe
enter_probe:
	pusha
	mov	%esp, harness_esp
	cmpl	$3, enter_ring
	je	1f
	mov	$PROBE_STACK - PROBE_STACK_MARGIN, %esp
	pushl	enter_eflags
	pushl	$PROBE_CODE
	jmp	2f
1:	mov	$PROBE_USER_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	pushl	$PROBE_USER_DATA
	pushl	$PROBE_USER_STACK - PROBE_STACK_MARGIN
	pushl	enter_eflags
	pushl	$PROBE_USER_CODE
2:	pushl	enter_eip
	mov	enter_eax, %eax
	mov	enter_ecx, %ecx
	mov	$PROBE_SCRATCH, %ebx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%ebp, %ebp
	iret

	.macro STUB vector
	.balign 16
	.if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17)
	.else
	push	$0
	.endif
	push	$\vector
	jmp	end_probe
	.endm

	.balign 16
	.globl stubs
stubs:
	vector = 0
	.rept VECTORS
	STUB	vector
	vector = vector + 1
	.endr

/*
 * The stack segment is flat whatever the probe did; DS may be anything. Of the
 * interrupted ring's ESP and stack, the C code computes what is recorded.
 */
end_probe:
	out	%al, $PROBE_PORT_MARK
	mov	%eax, %ss:record + 4 * 6
	mov	%ecx, %ss:record + 4 * 7
	mov	%edx, %ss:record + 4 * 8
	popl	%ss:record + 4 * 0
	popl	%ss:record + 4 * 1
	popl	%ss:record + 4 * 2
	popl	%ss:record + 4 * 3
	popl	%ss:record + 4 * 4
	mov	%esp, %ss:record + 4 * 5
	testl	$3, %ss:record + 4 * 3
	jz	1f
	popl	%ss:record + 4 * 5
1:	mov	$PROBE_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	mov	harness_esp, %esp
	popa
	ret

/* What the call gate leads to. */
	.globl gate_target
gate_target:
	int	$PROBE_DONE

	.bss
	.balign 4
	.globl record, enter_ring, enter_eflags, enter_eip, enter_eax, enter_ecx
harness_esp:
	.skip 4
enter_ring:
	.skip 4
enter_eflags:
	.skip 4
enter_eip:
	.skip 4
enter_eax:
	.skip 4
enter_ecx:
	.skip 4
record:
	.skip 4 * 16
	.section .note.GNU-stack, "", @progbits
