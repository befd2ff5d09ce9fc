// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO: the client of tests/guests/client_mmio.c, with a device that is a file
 * of registers and a log of the accesses to it.
 */
#include <string.h>

#include "image.h"

#define DEVICE_START 0x10000000
#define DEVICE_BYTES 4096
#define PORT_LOG     0x510

static struct machine machine;
static unsigned char registers[DEVICE_BYTES];
static unsigned int reads, writes, last_bytes, outside;

static bool access_device(struct kvm_run *run)
{
	uint64_t offset = run->mmio.phys_addr - DEVICE_START;

	if (run->mmio.len > sizeof(run->mmio.data))
		return false;
	if (offset >= DEVICE_BYTES || offset + run->mmio.len > DEVICE_BYTES) {
		/* What no device answers to. */
		outside++;
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		return true;
	}
	last_bytes = run->mmio.len;
	if (run->mmio.is_write) {
		writes++;
		memcpy(registers + offset, run->mmio.data, run->mmio.len);
	} else {
		reads++;
		memcpy(run->mmio.data, registers + offset, run->mmio.len);
	}
	return true;
}

static bool handle(struct machine *from)
{
	struct kvm_run *run = from->run;
	uint32_t log = (reads & 0xff) | (writes & 0xff) << 8 | last_bytes << 16;

	if (run->exit_reason == KVM_EXIT_MMIO)
		return access_device(run);
	if (run->exit_reason != KVM_EXIT_IO)
		return false;
	if (run->io.port != PORT_LOG)
		return true;
	if (run->io.direction == KVM_EXIT_IO_OUT)
		reads = writes = 0;
	else
		memcpy((char *)run + run->io.data_offset, &log, sizeof(log));
	return true;
}

int main(void)
{
	image_boot(&machine, "client_mmio");
	image_run(&machine, handle);
	check(outside == 1, "accesses beside the device: %u", outside);
	machine_destroy(&machine);
	return finish();
}
