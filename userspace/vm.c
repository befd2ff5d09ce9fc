// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrapper around the device's ioctls; called by `ringlet run` and `ringlet info`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vm.h"

#define CPUID_ENTRIES_MAX 256

/* Intel hosts keep three pages for real mode here; it must not be guest memory. */
#define TSS_ADDRESS	 0xfffbd000ul

#define CR0_PE		 0x01u
#define CR0_ET		 0x10u

#define APIC_BASE_ENABLE (1ull << 11)

#define SEGMENT_CODE	 0x0b /* execute, read, accessed */
#define SEGMENT_DATA	 0x03 /* read, write, accessed */
#define SEGMENT_LDT	 0x02
#define SEGMENT_BUSY_TSS 0x0b

static bool explain_open_error(struct vm *vm, struct message *error)
{
	bool ours = !strcmp(vm->device_name, DEFAULT_DEVICE);

	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return refuse(error, "there is no %s: is the module loaded? (%s)", vm->device_name,
			      ours ? "sudo insmod ringlet.ko" : "see --device");
	case EACCES:
	case EPERM:
		return refuse(error,
			      "no permission to open %s: join the group kvm (sudo adduser "
			      "$USER kvm, then log in again) or use sudo",
			      vm->device_name);
	case EBUSY:
		return refuse(error, "%s is busy: another hypervisor uses the CPU",
			      vm->device_name);
	default: return refuse(error, "cannot open %s: %s", vm->device_name, strerror(errno));
	}
}

bool vm_open(struct vm *vm, const char *device_name, struct message *error)
{
	int version;

	*vm = (struct vm){
		.device_name = device_name, .shows_host = true, .device = -1, .fd = -1, .vcpu = -1
	};
	vm->device = open(device_name, O_RDWR | O_CLOEXEC);
	if (vm->device < 0)
		return explain_open_error(vm, error);
	version = ioctl(vm->device, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return refuse(error,
			      "%s is not a virtualization device: it does not answer "
			      "KVM_GET_API_VERSION (%s)",
			      device_name, strerror(errno));
	if (version != KVM_API_VERSION)
		return refuse(error,
			      "%s speaks version %d of the KVM interface, this tool %d; "
			      "install module and tool of one release",
			      device_name, version, KVM_API_VERSION);
	vm->interface = vm_check_extension(vm, RINGLET_CAP);
	return true;
}

int vm_check_extension(const struct vm *vm, unsigned int capability)
{
	int answer = ioctl(vm->device, KVM_CHECK_EXTENSION, (unsigned long)capability);

	return answer < 0 ? 0 : answer;
}

/* What ENOMEM means depends on who counts: the device counts against memlock. */
static void explain_no_memory(struct message *error)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY)
		fill_message(error,
			     "the guest's memory does not fit: either the machine has no "
			     "more, or the limit of locked memory (ulimit -l: %llu KiB) is "
			     "too low; give less with --memory, raise the limit in "
			     "/etc/security/limits.conf, or use sudo",
			     (unsigned long long)limit.rlim_cur >> 10);
	else
		fill_message(error, "the machine has no more memory for the guest; give less with "
				    "--memory");
}

static bool add_slot(struct vm *vm, const struct guest_memory *memory, uint32_t slot,
		     uint32_t start, uint32_t end, struct message *error)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = start,
		.memory_size = end - start,
		.userspace_addr = (unsigned long)(memory->base + start),
	};

	if (!ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		return true;
	if (errno != ENOMEM)
		return refuse(error, "%s refused the guest's memory: %s", vm->device_name,
			      strerror(errno));
	explain_no_memory(error);
	return false;
}

/* A soft limit is there to be raised by those who know what they need. */
static void raise_memlock_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static bool set_engine(struct vm *vm, int engine, const char *name, struct message *error)
{
	if (engine < 0)
		return true;
	if (!vm->interface)
		return refuse(error,
			      "%s is not ringlet's device and has no engine '%s'; leave "
			      "--engine out",
			      vm->device_name, name);
	if (!ioctl(vm->fd, RINGLET_SET_ENGINE, (unsigned long)engine))
		return true;
	if (errno == EOPNOTSUPP || errno == EINVAL)
		return refuse(error,
			      "the loaded module does not have the engine '%s'; `ringlet "
			      "info` lists those that it has",
			      name);
	return refuse(error, "cannot choose the engine '%s': %s", name, strerror(errno));
}

