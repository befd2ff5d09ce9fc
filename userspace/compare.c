// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ringlet compare`: the same guest on two engines, one step at a time on each,
 * and the first difference between them. Both get the same input: only the first
 * machine has devices, and what it reads from ports the second one reads too.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "decode/undefined.h"
#include "guest.h"

#define STEPS_DEFAULT 100000
#define CHECK_STEPS   1024 /* between two looks at all of memory */
#define PAGES_SHOWN   8
#define REPEATS_MOST  (1u << 24)
#define TIMER_VECTOR  0x20 /* where guests have the PIC's first line */

enum {
	KEY_ENGINES = 256,
	KEY_STEPS,
	KEY_TIMER,
	KEY_INITRD,
	KEY_APPEND,
	KEY_CPU,
	KEY_DEVICE,
	KEY_DEBUGCON
};

struct compare_options {
	struct run_options run;
	const char *names[2];
	int engines[2];
	uint64_t steps;
	uint64_t timer;
};

/* A difference, and where. */
enum difference { DIFFERENCE_NONE, DIFFERENCE_STATE, DIFFERENCE_PORTS, DIFFERENCE_MEMORY };

/**
 * struct compare - both machines
 * @second: memory of the second; the first one's is the machine's
 * @tick_due: an interrupt waits until the guest takes it
 * @code: the instruction that the last step executed, as the first had it
 * @undefined: flags that were taken over, because the manual leaves them open
 * @pages: numbers of pages that differed when all of memory was looked at
 */
struct compare {
	const struct compare_options *options;
	struct machine machine;
	struct guest_memory second;
	struct guest guest;
	struct side sides[2];
	uint64_t done;
	bool tick_due;
	uint32_t pc;
	uint8_t code[INSN_MAX_LENGTH];
	unsigned int code_bytes;
	struct insn insn;
	bool decoded;
	uint64_t undefined;
	uint32_t pages[PAGES_SHOWN];
	unsigned int page_count;
};

static struct compare compare;

/* ---- making both -------------------------------------------------------------------- */

static bool make_side(struct side *side, struct message *error)
{
	const struct run_options *options = &compare.options->run;
	const struct vm_wishes wishes = {
		.engine = side->engine,
		.engine_name = side->name,
	};
	struct entry_state entry;

	if (!load_guest(&compare.guest.request, side->memory, &entry, error) ||
	    !vm_open(&side->vm, options->device, error))
		return false;
	if (!side->vm.interface)
		return refuse(error, "%s is not ringlet's and has no engines", options->device);
	/* The same virtual CPU on both. */
	vm_choose_cpu(&side->vm, options->cpu, RINGLET_ENGINE_INTERPRET);
	return vm_create(&side->vm, side->memory, &wishes, error) &&
	       vm_set_entry(&side->vm, &entry, error) &&
	       vm_get_registers(&side->vm, &side->regs, &side->sregs);
}

static bool start(bool quiet, struct message *error)
{
	const struct run_options *options = &compare.options->run;
	unsigned int i;

	for (i = 0; i < 2; i++)
		compare.sides[i] = (struct side){
			.name = compare.options->names[i],
			.engine = compare.options->engines[i],
			.vm = { .device = -1, .fd = -1, .vcpu = -1 },
			.memory = i ? &compare.second : &compare.machine.memory,
			.bus = &compare.machine.bus,
			.replay = i ? &compare.sides[0].ports : NULL,
		};
	compare.done = 0;
	compare.tick_due = false;
	if (!machine_init(&compare.machine, options, quiet, error) ||
	    !guest_memory_allocate(&compare.second, options->memory, error))
		return false;
	/* What the firmware left. */
	memcpy(compare.second.base, compare.machine.memory.base, HIGH_RAM_START);
	return make_side(&compare.sides[0], error) && make_side(&compare.sides[1], error);
}

static void stop(void)
{
	vm_close(&compare.sides[0].vm);
	vm_close(&compare.sides[1].vm);
	guest_memory_free(&compare.second);
	machine_free(&compare.machine);
}

