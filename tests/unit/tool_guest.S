/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A multiboot guest for the tests of the tool: the last character of its command
 * line says what it does. It stays in ring 0 without paging, so that it runs on
 * any device. Run by tool_run.sh with --debug-exit and --debugcon.
 */

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 3
#define LOADER_MAGIC 0x2badb002

#define DEBUG_CONSOLE 0xe9
#define DEBUG_EXIT 0xf4
#define SERIAL 0x3f8
#define SERIAL_IER 0x3f9
#define SERIAL_IIR 0x3fa
#define SERIAL_MCR 0x3fc
#define SERIAL_LSR 0x3fd
#define PM1_CONTROL 0x604
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_DATA 0x60

	.text
	.code32
	.globl start
start:
	jmp	begin
	.align	4
	.long	MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

begin:
	cmpl	$LOADER_MAGIC, %eax
	jne	fail
	movl	16(%ebx), %esi		/* the command line */
1:	lodsb
	testb	%al, %al
	jnz	1b
	movzbl	-2(%esi), %eax
	subl	$'a', %eax
	cmpl	$(table_end - table) / 4, %eax
	jae	fail
	jmp	*table(, %eax, 4)

table:
	.long	exit_42, say_hello, show_pass, crash, spin, reset, strings, wait, device_memory
	.long	entry_state, echo, show_error, panic, entry_flags, switch_off, linux_panic
	.long	linux_panic_reset, linux_restart, interrupts
table_end:

fail:
	movb	$99, %al
	outb	%al, $DEBUG_EXIT
	hlt

/* a */
exit_42:
	movb	$42, %al
	outb	%al, $DEBUG_EXIT
	hlt

/* b: polled serial output, then halted with interrupts off */
say_hello:
	movl	$hello, %esi
	call	serial_print
	cli
	hlt

/* c: what memtest86+ shows after a pass */
show_pass:
	movl	$pass_row, %esi
	call	screen_print
	jmp	spin

/* d: an exception without an IDT */
crash:
	lidt	no_idt
	int3

/* e */
spin:
	jmp	spin

/* f */
reset:
	movb	$0xfe, %al
	outb	%al, $0x64
	hlt

/* g: OUTS and INS with a count, forward and backward */
strings:
	movl	$text, %esi
	movl	$text_end - text, %ecx
	movw	$DEBUG_CONSOLE, %dx
	cld
	rep outsb
	movl	$buffer, %edi
	movl	$600, %ecx
	rep insb
	movl	$buffer, %edi
	movl	$600, %ecx
	movb	$DEBUG_CONSOLE, %al	/* what the port reads as */
	repe scasb
	jne	fail
	movb	$7, %al
	outb	%al, $DEBUG_EXIT
	hlt

/* h: halted with interrupts on, and nothing to interrupt it */
wait:
	sti
	hlt
	jmp	fail

/* i: no device has memory: reads give ones, writes are dropped */
device_memory:
	movl	$0, 0xfee00300
	movl	0xfee00020, %eax
	cmpl	$0xffffffff, %eax
	jne	fail
	movb	0xa0000, %al
	cmpb	$0xff, %al
	jne	fail
	movzwl	0xd0000000, %eax
	cmpl	$0xffff, %eax
	jne	fail
	movb	$8, %al
	outb	%al, $DEBUG_EXIT
	hlt

/* j: paging off, flat segments from a GDT that they can be reloaded from */
entry_state:
	movl	%cr0, %eax
	testl	$0x80000000, %eax
	jnz	fail
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	ljmp	$0x10, $1f
1:	pushl	$9
	popl	%eax
	outb	%al, $DEBUG_EXIT
	hlt

/* n: the flags and selectors, which the engine `trap` cannot hide from a guest */
entry_flags:
	pushf
	popl	%eax
	testl	$0x700, %eax		/* TF, IF, DF */
	jnz	fail
	movw	%cs, %ax
	cmpw	$0x10, %ax
	jne	fail
	movw	%ss, %ax
	cmpw	$0x18, %ax
	jne	fail
	movb	$11, %al
	outb	%al, $DEBUG_EXIT
	hlt

/* k: echo serial input, until a q */
echo:
	movw	$SERIAL_LSR, %dx
	inb	%dx, %al
	testb	$1, %al
	jz	echo
	movw	$SERIAL, %dx
	inb	%dx, %al
	outb	%al, %dx
	cmpb	$'q', %al
	jne	echo
	movb	$10, %al
	outb	%al, $DEBUG_EXIT
	hlt

/* l: what memtest86+ shows after an error */
show_error:
	movl	$error_row, %esi
	call	screen_print
	jmp	spin

/* m: a last word on the serial port and a reset */
panic:
	movl	$panic_text, %esi
	call	serial_print
	jmp	reset

/* o: by ACPI's PM1 control register: SLP_EN and the type of S5 */
switch_off:
	movw	$PM1_CONTROL, %dx
	movw	$0x2000, %ax
	outw	%ax, %dx
	jmp	fail

