// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual CPU's state in KVM's structures, both ways. Called by vcpu.c with
 * vcpu->mutex held, in the host world. A setter that refuses changes nothing.
 *
 * The virtual CPU is a 32-bit one: addresses are cut to 32 bits where the
 * register would be, and a base or a control register above is refused.
 */
#include <linux/bitops.h>
#include <linux/kvm.h>
#include <linux/string.h>
#include <uapi/asm/debugreg.h>

#include "api/api.h"

/* ---- general registers -------------------------------------------------- */

void state_get_regs(struct vcpu *vcpu, struct kvm_regs *regs)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;

	regs->rax = cpu->regs[REG_AX];
	regs->rbx = cpu->regs[REG_BX];
	regs->rcx = cpu->regs[REG_CX];
	regs->rdx = cpu->regs[REG_DX];
	regs->rsi = cpu->regs[REG_SI];
	regs->rdi = cpu->regs[REG_DI];
	regs->rsp = cpu->regs[REG_SP];
	regs->rbp = cpu->regs[REG_BP];
	regs->r8 = cpu->regs[REG_R8];
	regs->r9 = cpu->regs[REG_R9];
	regs->r10 = cpu->regs[REG_R10];
	regs->r11 = cpu->regs[REG_R11];
	regs->r12 = cpu->regs[REG_R12];
	regs->r13 = cpu->regs[REG_R13];
	regs->r14 = cpu->regs[REG_R14];
	regs->r15 = cpu->regs[REG_R15];
	regs->rip = cpu->rip;
	regs->rflags = cpu->rflags;
}

void state_set_regs(struct vcpu *vcpu, const struct kvm_regs *regs)
{
	struct virtual_cpu *cpu = &vcpu->cpu;

	cpu->regs[REG_AX] = (u32)regs->rax;
	cpu->regs[REG_BX] = (u32)regs->rbx;
	cpu->regs[REG_CX] = (u32)regs->rcx;
	cpu->regs[REG_DX] = (u32)regs->rdx;
	cpu->regs[REG_SI] = (u32)regs->rsi;
	cpu->regs[REG_DI] = (u32)regs->rdi;
	cpu->regs[REG_SP] = (u32)regs->rsp;
	cpu->regs[REG_BP] = (u32)regs->rbp;
	/* Unreachable for the guest; kept for the client's round trip. */
	cpu->regs[REG_R8] = regs->r8;
	cpu->regs[REG_R9] = regs->r9;
	cpu->regs[REG_R10] = regs->r10;
	cpu->regs[REG_R11] = regs->r11;
	cpu->regs[REG_R12] = regs->r12;
	cpu->regs[REG_R13] = regs->r13;
	cpu->regs[REG_R14] = regs->r14;
	cpu->regs[REG_R15] = regs->r15;
	cpu->rip = (u32)regs->rip;
	cpu->rflags = (regs->rflags & EFLAGS_WRITABLE) | X86_EFLAGS_FIXED;

	/* As in KVM: an exception of the old state does not hit the new one, but one
	 * that the client gave does.
	 */
	if (!vcpu->exception_given)
		vcpu->exception_pending = false;
	vcpu->delivering = false;
}

/* ---- segments, control registers ---------------------------------------- */

static void segment_to_kvm(const struct segment *segment, struct kvm_segment *kvm)
{
	kvm->base = segment->base;
	kvm->limit = segment->limit;
	kvm->selector = segment->selector;
	kvm->type = segment->type;
	kvm->present = segment->present;
	kvm->dpl = segment->dpl;
	kvm->db = segment->db;
	kvm->s = segment->s;
	kvm->l = segment->l;
	kvm->g = segment->g;
	kvm->avl = segment->avl;
	kvm->unusable = segment->unusable;
}

/*
 * A descriptor has 20 bits for the limit and G to count pages. KVM's structure
 * has bytes and G; take the G that can express the bytes.
 */
static bool segment_from_kvm(const struct kvm_segment *kvm, struct segment *segment)
{
	bool whole_pages = (kvm->limit & 0xfff) == 0xfff;

	if (kvm->base > U32_MAX || (kvm->limit > 0xfffff && !whole_pages))
		return false;
	segment->base = kvm->base;
	segment->limit = kvm->limit;
	segment->selector = kvm->selector;
	segment->type = kvm->type & 0xf;
	segment->dpl = kvm->dpl & 3;
	segment->s = kvm->s;
	segment->present = kvm->present;
	segment->avl = kvm->avl;
	segment->l = false;
	segment->db = kvm->db;
	segment->g = kvm->limit > 0xfffff || (kvm->g && whole_pages);
	segment->unusable = kvm->unusable;
	return true;
}

