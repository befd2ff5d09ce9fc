// SPDX-License-Identifier: GPL-2.0-only
/* The machine that selftests run guest code on. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "selftest.h"

/* The engine that the environment asks for; else the module's default. */
static void choose_engine(struct machine *machine)
{
	const char *engine = getenv("ENGINE");

	if (engine && !strcmp(engine, "interpret") &&
	    ioctl(machine->vm, RINGLET_SET_ENGINE, RINGLET_ENGINE_INTERPRET))
		bail_out("RINGLET_SET_ENGINE");
}

void machine_create(struct machine *machine, size_t memory_bytes)
{
	machine_create_with(machine, memory_bytes, NULL);
}

void machine_create_with(struct machine *machine, size_t memory_bytes,
			 void (*prepare)(struct machine *machine))
{
	struct kvm_userspace_memory_region region = { .memory_size = memory_bytes };

	memset(machine, 0, sizeof(*machine));
	machine->device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (machine->device < 0)
		bail_out("opening " DEVICE);
	machine->vm = ioctl(machine->device, KVM_CREATE_VM, 0);
	if (machine->vm < 0)
		bail_out("KVM_CREATE_VM");
	choose_engine(machine);
	machine->memory_bytes = memory_bytes;
	machine->memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (machine->memory == MAP_FAILED)
		bail_out("mmap of guest memory");
	region.userspace_addr = (uintptr_t)machine->memory;
	if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region))
		bail_out("KVM_SET_USER_MEMORY_REGION");
	if (prepare)
		prepare(machine);
	machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
	if (machine->vcpu < 0)
		bail_out("KVM_CREATE_VCPU");
	machine->run_bytes = ioctl(machine->device, KVM_GET_VCPU_MMAP_SIZE, 0);
	machine->run = mmap(NULL, machine->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			    machine->vcpu, 0);
	if (machine->run == MAP_FAILED)
		bail_out("mmap of struct kvm_run");
}

void machine_destroy(struct machine *machine)
{
	munmap(machine->run, machine->run_bytes);
	close(machine->vcpu);
	close(machine->vm);
	close(machine->device);
	munmap(machine->memory, machine->memory_bytes);
}

static void set_descriptor(struct machine *machine, unsigned int selector, uint64_t descriptor)
{
	memcpy(machine->memory + MACHINE_GDT + (selector & ~7u), &descriptor, sizeof(descriptor));
}

static void use_segment(struct kvm_segment *segment, unsigned int selector, unsigned int type)
{
	*segment = (struct kvm_segment){
		.base = 0,
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};
}

void machine_set_cpuid(struct machine *machine, uint32_t set_ecx, uint32_t clear_edx)
{
	struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entries[100];
	} cpuid = { .header.nent = 100 };

	if (ioctl(machine->device, KVM_GET_SUPPORTED_CPUID, &cpuid))
		bail_out("KVM_GET_SUPPORTED_CPUID");
	for (unsigned int i = 0; i < cpuid.header.nent; i++) {
		if (cpuid.entries[i].function != 1)
			continue;
		cpuid.entries[i].ecx |= set_ecx;
		cpuid.entries[i].edx &= ~clear_edx;
	}
	if (ioctl(machine->vcpu, KVM_SET_CPUID2, &cpuid))
		bail_out("KVM_SET_CPUID2");
}