/* ---- comparing ------------------------------------------------------------------------ */

/* Bits that say how the processor got there, not where it is. */
#define FLAGS_COMPARED (~(uint64_t)X86_EFLAGS_RF)

static bool same_segment(const struct kvm_segment *a, const struct kvm_segment *b)
{
	/* The accessed bit: direct execution has it set beforehand. */
	return a->selector == b->selector && a->unusable == b->unusable &&
	       (a->unusable ||
		(a->base == b->base && a->limit == b->limit && (a->type | 1) == (b->type | 1) &&
		 a->dpl == b->dpl && a->db == b->db));
}

static bool same_state(const struct side *a, const struct side *b)
{
	struct kvm_regs x = a->regs, y = b->regs;
	const struct kvm_sregs *s = &a->sregs, *t = &b->sregs;

	x.rflags &= FLAGS_COMPARED;
	y.rflags &= FLAGS_COMPARED;
	return !memcmp(&x, &y, sizeof(x)) && same_segment(&s->cs, &t->cs) &&
	       same_segment(&s->ss, &t->ss) && same_segment(&s->ds, &t->ds) &&
	       same_segment(&s->es, &t->es) && same_segment(&s->fs, &t->fs) &&
	       same_segment(&s->gs, &t->gs) && s->tr.selector == t->tr.selector &&
	       s->ldt.selector == t->ldt.selector && s->gdt.base == t->gdt.base &&
	       s->gdt.limit == t->gdt.limit && s->idt.base == t->idt.base &&
	       s->idt.limit == t->idt.limit && s->cr0 == t->cr0 && s->cr2 == t->cr2 &&
	       s->cr3 == t->cr3 && s->cr4 == t->cr4 && s->efer == t->efer && a->ended == b->ended;
}

static bool same_ports(const struct port_log *a, const struct port_log *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (a->accesses[i].port != b->accesses[i].port ||
		    a->accesses[i].size != b->accesses[i].size ||
		    a->accesses[i].write != b->accesses[i].write ||
		    a->accesses[i].value != b->accesses[i].value)
			return false;
	return true;
}

/* The type byte of a descriptor, whose lowest bit is the accessed bit. */
static bool is_accessed_bit(const struct side *side, uint64_t address)
{
	const struct kvm_dtable *gdt = &side->sregs.gdt;
	uint64_t at, ldt;

	if (!vm_translate(&side->vm, (uint32_t)gdt->base, &at))
		at = gdt->base;
	if (address - at <= gdt->limit && (address - at) % 8 == 5)
		return true;
	if (side->sregs.ldt.unusable ||
	    !vm_translate(&side->vm, (uint32_t)side->sregs.ldt.base, &ldt))
		return false;
	return address - ldt <= side->sregs.ldt.limit && (address - ldt) % 8 == 5;
}

/* The first byte of a page that differs; its end if none does. */
static uint32_t first_difference(uint32_t page)
{
	const uint8_t *a = compare.machine.memory.base + page;
	const uint8_t *b = compare.second.base + page;
	uint32_t i;

	if (!memcmp(a, b, GUEST_PAGE))
		return GUEST_PAGE;
	for (i = 0; i < GUEST_PAGE; i++)
		if (a[i] != b[i] &&
		    !((a[i] ^ b[i]) == 1 && is_accessed_bit(&compare.sides[0], page + i)))
			break;
	return i;
}

static bool same_memory(void)
{
	uint32_t page;

	compare.page_count = 0;
	for (page = 0; page < compare.second.size && compare.page_count < PAGES_SHOWN;
	     page += GUEST_PAGE)
		if (first_difference(page) < GUEST_PAGE)
			compare.pages[compare.page_count++] = page;
	return !compare.page_count;
}

/* Only the pages that are known to differ in the end. */
static bool same_pages(void)
{
	for (unsigned int i = 0; i < compare.page_count; i++)
		if (first_difference(compare.pages[i]) < GUEST_PAGE)
			return false;
	return true;
}

