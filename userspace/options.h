/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of `ringlet run` and `ringlet info`.
 */
#ifndef RINGLET_TOOL_OPTIONS_H
#define RINGLET_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "load.h"

#define TOOL_VERSION   "0.1"
#define DEFAULT_MEMORY (64ull << 20)
#define LINUX_MEMORY   (256ull << 20)

enum screen_mode {
	SCREEN_NONE,
	SCREEN_AUTO, /* live on a terminal, else plain */
	SCREEN_LIVE,
	SCREEN_PLAIN, /* as text, once, at the end */
};

enum irqchip_mode {
	IRQCHIP_AUTO, /* for Linux, if the device has it */
	IRQCHIP_ON,
	IRQCHIP_OFF,
};

enum stats_mode { STATS_NONE, STATS_TABLE, STATS_JSON };

/**
 * struct run_options - what `ringlet run` was asked for
 * @engine: RINGLET_ENGINE_...; -1 if not given, or if @is_kvm
 * @has_engine: --engine was given
 * @is_kvm: --engine kvm: the host's own device
 * @cpu: the virtual CPU's model; NULL: the one that suits the engine
 * @memory: 0 if not given: DEFAULT_MEMORY, or LINUX_MEMORY for Linux
 * @timeout: seconds; 0 for none
 * @timer: timer interrupts a second; 0 for none
 * @serial: file for the serial port's output; NULL for the terminal, or for
 *	nowhere while @screen shows the guest's screen
 */
struct run_options {
	const char *device;
	int engine;
	bool has_engine;
	bool is_kvm;
	const char *engine_name;
	const char *cpu;
	uint64_t memory;
	enum image_format format;
	const char *kernel;
	const char *initrd;
	const char *append;
	enum irqchip_mode irqchip;
	enum screen_mode screen;
	enum stats_mode stats;
	double timeout;
	unsigned int timer;
	const char *until;
	const char *fail_on;
	const char *serial;
	bool debug_exit;
	bool debugcon;
	bool trace_ports;
	bool quiet;
};

/**
 * run_options_parse() - read the command line of `ringlet run`
 * @argv: from the word "run" on
 *
 * Prints help, usage and errors itself, and then exits: 0 after --help, 2 after
 * an error.
 */
void run_options_parse(int argc, char **argv, struct run_options *options);

/**
 * info_options_parse() - read the command line of `ringlet info`
 * @device: out: the device to look at
 */
void info_options_parse(int argc, char **argv, const char **device);

/**
 * parse_size() - a size such as 64M, 512k, 1G; a bare number counts MiB
 *
 * Return: false if it is none, or 0, or does not fit.
 */
bool parse_size(const char *text, uint64_t *size);

#endif /* RINGLET_TOOL_OPTIONS_H */
