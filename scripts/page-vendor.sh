#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# page-vendor.sh [--check]
#
# Fetches the page's chart library from npm, in exactly the pinned version, checks
# the archive's hash, and puts its files into daemon/page/vendor, where they are
# committed: the build needs neither npm nor a network. --check changes nothing
# and says whether the files there are those of the archive.
# Exit codes: 0 done or the same, 1 they differ or can't be had, 2 the command
# line is wrong.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# To change the version: `npm view uplot@VERSION dist.integrity`, and read the diff.
readonly kPackage=uplot@1.6.32
readonly kSha512=KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==
# As in the archive, and as here.
readonly kFiles=(
	dist/uPlot.esm.js=uPlot.esm.js
	dist/uPlot.min.css=uPlot.min.css
	LICENSE=uPlot.LICENSE
)

check_only=no
case ${1:-} in
'') ;;
--check) check_only=yes ;;
--help) usage; exit 0 ;;
*) die 2 "unknown option '$1'; try --help" ;;
esac

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../daemon/page/vendor" && pwd)
command -v npm >/dev/null || die 1 "npm is not installed: apt-get install npm"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$scratch" && npm pack --cache "$scratch/npm" "$kPackage") >"$scratch/log" 2>&1 ||
	die 1 "npm pack $kPackage: $(grep -i -m 1 'npm err' "$scratch/log" || true)"
archive=$(echo "$scratch"/*.tgz)
found=$(openssl dgst -sha512 -binary "$archive" | base64 -w 0)
[[ $found = "$kSha512" ]] || die 1 "$kPackage has another hash than the pinned one: $found"
tar -xzf "$archive" -C "$scratch" --no-same-owner

status=0
for pair in "${kFiles[@]}"; do
	from=$scratch/package/${pair%%=*} to=$folder/${pair#*=}
	if [[ $check_only = no ]]; then
		install -m 644 "$from" "$to"
	elif ! cmp -s "$from" "$to"; then
		log "$to is not that of $kPackage"
		status=1
	fi
done
exit "$status"