void machine_boot(struct machine *machine, const char *code, const char *end)
{
	struct kvm_regs regs = {
		.rip = MACHINE_CODE,
		.rsp = MACHINE_STACK,
		.rflags = 2,
	};
	struct kvm_sregs sregs;

	memcpy(machine->memory + MACHINE_CODE, code, end - code);
	set_descriptor(machine, MACHINE_CODE_SELECTOR, 0x00cf9b000000ffffULL);
	set_descriptor(machine, MACHINE_DATA_SELECTOR, 0x00cf93000000ffffULL);
	set_descriptor(machine, MACHINE_USER_CODE_SELECTOR, 0x00cffb000000ffffULL);
	set_descriptor(machine, MACHINE_USER_DATA_SELECTOR, 0x00cff3000000ffffULL);
	/* A busy 32-bit TSS of 104 bytes at MACHINE_TSS. */
	set_descriptor(machine, MACHINE_TSS_SELECTOR, 0x00008b0030000067ULL);
	*(uint32_t *)(machine->memory + MACHINE_TSS + 4) = MACHINE_STACK;
	*(uint16_t *)(machine->memory + MACHINE_TSS + 8) = MACHINE_DATA_SELECTOR;
	*(uint16_t *)(machine->memory + MACHINE_TSS + 102) = 104;

	if (!ioctl(machine->vcpu, KVM_GET_SREGS, &sregs)) {
		use_segment(&sregs.cs, MACHINE_CODE_SELECTOR, 0xb);
		use_segment(&sregs.ds, MACHINE_DATA_SELECTOR, 0x3);
		sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
		sregs.tr = (struct kvm_segment){
			.base = MACHINE_TSS,
			.limit = 103,
			.selector = MACHINE_TSS_SELECTOR,
			.type = 0xb,
			.present = 1,
		};
		sregs.ldt = (struct kvm_segment){ .unusable = 1 };
		sregs.gdt.base = MACHINE_GDT;
		sregs.gdt.limit = 8 * 8 - 1;
		sregs.idt.base = MACHINE_IDT;
		sregs.idt.limit = 256 * 8 - 1;
		sregs.cr0 = 0x11; /* PE, ET */
		sregs.cr3 = 0;
		sregs.cr4 = 0;
		sregs.efer = 0;
	}
	machine_set_cpuid(machine, 0, 0);
	if (ioctl(machine->vcpu, KVM_SET_SREGS, &sregs))
		bail_out("KVM_SET_SREGS");
	machine_set_regs(machine, &regs);
}

void machine_set_gate(struct machine *machine, unsigned int vector, uint32_t offset)
{
	uint64_t gate = (offset & 0xffff) | (uint64_t)MACHINE_CODE_SELECTOR << 16 | 0x8eULL << 40 |
			(uint64_t)(offset >> 16) << 48;

	memcpy(machine->memory + MACHINE_IDT + vector * 8, &gate, sizeof(gate));
}

int machine_run_once(struct machine *machine)
{
	return ioctl(machine->vcpu, KVM_RUN, 0) ? -errno : 0;
}

int machine_run(struct machine *machine)
{
	int result;

	do {
		result = machine_run_once(machine);
	} while (result == -EINTR);
	return result;
}

void machine_get_regs(struct machine *machine, struct kvm_regs *regs)
{
	if (ioctl(machine->vcpu, KVM_GET_REGS, regs))
		bail_out("KVM_GET_REGS");
}

void machine_set_regs(struct machine *machine, const struct kvm_regs *regs)
{
	if (ioctl(machine->vcpu, KVM_SET_REGS, regs))
		bail_out("KVM_SET_REGS");
}

const char *exit_name(unsigned int exit_reason)
{
	switch (exit_reason) {
	case KVM_EXIT_IO: return "IO";
	case KVM_EXIT_MMIO: return "MMIO";
	case KVM_EXIT_HLT: return "HLT";
	case KVM_EXIT_SHUTDOWN: return "SHUTDOWN";
	case KVM_EXIT_INTR: return "INTR";
	case KVM_EXIT_IRQ_WINDOW_OPEN: return "IRQ_WINDOW_OPEN";
	case KVM_EXIT_FAIL_ENTRY: return "FAIL_ENTRY";
	case KVM_EXIT_INTERNAL_ERROR: return "INTERNAL_ERROR";
	default: return "another exit";
	}
}

void machine_explain(struct machine *machine)
{
	struct ringlet_stop_reason reason = {};
	struct kvm_sregs sregs = {};
	struct kvm_regs regs = {};

	ioctl(machine->vcpu, KVM_GET_REGS, &regs);
	ioctl(machine->vcpu, KVM_GET_SREGS, &sregs);
	ioctl(machine->vcpu, RINGLET_GET_STOP_REASON, &reason);
	note("exit %s (%u), eip 0x%llx esp 0x%llx eax 0x%llx flags 0x%llx cs 0x%x cr2 0x%llx%s%s",
	     exit_name(machine->run->exit_reason), machine->run->exit_reason, regs.rip, regs.rsp,
	     regs.rax, regs.rflags, sregs.cs.selector, sregs.cr2, reason.text[0] ? ": " : "",
	     reason.text);
}

bool machine_expect_port(struct machine *machine, uint16_t port, const char *what)
{
	const struct kvm_run *run = machine->run;
	int error = machine_run(machine);

	if (check(!error && run->exit_reason == KVM_EXIT_IO && run->io.port == port, "%s", what))
		return true;
	machine_explain(machine);
	return false;
}
