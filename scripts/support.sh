#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# support.sh BUILD
#
# Runs the matrix: the truth program, built by every toolchain in every way, under
# `gomapd trace`, SUPPORT_RUNS times each (default 20), with the second processor
# kept busy; then writes docs/SUPPORT.md. Needs root. Results are kept in
# BUILD/support.jsonl as they come: an interrupted matrix goes on where it stopped,
# and a new gomapd begins anew. SUPPORT_ONLY='go1_23* go1_27_pie' runs only the cells
# whose names fit (go1_N, go1_N_noswissmap, and _WAY but for a plain build: see
# tests/live/builds.cpp), and writes BUILD/SUPPORT.md instead. SUPPORT_BUSY=no leaves
# the second processor alone; the page says which it was.
# Exit codes: 0 done, 1 a cell was wrong, 2 the command line is, 3 no root or no BPF.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -eq 1 ]] || die 2 "which build folder? try --help"
build=$(realpath "$1")
[[ $EUID -eq 0 ]] || die 3 "tracing needs root"

page=docs/SUPPORT.md
[[ -z ${SUPPORT_ONLY:-} ]] || page=$build/SUPPORT.md
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$(dirname "$page")"
busy=busy
[[ ${SUPPORT_BUSY:-yes} != no ]] || busy=idle
read -ra only <<<"${SUPPORT_ONLY:-}"
# The matrix writes the page anew: what kernels_test.sh put there stays.
kernels=$(sed -n '/^<!-- kernels: begin -->$/,/^<!-- kernels: end -->$/p' "$page" 2>/dev/null || true)
status=0
"$build/tests/matrix/gomapd_matrix" "$build/support.jsonl" "$page" \
	"${SUPPORT_RUNS:-20}" "$busy" "${only[@]}" || status=$?
if [[ -n $kernels ]] && ! grep -q '^<!-- kernels: begin -->$' "$page"; then
	printf '\n%s\n' "$kernels" >>"$page"
fi
exit "$status"
