#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
#
# hardened_test.sh PROGRAM
#
# Reads out of the program's file that it was compiled and linked as
# cmake/hardening.cmake says. Names each thing that is missing.
# Exit codes: 0 all is there, 1 not, 77 it can't be read here.

set -euo pipefail
program=$1

skip() { printf 'hardened_test.sh: Skipped\n%s\n' "$*"; exit 77; }
command -v readelf >/dev/null || skip 'readelf is not installed: apt-get install binutils'

failed=0
# must WHAT COMMAND…: the command finds it.
must() {
	local what=$1
	shift
	if "$@" >/dev/null; then echo "ok: $what"; else echo "FAILED: $what"; failed=1; fi
}
# shellcheck disable=SC2317 # must runs it
not() { ! "$@"; }

header=$(readelf -hW "$program")
segments=$(readelf -lW "$program")
dynamic=$(readelf -dW "$program")
symbols=$(readelf --dyn-syms -W "$program")
# Each unit's compiler and options, as the debug information has them: of ours alone,
# for libraries come without. A stripped program has none.
producers=$(grep -azoE 'GNU C\+\+[0-9]+ [^[:cntrl:]]*' "$program" | tr '\0' '\n' || true)

if [[ $producers = *-fsanitize=* ]]; then
	skip 'the program is built with sanitizers, which take the place of some of this'
fi

must 'its addresses are random (PIE)' grep -q 'FLAGS_1.*PIE' <<<"$dynamic"
must 'it is of the kind that can be moved' grep -q 'Type:.*DYN' <<<"$header"
must 'relocated tables become read-only (RELRO)' grep -q GNU_RELRO <<<"$segments"
must 'all of them before main (BIND_NOW)' grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic"
must 'the stack is not executable' grep -qE 'GNU_STACK .* RW  ' <<<"$segments"
must 'no segment is writable and executable' not grep -qE 'LOAD .* RWE' <<<"$segments"
must 'code is not relocated' not grep -q TEXTREL <<<"$dynamic"
must 'libraries come from the system alone' not grep -qE 'RPATH|RUNPATH' <<<"$dynamic"
must 'stacks are guarded' grep -q __stack_chk_fail <<<"$symbols"

if [[ -z $producers ]]; then
	skip 'the rest stands in the debug information, which this program has not'
fi
# These leave no trace of their own: libbpf, which is linked in, calls the checking
# functions as well. So this reads how our units were compiled.
commands=$(dirname "$program")/compile_commands.json
if grep -q -- ' -O[123s]' <<<"$producers" && [[ -r $commands ]]; then
	units=$(grep '"command":.* -c [^ ]*/\(probes\|daemon\)/' "$commands")
	must 'lengths are checked (FORTIFY_SOURCE)' grep -q ' __memcpy_chk@' <<<"$symbols"
	must 'in all of our units' not grep -qv -- ' -D_FORTIFY_SOURCE=3 ' <<<"$units"
fi
flags=(-fPIE -fstack-protector-strong -fstack-clash-protection)
grep -q 'Machine:.*X86-64' <<<"$header" && flags+=(-fcf-protection=full)
grep -q 'Machine:.*AArch64' <<<"$header" && flags+=(-mbranch-protection=standard)
for flag in "${flags[@]}"; do
	must "all of our units are compiled with $flag" not grep -qv -- " $flag" <<<"$producers"
done
exit "$failed"
