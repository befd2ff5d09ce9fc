# SPDX-License-Identifier: GPL-2.0-only
# The interpreter's tests in userspace; the steps call this from the top of the
# checkout: make -f tests/unit/interpret_tests.mk PROGRAM

OUT ?= build
folder := $(OUT)/unit/interpret

# The core's steps end in jumps to each other, so the optimiser is not optional,
# and they push flags below the stack pointer, as the kernel's do.
CFLAGS := -std=gnu11 -g -O2 -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-missing-field-initializers -Wno-unused-parameter \
	-mno-red-zone -fno-strict-aliasing -foptimize-sibling-calls \
	-Iinclude -Imodule -Itests/unit
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

pure := $(wildcard module/interpret/*.c module/emulate/*.c module/cpu/*.c module/decode/*.c)
harness := tests/unit/fake_bus.c tests/unit/interpret_machine.c
headers := $(wildcard module/interpret/*.h module/emulate/*.h module/cpu/*.h module/decode/*.h \
	include/ringlet/*.h tests/unit/fake_bus.h tests/unit/interpret_*.h)

all: $(folder)/lockstep $(folder)/lockstep_checked $(folder)/tlb $(folder)/oracle

$(folder)/lockstep: tests/unit/interpret_lockstep.c $(harness) $(pure) $(headers)
	@mkdir -p $(folder)
	gcc $(CFLAGS) -o $@ $(filter %.c,$^)

$(folder)/lockstep_checked: tests/unit/interpret_lockstep.c $(harness) $(pure) $(headers)
	@mkdir -p $(folder)
	gcc $(CFLAGS) $(SANITIZE) -o $@ $(filter %.c,$^)

$(folder)/tlb: tests/unit/interpret_tlb.c tests/unit/fake_bus.c $(pure) $(headers)
	@mkdir -p $(folder)
	gcc $(CFLAGS) $(SANITIZE) -o $@ $(filter %.c,$^)

# Reads the log of the emulator's oracle, which is 32-bit code.
$(folder)/oracle: tests/unit/interpret_oracle.c tests/unit/oracle_cpu.c $(pure) $(headers) \
		tests/unit/oracle_log.h tests/unit/emulate_generate.h tests/unit/emulate_native.h
	@mkdir -p $(folder)
	gcc $(CFLAGS) -o $@ $(filter %.c,$^)

# The userspace PC: with the tool's devices and loaders, and the module's models.
pc := tests/unit/interpret_pc.c tests/unit/interpret_native.c \
	module/mmu/walk.c module/irqchip/pic.c module/irqchip/pit.c \
	$(addprefix userspace/, load.c load_bzimage.c load_multiboot.c load_elf.c load_flat.c load_initrd.c \
	guest_memory.c memory_map.c message.c ports.c device_serial.c device_cmos.c \
	device_keyboard.c device_reset.c)

$(folder)/boot: tests/unit/interpret_boot.c $(pc) $(pure) $(headers) tests/unit/interpret_pc.h
	@mkdir -p $(folder)
	gcc $(CFLAGS) -Iuserspace -o $@ $(filter %.c,$^)

.PHONY: all