/* ---- stepping --------------------------------------------------------------------------- */

static void look_at_code(void)
{
	const struct side *side = &compare.sides[0];
	enum insn_mode mode = (side->sregs.cr0 & 1) && !(side->regs.rflags & X86_EFLAGS_VM) &&
					      side->sregs.cs.db
				      ? INSN_MODE_32
				      : INSN_MODE_16;

	compare.pc = (uint32_t)(side->sregs.cs.base + side->regs.rip);
	compare.code_bytes = side_code(side, compare.code, sizeof(compare.code));
	compare.decoded = decode_insn(&compare.insn, compare.code, compare.code_bytes, mode) ==
			  DECODE_OK;
}

/* One engine may stop after each element of a repeated string instruction. */
static bool step_over(struct side *side, struct message *error)
{
	uint64_t start = side->regs.rip, cs = side->sregs.cs.selector;
	bool repeated = compare.decoded &&
			(compare.insn.prefixes & (INSN_PREFIX_REP | INSN_PREFIX_REPNE));
	unsigned int i;

	for (i = 0; i < REPEATS_MOST; i++) {
		if (!side_step(side, error))
			return false;
		if (!repeated || side->ended || side->regs.rip != start ||
		    side->sregs.cs.selector != cs)
			break;
	}
	return true;
}

/* Processors differ in whether a selector is pushed as two bytes or as four. */
static void take_over_selector(void)
{
	const struct side *first = &compare.sides[0];
	uint32_t linear = (uint32_t)(first->sregs.ss.base + first->regs.rsp + 2);
	uint64_t address;
	uint8_t *from, *to;

	if (compare.insn.operand_size != 4 || linear % GUEST_PAGE > GUEST_PAGE - 2 ||
	    !vm_translate(&first->vm, linear, &address))
		return;
	from = guest_range(&compare.machine.memory, address, 2);
	to = guest_range(&compare.second, address, 2);
	if (from && to)
		memcpy(to, from, 2);
}

/* The clock is not the same twice: the second machine gets the first one's. */
static bool take_over(struct message *error)
{
	struct side *first = &compare.sides[0], *second = &compare.sides[1];
	uint64_t open = 0;

	if (!compare.decoded)
		return true;
	if (compare.insn.operation == OPERATION_PUSH_SEGMENT)
		take_over_selector();
	if (compare.insn.operation == OPERATION_RDTSC ||
	    compare.insn.operation == OPERATION_RDTSCP) {
		second->regs.rax = first->regs.rax;
		second->regs.rdx = first->regs.rdx;
		second->regs.rcx = first->regs.rcx;
	} else {
		open = undefined_flags(&compare.insn, (u32)second->regs.rcx) &
		       (first->regs.rflags ^ second->regs.rflags);
		if (!open)
			return true;
		compare.undefined++;
		second->regs.rflags ^= open;
	}
	if (!vm_set_registers(&second->vm, &second->regs))
		return refuse(error, "%s does not take registers", second->vm.device_name);
	return true;
}

/* The timer counts steps, so that it is the same for both. */
static void tick(void)
{
	uint64_t period = compare.options->timer;

	if (period && compare.done % period == period - 1)
		compare.tick_due = true;
	if (!compare.tick_due || !(compare.sides[0].regs.rflags & X86_EFLAGS_IF))
		return;
	vm_interrupt(&compare.sides[0].vm, TIMER_VECTOR);
	vm_interrupt(&compare.sides[1].vm, TIMER_VECTOR);
	compare.tick_due = false;
}

static enum difference step(struct message *error, bool *failed)
{
	*failed = true;
	look_at_code();
	tick();
	if (!step_over(&compare.sides[0], error) || !step_over(&compare.sides[1], error) ||
	    !take_over(error))
		return DIFFERENCE_NONE;
	*failed = false;
	compare.done++;
	if (!same_state(&compare.sides[0], &compare.sides[1]))
		return DIFFERENCE_STATE;
	if (!same_ports(&compare.sides[0].ports, &compare.sides[1].ports))
		return DIFFERENCE_PORTS;
	return DIFFERENCE_NONE;
}

