# SPDX-License-Identifier: GPL-2.0-only
# The virtual CPU's suites in userspace, built with sanitizers, and the fuzzer;
# the steps call this from the top of the checkout:
# make -f tests/unit/cpu_tests.mk PROGRAM

OUT ?= build
folder := $(OUT)/unit-cpu

CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-missing-field-initializers -Iinclude -Imodule -Itests/unit -Itests/unit/shim
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

rules := $(wildcard module/cpu/*.c)
suites := $(sort $(wildcard tests/kunit/cpu_*_test.c))
harness := tests/unit/fake_bus.c
headers := $(wildcard module/cpu/*.h include/ringlet/*.h tests/kunit/cpu_*.h tests/unit/fake_bus.h \
	tests/unit/shim/kunit/*.h)

all: $(folder)/suites $(folder)/fuzz_cpu_deliver $(folder)/native

$(folder)/suites: $(suites) tests/unit/shim/shim.c $(harness) $(rules) $(headers)
	@mkdir -p $(folder)
	gcc $(CFLAGS) $(SANITIZE) -o $@ $(filter %.c,$^)

$(folder)/fuzz_cpu_deliver: tests/fuzz/fuzz_cpu_deliver.c $(harness) $(rules) $(headers)
	@mkdir -p $(folder)
	clang $(CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^)

# 32-bit code, as the guests' is; ASan would want its own addresses.
$(folder)/native: tests/unit/cpu_native.c $(harness) $(rules) $(headers)
	@mkdir -p $(folder)
	gcc -m32 -no-pie -fno-pic $(CFLAGS) -fsanitize=undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^)

.PHONY: all
