// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port and MMIO accesses: to the chips in the kernel, or through userspace.
 * Called by the bus while an instruction is emulated, and by the run loop around
 * KVM_RUN's returns; host world.
 *
 * A read that userspace has to answer ends the emulation before it had any
 * effect; with the answer here, the instruction is emulated again and finds
 * it. A write is posted and carried out once the instruction is done: it rings
 * a doorbell, or waits in the ring of coalesced writes, or ends KVM_RUN. So it
 * happens once, however often the instruction is emulated, and in its order.
 */
#include "run/internal.h"

static enum cpu_result ask(struct vcpu *vcpu, enum pending_kind kind, u64 address,
			   unsigned int bytes, unsigned int count)
{
	struct pending_access *pending = &vcpu->pending;

	pending->kind = kind;
	pending->answered = false;
	pending->rip = vcpu->cpu.rip;
	pending->address = address;
	pending->bytes = bytes;
	pending->count = count;
	return CPU_USER;
}

/* At most eight bytes a fragment, as struct kvm_run has room for. */
static enum cpu_result read_fragment(struct vcpu *vcpu, u64 gpa, void *data, unsigned int bytes)
{
	unsigned int next = vcpu->mmio_reads_used;

	if (next < vcpu->mmio_reads_known && vcpu->mmio_reads[next].gpa == gpa &&
	    vcpu->mmio_reads[next].bytes == bytes) {
		memcpy(data, vcpu->mmio_reads[next].data, bytes);
		vcpu->mmio_reads_used++;
		return CPU_OK;
	}
	if (next >= VCPU_MMIO_FRAGMENTS)
		return cpu_stop(&vcpu->cpu,
				"one instruction reads more device registers than ringlet can hold answers for");
	/* What follows an answer that does not fit any more is asked anew. */
	vcpu->mmio_reads_known = next;
	return ask(vcpu, PENDING_MMIO_READ, gpa, bytes, 1);
}

static bool read_in_kernel(struct vcpu *vcpu, u64 gpa, void *data, unsigned int bytes)
{
	struct irqchip *irqchip = vcpu->vm->irqchip;

	return irqchip && irqchip_may_have_address(irqchip, gpa) &&
	       irqchip_read_page(irqchip, gpa, data, bytes);
}

static bool write_in_kernel(struct vcpu *vcpu, u64 gpa, const void *data, unsigned int bytes)
{
	struct irqchip *irqchip = vcpu->vm->irqchip;

	return irqchip && irqchip_may_have_address(irqchip, gpa) &&
	       irqchip_write_page(irqchip, gpa, data, bytes, &vcpu->ended_interrupt);
}

static bool ends_interrupt(struct vcpu *vcpu, u64 gpa)
{
	struct irqchip *irqchip = vcpu->vm->irqchip;

	return irqchip && irqchip_is_end_register(irqchip, gpa);
}

enum cpu_result access_mmio_read(struct vcpu *vcpu, u64 gpa, void *data, unsigned int bytes)
{
	enum cpu_result result;

	while (bytes) {
		unsigned int fragment = min_t(unsigned int, bytes, 8);

		if (read_in_kernel(vcpu, gpa, data, fragment))
			result = CPU_OK;
		else
			result = read_fragment(vcpu, gpa, data, fragment);
		if (result != CPU_OK)
			return result;
		gpa += fragment;
		data += fragment;
		bytes -= fragment;
	}
	return CPU_OK;
}

static struct posted_write *post(struct vcpu *vcpu)
{
	struct posted_write *write = &vcpu->posted[vcpu->posted_count++];

	memset(write, 0, sizeof(*write));
	return write;
}

enum cpu_result access_mmio_write(struct vcpu *vcpu, u64 gpa, const void *data,
				  unsigned int bytes)
{
	unsigned int fragments = DIV_ROUND_UP(bytes, 8);

	/* Give userspace what there is, then do the instruction again. */
	if (vcpu->posted_count + fragments > VCPU_POSTED_WRITES)
		return CPU_USER;
	while (bytes) {
		unsigned int fragment = min_t(unsigned int, bytes, 8);

		/* Nor is there room for two vectors that have ended. */
		if (unlikely(vcpu->ended_interrupt >= 0) && ends_interrupt(vcpu, gpa))
			return CPU_USER;
		if (!write_in_kernel(vcpu, gpa, data, fragment)) {
			struct posted_write *write = post(vcpu);

			write->address = gpa;
			write->bytes = fragment;
			write->count = 1;
			memcpy(write->data, data, fragment);
		}
		gpa += fragment;
		data += fragment;
		bytes -= fragment;
	}
	return CPU_OK;
}

enum cpu_result access_port_in(struct vcpu *vcpu, u16 port, unsigned int bytes,
			       unsigned int count, void *data)
{
	struct pending_access *pending = &vcpu->pending;

	if (vcpu->vm->irqchip && irqchip_port_in(vcpu->vm->irqchip, port, bytes, count, data))
		return CPU_OK;
	if (bytes * count > sizeof(pending->data))
		return cpu_stop(&vcpu->cpu, "one instruction reads more from a port than ringlet can hold");
	if (pending->kind == PENDING_PORT_IN && pending->answered && pending->address == port &&
	    pending->bytes == bytes && pending->count == count) {
		memcpy(data, pending->data, bytes * count);
		pending->kind = PENDING_NONE;
		return CPU_OK;
	}
	return ask(vcpu, PENDING_PORT_IN, port, bytes, count);
}

