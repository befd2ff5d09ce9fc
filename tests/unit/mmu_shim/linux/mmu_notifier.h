/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMU_SHIM_MMU_NOTIFIER_H
#define MMU_SHIM_MMU_NOTIFIER_H
#include "shim.h"
#endif
