#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# lint.sh BUILD      check formatting, run clang-tidy over the product's sources
#                    with BUILD's compile commands, shellcheck the scripts
# lint.sh --format   format all C and C++ sources in place
# Exit code: 0 nothing found, 1 something found, 2 wrong command line.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t sources < <(git ls-files --cached --others --exclude-standard \
	'bpf/*.[ch]' 'probes/*.h' 'probes/*.cpp' 'daemon/*.h' 'daemon/*.cpp' 'tests/*.h' 'tests/*.cpp' |
	grep -v '^bpf/vmlinux.h$')
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard 'scripts/*.sh' 'tests/*.sh' .ci/run \
	deploy/debian/{postinst,postrm,prerm} deploy/systemd/gomapd-generator)

case ${1:-} in
--format)
	clang-format-19 -i "${sources[@]}"
	exit
	;;
'')
	echo 'lint.sh: which build folder? (or --format)' >&2
	exit 2
	;;
esac

found=0
clang-format-19 --dry-run -Werror "${sources[@]}" || found=1
shellcheck -x "${scripts[@]}" || found=1

cmake -S . -B "$1" -G Ninja >/dev/null
cmake --build "$1" --target gomapd_bpf_skeleton_build >/dev/null
printf '%s\n' "${sources[@]}" | grep -E '^(probes|daemon)/.*\.cpp$' |
	xargs -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p "$1" 2> >(grep -v 'warnings generated' >&2) || found=1
exit "$found"
