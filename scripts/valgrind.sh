#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# valgrind.sh BUILD
#
# Runs BUILD/gomapd's short commands under valgrind's memcheck: reads and writes
# outside of what was allocated, decisions on bytes that nobody wrote, and memory
# that nothing points to any more at the end. `report` needs a recording, which
# root alone can make. Ten to twenty seconds a command.
# Exit codes: 0 nothing found, 1 something found, 77 it can't be run here.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ ${1:-} != --help ]] || { usage; exit 0; }
gomapd=${1:?which build folder}/gomapd
sources=$(dirname "${BASH_SOURCE[0]}")/../tests/live/go/storm

skip() { printf 'valgrind.sh: Skipped\n%s\n' "$*"; exit 77; }
command -v valgrind >/dev/null || skip 'valgrind is not installed: scripts/deps.sh --test'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

found=0 skipped=0
# check ARGUMENT…: of gomapd, which must end well.
check() {
	local status=0
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
		"$gomapd" "$@" >"$scratch/output" 2>"$scratch/errors" || status=$?
	if [[ $status = 0 ]]; then
		echo "ok: gomapd ${*//$scratch\//}"
	elif grep -q 'pidfd_open: Function not implemented' "$scratch/errors"; then
		echo "skipped: gomapd ${*//$scratch\//}: this valgrind does not know pidfd_open"
		skipped=77
	else
		echo "FAILED ($status): gomapd $*"
		head -n 60 "$scratch/errors"
		found=1
	fi
}

check --version
check model --go 1.23 --inserts 1000
check model --go 1.24 --inserts 1000 --json
for version in 1.23 1.24; do
	go=$cache/go/$version/bin/go
	if [[ ! -x $go ]]; then
		echo "skipped: no toolchain of Go $version: scripts/go-toolchains.sh fetches it"
		skipped=77
		continue
	fi
	program=$scratch/valgrind-$version
	(cd "$sources" && GOROOT=$cache/go/$version GO111MODULE=off GOFLAGS='' GOTOOLCHAIN=local CGO_ENABLED=0 \
		GOCACHE=$cache/go-build "$go" build -o "$program" .)
	check inspect "$program"
	# Recorded without valgrind: it does not know the system call that BPF takes.
	if "$gomapd" record -o "$scratch/recording-$version" -- "$program" <<<$'make 100\nquit' >"$scratch/log" 2>&1; then
		check report "$scratch/recording-$version"
		check report --json "$scratch/recording-$version"
	else
		echo "skipped: report: nothing can be recorded here: $(tail -n 1 "$scratch/log")"
		skipped=77
	fi
done
[[ $found = 0 ]] || exit 1
exit "$skipped"
