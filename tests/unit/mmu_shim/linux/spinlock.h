/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMU_SHIM_SPINLOCK_H
#define MMU_SHIM_SPINLOCK_H
#include "shim.h"
#endif
