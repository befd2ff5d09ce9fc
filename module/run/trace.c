// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bodies of the tracepoints that trace.h declares. Runs in the host world.
 */
#define CREATE_TRACE_POINTS
#include "run/trace.h"