/* p: what Linux says when it panics and then stays */
linux_panic:
	movl	$linux_panic_text, %esi
	call	serial_print
	movl	$linux_panic_end, %esi
	call	serial_print
	jmp	spin

/* q: what it says when it resets then, without the last line */
linux_panic_reset:
	movl	$linux_panic_text, %esi
	call	serial_print
	jmp	reset

/* r: a restart by a triple fault, announced as Linux does */
linux_restart:
	movl	$linux_restart_text, %esi
	call	serial_print
	jmp	crash

/*
 * s: with --irqchip on: the serial port's interrupt when its transmitter is
 * empty, then the keyboard's for a byte that the controller echoes. Each handler
 * counts in EBX; HLT waits for them.
 */
interrupts:
	movl	$idt, %edi
	leal	serial_handler, %eax
	movl	$0x24, %ecx
	call	set_gate
	leal	keyboard_handler, %eax
	movl	$0x21, %ecx
	call	set_gate
	lidt	idt_pointer
	movl	$pic_setup, %esi
	movl	$(pic_setup_end - pic_setup) / 2, %ecx
	xorl	%edx, %edx
1:	lodsb
	movb	%al, %dl
	lodsb
	outb	%al, %dx
	loop	1b
	xorl	%ebx, %ebx
	movw	$SERIAL_MCR, %dx
	movb	$0x08, %al		/* OUT2 */
	outb	%al, %dx
	movw	$SERIAL_IER, %dx
	movb	$0x02, %al
	outb	%al, %dx
1:	sti
	hlt
	cli
	cmpl	$1, %ebx
	jb	1b
	movb	$0x60, %al		/* interrupts on, keyboard on */
	outb	%al, $KEYBOARD_COMMAND
	movb	$0x01, %al
	outb	%al, $KEYBOARD_DATA
	movb	$0xd2, %al
	outb	%al, $KEYBOARD_COMMAND
	movb	$0x5a, %al
	outb	%al, $KEYBOARD_DATA
1:	sti
	hlt
	cli
	cmpl	$2, %ebx
	jb	1b
	movb	$12, %al
	outb	%al, $DEBUG_EXIT
	hlt

/* EAX the handler, ECX the vector */
set_gate:
	movw	%ax, (%edi, %ecx, 8)
	movw	$0x10, 2(%edi, %ecx, 8)
	movw	$0x8e00, 4(%edi, %ecx, 8)
	shrl	$16, %eax
	movw	%ax, 6(%edi, %ecx, 8)
	ret

serial_handler:
	pushal
	movw	$SERIAL_IIR, %dx
	inb	%dx, %al
	cmpb	$0x02, %al
	jne	fail
	jmp	handled

keyboard_handler:
	pushal
	inb	$KEYBOARD_DATA, %al
	cmpb	$0x5a, %al
	jne	fail
handled:
	movb	$0x20, %al
	outb	%al, $0x20
	popal
	incl	%ebx
	iret

serial_print:
	movw	$SERIAL_LSR, %dx
	inb	%dx, %al
	testb	$0x20, %al
	jz	serial_print
	lodsb
	testb	%al, %al
	jz	1f
	movw	$SERIAL, %dx
	outb	%al, %dx
	jmp	serial_print
1:	ret

/* On the ninth row, light grey on blue. */
screen_print:
	movl	$0xb8000 + 8 * 160, %edi
	movb	$0x17, %ah
1:	lodsb
	testb	%al, %al
	jz	2f
	stosw
	jmp	1b
2:	ret

hello:
	.asciz	"hello from the guest\r\n"
panic_text:
	.asciz	"kernel panic\r\n"
linux_panic_text:
	.asciz	"[    1.0] Kernel panic - not syncing: a test\r\n"
linux_panic_end:
	.asciz	"[    1.1] ---[ end Kernel panic - not syncing: a test ]---\r\n"
linux_restart_text:
	.asciz	"[    1.0] reboot: Restarting system\r\n"
/* Ports and bytes: both PICs to vectors 20h and 28h; IRQ 1 and 4 open. */
pic_setup:
	.byte	0x20, 0x11, 0xa0, 0x11, 0x21, 0x20, 0xa1, 0x28, 0x21, 0x04, 0xa1, 0x02
	.byte	0x21, 0x01, 0xa1, 0x01, 0x21, 0xed, 0xa1, 0xff
pic_setup_end:
idt_pointer:
	.word	256 * 8 - 1
	.long	idt
pass_row:
	.asciz	"Using: Core #0              | Pass:  1        Errors: 0  "
error_row:
	.asciz	"Using: Core #0              | Pass:  0        Errors: 3  "
text:
	.ascii	"a string by OUTS\n"
text_end:
no_idt:
	.word	0
	.long	0

	.bss
	.align	8
idt:
	.skip	256 * 8
buffer:
	.skip	600