static bool over(void)
{
	return compare.done >= compare.options->steps || compare.sides[0].ended ||
	       compare.machine.control.end.reason != END_NONE;
}

/* Memory differs, but since when? Once more from the beginning, with a look each step. */
static enum difference find_write(uint64_t last_good, struct message *error, bool *failed)
{
	enum difference difference = DIFFERENCE_NONE;
	uint64_t end = compare.done;

	stop();
	*failed = !start(true, error);
	while (!*failed && difference == DIFFERENCE_NONE && compare.done < end) {
		difference = step(error, failed);
		if (difference == DIFFERENCE_NONE && compare.done >= last_good && !same_pages())
			difference = DIFFERENCE_MEMORY;
	}
	return difference;
}

static enum difference run_both(struct message *error, bool *failed)
{
	enum difference difference = DIFFERENCE_NONE;
	uint64_t last_good = 0;

	*failed = !start(false, error);
	while (!*failed && difference == DIFFERENCE_NONE && !over()) {
		difference = step(error, failed);
		if (*failed ||
		    (compare.done % CHECK_STEPS && difference == DIFFERENCE_NONE && !over()))
			continue;
		/* What is in registers now may have been in memory before. */
		if (same_memory()) {
			last_good = compare.done;
			continue;
		}
		difference = find_write(last_good, error, failed);
		if (!*failed && difference == DIFFERENCE_NONE)
			*failed = !refuse(error, "memory differed once and not again: the guest's "
						 "input was not the same twice");
	}
	return difference;
}

/* ---- reporting ---------------------------------------------------------------------------- */

static void show_value(const char *name, uint64_t a, uint64_t b)
{
	if (a != b)
		printf("  %-10s %-10s %08" PRIx64 "   %-10s %08" PRIx64 "\n", name,
		       compare.sides[0].name, a, compare.sides[1].name, b);
}

static void show_segment(const char *name, const struct kvm_segment *a, const struct kvm_segment *b)
{
	if (!same_segment(a, b))
		printf("  %-10s %-10s %04x base %08" PRIx64
		       " limit %08x   %-10s %04x base %08" PRIx64 " limit %08x\n",
		       name, compare.sides[0].name, a->selector, (uint64_t)a->base, a->limit,
		       compare.sides[1].name, b->selector, (uint64_t)b->base, b->limit);
}

static void show_state(void)
{
	const struct kvm_regs *x = &compare.sides[0].regs, *y = &compare.sides[1].regs;
	const struct kvm_sregs *s = &compare.sides[0].sregs, *t = &compare.sides[1].sregs;

	show_value("eax", x->rax, y->rax);
	show_value("ecx", x->rcx, y->rcx);
	show_value("edx", x->rdx, y->rdx);
	show_value("ebx", x->rbx, y->rbx);
	show_value("esp", x->rsp, y->rsp);
	show_value("ebp", x->rbp, y->rbp);
	show_value("esi", x->rsi, y->rsi);
	show_value("edi", x->rdi, y->rdi);
	show_value("eip", x->rip, y->rip);
	show_value("eflags", x->rflags & FLAGS_COMPARED, y->rflags & FLAGS_COMPARED);
	show_segment("cs", &s->cs, &t->cs);
	show_segment("ss", &s->ss, &t->ss);
	show_segment("ds", &s->ds, &t->ds);
	show_segment("es", &s->es, &t->es);
	show_segment("fs", &s->fs, &t->fs);
	show_segment("gs", &s->gs, &t->gs);
	show_value("tr", s->tr.selector, t->tr.selector);
	show_value("ldtr", s->ldt.selector, t->ldt.selector);
	show_value("gdt base", s->gdt.base, t->gdt.base);
	show_value("gdt limit", s->gdt.limit, t->gdt.limit);
	show_value("idt base", s->idt.base, t->idt.base);
	show_value("idt limit", s->idt.limit, t->idt.limit);
	show_value("cr0", s->cr0, t->cr0);
	show_value("cr2", s->cr2, t->cr2);
	show_value("cr3", s->cr3, t->cr3);
	show_value("cr4", s->cr4, t->cr4);
	for (unsigned int i = 0; i < 2; i++)
		if (compare.sides[i].ended)
			printf("  %s: %s\n", compare.sides[i].name, compare.sides[i].end.text);
}

