# SPDX-License-Identifier: GPL-2.0-only
# The decoder's tests in userspace, built with sanitizers; the steps call this
# from the top of the checkout: make -f tests/unit/decode_tests.mk PROGRAM

# Absolute, as the steps name the programs by it.
OUT ?= $(CURDIR)/build
folder := $(OUT)/unit-decode

CFLAGS := -std=gnu11 -g -O2 -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Iinclude -Imodule -Itests/unit
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

decoder := $(wildcard module/decode/*.c)
headers := $(wildcard module/decode/*.h include/ringlet/*.h tests/unit/decode_*.h)
oracle := tests/unit/decode_oracle.c

all: $(folder)/decode_zydis $(folder)/decode_binaries $(folder)/fuzz_decode

$(folder)/%: tests/unit/%.c $(oracle) $(decoder) $(headers)
	@mkdir -p $(folder)
	gcc $(CFLAGS) $(SANITIZE) -o $@ $< $(oracle) $(decoder) -lZydis

$(folder)/fuzz_decode: tests/fuzz/fuzz_decode.c $(oracle) $(decoder) $(headers)
	@mkdir -p $(folder)
	clang $(CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $< $(oracle) $(decoder) -lZydis

.PHONY: all
