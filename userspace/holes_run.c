// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the probe guest in a VM of its own, on ringlet or on KVM alike, and
 * collects its report. A probe that never comes back costs its VM: the next one
 * starts behind it. Called by `ringlet holes`.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "holes.h"
#include "kvm_stats.h"
#include "load.h"
#include "vm.h"

#define PROBE_MEMORY	 0x400000
#define PROBE_ROUNDS	 3
#define PATIENCE_SECONDS 5
#define LINE_MAX_BYTES	 512

/* The probe guest's image, put into the tool by the linker. */
extern const uint8_t _binary_probe_elf_start[], _binary_probe_elf_end[];

/**
 * struct session - one VM with the probe guest
 * @current: the probe that runs, as far as the report tells
 * @counted: exits at the mark before the instruction, then between the marks
 */
struct session {
	struct hole_column *column;
	struct guest_memory memory;
	struct vm vm;
	struct kvm_stats stats;
	char line[LINE_MAX_BYTES];
	size_t line_length;
	unsigned int current;
	uint64_t counted;
	bool marked;
	uint8_t pic_mask;
	bool ended;
};

static struct kvm_run *watched_run;

static void stop_waiting(int number)
{
	(void)number;
	if (watched_run)
		watched_run->immediate_exit = 1;
}

static void set_patience(unsigned int seconds)
{
	const struct itimerval when = { .it_value.tv_sec = seconds,
					.it_interval.tv_usec = seconds ? 100000 : 0 };
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = stop_waiting;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &when, NULL);
}

/* Exceptions of the guest's code that came to the engine; not what paging costs. */
static uint64_t count_ringlet_exits(const struct vm *vm)
{
	struct ringlet_statistics statistics;
	uint64_t count = 0;

	if (!vm_statistics(vm, &statistics))
		return UINT64_MAX;
	for (unsigned int vector = 0; vector < 32; vector++)
		if (vector != 14 && vector != 2)
			count += statistics.exits[vector];
	return count + statistics.exits[RINGLET_EXIT_SOFTWARE_INTERRUPT] +
	       statistics.exits[RINGLET_EXIT_SYSCALL];
}

static uint64_t count_kvm_exits(const struct kvm_stats *stats)
{
	int exits = kvm_stats_find(stats, "exits"), host = kvm_stats_find(stats, "irq_exits");

	if (exits < 0)
		return UINT64_MAX;
	return kvm_stats_value(stats, (unsigned int)exits) -
	       (host < 0 ? 0 : kvm_stats_value(stats, (unsigned int)host));
}

static uint64_t count_exits(const struct session *session)
{
	return session->vm.interface ? count_ringlet_exits(&session->vm)
				     : count_kvm_exits(&session->stats);
}

static void take_mark(struct session *session)
{
	uint64_t now = count_exits(session);

	session->counted = now == UINT64_MAX ? UINT64_MAX
			   : session->marked ? now - session->counted
					     : now;
	session->marked = !session->marked;
}

/* A report line ends the probe; what the next one is follows from the list. */
static void take_character(struct session *session, char character)
{
	if (character != '\n') {
		if (session->line_length < sizeof(session->line) - 1)
			session->line[session->line_length++] = character;
		return;
	}
	session->line[session->line_length] = '\0';
	session->line_length = 0;
	report_line(session->column, session->line, session->counted);
	session->marked = false;
	if (session->line[0] == 'P')
		session->current = (unsigned int)strtoul(session->line + 1, NULL, 16) + 1;
}

static void write_port(struct session *session, const uint8_t *data)
{
	const struct kvm_run *run = session->vm.run;

	switch (run->io.port) {
	case PROBE_PORT_MARK: take_mark(session); break;
	case PROBE_PORT_REPORT:
		for (uint32_t i = 0; i < run->io.count; i++)
			take_character(session, (char)data[i]);
		break;
	case PROBE_PORT_MASK: session->pic_mask = data[0]; break;
	case PROBE_PORT_END: session->ended = true; break;
	default: break;
	}
}

static bool handle_io(struct session *session)
{
	struct kvm_run *run = session->vm.run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	if (run->io.size != 1 || run->io.data_offset > session->vm.run_size ||
	    run->io.count > session->vm.run_size - run->io.data_offset)
		return false;
	if (run->io.direction == KVM_EXIT_IO_OUT)
		write_port(session, data);
	else
		memset(data, run->io.port == PROBE_PORT_MASK ? session->pic_mask : 0xff,
		       run->io.count);
	return true;
}

static void give_up(struct session *session, const char *sentence)
{
	struct probe_result *result;

	if (session->current >= PROBES)
		return;
	result = &session->column->results[session->current];
	result->stopped = true;
	result->seen = false;
	fill_message(&result->sentence, "%s", sentence);
}

