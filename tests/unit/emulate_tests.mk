# SPDX-License-Identifier: GPL-2.0-only
# The emulator's suites in userspace, built with sanitizers, and the fuzzer;
# the steps call this from the top of the checkout:
# make -f tests/unit/emulate_tests.mk PROGRAM

OUT ?= build
folder := $(OUT)/unit/emulate

CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-missing-field-initializers -Wno-unused-parameter \
	-Iinclude -Imodule -Itests/unit -Itests/unit/shim
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

pure := $(wildcard module/emulate/*.c module/cpu/*.c module/decode/*.c)
suites := $(sort $(wildcard tests/kunit/emulate_*test.c))
harness := tests/unit/fake_bus.c
headers := $(wildcard module/emulate/*.h module/cpu/*.h module/decode/*.h include/ringlet/*.h \
	tests/kunit/*_test.h tests/unit/fake_bus.h tests/unit/shim/kunit/*.h)

all: $(folder)/suites $(folder)/fuzz_emulate

$(folder)/suites: $(suites) tests/unit/shim/shim.c $(harness) $(pure) $(headers)
	@mkdir -p $(folder)
	gcc $(CFLAGS) $(SANITIZE) -o $@ $(filter %.c,$^)

$(folder)/fuzz_emulate: tests/fuzz/fuzz_emulate.c $(harness) $(pure) $(headers)
	@mkdir -p $(folder)
	clang $(CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^)

.PHONY: all
