#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# arm64-root.sh
#
# Unpacks, from Debian's archive into the cache (see lib.sh), what building gomapd for
# arm64 needs of that architecture: C library, headers, libraries, and a busybox for
# guests. Nothing is installed, no root is needed. stdout: the folder, for the
# cross compiler's --sysroot (cmake/arm64.cmake); stderr: progress.
# Exit codes: 0 it is there, 1 it can't be had, 2 the command line is wrong.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -eq 0 ]] || die 2 "takes no arguments; try --help"
if [[ $(os_release ID) != debian ]]; then die 1 "needs Debian's archive"; fi

export archive_architecture=arm64
suite=$(os_release VERSION_CODENAME)
# As in deps.sh. What the compiler brings for its target (libstdc++) is not among them.
packages=(
	libc6-dev linux-libc-dev libelf-dev zlib1g-dev libfmt-dev libspdlog-dev libcli11-dev
	libzydis-dev nlohmann-json3-dev libprotozero-dev prometheus-cpp-dev libssl-dev
	libyaml-cpp-dev libsystemd-dev libcrypt-dev libseccomp-dev libstdc++6 busybox-static
)
root=$cache/arm64-root
wanted="$suite ${packages[*]}"
is_there() { [[ $(cat "$root/wanted" 2>/dev/null) == "$wanted" ]]; }

# Those, and all that they need: as if they were installed where nothing is.
with_dependencies() {
	LC_ALL=C apt-get -c "$(archive_dir "$suite")/apt.conf" -s -q install --no-install-recommends \
		"${packages[@]}" | awk '$1 == "Inst" { print $2 }'
}

# uprobe_multi came with libbpf 1.3 (deps.sh): Debian 12 has that in its backports only.
suite_of_libbpf() {
	local version
	version=$(LC_ALL=C apt-cache -c "$(archive_dir "$suite")/apt.conf" show libbpf-dev |
		awk '$1 == "Version:" { print $2; exit }')
	if dpkg --compare-versions "$version" ge 1:1.3; then echo "$suite"; else echo "$suite-backports"; fi
}

# Absolute links would lead out of the root.
keep_links_inside() {
	local link
	find "$1" -lname '/*' -print0 | while IFS= read -r -d '' link; do
		ln -sfnr "$1$(readlink "$link")" "$link"
	done
}

fetch() {
	local scratch deb all
	scratch=$(make_scratch)
	archive_update "$suite" || return 1
	mapfile -t all < <(with_dependencies)
	[[ ${#all[@]} -gt 0 ]] || { archive_error="the packages can't be had together"; return 1; }
	mkdir "$scratch/debs"
	archive_download "$suite" "$scratch/debs" "${all[@]}" || return 1
	archive_download "$(suite_of_libbpf)" "$scratch/debs" libbpf1 libbpf-dev || return 1
	for deb in "$scratch"/debs/*.deb; do
		dpkg -x "$deb" "$scratch/root" || { archive_error="dpkg -x ${deb##*/} failed"; return 1; }
	done
	keep_links_inside "$scratch/root"
	# A rename, so that a killed run leaves no half of it behind.
	printf '%s\n' "$wanted" >"$scratch/root/wanted"
	rm -rf "$root"
	mv "$scratch/root" "$root"
	rm -rf "$scratch"
}

if ! is_there; then
	lock_cache
	# Another run may have fetched it while this one waited.
	is_there || fetch || die 1 "not available here: $archive_error"
fi
printf '%s\n' "$root"
