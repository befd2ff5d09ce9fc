/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMU_SHIM_MM_TYPES_H
#define MMU_SHIM_MM_TYPES_H
#include "shim.h"
#endif
