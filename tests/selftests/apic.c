// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local APIC and I/O APIC in the kernel: their ioctls, and guests that use them on
 * each engine. A guest's handlers end the interrupt and say its vector at a port.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chips.h"

#define PORT	     0x10
#define FIRST	     0x50 /* vectors with a handler */
#define HANDLERS     0x30
#define NMI_HANDLER  (MACHINE_CODE + 256 + HANDLERS * 8)
#define BASE	     0xfee00000ULL
#define APIC_FEATURE 9
#define DEADLINE     24

/* Handlers of eight bytes each behind the code, and one for NMIs. */
#define WITH_HANDLERS                                                                   \
	"\n .skip 256 - (. - 9b)\n .set vector, 0x50\n .rept 0x30\n push %eax\n"        \
	" mov $vector, %al\n .byte 0xe9\n .long 8f - . - 4\n .set vector, vector + 1\n" \
	" .endr\n push %eax\n mov $2, %al\n out %al, $0x10\n pop %eax\n iret\n"         \
	"8: movl $0, 0xfee000b0\n out %al, $0x10\n pop %eax\n iret"

#define ENABLE		     "9: mov $0xfee00000, %ebx\n movl $0x1ff, 0xf0(%ebx)\n"
#define SLEEP		     " sti\n7: hlt\n jmp 7b"
#define IOAPIC(index, value) " movl $" #index ", 0xfec00000\n movl $" #value ", 0xfec00010\n"

GUEST_CODE(sleeper, ENABLE SLEEP WITH_HANDLERS);
GUEST_CODE(spinner, ENABLE " sti\n7: jmp 7b" WITH_HANDLERS);
GUEST_CODE(one_shot, ENABLE " movl $0xb, 0x3e0(%ebx)\n movl $0x50, 0x320(%ebx)\n"
			    " movl $2000000, 0x380(%ebx)\n" SLEEP WITH_HANDLERS);
GUEST_CODE(periodic, ENABLE " movl $0xb, 0x3e0(%ebx)\n movl $0x20051, 0x320(%ebx)\n"
			    " movl $1000000, 0x380(%ebx)\n" SLEEP WITH_HANDLERS);
GUEST_CODE(hostile, ENABLE " movl $0xb, 0x3e0(%ebx)\n movl $0x20051, 0x320(%ebx)\n"
			   " movl $1, 0x380(%ebx)\n" SLEEP WITH_HANDLERS);
GUEST_CODE(deadline,
	   ENABLE " movl $0x40052, 0x320(%ebx)\n mov $0x6e0, %ecx\n rdtsc\n"
		  " add $4000000, %eax\n adc $0, %edx\n wrmsr\n sti\n hlt\n cli\n"
		  /* It has expired, and reads 0. */
		  " rdmsr\n or %edx, %eax\n out %eax, $0x10\n"
		  /* One that is over expires at once. */
		  " rdtsc\n sub $1000, %eax\n sbb $0, %edx\n wrmsr\n" SLEEP WITH_HANDLERS);
GUEST_CODE(self, ENABLE " movl $0x40055, 0x300(%ebx)\n" SLEEP WITH_HANDLERS);
#define MASK_PIC " mov $0xff, %al\n out %al, $0x21\n out %al, $0xa1\n"
GUEST_CODE(pins, ENABLE MASK_PIC IOAPIC(0x18, 0x60) /* pin 4: edge */
	   IOAPIC(0x26, 0x8061)			    /* pin 11: level */
	   IOAPIC(0x14, 0x62)			    /* pin 2 */
	   IOAPIC(0x2a, 0x400)			    /* pin 13: NMI */
	   " mov $0x10, %al\n out %al, $0x10\n" SLEEP WITH_HANDLERS);
GUEST_CODE(pit_pin,
	   ENABLE IOAPIC(0x14,
			 0x62) " mov $0x34, %al\n out %al, $0x43\n mov $0xa9, %al\n out %al, $0x40\n"
			       " mov $4, %al\n out %al, $0x40\n" MASK_PIC SLEEP WITH_HANDLERS);
GUEST_CODE(priority, ENABLE " movl $0xf3, 0x80(%ebx)\n sti\n mov 0x80(%ebx), %eax\n"
			    " out %al, $0x10\n movl $0x20, 0x80(%ebx)\n nop\n" SLEEP WITH_HANDLERS);
