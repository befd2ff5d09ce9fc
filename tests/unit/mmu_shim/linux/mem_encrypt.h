/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMU_SHIM_MEM_ENCRYPT_H
#define MMU_SHIM_MEM_ENCRYPT_H
#include "shim.h"
#endif
