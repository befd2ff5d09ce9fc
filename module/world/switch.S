/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch and every entry to ring 0 from a guest. world_switch() is
 * called by world_run() in the host world with interrupts off; the rest runs
 * in the guest world, entered through the IDT.
 *
 * These pages are mapped at the same address in both worlds, and nothing else
 * of the kernel's text is: no call leaves the section.
 *
 * The order of the instructions is what survives NMIs:
 *  - our 64-bit code selector is valid whenever our IDT is loaded, the host's
 *    selectors whenever the host's is; the trampoline GDT has both;
 *  - RSP points into the area from before "lidt ours" to after "lidt host", so
 *    the area is found from any interrupted RSP.
 */
#include <linux/linkage.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>
#include "world/layout.h"
#include "world-offsets.h"

#define AREA_MASK (-WORLD_AREA_SIZE)

/* Registers as struct world_frame has them; 32-bit guests own no more. */
.macro PUSH_REGISTERS
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rsp		/* filler: the processor pushed the guest's */
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
.endm

.macro POP_REGISTERS
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	lea	8(%rsp), %rsp
	pop	%rbp
	pop	%rsi
	pop	%rdi
.endm

	.section .switcher.text, "ax"
	.balign 4096
SYM_CODE_START(world_text_start)
SYM_CODE_END(world_text_start)

/*
 * void world_switch(struct world_area *area)
 *
 * Host world, interrupts off; area->state and the frame are filled in. Returns
 * when the guest has left for the host world, with the frame holding why.
 * Segment bases, DS..GS and MSRs are the caller's to restore.
 */
SYM_CODE_START(world_switch)
	endbr64
	pushf
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15

	mov	%rsp, AREA_HOST_RSP(%rdi)
	lea	AREA_FRAME(%rdi), %rsp
	lgdt	AREA_TRAMPOLINE_GDT(%rdi)
	lidt	AREA_IDT(%rdi)
	lgdt	AREA_SHADOW_GDT(%rdi)
	ltr	AREA_TSS_SELECTOR(%rdi)
	lldt	AREA_LDT_SELECTOR(%rdi)

	mov	AREA_GUEST_CR0(%rdi), %rax
	cmp	AREA_HOST_CR0(%rdi), %rax
	je	1f
	mov	%rax, %cr0
1:	mov	AREA_GUEST_CR4(%rdi), %rax
	cmp	AREA_HOST_CR4(%rdi), %rax
	je	1f
	mov	%rax, %cr4
1:	mov	AREA_GUEST_CR3(%rdi), %rax
	mov	%rax, %cr3

	swapgs
	/* A bad selector here is repaired by world_ring0_fault. */
SYM_INNER_LABEL(world_segment_loads, SYM_L_LOCAL)
	mov	AREA_DS(%rdi), %ds
	mov	AREA_ES(%rdi), %es
	mov	AREA_FS(%rdi), %fs
	mov	AREA_GS(%rdi), %gs
SYM_INNER_LABEL(world_segment_loads_end, SYM_L_LOCAL)
	jmp	world_resume
SYM_CODE_END(world_switch)

/*
 * Every vector but #GP, NMI, #DF and #MC. On the stack: vector, error code and
 * what the processor pushed.
 */
SYM_CODE_START(world_interrupt)
	PUSH_REGISTERS
	cld
	testb	$3, FRAME_CS(%rsp)
	jz	world_ring0_fault
	jmp	world_exit
SYM_CODE_END(world_interrupt)

/*
 * #GP: what privileged instructions in ring 1 raise. The frequent ones are
 * finished here, in the guest world.
 */
SYM_CODE_START(world_general_protection)
	PUSH_REGISTERS
	cld
	testb	$3, FRAME_CS(%rsp)
	jz	world_ring0_fault
	mov	%rsp, %rdi
	and	$AREA_MASK, %rdi
	call	world_fast_path
	mov	%rax, %rdi
	test	%rax, %rax
	jz	world_exit

/*
 * Back to the guest. RDI: area; RSP: the frame. The range from the branch to
 * the IRETQ is fragile: an NMI in it was not seen by the test, and the IRETQ
 * would unblock NMIs before the host has taken it. world_nmi turns a resume
 * interrupted there into an exit; the popped registers are still in the frame.
 */
SYM_INNER_LABEL(world_resume, SYM_L_LOCAL)
	cmpq	$0, AREA_NMI_NOTED(%rdi)	/* and #MC, its neighbour */
SYM_INNER_LABEL(world_resume_fragile, SYM_L_LOCAL)
	jne	world_resume_cancelled
	POP_REGISTERS
	lea	16(%rsp), %rsp		/* vector and error code */
SYM_INNER_LABEL(world_iret, SYM_L_LOCAL)
	iretq
SYM_INNER_LABEL(world_resume_fragile_end, SYM_L_LOCAL)
world_resume_cancelled:
	movq	$2, FRAME_VECTOR(%rsp)
	jmp	world_exit