static struct kvm_cpuid_entry2 *find_leaf(struct kvm_cpuid2 *cpuid, uint32_t function)
{
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == function)
			return &cpuid->entries[i];
	return NULL;
}

/*
 * The guest is a 32-bit machine without a local APIC, on any device: without
 * this a guest on KVM would find both and use them. ringlet itself knows
 * whether its guests see the host's long mode.
 */
static void restrict_cpuid(const struct vm *vm, struct kvm_cpuid2 *cpuid)
{
	const uint32_t long_mode = 1u << 29, apic = 1u << 9;
	const uint32_t x2apic = 1u << 21, tsc_deadline = 1u << 24;
	const bool shows_host = vm->interface && vm->shows_host;
	struct kvm_cpuid_entry2 *leaf = find_leaf(cpuid, 1);

	if (leaf) {
		leaf->edx &= ~apic;
		leaf->ecx &= ~(x2apic | tsc_deadline);
	}
	leaf = find_leaf(cpuid, 0x80000001);
	if (leaf)
		leaf->edx &= ~(shows_host ? apic : long_mode | apic);
}

void vm_choose_cpu(struct vm *vm, const char *name, int engine)
{
	bool hides_host = vm->interface && engine >= 0 && engine != RINGLET_ENGINE_TRAP;

	vm->shows_host = !hides_host;
	vm->model = cpu_model_find(name ? name : hides_host ? CPU_MODEL_LINUX : CPU_MODEL_HOST);
}

/* @cpuid becomes the model's. */
static void apply_model(const struct vm *vm, struct kvm_cpuid2 *cpuid)
{
	struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entries[CPU_MODEL_LEAVES];
	} table;
	int khz = ioctl(vm->vcpu, KVM_GET_TSC_KHZ, 0);
	struct kvm_cpuid_entry2 *leaf;

	cpu_model_apply(vm->model, cpuid, khz > 0 ? (unsigned int)khz : 0, &table.header);
	memcpy(cpuid, &table, sizeof(table));
	/* KVM believes in no processor of less than 48 bits of linear address. */
	leaf = find_leaf(cpuid, 0x80000008);
	if (leaf && !vm->interface)
		leaf->eax = (leaf->eax & 0xff) | 48u << 8;
}

bool vm_set_cpuid(struct vm *vm, vm_cpuid_editor edit, void *context, struct message *error)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + CPUID_ENTRIES_MAX * sizeof(cpuid->entries[0]));
	bool done = false;

	if (!cpuid)
		return refuse(error, "no memory for the guest's CPUID table");
	cpuid->nent = CPUID_ENTRIES_MAX;
	if (ioctl(vm->device, KVM_GET_SUPPORTED_CPUID, cpuid)) {
		fill_message(error, "%s does not say which CPUID it supports: %s", vm->device_name,
			     strerror(errno));
	} else {
		restrict_cpuid(vm, cpuid);
		if (vm->model)
			apply_model(vm, cpuid);
		if (edit)
			edit(cpuid, context);
		done = !ioctl(vm->vcpu, KVM_SET_CPUID2, cpuid);
		if (!done)
			fill_message(error, "%s refused the guest's CPUID: %s", vm->device_name,
				     strerror(errno));
	}
	free(cpuid);
	return done;
}

static bool create_vcpu(struct vm *vm, struct message *error)
{
	int size;

	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	if (vm->vcpu < 0)
		return refuse(error, "%s cannot make a virtual CPU: %s", vm->device_name,
			      strerror(errno));
	size = ioctl(vm->device, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return refuse(error,
			      "%s shares %d bytes with a client, fewer than struct kvm_run "
			      "has",
			      vm->device_name, size);
	vm->run_size = (size_t)size;
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED) {
		vm->run = NULL;
		return refuse(error, "cannot map the virtual CPU's shared page: %s",
			      strerror(errno));
	}
	return vm_set_cpuid(vm, NULL, NULL, error);
}

