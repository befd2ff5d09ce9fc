# SPDX-License-Identifier: GPL-2.0-only
# The commands of this project; `make help` lists them. The module's objects
# are listed in Kbuild.

TOP := $(CURDIR)
OUT := $(TOP)/build

# Debian 12's stock kernel is what the disposable host boots. To build for the
# machine that you sit at: make KDIR=/lib/modules/$(uname -r)/build
ifndef KDIR
KDIR := $(lastword $(shell ls -d /usr/src/linux-headers-6.1.*[0-9]-amd64 2>/dev/null | sort -V))
endif

CC ?= gcc
TOOL_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	-pthread -Iinclude -Iinclude/uapi -Iuserspace -Imodule
TOOL_LDFLAGS := -static -pthread
TOOL_LDLIBS := -ljansson

PREFIX ?= /usr/local
KERNEL_RELEASE = $(shell $(MAKE) -s -C $(KDIR) kernelrelease)

.PHONY: all module tool selftests guests bench-programs tests sparse clean help setup check check-fast \
	demo demo-command demo-memtest demo-installer bench soak install uninstall

all: module tool

# --- the module
# One lock for all builds in place: two at a time would overwrite each other.
kbuild = flock $(OUT)/.kbuild.lock $(MAKE) -C $(KDIR) M=$(TOP) W=1

module: | $(OUT)
	@test -d "$(KDIR)" || { echo "make: no kernel headers found; run scripts/setup, or give KDIR=" >&2; exit 1; }
	$(kbuild) modules

sparse: | $(OUT)
	$(kbuild) C=2 modules