/* CPUID's bit follows the base register; a hole is where the APIC was. */
GUEST_CODE(switched_off,
	   ENABLE " mov $0x1b, %ecx\n rdmsr\n push %eax\n push %edx\n and $~0x800, %eax\n"
		  " wrmsr\n mov $1, %eax\n cpuid\n shr $9, %edx\n and $1, %edx\n"
		  " mov %edx, %eax\n out %al, $0x10\n mov 0xfee00030, %eax\n"
		  " out %eax, $0x10\n mov $0x1b, %ecx\n pop %edx\n pop %eax\n"
		  /* At another place. */
		  " and $0xfff, %eax\n or $0xfed50000, %eax\n wrmsr\n"
		  " movl $0x1ff, 0xfed500f0\n mov 0xfed500f0, %eax\n out %eax, $0x10\n"
		  " mov $1, %eax\n cpuid\n shr $9, %edx\n and $1, %edx\n mov %edx, %eax\n"
		  " out %al, $0x10\n mov 0xfee00030, %eax\n" SLEEP WITH_HANDLERS);
/* Memory under the pages, and a page of memory that the APIC is moved to and from. */
GUEST_CODE(covered,
	   ENABLE " mov 0xf0(%ebx), %eax\n out %eax, $0x10\n mov 0xfec00000, %eax\n"
		  " out %eax, $0x10\n mov 0x180000, %eax\n addl $1, 0x180004\n"
		  " mov $0x1b, %ecx\n rdmsr\n push %eax\n and $0xfff, %eax\n"
		  " or $0x180000, %eax\n wrmsr\n movl $0xffffffff, 0x180004\n"
		  " mov 0x180030, %eax\n out %eax, $0x10\n mov 0xfee000f0, %eax\n"
		  " out %eax, $0x10\n pop %eax\n mov $0x1b, %ecx\n xor %edx, %edx\n wrmsr\n"
		  " mov 0x180004, %eax\n out %eax, $0x10\n" SLEEP WITH_HANDLERS);
/* Bytes and words, what lies between registers, what is wider. */
GUEST_CODE(parts, ENABLE " movzbl 0x32(%ebx), %eax\n out %eax, $0x10\n movzwl 0x30(%ebx), %eax\n"
			 " out %eax, $0x10\n mov 0x34(%ebx), %eax\n out %eax, $0x10\n"
			 " movb $0x55, 0x80(%ebx)\n mov 0x80(%ebx), %eax\n out %eax, $0x10\n"
			 " movl $1, 0xfec00000\n movzbl 0xfec00012, %eax\n mov 0xfec00010, %eax\n"
			 " out %eax, $0x10\n mov 0xfec00020, %eax\n out %eax, $0x10\n"
			 " mov 0xfec00100, %eax\n" SLEEP WITH_HANDLERS);

static struct machine machine;
static uint32_t engine;

static void prepare(struct machine *of)
{
	if (ioctl(of->vm, RINGLET_SET_ENGINE, engine))
		bail_out("RINGLET_SET_ENGINE");
	make_chips(of->vm);
}

/* The CPU that is offered, with two bits as they are wanted. */
static void set_cpuid(bool apic, bool deadline)
{
	machine_set_cpuid(&machine, deadline ? 1u << DEADLINE : 0, apic ? 0 : 1u << APIC_FEATURE);
}

static void boot(const char *code, const char *end)
{
	machine_create_with(&machine, MACHINE_MEMORY, prepare);
	machine_boot(&machine, code, end);
	set_cpuid(true, true);
	for (unsigned int i = 0; i < HANDLERS; i++)
		machine_set_gate(&machine, FIRST + i, MACHINE_CODE + 256 + i * 8);
	machine_set_gate(&machine, 2, NMI_HANDLER);
}
#define BOOT(name) boot(guest_##name, guest_##name##_end)

/* The guest's next word at the port. */
static bool expect(uint32_t wanted, const char *what)
{
	int error = machine_run(&machine);
	struct kvm_run *run = machine.run;
	uint32_t word = 0;

	if (error || run->exit_reason != KVM_EXIT_IO || run->io.port != PORT ||
	    run->io.direction != KVM_EXIT_IO_OUT) {
		check(false, "%s", what);
		machine_explain(&machine);
		return false;
	}
	memcpy(&word, (char *)run + run->io.data_offset, run->io.size);
	return check(word == wanted, "%s: 0x%x", what, word);
}

static bool expect_mmio(uint64_t address, const char *what)
{
	struct kvm_run *run = machine.run;
	int error = machine_run(&machine);

	if (check(!error && run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == address,
		  "%s", what))
		return true;
	machine_explain(&machine);
	return false;
}

static int line(uint32_t gsi, uint32_t level)
{
	struct kvm_irq_level event = { .irq = gsi, .level = level };

	return ioctl(machine.vm, KVM_IRQ_LINE_STATUS, &event) ? -100 : event.status;
}

