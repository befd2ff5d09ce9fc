// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command lines, by argp: it writes --help and --usage from the tables here.
 * Called by main().
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "cpu_model.h"
#include "options.h"
#include "vm.h"

enum {
	KEY_ENGINE = 0x100,
	KEY_CPU,
	KEY_FORMAT,
	KEY_INITRD,
	KEY_APPEND,
	KEY_SCREEN,
	KEY_STATS,
	KEY_TIMEOUT,
	KEY_DEVICE,
	KEY_TIMER,
	KEY_IRQCHIP,
	KEY_UNTIL,
	KEY_FAIL_ON,
	KEY_SERIAL,
	KEY_DEBUG_EXIT,
	KEY_DEBUGCON,
	KEY_TRACE_PORTS,
};

static const struct argp_option run_table[] = {
	{ NULL, 0, NULL, 0, "The guest:", 1 },
	{ "kernel", 'k', "FILE", 0,
	  "bzImage, multiboot or ELF kernel for i386, or a flat binary (required)", 1 },
	{ "initrd", KEY_INITRD, "FILE", 0, "initial RAM disk, or the first multiboot module", 1 },
	{ "append", KEY_APPEND, "TEXT", 0, "the kernel's command line", 1 },
	{ "memory", 'm', "SIZE", 0,
	  "guest memory: 64M, 1G; a bare number counts MiB (default 64M, for Linux 256M)", 1 },
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "auto (default), bzimage, multiboot, elf, or flat: loaded and entered at 1 MiB", 1 },
	{ NULL, 0, NULL, 0, "How it runs:", 2 },
	{ "engine", KEY_ENGINE, "ENGINE", 0,
	  "how guest ring-0 code runs: trap (default), interpret (default for Linux), translate, "
	  "pv; kvm: by /dev/kvm",
	  2 },
	{ "cpu", KEY_CPU, "MODEL", 0,
	  "the virtual CPU: pentium3, pentium4, coreduo, max32, host; help lists their features",
	  2 },
	{ "device", KEY_DEVICE, "PATH", 0,
	  "the device to use (default " DEFAULT_DEVICE "; /dev/kvm works too)", 2 },
	{ "timer", KEY_TIMER, "HZ", OPTION_ARG_OPTIONAL,
	  "give the guest a timer interrupt, vector 20h, so many times a second (default 100)", 2 },
	{ "irqchip", KEY_IRQCHIP, "MODE", 0,
	  "a PC's interrupt controllers and timer, by the device: auto (default: for Linux), on, off",
	  2 },
	{ NULL, 0, NULL, 0, "What you see:", 3 },
	{ "screen", KEY_SCREEN, "MODE", OPTION_ARG_OPTIONAL,
	  "show the VGA text screen: live, or plain (as text, at the end); the default is live on a terminal",
	  3 },
	{ "serial", KEY_SERIAL, "FILE", 0,
	  "write the serial port's output to FILE; - is standard output", 3 },
	{ "stats", KEY_STATS, "FORMAT", OPTION_ARG_OPTIONAL,
	  "at the end print the exit statistics: table (default) or json", 3 },
	{ "quiet", 'q', NULL, 0, "do not say why the run ended", 3 },
	{ NULL, 0, NULL, 0, "When it ends:", 4 },
	{ "timeout", KEY_TIMEOUT, "SECONDS", 0, "end the run after this time, with status 124", 4 },
	{ "until", KEY_UNTIL, "REGEX", 0,
	  "end the run, with status 0, when a line of the screen or of a console matches", 4 },
	{ "fail-on", KEY_FAIL_ON, "REGEX", 0,
	  "end the run, with status 1, when one matches; wins over --until", 4 },
	{ NULL, 0, NULL, 0, "For test guests:", 5 },
	{ "debug-exit", KEY_DEBUG_EXIT, NULL, 0,
	  "OUT to port 0xf4 ends the run with the value's low byte as the status", 5 },
	{ "debugcon", KEY_DEBUGCON, NULL, 0, "OUT to port 0xe9 writes to standard output", 5 },
	{ "trace-ports", KEY_TRACE_PORTS, NULL, 0, "print every port access on standard error", 5 },
	{ 0 },
};