# --- the tool
tool-sources := $(sort $(wildcard userspace/*.c))
tool-objects := $(patsubst userspace/%.c,$(OUT)/userspace/%.o,$(tool-sources))

# The pure decoder, which `ringlet compare` names instructions with.
tool-objects += $(patsubst module/decode/%.c,$(OUT)/userspace/decode/%.o,$(sort $(wildcard module/decode/*.c)))

$(OUT)/userspace/decode/%.o: module/decode/%.c Makefile | $(OUT)/userspace/decode
	$(CC) $(TOOL_CFLAGS) -Wno-missing-field-initializers -MMD -MP -c -o $@ $<

tool: $(if $(tool-sources),$(OUT)/ringlet)

# The probe guest of `ringlet holes`, a 32-bit kernel inside the tool.
PROBE_CFLAGS := -m32 -march=i686 -O2 -g0 -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-pic \
	-fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-strict-aliasing -mno-sse -mno-mmx -mno-80387
probe-objects := $(OUT)/userspace/probe/start.o $(OUT)/userspace/probe/main.o

$(OUT)/userspace/probe/%.o: userspace/probe/%.c userspace/probe/probe.h userspace/probe/list.h Makefile | $(OUT)/userspace/probe
	$(CC) $(PROBE_CFLAGS) -c -o $@ $<

$(OUT)/userspace/probe/%.o: userspace/probe/%.S userspace/probe/probe.h Makefile | $(OUT)/userspace/probe
	$(CC) $(PROBE_CFLAGS) -c -o $@ $<

$(OUT)/probe.elf: $(probe-objects) userspace/probe/probe.ld
	$(LD) -m elf_i386 -T userspace/probe/probe.ld -nostdlib --no-warn-rwx-segments -s -o $@ $(probe-objects)

# As data: _binary_probe_elf_start and _binary_probe_elf_end.
$(OUT)/userspace/probe/blob.o: $(OUT)/probe.elf
	cd $(OUT) && $(LD) -m elf_x86_64 -r -b binary -z noexecstack -o userspace/probe/blob.o probe.elf

tool-objects += $(OUT)/userspace/probe/blob.o

$(OUT)/ringlet: $(tool-objects)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^ $(TOOL_LDLIBS)

$(OUT)/userspace/%.o: userspace/%.c Makefile | $(OUT)/userspace
	$(CC) $(TOOL_CFLAGS) -MMD -MP -c -o $@ $<

# --- programs that test the ioctl interface: each tests/selftests/NAME.c is a
# program; tests/selftests/lib/*.c is linked into all of them.
selftest-programs := $(patsubst tests/selftests/%.c,$(OUT)/selftests/%,$(sort $(wildcard tests/selftests/*.c)))
selftest-objects := $(patsubst tests/selftests/lib/%.c,$(OUT)/selftests/lib/%.o,$(sort $(wildcard tests/selftests/lib/*.c)))
SELFTEST_CFLAGS := $(TOOL_CFLAGS) -Itests/selftests -Itests/selftests/lib -Itests/kunit -Imodule

selftests: $(selftest-programs)

$(OUT)/selftests/%: $(OUT)/selftests/%.o $(selftest-objects)
	$(CC) $(TOOL_LDFLAGS) -o $@ $^

$(OUT)/selftests/%.o: tests/selftests/%.c Makefile | $(OUT)/selftests/lib
	$(CC) $(SELFTEST_CFLAGS) -MMD -MP -c -o $@ $<

# --- guest images: ours, memtest86+ and Linux as Debian ships them. Linux stays
# in the cache: scripts/guest-linux prints where.
guests: $(OUT)/guests/memtest.bin
	@scripts/guest-linux 686-pae kernel >/dev/null
	@scripts/guest-linux 686 kernel >/dev/null
	@scripts/guest-linux 686-pae initrd >/dev/null
	$(if $(wildcard tests/guests/Makefile),$(MAKE) -C tests/guests OUT=$(OUT)/guests)

$(OUT)/guests/memtest.bin: | $(OUT)/guests
	cp "$$(scripts/debian-package memtest86+)/boot/memtest86+ia32.bin" $@

# --- programs that measure; they have the machine of the selftests
bench-programs: $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(wildcard tests/bench/*.c)) \
	$(OUT)/bench/count_exits.so

$(OUT)/bench/count_exits.so: tests/bench/lib/count_exits.c Makefile | $(OUT)/bench
	$(CC) $(SELFTEST_CFLAGS) -shared -fPIC -o $@ $<

$(OUT)/bench/%: tests/bench/%.c $(selftest-objects) Makefile | $(OUT)/bench
	$(CC) $(SELFTEST_CFLAGS) $(TOOL_LDFLAGS) -o $@ $< $(selftest-objects)

tests: guests selftests

# --- running things
setup:
	scripts/setup

check: setup
	scripts/check full

check-fast: setup
	scripts/check fast

demo: setup
	scripts/demo

# Ends with an error unless the command ends well.
DEMO_COMMAND ?= uname -a
demo-command: export RINGLET_DEMO_COMMAND = $(value DEMO_COMMAND)
demo-command: setup
	@scripts/demo --run "$$RINGLET_DEMO_COMMAND"

demo-memtest: setup
	scripts/demo-memtest

demo-installer: setup
	scripts/demo-installer

bench: setup
	scripts/bench

# Two Linux guests at once for SOAK_SECONDS (1800); judged at the end.
soak: setup all
	tests/linux/soak

# --- installing
install: all
	install -d $(DESTDIR)/lib/modules/$(KERNEL_RELEASE)/updates
	install -m 644 ringlet.ko $(DESTDIR)/lib/modules/$(KERNEL_RELEASE)/updates/
	$(if $(DESTDIR),,depmod $(KERNEL_RELEASE))
	$(if $(tool-sources),install -D -m 755 $(OUT)/ringlet $(DESTDIR)$(PREFIX)/bin/ringlet)
	$(if $(wildcard userspace/ringlet.1),install -D -m 644 userspace/ringlet.1 $(DESTDIR)$(PREFIX)/share/man/man1/ringlet.1)
	install -D -m 644 scripts/60-ringlet.rules $(DESTDIR)/etc/udev/rules.d/60-ringlet.rules

uninstall:
	rm -f $(DESTDIR)/lib/modules/$(KERNEL_RELEASE)/updates/ringlet.ko \
		$(DESTDIR)$(PREFIX)/bin/ringlet $(DESTDIR)$(PREFIX)/share/man/man1/ringlet.1 \
		$(DESTDIR)/etc/udev/rules.d/60-ringlet.rules
	$(if $(DESTDIR),,depmod $(KERNEL_RELEASE))

clean:
	$(if $(wildcard $(KDIR)),$(MAKE) -C $(KDIR) M=$(TOP) clean)
	rm -rf $(OUT)

$(OUT) $(OUT)/bench $(OUT)/guests $(OUT)/userspace $(OUT)/userspace/decode $(OUT)/userspace/probe $(OUT)/selftests/lib:
	mkdir -p $@

help:
	@echo 'make             build ringlet.ko and the tool (build/ringlet)'
	@echo 'make demo        from a fresh machine to a shell of Debian'"'"'s Linux for i386'
	@echo 'make demo-command DEMO_COMMAND="uname -a"   runs that in it, and ends'
	@echo 'make demo-memtest   memtest86+ in ring 1, one pass'
	@echo 'make demo-installer Debian'"'"'s installer for i386, to its first question'
	@echo 'make check       all tests; the last line is "N passed, N failed"'
	@echo 'make check-fast  the tests without the debug kernel and Bochs'
	@echo 'make bench       the figures, counted in instructions'
	@echo 'make soak        two Linux guests at once under load for half an hour (SOAK_SECONDS=1800)'
	@echo 'make tests       build the test guests and the selftests'
	@echo 'make sparse      the module under sparse'
	@echo 'make setup       install what is missing from Debian'
	@echo 'make install     module, tool, man page, udev rule (root; DESTDIR and PREFIX work)'
	@echo 'make uninstall   take them away again'
	@echo 'make clean       remove what was built here (the cache of kernels stays)'
	@echo
	@echo 'KDIR=DIR         build the module for another kernel; now: $(KDIR)'
	@echo 'scripts/host-vm  runs a command in a disposable host with the module loaded;'
	@echo '                 see scripts/host-vm --help'

-include $(wildcard $(OUT)/userspace/*.d $(OUT)/selftests/*.d $(OUT)/selftests/lib/*.d)
