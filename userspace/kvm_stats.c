// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads KVM's binary statistics: a header, descriptors with names, and values
 * that change. Called by the statistics of `ringlet run` and by `ringlet holes`.
 */
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm_stats.h"

static bool read_at(int file, void *to, size_t bytes, uint64_t offset)
{
	return pread(file, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

/* One descriptor is struct kvm_stats_desc with name_size bytes of name. */
static bool read_descriptors(struct kvm_stats *stats, const struct kvm_stats_header *header)
{
	const size_t size = sizeof(struct kvm_stats_desc) + header->name_size;
	struct kvm_stats_desc *descriptor;
	bool good = true;

	if (header->name_size > 4096)
		return false;
	descriptor = calloc(1, size + 1);
	if (!descriptor)
		return false;
	for (unsigned int i = 0; good && i < header->num_desc && i < KVM_STATS_MAX; i++) {
		good = read_at(stats->file, descriptor, size, header->desc_offset + i * size);
		if (!good)
			break;
		strncpy(stats->item[i].name, descriptor->name, KVM_STATS_NAME_MAX - 1);
		stats->item[i].offset = descriptor->offset;
		stats->item[i].is_count = (descriptor->flags & KVM_STATS_TYPE_MASK) ==
						  KVM_STATS_TYPE_CUMULATIVE &&
					  descriptor->size == 1;
		stats->count = i + 1;
	}
	free(descriptor);
	return good;
}

bool kvm_stats_open(struct kvm_stats *stats, int vcpu)
{
	struct kvm_stats_header header;

	memset(stats, 0, sizeof(*stats));
	stats->file = ioctl(vcpu, KVM_GET_STATS_FD, 0);
	if (stats->file < 0)
		return false;
	if (read_at(stats->file, &header, sizeof(header), 0)) {
		stats->data_offset = header.data_offset;
		if (read_descriptors(stats, &header))
			return true;
	}
	kvm_stats_close(stats);
	return false;
}

void kvm_stats_close(struct kvm_stats *stats)
{
	if (stats->file >= 0)
		close(stats->file);
	stats->file = -1;
	stats->count = 0;
}

uint64_t kvm_stats_value(const struct kvm_stats *stats, unsigned int item)
{
	uint64_t value;

	if (item >= stats->count || !read_at(stats->file, &value, sizeof(value),
					     stats->data_offset + stats->item[item].offset))
		return 0;
	return value;
}

int kvm_stats_find(const struct kvm_stats *stats, const char *name)
{
	for (unsigned int i = 0; i < stats->count; i++)
		if (!strcmp(stats->item[i].name, name))
			return (int)i;
	return -1;
}