static void explain_exit(const struct session *session, struct message *sentence)
{
	struct ringlet_stop_reason reason;

	if (vm_stop_reason(&session->vm, &reason))
		fill_message(sentence, "%s", reason.text);
	else if (session->vm.run->exit_reason == KVM_EXIT_SHUTDOWN)
		fill_message(sentence, "the guest crashed by a triple fault");
	else
		fill_message(sentence, "KVM_RUN returned with exit reason %u",
			     session->vm.run->exit_reason);
}

/* Until the guest says that it is done, or cannot go on. */
static void serve_guest(struct session *session)
{
	struct message sentence;

	watched_run = session->vm.run;
	set_patience(PATIENCE_SECONDS);
	while (!session->ended) {
		unsigned int before = session->current;
		int error = vm_run(&session->vm);

		if (error == EINTR || error == EAGAIN) {
			give_up(session, "it never came back");
			break;
		}
		if (error) {
			vm_explain_run_error(&session->vm, error, &sentence);
			give_up(session, sentence.text);
			break;
		}
		if (session->vm.run->exit_reason == KVM_EXIT_HLT) {
			vm_interrupt(&session->vm, PROBE_TIMER);
		} else if (session->vm.run->exit_reason != KVM_EXIT_IO || !handle_io(session)) {
			explain_exit(session, &sentence);
			give_up(session, sentence.text);
			break;
		}
		if (session->current != before)
			set_patience(PATIENCE_SECONDS);
	}
	set_patience(0);
	watched_run = NULL;
}

/* Another stepping than the host's, so that CPUID tells whose it is. */
static void edit_cpuid(struct kvm_cpuid2 *cpuid, void *context)
{
	struct probe_identity *identity = context;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *leaf = &cpuid->entries[i];

		if (leaf->function == 1) {
			leaf->eax ^= 1;
			identity->signature = leaf->eax;
		} else if (leaf->function == 7 && leaf->index == 0) {
			identity->features = leaf->ebx;
		} else if (leaf->function == 0x80000001) {
			identity->extended = leaf->edx;
		}
	}
}

static bool load_probe_guest(struct session *session, unsigned int first, struct message *error)
{
	const struct load_request request = {
		.kernel = _binary_probe_elf_start,
		.kernel_size = (size_t)(_binary_probe_elf_end - _binary_probe_elf_start),
		.kernel_name = "the probe guest",
		.command_line = "",
		.format = FORMAT_ELF,
	};
	const struct vm_wishes wishes = {
		.engine = session->column->engine,
		.engine_name = session->column->name,
	};
	struct entry_state entry;

	if (!guest_memory_allocate(&session->memory, PROBE_MEMORY, error) ||
	    !load_guest(&request, &session->memory, &entry, error))
		return false;
	entry.eax = PROBE_MAGIC;
	entry.ebx = first;
	entry.esi = PROBE_ROUNDS | (session->column->ring0_only ? PROBE_NO_RING3 : 0);
	return vm_open(&session->vm, session->column->device, error) &&
	       vm_create(&session->vm, &session->memory, &wishes, error) &&
	       vm_set_cpuid(&session->vm, edit_cpuid, &session->column->identity, error) &&
	       vm_set_entry(&session->vm, &entry, error);
}

/* Return: false if there is no such VM. */
static bool run_session(struct hole_column *column, unsigned int first, unsigned int *reached)
{
	struct session session = { .column = column, .current = first, .stats.file = -1 };
	bool good;

	session.vm = (struct vm){ .device = -1, .fd = -1, .vcpu = -1 };
	good = load_probe_guest(&session, first, &column->reason);
	/* The other engines take all that the processor has. */
	if (good && column->engine == RINGLET_ENGINE_TRAP &&
	    !vm_set_umip(&session.vm, column->umip)) {
		fill_message(&column->reason, "this processor has no UMIP");
		good = false;
	}
	if (good) {
		if (!session.vm.interface)
			kvm_stats_open(&session.stats, session.vm.vcpu);
		serve_guest(&session);
		if (vm_read_processor(&session.vm, &column->processor))
			column->has_processor = true;
		*reached = session.ended ? PROBES : session.current + 1;
	}
	kvm_stats_close(&session.stats);
	vm_close(&session.vm);
	guest_memory_free(&session.memory);
	return good;
}

bool run_probes(struct hole_column *column)
{
	unsigned int next = 0;

	while (next < PROBES) {
		if (!run_session(column, next, &next))
			return false;
		column->available = true;
	}
	return true;
}