/* Words of an option, and their values. */
struct word {
	const char *text;
	int value;
};

#define TIMER_RATE     100
#define TIMER_RATE_MAX 1000u

/* Not an engine of the module. */
#define ENGINE_KVM 0x100

static const struct word engines[] = {
	{ "trap", RINGLET_ENGINE_TRAP },
	{ "interpret", RINGLET_ENGINE_INTERPRET },
	{ "translate", RINGLET_ENGINE_TRANSLATE },
	{ "pv", RINGLET_ENGINE_PV },
	{ "kvm", ENGINE_KVM },
	{ NULL, 0 },
};

static const struct word formats[] = {
	{ "auto", FORMAT_AUTO }, { "bzimage", FORMAT_BZIMAGE }, { "multiboot", FORMAT_MULTIBOOT },
	{ "elf", FORMAT_ELF },	 { "flat", FORMAT_FLAT },	{ NULL, 0 },
};

static const struct word irqchips[] = {
	{ "auto", IRQCHIP_AUTO },
	{ "on", IRQCHIP_ON },
	{ "off", IRQCHIP_OFF },
	{ NULL, 0 },
};

static const struct word screens[] = {
	{ "auto", SCREEN_AUTO },
	{ "live", SCREEN_LIVE },
	{ "plain", SCREEN_PLAIN },
	{ NULL, 0 },
};

static const struct word statistics[] = {
	{ "table", STATS_TABLE },
	{ "json", STATS_JSON },
	{ NULL, 0 },
};

static int find_word(struct argp_state *state, const char *option, const struct word *words,
		     const char *text)
{
	for (const struct word *word = words; word->text; word++)
		if (!strcmp(word->text, text))
			return word->value;
	argp_error(state, "--%s does not know '%s'; see --help", option, text);
	return 0;
}

bool parse_size(const char *text, uint64_t *size)
{
	unsigned long long number;
	unsigned int shift;
	char *end;

	/* strtoull() takes a minus sign and spaces. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 0);
	switch (*end) {
	case '\0':
	case 'm':
	case 'M': shift = 20; break;
	case 'k':
	case 'K': shift = 10; break;
	case 'g':
	case 'G': shift = 30; break;
	default: return false;
	}
	if (errno || !number || number > UINT64_MAX >> shift)
		return false;
	if (*end && end[1] && strcmp(end + 1, "iB") && strcmp(end + 1, "B"))
		return false;
	*size = number << shift;
	return true;
}

static double parse_timeout(struct argp_state *state, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	/* The comparison is written so that it refuses what is not a number too. */
	if (*end || end == text || !(seconds > 0 && seconds < 1e8))
		argp_error(state, "--timeout wants seconds, not '%s'", text);
	return seconds;
}

static unsigned int parse_rate(struct argp_state *state, const char *text)
{
	char *end;
	unsigned long rate = strtoul(text, &end, 10);

	if (*end || end == text || rate < 1 || rate > TIMER_RATE_MAX)
		argp_error(state, "--timer wants 1 to %u interrupts a second, not '%s'",
			   TIMER_RATE_MAX, text);
	return (unsigned int)rate;
}

static const char *parse_cpu(struct argp_state *state, const char *text)
{
	if (!strcmp(text, "help")) {
		cpu_model_list(stdout);
		exit(STATUS_OK);
	}
	if (!cpu_model_known(text))
		argp_error(state, "--cpu does not know '%s'; it knows %s", text, cpu_model_names());
	return text;
}

/* --engine kvm is the host's own device; --device may name another of KVM's. */
static void choose_device(struct run_options *options)
{
	if (options->engine == ENGINE_KVM) {
		options->engine = -1;
		options->is_kvm = true;
		if (!options->device)
			options->device = KVM_DEVICE;
	}
	if (!options->device)
		options->device = DEFAULT_DEVICE;
}

