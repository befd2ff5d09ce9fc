# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# TAP for test steps written in bash. Source it, call the functions below, end
# with tap_end. RINGLET_TOP, RINGLET_OUT and RINGLET_CACHE are set, also when a
# step is started by hand.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
cd "$RINGLET_TOP" || exit 1

tap_number=0
tap_failed=0
tap_scratch=$(mktemp -d)
trap 'rm -rf "$tap_scratch"' EXIT

# tap_result STATUS NAME: one result; 0 is good.
tap_result() {
	tap_number=$((tap_number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_number - $2"
	else
		echo "not ok $tap_number - $2"
		tap_failed=1
	fi
}

# tap_run NAME COMMAND...: good if COMMAND succeeds; its output is shown if not.
tap_run() {
	local name=$1 status=0
	shift
	"$@" >"$tap_scratch/output" 2>&1 </dev/null || status=$?
	tap_result "$status" "$name"
	[ "$status" = 0 ] || { echo "# status $status: $*"; tail -n 40 "$tap_scratch/output" | sed 's/^/# /'; }
}

# tap_expect NAME STATUS COMMAND...: good if COMMAND ends with that STATUS. Its
# output is left in $tap_scratch/output for tap_saw.
tap_expect() {
	local name=$1 wanted=$2 status=0
	shift 2
	"$@" >"$tap_scratch/output" 2>&1 </dev/null || status=$?
	if [ "$status" = "$wanted" ]; then
		tap_result 0 "$name"
	else
		tap_result 1 "$name"
		echo "# status $status instead of $wanted: $*"
		tail -n 40 "$tap_scratch/output" | sed 's/^/# /'
	fi
}

# tap_saw NAME PATTERN: good if the last tap_expect printed a line like that.
tap_saw() {
	local status=0
	grep -qE -- "$2" "$tap_scratch/output" || status=1
	tap_result "$status" "$1"
	[ "$status" = 0 ] || { echo "# no line like: $2"; tail -n 20 "$tap_scratch/output" | sed 's/^/# /'; }
}

# tap_none NAME <COMPLAINTS: good if standard input is empty. Not at the end of
# a pipe, where bash would count in a process of its own.
tap_none() {
	local status=0
	cat >"$tap_scratch/complaints"
	[ ! -s "$tap_scratch/complaints" ] || status=1
	tap_result "$status" "$1"
	[ "$status" = 0 ] || head -n 40 "$tap_scratch/complaints" | sed 's/^/# /'
}

# tap_program COMMAND...: renumber the results of a program that prints TAP; one
# more for its end.
tap_program() {
	local status=0 planned=0 seen=0 line
	"$@" >"$tap_scratch/tap" 2>&1 </dev/null || status=$?
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		1..*) planned=${line#1..} ;;
		"ok "*) seen=$((seen + 1)) && tap_result 0 "${line#*- }" ;;
		"not ok "*) seen=$((seen + 1)) && tap_result 1 "${line#*- }" ;;
		*) echo "# ${line#\# }" ;;
		esac
	done <"$tap_scratch/tap"
	[ "$seen" -gt 0 ] && [ "$seen" = "$planned" ] || status=1
	tap_result "$status" "$(basename "$1") ends well after all $planned results"
}

# tap_end: the plan, and the step's status.
tap_end() {
	echo "1..$tap_number"
	exit "$tap_failed"
}

# tap_host NAME [HOST-VM-OPTION...] -- COMMAND...: good if COMMAND succeeds in a
# disposable host.
tap_host() {
	local name=$1
	shift
	tap_run "$name" scripts/host-vm "$@"
}

# The CPU models that the host tests cover: with everything that the emulator
# has (AMD's rules), the oldest, one of each vendor, and Intel's rules with
# everything.
tap_cpu_models=(max qemu64 EPYC Skylake-Client "max,vendor=GenuineIntel")

# tap_models NAME [HOST-VM-OPTION...] -- COMMAND...: the same on each of them.
tap_models() {
	local name=$1 model
	shift
	for model in "${tap_cpu_models[@]}"; do
		tap_run "$name, $model" scripts/host-vm --cpu "$model" "$@"
	done
}
