// SPDX-License-Identifier: GPL-2.0-only
/*
 * One of the two machines of `ringlet compare`: a step, with its port accesses
 * noted or answered from the other machine's. See compare.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"

/* The other machine did the same access before, or there is a difference. */
static uint32_t replayed(struct side *side, uint16_t port, uint8_t size)
{
	const struct port_log *log = side->replay;
	unsigned int at = side->ports.count;

	if (at < log->count && !log->accesses[at].write && log->accesses[at].port == port &&
	    log->accesses[at].size == size)
		return log->accesses[at].value;
	return UINT32_MAX;
}

static void note(struct side *side, uint16_t port, uint8_t size, bool write, uint32_t value)
{
	struct port_log *log = &side->ports;

	if (log->count == PORT_LOG_MOST) {
		log->overflow = true;
		return;
	}
	log->accesses[log->count].port = port;
	log->accesses[log->count].size = size;
	log->accesses[log->count].write = write;
	log->accesses[log->count].value = value;
	log->count++;
}

static void handle_io(struct side *side)
{
	struct kvm_run *run = side->vm.run;
	uint8_t size = run->io.size;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	bool write = run->io.direction == KVM_EXIT_IO_OUT;

	for (uint32_t i = 0; i < run->io.count; i++, data += size) {
		uint32_t value = 0;

		if (write)
			memcpy(&value, data, size);
		else if (side->replay)
			value = replayed(side, run->io.port, size);
		else
			value = port_read(side->bus, run->io.port, size);
		if (write && !side->replay)
			port_write(side->bus, run->io.port, size, value);
		if (!write)
			memcpy(data, &value, size);
		note(side, run->io.port, size, write, value);
	}
}

static void end(struct side *side, const char *why)
{
	side->ended = true;
	fill_message(&side->end, "%s", why);
}

/* False: the step goes on. */
static bool handle_exit(struct side *side)
{
	struct ringlet_stop_reason reason;

	switch (side->vm.run->exit_reason) {
	case KVM_EXIT_DEBUG: return true;
	case KVM_EXIT_IO: handle_io(side); return false;
	case KVM_EXIT_MMIO:
		if (!side->vm.run->mmio.is_write)
			memset(side->vm.run->mmio.data, 0xff, sizeof(side->vm.run->mmio.data));
		return false;
	case KVM_EXIT_INTR: return false;
	case KVM_EXIT_HLT: end(side, "the guest halted"); return true;
	case KVM_EXIT_SHUTDOWN: end(side, "the guest crashed by a triple fault"); return true;
	case KVM_EXIT_INTERNAL_ERROR:
		end(side, vm_stop_reason(&side->vm, &reason) ? reason.text : "internal error");
		return true;
	default: end(side, "KVM_RUN returned for a reason that is not known here"); return true;
	}
}

bool side_step(struct side *side, struct message *error)
{
	int code;

	side->ports.count = 0;
	side->ports.overflow = false;
	if (!vm_step(&side->vm, 1))
		return refuse(error, "%s cannot run a guest step by step: %s", side->vm.device_name,
			      strerror(errno));
	do {
		code = vm_run(&side->vm);
		if (code && code != EINTR && code != EAGAIN) {
			vm_explain_run_error(&side->vm, code, error);
			return false;
		}
	} while (code || !handle_exit(side));
	if (!vm_get_registers(&side->vm, &side->regs, &side->sregs))
		return refuse(error, "%s does not show its registers", side->vm.device_name);
	return true;
}

unsigned int side_code(const struct side *side, uint8_t *bytes, unsigned int most)
{
	uint32_t linear = (uint32_t)(side->sregs.cs.base + side->regs.rip);
	unsigned int done = 0;

	while (done < most) {
		unsigned int part = GUEST_PAGE - linear % GUEST_PAGE;
		const uint8_t *code;
		uint64_t address;

		if (part > most - done)
			part = most - done;
		if (!vm_translate(&side->vm, linear, &address))
			break;
		code = guest_range(side->memory, address, part);
		if (!code)
			break;
		memcpy(bytes + done, code, part);
		linear += part;
		done += part;
	}
	return done;
}
