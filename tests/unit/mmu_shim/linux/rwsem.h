/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMU_SHIM_RWSEM_H
#define MMU_SHIM_RWSEM_H
#include "shim.h"
#endif