enum cpu_result access_port_out(struct vcpu *vcpu, u16 port, unsigned int bytes,
				unsigned int count, const void *data)
{
	struct posted_write *write;

	if (vcpu->vm->irqchip && irqchip_port_out(vcpu->vm->irqchip, port, bytes, count, data))
		return CPU_OK;
	if (bytes * count > sizeof(write->data))
		return cpu_stop(&vcpu->cpu, "one instruction writes more to a port than ringlet can hold");
	if (vcpu->posted_count == VCPU_POSTED_WRITES)
		return CPU_USER;
	write = post(vcpu);
	write->port = true;
	write->address = port;
	write->bytes = bytes;
	write->count = count;
	memcpy(write->data, data, bytes * count);
	return CPU_OK;
}

void access_forget(struct vcpu *vcpu)
{
	vcpu->mmio_reads_known = 0;
	vcpu->mmio_reads_used = 0;
	vcpu->pending.kind = PENDING_NONE;
}

static void *port_page(struct vcpu *vcpu)
{
	return (void *)vcpu->run + VCPU_IO_PAGE_OFFSET;
}

static void exit_for_port(struct kvm_run *run, bool out, u16 port, u32 bytes, u32 count)
{
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = out ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	run->io.port = port;
	run->io.size = bytes;
	run->io.count = count;
	run->io.data_offset = VCPU_IO_PAGE_OFFSET;
}

static const u8 *next_element(const struct posted_write *write)
{
	return write->data + write->done * write->bytes;
}

/* Carry out in the kernel what can be; true if that was all of it. */
static bool take_posted_write(struct vcpu *vcpu, struct posted_write *write)
{
	struct kvm_coalesced_mmio_ring *ring = (void *)vcpu->run + VCPU_RING_OFFSET;
	struct vm *vm = vcpu->vm;

	for (; write->done < write->count; write->done++) {
		if (doorbells_ring(&vm->doorbells, write->port, write->address,
				   next_element(write), write->bytes))
			vcpu->statistics.doorbells_rung++;
		else if (coalescing_take(&vm->coalescing, ring, write->port, write->address,
					 next_element(write), write->bytes))
			vcpu->statistics.writes_coalesced++;
		else
			return false;
	}
	return true;
}

/*
 * How many elements userspace gets at once: all, but where the kernel might take
 * the one after the next.
 */
static u32 elements_to_give(struct vcpu *vcpu, const struct posted_write *write)
{
	if (doorbells_watch(&vcpu->vm->doorbells, write->port, write->address) ||
	    coalescing_covers(&vcpu->vm->coalescing, write->port, write->address, write->bytes))
		return 1;
	return write->count - write->done;
}

static void give_posted_write(struct vcpu *vcpu, struct posted_write *write)
{
	struct kvm_run *run = vcpu->run;
	u32 count = elements_to_give(vcpu, write);

	if (write->port) {
		exit_for_port(run, true, write->address, write->bytes, count);
		memcpy(port_page(vcpu), next_element(write), write->bytes * count);
	} else {
		run->exit_reason = KVM_EXIT_MMIO;
		run->mmio.phys_addr = write->address;
		run->mmio.is_write = 1;
		run->mmio.len = write->bytes;
		memcpy(run->mmio.data, write->data, sizeof(run->mmio.data));
	}
	write->done += count;
}

static void ask_user(struct vcpu *vcpu)
{
	const struct pending_access *pending = &vcpu->pending;
	struct kvm_run *run = vcpu->run;

	if (pending->kind == PENDING_PORT_IN) {
		exit_for_port(run, false, pending->address, pending->bytes, pending->count);
		return;
	}
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = pending->address;
	run->mmio.is_write = 0;
	run->mmio.len = pending->bytes;
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
}

bool access_waits(const struct vcpu *vcpu)
{
	return vcpu->posted_count || vcpu->ended_interrupt >= 0 ||
	       (vcpu->pending.kind != PENDING_NONE && !vcpu->pending.answered);
}

bool access_to_user(struct vcpu *vcpu)
{
	for (; vcpu->posted_next < vcpu->posted_count; vcpu->posted_next++) {
		struct posted_write *write = &vcpu->posted[vcpu->posted_next];

		if (take_posted_write(vcpu, write))
			continue;
		give_posted_write(vcpu, write);
		if (write->done == write->count)
			vcpu->posted_next++;
		return true;
	}
	vcpu->posted_count = 0;
	vcpu->posted_next = 0;
	if (vcpu->pending.kind == PENDING_NONE || vcpu->pending.answered)
		return false;
	ask_user(vcpu);
	return true;
}

/* Keep an MMIO answer where the repeated emulation looks for it. */
static void take_mmio_answer(struct vcpu *vcpu)
{
	unsigned int next = vcpu->mmio_reads_known++;

	vcpu->mmio_reads[next].gpa = vcpu->pending.address;
	vcpu->mmio_reads[next].bytes = vcpu->pending.bytes;
	memcpy(vcpu->mmio_reads[next].data, vcpu->run->mmio.data, 8);
	vcpu->pending.kind = PENDING_NONE;
}

bool access_complete(struct vcpu *vcpu)
{
	struct pending_access *pending = &vcpu->pending;

	if (pending->kind == PENDING_NONE)
		return false;
	if (pending->rip != vcpu->cpu.rip) {
		/* Userspace went elsewhere instead. */
		access_forget(vcpu);
		return false;
	}
	if (pending->kind == PENDING_MMIO_READ) {
		take_mmio_answer(vcpu);
	} else {
		memcpy(pending->data, port_page(vcpu), pending->bytes * pending->count);
		pending->answered = true;
	}
	vcpu->mmio_reads_used = 0;
	return true;
}
