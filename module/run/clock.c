// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks of a VM, see clock.h.
 *
 * Where the host's TSC is good, the paravirtual clock is a line over it that
 * never steps back: each time the guest is told, the line goes on from where it
 * is and is steered towards the host's clock. Where it is not, the guest gets
 * the host's clock as it is, without the flag that says it can rely on that.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/smp.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "run/internal.h"

/* Of the rates that KVM takes for the host's own, in parts per million. */
#define RATE_TOLERANCE 250

u32 clock_host_khz(void)
{
	return tsc_khz;
}

/* Never 0: it divides. */
static u32 line_khz(void)
{
	return tsc_khz ? tsc_khz : 1000000;
}

static bool clock_is_stable(void)
{
	return tsc_khz && !check_tsc_unstable();
}

void clock_create(struct vm *vm)
{
	struct vm_clock *clock = &vm->clock;

	spin_lock_init(&clock->lock);
	clock->offset = -ktime_get_boottime_ns();
	clock->line.ticks = rdtsc();
	clock_set_rate(&clock->line, line_khz());
}

void clock_create_vcpu(struct vcpu *vcpu)
{
	vcpu->clock.khz = tsc_khz;
	vcpu->clock.cpu = -1;
}

/* ---- the VM's clock -------------------------------------------------------- */

/* Begin the line anew, now. Returns whether the guest can rely on it. */
static bool renew_line(struct vm_clock *clock, bool step, struct clock_line *line)
{
	bool stable = clock_is_stable();
	u64 ticks, now;

	spin_lock(&clock->lock);
	/* The two are to be of one moment. */
	preempt_disable();
	now = ktime_get_boottime_ns() + clock->offset;
	ticks = rdtsc();
	preempt_enable();
	if (stable && !step) {
		clock_steer(&clock->line, ticks, now, line_khz());
	} else {
		clock->line.ticks = ticks;
		clock->line.ns = now;
		clock_set_rate(&clock->line, line_khz());
	}
	*line = clock->line;
	spin_unlock(&clock->lock);
	return stable;
}

static u64 clock_now(struct vm *vm, bool stable, u64 ticks)
{
	struct vm_clock *clock = &vm->clock;
	u64 now;

	spin_lock(&clock->lock);
	now = stable ? clock_read(&clock->line, ticks) : ktime_get_boottime_ns() + clock->offset;
	spin_unlock(&clock->lock);
	return now;
}

void clock_get(struct vm *vm, struct kvm_clock_data *data)
{
	bool stable = clock_is_stable();

	memset(data, 0, sizeof(*data));
	data->host_tsc = rdtsc();
	data->realtime = ktime_get_real_ns();
	data->clock = clock_now(vm, stable, data->host_tsc);
	data->flags = KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
	if (stable)
		data->flags |= KVM_CLOCK_TSC_STABLE;
}

int clock_set(struct vm *vm, const struct kvm_clock_data *data)
{
	struct vm_clock *clock = &vm->clock;
	u64 value = data->clock;

	if (data->flags & ~(KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC | KVM_CLOCK_TSC_STABLE))
		return -EINVAL;
	/* The time that has passed since the value was taken, never less than none. */
	if (data->flags & KVM_CLOCK_REALTIME) {
		u64 real = ktime_get_real_ns();

		if (real > data->realtime)
			value += real - data->realtime;
	}
	spin_lock(&clock->lock);
	clock->offset = value - ktime_get_boottime_ns();
	clock->line.ticks = rdtsc();
	clock->line.ns = value;
	clock_set_rate(&clock->line, line_khz());
	WRITE_ONCE(clock->generation, clock->generation + 1);
	spin_unlock(&clock->lock);
	return 0;
}

/* ---- the guest's memory ---------------------------------------------------- */

/*
 * The guest chose the address: there may be no memory, or none that can be
 * written. Then nobody is told, as in KVM.
 */
static bool write_guest(struct vcpu *vcpu, u64 gpa, const void *data, unsigned int bytes)
{
	while (bytes) {
		unsigned int part = min_t(unsigned int, bytes, PAGE_SIZE - offset_in_page(gpa));

		if (mmu_write_guest(&vcpu->vm->mmu, gpa, data, part) != MMU_RAM)
			return false;
		gpa += part;
		data += part;
		bytes -= part;
	}
	return true;
}

