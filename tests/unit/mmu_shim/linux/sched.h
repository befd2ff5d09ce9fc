/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMU_SHIM_SCHED_H
#define MMU_SHIM_SCHED_H
#include "shim.h"
#endif
