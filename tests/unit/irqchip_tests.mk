# SPDX-License-Identifier: GPL-2.0-only
# The suites of the irqchip's models in userspace, with sanitizers, and the fuzzers;
# a step calls this from the top of the checkout:
# make -f tests/unit/irqchip_tests.mk PROGRAM

OUT ?= build
folder := $(OUT)/unit-irqchip

CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-missing-field-initializers -Iinclude -Imodule -Itests/unit/shim
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

models := $(addprefix module/irqchip/, pic.c pit.c ioapic.c lapic.c lapic_timer.c)
suites := $(sort $(wildcard tests/kunit/irqchip_*_test.c))
headers := $(addprefix module/irqchip/, pic.h pit.h apic.h ioapic.h lapic.h lapic_internal.h) $(wildcard include/ringlet/*.h tests/unit/shim/kunit/*.h)

all: $(folder)/suites $(folder)/fuzz_irqchip $(folder)/fuzz_apic

$(folder)/suites: $(suites) tests/unit/shim/shim.c $(models) $(headers)
	@mkdir -p $(folder)
	gcc $(CFLAGS) $(SANITIZE) -o $@ $(filter %.c,$^)

$(folder)/fuzz_%: tests/fuzz/fuzz_%.c $(models) $(headers)
	@mkdir -p $(folder)
	clang $(CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter %.c,$^)

.PHONY: all
