/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The statistics at the end of a run.
 */
#ifndef RINGLET_TOOL_STATS_H
#define RINGLET_TOOL_STATS_H

#include <stdio.h>

#include "options.h"
#include "vcpu.h"

/**
 * stats_print() - print what the module and the tool counted
 * @seconds: how long the guest ran
 *
 * The table has only what is not zero, largest first; JSON has all of it, on
 * one line.
 */
void stats_print(FILE *file, enum stats_mode mode, const struct vcpu *vcpu, double seconds);

#endif /* RINGLET_TOOL_STATS_H */
