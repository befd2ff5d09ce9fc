# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# For scripts that drive QEMU inside the disposable host: start it, talk to its
# monitor, wait for what the guest says, print results. Busybox's shell; one QEMU
# at a time. Source it with:  . /add/lib.sh
#
# What belongs to a QEMU called NAME: NAME.serial, what its guest printed, each
# line after the host's uptime; NAME.monitor, the monitor's answers; NAME.said,
# what QEMU itself printed.

number=0
failed=0
name=
qemu=
status=0

# result STATUS NAME
result() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=1
	fi
}

# end: the plan; status 1 if something failed.
end() {
	echo "1..$number"
	exit $failed
}

# A QEMU that has ended is a result, not the end of this script.
trap '' PIPE

# now: seconds since the host's start, into $now.
now() { read -r now _ </proc/uptime; }

stamp() {
	while IFS= read -r text; do
		now
		echo "$now $text"
	done
}

# start NAME ARGUMENT...: a QEMU whose first serial port is kept and typed at.
start() {
	name=$1
	shift
	rm -f "$name".* serial.in serial.out monitor.in monitor.out
	mkfifo serial.in serial.out monitor.in monitor.out
	stamp <serial.out >"$name.serial" &
	cat monitor.out >"$name.monitor" &
	qemu -nodefaults -display none -no-reboot -chardev pipe,id=serial,path=serial -serial chardev:serial \
		-chardev pipe,id=monitor,path=monitor -mon chardev=monitor,mode=control "$@" \
		>"$name.said" 2>&1 </dev/null &
	qemu=$!
	# Readers of our own: a QEMU that has ended before it opens these does not leave
	# us waiting for it, and one that ends later no writer without a reader.
	exec 7<>monitor.in 8<>serial.in
	echo '{"execute": "qmp_capabilities"}' >&7
	answers=1
	await_answer
}

# await_answer: until the monitor has answered $answers commands.
await_answer() {
	while [ "$(grep -acE '^\{"(return|error)"' "$name.monitor")" -lt $answers ]; do
		running || return 1
		usleep 50000
	done
}

# running: whether that QEMU is there; one that nobody has waited for is not.
running() { readlink /proc/$qemu/exe >"$name.exe"; }

# monitor COMMAND: one of the monitor's, as a person would type it; its answer is
# printed. A quote in it is written \".
monitor() {
	running || return 1
	echo '{"execute": "human-monitor-command", "arguments": {"command-line": "'"$1"'"}}' >&7
	answers=$((answers + 1))
	await_answer || return 1
	grep -aE '^\{"(return|error)"' "$name.monitor" | tail -n 1 |
		sed 's/^{"return": "//; s/"}.*$//; s/\\r\\n/\n/g; s/\\"/"/g'
}

# order COMMAND: the same, if nobody wants the answer.
order() { monitor "$1" >"$name.answer"; }

# saw PATTERN: in what the guest printed.
saw() { grep -aqE "$1" "$name.serial"; }

# await SECONDS PATTERN: until the guest prints a line like that.
await() {
	now
	limit=$((${now%.*} + $1))
	until saw "$2"; do
		now
		if [ "${now%.*}" -ge $limit ] || ! running; then
			saw "$2"
			return
		fi
		usleep 200000
	done
}

# ended: wait for that QEMU's end; its status is in $status.
# shellcheck disable=SC2034
ended() {
	status=0
	wait $qemu || status=$?
	exec 7>&- 8>&-
}

# stop: end that QEMU.
stop() {
	running && echo '{"execute": "quit"}' >&7
	ended
}

# show: what everybody said last, as remarks.
show() {
	tail -n 3 "$name.said" | sed 's/^/# qemu: /'
	tail -n 12 "$name.serial" | sed 's/^/# /'
}
