// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs in KVM's lists. Called by device.c and vcpu.c (with vcpu->mutex held),
 * in process context, in the host world.
 */
#include <linux/kvm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "api/api.h"

/* KVM's bound: a list that is this long or longer is E2BIG. */
#define MSR_LIST_BOUND 256

long msr_get_index_list(struct kvm_msr_list __user *user)
{
	u32 capacity, count = 0;

	if (get_user(capacity, &user->nmsrs))
		return -EFAULT;
	while (cpu_msr_index(count))
		count++;
	if (put_user(count, &user->nmsrs))
		return -EFAULT;
	if (capacity < count)
		return -E2BIG;
	while (count--) {
		if (put_user(cpu_msr_index(count), &user->indices[count]))
			return -EFAULT;
	}
	return 0;
}

static struct kvm_msr_entry *read_entries(struct kvm_msrs __user *user, u32 *count)
{
	if (get_user(*count, &user->nmsrs))
		return ERR_PTR(-EFAULT);
	if (*count >= MSR_LIST_BOUND)
		return ERR_PTR(-E2BIG);
	return memdup_user(user->entries, *count * sizeof(struct kvm_msr_entry));
}

long msr_get(struct vcpu *vcpu, struct kvm_msrs __user *user)
{
	struct kvm_msr_entry *entries;
	long result;
	u32 count, done;

	entries = read_entries(user, &count);
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (done = 0; done < count; done++) {
		u64 value;

		if (!cpu_read_msr(&vcpu->cpu, entries[done].index, &value, true))
			break;
		entries[done].data = value;
	}
	result = done;
	if (copy_to_user(user->entries, entries, count * sizeof(*entries)))
		result = -EFAULT;
	kfree(entries);
	return result;
}

long msr_set(struct vcpu *vcpu, struct kvm_msrs __user *user)
{
	struct kvm_msr_entry *entries;
	u32 count, done;

	entries = read_entries(user, &count);
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (done = 0; done < count; done++) {
		u64 value = entries[done].data;

		if (entries[done].index == MSR_IA32_TSC)
			clock_write_tsc_by_client(vcpu, value);
		else if (!cpu_write_msr(&vcpu->cpu, entries[done].index, value, true))
			break;
	}
	if (done)
		vcpu_state_replaced(vcpu);
	kfree(entries);
	return done;
}
