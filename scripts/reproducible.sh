#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# reproducible.sh [TARGET…]
#
# Builds gomapd twice, from two copies of the sources in two folders of names of
# different lengths, and compares the bits of the program. Each is configured with
# the network as it is, and built where there is none but loopback: nothing may be
# fetched then. No compiler cache takes part. With TARGETs builds these instead and
# compares each object, archive and generated source. JOBS: how many compile at a
# time; GOMAPD_SCRATCH: where (default: a folder of mktemp's).
# Exit codes: 0 the same bits, 1 not, 2 it does not build.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source-path=SCRIPTDIR source=lib.sh
. scripts/lib.sh
[[ ${1:-} != --help ]] || { usage; exit 0; }

scratch=$(mktemp -d "${GOMAPD_SCRATCH:-${TMPDIR:-/tmp}}/reproducible.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
targets=("${@:-gomapd}")
folders=("$scratch/one" "$scratch/the-other/of-another-length")

# Needs no root where users may have namespaces of their own.
offline=(unshare --net --map-root-user)
if ! "${offline[@]}" true 2>/dev/null; then
	log 'skipped: no namespace can be had here, so it is built with the network at hand'
	offline=()
fi

for folder in "${folders[@]}"; do
	mkdir -p "$folder"
	# What git knows, as it stands in the folder: no build of before, no leftover.
	git ls-files -z --cached --others --exclude-standard |
		while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
		tar --null -T - -cf - | tar -xf - -C "$folder"
	log "building ${targets[*]} in $folder${offline[0]:+, with no network}"
	env -u CMAKE_CXX_COMPILER_LAUNCHER cmake -S "$folder" -B "$folder/build" -G Ninja -DGOMAPD_TESTS=OFF \
		>"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 2; }
	CCACHE_DISABLE=1 "${offline[@]}" cmake --build "$folder/build" -j "${JOBS:-$(nproc)}" --target "${targets[@]}" \
		>"$scratch/log" 2>&1 || { tail -n 40 "$scratch/log"; exit 2; }
done

# The program last, so that the first to differ is where the difference comes from.
mapfile -t made < <(cd "${folders[0]}/build" && find . -path ./CMakeFiles -prune -o -type f \
	\( -name '*.o' -o -name '*.a' -o -name '*.skel.h' -o -name 'page_files.cpp' \) -print | sort
	[[ ! -f ${folders[0]}/build/gomapd ]] || echo ./gomapd)
[[ ${#made[@]} -gt 0 ]] || die 2 'nothing was built'
different=()
for file in "${made[@]}"; do
	cmp -s "${folders[0]}/build/$file" "${folders[1]}/build/$file" || different+=("$file")
done
if [[ ${#different[@]} -gt 0 ]]; then
	log "not the same bits: ${#different[@]} of ${#made[@]} files differ, first ${different[0]}:"
	cmp -l "${folders[0]}/build/${different[0]}" "${folders[1]}/build/${different[0]}" | wc -l |
		sed 's/$/ bytes of it/' >&2
	exit 1
fi
echo "the same bits: ${#made[@]} files"
[[ ! -f ${folders[0]}/build/gomapd ]] || (cd "${folders[0]}/build" && sha256sum gomapd)
