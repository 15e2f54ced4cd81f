#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# fuzz.sh BUILD
#
# Builds the libFuzzer targets in BUILD and runs each for FUZZ_SECONDS (60), FUZZ_JOBS (1) of
# them at a time, under AddressSanitizer and UndefinedBehaviorSanitizer: first on what
# fuzz_seeds.py makes and tests/fuzz/corpus has, then on what it finds, which stays in
# BUILD/corpus. FUZZ_ONLY='code elf' runs only these. An input that does harm is kept in
# BUILD/crashes; move it to tests/fuzz/corpus/NAME with the mend. Exit code: 1 if there was one.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:?which build folder}
cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" -j "$(nproc)" --target gomapd_fuzzers >&2
scripts/fuzz_seeds.py "$build/tests/fuzz/fuzz_images" "$build/corpus"
mkdir -p "$build/crashes" "$build/fuzz-logs"

# One target, and a line on what it did.
run() {
	local name=$1 seconds=$2 build=$3 log=$3/fuzz-logs/$1 state=nothing known=()
	mkdir -p "$build/corpus/fuzz_$name"
	[[ ! -d tests/fuzz/corpus/$name ]] || known+=("tests/fuzz/corpus/$name")
	"$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
		-artifact_prefix="$build/crashes/$name-" -print_final_stats=1 \
		"$build/corpus/fuzz_$name" "${known[@]}" >"$log" 2>&1 || state="HARM, see $log"
	printf 'fuzz.sh: %-10s %12s inputs, coverage %s, corpus %s: %s\n' "$name" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
		"$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -c6-)" \
		"$(find "$build/corpus/fuzz_$name" -type f | wc -l)" "$state"
	[[ $state == nothing ]]
}
export -f run

names=${FUZZ_ONLY:-$(find "$build/tests/fuzz" -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x \
	! -name fuzz_images -printf '%f\n' | sed 's/^fuzz_//' | sort)}
# shellcheck disable=SC2086 # names are words
printf '%s\n' $names |
	xargs -P "${FUZZ_JOBS:-1}" -I{} bash -c 'run "$@"' - {} "${FUZZ_SECONDS:-60}" "$build" || exit 1