/* struct kvm_sregs names each segment; the virtual CPU numbers them. */
static bool segments_from_kvm(const struct kvm_sregs *sregs, struct segment *segments,
			      struct segment *tr, struct segment *ldtr)
{
	return segment_from_kvm(&sregs->es, &segments[SEGMENT_ES]) &&
	       segment_from_kvm(&sregs->cs, &segments[SEGMENT_CS]) &&
	       segment_from_kvm(&sregs->ss, &segments[SEGMENT_SS]) &&
	       segment_from_kvm(&sregs->ds, &segments[SEGMENT_DS]) &&
	       segment_from_kvm(&sregs->fs, &segments[SEGMENT_FS]) &&
	       segment_from_kvm(&sregs->gs, &segments[SEGMENT_GS]) &&
	       segment_from_kvm(&sregs->tr, tr) && segment_from_kvm(&sregs->ldt, ldtr);
}

/*
 * An interrupt that its chip has given away already. The client's PIC has done so
 * with one that waits for LINT0; there is no other place for it in KVM's structures.
 */
static int given_interrupt(const struct vcpu *vcpu)
{
	return vcpu->interrupt >= 0 ? vcpu->interrupt : vcpu->external_interrupt;
}

void state_get_sregs(struct vcpu *vcpu, struct kvm_sregs *sregs)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;
	int interrupt = given_interrupt(vcpu);

	segment_to_kvm(&cpu->segments[SEGMENT_CS], &sregs->cs);
	segment_to_kvm(&cpu->segments[SEGMENT_DS], &sregs->ds);
	segment_to_kvm(&cpu->segments[SEGMENT_ES], &sregs->es);
	segment_to_kvm(&cpu->segments[SEGMENT_FS], &sregs->fs);
	segment_to_kvm(&cpu->segments[SEGMENT_GS], &sregs->gs);
	segment_to_kvm(&cpu->segments[SEGMENT_SS], &sregs->ss);
	segment_to_kvm(&cpu->tr, &sregs->tr);
	segment_to_kvm(&cpu->ldtr, &sregs->ldt);
	sregs->gdt.base = cpu->gdtr.base;
	sregs->gdt.limit = cpu->gdtr.limit;
	sregs->idt.base = cpu->idtr.base;
	sregs->idt.limit = cpu->idtr.limit;
	sregs->cr0 = cpu->cr0;
	sregs->cr2 = cpu->cr2;
	sregs->cr3 = cpu->cr3;
	sregs->cr4 = cpu->cr4;
	sregs->cr8 = vcpu_task_priority(vcpu);
	sregs->efer = cpu->efer;
	sregs->apic_base = cpu->msrs.apic_base;
	if (interrupt >= 0 && interrupt < KVM_NR_INTERRUPTS)
		sregs->interrupt_bitmap[interrupt / 64] |= BIT_ULL(interrupt % 64);
}

/* Bits of CR0 that exist; writes to the others are dropped, ET reads 1. */
#define CR0_EXISTING                                                                               \
	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE |             \
	 X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)

/* IA32_APIC_BASE: what is reserved without x2APIC and with 36 address bits. */
#define APIC_BASE_RESERVED (GENMASK_ULL(63, 36) | BIT_ULL(10) | BIT_ULL(9) | GENMASK_ULL(7, 0))

/* "IA-32e Mode": active with LME, PG and PAE together, and LMA says so. */
static bool efer_valid(const struct virtual_cpu *cpu, const struct kvm_sregs *sregs)
{
	bool long_mode = (sregs->efer & EFER_LME) && (sregs->cr0 & X86_CR0_PG);
	u64 allowed = EFER_SCE | EFER_NX;

	if (cpu_has_feature(cpu, 0x80000001, 3, 29))
		allowed |= EFER_LME | EFER_LMA;
	if (sregs->efer & ~allowed)
		return false;
	if (long_mode && !(sregs->cr4 & X86_CR4_PAE))
		return false;
	return !!(sregs->efer & EFER_LMA) == long_mode;
}