static int message(uint32_t address, uint32_t data)
{
	struct kvm_msi msi = { .address_lo = address, .data = data };

	return ioctl(machine.vm, KVM_SIGNAL_MSI, &msi);
}

static uint32_t lapic_register(unsigned int offset)
{
	struct kvm_lapic_state state;
	uint32_t value;

	if (ioctl(machine.vcpu, KVM_GET_LAPIC, &state))
		bail_out("KVM_GET_LAPIC");
	memcpy(&value, state.regs + offset, sizeof(value));
	return value;
}

/* ---- ioctls --------------------------------------------------------------- */

static void test_without(void)
{
	struct kvm_lapic_state state = {};
	struct kvm_vapic_addr address = {};

	machine_create(&machine, MACHINE_MEMORY);
	check_error(ioctl(machine.vcpu, KVM_GET_LAPIC, &state), EINVAL, "KVM_GET_LAPIC");
	check_error(ioctl(machine.vcpu, KVM_SET_LAPIC, &state), EINVAL, "KVM_SET_LAPIC");
	check_error(ioctl(machine.vcpu, KVM_SET_VAPIC_ADDR, &address), EINVAL,
		    "KVM_SET_VAPIC_ADDR");
	check_error(message(BASE, 0x60), EINVAL, "KVM_SIGNAL_MSI");
	machine_destroy(&machine);
}

static void test_state(void)
{
	struct kvm_vapic_addr address = {};
	struct kvm_lapic_state state, after;
	struct kvm_msi msi = { .flags = 1 };

	BOOT(sleeper);
	check(lapic_register(0x20) == 0 && lapic_register(0x30) == 0x50014 &&
		      lapic_register(0xf0) == 0xff && lapic_register(0x350) == 0x700 &&
		      lapic_register(0x360) == 0x10000,
	      "the local APIC as after power-on");
	memset(&state, 0xff, sizeof(state));
	check_done(ioctl(machine.vcpu, KVM_SET_LAPIC, &state), "every bit set");
	check_done(ioctl(machine.vcpu, KVM_GET_LAPIC, &after), "KVM_GET_LAPIC");
	check(lapic_register(0x20) == 0xff000000 && lapic_register(0xf0) == 0x3ff &&
		      lapic_register(0x100) == 0xffff0000 && !after.regs[0x24],
	      "cut to what there is");
	check_done(ioctl(machine.vcpu, KVM_SET_LAPIC, &after), "KVM_SET_LAPIC of that");
	check(!ioctl(machine.vcpu, KVM_GET_LAPIC, &state) && !memcmp(&state, &after, sizeof(state)),
	      "is the same");
	check_error(ioctl(machine.vcpu, KVM_GET_LAPIC, NULL), EFAULT, "KVM_GET_LAPIC to nowhere");
	check_error(ioctl(machine.vcpu, KVM_SET_LAPIC, NULL), EFAULT, "KVM_SET_LAPIC of nothing");
	check_done(ioctl(machine.vcpu, KVM_SET_VAPIC_ADDR, &address), "no page for the priority");
	address.vapic_addr = 0x1000;
	check_error(ioctl(machine.vcpu, KVM_SET_VAPIC_ADDR, &address), EINVAL, "a page for it");
	check_error(ioctl(machine.vcpu, KVM_SET_VAPIC_ADDR, NULL), EFAULT, "nothing at all");
	check_error(ioctl(machine.vm, KVM_SIGNAL_MSI, &msi), EINVAL, "a message with a flag");
	check_error(ioctl(machine.vm, KVM_SIGNAL_MSI, NULL), EFAULT, "no message");
	machine_destroy(&machine);
}

/* A one-shot timer that has run out expires at once in another machine. */
static void test_restored_timer(void)
{
	struct kvm_lapic_state state;

	BOOT(one_shot);
	expect(0x50, "the timer expires");
	check_done(ioctl(machine.vcpu, KVM_GET_LAPIC, &state), "KVM_GET_LAPIC");
	memset(state.regs + 0x390, 0, 4);
	check_done(ioctl(machine.vcpu, KVM_SET_LAPIC, &state), "without a current count");
	expect(0x50, "it expires again");
	machine_destroy(&machine);
}

/* ---- guests --------------------------------------------------------------- */