static void show_ports(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct port_log *log = &compare.sides[i].ports;

		for (unsigned int j = 0; j < log->count; j++)
			printf("  %-10s %s port %04x, %u bytes: %08x\n", compare.sides[i].name,
			       log->accesses[j].write ? "writes" : "reads", log->accesses[j].port,
			       log->accesses[j].size, log->accesses[j].value);
	}
}

static void show_memory(void)
{
	for (unsigned int i = 0; i < compare.page_count; i++) {
		uint32_t page = compare.pages[i], at = first_difference(page);

		if (at < GUEST_PAGE)
			printf("  memory %08x: %s %02x, %s %02x\n", page + at,
			       compare.sides[0].name, compare.machine.memory.base[page + at],
			       compare.sides[1].name, compare.second.base[page + at]);
	}
}

static bool uses_engine(int engine)
{
	return compare.options->engines[0] == engine || compare.options->engines[1] == engine;
}

static void report(enum difference difference)
{
	printf("difference after %" PRIu64 " steps, at %08x:", compare.done, compare.pc);
	for (unsigned int i = 0; i < (compare.decoded ? compare.insn.length : compare.code_bytes);
	     i++)
		printf(" %02x", compare.code[i]);
	printf("  %s\n", compare.decoded ? operation_name(compare.insn.operation) : "(undefined)");
	switch (difference) {
	case DIFFERENCE_STATE: show_state(); break;
	case DIFFERENCE_PORTS: show_ports(); break;
	default: show_memory(); break;
	}
	if (compare.decoded && compare.insn.class == INSN_SENSITIVE_SILENT &&
	    uses_engine(RINGLET_ENGINE_TRAP))
		printf("  %s is sensitive and does not always trap in ring 1: a hole of engine trap; "
		       "`ringlet holes` lists them\n",
		       operation_name(compare.insn.operation));
}

static int finish(enum difference difference, bool failed, const struct message *error)
{
	fflush(stdout);
	if (failed) {
		complain("%s", error->text);
		return STATUS_USAGE;
	}
	if (difference != DIFFERENCE_NONE) {
		report(difference);
		return STATUS_FAILED;
	}
	printf("no difference in %" PRIu64 " steps of %s and %s", compare.done,
	       compare.sides[0].name, compare.sides[1].name);
	if (compare.undefined)
		printf("; flags that are undefined differed %" PRIu64 " times", compare.undefined);
	if (compare.sides[0].ended)
		printf("; %s", compare.sides[0].end.text);
	else if (compare.machine.control.end.reason != END_NONE)
		printf("; %s", compare.machine.control.end.sentence.text);
	printf("\n");
	return STATUS_OK;
}

/* ---- options --------------------------------------------------------------------------------- */

static int engine_of(struct argp_state *state, const char *name)
{
	if (!strcmp(name, "trap"))
		return RINGLET_ENGINE_TRAP;
	if (!strcmp(name, "interpret"))
		return RINGLET_ENGINE_INTERPRET;
	argp_error(state, "--engines does not know '%s'; it knows trap and interpret", name);
	return -1;
}

static void parse_engines(struct argp_state *state, struct compare_options *options, char *text)
{
	char *comma = strchr(text, ',');

	if (!comma || strchr(comma + 1, ','))
		argp_error(state, "--engines wants two engines, such as interpret,trap");
	*comma = '\0';
	options->names[0] = text;
	options->names[1] = comma + 1;
	options->engines[0] = engine_of(state, text);
	options->engines[1] = engine_of(state, comma + 1);
}