bool vm_offers_irqchip(const struct vm *vm)
{
	return vm_check_extension(vm, KVM_CAP_IRQCHIP) && vm_check_extension(vm, KVM_CAP_PIT2);
}

/*
 * The speaker's port reads channel 2 of the timer, by which kernels measure how
 * fast the CPU is: the two belong together.
 */
static bool create_irqchip(struct vm *vm, struct message *error)
{
	const struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (!vm_offers_irqchip(vm))
		return refuse(error,
			      "%s has no interrupt controllers (KVM_CAP_IRQCHIP, KVM_CAP_PIT2); "
			      "without them give --irqchip off",
			      vm->device_name);
	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) || ioctl(vm->fd, KVM_CREATE_PIT2, &pit))
		return refuse(error, "%s cannot make interrupt controllers and timer: %s",
			      vm->device_name, strerror(errno));
	vm->has_irqchip = true;
	return true;
}

void vm_set_irq(const struct vm *vm, unsigned int line, bool level)
{
	const struct kvm_irq_level irq = { .irq = line, .level = level };

	/* It fails only without the controllers, of which the caller knows. */
	ioctl(vm->fd, KVM_IRQ_LINE, &irq);
}

bool vm_is_halted(const struct vm *vm)
{
	struct kvm_mp_state state;

	return !ioctl(vm->vcpu, KVM_GET_MP_STATE, &state) && state.mp_state == KVM_MP_STATE_HALTED;
}

bool vm_create(struct vm *vm, const struct guest_memory *memory, const struct vm_wishes *wishes,
	       struct message *error)
{
	raise_memlock_limit();
	vm->fd = ioctl(vm->device, KVM_CREATE_VM, 0);
	if (vm->fd < 0 && errno == ENOMEM) {
		explain_no_memory(error);
		return false;
	}
	if (vm->fd < 0)
		return refuse(error, "%s cannot make a virtual machine: %s", vm->device_name,
			      strerror(errno));
	if (!set_engine(vm, wishes->engine, wishes->engine_name, error))
		return false;
	if (vm_check_extension(vm, KVM_CAP_SET_TSS_ADDR) &&
	    ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS))
		return refuse(error, "%s refused KVM_SET_TSS_ADDR: %s", vm->device_name,
			      strerror(errno));
	if (wishes->irqchip && !create_irqchip(vm, error))
		return false;
	return add_slot(vm, memory, 0, 0, LOW_RAM_END, error) &&
	       add_slot(vm, memory, 1, VGA_TEXT_START, VGA_TEXT_END, error) &&
	       add_slot(vm, memory, 2, VGA_TEXT_END, memory->size, error) && create_vcpu(vm, error);
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

/* The state in which all boot protocols enter: flat, unpaged, uninterrupted. */
static void set_protected_mode(struct kvm_sregs *sregs)
{
	sregs->cs = flat_segment(0x10, SEGMENT_CODE);
	sregs->ds = flat_segment(0x18, SEGMENT_DATA);
	sregs->es = sregs->fs = sregs->gs = sregs->ss = sregs->ds;
	sregs->ldt = (struct kvm_segment){ .type = SEGMENT_LDT, .unusable = 1 };
	sregs->tr = (struct kvm_segment){ .type = SEGMENT_BUSY_TSS, .present = 1, .limit = 0x67 };
	sregs->gdt.base = BOOT_GDT;
	sregs->gdt.limit = 4 * 8 - 1;
	sregs->idt.base = 0;
	sregs->idt.limit = 0;
	sregs->cr0 = CR0_PE | CR0_ET;
	sregs->cr2 = sregs->cr3 = sregs->cr4 = 0;
	sregs->efer = 0;
	/* KVM's CPUID shows a local APIC as long as this enables it. */
	sregs->apic_base &= ~APIC_BASE_ENABLE;
}

