// SPDX-License-Identifier: GPL-2.0-only
/*
 * A storm of NMIs, for testing that the world switch survives them wherever
 * they land. Channel 0 of the PIT, which Linux leaves alone once it has found
 * a better timer, is made periodic, and its pin of the I/O APIC delivers NMIs
 * instead of an interrupt. That needs no hardware but the emulated PC's and no
 * monitor, so it works in QEMU and in Bochs, repeatably where instructions are
 * counted.
 *
 * Loaded in a disposable host only, which must have been booted with
 * hpet=disable, else the HPET drives that pin. Files below
 * /sys/module/nmi_storm/parameters:
 *
 *	rate		NMIs per second; 0 stops; at least 19, the PIT's slowest
 *	count		NMIs so far, however they came
 *	from_user	of them, those that interrupted user mode
 *	from_module	those that interrupted the code of a module
 *
 * It runs in the host world. NMIs that hit a guest arrive here too, handed on
 * by the world switch.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/i8253.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/timex.h>

#include <asm/apicdef.h>
#include <asm/nmi.h>
#include <asm/processor.h>

/* The I/O APIC's two windows, and the entry of the pin that the PIT drives. */
#define IOAPIC_SELECT		 0x00
#define IOAPIC_WINDOW		 0x10
#define IOAPIC_TABLE		 0x10
#define PIT_PIN			 2
#define ENTRY_NMI		 (4U << 8)
#define ENTRY_DESTINATION(apic_id) ((u32)(apic_id) << 24)

/* Control word of the PIT: channel 0, low byte then high byte, rate generator. */
#define PIT_CHANNEL0_RATE	 0x34
#define PIT_SLOWEST		 (PIT_TICK_RATE / 0xffff + 1)
/* Faster than that, the handler itself would take all the time. */
#define PIT_FASTEST		 200000

static unsigned int cpu;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "The CPU that gets the NMIs");

static void __iomem *ioapic;
static u32 saved_low, saved_high;
static unsigned int rate;
/* Guards rate and the hardware. Parameters are set one at a time anyway. */
static DEFINE_MUTEX(storm_lock);

static atomic_long_t count, from_user, from_module;

static int storm_nmi(unsigned int type, struct pt_regs *regs)
{
	atomic_long_inc(&count);
	if (user_mode(regs))
		atomic_long_inc(&from_user);
	else if (regs->ip >= MODULES_VADDR && regs->ip < MODULES_END)
		atomic_long_inc(&from_module);
	return NMI_HANDLED;
}

static u32 ioapic_read(unsigned int reg)
{
	writel(reg, ioapic + IOAPIC_SELECT);
	return readl(ioapic + IOAPIC_WINDOW);
}

static void ioapic_write(unsigned int reg, u32 value)
{
	writel(reg, ioapic + IOAPIC_SELECT);
	writel(value, ioapic + IOAPIC_WINDOW);
}

static void set_entry(u32 low, u32 high)
{
	unsigned long flags;

	/*
	 * The kernel's lock of these registers is not exported. It is taken
	 * only when an interrupt line is set up or moved, which no test does
	 * at the same time.
	 */
	local_irq_save(flags);
	ioapic_write(IOAPIC_TABLE + 2 * PIT_PIN + 1, high);
	ioapic_write(IOAPIC_TABLE + 2 * PIT_PIN, low);
	local_irq_restore(flags);
}

static void set_pit(unsigned int hertz)
{
	unsigned int ticks = PIT_TICK_RATE / hertz;
	unsigned long flags;

	raw_spin_lock_irqsave(&i8253_lock, flags);
	outb_p(PIT_CHANNEL0_RATE, PIT_MODE);
	outb_p(ticks & 0xff, PIT_CH0);
	outb_p(ticks >> 8, PIT_CH0);
	raw_spin_unlock_irqrestore(&i8253_lock, flags);
}

static int rate_set(const char *text, const struct kernel_param *param)
{
	unsigned int hertz;
	int error = kstrtouint(text, 0, &hertz);

	if (error)
		return error;
	if (hertz && (hertz < PIT_SLOWEST || hertz > PIT_FASTEST))
		return -ERANGE;
	/* A value given at load waits for init, which has the I/O APIC mapped. */
	if (!ioapic) {
		rate = hertz;
		return 0;
	}

	mutex_lock(&storm_lock);
	if (hertz) {
		set_pit(hertz);
		set_entry(ENTRY_NMI, ENTRY_DESTINATION(cpu_data(cpu).apicid));
	} else if (rate) {
		set_entry(saved_low, saved_high);
	}
	rate = hertz;
	mutex_unlock(&storm_lock);
	return 0;
}

static const struct kernel_param_ops rate_ops = {
	.set = rate_set,
	.get = param_get_uint,
};
module_param_cb(rate, &rate_ops, &rate, 0644);

static int counter_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%ld\n", atomic_long_read(param->arg));
}

static const struct kernel_param_ops counter_ops = {
	.get = counter_get,
};
module_param_cb(count, &counter_ops, &count, 0444);
module_param_cb(from_user, &counter_ops, &from_user, 0444);
module_param_cb(from_module, &counter_ops, &from_module, 0444);

static int __init storm_init(void)
{
	char text[16];
	int error;

	if (cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		pr_err("there is no CPU %u\n", cpu);
		return -ENODEV;
	}
	ioapic = ioremap(IO_APIC_DEFAULT_PHYS_BASE, PAGE_SIZE);
	if (!ioapic)
		return -ENOMEM;
	saved_low = ioapic_read(IOAPIC_TABLE + 2 * PIT_PIN);
	saved_high = ioapic_read(IOAPIC_TABLE + 2 * PIT_PIN + 1);

	error = register_nmi_handler(NMI_UNKNOWN, storm_nmi, 0, "nmi_storm");
	if (error) {
		iounmap(ioapic);
		return error;
	}
	pr_info("counting\n");
	snprintf(text, sizeof(text), "%u", rate);
	rate = 0;
	return rate_set(text, NULL);
}

static void __exit storm_exit(void)
{
	if (rate)
		set_entry(saved_low, saved_high);
	/* One that is on its way must still find the handler. */
	msleep(100);
	unregister_nmi_handler(NMI_UNKNOWN, "nmi_storm");
	iounmap(ioapic);
}

module_init(storm_init);
module_exit(storm_exit);

MODULE_DESCRIPTION("NMIs at a given rate, for tests");
MODULE_LICENSE("GPL");
