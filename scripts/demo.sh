#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# demo.sh GOMAPD
#
# Builds the bundled Go workload (tests/demo) with a Go toolchain from the
# distribution, strips it, runs it, and traces it live for SECONDS (default 5).
# Nothing is left running. Exit code: gomapd's, or 1 when no toolchain is there.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

gomapd=$(realpath "${1:?path of gomapd}")
seconds=${SECONDS_TO_TRACE:-5}
source=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../tests/demo")

go_root=
for version in 1.26 1.23 1.19; do
	go_root=$("$(dirname "${BASH_SOURCE[0]}")/go-toolchains.sh" "$version" | cut -d' ' -f2) && break
done
[[ -n $go_root ]] || die 1 'no Go toolchain to build the demo with'

folder=$(mktemp -d)
workload=
cleanup() {
	if [[ -n $workload ]]; then
		kill "$workload" 2>/dev/null || true
		wait "$workload" 2>/dev/null || true
	fi
	rm -rf "$folder"
}
trap cleanup EXIT

log "building the demo workload with Go $version, stripped"
(cd "$source" && GOROOT=$go_root GOTOOLCHAIN=local GO111MODULE=on GOFLAGS=-mod=mod GOPROXY=off GOCACHE=$folder/cache \
	"$go_root/bin/go" build -trimpath -ldflags='-s -w' -o "$folder/sessions" .)

"$folder/sessions" &
workload=$!
log "tracing it (process $workload) for $seconds seconds"
"$gomapd" trace -p "$workload" -d "${seconds}s"
