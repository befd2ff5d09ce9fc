/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `ringlet run`.
 */
#ifndef RINGLET_TOOL_RUN_H
#define RINGLET_TOOL_RUN_H

#include "options.h"

/**
 * run() - run a guest from beginning to end
 *
 * Return: the exit status of the process.
 */
int run(const struct run_options *options);

#endif /* RINGLET_TOOL_RUN_H */
