/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The statistics that the host's KVM counts for a vCPU, through the file that
 * KVM_GET_STATS_FD gives (Linux 5.14 and later).
 */
#ifndef RINGLET_TOOL_KVM_STATS_H
#define RINGLET_TOOL_KVM_STATS_H

#include <stdbool.h>
#include <stdint.h>

#define KVM_STATS_MAX	   256
#define KVM_STATS_NAME_MAX 64

/**
 * struct kvm_stats - the names, read once, and where the values are
 * @file: -1 if this KVM has none
 */
struct kvm_stats {
	int file;
	uint64_t data_offset;
	unsigned int count;
	struct {
		char name[KVM_STATS_NAME_MAX];
		uint32_t offset;
		bool is_count; /* a cumulative count, not a gauge or a histogram */
	} item[KVM_STATS_MAX];
};

/**
 * kvm_stats_open() - read the descriptors
 * @vcpu: the vCPU's file
 *
 * Return: false if there are none; kvm_stats_close() is fine all the same.
 */
bool kvm_stats_open(struct kvm_stats *stats, int vcpu);
void kvm_stats_close(struct kvm_stats *stats);

/**
 * kvm_stats_value() - the present value of an item
 */
uint64_t kvm_stats_value(const struct kvm_stats *stats, unsigned int item);

/**
 * kvm_stats_find() - the item of that name, or -1
 */
int kvm_stats_find(const struct kvm_stats *stats, const char *name);

#endif /* RINGLET_TOOL_KVM_STATS_H */
