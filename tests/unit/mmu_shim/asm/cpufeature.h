/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMU_SHIM_ASM_CPUFEATURE_H
#define MMU_SHIM_ASM_CPUFEATURE_H
#include "shim.h"
#endif