static void test_timers(void)
{
	struct ringlet_statistics before, after;

	BOOT(one_shot);
	expect(0x50, "a one-shot timer");
	check(lapic_register(0x390) == 0, "no count is left");
	machine_destroy(&machine);

	BOOT(periodic);
	for (unsigned int i = 0; i < 5; i++)
		expect(0x51, "a periodic timer");
	machine_destroy(&machine);

	BOOT(hostile);
	for (unsigned int i = 0; i < 20; i++)
		expect(0x51, "a period of a nanosecond");
	usleep(100000);
	ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &before);
	expect(0x51, "goes on");
	ioctl(machine.vcpu, RINGLET_GET_STATISTICS, &after);
	check(after.irqchip_interrupts <= before.irqchip_interrupts + 2,
	      "what is not taken is one request");
	machine_destroy(&machine);

	BOOT(deadline);
	expect(0x52, "a deadline");
	expect(0, "is over then");
	expect(0x52, "a deadline that has passed");
	machine_destroy(&machine);
}

static void test_messages(void)
{
	BOOT(sleeper);
	check(message(BASE, 0x60) == 0, "a message to an APIC that is not enabled: blocked");
	line(4, 1);
	machine_destroy(&machine);

	BOOT(self);
	expect(0x55, "an interrupt to itself");
	check(message(BASE, 0x60) == 1, "a message");
	check(message(BASE, 0x60) == 0, "again: coalesced");
	expect(0x60, "is an interrupt");
	check(message(BASE | 0xff000, 0x61) == 1, "to all");
	expect(0x61, "is one too");
	errno = 0;
	check(message(BASE | 0x3000, 0x61) == -1 && errno == EPERM, "to nobody");
	check(message(BASE, 0x400) == 1, "an NMI by message");
	expect(2, "is one");
	check(message(BASE, 0x500) == 1, "INIT");
	expect_mmio(0xfffffff0, "begins anew");
	machine_destroy(&machine);

	BOOT(spinner);
	machine.run->immediate_exit = 1;
	machine_run_once(&machine);
	machine.run->immediate_exit = 0;
	message(BASE, 0x400);
	expect(2, "an NMI to a loop");
	machine_destroy(&machine);
}

static void test_pins(void)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	BOOT(pins);
	expect(0x10, "pins are programmed");
	check(line(4, 1) == 1, "an edge");
	check(line(4, 1) == 0, "is one while it is up");
	expect(0x60, "its vector");
	line(4, 0);
	check_done(ioctl(machine.vm, KVM_GET_IRQCHIP, &chip), "KVM_GET_IRQCHIP");
	check(chip.chip.ioapic.base_address == 0xfec00000 &&
		      chip.chip.ioapic.redirtbl[4].bits == 0x60 &&
		      chip.chip.ioapic.redirtbl[5].bits == 0x10000 && !chip.chip.ioapic.irr,
	      "the I/O APIC");
	line(11, 1);
	check(!ioctl(machine.vm, KVM_GET_IRQCHIP, &chip) &&
		      chip.chip.ioapic.redirtbl[11].bits == 0xc061 && chip.chip.ioapic.irr == 0x800,
	      "a level waits for its end");
	expect(0x61, "its vector");
	expect(0x61, "once more, since it still is up");
	line(11, 0);
	expect(0x61, "the request of then");
	check(!ioctl(machine.vm, KVM_GET_IRQCHIP, &chip) &&
		      chip.chip.ioapic.redirtbl[11].bits == 0x8061 && !chip.chip.ioapic.irr,
	      "it is down");
	line(13, 1);
	expect(2, "a pin that is an NMI");

	chip.chip.ioapic.irr = 1 << 2;
	check_done(ioctl(machine.vm, KVM_SET_IRQCHIP, &chip),
		   "KVM_SET_IRQCHIP with a pin that is up");
	expect(0x62, "it requests");
	memset(&chip.chip.ioapic, 0xff, sizeof(chip.chip.ioapic));
	chip.chip.ioapic.base_address = 0xfec00000;
	check_done(ioctl(machine.vm, KVM_SET_IRQCHIP, &chip), "every bit set");
	check(!ioctl(machine.vm, KVM_GET_IRQCHIP, &chip) && chip.chip.ioapic.id == 0xf &&
		      chip.chip.ioapic.redirtbl[0].bits == 0xff0000000001ffffULL &&
		      !chip.chip.ioapic.pad,
	      "cut to what there is: %llx", chip.chip.ioapic.redirtbl[0].bits);
	machine_destroy(&machine);
}

