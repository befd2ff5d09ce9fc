// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tool `ringlet`: runs guests on /dev/ringlet and tells about the host.
 */
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "control.h"
#include "holes.h"
#include "info.h"
#include "message.h"
#include "options.h"
#include "run.h"

static const char help[] =
	"Usage: ringlet COMMAND [OPTION...]\n"
	"Run unmodified 32-bit kernels in ring 1, without virtualization hardware.\n"
	"\n"
	"  run      run a kernel in a virtual machine\n"
	"  holes    which instructions cannot be virtualized by trapping, measured\n"
	"  compare  run a guest on two engines and show the first difference\n"
	"  info     what this machine and the loaded module can do\n"
	"  help     this text\n"
	"\n"
	"`ringlet COMMAND --help` lists the options of a command; ringlet(1) has examples.\n"
	"\n"
	"  ringlet run --kernel memtest86+ia32.bin --memory 8M --screen\n";

static int command_run(int argc, char **argv)
{
	struct run_options options;

	run_options_parse(argc, argv, &options);
	return run(&options);
}

static int command_info(int argc, char **argv)
{
	const char *device;

	info_options_parse(argc, argv, &device);
	return info(device);
}

static int command_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(help, stdout);
	return 0;
}

static int command_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("ringlet " TOOL_VERSION);
	return 0;
}

static const struct {
	const char *name;
	int (*function)(int argc, char **argv);
} commands[] = {
	{ "run", command_run },		{ "info", command_info },
	{ "help", command_help },	{ "holes", command_holes },
	{ "compare", command_compare }, { "--help", command_help },
	{ "-h", command_help },		{ "-?", command_help },
	{ "version", command_version }, { "--version", command_version },
	{ "-V", command_version },
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs(help, stderr);
		return STATUS_USAGE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].function(argc - 1, argv + 1);
	complain("there is no command '%s'; `ringlet help` lists them", argv[1]);
	return STATUS_USAGE;
}
