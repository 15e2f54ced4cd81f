#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# package_made_test.sh BUILD PACKAGE.deb
#
# Makes the Debian package of the build folder as `make package` does and has lintian
# judge it. Exit codes: 0 well, 1 not, 77 it can't be made here.

set -euo pipefail
build=$1 package=$2

skip() { printf 'package_made_test.sh: Skipped\n%s\n' "$*"; exit 77; }
for tool in cpack dpkg-shlibdeps file; do
	command -v "$tool" >/dev/null || skip "$tool is not installed: scripts/deps.sh --package"
done

rm -f "$package"
(cd "$build" && cpack) || { echo 'cpack failed'; exit 1; }
depends=$(dpkg-deb -f "$package" Depends)
echo "depends: $depends"
# Debian 12's own is too old; libelf and zlib, which come with updates, stay shared.
[[ $depends != *libbpf* ]] || { echo 'FAILED: it asks for a shared libbpf'; exit 1; }
[[ $depends = *libelf1* && $depends = *zlib1g* ]] || { echo 'FAILED: libelf or zlib is not shared'; exit 1; }

# Other tests need the package: only what lintian says is skipped.
command -v lintian >/dev/null || (skip 'lintian is not installed') || exit 0
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$package"
echo 'lintian: no error, no warning'