static bool control_registers_valid(const struct virtual_cpu *cpu, const struct kvm_sregs *sregs)
{
	u64 cr0 = sregs->cr0;

	if (cr0 > U32_MAX)
		return false;
	if ((cr0 & X86_CR0_PG) && !(cr0 & X86_CR0_PE))
		return false;
	if ((cr0 & X86_CR0_NW) && !(cr0 & X86_CR0_CD))
		return false;
	if (sregs->cr4 & ~cpu_cr4_allowed(cpu))
		return false;
	if (sregs->cr2 > U32_MAX || sregs->cr3 > U32_MAX)
		return false;
	/* No 64-bit code, even where CPUID has long mode. */
	if (!efer_valid(cpu, sregs) || sregs->cs.l)
		return false;
	if (sregs->gdt.base > U32_MAX || sregs->idt.base > U32_MAX)
		return false;
	return !(sregs->apic_base & APIC_BASE_RESERVED);
}

/* The PAE directory pointers are registers, loaded with CR3. */
static void load_pdptrs(struct vcpu *vcpu)
{
	struct virtual_cpu *cpu = &vcpu->cpu;

	memset(cpu->pdptrs, 0, sizeof(cpu->pdptrs));
	if (!(cpu->cr0 & X86_CR0_PG) || !(cpu->cr4 & X86_CR4_PAE) || (cpu->efer & EFER_LMA))
		return;
	if (mmu_read_guest(&vcpu->vm->mmu, cpu->cr3 & ~0x1fULL, cpu->pdptrs,
			   sizeof(cpu->pdptrs)) != MMU_RAM)
		memset(cpu->pdptrs, 0, sizeof(cpu->pdptrs));
}

static bool at_reset_vector(const struct virtual_cpu *cpu)
{
	return cpu->rip == 0xfff0 && cpu->segments[SEGMENT_CS].selector == 0xf000 &&
	       !(cpu->cr0 & X86_CR0_PE);
}

int state_set_sregs(struct vcpu *vcpu, const struct kvm_sregs *sregs)
{
	struct segment segments[SEGMENT_REGISTERS];
	struct segment tr, ldtr;
	struct virtual_cpu *cpu = &vcpu->cpu;
	unsigned int i;

	if (!control_registers_valid(cpu, sregs) ||
	    !segments_from_kvm(sregs, segments, &tr, &ldtr))
		return -EINVAL;

	memcpy(cpu->segments, segments, sizeof(segments));
	cpu->tr = tr;
	cpu->ldtr = ldtr;
	cpu->gdtr.base = sregs->gdt.base;
	cpu->gdtr.limit = sregs->gdt.limit;
	cpu->idtr.base = sregs->idt.base;
	cpu->idtr.limit = sregs->idt.limit;
	cpu->cr0 = (sregs->cr0 & CR0_EXISTING) | X86_CR0_ET;
	cpu->cr2 = sregs->cr2;
	cpu->cr3 = sregs->cr3;
	cpu->cr4 = sregs->cr4;
	cpu->efer = sregs->efer;
	cpu->msrs.apic_base = sregs->apic_base;
	/* As in KVM: one that is too big is dropped, not an error. */
	if (sregs->cr8 <= 0xf)
		vcpu_set_task_priority(vcpu, sregs->cr8);
	load_pdptrs(vcpu);
	/* As in KVM: a client that resets the CPU ends its HLT by this. */
	if (at_reset_vector(cpu))
		cpu->halted = false;

	for (i = 0; i < ARRAY_SIZE(sregs->interrupt_bitmap); i++) {
		if (sregs->interrupt_bitmap[i]) {
			vcpu->interrupt = i * 64 + __ffs64(sregs->interrupt_bitmap[i]);
			break;
		}
	}
	vcpu_state_replaced(vcpu);
	return 0;
}

/* ---- events ------------------------------------------------------------- */