bool vm_set_entry(struct vm *vm, const struct entry_state *entry, struct message *error)
{
	const struct kvm_regs regs = {
		.rax = entry->eax,
		.rbx = entry->ebx,
		.rsi = entry->esi,
		.rsp = entry->esp,
		.rip = entry->eip,
		.rflags = 2,
	};
	struct kvm_sregs sregs;

	if (ioctl(vm->vcpu, KVM_GET_SREGS, &sregs))
		return refuse(error, "%s does not give the virtual CPU's registers: %s",
			      vm->device_name, strerror(errno));
	set_protected_mode(&sregs);
	if (ioctl(vm->vcpu, KVM_SET_SREGS, &sregs) || ioctl(vm->vcpu, KVM_SET_REGS, &regs))
		return refuse(error, "%s refused the virtual CPU's registers: %s", vm->device_name,
			      strerror(errno));
	return true;
}

void vm_close(struct vm *vm)
{
	if (vm->run)
		munmap(vm->run, vm->run_size);
	if (vm->vcpu >= 0)
		close(vm->vcpu);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->device >= 0)
		close(vm->device);
	vm->run = NULL;
	vm->device = vm->fd = vm->vcpu = -1;
}

int vm_run(struct vm *vm)
{
	return ioctl(vm->vcpu, KVM_RUN, 0) ? errno : 0;
}

void vm_explain_run_error(const struct vm *vm, int error, struct message *sentence)
{
	struct ringlet_stop_reason reason;

	if (vm_stop_reason(vm, &reason))
		fill_message(sentence, "the guest cannot go on: %s", reason.text);
	else if (error == ENOMEM)
		explain_no_memory(sentence);
	else
		fill_message(sentence, "%s failed to run the guest: %s", vm->device_name,
			     strerror(error));
}

bool vm_get_registers(const struct vm *vm, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	return !ioctl(vm->vcpu, KVM_GET_REGS, regs) && !ioctl(vm->vcpu, KVM_GET_SREGS, sregs);
}

bool vm_set_registers(const struct vm *vm, const struct kvm_regs *regs)
{
	return !ioctl(vm->vcpu, KVM_SET_REGS, regs);
}

bool vm_step(const struct vm *vm, unsigned int steps)
{
	return !ioctl(vm->vcpu, RINGLET_STEP, (unsigned long)steps);
}

bool vm_translate(const struct vm *vm, uint32_t linear, uint64_t *address)
{
	struct kvm_translation translation = { .linear_address = linear };

	if (ioctl(vm->vcpu, KVM_TRANSLATE, &translation) || !translation.valid)
		return false;
	*address = translation.physical_address;
	return true;
}

bool vm_stop_reason(const struct vm *vm, struct ringlet_stop_reason *reason)
{
	memset(reason, 0, sizeof(*reason));
	if (!vm->interface || ioctl(vm->vcpu, RINGLET_GET_STOP_REASON, reason))
		return false;
	reason->text[sizeof(reason->text) - 1] = '\0';
	return reason->text[0];
}

bool vm_statistics(const struct vm *vm, struct ringlet_statistics *statistics)
{
	memset(statistics, 0, sizeof(*statistics));
	return vm->interface && !ioctl(vm->vcpu, RINGLET_GET_STATISTICS, statistics);
}

bool vm_set_umip(const struct vm *vm, bool on)
{
	return vm->interface && !ioctl(vm->fd, RINGLET_SET_UMIP, (unsigned long)on);
}

bool vm_read_processor(const struct vm *vm, struct ringlet_processor *processor)
{
	memset(processor, 0, sizeof(*processor));
	return vm->interface && !ioctl(vm->vcpu, RINGLET_READ_PROCESSOR, processor);
}

bool vm_interrupt(const struct vm *vm, unsigned int vector)
{
	const struct kvm_interrupt interrupt = { .irq = vector };

	return !ioctl(vm->vcpu, KVM_INTERRUPT, &interrupt);
}
