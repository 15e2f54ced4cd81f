#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# fuzz.sh BUILD
#
# Builds the libFuzzer targets in BUILD and runs each for FUZZ_SECONDS (default
# 60) on its corpus, under AddressSanitizer and UndefinedBehaviorSanitizer. An
# input that crashes is kept in BUILD/crashes. Exit code: 1 if there was one.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:?which build folder}
cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" -j "$(nproc)" --target gomapd_fuzzers

mkdir -p "$build/crashes"
found=0
for fuzzer in "$build"/tests/fuzz/fuzz_*; do
	[[ -x $fuzzer && -f $fuzzer ]] || continue
	name=${fuzzer##*/}
	mkdir -p "$build/corpus/$name"
	echo "fuzz.sh: $name for ${FUZZ_SECONDS:-60} seconds" >&2
	"$fuzzer" -max_total_time="${FUZZ_SECONDS:-60}" -rss_limit_mb=2048 -timeout=10 \
		-artifact_prefix="$build/crashes/$name-" -print_final_stats=1 "$build/corpus/$name" \
		2>&1 | tail -n 12 || found=1
done
exit "$found"
