# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of this folder share: where things are, and how to say
# something. Source it with:  . "$(dirname "$0")/lib.sh"

RINGLET_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RINGLET_OUT=${RINGLET_OUT:-$RINGLET_TOP/build}
RINGLET_CACHE=${RINGLET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringlet}
export RINGLET_TOP RINGLET_OUT RINGLET_CACHE

# say TEXT...: one line on stderr, named after the script that speaks.
say() { echo "$(basename "$0"): $*" >&2; }

# die STATUS TEXT...
die() {
	local status=$1
	shift
	say "$@"
	exit "$status"
}

# headers_folder: the folder of Debian 12's stock kernel headers, the newest.
headers_folder() {
	local folder
	folder=$(compgen -G '/usr/src/linux-headers-6.1.*[0-9]-amd64' | sort -V | tail -n 1)
	[ -n "$folder" ] || die 1 "no headers of Debian's 6.1 kernel here: run scripts/setup"
	echo "$folder"
}

# stock_release: the release of that kernel, for example 6.1.0-56-amd64.
stock_release() {
	local folder
	folder=$(headers_folder) || exit 1
	echo "${folder#/usr/src/linux-headers-}"
}