/*
 * A structure begins with its version, which is odd while the rest is written.
 * Another vCPU could be reading it; this one cannot.
 */
static void write_versioned(struct vcpu *vcpu, u64 gpa, u32 *structure, unsigned int bytes)
{
	u32 *version = &vcpu->clock.version;

	*version = (*version + 1) | 1;
	if (!write_guest(vcpu, gpa, version, sizeof(*version)))
		return;
	structure[0] = *version;
	/* Each write is seen before the next one. */
	smp_wmb();
	if (!write_guest(vcpu, gpa, structure, bytes))
		return;
	/* Likewise: an even version means that the rest is there. */
	smp_wmb();
	(*version)++;
	write_guest(vcpu, gpa, version, sizeof(*version));
}

void clock_tell(struct vcpu *vcpu)
{
	struct vcpu_clock *mine = &vcpu->clock;
	u32 generation = READ_ONCE(vcpu->vm->clock.generation);
	struct clock_line line;
	struct clock_page page;
	u8 flags = 0;

	if (!(vcpu->cpu.msrs.system_time & KVM_MSR_ENABLED))
		return;
	if (renew_line(&vcpu->vm->clock, generation != mine->generation, &line))
		flags |= CLOCK_PAGE_STABLE;
	if (mine->stopped)
		flags |= CLOCK_PAGE_STOPPED;
	clock_fill_page(&page, &line, vcpu->tsc_offset, 0, flags);
	mine->generation = generation;
	mine->due = false;
	mine->stopped = false;
	mine->cpu = raw_smp_processor_id();
	mine->next = line.ticks + line_khz() * 1000ULL;
	write_versioned(vcpu, vcpu->cpu.msrs.system_time & ~(u64)KVM_MSR_ENABLED, &page.version,
			sizeof(page));
}

void clock_tell_wall(struct vcpu *vcpu)
{
	u64 address = vcpu->cpu.msrs.wall_clock;
	struct clock_wall wall;
	u64 boot;

	if (!address)
		return;
	boot = ktime_get_real_ns() - clock_now(vcpu->vm, clock_is_stable(), rdtsc());
	clock_fill_wall(&wall, boot, 0);
	write_versioned(vcpu, address, &wall.version, sizeof(wall));
}

void clock_before_entry(struct vcpu *vcpu)
{
	struct vcpu_clock *mine = &vcpu->clock;

	if (!(vcpu->cpu.msrs.system_time & KVM_MSR_ENABLED))
		return;
	if (mine->due || mine->generation != READ_ONCE(vcpu->vm->clock.generation) ||
	    (s64)(rdtsc() - mine->next) >= 0 ||
	    (mine->cpu != raw_smp_processor_id() && check_tsc_unstable()))
		clock_tell(vcpu);
}

int clock_note_stop(struct vcpu *vcpu)
{
	if (!(vcpu->cpu.msrs.system_time & KVM_MSR_ENABLED))
		return -EINVAL;
	vcpu->clock.stopped = true;
	vcpu->clock.due = true;
	return 0;
}

/* ---- the time stamp counter ------------------------------------------------ */

int clock_set_khz(struct vcpu *vcpu, unsigned long khz)
{
	u64 tolerance = div_u64((u64)tsc_khz * RATE_TOLERANCE, 1000000);

	if (!tsc_khz)
		return -EINVAL;
	if (!khz)
		khz = tsc_khz;
	if (khz < tsc_khz - tolerance || khz > tsc_khz + tolerance)
		return -EINVAL;
	vcpu->clock.khz = khz;
	return 0;
}

void clock_write_tsc(struct vcpu *vcpu, u64 value)
{
	vcpu->tsc_offset = value - rdtsc();
	if (vcpu->vm->irqchip)
		irqchip_set_tsc_offset(vcpu->vm->irqchip, vcpu->tsc_offset);
	vcpu->world->tsc_traps = vcpu->tsc_offset != 0;
	clock_tell(vcpu);
}

void clock_write_tsc_by_client(struct vcpu *vcpu, u64 value)
{
	u64 now = rdtsc() + vcpu->tsc_offset;
	u64 second = line_khz() * 1000ULL;

	if (value && value - now >= second && now - value >= second)
		clock_write_tsc(vcpu, value);
}
