#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# test.sh BUILD [CTEST-OPTION…]
#
# Runs the tests of the build folder BUILD by ctest, those that probe one at a
# time, then names each skipped test with its reason. ctest's own closing lines
# come last. Exit code: ctest's.

set -euo pipefail
build=${1:?which build folder}
shift

status=0
: >"$build/tests.log" # or tail may be there before it
ctest --test-dir "$build" -j "$(nproc)" --output-on-failure --no-tests=error "$@" >"$build/tests.log" 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null || true' EXIT
# The summary is held back, so that it closes the output.
tail --pid="$pid" -n +1 -f "$build/tests.log" | sed '/^[0-9]*% tests passed/,$d'
wait "$pid" || status=$?
trap - EXIT

# GoogleTest prints "FILE:LINE: Skipped", then the reason.
awk '
	/^[0-9]+\/[0-9]+ Test: /      { name = $3; next }
	/: Skipped$/                  { getline; reason = $0; sub(/^[ \t]+/, "", reason)
	                                printf "skipped: %s: %s\n", name, reason }
' "$build/Testing/Temporary/LastTest.log"
sed -n '/^[0-9]*% tests passed/,$p' "$build/tests.log"
exit "$status"
