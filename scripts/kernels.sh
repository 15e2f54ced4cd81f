#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# kernels.sh [VERSION[-arm64]...]   (default: 5.10 6.1 6.12 6.18 7 5.10-arm64 6.1-arm64 6.12-arm64)
#
# Fetches Debian's own kernels, for amd64 where nothing else is said, into the cache (see
# lib.sh), without root and without installing anything; what `make test-kernels` boots.
# stdout: one line `NAME VMLINUZ` for each kernel at hand, named as on the command line;
# stderr: progress, and why one is missing.
# Needs a Debian: its archive keeps them for years.
# Exit codes: 0 all are there, 1 some are not, 2 the command line is wrong.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:-} != --help ]] || { usage; exit 0; }
names=("$@")
[[ $# -gt 0 ]] || names=(5.10 6.1 6.12 6.18 7 5.10-arm64 6.1-arm64 6.12-arm64)

vmlinuz_in() { find "$1" -name 'vmlinuz*' -type f -print -quit 2>/dev/null; }

# The newest package of SUITE that holds the image of VERSION: linux-image-*, and
# from 7 on, where that is an empty shell, linux-binary-*.
package_of() {
	local version=${1//./\\.} suite=$2
	archive_update "$suite" || return 1
	apt-cache -c "$(archive_dir "$suite")/apt.conf" pkgnames linux- |
		grep -E "^linux-(binary|image)-$version(\.[0-9]+)*[-+].*cloud-$archive_architecture(-unsigned)?\$" |
		grep -v -- '-dbg$' | sort -t- -k2,2 -k3Vr | awk '/^linux-binary-/ { print; found = 1; exit } { lines[++n] = $0 }
			END { if (!found && n) { for (i = 1; i <= n; i++) if (lines[i] !~ /-unsigned$/) { print lines[i]; exit } print lines[1] } }'
}

fetch() {
	local name=$1 version=${1%-arm64} suite package scratch
	for suite in bullseye bookworm trixie trixie-backports sid; do
		package=$(package_of "$version" "$suite") || continue
		[[ -n $package ]] || continue
		scratch=$(make_scratch)
		archive_download "$suite" "$scratch" "$package" || continue
		dpkg -x "$scratch"/*.deb "$scratch/root" || continue
		[[ -n $(vmlinuz_in "$scratch/root") ]] || { archive_error="$package holds no kernel"; continue; }
		rm -rf "$cache/kernels/$name"
		mkdir -p "$cache/kernels/$name"
		mv "$(vmlinuz_in "$scratch/root")" "$cache/kernels/$name/"
		rm -rf "$scratch"
		return 0
	done
	archive_error=${archive_error:-"no suite of the archive has it any more"}
	return 1
}

if [[ $(os_release ID) != debian ]]; then die 1 "needs Debian's archive"; fi
status=0
for name in "${names[@]}"; do
	[[ $name =~ ^[0-9]+(\.[0-9]+)?(-arm64)?$ ]] || die 2 "not a kernel version: '$name' (want 6.1 or 6.1-arm64)"
	archive_architecture=amd64
	[[ $name != *-arm64 ]] || archive_architecture=arm64
	archive_error=
	if [[ -z $(vmlinuz_in "$cache/kernels/$name") ]]; then
		lock_cache
		if [[ -z $(vmlinuz_in "$cache/kernels/$name") ]] && ! fetch "$name"; then
			printf '%s: not available here: %s\n' "$name" "$archive_error" >&2
			status=1
			continue
		fi
	fi
	printf '%s %s\n' "$name" "$(vmlinuz_in "$cache/kernels/$name")"
done
exit "$status"