SYM_CODE_END(world_general_protection)

/*
 * To the host. RSP: the complete frame; guest world, our CS. Ends as the
 * return of world_switch().
 */
SYM_CODE_START(world_exit)
	mov	%rsp, %rbx
	and	$AREA_MASK, %rbx
	swapgs
	mov	%ds, AREA_DS(%rbx)
	mov	%es, AREA_ES(%rbx)
	mov	%fs, AREA_FS(%rbx)
	mov	%gs, AREA_GS(%rbx)

	mov	AREA_HOST_CR0(%rbx), %rax
	cmp	AREA_GUEST_CR0(%rbx), %rax
	je	1f
	mov	%rax, %cr0
1:	mov	AREA_HOST_CR3(%rbx), %rax
	mov	%rax, %cr3
	mov	AREA_HOST_CR4(%rbx), %rax
	cmp	AREA_GUEST_CR4(%rbx), %rax
	je	1f
	mov	%rax, %cr4
1:
	/*
	 * The host's own TSS descriptor is busy and read-only: load TR from
	 * the trampoline's copy, made available first.
	 */
	lgdt	AREA_TRAMPOLINE_GDT(%rbx)
	mov	AREA_TRAMPOLINE_TSS_TYPE(%rbx), %rax
	andb	$~2, (%rax)
	mov	$GDT_ENTRY_TSS * 8, %eax
	ltr	%ax
	lldt	AREA_HOST_LDT(%rbx)
	lidt	AREA_HOST_IDT(%rbx)

	/* From here an NMI is the host's, on the trampoline GDT. */
	mov	AREA_HOST_RSP(%rbx), %rsp
	lea	1f(%rip), %rax
	push	$__KERNEL_CS
	push	%rax
	lretq
1:	mov	$__KERNEL_DS, %eax
	mov	%eax, %ss
	lgdt	AREA_HOST_GDT(%rbx)

	/*
	 * NMIs are still blocked if one is noted. Give it to the host before
	 * anything can fault, since the IRET of a fault would unblock them.
	 */
	cmpl	$0, AREA_NMI_NOTED(%rbx)
	je	1f
	movl	$0, AREA_NMI_NOTED(%rbx)
	int	$2
1:	cmpl	$0, AREA_MC_NOTED(%rbx)
	je	1f
	movl	$0, AREA_MC_NOTED(%rbx)
	int	$18
1:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	popf
	ret
SYM_CODE_END(world_exit)

/*
 * Go on where ring 0 was interrupted, without IRET, which would unblock NMIs
 * and load the host's CS from the wrong GDT. RSP: a complete frame whose ip,
 * flags and sp say where; what is below the interrupted RSP is free (no red
 * zone in kernel code). The frame may lie just there, so it is read first.
 */
SYM_CODE_START_LOCAL(world_return_without_iret)
	mov	FRAME_SP(%rsp), %rax
	mov	FRAME_FLAGS(%rsp), %rcx
	mov	FRAME_IP(%rsp), %rdx
	mov	FRAME_BX(%rsp), %rbx
	mov	FRAME_BP(%rsp), %rbp
	mov	FRAME_SI(%rsp), %rsi
	mov	FRAME_DI(%rsp), %rdi
	/* AX, CX, DX take the last steps, through the stack they return to. */
	push	FRAME_AX(%rsp)
	push	FRAME_CX + 8(%rsp)
	push	FRAME_DX + 16(%rsp)
	mov	%rdx, -8(%rax)
	mov	%rcx, -16(%rax)
	mov	(%rsp), %rdx
	mov	8(%rsp), %rcx
	push	16(%rsp)
	pop	-24(%rax)
	lea	-24(%rax), %rsp
	pop	%rax
	popf
	ret
SYM_CODE_END(world_return_without_iret)

/*
 * A fault in our own ring 0. Three places can cause one by the guest's doing,
 * each has its repair; any other is a bug, which stops the VM. RSP: frame of
 * the fault, on top of whatever stood there.
 *
 * #DB is no fault: the guest's MOV to SS met a data breakpoint, which the
 * processor holds back for one instruction, and that one came here. DR6 tells
 * world_run() later; go on.
 */
SYM_CODE_START_LOCAL(world_ring0_fault)
	/*
	 * A CS of virtual-8086 mode can look like ring 0. No processor lets
	 * ring 1 go there in IA-32e mode, but QEMU's emulation does; then all
	 * that the frame holds is the guest's, and none of it to be used here.
	 */
	testl	$X86_EFLAGS_VM, FRAME_FLAGS(%rsp)
	jnz	world_exit
	cmpq	$1, FRAME_VECTOR(%rsp)
	je	world_return_without_iret
	mov	FRAME_IP(%rsp), %rax
	mov	%rsp, %rbx
	and	$AREA_MASK, %rbx

	lea	world_fetch_access(%rip), %rcx
	cmp	%rcx, %rax
	jne	1f
	/* The code page went away: fetch() in fast.c answers 0. */
	lea	world_fetch_done(%rip), %rcx
	mov	%rcx, FRAME_IP(%rsp)
	movq	$0, FRAME_AX(%rsp)
	jmp	world_return_without_iret