static void test_routes(void)
{
	struct {
		struct kvm_irq_routing header;
		struct kvm_irq_routing_entry entries[3];
	} routing = {
		.header.nr = 3,
		.entries = {
			{ .gsi = 0, .type = KVM_IRQ_ROUTING_IRQCHIP,
			  .u.irqchip = { KVM_IRQCHIP_IOAPIC, 2 } },
			{ .gsi = 24, .type = KVM_IRQ_ROUTING_MSI,
			  .u.msi = { .address_lo = BASE, .data = 0x70 } },
			{ .gsi = 25, .type = KVM_IRQ_ROUTING_IRQCHIP,
			  .u.irqchip = { KVM_IRQCHIP_IOAPIC, 11 } },
		},
	};

	BOOT(pit_pin);
	check_done(ioctl(machine.vm, KVM_SET_GSI_ROUTING, &routing), "GSI 0 at pin 2, a message");
	/* The ticks that come before the guest's next are kept. */
	for (unsigned int i = 0; i < 5; i++)
		expect(0x62, "the PIT by the I/O APIC");
	machine_destroy(&machine);

	BOOT(pins);
	check_done(ioctl(machine.vm, KVM_SET_GSI_ROUTING, &routing), "the same routes");
	expect(0x10, "pins are programmed");
	check(line(24, 1) == 1, "the message's GSI");
	check(line(24, 0) == -1, "goes down without a message");
	expect(0x70, "its vector");
	check(line(25, 1) == 1, "another GSI of pin 11");
	expect(0x61, "its vector");
	line(25, 0);
	machine_destroy(&machine);
}

static void test_priority(void)
{
	struct kvm_sregs sregs;

	BOOT(priority);
	expect(0xf3, "a high priority");
	message(BASE, 0x71);
	check(!ioctl(machine.vcpu, KVM_GET_SREGS, &sregs) && sregs.cr8 == 0xf, "is CR8");
	check(machine.run->cr8 == 0xf, "in struct kvm_run too");
	machine.run->cr8 = 0x55;
	expect(0x71, "the interrupt comes when the priority is lower");
	sregs.cr8 = 9;
	check_done(ioctl(machine.vcpu, KVM_SET_SREGS, &sregs), "CR8 is set");
	check(lapic_register(0x80) == 0x90, "is the priority");
	machine_destroy(&machine);
}

static void test_base(void)
{
	BOOT(switched_off);
	/* In ring 1 CPUID does not trap. */
	expect(engine == RINGLET_ENGINE_TRAP, "switched off, CPUID has none");
	expect(0xffffffff, "and nothing is there");
	expect(0x1ff, "at another place");
	expect(1, "CPUID has one again");
	expect_mmio(0xfee00030, "where it was is the client's");
	machine_destroy(&machine);

	BOOT(parts);
	expect(5, "a byte of the version");
	expect(0x14, "a word");
	expect(0, "between registers");
	expect(0, "a byte written is none");
	expect(0x170011, "the I/O APIC's version");
	expect(0, "no register");
	expect_mmio(0xfec00100, "behind them");
	machine_destroy(&machine);

	/* A processor without one. */
	BOOT(sleeper);
	set_cpuid(false, false);
	expect_mmio(0xfee000f0, "without the feature the page is the client's");
	machine_destroy(&machine);
}

static bool all_is(const unsigned char *bytes, size_t count, unsigned char value)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* As in KVM: the processor finds its APIC first, the I/O APIC is behind memory. */
static void test_covered(void)
{
	unsigned char *memory =
		mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = { .slot = 1,
						      .guest_phys_addr = BASE,
						      .memory_size = 0x1000,
						      .userspace_addr = (uintptr_t)memory };

	memset(memory, 0x55, 0x2000);
	BOOT(covered);
	check_done(ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region),
		   "a slot over the local APIC");
	region.slot = 2;
	region.guest_phys_addr = 0xfec00000;
	region.userspace_addr += 0x1000;
	check_done(ioctl(machine.vm, KVM_SET_USER_MEMORY_REGION, &region),
		   "and one over the I/O APIC");
	memset(machine.memory + 0x180000, 0, 0x1000);
	expect(0x1ff, "the local APIC comes before memory");
	expect(0x55555555, "the I/O APIC after it");
	check(all_is(memory, 0x1000, 0x55), "nothing was written to the memory");
	expect(0x50014, "moved to memory that was in use");
	expect(0x55555555, "memory where it was");
	expect(1, "and where it was meanwhile");
	machine_destroy(&machine);
	munmap(memory, 0x2000);
}

static void test_engine(uint32_t which)
{
	engine = which;
	note("engine %u", engine);
	test_timers();
	test_messages();
	test_pins();
	test_routes();
	test_priority();
	test_base();
	test_covered();
}

int main(void)
{
	/* Whatever waits for ever. */
	alarm(100);
	test_without();
	test_state();
	test_restored_timer();
	test_engine(RINGLET_ENGINE_TRAP);
	test_engine(RINGLET_ENGINE_INTERPRET);
	return finish();
}
