#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool from end to end, in a disposable host: runs tool_guest on a device and
# judges exit statuses and what was printed. Prints TAP.
#
# usage: tool_run.sh DEVICE GUEST
# RINGLET may name another build of the tool.
tool=${RINGLET:-ringlet}
device=$1
guest=$2
number=0
failed=0
scratch=$(mktemp -d)

result() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $device: $2"
	else
		echo "not ok $number - $device: $2"
		sed 's/^/# /' "$scratch/out" "$scratch/err" | tail -n 30
		failed=1
	fi
}

# run LETTER OPTION...: standard input is empty
run() {
	letter=$1
	shift
	"$tool" run --device "$device" --kernel "$guest" --memory 2M --append "$letter" \
		--debug-exit --debugcon --timeout 20 "$@" \
		</dev/null >"$scratch/out" 2>"$scratch/err"
}

# expect NAME STATUS LETTER OPTION...
expect() {
	name=$1
	wanted=$2
	shift 2
	run "$@"
	status=$?
	[ "$status" = "$wanted" ] || echo "# status $status instead of $wanted"
	[ "$status" = "$wanted" ]
	result $? "$name"
}

# saw NAME FILE PATTERN: about the last run
saw() {
	grep -q -- "$3" "$scratch/$2"
	result $? "$1"
}

expect 'port F4h ends the run with its value' 42 a
saw 'and says so' err 'the guest ended with status 42 (after'
run a --quiet
[ ! -s "$scratch/err" ]
result $? '--quiet says nothing'

expect 'a guest that halts has ended' 0 b
saw 'its serial port is standard output' out '^hello from the guest'
saw 'the halt is explained' err 'the guest halted with interrupts off at 0x'
expect '--serial writes to a file' 0 b --serial "$scratch/serial"
grep -q hello "$scratch/serial" && ! grep -q hello "$scratch/out"
result $? 'and not to standard output'

expect '--until ends the run when the screen matches' 0 c \
	--until 'Pass: +[1-9][0-9]* +Errors: 0 *$' --fail-on 'Errors: +[1-9]' --screen=plain
saw 'the screen is printed at the end' out 'Pass:  1        Errors: 0$'
expect '--fail-on ends it with status 1' 1 l \
	--until 'Pass: +[1-9][0-9]* +Errors: 0 *$' --fail-on 'Errors: +[1-9]'
expect '--until looks at the serial port too' 0 b --until '^hello'
expect '--fail-on sees the last words before a reset' 1 m --fail-on panic
expect 'a reset before --until matched is a failure' 1 f --until never
expect '--screen=live paints it' 0 c --screen=live --until 'Pass:  1'
saw 'with colours' out "$(printf '\033')\\[37;44mUsing: Core #0"
saw 'and leaves the terminal as text' out "$(printf '\033')\\[?1049l *Using\|^Using: Core #0"

expect 'a triple fault is status 3' 3 d
saw 'it is explained' err 'the guest crashed: a triple fault at 0x'
saw 'with registers' err '^eip [0-9a-f]\{8\} eflags'
expect 'a reset by the keyboard controller ends the run' 0 f
saw 'and names the port' err 'the guest reset the machine by the keyboard controller (port 64h)'

expect 'switching off by ACPI ends the run' 0 o
saw 'and says so' err 'the guest switched the machine off'
expect 'a Linux that panics is status 4' 4 p
saw 'with the reason' err "the guest's kernel panicked: a test"
expect 'so is one that resets then' 4 q --serial "$scratch/serial"
saw 'its last lines are printed when they went elsewhere' err '^\[    1.0\] Kernel panic'
expect 'a triple fault by which Linux restarts is a reset' 0 r
saw 'and named' err 'the guest reset the machine by a triple fault'

expect 'serial port and keyboard interrupt' 12 s --irqchip on
expect 'without interrupt controllers they cannot' 124 s --irqchip off --timeout 1
expect 'a vCPU that the device halts for ever is noticed' 0 b --irqchip on
saw 'and explained' err 'the guest halted with interrupts off at 0x'
expect '--timeout ends one that the device halts' 124 h --irqchip on --timeout 1