static uint64_t parse_steps(struct argp_state *state, const char *option, const char *text)
{
	char *end;
	unsigned long long steps = strtoull(text, &end, 0);

	if (*end || end == text || *text == '-' || !steps)
		argp_error(state, "%s wants a number of steps, not '%s'", option, text);
	return steps;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct compare_options *options = state->input;

	switch (key) {
	case 'k': options->run.kernel = text; break;
	case KEY_INITRD: options->run.initrd = text; break;
	case KEY_APPEND: options->run.append = text; break;
	case 'm':
		if (!parse_size(text, &options->run.memory))
			argp_error(state, "--memory wants a size such as 64M, not '%s'", text);
		break;
	case KEY_CPU:
		if (!cpu_model_known(text))
			argp_error(state, "--cpu does not know '%s'; it knows %s", text,
				   cpu_model_names());
		options->run.cpu = text;
		break;
	case KEY_DEVICE: options->run.device = text; break;
	case KEY_ENGINES: parse_engines(state, options, text); break;
	case KEY_STEPS: options->steps = parse_steps(state, "--steps", text); break;
	case KEY_TIMER: options->timer = parse_steps(state, "--timer", text); break;
	case KEY_DEBUGCON:
		options->run.debugcon = true;
		options->run.debug_exit = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "what is '%s'? Kernels are given with --kernel", text);
		break;
	case ARGP_KEY_END:
		if (!options->run.kernel)
			argp_error(state, "no --kernel FILE given");
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int command_compare(int argc, char **argv)
{
	static const struct argp_option table[] = {
		{ "kernel", 'k', "FILE", 0, "the guest: bzImage, multiboot, ELF or flat", 0 },
		{ "initrd", KEY_INITRD, "FILE", 0, "its initial RAM disk or module", 0 },
		{ "append", KEY_APPEND, "TEXT", 0, "its command line", 0 },
		{ "memory", 'm', "SIZE", 0, "its memory (default 64M)", 0 },
		{ "cpu", KEY_CPU, "MODEL", 0, "the virtual CPU that both have", 0 },
		{ "engines", KEY_ENGINES, "A,B", 0, "trap and interpret (default interpret,trap)",
		  0 },
		{ "steps", KEY_STEPS, "N", 0, "give up after so many (default 100000)", 0 },
		{ "timer", KEY_TIMER, "N", 0,
		  "an interrupt 20h after every so many steps (default none)", 0 },
		{ "debugcon", KEY_DEBUGCON, NULL, 0,
		  "ports E9h and F4h: the guest's console and its end", 0 },
		{ "device", KEY_DEVICE, "PATH", 0, "the device (default " DEFAULT_DEVICE ")", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = table,
		.parser = parse_option,
		.doc = "Run a guest on two engines, instruction by instruction, and show the first "
		       "difference.\vBoth machines get the same input: ports are read once, "
		       "and interrupts come with --timer only.\n\nExit status: 0 no difference; 1 a difference; 2 the "
		       "comparison could not be made.",
	};
	static char name[] = "ringlet compare";
	struct compare_options options = {
		.run = { .device = DEFAULT_DEVICE, .append = "", .memory = DEFAULT_MEMORY },
		.names = { "interpret", "trap" },
		.engines = { RINGLET_ENGINE_INTERPRET, RINGLET_ENGINE_TRAP },
		.steps = STEPS_DEFAULT,
	};
	enum difference difference = DIFFERENCE_NONE;
	struct message error;
	bool failed;
	int status;

	argp_err_exit_status = STATUS_USAGE;
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	compare.options = &options;
	failed = !guest_read(&compare.guest, &options.run, &error);
	if (!failed)
		difference = run_both(&error, &failed);
	status = finish(difference, failed, &error);
	stop();
	guest_free(&compare.guest);
	return status;
}