static error_t parse_run_option(int key, char *text, struct argp_state *state)
{
	struct run_options *options = state->input;

	switch (key) {
	case 'k': options->kernel = text; break;
	case KEY_INITRD: options->initrd = text; break;
	case KEY_APPEND: options->append = text; break;
	case 'm':
		if (!parse_size(text, &options->memory))
			argp_error(state, "--memory wants a size such as 64M, not '%s'", text);
		break;
	case KEY_FORMAT: options->format = find_word(state, "format", formats, text); break;
	case KEY_ENGINE:
		options->engine = find_word(state, "engine", engines, text);
		options->engine_name = text;
		options->has_engine = true;
		break;
	case KEY_CPU: options->cpu = parse_cpu(state, text); break;
	case KEY_DEVICE: options->device = text; break;
	case KEY_TIMER: options->timer = text ? parse_rate(state, text) : TIMER_RATE; break;
	case KEY_IRQCHIP: options->irqchip = find_word(state, "irqchip", irqchips, text); break;
	case KEY_SCREEN:
		options->screen = text ? find_word(state, "screen", screens, text) : SCREEN_AUTO;
		break;
	case KEY_SERIAL: options->serial = text; break;
	case KEY_STATS:
		options->stats = text ? find_word(state, "stats", statistics, text) : STATS_TABLE;
		break;
	case 'q': options->quiet = true; break;
	case KEY_TIMEOUT: options->timeout = parse_timeout(state, text); break;
	case KEY_UNTIL: options->until = text; break;
	case KEY_FAIL_ON: options->fail_on = text; break;
	case KEY_DEBUG_EXIT: options->debug_exit = true; break;
	case KEY_DEBUGCON: options->debugcon = true; break;
	case KEY_TRACE_PORTS: options->trace_ports = true; break;
	case ARGP_KEY_ARG:
		argp_error(state, "what is '%s'? Kernels are given with --kernel", text);
		break;
	case ARGP_KEY_END:
		if (!options->kernel)
			argp_error(state, "no --kernel FILE given");
		/* Two timers that know nothing of each other. */
		if (options->timer && options->irqchip == IRQCHIP_ON)
			argp_error(state, "--timer is for guests without --irqchip");
		choose_device(options);
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* argp names the program after argv[0]: make that "ringlet run". */
static void parse(const struct argp *argp, int argc, char **argv, char *name, void *options)
{
	argp_err_exit_status = STATUS_USAGE;
	argv[0] = name;
	argp_parse(argp, argc, argv, 0, NULL, options);
}

void run_options_parse(int argc, char **argv, struct run_options *options)
{
	static const struct argp argp = {
		.options = run_table,
		.parser = parse_run_option,
		.doc = "Run a 32-bit kernel in a virtual machine.\v"
		       "The terminal is the guest's: its serial port, or its keyboard with --screen. "
		       "Press Ctrl-] and then q to quit, Ctrl-] twice to send one Ctrl-].\n\n"
		       "Exit status: 0 the guest ended by itself or --until matched; 1 --fail-on "
		       "matched, or the guest ended before --until did; 2 the run could not start; "
		       "3 the guest crashed or the module stopped it; 4 Linux panicked; 124 --timeout; 130 quit; "
		       "128+N signal N; with --debug-exit what the guest says.",
	};
	static char name[] = "ringlet run";

	*options = (struct run_options){
		.engine = -1,
		.engine_name = "trap",
		.append = "",
	};
	parse(&argp, argc, argv, name, options);
}

static error_t parse_info_option(int key, char *text, struct argp_state *state)
{
	const char **device = state->input;

	switch (key) {
	case KEY_DEVICE: *device = text; break;
	case ARGP_KEY_ARG: argp_error(state, "what is '%s'?", text); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void info_options_parse(int argc, char **argv, const char **device)
{
	static const struct argp_option table[] = {
		{ "device", KEY_DEVICE, "PATH", 0,
		  "the device to look at (default " DEFAULT_DEVICE ")", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = table,
		.parser = parse_info_option,
		.doc = "Tell what this machine offers, whether the module can serve it, and what the "
		       "loaded module can do.\v"
		       "Exit status: 0 the module is loaded and usable, 1 it is not, 2 wrong usage.",
	};
	static char name[] = "ringlet info";

	*device = DEFAULT_DEVICE;
	parse(&argp, argc, argv, name, device);
}
