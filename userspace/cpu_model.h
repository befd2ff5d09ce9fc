/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual CPUs that `ringlet run --cpu` names. A model is a 32-bit
 * processor that hangs together: what it says of itself, its features, its
 * caches. The guest gets of its features what the device supports.
 */
#ifndef RINGLET_TOOL_CPU_MODEL_H
#define RINGLET_TOOL_CPU_MODEL_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdio.h>

struct cpu_model;

/* What the device itself supports, as it says it: no model of ours. */
#define CPU_MODEL_HOST "host"
/* For guests whose CPUID is the virtual CPU's in every place that matters. */
#define CPU_MODEL_LINUX "coreduo"

/**
 * cpu_model_known() - whether there is a model of this name
 */
bool cpu_model_known(const char *name);

/**
 * cpu_model_find() - the model of this name; NULL for CPU_MODEL_HOST
 */
const struct cpu_model *cpu_model_find(const char *name);

/**
 * cpu_model_names() - "pentium3, ...", for sentences
 */
const char *cpu_model_names(void);

/**
 * cpu_model_list() - each model and its features, for people
 */
void cpu_model_list(FILE *file);

/**
 * cpu_model_apply() - the CPUID table of a guest
 * @model: which
 * @supported: what the device says by KVM_GET_SUPPORTED_CPUID
 * @tsc_khz: the guest's counter; 0 if unknown
 * @table: out: with room for CPU_MODEL_LEAVES; in order of their numbers
 */
#define CPU_MODEL_LEAVES 32
void cpu_model_apply(const struct cpu_model *model, const struct kvm_cpuid2 *supported,
		     unsigned int tsc_khz, struct kvm_cpuid2 *table);

#endif /* RINGLET_TOOL_CPU_MODEL_H */