expect 'OUTS and INS with a count' 7 g
saw 'all characters arrive' out '^a string by OUTS$'
expect 'memory of no device reads ones' 8 i
expect 'the entry state is as the boot protocols say' 9 j
# PUSHF and MOV from CS do not trap in ring 1: the engine `trap` shows the host's.
[ "$device" = /dev/ringlet ] || expect 'flags and selectors too' 11 n

expect '--timeout ends a guest that spins' 124 e --timeout 0.5
expect '--timeout ends a guest that waits' 124 h --timeout 0.5
saw 'and says so' err 'the time given by --timeout is over'

run e --timeout 0.5 --stats
grep -q '^returns to the tool' "$scratch/out"
result $? '--stats prints a table'
run a --stats=json
tail -n 1 "$scratch/out" | grep -q '^{"seconds":.*"port access":1[,}].*}$'
result $? '--stats=json prints one line, with one port access'
run a --trace-ports
grep -q '^out 00f4 2a debug exit' "$scratch/err"
result $? '--trace-ports names the access'

printf 'abcq' | "$tool" run --device "$device" --kernel "$guest" --memory 2M --append k \
	--debug-exit --timeout 20 >"$scratch/out" 2>"$scratch/err"
[ $? = 10 ] && grep -q '^abcq' "$scratch/out"
result $? 'standard input reaches the serial port'

# Signals: the run ends, and the terminal is what it was.
for signal in TERM INT HUP SEGV ABRT; do
	case $signal in
	TERM) wanted=143 ;;
	INT) wanted=130 ;;
	HUP) wanted=129 ;;
	SEGV) wanted=139 ;;
	ABRT) wanted=134 ;;
	esac
	before=$(stty -g </dev/console)
	"$tool" run --device "$device" --kernel "$guest" --memory 2M --append e --screen=live \
		</dev/console >"$scratch/out" 2>"$scratch/err" &
	process=$!
	# On a busy machine it takes a while until the terminal is raw.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 1
		during=$(stty -g </dev/console)
		[ "$before" = "$during" ] || break
	done
	kill -"$signal" $process
	wait $process
	status=$?
	after=$(stty -g </dev/console)
	[ "$status" = "$wanted" ] && [ "$before" = "$after" ] && [ "$before" != "$during" ] &&
		tail -c 200 "$scratch/out" | grep -q '?1049l'
	result $? "signal $signal ends the run and restores the terminal"
done

expect 'an engine that is not there is refused' 2 a --engine pv
saw 'with a way out' err 'does not have the engine\|has no engine'
# What an ordinary user meets.
if [ "$device" = /dev/ringlet ]; then
	grep -q '^nobody:' /etc/passwd || echo 'nobody:x:65534:65534::/:/bin/sh' >>/etc/passwd
	chmod -R a+rX "$(dirname "$guest")"
	limited() {
		su nobody -s /bin/sh -c "$1; exec $tool run --device $device --kernel $guest \
			--memory 2M --append a --debug-exit" </dev/null >"$scratch/out" 2>"$scratch/err"
	}
	chmod 600 "$device"
	limited :
	[ $? = 2 ] && grep -q 'no permission to open .*: join the group kvm' "$scratch/err"
	result $? 'without permission, the group is named'
	chmod 666 "$device"
	limited :
	[ $? = 42 ]
	result $? 'with permission, any user can run a guest'
	limited 'ulimit -l 4'
	[ $? = 3 ] && grep -q 'the limit of locked memory (ulimit -l: 4 KiB)' "$scratch/err"
	result $? 'a limit of locked memory that is too low is named'
	[ "$(wc -l <"$scratch/err")" = 1 ]
	result $? 'in one line'
	chmod 660 "$device"
fi
rm -rf "$scratch"
echo "1..$number"
exit "$failed"
