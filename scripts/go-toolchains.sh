#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# go-toolchains.sh [1.N...]   (default: 1.19 1.23 1.26; known: 1.15 and 1.19 to 1.27)
#
# Fetches the distribution's own Go toolchains into the cache (see lib.sh),
# without root and without installing anything. stdout: one line `1.N GOROOT`
# for each toolchain at hand; stderr: progress, and why one is missing. Build
# with GOROOT set to that folder, GOTOOLCHAIN=local and GO111MODULE=off.
# Exit codes: 0 all are there, 1 some are not, 2 the command line is wrong.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

works() {
	local version=$1 goroot=$2 said
	[[ -x $goroot/bin/go ]] || return 1
	said=$(GOROOT=$goroot GOTOOLCHAIN=local GO111MODULE=off "$goroot/bin/go" version 2>&1) || return 1
	[[ $said == "go version go$version"[.\ ]* || $said == "go version go$version"rc* ]]
}

# Debian's GOROOT is lib/go-1.N with links into share/go-1.N, which fit no
# other place: put the files where the links are.
resolve_links() {
	local link target
	find "$1" -type l -print0 | while IFS= read -r -d '' link; do
		target=$(readlink -e "$link") || continue
		rm "$link"
		mv "$target" "$link"
	done
}

fetch() {
	local version=$1 goroot=$2 scratch deb
	archive_find "golang-$version-go" "${suites[@]}" || return 1
	scratch=$(make_scratch)
	archive_download "$archive_suite" "$scratch" "golang-$version-go" "golang-$version-src" || return 1
	for deb in "$scratch"/*.deb; do
		dpkg -x "$deb" "$scratch/root" || { archive_error="dpkg -x failed"; return 1; }
	done
	resolve_links "$scratch/root/usr/lib/go-$version"
	if ! works "$version" "$scratch/root/usr/lib/go-$version"; then
		archive_error="the unpacked bin/go does not run on this machine"
		return 1
	fi
	# A rename, so that a killed run leaves no half of a toolchain behind.
	rm -rf "$goroot"
	mkdir -p "${goroot%/*}"
	mv "$scratch/root/usr/lib/go-$version" "$goroot"
	rm -rf "$scratch"
}

[[ ${1:-} != --help ]] || { usage; exit 0; }
versions=("$@")
[[ $# -gt 0 ]] || versions=(1.19 1.23 1.26)
for version in "${versions[@]}"; do
	[[ $version =~ ^1\.[0-9]+$ ]] || die 2 "not a Go version: '$version' (want 1.N)"
done

mapfile -t suites < <(archive_suites)
status=0
for version in "${versions[@]}"; do
	goroot=$cache/go/$version
	if ! works "$version" "$goroot"; then
		lock_cache
		# Another run may have fetched it while this one waited.
		if ! works "$version" "$goroot" && ! fetch "$version" "$goroot"; then
			printf '%s: not available here: %s\n' "$version" "$archive_error" >&2
			status=1
			continue
		fi
	fi
	printf '%s %s\n' "$version" "$goroot"
done
exit "$status"
