// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics at the end of a run: what the module counted goes to the table
 * and to JSON, each number once and each group in one piece.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "tool_test.h"

static struct ringlet_statistics counted;
static bool is_ours;

bool vm_statistics(const struct vm *vm, struct ringlet_statistics *statistics)
{
	(void)vm;
	*statistics = counted;
	return is_ours;
}

const char *exit_reason_name(unsigned int reason)
{
	return reason == KVM_EXIT_IO ? "port access" : NULL;
}

static char *print(enum stats_mode mode, double seconds)
{
	static struct machine machine;
	struct vm vm = { .vcpu = -1 };
	struct vcpu vcpu = { .machine = &machine, .vm = &vm };
	size_t size;
	char *text;
	FILE *file = open_memstream(&text, &size);

	vcpu.exits[KVM_EXIT_IO] = 1234;
	vcpu.exits[17] = 5;
	machine.bus.unclaimed = 77;
	stats_print(file, mode, &vcpu, seconds);
	fclose(file);
	return text;
}

/* Every member a number of its own: 1, 2, 3... */
static void count_everything(void)
{
	__u64 *members = (__u64 *)&counted;

	for (size_t i = 0; i < sizeof(counted) / sizeof(*members); i++)
		members[i] = 1000000 + i;
}

static void test_table(void)
{
	char *text, *line, *rest, *groups[32];
	unsigned int count = 0;

	memset(&counted, 0, sizeof(counted));
	is_ours = true;
	counted.exits[13] = 40;
	counted.exits[14] = 50;
	counted.exits[20] = 3;
	counted.shadow_pages = 9;
	text = print(STATS_TABLE, 2);
	begin_test();
	CHECK(strstr(text, "exits\n  #PF page fault                           50           25/s\n"
			   "  #GP protection                           40           20/s\n"
			   "  reason 20                                 3            2/s\n"));
	CHECK(strstr(text, "memory\n  shadow pages now                          9\n"));
	CHECK(strstr(text, "  port access                            1234          617/s\n"));
	CHECK(strstr(text, "  reason 17                                 5"));
	CHECK(!strstr(text, "CLI") && !strstr(text, " 0\n") && !strstr(text, "emulated"));
	end_test("the table has what is not zero, largest first, with rates of counts");
	free(text);

	count_everything();
	text = print(STATS_TABLE, 0);
	begin_test();
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (*line == ' ')
			continue;
		for (unsigned int i = 0; i < count; i++)
			CHECK(strcmp(groups[i], line));
		if (count < 32)
			groups[count++] = line;
	}
	CHECK(count > 5);
	end_test("no group comes twice");
	free(text);
}

static void test_json(void)
{
	const char *group_name, *name;
	json_t *root, *group, *value;
	unsigned int numbers = 0;
	char *text;

	count_everything();
	text = print(STATS_JSON, 1.5);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	begin_test();
	CHECK(root);
	CHECK(strchr(text, '\n') == text + strlen(text) - 1);
	CHECK(json_real_value(json_object_get(root, "seconds")) == 1.5);
	group = json_object_get(root, "exits");
	CHECK_EQUAL(json_integer_value(json_object_get(group, "#PF page fault")), 1000014);
	group = json_object_get(root, "returns to the tool");
	CHECK_EQUAL(json_integer_value(json_object_get(group, "port access")), 1234);
	end_test("JSON is one line with everything");

	begin_test();
	json_object_foreach(root, group_name, group)
	{
		json_object_foreach(group, name, value)
			numbers += json_integer_value(value) >= 1000000;
	}
	/* The reserved members are not shown. */
	CHECK_EQUAL(numbers, (sizeof(counted) - sizeof(counted.reserved)) / sizeof(__u64));
	end_test("each number of the module's is there once");
	json_decref(root);
	free(text);

	is_ours = false;
	text = print(STATS_JSON, 1);
	begin_test();
	CHECK(!strstr(text, "exits") && strstr(text, "\"port access\":1234"));
	end_test("on another device only what the tool counted is there");
	free(text);

	text = print(STATS_TABLE, 1);
	begin_test();
	CHECK(strstr(text, "kvm\n  this kernel's KVM has no binary statistics\n"));
	end_test("and the table says that KVM has counted nothing");
	free(text);
}

int main(void)
{
	test_table();
	test_json();
	return end_tests();
}