1:
	lea	world_iret(%rip), %rcx
	cmp	%rcx, %rax
	jne	1f
	/*
	 * The guest's registers are those that the fault pushed; IP..SS of the
	 * frame are untouched. Build the frame around them again.
	 */
	POP_REGISTERS
	mov	FRAME_SP - FRAME_VECTOR(%rsp), %rsp
	push	$0
	push	$WORLD_VECTOR_IRET_FAULT
	PUSH_REGISTERS
	jmp	world_exit
1:
	lea	AREA_FRAME(%rbx), %rsp
	lea	world_segment_loads(%rip), %rcx
	cmp	%rcx, %rax
	jb	1f
	lea	world_segment_loads_end(%rip), %rcx
	cmp	%rcx, %rax
	jae	1f
	movq	$WORLD_VECTOR_SEGMENT_LOAD, FRAME_VECTOR(%rsp)
	jmp	world_exit
1:
	/* For the message: where it was. */
	mov	%rax, AREA_FRAME_ERROR_CODE(%rbx)
	movq	$WORLD_VECTOR_BUG, FRAME_VECTOR(%rsp)
	jmp	world_exit
SYM_CODE_END(world_ring0_fault)

/*
 * NMI and #MC, on stacks of their own. From the guest: an exit. In ring 0:
 * noted, and on without IRET; the host takes it at the next exit, which the
 * resume path makes sure comes before any IRET.
 */
.macro NOTED_INTERRUPT name, vector, note
SYM_CODE_START(\name)
	push	$0
	push	$\vector
	PUSH_REGISTERS
	cld
	/*
	 * While the host's TSS is loaded this is the host's stack: only the
	 * interrupted RSP tells the area. From the guest it is ours.
	 */
	mov	%rsp, %rbx
	testb	$3, FRAME_CS(%rsp)
	jnz	1f
	testl	$X86_EFLAGS_VM, FRAME_FLAGS(%rsp)
	jnz	1f
	mov	FRAME_SP(%rsp), %rbx
	and	$AREA_MASK, %rbx
	incl	\note(%rbx)
	mov	FRAME_IP(%rsp), %rax
	lea	world_resume_fragile(%rip), %rcx
	cmp	%rcx, %rax
	jb	world_return_without_iret
	lea	world_resume_fragile_end(%rip), %rcx
	cmp	%rcx, %rax
	jae	world_return_without_iret
	movq	$\vector, AREA_FRAME_VECTOR(%rbx)
	lea	AREA_FRAME(%rbx), %rsp
	jmp	world_exit

1:	and	$AREA_MASK, %rbx
	incl	\note(%rbx)
	i = AREA_FRAME_IP - AREA_FRAME + 32
	.rept (AREA_FRAME_IP - AREA_FRAME + 40) / 8
	push	i(%rsp)
	pop	AREA_FRAME + i(%rbx)
	i = i - 8
	.endr
	lea	AREA_FRAME(%rbx), %rsp
	jmp	world_exit
SYM_CODE_END(\name)
.endm

NOTED_INTERRUPT world_nmi, 2, AREA_NMI_NOTED
NOTED_INTERRUPT world_machine_check, 18, AREA_MC_NOTED

/*
 * #DF: nothing that a guest does raises one here; it means that a stack or a
 * table of ours is bad. Leave with a frame that says so.
 */
SYM_CODE_START(world_double_fault)
	mov	(8 + 0)(%rsp), %rax
	mov	%rsp, %rbx
	and	$AREA_MASK, %rbx
	lea	AREA_FRAME(%rbx), %rsp
	mov	%rax, AREA_FRAME_ERROR_CODE(%rbx)
	movq	$WORLD_VECTOR_BUG, FRAME_VECTOR(%rsp)
	jmp	world_exit
SYM_CODE_END(world_double_fault)

/* One stub a vector, all of one size: world_stubs + vector * 16. */
#define HAS_ERROR_CODE(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || \
			   (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)
	.balign 16
SYM_CODE_START(world_stubs)
	vector = 0
	.rept 256
	.balign 16
	endbr64
	.if !HAS_ERROR_CODE(vector)
	push	$0
	.endif
	.if vector == 13
	push	$13
	jmp	world_general_protection
	.else
	/* Always the 5-byte form, so that stubs do not differ. */
	.byte	0x68
	.long	vector
	jmp	world_interrupt
	.endif
	vector = vector + 1
	.endr
	.balign 16
SYM_CODE_END(world_stubs)