void state_get_events(struct vcpu *vcpu, struct kvm_vcpu_events *events)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;
	int interrupt = given_interrupt(vcpu);

	vcpu_settle_exception(vcpu);
	if (vcpu->exception_pending) {
		/* A software exception comes again from its instruction. */
		events->exception.injected = vcpu->exception.vector != X86_TRAP_BP &&
					     vcpu->exception.vector != X86_TRAP_OF;
		events->exception.nr = vcpu->exception.vector;
		events->exception.has_error_code = vcpu->exception.has_error_code;
		events->exception.error_code = vcpu->exception.error_code;
	}
	if (interrupt >= 0) {
		events->interrupt.injected = 1;
		events->interrupt.nr = interrupt;
	}
	if (cpu->interrupt_shadow & INTERRUPT_SHADOW_STI)
		events->interrupt.shadow |= KVM_X86_SHADOW_INT_STI;
	if (cpu->interrupt_shadow & INTERRUPT_SHADOW_MOV_SS)
		events->interrupt.shadow |= KVM_X86_SHADOW_INT_MOV_SS;
	events->nmi.pending = !!vcpu->nmi_pending;
	events->nmi.masked = cpu->nmi_blocked;
	events->flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW |
			KVM_VCPUEVENT_VALID_SMM;
}

/* There is no SMM and no SIPI; a client may say so, nothing else. */
#define EVENT_FLAGS                                                                                \
	(KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SIPI_VECTOR |                       \
	 KVM_VCPUEVENT_VALID_SHADOW | KVM_VCPUEVENT_VALID_SMM)

int state_set_events(struct vcpu *vcpu, const struct kvm_vcpu_events *events)
{
	struct virtual_cpu *cpu = &vcpu->cpu;

	if (events->flags & ~EVENT_FLAGS)
		return -EINVAL;
	if ((events->flags & KVM_VCPUEVENT_VALID_SMM) && (events->smi.smm || events->smi.pending))
		return -EINVAL;
	if (events->exception.injected &&
	    (events->exception.nr > 31 || events->exception.nr == X86_TRAP_NMI))
		return -EINVAL;

	vcpu->delivering = false;
	vcpu->exception_pending = false;
	vcpu->exception_given = false;
	if (events->exception.injected) {
		const struct cpu_exception exception = {
			.vector = events->exception.nr,
			.has_error_code = events->exception.has_error_code,
			.error_code = events->exception.error_code,
			/* RF is in the client's hands, as in KVM. */
			.trap = events->exception.nr == X86_TRAP_DB,
		};

		vcpu_give_exception(vcpu, &exception);
	}
	vcpu->interrupt = events->interrupt.injected ? events->interrupt.nr : -1;
	vcpu->external_interrupt = -1;
	if (events->flags & KVM_VCPUEVENT_VALID_SHADOW) {
		cpu->interrupt_shadow = 0;
		if (events->interrupt.shadow & KVM_X86_SHADOW_INT_STI)
			cpu->interrupt_shadow |= INTERRUPT_SHADOW_STI;
		if (events->interrupt.shadow & KVM_X86_SHADOW_INT_MOV_SS)
			cpu->interrupt_shadow |= INTERRUPT_SHADOW_MOV_SS;
	}
	if (events->flags & KVM_VCPUEVENT_VALID_NMI_PENDING)
		vcpu->nmi_pending = min_t(unsigned int, events->nmi.pending, VCPU_NMIS_MOST);
	cpu->nmi_blocked = events->nmi.masked;
	/* One that was on its way when the client looked: it comes before any other. */
	if (events->nmi.injected)
		vcpu_give_nmi(vcpu);
	return 0;
}

/* ---- debug registers ---------------------------------------------------- */

/* "Debug Control Register (DR7)": bits that are neither fixed nor reserved. */
#define DR7_EXISTING 0xffff23ffULL
#define DR7_FIXED BIT_ULL(10)

void state_get_debug_registers(struct vcpu *vcpu, struct kvm_debugregs *regs)
{
	const struct virtual_cpu *cpu = &vcpu->cpu;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpu->dr); i++)
		regs->db[i] = cpu->dr[i];
	regs->dr6 = cpu->dr6;
	regs->dr7 = cpu->dr7;
}

int state_set_debug_registers(struct vcpu *vcpu, const struct kvm_debugregs *regs)
{
	struct virtual_cpu *cpu = &vcpu->cpu;
	unsigned int i;

	if (regs->flags || regs->dr6 > U32_MAX || regs->dr7 > U32_MAX)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(cpu->dr); i++) {
		if (regs->db[i] > U32_MAX)
			return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(cpu->dr); i++)
		cpu->dr[i] = regs->db[i];
	cpu->dr6 = regs->dr6 | DR6_RESERVED;
	cpu->dr7 = (regs->dr7 & DR7_EXISTING) | DR7_FIXED;
	vcpu_state_replaced(vcpu);
	return 0;
}
