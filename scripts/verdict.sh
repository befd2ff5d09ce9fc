# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How a run of a disposable host is judged by its kernel's messages. Sourced by
# scripts/host-vm and scripts/bochs-vm after scripts/lib.sh. A command that
# succeeds on a host whose kernel found a bug has failed.

# What a kernel prints when it finds a bug. Lines that only begin like one (the
# warnings about speculation at boot) do not count.
verdict_splats='\] (BUG|WARNING|INFO|Oops|UBSAN|KASAN|KFENCE|general protection fault|invalid opcode|kernel BUG)[: ]'
verdict_splats+='|BUG:|KASAN:|UBSAN:|Oops:|Call Trace:|Kernel panic|possible circular|unreferenced object'
verdict_splats+='|rcu: INFO|soft lockup|hard LOCKUP|scheduling while atomic|PANIC:|Attempted to kill init'

# verdict_show FILE LINES: the last LINES of what the kernel said, on stderr.
verdict_show() {
	say "the kernel said:"
	tail -n "$2" "$1" | sed 's/^/  /' >&2
}

# verdict_read LOG: read the kernel's messages. Sets verdict_log, a cleaned copy
# in the scratch folder, and verdict_status, the command's status or nothing.
verdict_read() {
	# shellcheck disable=SC2154 # scratch: a folder that the caller has made
	verdict_log=$scratch/clean.log
	tr -d '\r' <"$1" >"$verdict_log"
	verdict_status=$(sed -n 's/.*ringlet-host: status \([0-9]*\)$/\1/p' "$verdict_log" | tail -n 1)
}

# verdict_splat EXPECTED: end with 125 if there is a splat that was not
# EXPECTED, or none that was.
verdict_splat() {
	local line
	line=$(awk -v splats="$verdict_splats" '$0 ~ splats { print NR; exit }' "$verdict_log")
	if [ -n "$1" ]; then
		[ -n "$line" ] || die 125 "a kernel splat was expected and none came"
	elif [ -n "$line" ]; then
		sed -n "$((line > 5 ? line - 5 : 1)),$((line + 60))p" "$verdict_log" >"$scratch/splat"
		verdict_show "$scratch/splat" 70
		die 125 "the host's kernel reported a bug"
	fi
}

# verdict_end: end with the command's status.
verdict_end() {
	if [ "$verdict_status" = 123 ]; then
		verdict_show "$verdict_log" 15
		say "status 123: the module did not load"
	elif [ "$verdict_status" != 0 ] && [ -z "$verbose" ]; then
		sed '1,/ringlet-host: running/d; /ringlet-host: status/,$d' "$verdict_log" >"$scratch/tail"
		[ ! -s "$scratch/tail" ] || verdict_show "$scratch/tail" 40
	fi
	exit "$verdict_status"
}
