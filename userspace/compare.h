/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `ringlet compare`: one guest on two engines, instruction by instruction.
 */
#ifndef RINGLET_TOOL_COMPARE_H
#define RINGLET_TOOL_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "options.h"
#include "vm.h"

#define GUEST_PAGE 4096u

/**
 * struct port_log - the accesses to ports of one step
 * @overflow: there were more
 */
#define PORT_LOG_MOST 64
struct port_log {
	unsigned int count;
	bool overflow;
	struct {
		uint16_t port;
		uint8_t size;
		bool write;
		uint32_t value;
	} accesses[PORT_LOG_MOST];
};

/**
 * struct side - one of the two machines
 * @name: of its engine
 * @replay: NULL: ports lead to devices; else reads are answered from here
 * @ports: what the last step did
 * @ended: it cannot go on, and @end says why
 */
struct side {
	const char *name;
	int engine;
	struct vm vm;
	struct guest_memory *memory;
	struct port_bus *bus;
	const struct port_log *replay;
	struct port_log ports;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	bool ended;
	struct message end;
};

/**
 * side_step() - one step, and the registers after it
 *
 * Return: false, with the sentence, if the device fails; an end of the guest is
 * no failure.
 */
bool side_step(struct side *side, struct message *error);

/**
 * side_code() - bytes of the next instruction
 *
 * Return: how many could be read.
 */
unsigned int side_code(const struct side *side, uint8_t *bytes, unsigned int most);

int command_compare(int argc, char **argv);

#endif /* RINGLET_TOOL_COMPARE_H */
